// SPDX-License-Identifier: GPL-2.0-or-later
// Macros of the self-checking programs: bare metal in M-mode at 0x80000000, result to the test finisher at 0x100000.
//
// gp holds the number of the running case, which is the exit status of a failure; t5 and t6 are scratch of macros and traps. Traps into M-mode
// leave mcause in s8, mepc in s9, mtval in s10. s7 says what the handler does: 0: the trap is a failure, status 0x300 + mcause; 1: go on behind
// the instruction (which must be readable at mepc); else: go on at that address. After an ecall of S or U, and after an interrupt, that is in
// M-mode with MIE = 0; after an interrupt mie is 0 too.
#pragma once

#define FINISHER 0x100000
#define RAM 0x80000000

.macro START
    .text
    .globl _start
_start:
    lla sp, stack_end
    lla t6, machine_trap
    csrw mtvec, t6
    li s7, 0
.endm

// Programs end here; handler and stack follow.
.macro FINISH
    li t6, FINISHER
    li t5, 0x5555
    sw t5, 0(t6)
    j .
fail:                   // in any mode, if its ecall isn't delegated
    lla s7, 776f
    ecall
776:
    li t6, FINISHER
    slli gp, gp, 16
    li t5, 0x3333
    or t5, t5, gp
    sw t5, 0(t6)
    j .
    .balign 4
machine_trap:
    csrr s8, mcause
    csrr s9, mepc
    csrr s10, mtval
    beqz s7, 3f
    mv t5, s7
    li t6, 1
    bne t5, t6, 1f
    lhu t6, 0(s9)
    andi t6, t6, 3
    addi t5, s9, 2
    addi t6, t6, -3
    bnez t6, 1f
    addi t5, s9, 4
1:  csrw mepc, t5
    bgez s8, 4f
    csrwi mie, 0
    j 5f
4:  andi t6, s8, ~1
    addi t6, t6, -8
    bnez t6, 2f
5:  li t6, 0x1800
    csrs mstatus, t6
    li t6, 0x80
    csrc mstatus, t6
2:  mret
3:  li gp, 0x300
    or gp, gp, s8
    j fail
    .bss
    .balign 16
    .space 4096
stack_end:
    .previous
.endm

.macro CASE number
    li gp, \number
.endm

.macro EXPECT reg, value
    li t6, \value
    bne \reg, t6, fail
.endm

.macro EXPECT_SAME reg, other
    bne \reg, \other, fail
.endm

.macro EXPECT_ADDRESS reg, label
    lla t6, \label
    bne \reg, t6, fail
.endm

// In M-mode: the instruction must trap with this cause. mtval is in s10.
.macro TRAPS cause, insn:vararg
    li s7, 1
    li s8, -1
771: \insn
    li s7, 0
    EXPECT s8, \cause
    EXPECT_ADDRESS s9, 771b
.endm

// The same in any mode, when mepc is not to be read by the handler: goes on at the next instruction.
.macro FAULTS cause, insn:vararg
    lla s7, 772f
    li s8, -1
771: \insn
772: li s7, 0
    EXPECT s8, \cause
    EXPECT_ADDRESS s9, 771b
.endm

// From S or U to M (M's handler takes the ecall; it must not be delegated).
.macro TO_M
    lla s7, 773f
    ecall
773: li s7, 0
.endm

// From M to S or U, at the next instruction.
.macro TO_MODE mpp
    li t6, 0x1800
    csrc mstatus, t6
    li t6, \mpp << 11
    csrs mstatus, t6
    lla t6, 774f
    csrw mepc, t6
    mret
774:
.endm
#define TO_S TO_MODE 1
#define TO_U TO_MODE 0

// PMP entry 15 opens all of memory to S and U.
.macro OPEN_PMP
    li t6, -1
    csrw pmpaddr15, t6
    li t6, 0x1f << 56
    csrw pmpcfg2, t6
.endm
