// SPDX-License-Identifier: GPL-2.0-or-later
// RV32: branches, loads and stores, LR/SC and AMOs, upper immediates, floats between x and f registers, and what RV32 lacks: encodings of
// RV64 are illegal, and those that mean something else here do (U 2, 8, 11, 12, 16).
#include "test.inc"

.macro TAKEN op, left, right
    li a0, \left
    li a1, \right
    \op a0, a1, 103f
    j fail
103:
.endm

.macro NOT_TAKEN op, left, right
    li a0, \left
    li a1, \right
    \op a0, a1, fail_near
.endm

    START
    j 1f
fail_near:
    j fail
1:
    CASE 1              // comparisons are of 32 bits
    TAKEN blt, 0x80000000, 0x7fffffff
    NOT_TAKEN blt, 0x7fffffff, 0x80000000
    TAKEN bltu, 0x7fffffff, 0x80000000
    NOT_TAKEN bltu, 0x80000000, 0x7fffffff
    TAKEN bge, 0, 0xffffffff
    TAKEN bgeu, 0xffffffff, 0
    NOT_TAKEN bge, 0xffffffff, 0
    NOT_TAKEN bgeu, 0, 0xffffffff
    TAKEN bne, 0x80000000, 0
    TAKEN beq, 0x80000000, 0x80000000
    NOT_TAKEN beq, 0x80000000, 0
    CASE 2              // carries are lost
    li a0, 0xffffffff
    addi a1, a0, 1
    bnez a1, fail
    sltu a1, a1, a0
    EXPECT a1, 1
    add a1, a0, a0
    srli a1, a1, 31
    EXPECT a1, 1
    CASE 3              // lui, auipc, links
    lui a0, 0xfffff
    EXPECT a0, 0xfffff000
    srli a0, a0, 16
    EXPECT a0, 0xffff
2:  auipc a1, 0x80000   // RAM is at 0x80000000: comes out below 64 MiB
    lla a2, 2b
    sub a2, a2, a1
    li a3, 0x80000000
    bne a2, a3, fail
    srli a1, a1, 26
    EXPECT a1, 0
    jal a1, 3f
3:  EXPECT_ADDRESS a1, 3b
    .half 0x2009        // c.jal .+2
4:  EXPECT_ADDRESS ra, 4b

    CASE 10             // loads and stores
    lla a0, area
    li a1, 0x81828384
    sw a1, 0(a0)
    lw a2, 0(a0)
    EXPECT a2, 0x81828384
    lb a2, 0(a0)
    EXPECT a2, 0xffffff84
    lbu a2, 1(a0)
    EXPECT a2, 0x83
    lh a2, 2(a0)
    EXPECT a2, 0xffff8182
    lhu a2, 2(a0)
    EXPECT a2, 0x8182
    li a1, 0x11223344
    sh a1, 1(a0)
    sb a1, 3(a0)
    lw a2, 0(a0)
    EXPECT a2, 0x44334484
    CASE 11             // misaligned, over a page's end
    lla a0, page_end
    li a1, 0
5:  addi a2, a0, -8
    add a2, a2, a1
    li a3, 0x11223344
    sw a3, 0(a2)
    lw a4, 0(a2)
    EXPECT_SAME a4, a3
    lhu a4, 1(a2)
    EXPECT a4, 0x2233
    addi a1, a1, 1
    li a4, 12
    bne a1, a4, 5b
    CASE 12             // addresses are of 32 bits
    lla a0, area
    addi a0, a0, -16
    li a1, 0x77
    sw a1, 16(a0)
    lla a2, area
    lw a2, 0(a2)
    EXPECT a2, 0x77
    TRAPS 5, lw a1, -4(x0)      // nothing there
    EXPECT s10, 0xfffffffc
    li a3, 0xfffffffc
    TRAPS 7, sw a1, 0(a3)
    EXPECT s10, 0xfffffffc
    TRAPS 7, amoadd.w a1, a1, (a3)
    EXPECT s10, 0xfffffffc

    CASE 20             // LR, SC, AMO
    lla a0, area
    li a1, 0x80000001
    sw a1, 0(a0)
    lr.w a2, (a0)
    EXPECT a2, 0x80000001
    li a3, 0xdeadbeef
    sc.w a4, a3, (a0)
    EXPECT a4, 0
    sc.w a4, a3, (a0)
    EXPECT a4, 1
    lw a2, 0(a0)
    EXPECT a2, 0xdeadbeef
