// SPDX-License-Identifier: GPL-2.0-or-later
// Figures about a run, for benchmarks: one JSON object in a file (-accel tcg,stats=FILE).
#pragma once
#include "softmmu/vm.h"

// `started_ns`: when the process began (host's monotonic clock). After the loop.
bool stats_write(const Vm *vm, int64_t started_ns, const char *path, Error *err);
char *stats_jit_text(const Vm *vm); // `info jit`; g_free
