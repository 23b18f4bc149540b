// SPDX-License-Identifier: GPL-2.0-or-later
// -drive: from the option's text to a DriveSpec. Names, values and messages are those that QEMU's
// users know.
//
// Nested names are understood for driver=blkreplay,image.driver=F,image.file.filename=X and for
// driver=F,file.filename=X. What would change a guest's errors (werror=stop, …) is refused, not
// ignored.
#include <stdlib.h>
#include <string.h>

#include "block/block-private-host.h"
#include "core/options.h"

static const char *const if_names[BLOCK_IF_COUNT] = {
    [BLOCK_IF_DEFAULT] = "default", [BLOCK_IF_NONE] = "none",     [BLOCK_IF_IDE] = "ide",
    [BLOCK_IF_SCSI] = "scsi",       [BLOCK_IF_FLOPPY] = "floppy", [BLOCK_IF_PFLASH] = "pflash",
    [BLOCK_IF_MTD] = "mtd",         [BLOCK_IF_SD] = "sd",         [BLOCK_IF_VIRTIO] = "virtio",
};

const char *block_if_name(BlockIf interface)
{
    return if_names[interface];
}

void block_spec_free(DriveSpec *spec)
{
    if (spec) {
        g_free(spec->optarg);
        g_free(spec->id);
        g_free(spec->file);
        g_free(spec->format);
        g_free(spec->image_id);
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
    if (!options_bool(options, "readonly", &read_only, err) ||
        !options_bool(options, "read-only", &read_only, err)) {
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
    bool write_back = !spec->sync_writes, direct = false;
    if (!options_bool(options, "cache.writeback", &write_back, err) ||
        !options_bool(options, "cache.direct", &direct, err) ||
        !options_bool(options, "cache.no-flush", &spec->no_flush, err)) {
        return false;
    }
    spec->sync_writes = !write_back;
    static const char *const aio_modes[] = {"threads", "native", "io_uring", NULL};
    const char *aio = options_get(options, "aio");
    if (aio && !one_of(aio, aio_modes)) {
        return fail(err, "invalid aio option");
    }
    return true;
}

// Options of which only the value that we behave like is taken.
static bool parse_fixed(Options *options, Error *err)
{
    static const struct {
        const char *key, *const values[4];
    } fixed[] = {
        {"werror", {"report"}},
        {"rerror", {"report"}},
        {"copy-on-read", {"off"}},
        {"detect-zeroes", {"off"}},
        {"discard", {"unmap", "on", "ignore", "off"}},
        {"auto-read-only", {"off"}},
        {"file.locking", {"off", "auto"}},
        {"file.driver", {"file", "host_device"}},
        {"image.file.driver", {"file", "host_device"}},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(fixed); i++) {
        const char *value = options_get(options, fixed[i].key);
        bool known = !value;
        for (unsigned k = 0; !known && k < G_N_ELEMENTS(fixed[i].values) && fixed[i].values[k];
             k++) {
            known = strcmp(value, fixed[i].values[k]) == 0;
        }
        if (!known) {
            return fail(err, "%s=%s is not supported (only %s=%s is)", fixed[i].key, value,
                        fixed[i].key, fixed[i].values[0]);
        }
    }
    return true;
}

// The first of the keys that is given; two of them are a contradiction.
static bool pick(Options *options, const char *const *keys, const char **value, Error *err)
{
    *value = NULL;
    const char *first = NULL;
    for (; *keys; keys++) {
        const char *found = options_get(options, *keys);
        if (found && *value && strcmp(found, *value) != 0) {
            return fail(err, "%s and %s can't both be given", first, *keys);
        }
        if (found) {
            *value = found;
            first = *keys;
        }
    }
    return true;
}

static bool parse_file(DriveSpec *spec, Options *options, Error *err)
{
    const char *driver = options_get(options, "driver");
    bool blkreplay = driver && strcmp(driver, "blkreplay") == 0;
    static const char *const plain_files[] = {"file", "file.filename", NULL};
    static const char *const plain_formats[] = {"format", "driver", NULL};
    static const char *const nested_files[] = {"image.file.filename", "image.filename", NULL};
    static const char *const nested_formats[] = {"image.driver", NULL};
    const char *file, *format;
    const char *image_id = blkreplay ? options_get(options, "image") : NULL;
    if (!pick(options, blkreplay ? nested_files : plain_files, &file, err) ||
        !pick(options, blkreplay ? nested_formats : plain_formats, &format, err)) {
        return false;
    }
    if (blkreplay && options_get(options, "format")) {
        return fail(err, "format= belongs to the image of a blkreplay drive (image.driver=)");
    }
    if (image_id && file) {
        return fail(err, "image=%s and image.file.filename=%s can't both be given", image_id, file);
    }
    if (blkreplay && !image_id && !file) {
        return fail(err, "A block device must be specified for \"image\"");
    }
    if (!blkreplay && (!file || !*file)) {
        return fail(err, "no file= given (drives without a medium are not supported)");
    }
    // driver=file: the protocol alone, which is the raw format.
    bool protocol = format && (strcmp(format, "file") == 0 || strcmp(format, "host_device") == 0);
    spec->file = g_strdup(file);
    spec->format = g_strdup(protocol ? "raw" : format);
    spec->image_id = g_strdup(image_id);
    return true;
}

static bool id_ok(const char *id)
{
    bool ok = g_ascii_isalpha(id[0]);
    for (const char *p = id; *p; p++) {
        ok = ok && (g_ascii_isalnum(*p) || strchr("-._", *p));
    }
    return ok;
}

DriveSpec *block_spec_parse(const char *text, Error *err)
{
    Options *options = options_parse(text, NULL, err);
    if (!options) {
        return NULL;
    }
    DriveSpec *spec = g_new0(DriveSpec, 1);
    spec->optarg = g_strdup(text);
    spec->undo_number = -1;
    const char *id = options_id(options);
    bool ok = parse_if(spec, options, err) && parse_places(spec, options, err) &&
              parse_media(spec, options, err) && parse_cache(spec, options, err) &&
              parse_fixed(options, err) && parse_file(spec, options, err) &&
              options_finish(options, err);
    if (ok && id && !id_ok(id)) {
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
