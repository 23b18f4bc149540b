// SPDX-License-Identifier: GPL-2.0-or-later
// What the program says about itself: channels chosen with `-d`, written to stderr or to `-D FILE`,
// and a ring of the last lines that is printed when an assertion fails.
//
// Any thread. Costly text is made only if log_enabled; text passed to log_printf enters the ring
// even when its channel is off.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

enum {
    LOG_OUT_ASM = 1 << 0,      // generated host code
    LOG_IN_ASM = 1 << 1,       // guest code as it is translated
    LOG_OP = 1 << 2,           // IR as the translator made it
    LOG_OP_OPT = 1 << 3,       // IR after optimisation
    LOG_INT = 1 << 4,          // interrupts and exceptions
    LOG_EXEC = 1 << 5,         // each block entered
    LOG_GUEST_ERRORS = 1 << 6, // the guest did something invalid
    LOG_UNIMP = 1 << 7,        // the guest used something that isn't modelled
    LOG_MMIO = 1 << 8,         // each access to a device register, by name
};

enum { LOG_RING_LINES = 256, LOG_RING_WIDTH = 200 };

extern uint32_t log_channels; // those that are on; changed by log_set_items alone

static inline bool log_enabled(uint32_t channels)
{
    return (log_channels & channels) != 0;
}

// Writes if one of `channels` is on. The text says its own newline.
void log_printf(uint32_t channels, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// `-d`: comma-separated names as log_items_help lists them, `all` or `none`; replaces what was on.
// Nothing changes on failure.
bool log_set_items(const char *items, Error *err) __attribute__((warn_unused_result));
const char *log_items_help(void); // text of `-d help`; static

// `-D`: all output goes to this file from now on (truncated); `%d` in it stands for the process id.
// NULL: back to stderr.
bool log_set_file(const char *path, Error *err) __attribute__((warn_unused_result));

// Writes the ring's lines, oldest first, to a file descriptor. Safe in a signal handler.
void log_ring_dump(int fd);
// From now on SIGABRT (a failed assertion) prints the ring to stderr before the process dies of it.
void log_dump_on_abort(void);
