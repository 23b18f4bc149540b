// SPDX-License-Identifier: GPL-2.0-or-later
// Meaning of the integer instructions: RV32I, RV64I, M, Zba, Zbb, Zbc, Zbs, loads, stores and jumps (U chapters 2, 5, 7; B).
//
// Most rows name a shape (operands and width) and the IR op that computes it. Loads and stores may be misaligned.
#include "target/riscv/cpu.h"

enum { WORD_UW = 0x100 }; // of sh_add: rs1 counts as an unsigned word

static IrRef op2(Lift *l, IrOp op, IrRef a, IrRef b)
{
    return ir_op2(l->b, op, l->x, a, b);
}

static IrRef word(Lift *l, IrRef value)
{
    return ir_op1(l->b, IR_TRUNC, IR_I32, value);
}

static IrRef zext_word(Lift *l, IrRef value)
{
    return ir_op1(l->b, IR_ZEXT32, IR_I64, word(l, value));
}

static void set_word(Lift *l, unsigned rd, IrRef value)
{
    lift_set_x(l, rd, ir_op1(l->b, IR_SEXT32, IR_I64, value));
}

// ---- shapes of computation; arg: IrOp ----

static void alu(Lift *l, const RiscvInsn *i, unsigned op)
{
    lift_set_x(l, i->rd, op2(l, op, lift_x(l, i->rs1), lift_x(l, i->rs2)));
}

static void alu_imm(Lift *l, const RiscvInsn *i, unsigned op)
{
    IrRef a = lift_x(l, i->rs1);
    bool move = i->imm == 0 && op == IR_ADD;
    lift_set_x(l, i->rd, move ? a : i->rs1 == 0 && op == IR_ADD ? lift_imm(l, i->imm) : op2(l, op, a, lift_imm(l, i->imm)));
}

static void alu_shamt(Lift *l, const RiscvInsn *i, unsigned op)
{
    lift_set_x(l, i->rd, op2(l, op, lift_x(l, i->rs1), lift_imm(l, i->shamt)));
}

static void alu_word(Lift *l, const RiscvInsn *i, unsigned op)
{
    set_word(l, i->rd, ir_op2(l->b, op, IR_I32, word(l, lift_x(l, i->rs1)), word(l, lift_x(l, i->rs2))));
}

static void alu_word_imm(Lift *l, const RiscvInsn *i, unsigned op)
{
    IrRef a = word(l, lift_x(l, i->rs1));
    set_word(l, i->rd, i->imm ? ir_op2(l->b, op, IR_I32, a, ir_const(l->b, IR_I32, i->imm)) : a);
}

static void alu_word_shamt(Lift *l, const RiscvInsn *i, unsigned op)
{
    set_word(l, i->rd, ir_op2(l->b, op, IR_I32, word(l, lift_x(l, i->rs1)), ir_const(l->b, IR_I32, i->shamt)));
}

static void unary(Lift *l, const RiscvInsn *i, unsigned op)
{
    lift_set_x(l, i->rd, ir_op1(l->b, op, l->x, lift_x(l, i->rs1)));
}

static void unary_word(Lift *l, const RiscvInsn *i, unsigned op) // results are small: extended with zeros
{
    IrRef value = ir_op1(l->b, op, IR_I32, word(l, lift_x(l, i->rs1)));
    lift_set_x(l, i->rd, ir_op1(l->b, IR_ZEXT32, IR_I64, value));
}

static void constant(Lift *l, const RiscvInsn *i, unsigned from_pc)
{
    lift_set_x(l, i->rd, lift_imm(l, i->imm + (from_pc ? (int64_t)l->pc : 0)));
}

static void compare(Lift *l, const RiscvInsn *i, unsigned cond)
{
    lift_set_x64(l, i->rd, ir_cmp(l->b, l->x, cond, lift_x(l, i->rs1), lift_x(l, i->rs2)));
}

static void compare_imm(Lift *l, const RiscvInsn *i, unsigned cond)
{
    lift_set_x64(l, i->rd, ir_cmp(l->b, l->x, cond, lift_x(l, i->rs1), lift_imm(l, i->imm)));
}

