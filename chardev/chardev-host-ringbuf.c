// SPDX-License-Identifier: GPL-2.0-or-later
// The ring buffer backend: the last SIZE bytes of output, kept in memory until ringbuf-read takes them.
//
// Nothing waits for a reader: the oldest bytes make room. ringbuf-write puts bytes into the same ring.
#include "chardev/chardev-backend-host.h"

#include <string.h>

enum { RING_DEFAULT = 65536, RING_MAX = 1 << 30 };

typedef struct CharRing {
    uint8_t *bytes;
    uint64_t size;      // a power of two
    uint64_t in, out;   // bytes ever put in and taken out; in - out <= size
} CharRing;

static bool ring_parse(Chardev *chardev, Options *options, Error *err)
{
    CharRing *own = chardev->own;
    own->size = RING_DEFAULT;
    if (!options_size(options, "size", &own->size, err)) {
        return false;
    }
    if (own->size == 0 || (own->size & (own->size - 1))) {
        return fail(err, "size of ringbuf chardev must be power of two");
    }
    if (own->size > RING_MAX) {
        return fail(err, "size of ringbuf chardev must be at most 1 GiB");
    }
    own->bytes = g_try_malloc(own->size);
    return own->bytes || fail(err, "cannot allocate a ring buffer of %" PRIu64 " bytes", own->size);
}

static bool ring_open(Chardev *chardev, Error *err)
{
    chardev->opened = true;
    chardev_set_connected(chardev, true);
    return true;
}

static void ring_close(Chardev *chardev) { g_free(((CharRing *)chardev->own)->bytes); }

static ssize_t ring_write(Chardev *chardev, const uint8_t *buf, size_t len)
{
    CharRing *own = chardev->own;
    for (size_t i = 0; i < len; i++) {
        own->bytes[own->in++ & (own->size - 1)] = buf[i];
    }
    if (own->in - own->out > own->size) {
        own->out = own->in - own->size;
    }
    return (ssize_t)len;
}

static Chardev *ring_find(const char *id, Error *err)
{
    Chardev *chardev = chardev_find(id);
    if (!chardev) {
        fail(err, "Device '%s' not found", id);
    } else if (chardev->backend != &char_ringbuf) {
        fail(err, "%s is not a ringbuf device", id);
    } else {
        return chardev;
    }
    return NULL;
}

bool chardev_ringbuf_write(const char *id, const uint8_t *buf, size_t len, Error *err)
{
    Chardev *chardev = ring_find(id, err);
    if (chardev) {
        chardev_drain(chardev); // what the guest wrote before comes before
        (void)ring_write(chardev, buf, len);
    }
    return chardev;
}

GByteArray *chardev_ringbuf_read(const char *id, uint64_t most, Error *err)
{
    Chardev *chardev = ring_find(id, err);
    if (!chardev) {
        return NULL;
    }
    chardev_drain(chardev);
    CharRing *own = chardev->own;
    GByteArray *bytes = g_byte_array_new();
    for (; most && own->out != own->in; most--) {
        g_byte_array_append(bytes, &own->bytes[own->out++ & (own->size - 1)], 1);
    }
    return bytes;
}

const CharBackend char_ringbuf = {.name = "ringbuf", .size = sizeof(CharRing), .drain_ms = -1,
                                  .parse = ring_parse, .open = ring_open, .close = ring_close,
                                  .write = ring_write};
const CharBackend char_memory = {.name = "memory"}; // the old name of ringbuf
