// SPDX-License-Identifier: GPL-2.0-or-later
// Overlay and undo file against a model of the disk: nothing reaches the image that must not, and
// image + undo file is the disk as it was when the recording began, to the bit, wherever the
// recording stopped.
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/image.h"
#include "tests/block/disk-bench.h"

enum { MIB = 1 << 20, SIZE = 3 * MIB + 512 * 5 };

static const uint8_t undo_id[16] = "sixteen bytes ok";

static Image *open_image(const char *name, bool read_only)
{
    Error err = {""};
    Image *image = image_open(bench_path(name), NULL, read_only, &err);
    if (!image) {
        g_error("%s", err.msg);
    }
    return image;
}

static void close_image(Image *image)
{
    Error err = {""};
    if (!image_close(image, &err)) {
        g_error("%s", err.msg);
    }
}

// disk.raw or disk.qcow2 with random contents.
static uint8_t *make_disk(GRand *rand, const char *name)
{
    uint8_t *model = g_malloc(SIZE);
    bench_fill(rand, model, SIZE);
    bench_store("disk.raw", model, SIZE);
    if (g_str_has_suffix(name, ".qcow2")) {
        bench_do("qemu-img convert -q -f raw -O qcow2 -o cluster_size=4k disk.raw %s", name);
    }
    return model;
}

static void test_map(void)
{
    enum { N = 5000 };
    GRand *rand = g_rand_new_with_seed(3);
    ClusterMap *map = cluster_map_new();
    uint64_t *model = g_new0(uint64_t, N);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t at = (uint64_t)g_rand_int_range(rand, 0, N);
        uint64_t n = (uint64_t)g_rand_int_range(rand, 1, 3000);
        n = MIN(n, N - at);
        switch (g_rand_int_range(rand, 0, 40)) {
        case 0:
        case 1: {
            uint64_t value = g_rand_boolean(rand) ? MAP_ZERO : MAP_NONE;
            cluster_map_fill(map, at, n, value, NULL, NULL);
            for (uint64_t k = at; k < at + n; k++) {
                model[k] = value;
            }
            break;
        }
        case 2:
        case 3: {
            uint64_t run = 1;
            while (run < n && model[at] < MAP_FIRST && model[at + run] == model[at]) {
                run++;
            }
            g_assert_cmpuint(cluster_map_run(map, at, n), ==, run);
            break;
        }
        default:
            model[at] = (uint64_t)g_rand_int_range(rand, 0, 6);
            cluster_map_set(map, at, model[at]);
        }
    }
    for (unsigned i = 0; i < N; i++) {
        g_assert_cmpuint(cluster_map_get(map, i), ==, model[i]);
    }
    cluster_map_free(map);
    g_free(model);
    g_rand_free(rand);
}

static void test_overlay(gconstpointer name)
{
    GRand *rand = g_rand_new_with_seed(11);
    uint8_t *model = make_disk(rand, name);
    size_t len, len_after;
    uint8_t *before = bench_load(name, &len);
    Error err;
    Image *image = overlay_open(open_image(name, true), &err);
    for (unsigned i = 0; i < 400; i++) {
        bench_step(rand, image, model);
    }
    bench_is_zero(image, model);
    bench_compare(image, model);
    close_image(image);
    uint8_t *after = bench_load(name, &len_after);
    g_assert_cmpuint(len, ==, len_after);
    g_assert_cmpint(memcmp(before, after, len), ==, 0);
    g_free(before);
    g_free(after);
    g_free(model);
    g_rand_free(rand);
}

// Discarding a disk much larger than memory takes neither time nor memory, in an overlay and when
// recording.
static void test_large(void)
{
    enum { GIB = 1 << 30 };
    uint64_t size = 4096ull * GIB;
    Error err;
    bench_do("truncate -s %llu huge.raw", (unsigned long long)size);
    gint64 start = g_get_monotonic_time();
    Image *image = overlay_open(open_image("huge.raw", true), &err);
    g_assert_cmpint(image_write(image, 4711, 5, (const uint8_t *)"hello"), ==, 0);
    g_assert_cmpint(image_zero(image, 0, size, true), ==, 0);
    uint64_t run;
    g_assert_true(image_is_zero(image, 0, size, &run));
    g_assert_cmpuint(run, ==, size);
    close_image(image);
    image = undo_record_open(open_image("huge.raw", false), bench_path("undo"), undo_id);
    g_assert_true(undo_record_begin(image, &err));
    g_assert_cmpint(image_write(image, 4711, 5, (const uint8_t *)"hello"), ==, 0);
    g_assert_cmpint(image_zero(image, 0, size, true), ==, 0);
    close_image(image);
    struct stat st;
    g_assert_cmpint(stat(bench_path("undo"), &st), ==, 0);
    g_assert_cmpint(st.st_size, <, 1000);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
    g_unlink(bench_path("huge.raw"));
}

