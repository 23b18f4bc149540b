// SPDX-License-Identifier: GPL-2.0-or-later
// Sv39: permissions, U, SUM, MXR, MPRV, accessed and dirty bits, superpages, canonical addresses, changes of entries (P 4.3.1, 4.4).
//
// Tables: root[2] maps 0x80000000 to itself as 1 GiB; root[0] -> mid; mid[0] -> leaf, 4 KiB pages at 0x0; mid[1..] 2 MiB pages at 0x200000, ….
// Page n of the window stands for `page`, with the bits that a case writes into leaf[n].
#include "test.inc"

#define V 1
#define R 2
#define W 4
#define X 8
#define U 16
#define A 64
#define D 128
#define SUM (1 << 18)
#define MXR (1 << 19)
#define MPRV (1 << 17)

// t0 := entry that points to a label
.macro PTE label, bits
    lla t0, \label
    srli t0, t0, 2
    li t4, \bits
    or t0, t0, t4
.endm

// leaf[n] := page with these bits
.macro MAP n, bits
    PTE page, \bits
    lla t1, leaf
    sd t0, 8 * \n(t1)
    sfence.vma
.endm

// In S: leaf[n]'s low ten bits must be these.
.macro BITS n, bits
    lla t1, leaf
    ld t0, 8 * \n(t1)
    andi t0, t0, 0x3ff
    EXPECT t0, \bits
.endm

.macro GOOD insn:vararg
    li s7, 0
    \insn
.endm

.macro BAD cause, address, insn:vararg
    FAULTS \cause, \insn
    EXPECT s10, \address
.endm

    START
    OPEN_PMP
    li t0, 8 << 60
    lla t1, root
    srli t1, t1, 12
    or t0, t0, t1
    csrw satp, t0
    PTE mid, V
    lla t1, root
    sd t0, 0(t1)
    li t0, (0x80000000 >> 2) | 0xcf // V R W X A D
    sd t0, 16(t1)
    lla t1, mid
    PTE leaf, V
    sd t0, 0(t1)
    lla t0, page
    li t1, 0x1122334455667788
    sd t1, 0(t0)
    li t1, 0x8082       // ret
    sw t1, 64(t0)
    li a1, 0x1000       // window page 1
    MAP 1, V | R | W | X | A | D

    CASE 1              // translated in S, not in M
    TO_S
    ld a0, 0(a1)
    EXPECT a0, 0x1122334455667788
    addi a2, a1, 64
    jalr a2
    TO_M
#ifndef PEER // has a ROM there
    TRAPS 5, ld a0, 0(a1)
#endif

    CASE 2              // permissions
    TO_S
    MAP 1, V | R | A | D
    GOOD ld a0, 0(a1)
    BAD 15, 0x1008, sd a0, 8(a1)
    addi a3, a1, 8
    BAD 15, 0x1008, amoadd.d a0, x0, (a3)
    MAP 1, V | R | W | A | D
    GOOD sd a0, 8(a1)
    lla s7, 1f
    jalr a2
1:  EXPECT s8, 12
    EXPECT s9, 0x1040
    EXPECT s10, 0x1040
    MAP 1, V | X | A | D
    BAD 13, 0x1000, ld a0, 0(a1)
    BAD 15, 0x1000, sd a0, 0(a1)
    GOOD jalr a2
    CASE 3              // not valid, and reserved: W without R
    MAP 1, R | W | X | A | D
    BAD 13, 0x1000, ld a0, 0(a1)
    MAP 1, V | W | A | D
    BAD 13, 0x1000, ld a0, 0(a1)
    MAP 1, V | W | X | A | D
    BAD 13, 0x1000, ld a0, 0(a1)
    CASE 4              // a table where a page must be
    MAP 1, V
    BAD 13, 0x1000, ld a0, 0(a1)
    CASE 5              // bits 54 to 63 are reserved here
    MAP 1, V | R | W | A | D | (1 << 54)
    BAD 13, 0x1000, ld a0, 0(a1)
    MAP 1, V | R | W | A | D | (1 << 60)
    BAD 13, 0x1000, ld a0, 0(a1)
    MAP 1, V | R | W | A | D | (1 << 63)
    BAD 13, 0x1000, ld a0, 0(a1)
    CASE 6              // bits 8, 9 are software's
    MAP 1, V | R | W | A | D | 0x300
    GOOD ld a0, 0(a1)

    CASE 10             // U pages: in S only with SUM, and never to fetch
    MAP 1, V | R | W | X | U | A | D
    BAD 13, 0x1000, ld a0, 0(a1)
    li t0, SUM
    csrs sstatus, t0
    GOOD ld a0, 0(a1)
    GOOD sd a0, 0(a1)
