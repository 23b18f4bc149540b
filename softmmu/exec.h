// SPDX-License-Identifier: GPL-2.0-or-later
// Inside softmmu: translated blocks, walked page-table entries, and what a vCPU needs of both. Machine thread only; wiring, never state.
#pragma once
#include "target/target.h"
#include "tcg/cpu.h"
#include "tcg/jit.h"
#include "util/plant.h"

typedef struct Exec Exec;
typedef struct Block Block;
typedef struct Lockstep Lockstep;
typedef struct Spaces Spaces;

enum { GRANULE_BITS = 6, GRANULES = PAGE_SIZE >> GRANULE_BITS }; // self-modifying code is tracked by 64 bytes: one bit each of a u64

// A translation: bytes at a RAM address, entered at virtual pc in the mode `flags`.
struct Block {
    uint64_t pc;
    uint64_t ram_address;      // RAM page number << 12 | offset of the first byte
    Block *hash_next;          // beside what a search compares
    uint64_t second_page;      // RAM page of the rest when `crosses`
    uint64_t granules[2];      // of the first and the second page: which hold bytes of it
    uint32_t flags, bytes, runs;
    uint16_t nguest;
    bool crosses;              // one instruction that crosses a page: all ways to it depend on the fetch generation, since both pages count
    bool dead;                 // invalidated while it may be running: freed at the next boundary
    bool t1_cannot;            // T1 refused it
    bool hot;                  // T1 makes the better code
    uint64_t plain;            // groups of accesses without a site: they missed too often
    bool to_remake;
    Block *remake_next;
    uint64_t heat_flushes;     // Exec.half_drops when its counter was set
    IrBlock *ir;               // unoptimised, for T0
    JitCode *code;             // NULL: not (yet) translated by T1
    Block *page_next[2];       // lists of the first and the second page
    Block **page_at[2];        // what points to this block in them
};

// What cached translations were derived from one RAM page of a page table: for each entry of `entry_bytes`, which virtual page.
typedef struct WalkPage {
    uint64_t ram_page;
    unsigned entry_bytes;
    unsigned used;             // entries that aren't 0
    uint64_t entry[1024];      // 0, or virtual page | number of the space | WALK_* bits
} WalkPage;
// UPPER: an upper level or a large page, instead of a page's address its range: the lowest bit beyond those below is half its size. MANY: several.
enum { WALK_USED = 1, WALK_FETCHED = 2, WALK_MANY = 4, WALK_UPPER = 8, WALK_SPACE_SHIFT = 4, WALK_SPACE = 127 << WALK_SPACE_SHIFT };

typedef struct BlockSlot { // a direct-mapped cache in front of the hash table
    uint64_t pc, key, ram_address;
    Block *block;
} BlockSlot;
enum { BLOCK_CACHE_SIZE = 16384 };

// Knobs for tests; none is visible to the guest.
typedef struct ExecConfig {
    unsigned max_guest;        // instructions a block (1..64)
    bool interpreter;          // T0 alone
    bool lockstep;             // T0 beside T1
    bool no_tlb;               // nothing is cached
    uint64_t flush_seed;       // not 0: TLB and code cache flushed at random
    unsigned t1_after;         // runs by T0 before T1 translates a block; 0: the default; 1: none
    unsigned hot_after;        // runs by T1 before it makes better code; 0: the default
    bool sse2_only;            // T1 uses no feature that isn't in every x86-64
} ExecConfig;

#define PLANTED(exec, fault) planted(fault)

struct Exec {
    Machine *machine;
    const Target *target;
    ExecConfig config;
    CPU **cpus;
    unsigned ncpus;
    struct Vcpus *vcpus;       // NULL: there is one vCPU
    uint32_t generation;       // the last fetch generation that was given out, to any vCPU: no two ever have the same
    IrBuilder *builder;
    Jit *jit;                  // NULL: T0 alone
    Lockstep *lockstep;        // NULL: no
    // blocks
    Block **hash;              // by ram_address, pc and flags
    unsigned hash_bits;
    Block **page_blocks;       // by RAM page
    uint64_t *page_granules;   // by RAM page: which granules hold translated bytes
    Block *dead;
    uint64_t nblocks, ir_bytes;
    BlockSlot block_cache[BLOCK_CACHE_SIZE];
    // page tables
    Spaces *spaces;
    WalkPage **walk_pages;     // by RAM page
    GPtrArray *walk_list;
    uint16_t *page_written;    // by RAM page: 1 + number of the write entry that was cached since the last purge; UINT16_MAX: several
    // counters for `info jit` and bench
    int64_t translate_ns;      // host time spent in translation, both tiers
    uint64_t pages_flagged;    // first writes, code or walked pages: purges of write entries
    uint64_t second_hits;      // of tlb_fills
    uint64_t switches;         // of root tables
    bool flush_wanted;         // a space can't hold what it depends on: all are to be emptied at the next boundary
    uint64_t half_drops[2];    // times that the first level lost all of a half
    uint64_t translated_guest, tlb_fills, tlb_flushes, tlb_drops, code_invalidations, alone;
    uint64_t rng;
    uint64_t site_since[SITE_COUNT]; // icount at which the site's `misses` were set
    Block *remake;             // blocks whose code is to be made anew, without tired sites
    uint64_t hot_blocks, tired_sites;
    int64_t slice_budget;      // of the slice that runs, in whole: for PLANT_STALE_ICOUNT
};

