// SPDX-License-Identifier: GPL-2.0-or-later
// virtio-blk: requests of each type, their errors, completion at the drive's pace, reset with some
// in flight.
#include "tests/device/fake-driver.h"
#include "tests/device/fake-ports.h"

#include <errno.h>
#include <string.h>

enum { HEADER = DRIVER_DATA, STATUS = DRIVER_DATA + 0x20, BUFFER = DRIVER_DATA + 0x1000 };
enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };

// Offers one request, head `slot`; its data, if any, in two segments.
static void request(Driver *d, unsigned slot, unsigned type, uint64_t sector, uint32_t len,
                    bool from_guest)
{
    unsigned data = from_guest ? 0 : DESC_WRITE;
    uint64_t header = HEADER + 0x40 * slot;
    driver_poke(d, header, type, 8);
    driver_poke(d, header + 8, sector, 8);
    driver_poke(d, STATUS + 0x40 * slot, 0xee, 1);
    driver_desc(d, 0, 4 * slot, header, 16, DESC_NEXT, len ? 4 * slot + 1 : 4 * slot + 3);
    driver_desc(d, 0, 4 * slot + 1, BUFFER, len / 4, data | DESC_NEXT, 4 * slot + 2);
    driver_desc(d, 0, 4 * slot + 2, BUFFER + 0x10000, len - len / 4, data | DESC_NEXT,
                4 * slot + 3);
    driver_desc(d, 0, 4 * slot + 3, STATUS + 0x40 * slot, 1, DESC_WRITE, 0);
    driver_offer(d, 0, 4 * slot);
    driver_notify(d, 0);
}

static unsigned status(Driver *d, unsigned slot)
{
    return (unsigned)driver_peek(d, STATUS + 0x40 * slot, 1);
}

static Driver *blk_new(World *w, bool read_only)
{
    fake_drive_read_only = read_only;
    for (unsigned i = 0; i < FAKE_DRIVE_BYTES; i++) {
        fake_drive_bytes[i] = (uint8_t)(i * 7 >> 3);
    }
    Driver *d = driver_new(w, "virtio-blk-device", "drive=d0,serial=S123");
    driver_start(d, 0);
    return d;
}

static void test_transfers(void)
{
    World *w = world_new();
    Driver *d = blk_new(w, false);
    uint8_t *ram = w->ram->host;
    uint32_t len;
    g_assert_cmphex(driver_features(d), ==, 0x130006e46);
    g_assert_cmpuint(driver_config(d, 0, 4), ==, FAKE_DRIVE_BYTES / 512);
    g_assert_cmpuint(driver_config(d, 20, 4), ==, 512);
    request(d, 0, IN, 5, 1024, false);
    g_assert_cmpint(driver_used(d, 0, NULL), ==, -1);
    g_assert_cmpuint(ram[0x101000], ==, 0); // no data before completion
    g_assert_true(fake_drive_complete(0));
    g_assert_cmpint(driver_used(d, 0, &len), ==, 0);
    g_assert_cmpuint(len, ==, 1025);
    g_assert_cmpuint(status(d, 0), ==, 0);
    g_assert_cmpmem(ram + 0x101000, 256, fake_drive_bytes + 5 * 512, 256);
    g_assert_cmpmem(ram + 0x111000, 768, fake_drive_bytes + 5 * 512 + 256, 768);
    g_assert_true(driver_irq(d));
    memset(ram + 0x101000, 0xaa, 128);
    memset(ram + 0x111000, 0xbb, 384);
    request(d, 1, OUT, 2047, 512, true);
    memset(ram + 0x101000, 0xcc, 128); // too late: copied at submission
    g_assert_true(fake_drive_complete(0));
    g_assert_cmpint(driver_used(d, 0, &len), ==, 4);
    g_assert_cmpuint(len, ==, 1);
    g_assert_cmphex(fake_drive_bytes[2047 * 512 + 127], ==, 0xaa);
    g_assert_cmphex(fake_drive_bytes[2047 * 512 + 128], ==, 0xbb);
    world_reload(w);
    request(d, 0, FLUSH, 0, 0, true);
    g_assert_true(fake_drive_complete(0));
    g_assert_cmpuint(fake_drive_flushes, ==, 1);
    request(d, 1, GET_ID, 0, 20, false);
    g_assert_cmpmem(ram + 0x101000, 5, "S123\0", 5);
    driver_poke(d, BUFFER, 8, 8); // sector 8, 16 sectors: one segment of 16 bytes, header in front
    driver_poke(d, BUFFER + 8, 16, 8);
    driver_poke(d, HEADER, WRITE_ZEROES, 8);
    driver_desc(d, 0, 0, HEADER, 16, DESC_NEXT, 1);
    driver_desc(d, 0, 1, BUFFER, 16, DESC_NEXT, 3);
    driver_offer(d, 0, 0);
    driver_notify(d, 0);
    g_assert_true(fake_drive_complete(0));
    g_assert_cmpuint(status(d, 0), ==, 0);
    g_assert_cmpuint(fake_drive_bytes[24 * 512 - 1] | fake_drive_bytes[8 * 512], ==, 0);
    g_assert_cmpuint(fake_drive_bytes[24 * 512 + 2], !=, 0);
    g_assert_false(driver_broken(d));
    driver_free(d);
    world_free(w);
}

