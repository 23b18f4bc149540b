// SPDX-License-Identifier: GPL-2.0-or-later
// Character devices, host half: the registry, the ends that clients and guest ports hold, and input.
// chardev-host-queue.c has the way out, chardev-host-options.c the command line, chardev-host-mux.c the multiplexer.
//
// Input is pulled: a backend's descriptor is watched only while the end that would get the bytes can
// take some. For a guest's port that is the seam's credit, so that nothing is ever read that the
// guest has no room for.
#include "chardev/chardev-backend-host.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const CharHost char_host;
static GPtrArray *chardevs; // Chardev *, in order of making
static gint replaying;
static void (*quit_fn)(void *ctx);
static void *quit_ctx;

// ---- registry ----

Chardev *chardev_find(const char *id)
{
    for (unsigned i = 0; chardevs && i < chardevs->len; i++) {
        Chardev *chardev = chardevs->pdata[i];
        if (strcmp(chardev->id, id) == 0) {
            return chardev;
        }
    }
    return NULL;
}

const char *chardev_id(const Chardev *chardev) { return chardev->id; }

bool chardev_open(const Chardev *chardev)
{
    return chardev->base ? chardev->base->connected : chardev->connected;
}

Chardev *chardev_new(const char *id, const CharBackend *backend, Error *err)
{
    if (chardev_find(id)) {
        fail(err, "Duplicate ID '%s' for chardev", id);
        return NULL;
    }
    Chardev *chardev = g_new0(Chardev, 1);
    chardev->id = g_strdup(id);
    chardev->backend = backend;
    chardev->own = g_malloc0(backend->size ? backend->size : 1);
    chardev->ends = g_ptr_array_new();
    chardev->fd_in = chardev->fd_out = -1;
    pthread_mutex_init(&chardev->queue.lock, NULL);
    chardev->queue.pending = g_byte_array_new();
    chardev->queue.writing = g_byte_array_new();
    chardev->queue.line_start = true;
    chardev->queue.log_fd = -1;
    // Bytes written before the backend is open wait for it.
    chardev->queue.connected = true;
    if (!chardevs) {
        chardevs = g_ptr_array_new();
        char_port_set_host(&char_host);
    }
    g_ptr_array_add(chardevs, chardev);
    return chardev;
}

static void chardev_free(Chardev *chardev)
{
    chardev_unwatch(&chardev->in_watch);
    chardev_unwatch(&chardev->out_watch);
    chardev_unwatch(&chardev->drain_timer);
    chardev_unwatch(&chardev->more_idle);
    chardev_log_close(chardev);
    if (chardev->backend->close) {
        chardev->backend->close(chardev);
    }
    while (g_idle_remove_by_data(chardev)) {
    }
    for (unsigned i = 0; i < chardev->ends->len; i++) {
        CharEnd *end = chardev->ends->pdata[i];
        while (g_idle_remove_by_data(end)) {
        }
        g_byte_array_unref(end->held);
        g_free(end);
    }
    g_ptr_array_unref(chardev->ends);
    g_byte_array_unref(chardev->queue.pending);
    g_byte_array_unref(chardev->queue.writing);
    pthread_mutex_destroy(&chardev->queue.lock);
    g_free(chardev->own);
    g_free(chardev->id);
    g_free(chardev);
}

bool chardev_open_all(Error *err)
{
    signal(SIGPIPE, SIG_IGN); // a reader that went away is an error of write, not our end
    for (unsigned i = 0; chardevs && i < chardevs->len; i++) {
        Chardev *chardev = chardevs->pdata[i];
        if (chardev->opened) {
            continue;
        }
        if (chardev->backend->open && !chardev->backend->open(chardev, err)) {
            return false;
        }
        chardev->opened = true;
    }
    return true;
}

void chardev_close_all(void)
{
    if (!chardevs) {
        return;
    }
    for (unsigned i = 0; i < chardevs->len; i++) {
        Chardev *chardev = chardevs->pdata[i];
        if (chardev->opened && !chardev->base) {
            chardev_flush(chardev);
        }
    }
    // Multiplexers stand behind their bases and hold ends on them: last made, first freed.
    while (chardevs->len) {
        Chardev *chardev = g_ptr_array_steal_index(chardevs, chardevs->len - 1);
        chardev_free(chardev);
    }
    g_ptr_array_unref(chardevs);
    chardevs = NULL;
}

// ---- watching descriptors ----

