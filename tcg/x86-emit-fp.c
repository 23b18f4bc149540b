// SPDX-License-Identifier: GPL-2.0-or-later
// T1: floating point in SSE2, AVX and FMA3, for guests whose FpEnv is all zero but for rounding and flags (RISC-V's rules).
//
// MXCSR holds the guest's rounding; its sticky bits become the guest's flags when C looks. NaN results become the default NaN when it matters, by
// x86-nan.c;
// what SSE does otherwise (saturation, products of infinity and zero with a NaN added, minimum of NaNs) is computed again there by T0's C function.
// f32 values are the low half of an xmm register. Left to C: static rounding other than truncation to integers, conversions from and to unsigned
// 64-bit numbers, fclass, select.
#include "tcg/x86-emit.h"

enum { NAN_64, NAN_32, SIGN_64, MAGNITUDE_64, SIGN_32, MAGNITUDE_32, BOX, CONSTANTS };

void fp_constants_emit(Jit *jit)
{
    static const uint64_t constants[CONSTANTS] = {
        [NAN_64] = 0x7ff8000000000000, [NAN_32] = 0xffffffff7fc00000, [SIGN_64] = 0x8000000000000000, [MAGNITUDE_64] = 0x7fffffffffffffff,
        [SIGN_32] = 0x80000000, [MAGNITUDE_32] = 0x7fffffff, [BOX] = 0xffffffff00000000,
    };
    jit->hot += -(uintptr_t)jit->hot & 15;
    jit->constants = jit->hot;
    for (unsigned i = 0; i < CONSTANTS; i++) {
        memcpy(jit->hot, &constants[i], 8);
        memset(jit->hot + 8, 0, 8);
        jit->hot += 16;
    }
}

// `op reg, [constant]`: an address relative to rip.
static void op_constant(const Jit *jit, Asm *a, unsigned opcode, unsigned reg, unsigned constant)
{
    x_op(a, opcode, reg, x_mem(RBP, INT32_MAX));
    a->p[-5] &= 0x3f; // mod 00: rip in place of rbp
    x_patch(a->p - 4, jit->constants + 16 * (size_t)constant);
}

static unsigned scalar(unsigned type) { return type == IR_F32 ? X_F3 : X_F2; } // prefix of addss, addsd, …
static unsigned packed(unsigned type) { return type == IR_F32 ? 0 : X_66; }    // of ucomiss, ucomisd

// Asks scratch to take other registers if it can.
static void lock_operands(Emit *e, const IrInsn *insn)
{
    const IrRef operands[3] = { insn->a, insn->b, insn->c };
    for (unsigned i = 0; i < 3; i++) {
        if (operands[i] && e->val[operands[i]].kind == V_REG) {
            e->wanted |= 1u << e->val[operands[i]].reg;
        }
    }
}

// Register or memory of the scalar's size.
static Opnd scalar_opnd(Emit *e, IrRef ref, unsigned type)
{
    const Val *v = &e->val[ref];
    if (v->kind == V_SLOT && ir_type_bytes(v->type) >= ir_type_bytes(type)) {
        return slot_opnd((uint32_t)v->at);
    }
    if (v->kind == V_FRAME) {
        return x_mem(RSP, FRAME_SPILL + 8 * v->at);
    }
    return x_reg((unsigned)value_reg(e, ref, BANK_FLOAT));
}

static bool is_reg(Opnd o, unsigned reg) { return !o.mem && o.reg == reg; }

// ---- out of line ----

static uint32_t live_scratch(const Emit *e)
{
    static const uint8_t regs[6] = { RAX, RCX, RDX, XMM0, XMM0 + 1, XMM0 + 2 };
    uint32_t live = 0;
    for (unsigned i = 0; i < 6; i++) {
        for (IrRef ref = e->head[regs[i]]; ref; ref = e->val[ref].next) {
            live |= live_after(e, ref) ? 1u << regs[i] : 0;
        }
    }
    return live;
}

