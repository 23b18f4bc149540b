// SPDX-License-Identifier: GPL-2.0-or-later
// Svpbmt: memory types in leaf entries, menvcfg.PBMTE, reserved encodings (P chapter 6). Needs a CPU with it.
#include "test.inc"
#include "pte.inc"

#define NC (1 << 61)
#define IO (2 << 61)
#define PBMTE (1 << 62)

    START
    OPEN_PMP
    SET root, 0, mid, V
    SET_RAW root, 2, (RAM >> 2) | RWXAD
    SET mid, 0, leaf, V
    lla t0, page
    li t1, 0x11
    sd t1, 0(t0)
    SATP 8, root
    li t0, PBMTE
    CASE 1              // on after reset, and it can be switched
    csrr a0, menvcfg
    and a0, a0, t0
    EXPECT_SAME a0, t0
    csrc menvcfg, t0
    csrr a0, menvcfg
    and a0, a0, t0
    EXPECT a0, 0
    csrs menvcfg, t0
    li a1, 0x1000
    TO_S
    CASE 2              // each type is memory
    .irp type, 0, NC, IO
    SET leaf, 1, page, \type | V | R | W | A | D
    ld a0, 0(a1)
    EXPECT a0, 0x11
    sd a0, 8(a1)
    amoadd.d a0, x0, (a1)
    EXPECT a0, 0x11
    .endr
    CASE 3              // 3 is reserved
    SET leaf, 1, page, (3 << 61) | V | R | W | A | D
    BAD 13, 0x1000, ld a0, 0(a1)
    BAD 15, 0x1000, sd a0, 0(a1)
    CASE 4              // in a superpage too; in a table entry it is reserved
    SET_RAW mid, 1, (RAM >> 2) | NC | V | R | W
    li t2, 0x200000
    lw a0, 0(t2)
    BITS mid, 1, A
    sw a0, 0(t2)
    BITS mid, 1, A | D
    SET_RAW mid, 1, (RAM >> 2) | (3 << 61) | V | R | W
    BAD 13, 0x200000, lw a0, 0(t2)
    SET mid, 0, leaf, NC | V
    FAULTS 13, ld a0, 0(a1)
    SET mid, 0, leaf, IO | V
    FAULTS 13, ld a0, 0(a1)
    SET mid, 0, leaf, V
    CASE 5              // without PBMTE all of them are reserved, at once and without a fence
    SET leaf, 1, page, NC | V | R | W | X | A | D
    SET leaf, 2, page, V | R | W | A | D
    li a2, 0x2000
    ld a0, 0(a1)
    EXPECT a0, 0x11
    TO_M
    li t0, PBMTE
    csrc menvcfg, t0
    TO_S
    BAD 13, 0x1000, ld a0, 0(a1)
    BAD 15, 0x1000, sd a0, 0(a1)
    lla s7, 1f
    jalr a1
1:  li s7, 0
    EXPECT s8, 12
    ld a0, 0(a2)
    EXPECT a0, 0x11
    TO_M
    li t0, PBMTE
    csrs menvcfg, t0
    TO_S
    ld a0, 0(a1)
    EXPECT a0, 0x11
    TO_M
    FINISH

    .data
    .balign 4096
root: .space 4096
mid: .space 4096
leaf: .space 4096
page: .space 4096
