// SPDX-License-Identifier: GPL-2.0-or-later
// The log file, whole: what is written is read, in few bytes; the bytes are those of the golden
// file; errors while writing; idle costs nothing.
//
// After a wanted change of the format, UPDATE_GOLDEN=1 rewrites tests/replay/golden.log and
// golden.txt.
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "replay/format.h"
#include "tests/replay/sample.h"

static void read_back(const char *path, const GPtrArray *events, LogNext end)
{
    Error err;
    ReplayEvent event;
    LogReader *log = log_open(path, &err);
    g_assert_nonnull(log);
    for (unsigned i = 0; i < events->len; i++) {
        g_assert_cmpint(log_next(log, &event, &err), ==, LOG_EVENT);
        g_assert_cmpuint(log_ordinal(log), ==, i);
        assert_events_equal(&event, events->pdata[i]);
    }
    g_assert_cmpint(log_next(log, &event, &err), ==, end);
    g_assert_cmpint(log_next(log, &event, &err), ==, end);
    const ReplayEvent *last = events->pdata[events->len - 1];
    g_assert_cmpuint(log_info(log)->last.icount, ==, last->position.icount + 1);
    g_assert_cmpint(log_info(log)->clean, ==, end == LOG_END);
    g_assert_cmpuint(log_info(log)->bad_slots, ==, 0);
    g_assert_cmpstr(log_info(log)->config_json, ==, sample_config);
    log_close(log);
}

static void assert_bytes_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    g_assert_cmpuint(a_len, ==, b_len);
    g_assert_cmpint(memcmp(a, b, a_len), ==, 0);
}

static void test_round_trip(void)
{
    for (guint32 seed = 1; seed <= 12; seed++) {
        GRand *rand = g_rand_new_with_seed(seed);
        GPtrArray *events = sample_events(rand, 3000, seed % 3 ? 40 : 3000);
        const char *path = sample_path("round-trip");
        sample_write(path, events, seed % 4 * 50, seed % 2);
        read_back(path, events, seed % 2 ? LOG_END : LOG_TORN);
        g_ptr_array_unref(events);
        g_rand_free(rand);
    }
}

// The longest payloads, one that can't be compressed behind a frame that is nearly full, and one
// that can.
static void test_large_payload(void)
{
    GPtrArray *events = g_ptr_array_new_with_free_func(sample_event_free);
    uint8_t *payload = g_malloc0(REPLAY_PAYLOAD_MAX);
    g_ptr_array_add(events,
                    sample_event(EVENT_BLOCK_DONE, (Position){1, 0}, payload, REPLAY_PAYLOAD_MAX));
    uint64_t noise = 1;
    for (size_t i = 0; i + 8 <= REPLAY_PAYLOAD_MAX; i += 8) {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        memcpy(payload + i, &noise, 8);
    }
    g_ptr_array_add(events,
                    sample_event(EVENT_NET_RX, (Position){2, 0}, payload, FRAME_FULL_BYTES - 100));
    g_ptr_array_add(events,
                    sample_event(EVENT_BLOCK_DONE, (Position){3, 0}, payload, REPLAY_PAYLOAD_MAX));
    const char *path = sample_path("large");
    sample_write(path, events, 0, false);
    read_back(path, events, LOG_TORN);
    g_ptr_array_unref(events);
    g_free(payload);
}

// Bytes that one event of the kind takes, some way into a busy recording.
static uint64_t event_cost(EventKind kind, bool in_idle, const void *payload, size_t len)
{
    LogWriter *log = log_create(sample_path("cost"), "{}", NULL);
    ReplayEvent event = {.kind = kind, .position = {5000000000, 0}, .payload = payload, .len = len};
    log_append(log, &event);
    uint64_t before[EVENT_KIND_COUNT], after[EVENT_KIND_COUNT];
    log_counts(log, NULL, before);
    event.position.icount += 100000000;
    event.in_idle = in_idle;
    event.idle_ns = in_idle ? 100000000 : 0;
    event.digest = 0xabcd;
    log_append(log, &event);
    log_counts(log, NULL, after);
    log_abandon(log);
    return after[kind] - before[kind];
}

static void test_cost(void)
{
    const uint8_t done[16] = {17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x9a, 0x3b, 0x51, 0xe0};
    g_assert_cmpuint(event_cost(EVENT_CHAR_RX, false, "x", 1), <=, 8);
    g_assert_cmpuint(event_cost(EVENT_CHAR_RX, true, "x", 1), <=, 12);
    g_assert_cmpuint(event_cost(EVENT_BLOCK_DONE, false, done, 16), <=, 13);
    g_assert_cmpuint(event_cost(EVENT_DIGEST, false, done, 8), <=, 15);
}

