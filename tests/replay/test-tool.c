// SPDX-License-Identifier: GPL-2.0-or-later
// The programs qemu-replay and replay-dump.py, as scripts call them: output, exit status, one
// sentence for what can't be done.
#include <glib/gstdio.h>
#include <string.h>

#include "replay/tool-run.h"
#include "tests/replay/sample.h"

typedef struct Result {
    int status;
    char *out, *err;
} Result;

static Result call(const char *program, const char *a, const char *b, const char *c)
{
    Result result;
    int wait_status;
    const char *argv[] = {program, a, b, c, NULL};
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &result.out,
                               &result.err, &wait_status, NULL));
    GError *error = NULL;
    g_spawn_check_wait_status(wait_status, &error);
    result.status = error ? error->code : 0;
    g_clear_error(&error);
    return result;
}

static void result_free(Result *result)
{
    g_free(result->out);
    g_free(result->err);
}

static Result tool(const char *a, const char *b, const char *c)
{
    return call(g_getenv("QEMU_REPLAY"), a, b, c);
}

static const char *sample_log(const char *name, bool clean)
{
    const char *path = sample_path(name);
    GRand *rand = g_rand_new_with_seed(3);
    GPtrArray *events = sample_events(rand, 200, 24);
    sample_write(path, events, 10, clean);
    g_ptr_array_unref(events);
    g_rand_free(rand);
    return path;
}

static void expect(const char *a, const char *b, const char *c, int status, const char *out,
                   const char *err)
{
    Result result = tool(a, b, c);
    g_assert_cmpint(result.status, ==, status);
    g_assert_nonnull(strstr(result.out, out));
    g_assert_nonnull(strstr(result.err, err));
    g_assert_true(*err || !*result.err);
    result_free(&result);
}

static unsigned count_lines(const char *text)
{
    unsigned lines = 0;
    for (; *text; text++) {
        lines += *text == '\n';
    }
    return lines;
}

static void test_good(void)
{
    const char *path = sample_log("good", true);
    expect("info", path, NULL, 0, "end:           clean\n", "");
    expect("info", path, NULL, 0, "command line:  qemu-system-test -icount shift=3\n", "");
    expect("check", path, NULL, 0, "whole, 200 events, last position ", "");
    for (unsigned json = 0; json < 2; json++) {
        Result result = tool("dump", path, json ? "--json" : NULL);
        g_assert_cmpint(result.status, ==, 0);
        g_assert_cmpstr(result.err, ==, "");
        g_assert_cmpuint(count_lines(result.out), ==, 200);
        g_assert_true(g_str_has_prefix(result.out, json ? "{\"event\": 0, " : "0 @"));
        result_free(&result);
    }
}

static void test_bad(void)
{
    size_t len;
    const char *torn = sample_log("torn", false), *path = sample_log("bad", true);
    expect("check", torn, NULL, 2, "torn, 200 events", "");
    expect("dump", torn, NULL, 0, "199 @", "without an end");
    expect("info", torn, NULL, 0, "none: its recorder did not finish", "");
    uint8_t *bytes = file_load(path, &len);
    bytes[len / 2] ^= 1;
    file_store(path, bytes, len);
    expect("check", path, NULL, 1, "damaged, 190 events", "");
    expect("dump", path, NULL, 1, "199 @", "the log is damaged at file offset");
    expect("info", path, NULL, 0, "damaged, see qemu-replay check", "");
    bytes[len / 2] ^= 1;
    bytes[100] ^= 1;
    file_store(path, bytes, len);
    expect("check", path, NULL, 1, "1 of 2 position slots damaged", "");
    file_store(path, (const uint8_t *)"", 0);
    expect("dump", path, NULL, 1, "", "Replay: invalid input log file version: ");
    expect("dump", "/nowhere", NULL, 1, "", "Replay: open /nowhere: No such file or directory\n");
    g_free(bytes);
}

static void test_usage(void)
{
    expect("--help", NULL, NULL, 0, "Usage: ", "");
    expect(NULL, NULL, NULL, 1, "", "Usage: ");
    expect("eat", "F", NULL, 1, "", "unknown command 'eat'");
    expect("info", NULL, NULL, 1, "", "info needs the name of a log");
    expect("info", "--json", NULL, 1, "", "unknown option '--json' of info");
    expect("check", "a", "b", 1, "", "check takes one log");
    expect("pack", "F", NULL, 1, "", "pack: not yet");
    expect("verify", "F", NULL, 1, "", "verify: not yet");
}

