// SPDX-License-Identifier: GPL-2.0-or-later
// The RISC-V machine "virt": a placement table, the wiring of its interrupts, and how it starts.
//
// Addresses and interrupt numbers are those of QEMU's machine of that name (facts, from its device
// tree). Boot follows OpenSBI's docs/firmware/fw_dynamic.md and Linux'
// Documentation/arch/riscv/boot.rst:
//   reset ROM   a0 = hart id, a1 = device tree, a2 = struct fw_dynamic_info; jumps to the firmware
//   firmware    flat images at the start of RAM
//   kernel      flat images at the first 2 MiB boundary (RV32: 4 MiB) after the firmware and the
//               start of RAM; without firmware at the start of RAM, entered in M mode
//   device tree in the last whole 2 MiB of RAM below 3 GiB; it may grow there up to 1 MiB and more
//   initrd      ends where that begins
// Not there: flash, the platform bus.
#include "hw/riscv/virt.h"

#include <inttypes.h>
#include <libfdt.h>
#include <string.h>

#include "hw/char/virtio-serial.h"
#include "hw/intc/riscv-aclint.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/pci/pci.h"

enum { MIP_MSIP = 3, MIP_MTIP = 7, MIP_SEIP = 9, MIP_MEIP = 11 }; // inputs of a CPU

static const char plic_type[] = "riscv.sifive.plic", aclint_type[] = "riscv.aclint";
static const char transport_type[] = "virtio-mmio", serial_type[] = "serial-mm";
static const char pci_type[] = "gpex-pcihost", fw_cfg_type[] = "fw_cfg_mem";

const VirtRow virt_rows[] = {
    {aclint_type, 0x2000000, 0, 1, 0x10000, -1, "clint"},
    {plic_type, 0xc000000, 0, 1, 0x600000, -1, "plic"},
    {"riscv.sifive.test", 0x100000, 0, 1, 0x1000, -1, "test"},
    {"goldfish_rtc", 0x101000, 0, 1, 0x1000, 11, "rtc"},
    {serial_type, 0x10000000, 0, 1, 0x100, 10, "serial"},
    {transport_type, 0x10001000, 0x1000, VIRT_SLOTS, 0x1000, 1, "virtio_mmio"},
    {fw_cfg_type, 0x10100000, 0, 1, 0x18, -1, "fw-cfg"},
    {pci_type, 0x30000000, 0, 1, 0x10000000, -1, "pci"},
};
const unsigned virt_nrows = G_N_ELEMENTS(virt_rows);

// The nth device of a type, in order of creation; NULL: there is none.
static Device *virt_device(Machine *machine, const char *type, unsigned n)
{
    for (unsigned i = 0; i < machine->devices->len; i++) {
        Device *dev = machine->devices->pdata[i];
        if (g_str_equal(dev->type->name, type) && n-- == 0) {
            return dev;
        }
    }
    return NULL;
}

// ---- building ----

static uint64_t align_up(uint64_t value, uint64_t to) { return (value + to - 1) & ~(to - 1); }
static uint64_t align_down(uint64_t value, uint64_t to) { return value & ~(to - 1); }

void virt_pci_windows(const MachineConfig *config, GpexWindow window[GPEX_WINDOWS])
{
    // A 32-bit CPU has 34 bits of physical address.
    bool narrow = g_str_has_prefix(config->cpu_isa, "rv32");
    uint64_t high_bytes = narrow ? 1ull << 32 : 1ull << 34;
    window[GPEX_ECAM] = (GpexWindow){0x30000000, 0x10000000};
    window[GPEX_MMIO] = (GpexWindow){0x40000000, 0x40000000};
    window[GPEX_MMIO_HIGH] = (GpexWindow){
        narrow ? 0x300000000 : align_up(VIRT_RAM_GPA + config->ram_bytes, high_bytes), high_bytes};
    window[GPEX_PIO] = (GpexWindow){0x3000000, 0x10000};
}

