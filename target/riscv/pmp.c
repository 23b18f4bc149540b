// SPDX-License-Identifier: GPL-2.0-or-later
// Physical memory protection (P 3.7): 16 entries, granularity 4 bytes.
//
// The reserved combination W without R is read back as neither. An access that an entry matches only in part fails.
#include "target/riscv/cpu.h"

void pmp_decode(RiscvCpu *rc)
{
    rc->npmp = 0;
    for (unsigned n = 0; n < PMP_COUNT; n++) {
        uint64_t address = rc->s.pmpaddr[n], first = address << 2, last;
        switch (rc->s.pmpcfg[n] & PMP_A) {
        case PMP_TOR:
            first = n ? rc->s.pmpaddr[n - 1] << 2 : 0;
            last = (address << 2) - 1;
            if (first >= address << 2) {
                continue; // matches nothing
            }
            break;
        case PMP_NA4: last = first + 3; break;
        case PMP_NAPOT: // the number of ones at the end gives the size: 8 bytes for none
            first = (address & (address + 1)) << 2;
            last = ((address | (address + 1)) << 2) + 3;
            break;
        default: continue;
        }
        rc->pmp[rc->npmp++] = (PmpRange){ .first = first, .last = last, .cfg = rc->s.pmpcfg[n] };
    }
}

uint8_t pmp_rights(const RiscvCpu *rc, uint64_t gpa, unsigned len, Priv priv, bool *whole)
{
    if (!rc->has_pmp) {
        return PMP_R | PMP_W | PMP_X;
    }
    uint64_t last = gpa + len - 1, page = gpa & ~(uint64_t)PAGE_MASK, page_last = gpa | PAGE_MASK;
    for (unsigned i = 0; i < rc->npmp; i++) {
        const PmpRange *p = &rc->pmp[i];
        if (p->last < page || p->first > page_last) {
            continue;
        }
        if (p->first > page || p->last < page_last) {
            *whole = false;
        }
        if (p->last < gpa || p->first > last) {
            continue;
        }
        if (p->first > gpa || p->last < last) {
            return 0;
        }
        return priv == PRIV_M && !(p->cfg & PMP_L) ? PMP_R | PMP_W | PMP_X : p->cfg & (PMP_R | PMP_W | PMP_X);
    }
    return priv == PRIV_M ? PMP_R | PMP_W | PMP_X : 0;
}

static void changed(RiscvCpu *rc)
{
    pmp_decode(rc);
    rc->cpu.ops->tlb_flush(&rc->cpu);
}

// A configuration register holds XLEN / 8 entries; RV64 has those with even numbers.
static unsigned entries(const RiscvCpu *rc) { return rc->rv32 ? 4 : 8; }

uint64_t pmp_cfg_read(const RiscvCpu *rc, unsigned n)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < entries(rc); i++) {
        value |= (uint64_t)rc->s.pmpcfg[4 * n + i] << 8 * i;
    }
    return value;
}

void pmp_cfg_write(RiscvCpu *rc, unsigned n, uint64_t value)
{
    uint64_t before = pmp_cfg_read(rc, n);
    for (unsigned i = 0; i < entries(rc); i++) {
        uint8_t *cfg = &rc->s.pmpcfg[4 * n + i], wanted = value >> 8 * i & 0x9f;
        if (!(*cfg & PMP_L)) {
            *cfg = (wanted & (PMP_R | PMP_W)) == PMP_W ? wanted & ~PMP_W : wanted;
        }
    }
    if (pmp_cfg_read(rc, n) != before) {
        changed(rc);
    }
}

void pmp_addr_write(RiscvCpu *rc, unsigned n, uint64_t value)
{
    const uint8_t *cfg = rc->s.pmpcfg;
    bool next_locks = n + 1 < PMP_COUNT && (cfg[n + 1] & (PMP_L | PMP_A)) == (PMP_L | PMP_TOR);
    value &= rc->rv32 ? UINT32_MAX : (UINT64_C(1) << 54) - 1;
    if (!(cfg[n] & PMP_L) && !next_locks && value != rc->s.pmpaddr[n]) {
        rc->s.pmpaddr[n] = value;
        changed(rc);
    }
}
