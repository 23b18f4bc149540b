// SPDX-License-Identifier: GPL-2.0-or-later
// Vector ops of T0, lane by lane against arithmetic on arrays of the lanes' C types, and their loads, stores and slots.
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>

#include "tests/ir/one-op.h"

typedef union Lanes {
    IrWide wide;
    uint8_t b[32];
    uint16_t h[16];
    uint32_t s[8];
    uint64_t d[4];
    int8_t sb[32];
    int16_t sh[16];
    int32_t ss[8];
    int64_t sd[4];
    float f[8];
    double g[4];
} Lanes;

static const IrType types[] = { IR_V64, IR_V128, IR_V256 };

static Lanes random_lanes(uint64_t *seed, IrType type)
{
    Lanes v = { { { 0 } } };
    for (unsigned i = 0; i < ir_type_bytes(type) / 8; i++) {
        v.d[i] = fake_operand(seed);
        v.b[8 * i + fake_random(seed) % 8] = (uint8_t)fake_random(seed);
    }
    return v;
}

// Each op on all lanes of one C type.
#define LANES(op, member, smember)                                                            \
    for (unsigned i = 0; i < bytes / sizeof(r.member[0]); i++) {                              \
        switch (op) {                                                                         \
        case IR_VADD: r.member[i] = (__typeof__(r.member[i]))(a.member[i] + b.member[i]); break; \
        case IR_VSUB: r.member[i] = (__typeof__(r.member[i]))(a.member[i] - b.member[i]); break; \
        case IR_VCMPEQ: r.smember[i] = a.member[i] == b.member[i] ? -1 : 0; break;            \
        default: r.smember[i] = a.smember[i] > b.smember[i] ? -1 : 0; break;                  \
        }                                                                                     \
    }                                                                                         \
    break

static Lanes reference(IrOp op, IrType type, unsigned sub, Lanes a, Lanes b)
{
    unsigned bytes = ir_type_bytes(type);
    Lanes r = { { { 0 } } };
    switch (sub) {
    case 0: LANES(op, b, sb);
    case 1: LANES(op, h, sh);
    case 2: LANES(op, s, ss);
    default: LANES(op, d, sd);
    }
    return r;
}

static Lanes reference_bytes(IrOp op, IrType type, Lanes a, Lanes b)
{
    unsigned bytes = ir_type_bytes(type), part = MIN(bytes, 16);
    Lanes r = { { { 0 } } };
    for (unsigned i = 0; i < bytes; i++) {
        switch (op) {
        case IR_VAND: r.b[i] = a.b[i] & b.b[i]; break;
        case IR_VANDN: r.b[i] = a.b[i] & ~b.b[i]; break;
        case IR_VOR: r.b[i] = a.b[i] | b.b[i]; break;
        case IR_VXOR: r.b[i] = a.b[i] ^ b.b[i]; break;
        default: r.b[i] = b.b[i] & 0x80 ? 0 : a.b[(i & ~(part - 1)) + (b.b[i] & (part - 1))]; break;
        }
    }
    return r;
}

static void check(IrOp op, IrType type, unsigned sub, const Lanes *a, const Lanes *b, const Lanes *want, const IrWide *got)
{
    if (memcmp(want, got, ir_type_bytes(type)) != 0) {
        g_error("%s.%s sub %u: of %016" PRIx64 " %016" PRIx64 " ... and %016" PRIx64 " %016" PRIx64 " ...: %016" PRIx64 " %016" PRIx64
                " ... expected, %016" PRIx64 " %016" PRIx64 " ...",
                ir_ops[op].name, ir_type_names[type], sub, a->d[0], a->d[1], b->d[0], b->d[1], want->d[0], want->d[1], got->w[0], got->w[1]);
    }
}

static void test_integers(void)
{
    static const IrOp lane_ops[] = { IR_VADD, IR_VSUB, IR_VCMPEQ, IR_VCMPGT }, byte_ops[] = { IR_VAND, IR_VANDN, IR_VOR, IR_VXOR, IR_VSHUF };
    OneOp one = one_op_new();
    uint64_t seed = 1;
    for (unsigned i = 0; i < 3000; i++) {
        IrType type = types[i % 3];
        Lanes a = random_lanes(&seed, type), b = i % 7 ? random_lanes(&seed, type) : a;
        for (unsigned n = 0; n < 16; n++) {
            Lanes want = reference(lane_ops[n / 4], type, n % 4, a, b);
            IrWide got = one_op_run(&one, lane_ops[n / 4], type, n % 4, 0, &a.wide, &b.wide, NULL);
            check(lane_ops[n / 4], type, n % 4, &a, &b, &want, &got);
        }
        for (unsigned n = 0; n < G_N_ELEMENTS(byte_ops); n++) {
            Lanes want = reference_bytes(byte_ops[n], type, a, b);
            IrWide got = one_op_run(&one, byte_ops[n], type, 0, 0, &a.wide, &b.wide, NULL);
            check(byte_ops[n], type, 0, &a, &b, &want, &got);
        }
    }
    one_op_free(&one);
}

static void test_lanes(void)
{
    OneOp one = one_op_new();
    uint64_t seed = 2;
    for (unsigned i = 0; i < 3 * 4; i++) {
        IrType type = types[i % 3];
        unsigned sub = i / 3, bytes = 1u << sub;
        for (unsigned lane = 0; lane < ir_type_bytes(type) / bytes; lane++) {
            Lanes a = random_lanes(&seed, type), want = a;
            const IrWide scalar = { { fake_random(&seed) } };
            uint64_t value = 0;
            memcpy(&value, &a.b[lane * bytes], bytes);
            g_assert_cmphex(one_op_run(&one, IR_VGET, type, sub, lane, &a.wide, NULL, NULL).w[0], ==, value);
            memcpy(&want.b[lane * bytes], &scalar, bytes);
            IrWide got = one_op_run(&one, IR_VPUT, type, sub, lane, &a.wide, &scalar, NULL);
            check(IR_VPUT, type, sub, &a, &a, &want, &got);
            for (unsigned j = 0; j < ir_type_bytes(type) / bytes; j++) {
                memcpy(&want.b[j * bytes], &scalar, bytes);
            }
            got = one_op_run(&one, IR_VSPLAT, type, sub, 0, &scalar, NULL, NULL);
            check(IR_VSPLAT, type, sub, &a, &a, &want, &got);
        }
    }
    one_op_free(&one);
}

