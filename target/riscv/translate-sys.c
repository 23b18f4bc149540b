// SPDX-License-Identifier: GPL-2.0-or-later
// Meaning of atomics, CSR accesses, privileged instructions and cache block operations (U chapters 8, 9; P 3.3, 4.2.1; CMO).
//
// What depends on privilege alone is decided here, since the key of a block holds it; what depends on CSRs is left to helpers.
#include "target/riscv/cpu.h"

// ---- A; arg: size, sign and, above ARG_RMW, the RmwOp ----

enum { ARG_RMW_SHIFT = 8 };
#define W(op) (2 | MEMOP_SIGNED | (op) << ARG_RMW_SHIFT)
#define D(op) (3 | (op) << ARG_RMW_SHIFT)

static MemOp atomic_memop(const Lift *l, const RiscvInsn *i, unsigned arg)
{
    MemOp order = (i->aqrl & 2 ? MEMOP_ACQUIRE : 0) | (i->aqrl & 1 ? MEMOP_RELEASE : 0);
    return lift_memop(l, arg & (MEMOP_SIZE | MEMOP_SIGNED)) | MEMOP_ALIGNED | order;
}

static void amo(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrRef address = lift_x64(l, i->rs1), value = lift_x(l, i->rs2);
    lift_set_x(l, i->rd, ir_rmw(l->b, l->x, atomic_memop(l, i, arg), arg >> ARG_RMW_SHIFT, address, value));
}

static void load_reserved(Lift *l, const RiscvInsn *i, unsigned arg)
{
    lift_set_x64(l, i->rd, ir_call(l->b, &riscv_helper_lr, lift_x64(l, i->rs1), lift_imm64(l, atomic_memop(l, i, arg)), 0));
}

static void store_conditional(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrRef memop = lift_imm64(l, atomic_memop(l, i, arg));
    lift_set_x64(l, i->rd, ir_call(l->b, &riscv_helper_sc, lift_x64(l, i->rs1), lift_x64(l, i->rs2), memop));
}

// ---- Zicsr ----

typedef enum CsrOp { CSR_WRITE, CSR_SET, CSR_CLEAR, CSR_IMM = 4 } CsrOp; // arg

// A register that is only storage needs neither helper nor end of block.
static void csr_inline(Lift *l, const RiscvInsn *i, const RiscvCsr *csr, CsrOp op, bool write, IrRef source)
{
    IrRef old = ir_getreg(l->b, IR_I64, csr->slot), value = source;
    if (write) {
        if (op == CSR_SET) {
            value = ir_op2(l->b, IR_OR, IR_I64, old, source);
        } else if (op == CSR_CLEAR) {
            value = ir_op2(l->b, IR_AND, IR_I64, old, ir_op1(l->b, IR_NOT, IR_I64, source));
        }
        if (csr->mask != UINT64_MAX) {
            value = ir_op2(l->b, IR_AND, IR_I64, value, lift_imm64(l, (int64_t)csr->mask));
        }
        ir_setreg(l->b, IR_I64, csr->slot, value);
    }
    lift_set_x64(l, i->rd, old);
}

static uint64_t constant_of(Lift *l, IrRef value, bool *known)
{
    const IrInsn *insn = &l->b->block.ins[value];
    *known = insn->op == IR_CONST;
    return *known ? (uint64_t)insn->imm : 0;
}

