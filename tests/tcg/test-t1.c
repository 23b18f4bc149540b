// SPDX-License-Identifier: GPL-2.0-or-later
// T1 against T0: random IR blocks with all ops, types, rounding modes and edge values run by both from equal states; the states must be equal.
//
// The guest is made up: integer and float slots of which T1 pins some, four pages of RAM of which one faults and one is only reached by the slow
// path, one that must not be touched by T1, helpers of every kind. Where T1 leaves for T0 in the middle, T0 runs up to the same instruction.
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "tcg/interp-op.h"
#include "tcg/jit.h"

enum { NINTS = 18, NFLOATS = 18, RAM_PAGES = 4, RAM_BYTES = RAM_PAGES * 4096, RAM_GVA = 0x40000000 };
enum { PAGE_FAST, PAGE_SLOW, PAGE_FAULT, PAGE_ALONE }; // what the pages are like

typedef struct State { // goes on where CPU.arch ends
    uint64_t x[NINTS], f[NFLOATS];
    uint32_t word[2];
    uint8_t byte[4];
} State;

typedef struct Guest {
    CPU cpu;
    State s;
    _Alignas(4096) uint8_t ram[RAM_BYTES];
} Guest;

#define SLOT(member) ((uint32_t)(offsetof(Guest, member) - offsetof(Guest, cpu.arch)))
_Static_assert(offsetof(Guest, s) == offsetof(Guest, cpu.arch) + sizeof(CpuArch), "the state is one piece");

static uint64_t rng = 88172645463325252;

static uint64_t next(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng * 0x2545f4914f6cdd1d;
}

static unsigned below(unsigned n) { return (unsigned)((next() >> 33) % n); }

static const uint64_t edges[] = {
    0, 1, 2, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, INT64_MAX,
    (uint64_t)INT64_MIN, UINT64_MAX, UINT64_MAX - 1, 0xffffffff80000000, 0xffffffff7fffffff, 0x8000000080000000,
};
static const uint64_t doubles[] = {
    0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
    0x7ff0000000000001, 0xfff8000000000001, 0x0010000000000000, 0x000fffffffffffff, 1, 0x8000000000000001, 0x7fefffffffffffff,
    0x41dfffffffc00000, 0xc1e0000000000000, 0x43e0000000000000, 0xc3e0000000000000, 0x3fe0000000000000, 0x4004cccccccccccd, 0xbfe0000000000000,
    0x41e0000000100000, 0xc1e0000000100000, 0x3cb0000000000000, 0x0010000000000001, 0x47efffffe0000000, 0x36a0000000000000, 0x3690000000000001,
};
static const uint32_t floats[] = {
    0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc00001, 0x00800000, 0x007fffff, 1, 0x80000001,
    0x7f7fffff, 0x4effffff, 0xcf000000, 0x5f000000, 0xdf000000, 0x3f000000, 0x40266666, 0x00800001, 0x34000000, 0x4f000000,
};

static uint64_t random_int(void)
{
    switch (below(4)) {
    case 0: return edges[below(G_N_ELEMENTS(edges))];
    case 1: return RAM_GVA + below(RAM_BYTES);
    case 2: return (uint64_t)(int64_t)(int32_t)next();
    default: return next();
    }
}

static uint64_t random_float(void)
{
    switch (below(6)) {
    case 0: return next();
    case 1: return 0x3ff0000000000000 + (next() >> 11) + ((uint64_t)below(40) << 52);
    case 2: return 0xffffffff00000000 | floats[below(G_N_ELEMENTS(floats))];
    case 3: return 0xffffffff00000000 | (0x3f800000 + (uint32_t)below(0x8000000));
    default: return doubles[below(G_N_ELEMENTS(doubles))];
    }
}

// ---- the guest ----

static Guest *guest_of(CPU *cpu) { return (Guest *)(void *)((uint8_t *)cpu - offsetof(Guest, cpu)); }

static uint64_t log_hash; // of what slow paths and helpers saw

