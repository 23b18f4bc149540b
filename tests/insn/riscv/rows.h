// SPDX-License-Identifier: GPL-2.0-or-later
// Rows of the computation tables: case number, instruction, operands, expected result.
//
// Each is run with separate registers, with rd the same as a source, and with rd = x0.
#pragma once

.macro RR number, op, left, right, value
    CASE \number
    li a0, \left
    li a1, \right
    \op a2, a0, a1
    EXPECT a2, \value
    mv a3, a0
    \op a3, a3, a1
    EXPECT a3, \value
    mv s1, a1
    \op s1, a0, s1
    EXPECT s1, \value
    \op x0, a0, a1
    EXPECT x0, 0
.endm

.macro R1 number, op, left, value
    CASE \number
    li a0, \left
    \op a2, a0
    EXPECT a2, \value
    \op a0, a0
    EXPECT a0, \value
.endm

.macro RI number, op, left, imm, value
    CASE \number
    li a0, \left
    \op a2, a0, \imm
    EXPECT a2, \value
    \op a0, a0, \imm
    EXPECT a0, \value
    \op x0, a0, \imm
    EXPECT x0, 0
.endm
