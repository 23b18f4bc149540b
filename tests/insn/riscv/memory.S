// SPDX-License-Identifier: GPL-2.0-or-later
// Misaligned and page-crossing loads and stores, accesses to nothing, fetches across pages, self-modifying code.
//
// Misaligned loads and stores of RAM just work, as the peer's do (U 2.6 lets an environment choose). Stores to code are seen by the next
// fetch, without fence.i, as on the peer.
#include "test.inc"

    START
    // every misalignment, within and across 8 bytes
    lla a0, page_end
    addi a0, a0, -64
    CASE 1
    li a1, 0
1:  add a2, a0, a1
    li a3, 0x1122334455667788
    sd a3, 0(a2)
    ld a4, 0(a2)
    EXPECT_SAME a4, a3
    lw a4, 4(a2)
    EXPECT a4, 0x11223344
    lhu a4, 1(a2)
    EXPECT a4, 0x6677
    lw a4, 1(a2)
    EXPECT a4, 0x44556677
    sw x0, 2(a2)
    ld a4, 0(a2)
    EXPECT a4, 0x1122000000007788
    sh a3, 3(a2)
    ld a4, 0(a2)
    EXPECT a4, 0x1122007788007788
    lh a4, 3(a2)
    EXPECT a4, 0x7788
    addi a1, a1, 1
    li a4, 120          // goes over the page's end
    bne a1, a4, 1b

    // nothing there
    CASE 10
    li a0, 0x18000000
    TRAPS 5, lb a1, 5(a0)
    EXPECT s10, 0x18000005
    TRAPS 7, sd a1, 8(a0)
    EXPECT s10, 0x18000008
    CASE 11             // rd stays as it was
    li a1, 0x77
    TRAPS 5, lw a1, 0(a0)
    EXPECT a1, 0x77
    CASE 12             // fetch
    lla s7, 1f
    jalr a2, a0
1:  li s7, 0
    EXPECT s8, 1
    EXPECT s9, 0x18000000
    EXPECT s10, 0x18000000

    // an instruction of 4 bytes across a page's end, then one of 2 in its place
    CASE 20
    lla a0, page_end
    addi a0, a0, -2
    li a1, 0x00550513   // addi a0, a0, 5
    sh a1, 0(a0)
    srli a1, a1, 16
    sh a1, 2(a0)
    li a1, 0x8082       // ret
    sh a1, 4(a0)
    mv a2, a0
    jalr a2
    addi a3, a2, 5
    EXPECT_SAME a0, a3
    li a1, 0x0065       // now 6: in the second page
    sh a1, 2(a2)
    mv a0, a2
    jalr a2
    addi a3, a2, 6
    EXPECT_SAME a0, a3
    li a1, 0x8082       // now only ret: in the first page
    sh a1, 0(a2)
    mv a0, a2
    jalr a2
    EXPECT_SAME a0, a2

    CASE 31             // a byte of an instruction in a block that has run, from afar
    lla a2, 4f
    li a4, 0
    li a0, 0
3:  jal a5, 4f
    addi a4, a4, 1
    sb a4, 3(a2)        // imm[11:4] of addi
    li a5, 3
    bne a4, a5, 3b
    EXPECT a0, 0x10 + 0x20
    j 5f
    .option push
    .option norvc
4:  addi a0, a0, 0
    jr a5
    .option pop
5:
    CASE 32             // a copied routine, overwritten by another
    lla a0, page_end
    addi a0, a0, 256
    lla a1, routine_one
    jal a5, copy
    jalr a0
    EXPECT a2, 1
    lla a1, routine_two
    jal a5, copy
    jalr a0
    EXPECT a2, 2
    FINISH

copy:
    ld a3, 0(a1)
    sd a3, 0(a0)
    jr a5
    .balign 8
routine_one:
    li a2, 1
    ret
    .balign 8
routine_two:
    li a2, 2
    ret

    .data
    .balign 4096
    .space 4096
page_end:
    .space 4096
