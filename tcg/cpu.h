// SPDX-License-Identifier: GPL-2.0-or-later
// The part of a vCPU that executors share: budget, exception, TLB and jump cache; the target's state follows it.
//
// A target's CPU device is `struct { Device dev; CPU cpu; more state }`: its state (struct CpuArch and what the target adds behind it) is declared
// in a field table like any other device's; all that stands before `arch` is wiring. Slots of the IR count from `arch`.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fpu/softfloat.h"
#include "tcg/ir.h"

typedef struct CPU CPU;
struct Target;
struct Device;
struct Machine;

enum { TLB_BITS = 10, TLB_SIZE = 1 << TLB_BITS, MMU_COUNT = 8, JUMP_CACHE_BITS = 12, JUMP_CACHE_SIZE = 1 << JUMP_CACHE_BITS };

typedef enum Access { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH, ACCESS_COUNT } Access;

// One direct-mapped table an access kind and mmu index. An entry hits when (tag ^ gva) <= 4096 - size: same page, not crossing its end. The host
// address is gva + addend. Entry i is empty when its tag can't hash to i (tlb_clear). Index: (gva >> 12) & (TLB_SIZE - 1).
typedef struct TlbTable {
    uint64_t tag[TLB_SIZE];
    uint64_t addend[TLB_SIZE];
} TlbTable;

// Jump cache of T1, direct-mapped by jump_hash(pc): hits when both pc and key are equal.
typedef struct JumpCache {
    uint64_t pc[JUMP_CACHE_SIZE], key[JUMP_CACHE_SIZE];
    const void *code[JUMP_CACHE_SIZE]; // entry points in T1 code
} JumpCache;

// The page (or pages, where they continue each other for guest and host) that one place of hot T1 code touched last: hits when gva - base < limit,
// the range's length less what the place touches behind gva (at most SITE_EXTENT_MAX). limit is 0 when it holds none. Whatever drops TLB entries drops
// these too (cpu_sites_drop), and has T1 leave before it relies on one that it checked before.
typedef struct CpuSite {
    uint64_t base, limit, addend;
    int32_t misses; // still tolerated
    uint32_t pad;
} CpuSite;
enum { SITE_COUNT = 32768, HEAT_COUNT = 131072, SITE_EXTENT_MAX = 1024 };

// Architecture-neutral part of the state. Plain data.
typedef struct CpuArch {
    uint64_t pc;
    FpEnv fp;                  // rounding mode and sticky flags
    uint8_t halted;            // waits for an interrupt
    uint8_t reserved;          // a load reservation is held on the granule at …
    uint8_t pad[6];
    uint64_t reserve_gpa;      // … this physical address
} CpuArch;

// Results of a slow memory access or of a helper, as the executors see them.
typedef enum SlowResult {
    SLOW_OK,
    SLOW_FAULT,  // cpu->exception is set; the instruction had no effect
    SLOW_ALONE,  // T1 only: nothing was done; the instruction must be run alone by T0, since it may bring an event nearer or change code
} SlowResult;

// A helper whose access was answered with SLOW_ALONE raises this in cpu->exception, having had no effect; T1 then runs the instruction alone.
enum { CPU_ALONE = UINT32_MAX };

// What softmmu gives to executors and targets.
typedef struct CpuOps {
    // Full access with translation, page crossing, MMIO, observers. Values are zero-extended, in host byte order after MEMOP_BSWAP; sign
    // extension is the caller's. Up to 8 bytes.
    SlowResult (*load)(CPU *cpu, uint64_t gva, MemOp memop, uint64_t *value);
    SlowResult (*store)(CPU *cpu, uint64_t gva, MemOp memop, uint64_t value);
    SlowResult (*load_wide)(CPU *cpu, uint64_t gva, MemOp memop, void *bytes); // 16 and 32 bytes
    SlowResult (*store_wide)(CPU *cpu, uint64_t gva, MemOp memop, const void *bytes);
    // A place in hot T1 code has used up CpuSite.misses: sets it anew. Drops nothing that runs.
    void (*site_tired)(CPU *cpu, uint32_t site);
    // Translates for `access` (raising its fault) without performing it. RAM: *host is set for reading; MMIO: NULL.
    SlowResult (*probe)(CPU *cpu, uint64_t gva, MemOp memop, Access access, uint64_t *gpa, const void **host);
    // What translation depends on beyond page tables changed (protection, all state): nothing cached may be used. Never visible to the guest.
    void (*tlb_flush)(CPU *cpu);
    // Another root table (satp, …), as Target.root tells.
    void (*tlb_switch)(CPU *cpu);
    // A page table walk sets accessed or dirty bits in an entry (`len` bytes at gpa in RAM). What is cached stays valid. False: not RAM.
    bool (*walk_store)(CPU *cpu, uint64_t gpa, const void *bytes, unsigned len);
    uint64_t (*attempts)(CPU *cpu); // instructions that this vCPU has attempted since power-on, before the present one
} CpuOps;