static void test_errors(void)
{
    World *w = world_new();
    Driver *d = blk_new(w, true);
    static const struct {
        unsigned type;
        uint64_t sector;
        uint32_t len;
        bool out;
        unsigned status;
    } cases[] = {
        {IN, 2047, 1024, false, 1}, // beyond the end
        {IN, UINT64_MAX, 512, false, 1},
        {IN, 0, 500, false, 1}, // no whole sectors
        {OUT, 0, 512, true, 1}, // read-only
        {WRITE_ZEROES, 0, 16, true, 1},
        {99, 0, 0, true, 2}, // unknown
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        request(d, 0, cases[i].type, cases[i].sector, cases[i].len, cases[i].out);
        g_assert_cmpint(driver_used(d, 0, NULL), ==, 0);
        g_assert_cmpuint(status(d, 0), ==, cases[i].status);
        g_assert_false(fake_drive_complete(0)); // nothing went to the drive
    }
    g_assert_true(driver_features(d) & VIRTIO_F(5));
    request(d, 0, IN, 0, 512, false);
    fake_drive_complete(-EIO);
    g_assert_cmpuint(status(d, 0), ==, 1);
    g_assert_false(driver_broken(d));
    driver_desc(d, 0, 0, HEADER, 15, DESC_NEXT, 3); // half a header
    driver_offer(d, 0, 0);
    driver_notify(d, 0);
    g_assert_true(driver_broken(d));
    driver_start(d, 0);
    driver_desc(d, 0, 0, HEADER, 16, 0, 0); // no status byte
    driver_offer(d, 0, 0);
    driver_notify(d, 0);
    g_assert_true(driver_broken(d));
    driver_start(d, 0);
    request(d, 0, IN, 0, 512, false);
    driver_desc(d, 0, 0, HEADER, 16, DESC_NEXT, 0); // a loop made while it is in flight
    fake_drive_complete(0);
    g_assert_true(driver_broken(d));
    driver_free(d);
    world_free(w);
}

