// SPDX-License-Identifier: GPL-2.0-or-later
// Overlay: the temporary layer of snapshot=on and of every replay.
//
// Clusters of 64 KiB in a file that is unlinked as soon as it is made (in $TMPDIR or /var/tmp), and
// a map from cluster to place in it; both vanish with the process. Changing the map, and filling a
// new cluster from below, happens under the lock; reading and writing a cluster that has its place
// does not.
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "block/image.h"

enum { CLUSTER = 65536 };

typedef struct Overlay {
    Image image;
    pthread_mutex_t lock;
    ClusterMap *map;    // MAP_FIRST + slot; MAP_ZERO; MAP_NONE: as below
    GArray *free_slots; // uint64_t, given back by zero
    uint64_t slots;     // slots ever handed out
} Overlay;

static uint64_t slot_offset(uint64_t value)
{
    return (value - MAP_FIRST) * CLUSTER;
}

static uint64_t overlay_get(Overlay *overlay, uint64_t cluster)
{
    pthread_mutex_lock(&overlay->lock);
    uint64_t value = cluster_map_get(overlay->map, cluster);
    pthread_mutex_unlock(&overlay->lock);
    return value;
}

static int overlay_read(Image *image, uint64_t offset, uint64_t len, uint8_t *buf)
{
    Overlay *overlay = (Overlay *)image;
    while (len > 0) {
        uint64_t in = offset % CLUSTER;
        uint64_t n = MIN(len, CLUSTER - in);
        uint64_t value = overlay_get(overlay, offset / CLUSTER);
        int result = 0;
        if (value >= MAP_FIRST) {
            result = file_read(image->fd, slot_offset(value) + in, n, buf);
        } else if (value == MAP_ZERO) {
            memset(buf, 0, n);
        } else {
            result = image_read_backing(image, offset, n, buf);
        }
        if (result < 0) {
            return result;
        }
        offset += n;
        len -= n;
        buf += n;
    }
    return 0;
}

static uint64_t slot_take(Overlay *overlay)
{
    if (overlay->free_slots->len > 0) {
        uint64_t slot = g_array_index(overlay->free_slots, uint64_t, overlay->free_slots->len - 1);
        g_array_set_size(overlay->free_slots, overlay->free_slots->len - 1);
        return slot;
    }
    return overlay->slots++;
}

// With the lock: gives the cluster a place, filled with what it reads as now, but for [in, in + n)
// from buf.
static int overlay_fill(Overlay *overlay, uint64_t cluster, uint64_t in, uint64_t n,
                        const uint8_t *buf)
{
    uint64_t value = cluster_map_get(overlay->map, cluster);
    uint8_t *whole = g_malloc0(CLUSTER);
    int result = 0;
    uint64_t start = cluster * CLUSTER;
    if (value == MAP_NONE && n < CLUSTER) {
        result = image_read_backing(&overlay->image, start, CLUSTER, whole);
    }
    if (result == 0) {
        memcpy(whole + in, buf, n);
        uint64_t slot = slot_take(overlay);
        result = file_write(overlay->image.fd, slot * CLUSTER, CLUSTER, whole);
        if (result == 0) {
            cluster_map_set(overlay->map, cluster, MAP_FIRST + slot);
        } else {
            g_array_append_val(overlay->free_slots, slot);
        }
    }
    g_free(whole);
    return result;
}

static int overlay_write(Image *image, uint64_t offset, uint64_t len, const uint8_t *buf)
{
    Overlay *overlay = (Overlay *)image;
    int result = 0;
    while (len > 0 && result == 0) {
        uint64_t in = offset % CLUSTER;
        uint64_t n = MIN(len, CLUSTER - in);
        pthread_mutex_lock(&overlay->lock);
        uint64_t value = cluster_map_get(overlay->map, offset / CLUSTER);
        if (value < MAP_FIRST) {
            result = overlay_fill(overlay, offset / CLUSTER, in, n, buf);
        }
        pthread_mutex_unlock(&overlay->lock);
        if (value >= MAP_FIRST) {
            result = file_write(image->fd, slot_offset(value) + in, n, buf);
        }
        offset += n;
        len -= n;
        buf += n;
    }
    return result;
}

