// SPDX-License-Identifier: GPL-2.0-or-later
// qcow2: a walk over all tables at opening, so that a damaged image is refused before the guest
// runs.
//
// For reading: every table and cluster lies in the file, and every entry is well formed. For
// writing too: nothing is used more often than it is counted, and what is marked as used once is;
// so allocation and writing in place can't hit what is in use. Clusters counted and not used
// (leaks) are harmless. The same walk hashes the active tables, which is the image's identity.
// Bounded: after 128 MiB of tables (1 TiB of data in clusters of 64 KiB) the rest is taken on
// trust; so are counts in files of more than 2^25 clusters.
#include <string.h>
#include <xxhash.h>

#include "block/qcow2-host.h"

enum { TABLE_BUDGET = 128 << 20, MAX_COUNTED = 1 << 25, COPIED_SEEN = 0x8000, COUNT_MASK = 0x7fff };
enum { SNAPSHOT_FIXED = 40, MAX_SNAPSHOTS = 65536, MAX_SNAPSHOT_EXTRA = 1024 };

bool qcow2_unchecked;

typedef struct Check {
    Qcow2 *q;
    Error *err;
    uint16_t *counts;  // references found, saturating, and COPIED_SEEN; NULL: not counted
    uint64_t clusters; // entries of it
    uint64_t budget;   // bytes of tables that may still be read
    XXH3_state_t *hash;
    uint8_t *table; // one cluster
} Check;

static bool use(Check *check, uint64_t offset, uint64_t len, bool copied, const char *what)
{
    Qcow2 *q = check->q;
    if (offset >= q->file_bytes) {
        return fail(check->err,
                    "the image is truncated or corrupt: its %s at offset %llu lies beyond the end "
                    "of the file "
                    "(%llu bytes)",
                    what, (unsigned long long)offset, (unsigned long long)q->file_bytes);
    }
    if (!check->counts || !len) {
        return true;
    }
    uint64_t last = MIN((offset + len - 1) >> q->cluster_bits, check->clusters - 1);
    for (uint64_t c = offset >> q->cluster_bits; c <= last; c++) {
        uint16_t *count = &check->counts[c];
        if ((*count & COUNT_MASK) < COUNT_MASK) {
            (*count)++;
        }
        *count |= copied ? COPIED_SEEN : 0;
    }
    return true;
}

static bool invalid(Check *check, const char *what, uint64_t at)
{
    return fail(check->err, "the image is corrupt: %s at offset %llu has an invalid entry", what,
                (unsigned long long)at);
}

static bool check_l2_entry(Check *check, uint64_t entry, uint64_t at, bool active)
{
    Mapping mapping;
    if (!qcow2_decode(check->q, entry, &mapping)) {
        return invalid(check, "the L2 table", at);
    }
    switch (mapping.kind) {
    case MAPPING_DATA:
        return use(check, mapping.host, check->q->cluster_bytes, active && mapping.copied,
                   "data cluster");
    case MAPPING_COMPRESSED:
        return use(check, mapping.host & ~511ull, mapping.host_len + (mapping.host & 511), false,
                   "compressed cluster");
    case MAPPING_ZERO:
        // Reserved space may not have been written yet.
        return !mapping.host || mapping.host >= check->q->file_bytes ||
               use(check, mapping.host, check->q->cluster_bytes, active && mapping.copied,
                   "cluster");
    default: return true;
    }
}

static bool check_l2(Check *check, uint64_t offset, bool active)
{
    Qcow2 *q = check->q;
    int result = file_read(q->image.fd, offset, q->cluster_bytes, check->table);
    if (result < 0) {
        return fail(check->err, "Could not read an L2 table: %s", g_strerror(-result));
    }
    if (active) {
        XXH3_64bits_update(check->hash, check->table, q->cluster_bytes);
    }
    check->budget -= q->cluster_bytes;
    for (uint64_t i = 0; i < qcow2_l2_entries(q); i++) {
        uint64_t entry = qcow2_get64(check->table + i * 8);
        if (entry && !check_l2_entry(check, entry, offset, active)) {
            return false;
        }
    }
    return true;
}