.macro AMO op, left, right, value
    li a1, \left
    sw a1, 0(a0)
    li a2, \right
    \op a3, a2, (a0)
    EXPECT a3, \left
    lw a3, 0(a0)
    EXPECT a3, \value
.endm
    AMO amoswap.w, 0x80000000, 0x12345678, 0x12345678
    AMO amoadd.w, 0xffffffff, 0x80000001, 0x80000000
    AMO amoxor.w, 0xffffffff, 0x80000001, 0x7ffffffe
    AMO amoand.w, 0xfffffff0, 0x8000001f, 0x80000010
    AMO amoor.w, 0x40000000, 0x80000001, 0xc0000001
    AMO amomin.w, 0x80000000, 0x7fffffff, 0x80000000
    AMO amomax.w, 0x80000000, 0x7fffffff, 0x7fffffff
    AMO amominu.w, 0x80000000, 0x7fffffff, 0x7fffffff
    AMO amomaxu.w, 0x80000000, 0x7fffffff, 0x80000000
    addi a5, a0, 2
    TRAPS 6, amoadd.w a1, a1, (a5)
    TRAPS 4, lr.w a1, (a5)

    CASE 30             // floats: 64 bits in f registers, 32 in x
    li t0, 3 << 13
    csrs mstatus, t0
    lla a0, doubles
    fld fa0, 0(a0)
    fcvt.w.d a1, fa0, rtz
    EXPECT a1, 0x80000000
    fcvt.wu.d a1, fa0, rtz
    EXPECT a1, 0
    csrr a1, fflags
    EXPECT a1, 0x10     // both out of range
    csrwi fflags, 0
    fld fa0, 8(a0)      // 3000000000.0
    fcvt.wu.d a1, fa0, rtz
    EXPECT a1, 3000000000
    fcvt.d.wu fa1, a1
    feq.d a2, fa0, fa1
    EXPECT a2, 1
    fcvt.d.w fa1, a1
    fclass.d a2, fa1
    EXPECT a2, 2
    fsd fa0, 16(a0)
    lw a1, 20(a0)
    EXPECT a1, 0x41e65a0b
    fmv.w.x fa0, a1
    fmv.x.w a2, fa0
    EXPECT_SAME a2, a1
    fsd fa0, 16(a0)
    lw a2, 20(a0)
    EXPECT a2, 0xffffffff // boxed
    li a1, 0x80000000
    fmv.w.x fa0, a1
    fmv.x.w a2, fa0
    EXPECT a2, 0x80000000
    CASE 31             // c.flw, c.fsw and their sp forms are where RV64 has ld and sd
    lla a0, area
    li a1, 0x3f800000
    sw a1, 4(a0)
    .half 0x6150        // c.flw fa2, 4(a0)
    fmv.x.w a2, fa2
    EXPECT a2, 0x3f800000
    .half 0xe510        // c.fsw fa2, 8(a0)
    lw a2, 8(a0)
    EXPECT a2, 0x3f800000
    mv a3, sp
    mv sp, a0
    .half 0x6692        // c.flwsp fa3, 4(sp)
    .half 0xe636        // c.fswsp fa3, 12(sp)
    mv sp, a3
    lw a2, 12(a0)
    EXPECT a2, 0x3f800000

    CASE 40             // RV64's own are illegal
    .irp bits, 0x0000b003, 0x00006003, 0x00103023, 0x0000001b, 0x0000103b, 0x4000003b, 0x0200003b, 0x0200503b, 0x0000302f, 0x1000b52f, 0x0800003b, 0x2000203b, 0xc0200053, 0xd0200053, 0xe2000053, 0xf2000053, 0xc2300053
    TRAPS 2, .word \bits
    EXPECT s10, \bits
    .endr
    CASE 41             // shifts by 32 and more
    .irp bits, 0x02051513, 0x02055513, 0x42055513, 0x62055513, 0x2a051513, 0x6b855513
    TRAPS 2, .word \bits
    EXPECT s10, \bits
    .endr
    TRAPS 2, .half 0x1502   // c.slli a0, 32
    EXPECT s10, 0x1502
    TRAPS 2, .half 0x9101   // c.srli a0, 32
    TRAPS 2, .half 0x9d0d   // c.subw
    CASE 42             // x registers are 32 bits wide in traps too
    li a0, 0x80000000
    csrw mscratch, a0
    csrr a0, mscratch
    EXPECT a0, 0x80000000
    FINISH

    .data
    .balign 4096
    .space 4096
page_end:
    .space 64
    .balign 64
area: .space 64
doubles:
    .double -3000000000.0, 3000000000.0
    .dword 0
