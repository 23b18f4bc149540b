// SPDX-License-Identifier: GPL-2.0-or-later
// Runs golden tests of the IR: run-ir FILE.ir... Each file is a block's text and, in sections, what must come of it.
//
//     # what the test is about
//     block pc=0x1000 flags=0x0
//     ...
//     --- error                    the text is refused, with exactly this message
//     line 3: ...
//     --- print                    what ir_print gives
//     --- optimise                 what ir_print gives after ir_optimise
//     --- run x1=5 f0=0x10         T0, from a state of zeros but for these, ends with these
//     x2=6 pc=0x1004 exception=0
//
// There may be several `run`s. A file without sections must parse. In any case what is printed must parse, print again as it was, and verify; and the optimised block must
// do from random states what the original does. With --update the file's print and optimise sections are written anew.
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/ir/fake-cpu.h"

typedef struct Test {
    const char *path;
    IrBuilder *b;
    char *expected;  // of the section looked at
    GString *updated; // the file as it should be
    bool ok;
} Test;

static void complain(Test *t, const char *what, const char *expected, const char *got)
{
    t->ok = false;
    printf("# %s: %s\n# expected:\n%s\n# got:\n%s\n", t->path, what, expected, got);
}

static void check_text(Test *t, const char *what, const char *got)
{
    if (strcmp(t->expected, got) != 0) {
        complain(t, what, t->expected, got);
    }
    g_string_append_printf(t->updated, "%s", got);
}

// What is printed must be a fixed point.
static void check_round_trip(Test *t, const char *text)
{
    Error err;
    IrBuilder *again = ir_builder_new();
    if (!ir_parse(again, text, &fake_names, &err)) {
        complain(t, "what was printed does not parse", text, err.msg);
    } else {
        char *second = ir_print(&again->block, &fake_names);
        if (strcmp(text, second) != 0) {
            complain(t, "printing again differs", text, second);
        }
        g_free(second);
    }
    ir_builder_free(again);
}

// ---- run ----

static uint64_t *fake_field(FakeCpu *fake, const char *name, unsigned *bytes)
{
    *bytes = 8;
    if (strcmp(name, "pc") == 0) {
        return &fake->cpu.arch.pc;
    }
    if (strcmp(name, "exception") == 0) {
        *bytes = 4;
        return (uint64_t *)(void *)&fake->cpu.exception;
    }
    for (size_t i = 0; i < fake_names.nslots; i++) {
        const IrSlot *slot = &fake_names.slots[i];
        if (strcmp(name, slot->name) == 0) {
            *bytes = MIN(ir_type_bytes(slot->type), 8);
            return cpu_slot(&fake->cpu, slot->offset);
        }
    }
    g_error("there is no \"%s\"", name);
}

// Sets (or checks) name=value pairs.
static void each_pair(Test *t, FakeCpu *fake, const char *pairs, bool check)
{
    char **list = g_strsplit_set(pairs, " \n", -1);
    for (unsigned i = 0; list[i]; i++) {
        char *equals = strchr(list[i], '=');
        if (!equals) {
            g_assert_true(list[i][0] == '\0');
            continue;
        }
        *equals = '\0';
        unsigned bytes;
        uint64_t value = strtoull(equals + 1, NULL, 0), have = 0;
        if (equals[1] == '-') {
            value = (uint64_t)strtoll(equals + 1, NULL, 0);
        }
        uint64_t *field = fake_field(fake, list[i], &bytes);
        if (!check) {
            memcpy(field, &value, bytes);
            continue;
        }
        memcpy(&have, field, bytes);
        if (memcmp(&have, &value, bytes) != 0) {
            char *got = g_strdup_printf("%s=0x%" PRIx64, list[i], have);
            complain(t, "run", pairs, got);
            g_free(got);
        }
    }
    g_strfreev(list);
}

