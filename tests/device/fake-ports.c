// SPDX-License-Identifier: GPL-2.0-or-later
// Fakes of chardev/chardev.h, net/net.h and block/block.h for device tests.
#include "tests/device/fake-ports.h"

#include <string.h>

// ---- characters ----

GString *fake_char_out;
size_t fake_char_credit;
static Device *char_dev;
static CharRx *char_rx;

CharPort *char_port_new(Machine *machine, const char *chardev_id, Device *dev, CharRx *rx,
                        Error *err)
{
    char_dev = dev;
    char_rx = rx;
    if (!fake_char_out) {
        fake_char_out = g_string_new(NULL);
    }
    g_string_truncate(fake_char_out, 0);
    return (CharPort *)&char_dev;
}

void char_port_write(CharPort *port, const uint8_t *buf, size_t len)
{
    g_string_append_len(fake_char_out, (const char *)buf, (gssize)len);
}

void char_port_credit(CharPort *port, size_t free_bytes) { fake_char_credit = free_bytes; }

void fake_char_in(const void *buf, size_t len)
{
    if (char_rx) {
        char_rx(char_dev, buf, len);
    }
}

void fake_char_forget(void) { char_rx = NULL; }

// ---- network ----

GPtrArray *fake_net_out;
size_t fake_net_credit;
static Device *net_dev;
static NetRx *net_rx;

NetPort *net_port_new(Machine *machine, const char *netdev_id, Device *dev, NetRx *rx, Error *err)
{
    net_dev = dev;
    net_rx = rx;
    if (!fake_net_out) {
        fake_net_out = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    }
    g_ptr_array_set_size(fake_net_out, 0);
    return (NetPort *)&net_dev;
}

void net_port_send(NetPort *port, const uint8_t *frame, size_t len)
{
    g_ptr_array_add(fake_net_out, g_bytes_new(frame, len));
}

void net_port_credit(NetPort *port, size_t frames) { fake_net_credit = frames; }

void fake_net_in(const void *frame, size_t len) { net_rx(net_dev, frame, len); }

// ---- drives ----

typedef struct Request {
    BlockOp op;
    uint64_t offset, len, tag;
    uint8_t *bytes; // of a write
} Request;

uint8_t fake_drive_bytes[FAKE_DRIVE_BYTES];
bool fake_drive_read_only;
unsigned fake_drive_flushes;
bool fake_drive_write_back = true;
const char *fake_drive_werror;
static void (*drive_resized)(Device *dev);
static GQueue requests = G_QUEUE_INIT;
static Device *drive_dev;
static BlockDone *drive_done;
static char drive_name[] = "d0";

Drive *drive_find(const char *id)
{
    return g_str_equal(id, drive_name) ? (Drive *)drive_name : NULL;
}
const char *drive_id(const Drive *drive) { return drive_name; }
uint64_t drive_size_bytes(const Drive *drive) { return FAKE_DRIVE_BYTES; }
bool drive_read_only(const Drive *drive) { return fake_drive_read_only; }
bool drive_write_back(const Drive *drive) { return fake_drive_write_back; }
bool drive_set_policy(Drive *drive, const char *werror, const char *rerror, Error *err)
{
    fake_drive_werror = werror;
    return true;
}
void drive_on_resize(Drive *drive, void (*resized)(Device *dev)) { drive_resized = resized; }
void fake_drive_resize(void) { drive_resized(drive_dev); }
unsigned drive_in_flight(const Drive *drive) { return requests.length; }

bool drive_attach(Drive *drive, Device *dev, BlockDone *done, Error *err)
{
    drive_dev = dev;
    drive_done = done;
    fake_drive_flushes = 0;
    return true;
}

void drive_submit(Drive *drive, BlockOp op, uint64_t offset, uint64_t len_bytes, const uint8_t *buf,
                  uint64_t tag)
{
    Request *request = g_new0(Request, 1);
    *request = (Request){op, offset, len_bytes, tag, buf ? g_memdup2(buf, len_bytes) : NULL};
    g_assert_cmpuint(len_bytes, <=, FAKE_DRIVE_BYTES);
    g_assert_cmpuint(offset, <=, FAKE_DRIVE_BYTES - len_bytes);
    g_queue_push_tail(&requests, request);
}

bool fake_drive_complete(int result)
{
    Request *request = g_queue_pop_head(&requests);
    if (!request) {
        return false;
    }
    uint8_t *at = fake_drive_bytes + request->offset;
    if (result == 0) {
        switch (request->op) {
        case BLOCK_READ:         break;
        case BLOCK_WRITE_THROUGH:
        case BLOCK_WRITE:
            memcpy(at, request->bytes, request->len);
            fake_drive_flushes += request->op == BLOCK_WRITE_THROUGH;
            break;
        case BLOCK_FLUSH:        fake_drive_flushes++; break;
        case BLOCK_DISCARD:
        case BLOCK_ZERO_UNMAP:
        case BLOCK_WRITE_ZEROES: memset(at, 0, request->len); break;
        }
    }
    drive_done(drive_dev, request->tag, result, request->op == BLOCK_READ && !result ? at : NULL,
               request->len);
    g_free(request->bytes);
    g_free(request);
    return true;
}

void drive_cancel(Drive *drive)
{
    Request *request;
    while ((request = g_queue_pop_head(&requests))) {
        g_free(request->bytes);
        g_free(request);
    }
}
