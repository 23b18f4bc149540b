// SPDX-License-Identifier: GPL-2.0-or-later
// virtio-pci: one virtio device as a PCI function.
//
// Spec: VIRTIO 1.1, section 4.1; with `disable-legacy=off` also the legacy interface of 4.1.4.8 in
// BAR 0 (a transitional device). Places of BARs, capabilities and structures, and the ids, are those
// that users know:
//     BAR 0 I/O  legacy registers          BAR 4 +0x0000 common configuration  +0x1000 ISR
//     BAR 1      MSI-X table, pending bits        +0x2000 device configuration +0x3000 notification
// A queue is notified at its number times 4. Interrupts are MSI-X messages once software enables
// them, else INTx. Not modelled: device reset by function level, VIRTIO 1.2's queue reset and
// notification data.
#include <string.h>

#include "core/options.h"
#include "hw/pci/pci.h"
#include "hw/virtio/virtio.h"

enum { BAR_LEGACY = 0, BAR_MSIX = 1, BAR_MODERN = 4 };
enum { REGION_MODERN, REGION_MSIX, REGION_LEGACY }; // of the types' MMIO regions
enum { AT_COMMON = 0x0000, AT_ISR = 0x1000, AT_DEVICE = 0x2000, AT_NOTIFY = 0x3000,
       AREA_BYTES = 0x1000, MODERN_BYTES = 0x4000, NOTIFY_MULTIPLIER = 4 };
enum { MSIX_BYTES = 0x1000, MSIX_PBA = 0x800, VECTOR_NONE = 0xffff };
enum { // common configuration, 4.1.4.3
    DEVICE_FEATURE_SELECT = 0x00, DEVICE_FEATURE = 0x04, DRIVER_FEATURE_SELECT = 0x08,
    DRIVER_FEATURE = 0x0c, MSIX_CONFIG = 0x10, NUM_QUEUES = 0x12, DEVICE_STATUS = 0x14,
    CONFIG_GENERATION = 0x15, QUEUE_SELECT = 0x16, QUEUE_SIZE = 0x18, QUEUE_MSIX_VECTOR = 0x1a,
    QUEUE_ENABLE = 0x1c, QUEUE_NOTIFY_OFF = 0x1e, QUEUE_DESC = 0x20, QUEUE_DRIVER = 0x28,
    QUEUE_DEVICE = 0x30, COMMON_BYTES = 0x38,
};
enum { // legacy registers, 4.1.4.8
    LEGACY_DEVICE_FEATURES = 0, LEGACY_DRIVER_FEATURES = 4, LEGACY_QUEUE_ADDRESS = 8,
    LEGACY_QUEUE_SIZE = 12, LEGACY_QUEUE_SELECT = 14, LEGACY_QUEUE_NOTIFY = 16,
    LEGACY_STATUS = 18, LEGACY_ISR = 19, LEGACY_CONFIG_VECTOR = 20, LEGACY_QUEUE_VECTOR = 22,
    LEGACY_CONFIG = 20, LEGACY_CONFIG_MSIX = 24, LEGACY_ALIGN = 4096,
};
enum { // capabilities, 4.1.4
    CAP_TYPE = 3, CAP_BAR = 4, CAP_OFFSET = 8, CAP_LENGTH = 12, CAP_BYTES = 16, CAP_MULTIPLIER = 16,
    CAP_DATA = 16, TYPE_COMMON = 1, TYPE_NOTIFY = 2, TYPE_ISR = 3, TYPE_DEVICE = 4, TYPE_PCI = 5,
};

