// SPDX-License-Identifier: GPL-2.0-or-later
// T1: where values are. One forward pass; a value is used from where it lies until its place is needed for something else.
//
// A pinned register always holds its slot's value, but between an instruction that computes straight into it and the setreg right behind.
// Values in scratch registers are moved to the frame when the register is needed.
#include "tcg/x86-emit.h"

static const uint8_t scratch_regs[2][3] = { { RAX, RDX, RCX }, { XMM0, XMM0 + 1, XMM0 + 2 } };

void alloc_begin(Emit *e)
{
    memset(e->head, 0, sizeof(e->head));
    memset(e->pin_ref, 0, sizeof(e->pin_ref));
    memset(e->reg_raw, 0, sizeof(e->reg_raw));
    memset(e->frame_last, 0, sizeof(e->frame_last));
    memset(e->val, 0, e->block->nins * sizeof(Val));
    e->nslotted = 0;
}

bool live_after(const Emit *e, IrRef ref)
{
    return e->val[ref].last > e->now;
}

uint64_t value_places(const Emit *e)
{
    uint64_t h = 0;
    for (IrRef ref = 1; ref <= e->now; ref++) {
        const Val *v = &e->val[ref];
        if (v->last > e->now) {
            h = (h ^ (v->kind | (uint64_t)v->reg << 8 | (uint64_t)(uint32_t)v->at << 16 | (uint64_t)ref << 48)) * 0x9e3779b97f4a7c15;
            h = (h ^ (uint64_t)v->imm) * 0x9e3779b97f4a7c15 + (uint64_t)v->home + v->zero_extended;
        }
    }
    for (unsigned i = 0; i < e->jit->npins; i++) {
        h = (h ^ e->pin_ref[e->jit->pin_reg[i]]) * 0x9e3779b97f4a7c15;
    }
    return h;
}

// ---- moves ----

void float_move(Asm *a, unsigned to, Opnd from)
{
    if (!is_xmm(to) && (from.mem || !is_xmm(from.reg))) {
        x_mov(a, X_W, to, from);
    } else if (!is_xmm(to)) {
        x_op(a, 0x7e | X_0F | X_66 | X_W, from.reg, x_reg(to));
    } else if (from.mem) {
        x_op(a, 0x10 | X_0F | X_F2, to, from);
    } else if (!is_xmm(from.reg)) {
        x_op(a, 0x6e | X_0F | X_66 | X_W, to, from);
    } else if (to != from.reg) {
        x_op(a, 0x28 | X_0F, to, from);
    }
}

void float_store(Asm *a, Opnd to, unsigned from)
{
    x_op(a, 0x11 | X_0F | X_F2, from, to);
}

static void reg_store(Asm *a, Opnd to, unsigned from)
{
    if (is_xmm(from)) {
        float_store(a, to, from);
    } else {
        x_store(a, X_W, to, from);
    }
}

static Opnd frame_opnd(int32_t at)
{
    return x_mem(RSP, FRAME_SPILL + 8 * at);
}

// A slot's value of this type into a register; narrow ones are zero-extended.
static void slot_load(Emit *e, unsigned type, uint32_t slot, unsigned reg)
{
    Opnd from = slot_opnd(slot);
    switch (ir_type_bytes(type)) {
    case 1: x_op(&e->hot, 0xb6 | X_0F, reg, from); break;
    case 2: x_op(&e->hot, 0xb7 | X_0F, reg, from); break;
    case 4:
        if (is_xmm(reg)) {
            x_op(&e->hot, 0x10 | X_0F | X_F3, reg, from);
        } else {
            x_mov(&e->hot, 0, reg, from);
        }
        break;
    default: float_move(&e->hot, reg, from); break;
    }
}

// ---- lists of values in registers ----

static void unlink_value(Emit *e, IrRef ref)
{
    Val *v = &e->val[ref];
    IrRef *link = &e->head[v->reg];
    while (*link && *link != ref) {
        link = &e->val[*link].next;
    }
    if (*link) {
        *link = v->next;
    }
    v->next = 0;
}

static void prune(Emit *e, unsigned reg)
{
    IrRef *link = &e->head[reg];
    while (*link) {
        Val *v = &e->val[*link];
        if (v->last < e->now) {
            *link = v->next;
            v->next = 0;
        } else {
            link = &v->next;
        }
    }
}

