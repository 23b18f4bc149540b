// SPDX-License-Identifier: GPL-2.0-or-later
// The fake world: machine, clock and interrupt sink.
//
// fake-seam.c is its other half, the functions of replay/replay.h.
#include "tests/device/fake-world.h"

#include <string.h>

#include "core/options.h"
#include "tests/device/fake-seam.h"

typedef struct Line {
    bool level;
    unsigned rises;
} Line;

// ---- the interrupt sink ----

typedef struct Sink {
    Device dev;
    World *world;
} Sink;

static Line *line_at(World *w, unsigned input)
{
    if (input >= w->lines->len) {
        g_array_set_size(w->lines, input + 1);
    }
    return &g_array_index(w->lines, Line, input);
}

static void sink_irq_in(Device *dev, unsigned input, bool level)
{
    Line *line = line_at(((Sink *)dev)->world, input);
    line->rises += level && !line->level;
    line->level = level;
}

static void sink_reset(Device *dev)
{
    g_array_set_size(((Sink *)dev)->world->lines, 0);
}

static const DeviceType sink_type = {
    .name = "fake-sink",
    .instance_size = sizeof(Sink),
    .irq_in = sink_irq_in,
    .reset = sink_reset,
};

static unsigned sink_input(Device *dev, unsigned output)
{
    return dev->index * DEVICE_IRQS + output;
}

bool world_irq(World *w, Device *dev, unsigned output)
{
    return line_at(w, sink_input(dev, output))->level;
}

unsigned world_irq_rises(World *w, Device *dev, unsigned output)
{
    return line_at(w, sink_input(dev, output))->rises;
}

// ---- machine and devices ----

World *world_new(void)
{
    World *w = g_new0(World, 1);
    Error err;
    w->seam = fake_seam_new();
    w->machine = machine_new(w->seam, "fake");
    fake_seam_attach(w->seam, w->machine);
    w->machine->left = &w->left;
    w->lines = g_array_new(FALSE, TRUE, sizeof(Line));
    w->next_base = 0x10000000;
    w->ram = ram_new(w->machine, "ram", WORLD_RAM_BYTES, false, &err);
    g_assert_nonnull(w->ram);
    memory_add_ram(w->machine, WORLD_RAM_BASE, w->ram, 0, WORLD_RAM_BYTES, 0);
    w->sink = device_new(w->machine, &sink_type, NULL, NULL);
    ((Sink *)w->sink)->world = w;
    return w;
}

void world_free(World *w)
{
    machine_free(w->machine);
    fake_seam_free(w->seam);
    g_array_free(w->lines, TRUE);
    g_free(w);
}

typedef struct Setting {
    Device *dev;
    Error *err;
    bool ok;
} Setting;

static void set_property(void *ctx, const char *key, const char *value)
{
    Setting *setting = ctx;
    setting->ok = setting->ok && device_set(setting->dev, key, value, setting->err);
}

static bool set_properties(Device *dev, const char *properties, Error *err)
{
    Options *options = options_parse(properties ? properties : "", NULL, err);
    if (!options) {
        return false;
    }
    Setting setting = {dev, err, true};
    options_each(options, set_property, &setting);
    options_free(options);
    return setting.ok;
}

Device *world_try_device(World *w, const DeviceType *type, const char *properties, Error *err)
{
    Device *dev = device_new(w->machine, type, NULL, NULL);
    if (!set_properties(dev, properties, err) || !device_realize(dev, err)) {
        return NULL;
    }
    for (unsigned i = 0; i < type->nmmio; i++) {
        uint64_t align = 0x1000;
        while (align < type->mmio[i].size_bytes) {
            align *= 2;
        }
        w->next_base = (w->next_base + align - 1) & -align;
        memory_add_mmio(w->machine, w->next_base, dev, i, 0);
        w->next_base += align;
    }
    for (unsigned i = 0; i < DEVICE_IRQS; i++) {
        irq_connect(dev, i, w->sink, sink_input(dev, i));
    }
    machine_reset(w->machine);
    return dev;
}

Device *world_device(World *w, const DeviceType *type, const char *properties)
{
    Error err = {""};
    Device *dev = world_try_device(w, type, properties, &err);
    if (!dev) {
        g_error("%s: %s", type->name, err.msg);
    }
    return dev;
}

uint64_t world_base(World *w, Device *dev, unsigned region)
{
    for (unsigned i = 0; i < w->machine->map_sources->len; i++) {
        const MemRange *source = &g_array_index(w->machine->map_sources, MemRange, i);
        if (source->dev == dev && source->region == region) {
            return source->base;
        }
    }
    g_error("%s has no region %u", dev->path, region);
}

uint64_t world_read(World *w, Device *dev, uint64_t reg, unsigned size)
{
    uint64_t value;
    g_assert_true(mmio_read(w->machine, world_base(w, dev, 0) + reg, size, &value));
    return value;
}

void world_write(World *w, Device *dev, uint64_t reg, unsigned size, uint64_t value)
{
    g_assert_true(mmio_write(w->machine, world_base(w, dev, 0) + reg, size, value));
}

bool world_refuses(World *w, Device *dev, uint64_t reg, unsigned size)
{
    uint64_t value;
    return !mmio_read(w->machine, world_base(w, dev, 0) + reg, size, &value);
}

// ---- time ----

