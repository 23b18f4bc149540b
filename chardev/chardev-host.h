// SPDX-License-Identifier: GPL-2.0-or-later
// Character devices, the host half: stdio, files, sockets, pseudo-terminals, and the multiplexer that
// puts several users on one of them.
//
// All functions belong to the I/O thread (the one that runs the default GLib main context) or to
// start-up, unless they say otherwise. Life: chardev_add* for each option, chardev_open_all, the main
// loop, chardev_close_all.
//
//     guest port (machine thread) --bytes--> queue --I/O thread--> backend
//     backend --I/O thread, within the port's credit--> replay_post --> guest port
#pragma once
#include "chardev/char-bridge.h"

// ---- making them ----

// -chardev BACKEND,id=ID,…
bool chardev_add(const char *option, Error *err) __attribute__((warn_unused_result));

// What an option like -serial, -monitor or -qmp asked for.
typedef struct CharChoice {
    char *id;     // chardev to use, g_free it; NULL: none
    bool monitor; // "mon:": put a human monitor on it as well
} CharChoice;

// -serial SPEC and its like: stdio, null, none, pty, file:PATH, pipe:PATH, tcp:HOST:PORT,…, telnet:HOST:PORT,…,
// unix:PATH,…, udp:…, mon:SPEC, chardev:ID, and vc, which is silent. A chardev that this makes gets the id `new_id` (serial0, compat_monitor0, …).
bool chardev_add_legacy(const char *spec, const char *new_id, CharChoice *choice, Error *err)
    __attribute__((warn_unused_result));

// Opens all of them in order of their making. A socket with server=on,wait=on says so on stderr and
// blocks here until a client has come.
bool chardev_open_all(Error *err) __attribute__((warn_unused_result));

// Writes out what is queued (without limit of time to files and terminals, for two seconds to
// sockets), closes, restores the terminal.
void chardev_close_all(void);
void chardev_restore_terminal(void); // async-signal-safe; also done by atexit

Chardev *chardev_find(const char *id);         // NULL: no such
const char *chardev_id(const Chardev *chardev);
bool chardev_open(const Chardev *chardev);     // connected, as far as its backend knows
void chardev_set_escape(uint8_t ascii);        // -echr: the multiplexer's escape character; default 1, Ctrl-A
// Ctrl-A x was typed. Without a function it does nothing.
void chardev_on_quit(void (*quit)(void *ctx), void *ctx);

// While replaying, nothing is read for guest ports (what is typed at a multiplexer's guest port is
// thrown away). Any thread; the change to false makes the I/O thread read again.
void chardev_set_replaying(bool replaying);

// ---- flow of output, for the machine loop; any thread ----

// A guest port's queue has reached 4 MiB and its backend waits rather than drops: the machine thread
// should wait at its next boundary until this is false.
bool chardev_output_full(void);
// Waits until there is room, at most `timeout_ms`; true when there is.
bool chardev_output_wait(int timeout_ms);
// Called on the I/O thread when chardev_output_full turns false (control_kick, for instance).
void chardev_on_room(void (*room)(void *ctx), void *ctx);

// ---- clients on the host side: monitor, gdb ----

typedef enum CharEvent {
    CHAR_OPENED,  // someone is there now; also told soon after char_attach if so already
    CHAR_CLOSED,
    CHAR_MUX_IN,  // the multiplexer's focus came to this client
    CHAR_MUX_OUT,
} CharEvent;

typedef struct CharFrontend {
    size_t (*can_read)(void *ctx);                          // bytes wanted now; 0: call char_accept_input later
    void (*read)(void *ctx, const uint8_t *buf, size_t len); // len <= can_read
    void (*event)(void *ctx, CharEvent event);
} CharFrontend;

// NULL when it is in use and no multiplexer. `frontend` and `ctx` are borrowed until char_detach.
CharEnd *char_attach(Chardev *chardev, const CharFrontend *frontend, void *ctx, Error *err);
void char_detach(CharEnd *end); // NULL is legal
// Queues bytes in order behind all that was written before. False: the other side doesn't read (16 MiB
// are waiting) or isn't there, and the bytes are dropped.
bool char_write(CharEnd *end, const void *buf, size_t len);
void char_accept_input(CharEnd *end); // can_read has risen
bool char_in_focus(const CharEnd *end); // false: behind another client of a multiplexer

// ---- reports ----

typedef struct CharInfo {
    const char *id;
    char *filename;     // "stdio", "disconnected:tcp:…"; g_free
    bool frontend_open; // someone uses it
} CharInfo;
// Calls back in order of making.
void chardev_each(void (*each)(void *ctx, const CharInfo *info), void *ctx);
char *chardev_info_text(void); // `info chardev`; g_free
unsigned chardev_backend_count(void);         // those of -chardev
const char *chardev_backend_name(unsigned i);

// ---- ring buffers; the id is a ringbuf's, or err says that it isn't ----

bool chardev_ringbuf_write(const char *id, const uint8_t *buf, size_t len, Error *err);
GByteArray *chardev_ringbuf_read(const char *id, uint64_t most, Error *err); // takes out the oldest; g_byte_array_unref
