// SPDX-License-Identifier: GPL-2.0-or-later
// Control and status registers: what reading and writing the rows of csr.def does (P chapters 2, 3.1, 4.1; U 9, 10, 11.2; Sstc).
//
// cycle counts attempted instructions of the whole machine, instret those of them that raised no exception; both read as of before the
// reading instruction. With several harts both count all harts' instructions. misa can't be written.
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
    return rc->s.mstatus | ((rc->s.mstatus & MSTATUS_FS) == MSTATUS_FS ? MSTATUS_SD : 0);
}

static const uint64_t sstatus_mask = MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM | MSTATUS_MXR;

uint64_t riscv_status_mask(bool supervisor)
{
    return supervisor ? sstatus_mask
                      : sstatus_mask | MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_MPRV | MSTATUS_TVM | MSTATUS_TW | MSTATUS_TSR;
}

static void mstatus_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    uint64_t mask = riscv_status_mask(false);
    if ((value >> 11 & 3) == 2) { // there is no such mode
        mask &= ~MSTATUS_MPP;
    }
    rc->s.mstatus = replace(rc->s.mstatus, value, mask);
}

static uint64_t sstatus_read(RiscvCpu *rc, const RiscvCsr *csr)
{
    return mstatus_read(rc, csr) & (sstatus_mask | MSTATUS_UXL | MSTATUS_SD);
}

static void sstatus_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    rc->s.mstatus = replace(rc->s.mstatus, value, sstatus_mask);
}

static uint64_t misa_read(RiscvCpu *rc, const RiscvCsr *csr)
{
    uint64_t misa = UINT64_C(2) << 62;
    for (const char *letter = "ACDFIMSU"; *letter; letter++) {
        misa |= UINT64_C(1) << (*letter - 'A');
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

static const uint64_t envcfg_mask = ENVCFG_FIOM | ENVCFG_CBIE | ENVCFG_CBCFE | ENVCFG_CBZE;

static uint64_t envcfg_legal(const RiscvCpu *rc, uint64_t value)
{
    uint64_t mask = ENVCFG_FIOM | (rc->zicbom ? ENVCFG_CBIE | ENVCFG_CBCFE : 0) | (rc->zicboz ? ENVCFG_CBZE : 0);
    if ((value & ENVCFG_CBIE) == (UINT64_C(2) << 4)) { // reserved
        mask &= ~ENVCFG_CBIE;
    }
    return value & mask & envcfg_mask;
}

static void senvcfg_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value) { rc->s.senvcfg = envcfg_legal(rc, value); }
static uint64_t menvcfg_read(RiscvCpu *rc, const RiscvCsr *csr) { return rc->s.menvcfg; }

static void menvcfg_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    rc->s.menvcfg = envcfg_legal(rc, value) | (rc->sstc ? value & ENVCFG_STCE : 0);
    riscv_stimer_update(rc);
}

static bool satp_allowed(RiscvCpu *rc, const RiscvCsr *csr)
{
    return rc->s.priv != PRIV_S || !(rc->s.mstatus & MSTATUS_TVM);
}

// A mode that isn't there leaves the whole register as it was (P 4.1.11). All 16 bits of ASID are kept.
static void satp_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    uint64_t mode = value >> SATP_MODE_SHIFT;
    if (value != rc->s.satp && (mode == SATP_BARE || mode == SATP_SV39 || (mode == SATP_SV48 && rc->sv48))) {
        rc->s.satp = value;
        rc->cpu.ops->tlb_flush(&rc->cpu);
    }
}

static uint64_t pmpcfg_read(RiscvCpu *rc, const RiscvCsr *csr) { return pmp_cfg_read(rc, csr->number & 15); }
static void pmpcfg_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value) { pmp_cfg_write(rc, csr->number & 15, value); }
static void pmpaddr_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value) { pmp_addr_write(rc, csr->number & 15, value); }

// ---- counters ----

static bool counter_allowed(RiscvCpu *rc, const RiscvCsr *csr)
{
    uint64_t bit = UINT64_C(1) << (csr->number & 31);
    return rc->s.priv == PRIV_M || ((rc->s.mcounteren & bit) && (rc->s.priv == PRIV_S || (rc->s.scounteren & bit)));
}

static uint64_t cycles(const RiscvCpu *rc) { return machine_icount(rc->cpu.machine); }
static uint64_t retired(const RiscvCpu *rc) { return cycles(rc) - (planted(PLANT_WRONG_MINSTRET) ? 0 : rc->s.traps); }

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

// ---- the table ----

#define NONE cpu.arch // slot 0
static const RiscvCsr csrs[] = {
#define CSR(name, number, member, mask, read, write, allowed) { #name, number, RISCV_SLOT(member), mask, read, write, allowed },
#include "target/riscv/csr.def"
#undef CSR
};

static const RiscvCsr hpm_machine = {.name = "mhpm", .number = 0xb03};
static const RiscvCsr hpm_user = {.name = "hpm", .number = 0xc03, .allowed = counter_allowed}; // no bit of mcounteren for it: M only

const RiscvCsr *riscv_csr_find(unsigned number)
{
    if ((number >= 0xb03 && number <= 0xb1f) || (number >= 0x323 && number <= 0x33f)) {
        return &hpm_machine;
    }
    if (number >= 0xc03 && number <= 0xc1f) {
        return &hpm_user;
    }
    size_t low = 0, high = sizeof(csrs) / sizeof(*csrs);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (csrs[middle].number == number) {
            return &csrs[middle];
        }
        if (csrs[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

uint64_t riscv_csr_read(RiscvCpu *rc, const RiscvCsr *csr)
{
    if (csr->read) {
        return csr->read(rc, csr);
    }
    return csr->slot ? *(uint64_t *)cpu_slot(&rc->cpu, csr->slot) : 0;
}

void riscv_csr_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value)
{
    if (csr->write) {
        csr->write(rc, csr, value);
    } else if (csr->slot) {
        *(uint64_t *)cpu_slot(&rc->cpu, csr->slot) = value & csr->mask;
    }
}

// ---- the instructions ----

// Privilege and read-only registers were checked by the translator.
static const RiscvCsr *csr_checked(RiscvCpu *rc, uint64_t raw)
{
    const RiscvCsr *csr = riscv_csr_find((unsigned)(raw >> 20));
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
