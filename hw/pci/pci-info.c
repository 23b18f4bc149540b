// SPDX-License-Identifier: GPL-2.0-or-later
// `info pci` and `query-pci`: buses, functions and BARs as software has set them up.
//
// The layout of text and JSON is the one that users' scripts know. An unmapped BAR's address is -1.
#include "hw/pci/pci.h"

#include <inttypes.h>

static const char *class_name(uint32_t class)
{
    static const struct {
        uint16_t class;
        const char *name;
    } names[] = {
        {0x0100, "SCSI controller"}, {0x0101, "IDE controller"},   {0x0106, "SATA controller"},
        {0x0200, "Ethernet controller"}, {0x0300, "VGA controller"}, {0x0600, "Host bridge"},
        {0x0601, "ISA bridge"},      {0x0604, "PCI bridge"},       {0x0c03, "USB controller"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].class == class) {
            return names[i].name;
        }
    }
    return NULL;
}

typedef struct BarInfo {
    bool io, wide, prefetch;
    uint64_t base, size_bytes;
} BarInfo;

static bool bar_info(const PciDevice *pci, unsigned i, BarInfo *info)
{
    const PciBar *bar = &pci->bars[i];
    if (bar->kind == PCI_BAR_NONE) {
        return false;
    }
    *info = (BarInfo){
        .io = bar->kind == PCI_BAR_IO, .wide = bar->kind == PCI_BAR_MEM64, .prefetch = bar->prefetch,
        .size_bytes = pci->dev.type->mmio[bar->region].size_bytes,
    };
    uint32_t command = pci_get(pci, PCI_COMMAND, 2);
    info->base = pci_get(pci, PCI_BAR0 + 4 * i, 4) & (info->io ? ~3u : ~15u);
    info->base |= info->wide ? (uint64_t)pci_get(pci, PCI_BAR0 + 4 * i + 4, 4) << 32 : 0;
    if (!(command & (info->io ? PCI_COMMAND_IO : PCI_COMMAND_MEM))) {
        info->base = UINT64_MAX;
    }
    return true;
}

// A bridge's three windows: I/O, memory, prefetchable memory.
static void windows(const PciDevice *pci, uint64_t base[3], uint64_t limit[3])
{
    base[0] = (pci_get(pci, PCI_IO_BASE, 1) & 0xf0) << 8;
    limit[0] = (pci_get(pci, PCI_IO_LIMIT, 1) & 0xf0) << 8 | 0xfff;
    base[1] = (uint64_t)(pci_get(pci, PCI_MEM_BASE, 2) & 0xfff0) << 16;
    limit[1] = (uint64_t)(pci_get(pci, PCI_MEM_LIMIT, 2) & 0xfff0) << 16 | 0xfffff;
    base[2] = (uint64_t)(pci_get(pci, PCI_PREF_BASE, 2) & 0xfff0) << 16 |
              (uint64_t)pci_get(pci, PCI_PREF_BASE_HIGH, 4) << 32;
    limit[2] = (uint64_t)(pci_get(pci, PCI_PREF_LIMIT, 2) & 0xfff0) << 16 | 0xfffff |
               (uint64_t)pci_get(pci, PCI_PREF_LIMIT_HIGH, 4) << 32;
}

// ---- text ----

static void bridge_text(GString *text, const PciDevice *pci, unsigned number)
{
    uint64_t base[3], limit[3];
    windows(pci, base, limit);
    g_string_append_printf(text,
                           "      BUS %u.\n      secondary bus %u.\n      subordinate bus %u.\n"
                           "      IO range [0x%04" PRIx64 ", 0x%04" PRIx64 "]\n",
                           number, pci->p->config[PCI_SECONDARY_BUS],
                           pci->p->config[PCI_SUBORDINATE_BUS], base[0], limit[0]);
    g_string_append_printf(text,
                           "      memory range [0x%08" PRIx64 ", 0x%08" PRIx64 "]\n"
                           "      prefetchable memory range [0x%08" PRIx64 ", 0x%08" PRIx64 "]\n",
                           base[1], limit[1], base[2], limit[2]);
}

