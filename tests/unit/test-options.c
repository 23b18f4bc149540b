// SPDX-License-Identifier: GPL-2.0-or-later
// Option lists and sizes of core/options.h.
#include <glib.h>
#include <string.h>

#include "core/options.h"

static void append(void *ctx, const char *key, const char *value)
{
    g_string_append_printf(ctx, "%s=%s;", key, value);
}

static void assert_pairs(const char *text, const char *first_key, const char *expected)
{
    Error err = {""};
    Options *options = options_parse(text, first_key, &err);
    g_assert_nonnull(options);
    GString *all = g_string_new(NULL);
    options_each(options, append, all);
    g_assert_cmpstr(all->str, ==, expected);
    g_string_free(all, TRUE);
    options_free(options);
}

static void test_parse(void)
{
    assert_pairs("", "file", "");
    assert_pairs("a=1,b=2", NULL, "a=1;b=2;");
    assert_pairs("disk,if=none", "file", "file=disk;if=none;");
    assert_pairs("disk,if=none", NULL, "disk=on;if=none;");
    assert_pairs("if=none,snapshot", "file", "if=none;snapshot=on;");
    assert_pairs("a=x,,y,b=,,,c=", NULL, "a=x,y;b=,;c=;");
    assert_pairs("x,,y=z,id=1", "file", "file=x,y=z;id=1;");
    assert_pairs("a=1,", NULL, "a=1;");
    assert_pairs("a=b=c", NULL, "a=b=c;");
    Error err = {""};
    g_assert_null(options_parse("a=1,=3", NULL, &err));
    g_assert_cmpstr(err.msg, ==, "Invalid parameter ''");
    g_assert_null(options_parse(",a=1", NULL, &err));
}

static void test_get(void)
{
    Error err = {""};
    Options *options =
        options_parse("virt,id=x,a=1,a=2,nowait,b=no,b=yes,server,noserver", "type", &err);
    bool on = true;
    g_assert_cmpstr(options_get(options, "type"), ==, "virt");
    g_assert_cmpstr(options_id(options), ==, "x");
    g_assert_cmpstr(options_get(options, "a"), ==, "2");
    g_assert_null(options_get(options, "c"));
    g_assert_true(options_bool(options, "wait", &on, &err));
    g_assert_false(on);
    g_assert_true(options_bool(options, "b", &on, &err));
    g_assert_true(on);
    g_assert_false(options_finish(options, &err));
    g_assert_cmpstr(err.msg, ==, "Invalid parameter 'server'");
    g_assert_true(options_bool(options, "server", &on, &err));
    g_assert_false(on);
    g_assert_true(options_bool(options, "absent", &on, &err)); // the default stays
    g_assert_false(on);
    g_assert_true(options_finish(options, &err));
    options_set(options, "a", "3");
    options_set(options, "new", "v");
    g_assert_cmpstr(options_get(options, "a"), ==, "3");
    g_assert_cmpstr(options_get(options, "new"), ==, "v");
    options_free(options);
}

static void test_numbers(void)
{
    Error err = {""};
    Options *options =
        options_parse("d=10,x=0x1F,max=18446744073709551615,o=010,neg=-1,word=abc,empty=,"
                      "big=18446744073709551616,hex=0x,s=64k,bad=maybe",
                      NULL, &err);
    uint64_t n = 7;
    g_assert_true(options_number(options, "absent", &n, &err));
    g_assert_cmpuint(n, ==, 7);
    static const char *const wrong[] = {"neg", "word", "empty", "hex", "s"};
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        char expected[64];
        g_snprintf(expected, sizeof(expected), "Parameter '%s' expects a number", wrong[i]);
        g_assert_false(options_number(options, wrong[i], &n, &err));
        g_assert_cmpstr(err.msg, ==, expected);
    }
    g_assert_false(options_number(options, "big", &n, &err));
    g_assert_cmpstr(err.msg, ==, "Value '18446744073709551616' is too large for parameter 'big'");
    g_assert_cmpuint(n, ==, 7);
    g_assert_true(options_number(options, "d", &n, &err));
    g_assert_cmpuint(n, ==, 10);
    g_assert_true(options_number(options, "x", &n, &err));
    g_assert_cmpuint(n, ==, 31);
    g_assert_true(options_number(options, "o", &n, &err));
    g_assert_cmpuint(n, ==, 10);
    g_assert_true(options_number(options, "max", &n, &err));
    g_assert_cmpuint(n, ==, UINT64_MAX);
    g_assert_true(options_size(options, "s", &n, &err));
    g_assert_cmpuint(n, ==, 65536);
    bool on = true;
    g_assert_false(options_bool(options, "bad", &on, &err));
    g_assert_cmpstr(err.msg, ==, "Parameter 'bad' expects 'on' or 'off'");
    g_assert_true(on);
    options_free(options);
}

static void test_sizes(void)
{
    static const struct Case {
        const char *text;
        char suffix;
        uint64_t bytes;
    } cases[] = {
        {"0", 0, 0},
        {"512", 0, 512},
        {"512", 'M', 512 << 20},
        {"512b", 'M', 512},
        {"3k", 0, 3072},
        {"3K", 0, 3072},
        {"2G", 'M', UINT64_C(2) << 30},
        {"1T", 0, UINT64_C(1) << 40},
        {"1P", 0, UINT64_C(1) << 50},
        {"15E", 0, UINT64_C(15) << 60},
        {"1.5G", 0, UINT64_C(3) << 29},
        {"0.1k", 0, 102},
        {"0x1000", 'M', 0x1000},
        {"18446744073709551615", 0, UINT64_MAX},
    };
    static const char *const wrong[] = {"",    "M",   "-1",     " 1",    "1.5", "1.5b",
                                        "12Q", "1Mx", "1.5.3M", "0x10M", "1 M"};
    static const char *const large[] = {"16E", "18446744073709551616", "99999999999999999999",
                                        "20000000P"};
    Error err = {""};
    uint64_t bytes;
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        bytes = 1;
        g_assert_true(parse_size(cases[i].text, &bytes, cases[i].suffix, &err));
        g_assert_cmpuint(bytes, ==, cases[i].bytes);
    }
    bytes = 1;
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(parse_size(wrong[i], &bytes, 0, &err));
        g_assert_cmpstr(err.msg, ==, "Parameter 'size' expects a non-negative number below 2^64");
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(large); i++) {
        g_assert_false(parse_size(large[i], &bytes, 0, &err));
        g_assert_nonnull(strstr(err.msg, "is out of range for parameter 'size'"));
    }
    g_assert_cmpuint(bytes, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/parse", test_parse);
    g_test_add_func("/options/get", test_get);
    g_test_add_func("/options/numbers", test_numbers);
    g_test_add_func("/options/sizes", test_sizes);
    return g_test_run();
}
