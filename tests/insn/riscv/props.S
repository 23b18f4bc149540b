// SPDX-License-Identifier: GPL-2.0-or-later
// A CPU with everything off that can be switched off: what isn't there is illegal, and registers say so.
#include "test.inc"

.macro ILLEGAL insns:vararg
    .irp bits, \insns
    TRAPS 2, .word \bits
    EXPECT s10, \bits
    .endr
.endm

    START
    CASE 1              // misa: I, C, S, U
    csrr a0, misa
    slli a0, a0, 6      // without MXL
    srli a0, a0, 6
#if __riscv_xlen == 64
    li a1, 0x3fffffff
    and a0, a0, a1
#endif
    EXPECT a0, 0x140104
    CASE 2              // M, A
    ILLEGAL 0x02b50533, 0x02b55533, 0x02b57533  // mul, divu, remu
    ILLEGAL 0x00b5252f, 0x1005252f, 0x18b5252f  // amoadd.w, lr.w, sc.w
    CASE 3              // F, D: FS can't be set
    li a0, 0x6000
    csrs mstatus, a0
    csrr a0, mstatus
    srli a0, a0, 13
    andi a0, a0, 3
    EXPECT a0, 0
    csrr a0, mstatus
    bltz a0, fail               // nor is SD
    ILLEGAL 0x00053507, 0x00052507, 0x00b57553, 0x02b57553  // fld, flw, fadd.s, fadd.d
    TRAPS 2, csrr a0, fcsr
    TRAPS 2, csrr a0, fflags
    TRAPS 2, .half 0x2108       // c.fld
    CASE 4              // Zba, Zbb, Zbc, Zbs
    ILLEGAL 0x20b52533, 0x40b57533, 0x60051513, 0x0ab51533, 0x28b51533
    CASE 5              // Zifencei; pause is a fence, which needs nothing
    ILLEGAL 0x0000100f
    .word 0x0100000f
    CASE 6              // Zicbom, Zicboz, Svinval
    ILLEGAL 0x0005200f, 0x0015200f, 0x0025200f, 0x0045200f, 0x16000073, 0x18000073, 0x18100073
    csrr a1, menvcfg
    li a0, -1
    csrw menvcfg, a0
    csrr a0, menvcfg
    EXPECT a0, 1        // FIOM; neither STCE nor ADUE nor PBMTE
#if __riscv_xlen == 32
    csrw menvcfgh, a0
    csrr a0, menvcfgh
    EXPECT a0, 0
#endif
    CASE 7              // Zicntr, Zihpm, Sstc; the machine's own counters stay
    TRAPS 2, csrr a0, cycle
    TRAPS 2, csrr a0, time
    TRAPS 2, csrr a0, instret
    TRAPS 2, csrr a0, hpmcounter3
    TRAPS 2, csrr a0, stimecmp
    csrr a0, mcycle
    csrr a0, mhpmcounter3
    CASE 8              // no PMP: S and U may all
    TRAPS 2, csrr a0, pmpcfg0
    TRAPS 2, csrw pmpaddr0, x0
    lla a1, word
    TO_S
    lw a0, 0(a1)
    EXPECT a0, 0x12345678
    sw a0, 0(a1)
    TO_M
    CASE 9              // no MMU: satp is bare
    csrw satp, x0
#if __riscv_xlen == 32
    li a0, 0x80000000
    csrw satp, a0
    csrr a0, satp
    EXPECT a0, 0
#else
    .irp mode, 8, 9, 10
    li a0, \mode << 60
    csrw satp, a0
    csrr a0, satp
    EXPECT a0, 0
    .endr
#endif
    FINISH

    .data
    .balign 4
word: .word 0x12345678
