// SPDX-License-Identifier: GPL-2.0-or-later
// -drive and -blockdev: from the option's text to a DriveSpec. Names, values and messages are those
// that QEMU's users know.
//
// A few keys belong to the drive; all others describe the tree of nodes under it
// (node-options-host.c). -drive's own short forms are put into that tree's terms first: file=X is
// file.filename=X, format=F is driver=F.
#include <stdlib.h>
#include <string.h>

#include "block/block-private-host.h"
#include "core/options.h"

static const char *const if_names[BLOCK_IF_COUNT] = {
    [BLOCK_IF_DEFAULT] = "default", [BLOCK_IF_NONE] = "none",     [BLOCK_IF_IDE] = "ide",
    [BLOCK_IF_SCSI] = "scsi",       [BLOCK_IF_FLOPPY] = "floppy", [BLOCK_IF_PFLASH] = "pflash",
    [BLOCK_IF_MTD] = "mtd",         [BLOCK_IF_SD] = "sd",         [BLOCK_IF_VIRTIO] = "virtio",
};

const char *block_interface_name(BlockIf interface)
{
    return if_names[interface];
}

void block_spec_free(DriveSpec *spec)
{
    if (spec) {
        g_free(spec->optarg);
        g_free(spec->id);
        g_free(spec->werror);
        g_free(spec->rerror);
        node_free(spec->node);
        g_free(spec);
    }
}

static bool one_of(const char *value, const char *const *names)
{
    for (; *names; names++) {
        if (strcmp(value, *names) == 0) {
            return true;
        }
    }
    return false;
}

static bool parse_if(DriveSpec *spec, Options *options, Error *err)
{
    const char *value = options_get(options, "if");
    if (!value) {
        return true;
    }
    for (int i = BLOCK_IF_NONE; i < BLOCK_IF_COUNT; i++) {
        if (strcmp(value, if_names[i]) == 0) {
            spec->interface = (BlockIf)i;
            return true;
        }
    }
    return fail(err, "unsupported bus type '%s'", value);
}

static bool parse_place(Options *options, const char *key, int *place, Error *err)
{
    *place = -1;
    if (!options_get(options, key)) {
        return true;
    }
    uint64_t value = 0;
    if (!options_number(options, key, &value, err)) {
        return false;
    }
    if (value > 255) {
        return fail(err, "%s=%llu is too large", key, (unsigned long long)value);
    }
    *place = (int)value;
    return true;
}

static bool parse_places(DriveSpec *spec, Options *options, Error *err)
{
    if (!parse_place(options, "index", &spec->index, err) ||
        !parse_place(options, "bus", &spec->bus, err) ||
        !parse_place(options, "unit", &spec->unit, err)) {
        return false;
    }
    if (spec->index >= 0 && (spec->bus >= 0 || spec->unit >= 0)) {
        return fail(err, "index cannot be used with bus and unit");
    }
    return true;
}

static bool parse_media(DriveSpec *spec, Options *options, Error *err)
{
    const char *media = options_get(options, "media");
    bool read_only = false;
    if (!options_bool(options, "readonly", &read_only, err)) {
        return false;
    }
    if (media && strcmp(media, "cdrom") == 0) {
        spec->cdrom = true;
        read_only = true;
    } else if (media && strcmp(media, "disk") != 0) {
        return fail(err, "'%s' invalid media", media);
    }
    spec->read_only = read_only;
    spec->snapshot = -1;
    if (options_get(options, "snapshot")) {
        bool snapshot = false;
        if (!options_bool(options, "snapshot", &snapshot, err)) {
            return false;
        }
        spec->snapshot = snapshot;
    }
    return true;
}

// Caching by the host is the kernel's business; what counts is when a write is on the disk.
static bool parse_cache(DriveSpec *spec, Options *options, Error *err)
{
    static const char *const modes[] = {"none",         "writeback", "unsafe", "directsync",
                                        "writethrough", "off",       NULL};
    const char *cache = options_get(options, "cache");
    if (cache && !one_of(cache, modes)) {
        return fail(err, "invalid cache option");
    }
    spec->no_flush = cache && strcmp(cache, "unsafe") == 0;
    spec->sync_writes =
        cache && (strcmp(cache, "writethrough") == 0 || strcmp(cache, "directsync") == 0);
    spec->direct = cache && (strcmp(cache, "none") == 0 || strcmp(cache, "off") == 0 ||
                             strcmp(cache, "directsync") == 0);
    bool write_back = !spec->sync_writes;
    if (!options_bool(options, "cache.writeback", &write_back, err)) {
        return false;
    }
    spec->sync_writes = !write_back;
    static const char *const aio_modes[] = {"threads", "native", "io_uring", NULL};
    const char *aio = options_get(options, "aio");
    if (aio && !one_of(aio, aio_modes)) {
        return fail(err, "invalid aio option");
    }
    spec->aio_native = aio && strcmp(aio, "native") == 0;
    return true;
}

