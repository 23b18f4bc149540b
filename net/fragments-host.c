// SPDX-License-Identifier: GPL-2.0-or-later
// Reassembly of IPv4 fragments (RFC 791, section 3.2).
//
// libslirp can do it, but some of its versions that are in use write outside of their buffers when a guest sends
// fragments that no IP stack would make; so it only gets whole datagrams. Strict on purpose: fragments that overlap
// drop their datagram. Bounded: 16 datagrams of 64 KiB at a time, 30 s each; beyond, the oldest goes.
#include "net/fragments-host.h"

#include <glib.h>
#include <string.h>

enum {
    ETHER = 14, IP_MIN = 20, IP_MAX = 60, DATAGRAMS = 16, LIFE_MS = 30000,
    DATA_MAX = 65535 - IP_MIN, BLOCKS = 8192, // of 8 bytes
};

typedef struct Datagram {
    uint8_t key[11];             // source, destination, protocol, identification; all zero: unused
    bool used;
    int64_t since_ms;
    uint8_t head[ETHER + IP_MAX]; // of the first fragment
    unsigned head_bytes;         // 0: it isn't there yet
    unsigned data_bytes;         // 0: the last fragment isn't there yet
    unsigned blocks;             // that are there
    uint8_t have[BLOCKS / 8];
    uint8_t data[DATA_MAX + 8];
} Datagram;

struct Fragments {
    Datagram *datagrams[DATAGRAMS];
    uint8_t whole[ETHER + 65535];
};

static unsigned get16(const uint8_t *p) { return p[0] * 256u + p[1]; }

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

// 0 over a header whose sum is right.
static unsigned header_sum(const uint8_t *ip, unsigned bytes)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < bytes; i += 2) {
        sum += get16(ip + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

bool fragment_is(const uint8_t *frame, size_t len)
{
    return len >= ETHER + IP_MIN && get16(frame + 12) == 0x0800 && frame[ETHER] >> 4 == 4 &&
           (get16(frame + ETHER + 6) & 0x3fff) != 0;
}

Fragments *fragments_new(void) { return g_new0(Fragments, 1); }

void fragments_free(Fragments *fragments)
{
    for (unsigned i = 0; fragments && i < DATAGRAMS; i++) {
        g_free(fragments->datagrams[i]);
    }
    g_free(fragments);
}

// The datagram of this fragment, a fresh one if need be.
static Datagram *find(Fragments *fragments, const uint8_t *ip, int64_t now_ms)
{
    uint8_t key[11];
    unsigned place = 0;
    memcpy(key, ip + 12, 8);
    key[8] = ip[9];
    memcpy(key + 9, ip + 4, 2);
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        Datagram *datagram = fragments->datagrams[i];
        if (datagram && datagram->used && now_ms - datagram->since_ms > LIFE_MS) {
            datagram->used = false;
        }
        if (datagram && datagram->used && memcmp(datagram->key, key, sizeof(key)) == 0) {
            return datagram;
        }
    }
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        const Datagram *best = fragments->datagrams[place], *other = fragments->datagrams[i];
        if (best && best->used && (!other || !other->used || other->since_ms < best->since_ms)) {
            place = i;
        }
    }
    if (!fragments->datagrams[place]) {
        fragments->datagrams[place] = g_new0(Datagram, 1);
    }
    Datagram *fresh = fragments->datagrams[place];
    memset(fresh, 0, offsetof(Datagram, data));
    memcpy(fresh->key, key, sizeof(key));
    fresh->used = true;
    fresh->since_ms = now_ms;
    return fresh;
}

// False: it contradicts what is there.
static bool add(Datagram *datagram, const uint8_t *frame, unsigned head, unsigned offset, unsigned bytes, bool last)
{
    unsigned first = offset / 8, blocks = (bytes + 7) / 8;
    if (offset + bytes > DATA_MAX || (datagram->data_bytes && (last || offset + bytes > datagram->data_bytes))) {
        return false;
    }
    for (unsigned i = first; i < first + blocks; i++) {
        if (datagram->have[i / 8] & 1 << i % 8) {
            return false;
        }
    }
    if (last) {
        for (unsigned i = first + blocks; i < BLOCKS; i++) {
            if (datagram->have[i / 8] & 1 << i % 8) {
                return false;
            }
        }
        datagram->data_bytes = offset + bytes;
    }
    for (unsigned i = first; i < first + blocks; i++) {
        datagram->have[i / 8] |= (uint8_t)(1 << i % 8);
    }
    datagram->blocks += blocks;
    if (offset == 0) {
        datagram->head_bytes = ETHER + head;
        memcpy(datagram->head, frame, ETHER + head);
    }
    memcpy(datagram->data + offset, frame + ETHER + head, bytes);
    return true;
}

const uint8_t *fragments_take(Fragments *fragments, const uint8_t *frame, size_t *len, int64_t now_ms)
{
    const uint8_t *ip = frame + ETHER;
    unsigned head = (ip[0] & 15) * 4u, total = get16(ip + 2), field = get16(ip + 6);
    bool last = !(field & 0x2000);
    if (head < IP_MIN || total <= head || total > *len - ETHER || header_sum(ip, head) != 0 ||
        (!last && (total - head) % 8 != 0)) {
        return NULL;
    }
    Datagram *datagram = find(fragments, ip, now_ms);
    if (!add(datagram, frame, head, (field & 0x1fff) * 8, total - head, last)) {
        datagram->used = false;
        return NULL;
    }
    if (!datagram->head_bytes || !datagram->data_bytes || datagram->blocks != (datagram->data_bytes + 7) / 8) {
        return NULL;
    }
    datagram->used = false;
    unsigned whole = datagram->head_bytes - ETHER + datagram->data_bytes;
    if (whole > 65535) {
        return NULL;
    }
    memcpy(fragments->whole, datagram->head, datagram->head_bytes);
    memcpy(fragments->whole + datagram->head_bytes, datagram->data, datagram->data_bytes);
    put16(fragments->whole + ETHER + 2, whole);
    put16(fragments->whole + ETHER + 6, 0);
    put16(fragments->whole + ETHER + 10, 0);
    put16(fragments->whole + ETHER + 10, header_sum(fragments->whole + ETHER, datagram->head_bytes - ETHER));
    *len = ETHER + whole;
    return fragments->whole;
}
