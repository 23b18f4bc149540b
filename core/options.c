// SPDX-License-Identifier: GPL-2.0-or-later
// Option lists: parsing, typed access and the messages for what is wrong with them.
//
// Example: options_parse("disk.img,if=none,id=a,,b,snapshot", "file") holds file=disk.img, if=none,
// id="a,b" and the flag snapshot=on. The last of several values for a key counts.
#include "core/options.h"

#include <assert.h>
#include <glib.h>
#include <string.h>

typedef struct Pair {
    char *key, *value;
    bool flag;  // was a bare word
    bool known; // some caller asked for it
} Pair;

struct Options {
    GArray *pairs; // Pair
};

static Pair *pair_at(const Options *options, unsigned i)
{
    return &g_array_index(options->pairs, Pair, i);
}

// Text up to the next single comma, with doubled ones made single; *at is left at that comma or at
// the end.
static char *take_value(const char **at)
{
    GString *value = g_string_new(NULL);
    const char *p = *at;
    while (*p && (p[0] != ',' || p[1] == ',')) {
        g_string_append_c(value, *p);
        p += p[0] == ',' ? 2 : 1;
    }
    *at = p;
    return g_string_free(value, FALSE);
}

Options *options_parse(const char *text, const char *first_key, Error *err)
{
    Options *options = g_new0(Options, 1);
    options->pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
    const char *at = text;
    while (*at) {
        size_t key_len = strcspn(at, "=,");
        Pair pair = {0};
        if (at[key_len] == '=') {
            pair.key = g_strndup(at, key_len);
            at += key_len + 1;
            pair.value = take_value(&at);
        } else if (options->pairs->len == 0 && first_key) {
            pair.key = g_strdup(first_key);
            pair.value = take_value(&at);
        } else {
            pair.key = take_value(&at);
            pair.value = g_strdup("on");
            pair.flag = true;
        }
        g_array_append_val(options->pairs, pair);
        if (pair.key[0] == '\0') {
            fail(err, "Invalid parameter ''");
            options_free(options);
            return NULL;
        }
        at += *at == ',';
    }
    return options;
}

void options_free(Options *options)
{
    if (!options) {
        return;
    }
    for (unsigned i = 0; i < options->pairs->len; i++) {
        g_free(pair_at(options, i)->key);
        g_free(pair_at(options, i)->value);
    }
    g_array_free(options->pairs, TRUE);
    g_free(options);
}

const char *options_get(Options *options, const char *key)
{
    const char *value = NULL;
    for (unsigned i = 0; i < options->pairs->len; i++) {
        Pair *pair = pair_at(options, i);
        if (!strcmp(pair->key, key)) {
            pair->known = true;
            value = pair->value;
        } else if (pair->flag && g_str_has_prefix(pair->key, "no") && !strcmp(pair->key + 2, key)) {
            pair->known = true;
            value = "off";
        }
    }
    return value;
}

const char *options_id(Options *options)
{
    return options_get(options, "id");
}

bool parse_bool(const char *name, const char *text, bool *value, Error *err)
{
    static const char *const yes[] = {"on", "yes", "true", "y"};
    static const char *const no[] = {"off", "no", "false", "n"};
    for (unsigned i = 0; i < G_N_ELEMENTS(yes); i++) {
        if (!strcmp(text, yes[i])) {
            *value = true;
            return true;
        }
        if (!strcmp(text, no[i])) {
            *value = false;
            return true;
        }
    }
    return fail(err, "Parameter '%s' expects 'on' or 'off'", name);
}

typedef enum Parsed { PARSED, NOT_A_NUMBER, TOO_LARGE } Parsed;

// Digits in `base` up to the first other character; *end is set to that.
static Parsed parse_digits(const char *text, unsigned base, uint64_t *value, const char **end)
{
    uint64_t sum = 0;
    bool large = false;
    const char *p = text;
    for (; g_ascii_isxdigit(*p) && g_ascii_xdigit_value(*p) < (int)base; p++) {
        large = large || __builtin_mul_overflow(sum, base, &sum) ||
                __builtin_add_overflow(sum, (unsigned)g_ascii_xdigit_value(*p), &sum);
    }
    *end = p;
    *value = sum;
    return p == text ? NOT_A_NUMBER : large ? TOO_LARGE : PARSED;
}

