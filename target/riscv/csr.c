// SPDX-License-Identifier: GPL-2.0-or-later
// Control and status registers: what reading and writing the rows of csr.def does (P chapters 2, 3.1, 4.1; U 9, 10, 11.2; Sstc).
//
// cycle counts attempted instructions of the whole machine, as a clock that all harts share; instret counts the hart's own instructions, less those
// that raised an exception. Both read as of before the reading instruction. misa can't be written.
// The functions of a row deal with the whole 64 bits where RV32 has two registers for them; of others the high half is zero there.
#include <assert.h>

#include "target/riscv/cpu.h"
#include "util/plant.h"

static uint64_t replace(uint64_t old, uint64_t value, uint64_t mask)
{
    return (old & ~mask) | (value & mask);
}

// ---- floating point ----

static bool fp_allowed(RiscvCpu *rc, const RiscvCsr *csr)
{
    return rc->s.mstatus & MSTATUS_FS;
}

static uint64_t fflags_read(RiscvCpu *rc, const RiscvCsr *csr) { return rc->cpu.arch.fp.flags & 0x1f; }
static uint64_t frm_read(RiscvCpu *rc, const RiscvCsr *csr) { return rc->cpu.arch.fp.rounding; }
static uint64_t fcsr_read(RiscvCpu *rc, const RiscvCsr *csr) { return frm_read(rc, csr) << 5 | fflags_read(rc, csr); }

static void fflags_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    rc->cpu.arch.fp.flags = value & 0x1f;
    rc->s.mstatus |= MSTATUS_FS;
}

// Reserved modes are kept as written; they raise exceptions when used (U 11.2).
static void frm_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    rc->cpu.arch.fp.rounding = value & 7;
    rc->s.mstatus |= MSTATUS_FS;
}

static void fcsr_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    fflags_write(rc, csr, value);
    frm_write(rc, csr, value >> 5);
}

// ---- status ----

static uint64_t mstatus_read(RiscvCpu *rc, const RiscvCsr *csr)
{
    bool dirty = (rc->s.mstatus & MSTATUS_FS) == MSTATUS_FS;
    return rc->s.mstatus | (!dirty ? 0 : rc->rv32 ? MSTATUS_SD32 : MSTATUS_SD);
}

uint64_t riscv_status_mask(uint64_t features, bool supervisor)
{
    uint64_t fs = features & RISCV_EXT_F ? MSTATUS_FS : 0;
    uint64_t mask = MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | fs | MSTATUS_SUM | MSTATUS_MXR;
    return supervisor ? mask : mask | MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_MPRV | MSTATUS_TVM | MSTATUS_TW | MSTATUS_TSR;
}

static void mstatus_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    uint64_t mask = riscv_status_mask(rc->features, false);
    if ((value >> 11 & 3) == 2) { // there is no such mode
        mask &= ~MSTATUS_MPP;
    }
    rc->s.mstatus = replace(rc->s.mstatus, value, mask);
}

static uint64_t sstatus_read(RiscvCpu *rc, const RiscvCsr *csr)
{
    return mstatus_read(rc, csr) & (riscv_status_mask(rc->features, true) | MSTATUS_UXL | (rc->rv32 ? MSTATUS_SD32 : MSTATUS_SD));
}

static void sstatus_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    rc->s.mstatus = replace(rc->s.mstatus, value, riscv_status_mask(rc->features, true));
}

static uint64_t misa_read(RiscvCpu *rc, const RiscvCsr *csr)
{
    static const struct {
        char letter;
        uint64_t feature;
    } letters[] = {
        { 'A', RISCV_EXT_A }, { 'C', RISCV_EXT_C }, { 'D', RISCV_EXT_D }, { 'F', RISCV_EXT_F }, { 'I', RISCV_EXT_I },
        { 'M', RISCV_EXT_M }, { 'S', RISCV_EXT_S }, { 'U', RISCV_EXT_S },
    };
    uint64_t misa = rc->rv32 ? UINT64_C(1) << 30 : UINT64_C(2) << 62;
    for (unsigned i = 0; i < sizeof(letters) / sizeof(*letters); i++) {
        misa |= (uint64_t)((rc->features & letters[i].feature) != 0) << (letters[i].letter - 'A');
    }
    return misa;
}

static uint64_t mhartid_read(RiscvCpu *rc, const RiscvCsr *csr) { return rc->hartid; }

// ---- traps and interrupts ----

