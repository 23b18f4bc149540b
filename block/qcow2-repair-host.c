// SPDX-License-Identifier: GPL-2.0-or-later
// qcow2: reference counts made anew for an image that was left dirty.
//
// A program that counts lazily marks the image dirty, and after a crash its counts are wrong while
// everything that they count is right. So all references are counted, blocks that are missing get a
// place, and all blocks are written; the mark goes last. A crash in between leaves the image dirty.
// Clusters that only persistent bitmaps refer to are unknown to us: with bitmaps no count is
// lowered.
#include <errno.h>

#include "block/qcow2-host.h"

typedef struct Repair {
    Qcow2 *q;
    Error *err;
    uint16_t *counts;
    uint64_t clusters, room; // counts there are, and those allocated
} Repair;

static uint64_t table_entries(const Qcow2 *q)
{
    return ((uint64_t)q->reftable_clusters << q->cluster_bits) / 8;
}

// A cluster that nothing uses, in the range of block `index` if there is one, else behind the file.
static uint64_t free_cluster(Repair *repair, uint64_t index)
{
    uint64_t per_block = qcow2_refblock_entries(repair->q);
    uint64_t end = MIN((index + 1) * per_block, repair->clusters);
    for (uint64_t c = index * per_block; c < end && !repair->q->bitmaps; c++) {
        if (repair->counts[c] == 0) {
            return c;
        }
    }
    return repair->clusters;
}

static void add_block(Repair *repair, uint64_t index)
{
    uint64_t cluster = free_cluster(repair, index);
    if (cluster == repair->clusters) {
        if (repair->clusters == repair->room) {
            repair->room += repair->room / 2 + 64;
            repair->counts = g_renew(uint16_t, repair->counts, repair->room);
        }
        repair->counts[repair->clusters++] = 0;
    }
    repair->counts[cluster] = 1;
    repair->q->reftable[index] = cluster << repair->q->cluster_bits;
}

// Every range with something to count gets its block. A new block may lie in a range that had none.
static bool add_blocks(Repair *repair)
{
    Qcow2 *q = repair->q;
    uint64_t per_block = qcow2_refblock_entries(q);
    for (uint64_t c = 0; c < repair->clusters; c++) {
        uint64_t index = c / per_block;
        if (repair->counts[c] == 0) {
            continue;
        }
        if (index >= table_entries(q)) {
            return fail(repair->err, "its reference count table is too small ('qemu-img check -r "
                                     "all' may repair it)");
        }
        if (!q->reftable[index]) {
            add_block(repair, index);
        }
    }
    return true;
}

static int write_block(Repair *repair, uint64_t index, uint8_t *bytes)
{
    Qcow2 *q = repair->q;
    uint64_t per_block = qcow2_refblock_entries(q), first = index * per_block, at, len;
    uint64_t most = q->refcount_order > 5 ? UINT64_MAX : (1ull << (1u << q->refcount_order)) - 1;
    int result = file_read(q->image.fd, q->reftable[index], q->cluster_bytes, bytes);
    for (uint64_t i = 0; result == 0 && i < per_block; i++) {
        uint64_t count = first + i < repair->clusters ? repair->counts[first + i] : 0;
        uint64_t old = qcow2_refcount_get(q, bytes, i);
        if (count > most) {
            return -EOVERFLOW;
        }
        qcow2_refcount_put(q, bytes, i, q->bitmaps ? MAX(count, old) : count, &at, &len);
    }
    return result == 0 ? qcow2_file_write(q, q->reftable[index], q->cluster_bytes, bytes) : result;
}

static int write_all(Repair *repair)
{
    Qcow2 *q = repair->q;
    uint64_t entries = table_entries(q);
    uint8_t *bytes = g_malloc(q->cluster_bytes), head[8];
    int result = 0;
    for (uint64_t i = 0; i < entries && result == 0; i++) {
        // What was behind the file's end reads as zeros, as a new block must.
        result = q->reftable[i] ? write_block(repair, i, bytes) : 0;
    }
    g_free(bytes);
    result = result == 0 ? file_sync(q->image.fd) : result;
    uint8_t *table = g_malloc(entries * 8);
    for (uint64_t i = 0; i < entries; i++) {
        qcow2_put64(table + i * 8, q->reftable[i]);
    }
    result = result == 0 ? qcow2_file_write(q, q->reftable_offset, entries * 8, table) : result;
    g_free(table);
    result = result == 0 ? file_sync(q->image.fd) : result;
    qcow2_put64(head, q->incompatible & ~(uint64_t)QCOW2_DIRTY);
    result = result == 0 ? qcow2_file_write(q, 72, sizeof(head), head) : result;
    return result == 0 ? file_sync(q->image.fd) : result;
}

bool qcow2_repair(Qcow2 *q, Error *err)
{
    Repair repair = {.q = q, .err = err};
    repair.counts = qcow2_count(q, &repair.clusters, err);
    if (!repair.counts) {
        return false;
    }
    repair.room = repair.clusters;
    bool ok = add_blocks(&repair);
    if (ok) {
        int result = write_all(&repair);
        ok = result == 0 ||
             fail(err, "its reference counts could not be repaired: %s", g_strerror(-result));
    }
    if (ok) {
        q->incompatible &= ~(uint64_t)QCOW2_DIRTY;
        image_warn("'%s': its last user did not finish; its reference counts were repaired",
                   q->image.path);
    }
    g_free(repair.counts);
    return ok;
}