static Stub *fix_stub(Emit *e, unsigned kind, unsigned reg, unsigned type)
{
    Stub *stub = stub_new(e, e->now, STUB_FP);
    stub->value_kind = (uint8_t)kind;
    stub->value_reg = (uint8_t)type;
    stub->reg = (uint8_t)reg;
    return stub;
}

// A stub that computes the whole op by C. Operands must still be where they are now.
static Stub *call_stub(Emit *e, unsigned reg)
{
    const IrInsn *insn = insn_at(e, e->now);
    const IrRef operands[3] = { insn->a, insn->b, insn->c };
    Stub *stub = fix_stub(e, FIX_CALL, reg, 0);
    stub->value = live_scratch(e);
    for (unsigned i = 0; i < 3; i++) {
        const Val *v = &e->val[operands[i]];
        if (e->nwrites == IR_MAX_PENDING) {
            e->failed = true;
            return stub;
        }
        PendingWrite *w = &e->writes[e->nwrites++];
        *w = (PendingWrite){ .bytes = (uint8_t)(operands[i] ? ir_type_bytes(v->type) : 0) };
        stub->nwrites++;
        switch (operands[i] ? v->kind : V_NONE) {
        case V_CONST: w->is_const = true; w->imm = v->imm; break;
        case V_REG: w->from = x_reg(v->reg); break;
        case V_SLOT: w->from = slot_opnd((uint32_t)v->at); break;
        case V_FRAME: w->from = x_mem(RSP, FRAME_SPILL + 8 * v->at); break;
        default: break;
        }
    }
    return stub;
}

static void stub_arg(Emit *e, const PendingWrite *w, unsigned n)
{
    Asm *a = &e->cold;
    Opnd to = x_mem(RSP, (int32_t)(FRAME_ARGS + 8 * n));
    unsigned reg = RAX;
    if (w->is_const) {
        x_mov_imm(a, RAX, (uint64_t)w->imm);
    } else if (w->from.mem) {
        x_mov(a, w->bytes == 4 ? 0 : X_W, RAX, w->from);
    } else {
        reg = w->from.reg;
    }
    if (is_xmm(reg)) {
        float_store(a, to, reg);
    } else {
        x_store(a, X_W, to, reg);
    }
    if (w->bytes == 4) {
        to.disp += 4;
        x_op_imm32(a, 0xc7, 0, to, 0);
    }
}

// Registers first: the others go through rax.
static void stub_args(Emit *e, const Stub *stub)
{
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < stub->nwrites; i++) {
            const PendingWrite *w = &e->writes[stub->first_write + i];
            bool in_reg = !w->is_const && !w->from.mem;
            if (w->bytes && in_reg == (pass == 0)) {
                stub_arg(e, w, i);
            }
        }
    }
}

static void save_scratch(Asm *a, uint32_t live, bool restore, unsigned but)
{
    int32_t at = FRAME_SPILL + 8 * (FRAME_SLOTS - 1);
    for (unsigned reg = 0; reg < REG_COUNT; reg++) {
        if (!(live >> reg & 1)) {
            continue;
        }
        Opnd frame = x_mem(RSP, at);
        at -= 8;
        if (restore && reg != but) {
            float_move(a, reg, frame);
        } else if (!restore && is_xmm(reg)) {
            float_store(a, frame, reg);
        } else if (!restore) {
            x_store(a, X_W, frame, reg);
        }
    }
}

void emit_raw_fixes(Emit *e, const Stub *stub)
{
    Asm *a = &e->cold;
    for (unsigned i = 0; i < 16 && !planted(PLANT_NAN_PAYLOAD); i++) {
        bool half = stub->raw32 >> i & 1;
        if ((stub->raw64 | stub->raw32) >> i & 1) {
            x_op(a, 0x2e | X_0F | (half ? 0 : X_66), XMM0 + i, x_reg(XMM0 + i));
            uint8_t *over = x_jcc8(a, CC_NP);
            op_constant(e->jit, a, 0x10 | X_0F | X_F2, XMM0 + i, half ? NAN_32 : NAN_64);
            x_patch8(over, a->p);
        }
    }
}

