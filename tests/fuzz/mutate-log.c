// SPDX-License-Identifier: GPL-2.0-or-later
// Makes damaged logs of a whole one: `mutate-log LOG OUT-PREFIX FIRST COUNT` writes OUT-PREFIX + N for each seed N.
//
// Three of four are changed as bytes: flipped, overwritten, cut out, doubled, moved, cut off (a clean reader finds all of these by its checksums).
// One of four is written anew, with right checksums, from events that were changed: moved to other positions, of another kind, source or payload,
// dropped, doubled, exchanged. Those show what lies behind the checksums. The name of such a file ends in "e".
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/format.h"
#include "tests/fuzz/random.h"

static uint64_t number(void)
{
    static const uint64_t edges[] = { 0, 1, 2, 10, 11, 255, 256, UINT16_MAX, INT32_MAX, UINT32_MAX, INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX };
    return below(2) ? edges[below(G_N_ELEMENTS(edges))] : next() >> below(64);
}

static void die(const char *what)
{
    fprintf(stderr, "mutate-log: %s\n", what);
    exit(1);
}

// ---- bytes ----

// Mostly behind header and configuration: a log damaged there is refused.
static void mutate_bytes(GByteArray *log, guint events_at)
{
    guint len = log->len, skip = below(4) && len > events_at ? events_at : 0;
    guint at = skip + (guint)below(len - skip), n = 1 + (guint)below(1 + below(MIN(len - at, 600)));
    n = MIN(n, len - at);
    switch (below(8)) {
    case 0: case 1: case 2: log->data[at] ^= (uint8_t)(1u << below(8)); break;
    case 3: memset(log->data + at, below(2) ? 0 : 0xff, n); break;
    case 4:
        for (guint i = 0; i < n; i++) {
            log->data[at + i] = (uint8_t)next();
        }
        break;
    case 5: g_byte_array_remove_range(log, at, n); break;
    case 6: {
        uint8_t *copy = g_memdup2(log->data + at, n);
        guint to = (guint)below(len);
        g_byte_array_append(log, copy, n);
        memmove(log->data + to + n, log->data + to, len - to);
        memcpy(log->data + to, copy, n);
        g_free(copy);
        break;
    }
    default: g_byte_array_set_size(log, at); break;
    }
}

// ---- events ----

typedef struct Source {
    GByteArray *bytes;
    GPtrArray *events;  // ReplayEvent, payloads owned
    const char *config;
    Position last;
    bool clean;
} Source;

static ReplayEvent *event_copy(const ReplayEvent *event)
{
    ReplayEvent *copy = g_memdup2(event, sizeof(*event));
    copy->payload = event->len ? g_memdup2(event->payload, event->len) : NULL;
    return copy;
}

static void event_free(void *p)
{
    ReplayEvent *event = p;
    g_free((void *)event->payload);
    g_free(event);
}

static void mutate_payload(ReplayEvent *event)
{
    if (event->len) {
        uint8_t *bytes = (uint8_t *)event->payload;
        size_t at = below(event->len);
        uint64_t value = number();
        memcpy(bytes + at, &value, MIN(sizeof(value), event->len - at));
    }
}

static void mutate_length(ReplayEvent *event)
{
    size_t len = event->len + below(64) - MIN(event->len, below(32));
    if (event_length_valid(event->kind, len)) {
        uint8_t *bytes = g_malloc0(len + 1);
        memcpy(bytes, event->payload ? event->payload : (const uint8_t *)"", MIN(len, event->len));
        g_free((void *)event->payload);
        event->payload = bytes;
        event->len = len;
    }
}

static void mutate_kind(ReplayEvent *event)
{
    EventKind kind = (EventKind)below(EVENT_KIND_COUNT);
    if (event_length_valid(kind, event->len)) {
        event->kind = kind;
    }
}

static void mutate_position(ReplayEvent *event)
{
    switch (below(4)) {
    case 0: event->position.icount += below(100); break;
    case 1: event->position.icount -= MIN(event->position.icount, below(100)); break;
    case 2: event->position.step = (uint32_t)below(4); break;
    default: event->position = (Position){ number(), (uint32_t)number() }; break;
    }
}

