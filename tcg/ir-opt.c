// SPDX-License-Identifier: GPL-2.0-or-later
// The optimiser: two walks over a block, one forwards and one backwards, and a renumbering; linear in its length.
//
//     v2 = const.i64 5                    v2 = const.i64 5
//     setreg.i64 x5, v2                   v3 = getreg.i64 x1
//     v4 = getreg.i64 x1                  v4 = ld.i64 [v3+4], size=8 mmu=0 {x5.i64=v2}
//     v5 = const.i64 4           ->       setreg.i64 x5, v4
//     v6 = add.i64 v4, v5
//     v7 = ld.i64 [v6], size=8 mmu=0
//     setreg.i64 x5, v7
//
// What an executor can see stays as it was: state at each place where the block can be left (with the snapshot's pending writes done), order
// of memory accesses, calls and float ops with their flags, number of guest instructions. A write to a slot is postponed only past
// memory accesses and helpers that don't look at registers; state that those depend on otherwise (translation regime, privilege) must
// therefore be written by helpers, or last in a block. Slots in CpuArch are never touched.
#include <assert.h>
#include <glib.h>
#include <string.h>

#include "tcg/cpu.h"
#include "tcg/ir-opt.h"

// A write moves behind at most so many S ops.
enum { MAX_SPAN = 8 };

static bool overlap(const IrPending *w, IrType type, uint32_t slot)
{
    return slot < w->slot + ir_type_bytes(w->type) && w->slot < slot + ir_type_bytes(type);
}

// Forgets what is known of slots that overlap this one.
static void forget_slot(IrOpt *o, IrType type, uint32_t slot)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < o->nslots; i++) {
        if (overlap(&o->slots[i].write, type, slot)) {
            o->homes[o->slots[i].write.value]--;
        } else {
            o->slots[kept++] = o->slots[i];
        }
    }
    o->nslots = kept;
}

static void forget_all_slots(IrOpt *o)
{
    for (unsigned i = 0; i < o->nslots; i++) {
        o->homes[o->slots[i].write.value]--;
    }
    o->nslots = 0;
}

static const IrHelper *helper_of(const IrInsn *call)
{
    return (const IrHelper *)(intptr_t)call->imm;
}

// ---- forwards: simplify ----

static unsigned hash_of(const IrInsn *insn)
{
    uint64_t h = (uint64_t)insn->imm * 0x9e3779b97f4a7c15;
    h ^= (uint64_t)insn->op | (uint64_t)insn->type << 8 | (uint64_t)insn->a << 16 | (uint64_t)insn->b << 32 | (uint64_t)insn->c << 48;
    h ^= (uint64_t)insn->sub << 24;
    h *= 0xff51afd7ed558ccd;
    return (unsigned)(h >> 40) % OPT_HASH;
}

static bool is_same(const IrInsn *x, const IrInsn *y)
{
    return x->op == y->op && x->type == y->type && x->sub == y->sub && x->a == y->a && x->b == y->b && x->c == y->c &&
           x->imm == y->imm;
}

static IrRef append(IrOpt *o, const IrInsn *insn)
{
    assert(o->nout < IR_MAX_INSNS);
    IrRef ref = o->nout++;
    o->out[ref] = *insn;
    o->homes[ref] = 0;
    opt_note_range(o, ref);
    return ref;
}

IrRef opt_emit(IrOpt *o, IrInsn insn)
{
    for (unsigned round = 0; round < 16 && o->roomy; round++) {
        Fold fold = opt_fold(o, &insn);
        if (fold == FOLD_VALUE) {
            return o->taken;
        }
        if (fold == FOLD_NONE) {
            break;
        }
    }
    IrRef *same = &o->same[hash_of(&insn)];
    if (!*same || !is_same(&o->out[*same], &insn)) {
        *same = append(o, &insn);
    }
    return *same;
}

IrRef opt_const(IrOpt *o, IrType type, uint64_t value)
{
    IrInsn insn = { 0 };
    opt_make_const(&insn, type, value);
    return opt_emit(o, insn);
}

