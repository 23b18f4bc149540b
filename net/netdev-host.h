// SPDX-License-Identifier: GPL-2.0-or-later
// Shared by the files of the network's host half only: the netdev, and what a backend provides.
#pragma once
#include "core/options.h"
#include "net/net-host.h"

#include <pthread.h>

enum { NET_QUEUE_MAX = 1 << 20, NET_QUEUE_PAUSE = NET_QUEUE_MAX / 2 }; // bytes

typedef struct NetBackend NetBackend; // a backend's own data
typedef struct Netdev Netdev;

typedef struct NetBackendType {
    const char *name;
    NetBackend *(*parse)(Options *options, Error *err); // takes its keys; NULL: err
    void (*free)(NetBackend *backend);                  // also closes it
    bool (*open)(NetBackend *backend, Netdev *netdev, Error *err);
    void (*send)(NetBackend *backend, const uint8_t *frame, size_t len); // from the card
    void (*set_running)(NetBackend *backend, bool running);
    void (*room)(NetBackend *backend);                  // netdev_busy may have become false; NULL: asks by itself
    char *(*text)(const NetBackend *backend);           // behind "type=NAME,"
    char *(*connections)(NetBackend *backend);          // gives NULL when it isn't open; NULL: knows of none
} NetBackendType;

extern const NetBackendType net_slirp, net_socket;

struct Netdev {
    char *id;
    const NetBackendType *type;
    NetBackend *backend;
    bool opened;
    bool legacy;               // of -net
    NetEnd *end;               // the card; NULL: none
    pthread_mutex_t lock;
    GQueue tx;                 // under lock: GBytes * from the card
    size_t tx_bytes;           // under lock
    bool tx_scheduled;         // under lock
    uint64_t tx_frames, tx_dropped; // under lock
    GQueue rx;                 // GBytes * (flags and frame) for the card
    size_t rx_bytes;
    uint64_t rx_frames, rx_dropped;
    gint rx_scheduled;         // atomic
};

// A frame from the backend for the card; dropped when the queue is full.
void netdev_receive(Netdev *netdev, const uint8_t *frame, size_t len);
static inline bool netdev_busy(const Netdev *netdev) { return netdev->rx_bytes > NET_QUEUE_PAUSE; }

Netdev *netdev_make(const char *id, Options *options, Error *err); // `type` and the backend's keys; registers
Netdev *netdev_find(const char *id);
Netdev *netdev_next_legacy(Netdev *after); // those of -net, in order; after NULL: the first
void net_nics_clear(void);

// dump-host.c: -object filter-dump
bool net_dump_add(const char *option, Error *err);
bool net_dumps_open(Error *err);
void net_dump_frame(const char *netdev, bool from_card, const uint8_t *frame, size_t len, int64_t now_ns);
void net_dumps_text(const char *netdev, bool *first, GString *text); // for `info network`
void net_dumps_clear(void);
