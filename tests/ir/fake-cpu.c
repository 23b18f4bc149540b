// SPDX-License-Identifier: GPL-2.0-or-later
// The fake CPU: memory, helpers, random states, comparison.
#include "tests/ir/fake-cpu.h"

#include <glib.h>
#include <inttypes.h>

_Static_assert(offsetof(FakeCpu, s) == offsetof(FakeCpu, cpu.arch) + sizeof(CpuArch), "the state is one piece");

#define SLOT(name, member, type) { name, FAKE_SLOT(member), type, 0 }

static const IrSlot slots[] = {
    SLOT("x0", s.x[0], IR_I64), SLOT("x1", s.x[1], IR_I64), SLOT("x2", s.x[2], IR_I64), SLOT("x3", s.x[3], IR_I64),
    SLOT("x4", s.x[4], IR_I64), SLOT("x5", s.x[5], IR_I64), SLOT("x6", s.x[6], IR_I64), SLOT("x7", s.x[7], IR_I64),
    SLOT("f0", s.f[0], IR_F64), SLOT("f1", s.f[1], IR_F64), SLOT("f2", s.f[2], IR_F64), SLOT("f3", s.f[3], IR_F64),
    SLOT("w0", s.w[0], IR_I32), SLOT("w1", s.w[1], IR_I32), SLOT("w2", s.w[2], IR_I32), SLOT("w3", s.w[3], IR_I32),
    SLOT("b0", s.b[0], IR_I8), SLOT("b1", s.b[1], IR_I8), SLOT("h1", s.b[2], IR_I16), SLOT("h2", s.b[4], IR_I16),
    SLOT("v0", s.v[0], IR_V128), SLOT("v1", s.v[1], IR_V128), SLOT("v2", s.v[2], IR_V128), SLOT("v3", s.v[3], IR_V128),
    SLOT("y0", s.y[0], IR_V256), SLOT("y1", s.y[1], IR_V256), SLOT("cc0", s.flags[0], IR_FLAGS_TUPLE), SLOT("cc1", s.flags[1], IR_FLAGS_TUPLE),
    SLOT("fpflags", cpu.arch.fp.flags, IR_I8),
};

static FakeCpu *fake_of(CPU *cpu)
{
    return (FakeCpu *)(void *)((uint8_t *)cpu - offsetof(FakeCpu, cpu));
}

static void log_event(FakeCpu *fake, uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t words[3] = { a, b, c };
    for (unsigned i = 0; i < 3; i++) {
        fake->log = (fake->log ^ words[i]) * 0x9e3779b97f4a7c15;
        fake->log ^= fake->log >> 29;
    }
}

// ---- memory ----

static bool faults(uint64_t gva)
{
    return (gva >> 13 & 7) == 5;
}

static SlowResult access_memory(CPU *cpu, uint64_t gva, MemOp memop, void *bytes, bool is_store)
{
    FakeCpu *fake = fake_of(cpu);
    uint64_t value = 0;
    if (faults(gva)) {
        cpu_raise(cpu, FAKE_FAULT + (is_store || memop & MEMOP_STORE_FAULT), gva);
        return SLOW_FAULT;
    }
    for (unsigned i = 0; i < memop_bytes(memop); i++) {
        uint8_t *p = &fake->memory[(gva + i) % FAKE_MEMORY];
        if (is_store) {
            *p = ((const uint8_t *)bytes)[i];
        }
        ((uint8_t *)bytes)[i] = *p;
        value = value * 257 + *p;
    }
    log_event(fake, gva, memop, value + is_store);
    return SLOW_OK;
}

static uint64_t swapped(uint64_t v, MemOp memop)
{
    return memop & MEMOP_BSWAP ? __builtin_bswap64(v) >> (64 - 8 * memop_bytes(memop)) : v;
}

