// SPDX-License-Identifier: GPL-2.0-or-later
// The machine loop. See vm.h for the order of a boundary; idle.c and pace.c for waiting and pacing.
//
// After each step the loop starts over: nothing is due twice (a timer armed for now expires one boundary later), so that a stop between two steps
// of one icount changes nothing.
#include "softmmu/vm.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "block/block-host.h"
#include "chardev/chardev-host.h"
#include "softmmu/control.h"
#include "util/log.h"
#include "util/os-clock.h"

// ---- what the seam asks ----

static Position host_position(void *ctx)
{
    return machine_position(((Vm *)ctx)->machine);
}

uint64_t vm_registers_digest(const Vm *vm)
{
    uint64_t digest = 0;
    for (unsigned i = 0; i < vm->ncpus; i++) {
        digest = device_digest(vm->cpus[i]->dev, digest);
    }
    return vm->vcpus ? device_digest(vcpus_device(vm->vcpus), digest) : digest;
}

static uint16_t host_event_digest(void *ctx)
{
    uint64_t digest = vm_registers_digest(ctx);
    return (uint16_t)(digest ^ digest >> 16 ^ digest >> 32 ^ digest >> 48);
}

static void host_wake(void *ctx)
{
    control_kick(((Vm *)ctx)->control);
}

static void host_diverged(void *ctx)
{
    Vm *vm = ctx;
    vm->state = RUN_INTERNAL_ERROR;
    *vm->machine->attention = true;
}

static void host_log_failed(void *ctx, const char *reason)
{
    Vm *vm = ctx;
    vm->log_failed = true;
    snprintf(vm->log_error, sizeof(vm->log_error), "%s", reason);
    *vm->machine->attention = true;
}

ReplayHost vm_replay_host(Vm *vm)
{
    return (ReplayHost){ .ctx = vm, .position = host_position, .event_digest = host_event_digest, .wake = host_wake,
                         .diverged = host_diverged, .log_failed = host_log_failed };
}

// ---- run states ----

static void end_vm(Vm *vm, int status, ControlCause cause)
{
    if (!vm->ended) {
        vm->ended = true;
        vm->exit_status = status;
        vm->end_cause = cause;
    }
}

void vm_stop(Vm *vm, RunState state)
{
    if (vm->state == RUN_RUNNING) {
        vm_idle_settle(vm);
        replay_flush(vm->replay, os_clock_monotonic_ns(), true);
        vm->state = state;
        control_publish(vm->control, CONTROL_STOP, CAUSE_NONE);
    }
}

void vm_cont(Vm *vm)
{
    if (vm->state == RUN_PAUSED || vm->state == RUN_PRELAUNCH || vm->state == RUN_IO_ERROR) {
        vm->state = RUN_RUNNING;
        vm->tune_host_ns = vm->align_host_ns = 0;
        block_resume();
        control_publish(vm->control, CONTROL_RESUME, CAUSE_NONE);
    }
}

static void shut_down(Vm *vm, ControlCause cause, int status)
{
    control_publish(vm->control, CONTROL_SHUTDOWN, cause);
    if (vm->config.no_shutdown) {
        vm->state = RUN_RUNNING; // so that the stop is told to clients
        vm_stop(vm, RUN_SHUTDOWN);
        return;
    }
    end_vm(vm, status, cause);
}

void vm_quit(Vm *vm, ControlCause cause)
{
    vm_idle_settle(vm);
    control_publish(vm->control, CONTROL_SHUTDOWN, cause);
    end_vm(vm, 0, cause);
}

static void reset_now(Vm *vm, ControlCause cause)
{
    Error err;
    vm->powered_off = false;
    machine_reset(vm->machine);
    exec_invalidate_all(vm->exec);
    tlb_flush_all(vm->exec);
    if (!vm_boot(vm, &err)) {
        fprintf(stderr, "qemu-system: reset: %s\n", err.msg); // it worked at start-up: memory is short
        end_vm(vm, 1, CAUSE_HOST_ERROR);
    }
    control_publish(vm->control, CONTROL_RESET, cause);
}

void vm_reset(Vm *vm, ControlCause cause)
{
    vm_idle_settle(vm);
    uint8_t byte = (uint8_t)cause;
    replay_control(vm->replay, EVENT_RESET, -1, &byte, 1);
    reset_now(vm, cause);
    machine_step(vm->machine);
}

