// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a single op in T0 on given operands: what tests of meanings are made of.
#pragma once
#include "tcg/interp-op.h"
#include "tests/ir/fake-cpu.h"

typedef struct OneOp {
    FakeCpu *fake;
    IrBuilder *b;
} OneOp;

OneOp one_op_new(void);
void one_op_free(OneOp *one);
// Values of any type as four words; operands that the op lacks are not looked at. arch.fp of the fake CPU counts.
IrWide one_op_run(OneOp *one, IrOp op, IrType type, unsigned sub, int64_t imm, const IrWide *a, const IrWide *b, const IrWide *c);
// The same for scalars.
uint64_t one_op(OneOp *one, IrOp op, IrType type, unsigned sub, int64_t imm, uint64_t a, uint64_t b, uint64_t c);

enum { EDGES = 27 };
extern const uint64_t edge_values[EDGES];
