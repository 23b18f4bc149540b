// SPDX-License-Identifier: GPL-2.0-or-later
// The wall clock that real-time clock devices start from (`-rtc`).
//
// With a fixed base it is a function of virtual time and no input at all; else it is the host's,
// through the seam.
#include "core/machine.h"
#include "util/os-clock.h"

int64_t hostclock_now_ns(Machine *machine)
{
    if (machine->rtc_fixed) {
        return machine->rtc_base_ns + machine_now_ns(machine);
    }
    int64_t now_ns = os_clock_realtime_ns() + machine->rtc_offset_ns;
    replay_input(machine->replay, EVENT_CLOCK_HOST, &now_ns, sizeof(now_ns));
    return now_ns;
}
