// SPDX-License-Identifier: GPL-2.0-or-later
// Arithmetic: add, subtract, multiply, divide, square root, fused multiply-add.
// IEEE 754-2019, 5.4.1 and 6.1 to 6.3.
//
// Each operation has three parts: a finite part on unpacked nonzero numbers; a rare part that
// settles NaNs, infinities and zeros and passes subnormals on; and the dispatch between them, one
// test of all operands' kinds.
#include "fpu/fp-core.h"

// An exact zero from operands of opposite signs.
static uint64_t exact_zero(FpFormat f, const FpEnv *env)
{
    return fp_zero(f, env->rounding == FP_RDN);
}

// Addition and subtraction.

FP_INLINE uint64_t add_finite(FpFormat f, FpEnv *env, FpParts a, FpParts b)
{
    bool swap = a.exp < b.exp || (a.exp == b.exp && a.sig < b.sig);
    // Which operand is larger and whether signs differ is unpredictable: masks, not branches.
    uint64_t exchange = (a.sig ^ b.sig) & (0 - (uint64_t)swap);
    uint64_t negate = 0 - (uint64_t)(a.sign ^ b.sign);
    uint8_t sign = swap ? b.sign : a.sign;
    int32_t distance = a.exp - b.exp, exp = swap ? b.exp : a.exp;
    // One bit of room for the carry; the low bit given up is zero in all formats of this core.
    uint64_t x = (a.sig ^ exchange) >> 1;
    uint64_t y = fp_shift_right_sticky((b.sig ^ exchange) >> 1,
                                       (uint32_t)(distance < 0 ? -distance : distance));
    uint64_t sum = x + ((y ^ negate) - negate);

    if (FP_UNLIKELY(sum == 0)) {
        return exact_zero(f, env);
    }
    int32_t zeros = __builtin_clzll(sum);
    return fp_round_pack(f, env, sign, exp + 1 - zeros, sum << zeros);
}

// `ub` is b's pattern before any negation: a NaN keeps its sign.
static FP_RARE uint64_t add_rare(FpFormat f, FpEnv *env, uint64_t ua, uint64_t ub, FpParts a,
                                 FpParts b)
{
    uint32_t kinds = a.kind | b.kind;

    if (kinds & FP_NANS) {
        return fp_nan2(f, env, ua, ub);
    }
    if (a.kind & b.kind & FP_INF && a.sign != b.sign) {
        return fp_invalid(f, env);
    }
    fp_note_kinds(env, kinds);
    if (kinds & FP_INF) {
        return fp_inf(f, a.kind & FP_INF ? a.sign : b.sign);
    }
    if (a.kind & b.kind & FP_ZERO) {
        return a.sign == b.sign ? fp_zero(f, a.sign) : exact_zero(f, env);
    }
    if (kinds & FP_ZERO) { // through rounding all the same: the other operand may be subnormal
        FpParts p = a.kind & FP_ZERO ? b : a;
        return fp_round_pack(f, env, p.sign, p.exp, p.sig);
    }
    return add_finite(f, env, a, b);
}

FP_INLINE uint64_t fp_add(FpFormat f, FpEnv *env, uint64_t ua, uint64_t ub, uint8_t negate_b)
{
    FpParts a = fp_unpack(f, env, ua), b = fp_unpack(f, env, ub);

    b.sign ^= negate_b;
    if (FP_UNLIKELY(a.kind | b.kind)) {
        return add_rare(f, env, ua, ub, a, b);
    }
    return add_finite(f, env, a, b);
}

// Multiplication.

FP_INLINE uint64_t mul_finite(FpFormat f, FpEnv *env, FpParts a, FpParts b)
{
    FpWide product = (FpWide)a.sig * b.sig;
    uint64_t sig = (uint64_t)(product >> 64) | ((uint64_t)product != 0);
    uint32_t low = !(sig >> 63); // the product of two significands in [1, 2) is in [1, 4)

    return fp_round_pack(f, env, a.sign ^ b.sign, a.exp + b.exp + 1 - (int32_t)low, sig << low);
}

static FP_RARE uint64_t mul_rare(FpFormat f, FpEnv *env, uint64_t ua, uint64_t ub, FpParts a,
                                 FpParts b)
{
    uint32_t kinds = a.kind | b.kind;

    if (kinds & FP_NANS) {
        return fp_nan2(f, env, ua, ub);
    }
    if (kinds & FP_INF && kinds & FP_ZERO) {
        return fp_invalid(f, env);
    }
    fp_note_kinds(env, kinds);
    if (kinds & FP_INF) {
        return fp_inf(f, a.sign ^ b.sign);
    }
    if (kinds & FP_ZERO) {
        return fp_zero(f, a.sign ^ b.sign);
    }
    return mul_finite(f, env, a, b);
}

