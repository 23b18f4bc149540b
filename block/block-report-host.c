// SPDX-License-Identifier: GPL-2.0-or-later
// What the monitor's queries say of drives and nodes: query-block, query-named-block-nodes,
// query-blockstats, their forms for people, and the data of BLOCK_IO_ERROR.
//
// Each image is two nodes: its format and, under it, its file. Nodes without a name get one, "#block"
// and a number that stays while the image is open.
#include <errno.h>
#include <string.h>

#include "block/block-private-host.h"
#include "block/json-host.h"

static DriveSpec *spec_at(unsigned i)
{
    return g_ptr_array_index(block_state.specs, i);
}

static const DriveSpec *with_image(const DriveSpec *spec)
{
    return spec->image_spec ? spec->image_spec : spec;
}

static bool shown(const DriveSpec *spec)
{
    return !spec->child && with_image(spec)->file_image;
}

static const Device *device_of(const DriveSpec *spec)
{
    const Drive *drive = with_image(spec)->shown.drive;
    return drive ? drive->dev : NULL;
}

static const char *device_name(const Device *dev)
{
    return dev->id ? dev->id : dev->path ? dev->path : "?";
}

// ---- nodes ----

typedef struct Node { // one row of query-named-block-nodes
    char name[40];
    const DriveSpec *spec;
    Image *image;
    bool file; // the file under it
} Node;

typedef void NodeFn(void *ctx, const Node *node);

static const NodeSpec *file_spec(const Image *image)
{
    const NodeSpec *node = image->node;
    while (node && node->file) {
        node = node->file;
        node = node->ref ? block_node_find(node->ref) : node;
    }
    return node;
}

static void each_node(const DriveSpec *spec, NodeFn *fn, void *ctx)
{
    unsigned depth = 0;
    for (Image *image = spec->file_image; image; image = image->backing, depth++) {
        bool single = image->node && node_is_protocol(image->node->driver);
        for (unsigned file = 0; file < (single ? 1 : 2); file++) {
            const NodeSpec *from = file ? file_spec(image) : image->node;
            Node node = {.spec = spec, .image = image, .file = file || single};
            if (from && from->name) {
                g_strlcpy(node.name, from->name, sizeof(node.name));
            } else {
                g_snprintf(node.name, sizeof(node.name), "#block%u%02u%u", spec->serial,
                           depth % 100, file);
            }
            fn(ctx, &node);
        }
    }
}

static void first_name(void *ctx, const Node *node)
{
    char *name = ctx;
    if (!name[0]) {
        memcpy(name, node->name, sizeof(node->name));
    }
}

static const char *top_name(const DriveSpec *spec, char name[40])
{
    name[0] = '\0';
    each_node(spec, first_name, name);
    return name;
}

static const char *driver_name(const Node *node)
{
    const NodeSpec *spec = node->image->node;
    if (node->image->fd < 0 && spec && !node->file) {
        return spec->driver ? spec->driver : "raw"; // raw over a null disk
    }
    return node->file && node->image->fd >= 0 ? "file" : node->image->driver->format;
}

static unsigned chain_depth(const Image *image)
{
    unsigned depth = 0;
    for (image = image->backing; image; image = image->backing) {
        depth++;
    }
    return depth;
}

static void add_specific(JsonBuilder *json, const ImageInfo *info)
{
    json_builder_set_member_name(json, "format-specific");
    json_builder_begin_object(json);
    add_string(json, "type", info->format);
    json_builder_set_member_name(json, "data");
    json_builder_begin_object(json);
    add_string(json, "compat", info->version == 2 ? "0.10" : "1.1");
    add_string(json, "compression-type", info->compression);
    add_int(json, "refcount-bits", info->refcount_bits);
    if (info->version > 2) {
        add_bool(json, "lazy-refcounts", info->lazy_refcounts);
        add_bool(json, "corrupt", info->corrupt);
        add_bool(json, "extended-l2", false);
    }
    json_builder_end_object(json);
    json_builder_end_object(json);
}

