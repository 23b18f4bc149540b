// SPDX-License-Identifier: GPL-2.0-or-later
// Interrupts in full: each cause, to M and delegated to S, direct and vectored, from each mode that takes it; what is raised for the other mode
// waits; priorities over modes (P 3.1.6 to 3.1.9, 4.1.1 to 4.1.3). The CLINT raises MSIP and MTIP, software the others.
#include "test.inc"

#define CLINT 0x2000000
#define INTERRUPT (1 << (__riscv_xlen - 1))

// Raises cause n. Clobbers t0, t1.
.macro RAISE n
    .if \n == 3
    li t0, CLINT
    li t1, 1
    sw t1, 0(t0)
    .elseif \n == 7
    li t0, CLINT + 0x4000
    sw x0, 0(t0)
    sw x0, 4(t0)
    .else
    li t0, 1 << \n
    csrs mip, t0
    .endif
.endm

.macro DROP n
    .if \n == 3
    li t0, CLINT
    sw x0, 0(t0)
    .elseif \n == 7
    li t0, CLINT + 0x4000
    li t1, -1
    sw t1, 4(t0)
    sw t1, 0(t0)
    .else
    li t0, 1 << \n
    csrc mip, t0
    .endif
.endm

.macro ENABLE csr, n
    li t0, 1 << \n
    csrw \csr, t0
.endm

// Taken in M-mode: a0 = the vector's number (0: base), a1 = mcause, a2 = mepc, a3 = mstatus.MPP. s5: where the handler goes on.
.macro TAKEN_IN_M number, cause
    EXPECT a0, \number
    EXPECT a1, INTERRUPT | \cause
    EXPECT_ADDRESS a2, 100b
.endm

// Cause n to M, from mode 0, 1 (whatever MIE is) or 3 (with MIE).
.macro FROM mode, n, vector
    li a0, -1
    lla s5, 102f
    .if \mode == 3
    ENABLE mie, \n
    csrsi mstatus, 8
100: j fail
    .else
    csrci mstatus, 8
    ENABLE mie, \n
    lla t0, 100f
    csrw mepc, t0
    li t0, 0x1800
    csrc mstatus, t0
    li t0, \mode << 11
    csrs mstatus, t0
    mret
100: j fail
    .endif
102: TAKEN_IN_M \vector, \n
    EXPECT a3, \mode
    csrw mie, x0
    csrci mstatus, 8
.endm

// Delegated cause n, from mode 0 (whatever SIE is) or 1 (with SIE). In M it waits, whatever MIE and SIE are.
.macro DELEGATED mode, n, vector
    li a0, -1
    lla s5, 102f
    li t0, 1 << \n
    csrw mideleg, t0
    csrw mie, t0
    csrsi mstatus, 8 | 2
    nop
    nop
    csrci mstatus, 8 | 2
    .if \mode == 1
    csrsi mstatus, 2
    .endif
    lla t0, 100f
    csrw mepc, t0
    li t0, 0x1800
    csrc mstatus, t0
    li t0, \mode << 11
    csrs mstatus, t0
    mret
100: j fail
102: TAKEN_IN_M \vector, \n     // the same registers, of S
    EXPECT a3, \mode
    lla s7, 103f
    ecall
103: li s7, 0
    csrw mie, x0
    csrw mideleg, x0
    csrci mstatus, 2
.endm

// In S with SIE = 0 a delegated one waits; one for M doesn't.
.macro WAITS_IN_S n
    li t0, 1 << \n
    csrw mideleg, t0
    csrw mie, t0
    csrci mstatus, 2
    TO_S
    nop
    nop
    TO_M
    csrw mie, x0
    csrw mideleg, x0
.endm

    START
    OPEN_PMP
    DROP 7
    CASE 1              // direct, to M: the base
    lla t0, direct_m
    csrw mtvec, t0
    .irp n, 1, 3, 5, 7, 9, 11
    .if \n != 11
    RAISE \n
    FROM 0, \n, 0
    FROM 1, \n, 0
    FROM 3, \n, 0
    DROP \n
    .endif
    .endr
    CASE 2              // vectored: base + 4 * cause
    lla t0, vectors_m + 1
    csrw mtvec, t0
    .irp n, 1, 3, 5, 7, 9
    RAISE \n
    FROM 0, \n, \n
    FROM 1, \n, \n
    FROM 3, \n, \n
    DROP \n
    .endr
    CASE 3              // vectored: exceptions use the base
    lla s5, 1f
    csrci mstatus, 8
    li a0, -1
