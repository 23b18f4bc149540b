// SPDX-License-Identifier: GPL-2.0-or-later
// Event kinds and events as text: everything here follows from kinds.def.
//
// In text, a payload that isn't printable is shown in hexadecimal; in JSON, BYTES are always
// hexadecimal and TEXT is a string.
#include "replay/event.h"

#include <assert.h>
#include <inttypes.h>

#include "replay/varint.h"

#define U8     FIELD_U8
#define U16    FIELD_U16
#define U64    FIELD_U64
#define S32    FIELD_S32
#define S64    FIELD_S64
#define HASH32 FIELD_HASH32
#define HASH64 FIELD_HASH64
#define BYTES  FIELD_BYTES
#define TEXT   FIELD_TEXT
#define NO_FIELDS                                                                                  \
    {                                                                                              \
        NULL, FIELD_NONE                                                                           \
    }

static const EventKindInfo kinds[EVENT_KIND_COUNT] = {
#define KIND(id, text, class_name, doc_text, ...)                                                  \
    [EVENT_##id] = {                                                                               \
        .name = text, .class = CLASS_##class_name, .doc = doc_text, .fields = {__VA_ARGS__}},
#include "replay/kinds.def"
#undef KIND
};

static const char *const class_names[] = {"ASYNC", "SYNC", "CONTROL", "NOTE"};
static const char *const field_type_names[] = {
    "none", "u8", "u16", "u32", "u64", "s32", "s64", "hash32", "hash64", "bytes", "text",
};

const EventKindInfo *event_kind_info(EventKind kind)
{
    assert(kind < EVENT_KIND_COUNT);
    return &kinds[kind];
}

const char *event_kind_name(EventKind kind)
{
    return kind < EVENT_KIND_COUNT ? kinds[kind].name : "unknown";
}

const char *event_class_name(EventClass class)
{
    return class_names[class];
}

const char *event_field_type_name(EventFieldType type)
{
    return field_type_names[type];
}

size_t event_field_bytes(EventFieldType type)
{
    switch (type) {
    case FIELD_U8: return 1;
    case FIELD_U16: return 2;
    case FIELD_U32:
    case FIELD_S32:
    case FIELD_HASH32: return 4;
    case FIELD_U64:
    case FIELD_S64:
    case FIELD_HASH64: return 8;
    case FIELD_NONE:
    case FIELD_BYTES:
    case FIELD_TEXT: break;
    }
    return 0;
}

size_t event_fixed_bytes(EventKind kind)
{
    size_t bytes = 0;
    for (const EventField *field = event_kind_info(kind)->fields; field->type; field++) {
        bytes += event_field_bytes(field->type);
    }
    return bytes;
}

bool event_has_rest(EventKind kind)
{
    for (const EventField *field = event_kind_info(kind)->fields; field->type; field++) {
        if (event_field_bytes(field->type) == 0) {
            return true;
        }
    }
    return false;
}

bool event_length_valid(EventKind kind, size_t len)
{
    size_t fixed = event_fixed_bytes(kind);
    return event_has_rest(kind) ? len >= fixed && len <= REPLAY_PAYLOAD_MAX : len == fixed;
}

bool event_counts_bytes(EventKind kind)
{
    return event_has_rest(kind) && event_fixed_bytes(kind) == 0;
}

uint64_t event_field_value(EventFieldType type, const uint8_t *at)
{
    uint64_t value = le_get(at, event_field_bytes(type));
    return type == FIELD_S32 ? (uint64_t)(int32_t)value : value;
}

void event_summary(GString *out, const ReplayEvent *event)
{
    char position[POSITION_TEXT_BYTES];
    g_string_append(out, event_kind_name(event->kind));
    if (kinds[event->kind].class == CLASS_ASYNC) {
        g_string_append_printf(out, ", source %u", event->source);
    }
    g_string_append_printf(out, ", %zu byte%s, at %s, digest 0x%04x", event->len,
                           event->len == 1 ? "" : "s", position_text(event->position, position),
                           event->digest);
}

static void put_hex(GString *out, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(out, "%02x", at[i]);
    }
}

