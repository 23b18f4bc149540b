// SPDX-License-Identifier: GPL-2.0-or-later
// The log's reader: takes any regular file whatever its bytes, gives the events of all whole
// frames, and tells a log that stops (torn: killed recorder, full disk, cut file) from one whose
// bytes were changed (damaged).
//
// The two differ by what the file says of itself: with a clean-end mark nothing may be missing;
// without one, frames before the newest slot's frames_end were whole once. Only what lies behind,
// or behind the file's end, is torn.
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "replay/build-id.h"
#include "replay/config.h"
#include "replay/format.h"
#include "replay/varint.h"

enum {
    RESYNC_BYTES = 8 << 20, // how far behind damage the next frame is looked for
    RESYNC_CANDIDATES = 64, // ... and how many places that look like one are tried
    DAMAGES_MAX = 64,       // then the rest of the file isn't worth reading
    CHUNK_BYTES = 64 << 10,
};

struct LogReader {
    int fd;
    char *path;
    LogInfo info;
    uint64_t frames_start,
        frames_whole; // offsets: the first frame; the frames before this one were whole once
    // Reading.
    uint64_t offset;          // of the next frame
    uint64_t frame_offset;    // of the frame being read
    GByteArray *stored, *raw; // that frame as in the file, and its events
    const uint8_t *at;        // next event in `raw`
    uint64_t left;            // events not yet read of it
    EventCodec codec;
    GByteArray *payload;
    ZSTD_DCtx *zstd;
    uint64_t ordinal; // of the next event
    Position reached; // of the last event read
    bool resynced;    // events were lost: ordinal and index can't be checked
    unsigned damages;
    bool finished;
    LogNext finish;      // what log_next says from now on ...
    Error finish_reason; // ... and why, if it is LOG_TORN
    // What the index must say of the frames so far.
    XXH3_state_t *index_sum;
    uint64_t frames, last_frame;
    Position last_first;
};

typedef enum Load { LOAD_FRAME, LOAD_INDEX, LOAD_TORN, LOAD_DAMAGED } Load;

// Bytes read: fewer than `len` at the end of the file or on an error.
static size_t read_at(const LogReader *log, uint8_t *buf, size_t len, uint64_t offset)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(log->fd, buf + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    return done;
}

// File systems leave zeros behind the last bytes that reached the disk before a power failure.
static bool zeros_to_end(const LogReader *log, uint64_t offset)
{
    uint8_t buf[4096];
    for (unsigned i = 0; i < 256 && offset < log->info.file_bytes; i++) {
        size_t n = read_at(log, buf, sizeof(buf), offset);
        for (size_t j = 0; j < n; j++) {
            if (buf[j]) {
                return false;
            }
        }
        if (n == 0) {
            break;
        }
        offset += n;
    }
    return offset == log->info.file_bytes;
}

// Something at `offset` isn't as it should be; `cut`: because the file is too short for it.
static Load classify(const LogReader *log, uint64_t offset, bool cut)
{
    if (log->info.clean) {
        return LOAD_DAMAGED;
    }
    bool written = offset < log->frames_whole && log->frames_whole <= log->info.file_bytes;
    return (cut && !written) || zeros_to_end(log, offset) ? LOAD_TORN : LOAD_DAMAGED;
}

// Puts the frame at `offset` into log->stored, checked but for its events.
static Load frame_load(LogReader *log, uint64_t offset, FrameHeader *header)
{
    uint8_t head[FRAME_HEADER_MAX_BYTES];
    uint64_t limit = log->info.clean ? log->frames_whole : log->info.file_bytes;
    size_t n = read_at(log, head, sizeof(head), offset);
    if (n >= MAGIC_BYTES && memcmp(head, index_magic, MAGIC_BYTES) == 0 &&
        (!log->info.clean || offset == log->frames_whole)) {
        return LOAD_INDEX;
    }
    if (!frame_header_decode(head, n, header)) {
        bool begun = memcmp(head, frame_magic, MIN(n, (size_t)MAGIC_BYTES)) == 0 ||
                     memcmp(head, index_magic, MIN(n, (size_t)MAGIC_BYTES)) == 0;
        return classify(log, offset, n < sizeof(head) && begun);
    }
    uint64_t total = header->header_bytes + header->stored_bytes;
    if (offset > limit || total > limit - offset) {
        return classify(log, offset, true);
    }
    g_byte_array_set_size(log->stored, (guint)total);
    if (read_at(log, log->stored->data, total, offset) != total) {
        return classify(log, offset, true);
    }
    return frame_sum_matches(log->stored->data, header) ? LOAD_FRAME : classify(log, offset, false);
}

