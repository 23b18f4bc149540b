// SPDX-License-Identifier: GPL-2.0-or-later
// Helpers of the tests of block/, see disk-bench.h. A failed assertion leaves the directory and its
// files in place.
#include "tests/block/disk-bench.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *directory;
static GPtrArray *paths;

const char *bench_path(const char *name)
{
    if (!directory) {
        // In memory where possible: the peer syncs after each of its steps.
        bool memory = g_access("/dev/shm", W_OK) == 0;
        directory =
            g_build_filename(memory ? "/dev/shm" : g_get_tmp_dir(), "test-block-XXXXXX", NULL);
        g_assert_nonnull(g_mkdtemp(directory));
        paths = g_ptr_array_new_with_free_func(g_free);
    }
    char *path = g_build_filename(directory, name, NULL);
    g_ptr_array_add(paths, path);
    return path;
}

void bench_clean(void)
{
    GDir *dir = directory ? g_dir_open(directory, 0, NULL) : NULL;
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        char *path = g_build_filename(directory, name, NULL);
        g_unlink(path);
        g_free(path);
    }
    if (dir) {
        g_dir_close(dir);
        g_rmdir(directory);
        g_ptr_array_unref(paths);
        g_free(directory);
        directory = NULL;
    }
}

static int run(char **output, const char *line)
{
    bench_path("");
    char **argv = g_strsplit(line, " ", -1);
    char *text = NULL, *errors = NULL;
    int status = 0;
    GError *error = NULL;
    gboolean ok = g_spawn_sync(directory, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &text,
                               &errors, &status, &error);
    g_assert_no_error(error);
    g_assert_true(ok && WIFEXITED(status));
    if (output) {
        *output = g_strconcat(text, errors, NULL);
    }
    g_free(text);
    g_free(errors);
    g_strfreev(argv);
    return WEXITSTATUS(status);
}

int bench_run(char **output, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *line = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    int status = run(output, line);
    g_free(line);
    return status;
}

void bench_do(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *line = g_strdup_vprintf(fmt, ap), *output = NULL;
    va_end(ap);
    int status = run(&output, line);
    if (status != 0) {
        g_error("'%s' in %s: exit status %d: %s", line, directory, status, output);
    }
    g_free(output);
    g_free(line);
}

void bench_store(const char *name, const uint8_t *bytes, size_t len)
{
    FILE *file = fopen(bench_path(name), "wb");
    g_assert_nonnull(file);
    g_assert_cmpuint(fwrite(bytes, 1, len, file), ==, len);
    g_assert_cmpint(fclose(file), ==, 0);
}

uint8_t *bench_load(const char *name, size_t *len)
{
    char *bytes = NULL;
    g_assert_true(g_file_get_contents(bench_path(name), &bytes, len, NULL));
    return (uint8_t *)bytes;
}

void bench_fill(GRand *rand, uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t n = (size_t)g_rand_int_range(rand, 1, 1 << g_rand_int_range(rand, 4, 18));
        n = MIN(n, len - at);
        int kind = g_rand_int_range(rand, 0, 3);
        uint8_t value = (uint8_t)g_rand_int_range(rand, 1, 256);
        for (size_t i = 0; i < n; i++) {
            bytes[at + i] = (uint8_t)(kind == 0   ? 0
                                      : kind == 1 ? value
                                                  : (int)(g_rand_int(rand) & 0xff));
        }
        at += n;
    }
}

static uint64_t random_len(GRand *rand)
{
    uint64_t len = (uint64_t)g_rand_int_range(rand, 1, 1 << g_rand_int_range(rand, 1, 20));
    return g_rand_boolean(rand) ? (len + 511) / 512 * 512 : len;
}

void bench_step(GRand *rand, Image *image, uint8_t *model)
{
    uint64_t size = image->size_bytes;
    uint64_t offset = (uint64_t)g_rand_double_range(rand, 0, (double)size);
    offset = g_rand_boolean(rand) ? offset / 4096 * 4096 : offset;
    uint64_t len = random_len(rand);
    len = MIN(len, size - offset);
    uint8_t *buf = g_malloc(len);
    switch (g_rand_int_range(rand, 0, 12)) {
    case 0: g_assert_cmpint(image_flush(image), ==, 0); break;
    case 1:
        len = g_rand_boolean(rand) ? MIN(len * 8, size - offset) : len;
        g_assert_cmpint(image_zero(image, offset, len, true), ==, 0);
        memset(model + offset, 0, len);
        break;
    case 2:
        g_assert_cmpint(image_zero(image, offset, len, false), ==, 0);
        memset(model + offset, 0, len);
        break;
    case 3:
    case 4:
    case 5:
        g_assert_cmpint(image_read(image, offset, len, buf), ==, 0);
        g_assert_cmpint(memcmp(buf, model + offset, len), ==, 0);
        break;
    default:
        bench_fill(rand, buf, len);
        g_assert_cmpint(image_write(image, offset, len, buf), ==, 0);
        memcpy(model + offset, buf, len);
    }
    g_free(buf);
}

void bench_compare(Image *image, const uint8_t *model)
{
    uint8_t *buf = g_malloc(image->size_bytes);
    g_assert_cmpint(image_read(image, 0, image->size_bytes, buf), ==, 0);
    for (uint64_t i = 0; i < image->size_bytes; i++) {
        if (buf[i] != model[i]) {
            g_error("first difference at byte %llu", (unsigned long long)i);
        }
    }
    g_free(buf);
}

void bench_is_zero(Image *image, const uint8_t *model)
{
    for (uint64_t at = 0, run; at < image->size_bytes; at += run) {
        bool zero = image_is_zero(image, at, image->size_bytes - at, &run);
        g_assert_cmpuint(run, >, 0);
        g_assert_cmpuint(run, <=, image->size_bytes - at);
        g_assert_true(!zero || buffer_is_zero(model + at, run));
    }
}

void bench_options(int *argc, char ***argv, const GOptionEntry *entries)
{
    GError *error = NULL;
    GOptionContext *context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_ignore_unknown_options(context, TRUE);
    g_option_context_parse(context, argc, argv, &error);
    g_assert_no_error(error);
    g_option_context_free(context);
}
