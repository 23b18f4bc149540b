// SPDX-License-Identifier: GPL-2.0-or-later
// Workers: up to four threads that carry out the requests of all drives. Host half.
#pragma once
#include "block/drive.h"
#include "block/image.h"

typedef struct Workers Workers;
// A request has failed, and the machine is to stop (ACTION_STOP, live) or not. Machine thread.
typedef void DriveFailed(const DriveRequest *request, int error, ErrorAction action, bool live);
typedef struct DriveHost { // what a drive's `host` is
    Workers *workers;
    Image *image;     // borrowed
    bool sync_writes; // cache=writethrough, directsync: each write is followed by a flush
    bool no_flush;    // cache=unsafe
    bool discard;     // discard=unmap; else a discard does nothing
    bool detect_zeroes, unmap_zeroes;
    DriveFailed *failed; // may be NULL
} DriveHost;

Workers *workers_new(unsigned count); // 1 to 4 threads
void workers_free(Workers *workers);  // after all drives are freed; NULL is legal
extern const DriveBackend drive_workers;

// Test hook and debugging option: random delays, up to max_delay_us each, before a request is
// carried out and before its answer is posted. Same seed, same sequence of delays (not: same order
// of threads). 0: off.
void block_chaos(uint64_t seed, unsigned max_delay_us);
// Test hook: fails every request that `filter` gives an errno for. NULL: off.
typedef int BlockFault(const DriveRequest *request);
void block_fault(BlockFault *filter);
