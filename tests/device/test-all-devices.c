// SPDX-License-Identifier: GPL-2.0-or-later
// Every device type of the program: sound tables, and a storm of register accesses from its
// register table.
//
// The same storm runs three times: twice in one world, and once with everything that is state moved
// to a new world every few accesses. All values read, the final state and RAM must be equal: a
// device that keeps guest state outside its fields, or uses anything but them, virtual time and the
// seam, differs. (Not found: guest state in static variables, which no device may have.)
#include <string.h>

#include "hw/pci-host/gpex.h"
#include "hw/pci/pci.h"
#include "tests/device/fake-ports.h"
#include "tests/device/fake-world.h"

enum { STORM = 20000, MOVE_EVERY = 37 };
enum { ECAM = 0x30000000, PCI_MMIO = 0x40000000, PCI_PIO = 0x3000000 };

typedef struct Random {
    uint64_t state;
} Random;

static uint64_t random_next(Random *random)
{
    uint64_t x = random->state += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static uint64_t random_below(Random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

// Registers that have names more often than others, sometimes in the middle of them.
static uint64_t random_reg(Random *random, const MmioRegion *region)
{
    if (region->nregs > 0 && random_below(random, 8) > 0) {
        uint64_t reg = region->regs[random_below(random, region->nregs)].offset;
        return random_below(random, 8) > 0 ? reg : reg + random_below(random, 8);
    }
    return random_below(random, region->size_bytes);
}

static uint64_t random_value(Random *random)
{
    switch (random_below(random, 6)) {
    case 0: return 0;
    case 1: return UINT64_MAX;
    case 2: return random_below(random, 16);
    case 3: return UINT64_C(1) << random_below(random, 64);
    case 4: return WORLD_RAM_BASE + (random_below(random, 0x1000) << 4);
    }
    return random_next(random);
}

typedef struct Outcome {
    uint64_t reads, devices, ram; // digests
    int64_t now_ns;
} Outcome;

// What plugs into a bus is reached through its transport; a port's through that of its parent.
static Device *make(World *w, const DeviceType *type, Error *err);

static Device *plug_pci_host(World *w)
{
    static const GpexWindow window[GPEX_WINDOWS] = {
        [GPEX_ECAM] = {ECAM, 1 << 28},
        [GPEX_MMIO] = {PCI_MMIO, 1 << 30},
        [GPEX_MMIO_HIGH] = {UINT64_C(0x400000000), UINT64_C(1) << 34},
        [GPEX_PIO] = {PCI_PIO, 1 << 16},
    };
    Error err = {""};
    Device *host = device_new(w->machine, device_type_find("gpex-pcihost"), NULL, NULL);
    g_assert_true(device_realize(host, &err));
    gpex_place(host, window);
    return host;
}

static Device *plug_into(World *w, const char *bus, Error *err)
{
    if (g_str_equal(bus, "PCI")) {
        return plug_pci_host(w);
    }
    if (g_str_equal(bus, "virtio-serial-bus")) {
        return make(w, device_type_find("virtio-serial-device"), err);
    }
    g_assert_cmpstr(bus, ==, "virtio");
    return world_device(w, device_type_find("virtio-mmio"), NULL);
}

static Device *make(World *w, const DeviceType *type, Error *err)
{
    Device *dev = device_new(w->machine, type, NULL, plug_into(w, type->bus, err));
    if (strstr(type->name, "blk")) {
        g_assert_true(device_set(dev, "drive", "d0", err));
    }
    return device_realize(dev, err) ? dev : NULL;
}

// The device whose registers lead to a new device of this type.
static Device *plug(World *w, const DeviceType *type, Error *err)
{
    if (!type->bus) {
        return world_try_device(w, type, NULL, err);
    }
    Device *dev = make(w, type, err);
    if (!dev) {
        return NULL;
    }
    machine_reset(w->machine);
    while (!dev->type->nmmio) {
        dev = dev->parent;
    }
    return dev;
}

// Virtqueues of random shape at the places that random_value likes.
static void fill_ram(World *w, Random *random)
{
    for (unsigned i = 0; i < 0x11000; i += 8) {
        uint64_t value = random_value(random);
        memcpy(w->ram->host + i, &value, sizeof(value));
    }
}

static void config_write(World *w, const PciDevice *pci, unsigned reg, unsigned size,
                         uint32_t value)
{
    g_assert_true(mmio_write(w->machine, ECAM + ((unsigned)pci->devfn << 12) + reg, size, value));
}

// Somewhere in a function's configuration space; now and then all BARs are mapped first.
static uint64_t random_config(World *w, const PciDevice *pci, Random *random)
{
    if (random_below(random, 8) == 0) {
        for (unsigned i = 0; i < PCI_BARS; i++) {
            bool io = pci->bars[i].kind == PCI_BAR_IO;
            config_write(w, pci, PCI_BAR0 + 4 * i, 4, io ? 0x1000 : PCI_MMIO + 0x100000 * i);
        }
        for (unsigned i = 0; i < PCI_BARS; i++) { // the upper half was set to something
            if (pci->bars[i].kind == PCI_BAR_MEM64) {
                config_write(w, pci, PCI_BAR0 + 4 * i + 4, 4, 0);
            }
        }
        config_write(w, pci, PCI_COMMAND, 2, 7);
    }
    return ECAM + ((unsigned)pci->devfn << 12) + random_below(random, PCI_CONFIG_BYTES);
}

static void access_once(World *w, Device *dev, Random *random, Outcome *outcome)
{
    unsigned region = (unsigned)random_below(random, dev->type->nmmio);
    uint64_t reg = random_reg(random, &dev->type->mmio[region]);
    unsigned size = 1u << random_below(random, 4);
    bool is_pci = g_strcmp0(dev->type->bus, "PCI") == 0;
    uint64_t gpa = is_pci && random_below(random, 4) == 0
                       ? random_config(w, (const PciDevice *)dev, random)
                       : world_base(w, dev, region) + reg;
    uint64_t value = random_value(random);
    gpa = random_below(random, 8) > 0 ? gpa & -(uint64_t)size : gpa;
    if (random_below(random, 2)) {
        mmio_write(w->machine, gpa, size, value);
    } else {
        bool taken = mmio_read(w->machine, gpa, size, &value);
        outcome->reads = (outcome->reads ^ value ^ taken) * 0x100000001b3;
    }
    if (random_below(random, 16) == 0) {
        world_advance_ns(w, (int64_t)random_below(random, UINT64_C(1) << random_below(random, 34)));
    }
    if (random_below(random, 8) == 0) {
        fake_drive_complete(random_below(random, 4) ? 0 : -5);
    }
    if (random_below(random, 16) == 0) {
        fake_char_in("characters", random_below(random, 11));
    }
    if (random_below(random, 2000) == 0) {
        machine_reset(w->machine);
    }
    w->machine->request = REQUEST_NONE;
}

// Requests in flight are the drive's state, and the fake has no table for it.
static void complete_all(void)
{
    bool more = true;
    while (more) {
        more = fake_drive_complete(0);
    }
}

static bool storm(const DeviceType *type, uint64_t seed, bool move, Outcome *outcome)
{
    World *w = world_new();
    Random random = {seed};
    Error err = {""};
    fake_char_forget();
    fill_ram(w, &random);
    memset(fake_drive_bytes, 0x5a, sizeof(fake_drive_bytes));
    Device *dev = plug(w, type, &err);
    if (!dev) {
        g_test_message("%s needs more than defaults: %s", type->name, err.msg);
        world_free(w);
        return false;
    }
    *outcome = (Outcome){0};
    for (unsigned i = 0; i < STORM; i++) {
        access_once(w, dev, &random, outcome);
        if (i % MOVE_EVERY == 0) {
            complete_all();
            if (move) {
                World *fresh = world_new();
                dev = plug(fresh, type, &err);
                g_assert_nonnull(dev);
                world_move(w, fresh);
                world_free(w);
                w = fresh;
            }
        }
    }
    complete_all();
    outcome->devices = machine_digest(w->machine);
    outcome->ram = machine_ram_digest(w->machine);
    outcome->now_ns = machine_now_ns(w->machine);
    world_free(w);
    return true;
}

static void assert_same(const Outcome *a, const Outcome *b)
{
    g_assert_cmphex(a->reads, ==, b->reads);
    g_assert_cmphex(a->devices, ==, b->devices);
    g_assert_cmphex(a->ram, ==, b->ram);
    g_assert_cmpint(a->now_ns, ==, b->now_ns);
}

static void test_type(gconstpointer type_pointer)
{
    const DeviceType *type = type_pointer;
    Error err = {""};
    if (!device_check(type, &err)) {
        g_error("%s", err.msg);
    }
    g_assert_true(device_type_find(type->name) == type);
    if (!type->nmmio && !type->bus) {
        return;
    }
    for (uint64_t seed = 1; seed <= 3; seed++) {
        Outcome plain, again, moved;
        if (!storm(type, seed, false, &plain)) {
            g_test_skip("it can't be realized with its defaults");
            return;
        }
        storm(type, seed, false, &again);
        assert_same(&plain, &again);
        storm(type, seed, true, &moved);
        assert_same(&plain, &moved);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (const DeviceType *const *type = device_types; *type; type++) {
        char *path = g_strdup_printf("/all-devices/%s", (*type)->name);
        g_test_add_data_func(path, *type, test_type);
        g_free(path);
    }
    return g_test_run();
}
