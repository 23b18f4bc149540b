// SPDX-License-Identifier: GPL-2.0-or-later
// The cursor over a log that is replayed: what comes next, whether the machine does the same, and
// the report when it doesn't.
//
// Every event must come at its position, in its order, with the CPUs in the state that the digest
// tells. The first difference ends the replay: nothing is delivered any more, and the loop, told
// through ReplayHost, stops the machine.
#include "replay/seam-private.h"

#include <assert.h>
#include <string.h>

#include "replay/varint.h"

static Position current(const Replay *replay)
{
    return replay->host.position(replay->host.ctx);
}

static bool playing(const Replay *replay)
{
    return replay->mode == REPLAY_PLAY && !replay->divergence;
}

void cursor_open(Replay *replay)
{
    const LogInfo *info = log_info(replay->reader);
    replay->have_next = replay->ended = replay->any_agreed = false;
    replay->last = info->last;
    replay->end = REPLAY_END_NOT_YET;
}

void cursor_close(Replay *replay)
{
    log_close(replay->reader);
    replay->reader = NULL;
    replay->have_next = false;
}

static void end_at(Replay *replay, ReplayEnd end, Position last, char *reason)
{
    replay->ended = true;
    replay->end = end;
    replay->last = last;
    replay->end_reason = reason;
}

// Looks at the next event but leaves it there. False at the log's end.
static bool peek(Replay *replay)
{
    Error err;
    char position[POSITION_TEXT_BYTES];
    while (!replay->have_next && !replay->ended) {
        Position reached = replay->any_agreed ? replay->agreed.position : (Position){0};
        switch (log_next(replay->reader, &replay->next, &err)) {
        case LOG_EVENT:
            replay->ordinal = log_ordinal(replay->reader);
            replay->have_next = replay->next.kind != EVENT_MARK;
            break;
        case LOG_DAMAGED:
            end_at(replay, REPLAY_END_DAMAGED, reached, g_strdup_printf("Replay: %s", err.msg));
            break;
        case LOG_END:
        case LOG_TORN:
            // A whole log's last event is `end`, which is never consumed.
            position_text(replay->last, position);
            end_at(replay, REPLAY_END_TORN, replay->last,
                   g_strdup_printf("Replay: the log ends at %s, without an end: its recorder did "
                                   "not finish",
                                   position));
            break;
        }
    }
    return replay->have_next;
}

// ---- divergence ----

static void put_event(GString *out, const char *what, uint64_t ordinal, const ReplayEvent *event)
{
    g_string_append_printf(out, "\n  %s event %" G_GUINT64_FORMAT ": ", what, ordinal);
    event_summary(out, event);
}

static void diverge(Replay *replay, const char *why, const char *actual)
{
    char position[POSITION_TEXT_BYTES];
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "Replay: divergence at position %s: %s",
                           position_text(current(replay), position), why);
    if (peek(replay)) {
        put_event(out, "expected:", replay->ordinal, &replay->next);
    } else {
        g_string_append_printf(out, "\n  expected: nothing more, the log ends at %s",
                               position_text(replay->last, position));
    }
    g_string_append_printf(out, "\n  actual:   %s, at %s, digest 0x%04x", actual,
                           position_text(current(replay), position),
                           replay->host.event_digest(replay->host.ctx));
    if (replay->any_agreed) {
        put_event(out, "the last that agreed:", replay->agreed_ordinal, &replay->agreed);
    } else {
        g_string_append(out, "\n  no event agreed before");
    }
    replay->divergence = out;
    if (replay->host.diverged) {
        replay->host.diverged(replay->host.ctx);
    }
}

void replay_diverge(Replay *replay, const char *fmt, ...)
{
    if (!playing(replay)) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    char *why = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    diverge(replay, why, "the machine as described");
    g_free(why);
}

const char *replay_divergence(const Replay *replay)
{
    return replay->divergence ? replay->divergence->str : NULL;
}

// The next event agrees in kind and position; do the CPUs?
static bool digest_agrees(Replay *replay, const char *actual)
{
    if (replay->next.digest == replay->host.event_digest(replay->host.ctx)) {
        return true;
    }
    diverge(replay, "the CPUs' registers differ", actual);
    return false;
}

static void consume(Replay *replay)
{
    replay->agreed = replay->next;
    replay->agreed.payload = NULL;
    replay->agreed_ordinal = replay->ordinal;
    replay->any_agreed = true;
    replay->have_next = false;
}

