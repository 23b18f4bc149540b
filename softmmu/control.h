// SPDX-License-Identifier: GPL-2.0-or-later
// Control of the machine: how monitor, debugger and signal handlers on the I/O thread ask the machine
// thread for something, and how they hear what happens there.
//
// A client hands over a function; the machine thread runs it at its next boundary (within 50 ms, also
// while the machine idles, waits or is stopped), and then the client's `done` is called on the I/O
// thread. While it is queued or runs, what it works on belongs to the machine thread. Answers and events
// reach the I/O thread in the order in which the machine thread made them: the STOP event comes before
// the answer to the `stop` that caused it.
//
//     static void fetch(Control *control, void *ctx) { control_status(control, ctx); }
//     static void show(void *ctx, bool ran) { … }
//     control_run(control, fetch, &status, show);
#pragma once
#include "core/machine.h"

typedef struct Control Control;

typedef enum RunState {
    RUN_PRELAUNCH,      // -S, and nobody has said cont
    RUN_RUNNING,
    RUN_PAUSED,
    RUN_DEBUG,          // a debugger stopped it
    RUN_SHUTDOWN,       // ended, and -no-shutdown keeps the process
    RUN_IO_ERROR,       // the log can't be written
    RUN_INTERNAL_ERROR, // diverged
    RUN_GUEST_PANICKED,
} RunState;
const char *run_state_name(RunState state); // "prelaunch", "running", …

// Why the machine ends or resets; the numbers stand in the log's SHUTDOWN, RESET and END events.
typedef enum ControlCause {
    CAUSE_NONE,
    CAUSE_HOST_ERROR,
    CAUSE_HOST_QMP_QUIT,
    CAUSE_HOST_QMP_RESET,
    CAUSE_HOST_SIGNAL,
    CAUSE_HOST_UI,       // Ctrl-A x
    CAUSE_GUEST_SHUTDOWN,
    CAUSE_GUEST_RESET,
    CAUSE_GUEST_PANIC,
    CAUSE_REPLAY_END,    // a torn log's end
    CAUSE_COUNT,
} ControlCause;
const char *control_cause_name(ControlCause cause); // as in QMP: "guest-shutdown", "host-qmp-quit", …
bool control_cause_is_guest(ControlCause cause);

// ---- clients: the I/O thread ----

typedef void ControlFn(Control *control, void *ctx); // machine thread, at a boundary
typedef void ControlDone(void *ctx, bool ran);       // I/O thread; ran is false when the machine thread has ended

// `done` may be NULL. First come, first served.
void control_run(Control *control, ControlFn *fn, void *ctx, ControlDone *done);

// For those who need no answer: signal handlers' sources, the multiplexer's quit key.
void control_request_pause(Control *control);
void control_request_powerdown(Control *control);
void control_request_quit(Control *control, ControlCause cause);

typedef enum ControlEventKind {
    CONTROL_STOP,
    CONTROL_RESUME,
    CONTROL_SHUTDOWN,
    CONTROL_RESET,
    CONTROL_POWERDOWN,
    CONTROL_GUEST_PANICKED,
    CONTROL_NAMED,      // an event of another folder: name and data
    CONTROL_ENDED,      // the machine thread is finished; nothing comes after it
} ControlEventKind;

typedef struct ControlEvent {
    ControlEventKind kind;
    ControlCause cause;      // SHUTDOWN, RESET
    RunState state;          // the state after it
    Position position;
    int64_t host_us;         // host's time since the epoch
    const char *name;        // NAMED: as in QMP; lives for ever
    char *data;              // NAMED: a JSON object; lives until all listeners were told
} ControlEvent;

typedef void ControlListener(void *ctx, const ControlEvent *event);
void control_listen(Control *control, ControlListener *listener, void *ctx);   // told in order of registration
void control_unlisten(Control *control, ControlListener *listener, void *ctx); // legal inside a listener

// ---- inside a ControlFn: the machine thread ----

typedef struct ControlStatus {
    RunState state;
    Position position;
    int64_t vclock_ns;
    uint8_t shift;            // 1 instruction = 2^shift ns
    bool icount_given;        // -icount was used
    ReplayMode mode;
    bool live;                // the cursor is at the log's end
    const char *filename;     // of the log, lives as long as the machine; NULL without one
    bool break_set;
    Position break_at;
    unsigned ncpus;
    bool big_endian;          // the target's data, for dumps
} ControlStatus;

