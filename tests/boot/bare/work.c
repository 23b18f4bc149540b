// SPDX-License-Identifier: GPL-2.0-or-later
// work: a guest that uses everything at once and hashes what it sees, the instants included: timer and device interrupts, disk, network, serial
// input, random bytes, floating point and its flags, faults, counters, address translation, code that rewrites itself.
//
// Each interrupt mixes mepc and mtime into the hash, so that one instruction more or less anywhere changes all that follows. It prints a line a
// round, and ends after ROUNDS rounds. Other harts, if there are any, do their part (harts.c). Virtio 1.1 over MMIO (sections 2.6, 4.2), PLIC,
// CLINT, 16550. Without a disk, card or random device that part is skipped.
#include "harts.h"

#ifndef ROUNDS
#define ROUNDS 12 // work-short: 1
#endif
enum { BUSY = 3, PLIC = 0xc000000, VIRTIO = 0x10001000, VIRTIO_STEP = 0x1000, VIRTIO_SLOTS = 8, UART_IRQ = 10, QUEUE = 8, SECTOR = 512 };
enum { MAGIC = 0, VERSION = 4, DEVICE_ID = 8, FEATURES_SEL = 0x14, DRIVER_FEATURES = 0x20, DRIVER_FEATURES_SEL = 0x24, QUEUE_SEL = 0x30,
       QUEUE_NUM = 0x38, QUEUE_READY = 0x44, QUEUE_NOTIFY = 0x50, INT_STATUS = 0x60, INT_ACK = 0x64, STATUS = 0x70, QUEUE_DESC = 0x80,
       QUEUE_DRIVER = 0x90, QUEUE_DEVICE = 0xa0 };
enum { ID_NET = 1, ID_BLK = 2, ID_RNG = 4, DESC_NEXT = 1, DESC_WRITE = 2 };

typedef struct Desc { uint64_t addr; uint32_t len; uint16_t flags, next; } Desc;
typedef struct Queue {
    Desc desc[QUEUE];
    struct { uint16_t flags, idx, ring[QUEUE]; } avail __attribute__((aligned(16)));
    struct { uint16_t flags, idx; struct { uint32_t id, len; } ring[QUEUE]; } used __attribute__((aligned(16)));
    uint16_t seen;
} Queue;

static Queue blk_queue __attribute__((aligned(4096))), rx_queue __attribute__((aligned(4096))), tx_queue __attribute__((aligned(4096)));
static Queue rng_queue __attribute__((aligned(4096)));
static uintptr_t blk, net, rng;
static unsigned blk_irq, net_irq, rng_irq;
static volatile uint64_t hash = 0xcbf29ce484222325, ticks, blk_done, frames, typed, rng_done, faults, random_state = 88172645463325252;
static uint8_t sector[2][8 * SECTOR] __attribute__((aligned(16))), frame[2][2048], arp[64], random_bytes[16];
static volatile uint8_t blk_status[2];
static struct { uint32_t type, reserved; uint64_t sector; } blk_header[2];
static uint64_t counters_apart; // mcycle - minstret at the start; with several harts they go their own ways
static unsigned nharts;

static void mix(uint64_t value)
{
    hash = (hash ^ value) * 0x100000001b3;
    hash ^= hash >> 29;
}

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void fence(void)
{
    __asm__ volatile("fence" ::: "memory");
}

// ---- virtio ----

static uintptr_t find(uint32_t id, unsigned *irq)
{
    for (unsigned i = 0; i < VIRTIO_SLOTS; i++) {
        uintptr_t at = VIRTIO + i * VIRTIO_STEP;
        if (read32(at + DEVICE_ID) == id) {
            *irq = 1 + i;
            return at;
        }
    }
    return 0;
}

static void write_address(uintptr_t at, const volatile void *address)
{
    write32(at, (uint32_t)(uintptr_t)address);
    write32(at + 4, (uint32_t)((uintptr_t)address >> 32));
}

