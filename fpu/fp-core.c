// SPDX-License-Identifier: GPL-2.0-or-later
// The rare half of the core: special operands, results that overflow or are tiny, and which NaN
// comes out. After IEEE 754-2019, 6.2 and 7.2 to 7.5; for FP_NAN_X86 the Intel SDM vol. 1, 4.8.3.4
// and 4.8.3.5 (NaN operands) and 10.2.3.3 and 10.2.3.4 (flush-to-zero, denormals-are-zeros).
#include "fpu/fp-core.h"

FP_RARE FpParts fp_unpack_rare(FpFormat f, bool daz, uint64_t a)
{
    uint64_t frac = a & fp_frac_mask(f);
    FpParts p = {.sign = (uint8_t)(a >> (fp_frac_bits(f) + fp_exp_bits(f)) & 1)};

    if (fp_magnitude(f, a) >= fp_inf(f, 0)) {
        p.kind = !frac ? FP_INF : frac & fp_quiet_bit(f) ? FP_QNAN : FP_SNAN;
    } else if (!frac || daz) {
        p.kind = FP_ZERO;
    } else {
        int32_t zeros = __builtin_clzll(frac);

        p.kind = FP_SUBNORMAL;
        p.sig = frac << zeros;
        p.exp = 1 - fp_bias(f) + (63 - fp_frac_bits(f)) - zeros;
    }
    return p;
}

// The largest finite number where the direction points back from infinity, else infinity.
static uint64_t overflow_result(FpFormat f, FpEnv *env, uint8_t sign)
{
    bool to_inf = env->rounding == FP_RNE || env->rounding == FP_RMM ||
                  env->rounding == (sign ? FP_RDN : FP_RUP);

    fp_raise(env, FP_OF | FP_NX);
    return fp_inf(f, sign) - !to_inf;
}

// biased <= 0: the exponent stays at its least value and the significand loses leading bits.
static uint64_t round_pack_tiny(FpFormat f, FpEnv *env, uint8_t sign, int32_t biased, uint64_t sig)
{
    uint32_t drop = 63 - fp_frac_bits(f);
    uint64_t mask = (UINT64_C(1) << drop) - 1, half = UINT64_C(1) << (drop - 1);
    bool tiny = true;

    if (biased == 0 && !env->tininess_before) {
        // Not tiny if, with an unbounded exponent, it would round up to the least normal number.
        uint64_t kept = sig >> drop;
        kept += fp_round_up(env->rounding, sign, kept & 1, sig & mask, half);
        tiny = kept >> (fp_frac_bits(f) + 1) == 0;
    }
    if (tiny && env->ftz && fp_flushes(f)) {
        fp_raise(env, FP_UF | FP_NX);
        return fp_zero(f, sign);
    }
    sig = fp_shift_right_sticky(sig, (uint32_t)(1 - biased));

    uint64_t rem = sig & mask, kept = sig >> drop;
    kept += fp_round_up(env->rounding, sign, kept & 1, rem, half);
    if (rem) {
        fp_raise(env, tiny ? FP_NX | FP_UF : FP_NX);
    }
    return fp_zero(f, sign) + kept;
}

FP_RARE uint64_t fp_round_pack_rare(FpFormat f, FpEnv *env, uint8_t sign, int32_t exp, uint64_t sig)
{
    uint32_t drop = 63 - fp_frac_bits(f);
    int32_t biased = exp + fp_bias(f), biased_max = (int32_t)fp_exp_mask(f);

    if (biased <= 0) {
        return round_pack_tiny(f, env, sign, biased, sig);
    }
    if (biased >= biased_max) {
        return overflow_result(f, env, sign);
    }
    uint64_t rem = sig & ((UINT64_C(1) << drop) - 1);
    uint64_t kept = sig >> drop;

    kept += fp_round_up(env->rounding, sign, kept & 1, rem, UINT64_C(1) << (drop - 1));
    if (biased == biased_max - 1 && kept >> (fp_frac_bits(f) + 1)) {
        return overflow_result(f, env, sign);
    }
    fp_raise(env, rem ? FP_NX : 0);
    return fp_zero(f, sign) + ((uint64_t)(biased - 1) << fp_frac_bits(f)) + kept;
}

FP_RARE uint64_t fp_default_nan(FpFormat f, const FpEnv *env)
{
    return fp_inf(f, env->nan_rule == FP_NAN_X86) | fp_quiet_bit(f);
}

FP_RARE uint64_t fp_invalid(FpFormat f, FpEnv *env)
{
    fp_raise(env, FP_NV);
    return fp_default_nan(f, env);
}

static uint64_t choose_nan(FpFormat f, FpEnv *env, const uint64_t *operands, uint32_t count)
{
    uint64_t first = 0;

    for (uint32_t i = count; i-- > 0;) {
        if (fp_is_snan(f, operands[i])) {
            fp_raise(env, FP_NV);
        }
        if (fp_is_nan(f, operands[i])) {
            first = operands[i];
        }
    }
    return env->nan_rule == FP_NAN_X86 ? first | fp_quiet_bit(f) : fp_default_nan(f, env);
}

FP_RARE uint64_t fp_nan1(FpFormat f, FpEnv *env, uint64_t a)
{
    return choose_nan(f, env, &a, 1);
}

FP_RARE uint64_t fp_nan2(FpFormat f, FpEnv *env, uint64_t a, uint64_t b)
{
    return choose_nan(f, env, (const uint64_t[]){a, b}, 2);
}

FP_RARE uint64_t fp_nan3(FpFormat f, FpEnv *env, const uint64_t operands[3])
{
    return choose_nan(f, env, operands, 3);
}
