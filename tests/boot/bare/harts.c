// SPDX-License-Identifier: GPL-2.0-or-later
// The work of several harts: see harts.h. Each waits with `pause`, whatever the machine makes of it.
#include "harts.h"

enum { ADDS = 60, COUNTED = 700, PTE_V = 1, PTE_R = 2, PTE_A = 64, MPP_S = 1 << 11, MPRV = 1 << 17 };
enum { RET = 0x00008067, PAUSE = 0x0100000f, LOOP = 0xffdff06f }; // LOOP: j to the instruction before

typedef struct Hart {
    uint64_t hash, random;
    uint64_t ticks, pings, pongs;      // timer interrupts, interrupts from others, answers
    uint64_t root[512] __attribute__((aligned(4096))), middle[512], leaf[512], page[1024];
    uint32_t code[2048];               // two pages
} Hart;

static volatile Hart harts[HARTS_MAX] __attribute__((aligned(4096)));
static volatile uint64_t by_amo, by_lr, racy, arrived, phase, ended;
static volatile unsigned nharts = 1, nrounds;

static void mix(unsigned hart, uint64_t value)
{
    uint64_t hash = (harts[hart].hash ^ value) * 0x100000001b3;
    harts[hart].hash = hash ^ hash >> 29;
}

static uint64_t next_random(unsigned hart)
{
    uint64_t r = harts[hart].random;
    r ^= r << 13;
    r ^= r >> 7;
    r ^= r << 17;
    return harts[hart].random = r;
}

static void wrong(const char *what, unsigned hart, uint64_t got, uint64_t expected)
{
    put_text("hart ");
    put_number(hart);
    put_text(": ");
    put_text(what);
    put_text(" ");
    put_hex(got);
    put_text(", not ");
    put_hex(expected);
    put_text("\n");
    machine_end(5);
}

static uint64_t amo_add(volatile uint64_t *at, uint64_t value)
{
    uint64_t old;
    __asm__ volatile("amoadd.d %0, %2, (%1)" : "=r"(old) : "r"(at), "r"(value) : "memory");
    return old;
}

// Adds 1; `delay` times round between the load and the store. Returns how often the store failed.
static unsigned lr_add(volatile uint64_t *at, uint64_t delay)
{
    uint64_t value, failed, left;
    for (unsigned failures = 0;; failures++) {
        __asm__ volatile("mv %2, %4\n"
                         "lr.d %0, (%3)\n"
                         "1: addi %2, %2, -1\n"
                         "bgtz %2, 1b\n"
                         "addi %0, %0, 1\n"
                         "sc.d %1, %0, (%3)\n"
                         : "=&r"(value), "=&r"(failed), "=&r"(left) : "r"(at), "r"(delay) : "memory");
        if (!failed) {
            return failures;
        }
    }
}

static void wait_a_little(void)
{
    __asm__ volatile(".word 0x0100000f" ::: "memory");
}

static void barrier(void)
{
    uint64_t now = phase;
    if (amo_add(&arrived, 1) + 1 == nharts) {
        arrived = 0;
        amo_add(&phase, 1);
        return;
    }
    while (phase == now) {
        wait_a_little();
    }
}

// ---- traps ----

static void timer_next(unsigned hart)
{
    write64(CLINT + CLINT_MTIMECMP + 8 * hart, read64(CLINT + CLINT_MTIME) + 50 + next_random(hart) % 500);
}

bool harts_trap(uint64_t cause, uint64_t pc)
{
    unsigned hart = hart_id();
    mix(hart, pc);
    mix(hart, read64(CLINT + CLINT_MTIME));
    if (cause == (UINT64_C(1) << 63 | 3)) {
        write32(CLINT + 4 * hart, 0);
        if (hart == 0) {
            harts[0].pongs++;
        } else {
            harts[hart].pings++;
            write32(CLINT, 1);
        }
        return true;
    }
    if (hart > 0 && cause == (UINT64_C(1) << 63 | 7)) {
        harts[hart].ticks++;
        timer_next(hart);
        return true;
    }
    return false;
}

// ---- parts of a round ----

static void count(unsigned hart)
{
    unsigned failures = 0;
    for (unsigned i = 0; i < ADDS; i++) {
        amo_add(&by_amo, 1);
        failures += lr_add(&by_lr, next_random(hart) % 64);
        racy = racy + 1; // updates get lost: which ones is the order of turns
        mix(hart, racy);
    }
    mix(hart, failures);
}

// In WFI; the interrupt that raises the count must not come between test and WFI.
static void wait_above(const volatile uint64_t *counter, uint64_t seen)
{
    while (*counter <= seen) {
        csr_clear(mstatus, MSTATUS_MIE);
        if (*counter <= seen) {
            __asm__ volatile("wfi");
        }
        csr_set(mstatus, MSTATUS_MIE);
    }
}

// Hart 0 interrupts each other one and waits for the answer.
static void ping(unsigned hart, unsigned round)
{
    if (hart > 0) {
        wait_above(&harts[hart].pings, round);
        return;
    }
    for (unsigned to = 1; to < nharts; to++) {
        uint64_t seen = harts[0].pongs;
        write32(CLINT + 4 * to, 1);
        wait_above(&harts[0].pongs, seen);
    }
}

