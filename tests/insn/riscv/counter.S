// SPDX-License-Identifier: GPL-2.0-or-later
// Counters: cycle and instret count instructions one by one, who may read them, writes, inhibition (U 10; P 3.1.10 to 3.1.12, 4.1.5).
//
// cycle counts attempts, instret what didn't trap; a written value is what the next instruction reads. Not for the peer: its counters
// follow host time.
#include "test.inc"

    START
    OPEN_PMP
    CASE 1
    csrr a0, mcycle
    csrr a1, mcycle
    csrr a2, minstret
    nop
    nop
    csrr a3, minstret
    sub a1, a1, a0
    EXPECT a1, 1
    sub a3, a3, a2
    EXPECT a3, 3
    CASE 2      // writes
    li t0, 1000
    csrw mcycle, t0
    csrr a0, mcycle
    EXPECT a0, 1000
    csrr a1, mcycle
    sub a1, a1, a0
    EXPECT a1, 3
    csrw minstret, t0
    csrr a0, minstret
    EXPECT a0, 1000
    csrrw a2, minstret, x0
    csrr a0, minstret
    EXPECT a0, 0
    EXPECT a2, 1003
    CASE 3      // a trap is no retired instruction
    lla t0, 1f
    csrw mtvec, t0
    csrr a0, mcycle
    csrr a1, minstret
    ebreak
    .balign 4
1:  csrr a2, mcycle
    csrr a3, minstret
    sub a2, a2, a0
    EXPECT a2, 3
    sub a3, a3, a1
    EXPECT a3, 2
    lla t0, machine_trap
    csrw mtvec, t0
    CASE 4      // inhibition
    csrwi mcountinhibit, 1
    csrr a0, mcycle
    csrr a1, minstret
    nop
    csrr a2, mcycle
    csrr a3, minstret
    EXPECT_SAME a0, a2
    sub a3, a3, a1
    EXPECT a3, 3
    li t0, 500
    csrw mcycle, t0
    nop
    csrr a0, mcycle
    EXPECT a0, 500
    csrwi mcountinhibit, 4
    csrr a0, mcycle
    EXPECT a0, 500
    csrr a0, minstret
    nop
    csrr a1, minstret
    EXPECT_SAME a0, a1
    csrwi mcountinhibit, 0
    csrr a1, minstret
    EXPECT_SAME a0, a1
    li t0, -1
    csrw mcountinhibit, t0
    csrr a0, mcountinhibit
    EXPECT a0, 5
    csrw mcountinhibit, x0
    CASE 5      // the user's names
    csrr a0, cycle
    csrr a1, mcycle
    sub a1, a1, a0
    EXPECT a1, 1
    csrr a0, instret
    csrr a1, minstret
    sub a1, a1, a0
    EXPECT a1, 1
    csrr a0, time
    CASE 6      // mcounteren and scounteren
    csrw mcounteren, x0
    TO_S
    FAULTS 2, csrr a0, cycle
    FAULTS 2, csrr a0, time
    FAULTS 2, csrr a0, instret
    FAULTS 2, csrr a0, hpmcounter3
    TO_M
    csrwi mcounteren, 5
    csrwi scounteren, 6
    TO_S
    csrr a0, cycle
    FAULTS 2, csrr a0, time
    csrr a0, instret
    csrr a1, instret
    sub a1, a1, a0
    EXPECT a1, 1
    TO_M
    TO_U
    FAULTS 2, csrr a0, cycle
    FAULTS 2, csrr a0, time
    csrr a0, instret
    TO_M
    CASE 7      // loops: one a time, however long the block
    csrr a0, minstret
    li a1, 1000
1:  addi a1, a1, -1
    bnez a1, 1b
    csrr a2, minstret
    sub a2, a2, a0
    EXPECT a2, 2002
    CASE 8      // faulting loads count as attempts
    li a3, 0x18000000
    csrr a0, mcycle
    csrr a1, minstret
    lla s7, 1f  // two
    LX a2, 0(a3)
1:  csrr a4, mcycle
    csrr a5, minstret
    sub a4, a4, a0
    sub a5, a5, a1
    sub a4, a4, a5
    EXPECT a4, 1
    FINISH
