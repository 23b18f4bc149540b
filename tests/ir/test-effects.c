// SPDX-License-Identifier: GPL-2.0-or-later
// T0: memory, calls and leaving. Accesses of each size against bytes put together here; what is left where, counted how, and with which
// pending writes.
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>

#include "tests/ir/one-op.h"

enum { AT = 0x105 };

static uint64_t from_bytes(const uint8_t *p, unsigned n, bool big_endian)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++) {
        v = v << 8 | p[big_endian ? i : n - 1 - i];
    }
    return v;
}

static uint64_t sign_extended(uint64_t v, unsigned bytes)
{
    uint64_t sign = (uint64_t)1 << (8 * bytes - 1);
    return bytes < 8 && v & sign ? v | ~(sign | (sign - 1)) : v;
}

// Emits one memory op and runs it; its result, if any, is in x0 (an i32's upper half is 0).
static uint64_t run_memory(OneOp *one, IrOp op, IrType type, MemOp memop, unsigned sub, uint64_t b, uint64_t c)
{
    Error err;
    ir_begin(one->b, 0x1000, 0);
    ir_insn(one->b, 0x1000, 4);
    IrRef address = ir_const(one->b, IR_I64, AT + 1000), x = 0, y = 0;
    if (op != IR_LD) {
        x = ir_const(one->b, type, (int64_t)b);
    }
    if (op == IR_CAS) {
        y = ir_const(one->b, type, (int64_t)c);
    }
    IrRef ref = ir_emit(one->b, op, type, address, x, y, sub, 0);
    one->b->block.ins[ref].memop = memop;
    one->b->block.ins[ref].disp = -1000;
    if (op != IR_ST) {
        ref = type == IR_F32 ? ir_op1(one->b, IR_BITCAST, IR_I32, ref) : type == IR_F64 ? ir_op1(one->b, IR_BITCAST, IR_I64, ref) : ref;
        if (ir_type_bytes(type) == 4) {
            ref = ir_op1(one->b, IR_ZEXT32, IR_I64, ref);
        }
        ir_setreg(one->b, IR_I64, FAKE_SLOT(s.x[0]), ref);
    }
    ir_goto(one->b, 0x1004);
    if (!ir_verify(&one->b->block, &err)) {
        g_error("%s", err.msg);
    }
    interp_run(&one->fake->cpu, &one->b->block, 1);
    g_assert_cmpuint(one->fake->cpu.exception, ==, 0);
    return one->fake->s.x[0];
}

static void fill(OneOp *one, uint8_t *bytes, unsigned n, unsigned seed)
{
    for (unsigned i = 0; i < n; i++) {
        bytes[i] = one->fake->memory[AT + i] = (uint8_t)(seed * 31 + i * 0x4d + 0x80);
    }
}

static void test_loads_and_stores(void)
{
    static const IrType types[] = { IR_I32, IR_I64, IR_F32, IR_F64 };
    OneOp one = one_op_new();
    uint8_t bytes[16];
    int total = sizeof(bytes);
    for (unsigned i = 0; i < G_N_ELEMENTS(types) * 16; i++) {
        IrType type = types[i / 16];
        unsigned size = i % 4, n = 1u << size, whole = ir_type_bytes(type);
        bool is_signed = i & 4, swap = i & 8, is_int = type == IR_I32 || type == IR_I64;
        if (n > whole || (!is_int && n != whole) || (is_signed && n == whole)) {
            continue;
        }
        fill(&one, bytes, sizeof(bytes), i);
        uint64_t value = from_bytes(bytes, n, swap), mask = whole == 4 ? UINT32_MAX : UINT64_MAX;
        value = (is_signed ? sign_extended(value, n) : value) & mask;
        MemOp memop = size | (is_signed ? MEMOP_SIGNED : 0) | (swap ? MEMOP_BSWAP : 0) | 3 << MEMOP_MMU_SHIFT;
        g_assert_cmphex(run_memory(&one, IR_LD, type, memop, 0, 0, 0), ==, value);
        uint64_t stored = 0x1122334455667788 & mask;
        run_memory(&one, IR_ST, type, memop & ~(MemOp)MEMOP_SIGNED, 0, stored, 0);
        g_assert_cmphex(from_bytes(&one.fake->memory[AT], n, swap), ==, stored & (n == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * n) - 1));
        g_assert_cmpmem(&one.fake->memory[AT + n], total - (int)n, &bytes[n], total - (int)n);
    }
    one_op_free(&one);
}

