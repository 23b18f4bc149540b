// SPDX-License-Identifier: GPL-2.0-or-later
// A machine that does something else in replay than when it was recorded is told so, at once and in
// words: each way in which it can differ.
//
// One script is recorded; then it is replayed with one thing changed, and the report and the state
// afterwards are looked at.
#include <string.h>

#include "tests/replay/sample.h"

typedef struct Host {
    Replay *replay;
    Position position;
    uint16_t digest;
    unsigned delivered, controlled, diverged;
    ReplaySource *serial, *disk;
} Host;

static Position host_position(void *ctx)
{
    return ((Host *)ctx)->position;
}

static uint16_t host_digest(void *ctx)
{
    return ((Host *)ctx)->digest;
}

static void host_diverged(void *ctx)
{
    Host *host = ctx;
    g_assert_nonnull(replay_divergence(host->replay));
    host->diverged++;
}

static void host_deliver(void *target, const uint8_t *payload, size_t len)
{
    g_assert_cmpuint(len, ==, 3);
    g_assert_cmpint(memcmp(payload, "abc", 3), ==, 0);
    ((Host *)target)->delivered++;
}

static void host_control(void *ctx, const ReplayEvent *event)
{
    g_assert_cmpint(event->kind, ==, EVENT_SHIFT);
    ((Host *)ctx)->controlled++;
}

static void host_init(Host *host, bool has_serial)
{
    *host = (Host){0};
    ReplayHost table = {.ctx = host,
                        .position = host_position,
                        .event_digest = host_digest,
                        .diverged = host_diverged};
    host->replay = replay_new(&table);
    if (has_serial) {
        host->serial =
            replay_source_new(host->replay, EVENT_CHAR_RX, "serial0", host_deliver, host);
    }
    replay_set_control(host->replay, host_control, host);
}

static void go(Host *host, uint64_t icount, uint32_t step, uint16_t digest)
{
    host->position = (Position){icount, step};
    host->digest = digest;
}

// The recorded script: char-rx at 100, clock-host at 200, random (4 bytes) at 200, digest at 300,
// shift at 400, end at 500.
static const char *record_script(void)
{
    Host host;
    Error err;
    const char *path = sample_path("script");
    host_init(&host, true);
    g_assert_true(replay_record(host.replay, path, sample_config, &err));
    go(&host, 100, 0, 0x1001);
    replay_post(host.serial, "abc", 3);
    g_assert_true(replay_deliver(host.replay, -1, NULL, NULL));
    go(&host, 200, 1, 0x2002);
    int64_t now = 77;
    char random[] = "rand";
    replay_input(host.replay, EVENT_CLOCK_HOST, &now, 8);
    replay_input(host.replay, EVENT_RANDOM, random, 4);
    go(&host, 300, 0, 0x3003);
    replay_note(host.replay, EVENT_DIGEST, "DIGEST..", 8);
    go(&host, 400, 2, 0x4004);
    replay_control(host.replay, EVENT_SHIFT, -1, "\5", 1);
    go(&host, 500, 0, 0x5005);
    g_assert_true(replay_close(host.replay, 9, &err));
    replay_free(host.replay);
    return path;
}

typedef enum Change {
    NOTHING,
    EARLY,
    LATE,
    DIGEST_AT_INPUT,
    NO_SUCH_SOURCE,
    OTHER_KIND,
    OTHER_LENGTH,
    DIGEST_AT_SYNC,
    SYNC_ELSEWHERE,
    MISSING_SYNC,
    EXTRA_SYNC,
    OTHER_STATE,
    DIGEST_ELSEWHERE,
    EXTRA_DIGEST,
    DIGEST_AT_CONTROL,
    PAST_END,
    DIGEST_AT_END,
    SYNC_AT_END,
    DEADLOCK,
    CHANGES
} Change;

