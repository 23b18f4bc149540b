// SPDX-License-Identifier: GPL-2.0-or-later
// The RISC-V machine "virt": its device tree, its wiring, where boot puts things, which slots it
// gives.
//
// The tree is compared with virt-device-tree.txt, line by line and in any order. That file holds
// what QEMU's machine of this name says with two CPUs and 128 MiB, without the nodes of devices
// that aren't there; references are written as paths, since handles are arbitrary, and the seed is
// left out.
#include "hw/riscv/virt.h"

#include <libfdt.h>
#include <string.h>

#include "tests/device/fake-ports.h"
#include "tests/device/fake-seam.h"

static const uint8_t *ram_at(Machine *machine, uint64_t gpa)
{
    uint64_t len = 1;
    const uint8_t *at = memory_ram_at(machine, gpa, &len);
    g_assert_nonnull(at);
    return at;
}

static uint64_t number_at(Machine *machine, uint64_t gpa)
{
    uint64_t value;
    memcpy(&value, ram_at(machine, gpa), 8);
    return GUINT64_FROM_LE(value);
}

// ---- a CPU that only has interrupt inputs ----

typedef struct FakeCpu {
    Device dev;
    uint32_t lines;
    MachineClock clock;
    unsigned jumps;
} FakeCpu;

static void cpu_irq_in(Device *dev, unsigned input, bool level)
{
    FakeCpu *cpu = (FakeCpu *)dev;
    cpu->lines = level ? cpu->lines | 1u << input : cpu->lines & ~(1u << input);
}

static void cpu_set_clock(Device *dev, const MachineClock *clock)
{
    ((FakeCpu *)dev)->clock = *clock;
}
static void cpu_clock_changed(Device *dev) { ((FakeCpu *)dev)->jumps++; }

static const DeviceType cpu_type = {
    .name = "fake-cpu", .instance_size = sizeof(FakeCpu), .irq_in = cpu_irq_in,
};

// ---- a machine ----

typedef struct Board {
    Replay *seam;
    Machine *machine;
    Device *cpus[2];
    MachineConfig config;
} Board;

static Board *board_new(uint64_t ram_bytes)
{
    Board *board = g_new0(Board, 1);
    Error err = {""};
    board->seam = fake_seam_new();
    board->machine = machine_new(board->seam, "virt");
    fake_seam_attach(board->seam, board->machine);
    board->cpus[0] = device_new(board->machine, &cpu_type, NULL, NULL);
    board->cpus[1] = device_new(board->machine, &cpu_type, NULL, NULL);
    board->config = (MachineConfig){
        .ram_bytes = ram_bytes, .cpus = board->cpus, .ncpus = 2,
        .cpu_isa = "rv64imafdc_test", .cpu_mmu = "riscv,sv48",
        .cpu_set_clock = cpu_set_clock, .cpu_clock_changed = cpu_clock_changed,
    };
    const MachineType *type = machine_type_find("riscv64", "virt");
    if (!type->build(board->machine, &board->config, &err)) {
        g_error("%s", err.msg);
    }
    machine_reset(board->machine);
    return board;
}

static void board_free(Board *board)
{
    machine_free(board->machine);
    fake_seam_free(board->seam);
    g_free(board);
}

// ---- the tree as text ----

static void append_reference(GString *line, const void *fdt, const fdt32_t *cell)
{
    char path[128];
    int node = fdt_node_offset_by_phandle(fdt, fdt32_to_cpu(*cell));
    g_assert_cmpint(node, >=, 0);
    g_assert_cmpint(fdt_get_path(fdt, node, path, sizeof path), ==, 0);
    g_string_append_printf(line, " %s", path);
}