static const Reg modern_regs[] = {
    {DEVICE_FEATURE_SELECT, "device_feature_select"}, {DEVICE_FEATURE, "device_feature"},
    {DRIVER_FEATURE_SELECT, "driver_feature_select"}, {DRIVER_FEATURE, "driver_feature"},
    {MSIX_CONFIG, "msix_config"}, {NUM_QUEUES, "num_queues"}, {DEVICE_STATUS, "device_status"},
    {CONFIG_GENERATION, "config_generation"}, {QUEUE_SELECT, "queue_select"},
    {QUEUE_SIZE, "queue_size"}, {QUEUE_MSIX_VECTOR, "queue_msix_vector"},
    {QUEUE_ENABLE, "queue_enable"}, {QUEUE_NOTIFY_OFF, "queue_notify_off"},
    {QUEUE_DESC, "queue_desc"}, {QUEUE_DESC + 4, "queue_desc+4"}, {QUEUE_DRIVER, "queue_driver"},
    {QUEUE_DRIVER + 4, "queue_driver+4"}, {QUEUE_DEVICE, "queue_device"},
    {QUEUE_DEVICE + 4, "queue_device+4"}, {AT_ISR, "isr"}, {AT_DEVICE, "config"},
    {AT_NOTIFY, "notify0"}, {AT_NOTIFY + 4, "notify1"}, {AT_NOTIFY + 8, "notify2"},
    {AT_NOTIFY + 12, "notify3"},
};
static const Reg legacy_regs[] = {
    {LEGACY_DEVICE_FEATURES, "device_features"}, {LEGACY_DRIVER_FEATURES, "driver_features"},
    {LEGACY_QUEUE_ADDRESS, "queue_address"}, {LEGACY_QUEUE_SIZE, "queue_size"},
    {LEGACY_QUEUE_SELECT, "queue_select"}, {LEGACY_QUEUE_NOTIFY, "queue_notify"},
    {LEGACY_STATUS, "status"}, {LEGACY_ISR, "isr"}, {LEGACY_CONFIG_VECTOR, "config_vector"},
    {LEGACY_QUEUE_VECTOR, "queue_vector"}, {LEGACY_CONFIG_MSIX, "config"},
};

typedef struct VirtioPci {
    PciDevice pci;
    VirtioDevice *vdev;       // NULL until it is plugged
    char *disable_legacy;     // auto, on, off
    bool disable_modern, legacy;
    uint32_t vectors;
    uint8_t pci_cap;          // capability for access through configuration space; 0: none
    struct VirtioPciState {
        PciState p;
        uint32_t device_feature_select, driver_feature_select;
        uint16_t queue_select, config_vector;
        uint16_t queue_vector[VIRTIO_QUEUES_MAX];
        uint8_t pad[4];
    } s;
} VirtioPci;

static const Field fields[] = {
    PCI_FIELDS(struct VirtioPciState),
    FIELD(struct VirtioPciState, device_feature_select),
    FIELD(struct VirtioPciState, driver_feature_select),
    FIELD(struct VirtioPciState, queue_select),
    FIELD(struct VirtioPciState, config_vector),
    FIELD_ARRAY(struct VirtioPciState, queue_vector),
    FIELD(struct VirtioPciState, pad),
};

// ---- the selected queue ----

static VirtQueue *selected_queue(const VirtioPci *v)
{
    return v->s.queue_select < virtio_queues(v->vdev) ? &v->vdev->v->queue[v->s.queue_select] : NULL;
}

// A vector that can't be had reads back as none, 4.1.5.1.2.
static uint16_t usable_vector(const VirtioPci *v, uint32_t value)
{
    return value < v->pci.vectors ? (uint16_t)value : VECTOR_NONE;
}

// ---- common configuration ----

static uint32_t common_queue_get(const VirtioPci *v, unsigned reg)
{
    const VirtQueue *q = selected_queue(v);
    if (!q) {
        return reg == QUEUE_MSIX_VECTOR ? VECTOR_NONE : 0;
    }
    switch (reg) {
    case QUEUE_SIZE:        return q->size;
    case QUEUE_MSIX_VECTOR: return v->s.queue_vector[v->s.queue_select];
    case QUEUE_ENABLE:      return q->ready;
    case QUEUE_NOTIFY_OFF:  return v->s.queue_select;
    case QUEUE_DESC:        return (uint32_t)q->desc_gpa;
    case QUEUE_DESC + 4:    return (uint32_t)(q->desc_gpa >> 32);
    case QUEUE_DRIVER:      return (uint32_t)q->avail_gpa;
    case QUEUE_DRIVER + 4:  return (uint32_t)(q->avail_gpa >> 32);
    case QUEUE_DEVICE:      return (uint32_t)q->used_gpa;
    case QUEUE_DEVICE + 4:  return (uint32_t)(q->used_gpa >> 32);
    }
    return 0;
}

