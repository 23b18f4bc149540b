// SPDX-License-Identifier: GPL-2.0-or-later
// Memory for generated code, and what the host's processor can do.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

typedef struct OsCode { // the same memory twice: written here, executed there
    uint8_t *write;
    const uint8_t *execute;
    size_t bytes;
} OsCode;

typedef struct OsHostFeatures {
    bool fma, avx, bmi1, bmi2, popcnt, lzcnt, sse41;
} OsHostFeatures;

bool os_code_map(OsCode *code, size_t bytes, Error *err) __attribute__((warn_unused_result));
void os_code_unmap(OsCode *code);
OsHostFeatures os_host_features(void);
// Appends "start size name" to /tmp/perf-PID.map, for `perf report`; the first call makes the file.
void os_perf_map(const void *start, size_t bytes, const char *name);
