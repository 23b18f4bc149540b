// SPDX-License-Identifier: GPL-2.0-or-later
// Several vCPUs on one thread: see vcpus.h for the rule.
#include "softmmu/vcpus.h"

#include <assert.h>

struct Vcpus {
    Device dev;
    uint32_t quantum;        // instructions a turn
    const Target *target;
    CPU **cpus;
    unsigned ncpus;
    uint64_t switches;
    struct VcpusState {
        uint32_t current;
        uint8_t pad[4];
        uint64_t turn_end;            // icount. Not what is left: that would have to be kept true in the middle of a slice
        uint64_t attempts[VCPUS_MAX]; // of each vCPU since power-on; of the present one: minus icount
    } s;
};

static const Field fields[] = {
    FIELD(struct VcpusState, current), FIELD_ARRAY(struct VcpusState, pad), FIELD(struct VcpusState, turn_end), FIELD_ARRAY(struct VcpusState, attempts),
};

static const Prop props[] = {
    { "quantum", "instructions a vCPU runs before the next one's turn", PROP_U32, offsetof(Vcpus, quantum), NULL },
};

// The counts go on from zero, as all of the state does; whoever ran, the first vCPU is next.
static void vcpus_reset(Device *dev)
{
    Vcpus *v = (Vcpus *)dev;
    v->s.attempts[0] -= machine_icount(dev->machine);
    v->s.turn_end = machine_icount(dev->machine) + v->quantum;
}

static const DeviceType device_vcpus = {
    .name = "vcpus",
    .desc = "whose turn it is among several vCPUs",
    .instance_size = sizeof(Vcpus),
    .state_offset = offsetof(Vcpus, s), .state_size = sizeof(struct VcpusState),
    LIST(fields), LIST(props),
    .reset = vcpus_reset,
};

Vcpus *vcpus_new(Machine *machine, const Target *target, CPU **cpus, unsigned ncpus, uint32_t quantum)
{
    assert(ncpus > 1 && ncpus <= VCPUS_MAX && quantum > 0);
    Vcpus *v = (Vcpus *)device_new(machine, &device_vcpus, NULL, NULL);
    v->target = target;
    v->cpus = cpus;
    v->ncpus = ncpus;
    v->quantum = quantum;
    return v;
}

CPU *vcpus_current(const Vcpus *v) { return v->cpus[v->s.current]; }
uint64_t vcpus_left(const Vcpus *v) { return v->s.turn_end - machine_icount(v->dev.machine); }
uint64_t vcpus_switches(const Vcpus *v) { return v->switches; }
Device *vcpus_device(Vcpus *v) { return &v->dev; }

uint64_t vcpus_attempts(const Vcpus *v, const CPU *cpu)
{
    return v->s.attempts[cpu->index] + (cpu->index == v->s.current ? machine_icount(v->dev.machine) : 0);
}

void vcpus_ran(Vcpus *v)
{
    CPU *cpu = vcpus_current(v);
    uint64_t icount = machine_icount(v->dev.machine);
    assert(icount <= v->s.turn_end);
    if (cpu->arch.halted || cpu->yield) {
        v->s.turn_end = icount;
    } else if (planted(PLANT_LOST_QUANTUM) && icount < v->s.turn_end) {
        v->s.turn_end = icount + v->quantum;
    }
    cpu->yield = false;
}

bool vcpus_switch(Vcpus *v)
{
    uint64_t icount = machine_icount(v->dev.machine);
    if (icount < v->s.turn_end && vcpu_runnable(v->target, vcpus_current(v))) {
        return false;
    }
    for (unsigned i = 1; i <= v->ncpus; i++) {
        unsigned next = (v->s.current + i) % v->ncpus;
        if (!vcpu_runnable(v->target, v->cpus[next])) {
            continue;
        }
        if (next != v->s.current) {
            CPU *cpu = vcpus_current(v);
            if (!planted(PLANT_KEPT_RESERVATION)) {
                cpu->arch.reserved = 0;
            }
            v->s.attempts[v->s.current] += icount;
            v->s.attempts[next] -= icount;
            v->s.current = next;
        }
        v->s.turn_end = icount + v->quantum;
        v->switches++;
        return true;
    }
    return false;
}
