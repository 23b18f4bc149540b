// SPDX-License-Identifier: GPL-2.0-or-later
// The Goldfish RTC: base from the seam, advance with virtual time, the alarm.
#include "tests/device/fake-world.h"

extern const DeviceType device_goldfish_rtc;
enum {
    TIME_LOW = 0x00, TIME_HIGH = 0x04, ALARM_LOW = 0x08, ALARM_HIGH = 0x0c,
    IRQ_ENABLED = 0x10, CLEAR_ALARM = 0x14, ALARM_STATUS = 0x18, CLEAR_IRQ = 0x1c,
};

static uint64_t now(World *w, Device *dev)
{
    uint64_t low = world_read(w, dev, TIME_LOW, 4);
    return world_read(w, dev, TIME_HIGH, 4) << 32 | low;
}

static void set_alarm(World *w, Device *dev, uint64_t at)
{
    world_write(w, dev, ALARM_HIGH, 4, at >> 32);
    world_write(w, dev, ALARM_LOW, 4, (uint32_t)at);
}

static void test_time(void)
{
    World *w = world_new();
    world_set_hostclock(w, 1600000000123456789);
    Device *dev = world_device(w, &device_goldfish_rtc, NULL);
    g_assert_cmpuint(now(w, dev), ==, 1600000000123456789);
    unsigned inputs = world_inputs(w, EVENT_CLOCK_HOST);
    world_advance_ns(w, 5000000000);
    g_assert_cmpuint(now(w, dev), ==, 1600000005123456789);
    g_assert_cmpuint(world_inputs(w, EVENT_CLOCK_HOST), ==, inputs); // read at reset only
    world_reload(w);
    world_write(w, dev, TIME_HIGH, 4, 0);
    world_write(w, dev, TIME_LOW, 4, 77);
    world_advance_ns(w, 3);
    g_assert_cmpuint(now(w, dev), ==, 80);
    world_free(w);
}

static void test_alarm(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &device_goldfish_rtc, NULL);
    uint64_t start = now(w, dev);
    set_alarm(w, dev, start + 1000);
    g_assert_cmpuint(world_read(w, dev, ALARM_STATUS, 4), ==, 1);
    world_advance_ns(w, 1000);
    g_assert_cmpuint(world_read(w, dev, ALARM_STATUS, 4), ==, 0);
    g_assert_false(world_irq(w, dev, 0)); // pending, not enabled
    world_write(w, dev, IRQ_ENABLED, 4, 1);
    g_assert_true(world_irq(w, dev, 0));
    world_write(w, dev, CLEAR_IRQ, 4, 1);
    g_assert_false(world_irq(w, dev, 0));
    set_alarm(w, dev, now(w, dev) + 500);
    world_write(w, dev, CLEAR_ALARM, 4, 1);
    world_advance_ns(w, 1000);
    g_assert_false(world_irq(w, dev, 0));
    set_alarm(w, dev, now(w, dev) + 500); // setting the clock moves the alarm
    world_write(w, dev, TIME_LOW, 4, (uint32_t)(now(w, dev) + 300));
    world_advance_ns(w, 199);
    g_assert_false(world_irq(w, dev, 0));
    world_advance_ns(w, 1);
    g_assert_true(world_irq(w, dev, 0));
    world_reload(w);
    set_alarm(w, dev, UINT64_MAX); // beyond the virtual clock's end
    g_assert_cmpuint(world_read(w, dev, ALARM_STATUS, 4), ==, 0);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/goldfish-rtc/time", test_time);
    g_test_add_func("/goldfish-rtc/alarm", test_alarm);
    return g_test_run();
}
