// SPDX-License-Identifier: GPL-2.0-or-later
// qcow2: reference counts and the allocation of clusters.
//
// A block of counts that isn't there yet is made in the first cluster that it counts itself. When
// the table of blocks is full, a larger one is laid, with the blocks that count it, right behind
// what the old one covers.
#include <errno.h>
#include <string.h>

#include "block/qcow2-host.h"

// ---- entries ----

uint64_t qcow2_refcount_get(const Qcow2 *q, const uint8_t *block, uint64_t index)
{
    if (q->refcount_order < 3) {
        unsigned bits = 1u << q->refcount_order;
        return block[index * bits / 8] >> (index * bits % 8) & ((1u << bits) - 1);
    }
    unsigned bytes = 1u << (q->refcount_order - 3);
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value = value << 8 | block[index * bytes + i];
    }
    return value;
}

void qcow2_refcount_put(const Qcow2 *q, uint8_t *block, uint64_t index, uint64_t value,
                        uint64_t *at, uint64_t *len)
{
    unsigned bits = 1u << q->refcount_order;
    *at = index * bits / 8;
    *len = MAX(bits / 8, 1);
    if (q->refcount_order < 3) {
        unsigned shift = (unsigned)(index * bits % 8);
        uint8_t mask = (uint8_t)(((1u << bits) - 1) << shift);
        block[*at] = (uint8_t)((block[*at] & ~mask) | (value << shift));
        return;
    }
    for (uint64_t i = 0; i < *len; i++) {
        block[*at + i] = (uint8_t)(value >> (8 * (*len - 1 - i)));
    }
}

static uint64_t reftable_entries(const Qcow2 *q)
{
    return ((uint64_t)q->reftable_clusters << q->cluster_bits) / 8;
}

// The block that counts a cluster; *block NULL: there is none.
static int block_of(Qcow2 *q, uint64_t cluster, Table **block)
{
    uint64_t index = cluster / qcow2_refblock_entries(q);
    uint64_t offset = index < reftable_entries(q) ? q->reftable[index] : 0;
    *block = NULL;
    if (!offset) {
        return 0;
    }
    if (offset & (q->cluster_bytes - 1)) {
        return qcow2_broken(q, "entry %llu of the reference count table is invalid",
                            (unsigned long long)index);
    }
    return qcow2_table_get(q, &q->refblocks, offset, false, block);
}

// Sets a count in the block and in the file.
static int refcount_set(Qcow2 *q, Table *block, uint64_t cluster, uint64_t value)
{
    uint64_t at, len, index = cluster % qcow2_refblock_entries(q);
    uint64_t old = qcow2_refcount_get(q, block->bytes, index);
    qcow2_refcount_put(q, block->bytes, index, value, &at, &len);
    int result = qcow2_file_write(q, block->offset + at, len, block->bytes + at);
    if (result < 0) {
        qcow2_refcount_put(q, block->bytes, index, old, &at, &len);
    }
    return result;
}

// ---- growing ----

static int write_word(Qcow2 *q, uint64_t offset, uint64_t value)
{
    uint8_t word[8];
    qcow2_put64(word, value);
    return qcow2_file_write(q, offset, sizeof(word), word);
}

// Makes the block that counts `cluster` in that cluster itself.
static int block_new(Qcow2 *q, uint64_t cluster)
{
    uint64_t index = cluster / qcow2_refblock_entries(q), at, len;
    uint64_t offset = cluster << q->cluster_bits;
    uint8_t *bytes = g_malloc0(q->cluster_bytes);
    qcow2_refcount_put(q, bytes, cluster % qcow2_refblock_entries(q), 1, &at, &len);
    int result = qcow2_file_write(q, offset, q->cluster_bytes, bytes);
    result = result == 0 ? file_sync(q->image.fd) : result;
    result = result == 0 ? write_word(q, q->reftable_offset + index * 8, offset) : result;
    if (result == 0) {
        q->reftable[index] = offset;
    }
    g_free(bytes);
    return result;
}

// Blocks for clusters from `first` on, of which the first `used` are in use: these blocks, then the
// table.
static int write_new_blocks(Qcow2 *q, uint64_t first, uint64_t blocks, uint64_t used)
{
    uint8_t *bytes = g_malloc(q->cluster_bytes);
    int result = 0;
    for (uint64_t b = 0; b < blocks && result == 0; b++) {
        memset(bytes, 0, q->cluster_bytes);
        for (uint64_t i = 0;
             i < qcow2_refblock_entries(q) && b * qcow2_refblock_entries(q) + i < used; i++) {
            uint64_t at, len;
            qcow2_refcount_put(q, bytes, i, 1, &at, &len);
        }
        result = qcow2_file_write(q, (first + b) << q->cluster_bits, q->cluster_bytes, bytes);
    }
    g_free(bytes);
    return result;
}

static int write_new_table(Qcow2 *q, const uint64_t *table, uint64_t offset, uint64_t clusters)
{
    uint64_t bytes = clusters << q->cluster_bits;
    uint8_t *raw = g_malloc(bytes);
    for (uint64_t i = 0; i < bytes / 8; i++) {
        qcow2_put64(raw + i * 8, table[i]);
    }
    int result = qcow2_file_write(q, offset, bytes, raw);
    g_free(raw);
    result = result == 0 ? file_sync(q->image.fd) : result;
    uint8_t head[12]; // reftable_offset, reftable_clusters: one write, so that they change together
    qcow2_put64(head, offset);
    for (unsigned i = 0; i < 4; i++) {
        head[8 + i] = (uint8_t)(clusters >> (24 - 8 * i));
    }
    result = result == 0 ? qcow2_file_write(q, 48, sizeof(head), head) : result;
    return result == 0 ? file_sync(q->image.fd) : result;
}

