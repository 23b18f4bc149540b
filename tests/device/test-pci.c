// SPDX-License-Identifier: GPL-2.0-or-later
// PCI core: configuration space and its masks, BARs of all kinds and their remapping, the pin with
// swizzle and sharing, MSI, MSI-X, bridges.
//
// The functions are fakes with one register each; the host bridge is gpex with windows of our own.
#include "hw/pci/pci.h"

#include <string.h>

#include "hw/pci-host/gpex.h"
#include "tests/device/fake-ports.h"
#include "tests/device/fake-world.h"

enum { ECAM = 0x30000000, MMIO = 0x40000000, PIO = 0x3000000 };
#define HIGH_MMIO UINT64_C(0x400000000)

extern const DeviceType device_gpex_pcihost;

// ---- a function with a BAR of each kind ----

enum { REGION_IO, REGION_MEM, REGION_WIDE, REGION_MSIX, PBA = 0x800 };

typedef struct Fake {
    PciDevice pci;
    uint32_t vectors, msi;
    struct FakeState {
        PciState p;
        uint64_t value[3]; // of each region
    } s;
} Fake;

static const Field fields[] = {PCI_FIELDS(struct FakeState), FIELD_ARRAY(struct FakeState, value)};
static const Prop props[] = {
    PCI_PROPS(Fake, pci),
    {"vectors", NULL, PROP_U32, offsetof(Fake, vectors), "4"},
    {"msi", NULL, PROP_U32, offsetof(Fake, msi), "0"},
};

static uint64_t io_read(Device *dev, uint64_t reg, unsigned size) { return ((Fake *)dev)->s.value[0]; }
static uint64_t mem_read(Device *dev, uint64_t reg, unsigned size) { return ((Fake *)dev)->s.value[1]; }
static uint64_t wide_read(Device *dev, uint64_t reg, unsigned size) { return ((Fake *)dev)->s.value[2]; }
static void io_write(Device *dev, uint64_t reg, uint64_t value, unsigned size) { ((Fake *)dev)->s.value[0] = value; }
static void mem_write(Device *dev, uint64_t reg, uint64_t value, unsigned size) { ((Fake *)dev)->s.value[1] = value; }
static void wide_write(Device *dev, uint64_t reg, uint64_t value, unsigned size) { ((Fake *)dev)->s.value[2] = value; }
static uint64_t table_read(Device *dev, uint64_t reg, unsigned size)
{
    return pci_msix_region_read((PciDevice *)dev, reg, PBA);
}
static void table_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    pci_msix_region_write((PciDevice *)dev, reg, (uint32_t)value);
}

static const MmioRegion mmio[] = {
    {.name = "io", .size_bytes = 0x20, .access_min = 1, .access_max = 4, .read = io_read, .write = io_write},
    {.name = "mem", .size_bytes = 0x1000, .access_min = 1, .access_max = 4, .read = mem_read, .write = mem_write},
    {.name = "wide", .size_bytes = 0x100000, .access_min = 1, .access_max = 8, .read = wide_read, .write = wide_write},
    {.name = "msix", .size_bytes = 0x1000, .access_min = 4, .access_max = 4, .read = table_read, .write = table_write},
};

static const PciClass class = {
    .vendor = 0x1234, .device = 0x5678, .subsystem_vendor = 0x9abc, .subsystem = 0xdef0,
    .class_code = 0x020000, .revision = 7, .pin = 1,
    .bars = {[0] = {PCI_BAR_IO, false, REGION_IO}, [1] = {PCI_BAR_MEM32, false, REGION_MEM},
             [2] = {PCI_BAR_MEM64, true, REGION_WIDE}, [4] = {PCI_BAR_MEM32, false, REGION_MSIX}},
};

static bool fake_realize(Device *dev, Error *err)
{
    Fake *fake = (Fake *)dev;
    memcpy(fake->pci.bars, class.bars, sizeof class.bars);
    if (!pci_realize(&fake->pci, err)) {
        return false;
    }
    if (fake->msi) {
        pci_msi_init(&fake->pci, fake->msi);
    }
    return fake->vectors == 0 || pci_msix_init(&fake->pci, fake->vectors, 4, PBA, err);
}

static const DeviceType fake_type = {
    .name = "fake-function", .bus = "PCI", .instance_size = sizeof(Fake),
    .state_offset = offsetof(Fake, s), .state_size = sizeof(struct FakeState),
    LIST(fields), LIST(props), LIST(mmio),
    .realize = fake_realize, .reset = pci_reset, .loaded = pci_loaded, .class = &class,
};