static const struct {
    Change change;
    const char *name, *expected, *actual, *position;
} cases[] = {
    {EARLY, "early-sync", "an event that isn't in the log here", "clock-host, 8 bytes", "50: "},
    {LATE, "passed-over", "an event was passed over", "the machine went on", "101: "},
    {DIGEST_AT_INPUT, "cpu-at-input", "the CPUs' registers differ", "digest 0xbad1", "100: "},
    {NO_SUCH_SOURCE, "no-source", "an input for something that this machine doesn't have",
     "no such source", "100: "},
    {OTHER_KIND, "other-kind", "an event of another kind", "random, 8 bytes", "200+1: "},
    {OTHER_LENGTH, "other-length", "an event of another length", "random, 5 bytes", "200+1: "},
    {DIGEST_AT_SYNC, "cpu-at-sync", "the CPUs' registers differ", "digest 0xbad2", "200+1: "},
    {SYNC_ELSEWHERE, "sync-elsewhere", "an event at another position", "at 200+2", "200+2: "},
    {MISSING_SYNC, "missing-sync", "an event was passed over", "the machine went on", "201: "},
    {EXTRA_SYNC, "extra-sync", "an event that isn't in the log here", "random, 4 bytes", "200+1: "},
    {OTHER_STATE, "state",
     "the digest over CPUs and devices differs: expected 2e2e545345474944, "
     "actual 3f2e545345474944",
     "digest", "300: "},
    {DIGEST_ELSEWHERE, "digest-elsewhere", "an event at another position", "at 301", "301: "},
    {EXTRA_DIGEST, "extra-digest", "an event at another position", "digest, 8 bytes", "250: "},
    {DIGEST_AT_CONTROL, "cpu-at-control", "the CPUs' registers differ", "digest 0xbad4", "400+2: "},
    {PAST_END, "past-end", "an event was passed over", "the machine went on", "501: "},
    {DIGEST_AT_END, "cpu-at-end", "the CPUs' registers differ", "digest 0xbad5", "500: "},
    {SYNC_AT_END, "sync-at-end", "an event of another kind", "random, 4 bytes", "500: "},
    {DEADLOCK, "deadlock", "all CPUs are halted", "as described", "350: "},
};

static void script_to_sync(Host *host, Change change)
{
    Replay *replay = host->replay;
    uint8_t buf[8] = {0};
    if (change == EARLY) {
        go(host, 50, 0, 0x1001);
        replay_input(replay, EVENT_CLOCK_HOST, buf, 8);
    }
    go(host, change == LATE ? 101 : 100, 0, change == DIGEST_AT_INPUT ? 0xbad1 : 0x1001);
    replay_deliver(replay, -1, NULL, NULL);
    replay_check_passed(replay);
    go(host, 200, change == SYNC_ELSEWHERE ? 2 : 1, change == DIGEST_AT_SYNC ? 0xbad2 : 0x2002);
    if (change != MISSING_SYNC) {
        replay_input(replay, change == OTHER_KIND ? EVENT_RANDOM : EVENT_CLOCK_HOST, buf, 8);
        g_assert_cmpuint(buf[0], ==, replay_divergence(replay) ? 0 : 77);
    }
    memset(buf, 'x', 8);
    replay_input(replay, EVENT_RANDOM, buf, change == OTHER_LENGTH ? 5 : 4);
    g_assert_cmpint(memcmp(buf, replay_divergence(replay) ? "xxxx" : "rand", 4), ==, 0);
    if (change == EXTRA_SYNC) {
        replay_input(replay, EVENT_RANDOM, buf, 4);
    }
}

static ReplayEnd script_to_end(Host *host, Change change)
{
    Replay *replay = host->replay;
    if (change == EXTRA_DIGEST) {
        go(host, 250, 0, 0x3003);
        replay_note(replay, EVENT_DIGEST, "DIGEST..", 8);
    }
    go(host, change == DIGEST_ELSEWHERE ? 301 : 300, 0, 0x3003);
    replay_note(replay, EVENT_DIGEST, change == OTHER_STATE ? "DIGEST.?" : "DIGEST..", 8);
    if (change == DEADLOCK) {
        go(host, 350, 0, 0x3003);
        replay_diverge(replay, "all %s are halted", "CPUs");
    }
    go(host, 400, 2, change == DIGEST_AT_CONTROL ? 0xbad4 : 0x4004);
    replay_deliver(replay, -1, NULL, NULL);
    go(host, change == PAST_END ? 501 : 500, 0, change == DIGEST_AT_END ? 0xbad5 : 0x5005);
    if (change == SYNC_AT_END) {
        char random[] = "rand";
        replay_input(replay, EVENT_RANDOM, random, 4);
    }
    replay_check_passed(replay);
    return replay_end(replay, NULL, NULL);
}

