// SPDX-License-Identifier: GPL-2.0-or-later
// Comparisons, minimum and maximum, classes: operations that never round.
// IEEE 754-2019, 5.11, 5.7.2 and 9.6; RISC-V unprivileged ISA, F 2.2; for the x86 forms the Intel
// SDM vol. 2, MINSD, MAXSD and (U)COMISD.
#include "fpu/fp-core.h"

// A zero in place of a subnormal where env->daz asks for it.
FP_INLINE uint64_t flush_operand(FpFormat f, const FpEnv *env, uint64_t a)
{
    bool subnormal = fp_magnitude(f, a) - 1 < fp_frac_mask(f);

    return subnormal && env->daz ? a & fp_zero(f, 1) : a;
}

FP_INLINE void note_subnormals(FpFormat f, FpEnv *env, uint64_t a, uint64_t b)
{
    if (env->denormal_flag &&
        (fp_magnitude(f, a) - 1 < fp_frac_mask(f) || fp_magnitude(f, b) - 1 < fp_frac_mask(f))) {
        fp_raise(env, env->denormal_flag);
    }
}

// Patterns as integers in the order of their values; the two zeros are 0 and -1.
FP_INLINE int64_t order_key(FpFormat f, uint64_t a)
{
    int64_t wide = (int64_t)(a << (63 - fp_frac_bits(f) - fp_exp_bits(f))); // the sign in bit 63

    return wide < 0 ? wide ^ INT64_MAX : wide;
}

FP_INLINE FpOrder fp_compare(FpFormat f, FpEnv *env, uint64_t a, uint64_t b, bool signaling)
{
    a = flush_operand(f, env, a);
    b = flush_operand(f, env, b);
    if (FP_UNLIKELY(fp_is_nan(f, a) || fp_is_nan(f, b))) {
        if (signaling || fp_is_snan(f, a) || fp_is_snan(f, b)) {
            fp_raise(env, FP_NV);
        }
        return FP_UNORDERED;
    }
    note_subnormals(f, env, a, b);
    if (a == b || fp_magnitude(f, a | b) == 0) {
        return FP_EQUAL;
    }
    return order_key(f, a) < order_key(f, b) ? FP_LESS : FP_GREATER;
}

FP_INLINE uint64_t fp_min_max(FpFormat f, FpEnv *env, uint64_t a, uint64_t b, bool max)
{
    a = flush_operand(f, env, a);
    b = flush_operand(f, env, b);
    if (FP_UNLIKELY(fp_is_nan(f, a) || fp_is_nan(f, b))) {
        if (fp_is_snan(f, a) || fp_is_snan(f, b)) {
            fp_raise(env, FP_NV);
        }
        if (!fp_is_nan(f, a)) {
            return a;
        }
        return fp_is_nan(f, b) ? fp_default_nan(f, env) : b;
    }
    note_subnormals(f, env, a, b);
    return (order_key(f, a) < order_key(f, b)) != max ? a : b;
}

// MINSD and MAXSD hand the second operand on as it is, NaN or zero.
FP_INLINE uint64_t fp_min_max_x86(FpFormat f, FpEnv *env, uint64_t a, uint64_t b, bool max)
{
    FpOrder order = fp_compare(f, env, a, b, true);

    return flush_operand(f, env, order == (max ? FP_GREATER : FP_LESS) ? a : b);
}

FP_INLINE uint32_t fp_class(FpFormat f, uint64_t a)
{
    uint64_t magnitude = fp_magnitude(f, a);
    bool negative = a != magnitude;

    if (magnitude > fp_inf(f, 0)) {
        return a & fp_quiet_bit(f) ? FP_CLASS_QNAN : FP_CLASS_SNAN;
    }
    if (magnitude == fp_inf(f, 0)) {
        return negative ? FP_CLASS_NEG_INF : FP_CLASS_POS_INF;
    }
    if (magnitude == 0) {
        return negative ? FP_CLASS_NEG_ZERO : FP_CLASS_POS_ZERO;
    }
    if (magnitude <= fp_frac_mask(f)) {
        return negative ? FP_CLASS_NEG_SUBNORMAL : FP_CLASS_POS_SUBNORMAL;
    }
    return negative ? FP_CLASS_NEG_NORMAL : FP_CLASS_POS_NORMAL;
}

// The exported functions.

bool f32_eq(FpEnv *env, uint32_t a, uint32_t b)
{
    return fp_compare(FP_F32, env, a, b, false) == FP_EQUAL;
}

bool f64_eq(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_compare(FP_F64, env, a, b, false) == FP_EQUAL;
}

bool f32_eq_signaling(FpEnv *env, uint32_t a, uint32_t b)
{
    return fp_compare(FP_F32, env, a, b, true) == FP_EQUAL;
}

bool f64_eq_signaling(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_compare(FP_F64, env, a, b, true) == FP_EQUAL;
}

bool f32_lt(FpEnv *env, uint32_t a, uint32_t b)
{
    return fp_compare(FP_F32, env, a, b, true) == FP_LESS;
}

bool f64_lt(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_compare(FP_F64, env, a, b, true) == FP_LESS;
}

bool f32_lt_quiet(FpEnv *env, uint32_t a, uint32_t b)
{
    return fp_compare(FP_F32, env, a, b, false) == FP_LESS;
}

bool f64_lt_quiet(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_compare(FP_F64, env, a, b, false) == FP_LESS;
}

bool f32_le(FpEnv *env, uint32_t a, uint32_t b)
{
    return fp_compare(FP_F32, env, a, b, true) <= FP_EQUAL;
}

bool f64_le(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_compare(FP_F64, env, a, b, true) <= FP_EQUAL;
}

bool f32_le_quiet(FpEnv *env, uint32_t a, uint32_t b)
{
    return fp_compare(FP_F32, env, a, b, false) <= FP_EQUAL;
}

bool f64_le_quiet(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_compare(FP_F64, env, a, b, false) <= FP_EQUAL;
}

FpOrder f32_compare_quiet(FpEnv *env, uint32_t a, uint32_t b)
{
    return fp_compare(FP_F32, env, a, b, false);
}

FpOrder f64_compare_quiet(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_compare(FP_F64, env, a, b, false);
}

FpOrder f32_compare_signaling(FpEnv *env, uint32_t a, uint32_t b)
{
    return fp_compare(FP_F32, env, a, b, true);
}

FpOrder f64_compare_signaling(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_compare(FP_F64, env, a, b, true);
}

uint32_t f32_min(FpEnv *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_min_max(FP_F32, env, a, b, false);
}

uint64_t f64_min(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_min_max(FP_F64, env, a, b, false);
}

uint32_t f32_max(FpEnv *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_min_max(FP_F32, env, a, b, true);
}

uint64_t f64_max(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_min_max(FP_F64, env, a, b, true);
}

uint32_t f32_min_x86(FpEnv *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_min_max_x86(FP_F32, env, a, b, false);
}

uint64_t f64_min_x86(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_min_max_x86(FP_F64, env, a, b, false);
}

uint32_t f32_max_x86(FpEnv *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_min_max_x86(FP_F32, env, a, b, true);
}

uint64_t f64_max_x86(FpEnv *env, uint64_t a, uint64_t b)
{
    return fp_min_max_x86(FP_F64, env, a, b, true);
}

uint32_t f32_class(uint32_t a)
{
    return fp_class(FP_F32, a);
}

uint32_t f64_class(uint64_t a)
{
    return fp_class(FP_F64, a);
}
