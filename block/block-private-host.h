// SPDX-License-Identifier: GPL-2.0-or-later
// What the option, opening and information parts of the host half share: one DriveSpec a -drive.
#pragma once
#include "block/block-host.h"
#include "block/drive-host.h"

typedef struct DriveSpec DriveSpec;
struct DriveSpec {
    // as given
    char *optarg, *id, *file, *format;
    char *image_id; // driver=blkreplay,image=ID; then no file of its own
    BlockIf interface;
    int index, bus, unit; // -1: not given
    int snapshot;         // -1: not given
    bool cdrom, read_only, sync_writes, no_flush;
    // as opened
    BlockDrive shown;
    DriveSpec *image_spec; // of image_id
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
    bool open;
} Block;
extern Block block_state;

const char *block_if_name(BlockIf interface);
DriveSpec *block_spec_parse(const char *text, Error *err); // NULL: err
void block_spec_free(DriveSpec *spec);
char *block_undo_path(const char *log_path, int number);
// PLAY: number and id of the drive's undo file in the recording's identity; false: it had none.
bool block_identity_undo(const char *json, unsigned drive, int *number, uint8_t id[16]);