FP_INLINE uint64_t fp_mul(FpFormat f, FpEnv *env, uint64_t ua, uint64_t ub)
{
    FpParts a = fp_unpack(f, env, ua), b = fp_unpack(f, env, ub);

    if (FP_UNLIKELY(a.kind | b.kind)) {
        return mul_rare(f, env, ua, ub, a, b);
    }
    return mul_finite(f, env, a, b);
}

// Division.

FP_INLINE uint64_t div_finite(FpFormat f, FpEnv *env, FpParts a, FpParts b)
{
    // Halve the dividend if need be, so that the quotient is in [1/2, 1) and has its leading one in
    // a fixed place.
    uint32_t halve = a.sig >= b.sig;
    uint64_t dividend = a.sig >> halve, sig;

    if (fp_frac_bits(f) < 30) {
        // Both significands end above bit 32: a 32-bit quotient is enough and exact.
        uint64_t divisor = b.sig >> 32;
        sig = dividend / divisor << 32 | (dividend % divisor != 0);
    } else {
        sig = (uint64_t)(((FpWide)dividend << 64) / b.sig);
        // The remainder's low half, negated: zero only for a zero remainder.
        sig |= sig * b.sig != 0;
    }
    return fp_round_pack(f, env, a.sign ^ b.sign, a.exp - b.exp - 1 + (int32_t)halve, sig);
}

static FP_RARE uint64_t div_rare(FpFormat f, FpEnv *env, uint64_t ua, uint64_t ub, FpParts a,
                                 FpParts b)
{
    uint8_t sign = a.sign ^ b.sign;

    if ((a.kind | b.kind) & FP_NANS) {
        return fp_nan2(f, env, ua, ub);
    }
    if (a.kind & b.kind & (FP_INF | FP_ZERO)) {
        return fp_invalid(f, env);
    }
    if (b.kind & FP_ZERO && !(a.kind & FP_INF)) {
        fp_raise(env, FP_DZ);
        return fp_inf(f, sign);
    }
    fp_note_kinds(env, a.kind | b.kind);
    if (a.kind & FP_INF) {
        return fp_inf(f, sign);
    }
    if (a.kind & FP_ZERO || b.kind & FP_INF) {
        return fp_zero(f, sign);
    }
    return div_finite(f, env, a, b);
}

FP_INLINE uint64_t fp_div(FpFormat f, FpEnv *env, uint64_t ua, uint64_t ub)
{
    FpParts a = fp_unpack(f, env, ua), b = fp_unpack(f, env, ub);

    if (FP_UNLIKELY(a.kind | b.kind)) {
        return div_rare(f, env, ua, ub, a, b);
    }
    return div_finite(f, env, a, b);
}

// Square root.

// rsqrt_table[i] = floor(2^15 / sqrt((i + 32.5) / 128)), but at most 65535: 1 / sqrt(M) for M from
// (i + 32) / 128 to (i + 33) / 128.
static const uint16_t rsqrt_table[96] = {
    65029, 64051, 63116, 62221, 61363, 60539, 59748, 58987, 58254, 57548, 56867, 56209,
    55574, 54960, 54366, 53790, 53233, 52692, 52168, 51659, 51165, 50684, 50217, 49763,
    49320, 48890, 48470, 48061, 47662, 47273, 46893, 46523, 46160, 45807, 45461, 45123,
    44792, 44469, 44153, 43843, 43539, 43242, 42951, 42665, 42386, 42111, 41842, 41578,
    41319, 41065, 40815, 40570, 40329, 40093, 39860, 39632, 39407, 39187, 38970, 38756,
    38546, 38339, 38136, 37936, 37739, 37545, 37353, 37165, 36980, 36797, 36617, 36440,
    36265, 36093, 35923, 35756, 35590, 35428, 35267, 35108, 34952, 34798, 34645, 34495,
    34347, 34200, 34056, 33913, 33772, 33633, 33495, 33359, 33225, 33092, 32961, 32832,
};