// Devices that aren't just registers at the row's place.
static bool virt_place_special(Device *dev, const VirtRow *row, const MachineConfig *config)
{
    if (row->type == pci_type) {
        GpexWindow window[GPEX_WINDOWS];
        virt_pci_windows(config, window);
        gpex_place(dev, window);
        return true;
    }
    if (row->type == fw_cfg_type) {
        const uint8_t cpus[2] = {(uint8_t)config->ncpus, (uint8_t)(config->ncpus >> 8)};
        fw_cfg_add(dev, FW_CFG_NB_CPUS, cpus, sizeof cpus);
    }
    return false;
}

static bool virt_place(Machine *machine, const VirtRow *row, unsigned n,
                       const MachineConfig *config, Error *err)
{
    const DeviceType *type = device_type_find(row->type);
    Device *dev = device_new(machine, type, NULL, NULL);
    char harts[16];
    g_snprintf(harts, sizeof harts, "%u", config->ncpus);
    if ((row->type == plic_type || row->type == aclint_type) &&
        !device_set(dev, "num-harts", harts, err)) {
        return false;
    }
    const char *chardev = config->nserials > 0 ? config->serials[0] : NULL;
    if (row->type == serial_type && chardev && !device_set(dev, "chardev", chardev, err)) {
        return false;
    }
    if (!device_realize(dev, err)) {
        return fail_prefix(err, "%s", row->type);
    }
    dev->mmio_base = row->base + n * row->stride_bytes;
    dev->irq_number = row->irq < 0 ? -1 : row->irq + (int)n;
    if (virt_place_special(dev, row, config)) {
        return true;
    }
    uint64_t gpa = dev->mmio_base;
    for (unsigned region = 0; region < type->nmmio; region++) {
        memory_add_mmio(machine, gpa, dev, region, 0);
        gpa += type->mmio[region].size_bytes; // regions of a device follow each other
    }
    return true;
}

static uint64_t virt_ticks(void *ctx)
{
    return aclint_mtime(ctx);
}

static int64_t virt_deadline_ns(void *ctx, uint64_t ticks)
{
    return aclint_deadline_ns(ctx, ticks);
}

static void virt_clock_changed(void *ctx)
{
    const MachineConfig *config = ctx;
    for (unsigned hart = 0; hart < config->ncpus; hart++) {
        config->cpu_clock_changed(config->cpus[hart]);
    }
}

static void virt_wire(Machine *machine, const MachineConfig *config)
{
    Device *plic = virt_device(machine, plic_type, 0);
    Device *aclint = virt_device(machine, aclint_type, 0);
    for (unsigned hart = 0; hart < config->ncpus; hart++) {
        Device *cpu = config->cpus[hart];
        irq_connect(aclint, aclint_output(hart, ACLINT_MSIP), cpu, MIP_MSIP);
        irq_connect(aclint, aclint_output(hart, ACLINT_MTIP), cpu, MIP_MTIP);
        irq_connect(plic, 2 * hart, cpu, MIP_MEIP);
        irq_connect(plic, 2 * hart + 1, cpu, MIP_SEIP);
        if (config->cpu_set_clock) {
            config->cpu_set_clock(cpu, &(MachineClock){virt_ticks, virt_deadline_ns, aclint});
        }
    }
    if (config->cpu_clock_changed) {
        aclint_watch(aclint, virt_clock_changed, (void *)config);
    }
    for (unsigned line = 0; line < PCI_PINS; line++) {
        irq_connect(virt_device(machine, pci_type, 0), line, plic, VIRT_PCI_IRQ + line);
    }
    for (unsigned i = 0; i < machine->devices->len; i++) {
        Device *dev = machine->devices->pdata[i];
        if (dev->irq_number > 0) {
            irq_connect(dev, 0, plic, (unsigned)dev->irq_number);
        }
    }
}

