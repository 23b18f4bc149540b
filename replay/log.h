// SPDX-License-Identifier: GPL-2.0-or-later
// The log file: reader and writer together, so that they can't differ. docs/log-format.md describes the bytes.
//
// Header (synced before the guest runs) with two position slots, then frames (varint events, zstd, first position, XXH3), then an index and a
// clean-end mark. No threads: one owner.
#pragma once
#include "replay/replay.h"

enum { LOG_FORMAT_VERSION = 1 };

typedef struct LogWriter LogWriter;
typedef struct LogReader LogReader;

LogWriter *log_create(const char *path, const char *config_json, Error *err);
void log_append(LogWriter *log, const ReplayEvent *event); // into the open frame
// Writes the open frame if it is old (100 ms) or large (64 KiB) or `force`; then rewrites a position slot when 100 ms have passed.
bool log_flush(LogWriter *log, int64_t host_ns, Position position, bool force, Error *err);
bool log_finish(LogWriter *log, Position position, Error *err); // index, clean-end mark, sync, close; frees
void log_abandon(LogWriter *log);                               // closes and frees without an end
uint64_t log_bytes(const LogWriter *log);

// Everything that the header holds.
typedef struct LogInfo {
    uint32_t format_version, machine_version;
    char build_id[48];
    char uuid[40];        // text form
    char *config_json;    // owned by the reader
    bool clean;           // has an end
    Position last;        // position reached: of the end, else the later valid slot, else the last whole event
    uint64_t file_bytes;
} LogInfo;

LogReader *log_open(const char *path, Error *err); // format errors: see COMPAT.md's "invalid input log file version"
const LogInfo *log_info(const LogReader *log);
typedef enum LogNext { LOG_EVENT, LOG_END, LOG_DAMAGED } LogNext;
// The next event (payload borrowed until the next call). LOG_END: no more whole frames. LOG_DAMAGED: a frame's checksum or contents are wrong;
// `err` says where (file offset, positions before and after).
LogNext log_next(LogReader *log, ReplayEvent *event, Error *err);
void log_close(LogReader *log);