static void add_image(JsonBuilder *json, const Node *node)
{
    ImageInfo info;
    image_info(node->image, &info);
    json_builder_set_member_name(json, "image");
    json_builder_begin_object(json);
    add_string(json, "filename", info.path ? info.path : "null-co://");
    add_string(json, "format", driver_name(node));
    add_int(json, "virtual-size", info.size_bytes);
    add_int(json, "actual-size", info.allocated_bytes);
    add_bool(json, "dirty-flag", !node->file && info.dirty);
    if (info.cluster_bytes && !node->file) {
        add_int(json, "cluster-size", info.cluster_bytes);
        add_specific(json, &info);
    }
    if (info.backing && !node->file) {
        add_string(json, "backing-filename", info.backing);
    }
    json_builder_end_object(json);
}

static const char *zeroes_name(NodeChoice choice)
{
    return choice == NODE_UNMAP ? "unmap" : choice == NODE_ON ? "on" : "off";
}

// Members of BlockDeviceInfo, in the object that is open.
static void add_node(JsonBuilder *json, const Node *node)
{
    static const char *const limits[] = {"bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"};
    const DriveSpec *spec = node->spec;
    bool top = node->image == spec->file_image;
    add_string(json, "file", node->image->path ? node->image->path : "null-co://");
    add_string(json, "node-name", node->name);
    add_string(json, "drv", driver_name(node));
    add_bool(json, "ro", spec->read_only || !top);
    add_bool(json, "encrypted", false);
    if (node->image->backing_name && !node->file) {
        add_string(json, "backing_file", node->image->backing_name);
    }
    add_int(json, "backing_file_depth", node->file ? 0 : chain_depth(node->image));
    for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++) {
        add_int(json, limits[i], 0);
    }
    add_string(json, "detect_zeroes", zeroes_name(top ? spec->detect_zeroes : NODE_OFF));
    add_int(json, "write_threshold", 0);
    json_builder_set_member_name(json, "cache");
    json_builder_begin_object(json);
    add_bool(json, "writeback", !spec->sync_writes);
    add_bool(json, "direct", spec->direct);
    add_bool(json, "no-flush", spec->no_flush);
    json_builder_end_object(json);
    add_image(json, node);
}

static void add_named(void *ctx, const Node *node)
{
    JsonBuilder *json = ctx;
    json_builder_begin_object(json);
    add_node(json, node);
    json_builder_end_object(json);
}

char *block_nodes_json(void)
{
    JsonBuilder *json = json_builder_new();
    json_builder_begin_array(json);
    for (unsigned i = 0; i < block_drive_count(); i++) {
        if (block_spec_opens(spec_at(i)) && shown(spec_at(i))) {
            each_node(spec_at(i), add_named, json);
        }
    }
    json_builder_end_array(json);
    return json_take_text(json);
}

// ---- drives ----

// A node of -blockdev is seen here when a device uses it, under the empty name.
static bool is_device(const DriveSpec *spec)
{
    return shown(spec) && (!spec->blockdev || (device_of(spec) && !spec->image_spec));
}

static const char *io_status(const DriveSpec *spec)
{
    const Drive *drive = with_image(spec)->shown.drive;
    return !drive || drive->io_error == 0 ? "ok" : drive->io_error == ENOSPC ? "nospace" : "failed";
}

typedef struct First {
    JsonBuilder *json;
    bool done;
} First;

static void add_first(void *ctx, const Node *node)
{
    First *first = ctx;
    if (!first->done) {
        add_node(first->json, node);
        first->done = true;
    }
}

