// SPDX-License-Identifier: GPL-2.0-or-later
// A network port as a card sees it: Ethernet frames without preamble and FCS. No OS here: the host half is net-host.h.
#pragma once
#include "core/device.h"

typedef struct NetPort NetPort;

enum { NET_FRAME_MAX = 65536 + 64 };

typedef void NetRx(Device *dev, const uint8_t *frame, size_t len);

// The port on the netdev with this id (NULL: connected to nothing). One card a netdev. Frames come by `rx` on the machine thread, as net-rx
// events; the card decides from its own state whether it takes or drops them.
NetPort *net_port_new(Machine *machine, const char *netdev_id, Device *dev, NetRx *rx, Error *err);
void net_port_send(NetPort *port, const uint8_t *frame, size_t len);
void net_port_credit(NetPort *port, size_t frames); // receive buffers that the card has now (advisory)
