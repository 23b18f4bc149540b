// SPDX-License-Identifier: GPL-2.0-or-later
// Drives with a real seam and log: a made-up guest is recorded and replayed with other workers and
// delays, and must see the same; failed writes, resets, wrong images, killed recorders; order of
// overlapping requests.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "block/drive-host.h"
#include "tests/block/disk-bench.h"
#include "tests/block/drive-client.h"

enum { MIB = 1 << 20, SIZE = 2 * MIB, TICKS = 2500, DELAY_US = 400 };

typedef struct Case {
    const char *name, *drive;
    bool faults, cancels;
    bool unseen; // the guest doesn't hear of failures
    bool stops;
} Case;

static const Case cases[] = {
    {"raw", "file=%s/disk.raw,format=raw,if=none,id=d0"},
    {"qcow2", "file=%s/disk.qcow2,if=none,id=d0"},
    {"raw-snapshot", "file=%s/disk.raw,format=raw,if=none,id=d0,snapshot"},
    {"qcow2-snapshot", "file=%s/disk.qcow2,if=none,id=d0,snapshot=on"},
    {"faults", "file=%s/disk.raw,format=raw,if=none,id=d0,werror=report", .faults = true},
    {"cancel", "file=%s/disk.qcow2,if=none,id=d0", .cancels = true},
    {"faults-cancel", "file=%s/disk.qcow2,if=none,id=d0,werror=report,discard=unmap",
     .faults = true, .cancels = true},
    {"ignore", "file=%s/disk.raw,format=raw,if=none,id=d0,werror=ignore,rerror=ignore",
     .faults = true, .unseen = true},
    {"stop", "file=%s/disk.raw,format=raw,if=none,id=d0,werror=stop,rerror=stop", .faults = true,
     .unseen = true, .stops = true},
    {"stop-cancel", "file=%s/disk.qcow2,if=none,id=d0,werror=stop,rerror=stop,detect-zeroes=on",
     .faults = true, .unseen = true, .stops = true, .cancels = true},
    {"enospc", "file=%s/disk.qcow2,if=none,id=d0", .faults = true, .stops = true},
};

// Each request fails once at most.
static int failed_once[1 << 16];
static int some_fault(const DriveRequest *request)
{
    uint64_t mix = (request->id * 0x9e3779b97f4a7c15) >> 32;
    if (__atomic_exchange_n(&failed_once[request->id % G_N_ELEMENTS(failed_once)], 1,
                            __ATOMIC_SEQ_CST)) {
        return 0;
    }
    return mix % 7 == 0 ? -EIO : mix % 11 == 0 ? -ENOSPC : 0;
}

static uint8_t *make_disks(void)
{
    GRand *rand = g_rand_new_with_seed(21);
    uint8_t *bytes = g_malloc(SIZE);
    bench_fill(rand, bytes, SIZE);
    bench_store("disk.raw", bytes, SIZE);
    bench_do("qemu-img convert -q -f raw -O qcow2 -o cluster_size=4k disk.raw disk.qcow2");
    g_rand_free(rand);
    return bytes;
}

static char *drive_text(const char *format)
{
    char *dir = g_path_get_dirname(bench_path("x"));
    char **parts = g_strsplit(format, "%s", 2);
    char *text = g_strjoinv(dir, parts);
    g_strfreev(parts);
    g_free(dir);
    return text;
}

static void expect_replay(Client *client, const Client *recorded, const char *const *drives,
                          const char *log, unsigned workers, uint64_t seed)
{
    block_chaos(seed, DELAY_US);
    client_open_replay(client, drives, log, workers);
    client_run(client, TICKS);
    if (client->diverged) {
        g_error("%s", replay_divergence(client->replay));
    }
    g_assert_cmpuint(client->completions, ==, recorded->completions);
    g_assert_cmpuint(client->failures, ==, recorded->failures);
    g_assert_cmpuint(client->ticks, ==, recorded->ticks);
    g_assert_cmpuint(client->digest, ==, recorded->digest);
    client_close(client);
}

static void test_case(gconstpointer p)
{
    const Case *c = p;
    g_free(make_disks());
    char *text = drive_text(c->drive);
    const char *drives[] = {text, NULL};
    const char *log = bench_path("log");
    Client recorded = {.cancels = c->cancels}, client = {.cancels = c->cancels};
    block_chaos(1, DELAY_US);
    memset(failed_once, 0, sizeof(failed_once));
    block_fault(c->faults ? some_fault : NULL);
    client_open(&recorded, drives, log, 4);
    client_run(&recorded, TICKS);
    client_close(&recorded);
    block_fault(NULL);
    g_assert_cmpuint(recorded.completions, >, 100);
    g_assert_true((c->faults && !c->unseen) == (recorded.failures > 0));
    g_assert_true(c->stops == (recorded.stops > 0));
    g_assert_true(c->cancels == (recorded.resets > 0));
    if (strstr(c->drive, "disk.qcow2") && !strstr(c->drive, "snapshot")) {
        bench_do("qemu-img check -q disk.qcow2");
    }
    // Twice: a replay changes nothing. With faults of its own in the second, the log's results
    // still stand.
    for (unsigned round = 0; round < 2; round++) {
        expect_replay(&client, &recorded, drives, log, 1 + 3 * round, 100 + round);
    }
    block_chaos(0, 0);
    g_free(text);
}