// U 7.2: all ones for x / 0; the IR's other results are RISC-V's.
static void divide(Lift *l, const RiscvInsn *i, unsigned op)
{
    IrRef a = lift_x(l, i->rs1), b = lift_x(l, i->rs2);
    IrRef quotient = op2(l, op, a, b), nonzero = ir_cmp(l->b, l->x, IR_NE, b, lift_imm(l, 0));
    lift_set_x(l, i->rd, ir_select(l->b, l->x, nonzero, quotient, lift_imm(l, -1)));
}

static void divide_word(Lift *l, const RiscvInsn *i, unsigned op)
{
    IrRef a = word(l, lift_x(l, i->rs1)), b = word(l, lift_x(l, i->rs2));
    IrRef quotient = ir_op2(l->b, op, IR_I32, a, b), nonzero = ir_cmp(l->b, IR_I32, IR_NE, b, ir_const(l->b, IR_I32, 0));
    set_word(l, i->rd, ir_select(l->b, IR_I32, nonzero, quotient, ir_const(l->b, IR_I32, -1)));
}

// ---- bit manipulation ----

static void sh_add(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrRef a = arg & WORD_UW ? zext_word(l, lift_x(l, i->rs1)) : lift_x(l, i->rs1);
    if (arg & 3) {
        a = op2(l, IR_SHL, a, lift_imm(l, arg & 3));
    }
    lift_set_x(l, i->rd, op2(l, IR_ADD, a, lift_x(l, i->rs2)));
}

static void slli_uw(Lift *l, const RiscvInsn *i, unsigned arg)
{
    lift_set_x(l, i->rd, op2(l, IR_SHL, zext_word(l, lift_x(l, i->rs1)), lift_imm(l, i->shamt)));
}

static void alu_inverted(Lift *l, const RiscvInsn *i, unsigned op)
{
    lift_set_x(l, i->rd, op2(l, op, lift_x(l, i->rs1), ir_op1(l->b, IR_NOT, l->x, lift_x(l, i->rs2))));
}

static void choose(Lift *l, const RiscvInsn *i, unsigned cond)
{
    IrRef a = lift_x(l, i->rs1), b = lift_x(l, i->rs2);
    lift_set_x(l, i->rd, ir_select(l->b, l->x, ir_cmp(l->b, l->x, cond, a, b), a, b));
}

static void clmulr(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrRef a = lift_x(l, i->rs1), b = lift_x(l, i->rs2);
    IrRef high = op2(l, IR_SHL, op2(l, IR_CLMULH, a, b), lift_imm(l, 1));
    lift_set_x(l, i->rd, op2(l, IR_OR, high, op2(l, IR_SHR, op2(l, IR_CLMUL, a, b), lift_imm(l, l->x == IR_I32 ? 31 : 63))));
}

static void bit_op(Lift *l, unsigned rd, unsigned op, IrRef a, IrRef bit)
{
    if (op == IR_SHR) { // bext
        lift_set_x(l, rd, op2(l, IR_AND, op2(l, IR_SHR, a, bit), lift_imm(l, 1)));
        return;
    }
    IrRef mask = op2(l, IR_SHL, lift_imm(l, 1), bit);
    lift_set_x(l, rd, op2(l, op, a, op == IR_AND ? ir_op1(l->b, IR_NOT, l->x, mask) : mask));
}

static void bit(Lift *l, const RiscvInsn *i, unsigned op)
{
    bit_op(l, i->rd, op, lift_x(l, i->rs1), lift_x(l, i->rs2));
}

static void bit_shamt(Lift *l, const RiscvInsn *i, unsigned op)
{
    bit_op(l, i->rd, op, lift_x(l, i->rs1), lift_imm(l, i->shamt));
}

// ---- memory; arg: size and sign of the MemOp ----

static void load(Lift *l, const RiscvInsn *i, unsigned memop)
{
    lift_set_x(l, i->rd, ir_load(l->b, l->x, lift_memop(l, memop), lift_x64(l, i->rs1), (int32_t)i->imm));
}

static void store(Lift *l, const RiscvInsn *i, unsigned memop)
{
    ir_store(l->b, l->x, lift_memop(l, memop), lift_x64(l, i->rs1), (int32_t)i->imm, lift_x(l, i->rs2));
}

// ---- control ----