static void tvec_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    if ((value & 3) <= 1) { // direct, vectored; others are reserved and leave the register as it was
        *(uint64_t *)cpu_slot(&rc->cpu, csr->slot) = value;
    }
}

static void mideleg_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value) { rc->s.mideleg = value & MIP_S; }
static void mie_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value) { rc->s.mie = value & MIP_ALL; }
static uint64_t mip_read(RiscvCpu *rc, const RiscvCsr *csr) { return riscv_mip(rc); }

// STIP follows stimecmp alone while STCE is set (Sstc 2.1.1).
static void mip_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    rc->s.mip_soft = replace(rc->s.mip_soft, value, MIP_S & ~(rc->s.menvcfg & ENVCFG_STCE ? MIP_STIP : 0));
}

static uint64_t sie_read(RiscvCpu *rc, const RiscvCsr *csr) { return rc->s.mie & rc->s.mideleg; }
static uint64_t sip_read(RiscvCpu *rc, const RiscvCsr *csr) { return riscv_mip(rc) & rc->s.mideleg; }

static void sie_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    rc->s.mie = replace(rc->s.mie, value, rc->s.mideleg);
}

static void sip_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    rc->s.mip_soft = replace(rc->s.mip_soft, value, rc->s.mideleg & MIP_SSIP);
}

// What a set or clear instruction of mip combines its operand with: the external line isn't written back (P 3.1.9).
static uint64_t mip_to_modify(RiscvCpu *rc)
{
    return (riscv_mip(rc) & ~(uint64_t)MIP_SEIP) | (rc->s.mip_soft & MIP_SEIP);
}

// ---- environment, translation, protection ----

static uint64_t envcfg_legal(const RiscvCpu *rc, uint64_t value)
{
    uint64_t mask = ENVCFG_FIOM | (rc->zicbom ? ENVCFG_CBIE | ENVCFG_CBCFE : 0) | (rc->zicboz ? ENVCFG_CBZE : 0);
    if ((value & ENVCFG_CBIE) == (UINT64_C(2) << 4)) { // reserved
        mask &= ~ENVCFG_CBIE;
    }
    return value & mask;
}

static void senvcfg_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value) { rc->s.senvcfg = envcfg_legal(rc, value); }
static uint64_t menvcfg_read(RiscvCpu *rc, const RiscvCsr *csr) { return rc->s.menvcfg; }

static void menvcfg_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    uint64_t mask = (rc->sstc ? ENVCFG_STCE : 0) | (rc->svpbmt ? ENVCFG_PBMTE : 0) | (rc->svadu ? ENVCFG_ADUE : 0);
    uint64_t before = rc->s.menvcfg;
    rc->s.menvcfg = envcfg_legal(rc, value) | (value & mask);
    if ((rc->s.menvcfg ^ before) & ENVCFG_PBMTE) { // which entries are reserved
        rc->cpu.ops->tlb_flush(&rc->cpu);
    }
    riscv_stimer_update(rc);
}

static bool satp_allowed(RiscvCpu *rc, const RiscvCsr *csr)
{
    return rc->s.priv != PRIV_S || !(rc->s.mstatus & MSTATUS_TVM);
}

// A mode that isn't there leaves the whole register as it was (P 4.1.11). All bits of ASID are kept.
static void satp_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    if (value != rc->s.satp && riscv_satp_legal(rc, value)) {
        rc->s.satp = value;
        rc->cpu.ops->tlb_switch(&rc->cpu);
    }
}

static bool pmp_allowed(RiscvCpu *rc, const RiscvCsr *csr) { return rc->has_pmp; }
static uint64_t pmpcfg_read(RiscvCpu *rc, const RiscvCsr *csr) { return pmp_cfg_read(rc, csr->number & 15); }
static void pmpcfg_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value) { pmp_cfg_write(rc, csr->number & 15, value); }
static void pmpaddr_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value) { pmp_addr_write(rc, csr->number & 15, value); }

// ---- counters ----

static bool counter_allowed(RiscvCpu *rc, const RiscvCsr *csr)
{
    uint64_t bit = UINT64_C(1) << (csr->number & 31);
    bool exists = (csr->number & 31) <= 2 ? rc->zicntr : rc->zihpm;
    return !exists ? false : rc->s.priv == PRIV_M || ((rc->s.mcounteren & bit) && (rc->s.priv == PRIV_S || (rc->s.scounteren & bit)));
}

