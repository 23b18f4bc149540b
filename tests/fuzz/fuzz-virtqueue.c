// SPDX-License-Identifier: GPL-2.0-or-later
// Virtqueues of nonsense: a driver brings a device up properly, then offers random descriptors (chains, loops, indirect tables, nested ones, any flags,
// addresses inside, at the edge of and outside RAM, lengths of nothing and of 4 GiB), random indexes, and requests that are nearly right.
//
//     fuzz-virtqueue [ROUNDS [SEED]]
//
// The device must take, refuse or call itself broken each; after a reset it must work. Equal seeds give equal states.
#include <stdlib.h>
#include <string.h>

#include "tests/device/fake-driver.h"
#include "tests/device/fake-ports.h"
#include "tests/fuzz/random.h"

enum { STORM = 3000, QUEUE = DRIVER_QUEUE_SIZE, TABLE = 32 };

static const char *const types[] = { "virtio-blk-device", "virtio-net-device", "virtio-rng-device" };

static uint64_t random_gpa(void)
{
    switch (below(12)) {
    case 0: return next();
    case 1: return WORLD_RAM_BASE + WORLD_RAM_BYTES - below(4096);
    case 2: return WORLD_RAM_BASE - below(64);
    case 3: return driver_ring((unsigned)below(2), (unsigned)below(3)) + below(64); // the rings themselves
    case 4: return UINT64_MAX - below(64);
    default: return DRIVER_DATA + below(1 << 20);
    }
}

static uint32_t random_len(void)
{
    switch (below(12)) {
    case 0: return 0;
    case 1: return (uint32_t)next();
    case 2: return UINT32_MAX - (uint32_t)below(16);
    case 3: return 1u << below(32);
    case 4: return (uint32_t)(16 * below(40)); // a table
    default: return 1 + (uint32_t)below(4096);
    }
}

static void random_desc(Driver *d, uint64_t table, unsigned i, unsigned entries)
{
    unsigned flags = below(16) ? (unsigned)(below(2) | below(2) << 1 | (below(6) == 0) << 2) : (unsigned)next() & 0xffff;
    driver_desc_at(d, table, i, random_gpa(), random_len(), flags, (unsigned)(below(16) ? below(entries) : next() & 0xffff));
}

static uint64_t random_sector(void)
{
    switch (below(8)) {
    case 0: return next();
    case 1: return UINT64_MAX - below(16);
    case 2: return FAKE_DRIVE_BYTES / 512 - below(16);
    default: return below(FAKE_DRIVE_BYTES / 512);
    }
}

// header, data, status as virtio-blk wants them, but for one thing or two.
static void nearly_block(Driver *d, unsigned queue)
{
    uint64_t header = DRIVER_DATA + 0x1000, data = DRIVER_DATA + 0x2000 + below(0x1000);
    static const uint32_t kinds[] = { 0, 1, 4, 8, 11, 13 };
    uint32_t kind = below(16) ? kinds[below(G_N_ELEMENTS(kinds))] : (uint32_t)next();
    bool out = kind == 1 || kind == 11 || kind == 13;
    driver_poke(d, header, kind, 4);
    driver_poke(d, header + 8, random_sector(), 8);
    for (unsigned i = 0; i < 4; i++) {
        driver_poke(d, data + 8 * i, random_sector(), 8);
    }
    driver_desc(d, queue, 0, header, below(16) ? 16 : random_len(), DESC_NEXT, 1);
    driver_desc(d, queue, 1, data, below(4) ? 512 * (uint32_t)below(9) : out ? 16 * (uint32_t)below(20) : random_len(),
                DESC_NEXT | (out ? 0 : DESC_WRITE), 2);
    driver_desc(d, queue, 2, DRIVER_DATA + 0x800, below(16) ? 1 : random_len(), DESC_WRITE, 0);
}

static void random_chain(Driver *d, unsigned queue)
{
    for (unsigned i = 0; i < QUEUE; i++) {
        random_desc(d, driver_ring(queue, 0), i, QUEUE);
    }
    if (below(3) == 0) { // an indirect table that is one
        uint64_t table = DRIVER_DATA + 0x8000;
        unsigned entries = 1 + (unsigned)below(TABLE);
        for (unsigned i = 0; i < entries; i++) {
            random_desc(d, table, i, entries);
        }
        driver_desc(d, queue, (unsigned)below(QUEUE), table, entries * 16, DESC_INDIRECT, 0);
    }
}

static void start(Driver *d)
{
    // Everything, nothing, or indirect descriptors and event index at random: other mixtures are refused for their own reasons.
    uint64_t ring = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX, masks[] = { UINT64_MAX, ring & next(), ring & next() };
    driver_start(d, driver_features(d) & masks[below(3)]);
}

static void offer_once(Driver *d, const char *name)
{
    const VirtioClass *class = d->dev->type->class;
    unsigned queue = (unsigned)below(class->nqueues);
    if (!strcmp(name, "virtio-blk-device") && below(2)) {
        nearly_block(d, queue);
        driver_offer(d, queue, 0);
    } else {
        random_chain(d, queue);
        for (uint64_t n = 1 + below(3); n > 0; n--) {
            driver_offer(d, queue, (unsigned)(below(16) ? below(QUEUE) : next() & 0xffff));
        }
    }
    if (below(64) == 0) { // an index that jumped, an interrupt flag or event of any kind
        driver_poke(d, driver_ring(queue, 1) + 2 * below(QUEUE + 3), next(), 2);
    }
    driver_notify(d, (unsigned)(below(16) ? queue : next() & 0xffff));
    uint8_t frame[1600] = { 0 };
    switch (below(4)) {
    case 0:
        if (!strcmp(name, "virtio-net-device")) {
            fake_net_in(frame, 14 + below(sizeof(frame) - 14));
        }
        break;
    case 1: world_advance_ns(d->w, (int64_t)below(UINT64_C(1) << below(38))); break;
    default: fake_drive_complete(below(8) ? 0 : -5); break;
    }
}

static uint64_t storm(const char *name, uint64_t seed)
{
    World *w = world_new();
    memset(fake_drive_bytes, 0x5a, sizeof(fake_drive_bytes));
    Driver *d = driver_new(w, name, strcmp(name, types[0]) ? NULL : "drive=d0");
    state = seed;
    start(d);
    for (unsigned i = 0; i < STORM; i++) {
        offer_once(d, name);
        if (driver_broken(d) ? below(4) == 0 : below(200) == 0) {
            start(d);
            g_assert_false(driver_broken(d));
        }
        w->machine->request = REQUEST_NONE;
    }
    while (fake_drive_complete(0)) {
    }
    uint64_t seen = machine_digest(w->machine) ^ machine_ram_digest(w->machine);
    driver_free(d);
    world_free(w);
    return seen;
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 3, n = 0;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    bool failed = false;
    for (unsigned i = 0; i < rounds; i++) {
        for (unsigned t = 0; t < G_N_ELEMENTS(types); t++) {
            bool same = storm(types[t], first + i) == storm(types[t], first + i);
            failed |= !same;
            g_print("%sok %u - %s, seed %" G_GUINT64_FORMAT "\n", same ? "" : "not ", ++n, types[t], (guint64)(first + i));
        }
    }
    g_print("1..%u\n", n);
    return failed;
}