// `l1`: native byte order.
static bool check_l1(Check *check, const uint64_t *l1, uint64_t entries, uint64_t at, bool active)
{
    Qcow2 *q = check->q;
    if (active) {
        XXH3_64bits_update(check->hash, l1, entries * 8);
    }
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t offset = l1[i] & QCOW2_OFFSET;
        if ((l1[i] & QCOW2_RESERVED_L1) || (offset & (q->cluster_bytes - 1)) ||
            (!offset && l1[i])) {
            return invalid(check, "the L1 table", at);
        }
        if (!offset) {
            continue;
        }
        if (!use(check, offset, q->cluster_bytes, active && (l1[i] & QCOW2_COPIED), "L2 table")) {
            return false;
        }
        if (check->budget >= q->cluster_bytes && !check_l2(check, offset, active)) {
            return false;
        }
    }
    return true;
}

// ---- snapshots ----

static bool check_snapshot(Check *check, uint64_t offset, uint64_t entries)
{
    Qcow2 *q = check->q;
    if ((offset & (q->cluster_bytes - 1)) || entries > QCOW2_MAX_L1_BYTES / 8) {
        return fail(check->err, "the image is corrupt: a snapshot's L1 table is invalid");
    }
    if (entries == 0) {
        return true;
    }
    if (!use(check, offset, entries * 8, false, "snapshot's L1 table")) {
        return false;
    }
    if (check->budget < entries * 8) {
        return true;
    }
    check->budget -= entries * 8;
    uint64_t *l1 = g_new(uint64_t, entries);
    int result = file_read(q->image.fd, offset, entries * 8, (uint8_t *)l1);
    for (uint64_t i = 0; i < entries; i++) {
        l1[i] = GUINT64_FROM_BE(l1[i]);
    }
    bool ok = result == 0 ? check_l1(check, l1, entries, offset, false)
                          : fail(check->err, "Could not read a snapshot's L1 table: %s",
                                 g_strerror(-result));
    g_free(l1);
    return ok;
}

static bool check_snapshots(Check *check)
{
    Qcow2 *q = check->q;
    uint64_t at = q->snapshots_offset;
    if (q->snapshots > MAX_SNAPSHOTS || (q->snapshots && (at & (q->cluster_bytes - 1)))) {
        return fail(check->err, "the image is corrupt: its snapshot table is invalid");
    }
    for (uint32_t i = 0; i < q->snapshots; i++) {
        uint8_t head[SNAPSHOT_FIXED];
        if (at >= q->file_bytes || file_read(q->image.fd, at, sizeof(head), head) < 0) {
            return fail(check->err, "the image is truncated or corrupt: its snapshot table lies "
                                    "beyond the end of the file");
        }
        uint32_t extra = (uint32_t)head[36] << 24 | head[37] << 16 | head[38] << 8 | head[39];
        uint32_t entries = (uint32_t)head[8] << 24 | head[9] << 16 | head[10] << 8 | head[11];
        uint64_t names =
            ((uint64_t)head[12] << 8 | head[13]) + ((uint64_t)head[14] << 8 | head[15]);
        if (extra > MAX_SNAPSHOT_EXTRA) {
            return fail(check->err, "the image is corrupt: its snapshot table is invalid");
        }
        if (!check_snapshot(check, qcow2_get64(head), entries)) {
            return false;
        }
        at += (SNAPSHOT_FIXED + extra + names + 7) / 8 * 8;
    }
    return q->snapshots == 0 ||
           use(check, q->snapshots_offset, at - q->snapshots_offset, false, "snapshot table");
}

// ---- counts ----

static bool use_counting(Check *check)
{
    Qcow2 *q = check->q;
    uint64_t entries = ((uint64_t)q->reftable_clusters << q->cluster_bits) / 8;
    if (!use(check, 0, q->cluster_bytes, false, "header") ||
        !use(check, q->reftable_offset, entries * 8, false, "reference count table")) {
        return false;
    }
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t offset = q->reftable[i];
        if (offset & (q->cluster_bytes - 1)) {
            return invalid(check, "the reference count table", q->reftable_offset);
        }
        if (offset && !use(check, offset, q->cluster_bytes, false, "reference count block")) {
            return false;
        }
    }
    return !q->l1_entries || use(check, q->l1_offset, q->l1_entries * 8ull, false, "L1 table");
}