GSource *chardev_watch_fd(int fd, GIOCondition condition, GUnixFDSourceFunc func, void *ctx)
{
    GSource *source = g_unix_fd_source_new(fd, condition);
    g_source_set_callback(source, G_SOURCE_FUNC(func), ctx, NULL);
    g_source_attach(source, NULL);
    return source;
}

void chardev_unwatch(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}

static void input_take(Chardev *chardev)
{
    const CharBackend *backend = chardev->backend;
    uint8_t buf[CHAR_READ_MAX];
    size_t room = MIN(chardev_can_read(chardev), sizeof(buf));
    ssize_t n = 0;
    if (room) {
        n = backend->read ? backend->read(chardev, buf, room) : read(chardev->fd_in, buf, room);
    }
    if (n > 0) {
        chardev_input(chardev, buf, (size_t)n);
    } else if (room && (n == 0 || (errno != EAGAIN && errno != EINTR))) {
        if (backend->ended) {
            backend->ended(chardev);
            return;
        }
        chardev->input_ended = true;
    }
    chardev_update_input(chardev);
}

static gboolean input_ready(int fd, GIOCondition condition, void *ctx)
{
    input_take(ctx);
    return G_SOURCE_CONTINUE;
}

static gboolean input_more(void *ctx)
{
    Chardev *chardev = ctx;
    chardev_unwatch(&chardev->more_idle);
    input_take(chardev);
    return G_SOURCE_REMOVE;
}

void chardev_update_input(Chardev *chardev)
{
    if (chardev->base) {
        chardev = chardev->base;
    }
    bool want = chardev->connected && !chardev->input_ended && chardev->fd_in >= 0 &&
                chardev_can_read(chardev) > 0;
    if (want && !chardev->in_watch) {
        chardev->in_watch =
            chardev_watch_fd(chardev->fd_in, G_IO_IN | G_IO_HUP | G_IO_ERR, input_ready, chardev);
    } else if (!want) {
        chardev_unwatch(&chardev->in_watch);
    }
    bool more = want && chardev->backend->more && chardev->backend->more(chardev);
    if (more && !chardev->more_idle) {
        chardev->more_idle = g_idle_source_new();
        g_source_set_priority(chardev->more_idle, G_PRIORITY_DEFAULT);
        g_source_set_callback(chardev->more_idle, input_more, chardev, NULL);
        g_source_attach(chardev->more_idle, NULL);
    } else if (!more) {
        chardev_unwatch(&chardev->more_idle);
    }
}

// ---- ends ----

size_t char_end_can_read(CharEnd *end)
{
    if (end->client && chardev_backlog(end->chardev) > CHAR_CLIENT_PAUSE) {
        return 0;
    }
    return end->frontend->can_read(end->ctx);
}

size_t chardev_can_read(Chardev *chardev)
{
    return chardev->ends->len ? char_end_can_read(chardev->ends->pdata[0]) : 0;
}

void chardev_input(Chardev *chardev, const uint8_t *buf, size_t len)
{
    if (chardev->ends->len) {
        CharEnd *end = chardev->ends->pdata[0];
        end->frontend->read(end->ctx, buf, len);
    }
}

void chardev_send_event(CharEnd *end, CharEvent event)
{
    // A client hears of opening and closing in turns, whatever way the news took.
    if (event == CHAR_OPENED || event == CHAR_CLOSED) {
        if (end->told_open == (event == CHAR_OPENED)) {
            return;
        }
        end->told_open = event == CHAR_OPENED;
    }
    if (end->frontend->event) {
        end->frontend->event(end->ctx, event);
    }
}

void chardev_set_connected(Chardev *chardev, bool connected)
{
    if (chardev->connected == connected && chardev->opened) {
        return;
    }
    chardev->connected = connected;
    chardev->input_ended = false;
    chardev_queue_connect(chardev, connected);
    for (unsigned i = 0; i < chardev->ends->len; i++) {
        chardev_send_event(chardev->ends->pdata[i], connected ? CHAR_OPENED : CHAR_CLOSED);
    }
    chardev_update_input(chardev);
}

static gboolean end_attached(void *ctx)
{
    CharEnd *end = ctx;
    if (chardev_open(end->chardev)) {
        chardev_send_event(end, CHAR_OPENED);
    }
    chardev_update_input(end->chardev);
    return G_SOURCE_REMOVE;
}