// ---- the world ----

static World *w;
static Device *host;

// What the host's four outputs end at.
typedef struct Lines {
    Device dev;
    struct LinesState {
        uint32_t levels;
    } s;
} Lines;

static Lines *sink;
#define lines (sink->s.levels)

static void lines_irq_in(Device *dev, unsigned input, bool level)
{
    lines = level ? lines | 1u << input : lines & ~(1u << input);
}

static const Field lines_fields[] = {FIELD(struct LinesState, levels)};

static const DeviceType lines_type = {
    .name = "lines", .instance_size = sizeof(Lines),
    .state_offset = offsetof(Lines, s), .state_size = sizeof(struct LinesState),
    .fields = lines_fields, .nfields = 1, .irq_in = lines_irq_in,
};

static void setup(void)
{
    static const GpexWindow window[GPEX_WINDOWS] = {
        [GPEX_ECAM] = {ECAM, 1 << 28}, [GPEX_MMIO] = {MMIO, 1 << 30},
        [GPEX_MMIO_HIGH] = {HIGH_MMIO, UINT64_C(1) << 34}, [GPEX_PIO] = {PIO, 1 << 16},
    };
    Error err = {""};
    w = world_new();
    host = device_new(w->machine, &device_gpex_pcihost, NULL, NULL);
    g_assert_true(device_realize(host, &err));
    gpex_place(host, window);
    sink = (Lines *)device_new(w->machine, &lines_type, NULL, NULL);
    for (unsigned i = 0; i < PCI_PINS; i++) {
        irq_connect(host, i, &sink->dev, i);
    }
}

static Fake *try_function(Device *parent, const char *addr, Error *err)
{
    Device *dev = device_new(w->machine, &fake_type, NULL, parent);
    if ((addr && !device_set(dev, "addr", addr, err)) || !device_realize(dev, err)) {
        return NULL;
    }
    machine_reset(w->machine);
    return (Fake *)dev;
}

static Fake *function(const char *addr)
{
    Error err = {""};
    Fake *fake = try_function(host, addr, &err);
    g_assert_cmpstr(err.msg, ==, "");
    return fake;
}

static uint64_t get(uint64_t gpa, unsigned size)
{
    uint64_t value;
    g_assert_true(mmio_read(w->machine, gpa, size, &value));
    return value;
}

static void set(uint64_t gpa, unsigned size, uint64_t value)
{
    g_assert_true(mmio_write(w->machine, gpa, size, value));
}

static uint64_t config(const Fake *fake, unsigned reg) { return ECAM + (fake->pci.devfn << 12) + reg; }

// ---- cases ----

static void test_header(void)
{
    setup();
    Fake *fake = function("3");
    g_assert_cmphex(get(config(fake, 0), 4), ==, 0x56781234);
    g_assert_cmphex(get(config(fake, 2), 2), ==, 0x5678);
    g_assert_cmphex(get(config(fake, 8), 4), ==, 0x02000007);
    g_assert_cmphex(get(config(fake, 0x2c), 4), ==, 0xdef09abc);
    g_assert_cmphex(get(config(fake, 0x3d), 1), ==, 1);
    set(config(fake, 0), 4, 0); // read-only
    g_assert_cmphex(get(config(fake, 0), 4), ==, 0x56781234);
    set(config(fake, 0x3c), 1, 0xab);
    g_assert_cmphex(get(config(fake, 0x3c), 4), ==, 0x01ab);
    set(config(fake, 4), 2, 0xffff);
    g_assert_cmphex(get(config(fake, 4), 2), ==, 0x0507);
    g_assert_cmphex(get(config(fake, 6), 2), ==, 0x10); // capabilities
    g_assert_cmphex(get(config(fake, 0x100), 4), ==, 0xffffffff);
    g_assert_cmphex(get(ECAM + (4 << 15), 4), ==, 0xffffffff);     // nothing there
    g_assert_cmphex(get(ECAM + (3 << 15 | 1 << 12), 2), ==, 0xffff);
    g_assert_cmphex(get(ECAM + (1 << 20), 1), ==, 0xff);           // another bus
    g_assert_cmphex(get(ECAM, 4), ==, 0x00081b36);                 // the host bridge itself
    g_assert_cmphex(get(MMIO, 4), ==, 0xffffffff);
    world_reload(w);
    g_assert_cmphex(get(config(fake, 0x3c), 1), ==, 0xab);
    machine_reset(w->machine);
    g_assert_cmphex(get(config(fake, 0x3c), 1), ==, 0);
    world_free(w);
}

