// SPDX-License-Identifier: GPL-2.0-or-later
// The socket backend: TCP and Unix stream sockets, as a server (one client at a time) or as a client.
//
// A server listens from start-up on. While a client is connected others wait in the kernel's backlog;
// when it goes, what was queued for it is dropped and the next is taken. A client connects once, at
// start-up. Not modelled: TLS, WebSocket, TN3270, reconnecting, passing descriptors: refused.
#include "chardev/chardev-backend-host.h"
#include "util/message.h"
#include "chardev/telnet-host.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct CharSocket {
    char *path, *host, *port; // path: Unix socket; else TCP
    bool server, wait, telnet;
    int listen_fd, fd;        // -1: none
    bool bound;               // the path is ours to unlink
    GSource *accept_watch;
    char *peer;               // of a TCP connection, for reports
    Telnet state;
} CharSocket;

static bool refuse(Options *options, Error *err)
{
    static const char *const keys[] = {"websocket", "tn3270", "tls-creds", "tls-authz", "fd"};
    uint64_t seconds = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *value = options_get(options, keys[i]);
        if (value && strcmp(value, "off") != 0) {
            return fail(err, "chardev: socket: '%s' is not supported", keys[i]);
        }
    }
    if (!options_number(options, "reconnect", &seconds, err)) {
        return false;
    }
    return seconds == 0 || fail(err, "chardev: socket: 'reconnect' is not supported: a client connects once, "
                                     "at start-up; use server=on");
}