static uint64_t cycles(const RiscvCpu *rc) { return machine_icount(rc->cpu.machine); }
static uint64_t retired(RiscvCpu *rc) { return rc->cpu.ops->attempts(&rc->cpu) - (planted(PLANT_WRONG_MINSTRET) ? 0 : rc->s.traps); }

static uint64_t cycle_read(RiscvCpu *rc, const RiscvCsr *csr)
{
    return rc->s.mcycle + (rc->s.mcountinhibit & COUNTER_CY ? 0 : cycles(rc));
}

static uint64_t instret_read(RiscvCpu *rc, const RiscvCsr *csr)
{
    return rc->s.minstret + (rc->s.mcountinhibit & COUNTER_IR ? 0 : retired(rc));
}

// The next instruction reads what was written: the writing one isn't counted on top (U 9.1).
static void mcycle_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    rc->s.mcycle = value - (rc->s.mcountinhibit & COUNTER_CY ? 0 : cycles(rc) + 1);
}

static void minstret_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    rc->s.minstret = value - (rc->s.mcountinhibit & COUNTER_IR ? 0 : retired(rc) + 1);
}

// The writing instruction still counts as the old value says.
static void inhibit_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    uint64_t changed = (value ^ rc->s.mcountinhibit) & (COUNTER_CY | COUNTER_IR);
    if (changed & COUNTER_CY) {
        rc->s.mcycle += value & COUNTER_CY ? cycles(rc) + 1 : -(cycles(rc) + 1);
    }
    if (changed & COUNTER_IR) {
        rc->s.minstret += value & COUNTER_IR ? retired(rc) + 1 : -(retired(rc) + 1);
    }
    rc->s.mcountinhibit ^= changed;
}

static uint64_t time_read(RiscvCpu *rc, const RiscvCsr *csr) { return riscv_time(rc); }

static bool stimecmp_allowed(RiscvCpu *rc, const RiscvCsr *csr)
{
    return rc->sstc && (rc->s.priv == PRIV_M || ((rc->s.menvcfg & ENVCFG_STCE) && (rc->s.mcounteren & COUNTER_TM)));
}

static void stimecmp_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    rc->s.stimecmp = value;
    riscv_stimer_update(rc);
}

// ---- high halves ----

// The register whose high half this one is: counters are 0x80 apart, others 0x10.
static const RiscvCsr *low_half(const RiscvCsr *csr)
{
    return riscv_csr_find(csr->number - ((csr->number & 0x880) == 0x880 ? 0x80 : 0x10), true);
}

static uint64_t high_read(RiscvCpu *rc, const RiscvCsr *csr)
{
    const RiscvCsr *low = low_half(csr);
    return (low->read ? low->read(rc, low) : *(uint64_t *)cpu_slot(&rc->cpu, low->slot)) >> 32;
}

static void high_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    const RiscvCsr *low = low_half(csr);
    uint32_t bit = low->number == RISCV_CSR_MCYCLE ? COUNTER_CY : low->number == RISCV_CSR_MINSTRET ? COUNTER_IR : 0;
    uint32_t counts = bit && !(rc->s.mcountinhibit & bit); // the writing instruction, as ever
    low->write(rc, low, (uint32_t)(riscv_csr_read(rc, low) + counts) | value << 32);
}

// ---- the table ----

#define NONE cpu.arch // slot 0
static const RiscvCsr csrs[] = {
#define CSR(name, number, member, mask, read, write, allowed) { #name, number, false, RISCV_SLOT(member), mask, read, write, allowed },
#define CSR32(name, number, member, mask, read, write, allowed) { #name, number, true, RISCV_SLOT(member), mask, read, write, allowed },
#include "target/riscv/csr.def"
#undef CSR
#undef CSR32
};

static const RiscvCsr *hpm_find(unsigned number, bool rv32)
{
    static const RiscvCsr machine = {.name = "mhpm", .number = 0xb03};
#define USER(n) {.name = "hpm", .number = 0xc00 + (n), .allowed = counter_allowed}
#define USER4(n) USER(n), USER((n) + 1), USER((n) + 2), USER((n) + 3)
    static const RiscvCsr user[] = {USER4(0), USER4(4), USER4(8), USER4(12), USER4(16), USER4(20), USER4(24), USER4(28)};
#undef USER4
#undef USER
    unsigned n = number & 31;
    switch (n >= 3 ? number & ~31u : 0) {
    case 0xb80: return rv32 ? &machine : NULL;
    case 0xb00: case 0x320: return &machine;
    case 0xc80: return rv32 ? &user[n] : NULL;
    case 0xc00: return &user[n];
    default: return NULL;
    }
}

