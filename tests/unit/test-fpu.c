// SPDX-License-Identifier: GPL-2.0-or-later
// The software floating point library against tables written from the manuals: NaN rules, RISC-V
// saturation, minimum and maximum, classes, ties away from zero, tininess, sticky flags. IEEE
// 754-2019; RISC-V unprivileged ISA, F and D 2.2. The bulk comparisons are in test-fpu-sse.c (host unit)
// and test-fpu-exact.c (exact arithmetic). With -m perf, prints ns an operation.
#include <glib.h>
#include "fpu-operands.h"

#define F32_QNAN 0x7fc00000u
#define F32_SNAN 0x7f800001u
#define F32_INF  0x7f800000u
#define F32_NEG  0x80000000u
#define F32_ONE  0x3f800000u
#define F64_QNAN 0x7ff8000000000000u
#define F64_SNAN 0x7ff0000000000001u
#define F64_INF  0x7ff0000000000000u
#define F64_NEG  0x8000000000000000u
#define F64_ONE  0x3ff0000000000000u

#define EXPECT(expression, want, want_flags)                                                       \
    do {                                                                                           \
        env.flags = 0;                                                                             \
        g_assert_cmphex((uint64_t)(expression), ==, (uint64_t)(want));                             \
        g_assert_cmphex(env.flags, ==, (want_flags));                                              \
    } while (0)

static void test_nan_canonical(void)
{
    FpEnv env = {.rounding = FP_RNE};

    EXPECT(f32_add(&env, 0xffc12345, F32_ONE), F32_QNAN, 0);
    EXPECT(f32_add(&env, F32_ONE, 0xff812345), F32_QNAN, FP_NV);
    EXPECT(f64_sub(&env, F64_INF, F64_INF), F64_QNAN, FP_NV);
    EXPECT(f64_sub(&env, F64_INF, F64_NEG | F64_INF), F64_INF, 0);
    EXPECT(f64_mul(&env, F64_INF, F64_NEG), F64_QNAN, FP_NV);
    EXPECT(f32_div(&env, 0, F32_NEG), F32_QNAN, FP_NV);
    EXPECT(f32_div(&env, F32_INF, F32_INF), F32_QNAN, FP_NV);
    EXPECT(f32_div(&env, F32_ONE, F32_NEG), F32_NEG | F32_INF, FP_DZ);
    EXPECT(f64_sqrt(&env, F64_NEG | F64_ONE), F64_QNAN, FP_NV);
    EXPECT(f64_sqrt(&env, F64_NEG), F64_NEG, 0);
    EXPECT(f32_to_f64(&env, 0xffc12345), F64_QNAN, 0);
    EXPECT(f64_to_f32(&env, 0xfff0000000000001), F32_QNAN, FP_NV);
    EXPECT(f64_to_f16(&env, 0xfff8000000000001), 0x7e00, 0);
    EXPECT(f16_to_f32(&env, 0xfc01), F32_QNAN, FP_NV);
    EXPECT(f32_round(&env, 0xff800001, FP_RNE, true), F32_QNAN, FP_NV);
}

static void test_nan_fma(void)
{
    FpEnv env = {.rounding = FP_RNE};

    EXPECT(f32_fma(&env, F32_INF, 0, F32_QNAN), F32_QNAN, FP_NV);
    EXPECT(f64_fma(&env, 0, F64_NEG | F64_INF, F64_QNAN), F64_QNAN, FP_NV);
    EXPECT(f64_fma(&env, F64_INF, 0, F64_SNAN), F64_QNAN, FP_NV);
    EXPECT(f64_fma(&env, F64_INF, F64_ONE, F64_QNAN), F64_QNAN, 0);
    EXPECT(f64_fma(&env, F64_QNAN, 0, F64_INF), F64_QNAN, 0);
    EXPECT(f64_fma(&env, F64_INF, F64_ONE, F64_NEG | F64_INF), F64_QNAN, FP_NV);
    env.nan_rule = FP_NAN_X86;
    EXPECT(f64_fma(&env, F64_INF, 0, F64_QNAN | 5), F64_QNAN | 5, 0);
    EXPECT(f64_fma(&env, F64_SNAN, F64_QNAN | 6, F64_QNAN | 5), F64_QNAN | 1, FP_NV);
    EXPECT(f64_fma(&env, F64_ONE, F64_QNAN | 6, F64_QNAN | 5), F64_QNAN | 6, 0);
    EXPECT(f32_fma(&env, F32_INF, 0, F32_ONE), F32_NEG | F32_QNAN, FP_NV);
}

