// SPDX-License-Identifier: GPL-2.0-or-later
// Firmware's start and trap entry, RV32: entered in M-mode by the reset ROM with a0 = hart, a1 = device tree, a2 = struct fw_dynamic_info.
//
// main(hart, dtb, info) gives the address of the next stage, which is entered in S-mode with the same a0 and a1. A trap saves all registers
// in a frame of 32 words (x0's is mepc) and calls trap(frame).
    .section .text.start, "ax"
    .globl _start
_start:
    la sp, stack_top
    la t0, trap_entry
    csrw mtvec, t0
    csrw mscratch, sp
    mv s0, a0
    mv s1, a1
    call firmware_main
    csrw mepc, a0
    mv a0, s0
    mv a1, s1
    mret

    .balign 4
trap_entry:
    csrrw sp, mscratch, sp
    addi sp, sp, -128
    .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sw x\n, 4 * \n(sp)
    .endr
    csrr t0, mscratch
    sw t0, 8(sp)
    csrr t0, mepc
    sw t0, 0(sp)
    addi t0, sp, 128
    csrw mscratch, t0
    mv a0, sp
    call firmware_trap
    lw t0, 0(sp)
    csrw mepc, t0
    .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    lw x\n, 4 * \n(sp)
    .endr
    lw sp, 8(sp)
    mret

    .section .note.GNU-stack, "", @progbits
