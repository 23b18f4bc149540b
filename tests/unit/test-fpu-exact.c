// SPDX-License-Identifier: GPL-2.0-or-later
// The software floating point library against exact arithmetic: the result as an unbounded binary
// fraction (MPFR; quotients and roots cut at 256 bits with a sticky bit), rounded on GMP integers
// by the definitions of IEEE 754-2019, 4.3 and 7.4 to 7.6. This judges what no host unit offers:
// ties away from zero, tininess before rounding, and binary16 from binary64. Finite operands only;
// NaNs, infinities and zero results are the business of the host comparison and of the tables.
#include <glib.h>
#include <gmp.h>
#include <mpfr.h>
#include "fpu-operands.h"

enum { RANDOM_ROUNDS = 25000, EXACT_BITS = 4400, CUT_BITS = 256 };

typedef struct Format {
    uint32_t width;
    int64_t precision, exp_max; // significand bits; exponent of the greatest finite number
} Format;

static const Format binary16 = {16, 11, 15}, binary32 = {32, 24, 127}, binary64 = {64, 53, 1023};

typedef enum Operation {
    ADD,
    SUB,
    MUL,
    DIV,
    SQRT,
    FMA,
    CONVERT,
    ROUND,
    TO_I32,
    TO_U32,
    TO_I64,
    TO_U64,
    FROM_I64,
    FROM_U64,
} Operation;

typedef struct ExactOp {
    const char *name;
    Operation operation;
    const Format *from, *to; // from: NULL for an integer; to: NULL to an integer
    uint32_t arity;
    uint64_t (*ours)(FpEnv *env, const uint64_t *v);
} ExactOp;

// |value| = z * 2^exp, or a little more (by less than 2^exp) if sticky.
typedef struct Exact {
    mpz_t z;
    int64_t exp;
    bool negative, sticky;
} Exact;

static int64_t exp_min(const Format *f)
{
    return 1 - f->exp_max;
}

static bool is_finite(const Format *f, uint64_t a)
{
    uint64_t field = (UINT64_C(1) << (f->width - f->precision)) - 1;

    return (a >> (f->precision - 1) & field) != field;
}

static void set_from_pattern(mpfr_t value, const Format *f, uint64_t a)
{
    uint64_t frac = a & ((UINT64_C(1) << (f->precision - 1)) - 1);
    int64_t biased =
        (int64_t)(a >> (f->precision - 1) & ((UINT64_C(1) << (f->width - f->precision)) - 1));

    if (biased) {
        frac |= UINT64_C(1) << (f->precision - 1);
    }
    mpfr_set_ui_2exp(value, frac, (biased ? biased : 1) - f->exp_max - (f->precision - 1),
                     MPFR_RNDN);
    if (a >> (f->width - 1) & 1) {
        mpfr_neg(value, value, MPFR_RNDN);
    }
}

// Whether floor(z / 2^drop) + rest must be made larger in magnitude; `*inexact` says if there is a
// rest.
static bool round_away(const mpz_t z, int64_t drop, bool negative, bool sticky, uint8_t rounding,
                       bool *inexact)
{
    bool half = drop > 0 && mpz_tstbit(z, (mp_bitcnt_t)(drop - 1));
    bool odd = mpz_tstbit(z, (mp_bitcnt_t)(drop > 0 ? drop : 0));
    bool below_half =
        sticky || (drop > 1 && mpz_sgn(z) && mpz_scan1(z, 0) < (mp_bitcnt_t)(drop - 1));

    *inexact = half || below_half;
    switch (rounding) {
    case FP_RNE: return half && (below_half || odd);
    case FP_RTZ: return false;
    case FP_RDN: return *inexact && negative;
    case FP_RUP: return *inexact && !negative;
    default: return half;
    }
}

// kept = the value in units of 2^quantum, rounded. Returns whether it was inexact.
static bool round_to_quantum(mpz_t kept, const Exact *x, int64_t quantum, uint8_t rounding)
{
    int64_t drop = quantum - x->exp;
    bool inexact, away = round_away(x->z, drop, x->negative, x->sticky, rounding, &inexact);

    if (drop > 0) {
        mpz_tdiv_q_2exp(kept, x->z, (mp_bitcnt_t)drop);
    } else {
        g_assert_false(x->sticky);
        mpz_mul_2exp(kept, x->z, (mp_bitcnt_t)-drop);
    }
    if (away) {
        mpz_add_ui(kept, kept, 1);
    }
    return inexact;
}

