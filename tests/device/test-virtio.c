// SPDX-License-Identifier: GPL-2.0-or-later
// Virtio's common part, virtio-mmio and virtio-pci, by way of virtio-rng: negotiation, rings right
// and wrong, interrupts with and without event index, rate limit; the legacy layout of virtio-mmio.
#include "tests/device/fake-driver.h"

#include <string.h>

// The same tests are there twice.
static bool over_pci(void) { return g_str_has_prefix(g_test_get_path(), "/virtio-pci/"); }

static Driver *rng_new(World *w, const char *properties)
{
    return over_pci() ? driver_new_pci(w, "virtio-rng-pci", properties)
                    : driver_new(w, "virtio-rng-device", properties);
}

static void test_negotiation(void)
{
    World *w = world_new();
    Driver *d = driver_new(w, "virtio-rng-device", NULL);
    g_assert_cmphex(driver_get(d, 0), ==, 0x74726976);
    g_assert_cmpuint(driver_get(d, 4), ==, 2);
    g_assert_cmpuint(driver_get(d, MMIO_DEVICE_ID), ==, 4);
    g_assert_cmphex(driver_features(d), ==, 0x130000000ull);
    g_assert_cmpuint(driver_get(d, MMIO_QUEUE_NUM_MAX), ==, 8);
    driver_set(d, MMIO_QUEUE_SEL, 1);
    g_assert_cmpuint(driver_get(d, MMIO_QUEUE_NUM_MAX), ==, 0);
    driver_set(d, MMIO_QUEUE_READY, 1); // no such queue
    g_assert_cmpuint(driver_get(d, MMIO_QUEUE_READY), ==, 0);
    driver_set(d, MMIO_STATUS, 3 | VIRTIO_FEATURES_OK); // without VERSION_1
    g_assert_cmphex(driver_get(d, MMIO_STATUS), ==, 3);
    driver_set(d, MMIO_STATUS, 3 | VIRTIO_DRIVER_OK);
    g_assert_cmphex(driver_get(d, MMIO_STATUS), ==, 3);
    driver_set(d, MMIO_DRIVER_FEATURES, 1); // bit 0 isn't offered
    driver_set(d, MMIO_DRIVER_FEATURES_SEL, 1);
    driver_set(d, MMIO_DRIVER_FEATURES, 1);
    driver_set(d, MMIO_STATUS, 3 | VIRTIO_FEATURES_OK);
    g_assert_cmphex(driver_get(d, MMIO_STATUS), ==, 3);
    driver_start(d, 0);
    g_assert_cmphex(driver_get(d, MMIO_STATUS), ==, 0xf);
    driver_set(d, MMIO_STATUS, 1); // bits can't be cleared one by one
    g_assert_cmphex(driver_get(d, MMIO_STATUS), ==, 0xf);
    world_reload(w);
    driver_set(d, MMIO_STATUS, 0);
    g_assert_cmphex(driver_get(d, MMIO_STATUS), ==, 0);
    driver_set(d, MMIO_QUEUE_SEL, 0);
    g_assert_cmpuint(driver_get(d, MMIO_QUEUE_READY), ==, 0);
    driver_set(d, MMIO_QUEUE_NUM, 3); // no power of two
    g_assert_cmpuint(driver_config(d, 0, 4), ==, 0); // it has no configuration
    Device *empty = world_device(w, d->mmio->type, NULL);
    g_assert_cmphex(world_read(w, empty, 0, 4), ==, 0x74726976);
    g_assert_cmpuint(world_read(w, empty, MMIO_DEVICE_ID, 4), ==, 0);
    world_write(w, empty, MMIO_STATUS, 4, 1);
    world_write(w, empty, MMIO_QUEUE_NOTIFY, 4, 0);
    g_assert_cmpuint(world_read(w, empty, MMIO_STATUS, 4), ==, 0);
    driver_free(d);
    world_free(w);
}

