// SPDX-License-Identifier: GPL-2.0-or-later
// Host clocks: clock_gettime(2).
//
// Both clocks exist on every Linux kernel, so a failure is a bug of ours.
#include "util/os-clock.h"

#include <assert.h>
#include <time.h>

static int64_t clock_read_ns(clockid_t clock)
{
    struct timespec ts;
    int failed = clock_gettime(clock, &ts);
    assert(!failed);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t os_clock_monotonic_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

int64_t os_clock_realtime_ns(void)
{
    return clock_read_ns(CLOCK_REALTIME);
}

void os_clock_deadline(struct timespec *at, int64_t ns)
{
    int64_t end = os_clock_monotonic_ns() + (ns > 0 ? ns : 0);
    *at = (struct timespec){.tv_sec = end / 1000000000, .tv_nsec = end % 1000000000};
}