// The disk as a replay sees it, with random requests on top.
static void expect_undone(GRand *rand, const char *disk, const char *undo, const uint8_t *model)
{
    Error err = {""};
    Image *image = undo_replay_open(open_image(disk, true), bench_path(undo), undo_id, &err);
    if (!image) {
        g_error("%s", err.msg);
    }
    bench_is_zero(image, model);
    bench_compare(image, model);
    bench_compare(image, model); // checksums are known by now
    image = overlay_open(image, &err);
    uint8_t *scratch = g_memdup2(model, SIZE);
    for (unsigned i = 0; i < 30; i++) {
        bench_step(rand, image, scratch);
    }
    bench_compare(image, scratch);
    close_image(image);
    g_free(scratch);
}

static void test_undo(gconstpointer name)
{
    GRand *rand = g_rand_new_with_seed(5);
    for (unsigned round = 0; round < 4; round++) {
        uint8_t *model = make_disk(rand, name);
        uint8_t *start = g_memdup2(model, SIZE);
        Error err = {""};
        Image *image = undo_record_open(open_image(name, false), bench_path("undo"), undo_id);
        g_assert_true(undo_record_begin(image, &err));
        for (unsigned i = 0; i < 10 + 40 * round; i++) {
            bench_step(rand, image, model);
        }
        bench_compare(image, model);
        // Killed now: what is in the files is what replay gets.
        g_assert_cmpint(image_flush(image), ==, 0);
        bench_do("cp %s killed-%s", (const char *)name, (const char *)name);
        bench_do("cp undo killed-undo");
        char *killed = g_strconcat("killed-", name, NULL);
        expect_undone(rand, killed, "killed-undo", start);
        close_image(image);
        expect_undone(rand, name, "undo", start);
        g_free(killed);
        g_free(start);
        g_free(model);
    }
    g_rand_free(rand);
}

// Killed within a write: anything may be in the image's clusters that are being written, and the
// record before may be cut off anywhere, but then its cluster is untouched.
static void test_undo_cut(void)
{
    GRand *rand = g_rand_new_with_seed(6);
    uint8_t *model = make_disk(rand, "disk.raw");
    uint8_t *start = g_memdup2(model, SIZE);
    Error err = {""};
    struct stat st;
    Image *image = undo_record_open(open_image("disk.raw", false), bench_path("undo"), undo_id);
    g_assert_true(undo_record_begin(image, &err));
    for (unsigned i = 0; i < 60; i++) {
        g_assert_cmpint(stat(bench_path("undo"), &st), ==, 0);
        off_t before = st.st_size;
        bench_do("cp disk.raw cut.raw");
        uint64_t at = (uint64_t)g_rand_int_range(rand, 0, SIZE / 65536) * 65536;
        g_assert_cmpint(image_write(image, at + 100, 700, model + 5000), ==, 0);
        g_assert_cmpint(stat(bench_path("undo"), &st), ==, 0);
        if (st.st_size > before) {
            off_t cut = before + g_rand_int_range(rand, 0, (gint32)(st.st_size - before));
            bench_do("cp undo cut-undo");
            g_assert_cmpint(truncate(bench_path("cut-undo"), cut), ==, 0);
            expect_undone(rand, "cut.raw", "cut-undo", start);
        }
    }
    close_image(image);
    g_free(start);
    g_free(model);
    g_rand_free(rand);
}

static void expect_refused(const char *disk, const uint8_t id[16], const char *text)
{
    Error err = {""};
    Image *image = undo_replay_open(open_image(disk, true), bench_path("undo"), id, &err);
    g_assert_null(image);
    if (!strstr(err.msg, text)) {
        g_error("'%s' is not in '%s'", text, err.msg);
    }
}