void vm_powerdown(Vm *vm)
{
    vm_idle_settle(vm);
    replay_control(vm->replay, EVENT_POWERDOWN, -1, NULL, 0);
    machine_step(vm->machine); // no device of our machines has a power button yet: the event alone
    control_publish(vm->control, CONTROL_POWERDOWN, CAUSE_NONE);
}

bool vm_set_break(Vm *vm, Position at, Error *err)
{
    if (replay_mode(vm->replay) != REPLAY_PLAY) {
        return fail(err, "setting the breakpoint is allowed only in play mode");
    }
    if (position_compare(at, machine_position(vm->machine)) < 0) {
        return fail(err, "cannot set breakpoint at the instruction in the past");
    }
    vm->have_break = true;
    vm->break_at = at;
    *vm->machine->attention = true;
    return true;
}

bool vm_delete_break(Vm *vm, Error *err)
{
    if (replay_mode(vm->replay) != REPLAY_PLAY) {
        return fail(err, "replay breakpoints are allowed only in play mode");
    }
    vm->have_break = false;
    return true;
}

void vm_set_shift(Vm *vm, uint8_t shift)
{
    Machine *m = vm->machine;
    int64_t now = machine_now_ns(m);
    m->shift = shift;
    m->offset_ns = now - (int64_t)(machine_icount(m) << shift);
}

// ---- steps of a boundary ----

static bool at_break(Vm *vm)
{
    if (!vm->have_break || position_compare(machine_position(vm->machine), vm->break_at) < 0) {
        return false;
    }
    vm->have_break = false;
    vm_stop(vm, RUN_PAUSED);
    return true;
}

static bool at_log_end(Vm *vm)
{
    uint8_t cause = 0;
    if (vm->seen_end || replay_mode(vm->replay) != REPLAY_PLAY) {
        return false;
    }
    switch (replay_end(vm->replay, NULL, &cause)) {
    case REPLAY_END_NOT_YET:
        return false;
    case REPLAY_END_CLEAN:
        vm->seen_end = true;
        shut_down(vm, cause < CAUSE_COUNT ? cause : CAUSE_NONE, vm->exit_status);
        return true;
    default:
        vm->seen_end = true;
        fprintf(stderr, "%s\n", replay_end_reason(vm->replay));
        vm_stop(vm, RUN_PAUSED);
        shut_down(vm, CAUSE_REPLAY_END, 0);
        return true;
    }
}

// The recorder says where digests lie, the log tells the replay. True when one was noted: what was recorded at the same position comes after it,
// so the loop must look again.
static bool note_digest(Vm *vm)
{
    ReplayMode mode = replay_mode(vm->replay);
    bool due = mode == REPLAY_RECORD ? machine_icount(vm->machine) == vm->next_digest : replay_note_due(vm->replay, EVENT_DIGEST);
    if (!due) {
        return false;
    }
    vm->next_digest += vm_digest_interval(vm);
    uint64_t digest = machine_digest(vm->machine);
    replay_note(vm->replay, EVENT_DIGEST, &digest, sizeof(digest));
    return true;
}

// The guest ended itself. A replay ends where its log does: right here, or, if the process outlived the guest, before the next instruction.
static void power_off(Vm *vm, ControlCause cause, int status)
{
    machine_step(vm->machine);
    if (replay_mode(vm->replay) == REPLAY_PLAY) {
        vm->powered_off = true;
    } else {
        shut_down(vm, cause, status);
    }
}

// What the guest asked for by a device: true when it was done (a step).
static bool guest_request(Vm *vm)
{
    MachineRequest request = vm->machine->request;
    int value = vm->machine->request_cause;
    vm->machine->request = REQUEST_NONE;
    switch (request) {
    case REQUEST_NONE:
        return false;
    case REQUEST_RESET:
        if (!vm->config.no_reboot) {
            reset_now(vm, CAUSE_GUEST_RESET);
            machine_step(vm->machine);
            return true;
        }
        power_off(vm, CAUSE_GUEST_RESET, 0);
        return true;
    case REQUEST_SHUTDOWN: case REQUEST_PANIC:
        vm->exit_status = value;
        power_off(vm, request == REQUEST_PANIC ? CAUSE_GUEST_PANIC : CAUSE_GUEST_SHUTDOWN, value);
        return true;
    }
    return false;
}

