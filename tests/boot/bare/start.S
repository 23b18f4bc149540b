// SPDX-License-Identifier: GPL-2.0-or-later
// Start and trap entry of a bare-metal program in M-mode: RISC-V Privileged Architecture, sections 3.1.7 (mtvec) and 3.4 (reset).
//
// Hart 0 clears .bss, sets the stack and calls main(hartid, dtb); what main returns ends the machine. Other harts sleep until a software interrupt
// and then call hart_main(hartid), each with 32 KiB of the stack. A trap saves the caller-saved registers and calls trap(mcause, mepc, mtval), whose result is the pc to go on at. Interrupts are off at the start.
    .section .text.start, "ax"
    .globl _start
_start:
    csrw mie, zero
    csrw mip, zero
    bnez a0, park
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, stack_top
    la t0, trap_entry
    csrw mtvec, t0
    li t0, 3 << 13              // mstatus.FS: floating point may be used
    csrs mstatus, t0
    la t0, bss_start
    la t1, bss_end
1:
    bgeu t0, t1, 2f
    sd zero, 0(t0)
    addi t0, t0, 8
    j 1b
2:
    call main
    call machine_end
park:
    li t0, 8                    // MSIE: WFI ends
    csrw mie, t0
    li t1, 0x2000000            // the CLINT's msip
    slli t0, a0, 2
    add t1, t1, t0
1:
    wfi
    lw t0, 0(t1)
    beqz t0, 1b
    sw zero, 0(t1)
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, stack_top
    slli t0, a0, 15
    sub sp, sp, t0
    la t0, trap_entry
    csrw mtvec, t0
    li t0, 3 << 13
    csrs mstatus, t0
    call hart_main
    csrw mie, zero
2:
    wfi
    j 2b

    .text
    .balign 4
trap_entry:
    addi sp, sp, -128
    .set slot, 0
    .irp reg, ra, t0, t1, t2, a0, a1, a2, a3, a4, a5, a6, a7, t3, t4, t5, t6
    sd \reg, slot(sp)
    .set slot, slot + 8
    .endr
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call trap
    csrw mepc, a0
    .set slot, 0
    .irp reg, ra, t0, t1, t2, a0, a1, a2, a3, a4, a5, a6, a7, t3, t4, t5, t6
    ld \reg, slot(sp)
    .set slot, slot + 8
    .endr
    addi sp, sp, 128
    mret
