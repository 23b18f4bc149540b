// SPDX-License-Identifier: GPL-2.0-or-later
// A world for tests of chardevs: a seam without a log, one device with one port, a client.
#pragma once
#include "chardev/chardev-host.h"

#include <glib/gstdio.h>

typedef struct World {
    Machine machine;
    Device dev;
    CharPort *port;
    GString *guest;     // what reached the device
    GString *client;    // what reached the client
    GString *events;    // "oc+-": opened, closed, mux in and out
    size_t client_room;
    CharEnd *end;
    char *dir;
    unsigned quits;
} World;

extern World *world; // CharRx has no context but the device
extern const CharFrontend client;

void world_new(void);
void world_free(void);
void settle(void);
void deliver(void);
void add(const char *option);
void add_legacy(const char *spec, const char *id, bool monitor);
void open_all(void);
void connect_port(const char *id);
void connect_client(const char *id);
char *in_dir(const char *name); // g_free
int unix_connect(const char *path);
void put(int fd, const char *text);
char *get(int fd);
void assert_got(int fd, const char *expected);
void guest_rx(Device *dev, const uint8_t *buf, size_t len);
