// SPDX-License-Identifier: GPL-2.0-or-later
// T1 against T0: blocks that loop to their own start, of kinds that chance hardly ever makes. What x86-nan.c leaves unchecked from one turn to the
// next must be right wherever the loop is left. And a site whose range grows.
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tcg/t1-guest.h"

#define X(n) (SLOT(s.x) + 8 * (n))
#define F(n) (SLOT(s.f) + 8 * (n))

static void add_to_x(IrBuilder *b, unsigned n, int64_t by)
{
    ir_setreg(b, IR_I64, X(n), ir_op2(b, IR_ADD, IR_I64, ir_getreg(b, IR_I64, X(n)), ir_const(b, IR_I64, by)));
}

static void arithmetic(IrBuilder *b, IrOp op, unsigned to, unsigned x, unsigned y)
{
    ir_setreg(b, IR_F64, F(to), ir_emit(b, op, IR_F64, ir_getreg(b, IR_F64, F(x)), ir_getreg(b, IR_F64, F(y)), 0, IR_ROUND_DYNAMIC, 0));
}

static void exit_unless_equal(IrBuilder *b, unsigned x, unsigned y, uint64_t pc)
{
    ir_exitif(b, IR_I64, IR_NE, ir_getreg(b, IR_I64, X(x)), ir_getreg(b, IR_I64, X(y)), pc);
}

// Two ways back: behind the first one f2 is what was loaded, any NaN; behind the second one it is a result. The third load faults.
static void two_ways_back(IrBuilder *b, Guest *g)
{
    ir_insn(b, START, 4);
    ir_setreg(b, IR_F64, F(2), ir_load(b, IR_F64, 3 | 1 << MEMOP_MMU_SHIFT, ir_getreg(b, IR_I64, X(0)), 0));
    ir_insn(b, START + 4, 4);
    add_to_x(b, 0, 4096);
    exit_unless_equal(b, 0, 1, START);
    ir_insn(b, START + 8, 4);
    arithmetic(b, IR_FADD, 2, 3, 4);
    exit_unless_equal(b, 0, 2, START);
    ir_insn(b, START + 12, 4);
    ir_goto(b, 0x8000);
    g->s.x[0] = RAM_GVA;
    g->s.x[1] = RAM_GVA + 4096;
    uint64_t odd = 0x7ffc0ffee0000001;
    memcpy(g->ram + 4096, &odd, 8);
}

// The first time round f0's result is looked at in the middle together with another one's, the next time with f1's of the time before. The other
// one goes to a slot inside the loop or behind it.
static void partners(IrBuilder *b, Guest *g, bool inside)
{
    ir_insn(b, START, 4);
    IrRef late = ir_emit(b, IR_FADD, IR_F64, ir_getreg(b, IR_F64, F(5)), ir_getreg(b, IR_F64, F(6)), 0, IR_ROUND_DYNAMIC, 0);
    arithmetic(b, IR_FMUL, 0, 5, 7);
    exit_unless_equal(b, 3, 4, 0x9000);
    ir_insn(b, START + 4, 4);
    if (inside) {
        ir_setreg(b, IR_F64, F(3), late);
    }
    arithmetic(b, IR_FADD, 1, 1, 5);
    add_to_x(b, 5, -1);
    exit_unless_equal(b, 5, 6, START);
    ir_insn(b, START + 8, 4);
    if (!inside) {
        ir_setreg(b, IR_F64, F(3), late);
    }
    ir_goto(b, 0x8000);
    g->s.x[5] = 3;
    g->s.f[5] = 0x7ff0000000000000;
    g->s.f[6] = 0xfff0000000000000;
    g->s.f[7] = 0x3ff0000000000000;
}

static void partner_inside(IrBuilder *b, Guest *g) { partners(b, g, true); }
static void partner_behind(IrBuilder *b, Guest *g) { partners(b, g, false); }

