// SPDX-License-Identifier: GPL-2.0-or-later
// Short names for building JSON, for identity and reports of the drives.
#pragma once
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

static inline void add_string(JsonBuilder *json, const char *name, const char *value)
{
    json_builder_set_member_name(json, name);
    if (value) {
        json_builder_add_string_value(json, value);
    } else {
        json_builder_add_null_value(json);
    }
}

static inline void add_int(JsonBuilder *json, const char *name, uint64_t value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_int_value(json, (gint64)value);
}

static inline void add_bool(JsonBuilder *json, const char *name, bool value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, value);
}

static inline char *json_take_text(JsonBuilder *json)
{
    JsonNode *root = json_builder_get_root(json);
    char *text = json_to_string(root, FALSE);
    json_node_unref(root);
    g_object_unref(json);
    return text;
}