0:  ecall
1:  EXPECT a0, 0
    EXPECT a1, 11
    EXPECT_ADDRESS a2, 0b

    CASE 10             // delegated, direct
    lla t0, machine_trap
    csrw mtvec, t0
    lla t0, direct_s
    csrw stvec, t0
    .irp n, 1, 5, 9
    RAISE \n
    DELEGATED 0, \n, 0
    DELEGATED 1, \n, 0
    WAITS_IN_S \n
    DROP \n
    .endr
    CASE 11             // delegated, vectored
    lla t0, vectors_s + 1
    csrw stvec, t0
    .irp n, 1, 5, 9
    RAISE \n
    DELEGATED 0, \n, \n
    DELEGATED 1, \n, \n
    DROP \n
    .endr
    CASE 12             // M's own can't be delegated
    li t0, -1
    csrw mideleg, t0
    csrr t0, mideleg
    li t1, 0x888
    and t0, t0, t1
    EXPECT t0, 0
    csrw mideleg, x0

    CASE 20             // M's come first, even where a delegated one has a higher number or place
    lla t0, direct_m
    csrw mtvec, t0
    lla t0, direct_s
    csrw stvec, t0
    RAISE 9
    RAISE 3
    li t0, 0x200
    csrw mideleg, t0
    li t0, 0x208
    csrw mie, t0
    csrsi mstatus, 2
    li a0, -1
    lla s5, 2f
    lla t0, 100f
    csrw mepc, t0
    li t0, 0x1800
    csrc mstatus, t0    // to U
    mret
100: j fail
2:  TAKEN_IN_M 0, 3
    DROP 3
    lla s5, 3f
    lla t0, machine_trap
    csrw mtvec, t0
    lla t0, 100f
    csrw mepc, t0
    mret                // again: now S gets its own
100: j fail
3:  TAKEN_IN_M 0, 9
    lla s7, 4f
    ecall
4:  li s7, 0
    DROP 9
    csrw mie, x0
    csrw mideleg, x0
    CASE 21             // order in M: MSI before MTI before SEI before SSI before STI
    lla t0, vectors_m + 1
    csrw mtvec, t0
    RAISE 1
    RAISE 3
    RAISE 5
    RAISE 7
    RAISE 9
    .irp n, 3, 7, 9, 1, 5
    li t0, -1
    csrw mie, t0
    lla s5, 5f
    csrsi mstatus, 8
    j fail
5:  EXPECT a0, \n
    EXPECT a1, INTERRUPT | \n
    csrw mie, x0
    DROP \n
    .endr

    CASE 30             // nested: S's handler is interrupted for M
    lla t0, direct_m
    csrw mtvec, t0
    lla t0, nested_s
    csrw stvec, t0
    li t0, 2
    csrw mideleg, t0
    li t0, 0xa
    csrw mie, t0
    RAISE 1
    lla s5, 6f
    lla t0, 100f
    csrw mepc, t0
    li t0, 0x1800
    csrc mstatus, t0
    mret                // to U; S's handler raises MSI
100: j fail
6:  EXPECT a1, INTERRUPT | 3
    EXPECT_ADDRESS a2, nested_at
    EXPECT a3, 1
    csrr a1, scause
    EXPECT a1, INTERRUPT | 1
    csrr a1, sepc
    EXPECT_ADDRESS a1, 100b
    DROP 3
    DROP 1
    csrw mie, x0
    lla t0, machine_trap
    csrw mtvec, t0
    FINISH

    .balign 4
nested_s:
    li t0, CLINT
    li t1, 1
    sw t1, 0(t0)
nested_at:
    j fail

    .balign 4
direct_m:
    li a0, 0
common_m:
    csrr a1, mcause
    csrr a2, mepc
    csrr a3, mstatus
    srli a3, a3, 11
    andi a3, a3, 3
    jr s5               // stays in M

    .balign 4
direct_s:
    li a0, 0
common_s:
    csrr a1, scause
    csrr a2, sepc
    csrr a3, sstatus
    srli a3, a3, 8
    andi a3, a3, 1
    jr s5               // stays in S

    .option push
    .option norvc
    .balign 4
vectors_m:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
    j vector_m_\n
    .endr
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
vector_m_\n:
    li a0, \n
    j common_m
    .endr
    .balign 4
vectors_s:
    .irp n, 0,1,2,3,4,5,6,7,8,9
    j vector_s_\n
    .endr
    .irp n, 0,1,2,3,4,5,6,7,8,9
vector_s_\n:
    li a0, \n
    j common_s
    .endr
    .option pop
