// SPDX-License-Identifier: GPL-2.0-or-later
// The machine loop: boundaries, idle, pacing, recording and replaying; run states. One thread owns all of it.
//
// At each boundary, in this order: what the guest asked for (reset, shutdown), due timers, inputs, vCPU switch, interrupt entry; then the next
// instruction is attempted. Each of these is one step of the position. Control requests are served between boundaries and leave no trace.
#pragma once
#include "hw/machine.h"
#include "softmmu/control.h"
#include "softmmu/exec.h"
#include "softmmu/vcpus.h"

typedef struct VmConfig {
    bool icount;               // -icount was given (reports only)
    uint8_t shift;
    bool shift_auto, sleep, align;
    bool start_stopped;        // -S
    bool no_reboot, no_shutdown;
    bool stop_recording;       // rrfull=stop: a log that can't be written is given up, and the machine goes on
    bool progress;             // a line on stderr about a long replay
    unsigned chaos_slice;      // tests: live slices of at most this many instructions, random; 0: off
    uint64_t chaos_seed;
} VmConfig;

enum { EXIT_DIVERGED = 3 };    // exit status of a replay that diverged

typedef struct Vm {
    Machine *machine;
    Replay *replay;
    Exec *exec;
    const Target *target;
    const MachineType *type;
    MachineConfig *machine_config;
    BootSpec *boot;
    GPtrArray *items;          // BootItem *, -device loader; or NULL (boot-items.c)
    CPU **cpus;
    unsigned ncpus;
    Vcpus *vcpus;              // NULL: there is one vCPU
    VmConfig config;
    Control *control;

    RunState state;
    bool ended;                // the loop returns; exit_status is set
    bool powered_off;          // replaying: the guest ended itself, so the log must end here
    int exit_status;
    ControlCause end_cause;
    bool have_break;           // replay-break, or where a seek goes
    Position break_at;
    uint64_t next_digest;      // icount of the next DIGEST note
    // host-side pacing, never state
    int64_t slice_soft;        // instructions that take about the live cap
    int64_t idle_since_ns;     // host time at which the present idle wait began; 0: none
    int64_t last_flush_ns, last_progress_ns, tune_host_ns, tune_guest_ns, align_host_ns, align_guest_ns;
    bool log_failed;
    char log_error[256];
    uint64_t chaos_rng;
    bool seen_end;             // the log's end was handled
    int64_t first_insn_ns;     // host time of the first attempt, for bench
} Vm;

void vm_init(Vm *vm);             // after machine, exec, replay and control exist: power-on reset and boot are the caller's
bool vm_boot(Vm *vm, Error *err); // after each machine_reset: the machine's boot, then -device loader (boot-items.c)
void vm_loop(Vm *vm);             // until vm->ended
ReplayHost vm_replay_host(Vm *vm);

// ---- what control requests do; machine thread, between boundaries ----
void vm_stop(Vm *vm, RunState state);  // effect at once: the loop is at a boundary or in idle
void vm_cont(Vm *vm);
void vm_reset(Vm *vm, ControlCause cause);     // system_reset: recorded
void vm_powerdown(Vm *vm);
void vm_quit(Vm *vm, ControlCause cause);      // quit, signals: a recording gets its end
bool vm_set_break(Vm *vm, Position at, Error *err);
bool vm_delete_break(Vm *vm, Error *err);
void vm_set_shift(Vm *vm, uint8_t shift);
uint64_t vm_registers_digest(const Vm *vm); // XXH3-64 over the state of all vCPUs
extern const ControlOps vm_control_ops;         // the same for clients of control.h; ctx is the Vm (vm-control.c)

CPU *vm_cpu(const Vm *vm);                  // whose turn it is

// ---- softmmu/idle.c, softmmu/pace.c: parts of the loop ----
void vm_idle(Vm *vm);                   // all vCPUs halted: jump, wait or take an input
int64_t vm_idle_take(Vm *vm);           // an input ends the wait: advances the clock by what passed, returns it
void vm_idle_settle(Vm *vm);            // a stop or quit in idle: what passed so far counts, and is logged
uint64_t vm_slice_soft(Vm *vm);
uint64_t vm_digest_interval(Vm *vm);   // instructions until the recorder notes the next digest
void vm_slice_done(Vm *vm, uint64_t attempted, int64_t host_ns);
