// SPDX-License-Identifier: GPL-2.0-or-later
// Virtio: what all virtio devices share, independent of the transport (MMIO, PCI) that carries
// them.
//
// A backend (virtio-blk, …) is a Device that begins with VirtioDevice, whose state begins with
// VirtioState, and whose type's `class` is a VirtioClass. It plugs into a transport, its parent,
// whose type `provides` a VirtioTransport. All rings are split rings (VIRTIO 1.1, section 2.6).
//
//     typedef struct Rng {
//         VirtioDevice vdev;
//         struct RngState { VirtioState v; … } s;
//     } Rng;
//
// Old drivers know only the legacy interfaces (sections 2.2.3, 2.4.3, 2.6.2, 4.1.4.8, 4.2.4): no
// VERSION_1, no FEATURES_OK, rings at one address, configuration in the guest's byte order (little
// here). A transport says whether it has one.
//
// Nothing that a driver writes is believed: a ring that makes no sense sets NEEDS_RESET (2.1.2),
// and the queues rest until the driver resets the device. Work a notification is bounded by the
// queue's size.
#pragma once
#include "core/device.h"

enum { VIRTIO_QUEUES_MAX = 64, VIRTQUEUE_SIZE_MAX = 256, VIRTIO_CONFIG_MAX = 64 };

enum { // device status, 2.1
    VIRTIO_ACKNOWLEDGE = 1, VIRTIO_DRIVER = 2, VIRTIO_DRIVER_OK = 4, VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64, VIRTIO_FAILED = 128,
};
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

#define VIRTIO_F(bit) (1ull << (bit))
#define VIRTIO_F_ANY_LAYOUT VIRTIO_F(27) // legacy interfaces only
#define VIRTIO_F_INDIRECT_DESC VIRTIO_F(28)
#define VIRTIO_F_EVENT_IDX VIRTIO_F(29)
#define VIRTIO_F_VERSION_1 VIRTIO_F(32)

// ---- state ----

typedef struct VirtQueue {
    uint64_t desc_gpa, avail_gpa, used_gpa;
    uint16_t size;           // descriptors, a power of two
    uint16_t last_avail;     // index of the next entry of the available ring to take
    uint16_t used_idx;       // index of the next entry of the used ring to fill
    uint16_t signalled_used; // used_idx when the driver was last interrupted (event index)
    uint8_t ready;           // 0 or 1
    uint8_t pad[7];
} VirtQueue;

typedef struct VirtioState {
    uint64_t driver_features;
    VirtQueue queue[VIRTIO_QUEUES_MAX];
    uint32_t config_generation;
    uint8_t status, isr;
    uint8_t pad[2];
} VirtioState;

// For the field table of a backend whose state struct has the member `VirtioState v` in first
// place.
#define VIRTIO_FIELDS(type) \
    FIELD(type, v.driver_features), FIELD_ARRAY(type, v.queue), FIELD(type, v.config_generation), \
        FIELD(type, v.status), FIELD(type, v.isr), FIELD(type, v.pad)

typedef struct VirtioDevice {
    Device dev;
    VirtioState *v; // start of the backend's state
    bool legacy;    // its transport has a legacy interface
} VirtioDevice;

// ---- the two sides ----

typedef struct VirtioClass {
    uint16_t device_id;      // section 5
    uint8_t nqueues;         // at most
    unsigned (*queues)(const VirtioDevice *vdev); // how many this one has; NULL: nqueues
    uint16_t queue_size;     // largest and initial size of its queues
    uint16_t config_bytes;
    uint64_t (*features)(VirtioDevice *vdev);                    // offered, beside the common ones
    bool (*features_ok)(VirtioDevice *vdev, uint64_t features);  // NULL: any subset is fine
    // NULL: it has none; zeroed before.
    void (*config)(VirtioDevice *vdev, uint8_t config[VIRTIO_CONFIG_MAX]);
    // A driver's write to one byte of it; NULL: none can be written.
    void (*config_write)(VirtioDevice *vdev, unsigned offset, uint8_t value);
    void (*notified)(VirtioDevice *vdev, unsigned queue);        // the queue may have new buffers
    void (*reset)(VirtioDevice *vdev); // of all but VirtioState; may be NULL
} VirtioClass;

enum { VIRTIO_SOURCE_CONFIG = VIRTIO_QUEUES_MAX }; // beside the numbers of queues

typedef struct VirtioTransport {
    void (*plug)(Device *transport, VirtioDevice *vdev);
    void (*interrupt)(Device *transport); // isr changed
    // A message-signalled interrupt for a queue or VIRTIO_SOURCE_CONFIG. False: messages are off,
    // isr must do. NULL: always so.
    bool (*message)(Device *transport, unsigned source);
    void (*reset)(Device *transport);           // the device was reset; may be NULL
    bool (*masters)(const Device *transport);   // may the device touch memory? NULL: always
} VirtioTransport;

// ---- for transports ----

