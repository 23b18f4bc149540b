// SPDX-License-Identifier: GPL-2.0-or-later
// Drives as start-up, monitor and shutdown see them: the options -drive and -blockdev, opening,
// identity, information. Host half.
//
//     block_drive_add() for each -drive, block_blockdev_add() for each -blockdev; block_open_all(); devices attach with drive_find();
//     recording: block_identity_json() into the log's header, block_record_begin(),
//     replay_record(); replay: block_open_all() and block_identity_check() with the header's JSON;
//     … block_close_all().
//
// The list of drives belongs to the process: one machine, one list. All functions are for the
// machine thread.
#pragma once
#include "block/drive-host.h"

typedef enum BlockIf {
    BLOCK_IF_DEFAULT, // no if= given: the machine's; never seen after block_open_all
    BLOCK_IF_NONE,
    BLOCK_IF_IDE,
    BLOCK_IF_SCSI,
    BLOCK_IF_FLOPPY,
    BLOCK_IF_PFLASH,
    BLOCK_IF_MTD,
    BLOCK_IF_SD,
    BLOCK_IF_VIRTIO,
    BLOCK_IF_COUNT
} BlockIf;

typedef struct BlockConfig {
    Replay *replay; // drives register their sources with it; outlives them
    ReplayMode mode;
    const char *log_path;      // RECORD, PLAY: undo files lie beside it
    const char *identity_json; // PLAY: what block_identity_json gave when recorded, from the log's
                               // header, or an object that holds it as "images"
    bool snapshot; // -snapshot: default of each drive's snapshot=
    BlockIf default_if;
    unsigned workers; // 1 to 4 threads; 0: 2
    DriveFailed *failed; // told of failed requests; NULL: nobody is
} BlockConfig;

// One -drive or -blockdev, in the order of the command line.
typedef struct BlockDrive {
    const char *id; // given or made ("virtio0")
    BlockIf interface;
    unsigned index; // among those with the same interface
    bool cdrom;
    Drive *drive; // a blkreplay drive shares its image's; NULL: a node that is part of another
} BlockDrive;

// Takes the text of one -drive; only its form is checked, files are opened by block_open_all.
bool block_drive_add(const char *text, Error *err) __attribute__((warn_unused_result));
// The same of one -blockdev; or of its node's definition as JSON.
bool block_blockdev_add(const char *text, Error *err) __attribute__((warn_unused_result));
// The machine runs on after a stop: requests that waited for it are started.
void block_resume(void);
// Opens all. On failure nothing stays open and no file was changed.
bool block_open_all(const BlockConfig *config, Error *err) __attribute__((warn_unused_result));
// Recording: makes the undo files (`LOG.disk0`, …) of the drives that the guest may write. Before
// the guest runs.
bool block_record_begin(Error *err) __attribute__((warn_unused_result));
unsigned block_drive_count(void);
const BlockDrive *block_drive_at(unsigned i);

// {"drives": [{id, size, readonly, snapshot, undo: {number, id} | null, chain: [{file, format,
// size, hash}]}]}; g_free.
char *block_identity_json(void);
// Are these the disks that were recorded? `json` as in BlockConfig. False: what differs, item by
// item, separated by
// "; ". File names may differ.
bool block_identity_check(const char *json, Error *err) __attribute__((warn_unused_result));

// ---- for the monitor: machine thread; texts and JSON are g_free'd by the caller ----

// `info block [-n] [-v] [NAME]`
char *block_info_text(const char *name, bool nodes, bool verbose);
char *block_info_json(void);  // query-block
char *block_nodes_json(void); // query-named-block-nodes
char *block_stats_text(void);
char *block_stats_json(void);
char *block_error_json(const DriveRequest *request, int error, ErrorAction action);
const char *block_interface_name(BlockIf interface);
// blockdev-add's arguments. The node is of no use to a guest: devices find theirs at start-up.
bool block_node_add(JsonObject *object, Error *err) __attribute__((warn_unused_result));
bool block_node_del(const char *name, Error *err) __attribute__((warn_unused_result));
bool block_resize(const char *device, const char *node, int64_t size_bytes, Error *err)
    __attribute__((warn_unused_result));
// No medium of our devices can be taken out or changed: says so. `what`: "ejected", "changed".
bool block_eject(const char *name, const char *what, Error *err) __attribute__((warn_unused_result));

// Lets issued requests finish, flushes, closes and forgets all drives. False: what may be lost. The
// machine has stopped and no device uses its drive any more; the Replay still exists.
bool block_close_all(Error *err) __attribute__((warn_unused_result));
