// SPDX-License-Identifier: GPL-2.0-or-later
// A RISC-V hart: its state, and what the files of target/riscv/ share.
//
// RV64GC and RV32GC with M, S and U modes: U = "The RISC-V Instruction Set Manual, Volume I: Unprivileged ISA" 20191213, P = "Volume II: Privileged
// Architecture" 20211203, B = Bit-Manipulation 1.0.0, CMO = Cache Management Operations 1.0, Sstc, Svade and Svadu 1.0, Svinval, Svnapot,
// Svpbmt. XLEN is a property of the CPU model and never changes. With XLEN 32, x registers and CSRs are the low halves of their 64 bits here,
// and the high halves are zero; so is that of pc. A reservation set is one naturally aligned block of 64 bytes of physical memory.
// Not modelled: hypervisor and vector extension, debug mode and triggers, Smepmp, big-endian data, hardware performance events (their
// counters are 0).
#pragma once
#include "target/riscv/riscv-decode.h"
#include "target/target.h"

typedef enum Priv { PRIV_U = 0, PRIV_S = 1, PRIV_M = 3 } Priv;

enum { // exception causes (P table 3.6)
    CAUSE_FETCH_MISALIGNED = 0, CAUSE_FETCH_ACCESS = 1, CAUSE_ILLEGAL = 2, CAUSE_BREAKPOINT = 3, CAUSE_LOAD_MISALIGNED = 4,
    CAUSE_LOAD_ACCESS = 5, CAUSE_STORE_MISALIGNED = 6, CAUSE_STORE_ACCESS = 7, CAUSE_ECALL_U = 8, CAUSE_FETCH_PAGE = 12,
    CAUSE_LOAD_PAGE = 13, CAUSE_STORE_PAGE = 15,
};

enum { // interrupt numbers, also the inputs of the CPU device
    IRQ_SSI = 1, IRQ_MSI = 3, IRQ_STI = 5, IRQ_MTI = 7, IRQ_SEI = 9, IRQ_MEI = 11,
    MIP_SSIP = 1 << IRQ_SSI, MIP_MSIP = 1 << IRQ_MSI, MIP_STIP = 1 << IRQ_STI, MIP_MTIP = 1 << IRQ_MTI, MIP_SEIP = 1 << IRQ_SEI,
    MIP_MEIP = 1 << IRQ_MEI,
    MIP_S = MIP_SSIP | MIP_STIP | MIP_SEIP, MIP_ALL = MIP_S | MIP_MSIP | MIP_MTIP | MIP_MEIP,
};

// mstatus (P 3.1.6)
#define MSTATUS_SIE  (UINT64_C(1) << 1)
#define MSTATUS_MIE  (UINT64_C(1) << 3)
#define MSTATUS_SPIE (UINT64_C(1) << 5)
#define MSTATUS_MPIE (UINT64_C(1) << 7)
#define MSTATUS_SPP  (UINT64_C(1) << 8)
#define MSTATUS_MPP  (UINT64_C(3) << 11)
#define MSTATUS_FS   (UINT64_C(3) << 13)
#define MSTATUS_MPRV (UINT64_C(1) << 17)
#define MSTATUS_SUM  (UINT64_C(1) << 18)
#define MSTATUS_MXR  (UINT64_C(1) << 19)
#define MSTATUS_TVM  (UINT64_C(1) << 20)
#define MSTATUS_TW   (UINT64_C(1) << 21)
#define MSTATUS_TSR  (UINT64_C(1) << 22)
#define MSTATUS_UXL  (UINT64_C(3) << 32)
#define MSTATUS_SXL  (UINT64_C(3) << 34)
#define MSTATUS_XLEN64 (UINT64_C(2) << 32 | UINT64_C(2) << 34)
#define MSTATUS_SD   (UINT64_C(1) << 63) // not stored: made of FS when read
#define MSTATUS_SD32 (UINT64_C(1) << 31) // the same with XLEN 32