static int grow_reftable(Qcow2 *q)
{
    uint64_t per_block = qcow2_refblock_entries(q);
    uint64_t old_entries = reftable_entries(q);
    uint64_t first = old_entries * per_block;
    uint64_t clusters = q->reftable_clusters + q->reftable_clusters / 2 + 1;
    uint64_t blocks = 1;
    while (blocks * per_block < blocks + clusters) {
        blocks++;
    }
    if (clusters << q->cluster_bits > QCOW2_MAX_REFTABLE_BYTES ||
        first + blocks + clusters >= 1ull << (56 - q->cluster_bits) ||
        (clusters << q->cluster_bits) / 8 < old_entries + blocks) {
        return -EFBIG;
    }
    uint64_t *table = g_new0(uint64_t, (clusters << q->cluster_bits) / 8);
    memcpy(table, q->reftable, old_entries * 8);
    for (uint64_t b = 0; b < blocks; b++) {
        table[old_entries + b] = (first + b) << q->cluster_bits;
    }
    uint64_t offset = (first + blocks) << q->cluster_bits;
    int result = write_new_blocks(q, first, blocks, blocks + clusters);
    result = result == 0 ? write_new_table(q, table, offset, clusters) : result;
    if (result < 0) {
        g_free(table);
        return result;
    }
    uint64_t old_offset = q->reftable_offset,
             old_bytes = (uint64_t)q->reftable_clusters << q->cluster_bits;
    g_free(q->reftable);
    q->reftable = table;
    q->reftable_offset = offset;
    q->reftable_clusters = (uint32_t)clusters;
    return qcow2_unref(q, (Release){old_offset, old_bytes, false});
}

// ---- allocation ----

static bool inside(uint64_t offset, uint64_t from, uint64_t len, uint64_t cluster_bytes)
{
    return len && offset < from + len && from < offset + cluster_bytes;
}

static bool is_metadata(const Qcow2 *q, uint64_t offset)
{
    return offset == 0 || inside(offset, q->l1_offset, q->l1_entries * 8ull, q->cluster_bytes) ||
           inside(offset, q->reftable_offset, (uint64_t)q->reftable_clusters << q->cluster_bits,
                  q->cluster_bytes);
}

// The next free cluster from free_hint on, in the range of one block; *found UINT64_MAX: none
// there.
static int find_free(Qcow2 *q, uint64_t cluster, Table **block, uint64_t *found)
{
    uint64_t per_block = qcow2_refblock_entries(q);
    *found = UINT64_MAX;
    int result = block_of(q, cluster, block);
    for (uint64_t i = cluster % per_block; result == 0 && *block && i < per_block; i++) {
        if (qcow2_refcount_get(q, (*block)->bytes, i) == 0) {
            *found = cluster - cluster % per_block + i;
            break;
        }
    }
    return result;
}

int qcow2_alloc(Qcow2 *q, uint64_t *offset)
{
    uint64_t per_block = qcow2_refblock_entries(q);
    uint64_t cluster = q->free_hint, found;
    for (;;) {
        Table *block;
        int result = 0;
        if (cluster >> (56 - q->cluster_bits)) {
            return -EFBIG;
        }
        if (cluster / per_block >= reftable_entries(q)) {
            result = grow_reftable(q);
        } else {
            result = find_free(q, cluster, &block, &found);
            if (result == 0 && !block) {
                result = is_metadata(q, cluster << q->cluster_bits)
                             ? qcow2_broken(q, "cluster %llu is in use, but not counted",
                                            (unsigned long long)cluster)
                             : block_new(q, cluster);
            } else if (result == 0 && found != UINT64_MAX) {
                if (is_metadata(q, found << q->cluster_bits)) {
                    return qcow2_broken(q, "cluster %llu is in use, but counted as free",
                                        (unsigned long long)found);
                }
                *offset = found << q->cluster_bits;
                result = refcount_set(q, block, found, 1);
                q->free_hint = result == 0 ? found + 1 : found;
                return result;
            } else if (result == 0) {
                cluster = (cluster / per_block + 1) * per_block;
            }
        }
        if (result < 0) {
            return result;
        }
    }
}

int qcow2_unref(Qcow2 *q, Release release)
{
    uint64_t last = (release.offset + release.len - 1) >> q->cluster_bits;
    for (uint64_t cluster = release.offset >> q->cluster_bits; cluster <= last; cluster++) {
        Table *block;
        int result = block_of(q, cluster, &block);
        if (result < 0) {
            return result;
        }
        uint64_t count =
            block ? qcow2_refcount_get(q, block->bytes, cluster % qcow2_refblock_entries(q)) : 0;
        if (count == 0) {
            return qcow2_broken(q, "cluster %llu was in use, but counted as free",
                                (unsigned long long)cluster);
        }
        result = refcount_set(q, block, cluster, count - 1);
        if (result < 0) {
            return result;
        }
        if (count == 1) {
            q->free_hint = MIN(q->free_hint, cluster);
            if (release.unmap) {
                // Nothing on the disk refers to it any more. Failing only keeps the space.
                (void)file_zero(q->image.fd, cluster << q->cluster_bits, q->cluster_bytes, true);
            }
        }
    }
    return 0;
}

void qcow2_unref_later(Qcow2 *q, uint64_t offset, uint64_t len, bool unmap)
{
    Release release = {offset, len, unmap};
    g_array_append_val(q->pending, release);
}
