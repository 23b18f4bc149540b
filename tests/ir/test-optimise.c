// SPDX-License-Identifier: GPL-2.0-or-later
// The optimiser against T0: a random block and what it is optimised to do the same from the same states, faults included; what is
// optimised verifies, prints and parses. A failing block is printed with its seed.
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/ir/random-block.h"

enum { STATES = 6 };

static char *text_of(const IrBlock *block)
{
    Error err;
    char *text = ir_print(block, &fake_names);
    if (!ir_verify(block, &err)) {
        g_error("%s\n%s", err.msg, text);
    }
    return text;
}

static void check_text(const IrBlock *block, const char *text)
{
    Error err;
    IrBuilder *again = ir_builder_new();
    if (!ir_parse(again, text, &fake_names, &err)) {
        g_error("%s\n%s", err.msg, text);
    }
    char *second = text_of(&again->block);
    g_assert_cmpstr(text, ==, second);
    g_assert_cmpuint(again->block.nins, ==, block->nins);
    g_free(second);
    ir_builder_free(again);
}

typedef struct Totals {
    unsigned before, after, pending, faults, exits;
} Totals;

typedef void MakeBlock(IrBuilder *b, uint64_t *seed);

static void run_block(IrBuilder *b, MakeBlock *make, uint64_t seed, FakeCpu *one, FakeCpu *two, Totals *totals)
{
    uint64_t start = seed;
    make(b, &seed);
    char *before = text_of(&b->block);
    check_text(&b->block, before);
    IrBlock *original = ir_block_copy(&b->block);
    ir_optimise_with(b, seed & 1 ? IR_OPT_POSTPONE : 0);
    char *after = text_of(&b->block);
    check_text(&b->block, after);
    char *what = g_strdup_printf("seed %" PRIu64 "\n%s\nbecame\n%s\n", start, before, after);
    for (unsigned i = 0; i < STATES; i++) {
        fake_cpu_fill(one, &seed);
        fake_cpu_copy(two, one);
        RunResult x = interp_run(&one->cpu, original, UINT32_MAX), y = interp_run(&two->cpu, &b->block, UINT32_MAX);
        fake_cpu_compare(one, two, what);
        if (x.attempted != y.attempted || x.exit != y.exit || x.boundary != y.boundary) {
            g_error("%s: results differ", what);
        }
        totals->faults += one->cpu.exception != 0;
        totals->exits += x.attempted < original->nguest;
    }
    totals->before += original->nins;
    totals->after += b->block.nins;
    totals->pending += b->block.npending;
    g_free(what);
    g_free(before);
    g_free(after);
    g_free(original);
}

// IR_SEED and IR_BLOCKS choose which blocks; one to see a failure again.
static Totals run_blocks(MakeBlock *make, unsigned n)
{
    const char *given = g_getenv("IR_SEED"), *count = g_getenv("IR_BLOCKS");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 1;
    n = count ? (unsigned)atoi(count) : given ? 1 : n;
    FakeCpu *one = fake_cpu_new(), *two = fake_cpu_new();
    IrBuilder *b = ir_builder_new();
    Totals totals = { 0 };
    for (unsigned i = 0; i < n; i++) {
        run_block(b, make, seed + i, one, two, &totals);
    }
    g_test_message("%u instructions became %u, with %u pending writes; %u faults, %u early exits", totals.before, totals.after,
                   totals.pending, totals.faults, totals.exits);
    ir_builder_free(b);
    fake_cpu_free(one);
    fake_cpu_free(two);
    return totals;
}

static void test_random(void)
{
    Totals totals = run_blocks(random_block, 3000);
    if (!g_getenv("IR_SEED") && !g_getenv("IR_BLOCKS")) { // or the test tests little
        g_assert_cmpuint(totals.pending, >, 30);
        g_assert_cmpuint(totals.faults, >, 300);
        g_assert_cmpuint(totals.exits, >, 300);
        g_assert_cmpuint(totals.after, <, totals.before);
    }
}

static void test_expressions(void)
{
    run_blocks(random_expressions, 6000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ir/optimise/blocks", test_random);
    g_test_add_func("/ir/optimise/expressions", test_expressions);
    return g_test_run();
}