// 7.5: tiny if below the least normal number, as it is or rounded with an unbounded exponent.
static bool is_tiny(const Format *f, const Exact *x, int64_t leading, const FpEnv *env)
{
    if (leading >= exp_min(f) || env->tininess_before) {
        return leading < exp_min(f);
    }
    mpz_t kept;
    mpz_init(kept);
    round_to_quantum(kept, x, leading - (f->precision - 1), env->rounding);
    bool carried = (int64_t)mpz_sizeinbase(kept, 2) > f->precision;
    mpz_clear(kept);
    return leading + carried < exp_min(f);
}

static uint64_t round_to_format(const Format *f, const Exact *x, FpEnv *env)
{
    uint64_t sign = (uint64_t)x->negative << (f->width - 1);
    uint64_t inf = ((UINT64_C(1) << (f->width - f->precision)) - 1) << (f->precision - 1);
    int64_t leading = (int64_t)mpz_sizeinbase(x->z, 2) - 1 + x->exp;
    int64_t quantum = MAX(leading, exp_min(f)) - (f->precision - 1);
    mpz_t kept;

    mpz_init(kept);
    bool inexact = round_to_quantum(kept, x, quantum, env->rounding),
         tiny = is_tiny(f, x, leading, env);
    uint64_t sig = mpz_get_ui(kept);
    mpz_clear(kept);
    if (sig >> f->precision) {
        sig >>= 1;
        quantum++;
    }
    if (quantum + f->precision - 1 > f->exp_max) {
        bool to_inf = env->rounding == FP_RNE || env->rounding == FP_RMM ||
                      (env->rounding == FP_RDN && x->negative) ||
                      (env->rounding == FP_RUP && !x->negative);
        env->flags = FP_OF | FP_NX;
        return sign | (inf - !to_inf);
    }
    env->flags = inexact ? tiny ? FP_UF | FP_NX : FP_NX : 0;
    if (!(sig >> (f->precision - 1))) {
        return sign | sig;
    }
    uint64_t biased = (uint64_t)(quantum + (f->precision - 1) + f->exp_max);
    return sign | (biased << (f->precision - 1)) | (sig ^ UINT64_C(1) << (f->precision - 1));
}

// RISC-V F 11.7: saturation. x->z may be zero.
static uint64_t round_to_int(const Exact *x, uint32_t bits, bool is_signed, FpEnv *env)
{
    mpz_t kept, high, low;

    mpz_inits(kept, high, low, NULL);
    env->flags = round_to_quantum(kept, x, 0, env->rounding) ? FP_NX : 0;
    if (x->negative) {
        mpz_neg(kept, kept);
    }
    mpz_setbit(high, bits - is_signed);
    if (is_signed) {
        mpz_neg(low, high);
    }
    mpz_sub_ui(high, high, 1);
    if (mpz_cmp(kept, high) > 0 || mpz_cmp(kept, low) < 0) {
        env->flags = FP_NV;
        mpz_set(kept, mpz_sgn(kept) > 0 ? high : low);
    }
    uint64_t magnitude = mpz_get_ui(kept), result = mpz_sgn(kept) < 0 ? 0 - magnitude : magnitude;
    mpz_clears(kept, high, low, NULL);
    return bits == 32 ? (uint32_t)result : result;
}

static uint64_t round_to_integral(const Format *f, const Exact *x, FpEnv *env)
{
    FpEnv scratch = *env;
    Exact whole = {.negative = x->negative};
    uint64_t result = (uint64_t)x->negative << (f->width - 1);

    mpz_init(whole.z);
    env->flags = round_to_quantum(whole.z, x, 0, env->rounding) ? FP_NX : 0;
    if (mpz_sgn(whole.z)) {
        result = round_to_format(f, &whole, &scratch);
    }
    mpz_clear(whole.z);
    return result;
}

