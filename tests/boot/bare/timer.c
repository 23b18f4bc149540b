// SPDX-License-Identifier: GPL-2.0-or-later
// timer: ten machine timer interrupts 1 ms apart, taken while computing and while asleep in wfi, then a software interrupt.
//
// Checks: no interrupt before its time; a compare value in the past raises at once; mtip goes with a new compare value; mepc points at
// the instruction that wasn't executed. Prints verdicts, not times, so that the output is equal on every machine.
#include "bare.h"

enum { TICKS = 10, PERIOD = TIMEBASE_HZ / 1000 };

static volatile uint64_t ticks, early, software, expected;

static uint64_t now(void)
{
    return read64(CLINT + CLINT_MTIME);
}

static void arm(uint64_t at)
{
    expected = at;
    write64(CLINT + CLINT_MTIMECMP, at);
}

uint64_t trap(uint64_t cause, uint64_t pc, uint64_t value)
{
    (void)value;
    if (cause == (UINT64_C(1) << 63 | 7)) {
        early += now() < expected;
        ticks++;
        arm(ticks < TICKS ? expected + PERIOD : UINT64_MAX);
    } else if (cause == (UINT64_C(1) << 63 | 3)) {
        write32(CLINT, 0);
        software++;
    } else {
        put_text("unexpected trap, cause ");
        put_hex(cause);
        put_text(" at ");
        put_hex(pc);
        put_text("\n");
        machine_end(1);
    }
    return pc;
}

static int check(int good, const char *what)
{
    put_text(good ? "ok " : "FAILED ");
    put_text(what);
    put_text("\n");
    return !good;
}

int main(uint64_t hart, uintptr_t dtb)
{
    (void)hart;
    (void)dtb;
    int failed = 0;
    arm(UINT64_MAX);
    csr_write(mie, MIP_MTIP | MIP_MSIP);
    failed += check(!(csr_read(mip) & MIP_MTIP), "no timer interrupt pending with the compare value far away");
    uint64_t first = now();
    uint64_t spins = 0;
    while (now() == first) {
        spins++;
    }
    failed += check(spins < 1000000000, "time advances");

    arm(now() + PERIOD);
    csr_set(mstatus, MSTATUS_MIE);
    while (ticks < TICKS / 2) {
        spins++;
    }
    failed += check(early == 0, "five interrupts while computing");
    // Masked for the test, so that the last interrupt can't come between it and wfi; wfi wakes all the same (Privileged 3.3.3).
    for (;;) {
        csr_clear(mstatus, MSTATUS_MIE);
        if (ticks >= TICKS) {
            break;
        }
        __asm__ volatile("wfi" ::: "memory");
        csr_set(mstatus, MSTATUS_MIE);
    }
    failed += check(early == 0 && ticks == TICKS, "five interrupts while asleep");
    csr_set(mstatus, MSTATUS_MIE);

    write32(CLINT, 1);
    while (!software) {
    }
    failed += check(software == 1, "a software interrupt");

    csr_clear(mstatus, MSTATUS_MIE);
    arm(1);
    failed += check((csr_read(mip) & MIP_MTIP) != 0, "a compare value in the past is pending at once");
    arm(UINT64_MAX);
    failed += check(!(csr_read(mip) & MIP_MTIP), "and gone with a later one");
    put_text(failed ? "timer: FAILED\n" : "timer: all ok\n");
    return failed;
}
