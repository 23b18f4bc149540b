// SPDX-License-Identifier: GPL-2.0-or-later
// Control: two queues between the I/O thread and the machine thread, and thin checks over the machine
// loop's operations.
//
// Requests go one way and are run in order by control_poll; answers and events share the other queue, so
// that their order is the machine thread's. Nobody holds a lock while calling anybody.
#include "softmmu/control.h"

#include "util/os-clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

typedef struct Request {
    ControlFn *fn;
    ControlDone *done;
    void *ctx;
} Request;

typedef struct Notice { // an answer (done != NULL) or an event
    ControlDone *done;
    void *ctx;
    bool ran;
    ControlEvent event;
} Notice;

typedef struct Listener {
    ControlListener *fn; // NULL: removed
    void *ctx;
} Listener;

struct Control {
    Machine *machine;
    const ControlOps *ops;
    void *ops_ctx;
    pthread_mutex_t lock; // not GMutex, which the thread sanitizer can't see through
    pthread_cond_t cond;
    GQueue requests;     // under lock: Request *
    GQueue notices;      // under lock: Notice *
    bool kicked, ended;  // under lock
    bool scheduled;      // under lock: the I/O thread will look at `notices`
    gint waiting;        // atomic: requests queued
    GArray *listeners;   // I/O thread
};

const char *run_state_name(RunState state)
{
    static const char *const names[] = {"prelaunch", "running",  "paused",         "debug",
                                        "shutdown",  "io-error", "internal-error", "guest-panicked"};
    return names[state];
}

const char *control_cause_name(ControlCause cause)
{
    static const char *const names[CAUSE_COUNT] = {
        "none",        "host-error",     "host-qmp-quit", "host-qmp-system-reset", "host-signal",
        "host-ui",     "guest-shutdown", "guest-reset",   "guest-panic",           "replay-end"};
    return cause < CAUSE_COUNT ? names[cause] : "none";
}

bool control_cause_is_guest(ControlCause cause)
{
    return cause == CAUSE_GUEST_SHUTDOWN || cause == CAUSE_GUEST_RESET ||
           cause == CAUSE_GUEST_PANIC;
}

// ---- to the I/O thread ----

static void tell(Control *control, const ControlEvent *event)
{
    // A listener may add or remove some.
    for (unsigned i = 0; i < control->listeners->len; i++) {
        Listener listener = g_array_index(control->listeners, Listener, i);
        if (listener.fn) {
            listener.fn(listener.ctx, event);
        }
    }
    for (unsigned i = control->listeners->len; i-- > 0;) {
        if (!g_array_index(control->listeners, Listener, i).fn) {
            g_array_remove_index(control->listeners, i);
        }
    }
}

static gboolean hand_out(void *ctx)
{
    Control *control = ctx;
    for (;;) {
        pthread_mutex_lock(&control->lock);
        Notice *notice = g_queue_pop_head(&control->notices);
        if (!notice) {
            control->scheduled = false;
        }
        pthread_mutex_unlock(&control->lock);
        if (!notice) {
            return G_SOURCE_REMOVE;
        }
        if (notice->done) {
            notice->done(notice->ctx, notice->ran);
        } else {
            tell(control, &notice->event);
        }
        g_free(notice->event.data);
        g_free(notice);
    }
}

// Under lock.
static void notify(Control *control, Notice *notice)
{
    g_queue_push_tail(&control->notices, notice);
    if (!control->scheduled) {
        control->scheduled = true;
        g_idle_add_full(G_PRIORITY_DEFAULT, hand_out, control, NULL);
    }
}

static void answer(Control *control, const Request *request, bool ran)
{
    if (!request->done) {
        return;
    }
    Notice *notice = g_new0(Notice, 1);
    notice->done = request->done;
    notice->ctx = request->ctx;
    notice->ran = ran;
    pthread_mutex_lock(&control->lock);
    notify(control, notice);
    pthread_mutex_unlock(&control->lock);
}

void control_publish(Control *control, ControlEventKind kind, ControlCause cause)
{
    ControlStatus status = {0};
    control_status(control, &status);
    Notice *notice = g_new0(Notice, 1);
    notice->event = (ControlEvent){.kind = kind,
                                   .cause = cause,
                                   .state = status.state,
                                   .position = status.position,
                                   .host_us = g_get_real_time()};
    pthread_mutex_lock(&control->lock);
    notify(control, notice);
    pthread_mutex_unlock(&control->lock);
}

