// SPDX-License-Identifier: GPL-2.0-or-later
// SiFive test finisher: a register through which a guest ends or resets the machine.
//
// Facts: Linux Documentation/devicetree/bindings/power/reset/syscon-*.yaml and the device tree of
// the virt machine ("syscon-poweroff" value 0x5555, "syscon-reboot" value 0x7777); SiFive's test
// binding "sifive,test0". Bits 31..16 of a FAIL are the exit code. It has no state.
#include "core/device.h"

enum { FINISHER = 0, FAIL = 0x3333, PASS = 0x5555, RESET = 0x7777 };

static const Reg regs[] = {{FINISHER, "FINISHER"}};

typedef struct Test {
    Device dev;
} Test;

static uint64_t test_read(Device *dev, uint64_t reg, unsigned size)
{
    return 0;
}

static void test_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    if (reg == FINISHER) {
        switch (value & 0xffff) {
        case FAIL:  machine_request(dev->machine, REQUEST_SHUTDOWN, value >> 16 & 0xffff); return;
        case PASS:  machine_request(dev->machine, REQUEST_SHUTDOWN, 0); return;
        case RESET: machine_request(dev->machine, REQUEST_RESET, 0); return;
        }
    }
    guest_error(dev, "write of 0x%x to offset 0x%x", (unsigned)value, (unsigned)reg);
}

static const MmioRegion mmio[] = {
    {.name = "riscv.sifive.test", .size_bytes = 0x1000, .access_min = 2, .access_max = 4,
     .read = test_read, .write = test_write, LIST(regs)},
};

const DeviceType device_riscv_sifive_test = {
    .name = "riscv.sifive.test",
    .desc = "test finisher: power-off, reset, exit code",
    .instance_size = sizeof(Test),
    .state_offset = sizeof(Test),
    LIST(mmio),
};
