// SPDX-License-Identifier: GPL-2.0-or-later
// T1 against T0: random IR blocks with all ops, types, rounding modes and edge values run by both from equal states; the states must be equal.
// Where T1 leaves for T0 in the middle, T0 runs up to the same instruction.
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/tcg/t1-guest.h"

// ---- random blocks ----

typedef struct Gen {
    IrBuilder *b;
    unsigned n;            // values so far
    IrRef refs[512];
    uint8_t types[512];
    unsigned naddresses;
    IrRef addresses[64];   // used before: several accesses with one base
    bool pure;             // only ops that compute
    bool rmm;              // rounding is one that T1 leaves to C: helpers that set it are out
    bool chains;           // mostly arithmetic on a few float slots, whose results become operands
} Gen;

static void have(Gen *g, IrType type, IrRef ref)
{
    if (ref && g->n < G_N_ELEMENTS(g->refs)) {
        g->refs[g->n] = ref;
        g->types[g->n++] = (uint8_t)type;
    }
}

// In chains a few, so that they are written over again soon; the last is one that isn't pinned.
static uint32_t float_slot(const Gen *g) { return SLOT(s.f) + 8 * (g->chains ? (below(8) ? below(5) : NFLOATS - 1) : below(NFLOATS)); }

static IrRef make(Gen *g, IrType type);

static IrRef pick(Gen *g, IrType type)
{
    for (unsigned tries = 0; tries < 12 && g->n; tries++) {
        unsigned i = g->n > 8 && below(3) ? g->n - 1 - below(8) : below(g->n);
        if (g->types[i] == type) {
            return g->refs[i];
        }
    }
    return make(g, type);
}

static IrRef make(Gen *g, IrType type)
{
    IrRef ref;
    switch (type) {
    case IR_I64:
        ref = below(3) ? ir_getreg(g->b, IR_I64, SLOT(s.x) + 8 * below(NINTS)) : ir_const(g->b, IR_I64, (int64_t)random_int());
        break;
    case IR_I32:
        ref = below(4) == 0 ? ir_const(g->b, IR_I32, (int64_t)random_int()) : below(8) == 0 ? ir_getreg(g->b, IR_I32, SLOT(s.word[below(2)]))
              : ir_op1(g->b, IR_TRUNC, IR_I32, pick(g, IR_I64));
        break;
    case IR_F64: ref = ir_getreg(g->b, IR_F64, float_slot(g)); break;
    case IR_F32: ref = ir_op1(g->b, IR_NANUNBOX, IR_F32, pick(g, IR_F64)); break;
    default: ref = ir_op2(g->b, IR_CAT, IR_I128, pick(g, IR_I64), pick(g, IR_I64)); break;
    }
    have(g, type, ref);
    return ref;
}

static IrType letter(char c, IrType type)
{
    switch (c) {
    case 'T': return type;
    case 'L': return IR_I64;
    case 'W': return IR_I32;
    case 'Q': return IR_I128;
    case 'F': return IR_F32;
    case 'D': return IR_F64;
    case 'B': return type == IR_F32 ? IR_I32 : type == IR_F64 ? IR_I64 : type == IR_I32 ? IR_F32 : IR_F64;
    default: return IR_VOID;
    }
}

static bool is_value_op(IrOp op)
{
    return (op >= IR_ADD && op <= IR_NANUNBOX);
}

static IrType random_type(IrOp op)
{
    if ((op >= IR_FADD && op <= IR_U64TOF)) {
        return below(2) ? IR_F32 : IR_F64;
    }
    if (op == IR_BITCAST || op == IR_SELECT) {
        return (IrType[]){ IR_I32, IR_I64, IR_F32, IR_F64 }[below(4)];
    }
    return below(2) ? IR_I32 : IR_I64;
}

static void value_op(Gen *g)
{
    IrOp op;
    do {
        op = below(IR_OP_COUNT);
    } while (!is_value_op(op) || (g->pure && !ir_op_has(op, 'P')));
    const IrOpInfo *info = &ir_ops[op];
    IrType type = random_type(op);
    IrRef operand[3] = { 0 };
    for (unsigned i = 0; info->operands[i]; i++) {
        operand[i] = pick(g, letter(info->operands[i], type));
    }
    unsigned sub = 0, width = type == IR_I32 ? 32 : 64;
    int64_t imm = 0;
    if (ir_op_has(op, 'C')) {
        sub = below(IR_COND_COUNT);
    }
    if (ir_op_has(op, 'R')) {
        sub = below(4) ? IR_ROUND_DYNAMIC : below(5);
    }
    if (op == IR_FMA) {
        imm = below(4);
    }
    if (op == IR_EXTRACT || op == IR_SEXTRACT || op == IR_DEPOSIT) {
        unsigned pos = below(width), len = 1 + below(width - pos);
        imm = pos | len << 8;
    }
    IrRef ref = ir_emit(g->b, op, letter(info->result[0], type) == IR_VOID ? type : type, operand[0], operand[1], operand[2], sub, imm);
    IrInsn *insn = &g->b->block.ins[ref];
    if (info->result[0] == 'Q' || info->result[0] == 'D' || info->result[0] == 'F' || info->operands[0] == 'Q') {
        insn->type = (uint8_t)(info->result[0] == 'L' ? IR_I64 : letter(info->result[0], type));
    }
    have(g, ir_result_type(insn), ref);
}

