// SPDX-License-Identifier: GPL-2.0-or-later
// smp: what harts.c does, without devices, on as many harts as there are. Its last line has each hart's hash.
#include "harts.h"

enum { ROUNDS = 8 };

uint64_t trap(uint64_t cause, uint64_t pc, uint64_t value)
{
    if (!harts_trap(cause, pc)) {
        put_text("unexpected trap, cause ");
        put_hex(cause);
        put_text(" at ");
        put_hex(pc);
        put_text(" value ");
        put_hex(value);
        put_text("\n");
        machine_end(1);
    }
    return pc;
}

int main(uint64_t hart, uintptr_t dtb)
{
    (void)hart;
    (void)dtb;
    csr_write(pmpaddr0, -1);
    csr_write(pmpcfg0, 0x1f);
    csr_set(mstatus, MSTATUS_MIE);
    unsigned nharts = harts_start(ROUNDS);
    for (unsigned round = 0; round < ROUNDS; round++) {
        harts_round(0, round);
    }
    harts_finish();
    put_number(nharts);
    put_text(" harts ok end");
    for (unsigned i = 0; i < nharts; i++) {
        put_text(" ");
        put_hex(harts_hash(i));
    }
    put_text("\n");
    return 0;
}
