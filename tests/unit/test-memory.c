// SPDX-License-Identifier: GPL-2.0-or-later
// Memory map, MMIO sizes, RAM, page flags and DMA of core/.
//
// The bus device remembers its last accesses as text.
#include "tests/device/fake-world.h"

#include <string.h>

typedef struct Bus {
    Device dev;
    GString *trace;
} Bus;

static uint64_t bus_read(Device *dev, uint64_t reg, unsigned size)
{
    Bus *bus = (Bus *)dev;
    uint64_t value = 0;
    g_string_append_printf(bus->trace, "r%x/%u ", (unsigned)reg, size);
    for (unsigned i = 0; i < 8; i++) { // wider than asked: core must cut it
        value |= (uint64_t)(uint8_t)(reg + i + 0x10) << (8 * i);
    }
    return value;
}

static void bus_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    g_string_append_printf(((Bus *)dev)->trace, "w%x/%u=%" G_GINT64_MODIFIER "x ", (unsigned)reg,
                           size, value);
}

enum { ANY, WORDS, NARROW, BIG, BYTES, NOTHING };
static const MmioRegion regions[] = {
    [ANY] = {"any", 0x1000, 1, 8, .read = bus_read, .write = bus_write},
    [WORDS] = {"words", 0x100, 4, 4, .read = bus_read, .write = bus_write},
    [NARROW] = {"narrow", 0x100, 4, 8, .narrow = true, .read = bus_read, .write = bus_write},
    [BIG] = {"big", 0x100, 2, 4, .narrow = true, .big_endian = true, .read = bus_read,
             .write = bus_write},
    [BYTES] = {"bytes", 0x6, 1, 1, .read = bus_read, .write = bus_write},
    [NOTHING] = {"nothing", 0x100, 1, 8},
};

static const DeviceType bus_type = {
    .name = "bus",
    .instance_size = sizeof(Bus),
    .mmio = regions,
    .nmmio = G_N_ELEMENTS(regions),
};

static Bus *bus_new(World *w)
{
    Bus *bus = (Bus *)device_new(w->machine, &bus_type, NULL, NULL);
    bus->trace = g_string_new(NULL);
    return bus;
}

static void bus_free(World *w, Bus *bus)
{
    g_string_free(bus->trace, TRUE);
    world_free(w);
}

// The flattened map as "base-last:what ", `what` a RAM offset or a region's name.
static char *map_text(Machine *machine)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < machine->map->len; i++) {
        const MemRange *range = &g_array_index(machine->map, MemRange, i);
        g_string_append_printf(text,
                               "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x:", range->base,
                               range->base + (range->size_bytes - 1));
        g_string_append_printf(text, "%s+%" G_GINT64_MODIFIER "x ",
                               range->ram ? "ram" : regions[range->region].name, range->ram_offset);
    }
    return g_string_free(text, FALSE);
}

