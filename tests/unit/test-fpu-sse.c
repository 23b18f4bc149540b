// SPDX-License-Identifier: GPL-2.0-or-later
// The software floating point library against the host's own SSE, FMA3, F16C and AVX-512 units:
// results and all flags, in the four directions MXCSR knows, with and without FTZ and DAZ; then
// once more under the RISC-V choices, where results must be the same but for NaNs. Instructions
// that the host lacks are left out, and said so.
#include <cpuid.h>
#include <glib.h>
#include <immintrin.h>
#include "fpu-operands.h"

enum { RANDOM_ROUNDS = 30000, FMA_CORNER_STEP = 3 };
enum { MXCSR_DAZ = 1 << 6, MXCSR_MASKED = 0x1f80, MXCSR_RC_SHIFT = 13, MXCSR_FTZ = 1 << 15 };

typedef struct HostOp {
    const char *name;
    uint32_t width; // of the operands; 0: integers
    uint32_t arity;
    uint32_t nan_width; // of the result where it may be a NaN, else 0
    bool riscv_same;   // the RISC-V rules give the same results and flags where no NaN is delivered
    const char *needs; // CPU feature, or NULL
    uint64_t (*ours)(FpEnv *env, const uint64_t *v);
    uint64_t (*host)(const uint64_t *v, uint32_t mxcsr, uint32_t *after);
} HostOp;

#define MXCSR_DEFAULT ((uint32_t)MXCSR_MASKED)

// r = INSN(v[0], v[1]) on the low element, under `mxcsr`.
#define HOST_BINARY(name, insn)                                                                    \
    static uint64_t host_##name(const uint64_t *v, uint32_t mxcsr, uint32_t *after)                \
    {                                                                                              \
        __m128i x = _mm_cvtsi64_si128((int64_t)v[0]), y = _mm_cvtsi64_si128((int64_t)v[1]);        \
        uint32_t restore = MXCSR_DEFAULT;                                                          \
        __asm__ volatile("ldmxcsr %2\n\t" insn "\n\tstmxcsr %1\n\tldmxcsr %4"                      \
                         : "+x"(x), "=m"(*after)                                                   \
                         : "m"(mxcsr), "x"(y), "m"(restore));                                      \
        return (uint64_t)_mm_cvtsi128_si64(x);                                                     \
    }

// The three forms of an FMA3 instruction put a, b and c of a * b + c in other places; NaNs rank by
// these names, as the Intel SDM writes the product, not by place: 132 is DEST * SRC3 + SRC2, 213 is
// SRC2 * DEST + SRC3, 231 is SRC2 * SRC3 + DEST.
#define HOST_FMA(name, insn, dest, src2, src3)                                                     \
    static uint64_t host_##name(const uint64_t *v, uint32_t mxcsr, uint32_t *after)                \
    {                                                                                              \
        __m128i x = _mm_cvtsi64_si128((int64_t)v[dest]), y = _mm_cvtsi64_si128((int64_t)v[src2]);  \
        __m128i z = _mm_cvtsi64_si128((int64_t)v[src3]);                                           \
        uint32_t restore = MXCSR_DEFAULT;                                                          \
        __asm__ volatile("ldmxcsr %2\n\t" insn " %5, %4, %0\n\tstmxcsr %1\n\tldmxcsr %3"           \
                         : "+x"(x), "=m"(*after)                                                   \
                         : "m"(mxcsr), "m"(restore), "x"(y), "x"(z));                              \
        return (uint64_t)_mm_cvtsi128_si64(x);                                                     \
    }

// rax = INSN(v[0], v[1]).
#define HOST_TO_INT(name, insn)                                                                    \
    static uint64_t host_##name(const uint64_t *v, uint32_t mxcsr, uint32_t *after)                \
    {                                                                                              \
        __m128i x = _mm_cvtsi64_si128((int64_t)v[0]), y = _mm_cvtsi64_si128((int64_t)v[1]);        \
        uint32_t restore = MXCSR_DEFAULT;                                                          \
        uint64_t r = 0;                                                                            \
        __asm__ volatile("ldmxcsr %2\n\t" insn "\n\tstmxcsr %1\n\tldmxcsr %5"                      \
                         : "+a"(r), "=m"(*after)                                                   \
                         : "m"(mxcsr), "x"(x), "x"(y), "m"(restore)                                \
                         : "cc");                                                                  \
        return r;                                                                                  \
    }