// CONTROL events of the log.
static void replay_control_event(void *ctx, const ReplayEvent *event)
{
    Vm *vm = ctx;
    switch (event->kind) {
    case EVENT_CLOCK_WARP: {
        uint64_t ns;
        memcpy(&ns, event->payload, sizeof(ns));
        vm->machine->offset_ns += (int64_t)ns;
        break;
    }
    case EVENT_SHIFT:
        if (event->payload[0] > 10) {
            replay_diverge(vm->replay, "a shift of %u", event->payload[0]);
        } else {
            vm->machine->offset_ns += PLANTED(vm->exec, PLANT_SHIFT_LATE) ? (1 << vm->machine->shift) - (1 << event->payload[0]) : 0;
            vm_set_shift(vm, event->payload[0]);
        }
        break;
    case EVENT_RESET: reset_now(vm, event->payload[0] < CAUSE_COUNT ? event->payload[0] : CAUSE_NONE); break;
    case EVENT_POWERDOWN: control_publish(vm->control, CONTROL_POWERDOWN, CAUSE_NONE); break;
    default:
        replay_diverge(vm->replay, "an event of the kind %s, which this version doesn't know how to repeat", event_kind_name(event->kind));
        break;
    }
}

static void advance_idle(void *ctx, const ReplayEvent *event)
{
    if (event->in_idle) {
        ((Vm *)ctx)->machine->offset_ns += (int64_t)event->idle_ns;
    }
}

CPU *vm_cpu(const Vm *vm)
{
    return vm->vcpus ? vcpus_current(vm->vcpus) : vm->cpus[0];
}

static bool all_halted(const Vm *vm)
{
    for (unsigned i = 0; i < vm->ncpus; i++) {
        if (vcpu_runnable(vm->target, vm->cpus[i])) {
            return false;
        }
    }
    return true;
}

static bool deliver_input(Vm *vm)
{
    if (!replay_live(vm->replay) || !replay_pending(vm->replay)) {
        return false;
    }
    int64_t idle_ns = all_halted(vm) ? vm_idle_take(vm) : -1;
    bool delivered = replay_deliver(vm->replay, idle_ns, NULL, NULL);
    if (delivered) {
        machine_step(vm->machine);
    }
    return delivered;
}

// Replaying, an event's position alone says when it comes; what was recorded before the due timers has a smaller step than they.
static bool deliver_logged(Vm *vm)
{
    bool delivered = !replay_live(vm->replay) && replay_deliver(vm->replay, -1, advance_idle, vm);
    if (delivered) {
        machine_step(vm->machine);
    }
    return delivered;
}

static bool switch_vcpu(Vm *vm)
{
    if (!vm->vcpus || !vcpus_switch(vm->vcpus)) {
        return false;
    }
    machine_step(vm->machine);
    return true;
}

static bool enter_interrupt(Vm *vm)
{
    CPU *cpu = vm_cpu(vm);
    if (cpu->arch.halted && vm->target->wakeup_pending(cpu)) {
        cpu->arch.halted = 0;
    }
    if (cpu->arch.halted || !vm->target->interrupt_pending(cpu)) {
        return false;
    }
    if (log_enabled(LOG_INT)) {
        log_printf(LOG_INT, "cpu %u interrupt pc %016" PRIx64 " icount %" PRIu64 "\n", cpu->index, cpu->arch.pc, machine_icount(vm->machine));
    }
    vm->target->take_interrupt(cpu);
    machine_step(vm->machine);
    return true;
}