static void slot_drop(void *ctx, uint64_t value)
{
    Overlay *overlay = ctx;
    uint64_t slot = value - MAP_FIRST;
    g_array_append_val(overlay->free_slots, slot);
    (void)file_zero(overlay->image.fd, slot * CLUSTER, CLUSTER, true);
}

static int zero_part(Image *image, uint64_t offset, uint64_t len)
{
    uint8_t *zeros = g_malloc0(len);
    int result = overlay_write(image, offset, len, zeros);
    g_free(zeros);
    return result;
}

static int overlay_zero(Image *image, uint64_t offset, uint64_t len, bool unmap)
{
    Overlay *overlay = (Overlay *)image;
    uint64_t head = MIN(len, (CLUSTER - offset % CLUSTER) % CLUSTER);
    int result = head ? zero_part(image, offset, head) : 0;
    offset += head;
    len -= head;
    // The end of the disk ends its last cluster.
    uint64_t whole =
        offset + len == image->size_bytes ? (len + CLUSTER - 1) / CLUSTER : len / CLUSTER;
    if (result == 0 && whole > 0) {
        pthread_mutex_lock(&overlay->lock);
        cluster_map_fill(overlay->map, offset / CLUSTER, whole, MAP_ZERO, slot_drop, overlay);
        pthread_mutex_unlock(&overlay->lock);
        uint64_t done = MIN(len, whole * CLUSTER);
        offset += done;
        len -= done;
    }
    return result == 0 && len > 0 ? zero_part(image, offset, len) : result;
}

static int overlay_flush(Image *image)
{
    return 0;
} // nothing of it outlives the process

static bool overlay_is_zero(Image *image, uint64_t offset, uint64_t len, uint64_t *run)
{
    Overlay *overlay = (Overlay *)image;
    uint64_t in = offset % CLUSTER;
    pthread_mutex_lock(&overlay->lock);
    uint64_t value = cluster_map_get(overlay->map, offset / CLUSTER);
    uint64_t clusters =
        cluster_map_run(overlay->map, offset / CLUSTER, (in + len - 1) / CLUSTER + 1);
    pthread_mutex_unlock(&overlay->lock);
    uint64_t bytes = MIN(len, clusters * CLUSTER - in);
    *run = bytes;
    return value == MAP_ZERO ||
           (value == MAP_NONE && image_backing_is_zero(image, offset, bytes, run));
}

static bool overlay_close(Image *image, Error *err)
{
    Overlay *overlay = (Overlay *)image;
    cluster_map_free(overlay->map);
    g_array_free(overlay->free_slots, TRUE);
    pthread_mutex_destroy(&overlay->lock);
    return true;
}

static int overlay_resize(Image *image, uint64_t size_bytes)
{
    return 0; // what is behind the backing image's end reads as zeros
}

static const BlockDriver block_overlay = {
    .format = "overlay",
    .instance_size = sizeof(Overlay),
    .close = overlay_close,
    .read = overlay_read,
    .write = overlay_write,
    .zero = overlay_zero,
    .flush = overlay_flush,
    .is_zero = overlay_is_zero,
    .resize = overlay_resize,
};

Image *overlay_open(Image *backing, Error *err)
{
    const char *dir = g_getenv("TMPDIR");
    char *path = g_build_filename(dir && *dir ? dir : "/var/tmp", "vm-overlay-XXXXXX", NULL);
    int fd = g_mkstemp_full(path, 02 /* O_RDWR */, 0600);
    if (fd < 0) {
        fail(err, "Could not make a temporary overlay '%s': %s", path, strerror(errno));
        g_free(path);
        image_close(backing, NULL);
        return NULL;
    }
    unlink(path);
    g_free(path);
    Overlay *overlay = (Overlay *)image_new(&block_overlay);
    pthread_mutex_init(&overlay->lock, NULL);
    overlay->map = cluster_map_new();
    overlay->free_slots = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    overlay->image.fd = fd;
    overlay->image.backing = backing;
    overlay->image.size_bytes = backing->size_bytes;
    return &overlay->image;
}
