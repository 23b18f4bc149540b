// SPDX-License-Identifier: GPL-2.0-or-later
// Address translation: Sv32, Sv39, Sv48 and Sv57 (P 4.3 to 4.6), Svnapot, Svpbmt, protection, and the mmu indexes.
//
// Where an access needs A or D set that aren't, the walker sets them (Svadu with menvcfg.ADUE; the default) or it is a page fault (Svade). Of a
// table entry all bits that are reserved must be zero. Memory types of Svpbmt are checked and change nothing: there are no caches and no
// reordering. An entry of a NAPOT range is read for its own virtual page alone, and its A and D are its own. Walks read and write entries as
// S-mode does, so that PMP applies to them. With XLEN 32 an address is what the low 32 bits say, whatever a displacement added.
#include <string.h>

#include "target/riscv/cpu.h"

enum { PTE_V = 1, PTE_R = 2, PTE_W = 4, PTE_X = 8, PTE_U = 16, PTE_A = 64, PTE_D = 128, PTE_PPN_SHIFT = 10 };
#define PTE_RESERVED (UINT64_C(0x7f) << 54)
#define PTE_PBMT (UINT64_C(3) << 61)
#define PTE_N (UINT64_C(1) << 63)
enum { NAPOT_PAGES = 16 }; // 64 KiB, the only size

enum { RIGHT_READ = 1 << ACCESS_READ, RIGHT_WRITE = 1 << ACCESS_WRITE, RIGHT_FETCH = 1 << ACCESS_FETCH };
_Static_assert((int)PMP_R == (int)RIGHT_READ && (int)PMP_W == (int)RIGHT_WRITE && (int)PMP_X == (int)RIGHT_FETCH, "the bits of PMP are those of Access");

typedef struct MmuMode {
    uint8_t priv;
    bool sum, mxr;
} MmuMode;

static const MmuMode mmu_modes[] = {
    [MMU_U] = {PRIV_U, false, false},
    [MMU_S] = {PRIV_S, false, false},
    [MMU_S_SUM] = {PRIV_S, true, false},
    [MMU_M] = {PRIV_M, false, false},
    [MMU_U_MXR] = {PRIV_U, false, true},
    [MMU_S_MXR] = {PRIV_S, false, true},
    [MMU_S_SUM_MXR] = {PRIV_S, true, true},
};

// ---- what the key of a block holds ----

static MmuIndex data_mmu(const RiscvCpu *rc)
{
    uint64_t mstatus = rc->s.mstatus;
    unsigned priv = mstatus & MSTATUS_MPRV ? mstatus >> 11 & 3 : rc->s.priv;
    bool mxr = mstatus & MSTATUS_MXR;
    switch (priv) {
    case PRIV_U: return mxr ? MMU_U_MXR : MMU_U;
    case PRIV_S:
        if (mstatus & MSTATUS_SUM) {
            return mxr ? MMU_S_SUM_MXR : MMU_S_SUM;
        }
        return mxr ? MMU_S_MXR : MMU_S;
    default: return MMU_M;
    }
}

uint32_t riscv_block_flags(CPU *cpu)
{
    const RiscvCpu *rc = riscv_cpu(cpu);
    static const uint8_t fs[4] = { FS_OFF, FS_CLEAN, FS_CLEAN, FS_DIRTY };
    uint8_t frm = cpu->arch.fp.rounding;
    return rc->s.priv | (uint32_t)data_mmu(rc) << FLAG_MMU_SHIFT | (uint32_t)fs[rc->s.mstatus >> 13 & 3] << FLAG_FS_SHIFT |
           (frm > FP_RMM ? FLAG_FRM_BAD : 0) | (frm == FP_RMM ? FLAG_FRM_RMM : 0);
}

unsigned riscv_fetch_mmu(CPU *cpu)
{
    switch (riscv_cpu(cpu)->s.priv) {
    case PRIV_U: return MMU_U;
    case PRIV_S: return MMU_S;
    default: return MMU_M;
    }
}

// ---- faults ----

static bool fault(WalkResult *r, uint64_t gva, unsigned load_cause, Access access)
{
    // fetch, load and store causes follow each other: 1, 5, 7 and 12, 13, 15
    static const uint8_t access_causes[] = {CAUSE_LOAD_ACCESS, CAUSE_STORE_ACCESS, CAUSE_FETCH_ACCESS};
    static const uint8_t page_causes[] = {CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE, CAUSE_FETCH_PAGE};
    r->exception = 1 + (load_cause == CAUSE_LOAD_PAGE ? page_causes : access_causes)[access];
    r->exception_value = gva;
    return false;
}

