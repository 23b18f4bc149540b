// SPDX-License-Identifier: GPL-2.0-or-later
// Physical memory protection: OFF, TOR, NA4, NAPOT, priorities, locks, M-mode, page tables (P 3.7).
#include "test.inc"

#define PR 1
#define PW 2
#define PX 4
#define TOR 8
#define NA4 0x10
#define NAPOT 0x18
#define L 0x80
#if __riscv_xlen == 32
#define ADDRESS_BITS 0xffffffff
#define AT_80 (4 * 512) // of a root table: entries of the large pages at 0x80000000 and 0xc0000000
#define AT_C0 (4 * 768)
#define SATP_MODE (1 << 31)
#else
#define ADDRESS_BITS 0x3fffffffffffff
#define AT_80 16
#define AT_C0 24
#define SATP_MODE (8 << 60)
#endif

// pmpaddr<n> := a label, as a TOR or NA4 address
.macro ADDRESS n, label, offset=0
    lla t0, \label
    li t1, \offset
    add t0, t0, t1
    srli t0, t0, 2
    csrw pmpaddr\n, t0
.endm

// pmpaddr<n> := the naturally aligned block of `size` bytes at a label
.macro BLOCK n, label, size
    lla t0, \label
    srli t0, t0, 2
    ori t0, t0, (\size >> 3) - 1
    csrw pmpaddr\n, t0
.endm

.macro CONFIG value
    li t0, \value
    csrw pmpcfg0, t0
    sfence.vma
.endm

.macro BAD cause, address, insn:vararg
    FAULTS \cause, \insn
    lla t0, \address
    EXPECT_SAME s10, t0
.endm

    START
    lla a1, area
#ifndef PEER        // lets S and U if all entries are off
    CASE 1          // nothing matches: M may, others may not
    LX a0, 0(a1)
    IN_M 1f
    TO_S
    j fail
1:  li s7, 0
    EXPECT s8, 1
#endif
#ifndef PEER        // keeps all bits
    CASE 2          // registers: address of 54 bits (RV32: 32), no W without R, bits 5 and 6 are 0
    li t0, -1
    csrw pmpaddr0, t0
    csrr a0, pmpaddr0
    EXPECT a0, ADDRESS_BITS
    csrw pmpaddr15, t0
    csrr a0, pmpaddr15
    EXPECT a0, ADDRESS_BITS
    csrw pmpaddr0, x0
    li t0, 0x7f
    csrw pmpcfg2, t0
    csrr a0, pmpcfg2
    EXPECT a0, 0x1f
    csrw pmpcfg2, x0
    CONFIG PW
    csrr a0, pmpcfg0
    EXPECT a0, 0
    CONFIG 0
#endif

    OPEN_PMP
    CASE 10         // NAPOT, 4 KiB
    BLOCK 0, area, 4096
    CONFIG NAPOT | PR
    TO_S
    LX a0, 0(a1)
    BAD 7, area, SX a0, 0(a1)
    li t0, 4096
    add a2, a1, t0
    SX a0, 0(a2)
    SX a0, -8(a1)
    lla s7, 1f
    jr a1
1:  li s7, 0
    EXPECT s8, 1
    TO_M
    SX a0, 0(a1)    // not locked: M may
    CASE 11         // the same at once without fence, X alone
    li t0, NAPOT | PX
    csrw pmpcfg0, t0
    li t0, 0x8082
    sw t0, 0(a1)
    TO_U
    BAD 5, area, lw a0, 0(a1)
    jalr a1
    TO_M
    CASE 12         // NAPOT of 8, 16 and 2^20 bytes
    BLOCK 0, area, 8
    CONFIG NAPOT
    TO_S
    BAD 5, area, lw a0, 0(a1)
    BAD 5, area + 4, lw a0, 4(a1)
    lw a0, 8(a1)
    lw a0, -4(a1)
    TO_M
    BLOCK 0, area, 16
    TO_S
    BAD 5, area + 12, lw a0, 12(a1)
    lw a0, 16(a1)
    TO_M
    CASE 13         // NA4
    ADDRESS 0, area, 4
    CONFIG NA4 | PR
    TO_S
    lw a0, 4(a1)
    BAD 7, area + 4, sw a0, 4(a1)
    sw a0, 0(a1)
    sw a0, 8(a1)
    BAD 7, area + 5, sb a0, 5(a1)
    TO_M
    CASE 14         // TOR, from entry 0 and from the entry before; empty ranges
    ADDRESS 0, area, 0
    ADDRESS 1, area, 0x20
    CONFIG TOR << 8
    TO_S
    lw a0, -4(a1)
    BAD 5, area, lw a0, 0(a1)
    BAD 5, area + 0x1c, lw a0, 0x1c(a1)
    lw a0, 0x20(a1)
    TO_M
    ADDRESS 1, area, -0x20
    TO_S
    lw a0, -4(a1)
    lw a0, 0(a1)
    TO_M
    CASE 15         // the lowest entry decides
    BLOCK 0, area, 16
    BLOCK 1, area, 4096
    CONFIG NAPOT | PR | PW | (NAPOT | PR) << 8
    TO_S
    sw x0, 0(a1)
    BAD 7, area + 16, sw x0, 16(a1)
    TO_M
    CONFIG (NAPOT | PR) << 8
    TO_S
    BAD 7, area, sw x0, 0(a1)
    TO_M