static void note(uint64_t v) { log_hash = (log_hash ^ v) * 0x9e3779b97f4a7c15; }

// What is used after this finds other bytes.
static void drop_sites(CPU *cpu)
{
    for (uint32_t i = 0; i < cpu->sites_filled; i++) {
        cpu->site[cpu->site_list[i]].addend += 16;
    }
    cpu_sites_drop_all(cpu);
}

static SlowResult access_page(CPU *cpu, uint64_t gva, unsigned len)
{
    uint64_t first = (gva - RAM_GVA) >> 12, last = (gva + len - 1 - RAM_GVA) >> 12;
    if (first == PAGE_FAULT || last == PAGE_FAULT || first >= RAM_PAGES || last >= RAM_PAGES) {
        cpu_raise(cpu, 13, gva);
        return SLOW_FAULT;
    }
    if ((first == PAGE_ALONE || last == PAGE_ALONE) && cpu->running_t1) {
        return SLOW_ALONE;
    }
    if (cpu->running_t1 && gva % 7 == 0) { // as when a page's write entries are purged
        drop_sites(cpu);
        cpu->attention = true;
    }
    return SLOW_OK;
}

// T1's last slow store: one that it leaves to be done again, alone.
static struct {
    uint8_t *at, before[8];
    unsigned len;
    int64_t budget;
} last_store;

static SlowResult slow(CPU *cpu, uint64_t gva, MemOp memop, uint64_t *value, bool is_store)
{
    unsigned len = memop_bytes(memop);
    if ((memop & MEMOP_ALIGNED) && (gva & (len - 1))) {
        cpu_raise(cpu, 4, gva);
        return SLOW_FAULT;
    }
    SlowResult result = access_page(cpu, gva, len);
    if (result != SLOW_OK) {
        return result;
    }
    uint8_t bytes[8];
    uint8_t *at = guest_of(cpu)->ram + (gva - RAM_GVA);
    memcpy(bytes, is_store ? (const uint8_t *)value : at, len);
    if (memop & MEMOP_BSWAP) {
        for (unsigned i = 0; i < len / 2; i++) {
            uint8_t b = bytes[i];
            bytes[i] = bytes[len - 1 - i];
            bytes[len - 1 - i] = b;
        }
    }
    if (is_store) {
        if (cpu->running_t1) {
            last_store.at = at;
            last_store.len = len;
            last_store.budget = cpu->budget;
            memcpy(last_store.before, at, len);
        }
        memcpy(at, bytes, len);
    } else {
        *value = 0;
        memcpy(value, bytes, len);
    }
    return SLOW_OK;
}

static SlowResult slow_load(CPU *cpu, uint64_t gva, MemOp memop, uint64_t *value) { return slow(cpu, gva, memop, value, false); }
static SlowResult slow_store(CPU *cpu, uint64_t gva, MemOp memop, uint64_t value) { return slow(cpu, gva, memop, &value, true); }
static SlowResult probe(CPU *cpu, uint64_t gva, MemOp memop, Access access, uint64_t *gpa, const void **host)
{
    unsigned len = memop_bytes(memop);
    if ((memop & MEMOP_ALIGNED) && (gva & (len - 1))) {
        cpu_raise(cpu, 4, gva);
        return SLOW_FAULT;
    }
    return access_page(cpu, gva, len);
}
static void site_tired(CPU *cpu, uint32_t site) { cpu->site[site].misses = 3; }
static const CpuOps ops = { .site_tired = site_tired, .load = slow_load, .store = slow_store, .probe = probe };

static void tlb_set(Guest *g, Access access, unsigned page)
{
    TlbTable *t = &g->cpu.tlb[access][1];
    uint64_t gva = RAM_GVA + 4096 * (uint64_t)page;
    unsigned i = gva >> 12 & (TLB_SIZE - 1);
    t->tag[i] = gva;
    t->addend[i] = (uint64_t)(uintptr_t)(g->ram + 4096 * page) - gva;
}

