// SPDX-License-Identifier: GPL-2.0-or-later
// -netdev socket: frames to and from another emulator over TCP (listen=, connect=), UDP (udp=) or a multicast
// group (mcast=).
//
// On TCP each frame is preceded by its length, 32 bits, big-endian; a length beyond NET_FRAME_MAX ends the
// connection. A datagram is a frame. A listener serves one connection at a time and takes the next when it ends;
// connecting is tried once, at start-up. What can't be sent at once is kept, at most 1 MiB, then dropped: a wire
// loses frames. While the machine is stopped or the card is far behind, nothing is read. Not modelled: fd=.
#include "net/netdev-host.h"
#include "util/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PREFIX_BYTES = 4, READ_BURST = 64 };

typedef enum SocketKind { SOCKET_LISTEN, SOCKET_CONNECT, SOCKET_MCAST, SOCKET_UDP, SOCKET_KINDS } SocketKind;
static const char *const kind_keys[SOCKET_KINDS] = {"listen", "connect", "mcast", "udp"};

// Wiring of one socket netdev; "NetBackend" to the rest of the folder.
typedef struct SocketNet {
    SocketKind kind;
    char *where, *local;         // as given
    struct sockaddr_in addr, local_addr;
    Netdev *netdev;
    int listen_fd, fd;           // -1: none
    GSource *listen_watch, *in_watch, *out_watch;
    bool stopped, connecting;
    char *peer;                  // of an accepted connection
    GByteArray *in, *out;        // TCP: a frame that is not yet whole; what the socket doesn't take yet
} SocketNet;

static SocketNet *own_of(NetBackend *backend) { return (SocketNet *)(void *)backend; }

// ---- options ----

static bool parse_place(const char *text, struct sockaddr_in *addr, Error *err)
{
    const char *colon = strrchr(text, ':');
    if (!colon) {
        return fail(err, "host address '%s' doesn't contain ':' separating host from port", text);
    }
    char *host = g_strndup(text, (gsize)(colon - text)), *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list = NULL;
    bool ok = true;
    *addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (*host && !inet_aton(host, &addr->sin_addr)) {
        if (getaddrinfo(host, NULL, &hints, &list) != 0) {
            ok = fail(err, "can't resolve host address '%s'", host);
        } else {
            addr->sin_addr = ((struct sockaddr_in *)(void *)list->ai_addr)->sin_addr;
            freeaddrinfo(list);
        }
    }
    if (ok && (!g_ascii_isdigit(colon[1]) || *end || port > 65535)) {
        ok = fail(err, "port number '%s' is invalid", colon + 1);
    }
    g_free(host);
    return ok;
}

static bool parse_local(SocketNet *own, Error *err)
{
    if (own->kind == SOCKET_UDP) {
        return own->local ? parse_place(own->local, &own->local_addr, err)
                          : fail(err, "localaddr= is mandatory with udp=");
    }
    if (own->local && own->kind != SOCKET_MCAST) {
        return fail(err, "localaddr= is only valid with mcast= or udp=");
    }
    return !own->local || inet_aton(own->local, &own->local_addr.sin_addr) ||
           fail(err, "localaddr '%s' is not a valid IPv4 address", own->local);
}

static bool parse(SocketNet *own, Options *options, Error *err)
{
    const char *places[SOCKET_KINDS];
    unsigned given = 0;
    for (unsigned i = 0; i < SOCKET_KINDS; i++) {
        places[i] = options_get(options, kind_keys[i]);
        if (places[i]) {
            given++;
            own->kind = (SocketKind)i;
        }
    }
    own->local = g_strdup(options_get(options, "localaddr"));
    if (options_get(options, "fd")) {
        return fail(err, "fd= is not supported");
    }
    if (given != 1) {
        return fail(err, "exactly one of listen=, connect=, mcast= or udp= is required");
    }
    own->where = g_strdup(places[own->kind]);
    if (!parse_place(own->where, &own->addr, err) || !parse_local(own, err)) {
        return false;
    }
    uint32_t host = ntohl(own->addr.sin_addr.s_addr);
    if (own->kind == SOCKET_MCAST && !IN_MULTICAST(host)) {
        return fail(err, "specified mcastaddr %s (0x%08x) does not contain a multicast address",
                    inet_ntoa(own->addr.sin_addr), host);
    }
    return true;
}

// ---- from the wire ----

static void watch(GSource **source, int fd, GIOCondition condition, GUnixFDSourceFunc func, SocketNet *own)
{
    if (!*source) {
        *source = g_unix_fd_source_new(fd, condition);
        g_source_set_callback(*source, G_SOURCE_FUNC(func), own, NULL);
        g_source_attach(*source, NULL);
    }
}