// For m in [2^62, 2^64): returns s, within a few units of sqrt(m), the remainder m - s * s, and
// about 2^63 / sqrt(m) to a relative error below 2^-25. Newton's iterations r += r * (1 - M * r *
// r) / 2 in fixed point double the table's 7 good bits twice; one step on the root itself then
// gives it 32.
FP_INLINE uint64_t root_32(uint64_t m, int64_t *rem, uint64_t *reciprocal)
{
    uint64_t m_high = m >> 32;                                       // M, 32 fraction bits
    uint64_t r = rsqrt_table[(m >> 57) - 32];                        // 15 fraction bits
    uint64_t t = 3 * (UINT64_C(1) << 30) - (m_high * (r * r) >> 32); // 3 - M r r, 30 fraction bits

    r = r * t >> 15; // 31 fraction bits from here on, the halving included
    t = 3 * (UINT64_C(1) << 30) - (m_high * (r * r >> 32) >> 32);
    r = r * t >> 31;

    uint64_t s = m_high * r >> 31;
    s += (int64_t)(m - s * s) / 4096 * (int64_t)r >> 52;
    *rem = (int64_t)(m - s * s);
    *reciprocal = r;
    return s;
}

FP_INLINE uint64_t sqrt_finite(FpFormat f, FpEnv *env, FpParts a)
{
    // value = sig / 2^64 * 2^(exp + 1): halve sig to make that exponent even.
    uint32_t odd = !(a.exp & 1);
    uint64_t m = a.sig >> odd, reciprocal;
    int32_t exp = ((a.exp + 1 + (int32_t)odd) >> 1) - 1;
    int64_t rem;
    uint64_t s = root_32(m, &rem, &reciprocal);
    uint32_t bits = 32;

    if (fp_frac_bits(f) > 30) {
        // 22 bits more: (s * 2^22 + d)^2 = m * 2^44 gives d = rem * 2^21 / s but for d * d, which
        // is too small to matter.
        int64_t d = (rem >> 2) * (int64_t)reciprocal >> 40;
        FpWide square;

        bits = 54;
        s = (s << 22) + (uint64_t)d;
        square = (FpWide)s * s;
        rem = (int64_t)((uint64_t)(m << 44) - (uint64_t)square);
    }
    // The estimates are good to a unit or two; the exact remainder, which fits 64 bits, decides.
    while (FP_UNLIKELY(rem < 0)) {
        s--;
        rem += (int64_t)(2 * s + 1);
    }
    while (FP_UNLIKELY(rem > (int64_t)(2 * s))) {
        rem -= (int64_t)(2 * s + 1);
        s++;
    }
    return fp_round_pack(f, env, 0, exp, s << (64 - bits) | (rem != 0));
}

static FP_RARE uint64_t sqrt_rare(FpFormat f, FpEnv *env, uint64_t ua, FpParts a)
{
    if (a.kind & FP_NANS) {
        return fp_nan1(f, env, ua);
    }
    if (a.kind & FP_ZERO) {
        return fp_zero(f, a.sign);
    }
    if (a.sign) {
        return fp_invalid(f, env);
    }
    fp_note_kinds(env, a.kind);
    return a.kind & FP_INF ? ua : sqrt_finite(f, env, a);
}

FP_INLINE uint64_t fp_sqrt(FpFormat f, FpEnv *env, uint64_t ua)
{
    FpParts a = fp_unpack(f, env, ua);

    if (FP_UNLIKELY(a.kind | a.sign)) {
        return sqrt_rare(f, env, ua, a);
    }
    return sqrt_finite(f, env, a);
}

// Fused multiply-add.

FP_INLINE FpWide wide_shift_right_sticky(FpWide x, uint32_t count)
{
    if (FP_UNLIKELY(count > 127)) {
        return x != 0;
    }
    return x >> count | ((x & (((FpWide)1 << count) - 1)) != 0);
}

// Rounds sign, sig * 2^(exp - 127) for any nonzero sig.
FP_INLINE uint64_t round_pack_wide(FpFormat f, FpEnv *env, uint8_t sign, int32_t exp, FpWide sig)
{
    uint64_t high = (uint64_t)(sig >> 64);
    int32_t zeros = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)sig);

    sig <<= zeros;
    return fp_round_pack(f, env, sign, exp - zeros, (uint64_t)(sig >> 64) | ((uint64_t)sig != 0));
}

// The exact product as a 128-bit significand with its leading one in bit 126.
typedef struct Product {
    FpWide sig;
    int32_t exp;
    uint8_t sign;
} Product;

