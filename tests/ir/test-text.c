// SPDX-License-Identifier: GPL-2.0-or-later
// The parser and the verifier refuse what is wrong, with the line and the reason, and survive anything.
//
// A case is the lines between "insn" and "goto" of a block whose instruction begins in line 2, so that the first line of a case is line 3.
#include <glib.h>
#include <stdio.h>

#include "tests/ir/fake-cpu.h"

typedef struct Case {
    const char *lines, *message; // NULL: it is right
} Case;

#define X1 "v1 = getreg.i64 x1\n"
#define F1 "v2 = getreg.f64 f1\n"

static const Case cases[] = {
    { "", NULL },
    { X1 "setreg.i64 x2, v1", NULL },
    // ---- syntax
    { "what", "line 3: there is no op \"what\"" },
    { "v1 = bogus.i64 v2", "line 3: there is no op \"bogus\"" },
    { "v1 = getreg x1", "line 3: expected '.' before \"x1\"" },
    { "v1 = getreg.i63 x1", "line 3: there is no type \"i63\"" },
    { "v1 = getreg.i64 nosuch", "line 3: there is no slot \"nosuch\"" },
    { "v1 = getreg.i64 x1+9", "line 3: offset in the slot 9 is more than 7" },
    { "v1 = getreg.i64 x1 x2", "line 3: \"x2\" is too much" },
    { "v0 = getreg.i64 x1", "line 3: v0: values are v1 to v4095" },
    { "v4096 = getreg.i64 x1", "line 3: v4096: values are v1 to v4095" },
    { "x = getreg.i64 x1", "line 3: expected a value (v1, v2, ...), not \"x\"" },
    { "vx = getreg.i64 x1", "line 3: \"vx\" is not a value's name" },
    { X1 X1, "line 4: v1 is made twice" },
    { "getreg.i64 x1", "line 3: getreg makes a value" },
    { X1 "v2 = setreg.i64 x1, v1", "line 4: setreg makes no value" },
    { "setreg.i64 x1, v1", "line 3: v1 is used before it is made" },
    { "v1 = const.i64 0x10000000000000000", "line 3: 0x10000000000000000 does not fit in 64 bits" },
    { "v1 = const.i64 18446744073709551616", "line 3: 18446744073709551616 does not fit in 64 bits" },
    { "v1 = const.i64 -9223372036854775809", "line 3: -9223372036854775809 does not fit in 64 bits" },
    { "v1 = const.i32 0x100000000", "line 3: the constant does not fit in 32 bits" },
    { "v1 = const.i32 -2147483649", "line 3: the constant does not fit in 32 bits" },
    { "v1 = const.i64 12z", "line 3: \"12z\" is not a number" },
    { "v1 = const.i64", "line 3: expected a number" },
    { X1 "v2 = cmp.i64 lt v1, v1", "line 4: cmp does not know \"lt\"" },
    { X1 F1 "v3 = fadd.f64 v2, v2", "line 5: fadd does not know \"v2\"" },
    { X1 "v2 = ld.i64 v1, size=8 mmu=0", "line 4: expected '[' before \"v1, size=8 m\"" },
    { X1 "v2 = ld.i64 [v1+0x80000000], size=8 mmu=0", "line 4: the displacement 2147483648 does not fit in 32 bits" },
    { X1 "v2 = ld.i64 [v1], size=3 mmu=0", "line 4: size=3 is not a power of two" },
    { X1 "v2 = ld.i64 [v1], size=64 mmu=0", "line 4: size 64 is more than 32" },
    { X1 "v2 = ld.i64 [v1], size=4 mmu=16", "line 4: mmu 16 is more than 15" },
    { X1 "v2 = ld.i64 [v1], mmu=1", "line 4: expected size=, not \"mmu\"" },
    { X1 "v2 = ld.i64 [v1], size=4 mmu=0 zero", "line 4: there is no kind of access \"zero\"" },
    { X1 "v2 = extract.i64 v1, pos=64 len=1", "line 4: pos 64 is more than 63" },
    { X1 "v2 = call nothing(v1)", "line 4: there is no helper \"nothing\"" },
    { X1 "v2 = call mix(v1", "line 4: expected ',' at the end of the line" },
    { X1 "v2 = add.i64 v1, v1 {x2.i64=v1}", "line 4: add has no snapshot" },
    { X1 "v2 = ld.i64 [v1], size=8 mmu=0 {x2=v1}", "line 4: expected '.' before \"=v1}\"" },
    { "block pc=0x1000 flags=0", "line 3: there is no op \"block\"" },
    // ---- types and operands
    { X1 F1 "v3 = add.i64 v1, v2", "line 5: v4 (add): operand 2, v3, is of type f64, not i64" },
    { F1 "v3 = add.f64 v2, v2", "line 4: v3 (add): it can't be of type f64" },
    { X1 "v3 = add.i128 v1, v1", "line 4: v3 (add): it can't be of type i128" },
    { X1 "v3 = add.void v1, v1", "line 4: add makes no value" },
    { "v1 = const.i8 1", "line 3: v2 (const): it can't be of type i8" },
    { X1 "v3 = add.i64 v1, _", "line 4: v3 (add): operand 2 is missing" },
    { X1 "v2 = call mix(v1, v1)", "line 4: v3 (call): operand 3 is missing" },
    { X1 "v2 = call peek(v1)", "line 4: v3 (call): it has no operand 1" },
    { F1 "v3 = call trap(v2)", "line 4: v3 (call): operand 1, v2, is of type f64, not i64" },
    { X1 "setreg.i8 b0, v1", "line 4: v3 (setreg): operand 1, v2, is of type i64, not i32" },
    { "v1 = getreg.i8 b0\nv2 = trunc v1", "line 4: v3 (trunc): operand 1, v2, is of type i32, not i64" },
    // ---- fields
    { "insn 0x1004 0", "line 3: v2 (insn): 0 is not a length" },
    { "insn 0x1004 16", "line 3: v2 (insn): 16 is not a length" },
    { X1 "v2 = extract.i64 v1, pos=60 len=5", "line 4: v3 (extract): bits 60 to 64 aren't a field of 64 bits" },
    { X1 "v2 = trunc v1\nv3 = sextract.i32 v2, pos=0 len=33", "line 5: v4 (sextract): bits 0 to 32 aren't a field of 32 bits" },
    { X1 "v2 = ld.i64 [v1], size=16 mmu=0", "line 4: v3 (ld): 16 bytes don't go with type i64" },
    { X1 "v2 = ld.f64 [v1], size=4 mmu=0", "line 4: v3 (ld): 4 bytes don't go with type f64" },
    { X1 "v2 = ld.v128 [v1], size=8 mmu=0", "line 4: v3 (ld): 8 bytes don't go with type v128" },
    { X1 "v2 = ld.v128 [v1], size=16 mmu=0 be", "line 4: v3 (ld): wide accesses have no byte order" },
    { X1 "v2 = ld.i64 [v1], size=8 mmu=0 signed", "line 4: v3 (ld): there is nothing to sign-extend" },
    { X1 "st.i64 [v1], v1, size=4 mmu=0 signed", "line 4: v3 (st): there is nothing to sign-extend" },
    { X1 "st.i64 [v1], v1, size=4 mmu=0 storefault", "line 4: v3 (st): storefault is for loads" },
    { X1 "v2 = ld.i64 [v1], size=8 mmu=8", "line 4: v3 (ld): there is no mmu index 8" },
    // ---- the state
    { "v1 = getreg.i64 @44", "line 3: v2 (getreg): there is no slot of 8 bytes at 44" },
    { "v1 = getreg.i64 @0x1000000", "line 3: v2 (getreg): there is no slot of 8 bytes at 16777216" },
    { X1 "v2 = getreg.i32 x1+4", "line 4: v3 (getreg): 4 bytes at slot 44 overlap 8 bytes at slot 40, used before" },
    { X1 "v2 = getreg.f64 x1", NULL },
    { "v1 = getreg.i64 x1\nv2 = getreg.v128 x0", NULL },
    { "v1 = getreg.v128 x0\nv2 = getreg.v128 x1", "line 4: v3 (getreg): 16 bytes at slot 40 overlap 16 bytes at slot 32, used before" },
    { X1 "v2 = ld.i64 [v1], size=8 mmu=0 {x2.f64=v1}", "line 4: v3 (ld): pending write 1, of v2, is of type i64, not f64" },
    { X1 "v2 = ld.i64 [v1], size=8 mmu=0 {x2.i64=v1, x2.i64=v1}", "line 4: v3 (ld): pending writes 1 and 2 overlap" },
    { X1 "v2 = ld.i64 [v1], size=8 mmu=0 {x2.i64=v2}", "line 4: v2 is used before it is made" },
    { X1 "exitif.i64 eq v1, v1, 0x2000 {x2.i64=v1}", "line 4: v3 (exitif): its snapshot has pending writes" },
    // ---- the block
    { "goto 0x10", "line 3: v2 (goto): nothing can follow it" },
};