static void set_something(Gen *g)
{
    switch (below(8)) {
    case 0: ir_setreg(g->b, IR_F64, SLOT(s.f) + 8 * below(NFLOATS), ir_op1(g->b, IR_NANBOX, IR_F64, pick(g, IR_F32))); break;
    case 1: case 2: ir_setreg(g->b, IR_F64, SLOT(s.f) + 8 * below(NFLOATS), pick(g, IR_F64)); break;
    case 3: ir_setreg(g->b, IR_I32, SLOT(s.word[below(2)]), pick(g, IR_I32)); break;
    case 4: ir_setreg(g->b, IR_I64, SLOT(s.x) + 8 * below(NINTS), ir_op1(g->b, IR_SEXT32, IR_I64, pick(g, IR_I32))); break;
    default: ir_setreg(g->b, IR_I64, SLOT(s.x) + 8 * below(NINTS), pick(g, IR_I64)); break;
    }
}

static IrRef address(Gen *g, int32_t *disp)
{
    *disp = below(2) ? 0 : (int32_t)below(256) - 128;
    if (g->naddresses && below(2)) {
        return g->addresses[below(g->naddresses)];
    }
    if (below(3) == 0) {
        return pick(g, IR_I64); // most likely a fault
    }
    // The page by choice, the offset by chance.
    static const unsigned pages[8] = { PAGE_FAST, PAGE_FAST, PAGE_FAST, PAGE_FAST, PAGE_SLOW, PAGE_SLOW, PAGE_FAULT, PAGE_ALONE };
    IrRef offset = ir_op2(g->b, IR_AND, IR_I64, pick(g, IR_I64), ir_const(g->b, IR_I64, 0xfff));
    IrRef a = ir_op2(g->b, IR_ADD, IR_I64, offset, ir_const(g->b, IR_I64, RAM_GVA + 4096 * (int64_t)pages[below(8)]));
    if (g->naddresses < G_N_ELEMENTS(g->addresses)) {
        g->addresses[g->naddresses++] = a;
    }
    return a;
}

static void memory_op(Gen *g)
{
    static const IrType types[] = { IR_I64, IR_I64, IR_I32, IR_F64, IR_F32 };
    IrType type = types[below(5)];
    bool is_float = type == IR_F32 || type == IR_F64, narrow = type == IR_I32 || type == IR_F32;
    unsigned size = is_float ? (narrow ? 2 : 3) : below(narrow ? 3 : 4);
    MemOp memop = size | 1 << MEMOP_MMU_SHIFT | (below(2) && !is_float ? MEMOP_SIGNED : 0);
    memop |= below(8) == 0 ? MEMOP_ALIGNED : 0;
    memop |= below(10) == 0 ? MEMOP_BSWAP : 0;
    int32_t disp;
    IrRef a = address(g, &disp);
    switch (below(8)) {
    case 0:
        if (!is_float) {
            memop |= MEMOP_ALIGNED;
            have(g, type, ir_rmw(g->b, type, memop, below(RMW_COUNT), a, pick(g, type)));
        }
        break;
    case 1: case 2: case 3: {
        IrRef value = pick(g, type == IR_I32 ? IR_I64 : type);
        if (type == IR_F64) {
            value = ir_op1(g->b, IR_BITCAST, IR_I64, value);
            type = IR_I64;
        }
        ir_store(g->b, type == IR_I32 ? IR_I64 : type, memop, a, disp, value);
        break;
    }
    default: {
        IrRef value = ir_load(g->b, type, memop, a, disp);
        have(g, type, value);
        if ((type == IR_I64 || type == IR_F64) && below(2)) { // straight into a slot, as guests do
            ir_setreg(g->b, type, type == IR_I64 ? SLOT(s.x) + 8 * below(NINTS) : SLOT(s.f) + 8 * below(NFLOATS), value);
        }
        break;
    }
    }
}

