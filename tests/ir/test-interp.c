// SPDX-License-Identifier: GPL-2.0-or-later
// What T0 makes of each op on integers, floats, memory and control, at the edges of each type, against meanings written here anew: bit by bit
// for integers, with the host's floating point for floats. Flags and vectors have tests of their own.
#include <fenv.h>
#include <glib.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "tests/ir/one-op.h"

static void expect(const char *what, IrOp op, IrType type, unsigned sub, const uint64_t in[3], uint64_t want, uint64_t got)
{
    if (want != got) {
        g_error("%s%s.%s sub %u of 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ": 0x%" PRIx64 " expected, 0x%" PRIx64, what, ir_ops[op].name,
                ir_type_names[type], sub, in[0], in[1], in[2], want, got);
    }
}

// ---- integers, bit by bit ----

typedef struct Bits { // least significant first
    unsigned n;
    uint8_t bit[128];
} Bits;

static Bits bits_from(uint64_t v, unsigned n)
{
    Bits x = { .n = n };
    for (unsigned i = 0; i < n && i < 64; i++) {
        x.bit[i] = v >> i & 1;
    }
    return x;
}

static uint64_t bits_value(const Bits *x, unsigned from)
{
    uint64_t v = 0;
    for (unsigned i = from; i < x->n && i < from + 64; i++) {
        v |= (uint64_t)x->bit[i] << (i - from);
    }
    return v;
}

static Bits bits_add(Bits a, Bits b, unsigned carry)
{
    for (unsigned i = 0; i < a.n; i++) {
        unsigned sum = a.bit[i] + b.bit[i] + carry;
        a.bit[i] = sum & 1;
        carry = sum >> 1;
    }
    return a;
}

static Bits bits_not(Bits a)
{
    for (unsigned i = 0; i < a.n; i++) {
        a.bit[i] ^= 1;
    }
    return a;
}

static Bits bits_sub(Bits a, Bits b, unsigned borrow)
{
    return bits_add(a, bits_not(b), !borrow);
}

static Bits bits_extend(Bits a, unsigned n, bool is_signed)
{
    for (unsigned i = a.n; i < n; i++) {
        a.bit[i] = is_signed ? a.bit[a.n - 1] : 0;
    }
    a.n = n;
    return a;
}

// Full product of operands that have been extended to its width; without carries if `carryless`.
static Bits bits_mul(Bits a, Bits b, bool carryless)
{
    Bits product = bits_from(0, a.n);
    for (unsigned i = 0; i < b.n; i++) {
        if (b.bit[i]) {
            Bits shifted = bits_from(0, a.n);
            for (unsigned j = i; j < a.n; j++) {
                shifted.bit[j] = a.bit[j - i];
            }
            if (carryless) {
                for (unsigned j = 0; j < a.n; j++) {
                    product.bit[j] ^= shifted.bit[j];
                }
            } else {
                product = bits_add(product, shifted, 0);
            }
        }
    }
    return product;
}

static bool bits_below(const Bits *a, const Bits *b)
{
    for (unsigned i = a->n; i-- > 0;) {
        if (a->bit[i] != b->bit[i]) {
            return a->bit[i] < b->bit[i];
        }
    }
    return false;
}

// Long division of unsigned numbers.
static void bits_divide(Bits a, Bits b, Bits *quotient, Bits *rest)
{
    *quotient = bits_from(0, a.n);
    *rest = bits_from(0, a.n + 1);
    b = bits_extend(b, a.n + 1, false);
    for (unsigned i = a.n; i-- > 0;) {
        for (unsigned j = rest->n - 1; j > 0; j--) {
            rest->bit[j] = rest->bit[j - 1];
        }
        rest->bit[0] = a.bit[i];
        if (!bits_below(rest, &b)) {
            *rest = bits_sub(*rest, b, 0);
            quotient->bit[i] = 1;
        }
    }
    rest->n = a.n;
}

