// SPDX-License-Identifier: GPL-2.0-or-later
// qcow2 against qemu-img: images that it makes are read and written by ours and a model in step,
// then it checks them and reads them back; snapshots that were in the image keep their contents.
#include <errno.h>
#include <string.h>

#include "block/qcow2-host.h"
#include "tests/block/disk-bench.h"

enum { MIB = 1 << 20 };

typedef struct Case {
    const char *name;
    const char *options; // -o of the top image
    uint64_t size;
    unsigned steps;
    const char *backing; // NULL, "raw", "qcow2", "compressed", "zstd", "chain"
    bool snapshots, filled, compressed;
    unsigned tables; // qcow2_cache_tables
} Case;

static const Case cases[] = {
    {"v3", "compat=1.1", 12 * MIB, 300},
    {"v2", "compat=0.10", 12 * MIB, 300},
    {"v3-512", "compat=1.1,cluster_size=512", 6 * MIB, 200},
    {"v2-512", "compat=0.10,cluster_size=512", 6 * MIB, 200},
    {"v3-4k", "compat=1.1,cluster_size=4k,refcount_bits=1", 8 * MIB, 200},
    {"v3-2m", "compat=1.1,cluster_size=2M", 40 * MIB, 120},
    {"v2-1m", "compat=0.10,cluster_size=1M", 20 * MIB, 120},
    {"refcount-64", "compat=1.1,refcount_bits=64,cluster_size=512", 4 * MIB, 200},
    {"refcount-4", "compat=1.1,refcount_bits=4,cluster_size=1k", 4 * MIB, 200},
    {"lazy", "compat=1.1,lazy_refcounts=on", 8 * MIB, 200},
    {"filled-v3", "compat=1.1", 8 * MIB, 200, .filled = true},
    {"filled-v2", "compat=0.10", 8 * MIB, 200, .filled = true},
    {"prealloc-metadata", "compat=1.1,preallocation=metadata", 8 * MIB, 200},
    {"prealloc-falloc", "compat=1.1,preallocation=falloc", 8 * MIB, 200},
    {"prealloc-v2", "compat=0.10,preallocation=metadata", 8 * MIB, 200},
    {"compressed", "compat=1.1", 8 * MIB, 200, .filled = true, .compressed = true},
    {"compressed-512", "compat=1.1,cluster_size=512", 2 * MIB, 200, .filled = true,
     .compressed = true},
    {"compressed-2m", "compat=1.1,cluster_size=2M", 16 * MIB, 80, .filled = true,
     .compressed = true},
    {"compressed-v2", "compat=0.10", 8 * MIB, 200, .filled = true, .compressed = true},
    {"zstd", "compat=1.1,compression_type=zstd", 8 * MIB, 200, .filled = true, .compressed = true},
    {"backing-raw", "compat=1.1", 8 * MIB, 200, .backing = "raw"},
    {"backing-raw-v2", "compat=0.10,cluster_size=4k", 8 * MIB, 200, .backing = "raw"},
    {"backing-qcow2", "compat=1.1,cluster_size=16k", 8 * MIB, 200, .backing = "qcow2"},
    {"backing-compressed", "compat=1.1", 8 * MIB, 200, .backing = "compressed"},
    {"backing-chain", "compat=1.1", 8 * MIB, 200, .backing = "chain"},
    {"backing-smaller", "compat=1.1", 11 * MIB, 200, .backing = "raw"},
    {"snapshots", "compat=1.1", 8 * MIB, 200, .filled = true, .snapshots = true},
    {"snapshots-512", "compat=1.1,cluster_size=512", 3 * MIB, 200, .filled = true,
     .snapshots = true},
    {"snapshots-v2", "compat=0.10", 8 * MIB, 200, .filled = true, .snapshots = true},
    {"snapshots-compressed", "compat=1.1", 8 * MIB, 200, .filled = true, .snapshots = true,
     .compressed = true},
    {"few-tables", "compat=1.1,cluster_size=512", 6 * MIB, 150, .tables = 2},
    {"few-tables-snapshots", "compat=1.1,cluster_size=1k", 4 * MIB, 150, .filled = true,
     .snapshots = true, .tables = 2},
};

