// SPDX-License-Identifier: GPL-2.0-or-later
// A virtio driver for tests.
#include "tests/device/fake-driver.h"

#include <string.h>

extern const DeviceType device_virtio_mmio;

Driver *driver_new(World *w, const char *type, const char *properties)
{
    Driver *d = g_new0(Driver, 1);
    Error err = {""};
    d->w = w;
    d->mmio = world_device(w, &device_virtio_mmio, NULL);
    d->dev = device_new(w->machine, device_type_find(type), NULL, d->mmio);
    char **pairs = g_strsplit(properties ? properties : "", ",", -1);
    for (char **pair = pairs; *pair; pair++) {
        char *value = strchr(*pair, '=');
        *value++ = '\0';
        g_assert_true(device_set(d->dev, *pair, value, &err));
    }
    g_strfreev(pairs);
    if (!device_realize(d->dev, &err)) {
        g_error("%s", err.msg);
    }
    machine_reset(w->machine);
    return d;
}

void driver_free(Driver *d) { g_free(d); }

uint32_t driver_get(Driver *d, unsigned reg) { return (uint32_t)world_read(d->w, d->mmio, reg, 4); }
void driver_set(Driver *d, unsigned reg, uint32_t value)
{
    world_write(d->w, d->mmio, reg, 4, value);
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
    return world_read(d->w, d->mmio, MMIO_CONFIG + offset, size);
}

bool driver_broken(Driver *d) { return driver_get(d, MMIO_STATUS) & VIRTIO_NEEDS_RESET; }

bool driver_irq(Driver *d)
{
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
    memset(d->w->ram->host, 0, 0x40000);
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
