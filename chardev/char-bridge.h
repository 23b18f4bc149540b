// SPDX-License-Identifier: GPL-2.0-or-later
// What the device-facing half (char-port.c) needs of the host half, as a table of functions, so that
// the former links without any OS. The host half registers itself at start-up.
#pragma once
#include "chardev/chardev.h"

typedef struct CharEnd CharEnd; // one user's end of a chardev, owned by the host half

typedef struct CharHost {
    // Start-up. The end of chardev `id` for a guest's port whose inputs go to `source`; NULL: no
    // such chardev, or it is in use.
    CharEnd *(*attach_port)(const char *id, ReplaySource *source, Error *err);
    void (*output)(CharEnd *end, const uint8_t *buf, size_t len); // machine thread; copies
} CharHost;

void char_port_set_host(const CharHost *host); // borrows for good
