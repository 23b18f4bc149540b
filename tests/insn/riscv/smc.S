// SPDX-License-Identifier: GPL-2.0-or-later
// A store that changes the very next instruction, without fence.i.
//
// U 3 lets the old instruction run; here the new one does, at once, since what a store changes never depends on how code was cut into blocks.
#include "test.inc"

    START
    CASE 30
    li a0, 0
    li a1, 0x00150513   // addi a0, a0, 1
    lla a2, 2f
    lla a3, 2f
    li a4, 0
1:  sw a1, 0(a3)
    .option push
    .option norvc
2:  addi a0, a0, 0      // becomes a0 += 1, then += 2, …
    .option pop
    li a5, 0x100000
    add a1, a1, a5
    addi a4, a4, 1
    li a5, 10
    bne a4, a5, 1b
    EXPECT a0, 55
    CASE 31     // a jump backwards in the same block's way
    li a0, 0
    li a4, 3
    .option push
    .option norvc
    lla a2, 4f
    li a1, 0x00450513   // addi a0, a0, 4
3:  addi a4, a4, -1
    beqz a4, 5f
4:  addi a0, a0, 1
    sw a1, 0(a2)
    j 3b
    .option pop
5:  EXPECT a0, 5
    FINISH
