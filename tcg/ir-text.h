// SPDX-License-Identifier: GPL-2.0-or-later
// What the printer, the parser and the verifier of the IR share: how each op's operands look and what `sub` may be.
#pragma once
#include "tcg/ir.h"

typedef struct IrSubs { // what `sub` may be: names by value, NULL for a value that isn't allowed; count 0: sub is 0
    const char *const *names;
    unsigned count;
} IrSubs;
IrSubs ir_op_subs(IrOp op);

// Parts of an instruction's text in order: a b c operands, s sub, l pc and length of a guest instruction, p a pc, i a constant, n a number,
// r a slot, x a bit field, m [address], M memop, h helper and arguments, A C operands that may have a minus sign (FMA). A comma stands
// between parts but after s.
const char *ir_op_form(IrOp op);

// Does the op's text name its type (its letters leave it open).
bool ir_op_is_typed(IrOp op);

enum { IR_MEMOP_BITS = 6 };
typedef struct IrMemopBit {
    MemOp bit;
    const char *name;
} IrMemopBit;
extern const IrMemopBit ir_memop_bits[IR_MEMOP_BITS];
