// SPDX-License-Identifier: GPL-2.0-or-later
// Drive: the queue between a device and the workers, whose behaviour depends on guest state and the
// log alone.
//
// A request is issued to the workers when no earlier one in flight overlaps it with either of them
// changing the range; so what a read sees depends on the order of submissions and of block-done
// events, both of which replay repeats, and never on the workers' timing. A cancelled request keeps
// its place in that order until its block-done. After a failed write nobody knows what the range
// holds: it is tainted until rewritten.
#include "block/block.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "block/drive.h"

enum { MAX_IN_FLIGHT = 1024, MAX_BYTES_IN_FLIGHT = 64 << 20 };

const char *block_op_name(BlockOp op)
{
    static const char *const names[] = {
        "read", "write", "flush", "discard", "write of zeros", "write of zeros", "write"};
    return names[op];
}

const char *error_action_name(ErrorAction action)
{
    static const char *const names[] = {"report", "ignore", "stop", "enospc"};
    return names[action];
}

StatKind drive_stat_kind(BlockOp op)
{
    return op == BLOCK_READ      ? STAT_READ
           : op == BLOCK_FLUSH   ? STAT_FLUSH
           : op == BLOCK_DISCARD ? STAT_UNMAP
                                 : STAT_WRITE;
}

Drive *drive_new(const char *id, uint64_t size_bytes, bool read_only, Replay *replay,
                 const DriveBackend *backend, void *host)
{
    Drive *drive = g_new0(Drive, 1);
    drive->id = g_strdup(id);
    drive->size_bytes = size_bytes;
    drive->read_only = read_only;
    drive->replay = replay;
    drive->backend = backend;
    drive->host = host;
    drive->next_id = 1;
    drive->write_back = true;
    drive->requests = g_ptr_array_new();
    taint_init(&drive->taint);
    drive->source = replay_source_new(replay, EVENT_BLOCK_DONE, id, blkreplay_deliver, drive);
    return drive;
}

static void request_free(DriveRequest *request)
{
    g_free(request->buf);
    g_free(request->tainted);
    g_free(request);
}

void drive_free(Drive *drive)
{
    if (!drive) {
        return;
    }
    drive_settle(drive);
    for (unsigned i = 0; i < drive->requests->len; i++) {
        request_free(g_ptr_array_index(drive->requests, i));
    }
    g_ptr_array_free(drive->requests, TRUE);
    taint_clear(&drive->taint);
    g_free(drive->id);
    g_free(drive);
}

// ---- names ----

typedef struct DriveName {
    char *id;
    Drive *drive;
} DriveName;

static GArray *names; // DriveName, in order of configuration

void drive_name(Drive *drive, const char *id)
{
    names = names ? names : g_array_new(FALSE, FALSE, sizeof(DriveName));
    DriveName name = {g_strdup(id), drive};
    g_array_append_val(names, name);
}

void drives_forget(void)
{
    for (unsigned i = 0; names && i < names->len; i++) {
        g_free(g_array_index(names, DriveName, i).id);
    }
    if (names) {
        g_array_free(names, TRUE);
        names = NULL;
    }
}

Drive *drive_find(const char *id)
{
    for (unsigned i = 0; id && names && i < names->len; i++) {
        const DriveName *name = &g_array_index(names, DriveName, i);
        if (strcmp(name->id, id) == 0) {
            return name->drive;
        }
    }
    return NULL;
}

// ---- requests ----

const char *drive_id(const Drive *drive)
{
    return drive->id;
}
uint64_t drive_size_bytes(const Drive *drive)
{
    return drive->size_bytes;
}
bool drive_read_only(const Drive *drive)
{
    return drive->read_only;
}
bool drive_write_back(const Drive *drive)
{
    return drive->write_back;
}
unsigned drive_in_flight(const Drive *drive)
{
    return drive->in_flight;
}

bool drive_ready(const Drive *drive)
{
    // Cancelled ones count too: they hold memory until their block-done.
    return drive->requests->len < MAX_IN_FLIGHT && drive->bytes_in_flight < MAX_BYTES_IN_FLIGHT;
}

bool drive_attach(Drive *drive, Device *dev, BlockDone *done, Error *err)
{
    if (drive->dev) {
        return fail(err, "Drive '%s' is already in use by another device", drive->id);
    }
    drive->dev = dev;
    drive->done = done;
    return true;
}

static bool set_action(ErrorAction *action, const char *text, bool write, Error *err)
{
    if (!text || strcmp(text, "auto") == 0) {
        return true;
    }
    for (int i = 0; i < ACTION_COUNT; i++) {
        if (strcmp(text, error_action_name((ErrorAction)i)) == 0 && (write || i != ACTION_ENOSPC)) {
            *action = (ErrorAction)i;
            return true;
        }
    }
    return fail(err, "'%s' invalid %s error action", text, write ? "write" : "read");
}

bool drive_set_policy(Drive *drive, const char *werror, const char *rerror, Error *err)
{
    return set_action(&drive->on_write_error, werror, true, err) &&
           set_action(&drive->on_read_error, rerror, false, err);
}

