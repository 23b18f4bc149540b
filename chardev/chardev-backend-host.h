// SPDX-License-Identifier: GPL-2.0-or-later
// Shared by the files of the host half only: the Chardev itself and what a backend provides.
#pragma once
#include "chardev/chardev-host.h"
#include "core/options.h"

#include <glib-unix.h>
#include <pthread.h>

enum {
    CHAR_QUEUE_FULL = 4 << 20,   // bytes: the machine thread waits
    CHAR_CLIENT_PAUSE = 1 << 20, // bytes: a client that doesn't read its replies isn't heard
    CHAR_CLIENT_LIMIT = 16 << 20,
    CHAR_READ_MAX = 4096,
};

typedef struct CharBackend {
    const char *name;
    bool drops;     // output waits for nobody: a full queue loses bytes instead of stopping the machine
    int drain_ms;   // longest wait for it at exit; -1: no limit
    size_t size;    // bytes of its own data (Chardev.own)
    bool (*parse)(Chardev *chardev, Options *options, Error *err); // takes its keys; may be NULL
    bool (*open)(Chardev *chardev, Error *err);                    // may be NULL
    void (*close)(Chardev *chardev);                               // may be NULL
    // Bytes taken; 0: not now (chardev->fd_out is watched for room); -1: lost for good.
    ssize_t (*write)(Chardev *chardev, const uint8_t *buf, size_t len);
    // As read(2) on fd_in, which is what NULL means. -1 with EAGAIN: nothing for now.
    ssize_t (*read)(Chardev *chardev, uint8_t *buf, size_t len);
    bool (*more)(const Chardev *chardev);  // has taken bytes from fd_in that `read` has yet to give; may be NULL
    void (*ended)(Chardev *chardev);       // end of file or error on fd_in; NULL: it is just not read any more
    char *(*filename)(const Chardev *chardev);
    void (*resumed)(Chardev *chardev);     // mux: a client can read again
} CharBackend;

// Output bytes on their way to the I/O thread.
typedef struct CharQueue {
    pthread_mutex_t lock; // not GMutex, which the thread sanitizer can't see through
    GByteArray *pending;   // under lock: what was written by any thread
    bool connected;        // under lock: false: writes are dropped
    bool full;             // under lock: counted among the full queues
    gint scheduled;        // atomic: the I/O thread will look at it
    size_t bytes;          // under lock: pending and writing
    bool line_start;       // under lock: for time stamps
    GByteArray *writing;   // I/O thread
    size_t written;        // I/O thread: bytes of `writing` that are gone
    int log_fd;            // -1: none; logfile=
    GByteArray *log;       // under lock: what goes there
    GByteArray *log_writing; // I/O thread
} CharQueue;

struct Chardev {
    char *id;
    const CharBackend *backend;
    void *own;             // the backend's data
    GPtrArray *ends;       // CharEnd *
    Chardev *base;         // mux: what it multiplexes
    CharQueue queue;       // unused by a mux: its base has the queue
    bool opened;           // chardev_open_all has been here
    bool connected;
    bool timestamps;       // atomic by being one byte; mux, Ctrl-A t
    bool input_ended;
    int fd_in, fd_out;     // -1: none
    GSource *in_watch, *out_watch, *drain_timer, *more_idle;
};

struct CharEnd {
    Chardev *chardev;
    const CharFrontend *frontend;
    void *ctx;
    ReplaySource *source;  // of a guest's port; else NULL
    bool client;           // neither a guest's port nor a multiplexer
    gint credit_scheduled; // atomic
    GByteArray *held;      // mux: read, but its user could not take it yet
    bool told_open;
};

extern const CharBackend char_null, char_vc, char_stdio, char_file, char_pipe, char_pty, char_socket,
    char_udp, char_ringbuf, char_memory, char_mux;

Chardev *chardev_new(const char *id, const CharBackend *backend, Error *err); // registered; NULL: duplicate id
void chardev_set_connected(Chardev *chardev, bool connected);
void chardev_update_input(Chardev *chardev);      // starts or stops watching fd_in
size_t chardev_can_read(Chardev *chardev);
void chardev_input(Chardev *chardev, const uint8_t *buf, size_t len);
void chardev_send_event(CharEnd *end, CharEvent event);
bool chardev_replaying(void);
size_t char_end_can_read(CharEnd *end);
GSource *chardev_watch_fd(int fd, GIOCondition condition, GUnixFDSourceFunc func, void *ctx); // attached
void chardev_unwatch(GSource **source);           // destroys, forgets

// chardev-host-queue.c
bool chardev_log_open(Chardev *chardev, const char *path, bool append, Error *err); // logfile=
void chardev_log_close(Chardev *chardev);
void chardev_drain(Chardev *chardev);             // writes what can be written now, and sees to the rest
void chardev_flush(Chardev *chardev);             // waits until all is written, at most backend->drain_ms
void chardev_queue_connect(Chardev *chardev, bool connected); // disconnecting drops what is queued
size_t chardev_backlog(const Chardev *chardev);   // bytes queued for output
void chardev_port_output(CharEnd *end, const uint8_t *buf, size_t len); // machine thread

// chardev-host-mux.c
Chardev *mux_new(const char *id, Chardev *base, Error *err);
CharEnd *mux_focus(const Chardev *chardev);
void mux_attached(Chardev *chardev, CharEnd *end);
void mux_detached(Chardev *chardev, CharEnd *end);
void chardev_quit(void);                          // what chardev_on_quit set
