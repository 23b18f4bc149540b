// SPDX-License-Identifier: GPL-2.0-or-later
// What guestfwd= of -netdev user needs of character devices (net/net-host.h, NetStreams): the two folders don't
// know each other.
#include "chardev/chardev-host.h"
#include "softmmu/start.h"

#include "net/net-host.h"

typedef struct Stream {
    CharEnd *end;
    const NetStreamUser *user;
    void *ctx;
} Stream;

static size_t stream_can_read(void *ctx)
{
    Stream *stream = ctx;
    return stream->user->can_read(stream->ctx);
}

static void stream_read(void *ctx, const uint8_t *buf, size_t len)
{
    Stream *stream = ctx;
    stream->user->read(stream->ctx, buf, len);
}

static const CharFrontend frontend = {.can_read = stream_can_read, .read = stream_read};

static void *stream_open(const char *spec, const char *id, const NetStreamUser *user, void *ctx, Error *err)
{
    CharChoice choice;
    if (!chardev_add_legacy(spec, id, &choice, err)) {
        return NULL;
    }
    Stream *stream = g_new0(Stream, 1);
    *stream = (Stream){.user = user, .ctx = ctx};
    stream->end = choice.id ? char_attach(chardev_find(choice.id), &frontend, stream, err) : NULL;
    if (!choice.id) {
        fail(err, "Could not open guest forwarding device '%s'", id);
    }
    g_free(choice.id);
    if (!stream->end) {
        g_clear_pointer(&stream, g_free);
    }
    return stream;
}

static bool stream_write(void *stream, const void *buf, size_t len)
{
    return char_write(((Stream *)stream)->end, buf, len);
}

static void stream_resumed(void *stream) { char_accept_input(((Stream *)stream)->end); }

static void stream_close(void *stream)
{
    char_detach(((Stream *)stream)->end);
    g_free(stream);
}

const NetStreams guestfwd_streams = {
    .open = stream_open, .write = stream_write, .resumed = stream_resumed, .close = stream_close};
