// SPDX-License-Identifier: GPL-2.0-or-later
// What comparisons come to: decided ones, constants on the right, comparisons of comparisons, of differences and of extended words.
#include "tcg/interp-op.h"
#include "tcg/ir-opt.h"

static IrCond swapped(IrCond cond) // a cond b = b swapped(cond) a
{
    switch (cond) {
    case IR_LTS: return IR_GTS;
    case IR_GES: return IR_LES;
    case IR_LTU: return IR_GTU;
    case IR_GEU: return IR_LEU;
    case IR_LES: return IR_GES;
    case IR_GTS: return IR_LTS;
    case IR_LEU: return IR_GEU;
    case IR_GTU: return IR_LTU;
    default: return cond;
    }
}

IrCond opt_inverted(IrCond cond)
{
    switch (cond) {
    case IR_LES: return IR_GTS;
    case IR_GTS: return IR_LES;
    case IR_LEU: return IR_GTU;
    case IR_GTU: return IR_LEU;
    default: return cond ^ 1;
    }
}

static IrCond unsigned_cond(IrCond cond)
{
    switch (cond) {
    case IR_LTS: return IR_LTU;
    case IR_GES: return IR_GEU;
    case IR_LES: return IR_LEU;
    case IR_GTS: return IR_GTU;
    default: return cond;
    }
}

static Fold decide(const IrInsn *insn, IrInsn *result, bool truth)
{
    if (insn->op == IR_EXITIF) {
        return truth ? FOLD_ALWAYS : FOLD_NEVER;
    }
    return opt_make_const(result, IR_I64, truth);
}

static Fold compare_as(IrInsn *insn, IrCond cond, IrRef a, IrRef b)
{
    insn->sub = (uint8_t)cond;
    insn->a = a;
    insn->b = b;
    return FOLD_AGAIN;
}

static Fold compare_const(IrOpt *o, IrInsn *insn, IrCond cond, IrRef a, uint64_t c)
{
    return compare_as(insn, cond, a, opt_const(o, insn->type, c));
}

static Fold fold_equal_operands(IrOpt *o, IrInsn *insn)
{
    switch (insn->sub) {
    case IR_TSTEQ: return compare_const(o, insn, IR_EQ, insn->a, 0);
    case IR_TSTNE: return compare_const(o, insn, IR_NE, insn->a, 0);
    case IR_EQ: case IR_GES: case IR_GEU: case IR_LES: case IR_LEU: return decide(insn, insn, true);
    default: return decide(insn, insn, false);
    }
}

// Comparisons with the ends of the range, and those that are equalities or sign tests in disguise.
static Fold fold_limit(IrOpt *o, IrInsn *insn, uint64_t c)
{
    unsigned width = opt_width(insn->type);
    uint64_t max = opt_mask(width), top = max >> 1;
    IrRef a = insn->a;
    switch (insn->sub) {
    case IR_LTU: case IR_GEU:
        if (c == 0) {
            return decide(insn, insn, insn->sub == IR_GEU);
        }
        return c == 1 ? compare_const(o, insn, insn->sub == IR_LTU ? IR_EQ : IR_NE, a, 0) : FOLD_NONE;
    case IR_LEU: case IR_GTU:
        if (c == max) {
            return decide(insn, insn, insn->sub == IR_LEU);
        }
        return c == 0 ? compare_as(insn, insn->sub == IR_LEU ? IR_EQ : IR_NE, a, insn->b) : FOLD_NONE;
    case IR_LTS: case IR_GES:
        if (c == top + 1) {
            return decide(insn, insn, insn->sub == IR_GES);
        }
        return c == 1 ? compare_const(o, insn, insn->sub == IR_LTS ? IR_LES : IR_GTS, a, 0) : FOLD_NONE;
    case IR_LES: case IR_GTS:
        if (c == top) {
            return decide(insn, insn, insn->sub == IR_LES);
        }
        return c == max ? compare_const(o, insn, insn->sub == IR_LES ? IR_LTS : IR_GES, a, 0) : FOLD_NONE;
    case IR_TSTEQ: case IR_TSTNE:
        if (c == 0) {
            return decide(insn, insn, insn->sub == IR_TSTEQ);
        }
        if ((~c & opt_mask(o->bits[a])) == 0) { // all bits that can be set
            return compare_const(o, insn, insn->sub == IR_TSTEQ ? IR_EQ : IR_NE, a, 0);
        }
        return FOLD_NONE;
    default: return FOLD_NONE;
    }
}

// The value has fewer bits than the constant.
static Fold fold_small(IrOpt *o, IrInsn *insn, uint64_t c)
{
    unsigned bits = o->bits[insn->a];
    if (bits >= 64 || c >> bits == 0) {
        return FOLD_NONE;
    }
    switch (insn->sub) {
    case IR_EQ: case IR_GEU: case IR_GTU: return decide(insn, insn, false);
    case IR_NE: case IR_LTU: case IR_LEU: return decide(insn, insn, true);
    default: return FOLD_NONE;
    }
}