static uint64_t divided(IrOp op, unsigned width, uint64_t a, uint64_t b)
{
    bool is_signed = op == IR_DIVS || op == IR_REMS, is_rem = op == IR_REMS || op == IR_REMU;
    Bits x = bits_from(a, width), y = bits_from(b, width), zero = bits_from(0, width), quotient, rest;
    bool x_negative = is_signed && x.bit[width - 1], y_negative = is_signed && y.bit[width - 1];
    if (bits_value(&y, 0) == 0) {
        return is_rem ? bits_value(&x, 0) : 0;
    }
    bits_divide(x_negative ? bits_sub(zero, x, 0) : x, y_negative ? bits_sub(zero, y, 0) : y, &quotient, &rest);
    if (x_negative != y_negative) {
        quotient = bits_sub(zero, quotient, 0);
    }
    if (x_negative) {
        rest = bits_sub(zero, rest, 0);
    }
    return bits_value(is_rem ? &rest : &quotient, 0);
}

static uint64_t shifted(IrOp op, unsigned width, uint64_t a, unsigned count)
{
    Bits x = bits_from(a, width);
    for (count %= width; count > 0; count--) {
        Bits y = x;
        for (unsigned i = 0; i < width; i++) {
            bool left = op == IR_SHL || op == IR_ROL, end = left ? i == 0 : i == width - 1;
            unsigned from = left ? (i + width - 1) % width : (i + 1) % width;
            x.bit[i] = !end || op == IR_ROL || op == IR_ROR ? y.bit[from] : op == IR_SAR ? y.bit[width - 1] : 0;
        }
    }
    return bits_value(&x, 0);
}

static uint64_t high_product(IrOp op, unsigned width, uint64_t a, uint64_t b)
{
    Bits x = bits_extend(bits_from(a, width), 2 * width, op != IR_MULHU && op != IR_CLMULH);
    Bits y = bits_extend(bits_from(b, width), 2 * width, op == IR_MULHS);
    Bits product = bits_mul(x, y, op == IR_CLMULH);
    return bits_value(&product, width);
}

static uint64_t counted(IrOp op, unsigned width, uint64_t a)
{
    Bits x = bits_from(a, width);
    unsigned n = 0;
    for (unsigned i = 0; i < width; i++) {
        bool bit = x.bit[op == IR_CLZ ? width - 1 - i : i];
        if (op != IR_POPCNT && bit) {
            break;
        }
        n += op != IR_POPCNT || bit;
    }
    return n;
}

// Ops that move bits around: bit i of the result comes from bit `from` of a, or is the byte's OR.
static uint64_t permuted(IrOp op, unsigned width, uint64_t a)
{
    Bits x = bits_from(a, width), r = x;
    for (unsigned i = 0; i < width; i++) {
        unsigned byte = i / 8;
        switch (op) {
        case IR_BSWAP: r.bit[i] = x.bit[(width / 8 - 1 - byte) * 8 + i % 8]; break;
        case IR_BITREV8: r.bit[i] = x.bit[byte * 8 + 7 - i % 8]; break;
        default: r.bit[i] = (a >> byte * 8 & 0xff) != 0; break;
        }
    }
    return bits_value(&r, 0);
}

static uint64_t field(IrOp op, unsigned width, uint64_t a, uint64_t b, int64_t imm)
{
    unsigned pos = imm & 0xff, len = imm >> 8 & 0xff;
    Bits x = bits_from(a, width), y = bits_from(b, width), r = bits_from(0, width);
    for (unsigned i = 0; i < width; i++) {
        bool inside = i >= pos && i < pos + len;
        if (op == IR_DEPOSIT) {
            r.bit[i] = inside ? y.bit[i - pos] : x.bit[i];
        } else {
            r.bit[i] = i < len ? x.bit[i + pos] : op == IR_SEXTRACT ? x.bit[pos + len - 1] : 0;
        }
    }
    return bits_value(&r, 0);
}

static uint64_t extended(unsigned from, unsigned width, uint64_t a, bool is_signed)
{
    Bits x = bits_extend(bits_from(a, from), width, is_signed);
    return bits_value(&x, 0);
}

