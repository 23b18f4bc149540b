// SPDX-License-Identifier: GPL-2.0-or-later
// Host random bytes: getrandom(2).
//
// See getrandom(2) for the two ways in which a call may return less than was asked.
#include "util/os-random.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

void os_random(void *buf, size_t len)
{
    uint8_t *p = buf;
    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0) {
            // Any other error means a wrong call or a kernel without the system call.
            assert(errno == EINTR);
            continue;
        }
        p += n;
        len -= (size_t)n;
    }
}
