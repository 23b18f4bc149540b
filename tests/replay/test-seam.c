// SPDX-License-Identifier: GPL-2.0-or-later
// The seam: posts from many threads, credit, and a made-up machine that is recorded and replayed:
// whole, torn and damaged.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>

#include "replay/varint.h"
#include "tests/replay/sample.h"

// ---- a made-up machine ----

// Its state is one number, changed by each attempt, each input and each step; `trace` tells all
// that ever reached it.
typedef struct Machine {
    Replay *replay;
    ReplaySource *serial, *disk;
    Position position;
    uint64_t state;
    uint64_t clock_ns;
    GString *trace;
    unsigned diverged;
    atomic_uint woken;
    char *failed;
    bool nested; // each serial input asks for random bytes
} Machine;

static Position machine_position(void *ctx)
{
    return ((Machine *)ctx)->position;
}

static uint16_t machine_digest(void *ctx)
{
    return (uint16_t)(((Machine *)ctx)->state >> 16);
}

static void machine_wake(void *ctx)
{
    ((Machine *)ctx)->woken++;
}

static void machine_diverged(void *ctx)
{
    ((Machine *)ctx)->diverged++;
}

static void machine_log_failed(void *ctx, const char *reason)
{
    Machine *machine = ctx;
    g_assert_null(machine->failed);
    machine->failed = g_strdup(reason);
}

static void machine_mix(Machine *machine, const char *what, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        machine->state = (machine->state ^ bytes[i]) * 0x9e3779b97f4a7c15;
    }
    g_string_append_printf(machine->trace, "%" G_GUINT64_FORMAT "+%u %s %zu %016" PRIx64 "\n",
                           machine->position.icount, machine->position.step, what, len,
                           machine->state);
}

static void serial_deliver(void *target, const uint8_t *payload, size_t len)
{
    Machine *machine = target;
    machine_mix(machine, "serial", payload, len);
    if (machine->nested) {
        uint8_t random[8] = {(uint8_t)g_random_int()};
        replay_input(machine->replay, EVENT_RANDOM, random, sizeof(random));
        machine_mix(machine, "random", random, sizeof(random));
        machine_mix(machine, "serial again", payload, len);
    }
}

static void disk_deliver(void *target, const uint8_t *payload, size_t len)
{
    machine_mix(target, "disk", payload, len);
}

static void machine_control(void *ctx, const ReplayEvent *event)
{
    machine_mix(ctx, event_kind_name(event->kind), event->payload, event->len);
}

static void machine_init(Machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    machine->state = 1;
    machine->trace = g_string_new(NULL);
    ReplayHost host = {
        .ctx = machine,
        .position = machine_position,
        .event_digest = machine_digest,
        .wake = machine_wake,
        .diverged = machine_diverged,
        .log_failed = machine_log_failed,
    };
    machine->replay = replay_new(&host);
    machine->serial =
        replay_source_new(machine->replay, EVENT_CHAR_RX, "serial0", serial_deliver, machine);
    machine->disk =
        replay_source_new(machine->replay, EVENT_BLOCK_DONE, "disk0", disk_deliver, machine);
    replay_set_control(machine->replay, machine_control, machine);
}

static void machine_fini(Machine *machine)
{
    replay_free(machine->replay);
    g_string_free(machine->trace, TRUE);
    g_free(machine->failed);
}

static void machine_before(void *ctx, const ReplayEvent *event)
{
    ((Machine *)ctx)->clock_ns += event->idle_ns;
}

