// SPDX-License-Identifier: GPL-2.0-or-later
// Image: contents of a disk as the host half sees them; a stack of layers, each a BlockDriver.
//
//     overlay (temporary, snapshot=on)  ->  qcow2 'top.qcow2'  ->  raw 'base.img'
//
// Every function but open and close may be called by several worker threads at once, as long as no
// two requests in flight overlap with one of them changing the range (block/drive.c sees to that).
// Results are 0 or -errno. Offsets and lengths are bytes of any alignment, inside the image. Host
// half: nothing here is known to devices.
#pragma once
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "block/node.h"
#include "util/error.h"

typedef struct Image Image;

typedef struct ImageInfo {    // for `info block`, query-block and the identity of a recording
    const char *format;       // "raw", "qcow2", …
    const char *path;         // NULL: a layer without a file of its own
    const char *backing;      // name as the image gives it, or NULL
    uint64_t size_bytes;      // virtual size
    uint64_t allocated_bytes; // on the host
    uint32_t cluster_bytes;   // 0: no clusters
    bool dirty;               // its last user did not finish
    bool corrupt, lazy_refcounts;
    unsigned version, refcount_bits; // of qcow2; 0: another format
    const char *compression;
} ImageInfo;

typedef struct BlockDriver {
    const char *format;
    size_t instance_size; // Image first
    // Does a file that starts with these bytes have this format? NULL: never found by looking.
    bool (*probe)(const uint8_t *head, size_t len);
    // image->path, fd and read_only are set; sets size_bytes, backing_name, backing_format (both
    // g_malloc'd).
    bool (*open)(Image *image, Error *err);
    // Writes what is pending and frees what open made; the caller closes fd. True, or what was
    // lost.
    bool (*close)(Image *image, Error *err);
    int (*read)(Image *image, uint64_t offset, uint64_t len, uint8_t *buf);
    int (*write)(Image *image, uint64_t offset, uint64_t len, const uint8_t *buf);
    // The range reads as zeros afterwards; `unmap`: give the space back where that is possible
    // (discard).
    int (*zero)(Image *image, uint64_t offset, uint64_t len, bool unmap);
    int (*flush)(Image *image);
    // True if [offset, offset + *run) is known to read as zeros without looking at data; else
    // false, and nothing is known about *run bytes. 1 <= *run <= len. NULL: nothing is ever known.
    bool (*is_zero)(Image *image, uint64_t offset, uint64_t len, uint64_t *run);
    // Makes the disk longer; no request is in flight. NULL: it can't.
    int (*resize)(Image *image, uint64_t size_bytes);
    void (*info)(Image *image, ImageInfo *info); // NULL: the generic fields say all
    // Changes whenever the file is likely to hold another disk (not: whenever its data change).
    bool (*identity)(Image *image, uint64_t *hash, Error *err);
} BlockDriver;

struct Image {
    const BlockDriver *driver;
    char *path; // NULL for layers without a name
    int fd;     // -1 for layers without a file
    bool read_only;
    bool probed; // the format was guessed, so the guest must not be able to change the guess
    bool own_backing; // which was given from outside; backing_name doesn't count
    const NodeSpec *node; // that it was opened by, as long as that lives; NULL-able
    uint64_t size_bytes;
    char *backing_name;   // as stored in the image, NULL: none
    char *backing_format; // NULL: not stored
    Image *backing;       // owned
    NodeSpec *backing_node, *own_node; // owned: nodes made for lack of others; NULL-able
};

extern const BlockDriver block_raw, block_qcow2, block_null;

// Opens the file and what it is backed by (always read-only). format NULL: look at it.
Image *image_open(const char *path, const char *format, bool read_only, Error *err)
    __attribute__((warn_unused_result));
// The same of a node, which must live as long as the image. `lookup` finds what references name
// (NULL: nothing).
typedef const NodeSpec *NodeLookup(const char *name);
Image *image_open_node(const NodeSpec *node, bool read_only, NodeLookup *lookup, Error *err)
    __attribute__((warn_unused_result));
// Closes the stack from the top; the first error is reported, all is freed in any case. NULL is
// legal.
bool image_close(Image *image, Error *err);