static void apply(const ExactOp *op, const uint64_t *v, mpfr_t *operands, mpfr_t result,
                  int *ternary)
{
    *ternary = 0;
    if (op->operation == FROM_I64) {
        mpfr_set_si(result, (int64_t)v[0], MPFR_RNDZ);
        return;
    }
    if (op->operation == FROM_U64) {
        mpfr_set_ui(result, v[0], MPFR_RNDZ);
        return;
    }
    for (uint32_t i = 0; i < op->arity; i++) {
        set_from_pattern(operands[i], op->from, v[i]);
    }
    switch (op->operation) {
    case ADD: *ternary = mpfr_add(result, operands[0], operands[1], MPFR_RNDZ); break;
    case SUB: *ternary = mpfr_sub(result, operands[0], operands[1], MPFR_RNDZ); break;
    case MUL: *ternary = mpfr_mul(result, operands[0], operands[1], MPFR_RNDZ); break;
    case DIV: *ternary = mpfr_div(result, operands[0], operands[1], MPFR_RNDZ); break;
    case SQRT: *ternary = mpfr_sqrt(result, operands[0], MPFR_RNDZ); break;
    case FMA: *ternary = mpfr_fma(result, operands[0], operands[1], operands[2], MPFR_RNDZ); break;
    default: mpfr_set(result, operands[0], MPFR_RNDZ); break;
    }
}

static uint64_t expected(const ExactOp *op, const Exact *x, FpEnv *env)
{
    switch (op->operation) {
    case ROUND: return round_to_integral(op->to, x, env);
    case TO_I32: return round_to_int(x, 32, true, env);
    case TO_U32: return round_to_int(x, 32, false, env);
    case TO_I64: return round_to_int(x, 64, true, env);
    case TO_U64: return round_to_int(x, 64, false, env);
    default: return round_to_format(op->to, x, env);
    }
}

static void check(const ExactOp *op, const Exact *x, const uint64_t *v)
{
    for (uint8_t i = 0; i < 10; i++) {
        FpEnv env = {.rounding = i % 5, .tininess_before = i / 5}, reference = env;
        uint64_t got = op->ours(&env, v), want = expected(op, x, &reference);

        if (got != want || env.flags != reference.flags) {
            g_test_message("%s rounding %u tininess before %u: %#" G_GINT64_MODIFIER
                           "x %#" G_GINT64_MODIFIER "x %#" G_GINT64_MODIFIER
                           "x -> %#" G_GINT64_MODIFIER "x flags %#x, exact %#" G_GINT64_MODIFIER
                           "x flags %#x",
                           op->name, env.rounding, env.tininess_before, v[0], v[1], v[2], got,
                           env.flags, want, reference.flags);
            g_test_fail();
        }
    }
}

// Returns whether the operands were fit for this judge.
static bool try_operands(const ExactOp *op, const uint64_t *v, mpfr_t *operands, mpfr_t result,
                         Exact *x)
{
    int ternary;

    for (uint32_t i = 0; op->from && i < op->arity; i++) {
        if (!is_finite(op->from, v[i])) {
            return false;
        }
    }
    apply(op, v, operands, result, &ternary);
    if (!mpfr_number_p(result) || mpfr_zero_p(result)) {
        return false;
    }
    g_assert_true(!ternary || op->operation == DIV || op->operation == SQRT);
    x->exp = mpfr_get_z_2exp(x->z, result);
    x->negative = mpz_sgn(x->z) < 0;
    x->sticky = ternary != 0;
    mpz_abs(x->z, x->z);
    // Trailing zeros of the wide result are only ballast, but a cut one needs its place.
    if (!x->sticky) {
        mp_bitcnt_t zeros = mpz_scan1(x->z, 0);
        mpz_tdiv_q_2exp(x->z, x->z, zeros);
        x->exp += (int64_t)zeros;
    }
    check(op, x, v);
    return true;
}

static void test_op(const void *user)
{
    const ExactOp *op = user;
    Random random = {.state = 0xe8ac7};
    mpfr_t operands[3], result;
    Exact x;
    uint32_t judged = 0;

    mpz_init(x.z);
    for (uint32_t i = 0; i < LENGTH(operands); i++) {
        mpfr_init2(operands[i], 64);
    }
    mpfr_init2(result, op->operation == DIV || op->operation == SQRT ? CUT_BITS : EXACT_BITS);
    for (uint32_t round = 0; round < RANDOM_ROUNDS && !g_test_failed(); round++) {
        uint64_t v[3] = {0};

        fp_operands(&random, op->from ? op->from->width : 0, v, op->arity);
        judged += try_operands(op, v, operands, result, &x);
    }
    g_assert_cmpuint(judged, >, RANDOM_ROUNDS / 4);
    mpfr_clear(result);
    for (uint32_t i = 0; i < LENGTH(operands); i++) {
        mpfr_clear(operands[i]);
    }
    mpz_clear(x.z);
    mpfr_free_cache();
}

#define OURS(name, expression)                                                                     \
    static uint64_t ours_##name(FpEnv *env, const uint64_t *v)                                     \
    {                                                                                              \
        return expression;                                                                         \
    }
