// SPDX-License-Identifier: GPL-2.0-or-later
// The seam: sources, the queue of posts, credit, and recording. Replaying is cursor.c.
//
// The queue is a list that any thread pushes onto with one compare-and-swap and that the machine
// thread takes as a whole and turns round: total order is the order of the pushes, so each source's
// order is kept, and nobody ever waits.
#include "replay/seam-private.h"
#include "util/os-clock.h"

#include <assert.h>
#include <string.h>

Replay *replay_new(const ReplayHost *host)
{
    Replay *replay = g_new0(Replay, 1);
    replay->host = *host;
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        replay->sources[kind] = g_ptr_array_new();
    }
    replay->payload = g_byte_array_new();
    atomic_init(&replay->posted, NULL);
    atomic_init(&replay->dropping, false);
    return replay;
}

static void source_free(ReplaySource *source)
{
    g_free(source->name);
    g_free(source);
}

void replay_free(Replay *replay)
{
    if (!replay) {
        return;
    }
    log_abandon(replay->writer);
    cursor_close(replay);
    posts_drop(replay);
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < replay->sources[kind]->len; i++) {
            source_free(replay->sources[kind]->pdata[i]);
        }
        g_ptr_array_unref(replay->sources[kind]);
    }
    g_byte_array_unref(replay->payload);
    if (replay->divergence) {
        g_string_free(replay->divergence, TRUE);
    }
    g_free(replay->end_reason);
    g_free(replay->filename);
    g_free(replay);
}

// ---- opening and closing ----

bool replay_record(Replay *replay, const char *path, const char *config_json, Error *err)
{
    assert(replay->mode == REPLAY_NONE);
    replay->writer = log_create(path, config_json, err);
    if (!replay->writer) {
        return false;
    }
    g_free(replay->filename);
    replay->filename = g_strdup(path);
    replay->write_failed = false;
    replay->mode = REPLAY_RECORD;
    return true;
}

bool replay_play(Replay *replay, const char *path, char **config_json, Error *err)
{
    assert(replay->mode == REPLAY_NONE);
    LogReader *reader = log_open(path, err);
    if (!reader) {
        return false;
    }
    const LogInfo *info = log_info(reader);
    if (!info->machine_matches) {
        fail(err,
             "Replay: invalid input log file version: %s was recorded with machine model version "
             "%u (build %s), expected %d",
             path, info->machine_version, info->build_id, MACHINE_MODEL_VERSION);
        log_close(reader);
        return false;
    }
    if (config_json) {
        *config_json = g_strdup(info->config_json);
    }
    replay->reader = reader;
    g_free(replay->filename);
    replay->filename = g_strdup(path);
    replay->mode = REPLAY_PLAY;
    atomic_store(&replay->dropping, true);
    posts_drop(replay);
    cursor_open(replay);
    return true;
}

static bool writer_close(Replay *replay, uint8_t cause, Error *err)
{
    LogWriter *log = replay->writer;
    Position position = replay->host.position(replay->host.ctx);
    ReplayEvent event = {
        .kind = EVENT_END,
        .position = position,
        .payload = &cause,
        .len = 1,
        .digest = replay->host.event_digest(replay->host.ctx),
    };
    log_append(log, &event);
    bool ok = log_retry(log, position, err) && log_seal(log, position, err);
    replay->bytes = log_bytes(log);
    log_counts(log, replay->events, replay->event_bytes);
    log_abandon(log);
    replay->writer = NULL;
    return ok || fail_prefix(err, "Replay: the log %s is incomplete", replay->filename);
}

bool replay_close(Replay *replay, uint8_t cause, Error *err)
{
    bool ok = true;
    if (replay->writer) {
        ok = writer_close(replay, cause, err);
    }
    cursor_close(replay);
    // Posts stay shut out after a replay: the machine was never connected to them.
    replay->mode = REPLAY_NONE;
    return ok;
}

ReplayMode replay_mode(const Replay *replay)
{
    return replay->mode;
}

const char *replay_filename(const Replay *replay)
{
    return replay->filename;
}

bool replay_live(const Replay *replay)
{
    return replay->mode != REPLAY_PLAY;
}

// ---- recording ----

static void write_failed(Replay *replay)
{
    if (!replay->write_failed) {
        replay->write_failed = true;
        if (replay->host.log_failed) {
            replay->host.log_failed(replay->host.ctx, log_failure(replay->writer));
        }
    }
}

