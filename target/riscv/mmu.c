// SPDX-License-Identifier: GPL-2.0-or-later
// Address translation: Sv39 and Sv48 (P 4.3.2, 4.4, 4.5), protection, and the mmu indexes.
//
// The walker sets A, and D for stores, when the access is otherwise allowed. Of a table entry all bits that are reserved, those of Svnapot
// and Svpbmt included, must be zero. Walks read and write entries as S-mode does, so that PMP applies to them.
#include <string.h>

#include "target/riscv/cpu.h"

enum { PTE_V = 1, PTE_R = 2, PTE_W = 4, PTE_X = 8, PTE_U = 16, PTE_A = 64, PTE_D = 128, PTE_PPN_SHIFT = 10 };
#define PTE_RESERVED (UINT64_C(0x3ff) << 54)

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
    fault(&r, gva, CAUSE_LOAD_ACCESS, access);
    cpu->exception = r.exception;
    cpu->exception_value = gva;
}

void riscv_align_fault(CPU *cpu, uint64_t gva, Access access)
{
    cpu_raise(cpu, access == ACCESS_READ ? CAUSE_LOAD_MISALIGNED : CAUSE_STORE_MISALIGNED, gva);
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

static PteKind pte_kind(uint64_t pte, unsigned level)
{
    if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W || (pte & PTE_RESERVED)) {
        return PTE_INVALID;
    }
    if (!(pte & (PTE_R | PTE_X))) {
        return pte & (PTE_U | PTE_A | PTE_D) ? PTE_INVALID : PTE_TABLE;
    }
    uint64_t low_ppn = pte >> PTE_PPN_SHIFT & ((UINT64_C(1) << 9 * level) - 1);
    return low_ppn ? PTE_INVALID : PTE_LEAF; // a superpage must be aligned
}

static bool pte_read(RiscvCpu *rc, uint64_t gpa, bool peek, uint64_t *pte)
{
    uint64_t len = sizeof(*pte);
    bool whole;
    const uint8_t *host = memory_ram_at(rc->cpu.machine, gpa, &len);
    if (!host || len < sizeof(*pte) || !(peek || (pmp_rights(rc, gpa, sizeof(*pte), PRIV_S, &whole) & PMP_R))) {
        return false;
    }
    memcpy(pte, host, sizeof(*pte));
    return true;
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
    r->gpa = (pte >> PTE_PPN_SHIFT << PAGE_BITS & ~in_page) | (gva & in_page);
    r->prot = leaf_rights(pte, mode);
    if (!(r->prot & 1 << access) && !r->peek) {
        return fault(r, gva, CAUSE_LOAD_PAGE, access);
    }
    if (!check_physical(rc, gva, access, mode.priv, r)) {
        return false;
    }
    uint64_t updated = pte | PTE_A | (access == ACCESS_WRITE ? PTE_D : 0), entry = r->step_gpa[r->nsteps - 1];
    if (updated != pte && !r->peek) {
        bool whole;
        if (!(pmp_rights(rc, entry, sizeof(pte), PRIV_S, &whole) & PMP_W) ||
            !rc->cpu.ops->walk_store(&rc->cpu, entry, &updated, sizeof(updated))) {
            return fault(r, gva, CAUSE_LOAD_ACCESS, access);
        }
    }
    if (!(updated & PTE_D)) {
        r->prot &= ~RIGHT_WRITE;
    }
    return true;
}

static bool walk_tables(RiscvCpu *rc, uint64_t gva, Access access, MmuMode mode, WalkResult *r)
{
    unsigned levels = rc->s.satp >> SATP_MODE_SHIFT == SATP_SV39 ? 3 : 4, bits = PAGE_BITS + 9 * levels;
    if ((uint64_t)((int64_t)(gva << (64 - bits)) >> (64 - bits)) != gva) {
        return fault(r, gva, CAUSE_LOAD_PAGE, access);
    }
    uint64_t table = (rc->s.satp & SATP_PPN) << PAGE_BITS, pte;
    r->step_bytes = sizeof(pte);
    for (unsigned level = levels; level-- > 0;) {
        uint64_t entry = table + (gva >> (PAGE_BITS + 9 * level) & 0x1ff) * sizeof(pte);
        if (!pte_read(rc, entry, r->peek, &pte)) {
            return fault(r, gva, CAUSE_LOAD_ACCESS, access);
        }
        r->step_gpa[r->nsteps++] = entry;
        switch (pte_kind(pte, level)) {
        case PTE_INVALID: return fault(r, gva, CAUSE_LOAD_PAGE, access);
        case PTE_LEAF:
            r->page_bits = (uint8_t)(PAGE_BITS + 9 * level);
            return walk_leaf(rc, gva, access, mode, pte, r);
        case PTE_TABLE: table = pte >> PTE_PPN_SHIFT << PAGE_BITS; break;
        }
    }
    return fault(r, gva, CAUSE_LOAD_PAGE, access);
}

bool riscv_walk(CPU *cpu, uint64_t gva, Access access, unsigned mmu, WalkResult *r)
{
    RiscvCpu *rc = riscv_cpu(cpu);
    MmuMode mode = mmu_modes[mmu];
    r->nsteps = 0;
    if (mode.priv != PRIV_M && rc->s.satp >> SATP_MODE_SHIFT != SATP_BARE) {
        return walk_tables(rc, gva, access, mode, r);
    }
    r->gpa = gva;
    r->prot = RIGHT_READ | RIGHT_WRITE | RIGHT_FETCH;
    r->page_bits = PAGE_BITS;
    return check_physical(rc, gva, access, mode.priv, r);
}
