// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of satp without sfence.vma, and page tables that change meanwhile: those in use, and those of other address spaces.
//
// Each space behaves as if walked at each access (see walk.S). The lower half is each space's own, the upper half is shared as a kernel's is. Sv39:
// the root's entry 2 maps RAM onto itself, entry 0 leads to a space's pages from 0 on, entry 256 to the shared ones.
#include "test.inc"

#define RWX 0xcf    // V R W X A D
#define ROUNDS 12   // enough for T1, and for what it links
#define MANY 140

.macro SET table, n, label, bits
    lla t0, \label
    srli t0, t0, 2
    ori t0, t0, \bits
    lla t1, \table
    li t2, 8 * \n
    add t1, t1, t2
    sd t0, 0(t1)
.endm

.macro CLEAR table, n
    lla t1, \table
    li t2, 8 * \n
    add t1, t1, t2
    sd x0, 0(t1)
.endm

.macro FLAGS table, n, bits
    lla t1, \table
    ld t0, 8 * \n(t1)
    andi t0, t0, 0xff
    EXPECT t0, \bits
.endm

.macro RAM_ENTRY table
    li t0, (0x80000000 >> 2) | RWX
    lla t1, \table
    sd t0, 16(t1)
.endm

.macro SATP reg, table
    lla t1, \table
    srli t1, t1, 12
    li t0, 8 << 60
    or \reg, t0, t1
.endm

// Load, computed jump, direct jump over a page's end.
.macro OWN value
    ld a0, 0(a1)
    EXPECT a0, \value
    jalr a2
    EXPECT a0, \value
    jalr a3
    EXPECT a0, \value
.endm

.macro SHARED value
    ld a0, 0(a4)
    EXPECT a0, \value
    jalr a5
    EXPECT a0, \value
    jalr a6
    EXPECT a0, \value
.endm

.macro IN space
    csrw satp, \space
.endm
#define A s2
#define B s3

    START
    OPEN_PMP
    RAM_ENTRY root
    RAM_ENTRY root2
    SET root, 0, mid, 1
    SET root2, 0, mid2, 1
    SET root, 256, kmid, 1
    SET root2, 256, kmid, 1
    SET mid, 0, leaf, 1
    SET mid2, 0, leaf2, 1
    SET kmid, 0, kleaf, 1
    SET leaf, 1, page1, RWX
    SET leaf, 3, jumps, RWX
    SET leaf, 4, page1, RWX
    SET leaf2, 1, page2, RWX
    SET leaf2, 3, jumps, RWX
    SET leaf2, 4, page2, RWX
    SET kleaf, 1, page3, RWX
    SET kleaf, 3, jumps, RWX
    SET kleaf, 4, page3, RWX
    SATP A, root
    SATP B, root2
    li a1, 0x1000
    li a2, 0x1040
    li a3, 0x3040
    li a4, 0xffffffc000001000
    li a5, 0xffffffc000001040
    li a6, 0xffffffc000003040
    IN A
    TO_S

    CASE 1              // back and forth
    li s4, ROUNDS
1:  IN A
    OWN 1
    SHARED 3
    IN B
    OWN 2
    SHARED 3
    addi s4, s4, -1
    bnez s4, 1b
    CASE 2              // a leaf of the other space
    li s4, ROUNDS
1:  IN A
    OWN 1
    SET leaf2, 1, page1, RWX
    SET leaf2, 4, page1, RWX
    IN B
    OWN 1
    IN A
    SET leaf2, 1, page2, RWX
    SET leaf2, 4, page2, RWX
    OWN 1
    IN B
    OWN 2
    addi s4, s4, -1
    bnez s4, 1b
    CASE 3              // its upper level
    li s4, ROUNDS
1:  IN A
    OWN 1
    SET mid2, 0, leaf, 1
    IN B
    OWN 1
    IN A
    CLEAR mid2, 0
    OWN 1
    IN B
    FAULTS 13, ld a0, 0(a1)
    lla s7, 2f
    jalr a2
2:  EXPECT s8, 12
    li s7, 0
    IN A
    SET mid2, 0, leaf2, 1
    OWN 1
    IN B
    OWN 2
    addi s4, s4, -1
    bnez s4, 1b
    CASE 4              // its root
    li s4, ROUNDS
1:  IN A
    OWN 1
    SET root2, 0, mid, 1
    IN B
    OWN 1
    IN A
    SET root2, 0, mid2, 1
    OWN 1
    IN B
    OWN 2
    SET root, 0, mid2, 1
    OWN 2
    IN A
    OWN 2
    SET root, 0, mid, 1
    OWN 1
    addi s4, s4, -1
    bnez s4, 1b
    CASE 5              // a leaf of the shared half
    li s4, ROUNDS
1:  IN A
    SHARED 3
    IN B
    SHARED 3
    SET kleaf, 1, page1, RWX
    SET kleaf, 4, page1, RWX
    SHARED 1
    IN A
    SHARED 1
    OWN 1
    SET kleaf, 1, page3, RWX
    SET kleaf, 4, page3, RWX
    SHARED 3
    IN B
    SHARED 3
    OWN 2
    addi s4, s4, -1
    bnez s4, 1b
    CASE 6              // the shared half's upper level
    SET kleaf2, 1, page2, RWX
    SET kleaf2, 3, jumps, RWX
    SET kleaf2, 4, page2, RWX
    li s4, ROUNDS