static uint64_t rmw_reference(RmwOp op, unsigned bytes, uint64_t old, uint64_t v)
{
    int64_t so = (int64_t)sign_extended(old, bytes), sv = (int64_t)sign_extended(v, bytes);
    switch (op) {
    case RMW_SWAP: return v;
    case RMW_ADD: return old + v;
    case RMW_AND: return old & v;
    case RMW_OR: return old | v;
    case RMW_XOR: return old ^ v;
    case RMW_MINS: return (uint64_t)MIN(so, sv);
    case RMW_MAXS: return (uint64_t)MAX(so, sv);
    case RMW_MINU: return MIN(old, v);
    default: return MAX(old, v);
    }
}

static void test_atomics(void)
{
    OneOp one = one_op_new();
    for (unsigned i = 0; i < RMW_COUNT * 4 * EDGES; i++) {
        RmwOp op = i / (4 * EDGES);
        unsigned size = i % 4, n = 1u << size;
        uint64_t mask = n == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * n) - 1, v = edge_values[i / 4 % EDGES], old = edge_values[i % EDGES] & mask;
        memcpy(&one.fake->memory[AT], &old, 8);
        g_assert_cmphex(run_memory(&one, IR_RMW, IR_I64, size, op, v, 0), ==, old);
        uint64_t now = 0;
        memcpy(&now, &one.fake->memory[AT], n);
        g_assert_cmphex(now, ==, rmw_reference(op, n, old, v & mask) & mask);
        // Compare and swap of what is there, and of something else.
        g_assert_cmphex(run_memory(&one, IR_CAS, IR_I64, size, 0, now, v), ==, now);
        memcpy(&now, &one.fake->memory[AT], n);
        g_assert_cmphex(now, ==, v & mask);
        g_assert_cmphex(run_memory(&one, IR_CAS, IR_I64, size, 0, now ^ 1, 0x55), ==, now);
        g_assert_cmpmem(&one.fake->memory[AT], n, &now, n);
    }
    one_op_free(&one);
}

// ---- leaving ----

static RunResult run_text(FakeCpu *fake, const char *lines, unsigned limit)
{
    Error err;
    IrBuilder *b = ir_builder_new();
    char *text = g_strdup_printf("block pc=0x1000 flags=0x0\ninsn 0x1000 4\n%s\n", lines);
    if (!ir_parse(b, text, &fake_names, &err)) {
        g_error("%s", err.msg);
    }
    fake->cpu.budget = 100;
    fake->cpu.exception = 0;
    RunResult result = interp_run(&fake->cpu, &b->block, limit);
    g_assert_cmpint(fake->cpu.budget, ==, 100 - result.attempted);
    g_free(text);
    ir_builder_free(b);
    return result;
}

static void check_left(FakeCpu *fake, RunResult result, uint64_t pc, unsigned attempted, IrExit exit, bool boundary)
{
    g_assert_cmphex(fake->cpu.arch.pc, ==, pc);
    g_assert_cmpuint(result.attempted, ==, attempted);
    g_assert_cmpint(result.exit, ==, exit);
    g_assert_cmpint(result.boundary, ==, boundary);
}

static void test_exits(void)
{
    FakeCpu *fake = fake_cpu_new();
    check_left(fake, run_text(fake, "goto 0x2000", 9), 0x2000, 1, IR_EXIT_BOUNDARY, false);
    check_left(fake, run_text(fake, "v1 = const.i64 0x3000\nijmp call v1", 9), 0x3000, 1, IR_EXIT_BOUNDARY, false);
    check_left(fake, run_text(fake, "exit halt 0x4000", 9), 0x4000, 1, IR_EXIT_HALT, true);
    check_left(fake, run_text(fake, "exit boundary 0x4000", 9), 0x4000, 1, IR_EXIT_BOUNDARY, true);
    check_left(fake, run_text(fake, "v1 = const.i64 0x5000\nexitpc halt v1", 9), 0x5000, 1, IR_EXIT_HALT, true);
    check_left(fake, run_text(fake, "insn 0x1004 4\nv1 = const.i64 0x77\ntrap 5, v1", 9), 0x1004, 2, IR_EXIT_BOUNDARY, true);
    g_assert_cmpuint(fake->cpu.exception, ==, 6);
    g_assert_cmphex(fake->cpu.exception_value, ==, 0x77);
    fake_cpu_free(fake);
}

