// SPDX-License-Identifier: GPL-2.0-or-later
// The udp backend: output goes out in datagrams, and the bytes of datagrams that come are input.
//
// A datagram is read whole and handed over as its reader has room. Bounds of datagrams mean nothing to the port.
// One that nobody receives is lost, as UDP has it.
#include "chardev/chardev-backend-host.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAM_MAX = 65536, SEND_MAX = 1400 }; // bytes

typedef struct CharUdp {
    char *host, *port, *local_host, *local_port;
    int fd; // -1: none
    size_t at, len;
    uint8_t buf[DATAGRAM_MAX];
} CharUdp;

static bool udp_parse(Chardev *chardev, Options *options, Error *err)
{
    CharUdp *own = chardev->own;
    own->fd = -1;
    own->host = g_strdup(options_get(options, "host"));
    own->port = g_strdup(options_get(options, "port"));
    own->local_host = g_strdup(options_get(options, "localaddr"));
    own->local_port = g_strdup(options_get(options, "localport"));
    (void)options_get(options, "ipv4"); // the addresses decide
    (void)options_get(options, "ipv6");
    if (!own->port || !*own->port) {
        return fail(err, "chardev: udp: remote port not specified");
    }
    return true;
}

static const char *or_default(const char *text, const char *otherwise)
{
    return text && *text ? text : otherwise;
}

static bool udp_resolve(const char *host, const char *port, int family, bool passive,
                        struct addrinfo **list, Error *err)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM,
                             .ai_flags = passive ? AI_PASSIVE : 0};
    int rc = getaddrinfo(host, port, &hints, list);
    return rc == 0 || fail(err, "address resolution failed for %s:%s: %s", host ? host : "", port,
                           gai_strerror(rc));
}

static bool udp_open(Chardev *chardev, Error *err)
{
    CharUdp *own = chardev->own;
    struct addrinfo *remote = NULL, *local = NULL;
    const char *host = or_default(own->host, "localhost");
    bool ok = udp_resolve(host, own->port, AF_UNSPEC, false, &remote, err) &&
              udp_resolve(or_default(own->local_host, NULL), or_default(own->local_port, "0"),
                          remote->ai_family, true, &local, err);
    if (ok) {
        int one = 1;
        own->fd = socket(remote->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ok = own->fd >= 0 || fail(err, "Failed to create socket: %s", strerror(errno));
        if (ok) {
            setsockopt(own->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        }
        ok = ok && (bind(own->fd, local->ai_addr, local->ai_addrlen) == 0 ||
                    fail(err, "Failed to bind socket: %s", strerror(errno)));
        ok = ok && (connect(own->fd, remote->ai_addr, remote->ai_addrlen) == 0 ||
                    fail(err, "Failed to connect to '%s:%s': %s", host, own->port, strerror(errno)));
    }
    if (remote) {
        freeaddrinfo(remote);
    }
    if (local) {
        freeaddrinfo(local);
    }
    if (ok) {
        chardev->fd_in = chardev->fd_out = own->fd;
        chardev->opened = true;
        chardev_set_connected(chardev, true);
    }
    return ok;
}

static void udp_close(Chardev *chardev)
{
    CharUdp *own = chardev->own;
    if (own->fd >= 0) {
        close(own->fd);
    }
    g_free(own->host);
    g_free(own->port);
    g_free(own->local_host);
    g_free(own->local_port);
}

static ssize_t udp_write(Chardev *chardev, const uint8_t *buf, size_t len)
{
    CharUdp *own = chardev->own;
    size_t part = MIN(len, SEND_MAX);
    if (send(own->fd, buf, part, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
        (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return 0;
    }
    return (ssize_t)part; // a datagram that can't go is lost
}

static bool udp_more(const Chardev *chardev)
{
    const CharUdp *own = chardev->own;
    return own->at < own->len;
}

static ssize_t udp_read(Chardev *chardev, uint8_t *buf, size_t len)
{
    CharUdp *own = chardev->own;
    if (own->at == own->len) {
        ssize_t n = recv(own->fd, own->buf, sizeof(own->buf), MSG_DONTWAIT);
        if (n <= 0) { // an empty one, or the news that nobody listened to ours
            errno = EAGAIN;
            return -1;
        }
        own->at = 0;
        own->len = (size_t)n;
    }
    size_t part = MIN(len, own->len - own->at);
    memcpy(buf, own->buf + own->at, part);
    own->at += part;
    return (ssize_t)part;
}

static char *udp_filename(const Chardev *chardev)
{
    const CharUdp *own = chardev->own;
    return g_strdup_printf("udp:%s:%s@%s:%s", or_default(own->host, ""), own->port,
                           or_default(own->local_host, ""), or_default(own->local_port, "0"));
}

const CharBackend char_udp = {.name = "udp", .size = sizeof(CharUdp), .drain_ms = 2000,
                              .parse = udp_parse, .open = udp_open, .close = udp_close,
                              .write = udp_write, .read = udp_read, .more = udp_more,
                              .filename = udp_filename};