void emit_fp_stub(Emit *e, const Stub *stub)
{
    Asm *a = &e->cold;
    if (stub->value_kind == FIX_RAW) {
        emit_raw_fixes(e, stub);
        jump_to(a, stub->back);
        return;
    }
    if (stub->value_kind == FIX_NAN) {
        op_constant(e->jit, a, 0x10 | X_0F | scalar(stub->value_reg), stub->reg, stub->value_reg == IR_F32 ? NAN_32 : NAN_64);
        jump_to(a, stub->back);
        return;
    }
    const IrInsn *insn = insn_at(e, stub->ref);
    save_scratch(a, (uint32_t)stub->value, false, NO_REG);
    stub_args(e, stub);
    uint8_t *over = x_jmp8(a);
    a->p += -(uintptr_t)a->p & 7;
    memcpy(a->p, insn, sizeof(*insn));
    const void *copy = code_address(e->jit, a->p);
    a->p += sizeof(*insn);
    x_patch8(over, a->p);
    x_mov_imm(a, RCX, (uintptr_t)copy);
    x_mov_imm(a, RAX, e->block->nguest - stub->index);
    call_to(a, e->jit->thunks.op);
    float_move(a, stub->reg, x_reg(RAX));
    save_scratch(a, (uint32_t)stub->value, true, stub->reg);
    emit_raw_fixes(e, stub);
    jump_to(a, stub->back);
}

// ---- arithmetic ----

static void emit_arith(Emit *e, IrRef ref, unsigned opcode, bool commutes)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned full = opcode | X_0F | scalar(insn->type);
    lock_operands(e, insn);
    unsigned a = (unsigned)value_reg(e, insn->a, BANK_FLOAT);
    Opnd b = scalar_opnd(e, insn->b, insn->type);
    unsigned d = (unsigned)value_dest(e, ref, BANK_FLOAT);
    if (e->jit->host.avx) {
        x_vex(&e->hot, full, d, a, b);
    } else if (d == a || !is_reg(b, d)) {
        float_move(&e->hot, d, x_reg(a));
        x_op(&e->hot, full, d, b);
    } else if (commutes) {
        x_op(&e->hot, full, d, x_reg(a));
    } else {
        unsigned t = (unsigned)scratch(e, BANK_FLOAT);
        float_move(&e->hot, t, x_reg(a));
        x_op(&e->hot, full, t, b);
        float_move(&e->hot, d, x_reg(t));
    }
    value_place(e, ref, d);
    nan_made(e, ref);
}

// One operand, in SSE's two-operand form: `opcode d, a`; the upper part of AVX's form comes from a too.
static void emit_unary(Emit *e, IrRef ref, unsigned opcode)
{
    const IrInsn *insn = insn_at(e, ref);
    lock_operands(e, insn);
    Opnd a = scalar_opnd(e, insn->a, e->val[insn->a].type);
    unsigned d = (unsigned)value_dest(e, ref, BANK_FLOAT);
    if (!a.mem && e->jit->host.avx) {
        x_vex(&e->hot, opcode, d, a.reg, a);
    } else {
        if (!is_reg(a, d)) {
            x_op(&e->hot, 0x57 | X_0F, d, x_reg(d)); // the upper part comes from d: don't wait for it
        }
        x_op(&e->hot, opcode, d, a);
    }
    value_place(e, ref, d);
    nan_made(e, ref);
}

