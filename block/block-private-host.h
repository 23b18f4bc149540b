// SPDX-License-Identifier: GPL-2.0-or-later
// What the option, opening and information parts of the host half share: one DriveSpec a -drive.
#pragma once
#include "block/block-host.h"
#include "block/drive-host.h"

typedef struct DriveSpec DriveSpec;
struct DriveSpec {
    // as given
    char *optarg; // "-drive file=…", shortened: for messages
    char *id;     // -blockdev: the node's name
    bool blockdev;
    NodeSpec *node;
    BlockIf interface;
    int index, bus, unit; // -1: not given
    int snapshot;         // -1: not given
    bool cdrom, read_only, sync_writes, no_flush, direct, aio_native, discard;
    NodeChoice detect_zeroes;
    char *werror, *rerror; // NULL: not given
    // as opened
    BlockDrive shown;
    unsigned serial; // numbers nodes without a name
    bool added;      // by blockdev-add: an image, but no drive
    unsigned users;  // added: trees that it is a part of
    bool child;            // part of another node's tree: no drive of its own
    DriveSpec *image_spec; // of driver=blkreplay,image=ID: that one's drive is this one's, too
    DriveHost host;
    Image *image;      // top of the stack, owned; NULL with image_spec
    Image *file_image; // the user's image within the stack
    bool temporary;    // an overlay by snapshot=on (not: by replay)
    int undo_number;   // -1: no undo file
    uint8_t undo_id[16];
    Image *undo; // recording: the layer that keeps the undo file
};

typedef struct Block {
    GPtrArray *specs; // DriveSpec *; NULL: no -drive yet
    Workers *workers;
    ReplayMode mode;
    bool open;
} Block;
extern Block block_state;

const NodeSpec *block_node_find(const char *name); // of any tree; NULL
bool block_spec_opens(const DriveSpec *spec); // has it an image and a drive of its own?
DriveSpec *block_spec_parse(const char *text, Error *err); // NULL: err
// Takes the node; `text` is for messages.
DriveSpec *block_spec_of_node(NodeSpec *node, const char *text, Error *err);
const char *block_image_ref(const DriveSpec *spec); // blkreplay's image=ID; NULL
void block_spec_free(DriveSpec *spec);
char *block_undo_path(const char *log_path, int number);
// PLAY: number and id of the drive's undo file in the recording's identity; false: it had none.
bool block_identity_read_only(const char *json, unsigned drive);
bool block_identity_undo(const char *json, unsigned drive, int *number, uint8_t id[16]);
