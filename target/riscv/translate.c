// SPDX-License-Identifier: GPL-2.0-or-later
// The RISC-V front end: from bytes to a block of IR, one instruction after the other by the tables riscv_lift_*.
//
// A block ends at a jump, at the page's end, and behind instructions that may change the mode, what is enabled or what flags of the key say
// (lift_boundary). The first instruction that dirties the floating-point state while mstatus.FS isn't dirty ends its block too, so that the
// key of the next one says so. An instruction that crosses into the next page is a block of its own.
#include <string.h>

#include "target/riscv/cpu.h"

// ---- for lifting functions ----

IrRef lift_x64(Lift *l, unsigned reg)
{
    return reg ? ir_getreg(l->b, IR_I64, RISCV_SLOT(s.x[0]) + 8 * reg) : lift_imm64(l, 0);
}

IrRef lift_x(Lift *l, unsigned reg)
{
    if (l->x == IR_I64 || reg == 0) {
        return reg ? lift_x64(l, reg) : lift_imm(l, 0);
    }
    return ir_op1(l->b, IR_TRUNC, IR_I32, lift_x64(l, reg));
}

void lift_set_x64(Lift *l, unsigned reg, IrRef value)
{
    if (reg) {
        ir_setreg(l->b, IR_I64, RISCV_SLOT(s.x[0]) + 8 * reg, value);
    }
}

void lift_set_x(Lift *l, unsigned reg, IrRef value)
{
    if (reg) {
        lift_set_x64(l, reg, l->x == IR_I32 ? ir_op1(l->b, IR_ZEXT32, IR_I64, value) : value);
    }
}

void lift_illegal(Lift *l)
{
    ir_trap(l->b, CAUSE_ILLEGAL, lift_imm64(l, l->raw));
    l->ended = true;
}

void lift_boundary(Lift *l)
{
    ir_exit(l->b, IR_EXIT_BOUNDARY, l->next);
    l->ended = true;
}

// ---- one instruction ----

// FS must be on for any instruction of F and D; those that may write f registers or fflags make it dirty.
static void lift_fp(Lift *l, const RiscvInsn *insn)
{
    const LiftRow *row = &riscv_lift_fp[insn->op];
    if (l->fs == FS_OFF || (insn->rm == IR_ROUND_DYNAMIC && l->frm_bad)) {
        lift_illegal(l);
        return;
    }
    row->fn(l, insn, row->arg);
    bool reads_only = insn->op == RISCV_INSN_FSW || insn->op == RISCV_INSN_FSD || insn->op == RISCV_INSN_FMV_X_W ||
                      insn->op == RISCV_INSN_FMV_X_D || insn->op == RISCV_INSN_FCLASS_S || insn->op == RISCV_INSN_FCLASS_D;
    if (l->fs == FS_CLEAN && !reads_only) {
        IrRef mstatus = ir_getreg(l->b, IR_I64, RISCV_SLOT(s.mstatus));
        ir_setreg(l->b, IR_I64, RISCV_SLOT(s.mstatus), ir_op2(l->b, IR_OR, IR_I64, mstatus, lift_imm64(l, (int64_t)MSTATUS_FS)));
        lift_boundary(l);
    }
}

static void lift_one(Lift *l)
{
    RiscvInsn insn;
    bool legal = riscv_decode(l->raw, l->features, &insn);
    l->raw = insn.raw;
    ir_insn(l->b, l->pc, insn.length);
    if (!legal) {
        lift_illegal(l);
    } else if (riscv_lift_int[insn.op].fn) {
        riscv_lift_int[insn.op].fn(l, &insn, riscv_lift_int[insn.op].arg);
    } else if (riscv_lift_fp[insn.op].fn) {
        lift_fp(l, &insn);
    } else {
        riscv_lift_sys[insn.op].fn(l, &insn, riscv_lift_sys[insn.op].arg);
    }
}

// ---- the block ----

typedef enum FetchResult { FETCH_OK, FETCH_END, FETCH_FAULT } FetchResult;

// The bits of the instruction `offset` bytes from the block's start.
static FetchResult fetch_bits(const TargetFetch *fetch, int offset, uint32_t *bits)
{
    uint16_t low, high;
    if (offset >= (int)fetch->len) {
        return FETCH_END;
    }
    memcpy(&low, fetch->host + offset, 2);
    *bits = low;
    if (riscv_insn_length(low) == 2) {
        return FETCH_OK;
    }
    const uint8_t *rest = fetch->host + offset + 2;
    if ((int)fetch->len - offset < 4) {
        if (offset != 0) {
            return FETCH_END;
        }
        rest = fetch->next_page(fetch->ctx);
        if (!rest) {
            return FETCH_FAULT;
        }
    }
    memcpy(&high, rest, 2);
    *bits |= (uint32_t)high << 16;
    return FETCH_OK;
}

void riscv_translate(CPU *cpu, IrBuilder *b, uint64_t pc, uint32_t flags, const TargetFetch *fetch, unsigned max_guest)
{
    bool rv32 = riscv_cpu(cpu)->rv32;
    Lift l = {
        .b = b,
        .x = rv32 ? IR_I32 : IR_I64,
        .address_mask = rv32 ? UINT32_MAX : UINT64_MAX,
        .next = pc,
        .features = riscv_cpu(cpu)->features,
        .priv = flags & FLAG_PRIV,
        .mmu = (flags & FLAG_MMU) >> FLAG_MMU_SHIFT,
        .fs = (flags & FLAG_FS) >> FLAG_FS_SHIFT,
        .frm_bad = flags & FLAG_FRM_BAD,
        .first = pc - fetch->back,
        .last = pc + fetch->len - 4,
    };
    for (unsigned n = 0; n < max_guest && !b->full; n++) {
        FetchResult result = fetch_bits(fetch, (int)(l.next - pc), &l.raw);
        if (result == FETCH_FAULT) {
            return;
        }
        if (result == FETCH_END) {
            break;
        }
        l.pc = l.next;
        l.next = lift_target(&l, riscv_insn_length(l.raw));
        lift_one(&l);
        if (l.ended) {
            return;
        }
    }
    ir_goto(b, l.next);
}
