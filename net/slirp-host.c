// SPDX-License-Identifier: GPL-2.0-or-later
// -netdev user: a network made by libslirp, with the host's sockets at its other side. (libslirp's header
// is its manual; the options' meanings are those of QEMU's -netdev user.)
//
// libslirp is polled by one GLib source: it names its descriptors anew before each poll, and those that
// stay are kept, since adding one wakes the main loop. Its clock is the host's monotonic clock without
// the time during which the machine was stopped. Not modelled: smb.
#include "net/fragments-host.h"
#include "net/netdev-host.h"
#include "net/slirp-options-host.h"

#include <errno.h>
#include <slirp/libslirp.h>
#include <string.h>

typedef struct SlirpTimer {
    NetBackend *owner;
    SlirpTimerCb callback;
    void *callback_ctx;
    int64_t expire_ms;   // on the backend's clock; -1: not armed
} SlirpTimer;

typedef struct SlirpSource {
    GSource source;
    NetBackend *owner;
} SlirpSource;

struct NetBackend {
    SlirpOptions options;
    Slirp *slirp;          // NULL: not open
    Netdev *netdev;
    GSource *source;
    GPtrArray *fds;        // GPollFD *, known to the source
    unsigned used;         // of them: named by libslirp for this poll
    bool filled;           // libslirp has named its descriptors, and waits to hear of them
    int64_t polled_us;     // when it last heard, monotonic
    uint32_t timeout_ms;   // how long it may go without
    GPtrArray *timers;     // SlirpTimer *
    GPtrArray *guests;     // GuestStream *
    Fragments *fragments;
    bool stopped;
    int64_t stopped_us;    // since when, monotonic
    int64_t pauses_us;     // sum of all earlier stops
};

// ---- clock and timers ----

static int64_t slirp_now_ns(void *ctx)
{
    NetBackend *backend = ctx;
    int64_t now_us = backend->stopped ? backend->stopped_us : g_get_monotonic_time();
    return (now_us - backend->pauses_us) * 1000;
}

static void *timer_new(SlirpTimerCb callback, void *callback_ctx, void *ctx)
{
    NetBackend *backend = ctx;
    SlirpTimer *timer = g_new0(SlirpTimer, 1);
    *timer = (SlirpTimer){.owner = backend, .callback = callback, .callback_ctx = callback_ctx,
                          .expire_ms = -1};
    g_ptr_array_add(backend->timers, timer);
    return timer;
}

static void timer_free(void *timer, void *ctx)
{
    NetBackend *backend = ctx;
    g_ptr_array_remove(backend->timers, timer);
    g_free(timer);
}

static void timer_mod(void *timer, int64_t expire_ms, void *ctx)
{
    ((SlirpTimer *)timer)->expire_ms = expire_ms;
}

static int64_t timers_wait_ms(NetBackend *backend)
{
    int64_t now_ms = slirp_now_ns(backend) / 1000000, wait_ms = INT64_MAX;
    for (unsigned i = 0; i < backend->timers->len; i++) {
        const SlirpTimer *timer = backend->timers->pdata[i];
        if (timer->expire_ms >= 0) {
            wait_ms = MIN(wait_ms, MAX(timer->expire_ms - now_ms, 0));
        }
    }
    return wait_ms;
}

static void timers_run(NetBackend *backend)
{
    int64_t now_ms = slirp_now_ns(backend) / 1000000;
    for (unsigned i = 0; i < backend->timers->len; i++) {
        SlirpTimer *timer = backend->timers->pdata[i];
        if (timer->expire_ms >= 0 && timer->expire_ms <= now_ms) {
            timer->expire_ms = -1;
            timer->callback(timer->callback_ctx);
        }
    }
}

// ---- polling ----