1:  IN A
    SHARED 3
    IN B
    SET kmid, 0, kleaf2, 1
    SHARED 2
    IN A
    SHARED 2
    SET kmid, 0, kleaf, 1
    SHARED 3
    IN B
    SHARED 3
    addi s4, s4, -1
    bnez s4, 1b
    CASE 7              // one root doesn't share it any more: changed by the other space
    SET kmid2, 0, kleaf2, 1
    li s4, ROUNDS
1:  IN A
    SHARED 3
    SET root2, 256, kmid2, 1
    SHARED 3
    IN B
    SHARED 2
    IN A
    SHARED 3
    SET root2, 256, kmid, 1
    IN B
    SHARED 3
    addi s4, s4, -1
    bnez s4, 1b
    CASE 8              // … by itself, while in use
    li s4, ROUNDS
1:  IN A
    SHARED 3
    IN B
    SHARED 3
    SET root2, 256, kmid2, 1
    SHARED 2
    OWN 2
    IN A
    SHARED 3
    IN B
    SHARED 2
    SET root2, 256, kmid, 1
    SHARED 3
    addi s4, s4, -1
    bnez s4, 1b
    CASE 9              // both use an entry that one of them had never used
    SET root2, 257, kmid2, 1
    SET root, 257, kmid, 1
    li a7, 0xffffffc040001000
    IN A
    SHARED 3
    IN B
    SHARED 3
    IN A
    ld a0, 0(a7)
    EXPECT a0, 3
    IN B
    SHARED 3
    ld a0, 0(a7)
    EXPECT a0, 2
    IN A
    ld a0, 0(a7)
    EXPECT a0, 3
    SHARED 3
    CASE 10             // A and D of the other space come back
    li s4, ROUNDS
1:  IN B
    sd x0, 8(a1)
    ld a0, 0(a1)
    IN A
    FLAGS leaf2, 1, 0xcf
    SET leaf2, 1, page2, 0x0f
    IN B
    ld a0, 0(a1)
    EXPECT a0, 2
    FLAGS leaf2, 1, 0x4f
    sd x0, 8(a1)
    FLAGS leaf2, 1, 0xcf
    IN A
    SET leaf2, 1, page2, 0x4f
    IN B
    sd x0, 8(a1)
    FLAGS leaf2, 1, 0xcf
    addi s4, s4, -1
    bnez s4, 1b
    CASE 11             // stores go where they should
    li s4, ROUNDS
1:  IN A
    sd s4, 8(a1)
    IN B
    addi t0, s4, 100
    sd t0, 8(a1)
    lla t1, page1
    ld a0, 8(t1)
    EXPECT_SAME a0, s4
    lla t1, page2
    ld a0, 8(t1)
    EXPECT_SAME a0, t0
    addi s4, s4, -1
    bnez s4, 1b
    CASE 12             // an entry with two parts: of the root, and of a middle level
    SET root, 1, root, 1
    SET mid, 5, page1, RWX
    SET mid2, 5, page2, RWX
    li a7, 0x40005000
    li s4, ROUNDS
1:  IN A
    OWN 1
    ld a0, 0(a7)
    EXPECT a0, 1
    SET root, 0, mid2, 1
    ld a0, 0(a7)
    EXPECT a0, 2
    OWN 2
    IN B
    OWN 2
    SET root, 0, mid, 1
    IN A
    ld a0, 0(a7)
    EXPECT a0, 1
    OWN 1
    addi s4, s4, -1
    bnez s4, 1b
    CASE 13             // translation switched off: page1 is then page1, while space 3 has page2 there
    SET root3, 2, mid3, 1
    SET root3, 256, kmid, 1
    SET mid3, 0, leaf3, 1
    lla t0, leaf3
    li t1, (0x80000000 >> 2) | RWX
    li t2, 512
1:  sd t1, 0(t0)
    addi t0, t0, 8
    addi t1, t1, 1 << 10
    addi t2, t2, -1
    bnez t2, 1b
    lla t0, page1
    srli t0, t0, 9
    li t1, 0xff8
    and t0, t0, t1
    lla t1, leaf3
    add t1, t1, t0
    lla t0, page2
    srli t0, t0, 2
    ori t0, t0, RWX
    sd t0, 0(t1)
    SATP s5, root3
    li s4, ROUNDS
1:  IN x0
    lla t0, page1
    ld a0, 0(t0)
    EXPECT a0, 1
    IN s5
    lla t0, page1
    ld a0, 0(t0)
    EXPECT a0, 2
    SHARED 3
    IN A
    lla t0, page1
    ld a0, 0(t0)
    EXPECT a0, 1
    OWN 1
    addi s4, s4, -1
    bnez s4, 1b
    CASE 14             // more pages than anyone lists, all different
    lla t0, page1
    srli t0, t0, 2
    ori t0, t0, RWX
    lla t1, page2
    srli t1, t1, 2
    ori t1, t1, RWX
    lla t2, leaf
    lla t3, leaf2
    li t4, 800
    add t2, t2, t4
    add t3, t3, t4
    li t4, 200