static void queue_setup(uintptr_t dev, unsigned n, Queue *queue)
{
    write32(dev + QUEUE_SEL, n);
    write32(dev + QUEUE_NUM, QUEUE);
    write_address(dev + QUEUE_DESC, queue->desc);
    write_address(dev + QUEUE_DRIVER, &queue->avail);
    write_address(dev + QUEUE_DEVICE, &queue->used);
    write32(dev + QUEUE_READY, 1);
}

static void device_begin(uintptr_t dev)
{
    write32(dev + STATUS, 0);
    write32(dev + STATUS, 3);
    write32(dev + DRIVER_FEATURES_SEL, 0);
    write32(dev + DRIVER_FEATURES, 0);
    write32(dev + DRIVER_FEATURES_SEL, 1);
    write32(dev + DRIVER_FEATURES, 1); // VERSION_1
    write32(dev + STATUS, 11);
}

static void queue_offer(uintptr_t dev, unsigned n, Queue *queue, uint16_t head)
{
    queue->avail.ring[queue->avail.idx % QUEUE] = head;
    fence();
    queue->avail.idx++;
    fence();
    write32(dev + QUEUE_NOTIFY, n);
}

// Two requests may be in flight: n is 0 or 1.
static void disk_start(unsigned n, uint32_t type, uint64_t number)
{
    uint16_t first = (uint16_t)(3 * n);
    blk_header[n].type = type;
    blk_header[n].sector = number;
    blk_status[n] = 0xff;
    blk_queue.desc[first] = (Desc){(uintptr_t)&blk_header[n], sizeof(blk_header[n]), DESC_NEXT, (uint16_t)(first + 1)};
    blk_queue.desc[first + 1] = (Desc){(uintptr_t)sector[n], sizeof(sector[n]), (uint16_t)(DESC_NEXT | (type ? 0 : DESC_WRITE)),
                                       (uint16_t)(first + 2)};
    blk_queue.desc[first + 2] = (Desc){(uintptr_t)&blk_status[n], 1, DESC_WRITE, 0};
    queue_offer(blk, 0, &blk_queue, first);
}

static void random_ask(void)
{
    rng_queue.desc[0] = (Desc){(uintptr_t)random_bytes, sizeof(random_bytes), DESC_WRITE, 0};
    queue_offer(rng, 0, &rng_queue, 0);
}

static void rx_offer(unsigned n)
{
    rx_queue.desc[n] = (Desc){(uintptr_t)frame[n], sizeof(frame[n]), DESC_WRITE, 0};
    queue_offer(net, 0, &rx_queue, (uint16_t)n);
}

// "Who has 10.0.2.2?" (RFC 826), behind virtio-net's header of 12 bytes.
static void arp_send(void)
{
    static const uint8_t packet[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
        0x52, 0x54, 0, 0x12, 0x34, 0x56, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2,
    };
    for (unsigned i = 0; i < sizeof(packet); i++) {
        arp[12 + i] = packet[i];
    }
    tx_queue.desc[0] = (Desc){(uintptr_t)arp, 12 + sizeof(packet), 0, 0};
    queue_offer(net, 1, &tx_queue, 0);
}

// ---- interrupts ----

static void on_disk(void)
{
    write32(blk + INT_ACK, read32(blk + INT_STATUS));
    while (blk_queue.seen != *(volatile uint16_t *)&blk_queue.used.idx) {
        uint32_t id = blk_queue.used.ring[blk_queue.seen % QUEUE].id;
        blk_queue.seen++;
        mix(id);
        mix(blk_status[id / 3 & 1]);
        blk_done++;
    }
}