static char *block_of(const char *lines)
{
    return g_strdup_printf("block pc=0x1000 flags=0x0\ninsn 0x1000 4\n%s\ngoto 0x1004\n", lines);
}

static void check(const char *text, const char *message)
{
    Error err = { .msg = "" };
    IrBuilder *b = ir_builder_new();
    bool ok = ir_parse(b, text, &fake_names, &err);
    if (message ? ok || !g_str_has_prefix(err.msg, message) : !ok) {
        g_error("%s: expected \"%s\", got \"%s\"", text, message ? message : "", err.msg);
    }
    ir_builder_free(b);
}

static void test_errors(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *text = block_of(cases[i].lines);
        check(text, cases[i].message);
        g_free(text);
    }
    check("", "line 1: there is no block");
    check("# nothing\n\n", "line 3: there is no block");
    check("insn 0x1000 4", "line 1: expected \"block pc=... flags=...\"");
    check("block pc=0x1000", "line 1: expected flags=");
    check("block pc=0x1000 flags=0x100000000", "line 1: flags 4294967296 is more than 4294967295");
    check("block pc=0x1000 flags=0 bits=3", "line 1: expected bytes=");
    check("block pc=0x1000 flags=0", "the block is empty");
    check("block pc=0x1000 flags=0\ninsn 0x1000 4", "line 2: v1 (insn): a block ends with");
    check("block pc=0x1000 flags=0\ninsn 0x1004 4\ngoto 0", "line 2: v1 (insn): the first guest instruction isn't at the block's pc");
    check("block pc=0x1000 flags=0\nv1 = const.i64 1\ngoto 0", "line 3: v2 (goto): no guest instruction has begun");
    check("block pc=0 flags=0\nv1 = getreg.i64 x1\nst.i64 [v1], v1, size=8 mmu=0", "line 3: v2 (st): no guest instruction has begun");
}

