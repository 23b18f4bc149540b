// SPDX-License-Identifier: GPL-2.0-or-later
// Software floating point: IEEE 754-2019 binary16, binary32 and binary64 on bit patterns, with what
// the standard leaves to an implementation chosen at run time, so that every guest gets its own
// results on every host.
//
//     FpEnv env = {.rounding = FP_RUP};              // everything else zero: RISC-V's choices
//     uint64_t sum = f64_add(&env, a, b);            // env.flags has gathered FP_NX, FP_OF, ...
//
// Values travel as uint16_t, uint32_t and uint64_t patterns; host floating point is never used. All
// functions are total: any pattern in, a defined pattern out. They only ever OR into env->flags and
// read nothing but their arguments. Not modelled: binary128, x87's 80 bits, decimal formats, ARM's
// alternative half precision, trapping exceptions.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Rounding directions, numbered as RISC-V's frm.
enum {
    FP_RNE = 0, // to nearest, ties to even
    FP_RTZ = 1, // toward zero
    FP_RDN = 2, // toward minus infinity
    FP_RUP = 3, // toward plus infinity
    FP_RMM = 4, // to nearest, ties away from zero
};

// Exception flags, numbered as RISC-V's fflags; FP_DE is x86's "denormal operand", outside fflags.
enum {
    FP_NX = 1,  // inexact
    FP_UF = 2,  // underflow: tiny and inexact
    FP_OF = 4,  // overflow
    FP_DZ = 8,  // divide by zero
    FP_NV = 16, // invalid operation
    FP_DE = 32, // subnormal operand, raised only where env->denormal_flag asks for it
};

// Which NaN an operation delivers.
enum {
    FP_NAN_CANONICAL = 0, // always the positive default quiet NaN (RISC-V; ARM with FPCR.DN)
    FP_NAN_X86 = 1,       // the first NaN operand, quieted; the default is negative (SSE, AVX)
};

// What conversion to an integer delivers for NaN and for values out of range; the flag is FP_NV in
// any case.
enum {
    FP_INT_SATURATE = 0, // the nearest representable integer; NaN gives the largest (RISC-V)
    FP_INT_X86 = 1,      // the "integer indefinite": lowest for signed, all ones for unsigned
};

// Plain data, part of a CPU's state where a target likes. All zero is RISC-V with frm = RNE.
typedef struct FpEnv {
    uint8_t rounding;        // FP_RNE ... FP_RMM
    uint8_t flags;           // FP_NX | ...; sticky, cleared by the owner only
    uint8_t tininess_before; // bool: underflow is judged before rounding (ARM), not after
    uint8_t nan_rule;        // FP_NAN_*
    uint8_t int_rule;        // FP_INT_*
    uint8_t ftz;             // bool: tiny results become zero, FP_UF | FP_NX (MXCSR.FTZ); not f16
    uint8_t daz;             // bool: subnormal operands count as zeros (MXCSR.DAZ); not f16
    uint8_t denormal_flag;   // raised for a subnormal operand not hidden by daz: 0 or FP_DE
} FpEnv;

// Result of a four-way comparison.
typedef enum FpOrder { FP_LESS = -1, FP_EQUAL = 0, FP_GREATER = 1, FP_UNORDERED = 2 } FpOrder;

// Classes as RISC-V's fclass reports them; a class function returns exactly one bit.
enum {
    FP_CLASS_NEG_INF = 1 << 0,
    FP_CLASS_NEG_NORMAL = 1 << 1,
    FP_CLASS_NEG_SUBNORMAL = 1 << 2,
    FP_CLASS_NEG_ZERO = 1 << 3,
    FP_CLASS_POS_ZERO = 1 << 4,
    FP_CLASS_POS_SUBNORMAL = 1 << 5,
    FP_CLASS_POS_NORMAL = 1 << 6,
    FP_CLASS_POS_INF = 1 << 7,
    FP_CLASS_SNAN = 1 << 8,
    FP_CLASS_QNAN = 1 << 9,
};

// Arithmetic, rounded by env->rounding.
uint32_t f32_add(FpEnv *env, uint32_t a, uint32_t b);
uint64_t f64_add(FpEnv *env, uint64_t a, uint64_t b);
uint32_t f32_sub(FpEnv *env, uint32_t a, uint32_t b);
uint64_t f64_sub(FpEnv *env, uint64_t a, uint64_t b);
uint32_t f32_mul(FpEnv *env, uint32_t a, uint32_t b);
uint64_t f64_mul(FpEnv *env, uint64_t a, uint64_t b);
uint32_t f32_div(FpEnv *env, uint32_t a, uint32_t b);
uint64_t f64_div(FpEnv *env, uint64_t a, uint64_t b);
uint32_t f32_sqrt(FpEnv *env, uint32_t a);
uint64_t f64_sqrt(FpEnv *env, uint64_t a);

// a * b + c, rounded once. The caller flips signs of a or c for the negated forms (RISC-V; on x86,
// whose rule passes NaN operands through, of non-NaN operands only). Infinity * 0 + quiet NaN
// raises FP_NV under FP_NAN_CANONICAL and is silent under FP_NAN_X86. NaN operands rank a, b, c.
uint32_t f32_fma(FpEnv *env, uint32_t a, uint32_t b, uint32_t c);
uint64_t f64_fma(FpEnv *env, uint64_t a, uint64_t b, uint64_t c);