// The register that begins at `reg`.
static uint32_t common_get(const VirtioPci *v, unsigned reg)
{
    const VirtioState *state = v->vdev->v;
    uint64_t features = virtio_features(v->vdev);
    switch (reg) {
    case DEVICE_FEATURE_SELECT: return v->s.device_feature_select;
    case DEVICE_FEATURE:
        return v->s.device_feature_select < 2
                   ? (uint32_t)(features >> 32 * v->s.device_feature_select)
                   : 0;
    case DRIVER_FEATURE_SELECT: return v->s.driver_feature_select;
    case DRIVER_FEATURE:
        return v->s.driver_feature_select < 2
                   ? (uint32_t)(state->driver_features >> 32 * v->s.driver_feature_select)
                   : 0;
    case MSIX_CONFIG:       return v->s.config_vector;
    case NUM_QUEUES:        return virtio_queues(v->vdev);
    case DEVICE_STATUS:     return state->status;
    case CONFIG_GENERATION: return (uint8_t)state->config_generation;
    case QUEUE_SELECT:      return v->s.queue_select;
    }
    return common_queue_get(v, reg);
}

static unsigned common_size(unsigned reg)
{
    return reg == DEVICE_STATUS || reg == CONFIG_GENERATION       ? 1
           : reg >= MSIX_CONFIG && reg < QUEUE_DESC && reg % 2 == 0 ? 2
           : reg < COMMON_BYTES && reg % 4 == 0                     ? 4
                                                                    : 0;
}

// 4.1.3.1: a driver accesses each register with its own size; anything else is its fault.
static uint64_t common_read(const VirtioPci *v, uint64_t reg, unsigned size)
{
    if (reg >= COMMON_BYTES || common_size((unsigned)reg) != size) {
        guest_error((Device *)v, "%u-byte read of common configuration 0x%x", size, (unsigned)reg);
        return 0;
    }
    return common_get(v, (unsigned)reg);
}

static void common_queue_write(VirtioPci *v, unsigned reg, uint32_t value)
{
    VirtQueue *q = selected_queue(v);
    unsigned queue = v->s.queue_select;
    if (!q || (q->ready && reg != QUEUE_MSIX_VECTOR)) {
        guest_error((Device *)v, "write to 0x%x of queue %u, which is absent or enabled", reg, queue);
        return;
    }
    switch (reg) {
    case QUEUE_SIZE:        virtio_set_queue_size(v->vdev, queue, value); break;
    case QUEUE_MSIX_VECTOR: v->s.queue_vector[queue] = usable_vector(v, value); break;
    case QUEUE_ENABLE: // 4.1.4.3.2: 0 isn't written
        if (value == 1) {
            virtio_set_queue_ready(v->vdev, queue, true);
        }
        break;
    case QUEUE_DESC:
    case QUEUE_DESC + 4:    virtio_set_half(&q->desc_gpa, reg & 4, value); break;
    case QUEUE_DRIVER:
    case QUEUE_DRIVER + 4:  virtio_set_half(&q->avail_gpa, reg & 4, value); break;
    case QUEUE_DEVICE:
    case QUEUE_DEVICE + 4:  virtio_set_half(&q->used_gpa, reg & 4, value); break;
    }
}

static void common_write(VirtioPci *v, uint64_t reg, uint32_t value, unsigned size)
{
    if (reg >= COMMON_BYTES || common_size((unsigned)reg) != size) {
        guest_error((Device *)v, "%u-byte write to common configuration 0x%x", size,
                    (unsigned)reg);
        return;
    }
    switch (reg) {
    case DEVICE_FEATURE_SELECT: v->s.device_feature_select = value; return;
    case DRIVER_FEATURE_SELECT: v->s.driver_feature_select = value; return;
    case DRIVER_FEATURE:
        virtio_set_driver_features(v->vdev, v->s.driver_feature_select, value);
        return;
    case MSIX_CONFIG:   v->s.config_vector = usable_vector(v, value); return;
    case DEVICE_STATUS: virtio_set_status(v->vdev, (uint8_t)value); return;
    case QUEUE_SELECT:  v->s.queue_select = (uint16_t)value; return;
    case DEVICE_FEATURE:
    case NUM_QUEUES:
    case CONFIG_GENERATION:
    case QUEUE_NOTIFY_OFF:
        guest_error((Device *)v, "write to read-only common configuration 0x%x", (unsigned)reg);
        return;
    }
    common_queue_write(v, (unsigned)reg, value);
}

// ---- BAR 4 ----

static uint8_t take_isr(VirtioPci *v) // 4.1.4.5: reading it clears it
{
    uint8_t isr = v->vdev->v->isr;
    virtio_ack_isr(v->vdev, isr);
    return isr;
}

