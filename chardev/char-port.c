// SPDX-License-Identifier: GPL-2.0-or-later
// Character port, the device-facing half: a source of char-rx events and a way out for bytes.
//
// The port doesn't know what it is connected to, nor whether the machine is recorded or replayed.
// Modem lines and breaks aren't modelled: bytes only.
#include "chardev/char-bridge.h"

struct CharPort {
    Device *dev;
    CharRx *rx;
    ReplaySource *source;
    CharEnd *end; // NULL: connected to nothing
};

static const CharHost *char_host;

void char_port_set_host(const CharHost *host) { char_host = host; }

static void port_deliver(void *target, const uint8_t *payload, size_t len)
{
    CharPort *port = target;
    port->rx(port->dev, payload, len);
}

CharPort *char_port_new(Machine *machine, const char *chardev_id, Device *dev, CharRx *rx,
                        Error *err)
{
    CharPort *port = g_new0(CharPort, 1);
    port->dev = dev;
    port->rx = rx;
    // The source exists even without a chardev: a recording made with one may be replayed without.
    port->source =
        replay_source_new(machine->replay, EVENT_CHAR_RX, dev->path, port_deliver, port);
    if (!chardev_id) {
        return port;
    }
    if (!char_host) {
        fail(err, "chardev '%s' not found", chardev_id);
    } else {
        port->end = char_host->attach_port(chardev_id, port->source, err);
    }
    if (!port->end) {
        g_free(port);
        return NULL;
    }
    return port;
}

void char_port_write(CharPort *port, const uint8_t *buf, size_t len)
{
    if (port->end) {
        char_host->output(port->end, buf, len);
    }
}

void char_port_credit(CharPort *port, size_t free_bytes)
{
    replay_credit_set(port->source, free_bytes);
}
