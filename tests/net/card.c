// SPDX-License-Identifier: GPL-2.0-or-later
// The card of network tests.
#include "tests/net/card.h"

#include <string.h>

Card card;

static const DeviceType card_type = {.name = "test-card"};
const uint8_t card_mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
const uint8_t card_ip[4] = {10, 0, 2, 15}, host_ip[4] = {10, 0, 2, 2};
const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};

static Position no_position(void *ctx) { return (Position){0}; }
static uint16_t no_digest(void *ctx) { return 0; }

void card_rx(Device *dev, const uint8_t *frame, size_t len)
{
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, frame, (guint)len);
    g_ptr_array_add(card.frames, bytes);
}

void begin(const char *option)
{
    static const ReplayHost host = {.position = no_position, .event_digest = no_digest};
    Error err = {0};
    card.machine = (Machine){.replay = replay_new(&host), .left = &card.machine.left_zero};
    card.dev = (Device){.type = &card_type, .machine = &card.machine, .path = (char *)"card"};
    card.frames = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    bool ok = net_netdev_add(option, &err);
    g_assert_cmpstr(err.msg, ==, "");
    g_assert_true(ok);
    card.port = net_port_new(&card.machine, "n", &card.dev, card_rx, &err);
    g_assert_cmpstr(err.msg, ==, "");
}

void open_net(void)
{
    Error err = {0};
    bool ok = net_open_all(REPLAY_NONE, &err);
    g_assert_cmpstr(err.msg, ==, "");
    g_assert_true(ok);
}

void end(void)
{
    net_close_all();
    replay_free(card.machine.replay);
    g_ptr_array_unref(card.frames);
    g_free(card.port);
}

// Runs main loop and seam until nothing was delivered in `looks` looks, a millisecond or more apart.
void settle(int looks)
{
    for (int quiet = 0; quiet < looks; quiet++) {
        while (replay_deliver(card.machine.replay, -1, NULL, NULL)) {
            quiet = 0;
        }
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(1000);
    }
}

// The first frame that came and satisfies `is`, taken out; NULL: none.
GByteArray *take(bool (*is)(const GByteArray *frame))
{
    for (unsigned i = 0; i < card.frames->len; i++) {
        GByteArray *frame = card.frames->pdata[i];
        if (is(frame)) {
            return g_ptr_array_steal_index(card.frames, i);
        }
    }
    return NULL;
}

GByteArray *wait_for(bool (*is)(const GByteArray *frame))
{
    for (unsigned i = 0; i < 100; i++) {
        settle(10);
        GByteArray *frame = take(is);
        if (frame) {
            return frame;
        }
    }
    g_error("the frame didn't come");
}

// ---- frames ----

void put16(GByteArray *frame, unsigned value)
{
    uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    g_byte_array_append(frame, bytes, 2);
}

GByteArray *frame_new(const uint8_t to[6], unsigned type)
{
    GByteArray *frame = g_byte_array_new();
    g_byte_array_append(frame, to, 6);
    g_byte_array_append(frame, card_mac, 6);
    put16(frame, type);
    return frame;
}

void frame_send(GByteArray *frame)
{
    net_port_send(card.port, frame->data, frame->len);
    g_byte_array_unref(frame);
}

void send_arp(unsigned operation, const uint8_t target[4])
{
    GByteArray *frame = frame_new(broadcast, 0x0806);
    static const uint8_t head[] = {0, 1, 8, 0, 6, 4}, zero[6];
    g_byte_array_append(frame, head, sizeof(head));
    put16(frame, operation);
    g_byte_array_append(frame, card_mac, 6);
    g_byte_array_append(frame, card_ip, 4);
    g_byte_array_append(frame, zero, 6);
    g_byte_array_append(frame, target, 4);
    frame_send(frame);
}

unsigned checksum(const uint8_t *bytes, size_t len)
{
    unsigned sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum += i & 1 ? bytes[i] : (unsigned)bytes[i] << 8;
    }
    sum = (sum >> 16) + (sum & 0xffff);
    return ~((sum >> 16) + sum) & 0xffff;
}

// An IPv4 frame; sums of the payload are the caller's (0 is good for UDP).
GByteArray *ip_frame(const uint8_t from[4], const uint8_t to[4], unsigned protocol,
                     const GByteArray *payload)
{
    static const uint8_t gateway[6] = {0x52, 0x55, 10, 0, 2, 2};
    bool all = to[0] == 255;
    GByteArray *frame = frame_new(all ? broadcast : gateway, 0x0800);
    uint8_t head[20] = {0x45, 0, 0, 0, 0, 1, 0, 0, 64, (uint8_t)protocol};
    unsigned len = 20 + payload->len;
    head[2] = (uint8_t)(len >> 8);
    head[3] = (uint8_t)len;
    memcpy(head + 12, from, 4);
    memcpy(head + 16, to, 4);
    unsigned sum = checksum(head, 20);
    head[10] = (uint8_t)(sum >> 8);
    head[11] = (uint8_t)sum;
    g_byte_array_append(frame, head, 20);
    g_byte_array_append(frame, payload->data, payload->len);
    return frame;
}

void send_udp(const uint8_t from[4], unsigned from_port, const uint8_t to[4], unsigned to_port,
              const void *bytes, unsigned len)
{
    GByteArray *payload = g_byte_array_new();
    put16(payload, from_port);
    put16(payload, to_port);
    put16(payload, 8 + len);
    put16(payload, 0);
    g_byte_array_append(payload, bytes, len);
    frame_send(ip_frame(from, to, 17, payload));
    g_byte_array_unref(payload);
}

void send_ping(unsigned sequence, unsigned bytes)
{
    GByteArray *payload = g_byte_array_new();
    uint8_t *icmp = g_malloc0(8 + bytes);
    icmp[0] = 8;
    icmp[6] = (uint8_t)(sequence >> 8);
    icmp[7] = (uint8_t)sequence;
    unsigned sum = checksum(icmp, 8 + bytes);
    icmp[2] = (uint8_t)(sum >> 8);
    icmp[3] = (uint8_t)sum;
    g_byte_array_append(payload, icmp, 8 + bytes);
    frame_send(ip_frame(card_ip, host_ip, 1, payload));
    g_byte_array_unref(payload);
    g_free(icmp);
}

bool is_arp_reply(const GByteArray *frame)
{
    return frame->len >= 42 && frame->data[12] == 8 && frame->data[13] == 6 && frame->data[21] == 2;
}

bool is_arp_request(const GByteArray *frame)
{
    return frame->len >= 42 && frame->data[12] == 8 && frame->data[13] == 6 && frame->data[21] == 1;
}

bool is_ip(const GByteArray *frame, unsigned protocol)
{
    return frame->len >= 34 && frame->data[12] == 8 && frame->data[13] == 0 &&
           frame->data[23] == protocol;
}

bool is_udp(const GByteArray *frame) { return is_ip(frame, 17); }
bool is_ping_reply(const GByteArray *frame) { return is_ip(frame, 1) && frame->data[34] == 0; }
bool is_tcp_syn(const GByteArray *frame)
{
    return is_ip(frame, 6) && (frame->data[47] & 0x12) == 2;
}

void free_all(GByteArray *frame) { g_byte_array_unref(frame); }
