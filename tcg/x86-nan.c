// SPDX-License-Identifier: GPL-2.0-or-later
// T1: results of arithmetic whose NaNs aren't the default NaN yet.
//
// RISC-V wants the default NaN from each operation, SSE gives another one. As a NaN stays a NaN through arithmetic, and neither flags nor comparisons
// depend on which quiet one it is, results are left *raw* until their bits may be seen: stored, moved to an integer, in a slot when the
// block is left. Then `ucomisd x, y; jp cold` looks at two of them at once, and vouches for all that they were computed from; the cold path
// replaces what is a NaN in the registers that hold raw values. Ways out that aren't taken as a rule (faults) check in their stubs.
//
// In a block that loops to its own start, the jump back leads to a copy of the block that begins with those results raw, so that a sum is
// checked when the loop ends.
//
//     v1 = fmul a, b ; v2 = fsub c, v1 ; setreg fa2, v1 ; setreg fa3, v2 ; st [..], v2       one check: of v2, before the store
//
// Raw values are in xmm registers only: on the way to memory they are checked. What a block begins with isn't raw. What is raw has no influence
// on where values are put.
#include "tcg/x86-emit.h"

static bool is_raw(const Emit *e, IrRef origin) { return origin && e->val[origin].unchecked; }

void nan_made(Emit *e, IrRef ref)
{
    Val *v = &e->val[ref];
    v->raw = ref;
    v->unchecked = true;
    e->reg_raw[v->reg] = ref;
}

// The raw result that the register holds, or 0. Scratch registers are also used for what isn't a value: those are known by their lists.
static IrRef raw_in(const Emit *e, unsigned reg)
{
    if (e->jit->is_pin[reg]) {
        return is_raw(e, e->reg_raw[reg]) ? e->reg_raw[reg] : 0;
    }
    IrRef newest = e->head[reg], ref = newest;
    while (ref && e->val[ref].last < e->now) {
        ref = e->val[ref].next;
    }
    return ref && is_raw(e, e->val[newest].raw) ? e->val[newest].raw : 0;
}

static void note_raw(const Emit *e, Stub *stub, bool all)
{
    for (unsigned i = 0; i < 16; i++) {
        IrRef origin = all || e->jit->is_pin[XMM0 + i] ? raw_in(e, XMM0 + i) : 0;
        if (origin) {
            *(e->val[origin].type == IR_F32 ? &stub->raw32 : &stub->raw64) |= (uint16_t)(1u << i);
        }
    }
}

void nan_note_pins(Emit *e, Stub *stub)
{
    if (stub->kind == STUB_LOAD || stub->kind == STUB_STORE || stub->kind == STUB_ALONE || stub->kind == STUB_RAISED ||
        stub->kind == STUB_BREAK || stub->kind == STUB_BUDGET || stub->kind == STUB_SITE_LOAD || stub->kind == STUB_SITE_STORE) {
        note_raw(e, stub, false);
    }
}

// This result is no NaN, so nothing that went into it is.
static void vouch(Emit *e, IrRef origin)
{
    if (!is_raw(e, origin)) {
        return;
    }
    e->val[origin].unchecked = false;
    if (origin >= e->block->nins) { // a loop's, from the turn before
        return;
    }
    const IrInsn *insn = insn_at(e, origin);
    vouch(e, e->val[insn->a].raw);
    vouch(e, e->val[insn->b].raw);
    vouch(e, e->val[insn->c].raw);
}

void nan_vouch_operands(Emit *e, Stub *stub)
{
    const IrInsn *insn = insn_at(e, e->now);
    note_raw(e, stub, true);
    vouch(e, e->val[insn->a].raw);
    vouch(e, e->val[insn->b].raw);
    vouch(e, e->val[insn->c].raw);
}

// Does a check of `origin` vouch for `what`? Looks at so many results at most, and then says no.
static bool goes_into(const Emit *e, IrRef what, IrRef origin, unsigned *patience)
{
    const IrInsn *insn = insn_at(e, origin);
    const IrRef operands[3] = { insn->a, insn->b, insn->c };
    for (unsigned i = 0; i < 3 && *patience && origin < e->block->nins; i++) {
        IrRef from = e->val[operands[i]].raw;
        if (is_raw(e, from) && from >= what) {
            --*patience;
            if (from == what || goes_into(e, what, from, patience)) {
                return true;
            }
        }
    }
    return false;
}

static bool vouches(const Emit *e, IrRef origin, IrRef what)
{
    unsigned patience = 24;
    return goes_into(e, what, origin, &patience);
}

static unsigned reg_of(const Emit *e, IrRef origin)
{
    for (unsigned reg = XMM0; reg < XMM0 + 16; reg++) {
        if (raw_in(e, reg) == origin) {
            return reg;
        }
    }
    assert(false && "a raw value has left the registers");
    return 0;
}

// Another raw result of the same type to check along with this one: the last one that no later arithmetic will vouch for. `any`: or that may.
static IrRef partner(const Emit *e, IrRef origin, bool any)
{
    IrRef best = 0;
    for (unsigned reg = XMM0; reg < XMM0 + 16; reg++) {
        IrRef other = raw_in(e, reg);
        if (other > best && other != origin && e->val[other].type == e->val[origin].type && (any || e->val[other].sticky <= e->now) &&
            !vouches(e, origin, other)) {
            best = other;
        }
    }
    return best;
}

static void check(Emit *e, IrRef origin, IrRef other)
{
    unsigned x = reg_of(e, origin), y = other ? reg_of(e, other) : x;
    Stub *stub = stub_new(e, e->now, STUB_FP);
    stub->value_kind = FIX_RAW;
    note_raw(e, stub, true);
    x_op(&e->hot, 0x2e | X_0F | (e->val[origin].type == IR_F32 ? 0 : X_66), x, x_reg(y));
    stub->jumps[0] = x_jcc(&e->hot, CC_P);
    stub->back = e->hot.p;
    vouch(e, origin);
    vouch(e, other);
}

