// SPDX-License-Identifier: GPL-2.0-or-later
// Virtqueues: split rings in guest memory, with indirect descriptors and event index.
//
// Spec: VIRTIO 1.1, section 2.6; numbers of its subsections stand at the code. Everything that is
// read from the rings is checked before it is used; what makes no sense breaks the device
// (virtio_broken). A driver's ring needs no barriers here: CPUs and devices take turns on one
// thread.
#include "hw/virtio/virtio.h"

#include <string.h>

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4, AVAIL_NO_INTERRUPT = 1 };

typedef struct Desc { // 2.6.5, little-endian in memory
    uint64_t gpa;
    uint32_t len;
    uint16_t flags, next;
} Desc;

static bool ring_read16(VirtioDevice *vdev, uint64_t gpa, uint16_t *value)
{
    if (!dma_read(vdev->dev.machine, gpa, value, 2)) {
        virtio_broken(vdev, "ring outside RAM");
        return false;
    }
    *value = GUINT16_FROM_LE(*value);
    return true;
}

static void ring_write16(VirtioDevice *vdev, uint64_t gpa, uint16_t value)
{
    value = GUINT16_TO_LE(value);
    if (!dma_write(vdev->dev.machine, gpa, &value, 2)) {
        virtio_broken(vdev, "ring outside RAM");
    }
}

// Available ring (2.6.6): flags, idx, ring[size], used_event. Used ring (2.6.8): flags, idx,
// ring[size] of 8 bytes, avail_event.
static uint64_t avail_entry_gpa(const VirtQueue *q, uint16_t i)
{
    return q->avail_gpa + 4 + 2 * (i % q->size);
}
static uint64_t used_event_gpa(const VirtQueue *q) { return q->avail_gpa + 4 + 2 * q->size; }
static uint64_t used_entry_gpa(const VirtQueue *q, uint16_t i)
{
    return q->used_gpa + 4 + 8 * (i % q->size);
}
static uint64_t avail_event_gpa(const VirtQueue *q) { return q->used_gpa + 4 + 8 * q->size; }

// How far the driver is ahead; more than the queue's size is nonsense.
static uint16_t avail_ahead(const VirtQueue *q, uint16_t idx)
{
    return (uint16_t)(idx - q->last_avail);
}

unsigned virtqueue_available(VirtioDevice *vdev, unsigned queue)
{
    VirtQueue *q = &vdev->v->queue[queue];
    uint16_t idx;
    if (!virtqueue_usable(vdev, queue) || !ring_read16(vdev, q->avail_gpa + 2, &idx)) {
        return 0;
    }
    if (avail_ahead(q, idx) > q->size) {
        virtio_broken(vdev, "available index %u is more than the queue ahead of %u", idx,
                      q->last_avail);
        return 0;
    }
    return avail_ahead(q, idx);
}

unsigned virtqueue_peek(const VirtioDevice *vdev, unsigned queue)
{
    const VirtQueue *q = &vdev->v->queue[queue];
    uint16_t idx;
    if (!virtqueue_usable(vdev, queue) || !dma_read(vdev->dev.machine, q->avail_gpa + 2, &idx, 2)) {
        return 0;
    }
    unsigned ahead = avail_ahead(q, GUINT16_FROM_LE(idx));
    return ahead > q->size ? 0 : ahead;
}

static bool desc_read(VirtioDevice *vdev, uint64_t table_gpa, unsigned index, Desc *desc)
{
    if (!dma_read(vdev->dev.machine, table_gpa + 16ull * index, desc, sizeof *desc)) {
        virtio_broken(vdev, "descriptor outside RAM");
        return false;
    }
    desc->gpa = GUINT64_FROM_LE(desc->gpa);
    desc->len = GUINT32_FROM_LE(desc->len);
    desc->flags = GUINT16_FROM_LE(desc->flags);
    desc->next = GUINT16_FROM_LE(desc->next);
    return true;
}

// 2.6.5.3: an indirect table ends a chain, isn't nested, and holds whole descriptors.
static bool indirect_valid(VirtioDevice *vdev, const Desc *desc, bool nested)
{
    if (!virtio_has(vdev, VIRTIO_F_INDIRECT_DESC)) {
        virtio_broken(vdev, "indirect descriptor that wasn't negotiated");
    } else if (nested) {
        virtio_broken(vdev, "indirect descriptor in an indirect table");
    } else if (desc->flags & DESC_NEXT) {
        virtio_broken(vdev, "indirect descriptor with a next one");
    } else if (desc->len == 0 || desc->len % sizeof(Desc)) {
        virtio_broken(vdev, "indirect table of %u bytes", desc->len);
    } else {
        return true;
    }
    return false;
}

static bool chain_add(VirtioDevice *vdev, VirtChain *chain, const Desc *desc, unsigned limit)
{
    if (chain->nout + chain->nin >= limit) { // 2.6.5.3.1; a loop ends here too
        virtio_broken(vdev, "descriptor chain longer than %u", limit);
        return false;
    }
    chain->segments[chain->nout + chain->nin] = (VirtSegment){desc->gpa, desc->len};
    if (desc->flags & DESC_WRITE) {
        chain->nin++;
        chain->in_bytes += desc->len;
    } else if (chain->nin) { // 2.6.4.2
        virtio_broken(vdev, "device-readable descriptor after a device-writable one");
        return false;
    } else {
        chain->nout++;
        chain->out_bytes += desc->len;
    }
    if (chain->out_bytes + chain->in_bytes > 1ull << 32) { // 2.6.5
        virtio_broken(vdev, "descriptor chain of more than 4 GiB");
        return false;
    }
    return true;
}

