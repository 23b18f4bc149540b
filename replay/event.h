// SPDX-License-Identifier: GPL-2.0-or-later
// What is known of each event kind (from kinds.def), and events as text for people and programs.
#pragma once
#include <glib.h>

#include "replay/replay.h"

typedef enum EventClass { CLASS_ASYNC, CLASS_SYNC, CLASS_CONTROL, CLASS_NOTE } EventClass;

// Types of payload fields; HASH ones are unsigned numbers that people read in hexadecimal.
typedef enum EventFieldType {
    FIELD_NONE,
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_U64,
    FIELD_S32,
    FIELD_S64,
    FIELD_HASH32,
    FIELD_HASH64,
    FIELD_BYTES,
    FIELD_TEXT,
} EventFieldType;

typedef struct EventField {
    const char *name;
    EventFieldType type;
} EventField;

enum { EVENT_FIELDS_MAX = 5 };

typedef struct EventKindInfo {
    const char *name;
    EventClass class;
    const char *doc;
    EventField fields[EVENT_FIELDS_MAX]; // up to the first FIELD_NONE
} EventKindInfo;

const EventKindInfo *event_kind_info(EventKind kind);
const char *event_class_name(EventClass class);
const char *event_field_type_name(EventFieldType type);

size_t event_field_bytes(EventFieldType type); // in a payload; 0 for BYTES and TEXT
size_t event_fixed_bytes(EventKind kind);      // of all fields but a last BYTES or TEXT one
bool event_has_rest(EventKind kind);           // its last field is BYTES or TEXT
bool event_length_valid(EventKind kind, size_t len);
// Credit is counted in payload bytes for kinds that are bytes alone, in posts for all others.
bool event_counts_bytes(EventKind kind);

uint64_t event_field_value(EventFieldType type, const uint8_t *at); // sign-extended

// "char-rx, source 0, 1 byte, at 1234+1, digest 0x1a2b"
void event_summary(GString *out, const ReplayEvent *event);
// One line (no newline) with the payload in full, as text or as a JSON object. `ordinal` is the
// event's number in the log, from 0.
void event_text(GString *out, const ReplayEvent *event, uint64_t ordinal);
void event_json(GString *out, const ReplayEvent *event, uint64_t ordinal);
