// SPDX-License-Identifier: GPL-2.0-or-later
// The C meaning of the IR's ops on values: one function for integers (pure), one that adds floating point.
#include "tcg/interp-op.h"

#include <assert.h>

static uint64_t bitrev8(uint64_t a)
{
    a = (a & 0x5555555555555555) << 1 | (a >> 1 & 0x5555555555555555);
    a = (a & 0x3333333333333333) << 2 | (a >> 2 & 0x3333333333333333);
    return (a & 0x0f0f0f0f0f0f0f0f) << 4 | (a >> 4 & 0x0f0f0f0f0f0f0f0f);
}

static uint64_t orcb(uint64_t a)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < 64; i += 8) {
        if (a >> i & 0xff) {
            r |= (uint64_t)0xff << i;
        }
    }
    return r;
}

static unsigned __int128 clmul(uint64_t a, uint64_t b)
{
    unsigned __int128 r = 0;
    for (unsigned i = 0; i < 64; i++) {
        if (b >> i & 1) {
            r ^= (unsigned __int128)a << i;
        }
    }
    return r;
}

static uint64_t field_mask(unsigned len)
{
    return len >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << len) - 1;
}

static uint64_t sext(uint64_t v, unsigned bits)
{
    return bits >= 64 ? v : (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits));
}

// Division as the op table says; operands already sign- or zero-extended to 64 bits.
static uint64_t divide(IrOp op, uint64_t a, uint64_t b)
{
    switch (op) {
    case IR_DIVU: return b ? a / b : 0;
    case IR_REMU: return b ? a % b : a;
    case IR_DIVS: return b == 0 ? 0 : b == ~(uint64_t)0 ? -a : (uint64_t)((int64_t)a / (int64_t)b);
    default: return b == 0 ? a : b == ~(uint64_t)0 ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
    }
}

// High half of a product of `width`-bit operands.
static uint64_t mul_high(IrOp op, unsigned width, uint64_t a, uint64_t b)
{
    if (width == 64) {
        switch (op) {
        case IR_MULHS: return (uint64_t)((__int128)(int64_t)a * (int64_t)b >> 64);
        case IR_MULHU: return (uint64_t)((unsigned __int128)a * b >> 64);
        default: return (uint64_t)((__int128)(int64_t)a * b >> 64);
        }
    }
    switch (op) {
    case IR_MULHS: return (uint64_t)((int64_t)(int32_t)a * (int32_t)b) >> 32;
    case IR_MULHU: return (uint64_t)(uint32_t)a * (uint32_t)b >> 32;
    default: return (uint64_t)((int64_t)(int32_t)a * (int64_t)(uint32_t)b) >> 32;
    }
}

static uint64_t clmul_part(IrOp op, unsigned width, uint64_t a, uint64_t b)
{
    unsigned __int128 p = clmul(a, b);
    return (uint64_t)(op == IR_CLMUL ? p : p >> width);
}

static bool pure_int(const IrInsn *insn, uint64_t a, uint64_t b, uint64_t c, uint64_t *result)
{
    unsigned width = insn->type == IR_I32 || insn->type == IR_F32 ? 32 : 64;
    unsigned count = (unsigned)(b & (width - 1)), pos = insn->imm & 0xff, len = insn->imm >> 8 & 0xff;
    uint64_t r;
    switch (insn->op) {
    case IR_ADD: r = a + b; break;
    case IR_SUB: r = a - b; break;
    case IR_MUL: r = a * b; break;
    case IR_AND: r = a & b; break;
    case IR_OR: r = a | b; break;
    case IR_XOR: r = a ^ b; break;
    case IR_SHL: r = a << count; break;
    case IR_SHR: r = a >> count; break;
    case IR_SAR: r = (uint64_t)((int64_t)sext(a, width) >> count); break;
    case IR_ROL: r = count ? a << count | a >> (width - count) : a; break;
    case IR_ROR: r = count ? a >> count | a << (width - count) : a; break;
    case IR_MULHS: case IR_MULHU: case IR_MULHSU: r = mul_high(insn->op, width, a, b); break;
    case IR_DIVU: case IR_REMU: r = divide(insn->op, a, b); break;
    case IR_DIVS: case IR_REMS: r = divide(insn->op, sext(a, width), sext(b, width)); break;
    case IR_NEG: r = -a; break;
    case IR_NOT: r = ~a; break;
    case IR_CLZ: r = a ? (uint64_t)__builtin_clzll(a) - (64 - width) : width; break;
    case IR_CTZ: r = a ? (uint64_t)__builtin_ctzll(a) : width; break;
    case IR_POPCNT: r = (uint64_t)__builtin_popcountll(a); break;
    case IR_BSWAP: r = width == 32 ? __builtin_bswap32((uint32_t)a) : __builtin_bswap64(a); break;
    case IR_BITREV8: r = bitrev8(a); break;
    case IR_ORCB: r = orcb(a); break;
    case IR_CLMUL: case IR_CLMULH: r = clmul_part(insn->op, width, a, b); break;
    case IR_SEXT8: r = (uint64_t)(int8_t)a; break;
    case IR_SEXT16: r = (uint64_t)(int16_t)a; break;
    case IR_ZEXT8: r = (uint8_t)a; break;
    case IR_ZEXT16: r = (uint16_t)a; break;
    case IR_EXTRACT: r = a >> pos & field_mask(len); break;
    case IR_SEXTRACT: r = sext(a >> pos, len); break;
    case IR_DEPOSIT: r = (a & ~(field_mask(len) << pos)) | (b & field_mask(len)) << pos; break;
    case IR_ADC: r = a + b + (c & 1); break;
    case IR_SBB: r = a - b - (c & 1); break;
    case IR_SELECT: r = a ? b : c; break;
    case IR_BITCAST: r = a; break;
    case IR_FNEG: r = a ^ (uint64_t)1 << (width - 1); break;
    case IR_FABS: r = a & ~((uint64_t)1 << (width - 1)); break;
    case IR_FCOPYSIGN: r = (a & field_mask(width - 1)) | (b & (uint64_t)1 << (width - 1)); break;
    case IR_FXORSIGN: r = a ^ (b & (uint64_t)1 << (width - 1)); break;
    default: return false;
    }
    *result = width == 32 ? (uint32_t)r : r;
    return true;
}

