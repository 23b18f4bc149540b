// SPDX-License-Identifier: GPL-2.0-or-later
// Who made a log: the build of this program, and a fresh UUID for each recording.
#pragma once
#include <stddef.h>
#include <stdint.h>

// NUL-terminated and NUL-filled: the linker's build id in hexadecimal, or the version where the
// linker made none.
void build_id_get(char out[48]);
void uuid_new(uint8_t out[16]);
void uuid_text(const uint8_t uuid[16], char out[40]);
