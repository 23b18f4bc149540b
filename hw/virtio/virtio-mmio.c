// SPDX-License-Identifier: GPL-2.0-or-later
// virtio-mmio: the memory-mapped transport of one virtio device.
//
// Spec: VIRTIO 1.1, section 4.2; with `force-legacy` the layout of 4.2.4 (version 1) instead of
// version 2. An empty transport has DeviceID 0 and nothing else. A notification is worked on at
// once, within the guest's write: in virtual time devices are fast.
// Not modelled: shared memory regions.
#include "hw/virtio/virtio.h"

enum {
    MAGIC = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, VENDOR_ID = 0x00c,
    DEVICE_FEATURES = 0x010, DEVICE_FEATURES_SEL = 0x014,
    DRIVER_FEATURES = 0x020, DRIVER_FEATURES_SEL = 0x024,
    GUEST_PAGE_SIZE = 0x028, // legacy
    QUEUE_SEL = 0x030, QUEUE_NUM_MAX = 0x034, QUEUE_NUM = 0x038, QUEUE_READY = 0x044,
    QUEUE_ALIGN = 0x03c, QUEUE_PFN = 0x040, // legacy
    QUEUE_NOTIFY = 0x050, INTERRUPT_STATUS = 0x060, INTERRUPT_ACK = 0x064, STATUS = 0x070,
    QUEUE_DESC_LOW = 0x080, QUEUE_DESC_HIGH = 0x084, QUEUE_DRIVER_LOW = 0x090,
    QUEUE_DRIVER_HIGH = 0x094, QUEUE_DEVICE_LOW = 0x0a0, QUEUE_DEVICE_HIGH = 0x0a4,
    SHM_LEN_LOW = 0x0b0, SHM_LEN_HIGH = 0x0b4, SHM_BASE_LOW = 0x0b8, SHM_BASE_HIGH = 0x0bc,
    SHM_SEL = 0x0ac, CONFIG_GENERATION = 0x0fc, CONFIG = 0x100,
};

static const Reg regs[] = {
    {MAGIC, "MagicValue"}, {VERSION, "Version"}, {DEVICE_ID, "DeviceID"}, {VENDOR_ID, "VendorID"},
    {DEVICE_FEATURES, "DeviceFeatures"}, {DEVICE_FEATURES_SEL, "DeviceFeaturesSel"},
    {DRIVER_FEATURES, "DriverFeatures"}, {DRIVER_FEATURES_SEL, "DriverFeaturesSel"},
    {QUEUE_SEL, "QueueSel"}, {QUEUE_NUM_MAX, "QueueNumMax"}, {QUEUE_NUM, "QueueNum"},
    {GUEST_PAGE_SIZE, "GuestPageSize"}, {QUEUE_ALIGN, "QueueAlign"}, {QUEUE_PFN, "QueuePFN"},
    {QUEUE_READY, "QueueReady"}, {QUEUE_NOTIFY, "QueueNotify"},
    {INTERRUPT_STATUS, "InterruptStatus"}, {INTERRUPT_ACK, "InterruptACK"}, {STATUS, "Status"},
    {QUEUE_DESC_LOW, "QueueDescLow"}, {QUEUE_DESC_HIGH, "QueueDescHigh"},
    {QUEUE_DRIVER_LOW, "QueueDriverLow"}, {QUEUE_DRIVER_HIGH, "QueueDriverHigh"},
    {QUEUE_DEVICE_LOW, "QueueDeviceLow"}, {QUEUE_DEVICE_HIGH, "QueueDeviceHigh"},
    {SHM_SEL, "SHMSel"}, {SHM_LEN_LOW, "SHMLenLow"}, {SHM_LEN_HIGH, "SHMLenHigh"},
    {SHM_BASE_LOW, "SHMBaseLow"}, {SHM_BASE_HIGH, "SHMBaseHigh"},
    {CONFIG_GENERATION, "ConfigGeneration"}, {CONFIG, "Config"},
};

typedef struct VirtioMmio {
    Device dev;
    VirtioDevice *vdev; // NULL: empty
    bool legacy;
    struct VirtioMmioState {
        uint32_t device_features_sel, driver_features_sel, queue_sel;
        uint32_t page_bytes, queue_align; // legacy
    } s;
} VirtioMmio;

static const Field fields[] = {
    FIELD(struct VirtioMmioState, device_features_sel),
    FIELD(struct VirtioMmioState, driver_features_sel),
    FIELD(struct VirtioMmioState, queue_sel),
    FIELD(struct VirtioMmioState, page_bytes),
    FIELD(struct VirtioMmioState, queue_align),
};