static void emit_fma(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    // 213: d = second * d + third
    static const uint8_t opcodes[4] = { 0xa9, 0xad, 0xab, 0xaf }; // by imm: fmadd, fnmadd, fmsub, fnmsub
    lock_operands(e, insn);
    unsigned t = (unsigned)scratch(e, BANK_FLOAT);
    unsigned b = (unsigned)value_reg(e, insn->b, BANK_FLOAT);
    Opnd c = scalar_opnd(e, insn->c, insn->type);
    value_load(e, insn->a, t);
    Stub *stub = call_stub(e, t);
    x_vex(&e->hot, opcodes[insn->imm & 3] | X_0F38 | X_66 | (insn->type == IR_F64 ? X_W : 0), t, b, c);
    x_op(&e->hot, 0x2e | X_0F | packed(insn->type), t, x_reg(t));
    stub->jumps[0] = x_jcc(&e->hot, CC_P);
    nan_vouch_operands(e, stub);
    stub->back = e->hot.p;
    if (has_pinned_dest(e, ref, BANK_FLOAT)) {
        unsigned d = (unsigned)value_dest(e, ref, BANK_FLOAT);
        float_move(&e->hot, d, x_reg(t));
        t = d;
    }
    value_place(e, ref, t);
}

// Both orders, so that equal zeros give the or (minimum) or the and (maximum) of their signs.
static void emit_min_max(Emit *e, IrRef ref, unsigned opcode, unsigned merge)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned full = opcode | X_0F | scalar(insn->type);
    lock_operands(e, insn);
    unsigned a = (unsigned)value_reg(e, insn->a, BANK_FLOAT), b = (unsigned)value_reg(e, insn->b, BANK_FLOAT);
    spill_scratch(e);
    e->locked = 1u << a | 1u << b;
    unsigned t = NO_REG, u = NO_REG;
    for (unsigned reg = XMM0; reg < XMM0 + 3; reg++) { // the operands take one or two, if any
        if (!(e->locked >> reg & 1)) {
            *(t == NO_REG ? &t : &u) = reg;
        }
    }
    Stub *stub = call_stub(e, t);
    x_op(&e->hot, 0x2e | X_0F | packed(insn->type), a, x_reg(b));
    stub->jumps[0] = x_jcc(&e->hot, CC_P);
    float_move(&e->hot, t, x_reg(a));
    x_op(&e->hot, full, t, x_reg(b));
    if (u == NO_REG) { // both operands lie in scratch registers and end here, or are copies
        x_op(&e->hot, full, b, x_reg(a));
        u = b;
    } else {
        float_move(&e->hot, u, x_reg(b));
        x_op(&e->hot, full, u, x_reg(a));
    }
    x_op(&e->hot, merge | X_0F, t, x_reg(u));
    stub->back = e->hot.p;
    e->locked = 1u << t;
    if (has_pinned_dest(e, ref, BANK_FLOAT)) {
        unsigned d = (unsigned)value_dest(e, ref, BANK_FLOAT);
        float_move(&e->hot, d, x_reg(t));
        t = d;
    }
    value_place(e, ref, t);
}

// ---- comparisons ----

static void emit_compare_float(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    Asm *a = &e->hot;
    bool eq = insn->op == IR_FEQ;
    IrRef first = eq ? insn->a : insn->b, second = eq ? insn->b : insn->a; // b > a, b >= a: carry is clear, unordered sets it
    lock_operands(e, insn);
    unsigned x = (unsigned)value_reg(e, first, BANK_FLOAT);
    Opnd y = scalar_opnd(e, second, insn->type);
    unsigned d = (unsigned)value_dest(e, ref, BANK_INT);
    x_op(a, (eq ? 0x2e : 0x2f) | X_0F | packed(insn->type), x, y);
    x_op(a, 0x90 | (eq ? CC_E : insn->op == IR_FLT ? CC_A : CC_AE) | X_0F | X_BYTE, 0, x_reg(d));
    if (eq) {
        unsigned t = (unsigned)scratch(e, BANK_INT);
        x_op(a, 0x90 | CC_NP | X_0F | X_BYTE, 0, x_reg(t));
        x_op(a, 0x22 | X_BYTE, d, x_reg(t));
    }
    x_op(a, 0xb6 | X_0F | X_BYTE_RM, d, x_reg(d));
    value_place(e, ref, d);
}

// ---- conversions ----

