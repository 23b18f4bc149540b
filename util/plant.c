// SPDX-License-Identifier: GPL-2.0-or-later
// The chosen planted fault. Linked into programs with planted faults alone; see plant.h.
#include "util/plant.h"

#include <stdlib.h>

static unsigned long chosen = PLANT_COUNT; // not yet looked

bool plant_choose(unsigned long fault)
{
    chosen = fault;
    return fault < PLANT_COUNT;
}

bool planted(PlantedFault fault)
{
    if (chosen == PLANT_COUNT) {
        const char *text = getenv("BACKSTEP_PLANT");
        chosen = text ? strtoul(text, NULL, 10) : PLANT_NONE;
    }
    return chosen == fault;
}
