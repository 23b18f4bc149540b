// SPDX-License-Identifier: GPL-2.0-or-later
// The guest side: virtual clock, timers, memory map, devices; everything that a device model may
// touch. One thread owns it.
//
// Nothing here knows an instruction set, the host's clock or the log file; inputs come through
// replay/replay.h.
#pragma once
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/replay.h"
#include "util/error.h"

typedef struct Machine Machine;
typedef struct Device Device;
typedef struct DeviceType DeviceType;

// ---- timers (core/timer.c) ----

// A deadline in virtual time. Plain data: lives in a device's state and is declared with
// FIELD_TIMER. Changed by timer_arm and timer_cancel alone (a device never clears or copies over an
// armed one); both leave deadline_ns readable after the timer is disarmed or has expired.
typedef struct Timer {
    int64_t deadline_ns;
    uint8_t armed; // 0 or 1
    uint8_t pad[7];
} Timer;

// One entry of the heap of armed timers: wiring, which timers_rebuild makes from the fields.
typedef struct TimerRef {
    Timer *timer;
    Device *dev;
    uint32_t order; // among all timers of all devices: the tie-break of equal deadlines
} TimerRef;

// ---- RAM (core/ram.c) ----

enum { PAGE_BITS = 12, PAGE_SIZE = 4096, PAGE_MASK = 4095 };

// Flags of a RAM page. While any is set, stores to the page go through `before_store`
// (core/machine.h's observer), and no fast path may write.
enum {
    PAGE_CLEAN = 1,    // not written since the last checkpoint epoch began
    PAGE_CODE = 2,     // translated code was read from it
    PAGE_WALKED = 4,   // a cached address translation was walked through it
    PAGE_WATCHED = 8,  // a debugger's watchpoint lies in it
    PAGE_ROM = 16      // guest stores have no effect
};

typedef struct RamBlock {
    char *name;
    uint8_t *host;       // zero-filled mapping
    uint64_t size_bytes; // multiple of PAGE_SIZE
    uint64_t first_page; // number of its first page among all RAM pages of the machine
    bool rom;
} RamBlock;

// Called on the machine thread before a store or DMA changes bytes of one page that has flags.
typedef void RamObserver(void *ctx, uint64_t ram_page, unsigned offset, unsigned len);

// ---- memory map (core/memory.c) ----

typedef struct MemRange { // one row of the flattened map
    uint64_t base, size_bytes;
    RamBlock *ram;       // or NULL …
    uint64_t ram_offset; // of the first byte, in the block or (with a part hidden) in the region
    Device *dev;         // … then an MMIO region of this device
    unsigned region;     // index into dev->type->mmio
    int priority;
    bool enabled;
} MemRange;

// ---- the machine ----

struct Machine {
    Replay *replay;
    const char *type_name; // "virt", …
    // Virtual clock: now = offset_ns + (icount << shift). State. icount = icount_end - *left while
    // a vCPU runs.
    int64_t offset_ns;
    uint64_t icount_end; // icount at which the running slice's budget is used up
    const int64_t *left; // not yet attempted of the running slice; never NULL (idle: to a zero)
    int64_t left_zero;
    uint32_t step; // k of the position at step_icount; elsewhere k is 0. Counted by machine_step
    uint64_t step_icount;
    uint8_t shift;
    // Set to ask the running vCPU to stop after the current instruction, because a deadline came
    // nearer, an interrupt line changed, …
    volatile bool *attention; // never NULL
    bool attention_none;
    GPtrArray *devices;  // Device *, in order of creation, which depends on the configuration alone
    GArray *timers;      // heap of TimerRef
    GPtrArray *ram;      // RamBlock *
    uint8_t *page_flags; // one byte a RAM page
    uint64_t npages;
    RamObserver *before_store;
    void (*dma_stores)(void *ctx, uint64_t gpa, uint64_t len); // before each dma_write or poke: breaks load reservations
    void *observer_ctx;
    GArray *map;          // MemRange, sorted by base, not overlapping
    GArray *map_sources;  // MemRange as added, before flattening
    uint64_t map_version; // rises whenever `map` changes
    void (*map_changed)(void *ctx);
    void *map_changed_ctx;
    int64_t rtc_offset_ns; // -rtc base=: what is added to the host's clock at the seam's outside
    bool rtc_fixed;        // -rtc base=DATE or clock=vm: the clock starts there …
    int64_t rtc_base_ns;   // … and advances with virtual time
    // A device asks the machine loop for a shutdown or reset at the next boundary (the guest did
    // it: a function of guest state).
    int request;       // MachineRequest
    int request_cause; // exit code for shutdown: (value given by the guest)
};

typedef enum MachineRequest {
    REQUEST_NONE,
    REQUEST_SHUTDOWN,
    REQUEST_RESET,
    REQUEST_PANIC
} MachineRequest;