static bool emit_to_int(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    bool truncate = insn->sub == FP_RTZ, wide = insn->op == IR_FTOS64;
    if (!truncate && !(insn->sub == IR_ROUND_DYNAMIC && e->plain_rounding)) {
        return false;
    }
    lock_operands(e, insn);
    unsigned x = (unsigned)value_reg(e, insn->a, BANK_FLOAT), d;
    const Val *v = &e->val[insn->a];
    if (v->kind == V_REG && !is_xmm(v->reg)) { // must outlast the conversion
        e->locked |= 1u << v->reg;
        d = (unsigned)scratch(e, BANK_INT);
    } else {
        d = (unsigned)value_dest(e, ref, BANK_INT);
    }
    Stub *stub = call_stub(e, d);
    x_op(&e->hot, (truncate ? 0x2c : 0x2d) | X_0F | scalar(insn->type) | (wide ? X_W : 0), d, x_reg(x));
    x_alu_imm(&e->hot, ALU_CMP, wide ? X_W : 0, x_reg(d), 1); // overflows for the "integer indefinite" alone
    stub->jumps[0] = x_jcc(&e->hot, CC_O);
    stub->back = e->hot.p;
    value_place(e, ref, d);
    e->val[ref].zero_extended = true;
    return true;
}

static bool emit_from_int(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    bool exact = insn->type == IR_F64 && insn->op != IR_S64TOF;
    if (!exact && !(insn->sub == IR_ROUND_DYNAMIC && e->plain_rounding)) {
        return false;
    }
    lock_operands(e, insn);
    unsigned r;
    if (insn->op == IR_U32TOF) {
        r = (unsigned)scratch(e, BANK_INT);
        value_load(e, insn->a, r);
        x_mov(&e->hot, 0, r, x_reg(r));
    } else {
        r = (unsigned)value_reg(e, insn->a, BANK_INT);
    }
    unsigned d = (unsigned)value_dest(e, ref, BANK_FLOAT);
    x_op(&e->hot, 0x57 | X_0F, d, x_reg(d));
    x_op(&e->hot, 0x2a | X_0F | scalar(insn->type) | (insn->op == IR_S32TOF ? 0 : X_W), d, x_reg(r));
    value_place(e, ref, d);
    return true;
}

// ---- signs and boxes ----

static void emit_bits(Emit *e, IrRef ref, unsigned opcode, unsigned constant)
{
    const IrInsn *insn = insn_at(e, ref);
    lock_operands(e, insn);
    unsigned x = (unsigned)value_reg(e, insn->a, BANK_FLOAT), d = (unsigned)value_dest(e, ref, BANK_FLOAT);
    float_move(&e->hot, d, x_reg(x));
    op_constant(e->jit, &e->hot, opcode | X_0F, d, constant);
    value_place(e, ref, d);
}

static void emit_sign(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref), *b = insn_at(e, insn->b);
    bool half = insn->type == IR_F32, copy = insn->op == IR_FCOPYSIGN;
    unsigned sign = half ? SIGN_32 : SIGN_64, magnitude = half ? MAGNITUDE_32 : MAGNITUDE_64;
    if (insn->a == insn->b && copy) {
        value_alias(e, ref, insn->a);
        return;
    }
    if (insn->a == insn->b) {
        emit_bits(e, ref, 0x54, magnitude);
        return;
    }
    if (copy && b->op == IR_FNEG && b->a == insn->a) {
        emit_bits(e, ref, 0x57, sign);
        return;
    }
    lock_operands(e, insn);
    unsigned t = (unsigned)scratch(e, BANK_FLOAT);
    value_load(e, insn->b, t);
    op_constant(e->jit, &e->hot, 0x54 | X_0F, t, sign);
    unsigned x = (unsigned)value_reg(e, insn->a, BANK_FLOAT);
    if (copy) {
        // d = b's sign | a's magnitude, made in t and d
        unsigned d = (unsigned)(has_pinned_dest(e, ref, BANK_FLOAT) ? value_dest(e, ref, BANK_FLOAT) : scratch(e, BANK_FLOAT));
        float_move(&e->hot, d, x_reg(x));
        op_constant(e->jit, &e->hot, 0x54 | X_0F, d, magnitude);
        x_op(&e->hot, 0x56 | X_0F, d, x_reg(t));
        value_place(e, ref, d);
    } else {
        x_op(&e->hot, 0x57 | X_0F, t, x_reg(x));
        value_place(e, ref, t);
    }
}

