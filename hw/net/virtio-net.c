// SPDX-License-Identifier: GPL-2.0-or-later
// virtio-net: a network card on a virtio transport.
//
// Spec: VIRTIO 1.1, section 5.1. Queues: 0 receive, 1 transmit, 2 control. Mergeable receive
// buffers, receive filters (5.1.6.5.1, 5.1.6.5.2); a frame that finds no buffer is dropped, as on a
// wire. Not offered: checksum and segmentation offloads, VLAN filter, several queue pairs,
// announcements.
#include <string.h>

#include "hw/net/nic.h"
#include "hw/virtio/virtio.h"
#include "net/net.h"

enum { RXQ = 0, TXQ = 1, CTRLQ = 2, NQUEUES = 3 };
// struct virtio_net_hdr; num_buffers, its end, isn't there for legacy drivers without MRG_RXBUF
// (5.1.6.1).
enum { HEADER_BYTES = 12, HEADER_GSO_TYPE = 1, HEADER_NUM_BUFFERS = 10 };
enum { TABLE_MAX = 64 };
enum { CTRL_OK = 0, CTRL_ERR = 1, CTRL_RX = 0, CTRL_MAC = 1, MAC_TABLE_SET = 0, MAC_ADDR_SET = 1 };

#define NET_F_MAC VIRTIO_F(5)
#define NET_F_MRG_RXBUF VIRTIO_F(15)
#define NET_F_STATUS VIRTIO_F(16)
#define NET_F_CTRL_VQ VIRTIO_F(17)
#define NET_F_CTRL_RX VIRTIO_F(18)
#define NET_F_CTRL_RX_EXTRA VIRTIO_F(20)
#define NET_F_CTRL_MAC_ADDR VIRTIO_F(23)

// Receive modes, in order of the commands of class CTRL_RX.
enum { MODE_PROMISC, MODE_ALLMULTI, MODE_ALLUNI, MODE_NOMULTI, MODE_NOUNI, MODE_NOBCAST, MODES };

typedef struct MacTable {
    uint8_t overflowed;      // more addresses than it holds: all pass
    uint8_t count;
    uint8_t mac[TABLE_MAX][6];
} MacTable;

typedef struct Net {
    VirtioDevice vdev;
    char *netdev;
    uint8_t default_mac[6];
    NetPort *port;
    struct NetState {
        VirtioState v;
        uint8_t mac[6];
        uint8_t mode[MODES]; // 0 or 1
        MacTable unicast, multicast;
    } s;
} Net;

G_STATIC_ASSERT(sizeof(MacTable) == 2 + 6 * TABLE_MAX);

static const Field fields[] = {
    VIRTIO_FIELDS(struct NetState),
    FIELD_ARRAY(struct NetState, mac),   FIELD_ARRAY(struct NetState, mode),
    FIELD(struct NetState, unicast),     FIELD(struct NetState, multicast),
};

static const Prop props[] = {
    {"netdev", "id of the network backend", PROP_NETDEV, offsetof(Net, netdev), NULL},
    {"mac", "Ethernet address", PROP_MAC, offsetof(Net, default_mac), NULL},
};

static uint64_t net_features(VirtioDevice *vdev)
{
    return NET_F_MAC | NET_F_MRG_RXBUF | NET_F_STATUS | NET_F_CTRL_VQ | NET_F_CTRL_RX |
           NET_F_CTRL_RX_EXTRA | NET_F_CTRL_MAC_ADDR;
}

// 5.1.3.1: control features need the control queue.
static bool net_features_ok(VirtioDevice *vdev, uint64_t features)
{
    return (features & NET_F_CTRL_VQ) ||
           !(features & (NET_F_CTRL_RX | NET_F_CTRL_RX_EXTRA | NET_F_CTRL_MAC_ADDR));
}

// 5.1.4: mac, status (link up), max_virtqueue_pairs
static void net_config(VirtioDevice *vdev, uint8_t config[VIRTIO_CONFIG_MAX])
{
    memcpy(config, ((const Net *)vdev)->s.mac, 6);
    config[6] = 1;
    config[8] = 1;
}

// 5.1.4, legacy interface: the address may be written there.
static void net_config_write(VirtioDevice *vdev, unsigned offset, uint8_t value)
{
    Net *net = (Net *)vdev;
    if (virtio_is_legacy(vdev) && offset < sizeof net->s.mac) {
        net->s.mac[offset] = value;
    } else {
        guest_error(&vdev->dev, "configuration written at %u", offset);
    }
}

// ---- receiving ----

static bool table_has(const MacTable *table, const uint8_t *mac)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (memcmp(table->mac[i], mac, 6) == 0) {
            return true;
        }
    }
    return table->overflowed;
}