// The next event, if it is at the current position and of `kind`, with `len` bytes, and the CPUs
// agree; else divergence and false.
static bool expect(Replay *replay, EventKind kind, size_t len)
{
    char actual[96];
    snprintf(actual, sizeof(actual), "the machine came to %s, %zu byte%s", event_kind_name(kind),
             len, len == 1 ? "" : "s");
    if (!peek(replay)) {
        diverge(replay, "an event that isn't in the log", actual);
    } else if (position_compare(replay->next.position, current(replay)) != 0) {
        diverge(replay,
                replay->next.kind == kind ? "an event at another position"
                                          : "an event that isn't in the log here",
                actual);
    } else if (replay->next.kind != kind) {
        diverge(replay, "an event of another kind", actual);
    } else if (replay->next.len != len) {
        diverge(replay, "an event of another length", actual);
    } else {
        return digest_agrees(replay, actual);
    }
    return false;
}

// ---- what the seam calls ----

// A torn or damaged log is silent from its end on: an input asked for there is neither right nor
// wrong. The loop stops as soon as it can.
static bool beyond_torn_end(Replay *replay)
{
    return !peek(replay) && position_compare(current(replay), replay->last) >= 0;
}

void cursor_input(Replay *replay, EventKind kind, uint8_t *buf, size_t len)
{
    if (playing(replay) && !beyond_torn_end(replay) && expect(replay, kind, len)) {
        if (len) {
            memcpy(buf, replay->next.payload, len);
        }
        consume(replay);
    }
}

bool replay_note_due(Replay *replay, EventKind kind)
{
    return playing(replay) && peek(replay) && replay->next.kind == kind &&
           position_compare(replay->next.position, current(replay)) == 0;
}

void cursor_note(Replay *replay, EventKind kind, const void *payload, size_t len)
{
    if (kind != EVENT_DIGEST || !playing(replay) || beyond_torn_end(replay) ||
        !expect(replay, kind, len)) {
        return;
    }
    if (memcmp(replay->next.payload, payload, len) != 0) {
        char why[128];
        snprintf(why, sizeof(why),
                 "the digest over CPUs and devices differs: expected %016" PRIx64
                 ", actual %016" PRIx64,
                 le_get(replay->next.payload, 8), le_get(payload, 8));
        diverge(replay, why, "the machine came to the digest");
        return;
    }
    consume(replay);
}

static ReplaySource *source_find(const Replay *replay, const ReplayEvent *event)
{
    const GPtrArray *sources = replay->sources[event->kind];
    return event->source < sources->len ? sources->pdata[event->source] : NULL;
}

bool cursor_deliver(Replay *replay, ReplayBefore *before, void *ctx)
{
    if (!playing(replay) || !peek(replay) ||
        position_compare(replay->next.position, current(replay)) != 0) {
        return false;
    }
    EventClass class = event_kind_info(replay->next.kind)->class;
    if (class != CLASS_ASYNC && class != CLASS_CONTROL) {
        return false;
    }
    ReplaySource *source = NULL;
    if (class == CLASS_ASYNC && !(source = source_find(replay, &replay->next))) {
        diverge(replay, "an input for something that this machine doesn't have", "no such source");
        return false;
    }
    if (before) {
        before(ctx, &replay->next);
    }
    if (!digest_agrees(replay, "the machine reached this event")) {
        return false;
    }
    // A copy, as the event's effect may ask for synchronous inputs, which moves the reader on.
    ReplayEvent event = replay->next;
    g_byte_array_set_size(replay->payload, 0);
    if (event.len) {
        g_byte_array_append(replay->payload, event.payload, (guint)event.len);
    }
    event.payload = replay->payload->data;
    consume(replay);
    if (source) {
        source->deliver(source->target, event.payload, event.len);
    } else if (replay->control) {
        replay->control(replay->control_ctx, &event);
    }
    return true;
}

bool replay_next(Replay *replay, Position *position)
{
    if (!playing(replay)) {
        return false;
    }
    *position = peek(replay) ? replay->next.position : replay->last;
    return true;
}

void replay_check_passed(Replay *replay)
{
    if (playing(replay) && peek(replay) &&
        position_compare(replay->next.position, current(replay)) < 0) {
        diverge(replay, "an event was passed over", "the machine went on");
    }
}

ReplayEnd replay_end(Replay *replay, Position *last, uint8_t *cause)
{
    if (last) {
        *last = replay->last;
    }
    if (!playing(replay)) {
        return REPLAY_END_NOT_YET;
    }
    if (peek(replay)) {
        if (replay->next.kind != EVENT_END ||
            position_compare(replay->next.position, current(replay)) != 0 ||
            !digest_agrees(replay, "the machine reached the log's end")) {
            return REPLAY_END_NOT_YET;
        }
        if (cause) {
            *cause = replay->next.payload[0];
        }
        if (last) {
            *last = replay->next.position;
        }
        return REPLAY_END_CLEAN;
    }
    if (last) {
        *last = replay->last;
    }
    return position_compare(current(replay), replay->last) >= 0 ? replay->end : REPLAY_END_NOT_YET;
}

const char *replay_end_reason(const Replay *replay)
{
    return replay->end_reason;
}

Position replay_last_position(const Replay *replay)
{
    return replay->last;
}