static void test_bars(void)
{
    static const struct { unsigned reg; uint32_t ones, zero; } masks[] = {
        {0x10, 0xffffffe1, 0x1}, {0x14, 0xfffff000, 0x0}, {0x18, 0xfff0000c, 0xc},
        {0x1c, 0xffffffff, 0x0}, {0x20, 0xfffff000, 0x0}, {0x24, 0x0, 0x0}, {0x30, 0x0, 0x0},
    };
    setup();
    Fake *fake = function(NULL);
    g_assert_cmpuint(fake->pci.devfn, ==, 1 << 3); // the first free slot
    for (unsigned i = 0; i < G_N_ELEMENTS(masks); i++) {
        set(config(fake, masks[i].reg), 4, 0xffffffff);
        g_assert_cmphex(get(config(fake, masks[i].reg), 4), ==, masks[i].ones);
        set(config(fake, masks[i].reg), 4, 0);
        g_assert_cmphex(get(config(fake, masks[i].reg), 4), ==, masks[i].zero);
    }
    set(config(fake, 0x10), 4, 0x1000);
    set(config(fake, 0x14), 4, MMIO + 0x5000);
    set(config(fake, 0x18), 4, 0);
    set(config(fake, 0x1c), 4, HIGH_MMIO >> 32);
    g_assert_cmphex(get(PIO + 0x1000, 4), ==, 0xffffffff); // spaces are off
    set(config(fake, 4), 2, PCI_COMMAND_IO);
    set(PIO + 0x1004, 4, 11);
    g_assert_cmphex(get(MMIO + 0x5000, 4), ==, 0xffffffff);
    set(config(fake, 4), 1, PCI_COMMAND_IO | PCI_COMMAND_MEM);
    set(MMIO + 0x5ffc, 4, 22);
    set(HIGH_MMIO + 0xffff8, 8, 33);
    g_assert_cmpuint(fake->s.value[0], ==, 11);
    g_assert_cmpuint(fake->s.value[1], ==, 22);
    g_assert_cmpuint(fake->s.value[2], ==, 33);
    // Moved while it is on, also by its upper half; out of the window, and back.
    set(config(fake, 0x14), 4, MMIO + 0x7000);
    g_assert_cmphex(get(MMIO + 0x5000, 4), ==, 0xffffffff);
    g_assert_cmpuint(get(MMIO + 0x7000, 4), ==, 22);
    set(config(fake, 0x1c), 4, (HIGH_MMIO >> 32) + 1);
    g_assert_cmpuint(get(HIGH_MMIO + 0x100000000, 4), ==, 33);
    world_reload(w);
    g_assert_cmpuint(get(HIGH_MMIO + 0x100000000, 4), ==, 33);
    set(config(fake, 0x14), 4, WORLD_RAM_BASE);
    g_assert_true(dma_write(w->machine, WORLD_RAM_BASE, "RAM", 4)); // not hidden
    uint64_t value;
    g_assert_false(mmio_read(w->machine, WORLD_RAM_BASE, 4, &value));
    set(config(fake, 0x14), 4, 0xfffff000);
    set(config(fake, 0x1c), 4, 0xffffffff);
    set(config(fake, 0x18), 4, 0xffffffff);
    set(config(fake, 0x14), 4, MMIO);
    g_assert_cmpuint(get(MMIO, 4), ==, 22);
    machine_reset(w->machine);
    g_assert_cmphex(get(MMIO, 4), ==, 0xffffffff);
    world_free(w);
}

static void test_slots(void)
{
    setup();
    Error err = {""};
    function("2");
    g_assert_null(try_function(host, "2", &err));
    g_assert_cmpstr(err.msg, ==, "PCI: slot 2 function 0 not available for fake-function, in use by "
                                 "fake-function,id=(null)");
    g_assert_null(try_function(host, "0", &err));
    g_assert_null(try_function(host, "2.1", &err)); // its first function says it is the only one
    static const char *const wrong[] = {"20", "3.8", "zz", "", "1.", ".1", "1.1.1", "-1"};
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_null(try_function(host, wrong[i], &err));
        g_assert_true(g_str_has_prefix(err.msg, "Property 'fake-function.addr' doesn't take value"));
    }
    g_assert_cmpuint(function("0x1f.7")->pci.devfn, ==, 0xff);
    g_assert_cmpuint(function("1f.0")->pci.devfn, ==, 0xf8);
    g_assert_cmpuint(function("10")->pci.devfn, ==, 16 << 3);
    Device *lone = device_new(w->machine, &fake_type, NULL, NULL);
    g_assert_false(device_realize(lone, &err));
    while (try_function(host, NULL, &err)) {
    }
    g_assert_true(g_str_has_prefix(err.msg, "PCI: no slot/function available for fake-function"));
    world_free(w);
}

