// SPDX-License-Identifier: GPL-2.0-or-later
// virtio-blk: a disk on a virtio transport.
//
// Spec: VIRTIO 1.1, section 5.2. A request is copied when it is submitted; its data reach the guest
// when the drive completes it, at a position that the log knows. A request in flight is only the
// head of its chain, which is walked again at completion.
// What is in flight is bounded: by the queues' sizes, and by 64 MiB of data, beyond which the queues
// rest until a request completes. Failed requests are the drive's policy (werror=, rerror=). Not
// modelled: geometry, secure erase, zones.
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
#define BLK_F_CONFIG_WCE VIRTIO_F(11)
#define BLK_F_MQ VIRTIO_F(12)
#define BLK_F_DISCARD VIRTIO_F(13)
#define BLK_F_WRITE_ZEROES VIRTIO_F(14)

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { BLK_QUEUES_MAX = 4, MAX_REQUESTS = BLK_QUEUES_MAX * QUEUE_SIZE };
enum { CONFIG_WRITEBACK = 32, REQUEST_READS = 0x80 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

typedef struct BlkRequest {
    uint32_t len_bytes;   // of data
    uint16_t head;
    uint8_t active;       // 0 or 1
    uint8_t reads_queue;  // bit 7: completion brings data for the guest; below: its queue
} BlkRequest;

typedef struct Blk {
    VirtioDevice vdev;
    char *drive_name, *serial, *werror, *rerror, *write_cache;
    uint32_t queues, max_discard_sectors, max_zeroes_sectors;
    uint64_t logical_bytes, physical_bytes, min_io_bytes, opt_io_bytes, discard_bytes;
    bool config_wce, discard, write_zeroes;
    Drive *drive;
    struct BlkState {
        VirtioState v;
        BlkRequest requests[MAX_REQUESTS]; // the tag of the drive's request is the index
        uint64_t in_flight_bytes;
        uint8_t writeback; // 0: writes go through; the driver may choose
        uint8_t pad[7];
    } s;
} Blk;

static const Field fields[] = {
    VIRTIO_FIELDS(struct BlkState),
    FIELD_ARRAY(struct BlkState, requests),
    FIELD(struct BlkState, in_flight_bytes),
    FIELD(struct BlkState, writeback),
    FIELD(struct BlkState, pad),
};

static const Prop props[] = {
    {"drive", "id of the drive, or name of its node", PROP_DRIVE, offsetof(Blk, drive_name), NULL},
    {"serial", "serial number, up to 20 characters", PROP_STRING, offsetof(Blk, serial), NULL},
    {"num-queues", "number of queues, 1 to 4", PROP_U32, offsetof(Blk, queues), "1"},
    {"logical_block_size", "512 to 2 MiB", PROP_SIZE, offsetof(Blk, logical_bytes), "512"},
    {"physical_block_size", "512 to 2 MiB", PROP_SIZE, offsetof(Blk, physical_bytes), "512"},
    {"min_io_size", "bytes", PROP_SIZE, offsetof(Blk, min_io_bytes), "0"},
    {"opt_io_size", "bytes", PROP_SIZE, offsetof(Blk, opt_io_bytes), "0"},
    {"discard_granularity", "bytes; 0: a logical block", PROP_SIZE, offsetof(Blk, discard_bytes), "0"},
    {"write-cache", "on, off, auto (as the drive's cache=)", PROP_STRING, offsetof(Blk, write_cache), "auto"},
    {"config-wce", "the driver may switch the write cache", PROP_BOOL, offsetof(Blk, config_wce), "on"},
    {"discard", "offer discard", PROP_BOOL, offsetof(Blk, discard), "on"},
    {"write-zeroes", "offer write-zeroes", PROP_BOOL, offsetof(Blk, write_zeroes), "on"},
    {"max-discard-sectors", "of one request", PROP_U32, offsetof(Blk, max_discard_sectors), "4194303"},
    {"max-write-zeroes-sectors", "of one request", PROP_U32, offsetof(Blk, max_zeroes_sectors), "4194303"},
    {"werror", "report, ignore, stop, enospc, auto", PROP_STRING, offsetof(Blk, werror), "auto"},
    {"rerror", "report, ignore, stop, auto", PROP_STRING, offsetof(Blk, rerror), "auto"},
};

static uint64_t blk_features(VirtioDevice *vdev)
{
    const Blk *blk = (const Blk *)vdev;
    uint64_t writable = (blk->discard ? BLK_F_DISCARD : 0) |
                        (blk->write_zeroes ? BLK_F_WRITE_ZEROES : 0);
    return BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_BLK_SIZE | BLK_F_FLUSH | BLK_F_TOPOLOGY |
           (blk->config_wce ? BLK_F_CONFIG_WCE : 0) | (blk->queues > 1 ? BLK_F_MQ : 0) |
           (drive_read_only(blk->drive) ? BLK_F_RO : writable);
}

static unsigned blk_queues(const VirtioDevice *vdev)
{
    return ((const Blk *)vdev)->queues;
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

// Powers of two between a physical and a logical block.
static unsigned physical_exponent(const Blk *blk)
{
    unsigned exponent = 0;
    while (blk->logical_bytes << exponent < blk->physical_bytes) {
        exponent++;
    }
    return exponent;
}

// 5.2.4
static void blk_config(VirtioDevice *vdev, uint8_t config[VIRTIO_CONFIG_MAX])
{
    const Blk *blk = (const Blk *)vdev;
    uint64_t granularity = blk->discard_bytes ? blk->discard_bytes : blk->logical_bytes;
    uint64_t min_blocks = blk->min_io_bytes / blk->logical_bytes;
    put_le(config, blk_sectors(blk), 8);
    put_le(config + 8, SIZE_MAX_BYTES, 4);
    put_le(config + 12, SEG_MAX, 4);
    put_le(config + 20, blk->logical_bytes, 4);                  // blk_size
    config[24] = (uint8_t)physical_exponent(blk);                // topology, in logical blocks
    put_le(config + 26, min_blocks ? min_blocks : 1, 2);
    put_le(config + 28, blk->opt_io_bytes / blk->logical_bytes, 4);
    config[CONFIG_WRITEBACK] = blk->s.writeback;
    put_le(config + 34, blk->queues, 2);
    put_le(config + 36, blk->max_discard_sectors, 4);
    put_le(config + 40, 1, 4);                                   // max_discard_seg
    put_le(config + 44, granularity / SECTOR_BYTES, 4);          // discard_sector_alignment
    put_le(config + 48, blk->max_zeroes_sectors, 4);
    put_le(config + 52, 1, 4);                                   // max_write_zeroes_seg
    config[56] = 1;                                              // write_zeroes_may_unmap
}

static void blk_config_write(VirtioDevice *vdev, unsigned offset, uint8_t value)
{
    Blk *blk = (Blk *)vdev;
    if (offset == CONFIG_WRITEBACK && virtio_has(vdev, BLK_F_CONFIG_WCE)) {
        blk->s.writeback = value & 1;
    } else {
        guest_error(&vdev->dev, "configuration written at %u", offset);
    }
}

// Ends a request: the status is the last byte that the device may write.
static void blk_finish(Blk *blk, unsigned queue, const VirtChain *chain, uint8_t status,
                       uint64_t data_bytes)
{
    if (chain_write(&blk->vdev, chain, chain->in_bytes - 1, &status, 1) == 1) {
        virtqueue_push(&blk->vdev, queue, chain->head, (uint32_t)data_bytes + 1);
    }
}

static void blk_submit(Blk *blk, unsigned queue, const VirtChain *chain, BlockOp op,
                       uint64_t offset, uint64_t len_bytes, const uint8_t *buf)
{
    unsigned tag = 0, room = blk->queues * QUEUE_SIZE;
    while (tag < room && blk->s.requests[tag].active) {
        tag++;
    }
    if (tag == room) { // only a driver that makes one buffer available twice gets here
        virtio_broken(&blk->vdev, "more requests in flight than descriptors");
        return;
    }
    // A range that holds no data of the request doesn't count.
    bool data = op == BLOCK_READ || op == BLOCK_WRITE || op == BLOCK_WRITE_THROUGH;
    uint32_t data_bytes = data ? (uint32_t)len_bytes : 0;
    uint8_t reads = op == BLOCK_READ ? REQUEST_READS : 0;
    blk->s.requests[tag] =
        (BlkRequest){data_bytes, chain->head, true, (uint8_t)(reads | queue)};
    blk->s.in_flight_bytes += data_bytes;
    drive_submit(blk->drive, op, offset, len_bytes, buf, tag);
}

static bool range_valid(const Blk *blk, uint64_t sector, uint64_t sectors)
{
    return sectors <= blk_sectors(blk) && sector <= blk_sectors(blk) - sectors;
}

// Reads or writes sectors. The status if it ends at once, else -1.
static int blk_transfer(Blk *blk, unsigned queue, const VirtChain *chain, bool write,
                        uint64_t sector)
{
    uint64_t len_bytes = write ? chain->out_bytes - HEADER_BYTES : chain->in_bytes - 1;
    if (len_bytes % blk->logical_bytes || sector % (blk->logical_bytes / SECTOR_BYTES) ||
        len_bytes > (uint64_t)SEG_MAX * SIZE_MAX_BYTES ||
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
        blk_submit(blk, queue, chain, BLOCK_READ, sector * SECTOR_BYTES, len_bytes, NULL);
        return -1;
    }
    uint8_t *buf = g_malloc(len_bytes);
    if (chain_read(&blk->vdev, chain, HEADER_BYTES, buf, len_bytes) == len_bytes) {
        blk_submit(blk, queue, chain, blk->s.writeback ? BLOCK_WRITE : BLOCK_WRITE_THROUGH,
                   sector * SECTOR_BYTES, len_bytes, buf);
    }
    g_free(buf);
    return -1;
}

// 5.2.6: one range, {sector, num_sectors, flags}. The status if it ends at once, else -1.
static int blk_range(Blk *blk, unsigned queue, const VirtChain *chain, uint32_t type)
{
    uint8_t range[DISCARD_BYTES];
    if (!(type == T_DISCARD ? blk->discard : blk->write_zeroes)) {
        return S_UNSUPP;
    }
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
    uint32_t most = type == T_DISCARD ? blk->max_discard_sectors : blk->max_zeroes_sectors;
    if (sectors > most || !range_valid(blk, sector, sectors)) {
        return S_IOERR;
    }
    if (sectors == 0) {
        return S_OK;
    }
    BlockOp zero = flags & DISCARD_UNMAP ? BLOCK_ZERO_UNMAP : BLOCK_WRITE_ZEROES;
    blk_submit(blk, queue, chain, type == T_DISCARD ? BLOCK_DISCARD : zero,
               sector * SECTOR_BYTES, sectors * SECTOR_BYTES, NULL);
    return -1;
}

static void blk_get_id(Blk *blk, unsigned queue, const VirtChain *chain)
{
    char id[ID_BYTES] = {0};
    const char *serial = blk->serial ? blk->serial : "";
    memcpy(id, serial, MIN(strlen(serial), sizeof id));
    uint64_t len_bytes = chain_write(&blk->vdev, chain, 0, id, MIN(sizeof id, chain->in_bytes - 1));
    blk_finish(blk, queue, chain, S_OK, len_bytes);
}

static void blk_request(Blk *blk, unsigned queue, const VirtChain *chain)
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
    case T_OUT:
        status = blk_transfer(blk, queue, chain, type == T_OUT, get_le(header + 8, 8));
        break;
    case T_FLUSH:
        blk_submit(blk, queue, chain, BLOCK_FLUSH, 0, 0, NULL);
        return;
    case T_GET_ID: blk_get_id(blk, queue, chain); return;
    case T_DISCARD:
    case T_WRITE_ZEROES: status = blk_range(blk, queue, chain, type); break;
    }
    if (status >= 0) {
        blk_finish(blk, queue, chain, (uint8_t)status, 0);
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
        blk_request(blk, queue, &chain);
    }
    virtqueue_interrupt(vdev, queue);
}

