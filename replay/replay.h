// SPDX-License-Identifier: GPL-2.0-or-later
// The seam: the only way by which anything from the host reaches the guest, and the cursor over the
// log of what did.
//
// Asynchronous inputs are posted by host threads to a source and delivered by the machine loop at a
// boundary, as one step. Synchronous inputs (host clock, random bytes) are asked for by the machine
// thread. Recording appends both to the log; replaying takes them from it, and the host side's
// posts are dropped. Devices and host halves can't tell which. With no log open the machine is live
// and nothing is kept.
//
// Threads: replay_post and replay_credit may be called from any thread; all else belongs to the
// machine thread (or to start-up).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "replay/position.h"
#include "util/error.h"

typedef enum EventKind {
#define KIND(name, ...) EVENT_##name,
#include "replay/kinds.def"
#undef KIND
    EVENT_KIND_COUNT
} EventKind;

typedef enum ReplayMode {
    REPLAY_NONE, // no log
    REPLAY_RECORD,
    REPLAY_PLAY,
} ReplayMode;

// The longest payload of one event: a drive's longest request (32 MiB) and what goes before it.
// Posts and controls must not be longer; replay_input may be, and makes several events.
enum { REPLAY_PAYLOAD_MAX = (32 << 20) + (64 << 10) };

typedef struct Replay Replay;
typedef struct ReplaySource ReplaySource;

// What the seam needs of the machine; all are called on the machine thread but `wake`, which any
// thread may call and which must not block.
typedef struct ReplayHost {
    void *ctx;
    Position (*position)(void *ctx);     // the current position
    uint16_t (*event_digest)(void *ctx); // 16 bits over the CPUs' registers
    void (*wake)(void *ctx);             // a post arrived: end an idle wait
    void (*diverged)(void *ctx); // called once, after the report was stored: stop the machine (see
                                 // replay_divergence)
    // The log can't be written (disk full, …): called once, from whatever call wrote; what is in the
    // file stays whole. The machine should stop at its next boundary, until replay_resume succeeds,
    // or go on without a log (replay_abandon). May be NULL, like `diverged` and `wake`.
    void (*log_failed)(void *ctx, const char *reason);
} ReplayHost;

// One event as it stands in the log.
typedef struct ReplayEvent {
    EventKind kind;
    Position position;
    unsigned source; // ASYNC: index of the source among those of its kind, in order of registration
    bool in_idle;    // the event ended or fell into idle …
    uint64_t idle_ns;       // … and this much virtual time passed since the step before it
    uint16_t digest;        // event_digest before the event took effect
    const uint8_t *payload; // borrowed until the next event is read
    size_t len;
} ReplayEvent;

// ---- opening and closing ----

Replay *replay_new(const ReplayHost *host); // no log: REPLAY_NONE. `host` is copied.
void replay_free(
    Replay *replay); // NULL is legal; an open log is left as after a kill: call replay_close first

// Starts recording into `path` (created or truncated). `config_json` is the configuration that the
// header keeps: argv, resolved options, image identities, hashes (see docs/log-format.md); it must
// be one JSON object. The header is on the disk when this returns.
bool replay_record(Replay *replay, const char *path, const char *config_json, Error *err)
    __attribute__((warn_unused_result));

// Opens `path` for replay and checks header, format and machine model version. The header's
// configuration can then be read and compared by the caller. Posts that wait are dropped.
// *config_json (if not NULL) is set to a copy that the caller frees with g_free.
bool replay_play(Replay *replay, const char *path, char **config_json, Error *err)
    __attribute__((warn_unused_result));

// Ends a recording: writes `end`, the index and the clean-end mark; or closes the log of a replay.
// The mode is REPLAY_NONE afterwards, but the file's name, the counts and a divergence's report can
// still be asked for. True when there was nothing to do; false, with the reason, when the log
// couldn't be written, now or earlier.
bool replay_close(Replay *replay, uint8_t cause, Error *err);

// After log_failed: tries again. True: the recording goes on and has lost nothing.
bool replay_resume(Replay *replay, Error *err);
// Ends a recording where its file ends; the mode is REPLAY_NONE afterwards. Replays of the log end there, as after
// a kill.
void replay_abandon(Replay *replay);

ReplayMode replay_mode(const Replay *replay);
const char *replay_filename(const Replay *replay); // NULL without a log
bool replay_live(const Replay *replay); // inputs come from the host: no log, or recording (going
                                        // live after a replay comes later)

// ---- the host side ----

typedef void ReplayDeliver(void *target, const uint8_t *payload, size_t len);

// Registers a source of asynchronous inputs; `name` is for people and dumps (copied). `deliver`
// runs on the machine thread. Start-up only, and in an order that depends on the configuration
// alone. `kind` must be an ASYNC one. Payloads that are delivered have the fields that kinds.def
// tells, in replay too, so that `deliver` needn't check their length, but the values come from
// outside.
ReplaySource *replay_source_new(Replay *replay, EventKind kind, const char *name,
                                ReplayDeliver *deliver, void *target);

// Any thread. Copies the payload and queues it; never blocks; dropped while replaying and after
// divergence. Per-source order is kept. The payload must have the fields that kinds.def tells.
// Posts beyond the credit are kept.
void replay_post(ReplaySource *source, const void *payload, size_t len);

