// SPDX-License-Identifier: GPL-2.0-or-later
// Sv57: five levels, canonical addresses, superpages of each size, changes of entries at the top (P 4.6).
#include "test.inc"
#include "pte.inc"

    START
    OPEN_PMP
    CASE 1              // the mode is there
    SATP 10, root
    csrr a0, satp
    EXPECT_SAME a0, t0
    SET root, 0, top, V
    SET top, 0, upper, V
    SET upper, 0, mid, V
    SET_RAW upper, 2, (RAM >> 2) | RWXAD // 1 GiB
    SET mid, 0, leaf, V
    SET leaf, 1, page, RWXAD
    lla t0, page
    li t1, 0x11
    sd t1, 0(t0)
    li t1, 0x8082       // ret
    sw t1, 64(t0)
    lla t0, page2
    li t1, 0x22
    sd t1, 0(t0)
    li a1, 0x1000
    TO_S
    CASE 2
    ld a0, 0(a1)
    EXPECT a0, 0x11
    addi a2, a1, 64
    jalr a2
    CASE 3              // bits 63 to 57 equal bit 56
    li t0, 0x0100000000001000
    BAD 13, 0x0100000000001000, ld a0, 0(t0)
    li t0, 0xfe00000000001000
    BAD 15, 0xfe00000000001000, sd a0, 0(t0)
    li t2, 0x0001000000001000   // Sv48 would say no, Sv57 has no entry there
    BAD 13, 0x0001000000001000, ld a0, 0(t2)
    SET root, 1, top, V
    ld a0, 0(t2)
    EXPECT a0, 0x11
    CASE 4              // both ends of the address space
    SET root, 256, top, V
    SET root, 511, top, V
    li t2, 0xff00000000001000
    ld a0, 0(t2)
    EXPECT a0, 0x11
    li t2, 0xffff000000001000
    ld a0, 0(t2)
    EXPECT a0, 0x11
    CASE 5              // superpages of 512 GiB and 256 TiB; misaligned ones fault
    SET_RAW top, 1, V | R | W | X
    lla t2, page
    li t3, 1 << 39
    or t2, t2, t3
    ld a0, 0(t2)
    EXPECT a0, 0x11
    BITS top, 1, A
    sd a0, 0(t2)
    BITS top, 1, A | D
    SET_RAW root, 2, V | R | W | X
    lla t2, page
    li t3, 2 << 48
    or t2, t2, t3
    sd a0, 0(t2)
    BITS root, 2, A | D
    SET_RAW root, 2, (1 << 45) | V | R | W | X
    BAD 13, 2 << 48, ld a0, 0(t3)
    SET_RAW root, 2, (1 << 10) | V | R | W | X
    BAD 13, 2 << 48, ld a0, 0(t3)
    CASE 6              // a change at the root is seen at once
    SET root, 3, top, V
    li t2, 3 << 48 | 0x1000
    ld a0, 0(t2)
    EXPECT a0, 0x11
    SET root, 3, top2, V
    SET top2, 0, upper2, V
    SET upper2, 0, mid2, V
    SET mid2, 0, leaf2, V
    SET leaf2, 1, page2, RWXAD
    ld a0, 0(t2)
    EXPECT a0, 0x22
    SET_RAW root, 3, 0
    FAULTS 13, ld a0, 0(t2)
    TO_M
    CASE 7              // Sv48 and Sv39 from the same tables, one level less each
    SATP 9, top
    TO_S
    ld a0, 0(a1)
    EXPECT a0, 0x11
    TO_M
    SATP 8, upper
    TO_S
    ld a0, 0(a1)
    EXPECT a0, 0x11
    TO_M
    CASE 8              // 11 and more: no mode
    csrr a1, satp
    li a0, 11 << 60
    csrw satp, a0
    csrr a0, satp
    EXPECT_SAME a0, a1
    FINISH

    .data
    .balign 4096
root: .space 4096
top: .space 4096
upper: .space 4096
mid: .space 4096
leaf: .space 4096
top2: .space 4096
upper2: .space 4096
mid2: .space 4096
leaf2: .space 4096
page: .space 4096
page2: .space 4096
