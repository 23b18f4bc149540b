// SPDX-License-Identifier: GPL-2.0-or-later
// The bytes of a log. Fixed numbers are little-endian, the others varints (replay/varint.h);
// checksums are XXH3-64 with seed 0.
//
// An event costs its position's delta, two bytes of digest and what its payload needs: a typed
// character about 8 bytes, a block-done 13.
#include "replay/format.h"

#include <assert.h>
#include <xxhash.h>

#include "replay/varint.h"

// The bytes around the name catch transfers that change line ends, cut the top bit or stop at the
// end-of-file character.
const uint8_t log_magic[8] = {0xb5, 'B', 'S', 'L', '\r', '\n', 0x1a, '\n'};
const uint8_t frame_magic[MAGIC_BYTES] = {0xb5, 'F', 'R', 'M'};
const uint8_t index_magic[MAGIC_BYTES] = {0xb5, 'I', 'D', 'X'};
const uint8_t end_magic[MAGIC_BYTES] = {0xb5, 'E', 'N', 'D'};

// ---- header and slots ----

static uint64_t header_sum(const uint8_t *in, const char *config, size_t config_bytes)
{
    XXH3_state_t *state = XXH3_createState();
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, in, HEADER_SUMMED_BYTES);
    XXH3_64bits_update(state, config, config_bytes);
    uint64_t sum = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return sum;
}

void header_encode(uint8_t out[HEADER_BYTES], const LogHeader *header, const char *config)
{
    memcpy(out, log_magic, sizeof(log_magic));
    le_put(out + 8, header->format_version, 4);
    le_put(out + 12, header->machine_version, 4);
    le_put(out + 16, header->config_bytes, 4);
    le_put(out + 20, 0, 4);
    memcpy(out + 24, header->uuid, 16);
    memcpy(out + 40, header->build_id, BUILD_ID_BYTES);
    le_put(out + 88, header_sum(out, config, header->config_bytes), 8);
}

void header_decode(const uint8_t in[HEADER_BYTES], LogHeader *header)
{
    header->format_version = (uint32_t)le_get(in + 8, 4);
    header->machine_version = (uint32_t)le_get(in + 12, 4);
    header->config_bytes = (uint32_t)le_get(in + 16, 4);
    memcpy(header->uuid, in + 24, 16);
    memcpy(header->build_id, in + 40, BUILD_ID_BYTES);
    header->build_id[BUILD_ID_BYTES - 1] = 0;
}

bool header_sum_matches(const uint8_t in[HEADER_BYTES], const char *config, size_t config_bytes)
{
    return le_get(in + 88, 8) == header_sum(in, config, config_bytes);
}

void slot_encode(uint8_t out[SLOT_BYTES], const LogSlot *slot)
{
    le_put(out, slot->sequence, 4);
    le_put(out + 4, slot->position.step, 4);
    le_put(out + 8, slot->position.icount, 8);
    le_put(out + 16, slot->frames_end, 8);
    le_put(out + 24, XXH3_64bits(out, 24), 8);
}

bool slot_decode(const uint8_t in[SLOT_BYTES], LogSlot *slot)
{
    slot->sequence = (uint32_t)le_get(in, 4);
    slot->position.step = (uint32_t)le_get(in + 4, 4);
    slot->position.icount = le_get(in + 8, 8);
    slot->frames_end = le_get(in + 16, 8);
    return le_get(in + 24, 8) == XXH3_64bits(in, 24);
}

// ---- events ----

enum {
    HEAD_KIND = 0x1f,
    HEAD_IDLE = 0x20, // idle_ns follows
    HEAD_STEP = 0x40, // the step isn't the predicted one and follows
    HEAD_USUAL =
        0x80, // the source of the kind's last event, and (with a rest) a rest of the usual length
};
_Static_assert(EVENT_KIND_COUNT <= HEAD_KIND + 1, "kinds must fit into the head byte");

