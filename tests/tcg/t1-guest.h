// SPDX-License-Identifier: GPL-2.0-or-later
// The made-up guest of T1's tests: integer and float slots of which T1 pins some, four pages of RAM of which one faults and one is only reached by
// the slow path, one that must not be touched by T1; helpers of every kind.
#pragma once
#include "tcg/interp-op.h"
#include "tcg/jit.h"

enum { NINTS = 18, NFLOATS = 18, RAM_PAGES = 4, RAM_BYTES = RAM_PAGES * 4096, RAM_GVA = 0x40000000 };
enum { START = 0x1000 }; // of each block
enum { PAGE_FAST, PAGE_SLOW, PAGE_FAULT, PAGE_ALONE }; // what the pages are like

typedef struct State { // goes on where CPU.arch ends
    uint64_t x[NINTS], f[NFLOATS];
    uint32_t word[2];
    uint8_t byte[4];
} State;

typedef struct Guest {
    CPU cpu;
    State s;
    _Alignas(4096) uint8_t ram[RAM_BYTES];
} Guest;

#define SLOT(member) ((uint32_t)(offsetof(Guest, member) - offsetof(Guest, cpu.arch)))
_Static_assert(offsetof(Guest, s) == offsetof(Guest, cpu.arch) + sizeof(CpuArch), "the state is one piece");

extern uint64_t rng;      // the state of next()
uint64_t next(void);
unsigned below(unsigned n);
uint64_t random_int(void);
uint64_t random_float(void);

extern uint64_t log_hash; // of what slow paths and helpers saw

// T1's last slow store: one that it leaves to be done again, alone.
typedef struct LastStore {
    uint8_t *at, before[8];
    unsigned len;
    int64_t budget;
} LastStore;
extern LastStore last_store;

enum { HELPERS = 5 };
extern const IrHelper helpers[HELPERS];

Guest *guest_new(void);                    // free() it
void guest_fill(Guest *g, Guest *same);    // a random state for both
bool guest_equal(const Guest *a, const Guest *b);
void print_difference(const IrBlock *block, const Guest *t0, const Guest *t1, const char *what);
Jit *make_jit(OsHostFeatures features);
// T0 goes as far as T1 went, on in the block where it left for a place in it. `part`: T1 left in the middle. False: T0 goes elsewhere.
bool run_t0(Guest *t0, const IrBlock *block, unsigned attempted, bool part);