static bool net_wants(const Net *net, const uint8_t *frame)
{
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const struct NetState *s = &net->s;
    if (s->mode[MODE_PROMISC]) {
        return true;
    }
    if (memcmp(frame, broadcast, 6) == 0) {
        return !s->mode[MODE_NOBCAST];
    }
    if (frame[0] & 1) {
        return !s->mode[MODE_NOMULTI] &&
               (s->mode[MODE_ALLMULTI] || table_has(&s->multicast, frame));
    }
    return !s->mode[MODE_NOUNI] && (s->mode[MODE_ALLUNI] || memcmp(frame, s->mac, 6) == 0 ||
                                    table_has(&s->unicast, frame));
}

static unsigned net_header_bytes(const Net *net)
{
    bool old = virtio_is_legacy(&net->vdev) && !virtio_has(&net->vdev, NET_F_MRG_RXBUF);
    return old ? HEADER_NUM_BUFFERS : HEADER_BYTES;
}

static void net_update_credit(Net *net)
{
    net_port_credit(net->port, virtqueue_peek(&net->vdev, RXQ));
}

// Puts header and frame into one buffer or, merged, into as many as it takes. False: too few, none
// taken.
static bool net_fill_buffers(Net *net, const uint8_t *packet, uint64_t len)
{
    VirtioDevice *vdev = &net->vdev;
    VirtChain first, chain;
    uint64_t done = 0;
    uint16_t taken = 0;
    unsigned available = virtqueue_available(vdev, RXQ);
    bool merge = virtio_has(vdev, NET_F_MRG_RXBUF);
    while (done < len && taken < (merge ? available : MIN(available, 1))) {
        VirtChain *here = taken == 0 ? &first : &chain;
        if (!virtqueue_pop(vdev, RXQ, here)) {
            return false;
        }
        if (taken == 0 && here->in_bytes < net_header_bytes(net)) {
            virtio_broken(vdev, "receive buffer of %llu bytes", (unsigned long long)here->in_bytes);
            return false;
        }
        uint64_t part = chain_write(vdev, here, 0, packet + done, len - done);
        virtqueue_fill(vdev, RXQ, taken++, here->head, (uint32_t)part);
        done += part;
    }
    if (done < len) {
        virtqueue_unpop(vdev, RXQ, taken);
        return false;
    }
    if (net_header_bytes(net) == HEADER_BYTES) {
        uint8_t num_buffers[2] = {(uint8_t)taken, (uint8_t)(taken >> 8)};
        chain_write(vdev, &first, HEADER_NUM_BUFFERS, num_buffers, 2);
    }
    virtqueue_flush(vdev, RXQ, taken);
    return true;
}

static void net_rx(Device *dev, const uint8_t *frame, size_t len)
{
    Net *net = (Net *)dev;
    uint8_t packet[HEADER_BYTES + NIC_FRAME_MAX] = {0};
    if (len < NIC_FRAME_MIN || len > NIC_FRAME_MAX || !net_wants(net, frame)) {
        return;
    }
    unsigned header = net_header_bytes(net);
    memcpy(packet + header, frame, len);
    if (net_fill_buffers(net, packet, header + len)) {
        virtqueue_interrupt(&net->vdev, RXQ);
    }
    net_update_credit(net);
}

// ---- transmitting ----

static void net_transmit(Net *net, const VirtChain *chain)
{
    uint8_t packet[HEADER_BYTES + NIC_FRAME_MAX];
    unsigned header = net_header_bytes(net);
    if (chain->out_bytes < header + NIC_FRAME_MIN || chain->out_bytes > header + NIC_FRAME_MAX) {
        guest_error(&net->vdev.dev, "packet of %llu bytes", (unsigned long long)chain->out_bytes);
        return;
    }
    if (chain_read(&net->vdev, chain, 0, packet, chain->out_bytes) != chain->out_bytes) {
        return;
    }
    if (packet[0] || packet[HEADER_GSO_TYPE]) { // flags, gso_type
        guest_error(&net->vdev.dev, "packet asks for offloads that weren't negotiated");
        return;
    }
    net_port_send(net->port, packet + header, chain->out_bytes - header);
}

// ---- control ----