int image_read(Image *image, uint64_t offset, uint64_t len, uint8_t *buf);
int image_write(Image *image, uint64_t offset, uint64_t len, const uint8_t *buf);
int image_zero(Image *image, uint64_t offset, uint64_t len, bool unmap);
int image_flush(Image *image);
bool image_is_zero(Image *image, uint64_t offset, uint64_t len, uint64_t *run);
int image_resize(Image *image, uint64_t size_bytes);
void image_info(Image *image, ImageInfo *info);
bool image_identity(Image *image, uint64_t *hash, Error *err) __attribute__((warn_unused_result));
// Reads from image->backing; zeros where there is none or beyond its end.
int image_read_backing(Image *image, uint64_t offset, uint64_t len, uint8_t *buf);
// is_zero of image->backing, in the same sense.
bool image_backing_is_zero(Image *image, uint64_t offset, uint64_t len, uint64_t *run);
// For drivers and layers: a zeroed instance with fd -1.
Image *image_new(const BlockDriver *driver);
// A sentence for the user about something found while the machine runs (stderr).
void image_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

// ---- layers without a file format (each takes `backing`, also when it fails) ----

// Temporary layer: writes go to an unlinked file, the backing image is never changed.
Image *overlay_open(Image *backing, Error *err) __attribute__((warn_unused_result));

// Recording: writes go through to the backing image after the old contents went to the undo file.
// The file is made by undo_begin; `id` ties it to its log.
Image *undo_record_open(Image *backing, const char *path, const uint8_t id[16]);
bool undo_record_begin(Image *image, Error *err) __attribute__((warn_unused_result));
// Replay: the backing image as it was when the recording began. Read-only.
Image *undo_replay_open(Image *backing, const char *path, const uint8_t id[16], Error *err)
    __attribute__((warn_unused_result));

// ---- locks (lock-host.c) ----

// Tells other programs, those that lock images as QEMU does included, what this one does with the
// file: it reads, or writes as well; `resizes`: the file's size is part of its format. False:
// another one is in the way. The lock ends with the descriptor.
bool lock_take(int fd, const char *path, bool writes, bool resizes, NodeChoice locking, Error *err)
    __attribute__((warn_unused_result));

// ---- file helpers ----

int file_read(int fd, uint64_t offset, uint64_t len, uint8_t *buf); // zeros beyond the end
int file_write(int fd, uint64_t offset, uint64_t len, const uint8_t *buf);
int file_zero(int fd, uint64_t offset, uint64_t len, bool unmap);
int file_resize(int fd, uint64_t size_bytes);
int file_sync(int fd);
// Test hook: told of each change of a file before it is made, and of each sync that has succeeded.
typedef enum FileOp { FILE_WRITE, FILE_ZERO, FILE_RESIZE, FILE_SYNC } FileOp;
typedef void FileTrace(int fd, FileOp op, uint64_t offset, uint64_t len, const uint8_t *buf);
void file_trace(FileTrace *trace); // while no request is in flight; NULL: off
bool buffer_is_zero(const uint8_t *buf, uint64_t len);

// ---- a sparse map from cluster number to a value ----

// Values: 0 = nothing there (the default), 1 = MAP_ZERO, others are the owner's. Stretches of equal
// 0 or 1 cost next to nothing, so that discarding a whole disk does too. Not locked.
typedef struct ClusterMap ClusterMap;
enum { MAP_NONE = 0, MAP_ZERO = 1, MAP_FIRST = 2 };
ClusterMap *cluster_map_new(void);
void cluster_map_free(ClusterMap *map);
uint64_t cluster_map_get(const ClusterMap *map, uint64_t cluster);
void cluster_map_set(ClusterMap *map, uint64_t cluster, uint64_t value);
// All of the range becomes `value` (0 or 1); `dropped` (may be NULL) hears of each other value
// replaced.
void cluster_map_fill(ClusterMap *map, uint64_t cluster, uint64_t count, uint64_t value,
                      void (*dropped)(void *ctx, uint64_t value), void *ctx);
// How many clusters from `cluster` on, at most `limit`, have the same value; values >= MAP_FIRST:
// always 1.
uint64_t cluster_map_run(const ClusterMap *map, uint64_t cluster, uint64_t limit);
