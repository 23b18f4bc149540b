// SPDX-License-Identifier: GPL-2.0-or-later
// T1: integer ops. i32 values leave bits 32..63 of their register undefined unless Val.zero_extended says otherwise.
//
// Left to T0's C functions: carry-less products, orc.b, brev8, deposit, high halves of 32-bit products.
#include "tcg/x86-emit.h"

// Asks scratch to take another register if it can.
static void lock_reg(Emit *e, IrRef ref)
{
    if (ref && e->val[ref].kind == V_REG) {
        e->wanted |= 1u << e->val[ref].reg;
    }
}

static bool in_reg(const Emit *e, IrRef ref, unsigned reg)
{
    return ref && e->val[ref].kind == V_REG && e->val[ref].reg == reg;
}

static void lock_operands(Emit *e, const IrInsn *insn)
{
    lock_reg(e, insn->a);
    lock_reg(e, insn->b);
    lock_reg(e, insn->c);
}

// The result was computed in `reg`; it may be wanted elsewhere.
static void result_in(Emit *e, IrRef ref, unsigned reg)
{
    e->locked |= 1u << reg;
    if (has_pinned_dest(e, ref, BANK_INT)) {
        unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
        float_move(&e->hot, d, x_reg(reg));
        reg = d;
    }
    value_place(e, ref, reg);
    e->val[ref].zero_extended = true;
}

// ---- two operands ----

// d = a op b where the host computes d op= operand; `emit` does that.
typedef void TwoOperand(Emit *e, unsigned wide, unsigned d, Opnd b);

static void op_mul(Emit *e, unsigned wide, unsigned d, Opnd b) { x_op(&e->hot, 0xaf | X_0F | wide, d, b); }

static void swap_operands(const Emit *e, IrRef *a, IrRef *b)
{
    if (e->val[*a].kind == V_CONST && e->val[*b].kind != V_CONST) {
        IrRef t = *a;
        *a = *b;
        *b = t;
    }
}

static void add_lea(Emit *e, unsigned wide, unsigned d, unsigned a, IrRef b, bool is_imm, int32_t imm)
{
    if (is_imm) {
        x_lea(&e->hot, wide, d, x_mem(a, imm));
    } else {
        x_lea(&e->hot, wide, d, x_mem_index(a, e->val[b].reg, 0, 0));
    }
}

static void alu_imm(Emit *e, unsigned alu, unsigned wide, unsigned d, int32_t imm)
{
    if (alu == ALU_AND && imm == 0xff) {
        x_op(&e->hot, 0xb6 | X_0F | X_BYTE_RM, d, x_reg(d));
    } else {
        x_alu_imm(&e->hot, alu, wide, x_reg(d), imm);
    }
}

static void emit_alu(Emit *e, IrRef ref, unsigned alu, bool commutes)
{
    const IrInsn *insn = insn_at(e, ref);
    IrRef a = insn->a, b = insn->b;
    unsigned wide = wide_of(insn->type);
    int32_t imm = 0;
    if (commutes) {
        swap_operands(e, &a, &b);
    }
    bool is_imm = value_imm(e, b, insn->type, &imm);
    lock_operands(e, insn);
    unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
    bool a_reg = e->val[a].kind == V_REG && !is_xmm(e->val[a].reg), b_reg = e->val[b].kind == V_REG && !is_xmm(e->val[b].reg);
    if (alu == ALU_SUB && is_imm && imm != INT32_MIN) {
        alu = ALU_ADD;
        imm = -imm;
    }
    if (alu == ALU_ADD && a_reg && !in_reg(e, a, d) && (is_imm || (b_reg && !in_reg(e, b, d)))) {
        add_lea(e, wide, d, e->val[a].reg, b, is_imm, imm);
    } else if (is_imm) {
        value_load(e, a, d);
        alu_imm(e, alu, wide, d, imm);
    } else if (in_reg(e, b, d) && !in_reg(e, a, d)) {
        if (alu == ALU_SUB) {
            x_op(&e->hot, 0xf7 | wide, 3, x_reg(d));
            alu = ALU_ADD;
        }
        x_alu(&e->hot, alu, wide, d, value_opnd(e, a));
    } else {
        value_load(e, a, d);
        x_alu(&e->hot, alu, wide, d, value_opnd(e, b));
    }
    value_place(e, ref, d);
    e->val[ref].zero_extended = true;
}

