// SPDX-License-Identifier: GPL-2.0-or-later
// A card for tests of networks, made of nothing but a port, and the frames that it sends and looks for.
#pragma once
#include "net/net-host.h"

typedef struct Card {
    Machine machine;
    Device dev;
    NetPort *port;
    GPtrArray *frames; // GByteArray *
} Card;
extern Card card;

extern const uint8_t card_mac[6], card_ip[4], host_ip[4], broadcast[6];

void card_rx(Device *dev, const uint8_t *frame, size_t len);
void begin(const char *option);
void open_net(void);
void end(void);
void settle(int looks);
GByteArray *take(bool (*is)(const GByteArray *frame));
GByteArray *wait_for(bool (*is)(const GByteArray *frame));
void put16(GByteArray *frame, unsigned value);
GByteArray *frame_new(const uint8_t to[6], unsigned type);
void frame_send(GByteArray *frame);
void send_arp(unsigned operation, const uint8_t target[4]);
unsigned checksum(const uint8_t *bytes, size_t len);
GByteArray *ip_frame(const uint8_t from[4], const uint8_t to[4], unsigned protocol,
                     const GByteArray *payload);
void send_udp(const uint8_t from[4], unsigned from_port, const uint8_t to[4], unsigned to_port,
              const void *bytes, unsigned len);
void send_ping(unsigned sequence, unsigned bytes);
bool is_arp_reply(const GByteArray *frame);
bool is_arp_request(const GByteArray *frame);
bool is_ip(const GByteArray *frame, unsigned protocol);
bool is_udp(const GByteArray *frame);
bool is_ping_reply(const GByteArray *frame);
bool is_tcp_syn(const GByteArray *frame);
void free_all(GByteArray *frame);
