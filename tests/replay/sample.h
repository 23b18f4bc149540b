// SPDX-License-Identifier: GPL-2.0-or-later
// What the tests of the log share: made-up events, and files in a directory of the test's own.
#pragma once
#include <glib.h>

#include "replay/event.h"
#include "replay/log.h"

extern const char sample_config[];

// Path of a file in a fresh directory that sample_clean removes; owned by the helper.
const char *sample_path(const char *name);
void sample_clean(void);

// Events with valid payloads at positions that never go back; payloads up to `payload_max` bytes
// beyond the fixed fields.
GPtrArray *sample_events(GRand *rand, unsigned count, size_t payload_max);
ReplayEvent *sample_event(EventKind kind, Position position, const void *payload, size_t len);
void sample_event_free(void *event);
void assert_events_equal(const ReplayEvent *actual, const ReplayEvent *expected);

// Writes events, with a forced flush after every `per_frame`; ends cleanly or as after a kill.
void sample_write(const char *path, const GPtrArray *events, unsigned per_frame, bool clean);

uint8_t *file_load(const char *path, size_t *len);
void file_store(const char *path, const uint8_t *bytes, size_t len);