static void test_discard(void)
{
    World *w = world_new();
    Driver *d = blk_new(w, false);
    static const struct { uint64_t sector; uint32_t sectors, flags; int status; } cases[] = {
        {0, 2048, 0, 0}, {1, 2048, 0, 1}, {0, 0x400000, 0, 1}, {0, 1, 1, 2}, {9, 0, 0, 0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        driver_poke(d, HEADER + 16, cases[i].sector, 8);
        driver_poke(d, HEADER + 24, cases[i].sectors, 4);
        driver_poke(d, HEADER + 28, cases[i].flags, 4);
        request(d, 0, DISCARD, 0, 0, true);
        driver_used(d, 0, NULL); // that one had no range
        g_assert_cmpuint(status(d, 0), ==, 1);
        driver_desc(d, 0, 0, HEADER, 32, DESC_NEXT, 3); // any layout: range behind the header
        driver_offer(d, 0, 0);
        driver_notify(d, 0);
        g_assert_cmpint(fake_drive_complete(0), ==, cases[i].status == 0 && cases[i].sectors);
        g_assert_cmpint(driver_used(d, 0, NULL), ==, 0);
        g_assert_cmpint(status(d, 0), ==, cases[i].status);
    }
    driver_free(d);
    world_free(w);
}

// What is in flight is bounded by its bytes too: the queue rests at 64 MiB and goes on by itself.
static void test_backpressure(void)
{
    World *w = world_new();
    Driver *d = blk_new(w, false);
    for (unsigned i = 0; i < 66; i++) {
        request(d, 0, IN, 0, FAKE_DRIVE_BYTES, false);
    }
    g_assert_cmpuint(drive_in_flight(drive_find("d0")), ==, 64);
    g_assert_true(fake_drive_complete(0));
    g_assert_cmpuint(drive_in_flight(drive_find("d0")), ==, 64); // one went, the next came
    for (unsigned i = 0; i < 65; i++) {
        g_assert_true(fake_drive_complete(0));
    }
    g_assert_false(fake_drive_complete(0));
    g_assert_false(driver_broken(d));
    driver_free(d);
    world_free(w);
}

static void test_reset(void)
{
    World *w = world_new();
    Driver *d = blk_new(w, false);
    request(d, 0, IN, 0, 512, false);
    request(d, 1, IN, 1, 512, false);
    driver_set(d, MMIO_STATUS, 0);
    g_assert_false(fake_drive_complete(0));
    driver_start(d, 0);
    for (unsigned i = 0; i < 300; i++) { // slots come free again
        request(d, 0, IN, 0, 512, false);
        g_assert_true(fake_drive_complete(0));
        g_assert_cmpint(driver_used(d, 0, NULL), ==, 0);
    }
    for (unsigned i = 0; i < 256; i++) { // one buffer made available again and again
        request(d, 0, IN, 0, 512, false);
    }
    g_assert_false(driver_broken(d));
    request(d, 0, IN, 0, 512, false);
    g_assert_true(driver_broken(d));
    machine_reset(w->machine);
    g_assert_false(fake_drive_complete(0));
    Error err;
    Device *dev = device_new(w->machine, d->dev->type, NULL, d->mmio);
    g_assert_false(device_realize(dev, &err));
    g_assert_cmpstr(err.msg, ==, "drive property not set");
    g_assert_true(device_set(dev, "drive", "nope", &err));
    g_assert_false(device_realize(dev, &err));
    g_assert_cmpstr(err.msg, ==, "Property 'virtio-blk-device.drive' can't find value 'nope'");
    driver_free(d);
    world_free(w);
}

// A request of one segment on any queue.
static void simple(Driver *d, unsigned queue, unsigned type, uint64_t sector, uint32_t len)
{
    driver_poke(d, HEADER, type, 8);
    driver_poke(d, HEADER + 8, sector, 8);
    driver_desc(d, queue, 0, HEADER, 16, DESC_NEXT, 1);
    driver_desc(d, queue, 1, BUFFER, len, DESC_NEXT | (type == IN ? DESC_WRITE : 0), 2);
    driver_desc(d, queue, 2, STATUS, 1, DESC_WRITE, 0);
    driver_offer(d, queue, 0);
    driver_notify(d, queue);
}

static void test_queues(void)
{
    World *w = world_new();
    fake_drive_read_only = false;
    Driver *d = driver_new(w, "virtio-blk-device", "drive=d0,num-queues=3");
    g_assert_true(driver_features(d) & VIRTIO_F(12));
    g_assert_cmpuint(driver_config(d, 34, 2), ==, 3);
    driver_start(d, VIRTIO_F(12));
    for (unsigned queue = 3; queue-- > 0;) {
        simple(d, queue, IN, queue, 512);
    }
    for (unsigned queue = 3; queue-- > 0;) { // each completes where it came from
        g_assert_cmpint(driver_used(d, queue, NULL), ==, -1);
        g_assert_true(fake_drive_complete(0));
        g_assert_cmpint(driver_used(d, queue, NULL), ==, 0);
    }
    driver_notify(d, 3); // there is none
    g_assert_false(driver_broken(d));
    // All queues rest at 64 MiB, and each goes on when there is room.
    driver_start(d, VIRTIO_F(12));
    for (unsigned i = 0; i < 64; i++) {
        simple(d, 0, IN, 0, FAKE_DRIVE_BYTES);
    }
    simple(d, 2, IN, 0, 512);
    g_assert_cmpuint(drive_in_flight(drive_find("d0")), ==, 64);
    g_assert_true(fake_drive_complete(0));
    g_assert_cmpuint(drive_in_flight(drive_find("d0")), ==, 64);
    driver_set(d, MMIO_STATUS, 0);
    driver_free(d);
    world_free(w);
}

static void test_write_cache(void)
{
    static const struct {
        const char *props;
        bool drive, cache, offered;
    } cases[] = {
        {"drive=d0", true, true, true},
        {"drive=d0", false, false, true},
        {"drive=d0,write-cache=on", false, true, true},
        {"drive=d0,write-cache=off,config-wce=off", true, false, false},
    };
    fake_drive_read_only = false;
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        World *w = world_new();
        fake_drive_write_back = cases[i].drive;
        Driver *d = driver_new(w, "virtio-blk-device", cases[i].props);
        g_assert_cmpuint(!!(driver_features(d) & VIRTIO_F(11)), ==, cases[i].offered);
        driver_start(d, driver_features(d) & VIRTIO_F(11));
        g_assert_cmpuint(driver_config(d, 32, 1), ==, cases[i].cache);
        for (unsigned cache = 2; cache-- > 0;) {
            // The driver's choice, where it has one.
            world_write(w, d->mmio, 0x100 + 32, 1, cache);
            bool now = cases[i].offered ? cache : cases[i].cache;
            g_assert_cmpuint(driver_config(d, 32, 1), ==, now);
            world_reload(w);
            fake_drive_flushes = 0;
            simple(d, 0, OUT, 0, 512);
            g_assert_true(fake_drive_complete(0));
            g_assert_cmpuint(fake_drive_flushes, ==, !now);
            driver_used(d, 0, NULL);
        }
        world_write(w, d->mmio, 0x100, 4, 99); // the capacity can't be written
        g_assert_cmpuint(driver_config(d, 0, 4), ==, FAKE_DRIVE_BYTES / 512);
        driver_set(d, MMIO_STATUS, 0); // the choice ends with the driver
        g_assert_cmpuint(driver_config(d, 32, 1), ==, cases[i].cache);
        driver_free(d);
        world_free(w);
    }
    fake_drive_write_back = true;
}