static void test_flush(void)
{
    Error err;
    const char *path = sample_path("idle");
    LogWriter *log = log_create(path, "{}", &err);
    uint64_t empty = log_bytes(log);
    const int64_t ms = 1000000;
    g_assert_true(log_flush(log, 0, (Position){1000, 0}, false, &err));
    size_t len, len_after;
    uint8_t *before = file_load(path, &len);
    g_assert_cmpuint(len, ==, empty);

    // Idle: neither the size nor a byte of the file changes. A position that moves changes one slot
    // only.
    for (unsigned i = 1; i <= 50; i++) {
        g_assert_true(log_flush(log, i * 100 * ms, (Position){1000, 0}, false, &err));
    }
    uint8_t *after = file_load(path, &len_after);
    assert_bytes_equal(before, len, after, len_after);
    g_free(after);
    g_assert_true(log_flush(log, 6000 * ms, (Position){2000, 0}, false, &err));
    after = file_load(path, &len_after);
    g_assert_cmpuint(len_after, ==, len);
    g_assert_cmpint(memcmp(before, after, len), !=, 0);

    // An event waits for LOG_FLUSH_NS since the last write, not longer.
    ReplayEvent event = {
        .kind = EVENT_CHAR_RX, .position = {3000, 0}, .payload = (uint8_t *)"x", .len = 1};
    log_append(log, &event);
    g_assert_true(log_flush(log, 6000 * ms + LOG_FLUSH_NS - 1, (Position){3000, 1}, false, &err));
    g_assert_cmpuint(log_bytes(log), ==, empty);
    g_assert_true(log_flush(log, 6000 * ms + LOG_FLUSH_NS, (Position){3000, 1}, false, &err));
    g_assert_cmpuint(log_bytes(log), >, empty);
    g_assert_cmpuint(log_bytes(log), <=, empty + 32);
    log_abandon(log);
    g_free(before);
    g_free(after);
}

// Without a flush, a frame is written when it has become large; and its slot with it.
static void test_full_frame(void)
{
    const char *path = sample_path("full-frame");
    LogWriter *log = log_create(path, "{}", NULL);
    uint64_t empty = log_bytes(log);
    uint8_t frame[1500];
    GRand *rand = g_rand_new_with_seed(3);
    for (size_t i = 0; i < sizeof(frame); i++) {
        frame[i] = (uint8_t)g_rand_int(rand);
    }
    ReplayEvent event = {.kind = EVENT_NET_RX, .payload = frame, .len = sizeof(frame)};
    unsigned count = 0;
    while (log_bytes(log) == empty) {
        event.position.icount = ++count;
        log_append(log, &event);
    }
    g_assert_cmpuint(count, ==, FRAME_FULL_BYTES / 1506 + 1);
    log_abandon(log);
    LogReader *reader = log_open(path, NULL);
    g_assert_nonnull(reader);
    g_assert_cmpuint(log_info(reader)->last.icount, ==, count);
    log_close(reader);
    g_rand_free(rand);
}

// ---- errors ----

static void test_create_errors(void)
{
    Error err;
    char *dir = g_path_get_dirname(sample_path("x"));
    char *missing = g_build_filename(dir, "no", "such", NULL);
    g_assert_null(log_create(missing, "{}", &err));
    g_assert_true(g_str_has_prefix(err.msg, "Replay: open "));
    g_assert_true(g_str_has_suffix(err.msg, ": No such file or directory"));
    g_assert_null(log_open(missing, &err));
    g_assert_true(g_str_has_suffix(err.msg, ": No such file or directory"));
    g_assert_null(log_open(dir, &err));
    g_assert_true(g_str_has_suffix(err.msg, ": Is a directory"));
    g_assert_null(log_create("/dev/full", "{}", &err));
    g_assert_cmpstr(err.msg, ==, "Replay: open /dev/full: Not a regular file");
    g_assert_null(log_open("/dev/zero", &err));
    const char *path = sample_path("bad-config");
    const char *bad[] = {"", "[]", "{", "1", "{\"a\":}", "{} x", "{/*\"*/}"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_null(log_create(path, bad[i], &err));
    }
    char *deep = g_strnfill(5000000, '[');
    memcpy(deep, "{\"a\":", 5);
    g_assert_null(log_create(path, deep, &err));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_free(deep);
    g_free(missing);
    g_free(dir);
}

// A file that can't grow stands for a full disk: the reason is the same each time, and all whole
// frames stay readable.
static void test_disk_full(void)
{
    Error err;
    GRand *rand = g_rand_new_with_seed(9);
    GPtrArray *events = sample_events(rand, 4000, 40);
    const char *path = sample_path("full");
    struct rlimit old, small;
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
    small = (struct rlimit){.rlim_cur = 20000, .rlim_max = old.rlim_max};
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    LogWriter *log = log_create(path, sample_config, &err);
    g_assert_nonnull(log);
    unsigned written = 0, i;
    for (i = 0; i < events->len; i++) {
        const ReplayEvent *event = events->pdata[i];
        log_append(log, event);
        if (i % 10 == 9) {
            if (!log_flush(log, 0, event->position, true, &err)) {
                break;
            }
            written = i + 1;
        }
    }
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &old), ==, 0);
    g_assert_cmpuint(i, <, events->len);
    g_assert_cmpuint(written, >, 100);
    g_assert_nonnull(strstr(err.msg, "cannot write"));
    Error again;
    log_append(log, events->pdata[i + 1]);
    g_assert_false(log_flush(log, 0, (Position){UINT64_MAX, 0}, true, &again));
    g_assert_cmpstr(err.msg, ==, again.msg);
    g_assert_false(log_finish(log, (Position){UINT64_MAX, 0}, &again));

    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    LogReader *reader = log_open(path, &err);
    ReplayEvent event;
    for (i = 0; i < written; i++) {
        g_assert_cmpint(log_next(reader, &event, &err), ==, LOG_EVENT);
        assert_events_equal(&event, events->pdata[i]);
    }
    g_assert_cmpint(log_next(reader, &event, &err), ==, LOG_TORN);
    const ReplayEvent *last = events->pdata[written - 1];
    g_assert_cmpint(position_compare(log_info(reader)->last, last->position), ==, 0);
    log_close(reader);
    g_ptr_array_unref(events);
    g_rand_free(rand);
}