static void unwatch(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}

static gboolean readable(int fd, GIOCondition condition, void *ctx);
static gboolean writable(int fd, GIOCondition condition, void *ctx);
static gboolean accepted(int fd, GIOCondition condition, void *ctx);

static void update_watch(SocketNet *own)
{
    if (own->fd >= 0 && !own->connecting && !own->stopped && !netdev_busy(own->netdev)) {
        watch(&own->in_watch, own->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, own);
    } else {
        unwatch(&own->in_watch);
    }
}

static void disconnect(SocketNet *own)
{
    unwatch(&own->in_watch);
    unwatch(&own->out_watch);
    close(own->fd);
    own->fd = -1;
    own->connecting = false;
    g_clear_pointer(&own->peer, g_free);
    g_byte_array_set_size(own->in, 0);
    g_byte_array_set_size(own->out, 0);
    if (own->listen_fd >= 0) {
        watch(&own->listen_watch, own->listen_fd, G_IO_IN, accepted, own);
    }
}

// Hands over the whole frames of own->in. False: this isn't a stream of frames.
static bool take_frames(SocketNet *own)
{
    guint at = 0;
    while (own->in->len - at >= PREFIX_BYTES) {
        const uint8_t *p = own->in->data + at;
        uint32_t len = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        if (len == 0 || len > NET_FRAME_MAX) {
            return false;
        }
        if (own->in->len - at - PREFIX_BYTES < len) {
            break;
        }
        netdev_receive(own->netdev, p + PREFIX_BYTES, len);
        at += PREFIX_BYTES + len;
    }
    g_byte_array_remove_range(own->in, 0, at);
    return true;
}

static gboolean readable(int fd, GIOCondition condition, void *ctx)
{
    SocketNet *own = ctx;
    bool datagrams = own->kind >= SOCKET_MCAST;
    static uint8_t buf[NET_FRAME_MAX];
    for (unsigned i = 0; i < READ_BURST && !netdev_busy(own->netdev); i++) {
        ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR || datagrams)) {
            break; // datagrams: the news that nobody listened to ours
        }
        if (datagrams) {
            netdev_receive(own->netdev, buf, (size_t)n);
            continue;
        }
        if (n > 0) {
            g_byte_array_append(own->in, buf, (guint)n);
        }
        if (n <= 0 || !take_frames(own)) {
            disconnect(own);
            return G_SOURCE_CONTINUE;
        }
    }
    update_watch(own);
    return G_SOURCE_CONTINUE;
}

// ---- to the wire ----

static void flush_out(SocketNet *own)
{
    while (own->out->len) {
        ssize_t n = send(own->fd, own->out->data, own->out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno != EAGAIN) {
            disconnect(own);
            return;
        }
        if (n < 0) {
            watch(&own->out_watch, own->fd, G_IO_OUT, writable, own);
            return;
        }
        g_byte_array_remove_range(own->out, 0, (guint)n);
    }
    unwatch(&own->out_watch);
}

static void socket_send(NetBackend *backend, const uint8_t *frame, size_t len)
{
    SocketNet *own = own_of(backend);
    if (own->fd < 0 || own->connecting) {
        return; // no cable
    }
    if (own->kind >= SOCKET_MCAST) {
        (void)!sendto(own->fd, frame, len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&own->addr,
                      sizeof(own->addr));
        return;
    }
    if (own->out->len + PREFIX_BYTES + len > NET_QUEUE_MAX) {
        return;
    }
    uint8_t prefix[PREFIX_BYTES] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    g_byte_array_append(own->out, prefix, PREFIX_BYTES);
    g_byte_array_append(own->out, frame, (guint)len);
    if (!own->out_watch) {
        flush_out(own);
    }
}

// ---- connecting ----

