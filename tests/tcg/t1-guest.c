// SPDX-License-Identifier: GPL-2.0-or-later
// The made-up guest of T1's tests: random states, slow paths, helpers; comparing two of them.
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/tcg/t1-guest.h"

uint64_t rng = 88172645463325252;

uint64_t next(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng * 0x2545f4914f6cdd1d;
}

unsigned below(unsigned n) { return (unsigned)((next() >> 33) % n); }

static const uint64_t edges[] = {
    0, 1, 2, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, INT64_MAX,
    (uint64_t)INT64_MIN, UINT64_MAX, UINT64_MAX - 1, 0xffffffff80000000, 0xffffffff7fffffff, 0x8000000080000000,
};
static const uint64_t doubles[] = {
    0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
    0x7ff0000000000001, 0xfff8000000000001, 0x0010000000000000, 0x000fffffffffffff, 1, 0x8000000000000001, 0x7fefffffffffffff,
    0x41dfffffffc00000, 0xc1e0000000000000, 0x43e0000000000000, 0xc3e0000000000000, 0x3fe0000000000000, 0x4004cccccccccccd, 0xbfe0000000000000,
    0xfff0123456789abc, 0x7ffdeadbeefcafe0, 0xffffffffffc00001, 0x41e0000000100000, 0xc1e0000000100000, 0x3cb0000000000000, 0x0010000000000001, 0x47efffffe0000000, 0x36a0000000000000, 0x3690000000000001,
};
static const uint32_t floats[] = {
    0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc00001, 0x00800000, 0x007fffff, 1, 0x80000001,
    0x7f7fffff, 0x4effffff, 0xcf000000, 0x5f000000, 0xdf000000, 0x3f000000, 0x40266666, 0x00800001, 0x34000000, 0x4f000000,
};

uint64_t random_int(void)
{
    switch (below(4)) {
    case 0: return edges[below(G_N_ELEMENTS(edges))];
    case 1: return RAM_GVA + below(RAM_BYTES);
    case 2: return (uint64_t)(int64_t)(int32_t)next();
    default: return next();
    }
}

uint64_t random_float(void)
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

uint64_t log_hash;

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

LastStore last_store;

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

Guest *guest_new(void)
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

void guest_fill(Guest *g, Guest *same)
{
    memset(&g->cpu.arch, 0, sizeof(CpuArch));
    g->cpu.arch.pc = START;
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

static uint64_t help_attend(CPU *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    if ((a & 3) == 1) {
        cpu->attention = true;
    }
    return a + 1;
}

const IrHelper helpers[HELPERS] = {
    { "attend", help_attend, 0, 1, true },
    { "pure", help_pure, 0, 3, true },
    { "read", help_read, HELPER_READS_REGS | HELPER_NEEDS_NOW, 1, true },
    { "write", help_write, HELPER_READS_REGS | HELPER_WRITES_REGS, 2, true },
    { "raise", help_raise, HELPER_RAISES | HELPER_NEEDS_NOW, 2, true },
};

// ---- comparing ----

bool guest_equal(const Guest *a, const Guest *b)
{
    return !memcmp(&a->cpu.arch, &b->cpu.arch, sizeof(CpuArch)) && !memcmp(&a->s, &b->s, sizeof(State)) &&
           !memcmp(a->ram, b->ram, RAM_BYTES) && a->cpu.budget == b->cpu.budget && a->cpu.exception == b->cpu.exception &&
           (!a->cpu.exception || a->cpu.exception_value == b->cpu.exception_value);
}

void print_difference(const IrBlock *block, const Guest *t0, const Guest *t1, const char *what)
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

Jit *make_jit(OsHostFeatures features)
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

bool run_t0(Guest *t0, const IrBlock *block, unsigned attempted, bool part)
{
    unsigned done = 0;
    while (done < attempted && !t0->cpu.exception) {
        IrBlock *rest = done ? rest_of(block, t0->cpu.arch.pc) : NULL;
        if (done && !rest) {
            return false;
        }
        done += interp_run(&t0->cpu, rest ? rest : block, part ? attempted - done : 1000).attempted;
        g_free(rest);
    }
    return done == attempted;
}
