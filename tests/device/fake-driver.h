// SPDX-License-Identifier: GPL-2.0-or-later
// A virtio driver for tests: brings a device up through virtio-mmio or virtio-pci and lets the test
// write every byte of its rings, right or wrong. Registers have virtio-mmio's names on both; over PCI
// interrupts are INTx.
//
//     Driver *d = driver_new(w, "virtio-rng-device", NULL);
//     driver_start(d, 0);
//     driver_desc(d, 0, 0, DRIVER_DATA, 16, DESC_WRITE, 0);
//     driver_offer(d, 0, 0);
//     driver_notify(d, 0);
//     g_assert_cmpuint(driver_used(d, 0, &len), ==, 0);
#pragma once
#include "hw/virtio/virtio.h"
#include "tests/device/fake-world.h"

enum {
    DRIVER_RINGS = WORLD_RAM_BASE,
    DRIVER_DATA = WORLD_RAM_BASE + 0x100000,
    DRIVER_QUEUE_SIZE = 8
};
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { // virtio-mmio's registers
    MMIO_DEVICE_ID = 0x008, MMIO_FEATURES = 0x010, MMIO_FEATURES_SEL = 0x014,
    MMIO_DRIVER_FEATURES = 0x020, MMIO_DRIVER_FEATURES_SEL = 0x024, MMIO_QUEUE_SEL = 0x030,
    MMIO_QUEUE_NUM_MAX = 0x034, MMIO_QUEUE_NUM = 0x038, MMIO_QUEUE_READY = 0x044,
    MMIO_QUEUE_NOTIFY = 0x050, MMIO_ISR = 0x060, MMIO_ACK = 0x064, MMIO_STATUS = 0x070,
    MMIO_QUEUE_DESC = 0x080, MMIO_QUEUE_AVAIL = 0x090, MMIO_QUEUE_USED = 0x0a0, MMIO_CONFIG = 0x100,
};

typedef struct Driver {
    World *w;
    Device *mmio, *dev;  // transport and device
    Device *host;        // PCI: its host bridge; else NULL
    uint64_t gpa;        // PCI: where its BAR 4 is
    uint32_t isr;        // PCI: read (and so cleared) before driver_irq asks
    uint16_t avail[VIRTIO_QUEUES_MAX], used[VIRTIO_QUEUES_MAX]; // indexes reached
} Driver;

// The device on a transport of its own; `properties` as world_device takes them.
Driver *driver_new(World *w, const char *type, const char *properties);
// The same over PCI, for a type like "virtio-rng-pci": BARs 0, 1 and 4 are at I/O 0x1000 and the
// two addresses, its bus mastering is on.
Driver *driver_new_pci(World *w, const char *type, const char *properties);
enum { DRIVER_ECAM = 0x30000000, DRIVER_PIO = 0x3000000, DRIVER_BAR1 = 0x40010000,
       DRIVER_BAR4 = 0x40000000, DRIVER_LEGACY = DRIVER_PIO + 0x1000 };
void driver_free(Driver *d);
// Resets the device and brings it up with these features and VERSION_1, all its queues of
// DRIVER_QUEUE_SIZE descriptors.
void driver_start(Driver *d, uint64_t features);

uint32_t driver_get(Driver *d, unsigned reg);
void driver_set(Driver *d, unsigned reg, uint32_t value);
uint64_t driver_features(Driver *d);           // that the device offers
uint64_t driver_config(Driver *d, unsigned offset, unsigned size);
bool driver_broken(Driver *d);                 // NEEDS_RESET is set
bool driver_irq(Driver *d);                    // the interrupt line; acknowledges all

// Address of a ring's part: 0 descriptors, 1 available, 2 used.
uint64_t driver_ring(unsigned queue, unsigned part);
void driver_poke(Driver *d, uint64_t gpa, uint64_t value, unsigned size); // little-endian
uint64_t driver_peek(Driver *d, uint64_t gpa, unsigned size);
void driver_desc_at(Driver *d, uint64_t table, unsigned i, uint64_t gpa, uint32_t len,
                    unsigned flags, unsigned next);
void driver_desc(Driver *d, unsigned queue, unsigned i, uint64_t gpa, uint32_t len, unsigned flags,
                 unsigned next);
void driver_offer(Driver *d, unsigned queue, unsigned head);
void driver_notify(Driver *d, unsigned queue);
// Takes the next used entry: its head, or -1; *len the bytes written (NULL: don't care).
int driver_used(Driver *d, unsigned queue, uint32_t *len);
