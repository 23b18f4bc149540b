// SPDX-License-Identifier: GPL-2.0-or-later
// T1: floating point in SSE.
#include "tcg/x86-emit.h"

bool emit_fp(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    switch (insn->op) {
    case IR_BITCAST:
        value_alias(e, ref, insn->a);
        return true;
    default: return false;
    }
}

void emit_fp_stub(Emit *e, const Stub *stub)
{
}
