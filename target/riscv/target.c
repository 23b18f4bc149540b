// SPDX-License-Identifier: GPL-2.0-or-later
// The RISC-V target: the CPU device with its field table, the register table, and the Target that ties the folder together.
//
// CPU model rv64; properties switch single extensions. Inputs of the device are numbered as the bits of mip.
#include <assert.h>
#include <glib.h>

#include "target/riscv/cpu.h"

// ---- registers ----

#define F_CPU "org.gnu.gdb.riscv.cpu"
#define F_FPU "org.gnu.gdb.riscv.fpu"
#define F_CSR "org.gnu.gdb.riscv.csr"
#define F_VIRTUAL "org.gnu.gdb.riscv.virtual"
enum { GDB_PC = 32, GDB_F0 = 33, GDB_CSR0 = 65, GDB_PRIV = GDB_CSR0 + 4096, BY_NUMBER = ~0u };

#define X(name, type, n) { name, F_CPU, type, RISCV_SLOT(s.x[n]), 64, n }
#define F(name, n) { name, F_FPU, "ieee_double", RISCV_SLOT(s.f[n]), 64, GDB_F0 + (n) }

static const RegDesc regs[] = {
    X("zero", "int", 0), X("ra", "code_ptr", 1), X("sp", "data_ptr", 2), X("gp", "data_ptr", 3), X("tp", "data_ptr", 4),
    X("t0", "int", 5), X("t1", "int", 6), X("t2", "int", 7), X("fp", "data_ptr", 8), X("s1", "int", 9), X("a0", "int", 10),
    X("a1", "int", 11), X("a2", "int", 12), X("a3", "int", 13), X("a4", "int", 14), X("a5", "int", 15), X("a6", "int", 16),
    X("a7", "int", 17), X("s2", "int", 18), X("s3", "int", 19), X("s4", "int", 20), X("s5", "int", 21), X("s6", "int", 22),
    X("s7", "int", 23), X("s8", "int", 24), X("s9", "int", 25), X("s10", "int", 26), X("s11", "int", 27), X("t3", "int", 28),
    X("t4", "int", 29), X("t5", "int", 30), X("t6", "int", 31),
    { "pc", F_CPU, "code_ptr", RISCV_SLOT(cpu.arch.pc), 64, GDB_PC },
    F("ft0", 0), F("ft1", 1), F("ft2", 2), F("ft3", 3), F("ft4", 4), F("ft5", 5), F("ft6", 6), F("ft7", 7), F("fs0", 8), F("fs1", 9),
    F("fa0", 10), F("fa1", 11), F("fa2", 12), F("fa3", 13), F("fa4", 14), F("fa5", 15), F("fa6", 16), F("fa7", 17),
    F("fs2", 18), F("fs3", 19), F("fs4", 20), F("fs5", 21), F("fs6", 22), F("fs7", 23), F("fs8", 24), F("fs9", 25),
    F("fs10", 26), F("fs11", 27), F("ft8", 28), F("ft9", 29), F("ft10", 30), F("ft11", 31),
    { "priv", F_VIRTUAL, "int", BY_NUMBER, 64, GDB_PRIV },
#define CSR(name, number, ...) { #name, (number) < 4 ? F_FPU : F_CSR, "int", BY_NUMBER, (number) < 4 ? 32 : 64, GDB_CSR0 + (number) },
#include "target/riscv/csr.def"
#undef CSR
};

static uint64_t reg_read(CPU *cpu, unsigned number)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    if (number == GDB_PRIV) {
        return rc->s.priv;
    }
    const RiscvCsr *csr = number >= GDB_CSR0 ? riscv_csr_find(number - GDB_CSR0) : NULL;
    return csr ? riscv_csr_read(rc, csr) : 0;
}

static void reg_write(CPU *cpu, unsigned number, uint64_t value)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    const RiscvCsr *csr = number >= GDB_CSR0 && number < GDB_PRIV ? riscv_csr_find(number - GDB_CSR0) : NULL;
    if (number == GDB_PRIV && value <= PRIV_M && value != 2) {
        rc->s.priv = (uint8_t)value;
    } else if (csr) {
        riscv_csr_write(rc, csr, value);
    }
}

