// SPDX-License-Identifier: GPL-2.0-or-later
// Opening and closing the drives of the command line.
//
// The stack of a drive, by mode:           snapshot=on           writable
//     no log                               image + overlay       image
//     recording                            image + overlay       image + undo file's keeper
//     replay                               image + overlay       image + undo file + overlay
// In a replay it is the recording's identity that says whether there is an undo file.
#include "block/block-host.h"

#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "block/block-private-host.h"

Block block_state;

enum { DEFAULT_WORKERS = 2 };

static DriveSpec *spec_at(unsigned i)
{
    return g_ptr_array_index(block_state.specs, i);
}

unsigned block_drive_count(void)
{
    return block_state.specs ? block_state.specs->len : 0;
}
const BlockDrive *block_drive_at(unsigned i)
{
    return &spec_at(i)->shown;
}

static bool spec_add(DriveSpec *spec, Error *err)
{
    for (unsigned i = 0; spec->id && i < block_drive_count(); i++) {
        if (g_strcmp0(spec_at(i)->id, spec->id) == 0) {
            bool nodes = spec->blockdev && spec_at(i)->blockdev;
            fail(err, nodes ? "%s: Duplicate nodes with node-name='%s'" : "%s: Duplicate ID '%s' for drive",
                 spec->optarg, spec->id);
            block_spec_free(spec);
            return false;
        }
    }
    if (!block_state.specs) {
        block_state.specs = g_ptr_array_new();
    }
    g_ptr_array_add(block_state.specs, spec);
    return true;
}

bool block_drive_add(const char *text, Error *err)
{
    DriveSpec *spec = block_spec_parse(text, err);
    return spec ? spec_add(spec, err) : fail_prefix(err, "-drive %.150s", text);
}

bool block_blockdev_add(const char *text, Error *err)
{
    NodeSpec *node = node_parse_text(text, err);
    DriveSpec *spec = node ? block_spec_of_node(node, text, err) : NULL;
    return spec ? spec_add(spec, err) : fail_prefix(err, "-blockdev %.150s", text);
}

static DriveSpec *spec_find(const char *id)
{
    for (unsigned i = 0; id && i < block_drive_count(); i++) {
        if (g_strcmp0(spec_at(i)->id, id) == 0 || g_strcmp0(spec_at(i)->node->name, id) == 0) {
            return spec_at(i);
        }
    }
    return NULL;
}

// ---- nodes ----

static const NodeSpec *find_in_tree(const NodeSpec *node, const char *name)
{
    if (!node || g_strcmp0(node->name, name) == 0) {
        return node;
    }
    const NodeSpec *children[] = {node->file, node->backing, node->image};
    const NodeSpec *found = NULL;
    for (unsigned i = 0; i < G_N_ELEMENTS(children) && !found; i++) {
        found = find_in_tree(children[i], name);
    }
    return found;
}

const NodeSpec *block_node_find(const char *name)
{
    const NodeSpec *found = NULL;
    for (unsigned i = 0; i < block_drive_count() && !found; i++) {
        found = find_in_tree(spec_at(i)->node, name);
    }
    return found;
}

static unsigned count_name(const NodeSpec *node, const char *name)
{
    if (!node) {
        return 0;
    }
    return (g_strcmp0(node->name, name) == 0) + count_name(node->file, name) +
           count_name(node->backing, name) + count_name(node->image, name);
}

// A name within the tree that stands elsewhere, too; NULL.
static const char *name_taken(const NodeSpec *node)
{
    const char *taken = NULL;
    if (!node) {
        return NULL;
    }
    unsigned users = 0;
    for (unsigned i = 0; node->name && i < block_drive_count(); i++) {
        users += count_name(spec_at(i)->node, node->name);
        // The id of a -drive is no name of a node, but names the same things.
        users += !spec_at(i)->blockdev && g_strcmp0(spec_at(i)->id, node->name) == 0;
    }
    taken = users > 1 ? node->name : name_taken(node->file);
    taken = taken ? taken : name_taken(node->backing);
    return taken ? taken : name_taken(node->image);
}

// What other nodes refer to as their child gets no drive of its own.
static void mark_children(const NodeSpec *node)
{
    if (!node) {
        return;
    }
    for (unsigned i = 0; node->ref && i < block_drive_count(); i++) {
        if (spec_at(i)->blockdev && g_strcmp0(spec_at(i)->id, node->ref) == 0) {
            spec_at(i)->child = true;
        }
    }
    mark_children(node->file);
    mark_children(node->backing);
    if (node->image && !node->image->ref) {
        mark_children(node->image);
    }
}

