// SPDX-License-Identifier: GPL-2.0-or-later
// What the device-facing half (net-port.c) needs of the host half, as a table of functions, so that the
// former links without any OS. The host half registers itself at start-up.
#pragma once
#include "net/net.h"

typedef struct NetEnd NetEnd; // a card's end of a netdev, owned by the host half

// First byte of a net-rx event's payload; the frame follows.
enum { NET_RX_FLAGS = 0 };

typedef struct NetHost {
    // Start-up. The end of netdev `id` for a card whose frames go to `source`; NULL: no such netdev, or
    // it has a card already.
    NetEnd *(*attach_port)(const char *id, const Device *dev, ReplaySource *source, Error *err);
    void (*send)(NetEnd *end, const uint8_t *frame, size_t len); // machine thread; copies
    // Machine thread: a frame passed the card's port, at this virtual time, for those who look on.
    void (*passed)(NetEnd *end, bool from_card, const uint8_t *frame, size_t len, int64_t now_ns);
} NetHost;

void net_port_set_host(const NetHost *host); // borrows for good

// ---- filter-replay.c: -object filter-replay,id=ID,netdev=NETDEV ----

typedef struct FilterReplay {
    char *id, *netdev;
} FilterReplay;

// `option` as after -object. Every card's traffic goes through the seam anyway: the filter only says so.
bool filter_replay_add(const char *option, Error *err) __attribute__((warn_unused_result));
unsigned filter_replay_count(void);
const FilterReplay *filter_replay_at(unsigned i);
void filter_replay_clear(void);