// The boundary of one icount and its attempt. Idle, now and then, adds virtual time before an
// input.
static void machine_attempt(Machine *machine, GRand *rand)
{
    Replay *replay = machine->replay;
    bool live = replay_live(replay);
    for (;;) {
        int64_t idle_ns = live && g_rand_int_range(rand, 0, 3) == 0 ? 12345 : -1;
        if (live && replay_pending(replay) && idle_ns > 0) {
            machine->clock_ns += idle_ns;
        }
        if (!replay_deliver(replay, idle_ns, machine_before, machine)) {
            break;
        }
        machine->position.step++;
    }
    replay_check_passed(replay);
    if (live && g_rand_int_range(rand, 0, 40) == 0) {
        replay_control(replay, EVENT_RESET, -1, "\7", 1);
        machine_mix(machine, "reset", (const uint8_t *)"\7", 1);
        machine->position.step++;
    }
    if (machine->position.icount % 100 == 99) {
        uint8_t digest[8];
        le_put(digest, machine->state, 8);
        replay_note(replay, EVENT_DIGEST, digest, sizeof(digest));
    }
    if (live && machine->position.icount % 130 == 7) {
        replay_note(replay, EVENT_MARK, "here", 4);
    }
    if (machine->state % 7 == 0) {
        int64_t now = live ? (int64_t)g_rand_int(rand) : -1;
        replay_input(replay, EVENT_CLOCK_HOST, &now, sizeof(now));
        machine_mix(machine, "clock", (const uint8_t *)&now, sizeof(now));
    }
    machine_mix(machine, "attempt", (const uint8_t *)&machine->clock_ns, 8);
    machine->position = (Position){machine->position.icount + 1, 0};
}

static void post_some(Machine *machine, GRand *rand)
{
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)g_rand_int(rand);
    }
    if (g_rand_int_range(rand, 0, 5) == 0) {
        replay_post(machine->serial, bytes, (size_t)g_rand_int_range(rand, 0, 64));
    }
    if (g_rand_int_range(rand, 0, 5) == 0) {
        replay_post(machine->disk, bytes, 16);
    }
}

// Records `count` instructions; a frame is written every `per_frame` instructions.
static void record_machine(Machine *machine, const char *path, unsigned count, unsigned per_frame)
{
    Error err;
    GRand *rand = g_rand_new_with_seed(count);
    g_assert_true(replay_record(machine->replay, path, sample_config, &err));
    g_assert_cmpint(replay_mode(machine->replay), ==, REPLAY_RECORD);
    for (unsigned i = 0; i < count; i++) {
        post_some(machine, rand);
        machine_attempt(machine, rand);
        if (i % per_frame == per_frame - 1) {
            replay_flush(machine->replay, i, true);
        }
    }
    g_rand_free(rand);
}

// Replays to the log's end as the machine loop does; posts on the way go nowhere.
static ReplayEnd replay_machine(Machine *machine, const char *path, uint8_t *cause)
{
    Error err;
    char *config;
    g_assert_true(replay_play(machine->replay, path, &config, &err));
    g_assert_cmpstr(config, ==, sample_config);
    g_free(config);
    GRand *rand = g_rand_new_with_seed(1);
    ReplayEnd end;
    Position next, last;
    while ((end = replay_end(machine->replay, &last, cause)) == REPLAY_END_NOT_YET &&
           replay_next(machine->replay, &next)) {
        g_assert_cmpint(position_compare(next, machine->position), >=, 0);
        post_some(machine, rand);
        g_assert_false(replay_pending(machine->replay));
        g_assert_cmpuint(replay_credit(machine->serial), ==, 0);
        machine_attempt(machine, rand);
    }
    g_rand_free(rand);
    return end;
}

static void test_record_replay(void)
{
    Error err;
    for (unsigned nested = 0; nested < 2; nested++) {
        Machine recorded, replayed;
        uint8_t cause = 0;
        uint64_t events[EVENT_KIND_COUNT], bytes[EVENT_KIND_COUNT];
        const char *path = sample_path("machine");
        machine_init(&recorded);
        machine_init(&replayed);
        recorded.nested = replayed.nested = nested;
        record_machine(&recorded, path, 5000, 100);
        g_assert_true(replay_close(recorded.replay, 42, &err));
        g_assert_cmpint(replay_mode(recorded.replay), ==, REPLAY_NONE);
        g_assert_cmpuint(replay_bytes(recorded.replay, events, bytes), >, 10000);
        g_assert_cmpuint(events[EVENT_CHAR_RX], >, 800);
        g_assert_cmpuint(events[EVENT_DIGEST], ==, 50);
        g_assert_cmpuint(events[EVENT_END], ==, 1);

        g_assert_cmpint(replay_machine(&replayed, path, &cause), ==, REPLAY_END_CLEAN);
        g_assert_cmpuint(cause, ==, 42);
        g_assert_null(replay_divergence(replayed.replay));
        g_assert_cmpstr(replayed.trace->str, ==, recorded.trace->str);
        g_assert_cmpuint(replay_last_position(replayed.replay).icount, ==, 5000);
        machine_fini(&recorded);
        machine_fini(&replayed);
    }
}