static void connected(SocketNet *own)
{
    int one = 1;
    own->connecting = false;
    setsockopt(own->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    update_watch(own);
}

static gboolean writable(int fd, GIOCondition condition, void *ctx)
{
    SocketNet *own = ctx;
    int error = 0;
    socklen_t len = sizeof(error);
    if (own->connecting) {
        unwatch(&own->out_watch);
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
        if (error) {
            message("warning: netdev %s: cannot connect to %s: %s", own->netdev->id, own->where, strerror(error));
            disconnect(own);
        } else {
            connected(own);
        }
    } else {
        flush_out(own);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean accepted(int fd, GIOCondition condition, void *ctx)
{
    SocketNet *own = ctx;
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    int client = accept4(fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0) {
        unwatch(&own->listen_watch);
        own->fd = client;
        own->peer = g_strdup_printf("%s:%u", inet_ntoa(from.sin_addr), ntohs(from.sin_port));
        connected(own);
    }
    return G_SOURCE_CONTINUE;
}

static int socket_new(int type, Error *err)
{
    int one = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        fail(err, "can't create socket: %s", strerror(errno));
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    return fd;
}

static bool bind_to(int fd, const struct sockaddr_in *addr, Error *err)
{
    return bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 ||
           fail(err, "can't bind ip=%s to socket: %s", inet_ntoa(addr->sin_addr), strerror(errno));
}

static bool open_mcast(SocketNet *own, Error *err)
{
    struct ip_mreq group = {.imr_multiaddr = own->addr.sin_addr, .imr_interface = own->local_addr.sin_addr};
    int loop = 1;
    if (!bind_to(own->fd, &own->addr, err)) {
        return false;
    }
    if (setsockopt(own->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
        return fail(err, "can't add socket to multicast group %s: %s", inet_ntoa(group.imr_multiaddr), strerror(errno));
    }
    setsockopt(own->fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof(loop));
    if (own->local && setsockopt(own->fd, IPPROTO_IP, IP_MULTICAST_IF, &group.imr_interface,
                                 sizeof(group.imr_interface)) < 0) {
        return fail(err, "can't set the default network send interface: %s", strerror(errno));
    }
    return true;
}

static bool socket_open(NetBackend *backend, Netdev *netdev, Error *err)
{
    SocketNet *own = own_of(backend);
    own->netdev = netdev;
    int fd = socket_new(own->kind >= SOCKET_MCAST ? SOCK_DGRAM : SOCK_STREAM, err);
    if (fd < 0) {
        return false;
    }
    switch (own->kind) {
    case SOCKET_LISTEN:
        own->listen_fd = fd;
        if (!bind_to(fd, &own->addr, err)) {
            return false;
        }
        if (listen(fd, 0) < 0) {
            return fail(err, "can't listen on socket: %s", strerror(errno));
        }
        watch(&own->listen_watch, fd, G_IO_IN, accepted, own);
        return true;
    case SOCKET_CONNECT:
        own->fd = fd;
        own->connecting = true;
        if (connect(fd, (struct sockaddr *)&own->addr, sizeof(own->addr)) < 0 && errno != EINPROGRESS) {
            return fail(err, "can't connect socket: %s", strerror(errno));
        }
        watch(&own->out_watch, fd, G_IO_OUT, writable, own);
        return true;
    case SOCKET_MCAST: own->fd = fd; return open_mcast(own, err) && (update_watch(own), true);
    default: own->fd = fd; return bind_to(fd, &own->local_addr, err) && (update_watch(own), true);
    }
}

// ---- the rest ----

static void socket_free(NetBackend *backend)
{
    SocketNet *own = own_of(backend);
    unwatch(&own->listen_watch);
    if (own->listen_fd >= 0) {
        close(own->listen_fd);
        own->listen_fd = -1;
    }
    if (own->fd >= 0) {
        disconnect(own);
    }
    g_byte_array_unref(own->in);
    g_byte_array_unref(own->out);
    g_free(own->where);
    g_free(own->local);
    g_free(own);
}

static NetBackend *socket_parse(Options *options, Error *err)
{
    SocketNet *own = g_new0(SocketNet, 1);
    own->listen_fd = own->fd = -1;
    own->in = g_byte_array_new();
    own->out = g_byte_array_new();
    NetBackend *backend = (NetBackend *)(void *)own;
    if (!parse(own, options, err)) {
        socket_free(backend);
        return NULL;
    }
    return backend;
}

static void socket_set_running(NetBackend *backend, bool running)
{
    SocketNet *own = own_of(backend);
    own->stopped = !running;
    if (own->netdev) {
        update_watch(own);
    }
}

static void socket_room(NetBackend *backend)
{
    SocketNet *own = own_of(backend);
    if (own->netdev) {
        update_watch(own);
    }
}

static char *socket_text(const NetBackend *backend)
{
    const SocketNet *own = (const SocketNet *)(const void *)backend;
    static const char *const words[SOCKET_KINDS] = {"listening on ", "connect to ", "mcast=", "udp="};
    return own->peer ? g_strdup_printf("socket: connection from %s", own->peer)
                     : g_strdup_printf("socket: %s%s", words[own->kind], own->where);
}

const NetBackendType net_socket = {
    .name = "socket", .parse = socket_parse, .free = socket_free, .open = socket_open,
    .send = socket_send, .set_running = socket_set_running, .room = socket_room, .text = socket_text};