char *block_info_json(void)
{
    JsonBuilder *json = json_builder_new();
    json_builder_begin_array(json);
    for (unsigned i = 0; i < block_drive_count(); i++) {
        if (!is_device(spec_at(i))) {
            continue;
        }
        const DriveSpec *spec = with_image(spec_at(i));
        const Device *dev = device_of(spec);
        First first = {json, false};
        json_builder_begin_object(json);
        if (dev) {
            add_string(json, "io-status", io_status(spec));
        }
        add_string(json, "device", spec_at(i)->blockdev ? "" : spec_at(i)->id);
        if (dev) {
            add_string(json, "qdev", device_name(dev));
        }
        add_string(json, "type", "unknown");
        add_bool(json, "removable", false);
        add_bool(json, "locked", false);
        json_builder_set_member_name(json, "inserted");
        json_builder_begin_object(json);
        each_node(spec, add_first, &first);
        json_builder_end_object(json);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    return json_take_text(json);
}

static const char *cache_mode(const DriveSpec *spec)
{
    return spec->sync_writes  ? (spec->direct ? "writethrough, direct" : "writethrough")
           : spec->no_flush   ? "writeback, ignore flushes"
           : spec->direct     ? "writeback, direct"
                              : "writeback";
}

static char *size_text(uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;
    double value = (double)bytes;
    for (; value >= 1000 && unit + 1 < G_N_ELEMENTS(units); unit++) {
        value /= 1024;
    }
    return g_strdup_printf("%.3g %s", value, units[unit]);
}

static void put_images(GString *text, const DriveSpec *spec)
{
    g_string_append(text, "\nImages:\n");
    for (Image *image = spec->file_image; image; image = image->backing) {
        ImageInfo info;
        image_info(image, &info);
        char *size = size_text(info.size_bytes), *disk = size_text(info.allocated_bytes);
        g_string_append_printf(text,
                               "image: %s\nfile format: %s\nvirtual size: %s (%llu bytes)\n"
                               "disk size: %s\n",
                               info.path ? info.path : "null-co://", info.format, size,
                               (unsigned long long)info.size_bytes, disk);
        if (info.cluster_bytes) {
            g_string_append_printf(text, "cluster_size: %u\n", info.cluster_bytes);
        }
        if (info.backing) {
            g_string_append_printf(text, "backing file: %s\n", info.backing);
        }
        if (info.version) {
            g_string_append_printf(
                text,
                "Format specific information:\n    compat: %s\n    compression type: %s\n"
                "    lazy refcounts: %s\n    refcount bits: %u\n    corrupt: %s\n",
                info.version == 2 ? "0.10" : "1.1", info.compression,
                info.lazy_refcounts ? "true" : "false", info.refcount_bits,
                info.corrupt ? "true" : "false");
        }
        g_free(size);
        g_free(disk);
    }
}

static void put_drive(GString *text, const DriveSpec *named, bool verbose)
{
    const DriveSpec *spec = with_image(named);
    char node[40];
    ImageInfo info;
    image_info(spec->file_image, &info);
    top_name(spec, node);
    const Device *dev = device_of(spec);
    if (named->blockdev) {
        g_string_append_printf(text, "%s: ", named->id);
    } else {
        g_string_append_printf(text, "%s (%s): ", named->id, node);
    }
    g_string_append_printf(text, "%s (%s%s)\n", info.path ? info.path : "null-co://", info.format,
                           spec->read_only ? ", read-only" : "");
    if (dev) {
        g_string_append_printf(text, "    Attached to:      %s\n", device_name(dev));
    }
    if (dev && strcmp(io_status(spec), "ok") != 0) {
        g_string_append_printf(text, "    I/O status:       %s\n", io_status(spec));
    }
    g_string_append_printf(text, "    Cache mode:       %s\n", cache_mode(spec));
    if (spec->detect_zeroes != NODE_OFF) {
        g_string_append_printf(text, "    Detect zeroes:    %s\n", zeroes_name(spec->detect_zeroes));
    }
    if (spec->temporary || spec->image != spec->file_image) {
        g_string_append_printf(text, "    Writes go to:     %s\n",
                               spec->undo ? "the image, old contents to the undo file"
                                          : "a temporary overlay");
    }
    if (info.backing) {
        g_string_append_printf(text, "    Backing file:     %s (chain depth: %u)\n", info.backing,
                               chain_depth(spec->file_image));
    }
    if (verbose) {
        put_images(text, spec);
    }
}

static void put_node(void *ctx, const Node *node)
{
    GString *text = ctx;
    g_string_append_printf(text, "%s%s: %s (%s%s)\n    Cache mode:       %s\n", text->len ? "\n" : "",
                           node->name, node->image->path ? node->image->path : "null-co://",
                           driver_name(node),
                           node->spec->read_only || node->image != node->spec->file_image
                               ? ", read-only"
                               : "",
                           cache_mode(node->spec));
}

char *block_info_text(const char *name, bool nodes, bool verbose)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < block_drive_count(); i++) {
        const DriveSpec *spec = spec_at(i);
        if (nodes && block_spec_opens(spec) && shown(spec)) {
            each_node(spec, put_node, text);
        } else if (!nodes && (name ? shown(spec) && (g_strcmp0(name, spec->id) == 0 || g_strcmp0(name, spec->node->name) == 0)
                                   : is_device(spec))) {
            g_string_append(text, text->len ? "\n" : "");
            put_drive(text, spec, verbose);
        }
    }
    return g_string_free(text, FALSE);
}

// ---- statistics ----

