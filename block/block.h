// SPDX-License-Identifier: GPL-2.0-or-later
// A drive as a device sees it: requests go in, completions come out at a position that the log knows. No OS here.
//
// Contents are deterministic, so they aren't logged: only when a request completes, and with what result. A write's data are copied at
// submission; a read's data reach the device in `done`, on the machine thread. Overlapping requests wait for each other (either a write).
// With discard=unmap a discarded range reads as zeros, so that a recording and its replay agree whatever the image's format; with
// discard=ignore it keeps its contents.
//
// What a failed request comes to is the drive's policy (werror=, rerror=). With `stop` the device doesn't hear of the failure: the request is in
// flight again from the same position on, and the host side holds it until the machine, which it stops, runs on.
#pragma once
#include "core/device.h"

typedef struct Drive Drive;

typedef enum BlockOp {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,
    BLOCK_DISCARD,
    BLOCK_WRITE_ZEROES,
    BLOCK_ZERO_UNMAP,    // zeros, and the space may be given back
    BLOCK_WRITE_THROUGH, // a write that is on the disk when it completes
} BlockOp;

// Reads and writes of one request: at most this many bytes; larger ones complete with -EINVAL.
enum { DRIVE_REQUEST_MAX_BYTES = 128 << 20 };

// `result` 0 or -errno. For a successful read `buf` holds the data (borrowed).
typedef void BlockDone(Device *dev, uint64_t tag, int result, const uint8_t *buf, uint64_t len_bytes);

Drive *drive_find(const char *id);                   // as given by -drive id=; NULL
const char *drive_id(const Drive *drive);
uint64_t drive_size_bytes(const Drive *drive);       // a multiple of 512
bool drive_read_only(const Drive *drive);
bool drive_write_back(const Drive *drive);           // cache.writeback: a write may be lost until it is flushed
// One device a drive: false when it has one already.
bool drive_attach(Drive *drive, Device *dev, BlockDone *done, Error *err) __attribute__((warn_unused_result));
// "report", "ignore", "stop", "enospc" (werror only: stop when the disk is full, else report), "auto" or NULL (as the drive says).
bool drive_set_policy(Drive *drive, const char *werror, const char *rerror, Error *err) __attribute__((warn_unused_result));
// Calls back, on the machine thread, when the drive's size has changed.
void drive_on_resize(Drive *drive, void (*resized)(Device *dev));
// Machine thread. offset and length in bytes, any alignment, inside the drive (the device checks: out of range is the guest's fault).
// `tag` comes back in `done`, never during the call.
void drive_submit(Drive *drive, BlockOp op, uint64_t offset, uint64_t len_bytes, const uint8_t *buf, uint64_t tag);
unsigned drive_in_flight(const Drive *drive);        // submitted, and `done` not called yet
// False while 64 MiB or 1024 requests are in flight: the device should leave further ones in its queue until a `done`, or a guest could
// have the host hold as much memory as it likes. Depends on guest state and the log alone.
bool drive_ready(const Drive *drive);
// Reset: issued writes finish, all completions of requests submitted before are dropped; `done` isn't called for them any more.
void drive_cancel(Drive *drive);