static void blk_done(Device *dev, uint64_t tag, int result, const uint8_t *buf, uint64_t len_bytes)
{
    Blk *blk = (Blk *)dev;
    BlkRequest *request = &blk->s.requests[tag];
    unsigned queue = request->reads_queue & ~REQUEST_READS;
    VirtChain chain;
    uint64_t data_bytes = 0;
    request->active = false;
    blk->s.in_flight_bytes -= request->len_bytes;
    if (!virtqueue_usable(&blk->vdev, queue) ||
        !virtqueue_walk(&blk->vdev, queue, request->head, &chain)) {
        return;
    }
    if (chain.in_bytes < 1) {
        virtio_broken(&blk->vdev, "request changed while in flight");
        return;
    }
    if ((request->reads_queue & REQUEST_READS) && result == 0) {
        data_bytes = chain_write(&blk->vdev, &chain, 0, buf, MIN(len_bytes, chain.in_bytes - 1));
    }
    uint8_t failure = result == -ENOTSUP ? S_UNSUPP : S_IOERR;
    blk_finish(blk, queue, &chain, result == 0 ? S_OK : failure, data_bytes);
    for (unsigned i = 0; i < blk->queues; i++) {
        if (virtqueue_usable(&blk->vdev, i)) {
            blk_notified(&blk->vdev, i); // what waited for room
        }
    }
}

