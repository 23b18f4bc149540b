// SPDX-License-Identifier: GPL-2.0-or-later
// What the optimiser's files share: ir-opt.c walks blocks, ir-fold*.c know what single ops come to.
#pragma once
#include "tcg/ir.h"

enum { OPT_HASH = 1024, OPT_PENDING = 4 };

// An instruction at which the block can be left (S and A ops), and the writes that were moved behind it.
typedef struct OptLeave {
    IrRef ref;
    uint8_t npending;
    IrPending pending[OPT_PENDING];
} OptLeave;

// Scratch memory of the optimiser. `out` is the block that is being made: instructions 1..nout-1.
typedef struct IrOpt {
    IrBuilder *b;
    unsigned options;
    IrRef nout;
    bool roomy;                      // out has room for what folding adds
    IrRef taken;                     // of FOLD_VALUE
    IrInsn out[IR_MAX_INSNS];
    // Of out's int values: below 2^bits; sign extension of their low sbits bits (within their type).
    uint8_t bits[IR_MAX_INSNS], sbits[IR_MAX_INSNS];
    uint8_t homes[IR_MAX_INSNS];     // slots that hold the value here: to use it costs nothing
    IrRef map[IR_MAX_INSNS];         // old numbers to new ones
    IrRef same[OPT_HASH];            // pure instructions by their hash
    unsigned nslots;                 // what is known of slots; then, walking backwards: which are written before they are read
    struct {
        IrPending write;
        unsigned nleaves;            // leaves seen behind the write that kills it
    } slots[IR_KNOWN];
    unsigned nleaves, nspecial;      // walking backwards: S and A ops; those of them that got pending writes
    OptLeave leaves[IR_MAX_INSNS];
    IrRef last_use[IR_MAX_INSNS];    // 0: none yet
    bool live[IR_MAX_INSNS];
    bool calls[IR_MAX_INSNS];        // an INSN behind a guest instruction that calls a helper
    IrSnap snaps[IR_MAX_SNAPS];
    IrPending pending[IR_MAX_PENDING];
} IrOpt;

typedef enum Fold {
    FOLD_NONE,   // nothing to gain
    FOLD_AGAIN,  // the instruction was changed for a better one
    FOLD_VALUE,  // its value is o->taken
    FOLD_NEVER,  // an EXITIF that doesn't leave
    FOLD_ALWAYS, // an EXITIF that leaves
} Fold;

// Looks at one instruction whose operands are numbers in out.
Fold opt_fold(IrOpt *o, IrInsn *insn);
// Of CMP, EXITIF and SELECT.
Fold opt_fold_compare(IrOpt *o, IrInsn *insn);
Fold opt_fold_select(IrOpt *o, IrInsn *insn);
// Of CC, FLAGBIT and FLAGBITS.
Fold opt_fold_flags(IrOpt *o, IrInsn *insn);
void opt_skips(IrOpt *o); // ir-skip.c, in the builder's block
IrCond opt_inverted(IrCond cond);
// Appends a pure instruction, or finds one that gives the same.
IrRef opt_emit(IrOpt *o, IrInsn insn);
IrRef opt_const(IrOpt *o, IrType type, uint64_t value);
// What is known about the value that instruction `ref` makes.
void opt_note_range(IrOpt *o, IrRef ref);

static inline unsigned opt_width(IrType type) { return 8 * ir_type_bytes(type); }
static inline uint64_t opt_mask(unsigned bits) { return bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1; }

static inline bool opt_is_const(const IrOpt *o, IrRef ref, uint64_t *value)
{
    const IrInsn *insn = &o->out[ref];
    if (insn->op != IR_CONST) {
        return false;
    }
    *value = (uint64_t)insn->imm & opt_mask(opt_width(insn->type));
    return true;
}

// Is it no loss to use `from` in place of `value`: slots are what registers are pinned to, so a value that has left its slot while
// the other is in one would need a register of its own.
static inline bool opt_is_handy(const IrOpt *o, IrRef from, IrRef value) { return o->homes[from] || !o->homes[value]; }

// ---- for rules ----

static inline Fold opt_take(IrOpt *o, IrRef ref)
{
    o->taken = ref;
    return FOLD_VALUE;
}

// The instruction becomes another op on these operands, of its type.
static inline Fold opt_make(IrInsn *insn, IrOp op, IrRef a, IrRef b)
{
    *insn = (IrInsn){ .op = (uint8_t)op, .type = insn->type, .a = a, .b = b };
    return FOLD_AGAIN;
}

static inline Fold opt_make_const(IrInsn *insn, IrType type, uint64_t value)
{
    *insn = (IrInsn){ .op = IR_CONST, .type = (uint8_t)type, .imm = (int64_t)(value & opt_mask(opt_width(type))) };
    return FOLD_AGAIN;
}

static inline IrInsn opt_insn1(IrOp op, IrType type, IrRef a)
{
    return (IrInsn){ .op = (uint8_t)op, .type = (uint8_t)type, .a = a };
}
