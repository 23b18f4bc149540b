// SPDX-License-Identifier: GPL-2.0-or-later
// qcow2: header, opening, closing. See block/qcow2-host.h.
//
// Not supported, and refused: encryption, external data files, extended L2 entries, features that
// we don't know. An image marked corrupt is only read; one marked dirty (by another program that
// keeps its counts lazily and died) is repaired before it is written. Lazy counting itself isn't
// done, whatever the image allows: our counts are right at any moment, so that our images never are
// dirty. Internal snapshots are kept, not used. Persistent bitmaps lose their consistency mark at
// the first write, as the format asks of programs that don't keep them.
#include "block/qcow2-host.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    HEADER_V2 = 72,
    HEADER_V3 = 104,
    MAX_CLUSTER_BITS = 21,
    MIN_CLUSTER_BITS = 9,
    MAX_NAME = 1023
};
// Types of header extensions.
static const uint32_t EXTENSION_END = 0, EXTENSION_BACKING_FORMAT = 0xe2792aca,
                      EXTENSION_FEATURES = 0x6803f857, EXTENSION_BITMAPS = 0x23852875;

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static bool qcow2_probe(const uint8_t *head, size_t len)
{
    return len >= 4 && memcmp(head, "QFI\xfb", 4) == 0;
}

int qcow2_broken(Qcow2 *q, const char *fmt, ...)
{
    char what[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    if (!q->broken) {
        image_warn("'%s': %s; no more is written to this image", q->image.path, what);
        q->broken = true;
        if (q->version >= 3 && !q->image.read_only) {
            uint8_t bits[8];
            q->incompatible |= QCOW2_CORRUPT;
            qcow2_put64(bits, q->incompatible);
            (void)file_write(q->image.fd, 72, sizeof(bits), bits);
        }
    }
    return -EIO;
}

int qcow2_touch(Qcow2 *q)
{
    if (q->broken) {
        return -EIO;
    }
    if (q->touched) {
        return 0;
    }
    if (q->version >= 3 && q->autoclear) {
        static const uint8_t none[8];
        int result = file_write(q->image.fd, 88, sizeof(none), none);
        result = result == 0 ? file_sync(q->image.fd) : result;
        if (result < 0) {
            return result;
        }
        q->autoclear = 0;
    }
    q->touched = true;
    return 0;
}

int qcow2_file_write(Qcow2 *q, uint64_t offset, uint64_t len, const uint8_t *buf)
{
    int result = file_write(q->image.fd, offset, len, buf);
    q->file_bytes = MAX(q->file_bytes, offset + len);
    return result;
}

// ---- header ----

// The name of an incompatible feature from the image's own table, or "bit N".
static char *feature_name(const uint8_t *table, uint32_t len, unsigned bit)
{
    for (uint32_t at = 0; at + 48 <= len; at += 48) {
        if (table[at] == 0 && table[at + 1] == bit) {
            char *name = g_strndup((const char *)table + at + 2, 46);
            for (char *p = name; *p; p++) {
                *p = g_ascii_isprint(*p) ? *p : '?';
            }
            return name;
        }
    }
    return g_strdup_printf("bit %u", bit);
}

static bool check_features(Qcow2 *q, const uint8_t *names, uint32_t names_len, Error *err)
{
    if (q->incompatible & QCOW2_DATA_FILE) {
        return fail(err, "it uses an external data file, which is not supported");
    }
    if (q->incompatible & QCOW2_EXTENDED_L2) {
        return fail(err, "it uses extended L2 entries, which are not supported");
    }
    uint64_t unknown =
        q->incompatible & ~(uint64_t)(QCOW2_DIRTY | QCOW2_CORRUPT | QCOW2_COMPRESSION);
    if (unknown) {
        char *name = feature_name(names, names_len, (unsigned)__builtin_ctzll(unknown));
        fail(err, "Unsupported qcow2 feature(s): %s", name);
        g_free(name);
        return false;
    }
    if ((q->incompatible & QCOW2_CORRUPT) && !q->image.read_only) {
        return fail(err, "qcow2: Image is corrupt; cannot be opened read/write ('qemu-img check -r "
                         "all' may repair it)");
    }
    if (!(q->incompatible & QCOW2_COMPRESSION) != (q->compression == QCOW2_ZLIB)) {
        return fail(err, "Invalid compression type field");
    }
    if (q->compression > QCOW2_ZSTD) {
        return fail(err, "Unknown compression type %u", q->compression);
    }
    return true;
}

// `head` is the first cluster, zero-filled beyond the end of the file.
static bool parse_extensions(Qcow2 *q, const uint8_t *head, uint64_t limit, Error *err)
{
    const uint8_t *names = NULL;
    uint32_t names_len = 0;
    uint64_t at = q->header_length;
    while (at + 8 <= limit) {
        uint32_t type = get32(head + at), len = get32(head + at + 4);
        at += 8;
        if (type == EXTENSION_END) {
            break;
        }
        if (len > limit - at) {
            return fail(err, "Header extension too large");
        }
        if (type == EXTENSION_BACKING_FORMAT && !q->image.backing_format && len > 0) {
            q->image.backing_format = g_strndup((const char *)head + at, len);
        } else if (type == EXTENSION_FEATURES) {
            names = head + at;
            names_len = len;
        } else if (type == EXTENSION_BITMAPS) {
            q->bitmaps = true;
        }
        at += ((uint64_t)len + 7) / 8 * 8;
    }
    return check_features(q, names, names_len, err);
}

static bool parse_backing(Qcow2 *q, const uint8_t *head, uint64_t offset, uint32_t len, Error *err)
{
    if (len > MAX_NAME) {
        return fail(err, "Backing file name too long");
    }
    if (offset < q->header_length || offset > q->cluster_bytes - len) {
        return fail(err, "Invalid backing file offset");
    }
    if (len == 0 || memchr(head + offset, 0, len)) {
        return fail(err, "Invalid backing file name");
    }
    q->image.backing_name = g_strndup((const char *)head + offset, len);
    return true;
}

static bool parse_geometry(Qcow2 *q, const uint8_t *head, Error *err)
{
    if (get32(head + 32) != 0) {
        return fail(err, "the image is encrypted, which is not supported");
    }
    uint64_t size = qcow2_get64(head + 24);
    uint64_t per_l2 = q->cluster_bytes * qcow2_l2_entries(q);
    if (size > INT64_MAX - 511 || (size + per_l2 - 1) / per_l2 > QCOW2_MAX_L1_BYTES / 8) {
        return fail(err, "Image is too big");
    }
    q->image.size_bytes = (size + 511) / 512 * 512;
    q->l1_entries = get32(head + 36);
    q->l1_offset = qcow2_get64(head + 40);
    q->reftable_offset = qcow2_get64(head + 48);
    q->reftable_clusters = get32(head + 56);
    q->snapshots = get32(head + 60);
    q->snapshots_offset = qcow2_get64(head + 64);
    if (q->l1_entries > QCOW2_MAX_L1_BYTES / 8) {
        return fail(err, "Active L1 table too large");
    }
    if (q->l1_entries < (size + per_l2 - 1) / per_l2) {
        return fail(err, "L1 table is too small");
    }
    if (q->reftable_clusters == 0 ||
        q->reftable_clusters > (uint32_t)QCOW2_MAX_REFTABLE_BYTES >> q->cluster_bits) {
        return fail(err, "Invalid size of the reference count table");
    }
    uint64_t mask = q->cluster_bytes - 1;
    if (((q->l1_offset & mask) && q->l1_entries) || (q->l1_entries && q->l1_offset == 0)) {
        return fail(err, "Active L1 table offset invalid");
    }
    if ((q->reftable_offset & mask) || q->reftable_offset == 0) {
        return fail(err, "Reference count table offset invalid");
    }
    return true;
}

static bool parse_header(Qcow2 *q, Error *err)
{
    uint8_t fixed[HEADER_V3 + 8];
    int result = file_read(q->image.fd, 0, sizeof(fixed), fixed);
    if (result < 0) {
        return fail(err, "Could not read qcow2 header: %s", g_strerror(-result));
    }
    if (!qcow2_probe(fixed, sizeof(fixed))) {
        return fail(err, "Image is not in qcow2 format");
    }
    q->version = get32(fixed + 4);
    if (q->version < 2 || q->version > 3) {
        return fail(err, "Unsupported qcow2 version %u", q->version);
    }
    q->cluster_bits = get32(fixed + 20);
    if (q->cluster_bits < MIN_CLUSTER_BITS || q->cluster_bits > MAX_CLUSTER_BITS) {
        return fail(err, "Unsupported cluster size: 2^%u", q->cluster_bits);
    }
    q->cluster_bytes = 1ull << q->cluster_bits;
    q->header_length = HEADER_V2;
    q->refcount_order = 4;
    if (q->version >= 3) {
        q->incompatible = qcow2_get64(fixed + 72);
        q->compatible = qcow2_get64(fixed + 80);
        q->autoclear = qcow2_get64(fixed + 88);
        q->refcount_order = get32(fixed + 96);
        q->header_length = get32(fixed + 100);
        q->compression = q->header_length > 104 ? fixed[104] : 0;
        if (q->refcount_order > 6) {
            return fail(err, "Reference count entry width too large; may not exceed 64 bits");
        }
        if (q->header_length < HEADER_V3 || q->header_length > q->cluster_bytes) {
            return fail(err, "qcow2 header has an invalid length of %u bytes", q->header_length);
        }
    }
    if (q->file_bytes < q->header_length) {
        return fail(err, "the image is truncated: its header is cut off");
    }
    uint64_t backing_offset = qcow2_get64(fixed + 8);
    uint8_t *head = g_malloc(q->cluster_bytes);
    result = file_read(q->image.fd, 0, q->cluster_bytes, head);
    uint64_t limit = backing_offset ? MIN(backing_offset, q->cluster_bytes) : q->cluster_bytes;
    bool ok = result == 0 ? parse_extensions(q, head, limit, err)
                          : fail(err, "Could not read qcow2 header: %s", g_strerror(-result));
    ok = ok &&
         (!backing_offset || parse_backing(q, head, backing_offset, get32(fixed + 16), err)) &&
         parse_geometry(q, head, err);
    g_free(head);
    return ok;
}

// ---- opening and closing ----

// A table of 64-bit words, made native. It must lie in the file.
static uint64_t *read_words(Qcow2 *q, uint64_t offset, uint64_t count, const char *what, Error *err)
{
    if (offset > q->file_bytes || count * 8 > q->file_bytes - offset) {
        fail(err, "the image is truncated: its %s lies beyond the end of the file", what);
        return NULL;
    }
    uint64_t *words = g_try_malloc(MAX(count, 1) * 8);
    if (!words) {
        fail(err, "not enough memory for the %s", what);
        return NULL;
    }
    int result = file_read(q->image.fd, offset, count * 8, (uint8_t *)words);
    if (result < 0) {
        fail(err, "Could not read the %s: %s", what, g_strerror(-result));
        g_free(words);
        return NULL;
    }
    for (uint64_t i = 0; i < count; i++) {
        words[i] = GUINT64_FROM_BE(words[i]);
    }
    return words;
}

static void qcow2_free(Qcow2 *q)
{
    qcow2_cache_free(&q->l2);
    qcow2_cache_free(&q->refblocks);
    g_free(q->l1);
    g_free(q->reftable);
    g_free(q->unpacked);
    if (q->pending) {
        g_array_free(q->pending, TRUE);
    }
    pthread_mutex_destroy(&q->lock);
}

static bool open_tables(Qcow2 *q, Error *err)
{
    q->l1 = read_words(q, q->l1_offset, q->l1_entries, "L1 table", err);
    if (!q->l1) {
        return false;
    }
    // The last cluster of the table may end with the file.
    uint64_t bytes = (uint64_t)q->reftable_clusters << q->cluster_bits;
    if (q->reftable_offset < q->file_bytes && bytes > q->file_bytes - q->reftable_offset &&
        bytes - (q->file_bytes - q->reftable_offset) < q->cluster_bytes) {
        bytes = (q->file_bytes - q->reftable_offset) / 8 * 8;
    }
    uint64_t *words = read_words(q, q->reftable_offset, bytes / 8, "reference count table", err);
    if (!words) {
        return false;
    }
    uint64_t entries = (uint64_t)q->reftable_clusters << q->cluster_bits >> 3;
    q->reftable = g_new0(uint64_t, entries);
    memcpy(q->reftable, words, bytes);
    g_free(words);
    if ((q->incompatible & QCOW2_DIRTY) && !q->image.read_only && !qcow2_repair(q, err)) {
        return fail_prefix(err, "its last user did not finish and left its reference counts wrong");
    }
    return (q->incompatible & QCOW2_CORRUPT) || qcow2_check(q, !q->image.read_only, err);
}

static bool qcow2_open(Image *image, Error *err)
{
    Qcow2 *q = (Qcow2 *)image;
    struct stat st;
    pthread_mutex_init(&q->lock, NULL);
    off_t end = lseek(image->fd, 0, SEEK_END);
    q->file_bytes = end > 0 ? (uint64_t)end : 0;
    q->pending = g_array_new(FALSE, FALSE, sizeof(Release));
    bool ok = fstat(image->fd, &st) == 0 || fail(err, "%s", g_strerror(errno));
    ok = ok && parse_header(q, err);
    if (ok) {
        qcow2_cache_init(q, &q->l2);
        qcow2_cache_init(q, &q->refblocks);
        ok = open_tables(q, err);
    }
    if (!ok) {
        qcow2_free(q);
    }
    return ok;
}

static bool qcow2_close(Image *image, Error *err)
{
    Qcow2 *q = (Qcow2 *)image;
    int result = image->read_only ? 0 : qcow2_write_back(q);
    if (result == 0 && q->touched) {
        result = file_sync(image->fd);
    }
    qcow2_free(q);
    return result == 0 ||
           fail(err, "Could not write to '%s': %s", image->path, g_strerror(-result));
}

static int qcow2_flush(Image *image)
{
    Qcow2 *q = (Qcow2 *)image;
    if (image->read_only) {
        return 0;
    }
    pthread_mutex_lock(&q->lock);
    int result = qcow2_write_back(q);
    pthread_mutex_unlock(&q->lock);
    return result == 0 ? file_sync(image->fd) : result;
}

static bool qcow2_identity(Image *image, uint64_t *hash, Error *err)
{
    Qcow2 *q = (Qcow2 *)image;
    pthread_mutex_lock(&q->lock);
    bool ok = true;
    if (q->touched || !q->identity_known) {
        int result = image->read_only ? 0 : qcow2_write_back(q);
        ok = result == 0
                 ? qcow2_check(q, false, err)
                 : fail(err, "Could not write to '%s': %s", image->path, g_strerror(-result));
    }
    *hash = q->identity;
    pthread_mutex_unlock(&q->lock);
    return ok;
}

// Within the clusters that the L1 table has; a larger table would have to move.
static int qcow2_resize(Image *image, uint64_t size_bytes)
{
    Qcow2 *q = (Qcow2 *)image;
    uint64_t per_l2 = q->cluster_bytes * qcow2_l2_entries(q);
    uint64_t entries = MAX((size_bytes + per_l2 - 1) / per_l2, q->l1_entries);
    uint64_t room = (q->l1_entries * 8ull + q->cluster_bytes - 1) & ~(q->cluster_bytes - 1);
    int result = qcow2_touch(q);
    if (result < 0 || entries * 8 > room || (q->version < 3 && q->snapshots)) {
        return result < 0 ? result : -ENOTSUP;
    }
    uint8_t head[16] = {0}, *zeros = g_malloc0((entries - q->l1_entries) * 8);
    qcow2_put64(head, size_bytes);
    for (unsigned i = 0; i < 4; i++) {
        head[12 + i] = (uint8_t)(entries >> (24 - 8 * i));
    }
    result = qcow2_file_write(q, q->l1_offset + q->l1_entries * 8ull,
                              (entries - q->l1_entries) * 8, zeros);
    g_free(zeros);
    result = result == 0 ? file_sync(image->fd) : result;
    // Size, no encryption, L1 entries: one write, so that they change together.
    result = result == 0 ? qcow2_file_write(q, 24, sizeof(head), head) : result;
    if (result == 0) {
        q->l1 = g_renew(uint64_t, q->l1, MAX(entries, 1));
        memset(q->l1 + q->l1_entries, 0, (entries - q->l1_entries) * 8);
        q->l1_entries = (uint32_t)entries;
        result = file_sync(image->fd);
    }
    return result;
}

static void qcow2_info(Image *image, ImageInfo *info)
{
    Qcow2 *q = (Qcow2 *)image;
    info->cluster_bytes = (uint32_t)q->cluster_bytes;
    info->dirty = q->incompatible & QCOW2_DIRTY;
    info->corrupt = (q->incompatible & QCOW2_CORRUPT) || q->broken;
    info->version = q->version;
    info->lazy_refcounts = q->compatible & QCOW2_LAZY_REFCOUNTS;
    info->refcount_bits = 1u << q->refcount_order;
    info->compression = q->compression == QCOW2_ZSTD ? "zstd" : "zlib";
}

const BlockDriver block_qcow2 = {
    .format = "qcow2",
    .instance_size = sizeof(Qcow2),
    .probe = qcow2_probe,
    .open = qcow2_open,
    .close = qcow2_close,
    .read = qcow2_read,
    .write = qcow2_write,
    .zero = qcow2_zero,
    .flush = qcow2_flush,
    .is_zero = qcow2_is_zero,
    .resize = qcow2_resize,
    .info = qcow2_info,
    .identity = qcow2_identity,
};
