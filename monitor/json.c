// SPDX-License-Identifier: GPL-2.0-or-later
// JSON for QMP: cutting a byte stream into values, reading a value, and writing one as QMP's clients
// have always seen it.
//
// The cutter knows strings, brackets and words, no more; it bounds size (1 MiB) and depth (1024), so that
// the real parser behind it never meets more. Strings in single quotes are taken too. After an error it
// goes on with the next byte, after an oversized value with the next line.
#include "monitor/command.h"

#include <math.h>
#include <string.h>

enum { VALUE_MAX = 1 << 20, DEPTH_MAX = 1024 };

struct JsonStream {
    JsonValue *value;
    void *ctx;
    GString *text;         // the value so far
    char closers[DEPTH_MAX];
    unsigned depth;
    char quote;            // in a string: its delimiter; else 0
    bool escaped;
    bool word;             // a number or keyword outside of brackets
    bool skipping;         // to the end of the line
};

JsonStream *json_stream_new(JsonValue *value, void *ctx)
{
    JsonStream *stream = g_new0(JsonStream, 1);
    stream->value = value;
    stream->ctx = ctx;
    stream->text = g_string_new(NULL);
    return stream;
}

void json_stream_free(JsonStream *stream)
{
    g_string_free(stream->text, TRUE);
    g_free(stream);
}

void json_stream_reset(JsonStream *stream)
{
    g_string_truncate(stream->text, 0);
    stream->depth = 0;
    stream->quote = 0;
    stream->escaped = stream->word = stream->skipping = false;
}

static void stream_error(JsonStream *stream, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void stream_error(JsonStream *stream, const char *fmt, ...)
{
    Error err;
    va_list ap;
    va_start(ap, fmt);
    g_vsnprintf(err.msg, sizeof(err.msg), fmt, ap);
    va_end(ap);
    json_stream_reset(stream);
    stream->value(stream->ctx, NULL, 0, &err);
}

static void stream_complete(JsonStream *stream)
{
    char *text = g_strndup(stream->text->str, stream->text->len);
    gsize len = stream->text->len;
    json_stream_reset(stream);
    stream->value(stream->ctx, text, len, NULL);
    g_free(text);
}

static bool is_word(uint8_t ch) { return g_ascii_isalnum(ch) || strchr("+-._", ch); }

static void word_complete(JsonStream *stream)
{
    const char *word = stream->text->str;
    if (g_ascii_isalpha(word[0]) && strcmp(word, "true") != 0 && strcmp(word, "false") != 0 &&
        strcmp(word, "null") != 0) {
        char shown[64];
        g_strlcpy(shown, word, sizeof(shown));
        stream_error(stream, "JSON parse error, invalid keyword '%s'", shown);
    } else {
        stream_complete(stream);
    }
}

// Inside a string. What was in single quotes is rewritten, since the parser behind knows only double ones.
static void feed_string(JsonStream *stream, uint8_t ch)
{
    GString *text = stream->text;
    if (stream->escaped) {
        stream->escaped = false;
        if (ch == '\'') {
            text->str[text->len - 1] = '\'';
        } else {
            g_string_append_c(text, (char)ch);
        }
    } else if (ch == stream->quote) {
        stream->quote = 0;
        g_string_append_c(text, '"');
        if (stream->depth == 0) {
            stream_complete(stream);
        }
    } else if (ch == '"') {
        g_string_append(text, "\\\"");
    } else if (ch < 0x20) {
        stream_error(stream, "JSON parse error, control character in string");
    } else {
        stream->escaped = ch == '\\';
        g_string_append_c(text, (char)ch);
    }
}

static void feed_open(JsonStream *stream, uint8_t ch)
{
    if (stream->depth == DEPTH_MAX) {
        stream_error(stream, "JSON nesting depth limit exceeded");
        stream->skipping = true;
        return;
    }
    stream->closers[stream->depth++] = ch == '{' ? '}' : ']';
    g_string_append_c(stream->text, (char)ch);
}

static void feed_close(JsonStream *stream, uint8_t ch)
{
    if (stream->depth == 0 || stream->closers[stream->depth - 1] != ch) {
        stream_error(stream, "JSON parse error, expecting value");
        return;
    }
    g_string_append_c(stream->text, (char)ch);
    if (--stream->depth == 0) {
        stream_complete(stream);
    }
}

static void feed_outside(JsonStream *stream, uint8_t ch)
{
    if (stream->word && !is_word(ch)) {
        word_complete(stream);
    }
    if (ch == '{' || ch == '[') {
        feed_open(stream, ch);
    } else if (ch == '}' || ch == ']') {
        feed_close(stream, ch);
    } else if (ch == '"' || ch == '\'') {
        stream->quote = (char)ch;
        g_string_append_c(stream->text, '"');
    } else if (ch == '\0' || ch >= 0x80 || !(is_word(ch) || strchr(" \t\r\n,:", ch))) {
        if (ch > 0x20 && ch < 0x7f) {
            stream_error(stream, "JSON parse error, stray '%c'", ch);
        } else {
            stream_error(stream, "JSON parse error, stray '\\x%02x'", ch);
        }
    } else if (stream->depth) {
        g_string_append_c(stream->text, (char)ch);
    } else if (is_word(ch)) {
        stream->word = true;
        g_string_append_c(stream->text, (char)ch);
    } else if (ch == ',' || ch == ':') {
        stream_error(stream, "JSON parse error, expecting value");
    }
}

void json_stream_feed(JsonStream *stream, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (stream->skipping) {
            stream->skipping = buf[i] != '\n';
        } else if (stream->quote) {
            feed_string(stream, buf[i]);
        } else {
            feed_outside(stream, buf[i]);
        }
        if (stream->text->len > VALUE_MAX) {
            stream_error(stream, "JSON token size limit exceeded");
            stream->skipping = true;
        }
    }
}

