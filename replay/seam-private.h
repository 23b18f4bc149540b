// SPDX-License-Identifier: GPL-2.0-or-later
// What the seam's two files share: seam.c (sources, posts, recording) and cursor.c (replaying,
// divergence).
#pragma once
#include <glib.h>
#include <stdatomic.h>

#include "replay/event.h"
#include "replay/log.h"

typedef struct Post {
    struct Post *next;
    ReplaySource *source;
    size_t len;
    int64_t posted_ns; // host's monotonic clock: for the latency figures alone
    uint8_t payload[];
} Post;

struct ReplaySource {
    Replay *replay;
    EventKind kind;
    unsigned index; // among the sources of its kind
    char *name;
    ReplayDeliver *deliver;
    void *target;
    void (*risen)(void *ctx);
    void *risen_ctx;
    atomic_size_t credit;      // as the guest half set it
    atomic_size_t outstanding; // posted and not yet delivered, in units of the kind
    atomic_bool starved;       // somebody was told 0 since credit last rose
};

struct Replay {
    ReplayHost host;
    ReplayMode mode;
    char *filename;
    GPtrArray *sources[EVENT_KIND_COUNT];

    // Posts: pushed by any thread onto `posted` (newest first), turned round into `ready` (oldest
    // first) by the machine thread.
    _Atomic(Post *) posted;
    Post *ready;
    uint64_t latency[REPLAY_LATENCY_BUCKETS]; // see replay_latency
    atomic_bool dropping; // posts go nowhere: replaying, or diverged

    // Recording.
    LogWriter *writer;
    bool write_failed;
    uint64_t bytes, events[EVENT_KIND_COUNT],
        event_bytes[EVENT_KIND_COUNT]; // of a log that was closed

    // Replaying.
    LogReader *reader;
    ReplayEvent next; // valid if have_next; its payload is the reader's
    bool have_next;
    bool ended; // no event after the last: `end` says how, `last` where
    ReplayEnd end;
    Position last;
    char *end_reason;
    uint64_t ordinal;    // of `next`
    GByteArray *payload; // of the event being delivered
    ReplayEvent agreed;  // the last event that agreed (without payload) ...
    uint64_t agreed_ordinal;
    bool any_agreed;
    ReplayControl *control;
    void *control_ctx;
    GString *divergence; // NULL: none
};

// cursor.c
void cursor_open(Replay *replay);
void cursor_close(Replay *replay);
bool cursor_deliver(Replay *replay, ReplayBefore *before, void *ctx);
void cursor_input(Replay *replay, EventKind kind, uint8_t *buf, size_t len);
void cursor_note(Replay *replay, EventKind kind, const void *payload, size_t len);

// seam.c
void posts_drop(Replay *replay);