// `idle_ns`: -1 when the machine isn't idle.
static void record(Replay *replay, EventKind kind, unsigned source, int64_t idle_ns,
                   const void *payload, size_t len)
{
    assert(event_length_valid(kind, len));
    if (!replay->writer) {
        return;
    }
    ReplayEvent event = {
        .kind = kind,
        .position = replay->host.position(replay->host.ctx),
        .source = source,
        .in_idle = idle_ns >= 0,
        .idle_ns = idle_ns >= 0 ? (uint64_t)idle_ns : 0,
        .digest = replay->host.event_digest(replay->host.ctx),
        .payload = payload,
        .len = len,
    };
    log_append(replay->writer, &event);
    if (log_failure(replay->writer)) {
        write_failed(replay);
    }
}

void replay_flush(Replay *replay, int64_t host_ns, bool force)
{
    if (replay->writer && !replay->write_failed &&
        !log_flush(replay->writer, host_ns, replay->host.position(replay->host.ctx), force, NULL)) {
        write_failed(replay);
    }
}

bool replay_resume(Replay *replay, Error *err)
{
    if (!replay->write_failed || !replay->writer) {
        return true;
    }
    if (!log_retry(replay->writer, replay->host.position(replay->host.ctx), err)) {
        return false;
    }
    replay->write_failed = false;
    return true;
}

void replay_abandon(Replay *replay)
{
    if (replay->writer) {
        replay->bytes = log_bytes(replay->writer);
        log_counts(replay->writer, replay->events, replay->event_bytes);
        log_abandon(replay->writer);
        replay->writer = NULL;
        replay->mode = REPLAY_NONE;
    }
}

const uint64_t *replay_latency(const Replay *replay)
{
    return replay->latency;
}

uint64_t replay_bytes(const Replay *replay, uint64_t *events, uint64_t *event_bytes)
{
    if (replay->writer) {
        log_counts(replay->writer, events, event_bytes);
        return log_bytes(replay->writer);
    }
    if (events) {
        memcpy(events, replay->events, sizeof(replay->events));
    }
    if (event_bytes) {
        memcpy(event_bytes, replay->event_bytes, sizeof(replay->event_bytes));
    }
    return replay->bytes;
}

// ---- sources and credit ----

ReplaySource *replay_source_new(Replay *replay, EventKind kind, const char *name,
                                ReplayDeliver *deliver, void *target)
{
    assert(event_kind_info(kind)->class == CLASS_ASYNC);
    ReplaySource *source = g_new0(ReplaySource, 1);
    source->replay = replay;
    source->kind = kind;
    source->index = replay->sources[kind]->len;
    source->name = g_strdup(name);
    source->deliver = deliver;
    source->target = target;
    atomic_init(&source->credit, 0);
    atomic_init(&source->outstanding, 0);
    atomic_init(&source->starved, true);
    g_ptr_array_add(replay->sources[kind], source);
    return source;
}

void replay_credit_watch(ReplaySource *source, void (*risen)(void *ctx), void *ctx)
{
    source->risen = risen;
    source->risen_ctx = ctx;
}

static size_t credit_left(const ReplaySource *source)
{
    if (atomic_load(&source->replay->dropping)) {
        return 0;
    }
    // In this order: a delivery lowers the credit first and what is outstanding last, so the sum
    // may look too small but never too large.
    size_t outstanding = atomic_load(&source->outstanding);
    size_t credit = atomic_load(&source->credit);
    return credit > outstanding ? credit - outstanding : 0;
}

size_t replay_credit(const ReplaySource *source)
{
    size_t left = credit_left(source);
    if (left == 0) {
        // Told first, then looked again: either this look sees a rise, or the rise sees that
        // somebody waits.
        atomic_store(&((ReplaySource *)source)->starved, true);
        left = credit_left(source);
    }
    return left;
}

static void credit_changed(ReplaySource *source, size_t before)
{
    if (credit_left(source) > 0 && (atomic_exchange(&source->starved, false) || before == 0) &&
        source->risen) {
        source->risen(source->risen_ctx);
    }
}

void replay_credit_set(ReplaySource *source, size_t credit)
{
    size_t before = credit_left(source);
    atomic_store(&source->credit, credit);
    credit_changed(source, before);
}

static size_t post_units(EventKind kind, size_t len)
{
    return event_counts_bytes(kind) ? len : 1;
}

// ---- posts ----

