// SPDX-License-Identifier: GPL-2.0-or-later
// qcow2: reading, writing and zeroing guest ranges.
//
// A range is cut where its mapping changes. Writing to a cluster that has its own place in the file
// goes there without the lock; everything that changes a mapping, and unpacking, is done under it.
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "block/qcow2-host.h"

enum { MAX_PENDING = 4096 };

// ---- compressed clusters ----

static bool unpack_zlib(const uint8_t *in, uint64_t len, uint8_t *out, uint64_t out_len)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)in,
                  .avail_in = (uInt)len,
                  .next_out = out,
                  .avail_out = (uInt)out_len};
    if (inflateInit2(&z, -15) != Z_OK) {
        return false;
    }
    int result = inflate(&z, Z_FINISH);
    bool ok =
        z.avail_out == 0 && (result == Z_STREAM_END || result == Z_BUF_ERROR || result == Z_OK);
    inflateEnd(&z);
    return ok;
}

static bool unpack_zstd(const uint8_t *in, uint64_t len, uint8_t *out, uint64_t out_len)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer from = {in, len, 0};
    ZSTD_outBuffer to = {out, out_len, 0};
    while (stream && to.pos < to.size) {
        size_t before_in = from.pos, before_out = to.pos;
        size_t result = ZSTD_decompressStream(stream, &to, &from);
        if (ZSTD_isError(result) || (from.pos == before_in && to.pos == before_out)) {
            break;
        }
    }
    ZSTD_freeDStream(stream);
    return to.pos == to.size;
}

// With the lock: q->unpacked becomes the contents of the cluster.
static int unpack(Qcow2 *q, const Mapping *mapping)
{
    if (q->unpacked_entry == mapping->entry) {
        return 0;
    }
    q->unpacked_entry = 0;
    q->unpacked = q->unpacked ? q->unpacked : g_malloc(q->cluster_bytes);
    uint8_t *packed = g_malloc(mapping->host_len);
    int result = file_read(q->image.fd, mapping->host, mapping->host_len, packed);
    bool ok = result == 0 &&
              (q->compression == QCOW2_ZSTD
                   ? unpack_zstd(packed, mapping->host_len, q->unpacked, q->cluster_bytes)
                   : unpack_zlib(packed, mapping->host_len, q->unpacked, q->cluster_bytes));
    g_free(packed);
    if (!ok) {
        return result < 0 ? result : -EIO;
    }
    q->unpacked_entry = mapping->entry;
    return 0;
}

// ---- reading ----

// How far the mapping of [offset, …) goes on in the same manner, at most len bytes and one L2
// table.
static uint64_t extent(Qcow2 *q, uint64_t offset, uint64_t len, const Mapping *first)
{
    uint64_t bytes = q->cluster_bytes - (offset & (q->cluster_bytes - 1));
    uint64_t cluster = offset >> q->cluster_bits, entries = qcow2_l2_entries(q);
    if (first->no_table) {
        return MIN(len, bytes + ((entries - 1 - cluster % entries) << q->cluster_bits));
    }
    if (first->kind == MAPPING_COMPRESSED) {
        return MIN(len, bytes);
    }
    for (uint64_t i = 1; bytes < len && (cluster + i) % entries != 0; i++) {
        Mapping next;
        if (qcow2_lookup(q, cluster + i, &next) < 0 || next.kind != first->kind ||
            next.copied != first->copied ||
            (next.kind == MAPPING_DATA && next.host != first->host + (i << q->cluster_bits))) {
            break;
        }
        bytes += q->cluster_bytes;
    }
    return MIN(len, bytes);
}

static int read_some(Qcow2 *q, uint64_t offset, uint64_t len, uint8_t *buf, uint64_t *done)
{
    Mapping mapping;
    uint64_t in = offset & (q->cluster_bytes - 1);
    pthread_mutex_lock(&q->lock);
    int result = qcow2_lookup(q, offset >> q->cluster_bits, &mapping);
    uint64_t n = result == 0 ? extent(q, offset, len, &mapping) : 0;
    if (result == 0 && mapping.kind == MAPPING_COMPRESSED) {
        result = unpack(q, &mapping);
        if (result == 0) {
            memcpy(buf, q->unpacked + in, n);
        }
    }
    bool data = result == 0 && mapping.kind == MAPPING_DATA;
    q->reading += data;
    pthread_mutex_unlock(&q->lock);
    *done = n;
    if (data) {
        result = file_read(q->image.fd, mapping.host + in, n, buf);
        pthread_mutex_lock(&q->lock);
        q->reading--;
        pthread_mutex_unlock(&q->lock);
    } else if (result == 0 && mapping.kind == MAPPING_NONE) {
        result = image_read_backing(&q->image, offset, n, buf);
    } else if (result == 0 && mapping.kind == MAPPING_ZERO) {
        memset(buf, 0, n);
    }
    return result;
}

