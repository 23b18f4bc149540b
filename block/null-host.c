// SPDX-License-Identifier: GPL-2.0-or-later
// null-co, null-aio: a disk that keeps nothing. Reads bring zeros whether read-zeroes is given or
// not, so that a recording and its replay agree.
#include <string.h>

#include "block/image.h"

static bool null_open(Image *image, Error *err)
{
    image->size_bytes = image->node->size_given ? image->node->size : 1ull << 30;
    return image->size_bytes % 512 == 0 || fail(err, "the size must be a multiple of 512");
}

static int null_read(Image *image, uint64_t offset, uint64_t len, uint8_t *buf)
{
    memset(buf, 0, len);
    return 0;
}

static int null_write(Image *image, uint64_t offset, uint64_t len, const uint8_t *buf)
{
    return 0;
}

static int null_zero(Image *image, uint64_t offset, uint64_t len, bool unmap)
{
    return 0;
}

static int null_flush(Image *image)
{
    return 0;
}

static bool null_is_zero(Image *image, uint64_t offset, uint64_t len, uint64_t *run)
{
    *run = len;
    return true;
}

static int null_resize(Image *image, uint64_t size_bytes)
{
    return 0;
}

const BlockDriver block_null = {
    .format = "null-co",
    .instance_size = sizeof(Image),
    .open = null_open,
    .read = null_read,
    .write = null_write,
    .zero = null_zero,
    .flush = null_flush,
    .is_zero = null_is_zero,
    .resize = null_resize,
};