// The hart's own instructions, exactly, whoever ran in between; the clock of all goes on at least as fast.
static void count_instructions(unsigned hart)
{
    uint64_t before, after, cycle, left = COUNTED;
    csr_clear(mstatus, MSTATUS_MIE);
    cycle = csr_read(mcycle);
    __asm__ volatile("csrr %0, minstret\n"
                     "1: addi %2, %2, -1\n"
                     "bnez %2, 1b\n"
                     "csrr %1, minstret\n"
                     : "=&r"(before), "=&r"(after), "+&r"(left));
    cycle = csr_read(mcycle) - cycle;
    csr_set(mstatus, MSTATUS_MIE);
    if (after - before != 1 + 2 * COUNTED) {
        wrong("wrong minstret", hart, after - before, 1 + 2 * COUNTED);
    }
    if (cycle < after - before) {
        wrong("wrong mcycle", hart, cycle, after - before);
    }
    mix(hart, cycle);
}

static volatile uint32_t *code_of(unsigned hart, unsigned round)
{
    return harts[hart].code + (round % 2 ? 0 : 1022); // the latter crosses into the next page
}

static void call_own(unsigned hart, unsigned round, unsigned expected)
{
    uint64_t (*made)(void) = (uint64_t (*)(void))(uintptr_t)code_of(hart, round);
    uint64_t got = made();
    if (got != expected) {
        wrong("stale code", hart, got, expected);
    }
}

static unsigned number_of(unsigned hart, unsigned round) { return (round * HARTS_MAX + hart) & 0x7ff; }

// The neighbour's function is rewritten, without fence.i. Then it is a loop, from which hart 0 lets the others go by another change.
static void rewrite(unsigned hart, unsigned round)
{
    unsigned next = (hart + 1) % nharts;
    code_of(next, round)[0] = 0x513 | number_of(next, round) << 20; // li a0, number
    code_of(next, round)[1] = RET;
    barrier();
    call_own(hart, round, number_of(hart, round));
    barrier();
    code_of(next, round)[2] = LOOP;
    code_of(next, round)[1] = PAUSE;
    barrier();
    if (hart > 0) {
        call_own(hart, round, number_of(hart, round));
    } else {
        for (unsigned i = 0; i < 20; i++) {
            wait_a_little();
        }
        for (unsigned other = 1; other < nharts; other++) {
            code_of(other, round)[2] = RET;
        }
    }
    barrier();
}

static uint64_t translated_load(uintptr_t at)
{
    uint64_t value, mstatus = csr_read(mstatus);
    csr_clear(mstatus, MSTATUS_MIE);
    csr_set(mstatus, MPP_S | MPRV);
    value = *(volatile uint64_t *)at;
    csr_write(mstatus, mstatus);
    return value;
}

// The neighbour's page table is changed, without sfence.vma.
static void exchange(unsigned hart, unsigned round)
{
    volatile Hart *h = &harts[hart], *next = &harts[(hart + 1) % nharts];
    h->root[0] = (uintptr_t)h->middle >> 12 << 10 | PTE_V;
    h->middle[0] = (uintptr_t)h->leaf >> 12 << 10 | PTE_V;
    h->page[0] = round;
    h->page[512] = round + 1;
    csr_write(satp, UINT64_C(8) << 60 | (uintptr_t)h->root >> 12);
    for (unsigned i = 0; i < 3; i++) {
        next->leaf[3] = (((uintptr_t)next->page >> 12) + (i & 1)) << 10 | PTE_V | PTE_R;
        barrier();
        uint64_t got = translated_load(3 << 12);
        if (got != round + (i & 1)) {
            wrong("stale translation", hart, got, round + (i & 1));
        }
        barrier();
        next->leaf[3] &= ~(uint64_t)PTE_A;
        barrier();
        mix(hart, translated_load((3 << 12) + 8));
        if (!(h->leaf[3] & PTE_A)) {
            wrong("stale accessed bit", hart, h->leaf[3], PTE_A);
        }
        barrier();
    }
    csr_write(satp, 0);
}

void harts_round(unsigned hart, unsigned round)
{
    barrier();
    count(hart);
    count_instructions(hart);
    ping(hart, round);
    rewrite(hart, round);
    exchange(hart, round);
    barrier();
    uint64_t expected = (uint64_t)(round + 1) * ADDS * nharts;
    if (by_amo != expected) {
        wrong("wrong AMO counter", hart, by_amo, expected);
    }
    if (by_lr != expected) {
        wrong("wrong LR/SC counter", hart, by_lr, expected);
    }
    barrier();
}

// ---- beginning and end ----

void hart_main(unsigned hart) // start.S, after hart 0's interrupt
{
    csr_write(pmpaddr0, -1);
    csr_write(pmpcfg0, 0x1f);
    timer_next(hart);
    csr_write(mie, MIP_MSIP | MIP_MTIP);
    csr_set(mstatus, MSTATUS_MIE);
    for (unsigned round = 0; round < nrounds; round++) {
        harts_round(hart, round);
    }
    csr_clear(mstatus, MSTATUS_MIE);
    amo_add(&ended, 1);
}

unsigned harts_start(unsigned rounds)
{
    nrounds = rounds;
    // A comparator that isn't there doesn't keep its value.
    for (unsigned hart = 1; hart < HARTS_MAX; hart++) {
        write64(CLINT + CLINT_MTIMECMP + 8 * hart, ~UINT64_C(1));
        nharts += read64(CLINT + CLINT_MTIMECMP + 8 * hart) == ~UINT64_C(1);
    }
    for (unsigned hart = 0; hart < nharts; hart++) {
        harts[hart].hash = 0xcbf29ce484222325;
        harts[hart].random = 88172645463325252 + hart;
    }
    for (unsigned hart = 1; hart < nharts; hart++) {
        write32(CLINT + 4 * hart, 1);
    }
    csr_set(mie, MIP_MSIP);
    return nharts;
}

void harts_finish(void)
{
    while (ended + 1 < nharts) {
        wait_a_little();
    }
}

uint64_t harts_hash(unsigned hart) { return harts[hart].hash; }
