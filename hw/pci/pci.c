// SPDX-License-Identifier: GPL-2.0-or-later
// PCI functions: configuration space, BARs, capabilities, the interrupt pin.
//
// Spec: PCI Local Bus 3.0, chapter 6; PCI Express Base 2.0, 7.5. Three masks made at start say which
// bits of the configuration space software may write or clear; the rest is what reset leaves.
// A BAR is mapped when its space is enabled and the host bridge (and each bridge on the way) shows
// the range to the CPU in whole. Not modelled: extended configuration space, parity and system
// errors, power management, option ROMs, BIST.
#include "hw/pci/pci.h"

#include <assert.h>
#include <string.h>

enum { CAPS_FIRST = 0x40 };
enum { BAR_IO = 1, BAR_MEM64 = 4, BAR_PREFETCH = 8 };

// ---- registers ----

static uint32_t bytes_get(const uint8_t *at, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)at[i] << 8 * i;
    }
    return value;
}

static void bytes_put(uint8_t *at, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

uint32_t pci_get(const PciDevice *pci, unsigned reg, unsigned size)
{
    return bytes_get(pci->p->config + reg, size);
}

void pci_put(PciDevice *pci, unsigned reg, unsigned size, uint32_t value)
{
    bytes_put(pci->p->config + reg, size, value);
}

void pci_initial(PciDevice *pci, unsigned reg, unsigned size, uint32_t value)
{
    bytes_put(pci->initial + reg, size, value);
}

void pci_writable(PciDevice *pci, unsigned reg, unsigned size, uint32_t mask)
{
    bytes_put(pci->writable + reg, size, mask);
}

// ---- BARs ----

static uint64_t bar_size(const PciDevice *pci, unsigned i)
{
    return pci->dev.type->mmio[pci->bars[i].region].size_bytes;
}

static void bars_init(PciDevice *pci)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const PciBar *bar = &pci->bars[i];
        if (bar->kind == PCI_BAR_NONE) {
            continue;
        }
        unsigned reg = PCI_BAR0 + 4 * i;
        uint64_t size = bar_size(pci, i), mask = ~(size - 1);
        uint32_t low = bar->kind == PCI_BAR_IO ? BAR_IO
                                               : (bar->kind == PCI_BAR_MEM64 ? BAR_MEM64 : 0u) |
                                                     (bar->prefetch ? BAR_PREFETCH : 0u);
        assert((size & (size - 1)) == 0 && size >= (bar->kind == PCI_BAR_IO ? 4 : 16));
        pci_initial(pci, reg, 4, low);
        pci_writable(pci, reg, 4, (uint32_t)mask);
        if (bar->kind == PCI_BAR_MEM64) {
            assert(i + 1 < PCI_BARS && pci->bars[i + 1].kind == PCI_BAR_NONE);
            pci_writable(pci, reg + 4, 4, (uint32_t)(mask >> 32));
        }
        memory_move_mmio(pci->dev.machine, &pci->dev, bar->region, 0, false);
    }
}

// What a bridge passes down to its secondary side.
static bool bridge_passes(const PciDevice *bridge, bool io, uint64_t base, uint64_t last)
{
    uint64_t low, high;
    uint32_t command = pci_get(bridge, PCI_COMMAND, 2);
    if (!(command & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEM))) {
        return false;
    }
    if (io) {
        low = (pci_get(bridge, PCI_IO_BASE, 1) & 0xf0u) << 8;
        high = (pci_get(bridge, PCI_IO_LIMIT, 1) & 0xf0u) << 8 | 0xfff;
        return base >= low && last <= high;
    }
    low = (uint64_t)(pci_get(bridge, PCI_MEM_BASE, 2) & 0xfff0u) << 16;
    high = (uint64_t)(pci_get(bridge, PCI_MEM_LIMIT, 2) & 0xfff0u) << 16 | 0xfffff;
    if (base >= low && last <= high) {
        return true;
    }
    low = (uint64_t)(pci_get(bridge, PCI_PREF_BASE, 2) & 0xfff0u) << 16 |
          (uint64_t)pci_get(bridge, PCI_PREF_BASE_HIGH, 4) << 32;
    high = (uint64_t)(pci_get(bridge, PCI_PREF_LIMIT, 2) & 0xfff0u) << 16 | 0xfffff |
           (uint64_t)pci_get(bridge, PCI_PREF_LIMIT_HIGH, 4) << 32;
    return base >= low && last <= high;
}