CharEnd *char_attach(Chardev *chardev, const CharFrontend *frontend, void *ctx, Error *err)
{
    if (!chardev->base && chardev->ends->len) {
        fail(err, "chardev '%s' is in use", chardev->id);
        return NULL;
    }
    CharEnd *end = g_new0(CharEnd, 1);
    end->chardev = chardev;
    end->frontend = frontend;
    end->ctx = ctx;
    end->client = true;
    end->held = g_byte_array_new();
    g_ptr_array_add(chardev->ends, end);
    g_idle_add_full(G_PRIORITY_DEFAULT, end_attached, end, NULL);
    return end;
}

void char_detach(CharEnd *end)
{
    if (!end) {
        return;
    }
    Chardev *chardev = end->chardev;
    while (g_idle_remove_by_data(end)) {
    }
    if (chardev->base) {
        mux_detached(chardev, end);
    }
    g_ptr_array_remove(chardev->ends, end);
    chardev_update_input(chardev);
    g_byte_array_unref(end->held);
    g_free(end);
}

bool char_in_focus(const CharEnd *end)
{
    return !end->chardev->base || mux_focus(end->chardev) == end;
}

void char_accept_input(CharEnd *end)
{
    if (end->chardev->base) {
        end->chardev->backend->resumed(end->chardev);
    }
    chardev_update_input(end->chardev);
}

// ---- guest ports ----

bool chardev_replaying(void) { return g_atomic_int_get(&replaying); }

static gboolean replaying_ended(void *ctx)
{
    for (unsigned i = 0; chardevs && i < chardevs->len; i++) {
        chardev_update_input(chardevs->pdata[i]);
    }
    return G_SOURCE_REMOVE;
}

void chardev_set_replaying(bool value)
{
    g_atomic_int_set(&replaying, value);
    if (!value) {
        g_idle_add_full(G_PRIORITY_DEFAULT, replaying_ended, NULL, NULL);
    }
}

static size_t port_can_read(void *ctx)
{
    CharEnd *end = ctx;
    return chardev_replaying() ? 0 : MIN(replay_credit(end->source), CHAR_READ_MAX);
}

static void port_read(void *ctx, const uint8_t *buf, size_t len)
{
    CharEnd *end = ctx;
    replay_post(end->source, buf, len);
}

static const CharFrontend port_frontend = {.can_read = port_can_read, .read = port_read};

static gboolean port_credit_risen(void *ctx)
{
    CharEnd *end = ctx;
    g_atomic_int_set(&end->credit_scheduled, 0);
    char_accept_input(end);
    return G_SOURCE_REMOVE;
}

// Machine thread.
static void port_credit_rises(void *ctx)
{
    CharEnd *end = ctx;
    if (g_atomic_int_compare_and_exchange(&end->credit_scheduled, 0, 1)) {
        g_idle_add_full(G_PRIORITY_DEFAULT, port_credit_risen, end, NULL);
    }
}

static CharEnd *host_attach_port(const char *id, ReplaySource *source, Error *err)
{
    Chardev *chardev = chardev_find(id);
    if (!chardev) {
        fail(err, "chardev '%s' not found", id);
        return NULL;
    }
    CharEnd *end = char_attach(chardev, &port_frontend, NULL, err);
    if (!end) {
        return NULL;
    }
    end->ctx = end;
    end->source = source;
    end->client = false;
    if (chardev->base) {
        mux_attached(chardev, end);
    }
    replay_credit_watch(source, port_credit_rises, end);
    return end;
}

static const CharHost char_host = {.attach_port = host_attach_port, .output = chardev_port_output};

// ---- reports and the quit key ----

void chardev_on_quit(void (*quit)(void *ctx), void *ctx)
{
    quit_fn = quit;
    quit_ctx = ctx;
}

void chardev_quit(void)
{
    if (quit_fn) {
        quit_fn(quit_ctx);
    }
}

void chardev_each(void (*each)(void *ctx, const CharInfo *info), void *ctx)
{
    for (unsigned i = 0; chardevs && i < chardevs->len; i++) {
        Chardev *chardev = chardevs->pdata[i];
        CharInfo info = {.id = chardev->id,
                         .filename = chardev->backend->filename
                                         ? chardev->backend->filename(chardev)
                                         : g_strdup(chardev->backend->name),
                         .frontend_open = chardev->ends->len > 0};
        each(ctx, &info);
        g_free(info.filename);
    }
}

static void info_line(void *ctx, const CharInfo *info)
{
    g_string_append_printf(ctx, "%s: filename=%s\n", info->id, info->filename);
}

char *chardev_info_text(void)
{
    GString *text = g_string_new(NULL);
    chardev_each(info_line, text);
    return g_string_free(text, FALSE);
}
