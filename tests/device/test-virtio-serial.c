// SPDX-License-Identifier: GPL-2.0-or-later
// virtio-serial: ports and their numbers, the control protocol, bytes both ways with credit, drivers
// without MULTIPORT.
#include "hw/char/virtio-serial.h"

#include <string.h>

#include "tests/device/fake-driver.h"
#include "tests/device/fake-ports.h"

enum { CONTROL_RX = 2, CONTROL_TX = 3, PORT1_RX = 4, PORT1_TX = 5 };
enum { DEVICE_READY = 0, PORT_ADD = 1, PORT_READY = 3, CONSOLE_PORT = 4, PORT_OPEN = 6, PORT_NAME = 7 };
#define F_MULTIPORT VIRTIO_F(1)

static World *w;
static Driver *d;

static Device *try_port(const char *type, const char *properties, Error *err)
{
    Device *dev = device_new(w->machine, device_type_find(type), NULL, d->dev);
    char **pairs = g_strsplit(properties, ",", -1);
    for (char **pair = pairs; *pair; pair++) {
        char *value = strchr(*pair, '=');
        *value++ = '\0';
        g_assert_true(device_set(dev, *pair, value, err));
    }
    g_strfreev(pairs);
    bool ok = device_realize(dev, err);
    machine_reset(w->machine);
    return ok ? dev : NULL;
}

static void setup(void)
{
    w = world_new();
    d = driver_new(w, "virtio-serial-device", "max_ports=3");
}

static void teardown(void)
{
    driver_free(d);
    world_free(w);
}

static void port(const char *type, const char *properties)
{
    Error err = {""};
    if (!try_port(type, properties, &err)) {
        g_error("%s", err.msg);
    }
}

// ---- the driver's side ----

static void tell(unsigned number, unsigned event, unsigned value)
{
    driver_poke(d, DRIVER_DATA, number, 4);
    driver_poke(d, DRIVER_DATA + 4, event, 2);
    driver_poke(d, DRIVER_DATA + 6, value, 2);
    driver_desc(d, CONTROL_TX, 0, DRIVER_DATA, 8, 0, 0);
    driver_offer(d, CONTROL_TX, 0);
    driver_notify(d, CONTROL_TX);
    g_assert_cmpint(driver_used(d, CONTROL_TX, NULL), ==, 0);
}

// Takes the next control message: "NUMBER EVENT VALUE REST", or "" when there is none.
static char *told(void)
{
    static char text[64];
    uint32_t len;
    text[0] = '\0';
    driver_desc(d, CONTROL_RX, 0, DRIVER_DATA + 0x1000, 64, DESC_WRITE, 0);
    if (d->avail[CONTROL_RX] == d->used[CONTROL_RX]) {
        driver_offer(d, CONTROL_RX, 0);
        driver_notify(d, CONTROL_RX);
    }
    if (driver_used(d, CONTROL_RX, &len) == 0) {
        char rest[57] = {0};
        g_assert_true(dma_read(w->machine, DRIVER_DATA + 0x1008, rest, len - 8));
        g_snprintf(text, sizeof text, "%u %u %u %s", (unsigned)driver_peek(d, DRIVER_DATA + 0x1000, 4),
                   (unsigned)driver_peek(d, DRIVER_DATA + 0x1004, 2),
                   (unsigned)driver_peek(d, DRIVER_DATA + 0x1006, 2), rest);
    }
    return text;
}

static void receive_buffer(unsigned queue, unsigned head, uint32_t len)
{
    driver_desc(d, queue, head, DRIVER_DATA + 0x2000 + 0x100 * head, len, DESC_WRITE, 0);
    driver_offer(d, queue, head);
    driver_notify(d, queue);
}

static void expect_received(unsigned queue, unsigned head, const char *text)
{
    uint32_t len;
    char got[64] = {0};
    g_assert_cmpint(driver_used(d, queue, &len), ==, (int)head);
    g_assert_true(dma_read(w->machine, DRIVER_DATA + 0x2000 + 0x100 * head, got, len));
    g_assert_cmpstr(got, ==, text);
}

static void transmit(unsigned queue, const char *text)
{
    g_assert_true(dma_write(w->machine, DRIVER_DATA + 0x4000, text, strlen(text)));
    driver_desc(d, queue, 0, DRIVER_DATA + 0x4000, (uint32_t)strlen(text), 0, 0);
    driver_offer(d, queue, 0);
    driver_notify(d, queue);
    g_assert_cmpint(driver_used(d, queue, NULL), ==, 0);
}

// ---- cases ----

static void test_control(void)
{
    setup();
    port("virtconsole", "chardev=c0");
    port("virtserialport", "chardev=c1,name=org.example.port");
    port("virtserialport", "nr=2");
    g_assert_cmphex(driver_features(d) & 7, ==, 6);
    g_assert_cmpuint(driver_config(d, 4, 4), ==, 3);
    driver_start(d, F_MULTIPORT);
    tell(0xffffffff, DEVICE_READY, 1);
    g_assert_cmpstr(told(), ==, "0 1 1 ");
    world_reload(w);
    g_assert_cmpstr(told(), ==, "1 1 1 ");
    g_assert_cmpstr(told(), ==, "2 1 1 ");
    g_assert_cmpstr(told(), ==, "");
    tell(0, PORT_READY, 1); // the waiting buffer takes the first
    g_assert_cmpstr(told(), ==, "0 4 1 ");
    g_assert_cmpstr(told(), ==, "0 6 1 ");
    g_assert_cmpstr(told(), ==, "");
    tell(1, PORT_READY, 1);
    g_assert_cmpstr(told(), ==, "1 7 1 org.example.port");
    g_assert_cmpstr(told(), ==, "1 6 1 ");
    tell(2, PORT_READY, 1); // nobody at the other end, and no name
    tell(3, PORT_READY, 1); // no such ports
    tell(0x80000000, PORT_OPEN, 1);
    tell(1, 99, 1);
    g_assert_cmpstr(told(), ==, "");
    for (unsigned i = 0; i < 500; i++) { // more than anybody keeps
        tell(1, PORT_READY, 1);
    }
    unsigned kept = 0;
    for (const char *text = told(); *text; text = told()) {
        g_assert_cmpstr(text, ==, kept++ % 2 ? "1 6 1 " : "1 7 1 org.example.port");
    }
    g_assert_cmpuint(kept, ==, 129); // one in the waiting buffer
    teardown();
}

