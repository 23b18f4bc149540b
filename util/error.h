// SPDX-License-Identifier: GPL-2.0-or-later
// Error: one clear sentence about what the user or the host did wrong, kept as a value on the caller's stack.
//
//     bool image_open(..., Error *err)
//     {
//         ...
//         return fail(err, "cannot open %s: %s", path, strerror(errno));
//     }
//
// A function that takes an Error either succeeds and leaves it alone, or fails and fills it; it never logs as well.
#pragma once
#include <stdbool.h>

typedef struct Error {
    char msg[512];
} Error;

// Writes the message (cut at the buffer's size) and returns false. `err` may be NULL: the reason is dropped.
bool fail(Error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// Puts "PREFIX: " before the message that is there, and returns false.
bool fail_prefix(Error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