static void call_op(Gen *g)
{
    const IrHelper *h = &helpers[below(G_N_ELEMENTS(helpers))];
    if (g->rmm && (h->flags & HELPER_WRITES_REGS)) {
        return;
    }
    IrRef a = pick(g, IR_I64), b = h->nargs > 1 ? pick(g, IR_I64) : 0, c = h->nargs > 2 ? pick(g, IR_I64) : 0;
    have(g, IR_I64, ir_call(g->b, h, a, b, c));
}

// An instruction of a chain: an operation on slots or values of before, whose result goes to a slot.
static void chain_op(Gen *g)
{
    static const IrOp choices[] = { IR_FADD, IR_FADD, IR_FSUB, IR_FSUB, IR_FMUL, IR_FMUL, IR_FDIV, IR_FSQRT, IR_FMA, IR_FMIN, IR_FMAX,
                                IR_FNEG, IR_FABS, IR_FCOPYSIGN, IR_FXORSIGN, IR_FCOPYSIGN };
    unsigned chosen = below(G_N_ELEMENTS(choices) + 2);
    IrType type = below(3) ? IR_F64 : IR_F32;
    IrRef result;
    if (chosen >= G_N_ELEMENTS(choices)) { // between the formats
        result = type == IR_F64 ? ir_op1(g->b, IR_FWIDEN, IR_F64, pick(g, IR_F32))
                                : ir_emit(g->b, IR_FNARROW, IR_F32, pick(g, IR_F64), 0, 0, IR_ROUND_DYNAMIC, 0);
    } else {
        IrOp op = choices[chosen];
        size_t n = strlen(ir_ops[op].operands);
        IrRef a = pick(g, type), b = n > 1 ? (below(8) ? pick(g, type) : a) : 0, c = n > 2 ? pick(g, type) : 0;
        result = ir_emit(g->b, op, type, a, b, c, ir_op_has(op, 'R') ? IR_ROUND_DYNAMIC : 0, op == IR_FMA ? below(4) : 0);
    }
    have(g, type, result);
    if (below(6)) {
        ir_setreg(g->b, IR_F64, float_slot(g), type == IR_F32 ? ir_op1(g->b, IR_NANBOX, IR_F64, result) : result);
    }
}

static void generate_chains(Gen *g, IrBuilder *b)
{
    unsigned count = 2 + below(20);
    enum { EXIT = 7, CHAIN = 10 };
    bool loop = below(3) == 0; // a short one, that hardly ever faults
    count = loop ? 2 + below(10) : count;
    for (unsigned i = 0; i < count; i++) {
        ir_insn(b, START + 4 * (uint64_t)i, 4);
        unsigned kind = loop && below(4) ? (below(4) ? CHAIN : EXIT) : below(24);
        if (kind < 4) {
            memory_op(g);
        } else if (kind == 4) {
            call_op(g);
        } else if (kind == 5) {
            have(g, IR_I64, ir_op1(b, IR_BITCAST, IR_I64, pick(g, IR_F64)));
        } else if (kind == 6) {
            value_op(g);
            set_something(g);
        } else if (kind == 8) {
            IrType type = below(2) ? IR_F64 : IR_F32;
            have(g, type, ir_select(b, type, pick(g, IR_I64), pick(g, type), pick(g, type)));
        } else if (kind == 9) { // the slot's bits
            uint32_t slot = float_slot(g);
            have(g, IR_I64, ir_getreg(b, IR_I64, slot));
            if (below(4) == 0) {
                ir_setreg(b, IR_I64, slot, pick(g, IR_I64));
            }
        } else if (kind == EXIT) {
            static const uint64_t targets[4] = { 0x1f00, 0x9000, START, START };
            ir_exitif(b, IR_I64, below(IR_COND_COUNT), pick(g, IR_I64), pick(g, IR_I64), targets[below(4)]);
        } else {
            chain_op(g);
        }
    }
    if (loop) {
        ir_exitif(b, IR_I64, IR_NE, pick(g, IR_I64), pick(g, IR_I64), START);
    }
}

// Instructions that a branch leads over: they compute, and write two slots at most.
static void skipped_insn(Gen *g, unsigned slot)
{
    g->pure = true;
    for (unsigned parts = 1 + below(3); parts > 0; parts--) {
        value_op(g);
    }
    if (below(4)) {
        ir_setreg(g->b, IR_I64, SLOT(s.x) + 8 * ((slot + below(2)) % NINTS), pick(g, IR_I64));
    }
    g->pure = false;
}

