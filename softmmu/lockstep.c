// SPDX-License-Identifier: GPL-2.0-or-later
// Lockstep: each block is run by T1, undone, run again by T0 for as many instructions; the first difference is reported and ends the program.
//
// Meanwhile no write entry is cached, so that every store comes through access.c and can be undone. What T1 leaves to T0 alone (devices, stores to
// code) is beyond comparison. Blocks with helpers that change more than registers are run by T0 only.
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "softmmu/exec.h"
#include "util/log.h"

typedef struct Store {
    uint8_t *host;
    uint8_t len;
    bool walk;                 // accessed and dirty bits: undone, not compared
    uint8_t before[8], after[8];
} Store;

struct Lockstep {
    size_t state_bytes;
    uint8_t *before, *after;   // state, as T1 found and left it
    GArray *stores;            // of T1, then behind them T0's
    bool active;               // a block runs
};

Lockstep *lockstep_new(const Target *target)
{
    Lockstep *l = g_new0(Lockstep, 1);
    assert(target->cpu_type->state_offset == target->cpu_offset + offsetof(CPU, arch));
    l->state_bytes = target->cpu_type->state_size;
    l->before = g_malloc(l->state_bytes);
    l->after = g_malloc(l->state_bytes);
    l->stores = g_array_new(FALSE, FALSE, sizeof(Store));
    return l;
}

void lockstep_free(Lockstep *l)
{
    if (l) {
        g_free(l->before);
        g_free(l->after);
        g_array_free(l->stores, TRUE);
        g_free(l);
    }
}

void lockstep_note_store(Lockstep *l, uint8_t *host, const void *bytes, unsigned len, bool walk)
{
    if (!l->active) {
        return;
    }
    assert(len <= 8);
    Store s = { .host = host, .len = (uint8_t)len, .walk = walk };
    memcpy(s.before, host, len);
    memcpy(s.after, bytes, len);
    g_array_append_val(l->stores, s);
}

static bool comparable(const Block *block)
{
    for (unsigned i = 1; i < block->ir->nins; i++) {
        const IrInsn *insn = &block->ir->ins[i];
        const IrHelper *helper = insn->op == IR_CALL ? (const IrHelper *)(intptr_t)insn->imm : NULL;
        if (helper && (helper->flags & (HELPER_WRITES_REGS | HELPER_NEEDS_NOW))) {
            return false;
        }
    }
    return true;
}

typedef struct Outcome {
    int64_t budget;
    uint32_t exception;
    uint64_t exception_value;
} Outcome;

static Outcome outcome(const CPU *cpu)
{
    return (Outcome){ cpu->budget, cpu->exception, cpu->exception ? cpu->exception_value : 0 };
}

static void report_slots(const Exec *exec, const uint8_t *t1, const uint8_t *t0)
{
    const IrNames *names = &exec->target->names;
    for (size_t i = 0; i < names->nslots; i++) {
        uint64_t a = 0, b = 0;
        memcpy(&a, t1 + names->slots[i].offset, ir_type_bytes(names->slots[i].type));
        memcpy(&b, t0 + names->slots[i].offset, ir_type_bytes(names->slots[i].type));
        if (a != b) {
            fprintf(stderr, "    %s: T1 %016" PRIx64 ", T0 %016" PRIx64 "\n", names->slots[i].name, a, b);
        }
    }
}

static void report(Exec *exec, CPU *cpu, const Block *block, const Lockstep *l, Outcome t1, const char *what)
{
    CpuArch arch;
    memcpy(&arch, l->after, sizeof(arch));
    Outcome t0 = outcome(cpu);
    fprintf(stderr, "Lockstep: T1 and T0 differ in %s after the block at %016" PRIx64 " (flags %x, %u instructions)\n", what, block->pc,
            block->flags, block->nguest);
    fprintf(stderr, "    pc: T1 %016" PRIx64 ", T0 %016" PRIx64 "; left: %" PRId64 ", %" PRId64 "; exception: %u, %u; FP flags: %02x, %02x\n",
            arch.pc, cpu->arch.pc, t1.budget, t0.budget, t1.exception, t0.exception, arch.fp.flags, cpu->arch.fp.flags);
    report_slots(exec, l->after, (const uint8_t *)&cpu->arch);
    char *text = ir_print(block->ir, &exec->target->names);
    fputs(text, stderr);
    g_free(text);
    log_channels |= LOG_OUT_ASM;
    dump_code(block);
    abort();
}