static int add_poll(int fd, int events, void *ctx)
{
    NetBackend *backend = ctx;
    GPollFD *poll_fd;
    gushort wanted = (gushort)((events & SLIRP_POLL_IN ? G_IO_IN : 0) |
                               (events & SLIRP_POLL_OUT ? G_IO_OUT : 0) |
                               (events & SLIRP_POLL_PRI ? G_IO_PRI : 0) |
                               (events & SLIRP_POLL_ERR ? G_IO_ERR : 0) |
                               (events & SLIRP_POLL_HUP ? G_IO_HUP : 0));
    unsigned at = backend->used++;
    if (at < backend->fds->len && ((GPollFD *)backend->fds->pdata[at])->fd == fd) {
        poll_fd = backend->fds->pdata[at];
    } else {
        poll_fd = g_new0(GPollFD, 1);
        poll_fd->fd = fd;
        g_ptr_array_insert(backend->fds, (gint)at, poll_fd);
        g_source_add_poll(backend->source, poll_fd);
    }
    poll_fd->events = wanted;
    poll_fd->revents = 0;
    return (int)at;
}

static void drop_fds(NetBackend *backend, unsigned from)
{
    while (backend->fds->len > from) {
        GPollFD *poll_fd = g_ptr_array_steal_index(backend->fds, backend->fds->len - 1);
        g_source_remove_poll(backend->source, poll_fd);
        g_free(poll_fd);
    }
}

static int get_revents(int at, void *ctx)
{
    NetBackend *backend = ctx;
    gushort revents = ((GPollFD *)backend->fds->pdata[at])->revents;
    return (revents & G_IO_IN ? SLIRP_POLL_IN : 0) | (revents & G_IO_OUT ? SLIRP_POLL_OUT : 0) |
           (revents & G_IO_PRI ? SLIRP_POLL_PRI : 0) | (revents & G_IO_ERR ? SLIRP_POLL_ERR : 0) |
           (revents & G_IO_HUP ? SLIRP_POLL_HUP : 0);
}

static int64_t time_left_ms(NetBackend *backend)
{
    int64_t left = (int64_t)backend->timeout_ms - (g_get_monotonic_time() - backend->polled_us) / 1000;
    return MAX(MIN(left, timers_wait_ms(backend)), 0);
}

static gboolean source_prepare(GSource *source, gint *timeout_ms)
{
    NetBackend *backend = ((SlirpSource *)source)->owner;
    backend->used = 0;
    backend->filled = !backend->stopped && !netdev_busy(backend->netdev);
    if (backend->filled) {
        backend->timeout_ms = 60000;
        slirp_pollfds_fill(backend->slirp, &backend->timeout_ms, add_poll, backend);
        *timeout_ms = (gint)time_left_ms(backend);
    } else {
        *timeout_ms = -1;
    }
    drop_fds(backend, backend->used);
    return FALSE;
}

static gboolean source_check(GSource *source)
{
    NetBackend *backend = ((SlirpSource *)source)->owner;
    if (!backend->filled) {
        return FALSE;
    }
    bool ready = time_left_ms(backend) == 0;
    for (unsigned i = 0; i < backend->used; i++) {
        ready = ready || ((GPollFD *)backend->fds->pdata[i])->revents;
    }
    return ready;
}

// What libslirp takes for a forwarded connection changes with any packet.
static void resume_guests(NetBackend *backend)
{
    for (unsigned i = 0; i < backend->guests->len; i++) {
        guestfwd_resumed(backend->guests->pdata[i]);
    }
}

static gboolean source_dispatch(GSource *source, GSourceFunc callback, gpointer ctx)
{
    NetBackend *backend = ((SlirpSource *)source)->owner;
    // A stop may have come between the check and now.
    if (backend->filled && !backend->stopped) {
        backend->filled = false;
        backend->polled_us = g_get_monotonic_time();
        slirp_pollfds_poll(backend->slirp, 0, get_revents, backend);
        timers_run(backend);
        resume_guests(backend);
    }
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
    .prepare = source_prepare, .check = source_check, .dispatch = source_dispatch};

// ---- libslirp's other callbacks ----

static ssize_t send_packet(const void *frame, size_t len, void *ctx)
{
    netdev_receive(((NetBackend *)ctx)->netdev, frame, len);
    return (ssize_t)len;
}

static void slirp_complains(const char *message, void *ctx) {} // the guest's fault; it gets no answer

static void poll_fd_changed(int fd, void *ctx) {} // all are named before each poll

static void notify(void *ctx) { g_main_context_wakeup(NULL); }

static const SlirpCb callbacks = {
    .send_packet = send_packet, .guest_error = slirp_complains, .clock_get_ns = slirp_now_ns,
    .timer_new = timer_new, .timer_free = timer_free, .timer_mod = timer_mod,
    .register_poll_fd = poll_fd_changed, .unregister_poll_fd = poll_fd_changed, .notify = notify};

