// SPDX-License-Identifier: GPL-2.0-or-later
// Timers: a binary heap of the armed ones, ordered by deadline and, among equal deadlines, by order
// of creation.
//
// The order of a timer is its place among all timers: devices as they were created, fields as their
// tables list them, elements as they lie in memory. So ties are decided by the configuration alone.
// Deadlines live in the devices' state; the heap only refers to them and is rebuilt when the state
// was replaced.
#include <assert.h>

#include "core/internal.h"
#include "util/plant.h"

static TimerRef *heap_at(const Machine *machine, uint32_t i)
{
    return &g_array_index(machine->timers, TimerRef, i);
}

static TimerSlot *slot_at(const Machine *machine, uint32_t order)
{
    return &g_array_index(machine_internal(machine)->slots, TimerSlot, order);
}

static bool due_before(const TimerRef *a, const TimerRef *b)
{
    if (a->timer->deadline_ns != b->timer->deadline_ns) {
        return a->timer->deadline_ns < b->timer->deadline_ns;
    }
    return planted(PLANT_TIMERS_SWAPPED) ? a->order > b->order : a->order < b->order;
}

static void heap_put(Machine *machine, uint32_t i, TimerRef ref)
{
    *heap_at(machine, i) = ref;
    slot_at(machine, ref.order)->heap_index = i;
}

static void heap_up(Machine *machine, uint32_t i)
{
    TimerRef ref = *heap_at(machine, i);
    while (i > 0) {
        uint32_t parent = (i - 1) / 2;
        if (!due_before(&ref, heap_at(machine, parent))) {
            break;
        }
        heap_put(machine, i, *heap_at(machine, parent));
        i = parent;
    }
    heap_put(machine, i, ref);
}

static void heap_down(Machine *machine, uint32_t i)
{
    TimerRef ref = *heap_at(machine, i);
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= machine->timers->len) {
            break;
        }
        if (child + 1 < machine->timers->len &&
            due_before(heap_at(machine, child + 1), heap_at(machine, child))) {
            child++;
        }
        if (!due_before(heap_at(machine, child), &ref)) {
            break;
        }
        heap_put(machine, i, *heap_at(machine, child));
        i = child;
    }
    heap_put(machine, i, ref);
}

static void heap_insert(Machine *machine, uint32_t order)
{
    TimerSlot *slot = slot_at(machine, order);
    assert(slot->heap_index == TIMER_NOT_IN_HEAP);
    TimerRef ref = {slot->timer, slot->dev, order};
    g_array_append_val(machine->timers, ref);
    heap_up(machine, machine->timers->len - 1);
}

static void heap_remove(Machine *machine, uint32_t order)
{
    TimerSlot *slot = slot_at(machine, order);
    uint32_t hole = slot->heap_index;
    assert(hole < machine->timers->len && heap_at(machine, hole)->order == order);
    slot->heap_index = TIMER_NOT_IN_HEAP;
    TimerRef last = *heap_at(machine, machine->timers->len - 1);
    g_array_set_size(machine->timers, machine->timers->len - 1);
    if (last.order == order) {
        return;
    }
    heap_put(machine, hole, last);
    heap_up(machine, hole);
    heap_down(machine, slot_at(machine, last.order)->heap_index);
}

static uint32_t timer_order(const Device *dev, const Timer *timer)
{
    const Machine *machine = dev->machine;
    uint32_t total = machine_internal(machine)->slots->len;
    uint32_t order = dev->first_timer;
    while (order < total && slot_at(machine, order)->timer != timer) {
        order++;
    }
    // Fails for a timer that isn't declared with FIELD_TIMER, or that is another device's.
    assert(order < total && slot_at(machine, order)->dev == dev);
    return order;
}

void timers_register(Device *dev)
{
    GArray *slots = machine_internal(dev->machine)->slots;
    dev->first_timer = slots->len;
    uint8_t *state = device_state(dev);
    for (size_t i = 0; i < dev->type->nfields; i++) {
        const Field *field = &dev->type->fields[i];
        if (field->kind != FIELD_KIND_TIMER) {
            continue;
        }
        Timer *timer = (Timer *)(state + field->offset);
        for (size_t n = field->size / sizeof(Timer); n > 0; n--) {
            TimerSlot slot = {timer++, dev, TIMER_NOT_IN_HEAP};
            g_array_append_val(slots, slot);
        }
    }
}

void timers_cancel_all(Device *dev)
{
    uint32_t total = machine_internal(dev->machine)->slots->len;
    for (uint32_t order = dev->first_timer; order < total; order++) {
        TimerSlot *slot = slot_at(dev->machine, order);
        if (slot->dev != dev) {
            break;
        }
        if (slot->heap_index != TIMER_NOT_IN_HEAP) {
            heap_remove(dev->machine, order);
        }
        slot->timer->armed = 0;
    }
}

void timer_arm(Device *dev, Timer *timer, int64_t deadline_ns)
{
    Machine *machine = dev->machine;
    uint32_t order = timer_order(dev, timer);
    if (slot_at(machine, order)->heap_index != TIMER_NOT_IN_HEAP) {
        heap_remove(machine, order);
    }
    int64_t now = machine_now_ns(machine);
    timer->deadline_ns = deadline_ns > now ? deadline_ns : now + 1;
    timer->armed = 1;
    heap_insert(machine, order);
    if (slot_at(machine, order)->heap_index == 0) {
        *machine->attention = true;
    }
}

void timer_cancel(Device *dev, Timer *timer)
{
    // The slice's budget may then end too early, where nothing is due: harmless, and not a step.
    uint32_t order = timer_order(dev, timer);
    if (slot_at(dev->machine, order)->heap_index != TIMER_NOT_IN_HEAP) {
        heap_remove(dev->machine, order);
    }
    timer->armed = 0;
}

int64_t timer_next_deadline(const Machine *machine)
{
    return machine->timers->len > 0 ? heap_at(machine, 0)->timer->deadline_ns : INT64_MAX;
}

bool timer_expire_one(Machine *machine)
{
    if (timer_next_deadline(machine) > machine_now_ns(machine) || machine->timers->len == 0) {
        return false;
    }
    TimerRef due = *heap_at(machine, 0);
    // Only timer_arm and timer_cancel may change `armed`; a device that clears its state by hand is
    // caught here.
    assert(due.timer->armed);
    heap_remove(machine, due.order);
    due.timer->armed = 0;
    due.dev->type->expired(due.dev, due.timer);
    return true;
}

void timers_rebuild(Machine *machine)
{
    GArray *slots = machine_internal(machine)->slots;
    g_array_set_size(machine->timers, 0);
    for (uint32_t order = 0; order < slots->len; order++) {
        slot_at(machine, order)->heap_index = TIMER_NOT_IN_HEAP;
    }
    for (uint32_t order = 0; order < slots->len; order++) {
        if (slot_at(machine, order)->timer->armed) {
            heap_insert(machine, order);
        }
    }
}