static uint64_t reference_int(IrOp op, IrType type, const uint64_t in[3])
{
    unsigned width = 8 * ir_type_bytes(type);
    Bits a = bits_from(in[0], width), b = bits_from(in[1], width), r = bits_from(0, width);
    switch (op) {
    case IR_ADD: r = bits_add(a, b, 0); break;
    case IR_ADC: r = bits_add(a, b, in[2] & 1); break;
    case IR_SUB: r = bits_sub(a, b, 0); break;
    case IR_SBB: r = bits_sub(a, b, in[2] & 1); break;
    case IR_NEG: r = bits_sub(r, a, 0); break;
    case IR_NOT: r = bits_not(a); break;
    case IR_MUL: r = bits_mul(a, b, false); break;
    case IR_CLMUL: r = bits_mul(a, b, true); break;
    case IR_MULHS: case IR_MULHU: case IR_MULHSU: case IR_CLMULH: return high_product(op, width, in[0], in[1]);
    case IR_DIVS: case IR_DIVU: case IR_REMS: case IR_REMU: return divided(op, width, in[0], in[1]);
    case IR_SHL: case IR_SHR: case IR_SAR: case IR_ROL: case IR_ROR: return shifted(op, width, in[0], (unsigned)(in[1] % 64));
    case IR_CLZ: case IR_CTZ: case IR_POPCNT: return counted(op, width, in[0]);
    case IR_BSWAP: case IR_BITREV8: case IR_ORCB: return permuted(op, width, in[0]);
    case IR_SEXT8: return extended(8, width, in[0], true);
    case IR_SEXT16: return extended(16, width, in[0], true);
    case IR_ZEXT8: return extended(8, width, in[0], false);
    case IR_ZEXT16: return extended(16, width, in[0], false);
    case IR_AND: case IR_OR: case IR_XOR:
        for (unsigned i = 0; i < width; i++) {
            unsigned ones = a.bit[i] + b.bit[i];
            r.bit[i] = op == IR_AND ? ones == 2 : op == IR_OR ? ones > 0 : ones == 1;
        }
        break;
    default: g_error("%s has no reference", ir_ops[op].name);
    }
    return bits_value(&r, 0);
}

static const IrOp int_ops[] = {
    IR_ADD, IR_SUB, IR_MUL, IR_AND, IR_OR, IR_XOR, IR_SHL, IR_SHR, IR_SAR, IR_ROL, IR_ROR, IR_MULHS, IR_MULHU, IR_MULHSU, IR_DIVS, IR_DIVU,
    IR_REMS, IR_REMU, IR_NEG, IR_NOT, IR_CLZ, IR_CTZ, IR_POPCNT, IR_BSWAP, IR_BITREV8, IR_ORCB, IR_CLMUL, IR_CLMULH, IR_SEXT8, IR_SEXT16,
    IR_ZEXT8, IR_ZEXT16, IR_ADC, IR_SBB,
};

static void test_integers(void)
{
    OneOp one = one_op_new();
    for (unsigned n = 0; n < G_N_ELEMENTS(int_ops) * 2; n++) {
        IrOp op = int_ops[n / 2];
        IrType type = n & 1 ? IR_I64 : IR_I32;
        uint64_t mask = type == IR_I32 ? UINT32_MAX : UINT64_MAX;
        for (unsigned i = 0; i < EDGES * EDGES; i++) {
            const uint64_t in[3] = { edge_values[i / EDGES] & mask, edge_values[i % EDGES] & mask, i };
            expect("", op, type, 0, in, reference_int(op, type, in), one_op(&one, op, type, 0, 0, in[0], in[1], in[2]));
        }
    }
    one_op_free(&one);
}

static void test_fields(void)
{
    static const IrOp ops[] = { IR_EXTRACT, IR_SEXTRACT, IR_DEPOSIT };
    OneOp one = one_op_new();
    for (unsigned n = 0; n < G_N_ELEMENTS(ops) * 2; n++) {
        IrType type = n & 1 ? IR_I64 : IR_I32;
        unsigned width = 8 * ir_type_bytes(type);
        for (unsigned pos = 0; pos < width; pos += 1 + pos % 3) {
            for (unsigned len = 1; pos + len <= width; len += 1 + len % 4) {
                int64_t imm = pos | (int64_t)len << 8;
                const uint64_t in[3] = { (0x0123456789abcdef * (pos + 1)) >> (64 - width), 0xa5c3f00f5a3c0ff0 >> (64 - width), (uint64_t)imm };
                expect("", ops[n / 2], type, 0, in, field(ops[n / 2], width, in[0], in[1], imm),
                       one_op(&one, ops[n / 2], type, 0, imm, in[0], in[1], 0));
            }
        }
    }
    one_op_free(&one);
}