// ---- golden file ----

static GPtrArray *golden_events(void)
{
    GPtrArray *events = g_ptr_array_new_with_free_func(sample_event_free);
    Position position = {0};
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
            uint8_t payload[32];
            size_t fixed = event_fixed_bytes(kind);
            size_t len = fixed + (event_has_rest(kind) ? round + fixed % 3 : 0);
            for (size_t i = 0; i < len; i++) {
                payload[i] = i < fixed ? (uint8_t)(i * 37 + round * 200) : (uint8_t)('a' + i);
            }
            position.icount += kind % 4 * 1000;
            position.step = kind % 4 ? kind / 4 : position.step + round;
            ReplayEvent *event = sample_event(kind, position, payload, len);
            event->digest = (uint16_t)(kind * 0x1357);
            event->source = event_kind_info(kind)->class == CLASS_ASYNC ? round * kind : 0;
            event->in_idle = kind % 3 == 1;
            event->idle_ns = event->in_idle ? 1000000 * kind : 0;
            g_ptr_array_add(events, event);
        }
    }
    return events;
}

static void test_golden(void)
{
    const char *root = g_getenv("SOURCE_ROOT");
    g_assert_nonnull(root);
    char *golden = g_build_filename(root, "tests", "replay", "golden.log", NULL);
    char *golden_text = g_build_filename(root, "tests", "replay", "golden.txt", NULL);
    const char *path = sample_path("golden");
    GPtrArray *events = golden_events();
    sample_write(path, events, 1, true);
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < events->len; i++) {
        event_text(text, events->pdata[i], i);
        g_string_append_c(text, '\n');
        event_json(text, events->pdata[i], i);
        g_string_append_c(text, '\n');
    }
    size_t len, golden_len;
    uint8_t *bytes = file_load(path, &len);
    if (g_getenv("UPDATE_GOLDEN")) {
        file_store(golden, bytes, len);
        file_store(golden_text, (uint8_t *)text->str, text->len);
    }
    uint8_t *expected = file_load(golden, &golden_len);
    char *expected_text = (char *)file_load(golden_text, NULL);
    g_assert_cmpstr(text->str, ==, expected_text);
    // All but UUID, build id and, therefore, the header's checksum.
    assert_bytes_equal(bytes, 24, expected, 24);
    assert_bytes_equal(bytes + SLOT_OFFSET, len - SLOT_OFFSET, expected + SLOT_OFFSET,
                       golden_len - SLOT_OFFSET);
    read_back(golden, events, LOG_END);
    g_free(bytes);
    g_free(expected);
    g_free(expected_text);
    g_free(golden);
    g_free(golden_text);
    g_string_free(text, TRUE);
    g_ptr_array_unref(events);
}

// The event table of docs/log-format.md is that of kinds.def.
static void test_docs(void)
{
    const char *root = g_getenv("SOURCE_ROOT");
    g_assert_nonnull(root);
    char *path = g_build_filename(root, "docs", "log-format.md", NULL);
    char *docs = (char *)file_load(path, NULL);
    GString *table = g_string_new("| number | kind | class | payload | what it is |\n"
                                  "|---|---|---|---|---|\n");
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        const EventKindInfo *info = event_kind_info(kind);
        g_string_append_printf(table, "| %u | %s | %s |", kind, info->name,
                               event_class_name(info->class));
        for (const EventField *field = info->fields; field->type; field++) {
            g_string_append_printf(table, "%s %s %s", field == info->fields ? "" : ",", field->name,
                                   event_field_type_name(field->type));
        }
        g_string_append_printf(table, " | %s |\n", info->doc);
    }
    if (!strstr(docs, table->str)) {
        g_test_message("docs/log-format.md must have this table:\n%s", table->str);
        g_test_fail();
    }
    g_string_free(table, TRUE);
    g_free(docs);
    g_free(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/round-trip", test_round_trip);
    g_test_add_func("/log/large-payload", test_large_payload);
    g_test_add_func("/log/cost", test_cost);
    g_test_add_func("/log/flush", test_flush);
    g_test_add_func("/log/full-frame", test_full_frame);
    g_test_add_func("/log/create-errors", test_create_errors);
    g_test_add_func("/log/disk-full", test_disk_full);
    g_test_add_func("/log/golden", test_golden);
    g_test_add_func("/log/docs", test_docs);
    int rc = g_test_run();
    sample_clean();
    return rc;
}