bool virtqueue_walk(VirtioDevice *vdev, unsigned queue, uint16_t head, VirtChain *chain)
{
    const VirtQueue *q = &vdev->v->queue[queue];
    uint64_t table_gpa = q->desc_gpa;
    uint32_t table_size = q->size, index = head;
    bool nested = false;
    chain->head = head;
    chain->nout = chain->nin = 0;
    chain->out_bytes = chain->in_bytes = 0;
    for (;;) {
        Desc desc;
        if (index >= table_size) {
            virtio_broken(vdev, "descriptor %u in a table of %u", index, table_size);
            return false;
        }
        if (!desc_read(vdev, table_gpa, index, &desc)) {
            return false;
        }
        if (desc.flags & DESC_INDIRECT) {
            if (!indirect_valid(vdev, &desc, nested)) {
                return false;
            }
            table_gpa = desc.gpa;
            table_size = desc.len / sizeof(Desc);
            index = 0;
            nested = true;
            continue;
        }
        if (!chain_add(vdev, chain, &desc, nested ? VIRTQUEUE_SIZE_MAX : q->size)) {
            return false;
        }
        if (!(desc.flags & DESC_NEXT)) {
            return true;
        }
        index = desc.next;
    }
}

bool virtqueue_pop(VirtioDevice *vdev, unsigned queue, VirtChain *chain)
{
    VirtQueue *q = &vdev->v->queue[queue];
    uint16_t head;
    if (virtqueue_available(vdev, queue) == 0 ||
        !ring_read16(vdev, avail_entry_gpa(q, q->last_avail), &head) ||
        !virtqueue_walk(vdev, queue, head, chain)) {
        return false;
    }
    q->last_avail++;
    if (virtio_has(vdev, VIRTIO_F_EVENT_IDX)) { // 2.6.10: notify us again from the next buffer on
        ring_write16(vdev, avail_event_gpa(q), q->last_avail);
    }
    return true;
}

void virtqueue_unpop(VirtioDevice *vdev, unsigned queue, unsigned count)
{
    VirtQueue *q = &vdev->v->queue[queue];
    q->last_avail = (uint16_t)(q->last_avail - count);
    if (virtio_has(vdev, VIRTIO_F_EVENT_IDX) && virtqueue_usable(vdev, queue)) {
        uint16_t idx;
        if (ring_read16(vdev, q->avail_gpa + 2, &idx)) { // what is there isn't news
            ring_write16(vdev, avail_event_gpa(q), idx);
        }
    }
}

// Copies between `buf` and segments [first, first + n), from `offset` bytes into them.
static uint64_t chain_copy(VirtioDevice *vdev, const VirtChain *chain, unsigned first, unsigned n,
                           uint64_t offset, uint8_t *buf, uint64_t len, bool write)
{
    uint64_t done = 0;
    for (unsigned i = first; i < first + n && done < len; i++) {
        const VirtSegment *segment = &chain->segments[i];
        if (offset >= segment->len) {
            offset -= segment->len;
            continue;
        }
        uint64_t part = MIN(segment->len - offset, len - done);
        uint64_t gpa = segment->gpa + offset;
        Machine *machine = vdev->dev.machine;
        if (!(write ? dma_write(machine, gpa, buf + done, part)
                    : dma_read(machine, gpa, buf + done, part))) {
            virtio_broken(vdev, "buffer of %u bytes outside RAM", segment->len);
            break;
        }
        done += part;
        offset = 0;
    }
    return done;
}

uint64_t chain_read(VirtioDevice *vdev, const VirtChain *chain, uint64_t offset, void *buf,
                    uint64_t len)
{
    return chain_copy(vdev, chain, 0, chain->nout, offset, buf, len, false);
}

uint64_t chain_write(VirtioDevice *vdev, const VirtChain *chain, uint64_t offset, const void *buf,
                     uint64_t len)
{
    return chain_copy(vdev, chain, chain->nout, chain->nin, offset, (uint8_t *)buf, len, true);
}

void virtqueue_fill(VirtioDevice *vdev, unsigned queue, unsigned ahead, uint16_t head,
                    uint32_t written)
{
    const VirtQueue *q = &vdev->v->queue[queue];
    uint32_t entry[2] = {GUINT32_TO_LE(head), GUINT32_TO_LE(written)};
    if (virtqueue_usable(vdev, queue) &&
        !dma_write(vdev->dev.machine, used_entry_gpa(q, (uint16_t)(q->used_idx + ahead)), entry,
                   sizeof entry)) {
        virtio_broken(vdev, "ring outside RAM");
    }
}

void virtqueue_flush(VirtioDevice *vdev, unsigned queue, unsigned count)
{
    VirtQueue *q = &vdev->v->queue[queue];
    if (virtqueue_usable(vdev, queue)) {
        q->used_idx = (uint16_t)(q->used_idx + count);
        ring_write16(vdev, q->used_gpa + 2, q->used_idx);
    }
}

// 2.6.7: by the driver's flag, or with event index when used_event lies among what was flushed
// since the last interrupt.
static bool interrupt_wanted(VirtioDevice *vdev, VirtQueue *q)
{
    uint16_t value;
    if (!virtio_has(vdev, VIRTIO_F_EVENT_IDX)) {
        return ring_read16(vdev, q->avail_gpa, &value) && !(value & AVAIL_NO_INTERRUPT);
    }
    uint16_t before = q->signalled_used;
    q->signalled_used = q->used_idx;
    return ring_read16(vdev, used_event_gpa(q), &value) &&
           (uint16_t)(q->used_idx - value - 1) < (uint16_t)(q->used_idx - before);
}

void virtqueue_interrupt(VirtioDevice *vdev, unsigned queue)
{
    if (virtqueue_usable(vdev, queue) && interrupt_wanted(vdev, &vdev->v->queue[queue])) {
        virtio_raise(vdev, queue);
    }
}