int qcow2_read(Image *image, uint64_t offset, uint64_t len, uint8_t *buf)
{
    int result = 0;
    while (len > 0 && result == 0) {
        uint64_t done = 0;
        result = read_some((Qcow2 *)image, offset, len, buf, &done);
        offset += done;
        len -= done;
        buf += done;
    }
    return result;
}

bool qcow2_is_zero(Image *image, uint64_t offset, uint64_t len, uint64_t *run)
{
    Qcow2 *q = (Qcow2 *)image;
    Mapping mapping;
    pthread_mutex_lock(&q->lock);
    int result = qcow2_lookup(q, offset >> q->cluster_bits, &mapping);
    *run = result == 0 ? extent(q, offset, len, &mapping) : len;
    pthread_mutex_unlock(&q->lock);
    if (result < 0) {
        return false;
    }
    return mapping.kind == MAPPING_ZERO ||
           (mapping.kind == MAPPING_NONE && image_backing_is_zero(image, offset, *run, run));
}

// ---- writing ----

// With the lock: gives back what an entry that was just replaced referred to.
static void release_old(Qcow2 *q, const Mapping *old, uint64_t kept, bool unmap)
{
    if (old->kind == MAPPING_COMPRESSED) {
        // Whole sectors were reserved for it.
        qcow2_unref_later(q, old->host & ~511ull, old->host_len + (old->host & 511), unmap);
    } else if (old->host && old->host != kept) {
        qcow2_unref_later(q, old->host, q->cluster_bytes, unmap);
    }
}

// With the lock: the old contents of a whole cluster.
static int read_cluster(Qcow2 *q, uint64_t cluster, const Mapping *mapping, uint8_t *buf)
{
    int result;
    switch (mapping->kind) {
    case MAPPING_DATA: return file_read(q->image.fd, mapping->host, q->cluster_bytes, buf);
    case MAPPING_NONE:
        return image_read_backing(&q->image, cluster << q->cluster_bits, q->cluster_bytes, buf);
    case MAPPING_COMPRESSED:
        result = unpack(q, mapping);
        if (result == 0) {
            memcpy(buf, q->unpacked, q->cluster_bytes);
        }
        return result;
    default: memset(buf, 0, q->cluster_bytes); return 0;
    }
}

static bool reads_zero(Qcow2 *q, uint64_t cluster, const Mapping *mapping)
{
    uint64_t run;
    return mapping->kind == MAPPING_ZERO ||
           (mapping->kind == MAPPING_NONE &&
            image_backing_is_zero(&q->image, cluster << q->cluster_bits, q->cluster_bytes, &run) &&
            (run == q->cluster_bytes || (q->image.backing && (cluster << q->cluster_bits) + run >=
                                                                 q->image.backing->size_bytes)));
}

// With the lock: writes cluster contents to a place that nothing points to yet: the old ones, and n
// bytes at `in`.
static int fill_cluster(Qcow2 *q, uint64_t cluster, const Mapping *old, uint64_t host, uint64_t in,
                        uint64_t n, const uint8_t *buf)
{
    if (n == q->cluster_bytes) {
        return qcow2_file_write(q, host, n, buf);
    }
    if (host >= q->file_bytes && reads_zero(q, cluster, old)) {
        // Beyond its end the file is all zeros: no need to write them.
        if (file_resize(q->image.fd, host + q->cluster_bytes) == 0) {
            q->file_bytes = host + q->cluster_bytes;
            return qcow2_file_write(q, host + in, n, buf);
        }
    }
    uint8_t *whole = g_malloc(q->cluster_bytes);
    int result = read_cluster(q, cluster, old, whole);
    if (result == 0) {
        memcpy(whole + in, buf, n);
        result = qcow2_file_write(q, host, q->cluster_bytes, whole);
    }
    g_free(whole);
    return result;
}

// With the lock: writes to a cluster that has no place of its own yet.
static int write_new(Qcow2 *q, uint64_t cluster, const Mapping *old, uint64_t in, uint64_t n,
                     const uint8_t *buf)
{
    Table *l2;
    int result = qcow2_l2_for_write(q, cluster, &l2);
    if (result < 0) {
        return result;
    }
    // A cluster of zeros may have a place reserved for it.
    bool reserved = old->kind == MAPPING_ZERO && old->host && old->copied;
    uint64_t host = old->host;
    if (!reserved) {
        result = qcow2_alloc(q, &host);
        if (result < 0) {
            return result;
        }
    }
    result = fill_cluster(q, cluster, old, host, in, n, buf);
    if (result < 0) {
        if (!reserved) {
            (void)qcow2_unref(q, (Release){host, q->cluster_bytes, false});
        }
        return result;
    }
    qcow2_l2_set(q, l2, cluster, host | QCOW2_COPIED);
    release_old(q, old, reserved ? host : 0, false);
    return 0;
}

