// SPDX-License-Identifier: GPL-2.0-or-later
// Device tree of the RISC-V machine "virt", made from its placement table.
//
// Spec: Devicetree Specification 0.4; bindings in Linux Documentation/devicetree/bindings:
// riscv/cpus.yaml, timer/sifive,clint.yaml, interrupt-controller/sifive,plic-1.0.0.yaml,
// power/reset/syscon-*.yaml, virtio/mmio.yaml, pci/host-generic-pci.yaml,
// firmware/qemu,fw-cfg-mmio.yaml. Names and values are those that drivers and firmware
// know from QEMU's machine; a device that isn't there has no node.
#include "hw/riscv/virt.h"

#include <assert.h>
#include <inttypes.h>
#include <libfdt.h>
#include <string.h>

#include "hw/intc/riscv-aclint.h"
#include "hw/pci/pci.h"

enum { PHANDLE_PLIC = 1, PHANDLE_TEST = 2, PHANDLE_HART0 = 3 }; // two a hart: cpu, its intc
enum { IRQ_M_SOFT = 3, IRQ_M_TIMER = 7, IRQ_S_EXT = 9, IRQ_M_EXT = 11 };

static uint32_t phandle_cpu(unsigned hart) { return PHANDLE_HART0 + 2 * hart; }
static uint32_t phandle_intc(unsigned hart) { return PHANDLE_HART0 + 2 * hart + 1; }

// A tree being written; after the first failure the rest does nothing.
typedef struct Fdt {
    void *blob;
    int error; // libfdt's, 0: none
} Fdt;

static void note(Fdt *fdt, int result)
{
    if (fdt->error == 0 && result < 0) {
        fdt->error = result;
    }
}

static void node_begin(Fdt *fdt, const char *name) { note(fdt, fdt_begin_node(fdt->blob, name)); }
static void node_end(Fdt *fdt) { note(fdt, fdt_end_node(fdt->blob)); }

static void prop_bytes(Fdt *fdt, const char *name, const void *value, size_t len)
{
    note(fdt, fdt_property(fdt->blob, name, value, (int)len));
}

// `value` may hold several strings, separated by NULs: len counts all but the last NUL.
static void prop_strings(Fdt *fdt, const char *name, const char *value, size_t len)
{
    prop_bytes(fdt, name, value, len + 1);
}

static void prop_string(Fdt *fdt, const char *name, const char *value)
{
    prop_strings(fdt, name, value, strlen(value));
}

// The longest properties: what a controller drives, four cells a hart; PCI's interrupt map.
enum { PCI_MAP_SLOTS = 4, PCI_MAP_CELLS = 6, PCI_MAP_MAX = PCI_MAP_SLOTS * PCI_PINS * PCI_MAP_CELLS,
       CELLS_MAX = 4 * VIRT_HARTS_MAX > PCI_MAP_MAX ? 4 * VIRT_HARTS_MAX : PCI_MAP_MAX };

static void prop_cells(Fdt *fdt, const char *name, const uint32_t *cells, size_t n)
{
    uint32_t be[CELLS_MAX];
    assert(n <= G_N_ELEMENTS(be));
    for (size_t i = 0; i < n; i++) {
        be[i] = cpu_to_fdt32(cells[i]);
    }
    prop_bytes(fdt, name, be, 4 * n);
}

static void prop_cell(Fdt *fdt, const char *name, uint32_t cell)
{
    prop_cells(fdt, name, &cell, 1);
}

static void prop_reg(Fdt *fdt, uint64_t base, uint64_t size)
{
    uint32_t cells[] = {(uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32),
                        (uint32_t)size};
    prop_cells(fdt, "reg", cells, 4);
}