#define HOST_FROM_INT(name, insn)                                                                  \
    static uint64_t host_##name(const uint64_t *v, uint32_t mxcsr, uint32_t *after)                \
    {                                                                                              \
        __m128i x = _mm_setzero_si128();                                                           \
        uint32_t restore = MXCSR_DEFAULT;                                                          \
        __asm__ volatile("ldmxcsr %2\n\t" insn "\n\tstmxcsr %1\n\tldmxcsr %4"                      \
                         : "+x"(x), "=m"(*after)                                                   \
                         : "m"(mxcsr), "r"(v[0]), "m"(restore));                                   \
        return (uint64_t)_mm_cvtsi128_si64(x);                                                     \
    }

#define BOTH(macro, op, ss, sd) macro(f32_##op, ss) macro(f64_##op, sd)

BOTH(HOST_BINARY, add, "addss %3, %0", "addsd %3, %0")
BOTH(HOST_BINARY, sub, "subss %3, %0", "subsd %3, %0")
BOTH(HOST_BINARY, mul, "mulss %3, %0", "mulsd %3, %0")
BOTH(HOST_BINARY, div, "divss %3, %0", "divsd %3, %0")
BOTH(HOST_BINARY, sqrt, "sqrtss %0, %0", "sqrtsd %0, %0")
BOTH(HOST_BINARY, min, "minss %3, %0", "minsd %3, %0")
BOTH(HOST_BINARY, max, "maxss %3, %0", "maxsd %3, %0")
BOTH(HOST_BINARY, eq, "cmpeqss %3, %0", "cmpeqsd %3, %0")
BOTH(HOST_BINARY, lt, "cmpltss %3, %0", "cmpltsd %3, %0")
BOTH(HOST_BINARY, le, "cmpless %3, %0", "cmplesd %3, %0")
BOTH(HOST_BINARY, eq_signaling, "vcmpss $0x10, %3, %0, %0", "vcmpsd $0x10, %3, %0, %0")
BOTH(HOST_BINARY, lt_quiet, "vcmpss $0x11, %3, %0, %0", "vcmpsd $0x11, %3, %0, %0")
BOTH(HOST_BINARY, le_quiet, "vcmpss $0x12, %3, %0, %0", "vcmpsd $0x12, %3, %0, %0")
BOTH(HOST_BINARY, round, "roundss $4, %0, %0", "roundsd $4, %0, %0")
BOTH(HOST_BINARY, round_silent, "roundss $12, %0, %0", "roundsd $12, %0, %0")
HOST_BINARY(f32_to_f64, "cvtss2sd %0, %0")
HOST_BINARY(f64_to_f32, "cvtsd2ss %0, %0")
HOST_BINARY(f16_to_f32, "vcvtph2ps %0, %0")
HOST_BINARY(f32_to_f16, "vcvtps2ph $4, %0, %0")
HOST_FMA(f32_fma132, "vfmadd132ss", 0, 2, 1)
HOST_FMA(f64_fma132, "vfmadd132sd", 0, 2, 1)
HOST_FMA(f32_fma213, "vfmadd213ss", 1, 0, 2)
HOST_FMA(f64_fma213, "vfmadd213sd", 1, 0, 2)
HOST_FMA(f32_fma231, "vfmadd231ss", 2, 0, 1)
HOST_FMA(f64_fma231, "vfmadd231sd", 2, 0, 1)
BOTH(HOST_TO_INT, to_i32, "cvtss2si %3, %k0", "cvtsd2si %3, %k0")
BOTH(HOST_TO_INT, to_i64, "cvtss2si %3, %q0", "cvtsd2si %3, %q0")
BOTH(HOST_TO_INT, to_i32_rtz, "cvttss2si %3, %k0", "cvttsd2si %3, %k0")
BOTH(HOST_TO_INT, to_i64_rtz, "cvttss2si %3, %q0", "cvttsd2si %3, %q0")
BOTH(HOST_TO_INT, to_u32, "vcvtss2usi %3, %k0", "vcvtsd2usi %3, %k0")
BOTH(HOST_TO_INT, to_u64, "vcvtss2usi %3, %q0", "vcvtsd2usi %3, %q0")
// Bit 0 CF, bit 2 PF, bit 6 ZF.
#define COMPARE(insn) insn " %4, %3\n\tlahf\n\tmovzbl %%ah, %%eax\n\tandl $0x45, %%eax"
BOTH(HOST_TO_INT, compare_quiet, COMPARE("ucomiss"), COMPARE("ucomisd"))
BOTH(HOST_TO_INT, compare_signaling, COMPARE("comiss"), COMPARE("comisd"))
HOST_FROM_INT(i32_to_f32, "cvtsi2ssl %k3, %0")
HOST_FROM_INT(i32_to_f64, "cvtsi2sdl %k3, %0")
HOST_FROM_INT(i64_to_f32, "cvtsi2ssq %q3, %0")
HOST_FROM_INT(i64_to_f64, "cvtsi2sdq %q3, %0")
HOST_FROM_INT(u32_to_f32, "vcvtusi2ssl %k3, %0, %0")
HOST_FROM_INT(u32_to_f64, "vcvtusi2sdl %k3, %0, %0")
HOST_FROM_INT(u64_to_f32, "vcvtusi2ssq %q3, %0, %0")
HOST_FROM_INT(u64_to_f64, "vcvtusi2sdq %q3, %0, %0")