void value_place(Emit *e, IrRef ref, unsigned reg)
{
    Val *v = &e->val[ref];
    if (v->kind == V_REG) {
        unlink_value(e, ref);
    }
    v->kind = V_REG;
    v->reg = (uint8_t)reg;
    v->home = 0;
    v->next = e->head[reg];
    e->head[reg] = ref;
    e->reg_raw[reg] = v->raw;
}

int frame_alloc(Emit *e, unsigned n, IrRef last)
{
    for (unsigned i = 0; i + n <= FRAME_SLOTS - FRAME_PENDING; i++) {
        unsigned run = 0;
        while (run < n && e->frame_last[i + run] < e->now) {
            run++;
        }
        if (run == n) {
            for (run = 0; run < n; run++) {
                e->frame_last[i + run] = last > e->now ? last : e->now;
            }
            return (int)i;
        }
    }
    e->failed = true;
    return 0;
}

static void value_in_slot(Emit *e, IrRef ref, uint32_t slot)
{
    Val *v = &e->val[ref];
    v->kind = V_SLOT;
    v->at = (int32_t)slot;
    if (e->nslotted == IR_MAX_INSNS) {
        e->failed = true;
        return;
    }
    e->slotted[e->nslotted++] = ref;
}

static void value_to_frame(Emit *e, IrRef ref)
{
    Val *v = &e->val[ref];
    nan_settle(e, ref);
    int at = frame_alloc(e, 1, v->last);
    reg_store(&e->hot, frame_opnd(at), v->reg);
    unlink_value(e, ref);
    v->kind = V_FRAME;
    v->at = at;
}

// Values needed at `from` or later leave a scratch register.
static void evict(Emit *e, unsigned reg, IrRef from)
{
    IrRef next;
    for (IrRef ref = e->head[reg]; ref; ref = next) {
        Val *v = &e->val[ref];
        next = v->next;
        if (v->last < from) {
            unlink_value(e, ref);
        } else if (v->home > 0) {
            unlink_value(e, ref);
            value_in_slot(e, ref, (uint32_t)v->home - 1);
        } else {
            value_to_frame(e, ref);
        }
    }
}

static bool reg_free(Emit *e, unsigned reg)
{
    prune(e, reg);
    return e->head[reg] == 0 && !(e->locked >> reg & 1);
}

static void lock(Emit *e, unsigned reg)
{
    e->locked |= 1u << reg;
}

int scratch(Emit *e, unsigned bank)
{
    const uint8_t *regs = scratch_regs[bank];
    for (unsigned i = 0; i < 3; i++) {
        if (reg_free(e, regs[i])) {
            lock(e, regs[i]);
            return regs[i];
        }
    }
    for (unsigned i = 0; i < 6; i++) {
        uint32_t avoid = i < 3 ? e->locked | e->wanted : e->locked;
        if (!(avoid >> regs[i % 3] & 1)) {
            evict(e, regs[i % 3], e->now);
            lock(e, regs[i % 3]);
            return regs[i % 3];
        }
    }
    assert(false && "an instruction needs more scratch registers than there are");
    return 0;
}

void scratch_claim(Emit *e, unsigned reg)
{
    evict(e, reg, e->now);
    lock(e, reg);
}

void spill_scratch(Emit *e)
{
    for (unsigned i = 0; i < 6; i++) {
        evict(e, scratch_regs[i / 3][i % 3], e->now + 1);
    }
}

void displace(Emit *e, unsigned reg, IrRef except, bool to_frame)
{
    IrRef next;
    for (IrRef ref = e->head[reg]; ref; ref = next) {
        Val *v = &e->val[ref];
        next = v->next;
        if (ref == except) {
            continue;
        }
        if (v->last <= e->now) {
            unlink_value(e, ref);
            if (v->last == e->now && !to_frame) { // the current instruction may still read it there
                v->next = 0;
            }
            continue;
        }
        int to = -1;
        for (unsigned i = 0; !to_frame && i < e->jit->npins; i++) {
            unsigned pin = e->jit->pin_reg[i];
            if (pin != reg && e->pin_ref[pin] == ref && is_xmm(pin) == is_xmm(reg)) {
                to = (int)pin;
            }
        }
        if (to < 0) {
            value_to_frame(e, ref);
        } else {
            value_place(e, ref, (unsigned)to);
        }
    }
}

// ---- use ----

