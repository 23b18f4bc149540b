// SPDX-License-Identifier: GPL-2.0-or-later
// Flags worked out of their tuple. Formulas for carries hold with and without a carry in, since the result tells it:
// carries out of each bit are majority(a, b, ~result), borrows majority(~a, b, result).
#include "tcg/flags.h"

enum { A = 1, B = 2, C = 4 };

const uint8_t ir_flag_operands[IR_FLAGS_COUNT] = {
    [IR_FLAGS_BITS] = A, [IR_FLAGS_ADD] = A | B | C, [IR_FLAGS_ADC] = A | B | C, [IR_FLAGS_SUB] = A | B | C,
    [IR_FLAGS_SBB] = A | B | C, [IR_FLAGS_SUBN] = A | B | C, [IR_FLAGS_SBBN] = A | B | C, [IR_FLAGS_LOGIC] = C,
    [IR_FLAGS_INC] = A | C, [IR_FLAGS_DEC] = A | C, [IR_FLAGS_NEG] = A | C, [IR_FLAGS_SHL] = A | B | C,
    [IR_FLAGS_SHR] = A | B | C, [IR_FLAGS_SAR] = A | B | C, [IR_FLAGS_MUL] = A | C,
};

typedef struct Operands {
    uint64_t a, b, c;
    unsigned sign; // number of the top bit
} Operands;

static Operands operands_of(const IrFlags *f)
{
    unsigned width = 8u << f->size;
    uint64_t mask = width >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << width) - 1;
    return (Operands){ f->a & mask, f->b & mask, f->c & mask, width - 1 };
}

static unsigned bits_of(bool carry, bool half, bool overflow)
{
    return (unsigned)carry << IR_FLAG_C | (unsigned)half << IR_FLAG_A | (unsigned)overflow << IR_FLAG_O;
}

static unsigned add_bits(Operands o)
{
    uint64_t carries = (o.a & o.b) | ((o.a | o.b) & ~o.c), overflow = (o.a ^ o.c) & (o.b ^ o.c);
    return bits_of(carries >> o.sign & 1, carries >> 3 & 1, overflow >> o.sign & 1);
}

static unsigned sub_bits(Operands o, unsigned inverted)
{
    uint64_t borrows = (~o.a & o.b) | ((~o.a | o.b) & o.c), overflow = (o.a ^ o.b) & (o.a ^ o.c);
    return bits_of((borrows >> o.sign & 1) ^ inverted, borrows >> 3 & 1, overflow >> o.sign & 1);
}

static bool shifted_out_left(Operands o)
{
    return o.b >= 1 && o.b <= o.sign + 1 && (o.a >> (o.sign + 1 - o.b) & 1);
}

static bool shifted_out_right(Operands o)
{
    return o.b >= 1 && o.b <= o.sign + 1 && (o.a >> (o.b - 1) & 1);
}

// C, A and O.
static unsigned carry_bits(const IrFlags *f, Operands o)
{
    uint64_t top = (uint64_t)1 << o.sign;
    bool carry;
    switch ((IrFlagKind)f->kind) {
    case IR_FLAGS_ADD: case IR_FLAGS_ADC: return add_bits(o);
    case IR_FLAGS_SUB: case IR_FLAGS_SBB: return sub_bits(o, 0);
    case IR_FLAGS_SUBN: case IR_FLAGS_SBBN: return sub_bits(o, 1);
    case IR_FLAGS_INC: return bits_of(o.a & 1, (o.c & 15) == 0, o.c == top);
    case IR_FLAGS_DEC: return bits_of(o.a & 1, (o.c & 15) == 15, o.c == top - 1);
    case IR_FLAGS_NEG: return bits_of(o.a != 0, (o.a & 15) != 0, o.c == top);
    case IR_FLAGS_SHL:
        carry = shifted_out_left(o);
        return bits_of(carry, false, (o.c >> o.sign & 1) ^ carry);
    case IR_FLAGS_SHR: return bits_of(shifted_out_right(o), false, o.a >> o.sign & 1);
    case IR_FLAGS_SAR: return bits_of(o.b > o.sign + 1 ? o.a >> o.sign & 1 : shifted_out_right(o), false, false);
    case IR_FLAGS_MUL: return bits_of(o.a != 0, false, o.a != 0);
    default: return 0;
    }
}

unsigned ir_flags_bits(const IrFlags *f)
{
    Operands o = operands_of(f);
    if (f->kind == IR_FLAGS_BITS) {
        return (unsigned)f->a & ((1u << IR_FLAG_COUNT) - 1);
    }
    unsigned parity = !(__builtin_popcountll(o.c & 0xff) & 1), zero = o.c == 0, sign = (unsigned)(o.c >> o.sign & 1);
    return carry_bits(f, o) | parity << IR_FLAG_P | zero << IR_FLAG_Z | sign << IR_FLAG_S;
}

bool ir_flags_cc(const IrFlags *f, IrCc cc)
{
    unsigned bits = ir_flags_bits(f);
    bool c = bits >> IR_FLAG_C & 1, z = bits >> IR_FLAG_Z & 1, s = bits >> IR_FLAG_S & 1, o = bits >> IR_FLAG_O & 1;
    bool p = bits >> IR_FLAG_P & 1, truth = false;
    switch (cc & ~1) {
    case IR_CC_O: truth = o; break;
    case IR_CC_C: truth = c; break;
    case IR_CC_Z: truth = z; break;
    case IR_CC_CZ: truth = c || z; break;
    case IR_CC_S: truth = s; break;
    case IR_CC_P: truth = p; break;
    case IR_CC_LT: truth = s != o; break;
    case IR_CC_LE: truth = z || s != o; break;
    case IR_CC_LS: truth = z || !c; break;
    }
    return truth ^ (cc & 1);
}

IrFlags ir_flags_from(unsigned bits)
{
    return (IrFlags){ .a = bits, .kind = IR_FLAGS_BITS, .size = 3 };
}
