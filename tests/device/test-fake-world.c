// SPDX-License-Identifier: GPL-2.0-or-later
// The fake world itself, and an example of a device test: a periodic timer that interrupts, copies
// by DMA and reads the two synchronous inputs.
#include "tests/device/fake-world.h"

enum { PERIOD = 0x00, PENDING = 0x04, RANDOM = 0x08, SECONDS = 0x0c, COPY = 0x10 };

typedef struct Ticker {
    Device dev;
    uint32_t scale_ns;
    struct TickerState {
        Timer tick;
        uint32_t period; // units of scale_ns; 0: stopped
        uint8_t pending;
        uint8_t pad[3];
    } s;
} Ticker;

static const Field fields[] = {
    FIELD_TIMER(struct TickerState, tick),
    FIELD(struct TickerState, period),
    FIELD(struct TickerState, pending),
    FIELD(struct TickerState, pad),
};

static const Prop props[] = {
    {"scale", "ns of one unit", PROP_U32, offsetof(Ticker, scale_ns), "10"},
};

static void ticker_expired(Device *dev, Timer *timer)
{
    Ticker *t = (Ticker *)dev;
    t->s.pending = 1;
    irq_set(dev, 0, true);
    timer_arm(dev, timer, timer->deadline_ns + (int64_t)t->s.period * t->scale_ns);
}

static uint64_t ticker_read(Device *dev, uint64_t reg, unsigned size)
{
    Ticker *t = (Ticker *)dev;
    uint32_t word;
    switch (reg) {
    case PERIOD: return t->s.period;
    case PENDING: return t->s.pending;
    case RANDOM: entropy_fill(dev->machine, &word, sizeof(word)); return word;
    case SECONDS: return (uint64_t)(hostclock_now_ns(dev->machine) / 1000000000);
    }
    guest_error(dev, "read of unknown register 0x%x", (unsigned)reg);
    return 0;
}

static void ticker_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    Ticker *t = (Ticker *)dev;
    switch (reg) {
    case PERIOD:
        t->s.period = (uint32_t)value;
        if (value) {
            timer_arm(dev, &t->s.tick, clock_now(dev) + (int64_t)value * t->scale_ns);
        } else {
            timer_cancel(dev, &t->s.tick);
        }
        return;
    case PENDING:
        t->s.pending = 0;
        irq_set(dev, 0, false);
        return;
    case COPY:
        if (!dma_write(dev->machine, value, &t->s.period, sizeof(t->s.period))) {
            guest_error(dev, "DMA outside RAM");
        }
        return;
    }
    guest_error(dev, "write to unknown register 0x%x", (unsigned)reg);
}

static bool ticker_realize(Device *dev, Error *err)
{
    return ((Ticker *)dev)->scale_ns > 0 || fail(err, "scale must be at least 1");
}

static const MmioRegion mmio[] = {
    {"ticker", 0x14, .access_min = 4, .access_max = 4, .read = ticker_read, .write = ticker_write},
};

static const DeviceType ticker_type = {
    .name = "ticker",
    .instance_size = sizeof(Ticker),
    .state_offset = offsetof(Ticker, s),
    .state_size = sizeof(struct TickerState),
    LIST(fields),
    LIST(props),
    LIST(mmio),
    .realize = ticker_realize,
    .expired = ticker_expired,
};

static void test_ticks(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &ticker_type, "scale=100");
    world_set_now(w, 5000);
    world_write(w, dev, PERIOD, 4, 3);
    world_advance_ns(w, 299);
    g_assert_false(world_irq(w, dev, 0));
    world_advance_ns(w, 1);
    g_assert_true(world_irq(w, dev, 0));
    g_assert_cmpuint(world_read(w, dev, PENDING, 4), ==, 1);
    world_write(w, dev, PENDING, 4, 0);
    g_assert_false(world_irq(w, dev, 0));
    world_reload(w);
    world_advance_ns(w, 300);
    g_assert_true(world_irq(w, dev, 0));
    g_assert_cmpuint(world_irq_rises(w, dev, 0), ==, 2);
    world_write(w, dev, PERIOD, 4, 0);
    world_write(w, dev, PENDING, 4, 0);
    world_advance_ns(w, 1000000);
    g_assert_false(world_irq(w, dev, 0));
    world_free(w);
}