static void emit_mul(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    IrRef a = insn->a, b = insn->b;
    unsigned wide = wide_of(insn->type);
    int32_t imm = 0;
    swap_operands(e, &a, &b);
    bool is_imm = value_imm(e, b, insn->type, &imm);
    lock_operands(e, insn);
    unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
    if (is_imm) {
        x_op_imm32(&e->hot, 0x69 | wide, d, value_opnd(e, a), imm);
    } else if (in_reg(e, b, d)) {
        op_mul(e, wide, d, value_opnd(e, a));
    } else {
        value_load(e, a, d);
        op_mul(e, wide, d, value_opnd(e, b));
    }
    value_place(e, ref, d);
    e->val[ref].zero_extended = true;
}

// ---- one operand ----

static void emit_unary(Emit *e, IrRef ref, unsigned group3) // 2 not, 3 neg
{
    const IrInsn *insn = insn_at(e, ref);
    lock_operands(e, insn);
    unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
    value_load(e, insn->a, d);
    x_op(&e->hot, 0xf7 | wide_of(insn->type), group3, x_reg(d));
    value_place(e, ref, d);
    e->val[ref].zero_extended = true;
}

// `op d, operand`
static void emit_load_like(Emit *e, IrRef ref, unsigned opcode)
{
    const IrInsn *insn = insn_at(e, ref);
    lock_operands(e, insn);
    Opnd from = value_opnd(e, insn->a);
    unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
    x_op(&e->hot, opcode, d, from);
    value_place(e, ref, d);
    e->val[ref].zero_extended = true;
}

static void emit_trunc(Emit *e, IrRef ref)
{
    IrRef a = insn_at(e, ref)->a;
    if (e->val[a].kind == V_CONST) {
        e->val[ref].kind = V_CONST;
        e->val[ref].imm = (uint32_t)e->val[a].imm;
        return;
    }
    value_alias(e, ref, a);
}

static void emit_zext32(Emit *e, IrRef ref)
{
    IrRef a = insn_at(e, ref)->a;
    const Val *v = &e->val[a];
    const IrInsn *next = insn_at(e, ref) + 1;
    if (v->kind == V_REG && v->zero_extended && !e->jit->is_pin[v->reg] && next->op != IR_SETREG) {
        value_alias(e, ref, a);
    } else {
        emit_load_like(e, ref, 0x8b);
    }
}

static void emit_field(Emit *e, IrRef ref, bool is_signed)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned wide = wide_of(insn->type), width = wide ? 64 : 32;
    unsigned pos = insn->imm & 0xff, len = insn->imm >> 8 & 0xff;
    lock_operands(e, insn);
    unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
    value_load(e, insn->a, d);
    if (len < width) {
        if (pos + len < width) {
            x_shift_imm(&e->hot, SHIFT_SHL, wide, d, width - pos - len);
        }
        x_shift_imm(&e->hot, is_signed ? SHIFT_SAR : SHIFT_SHR, wide, d, width - len);
    } else if (!wide) {
        x_mov(&e->hot, 0, d, x_reg(d));
    }
    value_place(e, ref, d);
    e->val[ref].zero_extended = true;
}

// ---- shifts ----

static void shift_by_cl(Emit *e, IrRef ref, unsigned shift)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned wide = wide_of(insn->type);
    if (in_reg(e, insn->b, RCX)) {
        e->locked |= 1u << RCX; // it stays there; what else lies in it is read below or was the same
    } else {
        scratch_claim(e, RCX);
        lock_reg(e, insn->a);
        value_load(e, insn->b, RCX);
    }
    lock_operands(e, insn);
    unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
    unsigned t = d;
    if (d == RCX) { // the count's own register was offered, since it ends here
        t = (unsigned)scratch(e, BANK_INT);
    }
    value_load(e, insn->a, t);
    x_op(&e->hot, 0xd3 | wide, shift, x_reg(t));
    value_place(e, ref, t);
    e->val[ref].zero_extended = true;
}

static void emit_shift(Emit *e, IrRef ref, unsigned shift)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned wide = wide_of(insn->type);
    if (e->val[insn->b].kind == V_CONST) {
        unsigned count = (unsigned)e->val[insn->b].imm & (wide ? 63 : 31);
        lock_operands(e, insn);
        unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
        if (shift == SHIFT_SHL && count >= 1 && count <= 3 && e->val[insn->a].kind == V_REG && !is_xmm(e->val[insn->a].reg) &&
            e->val[insn->a].reg != d) {
            if (count == 1) {
                x_lea(&e->hot, wide, d, x_mem_index(e->val[insn->a].reg, e->val[insn->a].reg, 0, 0));
            } else {
                value_load(e, insn->a, d);
                x_shift_imm(&e->hot, shift, wide, d, count);
            }
        } else {
            value_load(e, insn->a, d);
            if (count || !wide) {
                x_shift_imm(&e->hot, shift, wide, d, count);
            }
        }
        value_place(e, ref, d);
        e->val[ref].zero_extended = wide || count; // a count of 0 leaves the upper half as the host likes
        return;
    }
    if (!e->jit->host.bmi2 || shift == SHIFT_ROL || shift == SHIFT_ROR) {
        shift_by_cl(e, ref, shift);
        return;
    }
    lock_operands(e, insn);
    unsigned count = (unsigned)value_reg(e, insn->b, BANK_INT);
    Opnd a = value_opnd(e, insn->a);
    unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
    unsigned prefix = shift == SHIFT_SHL ? X_66 : shift == SHIFT_SHR ? X_F2 : X_F3;
    x_vex(&e->hot, 0xf7 | X_0F38 | prefix | wide, d, count, a);
    value_place(e, ref, d);
    e->val[ref].zero_extended = true;
}

