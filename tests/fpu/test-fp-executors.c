// SPDX-License-Identifier: GPL-2.0-or-later
// Each floating-point op of the IR by T1 and by T0, bit by bit: both formats, all rounding modes (the CPU's and those written in the op), all flags
// before and after, corners and random operands, with all features of the host and with SSE2 alone.
//
// T0 is judged elsewhere: its functions against the host's unit and against MPFR (tests/unit/test-fpu-sse.c, test-fpu-exact.c). Here arithmetic is
// also compared with a direct call of fpu/, so that an op can't mean another function.
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcg/interp-op.h"
#include "tcg/jit.h"
#include "tests/unit/fpu-operands.h"

enum { NSLOTS = 4, RANDOM_RUNS = 400, CORNER_STEP = 3 };

typedef struct Guest {
    CPU cpu;
    struct { uint64_t in[NSLOTS], out; } s;
} Guest;

#define SLOT(member) ((uint32_t)(offsetof(Guest, member) - offsetof(Guest, cpu.arch)))

// ---- one block a case ----

typedef struct Case {
    IrOp op;
    IrType type;
    unsigned sub;      // rounding in the op
    unsigned rounding; // of the CPU
    int64_t imm;
} Case;

static IrType letter(char c, IrType type)
{
    switch (c) {
    case 'L': return IR_I64;
    case 'W': return IR_I32;
    case 'F': return IR_F32;
    case 'D': return IR_F64;
    default: return type;
    }
}

static IrRef operand(IrBuilder *b, IrType type, unsigned n)
{
    uint32_t slot = SLOT(s.in) + 8 * n;
    switch (type) {
    case IR_F64: return ir_getreg(b, IR_F64, slot);
    case IR_F32: return ir_op1(b, IR_NANUNBOX, IR_F32, ir_getreg(b, IR_F64, slot));
    case IR_I32: return ir_op1(b, IR_TRUNC, IR_I32, ir_getreg(b, IR_I64, slot));
    default: return ir_getreg(b, IR_I64, slot);
    }
}

static void build(IrBuilder *b, const Case *c)
{
    const IrOpInfo *info = &ir_ops[c->op];
    IrRef v[3] = { 0 };
    ir_begin(b, 0x1000, 0);
    ir_insn(b, 0x1000, 4);
    for (unsigned i = 0; info->operands[i]; i++) {
        v[i] = operand(b, letter(info->operands[i], c->type), i);
    }
    IrRef ref = ir_emit(b, c->op, c->type, v[0], v[1], v[2], c->sub, c->imm);
    IrInsn *insn = &b->block.ins[ref];
    if (info->result[0] == 'F' || info->result[0] == 'D') {
        insn->type = (uint8_t)letter(info->result[0], c->type);
    }
    switch (ir_result_type(insn)) {
    case IR_F32: ir_setreg(b, IR_F64, SLOT(s.out), ir_op1(b, IR_NANBOX, IR_F64, ref)); break;
    case IR_F64: ir_setreg(b, IR_F64, SLOT(s.out), ref); break;
    case IR_I32: ir_setreg(b, IR_I64, SLOT(s.out), ir_op1(b, IR_SEXT32, IR_I64, ref)); break;
    default: ir_setreg(b, IR_I64, SLOT(s.out), ref); break;
    }
    ir_goto(b, 0x2000);
}

