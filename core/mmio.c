// SPDX-License-Identifier: GPL-2.0-or-later
// CPU accesses to device registers: found in the memory map, brought to the sizes that the region
// takes.
//
// Values are what a little-endian CPU loads or stores: the byte at the lowest address is the least
// significant. A region with `big_endian` has its bytes swapped; a big-endian CPU swaps its own
// side. The device always sees the number that its manual speaks of.
//
// Wider than access_max: pieces of access_max, low address first. Narrower than access_min in a
// `narrow` region: a read takes its bytes out of the aligned unit of access_min bytes; a write has
// no effect, for hardware without byte lanes either ignores it or writes garbage to the rest. An
// access that isn't aligned to its size or leaves the range is refused.
#include <assert.h>

#include "core/device.h"
#include "util/log.h"

typedef struct Access {
    Device *dev;
    const MmioRegion *region;
    uint64_t reg; // offset in the region
} Access;

static uint64_t swap_bytes(uint64_t value, unsigned size)
{
    return __builtin_bswap64(value) >> (64 - 8 * size);
}

static uint64_t low_bytes(uint64_t value, unsigned size)
{
    return size < 8 ? value & ((UINT64_C(1) << (8 * size)) - 1) : value;
}

static void trace(const Access *access, const char *verb, uint64_t reg, uint64_t value,
                  unsigned size)
{
    for (size_t i = 0; i < access->region->nregs; i++) {
        if (access->region->regs[i].offset == reg) {
            log_printf(LOG_MMIO, "%s: %s %s = 0x%" G_GINT64_MODIFIER "x (%u)\n", access->dev->path,
                       verb, access->region->regs[i].name, value, size);
            return;
        }
    }
    log_printf(LOG_MMIO, "%s: %s %s+0x%" G_GINT64_MODIFIER "x = 0x%" G_GINT64_MODIFIER "x (%u)\n",
               access->dev->path, verb, access->region->name, reg, value, size);
}

static uint64_t region_read(const Access *access, uint64_t reg, unsigned size)
{
    if (!access->region->read) {
        guest_error(access->dev, "read of write-only %s", access->region->name);
        return 0;
    }
    uint64_t value = low_bytes(access->region->read(access->dev, reg, size), size);
    if (log_enabled(LOG_MMIO)) {
        trace(access, "read", reg, value, size);
    }
    return access->region->big_endian ? swap_bytes(value, size) : value;
}

static void region_write(const Access *access, uint64_t reg, uint64_t value, unsigned size)
{
    value = low_bytes(value, size);
    if (access->region->big_endian) {
        value = swap_bytes(value, size);
    }
    if (!access->region->write) {
        guest_error(access->dev, "write to read-only %s", access->region->name);
        return;
    }
    if (log_enabled(LOG_MMIO)) {
        trace(access, "write", reg, value, size);
    }
    access->region->write(access->dev, reg, value, size);
}

// The range is looked at only here: the device may change the map while it is accessed.
static bool access_find(Machine *machine, uint64_t gpa, unsigned size, Access *access)
{
    assert(size == 1 || size == 2 || size == 4 || size == 8);
    const MemRange *range = memory_find(machine, gpa);
    if (!range || range->ram) {
        return false;
    }
    access->dev = range->dev;
    access->region = &range->dev->type->mmio[range->region];
    access->reg = range->ram_offset + (gpa - range->base);
    if (gpa % size != 0 || size > range->size_bytes - (gpa - range->base) ||
        (size < access->region->access_min && !access->region->narrow)) {
        guest_error(access->dev, "refused %u-byte access to %s+0x%" G_GINT64_MODIFIER "x", size,
                    access->region->name, access->reg);
        return false;
    }
    return true;
}

bool mmio_read(Machine *machine, uint64_t gpa, unsigned size, uint64_t *value)
{
    Access access;
    *value = 0;
    if (!access_find(machine, gpa, size, &access)) {
        return false;
    }
    unsigned min = access.region->access_min, max = access.region->access_max;
    if (size < min) {
        unsigned skipped = (unsigned)(access.reg % min);
        *value = low_bytes(region_read(&access, access.reg - skipped, min) >> (8 * skipped), size);
        return true;
    }
    for (unsigned done = 0; done < size; done += MIN(size, max)) {
        *value |= region_read(&access, access.reg + done, MIN(size, max)) << (8 * done);
    }
    return true;
}

bool mmio_write(Machine *machine, uint64_t gpa, unsigned size, uint64_t value)
{
    Access access;
    if (!access_find(machine, gpa, size, &access)) {
        return false;
    }
    unsigned min = access.region->access_min, max = access.region->access_max;
    if (size < min) {
        guest_error(access.dev, "ignored %u-byte write to %s+0x%" G_GINT64_MODIFIER "x", size,
                    access.region->name, access.reg);
        return true;
    }
    for (unsigned done = 0; done < size; done += MIN(size, max)) {
        region_write(&access, access.reg + done, value >> (8 * done), MIN(size, max));
    }
    return true;
}