static void assert_map(Machine *machine, const char *expected)
{
    char *text = map_text(machine);
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

static void count_change(void *ctx)
{
    ++*(unsigned *)ctx;
}

static void test_map(void)
{
    Machine *m = machine_new(NULL, "test");
    Error err;
    unsigned changes = 0;
    m->map_changed = count_change;
    m->map_changed_ctx = &changes;
    RamBlock *ram = ram_new(m, "ram", 0x20000, false, &err);
    Device *bus = device_new(m, &bus_type, NULL, NULL);
    assert_map(m, "");
    g_assert_null(memory_find(m, 0));
    memory_add_ram(m, 0x10000, ram, 0x8000, 0x10000, 0);
    memory_add_mmio(m, 0x14000, bus, ANY, 1);
    memory_add_mmio(m, 0x14800, bus, WORDS, 2);
    memory_add_mmio(m, 0x14400, bus, NARROW, 0); // below: hidden by the higher priority
    assert_map(m, "10000-13fff:ram+8000 14000-147ff:any+0 14800-148ff:words+0 14900-14fff:any+900 "
                  "15000-1ffff:ram+d000 ");
    g_assert_cmpuint(changes, ==, 4);
    g_assert_cmpuint(m->map_version, ==, 4);
    memory_move_mmio(m, bus, ANY, 0x14000, false);
    assert_map(m,
               "10000-143ff:ram+8000 14400-144ff:narrow+0 14500-147ff:ram+c500 14800-148ff:words+0 "
               "14900-1ffff:ram+c900 ");
    memory_move_mmio(m, bus, ANY, 0x14000, false); // nothing new
    g_assert_cmpuint(changes, ==, 5);
    memory_move_mmio(m, bus, ANY, 0xfffffffffffff000, true); // up to the top
    memory_move_mmio(m, bus, BIG, 0x13f80, true); // not added before
    assert_map(m,
               "10000-13f7f:ram+8000 13f80-1407f:big+0 14080-143ff:ram+c080 14400-144ff:narrow+0 "
               "14500-147ff:ram+c500 14800-148ff:words+0 14900-1ffff:ram+c900 "
               "fffffffffffff000-ffffffffffffffff:any+0 ");
    g_assert_null(memory_find(m, 0xffff));
    g_assert_cmphex(memory_find(m, 0x10000)->base, ==, 0x10000);
    g_assert_cmphex(memory_find(m, 0x13f7f)->base, ==, 0x10000);
    g_assert_cmphex(memory_find(m, 0x13f80)->base, ==, 0x13f80);
    g_assert_cmphex(memory_find(m, 0x1ffff)->base, ==, 0x14900);
    g_assert_null(memory_find(m, 0x20000));
    g_assert_cmpuint(memory_find(m, UINT64_MAX)->region, ==, ANY);
    memory_move_mmio(m, bus, ANY, 0xfffffffffffff800, true); // would wrap around
    g_assert_null(memory_find(m, UINT64_MAX));
    machine_free(m);
}

static void test_equal_priority(void)
{
    Machine *m = machine_new(NULL, "test");
    Device *bus = device_new(m, &bus_type, NULL, NULL);
    memory_add_mmio(m, 0x0, bus, ANY, 0);
    memory_add_mmio(m, 0x0, bus, WORDS, 0); // the later one
    memory_add_mmio(m, 0xff0, bus, BYTES, 0);
    assert_map(m, "0-ff:words+0 100-fef:any+100 ff0-ff5:bytes+0 ff6-fff:any+ff6 ");
    machine_free(m);
}

static void check_read(World *w, Bus *bus, uint64_t gpa, unsigned size, uint64_t value,
                       const char *trace)
{
    uint64_t got = 1;
    g_string_truncate(bus->trace, 0);
    g_assert_true(mmio_read(w->machine, gpa, size, &got));
    g_assert_cmphex(got, ==, value);
    g_assert_cmpstr(bus->trace->str, ==, trace);
}

static void check_write(World *w, Bus *bus, uint64_t gpa, unsigned size, uint64_t value,
                        const char *trace)
{
    g_string_truncate(bus->trace, 0);
    g_assert_true(mmio_write(w->machine, gpa, size, value));
    g_assert_cmpstr(bus->trace->str, ==, trace);
}

static void check_refused(World *w, Bus *bus, uint64_t gpa, unsigned size)
{
    uint64_t got = 1;
    g_string_truncate(bus->trace, 0);
    g_assert_false(mmio_read(w->machine, gpa, size, &got));
    g_assert_cmphex(got, ==, 0);
    g_assert_false(mmio_write(w->machine, gpa, size, 1));
    g_assert_cmpstr(bus->trace->str, ==, "");
}

static void test_access_sizes(void)
{
    World *w = world_new();
    Bus *bus = bus_new(w);
    for (unsigned i = 0; i < G_N_ELEMENTS(regions); i++) {
        memory_add_mmio(w->machine, 0x1000 * (i + 1), &bus->dev, i, 0);
    }
    check_read(w, bus, 0x1008, 8, 0x1f1e1d1c1b1a1918, "r8/8 ");
    check_read(w, bus, 0x1003, 1, 0x13, "r3/1 ");
    check_write(w, bus, 0x1002, 2, 0xabcdef, "w2/2=cdef ");
    check_refused(w, bus, 0x1001, 2);
    check_refused(w, bus, 0x1004, 8);

    check_read(w, bus, 0x2008, 8, 0x1f1e1d1c1b1a1918, "r8/4 rc/4 ");
    check_write(w, bus, 0x2008, 8, 0x1122334455667788, "w8/4=55667788 wc/4=11223344 ");
    check_read(w, bus, 0x20fc, 4, 0x0f0e0d0c, "rfc/4 ");
    check_refused(w, bus, 0x2008, 2);
    check_refused(w, bus, 0x2100, 4);

    check_read(w, bus, 0x3006, 2, 0x1716, "r4/4 ");
    check_read(w, bus, 0x3007, 1, 0x17, "r4/4 ");
    check_write(w, bus, 0x3006, 2, 0x1234, "");
    check_write(w, bus, 0x3004, 4, 0x1234, "w4/4=1234 ");

    check_read(w, bus, 0x4004, 4, 0x14151617, "r4/4 ");
    check_read(w, bus, 0x4008, 8, 0x1c1d1e1f18191a1b, "r8/4 rc/4 ");
    check_read(w, bus, 0x4004, 1, 0x15, "r4/2 "); // the high byte of the number lies first
    check_read(w, bus, 0x4005, 1, 0x14, "r4/2 ");
    check_write(w, bus, 0x4004, 4, 0x11223344, "w4/4=44332211 ");
    check_write(w, bus, 0x4004, 2, 0x1122, "w4/2=2211 ");

    check_read(w, bus, 0x5000, 4, 0x13121110, "r0/1 r1/1 r2/1 r3/1 ");
    check_refused(w, bus, 0x5004, 4); // reaches past the region's end
    check_read(w, bus, 0x5004, 2, 0x1514, "r4/1 r5/1 ");

    check_read(w, bus, 0x6000, 4, 0, "");
    check_write(w, bus, 0x6000, 4, 0, "");
    check_refused(w, bus, WORLD_RAM_BASE, 4); // RAM isn't MMIO
    check_refused(w, bus, 0x9000, 4);
    bus_free(w, bus);
}

static void test_ram(void)
{
    Machine *m = machine_new(NULL, "test");
    Error err = {""};
    RamBlock *a = ram_new(m, "a", 0x1001, false, &err),
             *rom = ram_new(m, "rom", 0x1000, true, &err);
    g_assert_cmpuint(a->size_bytes, ==, 0x2000);
    g_assert_cmpuint(rom->first_page, ==, 2);
    g_assert_cmpuint(m->npages, ==, 3);
    g_assert_true(page_plain(m, 1));
    g_assert_cmphex(m->page_flags[2], ==, PAGE_ROM);
    g_assert_null(ram_new(m, "none", 0, false, &err));
    g_assert_cmpstr(err.msg, ==, "memory 'none' can't have 0 bytes");
    g_assert_null(ram_new(m, "huge", UINT64_C(1) << 62, false, &err));
    g_assert_cmpuint(m->npages, ==, 3);
    for (unsigned i = 0; i < 0x2000; i++) {
        g_assert_cmpuint(a->host[i], ==, 0);
    }
    uint64_t digest = machine_ram_digest(m);
    rom->host[5] = 1;
    g_assert_cmphex(machine_ram_digest(m), ==, digest);
    a->host[0x1fff] = 1;
    g_assert_cmphex(machine_ram_digest(m), !=, digest);
    machine_free(m);
}

typedef struct Seen {
    World *world;
    GString *trace;
} Seen;

// Sees the bytes before the store, and may clear flags.
static void observe(void *ctx, uint64_t page, unsigned offset, unsigned len)
{
    Seen *seen = ctx;
    Machine *m = seen->world->machine;
    g_string_append_printf(seen->trace, "%u+%x/%x:%x ", (unsigned)page, offset, len,
                           seen->world->ram->host[0x1000]);
    m->page_flags[page] &= (uint8_t)~PAGE_CLEAN;
}

static void test_dma(void)
{
    World *w = world_new();
    Machine *m = w->machine;
    Seen seen = {w, g_string_new(NULL)};
    uint8_t buf[0x3000];
    memset(buf, 0xab, sizeof(buf));
    m->before_store = observe;
    m->observer_ctx = &seen;
    m->page_flags[1] = PAGE_CLEAN;
    m->page_flags[3] = PAGE_CODE | PAGE_CLEAN;
    g_assert_true(dma_write(m, WORLD_RAM_BASE + 0xff0, buf, 0x2020));
    g_assert_cmpstr(seen.trace->str, ==, "1+0/1000:0 3+0/10:ab ");
    g_assert_cmphex(m->page_flags[1], ==, 0);
    g_assert_cmphex(m->page_flags[3], ==, PAGE_CODE);
    g_assert_cmphex(w->ram->host[0xfef], ==, 0);
    g_assert_cmphex(w->ram->host[0xff0], ==, 0xab);
    g_assert_cmphex(w->ram->host[0x300f], ==, 0xab);
    g_assert_cmphex(w->ram->host[0x3010], ==, 0);
    g_string_truncate(seen.trace, 0);
    g_assert_true(dma_read(m, WORLD_RAM_BASE + 0x300e, buf, 4));
    g_assert_cmpmem(buf, 4, "\xab\xab\0\0", 4);
    g_assert_cmpstr(seen.trace->str, ==, "");

    // Partly outside: nothing at all is moved, nobody is told.
    uint64_t end = WORLD_RAM_BASE + (uint64_t)WORLD_RAM_BYTES;
    m->page_flags[(WORLD_RAM_BYTES >> PAGE_BITS) - 1] = PAGE_CLEAN;
    g_assert_false(dma_write(m, end - 4, buf, 8));
    g_assert_false(dma_read(m, end - 4, buf, 8));
    g_assert_false(dma_read(m, UINT64_MAX - 3, buf, 8));
    g_assert_cmpstr(seen.trace->str, ==, "");
    g_assert_cmphex(w->ram->host[WORLD_RAM_BYTES - 4], ==, 0);
    g_assert_true(dma_write(m, end - 4, buf, 4));
    g_assert_true(dma_write(m, 0, buf, 0));
    uint64_t len = 100;
    g_assert_true(memory_ram_at(m, end - 4, &len) == w->ram->host + WORLD_RAM_BYTES - 4);
    g_assert_cmpuint(len, ==, 4);
    g_assert_null(memory_ram_at(m, end, &len));
    g_string_free(seen.trace, TRUE);
    world_free(w);
}

static void test_rom(void)
{
    World *w = world_new();
    Machine *m = w->machine;
    Error err;
    Seen seen = {w, g_string_new(NULL)};
    m->before_store = observe;
    m->observer_ctx = &seen;
    uint64_t base = WORLD_RAM_BASE + (uint64_t)WORLD_RAM_BYTES; // right after RAM
    RamBlock *rom = ram_new(m, "rom", 0x1000, true, &err);
    memory_add_ram(m, base, rom, 0, 0x1000, 0);
    g_assert_true(dma_write(m, base - 2, "abcd", 4));
    g_assert_cmpmem(w->ram->host + WORLD_RAM_BYTES - 2, 2, "ab", 2);
    g_assert_cmpmem(rom->host, 2, "\0\0", 2);
    g_assert_cmpstr(seen.trace->str, ==, "");
    g_assert_true(memory_poke(m, base - 2, "abcd", 4));
    g_assert_cmpmem(rom->host, 2, "cd", 2);
    char expected[64];
    g_snprintf(expected, sizeof(expected), "%u+0/2:0 ", (unsigned)rom->first_page);
    g_assert_cmpstr(seen.trace->str, ==, expected);
    g_string_free(seen.trace, TRUE);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/map", test_map);
    g_test_add_func("/memory/equal-priority", test_equal_priority);
    g_test_add_func("/memory/access-sizes", test_access_sizes);
    g_test_add_func("/memory/ram", test_ram);
    g_test_add_func("/memory/dma", test_dma);
    g_test_add_func("/memory/rom", test_rom);
    return g_test_run();
}