// ---- the backend ----

static NetBackend *backend_parse(Options *options, Error *err)
{
    NetBackend *backend = g_new0(NetBackend, 1);
    if (!slirp_options_parse(&backend->options, options, err)) {
        slirp_options_clear(&backend->options);
        g_free(backend);
        return NULL;
    }
    return backend;
}

static bool open_forwards(NetBackend *backend, Error *err)
{
    SlirpOptions *options = &backend->options;
    for (unsigned i = 0; i < options->hostfwds->len; i++) {
        const HostForward *fwd = &g_array_index(options->hostfwds, HostForward, i);
        if (slirp_add_hostfwd(backend->slirp, fwd->udp, fwd->host_addr, fwd->host_port,
                              fwd->guest_addr, fwd->guest_port) < 0) {
            return fail(err, "Could not set up host forwarding rule '%s'", fwd->text);
        }
    }
    for (unsigned i = 0; i < options->guestfwds->len; i++) {
        GuestForward *fwd = &g_array_index(options->guestfwds, GuestForward, i);
        if (fwd->chardev) {
            GuestStream *guest = guestfwd_open(backend->slirp, fwd, err);
            if (!guest) {
                return false;
            }
            g_ptr_array_add(backend->guests, guest);
        } else if (slirp_add_exec(backend->slirp, fwd->command, &fwd->server_addr, fwd->server_port) < 0) {
            return fail(err, "Conflicting/invalid host:port in guest forwarding rule '%s'",
                        fwd->text);
        }
    }
    return true;
}

static bool backend_open(NetBackend *backend, Netdev *netdev, Error *err)
{
    SlirpConfig config;
    slirp_options_config(&backend->options, &config);
    backend->netdev = netdev;
    backend->fds = g_ptr_array_new();
    backend->timers = g_ptr_array_new();
    backend->fragments = fragments_new();
    backend->guests = g_ptr_array_new_with_free_func(guestfwd_close);
    backend->source = g_source_new(&source_funcs, sizeof(SlirpSource));
    ((SlirpSource *)backend->source)->owner = backend;
    backend->slirp = slirp_new(&config, &callbacks, backend);
    if (!backend->slirp) {
        return fail(err, "libslirp refuses this configuration");
    }
    if (!open_forwards(backend, err)) {
        return false;
    }
    g_source_attach(backend->source, NULL);
    return true;
}

static void backend_free(NetBackend *backend)
{
    if (backend->guests) {
        g_ptr_array_unref(backend->guests);
    }
    if (backend->slirp) {
        slirp_cleanup(backend->slirp);
    }
    if (backend->source) {
        drop_fds(backend, 0);
        g_source_destroy(backend->source);
        g_source_unref(backend->source);
        g_ptr_array_unref(backend->fds);
        g_ptr_array_unref(backend->timers);
    }
    fragments_free(backend->fragments);
    slirp_options_clear(&backend->options);
    g_free(backend);
}

static void backend_send(NetBackend *backend, const uint8_t *frame, size_t len)
{
    if (fragment_is(frame, len)) {
        frame = fragments_take(backend->fragments, frame, &len, slirp_now_ns(backend) / 1000000);
        if (!frame) {
            return;
        }
    }
    slirp_input(backend->slirp, frame, (int)len);
    resume_guests(backend);
}

static void backend_set_running(NetBackend *backend, bool running)
{
    if (backend->stopped == !running) {
        return;
    }
    int64_t now_us = g_get_monotonic_time();
    if (running) {
        backend->pauses_us += now_us - backend->stopped_us;
    } else {
        backend->stopped_us = now_us;
    }
    backend->stopped = !running;
    g_main_context_wakeup(NULL);
}

static char *backend_text(const NetBackend *backend)
{
    return slirp_options_text(&backend->options);
}

static char *backend_connections(NetBackend *backend)
{
    return backend->slirp ? slirp_connection_info(backend->slirp) : NULL;
}

const NetBackendType net_slirp = {
    .name = "user", .parse = backend_parse, .free = backend_free, .open = backend_open,
    .send = backend_send, .set_running = backend_set_running, .text = backend_text,
    .connections = backend_connections};