void riscv_access_fault(CPU *cpu, uint64_t gva, Access access)
{
    WalkResult r;
    fault(&r, riscv_xlen(riscv_cpu(cpu), gva), CAUSE_LOAD_ACCESS, access);
    cpu->exception = r.exception;
    cpu->exception_value = r.exception_value;
}

void riscv_align_fault(CPU *cpu, uint64_t gva, Access access)
{
    cpu_raise(cpu, access == ACCESS_READ ? CAUSE_LOAD_MISALIGNED : CAUSE_STORE_MISALIGNED, riscv_xlen(riscv_cpu(cpu), gva));
}

// ---- modes ----

typedef struct Paging {
    uint8_t levels, index_bits, entry_bytes;
    uint64_t root;
} Paging;

// False: no translation.
static bool paging_of(const RiscvCpu *rc, Paging *p)
{
    uint64_t satp = rc->s.satp;
    if (rc->rv32) {
        *p = (Paging){ 2, 10, 4, (satp & SATP32_PPN) << PAGE_BITS };
        return satp >> SATP32_MODE_SHIFT == SATP32_SV32;
    }
    uint64_t mode = satp >> SATP_MODE_SHIFT;
    *p = (Paging){ (uint8_t)(mode - SATP_SV39 + 3), 9, 8, (satp & SATP_PPN) << PAGE_BITS };
    return mode != SATP_BARE;
}

bool riscv_satp_legal(const RiscvCpu *rc, uint64_t satp)
{
    if (rc->rv32) {
        return satp >> SATP32_MODE_SHIFT == SATP_BARE || rc->sv32;
    }
    switch (satp >> SATP_MODE_SHIFT) {
    case SATP_BARE: return true;
    case SATP_SV39: return rc->sv39;
    case SATP_SV48: return rc->sv48;
    case SATP_SV57: return rc->sv57;
    default: return false;
    }
}

// ---- the walk ----

// What a leaf allows in this mode (P 4.3.1 steps 5 to 7), whatever its A and D.
static uint8_t leaf_rights(uint64_t pte, MmuMode mode)
{
    uint8_t rights = (pte & PTE_R ? RIGHT_READ : 0) | (pte & PTE_W ? RIGHT_WRITE : 0) | (pte & PTE_X ? RIGHT_FETCH : 0);
    if (mode.mxr && (pte & PTE_X)) {
        rights |= RIGHT_READ;
    }
    if (mode.priv == PRIV_U) {
        return pte & PTE_U ? rights : 0;
    }
    if (pte & PTE_U) {
        return mode.sum ? rights & ~RIGHT_FETCH : 0;
    }
    return rights;
}

typedef enum PteKind { PTE_INVALID, PTE_TABLE, PTE_LEAF } PteKind;

// Are the bits above the PPN of a leaf legal? (P 4.4.1, chapters 5 and 6.) RV32 has none.
static bool leaf_high_legal(const RiscvCpu *rc, uint64_t pte, unsigned level)
{
    if (pte & PTE_RESERVED) {
        return false;
    }
    if ((pte & PTE_PBMT) && (!(rc->s.menvcfg & ENVCFG_PBMTE) || (pte & PTE_PBMT) == PTE_PBMT)) {
        return false;
    }
    return !(pte & PTE_N) || (rc->svnapot && level == 0 && (pte >> PTE_PPN_SHIFT & (NAPOT_PAGES - 1)) == NAPOT_PAGES / 2);
}

static PteKind pte_kind(const RiscvCpu *rc, uint64_t pte, unsigned level, unsigned index_bits)
{
    enum { HIGH_SHIFT = 54 };
    if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W) {
        return PTE_INVALID;
    }
    if (!(pte & (PTE_R | PTE_X))) {
        return pte & (PTE_U | PTE_A | PTE_D) || pte >> HIGH_SHIFT ? PTE_INVALID : PTE_TABLE;
    }
    if (pte >> HIGH_SHIFT && !leaf_high_legal(rc, pte, level)) {
        return PTE_INVALID;
    }
    uint64_t low_ppn = pte >> PTE_PPN_SHIFT & ((UINT64_C(1) << index_bits * level) - 1);
    return low_ppn ? PTE_INVALID : PTE_LEAF; // a superpage must be aligned
}

static bool pte_read(RiscvCpu *rc, uint64_t gpa, unsigned bytes, bool peek, uint64_t *pte)
{
    uint64_t len = bytes;
    bool whole;
    const uint8_t *host = memory_ram_at(rc->cpu.machine, gpa, &len);
    if (!host || len < bytes || !(peek || (pmp_rights(rc, gpa, bytes, PRIV_S, &whole) & PMP_R))) {
        return false;
    }
    *pte = 0;
    memcpy(pte, host, bytes);
    return true;
}

static bool sets_accessed(const RiscvCpu *rc)
{
    return rc->svadu ? rc->s.menvcfg & ENVCFG_ADUE : !rc->svade;
}