static void append_value(GString *line, const void *fdt, const char *name, const uint8_t *value,
                         int len)
{
    static const char *const references[] = {"interrupt-parent", "cpu", "regmap", NULL};
    bool pairs = g_str_equal(name, "interrupts-extended");
    bool map = g_str_equal(name, "interrupt-map"); // child address of 3, pin, parent, its interrupt
    if (g_str_equal(name, "rng-seed")) {
        g_string_append_printf(line, " %d bytes", len);
        return;
    }
    for (int i = 0; i < len; i++) {
        if (i % 4 == 0 && ((pairs && i % 8 == 0) || (map && i % 24 == 16) ||
                           g_strv_contains(references, name))) {
            append_reference(line, fdt, (const fdt32_t *)(value + i));
            i += 3;
        } else {
            g_string_append_printf(line, "%s%02x", i % 4 ? "" : " ", value[i]);
        }
    }
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// "PATH PROPERTY VALUE" for each property, sorted.
static char *tree_text(const void *fdt)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
        char path[128];
        int prop;
        g_assert_cmpint(fdt_get_path(fdt, node, path, sizeof path), ==, 0);
        fdt_for_each_property_offset(prop, fdt, node) {
            const char *name;
            int len;
            const uint8_t *value = fdt_getprop_by_offset(fdt, prop, &name, &len);
            if (!g_str_equal(name, "phandle")) {
                GString *line = g_string_new(NULL);
                g_string_append_printf(line, "%s %s", path, name);
                append_value(line, fdt, name, value, len);
                g_ptr_array_add(lines, g_string_free(line, FALSE));
            }
        }
    }
    g_ptr_array_sort(lines, compare_lines);
    g_ptr_array_add(lines, g_strdup(""));
    g_ptr_array_add(lines, NULL);
    char *text = g_strjoinv("\n", (char **)lines->pdata);
    g_ptr_array_free(lines, TRUE);
    return text;
}

static void test_tree(void)
{
    Board *board = board_new(128 << 20);
    char *path = g_test_build_filename(G_TEST_DIST, "virt-device-tree.txt", NULL), *expected;
    g_assert_true(g_file_get_contents(path, &expected, NULL, NULL));
    BootSpec spec = {0};
    Error err = {""};
    g_assert_true(machine_riscv_virt.boot(board->machine, &board->config, &spec, &err));
    uint64_t fdt_gpa = number_at(board->machine, VIRT_ROM_GPA + 0x20);
    g_assert_cmphex(fdt_gpa, ==, 0x87e00000);
    char *text = tree_text(ram_at(board->machine, fdt_gpa));
    g_assert_cmpstr(text, ==, strchr(expected, '\n') + 1); // after the licence line
    g_free(text);
    g_free(expected);
    g_free(path);
    board_free(board);
}

// ---- wiring ----

static void poke(Board *board, uint64_t gpa, unsigned size, uint64_t value)
{
    g_assert_true(mmio_write(board->machine, gpa, size, value));
}

static void test_wiring(void)
{
    Board *board = board_new(16 << 20);
    FakeCpu *cpu0 = (FakeCpu *)board->cpus[0], *cpu1 = (FakeCpu *)board->cpus[1];
    poke(board, 0x2000004, 4, 1);
    g_assert_cmphex(cpu1->lines, ==, 1 << 3); // MSIP
    poke(board, 0x2004008, 8, 0);
    g_assert_cmphex(cpu1->lines, ==, 1 << 3 | 1 << 7); // MTIP
    g_assert_cmphex(cpu0->lines, ==, 0);
    poke(board, 0xc000000 + 4 * 10, 4, 1); // the serial port's priority
    poke(board, 0xc002080, 4, 1 << 10);    // S context of hart 0
    poke(board, 0xc002100, 4, 1 << 10);    // M context of hart 1
    poke(board, 0x10000001, 1, 2);         // THRE interrupt on
    g_assert_cmphex(cpu0->lines, ==, 1 << 9);
    g_assert_cmphex(cpu1->lines, ==, 1 << 3 | 1 << 7 | 1 << 11);
    poke(board, 0x200bff8, 8, 4711); // mtime
    g_assert_cmpuint(cpu1->jumps, >=, 1);
    g_assert_cmpuint(cpu1->clock.ticks(cpu1->clock.ctx), ==, 4711);
    g_assert_cmpint(cpu0->clock.deadline_ns(cpu0->clock.ctx, 4713), ==, 200);
    poke(board, 0x100000, 4, 0x5555);
    g_assert_cmpint(board->machine->request, ==, REQUEST_SHUTDOWN);
    uint64_t value;
    g_assert_true(mmio_read(board->machine, 0x10008008, 4, &value));
    g_assert_cmpuint(value, ==, 0); // an empty transport
    g_assert_false(mmio_read(board->machine, 0x10009000, 4, &value));
    board_free(board);
}

