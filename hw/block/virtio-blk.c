// SPDX-License-Identifier: GPL-2.0-or-later
// virtio-blk: a disk on a virtio transport.
//
// Spec: VIRTIO 1.1, section 5.2. A request is copied when it is submitted; its data reach the guest
// when the drive completes it, at a position that the log knows. A request in flight is only the
// head of its chain, which is walked again at completion.
// What is in flight is bounded: by the queue's size, and by 64 MiB of data, beyond which the queue
// rests until a request completes. Not modelled: several queues, write-cache control, geometry.
#include <errno.h>
#include <string.h>

#include "block/block.h"
#include "hw/virtio/virtio.h"

enum { SECTOR_BYTES = 512, QUEUE_SIZE = VIRTQUEUE_SIZE_MAX, HEADER_BYTES = 16, ID_BYTES = 20 };
enum { SEG_MAX = QUEUE_SIZE - 2, SIZE_MAX_BYTES = 128 << 10, IN_FLIGHT_MAX_BYTES = 64 << 20 };
enum { DISCARD_MAX_SECTORS = 0x3fffff, DISCARD_BYTES = 16, DISCARD_UNMAP = 1 };

#define BLK_F_SIZE_MAX VIRTIO_F(1)
#define BLK_F_SEG_MAX VIRTIO_F(2)
#define BLK_F_RO VIRTIO_F(5)
#define BLK_F_BLK_SIZE VIRTIO_F(6)
#define BLK_F_FLUSH VIRTIO_F(9)
#define BLK_F_TOPOLOGY VIRTIO_F(10)
#define BLK_F_DISCARD VIRTIO_F(13)
#define BLK_F_WRITE_ZEROES VIRTIO_F(14)

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

typedef struct BlkRequest {
    uint32_t len_bytes;   // of data
    uint16_t head;
    uint8_t active;       // 0 or 1
    uint8_t reads;        // completion brings data for the guest
} BlkRequest;

typedef struct Blk {
    VirtioDevice vdev;
    char *drive_name, *serial;
    Drive *drive;
    struct BlkState {
        VirtioState v;
        BlkRequest requests[QUEUE_SIZE]; // the tag of the drive's request is the index
        uint64_t in_flight_bytes;
    } s;
} Blk;

static const Field fields[] = {
    VIRTIO_FIELDS(struct BlkState),
    FIELD_ARRAY(struct BlkState, requests),
    FIELD(struct BlkState, in_flight_bytes),
};

static const Prop props[] = {
    {"drive", "id of the drive", PROP_DRIVE, offsetof(Blk, drive_name), NULL},
    {"serial", "serial number, up to 20 characters", PROP_STRING, offsetof(Blk, serial), NULL},
};

static uint64_t blk_features(VirtioDevice *vdev)
{
    const Blk *blk = (const Blk *)vdev;
    return BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_BLK_SIZE | BLK_F_FLUSH | BLK_F_TOPOLOGY |
           (drive_read_only(blk->drive) ? BLK_F_RO : BLK_F_DISCARD | BLK_F_WRITE_ZEROES);
}

static void put_le(uint8_t *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint64_t get_le(const uint8_t *at, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)at[i] << 8 * i;
    }
    return value;
}

static uint64_t blk_sectors(const Blk *blk)
{
    return drive_size_bytes(blk->drive) / SECTOR_BYTES;
}

// 5.2.4
static void blk_config(VirtioDevice *vdev, uint8_t config[VIRTIO_CONFIG_MAX])
{
    put_le(config, blk_sectors((const Blk *)vdev), 8);
    put_le(config + 8, SIZE_MAX_BYTES, 4);
    put_le(config + 12, SEG_MAX, 4);
    put_le(config + 20, SECTOR_BYTES, 4);         // blk_size
    put_le(config + 26, 1, 2);                    // topology.min_io_size, blocks
    put_le(config + 34, 1, 2);                    // num_queues
    put_le(config + 36, DISCARD_MAX_SECTORS, 4);
    put_le(config + 40, 1, 4);                    // max_discard_seg
    put_le(config + 44, 1, 4);                    // discard_sector_alignment
    put_le(config + 48, DISCARD_MAX_SECTORS, 4);  // max_write_zeroes_sectors
    put_le(config + 52, 1, 4);                    // max_write_zeroes_seg
    config[56] = 1;                               // write_zeroes_may_unmap
}

