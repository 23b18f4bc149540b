// SPDX-License-Identifier: GPL-2.0-or-later
// Encoder of x86-64 instructions (Intel SDM volume 2, chapter 2 and appendix A).
#include "tcg/x86-asm.h"

#include <assert.h>
#include <string.h>

void x_byte(Asm *a, unsigned byte)
{
    *a->p++ = (uint8_t)byte;
}

void x_u32(Asm *a, uint32_t v)
{
    memcpy(a->p, &v, 4);
    a->p += 4;
}

void x_u64(Asm *a, uint64_t v)
{
    memcpy(a->p, &v, 8);
    a->p += 8;
}

// ModRM, SIB and displacement (SDM 2.1.5).
static void modrm(Asm *a, unsigned reg, Opnd rm)
{
    reg = (reg & 7) << 3;
    if (!rm.mem) {
        x_byte(a, 0xc0 | reg | (rm.reg & 7));
        return;
    }
    bool sib = rm.index != RSP || (rm.reg & 7) == RSP;
    unsigned mod = rm.disp == 0 && (rm.reg & 7) != RBP ? 0 : rm.disp == (int8_t)rm.disp ? 1 : 2;
    x_byte(a, mod << 6 | reg | (sib ? 4u : rm.reg & 7u));
    if (sib) {
        x_byte(a, (unsigned)rm.scale << 6 | (rm.index & 7u) << 3 | (rm.reg & 7u));
    }
    if (mod == 1) {
        x_byte(a, (uint8_t)rm.disp);
    } else if (mod == 2) {
        x_u32(a, (uint32_t)rm.disp);
    }
}

void x_op(Asm *a, unsigned opcode, unsigned reg, Opnd rm)
{
    if (opcode & X_66) {
        x_byte(a, 0x66);
    }
    if (opcode & (X_F2 | X_F3)) {
        x_byte(a, opcode & X_F2 ? 0xf2 : 0xf3);
    }
    bool byte_reg = (opcode & X_BYTE) && reg >= RSP && reg < XMM0;
    bool byte_rm = (opcode & (X_BYTE | X_BYTE_RM)) && !rm.mem && rm.reg >= RSP;
    unsigned rex = (opcode & X_W ? 8u : 0) | (reg >> 3 & 1) << 2 | (rm.mem ? (unsigned)(rm.index >> 3 & 1) << 1 : 0) | (rm.reg >> 3 & 1u);
    if (rex || byte_reg || byte_rm) {
        x_byte(a, 0x40 | rex);
    }
    if (opcode & (X_0F | X_0F38 | X_0F3A)) {
        x_byte(a, 0x0f);
    }
    if (opcode & (X_0F38 | X_0F3A)) {
        x_byte(a, opcode & X_0F38 ? 0x38 : 0x3a);
    }
    x_byte(a, opcode & 0xff);
    modrm(a, reg, rm);
}

void x_op_imm8(Asm *a, unsigned opcode, unsigned reg, Opnd rm, unsigned imm)
{
    x_op(a, opcode, reg, rm);
    x_byte(a, imm);
}

void x_op_imm32(Asm *a, unsigned opcode, unsigned reg, Opnd rm, int32_t imm)
{
    x_op(a, opcode, reg, rm);
    x_u32(a, (uint32_t)imm);
}

// Always the three-byte prefix (SDM 2.3.5).
void x_vex(Asm *a, unsigned opcode, unsigned reg, unsigned vvvv, Opnd rm)
{
    unsigned map = opcode & X_0F38 ? 2 : opcode & X_0F3A ? 3 : 1;
    unsigned pp = opcode & X_66 ? 1 : opcode & X_F3 ? 2 : opcode & X_F2 ? 3 : 0;
    unsigned r = ~reg >> 3 & 1, x = rm.mem ? ~(unsigned)rm.index >> 3 & 1 : 1, b = ~(unsigned)rm.reg >> 3 & 1;
    x_byte(a, 0xc4);
    x_byte(a, r << 7 | x << 6 | b << 5 | map);
    x_byte(a, (opcode & X_W ? 0x80u : 0) | (~vvvv & 15) << 3 | pp);
    x_byte(a, opcode & 0xff);
    modrm(a, reg, rm);
}

void x_alu(Asm *a, unsigned alu, unsigned wide, unsigned reg, Opnd rm)
{
    x_op(a, (alu << 3 | 3) | wide, reg, rm);
}

void x_alu_imm(Asm *a, unsigned alu, unsigned wide, Opnd rm, int32_t imm)
{
    if (imm == (int8_t)imm) {
        x_op_imm8(a, 0x83 | wide, alu, rm, (uint8_t)imm);
    } else {
        x_op_imm32(a, 0x81 | wide, alu, rm, imm);
    }
}

void x_mov(Asm *a, unsigned wide, unsigned reg, Opnd rm)
{
    if (rm.mem || rm.reg != reg || !wide) {
        x_op(a, 0x8b | wide, reg, rm);
    }
}

void x_store(Asm *a, unsigned wide, Opnd rm, unsigned reg)
{
    x_op(a, 0x89 | wide, reg, rm);
}

void x_mov_imm(Asm *a, unsigned reg, uint64_t value)
{
    if (value == (uint32_t)value) {
        if (reg >= R8) {
            x_byte(a, 0x41);
        }
        x_byte(a, 0xb8 | (reg & 7));
        x_u32(a, (uint32_t)value);
    } else if (value == (uint64_t)(int64_t)(int32_t)value) {
        x_op_imm32(a, 0xc7 | X_W, 0, x_reg(reg), (int32_t)value);
    } else {
        x_byte(a, reg >= R8 ? 0x49 : 0x48);
        x_byte(a, 0xb8 | (reg & 7));
        x_u64(a, value);
    }
}

void x_lea(Asm *a, unsigned wide, unsigned reg, Opnd mem)
{
    assert(mem.mem);
    x_op(a, 0x8d | wide, reg, mem);
}

void x_shift_imm(Asm *a, unsigned shift, unsigned wide, unsigned reg, unsigned count)
{
    x_op_imm8(a, 0xc1 | wide, shift, x_reg(reg), count);
}

uint8_t *x_jcc8(Asm *a, unsigned cc)
{
    x_byte(a, 0x70 | cc);
    x_byte(a, 0);
    return a->p - 1;
}

uint8_t *x_jmp8(Asm *a)
{
    x_byte(a, 0xeb);
    x_byte(a, 0);
    return a->p - 1;
}

void x_patch8(uint8_t *at, const uint8_t *target)
{
    int64_t distance = target - (at + 1);
    assert(distance == (int8_t)distance);
    *at = (uint8_t)distance;
}

uint8_t *x_jcc(Asm *a, unsigned cc)
{
    x_byte(a, 0x0f);
    x_byte(a, 0x80 | cc);
    x_u32(a, 0);
    return a->p - 4;
}

uint8_t *x_jmp(Asm *a)
{
    x_byte(a, 0xe9);
    x_u32(a, 0);
    return a->p - 4;
}

uint8_t *x_call(Asm *a)
{
    x_byte(a, 0xe8);
    x_u32(a, 0);
    return a->p - 4;
}

void x_patch(uint8_t *at, const uint8_t *target)
{
    int64_t distance = target - (at + 4);
    assert(distance == (int32_t)distance);
    int32_t rel = (int32_t)distance;
    memcpy(at, &rel, 4);
}