// ---- boot ----

static const char *chosen(Board *board, const char *name, int *len)
{
    const void *fdt = ram_at(board->machine, number_at(board->machine, VIRT_ROM_GPA + 0x20));
    int length;
    return fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), name, len ? len : &length);
}

static uint64_t chosen_number(Board *board, const char *name)
{
    fdt64_t value;
    memcpy(&value, chosen(board, name, NULL), 8);
    return fdt64_to_cpu(value);
}

static void test_boot(void)
{
    Board *board = board_new(16 << 20);
    uint8_t kernel[64] = "kernel", seed[32];
    uint32_t image_size = 5 << 20;
    memcpy(kernel + 16, &image_size, 4); // little-endian host, as all that we run on
    memcpy(kernel + 0x38, "RSC\5", 4);
    memset(seed, 0x5a, sizeof seed);
    BootSegment firmware = {.bytes = (const uint8_t *)"firmware", .len = 8};
    BootSegment image = {.bytes = kernel, .len = sizeof kernel};
    BootSpec spec = {
        .firmware = {"fw", &firmware, 1, true, 0}, .kernel = {"Image", &image, 1, true, 0},
        .initrd = (const uint8_t *)"initrd", .initrd_bytes = 6, .cmdline = "console=ttyS0",
    };
    Error err = {""};
    fake_seam_script_random(board->seam, seed, sizeof seed);
    Machine *machine = board->machine;
    g_assert_true(machine_riscv_virt.boot(machine, &board->config, &spec, &err));
    g_assert_cmpmem(ram_at(machine, 0x80000000), 8, "firmware", 8);
    g_assert_cmpmem(ram_at(machine, 0x80200000), 64, kernel, 64);
    g_assert_cmphex(number_at(machine, VIRT_ROM_GPA + 0x20), ==, 0x80e00000);
    g_assert_cmphex(number_at(machine, VIRT_ROM_GPA + 0x28), ==, 0x80000000);
    static const uint64_t info[] = {0x4942534f, 2, 0x80200000, 1, 0, 0};
    g_assert_cmpmem(ram_at(machine, VIRT_ROM_GPA + 0x30), sizeof info, info, sizeof info);
    g_assert_cmphex(chosen_number(board, "linux,initrd-start"), ==, 0x80dff000);
    g_assert_cmphex(chosen_number(board, "linux,initrd-end"), ==, 0x80dff006);
    g_assert_cmpmem(ram_at(machine, 0x80dff000), 6, "initrd", 6);
    g_assert_cmpstr(chosen(board, "bootargs", NULL), ==, "console=ttyS0");
    int len;
    const char *in_tree = chosen(board, "rng-seed", &len);
    g_assert_cmpmem(in_tree, len, seed, sizeof seed);
    // A reset brings back what the guest overwrote.
    g_assert_true(dma_write(machine, 0x80200000, "scribble", 8));
    machine_reset(machine);
    g_assert_true(machine_riscv_virt.boot(machine, &board->config, &spec, &err));
    g_assert_cmpmem(ram_at(machine, 0x80200000), 64, kernel, 64);
    g_assert_cmpint(memcmp(chosen(board, "rng-seed", NULL), seed, sizeof seed), !=, 0);
    board_free(board);
    // The kernel's own memory counts: 2 + 5 MiB don't fit below a device tree at 6 MiB.
    board = board_new(8 << 20);
    g_assert_false(machine_riscv_virt.boot(board->machine, &board->config, &spec, &err));
    g_assert_cmpstr(err.msg, ==,
                    "8 MiB of RAM are too few for firmware, kernel, initrd and device tree");
    board_free(board);
}

