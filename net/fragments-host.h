// SPDX-License-Identifier: GPL-2.0-or-later
// IPv4 fragments of a guest put together before libslirp sees them (fragments-host.c).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Fragments Fragments;

Fragments *fragments_new(void);
void fragments_free(Fragments *fragments); // NULL is legal
bool fragment_is(const uint8_t *frame, size_t len); // an Ethernet frame that holds a fragment of an IPv4 datagram
// Takes in a fragment. When it was the last that lacked: a frame with the whole datagram, *len its length, valid until
// the next call. NULL: not yet, or it was dropped.
const uint8_t *fragments_take(Fragments *fragments, const uint8_t *frame, size_t *len, int64_t now_ms);