#ifndef PEER // fetches by the translation that the load left in its TLB
    lla s7, 1f
    jalr a2
1:  EXPECT s8, 12
#endif
    li t0, SUM
    csrc sstatus, t0
    BAD 15, 0x1000, sd a0, 0(a1)
    CASE 11             // in U only U pages
    lla t0, 1f
    li t1, 0x80000000
    sub t0, t0, t1
    li t1, 0x40000000   // root[1]: the same memory for U
    add t0, t0, t1
    csrw sepc, t0
    li t0, 0x100
    csrc sstatus, t0
    li t0, (0x80000000 >> 2) | 0xdf
    lla t1, root
    sd t0, 8(t1)
    sfence.vma
    sret
1:  li a0, 0
    ld a0, 0(a1)
    lla s7, 2f
    li t0, 0x40000000
    add s7, s7, t0      // M runs at the physical address
    ecall
2:  li s7, 0
    EXPECT s8, 8
    EXPECT a0, 0x1122334455667788
    TO_S
    CASE 12             // MXR: what may be run may be read, in each mode
    MAP 1, V | X | A | D
    li t0, MXR
    csrs sstatus, t0
    GOOD ld a0, 0(a1)
    BAD 15, 0x1000, sd a0, 0(a1)
    li t0, MXR
    csrc sstatus, t0
    BAD 13, 0x1000, ld a0, 0(a1)
    CASE 13             // MPRV: loads and stores of M as MPP's
    TO_M
    li t0, 0x1800
    csrc mstatus, t0
    li t0, MPRV | 0x800
    csrs mstatus, t0
    li a0, 0
    MAP 1, V | R | A | D
    ld a0, 0(a1)
    lla s7, 1f
    li t0, MPRV
    sd a0, 0(a1)        // the handler must not load: s7 is an address
1:  csrc mstatus, t0
    EXPECT s8, 15
    EXPECT a0, 0x1122334455667788
    li s7, 0

    CASE 20             // A and D are set by hardware, D by stores alone
    TO_S
    MAP 1, V | R | W | X
    BITS 1, V | R | W | X
    GOOD ld a0, 0(a1)
    BITS 1, V | R | W | X | A
    GOOD sd a0, 0(a1)
    BITS 1, V | R | W | X | A | D
    MAP 1, V | R | W | X
    GOOD jalr a2
    BITS 1, V | R | W | X | A
    MAP 1, V | R | W | X
    GOOD amoadd.d a0, x0, (a1)
    BITS 1, V | R | W | X | A | D
    CASE 21             // nothing is set by an access that faults
    MAP 1, V | R
    BAD 15, 0x1000, sd a0, 0(a1)
    BITS 1, V | R
    CASE 22             // A, D of a store after a load
    MAP 1, V | R | W | A
    GOOD ld a0, 0(a1)
    BITS 1, V | R | W | A
    GOOD sb a0, 8(a1)
    BITS 1, V | R | W | A | D

    CASE 30             // superpages: 2 MiB, 1 GiB; misaligned ones fault
    lla t1, mid
    li t0, (0x80000000 >> 2) | V | R | W | A | D
    sd t0, 8(t1)
    lla t2, page
    li t3, 0x80000000
    sub t2, t2, t3
    li t3, 0x200000
    add t2, t2, t3
    sfence.vma
    ld a0, 0(t2)
    EXPECT a0, 0x1122334455667788
    li t0, (0x80001000 >> 2) | V | R | W | A | D
    sd t0, 8(t1)
    sfence.vma
    BAD 13, 0x200000, ld a0, 0(t3)
    lla t1, root
    li t0, (0x80200000 >> 2) | V | R | W | A | D
    sd t0, 24(t1)
    sfence.vma
    li t3, 0xc0000000
    BAD 13, 0xc0000000, ld a0, 0(t3)
    CASE 31             // A and D in a superpage's entry
    lla t1, mid
    li t0, (0x80000000 >> 2) | V | R | W
    sd t0, 8(t1)
    sfence.vma
    lw a0, 0(t2)
    ld t0, 8(t1)
    andi t0, t0, 0xff
    EXPECT t0, V | R | W | A
    sw a0, 0(t2)
    ld t0, 8(t1)
    andi t0, t0, 0xff
    EXPECT t0, V | R | W | A | D

    CASE 40             // bits 63 to 39 equal bit 38
    li t0, 0x4000001000
    BAD 13, 0x4000001000, ld a0, 0(t0)
    li t0, 0xffffff8000000000
    BAD 13, 0xffffff8000000000, ld a0, 0(t0)
    li t0, 0x8000000000001000
    BAD 15, 0x8000000000001000, sd a0, 0(t0)

    CASE 50             // an access over two pages: whole or not at all
    MAP 1, V | R | W | A | D
    PTE page2, V | R | W | A | D
    lla t1, leaf
    sd t0, 16(t1)
    sfence.vma
    li a3, 0x2000
    li a4, -1
    sd a4, -4(a3)
    li a4, 0x0102030405060708
    sd a4, -3(a3)
    ld a5, -3(a3)
    EXPECT_SAME a5, a4
    lla t2, page2
    lw a5, 0(t2)
    EXPECT a5, 0x02030405
    lbu a5, -1(t2)
    EXPECT a5, 0x06
    lla t1, leaf
    sd x0, 16(t1)
    sfence.vma
    BAD 13, 0x2000, ld a5, -3(a3)
    EXPECT a5, 0x06
    BAD 15, 0x2000, sd x0, -3(a3)
    lbu a5, -1(t2)
    EXPECT a5, 0x06
    PTE page2, V | R | A        // may be read but not written
    lla t1, leaf
    sd t0, 16(t1)
    sfence.vma
    ld a5, -3(a3)
    EXPECT_SAME a5, a4
    BAD 15, 0x2000, sd x0, -3(a3)
    lbu a5, -1(t2)
    EXPECT a5, 0x06
    CASE 51             // an instruction over two pages
    li t0, 0x0513       // addi a0, a0, 5
    sh t0, -2(t2)
    li t0, 0x0055
    sh t0, 0(t2)
    li t0, 0x8082
    sh t0, 2(t2)
    MAP 1, V | X | A
    PTE page2, V | X
    lla t1, leaf
    sd t0, 16(t1)
    sfence.vma
    addi a2, a3, -2
    li a0, 1
    jalr a2
    EXPECT a0, 6
    BITS 2, V | X | A
    sd x0, 16(t1)
    sfence.vma
    lla s7, 1f
    jalr a2
