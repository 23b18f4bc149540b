// SPDX-License-Identifier: GPL-2.0-or-later
// Flags of the IR against the flags of an x86 host: all pairs of bytes, and edges of wider operands. What the architecture leaves undefined isn't
// compared: A of logic and shifts, O of shifts by more than one, C of shifts by the width and more, all but C and O of products.
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>

#include "tests/ir/one-op.h"

enum { ALL = (1 << IR_FLAG_COUNT) - 1, BIT_C = 1 << IR_FLAG_C, BIT_A = 1 << IR_FLAG_A, BIT_O = 1 << IR_FLAG_O };

#if defined(__x86_64__)

// The red zone is kept; lea changes no flags.
#define SAVE "\n\tlea -128(%%rsp), %%rsp\n\tpushfq\n\tpopq %[f]\n\tlea 128(%%rsp), %%rsp"
#define CARRY "bt $0, %k[carry]\n\t"
#define TWO(insn, size, reg) \
    __asm__ volatile(CARRY insn size " %" reg "[b], %" reg "[a]" SAVE : [a] "+r"(a), [f] "=&r"(f) : [b] "r"(b), [carry] "r"(carry) : "cc", "memory")
#define ONE(insn, size, reg) \
    __asm__ volatile(CARRY insn size " %" reg "[a]" SAVE : [a] "+r"(a), [f] "=&r"(f) : [carry] "r"(carry) : "cc", "memory")
#define SHIFT(insn, size, reg) \
    __asm__ volatile(insn size " %%cl, %" reg "[a]" SAVE : [a] "+r"(a), [f] "=&r"(f) : "c"(b) : "cc", "memory")
#define SIZES(form, insn)                    \
    switch (size) {                          \
    case 0: form(insn, "b", "b"); break;     \
    case 1: form(insn, "w", "w"); break;     \
    case 2: form(insn, "l", "k"); break;     \
    default: form(insn, "q", "q"); break;    \
    }                                        \
    break

// What the host makes of it: its flags, and the result in *result. `carry` goes in.
static unsigned host_flags(IrFlagKind kind, unsigned size, uint64_t a, uint64_t b, unsigned carry, uint64_t *result)
{
    uint64_t f = 0;
    switch (kind) {
    case IR_FLAGS_ADD: SIZES(TWO, "add");
    case IR_FLAGS_ADC: SIZES(TWO, "adc");
    case IR_FLAGS_SUB: case IR_FLAGS_SUBN: SIZES(TWO, "sub");
    case IR_FLAGS_SBB: case IR_FLAGS_SBBN: SIZES(TWO, "sbb");
    case IR_FLAGS_LOGIC: SIZES(TWO, "and");
    case IR_FLAGS_INC: SIZES(ONE, "inc");
    case IR_FLAGS_DEC: SIZES(ONE, "dec");
    case IR_FLAGS_NEG: SIZES(ONE, "neg");
    case IR_FLAGS_SHL: SIZES(SHIFT, "shl");
    case IR_FLAGS_SHR: SIZES(SHIFT, "shr");
    case IR_FLAGS_SAR: SIZES(SHIFT, "sar");
    case IR_FLAGS_MUL:
        switch (size) {
        case 1: TWO("imul", "w", "w"); break;
        case 2: TWO("imul", "l", "k"); break;
        default: TWO("imul", "q", "q"); break;
        }
        break;
    default: g_assert_not_reached();
    }
    *result = a;
    unsigned low = (unsigned)f;
    unsigned bits = (low & 1) << IR_FLAG_C | (low >> 2 & 1) << IR_FLAG_P | (low >> 4 & 1) << IR_FLAG_A | (low >> 6 & 1) << IR_FLAG_Z |
                    (low >> 7 & 1) << IR_FLAG_S | (low >> 11 & 1) << IR_FLAG_O;
    return kind == IR_FLAGS_SUBN || kind == IR_FLAGS_SBBN ? bits ^ BIT_C : bits;
}

static unsigned defined_flags(IrFlagKind kind, unsigned size, uint64_t b)
{
    switch (kind) {
    case IR_FLAGS_LOGIC: return ALL & ~BIT_A;
    case IR_FLAGS_SHL: case IR_FLAGS_SHR: case IR_FLAGS_SAR:
        return ALL & ~BIT_A & ~(b > 1 ? BIT_O : 0) & ~(b >= 8u << size ? BIT_C : 0);
    case IR_FLAGS_MUL: return BIT_C | BIT_O;
    default: return ALL;
    }
}

static bool product_fits(unsigned size, uint64_t a, uint64_t b)
{
    unsigned shift = 64 - (8u << size);
    __int128 product = (__int128)((int64_t)(a << shift) >> shift) * ((int64_t)(b << shift) >> shift);
    int64_t low = (int64_t)((uint64_t)product << shift) >> shift;
    return product == low;
}

// The tuple that a front end makes of it.
static IrFlags tuple(IrFlagKind kind, unsigned size, uint64_t a, uint64_t b, unsigned carry, uint64_t result)
{
    unsigned has = ir_flag_operands[kind];
    IrFlags f = { .kind = (uint8_t)kind, .size = (uint8_t)size, .c = result };
    f.a = kind == IR_FLAGS_INC || kind == IR_FLAGS_DEC ? carry : kind == IR_FLAGS_MUL ? !product_fits(size, a, b) : has & 1 ? a : 0;
    f.b = has & 2 ? b : 0;
    return f;
}

