// SPDX-License-Identifier: GPL-2.0-or-later
// Encoder of x86-64 instructions (Intel SDM volume 2): one function for all that follow the ModRM pattern, one for VEX, jumps with patching.
//
// An opcode is a number with flags: x_op(a, 0x03 | X_W, RAX, x_mem(RBP, 8)) is `add rax, [rbp+8]`. The caller guarantees room. Not here: choice
// of instructions, registers or addresses.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, XMM0, REG_COUNT = XMM0 + 16 };

enum { // flags above the opcode byte
    X_0F = 0x100, X_0F38 = 0x200, X_0F3A = 0x400,
    X_66 = 0x800, X_F2 = 0x1000, X_F3 = 0x2000,
    X_W = 0x4000,        // 64-bit operands
    X_BYTE = 0x8000,     // the register operands are bytes: sil, dil, … need a REX prefix
    X_BYTE_RM = 0x10000, // only the one in rm is
};

enum { // group 1 of 0x81, 0x83; opcode of `op reg, rm` is 8 * n + 3
    ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP,
};
enum { SHIFT_ROL = 0, SHIFT_ROR = 1, SHIFT_SHL = 4, SHIFT_SHR = 5, SHIFT_SAR = 7 }; // group 2 of 0xc1, 0xd3
enum { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G };

typedef struct Asm {
    uint8_t *p; // where the next byte goes
} Asm;

typedef struct Opnd { // register, or [base + index * 2^scale + disp]; index RSP: none
    bool mem;
    uint8_t reg, index, scale;
    int32_t disp;
} Opnd;

static inline Opnd x_reg(unsigned reg) { return (Opnd){ .reg = (uint8_t)reg }; }
static inline Opnd x_mem(unsigned base, int32_t disp) { return (Opnd){ .mem = true, .reg = (uint8_t)base, .index = RSP, .disp = disp }; }
static inline Opnd x_mem_index(unsigned base, unsigned index, unsigned scale, int32_t disp)
{
    return (Opnd){ .mem = true, .reg = (uint8_t)base, .index = (uint8_t)index, .scale = (uint8_t)scale, .disp = disp };
}

void x_byte(Asm *a, unsigned byte);
void x_u32(Asm *a, uint32_t v);
void x_u64(Asm *a, uint64_t v);
void x_op(Asm *a, unsigned opcode, unsigned reg, Opnd rm);              // XMM numbers may be given with XMM0 added
void x_op_imm8(Asm *a, unsigned opcode, unsigned reg, Opnd rm, unsigned imm);
void x_op_imm32(Asm *a, unsigned opcode, unsigned reg, Opnd rm, int32_t imm);
void x_vex(Asm *a, unsigned opcode, unsigned reg, unsigned vvvv, Opnd rm);
void x_alu(Asm *a, unsigned alu, unsigned wide, unsigned reg, Opnd rm);  // wide: X_W or 0
void x_alu_imm(Asm *a, unsigned alu, unsigned wide, Opnd rm, int32_t imm);
void x_mov(Asm *a, unsigned wide, unsigned reg, Opnd rm);                // nothing for a 64-bit move to itself
void x_store(Asm *a, unsigned wide, Opnd rm, unsigned reg);
void x_mov_imm(Asm *a, unsigned reg, uint64_t value);                    // keeps flags
void x_lea(Asm *a, unsigned wide, unsigned reg, Opnd mem);
void x_shift_imm(Asm *a, unsigned shift, unsigned wide, unsigned reg, unsigned count);
// Jumps: the result is where the displacement is, for x_patch*.
uint8_t *x_jcc8(Asm *a, unsigned cc);
uint8_t *x_jmp8(Asm *a);
void x_patch8(uint8_t *at, const uint8_t *target);
uint8_t *x_jcc(Asm *a, unsigned cc);
uint8_t *x_jmp(Asm *a);
uint8_t *x_call(Asm *a);
void x_patch(uint8_t *at, const uint8_t *target);