// The backing file `base`, and what a top image of `size` over it reads as.
static void make_backing(const Case *c, GRand *rand, uint8_t *model)
{
    uint64_t base_bytes = MIN(c->size, 8 * MIB);
    bench_fill(rand, model, base_bytes);
    bench_store("base.raw", model, base_bytes);
    if (strcmp(c->backing, "raw") == 0) {
        bench_do("qemu-img create -q -f qcow2 -F raw -b base.raw -o %s top.qcow2 %llu", c->options,
                 (unsigned long long)c->size);
        return;
    }
    bool packed = strcmp(c->backing, "compressed") == 0;
    bench_do("qemu-img convert -q -f raw -O qcow2%s base.raw base.qcow2", packed ? " -c" : "");
    const char *under = "base.qcow2";
    if (strcmp(c->backing, "chain") == 0) {
        bench_do("qemu-img create -q -f qcow2 -F qcow2 -b base.qcow2 middle.qcow2");
        Error err;
        Image *middle = image_open(bench_path("middle.qcow2"), NULL, false, &err);
        memset(model + MIB, 7, 100 << 10);
        g_assert_cmpint(image_write(middle, MIB, 100 << 10, model + MIB), ==, 0);
        g_assert_true(image_close(middle, &err));
        under = "middle.qcow2";
    }
    bench_do("qemu-img create -q -f qcow2 -F qcow2 -b %s -o %s top.qcow2 %llu", under, c->options,
             (unsigned long long)c->size);
}

static void make_image(const Case *c, GRand *rand, uint8_t *model)
{
    if (c->backing) {
        make_backing(c, rand, model);
    } else if (c->filled) {
        bench_fill(rand, model, c->size);
        bench_store("base.raw", model, c->size);
        bench_do("qemu-img convert -q -f raw -O qcow2%s -o %s base.raw top.qcow2",
                 c->compressed ? " -c" : "", c->options);
    } else {
        bench_do("qemu-img create -q -f qcow2 -o %s top.qcow2 %llu", c->options,
                 (unsigned long long)c->size);
    }
    if (c->snapshots) {
        bench_do("qemu-img snapshot -c first top.qcow2");
    }
}

static Image *open_top(bool read_only)
{
    Error err = {""};
    Image *image = image_open(bench_path("top.qcow2"), "qcow2", read_only, &err);
    if (!image) {
        g_error("%s", err.msg);
    }
    return image;
}

static void close_top(Image *image)
{
    Error err = {""};
    if (!image_close(image, &err)) {
        g_error("%s", err.msg);
    }
}

static void expect_contents(const char *convert_options, const uint8_t *model, uint64_t size)
{
    size_t len;
    bench_do("qemu-img convert -q -f qcow2 -O raw%s top.qcow2 out.raw", convert_options);
    uint8_t *bytes = bench_load("out.raw", &len);
    g_assert_cmpuint(len, ==, size);
    g_assert_cmpint(memcmp(bytes, model, size), ==, 0);
    g_free(bytes);
}

static void test_case(gconstpointer p)
{
    const Case *c = p;
    GRand *rand = g_rand_new_with_seed(42);
    uint8_t *model = g_malloc0(c->size);
    make_image(c, rand, model);
    uint8_t *before = g_memdup2(model, c->size);
    qcow2_cache_tables = c->tables;
    Image *image = open_top(false);
    g_assert_cmpuint(image->size_bytes, ==, c->size);
    bench_compare(image, model);
    for (unsigned round = 0; round < (c->snapshots ? 2 : 1); round++) {
        for (unsigned i = 0; i < c->steps; i++) {
            bench_step(rand, image, model);
        }
        bench_is_zero(image, model);
        bench_compare(image, model);
        close_top(image);
        bench_do("qemu-img check -q -f qcow2 top.qcow2");
        expect_contents("", model, c->size);
        if (c->snapshots) {
            expect_contents(" -l snapshot.name=first", before, c->size);
            // Another one, for the second round.
            bench_do("qemu-img snapshot -c second top.qcow2");
        }
        image = open_top(false);
    }
    bench_compare(image, model);
    close_top(image);
    qcow2_cache_tables = 0;
    g_free(before);
    g_free(model);
    g_rand_free(rand);
}

