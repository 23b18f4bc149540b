// SPDX-License-Identifier: GPL-2.0-or-later
// The log's writer: events gather in an open frame; a frame, once written, is followed by the
// rewrite of a position slot, so that a reader knows which frames must be whole. Writes go to the
// page cache on the caller's thread; only header and end are synced.
//
// After an error the file is cut back to its last whole frame, and nothing is written to it until
// log_retry; meanwhile events gather in memory, as many as one frame may hold.
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "replay/build-id.h"
#include "replay/config.h"
#include "replay/format.h"
#include "replay/varint.h"

enum {
    ZSTD_LEVEL = 1, // at frame sizes, higher ones gain little and cost the machine thread time
    COMPRESS_MIN_BYTES = 32, // below, zstd's own header outweighs what it can find
};

struct LogWriter {
    int fd;
    char *path;
    uint64_t end;             // offset where the next frame goes
    GByteArray *raw;          // events of the open frame
    GByteArray *out, *stored; // scratch: a frame as written, its compressed payload
    ZSTD_CCtx *zstd;
    EventCodec codec;
    Position first;          // of the open frame
    uint64_t count, ordinal; // events in the open frame; in the frames before it
    GByteArray *index;
    uint64_t frames, last_frame; // number of frames; offset of the last one
    Position last_first;         // its first position
    LogSlot slot;
    int64_t written_ns; // host time of the last flush; events may wait LOG_FLUSH_NS from then
    bool failed, sealed;
    bool lost; // while it failed there were more events than a frame may hold: it can't go on
    Error failure;
    uint64_t events[EVENT_KIND_COUNT], event_bytes[EVENT_KIND_COUNT];
};

// The first error is kept; the file loses what may be half of a frame.
static void writer_fail(LogWriter *log, const char *what, int error)
{
    if (!log->failed) {
        log->failed = true;
        fail(&log->failure, "%s %s: %s", what, log->path, strerror(error));
        // If even this fails, the reader takes the rest for a torn frame.
        (void)!ftruncate(log->fd, (off_t)log->end);
    }
}