Machine *machine_new(Replay *replay, const char *type_name);
void machine_free(Machine *machine);
// Instructions attempted since power-on; exact during a device access.
uint64_t machine_icount(const Machine *machine);
int64_t machine_now_ns(const Machine *machine); // virtual ns since power-on
Position machine_position(const Machine *machine);
void machine_step(Machine *machine); // one step was done at this icount
// Three passes over all devices: timers cancelled and fields zeroed; `reset`; `loaded`. So a line
// that is driven in one device's `reset` is seen by sinks before and after it in order. Clock,
// icount and step go on.
void machine_reset(Machine *machine);
// The first one stands until the loop sets `request` to REQUEST_NONE.
void machine_request(Machine *machine, MachineRequest request, int cause);
uint64_t machine_digest(Machine *machine); // XXH3 over clock and the fields of all devices (CPUs are devices)
uint64_t machine_ram_digest(Machine *machine); // XXH3 over all RAM (not ROM), block by block

// Timers due: the earliest armed deadline, or INT64_MAX.
int64_t timer_next_deadline(const Machine *machine);
// Expires the one timer that is due first if its deadline <= now (one step); the device's `expired`
// runs with it disarmed. False when none is due.
bool timer_expire_one(Machine *machine);
// Call it after fields of devices were overwritten (a snapshot was loaded).
void timers_rebuild(Machine *machine);

// ---- RAM and DMA ----

// The size is rounded up to pages. The block's pages follow those of the blocks before; page_flags
// may move. Pages of a `rom` block have PAGE_ROM. Owned by the machine; map it with memory_add_ram.
// NULL: err says why.
RamBlock *ram_new(Machine *machine, const char *name, uint64_t size_bytes, bool rom, Error *err);
static inline bool page_plain(const Machine *machine, uint64_t ram_page)
{
    return machine->page_flags[ram_page] == 0;
}

// base, ram_offset and size_bytes are multiples of PAGE_SIZE; a device mapped over RAM may still
// leave ranges that aren't.
void memory_add_ram(Machine *machine, uint64_t base, RamBlock *ram, uint64_t ram_offset,
                    uint64_t size_bytes, int priority);
// Maps MMIO region `region` of a device. A range of higher priority hides a lower one; among equal
// ones the later added.
void memory_add_mmio(Machine *machine, uint64_t base, Device *dev, unsigned region, int priority);
// Moves, enables or disables a region (a PCI BAR); one that wasn't mapped before gets priority 1.
// May be called during an access to the region. A base from which the region would wrap around the
// address space disables it.
void memory_move_mmio(Machine *machine, Device *dev, unsigned region, uint64_t base, bool enabled);
// NULL: nothing there. Valid until the map changes.
const MemRange *memory_find(const Machine *machine, uint64_t gpa);
// Host address of RAM at gpa, *len clipped to what is contiguous; NULL if not RAM. Reading only;
// stores go through dma_write or the CPU's path.
const uint8_t *memory_ram_at(const Machine *machine, uint64_t gpa, uint64_t *len);

// CPU accesses to MMIO: size 1, 2, 4 or 8; normalised to the region's access sizes as core/mmio.c
// says. Values are a little-endian CPU's. False: no device there, not aligned to its size, or a
// size that the region refuses (a bus error); *value is then 0.
bool mmio_read(Machine *machine, uint64_t gpa, unsigned size, uint64_t *value);
bool mmio_write(Machine *machine, uint64_t gpa, unsigned size, uint64_t value);

// DMA by devices, on the machine thread, little pieces or large; false if any byte isn't RAM
// (nothing is then transferred).
bool dma_read(Machine *machine, uint64_t gpa, void *buf, uint64_t len);
bool dma_write(Machine *machine, uint64_t gpa, const void *buf, uint64_t len);
// The loader's, debugger's and monitor's way in: as dma_*, but may write ROM.
bool memory_poke(Machine *machine, uint64_t gpa, const void *buf, uint64_t len);

// The platform's time source (RISC-V's `time`, …) as a CPU may read it. `ticks` counts at the
// machine's rate; deadline_ns gives the virtual ns at which it reaches a value (now or earlier when
// it has; INT64_MAX: never).
typedef struct MachineClock {
    uint64_t (*ticks)(void *ctx);
    int64_t (*deadline_ns)(void *ctx, uint64_t ticks);
    void *ctx;
} MachineClock;

// A device tree property as bytes; the strings in it end with their NUL.
typedef struct FdtProp {
    const char *name;
    const void *bytes;
    size_t len;
} FdtProp;

// ---- the two synchronous inputs ----

// Ns since the epoch for RTCs, through the seam unless rtc_fixed (core/hostclock.c).
int64_t hostclock_now_ns(Machine *machine);
// Random bytes, through the seam (core/entropy.c).
void entropy_fill(Machine *machine, void *buf, size_t len);