// Comparisons. The plain lt and le and compare_signaling raise FP_NV for any NaN, the others for
// signalling NaNs only; the predicates are false when unordered. (RISC-V's feq, flt, fle are
// f64_eq, f64_lt, f64_le.)
bool f32_eq(FpEnv *env, uint32_t a, uint32_t b);
bool f64_eq(FpEnv *env, uint64_t a, uint64_t b);
bool f32_eq_signaling(FpEnv *env, uint32_t a, uint32_t b);
bool f64_eq_signaling(FpEnv *env, uint64_t a, uint64_t b);
bool f32_lt(FpEnv *env, uint32_t a, uint32_t b);
bool f64_lt(FpEnv *env, uint64_t a, uint64_t b);
bool f32_lt_quiet(FpEnv *env, uint32_t a, uint32_t b);
bool f64_lt_quiet(FpEnv *env, uint64_t a, uint64_t b);
bool f32_le(FpEnv *env, uint32_t a, uint32_t b);
bool f64_le(FpEnv *env, uint64_t a, uint64_t b);
bool f32_le_quiet(FpEnv *env, uint32_t a, uint32_t b);
bool f64_le_quiet(FpEnv *env, uint64_t a, uint64_t b);
FpOrder f32_compare_quiet(FpEnv *env, uint32_t a, uint32_t b);
FpOrder f64_compare_quiet(FpEnv *env, uint64_t a, uint64_t b);
FpOrder f32_compare_signaling(FpEnv *env, uint32_t a, uint32_t b);
FpOrder f64_compare_signaling(FpEnv *env, uint64_t a, uint64_t b);

// IEEE 754-2019 minimumNumber and maximumNumber with -0 < +0 (RISC-V F/D 2.2 fmin, fmax): one NaN
// gives the other operand, two give the default NaN of env->nan_rule; signalling NaNs raise FP_NV.
uint32_t f32_min(FpEnv *env, uint32_t a, uint32_t b);
uint64_t f64_min(FpEnv *env, uint64_t a, uint64_t b);
uint32_t f32_max(FpEnv *env, uint32_t a, uint32_t b);
uint64_t f64_max(FpEnv *env, uint64_t a, uint64_t b);

// SSE's MINSD and MAXSD: `b` itself unless a < b (a > b); so for any NaN, which raises FP_NV, and
// for two zeros.
uint32_t f32_min_x86(FpEnv *env, uint32_t a, uint32_t b);
uint64_t f64_min_x86(FpEnv *env, uint64_t a, uint64_t b);
uint32_t f32_max_x86(FpEnv *env, uint32_t a, uint32_t b);
uint64_t f64_max_x86(FpEnv *env, uint64_t a, uint64_t b);

// The FP_CLASS_ bit of a value; no flags, not subject to daz.
uint32_t f32_class(uint32_t a);
uint32_t f64_class(uint64_t a);

// Between formats, rounded by env->rounding where narrowing.
uint32_t f16_to_f32(FpEnv *env, uint16_t a);
uint64_t f16_to_f64(FpEnv *env, uint16_t a);
uint16_t f32_to_f16(FpEnv *env, uint32_t a);
uint64_t f32_to_f64(FpEnv *env, uint32_t a);
uint16_t f64_to_f16(FpEnv *env, uint64_t a);
uint32_t f64_to_f32(FpEnv *env, uint64_t a);

// To integers, in the direction `rounding` (env->rounding is not looked at): FP_NX when a fraction
// was dropped; FP_NV alone and the result of env->int_rule for NaN or when the rounded value is out
// of range.
int32_t f32_to_i32(FpEnv *env, uint32_t a, uint8_t rounding);
int32_t f64_to_i32(FpEnv *env, uint64_t a, uint8_t rounding);
uint32_t f32_to_u32(FpEnv *env, uint32_t a, uint8_t rounding);
uint32_t f64_to_u32(FpEnv *env, uint64_t a, uint8_t rounding);
int64_t f32_to_i64(FpEnv *env, uint32_t a, uint8_t rounding);
int64_t f64_to_i64(FpEnv *env, uint64_t a, uint8_t rounding);
uint64_t f32_to_u64(FpEnv *env, uint32_t a, uint8_t rounding);
uint64_t f64_to_u64(FpEnv *env, uint64_t a, uint8_t rounding);

// From integers, rounded by env->rounding; zero gives +0.
uint32_t i32_to_f32(FpEnv *env, int32_t a);
uint64_t i32_to_f64(FpEnv *env, int32_t a);
uint32_t u32_to_f32(FpEnv *env, uint32_t a);
uint64_t u32_to_f64(FpEnv *env, uint32_t a);
uint32_t i64_to_f32(FpEnv *env, int64_t a);
uint64_t i64_to_f64(FpEnv *env, int64_t a);
uint32_t u64_to_f32(FpEnv *env, uint64_t a);
uint64_t u64_to_f64(FpEnv *env, uint64_t a);

// To an integral value in the same format, in the direction `rounding`, the sign kept for zeros;
// FP_NX when the value changed and `exact` is set.
uint32_t f32_round(FpEnv *env, uint32_t a, uint8_t rounding, bool exact);
uint64_t f64_round(FpEnv *env, uint64_t a, uint8_t rounding, bool exact);