// ---- names for the IR; heat: what T1 pins ----

#define SX(name, n, heat) { name, RISCV_SLOT(s.x[n]), IR_I64, heat }
#define SF(name, n, heat) { name, RISCV_SLOT(s.f[n]), IR_F64, heat }
#define SC(name) { #name, RISCV_SLOT(s.name), IR_I64, 0 }

static const IrSlot slots[] = {
    SX("zero", 0, 0), SX("ra", 1, 10), SX("sp", 2, 4), SX("gp", 3, 0), SX("tp", 4, 23), SX("t0", 5, 24), SX("t1", 6, 18),
    SX("t2", 7, 25), SX("s0", 8, 5), SX("s1", 9, 9), SX("a0", 10, 2), SX("a1", 11, 8), SX("a2", 12, 7), SX("a3", 13, 6),
    SX("a4", 14, 3), SX("a5", 15, 1), SX("a6", 16, 11), SX("a7", 17, 13), SX("s2", 18, 12), SX("s3", 19, 14), SX("s4", 20, 15),
    SX("s5", 21, 19), SX("s6", 22, 20), SX("s7", 23, 21), SX("s8", 24, 22), SX("s9", 25, 26), SX("s10", 26, 27), SX("s11", 27, 28),
    SX("t3", 28, 16), SX("t4", 29, 17), SX("t5", 30, 29), SX("t6", 31, 30),
    SF("ft0", 0, 7), SF("ft1", 1, 8), SF("ft2", 2, 9), SF("ft3", 3, 12), SF("ft4", 4, 15), SF("ft5", 5, 16), SF("ft6", 6, 17),
    SF("ft7", 7, 18), SF("fs0", 8, 11), SF("fs1", 9, 14), SF("fa0", 10, 3), SF("fa1", 11, 6), SF("fa2", 12, 5), SF("fa3", 13, 4),
    SF("fa4", 14, 2), SF("fa5", 15, 1), SF("fa6", 16, 10), SF("fa7", 17, 13), SF("fs2", 18, 19), SF("fs3", 19, 20),
    SF("fs4", 20, 21), SF("fs5", 21, 22), SF("fs6", 22, 23), SF("fs7", 23, 24), SF("fs8", 24, 25), SF("fs9", 25, 26),
    SF("fs10", 26, 27), SF("fs11", 27, 28), SF("ft8", 28, 29), SF("ft9", 29, 30), SF("ft10", 30, 31), SF("ft11", 31, 32),
    SC(mstatus), SC(medeleg), SC(mcounteren), SC(mscratch), SC(mepc), SC(mcause), SC(mtval), SC(scounteren), SC(sscratch), SC(sepc),
    SC(scause), SC(stval),
};

static const IrHelper *const helpers[] = {
    &riscv_helper_csr_read, &riscv_helper_csr_write, &riscv_helper_csr_modify, &riscv_helper_enabled, &riscv_helper_mret, &riscv_helper_sret, &riscv_helper_wfi,
    &riscv_helper_fence_vma, &riscv_helper_lr, &riscv_helper_sc, &riscv_helper_cbo, &riscv_helper_cbo_zero, NULL,
};

// ---- the device ----

