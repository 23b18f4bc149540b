// SPDX-License-Identifier: GPL-2.0-or-later
// Sv32: permissions, U, SUM, MXR, A and D, 4 MiB pages, addresses beyond 4 GiB, changes of entries, the ends of the address space (P 4.3).
//
// Tables: root[512] maps 0x80000000 to itself as 4 MiB; root[0] -> leaf, 4 KiB pages at 0x0. Page n of the window stands for `page`.
#include "test.inc"
#include "pte.inc"

#define SUM (1 << 18)
#define MXR (1 << 19)
#define HIGH_RAM 0x240000000 // 34 bits: the test board's second RAM

.macro MAP n, bits
    SET leaf, \n, page, \bits
.endm

    START
    OPEN_PMP
    CASE 1              // mode, 9 bits of ASID, 22 of PPN all stay; MODE 0 and 1 are all there is
    li a0, -1
    csrw satp, a0
    csrr a1, satp
    EXPECT a1, 0xffffffff
    csrw satp, x0
    SET_RAW root, 512, (RAM >> 2) | RWXAD
    SET root, 0, leaf, V
    lla t0, page
    li t1, 0x55667788
    sw t1, 0(t0)
    li t1, 0x11223344
    sw t1, 4(t0)
    li t1, 0x8082       // ret
    sw t1, 64(t0)
    SATP 1, root
    li a1, 0x1000
    addi a2, a1, 64
    MAP 1, RWXAD
    TO_S
    CASE 2
    lw a0, 0(a1)
    EXPECT a0, 0x55667788
    lw a0, 4(a1)
    EXPECT a0, 0x11223344
    jalr a2
    CASE 3              // permissions
    MAP 1, V | R | A | D
    lw a0, 0(a1)
    BAD 15, 0x1008, sw a0, 8(a1)
    addi a3, a1, 8
    BAD 15, 0x1008, amoadd.w a0, x0, (a3)
    MAP 1, V | R | W | A | D
    sw a0, 0(a1)
    lla s7, 1f
    jalr a2
1:  EXPECT s8, 12
    EXPECT s9, 0x1040
    EXPECT s10, 0x1040
    MAP 1, V | X | A | D
    BAD 13, 0x1000, lw a0, 0(a1)
    BAD 15, 0x1000, sw a0, 0(a1)
    li s7, 0
    jalr a2
    CASE 4              // not valid, reserved: W without R; a table where a page must be
    MAP 1, R | W | X | A | D
    BAD 13, 0x1000, lw a0, 0(a1)
    MAP 1, V | W | A | D
    BAD 13, 0x1000, lw a0, 0(a1)
    MAP 1, V | W | X | A | D
    BAD 13, 0x1000, lw a0, 0(a1)
    MAP 1, V
    BAD 13, 0x1000, lw a0, 0(a1)
    CASE 5              // bits 8, 9 are software's
    MAP 1, V | R | W | A | D | 0x300
    lw a0, 0(a1)
    CASE 6              // a table entry's U, A, D are reserved
    .irp bit, U, A, D
    SET root, 0, leaf, V | \bit
    BAD 13, 0x1000, lw a0, 0(a1)
    .endr
    SET root, 0, leaf, V

    CASE 10             // U pages: in S only with SUM, and never to fetch
    MAP 1, V | R | W | X | U | A | D
    BAD 13, 0x1000, lw a0, 0(a1)
    li t0, SUM
    csrs sstatus, t0
    lw a0, 0(a1)
    sw a0, 0(a1)
#ifndef PEER // fetches by the translation that the load left in its TLB
    lla s7, 1f
    jalr a2
1:  EXPECT s8, 12
    li s7, 0
#endif
    li t0, SUM
    csrc sstatus, t0
    BAD 15, 0x1000, sw a0, 0(a1)
    CASE 11             // MXR
    MAP 1, V | X | A | D
    li t0, MXR
    csrs sstatus, t0
    lw a0, 0(a1)
    BAD 15, 0x1000, sw a0, 0(a1)
    li t0, MXR
    csrc sstatus, t0
    BAD 13, 0x1000, lw a0, 0(a1)

    CASE 20             // A and D
    MAP 1, V | R | W | X
    lw a0, 0(a1)
    BITS leaf, 1, A
    sw a0, 0(a1)
    BITS leaf, 1, A | D
    MAP 1, V | R | W | X
    jalr a2
    BITS leaf, 1, A
    MAP 1, V | R | W | X
    amoadd.w a0, x0, (a1)
    BITS leaf, 1, A | D
    MAP 1, V | R
    BAD 15, 0x1000, sw a0, 0(a1)
    BITS leaf, 1, 0
    MAP 2, V | R | W    // the neighbour's entry is untouched
    MAP 1, V | R | W
    sw a0, 0(a1)
    lla t1, leaf + 8
    lw t0, 0(t1)
    andi t0, t0, 0xff
    EXPECT t0, V | R | W
    CASE 21             // cleared without a fence: set again
    MAP 1, V | R | W
    lw a0, 0(a1)
    BITS leaf, 1, A
    MAP 1, V | R | W
    lw a0, 0(a1)
    BITS leaf, 1, A

    CASE 30             // 4 MiB pages; misaligned ones fault
    SET_RAW root, 1, (RAM >> 2) | V | R | W
    lla t2, page
    li t3, RAM - 0x400000
    sub t2, t2, t3
    lw a0, 4(t2)
    EXPECT a0, 0x11223344
    BITS root, 1, A
    sw a0, 4(t2)
    BITS root, 1, A | D
    .irp ppn, 1, 2, 0x200
    SET_RAW root, 1, (RAM >> 2) | (\ppn << 10) | V | R | W | A | D
    li t3, 0x400000
    BAD 13, 0x400000, lw a0, 0(t3)
    .endr

