// SPDX-License-Identifier: GPL-2.0-or-later
// Operands for the floating point tests: corner values and the random stream of fpu-operands.h.
// The only use of the code under test is to aim a fused multiply-add's addend near its product.
#include "fpu-operands.h"

typedef struct Layout {
    uint32_t frac_bits, exp_bits;
} Layout;

static Layout layout_of(uint32_t width)
{
    return width == 16 ? (Layout){10, 5} : width == 32 ? (Layout){23, 8} : (Layout){52, 11};
}

uint64_t random_bits(Random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t below(Random *random, uint64_t limit)
{
    return random_bits(random) % limit;
}

static uint64_t compose(Layout l, uint64_t sign, int64_t biased, uint64_t frac)
{
    int64_t max = (1 << l.exp_bits) - 1;
    uint64_t exp = biased < 0 ? 0 : biased > max ? (uint64_t)max : (uint64_t)biased;

    return (sign & 1) << (l.frac_bits + l.exp_bits) | exp << l.frac_bits |
           (frac & ((UINT64_C(1) << l.frac_bits) - 1));
}

static size_t fill_corners(Layout l, uint64_t *out)
{
    uint64_t ones = (UINT64_C(1) << l.frac_bits) - 1, quiet = UINT64_C(1) << (l.frac_bits - 1);
    int64_t max = (1 << l.exp_bits) - 1, bias = max / 2;
    const struct {
        int64_t biased;
        uint64_t frac;
    } positive[] = {
        // Zero and subnormals.
        {0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, quiet}, {0, quiet + 1}, {0, ones - 1}, {0, ones},
        // The least normal numbers.
        {1, 0}, {1, 1}, {1, ones}, {2, 0}, {2, 1},
        // About 1/4, 1/2, 1, 3/2, 2, 5/2, 3, 4.
        {bias - 2, 0}, {bias - 1, 0}, {bias - 1, 1}, {bias - 1, ones}, {bias, 0}, {bias, 1},
        {bias, quiet - 1}, {bias, quiet}, {bias, ones}, {bias + 1, 0}, {bias + 1, quiet / 2},
        {bias + 1, quiet}, {bias + 2, 0},
        // Where fractions end.
        {bias + l.frac_bits - 1, 1}, {bias + l.frac_bits, ones}, {bias + l.frac_bits + 1, 1},
        // The ends of the integer types.
        {bias + 30, ones}, {bias + 31, 0}, {bias + 31, ones}, {bias + 32, 0},
        {bias + 62, ones}, {bias + 63, 0}, {bias + 63, ones}, {bias + 64, 0},
        // Products of these are at the ends of the range.
        {bias / 2, 0}, {bias + bias / 2, ones},
        // The greatest numbers, infinity, quiet and signalling NaNs.
        {max - 2, ones}, {max - 1, 0}, {max - 1, ones - 1}, {max - 1, ones}, {max, 0},
        {max, quiet}, {max, quiet | 0x155}, {max, 1}, {max, quiet - 1},
    };
    size_t count = 0;

    for (size_t i = 0; i < LENGTH(positive); i++) {
        out[count++] = compose(l, 0, positive[i].biased, positive[i].frac);
        out[count++] = compose(l, 1, positive[i].biased, positive[i].frac);
    }
    return count;
}

// Powers of two and their neighbours, of either sign.
static size_t fill_integer_corners(uint64_t *out)
{
    size_t count = 0;

    for (uint32_t bit = 0; bit < 64; bit += bit < 20 ? 10 : 1) {
        for (uint64_t offset = 0; offset < 3; offset++) {
            uint64_t value = (UINT64_C(1) << bit) + offset - 1;

            out[count++] = value;
            out[count++] = 0 - value;
        }
    }
    return count;
}

const uint64_t *fp_corners(uint32_t width, size_t *count)
{
    static uint64_t tables[3][128], integers[400];
    static size_t counts[3], integer_count;
    size_t i = width / 32;

    if (width == 0) {
        integer_count = integer_count ? integer_count : fill_integer_corners(integers);
        *count = integer_count;
        return integers;
    }
    if (!counts[i]) {
        counts[i] = fill_corners(layout_of(width), tables[i]);
    }
    *count = counts[i];
    return tables[i];
}

// Zeros with a short run of ones somewhere, or ones with a gap.
static uint64_t sparse_frac(Random *random, Layout l)
{
    uint64_t high = below(random, l.frac_bits + 1), low = below(random, l.frac_bits + 1);
    uint64_t run = (UINT64_C(1) << high) - (UINT64_C(1) << low);

    return random_bits(random) & 1 ? run : run ^ (UINT64_C(1) << below(random, l.frac_bits));
}

static uint64_t one_operand(Random *random, uint32_t width)
{
    Layout l = layout_of(width);
    int64_t max = (1 << l.exp_bits) - 1, bias = max / 2;
    uint64_t r = random_bits(random), frac = r >> 12, sign = r >> 11;
    size_t count;
    const uint64_t *corners;

    switch (r & 7) {
    case 0: return width == 64 ? random_bits(random) : random_bits(random) >> (64 - width);
    case 1: return compose(l, sign, bias - 8 + (int64_t)below(random, 17), frac);
    case 2: corners = fp_corners(width, &count); return corners[below(random, count)];
    case 3: return compose(l, sign, bias - 3 + (int64_t)below(random, 72), frac);
    case 4:
        return compose(l, sign, (int64_t)below(random, 2 + l.frac_bits * 3 / 2),
                       sparse_frac(random, l));
    case 5: return compose(l, sign, bias / 2 - 40 + (int64_t)below(random, 80), frac);
    case 6:
        return compose(l, sign, (int64_t)below(random, (uint64_t)max + 1), sparse_frac(random, l));
    default: return compose(l, sign, bias - 4 + (int64_t)below(random, 9), sparse_frac(random, l));
    }
}

// Like `a`, with the exponent moved by up to a significand's length either way, and few or no
// fraction bits changed.
static uint64_t relative_of(Random *random, uint32_t width, uint64_t a)
{
    Layout l = layout_of(width);
    uint64_t r = random_bits(random), frac = a;
    int64_t biased = (int64_t)(a >> l.frac_bits & ((UINT64_C(1) << l.exp_bits) - 1));

    if (r & 1) {
        biased += (int64_t)below(random, 2 * l.frac_bits + 8) - l.frac_bits - 4;
    } else {
        biased += (int64_t)below(random, 3) - 1;
    }
    if (r & 2) {
        frac ^= UINT64_C(1) << below(random, l.frac_bits);
    } else if (r & 4) {
        frac = sparse_frac(random, l);
    }
    return compose(l, r >> 3, biased, frac);
}

void fp_operands(Random *random, uint32_t width, uint64_t *operands, size_t count)
{
    if (width == 0) {
        uint64_t run = sparse_frac(random, (Layout){63, 0}) >> below(random, 40);
        uint64_t dense = random_bits(random) >> below(random, 64);

        *operands =
            (random_bits(random) & 1 ? run : dense) ^ (random_bits(random) & 1 ? UINT64_MAX : 0);
        return;
    }
    operands[0] = one_operand(random, width);
    for (size_t i = 1; i < count; i++) {
        uint64_t choice = random_bits(random) % 4;

        if (choice == 0) {
            operands[i] = relative_of(random, width, operands[i - 1]);
        } else if (choice == 1 && i == 2) {
            FpEnv env = {.rounding = FP_RTZ};
            uint64_t product = width == 64
                                   ? f64_mul(&env, operands[0], operands[1])
                                   : f32_mul(&env, (uint32_t)operands[0], (uint32_t)operands[1]);
            operands[i] = relative_of(random, width, product);
        } else {
            operands[i] = one_operand(random, width);
        }
    }
}
