// SPDX-License-Identifier: GPL-2.0-or-later
// CSRs: the six instructions, WARL fields, read-only and missing registers, privilege (U 9; P chapter 2, 3.1, 4.1).
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
    CASE 1      // the forms
    li a0, 0xf0
    csrw mscratch, a0
    li a1, 0x3c
    csrrs a2, mscratch, a1
    EXPECT a2, 0xf0
    csrrc a2, mscratch, a1
    EXPECT a2, 0xfc
    csrrwi a2, mscratch, 0x15
    EXPECT a2, 0xc0
    csrrsi a2, mscratch, 0xa
    EXPECT a2, 0x15
    csrrci a2, mscratch, 0x11
    EXPECT a2, 0x1f
    csrr a2, mscratch
    EXPECT a2, 0xe
    csrrw a2, mscratch, a2  // rd = rs1
    EXPECT a2, 0xe
    li a2, 1
    csrrs a2, mscratch, a2
    EXPECT a2, 0xe
    csrr a2, mscratch
    EXPECT a2, 0xf
    li a2, 5
    csrrw x0, mscratch, a2
    csrrs x0, mscratch, x0
    csrr a2, mscratch
    EXPECT a2, 5

    STICKS 10, mscratch, -1, 0
#ifndef PEER // keeps bit 0
    STICKS 11, mepc, -2, 0
    STICKS 12, sepc, -2, 0
#endif
    STICKS 13, sscratch, -1, 0
    STICKS 14, mtval, -1, 0
    STICKS 15, stval, -1, 0
#ifndef PEER // has more counters, delegates the hypervisor's interrupts
    STICKS 16, scounteren, 0xffffffff, 0
    STICKS 17, mideleg, 0x222, 0