// menvcfg, senvcfg
#define ENVCFG_FIOM  (UINT64_C(1) << 0)
#define ENVCFG_CBIE  (UINT64_C(3) << 4)
#define ENVCFG_CBCFE (UINT64_C(1) << 6)
#define ENVCFG_CBZE  (UINT64_C(1) << 7)
#define ENVCFG_ADUE  (UINT64_C(1) << 61)
#define ENVCFG_PBMTE (UINT64_C(1) << 62)
#define ENVCFG_STCE  (UINT64_C(1) << 63)

enum { SATP_BARE = 0, SATP_SV39 = 8, SATP_SV48 = 9, SATP_SV57 = 10, SATP_MODE_SHIFT = 60, SATP32_SV32 = 1, SATP32_MODE_SHIFT = 31 };
#define SATP_PPN   ((UINT64_C(1) << 44) - 1)
#define SATP32_PPN ((UINT64_C(1) << 22) - 1)

enum { PMP_COUNT = 16, PMP_R = 1, PMP_W = 2, PMP_X = 4, PMP_A = 3 << 3, PMP_TOR = 1 << 3, PMP_NA4 = 2 << 3, PMP_NAPOT = 3 << 3, PMP_L = 1 << 7 };

enum { COUNTER_CY = 1, COUNTER_TM = 2, COUNTER_IR = 4 };
enum { RISCV_TIMEBASE_NS = 100, CBO_BYTES = 64, RESERVATION_BYTES = 64 };

// The hart's state behind CPU.arch. frm and fflags are arch.fp.rounding (all three bits, valid or not) and arch.fp.flags.
struct RiscvState {
    uint64_t x[32];
    uint64_t f[32];          // singles are NaN-boxed
    uint64_t mstatus;        // without SD
    uint64_t mie;
    uint64_t mip_lines;      // levels of the inputs
    uint64_t mip_soft;       // SSIP, STIP (while STCE is 0), SEIP as software wrote them
    uint64_t medeleg, mideleg, mtvec, mcounteren, menvcfg, mcountinhibit, mscratch, mepc, mcause, mtval;
    uint64_t stvec, scounteren, senvcfg, sscratch, sepc, scause, stval, satp;
    uint64_t stimecmp;
    uint64_t mcycle;         // minus icount; while inhibited: the value
    uint64_t minstret;       // minus (the hart's attempts - traps); while inhibited: the value
    uint64_t traps;          // attempts that raised an exception
    uint64_t pmpaddr[PMP_COUNT];
    uint8_t pmpcfg[PMP_COUNT];
    Timer stimer;            // the next change of stip
    uint8_t stip;            // time >= stimecmp, while STCE is 1
    uint8_t priv;            // Priv
    uint8_t pad[6];
};

typedef struct PmpRange { // wiring: an active entry, decoded
    uint64_t first, last;
    uint8_t cfg;
} PmpRange;

enum { PHYSICAL_PAGES = 64 };

typedef struct PhysicalPage { // wiring: where a page of host memory is in the guest's
    uint64_t host;           // page number
    uint64_t gpa;
    uint64_t map_version;    // of the machine; 0: unused
} PhysicalPage;

enum { FDT_PROPS = 4 };

typedef struct RiscvFdt {    // what the device tree says of the hart beside ISA string and MMU
    char base[8];            // "rv64i"
    char extensions[256];    // names, each with its NUL
    uint32_t cbo_bytes_be;
    FdtProp props[FDT_PROPS + 1];
} RiscvFdt;

typedef struct RiscvCpu {
    Device dev;
    // properties
    uint64_t resetvec;
    uint32_t hartid;
    bool m, a, f, d, h, v;
    bool zicntr, zifencei, zihintpause, zihpm, zicbom, zicboz, zba, zbb, zbc, zbs, sstc, svade, svadu, svinval, svnapot, svpbmt;
    bool mmu, has_pmp, sv32, sv39, sv48, sv57;
    // wiring
    uint64_t features;       // RISCV_EXT_*, from the properties
    bool rv32;               // XLEN is 32
    char isa[256];
    RiscvFdt fdt;
    MachineClock clock;       // ticks NULL: virtual time / RISCV_TIMEBASE_NS
    PmpRange pmp[PMP_COUNT];
    unsigned npmp;
    PhysicalPage physical[PHYSICAL_PAGES]; // of LR and SC
    CPU cpu;
    struct RiscvState s;     // goes on where cpu.arch ends
} RiscvCpu;