#if __riscv_xlen == 64
    CASE 16         // an aligned access that an entry matches in part
    ADDRESS 0, area, 4
    CONFIG NA4 | PR | PW
    TO_S
    sw x0, 4(a1)
    BAD 5, area, LX a0, 0(a1)
    TO_M
#endif

    CASE 20         // locked: M too, registers stay
    BLOCK 2, area, 16
    CONFIG (L | NAPOT | PR) << 16
    lw a0, 0(a1)
    FAULTS 7, sw a0, 0(a1)
    sw a0, 16(a1)
    TO_S
    BAD 7, area, sw a0, 0(a1)
    TO_M
    csrw pmpcfg0, x0
    csrr a0, pmpcfg0
    EXPECT a0, (L | NAPOT | PR) << 16
    csrr a2, pmpaddr2
    csrw pmpaddr2, x0
    csrr a0, pmpaddr2
    EXPECT_SAME a0, a2
    csrw pmpaddr1, x0
    csrr a0, pmpaddr1
    EXPECT a0, 0
    FAULTS 7, sw a0, 0(a1)
    CASE 21         // a locked TOR locks the address below it
    ADDRESS 3, area, 0x100
    ADDRESS 4, area, 0x200
#if __riscv_xlen == 32
    csrwi pmpcfg0, 0
    li t0, L | TOR | PR
    csrw pmpcfg1, t0
#else
    CONFIG (L | TOR | PR) << 32
#endif
    csrr a2, pmpaddr3
    csrw pmpaddr3, x0
    csrr a0, pmpaddr3
    EXPECT_SAME a0, a2
    FAULTS 7, sw a0, 0x100(a1)
    FAULTS 7, sw a0, 0x1fc(a1)
    sw a0, 0x200(a1)
    sw a0, 0xfc(a1)

    // tables: reading and updating entries needs rights of S
    CASE 30
    lla t1, root + AT_80
    li t0, (0x80000000 >> 2) | 0xcf
    SX t0, 0(t1)
    lla t1, root + AT_C0
    li t0, (0x80000000 >> 2) | 0x0f     // A and D clear
    SX t0, 0(t1)
    li t0, SATP_MODE
    lla t1, root
    srli t1, t1, 12
    or t0, t0, t1
    csrw satp, t0
    li a3, 0xc0000000
    BLOCK 0, root, 4096
#ifndef PEER                    // sets A and D all the same
    CONFIG NAPOT | PR
    TO_S
    FAULTS 5, lw a0, 0(a3)      // A can't be set
    EXPECT_SAME s10, a3
    FAULTS 7, sw a0, 0(a3)
    TO_M
    lla t1, root + AT_C0
    LX a0, 0(t1)
    andi a0, a0, 0xff
    EXPECT a0, 0x0f
#endif
    CONFIG NAPOT | PR | PW
    TO_S
    lw a0, 0(a3)
    TO_M
    CONFIG NAPOT
    IN_M 1f
    TO_S
    j fail
1:  li s7, 0
    EXPECT s8, 1                // the fetch's own walk
    EXPECT_ADDRESS s9, 774b
    csrw satp, x0
    FINISH

    .data
    .balign 4096
    .space 4096
area: .space 8192
    .balign 4096
root: .space 4096