static bool compare_counts(Check *check)
{
    Qcow2 *q = check->q;
    uint64_t per_block = qcow2_refblock_entries(q);
    uint64_t blocks = ((uint64_t)q->reftable_clusters << q->cluster_bits) / 8;
    for (uint64_t first = 0; first < check->clusters; first += per_block) {
        uint64_t offset = first / per_block < blocks ? q->reftable[first / per_block] : 0;
        memset(check->table, 0, q->cluster_bytes);
        int result = offset ? file_read(q->image.fd, offset, q->cluster_bytes, check->table) : 0;
        if (result < 0) {
            return fail(check->err, "Could not read a reference count block: %s",
                        g_strerror(-result));
        }
        for (uint64_t i = 0; i < per_block && first + i < check->clusters; i++) {
            uint64_t counted = qcow2_refcount_get(q, check->table, i);
            uint16_t seen = check->counts[first + i];
            if ((seen & COUNT_MASK) > counted || ((seen & COPIED_SEEN) && counted != 1)) {
                return fail(check->err,
                            "the image is corrupt: the cluster at offset %llu is used %u times and "
                            "counted %llu "
                            "times ('qemu-img check -r all' may repair it)",
                            (unsigned long long)(first + i) << q->cluster_bits, seen & COUNT_MASK,
                            (unsigned long long)counted);
            }
        }
    }
    return true;
}

static void hash_header(Check *check)
{
    Qcow2 *q = check->q;
    uint64_t words[] = {q->version, q->cluster_bits, q->image.size_bytes, q->compression,
                        q->l1_entries};
    XXH3_64bits_update(check->hash, words, sizeof(words));
    if (q->image.backing_name) {
        XXH3_64bits_update(check->hash, q->image.backing_name, strlen(q->image.backing_name));
    }
}

static void check_begin(Check *check, Qcow2 *q, bool counts, Error *err)
{
    *check = (Check){.q = q, .err = err, .budget = qcow2_unchecked ? 0 : TABLE_BUDGET};
    check->clusters = (q->file_bytes + q->cluster_bytes - 1) >> q->cluster_bits;
    if (counts && check->clusters <= MAX_COUNTED && !qcow2_unchecked) {
        check->counts = g_new0(uint16_t, check->clusters);
    }
    check->table = g_malloc(q->cluster_bytes);
    check->hash = XXH3_createState();
    XXH3_64bits_reset(check->hash);
    hash_header(check);
}

static void check_end(Check *check)
{
    XXH3_freeState(check->hash);
    g_free(check->table);
    g_free(check->counts);
}

bool qcow2_check(Qcow2 *q, bool counts, Error *err)
{
    Check check;
    check_begin(&check, q, counts, err);
    bool ok = use_counting(&check) && check_l1(&check, q->l1, q->l1_entries, q->l1_offset, true);
    q->identity = XXH3_64bits_digest(check.hash);
    q->identity_known = ok;
    ok = ok && (!check.counts || (check_snapshots(&check) && compare_counts(&check)));
    check_end(&check);
    return ok;
}

uint16_t *qcow2_count(Qcow2 *q, uint64_t *clusters, Error *err)
{
    Check check;
    uint16_t *counts = NULL;
    check_begin(&check, q, true, err);
    if (!check.counts) {
        fail(err, "the image is too large for its reference counts to be repaired here");
    } else if (use_counting(&check) &&
               check_l1(&check, q->l1, q->l1_entries, q->l1_offset, true) &&
               check_snapshots(&check)) {
        if (check.budget < q->cluster_bytes) {
            fail(err, "the image's tables are too large for a repair here");
        } else {
            counts = g_steal_pointer(&check.counts);
        }
    }
    for (uint64_t i = 0; counts && i < check.clusters; i++) {
        counts[i] &= COUNT_MASK;
    }
    *clusters = check.clusters;
    check_end(&check);
    return counts;
}
