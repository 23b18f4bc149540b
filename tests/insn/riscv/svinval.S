// SPDX-License-Identifier: GPL-2.0-or-later
// Svinval: who may use its instructions, TVM, reserved encodings (P chapter 7). What they would flush is never stale. Needs a CPU with it.
#include "test.inc"

#define SINVAL_VMA .word 0x16b50073     // sinval.vma a0, a1
#define W_INVAL .word 0x18000073
#define INVAL_IR .word 0x18100073
#define TVM (1 << 20)

    START
    OPEN_PMP
    CASE 1
    SINVAL_VMA
    W_INVAL
    INVAL_IR
    CASE 2
    TO_S
    SINVAL_VMA
    W_INVAL
    INVAL_IR
    TO_M
    CASE 3
    TO_U
    FAULTS 2, SINVAL_VMA
    EXPECT s10, 0x16b50073
    FAULTS 2, W_INVAL
    FAULTS 2, INVAL_IR
    TO_M
    CASE 4              // TVM: sinval.vma as sfence.vma, the fences not
    li t0, TVM
    csrs mstatus, t0
    SINVAL_VMA
    TO_S
    FAULTS 2, SINVAL_VMA
    W_INVAL
    INVAL_IR
    TO_M
    li t0, TVM
    csrc mstatus, t0
    CASE 5              // reserved: another rs2 of the fences, registers in them, hypervisor's
    TRAPS 2, .word 0x18200073
    TRAPS 2, .word 0x18008073
    TRAPS 2, .word 0x180000f3
    TRAPS 2, .word 0x26b50073   // hinval.vvma
    TRAPS 2, .word 0x66b50073   // hinval.gvma
    FINISH
