// SPDX-License-Identifier: GPL-2.0-or-later
// Clock, timers, devices, digests and reset of core/.
//
// The probe is a device that only writes down what happens to it.
#include "tests/device/fake-world.h"

#include <string.h>

typedef struct Probe {
    Device dev;
    GString *trace; // wiring: "NAME:TIMER@NOW " for each expiry
    char *label;
    unsigned irq_levels, realized, unrealized_seen, loads;
    struct ProbeState {
        Timer one;
        uint64_t wide;
        Timer many[3];
        uint16_t words[2];
        uint8_t small;
        uint8_t pad[3];
    } s;
} Probe;

static const Field probe_fields[] = {
    FIELD_TIMER(struct ProbeState, one),  FIELD(struct ProbeState, wide),
    FIELD_TIMER(struct ProbeState, many), FIELD_ARRAY(struct ProbeState, words),
    FIELD(struct ProbeState, small),      FIELD(struct ProbeState, pad),
};

static const Prop probe_props[] = {
    {"label", "", PROP_STRING, offsetof(Probe, label), "x"},
};

static void probe_expired(Device *dev, Timer *timer)
{
    Probe *p = (Probe *)dev;
    int index = timer == &p->s.one ? -1 : (int)(timer - p->s.many);
    g_assert_cmpuint(timer->armed, ==, 0);
    g_string_append_printf(p->trace, "%s:%d@%d ", p->label, index, (int)clock_now(dev));
}

static void probe_irq_in(Device *dev, unsigned input, bool level)
{
    Probe *p = (Probe *)dev;
    p->irq_levels = (p->irq_levels & ~(1u << input)) | (unsigned)level << input;
    p->s.words[0] = (uint16_t)p->irq_levels;
}

static void probe_reset(Device *dev)
{
    ((Probe *)dev)->s.small = 7;
    irq_set(dev, 0, true);
}

static void probe_loaded(Device *dev)
{
    ((Probe *)dev)->loads++;
}

static const DeviceType probe_type = {
    .name = "probe",
    .instance_size = sizeof(Probe),
    .state_offset = offsetof(Probe, s),
    .state_size = sizeof(struct ProbeState),
    .fields = probe_fields,
    .nfields = G_N_ELEMENTS(probe_fields),
    .props = probe_props,
    .nprops = G_N_ELEMENTS(probe_props),
    .expired = probe_expired,
    .irq_in = probe_irq_in,
    .reset = probe_reset,
    .loaded = probe_loaded,
};

static Probe *probe_new(World *w, const char *label, GString *trace)
{
    Probe *p = (Probe *)world_device(w, &probe_type, label);
    p->trace = trace;
    return p;
}

static void test_clock(void)
{
    World *w = world_new();
    Machine *m = w->machine;
    int64_t left = 300;
    m->shift = 4;
    m->offset_ns = 1000;
    m->icount_end = 1300;
    m->left = &left;
    g_assert_cmpuint(machine_icount(m), ==, 1000);
    g_assert_cmpint(machine_now_ns(m), ==, 17000);
    left = 299;
    g_assert_cmpuint(machine_icount(m), ==, 1001);
    g_assert_cmpint(machine_now_ns(m), ==, 17016);
    machine_step(m);
    machine_step(m);
    Position position = machine_position(m);
    g_assert_cmpuint(position.icount, ==, 1001);
    g_assert_cmpuint(position.step, ==, 2);
    left = 298; // steps are counted at one icount
    g_assert_cmpuint(machine_position(m).step, ==, 0);
    machine_step(m);
    g_assert_cmpuint(machine_position(m).step, ==, 1);
    world_free(w);
}

static void test_timer_order(void)
{
    World *w = world_new();
    GString *trace = g_string_new(NULL);
    Probe *a = probe_new(w, "label=a", trace), *b = probe_new(w, "label=b", trace);
    // Equal deadlines: device, then field, then element, whatever the order of arming.
    timer_arm(&b->dev, &b->s.many[2], 50);
    timer_arm(&b->dev, &b->s.one, 50);
    timer_arm(&b->dev, &b->s.many[0], 50);
    timer_arm(&a->dev, &a->s.many[1], 50);
    timer_arm(&a->dev, &a->s.one, 60);
    timer_arm(&b->dev, &b->s.many[1], 40);
    g_assert_cmpint(timer_next_deadline(w->machine), ==, 40);
    world_advance_ns(w, 100);
    g_assert_cmpstr(trace->str, ==, "b:1@40 a:1@50 b:-1@50 b:0@50 b:2@50 a:-1@60 ");
    g_assert_cmpint(timer_next_deadline(w->machine), ==, INT64_MAX);
    g_assert_false(timer_expire_one(w->machine));
    g_string_free(trace, TRUE);
    world_free(w);
}

