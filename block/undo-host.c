// SPDX-License-Identifier: GPL-2.0-or-later
// Undo file: the old contents of what a recording overwrites, so that image + undo file = the disk
// at its start.
//
// File, little endian: a header of 64 bytes (magic, version, cluster bits, disk size, id, XXH3 of
// these), then records of 40 bytes (magic, type, cluster, count, XXH3 of the data, XXH3 of the
// record), one of type DATA followed by a cluster. A record is in the file before its cluster is
// overwritten, and on the disk before a guest flush completes; so a recorder may die anywhere: a
// record cut off by the end of the file belongs to a cluster never overwritten. An END record, made
// at a clean end, holds the identity that the image has then. Clusters are 64 KiB of the virtual
// disk, whatever the image's format.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "block/image.h"

enum { CLUSTER_BITS = 16, CLUSTER = 1 << CLUSTER_BITS, UNDO_VERSION = 1, ID_BYTES = 16 };
enum { UNDO_DATA = 1, UNDO_ZERO = 2, UNDO_END = 3 };

static const char undo_magic[8] = {'B', 'S', 'T', 'P', 'U', 'N', 'D', 'O'};
static const uint32_t record_magic = 0x43524442;

typedef struct UndoHeader {
    char magic[8];
    uint32_t version, cluster_bits;
    uint64_t size_bytes;
    uint8_t id[ID_BYTES];
    uint8_t reserved[16];
    uint64_t checksum; // of the bytes before
} UndoHeader;
G_STATIC_ASSERT(sizeof(UndoHeader) == 64);

typedef struct UndoRecord {
    uint32_t magic, type;
    uint64_t cluster; // END: the image's identity
    uint64_t count;   // clusters: DATA 1, ZERO 1 and more, END 0
    uint64_t data_checksum;
    uint64_t checksum; // of the bytes before
} UndoRecord;
G_STATIC_ASSERT(sizeof(UndoRecord) == 40);
G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);

typedef struct Undo {
    Image image; // path and fd are the undo file's
    uint8_t id[ID_BYTES];
    pthread_mutex_t lock;
    ClusterMap *map; // recording: MAP_ZERO = saved. Replay: MAP_ZERO, or MAP_FIRST + 2 * file
                     // offset + verified
    uint64_t end;    // recording: bytes of whole records
    bool unsynced;
} Undo;

static uint64_t cluster_bytes(const Undo *undo, uint64_t cluster)
{
    return MIN(CLUSTER, undo->image.size_bytes - cluster * CLUSTER);
}

static void undo_free(Undo *undo)
{
    cluster_map_free(undo->map);
    pthread_mutex_destroy(&undo->lock);
}

static Undo *undo_new(const BlockDriver *driver, Image *backing, const char *path,
                      const uint8_t id[ID_BYTES])
{
    Undo *undo = (Undo *)image_new(driver);
    pthread_mutex_init(&undo->lock, NULL);
    undo->map = cluster_map_new();
    undo->image.path = g_strdup(path);
    undo->image.backing = backing;
    undo->image.size_bytes = backing->size_bytes;
    memcpy(undo->id, id, ID_BYTES);
    return undo;
}

// ---- recording ----

static int undo_append(Undo *undo, uint32_t type, uint64_t cluster, uint64_t count,
                       const uint8_t *bytes, uint64_t len)
{
    g_assert(undo->image.fd >= 0); // undo_record_begin before the guest runs
    UndoRecord record = {.magic = record_magic, .type = type, .cluster = cluster, .count = count};
    record.data_checksum = len ? XXH3_64bits(bytes, len) : 0;
    record.checksum = XXH3_64bits(&record, offsetof(UndoRecord, checksum));
    int result = file_write(undo->image.fd, undo->end, sizeof(record), (const uint8_t *)&record);
    if (result == 0 && len) {
        result = file_write(undo->image.fd, undo->end + sizeof(record), len, bytes);
    }
    if (result < 0) {
        // Not even half a record may stay: the next one goes to the same place.
        if (ftruncate(undo->image.fd, (off_t)undo->end) < 0) {
            image_warn("undo file '%s': %s", undo->image.path, g_strerror(errno));
        }
        return result;
    }
    undo->end += sizeof(record) + len;
    undo->unsynced = true;
    return 0;
}

