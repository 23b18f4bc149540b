// SPDX-License-Identifier: GPL-2.0-or-later
// Meaning of the floating-point instructions: F and D (U chapters 11, 12).
//
// f registers are 64 bits wide; a single is NaN-boxed, and what isn't boxed reads as the default NaN (U 12.2). Whether FS and frm allow the
// instruction at all was checked before.
#include "target/riscv/cpu.h"

// arg: the op, and its type. Of conversions between integers and floats the type is the float's.
#define S(op) ((op) | IR_F32 << 8)
#define D(op) ((op) | IR_F64 << 8)
static IrOp op_of(unsigned arg) { return arg & 0xff; }
static IrType type_of(unsigned arg) { return arg >> 8 & 0xff; }

static IrRef get_raw(Lift *l, unsigned reg)
{
    return ir_getreg(l->b, IR_F64, RISCV_SLOT(s.f[0]) + 8 * reg);
}

static IrRef get(Lift *l, IrType type, unsigned reg)
{
    IrRef value = get_raw(l, reg);
    return type == IR_F32 ? ir_op1(l->b, IR_NANUNBOX, IR_F32, value) : value;
}

static void set(Lift *l, IrType type, unsigned reg, IrRef value)
{
    if (type == IR_F32) {
        value = ir_op1(l->b, IR_NANBOX, IR_F64, value);
    }
    ir_setreg(l->b, IR_F64, RISCV_SLOT(s.f[0]) + 8 * reg, value);
}

// ---- memory ----

static void load(Lift *l, const RiscvInsn *i, unsigned type)
{
    unsigned size = type == IR_F32 ? 2 : 3;
    set(l, type, i->rd, ir_load(l->b, type, lift_memop(l, size), lift_x64(l, i->rs1), (int32_t)i->imm));
}

// The low bits, boxed or not (U 12.2).
static void store(Lift *l, const RiscvInsn *i, unsigned type)
{
    unsigned size = type == IR_F32 ? 2 : 3;
    IrRef bits = ir_op1(l->b, IR_BITCAST, IR_I64, get_raw(l, i->rs2));
    ir_store(l->b, IR_I64, lift_memop(l, size), lift_x64(l, i->rs1), (int32_t)i->imm, bits);
}

// ---- computation ----

// One, two or three operands, the result in an f register. Instructions without a rounding mode have rm 0.
static void unary(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrType type = type_of(arg);
    set(l, type, i->rd, ir_emit(l->b, op_of(arg), type, get(l, type, i->rs1), 0, 0, i->rm, 0));
}

static void binary(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrType type = type_of(arg);
    set(l, type, i->rd, ir_emit(l->b, op_of(arg), type, get(l, type, i->rs1), get(l, type, i->rs2), 0, i->rm, 0));
}

enum { NEGATE_PRODUCT = 1, NEGATE_ADDEND = 2 }; // FMA's imm

static void fma_signed(Lift *l, const RiscvInsn *i, IrType type, unsigned signs)
{
    IrRef a = get(l, type, i->rs1), b = get(l, type, i->rs2), c = get(l, type, i->rs3);
    set(l, type, i->rd, ir_emit(l->b, IR_FMA, type, a, b, c, i->rm, signs));
}

static void fmadd(Lift *l, const RiscvInsn *i, unsigned type) { fma_signed(l, i, type, 0); }
static void fmsub(Lift *l, const RiscvInsn *i, unsigned type) { fma_signed(l, i, type, NEGATE_ADDEND); }
static void fnmsub(Lift *l, const RiscvInsn *i, unsigned type) { fma_signed(l, i, type, NEGATE_PRODUCT); }
static void fnmadd(Lift *l, const RiscvInsn *i, unsigned type) { fma_signed(l, i, type, NEGATE_PRODUCT | NEGATE_ADDEND); }

static void sign_inject(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrType type = type_of(arg);
    set(l, type, i->rd, ir_op2(l->b, op_of(arg), type, get(l, type, i->rs1), get(l, type, i->rs2)));
}

static void sign_inject_negated(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrType type = type_of(arg);
    IrRef negated = ir_op1(l->b, IR_FNEG, type, get(l, type, i->rs2));
    set(l, type, i->rd, ir_op2(l->b, op_of(arg), type, get(l, type, i->rs1), negated));
}

// ---- to x registers ----

static void compare(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrType type = type_of(arg);
    lift_set_x64(l, i->rd, ir_op2(l->b, op_of(arg), type, get(l, type, i->rs1), get(l, type, i->rs2)));
}

static void classify(Lift *l, const RiscvInsn *i, unsigned type)
{
    lift_set_x64(l, i->rd, ir_op1(l->b, IR_FCLASS, type, get(l, type, i->rs1)));
}

// Words are sign-extended, unsigned ones too (U 11.7).
static void to_int(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrType type = type_of(arg);
    IrOp op = op_of(arg);
    IrRef value = ir_emit(l->b, op, type, get(l, type, i->rs1), 0, 0, i->rm, 0);
    bool extend = l->x == IR_I64 && (op == IR_FTOS32 || op == IR_FTOU32);
    lift_set_x(l, i->rd, extend ? ir_op1(l->b, IR_SEXT32, IR_I64, value) : value);
}

