// SPDX-License-Identifier: GPL-2.0-or-later
// The C meaning of the IR's ops that neither touch memory nor control: used by T0, by constant folding, and by back ends for what they lack.
#pragma once
#include "tcg/cpu.h"

// i32 operands and results are zero-extended. `cpu` is needed by the ops on floats only (rounding and flags).
uint64_t interp_op(CPU *cpu, const IrInsn *insn, uint64_t a, uint64_t b, uint64_t c);
// The same for integers, without a CPU: ops with the flag P. False if the op isn't of that kind.
bool interp_pure(const IrInsn *insn, uint64_t a, uint64_t b, uint64_t c, uint64_t *result);
// Ops with an operand or a result wider than 64 bits.
typedef struct IrWide {
    uint64_t w[4];
} IrWide;
void interp_wide(CPU *cpu, const IrInsn *insn, const IrWide *a, const IrWide *b, const IrWide *c, IrWide *result);
uint64_t rmw_result(RmwOp op, MemOp memop, uint64_t old, uint64_t operand); // low bytes count

static inline bool ir_compare(IrCond cond, IrType type, uint64_t a, uint64_t b)
{
    int64_t sa = (int64_t)a, sb = (int64_t)b;
    if (type == IR_I32) {
        a = (uint32_t)a; b = (uint32_t)b;
        sa = (int32_t)a; sb = (int32_t)b;
    }
    switch (cond) {
    case IR_EQ: return a == b;
    case IR_NE: return a != b;
    case IR_LTS: return sa < sb;
    case IR_GES: return sa >= sb;
    case IR_LTU: return a < b;
    case IR_GEU: return a >= b;
    case IR_LES: return sa <= sb;
    case IR_GTS: return sa > sb;
    case IR_LEU: return a <= b;
    case IR_GTU: return a > b;
    case IR_TSTEQ: return (a & b) == 0;
    case IR_TSTNE: return (a & b) != 0;
    case IR_COND_COUNT: break;
    }
    return false;
}