static void test_widths(void)
{
    OneOp one = one_op_new();
    for (unsigned i = 0; i < EDGES; i++) {
        uint64_t v = edge_values[i], low = v & UINT32_MAX;
        const uint64_t in[3] = { v, 0, 0 };
        expect("", IR_TRUNC, IR_I32, 0, in, low, one_op(&one, IR_TRUNC, IR_I32, 0, 0, v, 0, 0));
        expect("", IR_ZEXT32, IR_I64, 0, in, low, one_op(&one, IR_ZEXT32, IR_I64, 0, 0, low, 0, 0));
        expect("", IR_SEXT32, IR_I64, 0, in, extended(32, 64, low, true), one_op(&one, IR_SEXT32, IR_I64, 0, 0, low, 0, 0));
        expect("", IR_CONST, IR_I64, 0, in, v, one_op(&one, IR_CONST, IR_I64, 0, (int64_t)v, 0, 0, 0));
        expect("", IR_CONST, IR_I32, 0, in, low, one_op(&one, IR_CONST, IR_I32, 0, (int64_t)low, 0, 0, 0));
        expect("", IR_BITCAST, IR_F64, 0, in, v, one_op(&one, IR_BITCAST, IR_F64, 0, 0, v, 0, 0));
        expect("", IR_BITCAST, IR_I64, 0, in, v, one_op(&one, IR_BITCAST, IR_I64, 0, 0, v, 0, 0));
        expect("", IR_BITCAST, IR_F32, 0, in, low, one_op(&one, IR_BITCAST, IR_F32, 0, 0, low, 0, 0));
        expect("", IR_NANBOX, IR_F64, 0, in, low | 0xffffffff00000000, one_op(&one, IR_NANBOX, IR_F64, 0, 0, low, 0, 0));
        uint64_t unboxed = v >= 0xffffffff00000000 ? low : 0x7fc00000;
        expect("", IR_NANUNBOX, IR_F32, 0, in, unboxed, one_op(&one, IR_NANUNBOX, IR_F32, 0, 0, v, 0, 0));
    }
    one_op_free(&one);
}

static void test_pairs(void)
{
    OneOp one = one_op_new();
    for (unsigned i = 0; i < EDGES * EDGES; i++) {
        const IrWide a = { { edge_values[i / EDGES] } }, b = { { edge_values[i % EDGES] } };
        const IrWide pair = one_op_run(&one, IR_CAT, IR_I128, 0, 0, &a, &b, NULL);
        g_assert_cmphex(pair.w[0], ==, a.w[0]);
        g_assert_cmphex(pair.w[1], ==, b.w[0]);
        g_assert_cmphex(one_op_run(&one, IR_LO, IR_I64, 0, 0, &pair, NULL, NULL).w[0], ==, a.w[0]);
        g_assert_cmphex(one_op_run(&one, IR_HI, IR_I64, 0, 0, &pair, NULL, NULL).w[0], ==, b.w[0]);
        for (unsigned is_signed = 0; is_signed < 2; is_signed++) {
            Bits x = bits_extend(bits_from(a.w[0], 64), 128, is_signed), y = bits_extend(bits_from(b.w[0], 64), 128, is_signed);
            Bits product = bits_mul(x, y, false);
            IrWide got = one_op_run(&one, is_signed ? IR_MULS2 : IR_MULU2, IR_I128, 0, 0, &a, &b, NULL);
            g_assert_cmphex(got.w[0], ==, bits_value(&product, 0));
            g_assert_cmphex(got.w[1], ==, bits_value(&product, 64));
        }
    }
    one_op_free(&one);
}

// ---- conditions ----