// With the lock: saves one cluster, or as many of at most `count` as are known to be zero.
static int save_some(Undo *undo, uint64_t cluster, uint64_t count, uint64_t *saved)
{
    uint64_t start = cluster * CLUSTER, run;
    uint64_t bytes = MIN(count * CLUSTER, undo->image.size_bytes - start);
    *saved = 1;
    if (image_is_zero(undo->image.backing, start, bytes, &run) &&
        (run >= CLUSTER || run == bytes)) {
        *saved = run == bytes ? count : run / CLUSTER;
        return undo_append(undo, UNDO_ZERO, cluster, *saved, NULL, 0);
    }
    uint64_t len = cluster_bytes(undo, cluster);
    uint8_t *old = g_malloc(CLUSTER);
    int result = image_read(undo->image.backing, start, len, old);
    if (result == 0) {
        bool zero = buffer_is_zero(old, len);
        result = undo_append(undo, zero ? UNDO_ZERO : UNDO_DATA, cluster, 1, old, zero ? 0 : len);
    }
    g_free(old);
    return result;
}

static int undo_save(Undo *undo, uint64_t offset, uint64_t len)
{
    uint64_t cluster = offset / CLUSTER;
    uint64_t count = (offset + len - 1) / CLUSTER - cluster + 1;
    int result = 0;
    pthread_mutex_lock(&undo->lock);
    while (count > 0 && result == 0) {
        uint64_t n = cluster_map_run(undo->map, cluster, count);
        if (cluster_map_get(undo->map, cluster) == MAP_NONE) {
            result = save_some(undo, cluster, n, &n);
            if (result == 0) {
                cluster_map_fill(undo->map, cluster, n, MAP_ZERO, NULL, NULL);
            }
        }
        cluster += n;
        count -= n;
    }
    pthread_mutex_unlock(&undo->lock);
    return result;
}

static int keeper_read(Image *image, uint64_t offset, uint64_t len, uint8_t *buf)
{
    return image_read(image->backing, offset, len, buf);
}

static int keeper_write(Image *image, uint64_t offset, uint64_t len, const uint8_t *buf)
{
    int result = undo_save((Undo *)image, offset, len);
    return result == 0 ? image_write(image->backing, offset, len, buf) : result;
}

static int keeper_zero(Image *image, uint64_t offset, uint64_t len, bool unmap)
{
    // What is zero already needs neither saving nor zeroing: discarding a large empty disk costs
    // little.
    int result = 0;
    while (len > 0 && result == 0) {
        uint64_t run;
        if (!image_is_zero(image->backing, offset, len, &run)) {
            result = undo_save((Undo *)image, offset, run);
            result = result == 0 ? image_zero(image->backing, offset, run, unmap) : result;
        }
        offset += run;
        len -= run;
    }
    return result;
}

static int keeper_sync(Undo *undo)
{
    pthread_mutex_lock(&undo->lock);
    int result = undo->unsynced ? file_sync(undo->image.fd) : 0;
    undo->unsynced = undo->unsynced && result < 0;
    pthread_mutex_unlock(&undo->lock);
    return result;
}

static int keeper_flush(Image *image)
{
    int result = keeper_sync((Undo *)image);
    return result == 0 ? image_flush(image->backing) : result;
}

static bool keeper_is_zero(Image *image, uint64_t offset, uint64_t len, uint64_t *run)
{
    return image_is_zero(image->backing, offset, len, run);
}

static bool keeper_end(Undo *undo, Error *err)
{
    uint64_t identity;
    int result = image_flush(undo->image.backing);
    if (result == 0 && !image_identity(undo->image.backing, &identity, err)) {
        return false;
    }
    result = result == 0 ? undo_append(undo, UNDO_END, identity, 0, NULL, 0) : result;
    result = result == 0 ? keeper_sync(undo) : result;
    return result == 0 || fail(err, "Could not finish the undo file '%s': %s", undo->image.path,
                               g_strerror(-result));
}

static bool keeper_close(Image *image, Error *err)
{
    Undo *undo = (Undo *)image;
    bool ok = image->fd < 0 || keeper_end(undo, err);
    undo_free(undo);
    return ok;
}

static const BlockDriver block_undo_keeper = {
    .format = "undo-keeper",
    .instance_size = sizeof(Undo),
    .close = keeper_close,
    .read = keeper_read,
    .write = keeper_write,
    .zero = keeper_zero,
    .flush = keeper_flush,
    .is_zero = keeper_is_zero,
};

Image *undo_record_open(Image *backing, const char *path, const uint8_t id[ID_BYTES])
{
    return &undo_new(&block_undo_keeper, backing, path, id)->image;
}

// A file of that name that isn't an undo file may be anything, somebody's image even.
static bool may_replace(int fd)
{
    struct stat st;
    char magic[sizeof(undo_magic)];
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           (st.st_size == 0 || (pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
                                memcmp(magic, undo_magic, sizeof(magic)) == 0));
}

