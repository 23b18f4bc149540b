// SPDX-License-Identifier: GPL-2.0-or-later
// Identity of the drives for the log's header, and information for the monitor.
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

#include "block/block-private-host.h"

static DriveSpec *spec_at(unsigned i)
{
    return g_ptr_array_index(block_state.specs, i);
}

// ---- JSON ----

static void add_string(JsonBuilder *json, const char *name, const char *value)
{
    json_builder_set_member_name(json, name);
    if (value) {
        json_builder_add_string_value(json, value);
    } else {
        json_builder_add_null_value(json);
    }
}

static void add_int(JsonBuilder *json, const char *name, uint64_t value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_int_value(json, (gint64)value);
}

static void add_bool(JsonBuilder *json, const char *name, bool value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, value);
}

static char *to_text(JsonBuilder *json)
{
    JsonNode *root = json_builder_get_root(json);
    char *text = json_to_string(root, FALSE);
    json_node_unref(root);
    g_object_unref(json);
    return text;
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

char *block_identity_json(void)
{
    JsonBuilder *json = json_builder_new();
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "drives");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < block_drive_count(); i++) {
        const DriveSpec *spec = spec_at(i);
        if (spec->image_spec) {
            continue;
        }
        json_builder_begin_object(json);
        add_string(json, "id", spec->id);
        add_int(json, "size", spec->image->size_bytes);
        add_bool(json, "readonly", spec->read_only);
        add_bool(json, "snapshot", spec->temporary);
        add_undo(json, spec);
        add_chain(json, spec);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    return to_text(json);
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

// ---- for the monitor ----

static const char *cache_mode(const DriveSpec *spec)
{
    return spec->sync_writes ? "writethrough"
           : spec->no_flush  ? "writeback, ignore flushes"
                             : "writeback";
}

static const DriveSpec *with_image(const DriveSpec *spec)
{
    return spec->image_spec ? spec->image_spec : spec;
}

static unsigned chain_depth(const Image *image)
{
    unsigned depth = 0;
    for (image = image->backing; image; image = image->backing) {
        depth++;
    }
    return depth;
}

char *block_info_text(void)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < block_drive_count(); i++) {
        const DriveSpec *spec = with_image(spec_at(i));
        ImageInfo info;
        image_info(spec->file_image, &info);
        g_string_append_printf(text, "%s%s: %s (%s%s)\n", i ? "\n" : "", spec_at(i)->id, info.path,
                               info.format, spec->read_only ? ", read-only" : "");
        Device *dev = spec->shown.drive ? spec->shown.drive->dev : NULL;
        if (dev) {
            g_string_append_printf(text, "    Attached to:      %s\n", dev->path ? dev->path : "?");
        }
        g_string_append_printf(text, "    Cache mode:       %s\n", cache_mode(spec));
        if (spec->temporary || spec->image != spec->file_image) {
            g_string_append_printf(text, "    Writes go to:     %s\n",
                                   spec->undo ? "the image, old contents to the undo file"
                                              : "a temporary overlay");
        }
        if (info.backing) {
            g_string_append_printf(text, "    Backing file:     %s (chain depth: %u)\n",
                                   info.backing, chain_depth(spec->file_image));
        }
    }
    return g_string_free(text, FALSE);
}

static void add_image(JsonBuilder *json, const ImageInfo *info)
{
    json_builder_set_member_name(json, "image");
    json_builder_begin_object(json);
    add_string(json, "filename", info->path);
    add_string(json, "format", info->format);
    add_int(json, "virtual-size", info->size_bytes);
    add_int(json, "actual-size", info->allocated_bytes);
    if (info->cluster_bytes) {
        add_int(json, "cluster-size", info->cluster_bytes);
    }
    if (info->backing) {
        add_string(json, "backing-filename", info->backing);
    }
    add_bool(json, "dirty-flag", info->dirty);
    json_builder_end_object(json);
}

static void add_inserted(JsonBuilder *json, const DriveSpec *spec)
{
    ImageInfo info;
    image_info(spec->file_image, &info);
    json_builder_set_member_name(json, "inserted");
    json_builder_begin_object(json);
    add_string(json, "file", info.path);
    add_string(json, "drv", info.format);
    add_bool(json, "ro", spec->read_only);
    add_bool(json, "encrypted", false);
    if (info.backing) {
        add_string(json, "backing_file", info.backing);
    }
    add_int(json, "backing_file_depth", chain_depth(spec->file_image));
    static const char *const limits[] = {"bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"};
    for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++) {
        add_int(json, limits[i], 0);
    }
    add_string(json, "detect_zeroes", "off");
    add_int(json, "write_threshold", 0);
    json_builder_set_member_name(json, "cache");
    json_builder_begin_object(json);
    add_bool(json, "writeback", !spec->sync_writes);
    add_bool(json, "direct", false);
    add_bool(json, "no-flush", spec->no_flush);
    json_builder_end_object(json);
    add_image(json, &info);
    json_builder_end_object(json);
}

char *block_info_json(void)
{
    JsonBuilder *json = json_builder_new();
    json_builder_begin_array(json);
    for (unsigned i = 0; i < block_drive_count(); i++) {
        const DriveSpec *spec = with_image(spec_at(i));
        Device *dev = spec->shown.drive ? spec->shown.drive->dev : NULL;
        json_builder_begin_object(json);
        add_string(json, "device", spec_at(i)->id);
        if (dev && dev->path) {
            add_string(json, "qdev", dev->path);
        }
        add_string(json, "type", "unknown");
        add_bool(json, "removable", spec->cdrom);
        add_bool(json, "locked", false);
        add_inserted(json, spec);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    return to_text(json);
}
