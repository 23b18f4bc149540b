// SPDX-License-Identifier: GPL-2.0-or-later
// pci-bridge: a PCI-to-PCI bridge; its secondary bus is named by its id.
//
// Spec: PCI-to-PCI Bridge Architecture 1.2, chapters 3 and 9. Windows for I/O (16 bits), memory and
// prefetchable memory (64 bits); all the work is done by the core, from this function's registers.
// Not modelled: hot-plug controller, secondary bus reset, VGA and ISA modes, interrupts of its own.
#include <string.h>

#include "hw/pci/pci.h"

typedef struct Bridge {
    PciDevice pci;
    PciBus bus;
    uint32_t chassis;
    struct BridgeState {
        PciState p;
    } s;
} Bridge;

static const Field fields[] = {PCI_FIELDS(struct BridgeState)};

static const Prop props[] = {
    PCI_PROPS(Bridge, pci),
    {"chassis_nr", "number of its chassis (kept, without effect)", PROP_U32,
     offsetof(Bridge, chassis), "0"},
};

static bool bridge_realize(Device *dev, Error *err)
{
    Bridge *bridge = (Bridge *)dev;
    PciDevice *pci = &bridge->pci;
    if (!pci_realize(pci, err)) {
        return false;
    }
    pci_writable(pci, PCI_PRIMARY_BUS, 4, 0xffffffff);
    pci_writable(pci, PCI_IO_BASE, 2, 0xf0f0);
    pci_writable(pci, PCI_MEM_BASE, 4, 0xfff0fff0);
    pci_initial(pci, PCI_PREF_BASE, 4, 0x00010001); // 64 bits
    pci_writable(pci, PCI_PREF_BASE, 4, 0xfff0fff0);
    pci_writable(pci, PCI_PREF_BASE_HIGH, 4, 0xffffffff);
    pci_writable(pci, PCI_PREF_LIMIT_HIGH, 4, 0xffffffff);
    pci_bus_init(&bridge->bus, dev, pci, dev->id ? dev->id : dev->path);
    pci->secondary = &bridge->bus;
    return true;
}

static void bridge_unrealize(Device *dev) { pci_bus_fini(&((Bridge *)dev)->bus); }

static const PciClass class = {
    .vendor = 0x1b36, .device = 0x0001, .class_code = 0x060400, .bridge = true,
};

const DeviceType device_pci_bridge = {
    .name = "pci-bridge",
    .desc = "Standard PCI Bridge",
    .bus = "PCI", .offers = "PCI",
    .instance_size = sizeof(Bridge),
    .state_offset = offsetof(Bridge, s), .state_size = sizeof(struct BridgeState),
    LIST(fields), LIST(props),
    .realize = bridge_realize, .unrealize = bridge_unrealize,
    .reset = pci_reset, .loaded = pci_loaded,
    .class = &class,
};
