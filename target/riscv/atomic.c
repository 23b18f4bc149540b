// SPDX-License-Identifier: GPL-2.0-or-later
// Load-reserved, store-conditional (U 8.2) and the checks of cache block operations (CMO 2.5).
//
// A reservation is exact state: SC succeeds if and only if the hart's last LR, with no SC after it, was of the same physical address, and no
// other agent has written to the block of RESERVATION_BYTES around it (who writes there clears arch.reserved). The hart's own stores and traps
// don't break it. LR and SC work on RAM only; elsewhere they are access faults.
#include <string.h>

#include "target/riscv/cpu.h"

static void raise_illegal(CPU *cpu, uint64_t raw)
{
    cpu_raise(cpu, CAUSE_ILLEGAL, raw);
}

typedef struct Cell { // what LR and SC work on
    uint64_t gpa;
    const uint8_t *host;
    uint8_t *writable;   // the same if a store needs no more than writing there, else NULL
} Cell;

// A translation that the TLB holds names the host address alone; the physical one is remembered from the walk.
static bool cell_cached(RiscvCpu *rc, uint64_t gva, MemOp memop, Access access, Cell *cell)
{
    const TlbTable *t = &rc->cpu.tlb[access][memop_mmu(memop)];
    unsigned i = gva >> PAGE_BITS & (TLB_SIZE - 1);
    if ((t->tag[i] ^ gva) > PAGE_SIZE - memop_bytes(memop)) {
        return false;
    }
    uint64_t host = gva + t->addend[i];
    const PhysicalPage *page = &rc->physical[host >> PAGE_BITS & (PHYSICAL_PAGES - 1)];
    if (page->host != host >> PAGE_BITS || page->map_version != rc->cpu.machine->map_version) {
        return false;
    }
    cell->gpa = page->gpa | (gva & PAGE_MASK);
    cell->host = cell->writable = (uint8_t *)(uintptr_t)host;
    return true;
}

// Translates an aligned address for LR or SC. False: an exception was raised.
static bool cell_find(CPU *cpu, uint64_t gva, MemOp memop, Access access, Cell *cell)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    const void *host;
    if (cell_cached(rc, gva, memop, access, cell)) {
        return true;
    }
    if (cpu->ops->probe(cpu, gva, memop, access, &cell->gpa, &host) != SLOW_OK) {
        return false;
    }
    if (!host) {
        riscv_access_fault(cpu, gva, access);
        return false;
    }
    cell->host = host;
    cell->writable = NULL;
    uint64_t host_page = (uint64_t)(uintptr_t)host >> PAGE_BITS;
    rc->physical[host_page & (PHYSICAL_PAGES - 1)] =
        (PhysicalPage){ .host = host_page, .gpa = cell->gpa & ~(uint64_t)PAGE_MASK, .map_version = cpu->machine->map_version };
    return true;
}

static uint64_t load_reserved(CPU *cpu, uint64_t gva, uint64_t memop, uint64_t unused)
{
    Cell cell;
    uint64_t value = 0;
    unsigned len = memop_bytes((MemOp)memop);
    if (gva & (len - 1)) {
        riscv_align_fault(cpu, gva, ACCESS_READ);
        return 0;
    }
    if (!cell_find(cpu, gva, (MemOp)memop, ACCESS_READ, &cell)) {
        return 0;
    }
    memcpy(&value, cell.host, len);
    cpu->arch.reserved = 1;
    cpu->arch.reserve_gpa = cell.gpa;
    return memop & MEMOP_SIGNED ? (uint64_t)(int64_t)(int32_t)value : value;
}

static uint64_t store_conditional(CPU *cpu, uint64_t gva, uint64_t value, uint64_t memop)
{
    Cell cell;
    unsigned len = memop_bytes((MemOp)memop);
    if (gva & (len - 1)) {
        riscv_align_fault(cpu, gva, ACCESS_WRITE);
        return 0;
    }
    if (!cpu->arch.reserved) {
        return 1;
    }
    if (!cell_find(cpu, gva, (MemOp)memop, ACCESS_WRITE, &cell)) {
        return 0;
    }
    if (cell.gpa != cpu->arch.reserve_gpa) {
        cpu->arch.reserved = 0;
        return 1;
    }
    if (cell.writable) {
        memcpy(cell.writable, &value, len);
        cpu->arch.reserved = 0;
        return 0;
    }
    SlowResult result = cpu->ops->store(cpu, gva, (MemOp)memop, value);
    if (result == SLOW_ALONE) {
        cpu->exception = CPU_ALONE;
    } else if (result == SLOW_OK) {
        cpu->arch.reserved = 0;
    }
    return 0;
}

const IrHelper riscv_helper_lr = {"lr", load_reserved, HELPER_RAISES, 2, true};
const IrHelper riscv_helper_sc = {"sc", store_conditional, HELPER_RAISES, 3, true};

// ---- cache blocks ----

// May the current privilege use what `field` of the environment registers enables? M-mode may always.
static bool env_allows(const RiscvCpu *rc, uint64_t field)
{
    return rc->s.priv == PRIV_M || ((rc->s.menvcfg & field) && (rc->s.priv == PRIV_S || (rc->s.senvcfg & field)));
}

// There are no caches: what remains is permission, then a translation for reading or writing (CMO 2.5.2). Faults count as stores.
static uint64_t cbo(CPU *cpu, uint64_t gva, uint64_t memop, uint64_t raw)
{
    enum { INVAL = 0 };
    uint64_t gpa, field = raw >> 20 == INVAL ? ENVCFG_CBIE : ENVCFG_CBCFE;
    const void *host;
    if (!env_allows(riscv_cpu(cpu), field)) {
        raise_illegal(cpu, raw);
    } else if (cpu->ops->probe(cpu, gva, (MemOp)memop, ACCESS_READ, &gpa, &host) == SLOW_FAULT) {
        cpu->exception = 0;
        cpu->ops->probe(cpu, gva, (MemOp)memop, ACCESS_WRITE, &gpa, &host);
    }
    return 0;
}

static uint64_t cbo_zero(CPU *cpu, uint64_t raw, uint64_t unused_b, uint64_t unused_c)
{
    if (!env_allows(riscv_cpu(cpu), ENVCFG_CBZE)) {
        raise_illegal(cpu, raw);
    }
    return 0;
}

const IrHelper riscv_helper_cbo = {"cbo", cbo, HELPER_READS_REGS | HELPER_RAISES, 3, false};
const IrHelper riscv_helper_cbo_zero = {"cbo_zero", cbo_zero, HELPER_READS_REGS | HELPER_RAISES, 1, false};
