// SPDX-License-Identifier: GPL-2.0-or-later
// A: atomic read-modify-write, load-reserved and store-conditional (U chapter 8).
//
// What U leaves open (own stores between LR and SC, SC elsewhere in the reservation set) is in reservation.S.
#include "test.inc"

// op on a word and on a doubleword, both in memory at cell with a known neighbour.
.macro AMO number, op, old, operand, value_w, value_d
    CASE \number
    li a1, \old
    li a2, \operand
    sd a1, 0(a0)
    sd a1, 8(a0)
    \op\().w a3, a2, (a0)
    sext.w a4, a1
    EXPECT_SAME a3, a4
    lw a3, 0(a0)
    EXPECT a3, \value_w
    lw a3, 4(a0)        // the other half stays
    srai a4, a1, 32
    EXPECT_SAME a3, a4
    sd a1, 0(a0)
    \op\().d.aqrl a3, a2, (a0)
    EXPECT_SAME a3, a1
    ld a3, 0(a0)
    EXPECT a3, \value_d
    ld a3, 8(a0)
    EXPECT_SAME a3, a1
    sd a1, 0(a0)
    mv a3, a0
    \op\().d a3, a2, (a3)   // rd is the address
    EXPECT_SAME a3, a1
    sd a1, 0(a0)
    mv a3, a2
    \op\().d a3, a3, (a0)   // rd is the operand
    EXPECT_SAME a3, a1
    ld a3, 0(a0)
    EXPECT a3, \value_d
    sd a1, 0(a0)
    \op\().w x0, a2, (a0)   // rd is x0
    lw a3, 0(a0)
    EXPECT a3, \value_w
.endm

    START
    lla a0, cell
    AMO 1, amoswap, 0x0123456789abcdef, 0xfedcba9876543210, 0x76543210, 0xfedcba9876543210
    AMO 2, amoadd, 0x01234567ffffffff, 0x1, 0, 0x0123456800000000
    AMO 3, amoadd, 0x7fffffff7fffffff, 0x1, -0x80000000, 0x7fffffff80000000
    AMO 4, amoxor, 0x5555aaaa5555aaaa, 0x0f0f0f0f0f0f0f0f, 0x5a5aa5a5, 0x5a5aa5a55a5aa5a5
    AMO 5, amoand, 0x5555aaaad555aaaa, 0x0f0f0f0f8f0f0f0f, -0x7afaf5f6, 0x05050a0a85050a0a
    AMO 6, amoor, 0x5555aaaa5555aaaa, 0x0f0f0f0f0f0f0f0f, 0x5f5fafaf, 0x5f5fafaf5f5fafaf
    AMO 7, amomin, 0x8000000000000005, 0x00000000fffffffe, -2, 0x8000000000000005
    AMO 8, amomin, 0x0000000180000000, 0xffffffff7fffffff, -0x80000000, 0xffffffff7fffffff
    AMO 9, amomax, 0x8000000000000005, 0x00000000fffffffe, 5, 0x00000000fffffffe
    AMO 10, amomax, 0x0000000180000000, 0xffffffff7fffffff, 0x7fffffff, 0x0000000180000000
    AMO 11, amominu, 0x8000000000000005, 0x00000000fffffffe, 5, 0x00000000fffffffe
    AMO 12, amominu, 0x00000001ffffffff, 0xffffffff00000000, 0, 0x00000001ffffffff
    AMO 13, amomaxu, 0x8000000000000005, 0x00000000fffffffe, -2, 0x8000000000000005
    AMO 14, amomaxu, 0x00000001ffffffff, 0xffffffff00000000, -1, 0xffffffff00000000

    // LR sign-extends; SC succeeds once
    CASE 30
    li a1, 0x0123456789abcdef
    sd a1, 0(a0)
    lr.w a2, (a0)
    EXPECT a2, -0x76543211
    li a3, 0x55
    sc.w a2, a3, (a0)
    EXPECT a2, 0
    ld a2, 0(a0)
    EXPECT a2, 0x0123456700000055
    sc.w a2, a1, (a0)
    EXPECT a2, 1
    ld a2, 0(a0)
    EXPECT a2, 0x0123456700000055
    CASE 31
    lr.d.aq a2, (a0)
    EXPECT a2, 0x0123456700000055
    addi a2, a2, 1
    sc.d.rl a2, a2, (a0)
    EXPECT a2, 0
    ld a2, 0(a0)
    EXPECT a2, 0x0123456700000056
    CASE 32     // without a reservation
    sc.d a2, a1, (a0)
    EXPECT a2, 1
    CASE 33     // a failed SC gives up the reservation
    lr.d a2, (a0)
    addi a3, a0, 512
    sc.d a2, a1, (a3)
    EXPECT a2, 1
    sc.d a2, a1, (a0)
    EXPECT a2, 1
    CASE 34     // a second LR replaces the first
    addi a3, a0, 512
    lr.d a2, (a0)
    lr.d a2, (a3)
    sc.d a2, a1, (a0)
    EXPECT a2, 1
    CASE 35     // the loop of U 8.3
    li a1, 0
1:  lr.w a2, (a0)
    addi a2, a2, 1
    sc.w a3, a2, (a0)
    bnez a3, 1b
    addi a1, a1, 1
    li a4, 100
    bne a1, a4, 1b
    lw a2, 0(a0)
    EXPECT a2, 0x56 + 100
    CASE 36     // SC to x0
    lr.w a2, (a0)
    sc.w x0, a1, (a0)
    lw a2, 0(a0)
    EXPECT a2, 100
    FINISH
    .data
    .balign 64
cell:
    .space 1024