static void cpu_nodes(Fdt *fdt, const MachineConfig *config)
{
    char name[32];
    node_begin(fdt, "cpus");
    prop_cell(fdt, "#address-cells", 1);
    prop_cell(fdt, "#size-cells", 0);
    prop_cell(fdt, "timebase-frequency", ACLINT_HZ);
    for (unsigned hart = 0; hart < config->ncpus; hart++) {
        g_snprintf(name, sizeof name, "cpu@%x", hart);
        node_begin(fdt, name);
        prop_cell(fdt, "phandle", phandle_cpu(hart));
        prop_string(fdt, "device_type", "cpu");
        prop_cell(fdt, "reg", hart);
        prop_string(fdt, "status", "okay");
        prop_string(fdt, "compatible", "riscv");
        prop_string(fdt, "riscv,isa", config->cpu_isa);
        if (config->cpu_mmu) {
            prop_string(fdt, "mmu-type", config->cpu_mmu);
        }
        for (const FdtProp *prop = config->cpu_fdt; prop && prop->name; prop++) {
            prop_bytes(fdt, prop->name, prop->bytes, prop->len);
        }
        node_begin(fdt, "interrupt-controller");
        prop_cell(fdt, "#interrupt-cells", 1);
        prop_bytes(fdt, "interrupt-controller", NULL, 0);
        prop_string(fdt, "compatible", "riscv,cpu-intc");
        prop_cell(fdt, "phandle", phandle_intc(hart));
        node_end(fdt);
        node_end(fdt);
    }
    node_begin(fdt, "cpu-map");
    node_begin(fdt, "cluster0");
    for (unsigned hart = 0; hart < config->ncpus; hart++) {
        g_snprintf(name, sizeof name, "core%u", hart);
        node_begin(fdt, name);
        prop_cell(fdt, "cpu", phandle_cpu(hart));
        node_end(fdt);
    }
    node_end(fdt);
    node_end(fdt);
    node_end(fdt);
}

// Which interrupts of each hart a controller drives: pairs (intc of the hart, cause).
static void prop_harts(Fdt *fdt, const MachineConfig *config, uint32_t cause0, uint32_t cause1)
{
    uint32_t cells[4 * VIRT_HARTS_MAX];
    for (unsigned hart = 0; hart < config->ncpus; hart++) {
        cells[4 * hart] = cells[4 * hart + 2] = phandle_intc(hart);
        cells[4 * hart + 1] = cause0;
        cells[4 * hart + 3] = cause1;
    }
    prop_cells(fdt, "interrupts-extended", cells, 4 * config->ncpus);
}

// Which PLIC source the pin of each slot (modulo 4) ends at, and the bridge's three windows.
static void pci_props(Fdt *fdt, const MachineConfig *config)
{
    enum { SPACE_IO = 0x01000000, SPACE_MEM32 = 0x02000000, SPACE_MEM64 = 0x03000000 };
    static const uint32_t bus_range[] = {0, 0xff}, mask[] = {(PCI_MAP_SLOTS - 1) << 11, 0, 0, 7};
    uint32_t map[PCI_MAP_MAX] = {0};
    GpexWindow window[GPEX_WINDOWS];
    for (unsigned i = 0; i < PCI_MAP_SLOTS * PCI_PINS; i++) {
        uint32_t *cells = map + PCI_MAP_CELLS * i;
        unsigned slot = i / PCI_PINS, pin = i % PCI_PINS;
        cells[0] = slot << 11;
        cells[3] = pin + 1;
        cells[4] = PHANDLE_PLIC;
        cells[5] = VIRT_PCI_IRQ + (slot + pin) % PCI_PINS;
    }
    virt_pci_windows(config, window);
    const GpexWindow *pio = &window[GPEX_PIO], *low = &window[GPEX_MMIO];
    const GpexWindow *high = &window[GPEX_MMIO_HIGH];
    const uint32_t ranges[] = {
        SPACE_IO, 0, 0, 0, (uint32_t)pio->gpa, 0, (uint32_t)pio->size_bytes,
        SPACE_MEM32, 0, (uint32_t)low->gpa, 0, (uint32_t)low->gpa, 0, (uint32_t)low->size_bytes,
        SPACE_MEM64, (uint32_t)(high->gpa >> 32), (uint32_t)high->gpa, (uint32_t)(high->gpa >> 32),
        (uint32_t)high->gpa, (uint32_t)(high->size_bytes >> 32), (uint32_t)high->size_bytes,
    };
    prop_string(fdt, "device_type", "pci");
    prop_cell(fdt, "#address-cells", 3);
    prop_cell(fdt, "#interrupt-cells", 1);
    prop_cell(fdt, "#size-cells", 2);
    prop_cell(fdt, "linux,pci-domain", 0);
    prop_cells(fdt, "bus-range", bus_range, 2);
    prop_bytes(fdt, "dma-coherent", NULL, 0);
    prop_cells(fdt, "ranges", ranges, G_N_ELEMENTS(ranges));
    prop_cells(fdt, "interrupt-map", map, G_N_ELEMENTS(map));
    prop_cells(fdt, "interrupt-map-mask", mask, 4);
}

