// SPDX-License-Identifier: GPL-2.0-or-later
// Network port, the device-facing half: a source of net-rx events and a way out for frames.
//
// The port doesn't know what it is connected to, nor whether the machine is recorded or replayed.
// Credit counts frames. Link state and offloads aren't modelled: the link is up, frames are whole.
#include "net/net-bridge.h"

struct NetPort {
    Device *dev;
    NetRx *rx;
    ReplaySource *source;
    NetEnd *end; // NULL: connected to nothing
};

static const NetHost *net_host;

void net_port_set_host(const NetHost *host) { net_host = host; }

static void port_deliver(void *target, const uint8_t *payload, size_t len)
{
    NetPort *port = target;
    if (len > 1) { // flags alone: no frame
        if (port->end) {
            net_host->passed(port->end, false, payload + 1, len - 1, clock_now(port->dev));
        }
        port->rx(port->dev, payload + 1, len - 1);
    }
}

NetPort *net_port_new(Machine *machine, const char *netdev_id, Device *dev, NetRx *rx, Error *err)
{
    NetPort *port = g_new0(NetPort, 1);
    port->dev = dev;
    port->rx = rx;
    port->source = replay_source_new(machine->replay, EVENT_NET_RX, dev->path, port_deliver, port);
    if (!netdev_id) {
        return port;
    }
    if (!net_host) {
        fail(err, "can't find value '%s'", netdev_id);
    } else {
        port->end = net_host->attach_port(netdev_id, dev, port->source, err);
    }
    if (!port->end) {
        g_free(port);
        return NULL;
    }
    return port;
}

void net_port_send(NetPort *port, const uint8_t *frame, size_t len)
{
    if (port->end) {
        net_host->passed(port->end, true, frame, len, clock_now(port->dev));
        net_host->send(port->end, frame, len);
    }
}

void net_port_credit(NetPort *port, size_t frames) { replay_credit_set(port->source, frames); }