static void on_card(void)
{
    write32(net + INT_ACK, read32(net + INT_STATUS));
    while (rx_queue.seen != *(volatile uint16_t *)&rx_queue.used.idx) {
        unsigned n = rx_queue.used.ring[rx_queue.seen % QUEUE].id, len = rx_queue.used.ring[rx_queue.seen % QUEUE].len;
        rx_queue.seen++;
        for (unsigned i = 0; i < len; i++) {
            mix(frame[n & 1][i]);
        }
        frames++;
        rx_offer(n & 1);
    }
}

static void on_random(void)
{
    write32(rng + INT_ACK, read32(rng + INT_STATUS));
    while (rng_queue.seen != *(volatile uint16_t *)&rng_queue.used.idx) {
        rng_queue.seen++;
        for (unsigned i = 0; i < sizeof(random_bytes); i++) {
            mix(random_bytes[i]);
        }
        rng_done++;
    }
}

static void on_external(void)
{
    unsigned irq = read32(PLIC + 0x200004);
    if (irq == UART_IRQ) {
        for (int c; (c = get_char()) >= 0; typed++) {
            mix((uint64_t)c);
        }
    } else if (blk && irq == blk_irq) {
        on_disk();
    } else if (net && irq == net_irq) {
        on_card();
    } else if (rng && irq == rng_irq) {
        on_random();
    }
    write32(PLIC + 0x200004, irq);
}

uint64_t trap(uint64_t cause, uint64_t pc, uint64_t value)
{
    if (hart_id() > 0 && harts_trap(cause, pc)) {
        return pc;
    }
    mix(cause);
    mix(pc);
    mix(value);
    mix(read64(CLINT + CLINT_MTIME));
    if (harts_trap(cause, pc)) {
        return pc;
    }
    if (cause == (UINT64_C(1) << 63 | 7)) {
        ticks++;
        write64(CLINT + CLINT_MTIMECMP, read64(CLINT + CLINT_MTIME) + 200 + next_random() % (next_random() & 3 ? 40000 : 2000));
    } else if (cause == (UINT64_C(1) << 63 | 11)) {
        on_external();
    } else if (cause == 13) { // load page fault, by fault_often
        faults++;
        return pc + 4;
    } else {
        put_text("unexpected trap, cause ");
        put_hex(cause);
        put_text(" at ");
        put_hex(pc);
        put_text("\n");
        machine_end(1);
    }
    return pc;
}

// ---- work ----

static void compute(unsigned n)
{
    double x = 1.0 + (double)n / 3, sum = 0;
    uint64_t a = hash;
    for (unsigned i = 1; i < 2000; i++) {
        x = x * 1.0000001 + 1.0 / i;
        sum += x / (1 + i * x);
        a = a * 6364136223846793005 + (a >> 33) / (i | 1) + (uint32_t)a % 7;
    }
    union { double d; uint64_t u; } bits = { .d = sum };
    mix(bits.u);
    mix(a);
}

// Flags and NaNs, which executors handle each in their own way. Seldom anything else than these flags is raised, so that a lost one shows.
static void float_corners(unsigned n)
{
    union { double d; uint64_t u; } nan = { .u = 0x7ff8000000000001 + n }, third = { .d = 1.0 / 3 }, one = { .d = 1 }, got;
    for (unsigned i = 0; i < 20; i++) {
        uint64_t flags;
        csr_write(fflags, 0);
        __asm__ volatile("fadd.d %0, %1, %2" : "=f"(got.d) : "f"(nan.d), "f"(one.d));
        mix(got.u);
        __asm__ volatile("fdiv.d %1, %2, %3\n\tcsrr %0, fflags" : "=r"(flags), "=&f"(got.d) : "f"(one.d), "f"(third.d));
        mix(got.u);
        mix(flags);
        nan.u++;
        third.d += 1;
    }
}