static void test_bytes(void)
{
    setup();
    port("virtserialport", "chardev=c1");
    driver_start(d, F_MULTIPORT);
    fake_char_in("early", 5); // closed: lost
    g_assert_cmpuint(fake_char_credit, ==, 0);
    tell(1, PORT_OPEN, 1);
    g_assert_cmpuint(fake_char_credit, ==, 4096);
    fake_char_in("hello, world", 12);
    g_assert_cmpuint(fake_char_credit, ==, 4084);
    world_reload(w);
    g_assert_cmpuint(fake_char_credit, ==, 4084);
    receive_buffer(PORT1_RX, 0, 7);
    expect_received(PORT1_RX, 0, "hello, ");
    g_assert_true(driver_irq(d));
    receive_buffer(PORT1_RX, 1, 32);
    expect_received(PORT1_RX, 1, "world");
    g_assert_cmpuint(fake_char_credit, ==, 4096);
    receive_buffer(PORT1_RX, 2, 32);
    g_assert_cmpint(driver_used(d, PORT1_RX, NULL), ==, -1);
    fake_char_in("at once", 7);
    expect_received(PORT1_RX, 2, "at once");
    char *many = g_strnfill(5000, 'x');
    fake_char_in("first", 5);
    fake_char_in(many, 5000); // more than the credit
    g_assert_cmpuint(fake_char_credit, ==, 0);
    g_free(many);
    receive_buffer(PORT1_RX, 4, 8);
    expect_received(PORT1_RX, 4, "firstxxx");
    tell(1, PORT_OPEN, 0); // closing throws away
    receive_buffer(PORT1_RX, 3, 32);
    g_assert_cmpint(driver_used(d, PORT1_RX, NULL), ==, -1);
    transmit(PORT1_TX, "out");
    g_assert_cmpstr(fake_char_out->str, ==, "out");
    driver_set(d, MMIO_STATUS, 0);
    g_assert_cmpuint(fake_char_credit, ==, 0);
    teardown();
}

// Around the end of the FIFO, in pieces.
static void test_ring(void)
{
    setup();
    port("virtserialport", "chardev=c1");
    driver_start(d, F_MULTIPORT);
    tell(1, PORT_OPEN, 1);
    char piece[56], want[57] = {0};
    for (unsigned i = 0; i < 200; i++) {
        memset(piece, 'a' + (int)(i % 26), sizeof piece);
        memcpy(want, piece, sizeof piece);
        fake_char_in(piece, sizeof piece);
        receive_buffer(PORT1_RX, i % 8, 60);
        expect_received(PORT1_RX, i % 8, want);
    }
    teardown();
}

// A driver that only knows one console.
static void test_single(void)
{
    setup();
    port("virtconsole", "chardev=c0");
    g_assert_cmpuint(fake_char_credit, ==, 0);
    driver_start(d, 0);
    receive_buffer(0, 0, 32);
    fake_char_in("typed", 5);
    expect_received(0, 0, "typed");
    transmit(1, "shown");
    world_write(w, d->mmio, MMIO_CONFIG + 8, 4, '!'); // emergency write
    g_assert_cmpstr(fake_char_out->str, ==, "shown!");
    transmit(PORT1_TX, "nowhere");
    world_write(w, d->mmio, MMIO_CONFIG + 4, 4, 0);
    g_assert_cmpuint(driver_config(d, 4, 4), ==, 3);
    g_assert_false(driver_broken(d));
    teardown();
}

static void test_numbers(void)
{
    static const struct { const char *type, *properties, *error; } wrong[] = {
        {"virtserialport", "nr=0", "Port number 0 on virtio-serial devices reserved for virtconsole "
                                   "devices for backward compatibility."},
        {"virtserialport", "nr=1", "virtio-serial-bus: A port already exists at id 1"},
        {"virtserialport", "nr=3", "virtio-serial-bus: Out-of-range port id specified, max. allowed: 2"},
        {"virtserialport", "nr=2,name=a", "virtio-serial-bus: A port already exists by name a"},
    };
    Error err = {""};
    setup();
    port("virtserialport", "name=a");
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_null(try_port(wrong[i].type, wrong[i].properties, &err));
        g_assert_cmpstr(err.msg, ==, wrong[i].error);
    }
    const DeviceType *type = device_type_find("virtserialport");
    g_assert_true(virtio_serial_slot(w->machine, type, NULL, &err) == d->dev);
    g_assert_true(virtio_serial_slot(w->machine, type, "virtio-serial-bus.0", &err) == d->dev);
    g_assert_null(virtio_serial_slot(w->machine, type, "virtio-serial-bus.1", &err));
    g_assert_cmpstr(err.msg, ==, "Bus 'virtio-serial-bus.1' not found");
    teardown();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-serial/control", test_control);
    g_test_add_func("/virtio-serial/bytes", test_bytes);
    g_test_add_func("/virtio-serial/ring", test_ring);
    g_test_add_func("/virtio-serial/single", test_single);
    g_test_add_func("/virtio-serial/numbers", test_numbers);
    return g_test_run();
}