static void generate_mixed(Gen *g, IrBuilder *b)
{
    unsigned count = 1 + below(12), skipped = 0, slot = 0;
    for (unsigned i = 0; i < count; i++) {
        ir_insn(b, START + 4 * (uint64_t)i, 4);
        if (skipped) {
            skipped_insn(g, slot);
            if (--skipped == 0) { // behind, values of before don't count
                g->n = g->naddresses = 0;
            }
            continue;
        }
        unsigned parts = 1 + below(5);
        bool called = false, touched = false; // at most one access or call an instruction: before it nothing has been done
        for (unsigned p = 0; p < parts; p++) {
            unsigned kind = below(16);
            if (kind < 2 && !touched && p == 0) {
                memory_op(g);
                touched = true;
            } else if (kind == 2 && !touched && p == 0) {
                call_op(g);
                called = touched = true;
            } else if (kind < 12) {
                value_op(g);
            } else {
                set_something(g);
            }
        }
        if (below(4) == 0 && !called) { // no instruction both calls and branches
            IrType type = below(2) ? IR_I64 : IR_I32;
            skipped = 1 + below(5);
            slot = below(NINTS);
            ir_exitif(b, type, below(IR_COND_COUNT), pick(g, type), pick(g, type), START + 4 * (uint64_t)(i + 1 + skipped));
        } else if (below(10) == 0) {
            IrType type = below(2) ? IR_I64 : IR_I32;
            ir_exitif(b, type, below(IR_COND_COUNT), pick(g, type), pick(g, type), below(2) ? 0x1f00 : 0x9000);
        }
    }
}

static void generate(Gen *g, IrBuilder *b, bool rmm, bool chains)
{
    *g = (Gen){ .b = b, .rmm = rmm, .chains = chains };
    ir_begin(b, START, 0);
    if (chains) {
        generate_chains(g, b);
    } else {
        generate_mixed(g, b);
    }
    switch (below(7)) {
    case 0: ir_ijmp(b, pick(g, IR_I64), IR_JUMP); break;
    case 1: ir_exit(b, IR_EXIT_BOUNDARY, 0x2000); break;
    case 2: ir_exitpc(b, IR_EXIT_BOUNDARY, pick(g, IR_I64)); break;
    case 3: ir_trap(b, 7, pick(g, IR_I64)); break;
    default: ir_goto(b, below(2) ? 0x1800 : 0x8000); break;
    }
}

enum { OPTIMISE_NONE, OPTIMISE, OPTIMISE_POSTPONE, OPTIMISE_HOW = 3, CHAINS = 4 };

typedef struct Counts { unsigned blocks, compiled, by_reason[JIT_LINK + 1]; } Counts;

// One block from `rounds` states. False: a difference, printed.
static bool try_block(Jit *jit, IrBuilder *b, Guest *t0, Guest *t1, unsigned options, Counts *counts)
{
    Gen gen;
    guest_fill(t0, t1);
    generate(&gen, b, t0->cpu.arch.fp.rounding > FP_RUP, options & CHAINS);
    const IrBlock *block = &b->block;
    counts->blocks++;
    IrBlock *plain = ir_block_copy(block);
    if (options & OPTIMISE_HOW) {
        ir_optimise_with(b, ((options & OPTIMISE_HOW) == OPTIMISE_POSTPONE ? IR_OPT_POSTPONE : 0) | (below(4) ? IR_OPT_SKIP : 0));
    }
    bool hot = below(4) != 0;
    JitCode *code = jit_compile(jit, &t1->cpu, block, 4095, hot, below(8) ? 0 : next());
    block = plain; // T0's
    if (!code) {
        g_assert_false(jit_full(jit));
        g_free(plain);
        return true;
    }
    counts->compiled++;
    for (unsigned i = 0; i < code->nsites; i++) {
        t1->cpu.site[code->first_site + i].misses = (int)below(12) - 1;
    }
    bool ok = true;
    for (unsigned round = 0; ok && round < 3; round++) {
        uint8_t rounding = t1->cpu.arch.fp.rounding;
        if (round > 0) {
            guest_fill(t0, t1);
            if (rounding > FP_RUP || t0->cpu.arch.fp.rounding > FP_RUP) { // what the code was made for
                t0->cpu.arch.fp.rounding = t1->cpu.arch.fp.rounding = rounding;
            }
        }
        int64_t hard = 1 + below(64), left = below(4) ? hard : 1 + below((unsigned)hard);
        t0->cpu.budget = t1->cpu.budget = hard;
        t0->cpu.exception = t1->cpu.exception = 0;
        t0->cpu.attention = t1->cpu.attention = false;
        t1->cpu.jump_key = 1;
        log_hash = 0;
        t1->cpu.heat[code->heat] = below(4);
        last_store.at = NULL;
        JitExit exit = jit_run(jit, &t1->cpu, code, left);
        t1->cpu.attention = false;
        uint64_t t1_hash = log_hash;
        counts->by_reason[exit.reason]++;
        unsigned attempted = (unsigned)(hard - t1->cpu.budget);
        log_hash = 0;
        if (exit.reason == JIT_ALONE && last_store.at && last_store.budget == t1->cpu.budget) {
            memcpy(last_store.at, last_store.before, last_store.len);
        }
        if (exit.reason == JIT_HOT && !code->heat) {
            ok = false;
        } else if (exit.reason == JIT_BUDGET && attempted == 0) {
            ok = left < block->nguest;
        } else {
            ok = run_t0(t0, block, attempted, exit.reason == JIT_ALONE);
            ok = ok && (exit.reason == JIT_ALONE || t1_hash == log_hash);
            if (exit.reason == JIT_ALONE) { // flags that the instruction raised already it will raise again
                t0->cpu.arch.fp.flags |= t1->cpu.arch.fp.flags;
            }
        }
        if (!ok || !guest_equal(t0, t1)) {
            char what[80];
            snprintf(what, sizeof(what), "reason %d, attempted %u of %u, hashes %s", exit.reason, attempted, block->nguest,
                     t1_hash == log_hash ? "equal" : "differ");
            print_difference(block, t0, t1, what);
            ok = false;
        }
    }
    jit_code_drop(jit, code);
    jit_code_free(code);
    jit_flush(jit);
    cpu_sites_drop_all(&t1->cpu);
    g_free(plain);
    return ok;
}

