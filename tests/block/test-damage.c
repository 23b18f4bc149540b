// SPDX-License-Identifier: GPL-2.0-or-later
// Damaged images: random changes to headers and tables. Whatever they say, opening ends soon with
// an image or a sentence, requests end with a result, and the file doesn't grow beyond what the
// requests can explain.
//
//     test-block-damage [--count N] [--seed N] [--show]
//
// N images altogether, each opened four times: to read and to write, with and without the walk over
// its tables. --show: the warnings that they cause.
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/qcow2-host.h"
#include "tests/block/disk-bench.h"

enum { SIZE = 1 << 20, MAX_GROWTH = 16 << 20 };

static gint count = 350, seed = 0;
static gboolean show;

typedef struct Kind {
    const char *name, *make; // commands, separated by ';'
} Kind;

static const Kind kinds[] = {
    {"v3", "qemu-img convert -f raw -O qcow2 -o cluster_size=4k base.raw top.qcow2"},
    {"v2", "qemu-img convert -f raw -O qcow2 -o compat=0.10,cluster_size=4k base.raw top.qcow2"},
    {"small", "qemu-img convert -f raw -O qcow2 -o cluster_size=512 base.raw top.qcow2"},
    {"zlib", "qemu-img convert -c -f raw -O qcow2 -o cluster_size=16k base.raw top.qcow2"},
    {"zstd", "qemu-img convert -c -f raw -O qcow2 -o compression_type=zstd base.raw top.qcow2"},
    {"snapshot", "qemu-img convert -f raw -O qcow2 -o cluster_size=4k base.raw top.qcow2;"
                 "qemu-img snapshot -c one top.qcow2;qemu-img snapshot -c two top.qcow2"},
    {"counts", "qemu-img convert -f raw -O qcow2 -o cluster_size=2k,refcount_bits=1 base.raw top.qcow2"},
    {"lazy", "qemu-img convert -f raw -O qcow2 -o cluster_size=8k,lazy_refcounts=on base.raw top.qcow2"},
    {"backing", "qemu-img create -q -f qcow2 -F raw -b base.raw top.qcow2"},
};

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

// A place worth changing: header, L1 table, an L2 table, reference counts, snapshots, or anywhere.
static size_t pick_place(GRand *rand, const uint8_t *bytes, size_t len)
{
    size_t cluster = (size_t)1 << be32(bytes + 20);
    uint64_t l1 = qcow2_get64(bytes + 40), table = qcow2_get64(bytes + 48),
             snapshots = qcow2_get64(bytes + 64);
    uint64_t at = 0;
    uint64_t span = cluster;
    switch (g_rand_int_range(rand, 0, 8)) {
    case 0:
    case 1: span = 112; break;
    case 2:
        at = l1;
        span = be32(bytes + 36) * 8ull;
        break;
    case 3: at = qcow2_get64(bytes + l1) & QCOW2_OFFSET; break;
    case 4:
        at = table;
        span = 64;
        break;
    case 5: at = qcow2_get64(bytes + table); break;
    case 6:
        at = snapshots;
        span = 200;
        break;
    default: span = len; break;
    }
    return (size_t)(at + (uint64_t)g_rand_int_range(rand, 0, (gint32)MAX(span, 1))) % len;
}

static void damage(GRand *rand, uint8_t *bytes, size_t len)
{
    static const uint64_t words[] = {0,
                                     1,
                                     ~0ull,
                                     1ull << 63,
                                     1ull << 62,
                                     0x8000000000001000,
                                     0x7fffffffffffffff,
                                     512,
                                     0x00fffffffffff000,
                                     0xc000000000000000,
                                     4096,
                                     65536,
                                     0x100000000};
    uint8_t pristine[112];
    memcpy(pristine, bytes, sizeof(pristine));
    for (int n = g_rand_int_range(rand, 1, 3); n > 0; n--) {
        uint8_t whole[112];
        memcpy(whole, bytes, sizeof(whole));
        memcpy(bytes, pristine, sizeof(pristine)); // places are those of the whole header
        size_t at = pick_place(rand, bytes, len);
        memcpy(bytes, whole, sizeof(whole));
        switch (g_rand_int_range(rand, 0, 3)) {
        case 0: bytes[at] ^= (uint8_t)(1 << g_rand_int_range(rand, 0, 8)); break;
        case 1: bytes[at] = (uint8_t)g_rand_int(rand); break;
        default:
            at = MIN(at / 8 * 8, len - 8);
            qcow2_put64(bytes + at, g_rand_boolean(rand)
                                        ? words[g_rand_int_range(rand, 0, G_N_ELEMENTS(words))]
                                        : (uint64_t)g_rand_int(rand) << 12);
        }
    }
}

