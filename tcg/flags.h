// SPDX-License-Identifier: GPL-2.0-or-later
// Condition flags as a lazy tuple: what was computed, from which its consumers work out a condition or a bit when they want one.
//
//     v5 = sub.i32 v3, v4
//     v6 = flags.i32 sub v3, v4, v5        cmp eax, ebx
//     setreg.flags flags, v6
//     v8 = cc lt v6                        jl
//
// The tuple lives in a slot of 32 bytes. Its numbers are part of saved states: new kinds go to the end.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef enum IrFlagKind {  // sub of FLAGS; which operands it has, all of the op's type
    IR_FLAGS_BITS,         // a: the flags themselves, bit n is IrFlagBit n (of a new CPU: all clear)
    IR_FLAGS_ADD,          // a + b = c
    IR_FLAGS_ADC,          // a + b + carry = c
    IR_FLAGS_SUB,          // a - b = c; C is the borrow (x86)
    IR_FLAGS_SBB,          // a - b - borrow = c
    IR_FLAGS_SUBN,         // a - b = c; C is set if there is no borrow (ARM)
    IR_FLAGS_SBBN,         // a - b - !carry = c
    IR_FLAGS_LOGIC,        // c; C and O are clear
    IR_FLAGS_INC,          // c is one more; C is bit 0 of a
    IR_FLAGS_DEC,          // c is one less; C is bit 0 of a
    IR_FLAGS_NEG,          // -a = c
    IR_FLAGS_SHL,          // a << b = c, b from 1 to the width
    IR_FLAGS_SHR,          // a >> b = c, logical
    IR_FLAGS_SAR,          // a >> b = c, arithmetic
    IR_FLAGS_MUL,          // c is the low half of a product, C and O are set if a isn't 0: it didn't fit
    IR_FLAGS_COUNT
} IrFlagKind;

typedef enum IrFlagBit { // sub of FLAGBIT
    IR_FLAG_C,           // carry or borrow
    IR_FLAG_P,           // even number of ones in the low byte of the result
    IR_FLAG_A,           // carry or borrow between bits 3 and 4
    IR_FLAG_Z,           // zero
    IR_FLAG_S,           // sign
    IR_FLAG_O,           // signed overflow
    IR_FLAG_COUNT
} IrFlagBit;

typedef enum IrCc { // sub of CC: conditions over the bits
    IR_CC_O, IR_CC_NO, IR_CC_C, IR_CC_NC, IR_CC_Z, IR_CC_NZ,
    IR_CC_CZ, IR_CC_NCZ,   // C or Z (x86 "below or equal"), neither
    IR_CC_S, IR_CC_NS, IR_CC_P, IR_CC_NP,
    IR_CC_LT, IR_CC_GE,    // S != O, S == O
    IR_CC_LE, IR_CC_GT,    // Z or S != O, neither
    IR_CC_LS, IR_CC_HI,    // Z or not C (ARM "lower or same"), C and not Z
    IR_CC_COUNT
} IrCc;

// The tuple as it is in the state. Unused operands are 0; bits of operands above their width are as they came and don't count.
typedef struct IrFlags {
    uint64_t a, b, c;
    uint8_t kind;     // IrFlagKind
    uint8_t size;     // log2 of the operands' bytes
    uint8_t pad[6];   // 0
} IrFlags;
_Static_assert(sizeof(IrFlags) == 32, "four words");

// Operands that a kind has: bits 0 to 2 for a, b, c.
extern const uint8_t ir_flag_operands[IR_FLAGS_COUNT];

unsigned ir_flags_bits(const IrFlags *f);       // all flags: bit n is IrFlagBit n
bool ir_flags_cc(const IrFlags *f, IrCc cc);
IrFlags ir_flags_from(unsigned bits);           // for state that is set from outside