const RiscvCsr *riscv_csr_find(unsigned number, bool rv32)
{
    size_t low = 0, high = sizeof(csrs) / sizeof(*csrs);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (csrs[middle].number == number) {
            return csrs[middle].rv32_only && !rv32 ? NULL : &csrs[middle];
        }
        if (csrs[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return hpm_find(number, rv32);
}

uint64_t riscv_csr_read(RiscvCpu *rc, const RiscvCsr *csr)
{
    uint64_t value = csr->read ? csr->read(rc, csr) : csr->slot ? *(uint64_t *)cpu_slot(&rc->cpu, csr->slot) : 0;
    return riscv_xlen(rc, value);
}

// With XLEN 32 the other half stays as it is.
void riscv_csr_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    if (!csr->write) {
        if (csr->slot) {
            *(uint64_t *)cpu_slot(&rc->cpu, csr->slot) = riscv_xlen(rc, value & csr->mask);
        }
        return;
    }
    if (rc->rv32) {
        uint64_t whole = csr->read ? csr->read(rc, csr) : csr->slot ? *(uint64_t *)cpu_slot(&rc->cpu, csr->slot) : 0;
        value = (whole & ~(uint64_t)UINT32_MAX) | (uint32_t)value;
    }
    csr->write(rc, csr, value);
}

// ---- the instructions ----

// Privilege and read-only registers were checked by the translator.
static const RiscvCsr *csr_checked(RiscvCpu *rc, uint64_t raw)
{
    const RiscvCsr *csr = riscv_csr_find((unsigned)(raw >> 20), rc->rv32);
    if (csr->allowed && !csr->allowed(rc, csr)) {
        cpu_raise(&rc->cpu, CAUSE_ILLEGAL, raw);
        return NULL;
    }
    return csr;
}

static uint64_t csr_read(CPU *cpu, uint64_t raw, uint64_t unused_b, uint64_t unused_c)
{
    const RiscvCsr *csr = csr_checked(riscv_cpu(cpu), raw);
    return csr ? riscv_csr_read(riscv_cpu(cpu), csr) : 0;
}

static uint64_t csr_write(CPU *cpu, uint64_t raw, uint64_t source, uint64_t unused)
{
    enum { RW = 1, RS = 2 };
    RiscvCpu *rc = riscv_cpu(cpu);
    const RiscvCsr *csr = csr_checked(rc, raw);
    if (!csr) {
        return 0;
    }
    uint64_t old = riscv_csr_read(rc, csr), base = csr->write == mip_write ? mip_to_modify(rc) : old;
    unsigned op = raw >> 12 & 3;
    riscv_csr_write(rc, csr, op == RW ? source : op == RS ? base | source : base & ~source);
    return old;
}

// csr_write where the block goes on: it is left if the rest of it was translated for another mode, or an interrupt is to be taken.
static uint64_t csr_modify(CPU *cpu, uint64_t raw, uint64_t source, uint64_t unused)
{
    uint32_t flags = riscv_block_flags(cpu);
    uint64_t old = csr_write(cpu, raw, source, 0);
    if (riscv_block_flags(cpu) != flags || riscv_interrupt_pending(cpu)) {
        cpu->attention = true;
    }
    return old;
}

// Interrupts were enabled inline.
static uint64_t enabled(CPU *cpu, uint64_t unused_a, uint64_t unused_b, uint64_t unused_c)
{
    if (riscv_interrupt_pending(cpu)) {
        cpu->attention = true;
    }
    return 0;
}

const IrHelper riscv_helper_csr_read = {"csr_read", csr_read, HELPER_READS_REGS | HELPER_RAISES | HELPER_NEEDS_NOW, 1, true};
const IrHelper riscv_helper_csr_write = {
    "csr_write", csr_write, HELPER_READS_REGS | HELPER_WRITES_REGS | HELPER_RAISES | HELPER_NEEDS_NOW, 2, true,
};
const IrHelper riscv_helper_csr_modify = {
    "csr_modify", csr_modify, HELPER_READS_REGS | HELPER_WRITES_REGS | HELPER_RAISES | HELPER_NEEDS_NOW, 2, true,
};
const IrHelper riscv_helper_enabled = {"enabled", enabled, HELPER_READS_REGS, 0, false};
