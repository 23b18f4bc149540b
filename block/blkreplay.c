// SPDX-License-Identifier: GPL-2.0-or-later
// blkreplay: block-done events; every drive works this way, with or without -drive
// driver=blkreplay.
//
// A live worker posts the answer, replay takes it from the log; delivery is the same: find the
// request, wait in host time for the worker's data, put the log's bytes over tainted parts, compare
// hashes, complete. What the guest sees (result, order, instant) is the event's; what the worker
// found is only compared with it.
#include <string.h>

#include "block/drive.h"
#include "util/plant.h"

static void put_le(uint8_t *p, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        p[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get_le(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)p[i] << (8 * i);
    }
    return value;
}

static size_t tainted_bytes(const DriveRequest *request)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < request->ntainted; i++) {
        bytes += request->tainted[i].len;
    }
    return bytes;
}

uint8_t *blkreplay_answer(const DriveRequest *request, size_t *len)
{
    bool data = request->op == BLOCK_READ && request->result == 0;
    *len = BLKREPLAY_HEADER + (data ? tainted_bytes(request) : 0);
    uint8_t *payload = g_malloc(*len);
    put_le(payload, request->id, 8);
    put_le(payload + 8, (uint32_t)request->result, 4);
    put_le(payload + 12, data ? request->hash : 0, 4);
    uint8_t *p = payload + BLKREPLAY_HEADER;
    for (unsigned i = 0; data && i < request->ntainted; i++) {
        const DriveRange *part = &request->tainted[i];
        memcpy(p, request->buf + (part->offset - request->offset), part->len);
        p += part->len;
    }
    return payload;
}

static void diverge(DriveRequest *request, const char *what)
{
    replay_diverge(request->drive->replay,
                   "drive '%s': request %llu, a %s of %llu bytes at offset %llu: %s",
                   request->drive->id, (unsigned long long)request->id, block_op_name(request->op),
                   (unsigned long long)request->len, (unsigned long long)request->offset, what);
}

// The read's data are made those of the event; false (and reported) if they can't be.
static bool check_read(DriveRequest *request, const uint8_t *bytes, size_t len, uint32_t hash)
{
    if (len != tainted_bytes(request)) {
        diverge(request, "the log holds another number of bytes for it");
        return false;
    }
    if (request->result < 0) {
        char *what = g_strdup_printf("it succeeded when recorded, now the image can't be read (%s)",
                                     request->drive->backend->reason(-request->result));
        diverge(request, what);
        g_free(what);
        return false;
    }
    for (unsigned i = 0; i < request->ntainted; i++) {
        const DriveRange *part = &request->tainted[i];
        memcpy(request->buf + (part->offset - request->offset), bytes, part->len);
        bytes += part->len;
    }
    uint32_t found = request->hash;
    if (request->ntainted > 0) {
        found = request->drive->backend->hash(request->buf, request->len);
    }
    if (found != hash) {
        char *what = g_strdup_printf(
            "its data differ from those recorded (hash %08x, recorded %08x), so the image "
            "isn't the one that was recorded",
            found, hash);
        diverge(request, what);
        g_free(what);
        return false;
    }
    return true;
}

void blkreplay_deliver(void *target, const uint8_t *payload, size_t len)
{
    Drive *drive = target;
    if (len < BLKREPLAY_HEADER) {
        replay_diverge(drive->replay, "drive '%s': a block-done event of %zu bytes", drive->id,
                       len);
        return;
    }
    uint64_t id = get_le(payload, 8);
    int result = (int32_t)get_le(payload + 8, 4);
    uint32_t hash = (uint32_t)get_le(payload + 12, 4);
    DriveRequest *request = drive_request(drive, id);
    if (!request || !request->issued) {
        replay_diverge(drive->replay,
                       "drive '%s': the log completes request %llu, which is not in flight",
                       drive->id, (unsigned long long)id);
        return;
    }
    if (planted(PLANT_BLOCK_REORDERED) && !replay_live(drive->replay) && drive->requests->len > 1) {
        request = g_ptr_array_index(drive->requests, request == g_ptr_array_index(drive->requests, 0));
    }
    drive->backend->wait(drive->host, request);
    if (request->op == BLOCK_READ && result == 0) {
        if (!request->cancelled &&
            !check_read(request, payload + BLKREPLAY_HEADER, len - BLKREPLAY_HEADER, hash)) {
            // The machine stops here; the device must not see data that aren't the guest's.
            result = -5; // EIO as Linux numbers it
        }
    } else if (result == 0 && request->result < 0) {
        char *what = g_strdup_printf("it succeeded when recorded, now it failed (%s)",
                                     drive->backend->reason(-request->result));
        diverge(request, what);
        g_free(what);
    }
    drive_complete(drive, request, result);
}
