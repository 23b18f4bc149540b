// SPDX-License-Identifier: GPL-2.0-or-later
// The RISC-V target: the CPU device with its field table, the register table, and the Target that ties the folder together.
//
// CPU models rv64 and rv32, a target each; properties switch single extensions. Inputs of the device are numbered as the bits of mip.
#include <assert.h>
#include <glib.h>

#include "target/riscv/cpu.h"

// ---- registers ----

#define F_CPU "org.gnu.gdb.riscv.cpu"
#define F_FPU "org.gnu.gdb.riscv.fpu"
#define F_CSR "org.gnu.gdb.riscv.csr"
#define F_VIRTUAL "org.gnu.gdb.riscv.virtual"
enum { GDB_PC = 32, GDB_F0 = 33, GDB_CSR0 = 65, GDB_PRIV = GDB_CSR0 + 4096, BY_NUMBER = ~0u };

#define PC(name) { name, F_CPU, "code_ptr", RISCV_SLOT(cpu.arch.pc), XLEN, GDB_PC },
#define X(name, type, n) { name, F_CPU, type, RISCV_SLOT(s.x[n]), XLEN, n },
#define F(name, n) { name, F_FPU, "ieee_double", RISCV_SLOT(s.f[n]), 64, GDB_F0 + (n) },
#define CSR(name, number, ...) { #name, (number) < 4 ? F_FPU : F_CSR, "int", BY_NUMBER, (number) < 4 ? 32 : XLEN, GDB_CSR0 + (number) },
#define PRIV { "priv", F_VIRTUAL, "int", BY_NUMBER, XLEN, GDB_PRIV },

#define XLEN 64
#define CSR32(...)
static const RegDesc regs64[] = {
#include "target/riscv/regs.def"
    PRIV
#include "target/riscv/csr.def"
};
#undef XLEN
#undef CSR32

#define XLEN 32
#define CSR32 CSR
static const RegDesc regs32[] = {
#include "target/riscv/regs.def"
    PRIV
#include "target/riscv/csr.def"
};
#undef XLEN
#undef CSR
#undef CSR32

static uint64_t reg_read(CPU *cpu, unsigned number)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    if (number == GDB_PRIV) {
        return rc->s.priv;
    }
    const RiscvCsr *csr = number >= GDB_CSR0 ? riscv_csr_find(number - GDB_CSR0, rc->rv32) : NULL;
    return csr ? riscv_csr_read(rc, csr) : 0;
}

static void reg_write(CPU *cpu, unsigned number, uint64_t value)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    const RiscvCsr *csr = number >= GDB_CSR0 && number < GDB_PRIV ? riscv_csr_find(number - GDB_CSR0, rc->rv32) : NULL;
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
    &riscv_helper_fence_vma, &riscv_helper_pause, &riscv_helper_lr, &riscv_helper_sc, &riscv_helper_cbo, &riscv_helper_cbo_zero, NULL,
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

#define COMMON_PROPS \
    { "resetvec", "address of the first instruction", PROP_U64, offsetof(RiscvCpu, resetvec), "0x1000" }, \
    { "hartid", "what mhartid reads; 4294967295: the number of the CPU", PROP_U32, offsetof(RiscvCpu, hartid), "4294967295" }, \
    EXTENSION(m, "multiplication and division", "on"), EXTENSION(a, "atomic instructions", "on"), \
    EXTENSION(f, "single precision", "on"), EXTENSION(d, "double precision (needs f)", "on"), \
    EXTENSION(h, "hypervisor: not there yet", "off"), EXTENSION(v, "vectors: not there yet", "off"), \
    EXTENSION(zicntr, "cycle, time, instret", "on"), EXTENSION(zihpm, "hpmcounter3 to 31 (which read as 0)", "on"), \
    EXTENSION(zifencei, "fence.i", "on"), EXTENSION(zihintpause, "pause", "on"), \
    EXTENSION(zicbom, "cache block management", "off"), EXTENSION(zicboz, "cache block zero", "off"), \
    EXTENSION(zba, "address generation", "on"), EXTENSION(zbb, "basic bit manipulation", "on"), \
    EXTENSION(zbc, "carry-less multiplication", "on"), EXTENSION(zbs, "single-bit instructions", "on"), \
    EXTENSION(sstc, "supervisor timer compare", "on"), \
    EXTENSION(svade, "page fault where an accessed or dirty bit has to be set", "off"), \
    EXTENSION(svadu, "hardware sets them, while menvcfg.ADUE is 1", "on"), \
    EXTENSION(svinval, "fine-grained translation fences", "off"), \
    EXTENSION(mmu, "address translation", "on"), \
    { "pmp", "physical memory protection", PROP_BOOL, offsetof(RiscvCpu, has_pmp), "on" }

static const Prop props64[] = {
    COMMON_PROPS,
    EXTENSION(svnapot, "64 KiB pages by NAPOT entries", "off"),
    EXTENSION(svpbmt, "memory types in page-table entries", "off"),
    EXTENSION(sv39, "39-bit virtual addresses; without it none", "on"),
    EXTENSION(sv48, "48-bit virtual addresses", "on"),
    EXTENSION(sv57, "57-bit virtual addresses", "on"),
};

