// SPDX-License-Identifier: GPL-2.0-or-later
// CSRs of RV32: widths, high halves, status, satp, pmpcfg, cause bits; what RV64 alone has doesn't exist (P chapter 2, 3.1, 4.1; Sstc).
#include "test.inc"

// Writes ones, then zeros, and expects what sticks.
.macro STICKS number, csr, ones, zeros
    CASE \number
    csrr a1, \csr
    li a0, -1
    csrw \csr, a0
    csrr a0, \csr
    EXPECT a0, \ones
    csrw \csr, x0
    csrr a0, \csr
    EXPECT a0, \zeros
    csrw \csr, a1
.endm

    START
    STICKS 10, mscratch, 0xffffffff, 0
    STICKS 11, mepc, 0xfffffffe, 0
    STICKS 12, sepc, 0xfffffffe, 0
    STICKS 13, mcause, 0xffffffff, 0
    STICKS 14, stval, 0xffffffff, 0
    STICKS 15, mstatush, 0, 0           // neither SBE nor MBE
    STICKS 16, misa, 0x4014112d, 0x4014112d
    STICKS 17, pmpaddr15, 0xffffffff, 0
    STICKS 18, mcounteren, 0xffffffff, 0
    STICKS 19, scounteren, 0xffffffff, 0
    STICKS 20, stimecmp, 0xffffffff, 0
    STICKS 21, stimecmph, 0xffffffff, 0
    STICKS 22, menvcfg, 1, 0            // FIOM
    STICKS 23, menvcfgh, 0xa0000000, 0  // STCE, ADUE
    STICKS 24, senvcfg, 1, 0
    STICKS 25, mhpmcounter3, 0, 0
    STICKS 26, mhpmcounter31h, 0, 0
    STICKS 27, mhpmevent31, 0, 0
    CASE 28             // halves of stimecmp and menvcfg are independent
    li a0, 0x11111111
    csrw stimecmp, a0
    li a0, 0x22222222
    csrw stimecmph, a0
    csrr a0, stimecmp
    EXPECT a0, 0x11111111
    li a0, 0x33333333
    csrw stimecmp, a0
    csrr a0, stimecmph
    EXPECT a0, 0x22222222
    csrwi menvcfg, 1
    li a0, 0x80000000
    csrs menvcfgh, a0
    csrr a0, menvcfg
    EXPECT a0, 1
    csrwi menvcfg, 0
    csrr a0, menvcfgh
    EXPECT a0, 0xa0000000

    CASE 30             // mstatus: SD is bit 31, there is neither UXL nor SXL
    li a0, 0x7e79aa
    li a1, 0x20000
    not a1, a1
    and a0, a0, a1
    csrw mstatus, a0
    csrr a1, mstatus
    EXPECT a1, 0x807c79aa
    csrr a1, sstatus
    EXPECT a1, 0x800c6122
    csrw mstatus, x0
    csrr a1, mstatus
    EXPECT a1, 0
    li a0, 0x6000
    csrs mstatus, a0
    csrrsi a1, sstatus, 2   // inline forms
    EXPECT a1, 0x80006000
    csrrci a1, mstatus, 2
    EXPECT a1, 0x80006002
    csrc mstatus, a0
    csrrsi a1, mstatus, 0
    EXPECT a1, 0

    CASE 40             // pmpcfg: four entries each
    csrw pmpcfg0, x0
    li a0, 0x1f1b0f00
    csrw pmpcfg1, a0
    csrr a1, pmpcfg1
    EXPECT a1, 0x1f1b0f00
    csrr a1, pmpcfg0
    EXPECT a1, 0
    csrr a1, pmpcfg2
    EXPECT a1, 0
    csrw pmpcfg3, a0
    csrw pmpcfg2, x0    // the neighbours stay
    csrw pmpcfg0, x0
    csrr a1, pmpcfg1
    EXPECT a1, 0x1f1b0f00
    csrw pmpcfg1, x0
    csrr a1, pmpcfg3
    EXPECT a1, 0x1f1b0f00
    csrw pmpcfg3, x0
    TRAPS 2, csrr a0, 0x3a4

    CASE 50             // counters have two halves
    li a0, 5
    csrw mcycleh, a0
    csrr a1, cycleh
    EXPECT a1, 5
    li a0, -3
    csrw mcycle, a0
    csrr a0, mcycle     // reads what was written
    EXPECT a0, 0xfffffffd
    csrr a1, mcycleh    // beyond 2^32: EXPECT has several instructions
    EXPECT a1, 6
    li a0, -1
    csrw minstreth, x0
    csrw minstret, a0
    csrr a1, instreth
    csrr a2, minstreth
    EXPECT a1, 0
    EXPECT a2, 1
    CASE 51             // the other half goes on counting
    csrr a0, mcycle
    csrw mcycleh, x0
    csrr a1, mcycle
    sub a1, a1, a0
    EXPECT a1, 2
    csrwi mcountinhibit, 5
    li a0, 0x12345678
    csrw mcycle, a0
    csrw mcycleh, a0
    csrr a1, mcycle
    EXPECT_SAME a1, a0
    csrr a1, mcycleh
    EXPECT_SAME a1, a0
    csrwi mcountinhibit, 0
    CASE 52
    csrr a0, timeh
    EXPECT a0, 0
    csrr a0, time
    csrr a1, time
    bltu a1, a0, fail
    TRAPS 2, csrw cycleh, x0
    TRAPS 2, csrw timeh, x0

    OPEN_PMP
    CASE 60             // who may read high halves
    csrwi mcounteren, 5
    csrw scounteren, x0
    TO_S
    csrr a0, cycleh
    csrr a0, instreth
    FAULTS 2, csrr a0, timeh
    FAULTS 2, csrr a0, hpmcounter3h
    FAULTS 2, csrr a0, mcycleh
    FAULTS 2, csrr a0, stimecmph
    TO_M
    li a0, -1
    csrw mcounteren, a0
    li a0, 0x80000008
    csrw scounteren, a0
    TO_S
    csrr a0, timeh
    csrr a0, hpmcounter3h
    EXPECT a0, 0
    csrr a0, stimecmph
    TO_M
    TO_U
    csrr a0, hpmcounter3
    EXPECT a0, 0
    csrr a0, hpmcounter31h
    EXPECT a0, 0
    FAULTS 2, csrr a0, hpmcounter4h
    FAULTS 2, csrr a0, cycleh
    TO_M

    CASE 70             // Sstc over the 2^32: STIP follows all 64 bits
    csrr a0, time
    li a1, 1
    csrw stimecmph, a1
    csrw stimecmp, x0
    csrr a0, mip
    EXPECT a0, 0
    csrw stimecmph, x0
    csrr a0, mip
    EXPECT a0, 0x20
    li a0, -1
    csrw stimecmp, a0
    csrr a0, mip
    EXPECT a0, 0

    CASE 80             // an interrupt's bit of mcause, and of scause
    csrwi mie, 2
    lla s7, 1f
    csrsi mstatus, 8
    csrsi mip, 2
0:  j fail
1:  li s7, 0
    EXPECT s8, 0x80000001
    EXPECT_ADDRESS s9, 0b
    csrci mstatus, 8
    csrwi mideleg, 2
    csrwi mie, 2
    lla t0, supervisor
    csrw stvec, t0
    csrsi sstatus, 2
    TO_S
    j fail
    .balign 4
supervisor:
    csrr a0, scause
    EXPECT a0, 0x80000001
    TO_M
    csrwi mip, 0
    FINISH