bool interp_pure(const IrInsn *insn, uint64_t a, uint64_t b, uint64_t c, uint64_t *result)
{
    switch (insn->op) {
    case IR_CMP: *result = ir_compare(insn->sub, insn->type, a, b); return true;
    case IR_SEXT32: *result = (uint64_t)(int32_t)a; return true;
    case IR_ZEXT32: case IR_TRUNC: *result = (uint32_t)a; return true;
    case IR_FCLASS: *result = insn->type == IR_F32 ? f32_class((uint32_t)a) : f64_class(a); return true;
    case IR_NANBOX: *result = (uint32_t)a | 0xffffffff00000000; return true;
    case IR_NANUNBOX: *result = a >> 32 == 0xffffffff ? (uint32_t)a : 0x7fc00000; return true;
    default: return pure_int(insn, a, b, c, result);
    }
}

static uint64_t float32_op(FpEnv *fp, const IrInsn *insn, uint64_t wide_a, uint32_t b, uint32_t c)
{
    uint32_t a = (uint32_t)wide_a;
    uint8_t rm = fp->rounding;
    switch (insn->op) {
    case IR_FADD: return f32_add(fp, a, b);
    case IR_FSUB: return f32_sub(fp, a, b);
    case IR_FMUL: return f32_mul(fp, a, b);
    case IR_FDIV: return f32_div(fp, a, b);
    case IR_FSQRT: return f32_sqrt(fp, a);
    case IR_FMA: return f32_fma(fp, a ^ (uint32_t)(insn->imm & 1) << 31, b, c ^ (uint32_t)(insn->imm >> 1 & 1) << 31);
    case IR_FMIN: return f32_min(fp, a, b);
    case IR_FMAX: return f32_max(fp, a, b);
    case IR_FEQ: return f32_eq(fp, a, b);
    case IR_FLT: return f32_lt(fp, a, b);
    case IR_FLE: return f32_le(fp, a, b);
    case IR_FTOS32: return (uint32_t)f32_to_i32(fp, a, rm);
    case IR_FTOU32: return f32_to_u32(fp, a, rm);
    case IR_FTOS64: return (uint64_t)f32_to_i64(fp, a, rm);
    case IR_FTOU64: return f32_to_u64(fp, a, rm);
    case IR_S32TOF: return i32_to_f32(fp, (int32_t)a);
    case IR_U32TOF: return u32_to_f32(fp, a);
    case IR_S64TOF: return i64_to_f32(fp, (int64_t)wide_a);
    case IR_U64TOF: return u64_to_f32(fp, wide_a);
    }
    assert(false && "float op");
    return 0;
}

static uint64_t float64_op(FpEnv *fp, const IrInsn *insn, uint64_t a, uint64_t b, uint64_t c)
{
    uint8_t rm = fp->rounding;
    switch (insn->op) {
    case IR_FADD: return f64_add(fp, a, b);
    case IR_FSUB: return f64_sub(fp, a, b);
    case IR_FMUL: return f64_mul(fp, a, b);
    case IR_FDIV: return f64_div(fp, a, b);
    case IR_FSQRT: return f64_sqrt(fp, a);
    case IR_FMA: return f64_fma(fp, a ^ (uint64_t)(insn->imm & 1) << 63, b, c ^ (uint64_t)(insn->imm >> 1 & 1) << 63);
    case IR_FMIN: return f64_min(fp, a, b);
    case IR_FMAX: return f64_max(fp, a, b);
    case IR_FEQ: return f64_eq(fp, a, b);
    case IR_FLT: return f64_lt(fp, a, b);
    case IR_FLE: return f64_le(fp, a, b);
    case IR_FTOS32: return (uint32_t)f64_to_i32(fp, a, rm);
    case IR_FTOU32: return f64_to_u32(fp, a, rm);
    case IR_FTOS64: return (uint64_t)f64_to_i64(fp, a, rm);
    case IR_FTOU64: return f64_to_u64(fp, a, rm);
    case IR_S32TOF: return i32_to_f64(fp, (int32_t)a);
    case IR_U32TOF: return u32_to_f64(fp, (uint32_t)a);
    case IR_S64TOF: return i64_to_f64(fp, (int64_t)a);
    case IR_U64TOF: return u64_to_f64(fp, a);
    }
    assert(false && "float op");
    return 0;
}

uint64_t interp_op(CPU *cpu, const IrInsn *insn, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t result;
    if (interp_pure(insn, a, b, c, &result)) {
        return result;
    }
    FpEnv *fp = &cpu->arch.fp;
    uint8_t dynamic = fp->rounding;
    if (ir_op_has(insn->op, 'R') && insn->sub != IR_ROUND_DYNAMIC) {
        fp->rounding = insn->sub;
    }
    switch (insn->op) {
    case IR_FWIDEN: result = f32_to_f64(fp, (uint32_t)a); break;
    case IR_FNARROW: result = f64_to_f32(fp, a); break;
    default:
        result = insn->type == IR_F32 ? float32_op(fp, insn, a, (uint32_t)b, (uint32_t)c) : float64_op(fp, insn, a, b, c);
        break;
    }
    fp->rounding = dynamic;
    return result;
}
