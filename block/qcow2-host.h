// SPDX-License-Identifier: GPL-2.0-or-later
// qcow2: inside. Specification: "Qcow2 Image File Format" (interop documentation, qcow2.txt),
// versions 2 and 3.
//
// What is in memory and what is on disk. Reference counts are written as they change, data before
// anything points to them. L2 tables and the L1 table are written back by qcow2_write_back: sync,
// L2 tables, sync, L1 table, sync, and only then are counts of what they no longer use decreased.
// So on the disk nothing in use ever counts as free; a host that loses power or a killed process
// leaves at worst clusters that are counted and not used. All under one lock, but for reading and
// writing data of clusters that are already in place.
#pragma once
#include <pthread.h>

#include "block/image.h"

enum {
    QCOW2_DIRTY = 1 << 0,
    QCOW2_CORRUPT = 1 << 1,
    QCOW2_DATA_FILE = 1 << 2,
    QCOW2_COMPRESSION = 1 << 3,
    QCOW2_EXTENDED_L2 = 1 << 4, // incompatible features
};
enum { QCOW2_LAZY_REFCOUNTS = 1 << 0 }; // compatible features
enum { QCOW2_ZLIB = 0, QCOW2_ZSTD = 1 };
enum { QCOW2_MAX_L1_BYTES = 32 << 20, QCOW2_MAX_REFTABLE_BYTES = 8 << 20 };

static const uint64_t QCOW2_COPIED = 1ull
                                     << 63; // L1 and L2 entries: reference count is exactly one
static const uint64_t QCOW2_COMPRESSED = 1ull << 62; // L2
static const uint64_t QCOW2_ZERO = 1;                // L2, version 3
static const uint64_t QCOW2_OFFSET = 0x00fffffffffffe00;
static const uint64_t QCOW2_RESERVED_L1 = 0x7f000000000001ff,
                      QCOW2_RESERVED_L2 = 0x3f000000000001fe;

// One cluster of a table, as it is in the file (big endian).
typedef struct Table {
    uint64_t offset;               // in the file; 0: the slot is free
    uint64_t used;                 // tick of its last use
    unsigned dirty_from, dirty_to; // bytes that differ from the file; equal: none
    uint8_t *bytes;
} Table;

// A pointer to a table is good until the next table is asked for from the same cache.
typedef struct TableCache {
    Table *slots;
    unsigned nslots;
    GHashTable *by_offset; // &table->offset -> Table
    uint64_t tick;
} TableCache;

typedef struct Qcow2 {
    Image image;
    pthread_mutex_t lock;
    // header
    unsigned version, header_length, cluster_bits, refcount_order;
    uint64_t cluster_bytes;
    uint64_t incompatible, compatible, autoclear;
    bool bitmaps; // it has persistent bitmaps, in clusters that our tables don't name
    unsigned compression;
    uint64_t l1_offset, reftable_offset, snapshots_offset;
    uint32_t l1_entries, reftable_clusters, snapshots;
    // tables
    uint64_t *l1, *reftable; // native byte order
    uint32_t l1_dirty_from, l1_dirty_to;
    TableCache l2, refblocks;
    // allocation
    uint64_t file_bytes; // beyond it the file reads as zeros
    uint64_t free_hint;  // no cluster below is free
    GArray *pending;     // Release: counts to decrease after the next write-back
    unsigned reading;    // requests that read data without the lock: nothing becomes free meanwhile
    // state
    bool touched; // this opening has changed the file
    bool broken;  // inconsistent: no more writing
    bool identity_known;
    uint64_t identity;
    uint64_t unpacked_entry; // L2 entry of the compressed cluster in `unpacked`; 0: none
    uint8_t *unpacked;
} Qcow2;

typedef struct Release {
    uint64_t offset, len; // bytes of the file whose clusters each lose one reference
    bool unmap;           // the guest gave it up: what becomes free is given back to the host
} Release;

