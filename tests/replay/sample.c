// SPDX-License-Identifier: GPL-2.0-or-later
// Made-up events and files for the tests of the log.
#include "tests/replay/sample.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

const char sample_config[] = "{\"argv\": [\"qemu-system-test\", \"-icount\", \"shift=3\"]}";

static char *directory;
static GPtrArray *paths;

const char *sample_path(const char *name)
{
    if (!directory) {
        directory = g_dir_make_tmp("test-replay-XXXXXX", NULL);
        g_assert_nonnull(directory);
        paths = g_ptr_array_new_with_free_func(g_free);
    }
    char *path = g_build_filename(directory, name, NULL);
    g_ptr_array_add(paths, path);
    return path;
}

void sample_clean(void)
{
    if (directory) {
        for (unsigned i = 0; i < paths->len; i++) {
            g_unlink(paths->pdata[i]);
        }
        g_rmdir(directory);
        g_ptr_array_unref(paths);
        g_free(directory);
        directory = NULL;
    }
}

ReplayEvent *sample_event(EventKind kind, Position position, const void *payload, size_t len)
{
    ReplayEvent *event = g_new0(ReplayEvent, 1);
    event->kind = kind;
    event->position = position;
    event->payload = g_memdup2(payload, len);
    event->len = len;
    return event;
}

void sample_event_free(void *event)
{
    g_free((uint8_t *)((ReplayEvent *)event)->payload);
    g_free(event);
}

// Numbers of all sizes, small ones as often as large ones.
static uint64_t rand_u64(GRand *rand)
{
    uint64_t value = (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);
    return value >> g_rand_int_range(rand, 0, 64);
}

static ReplayEvent *rand_event(GRand *rand, Position *position, size_t payload_max)
{
    uint8_t payload[4096];
    EventKind kind = (EventKind)g_rand_int_range(rand, 0, EVENT_END);
    size_t len = event_fixed_bytes(kind);
    if (event_has_rest(kind) && g_rand_boolean(rand)) {
        len += (size_t)g_rand_int_range(rand, 0, (gint32)payload_max + 1);
    }
    bool noise = g_rand_boolean(rand);
    for (size_t i = 0; i < len; i++) {
        payload[i] = noise ? (uint8_t)g_rand_int(rand) : (uint8_t)(i / 8);
    }
    if (g_rand_boolean(rand)) {
        position->icount += 1 + (rand_u64(rand) >> 16);
        position->step = g_rand_boolean(rand) ? 0 : g_rand_int(rand) >> 24;
    } else {
        position->step += (uint32_t)g_rand_int_range(rand, 0, 3);
    }
    ReplayEvent *event = sample_event(kind, *position, payload, len);
    event->source =
        event_kind_info(kind)->class == CLASS_ASYNC ? (unsigned)g_rand_int_range(rand, 0, 3) : 0;
    event->in_idle = g_rand_int_range(rand, 0, 4) == 0;
    event->idle_ns = event->in_idle ? rand_u64(rand) : 0;
    event->digest = (uint16_t)g_rand_int(rand);
    return event;
}

GPtrArray *sample_events(GRand *rand, unsigned count, size_t payload_max)
{
    GPtrArray *events = g_ptr_array_new_with_free_func(sample_event_free);
    Position position = {0};
    while (events->len < count) {
        g_ptr_array_add(events, rand_event(rand, &position, payload_max));
    }
    return events;
}

void assert_events_equal(const ReplayEvent *actual, const ReplayEvent *expected)
{
    g_assert_cmpuint(actual->kind, ==, expected->kind);
    g_assert_cmpuint(actual->position.icount, ==, expected->position.icount);
    g_assert_cmpuint(actual->position.step, ==, expected->position.step);
    g_assert_cmpuint(actual->source, ==, expected->source);
    g_assert_cmpint(actual->in_idle, ==, expected->in_idle);
    g_assert_cmpuint(actual->idle_ns, ==, expected->idle_ns);
    g_assert_cmphex(actual->digest, ==, expected->digest);
    g_assert_cmpuint(actual->len, ==, expected->len);
    g_assert_true(actual->len == 0 || !memcmp(actual->payload, expected->payload, actual->len));
}

void sample_write(const char *path, const GPtrArray *events, unsigned per_frame, bool clean)
{
    Error err;
    LogWriter *log = log_create(path, sample_config, &err);
    g_assert_nonnull(log);
    Position last = {0};
    for (unsigned i = 0; i < events->len; i++) {
        const ReplayEvent *event = events->pdata[i];
        log_append(log, event);
        last = event->position;
        if (per_frame && (i + 1) % per_frame == 0) {
            g_assert_true(log_flush(log, 0, last, true, &err));
        }
    }
    last.icount++;
    last.step = 0;
    if (clean) {
        g_assert_true(log_finish(log, last, &err));
    } else {
        g_assert_true(log_flush(log, 0, last, true, &err));
        log_abandon(log);
    }
}

uint8_t *file_load(const char *path, size_t *len)
{
    char *bytes;
    g_assert_true(g_file_get_contents(path, &bytes, len, NULL));
    return (uint8_t *)bytes;
}

// Not g_file_set_contents, which syncs; nor truncated first, after which some file systems sync
// too.
void file_store(const char *path, const uint8_t *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0666);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pwrite(fd, bytes, len, 0), ==, (ssize_t)len);
    g_assert_cmpint(ftruncate(fd, (off_t)len), ==, 0);
    g_assert_cmpint(close(fd), ==, 0);
}