static void settle(Emit *e, IrRef origin)
{
    IrRef best = origin;
    for (unsigned reg = XMM0; reg < XMM0 + 16; reg++) {
        IrRef other = raw_in(e, reg);
        best = other > best && vouches(e, other, origin) ? other : best;
    }
    check(e, best, partner(e, best, false));
}

void nan_settle(Emit *e, IrRef ref)
{
    if (is_raw(e, e->val[ref].raw)) {
        settle(e, e->val[ref].raw);
    }
}

void nan_settle_operands(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    nan_settle(e, insn->a);
    nan_settle(e, insn->b);
    nan_settle(e, insn->c);
}

// The last result in these xmm registers.
static IrRef last_raw(const Emit *e, uint32_t regs)
{
    IrRef last = 0;
    for (unsigned i = 0; i < 16; i++) {
        IrRef origin = regs >> i & 1 ? raw_in(e, XMM0 + i) : 0;
        last = origin > last ? origin : last;
    }
    return last;
}

// The last result first: it may vouch for others.
static void settle_regs(Emit *e, uint32_t regs)
{
    for (IrRef last; (last = last_raw(e, regs));) {
        check(e, last, partner(e, last, true));
    }
}

static void settle_pins(Emit *e)
{
    uint32_t pins = 0;
    for (unsigned i = 0; i < e->jit->npins; i++) {
        unsigned reg = e->jit->pin_reg[i];
        pins |= is_xmm(reg) ? 1u << (reg - XMM0) : 0;
    }
    settle_regs(e, pins);
}

// ---- loops ----

// The jump back: what is raw stays so, unless the second copy, which may still be raw elsewhere, would bring what it doesn't begin with.
static void at_jump_back(Emit *e)
{
    LoopCopy *loop = &e->loop;
    Stub now = { 0 };
    note_raw(e, &now, true);
    if (!loop->second) {
        loop->raw64 = now.raw64;
        loop->raw32 = now.raw32;
        loop->at = loop->raw64 | loop->raw32 ? loop->at : 0;
    } else {
        settle_regs(e, (now.raw64 & ~loop->raw64) | (now.raw32 & ~loop->raw32));
    }
}

void nan_loop_begin(Emit *e)
{
    IrRef origin = e->block->nins;
    for (unsigned i = 0; i < e->jit->npins; i++) {
        unsigned reg = e->jit->pin_reg[i];
        uint32_t bit = is_xmm(reg) ? 1u << (reg - XMM0) : 0;
        if ((e->loop.raw64 | e->loop.raw32) & bit) {
            e->val[origin] = (Val){ .type = e->loop.raw32 & bit ? IR_F32 : IR_F64, .unchecked = true, .sticky = UINT16_MAX };
            e->reg_raw[reg] = origin++;
        }
    }
}

// ---- by instruction ----

// A slot's bytes are read or written: only a whole pinned float register may stay raw.
static void before_slot(Emit *e, const IrInsn *insn)
{
    uint32_t slot = (uint32_t)insn->imm, bytes = ir_type_bytes(insn->type);
    bool whole = false;
    for (unsigned i = 0; i < e->jit->npins; i++) {
        unsigned reg = e->jit->pin_reg[i];
        uint32_t at = e->jit->pin_slot[i];
        if (!is_xmm(reg) || slot >= at + 8 || at >= slot + bytes) {
            continue;
        }
        if (slot == at && insn->type == IR_F64) {
            whole = true;
        } else {
            nan_settle(e, e->reg_raw[reg]);
        }
    }
    if (insn->op == IR_SETREG && !whole) {
        nan_settle(e, insn->a);
    }
}

void nan_before(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    if (ref == e->loop.at) {
        at_jump_back(e);
        return;
    }
    switch (insn->op) {
    case IR_GETREG: case IR_SETREG: before_slot(e, insn); break;
    case IR_EXITIF: case IR_GOTO: case IR_IJMP: case IR_EXIT: case IR_EXITPC: settle_pins(e); break;
    case IR_CALL:
        if (((const IrHelper *)(intptr_t)insn->imm)->flags & (HELPER_READS_REGS | HELPER_WRITES_REGS)) {
            settle_pins(e);
        }
        break;
    case IR_FCOPYSIGN:
        if (insn->a == insn->b) {
            break; // a copy
        }
        nan_settle_operands(e, ref);
        break;
    case IR_ST: case IR_FNEG: case IR_FABS: case IR_FXORSIGN: case IR_BITCAST: nan_settle_operands(e, ref); break;
    case IR_NANUNBOX:
        if (insn_at(e, insn->a)->op != IR_NANBOX) {
            nan_settle(e, insn->a);
        }
        break;
    default: break;
    }
}

void nan_count_uses(Emit *e)
{
    for (IrRef ref = e->block->nins; ref-- > 1;) {
        const IrInsn *insn = insn_at(e, ref);
        bool alias = insn->op == IR_NANBOX || insn->op == IR_NANUNBOX;
        bool sticky = (insn->op >= IR_FADD && insn->op <= IR_FMA) || insn->op == IR_FWIDEN || insn->op == IR_FNARROW;
        IrRef last = alias ? e->val[ref].sticky : sticky ? ref : 0;
        const IrRef operands[3] = { insn->a, insn->b, insn->c };
        for (unsigned i = 0; i < 3; i++) {
            Val *v = &e->val[operands[i]];
            v->sticky = last > v->sticky ? last : v->sticky;
        }
    }
}
