// SPDX-License-Identifier: GPL-2.0-or-later
// Messages to the user on stderr: "PROGRAM: text", with what -msg asks for in front.
#pragma once
#include <stdbool.h>

void message_timestamps(bool on);          // -msg timestamp=on: "2026-11-22T15:24:12.123456Z "
void message_guest_name(const char *name); // -msg guest-name=on: copied; NULL: none
// One line; no newline in `fmt`. Any thread.
void message(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
