// SPDX-License-Identifier: GPL-2.0-or-later
// Idle: all vCPUs are halted. The clock jumps to the next deadline (sleep=off, replay) or the machine thread waits for it or for an input.
//
// What passes in a wait becomes virtual time: all of it when the deadline is reached, else as much as passed before the input, strictly less than
// the distance to the deadline; the input's event carries it. A wait that a stop interrupts is settled by a clock-warp.
#include <string.h>

#include "softmmu/control.h"
#include "softmmu/vm.h"
#include "util/os-clock.h"

static void jump(Vm *vm, int64_t ns)
{
    vm->machine->offset_ns += ns;
    vm->idle_since_ns = 0;
}

// Virtual ns that have passed in this wait, below `limit_ns`.
static int64_t idle_elapsed(const Vm *vm, int64_t limit_ns)
{
    if (!vm->idle_since_ns || !vm->config.sleep) {
        return 0;
    }
    int64_t elapsed = os_clock_monotonic_ns() - vm->idle_since_ns;
    return elapsed < 0 ? 0 : elapsed >= limit_ns ? limit_ns - 1 : elapsed;
}

static int64_t distance(const Vm *vm)
{
    int64_t deadline = timer_next_deadline(vm->machine);
    return deadline == INT64_MAX ? INT64_MAX : deadline - machine_now_ns(vm->machine);
}

void vm_idle_settle(Vm *vm)
{
    if (!vm->idle_since_ns || !replay_live(vm->replay)) {
        vm->idle_since_ns = 0;
        return;
    }
    uint64_t elapsed = (uint64_t)idle_elapsed(vm, distance(vm));
    if (elapsed > 0) {
        replay_control(vm->replay, EVENT_CLOCK_WARP, -1, &elapsed, sizeof(elapsed));
        jump(vm, (int64_t)elapsed);
        machine_step(vm->machine);
    }
    vm->idle_since_ns = 0;
}

int64_t vm_idle_take(Vm *vm)
{
    int64_t elapsed = idle_elapsed(vm, distance(vm));
    jump(vm, elapsed);
    return elapsed;
}

static void idle_replayed(Vm *vm)
{
    int64_t ns = distance(vm);
    // A timer that never wakes a CPU may expire for ever: no slice would look.
    replay_check_passed(vm->replay);
    if (ns == INT64_MAX) {
        replay_diverge(vm->replay, "all CPUs are halted, no timer is armed, and no event is due");
        return;
    }
    jump(vm, ns + PLANTED(vm->exec, PLANT_IDLE_LONG));
    machine_step(vm->machine);
}

void vm_idle(Vm *vm)
{
    if (!replay_live(vm->replay)) {
        idle_replayed(vm);
        return;
    }
    int64_t ns = distance(vm);
    if (!vm->config.sleep && ns != INT64_MAX) {
        jump(vm, ns);
        machine_step(vm->machine);
        return;
    }
    int64_t now_ns = os_clock_monotonic_ns();
    if (!vm->idle_since_ns) {
        vm->idle_since_ns = now_ns;
        // Nothing more will be logged until something happens.
        replay_flush(vm->replay, now_ns, true);
    }
    if (replay_pending(vm->replay)) {
        return; // the next round takes it
    }
    int64_t left_ns = ns == INT64_MAX ? INT64_MAX : ns - (now_ns - vm->idle_since_ns);
    if (left_ns <= 0) {
        jump(vm, ns);
        machine_step(vm->machine);
        return;
    }
    control_wait(vm->control, left_ns == INT64_MAX ? -1 : left_ns); // ends early for a post or a request; the loop comes here again
}