static void test_intx(void)
{
    setup();
    Fake *one = function("1"), *five = function("5"), *two = function("2");
    pci_set_intx(&one->pci, true);
    g_assert_cmphex(lines, ==, 1 << 1);
    g_assert_cmphex(get(config(one, 6), 2) & 8, ==, 8);
    pci_set_intx(&five->pci, true); // shares the line
    pci_set_intx(&two->pci, true);
    g_assert_cmphex(lines, ==, 1 << 1 | 1 << 2);
    pci_set_intx(&one->pci, false);
    g_assert_cmphex(lines, ==, 1 << 1 | 1 << 2);
    world_reload(w);
    set(config(five, 4), 2, PCI_COMMAND_INTX_OFF);
    g_assert_cmphex(lines, ==, 1 << 2);
    g_assert_cmphex(get(config(five, 6), 2) & 8, ==, 8);
    set(config(five, 4), 2, 0);
    g_assert_cmphex(lines, ==, 1 << 1 | 1 << 2);
    machine_reset(w->machine);
    g_assert_cmphex(lines, ==, 0);
    world_free(w);
}

static uint32_t message(unsigned i)
{
    uint32_t value;
    g_assert_true(dma_read(w->machine, WORLD_RAM_BASE + 4 * i, &value, 4));
    return GUINT32_FROM_LE(value);
}

static void set_vector(unsigned i, uint64_t gpa, uint32_t value, bool masked)
{
    set(MMIO + 16 * i, 4, (uint32_t)gpa);
    set(MMIO + 16 * i + 4, 4, gpa >> 32);
    set(MMIO + 16 * i + 8, 4, value);
    set(MMIO + 16 * i + 12, 4, masked);
}

static void test_msix(void)
{
    setup();
    Fake *fake = function(NULL);
    unsigned cap = (unsigned)get(config(fake, PCI_CAPABILITIES), 1);
    g_assert_cmphex(get(config(fake, cap), 4), ==, 0x00030011);
    g_assert_cmphex(get(config(fake, cap + 4), 4), ==, 4);
    g_assert_cmphex(get(config(fake, cap + 8), 4), ==, PBA | 4);
    set(config(fake, 0x20), 4, MMIO);
    set(config(fake, 4), 2, PCI_COMMAND_MEM);
    g_assert_cmphex(get(MMIO + 12, 4), ==, 1); // masked after reset
    for (unsigned i = 0; i < 4; i++) {
        set_vector(i, WORLD_RAM_BASE + 4 * i, 100 + i, false);
    }
    set(MMIO + 16 * 4, 4, 1); // there is no vector 4
    g_assert_cmphex(get(MMIO + 16 * 4, 4), ==, 0);
    pci_msix_notify(&fake->pci, 0);
    g_assert_cmphex(message(0), ==, 0); // off
    set(config(fake, cap + 2), 2, 0xffff);
    g_assert_cmphex(get(config(fake, cap + 2), 2), ==, 0xc003);
    g_assert_true(pci_msix_enabled(&fake->pci));
    pci_msix_notify(&fake->pci, 1);
    g_assert_cmphex(get(MMIO + PBA, 4), ==, 2); // masked as a whole
    set(config(fake, cap + 2), 2, 0x8000);
    g_assert_cmphex(message(1), ==, 0); // no bus mastering yet
    world_reload(w);
    set(config(fake, 4), 2, PCI_COMMAND_MEM | PCI_COMMAND_MASTER);
    g_assert_cmphex(message(1), ==, 101);
    g_assert_cmphex(get(MMIO + PBA, 4), ==, 0);
    set(config(fake, cap + 2), 2, 0xc000);
    pci_msix_notify(&fake->pci, 3);
    pci_msix_notify(&fake->pci, 4); // none
    g_assert_cmphex(message(3), ==, 0);
    g_assert_cmphex(get(MMIO + PBA, 4), ==, 8);
    set(config(fake, cap + 2), 2, 0x8000);
    g_assert_cmphex(message(3), ==, 103);
    set(MMIO + 16 * 2 + 12, 4, 1);
    pci_msix_notify(&fake->pci, 2);
    g_assert_cmphex(get(MMIO + PBA, 4), ==, 4);
    g_assert_cmphex(message(2), ==, 0);
    set(MMIO + 16 * 2 + 12, 4, 0);
    g_assert_cmphex(message(2), ==, 102);
    set_vector(0, MMIO + 16, 0, false); // a message to a register goes nowhere
    pci_msix_notify(&fake->pci, 0);
    g_assert_cmphex(get(MMIO + 16, 4), ==, (uint32_t)(WORLD_RAM_BASE + 4));
    world_free(w);
}