// Follows all references; a tree deeper than any real one goes round.
static bool tree_ends(const NodeSpec *node, unsigned depth, Error *err)
{
    enum { DEEPEST = 100 };
    if (!node) {
        return true;
    }
    if (depth > DEEPEST) {
        return fail(err, "node '%s' is part of itself", node->name ? node->name : "");
    }
    if (node->ref) {
        DriveSpec *target = spec_find(node->ref);
        const NodeSpec *found = block_node_find(node->ref);
        found = found || !target ? found : target->node;
        return found ? tree_ends(found, depth + 1, err)
                     : fail(err, "Cannot find device='%s' nor node-name='%s'", node->ref, node->ref);
    }
    return tree_ends(node->file, depth + 1, err) && tree_ends(node->backing, depth + 1, err) &&
           tree_ends(node->image, depth + 1, err);
}

static bool check_nodes(Error *err)
{
    for (unsigned i = 0; i < block_drive_count(); i++) {
        const char *taken = name_taken(spec_at(i)->node);
        if (taken) {
            return fail(err, "%s: Duplicate nodes with node-name='%s'", spec_at(i)->optarg, taken);
        }
    }
    for (unsigned i = 0; i < block_drive_count(); i++) {
        if (!tree_ends(spec_at(i)->node, 0, err)) {
            return fail_prefix(err, "%s", spec_at(i)->optarg);
        }
        mark_children(spec_at(i)->node);
    }
    return true;
}

const char *block_image_ref(const DriveSpec *spec)
{
    return spec->node->image ? spec->node->image->ref : NULL;
}

// ---- names and places ----

static unsigned if_units(BlockIf interface)
{
    return interface == BLOCK_IF_IDE ? 2 : interface == BLOCK_IF_SCSI ? 7 : 0; // a bus; 0: no buses
}

static bool index_taken(const DriveSpec *spec, unsigned index)
{
    for (unsigned i = 0; i < block_drive_count(); i++) {
        const DriveSpec *other = spec_at(i);
        if (other != spec && other->shown.id && other->interface == spec->interface &&
            other->shown.index == index) {
            return true;
        }
    }
    return false;
}

static char *default_id(const DriveSpec *spec)
{
    unsigned units = if_units(spec->interface), index = spec->shown.index;
    const char *name = block_interface_name(spec->interface);
    if (units) {
        return g_strdup_printf("%s%u-%s%u", name, index / units, spec->cdrom ? "cd" : "hd",
                               index % units);
    }
    return g_strdup_printf("%s%s%u", name, spec->cdrom ? "-cd" : "", index);
}

// Those with a place given come first, so that the others take what is left, in order.
static bool spec_place(DriveSpec *spec, Error *err)
{
    unsigned units = if_units(spec->interface);
    unsigned index = 0;
    if (spec->index >= 0) {
        index = (unsigned)spec->index;
    } else if (spec->bus >= 0 || spec->unit >= 0) {
        unsigned bus = (unsigned)MAX(spec->bus, 0), unit = (unsigned)MAX(spec->unit, 0);
        if (units ? unit >= units : bus > 0) {
            return fail(err, "%s: no unit %u on bus %u", spec->optarg, unit, bus);
        }
        index = bus * units + unit;
    } else {
        while (index_taken(spec, index)) {
            index++;
        }
    }
    if (index_taken(spec, index)) {
        return fail(err, "%s: drive with bus=%u, unit=%u (index=%u) exists", spec->optarg,
                    units ? index / units : 0, units ? index % units : index, index);
    }
    spec->shown.index = index;
    if (!spec->id) {
        spec->id = default_id(spec);
        for (unsigned i = 0; i < block_drive_count(); i++) {
            if (spec_at(i) != spec && g_strcmp0(spec_at(i)->id, spec->id) == 0) {
                return fail(err, "%s: Duplicate ID '%s' for drive", spec->optarg, spec->id);
            }
        }
    }
    spec->shown.id = spec->id;
    spec->shown.interface = spec->interface;
    spec->shown.cdrom = spec->cdrom;
    return true;
}

static bool place_all(BlockIf default_if, Error *err)
{
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < block_drive_count(); i++) {
            DriveSpec *spec = spec_at(i);
            if (spec->interface == BLOCK_IF_DEFAULT) {
                spec->interface = default_if == BLOCK_IF_DEFAULT ? BLOCK_IF_NONE : default_if;
            }
            bool given = spec->index >= 0 || spec->bus >= 0 || spec->unit >= 0;
            if (given == (pass == 0) && !spec_place(spec, err)) {
                return false;
            }
        }
    }
    return true;
}

