// SPDX-License-Identifier: GPL-2.0-or-later
// Conversions between formats, to and from integers, and rounding to an integral value.
// IEEE 754-2019, 5.4.1, 5.4.2, 5.8 and 5.9; RISC-V unprivileged ISA, "Single-Precision Floating-
// Point Conversion and Move Instructions" (saturation); Intel SDM vol. 1, table 4-1 (integer
// indefinite).
#include "fpu/fp-core.h"

// A NaN of one format as a NaN of another; payloads keep their high bits.
static uint64_t convert_nan(FpFormat from, FpFormat to, FpEnv *env, uint64_t a)
{
    uint64_t nan = fp_nan1(from, env, a), frac = nan & fp_frac_mask(from);

    if (env->nan_rule != FP_NAN_X86) {
        return fp_default_nan(to, env);
    }
    frac = fp_frac_bits(from) < fp_frac_bits(to) ? frac << (fp_frac_bits(to) - fp_frac_bits(from))
                                                 : frac >> (fp_frac_bits(from) - fp_frac_bits(to));
    return fp_inf(to, (uint8_t)(nan >> (fp_frac_bits(from) + fp_exp_bits(from)))) | frac;
}

static FP_RARE uint64_t convert_rare(FpFormat from, FpFormat to, FpEnv *env, uint64_t ua, FpParts a)
{
    if (a.kind & FP_NANS) {
        return convert_nan(from, to, env, ua);
    }
    if (a.kind & FP_INF) {
        return fp_inf(to, a.sign);
    }
    if (a.kind & FP_ZERO) {
        return fp_zero(to, a.sign);
    }
    if (fp_flushes(from)) {
        fp_note_kinds(env, a.kind);
    }
    return fp_round_pack(to, env, a.sign, a.exp, a.sig);
}

FP_INLINE uint64_t fp_convert(FpFormat from, FpFormat to, FpEnv *env, uint64_t ua)
{
    FpParts a = fp_unpack(from, env, ua);

    if (FP_UNLIKELY(a.kind)) {
        return convert_rare(from, to, env, ua, a);
    }
    return fp_round_pack(to, env, a.sign, a.exp, a.sig);
}

// An integer type; results travel as uint64_t, signed ones sign-extended.
typedef struct IntType {
    uint8_t bits;
    bool is_signed;
} IntType;

#define INT32  ((IntType){32, true})
#define UINT32 ((IntType){32, false})
#define INT64  ((IntType){64, true})
#define UINT64 ((IntType){64, false})

FP_INLINE uint64_t int_largest(IntType t)
{
    return UINT64_MAX >> (64 - t.bits + t.is_signed);
}

// The greatest magnitude a negative result may have.
FP_INLINE uint64_t int_lowest_magnitude(IntType t)
{
    return t.is_signed ? UINT64_C(1) << (t.bits - 1) : 0;
}

static FP_RARE uint64_t int_invalid(IntType t, FpEnv *env, bool is_nan, uint8_t sign)
{
    uint64_t lowest = 0 - int_lowest_magnitude(t);

    fp_raise(env, FP_NV);
    if (env->int_rule == FP_INT_X86) {
        return t.is_signed ? lowest : int_largest(t);
    }
    return sign && !is_nan ? lowest : int_largest(t);
}

FP_INLINE uint64_t fp_to_int(FpFormat f, IntType t, FpEnv *env, uint64_t ua, uint8_t rounding)
{
    FpParts a = fp_unpack(f, env, ua);
    uint64_t whole = 0, rem; // magnitude and, in units of 2^-64, fraction

    if (FP_UNLIKELY(a.kind & (FP_NANS | FP_INF | FP_ZERO))) {
        return a.kind & FP_ZERO ? 0 : int_invalid(t, env, a.kind & FP_NANS, a.sign);
    }
    if (a.exp > 63) {
        return int_invalid(t, env, false, a.sign);
    }
    if (a.exp >= 0) {
        whole = a.sig >> (63 - a.exp);
        rem = a.sig << a.exp << 1;
    } else {
        rem = a.exp == -1 ? a.sig : 1;
    }
    whole += fp_round_up(rounding, a.sign, whole & 1, rem, UINT64_C(1) << 63);
    if (FP_UNLIKELY(whole > (a.sign ? int_lowest_magnitude(t) : int_largest(t)))) {
        return int_invalid(t, env, false, a.sign);
    }
    fp_raise(env, rem ? FP_NX : 0);
    return a.sign ? 0 - whole : whole;
}

FP_INLINE uint64_t fp_from_int(FpFormat f, FpEnv *env, uint8_t sign, uint64_t magnitude)
{
    if (magnitude == 0) {
        return 0;
    }
    int32_t zeros = __builtin_clzll(magnitude);
    return fp_round_pack(f, env, sign, 63 - zeros, magnitude << zeros);
}

FP_INLINE uint64_t fp_from_signed(FpFormat f, FpEnv *env, int64_t a)
{
    return fp_from_int(f, env, a < 0, a < 0 ? 0 - (uint64_t)a : (uint64_t)a);
}

