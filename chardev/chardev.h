// SPDX-License-Identifier: GPL-2.0-or-later
// A character port as a device sees it. No OS here: the host half is chardev-host.h.
#pragma once
#include "core/device.h"

typedef struct Chardev Chardev;
typedef struct CharPort CharPort; // the guest's end of a chardev

typedef void CharRx(Device *dev, const uint8_t *buf, size_t len);

// The port of the chardev with this id (made by -chardev, -serial, …) for one device. Inputs come by `rx` on the machine thread, as char-rx
// events. A NULL id makes a port that is connected to nothing. Registers the seam's source, so call it in an order fixed by the configuration.
CharPort *char_port_new(Machine *machine, const char *chardev_id, Device *dev, CharRx *rx, Error *err);
void char_port_write(CharPort *port, const uint8_t *buf, size_t len); // output; never blocks
void char_port_credit(CharPort *port, size_t free_bytes);             // how much the device can take now (advisory)