static bool socket_parse(Chardev *chardev, Options *options, Error *err)
{
    CharSocket *own = chardev->own;
    own->listen_fd = own->fd = -1;
    own->path = g_strdup(options_get(options, "path"));
    own->host = g_strdup(options_get(options, "host"));
    own->port = g_strdup(options_get(options, "port"));
    bool no_delay = true; // always so; named so that it is accepted
    if (!refuse(options, err) || !options_bool(options, "server", &own->server, err) ||
        !options_bool(options, "telnet", &own->telnet, err)) {
        return false;
    }
    (void)options_get(options, "ipv4"); // the addresses decide
    (void)options_get(options, "ipv6");
    own->wait = own->server;
    if (!options_bool(options, "wait", &own->wait, err) ||
        !options_bool(options, "nodelay", &no_delay, err)) {
        return false;
    }
    // `wait` was named exactly if a default of the opposite value gives the same.
    bool opposite = !own->wait;
    if (!options_bool(options, "wait", &opposite, err)) {
        return false;
    }
    if (!own->server && opposite == own->wait) {
        return fail(err, "'wait' option is incompatible with socket in client connect mode");
    }
    if (own->path) {
        if (strlen(own->path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
            return fail(err, "UNIX socket path '%s' is too long", own->path);
        }
        return true;
    }
    if (!own->port) {
        return fail(err, own->host ? "chardev: socket: no port given"
                                   : "chardev: socket: no host and port, and no path given");
    }
    return true;
}

static char *socket_text(const CharSocket *own)
{
    const char *server = own->server ? ",server=on" : "";
    if (own->path) {
        return g_strdup_printf("%s:%s%s", own->telnet ? "telnet" : "unix", own->path, server);
    }
    return g_strdup_printf("%s:%s:%s%s", own->telnet ? "telnet" : "tcp", own->host ? own->host : "", own->port, server);
}

static char *socket_filename(const Chardev *chardev)
{
    const CharSocket *own = chardev->own;
    char *text = socket_text(own), *all;
    if (!chardev->connected) {
        all = g_strdup_printf("disconnected:%s", text);
    } else if (own->peer) {
        all = g_strdup_printf("%s <-> %s", text, own->peer);
    } else {
        return text;
    }
    g_free(text);
    return all;
}

static void set_flags(int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void socket_connected(Chardev *chardev, int fd)
{
    CharSocket *own = chardev->own;
    chardev_unwatch(&own->accept_watch);
    set_flags(fd);
    own->fd = chardev->fd_in = chardev->fd_out = fd;
    own->state = (Telnet){0};
    if (own->telnet) {
        // A fresh connection has room for it.
        (void)!send(fd, telnet_greeting, TELNET_GREETING_BYTES, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (!own->path) {
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        struct sockaddr_storage addr;
        socklen_t len = sizeof(addr);
        char host[NI_MAXHOST], port[NI_MAXSERV];
        if (getpeername(fd, (struct sockaddr *)&addr, &len) == 0 &&
            getnameinfo((struct sockaddr *)&addr, len, host, sizeof(host), port, sizeof(port),
                        NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
            own->peer = g_strdup_printf("%s:%s", host, port);
        }
    }
    chardev_set_connected(chardev, true);
}

static gboolean socket_accept(int fd, GIOCondition condition, void *ctx)
{
    int client = accept(fd, NULL, NULL);
    if (client >= 0) {
        socket_connected(ctx, client);
    }
    return G_SOURCE_CONTINUE;
}

static void socket_listen(Chardev *chardev)
{
    CharSocket *own = chardev->own;
    chardev->opened = true;
    chardev_set_connected(chardev, false);
    if (own->listen_fd >= 0) {
        own->accept_watch = chardev_watch_fd(own->listen_fd, G_IO_IN, socket_accept, chardev);
    }
}

static void socket_ended(Chardev *chardev)
{
    CharSocket *own = chardev->own;
    if (own->fd < 0) {
        return;
    }
    chardev_unwatch(&chardev->in_watch);
    chardev_unwatch(&chardev->out_watch);
    close(own->fd);
    own->fd = chardev->fd_in = chardev->fd_out = -1;
    g_clear_pointer(&own->peer, g_free);
    socket_listen(chardev);
}

static gboolean socket_ended_later(void *ctx)
{
    socket_ended(ctx);
    return G_SOURCE_REMOVE;
}

static ssize_t socket_send(CharSocket *own, const uint8_t *buf, size_t len)
{
    ssize_t n;
    do {
        n = send(own->fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    return n;
}

// A 255 takes two bytes, of which the second may have to wait for room.
static ssize_t telnet_send(CharSocket *own, const uint8_t *buf, size_t len)
{
    static const uint8_t doubled[2] = {TELNET_IAC, TELNET_IAC};
    size_t plain = telnet_plain(buf, len);
    if (plain) {
        return socket_send(own, buf, plain);
    }
    ssize_t n = socket_send(own, doubled, own->state.half_iac ? 1 : 2);
    if (n == 1 && !own->state.half_iac) {
        own->state.half_iac = true;
        return 0;
    }
    if (n > 0) {
        own->state.half_iac = false;
        return 1;
    }
    return n;
}

static ssize_t socket_read(Chardev *chardev, uint8_t *buf, size_t len)
{
    CharSocket *own = chardev->own;
    ssize_t n = read(own->fd, buf, len);
    if (n <= 0 || !own->telnet) {
        return n;
    }
    size_t kept = telnet_filter(&own->state, buf, (size_t)n);
    if (kept == 0) {
        errno = EAGAIN; // nothing but commands: not the end
        return -1;
    }
    return (ssize_t)kept;
}

static ssize_t socket_write(Chardev *chardev, const uint8_t *buf, size_t len)
{
    CharSocket *own = chardev->own;
    if (own->fd < 0) {
        return -1;
    }
    ssize_t n = own->telnet ? telnet_send(own, buf, len) : socket_send(own, buf, len);
    if (n >= 0) {
        return n;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return 0;
    }
    // What the other side has sent before it went is still read first, if someone wants it.
    if (!chardev->in_watch) {
        g_idle_add_full(G_PRIORITY_DEFAULT, socket_ended_later, chardev, NULL);
    }
    return -1;
}

// ---- opening ----

static bool unix_open(CharSocket *own, Error *err)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    g_strlcpy(addr.sun_path, own->path, sizeof(addr.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail(err, "Failed to create Unix socket: %s", strerror(errno));
    }
    if (!own->server) {
        own->fd = fd;
        if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
            return fail(err, "Failed to connect to '%s': %s", own->path, strerror(errno));
        }
        return true;
    }
    own->listen_fd = fd;
    struct stat st;
    if (stat(own->path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        unlink(own->path); // left over by a server that was killed
    }
    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        return fail(err, "Failed to bind socket to %s: %s", own->path, strerror(errno));
    }
    own->bound = true;
    if (listen(fd, 1) < 0) {
        return fail(err, "Failed to listen on socket: %s", strerror(errno));
    }
    return true;
}

static bool tcp_try(CharSocket *own, const struct addrinfo *addr)
{
    int fd = socket(addr->ai_family, addr->ai_socktype | SOCK_CLOEXEC, addr->ai_protocol);
    if (fd < 0) {
        return false;
    }
    int one = 1;
    bool ok;
    if (own->server) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        ok = bind(fd, addr->ai_addr, addr->ai_addrlen) == 0 && listen(fd, 1) == 0;
        own->listen_fd = fd;
    } else {
        ok = connect(fd, addr->ai_addr, addr->ai_addrlen) == 0;
        own->fd = fd;
    }
    if (!ok) {
        int saved = errno;
        close(fd);
        own->listen_fd = own->fd = -1;
        errno = saved;
    }
    return ok;
}

static bool tcp_open(CharSocket *own, Error *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
                             .ai_flags = own->server ? AI_PASSIVE : 0};
    struct addrinfo *list;
    const char *host = own->host && own->host[0] ? own->host : NULL;
    const char *shown = own->host ? own->host : "";
    int rc = getaddrinfo(host, own->port, &hints, &list);
    if (rc != 0) {
        return fail(err, "address resolution failed for %s:%s: %s", shown, own->port,
                    gai_strerror(rc));
    }
    bool ok = false;
    errno = EADDRNOTAVAIL;
    for (struct addrinfo *addr = list; addr && !ok; addr = addr->ai_next) {
        ok = tcp_try(own, addr);
    }
    int saved = errno;
    freeaddrinfo(list);
    if (ok) {
        return true;
    }
    return own->server ? fail(err, "Failed to find an available port: %s", strerror(saved))
                       : fail(err, "Failed to connect to '%s:%s': %s", shown, own->port,
                              strerror(saved));
}

static void wait_for_client(Chardev *chardev)
{
    CharSocket *own = chardev->own;
    char *text = socket_text(own);
    message("info: QEMU waiting for connection on: disconnected:%s", text);
    g_free(text);
    int client = -1;
    while (client < 0) {
        struct pollfd poll_fd = {.fd = own->listen_fd, .events = POLLIN};
        if (poll(&poll_fd, 1, -1) > 0) {
            client = accept(own->listen_fd, NULL, NULL);
        }
    }
    socket_connected(chardev, client);
}

static bool socket_open(Chardev *chardev, Error *err)
{
    CharSocket *own = chardev->own;
    if (!(own->path ? unix_open(own, err) : tcp_open(own, err))) {
        return false;
    }
    chardev->opened = true;
    if (own->fd >= 0) {
        socket_connected(chardev, own->fd);
        return true;
    }
    set_flags(own->listen_fd);
    if (own->wait) {
        wait_for_client(chardev);
    } else {
        chardev->connected = true; // so that the change is told, and early output dropped
        socket_listen(chardev);
    }
    return true;
}

static void socket_close(Chardev *chardev)
{
    CharSocket *own = chardev->own;
    chardev_unwatch(&own->accept_watch);
    if (own->fd >= 0) {
        close(own->fd);
    }
    if (own->listen_fd >= 0) {
        close(own->listen_fd);
    }
    if (own->bound) {
        unlink(own->path);
    }
    g_free(own->path);
    g_free(own->host);
    g_free(own->port);
    g_free(own->peer);
}

const CharBackend char_socket = {.name = "socket", .size = sizeof(CharSocket), .drain_ms = 2000,
                                 .parse = socket_parse, .open = socket_open,
                                 .close = socket_close, .write = socket_write, .read = socket_read,
                                 .ended = socket_ended, .filename = socket_filename};
