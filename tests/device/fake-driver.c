// SPDX-License-Identifier: GPL-2.0-or-later
// A virtio driver for tests.
#include "tests/device/fake-driver.h"

#include <string.h>

#include "hw/pci-host/gpex.h"
#include "hw/pci/pci.h"

extern const DeviceType device_virtio_mmio, device_gpex_pcihost;

static void realize(Driver *d, Device *dev, const char *properties)
{
    Error err = {""};
    char **pairs = g_strsplit(properties ? properties : "", ",", -1);
    for (char **pair = pairs; *pair; pair++) {
        char *value = strchr(*pair, '=');
        *value++ = '\0';
        g_assert_true(device_set(dev, *pair, value, &err));
    }
    g_strfreev(pairs);
    if (!device_realize(dev, &err)) {
        g_error("%s", err.msg);
    }
    machine_reset(d->w->machine);
}

Driver *driver_new(World *w, const char *type, const char *properties)
{
    Driver *d = g_new0(Driver, 1);
    d->w = w;
    d->mmio = world_device(w, &device_virtio_mmio, NULL);
    d->dev = device_new(w->machine, device_type_find(type), NULL, d->mmio);
    realize(d, d->dev, properties);
    return d;
}

static void config_set(Driver *d, unsigned reg, unsigned size, uint32_t value)
{
    uint64_t gpa = DRIVER_ECAM + ((unsigned)((PciDevice *)d->mmio)->devfn << 12) + reg;
    g_assert_true(mmio_write(d->w->machine, gpa, size, value));
}

Driver *driver_new_pci(World *w, const char *type, const char *properties)
{
    static const GpexWindow window[GPEX_WINDOWS] = {
        [GPEX_ECAM] = {DRIVER_ECAM, 1 << 28},
        [GPEX_MMIO] = {0x40000000, 1 << 30},
        [GPEX_PIO] = {DRIVER_PIO, 1 << 16},
    };
    Error err = {""};
    Driver *d = g_new0(Driver, 1);
    d->w = w;
    d->host = device_new(w->machine, &device_gpex_pcihost, NULL, NULL);
    g_assert_true(device_realize(d->host, &err));
    gpex_place(d->host, window);
    for (unsigned i = 0; i < PCI_PINS; i++) {
        irq_connect(d->host, i, w->sink, d->host->index * DEVICE_IRQS + i);
    }
    d->mmio = device_new(w->machine, device_type_find(type), NULL, d->host);
    d->dev = d->mmio->inner;
    realize(d, d->mmio, properties);
    config_set(d, PCI_BAR0, 4, DRIVER_LEGACY - DRIVER_PIO);
    config_set(d, PCI_BAR0 + 4, 4, DRIVER_BAR1);
    config_set(d, PCI_BAR0 + 16, 4, DRIVER_BAR4);
    config_set(d, PCI_COMMAND, 2, 7);
    d->gpa = DRIVER_BAR4;
    return d;
}

void driver_free(Driver *d) { g_free(d); }

// Where virtio-pci has what virtio-mmio has at `reg`; *size its size there.
static uint64_t pci_place(const Driver *d, unsigned reg, unsigned *size)
{
    static const struct { uint16_t mmio, pci, size; } places[] = {
        {MMIO_FEATURES, 4, 4}, {MMIO_FEATURES_SEL, 0, 4}, {MMIO_DRIVER_FEATURES, 12, 4},
        {MMIO_DRIVER_FEATURES_SEL, 8, 4}, {MMIO_QUEUE_SEL, 22, 2}, {MMIO_QUEUE_NUM_MAX, 24, 2},
        {MMIO_QUEUE_NUM, 24, 2}, {MMIO_QUEUE_READY, 28, 2}, {MMIO_ISR, 0x1000, 1},
        {MMIO_STATUS, 20, 1}, {MMIO_QUEUE_DESC, 32, 4}, {MMIO_QUEUE_DESC + 4, 36, 4},
        {MMIO_QUEUE_AVAIL, 40, 4}, {MMIO_QUEUE_AVAIL + 4, 44, 4}, {MMIO_QUEUE_USED, 48, 4},
        {MMIO_QUEUE_USED + 4, 52, 4},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        if (places[i].mmio == reg) {
            *size = places[i].size;
            return d->gpa + places[i].pci;
        }
    }
    g_error("virtio-pci has no register 0x%x", reg);
}

uint32_t driver_get(Driver *d, unsigned reg)
{
    uint64_t value;
    unsigned size = 4;
    if (!d->host) {
        return (uint32_t)world_read(d->w, d->mmio, reg, 4);
    }
    bool level = world_irq(d->w, d->host, ((PciDevice *)d->mmio)->devfn >> 3 & 3);
    uint64_t gpa = pci_place(d, reg, &size); // first: it sets the size
    g_assert_true(mmio_read(d->w->machine, gpa, size, &value));
    if (reg == MMIO_ISR) {
        g_assert_cmpint(level, ==, value != 0);
        d->isr |= (uint32_t)value;
        return d->isr;
    }
    return (uint32_t)value;
}

void driver_set(Driver *d, unsigned reg, uint32_t value)
{
    unsigned size = 2;
    if (!d->host) {
        world_write(d->w, d->mmio, reg, 4, value);
        return;
    }
    uint64_t gpa =
        reg == MMIO_QUEUE_NOTIFY ? d->gpa + 0x3000 + 4 * value : pci_place(d, reg, &size);
    g_assert_true(mmio_write(d->w->machine, gpa, size, value));
}

