// SPDX-License-Identifier: GPL-2.0-or-later
// raw: the file or block device is the disk, byte for byte.
//
// A size that isn't a multiple of 512 is rounded up: the rest of the last sector reads as zeros,
// and writing there lengthens the file. When the format was guessed, writes that would make the
// file look like another format at its next opening are refused, or a guest could have any host
// file opened.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "block/image.h"

enum { SECTOR = 512, HEAD = 65536 };

typedef struct Raw {
    Image image;
    uint64_t start; // offset= of its node: where in the file the disk begins
} Raw;

static uint64_t raw_start(const Image *image)
{
    return ((const Raw *)(const void *)image)->start;
}

static bool raw_open(Image *image, Error *err)
{
    off_t end = lseek(image->fd, 0, SEEK_END);
    if (end < 0) {
        return fail(err, "Could not find the size of '%s': %s", image->path, strerror(errno));
    }
    if (end > INT64_MAX - SECTOR) {
        return fail(err, "'%s' is too large for an image", image->path);
    }
    const NodeSpec *node = image->node;
    uint64_t bytes = (uint64_t)end;
    if (node && (node->offset || node->size_given)) {
        if (node->offset > bytes || (node->size_given && node->size > bytes - node->offset)) {
            return fail(err, "offset=%llu,size=%llu: the file has only %llu bytes",
                        (unsigned long long)node->offset, (unsigned long long)node->size,
                        (unsigned long long)bytes);
        }
        ((Raw *)(void *)image)->start = node->offset;
        bytes = node->size_given ? node->size : bytes - node->offset;
        if (bytes % SECTOR) {
            return fail(err, "offset= and size= leave %llu bytes, which isn't a multiple of %d",
                        (unsigned long long)bytes, SECTOR);
        }
    }
    image->size_bytes = (bytes + SECTOR - 1) / SECTOR * SECTOR;
    return true;
}

static int raw_read(Image *image, uint64_t offset, uint64_t len, uint8_t *buf)
{
    return file_read(image->fd, raw_start(image) + offset, len, buf);
}

static int raw_write(Image *image, uint64_t offset, uint64_t len, const uint8_t *buf)
{
    if (image->probed && offset < 4) {
        uint8_t head[4];
        int result = file_read(image->fd, 0, sizeof(head), head);
        if (result < 0) {
            return result;
        }
        memcpy(head + offset, buf, MIN(len, sizeof(head) - offset));
        if (block_qcow2.probe(head, sizeof(head))) {
            image_warn("'%s': a write that would make this raw image look like qcow2 was refused "
                       "(give format=raw to allow it)",
                       image->path);
            return -EPERM;
        }
    }
    return file_write(image->fd, raw_start(image) + offset, len, buf);
}

static int raw_zero(Image *image, uint64_t offset, uint64_t len, bool unmap)
{
    return file_zero(image->fd, raw_start(image) + offset, len, unmap);
}

static int raw_flush(Image *image)
{
    return image->read_only ? 0 : file_sync(image->fd);
}

static bool raw_is_zero(Image *image, uint64_t offset, uint64_t len, uint64_t *run)
{
    *run = len;
    offset += raw_start(image);
    off_t start = lseek(image->fd, (off_t)offset, SEEK_DATA);
    if (start < 0) {
        return errno == ENXIO; // no data from here on
    }
    if ((uint64_t)start > offset) {
        *run = MIN(len, (uint64_t)start - offset);
        return true;
    }
    off_t hole = lseek(image->fd, start, SEEK_HOLE);
    if (hole > start) {
        *run = MIN(len, (uint64_t)hole - offset);
    }
    return false;
}

static int raw_resize(Image *image, uint64_t size_bytes)
{
    if (raw_start(image) || (image->node && image->node->size_given)) {
        return -ENOTSUP;
    }
    return file_resize(image->fd, size_bytes);
}

static bool raw_identity(Image *image, uint64_t *hash, Error *err)
{
    // A raw image has no metadata: its first and last 64 KiB (partition table, superblock) stand
    // for it.
    uint64_t n = MIN(image->size_bytes, HEAD);
    uint8_t *buf = g_malloc0(2 * HEAD);
    int result = file_read(image->fd, raw_start(image), n, buf);
    if (result == 0) {
        result = file_read(image->fd, raw_start(image) + image->size_bytes - n, n, buf + HEAD);
    }
    *hash = XXH3_64bits_withSeed(buf, 2 * HEAD, image->size_bytes);
    g_free(buf);
    if (result < 0) {
        return fail(err, "Could not read '%s': %s", image->path, strerror(-result));
    }
    return true;
}

const BlockDriver block_raw = {
    .format = "raw",
    .instance_size = sizeof(Raw),
    .open = raw_open,
    .read = raw_read,
    .write = raw_write,
    .zero = raw_zero,
    .flush = raw_flush,
    .is_zero = raw_is_zero,
    .resize = raw_resize,
    .identity = raw_identity,
};