// Reads one table {le32 entries, mac[entries]} at *offset of the command, and steps over it.
static bool net_read_table(Net *net, const VirtChain *chain, uint64_t *offset, MacTable *table)
{
    uint32_t entries;
    if (chain_read(&net->vdev, chain, *offset, &entries, 4) != 4) {
        return false;
    }
    entries = GUINT32_FROM_LE(entries);
    if (6ull * entries > chain->out_bytes - *offset - 4) {
        return false;
    }
    *table = (MacTable){.overflowed = entries > TABLE_MAX};
    table->count = (uint8_t)(table->overflowed ? 0 : entries);
    uint64_t len = 6ull * table->count;
    if (chain_read(&net->vdev, chain, *offset + 4, table->mac, len) != len) {
        return false;
    }
    *offset += 4 + 6ull * entries;
    return true;
}

static uint8_t net_control_mac(Net *net, const VirtChain *chain, uint8_t command)
{
    uint64_t offset = 2;
    uint8_t mac[6];
    MacTable unicast, multicast;
    switch (command) {
    case MAC_TABLE_SET:
        if (!virtio_has(&net->vdev, NET_F_CTRL_RX) ||
            !net_read_table(net, chain, &offset, &unicast) ||
            !net_read_table(net, chain, &offset, &multicast)) {
            return CTRL_ERR;
        }
        net->s.unicast = unicast;
        net->s.multicast = multicast;
        return CTRL_OK;
    case MAC_ADDR_SET:
        if (!virtio_has(&net->vdev, NET_F_CTRL_MAC_ADDR) ||
            chain_read(&net->vdev, chain, offset, mac, 6) != 6) {
            return CTRL_ERR;
        }
        memcpy(net->s.mac, mac, 6);
        return CTRL_OK;
    }
    return CTRL_ERR;
}

static uint8_t net_control(Net *net, const VirtChain *chain)
{
    uint8_t command[3]; // class, command, and for receive modes on or off
    uint64_t len = chain_read(&net->vdev, chain, 0, command, sizeof command);
    if (len < 2) {
        return CTRL_ERR;
    }
    if (command[0] == CTRL_MAC) {
        return net_control_mac(net, chain, command[1]);
    }
    uint64_t feature = command[1] <= MODE_ALLMULTI ? NET_F_CTRL_RX : NET_F_CTRL_RX_EXTRA;
    if (command[0] != CTRL_RX || command[1] >= MODES || len < 3 ||
        !virtio_has(&net->vdev, feature)) {
        return CTRL_ERR;
    }
    net->s.mode[command[1]] = command[2] != 0;
    return CTRL_OK;
}

static void net_notified(VirtioDevice *vdev, unsigned queue)
{
    Net *net = (Net *)vdev;
    VirtChain chain;
    if (queue == RXQ) {
        net_update_credit(net);
        return;
    }
    for (unsigned n = virtqueue_available(vdev, queue); n > 0; n--) {
        uint32_t written = 0;
        if (!virtqueue_pop(vdev, queue, &chain)) {
            break;
        }
        if (queue == TXQ) {
            net_transmit(net, &chain);
        } else {
            uint8_t ack = net_control(net, &chain);
            written = (uint32_t)chain_write(vdev, &chain, 0, &ack, 1);
        }
        virtqueue_push(vdev, queue, chain.head, written);
    }
    virtqueue_interrupt(vdev, queue);
}

static void net_reset(VirtioDevice *vdev)
{
    Net *net = (Net *)vdev;
    memcpy(net->s.mac, net->default_mac, 6);
    memset(net->s.mode, 0, sizeof net->s.mode);
    net->s.mode[MODE_PROMISC] = 1; // until a driver says what it wants
    net->s.unicast = net->s.multicast = (MacTable){0};
    net_port_credit(net->port, 0);
}

static void net_loaded(Device *dev)
{
    net_update_credit((Net *)dev);
}

static bool net_realize(Device *dev, Error *err)
{
    Net *net = (Net *)dev;
    if (net->default_mac[0] & 1) {
        return fail(err, "property 'mac' must not be a multicast address");
    }
    nic_default_mac(dev, net->default_mac);
    net->port = net_port_new(dev->machine, net->netdev, dev, net_rx, err);
    return net->port && virtio_realize(&net->vdev, err);
}

static const VirtioClass net_class = {
    .device_id = 1, .nqueues = NQUEUES, .queue_size = VIRTQUEUE_SIZE_MAX, .config_bytes = 10,
    .features = net_features, .features_ok = net_features_ok, .config = net_config,
    .config_write = net_config_write,
    .notified = net_notified, .reset = net_reset,
};

const DeviceType device_virtio_net_device = {
    .name = "virtio-net-device",
    .desc = "virtio network card",
    .bus = "virtio",
    .instance_size = sizeof(Net),
    .state_offset = offsetof(Net, s), .state_size = sizeof(struct NetState),
    LIST(fields), LIST(props),
    .realize = net_realize, .reset = virtio_reset, .loaded = net_loaded,
    .class = &net_class,
};
