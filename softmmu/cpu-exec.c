// SPDX-License-Identifier: GPL-2.0-or-later
// Running a vCPU: find a block, execute it, enter exceptions, until the budget is used up or the machine loop has to look.
//
// Which executor runs, how blocks are cut and when caches are dropped never shows in guest state or in the count of attempts.
#include <assert.h>
#include <inttypes.h>

#include "softmmu/exec.h"
#include "util/log.h"

static uint64_t next_random(Exec *exec)
{
    exec->rng ^= exec->rng << 13;
    exec->rng ^= exec->rng >> 7;
    exec->rng ^= exec->rng << 17;
    return exec->rng;
}

// For the invariance tests: throws away what no guest may notice.
static void flush_at_random(Exec *exec)
{
    switch (next_random(exec) & 1023) {
    case 0: exec_invalidate_all(exec); break;
    case 1: case 2: case 3: tlb_flush_all(exec); break;
    case 4: case 5: tlb_flush_cpu(exec->cpus[0]); break;
    default: return;
    }
    for (unsigned i = 0; i < exec->ncpus; i++) {
        exec->cpus[i]->attention = false; // nothing runs here: no one has to leave
    }
}

static void take_exception(Exec *exec, CPU *cpu)
{
    if (log_enabled(LOG_INT)) {
        log_printf(LOG_INT, "exception %u value %016" PRIx64 " pc %016" PRIx64 " icount %" PRIu64 "\n", cpu->exception - 1,
                   cpu->exception_value, cpu->arch.pc, machine_icount(exec->machine));
    }
    exec->target->take_exception(cpu);
    assert(!cpu->exception);
}

// True when the machine loop has to look before the next instruction.
static bool must_look(Exec *exec, CPU *cpu)
{
    return cpu->arch.halted || exec->target->interrupt_pending(cpu);
}

uint64_t cpu_run(Exec *exec, CPU *cpu, uint64_t budget, uint64_t soft)
{
    assert(budget > 0 && budget <= INT64_MAX);
    cpu->budget = exec->slice_budget = (int64_t)budget;
    int64_t soft_end = soft < budget ? (int64_t)(budget - soft) : 0;
    while (cpu->budget > soft_end && !cpu->attention) {
        if (exec->config.flush_seed) {
            flush_at_random(exec);
        }
        Block *block = exec_find(exec, cpu);
        bool look = false;
        if (block) {
            block->runs++;
            unsigned limit = cpu->budget < UINT16_MAX ? (unsigned)cpu->budget : UINT16_MAX;
            if (exec->config.no_tlb) {
                limit = 1; // each fetch is walked: nothing tracks what a store changes of the block's own translation
            }
            RunResult r = interp_run(cpu, block->ir, limit);
            look = r.boundary;
        } else {
            cpu->budget--; // the fetch was attempted
        }
        if (cpu->exception) {
            take_exception(exec, cpu);
            look = true;
        }
        if (look && must_look(exec, cpu)) {
            break;
        }
    }
    return budget - (uint64_t)cpu->budget;
}