static uint64_t modern_read(Device *dev, uint64_t reg, unsigned size)
{
    VirtioPci *v = (VirtioPci *)dev;
    uint64_t at = reg % AREA_BYTES;
    switch (reg - at) {
    case AT_COMMON: return common_read(v, at, size);
    case AT_ISR:    return at == 0 ? take_isr(v) : 0;
    case AT_DEVICE: return virtio_config_read(v->vdev, at, size);
    }
    return 0; // notifications are write-only
}

static void modern_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    VirtioPci *v = (VirtioPci *)dev;
    uint64_t at = reg % AREA_BYTES;
    switch (reg - at) {
    case AT_COMMON: common_write(v, at, (uint32_t)value, size); break;
    case AT_DEVICE: virtio_config_write(v->vdev, at, size, value); break;
    case AT_NOTIFY: virtio_notify(v->vdev, (unsigned)(at / NOTIFY_MULTIPLIER)); break;
    }
}

// ---- BAR 0, legacy ----

static uint64_t legacy_config(const VirtioPci *v)
{
    return pci_msix_enabled(&v->pci) ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG;
}

static uint64_t legacy_read(Device *dev, uint64_t reg, unsigned size)
{
    VirtioPci *v = (VirtioPci *)dev;
    const VirtQueue *q = selected_queue(v);
    if (reg >= legacy_config(v)) {
        return virtio_config_read(v->vdev, reg - legacy_config(v), size);
    }
    switch (reg) {
    case LEGACY_DEVICE_FEATURES: return virtio_legacy_features(v->vdev);
    case LEGACY_DRIVER_FEATURES: return (uint32_t)v->vdev->v->driver_features;
    case LEGACY_QUEUE_ADDRESS:   return q && q->ready ? q->desc_gpa / LEGACY_ALIGN : 0;
    case LEGACY_QUEUE_SIZE:      return q ? virtio_class(v->vdev)->queue_size : 0;
    case LEGACY_QUEUE_SELECT:    return v->s.queue_select;
    case LEGACY_STATUS:          return v->vdev->v->status;
    case LEGACY_ISR:             return take_isr(v);
    case LEGACY_CONFIG_VECTOR:   return v->s.config_vector;
    case LEGACY_QUEUE_VECTOR:    return q ? v->s.queue_vector[v->s.queue_select] : VECTOR_NONE;
    }
    guest_error(dev, "%u-byte read of legacy register %u", size, (unsigned)reg);
    return 0;
}

static void legacy_set_queue(VirtioPci *v, uint32_t page)
{
    if (page == 0) { // drivers reset a device by it
        virtio_set_status(v->vdev, 0);
    } else if (selected_queue(v)) {
        virtio_set_queue_rings(v->vdev, v->s.queue_select, (uint64_t)page * LEGACY_ALIGN,
                               LEGACY_ALIGN);
    }
}

static void legacy_write(Device *dev, uint64_t reg, uint64_t value64, unsigned size)
{
    VirtioPci *v = (VirtioPci *)dev;
    uint32_t value = (uint32_t)value64;
    if (reg >= legacy_config(v)) {
        virtio_config_write(v->vdev, reg - legacy_config(v), size, value);
        return;
    }
    switch (reg) {
    case LEGACY_DRIVER_FEATURES: virtio_set_driver_features(v->vdev, 0, value); return;
    case LEGACY_QUEUE_ADDRESS:   legacy_set_queue(v, value); return;
    case LEGACY_QUEUE_SELECT:    v->s.queue_select = (uint16_t)value; return;
    case LEGACY_QUEUE_NOTIFY:    virtio_notify(v->vdev, value); return;
    case LEGACY_STATUS:          virtio_set_status(v->vdev, (uint8_t)value); return;
    case LEGACY_CONFIG_VECTOR:   v->s.config_vector = usable_vector(v, value); return;
    case LEGACY_QUEUE_VECTOR:
        if (selected_queue(v)) {
            v->s.queue_vector[v->s.queue_select] = usable_vector(v, value);
        }
        return;
    }
    guest_error(dev, "%u-byte write to legacy register %u", size, (unsigned)reg);
}

// ---- BAR 1 ----

static uint64_t msix_read(Device *dev, uint64_t reg, unsigned size)
{
    return pci_msix_region_read((PciDevice *)dev, reg, MSIX_PBA);
}