static void know_slot(IrOpt *o, IrType type, uint32_t slot, IrRef value)
{
    if (o->nslots < IR_KNOWN && slot >= sizeof(CpuArch) && ir_value_type(type) == type) {
        o->slots[o->nslots++].write = (IrPending){ .slot = slot, .type = (uint8_t)type, .value = value };
        o->homes[value]++;
    }
}

// Value of the slot if it is known; 0 if not.
static IrRef known_slot(IrOpt *o, IrType type, uint32_t slot)
{
    for (unsigned i = 0; i < o->nslots; i++) {
        const IrPending *w = &o->slots[i].write;
        if (w->slot != slot) {
            continue;
        }
        if (w->type == type) {
            return w->value;
        }
        IrInsn cast = opt_insn1(IR_BITCAST, type, w->value);
        if (ir_operand_type(&cast, 0) == w->type) {
            return opt_emit(o, cast);
        }
    }
    return 0;
}

static IrRef simplify_getreg(IrOpt *o, const IrInsn *insn)
{
    IrRef value = known_slot(o, insn->type, (uint32_t)insn->imm);
    if (!value) {
        value = append(o, insn);
        know_slot(o, insn->type, (uint32_t)insn->imm, value);
    }
    return value;
}

static void simplify_setreg(IrOpt *o, IrInsn *insn)
{
    opt_fold(o, insn);
    if (known_slot(o, insn->type, (uint32_t)insn->imm) == insn->a) {
        return; // the slot holds it already
    }
    append(o, insn);
    forget_slot(o, insn->type, (uint32_t)insn->imm);
    know_slot(o, insn->type, (uint32_t)insn->imm, insn->a);
}

// Returns false if the block ends here.
static bool simplify_exitif(IrOpt *o, IrInsn *insn)
{
    Fold fold = FOLD_AGAIN;
    for (unsigned round = 0; round < 16 && fold == FOLD_AGAIN && o->roomy; round++) {
        fold = opt_fold(o, insn);
    }
    if (fold == FOLD_NEVER) {
        return true;
    }
    if (fold == FOLD_ALWAYS) {
        *insn = (IrInsn){ .op = IR_GOTO, .type = IR_VOID, .imm = insn->imm };
    }
    append(o, insn);
    return fold != FOLD_ALWAYS;
}

// Folds constants, replaces ops by cheaper ones, shares equal values, forwards writes of slots to reads.
static void simplify(IrOpt *o)
{
    IrBlock *block = &o->b->block;
    bool going = true, calls = false;
    memset(o->same, 0, sizeof(o->same));
    o->nout = 1;
    o->nslots = 0;
    o->map[0] = 0;
    o->out[0] = block->ins[0];
    for (IrRef ref = 1; ref < block->nins && going; ref++) {
        IrInsn insn = block->ins[ref];
        insn.a = o->map[insn.a];
        insn.b = o->map[insn.b];
        insn.c = o->map[insn.c];
        o->roomy = o->nout + (block->nins - ref) < IR_MAX_INSNS - 64;
        switch (insn.op) {
        case IR_GETREG: o->map[ref] = simplify_getreg(o, &insn); continue;
        case IR_SETREG: simplify_setreg(o, &insn); continue;
        case IR_EXITIF: going = simplify_exitif(o, &insn); continue;
        case IR_INSN:
            o->calls[o->nout] = calls;
            calls = false;
            break;
        case IR_CALL:
            calls = true;
            if (helper_of(&insn)->flags & HELPER_WRITES_REGS) {
                forget_all_slots(o);
            }
            break;
        case IR_LD: case IR_ST: case IR_RMW: case IR_CAS:
            while (o->roomy && opt_fold(o, &insn) == FOLD_AGAIN) {
            }
            break;
        default:
            if (ir_op_has(insn.op, 'P')) {
                o->map[ref] = opt_emit(o, insn);
                continue;
            }
        }
        o->map[ref] = append(o, &insn);
    }
}

// ---- backwards: drop what has no effect ----