1:  sd t0, 0(t2)
    sd t1, 0(t3)
    addi t2, t2, 8
    addi t3, t3, 8
    addi t4, t4, -1
    bnez t4, 1b
    li s4, ROUNDS
2:  csrr t0, satp
    li s5, 1
    bne t0, A, 3f
    IN B
    li s5, 2
    j 4f
3:  IN A
4:  li t0, 100 << 12
    li t1, 200
    li t2, 4096
5:  ld a0, 0(t0)
    EXPECT_SAME a0, s5
    sd s4, 24(t0)
    add t0, t0, t2
    addi t1, t1, -1
    bnez t1, 5b
    addi s4, s4, -1
    bnez s4, 2b
    CASE 15             // the instruction behind the one that changes satp is of the new space
    li a7, 0x1080
    li s4, ROUNDS
1:  IN A
    mv a3, B
    jalr a7
    EXPECT a0, 2
    mv a3, A
    jalr a7
    EXPECT a0, 1
    addi s4, s4, -1
    bnez s4, 1b
    li a3, 0x3040
    CASE 16             // one and the same load and store, while the upper levels change under it
    SET leaf, 1, page1, RWX
    SET leaf2, 1, page2, RWX
    IN A
    li s4, ROUNDS
1:  SET mid, 0, leaf, 1
    li s5, 1
2:  li t0, 4
5:  ld a0, 0(a1)
    EXPECT_SAME a0, s5
    sd s4, 24(a1)
    addi t0, t0, -1
    bnez t0, 5b
    li t0, 2
    beq s5, t0, 3f
    SET mid, 0, leaf2, 1
    li s5, 2
    j 2b
3:  addi s4, s4, -1
    bnez s4, 1b
    SET mid, 0, leaf, 1
    CASE 17             // many spaces, each with a page of its own that holds its number; then they are turned round
    lla s4, many
    li s5, 0
1:  li t0, (0x80000000 >> 2) | RWX
    sd t0, 16(s4)
    li t1, 4096
    add t0, s4, t1      // middle
    srli t2, t0, 2
    ori t2, t2, 1
    sd t2, 0(s4)
    add t3, t0, t1      // leaf
    srli t2, t3, 2
    ori t2, t2, 1
    sd t2, 0(t0)
    add t0, t3, t1      // page
    srli t2, t0, 2
    ori t2, t2, RWX
    sd t2, 8(t3)
    sd s5, 0(t0)
    add s4, t0, t1
    addi s5, s5, 1
    li t0, MANY
    bne s5, t0, 1b
    li s6, 3            // passes
2:  lla s4, many
    li s5, 0
3:  srli t1, s4, 12
    li t0, 8 << 60
    or t0, t0, t1
    csrw satp, t0
    ld a0, 0(a1)
    EXPECT_SAME a0, s5
    addi t1, a0, 1000   // unseen by the others
    sd t1, 8(a1)
    li t1, 0x4000
    add s4, s4, t1
    addi s5, s5, 1
    li t0, MANY
    bne s5, t0, 3b
    addi s6, s6, -1
    bnez s6, 2b
    lla s4, many
    li s5, 0
4:  li t1, 0x2000       // its leaf leads to page1 now
    add t2, s4, t1
    lla t0, page1
    srli t0, t0, 2
    ori t0, t0, RWX
    sd t0, 8(t2)
    li t1, 0x4000
    add s4, s4, t1
    addi s5, s5, 1
    li t0, MANY
    bne s5, t0, 4b
    lla s4, many
    li s5, 0
5:  srli t1, s4, 12
    li t0, 8 << 60
    or t0, t0, t1
    csrw satp, t0
    ld a0, 0(a1)
    EXPECT a0, 1
    li t1, 0x4000
    add s4, s4, t1
    addi s5, s5, 1
    li t0, MANY
    bne s5, t0, 5b
    IN A
    OWN 1
    SHARED 3
    TO_M
    FINISH

    .data
    .balign 4096
root: .space 4096
root2: .space 4096
root3: .space 4096
mid: .space 4096
mid2: .space 4096
mid3: .space 4096
kmid: .space 4096
kmid2: .space 4096
leaf: .space 4096
leaf2: .space 4096
leaf3: .space 4096
kleaf: .space 4096
kleaf2: .space 4096
    .option norvc
.macro PAGE value       // its value, at 64 a function that answers it, at 128 one that goes to another space first
    .balign 4096
    .dword \value
    .space 56
    li a0, \value
    ret
    .balign 64
    csrw satp, a3       // at 128
    li a0, \value
    ret
    .balign 4096
.endm
page1: PAGE 1
page2: PAGE 2
page3: PAGE 3
jumps: .space 64
    j . + 0x1000
    .balign 4096
    .bss
    .balign 4096
many: .space MANY * 0x4000