// Table "Domains of float-to-integer conversions and behavior for invalid inputs".
static void test_saturation(void)
{
    static const struct {
        uint64_t a; // binary64
        uint32_t i32, u32;
        uint64_t i64, u64;
    } rows[] = {
        {F64_QNAN, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX},
        {F64_NEG | F64_QNAN, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX},
        {F64_SNAN, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX},
        {F64_INF, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX},
        {F64_NEG | F64_INF, 0x80000000, 0, 0x8000000000000000, 0},
        {0x7e37e43c8800759c, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX}, // 1e300
        {0xfe37e43c8800759c, 0x80000000, 0, 0x8000000000000000, 0},         // -1e300
        {0x43f0000000000000, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX}, // 2^64
        {0xc3e0000000000001, 0x80000000, 0, 0x8000000000000000, 0},         // below -2^63
    };
    FpEnv env = {.rounding = FP_RNE};

    for (size_t i = 0; i < LENGTH(rows); i++) {
        for (uint8_t rounding = FP_RNE; rounding <= FP_RMM; rounding++) {
            EXPECT((uint32_t)f64_to_i32(&env, rows[i].a, rounding), rows[i].i32, FP_NV);
            EXPECT(f64_to_u32(&env, rows[i].a, rounding), rows[i].u32, FP_NV);
            EXPECT(f64_to_i64(&env, rows[i].a, rounding), rows[i].i64, FP_NV);
            EXPECT(f64_to_u64(&env, rows[i].a, rounding), rows[i].u64, FP_NV);
        }
    }
}

static void test_saturation_edges(void)
{
    FpEnv env = {.rounding = FP_RNE};

    EXPECT((uint32_t)f64_to_i32(&env, 0x41dfffffffc00000, FP_RNE), INT32_MAX, 0); // 2147483647
    EXPECT((uint32_t)f64_to_i32(&env, 0x41dfffffffe00000, FP_RNE), INT32_MAX,
           FP_NV); // ... .5, to even: 2^31
    EXPECT((uint32_t)f64_to_i32(&env, 0x41dfffffffe00000, FP_RTZ), INT32_MAX, FP_NX);
    EXPECT((uint32_t)f64_to_i32(&env, 0xc1e0000000100000, FP_RNE), 0x80000000,
           FP_NX); // -2147483648.5
    EXPECT((uint32_t)f64_to_i32(&env, 0xc1e0000000100000, FP_RMM), 0x80000000, FP_NV);
    EXPECT((uint32_t)f64_to_i32(&env, 0xc1e0000000000000, FP_RDN), 0x80000000, 0);
    EXPECT(f64_to_u32(&env, 0xbfe0000000000000, FP_RNE), 0, FP_NX); // -0.5
    EXPECT(f64_to_u32(&env, 0xbfe0000000000000, FP_RMM), 0, FP_NV);
    EXPECT(f64_to_u32(&env, 0xbfe0000000000000, FP_RDN), 0, FP_NV);
    EXPECT(f64_to_u32(&env, 0xbfefffffffffffff, FP_RTZ), 0, FP_NX); // -0.99...
    EXPECT(f64_to_u32(&env, F64_NEG, FP_RNE), 0, 0);
    EXPECT(f64_to_u32(&env, F64_NEG | F64_ONE, FP_RTZ), 0, FP_NV);
    EXPECT(f64_to_u32(&env, 0x41efffffffe00000, FP_RNE), UINT32_MAX, 0);
    EXPECT(f32_to_u64(&env, 0x5f7fffff, FP_RNE), 0xffffff0000000000, 0);
    EXPECT(f32_to_u64(&env, 0x5f800000, FP_RNE), UINT64_MAX, FP_NV);
    EXPECT(f32_to_i64(&env, 0xdf000000, FP_RNE), 0x8000000000000000, 0);
    EXPECT(f32_to_i64(&env, 0x5f000000, FP_RNE), INT64_MAX, FP_NV);
    EXPECT(f32_to_u64(&env, 1, FP_RUP), 1, FP_NX);
    env.int_rule = FP_INT_X86;
    EXPECT((uint32_t)f32_to_i32(&env, F32_QNAN, FP_RNE), 0x80000000, FP_NV);
    EXPECT((uint32_t)f32_to_i32(&env, 0x4f000000, FP_RNE), 0x80000000, FP_NV);
    EXPECT(f32_to_u32(&env, 0xbf800000, FP_RNE), UINT32_MAX, FP_NV);
    EXPECT(f64_to_i64(&env, F64_INF, FP_RNE), 0x8000000000000000, FP_NV);
}