// A C string literal when all bytes are ASCII, else hexadecimal.
static void put_readable(GString *out, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isprint(at[i]) && at[i] != '\n' && at[i] != '\r' && at[i] != '\t') {
            put_hex(out, at, len);
            return;
        }
    }
    g_string_append_c(out, '"');
    for (size_t i = 0; i < len; i++) {
        switch (at[i]) {
        case '\n': g_string_append(out, "\\n"); break;
        case '\r': g_string_append(out, "\\r"); break;
        case '\t': g_string_append(out, "\\t"); break;
        case '"': g_string_append(out, "\\\""); break;
        case '\\': g_string_append(out, "\\\\"); break;
        default: g_string_append_c(out, (char)at[i]); break;
        }
    }
    g_string_append_c(out, '"');
}

// A JSON string; bytes that aren't ASCII stand for the code points of the same number, so that any
// payload can be told.
static void put_json_string(GString *out, const uint8_t *at, size_t len)
{
    g_string_append_c(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (at[i] == '"' || at[i] == '\\') {
            g_string_append_printf(out, "\\%c", at[i]);
        } else if (g_ascii_isprint(at[i])) {
            g_string_append_c(out, (char)at[i]);
        } else {
            g_string_append_printf(out, "\\u%04x", at[i]);
        }
    }
    g_string_append_c(out, '"');
}

static void put_field(GString *out, const EventField *field, const uint8_t *at, size_t rest,
                      bool json)
{
    switch (field->type) {
    case FIELD_S32:
    case FIELD_S64:
        g_string_append_printf(out, "%" PRId64, (int64_t)event_field_value(field->type, at));
        break;
    case FIELD_HASH32:
    case FIELD_HASH64:
        g_string_append_printf(out, json ? "\"%0*" PRIx64 "\"" : "%0*" PRIx64,
                               (int)event_field_bytes(field->type) * 2,
                               event_field_value(field->type, at));
        break;
    case FIELD_BYTES:
        if (json) {
            g_string_append_c(out, '"');
            put_hex(out, at, rest);
            g_string_append_c(out, '"');
        } else {
            put_readable(out, at, rest);
        }
        break;
    case FIELD_TEXT: json ? put_json_string(out, at, rest) : put_readable(out, at, rest); break;
    default: g_string_append_printf(out, "%" PRIu64, event_field_value(field->type, at)); break;
    }
}

static void put_fields(GString *out, const ReplayEvent *event, bool json)
{
    const uint8_t *at = event->payload, *end = event->payload + event->len;
    for (const EventField *field = kinds[event->kind].fields; field->type; field++) {
        size_t bytes = event_field_bytes(field->type);
        if ((size_t)(end - at) < bytes) {
            return; // can't be with events from a log: the reader checked
        }
        g_string_append_printf(out, json ? ", \"%s\": " : " %s=", field->name);
        put_field(out, field, at, (size_t)(end - at), json);
        at += bytes;
    }
}

void event_text(GString *out, const ReplayEvent *event, uint64_t ordinal)
{
    char position[POSITION_TEXT_BYTES];
    g_string_append_printf(out, "%" PRIu64 " @%s %s", ordinal,
                           position_text(event->position, position), event_kind_name(event->kind));
    if (kinds[event->kind].class == CLASS_ASYNC) {
        g_string_append_printf(out, "(%u)", event->source);
    }
    if (event->in_idle) {
        g_string_append_printf(out, " idle=%" PRIu64 "ns", event->idle_ns);
    }
    g_string_append_printf(out, " cpu=%04x", event->digest);
    put_fields(out, event, false);
}

void event_json(GString *out, const ReplayEvent *event, uint64_t ordinal)
{
    g_string_append_printf(
        out, "{\"event\": %" PRIu64 ", \"icount\": %" PRIu64 ", \"step\": %u, \"kind\": \"%s\"",
        ordinal, event->position.icount, event->position.step, event_kind_name(event->kind));
    if (kinds[event->kind].class == CLASS_ASYNC) {
        g_string_append_printf(out, ", \"source\": %u", event->source);
    }
    if (event->in_idle) {
        g_string_append_printf(out, ", \"idle_ns\": %" PRIu64, event->idle_ns);
    }
    g_string_append_printf(out, ", \"cpu_digest\": \"%04x\"", event->digest);
    put_fields(out, event, true);
    g_string_append_c(out, '}');
}