static bool is_in_block(const Lift *l, uint64_t pc)
{
    for (unsigned i = 0; i < l->b->block.nsnaps; i++) {
        if (l->b->block.snaps[i].pc == pc) {
            return true;
        }
    }
    return false;
}

// A plain jump inside the page doesn't end the block, unless it closes a loop.
static void jal(Lift *l, const RiscvInsn *i, unsigned arg)
{
    enum { FOLLOWS_MAX = 4 };
    uint64_t target = lift_target(l, i->imm);
    if (i->rd == 0 && target >= l->first && target <= l->last && l->follows < FOLLOWS_MAX && !is_in_block(l, target)) {
        l->follows++;
        l->next = target;
        return;
    }
    lift_set_x(l, i->rd, lift_imm(l, (int64_t)l->next));
    ir_goto(l->b, target);
    l->ended = true;
}

static bool is_link(unsigned reg)
{
    return reg == 1 || reg == 5;
}

// Hints as in U table 2.1; a swap of two link registers counts as a call.
static void jalr(Lift *l, const RiscvInsn *i, unsigned arg)
{
    IrJump kind = is_link(i->rd) ? IR_JUMP_CALL : is_link(i->rs1) ? IR_JUMP_RETURN : IR_JUMP;
    IrRef target = lift_x(l, i->rs1);
    if (i->imm) {
        target = op2(l, IR_ADD, target, lift_imm(l, i->imm));
    }
    target = op2(l, IR_AND, target, lift_imm(l, -2));
    lift_set_x(l, i->rd, lift_imm(l, (int64_t)l->next));
    ir_ijmp(l->b, l->x == IR_I32 ? ir_op1(l->b, IR_ZEXT32, IR_I64, target) : target, kind);
    l->ended = true;
}

static void branch(Lift *l, const RiscvInsn *i, unsigned cond)
{
    ir_exitif(l->b, l->x, cond, lift_x(l, i->rs1), lift_x(l, i->rs2), lift_target(l, i->imm));
}

static void nothing(Lift *l, const RiscvInsn *i, unsigned arg)
{
}

static void pause_hint(Lift *l, const RiscvInsn *i, unsigned arg)
{
    ir_call(l->b, &riscv_helper_pause, 0, 0, 0);
}

// A hint: stores to code are seen without it. It ends the block as the manual's reader expects.
static void fence_i(Lift *l, const RiscvInsn *i, unsigned arg)
{
    ir_goto(l->b, l->next);
    l->ended = true;
}

#define ROW(INSN, ...) [RISCV_INSN_##INSN] = {__VA_ARGS__}