static Guest *guest_new(void)
{
    Guest *g = aligned_alloc(4096, (sizeof(Guest) + 4095) & ~(size_t)4095);
    memset(g, 0, sizeof(*g));
    g->cpu.ops = &ops;
    for (unsigned access = 0; access < ACCESS_COUNT; access++) {
        for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
            tlb_clear(&g->cpu.tlb[access][mmu]);
        }
    }
    tlb_set(g, ACCESS_READ, PAGE_FAST);
    tlb_set(g, ACCESS_WRITE, PAGE_FAST);
    tlb_set(g, ACCESS_READ, PAGE_SLOW);
    return g;
}

static void guest_fill(Guest *g, Guest *same)
{
    memset(&g->cpu.arch, 0, sizeof(CpuArch));
    g->cpu.arch.pc = 0x1000;
    g->cpu.arch.fp.rounding = (uint8_t)below(5);
    g->cpu.arch.fp.flags = below(2) ? 0 : (uint8_t)below(32);
    for (unsigned i = 0; i < NINTS; i++) {
        g->s.x[i] = random_int();
        g->s.f[i] = random_float();
    }
    for (unsigned i = 0; i < RAM_BYTES; i += 8) {
        uint64_t v = i & 64 ? random_float() : next();
        memcpy(g->ram + i, &v, 8);
    }
    g->s.word[0] = (uint32_t)next();
    memcpy(&same->cpu.arch, &g->cpu.arch, sizeof(CpuArch));
    same->s = g->s;
    memcpy(same->ram, g->ram, RAM_BYTES);
}

// ---- helpers ----

static uint64_t help_pure(CPU *cpu, uint64_t a, uint64_t b, uint64_t c) { return a * 3 + (b ^ c); }

static uint64_t help_read(CPU *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    Guest *g = guest_of(cpu);
    uint64_t sum = a + cpu->arch.fp.flags + 256u * cpu->arch.fp.rounding;
    for (unsigned i = 0; i < NINTS; i++) {
        sum = sum * 31 + g->s.x[i] + g->s.f[i];
    }
    note(sum);
    note((uint64_t)cpu->budget);
    return sum;
}

static uint64_t help_write(CPU *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    Guest *g = guest_of(cpu);
    drop_sites(cpu);
    g->s.x[a % NINTS] += b;
    g->s.f[b % NFLOATS] = g->s.f[a % NFLOATS];
    cpu->arch.fp.rounding = (uint8_t)(a % 4); // a host's mode stays one
    cpu->arch.fp.flags = (uint8_t)(b & 31);
    note((uint64_t)cpu->budget);
    return a ^ b;
}

static uint64_t help_raise(CPU *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    note((uint64_t)cpu->budget);
    if ((a & 7) == 3) {
        cpu_raise(cpu, 2, b);
    } else if ((a & 7) == 5 && cpu->running_t1) {
        cpu->exception = CPU_ALONE;
    }
    return a - b;
}

static const IrHelper helpers[] = {
    { "pure", help_pure, 0, 3, true },
    { "read", help_read, HELPER_READS_REGS | HELPER_NEEDS_NOW, 1, true },
    { "write", help_write, HELPER_READS_REGS | HELPER_WRITES_REGS, 2, true },
    { "raise", help_raise, HELPER_RAISES | HELPER_NEEDS_NOW, 2, true },
};

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
} Gen;

static void have(Gen *g, IrType type, IrRef ref)
{
    if (ref && g->n < G_N_ELEMENTS(g->refs)) {
        g->refs[g->n] = ref;
        g->types[g->n++] = (uint8_t)type;
    }
}

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
    case IR_F64: ref = ir_getreg(g->b, IR_F64, SLOT(s.f) + 8 * below(NFLOATS)); break;
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
    if (g->rmm && h->fn == help_write) {
        return;
    }
    IrRef a = pick(g, IR_I64), b = h->nargs > 1 ? pick(g, IR_I64) : 0, c = h->nargs > 2 ? pick(g, IR_I64) : 0;
    have(g, IR_I64, ir_call(g->b, h, a, b, c));
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

