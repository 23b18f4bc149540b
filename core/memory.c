// SPDX-License-Identifier: GPL-2.0-or-later
// The memory map: what was added, flattened into sorted ranges that don't overlap.
//
// Example: RAM 0..ffff at priority 0 and a device of 0x100 bytes at 0x4000, priority 1, flatten to
//     0000-3fff RAM offset 0 | 4000-40ff device | 4100-ffff RAM offset 0x4100
// Higher priority wins, among equal ones what was added later. Maps have tens of rows and change
// rarely, so flattening is quadratic and lookup a binary search after a look at the last hit.
#include <assert.h>

#include "core/internal.h"

static const MemRange *source_at(const Machine *machine, unsigned i)
{
    return &g_array_index(machine->map_sources, MemRange, i);
}

static uint64_t last_address(const MemRange *range)
{
    return range->base + (range->size_bytes - 1);
}

static int compare_addresses(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

// All addresses at which the owner can change, sorted; may hold some twice.
static GArray *map_edges(const Machine *machine)
{
    GArray *edges = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    for (unsigned i = 0; i < machine->map_sources->len; i++) {
        const MemRange *source = source_at(machine, i);
        if (source->enabled) {
            uint64_t end = last_address(source) +
                           1; // 0 at the top of the address space: no edge, but harmless
            g_array_append_val(edges, source->base);
            g_array_append_val(edges, end);
        }
    }
    g_array_sort(edges, compare_addresses);
    return edges;
}

static const MemRange *map_owner(const Machine *machine, uint64_t gpa)
{
    const MemRange *owner = NULL;
    for (unsigned i = 0; i < machine->map_sources->len; i++) {
        const MemRange *source = source_at(machine, i);
        if (source->enabled && gpa >= source->base && gpa <= last_address(source) &&
            (!owner || source->priority >= owner->priority)) {
            owner = source;
        }
    }
    return owner;
}

static void map_flatten(Machine *machine)
{
    GArray *edges = map_edges(machine);
    const MemRange *previous_owner = NULL;
    g_array_set_size(machine->map, 0);
    for (unsigned i = 0; i < edges->len; i++) {
        uint64_t base = g_array_index(edges, uint64_t, i);
        bool has_next = i + 1 < edges->len;
        if (has_next && g_array_index(edges, uint64_t, i + 1) == base) {
            continue;
        }
        const MemRange *owner = map_owner(machine, base);
        if (owner) {
            uint64_t last = has_next ? g_array_index(edges, uint64_t, i + 1) - 1 : UINT64_MAX;
            uint64_t size_bytes = last - base + 1;
            if (owner == previous_owner) {
                g_array_index(machine->map, MemRange, machine->map->len - 1).size_bytes +=
                    size_bytes;
            } else {
                MemRange piece = *owner;
                piece.base = base;
                piece.size_bytes = size_bytes;
                piece.ram_offset += base - owner->base;
                g_array_append_val(machine->map, piece);
            }
        }
        previous_owner = owner;
    }
    g_array_free(edges, TRUE);
    machine_internal(machine)->last_hit = NULL;
    machine->map_version++;
    if (machine->map_changed) {
        machine->map_changed(machine->map_changed_ctx);
    }
}

static void map_add(Machine *machine, MemRange source)
{
    assert(source.size_bytes > 0 && source.base <= UINT64_MAX - (source.size_bytes - 1));
    g_array_append_val(machine->map_sources, source);
    if (source.enabled) {
        map_flatten(machine);
    }
}

void memory_add_ram(Machine *machine, uint64_t base, RamBlock *ram, uint64_t ram_offset,
                    uint64_t size_bytes, int priority)
{
    assert(((base | ram_offset | size_bytes) & PAGE_MASK) == 0);
    assert(ram_offset <= ram->size_bytes && size_bytes <= ram->size_bytes - ram_offset);
    map_add(machine, (MemRange){.base = base,
                                .size_bytes = size_bytes,
                                .ram = ram,
                                .ram_offset = ram_offset,
                                .priority = priority,
                                .enabled = true});
}

static void map_add_mmio(Machine *machine, uint64_t base, Device *dev, unsigned region,
                         int priority, bool enabled)
{
    assert(region < dev->type->nmmio);
    if (region == 0) {
        dev->mmio_base = base;
    }
    map_add(machine, (MemRange){.base = base,
                                .size_bytes = dev->type->mmio[region].size_bytes,
                                .dev = dev,
                                .region = region,
                                .priority = priority,
                                .enabled = enabled});
}

void memory_add_mmio(Machine *machine, uint64_t base, Device *dev, unsigned region, int priority)
{
    map_add_mmio(machine, base, dev, region, priority, true);
}

void memory_move_mmio(Machine *machine, Device *dev, unsigned region, uint64_t base, bool enabled)
{
    for (unsigned i = 0; i < machine->map_sources->len; i++) {
        MemRange *source = &g_array_index(machine->map_sources, MemRange, i);
        if (source->dev != dev || source->region != region) {
            continue;
        }
        // The guest programs bases: one from which the region would wrap around decodes nothing.
        enabled = enabled && base <= UINT64_MAX - (source->size_bytes - 1);
        bool changed = source->enabled != enabled || (enabled && source->base != base);
        source->enabled = enabled;
        source->base = base;
        if (region == 0) {
            dev->mmio_base = base;
        }
        if (changed) {
            map_flatten(machine);
        }
        return;
    }
    map_add_mmio(machine, base, dev, region, 1, enabled);
}

const MemRange *memory_find(const Machine *machine, uint64_t gpa)
{
    MachineInternal *internal = machine_internal(machine);
    const MemRange *hit = internal->last_hit;
    if (hit && gpa - hit->base < hit->size_bytes) {
        return hit;
    }
    unsigned low = 0, high = machine->map->len;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const MemRange *range = &g_array_index(machine->map, MemRange, middle);
        if (gpa < range->base) {
            high = middle;
        } else if (gpa - range->base >= range->size_bytes) {
            low = middle + 1;
        } else {
            internal->last_hit = range;
            return range;
        }
    }
    return NULL;
}

const uint8_t *memory_ram_at(const Machine *machine, uint64_t gpa, uint64_t *len)
{
    const MemRange *range = memory_find(machine, gpa);
    if (!range || !range->ram) {
        return NULL;
    }
    uint64_t in_range = gpa - range->base;
    *len = MIN(*len, range->size_bytes - in_range);
    return range->ram->host + range->ram_offset + in_range;
}
