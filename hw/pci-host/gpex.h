// SPDX-License-Identifier: GPL-2.0-or-later
// Where a machine puts the windows of its generic PCI Express host bridge.
#pragma once
#include "core/device.h"

enum { GPEX_ECAM, GPEX_MMIO, GPEX_MMIO_HIGH, GPEX_PIO, GPEX_WINDOWS }; // MMIO regions of gpex-pcihost

typedef struct GpexWindow {
    uint64_t gpa, size_bytes; // a size of 0: not there; at most the region's
} GpexWindow;

// Maps the four windows and tells the bridge of them. Memory addresses are the same on both sides;
// I/O address 0 is at the PIO window's start.
void gpex_place(Device *dev, const GpexWindow window[GPEX_WINDOWS]);