// The number of the next store from `i` on that isn't a walk's, at most `end`.
static unsigned next_store(const Lockstep *l, unsigned i, unsigned end)
{
    while (i < end && g_array_index(l->stores, Store, i).walk) {
        i++;
    }
    return i;
}

static void compare_stores(Exec *exec, CPU *cpu, const Block *block, const Lockstep *l, unsigned of_t1, Outcome t1)
{
    unsigned i = next_store(l, 0, of_t1), k = next_store(l, of_t1, l->stores->len);
    for (; i < of_t1 && k < l->stores->len; i = next_store(l, i + 1, of_t1), k = next_store(l, k + 1, l->stores->len)) {
        const Store *a = &g_array_index(l->stores, Store, i), *b = &g_array_index(l->stores, Store, k);
        if (a->host != b->host || a->len != b->len || memcmp(a->after, b->after, a->len)) {
            report(exec, cpu, block, l, t1, "a store");
        }
    }
    if (i < of_t1 || k < l->stores->len) {
        report(exec, cpu, block, l, t1, "the number of stores");
    }
}

// Brings back memory and state of before the block.
static void undo(Exec *exec, CPU *cpu, const Lockstep *l, int64_t budget)
{
    bool walked = false;
    for (unsigned i = l->stores->len; i-- > 0;) {
        const Store *s = &g_array_index(l->stores, Store, i);
        memcpy(s->host, s->before, s->len);
        walked |= s->walk;
    }
    if (walked) {
        tlb_flush_all(exec); // T0 is to walk again
    }
    memcpy(&cpu->arch, l->before, l->state_bytes);
    cpu->budget = budget;
    cpu->exception = 0;
}

// Hot code goes on where T0 leaves by a branch that became a select.
static void run_t0(Exec *exec, CPU *cpu, const Block *block, unsigned attempted)
{
    while (attempted && block && !cpu->exception && !cpu->attention) {
        attempted -= interp_run(cpu, block->ir, attempted).attempted;
        block = attempted && !cpu->exception ? exec_find(exec, cpu) : NULL;
    }
}

bool lockstep_run(Exec *exec, CPU *cpu, Block *block, int64_t left, JitReason *reason)
{
    Lockstep *l = exec->lockstep;
    if (!comparable(block)) {
        return false;
    }
    int64_t budget = cpu->budget;
    memcpy(l->before, &cpu->arch, l->state_bytes);
    g_array_set_size(l->stores, 0);
    l->active = true;
    *reason = jit_run(exec->jit, cpu, block->code, left).reason;
    Outcome t1 = outcome(cpu);
    unsigned attempted = (unsigned)(budget - cpu->budget), of_t1 = l->stores->len;
    memcpy(l->after, &cpu->arch, l->state_bytes);
    bool attention = cpu->attention;
    undo(exec, cpu, l, budget);
    cpu->attention = false; // T1 saw it at its place
    run_t0(exec, cpu, block, attempted);
    l->active = false;
    if (cpu->attention && !cpu->exception && cpu->budget > t1.budget) {
        // A store hit what T1 walked through only afterwards: T0 had to leave. Its state is as good.
        *reason = JIT_BREAK;
        return true;
    }
    cpu->attention = attention;
    Outcome t0 = outcome(cpu);
    if (t0.budget != t1.budget || t0.exception != t1.exception || t0.exception_value != t1.exception_value) {
        report(exec, cpu, block, l, t1, "count or exception");
    }
    CpuArch arch;
    memcpy(&arch, l->after, sizeof(arch));
    if (*reason == JIT_ALONE && cpu->arch.fp.flags != arch.fp.flags) { // an instruction that will be run again may have raised flags
        memcpy(l->after, &cpu->arch, sizeof(arch));
        *(uint64_t *)(void *)l->after = arch.pc;
    }
    if (attempted == 0) {
        memcpy(l->after, &arch.pc, sizeof(arch.pc)); // T0 wasn't asked
        cpu->arch.pc = arch.pc;
    }
    if (memcmp(l->after, &cpu->arch, l->state_bytes)) {
        report(exec, cpu, block, l, t1, "state");
    }
    compare_stores(exec, cpu, block, l, of_t1, t1);
    return true;
}