typedef enum MappingKind {
    MAPPING_NONE,
    MAPPING_ZERO,
    MAPPING_DATA,
    MAPPING_COMPRESSED
} MappingKind;
typedef struct Mapping {
    MappingKind kind;
    bool no_table; // there isn't even an L2 table
    bool copied;
    uint64_t entry;    // as in the table
    uint64_t host;     // offset of the cluster, or of the compressed data; ZERO: may be 0
    uint64_t host_len; // of the compressed data
} Mapping;

static inline uint64_t qcow2_l2_entries(const Qcow2 *q)
{
    return q->cluster_bytes / 8;
}
static inline uint64_t qcow2_refblock_entries(const Qcow2 *q)
{
    return q->cluster_bytes * 8 >> q->refcount_order;
}
static inline uint64_t qcow2_get64(const uint8_t *p)
{
    uint64_t value;
    __builtin_memcpy(&value, p, sizeof(value));
    return GUINT64_FROM_BE(value);
}
static inline void qcow2_put64(uint8_t *p, uint64_t value)
{
    value = GUINT64_TO_BE(value);
    __builtin_memcpy(p, &value, sizeof(value));
}

// Says that the image is inconsistent, stops writing to it, marks it corrupt. Returns -EIO.
int qcow2_broken(Qcow2 *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// Before anything is changed: 0, or -EIO when the image is broken.
int qcow2_touch(Qcow2 *q);
int qcow2_file_write(Qcow2 *q, uint64_t offset, uint64_t len, const uint8_t *buf);

// qcow2-table-host.c
extern unsigned qcow2_cache_tables; // test hook: most tables of a cache; 0: as many as 16 MiB hold
void qcow2_cache_init(Qcow2 *q, TableCache *cache);
void qcow2_cache_free(TableCache *cache);
// `fresh`: a new table of zeros, all of it dirty, instead of what is in the file. 0 or -errno.
int qcow2_table_get(Qcow2 *q, TableCache *cache, uint64_t offset, bool fresh, Table **table);
void qcow2_table_dirty(Table *table, uint64_t from, uint64_t len);
int qcow2_write_back(Qcow2 *q);
// Entry of an L2 table, decoded and checked; false: invalid.
bool qcow2_decode(const Qcow2 *q, uint64_t entry, Mapping *mapping);
int qcow2_lookup(Qcow2 *q, uint64_t cluster, Mapping *mapping);
// The L2 table of a guest cluster for writing: made or copied if need be.
int qcow2_l2_for_write(Qcow2 *q, uint64_t cluster, Table **l2);
void qcow2_l2_set(Qcow2 *q, Table *l2, uint64_t cluster, uint64_t entry);

// qcow2-refcount-host.c
uint64_t qcow2_refcount_get(const Qcow2 *q, const uint8_t *block, uint64_t index);
void qcow2_refcount_put(const Qcow2 *q, uint8_t *block, uint64_t index, uint64_t value,
                        uint64_t *at, uint64_t *len); // *at, *len: the bytes changed
int qcow2_alloc(Qcow2 *q, uint64_t *offset);              // one cluster, its count is 1
int qcow2_unref(Qcow2 *q, Release release); // at once
void qcow2_unref_later(Qcow2 *q, uint64_t offset, uint64_t len, bool unmap);

// qcow2-check-host.c: walks all tables; false: what is wrong. Sets q->identity. `counts`: of
// references too.
bool qcow2_check(Qcow2 *q, bool counts, Error *err);
extern bool
    qcow2_unchecked; // test hook: open without the walk, as if all tables were beyond its bound

// References to each cluster of the file, as far as our tables go; g_free. NULL: err.
uint16_t *qcow2_count(Qcow2 *q, uint64_t *clusters, Error *err);

// qcow2-repair-host.c: an image that its last user left dirty gets right counts, and is dirty no
// more.
bool qcow2_repair(Qcow2 *q, Error *err) __attribute__((warn_unused_result));

// qcow2-io-host.c
int qcow2_read(Image *image, uint64_t offset, uint64_t len, uint8_t *buf);
int qcow2_write(Image *image, uint64_t offset, uint64_t len, const uint8_t *buf);
int qcow2_zero(Image *image, uint64_t offset, uint64_t len, bool unmap);
bool qcow2_is_zero(Image *image, uint64_t offset, uint64_t len, uint64_t *run);
