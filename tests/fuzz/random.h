// SPDX-License-Identifier: GPL-2.0-or-later
// The fuzzers' random numbers: splitmix64, so that a seed repeats its run on any machine.
#pragma once
#include <stdint.h>

static uint64_t state; // the seed, to be set first

static inline uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static inline uint64_t below(uint64_t n)
{
    return next() % n;
}