// What arithmetic must give; false: not one of these.
static bool direct(const Case *c, FpEnv *env, const uint64_t *v, uint64_t *out)
{
    uint32_t a = (uint32_t)v[0], b = (uint32_t)v[1];
    if (c->sub != IR_ROUND_DYNAMIC) {
        env->rounding = (uint8_t)c->sub;
    }
    bool narrow = c->type == IR_F32;
    uint64_t boxed = UINT64_C(0xffffffff00000000);
    switch (c->op) {
    case IR_FADD: *out = narrow ? boxed | f32_add(env, a, b) : f64_add(env, v[0], v[1]); break;
    case IR_FSUB: *out = narrow ? boxed | f32_sub(env, a, b) : f64_sub(env, v[0], v[1]); break;
    case IR_FMUL: *out = narrow ? boxed | f32_mul(env, a, b) : f64_mul(env, v[0], v[1]); break;
    case IR_FDIV: *out = narrow ? boxed | f32_div(env, a, b) : f64_div(env, v[0], v[1]); break;
    case IR_FSQRT: *out = narrow ? boxed | f32_sqrt(env, a) : f64_sqrt(env, v[0]); break;
    case IR_FMA:
        if (c->imm) {
            return false;
        }
        *out = narrow ? boxed | f32_fma(env, a, b, (uint32_t)v[2]) : f64_fma(env, v[0], v[1], v[2]);
        break;
    default: return false;
    }
    return true;
}

static void fill(Guest *g, const Case *c, const uint64_t *v, uint8_t flags)
{
    bool integer = ir_ops[c->op].operands[0] == 'L' || ir_ops[c->op].operands[0] == 'W';
    bool narrow = !integer && letter(ir_ops[c->op].operands[0], c->type) == IR_F32;
    memset(&g->cpu.arch, 0, sizeof(g->cpu.arch));
    memset(&g->s, 0, sizeof(g->s));
    g->cpu.arch.pc = 0x1000;
    g->cpu.arch.fp.rounding = (uint8_t)c->rounding;
    g->cpu.arch.fp.flags = flags;
    g->cpu.budget = 8;
    g->cpu.exception = 0;
    for (unsigned i = 0; i < 3; i++) {
        g->s.in[i] = narrow ? UINT64_C(0xffffffff00000000) | (uint32_t)v[i] : v[i];
    }
}

typedef struct Run {
    Jit *jit;
    IrBuilder *b;
    Guest *t0, *t1;
    Random random;
    bool hot; // as T1 compiles what runs often
    unsigned runs, compiled, cases;
} Run;

static void compare(Run *run, const Case *c, const IrBlock *plain, JitCode *code, const uint64_t *v)
{
    Guest *t0 = run->t0, *t1 = run->t1;
    uint8_t flags = (uint8_t)(run->runs & 1 ? 0 : random_bits(&run->random) & 31);
    FpEnv env = { .rounding = (uint8_t)c->rounding, .flags = flags };
    uint64_t expected;
    fill(t0, c, v, flags);
    interp_run(&t0->cpu, plain, 100);
    run->runs++;
    if (direct(c, &env, v, &expected) && (expected != t0->s.out || env.flags != t0->cpu.arch.fp.flags)) {
        g_error("%s.%s rounding %u/%u of %016" PRIx64 " %016" PRIx64 " %016" PRIx64 ": fpu/ %016" PRIx64 " flags %x, T0 %016" PRIx64 " flags %x",
                ir_ops[c->op].name, ir_type_names[c->type], c->sub, c->rounding, v[0], v[1], v[2], expected, env.flags, t0->s.out,
                t0->cpu.arch.fp.flags);
    }
    if (!code) {
        return;
    }
    fill(t1, c, v, flags);
    JitExit exit = jit_run(run->jit, &t1->cpu, code, 8);
    g_assert_cmpint(exit.reason, ==, JIT_LINK);
    if (t0->s.out != t1->s.out || memcmp(&t0->cpu.arch, &t1->cpu.arch, sizeof(CpuArch))) {
        g_error("%s.%s rounding %u/%u imm %d of %016" PRIx64 " %016" PRIx64 " %016" PRIx64 ": T0 %016" PRIx64 " flags %x, T1 %016" PRIx64 " flags %x",
                ir_ops[c->op].name, ir_type_names[c->type], c->sub, c->rounding, (int)c->imm, v[0], v[1], v[2], t0->s.out,
                t0->cpu.arch.fp.flags, t1->s.out, t1->cpu.arch.fp.flags);
    }
}

static uint32_t operand_width(const Case *c)
{
    switch (letter(ir_ops[c->op].operands[0], c->type)) {
    case IR_F32: return 32;
    case IR_F64: return 64;
    default: return 0;
    }
}

