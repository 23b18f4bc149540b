// SPDX-License-Identifier: GPL-2.0-or-later
// virtio-net: transmission, reception into one or several buffers, filters, control commands,
// credit.
#include "tests/device/fake-driver.h"
#include "tests/device/fake-ports.h"

#include <string.h>

enum { RXQ = 0, TXQ = 1, CTRLQ = 2, HEADER_BYTES = 12 };
#define F_MRG_RXBUF VIRTIO_F(15)
#define F_CTRL (VIRTIO_F(17) | VIRTIO_F(18) | VIRTIO_F(20) | VIRTIO_F(23))

static uint8_t frame[1518] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 1, 2, 3, 4, 5, 6, 8, 0};

static void test_transmit(void)
{
    World *w = world_new();
    Driver *d = driver_new(w, "virtio-net-device", NULL);
    driver_start(d, 0);
    g_assert_cmphex(driver_config(d, 0, 4), ==, 0x12005452);
    g_assert_cmphex(driver_config(d, 4, 4), ==, 0x00015634); // end of the address; link is up
    g_assert_true(dma_write(w->machine, DRIVER_DATA + 12, frame, 60));
    driver_desc(d, TXQ, 0, DRIVER_DATA, 12, DESC_NEXT, 1);
    driver_desc(d, TXQ, 1, DRIVER_DATA + 12, 60, 0, 0);
    driver_desc(d, TXQ, 2, DRIVER_DATA, 4000, 0, 0); // too long: dropped
    driver_desc(d, TXQ, 3, DRIVER_DATA, 20, 0, 0);   // too short
    driver_offer(d, TXQ, 0);
    driver_offer(d, TXQ, 2);
    driver_offer(d, TXQ, 3);
    driver_notify(d, TXQ);
    g_assert_cmpuint(fake_net_out->len, ==, 1);
    gsize len;
    const uint8_t *sent = g_bytes_get_data(fake_net_out->pdata[0], &len);
    g_assert_cmpuint(len, ==, 60);
    g_assert_cmpmem(sent, 60, frame, 60);
    g_assert_cmpint(driver_used(d, TXQ, NULL), ==, 0);
    g_assert_cmpint(driver_used(d, TXQ, NULL), ==, 2);
    g_assert_cmpint(driver_used(d, TXQ, NULL), ==, 3);
    g_assert_true(driver_irq(d));
    driver_poke(d, DRIVER_DATA + 1, 1, 1); // asks for segmentation
    driver_offer(d, TXQ, 0);
    driver_notify(d, TXQ);
    g_assert_cmpuint(fake_net_out->len, ==, 1);
    g_assert_false(driver_broken(d));
    driver_free(d);
    world_free(w);
}

static void offer_rx(Driver *d, unsigned i, uint32_t len)
{
    driver_desc(d, RXQ, i, DRIVER_DATA + 0x1000 * i, len, DESC_WRITE, 0);
    driver_offer(d, RXQ, i);
    driver_notify(d, RXQ);
}

static void test_receive(void)
{
    World *w = world_new();
    Driver *d = driver_new(w, "virtio-net-device", "netdev=n0");
    uint32_t len;
    fake_net_in(frame, 60); // nobody there yet
    driver_start(d, 0);
    fake_net_in(frame, 60); // no buffer: dropped
    g_assert_cmpuint(fake_net_credit, ==, 0);
    offer_rx(d, 0, 1530);
    offer_rx(d, 1, 100);
    g_assert_cmpuint(fake_net_credit, ==, 2);
    world_reload(w);
    g_assert_cmpuint(fake_net_credit, ==, 2);
    fake_net_in(frame, 1514);
    g_assert_cmpuint(fake_net_credit, ==, 1);
    g_assert_cmpint(driver_used(d, RXQ, &len), ==, 0);
    g_assert_cmpuint(len, ==, 1526);
    g_assert_cmpmem(w->ram->host + 0x100000 + 12, 1514, frame, 1514);
    g_assert_cmpuint(driver_peek(d, DRIVER_DATA + 10, 2), ==, 1);
    g_assert_true(driver_irq(d));
    fake_net_in(frame, 200); // longer than the buffer: dropped, the buffer stays
    fake_net_in(frame, 13);
    fake_net_in(frame, 1519);
    g_assert_cmpint(driver_used(d, RXQ, NULL), ==, -1);
    g_assert_false(driver_irq(d));
    fake_net_in(frame, 60);
    g_assert_cmpint(driver_used(d, RXQ, &len), ==, 1);
    g_assert_cmpuint(len, ==, 72);
    driver_free(d);
    world_free(w);
}

static void test_merge(void)
{
    World *w = world_new();
    Driver *d = driver_new(w, "virtio-net-device", NULL);
    uint32_t len;
    driver_start(d, F_MRG_RXBUF | VIRTIO_F_EVENT_IDX);
    for (unsigned i = 0; i < 3; i++) {
        offer_rx(d, i, 64);
    }
    fake_net_in(frame, 3 * 64); // 12 bytes too much
    g_assert_cmpint(driver_used(d, RXQ, NULL), ==, -1);
    g_assert_cmpuint(fake_net_credit, ==, 3);
    fake_net_in(frame, 100);
    g_assert_cmpint(driver_used(d, RXQ, &len), ==, 0);
    g_assert_cmpuint(len, ==, 64);
    g_assert_cmpint(driver_used(d, RXQ, &len), ==, 1);
    g_assert_cmpuint(len, ==, 48);
    g_assert_cmpint(driver_used(d, RXQ, NULL), ==, -1);
    g_assert_cmpuint(driver_peek(d, DRIVER_DATA + 10, 2), ==, 2);
    g_assert_cmpmem(w->ram->host + 0x101000, 48, frame + 52, 48);
    driver_start(d, F_MRG_RXBUF);
    offer_rx(d, 0, 5); // no room for the header
    fake_net_in(frame, 60);
    g_assert_true(driver_broken(d));
    driver_free(d);
    world_free(w);
}

