// SPDX-License-Identifier: GPL-2.0-or-later
// Changes while the machine runs: nodes that no device uses are added and taken away, a disk is
// made longer. Machine thread.
//
// A node without a device is nothing that a guest could see, so that it may come and go in a
// recording or a replay, too; those of the command line belong to it and stay. A disk's size is
// seen, and is not in the log yet: refused there.
#include <errno.h>
#include <string.h>

#include "block/block-private-host.h"

static DriveSpec *spec_at(unsigned i)
{
    return g_ptr_array_index(block_state.specs, i);
}

static DriveSpec *find(const char *id, bool devices, bool nodes)
{
    for (unsigned i = 0; id && i < block_drive_count(); i++) {
        DriveSpec *spec = spec_at(i);
        bool device = devices && !spec->blockdev && g_strcmp0(spec->id, id) == 0;
        if (device || (nodes && g_strcmp0(spec->node->name, id) == 0)) {
            return spec;
        }
    }
    return NULL;
}

static bool name_free(const NodeSpec *node, Error *err)
{
    if (!node || node->ref) {
        return true;
    }
    if (node->name && (block_node_find(node->name) || find(node->name, true, true))) {
        return fail(err, "Duplicate nodes with node-name='%s'", node->name);
    }
    return name_free(node->file, err) && name_free(node->backing, err) &&
           name_free(node->image, err);
}

// A tree's references: nodes that are there, unused, and become part of it.
static bool take_children(const NodeSpec *node, bool take, Error *err)
{
    if (!node) {
        return true;
    }
    if (node->ref) {
        DriveSpec *child = find(node->ref, false, true);
        if (!child || !child->added) {
            return child ? fail(err, "Node '%s' is in use", node->ref)
                         : fail(err, "Cannot find device='%s' nor node-name='%s'", node->ref,
                                node->ref);
        }
        child->users += take;
        return true;
    }
    return take_children(node->file, take, err) && take_children(node->backing, take, err) &&
           take_children(node->image, take, err);
}

static void drop_children(const NodeSpec *node)
{
    DriveSpec *child = node && node->ref ? find(node->ref, false, true) : NULL;
    if (child && child->users) {
        child->users--;
    }
    if (node && !node->ref) {
        drop_children(node->file);
        drop_children(node->backing);
        drop_children(node->image);
    }
}

bool block_node_add(JsonObject *object, Error *err)
{
    NodeSpec *node = node_parse(object, NODE_JSON, err);
    if (node && !node->driver) {
        node_free(node);
        return fail(err, "Parameter 'driver' is missing");
    }
    if (!node || !name_free(node, err) || !take_children(node, false, err)) {
        node_free(node);
        return false;
    }
    DriveSpec *spec = block_spec_of_node(node, "", err);
    if (!spec) {
        return false;
    }
    // Nobody writes through a node without a device, and a lock to write would keep out those that
    // it is opened for: it is only read until a device could use it.
    spec->added = true;
    spec->image = spec->file_image = image_open_node(spec->node, true, block_node_find, err);
    if (!spec->image) {
        block_spec_free(spec);
        return false;
    }
    bool taken = take_children(spec->node, true, err);
    g_assert(taken);
    if (!block_state.specs) {
        block_state.specs = g_ptr_array_new();
    }
    g_ptr_array_add(block_state.specs, spec);
    return true;
}

bool block_node_del(const char *name, Error *err)
{
    DriveSpec *spec = find(name, false, true);
    if (!spec || !spec->blockdev) {
        return fail(err, "Failed to find node with node-name='%s'", name);
    }
    if (spec->users || spec->child || (spec->shown.drive && spec->shown.drive->dev)) {
        return fail(err, "Node %s is in use", name);
    }
    if (!spec->added) {
        return fail(err, "Node %s is of the command line and stays", name);
    }
    g_ptr_array_remove(block_state.specs, spec);
    drop_children(spec->node);
    bool ok = image_close(spec->image, err);
    block_spec_free(spec);
    return ok;
}

static bool resize_images(DriveSpec *spec, uint64_t size_bytes, Error *err)
{
    // The layers over the image follow it.
    int result = spec->file_image->read_only && spec->image == spec->file_image
                     ? -EPERM
                     : 0;
    bool overlay = spec->temporary;
    result = result == 0 && !overlay ? image_resize(spec->file_image, size_bytes) : result;
    if (result == 0 && spec->image != spec->file_image) {
        result = image_resize(spec->image, size_bytes);
    }
    return result == 0 || (result == -ENOTSUP
                               ? fail(err, "this image can't be made longer here: use qemu-img resize")
                               : fail(err, "Could not resize: %s", g_strerror(-result)));
}

bool block_resize(const char *device, const char *node, int64_t size_bytes, Error *err)
{
    DriveSpec *spec = device ? find(device, true, false) : find(node, false, true);
    spec = spec && spec->image_spec ? spec->image_spec : spec;
    if (!spec || !spec->image) {
        return fail(err, "Cannot find device='%s' nor node-name='%s'", device ? device : "",
                    node ? node : "");
    }
    if (size_bytes < 0) {
        return fail(err, "Parameter 'size' expects a >0 size");
    }
    if (size_bytes % 512) {
        return fail(err, "The new size must be a multiple of 512");
    }
    Drive *drive = spec->shown.drive;
    if (!drive || spec->added) {
        return fail(err, "no device can use node '%s', so its size stays", spec->id);
    }
    if (block_state.mode != REPLAY_NONE) {
        return fail(err, "block_resize isn't possible while recording or replaying: a disk's size "
                         "is part of the recording");
    }
    if (spec->read_only) {
        return fail(err, "Drive '%s' is read-only", spec->id);
    }
    if ((uint64_t)size_bytes < drive->size_bytes) {
        return fail(err, "shrinking a disk is not supported");
    }
    drive_settle(drive);
    if (!resize_images(spec, (uint64_t)size_bytes, err)) {
        return false;
    }
    drive_resize(drive, (uint64_t)size_bytes);
    return true;
}

bool block_eject(const char *name, const char *what, Error *err)
{
    DriveSpec *spec = find(name, true, true);
    for (unsigned i = 0; !spec && name && i < block_drive_count(); i++) {
        const Drive *drive = spec_at(i)->shown.drive;
        spec = drive && drive->dev && g_strcmp0(drive->dev->id, name) == 0 ? spec_at(i) : NULL;
    }
    return spec ? fail(err, "Device '%s' is not removable, so its medium can't be %s", name, what)
                : fail(err, "Device '%s' not found", name);
}