// ---- comparisons ----

static const uint8_t cond_cc[IR_COND_COUNT] = {
    [IR_EQ] = CC_E, [IR_NE] = CC_NE, [IR_LTS] = CC_L, [IR_GES] = CC_GE, [IR_LTU] = CC_B, [IR_GEU] = CC_AE, [IR_LES] = CC_LE,
    [IR_GTS] = CC_G, [IR_LEU] = CC_BE, [IR_GTU] = CC_A, [IR_TSTEQ] = CC_E, [IR_TSTNE] = CC_NE,
};
static const uint8_t cond_swapped[IR_COND_COUNT] = {
    [IR_EQ] = IR_EQ, [IR_NE] = IR_NE, [IR_LTS] = IR_GTS, [IR_GES] = IR_LES, [IR_LTU] = IR_GTU, [IR_GEU] = IR_LEU, [IR_LES] = IR_GES,
    [IR_GTS] = IR_LTS, [IR_LEU] = IR_GEU, [IR_GTU] = IR_LTU, [IR_TSTEQ] = IR_TSTEQ, [IR_TSTNE] = IR_TSTNE,
};

unsigned emit_compare(Emit *e, const IrInsn *cmp, unsigned cond)
{
    IrRef a = cmp->a, b = cmp->b;
    unsigned wide = wide_of(cmp->type);
    int32_t imm;
    swap_operands(e, &a, &b);
    if (a != cmp->a) {
        cond = cond_swapped[cond];
    }
    lock_reg(e, a);
    lock_reg(e, b);
    bool test = cond == IR_TSTEQ || cond == IR_TSTNE;
    if (value_imm(e, b, cmp->type, &imm)) {
        Opnd x = value_opnd(e, a);
        if (test) {
            x_op_imm32(&e->hot, 0xf7 | wide, 0, x, imm);
        } else if (imm == 0 && !x.mem) {
            x_op(&e->hot, 0x85 | wide, x.reg, x);
        } else {
            x_alu_imm(&e->hot, ALU_CMP, wide, x, imm);
        }
    } else if (!test && (e->val[a].kind == V_SLOT || e->val[a].kind == V_FRAME) && e->val[b].kind == V_REG && !is_xmm(e->val[b].reg)) {
        Opnd x = value_opnd(e, a);
        x_op(&e->hot, 0x39 | wide, e->val[b].reg, x);
    } else {
        unsigned x = (unsigned)value_reg(e, a, BANK_INT);
        Opnd y = value_opnd(e, b);
        if (test) {
            x_op(&e->hot, 0x85 | wide, x, y);
        } else {
            x_alu(&e->hot, ALU_CMP, wide, x, y);
        }
    }
    return cond_cc[cond];
}

static void emit_cmp(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    if (e->val[ref].kind == V_DEFER) {
        return;
    }
    unsigned cc = emit_compare(e, insn, insn->sub);
    unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
    x_op(&e->hot, 0x90 | cc | X_0F | X_BYTE, 0, x_reg(d));
    x_op(&e->hot, 0xb6 | X_0F | X_BYTE_RM, d, x_reg(d));
    value_place(e, ref, d);
}

unsigned emit_condition(Emit *e, IrRef cond)
{
    if (e->val[cond].kind == V_DEFER) {
        const IrInsn *cmp = insn_at(e, cond);
        return emit_compare(e, cmp, cmp->sub);
    }
    x_alu_imm(&e->hot, ALU_CMP, X_W, value_opnd(e, cond), 0);
    return CC_NE;
}

