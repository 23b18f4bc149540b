// SPDX-License-Identifier: GPL-2.0-or-later
// Checking the configuration of a log's header before anything relies on it.
//
// json-glib parses by recursion without a limit, so nesting is measured before it sees the text.
#include "replay/config.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "replay/format.h"

enum { DEPTH_MAX = 64 };

static bool nesting_fits(const char *text, size_t len)
{
    unsigned depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (quoted) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                quoted = false;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++depth > DEPTH_MAX) {
                return false;
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        } else if (c == '/' || c == '#' || c == '\'') {
            return false; // comments and other quotes, which the parser takes: JSON has none
        }
    }
    return true;
}

bool config_valid(const char *text, size_t len, Error *err)
{
    if (len > CONFIG_MAX_BYTES) {
        return fail(err, "the log's configuration is longer than 16 MiB");
    }
    if (memchr(text, 0, len) || !g_utf8_validate(text, (gssize)len, NULL) ||
        !nesting_fits(text, len)) {
        return fail(err, "the log's configuration is not a JSON text nested at most %d deep",
                    DEPTH_MAX);
    }
    JsonParser *parser = json_parser_new();
    // An empty text is no error to the parser, but it has no root.
    JsonNode *root = json_parser_load_from_data(parser, text, (gssize)len, NULL)
                         ? json_parser_get_root(parser)
                         : NULL;
    bool object = root && JSON_NODE_HOLDS_OBJECT(root);
    g_object_unref(parser);
    return object || fail(err, "the log's configuration is not a JSON object");
}
