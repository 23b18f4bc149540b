// SPDX-License-Identifier: GPL-2.0-or-later
// Several vCPUs on one thread: whose turn it is and how much of the turn is left. Both are state (a device without registers, "vcpus").
//
// The rule is round-robin with a quantum of attempted instructions. A turn ends when the quantum is used up, when the vCPU halts, or when it says
// that it only waits for another (cpu->yield); then the next vCPU in order of index that isn't halted, or has an interrupt to wake up for, gets a
// whole quantum. That switch is a step of the position, made behind timers and inputs and before interrupt entry. It breaks the load reservation of
// the vCPU that leaves, so that no store of another one can go unseen by it.
//
//     quantum 100:  cpu0 60, WFI | step: switch | cpu1 100 | step: switch | cpu2 … (cpu0 still waits) …
//
// A machine with one vCPU has no such device: its position has no switches.
#pragma once
#include "softmmu/exec.h"

enum { VCPUS_MAX = 8, VCPUS_QUANTUM = 20000 };

typedef struct Vcpus Vcpus;

// Two to VCPUS_MAX of them; `cpus` is borrowed. Owned by the machine, and part of its configuration ("quantum").
Vcpus *vcpus_new(Machine *machine, const Target *target, CPU **cpus, unsigned ncpus, uint32_t quantum);
CPU *vcpus_current(const Vcpus *vcpus);
uint64_t vcpus_left(const Vcpus *vcpus);                 // instructions of the present turn; 0: a switch is due
void vcpus_ran(Vcpus *vcpus);                            // after each slice: the present vCPU has perhaps halted or yielded
bool vcpus_switch(Vcpus *vcpus);                         // false: no switch is due, or all vCPUs are halted; true: done (the caller counts a step)
uint64_t vcpus_attempts(const Vcpus *vcpus, const CPU *cpu); // instructions that this one has attempted, exact at any access
uint64_t vcpus_switches(const Vcpus *vcpus);             // since power-on, a figure
Device *vcpus_device(Vcpus *vcpus);
// May the vCPU go on, now or after a wake-up that is pending?
static inline bool vcpu_runnable(const Target *target, CPU *cpu)
{
    return !cpu->arch.halted || target->wakeup_pending(cpu);
}