void value_load(Emit *e, IrRef ref, unsigned reg)
{
    const Val *v = &e->val[ref];
    switch (v->kind) {
    case V_CONST:
        if (is_xmm(reg)) {
            uint32_t locked = e->locked;
            unsigned r = (unsigned)scratch(e, BANK_INT);
            x_mov_imm(&e->hot, r, (uint64_t)v->imm);
            float_move(&e->hot, reg, x_reg(r));
            e->locked = locked;
        } else {
            x_mov_imm(&e->hot, reg, v->type == IR_I32 ? (uint32_t)v->imm : (uint64_t)v->imm);
        }
        break;
    case V_REG: float_move(&e->hot, reg, x_reg(v->reg)); break;
    case V_SLOT: slot_load(e, v->type, (uint32_t)v->at, reg); break;
    case V_FRAME: float_move(&e->hot, reg, frame_opnd(v->at)); break;
    default: assert(false && "value"); break;
    }
}

int value_reg(Emit *e, IrRef ref, unsigned bank)
{
    Val *v = &e->val[ref];
    if (v->kind == V_REG && is_xmm(v->reg) == (bank == BANK_FLOAT)) {
        lock(e, v->reg);
        return v->reg;
    }
    int reg = scratch(e, bank);
    value_load(e, ref, (unsigned)reg);
    if ((v->kind == V_SLOT || v->kind == V_FRAME) && live_after(e, ref)) {
        int32_t home = v->kind == V_SLOT && ir_type_bytes(v->type) == 8 ? v->at + 1 : 0;
        value_place(e, ref, (unsigned)reg);
        v->home = home;
    }
    return reg;
}

Opnd value_opnd(Emit *e, IrRef ref)
{
    const Val *v = &e->val[ref];
    if (v->kind == V_SLOT && ir_type_bytes(v->type) >= 4) {
        return slot_opnd((uint32_t)v->at);
    }
    if (v->kind == V_FRAME) {
        return frame_opnd(v->at);
    }
    return x_reg((unsigned)value_reg(e, ref, BANK_INT));
}

bool value_imm(const Emit *e, IrRef ref, unsigned type, int32_t *imm)
{
    const Val *v = &e->val[ref];
    *imm = (int32_t)v->imm;
    return v->kind == V_CONST && (type == IR_I32 || v->imm == (int32_t)v->imm);
}

void value_to_arg(Emit *e, IrRef ref, unsigned n)
{
    const Val *v = &e->val[ref];
    Opnd to = x_mem(RSP, (int32_t)(FRAME_ARGS + 8 * n)), high = x_mem(RSP, (int32_t)(FRAME_ARGS + 8 * n + 4));
    int32_t imm;
    bool half = v->type == IR_I32 || v->type == IR_F32;
    if (v->kind == V_CONST && !half && value_imm(e, ref, IR_I64, &imm)) {
        x_op_imm32(&e->hot, 0xc7 | X_W, 0, to, imm);
        return;
    }
    bool in_reg = v->kind == V_REG;
    uint32_t locked = e->locked;
    unsigned reg = in_reg ? v->reg : (unsigned)scratch(e, BANK_INT);
    if (!in_reg) {
        value_load(e, ref, reg);
    }
    reg_store(&e->hot, to, reg);
    if (half) {
        x_op_imm32(&e->hot, 0xc7, 0, high, 0);
    }
    e->locked = locked;
}

// ---- results ----

// The register pinned to the slot that the next instruction sets to this value, or -1.
static int pinned_dest(const Emit *e, IrRef ref, unsigned bank)
{
    const IrInsn *next = &e->block->ins[ref + 1];
    if (next->op == IR_NANBOX && next->a == ref && e->val[ref].uses == 1) { // done in place
        ref++;
        next++;
    }
    if (ref + 1 >= e->block->nins || next->op != IR_SETREG || next->a != ref || ir_type_bytes(next->type) != 8) {
        return -1;
    }
    for (unsigned i = 0; i < e->jit->npins; i++) {
        unsigned reg = e->jit->pin_reg[i];
        if (e->jit->pin_slot[i] == (uint32_t)next->imm && is_xmm(reg) == (bank == BANK_FLOAT)) {
            return (int)reg;
        }
    }
    return -1;
}

bool has_pinned_dest(const Emit *e, IrRef ref, unsigned bank)
{
    return pinned_dest(e, ref, bank) >= 0;
}

