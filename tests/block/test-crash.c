// SPDX-License-Identifier: GPL-2.0-or-later
// A writer may end at any moment, and so may the host's power: the image is then without errors,
// leaked clusters aside, and what was flushed is there.
//
//     test-block-crash [--count N] [--seed N]
//
// power: all changes of the file are recorded; between two syncs each 512-byte sector that was
// written may have reached the disk in any of its versions, whatever others did. N disks a kind,
// each cut short some hundred times, at random changes of the file. killed: 2 N processes ended by
// SIGKILL. full: 2 N disks whose file can't grow beyond a limit.
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "block/qcow2-host.h"
#include "tests/block/disk-history.h"

enum { SECTOR = 512, SIZE = 768 << 10, STEPS = 60 };

static gint count = 5, seed = 0;

typedef struct Kind {
    const char *name, *make; // commands, separated by ';'
} Kind;

static const Kind kinds[] = {
    {"v3", "qemu-img convert -f raw -O qcow2 -o cluster_size=4k base.raw top.qcow2"},
    {"v2", "qemu-img convert -f raw -O qcow2 -o compat=0.10,cluster_size=4k base.raw top.qcow2"},
    // 64-bit counts: the table of count blocks grows.
    {"smallest", "qemu-img create -q -f qcow2 -F raw -b base.raw -o cluster_size=512,refcount_bits=64 top.qcow2"},
    {"large", "qemu-img convert -f raw -O qcow2 -o cluster_size=64k,refcount_bits=8 base.raw top.qcow2"},
    {"packed", "qemu-img convert -c -f raw -O qcow2 -o cluster_size=16k base.raw top.qcow2"},
    {"snapshot", "qemu-img convert -f raw -O qcow2 -o cluster_size=2k base.raw top.qcow2;"
                 "qemu-img snapshot -c one top.qcow2"},
    {"lazy", "qemu-img convert -f raw -O qcow2 -o cluster_size=4k,lazy_refcounts=on base.raw top.qcow2"},
};

// ---- what the disk may have ----

typedef struct Pending { // versions of one sector since the last sync
    uint64_t sector;
    GPtrArray *versions; // uint8_t[SECTOR]
} Pending;

static GByteArray *disk, *cache; // after the last sync; as the program sees the file
static GHashTable *pending;      // &sector -> Pending
static int traced_fd;
static History *history_now;
static GRand *chance;
static unsigned ncrashes, nfull;

static void pending_free(gpointer p)
{
    Pending *entry = p;
    g_ptr_array_unref(entry->versions);
    g_free(entry);
}

static void pad(GByteArray *array, uint64_t size)
{
    guint old = array->len;
    if (size > old) {
        g_byte_array_set_size(array, (guint)size);
        memset(array->data + old, 0, size - old);
    }
}

static void sector_changed(uint64_t sector)
{
    Pending *entry = g_hash_table_lookup(pending, &sector);
    if (!entry) {
        entry = g_new0(Pending, 1);
        entry->sector = sector;
        entry->versions = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(pending, &entry->sector, entry);
    }
    g_ptr_array_add(entry->versions, g_memdup2(cache->data + sector * SECTOR, SECTOR));
}

// One of the disks that a crash now may leave. `bias` of 8 sectors keep their newest version, …
static GByteArray *crash(GRand *rand)
{
    GByteArray *left = g_byte_array_new();
    g_byte_array_append(left, disk->data, disk->len);
    int bias = g_rand_int_range(rand, 0, 9);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, pending);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Pending *entry = value;
        int last = (int)entry->versions->len - 1;
        int version = g_rand_int_range(rand, 0, 8) < bias ? last : g_rand_int_range(rand, -1, last + 1);
        if (version >= 0) {
            pad(left, (entry->sector + 1) * SECTOR);
            memcpy(left->data + entry->sector * SECTOR, entry->versions->pdata[version], SECTOR);
        }
    }
    return left;
}

// ---- the two tests ----

