// SPDX-License-Identifier: GPL-2.0-or-later
// Exceptions, interrupts, delegation, vectors, returns (P 3.1.6 to 3.1.9, 3.3.2, 4.1).
#include "test.inc"

#define CLINT 0x2000000
#define INTERRUPT (1 << (__riscv_xlen - 1))
#define MIE (1 << 3)
#define SIE (1 << 1)
#define FS_ALL (3 << 13)

// For interrupts that are already pending.
.macro SOME_TIME
    nop
    nop
    nop
    nop
.endm

.macro EXPECT_STATUS bits, value // of mstatus
    csrr a0, mstatus
    li a1, \bits
    and a0, a0, a1
    EXPECT a0, \value
.endm

// Goes from M to the mode and waits for the interrupt, which must come before the first instruction there.
.macro INTERRUPTED_IN mpp, cause
    lla s7, 775f
    li s8, 0
    TO_MODE \mpp
776: j fail
775: li s7, 0
    EXPECT s8, INTERRUPT | \cause
    EXPECT_ADDRESS s9, 776b
    EXPECT s10, 0
.endm

    START
    OPEN_PMP
    li t0, CLINT + 0x4000   // mtimecmp
    li t1, -1
    SX t1, 0(t0)
    SX t1, 8 - XBYTES(t0)
    CASE 1      // causes and values
    TRAPS 2, .half 0
    EXPECT s10, 0
    TRAPS 2, .word 0xffffffff
    EXPECT s10, 0xffffffff
    TRAPS 2, .half 0x9c61   // reserved: quadrant 1, 100 1 11, funct2 3
    EXPECT s10, 0x9c61
    CASE 2
    TRAPS 3, c.ebreak       // P 3.1.16: the address or 0
    EXPECT s10, 0
    TRAPS 3, .word 0x00100073
    EXPECT s10, 0
    TRAPS 11, ecall
    EXPECT s10, 0
    CASE 3      // the stack of mstatus: MIE -> MPIE, mode -> MPP, and back
    csrsi mstatus, MIE
    lla t0, 1f
    csrw mtvec, t0
    ecall
    j fail
    .balign 4
1:  EXPECT_STATUS 0x1888, 0x1880
    lla t0, 2f
    csrw mepc, t0
    mret
    j fail
2:  EXPECT_STATUS 0x1888, 0x0088    // MPP is the least mode now
    csrci mstatus, MIE
    lla t6, machine_trap
    csrw mtvec, t6
    CASE 4      // a return to a lesser mode clears MPRV, one to M doesn't
    li t0, 1 << 17
    csrs mstatus, t0
    li t0, 0x1800
    csrs mstatus, t0
    lla t0, 1f
    csrw mepc, t0
    mret
1:  EXPECT_STATUS 1 << 17, 1 << 17
    TO_U
    TO_M
#ifdef PEER // keeps it
    li t0, 1 << 17
    csrc mstatus, t0
#endif
    EXPECT_STATUS 1 << 17, 0

    CASE 5      // ecall from S and U, not delegated
    TO_S
    FAULTS 9, ecall
    EXPECT_STATUS 0x1800, 0
    TO_U
    FAULTS 8, ecall
    EXPECT s10, 0

    // delegation to S
    CASE 10
    lla t0, supervisor_trap
    csrw stvec, t0
    li t0, 1 << 2 | 1 << 8 | 1 << 3
    csrw medeleg, t0
    li a7, 0
    TO_U
1:  .half 0
    EXPECT s1, 2
    EXPECT_ADDRESS s2, 1b
    EXPECT s3, 0
    EXPECT s4, 0        // SPP
2:  .word 0xffffffff
    EXPECT s1, 2
    EXPECT_ADDRESS s2, 2b
    EXPECT s3, 0xffffffff
    li a7, 1            // the handler returns to S
3:  ecall
    EXPECT s1, 8
    EXPECT_ADDRESS s2, 3b
    EXPECT s4, 0
    li a7, 0
    CASE 11             // from S itself
    li a1, SIE
    csrs sstatus, a1
4:  .half 0
    EXPECT s1, 2
    EXPECT s4, 0x120    // SPP, SPIE
    EXPECT_ADDRESS s2, 4b
    csrr a0, sstatus
    andi a0, a0, SIE
    EXPECT a0, SIE      // sret brought it back
    csrci sstatus, SIE
    CASE 12             // M's own exceptions never go to S
    TO_M
    TRAPS 2, .half 0
    csrw medeleg, x0

    // interrupts to M
    CASE 20             // in M they wait for MIE, below they don't
    csrwi mip, 2
    csrwi mie, 2
    SOME_TIME
    csrr a0, mip
    EXPECT a0, 2
    INTERRUPTED_IN 1, 1
    EXPECT_STATUS 0x1800, 0 // as the handler's mret left it
    csrwi mie, 2
    INTERRUPTED_IN 0, 1
    CASE 21
    csrwi mie, 2
    lla s7, 1f
    csrsi mstatus, MIE
0:  j fail
1:  li s7, 0
    EXPECT s8, INTERRUPT | 1
    EXPECT_ADDRESS s9, 0b
    csrci mstatus, MIE
    CASE 22             // a write to mip or mie counts at once
    csrwi mip, 0
    csrwi mie, 2
    csrsi mstatus, MIE
    lla s7, 1f
    csrsi mip, 2