static bool is_hex(const char *text)
{
    return text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

static Parsed number_from_text(const char *text, uint64_t *value)
{
    const char *end;
    uint64_t number;
    Parsed parsed = is_hex(text) ? parse_digits(text + 2, 16, &number, &end)
                                 : parse_digits(text, 10, &number, &end);
    if (parsed == NOT_A_NUMBER || *end) {
        return NOT_A_NUMBER;
    }
    if (parsed == PARSED) {
        *value = number;
    }
    return parsed;
}

bool parse_number(const char *text, uint64_t *value)
{
    return number_from_text(text, value) == PARSED;
}

// Exponent of two that a size suffix stands for, or -1.
static int suffix_shift(char suffix)
{
    static const char suffixes[] = "BKMGTPE";
    const char *found = suffix ? strchr(suffixes, g_ascii_toupper(suffix)) : NULL;
    return found ? (int)(found - suffixes) * 10 : -1;
}

// "1.5G": digits after the point count as parts of the unit, cut to whole bytes.
static Parsed size_from_text(const char *text, uint64_t *bytes, char default_suffix)
{
    const char *end;
    uint64_t whole, part = 0, part_unit = 1;
    if (is_hex(text)) {
        return number_from_text(text, bytes);
    }
    Parsed parsed = parse_digits(text, 10, &whole, &end);
    if (parsed == NOT_A_NUMBER) {
        return NOT_A_NUMBER;
    }
    bool fraction = *end == '.';
    if (fraction) {
        const char *digits = ++end;
        for (; g_ascii_isdigit(*end); end++) {
            if (end - digits < 9) { // what is finer than 10^-9 is dropped
                part = part * 10 + (unsigned)(*end - '0');
                part_unit *= 10;
            }
        }
    }
    if (fraction && !*end) {
        return NOT_A_NUMBER; // parts of what?
    }
    char suffix = *end ? *end++ : default_suffix;
    int shift = suffix ? suffix_shift(suffix) : 0;
    if (*end || shift < 0 || (fraction && shift == 0)) {
        return NOT_A_NUMBER;
    }
    unsigned __int128 sum =
        ((unsigned __int128)whole << shift) + ((unsigned __int128)part << shift) / part_unit;
    if (parsed == TOO_LARGE || sum > UINT64_MAX) {
        return TOO_LARGE;
    }
    *bytes = (uint64_t)sum;
    return PARSED;
}

bool parse_size_named(const char *name, const char *text, uint64_t *bytes, char default_suffix,
                      Error *err)
{
    switch (size_from_text(text, bytes, default_suffix)) {
    case PARSED: return true;
    case TOO_LARGE: return fail(err, "Value '%s' is out of range for parameter '%s'", text, name);
    case NOT_A_NUMBER: break;
    }
    return fail(err, "Parameter '%s' expects a non-negative number below 2^64", name);
}

bool parse_size(const char *text, uint64_t *bytes, char default_suffix, Error *err)
{
    return parse_size_named("size", text, bytes, default_suffix, err);
}

bool options_bool(Options *options, const char *key, bool *value, Error *err)
{
    const char *text = options_get(options, key);
    return !text || parse_bool(key, text, value, err);
}

bool options_number(Options *options, const char *key, uint64_t *value, Error *err)
{
    const char *text = options_get(options, key);
    switch (text ? number_from_text(text, value) : PARSED) {
    case PARSED: return true;
    case TOO_LARGE: return fail(err, "Value '%s' is too large for parameter '%s'", text, key);
    case NOT_A_NUMBER: break;
    }
    return fail(err, "Parameter '%s' expects a number", key);
}

bool options_size(Options *options, const char *key, uint64_t *value, Error *err)
{
    const char *text = options_get(options, key);
    return !text || parse_size_named(key, text, value, 0, err);
}

bool options_finish(Options *options, Error *err)
{
    for (unsigned i = 0; i < options->pairs->len; i++) {
        if (!pair_at(options, i)->known) {
            return fail(err, "Invalid parameter '%s'", pair_at(options, i)->key);
        }
    }
    return true;
}

void options_set(Options *options, const char *key, const char *value)
{
    for (unsigned i = options->pairs->len; i > 0; i--) {
        Pair *pair = pair_at(options, i - 1);
        if (!strcmp(pair->key, key)) {
            char *copy = g_strdup(value); // `value` may be the old one
            g_free(pair->value);
            pair->value = copy;
            pair->flag = false;
            return;
        }
    }
    Pair pair = {.key = g_strdup(key), .value = g_strdup(value)};
    g_array_append_val(options->pairs, pair);
}

void options_each(Options *options, void (*each)(void *ctx, const char *key, const char *value),
                  void *ctx)
{
    for (unsigned i = 0; i < options->pairs->len; i++) {
        each(ctx, pair_at(options, i)->key, pair_at(options, i)->value);
    }
}