// More random bytes at once than one event holds.
static void test_long_input(void)
{
    Machine recorded, replayed;
    Error err;
    const size_t len = 200000;
    const char *path = sample_path("long-input");
    uint8_t *bytes = g_malloc(len), *again = g_malloc0(len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * i >> 7);
    }
    uint64_t events[EVENT_KIND_COUNT];
    machine_init(&recorded);
    g_assert_true(replay_record(recorded.replay, path, sample_config, &err));
    replay_input(recorded.replay, EVENT_RANDOM, bytes, len);
    replay_input(recorded.replay, EVENT_RANDOM, bytes, 0);
    g_assert_true(replay_close(recorded.replay, 0, &err));
    replay_bytes(recorded.replay, events, NULL);
    g_assert_cmpuint(events[EVENT_RANDOM], ==, 5);
    machine_init(&replayed);
    g_assert_true(replay_play(replayed.replay, path, NULL, &err));
    replay_input(replayed.replay, EVENT_RANDOM, again, len);
    replay_input(replayed.replay, EVENT_RANDOM, again, 0);
    g_assert_cmpint(memcmp(bytes, again, len), ==, 0);
    g_assert_cmpint(replay_end(replayed.replay, NULL, NULL), ==, REPLAY_END_CLEAN);
    machine_fini(&recorded);
    machine_fini(&replayed);
    g_free(bytes);
    g_free(again);
}

static void test_none(void)
{
    Machine machine;
    Position next;
    Error err;
    uint8_t random[4] = {1, 2, 3, 4};
    machine_init(&machine);
    g_assert_cmpint(replay_mode(machine.replay), ==, REPLAY_NONE);
    g_assert_true(replay_live(machine.replay));
    g_assert_null(replay_filename(machine.replay));
    g_assert_false(replay_pending(machine.replay));
    g_assert_false(replay_deliver(machine.replay, -1, NULL, NULL));
    replay_post(machine.serial, "ab", 2);
    g_assert_cmpuint(machine.woken, ==, 1);
    g_assert_true(replay_pending(machine.replay));
    g_assert_true(replay_deliver(machine.replay, -1, NULL, NULL));
    g_assert_false(replay_deliver(machine.replay, -1, NULL, NULL));
    g_assert_nonnull(strstr(machine.trace->str, "serial 2"));
    replay_input(machine.replay, EVENT_RANDOM, random, 4);
    g_assert_cmpuint(random[3], ==, 4);
    g_assert_false(replay_next(machine.replay, &next));
    g_assert_cmpint(replay_end(machine.replay, NULL, NULL), ==, REPLAY_END_NOT_YET);
    replay_flush(machine.replay, 0, true);
    g_assert_true(replay_close(machine.replay, 0, &err));
    replay_post(machine.serial, "left over", 9);
    machine_fini(&machine);
}

// ---- the log's end ----

static void test_torn(void)
{
    Machine recorded, replayed;
    const char *path = sample_path("torn");
    machine_init(&recorded);
    record_machine(&recorded, path, 777, 50); // the last frame was written after 750
    machine_fini(&recorded);                  // as after a kill
    machine_init(&replayed);
    g_assert_cmpint(replay_machine(&replayed, path, NULL), ==, REPLAY_END_TORN);
    g_assert_cmpuint(replayed.position.icount, ==, 750);
    g_assert_null(replay_divergence(replayed.replay));
    g_assert_cmpstr(replay_end_reason(replayed.replay), ==,
                    "Replay: the log ends at 750, without an end: its recorder did not finish");
    machine_fini(&replayed);
}