static void test_timer_clamp(void)
{
    World *w = world_new();
    GString *trace = g_string_new(NULL);
    Probe *p = probe_new(w, "label=p", trace);
    world_set_now(w, 1000);
    timer_arm(&p->dev, &p->s.one, 1000);
    g_assert_cmpint(p->s.one.deadline_ns, ==, 1001);
    timer_arm(&p->dev, &p->s.many[0], -5);
    g_assert_cmpint(p->s.many[0].deadline_ns, ==, 1001);
    timer_arm(&p->dev, &p->s.many[1], 1001);
    timer_arm(&p->dev, &p->s.many[2], INT64_MAX);
    g_assert_false(timer_expire_one(w->machine));
    world_set_now(w, 1001);
    unsigned expired = 0;
    while (timer_expire_one(w->machine)) {
        expired++;
    }
    g_assert_cmpuint(expired, ==, 3);
    g_assert_cmpuint(machine_position(w->machine).step, ==, 0); // steps are the machine loop's
    g_string_free(trace, TRUE);
    world_free(w);
}

static void test_timer_attention(void)
{
    World *w = world_new();
    Probe *p = probe_new(w, "label=p", NULL);
    volatile bool attention = false;
    w->machine->attention = &attention;
    timer_arm(&p->dev, &p->s.one, 100);
    g_assert_true(attention);
    attention = false;
    timer_arm(&p->dev, &p->s.many[0], 100); // later in order: the next stop doesn't move
    timer_arm(&p->dev, &p->s.many[1], 200);
    g_assert_false(attention);
    timer_arm(&p->dev, &p->s.many[1], 99);
    g_assert_true(attention);
    attention = false;
    timer_cancel(&p->dev, &p->s.many[1]);
    timer_cancel(&p->dev, &p->s.many[1]);
    g_assert_false(attention);
    g_assert_cmpint(timer_next_deadline(w->machine), ==, 100);
    machine_request(w->machine, REQUEST_SHUTDOWN, 3);
    machine_request(w->machine, REQUEST_RESET, 0); // too late
    g_assert_true(attention);
    g_assert_cmpint(w->machine->request, ==, REQUEST_SHUTDOWN);
    g_assert_cmpint(w->machine->request_cause, ==, 3);
    world_free(w);
}

// Random arming, moving and cancelling against a plain search.
static void test_timer_heap(void)
{
    World *w = world_new();
    GString *trace = g_string_new(NULL);
    Probe *probes[8];
    uint32_t random = 1;
    for (unsigned i = 0; i < 8; i++) {
        probes[i] = probe_new(w, NULL, trace);
    }
    for (unsigned round = 0; round < 20000; round++) {
        random = random * 1664525 + 1013904223;
        Probe *p = probes[random >> 29];
        Timer *timer = (random >> 27 & 3) == 3 ? &p->s.one : &p->s.many[random >> 27 & 3];
        if ((random >> 24 & 7) == 0) {
            timer_cancel(&p->dev, timer);
        } else {
            timer_arm(&p->dev, timer, machine_now_ns(w->machine) + (random >> 16 & 31));
        }
        if (round % 1000 == 500) {
            timers_rebuild(w->machine);
        }
        int64_t earliest = INT64_MAX;
        for (unsigned i = 0; i < 8; i++) {
            const Timer *all[4] = {&probes[i]->s.one, &probes[i]->s.many[0], &probes[i]->s.many[1],
                                   &probes[i]->s.many[2]};
            for (unsigned j = 0; j < 4; j++) {
                earliest = all[j]->armed ? MIN(earliest, all[j]->deadline_ns) : earliest;
            }
        }
        g_assert_cmpint(timer_next_deadline(w->machine), ==, earliest);
        if (round % 5 == 0) {
            world_advance_ns(w, 3);
        }
        g_string_truncate(trace, 0);
    }
    g_string_free(trace, TRUE);
    world_free(w);
}

