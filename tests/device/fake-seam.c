// SPDX-License-Identifier: GPL-2.0-or-later
// The fake seam: one thread, one queue of posts, synchronous inputs from a script.
#include "tests/device/fake-seam.h"

#include <string.h>

struct Replay {
    Machine *machine;
    GPtrArray *sources; // ReplaySource *
    GQueue *posts;      // Post *
    GByteArray *random; // scripted bytes not yet used
    uint64_t random_state;
    int64_t hostclock_ns;
    unsigned inputs[EVENT_KIND_COUNT];
    bool held;
};

struct ReplaySource {
    Replay *seam;
    EventKind kind;
    char *name;
    ReplayDeliver *deliver;
    void *target;
    size_t credit, posted;
    void (*risen)(void *ctx);
    void *risen_ctx;
};

typedef struct Post {
    ReplaySource *source;
    GBytes *payload;
} Post;

static void source_free(gpointer pointer)
{
    ReplaySource *source = pointer;
    g_free(source->name);
    g_free(source);
}

static void post_free(gpointer pointer)
{
    Post *post = pointer;
    g_bytes_unref(post->payload);
    g_free(post);
}

Replay *fake_seam_new(void)
{
    Replay *seam = g_new0(Replay, 1);
    seam->sources = g_ptr_array_new_with_free_func(source_free);
    seam->posts = g_queue_new();
    seam->random = g_byte_array_new();
    seam->hostclock_ns = INT64_C(1000000000) * 1000000000;
    return seam;
}

void fake_seam_free(Replay *seam)
{
    g_queue_free_full(seam->posts, post_free);
    g_ptr_array_free(seam->sources, TRUE);
    g_byte_array_free(seam->random, TRUE);
    g_free(seam);
}

void fake_seam_attach(Replay *seam, Machine *machine)
{
    seam->machine = machine;
}

void fake_seam_script_random(Replay *seam, const void *bytes, size_t len)
{
    g_byte_array_append(seam->random, bytes, (guint)len);
}

void fake_seam_set_hostclock(Replay *seam, int64_t ns)
{
    seam->hostclock_ns = ns;
}

void fake_seam_hold(Replay *seam, bool held)
{
    seam->held = held;
}

void fake_seam_move(Replay *from, Replay *to)
{
    g_assert_true(g_queue_is_empty(from->posts) && g_queue_is_empty(to->posts));
    GByteArray *random = to->random;
    to->random = from->random;
    from->random = random;
    to->random_state = from->random_state;
    to->hostclock_ns = from->hostclock_ns;
    memcpy(to->inputs, from->inputs, sizeof(to->inputs));
}

unsigned fake_seam_inputs(Replay *seam, EventKind kind)
{
    return seam->inputs[kind];
}

ReplaySource *fake_seam_source(Replay *seam, const char *name)
{
    for (unsigned i = 0; i < seam->sources->len; i++) {
        ReplaySource *source = g_ptr_array_index(seam->sources, i);
        if (!strcmp(source->name, name)) {
            return source;
        }
    }
    g_error("no source '%s'", name);
}

// ---- replay/replay.h ----

// After the script a linear congruential generator, so that tests are the same on every run.
static uint8_t next_random(Replay *seam)
{
    if (seam->random->len > 0) {
        uint8_t byte = seam->random->data[0];
        g_byte_array_remove_index(seam->random, 0);
        return byte;
    }
    seam->random_state = seam->random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint8_t)(seam->random_state >> 56);
}

void replay_input(Replay *seam, EventKind kind, void *buf, size_t len)
{
    seam->inputs[kind] += !seam->held;
    if (kind == EVENT_RANDOM && seam->held) {
        memset(buf, 0, len);
        return;
    }
    if (kind == EVENT_RANDOM) {
        for (size_t i = 0; i < len; i++) {
            ((uint8_t *)buf)[i] = next_random(seam);
        }
        return;
    }
    g_assert_cmpint(kind, ==, EVENT_CLOCK_HOST);
    g_assert_cmpuint(len, ==, sizeof(seam->hostclock_ns));
    memcpy(buf, &seam->hostclock_ns, len);
}

ReplaySource *replay_source_new(Replay *seam, EventKind kind, const char *name,
                                ReplayDeliver *deliver, void *target)
{
    ReplaySource *source = g_new0(ReplaySource, 1);
    source->seam = seam;
    source->kind = kind;
    source->name = g_strdup(name);
    source->deliver = deliver;
    source->target = target;
    g_ptr_array_add(seam->sources, source);
    return source;
}

void replay_post(ReplaySource *source, const void *payload, size_t len)
{
    Post *post = g_new0(Post, 1);
    post->source = source;
    post->payload = g_bytes_new(payload, len);
    source->posted += len;
    g_queue_push_tail(source->seam->posts, post);
}

bool replay_deliver(Replay *seam, int64_t idle_ns, ReplayBefore *before, void *ctx)
{
    Post *post = g_queue_pop_head(seam->posts);
    if (!post) {
        return false;
    }
    gsize len;
    const uint8_t *payload = g_bytes_get_data(post->payload, &len);
    post->source->posted -= len;
    post->source->deliver(post->source->target, payload, len);
    post_free(post);
    return true;
}

bool replay_pending(const Replay *seam)
{
    return !g_queue_is_empty(seam->posts);
}

void replay_credit_set(ReplaySource *source, size_t credit)
{
    bool rises = source->credit == 0 && credit > 0;
    source->credit = credit;
    if (rises && source->risen) {
        source->risen(source->risen_ctx);
    }
}

size_t replay_credit(const ReplaySource *source)
{
    return source->credit > source->posted ? source->credit - source->posted : 0;
}

void replay_credit_watch(ReplaySource *source, void (*risen)(void *ctx), void *ctx)
{
    source->risen = risen;
    source->risen_ctx = ctx;
}

ReplayMode replay_mode(const Replay *seam)
{
    return REPLAY_NONE;
}

const char *replay_filename(const Replay *seam)
{
    return NULL;
}

bool replay_live(const Replay *seam)
{
    return true;
}

void replay_note(Replay *seam, EventKind kind, const void *payload, size_t len) {}

void replay_diverge(Replay *seam, const char *fmt, ...)
{
    g_error("divergence in a world without a log: %s", fmt);
}