static bool holds(IrCond cond, IrType type, uint64_t a, uint64_t b)
{
    unsigned width = 8 * ir_type_bytes(type);
    Bits x = bits_from(a, width), y = bits_from(b, width);
    bool equal = true, below, common = false;
    for (unsigned i = 0; i < width; i++) {
        equal = equal && x.bit[i] == y.bit[i];
        common = common || (x.bit[i] && y.bit[i]);
    }
    if (cond == IR_TSTEQ || cond == IR_TSTNE) {
        return common == (cond == IR_TSTNE);
    }
    if (cond == IR_LTS || cond == IR_GES || cond == IR_LES || cond == IR_GTS) { // biased, signed order is unsigned order
        x.bit[width - 1] ^= 1;
        y.bit[width - 1] ^= 1;
    }
    below = bits_below(&x, &y);
    switch (cond) {
    case IR_EQ: return equal;
    case IR_NE: return !equal;
    case IR_LTS: case IR_LTU: return below;
    case IR_GES: case IR_GEU: return !below;
    case IR_LES: case IR_LEU: return below || equal;
    default: return !below && !equal;
    }
}

static bool exits(OneOp *one, IrType type, IrCond cond, uint64_t a, uint64_t b)
{
    ir_begin(one->b, 0x1000, 0);
    ir_insn(one->b, 0x1000, 4);
    ir_exitif(one->b, type, cond, ir_const(one->b, type, (int64_t)a), ir_const(one->b, type, (int64_t)b), 0x2000);
    ir_goto(one->b, 0x1004);
    interp_run(&one->fake->cpu, &one->b->block, 1);
    g_assert_true(one->fake->cpu.arch.pc == 0x2000 || one->fake->cpu.arch.pc == 0x1004);
    return one->fake->cpu.arch.pc == 0x2000;
}

static void test_conditions(void)
{
    OneOp one = one_op_new();
    for (IrCond cond = 0; cond < IR_COND_COUNT; cond++) {
        for (unsigned i = 0; i < 2 * EDGES * EDGES; i++) {
            IrType type = i & 1 ? IR_I64 : IR_I32;
            uint64_t mask = type == IR_I32 ? UINT32_MAX : UINT64_MAX;
            const uint64_t in[3] = { edge_values[i / 2 / EDGES] & mask, edge_values[i / 2 % EDGES] & mask, 0 };
            bool truth = holds(cond, type, in[0], in[1]);
            expect("", IR_CMP, type, cond, in, truth, one_op(&one, IR_CMP, type, cond, 0, in[0], in[1], 0));
            expect("", IR_EXITIF, type, cond, in, truth, exits(&one, type, cond, in[0], in[1]));
        }
    }
    static const IrType types[] = { IR_I32, IR_I64, IR_F32, IR_F64 };
    for (unsigned i = 0; i < EDGES * G_N_ELEMENTS(types); i++) {
        IrType type = types[i / EDGES];
        uint64_t mask = ir_type_bytes(type) == 4 ? UINT32_MAX : UINT64_MAX;
        const uint64_t in[3] = { edge_values[i % EDGES], 0x1122334455667788 & mask, 0x99aabbccddeeff00 & mask };
        expect("", IR_SELECT, type, 0, in, in[0] ? in[1] : in[2], one_op(&one, IR_SELECT, type, 0, 0, in[0], in[1], in[2]));
    }
    one_op_free(&one);
}

// ---- floats: the host's unit, where it has the rounding mode ----

static const double doubles[] = {
    0.0, -0.0, 1.0, -1.0, 1.5, -2.5, 0.1, 3.0, 1e300, -1e300, 1e-300, 4.9e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 2147483647.0,
    2147483648.0, -2147483649.0, 4294967295.5, 9007199254740993.0, 9223372036854775808.0, -9223372036854775808.0, 18446744073709551616.0,
    INFINITY, -INFINITY, NAN,
};
enum { DOUBLES = sizeof(doubles) / sizeof(doubles[0]) };
static const int host_rounding[] = { FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD };

static uint64_t double_bits(double d)
{
    uint64_t v;
    memcpy(&v, &d, 8);
    return isnan(d) ? 0x7ff8000000000000 : v;
}

static uint64_t float_bits(float f)
{
    uint32_t v;
    memcpy(&v, &f, 4);
    return isnan(f) ? 0x7fc00000 : v;
}

static uint8_t host_flags(void)
{
    int raised = fetestexcept(FE_ALL_EXCEPT);
    return (uint8_t)((raised & FE_INEXACT ? FP_NX : 0) | (raised & FE_UNDERFLOW ? FP_UF : 0) | (raised & FE_OVERFLOW ? FP_OF : 0) |
                     (raised & FE_DIVBYZERO ? FP_DZ : 0) | (raised & FE_INVALID ? FP_NV : 0));
}

