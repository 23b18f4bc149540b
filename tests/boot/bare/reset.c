// SPDX-License-Identifier: GPL-2.0-or-later
// reset: resets the machine once and powers it off the second time. RAM keeps its content across a reset of the virt machine, but
// the program is loaded again, so the count lives beyond it.
#include "bare.h"

enum { COUNT = 0x80800000 };

int main(uint64_t hart, uintptr_t dtb)
{
    (void)hart;
    (void)dtb;
    static int touched;
    uint64_t count = read64(COUNT) == 0x5265736574 ? 1 : 0;
    put_text(count ? "second start\n" : "first start\n");
    if (touched) {
        put_text("FAILED: .bss isn't clear\n");
        return 1;
    }
    touched = 1;
    if (count == 0) {
        write64(COUNT, 0x5265736574);
        machine_reset();
    }
    put_text("reset: all ok\n");
    return 0;
}