// As QEMU's tests call it.
static void test_dump_script(void)
{
    g_setenv("BACKSTEP_QEMU_REPLAY", g_getenv("QEMU_REPLAY"), TRUE);
    char *script = g_build_filename(g_getenv("SOURCE_ROOT"), "scripts", "replay-dump.py", NULL);
    Result result = call(script, "-f", sample_log("script", true), NULL);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_cmpuint(count_lines(result.out), ==, 200);
    result_free(&result);
    result = call(script, "-f", "/nowhere", NULL);
    g_assert_cmpint(result.status, ==, 1);
    result_free(&result);
    g_free(script);
}

// ---- run ----

static void check_icount(const char *value, const char *expected)
{
    char *changed = run_icount_value(value, "a,b");
    g_assert_cmpstr(changed, ==, expected);
    g_free(changed);
}

static void test_icount_value(void)
{
    check_icount("shift=3,rr=record,rrfile=old", "shift=3,rr=replay,rrfile=a,,b");
    check_icount("3,rrfile=o,,ld,rr=record,rrsnapshot=init",
                 "3,rrfile=a,,b,rr=replay,rrsnapshot=init");
    check_icount("rr=record,rrfile=x,,", "rr=replay,rrfile=a,,b");
    check_icount("shift=3,rrfile=a,,rr=record", NULL);
    check_icount("shift=3,rr=recorded", NULL);
    check_icount("shift=auto", NULL);
    check_icount("", NULL);
}

static void test_arguments(void)
{
    Error err;
    char **argv = run_arguments("{\"argv\": [\"qemu-system-x\", \"-append\", \"rr=record\", "
                                "\"-icount\", \"7,rr=record,rrfile=f\", \"-nographic\"]}",
                                "new", &err);
    g_assert_nonnull(argv);
    char *joined = g_strjoinv(" ", argv);
    g_assert_cmpstr(joined, ==,
                    "qemu-system-x -append rr=record -icount "
                    "7,rr=replay,rrfile=new -nographic");
    g_free(joined);
    g_strfreev(argv);
    g_assert_null(run_arguments("{}", "new", &err));
    g_assert_cmpstr(err.msg, ==, "new holds no command line");
    g_assert_null(run_arguments("{\"argv\": \"x\"}", "new", &err));
    g_assert_null(run_arguments("{\"argv\": []}", "new", &err));
    g_assert_null(run_arguments("{\"argv\": [\"x\", 1]}", "new", &err));
    g_assert_cmpstr(err.msg, ==, "the command line in new is not a list of strings");
    g_assert_null(run_arguments("{\"argv\": [\"x\", \"-icount\"]}", "new", &err));
}

// A shell script stands for the emulator, beside a copy of the tool.
static void test_run(void)
{
    const char *emulator = sample_path("qemu-system-test"), *copy = sample_path("qemu-replay");
    size_t len;
    uint8_t *bytes = file_load(g_getenv("QEMU_REPLAY"), &len);
    file_store(copy, bytes, len);
    g_assert_cmpint(g_chmod(copy, 0755), ==, 0);
    g_free(bytes);
    const char script[] = "#!/bin/sh\nfor a; do echo \"[$a]\"; done\nexit 3\n";
    file_store(emulator, (const uint8_t *)script, strlen(script));
    g_assert_cmpint(g_chmod(emulator, 0755), ==, 0);

    static const struct {
        const char *argv0, *out, *err;
        int status;
    } runs[] = {
        {"qemu-system-test", "[-icount]\n[shift=3,rr=replay,rrfile=", "", 3},
        {"/usr/local/bin/qemu-system-test", "[-icount]\n[shift=3,rr=replay,rrfile=", "", 3},
        {"qemu-system-none", "", "which is no emulator beside this tool", 1},
        {"qemu-replay", "", "\"qemu-replay\", which is no emulator beside this tool", 1},
        {"/bin/sh", "", "which is no emulator beside this tool", 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
        const char *path = sample_path("run.log");
        char *config = g_strdup_printf("{\"argv\": [\"%s\", \"-icount\", "
                                       "\"shift=3,rr=record,rrfile=x\"]}",
                                       runs[i].argv0);
        LogWriter *log = log_create(path, config, NULL);
        g_assert_true(log_finish(log, (Position){1, 0}, NULL));
        Result result = call(copy, "run", path, NULL);
        g_assert_cmpint(result.status, ==, runs[i].status);
        g_assert_nonnull(strstr(result.out, runs[i].out));
        g_assert_nonnull(strstr(result.err, runs[i].err));
        result_free(&result);
        g_free(config);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tool/good", test_good);
    g_test_add_func("/tool/bad", test_bad);
    g_test_add_func("/tool/usage", test_usage);
    g_test_add_func("/tool/dump-script", test_dump_script);
    g_test_add_func("/tool/icount-value", test_icount_value);
    g_test_add_func("/tool/arguments", test_arguments);
    g_test_add_func("/tool/run", test_run);
    int rc = g_test_run();
    sample_clean();
    return rc;
}