// What a device's node has beside reg and interrupts.
static void device_props(Fdt *fdt, const VirtRow *row, const MachineConfig *config)
{
    static const char clint[] = "sifive,clint0\0riscv,clint0";
    static const char plic[] = "sifive,plic-1.0.0\0riscv,plic0";
    static const char test[] = "sifive,test1\0sifive,test0\0syscon";
    const DeviceType *type = device_type_find(row->type);
    if (g_str_equal(row->node, "clint")) {
        prop_strings(fdt, "compatible", clint, sizeof clint - 1);
        prop_harts(fdt, config, IRQ_M_SOFT, IRQ_M_TIMER);
    } else if (g_str_equal(row->node, "plic")) {
        prop_cell(fdt, "phandle", PHANDLE_PLIC);
        prop_strings(fdt, "compatible", plic, sizeof plic - 1);
        prop_harts(fdt, config, IRQ_M_EXT, IRQ_S_EXT);
        prop_bytes(fdt, "interrupt-controller", NULL, 0);
        prop_cell(fdt, "#address-cells", 0);
        prop_cell(fdt, "#interrupt-cells", 1);
        prop_cell(fdt, "riscv,ndev", 96);
    } else if (g_str_equal(row->node, "test")) {
        prop_cell(fdt, "phandle", PHANDLE_TEST);
        prop_strings(fdt, "compatible", test, sizeof test - 1);
    } else {
        prop_string(fdt, "compatible", type->compatible);
        if (g_str_equal(row->node, "serial")) {
            prop_cell(fdt, "clock-frequency", 3686400);
        } else if (g_str_equal(row->node, "fw-cfg")) {
            prop_bytes(fdt, "dma-coherent", NULL, 0);
        } else if (g_str_equal(row->node, "pci")) {
            pci_props(fdt, config);
        }
    }
}

static void row_nodes(Fdt *fdt, const VirtRow *row, const MachineConfig *config)
{
    for (unsigned n = 0; n < row->count; n++) {
        char name[48];
        uint64_t base = row->base + n * row->stride_bytes;
        g_snprintf(name, sizeof name, "%s@%" PRIx64, row->node, base);
        node_begin(fdt, name);
        prop_reg(fdt, base, row->reg_bytes);
        if (row->irq >= 0) {
            prop_cell(fdt, "interrupts", (uint32_t)row->irq + n);
            prop_cell(fdt, "interrupt-parent", PHANDLE_PLIC);
        }
        device_props(fdt, row, config);
        node_end(fdt);
    }
}

// Firmware looks for fw-cfg at the root, and for the rest below /soc.
static bool at_root(const VirtRow *row) { return g_str_equal(row->node, "fw-cfg"); }

static void all_row_nodes(Fdt *fdt, const MachineConfig *config, bool root)
{
    for (unsigned i = 0; i < virt_nrows; i++) {
        if (at_root(&virt_rows[i]) == root) {
            row_nodes(fdt, &virt_rows[i], config);
        }
    }
}

static void soc_nodes(Fdt *fdt, const MachineConfig *config)
{
    node_begin(fdt, "soc");
    prop_cell(fdt, "#address-cells", 2);
    prop_cell(fdt, "#size-cells", 2);
    prop_string(fdt, "compatible", "simple-bus");
    prop_bytes(fdt, "ranges", NULL, 0);
    all_row_nodes(fdt, config, false);
    node_end(fdt);
}

