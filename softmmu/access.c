// SPDX-License-Identifier: GPL-2.0-or-later
// The slow path of memory accesses: what misses the TLB tables, crosses a page, is misaligned for the guest, or has consequences.
//
// While T1 runs (cpu->running_t1) an access that could bring an event nearer or change running code is not performed: SLOW_ALONE sends the
// whole instruction to T0, which leaves right after it.
#include <assert.h>

#include "softmmu/vcpus.h"

// ---- the one observer of stores to flagged pages ----

void exec_before_store(void *ctx, uint64_t ram_page, unsigned offset, unsigned len)
{
    Exec *exec = ctx;
    uint8_t flags = exec->machine->page_flags[ram_page];
    if (flags & PAGE_WALKED) {
        tlb_walked_stored(exec, ram_page, offset, len);
    }
    if (flags & PAGE_CODE) {
        exec_code_stored(exec, ram_page, offset, len);
    }
}

// Another agent's store breaks a reservation on the block that it touches.
enum { RESERVATION_BYTES = 64 };

void exec_dma_stores(void *ctx, uint64_t gpa, uint64_t len)
{
    Exec *exec = ctx;
    for (unsigned i = 0; i < exec->ncpus; i++) {
        CpuArch *arch = &exec->cpus[i]->arch;
        uint64_t block = arch->reserve_gpa & ~(uint64_t)(RESERVATION_BYTES - 1);
        if (arch->reserved && gpa < block + RESERVATION_BYTES && block < gpa + len) {
            arch->reserved = 0;
        }
    }
}

// ---- one piece inside a page ----

typedef struct Piece {
    uint64_t gpa;
    uint8_t *host; // NULL: MMIO
} Piece;

static SlowResult translate(CPU *cpu, uint64_t gva, unsigned len, Access access, unsigned mmu, Piece *piece)
{
    return tlb_translate(cpu->exec, cpu, gva, len, access, mmu, &piece->gpa, &piece->host) ? SLOW_OK : SLOW_FAULT;
}

static SlowResult bus_error(CPU *cpu, uint64_t gva, Access access)
{
    cpu_exec_of(cpu)->target->access_fault(cpu, gva, access);
    return SLOW_FAULT;
}

static uint64_t ram_page_of(const Exec *exec, uint64_t gpa)
{
    return range_ram_page(memory_find(exec->machine, gpa), gpa);
}

static void ram_write(Exec *exec, const Piece *piece, const void *bytes, unsigned len)
{
    uint64_t ram_page = ram_page_of(exec, piece->gpa);
    uint8_t flags = exec->machine->page_flags[ram_page];
    if (flags & PAGE_ROM) {
        return;
    }
    if (flags) {
        exec_before_store(exec, ram_page, (unsigned)piece->gpa & PAGE_MASK, len);
    }
    if (exec->lockstep) {
        lockstep_note_store(exec->lockstep, piece->host, bytes, len, false);
    }
    memcpy(piece->host, bytes, len);
}

static bool ram_write_leaves(Exec *exec, const Piece *piece, unsigned len)
{
    uint64_t ram_page = ram_page_of(exec, piece->gpa);
    return exec->machine->page_flags[ram_page] && exec_store_leaves(exec, ram_page, (unsigned)piece->gpa & PAGE_MASK, len);
}

// ---- whole accesses ----

static bool crosses(uint64_t gva, unsigned len)
{
    return (gva & PAGE_MASK) + len > PAGE_SIZE;
}

static bool misaligned(uint64_t gva, unsigned len)
{
    return gva & (len - 1);
}

// Translates both pages of an access before anything is done, so that a fault leaves no trace.
static SlowResult translate_access(CPU *cpu, uint64_t gva, MemOp memop, unsigned len, Access access, Piece piece[2], unsigned *first)
{
    unsigned mmu = memop_mmu(memop);
    if ((memop & MEMOP_ALIGNED) && misaligned(gva, len)) {
        cpu_exec_of(cpu)->target->align_fault(cpu, gva, access);
        return SLOW_FAULT;
    }
    *first = crosses(gva, len) ? PAGE_SIZE - (unsigned)(gva & PAGE_MASK) : len;
    SlowResult result = translate(cpu, gva, *first, access, mmu, &piece[0]);
    if (result == SLOW_OK && *first < len) {
        result = translate(cpu, gva + *first, len - *first, access, mmu, &piece[1]);
        // The second walk may have replaced what the first found: only guest memory is meant, and that hasn't changed.
    }
    return result;
}

// Loads `len` bytes, little-endian in memory order. A misaligned or page-crossing access to MMIO is a bus error.
static SlowResult load_bytes(CPU *cpu, uint64_t gva, MemOp memop, unsigned len, uint8_t *bytes)
{
    Exec *exec = cpu->exec;
    Piece piece[2];
    unsigned first;
    Access access = memop & MEMOP_STORE_FAULT ? ACCESS_WRITE : ACCESS_READ;
    SlowResult result = translate_access(cpu, gva, memop, len, access, piece, &first);
    if (result != SLOW_OK) {
        return result;
    }
    if (piece[0].host && (first == len || piece[1].host)) {
        memcpy(bytes, piece[0].host, first);
        if (first < len) {
            memcpy(bytes + first, piece[1].host, len - first);
        }
        return SLOW_OK;
    }
    if (first < len || misaligned(gva, len) || len > 8) {
        return bus_error(cpu, gva, access);
    }
    if (cpu->running_t1) {
        exec->alone++;
        return SLOW_ALONE;
    }
    uint64_t value = 0;
    int64_t budget = cpu->budget;
    if (PLANTED(exec, PLANT_STALE_ICOUNT)) {
        cpu->budget = exec->slice_budget;
    }
    bool there = mmio_read(exec->machine, piece[0].gpa, len, &value);
    cpu->budget = budget;
    if (!there) {
        return bus_error(cpu, gva, access);
    }
    memcpy(bytes, &value, len);
    return SLOW_OK;
}