1:  li s7, 0
    EXPECT s8, 12
    EXPECT s9, 0x1ffe
    EXPECT s10, 0x2000
    CASE 52             // the first half of it alone suffices for a short one
    li t0, 0x8082
    sh t0, -2(t2)
    jalr a2

    CASE 60             // Sv48: one level more
    TO_M
    PTE root, V
    lla t1, root48
    sd t0, 0(t1)
    li t0, 9 << 60
    srli t1, t1, 12
    or t0, t0, t1
    csrw satp, t0
    TO_S
    MAP 1, V | R | W | A | D
    lla t0, page
    li a4, 0x77
    sd a4, 0(t0)
    ld a0, 0(a1)
    EXPECT a0, 0x77
    li t0, 0x4000001000
    BAD 13, 0x4000001000, ld a0, 0(t0)      // no entry there
    li t0, 0x800000001000
    BAD 13, 0x800000001000, ld a0, 0(t0)    // not canonical
    lla t1, root48
    li t0, (0x80000000 >> 2) | 0xcf         // a misaligned superpage of 512 GiB
    sd t0, 8(t1)
    sfence.vma
    li t0, 0x8000000000
    BAD 13, 0x8000000000, ld a0, 0(t0)
    li t0, 0xcf
    sd t0, 8(t1)
    sfence.vma
    lla t0, page
    li t1, 0x8000000000
    or t0, t0, t1
    ld a0, 0(t0)
    EXPECT a0, 0x77
    TO_M
    csrw satp, x0

    CASE 70             // a table, or a page, where there is no memory: access faults
    lla t1, root
    li t0, (0x18000000 >> 2) | V
    sd t0, 24(t1)
    li t0, (0x18000000 >> 2) | 0xcf
    lla t1, leaf
    sd t0, 24(t1)
    li t0, 8 << 60
    lla t1, root
    srli t1, t1, 12
    or t0, t0, t1
    csrw satp, t0
    TO_S
#ifndef PEER // reads zeros there
    li t0, 0xc0000000
    BAD 5, 0xc0000000, ld a0, 0(t0)
    BAD 7, 0xc0000000, sd a0, 0(t0)
#endif
    li t0, 0x3000
    BAD 5, 0x3000, ld a0, 0(t0)
    BAD 7, 0x3000, sb a0, 0(t0)
    TO_M
    FINISH

    .data
    .balign 4096
root48: .space 4096
root: .space 4096
mid: .space 4096
leaf: .space 4096
page: .space 4096
page2: .space 4096
