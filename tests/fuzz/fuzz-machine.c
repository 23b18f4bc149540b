// SPDX-License-Identifier: GPL-2.0-or-later
// The whole riscv virt machine under random register accesses, without CPU and boot: any address, any size, devices' named registers most often, timers
// expiring in between, disk requests completing, frames and bytes coming in, resets.
//
//     fuzz-machine [ROUNDS [SEED]]
//
// Twice with each seed: all values read and the state at the end must be equal, or something but guest state, virtual time and the seam took part.
// Nothing may crash, hang or fail an assertion. RAM holds numbers that look like rings and descriptors.
#include <stdlib.h>
#include <string.h>

#include "hw/riscv/virt.h"
#include "tests/device/fake-ports.h"
#include "tests/device/fake-seam.h"
#include "tests/fuzz/random.h"

enum { RAM_BYTES = 1 << 20, STORM = 50000, CPUS = 2 };

// ---- CPUs that only have interrupt inputs ----

static void cpu_irq_in(Device *dev, unsigned input, bool level)
{
}
static void cpu_set_clock(Device *dev, const MachineClock *clock)
{
}
static void cpu_clock_changed(Device *dev)
{
}

static const DeviceType cpu_type = {
    .name = "fake-cpu", .instance_size = sizeof(Device), .irq_in = cpu_irq_in,
};

// ---- the machine ----

typedef struct Board {
    Replay *seam;
    Machine *machine;
    Device *cpus[CPUS];
    MachineConfig config;
    int64_t left;
} Board;

static void plug(Board *board, const char *name)
{
    const DeviceType *type = device_type_find(name);
    Error err;
    Device *slot = machine_riscv_virt.slot(board->machine, type, NULL, &err);
    g_assert_nonnull(slot);
    Device *dev = device_new(board->machine, type, NULL, slot);
    if (strcmp(name, "virtio-blk-device") == 0) {
        g_assert_true(device_set(dev, "drive", "d0", &err));
    }
    if (!device_realize(dev, &err)) {
        g_error("%s: %s", name, err.msg);
    }
}

static Board *board_new(void)
{
    Board *board = g_new0(Board, 1);
    Error err = {""};
    board->seam = fake_seam_new();
    board->machine = machine_new(board->seam, "virt");
    board->machine->left = &board->left;
    fake_seam_attach(board->seam, board->machine);
    for (unsigned i = 0; i < CPUS; i++) {
        board->cpus[i] = device_new(board->machine, &cpu_type, NULL, NULL);
    }
    board->config = (MachineConfig){
        .ram_bytes = RAM_BYTES, .cpus = board->cpus, .ncpus = CPUS, .cpu_isa = "rv64imac", .cpu_mmu = "riscv,sv39",
        .cpu_set_clock = cpu_set_clock, .cpu_clock_changed = cpu_clock_changed,
    };
    if (!machine_riscv_virt.build(board->machine, &board->config, &err)) {
        g_error("%s", err.msg);
    }
    plug(board, "virtio-blk-device");
    plug(board, "virtio-net-device");
    plug(board, "virtio-rng-device");
    memset(fake_drive_bytes, 0x5a, sizeof(fake_drive_bytes));
    machine_reset(board->machine);
    return board;
}

static void board_free(Board *board)
{
    while (fake_drive_complete(-5)) {
    }
    machine_free(board->machine);
    fake_seam_free(board->seam);
    g_free(board);
}

static uint64_t random_value(void)
{
    switch (below(7)) {
    case 0: return 0;
    case 1: return UINT64_MAX;
    case 2: return below(16);
    case 3: return UINT64_C(1) << below(64);
    case 4: case 5: return VIRT_RAM_GPA + (below(RAM_BYTES >> 12) << 12);
    default: return next();
    }
}

// Rings: small indexes, descriptors with flags and addresses inside, at the edge of and outside RAM.
static void fill_ram(Board *board)
{
    for (uint64_t at = 0; at < RAM_BYTES; at += 16) {
        uint64_t first = random_value();
        uint32_t second[2] = { (uint32_t)(below(4) ? below(5000) : next()), (uint32_t)(below(8) << 16 | (below(4) ? below(8) : next())) };
        uint8_t bytes[16];
        memcpy(bytes, &first, 8);
        memcpy(bytes + 8, below(3) ? (void *)second : (void *)&first, 8);
        g_assert_true(memory_poke(board->machine, VIRT_RAM_GPA + at, bytes, 16));
    }
}

static uint64_t random_address(const Machine *machine)
{
    const MemRange *range = &g_array_index(machine->map, MemRange, below(machine->map->len));
    uint64_t offset = below(range->size_bytes);
    if (range->dev && below(8)) {
        const MmioRegion *region = &range->dev->type->mmio[range->region];
        if (region->nregs && below(8)) {
            offset = region->regs[below(region->nregs)].offset;
        }
        return range->base + offset + (below(8) ? 0 : below(8));
    }
    return below(16) ? range->base + offset : next() >> below(64);
}

static void expire_due(Board *board)
{
    while (timer_expire_one(board->machine)) {
        machine_step(board->machine);
    }
}

static void advance(Board *board, int64_t ns)
{
    Machine *machine = board->machine;
    int64_t target = machine_now_ns(machine) + ns;
    expire_due(board);
    for (int64_t at; (at = timer_next_deadline(machine)) <= target;) {
        machine->offset_ns += at - machine_now_ns(machine);
        machine_step(machine);
        expire_due(board);
    }
    machine->offset_ns += target - machine_now_ns(machine);
}

static void from_outside(Board *board)
{
    uint8_t bytes[2000];
    size_t len = 1 + below(sizeof(bytes));
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 7 + len);
    }
    switch (below(4)) {
    case 0: fake_char_in(bytes, 1 + len % 20); break;
    case 1: fake_net_in(bytes, MAX(len, 14)); break;
    case 2: fake_drive_complete(below(4) ? 0 : -5); break;
    default: advance(board, (int64_t)below(UINT64_C(1) << below(40))); break;
    }
}

// One access; what was read.
static uint64_t access_once(Board *board)
{
    Machine *machine = board->machine;
    uint64_t gpa = random_address(machine), value = random_value();
    unsigned size = 1u << below(4);
    gpa = below(8) ? gpa & -(uint64_t)size : gpa;
    board->machine->icount_end++;
    if (below(2)) {
        return mmio_write(machine, gpa, size, value);
    }
    return mmio_read(machine, gpa, size, &value) ? value : 1;
}

static uint64_t storm(uint64_t seed)
{
    Board *board = board_new();
    uint64_t seen = 0;
    state = seed;
    fill_ram(board);
    for (unsigned i = 0; i < STORM; i++) {
        seen = (seen ^ access_once(board)) * 0x100000001b3;
        if (below(16) == 0) {
            from_outside(board);
        }
        if (below(4000) == 0) {
            machine_reset(board->machine);
            fill_ram(board);
        }
        board->machine->request = REQUEST_NONE;
        expire_due(board);
    }
    while (fake_drive_complete(0)) {
    }
    seen ^= machine_digest(board->machine) ^ machine_ram_digest(board->machine);
    board_free(board);
    return seen;
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 3;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    g_print("1..%u\n", rounds);
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t one = storm(first + i), other = storm(first + i);
        if (one != other) {
            g_print("not ");
        }
        g_print("ok %u - seed %" G_GUINT64_FORMAT "\n", i + 1, (guint64)(first + i));
        if (one != other) {
            return 1;
        }
    }
    return 0;
}
