// SPDX-License-Identifier: GPL-2.0-or-later
// virtio-pci: ids and capabilities as users know them, the modern interface with MSI-X, access through
// configuration space, the legacy interface, what the properties switch.
//
// test_config holds what QEMU's functions of these names show after reset, read out of a running
// one. The rest of virtio over PCI is tested in test-virtio.c.
#include <string.h>

#include "hw/pci/pci.h"
#include "tests/device/fake-driver.h"
#include "tests/device/fake-ports.h"

static Driver *d;

static uint64_t get(uint64_t gpa, unsigned size)
{
    uint64_t value;
    g_assert_true(mmio_read(d->w->machine, gpa, size, &value));
    return value;
}

static void set(uint64_t gpa, unsigned size, uint64_t value)
{
    g_assert_true(mmio_write(d->w->machine, gpa, size, value));
}

static uint64_t config(unsigned reg) { return DRIVER_ECAM + (1 << 15) + reg; }

static void setup(const char *type, const char *properties)
{
    d = driver_new_pci(world_new(), type, properties);
}

static void teardown(void)
{
    world_free(d->w);
    driver_free(d);
}

// ---- configuration space ----

static void test_config(void)
{
    static const struct {
        const char *type, *properties;
        uint32_t id, class, bar0, subsystem, msix, io_ones;
    } spaces[] = {
        {"virtio-blk-pci", "drive=d0", 0x10011af4, 0x01000000, 1, 0x00021af4, 0x00018411, 0xffffff81},
        {"virtio-blk-pci", "drive=d0,num-queues=3", 0x10011af4, 0x01000000, 1, 0x00021af4, 0x00038411, 0xffffff81},
        {"virtio-net-pci", NULL, 0x10001af4, 0x02000000, 1, 0x00011af4, 0x00038411, 0xffffffe1},
        {"virtio-rng-pci", NULL, 0x10051af4, 0x00ff0000, 1, 0x00041af4, 0x00018411, 0xffffffe1},
        {"virtio-serial-pci", NULL, 0x10031af4, 0x07800000, 1, 0x00031af4, 0x00018411, 0xffffffc1},
        {"virtio-rng-pci", "disable-legacy=on", 0x10441af4, 0x00ff0001, 0, 0x11001af4, 0x00018411, 0},
    };
    static const uint32_t capabilities[] = { // from 0x40 on
        0x01100009, 4, 0x0000, 0x1000, 0x03104009, 4, 0x1000, 0x1000, 0x04105009, 4, 0x2000, 0x1000,
        0x02146009, 4, 0x3000, 0x1000, 4, 0x05147009, 0, 0, 0, 0,
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(spaces); i++) {
        g_test_message("%s", spaces[i].type);
        setup(spaces[i].type, spaces[i].properties);
        machine_reset(d->w->machine);
        g_assert_cmphex(get(config(0x00), 4), ==, spaces[i].id);
        g_assert_cmphex(get(config(0x04), 4), ==, 0x00100000);
        g_assert_cmphex(get(config(0x08), 4), ==, spaces[i].class);
        g_assert_cmphex(get(config(0x0c), 4), ==, 0);
        g_assert_cmphex(get(config(0x10), 4), ==, spaces[i].bar0);
        g_assert_cmphex(get(config(0x20), 4), ==, 0xc);
        g_assert_cmphex(get(config(0x2c), 4), ==, spaces[i].subsystem);
        g_assert_cmphex(get(config(0x34), 4), ==, 0x98);
        g_assert_cmphex(get(config(0x3c), 4), ==, 0x100);
        for (unsigned word = 0; word < G_N_ELEMENTS(capabilities); word++) {
            g_assert_cmphex(get(config(0x40 + 4 * word), 4), ==, capabilities[word]);
        }
        g_assert_cmphex(get(config(0x98), 4), ==, spaces[i].msix);
        g_assert_cmphex(get(config(0x9c), 4), ==, 1);
        g_assert_cmphex(get(config(0xa0), 4), ==, 0x801);
        static const unsigned bars[] = {0x10, 0x14, 0x18, 0x20, 0x24};
        const uint32_t ones[] = {spaces[i].io_ones, 0xfffff000, 0, 0xffffc00c, 0xffffffff};
        for (unsigned bar = 0; bar < G_N_ELEMENTS(bars); bar++) {
            set(config(bars[bar]), 4, 0xffffffff);
            g_assert_cmphex(get(config(bars[bar]), 4), ==, ones[bar]);
        }
        teardown();
    }
}

