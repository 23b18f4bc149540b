// SPDX-License-Identifier: GPL-2.0-or-later
// Virtio devices, transport-independent: status and feature negotiation, configuration space.
//
// Spec: VIRTIO 1.1, sections 2.1 (status), 2.2 (features), 2.3 (notifications), 2.4 (configuration)
// and 3.1 (initialisation). A driver that doesn't take VERSION_1 is accepted only where the transport
// has a legacy interface; in one, queues work before DRIVER_OK too (3.1.2: old drivers rely on it).
#include "hw/virtio/virtio.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

uint64_t virtio_features(VirtioDevice *vdev)
{
    const VirtioClass *class = virtio_class(vdev);
    return VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |
           (class->features ? class->features(vdev) : 0);
}

uint32_t virtio_legacy_features(VirtioDevice *vdev)
{
    return (uint32_t)virtio_features(vdev) | (uint32_t)VIRTIO_F_ANY_LAYOUT;
}

bool virtio_realize(VirtioDevice *vdev, Error *err)
{
    Device *transport = vdev->dev.parent;
    vdev->v = device_state(&vdev->dev);
    if (!transport || !transport->type->provides) {
        return fail(err, "%s needs a virtio transport to plug into", vdev->dev.type->name);
    }
    assert(virtio_queues(vdev) <= VIRTIO_QUEUES_MAX);
    virtio_transport(vdev)->plug(transport, vdev);
    return true;
}

void virtio_raise(VirtioDevice *vdev, unsigned source)
{
    Device *transport = vdev->dev.parent;
    const VirtioTransport *class = virtio_transport(vdev);
    if (source == VIRTIO_SOURCE_CONFIG) { // 4.1.4.5.1: with messages too
        vdev->v->isr |= VIRTIO_ISR_CONFIG;
    }
    if (!class->message || !class->message(transport, source)) {
        vdev->v->isr |= source == VIRTIO_SOURCE_CONFIG ? VIRTIO_ISR_CONFIG : VIRTIO_ISR_QUEUE;
        class->interrupt(transport);
    }
}

void virtio_reset(Device *dev)
{
    VirtioDevice *vdev = (VirtioDevice *)dev;
    const VirtioClass *class = virtio_class(vdev);
    uint32_t generation = vdev->v->config_generation;
    *vdev->v = (VirtioState){.config_generation = generation};
    for (unsigned i = 0; i < virtio_queues(vdev); i++) {
        vdev->v->queue[i].size = class->queue_size;
    }
    if (class->reset) {
        class->reset(vdev);
    }
    if (virtio_transport(vdev)->reset) {
        virtio_transport(vdev)->reset(vdev->dev.parent);
    }
    virtio_transport(vdev)->interrupt(vdev->dev.parent);
}

void virtio_set_driver_features(VirtioDevice *vdev, unsigned half, uint32_t value)
{
    uint64_t *features = &vdev->v->driver_features;
    if (vdev->v->status & VIRTIO_FEATURES_OK) {
        guest_error(&vdev->dev, "features written after FEATURES_OK");
    } else if (half == 0) {
        *features = (*features & ~0xffffffffull) | value;
    } else if (half == 1) {
        *features = (uint32_t)*features | (uint64_t)value << 32;
    } else if (value) {
        guest_error(&vdev->dev, "feature bits above 63");
    }
}

static bool features_acceptable(VirtioDevice *vdev)
{
    uint64_t features = vdev->v->driver_features, offered = virtio_features(vdev);
    const VirtioClass *class = virtio_class(vdev);
    offered |= vdev->legacy ? VIRTIO_F_ANY_LAYOUT : 0;
    return !(features & ~offered) && (vdev->legacy || (features & VIRTIO_F_VERSION_1)) &&
           (!class->features_ok || class->features_ok(vdev, features));
}

void virtio_set_status(VirtioDevice *vdev, uint8_t value)
{
    VirtioState *v = vdev->v;
    if (value == 0) {
        virtio_reset(&vdev->dev);
        return;
    }
    if (v->status & ~value & ~VIRTIO_NEEDS_RESET) {
        guest_error(&vdev->dev, "status bits 0x%x cleared", v->status & ~value);
    }
    value &= ~VIRTIO_NEEDS_RESET; // the device's own
    if ((value & ~v->status & VIRTIO_FEATURES_OK) && !features_acceptable(vdev)) {
        guest_error(&vdev->dev, "features 0x%llx not accepted",
                    (unsigned long long)v->driver_features);
        value &= ~VIRTIO_FEATURES_OK;
    }
    if ((value & VIRTIO_DRIVER_OK) && !((value | v->status) & VIRTIO_FEATURES_OK) &&
        !virtio_is_legacy(vdev)) {
        guest_error(&vdev->dev, "DRIVER_OK without FEATURES_OK");
        value &= ~VIRTIO_DRIVER_OK;
    }
    bool starts = value & ~v->status & VIRTIO_DRIVER_OK;
    v->status |= value;
    if (starts && (v->status & VIRTIO_NEEDS_RESET)) {
        virtio_raise(vdev, VIRTIO_SOURCE_CONFIG); // 2.1.2: the driver is told once it runs
    }
}

