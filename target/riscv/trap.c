// SPDX-License-Identifier: GPL-2.0-or-later
// Exceptions, interrupts, trap returns, WFI, and the supervisor timer (P 3.1.6 to 3.1.9, 3.3, 4.1; Sstc).
#include "target/riscv/cpu.h"

// ---- pending interrupts ----

uint64_t riscv_mip(const RiscvCpu *rc)
{
    uint64_t soft = rc->s.mip_soft;
    if (rc->s.menvcfg & ENVCFG_STCE) {
        soft = (soft & ~(uint64_t)MIP_STIP) | (uint64_t)rc->s.stip << IRQ_STI;
    }
    return rc->s.mip_lines | soft;
}

// Those that would be taken now, of the mode that comes first.
static uint64_t deliverable(const RiscvCpu *rc)
{
    uint64_t pending = riscv_mip(rc) & rc->s.mie;
    uint64_t for_m = pending & ~rc->s.mideleg, for_s = pending & rc->s.mideleg;
    if (for_m && (rc->s.priv < PRIV_M || (rc->s.mstatus & MSTATUS_MIE))) {
        return for_m;
    }
    if (for_s && (rc->s.priv < PRIV_S || (rc->s.priv == PRIV_S && (rc->s.mstatus & MSTATUS_SIE)))) {
        return for_s;
    }
    return 0;
}

bool riscv_interrupt_pending(CPU *cpu) { return deliverable(riscv_cpu(cpu)); }

bool riscv_wakeup_pending(CPU *cpu)
{
    const RiscvCpu *rc = riscv_cpu(cpu);
    return riscv_mip(rc) & rc->s.mie;
}

// ---- trap entry ----

static uint64_t vector(const RiscvCpu *rc, uint64_t tvec, uint64_t cause, bool interrupt)
{
    return riscv_xlen(rc, (tvec & ~UINT64_C(3)) + (interrupt && (tvec & 3) == 1 ? 4 * cause : 0));
}

static void enter(RiscvCpu *rc, uint64_t cause, uint64_t value, bool interrupt)
{
    uint64_t delegated = interrupt ? rc->s.mideleg : rc->s.medeleg, status = rc->s.mstatus;
    uint64_t cause_register = cause | (interrupt ? UINT64_C(1) << (rc->rv32 ? 31 : 63) : 0), pc = rc->cpu.arch.pc;
    if (rc->s.priv <= PRIV_S && (delegated >> cause & 1)) {
        rc->s.sepc = pc;
        rc->s.scause = cause_register;
        rc->s.stval = value;
        rc->s.mstatus = (status & ~(MSTATUS_SPIE | MSTATUS_SIE | MSTATUS_SPP)) | (status & MSTATUS_SIE ? MSTATUS_SPIE : 0) |
                        (rc->s.priv == PRIV_S ? MSTATUS_SPP : 0);
        rc->s.priv = PRIV_S;
        rc->cpu.arch.pc = vector(rc, rc->s.stvec, cause, interrupt);
    } else {
        rc->s.mepc = pc;
        rc->s.mcause = cause_register;
        rc->s.mtval = value;
        rc->s.mstatus = (status & ~(MSTATUS_MPIE | MSTATUS_MIE | MSTATUS_MPP)) | (status & MSTATUS_MIE ? MSTATUS_MPIE : 0) |
                        (uint64_t)rc->s.priv << 11;
        rc->s.priv = PRIV_M;
        rc->cpu.arch.pc = vector(rc, rc->s.mtvec, cause, interrupt);
    }
}

void riscv_take_exception(CPU *cpu)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    uint32_t cause = cpu->exception - 1;
    cpu->exception = 0;
    rc->s.traps++;
    enter(rc, cause, cpu->exception_value, false);
}

void riscv_take_interrupt(CPU *cpu)
{
    static const uint8_t order[] = { IRQ_MEI, IRQ_MSI, IRQ_MTI, IRQ_SEI, IRQ_SSI, IRQ_STI }; // P 3.1.9
    RiscvCpu *rc = riscv_cpu(cpu);
    uint64_t pending = deliverable(rc);
    for (unsigned i = 0; i < sizeof(order); i++) {
        if (pending >> order[i] & 1) {
            cpu->arch.halted = 0;
            enter(rc, order[i], 0, true);
            return;
        }
    }
}

// ---- returns and waiting ----