const LiftRow riscv_lift_int[RISCV_INSN_COUNT] = {
    // U 2.4, 5.2
    ROW(LUI, constant, false), ROW(AUIPC, constant, true),
    ROW(ADDI, alu_imm, IR_ADD), ROW(XORI, alu_imm, IR_XOR), ROW(ORI, alu_imm, IR_OR), ROW(ANDI, alu_imm, IR_AND),
    ROW(SLTI, compare_imm, IR_LTS), ROW(SLTIU, compare_imm, IR_LTU),
    ROW(SLLI, alu_shamt, IR_SHL), ROW(SRLI, alu_shamt, IR_SHR), ROW(SRAI, alu_shamt, IR_SAR),
    ROW(ADD, alu, IR_ADD), ROW(SUB, alu, IR_SUB), ROW(XOR, alu, IR_XOR), ROW(OR, alu, IR_OR), ROW(AND, alu, IR_AND),
    ROW(SLL, alu, IR_SHL), ROW(SRL, alu, IR_SHR), ROW(SRA, alu, IR_SAR), // counts modulo XLEN, as the IR's
    ROW(SLT, compare, IR_LTS), ROW(SLTU, compare, IR_LTU),
    ROW(ADDIW, alu_word_imm, IR_ADD), ROW(ADDW, alu_word, IR_ADD), ROW(SUBW, alu_word, IR_SUB),
    ROW(SLLIW, alu_word_shamt, IR_SHL), ROW(SRLIW, alu_word_shamt, IR_SHR), ROW(SRAIW, alu_word_shamt, IR_SAR),
    ROW(SLLW, alu_word, IR_SHL), ROW(SRLW, alu_word, IR_SHR), ROW(SRAW, alu_word, IR_SAR),
    // U 2.5
    ROW(JAL, jal), ROW(JALR, jalr),
    ROW(BEQ, branch, IR_EQ), ROW(BNE, branch, IR_NE), ROW(BLT, branch, IR_LTS), ROW(BGE, branch, IR_GES),
    ROW(BLTU, branch, IR_LTU), ROW(BGEU, branch, IR_GEU),
    // U 2.6, 5.3
    ROW(LB, load, 0 | MEMOP_SIGNED), ROW(LH, load, 1 | MEMOP_SIGNED), ROW(LW, load, 2 | MEMOP_SIGNED), ROW(LD, load, 3),
    ROW(LBU, load, 0), ROW(LHU, load, 1), ROW(LWU, load, 2),
    ROW(SB, store, 0), ROW(SH, store, 1), ROW(SW, store, 2), ROW(SD, store, 3),
    // U 2.7, 3: one hart, no reordering
    ROW(FENCE, nothing), ROW(PAUSE, pause_hint), ROW(FENCE_I, fence_i),
    // U 7
    ROW(MUL, alu, IR_MUL), ROW(MULH, alu, IR_MULHS), ROW(MULHU, alu, IR_MULHU), ROW(MULHSU, alu, IR_MULHSU),
    ROW(DIV, divide, IR_DIVS), ROW(DIVU, divide, IR_DIVU), ROW(REM, alu, IR_REMS), ROW(REMU, alu, IR_REMU),
    ROW(MULW, alu_word, IR_MUL), ROW(DIVW, divide_word, IR_DIVS), ROW(DIVUW, divide_word, IR_DIVU),
    ROW(REMW, alu_word, IR_REMS), ROW(REMUW, alu_word, IR_REMU),
    // Zba
    ROW(SH1ADD, sh_add, 1), ROW(SH2ADD, sh_add, 2), ROW(SH3ADD, sh_add, 3), ROW(ADD_UW, sh_add, 0 | WORD_UW),
    ROW(SH1ADD_UW, sh_add, 1 | WORD_UW), ROW(SH2ADD_UW, sh_add, 2 | WORD_UW), ROW(SH3ADD_UW, sh_add, 3 | WORD_UW),
    ROW(SLLI_UW, slli_uw),
    // Zbb
    ROW(ANDN, alu_inverted, IR_AND), ROW(ORN, alu_inverted, IR_OR), ROW(XNOR, alu_inverted, IR_XOR),
    ROW(CLZ, unary, IR_CLZ), ROW(CTZ, unary, IR_CTZ), ROW(CPOP, unary, IR_POPCNT),
    ROW(CLZW, unary_word, IR_CLZ), ROW(CTZW, unary_word, IR_CTZ), ROW(CPOPW, unary_word, IR_POPCNT),
    ROW(MAX, choose, IR_GTS), ROW(MAXU, choose, IR_GTU), ROW(MIN, choose, IR_LTS), ROW(MINU, choose, IR_LTU),
    ROW(SEXT_B, unary, IR_SEXT8), ROW(SEXT_H, unary, IR_SEXT16), ROW(ZEXT_H, unary, IR_ZEXT16),
    ROW(ROL, alu, IR_ROL), ROW(ROR, alu, IR_ROR), ROW(RORI, alu_shamt, IR_ROR),
    ROW(ROLW, alu_word, IR_ROL), ROW(RORW, alu_word, IR_ROR), ROW(RORIW, alu_word_shamt, IR_ROR),
    ROW(ORC_B, unary, IR_ORCB), ROW(REV8, unary, IR_BSWAP),
    // Zbc
    ROW(CLMUL, alu, IR_CLMUL), ROW(CLMULH, alu, IR_CLMULH), ROW(CLMULR, clmulr),
    // Zbs
    ROW(BCLR, bit, IR_AND), ROW(BEXT, bit, IR_SHR), ROW(BINV, bit, IR_XOR), ROW(BSET, bit, IR_OR),
    ROW(BCLRI, bit_shamt, IR_AND), ROW(BEXTI, bit_shamt, IR_SHR), ROW(BINVI, bit_shamt, IR_XOR), ROW(BSETI, bit_shamt, IR_OR),
};
