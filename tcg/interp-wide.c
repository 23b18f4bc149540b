// SPDX-License-Identifier: GPL-2.0-or-later
// The C meaning of the ops on values wider than 64 bits: pairs, flags, vectors. Used by T0, and by back ends for what they lack.
//
// A value is four 64-bit words, the least significant first; lanes are numbered from its least significant end. Of operands, words beyond
// their type aren't looked at; of results, they are 0.
#include <assert.h>

#include "tcg/interp-op.h"

static unsigned lanes_of(const IrInsn *insn)
{
    return ir_type_bytes(insn->type) >> insn->sub;
}

static uint64_t lane_get(const IrWide *v, unsigned log2_bytes, unsigned lane)
{
    unsigned width = 8u << log2_bytes, bit = lane * width;
    uint64_t word = v->w[bit / 64] >> bit % 64;
    return width == 64 ? word : word & (((uint64_t)1 << width) - 1);
}

static void lane_put(IrWide *v, unsigned log2_bytes, unsigned lane, uint64_t value)
{
    unsigned width = 8u << log2_bytes, bit = lane * width;
    uint64_t mask = width == 64 ? ~(uint64_t)0 : ((uint64_t)1 << width) - 1, *word = &v->w[bit / 64];
    *word = (*word & ~(mask << bit % 64)) | (value & mask) << bit % 64;
}

static int64_t lane_signed(uint64_t v, unsigned log2_bytes)
{
    unsigned shift = 64 - (8u << log2_bytes);
    return (int64_t)(v << shift) >> shift;
}

static uint64_t lane_float(FpEnv *fp, IrOp op, bool half, uint64_t a, uint64_t b)
{
    switch (op) {
    case IR_VFADD: return half ? f32_add(fp, (uint32_t)a, (uint32_t)b) : f64_add(fp, a, b);
    case IR_VFSUB: return half ? f32_sub(fp, (uint32_t)a, (uint32_t)b) : f64_sub(fp, a, b);
    case IR_VFMUL: return half ? f32_mul(fp, (uint32_t)a, (uint32_t)b) : f64_mul(fp, a, b);
    default: return half ? f32_div(fp, (uint32_t)a, (uint32_t)b) : f64_div(fp, a, b);
    }
}

static uint64_t lane_result(CPU *cpu, const IrInsn *insn, uint64_t a, uint64_t b)
{
    switch (insn->op) {
    case IR_VADD: return a + b;
    case IR_VSUB: return a - b;
    case IR_VCMPEQ: return a == b ? ~(uint64_t)0 : 0;
    case IR_VCMPGT: return lane_signed(a, insn->sub) > lane_signed(b, insn->sub) ? ~(uint64_t)0 : 0;
    default: return lane_float(&cpu->arch.fp, insn->op, insn->sub == 2, a, b);
    }
}

static uint64_t shuffled_byte(const IrInsn *insn, const IrWide *a, const IrWide *b, unsigned i)
{
    unsigned part = ir_type_bytes(insn->type) < 16 ? ir_type_bytes(insn->type) : 16;
    unsigned index = (unsigned)lane_get(b, 0, i);
    return index & 0x80 ? 0 : lane_get(a, 0, i / part * part + index % part);
}

static uint64_t logic(IrOp op, uint64_t a, uint64_t b)
{
    switch (op) {
    case IR_VAND: return a & b;
    case IR_VANDN: return a & ~b;
    case IR_VOR: return a | b;
    default: return a ^ b;
    }
}

static void product(const IrInsn *insn, uint64_t a, uint64_t b, IrWide *result)
{
    unsigned __int128 p = insn->op == IR_MULS2 ? (unsigned __int128)((__int128)(int64_t)a * (int64_t)b) : (unsigned __int128)a * b;
    result->w[0] = (uint64_t)p;
    result->w[1] = (uint64_t)(p >> 64);
}

static void vector_op(CPU *cpu, const IrInsn *insn, const IrWide *a, const IrWide *b, IrWide *result)
{
    switch (insn->op) {
    case IR_VAND: case IR_VANDN: case IR_VOR: case IR_VXOR:
        for (unsigned i = 0; i < ir_type_bytes(insn->type) / 8; i++) {
            result->w[i] = logic(insn->op, a->w[i], b->w[i]);
        }
        break;
    case IR_VSHUF:
        for (unsigned i = 0; i < ir_type_bytes(insn->type); i++) {
            lane_put(result, 0, i, shuffled_byte(insn, a, b, i));
        }
        break;
    case IR_VSPLAT:
        for (unsigned i = 0; i < lanes_of(insn); i++) {
            lane_put(result, insn->sub, i, a->w[0]);
        }
        break;
    case IR_VGET: result->w[0] = lane_get(a, insn->sub, (unsigned)insn->imm); break;
    case IR_VPUT:
        memcpy(result, a, ir_type_bytes(insn->type));
        lane_put(result, insn->sub, (unsigned)insn->imm, b->w[0]);
        break;
    default:
        for (unsigned i = 0; i < lanes_of(insn); i++) {
            lane_put(result, insn->sub, i, lane_result(cpu, insn, lane_get(a, insn->sub, i), lane_get(b, insn->sub, i)));
        }
        break;
    }
}

void interp_wide(CPU *cpu, const IrInsn *insn, const IrWide *a, const IrWide *b, const IrWide *c, IrWide *result)
{
    IrFlags flags;
    *result = (IrWide){ { 0 } };
    switch (insn->op) {
    case IR_CAT:
        result->w[0] = a->w[0];
        result->w[1] = b->w[0];
        break;
    case IR_LO: result->w[0] = a->w[0]; break;
    case IR_HI: result->w[0] = a->w[1]; break;
    case IR_MULS2: case IR_MULU2: product(insn, a->w[0], b->w[0], result); break;
    case IR_SELECT: *result = a->w[0] ? *b : *c; break;
    case IR_FLAGS:
        flags = (IrFlags){ .a = a->w[0], .b = b->w[0], .c = c->w[0], .kind = insn->sub };
        flags.size = (uint8_t)__builtin_ctz(ir_type_bytes(insn->type));
        memcpy(result, &flags, sizeof(flags));
        break;
    case IR_CC: case IR_FLAGBIT: case IR_FLAGBITS:
        memcpy(&flags, a, sizeof(flags));
        result->w[0] = insn->op == IR_CC ? ir_flags_cc(&flags, insn->sub) : ir_flags_bits(&flags);
        if (insn->op == IR_FLAGBIT) {
            result->w[0] = result->w[0] >> insn->sub & 1;
        }
        break;
    default: vector_op(cpu, insn, a, b, result); break;
    }
}