0:  j fail
1:  EXPECT s8, INTERRUPT | 1
    EXPECT_ADDRESS s9, 0b
    csrsi mstatus, MIE
    lla s7, 1f
    csrsi mie, 2
0:  j fail
1:  EXPECT_ADDRESS s9, 0b
    csrci mstatus, MIE
    li s7, 0
    CASE 23             // MSIP comes from the CLINT
    csrwi mip, 0
    li t0, CLINT
    li t1, 1
    sw t1, 0(t0)
    csrr a0, mip
    EXPECT a0, 8
    csrwi mip, 0        // can't be written
    csrr a0, mip
    EXPECT a0, 8
    csrsi mip, 2
    csrwi mie, 8 | 2
#ifndef PEER // takes the lowest number
    INTERRUPTED_IN 1, 3 // before SSI
    csrwi mie, 2
#endif
    INTERRUPTED_IN 1, 1
    sw x0, 0(t0)
    csrr a0, mip
    EXPECT a0, 2
    csrwi mip, 0
#ifndef PEER // takes it at the end of its block
    CASE 24             // a store that raises it: taken before the next instruction
    csrwi mie, 8
    csrsi mstatus, MIE
    lla s7, 1f
    sw t1, 0(t0)
0:  j fail
1:  li s7, 0
    EXPECT s8, INTERRUPT | 3
    EXPECT_ADDRESS s9, 0b
    sw x0, 0(t0)
    csrci mstatus, MIE
#endif
    CASE 25             // order among S's: external, software, timer
    li a0, 0x222
    csrs mip, a0
    csrr a1, mip
    EXPECT a1, 0x222
#ifndef PEER // takes the lowest number
    csrw mie, a0
    INTERRUPTED_IN 1, 9
#endif
    csrw mie, a0
    csrc mip, a0
    li a0, 0x22
    csrs mip, a0
    INTERRUPTED_IN 1, 1
    csrci mip, 2
    csrw mie, a0
    INTERRUPTED_IN 1, 5
    li a0, 0x222
    csrc mip, a0
    csrr a0, mip
    EXPECT a0, 0

    // vectored
    CASE 30
    lla t1, vectors
    ori t1, t1, 1
    csrw mtvec, t1
    csrsi mip, 2
    csrwi mie, 2
    li a0, 0
    TO_S
    j fail
vector_1:
    csrwi mie, 0
    csrci mip, 2
    EXPECT a0, 0x11
    CASE 31             // exceptions use the base
    lla s6, 1f
    li a0, 0
    ecall
    j fail
1:  EXPECT a0, 0x10
    lla t6, machine_trap
    csrw mtvec, t6
    li t6, 0x1800
    csrs mstatus, t6

    // delegated interrupts
    CASE 40
    li a0, 0x222
    csrw mideleg, a0
    csrw mie, a0
    csrsi mip, 2
    csrsi mstatus, MIE | SIE    // in M a delegated one isn't taken
    SOME_TIME
    csrci mstatus, SIE
    csrci mstatus, MIE
    TO_S                // SIE = 0: not taken in S
    SOME_TIME
    csrr a0, sip
    EXPECT a0, 2
    lla s5, 1f
    li s1, 0
    csrsi sstatus, SIE
0:  j fail
1:  EXPECT s1, INTERRUPT | 1
    EXPECT_ADDRESS s2, 0b
    EXPECT s4, 0x120
    csrr a0, sie
    EXPECT a0, 0
    csrci sstatus, SIE
    CASE 41             // sip: SSIP can be cleared, the others not
    TO_M
    li a0, 0x222
    csrs mip, a0
    TO_S
    csrw sip, x0
    csrr a0, sip
    EXPECT a0, 0x220
    csrsi sip, 2
    csrr a0, sip
    EXPECT a0, 0x222
    csrci sip, 2
    CASE 42             // in U they are taken, whatever SIE is; SEIP first
    li a0, 0x222
#ifdef PEER // takes the lowest number
    li a0, 0x200
#endif
    csrw sie, a0
    lla s5, 2f
    lla t0, 1f
    csrw sepc, t0
    li t0, 0x100
    csrc sstatus, t0
    sret
1:  j fail
2:  EXPECT s1, INTERRUPT | 9    // still in U
    EXPECT_ADDRESS s2, 1b
    andi s4, s4, 0x100
    EXPECT s4, 0
    TO_M
    li a0, 0x222
    csrc mip, a0
    csrw mideleg, x0
    csrw mie, x0
    FINISH

    .balign 4
supervisor_trap:
    csrr s1, scause
    csrr s2, sepc
    csrr s3, stval
    csrr s4, sstatus
    andi s4, s4, 0x120
    bltz s1, 2f
    lhu t5, 0(s2)
    andi t5, t5, 3
    addi t6, s2, 2
    addi t5, t5, -3
    bnez t5, 1f
    addi t6, s2, 4
1:  csrw sepc, t6
    beqz a7, 3f
    li t6, 0x100
    csrs sstatus, t6
3:  sret
2:  csrw sepc, s5
    csrw sie, x0
    sret

    .balign 256
    .option push
    .option norvc
vectors:
    j vector_exception
    j vector_interrupt
    j fail
    j fail
    .option pop
vector_exception:
    li a0, 0x10
    jr s6
vector_interrupt:
    li a0, 0x11
    j vector_1