#define STATE_FIELD(member) { #member, RISCV_SLOT(member), FIELD_SIZE(RiscvCpu, member), FIELD_SIZE(RiscvCpu, member), FIELD_KIND_DATA }
#define STATE_ARRAY(member) \
    { #member, RISCV_SLOT(member), FIELD_SIZE(RiscvCpu, member), FIELD_SIZE(RiscvCpu, member[0]), FIELD_KIND_DATA }

static const Field fields[] = {
    STATE_FIELD(cpu.arch.pc), STATE_FIELD(cpu.arch.fp), STATE_FIELD(cpu.arch.halted), STATE_FIELD(cpu.arch.reserved),
    STATE_ARRAY(cpu.arch.pad), STATE_FIELD(cpu.arch.reserve_gpa),
    STATE_ARRAY(s.x), STATE_ARRAY(s.f), STATE_FIELD(s.mstatus), STATE_FIELD(s.mie), STATE_FIELD(s.mip_lines), STATE_FIELD(s.mip_soft),
    STATE_FIELD(s.medeleg), STATE_FIELD(s.mideleg), STATE_FIELD(s.mtvec), STATE_FIELD(s.mcounteren), STATE_FIELD(s.menvcfg),
    STATE_FIELD(s.mcountinhibit), STATE_FIELD(s.mscratch), STATE_FIELD(s.mepc), STATE_FIELD(s.mcause), STATE_FIELD(s.mtval),
    STATE_FIELD(s.stvec), STATE_FIELD(s.scounteren), STATE_FIELD(s.senvcfg), STATE_FIELD(s.sscratch), STATE_FIELD(s.sepc),
    STATE_FIELD(s.scause), STATE_FIELD(s.stval), STATE_FIELD(s.satp), STATE_FIELD(s.stimecmp), STATE_FIELD(s.mcycle),
    STATE_FIELD(s.minstret), STATE_FIELD(s.traps), STATE_ARRAY(s.pmpaddr), STATE_ARRAY(s.pmpcfg),
    { "s.stimer", RISCV_SLOT(s.stimer), sizeof(Timer), sizeof(Timer), FIELD_KIND_TIMER },
    STATE_FIELD(s.stip), STATE_FIELD(s.priv), STATE_ARRAY(s.pad),
};

#define EXTENSION(member, desc, def) { #member, desc, PROP_BOOL, offsetof(RiscvCpu, member), def }

static const Prop props[] = {
    { "resetvec", "address of the first instruction", PROP_U64, offsetof(RiscvCpu, resetvec), "0x1000" },
    { "hartid", "what mhartid reads", PROP_U32, offsetof(RiscvCpu, hartid), "0" },
    EXTENSION(zba, "address generation", "on"),
    EXTENSION(zbb, "basic bit manipulation", "on"),
    EXTENSION(zbc, "carry-less multiplication", "on"),
    EXTENSION(zbs, "single-bit instructions", "on"),
    EXTENSION(sstc, "supervisor timer compare", "on"),
    EXTENSION(svinval, "fine-grained translation fences", "off"),
    EXTENSION(zicbom, "cache block management", "off"),
    EXTENSION(zicboz, "cache block zero", "off"),
    EXTENSION(sv48, "48-bit virtual addresses", "on"),
};

typedef struct Extension {
    size_t member;       // of RiscvCpu
    uint64_t feature;
    const char *text;
} Extension;

// In the order of the ISA string.
static const Extension extensions[] = {
    { offsetof(RiscvCpu, zicbom), RISCV_EXT_ZICBOM, "_zicbom" }, { offsetof(RiscvCpu, zicboz), RISCV_EXT_ZICBOZ, "_zicboz" },
    { 0, RISCV_EXT_ZICSR, "_zicsr" }, { 0, RISCV_EXT_ZIFENCEI, "_zifencei" }, { 0, RISCV_EXT_ZIHINTPAUSE, "_zihintpause" },
    { offsetof(RiscvCpu, zba), RISCV_EXT_ZBA, "_zba" }, { offsetof(RiscvCpu, zbb), RISCV_EXT_ZBB, "_zbb" },
    { offsetof(RiscvCpu, zbc), RISCV_EXT_ZBC, "_zbc" }, { offsetof(RiscvCpu, zbs), RISCV_EXT_ZBS, "_zbs" },
    { offsetof(RiscvCpu, sstc), RISCV_EXT_SSTC, "_sstc" }, { offsetof(RiscvCpu, svinval), RISCV_EXT_SVINVAL, "_svinval" },
};

extern const Target target_riscv64;

static bool cpu_realize(Device *dev, Error *err)
{
    RiscvCpu *rc = (RiscvCpu *)dev;
    rc->features = RISCV_EXT_RV64 | RISCV_EXT_I | RISCV_EXT_M | RISCV_EXT_A | RISCV_EXT_F | RISCV_EXT_D | RISCV_EXT_C | RISCV_EXT_S;
    g_strlcpy(rc->isa, "rv64imafdc", sizeof(rc->isa));
    for (unsigned i = 0; i < sizeof(extensions) / sizeof(*extensions); i++) {
        const Extension *e = &extensions[i];
        if (!e->member || *(const bool *)((const uint8_t *)rc + e->member)) {
            rc->features |= e->feature;
            g_strlcat(rc->isa, e->text, sizeof(rc->isa));
        }
    }
    rc->cpu.dev = dev;
    rc->cpu.target = &target_riscv64;
    rc->cpu.machine = dev->machine;
    rc->cpu.index = rc->hartid;
    for (unsigned access = 0; access < ACCESS_COUNT; access++) {
        for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
            tlb_clear(&rc->cpu.tlb[access][mmu]);
        }
    }
    return true;
}

