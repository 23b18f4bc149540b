// SPDX-License-Identifier: GPL-2.0-or-later
// What the socket backend needs of telnet (chardev-host-telnet.c).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { TELNET_GREETING_BYTES = 12, TELNET_IAC = 255 };

typedef struct Telnet {
    uint8_t state, command;
    bool binary;   // the other side sends CR as it is
    bool after_cr;
    bool half_iac; // out: the first of the two bytes of a 255 is sent
} Telnet;

extern const uint8_t telnet_greeting[TELNET_GREETING_BYTES];
size_t telnet_filter(Telnet *telnet, uint8_t *buf, size_t len); // in place; returns how many are left
size_t telnet_plain(const uint8_t *buf, size_t len);            // bytes before the first 255