static void run_features(OsHostFeatures features, unsigned options, unsigned blocks)
{
    Jit *jit = make_jit(features);
    IrBuilder *b = ir_builder_new();
    Guest *t0 = guest_new(), *t1 = guest_new();
    Counts counts = { 0 };
    const char *seed = g_getenv("T1_SEED"), *more = g_getenv("T1_BLOCKS");
    rng = seed ? strtoull(seed, NULL, 0) : 88172645463325252;
    blocks = more ? (unsigned)strtoul(more, NULL, 0) : blocks;
    for (unsigned i = 0; i < blocks; i++) {
        uint64_t start = rng;
        if (!try_block(jit, b, t0, t1, options, &counts)) {
            printf("# T1_SEED=%llu\n", (unsigned long long)start);
            g_test_fail();
            break;
        }
    }
    printf("# %u blocks, %u compiled; fault %u alone %u budget %u ijmp %u break %u exit %u hot %u link %u\n", counts.blocks, counts.compiled,
           counts.by_reason[JIT_FAULT], counts.by_reason[JIT_ALONE], counts.by_reason[JIT_BUDGET], counts.by_reason[JIT_IJMP],
           counts.by_reason[JIT_BREAK], counts.by_reason[JIT_EXIT], counts.by_reason[JIT_HOT], counts.by_reason[JIT_LINK]);
    free(t0);
    free(t1);
    ir_builder_free(b);
    jit_free(jit);
}

static void test_host(void) { run_features(os_host_features(), OPTIMISE_NONE, 12000); }
static void test_sse2(void) { run_features((OsHostFeatures){ 0 }, OPTIMISE, 12000); }
static void test_optimised(void) { run_features(os_host_features(), OPTIMISE, 12000); }
static void test_postponed(void) { run_features(os_host_features(), OPTIMISE_POSTPONE, 12000); }
static void test_chains(void) { run_features(os_host_features(), OPTIMISE_NONE | CHAINS, 8000); }
static void test_chains_sse2(void) { run_features((OsHostFeatures){ 0 }, OPTIMISE | CHAINS, 8000); }
static void test_chains_optimised(void) { run_features(os_host_features(), OPTIMISE | CHAINS, 8000); }
static void test_chains_postponed(void) { run_features(os_host_features(), OPTIMISE_POSTPONE | CHAINS, 8000); }

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/random-blocks/host", test_host);
    g_test_add_func("/t1/random-blocks/sse2", test_sse2);
    g_test_add_func("/t1/random-blocks/optimised", test_optimised);
    g_test_add_func("/t1/random-blocks/postponed", test_postponed);
    g_test_add_func("/t1/float-chains/host", test_chains);
    g_test_add_func("/t1/float-chains/sse2", test_chains_sse2);
    g_test_add_func("/t1/float-chains/optimised", test_chains_optimised);
    g_test_add_func("/t1/float-chains/postponed", test_chains_postponed);
    return g_test_run();
}
