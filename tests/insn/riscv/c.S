// SPDX-License-Identifier: GPL-2.0-or-later
// C: each compressed instruction once or twice (U chapter 16); the decoder's own tests cover all encodings.
#include "test.inc"

.macro WITH_A0_A1 value, insn:vararg // a0 = 0x123456789abcdef0, a1 = 0xf0f0f0f0f0f0f0f0; result in a0
    li a0, 0x123456789abcdef0
    li a1, 0xf0f0f0f0f0f0f0f0
    \insn
    EXPECT a0, \value
.endm

    START
    .option rvc
    CASE 1
    WITH_A0_A1 0x123456789abcdeef, c.addi a0, -1
    WITH_A0_A1 0xffffffff9abcded1, c.addiw a0, -31
    WITH_A0_A1 0xffffffff9abcdef0, c.addiw a0, 0
    WITH_A0_A1 -32, c.li a0, -32
    WITH_A0_A1 0x1f000, c.lui a0, 0x1f
    WITH_A0_A1 -0x20000, c.lui a0, 0xfffe0
    CASE 2
    WITH_A0_A1 0x091a2b3c4d5e6f78, c.srli a0, 1
    WITH_A0_A1 0x02468acf13579bde, c.srai a0, 3
    WITH_A0_A1 0xf000000000000000, c.slli a0, 56
    CASE 3
    WITH_A0_A1 0x123456789abcdee0, c.andi a0, -32
    WITH_A0_A1 0x1030507090b0d0f0, c.and a0, a1
    WITH_A0_A1 0xf2f4f6f8fafcfef0, c.or a0, a1
    WITH_A0_A1 0xe2c4a6886a4c2e00, c.xor a0, a1
    WITH_A0_A1 0x21436587a9cbee00, c.sub a0, a1
    WITH_A0_A1 0x032547698badcfe0, c.add a0, a1
    WITH_A0_A1 0xffffffff8badcfe0, c.addw a0, a1
    WITH_A0_A1 0xffffffffa9cbee00, c.subw a0, a1
    WITH_A0_A1 0xf0f0f0f0f0f0f0f0, c.mv a0, a1
    CASE 4          // the stack pointer
    mv a2, sp
    c.addi16sp sp, -496
    sub a0, a2, sp
    EXPECT a0, 496
    c.addi4spn a0, sp, 496
    EXPECT_SAME a0, a2
    c.addi16sp sp, 480
    c.addi16sp sp, 16
    EXPECT_SAME a2, sp
    CASE 5          // memory
    addi sp, sp, -256
    li a0, 0x8123456789abcdef
    c.sdsp a0, 248(sp)
    c.ldsp a1, 248(sp)
    EXPECT_SAME a0, a1
    c.lwsp a1, 248(sp)
    EXPECT a1, -0x76543211
    c.swsp a0, 252(sp)
    c.ldsp a1, 248(sp)
    EXPECT a1, 0x89abcdef89abcdef
    addi a2, sp, 128
    c.sd a0, 120(a2)
    c.ld a1, 120(a2)
    EXPECT_SAME a0, a1
    c.lw a1, 124(a2)
    EXPECT a1, -0x7edcba99
    c.sw a1, 64(a2)
    c.lw a2, 64(a2)
    EXPECT_SAME a1, a2
    addi sp, sp, 256
    CASE 6          // jumps: the link is behind two bytes
    lla a0, 1f
    c.jalr a0
0:  j fail
1:  EXPECT_ADDRESS ra, 0b
    lla a0, 1f
    c.jr a0
    j fail
1:  c.j 1f
    j fail
1:  li a0, 0
    c.beqz a0, 1f
    j fail
1:  c.bnez a0, fail_near
    li a0, 1
    c.beqz a0, fail_near
    c.bnez a0, 1f
fail_near:
    j fail
1:
    CASE 7          // hints change nothing
    li a0, 5
    .half 0x0005    // c.nop 1
    .half 0x0001    // c.nop
    .half 0x4005    // c.li x0, 1
    .half 0x0502    // c.slli a0, 0
    EXPECT x0, 0
    EXPECT a0, 5
    CASE 8          // reserved encodings
    TRAPS 2, .half 0x0000
    TRAPS 2, .half 0x2001   // c.addiw x0
    TRAPS 2, .half 0x6101   // c.addi16sp 0
    TRAPS 2, .half 0x6501   // c.lui a0, 0
    TRAPS 2, .half 0x8002   // c.jr x0
    TRAPS 2, .half 0x4002   // c.lwsp x0
    EXPECT s10, 0x4002
    FINISH