static void test_buffers(void)
{
    World *w = world_new();
    Driver *d = rng_new(w, NULL);
    uint32_t len;
    driver_start(d, VIRTIO_F_INDIRECT_DESC);
    world_script_random(w, "0123456789abcdefghijk", 21);
    // A chain of two, of which one is indirect and holds two.
    driver_desc(d, 0, 5, DRIVER_DATA, 4, DESC_WRITE | DESC_NEXT, 2);
    driver_desc(d, 0, 2, DRIVER_DATA + 0x1000, 32, DESC_INDIRECT, 0);
    driver_desc_at(d, DRIVER_DATA + 0x1000, 0, DRIVER_DATA + 6, 5, DESC_WRITE | DESC_NEXT, 1);
    driver_desc_at(d, DRIVER_DATA + 0x1000, 1, DRIVER_DATA + 12, 7, DESC_WRITE, 0);
    driver_offer(d, 0, 5);
    driver_notify(d, 0);
    g_assert_cmpint(driver_used(d, 0, &len), ==, 5);
    g_assert_cmpuint(len, ==, 16);
    g_assert_cmpmem(w->ram->host + 0x100000, 19, "0123\0\00045678\0009abcdef", 19);
    g_assert_true(driver_irq(d));
    driver_poke(d, driver_ring(0, 1), 1, 2); // NO_INTERRUPT
    for (unsigned i = 0; i < 20; i++) {      // around the ring
        driver_desc(d, 0, i % 8, DRIVER_DATA, 1, DESC_WRITE, 0);
        driver_offer(d, 0, i % 8);
        driver_notify(d, 0);
        g_assert_cmpint(driver_used(d, 0, NULL), ==, i % 8);
    }
    g_assert_false(driver_irq(d));
    driver_notify(d, 0); // nothing new
    driver_notify(d, 7); // no such queue
    g_assert_cmpint(driver_used(d, 0, NULL), ==, -1);
    g_assert_false(driver_broken(d));
    driver_free(d);
    world_free(w);
}

static void test_event_index(void)
{
    World *w = world_new();
    Driver *d = rng_new(w, NULL);
    driver_start(d, VIRTIO_F_EVENT_IDX);
    for (unsigned i = 0; i < 8; i++) {
        driver_desc(d, 0, i, DRIVER_DATA, 8, DESC_WRITE, 0);
    }
    driver_poke(d, driver_ring(0, 1) + 4 + 2 * 8, 2, 2); // used_event: when entry 2 is filled
    driver_offer(d, 0, 0);
    driver_offer(d, 0, 1);
    driver_notify(d, 0);
    g_assert_false(driver_irq(d));
    g_assert_cmpuint(driver_peek(d, driver_ring(0, 2) + 4 + 8 * 8, 2), ==, 2); // avail_event
    world_reload(w);
    driver_offer(d, 0, 2);
    driver_notify(d, 0);
    g_assert_true(driver_irq(d));
    driver_offer(d, 0, 3);
    driver_notify(d, 0);
    g_assert_false(driver_irq(d));
    driver_free(d);
    world_free(w);
}

// ---- rings that make no sense ----

static Driver *d; // of the malformed cases

static void one(uint64_t gpa, uint32_t len, unsigned flags, unsigned next)
{
    driver_desc(d, 0, 0, gpa, len, flags, next);
    driver_offer(d, 0, 0);
}

static void bad_head(void) { driver_offer(d, 0, 8); }
static void bad_index(void) { driver_poke(d, driver_ring(0, 1) + 2, 9, 2); }
static void bad_next(void) { one(DRIVER_DATA, 1, DESC_WRITE | DESC_NEXT, 8); }
static void bad_loop(void) { one(DRIVER_DATA, 1, DESC_WRITE | DESC_NEXT, 0); }
static void bad_buffer(void) { one(0x1000, 16, DESC_WRITE, 0); }
static void bad_buffer_wrap(void) { one(UINT64_MAX - 4, 16, DESC_WRITE, 0); }
static void bad_buffer_end(void) { one(WORLD_RAM_BASE + WORLD_RAM_BYTES - 8, 16, DESC_WRITE, 0); }
static void bad_indirect_address(void) { one(0x1000, 16, DESC_INDIRECT, 0); }
static void bad_indirect_size(void) { one(DRIVER_DATA, 17, DESC_INDIRECT, 0); }
static void bad_indirect_empty(void) { one(DRIVER_DATA, 0, DESC_INDIRECT, 0); }
static void bad_indirect_next(void) { one(DRIVER_DATA, 16, DESC_INDIRECT | DESC_NEXT, 1); }

static void bad_order(void)
{
    driver_desc(d, 0, 1, DRIVER_DATA, 1, 0, 0);
    one(DRIVER_DATA, 1, DESC_WRITE | DESC_NEXT, 1);
}