static void run_case(Run *run, const Case *c)
{
    uint32_t width = operand_width(c);
    size_t ncorners;
    const uint64_t *corners = fp_corners(width, &ncorners);
    run->t1->cpu.arch.fp.rounding = (uint8_t)c->rounding; // code is made for it
    build(run->b, c);
    IrBlock *plain = ir_block_copy(&run->b->block);
    JitCode *code = jit_compile(run->jit, &run->t1->cpu, &run->b->block, 4095, run->hot, 0);
    run->cases++;
    run->compiled += code != NULL;
    for (size_t i = 0; i < ncorners; i++) {
        for (size_t j = i % CORNER_STEP; j < ncorners; j += CORNER_STEP) {
            uint64_t v[3] = { corners[i], corners[j], corners[(i * 7 + j * 3) % ncorners] };
            compare(run, c, plain, code, v);
        }
    }
    for (unsigned i = 0; i < RANDOM_RUNS; i++) {
        uint64_t v[3] = { random_bits(&run->random), random_bits(&run->random), random_bits(&run->random) };
        if (width) {
            fp_operands(&run->random, width, v, 3);
        }
        compare(run, c, plain, code, v);
    }
    if (code) {
        jit_code_drop(run->jit, code);
        jit_code_free(code);
    }
    jit_flush(run->jit);
    g_free(plain);
}

static void run_op(Run *run, IrOp op, IrType type)
{
    unsigned subs = ir_op_has(op, 'R') ? 6 : 1, imms = op == IR_FMA ? 4 : 1, conds = ir_op_has(op, 'C') ? IR_COND_COUNT : 1;
    for (unsigned rounding = FP_RNE; rounding <= FP_RMM; rounding++) {
        for (unsigned sub = 0; sub < MAX(subs, conds); sub++) {
            for (unsigned imm = 0; imm < imms; imm++) {
                bool dynamic = subs > 1 && sub == 5;
                Case c = { .op = op, .type = type, .sub = dynamic ? IR_ROUND_DYNAMIC : sub, .rounding = rounding, .imm = imm };
                run_case(run, &c);
            }
        }
    }
}

static Guest *guest_new(void)
{
    Guest *g = aligned_alloc(4096, (sizeof(Guest) + 4095) & ~(size_t)4095);
    memset(g, 0, sizeof(*g));
    return g;
}

static void test_features(OsHostFeatures features, bool hot)
{
    Error err;
    IrSlot slots[] = { { "a", SLOT(s.in), IR_F64, 3 }, { "b", SLOT(s.in) + 8, IR_F64, 2 }, { "out", SLOT(s.out), IR_F64, 1 } };
    Run run = { .jit = jit_new(slots, G_N_ELEMENTS(slots), features, &err), .b = ir_builder_new(), .t0 = guest_new(), .t1 = guest_new(), .hot = hot };
    g_assert_nonnull(run.jit);
    for (IrOp op = IR_FADD; op <= IR_FNARROW; op++) {
        for (unsigned t = 0; t < 2; t++) {
            char result = ir_ops[op].result[0];
            bool widens = result == 'D' || (result == 'F' && ir_ops[op].operands[0] == 'D');
            if (t == 0 || !widens) {
                run_op(&run, op, t ? IR_F64 : IR_F32);
            }
        }
    }
    printf("# %u cases, %u compiled by T1, %u runs\n", run.cases, run.compiled, run.runs);
    g_assert_cmpuint(run.compiled, >, run.cases / 2);
    free(run.t0);
    free(run.t1);
    ir_builder_free(run.b);
    jit_free(run.jit);
}

static void test_host(void) { test_features(os_host_features(), false); }
static void test_hot(void) { test_features(os_host_features(), true); }
static void test_sse2(void) { test_features((OsHostFeatures){ 0 }, false); }

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fp-executors/host", test_host);
    g_test_add_func("/fp-executors/hot", test_hot);
    g_test_add_func("/fp-executors/sse2", test_sse2);
    return g_test_run();
}