#ifndef PEER // has no RAM there
    CASE 40             // physical addresses of 34 bits: a page and a 4 MiB page of RAM above 8 GiB
    SET_RAW leaf, 3, (HIGH_RAM >> 2) | 0x1000 >> 2 | V | R | W | X | A | D
    SET_RAW root, 2, (HIGH_RAM >> 2) | V | R | W | A | D
    li a3, 0x3000
    li a4, 0x00801000
    li t0, 0x12345678
    sw t0, 16(a3)
    lw a0, 16(a4)
    EXPECT a0, 0x12345678
    addi a5, a4, 16
    li t0, 1
    amoadd.w x0, t0, (a5)
    lw a0, 16(a3)
    EXPECT a0, 0x12345679
    CASE 41             // code there, and a table
    li t0, 0x8082
    sw t0, 0(a4)
    jalr a3
    li a4, 0x00802000   // a table at HIGH_RAM + 0x2000
    PTE page, RWXAD
    sw t0, 4(a4)
    SET_RAW root, 3, (HIGH_RAM >> 2) | 0x2000 >> 2 | V
    li a3, 0x00c01000
    lw a0, 4(a3)
    EXPECT a0, 0x11223344
    sw x0, 4(a4)
    BAD 13, 0x00c01000, lw a0, 0(a3)
    TO_M
    CASE 42             // the root table there, too
    SATP 1, root
    mv a6, t0
    TO_S
    li a4, 0x00803000
    li t0, (RAM >> 2) | RWXAD
    li t1, 512 * 4
    add t1, t1, a4
    sw t0, 0(t1)
    PTE leaf, V
    sw t0, 0(a4)
    SET leaf, 4, page, RWXAD
    TO_M
    li t0, (1 << 31) | ((HIGH_RAM + 0x3000) >> 12)
    csrw satp, t0
    TO_S
    li a3, 0x4000
    lw a0, 4(a3)
    EXPECT a0, 0x11223344
    TO_M
    csrw satp, a6
    TO_S
    SET_RAW leaf, 3, (0x340000000 >> 2) | V | R | W | A | D // nothing there
    li a3, 0x3000
    BAD 5, 0x3000, lw a0, 0(a3)
    BAD 7, 0x3004, sw a0, 4(a3)
#endif

    CASE 50             // an access over two pages: whole or not at all
    MAP 1, V | R | W | A | D
    SET leaf, 2, page2, V | R | W | A | D
    li a3, 0x2000
    li a4, 0x01020304
    sw a4, -2(a3)
    lw a5, -2(a3)
    EXPECT_SAME a5, a4
    lla t2, page2
    lhu a5, 0(t2)
    EXPECT a5, 0x0102
    SET_RAW leaf, 2, 0
    BAD 13, 0x2000, lw a5, -2(a3)
    EXPECT a5, 0x0102
    BAD 15, 0x2000, sw x0, -2(a3)
    lhu a5, -2(a3)
    EXPECT a5, 0x0304
    CASE 51             // an instruction over two pages
    lla t2, page2
    li t0, 0x0513       // addi a0, a0, 5
    sh t0, -2(t2)
    li t0, 0x0055
    sh t0, 0(t2)
    li t0, 0x8082
    sh t0, 2(t2)
    MAP 1, V | X | A
    SET leaf, 2, page2, V | X
    addi a2, a3, -2
    li a0, 1
    jalr a2
    EXPECT a0, 6
    BITS leaf, 2, A
    SET_RAW leaf, 2, 0
    lla s7, 1f
    jalr a2