static uint64_t host_double(IrOp op, double a, double b, double c, int64_t imm)
{
    volatile double x = a, y = b, r = 0;
    switch (op) {
    case IR_FADD: r = x + y; break;
    case IR_FSUB: r = x - y; break;
    case IR_FMUL: r = x * y; break;
    case IR_FDIV: r = x / y; break;
    case IR_FSQRT: r = sqrt(x); break;
    default: r = fma(imm & 1 ? -x : x, y, imm & 2 ? -c : c); break;
    }
    return double_bits(r);
}

static uint64_t host_float(IrOp op, float a, float b, float c, int64_t imm)
{
    volatile float x = a, y = b, r = 0;
    switch (op) {
    case IR_FADD: r = x + y; break;
    case IR_FSUB: r = x - y; break;
    case IR_FMUL: r = x * y; break;
    case IR_FDIV: r = x / y; break;
    case IR_FSQRT: r = sqrtf(x); break;
    default: r = fmaf(imm & 1 ? -x : x, y, imm & 2 ? -c : c); break;
    }
    return float_bits(r);
}

// One op in one rounding mode, named in the instruction or taken from the CPU.
static void try_arithmetic(OneOp *one, IrOp op, unsigned mode, bool dynamic, unsigned i, unsigned j)
{
    double a = doubles[i], b = doubles[j], c = doubles[(i + j) % DOUBLES];
    int64_t imm = op == IR_FMA ? (int64_t)(i & 3) : 0;
    FpEnv *fp = &one->fake->cpu.arch.fp;
    unsigned sub = dynamic ? IR_ROUND_DYNAMIC : mode;
    for (unsigned half = 0; half < 2; half++) {
        const uint64_t in[3] = { half ? float_bits((float)a) : double_bits(a), half ? float_bits((float)b) : double_bits(b),
                                 half ? float_bits((float)c) : double_bits(c) };
        fesetround(host_rounding[mode]);
        feclearexcept(FE_ALL_EXCEPT);
        uint64_t want = 0;
        if (half) {
            float f[3];
            for (unsigned n = 0; n < 3; n++) {
                uint32_t v = (uint32_t)in[n];
                memcpy(&f[n], &v, 4);
            }
            want = host_float(op, f[0], f[1], f[2], imm);
        } else {
            want = host_double(op, a, b, c, imm);
        }
        uint8_t raised = host_flags();
        fesetround(FE_TONEAREST);
        fp->rounding = (uint8_t)(dynamic ? mode : (mode + 1) % 4);
        fp->flags = 0;
        IrType type = half ? IR_F32 : IR_F64;
        expect("", op, type, sub, in, want, one_op(one, op, type, sub, imm, in[0], in[1], in[2]));
        // Infinity times zero plus NaN: the flag is the implementation's choice.
        bool product_of_nan = op == IR_FMA && isnan(c) && (isinf(half ? (float)a : a) || isinf(half ? (float)b : b));
        if (!product_of_nan) {
            expect("flags of ", op, type, sub, in, raised, fp->flags);
        }
        g_assert_cmpuint(fp->rounding, ==, dynamic ? mode : (mode + 1) % 4);
    }
}

static void test_float_arithmetic(void)
{
    static const IrOp ops[] = { IR_FADD, IR_FSUB, IR_FMUL, IR_FDIV, IR_FSQRT, IR_FMA };
    OneOp one = one_op_new();
    for (unsigned n = 0; n < G_N_ELEMENTS(ops); n++) {
        for (unsigned mode = 0; mode < 8; mode++) {
            for (unsigned i = 0; i < DOUBLES * DOUBLES; i++) {
                try_arithmetic(&one, ops[n], mode & 3, mode >> 2, i / DOUBLES, i % DOUBLES);
            }
        }
    }
    one_op_free(&one);
}

static uint64_t float_compare(IrOp op, double a, double b)
{
    switch (op) {
    case IR_FEQ: return a == b;
    case IR_FLT: return a < b;
    case IR_FLE: return a <= b;
    default: break;
    }
    bool is_min = op == IR_FMIN;
    if (isnan(a) || isnan(b)) {
        return double_bits(isnan(a) ? b : a);
    }
    if (a == b) { // zeros
        return double_bits((signbit(a) != 0) == is_min ? a : b);
    }
    return double_bits((a < b) == is_min ? a : b);
}

