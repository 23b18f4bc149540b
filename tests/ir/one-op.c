// SPDX-License-Identifier: GPL-2.0-or-later
// A block of one op: its operands are read from slots or are constants, its result is written to slots.
#include "tests/ir/one-op.h"

#include <glib.h>

const uint64_t edge_values[EDGES] = {
    0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
    0x7fffffffffffffff, 0x8000000000000000, 0xffffffff80000000, 0xffffffffffffffff, 0xfffffffffffffffe, 0x0123456789abcdef,
    0xa5a5a5a55a5a5a5a,
};

OneOp one_op_new(void)
{
    return (OneOp){ fake_cpu_new(), ir_builder_new() };
}

void one_op_free(OneOp *one)
{
    fake_cpu_free(one->fake);
    ir_builder_free(one->b);
}

// The slot that operand n of this type is read from; the result is written to that of n = 0.
static uint32_t slot_for(IrType type, unsigned n)
{
    switch (type) {
    case IR_I32: return FAKE_SLOT(s.w[0]) + 4 * n;
    case IR_F64: case IR_V64: return FAKE_SLOT(s.f[0]) + 8 * n;
    case IR_I128: case IR_V128: return FAKE_SLOT(s.v[0]) + 16 * n;
    case IR_V256: return FAKE_SLOT(s.y[0]) + 32 * (n & 1);
    case IR_FLAGS_TUPLE: return FAKE_SLOT(s.flags[0]) + 32 * (n & 1);
    default: return FAKE_SLOT(s.x[0]) + 8 * n;
    }
}

static IrRef operand(OneOp *one, const IrInsn *insn, unsigned n, const IrWide *value)
{
    IrType type = ir_operand_type(insn, n);
    if (type == IR_VOID || !value) {
        return 0;
    }
    if (type == IR_F32) {
        return ir_const(one->b, type, (int64_t)(uint32_t)value->w[0]);
    }
    memcpy(cpu_slot(&one->fake->cpu, slot_for(type, n)), value, ir_type_bytes(type));
    return ir_getreg(one->b, type, slot_for(type, n));
}

IrWide one_op_run(OneOp *one, IrOp op, IrType type, unsigned sub, int64_t imm, const IrWide *a, const IrWide *b, const IrWide *c)
{
    Error err;
    IrInsn insn = { .op = (uint8_t)op, .type = (uint8_t)type };
    IrWide result = { { 0 } };
    ir_begin(one->b, 0x1000, 0);
    ir_insn(one->b, 0x1000, 4);
    IrRef refs[3] = { operand(one, &insn, 0, a), operand(one, &insn, 1, b), operand(one, &insn, 2, c) };
    IrRef ref = ir_emit(one->b, op, type, refs[0], refs[1], refs[2], sub, imm);
    IrType made = ir_result_type(&one->b->block.ins[ref]);
    if (made == IR_F32) {
        ref = ir_op1(one->b, IR_BITCAST, IR_I32, ref);
        made = IR_I32;
    }
    ir_setreg(one->b, made, slot_for(made, 0), ref);
    ir_goto(one->b, 0x1004);
    if (!ir_verify(&one->b->block, &err)) {
        g_error("%s", err.msg);
    }
    interp_run(&one->fake->cpu, &one->b->block, 1);
    memcpy(&result, cpu_slot(&one->fake->cpu, slot_for(made, 0)), ir_type_bytes(made));
    return result;
}

uint64_t one_op(OneOp *one, IrOp op, IrType type, unsigned sub, int64_t imm, uint64_t a, uint64_t b, uint64_t c)
{
    const IrWide wa = { { a } }, wb = { { b } }, wc = { { c } };
    return one_op_run(one, op, type, sub, imm, &wa, &wb, &wc).w[0];
}