static void function_text(GString *text, const PciDevice *pci, unsigned number)
{
    uint32_t class = pci_get(pci, PCI_CLASS + 1, 2);
    g_string_append_printf(text, "  Bus %2u, device %3u, function %u:\n    ", number,
                           pci->devfn >> 3, pci->devfn & 7);
    if (class_name(class)) {
        g_string_append(text, class_name(class));
    } else {
        g_string_append_printf(text, "Class %04u", class);
    }
    g_string_append_printf(text, ": PCI device %04x:%04x\n", pci_get(pci, PCI_VENDOR_ID, 2),
                           pci_get(pci, PCI_DEVICE_ID, 2));
    if (!pci_class(pci)->bridge) {
        g_string_append_printf(text, "      PCI subsystem %04x:%04x\n",
                               pci_get(pci, PCI_SUBSYSTEM_VENDOR, 2),
                               pci_get(pci, PCI_SUBSYSTEM, 2));
    }
    if (pci->p->config[PCI_INTERRUPT_PIN]) {
        g_string_append_printf(text, "      IRQ %u, pin %c\n", pci->p->config[PCI_INTERRUPT_LINE],
                               'A' + pci->p->config[PCI_INTERRUPT_PIN] - 1);
    }
    if (pci_class(pci)->bridge) {
        bridge_text(text, pci, number);
    }
    for (unsigned i = 0; i < PCI_BARS; i++) {
        BarInfo bar;
        if (bar_info(pci, i, &bar) && bar.io) {
            g_string_append_printf(text, "      BAR%u: I/O at 0x%04" PRIx64 " [0x%04" PRIx64 "].\n",
                                   i, bar.base, bar.base + bar.size_bytes - 1);
        } else if (bar_info(pci, i, &bar)) {
            g_string_append_printf(
                text, "      BAR%u: %s bit%s memory at 0x%08" PRIx64 " [0x%08" PRIx64 "].\n", i,
                bar.wide ? "64" : "32", bar.prefetch ? " prefetchable" : "", bar.base,
                bar.base + bar.size_bytes - 1);
        }
    }
    g_string_append_printf(text, "      id \"%s\"\n", pci->dev.id ? pci->dev.id : "");
}

static void bus_text(GString *text, const PciBus *bus, unsigned number)
{
    for (unsigned i = 0; i < PCI_FUNCTIONS; i++) {
        const PciDevice *pci = bus->function[i];
        if (!pci) {
            continue;
        }
        function_text(text, pci, number);
        if (pci->secondary && pci->p->config[PCI_SECONDARY_BUS]) {
            bus_text(text, pci->secondary, pci->p->config[PCI_SECONDARY_BUS]);
        }
    }
}

char *pci_info_text(Machine *machine)
{
    GString *text = g_string_new(NULL);
    Device *host = pci_first_host(machine);
    if (host) {
        bus_text(text, pci_bus_of(host), 0);
    } else {
        g_string_append(text, "PCI devices not supported\n");
    }
    return g_string_free(text, FALSE);
}

// ---- JSON ----

static void string_json(GString *json, const char *text)
{
    g_string_append_c(json, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20) {
            g_string_append_printf(json, "\\u%04x", (unsigned char)*text);
        } else {
            g_string_append_c(json, *text);
        }
    }
    g_string_append_c(json, '"');
}

static void regions_json(GString *json, const PciDevice *pci)
{
    bool first = true;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        BarInfo bar;
        if (!bar_info(pci, i, &bar)) {
            continue;
        }
        g_string_append_printf(json, "%s{\"bar\": %u, \"type\": \"%s\", \"address\": %" PRId64
                                     ", \"size\": %" PRIu64,
                               first ? "" : ", ", i, bar.io ? "io" : "memory", (int64_t)bar.base,
                               bar.size_bytes);
        if (!bar.io) {
            g_string_append_printf(json, ", \"prefetch\": %s, \"mem_type_64\": %s",
                                   bar.prefetch ? "true" : "false", bar.wide ? "true" : "false");
        }
        g_string_append_c(json, '}');
        first = false;
    }
}

