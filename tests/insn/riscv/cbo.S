// SPDX-License-Identifier: GPL-2.0-or-later
// Zicbom and Zicboz: enabling, permission, zeroing (CMO). Needs a CPU with both.
#include "test.inc"

#define CBIE 0x30
#define CBCFE 0x40
#define CBZE 0x80

    START
    OPEN_PMP
    lla a0, area
    CASE 1          // in M always; the block around the address
    addi a1, a0, 64 + 17
    cbo.zero 0(a1)
    LX a2, 56(a0)
    EXPECT a2, -1
    LX a2, 64(a0)
    EXPECT a2, 0
    LX a2, 120(a0)
    EXPECT a2, 0
    LX a2, 128(a0)
    EXPECT a2, -1
    CASE 2
    cbo.clean 0(a1)
    cbo.flush 0(a1)
    cbo.inval 0(a0)
    LX a2, 0(a0)
    EXPECT a2, -1
    CASE 3          // in S by menvcfg
    csrw menvcfg, x0
    TO_S
    FAULTS 2, cbo.zero 0(a0)
    FAULTS 2, cbo.clean 0(a0)
    FAULTS 2, cbo.flush 0(a0)
    FAULTS 2, cbo.inval 0(a0)
    TO_M
    li t0, CBZE | CBCFE
    csrw menvcfg, t0
    TO_S
    cbo.zero 0(a0)
    cbo.clean 0(a0)
    cbo.flush 0(a0)
    FAULTS 2, cbo.inval 0(a0)
    TO_M
    LX a2, 0(a0)
    EXPECT a2, 0
    CASE 4          // in U by both
    csrw senvcfg, x0
    TO_U
    FAULTS 2, cbo.zero 0(a0)
    TO_M
    li t0, CBZE
    csrw senvcfg, t0
    TO_U
    cbo.zero 0(a0)
    FAULTS 2, cbo.clean 0(a0)
    TO_M
    CASE 5          // fields: CBIE has no value 2
    li t0, -1
    csrw senvcfg, t0
    csrr a2, senvcfg
    EXPECT a2, 0xf1
    li t0, 0x20
    csrw senvcfg, t0
    csrr a2, senvcfg
    EXPECT a2, 0
    CASE 6          // nothing there
    li a1, 0x18000000
    TRAPS 7, cbo.zero 0(a1)
    FINISH
    .data
    .balign 64
area:
    .fill 192, 1, 0xff