static void msix_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    pci_msix_region_write((PciDevice *)dev, reg, (uint32_t)value);
}

// ---- access through configuration space, 4.1.4.7 ----

// The window that software has set up; NULL: it leaves its BAR, or none of ours.
static const MmioRegion *window_region(VirtioPci *v, uint32_t *offset, unsigned *size)
{
    unsigned bar = pci_get(&v->pci, v->pci_cap + CAP_BAR, 1);
    *offset = pci_get(&v->pci, v->pci_cap + CAP_OFFSET, 4);
    *size = pci_get(&v->pci, v->pci_cap + CAP_LENGTH, 4);
    if (bar >= PCI_BARS || v->pci.bars[bar].kind == PCI_BAR_NONE ||
        (*size != 1 && *size != 2 && *size != 4)) {
        return NULL;
    }
    const MmioRegion *region = &v->pci.dev.type->mmio[v->pci.bars[bar].region];
    bool fits = *offset % *size == 0 && *offset < region->size_bytes && *size >= region->access_min;
    return fits ? region : NULL;
}

static bool touches_window(const VirtioPci *v, unsigned reg, unsigned size)
{
    unsigned at = v->pci_cap + CAP_DATA;
    return v->pci_cap && reg < at + 4 && reg + size > at;
}

static void config_reads(PciDevice *pci, unsigned reg, unsigned size)
{
    VirtioPci *v = (VirtioPci *)pci;
    uint32_t offset;
    unsigned length;
    if (touches_window(v, reg, size)) {
        const MmioRegion *region = window_region(v, &offset, &length);
        if (region) {
            pci_put(pci, v->pci_cap + CAP_DATA, length,
                    (uint32_t)region->read(&pci->dev, offset, length));
        }
    }
}

static void config_written(PciDevice *pci, unsigned reg, unsigned size)
{
    VirtioPci *v = (VirtioPci *)pci;
    uint32_t offset;
    unsigned length;
    if (touches_window(v, reg, size)) {
        const MmioRegion *region = window_region(v, &offset, &length);
        if (region) {
            region->write(&pci->dev, offset, pci_get(pci, v->pci_cap + CAP_DATA, length), length);
        }
    }
    if (v->vdev && reg + size > PCI_COMMAND) { // messages may have been switched
        virtio_transport(v->vdev)->interrupt(&pci->dev);
    }
}

// ---- towards the virtio device ----

static void pci_interrupt(Device *transport)
{
    VirtioPci *v = (VirtioPci *)transport;
    pci_set_intx(&v->pci, v->vdev->v->isr != 0 && !pci_msix_enabled(&v->pci));
}

static bool pci_message(Device *transport, unsigned source)
{
    VirtioPci *v = (VirtioPci *)transport;
    if (!pci_msix_enabled(&v->pci)) {
        return false;
    }
    pci_msix_notify(&v->pci, source == VIRTIO_SOURCE_CONFIG ? v->s.config_vector
                                                            : v->s.queue_vector[source]);
    return true;
}

static void pci_device_reset(Device *transport)
{
    VirtioPci *v = (VirtioPci *)transport;
    v->s.queue_select = 0;
    v->s.config_vector = VECTOR_NONE;
    memset(v->s.queue_vector, 0xff, sizeof v->s.queue_vector);
}

static bool pci_may_master(const Device *transport)
{
    return pci_masters((const PciDevice *)transport);
}

static void pci_plug(Device *transport, VirtioDevice *vdev)
{
    VirtioPci *v = (VirtioPci *)transport;
    v->vdev = vdev;
    vdev->legacy = v->legacy;
}

static const VirtioTransport transport = {
    .plug = pci_plug, .interrupt = pci_interrupt, .message = pci_message,
    .reset = pci_device_reset, .masters = pci_may_master,
};

// ---- making ----

static unsigned add_structure(VirtioPci *v, unsigned type, unsigned bar, uint32_t offset,
                              uint32_t length, unsigned extra)
{
    unsigned at = pci_add_capability(&v->pci, PCI_CAP_VENDOR, CAP_BYTES + extra);
    pci_initial(&v->pci, at + 2, 1, CAP_BYTES + extra);
    pci_initial(&v->pci, at + CAP_TYPE, 1, type);
    pci_initial(&v->pci, at + CAP_BAR, 1, bar);
    pci_initial(&v->pci, at + CAP_OFFSET, 4, offset);
    pci_initial(&v->pci, at + CAP_LENGTH, 4, length);
    return at;
}

