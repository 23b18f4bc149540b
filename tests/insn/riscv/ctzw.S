// SPDX-License-Identifier: GPL-2.0-or-later
// ctzw of a register whose low word is 0 and whose high word isn't (B: 32).
//
// Apart from zb.S since the peer gives 63 here.
#include "rows.inc"
#include "test.inc"

    START
    R1 1, ctzw, 0x8000000000000000, 32
    R1 2, ctzw, 0x0000000100000000, 32
    FINISH