static const char three[] = "v1 = const.i64 1\nsetreg.i64 x1, v1\ninsn 0x1004 2\nv2 = call stop(v1)\nsetreg.i64 x2, v1\ninsn 0x1006 4\nsetreg.i64 x3, v1\n"
                            "goto 0x100a";

static void test_limit(void)
{
    FakeCpu *fake = fake_cpu_new();
    check_left(fake, run_text(fake, three, 1), 0x1004, 1, IR_EXIT_BOUNDARY, false);
    g_assert_cmphex(fake->s.x[1], ==, 1);
    g_assert_cmphex(fake->s.x[2], ==, 0);
    check_left(fake, run_text(fake, three, 2), 0x1006, 2, IR_EXIT_BOUNDARY, false);
    g_assert_cmphex(fake->s.x[2], ==, 1);
    g_assert_cmphex(fake->s.x[3], ==, 0);
    check_left(fake, run_text(fake, three, 3), 0x100a, 3, IR_EXIT_BOUNDARY, false);
    check_left(fake, run_text(fake, three, 4), 0x100a, 3, IR_EXIT_BOUNDARY, false);
    fake_cpu_free(fake);
}

static void test_attention(void)
{
    FakeCpu *fake = fake_cpu_new();
    fake->cpu.attention = true; // heeded behind an instruction, not before the first
    check_left(fake, run_text(fake, three, 9), 0x1004, 1, IR_EXIT_BOUNDARY, false);
    fake->cpu.attention = false;
    // stop(0) asks for it
    check_left(fake, run_text(fake, "v1 = const.i64 0\nv2 = call stop(v1)\nsetreg.i64 x5, v2\ninsn 0x1004 4\ngoto 0x1008", 9), 0x1004, 1,
               IR_EXIT_BOUNDARY, false);
    fake_cpu_free(fake);
}

static void test_faults(void)
{
    FakeCpu *fake = fake_cpu_new();
    fake->s.x[1] = 5 << 13; // faults
    fake->s.x[2] = 0x1234;
    const char *load = "v1 = getreg.i64 x1\nv2 = getreg.i64 x2\ninsn 0x1004 4\nv3 = ld.i64 [v1], size=8 mmu=0 {x3.i64=v2, h1.i16=v4}\n"
                       "setreg.i64 x2, v3\ngoto 0x1008";
    char *with_half = g_strdup_printf("v4 = const.i32 0xabcd1234\n%s", load);
    check_left(fake, run_text(fake, with_half, 9), 0x1004, 2, IR_EXIT_BOUNDARY, true);
    g_assert_cmpuint(fake->cpu.exception, ==, 1 + FAKE_FAULT);
    g_assert_cmphex(fake->cpu.exception_value, ==, 5 << 13);
    g_assert_cmphex(fake->s.x[3], ==, 0x1234); // was pending
    g_assert_cmphex(fake->s.b[2] | fake->s.b[3] << 8 | fake->s.b[4] << 16, ==, 0x1234);
    g_assert_cmphex(fake->s.x[2], ==, 0x1234);
    g_free(with_half);
    check_left(fake, run_text(fake, "v1 = getreg.i64 x1\nv2 = rmw.i64 add [v1], v1, size=8 mmu=0\ngoto 0x1004", 9), 0x1000, 1, IR_EXIT_BOUNDARY,
               true);
    g_assert_cmpuint(fake->cpu.exception, ==, 2 + FAKE_FAULT); // as a store
    check_left(fake, run_text(fake, "v1 = const.i64 16\nv2 = call trap(v1)\nsetreg.i64 x4, v1\ngoto 0x1004", 9), 0x1000, 1, IR_EXIT_BOUNDARY, true);
    g_assert_cmpuint(fake->cpu.exception, ==, 1 + FAKE_HELPER_FAULT);
    g_assert_cmphex(fake->s.x[4], ==, 0);
    fake_cpu_free(fake);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ir/effects/loads-and-stores", test_loads_and_stores);
    g_test_add_func("/ir/effects/atomics", test_atomics);
    g_test_add_func("/ir/effects/exits", test_exits);
    g_test_add_func("/ir/effects/limit", test_limit);
    g_test_add_func("/ir/effects/attention", test_attention);
    g_test_add_func("/ir/effects/faults", test_faults);
    return g_test_run();
}
