// SPDX-License-Identifier: GPL-2.0-or-later
// The bytes of a log, encoded and decoded side by side; docs/log-format.md tells them to people. No
// input or output here.
//
//     header (160 bytes, two position slots in it) | config JSON | frame ... frame | index | end
//     mark
//
// Every decoder takes any bytes whatever: it returns false, and reads and allocates nothing beyond
// what it was given and the limits below.
#pragma once
#include <glib.h>

#include "replay/event.h"
#include "replay/log.h"

enum {
    HEADER_BYTES = 160,
    HEADER_SUMMED_BYTES = 88, // of these and the config the checksum is made
    BUILD_ID_BYTES = 48,
    SLOT_OFFSET = 96,
    SLOT_BYTES = 32,
    SLOTS = 2,
    END_MARK_BYTES = 40,
    CONFIG_MAX_BYTES = 16 << 20,
    // A frame is written when its events reach FRAME_FULL_BYTES, so it is at most one event longer.
    FRAME_FULL_BYTES = 64 << 10,
    FRAME_RAW_MAX_BYTES = REPLAY_PAYLOAD_MAX + 2 * FRAME_FULL_BYTES,
    FRAME_PREFIX_BYTES = 12, // magic and checksum
    FRAME_HEADER_MAX_BYTES = 12 + 6 * 10,
    FRAME_HEADER_MIN_BYTES = 12 + 6,
    INDEX_HEADER_MAX_BYTES = 12 + 2 * 10,
    MAGIC_BYTES = 4,
};

extern const uint8_t log_magic[8];
extern const uint8_t frame_magic[MAGIC_BYTES], index_magic[MAGIC_BYTES], end_magic[MAGIC_BYTES];

// ---- header and slots ----

typedef struct LogHeader {
    uint32_t format_version, machine_version, config_bytes;
    uint8_t uuid[16];
    char build_id[BUILD_ID_BYTES];
} LogHeader;

typedef struct LogSlot {
    uint32_t sequence;   // rises by one with each rewrite; the odd ones are in slot 1
    Position position;   // all events before it are in the file ...
    uint64_t frames_end; // ... which is whole at least up to this offset
} LogSlot;

// All 160 bytes but the slots, which stay as they are in `out`.
void header_encode(uint8_t out[HEADER_BYTES], const LogHeader *header, const char *config);
// Magic is the caller's to check. True if the checksum over header and config (header->config_bytes
// long) is right.
void header_decode(const uint8_t in[HEADER_BYTES], LogHeader *header);
bool header_sum_matches(const uint8_t in[HEADER_BYTES], const char *config, size_t config_bytes);

void slot_encode(uint8_t out[SLOT_BYTES], const LogSlot *slot);
bool slot_decode(const uint8_t in[SLOT_BYTES], LogSlot *slot);

// ---- events, inside a frame ----

// What an event is told relative to; both sides start it anew in each frame.
typedef struct EventCodec {
    Position previous;
    unsigned last_source[EVENT_KIND_COUNT];
    uint64_t last_u64[EVENT_KIND_COUNT];
} EventCodec;

void event_codec_start(EventCodec *codec, Position first);
// The event's payload has a length that is valid for its kind and its position isn't before the
// previous one's.
void event_encode(GByteArray *out, EventCodec *codec, const ReplayEvent *event);
// The payload is put into `payload` (replaced) and event->payload points there. False: not an
// event.
bool event_decode(const uint8_t **at, const uint8_t *end, EventCodec *codec, GByteArray *payload,
                  ReplayEvent *event);

// ---- frames, index, end mark ----

typedef struct FrameHeader {
    uint64_t ordinal; // number of the first event in the log, from 0
    Position first;
    uint64_t count; // of events, at least 1
    uint64_t raw_bytes, stored_bytes;
    bool compressed; // stored_bytes of zstd; else raw_bytes == stored_bytes
    size_t header_bytes;
    uint64_t sum;
} FrameHeader;

// Appends the frame to `out`: header, checksum, and `stored` of header->stored_bytes.
void frame_encode(GByteArray *out, const FrameHeader *header, const uint8_t *stored);
// From at most FRAME_HEADER_MAX_BYTES; checks magic and limits, not the checksum.
bool frame_header_decode(const uint8_t *in, size_t len, FrameHeader *header);
// `in` is the whole frame, header_bytes + stored_bytes.
bool frame_sum_matches(const uint8_t *in, const FrameHeader *header);

// One frame's entry in the index; `offset` and `first` are told relative to the entry before.
void index_entry_encode(GByteArray *out, uint64_t offset_delta, Position first, Position previous,
                        uint64_t count);

typedef struct IndexHeader {
    uint64_t frames, body_bytes, sum;
    size_t header_bytes;
} IndexHeader;

void index_encode(GByteArray *out, uint64_t frames, const GByteArray *body);
bool index_header_decode(const uint8_t *in, size_t len, IndexHeader *header);

typedef struct EndMark {
    Position position;
    uint64_t index_offset, events;
} EndMark;

void end_mark_encode(uint8_t out[END_MARK_BYTES], const EndMark *mark);
bool end_mark_decode(const uint8_t in[END_MARK_BYTES], EndMark *mark);
