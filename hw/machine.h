// SPDX-License-Identifier: GPL-2.0-or-later
// A machine type: how a machine is built, where -device may plug, and how firmware and kernel start.
//
// Order at start-up: machine_new; the caller makes the target's CPUs (devices, not yet realized), fills
// MachineConfig and calls `build`; then plugs and realizes each -device; then machine_reset and `boot`. A system reset is machine_reset and `boot` again, with the same
// BootSpec. Nothing here knows an instruction set: what the device tree says about the CPUs is text
// that the target supplies.
#pragma once
#include "core/device.h"

// ---- configuration ----

// Borrowed by `build` for as long as the machine lives.
typedef struct MachineConfig {
    uint64_t ram_bytes;             // multiple of PAGE_SIZE
    Device **cpus;                  // one a hart, hart id = index; their inputs are the target's
    unsigned ncpus;
    const char *cpu_isa;            // for the device tree: `riscv,isa`
    const char *cpu_mmu;            // for the device tree: `mmu-type`; NULL: no MMU
    const FdtProp *cpu_fdt;         // for the device tree: what else a CPU's node has, ended by a NULL name; NULL: nothing
    // Callbacks of the target; either may be NULL. cpu_clock_changed is called when ticks jumped
    // (the guest wrote the counter, reset), so that deadlines must be computed anew.
    void (*cpu_set_clock)(Device *cpu, const MachineClock *clock); // copies *clock
    void (*cpu_clock_changed)(Device *cpu);
    const char *const *serials;     // chardev id of each -serial in order; NULL entry: connected to nothing
    unsigned nserials;
} MachineConfig;

// ---- boot ----

typedef struct BootSegment {
    uint64_t gpa;                   // ignored for a flat image
    const uint8_t *bytes;           // borrowed for as long as the machine lives
    uint64_t len;                   // bytes; what an ELF segment has beyond them is zeroed:
    uint64_t zero_bytes;            // bytes after them
} BootSegment;

// A firmware or kernel as the loader read it (unpacked). nsegments == 0: none.
typedef struct BootImage {
    const char *name;               // file name, for messages
    const BootSegment *segments;
    size_t nsegments;
    bool flat;                      // one segment that the machine places (its header is the machine's)
    uint64_t entry;                 // gpa of the first instruction; ignored for a flat image
} BootImage;

typedef struct BootSpec {
    BootImage firmware, kernel;
    const uint8_t *initrd;          // NULL: none
    uint64_t initrd_bytes;
    const char *cmdline;            // NULL: none
    const uint8_t *dtb;             // the user's device tree instead of ours; NULL: ours
    uint64_t dtb_bytes;
} BootSpec;

// ---- machine types ----

typedef struct MachineType {
    const char *name, *desc;        // as in -machine
    const char *target;             // "riscv64", …
    const char *default_cpu;        // as in -cpu
    unsigned max_cpus;
    uint64_t default_ram_bytes;
    uint64_t reset_gpa;             // where CPUs start after reset
    const char *const *default_firmware; // -bios default: file names to look for, or whole paths; NULL-terminated; NULL: none
    const char *firmware_hint;      // where one gets it: part of the message that there is none
    // Makes and realizes the machine's own devices, maps RAM, wires the CPUs.
    bool (*build)(Machine *machine, const MachineConfig *config, Error *err);
    // Puts firmware, kernel, initrd and device tree into memory. After each machine_reset.
    bool (*boot)(Machine *machine, const MachineConfig *config, const BootSpec *spec, Error *err);
    // After boot: the device tree as it stands in the guest's memory; NULL: the machine has none.
    const uint8_t *(*device_tree)(Machine *machine, uint64_t *len);
    // The device that a -device of `type` plugs into: `bus` (-device's bus=) by name, NULL: the first
    // that is free, in the order of the machine. NULL and *err: there is none.
    Device *(*slot)(Machine *machine, const DeviceType *type, const char *bus, Error *err);
    // The -device that a -drive if=virtio or a default NIC becomes.
    const char *virtio_blk, *nic;
} MachineType;

extern const MachineType *const machine_types[];                            // NULL-terminated
const MachineType *machine_type_find(const char *target, const char *name); // NULL: unknown