// Makes the events of the frame in log->stored ready to read.
static bool frame_unpack(LogReader *log, const FrameHeader *header)
{
    g_byte_array_set_size(log->raw, (guint)header->raw_bytes);
    const uint8_t *stored = log->stored->data + header->header_bytes;
    if (!header->compressed) {
        memcpy(log->raw->data, stored, header->raw_bytes);
    } else if (ZSTD_decompressDCtx(log->zstd, log->raw->data, header->raw_bytes, stored,
                                   header->stored_bytes) != header->raw_bytes) {
        return false;
    }
    log->at = log->raw->data;
    log->left = header->count;
    event_codec_start(&log->codec, header->first);
    return true;
}

// Forgets what was read: back to the first frame.
static void rewind_reader(LogReader *log)
{
    log->offset = log->last_frame = log->frames_start;
    log->left = log->ordinal = log->frames = 0;
    log->damages = 0;
    log->reached = log->last_first = (Position){0};
    log->resynced = log->finished = false;
    XXH3_64bits_reset(log->index_sum);
}

static LogNext finish_with(LogReader *log, LogNext what)
{
    log->finished = true;
    log->finish = what;
    return what;
}

// ---- behind damage ----

// Is there a whole frame, or where the index must be, at `offset`?
static bool sound_at(LogReader *log, uint64_t offset, Position *first)
{
    FrameHeader header;
    Load load = frame_load(log, offset, &header);
    if (load == LOAD_INDEX) {
        *first = log->info.last;
        return true;
    }
    *first = header.first;
    return load == LOAD_FRAME && header.ordinal >= log->ordinal &&
           position_compare(header.first, log->reached) >= 0;
}

static bool resync_scan(LogReader *log, uint64_t from, uint64_t *found, Position *first)
{
    uint8_t *buf = g_malloc(CHUNK_BYTES);
    uint64_t end = MIN(log->info.file_bytes, from + RESYNC_BYTES);
    unsigned candidates = 0;
    bool ok = false;
    while (!ok && from + MAGIC_BYTES <= end && candidates < RESYNC_CANDIDATES) {
        size_t n = read_at(log, buf, MIN((uint64_t)CHUNK_BYTES, end - from), from);
        if (n < MAGIC_BYTES) {
            break;
        }
        for (size_t i = 0; !ok && i + MAGIC_BYTES <= n && candidates < RESYNC_CANDIDATES; i++) {
            if (memcmp(buf + i, frame_magic, MAGIC_BYTES) == 0 ||
                memcmp(buf + i, index_magic, MAGIC_BYTES) == 0) {
                candidates++;
                *found = from + i;
                ok = sound_at(log, *found, first);
            }
        }
        from += n - (MAGIC_BYTES - 1);
    }
    g_free(buf);
    return ok;
}

// Reports damage at `offset` and sets the reader up behind it: first tried at `resume`, then
// wherever a frame is found.
static LogNext damaged(LogReader *log, uint64_t offset, uint64_t resume, const char *what,
                       Error *err)
{
    char before[POSITION_TEXT_BYTES], after[POSITION_TEXT_BYTES];
    uint64_t found = resume;
    Position first;
    log->left = 0;
    log->resynced = true;
    log->damages++;
    position_text(log->reached, before);
    bool sound = resume >= offset && resume < log->info.file_bytes && sound_at(log, found, &first);
    if (!sound) {
        sound = resync_scan(log, offset + 1, &found, &first);
    }
    if (sound && log->damages < DAMAGES_MAX) {
        log->offset = found;
        fail(err,
             "the log is damaged at file offset %" PRIu64 " (%s): events between positions %s "
             "and %s are lost",
             offset, what, before, position_text(first, after));
    } else {
        fail(&log->finish_reason, "nothing readable follows the damage at file offset %" PRIu64,
             offset);
        finish_with(log, LOG_TORN);
        fail(err,
             "the log is damaged at file offset %" PRIu64 " (%s): events after position %s "
             "are lost",
             offset, what, before);
    }
    return LOG_DAMAGED;
}