static Image *open_image(const char *name, bool read_only)
{
    Error err = {""};
    Image *image = image_open(bench_path(name), "qcow2", read_only, &err);
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

// Opening to write walks all tables and compares all counts; qemu-img does it once more.
static void check_image(const char *name, const History *history, bool peer)
{
    Image *image = open_image(name, false);
    uint8_t *found = g_malloc(history->size);
    g_assert_cmpint(image_read(image, 0, history->size, found), ==, 0);
    history_check(history, found, name);
    g_free(found);
    close_image(image);
    if (peer) {
        char *text;
        int status = bench_run(&text, "qemu-img check -f qcow2 %s", name);
        if (status != 0 && status != 3) { // 3: leaks alone
            g_error("qemu-img check: %d: %s", status, text);
        }
        g_free(text);
    }
}

static void crash_now(void)
{
    GByteArray *left = crash(chance);
    bench_store("crash.qcow2", left->data, left->len);
    g_byte_array_unref(left);
    check_image("crash.qcow2", history_now, ncrashes++ % 50 == 0);
}

static void trace(int fd, FileOp op, uint64_t offset, uint64_t len, const uint8_t *buf)
{
    if (fd != traced_fd) {
        return;
    }
    // Before this change, and before a sync ends.
    if (g_rand_int_range(chance, 0, op == FILE_SYNC ? 2 : 12) == 0) {
        crash_now();
    }
    uint64_t end = op == FILE_RESIZE ? offset : offset + len;
    switch (op) {
    case FILE_SYNC:
        g_byte_array_set_size(disk, 0);
        g_byte_array_append(disk, cache->data, cache->len);
        g_hash_table_remove_all(pending);
        return;
    case FILE_RESIZE: // only ever longer
        g_assert_cmpuint(end, >=, cache->len);
        pad(cache, (end + SECTOR - 1) / SECTOR * SECTOR);
        return;
    case FILE_WRITE:
    case FILE_ZERO:
        pad(cache, (end + SECTOR - 1) / SECTOR * SECTOR);
        if (op == FILE_WRITE) {
            memcpy(cache->data + offset, buf, len);
        } else {
            memset(cache->data + offset, 0, len);
        }
        for (uint64_t s = offset / SECTOR; s * SECTOR < end; s++) {
            sector_changed(s);
        }
    }
}

static History *make(const Kind *kind, GRand *rand)
{
    uint8_t *model = g_malloc(SIZE);
    bench_fill(rand, model, SIZE);
    bench_store("base.raw", model, SIZE);
    char **commands = g_strsplit(kind->make, ";", -1);
    for (char **command = commands; *command; command++) {
        bench_do("%s", *command);
    }
    g_strfreev(commands);
    History *history = history_new(model, SIZE);
    g_free(model);
    return history;
}

static void power_round(const Kind *kind, GRand *rand)
{
    History *history = make(kind, rand);
    size_t len;
    uint8_t *bytes = bench_load("top.qcow2", &len);
    disk = g_byte_array_new();
    cache = g_byte_array_new();
    g_byte_array_append(disk, bytes, (guint)len);
    pad(disk, (len + SECTOR - 1) / SECTOR * SECTOR);
    g_byte_array_append(cache, disk->data, disk->len);
    pending = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, pending_free);
    g_free(bytes);
    // A few tables only, so that some are written back between flushes.
    qcow2_cache_tables = g_rand_boolean(rand) ? 2 : 0;
    Image *image = open_image("top.qcow2", false);
    traced_fd = image->fd;
    history_now = history;
    file_trace(trace);
    for (unsigned i = 0; i < STEPS; i++) {
        history_step(history, rand, image);
    }
    close_image(image);
    file_trace(NULL);
    history_flushed(history);
    check_image("top.qcow2", history, true);
    qcow2_cache_tables = 0;
    g_hash_table_unref(pending);
    g_byte_array_unref(disk);
    g_byte_array_unref(cache);
    history_free(history);
}

static void test_power(gconstpointer p)
{
    GRand *rand = g_rand_new_with_seed((guint32)seed + g_str_hash(((const Kind *)p)->name));
    chance = g_rand_new_with_seed(g_rand_int(rand));
    ncrashes = 0;
    for (gint i = 0; i < count; i++) {
        power_round(p, rand);
    }
    g_test_message("%u crashes", ncrashes);
    g_rand_free(chance);
    g_rand_free(rand);
}

