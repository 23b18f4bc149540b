// SPDX-License-Identifier: GPL-2.0-or-later
// Networks, the host half: -netdev user (libslirp), -nic, -net, and what happens to frames on their way.
//
// All functions belong to the I/O thread or to start-up. Life: net_*_add for each option, net_open_all,
// cards attach, the main loop, net_close_all.
//
//     card (machine thread) --frames--> queue (1 MiB, then dropped) --I/O thread--> libslirp
//     libslirp --> queue (1 MiB, then dropped) --I/O thread, within the card's credit--> replay_post
//
// Above half of the second queue, and while the machine is stopped, libslirp's sockets aren't polled and
// its clock, in the second case, stands still.
#pragma once
#include "net/net-bridge.h"

bool net_netdev_add(const char *option, Error *err) __attribute__((warn_unused_result)); // -netdev
bool net_nic_add(const char *option, Error *err) __attribute__((warn_unused_result));    // -nic
bool net_net_add(const char *option, Error *err) __attribute__((warn_unused_result));    // -net

bool net_object_add(const char *option, Error *err) __attribute__((warn_unused_result)); // -object filter-…

// Cards that -nic and -net ask the machine for.
typedef struct NetNic {
    char *netdev_id;  // NULL: connected to nothing
    char *model;      // NULL: the machine's default
    char *mac;        // "52:54:00:12:34:56", checked; NULL: not given
    char *id;         // NULL: none
} NetNic;
unsigned net_nic_count(void);
const NetNic *net_nic_at(unsigned i);
bool net_default_wanted(void); // none of -netdev, -nic, -net was given: the machine may add its default card

// After all options. Checks that filters name netdevs; then, unless `mode` is REPLAY_PLAY, starts libslirp
// and opens its forwarded ports. While replaying, frames that cards send are dropped, and none come.
bool net_open_all(ReplayMode mode, Error *err) __attribute__((warn_unused_result));
// What guestfwd=tcp:ADDRESS:PORT-CHARDEV needs of character devices, which this folder doesn't know
// (softmmu/guestfwd.c). All on the I/O thread.
typedef struct NetStreamUser {
    size_t (*can_read)(void *ctx);
    void (*read)(void *ctx, const uint8_t *buf, size_t len);
} NetStreamUser;
typedef struct NetStreams {
    void *(*open)(const char *spec, const char *id, const NetStreamUser *user, void *ctx, Error *err);
    bool (*write)(void *stream, const void *buf, size_t len); // false: dropped, nobody reads there
    void (*resumed)(void *stream);                            // can_read may have risen
    void (*close)(void *stream);
} NetStreams;
void net_set_streams(const NetStreams *streams); // before net_open_all; borrows for good

void net_warn_unconnected(void);    // after all cards: on stderr, for each netdev without one
void net_close_all(void); // also forgets all that was added
void net_set_running(bool running); // the machine runs or is stopped; true at first

// One netdev, for reports.
typedef struct NetInfo {
    const char *id;
    char *text;               // "type=user,net=10.0.2.0,restrict=off"
    const char *card;         // path of the card's device; NULL: none
    const char *card_model;
    size_t queued_bytes;      // waiting for the card
    uint64_t rx_frames, rx_dropped, tx_frames, tx_dropped;
} NetInfo;
void net_each(void (*each)(void *ctx, const NetInfo *info), void *ctx);
char *net_info_text(void);    // `info network`; g_free
char *net_usernet_text(void); // `info usernet`: libslirp's connections; g_free