static bool parse_errors(DriveSpec *spec, Options *options, Error *err)
{
    Drive scratch = {0};
    const char *werror = options_get(options, "werror"), *rerror = options_get(options, "rerror");
    const char *copy = options_get(options, "copy-on-read");
    if (copy && strcmp(copy, "off") != 0) {
        return fail(err, "copy-on-read=%s is not supported (only copy-on-read=off is)", copy);
    }
    spec->werror = g_strdup(werror);
    spec->rerror = g_strdup(rerror);
    return drive_set_policy(&scratch, werror, rerror, err);
}

// ---- the tree under a -drive ----

static const char *const drive_keys[] = {
    "if",     "index",  "bus", "unit",   "media",  "snapshot", "cache",  "cache.writeback", "aio",
    "werror", "rerror", "id",  "format", "driver", "file",     "copy-on-read", "readonly",  NULL};

typedef struct Rest {
    JsonObject *object;
    Error *err;
    bool ok;
} Rest;

static void take_rest(void *ctx, const char *key, const char *value)
{
    Rest *rest = ctx;
    rest->ok = rest->ok && (one_of(key, drive_keys) || node_nest(rest->object, key, value, rest->err));
}

static JsonObject *child_object(JsonObject *object, const char *name)
{
    JsonNode *child = json_object_get_member(object, name);
    return child && JSON_NODE_HOLDS_OBJECT(child) ? json_node_get_object(child) : NULL;
}

static const char *string_member(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;
    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}

// A node with a file's name is that file if it says so; else it is some format over it.
static void file_below(JsonObject *object)
{
    const char *driver = string_member(object, "driver"), *name = string_member(object, "filename");
    if (name && !node_is_protocol(driver)) {
        JsonObject *file = child_object(object, "file");
        if (!file) {
            file = json_object_new();
            json_object_set_object_member(object, "file", file);
        }
        json_object_set_string_member(file, "filename", name);
        json_object_remove_member(object, "filename");
    }
}

// file=X, which may say more than a name.
static bool put_file(JsonObject *object, const char *file, Error *err)
{
    JsonObject *child = child_object(object, "file");
    const char *other = string_member(child, "filename");
    if (other && strcmp(other, file) != 0) {
        return fail(err, "file and file.filename can't both be given");
    }
    bool null = g_str_has_prefix(file, "null-co://") || g_str_has_prefix(file, "null-aio://");
    return null ? node_nest(object, "file.driver", "null-co", err)
                : node_nest(object, "file.filename", file, err);
}

static bool put_format(JsonObject *object, const char *format, const char *driver, Error *err)
{
    if (format && driver && strcmp(format, driver) != 0) {
        return strcmp(driver, "blkreplay") == 0
                   ? fail(err, "format= belongs to the image of a blkreplay drive (image.driver=)")
                   : fail(err, "format and driver can't both be given");
    }
    format = format ? format : driver;
    if (format && node_is_protocol(format) && child_object(object, "file")) {
        // driver=file,file.filename=X: the protocol alone, which is the raw format.
        format = "raw";
    }
    if (format) {
        json_object_set_string_member(object, "driver", format);
    }
    return true;
}

// file=json:{…}: a whole tree, over which format= may still be put.
static NodeSpec *pseudo_node(const char *file, const char *format, Error *err)
{
    NodeSpec *node = node_parse_pseudo(file, err);
    if (node && (format || node_is_protocol(node->driver)) && !node->image) {
        if (!node_is_protocol(node->driver) && g_strcmp0(node->driver, format) == 0) {
            return node;
        }
        NodeSpec *top = node_new();
        top->driver = g_strdup(format);
        top->file = node;
        return top;
    }
    return node;
}

static void inherit(NodeChoice *choice, NodeChoice given)
{
    *choice = given == NODE_DEFAULT ? *choice : given;
}

static NodeSpec *tree_of_pseudo(const char *file, const char *format, JsonObject *rest, Error *err)
{
    NodeSpec *node = pseudo_node(file, format, err);
    if (node && json_object_get_size(rest) > 0) {
        // Choices of the drive itself; a driver that takes them all reads them.
        json_object_set_string_member(rest, "driver", "null-co");
        NodeSpec *given = node_parse(rest, NODE_DRIVE, err);
        if (!given) {
            node_free(node);
            return NULL;
        }
        inherit(&node->read_only, given->read_only);
        inherit(&node->auto_read_only, given->auto_read_only);
        inherit(&node->discard, given->discard);
        inherit(&node->detect_zeroes, given->detect_zeroes);
        inherit(&node->direct, given->direct);
        inherit(&node->no_flush, given->no_flush);
        node_free(given);
    }
    return node;
}

