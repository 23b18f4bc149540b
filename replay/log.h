// SPDX-License-Identifier: GPL-2.0-or-later
// The log file: reader and writer together, so that they can't differ. docs/log-format.md describes
// the bytes.
//
// Header (synced before the guest runs) with two position slots, then frames (varint events, zstd,
// first position, XXH3), then an index and a clean-end mark. No threads: one owner. Files:
// replay/format.c (bytes), log-writer.c, log-reader.c.
#pragma once
#include "replay/replay.h"

enum {
    LOG_FORMAT_VERSION = 1,    // of the file's bytes
    MACHINE_MODEL_VERSION = 4, // of what the guest sees; a log of another one can't be replayed
    LOG_FLUSH_NS = 80000000,   // how long an event may stay in memory: with what its caller is late by, less than 100 ms
};

typedef struct LogWriter LogWriter;
typedef struct LogReader LogReader;

// Creates or truncates the file; the header is on the disk when this returns. NULL on failure
// ("Replay: open F: REASON").
LogWriter *log_create(const char *path, const char *config_json, Error *err);
// Into the open frame, which is written when it has become large. Positions never go back; payloads
// are valid for their kind.
void log_append(LogWriter *log, const ReplayEvent *event);
// When LOG_FLUSH_NS have passed since the last write, or if `force`: writes the open frame if it has
// events, then a position slot if the position changed. `position` isn't before the last event's.
// False once anything couldn't be written: the file then ends with its last whole frame, and
// nothing is written to it any more, but by log_retry.
bool log_flush(LogWriter *log, int64_t host_ns, Position position, bool force, Error *err);
const char *log_failure(const LogWriter *log); // NULL while all is well
// After a failure: tries again to write what gathered since. True: the log goes on, and has lost nothing.
bool log_retry(LogWriter *log, Position position, Error *err);
bool log_seal(LogWriter *log, Position position,
              Error *err); // open frame, index, clean-end mark, sync; then only log_abandon is left
bool log_finish(LogWriter *log, Position position, Error *err); // log_seal, closes, frees
void log_abandon(
    LogWriter *log); // closes and frees; without an end if it wasn't sealed. NULL is legal
uint64_t log_bytes(const LogWriter *log); // size of the file
// Events appended, and their bytes before compression, by kind (arrays of EVENT_KIND_COUNT; may be
// NULL).
void log_counts(const LogWriter *log, uint64_t *events, uint64_t *event_bytes);

// Everything that the header holds.
typedef struct LogInfo {
    uint32_t format_version, machine_version;
    char build_id[48];
    char uuid[40];        // text form
    char *config_json;    // owned by the reader
    bool clean;           // has a clean-end mark
    bool machine_matches; // machine_version is ours: can be replayed
    unsigned bad_slots;   // position slots (of two) that aren't valid
    Position last; // position reached: of the end, else of the later valid slot or of the last
                   // whole event before any damage
    uint64_t file_bytes;
} LogInfo;

// Any regular file, whatever its bytes. NULL: can't be read ("Replay: open F: REASON"), not a log,
// of another format, or damaged in its header
// ("Replay: invalid input log file version: ..."). A torn log is read through once here, for
// `last`.
LogReader *log_open(const char *path, Error *err);
const LogInfo *log_info(const LogReader *log);
// LOG_END: after the clean-end mark. LOG_TORN: the log stops without one; `err` says where.
// LOG_DAMAGED: a part of the file isn't what was written; `err` says where (file offset, positions
// before and after), and the next call goes on behind it.
typedef enum LogNext { LOG_EVENT, LOG_END, LOG_DAMAGED, LOG_TORN } LogNext;
// The next event; its payload is borrowed until the next call.
LogNext log_next(LogReader *log, ReplayEvent *event, Error *err);
uint64_t log_ordinal(const LogReader *log); // number of the event that log_next gave last, from 0
void log_close(LogReader *log);             // NULL is legal
