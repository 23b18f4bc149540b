// SPDX-License-Identifier: GPL-2.0-or-later
// Conditions and bits of flags that were made in the same block: comparisons of what they were made from, so that the tuple may vanish.
//
//     v6 = flags.i8 sub v3, v4, v5         v7 = zext8.i32 v3
//     v9 = cc c v6                  ->     v8 = zext8.i32 v4
//                                          v9 = cmp.i32 ltu v7, v8
//
// Not folded: parity, half carry and overflow, but where they are known or the tuple is bits; carries of adc, sbb and shifts.
#include "tcg/ir-opt.h"

typedef struct Use {
    IrOpt *o;
    IrInsn *insn;       // CC or FLAGBIT, to be replaced
    IrInsn flags;       // what it looks at
    IrType type;        // of values: i32 or i64
    bool inverted;
} Use;

// ---- results ----

static Fold be_const(const Use *u, bool truth)
{
    return opt_make_const(u->insn, IR_I64, truth != u->inverted);
}

static Fold be_compare(const Use *u, IrCond cond, IrRef a, IrRef b)
{
    IrCond sub = u->inverted ? opt_inverted(cond) : cond;
    *u->insn = (IrInsn){ .op = IR_CMP, .type = (uint8_t)u->type, .sub = (uint8_t)sub, .a = a, .b = b };
    return FOLD_AGAIN;
}

static Fold be_compare_const(const Use *u, IrCond cond, IrRef a, uint64_t c)
{
    return be_compare(u, cond, a, opt_const(u->o, u->type, c));
}

static uint64_t top_bit(const Use *u)
{
    return (uint64_t)1 << (opt_width(u->flags.type) - 1);
}

static bool is_narrow(const Use *u)
{
    return u->flags.type != u->type;
}

// The operand, whose upper bits may be anything, as a value of the tuple's width.
static IrRef extended(const Use *u, IrRef ref, bool is_signed)
{
    if (!is_narrow(u)) {
        return ref;
    }
    IrOp op = u->flags.type == IR_I8 ? is_signed ? IR_SEXT8 : IR_ZEXT8 : is_signed ? IR_SEXT16 : IR_ZEXT16;
    return opt_emit(u->o, opt_insn1(op, u->type, ref));
}

static Fold be_compare_extended(const Use *u, IrCond cond, IrRef a, IrRef b)
{
    bool is_signed = cond == IR_LTS || cond == IR_LES;
    a = extended(u, a, is_signed);
    b = extended(u, b, is_signed);
    return be_compare(u, cond, a, b);
}

static Fold be_zero_test(const Use *u, IrRef ref, bool is_zero)
{
    if (is_narrow(u)) {
        return be_compare_const(u, is_zero ? IR_TSTEQ : IR_TSTNE, ref, opt_mask(opt_width(u->flags.type)));
    }
    return be_compare_const(u, is_zero ? IR_EQ : IR_NE, ref, 0);
}

static Fold be_sign_test(const Use *u)
{
    return is_narrow(u) ? be_compare_const(u, IR_TSTNE, u->flags.c, top_bit(u)) : be_compare_const(u, IR_LTS, u->flags.c, 0);
}

// ---- by kind ----

static Fold fold_difference(const Use *u, IrCc cc)
{
    bool borrow = u->flags.sub == IR_FLAGS_SUB; // what C is
    IrCond cond;
    switch (cc) {
    case IR_CC_Z: cond = IR_EQ; break;
    case IR_CC_C: cond = borrow ? IR_LTU : IR_GEU; break;
    case IR_CC_CZ: cond = borrow ? IR_LEU : IR_GEU; break;
    case IR_CC_LS: cond = borrow ? IR_GEU : IR_LEU; break;
    case IR_CC_LT: cond = IR_LTS; break;
    case IR_CC_LE: cond = IR_LES; break;
    default: return FOLD_NONE;
    }
    return be_compare_extended(u, cond, u->flags.a, u->flags.b);
}

// C and O are clear.
static Fold fold_logic(const Use *u, IrCc cc)
{
    switch (cc) {
    case IR_CC_C: case IR_CC_O: return be_const(u, false);
    case IR_CC_LS: return be_const(u, true);
    case IR_CC_CZ: return be_zero_test(u, u->flags.c, true);
    case IR_CC_LT: return be_sign_test(u);
    case IR_CC_LE: return be_compare_const(u, IR_LES, extended(u, u->flags.c, true), 0);
    default: return FOLD_NONE;
    }
}

static Fold fold_bits(const Use *u, IrCc cc)
{
    IrFlagBit bit;
    switch (cc) {
    case IR_CC_C: bit = IR_FLAG_C; break;
    case IR_CC_P: bit = IR_FLAG_P; break;
    case IR_CC_Z: bit = IR_FLAG_Z; break;
    case IR_CC_S: bit = IR_FLAG_S; break;
    case IR_CC_O: bit = IR_FLAG_O; break;
    default: return FOLD_NONE;
    }
    return be_compare_const(u, IR_TSTNE, u->flags.a, (uint64_t)1 << bit);
}

static Fold fold_carry(const Use *u)
{
    switch (u->flags.sub) {
    case IR_FLAGS_ADD: return be_compare_extended(u, IR_LTU, u->flags.c, u->flags.a);
    case IR_FLAGS_INC: case IR_FLAGS_DEC: return be_compare_const(u, IR_TSTNE, u->flags.a, 1);
    case IR_FLAGS_NEG: case IR_FLAGS_MUL: return be_zero_test(u, u->flags.a, false);
    default: return FOLD_NONE;
    }
}

static Fold fold_condition(const Use *u, IrCc cc)
{
    Fold fold = FOLD_NONE;
    switch (u->flags.sub) {
    case IR_FLAGS_BITS: return fold_bits(u, cc);
    case IR_FLAGS_SUB: case IR_FLAGS_SUBN: fold = fold_difference(u, cc); break;
    case IR_FLAGS_LOGIC: fold = fold_logic(u, cc); break;
    default: break;
    }
    if (fold != FOLD_NONE) {
        return fold;
    }
    switch (cc) {
    case IR_CC_Z: return be_zero_test(u, u->flags.c, true);
    case IR_CC_S: return be_sign_test(u);
    case IR_CC_C: return fold_carry(u);
    default: return FOLD_NONE;
    }
}

Fold opt_fold_flags(IrOpt *o, IrInsn *insn)
{
    static const uint8_t cc_of_bit[IR_FLAG_COUNT] = { IR_CC_C, IR_CC_P, IR_CC_COUNT, IR_CC_Z, IR_CC_S, IR_CC_O };
    const IrInsn *flags = &o->out[insn->a];
    if (flags->op != IR_FLAGS) {
        return FOLD_NONE;
    }
    if (insn->op == IR_FLAGBITS) {
        if (flags->sub != IR_FLAGS_BITS || flags->type != IR_I64) {
            return FOLD_NONE;
        }
        IrRef a = flags->a;
        insn->type = IR_I64;
        return opt_make(insn, IR_AND, a, opt_const(o, IR_I64, opt_mask(IR_FLAG_COUNT)));
    }
    Use u = { .o = o, .insn = insn, .flags = *flags, .type = ir_value_type(flags->type) };
    IrCc cc = insn->op == IR_CC ? insn->sub & ~1u : cc_of_bit[insn->sub];
    u.inverted = insn->op == IR_CC && (insn->sub & 1);
    return fold_condition(&u, cc);
}