_Static_assert(offsetof(RiscvCpu, s) == offsetof(RiscvCpu, cpu.arch) + sizeof(CpuArch), "the state is one piece");

static inline RiscvCpu *riscv_cpu(CPU *cpu)
{
    return (RiscvCpu *)(void *)((uint8_t *)cpu - offsetof(RiscvCpu, cpu));
}

// An address, or the contents of a CSR, as wide as XLEN.
static inline uint64_t riscv_xlen(const RiscvCpu *rc, uint64_t value) { return rc->rv32 ? (uint32_t)value : value; }

#define RISCV_SLOT(member) ((uint32_t)(offsetof(RiscvCpu, member) - offsetof(RiscvCpu, cpu.arch)))

// ---- block flags and mmu indexes ----

enum { // bits of a block's key
    FLAG_PRIV = 3,
    FLAG_MMU_SHIFT = 2, FLAG_MMU = 7 << FLAG_MMU_SHIFT, // of loads and stores
    FLAG_FS_SHIFT = 5, FLAG_FS = 3 << FLAG_FS_SHIFT,    // FlagFs
    FLAG_FRM_BAD = 1 << 7,                              // frm holds a reserved mode
    FLAG_FRM_RMM = 1 << 8,                              // frm holds a mode that hosts lack: only a part of the key, T1 looks at it
};
typedef enum FlagFs { FS_OFF, FS_CLEAN, FS_DIRTY } FlagFs; // CLEAN: initial or clean

// How an access translates and is checked. Fetches use the first, second and fourth.
typedef enum MmuIndex { MMU_U, MMU_S, MMU_S_SUM, MMU_M, MMU_U_MXR, MMU_S_MXR, MMU_S_SUM_MXR } MmuIndex;

uint32_t riscv_block_flags(CPU *cpu);
unsigned riscv_fetch_mmu(CPU *cpu);

// ---- translate*.c ----

// What a lifting function works on: one instruction of a block that is being built.
typedef struct Lift {
    IrBuilder *b;
    IrType x;                // of what x registers hold: i32 or i64. Their slots are i64, zero-extended
    uint64_t address_mask;   // of XLEN bits
    uint64_t pc, next;       // of the instruction, of the one behind it
    uint32_t raw;            // its bits
    uint64_t features;
    Priv priv;
    unsigned mmu;
    FlagFs fs;
    bool frm_bad;
    bool ended;              // the block has its end
    uint64_t first, last;    // jumps to here may be followed: the block goes on there
    unsigned follows;        // how many of them were
} Lift;

typedef void LiftFn(Lift *l, const RiscvInsn *i, unsigned arg);
typedef struct LiftRow {     // meaning of an instruction
    LiftFn *fn;
    uint32_t arg;
} LiftRow;
extern const LiftRow riscv_lift_int[RISCV_INSN_COUNT]; // integers, memory, control
extern const LiftRow riscv_lift_fp[RISCV_INSN_COUNT];  // F and D
extern const LiftRow riscv_lift_sys[RISCV_INSN_COUNT]; // A, Zicsr, privileged, cache blocks

void riscv_translate(CPU *cpu, IrBuilder *b, uint64_t pc, uint32_t flags, const TargetFetch *fetch, unsigned max_guest);
void lift_illegal(Lift *l);                            // this instruction raises an illegal-instruction exception; ends the block
void lift_boundary(Lift *l);                           // ends the block behind this instruction; the loop looks
static inline IrRef lift_imm(Lift *l, int64_t value) { return ir_const(l->b, l->x, value); }
static inline IrRef lift_imm64(Lift *l, int64_t value) { return ir_const(l->b, IR_I64, value); }
IrRef lift_x(Lift *l, unsigned reg);                   // x register as l->x
IrRef lift_x64(Lift *l, unsigned reg);                 // the same as i64, zero-extended: addresses, helpers' operands
void lift_set_x(Lift *l, unsigned reg, IrRef value);   // l->x
void lift_set_x64(Lift *l, unsigned reg, IrRef value); // i64, whose high half is zero if XLEN is 32
static inline uint64_t lift_target(const Lift *l, int64_t offset) { return (l->pc + (uint64_t)offset) & l->address_mask; }
// A word with XLEN 32 is whole, so that it isn't extended.
static inline MemOp lift_memop(const Lift *l, unsigned size_and_sign)
{
    bool whole = l->x == IR_I32 && (size_and_sign & MEMOP_SIZE) == 2;
    return (whole ? size_and_sign & ~(unsigned)MEMOP_SIGNED : size_and_sign) | l->mmu << MEMOP_MMU_SHIFT;
}