// ---- limits ----

static void test_limits(void)
{
    GString *s = g_string_new("block pc=0x0 flags=0x0\n");
    for (unsigned i = 0; i < IR_MAX_GUEST + 1; i++) {
        g_string_append_printf(s, "insn 0x%x 1\n", i);
    }
    check(s->str, "line 258: too many guest instructions");
    g_string_assign(s, "block pc=0x0 flags=0x0\ninsn 0x0 1\nv1 = const.i64 1\n");
    for (unsigned i = 3; i < IR_MAX_INSNS; i++) {
        g_string_append(s, "setreg.i64 x1, v1\n");
    }
    char *longest = g_strdup(s->str);
    g_string_append(s, "setreg.i64 x1, v1\n");
    check(s->str, "line 4097: a block has at most 4095 instructions");
    g_string_assign(s, longest);
    g_string_truncate(s, s->len - strlen("setreg.i64 x1, v1\n"));
    g_string_append(s, "goto 0x1\n");
    check(s->str, NULL);
    g_string_assign(s, "block pc=0x0 flags=0x0\ninsn 0x0 1\nv1 = getreg.i64 x1\n");
    for (unsigned i = 0; i < IR_MAX_SNAPS; i++) {
        g_string_append(s, "st.i64 [v1], v1, size=8 mmu=0 {x2.i64=v1}\n");
    }
    check(s->str, "line 1027: too many snapshots");
    g_string_free(s, TRUE);
    g_free(longest);
}

