// SPDX-License-Identifier: GPL-2.0-or-later
// T1: translates IR blocks to x86-64 code and runs it. Machine thread only; nothing here is state of the guest.
//
// Code runs from block to block through links until something has to be done in C; the reason comes back as a JitExit. The caller owns the
// knowledge which blocks belong together: it links exits to blocks, fills the jump cache, and drops code whose guest bytes have changed.
#pragma once
#include "tcg/cpu.h"
#include "util/os-jit.h"

typedef struct Jit Jit;
typedef struct JitCode JitCode;

// An exit with a constant target.
typedef struct JitLink {
    uint64_t pc;          // target
    JitCode *from, *to;   // to: NULL while not linked
    struct JitLink *next; // others that are linked to `to`
    uint8_t *site;        // where the jump's displacement is (to be written)
    uint8_t *guard;       // where the generation is compared; NULL: the target is in the block's page
    uint8_t *stub;        // where the jump goes while not linked
} JitLink;

struct JitCode {
    const void *entry;
    const void *cold_start;
    uint32_t bytes, cold_bytes;
    intptr_t execute_delta; // of all code: execute address - write address
    uint64_t pc;
    JitLink *incoming;
    void *owner;
    bool dead;            // dropped: don't link it
    uint32_t heat;        // index of its counter in CPU.heat; 0: none
    uint32_t first_site;  // its sites in CPU.site
    uint16_t nsites;
    unsigned nlinks;
    JitLink links[];
};

typedef enum JitReason { // why code returned
    JIT_FAULT = 1,   // cpu->exception is set, arch.pc at the instruction, which counts
    JIT_ALONE,       // the instruction at arch.pc is to be run alone by T0; it doesn't count yet
    JIT_BUDGET,      // the block at arch.pc is longer than what remains
    JIT_IJMP,        // a computed jump missed the jump cache
    JIT_BREAK,       // cpu->attention was set by a helper: arch.pc is the next instruction
    JIT_HOT,         // the block at arch.pc used up its CPU.heat
    JIT_EXIT,        // + IrExit: the loop must look
    JIT_LINK = 16,   // JitExit.link
} JitReason;

typedef struct JitExit {
    JitReason reason;
    JitLink *link;
} JitExit;

typedef struct JitStats {
    uint64_t blocks, guest, hot_bytes, cold_bytes, flushes, exits[JIT_LINK + 1];
} JitStats;

// `slots` as in Target.names: what to pin. `features`: those of the host that may be used. NULL: err says why.
Jit *jit_new(const IrSlot *slots, size_t nslots, OsHostFeatures features, Error *err);
void jit_free(Jit *jit); // after jit_code_free of all codes
// NULL: no room is left (jit_full) or the block is beyond what T1 can do. `cpu` tells what the block's key implies (floating-point settings).
// `page_mask`: a jump within the block's page needs no guard; 0: the code leaves
// at the block's end even where it could go round. `hot`: takes longer, makes faster code without a counter; `plain`: bit n, its n-th group of
// accesses doesn't use a site. The caller sets the code's counter (CPU.heat) and its sites' `misses` in all CPUs.
JitCode *jit_compile(Jit *jit, CPU *cpu, const IrBlock *block, uint64_t page_mask, bool hot, uint64_t plain);
bool jit_full(const Jit *jit);
void jit_flush(Jit *jit); // reuses all memory; every code must be dropped before, and all sites of all CPUs
JitCode *jit_site_code(Jit *jit, uint32_t site); // whose it is; NULL: dropped since
// No jump leads to the code any more; jump caches are the caller's.
void jit_code_drop(Jit *jit, JitCode *code);
void jit_code_free(JitCode *code); // at a boundary, after jit_code_drop
void jit_link(JitLink *link, JitCode *to, uint32_t generation);
// Runs from `code` on, at most `left` (>= 1) instructions. cpu->budget is exact afterwards.
JitExit jit_run(Jit *jit, CPU *cpu, const JitCode *code, int64_t left);
JitStats *jit_stats(Jit *jit);
void jit_perf(Jit *jit, bool on); // tell perf about each block from now on