static void test_reset(void)
{
    World *w = world_new();
    Probe *source = probe_new(w, NULL, NULL), *sink = probe_new(w, NULL, NULL);
    irq_connect(&source->dev, 0, &sink->dev, 4); // the sink comes later in the order of devices
    world_set_now(w, 500);
    w->machine->icount_end = 10;
    machine_step(w->machine);
    source->s.wide = 99;
    memset(sink->s.words, 0xff, sizeof(sink->s.words));
    timer_arm(&source->dev, &source->s.one, 600);
    timer_arm(&sink->dev, &sink->s.many[2], 700);
    unsigned loads = sink->loads;
    machine_reset(w->machine);
    g_assert_cmpuint(source->s.wide, ==, 0);
    g_assert_cmpuint(source->s.one.armed, ==, 0);
    g_assert_cmpint(source->s.one.deadline_ns, ==, 0);
    g_assert_cmpuint(source->s.small, ==, 7);
    g_assert_cmphex(sink->s.words[0], ==, 1 << 4); // not forgotten
    g_assert_cmphex(sink->s.words[1], ==, 0);
    g_assert_cmpuint(sink->loads, ==, loads + 1);
    g_assert_cmpint(timer_next_deadline(w->machine), ==, INT64_MAX);
    g_assert_cmpint(machine_now_ns(w->machine), ==, 510);
    g_assert_cmpuint(machine_position(w->machine).step, ==, 1);
    timer_arm(&source->dev, &source->s.one, 600); // the heap and its slots agree
    g_assert_cmpint(timer_next_deadline(w->machine), ==, 600);
    world_free(w);
}

static void test_digest(void)
{
    World *w = world_new();
    Probe *p = probe_new(w, NULL, NULL);
    uint64_t base = device_digest(&p->dev, 0), machine_base = machine_digest(w->machine);
    g_assert_cmphex(device_digest(&p->dev, 0), ==, base);
    g_assert_cmphex(device_digest(&p->dev, 1), !=, base);
    for (size_t i = 0; i < sizeof(p->s); i++) {
        uint8_t *byte = (uint8_t *)&p->s + i;
        *byte ^= 0x10;
        g_assert_cmphex(device_digest(&p->dev, 0), !=, base);
        g_assert_cmphex(machine_digest(w->machine), !=, machine_base);
        *byte ^= 0x10;
    }
    p->loads += 5; // wiring
    g_assert_cmphex(machine_digest(w->machine), ==, machine_base);
    world_free(w);
}

static void test_names(void)
{
    World *w = world_new();
    Machine *m = w->machine;
    Device *a = device_new(m, &probe_type, "first", NULL);
    Device *b = device_new(m, &probe_type, NULL, NULL);
    Device *child = device_new(m, &probe_type, NULL, b);
    Device *twin = device_new(m, &probe_type, "probe[1]", b);
    g_assert_cmpstr(a->path, ==, "probe");
    g_assert_cmpstr(b->path, ==, "probe[1]");
    g_assert_cmpstr(child->path, ==, "probe[1]/probe");
    g_assert_cmpstr(twin->path, ==, "probe[1]/probe[1]");
    g_assert_true(machine_find_device(m, "first") == a);
    g_assert_true(machine_find_device(m, "probe") == a);
    g_assert_true(machine_find_device(m, "probe[1]/probe") == child);
    g_assert_true(machine_find_device(m, "probe[1]") == twin); // an id goes before a path
    g_assert_null(machine_find_device(m, "none"));
    g_assert_cmpint(a->irq_number, ==, -1);
    world_free(w);
}

static void test_guest_errors(void)
{
    World *w = world_new();
    Device *dev = device_new(w->machine, &probe_type, NULL, NULL);
    for (unsigned i = 0; i < 200; i++) {
        guest_error(dev, "error %u", i);
    }
    g_assert_cmpuint(dev->error_count, ==, 101);
    world_free(w);
}

static void test_hostclock(void)
{
    World *w = world_new();
    world_set_hostclock(w, 42);
    g_assert_cmpint(hostclock_now_ns(w->machine), ==, 42);
    w->machine->rtc_fixed = true;
    w->machine->rtc_base_ns = 1000;
    world_set_now(w, 7);
    g_assert_cmpint(hostclock_now_ns(w->machine), ==, 1007);
    g_assert_cmpuint(world_inputs(w, EVENT_CLOCK_HOST), ==, 1);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/clock", test_clock);
    g_test_add_func("/core/timer-order", test_timer_order);
    g_test_add_func("/core/timer-clamp", test_timer_clamp);
    g_test_add_func("/core/timer-attention", test_timer_attention);
    g_test_add_func("/core/timer-heap", test_timer_heap);
    g_test_add_func("/core/reset", test_reset);
    g_test_add_func("/core/digest", test_digest);
    g_test_add_func("/core/names", test_names);
    g_test_add_func("/core/guest-errors", test_guest_errors);
    g_test_add_func("/core/hostclock", test_hostclock);
    return g_test_run();
}