static void test_properties(void)
{
    static const struct { const char *properties, *error; } wrong[] = {
        {"disable-legacy=maybe", "Parameter 'disable-legacy' does not accept value 'maybe'"},
        {"disable-legacy=on,disable-modern=on",
         "device cannot work as neither modern nor legacy mode is enabled"},
        {"vectors=129", "129 MSI-X vectors: 1 to 128 are supported"},
        {"romfile=x", "option ROMs aren't supported: use romfile="},
        {"nonsense=1", "Property 'virtio-rng-pci.nonsense' not found"},
    };
    setup("virtio-rng-pci", "disable-modern=on,vectors=0,romfile=,max-bytes=7");
    g_assert_cmphex(get(config(0x34), 1), ==, 0); // no capabilities
    g_assert_cmphex(get(config(0x04), 4), ==, 7);
    g_assert_cmphex(get(config(0x20), 4), ==, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        Error err = {""};
        Device *dev = device_new(d->w->machine, d->mmio->type, NULL, d->host);
        char **pairs = g_strsplit(wrong[i].properties, ",", -1);
        bool ok = true;
        for (char **pair = pairs; ok && *pair; pair++) {
            char *value = strchr(*pair, '=');
            *value++ = '\0';
            ok = device_set(dev, *pair, value, &err);
        }
        g_strfreev(pairs);
        g_assert_false(ok && device_realize(dev, &err));
        g_assert_cmpstr(err.msg, ==, wrong[i].error);
    }
    teardown();
}

// ---- the modern interface ----

static void offer_one(unsigned head)
{
    driver_desc(d, 0, head, DRIVER_DATA, 4, DESC_WRITE, 0);
    driver_offer(d, 0, head);
    driver_notify(d, 0);
    g_assert_cmpint(driver_used(d, 0, NULL), ==, (int)head);
}

static uint64_t message(unsigned i) { return driver_peek(d, DRIVER_DATA + 0x100 + 4 * i, 4); }

static void test_messages(void)
{
    setup("virtio-rng-pci", NULL);
    for (unsigned i = 0; i < 2; i++) {
        set(DRIVER_BAR1 + 16 * i, 4, DRIVER_DATA + 0x100 + 4 * i);
        set(DRIVER_BAR1 + 16 * i + 8, 4, 0x50 + i);
        set(DRIVER_BAR1 + 16 * i + 12, 4, 0);
    }
    set(config(0x9a), 2, 0x8000);
    driver_start(d, 0);
    g_assert_cmphex(get(DRIVER_BAR4 + 16, 2), ==, 0xffff);
    offer_one(0);
    g_assert_cmphex(message(0) | message(1), ==, 0); // no vector
    set(DRIVER_BAR4 + 16, 2, 0);
    set(DRIVER_BAR4 + 26, 2, 1);
    g_assert_cmphex(get(DRIVER_BAR4 + 26, 2), ==, 1);
    offer_one(1);
    g_assert_cmphex(message(0), ==, 0);
    g_assert_cmphex(message(1), ==, 0x51);
    world_reload(d->w);
    g_assert_false(driver_irq(d)); // neither line nor ISR
    driver_offer(d, 0, 9);         // breaks the device
    driver_notify(d, 0);
    g_assert_cmphex(message(0), ==, 0x50);
    g_assert_cmphex(get(DRIVER_BAR4 + 0x1000, 1), ==, VIRTIO_ISR_CONFIG);
    set(DRIVER_BAR4 + 26, 2, 2); // there is no such vector
    g_assert_cmphex(get(DRIVER_BAR4 + 26, 2), ==, 0xffff);
    set(DRIVER_BAR4 + 20, 1, 0);
    g_assert_cmphex(get(DRIVER_BAR4 + 16, 2), ==, 0xffff); // a reset of the device takes vectors away
    set(config(0x9a), 2, 0);
    driver_start(d, 0);
    offer_one(0);
    g_assert_true(driver_irq(d)); // the line again
    teardown();
}

static void test_common(void)
{
    setup("virtio-net-pci", NULL);
    g_assert_cmpuint(get(DRIVER_BAR4 + 18, 2), ==, 3);
    for (unsigned queue = 0; queue < 3; queue++) {
        set(DRIVER_BAR4 + 22, 2, queue);
        g_assert_cmpuint(get(DRIVER_BAR4 + 30, 2), ==, queue);
        g_assert_cmpuint(get(DRIVER_BAR4 + 24, 2), ==, 256);
    }
    set(DRIVER_BAR4 + 22, 2, 3);
    g_assert_cmpuint(get(DRIVER_BAR4 + 24, 2), ==, 0);
    set(DRIVER_BAR4 + 28, 2, 1);
    g_assert_cmpuint(get(DRIVER_BAR4 + 28, 2), ==, 0);
    set(DRIVER_BAR4 + 22, 2, 0);
    set(DRIVER_BAR4 + 40, 8, 0x123456789abc); // as two halves
    g_assert_cmphex(get(DRIVER_BAR4 + 40, 8), ==, 0x123456789abc);
    g_assert_cmphex(get(DRIVER_BAR4 + 24, 1), ==, 0); // not its size
    g_assert_cmphex(get(DRIVER_BAR4 + 0x100, 4), ==, 0);
    g_assert_cmphex(get(DRIVER_BAR4 + 0x3000, 4), ==, 0);
    // Without bus mastering the device touches no memory.
    driver_start(d, 0);
    set(config(4), 2, PCI_COMMAND_MEM);
    g_assert_true(dma_write(d->w->machine, DRIVER_DATA, "\0\0\0\0\0\0\0\0\0\0\0\0", 12));
    driver_desc(d, 1, 0, DRIVER_DATA, 72, 0, 0);
    driver_offer(d, 1, 0);
    driver_notify(d, 1);
    g_assert_cmpuint(fake_net_out->len, ==, 0);
    set(config(4), 2, PCI_COMMAND_MEM | PCI_COMMAND_MASTER);
    driver_notify(d, 1);
    g_assert_cmpuint(fake_net_out->len, ==, 1);
    teardown();
}

