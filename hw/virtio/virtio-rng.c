// SPDX-License-Identifier: GPL-2.0-or-later
// virtio-rng: random bytes for the guest, through the seam.
//
// Spec: VIRTIO 1.1, section 5.4. A buffer is filled at once, with at most 4 KiB (the spec wants one
// byte at least). `max-bytes` in each `period` ms limits the rate in virtual time: each byte stands
// in the log.
#include "hw/virtio/virtio.h"

enum { QUEUE_SIZE = 8, FILL_MAX_BYTES = 4096 };

typedef struct Rng {
    VirtioDevice vdev;
    char *rng;
    uint64_t max_bytes;
    uint32_t period_ms;
    struct RngState {
        VirtioState v;
        uint64_t used_bytes; // in this period
        Timer period;        // its end; armed once something was used
    } s;
} Rng;

static const Field fields[] = {
    VIRTIO_FIELDS(struct RngState),
    FIELD(struct RngState, used_bytes),
    FIELD_TIMER(struct RngState, period),
};

static const Prop props[] = {
    {"rng", "id of the rng object (all bytes come from the host, whichever)", PROP_STRING,
     offsetof(Rng, rng), NULL},
    {"max-bytes", "bytes allowed in a period", PROP_U64, offsetof(Rng, max_bytes),
     "9223372036854775807"},
    {"period", "length of a period, ms", PROP_U32, offsetof(Rng, period_ms), "65536"},
};

static void rng_notified(VirtioDevice *vdev, unsigned queue)
{
    Rng *rng = (Rng *)vdev;
    VirtChain chain;
    for (unsigned n = virtqueue_available(vdev, queue); n > 0; n--) {
        uint8_t buf[FILL_MAX_BYTES];
        uint64_t left = rng->max_bytes - rng->s.used_bytes;
        if (left == 0 || !virtqueue_pop(vdev, queue, &chain)) {
            break;
        }
        uint64_t len = MIN(MIN(chain.in_bytes, sizeof buf), left);
        entropy_fill(vdev->dev.machine, buf, len);
        uint64_t written = chain_write(vdev, &chain, 0, buf, len);
        virtqueue_push(vdev, queue, chain.head, (uint32_t)written);
        rng->s.used_bytes += written;
        if (!rng->s.period.armed) {
            timer_arm(&vdev->dev, &rng->s.period,
                      clock_now(&vdev->dev) + rng->period_ms * INT64_C(1000000));
        }
    }
    virtqueue_interrupt(vdev, queue);
}

static void rng_expired(Device *dev, Timer *timer)
{
    Rng *rng = (Rng *)dev;
    rng->s.used_bytes = 0;
    virtio_notify(&rng->vdev, 0);
}

static void rng_reset(VirtioDevice *vdev)
{
    Rng *rng = (Rng *)vdev;
    rng->s.used_bytes = 0;
    timer_cancel(&vdev->dev, &rng->s.period);
}

static bool rng_realize(Device *dev, Error *err)
{
    Rng *rng = (Rng *)dev;
    if (rng->max_bytes == 0 || rng->period_ms == 0) {
        return fail(err, "'%s' parameter expects a positive value",
                    rng->max_bytes == 0 ? "max-bytes" : "period");
    }
    return virtio_realize(&rng->vdev, err);
}

static const VirtioClass rng_class = {
    .device_id = 4, .nqueues = 1, .queue_size = QUEUE_SIZE,
    .notified = rng_notified, .reset = rng_reset,
};

const DeviceType device_virtio_rng_device = {
    .name = "virtio-rng-device",
    .desc = "virtio random number generator",
    .bus = "virtio",
    .instance_size = sizeof(Rng),
    .state_offset = offsetof(Rng, s), .state_size = sizeof(struct RngState),
    LIST(fields), LIST(props),
    .realize = rng_realize, .reset = virtio_reset, .expired = rng_expired,
    .class = &rng_class,
};