// A single character, and no data beside a block-done.
static size_t usual_rest(EventKind kind)
{
    return event_fixed_bytes(kind) == 0 ? 1 : 0;
}

// At a new icount most events come first; at the same one, after the event before them.
static uint32_t predicted_step(const EventCodec *codec, uint64_t icount)
{
    return icount == codec->previous.icount ? codec->previous.step : 0;
}

void event_codec_start(EventCodec *codec, Position first)
{
    memset(codec, 0, sizeof(*codec));
    codec->previous = first;
}

static void field_encode(GByteArray *out, EventCodec *codec, EventKind kind, EventFieldType type,
                         const uint8_t *at)
{
    uint64_t value = event_field_value(type, at);
    switch (type) {
    case FIELD_U16:
    case FIELD_U32: varint_put(out, value); break;
    case FIELD_S32: varint_put(out, zigzag((int64_t)value)); break;
    case FIELD_U64:
        varint_put(out, zigzag((int64_t)(value - codec->last_u64[kind])));
        codec->last_u64[kind] = value;
        break;
    default: g_byte_array_append(out, at, (guint)event_field_bytes(type)); break;
    }
}

void event_encode(GByteArray *out, EventCodec *codec, const ReplayEvent *event)
{
    EventKind kind = event->kind;
    assert(event_length_valid(kind, event->len));
    assert(position_compare(codec->previous, event->position) <= 0);
    bool rest = event_has_rest(kind);
    size_t rest_bytes = event->len - event_fixed_bytes(kind);
    uint32_t step = predicted_step(codec, event->position.icount);
    bool usual =
        event->source == codec->last_source[kind] && (!rest || rest_bytes == usual_rest(kind));
    uint8_t head =
        (uint8_t)(kind | (event->in_idle ? HEAD_IDLE : 0) |
                  (event->position.step != step ? HEAD_STEP : 0) | (usual ? HEAD_USUAL : 0));
    g_byte_array_append(out, &head, 1);
    varint_put(out, event->position.icount - codec->previous.icount);
    if (head & HEAD_STEP) {
        varint_put(out, event->position.step - step);
    }
    if (head & HEAD_IDLE) {
        varint_put(out, event->idle_ns);
    }
    uint8_t digest[2];
    le_put(digest, event->digest, 2);
    g_byte_array_append(out, digest, 2);
    if (!usual) {
        varint_put(out, event->source);
        if (rest) {
            varint_put(out, rest_bytes);
        }
    }
    const uint8_t *at = event->payload;
    for (const EventField *field = event_kind_info(kind)->fields; field->type; field++) {
        if (event_field_bytes(field->type)) {
            field_encode(out, codec, kind, field->type, at);
            at += event_field_bytes(field->type);
        }
    }
    if (rest_bytes) {
        g_byte_array_append(out, at, (guint)rest_bytes);
    }
    codec->previous = event->position;
    codec->last_source[kind] = event->source;
}

static bool field_decode(const uint8_t **at, const uint8_t *end, EventCodec *codec, EventKind kind,
                         EventFieldType type, GByteArray *payload)
{
    size_t bytes = event_field_bytes(type);
    uint64_t value;
    if (type == FIELD_U16 || type == FIELD_U32 || type == FIELD_S32 || type == FIELD_U64) {
        if (!varint_get(at, end, &value)) {
            return false;
        }
        if (type == FIELD_S32) {
            int64_t number = unzigzag(value);
            if (number != (int32_t)number) {
                return false;
            }
            value = (uint64_t)number;
        } else if (type == FIELD_U64) {
            value = codec->last_u64[kind] + (uint64_t)unzigzag(value);
            codec->last_u64[kind] = value;
        } else if (value >> (8 * bytes)) {
            return false;
        }
    } else {
        if ((size_t)(end - *at) < bytes) {
            return false;
        }
        value = le_get(*at, bytes);
        *at += bytes;
    }
    uint8_t fixed[8];
    le_put(fixed, value, bytes);
    g_byte_array_append(payload, fixed, (guint)bytes);
    return true;
}

