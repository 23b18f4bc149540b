// SPDX-License-Identifier: GPL-2.0-or-later
// Image locks: what a program does with an image, and what it can't bear from others, as locks on
// single bytes of the file, which other programs that follow the same convention see.
//
// A shared lock on byte 100 + n: I do n; on byte 200 + n: nobody else may do n. n is 0 to read, 1
// to write, 2 to write what is there already, 3 to change the size. The bytes needn't exist, and
// are never read. Locks belong to the open file (OFD), so two drives of one process see each other's,
// too. A program first takes its locks and then looks for others', so that of two that start at
// once at least one sees the other.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "block/image.h"

enum { DOES = 100, FORBIDS = 200, READS = 0, WRITES = 1, RESIZES = 3, ACTIONS = 4 };

static int lock_byte(int fd, int what, off_t byte, short *type)
{
    struct flock lock = {.l_type = *type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    int result = fcntl(fd, what, &lock);
    *type = lock.l_type;
    return result;
}

static bool take(int fd, off_t byte)
{
    short type = F_RDLCK;
    return lock_byte(fd, F_OFD_SETLK, byte, &type) == 0;
}

static bool taken_by_others(int fd, off_t byte)
{
    short type = F_WRLCK;
    return lock_byte(fd, F_OFD_GETLK, byte, &type) == 0 && type != F_UNLCK;
}

static bool look_for_others(int fd, const char *path, unsigned does, unsigned forbids, Error *err)
{
    static const char *const names[ACTIONS] = {"consistent read", "write", "write unchanged",
                                               "resize"};
    for (int i = 0; i < ACTIONS; i++) {
        bool refused = (does >> i & 1) && taken_by_others(fd, FORBIDS + i);
        if (refused || ((forbids >> i & 1) && taken_by_others(fd, DOES + i))) {
            return fail(err, "Failed to get %s\"%s\" lock\nIs another process using the image [%s]?",
                        refused ? "" : "shared ", names[i], path);
        }
    }
    return true;
}

bool lock_take(int fd, const char *path, bool writes, bool resizes, NodeChoice locking, Error *err)
{
    unsigned does = 1 << READS | (unsigned)writes << WRITES | (unsigned)(writes && resizes) << RESIZES;
    unsigned forbids = 1 << WRITES | (unsigned)resizes << RESIZES;
    if (locking == NODE_OFF) {
        return true;
    }
    for (int i = 0; i < ACTIONS; i++) {
        if (((does >> i & 1) && !take(fd, DOES + i)) ||
            ((forbids >> i & 1) && !take(fd, FORBIDS + i))) {
            // A file system without locks: no protection unless it was asked for.
            return locking != NODE_ON ||
                   fail(err, "Failed to lock byte %d: %s", i, strerror(errno));
        }
    }
    return look_for_others(fd, path, does, forbids, err);
}