static void bus_json(GString *json, const PciBus *bus, unsigned number);

static void bridge_json(GString *json, const PciDevice *pci, unsigned number)
{
    static const char *const names[] = {"io_range", "memory_range", "prefetchable_range"};
    uint64_t base[3], limit[3];
    unsigned secondary = pci->p->config[PCI_SECONDARY_BUS];
    windows(pci, base, limit);
    g_string_append_printf(json, ", \"pci_bridge\": {\"bus\": {\"number\": %u, \"secondary\": %u, "
                                 "\"subordinate\": %u",
                           number, secondary, pci->p->config[PCI_SUBORDINATE_BUS]);
    for (unsigned i = 0; i < 3; i++) {
        g_string_append_printf(json, ", \"%s\": {\"base\": %" PRIu64 ", \"limit\": %" PRIu64 "}",
                               names[i], base[i], limit[i]);
    }
    g_string_append_c(json, '}');
    if (secondary) {
        g_string_append(json, ", \"devices\": [");
        bus_json(json, pci->secondary, secondary);
        g_string_append_c(json, ']');
    }
    g_string_append_c(json, '}');
}

static void function_json(GString *json, const PciDevice *pci, unsigned number)
{
    uint32_t class = pci_get(pci, PCI_CLASS + 1, 2);
    g_string_append_printf(json, "{\"bus\": %u, \"slot\": %u, \"function\": %u, \"class_info\": "
                                 "{\"class\": %u",
                           number, pci->devfn >> 3, pci->devfn & 7, class);
    if (class_name(class)) {
        g_string_append_printf(json, ", \"desc\": \"%s\"", class_name(class));
    }
    g_string_append_printf(json, "}, \"id\": {\"device\": %u, \"vendor\": %u",
                           pci_get(pci, PCI_DEVICE_ID, 2), pci_get(pci, PCI_VENDOR_ID, 2));
    if (!pci_class(pci)->bridge) {
        g_string_append_printf(json, ", \"subsystem\": %u, \"subsystem-vendor\": %u",
                               pci_get(pci, PCI_SUBSYSTEM, 2),
                               pci_get(pci, PCI_SUBSYSTEM_VENDOR, 2));
    }
    g_string_append_printf(json, "}, \"irq_pin\": %u", pci->p->config[PCI_INTERRUPT_PIN]);
    if (pci->p->config[PCI_INTERRUPT_PIN]) {
        g_string_append_printf(json, ", \"irq\": %u", pci->p->config[PCI_INTERRUPT_LINE]);
    }
    g_string_append(json, ", \"qdev_id\": ");
    string_json(json, pci->dev.id ? pci->dev.id : "");
    g_string_append(json, ", \"regions\": [");
    regions_json(json, pci);
    g_string_append_c(json, ']');
    if (pci_class(pci)->bridge) {
        bridge_json(json, pci, number);
    }
    g_string_append_c(json, '}');
}

static void bus_json(GString *json, const PciBus *bus, unsigned number)
{
    bool first = true;
    for (unsigned i = 0; i < PCI_FUNCTIONS; i++) {
        if (bus->function[i]) {
            g_string_append(json, first ? "" : ", ");
            function_json(json, bus->function[i], number);
            first = false;
        }
    }
}

char *pci_info_json(Machine *machine)
{
    GString *json = g_string_new("[");
    Device *host = pci_first_host(machine);
    if (host) {
        g_string_append(json, "{\"bus\": 0, \"devices\": [");
        bus_json(json, pci_bus_of(host), 0);
        g_string_append(json, "]}");
    }
    g_string_append_c(json, ']');
    return g_string_free(json, FALSE);
}