static void bad_indirect_nested(void)
{
    driver_desc_at(d, DRIVER_DATA, 0, DRIVER_DATA, 16, DESC_INDIRECT, 0);
    one(DRIVER_DATA, 16, DESC_INDIRECT, 0);
}

static void bad_indirect_loop(void)
{
    driver_desc_at(d, DRIVER_DATA, 0, DRIVER_DATA + 64, 1, DESC_WRITE | DESC_NEXT, 0);
    one(DRIVER_DATA, 16, DESC_INDIRECT, 0);
}

static void bad_indirect_next_outside(void)
{
    driver_desc_at(d, DRIVER_DATA, 0, DRIVER_DATA + 64, 1, DESC_WRITE | DESC_NEXT, 1);
    one(DRIVER_DATA, 16, DESC_INDIRECT, 0);
}

static void bad_total(void)
{
    driver_desc(d, 0, 1, DRIVER_DATA, 0xffffffff, DESC_WRITE, 0);
    one(DRIVER_DATA, 0xffffffff, DESC_WRITE | DESC_NEXT, 1);
}

static void bad_ring(void)
{
    driver_set(d, MMIO_QUEUE_READY, 0);
    driver_set(d, MMIO_QUEUE_AVAIL, 0x10);
    driver_set(d, MMIO_QUEUE_READY, 1);
}

static void bad_table(void)
{
    driver_set(d, MMIO_QUEUE_READY, 0);
    driver_set(d, MMIO_QUEUE_DESC, 0xfffffff0);
    driver_set(d, MMIO_QUEUE_DESC + 4, 0xffffffff);
    driver_set(d, MMIO_QUEUE_READY, 1);
    driver_offer(d, 0, 0);
}

static void test_malformed(void)
{
    static void (*const cases[])(void) = {
        bad_head, bad_index, bad_next, bad_loop, bad_buffer, bad_buffer_wrap, bad_buffer_end,
        bad_indirect_address, bad_indirect_size, bad_indirect_empty, bad_indirect_next, bad_order,
        bad_indirect_nested, bad_indirect_loop, bad_indirect_next_outside, bad_total,
        bad_ring, bad_table, // these two stop a queue, which can't be done over PCI
    };
    unsigned ncases = G_N_ELEMENTS(cases) - (over_pci() ? 2 : 0);
    World *w = world_new();
    d = rng_new(w, NULL);
    for (unsigned i = 0; i < ncases; i++) {
        g_test_message("case %u", i);
        driver_start(d, VIRTIO_F_INDIRECT_DESC);
        cases[i]();
        g_assert_false(driver_broken(d));
        driver_notify(d, 0);
        g_assert_true(driver_broken(d));
        g_assert_cmphex(driver_get(d, MMIO_ISR), ==, VIRTIO_ISR_CONFIG);
        g_assert_true(driver_irq(d));
        driver_notify(d, 0); // at rest until reset
        g_assert_false(driver_irq(d));
        g_assert_cmpint(driver_used(d, 0, NULL), ==, -1);
    }
    driver_start(d, 0); // not negotiated
    bad_indirect_loop();
    driver_notify(d, 0);
    g_assert_true(driver_broken(d));
    driver_start(d, 0);
    one(DRIVER_DATA, 5, DESC_WRITE, 0);
    driver_notify(d, 0);
    g_assert_cmpint(driver_used(d, 0, NULL), ==, 0); // well again
    driver_free(d);
    world_free(w);
}

// A buffer that covers the available ring: the device's own write moves its index.
static void test_self_feeding(void)
{
    World *w = world_new();
    uint8_t ones[4096];
    memset(ones, 1, sizeof ones);
    world_script_random(w, ones, sizeof ones);
    d = rng_new(w, NULL);
    driver_start(d, 0);
    for (unsigned i = 0; i < 8; i++) {
        driver_desc(d, 0, i, driver_ring(0, 1) + 2, 2, DESC_WRITE, 0);
    }
    driver_offer(d, 0, 0);
    driver_notify(d, 0); // returns
    g_assert_cmpint(driver_used(d, 0, NULL), ==, 0);
    g_assert_cmpint(driver_used(d, 0, NULL), ==, -1);
    driver_notify(d, 0);
    g_assert_true(driver_broken(d)); // index 0x0101 is too far ahead
    driver_free(d);
    world_free(w);
}