static void test_instructions(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &ticker_type, NULL);
    w->machine->shift = 3;
    world_run(w, 5);
    world_write(w, dev, PERIOD, 4, 2); // 20 ns: due at 60, first boundary at or after is icount 8
    world_run(w, 2);
    g_assert_false(world_irq(w, dev, 0));
    world_run(w, 1);
    g_assert_true(world_irq(w, dev, 0));
    g_assert_cmpuint(machine_icount(w->machine), ==, 8);
    g_assert_cmpint(machine_now_ns(w->machine), ==, 64);
    g_assert_cmpuint(machine_position(w->machine).step, ==, 1);
    world_free(w);
}

static void test_inputs(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &ticker_type, NULL);
    world_script_random(w, "\x78\x56\x34\x12", 4);
    g_assert_cmphex(world_read(w, dev, RANDOM, 4), ==, 0x12345678);
    uint64_t next = world_read(w, dev, RANDOM, 4);
    g_assert_cmpuint(world_read(w, dev, SECONDS, 4), ==, 1000000000);
    world_set_hostclock(w, INT64_C(77000000000));
    g_assert_cmpuint(world_read(w, dev, SECONDS, 4), ==, 77);
    g_assert_cmpuint(world_inputs(w, EVENT_RANDOM), ==, 2);
    g_assert_cmpuint(world_inputs(w, EVENT_CLOCK_HOST), ==, 2);
    world_free(w);
    w = world_new();
    dev = world_device(w, &ticker_type, NULL);
    g_assert_cmphex(world_read(w, dev, RANDOM, 4), ==, next); // the same in every run
    world_free(w);
}

static void test_dma_and_properties(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &ticker_type, NULL);
    world_write(w, dev, PERIOD, 4, 0x01020304);
    world_write(w, dev, COPY, 4, WORLD_RAM_BASE + 0x100);
    g_assert_cmphex(w->ram->host[0x103], ==, 0x01);
    world_write(w, dev, COPY, 4, 0x100);
    g_assert_cmpuint(dev->error_count, ==, 1);
    g_assert_true(world_refuses(w, dev, PERIOD, 2));
    Error err;
    g_assert_null(world_try_device(w, &ticker_type, "scale=0", &err));
    g_assert_cmpstr(err.msg, ==, "scale must be at least 1");
    g_assert_null(world_try_device(w, &ticker_type, "speed=0", &err));
    g_assert_cmpstr(err.msg, ==, "Property 'ticker.speed' not found");
    world_free(w);
}

static void record(void *target, const uint8_t *payload, size_t len)
{
    g_string_append_len(target, (const char *)payload, (gssize)len);
}

static void test_posts(void)
{
    World *w = world_new();
    GString *got = g_string_new(NULL);
    ReplaySource *source = replay_source_new(w->seam, EVENT_CHAR_RX, "serial0", record, got);
    replay_credit_set(source, 4);
    replay_post(world_source(w, "serial0"), "abc", 3);
    replay_post(source, "d", 1);
    g_assert_cmpuint(replay_credit(source), ==, 0);
    g_assert_cmpuint(got->len, ==, 0);
    g_assert_cmpuint(world_deliver(w), ==, 2);
    g_assert_cmpstr(got->str, ==, "abcd");
    g_assert_cmpuint(replay_credit(source), ==, 4);
    g_string_free(got, TRUE);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fake-world/ticks", test_ticks);
    g_test_add_func("/fake-world/instructions", test_instructions);
    g_test_add_func("/fake-world/inputs", test_inputs);
    g_test_add_func("/fake-world/dma-and-properties", test_dma_and_properties);
    g_test_add_func("/fake-world/posts", test_posts);
    return g_test_run();
}