static const Prop props32[] = {
    COMMON_PROPS,
    EXTENSION(sv32, "32-bit virtual addresses; without it none", "on"),
};

typedef struct Extension {
    size_t member;       // of RiscvCpu; 0: always there
    uint64_t feature;    // 0: it adds no instructions
    const char *name;
} Extension;

// In the order of the ISA string: single letters first.
static const Extension extensions[] = {
    { 0, RISCV_EXT_I, "i" }, { offsetof(RiscvCpu, m), RISCV_EXT_M, "m" }, { offsetof(RiscvCpu, a), RISCV_EXT_A, "a" },
    { offsetof(RiscvCpu, f), RISCV_EXT_F, "f" }, { offsetof(RiscvCpu, d), RISCV_EXT_D, "d" }, { 0, RISCV_EXT_C, "c" },
    { offsetof(RiscvCpu, zicbom), RISCV_EXT_ZICBOM, "zicbom" }, { offsetof(RiscvCpu, zicboz), RISCV_EXT_ZICBOZ, "zicboz" },
    { offsetof(RiscvCpu, zicntr), 0, "zicntr" }, { 0, RISCV_EXT_ZICSR, "zicsr" },
    { offsetof(RiscvCpu, zifencei), RISCV_EXT_ZIFENCEI, "zifencei" },
    { offsetof(RiscvCpu, zihintpause), RISCV_EXT_ZIHINTPAUSE, "zihintpause" }, { offsetof(RiscvCpu, zihpm), 0, "zihpm" },
    { offsetof(RiscvCpu, zba), RISCV_EXT_ZBA, "zba" }, { offsetof(RiscvCpu, zbb), RISCV_EXT_ZBB, "zbb" },
    { offsetof(RiscvCpu, zbc), RISCV_EXT_ZBC, "zbc" }, { offsetof(RiscvCpu, zbs), RISCV_EXT_ZBS, "zbs" },
    { offsetof(RiscvCpu, sstc), RISCV_EXT_SSTC, "sstc" }, { offsetof(RiscvCpu, svade), 0, "svade" },
    { offsetof(RiscvCpu, svadu), 0, "svadu" }, { offsetof(RiscvCpu, svinval), RISCV_EXT_SVINVAL, "svinval" },
    { offsetof(RiscvCpu, svnapot), 0, "svnapot" }, { offsetof(RiscvCpu, svpbmt), 0, "svpbmt" },
};

extern const Target target_riscv32, target_riscv64;
static const DeviceType device_riscv32_cpu;

// What can't be had, and what includes what.
static bool settle(RiscvCpu *rc, Error *err)
{
    if (rc->h || rc->v) {
        return fail(err, "%s: extension '%c' isn't implemented", rc->dev.type->name, rc->h ? 'h' : 'v');
    }
    if (rc->d && !rc->f) {
        return fail(err, "%s: extension 'd' needs 'f'", rc->dev.type->name);
    }
    rc->sv32 &= rc->mmu;
    rc->sv39 &= rc->mmu;
    rc->sv48 &= rc->sv39;
    rc->sv57 &= rc->sv48;
    return true;
}

static void make_names(RiscvCpu *rc)
{
    char *list = rc->fdt.extensions;
    g_snprintf(rc->isa, sizeof(rc->isa), "rv%d", rc->rv32 ? 32 : 64);
    g_snprintf(rc->fdt.base, sizeof(rc->fdt.base), "rv%di", rc->rv32 ? 32 : 64);
    for (unsigned i = 0; i < sizeof(extensions) / sizeof(*extensions); i++) {
        const Extension *e = &extensions[i];
        if (!e->member || *(const bool *)((const uint8_t *)rc + e->member)) {
            rc->features |= e->feature;
            g_strlcat(rc->isa, strlen(e->name) > 1 ? "_" : "", sizeof(rc->isa));
            g_strlcat(rc->isa, e->name, sizeof(rc->isa));
            list += g_strlcpy(list, e->name, sizeof(rc->fdt.extensions) - (size_t)(list - rc->fdt.extensions)) + 1;
        }
    }
    FdtProp *prop = rc->fdt.props;
    *prop++ = (FdtProp){ "riscv,isa-base", rc->fdt.base, strlen(rc->fdt.base) + 1 };
    *prop++ = (FdtProp){ "riscv,isa-extensions", rc->fdt.extensions, (size_t)(list - rc->fdt.extensions) };
    rc->fdt.cbo_bytes_be = GUINT32_TO_BE(CBO_BYTES);
    if (rc->zicbom) {
        *prop++ = (FdtProp){ "riscv,cbom-block-size", &rc->fdt.cbo_bytes_be, 4 };
    }
    if (rc->zicboz) {
        *prop++ = (FdtProp){ "riscv,cboz-block-size", &rc->fdt.cbo_bytes_be, 4 };
    }
}

