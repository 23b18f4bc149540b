// SPDX-License-Identifier: GPL-2.0-or-later
// Workloads that cross into the kernel: system calls, context switches, page faults, processes; and code that changes while it runs.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workloads.h"

static void check(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

uint64_t work_syscall(uint64_t n)
{
    // Process ids differ from run to run; that all answers are equal doesn't.
    long first = syscall(SYS_getppid), differing = 0;
    bench_begin();
    for (uint64_t i = 0; i < n * 100; i++) {
        differing += syscall(SYS_getppid) != first;
    }
    return fold(n, (uint64_t)differing);
}

static void echo(int in, int out)
{
    uint8_t byte;
    while (read(in, &byte, 1) == 1) {
        byte = (uint8_t)(byte * 3 + 1);
        check(write(out, &byte, 1) == 1, "write");
    }
    _exit(0);
}

uint64_t work_pipe(uint64_t n)
{
    int there[2], back[2];
    check(pipe(there) == 0 && pipe(back) == 0, "pipe");
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        close(there[1]);
        close(back[0]);
        echo(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    uint64_t sum = 0;
    uint8_t byte = 1;
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        check(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "pipe");
        sum = fold(sum, byte);
    }
    close(there[1]);
    check(waitpid(child, NULL, 0) == child, "waitpid");
    close(back[0]);
    return sum;
}

uint64_t work_fault(uint64_t n)
{
    enum { PAGES = 64, PAGE = 4096 };
    uint64_t sum = 0;
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        uint8_t *area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        check(area != MAP_FAILED, "mmap");
        for (int page = 0; page < PAGES; page++) {
            sum += area[page * PAGE];
            area[page * PAGE] = (uint8_t)i;
        }
        check(munmap(area, PAGES * PAGE) == 0, "munmap");
    }
    return fold(n, sum);
}

uint64_t work_fork(uint64_t n)
{
    uint64_t sum = 0;
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        pid_t child = fork();
        check(child >= 0, "fork");
        if (child == 0) {
            _exit((int)(i & 0x7f));
        }
        int status;
        check(waitpid(child, &status, 0) == child, "waitpid");
        sum = fold(sum, (uint64_t)WEXITSTATUS(status));
    }
    return sum;
}

// Writes a function that returns `value` (0..2047) and returns its size in bytes.
static size_t emit_return(uint8_t *to, unsigned value)
{
#if defined(__riscv)
    uint32_t code[2] = {value << 20 | 10 << 7 | 0x13, 0x00008067}; // addi a0, zero, value; ret
#elif defined(__x86_64__)
    uint8_t code[8] = {0xb8, (uint8_t)value, (uint8_t)(value >> 8), 0, 0, 0xc3, 0x90, 0x90}; // mov eax, value; ret
#else
#error "work_smc: no code for this host"
#endif
    memcpy(to, code, sizeof(code));
    return sizeof(code);
}

uint64_t work_smc(uint64_t n)
{
    enum { FUNCTIONS = 16, SPACING = 256 };
    uint8_t *area = mmap(NULL, FUNCTIONS * SPACING, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(area != MAP_FAILED, "mmap");
    for (int i = 0; i < FUNCTIONS; i++) {
        emit_return(area + i * SPACING, (unsigned)i);
    }
    uint64_t sum = 0;
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        uint8_t *code = area + i % FUNCTIONS * SPACING;
        size_t size = emit_return(code, (unsigned)(i & 0x7ff));
        __builtin___clear_cache((char *)code, (char *)code + size);
        unsigned (*function)(void);
        memcpy(&function, &code, sizeof(function));
        sum = fold(sum, function());
    }
    munmap(area, FUNCTIONS * SPACING);
    return sum;
}