bool undo_record_begin(Image *image, Error *err)
{
    Undo *undo = (Undo *)image;
    int fd = open(image->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd < 0) {
        return fail(err, "Could not make the undo file '%s': %s", image->path, g_strerror(errno));
    }
    if (!may_replace(fd)) {
        close(fd);
        return fail(err,
                    "Could not make the undo file '%s': a file of that name exists, which isn't an "
                    "undo file",
                    image->path);
    }
    UndoHeader header = {
        .version = UNDO_VERSION, .cluster_bits = CLUSTER_BITS, .size_bytes = image->size_bytes};
    memcpy(header.magic, undo_magic, sizeof(undo_magic));
    memcpy(header.id, undo->id, ID_BYTES);
    header.checksum = XXH3_64bits(&header, offsetof(UndoHeader, checksum));
    int result =
        ftruncate(fd, 0) < 0 ? -errno : file_write(fd, 0, sizeof(header), (const uint8_t *)&header);
    if (result == 0 && fsync(fd) < 0) {
        result = -errno;
    }
    if (result < 0) {
        close(fd);
        return fail(err, "Could not write the undo file '%s': %s", image->path,
                    g_strerror(-result));
    }
    image->fd = fd;
    undo->end = sizeof(header);
    return true;
}

// ---- replay ----

static bool damaged(const Undo *undo, uint64_t at, Error *err)
{
    return fail(err, "the undo file '%s' is damaged at byte %llu", undo->image.path,
                (unsigned long long)at);
}

static bool read_header(Undo *undo, Error *err)
{
    UndoHeader header;
    const char *path = undo->image.path;
    int result = file_read(undo->image.fd, 0, sizeof(header), (uint8_t *)&header);
    if (result < 0) {
        return fail(err, "Could not read '%s': %s", path, g_strerror(-result));
    }
    if (memcmp(header.magic, undo_magic, sizeof(undo_magic)) != 0) {
        return fail(err, "'%s' is not an undo file", path);
    }
    if (header.checksum != XXH3_64bits(&header, offsetof(UndoHeader, checksum))) {
        return damaged(undo, 0, err);
    }
    if (header.version != UNDO_VERSION || header.cluster_bits != CLUSTER_BITS) {
        return fail(err, "'%s' is an undo file of version %u, this program reads version %d", path,
                    header.version, UNDO_VERSION);
    }
    if (memcmp(header.id, undo->id, ID_BYTES) != 0) {
        return fail(err, "the undo file '%s' belongs to another recording", path);
    }
    if (header.size_bytes != undo->image.size_bytes) {
        return fail(err, "the undo file '%s' is for a disk of %llu bytes, the image '%s' has %llu",
                    path, (unsigned long long)header.size_bytes, undo->image.backing->path,
                    (unsigned long long)undo->image.size_bytes);
    }
    return true;
}

static bool check_end(Undo *undo, uint64_t identity, Error *err)
{
    uint64_t found;
    if (!image_identity(undo->image.backing, &found, err)) {
        return false;
    }
    return found == identity ||
           fail(err,
                "the image '%s' was changed after the recording had ended, so it can't be replayed",
                undo->image.backing->path);
}

// Takes the record into the map. *next: where the next one is. Duplicates keep the first, the
// older.
static bool take_record(Undo *undo, const UndoRecord *record, uint64_t at, uint64_t file_bytes,
                        uint64_t *next, Error *err)
{
    uint64_t clusters = (undo->image.size_bytes + CLUSTER - 1) / CLUSTER;
    *next = at + sizeof(*record);
    if (record->type == UNDO_END) {
        return check_end(undo, record->cluster, err);
    }
    if (record->cluster >= clusters || record->count == 0 ||
        record->count > clusters - record->cluster ||
        (record->type == UNDO_DATA ? record->count != 1 : record->type != UNDO_ZERO)) {
        return damaged(undo, at, err);
    }
    if (record->type == UNDO_ZERO) {
        for (uint64_t i = 0; i < record->count;) {
            uint64_t run = cluster_map_run(undo->map, record->cluster + i, record->count - i);
            if (cluster_map_get(undo->map, record->cluster + i) == MAP_NONE) {
                cluster_map_fill(undo->map, record->cluster + i, run, MAP_ZERO, NULL, NULL);
            }
            i += run;
        }
        return true;
    }
    *next += cluster_bytes(undo, record->cluster);
    if (*next <= file_bytes && cluster_map_get(undo->map, record->cluster) == MAP_NONE) {
        cluster_map_set(undo->map, record->cluster, MAP_FIRST + 2 * at);
    }
    return true;
}