static void test_sizes(void)
{
    World *w = world_new();
    fake_drive_read_only = false;
    Driver *d = driver_new(w, "virtio-blk-device",
                           "drive=d0,logical_block_size=2k,physical_block_size=16k,min_io_size=8k,"
                           "opt_io_size=64k,discard_granularity=4k,max-discard-sectors=64,"
                           "max-write-zeroes-sectors=32,werror=stop,rerror=ignore");
    g_assert_cmpstr(fake_drive_werror, ==, "stop");
    driver_start(d, 0);
    static const struct {
        unsigned at, size;
        uint64_t value;
    } fields[] = {{20, 4, 2048}, {24, 1, 3}, {25, 1, 0}, {26, 2, 4}, {28, 4, 32},
                  {36, 4, 64},   {44, 4, 8}, {48, 4, 32}, {0, 8, FAKE_DRIVE_BYTES / 512}};
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        for (unsigned k = 0; k < fields[i].size; k++) {
            g_assert_cmpuint(driver_config(d, fields[i].at + k, 1), ==,
                             (uint8_t)(fields[i].value >> 8 * k));
        }
    }
    // Whole logical blocks only.
    static const struct {
        uint64_t sector;
        uint32_t len;
        unsigned status;
    } cases[] = {{0, 512, 1}, {1, 2048, 1}, {4, 2048, 0}, {4, 6144, 0}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        simple(d, 0, OUT, cases[i].sector, cases[i].len);
        g_assert_cmpint(fake_drive_complete(0), ==, cases[i].status == 0);
        g_assert_cmpint(driver_used(d, 0, NULL), ==, 0);
        g_assert_cmpuint(status(d, 0), ==, cases[i].status);
    }
    unsigned generation = (unsigned)driver_get(d, 0xfc);
    fake_drive_resize();
    g_assert_cmpuint(driver_get(d, 0xfc), ==, generation + 1);
    driver_free(d);
    world_free(w);
}

static void test_refused(void)
{
    static const struct {
        const char *prop, *value, *message;
    } cases[] = {
        {"num-queues", "0", "must be larger than 0"},
        {"num-queues", "5", "not supported (at most 4)"},
        {"logical_block_size", "100", "doesn't take value 100"},
        {"logical_block_size", "1536", "not a power of 2"},
        {"logical_block_size", "4096", "logical_block_size > physical_block_size"},
        {"opt_io_size", "700", "multiples of logical_block_size"},
        {"write-cache", "maybe", "expects 'on', 'off' or 'auto'"},
        {"max-discard-sectors", "4194304", "between 1 and 4194303"},
    };
    World *w = world_new();
    Driver *d = blk_new(w, false);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Error err = {""};
        Device *dev = device_new(w->machine, d->dev->type, NULL, d->mmio);
        g_assert_true(device_set(dev, "drive", "d0", &err));
        g_assert_true(device_set(dev, cases[i].prop, cases[i].value, &err));
        g_assert_false(device_realize(dev, &err));
        g_assert_nonnull(strstr(err.msg, cases[i].message));
    }
    driver_free(d);
    world_free(w);
    w = world_new();
    d = driver_new(w, "virtio-blk-device", "drive=d0,discard=off,write-zeroes=off");
    g_assert_false(driver_features(d) & (VIRTIO_F(13) | VIRTIO_F(14)));
    driver_start(d, 0);
    simple(d, 0, DISCARD, 0, 16);
    g_assert_cmpuint(status(d, 0), ==, 2);
    driver_free(d);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-blk/transfers", test_transfers);
    g_test_add_func("/virtio-blk/errors", test_errors);
    g_test_add_func("/virtio-blk/discard", test_discard);
    g_test_add_func("/virtio-blk/backpressure", test_backpressure);
    g_test_add_func("/virtio-blk/reset", test_reset);
    g_test_add_func("/virtio-blk/queues", test_queues);
    g_test_add_func("/virtio-blk/write-cache", test_write_cache);
    g_test_add_func("/virtio-blk/sizes", test_sizes);
    g_test_add_func("/virtio-blk/refused", test_refused);
    return g_test_run();
}