JsonNode *json_parse(const char *text, gssize len, Error *err)
{
    JsonParser *parser = json_parser_new();
    GError *error = NULL;
    JsonNode *node = NULL;
    if (!json_parser_load_from_data(parser, text, len, &error)) {
        fail(err, "JSON parse error, %s",
             g_error_matches(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_INVALID_DATA)
                 ? "invalid UTF-8 sequence in string"
                 : "expecting value");
        g_error_free(error);
    } else {
        node = json_parser_steal_root(parser);
        if (!node) {
            fail(err, "JSON parse error, expecting value");
        }
    }
    g_object_unref(parser);
    return node;
}

// ---- writing ----

static void append_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
        gunichar ch = g_utf8_get_char(p);
        const char *found = ch < 0x80 ? strchr(plain, (int)ch) : NULL;
        if (found) {
            g_string_append_printf(out, "\\%c", letters[found - plain]);
        } else if (ch >= 0x20 && ch < 0x7f) {
            g_string_append_c(out, (char)ch);
        } else if (ch < 0x10000) {
            g_string_append_printf(out, "\\u%04X", ch);
        } else {
            g_string_append_printf(out, "\\u%04X\\u%04X", 0xd800 + ((ch - 0x10000) >> 10),
                                   0xdc00 + ((ch - 0x10000) & 0x3ff));
        }
    }
    g_string_append_c(out, '"');
}

static void append_value(GString *out, JsonNode *node)
{
    GType type = json_node_get_value_type(node);
    if (type == G_TYPE_STRING) {
        append_string(out, json_node_get_string(node));
    } else if (type == G_TYPE_BOOLEAN) {
        g_string_append(out, json_node_get_boolean(node) ? "true" : "false");
    } else if (type == G_TYPE_DOUBLE) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];
        double value = json_node_get_double(node);
        g_string_append(out, isfinite(value) ? g_ascii_dtostr(text, sizeof(text), value) : "null");
    } else {
        g_string_append_printf(out, "%" G_GINT64_FORMAT, json_node_get_int(node));
    }
}

// indent < 0: all in one line.
static void append_line(GString *out, int indent)
{
    if (indent >= 0) {
        g_string_append_printf(out, "\n%*s", indent, "");
    }
}

static void append_node(GString *out, JsonNode *node, int indent)
{
    const char *comma = indent < 0 ? ", " : ",", *separator = "";
    int inner = indent < 0 ? indent : indent + 4;
    switch (json_node_get_node_type(node)) {
    case JSON_NODE_OBJECT: {
        JsonObjectIter iter;
        const char *name;
        JsonNode *member;
        g_string_append_c(out, '{');
        json_object_iter_init_ordered(&iter, json_node_get_object(node));
        while (json_object_iter_next_ordered(&iter, &name, &member)) {
            g_string_append(out, separator);
            append_line(out, inner);
            append_string(out, name);
            g_string_append(out, ": ");
            append_node(out, member, inner);
            separator = comma;
        }
        append_line(out, indent);
        g_string_append_c(out, '}');
        return;
    }
    case JSON_NODE_ARRAY: {
        JsonArray *array = json_node_get_array(node);
        g_string_append_c(out, '[');
        for (guint i = 0; i < json_array_get_length(array); i++) {
            g_string_append(out, separator);
            append_line(out, inner);
            append_node(out, json_array_get_element(array, i), inner);
            separator = comma;
        }
        append_line(out, indent);
        g_string_append_c(out, ']');
        return;
    }
    case JSON_NODE_NULL: g_string_append(out, "null"); return;
    case JSON_NODE_VALUE: append_value(out, node); return;
    }
}

void json_append(GString *out, JsonNode *node) { append_node(out, node, -1); }

void json_append_pretty(GString *out, JsonNode *node) { append_node(out, node, 0); }