static bool virt_build(Machine *machine, const MachineConfig *config, Error *err)
{
    if (config->ncpus < 1 || config->ncpus > VIRT_HARTS_MAX) {
        return fail(err, "machine virt has 1 to %d CPUs, not %u", VIRT_HARTS_MAX, config->ncpus);
    }
    RamBlock *rom = ram_new(machine, "riscv_virt_board.mrom", VIRT_ROM_BYTES, true, err);
    if (!rom) {
        return false;
    }
    RamBlock *ram = ram_new(machine, "riscv_virt_board.ram", config->ram_bytes, false, err);
    if (!ram) {
        return false;
    }
    memory_add_ram(machine, VIRT_ROM_GPA, rom, 0, VIRT_ROM_BYTES, 0);
    memory_add_ram(machine, VIRT_RAM_GPA, ram, 0, config->ram_bytes, 0);
    for (unsigned i = 0; i < virt_nrows; i++) {
        for (unsigned n = 0; n < virt_rows[i].count; n++) {
            if (!virt_place(machine, &virt_rows[i], n, config, err)) {
                return false;
            }
        }
    }
    virt_wire(machine, config);
    return true;
}

// Sv32 reaches 16 GiB; from 12 GiB on is the room of PCI's large windows.
static bool virt32_build(Machine *machine, const MachineConfig *config, Error *err)
{
    if (config->ram_bytes > 10ull << 30) {
        return fail(err, "machine virt of riscv32 has at most 10 GiB of RAM");
    }
    return virt_build(machine, config, err);
}

// ---- boot ----

static bool put(Machine *machine, uint64_t gpa, const void *bytes, uint64_t len, const char *what,
                Error *err)
{
    if (len && !memory_poke(machine, gpa, bytes, len)) {
        return fail(err, "%s: %" PRIu64 " bytes at 0x%" PRIx64 " don't fit into the guest's RAM",
                    what, len, gpa);
    }
    return true;
}

static bool put_zeroes(Machine *machine, uint64_t gpa, uint64_t len, const char *what, Error *err)
{
    static const uint8_t zeroes[PAGE_SIZE];
    for (uint64_t done = 0; done < len; done += sizeof zeroes) {
        if (!put(machine, gpa + done, zeroes, MIN(len - done, sizeof zeroes), what, err)) {
            return false;
        }
    }
    return true;
}

// Bytes that a flat image occupies once it runs: a Linux Image's header knows (magic2 "RSC\5" at
// 0x38, image_size at 0x10).
static uint64_t flat_memory_bytes(const BootSegment *segment)
{
    uint64_t size = 0;
    if (segment->len >= 64 && memcmp(segment->bytes + 0x38, "RSC\5", 4) == 0) {
        memcpy(&size, segment->bytes + 0x10, 8);
        size = GUINT64_FROM_LE(size);
    }
    return MAX(size, segment->len);
}

// Writes an image; a flat one goes to `flat_gpa`. *entry and *end (first gpa after it, at least the
// old value) are set.
static bool put_image(Machine *machine, const BootImage *image, uint64_t flat_gpa, uint64_t *entry,
                      uint64_t *end, Error *err)
{
    *entry = image->flat ? flat_gpa : image->entry;
    for (size_t i = 0; i < image->nsegments; i++) {
        const BootSegment *segment = &image->segments[i];
        uint64_t gpa = image->flat ? flat_gpa : segment->gpa;
        uint64_t memory =
            image->flat ? flat_memory_bytes(segment) : segment->len + segment->zero_bytes;
        if (!put(machine, gpa, segment->bytes, segment->len, image->name, err) ||
            !put_zeroes(machine, gpa + segment->len, segment->zero_bytes, image->name, err)) {
            return false;
        }
        if (gpa >= VIRT_RAM_GPA) {
            *end = MAX(*end, gpa + MIN(memory, UINT64_MAX - gpa));
        }
    }
    return true;
}

enum { FW_DYNAMIC_MAGIC = 0x4942534f, FW_DYNAMIC_VERSION = 2, NEXT_MODE_S = 1 };

static void put_number(uint8_t *at, uint64_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(number >> 8 * i);
    }
}