static bool payload_decode(const uint8_t **at, const uint8_t *end, EventCodec *codec,
                           EventKind kind, uint64_t rest_bytes, GByteArray *payload)
{
    g_byte_array_set_size(payload, 0);
    for (const EventField *field = event_kind_info(kind)->fields; field->type; field++) {
        if (event_field_bytes(field->type) &&
            !field_decode(at, end, codec, kind, field->type, payload)) {
            return false;
        }
    }
    if (rest_bytes > (size_t)(end - *at) || payload->len + rest_bytes > REPLAY_PAYLOAD_MAX) {
        return false;
    }
    if (rest_bytes) {
        g_byte_array_append(payload, *at, (guint)rest_bytes);
        *at += rest_bytes;
    }
    return true;
}

static bool position_decode(const uint8_t **at, const uint8_t *end, const EventCodec *codec,
                            bool has_step, Position *position)
{
    uint64_t delta, step = 0;
    if (!varint_get(at, end, &delta) || delta > UINT64_MAX - codec->previous.icount ||
        (has_step && !varint_get(at, end, &step))) {
        return false;
    }
    position->icount = codec->previous.icount + delta;
    uint32_t predicted = predicted_step(codec, position->icount);
    if (step > UINT32_MAX - predicted || (has_step && step == 0)) {
        return false;
    }
    position->step = predicted + (uint32_t)step;
    return true;
}

bool event_decode(const uint8_t **at, const uint8_t *end, EventCodec *codec, GByteArray *payload,
                  ReplayEvent *event)
{
    if (*at == end) {
        return false;
    }
    uint8_t head = *(*at)++;
    EventKind kind = (EventKind)(head & HEAD_KIND);
    if (kind >= EVENT_KIND_COUNT) {
        return false;
    }
    *event = (ReplayEvent){.kind = kind, .in_idle = head & HEAD_IDLE};
    if (!position_decode(at, end, codec, head & HEAD_STEP, &event->position) ||
        (event->in_idle && !varint_get(at, end, &event->idle_ns)) || end - *at < 2) {
        return false;
    }
    event->digest = (uint16_t)le_get(*at, 2);
    *at += 2;
    bool rest = event_has_rest(kind);
    uint64_t source = codec->last_source[kind], rest_bytes = rest ? usual_rest(kind) : 0;
    if (!(head & HEAD_USUAL) &&
        (!varint_get(at, end, &source) || (rest && !varint_get(at, end, &rest_bytes)))) {
        return false;
    }
    if (source > (event_kind_info(kind)->class == CLASS_ASYNC ? INT32_MAX : 0) ||
        !payload_decode(at, end, codec, kind, rest_bytes, payload)) {
        return false;
    }
    event->source = (unsigned)source;
    event->payload = payload->data;
    event->len = payload->len;
    codec->previous = event->position;
    codec->last_source[kind] = event->source;
    return true;
}

// ---- frames ----

void frame_encode(GByteArray *out, const FrameHeader *header, const uint8_t *stored)
{
    guint start = out->len;
    g_byte_array_append(out, frame_magic, MAGIC_BYTES);
    g_byte_array_set_size(out, start + FRAME_PREFIX_BYTES);
    varint_put(out, header->ordinal);
    varint_put(out, header->first.icount);
    varint_put(out, header->first.step);
    varint_put(out, header->count);
    varint_put(out, header->raw_bytes);
    varint_put(out, header->stored_bytes << 1 | header->compressed);
    g_byte_array_append(out, stored, (guint)header->stored_bytes);
    guint summed = start + FRAME_PREFIX_BYTES;
    le_put(out->data + start + MAGIC_BYTES, XXH3_64bits(out->data + summed, out->len - summed), 8);
}