static void emit_select(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned cc = emit_condition(e, insn->a), wide = wide_of(insn->type);
    e->locked = 0; // the comparison is done: its operands' scratch registers are free
    lock_reg(e, insn->b);
    lock_reg(e, insn->c);
    IrRef yes = insn->b, no = insn->c;
    unsigned d = (unsigned)(has_pinned_dest(e, ref, BANK_INT) ? value_dest(e, ref, BANK_INT) : scratch(e, BANK_INT));
    if (in_reg(e, yes, d) && !in_reg(e, no, d)) {
        IrRef t = yes;
        yes = no;
        no = t;
        cc ^= 1;
    }
    value_load(e, no, d);
    x_op(&e->hot, 0x40 | cc | X_0F | wide, d, value_opnd(e, yes));
    value_place(e, ref, d);
    e->val[ref].zero_extended = !wide;
}

// ---- products and quotients ----

static void emit_mul_high(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    scratch_claim(e, RAX);
    scratch_claim(e, RDX);
    bool is_signed = insn->op == IR_MULHS;
    value_load(e, insn->a, RAX);
    Opnd b = value_opnd(e, insn->b);
    x_op(&e->hot, 0xf7 | X_W, is_signed ? 5 : 4, b);
    if (insn->op == IR_MULHSU) { // minus b if a is negative
        value_load(e, insn->a, RAX);
        x_shift_imm(&e->hot, SHIFT_SAR, X_W, RAX, 63);
        x_alu(&e->hot, ALU_AND, X_W, RAX, b);
        x_alu(&e->hot, ALU_SUB, X_W, RDX, x_reg(RAX));
    }
    result_in(e, ref, RDX);
}

static void emit_divide(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned wide = wide_of(insn->type);
    bool is_signed = insn->op == IR_DIVS || insn->op == IR_REMS, rem = insn->op == IR_REMS || insn->op == IR_REMU;
    Asm *a = &e->hot;
    scratch_claim(e, RAX);
    scratch_claim(e, RDX);
    value_load(e, insn->a, RAX);
    unsigned b = (unsigned)value_reg(e, insn->b, BANK_INT);
    x_op(a, 0x85 | wide, b, x_reg(b));
    uint8_t *zero = x_jcc8(a, CC_E), *minus = NULL;
    if (is_signed) {
        x_alu_imm(a, ALU_CMP, wide, x_reg(b), -1);
        minus = x_jcc8(a, CC_E);
        x_op(a, 0x99 | wide, 0, x_reg(0)); // cqo: the ModRM byte below is taken back
        a->p--;
    } else {
        x_mov_imm(a, RDX, 0);
    }
    x_op(a, 0xf7 | wide, is_signed ? 7 : 6, x_reg(b));
    uint8_t *done = x_jmp8(a), *done2 = NULL;
    if (is_signed) {
        x_patch8(minus, a->p);
        if (rem) {
            x_mov_imm(a, RDX, 0);
        } else {
            x_op(a, 0xf7 | wide, 3, x_reg(RAX));
        }
        done2 = x_jmp8(a);
    }
    x_patch8(zero, a->p);
    if (rem) {
        x_mov(a, X_W, RDX, x_reg(RAX));
    } else {
        x_mov_imm(a, RAX, 0);
    }
    x_patch8(done, a->p);
    if (done2) {
        x_patch8(done2, a->p);
    }
    result_in(e, ref, rem ? RDX : RAX);
    e->val[ref].zero_extended = false;
}

static void emit_carry(Emit *e, IrRef ref, unsigned alu)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned wide = wide_of(insn->type);
    scratch_claim(e, RAX);
    value_load(e, insn->a, RAX);
    if (e->val[insn->c].kind == V_CONST) {
        x_byte(&e->hot, e->val[insn->c].imm & 1 ? 0xf9 : 0xf8); // stc, clc
    } else {
        x_op_imm8(&e->hot, 0xba | X_0F | X_W, 4, value_opnd(e, insn->c), 0); // bt c, 0
    }
    e->locked = 1u << RAX; // moves keep the carry
    x_alu(&e->hot, alu, wide, RAX, value_opnd(e, insn->b));
    result_in(e, ref, RAX);
}

// ---- i128 ----

static Opnd pair_opnd(int32_t at, unsigned half)
{
    return x_mem(RSP, FRAME_SPILL + 8 * (at + (int32_t)half));
}

static void emit_pair(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    int at = frame_alloc(e, 2, e->val[ref].last);
    scratch_claim(e, RAX);
    scratch_claim(e, RDX);
    if (insn->op == IR_CAT) {
        value_load(e, insn->a, RAX);
        value_load(e, insn->b, RDX);
    } else {
        value_load(e, insn->a, RAX);
        Opnd b = value_opnd(e, insn->b);
        x_op(&e->hot, 0xf7 | X_W, insn->op == IR_MULS2 ? 5 : 4, b);
    }
    x_store(&e->hot, X_W, pair_opnd(at, 0), RAX);
    x_store(&e->hot, X_W, pair_opnd(at, 1), RDX);
    e->val[ref].kind = V_PAIR;
    e->val[ref].at = at;
}