static uint64_t class_of(double a, uint64_t bits)
{
    bool negative = signbit(a);
    switch (fpclassify(a)) {
    case FP_INFINITE: return negative ? 1 : 1 << 7;
    case FP_NORMAL: return negative ? 1 << 1 : 1 << 6;
    case FP_SUBNORMAL: return negative ? 1 << 2 : 1 << 5;
    case FP_NAN: return bits >> 51 & 1 ? 1 << 9 : 1 << 8;
    default: return negative ? 1 << 3 : 1 << 4;
    }
}

static void test_float_other(void)
{
    static const IrOp compares[] = { IR_FEQ, IR_FLT, IR_FLE, IR_FMIN, IR_FMAX };
    OneOp one = one_op_new();
    for (unsigned i = 0; i < DOUBLES * DOUBLES; i++) {
        double a = doubles[i / DOUBLES], b = doubles[i % DOUBLES];
        const uint64_t in[3] = { double_bits(a), double_bits(b), 0 }, sign = (uint64_t)1 << 63;
        for (unsigned n = 0; n < G_N_ELEMENTS(compares); n++) {
            FpEnv *fp = &one.fake->cpu.arch.fp;
            fp->flags = 0;
            expect("", compares[n], IR_F64, 0, in, float_compare(compares[n], a, b), one_op(&one, compares[n], IR_F64, 0, 0, in[0], in[1], 0));
            bool signals = (compares[n] == IR_FLT || compares[n] == IR_FLE) && (isnan(a) || isnan(b));
            expect("flags of ", compares[n], IR_F64, 0, in, signals ? FP_NV : 0, fp->flags);
        }
        expect("", IR_FNEG, IR_F64, 0, in, in[0] ^ sign, one_op(&one, IR_FNEG, IR_F64, 0, 0, in[0], 0, 0));
        expect("", IR_FABS, IR_F64, 0, in, in[0] & ~sign, one_op(&one, IR_FABS, IR_F64, 0, 0, in[0], 0, 0));
        expect("", IR_FCOPYSIGN, IR_F64, 0, in, (in[0] & ~sign) + (in[1] & sign), one_op(&one, IR_FCOPYSIGN, IR_F64, 0, 0, in[0], in[1], 0));
        expect("", IR_FXORSIGN, IR_F64, 0, in, in[0] ^ (in[1] & sign), one_op(&one, IR_FXORSIGN, IR_F64, 0, 0, in[0], in[1], 0));
        expect("", IR_FCLASS, IR_F64, 0, in, class_of(a, in[0]), one_op(&one, IR_FCLASS, IR_F64, 0, 0, in[0], 0, 0));
        expect("", IR_FNARROW, IR_F32, 0, in, float_bits((float)a), one_op(&one, IR_FNARROW, IR_F32, 0, 0, in[0], 0, 0));
        float f = (float)a;
        expect("", IR_FWIDEN, IR_F64, 0, in, double_bits((double)f), one_op(&one, IR_FWIDEN, IR_F64, 0, 0, float_bits(f), 0, 0));
        expect("", IR_FNEG, IR_F32, 0, in, float_bits(f) ^ 0x80000000, one_op(&one, IR_FNEG, IR_F32, 0, 0, float_bits(f), 0, 0));
        expect("", IR_FABS, IR_F32, 0, in, float_bits(f) & 0x7fffffff, one_op(&one, IR_FABS, IR_F32, 0, 0, float_bits(f), 0, 0));
    }
    const uint64_t in[3] = { 0x7ff4000000000000, 0, 0 };
    expect("", IR_FCLASS, IR_F64, 0, in, 1 << 8, one_op(&one, IR_FCLASS, IR_F64, 0, 0, in[0], 0, 0));
    one_op_free(&one);
}

// The integer nearest in direction `mode`, saturated to lowest..highest.
static uint64_t to_int(double a, unsigned mode, double lowest, double beyond, uint64_t low, uint64_t high)
{
    fesetround(host_rounding[mode]);
    volatile double x = a;
    double r = nearbyint(x);
    fesetround(FE_TONEAREST);
    if (isnan(r) || r >= beyond) {
        return high;
    }
    if (r < lowest) {
        return low;
    }
    return r < 0 ? (uint64_t)(int64_t)r : (uint64_t)r;
}

