// SPDX-License-Identifier: GPL-2.0-or-later
// The way out of a chardev: bytes from the machine thread and from clients, written by the I/O thread.
//
// One queue a backend, so that a multiplexer's users come out in the order in which they wrote. The
// first byte of a burst wakes the I/O thread; for the next 2 ms more bytes only join the queue, so
// that a console which is written byte by byte costs no wake-up a byte.
//
// A full queue (4 MiB) never loses a guest's bytes if its backend can wait: chardev_output_full turns
// true and the machine loop waits at its next boundary, which the guest can't see.
#include "chardev/chardev-backend-host.h"
#include "util/message.h"

#include "util/os-clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BURST_MS = 2 };

typedef enum DrainState { DRAIN_NOTHING, DRAIN_WROTE, DRAIN_BLOCKED } DrainState;

static gint full_queues; // atomic
static pthread_mutex_t room_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t room_cond = PTHREAD_COND_INITIALIZER;
static void (*room_fn)(void *ctx);
static void *room_ctx;

// ---- full and not full ----

bool chardev_output_full(void) { return g_atomic_int_get(&full_queues) > 0; }

bool chardev_output_wait(int timeout_ms)
{
    struct timespec end;
    os_clock_deadline(&end, (int64_t)timeout_ms * 1000000);
    pthread_mutex_lock(&room_lock);
    bool in_time = true;
    while (in_time && chardev_output_full()) {
        in_time = pthread_cond_clockwait(&room_cond, &room_lock, CLOCK_MONOTONIC, &end) == 0;
    }
    pthread_mutex_unlock(&room_lock);
    return !chardev_output_full();
}

void chardev_on_room(void (*room)(void *ctx), void *ctx)
{
    room_fn = room;
    room_ctx = ctx;
}

// Under lock.
static void set_full(CharQueue *queue)
{
    if (!queue->full) {
        queue->full = true;
        g_atomic_int_inc(&full_queues);
    }
}

// Under lock.
static void set_not_full(CharQueue *queue)
{
    queue->full = false;
    if (!g_atomic_int_dec_and_test(&full_queues)) {
        return;
    }
    pthread_mutex_lock(&room_lock);
    pthread_cond_broadcast(&room_cond);
    pthread_mutex_unlock(&room_lock);
    if (room_fn) {
        room_fn(room_ctx);
    }
}

// Under lock: after bytes have gone.
static void check_room(CharQueue *queue)
{
    if (queue->full && queue->bytes < CHAR_QUEUE_FULL / 2 &&
        (!queue->log || queue->log->len < CHAR_QUEUE_FULL / 2)) {
        set_not_full(queue);
    }
}

size_t chardev_backlog(const Chardev *chardev)
{
    CharQueue *queue = (CharQueue *)(chardev->base ? &chardev->base->queue : &chardev->queue);
    pthread_mutex_lock(&queue->lock);
    size_t bytes = queue->bytes;
    pthread_mutex_unlock(&queue->lock);
    return bytes;
}

// ---- writing ----

static DrainState drain(Chardev *chardev)
{
    CharQueue *queue = &chardev->queue;
    bool wrote = false;
    for (;;) {
        if (queue->written == queue->writing->len) {
            GByteArray *empty = queue->writing;
            g_byte_array_set_size(empty, 0);
            queue->written = 0;
            pthread_mutex_lock(&queue->lock);
            queue->writing = queue->pending;
            queue->pending = empty;
            pthread_mutex_unlock(&queue->lock);
            if (queue->writing->len == 0) {
                return wrote ? DRAIN_WROTE : DRAIN_NOTHING;
            }
        }
        size_t left = queue->writing->len - queue->written;
        ssize_t n = chardev->backend->write(chardev, queue->writing->data + queue->written, left);
        if (n == 0) {
            return DRAIN_BLOCKED;
        }
        size_t gone = n < 0 ? left : (size_t)n;
        wrote = true;
        queue->written += gone;
        pthread_mutex_lock(&queue->lock);
        // Less than what is left of `writing` when the queue was emptied by a disconnection meanwhile.
        queue->bytes -= MIN(gone, queue->bytes);
        check_room(queue);
        pthread_mutex_unlock(&queue->lock);
    }
}

// ---- the copy in a file ----