void drive_on_resize(Drive *drive, void (*resized)(Device *dev))
{
    drive->resized = resized;
}

void drive_settle(Drive *drive)
{
    for (unsigned i = 0; i < drive->requests->len; i++) {
        DriveRequest *request = g_ptr_array_index(drive->requests, i);
        if (request->issued && !request->held) {
            drive->backend->wait(drive->host, request);
        }
    }
}

void drive_resize(Drive *drive, uint64_t size_bytes)
{
    drive->size_bytes = size_bytes;
    if (drive->dev && drive->resized) {
        drive->resized(drive->dev);
    }
}

static bool op_changes(BlockOp op)
{
    return op != BLOCK_READ && op != BLOCK_FLUSH;
}

static bool overlap(const DriveRequest *a, const DriveRequest *b)
{
    return a->len && b->len && a->offset < b->offset + b->len && b->offset < a->offset + a->len;
}

// Must `later` wait for `earlier`? A flush covers the writes completed before it, so it waits for
// none.
static bool must_wait(const DriveRequest *earlier, const DriveRequest *later)
{
    return (op_changes(earlier->op) || op_changes(later->op)) && overlap(earlier, later);
}

static void request_issue(DriveRequest *request)
{
    Drive *drive = request->drive;
    request->issued = true;
    if (request->op == BLOCK_READ) {
        request->tainted =
            taint_parts(&drive->taint, request->offset, request->len, &request->ntainted);
    }
    drive->backend->start(drive->host, request);
}

// Issues the request at `place` unless an earlier one stands in its way.
static bool request_try(Drive *drive, unsigned place)
{
    DriveRequest *request = g_ptr_array_index(drive->requests, place);
    for (unsigned i = 0; i < place; i++) {
        if (must_wait(g_ptr_array_index(drive->requests, i), request)) {
            return false;
        }
    }
    request_issue(request);
    return true;
}

static bool op_writes_data(BlockOp op)
{
    return op == BLOCK_WRITE || op == BLOCK_WRITE_THROUGH;
}

static uint64_t request_bytes(const DriveRequest *request)
{
    return request->op == BLOCK_READ || op_writes_data(request->op) ? request->len : 0;
}

void drive_submit(Drive *drive, BlockOp op, uint64_t offset, uint64_t len_bytes, const uint8_t *buf,
                  uint64_t tag)
{
    if (op == BLOCK_FLUSH) {
        offset = len_bytes = 0;
    }
    assert(offset <= drive->size_bytes && len_bytes <= drive->size_bytes - offset);
    DriveRequest *request = g_new0(DriveRequest, 1);
    request->drive = drive;
    request->id = drive->next_id++;
    request->tag = tag;
    request->op = op;
    request->offset = offset;
    request->len = len_bytes;
    if (op_writes_data(op) && len_bytes && len_bytes <= DRIVE_REQUEST_MAX_BYTES) {
        request->buf = g_try_malloc(len_bytes);
        if (request->buf) {
            memcpy(request->buf, buf, len_bytes);
        }
    }
    g_ptr_array_add(drive->requests, request);
    drive->in_flight++;
    drive->bytes_in_flight += request_bytes(request);
    if (!request_try(drive, drive->requests->len - 1)) {
        drive->unissued++;
    }
}

static void issue_unblocked(Drive *drive)
{
    for (unsigned i = 0; i < drive->requests->len && drive->unissued > 0; i++) {
        DriveRequest *request = g_ptr_array_index(drive->requests, i);
        if (!request->issued && request_try(drive, i)) {
            drive->unissued--;
        }
    }
}

DriveRequest *drive_request(Drive *drive, uint64_t id)
{
    for (unsigned i = 0; i < drive->requests->len; i++) {
        DriveRequest *request = g_ptr_array_index(drive->requests, i);
        if (request->id == id) {
            return request;
        }
    }
    return NULL;
}

static void count(Drive *drive, const DriveRequest *request, int result)
{
    DriveStat *stat = &drive->stats[drive_stat_kind(request->op)];
    stat->total_ns += request->took_ns;
    if (result < 0) {
        stat->failed++;
        return;
    }
    stat->operations++;
    stat->bytes += request->len;
    if (op_writes_data(request->op)) {
        drive->highest_written = MAX(drive->highest_written, request->offset + request->len);
    }
}

// What comes of a failure by the drive's policy.
static ErrorAction failure_action(const Drive *drive, const DriveRequest *request, int result)
{
    ErrorAction action =
        request->op == BLOCK_READ ? drive->on_read_error : drive->on_write_error;
    if (action == ACTION_ENOSPC) {
        action = result == -ENOSPC ? ACTION_STOP : ACTION_REPORT;
    }
    return action;
}

// The request is in flight again, with its place in the order. A live machine stops, and the
// request waits on the host side until it runs on; in a replay nobody waits.
static void request_retry(DriveRequest *request, int result)
{
    Drive *drive = request->drive;
    request->finished = false;
    if (request->op == BLOCK_READ) {
        g_clear_pointer(&request->buf, g_free);
    }
    g_clear_pointer(&request->tainted, g_free);
    request->ntainted = 0;
    if (replay_mode(drive->replay) == REPLAY_PLAY) {
        request_issue(request);
    } else {
        request->held = true;
        drive->io_error = -result;
    }
}