// x == 0 and x != 0.
static Fold fold_zero_test(IrOpt *o, IrInsn *insn)
{
    const IrInsn *x = &o->out[insn->a];
    bool is_eq = insn->sub == IR_EQ;
    switch (x->op) {
    case IR_CMP:
        insn->type = x->type;
        return compare_as(insn, is_eq ? opt_inverted(x->sub) : x->sub, x->a, x->b);
    case IR_SUB: case IR_XOR: return compare_as(insn, insn->sub, x->a, x->b);
    case IR_NEG: case IR_BSWAP: return compare_as(insn, insn->sub, x->a, insn->b);
    case IR_AND: return compare_as(insn, is_eq ? IR_TSTEQ : IR_TSTNE, x->a, x->b);
    case IR_EXTRACT: {
        unsigned pos = x->imm & 0xff, len = x->imm >> 8 & 0xff;
        if (pos + len <= 31) {
            return compare_const(o, insn, is_eq ? IR_TSTEQ : IR_TSTNE, x->a, opt_mask(len) << pos);
        }
        return FOLD_NONE;
    }
    default: return FOLD_NONE;
    }
}

static Fold fold_equality(IrOpt *o, IrInsn *insn, uint64_t c)
{
    const IrInsn *x = &o->out[insn->a];
    uint64_t d;
    if (c == 0) {
        return fold_zero_test(o, insn);
    }
    if (c == 1 && o->bits[insn->a] <= 1) {
        return compare_const(o, insn, insn->sub ^ 1, insn->a, 0);
    }
    if ((x->op == IR_ADD || x->op == IR_XOR) && opt_is_const(o, x->b, &d)) {
        return compare_const(o, insn, insn->sub, x->a, x->op == IR_ADD ? c - d : c ^ d);
    }
    return FOLD_NONE;
}

// Both sides are words extended alike: compare the words.
static Fold fold_words(IrOpt *o, IrInsn *insn)
{
    const IrInsn *a = &o->out[insn->a], *b = &o->out[insn->b];
    bool is_signed = a->op == IR_SEXT32;
    uint64_t c;
    if (insn->type != IR_I64 || (!is_signed && a->op != IR_ZEXT32)) {
        return FOLD_NONE;
    }
    IrRef word_a = a->a, word_b;
    if (opt_is_const(o, insn->b, &c)) {
        if (is_signed ? c != (uint64_t)(int32_t)c : c != (uint32_t)c) {
            return FOLD_NONE;
        }
        word_b = opt_const(o, IR_I32, c);
    } else if (b->op == a->op) {
        word_b = b->a;
    } else {
        return FOLD_NONE;
    }
    insn->type = IR_I32;
    return compare_as(insn, is_signed ? insn->sub : unsigned_cond(insn->sub), word_a, word_b);
}

Fold opt_fold_compare(IrOpt *o, IrInsn *insn)
{
    uint64_t a, b;
    Fold fold = FOLD_NONE;
    if (insn->a == insn->b) {
        return fold_equal_operands(o, insn);
    }
    bool a_const = opt_is_const(o, insn->a, &a), b_const = opt_is_const(o, insn->b, &b);
    if (a_const && b_const) {
        IrInsn cmp = { .op = IR_CMP, .type = insn->type, .sub = insn->sub };
        uint64_t truth;
        return interp_pure(&cmp, a, b, 0, &truth) ? decide(insn, insn, truth) : FOLD_NONE;
    }
    if (a_const) {
        return compare_as(insn, swapped(insn->sub), insn->b, insn->a);
    }
    if (b_const) {
        fold = fold_limit(o, insn, b);
        fold = fold == FOLD_NONE ? fold_small(o, insn, b) : fold;
        if (fold == FOLD_NONE && (insn->sub == IR_EQ || insn->sub == IR_NE)) {
            fold = fold_equality(o, insn, b);
        }
    }
    return fold == FOLD_NONE ? fold_words(o, insn) : fold;
}

// a ? 1 : 0 and a ? 0 : 1.
static Fold fold_select_truth(IrOpt *o, IrInsn *insn, bool is_inverted)
{
    IrRef a = insn->a;
    if (!is_inverted && o->bits[a] <= 1) {
        return opt_take(o, a);
    }
    *insn = (IrInsn){ .op = IR_CMP, .type = IR_I64 };
    return compare_const(o, insn, is_inverted ? IR_EQ : IR_NE, a, 0);
}

Fold opt_fold_select(IrOpt *o, IrInsn *insn)
{
    const IrInsn *cond = &o->out[insn->a];
    uint64_t truth, b, c;
    if (opt_is_const(o, insn->a, &truth)) {
        return opt_take(o, truth ? insn->b : insn->c);
    }
    if (insn->b == insn->c) {
        return opt_take(o, insn->b);
    }
    bool is_zero_test = cond->op == IR_CMP && cond->type == IR_I64 && (cond->sub == IR_NE || cond->sub == IR_EQ);
    if (is_zero_test && opt_is_const(o, cond->b, &c) && c == 0) {
        if (cond->sub == IR_EQ) {
            IrRef swap = insn->b;
            insn->b = insn->c;
            insn->c = swap;
        }
        insn->a = cond->a;
        return FOLD_AGAIN;
    }
    if (insn->type == IR_I64 && opt_is_const(o, insn->b, &b) && opt_is_const(o, insn->c, &c) && b + c == 1 && b <= 1) {
        return fold_select_truth(o, insn, c == 1);
    }
    return FOLD_NONE;
}