static bool cpu_realize(Device *dev, Error *err)
{
    RiscvCpu *rc = (RiscvCpu *)dev;
    rc->rv32 = dev->type == &device_riscv32_cpu;
    rc->features = (rc->rv32 ? RISCV_EXT_RV32 : RISCV_EXT_RV64) | RISCV_EXT_S;
    if (!settle(rc, err)) {
        return false;
    }
    make_names(rc);
    rc->cpu.dev = dev;
    rc->cpu.target = rc->rv32 ? &target_riscv32 : &target_riscv64;
    rc->cpu.machine = dev->machine;
    rc->hartid = rc->hartid == UINT32_MAX ? rc->cpu.index : rc->hartid;
    for (unsigned access = 0; access < ACCESS_COUNT; access++) {
        for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
            tlb_clear(&rc->cpu.tlb[access][mmu]);
        }
    }
    return true;
}

// Where a bit of menvcfg turns on what the model has, firmware needn't know of it. A model with Svade and Svadu begins with Svade (as the
// device tree binding says).
static void cpu_reset(Device *dev)
{
    RiscvCpu *rc = (RiscvCpu *)dev;
    rc->cpu.arch.pc = riscv_xlen(rc, rc->resetvec & ~UINT64_C(1));
    rc->s.priv = PRIV_M;
    rc->s.mstatus = rc->rv32 ? 0 : MSTATUS_XLEN64;
    rc->s.menvcfg = (rc->svadu && !rc->svade ? ENVCFG_ADUE : 0) | (rc->svpbmt ? ENVCFG_PBMTE : 0);
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

#define CPU_TYPE(bits) \
    .name = "rv" #bits "-riscv-cpu", .desc = "RISC-V hart, RV" #bits "GC", .instance_size = sizeof(RiscvCpu), \
    .state_offset = offsetof(RiscvCpu, cpu.arch), .state_size = sizeof(CpuArch) + sizeof(struct RiscvState), \
    LIST(fields), .props = props##bits, .nprops = sizeof(props##bits) / sizeof(*props##bits), \
    .realize = cpu_realize, .reset = cpu_reset, .loaded = cpu_loaded, .expired = cpu_expired, .irq_in = cpu_irq_in

static const DeviceType device_riscv64_cpu = { CPU_TYPE(64) };
static const DeviceType device_riscv32_cpu = { CPU_TYPE(32) };

// ---- the target ----

static int disas(char *buf, size_t size, const uint8_t *bytes, size_t len, uint64_t pc, uint64_t features)
{
    uint32_t bits = 0;
    memcpy(&bits, bytes, MIN(len, sizeof(bits)));
    if (len < 2 || len < riscv_insn_length(bits)) {
        return 0;
    }
    riscv_disas(buf, size, bits, pc, features);
    return (int)riscv_insn_length(bits);
}

static int disas64(char *buf, size_t size, const uint8_t *bytes, size_t len, uint64_t pc)
{
    return disas(buf, size, bytes, len, pc, ~(uint64_t)RISCV_EXT_RV32);
}

static int disas32(char *buf, size_t size, const uint8_t *bytes, size_t len, uint64_t pc)
{
    return disas(buf, size, bytes, len, pc, ~(uint64_t)RISCV_EXT_RV64);
}

static const char *isa_string(CPU *cpu) { return riscv_cpu(cpu)->isa; }
static const FdtProp *fdt_props(CPU *cpu) { return riscv_cpu(cpu)->fdt.props; }
static void set_clock(Device *dev, const MachineClock *clock) { ((RiscvCpu *)dev)->clock = *clock; }
static void clock_changed(Device *dev) { riscv_stimer_update((RiscvCpu *)dev); }

static const char *mmu_string(CPU *cpu)
{
    const RiscvCpu *rc = riscv_cpu(cpu);
    return rc->sv57 ? "riscv,sv57" : rc->sv48 ? "riscv,sv48" : rc->sv39 ? "riscv,sv39" : rc->sv32 ? "riscv,sv32" : "riscv,none";
}

#define TARGET(bits) \
    .name = "riscv" #bits, .cpu_type = &device_riscv##bits##_cpu, .cpu_offset = offsetof(RiscvCpu, cpu), .word_bits = bits, \
    .regs = regs##bits, .nregs = sizeof(regs##bits) / sizeof(*regs##bits), .names = { LIST(slots), helpers }, \
    .translate = riscv_translate, .block_flags = riscv_block_flags, .fetch_mmu = riscv_fetch_mmu, .walk = riscv_walk, .root = riscv_root, \
    .access_fault = riscv_access_fault, .align_fault = riscv_align_fault, .interrupt_pending = riscv_interrupt_pending, \
    .wakeup_pending = riscv_wakeup_pending, .take_interrupt = riscv_take_interrupt, .take_exception = riscv_take_exception, \
    .disas = disas##bits, .reg_read = reg_read, .reg_write = reg_write, .isa_string = isa_string, .mmu_string = mmu_string, \
    .fdt_props = fdt_props, .set_clock = set_clock, .clock_changed = clock_changed

const Target target_riscv64 = { TARGET(64) };
const Target target_riscv32 = { TARGET(32) };