static void test_live(void)
{
    // Without a log: the same guest, and no undo file.
    g_free(make_disks());
    char *text = drive_text("file=%s/disk.raw,format=raw,if=none,id=d0");
    const char *drives[] = {text, NULL};
    Client client = {0};
    client_open(&client, drives, NULL, 0);
    client_run(&client, TICKS);
    client_close(&client);
    g_assert_cmpuint(client.completions, >, 100);
    g_assert_cmpuint(client.failures, ==, 0);
    g_free(text);
}

static void test_wrong_image(void)
{
    uint8_t *bytes = make_disks();
    char *text = drive_text("file=%s/disk.raw,format=raw,if=none,id=d0,snapshot");
    const char *drives[] = {text, NULL};
    Client client = {0};
    client_open(&client, drives, bench_path("log"), 2);
    client_run(&client, TICKS);
    client_close(&client);
    // One bit a sector, in neither of the ends that the identity looks at.
    for (unsigned i = 70000; i < SIZE - 70000; i += 512) {
        bytes[i] ^= 1;
    }
    bench_store("disk.raw", bytes, SIZE);
    client_open_replay(&client, drives, bench_path("log"), 2);
    client_run(&client, TICKS);
    g_assert_true(client.diverged);
    const char *report = replay_divergence(client.replay);
    g_assert_nonnull(strstr(report, "drive 'd0'"));
    g_assert_nonnull(strstr(report, "a read of"));
    g_assert_nonnull(strstr(report, "isn't the one that was recorded"));
    client_close(&client);
    g_free(bytes);
    g_free(text);
}

// The recorder is killed at a random instant: its log replays to its end, and the guest is then
// where the recorder's was.
static void killed_once(unsigned round, const char *const *drives)
{
    g_free(make_disks());
    const char *log = bench_path("log");
    uint64_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(shared != MAP_FAILED);
    pid_t pid = fork();
    if (pid == 0) {
        Client client = {.shared_digest = shared};
        block_chaos(round, DELAY_US);
        client_open(&client, drives, log, 3);
        client_run(&client, UINT32_MAX);
        _exit(1);
    }
    unsigned wait_for = 80 + 150 * round;
    while (__atomic_load_n(&shared[0], __ATOMIC_SEQ_CST) < wait_for) {
        g_usleep(1000);
    }
    g_usleep(150000); // the log is at most 100 ms behind
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status));
    Client client = {0};
    client_open_replay(&client, drives, log, 2);
    client_run(&client, UINT32_MAX);
    if (client.diverged) {
        g_error("%s", replay_divergence(client.replay));
    }
    g_assert_cmpint(replay_end(client.replay, NULL, NULL), ==, REPLAY_END_TORN);
    g_assert_cmpuint(client.completions, >=, wait_for);
    client_close(&client);
    munmap(shared, 4096);
}

static void test_killed(void)
{
    char *raw = drive_text("file=%s/disk.raw,format=raw,if=none,id=d0");
    char *qcow2 = drive_text("file=%s/disk.qcow2,if=none,id=d0");
    for (unsigned round = 0; round < 3; round++) {
        const char *drives[] = {round % 2 ? qcow2 : raw, NULL};
        killed_once(round, drives);
    }
    g_free(raw);
    g_free(qcow2);
}

// ---- order, by hand ----

typedef struct Order {
    Device dev;
    GString *done; // tags in order of completion
    uint8_t last[16];
} Order;

static void order_done(Device *dev, uint64_t tag, int result, const uint8_t *buf, uint64_t len)
{
    Order *order = (Order *)dev;
    g_string_append_c(order->done, (char)tag);
    if (len) {
        memcpy(order->last, buf, MIN(len, sizeof(order->last)));
    }
}

static void order_settle(Replay *replay, Drive *drive)
{
    while (drive_in_flight(drive) > 0) {
        while (replay_pending(replay)) {
            replay_deliver(replay, -1, NULL, NULL);
        }
        g_usleep(100);
    }
}

static Position no_position(void *ctx)
{
    return (Position){0};
}
static uint16_t no_digest(void *ctx)
{
    return 0;
}
static void no_wake(void *ctx) {}

