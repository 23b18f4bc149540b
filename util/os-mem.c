// SPDX-License-Identifier: GPL-2.0-or-later
// Host memory: anonymous private mmap(2), without reserving swap.
//
// Large areas are mapped with 2 MiB to spare and trimmed to an aligned start.
#include "util/os-mem.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

static const size_t large_page_bytes = (size_t)2 << 20;

static size_t round_up_to_page(size_t bytes)
{
    return (bytes + OS_PAGE_BYTES - 1) & ~(size_t)(OS_PAGE_BYTES - 1);
}

static void unmap(void *mem, size_t bytes)
{
    if (bytes == 0) {
        return;
    }
    int failed = munmap(mem, bytes);
    assert(!failed);
}

void *os_mem_map(size_t bytes, Error *err)
{
    assert(bytes > 0);
    size_t spare = bytes >= large_page_bytes ? large_page_bytes : 0;
    if (bytes > SIZE_MAX - spare - OS_PAGE_BYTES) {
        fail(err, "cannot get %zu bytes of memory: %s", bytes, strerror(ENOMEM));
        return NULL;
    }
    size_t size = round_up_to_page(bytes);
    uint8_t *mem = mmap(NULL, size + spare, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mem == MAP_FAILED) {
        fail(err, "cannot get %zu bytes of memory: %s", bytes, strerror(errno));
        return NULL;
    }
    if (spare) {
        size_t before = -(uintptr_t)mem & (large_page_bytes - 1);
        unmap(mem, before);
        unmap(mem + before + size, spare - before);
        mem += before;
        // Only a hint: hosts without large pages refuse it.
        (void)madvise(mem, size, MADV_HUGEPAGE);
    }
    return mem;
}

void os_mem_unmap(void *mem, size_t bytes)
{
    if (mem) {
        unmap(mem, round_up_to_page(bytes));
    }
}

void os_mem_clear(void *mem, size_t bytes)
{
    int failed = madvise(mem, bytes, MADV_DONTNEED);
    assert(!failed);
}
