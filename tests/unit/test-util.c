// SPDX-License-Identifier: GPL-2.0-or-later
// util/: log channels, ring and the abort handler; memory, clocks and random bytes of the host.
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/log.h"
#include "util/os-clock.h"
#include "util/os-mem.h"
#include "util/os-random.h"

static void test_items(void)
{
    Error err = {""};
    g_assert_true(log_set_items("in_asm,op", &err));
    g_assert_true(log_enabled(LOG_IN_ASM));
    g_assert_true(log_enabled(LOG_OP | LOG_INT));
    g_assert_false(log_enabled(LOG_INT | LOG_EXEC));
    g_assert_false(log_set_items("int,bogus", &err));
    g_assert_nonnull(strstr(err.msg, "'bogus'"));
    g_assert_true(log_enabled(LOG_OP)); // as before
    g_assert_true(log_set_items("all", &err));
    g_assert_true(log_enabled(LOG_UNIMP));
    g_assert_true(log_set_items("none", &err));
    g_assert_cmphex(log_channels, ==, 0);
    g_assert_nonnull(strstr(log_items_help(), "\nguest_errors "));
}

static char *dump_ring(void)
{
    char *text;
    GError *error = NULL;
    char *path;
    int fd = g_file_open_tmp("ring-XXXXXX", &path, &error);
    g_assert_no_error(error);
    log_ring_dump(fd);
    close(fd);
    g_assert_true(g_file_get_contents(path, &text, NULL, &error));
    g_unlink(path);
    g_free(path);
    return text;
}

static void test_file_and_ring(void)
{
    Error err = {""};
    char *directory = g_dir_make_tmp("log-XXXXXX", NULL),
         *pattern = g_build_filename(directory, "a-%d.log", NULL);
    char *path = g_strdup_printf("%s/a-%d.log", directory, (int)getpid()), *text;
    g_assert_true(log_set_items("unimp", &err));
    g_assert_true(log_set_file(pattern, &err));
    log_printf(LOG_UNIMP, "shown %d\n", 1);
    log_printf(LOG_EXEC, "hid");
    log_printf(LOG_EXEC, "den\nand");
    log_printf(LOG_EXEC, " more\n");
    g_assert_true(log_set_file(NULL, &err));
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "shown 1\n");
    g_free(text);
    text = dump_ring();
    g_assert_true(g_str_has_suffix(text, "shown 1\nhidden\nand more\n"));
    g_free(text);
    for (unsigned i = 0; i < 1000; i++) {
        log_printf(LOG_EXEC, "line %u\n", i);
    }
    text = dump_ring();
    g_assert_true(g_str_has_suffix(text, "line 998\nline 999\n"));
    g_assert_null(strstr(text, "shown"));
    g_assert_nonnull(strstr(text, "line 800\n"));
    g_free(text);
    g_assert_false(log_set_file("/nonexistent/x", &err));
    g_assert_nonnull(strstr(err.msg, "/nonexistent/x"));
    g_unlink(path);
    g_rmdir(directory);
    g_free(path);
    g_free(pattern);
    g_free(directory);
}

static void test_abort(void)
{
    if (g_test_subprocess()) {
        log_dump_on_abort();
        log_printf(LOG_EXEC, "the last thing that happened\n");
        abort();
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*Last lines of the log:\n*the last thing that happened\n*");
}

static void test_host(void)
{
    Error err = {""};
    uint8_t *mem = os_mem_map(5 << 20, &err);
    g_assert_nonnull(mem);
    g_assert_cmphex((uintptr_t)mem & ((2 << 20) - 1), ==, 0);
    for (size_t i = 0; i < 5 << 20; i += 509) {
        g_assert_cmpuint(mem[i], ==, 0);
    }
    memset(mem, 1, 5 << 20);
    os_mem_clear(mem + 4096, 4096);
    g_assert_cmpuint(mem[4095], ==, 1);
    g_assert_cmpuint(mem[4096], ==, 0);
    g_assert_cmpuint(mem[8192], ==, 1);
    os_mem_unmap(mem, 5 << 20);
    mem = os_mem_map(1, &err);
    mem[4095] = 1;
    os_mem_unmap(mem, 1);
    g_assert_null(os_mem_map(SIZE_MAX, &err));
    g_assert_nonnull(strstr(err.msg, "cannot get"));

    int64_t before = os_clock_monotonic_ns();
    g_assert_cmpint(os_clock_monotonic_ns(), >=, before);
    g_assert_cmpint(os_clock_realtime_ns() / 1000000000, >, 1700000000);

    uint8_t random[300] = {0};
    unsigned zeroes = 0;
    os_random(random, sizeof(random));
    for (unsigned i = 0; i < sizeof(random); i++) {
        zeroes += random[i] == 0;
    }
    g_assert_cmpuint(zeroes, <, 30);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/log-items", test_items);
    g_test_add_func("/util/log-file-and-ring", test_file_and_ring);
    g_test_add_func("/util/log-abort", test_abort);
    g_test_add_func("/util/host", test_host);
    return g_test_run();
}
