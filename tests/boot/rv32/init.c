// SPDX-License-Identifier: GPL-2.0-or-later
// Init of the 32-bit boot test, without any library: does a bit of everything that an RV32 kernel and hart must do for it, and powers off.
//
// Each step prints a line; the last one is "init: all ok". System calls by number (RV32 has the 64-bit-time ones alone): Linux
// include/uapi/asm-generic/unistd.h.
#include <stdint.h>

enum { SYS_PIPE2 = 59, SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93, SYS_WAITID = 95, SYS_REBOOT = 142, SYS_UNAME = 160, SYS_MUNMAP = 215,
       SYS_CLONE = 220, SYS_MMAP2 = 222, SYS_CLOCK_GETTIME64 = 403, SYS_CLOCK_NANOSLEEP64 = 407 };
enum { SIGCHLD = 17, P_ALL = 0, WEXITED = 4, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20, PROT_RW = 3, CLOCK_MONOTONIC = 1 };

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c, a3 __asm__("a3") = d, a4 __asm__("a4") = e,
                  a5 __asm__("a5") = f, a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
    return a0;
}

static void say(const char *text)
{
    long len = 0;
    while (text[len]) {
        len++;
    }
    call(SYS_WRITE, 1, (long)text, len, 0, 0, 0);
}

static void power_off(void)
{
    call(SYS_REBOOT, (long)0xfee1dead, 672274793, 0x4321fedc, 0, 0, 0);
}

static void expect(int good, const char *what)
{
    say(good ? "init: ok " : "init: FAILED ");
    say(what);
    say("\n");
    if (!good) {
        power_off();
    }
}

// Heap: 16 MiB touched page by page, read back, given away.
static void memory(void)
{
    enum { BYTES = 16 << 20, PAGE = 4096 };
    uint8_t *base = (uint8_t *)call(SYS_MMAP2, 0, BYTES, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t sum = 0, expected = 0;
    for (uint32_t i = 0; i < BYTES; i += PAGE) {
        *(uint32_t *)(base + i) = i * 2654435761u;
    }
    for (uint32_t i = 0; i < BYTES; i += PAGE) {
        sum += *(uint32_t *)(base + i);
        expected += i * 2654435761u;
    }
    expect(sum == expected && call(SYS_MUNMAP, (long)base, BYTES, 0, 0, 0, 0) == 0, "memory");
}

static double series(double start)
{
    double sum = start, term = 1;
    for (int i = 1; i < 40; i++) {
        term /= i;
        sum += term;
    }
    return sum;
}

// Two processes compute with doubles and hand each other the turn, so that f registers are switched; the child's pages are copies.
static void processes(void)
{
    int to_child[2], to_parent[2], info[32];
    double mine;
    call(SYS_PIPE2, (long)to_child, 0, 0, 0, 0, 0);
    call(SYS_PIPE2, (long)to_parent, 0, 0, 0, 0, 0);
    long pid = call(SYS_CLONE, SIGCHLD, 0, 0, 0, 0, 0);
    int in = pid ? to_parent[0] : to_child[0], out = pid ? to_child[1] : to_parent[1];
    register double kept __asm__("fs3") = pid ? 1.5 : 2.5;
    for (int turn = 0; turn < 20; turn++) {
        char token = 'x';
        __asm__ volatile("" : "+f"(kept));
        if (pid) {
            call(SYS_WRITE, out, (long)&token, 1, 0, 0, 0);
            call(SYS_READ, in, (long)&token, 1, 0, 0, 0);
        } else {
            call(SYS_READ, in, (long)&token, 1, 0, 0, 0);
            call(SYS_WRITE, out, (long)&token, 1, 0, 0, 0);
        }
        kept += series(0) - 1.7182818284590452;
        __asm__ volatile("" : "+f"(kept));
    }
    mine = kept - (pid ? 1.5 : 2.5);
    int good = mine > -1e-12 && mine < 1e-12;
    if (pid == 0) {
        call(SYS_EXIT, good ? 7 : 1, 0, 0, 0, 0, 0);
    }
    for (int i = 0; i < 32; i++) {
        info[i] = 0;
    }
    call(SYS_WAITID, P_ALL, 0, (long)info, WEXITED, 0, 0);
    expect(good && pid > 0 && info[3] == pid && info[5] == 7, "processes and doubles");
}

static void atomics(void)
{
    static int word;
    int old;
    for (int i = 0; i < 1000; i++) {
        __asm__ volatile("1: lr.w %0, (%1)\n addi %0, %0, 1\n sc.w t0, %0, (%1)\n bnez t0, 1b" : "=&r"(old) : "r"(&word) : "t0", "memory");
    }
    __asm__ volatile("amomaxu.w %0, %1, (%2)" : "=&r"(old) : "r"(-1), "r"(&word) : "memory");
    expect(old == 1000 && word == -1, "atomics");
}

static void timer(void)
{
    int64_t before[2], after[2], wait[2] = { 0, 50000000 };
    call(SYS_CLOCK_GETTIME64, CLOCK_MONOTONIC, (long)before, 0, 0, 0, 0);
    long result = call(SYS_CLOCK_NANOSLEEP64, CLOCK_MONOTONIC, 0, (long)wait, 0, 0, 0);
    call(SYS_CLOCK_GETTIME64, CLOCK_MONOTONIC, (long)after, 0, 0, 0, 0);
    int64_t slept = (after[0] - before[0]) * 1000000000 + after[1] - before[1];
    expect(result == 0 && slept >= 50000000 && slept < 1000000000, "timer");
}

void _start(void);
void _start(void)
{
    char names[6 * 65];
    call(SYS_UNAME, (long)names, 0, 0, 0, 0, 0);
    say("init: ");
    say(names + 2 * 65);
    say(" ");
    say(names + 4 * 65);
    say("\n");
    expect(names[4 * 65 + 5] == '3' && names[4 * 65 + 6] == '2', "riscv32");
    memory();
    processes();
    atomics();
    timer();
    say("init: all ok\n");
    power_off();
}