static LogNext damaged_end(LogReader *log, uint64_t offset, const char *what, Error *err)
{
    fail(&log->finish_reason, "the end of the log is damaged");
    finish_with(log, log->info.clean ? LOG_END : LOG_TORN);
    fail(err, "the log is damaged at file offset %" PRIu64 " (%s), behind its last event", offset,
         what);
    return LOG_DAMAGED;
}

static LogNext torn(LogReader *log, uint64_t offset, Error *err)
{
    char position[POSITION_TEXT_BYTES];
    fail(&log->finish_reason,
         "the log stops at file offset %" PRIu64
         " without an end; its last whole event is at position %s",
         offset, position_text(log->reached, position));
    if (err) {
        *err = log->finish_reason;
    }
    return finish_with(log, LOG_TORN);
}

// ---- index and end mark ----

static LogNext end_torn_or_damaged(LogReader *log, uint64_t offset, const char *what, Error *err)
{
    return log->info.clean ? damaged_end(log, offset, what, err) : torn(log, offset, err);
}

// Sums of the index's checked bytes and of its body; false if the file is too short.
static bool index_sums(LogReader *log, uint64_t offset, const IndexHeader *header, uint64_t *sum,
                       uint64_t *body_sum)
{
    uint64_t skip = header->header_bytes - FRAME_PREFIX_BYTES, left = header->body_bytes;
    uint8_t *buf = g_malloc(CHUNK_BYTES);
    XXH3_state_t *all = XXH3_createState(), *body = XXH3_createState();
    XXH3_64bits_reset(all);
    XXH3_64bits_reset(body);
    bool ok = read_at(log, buf, skip, offset + FRAME_PREFIX_BYTES) == skip;
    XXH3_64bits_update(all, buf, skip);
    offset += header->header_bytes;
    while (ok && left > 0) {
        size_t n = MIN(left, (uint64_t)CHUNK_BYTES);
        ok = read_at(log, buf, n, offset) == n;
        XXH3_64bits_update(all, buf, n);
        XXH3_64bits_update(body, buf, n);
        offset += n;
        left -= n;
    }
    *sum = XXH3_64bits_digest(all);
    *body_sum = XXH3_64bits_digest(body);
    XXH3_freeState(all);
    XXH3_freeState(body);
    g_free(buf);
    return ok;
}

static LogNext check_end(LogReader *log, uint64_t offset, Error *err)
{
    uint8_t head[INDEX_HEADER_MAX_BYTES], tail[END_MARK_BYTES];
    IndexHeader header;
    uint64_t sum, body_sum;
    size_t n = read_at(log, head, sizeof(head), offset);
    uint64_t room = log->info.file_bytes - offset;
    if (!index_header_decode(head, n, &header)) {
        return n < sizeof(head) ? end_torn_or_damaged(log, offset, "index header", err)
                                : damaged_end(log, offset, "index header", err);
    }
    if (header.body_bytes > room || header.header_bytes > room - header.body_bytes ||
        !index_sums(log, offset, &header, &sum, &body_sum)) {
        return end_torn_or_damaged(log, offset, "index", err);
    }
    if (sum != header.sum || (!log->resynced && (header.frames != log->frames ||
                                                 body_sum != XXH3_64bits_digest(log->index_sum)))) {
        return damaged_end(log, offset, "index", err);
    }
    uint64_t end = offset + header.header_bytes + header.body_bytes;
    if (log->info.file_bytes - end < END_MARK_BYTES) {
        return end_torn_or_damaged(log, end, "end mark", err);
    }
    EndMark mark;
    if (read_at(log, tail, END_MARK_BYTES, end) != END_MARK_BYTES ||
        !end_mark_decode(tail, &mark) || mark.index_offset != offset ||
        (!log->resynced && mark.events != log->ordinal) ||
        position_compare(mark.position, log->reached) < 0) {
        return damaged_end(log, end, "end mark", err);
    }
    if (end + END_MARK_BYTES != log->info.file_bytes) {
        return damaged_end(log, end + END_MARK_BYTES, "bytes behind the end mark", err);
    }
    return finish_with(log, LOG_END);
}

// ---- events ----