// Blocks that no text can make: the verifier alone sees them. Without a message any will do.
static void check_broken(IrBuilder *b, const char *message)
{
    Error err = { .msg = "no error" };
    uint8_t last = b->block.ins[b->block.nins - 1].op;
    if (last != IR_TRAP) {
        ir_goto(b, 0);
    }
    g_assert_false(ir_verify(&b->block, &err));
    if (message) {
        g_assert_cmpstr(err.msg, ==, message);
    }
    g_free(ir_print(&b->block, NULL)); // survives
    ir_begin(b, 0x1000, 0);
    ir_insn(b, 0x1000, 4);
}

static void test_broken(void)
{
    IrBuilder *b = ir_builder_new();
    ir_begin(b, 0x1000, 0);
    ir_insn(b, 0x1000, 4);
    ir_emit(b, IR_OP_COUNT, IR_I64, 0, 0, 0, 0, 0);
    check_broken(b, NULL);
    ir_emit(b, IR_ADD, IR_TYPE_COUNT, 0, 0, 0, 0, 0);
    check_broken(b, NULL);
    ir_emit(b, IR_GETREG, IR_I64, 0, 0, 0, 3, 48);
    check_broken(b, "v2 (getreg): sub is 3, not 0");
    ir_emit(b, IR_NEG, IR_I64, ir_emit(b, IR_CMP, IR_I64, ir_const(b, IR_I64, 1), 2, 0, IR_COND_COUNT, 0), 0, 0, 0, 0);
    check_broken(b, "v3 (cmp): there is no sub 12");
    ir_emit(b, IR_FSQRT, IR_F64, ir_const(b, IR_F64, 1), 0, 0, 5, 0);
    check_broken(b, "v3 (fsqrt): there is no sub 5");
    ir_emit(b, IR_NEG, IR_I64, ir_const(b, IR_I64, 1), 2, 0, 0, 0);
    check_broken(b, "v3 (neg): it has no operand 2");
    ir_emit(b, IR_NEG, IR_I64, ir_const(b, IR_I64, 1), 0, 0, 0, 7);
    check_broken(b, "v3 (neg): imm is 7, not 0");
    ir_emit(b, IR_NEG, IR_I64, 60000, 0, 0, 0, 0);
    check_broken(b, "v2 (neg): operand 1, v60000, isn't made yet");
    b->block.ins[ir_emit(b, IR_NEG, IR_I64, ir_const(b, IR_I64, 1), 0, 0, 0, 0)].disp = 4;
    check_broken(b, "v3 (neg): it has no memop and no displacement");
    ir_load(b, IR_I64, 3 | 1u << 20, ir_const(b, IR_I64, 1), 0);
    check_broken(b, "v3 (ld): memop has unknown bits 0x100000");
    ir_emit(b, IR_SEXT32, IR_I32, ir_const(b, IR_I32, 1), 0, 0, 0, 0);
    check_broken(b, "v3 (sext32): its type is i32, not i64");
    ir_emit(b, IR_CALL, IR_VOID, 0, 0, 0, 0, 0);
    check_broken(b, "v2 (call): it calls no helper");
    ir_emit(b, IR_TRAP, IR_VOID, ir_const(b, IR_I64, 1), 0, 0, 0, -1);
    check_broken(b, "v3 (trap): there is no exception -1");
    ir_load(b, IR_I64, 3, ir_const(b, IR_I64, 1), 0);
    b->block.ins[3].snap = 1;
    check_broken(b, "v3 (ld): there is no snapshot 1");
    ir_insn(b, 0x1004, 4);
    ir_load(b, IR_I64, 3, ir_const(b, IR_I64, 1), 0);
    b->block.ins[4].snap = 0;
    check_broken(b, "v4 (ld): its snapshot is of guest instruction 0, not 1");
    ir_load(b, IR_I64, 3, ir_const(b, IR_I64, 1), 0);
    b->block.snaps[1] = b->block.snaps[0];
    b->block.snaps[1].npending = 1;
    b->block.nsnaps = 2;
    b->block.ins[3].snap = 1;
    check_broken(b, "v3 (ld): its snapshot has more pending writes than there are");
    b->block.snaps[0].npending = 1;
    check_broken(b, "v1 (insn): its snapshot has pending writes");
    b->block.nguest = 2;
    check_broken(b, "the block has 1 guest instructions, not 2");
    ir_builder_free(b);
}