static void syscon_node(Fdt *fdt, const char *name, const char *compatible, uint32_t value)
{
    node_begin(fdt, name);
    prop_string(fdt, "compatible", compatible);
    prop_cell(fdt, "regmap", PHANDLE_TEST);
    prop_cell(fdt, "offset", 0);
    prop_cell(fdt, "value", value);
    node_end(fdt);
}

void *virt_fdt_new(const MachineConfig *config, Error *err)
{
    char name[32];
    Fdt fdt = {.blob = g_malloc0(VIRT_FDT_BYTES_MAX)};
    note(&fdt, fdt_create(fdt.blob, VIRT_FDT_BYTES_MAX));
    note(&fdt, fdt_finish_reservemap(fdt.blob));
    node_begin(&fdt, "");
    prop_cell(&fdt, "#address-cells", 2);
    prop_cell(&fdt, "#size-cells", 2);
    prop_string(&fdt, "compatible", "riscv-virtio");
    prop_string(&fdt, "model", "riscv-virtio,qemu");
    cpu_nodes(&fdt, config);
    g_snprintf(name, sizeof name, "memory@%x", VIRT_RAM_GPA);
    node_begin(&fdt, name);
    prop_string(&fdt, "device_type", "memory");
    prop_reg(&fdt, VIRT_RAM_GPA, config->ram_bytes);
    node_end(&fdt);
    all_row_nodes(&fdt, config, true);
    soc_nodes(&fdt, config);
    syscon_node(&fdt, "poweroff", "syscon-poweroff", 0x5555);
    syscon_node(&fdt, "reboot", "syscon-reboot", 0x7777);
    node_begin(&fdt, "chosen");
    prop_string(&fdt, "stdout-path", "/soc/serial@10000000");
    node_end(&fdt);
    node_end(&fdt);
    note(&fdt, fdt_finish(fdt.blob));
    note(&fdt, fdt_open_into(fdt.blob, fdt.blob, VIRT_FDT_BYTES_MAX));
    if (fdt.error) {
        g_free(fdt.blob);
        fail(err, "cannot make the device tree: %s", fdt_strerror(fdt.error));
        return NULL;
    }
    return fdt.blob;
}

void *virt_fdt_open(const uint8_t *dtb, uint64_t len, Error *err)
{
    if (len > VIRT_FDT_BYTES_MAX / 2 || fdt_check_full(dtb, len) != 0) {
        fail(err, "the device tree is damaged or larger than %d KiB", VIRT_FDT_BYTES_MAX / 2048);
        return NULL;
    }
    void *blob = g_malloc0(VIRT_FDT_BYTES_MAX);
    int result = fdt_open_into(dtb, blob, VIRT_FDT_BYTES_MAX);
    if (result < 0) {
        g_free(blob);
        fail(err, "cannot use the device tree: %s", fdt_strerror(result));
        return NULL;
    }
    return blob;
}

bool virt_fdt_choose(void *blob, const char *cmdline, uint64_t initrd_gpa, uint64_t initrd_bytes,
                     const uint8_t seed[32], Error *err)
{
    Fdt fdt = {.blob = blob};
    int chosen = fdt_path_offset(blob, "/chosen");
    if (chosen < 0) {
        chosen = fdt_add_subnode(blob, 0, "chosen");
    }
    note(&fdt, chosen);
    if (cmdline && *cmdline && !fdt.error) {
        note(&fdt, fdt_setprop(blob, chosen, "bootargs", cmdline, (int)strlen(cmdline) + 1));
    }
    if (initrd_bytes && !fdt.error) {
        note(&fdt, fdt_setprop_u64(blob, chosen, "linux,initrd-start", initrd_gpa));
        note(&fdt, fdt_setprop_u64(blob, chosen, "linux,initrd-end", initrd_gpa + initrd_bytes));
    }
    if (!fdt.error) {
        note(&fdt, fdt_setprop(blob, chosen, "rng-seed", seed, 32));
        note(&fdt, fdt_pack(blob));
    }
    if (fdt.error) {
        return fail(err, "cannot complete the device tree: %s", fdt_strerror(fdt.error));
    }
    return true;
}
