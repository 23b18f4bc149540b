// SPDX-License-Identifier: GPL-2.0-or-later
// The host's random bytes, raw: only core/entropy.c (which passes them through the seam) and host
// halves (UUIDs, ports) may ask.
//
// Not for the guest side.
#pragma once
#include <stddef.h>

void os_random(void *buf,
               size_t len); // fills `buf`; waits until the host's pool is ready, never fails