// ---- garbage ----

static void survive(const char *text)
{
    Error err;
    IrBuilder *b = ir_builder_new();
    if (ir_parse(b, text, &fake_names, &err)) {
        char *first = ir_print(&b->block, &fake_names);
        g_assert_true(ir_parse(b, first, &fake_names, &err));
        char *second = ir_print(&b->block, &fake_names);
        g_assert_cmpstr(first, ==, second);
        g_free(first);
        g_free(second);
    }
    ir_builder_free(b);
}

static void mutate(GString *s, uint64_t *seed)
{
    static const char *const pieces[] = { " ", "\n", "v1", "v", "0x", "-", ",", "[", "]", "{", "}", "=", ".", "i32", "f64", "x1", "_",
                                          "999999999999999999999" };
    size_t at = fake_random(seed) % (s->len + 1), length = fake_random(seed) % 20;
    length = MIN(length, s->len - at);
    switch (fake_random(seed) % 5) {
    case 0: g_string_erase(s, (gssize)at, (gssize)length); break;
    case 1: g_string_insert(s, (gssize)at, pieces[fake_random(seed) % G_N_ELEMENTS(pieces)]); break;
    case 2: g_string_insert_c(s, (gssize)at, (char)(1 + fake_random(seed) % 255)); break;
    case 3: g_string_truncate(s, at); break;
    default: {
        char *copy = g_strndup(s->str + at, length);
        g_string_insert(s, (gssize)(fake_random(seed) % (s->len + 1)), copy);
        g_free(copy);
        break;
    }
    }
}

static void test_garbage(void)
{
    char *contents, *path = g_build_filename(g_getenv("G_TEST_SRCDIR"), "golden", "all-ops.ir", NULL);
    uint64_t seed = 7;
    g_assert_true(g_file_get_contents(path, &contents, NULL, NULL));
    char **sections = g_strsplit(contents, "--- ", -1);
    char **lines = g_strsplit(sections[0], "\n", -1);
    for (unsigned i = 0; i < 3000; i++) {
        // A few lines of the file, so that most of what is wrong is what was changed.
        GString *s = g_string_new("block pc=0x1000 flags=0x0\ninsn 0x1000 4\nv1 = const.i64 -16\nv3 = const.i32 1\n"
                                  "v4 = const.f64 0x3ff0000000000000\nv6 = getreg.i64 x1\nv7 = getreg.i32 w1\nv10 = getreg.f64 f1\n");
        for (unsigned j = 0; j < 4; j++) {
            g_string_append_printf(s, "%s\n", lines[12 + fake_random(&seed) % (g_strv_length(lines) - 14)]);
        }
        g_string_append(s, "goto 0x1004\n");
        for (uint64_t n = fake_random(&seed) % 4; n > 0; n--) {
            mutate(s, &seed);
        }
        survive(s->str);
        g_string_free(s, TRUE);
    }
    g_strfreev(lines);
    g_strfreev(sections);
    g_free(contents);
    g_free(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ir/errors", test_errors);
    g_test_add_func("/ir/limits", test_limits);
    g_test_add_func("/ir/broken", test_broken);
    g_test_add_func("/ir/garbage", test_garbage);
    return g_test_run();
}
