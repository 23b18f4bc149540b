// SPDX-License-Identifier: GPL-2.0-or-later
// The PLIC: priorities, thresholds, claim and completion, level-triggered gateways.
#include "tests/device/fake-world.h"

extern const DeviceType device_riscv_sifive_plic;
enum {
    PENDING = 0x1000,
    ENABLE_M = 0x2000,
    ENABLE_S = 0x2080,
    CONTEXT_M = 0x200000,
    CONTEXT_S = 0x201000
};
enum { THRESHOLD = 0, CLAIM = 4 };

static Device *plic_with(World *w, unsigned source, unsigned priority)
{
    Device *dev = world_device(w, &device_riscv_sifive_plic, NULL);
    world_write(w, dev, 4 * source, 4, priority);
    world_write(w, dev, ENABLE_S + source / 32 * 4, 4, 1u << source % 32);
    return dev;
}

static void wire(Device *dev, unsigned source, bool level)
{
    dev->type->irq_in(dev, source, level);
}

static void test_gateway(void)
{
    World *w = world_new();
    Device *dev = plic_with(w, 10, 1);
    wire(dev, 10, true);
    g_assert_true(world_irq(w, dev, 1));
    g_assert_false(world_irq(w, dev, 0));
    world_reload(w);
    g_assert_cmphex(world_read(w, dev, PENDING, 4), ==, 1 << 10);
    g_assert_cmpuint(world_read(w, dev, CONTEXT_S + CLAIM, 4), ==, 10);
    g_assert_false(world_irq(w, dev, 1));
    g_assert_cmphex(world_read(w, dev, PENDING, 4), ==, 0);
    g_assert_cmpuint(world_read(w, dev, CONTEXT_S + CLAIM, 4), ==, 0);
    wire(dev, 10, false); // in service: the gateway is shut
    wire(dev, 10, true);
    g_assert_false(world_irq(w, dev, 1));
    world_write(w, dev, CONTEXT_M + CLAIM, 4, 10); // not enabled there: ignored
    g_assert_false(world_irq(w, dev, 1));
    world_write(w, dev, CONTEXT_S + CLAIM, 4, 10); // still high: pending again
    g_assert_true(world_irq(w, dev, 1));
    wire(dev, 10, false); // what the core took stays pending
    g_assert_cmpuint(world_read(w, dev, CONTEXT_S + CLAIM, 4), ==, 10);
    world_write(w, dev, CONTEXT_S + CLAIM, 4, 10);
    g_assert_false(world_irq(w, dev, 1));
    world_free(w);
}

static void test_priorities(void)
{
    World *w = world_new();
    Device *dev = plic_with(w, 5, 2);
    world_write(w, dev, 4 * 3, 4, 2);
    world_write(w, dev, 4 * 96, 4, 0xff); // 3 bits
    g_assert_cmpuint(world_read(w, dev, 4 * 96, 4), ==, 7);
    world_write(w, dev, ENABLE_S, 4, 0xffffffff);
    g_assert_cmphex(world_read(w, dev, ENABLE_S, 4), ==, 0xfffffffe); // source 0 isn't one
    world_write(w, dev, ENABLE_S + 12, 4, 0xffffffff);
    g_assert_cmphex(world_read(w, dev, ENABLE_S + 12, 4), ==, 1);
    wire(dev, 5, true);
    wire(dev, 3, true);
    wire(dev, 7, true); // priority 0: never
    world_write(w, dev, CONTEXT_S + THRESHOLD, 4, 2);
    g_assert_false(world_irq(w, dev, 1));
    wire(dev, 96, true);
    g_assert_true(world_irq(w, dev, 1));
    g_assert_cmpuint(world_read(w, dev, CONTEXT_S + CLAIM, 4), ==, 96);
    g_assert_false(world_irq(w, dev, 1));
    // Thresholds don't mask claims.
    g_assert_cmpuint(world_read(w, dev, CONTEXT_S + CLAIM, 4), ==, 3);
    g_assert_cmpuint(world_read(w, dev, CONTEXT_S + CLAIM, 4), ==, 5);
    g_assert_cmpuint(world_read(w, dev, CONTEXT_S + CLAIM, 4), ==, 0);
    world_write(w, dev, CONTEXT_S + THRESHOLD, 4, 0);
    world_write(w, dev, CONTEXT_S + CLAIM, 4, 97); // no such source
    world_write(w, dev, CONTEXT_S + CLAIM, 4, 5);
    g_assert_true(world_irq(w, dev, 1));
    g_assert_cmpuint(world_read(w, dev, 0x202000, 4), ==, 0); // no such context
    world_write(w, dev, PENDING, 4, 1);
    g_assert_cmpuint(dev->error_count, ==, 2);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sifive-plic/gateway", test_gateway);
    g_test_add_func("/sifive-plic/priorities", test_priorities);
    return g_test_run();
}
