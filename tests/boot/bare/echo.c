// SPDX-License-Identifier: GPL-2.0-or-later
// echo: sends back what comes in on the UART, with the letters turned to upper case, until a '.', polling. For tests of input: what was
// typed shows in the output, and how many polls went by in between shows as a checksum, which a replay must repeat exactly.
#include "bare.h"

int main(uint64_t hart, uintptr_t dtb)
{
    (void)hart;
    (void)dtb;
    uint64_t polls = 0, sum = 0;
    put_text("echo: ready\n");
    for (;;) {
        int c = get_char();
        polls++;
        if (c < 0) {
            continue;
        }
        sum = (sum ^ polls) * 0x9e3779b97f4a7c15 + (uint64_t)c;
        if (c == '.') {
            break;
        }
        put_char((char)(c >= 'a' && c <= 'z' ? c - 32 : c));
    }
    put_text("\necho: polls ");
    put_hex(sum);
    put_text("\n");
    return 0;
}