// Ends a request: the status is the last byte that the device may write.
static void blk_finish(Blk *blk, const VirtChain *chain, uint8_t status, uint64_t data_bytes)
{
    if (chain_write(&blk->vdev, chain, chain->in_bytes - 1, &status, 1) == 1) {
        virtqueue_push(&blk->vdev, 0, chain->head, (uint32_t)data_bytes + 1);
    }
}

static void blk_submit(Blk *blk, const VirtChain *chain, BlockOp op, uint64_t offset,
                       uint64_t len_bytes, const uint8_t *buf)
{
    unsigned tag = 0;
    while (tag < QUEUE_SIZE && blk->s.requests[tag].active) {
        tag++;
    }
    if (tag == QUEUE_SIZE) { // only a driver that makes one buffer available twice gets here
        virtio_broken(&blk->vdev, "more requests in flight than descriptors");
        return;
    }
    // A range that holds no data of the request doesn't count.
    uint32_t data_bytes = op == BLOCK_READ || op == BLOCK_WRITE ? (uint32_t)len_bytes : 0;
    blk->s.requests[tag] = (BlkRequest){data_bytes, chain->head, true, op == BLOCK_READ};
    blk->s.in_flight_bytes += data_bytes;
    drive_submit(blk->drive, op, offset, len_bytes, buf, tag);
}

static bool range_valid(const Blk *blk, uint64_t sector, uint64_t sectors)
{
    return sectors <= blk_sectors(blk) && sector <= blk_sectors(blk) - sectors;
}

// Reads or writes sectors. The status if it ends at once, else -1.
static int blk_transfer(Blk *blk, const VirtChain *chain, bool write, uint64_t sector)
{
    uint64_t len_bytes = write ? chain->out_bytes - HEADER_BYTES : chain->in_bytes - 1;
    if (len_bytes % SECTOR_BYTES || len_bytes > (uint64_t)SEG_MAX * SIZE_MAX_BYTES ||
        !range_valid(blk, sector, len_bytes / SECTOR_BYTES)) {
        guest_error(&blk->vdev.dev, "%s of %llu bytes at sector %llu", write ? "write" : "read",
                    (unsigned long long)len_bytes, (unsigned long long)sector);
        return S_IOERR;
    }
    if (write && drive_read_only(blk->drive)) {
        return S_IOERR;
    }
    if (len_bytes == 0) {
        return S_OK;
    }
    if (!write) {
        blk_submit(blk, chain, BLOCK_READ, sector * SECTOR_BYTES, len_bytes, NULL);
        return -1;
    }
    uint8_t *buf = g_malloc(len_bytes);
    if (chain_read(&blk->vdev, chain, HEADER_BYTES, buf, len_bytes) == len_bytes) {
        blk_submit(blk, chain, BLOCK_WRITE, sector * SECTOR_BYTES, len_bytes, buf);
    }
    g_free(buf);
    return -1;
}

// 5.2.6: one range, {sector, num_sectors, flags}. The status if it ends at once, else -1.
static int blk_range(Blk *blk, const VirtChain *chain, uint32_t type)
{
    uint8_t range[DISCARD_BYTES];
    if (drive_read_only(blk->drive) || chain->out_bytes != HEADER_BYTES + DISCARD_BYTES) {
        return S_IOERR;
    }
    if (chain_read(&blk->vdev, chain, HEADER_BYTES, range, sizeof range) != sizeof range) {
        return -1;
    }
    uint64_t sector = get_le(range, 8), sectors = get_le(range + 8, 4);
    uint64_t flags = get_le(range + 12, 4);
    if (flags & ~(type == T_WRITE_ZEROES ? DISCARD_UNMAP : 0ull)) {
        return S_UNSUPP;
    }
    if (sectors > DISCARD_MAX_SECTORS || !range_valid(blk, sector, sectors)) {
        return S_IOERR;
    }
    if (sectors == 0) {
        return S_OK;
    }
    blk_submit(blk, chain, type == T_DISCARD ? BLOCK_DISCARD : BLOCK_WRITE_ZEROES,
               sector * SECTOR_BYTES, sectors * SECTOR_BYTES, NULL);
    return -1;
}

