// SPDX-License-Identifier: GPL-2.0-or-later
// guestfwd=tcp:ADDRESS:PORT-CHARDEV: a connection of the guest to that address is a stream to and from a character
// device, one for all connections.
//
// What the guest sends is queued by the character device, 16 MiB at most; beyond, the guest's bytes are lost with a
// warning, since libslirp has no way to be told to wait. The other way libslirp says how much it takes.
#include "net/slirp-options-host.h"
#include "util/message.h"

#include <stdio.h>

struct GuestStream {
    Slirp *slirp;
    struct in_addr addr;
    int port;
    void *stream;
    bool warned;
};

static const NetStreams *streams;

void net_set_streams(const NetStreams *host) { streams = host; }

static size_t stream_can_read(void *ctx)
{
    GuestStream *guest = ctx;
    return slirp_socket_can_recv(guest->slirp, guest->addr, guest->port);
}

static void stream_read(void *ctx, const uint8_t *buf, size_t len)
{
    GuestStream *guest = ctx;
    slirp_socket_recv(guest->slirp, guest->addr, guest->port, buf, (int)len);
}

static const NetStreamUser stream_user = {stream_can_read, stream_read};

static ssize_t guest_sent(const void *buf, size_t len, void *ctx)
{
    GuestStream *guest = ctx;
    if (!streams->write(guest->stream, buf, len) && !guest->warned) {
        guest->warned = true;
        message("warning: guestfwd to port %d: bytes of the guest are lost, since nobody reads them", guest->port);
    }
    return (ssize_t)len;
}

GuestStream *guestfwd_open(Slirp *slirp, const GuestForward *fwd, Error *err)
{
    if (!streams) {
        fail(err, "Could not open guest forwarding device 'guestfwd.tcp.%d'", fwd->server_port);
        return NULL;
    }
    GuestStream *guest = g_new0(GuestStream, 1);
    *guest = (GuestStream){.slirp = slirp, .addr = fwd->server_addr, .port = fwd->server_port};
    char *id = g_strdup_printf("guestfwd.tcp.%d", fwd->server_port);
    bool ok = slirp_add_guestfwd(slirp, guest_sent, guest, &guest->addr, guest->port) == 0 ||
              fail(err, "Conflicting/invalid host:port in guest forwarding rule '%s'", fwd->text);
    if (ok) {
        guest->stream = streams->open(fwd->chardev, id, &stream_user, guest, err);
        ok = guest->stream;
        if (!ok) {
            slirp_remove_guestfwd(slirp, guest->addr, guest->port);
        }
    }
    g_free(id);
    if (!ok) {
        g_clear_pointer(&guest, g_free);
    }
    return guest;
}

void guestfwd_resumed(GuestStream *guest) { streams->resumed(guest->stream); }

void guestfwd_close(void *guest)
{
    streams->close(((GuestStream *)guest)->stream);
    g_free(guest);
}
