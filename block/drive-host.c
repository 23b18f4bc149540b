// SPDX-License-Identifier: GPL-2.0-or-later
// Workers: threads that take requests in the order in which they were issued and carry them out on
// images.
//
// The last steps of a request: its answer is copied into a payload, it is marked finished (from
// then on the machine thread may free it), the payload is posted to the seam (which drops it in a
// replay).
#include "block/drive-host.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <xxhash.h>

enum { MAX_WORKERS = 4 };

struct Workers {
    pthread_mutex_t lock;
    pthread_cond_t work, finished;
    GQueue queue; // DriveRequest *, issued and not taken
    bool stop;
    unsigned count;
    GThread *threads[MAX_WORKERS];
};

static struct {
    pthread_mutex_t lock;
    uint64_t state;
    unsigned max_delay_us;
    BlockFault *fault;
} chaos = {.lock = PTHREAD_MUTEX_INITIALIZER};

void block_chaos(uint64_t seed, unsigned max_delay_us)
{
    pthread_mutex_lock(&chaos.lock);
    chaos.state = seed * 2 + 1;
    chaos.max_delay_us = max_delay_us;
    pthread_mutex_unlock(&chaos.lock);
}

void block_fault(BlockFault *filter)
{
    pthread_mutex_lock(&chaos.lock);
    chaos.fault = filter;
    pthread_mutex_unlock(&chaos.lock);
}

static void chaos_delay(void)
{
    unsigned delay_us = 0;
    pthread_mutex_lock(&chaos.lock);
    if (chaos.max_delay_us) {
        // splitmix64 (public domain constants)
        uint64_t z = chaos.state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        delay_us = (unsigned)((z ^ (z >> 31)) % (chaos.max_delay_us + 1u));
    }
    pthread_mutex_unlock(&chaos.lock);
    if (delay_us) {
        g_usleep(delay_us);
    }
}

static int chaos_fault(const DriveRequest *request)
{
    pthread_mutex_lock(&chaos.lock);
    BlockFault *fault = chaos.fault;
    pthread_mutex_unlock(&chaos.lock);
    return fault ? fault(request) : 0;
}

static uint32_t hash_data(const uint8_t *buf, uint64_t len)
{
    return (uint32_t)XXH3_64bits(buf, len);
}

static int do_read(const DriveHost *host, DriveRequest *request)
{
    if (request->len > DRIVE_REQUEST_MAX_BYTES) {
        return -EINVAL;
    }
    request->buf = g_try_malloc(request->len ? request->len : 1);
    if (!request->buf) {
        return -ENOMEM;
    }
    int result = image_read(host->image, request->offset, request->len, request->buf);
    if (result == 0) {
        request->hash = hash_data(request->buf, request->len);
    }
    return result;
}

static int do_flush(const DriveHost *host)
{
    return host->no_flush ? 0 : image_flush(host->image);
}

static int do_write(const DriveHost *host, const DriveRequest *request)
{
    if (request->len && !request->buf) {
        return request->len > DRIVE_REQUEST_MAX_BYTES ? -EINVAL : -ENOMEM;
    }
    if (host->detect_zeroes && buffer_is_zero(request->buf, request->len)) {
        return image_zero(host->image, request->offset, request->len, host->unmap_zeroes);
    }
    return image_write(host->image, request->offset, request->len, request->buf);
}

static int do_request(const DriveHost *host, DriveRequest *request)
{
    int result = 0;
    bool sync = host->sync_writes;
    switch (request->op) {
    case BLOCK_READ: return do_read(host, request);
    case BLOCK_FLUSH: return do_flush(host);
    case BLOCK_DISCARD:
        if (!host->discard) {
            return 0;
        }
        result = image_zero(host->image, request->offset, request->len, true);
        break;
    case BLOCK_WRITE_ZEROES:
    case BLOCK_ZERO_UNMAP:
        result = image_zero(host->image, request->offset, request->len,
                            host->discard && request->op == BLOCK_ZERO_UNMAP);
        break;
    case BLOCK_WRITE_THROUGH:
    case BLOCK_WRITE:
        result = do_write(host, request);
        sync = sync || request->op == BLOCK_WRITE_THROUGH;
        break;
    }
    return result == 0 && sync ? do_flush(host) : result;
}

static void carry_out(Workers *workers, DriveRequest *request)
{
    int64_t start_us = g_get_monotonic_time();
    chaos_delay();
    int result = chaos_fault(request);
    request->result = result < 0 ? result : do_request(request->drive->host, request);
    ReplaySource *source = request->drive->source;
    request->took_ns = (g_get_monotonic_time() - start_us) * 1000;
    size_t len;
    uint8_t *payload = blkreplay_answer(request, &len);
    chaos_delay();
    pthread_mutex_lock(&workers->lock);
    request->finished = true;
    pthread_cond_broadcast(&workers->finished);
    pthread_mutex_unlock(&workers->lock);
    replay_post(source, payload, len);
    g_free(payload);
}

static gpointer worker_main(gpointer p)
{
    Workers *workers = p;
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        DriveRequest *request = g_queue_pop_head(&workers->queue);
        if (request) {
            pthread_mutex_unlock(&workers->lock);
            carry_out(workers, request);
            pthread_mutex_lock(&workers->lock);
        } else if (workers->stop) {
            break;
        } else {
            pthread_cond_wait(&workers->work, &workers->lock);
        }
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

Workers *workers_new(unsigned count)
{
    Workers *workers = g_new0(Workers, 1);
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->work, NULL);
    pthread_cond_init(&workers->finished, NULL);
    g_queue_init(&workers->queue);
    workers->count = CLAMP(count, 1, MAX_WORKERS);
    for (unsigned i = 0; i < workers->count; i++) {
        workers->threads[i] = g_thread_new("block", worker_main, workers);
    }
    return workers;
}

void workers_free(Workers *workers)
{
    if (!workers) {
        return;
    }
    pthread_mutex_lock(&workers->lock);
    workers->stop = true;
    pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->count; i++) {
        g_thread_join(workers->threads[i]);
    }
    pthread_mutex_destroy(&workers->lock);
    pthread_cond_destroy(&workers->work);
    pthread_cond_destroy(&workers->finished);
    g_free(workers);
}

static void drive_start(void *p, DriveRequest *request)
{
    Workers *workers = ((DriveHost *)p)->workers;
    pthread_mutex_lock(&workers->lock);
    g_queue_push_tail(&workers->queue, request);
    pthread_cond_signal(&workers->work);
    pthread_mutex_unlock(&workers->lock);
}

static void drive_wait(void *p, DriveRequest *request)
{
    Workers *workers = ((DriveHost *)p)->workers;
    pthread_mutex_lock(&workers->lock);
    while (!request->finished) {
        pthread_cond_wait(&workers->finished, &workers->lock);
    }
    pthread_mutex_unlock(&workers->lock);
}

static void drive_failed(void *p, const DriveRequest *request, int error, ErrorAction action)
{
    const DriveHost *host = p;
    if (host->failed) {
        bool live = replay_mode(request->drive->replay) != REPLAY_PLAY;
        host->failed(request, error, action, live);
    }
}

static const char *error_reason(int error)
{
    return g_strerror(error);
}

const DriveBackend drive_workers = {
    .start = drive_start,
    .wait = drive_wait,
    .failed = drive_failed,
    .hash = hash_data,
    .reason = error_reason,
};