static bool bus_window(const PciBus *bus, bool io, uint64_t base, uint64_t size, uint64_t *gpa)
{
    if (base > UINT64_MAX - (size - 1)) {
        return false;
    }
    for (; bus->bridge; bus = bus->bridge->bus) {
        if (!bridge_passes(bus->bridge, io, base, base + (size - 1))) {
            return false;
        }
    }
    const PciHost *host = bus->owner->type->provides;
    return host->window(bus->owner, io, base, size, gpa);
}

static void bar_map(PciDevice *pci, unsigned i)
{
    const PciBar *bar = &pci->bars[i];
    unsigned reg = PCI_BAR0 + 4 * i;
    bool io = bar->kind == PCI_BAR_IO;
    uint64_t base = pci_get(pci, reg, 4) & (io ? ~3u : ~15u), gpa = 0;
    if (bar->kind == PCI_BAR_MEM64) {
        base |= (uint64_t)pci_get(pci, reg + 4, 4) << 32;
    }
    bool on = (pci_get(pci, PCI_COMMAND, 2) & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEM)) &&
              bus_window(pci->bus, io, base, bar_size(pci, i), &gpa);
    memory_move_mmio(pci->dev.machine, &pci->dev, bar->region, on ? gpa : 0, on);
}

void pci_remap(PciDevice *pci)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (pci->bars[i].kind != PCI_BAR_NONE) {
            bar_map(pci, i);
        }
    }
    for (unsigned i = 0; pci->secondary && i < PCI_FUNCTIONS; i++) {
        if (pci->secondary->function[i]) {
            pci_remap(pci->secondary->function[i]);
        }
    }
}

// ---- the pin ----

// The host bridge's line that a pin ends at: each bridge on the way, and the host, turns them by
// the slot's number (PCI-to-PCI Bridge 1.2, 9.1).
static unsigned intx_line(const PciDevice *pci, const PciBus **root)
{
    unsigned line = pci->p->config[PCI_INTERRUPT_PIN] - 1u;
    line += pci->devfn >> 3;
    const PciBus *bus = pci->bus;
    for (; bus->bridge; bus = bus->bridge->bus) {
        line += bus->bridge->devfn >> 3;
    }
    *root = bus;
    return line % PCI_PINS;
}

