// SPDX-License-Identifier: GPL-2.0-or-later
// The host's clocks, raw: for pacing, timeouts and reports.
//
// Not for the guest side, whose only clock is machine_now_ns; core/hostclock.c passes the wall
// clock through the seam.
#pragma once
#include <stdint.h>
#include <time.h>

int64_t os_clock_monotonic_ns(
    void); // ns since some point; never goes back; stands still while the host sleeps
int64_t os_clock_realtime_ns(void); // ns since 1970-01-01 UTC; may jump
void os_clock_deadline(struct timespec *at, int64_t ns); // `ns` from now on the monotonic clock, for timed waits