static void test_config_window(void)
{
    setup("virtio-net-pci", NULL);
    set(config(0x88), 1, 4);
    set(config(0x8c), 4, 0x2000);
    set(config(0x90), 4, 4);
    g_assert_cmphex(get(config(0x94), 4), ==, 0x12005452); // the MAC address
    set(config(0x90), 4, 2);
    set(config(0x8c), 4, 0x2002);
    g_assert_cmphex(get(config(0x94), 2), ==, 0x1200);
    set(config(0x8c), 4, 22); // queue_select
    set(config(0x94), 2, 2);
    g_assert_cmphex(get(DRIVER_BAR4 + 22, 2), ==, 2);
    static const uint32_t nonsense[][3] = {
        {4, 0x4000, 4}, {4, 0xfffffffc, 4}, {4, 0x2001, 4}, {4, 0x2000, 3}, {4, 0x2000, 0x10000},
        {5, 0, 4}, {6, 0, 4}, {255, 0, 4}, {1, 0, 2},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(nonsense); i++) {
        set(config(0x88), 1, nonsense[i][0]);
        set(config(0x8c), 4, nonsense[i][1]);
        set(config(0x90), 4, nonsense[i][2]);
        set(config(0x94), 4, 0xabcdef01);
        g_assert_cmphex(get(config(0x94), 4), ==, 0xabcdef01); // just bytes
    }
    teardown();
}

// ---- the legacy interface ----

static void test_legacy(void)
{
    const uint64_t io = DRIVER_LEGACY, base = DRIVER_RINGS, avail = base + 16 * 256, used = base + 0x2000;
    setup("virtio-net-pci", NULL);
    uint8_t frame[72] = {0};
    g_assert_cmphex(get(io, 4) & ~0x79bf8064u, ==, 0); // a part of what QEMU offers
    g_assert_cmphex(get(io, 4) & (1 << 27), ==, 1 << 27);
    g_assert_cmphex(get(io + 20, 4), ==, 0x12005452);
    set(io + 18, 1, 3);
    set(io + 14, 2, 1); // transmit
    g_assert_cmpuint(get(io + 12, 2), ==, 256);
    set(io + 8, 4, base / 4096);
    g_assert_cmphex(get(io + 8, 4), ==, base / 4096);
    set(io + 18, 1, 7);
    g_assert_cmphex(get(io + 18, 1), ==, 7);
    memset(frame + 10, 0xff, 6); // without MRG_RXBUF the header has 10 bytes
    g_assert_true(dma_write(d->w->machine, DRIVER_DATA, frame, sizeof frame));
    driver_desc_at(d, base, 0, DRIVER_DATA, sizeof frame, 0, 0);
    driver_poke(d, avail + 2, 1, 2);
    world_reload(d->w);
    set(io + 16, 2, 1);
    g_assert_cmpuint(fake_net_out->len, ==, 1);
    gsize len;
    g_assert_cmpmem(g_bytes_get_data(fake_net_out->pdata[0], &len), 6, frame + 10, 6);
    g_assert_cmpuint(len, ==, 62);
    g_assert_cmpuint(driver_peek(d, used + 2, 2), ==, 1);
    g_assert_true(world_irq(d->w, d->host, 1));
    g_assert_cmphex(get(io + 19, 1), ==, 1);
    g_assert_false(world_irq(d->w, d->host, 1));
    set(io + 20, 1, 0x02); // the address may be written
    g_assert_cmphex(get(io + 20, 1), ==, 0x02);
    // With MSI-X two vectors come before the configuration.
    set(config(0x9a), 2, 0x8000);
    g_assert_cmphex(get(io + 24, 1), ==, 0x02);
    set(io + 20, 2, 3);
    set(io + 22, 2, 4);
    g_assert_cmphex(get(io + 20, 2), ==, 3);
    g_assert_cmphex(get(io + 22, 2), ==, 0xffff);
    set(io + 8, 4, 0); // resets
    g_assert_cmphex(get(io + 18, 1), ==, 0);
    teardown();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-pci/config", test_config);
    g_test_add_func("/virtio-pci/properties", test_properties);
    g_test_add_func("/virtio-pci/messages", test_messages);
    g_test_add_func("/virtio-pci/common", test_common);
    g_test_add_func("/virtio-pci/config-window", test_config_window);
    g_test_add_func("/virtio-pci/legacy", test_legacy);
    return g_test_run();
}