static void test_msi(void)
{
    setup();
    Error err = {""};
    Device *dev = device_new(w->machine, &fake_type, NULL, host);
    Fake *fake = (Fake *)dev;
    g_assert_true(device_set(dev, "msi", "4", &err) && device_set(dev, "vectors", "0", &err) &&
                  device_realize(dev, &err));
    machine_reset(w->machine);
    unsigned cap = (unsigned)get(config(fake, PCI_CAPABILITIES), 1);
    g_assert_cmphex(get(config(fake, cap), 4), ==, 0x01840005);
    set(config(fake, cap + 4), 4, WORLD_RAM_BASE + 3); // low bits are fixed
    g_assert_cmphex(get(config(fake, cap + 4), 4), ==, WORLD_RAM_BASE);
    set(config(fake, cap + 12), 2, 0x4713);
    set(config(fake, 4), 2, PCI_COMMAND_MASTER);
    pci_msi_notify(&fake->pci, 2);
    g_assert_cmphex(message(0), ==, 0); // off
    set(config(fake, cap + 2), 2, 0x0021); // 4 vectors
    pci_msi_notify(&fake->pci, 2);
    g_assert_cmphex(message(0), ==, 0x4712);
    set(config(fake, cap + 2), 2, 0x0071); // no more than there are
    pci_msi_notify(&fake->pci, 1);
    g_assert_cmphex(message(0), ==, 0x4711);
    set(config(fake, cap + 2), 2, 0x0001); // one
    pci_msi_notify(&fake->pci, 2);
    g_assert_cmphex(message(0), ==, 0x4713);
    set(config(fake, cap + 16), 4, 0xffffffff);
    g_assert_cmphex(get(config(fake, cap + 16), 4), ==, 0xf);
    g_assert_true(dma_write(w->machine, WORLD_RAM_BASE, "\0\0\0\0", 4));
    pci_msi_notify(&fake->pci, 3);
    g_assert_cmphex(get(config(fake, cap + 20), 4), ==, 8);
    g_assert_cmphex(message(0), ==, 0);
    world_reload(w);
    set(config(fake, cap + 16), 4, 0);
    g_assert_cmphex(message(0), ==, 0x4713);
    g_assert_cmphex(get(config(fake, cap + 20), 4), ==, 0);
    world_free(w);
}