static void blk_get_id(Blk *blk, const VirtChain *chain)
{
    char id[ID_BYTES] = {0};
    const char *serial = blk->serial ? blk->serial : "";
    memcpy(id, serial, MIN(strlen(serial), sizeof id));
    uint64_t len_bytes = chain_write(&blk->vdev, chain, 0, id, MIN(sizeof id, chain->in_bytes - 1));
    blk_finish(blk, chain, S_OK, len_bytes);
}

static void blk_request(Blk *blk, const VirtChain *chain)
{
    uint8_t header[HEADER_BYTES];
    int status = S_UNSUPP;
    if (chain->out_bytes < HEADER_BYTES || chain->in_bytes < 1) {
        virtio_broken(&blk->vdev, "request without header or status");
        return;
    }
    if (chain_read(&blk->vdev, chain, 0, header, sizeof header) != sizeof header) {
        return;
    }
    uint32_t type = (uint32_t)get_le(header, 4);
    switch (type) {
    case T_IN:
    case T_OUT: status = blk_transfer(blk, chain, type == T_OUT, get_le(header + 8, 8)); break;
    case T_FLUSH:
        blk_submit(blk, chain, BLOCK_FLUSH, 0, 0, NULL);
        return;
    case T_GET_ID: blk_get_id(blk, chain); return;
    case T_DISCARD:
    case T_WRITE_ZEROES: status = blk_range(blk, chain, type); break;
    }
    if (status >= 0) {
        blk_finish(blk, chain, (uint8_t)status, 0);
    }
}

static void blk_notified(VirtioDevice *vdev, unsigned queue)
{
    Blk *blk = (Blk *)vdev;
    VirtChain chain;
    for (unsigned n = virtqueue_available(vdev, queue); n > 0; n--) {
        if (blk->s.in_flight_bytes >= IN_FLIGHT_MAX_BYTES || !virtqueue_pop(vdev, queue, &chain)) {
            break;
        }
        blk_request(blk, &chain);
    }
    virtqueue_interrupt(vdev, queue);
}

static void blk_done(Device *dev, uint64_t tag, int result, const uint8_t *buf, uint64_t len_bytes)
{
    Blk *blk = (Blk *)dev;
    BlkRequest *request = &blk->s.requests[tag];
    VirtChain chain;
    uint64_t data_bytes = 0;
    request->active = false;
    blk->s.in_flight_bytes -= request->len_bytes;
    if (!virtqueue_usable(&blk->vdev, 0) || !virtqueue_walk(&blk->vdev, 0, request->head, &chain)) {
        return;
    }
    if (chain.in_bytes < 1) {
        virtio_broken(&blk->vdev, "request changed while in flight");
        return;
    }
    if (request->reads && result == 0) {
        data_bytes = chain_write(&blk->vdev, &chain, 0, buf, MIN(len_bytes, chain.in_bytes - 1));
    }
    uint8_t failure = result == -ENOTSUP ? S_UNSUPP : S_IOERR;
    blk_finish(blk, &chain, result == 0 ? S_OK : failure, data_bytes);
    blk_notified(&blk->vdev, 0); // what waited for room
}

static void blk_reset(VirtioDevice *vdev)
{
    Blk *blk = (Blk *)vdev;
    drive_cancel(blk->drive);
    memset(blk->s.requests, 0, sizeof blk->s.requests);
    blk->s.in_flight_bytes = 0;
}

static bool blk_realize(Device *dev, Error *err)
{
    Blk *blk = (Blk *)dev;
    if (!blk->drive_name) {
        return fail(err, "drive property not set");
    }
    blk->drive = drive_find(blk->drive_name);
    if (!blk->drive) {
        return fail(err, "Property '%s.drive' can't find value '%s'", dev->type->name,
                    blk->drive_name);
    }
    return drive_attach(blk->drive, dev, blk_done, err) && virtio_realize(&blk->vdev, err);
}

static const VirtioClass blk_class = {
    .device_id = 2, .nqueues = 1, .queue_size = QUEUE_SIZE, .config_bytes = 60,
    .features = blk_features, .config = blk_config, .notified = blk_notified, .reset = blk_reset,
};

const DeviceType device_virtio_blk_device = {
    .name = "virtio-blk-device",
    .desc = "virtio disk",
    .bus = "virtio",
    .instance_size = sizeof(Blk),
    .state_offset = offsetof(Blk, s), .state_size = sizeof(struct BlkState),
    LIST(fields), LIST(props),
    .realize = blk_realize, .reset = virtio_reset,
    .class = &blk_class,
};
