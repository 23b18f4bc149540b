// SPDX-License-Identifier: GPL-2.0-or-later
// Identity of the drives for the log's header, and what differs between two of them.
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

#include "block/block-private-host.h"
#include "block/json-host.h"

static DriveSpec *spec_at(unsigned i)
{
    return g_ptr_array_index(block_state.specs, i);
}

static JsonObject *object_of(JsonArray *array, unsigned i)
{
    JsonNode *node =
        array && i < json_array_get_length(array) ? json_array_get_element(array, i) : NULL;
    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static const char *get_string(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;
    bool string =
        node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING;
    return string ? json_node_get_string(node) : "";
}

static int64_t get_int(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;
    bool value =
        node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) != G_TYPE_STRING;
    return value ? json_node_get_int(node) : 0;
}

static JsonArray *get_array(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;
    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static JsonObject *get_object(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;
    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

// The array "drives" of an identity, which may be the member "images" of a larger object; *parser
// keeps it alive.
static JsonArray *parse_identity(const char *text, JsonParser **parser)
{
    *parser = json_parser_new();
    JsonNode *root = text && json_parser_load_from_data(*parser, text, -1, NULL)
                         ? json_parser_get_root(*parser)
                         : NULL;
    JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    JsonObject *images = get_object(object, "images");
    return get_array(images ? images : object, "drives");
}

// ---- identity ----

static void add_chain(JsonBuilder *json, const DriveSpec *spec)
{
    json_builder_set_member_name(json, "chain");
    json_builder_begin_array(json);
    for (Image *image = spec->file_image; image; image = image->backing) {
        uint64_t identity;
        Error err;
        char hash[17] = "";
        if (image_identity(image, &identity, &err)) {
            g_snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)identity);
        }
        json_builder_begin_object(json);
        add_string(json, "file", image->path);
        add_string(json, "format", image->driver->format);
        add_int(json, "size", image->size_bytes);
        add_string(json, "hash", hash);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void add_undo(JsonBuilder *json, const DriveSpec *spec)
{
    json_builder_set_member_name(json, "undo");
    if (spec->undo_number < 0) {
        json_builder_add_null_value(json);
        return;
    }
    char id[33] = "";
    for (unsigned i = 0; i < 16; i++) {
        g_snprintf(id + 2 * i, 3, "%02x", spec->undo_id[i]);
    }
    json_builder_begin_object(json);
    add_int(json, "number", (uint64_t)spec->undo_number);
    add_string(json, "id", id);
    json_builder_end_object(json);
}

// What decides, beside the contents, on what the guest sees of its disk.
static void add_policy(JsonBuilder *json, const DriveSpec *spec)
{
    const Drive *drive = spec->shown.drive;
    add_string(json, "discard", spec->discard ? "unmap" : "ignore");
    add_string(json, "cache.writeback", spec->sync_writes ? "off" : "on");
    add_string(json, "werror", error_action_name(drive->on_write_error));
    add_string(json, "rerror", error_action_name(drive->on_read_error));
}

char *block_identity_json(void)
{
    JsonBuilder *json = json_builder_new();
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "drives");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < block_drive_count(); i++) {
        const DriveSpec *spec = spec_at(i);
        if (!block_spec_opens(spec)) {
            continue;
        }
        json_builder_begin_object(json);
        add_string(json, "id", spec->id);
        add_policy(json, spec);
        add_int(json, "size", spec->image->size_bytes);
        add_bool(json, "readonly", spec->read_only);
        add_bool(json, "snapshot", spec->temporary);
        add_undo(json, spec);
        add_chain(json, spec);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    return json_take_text(json);
}

bool block_identity_read_only(const char *text, unsigned drive)
{
    JsonParser *parser;
    bool read_only = get_int(object_of(parse_identity(text, &parser), drive), "readonly");
    g_object_unref(parser);
    return read_only;
}

bool block_identity_undo(const char *text, unsigned drive, int *number, uint8_t id[16])
{
    JsonParser *parser;
    JsonObject *undo = get_object(object_of(parse_identity(text, &parser), drive), "undo");
    const char *hex = get_string(undo, "id");
    bool ok = undo && strlen(hex) == 32;
    for (unsigned i = 0; ok && i < 16; i++) {
        int high = g_ascii_xdigit_value(hex[2 * i]), low = g_ascii_xdigit_value(hex[2 * i + 1]);
        ok = high >= 0 && low >= 0;
        id[i] = (uint8_t)(high << 4 | low);
    }
    if (ok) {
        *number = (int)CLAMP(get_int(undo, "number"), 0, INT32_MAX);
    }
    g_object_unref(parser);
    return ok;
}

static void differ(GString *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void differ(GString *list, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (list->len) {
        g_string_append(list, "; ");
    }
    g_string_append_vprintf(list, fmt, ap);
    va_end(ap);
}

static void compare_chain(GString *list, const char *id, JsonObject *then, JsonObject *now)
{
    JsonArray *chain_then = get_array(then, "chain"), *chain_now = get_array(now, "chain");
    unsigned length = chain_then ? json_array_get_length(chain_then) : 0;
    if (!chain_now || json_array_get_length(chain_now) != length) {
        differ(list, "drive '%s': recorded with %u image files in its chain, now it has %u", id,
               length, chain_now ? json_array_get_length(chain_now) : 0);
        return;
    }
    // The recording changed the hash of what it wrote to; the undo file knows better.
    bool written = get_object(then, "undo");
    for (unsigned i = 0; i < length; i++) {
        JsonObject *a = object_of(chain_then, i), *b = object_of(chain_now, i);
        const char *file = get_string(b, "file");
        if (strcmp(get_string(a, "format"), get_string(b, "format")) != 0) {
            differ(list, "drive '%s': '%s' is %s, recorded as %s", id, file,
                   get_string(b, "format"), get_string(a, "format"));
        } else if (get_int(a, "size") != get_int(b, "size")) {
            differ(list, "drive '%s': '%s' has %lld bytes, recorded with %lld", id, file,
                   (long long)get_int(b, "size"), (long long)get_int(a, "size"));
        } else if (!(i == 0 && written) &&
                   strcmp(get_string(a, "hash"), get_string(b, "hash")) != 0) {
            differ(list,
                   "drive '%s': '%s' is another image than the one recorded, or was changed since",
                   id, file);
        }
    }
}

static void compare_drive(GString *list, JsonObject *then, JsonObject *now)
{
    static const char *const flags[] = {"readonly", "snapshot"};
    const char *id = get_string(now, "id");
    if (strcmp(get_string(then, "id"), id) != 0) {
        differ(list, "drive '%s' is given where '%s' was recorded", id, get_string(then, "id"));
        return;
    }
    if (get_int(then, "size") != get_int(now, "size")) {
        differ(list, "drive '%s': %lld bytes, recorded with %lld", id,
               (long long)get_int(now, "size"), (long long)get_int(then, "size"));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (get_int(then, flags[i]) != get_int(now, flags[i])) {
            differ(list, "drive '%s': %s=%s, recorded with %s", id, flags[i],
                   get_int(now, flags[i]) ? "on" : "off", get_int(then, flags[i]) ? "on" : "off");
        }
    }
    static const char *const policies[] = {"discard", "cache.writeback", "werror", "rerror"};
    for (unsigned i = 0; i < G_N_ELEMENTS(policies); i++) {
        const char *old = get_string(then, policies[i]), *new = get_string(now, policies[i]);
        if (strcmp(old, new) != 0) {
            differ(list, "drive '%s': %s=%s, recorded with %s", id, policies[i], new, *old ? old : "none");
        }
    }
    compare_chain(list, id, then, now);
}

bool block_identity_check(const char *text, Error *err)
{
    JsonParser *parser_then, *parser_now;
    char *text_now = block_identity_json();
    JsonArray *then = parse_identity(text, &parser_then),
              *now = parse_identity(text_now, &parser_now);
    unsigned count = then ? json_array_get_length(then) : 0, count_now = json_array_get_length(now);
    GString *list = g_string_new(NULL);
    if (!then) {
        differ(list, "the log says nothing about drives");
    } else if (count != count_now) {
        differ(list, "recorded with %u drives, now there are %u", count, count_now);
    }
    for (unsigned i = 0; i < MIN(count, count_now); i++) {
        compare_drive(list, object_of(then, i), object_of(now, i));
    }
    bool same = list->len == 0 || fail(err, "%s", list->str);
    g_string_free(list, TRUE);
    g_free(text_now);
    g_object_unref(parser_then);
    g_object_unref(parser_now);
    return same;
}