static bool put_rom(Machine *machine, unsigned word_bits, uint64_t start, uint64_t fdt_gpa,
                    uint64_t kernel, Error *err)
{
    bool is32 = word_bits == 32;
    const uint32_t code[] = {
        0x00000317,                     // auipc t1, 0
        is32 ? 0x02032583 : 0x02033583, // lw or ld a1, 0x20(t1)
        0x03030613,                     // addi  a2, t1, 0x30
        0xf1402573,                     // csrr  a0, mhartid
        is32 ? 0x02832303 : 0x02833303, // lw or ld t1, 0x28(t1)
        0x00030067,                     // jr    t1
    };
    // OpenSBI docs/firmware/fw_dynamic.md: struct fw_dynamic_info, words of XLEN bits.
    const uint64_t info[] = {FW_DYNAMIC_MAGIC, FW_DYNAMIC_VERSION, kernel, NEXT_MODE_S, 0, 0};
    uint8_t rom[0x30 + sizeof info] = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(code); i++) {
        put_number(rom + 4 * i, code[i], 4);
    }
    put_number(rom + 0x20, fdt_gpa, 8);
    put_number(rom + 0x28, start, 8);
    for (size_t i = 0; i < G_N_ELEMENTS(info); i++) {
        put_number(rom + 0x30 + word_bits / 8 * i, info[i], word_bits / 8);
    }
    return put(machine, VIRT_ROM_GPA, rom, sizeof rom, "reset ROM", err);
}

static bool put_fdt(Machine *machine, const MachineConfig *config, const BootSpec *spec,
                    uint64_t initrd_gpa, uint64_t fdt_gpa, Error *err)
{
    uint8_t seed[32];
    entropy_fill(machine, seed, sizeof seed);
    void *fdt =
        spec->dtb ? virt_fdt_open(spec->dtb, spec->dtb_bytes, err) : virt_fdt_new(config, err);
    bool ok = fdt &&
              virt_fdt_choose(fdt, spec->cmdline, initrd_gpa, spec->initrd_bytes, seed, err) &&
              put(machine, fdt_gpa, fdt, fdt_totalsize(fdt), "device tree", err);
    g_free(fdt);
    return ok;
}

// A kernel maps itself by large pages, which have 2 MiB, or 4 MiB in Sv32.
static bool virt_boot_width(Machine *machine, const MachineConfig *config, const BootSpec *spec,
                            unsigned word_bits, Error *err)
{
    const uint64_t big = 2 << 20, kernel_align = word_bits == 32 ? 2 * big : big;
    uint64_t ram_end = MIN(VIRT_RAM_GPA + config->ram_bytes, 0xc0000000ull);
    uint64_t end = VIRT_RAM_GPA, start = VIRT_RAM_GPA, kernel = 0;
    bool with_firmware = spec->firmware.nsegments > 0;
    if (!put_image(machine, &spec->firmware, VIRT_RAM_GPA, &start, &end, err)) {
        return false;
    }
    uint64_t flat_gpa = with_firmware ? MAX(align_up(end, kernel_align), VIRT_RAM_GPA + kernel_align) : VIRT_RAM_GPA;
    if (spec->kernel.nsegments &&
        !put_image(machine, &spec->kernel, flat_gpa, &kernel, &end, err)) {
        return false;
    }
    if (!with_firmware) {
        start = kernel ? kernel : VIRT_RAM_GPA;
    }
    uint64_t fdt_gpa = align_down(ram_end, big) - big;
    uint64_t initrd_gpa = align_down(fdt_gpa - spec->initrd_bytes, PAGE_SIZE);
    if (fdt_gpa < end || spec->initrd_bytes > fdt_gpa - end || initrd_gpa < end) {
        return fail(
            err, "%" PRIu64 " MiB of RAM are too few for firmware, kernel, initrd and device tree",
            config->ram_bytes >> 20);
    }
    return put(machine, initrd_gpa, spec->initrd, spec->initrd_bytes, "initrd", err) &&
           put_fdt(machine, config, spec, initrd_gpa, fdt_gpa, err) &&
           put_rom(machine, word_bits, start, fdt_gpa, kernel, err);
}

static bool virt_boot(Machine *machine, const MachineConfig *config, const BootSpec *spec,
                      Error *err)
{
    return virt_boot_width(machine, config, spec, 64, err);
}

static bool virt32_boot(Machine *machine, const MachineConfig *config, const BootSpec *spec,
                        Error *err)
{
    return virt_boot_width(machine, config, spec, 32, err);
}