static void test_cut(void)
{
    Machine recorded;
    Error err;
    size_t len;
    const char *path = sample_path("cut-whole"), *cut = sample_path("cut");
    machine_init(&recorded);
    record_machine(&recorded, path, 1000, 50);
    g_assert_true(replay_close(recorded.replay, 0, &err));
    uint8_t *bytes = file_load(path, &len);
    for (unsigned part = 1; part < 20; part++) {
        Machine replayed;
        file_store(cut, bytes, len * part / 20);
        machine_init(&replayed);
        ReplayEnd end = replay_machine(&replayed, cut, NULL);
        g_assert_cmpint(end, ==, REPLAY_END_TORN);
        g_assert_true(g_str_has_prefix(recorded.trace->str, replayed.trace->str));
        g_assert_cmpuint(replayed.position.icount, <=, 1000);
        g_assert_cmpuint(replayed.position.icount + 110, >=, 1000 * part / 20);
        machine_fini(&replayed);
    }
    g_free(bytes);
    machine_fini(&recorded);
}

static void test_damaged(void)
{
    Machine recorded, replayed;
    Error err;
    size_t len;
    const char *path = sample_path("damaged");
    machine_init(&recorded);
    record_machine(&recorded, path, 1000, 50);
    g_assert_true(replay_close(recorded.replay, 0, &err));
    uint8_t *bytes = file_load(path, &len);
    bytes[len / 2] ^= 4;
    file_store(path, bytes, len);
    machine_init(&replayed);
    g_assert_cmpint(replay_machine(&replayed, path, NULL), ==, REPLAY_END_DAMAGED);
    g_assert_null(replay_divergence(replayed.replay));
    g_assert_cmpuint(replayed.position.icount, >, 300);
    g_assert_cmpuint(replayed.position.icount, <, 700);
    g_assert_true(g_str_has_prefix(recorded.trace->str, replayed.trace->str));
    g_assert_nonnull(
        strstr(replay_end_reason(replayed.replay), "the log is damaged at file offset"));
    g_free(bytes);
    machine_fini(&recorded);
    machine_fini(&replayed);
}

// A file that can't grow stands for a full disk: told once, the machine goes on, and what is in the
// file replays.
static void test_disk_full(void)
{
    Machine recorded, replayed;
    Error err;
    const char *path = sample_path("full");
    struct rlimit old, small;
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
    small = (struct rlimit){.rlim_cur = 10000, .rlim_max = old.rlim_max};
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    machine_init(&recorded);
    record_machine(&recorded, path, 5000, 100);
    g_assert_nonnull(recorded.failed);
    g_assert_false(replay_close(recorded.replay, 0, &err));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &old), ==, 0);
    g_assert_nonnull(strstr(err.msg, "is incomplete: cannot write"));
    g_assert_cmpuint(recorded.position.icount, ==, 5000);
    machine_init(&replayed);
    g_assert_cmpint(replay_machine(&replayed, path, NULL), ==, REPLAY_END_TORN);
    g_assert_cmpuint(replayed.position.icount, >, 500);
    g_assert_cmpuint(replayed.position.icount, <, 4000);
    g_assert_true(g_str_has_prefix(recorded.trace->str, replayed.trace->str));
    machine_fini(&recorded);
    machine_fini(&replayed);
}

static void test_other_versions(void)
{
    Machine machine;
    Error err;
    size_t len;
    const char *path = sample_path("version");
    machine_init(&machine);
    g_assert_true(replay_record(machine.replay, path, sample_config, &err));
    g_assert_true(replay_close(machine.replay, 0, &err));
    uint8_t *bytes = file_load(path, &len);
    bytes[8]++;
    file_store(path, bytes, len);
    g_assert_false(replay_play(machine.replay, path, NULL, &err));
    g_assert_true(g_str_has_prefix(err.msg, "Replay: invalid input log file version: "));
    g_assert_nonnull(strstr(err.msg, "has format 2, expected 1"));
    file_store(path, (const uint8_t *)"#!/bin/sh\n", 10);
    g_assert_false(replay_play(machine.replay, path, NULL, &err));
    g_assert_true(g_str_has_prefix(err.msg, "Replay: invalid input log file version: "));
    g_assert_cmpint(replay_mode(machine.replay), ==, REPLAY_NONE);
    g_free(bytes);
    machine_fini(&machine);
}

// ---- posts and credit ----

enum { THREADS = 4, POSTS = 20000 };