// Two bridges, one behind the other, and a function at slot 2 of the last bus.
static void test_bridge(void)
{
    setup();
    Error err = {""};
    Device *outer = device_new(w->machine, device_type_find("pci-bridge"), "br0", host);
    g_assert_true(device_set(outer, "addr", "1", &err) && device_realize(outer, &err));
    Device *inner = device_new(w->machine, device_type_find("pci-bridge"), "br1", outer);
    g_assert_true(device_set(inner, "addr", "3", &err) && device_realize(inner, &err));
    Fake *fake = try_function(inner, "2", &err);
    g_assert_nonnull(fake);
    g_assert_true(pci_slot(w->machine, &fake_type, "br1", &err) == inner);
    g_assert_null(pci_slot(w->machine, &fake_type, "br2", &err));
    const uint64_t one = ECAM + (1 << 15), bus5 = ECAM + (5 << 20), bus7 = ECAM + (7 << 20);
    const uint64_t two = bus5 + (3 << 15), function2 = bus7 + (2 << 15);
    g_assert_cmphex(get(one + PCI_HEADER_TYPE, 1), ==, 1);
    g_assert_cmphex(get(two, 4), ==, 0xffffffff); // no bus numbers yet
    set(one + PCI_PRIMARY_BUS, 4, 0x00070500);
    g_assert_cmphex(get(two, 4), ==, 0x00011b36);
    set(two + PCI_PRIMARY_BUS, 4, 0x00070705);
    g_assert_cmphex(get(function2, 4), ==, 0x56781234);
    g_assert_cmphex(get(ECAM + (6 << 20), 4), ==, 0xffffffff);
    set(function2 + 0x10, 4, 0x2000);
    set(function2 + 0x14, 4, MMIO + 0x500000);
    set(function2 + 0x1c, 4, 5); // at 0x500000000
    set(function2 + 4, 2, 7);
    g_assert_cmphex(get(MMIO + 0x500000, 4), ==, 0xffffffff); // the bridges pass nothing
    for (unsigned i = 0; i < 2; i++) {
        uint64_t bridge = i ? one : two;
        set(bridge + PCI_IO_BASE, 2, 0x2020);
        set(bridge + PCI_MEM_BASE, 4, 0x40504050);
        set(bridge + PCI_PREF_BASE, 4, 0);
        set(bridge + PCI_PREF_BASE_HIGH, 4, 5);
        set(bridge + PCI_PREF_LIMIT_HIGH, 4, 5);
        g_assert_cmphex(get(MMIO + 0x500000, 4), ==, 0xffffffff);
        set(bridge + 4, 2, 7);
    }
    set(MMIO + 0x500000, 4, 22);
    set(PIO + 0x2000, 4, 11);
    set(0x500000000, 4, 33);
    g_assert_cmpuint(fake->s.value[0] + fake->s.value[1] + fake->s.value[2], ==, 66);
    world_reload(w);
    g_assert_cmpuint(get(MMIO + 0x500000, 4), ==, 22);
    set(one + PCI_MEM_BASE, 4, 0x40604060);
    g_assert_cmphex(get(MMIO + 0x500000, 4), ==, 0xffffffff);
    pci_set_intx(&fake->pci, true);
    g_assert_cmphex(lines, ==, 1 << ((0 + 2 + 3 + 1) % 4));
    g_assert_true(pci_masters(&fake->pci));
    set(one + 4, 2, 3);
    g_assert_false(pci_masters(&fake->pci));
    char *text = pci_info_text(w->machine);
    g_assert_nonnull(strstr(text, "  Bus  7, device   2, function 0:\n"));
    g_assert_nonnull(strstr(text, "      secondary bus 5.\n      subordinate bus 7.\n"));
    g_free(text);
    world_free(w);
}

static void test_info(void)
{
    setup();
    Fake *fake = function("4");
    set(config(fake, 0x14), 4, MMIO);
    set(config(fake, 0x1c), 4, 4);
    set(config(fake, 4), 2, PCI_COMMAND_MEM);
    set(config(fake, 0x3c), 1, 35);
    char *text = pci_info_text(w->machine), *json = pci_info_json(w->machine);
    g_assert_cmpstr(text, ==,
                    "  Bus  0, device   0, function 0:\n"
                    "    Host bridge: PCI device 1b36:0008\n"
                    "      PCI subsystem 1af4:1100\n"
                    "      id \"\"\n"
                    "  Bus  0, device   4, function 0:\n"
                    "    Ethernet controller: PCI device 1234:5678\n"
                    "      PCI subsystem 9abc:def0\n"
                    "      IRQ 35, pin A\n"
                    "      BAR0: I/O at 0xffffffffffffffff [0x001e].\n"
                    "      BAR1: 32 bit memory at 0x40000000 [0x40000fff].\n"
                    "      BAR2: 64 bit prefetchable memory at 0x400000000 [0x4000fffff].\n"
                    "      BAR4: 32 bit memory at 0x00000000 [0x00000fff].\n"
                    "      id \"\"\n");
    g_assert_nonnull(strstr(json, "{\"bar\": 2, \"type\": \"memory\", \"address\": 17179869184, "
                                  "\"size\": 1048576, \"prefetch\": true, \"mem_type_64\": true}"));
    g_assert_nonnull(strstr(json, "{\"bar\": 0, \"type\": \"io\", \"address\": -1, \"size\": 32}"));
    g_free(text);
    g_free(json);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/header", test_header);
    g_test_add_func("/pci/bars", test_bars);
    g_test_add_func("/pci/slots", test_slots);
    g_test_add_func("/pci/intx", test_intx);
    g_test_add_func("/pci/msix", test_msix);
    g_test_add_func("/pci/msi", test_msi);
    g_test_add_func("/pci/bridge", test_bridge);
    g_test_add_func("/pci/info", test_info);
    return g_test_run();
}