// The table of reference count blocks grows: 512-byte clusters and 64-bit counts fill it every 256
// KiB.
static void test_grow(void)
{
    enum { SIZE = 24 * MIB };
    GRand *rand = g_rand_new_with_seed(1);
    uint8_t *model = g_malloc(SIZE);
    for (unsigned i = 0; i < SIZE; i++) {
        model[i] = (uint8_t)g_rand_int(rand);
    }
    bench_do("qemu-img create -q -f qcow2 -o cluster_size=512,refcount_bits=64 top.qcow2 %d", SIZE);
    Image *image = open_top(false);
    for (uint64_t at = 0; at < SIZE; at += MIB) {
        g_assert_cmpint(image_write(image, at, MIB, model + at), ==, 0);
    }
    close_top(image);
    bench_do("qemu-img check -q -f qcow2 top.qcow2");
    expect_contents("", model, SIZE);
    // All given back, all taken again: the file does not grow by much.
    size_t len;
    g_free(bench_load("top.qcow2", &len));
    image = open_top(false);
    g_assert_cmpint(image_zero(image, 0, SIZE, true), ==, 0);
    g_assert_cmpint(image_flush(image), ==, 0);
    g_assert_cmpint(image_write(image, 0, SIZE, model), ==, 0);
    close_top(image);
    size_t len_after;
    g_free(bench_load("top.qcow2", &len_after));
    g_assert_cmpuint(len_after, <, len + len / 4);
    bench_do("qemu-img check -q -f qcow2 top.qcow2");
    expect_contents("", model, SIZE);
    g_free(model);
    g_rand_free(rand);
}

// A process that dies between two flushes leaves leaks at worst, and all that was flushed.
static void test_killed(void)
{
    enum { SIZE = 4 * MIB };
    GRand *rand = g_rand_new_with_seed(7);
    uint8_t *model = g_malloc(SIZE);
    bench_fill(rand, model, SIZE);
    bench_store("base.raw", model, SIZE);
    bench_do("qemu-img convert -q -f raw -O qcow2 -o cluster_size=4k base.raw top.qcow2");
    bench_do("qemu-img snapshot -c first top.qcow2");
    for (unsigned round = 0; round < 12; round++) {
        Image *image = open_top(false);
        for (unsigned i = 0; i < 20; i++) {
            bench_step(rand, image, model);
        }
        g_assert_cmpint(image_flush(image), ==, 0);
        uint8_t *scratch = g_memdup2(model, SIZE);
        for (unsigned i = 0; i < 5; i++) {
            bench_step(rand, image, scratch);
        }
        bench_do("cp top.qcow2 killed.qcow2");
        int status = bench_run(NULL, "qemu-img check -q -f qcow2 killed.qcow2");
        g_assert_true(status == 0 || status == 3); // 3: leaks alone
        bench_do("qemu-img convert -q -f qcow2 -O raw killed.qcow2 out.raw");
        size_t len;
        uint8_t *bytes = bench_load("out.raw", &len);
        for (size_t i = 0; i < SIZE; i++) {
            g_assert_true(bytes[i] == model[i] || model[i] != scratch[i]);
        }
        g_free(bytes);
        close_top(image);
        memcpy(model, scratch, SIZE);
        g_free(scratch);
        bench_do("qemu-img check -q -f qcow2 top.qcow2");
    }
    g_free(model);
    g_rand_free(rand);
}

static void expect_refused(const char *name, const char *format, bool read_only, const char *text)
{
    Error err = {""};
    Image *image = image_open(bench_path(name), format, read_only, &err);
    g_assert_null(image);
    if (!strstr(err.msg, text)) {
        g_error("'%s' is not in '%s'", text, err.msg);
    }
}

static void patch(const char *name, size_t at, const void *bytes, size_t n)
{
    size_t len;
    uint8_t *all = bench_load(name, &len);
    g_assert_cmpuint(at + n, <=, len);
    memcpy(all + at, bytes, n);
    bench_store(name, all, len);
    g_free(all);
}