static void killed_round(const Kind *kind, GRand *rand)
{
    History *history = make(kind, rand);
    guint32 steps_seed = g_rand_int(rand);
    // [0]: steps begun, [1]: the last step that was a flush and has ended, counted from 1
    uint64_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(shared != MAP_FAILED);
    pid_t pid = fork();
    if (pid == 0) {
        GRand *steps = g_rand_new_with_seed(steps_seed);
        Image *image = open_image("top.qcow2", false);
        for (uint64_t i = 1;; i++) {
            __atomic_store_n(&shared[0], i, __ATOMIC_SEQ_CST);
            if (history_step(history, steps, image)) {
                __atomic_store_n(&shared[1], i, __ATOMIC_SEQ_CST);
            }
        }
    }
    while (__atomic_load_n(&shared[0], __ATOMIC_SEQ_CST) < 2) {
        g_usleep(100);
    }
    g_usleep((gulong)g_rand_int_range(rand, 0, 60000));
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    // The model does what the writer did; flushes that it did not finish count for nothing.
    GRand *steps = g_rand_new_with_seed(steps_seed);
    uint64_t flushed = shared[1], begun = shared[0];
    History *after = history_new(history->model, SIZE);
    for (uint64_t i = 1; i <= begun; i++) {
        bool flush = history_step(history, steps, NULL);
        if (flush && i <= flushed) {
            memcpy(after->model, history->model, SIZE);
            history_flushed(after);
        } else if (!flush) {
            g_ptr_array_add(after->versions, g_memdup2(history->model, SIZE));
        }
    }
    check_image("top.qcow2", after, true);
    g_rand_free(steps);
    history_free(after);
    history_free(history);
    munmap(shared, 4096);
}

static void test_killed(void)
{
    GRand *rand = g_rand_new_with_seed((guint32)seed);
    for (gint i = 0; i < 2 * count; i++) {
        killed_round(&kinds[(unsigned)i % G_N_ELEMENTS(kinds)], rand);
    }
    g_rand_free(rand);
}

// The host has no room left: requests fail, and the image stays sound.
static void full_round(const Kind *kind, GRand *rand)
{
    History *history = make(kind, rand);
    size_t len;
    g_free(bench_load("top.qcow2", &len));
    guint32 steps_seed = g_rand_int(rand);
    guint64 room = (guint64)g_rand_int_range(rand, 0, 300 << 10);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGXFSZ, SIG_IGN);
        struct rlimit limit = {len + room, len + room};
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
        GRand *steps = g_rand_new_with_seed(steps_seed);
        history->may_fail = true;
        Image *image = open_image("top.qcow2", false);
        for (unsigned i = 0; i < 2 * STEPS; i++) {
            history_step(history, steps, image);
        }
        uint8_t *found = g_malloc(SIZE);
        g_assert_cmpint(image_read(image, 0, SIZE, found), ==, 0);
        history_check(history, found, "full");
        Error err;
        (void)!image_close(image, &err); // it may say that something was lost
        _exit(history->failures > 0 ? 1 : 0);
    }
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
    nfull += (unsigned)WEXITSTATUS(status);
    char *text;
    int check = bench_run(&text, "qemu-img check -f qcow2 top.qcow2");
    if (check != 0 && check != 3) {
        g_error("qemu-img check: %d: %s", check, text);
    }
    g_free(text);
    close_image(open_image("top.qcow2", false));
    history_free(history);
}

static void test_full(void)
{
    GRand *rand = g_rand_new_with_seed((guint32)seed);
    nfull = 0;
    for (gint i = 0; i < 2 * count; i++) {
        full_round(&kinds[(unsigned)i % G_N_ELEMENTS(kinds)], rand);
    }
    g_assert_cmpuint(nfull, >, 0);
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    const GOptionEntry entries[] = {
        {"count", 0, 0, G_OPTION_ARG_INT, &count, "disks a kind; half as many as kills", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "other steps", "N"},
        {0},
    };
    bench_options(&argc, &argv, entries);
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        char *path = g_strconcat("/crash/power-", kinds[i].name, NULL);
        g_test_add_data_func(path, &kinds[i], test_power);
        g_free(path);
    }
    g_test_add_func("/crash/killed", test_killed);
    g_test_add_func("/crash/full", test_full);
    int rc = g_test_run();
    bench_clean();
    return rc;
}