static void test_min_max(void)
{
    FpEnv env = {.rounding = FP_RNE};

    EXPECT(f32_min(&env, 0, F32_NEG), F32_NEG, 0);
    EXPECT(f32_min(&env, F32_NEG, 0), F32_NEG, 0);
    EXPECT(f32_max(&env, 0, F32_NEG), 0, 0);
    EXPECT(f32_max(&env, F32_NEG, 0), 0, 0);
    EXPECT(f64_min(&env, F64_QNAN, F64_ONE), F64_ONE, 0);
    EXPECT(f64_max(&env, F64_ONE, F64_NEG | F64_QNAN), F64_ONE, 0);
    EXPECT(f64_min(&env, F64_SNAN, F64_ONE), F64_ONE, FP_NV);
    EXPECT(f64_max(&env, F64_ONE, F64_SNAN), F64_ONE, FP_NV);
    EXPECT(f64_min(&env, F64_NEG | F64_QNAN, F64_QNAN | 7), F64_QNAN, 0);
    EXPECT(f64_max(&env, F64_QNAN, F64_SNAN), F64_QNAN, FP_NV);
    EXPECT(f32_min(&env, F32_NEG | F32_ONE, F32_NEG | 0x40000000), F32_NEG | 0x40000000, 0);
    EXPECT(f32_max(&env, F32_NEG | F32_ONE, F32_NEG | 0x40000000), F32_NEG | F32_ONE, 0);
    EXPECT(f32_min(&env, 1, 2), 1, 0);
    EXPECT(f64_max(&env, F64_INF, F64_NEG | F64_INF), F64_INF, 0);
}

// Against the comparison, over all pairs of corners: the one other operation whose order the host
// has vouched for.
static void test_min_max_corners(void)
{
    size_t count;
    const uint64_t *corners = fp_corners(64, &count);

    for (size_t i = 0; i < count * count; i++) {
        uint64_t a = corners[i / count], b = corners[i % count];
        FpEnv env = {.rounding = FP_RNE};
        FpOrder order = f64_compare_quiet(&env, a, b);

        if (order == FP_LESS || order == FP_GREATER) {
            g_assert_cmphex(f64_min(&env, a, b), ==, order == FP_LESS ? a : b);
            g_assert_cmphex(f64_max(&env, a, b), ==, order == FP_LESS ? b : a);
        } else if (order == FP_EQUAL) {
            g_assert_cmphex(f64_min(&env, a, b), ==, a | b);
            g_assert_cmphex(f64_max(&env, a, b), ==, a & b);
        }
    }
}