bool chardev_log_open(Chardev *chardev, const char *path, bool append, Error *err)
{
    CharQueue *queue = &chardev->queue;
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC);
    struct stat st;
    // Not blocking, so that a pipe without a reader is refused instead of waited for.
    queue->log_fd = open(path, flags | O_NONBLOCK, 0666);
    if (queue->log_fd < 0 || fstat(queue->log_fd, &st) < 0) {
        return fail(err, "Could not create '%s': %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) {
        return fail(err, "Could not create '%s': Not a regular file", path);
    }
    queue->log = g_byte_array_new();
    queue->log_writing = g_byte_array_new();
    return true;
}

static bool log_write(CharQueue *queue)
{
    const uint8_t *at = queue->log_writing->data;
    size_t left = queue->log_writing->len;
    while (left) {
        ssize_t n = write(queue->log_fd, at, left);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        left -= (size_t)n;
    }
    return true;
}

static void log_drain(Chardev *chardev)
{
    CharQueue *queue = &chardev->queue;
    if (queue->log_fd < 0) {
        return;
    }
    pthread_mutex_lock(&queue->lock);
    GByteArray *full = queue->log;
    queue->log = queue->log_writing;
    queue->log_writing = full;
    check_room(queue);
    pthread_mutex_unlock(&queue->lock);
    if (!log_write(queue)) {
        message("warning: chardev '%s': the log file ends here: %s", chardev->id, strerror(errno));
        pthread_mutex_lock(&queue->lock);
        close(queue->log_fd);
        queue->log_fd = -1;
        g_byte_array_set_size(queue->log, 0);
        check_room(queue);
        pthread_mutex_unlock(&queue->lock);
    }
    g_byte_array_set_size(queue->log_writing, 0);
}

void chardev_log_close(Chardev *chardev)
{
    CharQueue *queue = &chardev->queue;
    log_drain(chardev);
    if (queue->log_fd >= 0) {
        close(queue->log_fd);
    }
    g_clear_pointer(&queue->log, g_byte_array_unref);
    g_clear_pointer(&queue->log_writing, g_byte_array_unref);
}

static gboolean drain_by_watch(int fd, GIOCondition condition, void *ctx)
{
    chardev_drain(ctx);
    return G_SOURCE_CONTINUE;
}

static gboolean drain_by_timer(void *ctx)
{
    chardev_drain(ctx);
    return G_SOURCE_CONTINUE;
}

static gboolean drain_by_wake(void *ctx)
{
    chardev_drain(ctx);
    return G_SOURCE_REMOVE;
}

static bool queue_has_pending(CharQueue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool has = queue->pending->len > 0;
    pthread_mutex_unlock(&queue->lock);
    return has;
}

void chardev_drain(Chardev *chardev)
{
    CharQueue *queue = &chardev->queue;
    log_drain(chardev);
    if (!chardev->opened) {
        return; // chardev_queue_connect comes back to it
    }
    DrainState state = drain(chardev);
    if (state == DRAIN_BLOCKED) {
        chardev_unwatch(&chardev->drain_timer);
        if (!chardev->out_watch && chardev->fd_out >= 0) {
            chardev->out_watch =
                chardev_watch_fd(chardev->fd_out, G_IO_OUT, drain_by_watch, chardev);
        }
        return;
    }
    chardev_unwatch(&chardev->out_watch);
    if (state == DRAIN_WROTE) {
        if (!chardev->drain_timer) {
            chardev->drain_timer = g_timeout_source_new(BURST_MS);
            g_source_set_callback(chardev->drain_timer, drain_by_timer, chardev, NULL);
            g_source_attach(chardev->drain_timer, NULL);
        }
    } else {
        chardev_unwatch(&chardev->drain_timer);
        g_atomic_int_set(&queue->scheduled, 0);
        if (queue_has_pending(queue) &&
            g_atomic_int_compare_and_exchange(&queue->scheduled, 0, 1)) {
            g_idle_add_full(G_PRIORITY_DEFAULT, drain_by_wake, chardev, NULL);
        }
    }
    // A client that was not heard because of its unread replies may be heard again.
    chardev_update_input(chardev);
}