// Calls a function whose constant is rewritten each time, without fence.i; the second one by a jump from code that isn't rewritten, and often
// enough that the jump is a link from block to block.
static void rewrite_code(unsigned n)
{
    static uint32_t code[32] __attribute__((aligned(128)));
    enum { FAR = 64 / 4 }; // in another granule of 64 bytes
    if (!code[0]) {
        code[0] = 0x04000063; // beq zero, zero, code + 64
    }
    code[FAR] = 0x00000513 | n << 20; // li a0, n
    code[FAR + 1] = 0x00008067;       // ret
    uint64_t (*made)(void) = (uint64_t (*)(void))(uintptr_t)code;
    fence();
    for (unsigned i = 0; i < 6; i++) {
        uint64_t got = made();
        mix(got);
        if (got != n) {
            put_text("stale code\n");
            machine_end(2);
        }
    }
}

enum { PTE_V = 1, PTE_R = 2, PTE_W = 4, PTE_A = 64, PTE_D = 128, MPP_S = 1 << 11, MPRV = 1 << 17 };
static uint64_t root[512] __attribute__((aligned(4096))), middle[512] __attribute__((aligned(4096))), leaf[512] __attribute__((aligned(4096)));
static uint64_t page[1024] __attribute__((aligned(4096)));

// Loads where nothing is mapped, in a loop that becomes hot: each counts as an attempt, none as retired.
static void fault_often(void)
{
    uint64_t cycle, retired, mstatus = csr_read(mstatus);
    csr_clear(mstatus, MSTATUS_MIE);
    csr_write(satp, UINT64_C(8) << 60 | (uintptr_t)root >> 12);
    for (unsigned i = 0; i < 20; i++) {
        csr_set(mstatus, MPP_S | MPRV);
        __asm__ volatile(".option push\n\t.option norvc\n\tld t0, 0(%0)\n\t.option pop" ::"r"(UINT64_C(1) << 30) : "t0", "memory");
        csr_clear(mstatus, MPRV);
    }
    csr_write(satp, 0);
    __asm__ volatile("csrr %0, mcycle\n\tcsrr %1, minstret" : "=&r"(cycle), "=r"(retired)::"memory");
    csr_write(mstatus, mstatus);
    mix(retired);
    counters_apart = counters_apart ? counters_apart : cycle - retired - faults;
    if (nharts == 1 && cycle - retired - faults != counters_apart) {
        put_text("wrong count of retired instructions\n");
        machine_end(5);
    }
}

static uint64_t translated_load(uintptr_t at)
{
    uint64_t value;
    uint64_t mstatus = csr_read(mstatus);
    csr_clear(mstatus, MSTATUS_MIE);
    csr_set(mstatus, MPP_S | MPRV);
    value = *(volatile uint64_t *)at;
    csr_write(mstatus, mstatus);
    return value;
}

static void translated_store(uintptr_t at, uint64_t value)
{
    uint64_t mstatus = csr_read(mstatus);
    csr_clear(mstatus, MSTATUS_MIE);
    csr_set(mstatus, MPP_S | MPRV);
    *(volatile uint64_t *)at = value;
    csr_write(mstatus, mstatus);
}

// Entries changed without a fence: accessed bits cleared, pages exchanged. Through Sv39, from M-mode with MPRV.
static void exchange_pages(unsigned n)
{
    root[0] = (uintptr_t)middle >> 12 << 10 | PTE_V;
    middle[0] = (uintptr_t)leaf >> 12 << 10 | PTE_V;
    csr_write(satp, UINT64_C(8) << 60 | (uintptr_t)root >> 12);
    page[0] = n;
    page[512] = n + 1;
    for (unsigned i = 0; i < 4; i++) {
        leaf[3] = (((uintptr_t)page >> 12) + (i & 1)) << 10 | PTE_V | PTE_R;
        uint64_t got = translated_load(3 << 12);
        mix(got);
        if (got != n + (i & 1) || !(*(volatile uint64_t *)&leaf[3] & PTE_A)) {
            put_text("stale translation\n");
            machine_end(3);
        }
        leaf[3] &= ~(uint64_t)PTE_A;
        mix(translated_load((3 << 12) + 8));
        if (!(*(volatile uint64_t *)&leaf[3] & PTE_A)) {
            put_text("stale accessed bit\n");
            machine_end(4);
        }
        leaf[3] |= PTE_W;
        mix(translated_load((3 << 12) + 16));
        translated_store((3 << 12) + 16, n);
        if (!(*(volatile uint64_t *)&leaf[3] & PTE_D)) {
            put_text("stale dirty bit\n");
            machine_end(6);
        }
    }
    csr_write(satp, 0);
}