static bool intx_asserted(const PciDevice *pci)
{
    return pci->p->intx && !(pci_get(pci, PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF);
}

static bool bus_asserts(const PciBus *bus, unsigned line)
{
    for (unsigned i = 0; i < PCI_FUNCTIONS; i++) {
        const PciDevice *pci = bus->function[i];
        const PciBus *root;
        if (pci && ((intx_asserted(pci) && intx_line(pci, &root) == line) ||
                    (pci->secondary && bus_asserts(pci->secondary, line)))) {
            return true;
        }
    }
    return false;
}

// The line is shared: it is up while any function asserts it.
static void intx_update(PciDevice *pci)
{
    const PciBus *root;
    if (pci->p->config[PCI_INTERRUPT_PIN] == 0) {
        return;
    }
    unsigned line = intx_line(pci, &root);
    const PciHost *host = root->owner->type->provides;
    host->intx(root->owner, line, bus_asserts(root, line));
}

void pci_set_intx(PciDevice *pci, bool level)
{
    uint8_t *status = &pci->p->config[PCI_STATUS];
    pci->p->intx = level;
    *status = (uint8_t)(level ? *status | PCI_STATUS_INTX : *status & ~PCI_STATUS_INTX);
    intx_update(pci);
}

bool pci_masters(const PciDevice *pci)
{
    for (; pci; pci = pci->bus->bridge) {
        if (!(pci->p->config[PCI_COMMAND] & PCI_COMMAND_MASTER)) {
            return false;
        }
    }
    return true;
}

// ---- making ----

static void header_init(PciDevice *pci)
{
    const PciClass *class = pci_class(pci);
    pci_initial(pci, PCI_VENDOR_ID, 2, class->vendor);
    pci_initial(pci, PCI_DEVICE_ID, 2, class->device);
    pci_initial(pci, PCI_REVISION, 4, class->class_code << 8 | class->revision);
    pci_initial(pci, PCI_HEADER_TYPE, 1,
                (class->bridge ? 1u : 0u) | (pci->multifunction ? PCI_MULTIFUNCTION : 0u));
    pci_initial(pci, PCI_INTERRUPT_PIN, 1, class->pin);
    pci_writable(pci, PCI_COMMAND, 2,
                 PCI_COMMAND_IO | PCI_COMMAND_MEM | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF |
                     0x100); // SERR# enable: kept, without effect
    pci_writable(pci, PCI_CACHE_LINE, 1, 0xff);
    pci_writable(pci, PCI_INTERRUPT_LINE, 1, 0xff);
    if (!class->bridge) {
        pci_initial(pci, PCI_SUBSYSTEM_VENDOR, 2, class->subsystem_vendor);
        pci_initial(pci, PCI_SUBSYSTEM, 2, class->subsystem);
    }
}

// "3", "3.1", "0x1f.0": hexadecimal, as everybody writes slots.
static bool parse_addr(PciDevice *pci, unsigned *devfn, Error *err)
{
    char *end;
    const char *text = pci->addr;
    uint64_t slot = g_ascii_strtoull(text, &end, 16), function = 0;
    bool ok = end != text && g_ascii_isxdigit(text[0]);
    if (ok && *end == '.') {
        text = end + 1;
        function = g_ascii_strtoull(text, &end, 16);
        ok = end != text && g_ascii_isxdigit(text[0]);
    }
    if (!ok || *end || slot > 31 || function > 7) {
        return fail(err, "Property '%s.addr' doesn't take value '%s'", pci->dev.type->name,
                    pci->addr);
    }
    *devfn = (unsigned)(slot << 3 | function);
    return true;
}

static bool choose_devfn(PciDevice *pci, PciBus *bus, unsigned *devfn, Error *err)
{
    if (pci->addr) {
        return parse_addr(pci, devfn, err);
    }
    for (*devfn = 0; *devfn < PCI_FUNCTIONS; *devfn += 8) {
        if (!bus->function[*devfn]) {
            return true;
        }
    }
    return fail(err, "PCI: no slot/function available for %s, all in use or reserved",
                pci->dev.type->name);
}

bool pci_realize(PciDevice *pci, Error *err)
{
    PciBus *bus = pci->dev.parent ? pci_bus_of(pci->dev.parent) : NULL;
    unsigned devfn;
    if (!bus) {
        return fail(err, "%s needs a PCI bus to plug into", pci->dev.type->name);
    }
    if (pci->romfile && *pci->romfile) {
        return fail(err, "option ROMs aren't supported: use romfile=");
    }
    if (!choose_devfn(pci, bus, &devfn, err)) {
        return false;
    }
    const PciDevice *other = bus->function[devfn];
    if (other) {
        return fail(err, "PCI: slot %u function %u not available for %s, in use by %s,id=%s",
                    devfn >> 3, devfn & 7, pci->dev.type->name, other->dev.type->name,
                    other->dev.id ? other->dev.id : "(null)");
    }
    const PciDevice *first = bus->function[devfn & ~7u];
    if ((devfn & 7) && first && !first->multifunction) {
        return fail(err, "PCI: %u.0 indicates single function, but %u.%u is already populated.",
                    devfn >> 3, devfn >> 3, devfn & 7);
    }
    pci->p = device_state(&pci->dev);
    pci->bus = bus;
    pci->devfn = (uint8_t)devfn;
    pci->caps_end = CAPS_FIRST;
    header_init(pci);
    bars_init(pci);
    bus->function[devfn] = pci;
    return true;
}

unsigned pci_add_capability(PciDevice *pci, uint8_t id, unsigned len)
{
    unsigned at = pci->caps_end;
    assert(len >= 2 && at + len <= PCI_CONFIG_BYTES);
    pci->initial[at] = id;
    pci->initial[at + 1] = pci->initial[PCI_CAPABILITIES];
    pci->initial[PCI_CAPABILITIES] = (uint8_t)at;
    pci->initial[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
    pci->caps_end = (uint8_t)((at + len + 3) & ~3u);
    return at;
}

void pci_reset(Device *dev)
{
    PciDevice *pci = (PciDevice *)dev;
    if (pci->bus) {
        memset(pci->p, 0, sizeof *pci->p);
        memcpy(pci->p->config, pci->initial, sizeof pci->initial);
        for (unsigned i = 0; i < pci->vectors; i++) {
            pci->p->vector[i].control = 1; // masked
        }
        pci_set_intx(pci, false);
        pci_remap(pci);
    }
}

void pci_loaded(Device *dev)
{
    PciDevice *pci = (PciDevice *)dev;
    if (pci->bus) {
        pci_remap(pci);
    }
}

// ---- accesses ----

static PciBus *bus_numbered(PciBus *bus, unsigned number)
{
    for (unsigned i = 0; i < PCI_FUNCTIONS; i++) {
        const PciDevice *bridge = bus->function[i];
        if (!bridge || !bridge->secondary || bridge->p->config[PCI_SECONDARY_BUS] == 0) {
            continue;
        }
        if (bridge->p->config[PCI_SECONDARY_BUS] == number) {
            return bridge->secondary;
        }
        if (bridge->p->config[PCI_SECONDARY_BUS] < number &&
            number <= bridge->p->config[PCI_SUBORDINATE_BUS]) {
            return bus_numbered(bridge->secondary, number);
        }
    }
    return NULL;
}

// Buses form a tree of configuration, so the number of the root is 0.
static PciDevice *function_at(PciBus *root, unsigned bdf)
{
    PciBus *bus = bdf >> 8 ? bus_numbered(root, bdf >> 8) : root;
    return bus ? bus->function[bdf & 0xff] : NULL;
}

uint32_t pci_config_read(PciBus *root, unsigned bdf, unsigned reg, unsigned size)
{
    PciDevice *pci = function_at(root, bdf);
    assert(size == 1 || size == 2 || size == 4);
    if (!pci || reg + size > PCI_CONFIG_BYTES || reg % size) {
        return UINT32_MAX >> (32 - 8 * size);
    }
    if (pci_class(pci)->config_reads) {
        pci_class(pci)->config_reads(pci, reg, size);
    }
    return pci_get(pci, reg, size);
}

static bool touches(unsigned reg, unsigned size, unsigned first, unsigned last)
{
    return reg <= last && reg + size > first;
}

void pci_config_write(PciBus *root, unsigned bdf, unsigned reg, unsigned size, uint32_t value)
{
    PciDevice *pci = function_at(root, bdf);
    assert(size == 1 || size == 2 || size == 4);
    if (!pci || reg + size > PCI_CONFIG_BYTES || reg % size) {
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * i), mask = pci->writable[reg + i];
        uint8_t *at = &pci->p->config[reg + i];
        *at = (uint8_t)(((*at & ~mask) | (byte & mask)) & ~(byte & pci->clears[reg + i]));
    }
    if (touches(reg, size, PCI_COMMAND, PCI_COMMAND + 1)) {
        intx_update(pci);
    }
    if (touches(reg, size, PCI_COMMAND, PCI_COMMAND + 1) ||
        touches(reg, size, PCI_BAR0, PCI_BAR0 + 4 * PCI_BARS + 7)) { // windows of bridges too
        pci_remap(pci);
    }
    pci_msi_update(pci);
    if (pci_class(pci)->config_written) {
        pci_class(pci)->config_written(pci, reg, size);
    }
}