#define V32(i) ((uint32_t)v[i])
#define OURS_BOTH(op, args32, args64)                                                              \
    OURS(f32_##op, f32_##op args32) OURS(f64_##op, f64_##op args64)

OURS_BOTH(add, (env, V32(0), V32(1)), (env, v[0], v[1]))
OURS_BOTH(sub, (env, V32(0), V32(1)), (env, v[0], v[1]))
OURS_BOTH(mul, (env, V32(0), V32(1)), (env, v[0], v[1]))
OURS_BOTH(div, (env, V32(0), V32(1)), (env, v[0], v[1]))
OURS_BOTH(sqrt, (env, V32(0)), (env, v[0]))
OURS_BOTH(fma, (env, V32(0), V32(1), V32(2)), (env, v[0], v[1], v[2]))
OURS_BOTH(round, (env, V32(0), env->rounding, true), (env, v[0], env->rounding, true))
OURS(f16_to_f32, f16_to_f32(env, (uint16_t)v[0]))
OURS(f16_to_f64, f16_to_f64(env, (uint16_t)v[0]))
OURS(f32_to_f16, f32_to_f16(env, V32(0)))
OURS(f32_to_f64, f32_to_f64(env, V32(0)))
OURS(f64_to_f16, f64_to_f16(env, v[0]))
OURS(f64_to_f32, f64_to_f32(env, v[0]))
OURS(f32_to_i32, (uint32_t)f32_to_i32(env, V32(0), env->rounding))
OURS(f64_to_i32, (uint32_t)f64_to_i32(env, v[0], env->rounding))
OURS_BOTH(to_u32, (env, V32(0), env->rounding), (env, v[0], env->rounding))
OURS(f32_to_i64, (uint64_t)f32_to_i64(env, V32(0), env->rounding))
OURS(f64_to_i64, (uint64_t)f64_to_i64(env, v[0], env->rounding))
OURS_BOTH(to_u64, (env, V32(0), env->rounding), (env, v[0], env->rounding))
OURS(i64_to_f32, i64_to_f32(env, (int64_t)v[0]))
OURS(i64_to_f64, i64_to_f64(env, (int64_t)v[0]))
OURS(u64_to_f32, u64_to_f32(env, v[0]))
OURS(u64_to_f64, u64_to_f64(env, v[0]))

#define OP(name, operation, from, to, arity)                                                       \
    {#name, operation, from, to, arity, ours_##name}
#define OP2(op, operation, arity)                                                                  \
    OP(f32_##op, operation, &binary32, &binary32, arity),                                          \
        OP(f64_##op, operation, &binary64, &binary64, arity)
#define OP_TO_INT(op, operation)                                                                   \
    OP(f32_to_##op, operation, &binary32, NULL, 1), OP(f64_to_##op, operation, &binary64, NULL, 1)

static const ExactOp ops[] = {
    OP2(add, ADD, 2),
    OP2(sub, SUB, 2),
    OP2(mul, MUL, 2),
    OP2(div, DIV, 2),
    OP2(sqrt, SQRT, 1),
    OP2(fma, FMA, 3),
    OP2(round, ROUND, 1),
    OP(f16_to_f32, CONVERT, &binary16, &binary32, 1),
    OP(f16_to_f64, CONVERT, &binary16, &binary64, 1),
    OP(f32_to_f16, CONVERT, &binary32, &binary16, 1),
    OP(f32_to_f64, CONVERT, &binary32, &binary64, 1),
    OP(f64_to_f16, CONVERT, &binary64, &binary16, 1),
    OP(f64_to_f32, CONVERT, &binary64, &binary32, 1),
    OP_TO_INT(i32, TO_I32),
    OP_TO_INT(u32, TO_U32),
    OP_TO_INT(i64, TO_I64),
    OP_TO_INT(u64, TO_U64),
    OP(i64_to_f32, FROM_I64, NULL, &binary32, 1),
    OP(i64_to_f64, FROM_I64, NULL, &binary64, 1),
    OP(u64_to_f32, FROM_U64, NULL, &binary32, 1),
    OP(u64_to_f64, FROM_U64, NULL, &binary64, 1),
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < LENGTH(ops); i++) {
        char *path = g_strdup_printf("/fpu/exact/%s", ops[i].name);
        g_test_add_data_func(path, &ops[i], test_op);
        g_free(path);
    }
    return g_test_run();
}