void replay_post(ReplaySource *source, const void *payload, size_t len)
{
    Replay *replay = source->replay;
    assert(event_length_valid(source->kind, len));
    if (atomic_load(&replay->dropping)) {
        return;
    }
    Post *post = g_malloc(sizeof(Post) + len);
    post->source = source;
    post->len = len;
    post->posted_ns = os_clock_monotonic_ns();
    if (len) {
        memcpy(post->payload, payload, len);
    }
    atomic_fetch_add(&source->outstanding, post_units(source->kind, len));
    Post *newest = atomic_load(&replay->posted);
    do {
        post->next = newest;
    } while (!atomic_compare_exchange_weak(&replay->posted, &newest, post));
    // If the list wasn't empty, whoever filled it woke the machine thread, which hasn't come to
    // take it yet.
    if (!newest && replay->host.wake) {
        replay->host.wake(replay->host.ctx);
    }
}

bool replay_pending(const Replay *replay)
{
    return replay->ready || atomic_load(&replay->posted);
}

static Post *post_take(Replay *replay)
{
    if (!replay->ready) {
        Post *newest = atomic_exchange(&replay->posted, NULL);
        while (newest) {
            Post *next = newest->next;
            newest->next = replay->ready;
            replay->ready = newest;
            newest = next;
        }
    }
    Post *post = replay->ready;
    if (post) {
        replay->ready = post->next;
    }
    return post;
}

static void post_done(Post *post)
{
    ReplaySource *source = post->source;
    size_t before = credit_left(source);
    atomic_fetch_sub(&source->outstanding, post_units(source->kind, post->len));
    g_free(post);
    credit_changed(source, before);
}

void posts_drop(Replay *replay)
{
    Post *post;
    while ((post = post_take(replay)) != NULL) {
        atomic_fetch_sub(&post->source->outstanding, post_units(post->source->kind, post->len));
        g_free(post);
    }
}

// ---- the machine thread ----

static void note_latency(Replay *replay, const Post *post)
{
    int64_t waited_ns = os_clock_monotonic_ns() - post->posted_ns;
    unsigned bucket = 0;
    while (bucket < REPLAY_LATENCY_BUCKETS - 1 && waited_ns >= (int64_t)1 << bucket) {
        bucket++;
    }
    replay->latency[bucket]++;
}

bool replay_deliver(Replay *replay, int64_t idle_ns, ReplayBefore *before, void *ctx)
{
    if (replay->mode == REPLAY_PLAY) {
        return cursor_deliver(replay, before, ctx);
    }
    if (atomic_load(&replay->dropping)) {
        return false;
    }
    Post *post = post_take(replay);
    if (!post) {
        return false;
    }
    ReplaySource *source = post->source;
    note_latency(replay, post);
    record(replay, source->kind, source->index, idle_ns, post->payload, post->len);
    source->deliver(source->target, post->payload, post->len);
    // Only now, when the guest half has told its new credit: counted twice for a moment rather than
    // not at all.
    post_done(post);
    return true;
}

// A long request is several events, so that frames stay small.
enum { INPUT_PART_BYTES = 64 << 10 };

void replay_input(Replay *replay, EventKind kind, void *buf, size_t len)
{
    assert(event_kind_info(kind)->class == CLASS_SYNC);
    uint8_t *at = buf;
    do {
        size_t part = MIN(len, (size_t)INPUT_PART_BYTES);
        if (replay->mode == REPLAY_PLAY) {
            cursor_input(replay, kind, at, part);
        } else {
            record(replay, kind, 0, -1, at, part);
        }
        at += part;
        len -= part;
    } while (len > 0);
}

void replay_control(Replay *replay, EventKind kind, int64_t idle_ns, const void *payload,
                    size_t len)
{
    assert(event_kind_info(kind)->class == CLASS_CONTROL);
    if (replay->mode != REPLAY_PLAY) {
        record(replay, kind, 0, idle_ns, payload, len);
    }
}

void replay_set_control(Replay *replay, ReplayControl *control, void *ctx)
{
    replay->control = control;
    replay->control_ctx = ctx;
}

void replay_note(Replay *replay, EventKind kind, const void *payload, size_t len)
{
    assert(event_kind_info(kind)->class == CLASS_NOTE && kind != EVENT_END);
    if (replay->mode == REPLAY_PLAY) {
        cursor_note(replay, kind, payload, len);
    } else {
        record(replay, kind, 0, -1, payload, len);
    }
}
