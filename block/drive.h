// SPDX-License-Identifier: GPL-2.0-or-later
// Inside of a drive: what drive.c (queue, order, taint), blkreplay.c (events) and drive-host.c
// (workers) share.
//
// A request is owned by the machine thread. While it is issued, a worker reads its description and
// fills the answer; `wait` orders the two. The worker's last use of it is before `wait` returns.
#pragma once
#include "block/block.h"

typedef struct DriveRange {
    uint64_t offset, len; // bytes
} DriveRange;

// Sorted, disjoint ranges: what failed writes left undefined. Bounded: too many become one.
typedef struct Taint {
    GArray *ranges; // DriveRange
} Taint;

typedef struct DriveRequest DriveRequest;
struct DriveRequest {
    Drive *drive;
    uint64_t id, tag;
    BlockOp op;
    bool issued, cancelled;
    bool held;           // failed, and to be started again when the machine runs on (wiring)
    uint64_t offset, len;
    uint8_t *buf;        // write: own copy; read: made by the worker; NULL: no memory
    DriveRange *tainted; // read: parts whose bytes travel in the log, fixed when issued; NULL-able
    unsigned ntainted;
    // the answer
    int result;      // 0 or -errno
    uint32_t hash;   // of the data read
    int64_t took_ns; // host time, for statistics
    bool finished; // the backend's
};

// Policies and what they come to.
typedef enum ErrorAction {
    ACTION_REPORT,
    ACTION_IGNORE,
    ACTION_STOP,
    ACTION_ENOSPC,
    ACTION_COUNT
} ErrorAction;
const char *error_action_name(ErrorAction action);

typedef enum StatKind { STAT_READ, STAT_WRITE, STAT_FLUSH, STAT_UNMAP, STAT_COUNT } StatKind;
typedef struct DriveStat {
    uint64_t operations, bytes, failed;
    int64_t total_ns; // host time
} DriveStat;

// The host half, as a drive knows it.
typedef struct DriveBackend {
    // Hands the request to a worker, which ends by blkreplay_answer(). Never blocks.
    void (*start)(void *host, DriveRequest *request);
    // Waits in host time until the worker has finished with it.
    void (*wait)(void *host, DriveRequest *request);
    // A request has failed and this comes of it. Machine thread.
    void (*failed)(void *host, const DriveRequest *request, int error, ErrorAction action);
    uint32_t (*hash)(const uint8_t *buf, uint64_t len);
    const char *(*reason)(int error); // text of an errno
} DriveBackend;

struct Drive {
    char *id;
    uint64_t size_bytes;
    bool read_only, write_back;
    bool discard; // discards are carried out; else they change nothing
    ErrorAction on_read_error, on_write_error;
    Replay *replay;
    ReplaySource *source;
    const DriveBackend *backend;
    void *host;  // of the backend
    Device *dev; // NULL: none attached
    BlockDone *done;
    void (*resized)(Device *dev); // may be NULL
    DriveStat stats[STAT_COUNT];
    uint64_t highest_written;     // end of the furthest write
    int io_error;                 // errno of what stopped the machine; 0: none since it runs
    // state
    uint64_t next_id;    // of the next request; from 1
    GPtrArray *requests; // DriveRequest *, in order of submission, from submission to block-done
    Taint taint;
    // derived
    unsigned unissued;  // requests that wait for others
    unsigned in_flight; // requests that aren't cancelled
    uint64_t bytes_in_flight;
};

// Registers the drive's source, so the order of calls is the configuration's.
Drive *drive_new(const char *id, uint64_t size_bytes, bool read_only, Replay *replay,
                 const DriveBackend *backend, void *host);
// Waits for what was issued, drops all completions. Before the replay is freed and after the
// machine stopped.
void drive_free(Drive *drive);
// Makes the drive known to drive_find by this id (copied); a drive may have several. drives_forget
// drops all ids.
void drive_name(Drive *drive, const char *id);
void drives_forget(void);
// The machine runs on: starts what was held.
void drive_resume(Drive *drive);
// Waits in host time until the workers have nothing of this drive to do. Completions stay to be
// delivered.
void drive_settle(Drive *drive);
void drive_resize(Drive *drive, uint64_t size_bytes);
StatKind drive_stat_kind(BlockOp op);
// The request's block-done is delivered: effects on order and taint, then `done`. Frees the
// request.
void drive_complete(Drive *drive, DriveRequest *request, int result);
DriveRequest *drive_request(Drive *drive, uint64_t id); // NULL

void taint_init(Taint *taint);
void taint_clear(Taint *taint);
void taint_add(Taint *taint, uint64_t offset, uint64_t len);
void taint_remove(Taint *taint, uint64_t offset, uint64_t len);
// The tainted parts of a range, in ascending order; g_malloc'd, NULL when there are none.
DriveRange *taint_parts(const Taint *taint, uint64_t offset, uint64_t len, unsigned *count);

// Payload of block-done: request u64, result s32, hash u32 (little endian), then the tainted parts'
// bytes.
enum { BLKREPLAY_HEADER = 16 };
// Any thread: the payload that answers a finished request; g_malloc'd.
uint8_t *blkreplay_answer(const DriveRequest *request, size_t *len);
// ReplayDeliver; target is the drive.
void blkreplay_deliver(void *target, const uint8_t *payload, size_t len);
const char *block_op_name(BlockOp op);