// ---- blkreplay drives ----

static bool resolve_images(Error *err)
{
    for (unsigned i = 0; i < block_drive_count(); i++) {
        DriveSpec *spec = spec_at(i), *target = spec;
        for (unsigned steps = 0; target && block_image_ref(target); steps++) {
            const char *id = block_image_ref(target);
            target = steps <= block_drive_count() ? spec_find(id) : NULL;
            if (!target) {
                return fail(err, "%s: Cannot find device='%s' nor node-name='%s'", spec->optarg, id,
                            id);
            }
        }
        if (target != spec && target->child) {
            return fail(err, "%s: node '%s' is part of another node's tree", spec->optarg,
                        target->id);
        }
        spec->image_spec = target == spec ? NULL : target;
        if (spec->image_spec && !spec->blockdev && spec->snapshot >= 0 &&
            spec->snapshot != MAX(target->snapshot, 0)) {
            return fail(err, "%s: snapshot= belongs to the drive '%s'", spec->optarg, target->id);
        }
    }
    return true;
}

// Has it an image and a drive of its own?
bool block_spec_opens(const DriveSpec *spec)
{
    return !spec->image_spec && !spec->child;
}

// ---- opening ----

char *block_undo_path(const char *log_path, int number)
{
    return g_strdup_printf("%s.disk%d", log_path, number);
}

static bool random_id(uint8_t id[16], Error *err)
{
    return getrandom(id, 16, 0) == 16 ||
           fail(err, "the host gives no random bytes for an undo file's id");
}

// Puts the layers over the user's image; on failure spec->image is what there is, to be closed by
// the caller.
static bool open_layers(DriveSpec *spec, unsigned drive, const BlockConfig *config, int *undo_files,
                        Error *err)
{
    if (config->mode == REPLAY_PLAY && config->identity_json &&
        block_identity_undo(config->identity_json, drive, &spec->undo_number, spec->undo_id)) {
        char *path = block_undo_path(config->log_path, spec->undo_number);
        spec->image = undo_replay_open(spec->image, path, spec->undo_id, err);
        g_free(path);
        if (!spec->image) {
            return false;
        }
    }
    if (spec->read_only || node_is_null(spec->file_image->driver->format)) {
        return true; // nothing to keep
    }
    if (spec->temporary || config->mode == REPLAY_PLAY) {
        spec->image = overlay_open(spec->image, err);
        return spec->image;
    }
    if (config->mode == REPLAY_RECORD) {
        if (!random_id(spec->undo_id, err)) {
            return false;
        }
        spec->undo_number = (*undo_files)++;
        char *path = block_undo_path(config->log_path, spec->undo_number);
        spec->image = spec->undo = undo_record_open(spec->image, path, spec->undo_id);
        g_free(path);
    }
    return true;
}

// auto-read-only: the recording says what came of it.
static bool recorded_read_only(const DriveSpec *spec, unsigned drive, const BlockConfig *config)
{
    bool automatic = spec->node->auto_read_only == NODE_ON ||
                     (spec->node->file && spec->node->file->auto_read_only == NODE_ON);
    return automatic && config->mode == REPLAY_PLAY && config->identity_json &&
           block_identity_read_only(config->identity_json, drive);
}

static bool open_image(DriveSpec *spec, bool read_only, Error *err)
{
    spec->image = spec->file_image =
        image_open_node(spec->node, read_only, block_node_find, err);
    if (!spec->image) {
        return false;
    }
    spec->read_only = spec->read_only || (!read_only && spec->image->read_only);
    return true;
}

static bool open_one(DriveSpec *spec, unsigned drive, const BlockConfig *config, int *undo_files,
                     Error *err)
{
    bool snapshot = spec->snapshot >= 0 ? spec->snapshot : config->snapshot;
    spec->read_only = spec->read_only || recorded_read_only(spec, drive, config);
    spec->temporary = snapshot && !spec->read_only;
    bool read_only = spec->read_only || snapshot || config->mode == REPLAY_PLAY;
    if (!open_image(spec, read_only, err) || !open_layers(spec, drive, config, undo_files, err)) {
        return fail_prefix(err, "%s", spec->optarg);
    }
    spec->host = (DriveHost){.workers = block_state.workers,
                             .image = spec->image,
                             .sync_writes = spec->sync_writes,
                             .no_flush = spec->no_flush,
                             .discard = spec->discard,
                             .detect_zeroes = spec->detect_zeroes != NODE_OFF,
                             .unmap_zeroes = spec->detect_zeroes == NODE_UNMAP,
                             .failed = config->failed};
    return true;
}