static LogNext next_frame(LogReader *log, Error *err)
{
    FrameHeader header = {0};
    uint64_t offset = log->offset;
    if (offset >= log->info.file_bytes) {
        return torn(log, offset, err);
    }
    switch (frame_load(log, offset, &header)) {
    case LOAD_INDEX: return check_end(log, offset, err);
    case LOAD_TORN: return torn(log, offset, err);
    case LOAD_DAMAGED:
        return damaged(log, offset, offset + header.header_bytes + header.stored_bytes,
                       "a frame's header or checksum is wrong", err);
    case LOAD_FRAME: break;
    }
    uint64_t end = offset + header.header_bytes + header.stored_bytes;
    if (position_compare(header.first, log->reached) < 0 ||
        (log->resynced ? header.ordinal < log->ordinal : header.ordinal != log->ordinal)) {
        return damaged(log, offset, offset, "a frame is missing or in the wrong place", err);
    }
    if (!frame_unpack(log, &header)) {
        return damaged(log, offset, end, "a frame can't be decompressed", err);
    }
    GByteArray *entry = g_byte_array_new();
    index_entry_encode(entry, offset - log->last_frame, header.first, log->last_first,
                       header.count);
    XXH3_64bits_update(log->index_sum, entry->data, entry->len);
    g_byte_array_unref(entry);
    log->frames++;
    log->last_frame = log->frame_offset = offset;
    log->last_first = header.first;
    log->ordinal = header.ordinal;
    log->offset = end;
    return LOG_EVENT;
}

LogNext log_next(LogReader *log, ReplayEvent *event, Error *err)
{
    if (log->left == 0) {
        if (log->finished) {
            if (log->finish == LOG_TORN && err) {
                *err = log->finish_reason;
            }
            return log->finish;
        }
        LogNext next = next_frame(log, err);
        if (next != LOG_EVENT) {
            return next;
        }
    }
    const uint8_t *end = log->raw->data + log->raw->len;
    if (!event_decode(&log->at, end, &log->codec, log->payload, event) ||
        (log->left == 1 && log->at != end)) {
        return damaged(log, log->frame_offset, log->offset, "a frame's events make no sense", err);
    }
    log->left--;
    log->ordinal++;
    log->reached = event->position;
    return LOG_EVENT;
}

uint64_t log_ordinal(const LogReader *log)
{
    return log->ordinal - 1;
}

// ---- opening ----

#define BAD_VERSION "Replay: invalid input log file version: "

static bool read_header(LogReader *log, LogHeader *header, uint8_t bytes[HEADER_BYTES], Error *err)
{
    size_t n = read_at(log, bytes, HEADER_BYTES, 0);
    if (n < sizeof(log_magic) || memcmp(bytes, log_magic, sizeof(log_magic)) != 0) {
        return fail(err, BAD_VERSION "%s is not a log (expected format %d)", log->path,
                    LOG_FORMAT_VERSION);
    }
    if (n >= 12 && le_get(bytes + 8, 4) != LOG_FORMAT_VERSION) {
        return fail(err, BAD_VERSION "%s has format %u, expected %d", log->path,
                    (unsigned)le_get(bytes + 8, 4), LOG_FORMAT_VERSION);
    }
    if (n < HEADER_BYTES) {
        return fail(err, BAD_VERSION "%s ends inside its header", log->path);
    }
    header_decode(bytes, header);
    if (header->config_bytes > CONFIG_MAX_BYTES) {
        return fail(err, BAD_VERSION "the header of %s is damaged", log->path);
    }
    if (header->config_bytes > log->info.file_bytes - HEADER_BYTES) {
        return fail(err, BAD_VERSION "%s ends inside its header, or the header is damaged",
                    log->path);
    }
    log->info.config_json = g_malloc0(header->config_bytes + 1);
    n = read_at(log, (uint8_t *)log->info.config_json, header->config_bytes, HEADER_BYTES);
    Error reason;
    if (n != header->config_bytes || !header_sum_matches(bytes, log->info.config_json, n)) {
        return fail(err, BAD_VERSION "the header of %s is damaged", log->path);
    }
    return config_valid(log->info.config_json, n, &reason) ||
           fail(err, BAD_VERSION "%s: %s", log->path, reason.msg);
}

