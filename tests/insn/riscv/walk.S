// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of page tables without sfence.vma: each is seen by the next access, at every level, for loads, stores and fetches.
//
// P 4.2.1 lets hardware use the old entries for a while; here translation behaves as if walked at each access. Tables as in sv39.S.
#include "test.inc"

#define RWX 0xcf    // V R W X A D

// entry `n` of a table := page with these bits
.macro SET table, n, label, bits
    lla t0, \label
    srli t0, t0, 2
    ori t0, t0, \bits
    lla t1, \table
    sd t0, 8 * \n(t1)
.endm

.macro CLEAR table, n
    lla t1, \table
    sd x0, 8 * \n(t1)
.endm

.macro FLAGS n, bits
    lla t1, leaf
    ld t0, 8 * \n(t1)
    andi t0, t0, 0xff
    EXPECT t0, \bits
.endm

    START
    OPEN_PMP
    SET root, 0, mid, 1
    li t0, (0x80000000 >> 2) | RWX
    sd t0, 16(t1)
    SET mid, 0, leaf, 1
    SET leaf, 1, page, RWX
    lla t0, page
    li t1, 1
    sd t1, 0(t0)
    li t1, 0x80824505   // li a0, 1; ret
    sw t1, 64(t0)
    lla t0, page2
    li t1, 2
    sd t1, 0(t0)
    li t1, 0x80824509   // li a0, 2; ret
    sw t1, 64(t0)
    li t0, 8 << 60
    lla t1, root
    srli t1, t1, 12
    or t0, t0, t1
    csrw satp, t0
    li a1, 0x1000
    li a2, 0x1040
    TO_S

    CASE 1              // a leaf, for loads
    ld a0, 0(a1)
    EXPECT a0, 1
    SET leaf, 1, page2, RWX
    ld a0, 0(a1)
    EXPECT a0, 2
    CASE 2              // … which keeps what stores did
    li t0, 0x22
    sd t0, 8(a1)
    SET leaf, 1, page, RWX
    li t0, 0x11
    sd t0, 8(a1)
    lla t1, page
    ld a0, 8(t1)
    EXPECT a0, 0x11
    lla t1, page2
    ld a0, 8(t1)
    EXPECT a0, 0x22
    CASE 3              // … for fetches
    jalr a2
    EXPECT a0, 1
    SET leaf, 1, page2, RWX
    jalr a2
    EXPECT a0, 2
    SET leaf, 1, page, RWX
    jalr a2
    EXPECT a0, 1
    CASE 4              // permissions
    sd x0, 8(a1)
    SET leaf, 1, page, 0xc3
    FAULTS 15, sd x0, 8(a1)
    SET leaf, 1, page, 0xc9
    FAULTS 13, ld a0, 0(a1)
    CLEAR leaf, 1
    FAULTS 13, ld a0, 0(a1)
    lla s7, 1f
    jalr a2
1:  EXPECT s8, 12
    li s7, 0
    CASE 5              // A and D, cleared by software, come back
    SET leaf, 1, page, 0x0f
    ld a0, 0(a1)
    FLAGS 1, 0x4f
    SET leaf, 1, page, 0x0f
    ld a0, 0(a1)
    FLAGS 1, 0x4f
    sd x0, 8(a1)
    FLAGS 1, 0xcf
    SET leaf, 1, page, 0x4f
    ld a0, 0(a1)
    FLAGS 1, 0x4f
    sd x0, 8(a1)
    FLAGS 1, 0xcf
    SET leaf, 1, page, 0x8f // A alone
    jalr a2
    FLAGS 1, 0xcf
    CASE 6              // a byte of an entry: amo and byte stores count too
    lla t1, leaf
    sb x0, 8(t1)
    FAULTS 13, ld a0, 0(a1)
    li t0, RWX
    addi t1, t1, 8
    amoor.d x0, t0, (t1)
    ld a0, 0(a1)
    EXPECT a0, 1
    CASE 7              // an upper level
    SET leaf, 1, page, RWX
    SET leaf2, 1, page2, RWX
    ld a0, 0(a1)
    EXPECT a0, 1
    SET mid, 0, leaf2, 1
    ld a0, 0(a1)
    EXPECT a0, 2
    jalr a2
    EXPECT a0, 2
    CLEAR mid, 0
    FAULTS 13, ld a0, 0(a1)
    SET mid, 0, leaf, 1
    jalr a2
    EXPECT a0, 1
    CASE 8              // the root's entry
    SET mid2, 0, leaf2, 1
    SET root, 0, mid2, 1
    ld a0, 0(a1)
    EXPECT a0, 2
    SET root, 0, mid, 1
    ld a0, 0(a1)
    EXPECT a0, 1
    CASE 9              // a table becomes a superpage and back
    li t0, (0x80000000 >> 2) | RWX
    lla t1, mid
    sd t0, 0(t1)
    lla t2, page
    li t3, 0x80000000
    sub t2, t2, t3
    ld a0, 0(t2)
    EXPECT a0, 1
    SET mid, 0, leaf, 1
    ld a0, 0(a1)
    EXPECT a0, 1
    FAULTS 13, ld a0, 0(t2)
    CASE 10             // through another mapping of the table
    SET leaf, 3, leaf, RWX
    li t3, 0x3000
    ld a0, 0(a1)
    lla t0, page2
    srli t0, t0, 2
    ori t0, t0, RWX
    sd t0, 8(t3)
    ld a0, 0(a1)
    EXPECT a0, 2
    CASE 11             // the entry that maps the storing code's own page: the next instruction isn't there
    SET leaf, 2, code, RWX
    li t3, 0x2000
    lla t1, leaf
    lla s7, 1f
    jr t3
1:  li s7, 0
    EXPECT s8, 12
    EXPECT s9, 0x2004
    CASE 12             // another address space, one entry different
    SET root2, 0, mid2, 1
    li t0, (0x80000000 >> 2) | RWX
    sd t0, 16(t1)
    SET leaf, 1, page, RWX
    ld a0, 0(a1)
    EXPECT a0, 1
    csrr a3, satp
    lla t1, root2
    srli t1, t1, 12
    li t0, 8 << 60
    or t0, t0, t1
    csrw satp, t0
    ld a0, 0(a1)
    EXPECT a0, 2
    SET leaf, 1, page2, RWX // not in use now
    csrw satp, a3
    ld a0, 0(a1)
    EXPECT a0, 2
    TO_M
    FINISH

    .data
    .balign 4096
root: .space 4096
root2: .space 4096
mid: .space 4096
mid2: .space 4096
leaf: .space 4096
leaf2: .space 4096
page: .space 4096
page2: .space 4096
    .option norvc
code:
    sd x0, 16(t1)
    nop
    .balign 4096
