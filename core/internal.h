// SPDX-License-Identifier: GPL-2.0-or-later
// What the files of core/ know of a machine beyond core/machine.h. Wiring only.
//
// machine_new allocates a MachineInternal; every Machine is the first member of one.
#pragma once
#include "core/device.h"

enum { TIMER_NOT_IN_HEAP = UINT32_MAX };

// One timer of one device, armed or not; its index in `slots` is its order.
typedef struct TimerSlot {
    Timer *timer;
    Device *dev;
    uint32_t heap_index;
} TimerSlot;

typedef struct DeviceGlobal {
    const DeviceType *type;
    char *prop, *value;
} DeviceGlobal;

typedef struct MachineInternal {
    Machine machine;
    GArray *slots;            // TimerSlot
    const MemRange *last_hit; // of memory_find, or NULL
    GArray *globals;          // DeviceGlobal
} MachineInternal;

static inline MachineInternal *machine_internal(const Machine *machine)
{
    return (MachineInternal *)machine;
}

// Gives the timers in the device's fields their places in `slots`.
void timers_register(Device *dev);
// Disarms all timers of a device.
void timers_cancel_all(Device *dev);
void device_free(Device *dev); // unrealize, then memory
void device_globals_free(GArray *globals);