static void check_run(Test *t, const char *input)
{
    FakeCpu *fake = fake_cpu_new();
    each_pair(t, fake, input, false);
    interp_run(&fake->cpu, &t->b->block, UINT32_MAX);
    each_pair(t, fake, t->expected, true);
    g_string_append(t->updated, t->expected);
    fake_cpu_free(fake);
}

// ---- optimise ----

static void check_same(const IrBlock *original, const IrBlock *optimised, const char *path)
{
    FakeCpu *a = fake_cpu_new(), *b = fake_cpu_new();
    uint64_t seed = 1;
    for (unsigned i = 0; i < 200; i++) {
        fake_cpu_fill(a, &seed);
        fake_cpu_copy(b, a);
        interp_run(&a->cpu, original, UINT32_MAX);
        interp_run(&b->cpu, optimised, UINT32_MAX);
        fake_cpu_compare(a, b, path);
    }
    fake_cpu_free(a);
    fake_cpu_free(b);
}

static char *optimised_text(Test *t)
{
    Error err;
    IrBlock *original = ir_block_copy(&t->b->block);
    ir_optimise(t->b);
    char *text = ir_print(&t->b->block, &fake_names);
    if (!ir_verify(&t->b->block, &err)) {
        complain(t, "the optimised block does not verify", err.msg, text);
    } else {
        check_same(original, &t->b->block, t->path);
        check_round_trip(t, text);
    }
    g_free(original);
    return text;
}

// ---- files ----

static void check_section(Test *t, const char *input, const char *name)
{
    Error err = { .msg = "" };
    bool parsed = ir_parse(t->b, input, &fake_names, &err);
    if (strcmp(name, "error") == 0) {
        char *message = g_strconcat(parsed ? "no error" : err.msg, "\n", NULL);
        check_text(t, "error", message);
        g_free(message);
        return;
    }
    if (!parsed) {
        complain(t, "the input is refused", "", err.msg);
        return;
    }
    char *text = ir_print(&t->b->block, &fake_names);
    check_round_trip(t, text);
    if (name[0] == '\0') {
        g_free(text);
        return;
    }
    if (strcmp(name, "print") == 0) {
        check_text(t, "print", text);
    } else if (strcmp(name, "optimise") == 0) {
        g_free(text);
        text = optimised_text(t);
        check_text(t, "optimise", text);
    } else if (g_str_has_prefix(name, "run")) {
        check_run(t, name + 3);
    } else {
        g_error("%s: there is no section \"%s\"", t->path, name);
    }
    g_free(text);
}

static bool run_file(const char *path, bool update)
{
    char *contents;
    g_assert_true(g_file_get_contents(path, &contents, NULL, NULL));
    char **sections = g_strsplit(contents, "--- ", -1);
    Test t = { .path = path, .b = ir_builder_new(), .updated = g_string_new(sections[0]), .ok = true };
    if (!sections[1]) {
        check_section(&t, sections[0], "");
    }
    for (unsigned i = 1; sections[i]; i++) {
        char *name = g_strndup(sections[i], strcspn(sections[i], "\n"));
        t.expected = sections[i] + MIN(strlen(name) + 1, strlen(sections[i]));
        g_string_append_printf(t.updated, "--- %s\n", name);
        check_section(&t, sections[0], name);
        g_free(name);
    }
    if (update && !t.ok) {
        g_assert_true(g_file_set_contents(path, t.updated->str, -1, NULL));
    }
    ir_builder_free(t.b);
    g_string_free(t.updated, TRUE);
    g_strfreev(sections);
    g_free(contents);
    return t.ok;
}

int main(int argc, char **argv)
{
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0, ok = true;
    printf("1..%d\n", argc - 1 - update);
    for (int i = 1 + update; i < argc; i++) {
        bool passed = run_file(argv[i], update);
        char *name = g_path_get_basename(argv[i]);
        printf("%s %d %s\n", passed ? "ok" : "not ok", i - update, name);
        g_free(name);
        ok = ok && passed;
    }
    return !ok;
}