static void test_refused(void)
{
    expect_refused("absent.qcow2", NULL, true, "No such file or directory");
    bench_store("empty", (const uint8_t *)"", 0);
    expect_refused("empty", "qcow2", true, "not in qcow2 format");
    expect_refused("empty", "vmdk", true, "Unknown driver 'vmdk'");
    bench_do("mkfifo fifo");
    expect_refused("fifo", NULL, true, "neither a regular file nor");
    expect_refused("", NULL, true, "neither a regular file nor");
    bench_do("qemu-img create -q -f qcow2 top.qcow2 1M");
    patch("top.qcow2", 7, "\x04", 1);
    expect_refused("top.qcow2", NULL, true, "Unsupported qcow2 version 4");
    bench_do("qemu-img create -q -f qcow2 top.qcow2 1M");
    patch("top.qcow2", 72 + 6, "\x80", 1);
    expect_refused("top.qcow2", NULL, true, "Unsupported qcow2 feature(s): bit 15");
    bench_do("qemu-img create -q -f qcow2 -o data_file=data.raw top.qcow2 1M");
    expect_refused("top.qcow2", NULL, true, "external data file");
    bench_do("qemu-img create -q -f qcow2 -o extended_l2=on top.qcow2 1M");
    expect_refused("top.qcow2", NULL, true, "extended L2 entries");
    bench_do("qemu-img create -q -f qcow2 top.qcow2 1M");
    patch("top.qcow2", 79, "\x02", 1);
    expect_refused("top.qcow2", NULL, false, "corrupt");
    close_top(open_top(true));
    bench_do("qemu-img create -q -f qcow2 -F raw -b absent.raw -u top.qcow2 1M");
    expect_refused("top.qcow2", NULL, true, "Could not open backing file");
    bench_do("qemu-img create -q -f qcow2 -F qcow2 -b base.qcow2 -u top.qcow2 1M");
    bench_do("qemu-img create -q -f qcow2 -F qcow2 -b top.qcow2 -u base.qcow2 1M");
    expect_refused("top.qcow2", NULL, true, "its own backing file");
    bench_do("qemu-img create -q -f qcow2 -F raw -b nbd://localhost/x -u top.qcow2 1M");
    expect_refused("top.qcow2", NULL, true, "Unknown protocol 'nbd'");
}

// Left dirty by a program that counts lazily: all counts are wrong, blocks are missing.
static void test_dirty(void)
{
    enum { SIZE = 2 * MIB };
    static const char *const made[] = {"cluster_size=4k", "cluster_size=512,refcount_bits=64",
                                       "cluster_size=64k,refcount_bits=1",
                                       "cluster_size=1k,lazy_refcounts=on"};
    GRand *rand = g_rand_new_with_seed(5);
    uint8_t *model = g_malloc(SIZE), ones[8];
    memset(ones, 0xff, sizeof(ones));
    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(made); i++) {
        bench_fill(rand, model, SIZE);
        bench_store("base.raw", model, SIZE);
        bench_do("qemu-img convert -q -f raw -O qcow2 -o %s base.raw top.qcow2", made[i / 2]);
        size_t len;
        uint8_t *bytes = bench_load("top.qcow2", &len);
        uint64_t table = qcow2_get64(bytes + 48), block = qcow2_get64(bytes + table);
        memset(bytes + block + 1, i % 2 ? 0xff : 0, 100);
        if (i % 2) {
            memset(bytes + table, 0, 8); // as if no block had ever been written
        }
        bytes[79] |= QCOW2_DIRTY;
        bench_store("top.qcow2", bytes, len);
        g_free(bytes);
        close_top(open_top(true)); // reading needs no counts, and changes nothing
        g_assert_cmpint(bench_run(NULL, "qemu-img check -q -f qcow2 top.qcow2"), !=, 0);
        Image *image = open_top(false);
        bench_compare(image, model);
        for (unsigned k = 0; k < 40; k++) {
            bench_step(rand, image, model);
        }
        close_top(image);
        bench_do("qemu-img check -q -f qcow2 top.qcow2");
        expect_contents("", model, SIZE);
        g_free(bench_load("top.qcow2", &len));
    }
    g_free(model);
    g_rand_free(rand);
}

