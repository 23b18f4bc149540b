// SPDX-License-Identifier: GPL-2.0-or-later
// One program for two worlds: runs the random streams of streams.inc (made by gen-streams) and leaves all registers after each.
//
// Bare metal: entered at 0x80000000, ends with the test finisher; the dump is read from memory. As a Linux program: entered at user_start,
// writes the dump to standard output. Code and data are at the same addresses in both, so that the dumps must be equal byte by byte.
#include "streams.inc"

#define RECORD 512      // fcsr, x1 to x31, f0 to f31; 8 bytes each whatever XLEN is
#if __riscv_xlen == 32
#define LX lw
#define SX sw
#else
#define LX ld
#define SX sd
#endif
#define DUMP_BYTES (8192 + STREAMS * RECORD)

.macro EACH_X op, base
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    \op x\n, 8 * \n(\base)
    .endr
.endm

.macro EACH_F op, base
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op f\n, 256 + 8 * \n(\base)
    .endr
.endm

.macro BEGIN n
    .option push
    .option norvc
    lla x31, registers + \n * RECORD
    LX x1, 0(x31)
    csrw fcsr, x1
    EACH_F fld, x31
    EACH_X LX, x31
    .option pop
.endm

.macro END n
    .option push
    .option norvc
    lla x31, dump + \n * RECORD
    EACH_X SX, x31
    EACH_F fsd, x31
    csrr x1, fcsr
    SX x1, 0(x31)
    .option pop
.endm

    .text
    .globl _start, user_start
_start:
    li t0, 3 << 13
    csrs mstatus, t0
    jal run
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
    j .

user_start:
    jal run
    li a0, 1
    lla a1, buffer
    li a2, DUMP_BYTES
    li a7, 64           // write
    ecall
    li a0, 0
    li a7, 93           // exit
    ecall

run:
    lla t0, return
    SX ra, 0(t0)
    ALL_STREAMS
    lla t0, return
    LX ra, 0(t0)
    ret

    .data
    .balign 64
return: .dword 0
    .balign 64
registers:
    ALL_REGISTERS

    .section .dump, "aw"
buffer: .space 8192
dump: .space STREAMS * RECORD