static void test_conversions(void)
{
    OneOp one = one_op_new();
    for (unsigned i = 0; i < DOUBLES * 4; i++) {
        double a = doubles[i / 4], two31 = 2147483648.0, two63 = two31 * two31 * 2;
        unsigned m = i % 4;
        const uint64_t in[3] = { double_bits(a), 0, 0 };
        expect("", IR_FTOS32, IR_F64, m, in, (uint32_t)to_int(a, m, -two31, two31, 0x80000000, 0x7fffffff),
               one_op(&one, IR_FTOS32, IR_F64, m, 0, in[0], 0, 0));
        expect("", IR_FTOU32, IR_F64, m, in, to_int(a, m, 0, two31 * 2, 0, UINT32_MAX), one_op(&one, IR_FTOU32, IR_F64, m, 0, in[0], 0, 0));
        expect("", IR_FTOS64, IR_F64, m, in, to_int(a, m, -two63, two63, (uint64_t)INT64_MIN, INT64_MAX),
               one_op(&one, IR_FTOS64, IR_F64, m, 0, in[0], 0, 0));
        expect("", IR_FTOU64, IR_F64, m, in, to_int(a, m, 0, two63 * 2, 0, UINT64_MAX), one_op(&one, IR_FTOU64, IR_F64, m, 0, in[0], 0, 0));
        double f = (float)a;
        expect("", IR_FTOS64, IR_F32, m, in, to_int(f, m, -two63, two63, (uint64_t)INT64_MIN, INT64_MAX),
               one_op(&one, IR_FTOS64, IR_F32, m, 0, float_bits((float)a), 0, 0));
    }
    for (unsigned i = 0; i < EDGES * 4; i++) {
        uint64_t v = edge_values[i / 4];
        unsigned m = i % 4;
        const uint64_t in[3] = { v, 0, 0 };
        volatile long double u = v, s = (int64_t)v, w = (int32_t)v; // exact
        fesetround(host_rounding[m]);
        volatile double ud = (double)u, sd = (double)s;
        volatile float uf = (float)u, sf = (float)s, wf = (float)w;
        fesetround(FE_TONEAREST);
        expect("", IR_U64TOF, IR_F64, m, in, double_bits(ud), one_op(&one, IR_U64TOF, IR_F64, m, 0, v, 0, 0));
        expect("", IR_S64TOF, IR_F64, m, in, double_bits(sd), one_op(&one, IR_S64TOF, IR_F64, m, 0, v, 0, 0));
        expect("", IR_U64TOF, IR_F32, m, in, float_bits(uf), one_op(&one, IR_U64TOF, IR_F32, m, 0, v, 0, 0));
        expect("", IR_S64TOF, IR_F32, m, in, float_bits(sf), one_op(&one, IR_S64TOF, IR_F32, m, 0, v, 0, 0));
        expect("", IR_S32TOF, IR_F32, m, in, float_bits(wf), one_op(&one, IR_S32TOF, IR_F32, m, 0, (uint32_t)v, 0, 0));
        expect("", IR_S32TOF, IR_F64, m, in, double_bits((double)(int32_t)v), one_op(&one, IR_S32TOF, IR_F64, m, 0, (uint32_t)v, 0, 0));
        expect("", IR_U32TOF, IR_F64, m, in, double_bits((double)(uint32_t)v), one_op(&one, IR_U32TOF, IR_F64, m, 0, (uint32_t)v, 0, 0));
    }
    one_op_free(&one);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ir/interp/integers", test_integers);
    g_test_add_func("/ir/interp/fields", test_fields);
    g_test_add_func("/ir/interp/widths", test_widths);
    g_test_add_func("/ir/interp/pairs", test_pairs);
    g_test_add_func("/ir/interp/conditions", test_conditions);
    g_test_add_func("/ir/interp/float-arithmetic", test_float_arithmetic);
    g_test_add_func("/ir/interp/float-other", test_float_other);
    g_test_add_func("/ir/interp/conversions", test_conversions);
    return g_test_run();
}