static uint64_t lane_float(IrOp op, unsigned sub, const Lanes *a, const Lanes *b, unsigned i)
{
    FpEnv env = { .rounding = FP_RUP }; // wiring is what is tested here; the arithmetic has its own tests
    switch (op) {
    case IR_VFADD: return sub == 2 ? f32_add(&env, a->s[i], b->s[i]) : f64_add(&env, a->d[i], b->d[i]);
    case IR_VFSUB: return sub == 2 ? f32_sub(&env, a->s[i], b->s[i]) : f64_sub(&env, a->d[i], b->d[i]);
    case IR_VFMUL: return sub == 2 ? f32_mul(&env, a->s[i], b->s[i]) : f64_mul(&env, a->d[i], b->d[i]);
    default: return sub == 2 ? f32_div(&env, a->s[i], b->s[i]) : f64_div(&env, a->d[i], b->d[i]);
    }
}

static void test_floats(void)
{
    static const IrOp ops[] = { IR_VFADD, IR_VFSUB, IR_VFMUL, IR_VFDIV };
    OneOp one = one_op_new();
    uint64_t seed = 3;
    for (unsigned i = 0; i < 3000; i++) {
        IrType type = types[i % 3];
        unsigned sub = 2 + (i & 1);
        IrOp op = ops[i / 2 % 4];
        Lanes a = random_lanes(&seed, type), b = random_lanes(&seed, type), want = { { { 0 } } };
        for (unsigned lane = 0; lane < ir_type_bytes(type) >> sub; lane++) {
            uint64_t v = lane_float(op, sub, &a, &b, lane);
            memcpy(&want.b[lane << sub], &v, 1u << sub);
        }
        one.fake->cpu.arch.fp = (FpEnv){ .rounding = FP_RUP };
        IrWide got = one_op_run(&one, op, type, sub, 0, &a.wide, &b.wide, NULL);
        check(op, type, sub, &a, &b, &want, &got);
    }
    // Flags are those of all lanes: 1 / 3 and 1 / 0.
    const Lanes ones = { .g = { 1, 1 } }, threes = { .g = { 3, 0 } };
    one.fake->cpu.arch.fp = (FpEnv){ 0 };
    one_op_run(&one, IR_VFDIV, IR_V128, 3, 0, &ones.wide, &threes.wide, NULL);
    g_assert_cmpuint(one.fake->cpu.arch.fp.flags, ==, FP_NX | FP_DZ);
    one_op_free(&one);
}

static void test_memory(void)
{
    FakeCpu *fake = fake_cpu_new();
    IrBuilder *b = ir_builder_new();
    Error err;
    const char *text = "block pc=0x1000 flags=0x0\n"
                       "insn 0x1000 4\n"
                       "v1 = getreg.i64 x1\n"
                       "v2 = ld.v128 [v1], size=16 mmu=0\n"
                       "v3 = ld.v256 [v1+4], size=32 mmu=0\n"
                       "v4 = ld.i128 [v1+1], size=16 mmu=0\n"
                       "setreg.v128 v1, v2\n"
                       "setreg.v256 y1, v3\n"
                       "v5 = lo v4\n"
                       "v6 = hi v4\n"
                       "setreg.i64 x2, v5\n"
                       "setreg.i64 x3, v6\n"
                       "st.v256 [v1+64], v3, size=32 mmu=0\n"
                       "v7 = cat v6, v5\n"
                       "v8 = cas.i128 [v1+1], v7, v4, size=16 mmu=0\n"   // differs: nothing happens
                       "v9 = cas.i128 [v1+1], v4, v7, size=16 mmu=0\n"
                       "v10 = hi v9\n"
                       "setreg.i64 x4, v10\n"
                       "goto 0x1004\n";
    g_assert_true(ir_parse(b, text, &fake_names, &err));
    uint8_t before[100];
    for (unsigned i = 0; i < sizeof(before); i++) {
        fake->memory[0x100 + i] = before[i] = (uint8_t)(i * 37 + 1);
    }
    fake->s.x[1] = 0x100;
    interp_run(&fake->cpu, &b->block, 1);
    uint64_t words[2];
    memcpy(words, &before[1], 16);
    g_assert_cmpmem(fake->s.v[1], 16, before, 16);
    g_assert_cmpmem(fake->s.y[1], 32, &before[4], 32);
    g_assert_cmphex(fake->s.x[2], ==, words[0]);
    g_assert_cmphex(fake->s.x[3], ==, words[1]);
    g_assert_cmphex(fake->s.x[4], ==, words[1]);
    g_assert_cmpmem(&fake->memory[0x140], 32, &before[4], 32);
    g_assert_cmpmem(&fake->memory[0x101], 8, &words[1], 8);
    g_assert_cmpmem(&fake->memory[0x109], 8, &words[0], 8);
    ir_builder_free(b);
    fake_cpu_free(fake);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ir/vectors/integers", test_integers);
    g_test_add_func("/ir/vectors/lanes", test_lanes);
    g_test_add_func("/ir/vectors/floats", test_floats);
    g_test_add_func("/ir/vectors/memory", test_memory);
    return g_test_run();
}
