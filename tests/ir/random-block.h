// SPDX-License-Identifier: GPL-2.0-or-later
// Random blocks for the fake CPU, with the patterns that front ends make: chains of extensions, shifts, masks and fields; slots written
// again and again; accesses that may raise in between.
#pragma once
#include "tests/ir/fake-cpu.h"

// Begins the builder's block anew. It verifies.
void random_block(IrBuilder *b, uint64_t *seed);
// A few chains of integer ops, their results in slots: what the rules for single ops are about.
void random_expressions(IrBuilder *b, uint64_t *seed);
