// SPDX-License-Identifier: GPL-2.0-or-later
// qcow2: cached tables, write-back, and the mapping from guest clusters to the file.
#include <errno.h>
#include <string.h>

#include "block/qcow2-host.h"

enum { CACHE_BYTES = 16 << 20, MIN_TABLES = 8, MAX_TABLES = 1024 };

unsigned qcow2_cache_tables;

// ---- cache ----

void qcow2_cache_init(Qcow2 *q, TableCache *cache)
{
    cache->nslots = (unsigned)CLAMP(CACHE_BYTES / q->cluster_bytes, MIN_TABLES, MAX_TABLES);
    if (qcow2_cache_tables) {
        cache->nslots = qcow2_cache_tables;
    }
    cache->slots = g_new0(Table, cache->nslots);
    cache->by_offset = g_hash_table_new(g_int64_hash, g_int64_equal);
}

void qcow2_cache_free(TableCache *cache)
{
    if (cache->by_offset) {
        g_hash_table_destroy(cache->by_offset);
        for (unsigned i = 0; i < cache->nslots; i++) {
            g_free(cache->slots[i].bytes);
        }
        g_free(cache->slots);
    }
}

void qcow2_table_dirty(Table *table, uint64_t from, uint64_t len)
{
    bool clean = table->dirty_from == table->dirty_to;
    table->dirty_from = (unsigned)(clean ? from : MIN(table->dirty_from, from));
    table->dirty_to = (unsigned)(clean ? from + len : MAX(table->dirty_to, from + len));
}

// A slot whose table can go: free, else the one not used for longest.
static int slot_for(Qcow2 *q, TableCache *cache, Table **slot)
{
    Table *oldest = &cache->slots[0];
    for (unsigned i = 0; i < cache->nslots && oldest->offset; i++) {
        if (!cache->slots[i].offset || cache->slots[i].used < oldest->used) {
            oldest = &cache->slots[i];
        }
    }
    if (oldest->dirty_from != oldest->dirty_to) {
        int result = qcow2_write_back(q);
        if (result < 0) {
            return result;
        }
    }
    if (oldest->offset) {
        g_hash_table_remove(cache->by_offset, &oldest->offset);
        oldest->offset = 0;
    }
    *slot = oldest;
    return 0;
}

int qcow2_table_get(Qcow2 *q, TableCache *cache, uint64_t offset, bool fresh, Table **table)
{
    Table *found = g_hash_table_lookup(cache->by_offset, &offset);
    if (!found) {
        if (!fresh && offset >= q->file_bytes) {
            return qcow2_broken(q, "the table at offset %llu lies beyond the end of the file",
                                (unsigned long long)offset);
        }
        int result = slot_for(q, cache, &found);
        if (result < 0) {
            return result;
        }
        if (!found->bytes) {
            found->bytes = g_malloc(q->cluster_bytes);
        }
        result = fresh ? 0 : file_read(q->image.fd, offset, q->cluster_bytes, found->bytes);
        if (result < 0) {
            return result;
        }
        found->offset = offset;
        found->dirty_from = found->dirty_to = 0;
        g_hash_table_insert(cache->by_offset, &found->offset, found);
    }
    if (fresh) {
        memset(found->bytes, 0, q->cluster_bytes);
        qcow2_table_dirty(found, 0, q->cluster_bytes);
    }
    found->used = ++cache->tick;
    *table = found;
    return 0;
}

// ---- write-back ----

static int write_l2_tables(Qcow2 *q, bool *any)
{
    for (unsigned i = 0; i < q->l2.nslots; i++) {
        Table *table = &q->l2.slots[i];
        if (table->dirty_from == table->dirty_to) {
            continue;
        }
        if (!*any) {
            *any = true;
            int result = file_sync(q->image.fd); // data and counts first
            if (result < 0) {
                return result;
            }
        }
        int result =
            qcow2_file_write(q, table->offset + table->dirty_from,
                             table->dirty_to - table->dirty_from, table->bytes + table->dirty_from);
        if (result < 0) {
            return result;
        }
        table->dirty_from = table->dirty_to = 0;
    }
    return 0;
}

static int write_l1(Qcow2 *q)
{
    uint32_t from = q->l1_dirty_from, count = q->l1_dirty_to - from;
    uint64_t *words = g_new(uint64_t, count);
    for (uint32_t i = 0; i < count; i++) {
        words[i] = GUINT64_TO_BE(q->l1[from + i]);
    }
    int result = file_sync(q->image.fd);
    if (result == 0) {
        result = qcow2_file_write(q, q->l1_offset + from * 8ull, count * 8ull, (uint8_t *)words);
    }
    if (result == 0) {
        q->l1_dirty_from = q->l1_dirty_to = 0;
    }
    g_free(words);
    return result;
}

int qcow2_write_back(Qcow2 *q)
{
    bool any = false;
    if (q->broken) {
        return q->touched ? -EIO : 0;
    }
    int result = write_l2_tables(q, &any);
    if (result == 0 && q->l1_dirty_from != q->l1_dirty_to) {
        result = write_l1(q);
    }
    // A request may be reading a cluster that was copied since for another part of it; its place is
    // kept until later.
    if (result < 0 || q->pending->len == 0 || q->reading > 0) {
        return result;
    }
    result = file_sync(q->image.fd);
    while (result == 0 && q->pending->len > 0) {
        Release release = g_array_index(q->pending, Release, q->pending->len - 1);
        g_array_set_size(q->pending, q->pending->len - 1);
        result = qcow2_unref(q, release);
    }
    return result;
}

