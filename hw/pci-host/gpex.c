// SPDX-License-Identifier: GPL-2.0-or-later
// gpex: a generic PCI Express host bridge, with configuration space in memory (ECAM), two windows of
// memory and one of I/O space, and four interrupt lines.
//
// Spec: PCI Express Base 2.0, 7.2.2 (ECAM); Linux
// Documentation/devicetree/bindings/pci/host-generic-pci.yaml. Its own function at 00:00.0 has no
// registers. What no function decodes reads as ones. Not modelled: message-signalled interrupts to
// anything but RAM (a machine with a controller for them brings its own hook), peer-to-peer access.
#include "hw/pci-host/gpex.h"

#include "hw/pci/pci.h"

typedef struct Gpex {
    Device dev;
    PciBus bus;
    GpexWindow window[GPEX_WINDOWS];
} Gpex;

typedef struct GpexRoot { // the host bridge as a function on its own bus
    PciDevice pci;
    struct GpexRootState {
        PciState p;
    } s;
} GpexRoot;

// ---- configuration space: bus 27:20, slot 19:15, function 14:12, register 11:0 ----

static uint64_t ecam_read(Device *dev, uint64_t reg, unsigned size)
{
    return pci_config_read(&((Gpex *)dev)->bus, (unsigned)(reg >> 12), reg & 0xfff, size);
}

static void ecam_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    pci_config_write(&((Gpex *)dev)->bus, (unsigned)(reg >> 12), reg & 0xfff, size, (uint32_t)value);
}

// ---- windows, where no BAR covers them ----

static uint64_t empty_read(Device *dev, uint64_t reg, unsigned size) { return UINT64_MAX; }
static void empty_write(Device *dev, uint64_t reg, uint64_t value, unsigned size) {}

static const MmioRegion mmio[GPEX_WINDOWS] = {
    [GPEX_ECAM] = {.name = "pcie-mmcfg-mmio", .size_bytes = 0x10000000, .access_min = 1,
                   .access_max = 4, .read = ecam_read, .write = ecam_write},
    [GPEX_MMIO] = {.name = "gpex_mmio_window", .size_bytes = 0x40000000, .access_min = 1,
                   .access_max = 8, .read = empty_read, .write = empty_write},
    [GPEX_MMIO_HIGH] = {.name = "gpex_mmio_high_window", .size_bytes = 0x400000000,
                        .access_min = 1, .access_max = 8, .read = empty_read,
                        .write = empty_write},
    [GPEX_PIO] = {.name = "gpex_ioport_window", .size_bytes = 0x10000, .access_min = 1,
                  .access_max = 4, .read = empty_read, .write = empty_write},
};

void gpex_place(Device *dev, const GpexWindow window[GPEX_WINDOWS])
{
    Gpex *gpex = (Gpex *)dev;
    for (unsigned i = 0; i < GPEX_WINDOWS; i++) {
        gpex->window[i] = window[i];
        if (window[i].size_bytes) {
            memory_add_mmio(dev->machine, window[i].gpa, dev, i, 0);
        }
    }
    dev->mmio_base = window[GPEX_ECAM].gpa;
}

static bool inside(const GpexWindow *window, uint64_t base, uint64_t size_bytes)
{
    return size_bytes <= window->size_bytes && base >= window->gpa &&
           base - window->gpa <= window->size_bytes - size_bytes;
}

// ---- towards the functions ----

static PciBus *gpex_bus(Device *host) { return &((Gpex *)host)->bus; }

static bool gpex_window(Device *host, bool io, uint64_t base, uint64_t size_bytes, uint64_t *gpa)
{
    const GpexWindow *window = ((Gpex *)host)->window;
    *gpa = io ? base + window[GPEX_PIO].gpa : base;
    return io ? inside(&window[GPEX_PIO], *gpa, size_bytes)
              : inside(&window[GPEX_MMIO], base, size_bytes) ||
                    inside(&window[GPEX_MMIO_HIGH], base, size_bytes);
}

static void gpex_intx(Device *host, unsigned line, bool level) { irq_set(host, line, level); }

static const PciHost host = {.bus = gpex_bus, .window = gpex_window, .intx = gpex_intx};

static bool gpex_realize(Device *dev, Error *err)
{
    Gpex *gpex = (Gpex *)dev;
    pci_bus_init(&gpex->bus, dev, NULL, "pcie.0");
    return true;
}

static void gpex_unrealize(Device *dev) { pci_bus_fini(&((Gpex *)dev)->bus); }

// ---- its function ----

static bool root_realize(Device *dev, Error *err) { return pci_realize((PciDevice *)dev, err); }

static const Field fields[] = {PCI_FIELDS(struct GpexRootState)};

static const PciClass root_class = {
    .vendor = 0x1b36, .device = 0x0008, .subsystem_vendor = 0x1af4, .subsystem = 0x1100,
    .class_code = 0x060000,
};

const DeviceType device_gpex_root = {
    .name = "gpex-root",
    .desc = "QEMU generic PCIe host bridge",
    .bus = "PCI",
    .instance_size = sizeof(GpexRoot),
    .state_offset = offsetof(GpexRoot, s), .state_size = sizeof(struct GpexRootState),
    LIST(fields),
    .realize = root_realize, .reset = pci_reset, .loaded = pci_loaded,
    .class = &root_class,
};

const DeviceType device_gpex_pcihost = {
    .name = "gpex-pcihost",
    .desc = "generic PCI Express host bridge",
    .compatible = "pci-host-ecam-generic",
    .offers = "PCI",
    .instance_size = sizeof(Gpex),
    LIST(mmio),
    .realize = gpex_realize, .unrealize = gpex_unrealize,
    .provides = &host, .inner = &device_gpex_root,
};