// What the guest discards is the host's again, once nothing in the file refers to it.
static void test_unmap(void)
{
    enum { SIZE = 8 * MIB };
    uint8_t *model = g_malloc(SIZE);
    memset(model, 0x5a, SIZE);
    bench_store("base.raw", model, SIZE);
    for (unsigned unmap = 0; unmap < 2; unmap++) {
        bench_do("qemu-img convert -q -f raw -O qcow2 base.raw top.qcow2");
        Image *image = open_top(false);
        ImageInfo before, after;
        image_info(image, &before);
        g_assert_cmpint(image_zero(image, 0, 6 * MIB, unmap), ==, 0);
        g_assert_cmpint(image_flush(image), ==, 0);
        image_info(image, &after);
        g_assert_true((after.allocated_bytes + 6 * MIB <= before.allocated_bytes) == unmap);
        memset(model, 0, 6 * MIB);
        bench_compare(image, model);
        memset(model, 0x5a, 6 * MIB);
        close_top(image);
        bench_do("qemu-img check -q -f qcow2 top.qcow2");
    }
    g_free(model);
}

static void test_truncated(void)
{
    enum { SIZE = 2 * MIB };
    uint8_t *model = g_malloc(SIZE);
    memset(model, 0x55, SIZE);
    bench_store("base.raw", model, SIZE);
    bench_do("qemu-img convert -q -f raw -O qcow2 base.raw whole.qcow2");
    size_t len;
    uint8_t *bytes = bench_load("whole.qcow2", &len);
    for (size_t cut = 0; cut + 65536 < len; cut += 65536 / 2 + 7777) {
        bench_store("top.qcow2", bytes, cut);
        Error err = {""};
        g_assert_null(image_open(bench_path("top.qcow2"), "qcow2", true, &err));
        g_assert_true(strstr(err.msg, "truncated") || strstr(err.msg, "not in qcow2") ||
                      strstr(err.msg, "Invalid"));
    }
    g_free(bytes);
    g_free(model);
}

static void test_bitmaps(void)
{
    bench_do("qemu-img create -q -f qcow2 top.qcow2 4M");
    bench_do("qemu-img bitmap --add top.qcow2 dirty0");
    Image *image = open_top(false);
    close_top(image);
    char *text;
    g_assert_cmpint(bench_run(&text, "qemu-img info top.qcow2"), ==, 0);
    g_assert_nonnull(strstr(text, "dirty0"));
    g_free(text);
    image = open_top(false);
    g_assert_cmpint(image_write(image, 0, 5, (const uint8_t *)"hello"), ==, 0);
    close_top(image);
    // What we didn't keep must not pass for consistent.
    size_t len;
    uint8_t *bytes = bench_load("top.qcow2", &len);
    g_assert_cmpuint(bytes[95] & 1, ==, 0);
    g_free(bytes);
}

static void test_probe(void)
{
    // A raw disk whose format was guessed can't be turned into a qcow2 image by its guest.
    uint8_t zeros[4096] = {0};
    Error err = {""};
    bench_store("disk", zeros, sizeof(zeros));
    Image *image = image_open(bench_path("disk"), NULL, false, &err);
    g_assert_cmpstr(image->driver->format, ==, "raw");
    g_assert_cmpint(image_write(image, 0, 512, zeros), ==, 0);
    g_assert_cmpint(image_write(image, 0, 2, (const uint8_t *)"QF"), ==, 0);
    g_assert_cmpint(image_write(image, 2, 2, (const uint8_t *)"I\xfb"), ==, -EPERM);
    close_top(image);
    image = image_open(bench_path("disk"), "raw", false, &err);
    g_assert_cmpint(image_write(image, 2, 2, (const uint8_t *)"I\xfb"), ==, 0);
    close_top(image);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *path = g_strconcat("/qcow2/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
        g_free(path);
    }
    g_test_add_func("/qcow2/grow", test_grow);
    g_test_add_func("/qcow2/killed", test_killed);
    g_test_add_func("/qcow2/refused", test_refused);
    g_test_add_func("/qcow2/dirty", test_dirty);
    g_test_add_func("/qcow2/unmap", test_unmap);
    g_test_add_func("/qcow2/truncated", test_truncated);
    g_test_add_func("/qcow2/bitmaps", test_bitmaps);
    g_test_add_func("/qcow2/probe", test_probe);
    int rc = g_test_run();
    bench_clean();
    return rc;
}
