// SPDX-License-Identifier: GPL-2.0-or-later
// The workloads of the benchmark: each does `n` units of fixed work and returns a checksum that depends on the work alone, so that host
// and guest, any compiler and any emulator must print the same number.
#pragma once
#include <stdint.h>

typedef uint64_t Workload(uint64_t n);

// Each workload calls this once, after its set-up and before the work that counts.
void bench_begin(void);

Workload work_int, work_sha256, work_interp, work_fib, work_icall, work_bytes;               // work-int.c, work-code.c
Workload work_chase16k, work_chase8m, work_memcpy, work_bytecopy, work_stride;               // work-mem.c
Workload work_matmul, work_nbody, work_packed;                                               // work-fp.c
Workload work_syscall, work_pipe, work_fault, work_fork, work_smc;                           // work-os.c

// xorshift64*: the only source of "random" data here. Never returns 0 for a state that isn't 0.
static inline uint64_t mix(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

// Folds a value into a checksum.
static inline uint64_t fold(uint64_t sum, uint64_t value)
{
    sum = (sum ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}