typedef struct ControlDigests {
    uint64_t registers, ram, devices; // XXH3-64
} ControlDigests;

// What the machine loop does for clients. All run on the machine thread at a boundary. Those that
// return bool fail with a reason; a NULL entry is something that this version can't do yet.
typedef struct ControlOps {
    void (*status)(void *ctx, ControlStatus *status);
    bool (*pause)(void *ctx, Error *err);      // already stopped: nothing; recording: leaves a mark
    bool (*resume)(void *ctx, Error *err);
    bool (*reset)(void *ctx, ControlCause cause, Error *err);
    bool (*powerdown)(void *ctx, Error *err);
    bool (*quit)(void *ctx, ControlCause cause, Error *err);
    bool (*set_break)(void *ctx, Position at, Error *err); // replaces; stops the machine there
    bool (*delete_break)(void *ctx, Error *err);
    bool (*seek)(void *ctx, Position to, Error *err);
    bool (*write_memory)(void *ctx, uint64_t gpa, const void *buf, uint64_t len, Error *err); // logged
    // Debugger's views of a CPU: no side effects that the guest can see.
    void (*registers)(void *ctx, unsigned cpu, GString *text);
    bool (*register_value)(void *ctx, unsigned cpu, const char *name, uint64_t *value);
    bool (*translate)(void *ctx, unsigned cpu, uint64_t gva, uint64_t *gpa);
    int (*disas)(void *ctx, unsigned cpu, char *buf, size_t size, const uint8_t *bytes, size_t len,
                 uint64_t pc); // length in bytes, 0: not enough bytes
    uint64_t (*registers_digest)(void *ctx);
} ControlOps;

Machine *control_machine(Control *control);
void control_status(Control *control, ControlStatus *status);
bool control_pause(Control *control, Error *err);
bool control_resume(Control *control, Error *err);
bool control_reset(Control *control, ControlCause cause, Error *err);
bool control_powerdown(Control *control, Error *err);
bool control_quit(Control *control, ControlCause cause, Error *err);
bool control_set_break(Control *control, Position at, Error *err); // with COMPAT.md's errors
bool control_delete_break(Control *control, Error *err);
bool control_seek(Control *control, Position to, Error *err);
void control_digests(Control *control, ControlDigests *digests);
void control_registers(Control *control, unsigned cpu, GString *text);
bool control_register_value(Control *control, unsigned cpu, const char *name, uint64_t *value);
int control_disas(Control *control, unsigned cpu, char *buf, size_t size, const uint8_t *bytes,
                  size_t len, uint64_t pc);
// Bytes read, from the start, until one isn't RAM or isn't mapped. Never reads a device.
uint64_t control_read_physical(Control *control, uint64_t gpa, void *buf, uint64_t len);
uint64_t control_read_virtual(Control *control, unsigned cpu, uint64_t gva, void *buf, uint64_t len);
bool control_write_physical(Control *control, uint64_t gpa, const void *buf, uint64_t len, Error *err);

bool control_translate(Control *control, unsigned cpu, uint64_t gva, uint64_t *gpa); // false: not mapped

// Reports over the machine's tables (control-info.c).
void control_irq_text(Machine *machine, GString *text); // fields of the interrupt controllers
void control_mtree_text(Machine *machine, GString *text);
void control_qtree_text(Machine *machine, GString *text);

// ---- the machine loop ----

// `ops` and `ctx` are borrowed. Start-up, on the I/O thread (the one of the default main context).
Control *control_new(Machine *machine, const ControlOps *ops, void *ctx);
void control_free(Control *control); // after the machine thread was joined; pending answers are given first

bool control_pending(Control *control);   // one atomic load: is there a request?
void control_poll(Control *control);      // runs the requests that are queued now
// Waits for a request or a kick, at most timeout_ns (-1: for ever). Runs nothing. False: the time is over.
bool control_wait(Control *control, int64_t timeout_ns);
void control_kick(Control *control);      // any thread: ends a wait, now or the next one
void control_publish(Control *control, ControlEventKind kind, ControlCause cause); // machine thread
// An event of another folder; takes `json`. At most 64 wait for the I/O thread, more are dropped.
void control_publish_named(Control *control, const char *name, char *json);
void control_end(Control *control);       // machine thread, last thing: publishes ENDED; requests are refused from now on
