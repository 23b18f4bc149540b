// SPDX-License-Identifier: GPL-2.0-or-later
// Virtio devices, transport-independent: status and feature negotiation, configuration space.
//
// Spec: VIRTIO 1.1, sections 2.1 (status), 2.2 (features), 2.3 (notifications), 2.4 (configuration)
// and 3.1 (initialisation). Modern devices only: a driver that doesn't take VERSION_1 isn't
// accepted.
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

bool virtio_realize(VirtioDevice *vdev, Error *err)
{
    Device *transport = vdev->dev.parent;
    vdev->v = device_state(&vdev->dev);
    if (!transport || !transport->type->class) {
        return fail(err, "%s needs a virtio transport to plug into", vdev->dev.type->name);
    }
    ((const VirtioTransport *)transport->type->class)->plug(transport, vdev);
    return true;
}

void virtio_raise(VirtioDevice *vdev, uint8_t isr)
{
    Device *transport = vdev->dev.parent;
    vdev->v->isr |= isr;
    ((const VirtioTransport *)transport->type->class)->interrupt(transport);
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
    virtio_raise(vdev, 0);
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
    uint64_t features = vdev->v->driver_features;
    const VirtioClass *class = virtio_class(vdev);
    return !(features & ~virtio_features(vdev)) && (features & VIRTIO_F_VERSION_1) &&
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
    if ((value & VIRTIO_DRIVER_OK) && !((value | v->status) & VIRTIO_FEATURES_OK)) {
        guest_error(&vdev->dev, "DRIVER_OK without FEATURES_OK");
        value &= ~VIRTIO_DRIVER_OK;
    }
    bool starts = value & ~v->status & VIRTIO_DRIVER_OK;
    v->status |= value;
    if (starts && (v->status & VIRTIO_NEEDS_RESET)) {
        virtio_raise(vdev, VIRTIO_ISR_CONFIG); // 2.1.2: the driver is told once it runs
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
        virtio_raise(vdev, VIRTIO_ISR_CONFIG);
    }
}

void virtio_config_changed(VirtioDevice *vdev)
{
    vdev->v->config_generation++;
    if (vdev->v->status & VIRTIO_DRIVER_OK) {
        virtio_raise(vdev, VIRTIO_ISR_CONFIG);
    }
}

void virtio_ack_isr(VirtioDevice *vdev, uint8_t bits)
{
    vdev->v->isr &= ~bits;
    virtio_raise(vdev, 0);
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

bool virtqueue_usable(const VirtioDevice *vdev, unsigned queue)
{
    return (vdev->v->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK &&
           vdev->v->queue[queue].ready;
}

void virtio_notify(VirtioDevice *vdev, unsigned queue)
{
    if (queue >= virtio_queues(vdev)) {
        guest_error(&vdev->dev, "notification of queue %u", queue);
    } else if (virtqueue_usable(vdev, queue)) {
        virtio_class(vdev)->notified(vdev, queue);
    }
}
