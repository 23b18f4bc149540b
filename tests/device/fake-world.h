// SPDX-License-Identifier: GPL-2.0-or-later
// A world for testing one device: a machine without CPU, whose clock, interrupt sink, RAM and seam
// belong to the test.
//
//     World *w = world_new();
//     Device *rtc = world_device(w, &device_goldfish_rtc, NULL);
//     world_write(w, rtc, ALARM_LOW, 4, 1000);
//     world_advance_ns(w, 999);
//     g_assert_false(world_irq(w, rtc, 0));
//     world_advance_ns(w, 1);
//     g_assert_true(world_irq(w, rtc, 0));
//     world_free(w);
//
// All checks that fail end the test program. core/machine.h's functions work on w->machine as ever.
// The seam's functions are fakes in fake-world.c: don't link replay_dep too.
#pragma once
#include "core/device.h"

enum { WORLD_RAM_BASE = 0x80000000, WORLD_RAM_BYTES = 16 << 20 };

typedef struct World {
    Machine *machine;
    RamBlock *ram;      // WORLD_RAM_BYTES at WORLD_RAM_BASE
    Device *sink;       // all interrupt outputs end here
    GArray *lines;      // levels at the sink
    uint64_t next_base; // where the next MMIO region goes
    int64_t left;       // what machine->left points to
    Replay *seam;
} World;

World *world_new(void);
void world_free(World *w);

// A device of this type, with properties from "name=value,…" (NULL: none), realized, its MMIO
// regions mapped, all its interrupt outputs connected to the sink; then the whole machine is reset.
// world_try_device gives NULL and a reason if a property or realize fails.
Device *world_device(World *w, const DeviceType *type, const char *properties);
Device *world_try_device(World *w, const DeviceType *type, const char *properties, Error *err);

uint64_t world_base(World *w, Device *dev, unsigned region); // where it is mapped
// A CPU's access to region 0, which the device must take; world_refuses: is it a bus error (tried
// as a read)?
uint64_t world_read(World *w, Device *dev, uint64_t reg, unsigned size);
void world_write(World *w, Device *dev, uint64_t reg, unsigned size, uint64_t value);
bool world_refuses(World *w, Device *dev, uint64_t reg, unsigned size);

bool world_irq(World *w, Device *dev, unsigned output); // its level
unsigned world_irq_rises(World *w, Device *dev,
                         unsigned output); // times that it rose since the last reset

// Lets virtual time pass, as in idle: timers expire one by one, each exactly at its deadline.
void world_advance_ns(World *w, int64_t ns);
// Lets a CPU attempt `n` instructions of (1 << machine->shift) ns: timers expire at the first
// boundary at or after their deadlines.
void world_run(World *w, uint64_t n);
void world_set_now(World *w,
                   int64_t now_ns); // sets the clock without expiring anything; for start values

// Saves the fields of all devices, resets the machine, loads them back; checks that digests,
// deadlines and levels stay.
void world_reload(World *w);
// The same into another world, to which the same devices were added in the same order: `to` takes
// over fields, RAM, clock, levels and the seam's inputs. `from` is then only good for world_free.
void world_move(World *from, World *to);

// ---- the seam's far side ----

// The next random bytes that devices get; when used up, a fixed sequence goes on.
void world_script_random(World *w, const void *bytes, size_t len);
void world_set_hostclock(
    World *w,
    int64_t ns); // what hostclock_now_ns gives from now on; until set, 2001-09-09 01:46:40 UTC
unsigned world_inputs(World *w,
                      EventKind kind); // how many synchronous inputs of this kind were asked for
// The source that was registered with this name, for replay_post; fails if there is none.
ReplaySource *world_source(World *w, const char *name);
unsigned world_deliver(World *w); // delivers all posts, one step each, in order; how many
