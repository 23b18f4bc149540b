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
    case 4: case 5: tlb_flush_cpu(exec->cpus[next_random(exec) % exec->ncpus]); break;
    case 6: case 7: case 8: tlb_flush_first(exec->cpus[next_random(exec) % exec->ncpus]); break;
    default: return;
    }
    for (unsigned i = 0; i < exec->ncpus; i++) {
        exec->cpus[i]->attention = false; // nothing runs here: no one has to leave
    }
}

static void take_exception(Exec *exec, CPU *cpu)
{
    if (log_enabled(LOG_INT)) {
        log_printf(LOG_INT, "cpu %u exception %u value %016" PRIx64 " pc %016" PRIx64 " icount %" PRIu64 "\n", cpu->index,
                   cpu->exception - 1, cpu->exception_value, cpu->arch.pc, machine_icount(exec->machine));
    }
    exec->target->take_exception(cpu);
    assert(!cpu->exception);
}

// True when the machine loop has to look before the next instruction.
static bool must_look(Exec *exec, CPU *cpu)
{
    return cpu->arch.halted || exec->target->interrupt_pending(cpu);
}

// How T1 left last, for the next block.
typedef struct Chain {
    JitLink *link; // the exit taken, to be linked; or NULL
    bool computed; // a jump that missed the jump cache
    bool hot;      // the next block used up its counter
    bool alone;    // the next instruction is to be run by T0, alone
} Chain;

// Lets T1 find `block` by itself next time.
static void chain_to(Exec *exec, CPU *cpu, Block *block, const Chain *chain)
{
    if ((!chain->link && !chain->computed) || log_enabled(LOG_EXEC) || !exec_linkable(exec, cpu, block)) {
        return;
    }
    if (chain->computed || cpu->has_peers) { // one vCPU at a time owns a guarded link; the others go by their jump caches
        JumpCache *cache = &cpu->jump_cache;
        unsigned slot = jump_hash(block->pc);
        cache->pc[slot] = block->pc;
        cache->key[slot] = exec_key(cpu, block->pc, block->flags);
        cache->code[slot] = block->code->entry;
    }
    if (!chain->link) {
        return;
    }
    const JitCode *code = chain->link->from;
    const Block *from = code->owner;
    bool same_page = chain->link->guard || (!block->crosses && from->ram_address >> PAGE_BITS == block->ram_address >> PAGE_BITS);
    if (!code->dead && from->flags == block->flags && chain->link->pc == block->pc && same_page) {
        jit_link(chain->link, block->code, cpu->fetch_generation[cpu_half(cpu, block->pc)]);
    }
}

// Returns whether the loop has to look.
static bool run_t0(Exec *exec, CPU *cpu, Block *block, Chain *chain)
{
    // Without a TLB each fetch is walked: nothing tracks what a store changes of the block's own translation.
    unsigned limit = chain->alone || exec->config.no_tlb ? 1 : cpu->budget < UINT16_MAX ? (unsigned)cpu->budget + PLANTED(exec, PLANT_BUDGET_OVERRUN) : UINT16_MAX;
    *chain = (Chain){ 0 };
    block->runs++;
    return interp_run(cpu, block->ir, limit).boundary;
}

// The same.
static bool run_t1(Exec *exec, CPU *cpu, Block *block, int64_t left, Chain *chain)
{
    cpu->jump_key = exec_key(cpu, block->pc, block->flags);
    JitExit exit = { 0 };
    if (!exec->lockstep) {
        exit = jit_run(exec->jit, cpu, block->code, left);
    } else if (!lockstep_run(exec, cpu, block, left, &exit.reason)) {
        return run_t0(exec, cpu, block, chain);
    }
    cpu->budget -= PLANTED(exec, PLANT_FAULT_ICOUNT) && exit.reason == JIT_FAULT;
    *chain = (Chain){ .link = exit.link, .computed = exit.reason == JIT_IJMP, .alone = exit.reason == JIT_ALONE,
                       .hot = exit.reason == JIT_HOT };
    if (exec->remake) {
        chain->link = NULL; // it may be of the code that is dropped
        exec_remake(exec);
    }
    return exit.reason == JIT_EXIT || exit.reason == JIT_FAULT;
}

uint64_t cpu_run(Exec *exec, CPU *cpu, uint64_t budget, uint64_t soft)
{
    assert(budget > 0 && budget <= INT64_MAX);
    cpu->budget = exec->slice_budget = (int64_t)budget;
    int64_t soft_end = soft < budget ? (int64_t)(budget - soft) : 0;
    Chain chain = { 0 };
    // What T1 left to be run alone may have been done in part (a walk's accessed bit, a store that is done again): no boundary comes before it.
    while ((cpu->budget > soft_end && !cpu->attention) || chain.alone) {
        if (exec->flush_wanted) {
            exec->flush_wanted = false;
            tlb_flush_all(exec);
        }
        if (exec->config.flush_seed) {
            flush_at_random(exec);
        }
        Block *block = exec_find(exec, cpu);
        int64_t left = cpu->budget - soft_end;
        bool look = false;
        if (!block) {
            cpu->budget--; // the fetch was attempted
            chain = (Chain){ 0 };
        } else {
            if (log_enabled(LOG_EXEC)) {
                log_printf(LOG_EXEC, "cpu %u block %016" PRIx64 " flags %x\n", cpu->index, block->pc, block->flags);
            }
            if (chain.hot) {
                exec_heat(exec, cpu, block);
            }
            if (!chain.alone && !exec->config.no_tlb && left >= block->nguest && exec_code(exec, cpu, block)) {
                chain_to(exec, cpu, block, &chain);
                look = run_t1(exec, cpu, block, left, &chain);
            } else {
                look = run_t0(exec, cpu, block, &chain);
            }
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