FP_INLINE uint64_t fp_round_integral(FpFormat f, FpEnv *env, uint64_t a, uint8_t rounding,
                                     bool exact)
{
    int32_t exp = (int32_t)((uint32_t)(a >> fp_frac_bits(f)) & fp_exp_mask(f)) - fp_bias(f);
    uint8_t sign = (uint8_t)(a >> (fp_frac_bits(f) + fp_exp_bits(f)) & 1);
    uint64_t result;

    if (exp >= fp_frac_bits(f)) {
        return fp_is_nan(f, a) ? fp_nan1(f, env, a) : a;
    }
    if (exp >= 0) {
        uint64_t unit = UINT64_C(1) << (fp_frac_bits(f) - exp), rem = a & (unit - 1);
        // For exp 0 the unit is the hidden one; in its place is the bias's last bit, also set.
        result = a - rem;
        if (fp_round_up(rounding, sign, (a & unit) != 0, rem, unit >> 1)) {
            result += unit;
        }
    } else {
        uint64_t magnitude = fp_magnitude(f, a), one = fp_inf(f, 0) >> 1 & ~fp_frac_mask(f);
        uint64_t half = one - fp_frac_mask(f) - 1;

        result = fp_zero(f, sign);
        if (magnitude == 0 || (env->daz && magnitude <= fp_frac_mask(f))) {
            return result;
        }
        // Patterns below one order as their values do: fit to compare with a half.
        if (fp_round_up(rounding, sign, 0, magnitude, half)) {
            result |= one;
        }
    }
    fp_raise(env, exact && result != a ? FP_NX : 0);
    return result;
}

// The exported functions.

uint32_t f16_to_f32(FpEnv *env, uint16_t a)
{
    return (uint32_t)fp_convert(FP_F16, FP_F32, env, a);
}

uint64_t f16_to_f64(FpEnv *env, uint16_t a)
{
    return fp_convert(FP_F16, FP_F64, env, a);
}

uint16_t f32_to_f16(FpEnv *env, uint32_t a)
{
    return (uint16_t)fp_convert(FP_F32, FP_F16, env, a);
}

uint64_t f32_to_f64(FpEnv *env, uint32_t a)
{
    return fp_convert(FP_F32, FP_F64, env, a);
}

uint16_t f64_to_f16(FpEnv *env, uint64_t a)
{
    return (uint16_t)fp_convert(FP_F64, FP_F16, env, a);
}

uint32_t f64_to_f32(FpEnv *env, uint64_t a)
{
    return (uint32_t)fp_convert(FP_F64, FP_F32, env, a);
}

int32_t f32_to_i32(FpEnv *env, uint32_t a, uint8_t rounding)
{
    return (int32_t)fp_to_int(FP_F32, INT32, env, a, rounding);
}

int32_t f64_to_i32(FpEnv *env, uint64_t a, uint8_t rounding)
{
    return (int32_t)fp_to_int(FP_F64, INT32, env, a, rounding);
}

uint32_t f32_to_u32(FpEnv *env, uint32_t a, uint8_t rounding)
{
    return (uint32_t)fp_to_int(FP_F32, UINT32, env, a, rounding);
}

uint32_t f64_to_u32(FpEnv *env, uint64_t a, uint8_t rounding)
{
    return (uint32_t)fp_to_int(FP_F64, UINT32, env, a, rounding);
}

int64_t f32_to_i64(FpEnv *env, uint32_t a, uint8_t rounding)
{
    return (int64_t)fp_to_int(FP_F32, INT64, env, a, rounding);
}

int64_t f64_to_i64(FpEnv *env, uint64_t a, uint8_t rounding)
{
    return (int64_t)fp_to_int(FP_F64, INT64, env, a, rounding);
}

uint64_t f32_to_u64(FpEnv *env, uint32_t a, uint8_t rounding)
{
    return fp_to_int(FP_F32, UINT64, env, a, rounding);
}

uint64_t f64_to_u64(FpEnv *env, uint64_t a, uint8_t rounding)
{
    return fp_to_int(FP_F64, UINT64, env, a, rounding);
}

uint32_t i32_to_f32(FpEnv *env, int32_t a)
{
    return (uint32_t)fp_from_signed(FP_F32, env, a);
}

uint64_t i32_to_f64(FpEnv *env, int32_t a)
{
    return fp_from_signed(FP_F64, env, a);
}

uint32_t u32_to_f32(FpEnv *env, uint32_t a)
{
    return (uint32_t)fp_from_int(FP_F32, env, 0, a);
}

uint64_t u32_to_f64(FpEnv *env, uint32_t a)
{
    return fp_from_int(FP_F64, env, 0, a);
}

uint32_t i64_to_f32(FpEnv *env, int64_t a)
{
    return (uint32_t)fp_from_signed(FP_F32, env, a);
}

uint64_t i64_to_f64(FpEnv *env, int64_t a)
{
    return fp_from_signed(FP_F64, env, a);
}

uint32_t u64_to_f32(FpEnv *env, uint64_t a)
{
    return (uint32_t)fp_from_int(FP_F32, env, 0, a);
}

uint64_t u64_to_f64(FpEnv *env, uint64_t a)
{
    return fp_from_int(FP_F64, env, 0, a);
}

uint32_t f32_round(FpEnv *env, uint32_t a, uint8_t rounding, bool exact)
{
    return (uint32_t)fp_round_integral(FP_F32, env, a, rounding, exact);
}

uint64_t f64_round(FpEnv *env, uint64_t a, uint8_t rounding, bool exact)
{
    return fp_round_integral(FP_F64, env, a, rounding, exact);
}
