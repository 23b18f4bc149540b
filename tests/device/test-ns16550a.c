// SPDX-License-Identifier: GPL-2.0-or-later
// The NS16550A: FIFO, trigger level and time-out, interrupt priorities, THRE as drivers use it,
// loopback.
#include "tests/device/fake-ports.h"
#include "tests/device/fake-world.h"

extern const DeviceType device_serial_mm;
enum { RBR = 0, IER = 1, IIR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6 };

static uint8_t get(World *w, Device *dev, unsigned reg)
{
    return (uint8_t)world_read(w, dev, reg, 1);
}
static void set(World *w, Device *dev, unsigned reg, uint8_t v) { world_write(w, dev, reg, 1, v); }

static void test_transmit(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &device_serial_mm, NULL);
    g_assert_cmphex(get(w, dev, LSR), ==, 0x60);
    g_assert_cmphex(get(w, dev, IIR), ==, 0x01);
    set(w, dev, RBR, 'h');
    set(w, dev, RBR, 'i');
    g_assert_cmpstr(fake_char_out->str, ==, "hi");
    set(w, dev, IER, 2); // enabling it while THR is empty raises it
    g_assert_true(world_irq(w, dev, 0));
    g_assert_cmphex(get(w, dev, IIR), ==, 0x02);
    g_assert_false(world_irq(w, dev, 0)); // reading IIR took it back
    set(w, dev, IER, 2);
    g_assert_false(world_irq(w, dev, 0));
    set(w, dev, RBR, '!');
    g_assert_true(world_irq(w, dev, 0));
    world_reload(w);
    set(w, dev, LCR, 0x80); // divisor latch: no output
    set(w, dev, RBR, 2);
    g_assert_cmpuint(get(w, dev, RBR), ==, 2);
    g_assert_cmpuint(fake_char_out->len, ==, 3);
    world_free(w);
}

static void test_receive(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &device_serial_mm, NULL);
    g_assert_cmpuint(fake_char_credit, ==, 1); // no FIFO yet
    set(w, dev, IIR, 0x81);                    // FIFO on, trigger 8
    set(w, dev, LCR, 0x83);
    set(w, dev, RBR, 2); // 115200 baud
    set(w, dev, LCR, 3);
    set(w, dev, IER, 5);
    g_assert_cmpuint(fake_char_credit, ==, 16);
    fake_char_in("abcdefg", 7);
    g_assert_false(world_irq(w, dev, 0));
    g_assert_cmpuint(fake_char_credit, ==, 9);
    world_reload(w);
    world_advance_ns(w, 347221); // 4 characters of 10 bits: 347.222 us
    g_assert_false(world_irq(w, dev, 0));
    world_advance_ns(w, 2);
    g_assert_cmphex(get(w, dev, IIR), ==, 0xcc); // time-out
    g_assert_cmpuint(get(w, dev, RBR), ==, 'a');
    g_assert_false(world_irq(w, dev, 0));
    fake_char_in("hi", 2);
    g_assert_cmphex(get(w, dev, IIR), ==, 0xc4); // trigger level
    fake_char_in("0123456789", 10);              // two too many
    g_assert_cmphex(get(w, dev, IIR), ==, 0xc6); // overrun goes first
    g_assert_cmphex(get(w, dev, LSR), ==, 0x63);
    g_assert_cmphex(get(w, dev, LSR), ==, 0x61);
    for (const char *c = "bcdefghi01234567"; *c; c++) {
        g_assert_cmpint(get(w, dev, RBR), ==, *c);
    }
    g_assert_cmphex(get(w, dev, LSR), ==, 0x60);
    g_assert_false(world_irq(w, dev, 0));
    fake_char_in("x", 1);
    set(w, dev, IIR, 0x83); // clear the FIFO
    g_assert_cmphex(get(w, dev, LSR), ==, 0x60);
    g_assert_cmpuint(fake_char_credit, ==, 16);
    set(w, dev, IIR, 0); // FIFO off: RBR is overwritten
    fake_char_in("yz", 2);
    g_assert_cmphex(get(w, dev, LSR), ==, 0x63);
    g_assert_cmpuint(get(w, dev, RBR), ==, 'z');
    world_free(w);
}

static void test_loopback(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &device_serial_mm, NULL);
    g_assert_cmphex(get(w, dev, MSR), ==, 0xb0);
    set(w, dev, IER, 8);
    set(w, dev, MCR, 0x1a); // loop, OUT2, RTS: DSR falls
    g_assert_cmphex(get(w, dev, IIR), ==, 0x00);
    g_assert_cmphex(get(w, dev, MSR), ==, 0x92);
    g_assert_cmphex(get(w, dev, MSR), ==, 0x90);
    g_assert_cmpuint(fake_char_credit, ==, 0);
    set(w, dev, RBR, 'L');
    g_assert_cmpuint(fake_char_out->len, ==, 0);
    fake_char_in("x", 1); // the line is cut off
    g_assert_cmpuint(get(w, dev, RBR), ==, 'L');
    g_assert_cmphex(get(w, dev, LSR), ==, 0x60);
    set(w, dev, MCR, 0x14); // OUT1 on, then off: trailing edge of RI
    set(w, dev, MCR, 0x10);
    g_assert_cmphex(get(w, dev, MSR) & 0x44, ==, 0x04);
    set(w, dev, MCR, 0);
    g_assert_cmphex(get(w, dev, MSR) & 0xf0, ==, 0xb0);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ns16550a/transmit", test_transmit);
    g_test_add_func("/ns16550a/receive", test_receive);
    g_test_add_func("/ns16550a/loopback", test_loopback);
    return g_test_run();
}
