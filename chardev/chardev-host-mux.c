// SPDX-License-Identifier: GPL-2.0-or-later
// The multiplexer: a guest's port and monitors on one terminal, one of them having the keyboard.
//
// Ctrl-A (or -echr's character) and a letter: h help, x quit, t time stamps, c next client, Ctrl-A
// itself. Input is read even while the client in focus can't take it, up to a limit, so that the escape
// is heard; all bytes reach the client that was in focus when they were typed. While replaying, what
// is typed at a guest's port is thrown away and the escapes work.
//
// Not modelled: b (break), s (commit the disks).
#include "chardev/chardev-backend-host.h"

#include <string.h>

enum { HELD_MAX = 4096 };

typedef struct Mux {
    CharEnd *base_end; // the mux's end of what it multiplexes
    CharEnd *focus;
    bool escaped;      // the last byte was the escape character
    bool guest_first;  // a guest's port has taken the focus
} Mux;

static uint8_t escape_char = 1;

void chardev_set_escape(uint8_t ascii) { escape_char = ascii; }

CharEnd *mux_focus(const Chardev *chardev)
{
    const Mux *mux = chardev->own;
    if (mux->focus) {
        return mux->focus;
    }
    return chardev->ends->len ? chardev->ends->pdata[0] : NULL;
}

static void mux_set_focus(Chardev *chardev, CharEnd *end)
{
    Mux *mux = chardev->own;
    CharEnd *old = mux_focus(chardev);
    mux->focus = end;
    if (old && old != end) {
        chardev_send_event(old, CHAR_MUX_OUT);
    }
    if (end) {
        chardev_send_event(end, CHAR_MUX_IN);
    }
}

// The first guest port gets the keyboard, whoever came before it.
void mux_attached(Chardev *chardev, CharEnd *end)
{
    Mux *mux = chardev->own;
    if (end->source && !mux->guest_first) {
        mux->guest_first = true;
        mux_set_focus(chardev, end);
    }
}

void mux_detached(Chardev *chardev, CharEnd *end)
{
    Mux *mux = chardev->own;
    if (mux->focus == end) {
        mux->focus = NULL;
    }
}

static void mux_print(Mux *mux, const char *text) { char_write(mux->base_end, text, strlen(text)); }

static void mux_help(Mux *mux)
{
    char key[8] = "C-a";
    if (escape_char != 1) {
        g_snprintf(key, sizeof(key), escape_char < 32 ? "C-%c" : "%c",
                   escape_char < 32 ? escape_char + '@' : escape_char);
    }
    char *text = g_strdup_printf("\r\n"
                                 "%s h    print this help\r\n"
                                 "%s x    exit emulator\r\n"
                                 "%s t    toggle console timestamps\r\n"
                                 "%s c    switch between console and monitor\r\n"
                                 "%s %s  sends %s\r\n",
                                 key, key, key, key, key, key, key);
    mux_print(mux, text);
    g_free(text);
}

static void mux_next(Chardev *chardev)
{
    CharEnd *focus = mux_focus(chardev);
    for (unsigned i = 0; i < chardev->ends->len; i++) {
        if (chardev->ends->pdata[i] == focus) {
            mux_set_focus(chardev, chardev->ends->pdata[(i + 1) % chardev->ends->len]);
            return;
        }
    }
}

static void mux_command(Chardev *chardev, uint8_t ch)
{
    Mux *mux = chardev->own;
    switch (ch) {
    case 'h':
    case '?': mux_help(mux); return;
    case 'x':
        mux_print(mux, "\r\nBackstep: Terminated\r\n");
        chardev_quit();
        return;
    case 't': chardev->timestamps = !chardev->timestamps; return;
    case 'c': mux_next(chardev); return;
    case 'b': mux_print(mux, "\r\nsending a break is not supported\r\n"); return;
    case 's': mux_print(mux, "\r\nsaving disk data back is not supported yet\r\n"); return;
    }
}

static void mux_hand_over(CharEnd *end)
{
    while (end->held->len) {
        size_t room = char_end_can_read(end);
        if (room == 0) {
            return;
        }
        guint n = (guint)MIN(room, end->held->len);
        // The client may come back here while it reads.
        uint8_t *bytes = g_memdup2(end->held->data, n);
        g_byte_array_remove_range(end->held, 0, n);
        end->frontend->read(end->ctx, bytes, n);
        g_free(bytes);
    }
}

static void mux_resumed(Chardev *chardev)
{
    for (unsigned i = 0; i < chardev->ends->len; i++) {
        mux_hand_over(chardev->ends->pdata[i]);
    }
}

static size_t mux_can_read(void *ctx)
{
    CharEnd *end = mux_focus(ctx);
    if (!end) {
        return 0;
    }
    if (end->source && chardev_replaying()) {
        return CHAR_READ_MAX;
    }
    return end->held->len < HELD_MAX ? HELD_MAX - end->held->len : 0;
}

static void mux_hold(Chardev *chardev, uint8_t ch)
{
    CharEnd *end = mux_focus(chardev);
    if (end && !(end->source && chardev_replaying())) {
        g_byte_array_append(end->held, &ch, 1);
    }
}

static void mux_read(void *ctx, const uint8_t *buf, size_t len)
{
    Chardev *chardev = ctx;
    Mux *mux = chardev->own;
    for (size_t i = 0; i < len; i++) {
        if (mux->escaped && buf[i] != escape_char) {
            mux->escaped = false;
            mux_command(chardev, buf[i]);
        } else if (!mux->escaped && buf[i] == escape_char) {
            mux->escaped = true;
        } else {
            mux->escaped = false;
            mux_hold(chardev, buf[i]);
        }
    }
    mux_resumed(chardev);
}

static void mux_event(void *ctx, CharEvent event)
{
    Chardev *chardev = ctx;
    for (unsigned i = 0; i < chardev->ends->len; i++) {
        chardev_send_event(chardev->ends->pdata[i], event);
    }
}

static const CharFrontend mux_frontend = {
    .can_read = mux_can_read, .read = mux_read, .event = mux_event};

Chardev *mux_new(const char *id, Chardev *base, Error *err)
{
    Chardev *chardev = chardev_new(id, &char_mux, err);
    if (!chardev) {
        return NULL;
    }
    Mux *mux = chardev->own;
    chardev->base = base;
    mux->base_end = char_attach(base, &mux_frontend, chardev, err);
    if (!mux->base_end) {
        return NULL;
    }
    mux->base_end->client = false;
    return chardev;
}

static void mux_close(Chardev *chardev)
{
    Mux *mux = chardev->own;
    char_detach(mux->base_end);
}

const CharBackend char_mux = {
    .name = "mux", .size = sizeof(Mux), .close = mux_close, .resumed = mux_resumed};
