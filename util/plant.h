// SPDX-License-Identifier: GPL-2.0-or-later
// Planted faults: each names one line of the program that does something wrong when asked to. They exist in programs compiled with BACKSTEP_PLANT
// alone (qemu-system-plant and variants of test programs; meson option `plant`), chosen by -accel tcg,plant=N or, where there is no command line, by
// the environment's BACKSTEP_PLANT=N. In all others `planted` is false and compiles to nothing.
//
//     return a->order < b->order != planted(PLANT_TIMERS_SWAPPED);
#pragma once
#include <stdbool.h>

typedef enum PlantedFault {
    PLANT_NONE,
#define PLANT(name, what) PLANT_##name,
#include "util/plant.def"
#undef PLANT
    PLANT_COUNT
} PlantedFault;

#ifdef BACKSTEP_PLANT
bool planted(PlantedFault fault);
bool plant_choose(unsigned long fault); // false: there is none of this number
#else
static inline bool planted(PlantedFault fault)
{
    return false;
}
static inline bool plant_choose(unsigned long fault)
{
    return fault == PLANT_NONE;
}
#endif