static void add_structures(VirtioPci *v)
{
    add_structure(v, TYPE_COMMON, BAR_MODERN, AT_COMMON, AREA_BYTES, 0);
    add_structure(v, TYPE_ISR, BAR_MODERN, AT_ISR, AREA_BYTES, 0);
    add_structure(v, TYPE_DEVICE, BAR_MODERN, AT_DEVICE, AREA_BYTES, 0);
    unsigned at = add_structure(v, TYPE_NOTIFY, BAR_MODERN, AT_NOTIFY, AREA_BYTES, 4);
    pci_initial(&v->pci, at + CAP_MULTIPLIER, 4, NOTIFY_MULTIPLIER);
    at = add_structure(v, TYPE_PCI, 0, 0, 0, 4);
    pci_writable(&v->pci, at + CAP_BAR, 1, 0xff);
    pci_writable(&v->pci, at + CAP_OFFSET, 4, UINT32_MAX);
    pci_writable(&v->pci, at + CAP_LENGTH, 4, UINT32_MAX);
    pci_writable(&v->pci, at + CAP_DATA, 4, UINT32_MAX);
    v->pci_cap = (uint8_t)at;
}

static bool choose_interfaces(VirtioPci *v, Error *err)
{
    const char *text = v->disable_legacy;
    bool disable = false; // auto: off, since all buses here have I/O space
    if (!g_str_equal(text, "auto") && !parse_bool("disable-legacy", text, &disable, err)) {
        return fail(err, "Parameter 'disable-legacy' does not accept value '%s'", text);
    }
    v->legacy = !disable;
    return (v->legacy || !v->disable_modern) ||
           fail(err, "device cannot work as neither modern nor legacy mode is enabled");
}

// The ids of transitional devices are 0x1000 and up in the order in which kinds were invented; the
// modern ones follow from the kind (4.1.2).
static void set_ids(VirtioPci *v)
{
    uint16_t kind = ((const VirtioClass *)v->pci.dev.type->inner->class)->device_id;
    if (!v->legacy) {
        pci_initial(&v->pci, PCI_DEVICE_ID, 2, 0x1040u + kind);
        pci_initial(&v->pci, PCI_REVISION, 1, 1);
    } else {
        pci_initial(&v->pci, PCI_SUBSYSTEM, 2, kind);
        pci_initial(&v->pci, PCI_SUBSYSTEM_VENDOR, 2, 0x1af4);
    }
}

static bool virtio_pci_realize(Device *dev, Error *err)
{
    VirtioPci *v = (VirtioPci *)dev;
    const PciClass *class = dev->type->class;
    if (!choose_interfaces(v, err)) {
        return false;
    }
    memcpy(v->pci.bars, class->bars, sizeof v->pci.bars);
    if (!v->legacy) {
        v->pci.bars[BAR_LEGACY].kind = PCI_BAR_NONE;
    }
    if (v->disable_modern) {
        v->pci.bars[BAR_MODERN].kind = PCI_BAR_NONE;
    }
    if (v->vectors == UINT32_MAX) {
        v->vectors = virtio_queues((const VirtioDevice *)dev->inner) + 1;
    }
    if (v->vectors == 0) {
        v->pci.bars[BAR_MSIX].kind = PCI_BAR_NONE;
    }
    if (!pci_realize(&v->pci, err)) {
        return false;
    }
    set_ids(v);
    if (!v->disable_modern) {
        add_structures(v);
    }
    return v->vectors == 0 || pci_msix_init(&v->pci, v->vectors, BAR_MSIX, MSIX_PBA, err);
}

// ---- the types ----

#define VECTORS_AUTO "4294967295"

#define VIRTIO_PCI_PROPS(vectors_default) \
    PCI_PROPS(VirtioPci, pci), \
    {"disable-legacy", "no interface for drivers before VIRTIO 1.0: on, off, auto", PROP_STRING, \
     offsetof(VirtioPci, disable_legacy), "auto"}, \
    {"disable-modern", "no interface for VIRTIO 1.0", PROP_BOOL, \
     offsetof(VirtioPci, disable_modern), "off"}, \
    {"vectors", "MSI-X vectors, 0: no MSI-X (default: one a queue and one)", PROP_U32, \
     offsetof(VirtioPci, vectors), \
     vectors_default}