// RV32: other loads in the ROM, words of 32 bits in fw_dynamic_info, the kernel at a multiple of 4 MiB.
static void test_boot_32(void)
{
    Board *board = board_new(16 << 20);
    Machine *machine = board->machine;
    BootSegment firmware = {.bytes = (const uint8_t *)"firmware", .len = 8};
    BootSegment image = {.bytes = (const uint8_t *)"kernel32", .len = 8};
    BootSpec spec = {.firmware = {"fw", &firmware, 1, true, 0},
                     .kernel = {"Image", &image, 1, true, 0}};
    Error err = {""};
    g_assert_true(machine_riscv32_virt.boot(machine, &board->config, &spec, &err));
    g_assert_cmpmem(ram_at(machine, 0x80400000), 8, "kernel32", 8);
    g_assert_cmphex(number_at(machine, VIRT_ROM_GPA + 0x20), ==, 0x80e00000);
    g_assert_cmphex(number_at(machine, VIRT_ROM_GPA + 0x28), ==, 0x80000000);
    static const uint32_t info[] = {0x4942534f, 2, 0x80400000, 1, 0, 0};
    g_assert_cmpmem(ram_at(machine, VIRT_ROM_GPA + 0x30), sizeof info, info, sizeof info);
    uint32_t load;
    memcpy(&load, ram_at(machine, VIRT_ROM_GPA + 4), 4);
    g_assert_cmphex(load >> 12 & 7, ==, 2); // lw
    board->config.ram_bytes = (10ull << 30) + PAGE_SIZE;
    g_assert_false(machine_riscv32_virt.build(machine, &board->config, &err));
    g_assert_cmpstr(err.msg, ==, "machine virt of riscv32 has at most 10 GiB of RAM");
    board_free(board);
}

// What else the target says of a CPU stands in each CPU's node.
static void test_cpu_properties(void)
{
    static const uint8_t block[] = {0, 0, 0, 64};
    static const FdtProp props[] = {
        {"riscv,isa-extensions", "i\0m", 4}, {"riscv,cbom-block-size", block, 4}, {0}};
    Board *board = board_new(16 << 20);
    BootSpec spec = {0};
    Error err = {""};
    board->config.cpu_fdt = props;
    g_assert_true(machine_riscv_virt.boot(board->machine, &board->config, &spec, &err));
    const void *fdt = ram_at(board->machine, number_at(board->machine, VIRT_ROM_GPA + 0x20));
    for (unsigned hart = 0; hart < 2; hart++) {
        int node = fdt_path_offset(fdt, hart ? "/cpus/cpu@1" : "/cpus/cpu@0"), len;
        g_assert_cmpint(fdt_stringlist_count(fdt, node, "riscv,isa-extensions"), ==, 2);
        const void *value = fdt_getprop(fdt, node, "riscv,cbom-block-size", &len);
        g_assert_cmpmem(value, len, block, 4);
    }
    board_free(board);
}