uint64_t driver_features(Driver *d)
{
    driver_set(d, MMIO_FEATURES_SEL, 1);
    uint64_t high = driver_get(d, MMIO_FEATURES);
    driver_set(d, MMIO_FEATURES_SEL, 0);
    return high << 32 | driver_get(d, MMIO_FEATURES);
}

uint64_t driver_config(Driver *d, unsigned offset, unsigned size)
{
    uint64_t value;
    if (!d->host) {
        return world_read(d->w, d->mmio, MMIO_CONFIG + offset, size);
    }
    g_assert_true(mmio_read(d->w->machine, d->gpa + 0x2000 + offset, size, &value));
    return value;
}

bool driver_broken(Driver *d) { return driver_get(d, MMIO_STATUS) & VIRTIO_NEEDS_RESET; }

bool driver_irq(Driver *d)
{
    if (d->host) {
        bool any = driver_get(d, MMIO_ISR) != 0;
        d->isr = 0;
        g_assert_false(world_irq(d->w, d->host, ((PciDevice *)d->mmio)->devfn >> 3 & 3));
        return any;
    }
    bool level = world_irq(d->w, d->mmio, 0);
    g_assert_cmpint(level, ==, driver_get(d, MMIO_ISR) != 0);
    driver_set(d, MMIO_ACK, 3);
    g_assert_false(world_irq(d->w, d->mmio, 0));
    return level;
}

uint64_t driver_ring(unsigned queue, unsigned part)
{
    return DRIVER_RINGS + 0x10000 * queue + 0x4000 * part;
}

static void set_queue(Driver *d, unsigned queue)
{
    static const unsigned regs[] = {MMIO_QUEUE_DESC, MMIO_QUEUE_AVAIL, MMIO_QUEUE_USED};
    driver_set(d, MMIO_QUEUE_SEL, queue);
    driver_set(d, MMIO_QUEUE_NUM, DRIVER_QUEUE_SIZE);
    for (unsigned part = 0; part < 3; part++) {
        driver_set(d, regs[part], (uint32_t)driver_ring(queue, part));
        driver_set(d, regs[part] + 4, (uint32_t)(driver_ring(queue, part) >> 32));
    }
    driver_set(d, MMIO_QUEUE_READY, 1);
    g_assert_cmpuint(driver_get(d, MMIO_QUEUE_READY), ==, 1);
}

void driver_start(Driver *d, uint64_t features)
{
    features |= VIRTIO_F_VERSION_1;
    memset(d->w->ram->host, 0, DRIVER_DATA - DRIVER_RINGS);
    memset(d->avail, 0, sizeof d->avail);
    memset(d->used, 0, sizeof d->used);
    driver_set(d, MMIO_STATUS, 0);
    driver_set(d, MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    for (unsigned half = 0; half < 2; half++) {
        driver_set(d, MMIO_DRIVER_FEATURES_SEL, half);
        driver_set(d, MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32 * half));
    }
    driver_set(d, MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    g_assert_true(driver_get(d, MMIO_STATUS) & VIRTIO_FEATURES_OK);
    for (unsigned i = 0; i < virtio_queues((VirtioDevice *)d->dev); i++) {
        set_queue(d, i);
    }
    driver_set(d, MMIO_STATUS, driver_get(d, MMIO_STATUS) | VIRTIO_DRIVER_OK);
}

void driver_poke(Driver *d, uint64_t gpa, uint64_t value, unsigned size)
{
    value = GUINT64_TO_LE(value);
    g_assert_true(dma_write(d->w->machine, gpa, &value, size));
}

uint64_t driver_peek(Driver *d, uint64_t gpa, unsigned size)
{
    uint64_t value = 0;
    g_assert_true(dma_read(d->w->machine, gpa, &value, size));
    return GUINT64_FROM_LE(value);
}

void driver_desc_at(Driver *d, uint64_t table, unsigned i, uint64_t gpa, uint32_t len,
                    unsigned flags, unsigned next)
{
    driver_poke(d, table + 16 * i, gpa, 8);
    driver_poke(d, table + 16 * i + 8, len, 4);
    driver_poke(d, table + 16 * i + 12, flags, 2);
    driver_poke(d, table + 16 * i + 14, next, 2);
}

void driver_desc(Driver *d, unsigned queue, unsigned i, uint64_t gpa, uint32_t len, unsigned flags,
                 unsigned next)
{
    driver_desc_at(d, driver_ring(queue, 0), i, gpa, len, flags, next);
}

void driver_offer(Driver *d, unsigned queue, unsigned head)
{
    uint64_t ring = driver_ring(queue, 1);
    driver_poke(d, ring + 4 + 2 * (d->avail[queue] % DRIVER_QUEUE_SIZE), head, 2);
    driver_poke(d, ring + 2, ++d->avail[queue], 2);
}

void driver_notify(Driver *d, unsigned queue) { driver_set(d, MMIO_QUEUE_NOTIFY, queue); }

int driver_used(Driver *d, unsigned queue, uint32_t *len)
{
    uint64_t ring = driver_ring(queue, 2);
    if (driver_peek(d, ring + 2, 2) == d->used[queue]) {
        return -1;
    }
    uint64_t entry = ring + 4 + 8 * (d->used[queue]++ % DRIVER_QUEUE_SIZE);
    if (len) {
        *len = (uint32_t)driver_peek(d, entry + 4, 4);
    }
    return (int)driver_peek(d, entry, 4);
}