typedef struct Poster {
    ReplaySource *source;
    GThread *thread;
    bool careful;         // posts within its credit
    unsigned next;        // of its numbers, the one that must come next
    size_t held;          // bytes in the guest half's buffer
    pthread_mutex_t lock; // not GMutex, which the thread sanitizer can't see through
    pthread_cond_t risen;
    unsigned rises;
} Poster;

enum { BUFFER_BYTES = 64 };

static void poster_risen(void *ctx)
{
    Poster *poster = ctx;
    pthread_mutex_lock(&poster->lock);
    poster->rises++;
    pthread_cond_signal(&poster->risen);
    pthread_mutex_unlock(&poster->lock);
}

static void poster_deliver(void *target, const uint8_t *payload, size_t len)
{
    Poster *poster = target;
    g_assert_cmpuint(len, ==, 4);
    g_assert_cmpuint(le_get(payload, 4), ==, poster->next);
    poster->next++;
    if (poster->careful) {
        poster->held += len;
        g_assert_cmpuint(poster->held, <=, BUFFER_BYTES);
        replay_credit_set(poster->source, BUFFER_BYTES - poster->held);
    }
}

static void *poster_run(void *arg)
{
    Poster *poster = arg;
    for (unsigned i = 0; i < POSTS; i++) {
        uint8_t payload[4];
        le_put(payload, i, 4);
        while (poster->careful) {
            pthread_mutex_lock(&poster->lock);
            unsigned rises = poster->rises;
            pthread_mutex_unlock(&poster->lock);
            if (replay_credit(poster->source) >= 4) {
                break;
            }
            pthread_mutex_lock(&poster->lock);
            // A rise may leave fewer than 4 bytes of credit only if the guest half gave fewer: it
            // gives none or more.
            struct timespec deadline;
            clock_gettime(CLOCK_REALTIME, &deadline);
            deadline.tv_sec += 20;
            while (poster->rises == rises) {
                g_assert_cmpint(pthread_cond_timedwait(&poster->risen, &poster->lock, &deadline),
                                ==, 0);
            }
            pthread_mutex_unlock(&poster->lock);
        }
        replay_post(poster->source, payload, 4);
    }
    return NULL;
}

static void test_threads(void)
{
    Machine machine;
    Poster posters[THREADS] = {0};
    machine_init(&machine);
    for (unsigned i = 0; i < THREADS; i++) {
        Poster *poster = &posters[i];
        poster->careful = i % 2;
        pthread_mutex_init(&poster->lock, NULL);
        pthread_cond_init(&poster->risen, NULL);
        poster->source =
            replay_source_new(machine.replay, EVENT_CHAR_RX, "poster", poster_deliver, poster);
        replay_credit_watch(poster->source, poster_risen, poster);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        replay_credit_set(posters[i].source, BUFFER_BYTES);
        posters[i].thread = g_thread_new("poster", poster_run, &posters[i]);
    }
    unsigned delivered = 0;
    gint64 deadline = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
    while (delivered < THREADS * POSTS) {
        if (replay_deliver(machine.replay, -1, NULL, NULL)) {
            delivered++;
            continue;
        }
        // The guest reads its buffers whenever nothing is pending, bit by bit, so that credit rises
        // from 0 and from more.
        for (unsigned i = 0; i < THREADS; i++) {
            if (posters[i].careful && posters[i].held) {
                posters[i].held -= 4;
                replay_credit_set(posters[i].source, BUFFER_BYTES - posters[i].held);
            }
        }
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        g_thread_join(posters[i].thread);
        g_assert_cmpuint(posters[i].next, ==, POSTS);
        pthread_mutex_destroy(&posters[i].lock);
        pthread_cond_destroy(&posters[i].risen);
    }
    g_assert_false(replay_pending(machine.replay));
    g_assert_cmpuint(machine.woken, >, 0);
    machine_fini(&machine);
}

// Credit that rises all the time, and a host half that is nearly always at its end: a rise that it
// isn't told of would stop it for good.
enum { RISES = 300000 };

typedef struct Chaser {
    ReplaySource *source;
    atomic_uint rises, posted;
    atomic_bool forgotten;
} Chaser;

static void chaser_risen(void *ctx)
{
    atomic_fetch_add(&((Chaser *)ctx)->rises, 1);
}

