// SPDX-License-Identifier: GPL-2.0-or-later
// File helpers of the image drivers: whole reads and writes at an offset, holes, sync.
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <unistd.h>

#include "block/image.h"

static FileTrace *tracer;

void file_trace(FileTrace *trace)
{
    tracer = trace;
}

static void trace(int fd, FileOp op, uint64_t offset, uint64_t len, const uint8_t *buf)
{
    if (tracer) {
        tracer(fd, op, offset, len, buf);
    }
}

// A negative off_t would be refused by the system with a misleading reason; images are checked
// before.
static bool range_ok(uint64_t offset, uint64_t len)
{
    return offset <= INT64_MAX && len <= INT64_MAX - offset;
}

int file_read(int fd, uint64_t offset, uint64_t len, uint8_t *buf)
{
    if (!range_ok(offset, len)) {
        return -EIO;
    }
    while (len > 0) {
        ssize_t n = pread(fd, buf, MIN(len, 1u << 30), (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        if (n == 0) {
            memset(buf, 0, len);
            return 0;
        }
        buf += n;
        offset += (uint64_t)n;
        len -= (uint64_t)n;
    }
    return 0;
}

int file_write(int fd, uint64_t offset, uint64_t len, const uint8_t *buf)
{
    if (!range_ok(offset, len)) {
        return -EFBIG;
    }
    trace(fd, FILE_WRITE, offset, len, buf);
    while (len > 0) {
        ssize_t n = pwrite(fd, buf, MIN(len, 1u << 30), (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : -EIO;
        }
        buf += n;
        offset += (uint64_t)n;
        len -= (uint64_t)n;
    }
    return 0;
}

static int file_write_zeros(int fd, uint64_t offset, uint64_t len)
{
    static const uint8_t zeros[65536];
    int result = 0;
    while (len > 0 && result == 0) {
        uint64_t n = MIN(len, sizeof(zeros));
        result = file_write(fd, offset, n, zeros);
        offset += n;
        len -= n;
    }
    return result;
}

int file_zero(int fd, uint64_t offset, uint64_t len, bool unmap)
{
    if (len == 0) {
        return 0;
    }
    if (!range_ok(offset, len)) {
        return -EFBIG;
    }
    off_t end = lseek(fd, 0, SEEK_END);
    if (end < 0) {
        return -errno;
    }
    // A hole never lengthens a file; what lies beyond the end is written (only ever the last few
    // bytes).
    uint64_t inside = offset < (uint64_t)end ? MIN(len, (uint64_t)end - offset) : 0;
    int mode = unmap ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE;
    if (inside > 0 && fallocate(fd, mode, (off_t)offset, (off_t)inside) == 0) {
        trace(fd, FILE_ZERO, offset, inside, NULL);
        offset += inside;
        len -= inside;
    }
    return file_write_zeros(fd, offset, len);
}

int file_resize(int fd, uint64_t size_bytes)
{
    if (!range_ok(size_bytes, 0)) {
        return -EFBIG;
    }
    trace(fd, FILE_RESIZE, size_bytes, 0, NULL);
    while (ftruncate(fd, (off_t)size_bytes) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

int file_sync(int fd)
{
    while (fdatasync(fd) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    trace(fd, FILE_SYNC, 0, 0, NULL);
    return 0;
}

bool buffer_is_zero(const uint8_t *buf, uint64_t len)
{
    return len == 0 || (buf[0] == 0 && memcmp(buf, buf + 1, len - 1) == 0);
}