static void order_cancel(Replay *replay, Drive *drive, Order *order)
{
    uint8_t a[512], b[512] = {0};
    // Cancelled: nothing more is heard of these, but what is submitted afterwards waits for the
    // write.
    g_string_truncate(order->done, 0);
    memset(a, 'X', sizeof(a));
    drive_submit(drive, BLOCK_WRITE, 0, 512, a, '1');
    drive_submit(drive, BLOCK_WRITE, 0, 512, b, '2');
    drive_cancel(drive);
    g_assert_cmpuint(drive_in_flight(drive), ==, 0);
    drive_submit(drive, BLOCK_READ, 0, 512, NULL, '3');
    order_settle(replay, drive);
    g_assert_cmpstr(order->done->str, ==, "3");
    g_assert_cmpint(memcmp(order->last, a, 16), ==, 0);
    // The drive says when it has enough.
    g_string_truncate(order->done, 0);
    block_chaos(0, 0);
    g_assert_true(drive_ready(drive));
    for (unsigned i = 0; i < 1024; i++) {
        drive_submit(drive, BLOCK_READ, 0, 512, NULL, 'r');
    }
    g_assert_false(drive_ready(drive));
    order_settle(replay, drive);
    g_assert_true(drive_ready(drive));
}

static void test_order(void)
{
    g_free(make_disks());
    Error err = {""};
    char *text = drive_text("file=%s/disk.raw,format=raw,if=none,id=d0,snapshot");
    ReplayHost host = {.position = no_position, .event_digest = no_digest, .wake = no_wake};
    Replay *replay = replay_new(&host);
    BlockConfig config = {.replay = replay, .workers = 4};
    g_assert_true(block_drive_add(text, &err) && block_open_all(&config, &err));
    Drive *drive = drive_find("d0");
    Order order = {.done = g_string_new(NULL)};
    g_assert_true(drive_attach(drive, &order.dev, order_done, &err));
    g_assert_false(drive_attach(drive, &order.dev, order_done, &err));
    g_assert_nonnull(strstr(err.msg, "already in use"));
    block_chaos(5, 2000);
    uint8_t a[8192], b[8192];
    for (unsigned round = 0; round < 20; round++) {
        memset(a, 'a' + (int)round, sizeof(a));
        memset(b, 'B', sizeof(b));
        g_string_truncate(order.done, 0);
        drive_submit(drive, BLOCK_WRITE, 4096, 8192, a, '1');
        drive_submit(drive, BLOCK_READ, 8192, 512, NULL, '2'); // sees 1
        drive_submit(drive, BLOCK_WRITE, 8192, 4096, b, '3');  // after 2
        drive_submit(drive, BLOCK_READ, 4096 + 4096 - 8, 16, NULL, '4');
        drive_submit(drive, BLOCK_DISCARD, 4096, 512, NULL, '5');
        g_assert_cmpuint(drive_in_flight(drive), ==, 5);
        order_settle(replay, drive);
        const char *done = order.done->str;
        g_assert_true(
            strchr(done, '1') < strchr(done, '2') && strchr(done, '2') < strchr(done, '3') &&
            strchr(done, '3') < strchr(done, '4') && strchr(done, '1') < strchr(done, '5'));
        uint8_t expect[16];
        memset(expect, 'a' + (int)round, 8);
        memset(expect + 8, 'B', 8);
        g_assert_cmpint(memcmp(order.last, expect, 16), ==, 0);
    }
    order_cancel(replay, drive, &order);
    g_assert_true(block_close_all(&err));
    replay_free(replay);
    g_string_free(order.done, TRUE);
    g_free(text);
}

static void test_taint(void)
{
    enum { N = 2000 };
    GRand *rand = g_rand_new_with_seed(2);
    uint8_t model[N] = {0};
    Taint taint;
    taint_init(&taint);
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t at = (uint64_t)g_rand_int_range(rand, 0, N);
        uint64_t len = (uint64_t)g_rand_int_range(rand, 0, 60);
        len = MIN(len, N - at);
        bool add = g_rand_boolean(rand);
        (add ? taint_add : taint_remove)(&taint, at, len);
        memset(model + at, add, len);
        unsigned count;
        DriveRange *parts = taint_parts(&taint, at / 2, N / 2, &count);
        uint8_t found[N] = {0};
        for (unsigned k = 0; k < count; k++) {
            g_assert_cmpuint(parts[k].len, >, 0);
            g_assert_true(k == 0 || parts[k - 1].offset + parts[k - 1].len <= parts[k].offset);
            memset(found + parts[k].offset, 1, parts[k].len);
        }
        g_assert_cmpint(memcmp(found + at / 2, model + at / 2, N / 2), ==, 0);
        g_free(parts);
    }
    // Too many ranges become one.
    for (uint64_t i = 0; i < 5000; i++) {
        taint_add(&taint, 10000 + i * 10, 5);
        g_assert_cmpuint(taint.ranges->len, <=, 4097);
    }
    taint_clear(&taint);
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/drive/taint", test_taint);
    g_test_add_func("/drive/order", test_order);
    g_test_add_func("/drive/live", test_live);
    g_test_add_func("/drive/killed", test_killed);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *path = g_strconcat("/drive/replay-", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
        g_free(path);
    }
    g_test_add_func("/drive/wrong-image", test_wrong_image);
    int rc = g_test_run();
    bench_clean();
    return rc;
}
