// SPDX-License-Identifier: GPL-2.0-or-later
// Position: the name of exactly one state of the machine.
//
// icount is the number of guest instructions attempted since power-on, step the number of steps
// (timer expiry, input, vCPU switch, interrupt entry, idle jump) done at that icount.
#pragma once
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

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

enum { POSITION_TEXT_BYTES = 34 };

// "1234" for step 0, else "1234+2"; returns `buf`.
static inline const char *position_text(Position position, char buf[POSITION_TEXT_BYTES])
{
    if (position.step) {
        snprintf(buf, POSITION_TEXT_BYTES, "%" PRIu64 "+%" PRIu32, position.icount, position.step);
    } else {
        snprintf(buf, POSITION_TEXT_BYTES, "%" PRIu64, position.icount);
    }
    return buf;
}