static void mutate_events(GPtrArray *events)
{
    unsigned at = (unsigned)below(events->len), other = (unsigned)below(events->len);
    ReplayEvent *event = events->pdata[at];
    switch (below(9)) {
    case 0: mutate_payload(event); break;
    case 1: mutate_length(event); break;
    case 2: mutate_kind(event); break;
    case 3: mutate_position(event); break;
    case 4: event->digest ^= (uint16_t)(1u << below(16)); break;
    case 5:
        event->in_idle = !event->in_idle;
        event->idle_ns = event->in_idle ? number() >> 1 : 0;
        break;
    case 6: event->source = (unsigned)below(below(2) ? 3 : UINT32_MAX); break;
    case 7: g_ptr_array_insert(events, (int)other, event_copy(event)); break;
    default: g_ptr_array_remove_index(events, at); break;
    }
}

static int by_position(const void *a, const void *b)
{
    const ReplayEvent *const *x = a, *const *y = b;
    return position_compare((*x)->position, (*y)->position);
}

// Positions never go back, or the log can't be written; events of one position keep their order.
static void write_events(const char *path, const Source *source, GPtrArray *events)
{
    Error err;
    LogWriter *log = log_create(path, source->config, &err);
    if (!log) {
        die(err.msg);
    }
    g_ptr_array_sort(events, by_position); // a stable merge sort
    Position last = source->last;
    for (unsigned i = 0; i < events->len; i++) {
        const ReplayEvent *event = events->pdata[i];
        log_append(log, event);
        last = position_compare(last, event->position) < 0 ? event->position : last;
    }
    bool ok = true;
    if (below(4)) {
        ok = log_finish(log, last, &err);
    } else {
        ok = log_flush(log, 0, last, true, &err);
        log_abandon(log);
    }
    if (!ok) {
        die(err.msg);
    }
}

static Source source_read(const char *path)
{
    Source source = { .events = g_ptr_array_new() };
    char *bytes;
    gsize len;
    Error err;
    ReplayEvent event;
    if (!g_file_get_contents(path, &bytes, &len, NULL)) {
        die("can't read the log");
    }
    source.bytes = g_byte_array_new_take((guint8 *)bytes, len);
    LogReader *log = log_open(path, &err);
    if (!log) {
        die(err.msg);
    }
    while (log_next(log, &event, &err) == LOG_EVENT) {
        g_ptr_array_add(source.events, event_copy(&event));
    }
    source.config = g_strdup(log_info(log)->config_json);
    source.last = log_info(log)->last;
    log_close(log);
    return source;
}

static void make_bytes(const Source *source, const char *path)
{
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, source->bytes->data, source->bytes->len);
    for (uint64_t times = 1 + below(1 + below(3)); times > 0 && bytes->len > 1; times--) {
        mutate_bytes(bytes, (guint)(HEADER_BYTES + strlen(source->config)));
    }
    if (!g_file_set_contents_full(path, (char *)bytes->data, bytes->len, G_FILE_SET_CONTENTS_NONE, 0666, NULL)) {
        die("can't write");
    }
    g_byte_array_unref(bytes);
}

static void make_events(const Source *source, const char *path)
{
    GPtrArray *events = g_ptr_array_new_with_free_func(event_free);
    for (unsigned i = 0; i < source->events->len; i++) {
        g_ptr_array_add(events, event_copy(source->events->pdata[i]));
    }
    for (uint64_t times = 1 + below(1 + below(5)); times > 0 && events->len > 1; times--) {
        mutate_events(events);
    }
    write_events(path, source, events);
    g_ptr_array_unref(events);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        die("usage: mutate-log LOG OUT-PREFIX FIRST COUNT");
    }
    Source source = source_read(argv[1]);
    uint64_t first = strtoull(argv[3], NULL, 10), count = strtoull(argv[4], NULL, 10);
    for (uint64_t seed = first; seed < first + count; seed++) {
        state = seed * 0x632be59bd9b4e019;
        bool events = seed % 4 == 0;
        char *path = g_strdup_printf("%s%" G_GUINT64_FORMAT "%s", argv[2], (guint64)seed, events ? "e" : "");
        (events ? make_events : make_bytes)(&source, path);
        g_free(path);
    }
    return 0;
}
