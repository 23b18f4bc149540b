// SPDX-License-Identifier: GPL-2.0-or-later
// Memory workloads: dependent loads in and out of the caches, block and byte copies, a walk that touches one word a page.
//
// Built without loop-to-memcpy conversion and without vectorisation, so that the byte copy is one.
#include <stdlib.h>
#include <string.h>

#include "workloads.h"

// One cycle through `count` slots that lie `stride` words apart, in random order (Sattolo's shuffle).
static uint64_t *chase_new(size_t count, size_t stride)
{
    uint64_t *slots = malloc(count * stride * sizeof(*slots));
    if (!slots) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        slots[i * stride] = i * stride;
    }
    uint64_t seed = 7;
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = mix(&seed) % i;
        uint64_t held = slots[i * stride];
        slots[i * stride] = slots[j * stride];
        slots[j * stride] = held;
    }
    return slots;
}

static uint64_t chase(size_t count, size_t stride, uint64_t n)
{
    uint64_t *slots = chase_new(count, stride);
    uint64_t at = 0;
    bench_begin();
    for (uint64_t i = 0; i < n * 1000; i++) {
        at = slots[at];
    }
    free(slots);
    return fold(0, at);
}

uint64_t work_chase16k(uint64_t n)
{
    return chase(2048, 1, n);
}

uint64_t work_chase8m(uint64_t n)
{
    return chase(131072, 8, n);
}

enum { COPY = 65536, MIB = 1 << 20 };

static uint8_t *copy_area(void)
{
    // Source and destination 1 MiB apart: they fall into the same set of a direct-mapped translation cache.
    uint8_t *area = aligned_alloc(4096, 2 * MIB);
    if (!area) {
        abort();
    }
    uint64_t seed = 11;
    for (int i = 0; i < COPY; i++) {
        area[i] = (uint8_t)mix(&seed);
    }
    memset(area + MIB, 0, COPY);
    return area;
}

static uint64_t copy_sum(uint8_t *area)
{
    uint64_t sum = 0;
    for (int i = 0; i < COPY; i++) {
        sum = fold(sum, area[MIB + i]);
    }
    free(area);
    return sum;
}

uint64_t work_memcpy(uint64_t n)
{
    uint8_t *area = copy_area();
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        area[i % COPY]++;
        memcpy(area + MIB, area, COPY);
        __asm__ volatile("" ::: "memory");
    }
    return copy_sum(area);
}

__attribute__((noinline)) static void byte_copy(uint8_t *to, const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        to[i] = from[i];
    }
}

uint64_t work_bytecopy(uint64_t n)
{
    uint8_t *area = copy_area();
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        area[i % COPY]++;
        byte_copy(area + MIB, area, COPY);
    }
    return copy_sum(area);
}

uint64_t work_stride(uint64_t n)
{
    enum { PAGES = 4096, WORDS = 512 };
    uint64_t *area = calloc(PAGES * WORDS, sizeof(*area));
    if (!area) {
        abort();
    }
    // A different word in each page, or the cache's associativity would be measured instead of address translation.
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        for (size_t page = 0; page < PAGES; page++) {
            area[page * WORDS + page * 8 % WORDS] += i + page;
        }
    }
    uint64_t sum = 0;
    for (size_t page = 0; page < PAGES; page++) {
        sum = fold(sum, area[page * WORDS + page * 8 % WORDS]);
    }
    free(area);
    return sum;
}