static void add_stats(JsonBuilder *json, const Drive *drive)
{
    static const char *const kinds[STAT_COUNT] = {"rd", "wr", "flush", "unmap"};
    static const DriveStat none = {0};
    json_builder_set_member_name(json, "stats");
    json_builder_begin_object(json);
    for (unsigned k = 0; k < STAT_COUNT; k++) {
        const DriveStat *stat = drive ? &drive->stats[k] : &none;
        char name[40];
        g_snprintf(name, sizeof(name), "%s_operations", kinds[k]);
        add_int(json, name, stat->operations);
        g_snprintf(name, sizeof(name), "%s_total_time_ns", kinds[k]);
        add_int(json, name, (uint64_t)stat->total_ns);
        g_snprintf(name, sizeof(name), "failed_%s_operations", kinds[k]);
        add_int(json, name, stat->failed);
        g_snprintf(name, sizeof(name), "invalid_%s_operations", kinds[k]);
        add_int(json, name, 0);
        if (k != STAT_FLUSH) {
            g_snprintf(name, sizeof(name), "%s_bytes", kinds[k]);
            add_int(json, name, stat->bytes);
            g_snprintf(name, sizeof(name), "%s_merged", kinds[k]);
            add_int(json, name, 0);
        }
    }
    add_int(json, "wr_highest_offset", drive ? drive->highest_written : 0);
    add_bool(json, "account_invalid", true);
    add_bool(json, "account_failed", true);
    json_builder_set_member_name(json, "timed_stats");
    json_builder_begin_array(json);
    json_builder_end_array(json);
    json_builder_end_object(json);
}

char *block_stats_json(void)
{
    JsonBuilder *json = json_builder_new();
    json_builder_begin_array(json);
    for (unsigned i = 0; i < block_drive_count(); i++) {
        const DriveSpec *spec = spec_at(i);
        if (!is_device(spec)) {
            continue;
        }
        char node[40];
        const Device *dev = device_of(spec);
        json_builder_begin_object(json);
        add_string(json, "device", spec->blockdev ? "" : spec->id);
        add_string(json, "node-name", top_name(with_image(spec), node));
        if (dev) {
            add_string(json, "qdev", device_name(dev));
        }
        add_stats(json, with_image(spec)->shown.drive);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    return json_take_text(json);
}

char *block_stats_text(void)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < block_drive_count(); i++) {
        const DriveSpec *spec = spec_at(i);
        const Drive *drive = with_image(spec)->shown.drive;
        if (!is_device(spec) || !drive) {
            continue;
        }
        const DriveStat *rd = &drive->stats[STAT_READ], *wr = &drive->stats[STAT_WRITE],
                        *flush = &drive->stats[STAT_FLUSH];
        g_string_append_printf(
            text,
            "%s: rd_bytes=%llu wr_bytes=%llu rd_operations=%llu wr_operations=%llu "
            "flush_operations=%llu wr_total_time_ns=%lld rd_total_time_ns=%lld "
            "flush_total_time_ns=%lld rd_merged=0 wr_merged=0\n",
            spec->blockdev ? "" : spec->id, (unsigned long long)rd->bytes,
            (unsigned long long)wr->bytes, (unsigned long long)rd->operations,
            (unsigned long long)wr->operations, (unsigned long long)flush->operations,
            (long long)wr->total_ns, (long long)rd->total_ns, (long long)flush->total_ns);
    }
    return g_string_free(text, FALSE);
}

// ---- BLOCK_IO_ERROR ----

char *block_error_json(const DriveRequest *request, int error, ErrorAction action)
{
    const char *device = "";
    char node[40] = "";
    for (unsigned i = 0; i < block_drive_count(); i++) {
        const DriveSpec *spec = spec_at(i);
        if (block_spec_opens(spec) && spec->shown.drive == request->drive) {
            device = spec->blockdev ? "" : spec->id;
            top_name(spec, node);
        }
    }
    JsonBuilder *json = json_builder_new();
    json_builder_begin_object(json);
    add_string(json, "device", device);
    add_string(json, "node-name", node);
    add_string(json, "operation", request->op == BLOCK_READ ? "read" : "write");
    add_string(json, "action", error_action_name(action));
    add_bool(json, "nospace", error == ENOSPC);
    add_string(json, "reason", g_strerror(error));
    json_builder_end_object(json);
    return json_take_text(json);
}
