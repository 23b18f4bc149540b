// SPDX-License-Identifier: GPL-2.0-or-later
// workloads: runs one workload of the benchmark and prints its checksum.
//
//     workloads [--marks] NAME N        NAME one of the table below, N units of work
//     workloads --list
//
// With --marks a line "mark begin NAME N" comes before and "mark end NAME CHECKSUM CPU_NS" after, each followed by a short sleep in which
// scripts/bench reads the emulator's CPU time from outside. CPU_NS is this process's own and its children's, which is what counts natively;
// in a guest it is virtual time. Built statically for the guest, and from the same source for the host.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "workloads.h"

static const struct {
    const char *name;
    Workload *run;
    const char *what;
} table[] = {
    {"int", work_int, "integer mix: list, matrix, state machine, crc"},
    {"sha256", work_sha256, "SHA-256 of 4 KiB"},
    {"chase16k", work_chase16k, "1000 dependent loads in 16 KiB"},
    {"chase8m", work_chase8m, "1000 dependent loads in 8 MiB"},
    {"memcpy", work_memcpy, "memcpy of 64 KiB"},
    {"bytecopy", work_bytecopy, "64 KiB copied byte by byte"},
    {"stride", work_stride, "one word in each of 4096 pages"},
    {"interp", work_interp, "a bytecode interpreter, 10000 bytecodes"},
    {"fib", work_fib, "fib(20), recursively"},
    {"icall", work_icall, "1000 calls through a table"},
    {"matmul", work_matmul, "double matrix product, 32 x 32"},
    {"nbody", work_nbody, "five bodies, 10 steps"},
    {"packed", work_packed, "pairs of doubles, 1024 multiply-adds"},
    {"bytes", work_bytes, "vectorisable byte code over 4 KiB"},
    {"syscall", work_syscall, "100 getppid"},
    {"pipe", work_pipe, "a byte to another process and back"},
    {"fault", work_fault, "64 fresh pages touched"},
    {"fork", work_fork, "fork and wait"},
    {"smc", work_smc, "code rewritten and called"},
};

static uint64_t cpu_ns(void)
{
    struct timespec own;
    struct rusage children;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    uint64_t us = (uint64_t)(children.ru_utime.tv_usec + children.ru_stime.tv_usec);
    uint64_t s = (uint64_t)(own.tv_sec + children.ru_utime.tv_sec + children.ru_stime.tv_sec);
    return s * 1000000000 + (uint64_t)own.tv_nsec + us * 1000;
}

static void settle(void)
{
    usleep(20000);
}

static const char *begin_line; // with --marks
static uint64_t begin_ns;

void bench_begin(void)
{
    if (begin_line) {
        puts(begin_line);
        settle();
        begin_ns = cpu_ns();
    }
}

static void run(Workload *work, const char *name, uint64_t n, int marks)
{
    char line[64];
    snprintf(line, sizeof(line), "mark begin %s %llu", name, (unsigned long long)n);
    begin_line = marks ? line : NULL;
    uint64_t sum = work(n);
    if (marks) {
        uint64_t spent_ns = cpu_ns() - begin_ns;
        printf("mark end %s %016llx %llu\n", name, (unsigned long long)sum, (unsigned long long)spent_ns);
        settle();
    } else {
        printf("%s %016llx\n", name, (unsigned long long)sum);
    }
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    int marks = argc > 1 && strcmp(argv[1], "--marks") == 0;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
            printf("%-10s %s\n", table[i].name, table[i].what);
        }
        return 0;
    }
    if (argc != 3 + marks) {
        fprintf(stderr, "usage: workloads [--marks] NAME N | --list\n");
        return 2;
    }
    const char *name = argv[1 + marks];
    char *end;
    uint64_t n = strtoull(argv[2 + marks], &end, 10);
    if (*end || n == 0) {
        fprintf(stderr, "workloads: '%s' is not a number of units\n", argv[2 + marks]);
        return 2;
    }
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        if (strcmp(table[i].name, name) == 0) {
            run(table[i].run, name, n, marks);
            return 0;
        }
    }
    fprintf(stderr, "workloads: no workload '%s'\n", name);
    return 2;
}
