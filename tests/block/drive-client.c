// SPDX-License-Identifier: GPL-2.0-or-later
// The made-up guest, see drive-client.h.
#include "tests/block/drive-client.h"

#include <string.h>
#include <xxhash.h>

#include "tests/block/disk-bench.h"

enum { MAX_OUTSTANDING = 12, SPAN = 1 << 20 };

static Position client_position(void *ctx)
{
    return ((Client *)ctx)->position;
}
static uint16_t client_digest(void *ctx)
{
    return (uint16_t)((Client *)ctx)->digest;
}
static void client_wake(void *ctx) {}
static void client_diverged(void *ctx)
{
    ((Client *)ctx)->diverged = true;
}
static void client_log_failed(void *ctx, const char *reason)
{
    g_error("%s", reason);
}

static uint32_t client_random(Client *client, uint32_t below)
{
    client->random = client->random * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)((client->random >> 33) % below);
}

static void client_done(Device *dev, uint64_t tag, int result, const uint8_t *buf, uint64_t len)
{
    Client *client = (Client *)dev;
    uint64_t seen[] = {client->digest,
                       tag,
                       (uint64_t)(int64_t)result,
                       client->position.icount,
                       client->position.step,
                       len ? XXH3_64bits(buf, len) : 0};
    client->digest = XXH3_64bits(seen, sizeof(seen));
    client->random ^= client->digest;
    client->completions++;
    client->failures += result < 0;
    if (client->shared_digest) {
        client->shared_digest[1] = client->digest;
        __atomic_store_n(&client->shared_digest[0], client->completions, __ATOMIC_SEQ_CST);
    }
}

static unsigned stops, told;
static bool stopped;

static void client_failed(const DriveRequest *request, int error, ErrorAction action, bool live)
{
    told += live;
    stopped = stopped || (live && action == ACTION_STOP);
    stops += live && action == ACTION_STOP;
}

static void attach(Client *client, const char *const *drives, Replay *replay, BlockConfig *config,
                   unsigned workers)
{
    Error err = {""};
    for (; *drives; drives++) {
        if (!block_drive_add(*drives, &err)) {
            g_error("%s", err.msg);
        }
    }
    config->replay = replay;
    config->workers = workers;
    config->failed = client_failed;
    stopped = false;
    stops = told = 0;
    if (!block_open_all(config, &err)) {
        g_error("%s", err.msg);
    }
    client->drive = drive_find("d0");
    if (!drive_attach(client->drive, &client->dev, client_done, &err)) {
        g_error("%s", err.msg);
    }
}

static void client_init(Client *client)
{
    bool cancels = client->cancels;
    uint64_t *shared = client->shared_digest;
    *client = (Client){.random = 1, .cancels = cancels, .shared_digest = shared};
    ReplayHost host = {.ctx = client,
                       .position = client_position,
                       .event_digest = client_digest,
                       .wake = client_wake,
                       .diverged = client_diverged,
                       .log_failed = client_log_failed};
    client->replay = replay_new(&host);
}

void client_open(Client *client, const char *const *drives, const char *log, unsigned workers)
{
    client_init(client);
    BlockConfig config = {.mode = log ? REPLAY_RECORD : REPLAY_NONE, .log_path = log};
    attach(client, drives, client->replay, &config, workers);
    if (log) {
        Error err = {""};
        char *identity = block_identity_json();
        if (!block_record_begin(&err) || !replay_record(client->replay, log, identity, &err)) {
            g_error("%s", err.msg);
        }
        g_free(identity);
    }
}

void client_open_replay(Client *client, const char *const *drives, const char *log,
                        unsigned workers)
{
    Error err = {""};
    char *identity;
    client_init(client);
    if (!replay_play(client->replay, log, &identity, &err)) {
        g_error("%s", err.msg);
    }
    BlockConfig config = {.mode = REPLAY_PLAY, .log_path = log, .identity_json = identity};
    attach(client, drives, client->replay, &config, workers);
    if (!block_identity_check(identity, &err)) {
        g_error("%s", err.msg);
    }
    g_free(identity);
}

static void submit(Client *client)
{
    Drive *drive = client->drive;
    uint64_t size = MIN(drive_size_bytes(drive), SPAN);
    uint64_t offset = client_random(client, (uint32_t)(size - 65536)) / 512 * 512;
    uint64_t len = (1 + client_random(client, client_random(client, 4) ? 16 : 128)) * 512;
    uint64_t tag = ((uint64_t)client->ticks << 16) + client_random(client, 65536);
    unsigned op = client_random(client, 16);
    if (op == 0) {
        drive_submit(drive, BLOCK_FLUSH, 0, 0, NULL, tag);
    } else if (op < 3) {
        drive_submit(drive, op == 1 ? BLOCK_DISCARD : BLOCK_WRITE_ZEROES, offset, len, NULL, tag);
    } else if (op < 9) {
        uint8_t *buf = g_malloc(len);
        uint32_t *words = (uint32_t *)(void *)buf;
        for (unsigned i = 0; i < len / 4; i++) {
            words[i] = client_random(client, UINT32_MAX);
        }
        drive_submit(drive, BLOCK_WRITE, offset, len, buf, tag);
        memset(buf, 0xee, len); // the drive has its own copy
        g_free(buf);
    } else {
        drive_submit(drive, BLOCK_READ, offset, len, NULL, tag);
    }
}

// Delivers what is due at this boundary; false at the end of the log.
static bool boundary(Client *client)
{
    Position next;
    if (replay_mode(client->replay) != REPLAY_PLAY) {
        while (replay_pending(client->replay) && replay_deliver(client->replay, -1, NULL, NULL)) {
            client->position.step++;
        }
        if (stopped) {
            stopped = false;
            client->stops = stops;
            block_resume();
        }
        return true;
    }
    while (!client->diverged && replay_end(client->replay, NULL, NULL) == REPLAY_END_NOT_YET &&
           replay_next(client->replay, &next) && position_compare(next, client->position) == 0 &&
           replay_deliver(client->replay, -1, NULL, NULL)) {
        client->position.step++;
    }
    replay_check_passed(client->replay);
    return !client->diverged && replay_end(client->replay, NULL, NULL) == REPLAY_END_NOT_YET;
}

void client_run(Client *client, unsigned ticks)
{
    bool live = replay_mode(client->replay) != REPLAY_PLAY;
    for (client->submitting = true; client->submitting || drive_in_flight(client->drive) > 0;) {
        client->ticks++;
        client->position.icount++;
        client->position.step = 0;
        if (!boundary(client)) {
            return;
        }
        client->submitting = client->submitting && client->ticks < ticks;
        if (client->submitting && drive_in_flight(client->drive) < MAX_OUTSTANDING &&
            client_random(client, 3) == 0) {
            submit(client);
        }
        if (client->cancels && client->submitting && client_random(client, 60) == 0) {
            drive_cancel(client->drive);
            client->resets++;
            g_assert_cmpuint(drive_in_flight(client->drive), ==, 0);
        }
        if (live) {
            replay_flush(client->replay, g_get_monotonic_time() * 1000, false);
            g_usleep(10);
        }
    }
}

void client_close(Client *client)
{
    Error err = {""};
    if (replay_mode(client->replay) == REPLAY_RECORD && !replay_close(client->replay, 0, &err)) {
        g_error("%s", err.msg);
    }
    if (!block_close_all(&err)) {
        g_error("%s", err.msg);
    }
    replay_free(client->replay);
    client->replay = NULL;
}