// Setting or clearing bits of sstatus or mstatus, the commonest of CSR writes: kernels lock interrupts by it. Bits that matter to trap entry
// and return alone are done inline; where the operand isn't known, the helper asks for attention if more than that changed.
static void status_modify(Lift *l, const RiscvInsn *i, const RiscvCsr *csr, CsrOp op, IrRef source)
{
    bool is_s = csr->number == RISCV_CSR_SSTATUS, known;
    uint64_t writable = riscv_status_mask(l->features, is_s), bits = constant_of(l, source, &known) & writable;
    if (!known) {
        lift_set_x64(l, i->rd, ir_call(l->b, &riscv_helper_csr_modify, lift_imm64(l, l->raw), source, 0));
        return;
    }
    if (bits & ~(MSTATUS_SIE | MSTATUS_MIE | MSTATUS_SPIE | MSTATUS_MPIE | MSTATUS_SPP)) {
        lift_set_x64(l, i->rd, ir_call(l->b, &riscv_helper_csr_write, lift_imm64(l, l->raw), source, 0));
        lift_boundary(l);
        return;
    }
    IrRef old = ir_getreg(l->b, IR_I64, RISCV_SLOT(s.mstatus));
    IrRef value = op == CSR_SET ? ir_op2(l->b, IR_OR, IR_I64, old, lift_imm64(l, (int64_t)bits))
                                : ir_op2(l->b, IR_AND, IR_I64, old, lift_imm64(l, (int64_t)~bits));
    if (i->rd) {
        IrRef seen = is_s ? ir_op2(l->b, IR_AND, IR_I64, old, lift_imm64(l, (int64_t)(writable | MSTATUS_UXL))) : old;
        uint64_t sd = l->x == IR_I32 ? MSTATUS_SD32 : MSTATUS_SD;
        lift_set_x64(l, i->rd, l->fs == FS_DIRTY ? ir_op2(l->b, IR_OR, IR_I64, seen, lift_imm64(l, (int64_t)sd)) : seen);
    }
    ir_setreg(l->b, IR_I64, RISCV_SLOT(s.mstatus), value);
    if (op == CSR_SET) {
        ir_call(l->b, &riscv_helper_enabled, 0, 0, 0);
    }
}

static void csr_access(Lift *l, const RiscvInsn *i, unsigned arg)
{
    CsrOp op = arg & 3;
    const RiscvCsr *csr = riscv_csr_find(i->csr, l->x == IR_I32);
    bool write = op == CSR_WRITE || (arg & CSR_IMM ? i->imm != 0 : i->rs1 != 0); // U 9.1
    if (!csr || l->priv < (i->csr >> 8 & 3) || (write && i->csr >> 10 == 3)) {
        lift_illegal(l);
        return;
    }
    IrRef source = arg & CSR_IMM ? lift_imm64(l, i->imm) : lift_x64(l, i->rs1);
    bool is_status = i->csr == RISCV_CSR_SSTATUS || i->csr == RISCV_CSR_MSTATUS;
    if (csr->slot && !csr->read && !csr->write && !csr->allowed) {
        csr_inline(l, i, csr, op, write, source);
    } else if (write && is_status && op != CSR_WRITE) {
        status_modify(l, i, csr, op, source);
    } else if (write) {
        lift_set_x64(l, i->rd, ir_call(l->b, &riscv_helper_csr_write, lift_imm64(l, l->raw), source, 0));
        lift_boundary(l);
    } else {
        lift_set_x64(l, i->rd, ir_call(l->b, &riscv_helper_csr_read, lift_imm64(l, l->raw), 0, 0));
    }
}

// ---- privileged ----

static void ecall(Lift *l, const RiscvInsn *i, unsigned arg)
{
    ir_trap(l->b, CAUSE_ECALL_U + l->priv, lift_imm64(l, 0));
    l->ended = true;
}

static void ebreak(Lift *l, const RiscvInsn *i, unsigned arg)
{
    ir_trap(l->b, CAUSE_BREAKPOINT, lift_imm64(l, 0)); // P 3.1.16: the address or 0
    l->ended = true;
}

static void trap_return(Lift *l, const IrHelper *helper, Priv least)
{
    if (l->priv < least) {
        lift_illegal(l);
        return;
    }
    ir_exitpc(l->b, IR_EXIT_BOUNDARY, ir_call(l->b, helper, lift_imm64(l, l->raw), 0, 0));
    l->ended = true;
}

static void mret(Lift *l, const RiscvInsn *i, unsigned arg) { trap_return(l, &riscv_helper_mret, PRIV_M); }
static void sret(Lift *l, const RiscvInsn *i, unsigned arg) { trap_return(l, &riscv_helper_sret, PRIV_S); }

