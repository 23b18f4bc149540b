// SPDX-License-Identifier: GPL-2.0-or-later
// Random bytes for the guest: the host's when live, the log's when replaying.
//
// The host is asked in both modes, since the seam overwrites what it knows better.
#include "core/machine.h"
#include "util/os-random.h"
#include "util/plant.h"

void entropy_fill(Machine *machine, void *buf, size_t len)
{
    os_random(buf, len);
    if (!planted(PLANT_UNLOGGED_RANDOM)) {
        replay_input(machine->replay, EVENT_RANDOM, buf, len);
    }
}