static NodeSpec *parse_tree(Options *options, Error *err)
{
    const char *driver = options_get(options, "driver"), *format = options_get(options, "format");
    const char *file = options_get(options, "file");
    Rest rest = {json_object_new(), err, true};
    NodeSpec *node = NULL;
    options_each(options, take_rest, &rest);
    bool pseudo = file && g_str_has_prefix(file, "json:");
    bool blkreplay = driver && strcmp(driver, "blkreplay") == 0;
    JsonObject *image = child_object(rest.object, "image");
    if (rest.ok && pseudo) {
        node = tree_of_pseudo(file, format ? format : driver, rest.object, err);
    } else if (rest.ok && (!file || put_file(rest.object, file, err)) &&
               put_format(rest.object, format, driver, err)) {
        file_below(blkreplay && image ? image : rest.object);
        bool whole = blkreplay || node_is_null(driver) || child_object(rest.object, "file") ||
                     string_member(rest.object, "file") || string_member(rest.object, "filename");
        if (!whole || (file && !*file)) {
            fail(err, "no file= given (drives without a medium are not supported)");
        } else {
            node = node_parse(rest.object, NODE_DRIVE, err);
        }
    }
    json_object_unref(rest.object);
    return node;
}

// ---- both ----

// What the node says of the drive over it.
static bool take_node(DriveSpec *spec, NodeSpec *node, Error *err)
{
    spec->node = node;
    const NodeSpec *image = node->image && !node->image->ref ? node->image : node;
    spec->read_only = spec->read_only || image->read_only == NODE_ON;
    spec->no_flush = image->no_flush == NODE_DEFAULT ? spec->no_flush : image->no_flush == NODE_ON;
    spec->direct = image->direct == NODE_DEFAULT ? spec->direct : image->direct == NODE_ON;
    spec->discard = node->discard == NODE_ON || image->discard == NODE_ON;
    NodeChoice zeroes = node->detect_zeroes > 0 ? node->detect_zeroes : image->detect_zeroes;
    spec->detect_zeroes = zeroes > 0 ? zeroes : NODE_OFF;
    if (spec->detect_zeroes == NODE_UNMAP && !spec->discard) {
        return fail(err, "setting detect-zeroes to unmap is not allowed without setting discard "
                         "operation to unmap");
    }
    if (spec->aio_native && !spec->direct) {
        return fail(err, "aio=native was specified, but it requires cache.direct=on, which was not "
                         "specified.");
    }
    return true;
}

static DriveSpec *spec_new(const char *text, bool blockdev)
{
    static unsigned serial;
    DriveSpec *spec = g_new0(DriveSpec, 1);
    spec->serial = ++serial;
    bool longer = g_utf8_strlen(text, -1) > 160;
    char *start = longer ? g_utf8_substring(text, 0, 150) : g_strdup(text);
    spec->optarg = g_strdup_printf("-%s %s%s", blockdev ? "blockdev" : "drive", start, longer ? "…" : "");
    g_free(start);
    spec->blockdev = blockdev;
    spec->undo_number = -1;
    spec->snapshot = spec->index = spec->bus = spec->unit = -1;
    return spec;
}

DriveSpec *block_spec_parse(const char *text, Error *err)
{
    Options *options = options_parse(text, NULL, err);
    if (!options) {
        return NULL;
    }
    DriveSpec *spec = spec_new(text, false);
    const char *id = options_id(options);
    NodeSpec *node = NULL;
    bool ok = parse_if(spec, options, err) && parse_places(spec, options, err) &&
              parse_media(spec, options, err) && parse_cache(spec, options, err) &&
              parse_errors(spec, options, err) && (node = parse_tree(options, err)) &&
              take_node(spec, node, err);
    if (ok && id && !node_id_ok(id)) {
        ok = fail(err, "Parameter 'id' expects an identifier");
    }
    spec->id = g_strdup(id);
    options_free(options);
    if (!ok) {
        block_spec_free(spec);
        return NULL;
    }
    return spec;
}

DriveSpec *block_spec_of_node(NodeSpec *node, const char *text, Error *err)
{
    DriveSpec *spec = spec_new(text, true);
    spec->interface = BLOCK_IF_NONE;
    spec->snapshot = 0; // -snapshot is for -drive alone
    bool ok = take_node(spec, node, err) &&
              (node->name || fail(err, "'node-name' must be specified for the root node"));
    spec->id = g_strdup(node->name);
    if (!ok) {
        block_spec_free(spec);
        return NULL;
    }
    return spec;
}
