// SPDX-License-Identifier: GPL-2.0-or-later
// The machine as a whole: virtual clock, position, reset, digests, requests of the guest to the
// machine loop.
//
// The clock is computed, never advanced: a running vCPU counts `*left` down, an idle jump adds to
// `offset_ns`.
#include <assert.h>
#include <string.h>
#include <xxhash.h>

#include "core/internal.h"
#include "util/os-mem.h"

Machine *machine_new(Replay *replay, const char *type_name)
{
    MachineInternal *internal = g_new0(MachineInternal, 1);
    Machine *machine = &internal->machine;
    machine->replay = replay;
    machine->type_name = type_name;
    machine->left = &machine->left_zero;
    machine->attention = &machine->attention_none;
    machine->devices = g_ptr_array_new();
    machine->timers = g_array_new(FALSE, FALSE, sizeof(TimerRef));
    machine->ram = g_ptr_array_new();
    machine->map = g_array_new(FALSE, FALSE, sizeof(MemRange));
    machine->map_sources = g_array_new(FALSE, FALSE, sizeof(MemRange));
    internal->slots = g_array_new(FALSE, FALSE, sizeof(TimerSlot));
    internal->globals = g_array_new(FALSE, FALSE, sizeof(DeviceGlobal));
    return machine;
}

void machine_free(Machine *machine)
{
    if (!machine) {
        return;
    }
    // What plugs in goes before what it plugs into.
    for (unsigned i = machine->devices->len; i > 0; i--) {
        device_free(g_ptr_array_index(machine->devices, i - 1));
    }
    for (unsigned i = 0; i < machine->ram->len; i++) {
        RamBlock *ram = g_ptr_array_index(machine->ram, i);
        os_mem_unmap(ram->host, ram->size_bytes);
        g_free(ram->name);
        g_free(ram);
    }
    g_ptr_array_free(machine->devices, TRUE);
    g_ptr_array_free(machine->ram, TRUE);
    g_array_free(machine->timers, TRUE);
    g_array_free(machine->map, TRUE);
    g_array_free(machine->map_sources, TRUE);
    g_array_free(machine_internal(machine)->slots, TRUE);
    device_globals_free(machine_internal(machine)->globals);
    g_free(machine->page_flags);
    g_free(machine);
}

uint64_t machine_icount(const Machine *machine)
{
    return machine->icount_end - (uint64_t)*machine->left;
}

int64_t machine_now_ns(const Machine *machine)
{
    return machine->offset_ns + (int64_t)(machine_icount(machine) << machine->shift);
}

Position machine_position(const Machine *machine)
{
    uint64_t icount = machine_icount(machine);
    return (Position){.icount = icount, .step = machine->step_icount == icount ? machine->step : 0};
}

void machine_step(Machine *machine)
{
    Position position = machine_position(machine);
    machine->step_icount = position.icount;
    machine->step = position.step + 1;
}

void machine_reset(Machine *machine)
{
    // In three passes, so that an interrupt line that one device drives in its reset isn't
    // forgotten by a sink that is zeroed after it.
    for (unsigned i = 0; i < machine->devices->len; i++) {
        Device *dev = g_ptr_array_index(machine->devices, i);
        timers_cancel_all(dev);
        memset(device_state(dev), 0, dev->type->state_size);
    }
    for (unsigned i = 0; i < machine->devices->len; i++) {
        Device *dev = g_ptr_array_index(machine->devices, i);
        if (dev->type->reset) {
            dev->type->reset(dev);
        }
    }
    for (unsigned i = 0; i < machine->devices->len; i++) {
        Device *dev = g_ptr_array_index(machine->devices, i);
        if (dev->type->loaded) {
            dev->type->loaded(dev);
        }
    }
}

void machine_request(Machine *machine, MachineRequest request, int cause)
{
    if (machine->request == REQUEST_NONE) {
        machine->request = request;
        machine->request_cause = cause;
    }
    *machine->attention = true;
}

uint64_t machine_digest(Machine *machine)
{
    int64_t clock[2] = {machine->offset_ns, machine->shift};
    uint64_t digest = XXH3_64bits(clock, sizeof(clock));
    for (unsigned i = 0; i < machine->devices->len; i++) {
        digest = device_digest(g_ptr_array_index(machine->devices, i), digest);
    }
    return digest;
}

Device *machine_find_device(Machine *machine, const char *id_or_path)
{
    Device *found = NULL;
    for (unsigned i = 0; i < machine->devices->len; i++) {
        Device *dev = g_ptr_array_index(machine->devices, i);
        if (dev->id && !strcmp(dev->id, id_or_path)) {
            return dev;
        }
        if (!strcmp(dev->path, id_or_path)) {
            found = dev;
        }
    }
    return found;
}
