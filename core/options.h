// SPDX-License-Identifier: GPL-2.0-or-later
// Option lists of the command line and the monitor: `key=value,key=value,flag,…` with `,,` for a
// comma in a value.
//
// A bare word is the value of `first_key` in first place, else a flag (`word=on`; `noword` =
// `word=off` where the caller asks for word).
#pragma once
#include <stdint.h>

#include "util/error.h"

typedef struct Options Options;

// NULL: err says what is wrong. Free with options_free.
Options *options_parse(const char *text, const char *first_key, Error *err);
void options_free(Options *options);
const char *options_get(Options *options, const char *key); // last value or NULL; key is now known
const char *options_id(Options *options);                   // options_get(…, "id")

// *value is the default: it stays if the key isn't given, and on failure.
bool options_bool(Options *options, const char *key, bool *value, Error *err); // on/off/yes/no/…
bool options_number(Options *options, const char *key, uint64_t *value, Error *err); // decimal, 0x…
bool options_size(Options *options, const char *key, uint64_t *value, Error *err); // see parse_size

// A key that nobody asked for is an error: `Invalid parameter 'x'`. Frees nothing.
bool options_finish(Options *options, Error *err);
void options_set(Options *options, const char *key, const char *value); // replaces the last value
// Calls back for each pair in order (for -device's properties and JSON).
void options_each(Options *options, void (*each)(void *ctx, const char *key, const char *value),
                  void *ctx);

// "512M", "1.5G", "0x1000": bytes; suffix b, k, M, G, T, P or E, else default_suffix (0: bytes).
bool parse_size(const char *text, uint64_t *bytes, char default_suffix, Error *err);
// The same of one text; `name` is for messages. *value stays on failure.
bool parse_bool(const char *name, const char *text, bool *value, Error *err);
bool parse_number(const char *text, uint64_t *value);
bool parse_size_named(const char *name, const char *text, uint64_t *bytes, char default_suffix,
                      Error *err);