static void disk_work(unsigned round)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned both = i >> 1, busy = 0;
        uint64_t until = blk_done + 1 + both;
        disk_start(0, round % 3 == 2 && i == 0, next_random() % 64 * 8);
        if (both) {
            disk_start(1, 0, next_random() % 64 * 8);
        }
        while (blk_done < until) {
            if ((i & 1) && busy++ < BUSY) {
                compute(i);
            } else {
                __asm__ volatile("wfi");
            }
        }
        for (unsigned n = 0; n < (1 + both) * sizeof(sector[0]); n += 8) {
            mix(*(uint64_t *)(sector[0] + n));
        }
        *(uint64_t *)sector[0] = hash;
    }
}

static void start_devices(void)
{
    blk = find(ID_BLK, &blk_irq);
    net = find(ID_NET, &net_irq);
    rng = find(ID_RNG, &rng_irq);
    if (blk) {
        device_begin(blk);
        queue_setup(blk, 0, &blk_queue);
        write32(blk + STATUS, 15);
    }
    if (net) {
        device_begin(net);
        queue_setup(net, 0, &rx_queue);
        queue_setup(net, 1, &tx_queue);
        write32(net + STATUS, 15);
        rx_offer(0);
        rx_offer(1);
    }
    if (rng) {
        device_begin(rng);
        queue_setup(rng, 0, &rng_queue);
        write32(rng + STATUS, 15);
    }
    for (unsigned irq = 1; irq <= UART_IRQ; irq++) {
        write32(PLIC + 4 * irq, 1);
    }
    write32(PLIC + 0x2000, 0x7fe);
    write32(PLIC + 0x200000, 0);
    write8(UART + 2, 1); // FIFOs on
    write8(UART + 1, 1); // interrupt on receive
    write8(UART + 4, 8); // OUT2
}

int main(uint64_t hart, uintptr_t dtb)
{
    (void)hart;
    (void)dtb;
    start_devices();
    csr_write(pmpaddr0, -1);
    csr_write(pmpcfg0, 0x1f);
    write64(CLINT + CLINT_MTIMECMP, read64(CLINT + CLINT_MTIME) + 1000);
    csr_write(mie, MIP_MTIP | MIP_MEIP);
    nharts = harts_start(ROUNDS);
    csr_set(mstatus, MSTATUS_MIE);
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (net) {
            arp_send();
        }
        if (rng && rng_done == round) {
            random_ask();
        }
        for (unsigned i = 0; i < 5; i++) {
            compute(i);
            float_corners(i);
            fault_often();
            rewrite_code(round * 5 + i);
            exchange_pages(round + i);
        }
        if (blk) {
            disk_work(round);
        }
        harts_round(0, round);
        uint64_t until = ticks + 3;
        while (ticks < until) {
            __asm__ volatile("wfi");
        }
        put_text("round ");
        put_number(round);
        put_text(" ");
        put_hex(hash);
        put_text("\n");
    }
    harts_finish();
    csr_clear(mstatus, MSTATUS_MIE);
    for (unsigned other = 0; other < nharts; other++) {
        mix(harts_hash(other));
    }
    put_text("disk ");
    put_number(blk_done);
    put_text(blk_done || !blk ? " ok" : " NONE");
    put_text(" end ");
    put_hex(hash);
    put_text("\n");
    return 0;
}