// One control command; its answer.
static unsigned control(Driver *d, unsigned class, unsigned command, const void *bytes, size_t len)
{
    driver_poke(d, DRIVER_DATA + 0x8000, class | command << 8, 2);
    g_assert_true(dma_write(d->w->machine, DRIVER_DATA + 0x8002, bytes, len));
    driver_poke(d, DRIVER_DATA + 0x9000, 0xee, 1);
    driver_desc(d, CTRLQ, 0, DRIVER_DATA + 0x8000, (uint32_t)(2 + len), DESC_NEXT, 1);
    driver_desc(d, CTRLQ, 1, DRIVER_DATA + 0x9000, 1, DESC_WRITE, 0);
    driver_offer(d, CTRLQ, 0);
    driver_notify(d, CTRLQ);
    g_assert_cmpint(driver_used(d, CTRLQ, NULL), ==, 0);
    return (unsigned)driver_peek(d, DRIVER_DATA + 0x9000, 1);
}

static bool received(Driver *d, const char *mac)
{
    uint8_t copy[60];
    memcpy(copy, frame, sizeof copy);
    memcpy(copy, mac, 6);
    offer_rx(d, 0, 100);
    fake_net_in(copy, sizeof copy);
    if (driver_used(d, RXQ, NULL) == 0) {
        return true;
    }
    fake_net_in(frame, 60); // uses the buffer up, if the card's own address is on
    driver_used(d, RXQ, NULL);
    return false;
}

static void test_filters(void)
{
    World *w = world_new();
    Driver *d = driver_new(w, "virtio-net-device", NULL);
    driver_start(d, F_CTRL);
    g_assert_true(received(d, "\x02other")); // promiscuous until told
    g_assert_cmpuint(control(d, 0, 0, "", 1), ==, 0);
    g_assert_false(received(d, "\x02other"));
    g_assert_true(received(d, "\x52\x54\x00\x12\x34\x56"));
    g_assert_true(received(d, "\xff\xff\xff\xff\xff\xff"));
    g_assert_false(received(d, "\x01group"));
    g_assert_cmpuint(control(d, 1, 0, "\1\0\0\0\002other\1\0\0\0\001group", 20), ==, 0);
    world_reload(w);
    g_assert_true(received(d, "\x02other"));
    g_assert_true(received(d, "\x01group"));
    g_assert_false(received(d, "\x01grout"));
    g_assert_cmpuint(control(d, 1, 0, "\2\0\0\0\002other\0\0\0\0", 14), ==, 1); // table cut short
    g_assert_cmpuint(control(d, 1, 0, "\377\377\377\377\002other\0\0\0\0", 14), ==, 1);
    g_assert_true(received(d, "\x02other")); // still the old one
    g_assert_cmpuint(control(d, 0, 5, "\1", 1), ==, 0); // no broadcast
    g_assert_false(received(d, "\xff\xff\xff\xff\xff\xff"));
    g_assert_cmpuint(control(d, 0, 1, "\1", 1), ==, 0); // all multicast
    g_assert_true(received(d, "\x01grout"));
    g_assert_cmpuint(control(d, 0, 6, "\1", 1), ==, 1); // no such mode
    g_assert_cmpuint(control(d, 4, 0, "\1\0", 2), ==, 1);
    g_assert_cmpuint(control(d, 0, 0, "", 0), ==, 1);
    g_assert_cmpuint(control(d, 1, 1, "\x02mymac", 6), ==, 0);
    g_assert_cmphex(driver_config(d, 0, 1), ==, 0x02);
    g_assert_true(received(d, "\x02mymac"));
    driver_start(d, 0); // a reset brings the address back
    g_assert_cmphex(driver_config(d, 0, 1), ==, 0x52);
    driver_set(d, MMIO_STATUS, 0);
    driver_set(d, MMIO_DRIVER_FEATURES_SEL, 1);
    driver_set(d, MMIO_DRIVER_FEATURES, 1);
    driver_set(d, MMIO_DRIVER_FEATURES_SEL, 0);
    driver_set(d, MMIO_DRIVER_FEATURES, 1 << 18); // CTRL_RX without CTRL_VQ
    driver_set(d, MMIO_STATUS, 3 | VIRTIO_FEATURES_OK);
    g_assert_cmphex(driver_get(d, MMIO_STATUS), ==, 3);
    driver_free(d);
    world_free(w);
}

static void test_addresses(void)
{
    World *w = world_new();
    Driver *first = driver_new(w, "virtio-net-device", NULL);
    Driver *named = driver_new(w, "virtio-net-device", "mac=52:54:00:12:34:57");
    Driver *third = driver_new(w, "virtio-net-device", NULL);
    g_assert_cmphex(driver_config(first, 5, 1), ==, 0x56);
    g_assert_cmphex(driver_config(named, 5, 1), ==, 0x57);
    g_assert_cmphex(driver_config(third, 5, 1), ==, 0x58);
    driver_free(first);
    driver_free(named);
    driver_free(third);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-net/transmit", test_transmit);
    g_test_add_func("/virtio-net/receive", test_receive);
    g_test_add_func("/virtio-net/merge", test_merge);
    g_test_add_func("/virtio-net/filters", test_filters);
    g_test_add_func("/virtio-net/addresses", test_addresses);
    return g_test_run();
}
