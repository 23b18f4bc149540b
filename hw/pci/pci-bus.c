// SPDX-License-Identifier: GPL-2.0-or-later
// PCI buses: which there are, and which one a -device goes to.
//
// Wiring only: bus numbers are what software writes into bridges, and stand in their state.
#include "hw/pci/pci.h"

#include <string.h>

void pci_bus_init(PciBus *bus, Device *owner, PciDevice *bridge, const char *name)
{
    bus->owner = owner;
    bus->bridge = bridge;
    bus->name = g_strdup(name);
}

void pci_bus_fini(PciBus *bus)
{
    g_free(bus->name);
    bus->name = NULL;
}

PciBus *pci_bus_of(Device *owner)
{
    if (!owner->type->offers || strcmp(owner->type->offers, "PCI") != 0) {
        return NULL;
    }
    if (owner->type->bus) {
        return ((PciDevice *)owner)->secondary;
    }
    return ((const PciHost *)owner->type->provides)->bus(owner);
}

Device *pci_first_host(Machine *machine)
{
    for (unsigned i = 0; i < machine->devices->len; i++) {
        Device *dev = machine->devices->pdata[i];
        if (!dev->type->bus && pci_bus_of(dev)) {
            return dev;
        }
    }
    return NULL;
}

Device *pci_slot(Machine *machine, const DeviceType *type, const char *bus_name, Error *err)
{
    Device *host = pci_first_host(machine);
    if (!host) {
        fail(err, "No 'PCI' bus found for device '%s'", type->name);
        return NULL;
    }
    for (unsigned i = 0; bus_name && i < machine->devices->len; i++) {
        const PciBus *bus = pci_bus_of(machine->devices->pdata[i]);
        if (bus && bus->name && !strcmp(bus->name, bus_name)) {
            return machine->devices->pdata[i];
        }
    }
    if (bus_name) {
        fail(err, "Bus '%s' not found", bus_name);
        return NULL;
    }
    return host;
}