void control_publish_named(Control *control, const char *name, char *json)
{
    enum { MOST = 64 };
    ControlStatus status = {0};
    control_status(control, &status);
    pthread_mutex_lock(&control->lock);
    bool room = g_queue_get_length(&control->notices) < MOST;
    if (room) {
        Notice *notice = g_new0(Notice, 1);
        notice->event = (ControlEvent){.kind = CONTROL_NAMED,
                                       .state = status.state,
                                       .position = status.position,
                                       .host_us = g_get_real_time(),
                                       .name = name,
                                       .data = json};
        notify(control, notice);
    }
    pthread_mutex_unlock(&control->lock);
    if (!room) {
        g_free(json);
    }
}

// ---- clients ----

void control_run(Control *control, ControlFn *fn, void *ctx, ControlDone *done)
{
    Request *request = g_new(Request, 1);
    *request = (Request){.fn = fn, .done = done, .ctx = ctx};
    pthread_mutex_lock(&control->lock);
    bool ended = control->ended;
    if (!ended) {
        g_queue_push_tail(&control->requests, request);
        g_atomic_int_inc(&control->waiting);
        pthread_cond_signal(&control->cond);
    }
    pthread_mutex_unlock(&control->lock);
    if (ended) {
        answer(control, request, false);
        g_free(request);
    }
}

static void run_pause(Control *control, void *ctx)
{
    Error err;
    (void)control_pause(control, &err);
}

static void run_powerdown(Control *control, void *ctx)
{
    Error err;
    (void)control_powerdown(control, &err);
}

static void run_quit(Control *control, void *ctx)
{
    Error err;
    (void)control_quit(control, GPOINTER_TO_UINT(ctx), &err);
}

void control_request_pause(Control *control) { control_run(control, run_pause, NULL, NULL); }

void control_request_powerdown(Control *control) { control_run(control, run_powerdown, NULL, NULL); }

void control_request_quit(Control *control, ControlCause cause)
{
    control_run(control, run_quit, GUINT_TO_POINTER(cause), NULL);
}

void control_listen(Control *control, ControlListener *fn, void *ctx)
{
    Listener listener = {.fn = fn, .ctx = ctx};
    g_array_append_val(control->listeners, listener);
}

void control_unlisten(Control *control, ControlListener *fn, void *ctx)
{
    for (unsigned i = 0; i < control->listeners->len; i++) {
        Listener *listener = &g_array_index(control->listeners, Listener, i);
        if (listener->fn == fn && listener->ctx == ctx) {
            listener->fn = NULL;
        }
    }
}

// ---- the machine loop ----

Control *control_new(Machine *machine, const ControlOps *ops, void *ctx)
{
    Control *control = g_new0(Control, 1);
    control->machine = machine;
    control->ops = ops;
    control->ops_ctx = ctx;
    pthread_mutex_init(&control->lock, NULL);
    pthread_cond_init(&control->cond, NULL);
    g_queue_init(&control->requests);
    g_queue_init(&control->notices);
    control->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
    return control;
}

void control_free(Control *control)
{
    if (!control) {
        return;
    }
    hand_out(control);
    while (g_idle_remove_by_data(control)) {
    }
    g_queue_clear_full(&control->requests, g_free);
    g_array_unref(control->listeners);
    pthread_mutex_destroy(&control->lock);
    pthread_cond_destroy(&control->cond);
    g_free(control);
}

bool control_pending(Control *control) { return g_atomic_int_get(&control->waiting) > 0; }

static Request *next_request(Control *control)
{
    pthread_mutex_lock(&control->lock);
    Request *request = g_queue_pop_head(&control->requests);
    if (request) {
        g_atomic_int_add(&control->waiting, -1);
    }
    pthread_mutex_unlock(&control->lock);
    return request;
}

void control_poll(Control *control)
{
    // Those that come meanwhile wait for the next boundary: a client can't keep the guest from running.
    for (int left = g_atomic_int_get(&control->waiting); left > 0; left--) {
        Request *request = next_request(control);
        request->fn(control, request->ctx);
        answer(control, request, true);
        g_free(request);
    }
}

bool control_wait(Control *control, int64_t timeout_ns)
{
    struct timespec end;
    os_clock_deadline(&end, timeout_ns);
    bool in_time = true;
    pthread_mutex_lock(&control->lock);
    while (in_time && !control->kicked && g_queue_is_empty(&control->requests)) {
        if (timeout_ns < 0) {
            pthread_cond_wait(&control->cond, &control->lock);
        } else {
            in_time = pthread_cond_clockwait(&control->cond, &control->lock, CLOCK_MONOTONIC, &end) == 0;
        }
    }
    control->kicked = false;
    pthread_mutex_unlock(&control->lock);
    return in_time;
}

void control_kick(Control *control)
{
    pthread_mutex_lock(&control->lock);
    control->kicked = true;
    pthread_cond_signal(&control->cond);
    pthread_mutex_unlock(&control->lock);
}