// What isn't boxed becomes the default NaN.
static bool emit_unbox(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    Val *v = &e->val[insn->a];
    if (insn_at(e, insn->a)->op == IR_NANBOX) {
        value_alias(e, ref, insn->a);
        return true;
    }
    lock_operands(e, insn);
    unsigned d = (unsigned)scratch(e, BANK_FLOAT);
    if (v->kind == V_SLOT) {
        x_alu_imm(&e->hot, ALU_CMP, 0, slot_opnd((uint32_t)v->at + 4), -1);
        value_load(e, insn->a, d);
    } else {
        unsigned t = (unsigned)scratch(e, BANK_INT);
        value_load(e, insn->a, d);
        float_move(&e->hot, t, x_reg(d));
        x_shift_imm(&e->hot, SHIFT_SHR, X_W, t, 32);
        x_alu_imm(&e->hot, ALU_CMP, 0, x_reg(t), -1);
    }
    Stub *stub = fix_stub(e, FIX_NAN, d, IR_F32);
    stub->jumps[0] = x_jcc(&e->hot, CC_NE);
    stub->back = e->hot.p;
    value_place(e, ref, d);
    return true;
}

// ---- by op ----

static bool emit_float_op(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    bool half = insn->type == IR_F32;
    switch (insn->op) {
    case IR_FADD: emit_arith(e, ref, 0x58, true); return true;
    case IR_FSUB: emit_arith(e, ref, 0x5c, false); return true;
    case IR_FMUL: emit_arith(e, ref, 0x59, true); return true;
    case IR_FDIV: emit_arith(e, ref, 0x5e, false); return true;
    case IR_FSQRT: emit_unary(e, ref, 0x51 | X_0F | scalar(insn->type)); return true;
    case IR_FNARROW: emit_unary(e, ref, 0x5a | X_0F | X_F2); return true;
    case IR_FWIDEN: emit_unary(e, ref, 0x5a | X_0F | X_F3); return true;
    case IR_FMA:
        if (e->jit->host.fma) {
            emit_fma(e, ref);
        }
        return e->jit->host.fma;
    case IR_FMIN: emit_min_max(e, ref, 0x5d, 0x56); return true;
    case IR_FMAX: emit_min_max(e, ref, 0x5f, 0x54); return true;
    case IR_FEQ: case IR_FLT: case IR_FLE: emit_compare_float(e, ref); return true;
    case IR_FTOS32: case IR_FTOS64: return emit_to_int(e, ref);
    case IR_S32TOF: case IR_S64TOF: case IR_U32TOF: return emit_from_int(e, ref);
    case IR_FNEG: emit_bits(e, ref, 0x57, half ? SIGN_32 : SIGN_64); return true;
    case IR_FABS: emit_bits(e, ref, 0x54, half ? MAGNITUDE_32 : MAGNITUDE_64); return true;
    case IR_FCOPYSIGN: case IR_FXORSIGN: emit_sign(e, ref); return true;
    case IR_NANBOX:
        e->val[ref].raw = e->val[insn->a].raw;
        emit_bits(e, ref, 0x56, BOX);
        return true;
    case IR_NANUNBOX: return emit_unbox(e, ref);
    default: return false;
    }
}

bool emit_fp(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    if (insn->op == IR_BITCAST) {
        value_alias(e, ref, insn->a);
        return true;
    }
    // Which ops round by MXCSR.
    bool rounds = insn->op >= IR_FADD && insn->op <= IR_FMA;
    rounds |= insn->op == IR_FNARROW;
    if (!e->plain_fp || (rounds && !(insn->sub == IR_ROUND_DYNAMIC && e->plain_rounding))) {
        return false;
    }
    return emit_float_op(e, ref);
}