static void blk_resized(Device *dev)
{
    virtio_config_changed((VirtioDevice *)dev);
}

static void blk_reset(VirtioDevice *vdev)
{
    Blk *blk = (Blk *)vdev;
    drive_cancel(blk->drive);
    memset(blk->s.requests, 0, sizeof blk->s.requests);
    blk->s.in_flight_bytes = 0;
    bool automatic = !blk->write_cache || strcmp(blk->write_cache, "auto") == 0;
    blk->s.writeback = automatic ? drive_write_back(blk->drive) : blk->write_cache[1] == 'n';
}

static bool check_block_size(const char *name, uint64_t bytes, Error *err)
{
    if (bytes < SECTOR_BYTES || bytes > 2 << 20) {
        return fail(err, "Property .%s doesn't take value %llu (minimum: 512, maximum: 2097152)",
                    name, (unsigned long long)bytes);
    }
    return (bytes & (bytes - 1)) == 0 ||
           fail(err, "Property .%s doesn't take value %llu, it's not a power of 2", name,
                (unsigned long long)bytes);
}

static bool check_sizes(const Blk *blk, Error *err)
{
    if (!check_block_size("logical_block_size", blk->logical_bytes, err) ||
        !check_block_size("physical_block_size", blk->physical_bytes, err)) {
        return false;
    }
    if (blk->logical_bytes > blk->physical_bytes) {
        return fail(err, "logical_block_size > physical_block_size not supported");
    }
    if (blk->min_io_bytes % blk->logical_bytes || blk->opt_io_bytes % blk->logical_bytes ||
        blk->discard_bytes % blk->logical_bytes) {
        return fail(err, "min_io_size, opt_io_size and discard_granularity must be multiples of "
                         "logical_block_size");
    }
    if (blk->min_io_bytes / blk->logical_bytes > UINT16_MAX ||
        blk->opt_io_bytes / blk->logical_bytes > UINT32_MAX ||
        blk->discard_bytes / SECTOR_BYTES > UINT32_MAX) {
        return fail(err, "min_io_size, opt_io_size or discard_granularity is too large");
    }
    return true;
}

