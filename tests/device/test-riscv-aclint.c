// SPDX-License-Identifier: GPL-2.0-or-later
// The ACLINT: MTIP at the exact nanosecond, writable mtime, software interrupts, the callbacks for
// CPUs.
#include "hw/intc/riscv-aclint.h"
#include "tests/device/fake-world.h"

extern const DeviceType device_riscv_aclint;
enum { MTIMECMP1 = 8, MTIME = 0x7ff8 };

static uint64_t mtimer_read(World *w, Device *dev, uint64_t reg, unsigned size)
{
    uint64_t value;
    g_assert_true(mmio_read(w->machine, world_base(w, dev, 1) + reg, size, &value));
    return value;
}

static void mtimer_write(World *w, Device *dev, uint64_t reg, unsigned size, uint64_t value)
{
    g_assert_true(mmio_write(w->machine, world_base(w, dev, 1) + reg, size, value));
}

static void test_timer(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &device_riscv_aclint, "num-harts=2");
    world_advance_ns(w, 1234567);
    g_assert_cmpuint(mtimer_read(w, dev, MTIME, 8), ==, 12345);
    mtimer_write(w, dev, MTIMECMP1, 8, 12400);
    g_assert_cmpint(aclint_deadline_ns(dev, 12400), ==, 1240000);
    world_reload(w);
    world_advance_ns(w, 1239999 - 1234567);
    g_assert_false(world_irq(w, dev, aclint_output(1, ACLINT_MTIP)));
    world_advance_ns(w, 1);
    g_assert_cmpuint(mtimer_read(w, dev, MTIME, 4), ==, 12400);
    g_assert_true(world_irq(w, dev, aclint_output(1, ACLINT_MTIP)));
    g_assert_false(world_irq(w, dev, aclint_output(0, ACLINT_MTIP)));
    mtimer_write(w, dev, MTIMECMP1, 4, 0xffffffff); // in halves, as 32-bit guests do
    g_assert_false(world_irq(w, dev, aclint_output(1, ACLINT_MTIP)));
    mtimer_write(w, dev, MTIMECMP1 + 4, 4, 7);
    g_assert_cmphex(mtimer_read(w, dev, MTIMECMP1, 8), ==, 0x7ffffffffull);
    mtimer_write(w, dev, MTIMECMP1, 8, 1); // in the past: at once
    g_assert_true(world_irq(w, dev, aclint_output(1, ACLINT_MTIP)));
    world_free(w);
}

static void count_jump(void *ctx) { ++*(unsigned *)ctx; }

static void test_mtime_writes(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &device_riscv_aclint, NULL);
    unsigned jumps = 0;
    aclint_watch(dev, count_jump, &jumps);
    mtimer_write(w, dev, 0, 8, 5000);
    mtimer_write(w, dev, MTIME, 8, 4999);
    g_assert_cmpuint(jumps, ==, 1);
    g_assert_cmpint(aclint_deadline_ns(dev, 5000), ==, 100);
    world_advance_ns(w, 99);
    g_assert_false(world_irq(w, dev, ACLINT_MTIP));
    world_advance_ns(w, 1);
    g_assert_true(world_irq(w, dev, ACLINT_MTIP));
    mtimer_write(w, dev, MTIME, 8, 10); // back in time: MTIP falls and rises again
    g_assert_false(world_irq(w, dev, ACLINT_MTIP));
    world_advance_ns(w, 4990 * 100);
    g_assert_true(world_irq(w, dev, ACLINT_MTIP));
    mtimer_write(w, dev, MTIME, 8, UINT64_MAX - 1); // mtime wraps, MTIP falls
    world_advance_ns(w, 150);
    g_assert_true(world_irq(w, dev, ACLINT_MTIP));
    world_advance_ns(w, 50);
    g_assert_cmpuint(mtimer_read(w, dev, MTIME, 8), ==, 0);
    g_assert_false(world_irq(w, dev, ACLINT_MTIP));
    g_assert_cmpint(aclint_deadline_ns(dev, UINT64_MAX), ==, INT64_MAX);
    machine_reset(w->machine);
    g_assert_cmpuint(aclint_mtime(dev), ==, 0);
    world_free(w);
}

static void test_software(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &device_riscv_aclint, "num-harts=2");
    world_write(w, dev, 4, 4, 0xffffffff);
    g_assert_true(world_irq(w, dev, aclint_output(1, ACLINT_MSIP)));
    g_assert_cmpuint(world_read(w, dev, 4, 4), ==, 1);
    world_reload(w);
    world_write(w, dev, 4, 4, 0xfffffffe);
    g_assert_false(world_irq(w, dev, aclint_output(1, ACLINT_MSIP)));
    world_write(w, dev, 8, 4, 1); // no such hart
    g_assert_cmpuint(world_read(w, dev, 8, 4), ==, 0);
    g_assert_cmpuint(mtimer_read(w, dev, 16, 8), ==, 0);
    g_assert_cmpuint(dev->error_count, ==, 3);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv-aclint/timer", test_timer);
    g_test_add_func("/riscv-aclint/mtime-writes", test_mtime_writes);
    g_test_add_func("/riscv-aclint/software", test_software);
    return g_test_run();
}