#define VIRTIO_PCI_REGIONS(legacy_bytes) \
    [REGION_MODERN] = {.name = "virtio-pci-modern", .size_bytes = MODERN_BYTES, .access_min = 1, \
                       .access_max = 4, .read = modern_read, .write = modern_write, \
                       LIST_AS(regs, modern_regs)}, \
    [REGION_MSIX] = {.name = "msix", .size_bytes = MSIX_BYTES, .access_min = 4, .access_max = 4, \
                     .read = msix_read, .write = msix_write}, \
    [REGION_LEGACY] = {.name = "virtio-pci-legacy", .size_bytes = legacy_bytes, .access_min = 1, \
                       .access_max = 4, .read = legacy_read, .write = legacy_write, \
                       LIST_AS(regs, legacy_regs)}

#define VIRTIO_PCI_CLASS(device_id, code) \
    {.vendor = 0x1af4, .device = device_id, .subsystem_vendor = 0x1af4, .subsystem = 0x1100, \
     .class_code = code, .pin = 1, \
     .bars = {[BAR_LEGACY] = {PCI_BAR_IO, false, REGION_LEGACY}, \
              [BAR_MSIX] = {PCI_BAR_MEM32, false, REGION_MSIX}, \
              [BAR_MODERN] = {PCI_BAR_MEM64, true, REGION_MODERN}}, \
     .config_reads = config_reads, .config_written = config_written}

#define LIST_AS(member, array) .member = (array), .n##member = G_N_ELEMENTS(array)

// clang-format off
#define VIRTIO_PCI_TYPE(symbol, text, description, inner_type) \
    const DeviceType device_##symbol = { \
        .name = text, .desc = description, .bus = "PCI", .offers = "virtio", \
        .instance_size = sizeof(VirtioPci), \
        .state_offset = offsetof(VirtioPci, s), .state_size = sizeof(struct VirtioPciState), \
        LIST(fields), LIST_AS(props, symbol##_props), LIST_AS(mmio, symbol##_mmio), \
        .realize = virtio_pci_realize, .reset = pci_reset, .loaded = pci_loaded, \
        .class = &symbol##_class, .provides = &transport, .inner = &inner_type, \
    }
// clang-format on

extern const DeviceType device_virtio_blk_device, device_virtio_net_device,
    device_virtio_rng_device, device_virtio_serial_device;

static const Prop virtio_blk_pci_props[] = {VIRTIO_PCI_PROPS(VECTORS_AUTO)};
static const MmioRegion virtio_blk_pci_mmio[] = {VIRTIO_PCI_REGIONS(0x80)};
static const PciClass virtio_blk_pci_class = VIRTIO_PCI_CLASS(0x1001, 0x010000);
VIRTIO_PCI_TYPE(virtio_blk_pci, "virtio-blk-pci", "virtio disk on PCI", device_virtio_blk_device);

static const Prop virtio_net_pci_props[] = {VIRTIO_PCI_PROPS(VECTORS_AUTO)};
static const MmioRegion virtio_net_pci_mmio[] = {VIRTIO_PCI_REGIONS(0x20)};
static const PciClass virtio_net_pci_class = VIRTIO_PCI_CLASS(0x1000, 0x020000);
VIRTIO_PCI_TYPE(virtio_net_pci, "virtio-net-pci", "virtio network card on PCI",
                device_virtio_net_device);

static const Prop virtio_rng_pci_props[] = {VIRTIO_PCI_PROPS(VECTORS_AUTO)};
static const MmioRegion virtio_rng_pci_mmio[] = {VIRTIO_PCI_REGIONS(0x20)};
static const PciClass virtio_rng_pci_class = VIRTIO_PCI_CLASS(0x1005, 0x00ff00);
VIRTIO_PCI_TYPE(virtio_rng_pci, "virtio-rng-pci", "virtio random number generator on PCI",
                device_virtio_rng_device);

static const Prop virtio_serial_pci_props[] = {VIRTIO_PCI_PROPS("2")};
static const MmioRegion virtio_serial_pci_mmio[] = {VIRTIO_PCI_REGIONS(0x40)};
static const PciClass virtio_serial_pci_class = VIRTIO_PCI_CLASS(0x1003, 0x078000);
VIRTIO_PCI_TYPE(virtio_serial_pci, "virtio-serial-pci", "virtio serial ports on PCI",
                device_virtio_serial_device);
