// SPDX-License-Identifier: GPL-2.0-or-later
// A CPU without an instruction set, for tests of the IR: some slots of each type, helpers of each kind, and 64 KiB of memory in which every
// address lands (modulo 64 KiB) but some raise an exception. Everything that an executor can do to it is part of its digest.
#pragma once
#include "tcg/cpu.h"

enum { FAKE_MEMORY = 1 << 16, FAKE_FAULT = 3, FAKE_HELPER_FAULT = 4 };

typedef struct FakeState {
    uint64_t x[8];
    uint64_t f[4];
    uint32_t w[4];
    uint8_t b[8];
    uint8_t pad[8];
    uint64_t v[4][2];
    uint64_t y[2][4];
    IrFlags flags[2];
} FakeState;

typedef struct FakeCpu {
    CPU cpu;
    FakeState s;               // goes on where cpu.arch ends
    uint64_t log;              // hash of all accesses to memory and calls, in order
    uint8_t memory[FAKE_MEMORY];
} FakeCpu;

#define FAKE_SLOT(member) CPU_SLOT(FakeCpu, member)

extern const IrNames fake_names; // x0..x7 f0..f3 w0..w3 b0 b1 h1 h2 v0..v3 y0 y1 cc0 cc1 fpflags; the helpers below
extern const IrHelper fake_mix;  // (a, b, c) -> a hash
extern const IrHelper fake_peek; // () -> hash of the registers
extern const IrHelper fake_poke; // (a, b): x[a & 7] += b, no result
extern const IrHelper fake_trap; // (a) -> ~a; raises if the low three bits of a are 0
extern const IrHelper fake_stop; // (a) -> 3 a; asks for attention if the low two bits of a are 0

FakeCpu *fake_cpu_new(void);
void fake_cpu_free(FakeCpu *fake);
// A state that depends on `seed` alone: registers are corner cases, addresses and random numbers.
void fake_cpu_fill(FakeCpu *fake, uint64_t *seed);
void fake_cpu_copy(FakeCpu *to, const FakeCpu *from);
// Fails the test with a text that begins with `what` if state, memory, log, budget or exception differ.
void fake_cpu_compare(const FakeCpu *a, const FakeCpu *b, const char *what);
uint64_t fake_random(uint64_t *seed);
uint64_t fake_operand(uint64_t *seed); // a corner case more often than not