#define OURS(name, expression)                                                                     \
    static uint64_t ours_##name(FpEnv *env, const uint64_t *v)                                     \
    {                                                                                              \
        return expression;                                                                         \
    }
#define V32(i)         ((uint32_t)v[i])
#define OURS_UNARY(op) OURS(f32_##op, f32_##op(env, V32(0))) OURS(f64_##op, f64_##op(env, v[0]))
#define OURS_BINARY(op)                                                                            \
    OURS(f32_##op, f32_##op(env, V32(0), V32(1))) OURS(f64_##op, f64_##op(env, v[0], v[1]))
#define OURS_CMP(op)                                                                               \
    OURS(f32_##op, f32_##op(env, V32(0), V32(1)) ? UINT32_MAX : 0)                                 \
    OURS(f64_##op, f64_##op(env, v[0], v[1]) ? UINT64_MAX : 0)
#define OURS_TO_INT(op, type, rounding)                                                            \
    OURS(f32_to_##op, (type)f32_to_##op(env, V32(0), rounding))                                    \
    OURS(f64_to_##op, (type)f64_to_##op(env, v[0], rounding))

OURS_BINARY(add)
OURS_BINARY(sub)
OURS_BINARY(mul)
OURS_BINARY(div)
OURS_UNARY(sqrt)
OURS(f32_min, f32_min_x86(env, V32(0), V32(1)))
OURS(f64_min, f64_min_x86(env, v[0], v[1]))
OURS(f32_max, f32_max_x86(env, V32(0), V32(1)))
OURS(f64_max, f64_max_x86(env, v[0], v[1]))
OURS_CMP(eq)
OURS_CMP(lt)
OURS_CMP(le)
OURS_CMP(eq_signaling)
OURS_CMP(lt_quiet)
OURS_CMP(le_quiet)
OURS(f32_round, f32_round(env, V32(0), env->rounding, true))
OURS(f64_round, f64_round(env, v[0], env->rounding, true))
OURS(f32_round_silent, f32_round(env, V32(0), env->rounding, false))
OURS(f64_round_silent, f64_round(env, v[0], env->rounding, false))
OURS(f32_to_f64, f32_to_f64(env, V32(0)))
OURS(f64_to_f32, f64_to_f32(env, v[0]))
OURS(f16_to_f32, f16_to_f32(env, (uint16_t)v[0]))
OURS(f32_to_f16, f32_to_f16(env, V32(0)))
OURS(f32_fma, f32_fma(env, V32(0), V32(1), V32(2)))
OURS(f64_fma, f64_fma(env, v[0], v[1], v[2]))
OURS_TO_INT(i32, uint32_t, env->rounding)
OURS_TO_INT(i64, uint64_t, env->rounding)
OURS_TO_INT(u32, uint32_t, env->rounding)
OURS_TO_INT(u64, uint64_t, env->rounding)
OURS(f32_to_i32_rtz, (uint32_t)f32_to_i32(env, V32(0), FP_RTZ))
OURS(f64_to_i32_rtz, (uint32_t)f64_to_i32(env, v[0], FP_RTZ))
OURS(f32_to_i64_rtz, (uint64_t)f32_to_i64(env, V32(0), FP_RTZ))
OURS(f64_to_i64_rtz, (uint64_t)f64_to_i64(env, v[0], FP_RTZ))
OURS(i32_to_f32, i32_to_f32(env, (int32_t)v[0]))
OURS(i32_to_f64, i32_to_f64(env, (int32_t)v[0]))
OURS(i64_to_f32, i64_to_f32(env, (int64_t)v[0]))
OURS(i64_to_f64, i64_to_f64(env, (int64_t)v[0]))
OURS(u32_to_f32, u32_to_f32(env, V32(0)))
OURS(u32_to_f64, u32_to_f64(env, V32(0)))
OURS(u64_to_f32, u64_to_f32(env, v[0]))
OURS(u64_to_f64, u64_to_f64(env, v[0]))

static uint64_t eflags_of(FpOrder order)
{
    return order == FP_UNORDERED ? 0x45 : order == FP_EQUAL ? 0x40 : order == FP_LESS ? 0x01 : 0;
}

OURS(f32_compare_quiet, eflags_of(f32_compare_quiet(env, V32(0), V32(1))))
OURS(f64_compare_quiet, eflags_of(f64_compare_quiet(env, v[0], v[1])))
OURS(f32_compare_signaling, eflags_of(f32_compare_signaling(env, V32(0), V32(1))))
OURS(f64_compare_signaling, eflags_of(f64_compare_signaling(env, v[0], v[1])))

#define OP(name, width, arity, nan_width, same, needs)                                             \
    {#name, width, arity, nan_width, same, needs, ours_##name, host_##name}
#define OP2(op, arity, nan, same, needs)                                                           \
    OP(f32_##op, 32, arity, nan ? 32 : 0, same, needs),                                            \
        OP(f64_##op, 64, arity, nan ? 64 : 0, same, needs)
#define OP_FMA(form)                                                                               \
    {"f32_fma" #form, 32, 3, 32, true, "fma", ours_f32_fma, host_f32_fma##form},                   \
    {"f64_fma" #form, 64, 3, 64, true, "fma", ours_f64_fma, host_f64_fma##form}

static const HostOp ops[] = {
    OP2(add, 2, true, true, NULL),
    OP2(sub, 2, true, true, NULL),
    OP2(mul, 2, true, true, NULL),
    OP2(div, 2, true, true, NULL),
    OP2(sqrt, 1, true, true, NULL),
    OP2(min, 2, true, false, NULL),
    OP2(max, 2, true, false, NULL),
    OP2(eq, 2, false, true, NULL),
    OP2(lt, 2, false, true, NULL),
    OP2(le, 2, false, true, NULL),
    OP2(eq_signaling, 2, false, true, "avx"),
    OP2(lt_quiet, 2, false, true, "avx"),
    OP2(le_quiet, 2, false, true, "avx"),
    OP2(compare_quiet, 2, false, true, NULL),
    OP2(compare_signaling, 2, false, true, NULL),
    OP2(round, 1, true, true, "sse4.1"),
    OP2(round_silent, 1, true, true, "sse4.1"),
    OP(f32_to_f64, 32, 1, 64, true, NULL),
    OP(f64_to_f32, 64, 1, 32, true, NULL),
    OP(f16_to_f32, 16, 1, 32, true, "f16c"),
    OP(f32_to_f16, 32, 1, 16, true, "f16c"),
    OP_FMA(132),
    OP_FMA(213),
    OP_FMA(231),
    OP2(to_i32, 1, false, false, NULL),
    OP2(to_i64, 1, false, false, NULL),
    OP2(to_i32_rtz, 1, false, false, NULL),
    OP2(to_i64_rtz, 1, false, false, NULL),
    OP2(to_u32, 1, false, false, "avx512f"),
    OP2(to_u64, 1, false, false, "avx512f"),
    OP(i32_to_f32, 0, 1, 0, true, NULL),
    OP(i32_to_f64, 0, 1, 0, true, NULL),
    OP(i64_to_f32, 0, 1, 0, true, NULL),
    OP(i64_to_f64, 0, 1, 0, true, NULL),
    OP(u32_to_f32, 0, 1, 0, true, "avx512f"),
    OP(u32_to_f64, 0, 1, 0, true, "avx512f"),
    OP(u64_to_f32, 0, 1, 0, true, "avx512f"),
    OP(u64_to_f64, 0, 1, 0, true, "avx512f"),
};

static bool host_has_f16c(void)
{
    uint32_t eax, ebx, ecx = 0, edx;

    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx & bit_F16C &&
           __builtin_cpu_supports("avx");
}

static bool host_has(const char *feature)
{
    __builtin_cpu_init();
    return !feature || (g_str_equal(feature, "avx") && __builtin_cpu_supports("avx")) ||
           (g_str_equal(feature, "sse4.1") && __builtin_cpu_supports("sse4.1")) ||
           (g_str_equal(feature, "fma") && __builtin_cpu_supports("fma")) ||
           (g_str_equal(feature, "f16c") && host_has_f16c()) ||
           (g_str_equal(feature, "avx512f") && __builtin_cpu_supports("avx512f"));
}

static uint32_t mxcsr_of(const FpEnv *env)
{
    static const uint32_t control[] = {[FP_RNE] = 0, [FP_RTZ] = 3, [FP_RDN] = 1, [FP_RUP] = 2};

    return MXCSR_MASKED | control[env->rounding] << MXCSR_RC_SHIFT | (env->ftz ? MXCSR_FTZ : 0) |
           (env->daz ? MXCSR_DAZ : 0);
}

static uint8_t flags_of(uint32_t mxcsr)
{
    return (uint8_t)((mxcsr & 1 ? FP_NV : 0) | (mxcsr & 2 ? FP_DE : 0) | (mxcsr & 4 ? FP_DZ : 0) |
                     (mxcsr & 8 ? FP_OF : 0) | (mxcsr & 16 ? FP_UF : 0) | (mxcsr & 32 ? FP_NX : 0));
}

static bool is_nan(uint32_t width, uint64_t a)
{
    uint64_t inf = width == 16 ? 0x7c00 : width == 32 ? 0x7f800000 : 0x7ff0000000000000;

    return width && (a & (UINT64_MAX >> (65 - width))) > inf;
}

static uint64_t canonical_nan(uint32_t width)
{
    return width == 16 ? 0x7e00 : width == 32 ? 0x7fc00000 : 0x7ff8000000000000;
}

static void report(const HostOp *op, const char *rules, const FpEnv *before, const uint64_t *v,
                   uint64_t got, uint8_t got_flags, uint64_t want, uint8_t want_flags)
{
    static uint32_t shown;

    if (shown++ < 40) {
        g_test_message("%s %s rounding %u ftz %u daz %u: %#" G_GINT64_MODIFIER
                       "x %#" G_GINT64_MODIFIER "x %#" G_GINT64_MODIFIER "x -> %#" G_GINT64_MODIFIER
                       "x flags %#x, host %#" G_GINT64_MODIFIER "x flags %#x",
                       op->name, rules, before->rounding, before->ftz, before->daz, v[0], v[1],
                       v[2], got, got_flags, want, want_flags);
    }
    g_test_fail();
}

static bool is_infinity_by_zero(uint32_t width, uint64_t a, uint64_t b)
{
    uint64_t inf = width == 32 ? 0x7f800000 : 0x7ff0000000000000;

    a &= UINT64_MAX >> (65 - width);
    b &= UINT64_MAX >> (65 - width);
    return (a == inf && b == 0) || (a == 0 && b == inf);
}

// The RISC-V rules differ from the host's in the NaN delivered, in infinity * 0 + quiet NaN, which
// is invalid, and in not reporting subnormal operands.
static void check_riscv(const HostOp *op, const FpEnv *x86, const uint64_t *v, uint64_t want,
                        uint8_t want_flags)
{
    FpEnv env = {.rounding = x86->rounding};
    uint64_t got = op->ours(&env, v);

    want_flags &= (uint8_t)~FP_DE;
    if (is_nan(op->nan_width, want)) {
        want = canonical_nan(op->nan_width);
    }
    if (op->arity == 3 && is_infinity_by_zero(op->width, v[0], v[1])) {
        want_flags |= FP_NV;
    }
    if (got != want || env.flags != want_flags) {
        report(op, "riscv", &env, v, got, env.flags, want, want_flags);
    }
}

static void check(const HostOp *op, FpEnv env, const uint64_t *v)
{
    FpEnv before = env;
    uint32_t mxcsr;
    uint64_t want = op->host(v, mxcsr_of(&env), &mxcsr), got = op->ours(&env, v);

    if (op->nan_width && op->nan_width < 64) {
        want &= (UINT64_C(1) << op->nan_width) - 1;
    } else if (op->width == 32 && op->arity == 2 && !op->nan_width) {
        want = (uint32_t)want;
    }
    if (got != want || env.flags != flags_of(mxcsr)) {
        report(op, "x86", &before, v, got, env.flags, want, flags_of(mxcsr));
    }
    if (op->riscv_same && !env.ftz && !env.daz) {
        check_riscv(op, &before, v, want, flags_of(mxcsr));
    }
}

// Each of the host's environments: four directions, FTZ and DAZ on and off.
static FpEnv host_env(uint32_t i)
{
    return (FpEnv){.rounding = i & 3,
                   .ftz = i >> 2 & 1,
                   .daz = i >> 3 & 1,
                   .nan_rule = FP_NAN_X86,
                   .int_rule = FP_INT_X86,
                   .denormal_flag = FP_DE};
}

static void check_corners(const HostOp *op)
{
    size_t count, step = op->arity == 3 ? FMA_CORNER_STEP : 1;
    const uint64_t *corners = fp_corners(op->width, &count);
    size_t limit_b = op->arity >= 2 ? count : 1, limit_c = op->arity == 3 ? count : 1;

    for (size_t a = 0; a < count; a++) {
        for (size_t b = 0; b < limit_b; b++) {
            for (size_t c = (a + b) % step; c < limit_c; c += step) {
                const uint64_t v[3] = {corners[a], corners[b], corners[c]};

                for (uint32_t i = 0; i < 16; i += op->arity == 3 ? 5 : 1) {
                    check(op, host_env(i), v);
                }
            }
        }
    }
}

static void check_random(const HostOp *op)
{
    Random random = {.state = 0x5eed};

    for (uint32_t round = 0; round < RANDOM_ROUNDS; round++) {
        uint64_t v[3] = {0};

        fp_operands(&random, op->width, v, op->arity);
        for (uint32_t i = 0; i < 16; i++) {
            check(op, host_env(i), v);
        }
    }
}

static void test_op(const void *user)
{
    const HostOp *op = user;

    if (!host_has(op->needs)) {
        g_test_skip_printf("the host has no %s", op->needs);
        return;
    }
    check_corners(op);
    check_random(op);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < LENGTH(ops); i++) {
        char *path = g_strdup_printf("/fpu/sse/%s", ops[i].name);
        g_test_add_data_func(path, &ops[i], test_op);
        g_free(path);
    }
    return g_test_run();
}
