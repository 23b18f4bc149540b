// SPDX-License-Identifier: GPL-2.0-or-later
// spin: computes for ever and says now and then how far it is: "spin N HASH". For tests that kill the recorder; no interrupt, no input.
#include "bare.h"

enum { STEPS = 20000 };

int main(uint64_t hart, uintptr_t dtb)
{
    uint64_t hash = 0xcbf29ce484222325;
    (void)hart;
    (void)dtb;
    for (uint64_t n = 0;; n++) {
        for (unsigned i = 0; i < STEPS; i++) {
            hash = hash * 6364136223846793005 + (hash >> 33) / (i | 1);
        }
        put_text("spin ");
        put_number(n);
        put_text(" ");
        put_hex(hash);
        put_text("\n");
    }
}