static void release_held(DriveRequest *request)
{
    request->held = false;
    request_issue(request);
}

void drive_resume(Drive *drive)
{
    drive->io_error = 0;
    for (unsigned i = 0; i < drive->requests->len; i++) {
        DriveRequest *request = g_ptr_array_index(drive->requests, i);
        if (request->held) {
            release_held(request);
        }
    }
}

void drive_complete(Drive *drive, DriveRequest *request, int result)
{
    count(drive, request, result);
    bool failed = result < 0 && !request->cancelled;
    ErrorAction action = failed ? failure_action(drive, request, result) : ACTION_REPORT;
    if (failed && action == ACTION_STOP) {
        request_retry(request, result);
        drive->backend->failed(drive->host, request, -result, action);
        return;
    }
    g_ptr_array_remove(drive->requests, request);
    drive->bytes_in_flight -= request_bytes(request);
    if (op_changes(request->op) && (request->op != BLOCK_DISCARD || drive->discard)) {
        if (result < 0) {
            taint_add(&drive->taint, request->offset, request->len);
        } else {
            taint_remove(&drive->taint, request->offset, request->len);
        }
    }
    issue_unblocked(drive);
    if (!request->cancelled) {
        drive->in_flight--;
        bool data = request->op == BLOCK_READ && result == 0;
        if (failed) {
            drive->backend->failed(drive->host, request, -result, action);
            result = action == ACTION_IGNORE ? 0 : result; // a read then brings nothing
        }
        drive->done(drive->dev, request->tag, result, data ? request->buf : NULL,
                    data ? request->len : 0);
    }
    request_free(request);
}

void drive_cancel(Drive *drive)
{
    for (unsigned i = drive->requests->len; i-- > 0;) {
        DriveRequest *request = g_ptr_array_index(drive->requests, i);
        if (request->issued) {
            request->cancelled = true;
            if (request->held) {
                release_held(request); // a replay can't tell it from one that runs
            }
        } else {
            drive->bytes_in_flight -= request_bytes(request);
            g_ptr_array_remove_index(drive->requests, i);
            request_free(request);
        }
    }
    drive->unissued = 0;
    drive->in_flight = 0;
}

// ---- taint ----

enum { MAX_TAINTED = 4096 };

void taint_init(Taint *taint)
{
    taint->ranges = g_array_new(FALSE, FALSE, sizeof(DriveRange));
}
void taint_clear(Taint *taint)
{
    g_array_free(taint->ranges, TRUE);
}

void taint_remove(Taint *taint, uint64_t offset, uint64_t len)
{
    uint64_t end = offset + len;
    for (unsigned i = taint->ranges->len; len && i-- > 0;) {
        DriveRange old = g_array_index(taint->ranges, DriveRange, i);
        uint64_t old_end = old.offset + old.len;
        if (old_end <= offset || old.offset >= end) {
            continue;
        }
        g_array_remove_index(taint->ranges, i);
        if (old_end > end) {
            DriveRange rest = {end, old_end - end};
            g_array_insert_val(taint->ranges, i, rest);
        }
        if (old.offset < offset) {
            DriveRange rest = {old.offset, offset - old.offset};
            g_array_insert_val(taint->ranges, i, rest);
        }
    }
}

void taint_add(Taint *taint, uint64_t offset, uint64_t len)
{
    if (!len) {
        return;
    }
    taint_remove(taint, offset, len);
    unsigned place = 0;
    while (place < taint->ranges->len &&
           g_array_index(taint->ranges, DriveRange, place).offset < offset) {
        place++;
    }
    DriveRange range = {offset, len};
    g_array_insert_val(taint->ranges, place, range);
    if (taint->ranges->len > MAX_TAINTED) {
        // More taint than needed is only a larger log.
        DriveRange first = g_array_index(taint->ranges, DriveRange, 0);
        DriveRange last = g_array_index(taint->ranges, DriveRange, taint->ranges->len - 1);
        g_array_set_size(taint->ranges, 0);
        first.len = last.offset + last.len - first.offset;
        g_array_append_val(taint->ranges, first);
    }
}

DriveRange *taint_parts(const Taint *taint, uint64_t offset, uint64_t len, unsigned *count)
{
    GArray *parts = NULL;
    uint64_t end = offset + len;
    for (unsigned i = 0; i < taint->ranges->len; i++) {
        DriveRange range = g_array_index(taint->ranges, DriveRange, i);
        uint64_t from = MAX(range.offset, offset);
        uint64_t to = MIN(range.offset + range.len, end);
        if (from < to) {
            parts = parts ? parts : g_array_new(FALSE, FALSE, sizeof(DriveRange));
            DriveRange part = {from, to - from};
            g_array_append_val(parts, part);
        }
    }
    *count = parts ? parts->len : 0;
    return parts ? (DriveRange *)(void *)g_array_free(parts, FALSE) : NULL;
}
