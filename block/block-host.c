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

bool block_drive_add(const char *text, Error *err)
{
    DriveSpec *spec = block_spec_parse(text, err);
    if (!spec) {
        return fail_prefix(err, "-drive %s", text);
    }
    for (unsigned i = 0; spec->id && i < block_drive_count(); i++) {
        if (g_strcmp0(spec_at(i)->id, spec->id) == 0) {
            fail(err, "-drive %s: Duplicate ID '%s' for drive", text, spec->id);
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

static DriveSpec *spec_find(const char *id)
{
    for (unsigned i = 0; id && i < block_drive_count(); i++) {
        if (g_strcmp0(spec_at(i)->id, id) == 0) {
            return spec_at(i);
        }
    }
    return NULL;
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
    const char *name = block_if_name(spec->interface);
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
            return fail(err, "-drive %s: no unit %u on bus %u", spec->optarg, unit, bus);
        }
        index = bus * units + unit;
    } else {
        while (index_taken(spec, index)) {
            index++;
        }
    }
    if (index_taken(spec, index)) {
        return fail(err, "-drive %s: drive with bus=%u, unit=%u (index=%u) exists", spec->optarg,
                    units ? index / units : 0, units ? index % units : index, index);
    }
    spec->shown.index = index;
    if (!spec->id) {
        spec->id = default_id(spec);
        for (unsigned i = 0; i < block_drive_count(); i++) {
            if (spec_at(i) != spec && g_strcmp0(spec_at(i)->id, spec->id) == 0) {
                return fail(err, "-drive %s: Duplicate ID '%s' for drive", spec->optarg, spec->id);
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
        for (unsigned steps = 0; target && target->image_id; steps++) {
            const char *id = target->image_id;
            target = steps <= block_drive_count() ? spec_find(id) : NULL;
            if (!target) {
                return fail(err, "-drive %s: Cannot find device='%s' nor node-name='%s'",
                            spec->optarg, id, id);
            }
        }
        spec->image_spec = target == spec ? NULL : target;
        if (spec->image_spec && spec->snapshot >= 0 && spec->snapshot != MAX(target->snapshot, 0)) {
            return fail(err, "-drive %s: snapshot= belongs to the drive '%s'", spec->optarg,
                        target->id);
        }
    }
    return true;
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
    if (spec->read_only) {
        return true;
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

static bool open_one(DriveSpec *spec, unsigned drive, const BlockConfig *config, int *undo_files,
                     Error *err)
{
    bool snapshot = spec->snapshot >= 0 ? spec->snapshot : config->snapshot;
    spec->temporary = snapshot && !spec->read_only;
    bool read_only = spec->read_only || snapshot || config->mode == REPLAY_PLAY;
    spec->image = spec->file_image = image_open(spec->file, spec->format, read_only, err);
    if (!spec->image || !open_layers(spec, drive, config, undo_files, err)) {
        return fail_prefix(err, "-drive %s", spec->optarg);
    }
    spec->host = (DriveHost){.workers = block_state.workers,
                             .image = spec->image,
                             .sync_writes = spec->sync_writes,
                             .no_flush = spec->no_flush};
    return true;
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
        if (same_file(written->fd, image->fd)) {
            return fail(err,
                        "-drive %s: Could not open '%s': Failed to get \"write\" lock: drive '%s' "
                        "uses it too",
                        spec->optarg, spec->file, other->id);
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

static bool open_all(const BlockConfig *config, Error *err)
{
    if (!place_all(config->default_if, err) || !resolve_images(err)) {
        return false;
    }
    block_state.workers = workers_new(config->workers ? config->workers : DEFAULT_WORKERS);
    int undo_files = 0;
    unsigned drive = 0;
    for (unsigned i = 0; i < block_drive_count(); i++) {
        if (!spec_at(i)->image_spec && !open_one(spec_at(i), drive++, config, &undo_files, err)) {
            return false;
        }
    }
    if (!check_all_sharing(err)) {
        return false;
    }
    for (unsigned i = 0; i < block_drive_count(); i++) {
        DriveSpec *spec = spec_at(i);
        if (!spec->image_spec) {
            spec->shown.drive = drive_new(spec->id, spec->image->size_bytes, spec->read_only,
                                          config->replay, &drive_workers, &spec->host);
        }
    }
    for (unsigned i = 0; i < block_drive_count(); i++) {
        if (spec_at(i)->image_spec) {
            spec_at(i)->shown.drive = spec_at(i)->image_spec->shown.drive;
        }
        drive_name(spec_at(i)->shown.drive, spec_at(i)->id);
    }
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

bool block_close_all(Error *err)
{
    bool ok = true;
    for (unsigned i = 0; i < block_drive_count(); i++) {
        if (!spec_at(i)->image_spec) {
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