static void generate(Gen *g, IrBuilder *b, bool rmm)
{
    unsigned skipped = 0, slot = 0;
    *g = (Gen){ .b = b, .rmm = rmm };
    ir_begin(b, 0x1000, 0);
    unsigned count = 1 + below(12);
    for (unsigned i = 0; i < count; i++) {
        ir_insn(b, 0x1000 + 4 * (uint64_t)i, 4);
        if (skipped) {
            skipped_insn(g, slot);
            if (--skipped == 0) { // behind, values of before don't count
                g->n = g->naddresses = 0;
            }
            continue;
        }
        unsigned parts = 1 + below(5);
        bool touched = false; // at most one access or call an instruction: before it nothing has been done
        for (unsigned p = 0; p < parts; p++) {
            unsigned kind = below(16);
            if (kind < 2 && !touched && p == 0) {
                memory_op(g);
                touched = true;
            } else if (kind == 2 && !touched && p == 0) {
                call_op(g);
                touched = true;
            } else if (kind < 12) {
                value_op(g);
            } else {
                set_something(g);
            }
        }
        if (below(4) == 0) {
            IrType type = below(2) ? IR_I64 : IR_I32;
            skipped = 1 + below(5);
            slot = below(NINTS);
            ir_exitif(b, type, below(IR_COND_COUNT), pick(g, type), pick(g, type), 0x1000 + 4 * (uint64_t)(i + 1 + skipped));
        } else if (below(10) == 0) {
            IrType type = below(2) ? IR_I64 : IR_I32;
            ir_exitif(b, type, below(IR_COND_COUNT), pick(g, type), pick(g, type), below(2) ? 0x1f00 : 0x9000);
        }
    }
    switch (below(7)) {
    case 0: ir_ijmp(b, pick(g, IR_I64), IR_JUMP); break;
    case 1: ir_exit(b, IR_EXIT_BOUNDARY, 0x2000); break;
    case 2: ir_exitpc(b, IR_EXIT_BOUNDARY, pick(g, IR_I64)); break;
    case 3: ir_trap(b, 7, pick(g, IR_I64)); break;
    default: ir_goto(b, below(2) ? 0x1800 : 0x8000); break;
    }
}

// ---- comparing ----

static bool same(const Guest *a, const Guest *b)
{
    return !memcmp(&a->cpu.arch, &b->cpu.arch, sizeof(CpuArch)) && !memcmp(&a->s, &b->s, sizeof(State)) &&
           !memcmp(a->ram, b->ram, RAM_BYTES) && a->cpu.budget == b->cpu.budget && a->cpu.exception == b->cpu.exception &&
           (!a->cpu.exception || a->cpu.exception_value == b->cpu.exception_value);
}

