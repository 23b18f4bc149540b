// SPDX-License-Identifier: GPL-2.0-or-later
// Inside softmmu: address spaces, and the second-level TLB whose entries are tagged by them. Wiring, never state.
//
// A *space* is one half (split by the top bit) of what some page tables translate: the contents of those entries of the root table through which
// anything was cached. A root table belongs to a space if it holds the same values there, so that address spaces which share a half (a kernel's)
// share its space, and coming back to an address space finds what was cached. Verified whenever a vCPU changes its root table; while the table is
// in use, its entries are marked like all others (tlb.c).
#pragma once
#include "softmmu/exec.h"

enum {
    SPACES = 128,              // fit a mark's bits
    SPACE_ROOTS = 32,          // entries of a root table that a space may depend on
    SPACE_CPUS = 8,
    SECOND_SETS = 2048, SECOND_WAYS = 4,
    HALVES = 2,
    LOW_LIST = 64,             // filled entries of a first-level table that are known by number
    ROOT_HINTS = 64,
};

typedef struct SpaceRoot {
    uint32_t offset;           // in the root table
    uint64_t value, mark;      // of the entry
} SpaceRoot;

typedef struct Space {
    uint32_t serial;           // tags second-level entries; another one when they are to be forgotten; 0: the space isn't used
    uint64_t mode;             // TargetRoot.mode
    unsigned half, nroots;
    SpaceRoot root[SPACE_ROOTS];
    uint32_t generation[SPACE_CPUS]; // CPU.fetch_generation of its half whenever the space is in use; 0: none yet
    uint64_t last_used;
} Space;

typedef struct SecondEntry {
    uint64_t page;             // virtual page | mmu index
    uint32_t serial;           // of its space; 0: empty
    uint32_t ram_page;
    uint8_t *host;
    uint64_t gpa;              // of the page | bit per Access: what the walk allowed
} SecondEntry;

typedef struct RootHint { // which spaces a root table had last
    uint64_t ram_page;
    Space *space[HALVES];
} RootHint;

// A vCPU's part.
typedef struct CpuSpaces {
    Space *space[HALVES];      // in use
    uint64_t mode, root_page;  // the root table's RAM page; NO_ROOT
    uint8_t *root_host;
    unsigned entry_bytes;      // of the root table
    uint8_t nlow[ACCESS_COUNT][MMU_COUNT];           // of the list below; more than LOW_LIST: they aren't all there
    uint16_t low[ACCESS_COUNT][MMU_COUNT][LOW_LIST]; // indexes of first-level entries in the lower half
    SecondEntry second[SECOND_SETS][SECOND_WAYS];
} CpuSpaces;
#define NO_ROOT (~(uint64_t)0)

typedef struct Spaces {
    uint32_t last_serial;
    uint64_t clock;
    Space space[SPACES];
    RootHint hint[ROOT_HINTS];
    CpuSpaces *cpu[SPACE_CPUS];
} Spaces;

Spaces *spaces_new(unsigned ncpus);
void spaces_free(Spaces *s, unsigned ncpus);

static inline unsigned space_number(const Spaces *s, const Space *space) { return (unsigned)(space - s->space); }
static inline bool cpu_uses(const Spaces *s, unsigned cpu, const Space *space)
{
    return s->cpu[cpu]->space[0] == space || s->cpu[cpu]->space[1] == space;
}

// What the second level knows of a page; NULL: nothing.
SecondEntry *second_find(CpuSpaces *c, const Space *space, uint64_t page, unsigned mmu);
void second_insert(CpuSpaces *c, const Space *space, SecondEntry entry); // its serial is filled in; rights are added to those known
void second_drop(CpuSpaces *c, const Space *space, uint64_t page);       // at all mmu indexes

void space_forget(Spaces *s, Space *space);  // its entries in the second level
void space_reset(Spaces *s, Space *space);   // and what it depends on; its user drops the first level
// The space of a half of the root table that the vCPU uses now (CpuSpaces.mode, root_page, root_host).
Space *space_of_root(Spaces *s, unsigned ncpus, const CpuSpaces *c, unsigned half, unsigned entry_bytes);
uint64_t root_entry(const CpuSpaces *c, unsigned offset, unsigned entry_bytes);
// The entry at `offset` of the vCPU's root table leads to something that will be cached. False: the space knows another value, or can't hold more.
bool space_depends(Space *space, const CpuSpaces *c, unsigned offset, unsigned entry_bytes, uint64_t mark);