// Guest half, machine thread: how much the host half may post: payload bytes for char-rx and
// audio-in, posts for all other kinds. Advisory, not state. 0 until set.
void replay_credit_set(ReplaySource *source, size_t credit);
// Any thread: credit minus what is posted and not yet delivered; 0 while replaying.
size_t replay_credit(const ReplaySource *source);
// Start-up only. `risen` is called on the machine thread, after replay_credit_set or a delivery,
// when credit rose from 0 or is there after replay_credit told somebody 0 (so that none who stopped
// reading is forgotten; it may be called once too often).
void replay_credit_watch(ReplaySource *source, void (*risen)(void *ctx), void *ctx);

// ---- the machine thread ----

// A synchronous input. Live: `buf` holds the true value, which is logged. Replaying: `buf` is
// overwritten from the log; another kind, length or position there is divergence (buf is then left
// as it was). Kinds of one fixed field: `len` is its size.
void replay_input(Replay *replay, EventKind kind, void *buf, size_t len);

// Is there something to deliver right now? Live: a post is queued. Cheap (one atomic load).
bool replay_pending(const Replay *replay);

// Replaying: position of the next event that the machine loop has to deliver or check (SYNC ones
// are skipped over only by replay_input, so a SYNC event's position is given too), or after the
// last one, of the log's end (see replay_end): the loop has to stop there. False when live, and
// after divergence.
bool replay_next(Replay *replay, Position *position);

// Delivers at most one asynchronous or control event at the current position. Live: the oldest
// post, which is logged (`idle_ns`: -1 when the machine isn't idle, else the ns of virtual time
// that passed since the last step, which the caller has already added to the clock). Replaying: the
// next event if its position is the current one; `before` (may be NULL) is called first so that the
// loop can advance the clock by the event's idle_ns. CONTROL events go to the function set by
// replay_set_control. True when an event was delivered (one step). The position is the host's: it
// must not change between the log's record and `deliver`; the caller counts the step afterwards.
typedef void ReplayBefore(void *ctx, const ReplayEvent *event);
bool replay_deliver(Replay *replay, int64_t idle_ns, ReplayBefore *before, void *ctx);

// CONTROL events: live, the loop has done (or is about to do) something that replay must repeat, at
// the current position. The caller performs the action itself when live; in replay `control` is
// called to perform it (and this call does nothing).
void replay_control(Replay *replay, EventKind kind, int64_t idle_ns, const void *payload,
                    size_t len);
typedef void ReplayControl(void *ctx, const ReplayEvent *event);
void replay_set_control(Replay *replay, ReplayControl *control, void *ctx);

// NOTE events. Recording: appends. Replaying: a DIGEST must be the next event, at this position and
// with this payload, else divergence; MARKs are skipped by the reader. Nothing when there is no
// log.
void replay_note(Replay *replay, EventKind kind, const void *payload, size_t len);
// Replaying: a note of this kind is the log's next event, and its position has come. The recorder chooses where digests lie; the log tells the replay.
bool replay_note_due(Replay *replay, EventKind kind);

// Replaying: checks that nothing in the log was passed over: a next event before the current
// position is divergence.
void replay_check_passed(Replay *replay);

// All vCPUs are halted with neither timer nor event due, or the machine otherwise contradicts the
// log: reports divergence with `what`.
void replay_diverge(Replay *replay, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// The report of the first divergence, several lines; NULL when none.
const char *replay_divergence(const Replay *replay);

// Recording: called by the loop about every 100 ms of host time and when it goes to wait; writes
// what is due (frame, position slot). `host_ns` is any monotonic clock. `force` flushes all.
void replay_flush(Replay *replay, int64_t host_ns, bool force);

// Replaying: has the current position reached the log's end? A whole log ends with `end` (then
// *cause is set), a torn one at the last position known to be complete, a damaged one with the last
// event before the damage (replay_end_reason tells where that is). *last (may be NULL) is the end's
// position as far as it is known. Never true after divergence. The loop must ask before it runs, or
// it never gets past the end.
typedef enum ReplayEnd {
    REPLAY_END_NOT_YET,
    REPLAY_END_CLEAN,
    REPLAY_END_TORN,
    REPLAY_END_DAMAGED
} ReplayEnd;
ReplayEnd replay_end(Replay *replay, Position *last, uint8_t *cause);
// What to tell the user at a torn or damaged log's end, a whole sentence; NULL otherwise. Lives as
// long as `replay`.
const char *replay_end_reason(const Replay *replay);

// Last position known to be in the log, for progress displays: exact with a clean end, the slot's
// otherwise.
Position replay_last_position(const Replay *replay);

// Bytes written to the log file so far, and events and their bytes (before compression) by kind,
// for benchmarks (arrays of EVENT_KIND_COUNT; may be NULL).
uint64_t replay_bytes(const Replay *replay, uint64_t *events, uint64_t *event_bytes);

// How long delivered posts had waited, in host time: counts by powers of two of ns (bucket n: below 2^n ns). Not state.
enum { REPLAY_LATENCY_BUCKETS = 40 };
const uint64_t *replay_latency(const Replay *replay);

const char *event_kind_name(EventKind kind);