struct CPU {
    struct Device *dev;        // that it is part of
    const struct Target *target;
    struct Machine *machine;
    const CpuOps *ops;
    unsigned index;
    int64_t budget;            // instructions that may still be attempted in this slice; T1 keeps it in a register
    volatile bool attention;   // leave after the current instruction
    bool running_t1;           // slow paths answer SLOW_ALONE instead of having side effects
    bool yield;                // the guest only waits for another vCPU: its turn ends, together with `attention`
    bool has_peers;            // other vCPUs share the code: where one of them took a link, this one's jump cache is asked
    uint32_t exception;        // 0 none, else 1 + the target's number (or CPU_ALONE, between a helper and T1)
    uint64_t exception_value;
    // Another one whenever a fetch translation of a half may have changed: guards links across pages into it. No two vCPUs have the same.
    uint32_t fetch_generation[2];
    uint64_t jump_key;         // fetch_generation << 32 | block flags of the running T1 code
    uint8_t half_shift;        // of the bit that says in which half of the address space a virtual address is
    int64_t budget_bias;       // while T1 runs: budget minus what its register counts
    uint32_t mxcsr_guest, mxcsr_host;
    void *exec;                // softmmu's per-CPU wiring
    uint8_t tlb_used[ACCESS_COUNT]; // bit a mmu index: that table may hold entries
    // Filled by softmmu/tlb.c, read inline by T1 and T0.
    TlbTable tlb[ACCESS_COUNT][MMU_COUNT];
    JumpCache jump_cache;
    CpuSite site[SITE_COUNT];  // 0 is never used
    uint32_t sites_filled;     // of …
    uint16_t site_list[SITE_COUNT]; // … those whose limit isn't 0
    uint8_t site_gva[TLB_SIZE], site_host[TLB_SIZE]; // by address >> 12: some site may be of a page with this guest, host address
    uint32_t site_missed;      // by the slow access that runs
    uint32_t heat[HEAT_COUNT]; // runs that a block has before it is looked at
    uint8_t pad_to_state[8];
    CpuArch arch;              // state starts here
    // the target's struct goes on here
};

static inline void *cpu_slot(CPU *cpu, uint32_t slot) { return (uint8_t *)&cpu->arch + slot; }
#define CPU_SLOT(type, member) ((uint32_t)(offsetof(type, member) - offsetof(CPU, arch)))

static inline unsigned cpu_half(const CPU *cpu, uint64_t gva) { return (unsigned)(gva >> (cpu->half_shift & 63)) & 1; }

static inline unsigned jump_hash(uint64_t pc) { return (unsigned)(pc >> 1) & (JUMP_CACHE_SIZE - 1); }

static inline unsigned site_hash(uint64_t address) { return (unsigned)(address >> 12) & (TLB_SIZE - 1); }

static inline void cpu_sites_drop_all(CPU *cpu)
{
    for (uint32_t i = 0; i < cpu->sites_filled; i++) {
        cpu->site[cpu->site_list[i]].limit = 0;
    }
    if (cpu->sites_filled) {
        memset(cpu->site_gva, 0, sizeof(cpu->site_gva));
        memset(cpu->site_host, 0, sizeof(cpu->site_host));
    }
    cpu->sites_filled = 0;
}

static inline void tlb_clear(TlbTable *t)
{
    memset(t->tag, 0xff, sizeof(t->tag));
    t->tag[TLB_SIZE - 1] = 0;
}

// Raises an exception from a helper or slow path: `number` as the target counts.
static inline void cpu_raise(CPU *cpu, unsigned number, uint64_t value)
{
    cpu->exception = 1 + number;
    cpu->exception_value = value;
}

// ---- T0 (tcg/interp.c) ----

typedef struct RunResult {
    unsigned attempted;  // guest instructions, the raising one included
    IrExit exit;
    bool boundary;       // IR_EXIT_*: the loop must look; else only the block ended (or the limit was reached)
} RunResult;

// Interprets at most `limit` (>= 1) guest instructions of the block, from its start; stops early when an exception was raised, attention is
// asked for, or the block is left. Leaves arch.pc at the next instruction, or at the raising one with cpu->exception set. Decrements
// cpu->budget before each instruction after the first … so that icount is exact in every access: at the attempt of instruction k
// cpu->budget counts it as not yet attempted.
RunResult interp_run(CPU *cpu, const IrBlock *block, unsigned limit);