static void test_undo_refused(void)
{
    GRand *rand = g_rand_new_with_seed(8);
    uint8_t *model = make_disk(rand, "disk.raw");
    Error err = {""};
    Image *image = undo_record_open(open_image("disk.raw", false), bench_path("undo"), undo_id);
    g_assert_true(undo_record_begin(image, &err));
    for (unsigned i = 0; i < 30; i++) {
        bench_step(rand, image, model);
    }
    close_image(image);
    expect_refused("disk.raw", (const uint8_t *)"another recording",
                   "belongs to another recording");
    // The image is changed after the end.
    image = open_image("disk.raw", false);
    g_assert_cmpint(image_write(image, 0, 16, undo_id), ==, 0);
    close_image(image);
    expect_refused("disk.raw", undo_id, "was changed after the recording had ended");
    image = open_image("disk.raw", false);
    g_assert_cmpint(image_write(image, 0, 16, model), ==, 0);
    close_image(image);
    bench_do("truncate -s 1M small.raw");
    expect_refused("small.raw", undo_id, "is for a disk of");
    // Any flipped bit is found, at opening or when it is read. (Each is a warning; not shown.)
    int null = open("/dev/null", O_WRONLY), terminal = dup(2);
    dup2(null, 2);
    size_t len;
    uint8_t *bytes = bench_load("undo", &len);
    for (unsigned i = 0; i < 300; i++) {
        size_t at = (size_t)g_rand_int_range(rand, 0, (gint32)len);
        bytes[at] ^= 0x10;
        bench_store("undo", bytes, len);
        image = undo_replay_open(open_image("disk.raw", true), bench_path("undo"), undo_id, &err);
        if (image) {
            uint8_t *buf = g_malloc(SIZE);
            g_assert_cmpint(image_read(image, 0, SIZE, buf), ==, -EIO);
            g_free(buf);
            close_image(image);
        }
        bytes[at] ^= 0x10;
    }
    dup2(terminal, 2);
    close(terminal);
    close(null);
    // Somebody's file of that name is left alone.
    bench_store("undo", (const uint8_t *)"my thesis", 9);
    image = undo_record_open(open_image("disk.raw", false), bench_path("undo"), undo_id);
    g_assert_false(undo_record_begin(image, &err));
    g_assert_nonnull(strstr(err.msg, "isn't an undo file"));
    close_image(image);
    g_free(bytes);
    bytes = bench_load("undo", &len);
    g_assert_cmpuint(len, ==, 9);
    g_unlink(bench_path("undo"));
    g_free(bytes);
    g_free(model);
    g_rand_free(rand);
}

// No room for old contents: the write fails and the image stays as it is.
static void test_undo_full(void)
{
    if (g_access("/dev/full", W_OK) != 0) {
        g_test_skip("no /dev/full");
        return;
    }
    GRand *rand = g_rand_new_with_seed(9);
    uint8_t *model = make_disk(rand, "disk.raw");
    Error err = {""};
    Image *image = undo_record_open(open_image("disk.raw", false), bench_path("undo"), undo_id);
    g_assert_true(undo_record_begin(image, &err));
    int full = open("/dev/full", O_RDWR);
    int saved = dup(image->fd);
    dup2(full, image->fd);
    g_assert_cmpint(image_write(image, 0, 10, model + MIB), ==, -ENOSPC);
    g_assert_cmpint(image_zero(image, MIB, MIB, false), <, 0);
    bench_compare(image, model);
    dup2(saved, image->fd);
    close(saved);
    close(full);
    g_assert_cmpint(image_write(image, 0, 10, model + MIB), ==, 0);
    close_image(image);
    expect_undone(rand, "disk.raw", "undo", model);
    g_free(model);
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/layers/map", test_map);
    g_test_add_data_func("/layers/overlay-raw", "disk.raw", test_overlay);
    g_test_add_data_func("/layers/overlay-qcow2", "disk.qcow2", test_overlay);
    g_test_add_func("/layers/large", test_large);
    g_test_add_data_func("/layers/undo-raw", "disk.raw", test_undo);
    g_test_add_data_func("/layers/undo-qcow2", "disk.qcow2", test_undo);
    g_test_add_func("/layers/undo-cut", test_undo_cut);
    g_test_add_func("/layers/undo-refused", test_undo_refused);
    g_test_add_func("/layers/undo-full", test_undo_full);
    int rc = g_test_run();
    bench_clean();
    return rc;
}