static void try(IrFlagKind kind, unsigned size, uint64_t a, uint64_t b, unsigned carry)
{
    uint64_t result = 0;
    unsigned host = host_flags(kind, size, a, b, carry, &result), mask = defined_flags(kind, size, b);
    IrFlags f = tuple(kind, size, a, b, carry, result);
    unsigned ours = ir_flags_bits(&f);
    if ((ours ^ host) & mask) {
        g_error("kind %d of %d bits, 0x%" PRIx64 " 0x%" PRIx64 " carry %u: flags 0x%x, the host's 0x%x", kind, 8 << size, a, b, carry, ours,
                host);
    }
}

static bool is_shift(IrFlagKind kind)
{
    return kind == IR_FLAGS_SHL || kind == IR_FLAGS_SHR || kind == IR_FLAGS_SAR;
}

static void test_host(void)
{
    for (IrFlagKind kind = IR_FLAGS_ADD; kind < IR_FLAGS_COUNT; kind++) {
        for (unsigned i = 0; i < 1 << 17 && kind != IR_FLAGS_MUL; i++) {
            uint64_t b = i >> 8 & 255;
            try(kind, 0, i & 255, is_shift(kind) ? 1 + b % 31 : b, i >> 16);
        }
        for (unsigned i = 0; i < 6 * EDGES * EDGES; i++) {
            uint64_t a = edge_values[i / 6 / EDGES], b = edge_values[i / 6 % EDGES];
            unsigned size = 1 + i % 3;
            try(kind, size, a, is_shift(kind) ? 1 + b % (size == 3 ? 63 : 31) : b, i % 6 / 3);
        }
    }
}

#else

static void test_host(void)
{
    g_test_skip("for x86-64 hosts");
}

#endif

// ---- conditions, by their definition ----

static bool condition(IrCc cc, unsigned bits)
{
    bool c = bits & BIT_C, z = bits >> IR_FLAG_Z & 1, s = bits >> IR_FLAG_S & 1, o = bits & BIT_O, p = bits >> IR_FLAG_P & 1;
    const bool truth[IR_CC_COUNT] = {
        [IR_CC_O] = o, [IR_CC_NO] = !o, [IR_CC_C] = c, [IR_CC_NC] = !c, [IR_CC_Z] = z, [IR_CC_NZ] = !z, [IR_CC_CZ] = c || z,
        [IR_CC_NCZ] = !c && !z, [IR_CC_S] = s, [IR_CC_NS] = !s, [IR_CC_P] = p, [IR_CC_NP] = !p, [IR_CC_LT] = s != o, [IR_CC_GE] = s == o,
        [IR_CC_LE] = z || s != o, [IR_CC_GT] = !z && s == o, [IR_CC_LS] = !c || z, [IR_CC_HI] = c && !z,
    };
    return truth[cc];
}

static void test_conditions(void)
{
    for (unsigned bits = 0; bits <= ALL; bits++) {
        IrFlags f = ir_flags_from(bits | 0xff00);
        g_assert_cmpuint(ir_flags_bits(&f), ==, bits);
        for (IrCc cc = 0; cc < IR_CC_COUNT; cc++) {
            g_assert_cmpint(ir_flags_cc(&f, cc), ==, condition(cc, bits));
        }
    }
}

// A new CPU's state: all clear.
static void test_zero(void)
{
    IrFlags zero = { 0 };
    g_assert_cmpuint(ir_flags_bits(&zero), ==, 0);
}

// The ops: what FLAGS makes, and its consumers.
static void test_ops(void)
{
    static const IrType types[] = { IR_I8, IR_I16, IR_I32, IR_I64 };
    OneOp one = one_op_new();
    uint64_t seed = 1;
    for (unsigned i = 0; i < 4000; i++) {
        IrFlagKind kind = i % IR_FLAGS_COUNT;
        unsigned size = (unsigned)(fake_random(&seed) & 3), has = ir_flag_operands[kind];
        uint64_t mask = size == 3 ? UINT64_MAX : UINT32_MAX;
        const IrWide a = { { fake_operand(&seed) & mask } }, b = { { fake_operand(&seed) & mask } }, c = { { fake_operand(&seed) & mask } };
        IrWide v = one_op_run(&one, IR_FLAGS, types[size], kind, 0, has & 1 ? &a : NULL, has & 2 ? &b : NULL, has & 4 ? &c : NULL);
        IrFlags f = { has & 1 ? a.w[0] : 0, has & 2 ? b.w[0] : 0, has & 4 ? c.w[0] : 0, (uint8_t)kind, (uint8_t)size, { 0 } };
        g_assert_cmpmem(&v, sizeof(v), &f, sizeof(f));
        unsigned bits = ir_flags_bits(&f);
        g_assert_cmphex(one_op_run(&one, IR_FLAGBITS, IR_I64, 0, 0, &v, NULL, NULL).w[0], ==, bits);
        for (unsigned bit = 0; bit < IR_FLAG_COUNT; bit++) {
            g_assert_cmphex(one_op_run(&one, IR_FLAGBIT, IR_I64, bit, 0, &v, NULL, NULL).w[0], ==, bits >> bit & 1);
        }
        for (IrCc cc = 0; cc < IR_CC_COUNT; cc++) {
            g_assert_cmphex(one_op_run(&one, IR_CC, IR_I64, cc, 0, &v, NULL, NULL).w[0], ==, condition(cc, bits));
        }
        const IrWide truth = { { i & 1 } }, other = { { 1, 2, 3, 0x104 } };
        IrWide chosen = one_op_run(&one, IR_SELECT, IR_FLAGS_TUPLE, 0, 0, &truth, &v, &other);
        g_assert_cmpmem(&chosen, sizeof(chosen), truth.w[0] ? &v : &other, sizeof(v));
    }
    one_op_free(&one);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ir/flags/host", test_host);
    g_test_add_func("/ir/flags/conditions", test_conditions);
    g_test_add_func("/ir/flags/zero", test_zero);
    g_test_add_func("/ir/flags/ops", test_ops);
    return g_test_run();
}
