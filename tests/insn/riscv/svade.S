// SPDX-License-Identifier: GPL-2.0-or-later
// Svade and Svadu: who sets accessed and dirty bits. Built three times: ADUE=0: the CPU has Svade alone; ADUE=1: it has both, and begins
// with Svade; ADUE=2: it has Svadu alone, and begins with that.
#include "test.inc"
#include "pte.inc"

#define WINDOW 0x1000
#if __riscv_xlen == 32
#define ENVCFG menvcfgh
#define ADUE_BIT (1 << 29)
#else
#define ENVCFG menvcfg
#define ADUE_BIT (1 << 61)
#endif

// The entry's A and D must be set by the program: nothing but a fault happens.
.macro SOFTWARE
    SET leaf, 1, page, V | R | W | X
    BAD 13, WINDOW, lw a0, 0(a1)
    BAD 15, WINDOW, sw a0, 0(a1)
    lla s7, 101f
    jalr a1
101: li s7, 0
    EXPECT s8, 12
    EXPECT s10, WINDOW
    FAULTS 15, amoadd.w a0, x0, (a1)
    BITS leaf, 1, 0
    SET leaf, 1, page, V | R | W | X | A
    lw a0, 0(a1)
    jalr a1
    BAD 15, WINDOW, sw a0, 0(a1)
    BITS leaf, 1, A
    SET leaf, 1, page, V | R | W | X | A | D
    sw a0, 0(a1)
    SET leaf, 1, page, V | R | W | X | D    // cleared without a fence: seen
    BAD 13, WINDOW, lw a0, 0(a1)
    BAD 15, WINDOW, sw a0, 0(a1)
.endm

.macro HARDWARE
    SET leaf, 1, page, V | R | W | X
    lw a0, 0(a1)
    BITS leaf, 1, A
    sw a0, 0(a1)
    BITS leaf, 1, A | D
    SET leaf, 1, page, V | R | W | X
    jalr a1
    BITS leaf, 1, A
    BAD 15, WINDOW + 0x1000, sw a0, 0(a2)   // no entry there
.endm

    START
    OPEN_PMP
#if __riscv_xlen == 32
    SET root, 0, leaf, V
    SET_RAW root, 512, (RAM >> 2) | RWXAD
    SATP 1, root
#else
    SET root, 0, mid, V
    SET mid, 0, leaf, V
    SET_RAW root, 2, (RAM >> 2) | RWXAD
    SATP 8, root
#endif
    lla t0, page
    li t1, 0x8082       // ret
    sw t1, 0(t0)
    li a1, WINDOW
    li a2, WINDOW + 0x1000
    li s0, ADUE_BIT
    CASE 1              // as the model begins
    csrr a0, ENVCFG
    and a0, a0, s0
#if ADUE == 2
    EXPECT_SAME a0, s0
    TO_S
    HARDWARE
    TO_M
#else
    EXPECT a0, 0
    TO_S
    SOFTWARE
    TO_M
#endif
    CASE 2              // ADUE
    csrs ENVCFG, s0
    csrr a0, ENVCFG
    and a0, a0, s0
#if ADUE == 0
    EXPECT a0, 0
    TO_S
    SOFTWARE
#else
    EXPECT_SAME a0, s0
    TO_S
    HARDWARE
#endif
    TO_M
    CASE 3              // and off again, at once
    csrc ENVCFG, s0
    TO_S
    SOFTWARE
    TO_M
    FINISH

    .data
    .balign 4096
root: .space 4096
mid: .space 4096
leaf: .space 4096
page: .space 4096