static void test_class(void)
{
    static const struct {
        uint32_t a32;
        uint64_t a64;
        uint32_t bit;
    } rows[] = {
        {0xff800000, 0xfff0000000000000, 0}, {0xff7fffff, 0xffefffffffffffff, 1},
        {0x80800000, 0x8010000000000000, 1}, {0x807fffff, 0x800fffffffffffff, 2},
        {0x80000001, 0x8000000000000001, 2}, {0x80000000, 0x8000000000000000, 3},
        {0x00000000, 0x0000000000000000, 4}, {0x00000001, 0x0000000000000001, 5},
        {0x007fffff, 0x000fffffffffffff, 5}, {0x00800000, 0x0010000000000000, 6},
        {0x7f7fffff, 0x7fefffffffffffff, 6}, {0x7f800000, 0x7ff0000000000000, 7},
        {0x7f800001, 0x7ff0000000000001, 8}, {0xffbfffff, 0xfff7ffffffffffff, 8},
        {0x7fc00000, 0x7ff8000000000000, 9}, {0xffffffff, 0xffffffffffffffff, 9},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        g_assert_cmphex(f32_class(rows[i].a32), ==, 1u << rows[i].bit);
        g_assert_cmphex(f64_class(rows[i].a64), ==, 1u << rows[i].bit);
    }
}

static void test_compare(void)
{
    FpEnv env = {.rounding = FP_RNE};

    EXPECT(f64_eq(&env, 0, F64_NEG), true, 0);
    EXPECT(f64_lt(&env, F64_NEG, 0), false, 0);
    EXPECT(f64_le(&env, 0, F64_NEG), true, 0);
    EXPECT(f64_eq(&env, F64_QNAN, F64_QNAN), false, 0);
    EXPECT(f64_eq(&env, F64_SNAN, F64_ONE), false, FP_NV);
    EXPECT(f64_lt(&env, F64_ONE, F64_QNAN), false, FP_NV);
    EXPECT(f64_le(&env, F64_QNAN, F64_ONE), false, FP_NV);
    EXPECT(f32_lt_quiet(&env, F32_QNAN, F32_ONE), false, 0);
    EXPECT(f32_le_quiet(&env, F32_SNAN, F32_ONE), false, FP_NV);
    EXPECT(f32_eq_signaling(&env, F32_QNAN, F32_ONE), false, FP_NV);
    g_assert_cmpint(f32_compare_quiet(&env, F32_NEG | F32_INF, F32_NEG | F32_ONE), ==, FP_LESS);
    g_assert_cmpint(f32_compare_quiet(&env, F32_ONE, F32_NEG | F32_ONE), ==, FP_GREATER);
    g_assert_cmpint(f32_compare_signaling(&env, 0, F32_NEG), ==, FP_EQUAL);
    g_assert_cmpint(f32_compare_quiet(&env, F32_QNAN, 0), ==, FP_UNORDERED);
}

static void test_ties_away(void)
{
    FpEnv env = {.rounding = FP_RMM};

    EXPECT(f32_add(&env, F32_ONE, 0x33800000), F32_ONE + 1, FP_NX); // 1 + 2^-24
    EXPECT(f32_sub(&env, F32_NEG | F32_ONE, 0x33800000), (F32_NEG | F32_ONE) + 1, FP_NX);
    EXPECT(f64_mul(&env, 1, 0x3fe0000000000000), 1, FP_UF | FP_NX); // least subnormal / 2
    EXPECT(f64_to_f32(&env, 0x47effffff0000000), F32_INF,
           FP_OF | FP_NX); // greatest binary32 and a half unit
    EXPECT((uint32_t)f32_to_i32(&env, 0x40200000, FP_RMM), 3, FP_NX); // 2.5
    EXPECT((uint32_t)f32_to_i32(&env, 0xc0200000, FP_RMM), (uint32_t)-3, FP_NX);
    EXPECT(f32_round(&env, 0x3effffff, FP_RMM, true), 0, FP_NX); // just below a half
    EXPECT(f32_round(&env, 0xbf000000, FP_RMM, true), F32_NEG | F32_ONE, FP_NX);
    EXPECT(f32_round(&env, 0x3f000000, FP_RMM, false), F32_ONE, 0);
}