static inline const VirtioClass *virtio_class(const VirtioDevice *vdev)
{
    return vdev->dev.type->class;
}
static inline unsigned virtio_queues(const VirtioDevice *vdev)
{
    const VirtioClass *class = virtio_class(vdev);
    return class->queues ? class->queues(vdev) : class->nqueues;
}
static inline const VirtioTransport *virtio_transport(const VirtioDevice *vdev)
{
    return vdev->dev.parent->type->provides;
}
uint64_t virtio_features(VirtioDevice *vdev); // all that are offered
uint32_t virtio_legacy_features(VirtioDevice *vdev); // those of a legacy interface
void virtio_set_driver_features(VirtioDevice *vdev, unsigned half, uint32_t value);
void virtio_set_status(VirtioDevice *vdev, uint8_t value); // 0: resets the device
void virtio_set_queue_size(VirtioDevice *vdev, unsigned queue, uint32_t size);
void virtio_set_queue_ready(VirtioDevice *vdev, unsigned queue, bool ready);
// Legacy: all rings of a queue at one address (0: none), the used ring aligned to `align`.
void virtio_set_queue_rings(VirtioDevice *vdev, unsigned queue, uint64_t gpa, uint32_t align);
void virtio_notify(VirtioDevice *vdev, unsigned queue);
void virtio_ack_isr(VirtioDevice *vdev, uint8_t bits);
uint64_t virtio_config_read(VirtioDevice *vdev, uint64_t offset, unsigned size);
void virtio_config_write(VirtioDevice *vdev, uint64_t offset, unsigned size, uint64_t value);
static inline void virtio_set_half(uint64_t *gpa, bool high, uint32_t value)
{
    *gpa = high ? (uint32_t)*gpa | (uint64_t)value << 32 : (*gpa & ~0xffffffffull) | value;
}

// ---- for backends ----

// Plugs the device into its parent; call it from `realize`.
bool virtio_realize(VirtioDevice *vdev, Error *err) __attribute__((warn_unused_result));
void virtio_reset(Device *dev); // DeviceType.reset of every backend
static inline bool virtio_has(const VirtioDevice *vdev, uint64_t feature)
{
    return vdev->v->driver_features & feature;
}
// Is it driven through a legacy interface?
static inline bool virtio_is_legacy(const VirtioDevice *vdev)
{
    return vdev->legacy && !virtio_has(vdev, VIRTIO_F_VERSION_1);
}
// The driver broke the rules in a way that the device can't go on from: sets NEEDS_RESET.
void virtio_broken(VirtioDevice *vdev, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// Interrupts the driver on behalf of a queue or VIRTIO_SOURCE_CONFIG.
void virtio_raise(VirtioDevice *vdev, unsigned source);
void virtio_config_changed(VirtioDevice *vdev);
// Is the queue set up and the driver running?
bool virtqueue_usable(const VirtioDevice *vdev, unsigned queue);

// ---- buffers ----

typedef struct VirtSegment {
    uint64_t gpa;
    uint32_t len; // bytes
} VirtSegment;

// A descriptor chain: first the segments that the device reads (out), then those that it writes
// (in).
typedef struct VirtChain {
    uint16_t head;
    uint16_t nout, nin;
    uint64_t out_bytes, in_bytes;
    VirtSegment segments[VIRTQUEUE_SIZE_MAX];
} VirtChain;

// Buffers that the driver made available and the device hasn't taken, at most the queue's size. Ask
// once, then take at most as many: the ring lies in memory that the device's own writes may change.
unsigned virtqueue_available(VirtioDevice *vdev, unsigned queue);
// The same without any effect, 0 when the ring makes no sense: for credit, which is no state.
unsigned virtqueue_peek(const VirtioDevice *vdev, unsigned queue);
// Takes the next one. False: there is none, or the device broke over it.
bool virtqueue_pop(VirtioDevice *vdev, unsigned queue, VirtChain *chain);
// Puts the last `count`, whose entries weren't flushed, back.
void virtqueue_unpop(VirtioDevice *vdev, unsigned queue, unsigned count);
// Walks a chain that was taken before, for a request that completes later.
bool virtqueue_walk(VirtioDevice *vdev, unsigned queue, uint16_t head, VirtChain *chain);
// Copies from the out bytes, or to the in bytes, at an offset; at most to their end. The number of
// bytes copied; less than that end allows only when the device broke.
uint64_t chain_read(VirtioDevice *vdev, const VirtChain *chain, uint64_t offset, void *buf,
                    uint64_t len);
uint64_t chain_write(VirtioDevice *vdev, const VirtChain *chain, uint64_t offset, const void *buf,
                     uint64_t len);
// Gives buffers back: fill the used ring `ahead` entries beyond its end, then flush all at once.
void virtqueue_fill(VirtioDevice *vdev, unsigned queue, unsigned ahead, uint16_t head,
                    uint32_t written);
void virtqueue_flush(VirtioDevice *vdev, unsigned queue, unsigned count);
static inline void virtqueue_push(VirtioDevice *vdev, unsigned queue, uint16_t head,
                                  uint32_t written)
{
    virtqueue_fill(vdev, queue, 0, head, written);
    virtqueue_flush(vdev, queue, 1);
}
// Interrupts the driver if it wants to know of what was flushed since the last time.
void virtqueue_interrupt(VirtioDevice *vdev, unsigned queue);