1:  li s7, 0
    EXPECT s8, 12
    EXPECT s9, 0x1ffe
    EXPECT s10, 0x2000

    CASE 60             // changes of entries are seen at once: a leaf, the root, a byte of one, in another space
    MAP 1, RWXAD
    lw a0, 4(a1)
    SET leaf, 1, page2, RWXAD
    lla t2, page2
    li t0, 0x77
    sw t0, 4(t2)
    lw a0, 4(a1)
    EXPECT a0, 0x77
    SET root, 0, leaf2, V
    SET leaf2, 1, page, RWXAD
    lw a0, 4(a1)
    EXPECT a0, 0x11223344
    lla t1, leaf2
    sb x0, 4(t1)
    BAD 13, 0x1000, lw a0, 0(a1)
    li t0, RWXAD
    addi t1, t1, 4
    amoor.w x0, t0, (t1)
    lw a0, 4(a1)
    EXPECT a0, 0x11223344
    SET root, 0, leaf, V
    lw a0, 4(a1)
    EXPECT a0, 0x77

    CASE 70             // displacements that leave the address space come in at its other end, by whichever name
    SET root, 1023, leaf2, V
    SET leaf2, 1023, page2, RWXAD
    SET leaf, 0, page, RWXAD
    lla t2, page2
    li t0, 0x99
    li t1, 4096
    add t1, t1, t2
    sw t0, -16(t1)
    lw a0, -16(x0)
    EXPECT a0, 0x99
    li a3, 8
    lw a0, -24(a3)
    EXPECT a0, 0x99
    li a3, 0xfffffff8
    lw a0, -8(a3)
    EXPECT a0, 0x99
    lw a0, 12(a3)
    EXPECT a0, 0x11223344
    lw a0, 4(x0)
    EXPECT a0, 0x11223344
    SET_RAW leaf, 0, 0  // all names of a page are gone at once
    BAD 13, 4, lw a0, 12(a3)
    BAD 13, 4, lw a0, 4(x0)
    SET leaf2, 1023, page, RWXAD
    lla t2, page
    li t1, 4096
    add t1, t1, t2
    sw x0, -16(t1)
    lw a0, -16(x0)
    EXPECT a0, 0
    lw a0, -8(a3)
    EXPECT a0, 0
    CASE 71             // an access over the end
    SET leaf, 0, page2, RWXAD
    li a3, 0xfffffffe
    li a4, 0xa1b2c3d4
    sw a4, 0(a3)
    lhu a0, 0(x0)
    EXPECT a0, 0xa1b2
    lhu a0, -2(x0)
    EXPECT a0, 0xc3d4
    SET_RAW leaf, 0, 0
    BAD 15, 0, sw a4, 0(a3)
    BAD 13, 0, lw a4, 0(a3)
    CASE 72             // code that runs over the end
    SET leaf, 0, page, RWXAD
    SET leaf2, 1023, page2, RWXAD
    lla t2, page2
    li t1, 4096
    add t2, t2, t1
    li t0, 0x4505       // c.li a0, 1
    sh t0, -4(t2)
    li t0, 0x0513       // addi a0, a0, 0x55 …
    sh t0, -2(t2)
    lla t2, page
    li t0, 0x0555
    sh t0, 0(t2)
    li t0, 0x8082
    sh t0, 2(t2)
    li a3, 0xfffffffc
    li a0, 0
    jalr a3
    EXPECT a0, 0x56
    lla t2, page2
    li t1, 4096
    add t2, t2, t1
    li t0, 0x0505       // c.addi a0, 1
    sh t0, -2(t2)
    lla t2, page
    li t0, 0x8082
    sh t0, 0(t2)
    jalr a3
    EXPECT a0, 2
    CASE 73             // jumps over the end, both ways; the link is whole
    lla t2, page2
    li t1, 4096
    add t2, t2, t1
    li t0, 0x00c0006f   // j .+12
    sh t0, -4(t2)
    srli t0, t0, 16
    sh t0, -2(t2)
    lla t2, page
    li t0, 0x4521       // at 8: c.li a0, 8
    sh t0, 8(t2)
    li t0, 0x8082
    sh t0, 10(t2)
    jalr a3
    EXPECT a0, 8
    lla t2, page
    li t0, 0xff1ff0ef   // at 8: jal ra, .-16
    sh t0, 8(t2)
    srli t0, t0, 16
    sh t0, 10(t2)
    lla t2, page2
    li t1, 4096
    add t2, t2, t1
    li t0, 0x8286       // at -8: c.mv t0, ra
    sh t0, -8(t2)
    li t0, 0x8782       // c.jr a5
    sh t0, -6(t2)
    lla a5, 1f
    li t0, 0
    li a3, 8
    jr a3
1:  EXPECT t0, 12
    TO_M
    csrw satp, x0

    CASE 80             // bare: addresses of 32 bits
    lla t2, page
    lw a0, 64(t2)
    EXPECT a0, 0x8082
    FINISH

    .data
    .balign 4096
root: .space 4096
leaf: .space 4096
leaf2: .space 4096
page: .space 4096
page2: .space 4096
