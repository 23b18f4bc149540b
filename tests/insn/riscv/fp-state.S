// SPDX-License-Identifier: GPL-2.0-or-later
// Floating-point state: FS, dirtiness, reserved rounding modes, sticky flags, boxing by loads and moves (U 11.2, 12.2; P 3.1.6.6).
#include "fp-rows.inc"
#include "test.inc"

#define FS (3 << 13)

.macro SET_FS value
    li t0, FS
    csrc mstatus, t0
    li t0, \value << 13
    csrs mstatus, t0
.endm

.macro EXPECT_FS value
    csrr t0, mstatus
    srli t0, t0, 13
    andi t0, t0, 3
    EXPECT t0, \value
.endm

// This instruction makes the state dirty, from initial and from clean.
.macro DIRTIES insn:vararg
    SET_FS 1
    \insn
    EXPECT_FS 3
    SET_FS 2
    \insn
    EXPECT_FS 3
    \insn
    csrr t0, mstatus
    bgez t0, fail       // SD
.endm

.macro KEEPS_CLEAN insn:vararg
    SET_FS 2
    \insn
    EXPECT_FS 2
    csrr t0, mstatus
    bltz t0, fail
.endm

    START_FP
    lla a1, cell
    CASE 1              // off: every one is illegal
    SET_FS 0
    TRAPS 2, fadd.s ft0, ft1, ft2
    TRAPS 2, fadd.d ft0, ft1, ft2
    TRAPS 2, flw ft0, 0(a1)
    TRAPS 2, fsd ft0, 0(a1)
    TRAPS 2, fmv.x.d a0, ft0
    TRAPS 2, fmv.d.x ft0, a0
    TRAPS 2, c.fld fa0, 0(a1)
    EXPECT s10, 0x2188
    TRAPS 2, c.fsdsp ft0, 0(sp)
    CASE 2              // dirty
    DIRTIES fadd.s ft0, ft1, ft2
    DIRTIES fmv.d.x ft0, x0
    DIRTIES flw ft0, 0(a1)
    DIRTIES fld ft0, 0(a1)
    DIRTIES csrwi fflags, 0
    DIRTIES csrwi frm, 0
    DIRTIES fsgnj.d ft0, ft0, ft0
    CASE 3              // and what doesn't change anything
    KEEPS_CLEAN fsd ft0, 0(a1)
    KEEPS_CLEAN fsw ft0, 0(a1)
    KEEPS_CLEAN fmv.x.d a0, ft0
    KEEPS_CLEAN fclass.s a0, ft0
    KEEPS_CLEAN csrr a0, fcsr
    CASE 4              // a load that faults leaves FS alone
    SET_FS 2
    li a2, 0x18000000
    TRAPS 5, fld ft0, 0(a2)
    EXPECT_FS 2
    SET_FS 3

    CASE 10             // reserved rounding modes: static …
    TRAPS 2, .word 0x00005053   // fadd.s ft0, ft0, ft0, 5
    TRAPS 2, .word 0x00006053
    CASE 11             // … and dynamic, for instructions that use it
    csrwi frm, 5
    TRAPS 2, fadd.s ft0, ft1, ft2
    TRAPS 2, fadd.d ft0, ft1, ft2, dyn
    TRAPS 2, fcvt.w.d a0, ft0, dyn
    fadd.d ft0, ft1, ft2, rtz
    fmin.d ft0, ft1, ft2
    feq.s a0, ft0, ft1
    csrwi frm, 7
    TRAPS 2, fmul.d ft0, ft1, ft2
    csrwi frm, 4
    fmul.d ft0, ft1, ft2
    csrwi frm, 0

    CASE 20             // flags gather
    csrw fflags, x0
    OPERAND 0, 0x3ff0000000000000
    OPERAND 1, 0x4008000000000000
    fmv.d.x ft0, x0
    fdiv.d fa2, fa0, ft0        // DZ
    fdiv.d fa2, fa0, fa1        // NX
    fadd.d fa2, fa0, fa1        // nothing
    csrr a0, fflags
    EXPECT a0, 9
    fsqrt.d fa2, fa0
    fneg.d fa3, fa0
    fsqrt.d fa2, fa3            // NV
    csrr a0, fcsr
    EXPECT a0, 0x19
    csrw fflags, x0

    CASE 30             // boxing
    lla a1, cell
    li a0, 0x123456783f800000
    sd a0, 0(a1)
    flw ft0, 0(a1)
    fmv.x.d a0, ft0
    EXPECT a0, 0xffffffff3f800000
    fld ft0, 0(a1)
    fmv.x.d a0, ft0
    EXPECT a0, 0x123456783f800000
    fmv.x.w a0, ft0             // the low half, boxed or not
    EXPECT a0, 0x3f800000
    sd x0, 0(a1)
    fsw ft0, 0(a1)
    ld a0, 0(a1)
    EXPECT a0, 0x3f800000
    fadd.s ft1, ft0, ft0        // a NaN when computed with
    fmv.x.d a0, ft1
    EXPECT a0, 0xffffffff7fc00000
    fsgnj.s ft1, ft0, ft0
    fmv.x.d a0, ft1
    EXPECT a0, 0xffffffff7fc00000
    fclass.s a0, ft0
    EXPECT a0, 0x200
    fcvt.w.s a0, ft0
    EXPECT a0, 0x7fffffff
    li a0, 0xff800000
    fmv.w.x ft1, a0
    fmv.x.d a0, ft1
    EXPECT a0, 0xffffffffff800000
    fmv.x.w a0, ft1
    EXPECT a0, -0x800000
    CASE 31             // misaligned and page-crossing
    lla a2, page_end
    addi a2, a2, -3
    li a0, 0x0123456789abcdef
    fmv.d.x ft0, a0
    fsd ft0, 0(a2)
    ld a3, 0(a2)
    EXPECT_SAME a3, a0
    fld ft1, 0(a2)
    fmv.x.d a3, ft1
    EXPECT_SAME a3, a0
    flw ft1, 1(a2)
    fmv.x.d a3, ft1
    EXPECT a3, 0xffffffff6789abcd
    CASE 32             // compressed loads and stores
    mv a2, sp
    addi sp, sp, -64
    c.fsdsp ft0, 8(sp)
    c.fldsp ft2, 8(sp)
    fmv.d.x fa0, x0
    c.fsd fa0, 16(a1)
    c.fld fa1, 16(a1)
    feq.d a0, fa0, fa1
    EXPECT a0, 1
    fmv.x.d a0, ft2
    EXPECT a0, 0x0123456789abcdef
    mv sp, a2
    FINISH
    .data
    .balign 16
cell: .space 64
    .balign 4096
    .space 4096
page_end:
    .space 4096
