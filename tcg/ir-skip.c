// SPDX-License-Identifier: GPL-2.0-or-later
// Short forward branches become selects: a branch over a few instructions that only compute costs less done both ways than guessed wrong.
//
//     v3 = exitif ne v1, v2, 0x100c       insn 0x1008 …
//     insn 0x1008                         v5 = xor v4, v1
//     v5 = xor v4, v1                     v6 = cmp ne v1, v2
//     setreg x5, v5               ->      v7 = getreg x5
//     insn 0x100c                         v8 = select v6, v7, v5
//     join                                setreg x5, v8
//                                         skip v6, 1
//                                         insn 0x100c
//                                         join
//
// `skip` gives back the instructions that weren't attempted, so that counts stay exact. For executors that run blocks from one end to the other:
// T1. Done before ir_optimise.
#include <glib.h>
#include <string.h>

#include "tcg/cpu.h"
#include "tcg/ir-opt.h"

enum { SKIP_INSNS = 4, SKIP_SLOTS = 2 };

typedef struct Region { // behind a branch: instructions first … join - 1
    IrRef first, join;
    unsigned ninsns, nslots;
    uint32_t slot[SKIP_SLOTS];
    uint8_t type[SKIP_SLOTS];
    IrRef value[SKIP_SLOTS]; // what is set last, in the new numbering
} Region;

// Index of a slot that is written as a whole; -1: it can't be.
static int slot_index(Region *r, const IrInsn *insn)
{
    uint32_t slot = (uint32_t)insn->imm;
    unsigned bytes = ir_type_bytes(insn->type);
    for (unsigned i = 0; i < r->nslots; i++) {
        if (r->slot[i] == slot && r->type[i] == insn->type) {
            return (int)i;
        }
        if (slot < r->slot[i] + ir_type_bytes(r->type[i]) && r->slot[i] < slot + bytes) {
            return -1;
        }
    }
    if (r->nslots == SKIP_SLOTS || slot < sizeof(CpuArch) || (insn->type != IR_I64 && insn->type != IR_I32)) {
        return -1;
    }
    r->slot[r->nslots] = slot;
    r->type[r->nslots] = insn->type;
    return (int)r->nslots++;
}

// Does what stands between the branch and its target only compute?
static bool region_find(const IrBlock *block, IrRef branch, Region *r)
{
    uint64_t target = (uint64_t)block->ins[branch].imm;
    for (IrRef ref = branch; block->ins[ref].op != IR_INSN; ref--) {
        if (block->ins[ref].op == IR_CALL) {
            return false; // may have asked to leave behind this instruction, wherever it goes
        }
    }
    *r = (Region){ .first = (IrRef)(branch + 1) };
    for (IrRef ref = r->first; ref < block->nins; ref++) {
        const IrInsn *insn = &block->ins[ref];
        if (insn->op == IR_INSN) {
            if ((uint64_t)insn->imm == target) {
                r->join = ref;
                return r->ninsns > 0 && insn[1].op == IR_JOIN;
            }
            if (++r->ninsns > SKIP_INSNS) {
                return false;
            }
        } else if (insn->op == IR_SETREG ? slot_index(r, insn) < 0 : insn->op != IR_GETREG && insn->op != IR_JOIN && !ir_op_has(insn->op, 'P')) {
            return false;
        }
    }
    return false;
}

// A read of a part of a slot that the region has written can't be mapped.
static bool region_reads_parts(const IrBlock *block, const Region *r)
{
    for (IrRef ref = r->first; ref < r->join; ref++) {
        const IrInsn *insn = &block->ins[ref];
        for (unsigned i = 0; insn->op == IR_GETREG && i < r->nslots; i++) {
            uint32_t slot = (uint32_t)insn->imm;
            bool same = slot == r->slot[i] && insn->type == r->type[i];
            if (!same && slot < r->slot[i] + ir_type_bytes(r->type[i]) && r->slot[i] < slot + ir_type_bytes(insn->type)) {
                return true;
            }
        }
    }
    return false;
}

static IrRef put(IrOpt *o, IrInsn insn)
{
    o->out[o->nout] = insn;
    return o->nout++;
}

static IrRef copy(IrOpt *o, const IrInsn *old)
{
    IrInsn insn = *old;
    insn.a = o->map[insn.a];
    insn.b = o->map[insn.b];
    insn.c = o->map[insn.c];
    return put(o, insn);
}

static void copy_region(IrOpt *o, const IrBlock *block, Region *r)
{
    for (IrRef ref = r->first; ref < r->join; ref++) {
        const IrInsn *insn = &block->ins[ref];
        int i = insn->op == IR_SETREG || insn->op == IR_GETREG ? slot_index(r, insn) : -1;
        if (insn->op == IR_SETREG) {
            r->value[i] = o->map[insn->a];
        } else if (insn->op == IR_GETREG && i >= 0 && r->value[i]) {
            o->map[ref] = r->value[i];
        } else {
            o->map[ref] = copy(o, insn);
        }
    }
}

static void convert(IrOpt *o, const IrBlock *block, IrRef branch, Region *r)
{
    const IrInsn *exit = &block->ins[branch];
    IrInsn cmp = { .op = IR_CMP, .type = exit->type, .sub = exit->sub, .a = o->map[exit->a], .b = o->map[exit->b], .snap = exit->snap };
    unsigned nslots = r->nslots;
    copy_region(o, block, r);
    IrRef cond = put(o, cmp);
    for (unsigned i = 0; i < nslots; i++) {
        IrRef old = put(o, (IrInsn){ .op = IR_GETREG, .type = r->type[i], .imm = r->slot[i], .snap = exit->snap });
        IrRef value = put(o, (IrInsn){ .op = IR_SELECT, .type = r->type[i], .a = cond, .b = old, .c = r->value[i], .snap = exit->snap });
        put(o, (IrInsn){ .op = IR_SETREG, .type = r->type[i], .a = value, .imm = r->slot[i], .snap = exit->snap });
    }
    put(o, (IrInsn){ .op = IR_SKIP, .type = IR_VOID, .a = cond, .imm = r->ninsns, .snap = exit->snap });
}

void opt_skips(IrOpt *o)
{
    IrBlock *block = &o->b->block;
    Region r;
    bool any = false;
    o->nout = 1;
    o->map[0] = 0;
    o->out[0] = block->ins[0];
    for (IrRef ref = 1; ref < block->nins; ref++) {
        bool roomy = o->nout + (block->nins - ref) + 2 + 3 * SKIP_SLOTS < IR_MAX_INSNS;
        if (block->ins[ref].op == IR_EXITIF && roomy && region_find(block, ref, &r) && !region_reads_parts(block, &r)) {
            convert(o, block, ref, &r);
            ref = (IrRef)(r.join - 1);
            any = true;
        } else {
            o->map[ref] = copy(o, &block->ins[ref]);
        }
    }
    if (any) {
        memcpy(block->ins, o->out, o->nout * sizeof(IrInsn));
        block->nins = o->nout;
    }
}
