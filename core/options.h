// SPDX-License-Identifier: GPL-2.0-or-later
// Option lists of the command line and the monitor: `key=value,key=value,flag,…` with `,,` for a comma in a value.
//
// A bare word is the value of `first_key` in first place, else a flag (`word=on`; `noword` = `word=off` where the caller asks for word).
#pragma once
#include <stdint.h>

#include "util/error.h"

typedef struct Options Options;

Options *options_parse(const char *text, const char *first_key, Error *err); // NULL: err says what is wrong; free with options_free
void options_free(Options *options);
const char *options_get(Options *options, const char *key); // last value given, or NULL; marks the key as known
const char *options_id(Options *options);                   // options_get(…, "id")
bool options_bool(Options *options, const char *key, bool *value, Error *err);       // on/off/yes/no/true/false; *value is the default
bool options_number(Options *options, const char *key, uint64_t *value, Error *err); // decimal, 0x…
bool options_size(Options *options, const char *key, uint64_t *value, Error *err);   // bytes; suffix b, k, M, G, T, P or E
bool options_finish(Options *options, Error *err);          // an unknown key is an error: `Invalid parameter 'x'`; frees nothing
void options_set(Options *options, const char *key, const char *value);
// Calls back for each pair in order (for -device's properties and JSON).
void options_each(Options *options, void (*each)(void *ctx, const char *key, const char *value), void *ctx);
bool parse_size(const char *text, uint64_t *bytes, char default_suffix, Error *err); // "512M"; default_suffix 0 or 'M', …
// As options_bool, options_number and options_size, of a text; `name` is for the message. On failure *value stays.
bool parse_bool(const char *name, const char *text, bool *value, Error *err);
bool parse_number(const char *text, uint64_t *value);
bool parse_size_named(const char *name, const char *text, uint64_t *bytes, char default_suffix, Error *err);