// The reset ROM knows where it is.
static const uint8_t *virt_device_tree(Machine *machine, uint64_t *len)
{
    uint64_t room = 8, gpa;
    memcpy(&gpa, memory_ram_at(machine, VIRT_ROM_GPA + 0x20, &room), sizeof gpa);
    *len = VIRT_FDT_BYTES_MAX;
    const uint8_t *fdt = memory_ram_at(machine, GUINT64_FROM_LE(gpa), len);
    *len = fdt ? fdt_totalsize(fdt) : 0;
    return fdt;
}

// ---- plugging ----

static bool virt_slot_used(Machine *machine, const Device *transport)
{
    for (unsigned i = 0; i < machine->devices->len; i++) {
        if (((const Device *)machine->devices->pdata[i])->parent == transport) {
            return true;
        }
    }
    return false;
}

// Transports are given away from the last to the first, as QEMU does, so that a guest's vda and
// eth0 are the same devices.
static Device *virt_slot(Machine *machine, const DeviceType *type, const char *bus, Error *err)
{
    bool is_pci = g_strcmp0(type->bus, "PCI") == 0;
    if (bus && (is_pci ? g_str_has_prefix(bus, "virtio-mmio-bus.")
                       : g_strcmp0(type->bus, "virtio") == 0 && g_str_equal(bus, "pcie.0"))) {
        fail(err, "Device '%s' can't go on %s bus", type->name, is_pci ? "virtio-mmio-bus" : "PCIE");
        return NULL;
    }
    if (is_pci) {
        return pci_slot(machine, type, bus, err);
    }
    if (type->bus && g_str_equal(type->bus, "virtio-serial-bus")) {
        return virtio_serial_slot(machine, type, bus, err);
    }
    if (!type->bus || !g_str_equal(type->bus, "virtio")) {
        fail(err, "No '%s' bus found for device '%s'", type->bus ? type->bus : "system",
             type->name);
        return NULL;
    }
    bool known = bus == NULL;
    for (unsigned n = VIRT_SLOTS; n-- > 0;) {
        char name[32];
        g_snprintf(name, sizeof name, "virtio-mmio-bus.%u", n);
        if (bus && !g_str_equal(bus, name)) {
            continue;
        }
        known = true;
        Device *transport = virt_device(machine, transport_type, n);
        if (!virt_slot_used(machine, transport)) {
            return transport;
        }
    }
    if (!known) {
        fail(err, "Bus '%s' not found", bus);
    } else if (bus) {
        fail(err, "Bus '%s' is full", bus);
    } else {
        fail(err, "No free 'virtio-bus' bus found for device '%s': all %d are in use", type->name,
             VIRT_SLOTS);
    }
    return NULL;
}

// OpenSBI as QEMU ships it, and as Debian's opensbi package does.
static const char *const virt_firmware[] = {
    "opensbi-riscv64-generic-fw_dynamic.bin",
    "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin",
    NULL,
};
static const char *const virt32_firmware[] = {"opensbi-riscv32-generic-fw_dynamic.bin", NULL};

#define VIRT                                                                                       \
    .name = "virt", .desc = "RISC-V VirtIO board", .max_cpus = VIRT_HARTS_MAX,                     \
    .default_ram_bytes = 128 << 20, .reset_gpa = VIRT_ROM_GPA, .slot = virt_slot,                  \
    .device_tree = virt_device_tree,                                                               \
    .virtio_blk = "virtio-blk-device", .nic = "virtio-net-device"

const MachineType machine_riscv_virt = {
    VIRT,
    .target = "riscv64",
    .default_cpu = "rv64",
    .default_firmware = virt_firmware,
    .firmware_hint = "Debian: package opensbi",
    .build = virt_build,
    .boot = virt_boot,
};

const MachineType machine_riscv32_virt = {
    VIRT,
    .target = "riscv32",
    .default_cpu = "rv32",
    .default_firmware = virt32_firmware,
    .firmware_hint = "Debian has none for 32 bits",
    .build = virt32_build,
    .boot = virt32_boot,
};