void virtio_broken(VirtioDevice *vdev, const char *fmt, ...)
{
    if (vdev->v->status & VIRTIO_NEEDS_RESET) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    guest_error(&vdev->dev, "needs reset: %s", text);
    g_free(text);
    vdev->v->status |= VIRTIO_NEEDS_RESET;
    if (vdev->v->status & VIRTIO_DRIVER_OK) {
        virtio_raise(vdev, VIRTIO_SOURCE_CONFIG);
    }
}

void virtio_config_changed(VirtioDevice *vdev)
{
    vdev->v->config_generation++;
    if (vdev->v->status & VIRTIO_DRIVER_OK) {
        virtio_raise(vdev, VIRTIO_SOURCE_CONFIG);
    }
}

void virtio_ack_isr(VirtioDevice *vdev, uint8_t bits)
{
    vdev->v->isr &= ~bits;
    virtio_transport(vdev)->interrupt(vdev->dev.parent);
}

uint64_t virtio_config_read(VirtioDevice *vdev, uint64_t offset, unsigned size)
{
    const VirtioClass *class = virtio_class(vdev);
    uint8_t config[VIRTIO_CONFIG_MAX] = {0};
    uint64_t value = 0;
    assert(class->config_bytes <= sizeof config);
    if (offset >= class->config_bytes || size > class->config_bytes - offset) {
        guest_error(&vdev->dev, "configuration read beyond its end");
        return 0;
    }
    class->config(vdev, config);
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)config[offset + i] << 8 * i;
    }
    return value;
}

void virtio_config_write(VirtioDevice *vdev, uint64_t offset, unsigned size, uint64_t value)
{
    const VirtioClass *class = virtio_class(vdev);
    if (!class->config_write || offset >= class->config_bytes ||
        size > class->config_bytes - offset) {
        guest_error(&vdev->dev, "configuration written at %u", (unsigned)offset);
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        class->config_write(vdev, (unsigned)offset + i, (uint8_t)(value >> 8 * i));
    }
}

void virtio_set_queue_size(VirtioDevice *vdev, unsigned queue, uint32_t size)
{
    const VirtioClass *class = virtio_class(vdev);
    if (size == 0 || size > class->queue_size || (size & (size - 1))) {
        guest_error(&vdev->dev, "queue size %u", size);
        return;
    }
    vdev->v->queue[queue].size = (uint16_t)size;
}

void virtio_set_queue_ready(VirtioDevice *vdev, unsigned queue, bool ready)
{
    VirtQueue *q = &vdev->v->queue[queue];
    if (ready && !q->ready) {
        q->last_avail = q->used_idx = q->signalled_used = 0;
    }
    q->ready = ready;
}

// 2.6.2: descriptors, available ring, then the used ring at the next boundary.
void virtio_set_queue_rings(VirtioDevice *vdev, unsigned queue, uint64_t gpa, uint32_t align)
{
    VirtQueue *q = &vdev->v->queue[queue];
    if (align == 0 || (align & (align - 1))) {
        guest_error(&vdev->dev, "queue alignment of %u", align);
        align = 4096;
    }
    q->desc_gpa = gpa;
    q->avail_gpa = gpa + 16ull * q->size;
    q->used_gpa = (q->avail_gpa + 2ull * (3 + q->size) + align - 1) & ~(uint64_t)(align - 1);
    virtio_set_queue_ready(vdev, queue, false);
    virtio_set_queue_ready(vdev, queue, gpa != 0);
}

bool virtqueue_usable(const VirtioDevice *vdev, unsigned queue)
{
    const VirtioState *v = vdev->v;
    const VirtioTransport *class = virtio_transport(vdev);
    return v->queue[queue].ready && !(v->status & VIRTIO_NEEDS_RESET) &&
           ((v->status & VIRTIO_DRIVER_OK) || virtio_is_legacy(vdev)) &&
           (!class->masters || class->masters(vdev->dev.parent));
}

void virtio_notify(VirtioDevice *vdev, unsigned queue)
{
    if (queue >= virtio_queues(vdev)) {
        guest_error(&vdev->dev, "notification of queue %u", queue);
    } else if (virtqueue_usable(vdev, queue)) {
        virtio_class(vdev)->notified(vdev, queue);
    }
}
