// SPDX-License-Identifier: GPL-2.0-or-later
// time, stimecmp (Sstc), mtimecmp, WFI: levels, exact instants, wake-up with and without the interrupt taken (P 3.2.1, 3.3.3; Sstc).
//
// Two ways to wait: spinning, and in WFI.
#include "test.inc"

#define MTIMECMP 0x2004000
#define MTIME 0x200bff8
#define INTERRUPT (1 << 63)

    START
    OPEN_PMP
    li s1, MTIMECMP
    li s2, MTIME
    li t0, -1
    sd t0, 0(s1)
    CASE 1          // time is the CLINT's mtime
    csrr a0, time
    ld a1, 0(s2)
    csrr a2, time
    bltu a1, a0, fail
    bltu a2, a1, fail
    CASE 2          // mtimecmp: the level, both ways
    csrr a0, mip
    andi a0, a0, 0x80
    EXPECT a0, 0
    sd x0, 0(s1)
    csrr a0, mip
    andi a0, a0, 0x80
    EXPECT a0, 0x80
    li t0, -1
    sd t0, 0(s1)
    csrr a0, mip
    andi a0, a0, 0x80
    EXPECT a0, 0
    CASE 3          // waiting for it, spinning
    ld a0, 0(s2)
    addi a0, a0, 50
    sd a0, 0(s1)
1:  csrr a1, mip
    andi a1, a1, 0x80
    beqz a1, 1b
    ld a1, 0(s2)
    bltu a1, a0, fail
    CASE 4          // in WFI: resumes behind it, not interrupted (MIE = 0)
    li t0, 0x80
    csrw mie, t0
    ld a0, 0(s2)
    li t0, 100000
    add a0, a0, t0
    sd a0, 0(s1)
    wfi
    ld a1, 0(s2)
    bltu a1, a0, fail
    csrr a1, mip
    andi a1, a1, 0x80
    EXPECT a1, 0x80
    wfi             // still pending: doesn't wait
    CASE 5          // interrupted in WFI: mepc is behind it
    ld a0, 0(s2)
    li t0, 100000
    add a0, a0, t0
    sd a0, 0(s1)
    lla s7, 2f
    csrsi mstatus, 8
    wfi
1:  j fail
2:  li s7, 0
    EXPECT s8, INTERRUPT | 7
    EXPECT_ADDRESS s9, 1b
    li t0, -1
    sd t0, 0(s1)

    // stimecmp
    CASE 10         // without STCE, STIP is software's
    li t0, 0x20
    csrs mip, t0
    csrr a0, mip
    EXPECT a0, 0x20
    csrw stimecmp, x0
    csrc mip, t0
    csrr a0, mip
    EXPECT a0, 0
    CASE 11         // with it, STIP is time >= stimecmp, and read-only
    li t0, -1
    csrw stimecmp, t0
    li t0, 1 << 63
    csrw menvcfg, t0
    csrr a0, menvcfg
    EXPECT_SAME a0, t0
    csrr a0, mip
    EXPECT a0, 0
    csrw stimecmp, x0
    csrr a0, mip
    EXPECT a0, 0x20
    csrw mip, x0
    csrr a0, mip
    EXPECT a0, 0x20
    li t0, -1
    csrw stimecmp, t0
    csrr a0, mip
    EXPECT a0, 0
    CASE 12         // S may use it with mcounteren.TM and STCE
    csrwi mcounteren, 0
    TO_S
    FAULTS 2, csrr a0, stimecmp
    TO_M
    csrwi mcounteren, 2
    csrw menvcfg, x0
    TO_S
    FAULTS 2, csrr a0, stimecmp
    FAULTS 2, csrw stimecmp, x0
    TO_M
    li t0, 1 << 63
    csrw menvcfg, t0
    TO_U
    FAULTS 2, csrr a0, stimecmp
    TO_M
    CASE 13         // an interrupt to S, in WFI
    li t0, 0x20
    csrw mideleg, t0
    csrw mie, t0
    lla t0, supervisor
    csrw stvec, t0
    TO_S
    csrr a0, time
    li t0, 100000
    add a0, a0, t0
    csrw stimecmp, a0
    csrsi sstatus, 2
    wfi
1:  j fail
    .balign 4
supervisor:
    csrr a1, time
    bltu a1, a0, fail
    csrr a2, scause
    EXPECT a2, INTERRUPT | 5
    csrr a2, sepc
    EXPECT_ADDRESS a2, 1b
    csrr a2, sip
    EXPECT a2, 0x20
    li t0, -1
    csrw stimecmp, t0
    csrr a2, sip
    EXPECT a2, 0
    CASE 14         // not enabled in sie: WFI wakes for another
    csrw sie, x0
    csrr a0, time
    csrw stimecmp, a0
    TO_M
    li t0, 0x80
    csrw mie, t0
    ld a0, 0(s2)
    addi a0, a0, 300
    sd a0, 0(s1)
    wfi
    ld a1, 0(s2)
    bltu a1, a0, fail
#ifndef PEER        // its stimecmp doesn't follow; its clock follows host time
    CASE 15         // the guest sets mtime: stimecmp follows
    li t0, -1
    sd t0, 0(s1)
    ld t0, 0(s2)
    li t1, 1 << 40
    add t1, t1, t0
    csrw stimecmp, t1
    csrr a0, mip
    EXPECT a0, 0
    sd t1, 0(s2)
    csrr a0, mip
    EXPECT a0, 0x20
    CASE 20         // exact: 1 instruction is 1 ns, a tick is 100 ns; the handler reads the first instant at which it can be
    csrr a0, time
    addi a0, a0, 20
    csrw stimecmp, a0
    csrw mideleg, x0
    li t0, 0x20
    csrw mie, t0
    lla s7, 2f
    csrr a2, mcycle
    csrsi mstatus, 8
1:  j 1b
2:  csrr a1, time
    EXPECT_SAME a1, a0
    CASE 21         // WFI jumps to it
    csrr a0, time
    li t0, 1000000
    add a0, a0, t0
    csrw stimecmp, a0
    csrr a2, mcycle
    li t0, 0x20
    csrw mie, t0
    wfi
    csrr a1, time
    csrr a3, mcycle
    EXPECT_SAME a1, a0
    sub a3, a3, a2
    EXPECT a3, 5
#endif
    FINISH