#endif
    STICKS 18, sie, 0, 0        // nothing is delegated
    STICKS 19, misa, 0x800000000014112d, 0x800000000014112d
    CASE 20                     // medeleg: all but ecall from M and the reserved ones
    li a0, -1
    csrw medeleg, a0
    csrr a0, medeleg
    li a1, 0xb1ff
    and a0, a0, a1
    EXPECT a0, 0xb1ff
    csrw medeleg, x0
    csrr a0, medeleg
    EXPECT a0, 0
    CASE 21                     // mie, and its delegated part
    li a0, -1
    csrw mie, a0
    csrr a0, mie
    li a1, 0xaaa    // the peer has those of the hypervisor too
    and a0, a0, a1
    EXPECT a0, 0xaaa
    csrwi mideleg, 0
    li a0, 0x222
    csrs mideleg, a0
    csrr a0, sie
    EXPECT a0, 0x222
    csrw sie, x0
    csrr a0, mie
    and a0, a0, a1
    EXPECT a0, 0x888
    csrwi mie, 0
    csrwi mideleg, 0
    CASE 22                     // tvec
    csrr a1, mtvec
    li a0, 0x80000101
    csrw mtvec, a0
    csrr a0, mtvec
    EXPECT a0, 0x80000101
    csrw mtvec, a1
    li a0, 0xffffffff80000104
    csrw stvec, a0
    csrr a0, stvec
    EXPECT a0, 0xffffffff80000104
    CASE 23                     // satp: bare, Sv39, Sv48, else unchanged
    li a0, 0x8234500000012345
    csrw satp, a0
    csrr a1, satp
    EXPECT_SAME a0, a1
    li a0, 0x9fffffffffffffff
    csrw satp, a0
    csrr a1, satp
    EXPECT_SAME a0, a1
    li a2, 0x7000000000000001
    csrw satp, a2
    csrr a1, satp
    EXPECT_SAME a0, a1
    csrw satp, x0
    csrr a1, satp
    EXPECT a1, 0

    // mstatus
    CASE 30
    li a0, 0x7e79aa         // SIE MIE SPIE MPIE SPP MPP FS MPRV SUM MXR TVM TW TSR but MPRV
    li a1, 0x20000
    not a1, a1
    and a0, a0, a1
    csrw mstatus, a0
    csrr a1, mstatus
    li a2, 0x8000000a007c79aa
    and a1, a1, a2
    EXPECT a1, 0x8000000a007c79aa
    csrr a1, sstatus
    EXPECT a1, 0x80000002000c6122
    CASE 31                 // sstatus writes its part alone
    csrw sstatus, x0
    csrr a1, mstatus
    EXPECT a1, 0x0000000a00701888
    csrw mstatus, x0
    CASE 32                 // MPP has no mode 2; SD follows FS
    li a0, 0x1800
    csrs mstatus, a0
    csrr a1, mstatus
    EXPECT a1, 0xa00001800
    csrw mstatus, x0
    li a0, 0x4000
    csrs mstatus, a0
    csrr a1, mstatus
    EXPECT a1, 0xa00004000
    li a0, 0x2000
    csrs mstatus, a0
    csrr a1, mstatus
    EXPECT a1, 0x8000000a00006000

    // floating point state
    CASE 40
    li a0, 0x1ff
    csrw fcsr, a0
    csrr a0, fcsr
    EXPECT a0, 0xff
    csrr a0, frm
    EXPECT a0, 7
    csrwi frm, 0
    csrr a0, fcsr
    EXPECT a0, 0x1f
    csrrci a0, fflags, 0x11
    EXPECT a0, 0x1f
    csrr a0, fflags
    EXPECT a0, 0xe
    li a0, 0xffff
    csrw frm, a0
    csrr a0, fcsr
    EXPECT a0, 0xee
    csrw fcsr, x0
    CASE 41                 // FS off: all three are illegal
    li a0, 0x6000
    csrc mstatus, a0
    TRAPS 2, csrr a0, fflags
    EXPECT s10, 0x00102573
    TRAPS 2, csrr a0, frm
    TRAPS 2, csrr a0, fcsr
    TRAPS 2, csrwi fcsr, 1
    CASE 42                 // a write makes it dirty
    li a0, 0x2000
    csrs mstatus, a0
    csrwi fflags, 1
    csrr a0, mstatus
    srli a0, a0, 13
    andi a0, a0, 3
    EXPECT a0, 3

    // read-only and missing ones
    CASE 50
    csrr a0, mhartid
    EXPECT a0, 0
    csrr a0, mvendorid
    csrr a0, marchid
    csrr a0, mimpid
    csrr a0, mconfigptr
    TRAPS 2, csrw mhartid, x0
    TRAPS 2, csrrs a0, mvendorid, a1
    TRAPS 2, csrw cycle, a0
    CASE 51                 // reading by csrrs and csrrc with x0 or 0 isn't writing
    csrrs a0, mhartid, x0
    csrrci a0, mhartid, 0
    CASE 52
    TRAPS 2, csrr a0, 0x8ff
    TRAPS 2, csrr a0, 0x3a1 // pmpcfg1 is RV32's
    TRAPS 2, csrr a0, 0x310 // so is mstatush
    TRAPS 2, csrr a0, 0xc80
    TRAPS 2, csrr a0, 0xfff
    CASE 53                 // event counters read as 0
    csrr a0, mhpmcounter3
    csrr a0, mhpmevent3
    EXPECT a0, 0

    // privilege
    OPEN_PMP
    CASE 60
    TO_S
    FAULTS 2, csrr a0, mscratch
    FAULTS 2, csrw mepc, x0
    FAULTS 2, csrr a0, mhartid
    FAULTS 2, mret
    csrr a0, sscratch
    csrr a0, satp
    TO_M
    CASE 61
    TO_U
    FAULTS 2, csrr a0, sscratch
    EXPECT s10, 0x14002573
    FAULTS 2, csrr a0, sstatus
    FAULTS 2, sret
    FAULTS 2, wfi
    FAULTS 2, sfence.vma
    csrr a0, fcsr
    TO_M
    CASE 62                 // TVM
    li a0, 1 << 20
    csrs mstatus, a0
    TO_S
    FAULTS 2, csrr a0, satp
    FAULTS 2, csrw satp, x0
    FAULTS 2, sfence.vma
    TO_M
    csrr a0, satp
    sfence.vma
    li a0, 1 << 20
    csrc mstatus, a0
    CASE 63                 // TSR, TW
    li a0, 3 << 21
    csrs mstatus, a0
    TO_S
    FAULTS 2, sret
    FAULTS 2, wfi
    TO_M
    li a0, 3 << 21
    csrc mstatus, a0
    FINISH