// ---- mapping ----

bool qcow2_decode(const Qcow2 *q, uint64_t entry, Mapping *mapping)
{
    *mapping = (Mapping){.entry = entry};
    if (entry & QCOW2_COMPRESSED) {
        unsigned bits = 62 - (q->cluster_bits - 8);
        uint64_t descriptor = entry & (QCOW2_COMPRESSED - 1);
        mapping->kind = MAPPING_COMPRESSED;
        mapping->host = descriptor & ((1ull << bits) - 1);
        uint64_t sectors = (descriptor >> bits) + 1;
        mapping->host_len = sectors * 512 - (mapping->host & 511);
        return !(entry & QCOW2_COPIED) && mapping->host >> 56 == 0 &&
               mapping->host >= q->header_length;
    }
    if ((entry & QCOW2_RESERVED_L2) || ((entry & QCOW2_ZERO) && q->version < 3)) {
        return false;
    }
    mapping->host = entry & QCOW2_OFFSET;
    mapping->copied = entry & QCOW2_COPIED;
    if (mapping->host & (q->cluster_bytes - 1)) {
        return false;
    }
    if (entry & QCOW2_ZERO) {
        mapping->kind = MAPPING_ZERO;
    } else {
        mapping->kind = mapping->host ? MAPPING_DATA : MAPPING_NONE;
    }
    return mapping->host || !mapping->copied;
}

static bool l1_ok(const Qcow2 *q, uint64_t entry)
{
    return !(entry & QCOW2_RESERVED_L1) && !(entry & QCOW2_OFFSET & (q->cluster_bytes - 1));
}

int qcow2_lookup(Qcow2 *q, uint64_t cluster, Mapping *mapping)
{
    uint64_t entries = qcow2_l2_entries(q);
    uint64_t l1 = q->l1[cluster / entries];
    if (!l1_ok(q, l1)) {
        return qcow2_broken(q, "L1 entry %llu is invalid", (unsigned long long)(cluster / entries));
    }
    if (!(l1 & QCOW2_OFFSET)) {
        *mapping = (Mapping){.kind = MAPPING_NONE, .no_table = true};
        return 0;
    }
    Table *l2;
    int result = qcow2_table_get(q, &q->l2, l1 & QCOW2_OFFSET, false, &l2);
    if (result == 0 && !qcow2_decode(q, qcow2_get64(l2->bytes + cluster % entries * 8), mapping)) {
        result = qcow2_broken(q, "the entry of guest cluster %llu is invalid",
                              (unsigned long long)cluster);
    }
    return result;
}

static void l1_set(Qcow2 *q, uint32_t index, uint64_t entry)
{
    bool clean = q->l1_dirty_from == q->l1_dirty_to;
    q->l1[index] = entry;
    q->l1_dirty_from = clean ? index : MIN(q->l1_dirty_from, index);
    q->l1_dirty_to = clean ? index + 1 : MAX(q->l1_dirty_to, index + 1);
}

int qcow2_l2_for_write(Qcow2 *q, uint64_t cluster, Table **l2)
{
    uint64_t index = cluster / qcow2_l2_entries(q);
    uint64_t old = q->l1[index], offset;
    if (!l1_ok(q, old)) {
        return qcow2_broken(q, "L1 entry %llu is invalid", (unsigned long long)index);
    }
    if (old & QCOW2_COPIED) {
        return qcow2_table_get(q, &q->l2, old & QCOW2_OFFSET, false, l2);
    }
    uint8_t *copy = NULL;
    int result = 0;
    if (old & QCOW2_OFFSET) {
        // Shared with a snapshot, and so is all that it points to.
        Table *shared;
        result = qcow2_table_get(q, &q->l2, old & QCOW2_OFFSET, false, &shared);
        copy = result == 0 ? g_memdup2(shared->bytes, q->cluster_bytes) : NULL;
        for (uint64_t i = 0; copy && i < q->cluster_bytes; i += 8) {
            copy[i] &= 0x7f;
        }
    }
    result = result == 0 ? qcow2_alloc(q, &offset) : result;
    result = result == 0 ? qcow2_table_get(q, &q->l2, offset, true, l2) : result;
    if (result == 0) {
        if (copy) {
            memcpy((*l2)->bytes, copy, q->cluster_bytes);
            qcow2_unref_later(q, old & QCOW2_OFFSET, q->cluster_bytes, false);
        }
        l1_set(q, (uint32_t)index, offset | QCOW2_COPIED);
    }
    g_free(copy);
    return result;
}

void qcow2_l2_set(Qcow2 *q, Table *l2, uint64_t cluster, uint64_t entry)
{
    uint64_t at = cluster % qcow2_l2_entries(q) * 8;
    qcow2_put64(l2->bytes + at, entry);
    qcow2_table_dirty(l2, at, 8);
}
