// SPDX-License-Identifier: GPL-2.0-or-later
// Operands for the floating point tests: the corners of each format, and a fixed-seed stream that
// favours what goes wrong: near cancellation, ties, the ends of the exponent range, short runs of
// significant bits.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fpu/softfloat.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

typedef struct Random {
    uint64_t state;
} Random;

uint64_t random_bits(Random *random);

// The corners of the format of `width` bits (16, 32 or 64), or of 64-bit integers for 0; `*count`
// gets their number. The table is static.
const uint64_t *fp_corners(uint32_t width, size_t *count);

// Fills `count` (1 to 3) operands of `width` bits, often related to each other.
void fp_operands(Random *random, uint32_t width, uint64_t *operands, size_t count);