// Is it a scratch register whose values all end here?
static bool dies_in(Emit *e, IrRef ref, unsigned bank)
{
    const Val *v = &e->val[ref];
    if (!ref || v->kind != V_REG || is_xmm(v->reg) != (bank == BANK_FLOAT) || e->jit->is_pin[v->reg]) {
        return false;
    }
    for (IrRef other = e->head[v->reg]; other; other = e->val[other].next) {
        if (live_after(e, other)) {
            return false;
        }
    }
    return true;
}

int value_dest(Emit *e, IrRef ref, unsigned bank)
{
    int pin = pinned_dest(e, ref, bank);
    if (pin >= 0) {
        displace(e, (unsigned)pin, 0, false);
        e->pin_ref[pin] = 0;
        lock(e, (unsigned)pin);
        return pin;
    }
    const IrInsn *insn = insn_at(e, ref);
    if (dies_in(e, insn->a, bank)) {
        lock(e, e->val[insn->a].reg);
        return e->val[insn->a].reg;
    }
    if (dies_in(e, insn->b, bank)) {
        lock(e, e->val[insn->b].reg);
        return e->val[insn->b].reg;
    }
    return scratch(e, bank);
}

void value_alias(Emit *e, IrRef ref, IrRef of)
{
    Val *v = &e->val[ref], *o = &e->val[of];
    v->raw = o->raw;
    switch (o->kind) {
    case V_CONST:
        v->kind = V_CONST;
        v->imm = o->imm;
        break;
    case V_REG: {
        int32_t home = o->home;
        value_place(e, ref, o->reg);
        v->home = home;
        break;
    }
    case V_SLOT: value_in_slot(e, ref, (uint32_t)o->at); break;
    case V_FRAME:
        v->kind = V_FRAME;
        v->at = o->at;
        if (e->frame_last[o->at] < v->last) {
            e->frame_last[o->at] = v->last;
        }
        break;
    default: assert(false && "alias"); break;
    }
}

// ---- slots ----

static bool overlaps(uint32_t a, unsigned na, uint32_t b, unsigned nb)
{
    return a < b + nb && b < a + na;
}

// Values that lie in these bytes of the state and are needed later get a copy in the frame.
static void slot_overwritten(Emit *e, uint32_t slot, unsigned bytes)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < e->nslotted; i++) {
        IrRef ref = e->slotted[i];
        Val *v = &e->val[ref];
        if (v->kind != V_SLOT || v->last <= e->now) {
            continue;
        }
        if (!overlaps(slot, bytes, (uint32_t)v->at, ir_type_bytes(v->type))) {
            e->slotted[kept++] = ref;
            continue;
        }
        uint32_t locked = e->locked;
        unsigned reg = (unsigned)scratch(e, BANK_INT);
        value_load(e, ref, reg);
        int at = frame_alloc(e, 1, v->last);
        x_store(&e->hot, X_W, frame_opnd(at), reg);
        v->kind = V_FRAME;
        v->at = at;
        e->locked = locked;
    }
    e->nslotted = kept;
    for (unsigned i = 0; i < 6; i++) {
        for (IrRef ref = e->head[scratch_regs[i / 3][i % 3]]; ref; ref = e->val[ref].next) {
            int32_t home = e->val[ref].home;
            if (home && overlaps(slot, bytes, (uint32_t)home - 1, 8)) {
                e->val[ref].home = 0;
            }
        }
    }
}

void slots_unknown(Emit *e)
{
    for (unsigned i = 0; i < e->jit->npins; i++) {
        displace(e, e->jit->pin_reg[i], 0, true);
        e->pin_ref[e->jit->pin_reg[i]] = 0;
    }
    slot_overwritten(e, 0, UINT32_MAX / 2);
}

// The pin that overlaps these bytes, or -1. *exact: it begins where they do.
static int pin_at(const Emit *e, uint32_t slot, unsigned bytes, bool *exact)
{
    for (unsigned i = 0; i < e->jit->npins; i++) {
        if (overlaps(slot, bytes, e->jit->pin_slot[i], 8)) {
            *exact = e->jit->pin_slot[i] == slot;
            return e->jit->pin_reg[i];
        }
    }
    return -1;
}

