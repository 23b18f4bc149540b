// SPDX-License-Identifier: GPL-2.0-or-later
// The modes of satp that a CPU lacks leave satp as it is (P 4.1.11). Built with MODES: a bit for each of Sv39, Sv48, Sv57 that is there.
#include "test.inc"

    START
    .irp n, 0, 1, 2, 3, 7
    CASE 1 + \n
    csrw satp, x0
    li a0, ((8 + \n) << 60) | 0x12345
    csrw satp, a0
    csrr a1, satp
    .if MODES >> \n & 1
    EXPECT_SAME a1, a0
    .else
    EXPECT a1, 0
    .endif
    .endr
    FINISH