static bool read_records(Undo *undo, Error *err)
{
    struct stat st;
    if (fstat(undo->image.fd, &st) < 0) {
        return fail(err, "Could not read '%s': %s", undo->image.path, g_strerror(errno));
    }
    uint64_t file_bytes = (uint64_t)st.st_size;
    for (uint64_t at = sizeof(UndoHeader); at + sizeof(UndoRecord) <= file_bytes;) {
        UndoRecord record;
        int result = file_read(undo->image.fd, at, sizeof(record), (uint8_t *)&record);
        if (result < 0) {
            return fail(err, "Could not read '%s': %s", undo->image.path, g_strerror(-result));
        }
        if (record.magic != record_magic ||
            record.checksum != XXH3_64bits(&record, offsetof(UndoRecord, checksum))) {
            return damaged(undo, at, err);
        }
        if (!take_record(undo, &record, at, file_bytes, &at, err)) {
            return false;
        }
    }
    return true;
}

// Reads from a saved cluster; its checksum is verified the first time.
static int saved_read(Undo *undo, uint64_t cluster, uint64_t value, uint64_t in, uint64_t n,
                      uint8_t *buf)
{
    uint64_t at = (value - MAP_FIRST) / 2;
    uint64_t data = at + sizeof(UndoRecord);
    if ((value - MAP_FIRST) & 1) {
        return file_read(undo->image.fd, data + in, n, buf);
    }
    UndoRecord record;
    uint64_t len = cluster_bytes(undo, cluster);
    uint8_t *whole = g_malloc(CLUSTER);
    int result = file_read(undo->image.fd, at, sizeof(record), (uint8_t *)&record);
    result = result == 0 ? file_read(undo->image.fd, data, len, whole) : result;
    if (result == 0 && record.data_checksum != XXH3_64bits(whole, len)) {
        image_warn("the undo file '%s' is damaged at byte %llu", undo->image.path,
                   (unsigned long long)at);
        result = -EIO;
    }
    if (result == 0) {
        memcpy(buf, whole + in, n);
        pthread_mutex_lock(&undo->lock);
        cluster_map_set(undo->map, cluster, value | 1);
        pthread_mutex_unlock(&undo->lock);
    }
    g_free(whole);
    return result;
}

static int view_read(Image *image, uint64_t offset, uint64_t len, uint8_t *buf)
{
    Undo *undo = (Undo *)image;
    int result = 0;
    while (len > 0 && result == 0) {
        uint64_t cluster = offset / CLUSTER, in = offset % CLUSTER;
        uint64_t n = MIN(len, CLUSTER - in);
        pthread_mutex_lock(&undo->lock);
        uint64_t value = cluster_map_get(undo->map, cluster);
        pthread_mutex_unlock(&undo->lock);
        if (value == MAP_NONE) {
            result = image_read(image->backing, offset, n, buf);
        } else if (value == MAP_ZERO) {
            memset(buf, 0, n);
        } else {
            result = saved_read(undo, cluster, value, in, n, buf);
        }
        offset += n;
        len -= n;
        buf += n;
    }
    return result;
}

static int view_change(Image *image, uint64_t offset, uint64_t len, const uint8_t *buf)
{
    return -EPERM;
}
static int view_zero(Image *image, uint64_t offset, uint64_t len, bool unmap)
{
    return -EPERM;
}
static int view_flush(Image *image)
{
    return 0;
}

static bool view_is_zero(Image *image, uint64_t offset, uint64_t len, uint64_t *run)
{
    Undo *undo = (Undo *)image;
    uint64_t in = offset % CLUSTER;
    pthread_mutex_lock(&undo->lock);
    uint64_t value = cluster_map_get(undo->map, offset / CLUSTER);
    uint64_t clusters = cluster_map_run(undo->map, offset / CLUSTER, (in + len - 1) / CLUSTER + 1);
    pthread_mutex_unlock(&undo->lock);
    uint64_t bytes = MIN(len, clusters * CLUSTER - in);
    *run = bytes;
    return value == MAP_ZERO ||
           (value == MAP_NONE && image_is_zero(image->backing, offset, bytes, run));
}

static bool view_close(Image *image, Error *err)
{
    undo_free((Undo *)image);
    return true;
}

static const BlockDriver block_undo_view = {
    .format = "undo-view",
    .instance_size = sizeof(Undo),
    .close = view_close,
    .read = view_read,
    .write = view_change,
    .zero = view_zero,
    .flush = view_flush,
    .is_zero = view_is_zero,
};

Image *undo_replay_open(Image *backing, const char *path, const uint8_t id[ID_BYTES], Error *err)
{
    Undo *undo = undo_new(&block_undo_view, backing, path, id);
    undo->image.read_only = true;
    undo->image.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (undo->image.fd < 0) {
        fail(
            err,
            "Could not open the undo file '%s', which holds what the recording changed in '%s': %s",
            path, backing->path, g_strerror(errno));
    } else if (read_header(undo, err) && read_records(undo, err)) {
        return &undo->image;
    }
    image_close(&undo->image, NULL);
    return NULL;
}