static void test_boot_bare(void)
{
    Board *board = board_new(16 << 20);
    Machine *machine = board->machine;
    Error err = {""};
    BootSegment segments[] = {
        {.gpa = 0x80001000, .bytes = (const uint8_t *)"text", .len = 4},
        {.gpa = 0x80003000, .bytes = (const uint8_t *)"data", .len = 4, .zero_bytes = 0x2000},
    };
    BootSpec spec = {.kernel = {"bare.elf", segments, 2, false, 0x80001000}};
    g_assert_true(dma_write(machine, 0x80004000, "dirt", 4));
    g_assert_true(machine_riscv_virt.boot(machine, &board->config, &spec, &err));
    g_assert_cmphex(number_at(machine, VIRT_ROM_GPA + 0x28), ==, 0x80001000); // no firmware
    g_assert_cmpmem(ram_at(machine, 0x80003000), 4, "data", 4);
    g_assert_cmpmem(ram_at(machine, 0x80004000), 4, "\0\0\0\0", 4);
    g_assert_null(chosen(board, "bootargs", NULL));
    // The user's own tree is completed, not replaced.
    uint8_t dtb[512];
    g_assert_cmpint(fdt_create_empty_tree(dtb, sizeof dtb), ==, 0);
    g_assert_cmpint(fdt_setprop_string(dtb, 0, "model", "mine"), ==, 0);
    spec.dtb = dtb;
    spec.dtb_bytes = sizeof dtb;
    spec.cmdline = "quiet";
    g_assert_true(machine_riscv_virt.boot(machine, &board->config, &spec, &err));
    g_assert_cmpstr(chosen(board, "bootargs", NULL), ==, "quiet");
    const void *fdt = ram_at(machine, number_at(machine, VIRT_ROM_GPA + 0x20));
    g_assert_cmpstr(fdt_getprop(fdt, 0, "model", NULL), ==, "mine");
    dtb[0] = 0;
    g_assert_false(machine_riscv_virt.boot(machine, &board->config, &spec, &err));
    spec.dtb = NULL;
    segments[1].gpa = 0x1000000;
    g_assert_false(machine_riscv_virt.boot(machine, &board->config, &spec, &err));
    g_assert_cmpstr(err.msg, ==, "bare.elf: 4 bytes at 0x1000000 don't fit into the guest's RAM");
    board_free(board);
}

// ---- slots ----

static void test_slots(void)
{
    Board *board = board_new(16 << 20);
    const DeviceType *type = device_type_find("virtio-rng-device");
    Error err = {""};
    for (unsigned n = VIRT_SLOTS; n-- > 0;) {
        const char *bus = n == 3 ? "virtio-mmio-bus.3" : NULL;
        Device *slot = machine_riscv_virt.slot(board->machine, type, bus, &err);
        g_assert_nonnull(slot);
        g_assert_cmphex(slot->mmio_base, ==, 0x10001000 + 0x1000 * n);
        g_assert_cmpint(slot->irq_number, ==, 1 + (int)n);
        Device *rng = device_new(board->machine, type, NULL, slot);
        g_assert_true(device_realize(rng, &err));
    }
    g_assert_null(machine_riscv_virt.slot(board->machine, type, NULL, &err));
    g_assert_null(machine_riscv_virt.slot(board->machine, type, "virtio-mmio-bus.3", &err));
    g_assert_cmpstr(err.msg, ==, "Bus 'virtio-mmio-bus.3' is full");
    g_assert_null(machine_riscv_virt.slot(board->machine, type, "pci.0", &err));
    g_assert_cmpstr(err.msg, ==, "Bus 'pci.0' not found");
    uint64_t value;
    g_assert_true(mmio_read(board->machine, 0x10008008, 4, &value));
    g_assert_cmpuint(value, ==, 4);
    g_assert_null(machine_type_find("riscv64", "none"));
    board_free(board);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virt/tree", test_tree);
    g_test_add_func("/virt/wiring", test_wiring);
    g_test_add_func("/virt/boot", test_boot);
    g_test_add_func("/virt/boot-bare", test_boot_bare);
    g_test_add_func("/virt/boot-32", test_boot_32);
    g_test_add_func("/virt/cpu-properties", test_cpu_properties);
    g_test_add_func("/virt/slots", test_slots);
    return g_test_run();
}
