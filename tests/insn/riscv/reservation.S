// SPDX-License-Identifier: GPL-2.0-or-later
// Atomics where U 8.2 and 8.4 leave a choice, and what this implementation chose (target/riscv/atomic.c).
//
// A reservation lives through the hart's own stores and through traps, and only the reserved address itself may be stored to. A misaligned
// address traps, whether or not there is a reservation.
#include "test.inc"

    START
    lla a0, cell
    CASE 1      // an own store to the same word
    lr.w a2, (a0)
    li a3, 7
    sw a3, 0(a0)
    li a3, 8
    sc.w a2, a3, (a0)
    EXPECT a2, 0
    lw a2, 0(a0)
    EXPECT a2, 8
    CASE 2      // elsewhere in the same 64 bytes
    lr.w a2, (a0)
    addi a4, a0, 8
    sc.w a2, a3, (a4)
    EXPECT a2, 1
    CASE 3      // through a trap
    lr.d a2, (a0)
    TRAPS 2, .half 0
    li a3, 9
    sc.d a2, a3, (a0)
    EXPECT a2, 0
    CASE 4      // a word of a reserved doubleword
    lr.d a2, (a0)
    sc.w a2, a3, (a0)
    EXPECT a2, 0

    // misaligned
    CASE 10
    addi a4, a0, 4
    TRAPS 4, lr.d a2, (a4)
    EXPECT_SAME s10, a4
    TRAPS 6, sc.d a2, a3, (a4)
    EXPECT_SAME s10, a4
    CASE 11
    addi a4, a0, 2
    lr.w a2, (a0)
    TRAPS 6, sc.w a2, a3, (a4)
    EXPECT_SAME s10, a4
    sc.w a2, a3, (a0)
    EXPECT a2, 0
    CASE 12
    TRAPS 6, amoadd.w a2, a3, (a4)
    EXPECT_SAME s10, a4
    TRAPS 6, amoswap.d a2, a3, (a4)
    lw a2, 0(a0)
    EXPECT a2, 9
    CASE 13     // nothing there, or a device: access faults
    li a4, 0x18000000
    TRAPS 5, lr.w a2, (a4)
    TRAPS 7, amoadd.w a2, a3, (a4)
    li a4, FINISHER
    TRAPS 5, lr.w a2, (a4)
    lr.w a2, (a0)
    TRAPS 7, sc.w a2, a3, (a4)
    FINISH
    .data
    .balign 64
cell:
    .space 1024