static const Prop props[] = {
    {"force-legacy", "the register layout of drivers before VIRTIO 1.0", PROP_BOOL,
     offsetof(VirtioMmio, legacy), "off"},
};

// The selected queue, or NULL.
static VirtQueue *mmio_queue(const VirtioMmio *mmio)
{
    return mmio->s.queue_sel < virtio_queues(mmio->vdev)
               ? &mmio->vdev->v->queue[mmio->s.queue_sel]
               : NULL;
}

static uint32_t mmio_features(const VirtioMmio *mmio)
{
    uint32_t half = mmio->s.device_features_sel;
    if (mmio->legacy) {
        return half == 0 ? virtio_legacy_features(mmio->vdev) : 0;
    }
    return half < 2 ? (uint32_t)(virtio_features(mmio->vdev) >> 32 * half) : 0;
}

static uint64_t mmio_device_read(VirtioMmio *mmio, uint64_t reg)
{
    VirtioDevice *vdev = mmio->vdev;
    const VirtQueue *q = mmio_queue(mmio);
    switch (reg) {
    case DEVICE_ID:         return virtio_class(vdev)->device_id;
    case DEVICE_FEATURES:   return mmio_features(mmio);
    case QUEUE_NUM_MAX:     return q ? virtio_class(vdev)->queue_size : 0;
    case INTERRUPT_STATUS:  return vdev->v->isr;
    case STATUS:            return vdev->v->status;
    }
    if (mmio->legacy) {
        if (reg == QUEUE_PFN) {
            return q && q->ready ? (uint32_t)(q->desc_gpa / mmio->s.page_bytes) : 0;
        }
    } else {
        switch (reg) {
        case QUEUE_READY:       return q ? q->ready : 0;
        case CONFIG_GENERATION: return vdev->v->config_generation;
        case SHM_LEN_LOW:
        case SHM_LEN_HIGH:
        case SHM_BASE_LOW:
        case SHM_BASE_HIGH:     return 0xffffffff; // no such region, 4.2.2
        }
    }
    guest_error(&mmio->dev, "read of write-only or unknown register 0x%x", (unsigned)reg);
    return 0;
}

static uint64_t mmio_region_read(Device *dev, uint64_t reg, unsigned size)
{
    VirtioMmio *mmio = (VirtioMmio *)dev;
    if (reg >= CONFIG) {
        return mmio->vdev ? virtio_config_read(mmio->vdev, reg - CONFIG, size) : 0;
    }
    if (size != 4) {
        guest_error(dev, "%u-byte read of register 0x%x", size, (unsigned)reg);
        return 0;
    }
    switch (reg) {
    case MAGIC:     return 0x74726976; // "virt"
    case VERSION:   return mmio->legacy ? 1 : 2;
    case VENDOR_ID: return 0x554d4551;
    }
    return mmio->vdev ? mmio_device_read(mmio, reg) : 0;
}

static void mmio_queue_write(VirtioMmio *mmio, uint64_t reg, uint32_t value)
{
    VirtioDevice *vdev = mmio->vdev;
    VirtQueue *q = mmio_queue(mmio);
    if (!q || (q->ready && reg != QUEUE_READY)) {
        guest_error(&mmio->dev, "write to register 0x%x of queue %u, which is absent or ready",
                    (unsigned)reg, mmio->s.queue_sel);
        return;
    }
    switch (reg) {
    case QUEUE_NUM:         virtio_set_queue_size(vdev, mmio->s.queue_sel, value); break;
    case QUEUE_READY:       virtio_set_queue_ready(vdev, mmio->s.queue_sel, value & 1); break;
    case QUEUE_DESC_LOW:
    case QUEUE_DESC_HIGH:   virtio_set_half(&q->desc_gpa, reg & 4, value); break;
    case QUEUE_DRIVER_LOW:
    case QUEUE_DRIVER_HIGH: virtio_set_half(&q->avail_gpa, reg & 4, value); break;
    case QUEUE_DEVICE_LOW:
    case QUEUE_DEVICE_HIGH: virtio_set_half(&q->used_gpa, reg & 4, value); break;
    }
}