static void emit_half(Emit *e, IrRef ref, unsigned half)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
    x_mov(&e->hot, X_W, d, pair_opnd(e->val[insn->a].at, half));
    value_place(e, ref, d);
}

// ---- by op ----

static bool emit_bits(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned wide = wide_of(insn->type);
    const OsHostFeatures *host = &e->jit->host;
    switch (insn->op) {
    case IR_CLZ:
        if (host->lzcnt) {
            emit_load_like(e, ref, 0xbd | X_0F | X_F3 | wide);
        }
        return host->lzcnt;
    case IR_CTZ:
        if (host->bmi1) {
            emit_load_like(e, ref, 0xbc | X_0F | X_F3 | wide);
        }
        return host->bmi1;
    case IR_POPCNT:
        if (host->popcnt) {
            emit_load_like(e, ref, 0xb8 | X_0F | X_F3 | wide);
        }
        return host->popcnt;
    case IR_BSWAP: {
        lock_operands(e, insn);
        unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
        value_load(e, insn->a, d);
        if (wide || d >= R8) {
            x_byte(&e->hot, 0x40 | (wide ? 8u : 0) | (d >= R8 ? 1u : 0));
        }
        x_byte(&e->hot, 0x0f);
        x_byte(&e->hot, 0xc8 | (d & 7));
        value_place(e, ref, d);
        return true;
    }
    default: return false;
    }
}

static bool emit_extend(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned wide = wide_of(insn->type);
    switch (insn->op) {
    case IR_SEXT8: emit_load_like(e, ref, 0xbe | X_0F | X_BYTE_RM | wide); return true;
    case IR_SEXT16: emit_load_like(e, ref, 0xbf | X_0F | wide); return true;
    case IR_ZEXT8: emit_load_like(e, ref, 0xb6 | X_0F | X_BYTE_RM); return true;
    case IR_ZEXT16: emit_load_like(e, ref, 0xb7 | X_0F); return true;
    case IR_SEXT32: emit_load_like(e, ref, 0x63 | X_W); return true;
    case IR_ZEXT32: emit_zext32(e, ref); return true;
    case IR_TRUNC: emit_trunc(e, ref); return true;
    case IR_EXTRACT: emit_field(e, ref, false); return true;
    case IR_SEXTRACT: emit_field(e, ref, true); return true;
    case IR_CAT: case IR_MULS2: case IR_MULU2: emit_pair(e, ref); return true;
    case IR_LO: emit_half(e, ref, 0); return true;
    case IR_HI: emit_half(e, ref, 1); return true;
    default: return emit_bits(e, ref);
    }
}

bool emit_int(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    switch (insn->op) {
    case IR_ADD: emit_alu(e, ref, ALU_ADD, true); return true;
    case IR_SUB: emit_alu(e, ref, ALU_SUB, false); return true;
    case IR_AND: emit_alu(e, ref, ALU_AND, true); return true;
    case IR_OR: emit_alu(e, ref, ALU_OR, true); return true;
    case IR_XOR: emit_alu(e, ref, ALU_XOR, true); return true;
    case IR_MUL: emit_mul(e, ref); return true;
    case IR_SHL: emit_shift(e, ref, SHIFT_SHL); return true;
    case IR_SHR: emit_shift(e, ref, SHIFT_SHR); return true;
    case IR_SAR: emit_shift(e, ref, SHIFT_SAR); return true;
    case IR_ROL: emit_shift(e, ref, SHIFT_ROL); return true;
    case IR_ROR: emit_shift(e, ref, SHIFT_ROR); return true;
    case IR_NEG: emit_unary(e, ref, 3); return true;
    case IR_NOT: emit_unary(e, ref, 2); return true;
    case IR_ADC: emit_carry(e, ref, ALU_ADC); return true;
    case IR_SBB: emit_carry(e, ref, ALU_SBB); return true;
    case IR_DIVS: case IR_DIVU: case IR_REMS: case IR_REMU: emit_divide(e, ref); return true;
    case IR_CMP: emit_cmp(e, ref); return true;
    case IR_SELECT:
        if (is_float_type(insn->type)) {
            return false;
        }
        emit_select(e, ref);
        return true;
    case IR_MULHS: case IR_MULHU: case IR_MULHSU:
        if (insn->type != IR_I64) {
            return false;
        }
        emit_mul_high(e, ref);
        return true;
    default: return emit_extend(e, ref);
    }
}