static void *chaser_run(void *arg)
{
    Chaser *chaser = arg;
    while (atomic_load(&chaser->posted) < RISES && !chaser->forgotten) {
        unsigned rises = atomic_load(&chaser->rises);
        if (replay_credit(chaser->source) > 0) {
            replay_post(chaser->source, "x", 1);
            atomic_fetch_add(&chaser->posted, 1);
            continue;
        }
        gint64 deadline = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
        while (atomic_load(&chaser->rises) == rises && !chaser->forgotten) {
            g_thread_yield();
            chaser->forgotten = g_get_monotonic_time() > deadline;
        }
    }
    return NULL;
}

static void test_rises(void)
{
    Machine machine;
    Chaser chaser = {0};
    machine_init(&machine);
    chaser.source = machine.serial;
    replay_credit_watch(machine.serial, chaser_risen, &chaser);
    GThread *thread = g_thread_new("chaser", chaser_run, &chaser);
    for (unsigned i = 1; i <= RISES; i++) {
        replay_credit_set(machine.serial, i);
        // The next rise comes when it is about to use the last of its credit.
        for (unsigned spin = 0; i > atomic_load(&chaser.posted) + 1 && !chaser.forgotten; spin++) {
            if (spin % 1000 == 999) {
                g_thread_yield();
            }
        }
    }
    g_thread_join(thread);
    g_assert_false(chaser.forgotten);
    machine_fini(&machine);
}

static void count_risen(void *ctx)
{
    ++*(unsigned *)ctx;
}

static void test_credit(void)
{
    Machine machine;
    Error err;
    unsigned risen = 0;
    machine_init(&machine);
    replay_credit_watch(machine.serial, count_risen, &risen);
    g_assert_cmpuint(replay_credit(machine.serial), ==, 0);
    replay_credit_set(machine.serial, 16);
    g_assert_cmpuint(risen, ==, 1);
    replay_post(machine.serial, "0123456789", 10);
    g_assert_cmpuint(replay_credit(machine.serial), ==, 6);
    replay_post(machine.serial, "0123456789", 10); // beyond the credit: kept
    g_assert_cmpuint(replay_credit(machine.serial), ==, 0);
    g_assert_true(replay_deliver(machine.replay, -1, NULL, NULL));
    g_assert_cmpuint(risen, ==, 2);
    g_assert_true(replay_deliver(machine.replay, -1, NULL, NULL));
    g_assert_cmpuint(risen, ==, 2);
    g_assert_cmpuint(replay_credit(machine.serial), ==, 16);
    replay_credit_set(machine.serial, 0);
    replay_credit_set(machine.serial, 8);
    g_assert_cmpuint(risen, ==, 3);

    // Other kinds are counted in posts.
    replay_credit_set(machine.disk, 2);
    replay_post(machine.disk, "0123456789abcdef....", 20);
    g_assert_cmpuint(replay_credit(machine.disk), ==, 1);

    // Replaying: none, and what waits is dropped.
    const char *path = sample_path("credit");
    sample_write(path, g_ptr_array_new(), 0, false);
    g_assert_true(replay_play(machine.replay, path, NULL, &err));
    g_assert_cmpuint(replay_credit(machine.serial), ==, 0);
    replay_credit_set(machine.serial, 0);
    replay_credit_set(machine.serial, 8);
    g_assert_cmpuint(risen, ==, 3);
    g_assert_false(replay_pending(machine.replay));
    machine_fini(&machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/seam/none", test_none);
    g_test_add_func("/seam/record-replay", test_record_replay);
    g_test_add_func("/seam/long-input", test_long_input);
    g_test_add_func("/seam/torn", test_torn);
    g_test_add_func("/seam/cut", test_cut);
    g_test_add_func("/seam/damaged", test_damaged);
    g_test_add_func("/seam/disk-full", test_disk_full);
    g_test_add_func("/seam/other-versions", test_other_versions);
    g_test_add_func("/seam/threads", test_threads);
    g_test_add_func("/seam/rises", test_rises);
    g_test_add_func("/seam/credit", test_credit);
    int rc = g_test_run();
    sample_clean();
    return rc;
}