void chardev_queue_connect(Chardev *chardev, bool connected)
{
    CharQueue *queue = &chardev->queue;
    pthread_mutex_lock(&queue->lock);
    queue->connected = connected;
    if (!connected) {
        g_byte_array_set_size(queue->pending, 0);
        queue->bytes = 0;
        check_room(queue);
    }
    pthread_mutex_unlock(&queue->lock);
    chardev_unwatch(&chardev->out_watch);
    if (!connected) {
        g_byte_array_set_size(queue->writing, 0);
        queue->written = 0;
    }
    g_atomic_int_set(&queue->scheduled, 1);
    g_idle_add_full(G_PRIORITY_DEFAULT, drain_by_wake, chardev, NULL);
}

void chardev_flush(Chardev *chardev)
{
    int limit_ms = chardev->backend->drain_ms;
    gint64 end_us = g_get_monotonic_time() + (gint64)limit_ms * 1000;
    while (chardev->connected && drain(chardev) == DRAIN_BLOCKED) {
        int wait_ms = -1;
        if (limit_ms >= 0) {
            wait_ms = (int)((end_us - g_get_monotonic_time()) / 1000);
            if (wait_ms <= 0) {
                return;
            }
        }
        struct pollfd poll_fd = {.fd = chardev->fd_out, .events = POLLOUT};
        poll(&poll_fd, 1, wait_ms);
    }
}

// ---- queueing ----

static void append_stamped(GByteArray *to, bool *line_start, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (*line_start) {
            gint64 ms = g_get_real_time() / 1000;
            char stamp[32];
            int n = snprintf(stamp, sizeof(stamp), "[%02d:%02d:%02d.%03d] ",
                             (int)(ms / 3600000 % 24), (int)(ms / 60000 % 60),
                             (int)(ms / 1000 % 60), (int)(ms % 1000));
            g_byte_array_append(to, (const uint8_t *)stamp, (guint)n);
        }
        g_byte_array_append(to, buf + i, 1);
        *line_start = buf[i] == '\n';
    }
}

// Any thread. True: there is something to write; *taken: not only into the log file.
static bool push(CharEnd *end, const uint8_t *buf, size_t len, bool *taken)
{
    Chardev *chardev = end->chardev->base ? end->chardev->base : end->chardev;
    CharQueue *queue = &chardev->queue;
    bool port = end->source != NULL;
    size_t limit = port ? CHAR_QUEUE_FULL : CHAR_CLIENT_LIMIT;

    pthread_mutex_lock(&queue->lock);
    bool drops = !port || chardev->backend->drops, logs = queue->log_fd >= 0;
    bool takes = queue->connected && !(drops && queue->bytes >= limit);
    bool line_start = queue->line_start;
    size_t before = queue->pending->len;
    if (logs) { // also what nobody is there to receive
        g_byte_array_append(queue->log, buf, (guint)len);
    }
    if (takes && end->chardev->timestamps) {
        append_stamped(queue->pending, &line_start, buf, len);
    } else if (takes) {
        g_byte_array_append(queue->pending, buf, (guint)len);
        line_start = len && buf[len - 1] == '\n';
    }
    queue->line_start = line_start;
    queue->bytes += queue->pending->len - before;
    if (port && ((!drops && queue->bytes >= CHAR_QUEUE_FULL) ||
                 (logs && queue->log->len >= CHAR_QUEUE_FULL))) {
        set_full(queue);
    }
    pthread_mutex_unlock(&queue->lock);
    *taken = takes;
    return takes || logs;
}

void chardev_port_output(CharEnd *end, const uint8_t *buf, size_t len)
{
    Chardev *chardev = end->chardev->base ? end->chardev->base : end->chardev;
    bool taken;
    if (push(end, buf, len, &taken) &&
        g_atomic_int_compare_and_exchange(&chardev->queue.scheduled, 0, 1)) {
        g_idle_add_full(G_PRIORITY_DEFAULT, drain_by_wake, chardev, NULL);
    }
}

bool char_write(CharEnd *end, const void *buf, size_t len)
{
    bool taken;
    if (!push(end, buf, len, &taken)) {
        return false;
    }
    Chardev *chardev = end->chardev->base ? end->chardev->base : end->chardev;
    g_atomic_int_set(&chardev->queue.scheduled, 1);
    // Not while a full pipe or socket is being waited for: its watch goes on.
    if (!chardev->out_watch) {
        chardev_drain(chardev);
    }
    return taken;
}