// Completes the result with what the physical address allows.
static bool check_physical(RiscvCpu *rc, uint64_t gva, Access access, uint8_t priv, WalkResult *r)
{
    bool whole = true;
    uint8_t rights = pmp_rights(rc, r->gpa, r->bytes ? r->bytes : 1, priv, &whole);
    r->prot &= rights;
    if (!whole) {
        r->page_bits = 2;
    }
    return (rights & 1 << access) || r->peek || fault(r, gva, CAUSE_LOAD_ACCESS, access);
}

// The leaf was found: rights, A and D.
static bool walk_leaf(RiscvCpu *rc, uint64_t gva, Access access, MmuMode mode, uint64_t pte, WalkResult *r)
{
    uint64_t in_page = (UINT64_C(1) << r->page_bits) - 1;
    uint64_t from_gva = pte & PTE_N ? in_page | (NAPOT_PAGES * PAGE_SIZE - 1) : in_page;
    r->gpa = ((pte & ((UINT64_C(1) << 54) - 1)) >> PTE_PPN_SHIFT << PAGE_BITS & ~from_gva) | (gva & from_gva);
    r->prot = leaf_rights(pte, mode);
    uint64_t updated = pte | PTE_A | (access == ACCESS_WRITE ? PTE_D : 0), entry = r->step_gpa[r->nsteps - 1];
    if ((!(r->prot & 1 << access) || (updated != pte && !sets_accessed(rc))) && !r->peek) {
        return fault(r, gva, CAUSE_LOAD_PAGE, access);
    }
    if (!check_physical(rc, gva, access, mode.priv, r)) {
        return false;
    }
    if (updated != pte && !r->peek) {
        bool whole;
        if (!(pmp_rights(rc, entry, r->step_bytes, PRIV_S, &whole) & PMP_W) ||
            !rc->cpu.ops->walk_store(&rc->cpu, entry, &updated, r->step_bytes)) {
            return fault(r, gva, CAUSE_LOAD_ACCESS, access);
        }
    }
    if (!(updated & PTE_D)) {
        r->prot &= ~RIGHT_WRITE;
    }
    return true;
}

static bool walk_tables(RiscvCpu *rc, const Paging *paging, uint64_t gva, Access access, MmuMode mode, WalkResult *r)
{
    unsigned bits = paging->index_bits, unused = 64 - PAGE_BITS - bits * paging->levels;
    if (!rc->rv32 && (uint64_t)((int64_t)(gva << unused) >> unused) != gva) {
        return fault(r, gva, CAUSE_LOAD_PAGE, access);
    }
    uint64_t table = paging->root, pte;
    r->step_bytes = paging->entry_bytes;
    for (unsigned level = paging->levels; level-- > 0;) {
        uint64_t index = gva >> (PAGE_BITS + bits * level) & ((1u << bits) - 1), entry = table + index * paging->entry_bytes;
        if (!pte_read(rc, entry, paging->entry_bytes, r->peek, &pte)) {
            return fault(r, gva, CAUSE_LOAD_ACCESS, access);
        }
        r->step_gpa[r->nsteps++] = entry;
        switch (pte_kind(rc, pte, level, bits)) {
        case PTE_INVALID: return fault(r, gva, CAUSE_LOAD_PAGE, access);
        case PTE_LEAF:
            r->page_bits = (uint8_t)(PAGE_BITS + bits * level);
            return walk_leaf(rc, gva, access, mode, pte, r);
        case PTE_TABLE: table = pte >> PTE_PPN_SHIFT << PAGE_BITS; break;
        }
    }
    return fault(r, gva, CAUSE_LOAD_PAGE, access);
}

void riscv_root(CPU *cpu, TargetRoot *root)
{
    const RiscvCpu *rc = riscv_cpu(cpu);
    Paging paging;
    *root = (TargetRoot){ .paged = paging_of(rc, &paging) };
    if (root->paged) {
        root->mode = paging.levels;
        root->gpa = paging.root;
        root->entry_bytes = paging.entry_bytes;
    }
}

bool riscv_walk(CPU *cpu, uint64_t gva, Access access, unsigned mmu, WalkResult *r)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    MmuMode mode = mmu_modes[mmu];
    Paging paging;
    gva = riscv_xlen(rc, gva);
    r->nsteps = 0;
    if (mode.priv != PRIV_M && paging_of(rc, &paging)) {
        return walk_tables(rc, &paging, gva, access, mode, r);
    }
    r->gpa = gva;
    r->prot = RIGHT_READ | RIGHT_WRITE | RIGHT_FETCH;
    r->page_bits = PAGE_BITS;
    return check_physical(rc, gva, access, mode.priv, r);
}