static void run_loop(void (*make_loop)(IrBuilder *b, Guest *g), JitReason expected)
{
    Jit *jit = make_jit(os_host_features());
    IrBuilder *b = ir_builder_new();
    Guest *t0 = guest_new(), *t1 = guest_new();
    t0->cpu.arch.pc = t1->cpu.arch.pc = START;
    ir_begin(b, START, 0);
    make_loop(b, t0);
    t1->s = t0->s;
    memcpy(t1->ram, t0->ram, RAM_BYTES);
    t0->cpu.budget = t1->cpu.budget = 100;
    JitCode *code = jit_compile(jit, &t1->cpu, &b->block, 4095, true, 0);
    g_assert_nonnull(code);
    JitExit exit = jit_run(jit, &t1->cpu, code, 100);
    g_assert_cmpint(exit.reason, ==, expected);
    bool ok = run_t0(t0, &b->block, (unsigned)(100 - t1->cpu.budget), false) && guest_equal(t0, t1);
    if (!ok) {
        print_difference(&b->block, t0, t1, "a loop");
        g_test_fail();
    }
    jit_code_drop(jit, code);
    jit_code_free(code);
    ir_builder_free(b);
    jit_free(jit);
    free(t0);
    free(t1);
}

static void test_two_ways_back(void) { run_loop(two_ways_back, JIT_FAULT); }
static void test_partner_inside(void) { run_loop(partner_inside, JIT_LINK); }
static void test_partner_behind(void) { run_loop(partner_behind, JIT_LINK); }

// One place that loads from page after page: the range that its site holds grows over those that are known, and over nothing else.
static void test_site_range(void)
{
    static const struct {
        unsigned page, offset;
        JitReason reason;
        int misses; // of the site, in all
    } steps[] = {
        { 0, 8, JIT_LINK, 1 },    { 0, 4088, JIT_LINK, 1 }, { 1, 0, JIT_LINK, 1 },    { 1, 4088, JIT_LINK, 1 }, { 0, 4092, JIT_LINK, 1 },
        { 0, 16, JIT_LINK, 1 },   { 2, 0, JIT_FAULT, 2 },   { 1, 4089, JIT_FAULT, 3 }, { 1, 4088, JIT_LINK, 3 }, { 3, 0, JIT_ALONE, 4 },
        { 0, 0, JIT_LINK, 4 },
    };
    Jit *jit = make_jit(os_host_features());
    IrBuilder *b = ir_builder_new();
    Guest *g = guest_new();
    ir_begin(b, START, 0);
    ir_insn(b, START, 4);
    IrRef address = ir_getreg(b, IR_I64, SLOT(s.x[0]));
    ir_setreg(b, IR_I64, SLOT(s.x[1]), ir_load(b, IR_I64, 3 | 1 << MEMOP_MMU_SHIFT, address, 0));
    ir_goto(b, 0x8000);
    JitCode *code = jit_compile(jit, &g->cpu, &b->block, 4095, true, 0);
    g_assert_cmpuint(code->nsites, ==, 1);
    g->cpu.site[code->first_site].misses = 100;
    for (unsigned i = 0; i < RAM_BYTES; i += 8) {
        memcpy(g->ram + i, &(uint64_t){ i + 1000000 }, 8);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        uint64_t expected, offset = 4096 * steps[i].page + steps[i].offset;
        g->s.x[0] = RAM_GVA + offset;
        g->cpu.budget = 10;
        g->cpu.exception = 0;
        g_assert_cmpint(jit_run(jit, &g->cpu, code, 10).reason, ==, steps[i].reason);
        g_assert_cmpint(100 - g->cpu.site[code->first_site].misses, ==, steps[i].misses);
        if (steps[i].reason == JIT_LINK) {
            memcpy(&expected, g->ram + offset, 8);
            g_assert_cmphex(g->s.x[1], ==, expected);
        }
    }
    cpu_sites_drop_all(&g->cpu);
    g_assert_cmphex(g->cpu.site[code->first_site].limit, ==, 0);
    jit_code_drop(jit, code);
    jit_code_free(code);
    ir_builder_free(b);
    free(g);
    jit_free(jit);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1-loops/two-ways-back", test_two_ways_back);
    g_test_add_func("/t1-loops/partner-inside", test_partner_inside);
    g_test_add_func("/t1-loops/partner-behind", test_partner_behind);
    g_test_add_func("/t1-loops/site-range", test_site_range);
    return g_test_run();
}