static void cpu_reset(Device *dev)
{
    RiscvCpu *rc = (RiscvCpu *)dev;
    rc->cpu.arch.pc = rc->resetvec & ~UINT64_C(1);
    rc->s.priv = PRIV_M;
    rc->s.mstatus = MSTATUS_XLEN64;
}

static void cpu_loaded(Device *dev)
{
    RiscvCpu *rc = (RiscvCpu *)dev;
    rc->cpu.exception = 0;
    pmp_decode(rc);
    if (rc->cpu.exec) {
        rc->cpu.ops->tlb_flush(&rc->cpu);
    }
}

static void cpu_expired(Device *dev, Timer *timer)
{
    riscv_stimer_update((RiscvCpu *)dev);
}

static void cpu_irq_in(Device *dev, unsigned input, bool level)
{
    RiscvCpu *rc = (RiscvCpu *)dev;
    uint64_t bit = UINT64_C(1) << input;
    assert(bit & (MIP_MSIP | MIP_MTIP | MIP_SEIP | MIP_MEIP));
    rc->s.mip_lines = level ? rc->s.mip_lines | bit : rc->s.mip_lines & ~bit;
    rc->cpu.attention = true;
}

static const DeviceType device_riscv_cpu = {
    .name = "rv64-riscv-cpu",
    .desc = "RISC-V hart, RV64GC",
    .instance_size = sizeof(RiscvCpu),
    .state_offset = offsetof(RiscvCpu, cpu.arch),
    .state_size = sizeof(CpuArch) + sizeof(struct RiscvState),
    LIST(fields), LIST(props),
    .realize = cpu_realize, .reset = cpu_reset, .loaded = cpu_loaded, .expired = cpu_expired, .irq_in = cpu_irq_in,
};

// ---- the target ----

static int disas(char *buf, size_t size, const uint8_t *bytes, size_t len, uint64_t pc)
{
    uint32_t bits = 0;
    memcpy(&bits, bytes, MIN(len, sizeof(bits)));
    if (len < 2 || len < riscv_insn_length(bits)) {
        return 0;
    }
    riscv_disas(buf, size, bits, pc, ~(uint64_t)RISCV_EXT_RV32);
    return (int)riscv_insn_length(bits);
}

static const char *isa_string(CPU *cpu) { return riscv_cpu(cpu)->isa; }
static const char *mmu_string(CPU *cpu) { return riscv_cpu(cpu)->sv48 ? "riscv,sv48" : "riscv,sv39"; }
static void set_clock(Device *dev, const MachineClock *clock) { ((RiscvCpu *)dev)->clock = *clock; }
static void clock_changed(Device *dev) { riscv_stimer_update((RiscvCpu *)dev); }

const Target target_riscv64 = {
    .name = "riscv64",
    .cpu_type = &device_riscv_cpu,
    .cpu_offset = offsetof(RiscvCpu, cpu),
    .word_bits = 64,
    LIST(regs),
    .names = { LIST(slots), helpers },
    .translate = riscv_translate,
    .block_flags = riscv_block_flags,
    .fetch_mmu = riscv_fetch_mmu,
    .walk = riscv_walk,
    .access_fault = riscv_access_fault,
    .align_fault = riscv_align_fault,
    .interrupt_pending = riscv_interrupt_pending,
    .wakeup_pending = riscv_wakeup_pending,
    .take_interrupt = riscv_take_interrupt,
    .take_exception = riscv_take_exception,
    .disas = disas,
    .reg_read = reg_read,
    .reg_write = reg_write,
    .isa_string = isa_string,
    .mmu_string = mmu_string,
    .set_clock = set_clock,
    .clock_changed = clock_changed,
};