static bool write_at(LogWriter *log, const uint8_t *buf, size_t len, uint64_t offset)
{
    while (len > 0) {
        ssize_t n = pwrite(log->fd, buf, len, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            writer_fail(log, "cannot write", n < 0 ? errno : ENOSPC);
            return false;
        }
        buf += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

static bool write_slot(LogWriter *log, Position position)
{
    log->slot.sequence++;
    log->slot.position = position;
    log->slot.frames_end = log->end;
    uint8_t bytes[SLOT_BYTES];
    slot_encode(bytes, &log->slot);
    if (!write_at(log, bytes, SLOT_BYTES, SLOT_OFFSET + log->slot.sequence % SLOTS * SLOT_BYTES)) {
        log->slot.sequence--; // the other slot is the good one
        return false;
    }
    return true;
}

static void frame_open(LogWriter *log)
{
    log->ordinal += log->count;
    log->count = 0;
    g_byte_array_set_size(log->raw, 0);
}

// Compresses into log->stored; false when that isn't smaller.
static bool frame_compress(LogWriter *log)
{
    if (log->raw->len < COMPRESS_MIN_BYTES) {
        return false;
    }
    size_t bound = ZSTD_compressBound(log->raw->len);
    g_byte_array_set_size(log->stored, (guint)bound);
    size_t len = ZSTD_compressCCtx(log->zstd, log->stored->data, bound, log->raw->data,
                                   log->raw->len, ZSTD_LEVEL);
    if (ZSTD_isError(len) || len >= log->raw->len) {
        return false;
    }
    g_byte_array_set_size(log->stored, (guint)len);
    return true;
}

// Writes the open frame, if it has events, and a slot for `position`.
static bool frame_write(LogWriter *log, Position position)
{
    if (log->count == 0) {
        return true;
    }
    bool compressed = frame_compress(log);
    const GByteArray *stored = compressed ? log->stored : log->raw;
    FrameHeader header = {
        .ordinal = log->ordinal,
        .first = log->first,
        .count = log->count,
        .raw_bytes = log->raw->len,
        .stored_bytes = stored->len,
        .compressed = compressed,
    };
    g_byte_array_set_size(log->out, 0);
    frame_encode(log->out, &header, stored->data);
    if (!write_at(log, log->out->data, log->out->len, log->end)) {
        return false;
    }
    index_entry_encode(log->index, log->end - log->last_frame, log->first, log->last_first,
                       log->count);
    log->frames++;
    log->last_frame = log->end;
    log->last_first = log->first;
    log->end += log->out->len;
    frame_open(log);
    return write_slot(log, position);
}

static LogWriter *writer_new(int fd, const char *path)
{
    LogWriter *log = g_new0(LogWriter, 1);
    log->fd = fd;
    log->path = g_strdup(path);
    log->raw = g_byte_array_new();
    log->out = g_byte_array_new();
    log->stored = g_byte_array_new();
    log->index = g_byte_array_new();
    log->zstd = ZSTD_createCCtx();
    log->written_ns = INT64_MIN;
    return log;
}

static bool write_header(LogWriter *log, const char *config_json)
{
    LogHeader header = {
        .format_version = LOG_FORMAT_VERSION,
        .machine_version = MACHINE_MODEL_VERSION,
        .config_bytes = (uint32_t)strlen(config_json),
    };
    build_id_get(header.build_id);
    uuid_new(header.uuid);
    uint8_t bytes[HEADER_BYTES];
    header_encode(bytes, &header, config_json);
    log->end = HEADER_BYTES + header.config_bytes;
    for (unsigned i = 0; i < SLOTS; i++) {
        log->slot = (LogSlot){.sequence = i, .frames_end = log->end};
        slot_encode(bytes + SLOT_OFFSET + i * SLOT_BYTES, &log->slot);
    }
    log->last_frame = log->end;
    if (!write_at(log, bytes, HEADER_BYTES, 0) ||
        !write_at(log, (const uint8_t *)config_json, header.config_bytes, HEADER_BYTES)) {
        return false;
    }
    if (fsync(log->fd) != 0) {
        writer_fail(log, "cannot sync", errno);
        return false;
    }
    return true;
}

LogWriter *log_create(const char *path, const char *config_json, Error *err)
{
    if (!config_valid(config_json, strlen(config_json), err)) {
        return NULL;
    }
    // Not blocking, so that a pipe is refused instead of waited for.
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        fail(err, "Replay: open %s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        fail(err, "Replay: open %s: Not a regular file", path);
        close(fd);
        return NULL;
    }
    LogWriter *log = writer_new(fd, path);
    if (ftruncate(fd, 0) != 0) {
        writer_fail(log, "cannot truncate", errno);
    }
    if (log->failed || !write_header(log, config_json)) {
        fail(err, "Replay: open %s: %s", path, log->failure.msg);
        log_abandon(log);
        return NULL;
    }
    return log;
}

void log_append(LogWriter *log, const ReplayEvent *event)
{
    if (log->failed && (log->lost || log->raw->len + event->len > REPLAY_PAYLOAD_MAX)) {
        log->lost = true;
        return;
    }
    if (log->count == 0) {
        log->first = event->position;
        event_codec_start(&log->codec, log->first);
    }
    guint before = log->raw->len;
    event_encode(log->raw, &log->codec, event);
    log->count++;
    log->events[event->kind]++;
    log->event_bytes[event->kind] += log->raw->len - before;
    if (!log->failed && log->raw->len >= FRAME_FULL_BYTES) {
        frame_write(log, event->position);
    }
}

static bool report(const LogWriter *log, Error *err)
{
    return !log->failed || fail(err, "%s", log->failure.msg);
}

bool log_flush(LogWriter *log, int64_t host_ns, Position position, bool force, Error *err)
{
    bool due = force || log->written_ns == INT64_MIN || host_ns - log->written_ns >= LOG_FLUSH_NS;
    if (log->failed || !due) {
        return report(log, err);
    }
    log->written_ns = host_ns;
    if (log->count) {
        frame_write(log, position);
    } else if (position_compare(position, log->slot.position) != 0) {
        write_slot(log, position);
    }
    return report(log, err);
}

bool log_retry(LogWriter *log, Position position, Error *err)
{
    if (log->failed && !log->lost) {
        log->failed = false;
        (void)(frame_write(log, position) && write_slot(log, position));
    }
    return report(log, err);
}

static bool write_end(LogWriter *log, Position position)
{
    EndMark mark = {.position = position, .index_offset = log->end, .events = log->ordinal};
    uint8_t bytes[END_MARK_BYTES];
    end_mark_encode(bytes, &mark);
    g_byte_array_set_size(log->out, 0);
    index_encode(log->out, log->frames, log->index);
    g_byte_array_append(log->out, bytes, END_MARK_BYTES);
    if (!write_at(log, log->out->data, log->out->len, log->end)) {
        return false;
    }
    log->end += log->out->len;
    if (fsync(log->fd) != 0) {
        writer_fail(log, "cannot sync", errno);
        return false;
    }
    return true;
}

bool log_seal(LogWriter *log, Position position, Error *err)
{
    assert(!log->sealed);
    if (!log->failed && frame_write(log, position) &&
        (position_compare(position, log->slot.position) == 0 || write_slot(log, position))) {
        log->sealed = write_end(log, position);
    }
    return report(log, err);
}

bool log_finish(LogWriter *log, Position position, Error *err)
{
    bool ok = log_seal(log, position, err);
    log_abandon(log);
    return ok;
}

void log_abandon(LogWriter *log)
{
    if (!log) {
        return;
    }
    close(log->fd);
    g_free(log->path);
    g_byte_array_unref(log->raw);
    g_byte_array_unref(log->out);
    g_byte_array_unref(log->stored);
    g_byte_array_unref(log->index);
    ZSTD_freeCCtx(log->zstd);
    g_free(log);
}

const char *log_failure(const LogWriter *log)
{
    return log->failed ? log->failure.msg : NULL;
}

uint64_t log_bytes(const LogWriter *log)
{
    return log->end;
}

void log_counts(const LogWriter *log, uint64_t *events, uint64_t *event_bytes)
{
    if (events) {
        memcpy(events, log->events, sizeof(log->events));
    }
    if (event_bytes) {
        memcpy(event_bytes, log->event_bytes, sizeof(log->event_bytes));
    }
}