static void test_zero_signs(void)
{
    for (uint8_t rounding = FP_RNE; rounding <= FP_RMM; rounding++) {
        FpEnv env = {.rounding = rounding};
        uint64_t difference = rounding == FP_RDN ? F64_NEG : 0;

        EXPECT(f64_sub(&env, F64_ONE, F64_ONE), difference, 0);
        EXPECT(f64_add(&env, 0, F64_NEG), difference, 0);
        EXPECT(f64_add(&env, F64_NEG, F64_NEG), F64_NEG, 0);
        EXPECT(f64_sub(&env, 0, F64_NEG), 0, 0);
        EXPECT(f64_fma(&env, F64_ONE, F64_ONE, F64_NEG | F64_ONE), difference, 0);
        EXPECT(f64_fma(&env, F64_NEG, F64_ONE, 0), difference, 0);
        EXPECT(f64_fma(&env, F64_NEG, F64_ONE, F64_NEG), F64_NEG, 0);
        EXPECT(f64_mul(&env, F64_NEG, F64_ONE), F64_NEG, 0);
        EXPECT(f64_div(&env, 0, F64_NEG | F64_INF), F64_NEG, 0);
        EXPECT(i32_to_f64(&env, 0), 0, 0);
    }
}

// Rounding up to the least normal number: tiny before rounding, not after.
static void test_tininess(void)
{
    FpEnv after = {.rounding = FP_RNE}, before = {.rounding = FP_RNE, .tininess_before = 1};
    uint32_t below_one = F32_ONE - 1, least = 0x00800000;

    g_assert_cmphex(f32_mul(&after, least, below_one), ==, least);
    g_assert_cmphex(after.flags, ==,
                    FP_UF | FP_NX); // with 24 bits and an unbounded exponent it would stay below
    g_assert_cmphex(f32_mul(&before, least, below_one), ==, least);
    g_assert_cmphex(before.flags, ==, FP_UF | FP_NX);
    after.flags = before.flags = 0;
    // (2^-126)(1 - 2^-26): 24 bits round to 2^-126.
    g_assert_cmphex(f64_to_f32(&after, 0x380fffffff000000 | 0xe0000000 >> 5), ==, least);
    g_assert_cmphex(after.flags, ==, FP_NX);
    g_assert_cmphex(f64_to_f32(&before, 0x380fffffff000000 | 0xe0000000 >> 5), ==, least);
    g_assert_cmphex(before.flags, ==, FP_UF | FP_NX);
}

static void test_env(void)
{
    FpEnv env = {.rounding = FP_RUP, .flags = FP_DZ};
    FpEnv want = {.rounding = FP_RUP, .flags = FP_DZ | FP_NX | FP_NV};

    f64_div(&env, F64_ONE, 0x4008000000000000); // inexact
    f64_sqrt(&env, F64_NEG | F64_ONE);
    f64_add(&env, 1, 2); // exact and subnormal: no flag
    g_assert_cmpmem(&env, sizeof(env), &want, sizeof(want));

    env = (FpEnv){.denormal_flag = FP_DE};
    f64_add(&env, 1, F64_ONE);
    g_assert_cmphex(env.flags, ==, FP_DE | FP_NX);
    env = (FpEnv){.denormal_flag = FP_DE, .daz = 1};
    g_assert_cmphex(f64_add(&env, 1, F64_ONE), ==, F64_ONE);
    g_assert_cmphex(env.flags, ==, 0);
    env = (FpEnv){.ftz = 1};
    g_assert_cmphex(f64_mul(&env, 0x8010000000000000, 0x3fe0000000000000), ==, F64_NEG);
    g_assert_cmphex(env.flags, ==, FP_UF | FP_NX);
}

// Speed, with g_test_perf() only: independent operations on values near 1 of both signs; the
// best of many short passes.

enum { BENCH_VALUES = 4096, BENCH_ROUNDS = 30, BENCH_PASSES = 100 };

typedef uint64_t BenchOp(FpEnv *env, uint64_t a, uint64_t b, uint64_t c);

#define BENCH(name, expression)                                                                    \
    static uint64_t bench_##name(FpEnv *env, uint64_t a, uint64_t b, uint64_t c)                   \
    {                                                                                              \
        return expression;                                                                         \
    }