static void test_rng_rate(void)
{
    World *w = world_new();
    uint32_t len;
    d = rng_new(w, "max-bytes=10,period=2");
    driver_start(d, 0);
    driver_desc(d, 0, 0, DRIVER_DATA, 64, DESC_WRITE, 0);
    driver_offer(d, 0, 0);
    driver_offer(d, 0, 0);
    driver_notify(d, 0);
    g_assert_cmpint(driver_used(d, 0, &len), ==, 0);
    g_assert_cmpuint(len, ==, 10);
    g_assert_cmpint(driver_used(d, 0, &len), ==, -1);
    world_reload(w);
    world_advance_ns(w, 1999999);
    g_assert_cmpint(driver_used(d, 0, &len), ==, -1);
    world_advance_ns(w, 1);
    g_assert_cmpint(driver_used(d, 0, &len), ==, 0);
    driver_free(d);
    world_free(w);
}

// ---- the legacy layout ----

enum { LEGACY_PAGE_SIZE = 0x028, LEGACY_ALIGN = 0x03c, LEGACY_PFN = 0x040 };

static void test_legacy(void)
{
    World *w = world_new();
    Error err = {""};
    const uint64_t base = DRIVER_RINGS, avail = base + 16 * 8, used = base + 256;
    g_assert_true(device_global(w->machine, device_type_find("virtio-mmio"), "force-legacy", "on",
                                &err));
    d = driver_new(w, "virtio-rng-device", NULL);
    g_assert_cmpuint(driver_get(d, 4), ==, 1);
    g_assert_cmphex(driver_features(d), ==, 0x38000000); // no VERSION_1, but ANY_LAYOUT
    driver_set(d, MMIO_STATUS, 3);
    driver_set(d, LEGACY_PAGE_SIZE, 4096);
    driver_set(d, MMIO_QUEUE_SEL, 0);
    g_assert_cmphex(driver_get(d, LEGACY_PFN), ==, 0);
    driver_set(d, MMIO_QUEUE_NUM, 8);
    driver_set(d, LEGACY_ALIGN, 256);
    driver_set(d, LEGACY_PFN, (uint32_t)(base / 4096));
    g_assert_cmphex(driver_get(d, LEGACY_PFN), ==, base / 4096);
    driver_set(d, MMIO_STATUS, 7); // there is no FEATURES_OK
    g_assert_cmphex(driver_get(d, MMIO_STATUS), ==, 7);
    world_reload(w);
    world_script_random(w, "random", 6);
    driver_desc_at(d, base, 3, DRIVER_DATA, 6, DESC_WRITE, 0);
    driver_poke(d, avail + 4, 3, 2);
    driver_poke(d, avail + 2, 1, 2);
    driver_notify(d, 0);
    g_assert_cmpuint(driver_peek(d, used + 2, 2), ==, 1);
    g_assert_cmpuint(driver_peek(d, used + 4, 4), ==, 3);
    g_assert_cmpmem(w->ram->host + 0x100000, 6, "random", 6);
    g_assert_true(driver_irq(d));
    driver_set(d, LEGACY_PFN, 0); // resets the device
    g_assert_cmphex(driver_get(d, MMIO_STATUS), ==, 0);
    g_assert_cmphex(driver_get(d, LEGACY_PFN), ==, 0);
    driver_set(d, LEGACY_PAGE_SIZE, 0); // nonsense: ignored
    driver_set(d, LEGACY_ALIGN, 3);
    driver_set(d, LEGACY_PFN, (uint32_t)(base / 4096));
    g_assert_cmphex(driver_get(d, LEGACY_PFN), ==, base / 4096);
    driver_set(d, MMIO_QUEUE_READY, 1); // the other layout's
    g_assert_cmpuint(driver_get(d, MMIO_QUEUE_READY), ==, 0);
    driver_free(d);
    world_free(w);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; GTestFunc test; } both[] = {
        {"buffers", test_buffers}, {"event-index", test_event_index},
        {"malformed", test_malformed}, {"self-feeding", test_self_feeding},
        {"rng-rate", test_rng_rate},
    };
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio/negotiation", test_negotiation);
    g_test_add_func("/virtio/legacy", test_legacy);
    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(both); i++) {
        char *path = g_strdup_printf("/virtio%s/%s", i % 2 ? "-pci" : "", both[i / 2].name);
        g_test_add_func(path, both[i / 2].test);
        g_free(path);
    }
    return g_test_run();
}