Exec *exec_new(Machine *machine, const Target *target, CPU **cpus, unsigned ncpus, const ExecConfig *config);
void exec_free(Exec *exec);

// Of what finds code by its virtual address alone.
static inline uint64_t exec_key(const CPU *cpu, uint64_t pc, uint32_t flags)
{
    return (uint64_t)cpu->fetch_generation[cpu_half(cpu, pc)] << 32 | flags;
}

// The block at the CPU's pc, translated if need be. NULL: the fetch raised an exception (cpu->exception).
Block *exec_find(Exec *exec, CPU *cpu);
// The block's T1 code, made when it has run often enough; NULL: run it by T0. May drop all blocks (the given one is then dead, but whole).
const JitCode *exec_code(Exec *exec, CPU *cpu, Block *block);
void exec_heat(Exec *exec, CPU *cpu, Block *block); // the block's counter has run out
void exec_site_tired(CPU *cpu, uint32_t site); // CpuOps.site_tired
void exec_remake(Exec *exec); // drops the code of exec->remake, which doesn't run now
bool exec_linkable(const Exec *exec, CPU *cpu, const Block *block); // may T1 reach the block at arch.pc without asking exec_find again
void exec_invalidate_all(Exec *exec);  // drops every block
void exec_reap(Exec *exec);            // frees blocks that died while they might run; at a boundary
// A store of `len` bytes at `offset` of a RAM page with flags is about to happen. would_leave: must the running block be left after it?
bool exec_store_leaves(const Exec *exec, uint64_t ram_page, unsigned offset, unsigned len);
void exec_code_stored(Exec *exec, uint64_t ram_page, unsigned offset, unsigned len);

// softmmu/dump.c: -d
void dump_guest(const Exec *exec, const Block *block, const uint8_t *host);
void dump_ir(const Exec *exec, uint32_t channel, const IrBlock *block);
void dump_code(const Block *block);

// Of an address inside a range that maps RAM: its RAM page, and where its byte is.
static inline uint64_t range_ram_page(const MemRange *range, uint64_t gpa)
{
    return range->ram->first_page + ((range->ram_offset + (gpa - range->base)) >> PAGE_BITS);
}
static inline uint8_t *range_host(const MemRange *range, uint64_t gpa)
{
    return range->ram->host + range->ram_offset + (gpa - range->base);
}

// softmmu/tlb.c
// An access of `len` bytes (inside one page). *host: NULL for MMIO. False: cpu->exception is set.
bool tlb_translate(Exec *exec, CPU *cpu, uint64_t gva, unsigned len, Access access, unsigned mmu, uint64_t *gpa, uint8_t **host);
void tlb_flush_all(Exec *exec);
void tlb_flush_cpu(CPU *cpu);
void tlb_flush_first(CPU *cpu); // the first level alone
void tlb_switch(Exec *exec, CPU *cpu); // the root table may be another one
void tlb_page_flag(Exec *exec, uint64_t ram_page, uint8_t flag); // sets a page flag; no fast path writes the page afterwards
bool tlb_walked_used(const Exec *exec, uint64_t ram_page, unsigned offset, unsigned len);
void tlb_walker_stored(Exec *exec, uint64_t ram_page, unsigned offset);
void tlb_walked_stored(Exec *exec, uint64_t ram_page, unsigned offset, unsigned len);
static inline Exec *cpu_exec_of(CPU *cpu) { return cpu->exec; }

// softmmu/access.c
extern const CpuOps exec_cpu_ops;
RamObserver exec_before_store;
void exec_dma_stores(void *ctx, uint64_t gpa, uint64_t len);

// softmmu/lockstep.c
Lockstep *lockstep_new(const Target *target);
void lockstep_free(Lockstep *lockstep);
// A store to RAM, in one page, is about to happen; `walk`: of a page-table walk.
void lockstep_note_store(Lockstep *lockstep, uint8_t *host, const void *bytes, unsigned len, bool walk);
// Runs a block that has T1 code by both; the program ends if they differ. False: the block can't be run twice, nothing was done.
bool lockstep_run(Exec *exec, CPU *cpu, Block *block, int64_t left, JitReason *reason);

// softmmu/cpu-exec.c
// Attempts exactly `budget` instructions unless it stops earlier: halt, attention, an interrupt that became deliverable, or (after `soft`
// instructions) any convenient boundary. Returns how many were attempted.
uint64_t cpu_run(Exec *exec, CPU *cpu, uint64_t budget, uint64_t soft);