// The registers that only the legacy layout has. False: it isn't one.
static bool mmio_legacy_write(VirtioMmio *mmio, uint64_t reg, uint32_t value)
{
    VirtioDevice *vdev = mmio->vdev;
    const VirtQueue *q = mmio_queue(mmio);
    switch (reg) {
    case GUEST_PAGE_SIZE:
        if (value == 0 || (value & (value - 1))) {
            guest_error(&mmio->dev, "page size of %u", value);
        } else {
            mmio->s.page_bytes = value;
        }
        return true;
    case QUEUE_ALIGN: mmio->s.queue_align = value; return true;
    case QUEUE_NUM:
        if (q) {
            virtio_set_queue_size(vdev, mmio->s.queue_sel, value);
        }
        return true;
    case QUEUE_PFN:
        if (value == 0) { // drivers reset a device by it
            virtio_set_status(vdev, 0);
        } else if (q) {
            virtio_set_queue_rings(vdev, mmio->s.queue_sel,
                                   (uint64_t)value * mmio->s.page_bytes, mmio->s.queue_align);
        }
        return true;
    }
    return false;
}

static bool mmio_modern_write(VirtioMmio *mmio, uint64_t reg, uint32_t value)
{
    switch (reg) {
    case SHM_SEL: return true;
    case QUEUE_NUM:
    case QUEUE_READY:
    case QUEUE_DESC_LOW:
    case QUEUE_DESC_HIGH:
    case QUEUE_DRIVER_LOW:
    case QUEUE_DRIVER_HIGH:
    case QUEUE_DEVICE_LOW:
    case QUEUE_DEVICE_HIGH: mmio_queue_write(mmio, reg, value); return true;
    }
    return false;
}

static void mmio_region_write(Device *dev, uint64_t reg, uint64_t value64, unsigned size)
{
    VirtioMmio *mmio = (VirtioMmio *)dev;
    VirtioDevice *vdev = mmio->vdev;
    uint32_t value = (uint32_t)value64;
    if (!vdev) {
        return;
    }
    if (reg >= CONFIG) {
        virtio_config_write(vdev, reg - CONFIG, size, value);
        return;
    }
    if (size != 4) {
        guest_error(dev, "%u-byte write to 0x%x", size, (unsigned)reg);
        return;
    }
    switch (reg) {
    case DEVICE_FEATURES_SEL: mmio->s.device_features_sel = value; return;
    case DRIVER_FEATURES_SEL: mmio->s.driver_features_sel = value; return;
    case DRIVER_FEATURES:
        if (!mmio->legacy || mmio->s.driver_features_sel == 0) { // legacy: 32 bits, 4.2.4
            virtio_set_driver_features(vdev, mmio->s.driver_features_sel, value);
        }
        return;
    case QUEUE_SEL:     mmio->s.queue_sel = value; return;
    case QUEUE_NOTIFY:  virtio_notify(vdev, value); return;
    case INTERRUPT_ACK: virtio_ack_isr(vdev, (uint8_t)value); return;
    case STATUS:        virtio_set_status(vdev, (uint8_t)value); return;
    }
    if (!(mmio->legacy ? mmio_legacy_write : mmio_modern_write)(mmio, reg, value)) {
        guest_error(dev, "write to read-only or unknown register 0x%x", (unsigned)reg);
    }
}

static void mmio_plug(Device *transport, VirtioDevice *vdev)
{
    VirtioMmio *mmio = (VirtioMmio *)transport;
    mmio->vdev = vdev;
    vdev->legacy = mmio->legacy;
}

// The page size has to be a power of two before a driver says which, too.
static void mmio_reset(Device *dev)
{
    VirtioMmio *mmio = (VirtioMmio *)dev;
    mmio->s.page_bytes = mmio->s.queue_align = 4096;
}

static void mmio_device_reset(Device *transport)
{
    ((VirtioMmio *)transport)->s.queue_align = 4096; // GuestPageSize is written once only, 4.2.4
}

static void mmio_interrupt(Device *transport)
{
    irq_set(transport, 0, ((VirtioMmio *)transport)->vdev->v->isr != 0);
}

static const VirtioTransport transport = {
    .plug = mmio_plug, .interrupt = mmio_interrupt, .reset = mmio_device_reset,
};

static const MmioRegion mmio[] = {
    {.name = "virtio-mmio", .size_bytes = 0x200, .access_min = 1, .access_max = 4,
     .read = mmio_region_read, .write = mmio_region_write, LIST(regs)},
};

const DeviceType device_virtio_mmio = {
    .name = "virtio-mmio",
    .desc = "virtio transport in memory",
    .compatible = "virtio,mmio",
    .offers = "virtio",
    .instance_size = sizeof(VirtioMmio),
    .state_offset = offsetof(VirtioMmio, s), .state_size = sizeof(struct VirtioMmioState),
    LIST(fields), LIST(mmio), LIST(props),
    .reset = mmio_reset,
    .provides = &transport,
};
