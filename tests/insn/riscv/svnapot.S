// SPDX-License-Identifier: GPL-2.0-or-later
// Svnapot: 64 KiB ranges by sixteen entries; reserved encodings; A and D; changes of one entry (P chapter 5). Needs a CPU with it.
#include "test.inc"
#include "pte.inc"

#define N (1 << 63)
#define RWN (N | V | R | W | A | D)

// leaf[n] := an entry of the range at `area`, with the size's encoding in its low bits
.macro RANGE n, low, bits
    lla t0, area
    srli t0, t0, 2
    li t4, (\low << 10) | \bits
    or t0, t0, t4
    lla t1, leaf
    sd t0, 8 * \n(t1)
.endm

.macro RANGES bits
    .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    RANGE \n, 8, \bits
    .endr
.endm

    START
    OPEN_PMP
    SET root, 0, mid, V
    SET_RAW root, 2, (RAM >> 2) | RWXAD
    SET mid, 0, leaf, V
    lla a1, area
    li a2, 0
    li t1, 4096
1:  sd a2, 8(a1)        // page n says n
    add a1, a1, t1
    addi a2, a2, 1
    li t0, 16
    bne a2, t0, 1b
    SATP 8, root
    TO_S
    CASE 1              // each of the sixteen is its own page
    RANGES RWN
    li a1, 0x10000
    li a2, 0
2:  ld a0, 8(a1)
    EXPECT_SAME a0, a2
    sd a0, 16(a1)
    li t1, 4096
    add a1, a1, t1
    addi a2, a2, 1
    li t0, 16
    bne a2, t0, 2b
    lla a1, area
    li t0, 9 * 4096
    add a1, a1, t0
    ld a0, 16(a1)
    EXPECT a0, 9
    CASE 2              // an access over two pages of it
    li a1, 0x13ffc
    li a3, 0x0102030405060708
    sd a3, 0(a1)
    ld a0, 0(a1)
    EXPECT_SAME a0, a3
    CASE 3              // other sizes are reserved
    li a1, 0x10000
    .irp low, 0, 1, 2, 4, 7, 9, 12, 15
    RANGE 16, \low, RWN
    BAD 13, 0x10008, ld a0, 8(a1)
    .endr
    RANGE 16, 8, RWN
    ld a0, 8(a1)
    EXPECT a0, 0
    CASE 4              // so is N in a table entry and in a superpage
    SET mid, 0, leaf, N | V
    FAULTS 13, ld a0, 8(a1)
    SET mid, 0, leaf, V
    ld a0, 8(a1)
    SET_RAW mid, 1, (RAM >> 2) | (8 << 10) | RWN
    li t2, 0x200000
    FAULTS 13, ld a0, 8(t2)
    SET_RAW mid, 1, (RAM >> 2) | RWN
    FAULTS 13, ld a0, 8(t2)
    CASE 5              // A and D of the page's own entry
    RANGES N | V | R | W
    li a1, 0x15000
    ld a0, 8(a1)
    EXPECT a0, 5
    BITS leaf, 21, A
    BITS leaf, 20, 0
    sd a0, 8(a1)
    BITS leaf, 21, A | D
    BITS leaf, 22, 0
    CASE 6              // one entry changes: seen at its page at once, the others stay
    ld a0, 8(a1)
    EXPECT a0, 5
    SET leaf, 21, other, V | R | W | A | D
    ld a0, 8(a1)
    EXPECT a0, 0x77
    li t2, 0x16000
    ld a0, 8(t2)
    EXPECT a0, 6
    SET_RAW leaf, 21, 0
    FAULTS 13, ld a0, 8(a1)
    ld a0, 8(t2)
    EXPECT a0, 6
    CASE 7              // permissions of the entry
    RANGE 21, 8, N | V | R | A | D
    ld a0, 8(a1)
    EXPECT a0, 5
    BAD 15, 0x15000, sd a0, 0(a1)
    TO_M
    FINISH

    .data
    .balign 65536
area: .space 65536
root: .space 4096
mid: .space 4096
leaf: .space 4096
    .balign 4096
other: .dword 0, 0x77