static void wfi(Lift *l, const RiscvInsn *i, unsigned arg)
{
    if (l->priv == PRIV_U) { // P 3.3.3: S-mode is implemented
        lift_illegal(l);
        return;
    }
    ir_call(l->b, &riscv_helper_wfi, lift_imm64(l, l->raw), 0, 0);
    ir_exit(l->b, IR_EXIT_HALT, l->next);
    l->ended = true;
}

// Translations are never stale, so that only legality is left of fences. Those of Svinval without address don't heed TVM.
static void fence_vma(Lift *l, const RiscvInsn *i, unsigned heeds_tvm)
{
    if (l->priv == PRIV_U) {
        lift_illegal(l);
    } else if (l->priv == PRIV_S && heeds_tvm) {
        ir_call(l->b, &riscv_helper_fence_vma, lift_imm64(l, l->raw), 0, 0);
    }
}

// ---- cache blocks ----

static void cbo(Lift *l, const RiscvInsn *i, unsigned arg)
{
    ir_call(l->b, &riscv_helper_cbo, lift_x64(l, i->rs1), lift_imm64(l, lift_memop(l, 0)), lift_imm64(l, l->raw));
}

// The block is written in order; each part is zero whatever happens to the next, so that doing it again is harmless.
static void cbo_zero(Lift *l, const RiscvInsn *i, unsigned arg)
{
    ir_call(l->b, &riscv_helper_cbo_zero, lift_imm64(l, l->raw), 0, 0);
    IrRef start = ir_op2(l->b, IR_AND, IR_I64, lift_x64(l, i->rs1), lift_imm64(l, -CBO_BYTES));
    for (int offset = 0; offset < CBO_BYTES; offset += 8) {
        ir_store(l->b, IR_I64, lift_memop(l, 3), start, offset, lift_imm64(l, 0));
    }
}

#define ROW(INSN, ...) [RISCV_INSN_##INSN] = {__VA_ARGS__}
#define BOTH(INSN, fn, op) [RISCV_INSN_##INSN##_W] = {fn, W(op)}, [RISCV_INSN_##INSN##_D] = {fn, D(op)}

const LiftRow riscv_lift_sys[RISCV_INSN_COUNT] = {
    BOTH(LR, load_reserved, 0), BOTH(SC, store_conditional, 0),
    BOTH(AMOSWAP, amo, RMW_SWAP), BOTH(AMOADD, amo, RMW_ADD), BOTH(AMOXOR, amo, RMW_XOR), BOTH(AMOAND, amo, RMW_AND),
    BOTH(AMOOR, amo, RMW_OR), BOTH(AMOMIN, amo, RMW_MINS), BOTH(AMOMAX, amo, RMW_MAXS), BOTH(AMOMINU, amo, RMW_MINU),
    BOTH(AMOMAXU, amo, RMW_MAXU),
    ROW(CSRRW, csr_access, CSR_WRITE), ROW(CSRRS, csr_access, CSR_SET), ROW(CSRRC, csr_access, CSR_CLEAR),
    ROW(CSRRWI, csr_access, CSR_WRITE | CSR_IMM), ROW(CSRRSI, csr_access, CSR_SET | CSR_IMM), ROW(CSRRCI, csr_access, CSR_CLEAR | CSR_IMM),
    ROW(ECALL, ecall), ROW(EBREAK, ebreak), ROW(MRET, mret), ROW(SRET, sret), ROW(WFI, wfi),
    ROW(SFENCE_VMA, fence_vma, true), ROW(SINVAL_VMA, fence_vma, true),
    ROW(SFENCE_W_INVAL, fence_vma, false), ROW(SFENCE_INVAL_IR, fence_vma, false),
    ROW(CBO_INVAL, cbo), ROW(CBO_CLEAN, cbo), ROW(CBO_FLUSH, cbo), ROW(CBO_ZERO, cbo_zero),
};