void control_end(Control *control)
{
    pthread_mutex_lock(&control->lock);
    control->ended = true;
    pthread_mutex_unlock(&control->lock);
    for (Request *request; (request = next_request(control));) {
        answer(control, request, false);
        g_free(request);
    }
    control_publish(control, CONTROL_ENDED, CAUSE_NONE);
}

// ---- operations, on the machine thread ----

Machine *control_machine(Control *control) { return control->machine; }

void control_status(Control *control, ControlStatus *status)
{
    control->ops->status(control->ops_ctx, status);
}

bool control_pause(Control *control, Error *err)
{
    return control->ops->pause(control->ops_ctx, err);
}

bool control_resume(Control *control, Error *err)
{
    return control->ops->resume(control->ops_ctx, err);
}

bool control_reset(Control *control, ControlCause cause, Error *err)
{
    return control->ops->reset(control->ops_ctx, cause, err);
}

bool control_powerdown(Control *control, Error *err)
{
    return control->ops->powerdown(control->ops_ctx, err);
}

bool control_quit(Control *control, ControlCause cause, Error *err)
{
    return control->ops->quit(control->ops_ctx, cause, err);
}

bool control_set_break(Control *control, Position at, Error *err)
{
    ControlStatus status = {0};
    control_status(control, &status);
    if (status.mode != REPLAY_PLAY) {
        return fail(err, "setting the breakpoint is allowed only in play mode");
    }
    if (position_compare(at, status.position) < 0) {
        return fail(err, "cannot set breakpoint at the instruction in the past");
    }
    return control->ops->set_break(control->ops_ctx, at, err);
}

bool control_delete_break(Control *control, Error *err)
{
    ControlStatus status = {0};
    control_status(control, &status);
    if (status.mode != REPLAY_PLAY) {
        return fail(err, "replay breakpoints are allowed only in play mode");
    }
    return control->ops->delete_break(control->ops_ctx, err);
}

bool control_seek(Control *control, Position to, Error *err)
{
    ControlStatus status = {0};
    control_status(control, &status);
    if (status.mode != REPLAY_PLAY) {
        return fail(err, "replay must be enabled to seek");
    }
    if (!control->ops->seek) {
        return fail(err, "seeking is not supported yet");
    }
    return control->ops->seek(control->ops_ctx, to, err);
}

void control_digests(Control *control, ControlDigests *digests)
{
    digests->registers = control->ops->registers_digest(control->ops_ctx);
    digests->ram = machine_ram_digest(control->machine);
    digests->devices = machine_digest(control->machine);
}

void control_registers(Control *control, unsigned cpu, GString *text)
{
    control->ops->registers(control->ops_ctx, cpu, text);
}

bool control_register_value(Control *control, unsigned cpu, const char *name, uint64_t *value)
{
    return control->ops->register_value(control->ops_ctx, cpu, name, value);
}

int control_disas(Control *control, unsigned cpu, char *buf, size_t size, const uint8_t *bytes,
                  size_t len, uint64_t pc)
{
    return control->ops->disas(control->ops_ctx, cpu, buf, size, bytes, len, pc);
}

uint64_t control_read_physical(Control *control, uint64_t gpa, void *buf, uint64_t len)
{
    uint64_t done = 0;
    while (done < len) {
        uint64_t part = len - done;
        const uint8_t *host = memory_ram_at(control->machine, gpa + done, &part);
        if (!host || part == 0) {
            break;
        }
        memcpy((uint8_t *)buf + done, host, part);
        done += part;
    }
    return done;
}

bool control_translate(Control *control, unsigned cpu, uint64_t gva, uint64_t *gpa)
{
    return control->ops->translate(control->ops_ctx, cpu, gva, gpa);
}

uint64_t control_read_virtual(Control *control, unsigned cpu, uint64_t gva, void *buf, uint64_t len)
{
    uint64_t done = 0;
    while (done < len) {
        uint64_t part = MIN(len - done, PAGE_SIZE - ((gva + done) & PAGE_MASK)), gpa;
        if (!control->ops->translate(control->ops_ctx, cpu, gva + done, &gpa)) {
            break;
        }
        uint64_t got = control_read_physical(control, gpa, (uint8_t *)buf + done, part);
        done += got;
        if (got < part) {
            break;
        }
    }
    return done;
}

bool control_write_physical(Control *control, uint64_t gpa, const void *buf, uint64_t len, Error *err)
{
    if (!control->ops->write_memory) {
        return fail(err, "writing memory is not supported yet");
    }
    return control->ops->write_memory(control->ops_ctx, gpa, buf, len, err);
}