FP_INLINE Product product_of(FpParts a, FpParts b)
{
    FpWide product = (FpWide)a.sig * b.sig; // at least 22 low bits are zero
    uint32_t high = (uint32_t)(product >> 127);

    return (Product){
        .sig = product >> high, .exp = a.exp + b.exp + (int32_t)high, .sign = a.sign ^ b.sign};
}

FP_INLINE uint64_t fma_finite(FpFormat f, FpEnv *env, FpParts a, FpParts b, FpParts c)
{
    Product p = product_of(a, b);
    Product q = {.sig = (FpWide)c.sig << 63, .exp = c.exp, .sign = c.sign};
    bool swap = p.exp < q.exp || (p.exp == q.exp && p.sig < q.sig);
    Product large = swap ? q : p, small = swap ? p : q;
    FpWide addend = wide_shift_right_sticky(small.sig, (uint32_t)(large.exp - small.exp));
    FpWide negate = (FpWide)0 - (large.sign ^ small.sign);
    FpWide sum = large.sig + ((addend ^ negate) - negate);

    if (FP_UNLIKELY(sum == 0)) {
        return exact_zero(f, env);
    }
    return round_pack_wide(f, env, large.sign, large.exp + 1, sum);
}

static uint64_t fma_nan(FpFormat f, FpEnv *env, const uint64_t operands[3], bool invalid_product)
{
    if (invalid_product && env->nan_rule == FP_NAN_CANONICAL) {
        fp_raise(env, FP_NV);
    }
    return fp_nan3(f, env, operands);
}

static FP_RARE uint64_t fma_rare(FpFormat f, FpEnv *env, const uint64_t operands[3], FpParts a,
                                 FpParts b, FpParts c)
{
    uint32_t factors = a.kind | b.kind;
    bool invalid_product = factors & FP_INF && factors & FP_ZERO;
    uint8_t sign = a.sign ^ b.sign;

    if ((factors | c.kind) & FP_NANS) {
        return fma_nan(f, env, operands, invalid_product);
    }
    if (invalid_product || (factors & c.kind & FP_INF && sign != c.sign)) {
        return fp_invalid(f, env);
    }
    fp_note_kinds(env, factors | c.kind);
    if ((factors | c.kind) & FP_INF) {
        return fp_inf(f, factors & FP_INF ? sign : c.sign);
    }
    if (factors & FP_ZERO) {
        if (c.kind & FP_ZERO) {
            return sign == c.sign ? fp_zero(f, sign) : exact_zero(f, env);
        }
        return fp_round_pack(f, env, c.sign, c.exp, c.sig);
    }
    if (c.kind & FP_ZERO) {
        return mul_finite(f, env, a, b);
    }
    return fma_finite(f, env, a, b, c);
}

FP_INLINE uint64_t fp_fma(FpFormat f, FpEnv *env, uint64_t ua, uint64_t ub, uint64_t uc)
{
    FpParts a = fp_unpack(f, env, ua), b = fp_unpack(f, env, ub), c = fp_unpack(f, env, uc);

    if (FP_UNLIKELY(a.kind | b.kind | c.kind)) {
        return fma_rare(f, env, (const uint64_t[]){ua, ub, uc}, a, b, c);
    }
    return fma_finite(f, env, a, b, c);
}

// The exported functions.

uint32_t f32_add(FpEnv *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_add(FP_F32, env, a, b, 0);
}

uint64_t f64_add(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_add(FP_F64, env, a, b, 0);
}

uint32_t f32_sub(FpEnv *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_add(FP_F32, env, a, b, 1);
}

uint64_t f64_sub(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_add(FP_F64, env, a, b, 1);
}

uint32_t f32_mul(FpEnv *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_mul(FP_F32, env, a, b);
}

uint64_t f64_mul(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_mul(FP_F64, env, a, b);
}

uint32_t f32_div(FpEnv *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_div(FP_F32, env, a, b);
}

uint64_t f64_div(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_div(FP_F64, env, a, b);
}

uint32_t f32_sqrt(FpEnv *env, uint32_t a)
{
    return (uint32_t)fp_sqrt(FP_F32, env, a);
}

uint64_t f64_sqrt(FpEnv *env, uint64_t a)
{
    return fp_sqrt(FP_F64, env, a);
}

uint32_t f32_fma(FpEnv *env, uint32_t a, uint32_t b, uint32_t c)
{
    return (uint32_t)fp_fma(FP_F32, env, a, b, c);
}

uint64_t f64_fma(FpEnv *env, uint64_t a, uint64_t b, uint64_t c)
{
    return fp_fma(FP_F64, env, a, b, c);
}