static SlowResult load(CPU *cpu, uint64_t gva, MemOp memop, uint64_t *value)
{
    uint64_t v = 0;
    SlowResult result = access_memory(cpu, gva, memop, &v, false);
    if (result == SLOW_OK) {
        *value = swapped(v, memop);
    }
    return result;
}

static SlowResult store(CPU *cpu, uint64_t gva, MemOp memop, uint64_t value)
{
    uint64_t v = swapped(value, memop);
    return access_memory(cpu, gva, memop, &v, true);
}

static SlowResult load_wide(CPU *cpu, uint64_t gva, MemOp memop, void *bytes)
{
    return access_memory(cpu, gva, memop, bytes, false);
}

static SlowResult store_wide(CPU *cpu, uint64_t gva, MemOp memop, const void *bytes)
{
    uint8_t copy[32];
    memcpy(copy, bytes, memop_bytes(memop));
    return access_memory(cpu, gva, memop, copy, true);
}

static const CpuOps ops = { .load = load, .store = store, .load_wide = load_wide, .store_wide = store_wide };

// ---- helpers ----

static uint64_t mix(CPU *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    FakeCpu *fake = fake_of(cpu);
    log_event(fake, a, b, c);
    return fake->log;
}

static uint64_t peek(CPU *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    FakeCpu *fake = fake_of(cpu);
    const uint8_t *p = (const uint8_t *)&fake->s;
    for (size_t i = 0; i < sizeof(fake->s); i++) {
        fake->log = (fake->log ^ p[i]) * 0x100000001b3;
    }
    return fake->log;
}

static uint64_t poke(CPU *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    fake_of(cpu)->s.x[a & 7] += b;
    return 0;
}

static uint64_t trap(CPU *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    if ((a & 7) == 0) {
        cpu_raise(cpu, FAKE_HELPER_FAULT, a);
    }
    return ~a;
}

static uint64_t stop(CPU *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    cpu->attention = (a & 3) == 0;
    return a * 3;
}

const IrHelper fake_mix = { "mix", mix, 0, 3, true };
const IrHelper fake_peek = { "peek", peek, HELPER_READS_REGS, 0, true };
const IrHelper fake_poke = { "poke", poke, HELPER_WRITES_REGS, 2, false };
const IrHelper fake_trap = { "trap", trap, HELPER_RAISES, 1, true };

const IrHelper fake_stop = { "stop", stop, 0, 1, true };

static const IrHelper *const helpers[] = { &fake_mix, &fake_peek, &fake_poke, &fake_trap, &fake_stop, NULL };
const IrNames fake_names = { slots, sizeof(slots) / sizeof(slots[0]), helpers };

// ---- states ----

FakeCpu *fake_cpu_new(void)
{
    FakeCpu *fake = g_new0(FakeCpu, 1);
    fake->cpu.ops = &ops;
    for (unsigned i = 0; i < ACCESS_COUNT; i++) {
        for (unsigned j = 0; j < MMU_COUNT; j++) {
            tlb_clear(&fake->cpu.tlb[i][j]);
        }
    }
    return fake;
}

void fake_cpu_free(FakeCpu *fake)
{
    g_free(fake);
}

uint64_t fake_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

uint64_t fake_operand(uint64_t *seed)
{
    static const uint64_t corners[] = {
        0, 1, 2, 7, 8, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
        0x7fffffffffffffff, 0x8000000000000000, 0xffffffff80000000, 0xffffffffffffff80, 0xffffffffffffffff, 0xfffffffffffffffe,
        0x3ff0000000000000, 0x7ff0000000000000, 0x7ff8000000000000, 0x7ff4000000000000, 0xffffffff3f800000, 0xffffffff7fa00000,
        0x0123456789abcdef,
    };
    uint64_t r = fake_random(seed);
    switch (r & 7) {
    case 0: return fake_random(seed);
    case 1: return fake_random(seed) >> (r >> 8 & 63);
    case 2: return (uint64_t)((int64_t)fake_random(seed) >> (r >> 8 & 63));
    default: return corners[(r >> 8) % (sizeof(corners) / sizeof(corners[0]))];
    }
}