static uint64_t mret(CPU *cpu, uint64_t raw, uint64_t unused_b, uint64_t unused_c)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    uint64_t status = rc->s.mstatus;
    rc->s.priv = status >> 11 & 3;
    status = (status & ~(MSTATUS_MIE | MSTATUS_MPP)) | (status & MSTATUS_MPIE ? MSTATUS_MIE : 0) | MSTATUS_MPIE;
    rc->s.mstatus = rc->s.priv == PRIV_M ? status : status & ~MSTATUS_MPRV;
    return rc->s.mepc;
}

static uint64_t sret(CPU *cpu, uint64_t raw, uint64_t unused_b, uint64_t unused_c)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    uint64_t status = rc->s.mstatus;
    if (rc->s.priv == PRIV_S && (status & MSTATUS_TSR)) {
        cpu_raise(cpu, CAUSE_ILLEGAL, raw);
        return 0;
    }
    rc->s.priv = status & MSTATUS_SPP ? PRIV_S : PRIV_U;
    rc->s.mstatus = (status & ~(MSTATUS_SIE | MSTATUS_SPP | MSTATUS_MPRV)) | (status & MSTATUS_SPIE ? MSTATUS_SIE : 0) | MSTATUS_SPIE;
    return rc->s.sepc;
}

// Software waits until another hart did something: that one's turn comes sooner.
static void yield(CPU *cpu)
{
    if (cpu->has_peers) {
        cpu->yield = cpu->attention = true;
    }
}

static uint64_t wfi(CPU *cpu, uint64_t raw, uint64_t unused_b, uint64_t unused_c)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    if (rc->s.priv == PRIV_S && (rc->s.mstatus & MSTATUS_TW)) {
        cpu_raise(cpu, CAUSE_ILLEGAL, raw);
    } else {
        cpu->arch.halted = !riscv_wakeup_pending(cpu);
        yield(cpu); // firmware waits in loops around a WFI that something else keeps from halting
    }
    return 0;
}

static uint64_t fence_vma(CPU *cpu, uint64_t raw, uint64_t unused_b, uint64_t unused_c)
{
    if (riscv_cpu(cpu)->s.mstatus & MSTATUS_TVM) { // called in S-mode only
        cpu_raise(cpu, CAUSE_ILLEGAL, raw);
    }
    return 0;
}

static uint64_t pause_hart(CPU *cpu, uint64_t unused_a, uint64_t unused_b, uint64_t unused_c)
{
    yield(cpu);
    return 0;
}

enum { RETURNS = HELPER_READS_REGS | HELPER_WRITES_REGS | HELPER_RAISES };
const IrHelper riscv_helper_mret = {"mret", mret, RETURNS, 1, true};
const IrHelper riscv_helper_sret = {"sret", sret, RETURNS, 1, true};
const IrHelper riscv_helper_wfi = {"wfi", wfi, RETURNS, 1, false};
const IrHelper riscv_helper_pause = {"pause", pause_hart, 0, 0, false};
const IrHelper riscv_helper_fence_vma = {"fence_vma", fence_vma, HELPER_READS_REGS | HELPER_RAISES, 1, false};

// ---- time ----

uint64_t riscv_time(const RiscvCpu *rc)
{
    return rc->clock.ticks ? rc->clock.ticks(rc->clock.ctx) : (uint64_t)clock_now(&rc->dev) / RISCV_TIMEBASE_NS;
}

static int64_t time_deadline_ns(const RiscvCpu *rc, uint64_t ticks)
{
    if (rc->clock.ticks) {
        return rc->clock.deadline_ns(rc->clock.ctx, ticks);
    }
    return ticks > INT64_MAX / RISCV_TIMEBASE_NS ? INT64_MAX : (int64_t)ticks * RISCV_TIMEBASE_NS;
}

// STIP is the level time >= stimecmp. It changes when time reaches stimecmp, and falls when time wraps.
void riscv_stimer_update(RiscvCpu *rc)
{
    int64_t deadline_ns = INT64_MAX;
    rc->s.stip = 0;
    if (rc->s.menvcfg & ENVCFG_STCE) {
        rc->s.stip = riscv_time(rc) >= rc->s.stimecmp;
        deadline_ns = time_deadline_ns(rc, rc->s.stip ? UINT64_MAX : rc->s.stimecmp);
        if (rc->s.stip && deadline_ns != INT64_MAX) { // the last tick before the wrap
            deadline_ns += RISCV_TIMEBASE_NS - deadline_ns % RISCV_TIMEBASE_NS;
        }
    }
    if (deadline_ns == INT64_MAX) {
        timer_cancel(&rc->dev, &rc->s.stimer);
    } else {
        timer_arm(&rc->dev, &rc->s.stimer, deadline_ns);
    }
    rc->cpu.attention = true;
}