// ---- csr.c, csr.def ----

typedef struct RiscvCsr RiscvCsr;
typedef uint64_t CsrRead(RiscvCpu *rc, const RiscvCsr *csr);
typedef void CsrWrite(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value);
typedef bool CsrAllowed(RiscvCpu *rc, const RiscvCsr *csr);
struct RiscvCsr {
    const char *name;
    uint16_t number;         // its bits 9..8 and 11..10 are the lowest privilege and read-only
    bool rv32_only;
    // Where the value is stored (0: nowhere) and which bits a write may set. Without functions it is storage alone, accessed inline.
    // With XLEN 32 the instructions see and write the low half of what the functions get and give.
    uint32_t slot;
    uint64_t mask;
    CsrRead *read;           // NULL: the slot, or 0 if there is none
    CsrWrite *write;         // NULL: the masked slot; ignored if there is none
    CsrAllowed *allowed;     // beyond privilege; NULL: always
};
const RiscvCsr *riscv_csr_find(unsigned number, bool rv32); // NULL: not implemented
uint64_t riscv_csr_read(RiscvCpu *rc, const RiscvCsr *csr);              // no checks
void riscv_csr_write(RiscvCpu *rc, const RiscvCsr *csr, uint64_t value); // no checks
extern const IrHelper riscv_helper_csr_read;  // (raw) -> old value
extern const IrHelper riscv_helper_csr_write; // (raw, source) -> old value
extern const IrHelper riscv_helper_csr_modify; // the same for mstatus and sstatus, if the block doesn't end there
extern const IrHelper riscv_helper_enabled;   // after SIE or MIE was set inline
uint64_t riscv_status_mask(uint64_t features, bool supervisor); // the bits of mstatus or sstatus that can be written

// ---- mmu.c, pmp.c ----

bool riscv_satp_legal(const RiscvCpu *rc, uint64_t satp); // is its mode there?
void riscv_root(CPU *cpu, TargetRoot *root);
bool riscv_walk(CPU *cpu, uint64_t gva, Access access, unsigned mmu, WalkResult *result);
void riscv_access_fault(CPU *cpu, uint64_t gva, Access access);
void riscv_align_fault(CPU *cpu, uint64_t gva, Access access);
void pmp_decode(RiscvCpu *rc);  // after pmpcfg or pmpaddr changed
// Bits per Access (= PMP_R, PMP_W, PMP_X) that the hart may do to `len` bytes at gpa in this privilege. *whole is set to false if another
// byte of the 4 KiB page may have other rights.
uint8_t pmp_rights(const RiscvCpu *rc, uint64_t gpa, unsigned len, Priv priv, bool *whole);
uint64_t pmp_cfg_read(const RiscvCpu *rc, unsigned n);         // pmpcfg<n>; n is even if XLEN is 64
void pmp_cfg_write(RiscvCpu *rc, unsigned n, uint64_t value);
void pmp_addr_write(RiscvCpu *rc, unsigned n, uint64_t value);

// ---- trap.c ----

uint64_t riscv_mip(const RiscvCpu *rc);
uint64_t riscv_time(const RiscvCpu *rc);
void riscv_stimer_update(RiscvCpu *rc);   // after stimecmp, STCE or the clock changed
void riscv_take_exception(CPU *cpu);
void riscv_take_interrupt(CPU *cpu);
bool riscv_interrupt_pending(CPU *cpu);
bool riscv_wakeup_pending(CPU *cpu);
extern const IrHelper riscv_helper_mret, riscv_helper_sret, riscv_helper_wfi, riscv_helper_fence_vma, riscv_helper_pause;

// ---- atomic.c ----

extern const IrHelper riscv_helper_lr, riscv_helper_sc, riscv_helper_cbo, riscv_helper_cbo_zero;