void fake_cpu_fill(FakeCpu *fake, uint64_t *seed)
{
    memset(&fake->cpu.arch, 0, sizeof(fake->cpu.arch));
    for (unsigned i = 0; i < 8; i++) {
        fake->s.x[i] = fake_operand(seed);
        fake->s.b[i] = (uint8_t)fake_random(seed);
    }
    for (unsigned i = 0; i < 4; i++) {
        fake->s.f[i] = fake_operand(seed);
        fake->s.w[i] = (uint32_t)fake_operand(seed);
        fake->s.v[i][0] = fake_operand(seed);
        fake->s.v[i][1] = fake_operand(seed);
        fake->s.y[0][i] = fake_operand(seed);
        fake->s.y[1][i] = fake_operand(seed);
    }
    for (unsigned i = 0; i < 2; i++) {
        IrFlags *f = &fake->s.flags[i];
        *f = (IrFlags){ .a = fake_operand(seed), .b = fake_operand(seed), .c = fake_operand(seed) };
        f->kind = (uint8_t)(fake_random(seed) % IR_FLAGS_COUNT);
        f->size = (uint8_t)(fake_random(seed) & 3);
    }
    for (unsigned i = 0; i < FAKE_MEMORY; i += 512) { // a little; the rest is what runs before left
        uint64_t v = fake_random(seed);
        memcpy(&fake->memory[i], &v, 8);
    }
    fake->cpu.arch.fp.rounding = (uint8_t)(fake_random(seed) % 5);
    fake->log = 0;
    fake->cpu.exception = 0;
    fake->cpu.exception_value = 0;
    fake->cpu.budget = 1000000;
    fake->cpu.attention = false;
}

void fake_cpu_copy(FakeCpu *to, const FakeCpu *from)
{
    to->cpu.arch = from->cpu.arch;
    to->s = from->s;
    memcpy(to->memory, from->memory, sizeof(to->memory));
    to->log = from->log;
    to->cpu.exception = from->cpu.exception;
    to->cpu.exception_value = from->cpu.exception_value;
    to->cpu.budget = from->cpu.budget;
    to->cpu.attention = from->cpu.attention;
}

static uint64_t slot_value(const FakeCpu *fake, const IrSlot *slot)
{
    uint64_t value = 0;
    memcpy(&value, (const uint8_t *)&fake->cpu.arch + slot->offset, MIN(ir_type_bytes(slot->type), 8));
    return value;
}

void fake_cpu_compare(const FakeCpu *a, const FakeCpu *b, const char *what)
{
    for (size_t i = 0; i < fake_names.nslots; i++) {
        const IrSlot *slot = &slots[i];
        if (slot_value(a, slot) != slot_value(b, slot)) {
            g_error("%s: %s is 0x%" PRIx64 " and 0x%" PRIx64, what, slot->name, slot_value(a, slot), slot_value(b, slot));
        }
    }
    if (memcmp(&a->cpu.arch, &b->cpu.arch, sizeof(a->cpu.arch)) || memcmp(&a->s, &b->s, sizeof(a->s))) {
        g_error("%s: states differ (pc 0x%" PRIx64 " and 0x%" PRIx64 ")", what, a->cpu.arch.pc, b->cpu.arch.pc);
    }
    if (a->log != b->log || memcmp(a->memory, b->memory, sizeof(a->memory))) {
        g_error("%s: accesses or calls differ", what);
    }
    if (a->cpu.budget != b->cpu.budget || a->cpu.exception != b->cpu.exception ||
        (a->cpu.exception && a->cpu.exception_value != b->cpu.exception_value)) {
        g_error("%s: budget %" PRId64 " and %" PRId64 ", exception %u and %u", what, a->cpu.budget, b->cpu.budget, a->cpu.exception,
                b->cpu.exception);
    }
}
