// SPDX-License-Identifier: GPL-2.0-or-later
// fw_cfg: items byte by byte and in larger pieces, the file directory, DMA and what can go wrong
// with it.
#include "hw/nvram/fw_cfg.h"

#include <string.h>

#include "tests/device/fake-ports.h"
#include "tests/device/fake-world.h"

enum { DATA = 0, SELECTOR = 8, DMA = 16 };
enum { ERROR = 1, READ = 2, SKIP = 4, SELECT = 8, WRITE = 16 };

extern const DeviceType device_fw_cfg_mem;
static World *w;
static Device *fw;

static void setup(void)
{
    Error err = {""};
    w = world_new();
    fw = world_device(w, &device_fw_cfg_mem, NULL);
    g_assert_true(fw_cfg_add_file(fw, "opt/b", "second", 6, &err));
    g_assert_true(fw_cfg_add_file(fw, "opt/a", "first\0\1", 7, &err));
}

// The registers are big-endian, the test's CPU isn't.
static void choose(uint16_t key) { world_write(w, fw, SELECTOR, 2, GUINT16_SWAP_LE_BE(key)); }

static void expect(uint16_t key, const char *bytes, unsigned len)
{
    choose(key);
    for (unsigned i = 0; i < len; i++) {
        g_assert_cmphex(world_read(w, fw, DATA, 1), ==, (uint8_t)bytes[i]);
    }
}

static void test_items(void)
{
    setup();
    expect(FW_CFG_SIGNATURE, "QEMU\0\0", 6); // zeros beyond the end
    expect(FW_CFG_ID, "\3\0\0\0\0", 5);
    expect(0x4000 | FW_CFG_SIGNATURE, "QEMU", 4); // the write bit isn't part of the key
    expect(0x77, "\0\0", 2);
    choose(FW_CFG_SIGNATURE);
    g_assert_cmphex(world_read(w, fw, DATA, 2), ==, 0x4551); // in memory order
    world_reload(w);
    g_assert_cmphex(world_read(w, fw, DATA, 4), ==, 0x554d);
    choose(FW_CFG_SIGNATURE);
    g_assert_cmphex(world_read(w, fw, DATA, 8), ==, 0x554d4551);
    g_assert_cmphex(world_read(w, fw, 4, 4), ==, 0); // only at its start
    world_write(w, fw, DATA, 1, 1);                  // no effect
    expect(FW_CFG_SIGNATURE, "QEMU", 4);
    world_write(w, fw, SELECTOR, 1, 1);
    expect(FW_CFG_FILE_DIR, "\0\0\0\2\0\0\0\7\0\x20\0\0opt/a\0", 18);
    choose(FW_CFG_FILE_DIR);
    for (unsigned i = 0; i < 4 + 64; i++) {
        world_read(w, fw, DATA, 1);
    }
    g_assert_cmphex(world_read(w, fw, DATA, 8), ==, 0x210006000000); // 6 bytes, key 0x21
    expect(0x20, "first\0\1\0", 8);
    expect(0x21, "second\0", 7);
    world_free(w);
}

static void test_files(void)
{
    setup();
    Error err = {""};
    g_assert_false(fw_cfg_add_file(fw, "opt/a", "x", 1, &err));
    g_assert_cmpstr(err.msg, ==, "duplicate fw_cfg file name: opt/a");
    char name[FW_CFG_NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    name[FW_CFG_NAME_MAX + 1] = '\0';
    g_assert_false(fw_cfg_add_file(fw, name, "x", 1, &err));
    name[FW_CFG_NAME_MAX] = '\0';
    g_assert_true(fw_cfg_add_file(fw, name, "x", 1, &err));
    for (unsigned i = 3; i < FW_CFG_FILES_MAX; i++) {
        g_snprintf(name, sizeof name, "opt/%u", i);
        g_assert_true(fw_cfg_add_file(fw, name, "x", 1, &err));
    }
    g_assert_false(fw_cfg_add_file(fw, "one more", "x", 1, &err));
    world_free(w);
}

// A request at the start of RAM, its buffer at `gpa`; its control word afterwards.
static uint32_t dma(uint32_t control, uint32_t len, uint64_t gpa, bool halves)
{
    uint32_t words[4] = {GUINT32_TO_BE(control), GUINT32_TO_BE(len),
                         GUINT32_TO_BE((uint32_t)(gpa >> 32)), GUINT32_TO_BE((uint32_t)gpa)};
    g_assert_true(dma_write(w->machine, WORLD_RAM_BASE, words, sizeof words));
    if (halves) {
        world_write(w, fw, DMA, 4, 0);
        world_write(w, fw, DMA + 4, 4, GUINT32_SWAP_LE_BE((uint32_t)WORLD_RAM_BASE));
    } else {
        world_write(w, fw, DMA, 8, GUINT64_SWAP_LE_BE((uint64_t)WORLD_RAM_BASE));
    }
    g_assert_true(dma_read(w->machine, WORLD_RAM_BASE, words, 4));
    return GUINT32_FROM_BE(words[0]);
}

static void test_dma(void)
{
    const uint64_t buf = WORLD_RAM_BASE + 0x1000;
    uint8_t got[16];
    setup();
    g_assert_cmphex(world_read(w, fw, DMA, 8), ==, 0x47464320554d4551);
    g_assert_cmphex(world_read(w, fw, DMA + 4, 4), ==, 0x47464320);
    memset(w->ram->host + 0x1000, 0xee, 16);
    g_assert_cmphex(dma(0x20 << 16 | SELECT | READ, 9, buf, false), ==, 0);
    g_assert_true(dma_read(w->machine, buf, got, 10));
    g_assert_cmpmem(got, 10, "first\0\1\0\0\xee", 10);
    g_assert_cmphex(dma(0x21 << 16 | SELECT, 0, 0, true), ==, 0);
    g_assert_cmphex(dma(SKIP, 3, 0, true), ==, 0);
    world_reload(w);
    g_assert_cmphex(dma(READ, 2, buf, true), ==, 0);
    g_assert_true(dma_read(w->machine, buf, got, 2));
    g_assert_cmpmem(got, 2, "on", 2);
    g_assert_cmphex(world_read(w, fw, DATA, 1), ==, 'd');
    g_assert_cmphex(dma(SKIP, 0xffffffff, 0, false), ==, 0); // to the end, not around it
    g_assert_cmphex(dma(READ, 1, buf, false), ==, 0);
    g_assert_true(dma_read(w->machine, buf, got, 1));
    g_assert_cmphex(got[0], ==, 0);
    g_assert_cmphex(dma(0x20 << 16 | SELECT | WRITE, 1, buf, false), ==, ERROR);
    g_assert_cmphex(dma(0x20 << 16 | SELECT | READ, 4, 0x10, false), ==, ERROR);
    g_assert_cmphex(dma(READ, 0xffffffff, buf, false), ==, ERROR); // ends where RAM does
    g_assert_cmphex(dma(READ, 8, UINT64_MAX - 3, false), ==, ERROR);
    world_write(w, fw, DMA, 8, 0); // a request that isn't in RAM
    world_write(w, fw, DMA, 2, 0);
    expect(0x20, "first", 5);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fw_cfg/items", test_items);
    g_test_add_func("/fw_cfg/files", test_files);
    g_test_add_func("/fw_cfg/dma", test_dma);
    return g_test_run();
}