static bool check_props(const Blk *blk, Error *err)
{
    static const char *const caches[] = {"auto", "on", "off"};
    bool known = !blk->write_cache;
    for (unsigned i = 0; i < G_N_ELEMENTS(caches); i++) {
        known = known || strcmp(blk->write_cache, caches[i]) == 0;
    }
    if (!known) {
        return fail(err, "Parameter 'write-cache' expects 'on', 'off' or 'auto'");
    }
    if (blk->queues == 0) {
        return fail(err, "num-queues property must be larger than 0");
    }
    if (blk->queues > BLK_QUEUES_MAX) {
        return fail(err, "num-queues=%u is not supported (at most %d)", blk->queues,
                    BLK_QUEUES_MAX);
    }
    const uint32_t sectors[] = {blk->max_discard_sectors, blk->max_zeroes_sectors};
    for (unsigned i = 0; i < 2; i++) {
        if (sectors[i] == 0 || sectors[i] > DISCARD_MAX_SECTORS) {
            return fail(err, "invalid max-%s-sectors property (%u), must be between 1 and %d",
                        i ? "write-zeroes" : "discard", sectors[i], DISCARD_MAX_SECTORS);
        }
    }
    return check_sizes(blk, err);
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
    if (!check_props(blk, err) || !drive_attach(blk->drive, dev, blk_done, err) ||
        !drive_set_policy(blk->drive, blk->werror, blk->rerror, err)) {
        return false;
    }
    drive_on_resize(blk->drive, blk_resized);
    return virtio_realize(&blk->vdev, err);
}

static const VirtioClass blk_class = {
    .device_id = 2, .nqueues = BLK_QUEUES_MAX, .queues = blk_queues, .queue_size = QUEUE_SIZE, .config_bytes = 60,
    .features = blk_features, .config = blk_config, .config_write = blk_config_write,
    .notified = blk_notified, .reset = blk_reset,
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