static int write_some(Qcow2 *q, uint64_t offset, uint64_t len, const uint8_t *buf, uint64_t *done)
{
    Mapping mapping;
    uint64_t cluster = offset >> q->cluster_bits, in = offset & (q->cluster_bytes - 1);
    uint64_t n = MIN(len, q->cluster_bytes - in);
    pthread_mutex_lock(&q->lock);
    int result = qcow2_touch(q);
    result = result == 0 ? qcow2_lookup(q, cluster, &mapping) : result;
    bool in_place = result == 0 && mapping.kind == MAPPING_DATA && mapping.copied;
    if (in_place) {
        n = extent(q, offset, len, &mapping);
        q->file_bytes = MAX(q->file_bytes, mapping.host + in + n);
    } else if (result == 0) {
        result = write_new(q, cluster, &mapping, in, n, buf);
        if (result == 0 && q->pending->len > MAX_PENDING) {
            result = qcow2_write_back(q);
        }
    }
    pthread_mutex_unlock(&q->lock);
    *done = n;
    return in_place ? file_write(q->image.fd, mapping.host + in, n, buf) : result;
}

int qcow2_write(Image *image, uint64_t offset, uint64_t len, const uint8_t *buf)
{
    int result = 0;
    while (len > 0 && result == 0) {
        uint64_t done = 0;
        result = write_some((Qcow2 *)image, offset, len, buf, &done);
        offset += done;
        len -= done;
        buf += done;
    }
    return result;
}

// ---- zeroing ----

static bool no_backing_data(Qcow2 *q, uint64_t offset)
{
    return !q->image.backing || offset >= q->image.backing->size_bytes;
}

// With the lock: makes a whole cluster read as zeros.
static int zero_cluster(Qcow2 *q, uint64_t cluster, const Mapping *old, bool unmap)
{
    bool drop = no_backing_data(q, cluster << q->cluster_bits);
    if (old->kind == MAPPING_ZERO || (old->kind == MAPPING_NONE && drop)) {
        return 0;
    }
    if (q->version < 3 && !drop) {
        uint8_t *zeros = g_malloc0(q->cluster_bytes);
        int result = old->kind == MAPPING_DATA && old->copied
                         ? file_zero(q->image.fd, old->host, q->cluster_bytes, false)
                         : write_new(q, cluster, old, 0, q->cluster_bytes, zeros);
        g_free(zeros);
        return result;
    }
    Table *l2;
    int result = qcow2_l2_for_write(q, cluster, &l2);
    if (result == 0) {
        qcow2_l2_set(q, l2, cluster, drop ? 0 : QCOW2_ZERO);
        release_old(q, old, 0, unmap);
    }
    return result;
}

// Whole clusters of one L2 table at most; *done: bytes dealt with.
static int zero_some(Qcow2 *q, uint64_t offset, uint64_t len, bool unmap, uint64_t *done)
{
    Mapping mapping;
    *done = q->cluster_bytes;
    pthread_mutex_lock(&q->lock);
    int result = qcow2_touch(q);
    result = result == 0 ? qcow2_lookup(q, offset >> q->cluster_bits, &mapping) : result;
    if (result == 0 && mapping.no_table && no_backing_data(q, offset)) {
        *done = extent(q, offset, len, &mapping);
    } else if (result == 0) {
        result = zero_cluster(q, offset >> q->cluster_bits, &mapping, unmap);
        if (result == 0 && q->pending->len > MAX_PENDING) {
            result = qcow2_write_back(q);
        }
    }
    pthread_mutex_unlock(&q->lock);
    return result;
}

static int zero_part(Image *image, uint64_t offset, uint64_t len)
{
    uint64_t run;
    if (image_is_zero(image, offset, len, &run) && run == len) {
        return 0;
    }
    uint8_t *zeros = g_malloc0(len);
    int result = qcow2_write(image, offset, len, zeros);
    g_free(zeros);
    return result;
}

int qcow2_zero(Image *image, uint64_t offset, uint64_t len, bool unmap)
{
    Qcow2 *q = (Qcow2 *)image;
    int result = 0;
    while (len > 0 && result == 0) {
        uint64_t in = offset & (q->cluster_bytes - 1);
        uint64_t n = MIN(len, q->cluster_bytes - in);
        bool whole = in == 0 && (n == q->cluster_bytes || offset + n == image->size_bytes);
        if (whole) {
            result = zero_some(q, offset, len, unmap, &n);
            n = MIN(n, len);
        } else {
            result = zero_part(image, offset, n);
        }
        offset += n;
        len -= n;
    }
    return result;
}