static void use_image(GRand *rand, Image *image)
{
    uint8_t *buf = g_malloc0(SIZE);
    Error err = {""};
    for (unsigned i = 0; i < 20; i++) {
        uint64_t len = (uint64_t)g_rand_int_range(rand, 1, 40000);
        uint64_t span = MIN(image->size_bytes, SIZE * 2);
        if (span <= len) {
            break;
        }
        uint64_t offset = (uint64_t)g_rand_int_range(rand, 0, (gint32)(span - len)), run;
        switch (g_rand_int_range(rand, 0, 5)) {
        case 0: (void)image_read(image, offset, len, buf); break;
        case 1: (void)image_zero(image, offset, len, true); break;
        case 2: (void)image_flush(image); break;
        case 3: (void)image_is_zero(image, offset, len, &run); break;
        default: (void)image_write(image, offset, len, buf); break;
        }
    }
    g_free(buf);
    bool closed = image_close(image, &err);
    g_assert_true(closed || err.msg[0]);
}

static void try_damaged(GRand *rand, const uint8_t *whole, size_t len, unsigned *opened)
{
    uint8_t *bytes = g_memdup2(whole, len);
    damage(rand, bytes, len);
    if (bytes[7] == 3 && g_rand_int_range(rand, 0, 4) == 0) {
        bytes[79] |= QCOW2_DIRTY; // so that damage is met by the repair, too
    }
    bench_store("damaged.qcow2", bytes,
                g_rand_int_range(rand, 0, 8) ? len
                                             : (size_t)g_rand_int_range(rand, 1, (gint32)len));
    g_free(bytes);
    for (unsigned round = 0; round < 4; round++) {
        // Unchecked: what would be refused at opening is met by the requests.
        bool read_only = round % 2 == 0;
        qcow2_unchecked = round >= 2;
        Error err = {""};
        gint64 start = g_get_monotonic_time();
        Image *image = image_open(bench_path("damaged.qcow2"), "qcow2", read_only, &err);
        g_assert_true(image || err.msg[0]);
        if (image) {
            ++*opened;
            use_image(rand, image);
        }
        struct stat st;
        g_assert_cmpint(stat(bench_path("damaged.qcow2"), &st), ==, 0);
        g_assert_cmpint(st.st_blocks * 512, <, len + MAX_GROWTH);
        g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
        qcow2_unchecked = false;
    }
}

static void test_kind(gconstpointer p)
{
    const Kind *kind = p;
    unsigned nkinds = G_N_ELEMENTS(kinds), opened = 0;
    unsigned rounds = ((unsigned)count + nkinds - 1) / nkinds;
    GRand *rand = g_rand_new_with_seed(g_str_hash(kind->name) + (guint)seed);
    uint8_t *model = g_malloc(SIZE);
    bench_fill(rand, model, SIZE);
    bench_store("base.raw", model, SIZE);
    char **commands = g_strsplit(kind->make, ";", -1);
    for (char **command = commands; *command; command++) {
        bench_do("%s", *command);
    }
    g_strfreev(commands);
    size_t len;
    uint8_t *whole = bench_load("top.qcow2", &len);
    for (unsigned i = 0; i < rounds; i++) {
        try_damaged(rand, whole, len, &opened);
    }
    g_test_message("%u of %u opened", opened, 4 * rounds);
    g_free(whole);
    g_free(model);
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    const GOptionEntry entries[] = {
        {"count", 0, 0, G_OPTION_ARG_INT, &count, "images", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "other damage", "N"},
        {"show", 0, 0, G_OPTION_ARG_NONE, &show, "show warnings", NULL},
        {0},
    };
    bench_options(&argc, &argv, entries);
    g_test_init(&argc, &argv, NULL);
    // Warnings about damage are what is wanted here, not worth showing.
    int null = open("/dev/null", O_WRONLY);
    if (null >= 0 && !show) {
        dup2(null, 2);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        char *path = g_strconcat("/damage/", kinds[i].name, NULL);
        g_test_add_data_func(path, &kinds[i], test_kind);
        g_free(path);
    }
    int rc = g_test_run();
    bench_clean();
    return rc;
}