// Instructions until something has to happen at an exact place.
static uint64_t hard_budget(Vm *vm)
{
    Machine *m = vm->machine;
    uint64_t icount = machine_icount(m), budget = INT64_MAX;
    int64_t deadline = timer_next_deadline(m);
    Position next;
    if (deadline != INT64_MAX) {
        uint64_t ns = (uint64_t)(deadline - machine_now_ns(m));
        budget = (ns + ((uint64_t)1 << m->shift) - 1) >> m->shift;
    }
    if (replay_next(vm->replay, &next) && next.icount - icount < budget) {
        budget = next.icount - icount + PLANTED(vm->exec, PLANT_LATE_INPUT);
    }
    if (vm->have_break && vm->break_at.icount - icount < budget) {
        budget = vm->break_at.icount - icount;
    }
    if (replay_mode(vm->replay) == REPLAY_RECORD && vm->next_digest - icount < budget) {
        budget = vm->next_digest - icount;
    }
    if (vm->vcpus && vcpus_left(vm->vcpus) < budget) {
        budget = vcpus_left(vm->vcpus);
    }
    return budget ? budget : 1; // a synchronous input lies in this very attempt, or replay_check_passed will tell
}

static void run_slice(Vm *vm)
{
    Machine *m = vm->machine;
    CPU *cpu = vm_cpu(vm);
    uint64_t budget = hard_budget(vm), icount = machine_icount(m);
    assert(!cpu->arch.halted);
    int64_t host_ns = os_clock_monotonic_ns();
    if (!vm->first_insn_ns) {
        vm->first_insn_ns = host_ns;
    }
    cpu->attention = false;
    cpu->budget = (int64_t)budget;
    m->icount_end = icount + budget;
    m->left = &cpu->budget;
    m->attention = &cpu->attention;
    uint64_t attempted = cpu_run(vm->exec, cpu, budget, vm_slice_soft(vm));
    m->icount_end = icount + attempted;
    m->left = &m->left_zero;
    if (vm->vcpus) {
        vcpus_ran(vm->vcpus);
    }
    exec_reap(vm->exec);
    replay_check_passed(vm->replay);
    vm_slice_done(vm, attempted, host_ns);
}

// One step or one slice.
static void advance(Vm *vm)
{
    if (at_log_end(vm) || at_break(vm)) {
        return;
    }
    if (deliver_logged(vm) || note_digest(vm)) {
        return;
    }
    if (vm->state != RUN_RUNNING || guest_request(vm)) {
        return;
    }
    if (timer_expire_one(vm->machine)) {
        machine_step(vm->machine);
        return;
    }
    if (deliver_input(vm) || switch_vcpu(vm) || enter_interrupt(vm)) {
        return;
    }
    if (vm->state != RUN_RUNNING) {
        return;
    }
    if (vm->powered_off) {
        replay_diverge(vm->replay, "the guest has powered the machine off, but the log goes on");
        return;
    }
    if (all_halted(vm)) {
        vm_idle(vm);
    } else {
        run_slice(vm);
    }
}

static void report_failures(Vm *vm)
{
    if (vm->state == RUN_INTERNAL_ERROR) {
        fprintf(stderr, "%s\n", replay_divergence(vm->replay));
        end_vm(vm, EXIT_DIVERGED, CAUSE_HOST_ERROR);
    }
    if (vm->log_failed) {
        vm->log_failed = false;
        if (vm->config.stop_recording) {
            fprintf(stderr, "Replay: the log can't be written any more: %s; the recording is over, what was recorded is whole; "
                            "the machine runs on\n", vm->log_error);
            replay_abandon(vm->replay);
        } else {
            fprintf(stderr, "Replay: the log can't be written any more: %s; the machine is paused, what was recorded is whole; "
                            "make room and say cont, or quit\n", vm->log_error);
            vm_stop(vm, RUN_IO_ERROR);
        }
    }
}

void vm_init(Vm *vm)
{
    vm->slice_soft = 20000;
    vm->chaos_rng = vm->config.chaos_seed | 1;
    vm->state = vm->config.start_stopped ? RUN_PRELAUNCH : RUN_RUNNING;
    vm->next_digest = vm_digest_interval(vm);
    vm->last_flush_ns = os_clock_monotonic_ns();
    replay_set_control(vm->replay, replay_control_event, vm);
}

void vm_loop(Vm *vm)
{
    while (!vm->ended) {
        if (control_pending(vm->control)) {
            control_poll(vm->control);
        }
        report_failures(vm);
        if (vm->ended) {
            break;
        }
        if (vm->state == RUN_RUNNING && !chardev_output_full()) {
            advance(vm);
        } else {
            control_wait(vm->control, -1); // a request or, once console output has gone out, a kick
        }
    }
}