static SlowResult store_bytes(CPU *cpu, uint64_t gva, MemOp memop, unsigned len, const uint8_t *bytes)
{
    Exec *exec = cpu->exec;
    Piece piece[2];
    unsigned first;
    SlowResult result = translate_access(cpu, gva, memop, len, ACCESS_WRITE, piece, &first);
    if (result != SLOW_OK) {
        return result;
    }
    bool ram = piece[0].host && (first == len || piece[1].host);
    if (!ram && (first < len || misaligned(gva, len) || len > 8)) {
        return bus_error(cpu, gva, ACCESS_WRITE);
    }
    if (cpu->running_t1) {
        if (!ram || ram_write_leaves(exec, &piece[0], first) || (first < len && ram_write_leaves(exec, &piece[1], len - first))) {
            exec->alone++;
            return SLOW_ALONE;
        }
    }
    if (ram) {
        ram_write(exec, &piece[0], bytes, first);
        if (first < len) {
            ram_write(exec, &piece[1], bytes + first, len - first);
        }
        return SLOW_OK;
    }
    uint64_t value = 0;
    memcpy(&value, bytes, len);
    return mmio_write(exec->machine, piece[0].gpa, len, value) ? SLOW_OK : bus_error(cpu, gva, ACCESS_WRITE);
}

static void reverse(uint8_t *bytes, unsigned len)
{
    for (unsigned i = 0; i < len / 2; i++) {
        uint8_t byte = bytes[i];
        bytes[i] = bytes[len - 1 - i];
        bytes[len - 1 - i] = byte;
    }
}

static SlowResult ops_load(CPU *cpu, uint64_t gva, MemOp memop, uint64_t *value)
{
    uint8_t bytes[8] = { 0 };
    unsigned len = memop_bytes(memop);
    assert(len <= 8);
    SlowResult result = load_bytes(cpu, gva, memop, len, bytes);
    if (memop & MEMOP_BSWAP) {
        reverse(bytes, len);
    }
    memcpy(value, bytes, 8);
    return result;
}

static SlowResult ops_store(CPU *cpu, uint64_t gva, MemOp memop, uint64_t value)
{
    uint8_t bytes[8];
    unsigned len = memop_bytes(memop);
    assert(len <= 8);
    memcpy(bytes, &value, 8);
    if (memop & MEMOP_BSWAP) {
        reverse(bytes, len);
    }
    return store_bytes(cpu, gva, memop, len, bytes);
}

static SlowResult ops_load_wide(CPU *cpu, uint64_t gva, MemOp memop, void *bytes)
{
    return load_bytes(cpu, gva, memop, memop_bytes(memop), bytes);
}

static SlowResult ops_store_wide(CPU *cpu, uint64_t gva, MemOp memop, const void *bytes)
{
    return store_bytes(cpu, gva, memop, memop_bytes(memop), bytes);
}

static SlowResult ops_probe(CPU *cpu, uint64_t gva, MemOp memop, Access access, uint64_t *gpa, const void **host)
{
    Piece piece[2];
    unsigned first;
    SlowResult result = translate_access(cpu, gva, memop, memop_bytes(memop), access, piece, &first);
    *gpa = piece[0].gpa;
    *host = result == SLOW_OK ? piece[0].host : NULL;
    return result;
}

static void ops_tlb_flush(CPU *cpu)
{
    tlb_flush_cpu(cpu);
}

static void ops_tlb_switch(CPU *cpu)
{
    tlb_switch(cpu->exec, cpu);
}

static bool ops_walk_store(CPU *cpu, uint64_t gpa, const void *bytes, unsigned len)
{
    Exec *exec = cpu->exec;
    const MemRange *range = memory_find(exec->machine, gpa);
    if (!range || !range->ram || range->ram->rom) {
        return false;
    }
    uint64_t ram_page = range_ram_page(range, gpa);
    if (exec->machine->page_flags[ram_page] & PAGE_CODE) {
        exec_code_stored(exec, ram_page, (unsigned)gpa & PAGE_MASK, len);
    }
    uint8_t *host = range_host(range, gpa);
    if (exec->lockstep) {
        lockstep_note_store(exec->lockstep, host, bytes, len, true);
    }
    memcpy(host, bytes, len);
    tlb_walker_stored(exec, ram_page, (unsigned)gpa & PAGE_MASK);
    return true;
}

static uint64_t ops_attempts(CPU *cpu)
{
    const Exec *exec = cpu->exec;
    return exec->vcpus ? vcpus_attempts(exec->vcpus, cpu) : machine_icount(exec->machine);
}

const CpuOps exec_cpu_ops = {
    .site_tired = exec_site_tired,
    .load = ops_load, .store = ops_store, .load_wide = ops_load_wide, .store_wide = ops_store_wide,
    .probe = ops_probe, .tlb_flush = ops_tlb_flush, .tlb_switch = ops_tlb_switch, .walk_store = ops_walk_store, .attempts = ops_attempts,
};