static void expire_due(World *w)
{
    // What an expiry arms is at least 1 ns away, so this ends.
    while (timer_expire_one(w->machine)) {
        machine_step(w->machine);
    }
}

void world_set_now(World *w, int64_t now_ns)
{
    w->machine->offset_ns += now_ns - machine_now_ns(w->machine);
}

void world_advance_ns(World *w, int64_t ns)
{
    int64_t target = machine_now_ns(w->machine) + ns;
    g_assert_cmpint(ns, >=, 0);
    expire_due(w);
    while (timer_next_deadline(w->machine) <= target) {
        world_set_now(w, timer_next_deadline(w->machine));
        machine_step(w->machine);
        expire_due(w);
    }
    world_set_now(w, target);
}

void world_run(World *w, uint64_t n)
{
    Machine *machine = w->machine;
    g_assert_cmpint(w->left, ==, 0);
    while (n > 0) {
        expire_due(w);
        uint64_t distance =
            (uint64_t)timer_next_deadline(machine) - (uint64_t)machine_now_ns(machine);
        uint64_t instruction_ns = UINT64_C(1) << machine->shift;
        uint64_t slice = MIN(n, (distance + instruction_ns - 1) >> machine->shift);
        machine->icount_end += slice;
        n -= slice;
    }
    expire_due(w);
}

// ---- reload ----

static size_t state_bytes(World *w)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < w->machine->devices->len; i++) {
        bytes += ((Device *)g_ptr_array_index(w->machine->devices, i))->type->state_size;
    }
    return bytes;
}

// Moves the fields of all devices between state and buffer, as their tables say.
static void move_fields(World *w, uint8_t *buf, bool load)
{
    for (unsigned i = 0; i < w->machine->devices->len; i++) {
        Device *dev = g_ptr_array_index(w->machine->devices, i);
        for (size_t j = 0; j < dev->type->nfields; j++) {
            const Field *field = &dev->type->fields[j];
            uint8_t *in_state = (uint8_t *)device_state(dev) + field->offset;
            memcpy(load ? in_state : buf, load ? buf : in_state, field->size);
            buf += field->size;
        }
    }
}

// After fields were written: what a machine does when it has loaded a snapshot.
static void state_loaded(World *w)
{
    timers_rebuild(w->machine);
    for (unsigned i = 0; i < w->machine->devices->len; i++) {
        Device *dev = g_ptr_array_index(w->machine->devices, i);
        if (dev->type->loaded) {
            dev->type->loaded(dev);
        }
    }
}

static void set_lines(World *w, GArray *lines)
{
    // A real sink's levels are in its own fields.
    g_array_free(w->lines, TRUE);
    w->lines = g_array_copy(lines);
}

void world_reload(World *w)
{
    Machine *machine = w->machine;
    uint8_t *saved = g_malloc0(state_bytes(w) + 1);
    uint64_t digest = machine_digest(machine);
    int64_t deadline = timer_next_deadline(machine);
    GArray *lines = g_array_copy(w->lines);
    move_fields(w, saved, false);
    fake_seam_hold(w->seam, true);
    machine_reset(machine);
    move_fields(w, saved, true);
    set_lines(w, lines);
    state_loaded(w);
    fake_seam_hold(w->seam, false);
    g_assert_cmphex(machine_digest(machine), ==, digest);
    g_assert_cmpint(timer_next_deadline(machine), ==, deadline);
    g_array_free(lines, TRUE);
    g_free(saved);
}

void world_move(World *from, World *to)
{
    size_t bytes = state_bytes(from);
    g_assert_cmpuint(state_bytes(to), ==, bytes);
    g_assert_cmpuint(to->machine->devices->len, ==, from->machine->devices->len);
    uint8_t *saved = g_malloc0(bytes + 1), *host = to->ram->host;
    move_fields(from, saved, false);
    move_fields(to, saved, true);
    g_free(saved);
    to->ram->host = from->ram->host;
    from->ram->host = host;
    to->machine->offset_ns = from->machine->offset_ns;
    to->machine->icount_end = from->machine->icount_end;
    to->machine->step = from->machine->step;
    to->machine->step_icount = from->machine->step_icount;
    to->machine->shift = from->machine->shift;
    to->left = from->left;
    set_lines(to, from->lines);
    fake_seam_move(from->seam, to->seam);
    fake_seam_hold(to->seam, true);
    state_loaded(to);
    fake_seam_hold(to->seam, false);
    g_assert_cmphex(machine_digest(to->machine), ==, machine_digest(from->machine));
    g_assert_cmpint(timer_next_deadline(to->machine), ==, timer_next_deadline(from->machine));
}

// ---- the seam ----

void world_script_random(World *w, const void *bytes, size_t len)
{
    fake_seam_script_random(w->seam, bytes, len);
}

void world_set_hostclock(World *w, int64_t ns)
{
    fake_seam_set_hostclock(w->seam, ns);
}

unsigned world_inputs(World *w, EventKind kind)
{
    return fake_seam_inputs(w->seam, kind);
}

ReplaySource *world_source(World *w, const char *name)
{
    return fake_seam_source(w->seam, name);
}

unsigned world_deliver(World *w)
{
    unsigned delivered = 0;
    while (replay_deliver(w->seam, -1, NULL, NULL)) {
        machine_step(w->machine);
        delivered++;
    }
    return delivered;
}