static void print_difference(const IrBlock *block, const Guest *t0, const Guest *t1, const char *what)
{
    printf("# %s\n", what);
    for (unsigned i = 1; i < block->nins; i++) {
        const IrInsn *n = &block->ins[i];
        printf("# v%u = %s.%s sub=%u v%u v%u v%u memop=%x disp=%d imm=%llx\n", i, ir_ops[n->op].name, ir_type_names[n->type], n->sub, n->a, n->b,
               n->c, n->memop, n->disp, (unsigned long long)n->imm);
    }
    printf("# T0 pc %llx budget %lld exception %u flags %x | T1 pc %llx budget %lld exception %u flags %x rounding %u\n",
           (unsigned long long)t0->cpu.arch.pc, (long long)t0->cpu.budget, t0->cpu.exception, t0->cpu.arch.fp.flags,
           (unsigned long long)t1->cpu.arch.pc, (long long)t1->cpu.budget, t1->cpu.exception, t1->cpu.arch.fp.flags, t1->cpu.arch.fp.rounding);
    for (unsigned i = 0; i < NINTS; i++) {
        if (t0->s.x[i] != t1->s.x[i]) {
            printf("# x%u (slot %x) %016llx %016llx\n", i, SLOT(s.x[i]), (unsigned long long)t0->s.x[i], (unsigned long long)t1->s.x[i]);
        }
        if (t0->s.f[i] != t1->s.f[i]) {
            printf("# f%u (slot %x) %016llx %016llx\n", i, SLOT(s.f[i]), (unsigned long long)t0->s.f[i], (unsigned long long)t1->s.f[i]);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        if (t0->s.word[i] != t1->s.word[i]) {
            printf("# word%u (slot %x) %08x %08x\n", i, i ? SLOT(s.word[1]) : SLOT(s.word[0]), t0->s.word[i], t1->s.word[i]);
        }
    }
    if (memcmp(t0->ram, t1->ram, RAM_BYTES)) {
        printf("# RAM differs\n");
    }
}

static Jit *make_jit(OsHostFeatures features)
{
    IrSlot slots[NINTS + NFLOATS];
    Error err;
    for (unsigned i = 0; i < NINTS; i++) {
        slots[i] = (IrSlot){ "x", SLOT(s.x) + 8 * i, IR_I64, (int8_t)(i < 14 ? i + 1 : 0) };
        slots[NINTS + i] = (IrSlot){ "f", SLOT(s.f) + 8 * i, IR_F64, (int8_t)(i < 14 ? i + 1 : 0) };
    }
    Jit *jit = jit_new(slots, G_N_ELEMENTS(slots), features, &err);
    g_assert_nonnull(jit);
    return jit;
}

enum { OPTIMISE_NONE, OPTIMISE, OPTIMISE_POSTPONE };

// The block from the instruction at pc on, to which a branch in it leads: behind such a place only constants of before are used.
static IrBlock *rest_of(const IrBlock *block, uint64_t pc)
{
    IrBlock *rest = ir_block_copy(block);
    for (unsigned i = 1; i < rest->nins; i++) {
        if (rest->ins[i].op == IR_INSN && (uint64_t)rest->ins[i].imm == pc) {
            return rest;
        }
        if (rest->ins[i].op != IR_CONST) {
            rest->ins[i] = (IrInsn){ .op = IR_CONST, .type = IR_I64 };
        }
    }
    g_free(rest);
    return NULL;
}

// T0, `limit` instructions; where it leaves for a place in the block before it has attempted `least`, it goes on there.
static void run_t0(CPU *cpu, const IrBlock *block, unsigned limit, unsigned least)
{
    unsigned done = interp_run(cpu, block, limit).attempted;
    while (done < least && !cpu->exception) {
        IrBlock *rest = rest_of(block, cpu->arch.pc);
        if (!rest) {
            return;
        }
        done += interp_run(cpu, rest, limit - done).attempted;
        g_free(rest);
    }
}

typedef struct Counts { unsigned blocks, compiled, by_reason[JIT_LINK + 1]; } Counts;

// One block from `rounds` states. False: a difference, printed.
static bool try_block(Jit *jit, IrBuilder *b, Guest *t0, Guest *t1, unsigned options, Counts *counts)
{
    Gen gen;
    guest_fill(t0, t1);
    generate(&gen, b, t0->cpu.arch.fp.rounding > FP_RUP);
    const IrBlock *block = &b->block;
    counts->blocks++;
    IrBlock *plain = ir_block_copy(block);
    if (options) {
        ir_optimise_with(b, (options == OPTIMISE_POSTPONE ? IR_OPT_POSTPONE : 0) | (below(4) ? IR_OPT_SKIP : 0));
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
        if (exit.reason == JIT_HOT) {
            ok = attempted == 0 && code->heat;
        } else if (exit.reason == JIT_BUDGET) {
            ok = attempted == 0 && left < block->nguest;
        } else if (exit.reason == JIT_ALONE) {
            if (last_store.at && last_store.budget == t1->cpu.budget) {
                memcpy(last_store.at, last_store.before, last_store.len);
            }
            if (attempted) {
                run_t0(&t0->cpu, block, attempted, attempted);
            }
            // Flags that the instruction raised already it will raise again.
            t0->cpu.arch.fp.flags |= t1->cpu.arch.fp.flags;
        } else {
            run_t0(&t0->cpu, block, 1000, attempted);
            ok = t1_hash == log_hash;
        }
        if (!ok || !same(t0, t1)) {
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

static void test_host(void) { run_features(os_host_features(), OPTIMISE_NONE, 20000); }
static void test_sse2(void) { run_features((OsHostFeatures){ 0 }, OPTIMISE, 20000); }
static void test_optimised(void) { run_features(os_host_features(), OPTIMISE, 20000); }
static void test_postponed(void) { run_features(os_host_features(), OPTIMISE_POSTPONE, 20000); }

// One place that loads from page after page: the range that its site holds grows over those that are known, and over nothing else.
static void test_site_range(void)
{
    static const struct {
        unsigned page, offset;
        JitReason reason;
        int misses; // of the site, in all
    } steps[] = {
        { 0, 8, JIT_LINK, 1 },    { 0, 4088, JIT_LINK, 1 }, { 1, 0, JIT_LINK, 1 },    { 1, 4088, JIT_LINK, 1 }, { 0, 4092, JIT_LINK, 1 },
        { 0, 16, JIT_LINK, 1 },   { 2, 0, JIT_FAULT, 2 },   { 1, 4089, JIT_FAULT, 3 }, { 1, 4088, JIT_LINK, 3 }, { 3, 0, JIT_ALONE, 4 },
        { 0, 0, JIT_LINK, 4 },
    };
    Jit *jit = make_jit(os_host_features());
    IrBuilder *b = ir_builder_new();
    Guest *g = guest_new();
    ir_begin(b, 0x1000, 0);
    ir_insn(b, 0x1000, 4);
    IrRef address = ir_getreg(b, IR_I64, SLOT(s.x[0]));
    ir_setreg(b, IR_I64, SLOT(s.x[1]), ir_load(b, IR_I64, 3 | 1 << MEMOP_MMU_SHIFT, address, 0));
    ir_goto(b, 0x8000);
    JitCode *code = jit_compile(jit, &g->cpu, &b->block, 4095, true, 0);
    g_assert_cmpuint(code->nsites, ==, 1);
    g->cpu.site[code->first_site].misses = 100;
    for (unsigned i = 0; i < RAM_BYTES; i += 8) {
        memcpy(g->ram + i, &(uint64_t){ i + 1000000 }, 8);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        uint64_t expected, offset = 4096 * steps[i].page + steps[i].offset;
        g->s.x[0] = RAM_GVA + offset;
        g->cpu.budget = 10;
        g->cpu.exception = 0;
        g_assert_cmpint(jit_run(jit, &g->cpu, code, 10).reason, ==, steps[i].reason);
        g_assert_cmpint(100 - g->cpu.site[code->first_site].misses, ==, steps[i].misses);
        if (steps[i].reason == JIT_LINK) {
            memcpy(&expected, g->ram + offset, 8);
            g_assert_cmphex(g->s.x[1], ==, expected);
        }
    }
    cpu_sites_drop_all(&g->cpu);
    g_assert_cmphex(g->cpu.site[code->first_site].limit, ==, 0);
    jit_code_drop(jit, code);
    jit_code_free(code);
    ir_builder_free(b);
    free(g);
    jit_free(jit);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/random-blocks/host", test_host);
    g_test_add_func("/t1/random-blocks/sse2", test_sse2);
    g_test_add_func("/t1/random-blocks/optimised", test_optimised);
    g_test_add_func("/t1/random-blocks/postponed", test_postponed);
    g_test_add_func("/t1/site-range", test_site_range);
    return g_test_run();
}
