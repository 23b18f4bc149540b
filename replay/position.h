// SPDX-License-Identifier: GPL-2.0-or-later
// Position: the name of exactly one state of the machine.
//
// icount is the number of guest instructions attempted since power-on, step the number of steps (timer expiry, input, vCPU switch,
// interrupt entry, idle jump) done at that icount.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct Position {
    uint64_t icount;
    uint32_t step;
} Position;

static inline int position_compare(Position a, Position b)
{
    if (a.icount != b.icount) {
        return a.icount < b.icount ? -1 : 1;
    }
    return a.step < b.step ? -1 : a.step > b.step;
}