static void move_to_x(Lift *l, const RiscvInsn *i, unsigned type)
{
    IrRef bits = ir_op1(l->b, IR_BITCAST, IR_I64, get_raw(l, i->rs1));
    if (type == IR_F32) {
        bits = ir_op1(l->b, IR_TRUNC, IR_I32, bits);
        bits = l->x == IR_I64 ? ir_op1(l->b, IR_SEXT32, IR_I64, bits) : bits;
    }
    lift_set_x(l, i->rd, bits);
}

// ---- from x registers, between formats ----

static void from_int(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrType type = type_of(arg);
    IrOp op = op_of(arg);
    IrRef value = lift_x64(l, i->rs1);
    if (op == IR_S32TOF || op == IR_U32TOF) {
        value = ir_op1(l->b, IR_TRUNC, IR_I32, value);
    }
    set(l, type, i->rd, ir_emit(l->b, op, type, value, 0, 0, i->rm, 0));
}

static void move_from_x(Lift *l, const RiscvInsn *i, unsigned type)
{
    IrRef value = lift_x64(l, i->rs1);
    if (type == IR_F32) {
        value = ir_op1(l->b, IR_TRUNC, IR_I32, value);
    }
    set(l, type, i->rd, ir_op1(l->b, IR_BITCAST, type, value));
}

static void widen(Lift *l, const RiscvInsn *i, unsigned arg)
{
    set(l, IR_F64, i->rd, ir_op1(l->b, IR_FWIDEN, IR_F64, get(l, IR_F32, i->rs1)));
}

static void narrow(Lift *l, const RiscvInsn *i, unsigned arg)
{
    set(l, IR_F32, i->rd, ir_emit(l->b, IR_FNARROW, IR_F32, get(l, IR_F64, i->rs1), 0, 0, i->rm, 0));
}

// A row a pair of instructions that differ in the format alone.
#define ROW(INSN, fn, arg) [RISCV_INSN_##INSN] = {fn, arg}
#define BOTH(INSN, fn, op) ROW(INSN##_S, fn, S(op)), ROW(INSN##_D, fn, D(op))
#define BOTH_TYPED(INSN, fn) ROW(INSN##_S, fn, IR_F32), ROW(INSN##_D, fn, IR_F64)

const LiftRow riscv_lift_fp[RISCV_INSN_COUNT] = {
    ROW(FLW, load, IR_F32), ROW(FLD, load, IR_F64), ROW(FSW, store, IR_F32), ROW(FSD, store, IR_F64),
    BOTH_TYPED(FMADD, fmadd), BOTH_TYPED(FMSUB, fmsub), BOTH_TYPED(FNMSUB, fnmsub), BOTH_TYPED(FNMADD, fnmadd),
    BOTH(FADD, binary, IR_FADD), BOTH(FSUB, binary, IR_FSUB), BOTH(FMUL, binary, IR_FMUL), BOTH(FDIV, binary, IR_FDIV),
    BOTH(FSQRT, unary, IR_FSQRT), BOTH(FMIN, binary, IR_FMIN), BOTH(FMAX, binary, IR_FMAX),
    BOTH(FSGNJ, sign_inject, IR_FCOPYSIGN), BOTH(FSGNJN, sign_inject_negated, IR_FCOPYSIGN), BOTH(FSGNJX, sign_inject, IR_FXORSIGN),
    BOTH(FEQ, compare, IR_FEQ), BOTH(FLT, compare, IR_FLT), BOTH(FLE, compare, IR_FLE), BOTH_TYPED(FCLASS, classify),
    BOTH(FCVT_W, to_int, IR_FTOS32), BOTH(FCVT_WU, to_int, IR_FTOU32), BOTH(FCVT_L, to_int, IR_FTOS64), BOTH(FCVT_LU, to_int, IR_FTOU64),
    ROW(FCVT_S_W, from_int, S(IR_S32TOF)), ROW(FCVT_S_WU, from_int, S(IR_U32TOF)),
    ROW(FCVT_S_L, from_int, S(IR_S64TOF)), ROW(FCVT_S_LU, from_int, S(IR_U64TOF)),
    ROW(FCVT_D_W, from_int, D(IR_S32TOF)), ROW(FCVT_D_WU, from_int, D(IR_U32TOF)),
    ROW(FCVT_D_L, from_int, D(IR_S64TOF)), ROW(FCVT_D_LU, from_int, D(IR_U64TOF)),
    ROW(FCVT_D_S, widen, 0), ROW(FCVT_S_D, narrow, 0),
    ROW(FMV_X_W, move_to_x, IR_F32), ROW(FMV_X_D, move_to_x, IR_F64),
    ROW(FMV_W_X, move_from_x, IR_F32), ROW(FMV_D_X, move_from_x, IR_F64),
};