BENCH(f64_add, f64_add(env, a, b))
BENCH(f64_mul, f64_mul(env, a, b))
BENCH(f64_div, f64_div(env, a, b))
BENCH(f64_sqrt, f64_sqrt(env, a &INT64_MAX))
BENCH(f64_fma, f64_fma(env, a, b, c))
BENCH(f64_lt, f64_lt(env, a, b))
BENCH(f64_to_i64, (uint64_t)f64_to_i64(env, a, FP_RTZ))
BENCH(i64_to_f64, i64_to_f64(env, (int64_t)a))
BENCH(f64_to_f32, f64_to_f32(env, a))
BENCH(f32_add, f32_add(env, (uint32_t)(a >> 32), (uint32_t)(b >> 32)))
BENCH(f32_mul, f32_mul(env, (uint32_t)(a >> 32), (uint32_t)(b >> 32)))
BENCH(f32_div, f32_div(env, (uint32_t)(a >> 32), (uint32_t)(b >> 32)))
BENCH(f32_sqrt, f32_sqrt(env, (uint32_t)(a >> 32) & INT32_MAX))
BENCH(f32_fma, f32_fma(env, (uint32_t)(a >> 32), (uint32_t)(b >> 32), (uint32_t)(c >> 32)))

static double bench_pass_ns(BenchOp *op, const uint64_t *values)
{
    FpEnv env = {.rounding = FP_RNE};
    volatile uint64_t sink = 0;
    int64_t start_us = g_get_monotonic_time();

    for (uint32_t n = 0; n < BENCH_ROUNDS * BENCH_VALUES; n++) {
        const uint64_t *v = &values[n % BENCH_VALUES];
        sink = op(&env, v[0], v[1], v[2]);
    }
    (void)sink;
    return (double)(g_get_monotonic_time() - start_us) * 1000 / (BENCH_ROUNDS * BENCH_VALUES);
}

static void test_speed(void)
{
    static const struct {
        const char *name;
        BenchOp *op;
    } benches[] = {
        {"f64_add", bench_f64_add},       {"f64_mul", bench_f64_mul},
        {"f64_div", bench_f64_div},       {"f64_sqrt", bench_f64_sqrt},
        {"f64_fma", bench_f64_fma},       {"f64_lt", bench_f64_lt},
        {"f64_to_i64", bench_f64_to_i64}, {"i64_to_f64", bench_i64_to_f64},
        {"f64_to_f32", bench_f64_to_f32}, {"f32_add", bench_f32_add},
        {"f32_mul", bench_f32_mul},       {"f32_div", bench_f32_div},
        {"f32_sqrt", bench_f32_sqrt},     {"f32_fma", bench_f32_fma},
    };
    static uint64_t values[BENCH_VALUES + 2];
    Random random = {.state = 1};

    for (size_t i = 0; i < LENGTH(values); i++) {
        uint64_t r = random_bits(&random);
        values[i] = (r & F64_NEG) | (1013 + r % 20) << 52 | r >> 12;
    }
    for (size_t i = 0; i < LENGTH(benches); i++) {
        double best_ns = 1e9;

        for (uint32_t pass = 0; pass < BENCH_PASSES; pass++) {
            best_ns = MIN(best_ns, bench_pass_ns(benches[i].op, values));
        }
        g_test_minimized_result(best_ns, "%s: %.1f ns", benches[i].name, best_ns);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fpu/nan/canonical", test_nan_canonical);
    g_test_add_func("/fpu/nan/fma", test_nan_fma);
    g_test_add_func("/fpu/int/saturation", test_saturation);
    g_test_add_func("/fpu/int/edges", test_saturation_edges);
    g_test_add_func("/fpu/min-max/table", test_min_max);
    g_test_add_func("/fpu/min-max/corners", test_min_max_corners);
    g_test_add_func("/fpu/class", test_class);
    g_test_add_func("/fpu/compare", test_compare);
    g_test_add_func("/fpu/ties-away", test_ties_away);
    g_test_add_func("/fpu/zero-signs", test_zero_signs);
    g_test_add_func("/fpu/tininess", test_tininess);
    g_test_add_func("/fpu/env", test_env);
    if (g_test_perf()) {
        g_test_add_func("/fpu/speed", test_speed);
    }
    return g_test_run();
}
