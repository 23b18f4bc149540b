// SPDX-License-Identifier: GPL-2.0-or-later
// RAM blocks, the flags of their pages, and DMA.
//
// Pages of all blocks are numbered through, so that one byte array holds all flags. Whoever changes
// bytes of a page whose flags aren't 0 tells the observer first; DMA does so here, page by page.
#include <assert.h>
#include <string.h>
#include <xxhash.h>

#include "core/machine.h"
#include "util/os-mem.h"

RamBlock *ram_new(Machine *machine, const char *name, uint64_t size_bytes, bool rom, Error *err)
{
    if (size_bytes == 0 || size_bytes > UINT64_MAX - PAGE_MASK) {
        fail(err, "memory '%s' can't have %" G_GUINT64_FORMAT " bytes", name, size_bytes);
        return NULL;
    }
    uint64_t rounded = (size_bytes + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    uint64_t pages = rounded >> PAGE_BITS;
    uint8_t *host = os_mem_map(rounded, err);
    if (!host) {
        fail_prefix(err, "cannot set up guest memory '%s'", name);
        return NULL;
    }
    uint8_t *flags = g_try_realloc(machine->page_flags, machine->npages + pages);
    if (!flags) {
        os_mem_unmap(host, rounded);
        fail(err, "cannot set up guest memory '%s': out of memory", name);
        return NULL;
    }
    machine->page_flags = flags;
    memset(flags + machine->npages, rom ? PAGE_ROM : 0, pages);
    RamBlock *ram = g_new0(RamBlock, 1);
    ram->name = g_strdup(name);
    ram->host = host;
    ram->size_bytes = rounded;
    ram->first_page = machine->npages;
    ram->rom = rom;
    machine->npages += pages;
    g_ptr_array_add(machine->ram, ram);
    return ram;
}

uint64_t machine_ram_digest(Machine *machine)
{
    uint64_t digest = 0;
    for (unsigned i = 0; i < machine->ram->len; i++) {
        const RamBlock *ram = g_ptr_array_index(machine->ram, i);
        if (!ram->rom) {
            digest = XXH3_64bits_withSeed(ram->host, ram->size_bytes, digest);
        }
    }
    return digest;
}

static bool all_ram(const Machine *machine, uint64_t gpa, uint64_t len)
{
    if (len > 0 && gpa > UINT64_MAX - (len - 1)) {
        return false;
    }
    while (len > 0) {
        uint64_t part = len;
        if (!memory_ram_at(machine, gpa, &part)) {
            return false;
        }
        gpa += part;
        len -= part;
    }
    return true;
}

bool dma_read(Machine *machine, uint64_t gpa, void *buf, uint64_t len)
{
    if (!all_ram(machine, gpa, len)) {
        return false;
    }
    uint8_t *to = buf;
    while (len > 0) {
        uint64_t part = len;
        const uint8_t *from = memory_ram_at(machine, gpa, &part);
        memmove(to, from, part);
        to += part;
        gpa += part;
        len -= part;
    }
    return true;
}

// `len` bytes of one block, page by page.
static void ram_store(Machine *machine, const RamBlock *ram, uint64_t offset, const uint8_t *from,
                      uint64_t len)
{
    while (len > 0) {
        unsigned in_page = offset & PAGE_MASK;
        uint64_t part = MIN(len, (uint64_t)PAGE_SIZE - in_page);
        uint64_t page = ram->first_page + (offset >> PAGE_BITS);
        if (machine->page_flags[page] != 0 && machine->before_store) {
            machine->before_store(machine->observer_ctx, page, in_page, (unsigned)part);
        }
        // Devices may send guest memory to guest memory.
        memmove(ram->host + offset, from, part);
        offset += part;
        from += part;
        len -= part;
    }
}

static bool memory_store(Machine *machine, uint64_t gpa, const void *buf, uint64_t len,
                         bool into_rom)
{
    if (!all_ram(machine, gpa, len)) {
        return false;
    }
    if (machine->dma_stores) {
        machine->dma_stores(machine->observer_ctx, gpa, len);
    }
    const uint8_t *from = buf;
    while (len > 0) {
        const MemRange *range = memory_find(machine, gpa);
        uint64_t in_range = gpa - range->base;
        uint64_t part = MIN(len, range->size_bytes - in_range);
        if (into_rom || !range->ram->rom) {
            ram_store(machine, range->ram, range->ram_offset + in_range, from, part);
        }
        from += part;
        gpa += part;
        len -= part;
    }
    return true;
}

bool dma_write(Machine *machine, uint64_t gpa, const void *buf, uint64_t len)
{
    return memory_store(machine, gpa, buf, len, false);
}

bool memory_poke(Machine *machine, uint64_t gpa, const void *buf, uint64_t len)
{
    return memory_store(machine, gpa, buf, len, true);
}
