// SPDX-License-Identifier: GPL-2.0-or-later
// Large zero-filled areas of host memory, for guest RAM and tables that are mostly untouched.
//
// Pages cost nothing until they are written. Areas of 2 MiB and more are aligned to 2 MiB, so that
// the host can use large pages for them.
#pragma once
#include <stddef.h>

#include "util/error.h"

enum { OS_PAGE_BYTES = 4096 };

// Zero-filled, readable and writable; at least page-aligned. NULL: err says why. `bytes` isn't 0.
// Free with os_mem_unmap and the same size.
void *os_mem_map(size_t bytes, Error *err);
void os_mem_unmap(void *mem, size_t bytes); // NULL is legal
// Makes the area read as zeroes again and gives its pages back to the host. `mem` and `bytes` are
// multiples of OS_PAGE_BYTES.
void os_mem_clear(void *mem, size_t bytes);