static void test_agreement(void)
{
    Host host;
    Error err;
    host_init(&host, true);
    g_assert_true(replay_play(host.replay, record_script(), NULL, &err));
    script_to_sync(&host, NOTHING);
    g_assert_cmpint(script_to_end(&host, NOTHING), ==, REPLAY_END_CLEAN);
    g_assert_null(replay_divergence(host.replay));
    g_assert_cmpuint(host.delivered, ==, 1);
    g_assert_cmpuint(host.controlled, ==, 1);
    g_assert_cmpuint(host.diverged, ==, 0);
    replay_free(host.replay);
}

static void test_case(gconstpointer arg)
{
    unsigned i = GPOINTER_TO_UINT(arg);
    Change change = cases[i].change;
    Host host;
    Error err;
    Position next;
    host_init(&host, change != NO_SUCH_SOURCE);
    g_assert_true(replay_play(host.replay, record_script(), NULL, &err));
    script_to_sync(&host, change);
    if (change == MISSING_SYNC) {
        // The random bytes after the missing clock differ in kind already; here it is the loop that
        // finds out.
        replay_free(host.replay);
        host_init(&host, true);
        g_assert_true(replay_play(host.replay, record_script(), NULL, &err));
        go(&host, 100, 0, 0x1001);
        g_assert_true(replay_deliver(host.replay, -1, NULL, NULL));
        go(&host, 201, 0, 0x2002);
        replay_check_passed(host.replay);
    }
    g_assert_cmpint(script_to_end(&host, change), ==, REPLAY_END_NOT_YET);

    const char *report = replay_divergence(host.replay);
    g_assert_nonnull(report);
    g_test_message("%s", report);
    char **lines = g_strsplit(report, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 4);
    char *start = g_strconcat("Replay: divergence at position ", cases[i].position, NULL);
    g_assert_true(g_str_has_prefix(lines[0], start));
    g_assert_nonnull(strstr(lines[0], cases[i].expected));
    g_assert_true(g_str_has_prefix(lines[1], "  expected: event "));
    g_assert_true(g_str_has_prefix(lines[2], "  actual:   "));
    g_assert_nonnull(strstr(lines[2], cases[i].actual));
    g_free(start);
    g_strfreev(lines);

    // Once told, all is quiet.
    char *kept = g_strdup(report);
    g_assert_cmpuint(host.diverged, ==, 1);
    unsigned delivered = host.delivered;
    g_assert_false(replay_next(host.replay, &next));
    go(&host, 100, 0, 0x1001);
    g_assert_false(replay_deliver(host.replay, -1, NULL, NULL));
    if (host.serial) {
        replay_post(host.serial, "abc", 3);
    }
    g_assert_false(replay_pending(host.replay));
    replay_diverge(host.replay, "again");
    g_assert_cmpstr(replay_divergence(host.replay), ==, kept);
    g_assert_cmpuint(host.diverged, ==, 1);
    g_assert_cmpuint(host.delivered, ==, delivered);
    g_assert_true(replay_close(host.replay, 0, &err));
    g_assert_nonnull(replay_divergence(host.replay));
    g_free(kept);
    replay_free(host.replay);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/divergence/none", test_agreement);
    g_assert_cmpuint(G_N_ELEMENTS(cases), ==, CHANGES - 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *path = g_strconcat("/divergence/", cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
        g_free(path);
    }
    int rc = g_test_run();
    sample_clean();
    return rc;
}