static void read_end_mark(LogReader *log)
{
    uint8_t bytes[END_MARK_BYTES];
    EndMark mark;
    if (log->info.file_bytes < log->frames_start + END_MARK_BYTES) {
        return;
    }
    uint64_t offset = log->info.file_bytes - END_MARK_BYTES;
    if (read_at(log, bytes, END_MARK_BYTES, offset) == END_MARK_BYTES &&
        end_mark_decode(bytes, &mark) && mark.index_offset >= log->frames_start &&
        mark.index_offset < offset) {
        log->info.clean = true;
        log->info.last = mark.position;
        log->frames_whole = mark.index_offset;
    }
}

// Without an end: what is there, by reading the frames through (but unpacking only the last).
static void find_last(LogReader *log, const LogSlot slots[SLOTS], const bool valid[SLOTS])
{
    FrameHeader header, last_header = {0};
    uint64_t offset = log->frames_start, last = 0;
    Load load;
    while ((load = frame_load(log, offset, &header)) == LOAD_FRAME) {
        last = offset;
        last_header = header;
        offset += header.header_bytes + header.stored_bytes;
    }
    if (last && frame_load(log, last, &header) == LOAD_FRAME) {
        log->info.last = last_header.first;
        ReplayEvent event;
        const uint8_t *end = frame_unpack(log, &header) ? log->raw->data + log->raw->len : NULL;
        while (end && log->left > 0 &&
               event_decode(&log->at, end, &log->codec, log->payload, &event)) {
            log->left--;
            log->info.last = event.position;
        }
    }
    // A slot counts if the events before its position are all there.
    for (unsigned i = 0; i < SLOTS; i++) {
        if (valid[i] && slots[i].frames_end <= offset && load != LOAD_DAMAGED &&
            position_compare(slots[i].position, log->info.last) > 0) {
            log->info.last = slots[i].position;
        }
    }
}

static LogReader *reader_new(int fd, const char *path, uint64_t file_bytes)
{
    LogReader *log = g_new0(LogReader, 1);
    log->fd = fd;
    log->path = g_strdup(path);
    log->info.file_bytes = file_bytes;
    log->stored = g_byte_array_new();
    log->raw = g_byte_array_new();
    log->payload = g_byte_array_new();
    log->zstd = ZSTD_createDCtx();
    log->index_sum = XXH3_createState();
    assert(log->zstd && log->index_sum);
    return log;
}

LogReader *log_open(const char *path, Error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        fail(err, "Replay: open %s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        fail(err, "Replay: open %s: %s", path,
             S_ISDIR(st.st_mode) ? strerror(EISDIR) : "Not a regular file");
        close(fd);
        return NULL;
    }
    LogReader *log = reader_new(fd, path, (uint64_t)st.st_size);
    LogHeader header;
    uint8_t bytes[HEADER_BYTES];
    if (!read_header(log, &header, bytes, err)) {
        log_close(log);
        return NULL;
    }
    log->info.format_version = header.format_version;
    log->info.machine_version = header.machine_version;
    log->info.machine_matches = header.machine_version == MACHINE_MODEL_VERSION;
    memcpy(log->info.build_id, header.build_id, sizeof(log->info.build_id));
    uuid_text(header.uuid, log->info.uuid);
    log->frames_start = log->frames_whole = HEADER_BYTES + header.config_bytes;
    LogSlot slots[SLOTS];
    bool valid[SLOTS];
    for (unsigned i = 0; i < SLOTS; i++) {
        valid[i] = slot_decode(bytes + SLOT_OFFSET + i * SLOT_BYTES, &slots[i]) &&
                   slots[i].sequence % SLOTS == i;
        log->info.bad_slots += !valid[i];
        if (valid[i]) {
            log->frames_whole = MAX(log->frames_whole, slots[i].frames_end);
        }
    }
    read_end_mark(log);
    if (!log->info.clean) {
        find_last(log, slots, valid);
    }
    rewind_reader(log);
    return log;
}

const LogInfo *log_info(const LogReader *log)
{
    return &log->info;
}

void log_close(LogReader *log)
{
    if (!log) {
        return;
    }
    close(log->fd);
    g_free(log->path);
    g_free(log->info.config_json);
    g_byte_array_unref(log->stored);
    g_byte_array_unref(log->raw);
    g_byte_array_unref(log->payload);
    ZSTD_freeDCtx(log->zstd);
    XXH3_freeState(log->index_sum);
    g_free(log);
}
