// SPDX-License-Identifier: GPL-2.0-or-later
// `info mtree`, `info qtree` and `info irq`: the memory map and the devices as text, made from the machine's tables.
//
// The layout of the lines is the one that users' scripts know; there is one address space and one
// system bus, and what a device's properties hold is printed by its property table.
#include "softmmu/control.h"

#include "core/device.h"

#include <inttypes.h>
#include <string.h>

static void mtree_line(GString *text, const MemRange *range)
{
    const char *name, *kind = "i/o";
    if (range->ram) {
        name = range->ram->name;
        kind = range->ram->rom ? "rom" : "ram";
    } else {
        const DeviceType *type = range->dev->type;
        const char *region = type->mmio[range->region].name;
        name = type->nmmio > 1 && region ? region : type->name;
    }
    g_string_append_printf(text, "    %016" PRIx64 "-%016" PRIx64 " (prio %d, %s): %s%s\n",
                           range->base, range->base + range->size_bytes - 1, range->priority, kind,
                           name, range->enabled ? "" : " [disabled]");
}

static gint by_base(gconstpointer a, gconstpointer b)
{
    const MemRange *left = a, *right = b;
    if (left->base != right->base) {
        return left->base < right->base ? -1 : 1;
    }
    return right->priority - left->priority;
}

void control_mtree_text(Machine *machine, GString *text)
{
    GArray *ranges = g_array_copy(machine->map_sources);
    g_array_sort(ranges, by_base);
    g_string_append(text, "address-space: memory\n"
                          "  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n");
    for (unsigned i = 0; i < ranges->len; i++) {
        mtree_line(text, &g_array_index(ranges, MemRange, i));
    }
    g_array_unref(ranges);
}

static void qtree_property(GString *text, int indent, const Device *dev, const Prop *prop)
{
    const uint8_t *at = (const uint8_t *)dev + prop->offset;
    g_string_append_printf(text, "%*s%s = ", indent, "", prop->name);
    switch (prop->kind) {
    case PROP_U32: {
        uint32_t value = *(const uint32_t *)at;
        g_string_append_printf(text, "%u (0x%x)\n", value, value);
        return;
    }
    case PROP_U64:
    case PROP_SIZE: {
        uint64_t value = *(const uint64_t *)at;
        g_string_append_printf(text, "%" PRIu64 " (0x%" PRIx64 ")\n", value, value);
        return;
    }
    case PROP_BOOL: g_string_append(text, *(const bool *)at ? "true\n" : "false\n"); return;
    case PROP_MAC:
        g_string_append_printf(text, "\"%02x:%02x:%02x:%02x:%02x:%02x\"\n", at[0], at[1], at[2],
                               at[3], at[4], at[5]);
        return;
    default: {
        const char *value = *(char *const *)at;
        g_string_append_printf(text, "\"%s\"\n", value ? value : "");
        return;
    }
    }
}

static void qtree_device(GString *text, const Machine *machine, const Device *dev, int indent)
{
    const DeviceType *type = dev->type;
    g_string_append_printf(text, "%*sdev: %s, id \"%s\"\n", indent, "", type->name,
                           dev->id ? dev->id : "");
    for (size_t i = 0; i < type->nprops; i++) {
        qtree_property(text, indent + 2, dev, &type->props[i]);
    }
    for (unsigned i = 0; i < machine->map_sources->len; i++) {
        const MemRange *range = &g_array_index(machine->map_sources, MemRange, i);
        if (range->dev == dev) {
            g_string_append_printf(text, "%*smmio %016" PRIx64 "/%016" PRIx64 "\n", indent + 2, "",
                                   range->base, range->size_bytes);
        }
    }
    bool bus = false;
    for (unsigned i = 0; i < machine->devices->len; i++) {
        const Device *child = machine->devices->pdata[i];
        if (child->parent != dev) {
            continue;
        }
        if (!bus) {
            g_string_append_printf(text, "%*sbus: %s.0\n%*stype %s\n", indent + 2, "", dev->path,
                                   indent + 4, "", child->type->bus ? child->type->bus : "System");
            bus = true;
        }
        qtree_device(text, machine, child, indent + 4);
    }
}

void control_qtree_text(Machine *machine, GString *text)
{
    g_string_append(text, "bus: main-system-bus\n  type System\n");
    for (unsigned i = 0; i < machine->devices->len; i++) {
        const Device *dev = machine->devices->pdata[i];
        if (!dev->parent) {
            qtree_device(text, machine, dev, 2);
        }
    }
}

static void field_text(GString *text, const Device *dev, const Field *field)
{
    const uint8_t *at = (const uint8_t *)device_state((Device *)dev) + field->offset;
    g_string_append_printf(text, "  %s =", field->name);
    for (uint32_t i = 0; i < field->size / field->element; i++) {
        uint64_t value = 0;
        memcpy(&value, at + i * field->element, MIN(field->element, sizeof(value)));
        g_string_append_printf(text, " %" PRIx64, value);
    }
    g_string_append_c(text, '\n');
}

// Devices on the bus that take interrupt lines; a CPU has none of its own registers in memory.
void control_irq_text(Machine *machine, GString *text)
{
    for (unsigned i = 0; i < machine->devices->len; i++) {
        const Device *dev = machine->devices->pdata[i];
        if (!dev->type->irq_in || !dev->type->nmmio) {
            continue;
        }
        g_string_append_printf(text, "%s:\n", dev->path);
        for (size_t k = 0; k < dev->type->nfields; k++) {
            if (dev->type->fields[k].kind == FIELD_KIND_DATA) {
                field_text(text, dev, &dev->type->fields[k]);
            }
        }
    }
}
