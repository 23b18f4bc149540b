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

// Translates for LR or SC. False: an exception was raised.
static bool atomic_probe(CPU *cpu, uint64_t gva, MemOp memop, Access access, uint64_t *gpa, const void **host)
{
    if (cpu->ops->probe(cpu, gva, memop, access, gpa, host) != SLOW_OK) {
        return false;
    }
    if (!*host) {
        riscv_access_fault(cpu, gva, access);
        return false;
    }
    return true;
}

static uint64_t load_reserved(CPU *cpu, uint64_t gva, uint64_t memop, uint64_t unused)
{
    uint64_t gpa, value = 0;
    const void *host;
    if (!atomic_probe(cpu, gva, (MemOp)memop, ACCESS_READ, &gpa, &host)) {
        return 0;
    }
    memcpy(&value, host, memop_bytes((MemOp)memop));
    cpu->arch.reserved = 1;
    cpu->arch.reserve_gpa = gpa;
    return memop & MEMOP_SIGNED ? (uint64_t)(int64_t)(int32_t)value : value;
}

static uint64_t store_conditional(CPU *cpu, uint64_t gva, uint64_t value, uint64_t memop)
{
    uint64_t gpa;
    const void *host;
    if (gva & (memop_bytes((MemOp)memop) - 1)) {
        riscv_align_fault(cpu, gva, ACCESS_WRITE);
        return 0;
    }
    if (!cpu->arch.reserved) {
        return 1;
    }
    if (!atomic_probe(cpu, gva, (MemOp)memop, ACCESS_WRITE, &gpa, &host)) {
        return 0;
    }
    if (gpa != cpu->arch.reserve_gpa) {
        cpu->arch.reserved = 0;
        return 1;
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
