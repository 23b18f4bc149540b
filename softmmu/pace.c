// SPDX-License-Identifier: GPL-2.0-or-later
// Pacing on the host side: how long a slice may be, shift=auto, align, when the log is flushed, the progress line. Nothing here is state.
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "softmmu/control.h"
#include "softmmu/vm.h"
#include "util/os-clock.h"

enum {
    CAP_LIVE_NS = 200000,      // inputs and control requests are taken as promptly as this
    CAP_REPLAY_NS = 5000000,
    FLUSH_NS = 10000000,       // the log decides; asked seldom, it would be late by as much
    TUNE_NS = 20000000,        // shift=auto looks this often
    PROGRESS_NS = 250000000,
    SHIFT_MAX = 10,
    DIGEST_INTERVAL = 100000000, // instructions
    DIGEST_INTERVAL_CHAOS = 50000,
};

static uint64_t chaos_random(Vm *vm)
{
    vm->chaos_rng = vm->chaos_rng * 6364136223846793005u + 1442695040888963407u;
    return vm->chaos_rng >> 33;
}

uint64_t vm_slice_soft(Vm *vm)
{
    if (vm->config.chaos_slice && replay_live(vm->replay)) {
        // Log-uniform: short slices as likely as long ones.
        uint64_t limit = 1;
        while (limit < vm->config.chaos_slice && chaos_random(vm) % 4) {
            limit *= 4;
        }
        return 1 + chaos_random(vm) % limit;
    }
    return (uint64_t)vm->slice_soft;
}

uint64_t vm_digest_interval(Vm *vm)
{
    // With chaos digests lie close, so that inputs fall on them.
    return vm->config.chaos_slice ? 1 + chaos_random(vm) % (2 * DIGEST_INTERVAL_CHAOS) : DIGEST_INTERVAL;
}

static void show_progress(Vm *vm, int64_t now_ns)
{
    uint64_t end = replay_last_position(vm->replay).icount;
    if (now_ns - vm->last_progress_ns < PROGRESS_NS || end == 0) {
        return;
    }
    vm->last_progress_ns = now_ns;
    uint64_t icount = machine_icount(vm->machine);
    fprintf(stderr, "\rreplaying: %3" PRIu64 " %% (%" PRIu64 " of %" PRIu64 " instructions) ", icount * 100 / end, icount, end);
}

// Keeps virtual time near host time while the guest computes. Each change is an input: it is logged.
static void tune_shift(Vm *vm, int64_t now_ns)
{
    int64_t guest_ns = machine_now_ns(vm->machine);
    int64_t host = now_ns - vm->tune_host_ns, guest = guest_ns - vm->tune_guest_ns;
    if (vm->tune_host_ns && host < TUNE_NS) {
        return;
    }
    bool first = vm->tune_host_ns == 0;
    vm->tune_host_ns = now_ns;
    vm->tune_guest_ns = guest_ns;
    if (first || host > 10 * (int64_t)TUNE_NS) {
        return; // an idle wait or a stop lies between
    }
    uint8_t shift = vm->machine->shift;
    if (guest > host + host / 2 && shift > 0) {
        shift--;
    } else if (guest < host / 2 + host / 6 && shift < SHIFT_MAX) {
        shift++;
    }
    if (shift != vm->machine->shift) {
        replay_control(vm->replay, EVENT_SHIFT, -1, &shift, 1);
        vm_set_shift(vm, shift);
        machine_step(vm->machine);
    }
}

// align=on: the guest must not run ahead of host time.
static void align(Vm *vm, int64_t now_ns)
{
    int64_t guest_ns = machine_now_ns(vm->machine);
    if (!vm->align_host_ns) {
        vm->align_host_ns = now_ns;
        vm->align_guest_ns = guest_ns;
    }
    int64_t ahead = (guest_ns - vm->align_guest_ns) - (now_ns - vm->align_host_ns);
    if (ahead > 3000000) {
        control_wait(vm->control, ahead < 20000000 ? ahead : 20000000);
    } else if (ahead < -1000000000) {
        vm->align_host_ns = 0; // hopelessly late: start anew
    }
}

void vm_slice_done(Vm *vm, uint64_t attempted, int64_t host_ns)
{
    int64_t now_ns = os_clock_monotonic_ns(), took = now_ns - host_ns;
    bool live = replay_live(vm->replay);
    int64_t cap = live ? CAP_LIVE_NS : CAP_REPLAY_NS;
    // Slices that ended early tell little: adapt by what a full one would take.
    if (took > 0 && attempted > 256) {
        int64_t wanted = (int64_t)((double)attempted * (double)cap / (double)took);
        int64_t next = (vm->slice_soft * 3 + wanted) / 4;
        vm->slice_soft = next < 1000 ? 1000 : next > 50000000 ? 50000000 : next;
    }
    if (now_ns - vm->last_flush_ns >= FLUSH_NS) {
        vm->last_flush_ns = now_ns;
        replay_flush(vm->replay, now_ns, false);
    }
    if (live && vm->config.shift_auto) {
        tune_shift(vm, now_ns);
    }
    if (live && vm->config.align) {
        align(vm, now_ns);
    }
    if (!live && vm->config.progress) {
        show_progress(vm, now_ns);
    }
}
