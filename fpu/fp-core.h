// SPDX-License-Identifier: GPL-2.0-or-later
// What the operations share: formats as values, unpacking to a normalised significand, and rounding
// back to a pattern. Private to fpu/. After IEEE 754-2019: 3.4 (encodings), 4.3 (rounding), 6.2
// (NaNs), 7.4 and 7.5 (overflow, underflow).
//
// An operation is written once, as an always-inline function of an FpFormat; the exported f32_ and
// f64_ functions call it with a constant, so that masks and shifts become immediates. Common
// operands take the inline paths; NaNs, infinities, zeros, subnormals and results near the ends of
// the range go to the out-of-line functions of fp-core.c.
//
//     1.5 in binary32 = 0x3fc00000 -> {.sig = 0xc000000000000000, .exp = 0, .sign = 0, .kind = 0}
//
// A significand fits 64 bits for all formats up to binary64 with at least ten bits to spare for
// guard and sticky. Formats of 64 significant bits and more (x87, binary128) need a wider FpParts
// and a core of their own beside this one.
#pragma once
#include "fpu/softfloat.h"

#define FP_INLINE      static inline __attribute__((always_inline))
#define FP_RARE        __attribute__((noinline))
#define FP_LIKELY(x)   __builtin_expect(!!(x), 1)
#define FP_UNLIKELY(x) __builtin_expect(!!(x), 0)

typedef unsigned __int128 FpWide;

// A format is one number, so that it folds away inline and costs one register out of line: stored
// fraction bits in bits 0-7, exponent bits in bits 8-15, and whether env->ftz and env->daz apply in
// bit 16.
typedef enum FpFormat {
    FP_F16 = 10 | 5 << 8,
    FP_F32 = 23 | 8 << 8 | 1 << 16,
    FP_F64 = 52 | 11 << 8 | 1 << 16,
} FpFormat;

// Kinds are bits so that operands can be tested together. A normal number has none; a subnormal is
// unpacked like a normal one and only remembers where it came from.
enum { FP_ZERO = 1, FP_INF = 2, FP_QNAN = 4, FP_SNAN = 8, FP_SUBNORMAL = 16 };
enum { FP_NANS = FP_QNAN | FP_SNAN };

// sign, sig * 2^(exp - 63) where kind allows; bit 63 of sig is set for every finite nonzero value.
typedef struct FpParts {
    uint64_t sig;
    int32_t exp;
    uint8_t kind;
    uint8_t sign; // 0 or 1
} FpParts;

FP_INLINE int32_t fp_frac_bits(FpFormat f)
{
    return f & 0xff;
}

FP_INLINE int32_t fp_exp_bits(FpFormat f)
{
    return f >> 8 & 0xff;
}

FP_INLINE bool fp_flushes(FpFormat f)
{
    return f >> 16;
}

FP_INLINE uint64_t fp_frac_mask(FpFormat f)
{
    return (UINT64_C(1) << fp_frac_bits(f)) - 1;
}

FP_INLINE uint32_t fp_exp_mask(FpFormat f)
{
    return (UINT32_C(1) << fp_exp_bits(f)) - 1;
}

FP_INLINE int32_t fp_bias(FpFormat f)
{
    return (INT32_C(1) << (fp_exp_bits(f) - 1)) - 1;
}

FP_INLINE uint64_t fp_zero(FpFormat f, uint8_t sign)
{
    return (uint64_t)sign << (fp_frac_bits(f) + fp_exp_bits(f));
}

FP_INLINE uint64_t fp_inf(FpFormat f, uint8_t sign)
{
    return fp_zero(f, sign) | (uint64_t)fp_exp_mask(f) << fp_frac_bits(f);
}

FP_INLINE uint64_t fp_quiet_bit(FpFormat f)
{
    return UINT64_C(1) << (fp_frac_bits(f) - 1);
}

FP_INLINE uint64_t fp_magnitude(FpFormat f, uint64_t a)
{
    return a & (fp_zero(f, 1) - 1);
}

FP_INLINE bool fp_is_nan(FpFormat f, uint64_t a)
{
    return fp_magnitude(f, a) > fp_inf(f, 0);
}