static bool make_drive(DriveSpec *spec, const BlockConfig *config, Error *err)
{
    Drive *drive = drive_new(spec->id, spec->image->size_bytes, spec->read_only, config->replay,
                             &drive_workers, &spec->host);
    spec->shown.drive = drive;
    drive->write_back = !spec->sync_writes;
    drive->discard = spec->discard;
    return drive_set_policy(drive, "enospc", "report", err) &&
           drive_set_policy(drive, spec->werror, spec->rerror, err);
}

static bool same_file(int fd, int other_fd)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && fstat(other_fd, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

// An image that one drive writes must not be part of another.
static bool check_sharing(const DriveSpec *spec, const DriveSpec *other, Error *err)
{
    const Image *written = spec->file_image;
    if (written->read_only) {
        return true;
    }
    for (const Image *image = other->file_image; image; image = image->backing) {
        if (image->fd >= 0 && written->fd >= 0 && same_file(written->fd, image->fd)) {
            return fail(err,
                        "%s: Could not open '%s': Failed to get \"write\" lock: drive '%s' "
                        "uses it too",
                        spec->optarg, written->path, other->id);
        }
    }
    return true;
}

static bool check_all_sharing(Error *err)
{
    for (unsigned i = 0; i < block_drive_count(); i++) {
        for (unsigned k = 0; k < block_drive_count(); k++) {
            bool files = spec_at(i)->file_image && spec_at(k)->file_image;
            if (i != k && files && !check_sharing(spec_at(i), spec_at(k), err)) {
                return false;
            }
        }
    }
    return true;
}

static bool open_images(const BlockConfig *config, Error *err)
{
    int undo_files = 0;
    unsigned drive = 0;
    for (unsigned i = 0; i < block_drive_count(); i++) {
        if (block_spec_opens(spec_at(i)) && !open_one(spec_at(i), drive++, config, &undo_files, err)) {
            return false;
        }
    }
    return check_all_sharing(err);
}

static bool open_all(const BlockConfig *config, Error *err)
{
    if (!place_all(config->default_if, err) || !check_nodes(err) || !resolve_images(err)) {
        return false;
    }
    block_state.workers = workers_new(config->workers ? config->workers : DEFAULT_WORKERS);
    if (!open_images(config, err)) {
        return false;
    }
    for (unsigned i = 0; i < block_drive_count(); i++) {
        if (block_spec_opens(spec_at(i)) && !make_drive(spec_at(i), config, err)) {
            return false;
        }
    }
    for (unsigned i = 0; i < block_drive_count(); i++) {
        DriveSpec *spec = spec_at(i);
        if (spec->child) {
            continue;
        }
        if (spec->image_spec) {
            spec->shown.drive = spec->image_spec->shown.drive;
        }
        drive_name(spec->shown.drive, spec->id);
        if (spec->node->name && !spec->blockdev) {
            drive_name(spec->shown.drive, spec->node->name);
        }
    }
    block_state.mode = config->mode;
    block_state.open = true;
    return true;
}

bool block_open_all(const BlockConfig *config, Error *err)
{
    if (block_drive_count() == 0 || open_all(config, err)) {
        return true;
    }
    bool closed = block_close_all(NULL); // nothing was written yet, so nothing can be lost
    return closed && false;
}

bool block_record_begin(Error *err)
{
    for (unsigned i = 0; i < block_drive_count(); i++) {
        if (spec_at(i)->undo && !undo_record_begin(spec_at(i)->undo, err)) {
            return false;
        }
    }
    return true;
}

void block_resume(void)
{
    for (unsigned i = 0; i < block_drive_count(); i++) {
        if (block_spec_opens(spec_at(i)) && spec_at(i)->shown.drive) {
            drive_resume(spec_at(i)->shown.drive);
        }
    }
}

bool block_close_all(Error *err)
{
    bool ok = true;
    for (unsigned i = 0; i < block_drive_count(); i++) {
        if (block_spec_opens(spec_at(i))) {
            drive_free(spec_at(i)->shown.drive);
        }
    }
    drives_forget();
    workers_free(block_state.workers);
    for (unsigned i = 0; i < block_drive_count(); i++) {
        DriveSpec *spec = spec_at(i);
        if (!image_close(spec->image, ok ? err : NULL) && ok) {
            ok = fail_prefix(err, "drive '%s'", spec->id);
        }
        block_spec_free(spec);
    }
    if (block_state.specs) {
        g_ptr_array_free(block_state.specs, TRUE);
    }
    block_state = (Block){0};
    return ok;
}