static void use(IrOpt *o, IrRef value, IrRef at)
{
    if (value && !o->last_use[value]) {
        o->last_use[value] = at;
    }
}

static bool is_pure(const IrInsn *insn)
{
    return insn->op == IR_GETREG || ir_op_has(insn->op, 'P');
}

static bool can_leave(const IrInsn *insn)
{
    return ir_op_has(insn->op, 'S') || ir_op_has(insn->op, 'A');
}

// Can the write be kept in the snapshots of these S ops? It pays for constants and flags; for others if they live as long anyway, and the
// executor likes to keep values elsewhere than in their slots.
static bool can_postpone(const IrOpt *o, const IrInsn *insn, unsigned from)
{
    const OptLeave *last = &o->leaves[from];
    bool always = o->out[insn->a].op == IR_CONST || insn->type == IR_FLAGS_TUPLE;
    if (!always && (!(o->options & IR_OPT_POSTPONE) || o->last_use[insn->a] < last->ref)) {
        return false;
    }
    if (o->nleaves - from > MAX_SPAN || (o->nspecial + MAX_SPAN) * OPT_PENDING > IR_MAX_PENDING) {
        return false;
    }
    for (unsigned i = from; i < o->nleaves; i++) {
        if (o->leaves[i].npending == OPT_PENDING || ir_op_has(o->out[o->leaves[i].ref].op, 'A')) {
            return false;
        }
    }
    return true;
}

static void postpone(IrOpt *o, const IrInsn *insn, unsigned from)
{
    for (unsigned i = from; i < o->nleaves; i++) {
        OptLeave *leave = &o->leaves[i];
        o->nspecial += leave->npending == 0;
        leave->pending[leave->npending++] = (IrPending){ .slot = (uint32_t)insn->imm, .type = insn->type, .value = insn->a };
        use(o, insn->a, leave->ref);
    }
}

// Is the write needed here: not if the slot is written again first, and what can leave in between knows of it.
static bool need_setreg(IrOpt *o, const IrInsn *insn)
{
    uint32_t slot = (uint32_t)insn->imm;
    if (slot < sizeof(CpuArch)) {
        return true;
    }
    for (unsigned i = 0; i < o->nslots; i++) {
        const IrPending *w = &o->slots[i].write;
        if (w->slot == slot && ir_type_bytes(w->type) == ir_type_bytes(insn->type)) {
            unsigned from = o->slots[i].nleaves;
            bool needed = from < o->nleaves && !can_postpone(o, insn, from);
            if (!needed) {
                postpone(o, insn, from);
            }
            o->slots[i].nleaves = o->nleaves;
            return needed;
        }
    }
    forget_slot(o, insn->type, slot);
    if (o->nslots < IR_KNOWN) {
        o->slots[o->nslots].write = (IrPending){ .slot = slot, .type = insn->type };
        o->slots[o->nslots++].nleaves = o->nleaves;
    }
    return true;
}

// What the instruction means for writes before it: nothing is known to be overwritten behind what looks at the slots.
static void look_at_slots(IrOpt *o, IrRef ref)
{
    const IrInsn *insn = &o->out[ref];
    switch (insn->op) {
    case IR_GETREG: forget_slot(o, insn->type, (uint32_t)insn->imm); break;
    case IR_EXITIF: o->nslots = 0; break;
    case IR_INSN: o->nslots = o->calls[ref] ? 0 : o->nslots; break;
    case IR_CALL:
        o->nslots = helper_of(insn)->flags & (HELPER_READS_REGS | HELPER_WRITES_REGS) ? 0 : o->nslots;
        break;
    default: break;
    }
    if (can_leave(insn)) {
        o->leaves[o->nleaves++] = (OptLeave){ .ref = ref };
    }
}