FP_INLINE bool fp_is_snan(FpFormat f, uint64_t a)
{
    return fp_is_nan(f, a) && !(a & fp_quiet_bit(f));
}

FP_INLINE void fp_raise(FpEnv *env, uint32_t flags)
{
    env->flags = (uint8_t)(env->flags | flags);
}

// fp-core.c: the rare cases.
FpParts fp_unpack_rare(FpFormat f, bool daz, uint64_t a);
uint64_t fp_round_pack_rare(FpFormat f, FpEnv *env, uint8_t sign, int32_t exp, uint64_t sig);
uint64_t fp_default_nan(FpFormat f, const FpEnv *env);
uint64_t fp_invalid(FpFormat f, FpEnv *env);          // raises FP_NV, returns the default NaN
uint64_t fp_nan1(FpFormat f, FpEnv *env, uint64_t a); // result of an operation on a NaN
uint64_t fp_nan2(FpFormat f, FpEnv *env, uint64_t a, uint64_t b); // at least one operand is a NaN
uint64_t fp_nan3(FpFormat f, FpEnv *env, const uint64_t operands[3]); // likewise

// A subnormal operand took part in an operation whose result no NaN decided.
FP_INLINE void fp_note_kinds(FpEnv *env, uint32_t kinds)
{
    if (kinds & FP_SUBNORMAL) {
        fp_raise(env, env->denormal_flag);
    }
}

FP_INLINE FpParts fp_unpack(FpFormat f, const FpEnv *env, uint64_t a)
{
    uint32_t biased = (uint32_t)(a >> fp_frac_bits(f)) & fp_exp_mask(f);

    if (FP_UNLIKELY(biased - 1 >= fp_exp_mask(f) - 1)) {
        return fp_unpack_rare(f, env->daz && fp_flushes(f), a);
    }
    return (FpParts){
        .sig = a << (63 - fp_frac_bits(f)) | UINT64_C(1) << 63,
        .exp = (int32_t)biased - fp_bias(f),
        .kind = 0,
        .sign = (uint8_t)(a >> (fp_frac_bits(f) + fp_exp_bits(f)) & 1),
    };
}

// Whether a value is rounded away from zero: `lsb` is the last bit kept (0 or 1), `rem` what is
// dropped, `half` half a unit.
FP_INLINE uint32_t fp_round_up(uint8_t rounding, uint8_t sign, uint64_t lsb, uint64_t rem,
                               uint64_t half)
{
    if (FP_LIKELY(rounding == FP_RNE)) {
        return rem + lsb > half;
    }
    switch (rounding) {
    case FP_RDN: return sign && rem;
    case FP_RUP: return !sign && rem;
    case FP_RMM: return rem >= half;
    default: return 0;
    }
}

// Rounds sign, sig * 2^(exp - 63) to a pattern and raises what IEEE 754 asks for. Bit 63 of sig is
// set; its bit 0 stands for itself and everything below ("sticky").
FP_INLINE uint64_t fp_round_pack(FpFormat f, FpEnv *env, uint8_t sign, int32_t exp, uint64_t sig)
{
    uint32_t drop = 63 - fp_frac_bits(f);
    uint32_t biased = (uint32_t)(exp + fp_bias(f));

    if (FP_UNLIKELY(biased - 1 >= fp_exp_mask(f) - 2)) {
        return fp_round_pack_rare(f, env, sign, exp, sig);
    }
    uint64_t rem = sig & ((UINT64_C(1) << drop) - 1);
    uint64_t kept = sig >> drop;

    kept += fp_round_up(env->rounding, sign, kept & 1, rem, UINT64_C(1) << (drop - 1));
    fp_raise(env, rem ? FP_NX : 0);
    // The leading one of `kept` adds 1 to the exponent field; so does a carry out of the fraction.
    return fp_zero(f, sign) + ((uint64_t)(biased - 1) << fp_frac_bits(f)) + kept;
}

// Shifts right, keeping a set bit 0 for any bit that falls out.
FP_INLINE uint64_t fp_shift_right_sticky(uint64_t x, uint32_t count)
{
    if (FP_UNLIKELY(count > 63)) {
        return x != 0;
    }
    return x >> count | ((x & ((UINT64_C(1) << count) - 1)) != 0);
}
