// SPDX-License-Identifier: GPL-2.0-or-later
// Work for 1 to 8 harts that meet at barriers: counters by AMO and LR/SC, interrupts from one to another, a timer each, rewritten code and page
// tables of the neighbour. What a hart sees, and when, goes into its hash. A wrong value ends the machine with a message.
#pragma once
#include "bare.h"

enum { HARTS_MAX = 8 };

unsigned harts_start(unsigned rounds);            // hart 0: finds and wakes the others, who do so many rounds; how many harts there are
void harts_round(unsigned hart, unsigned round);  // hart 0 takes part in each
void harts_finish(void);                          // hart 0: the others have ended, their hashes and counts stand
uint64_t harts_hash(unsigned hart);
bool harts_trap(uint64_t cause, uint64_t pc);     // was it one of theirs?
static inline unsigned hart_id(void) { return (unsigned)csr_read(mhartid); }