// Marks the instructions that are needed; moves writes of slots that are overwritten to the snapshots between.
static void drop_unused(IrOpt *o)
{
    memset(o->last_use, 0, o->nout * sizeof(o->last_use[0]));
    o->nslots = o->nleaves = o->nspecial = 0;
    for (IrRef ref = o->nout; ref-- > 1;) {
        const IrInsn *insn = &o->out[ref];
        o->live[ref] = insn->op == IR_SETREG ? need_setreg(o, insn) : !is_pure(insn) || o->last_use[ref];
        if (o->live[ref]) {
            look_at_slots(o, ref);
            use(o, insn->a, ref);
            use(o, insn->b, ref);
            use(o, insn->c, ref);
        }
    }
}

// ---- renumber ----

static uint16_t new_snap(IrOpt *o, IrBlock *block, uint64_t pc, uint16_t index)
{
    assert(block->nsnaps < IR_MAX_SNAPS);
    o->snaps[block->nsnaps] = (IrSnap){ .pc = pc, .index = index, .first_pending = block->npending };
    return block->nsnaps++;
}

static bool same_pending(const IrOpt *o, const IrSnap *snap, const OptLeave *leave)
{
    for (unsigned i = 0; i < leave->npending; i++) {
        const IrPending *p = &o->pending[snap->first_pending + i], *q = &leave->pending[i];
        if (p->slot != q->slot || p->type != q->type || p->value != o->map[q->value]) {
            return false;
        }
    }
    return snap->npending == leave->npending;
}

// Number of a snapshot like `base` with the leave's pending writes: the last one made, if it is that, or a new one. There are at most one for
// each guest instruction and one for each leave with pending writes, of which can_postpone allows IR_MAX_PENDING / 4.
static uint16_t leave_snap(IrOpt *o, IrBlock *block, uint16_t base, const OptLeave *leave)
{
    const IrSnap *last = &o->snaps[block->nsnaps - 1];
    if (leave->npending == 0) {
        return base;
    }
    if (last->index == o->snaps[base].index && same_pending(o, last, leave)) {
        return (uint16_t)(block->nsnaps - 1);
    }
    uint16_t number = new_snap(o, block, o->snaps[base].pc, o->snaps[base].index);
    assert(block->npending + leave->npending <= IR_MAX_PENDING);
    o->snaps[number].npending = leave->npending;
    for (unsigned i = 0; i < leave->npending; i++) {
        IrPending *p = &o->pending[block->npending++];
        *p = leave->pending[i];
        p->value = o->map[p->value];
    }
    return number;
}

// Copies what is live back into the builder's block, with snapshots made anew.
static void renumber(IrOpt *o)
{
    IrBlock *block = &o->b->block;
    uint16_t base = 0;
    block->nins = 1;
    block->nguest = block->nsnaps = block->npending = 0;
    for (IrRef ref = 1; ref < o->nout; ref++) {
        if (!o->live[ref]) {
            continue;
        }
        IrInsn insn = o->out[ref];
        insn.a = o->map[insn.a];
        insn.b = o->map[insn.b];
        insn.c = o->map[insn.c];
        if (insn.op == IR_INSN) {
            base = new_snap(o, block, (uint64_t)insn.imm, block->nguest++);
        }
        insn.snap = can_leave(&insn) ? leave_snap(o, block, base, &o->leaves[--o->nleaves]) : base;
        o->map[ref] = block->nins;
        block->ins[block->nins++] = insn;
    }
    memcpy(block->snaps, o->snaps, block->nsnaps * sizeof(IrSnap));
    memcpy(block->pending, o->pending, block->npending * sizeof(IrPending));
}

void ir_optimise_with(IrBuilder *b, unsigned options)
{
    if (b->block.npending) {
        return; // it has been optimised
    }
    if (!b->scratch) {
        b->scratch = g_malloc(sizeof(IrOpt));
    }
    IrOpt *o = b->scratch;
    o->b = b;
    o->options = options;
    if (options & IR_OPT_SKIP) {
        opt_skips(o);
    }
    simplify(o);
    drop_unused(o);
    renumber(o);
    b->nslots = b->nconsts = 0; // numbers in the old block
}

void ir_optimise(IrBuilder *b)
{
    ir_optimise_with(b, 0);
}