bool frame_header_decode(const uint8_t *in, size_t len, FrameHeader *header)
{
    if (len < FRAME_HEADER_MIN_BYTES || memcmp(in, frame_magic, MAGIC_BYTES) != 0) {
        return false;
    }
    const uint8_t *at = in + FRAME_PREFIX_BYTES, *end = in + len;
    uint64_t step, stored;
    if (!varint_get(&at, end, &header->ordinal) || !varint_get(&at, end, &header->first.icount) ||
        !varint_get(&at, end, &step) || !varint_get(&at, end, &header->count) ||
        !varint_get(&at, end, &header->raw_bytes) || !varint_get(&at, end, &stored)) {
        return false;
    }
    header->sum = le_get(in + MAGIC_BYTES, 8);
    header->first.step = (uint32_t)step;
    header->stored_bytes = stored >> 1;
    header->compressed = stored & 1;
    header->header_bytes = (size_t)(at - in);
    // An event takes at least four bytes, so a count beyond that is nonsense; compression is only
    // used where it helps.
    return step <= UINT32_MAX && header->count >= 1 && header->raw_bytes <= FRAME_RAW_MAX_BYTES &&
           header->count <= header->raw_bytes / 4 &&
           (header->compressed ? header->stored_bytes < header->raw_bytes
                               : header->stored_bytes == header->raw_bytes);
}

bool frame_sum_matches(const uint8_t *in, const FrameHeader *header)
{
    return header->sum ==
           XXH3_64bits(in + FRAME_PREFIX_BYTES,
                       header->header_bytes - FRAME_PREFIX_BYTES + header->stored_bytes);
}

// ---- index and end mark ----

void index_entry_encode(GByteArray *out, uint64_t offset_delta, Position first, Position previous,
                        uint64_t count)
{
    varint_put(out, offset_delta);
    varint_put(out, first.icount - previous.icount);
    varint_put(out, first.step);
    varint_put(out, count);
}

void index_encode(GByteArray *out, uint64_t frames, const GByteArray *body)
{
    guint start = out->len;
    g_byte_array_append(out, index_magic, MAGIC_BYTES);
    g_byte_array_set_size(out, start + FRAME_PREFIX_BYTES);
    varint_put(out, frames);
    varint_put(out, body->len);
    if (body->len) {
        g_byte_array_append(out, body->data, body->len);
    }
    guint summed = start + FRAME_PREFIX_BYTES;
    le_put(out->data + start + MAGIC_BYTES, XXH3_64bits(out->data + summed, out->len - summed), 8);
}

bool index_header_decode(const uint8_t *in, size_t len, IndexHeader *header)
{
    if (len < FRAME_PREFIX_BYTES || memcmp(in, index_magic, MAGIC_BYTES) != 0) {
        return false;
    }
    const uint8_t *at = in + FRAME_PREFIX_BYTES, *end = in + len;
    header->sum = le_get(in + MAGIC_BYTES, 8);
    if (!varint_get(&at, end, &header->frames) || !varint_get(&at, end, &header->body_bytes)) {
        return false;
    }
    header->header_bytes = (size_t)(at - in);
    return true;
}

void end_mark_encode(uint8_t out[END_MARK_BYTES], const EndMark *mark)
{
    memcpy(out, end_magic, MAGIC_BYTES);
    le_put(out + 4, mark->position.step, 4);
    le_put(out + 8, mark->position.icount, 8);
    le_put(out + 16, mark->index_offset, 8);
    le_put(out + 24, mark->events, 8);
    le_put(out + 32, XXH3_64bits(out, 32), 8);
}

bool end_mark_decode(const uint8_t in[END_MARK_BYTES], EndMark *mark)
{
    mark->position.step = (uint32_t)le_get(in + 4, 4);
    mark->position.icount = le_get(in + 8, 8);
    mark->index_offset = le_get(in + 16, 8);
    mark->events = le_get(in + 24, 8);
    return memcmp(in, end_magic, MAGIC_BYTES) == 0 && le_get(in + 32, 8) == XXH3_64bits(in, 32);
}