// pc isn't kept while T1 runs, and flags are in MXCSR: what looks at them there is left to T0.
static bool kept_elsewhere(uint32_t slot, unsigned bytes)
{
    return overlaps(slot, bytes, 0, offsetof(CpuArch, halted));
}

void emit_getreg(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    uint32_t slot = (uint32_t)insn->imm;
    unsigned bytes = ir_type_bytes(insn->type);
    bool exact = false;
    if (bytes > 8 || kept_elsewhere(slot, bytes)) {
        e->failed = true;
        return;
    }
    int pin = pin_at(e, slot, bytes, &exact);
    if (pin >= 0 && exact) {
        e->val[ref].raw = e->reg_raw[pin];
        value_place(e, ref, (unsigned)pin);
        if (!e->pin_ref[pin] && bytes == 8) {
            e->pin_ref[pin] = ref;
        }
    } else if (pin >= 0) {
        reg_store(&e->hot, slot_opnd(e->jit->reg_slot[pin]), (unsigned)pin);
        unsigned reg = (unsigned)scratch(e, BANK_INT);
        slot_load(e, insn->type == IR_F32 ? IR_I32 : insn->type == IR_F64 ? IR_I64 : insn->type, slot, reg);
        value_place(e, ref, reg);
    } else {
        value_in_slot(e, ref, slot);
    }
}

static void setreg_pinned(Emit *e, const IrInsn *insn, unsigned pin)
{
    Val *v = &e->val[insn->a];
    if (v->kind != V_REG || v->reg != pin) {
        displace(e, pin, 0, false);
        value_load(e, insn->a, pin);
        bool in_scratch = v->kind == V_REG && !e->jit->is_pin[v->reg] && is_xmm(v->reg) == is_xmm(pin);
        if (live_after(e, insn->a) && (in_scratch || v->kind == V_SLOT || v->kind == V_FRAME)) {
            value_place(e, insn->a, pin);
        }
    }
    e->pin_ref[pin] = insn->a;
    e->reg_raw[pin] = v->raw;
}

static void setreg_memory(Emit *e, const IrInsn *insn, uint32_t slot)
{
    Val *v = &e->val[insn->a];
    unsigned bytes = ir_type_bytes(insn->type);
    Opnd to = slot_opnd(slot);
    int32_t imm = 0;
    bool is_imm = bytes >= 4 && value_imm(e, insn->a, bytes == 4 ? IR_I32 : IR_I64, &imm);
    unsigned reg = 0;
    if (!is_imm) {
        reg = v->kind == V_REG ? v->reg : (unsigned)value_reg(e, insn->a, BANK_INT);
        lock(e, reg);
    }
    slot_overwritten(e, slot, bytes);
    if (is_imm) {
        x_op_imm32(&e->hot, 0xc7 | (bytes == 8 ? X_W : 0), 0, to, imm);
        return;
    }
    if (is_xmm(reg)) {
        x_op(&e->hot, 0x11 | X_0F | (bytes == 8 ? X_F2 : X_F3), reg, to);
    } else {
        switch (bytes) {
        case 1: x_op(&e->hot, 0x88 | X_BYTE, reg, to); break;
        case 2: x_op(&e->hot, 0x89 | X_66, reg, to); break;
        default: x_store(&e->hot, bytes == 8 ? X_W : 0, to, reg); break;
        }
    }
    if (bytes == 8 && v->kind == V_REG && v->reg == reg && !e->jit->is_pin[reg]) {
        v->home = (int32_t)slot + 1;
    }
}

void emit_setreg(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    uint32_t slot = (uint32_t)insn->imm;
    unsigned bytes = ir_type_bytes(insn->type);
    bool exact = false;
    if (bytes > 8 || kept_elsewhere(slot, bytes)) {
        e->failed = true;
        return;
    }
    int pin = pin_at(e, slot, bytes, &exact);
    if (pin < 0) {
        setreg_memory(e, insn, slot);
    } else if (exact && bytes == 8) {
        setreg_pinned(e, insn, (unsigned)pin);
    } else {
        // A part of a pinned slot: by way of memory.
        displace(e, (unsigned)pin, 0, true);
        e->pin_ref[pin] = 0;
        Opnd whole = slot_opnd(e->jit->reg_slot[pin]);
        reg_store(&e->hot, whole, (unsigned)pin);
        setreg_memory(e, insn, slot);
        float_move(&e->hot, (unsigned)pin, whole);
    }
}
