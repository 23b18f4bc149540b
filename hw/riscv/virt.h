// SPDX-License-Identifier: GPL-2.0-or-later
// Layout of the RISC-V machine "virt", shared by its wiring (virt.c) and its device tree
// (virt-fdt.c).
#pragma once
#include "hw/machine.h"
#include "hw/pci-host/gpex.h"

enum {
    VIRT_ROM_GPA = 0x1000, VIRT_ROM_BYTES = 0xf000,
    VIRT_RAM_GPA = 0x80000000u,
    VIRT_HARTS_MAX = 8,
    VIRT_SLOTS = 8, // virtio-mmio transports
    VIRT_FDT_BYTES_MAX = 1 << 20,
    VIRT_PCI_IRQ = 32, // PLIC source of INTx line 0; the others follow
};

// One device: where it is, and its node in the device tree. The node is `node`@base.
typedef struct VirtRow {
    const char *type;      // DeviceType
    uint64_t base;
    uint64_t stride_bytes; // from the nth to the next device of `count` ones, whose irq follow each
                           // other
    unsigned count;
    uint64_t reg_bytes;    // as the device tree says
    int irq;               // PLIC source; -1: none
    const char *node;
} VirtRow;

extern const VirtRow virt_rows[];
extern const unsigned virt_nrows;

// Where the PCI host bridge's windows are; the high one depends on the RAM's size.
void virt_pci_windows(const MachineConfig *config, GpexWindow window[GPEX_WINDOWS]);

// The machine's device tree without /chosen, as a blob with room to grow to VIRT_FDT_BYTES_MAX
// (which is its allocated size); g_free.
void *virt_fdt_new(const MachineConfig *config, Error *err);
// A copy of the user's device tree, with the same room.
void *virt_fdt_open(const uint8_t *dtb, uint64_t len, Error *err);
// Completes /chosen: the seed, and of the rest what isn't NULL or empty; then packs the blob.
bool virt_fdt_choose(void *fdt, const char *cmdline, uint64_t initrd_gpa, uint64_t initrd_bytes,
                     const uint8_t seed[32], Error *err);

extern const MachineType machine_riscv_virt, machine_riscv32_virt; // of targets riscv64 and riscv32
