// SPDX-License-Identifier: GPL-2.0-or-later
// What a disk may hold after a crash: each of its sectors as it was at the last flush, or as one of
// the steps since left it.
#pragma once
#include "tests/block/disk-bench.h"

typedef struct History {
    uint64_t size;
    uint8_t *model;      // as the disk reads now
    GPtrArray *versions; // uint8_t *: at the last flush, and after each step since
    bool may_fail;       // a request that fails leaves old or new contents
    unsigned failures;
} History;

History *history_new(const uint8_t *model, uint64_t size);
void history_free(History *history);
// One random step; both sides. `image` NULL: the model alone goes on, with the same random numbers.
// True: it was a flush, which has succeeded. While it is under way, all that may come out counts as
// written, and nothing as flushed.
bool history_step(History *history, GRand *rand, Image *image);
void history_flushed(History *history); // all that came before is safe
// Ends the test with `what` and the sector if a sector holds something else.
void history_check(const History *history, const uint8_t *found, const char *what);
