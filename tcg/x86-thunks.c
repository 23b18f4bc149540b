// SPDX-License-Identifier: GPL-2.0-or-later
// T1's fixed code: in and out of translated code, and from it to C functions.
//
// C code never sees the guest's MXCSR: every way to C stores it and loads the host's. Pinned registers go to their slots before a C function:
// those that C may clobber, or all of them where the function looks at guest registers.
#include "tcg/x86-emit.h"

typedef struct SlowValue {
    uint64_t value, status;
} SlowValue;

// An access after which the block must be left is done again, alone: loads and stores of RAM may be.
static uint64_t settle(CPU *cpu, SlowResult result)
{
    if (cpu->site_missed && cpu->site[cpu->site_missed].misses < 0) {
        cpu->ops->site_tired(cpu, cpu->site_missed);
    }
    cpu->site_missed = 0;
    return result == SLOW_OK && cpu->attention ? SLOW_ALONE : result;
}

static SlowValue slow_load(CPU *cpu, uint64_t gva, MemOp memop)
{
    SlowValue v = { 0, 0 };
    v.status = settle(cpu, cpu->ops->load(cpu, gva, memop, &v.value));
    return v;
}

static SlowValue slow_store(CPU *cpu, uint64_t gva, MemOp memop, uint64_t value)
{
    SlowValue v = { 0, 0 };
    v.status = settle(cpu, cpu->ops->store(cpu, gva, memop, value));
    return v;
}

// What a group of accesses does first when its page isn't known: its first access is translated, or raises its fault, but isn't performed.
static SlowValue slow_prepare(CPU *cpu, uint64_t gva, MemOp memop, uint64_t access)
{
    SlowValue v = { 0, 0 };
    uint64_t gpa;
    const void *host;
    v.status = settle(cpu, cpu->ops->probe(cpu, gva, memop, (Access)access, &gpa, &host));
    return v;
}

static uint64_t slow_op(CPU *cpu, const IrInsn *insn, uint64_t a, uint64_t b, uint64_t c)
{
    return interp_op(cpu, insn, a, b, c);
}

static uint64_t slow_helper(CPU *cpu, const IrHelper *helper, uint64_t a, uint64_t b, uint64_t c)
{
    return helper->fn(cpu, a, b, c);
}

// ---- flags and rounding ----

static const uint8_t rounding_control[4] = { [FP_RNE] = 0, [FP_RTZ] = 3, [FP_RDN] = 1, [FP_RUP] = 2 };

static void mxcsr_make(CPU *cpu)
{
    cpu->mxcsr_guest = 0x1f80 | (uint32_t)rounding_control[cpu->arch.fp.rounding & 3] << 13;
}

// Sticky bits of MXCSR (IE DE ZE OE UE PE) become the guest's; denormal operands are of no interest.
static void mxcsr_merge(CPU *cpu)
{
    uint32_t m = cpu->mxcsr_guest & ~(planted(PLANT_LOST_FLAG) ? 0x20u : 0);
    cpu->arch.fp.flags |= (uint8_t)((m & 1) << 4 | (m & 4) << 1 | (m & 8) >> 1 | (m & 16) >> 3 | (m & 32) >> 5);
}

static uint64_t slow_helper_sync(CPU *cpu, const IrHelper *helper, uint64_t a, uint64_t b, uint64_t c)
{
    mxcsr_merge(cpu);
    uint64_t result = helper->fn(cpu, a, b, c);
    mxcsr_make(cpu);
    return result;
}

// ---- pieces ----

static bool clobbered_by_c(unsigned reg)
{
    return reg == RSI || reg == RDI || (reg >= R8 && reg <= R11) || is_xmm(reg);
}

static void pin_move(Jit *jit, Asm *a, unsigned n, bool save)
{
    unsigned reg = jit->pin_reg[n];
    Opnd slot = slot_opnd(jit->pin_slot[n]);
    if (is_xmm(reg)) {
        if (save) {
            float_store(a, slot, reg);
        } else {
            float_move(a, reg, slot);
        }
    } else if (save) {
        x_store(a, X_W, slot, reg);
    } else {
        x_mov(a, X_W, reg, slot);
    }
}

static void pins_move(Jit *jit, Asm *a, bool save, bool all)
{
    for (unsigned n = 0; n < jit->npins; n++) {
        if (all || clobbered_by_c(jit->pin_reg[n])) {
            pin_move(jit, a, n, save);
        }
    }
}

static void mxcsr_store(Asm *a, int32_t disp) { x_op(a, 0xae | X_0F, 3, env(disp)); }
static void mxcsr_load(Asm *a, int32_t disp) { x_op(a, 0xae | X_0F, 2, env(disp)); }

static void to_host_mxcsr(Asm *a)
{
    mxcsr_store(a, ENV(mxcsr_guest));
    mxcsr_load(a, ENV(mxcsr_host));
}

static uint8_t *begin(Jit *jit, Asm *a)
{
    a->p += -(uintptr_t)a->p & 15;
    return a->p;
}

// cpu->budget as T0 would have it: what remains, with the current instruction not yet attempted. eax = n - k.
static void store_budget(Asm *a)
{
    x_alu(a, ALU_ADD, X_W, RAX, x_reg(R15));
    x_alu(a, ALU_ADD, X_W, RAX, env(ENV(budget_bias)));
    x_store(a, X_W, env(ENV(budget)), RAX);
}

static void cpu_to(Asm *a, unsigned reg)
{
    x_lea(a, X_W, reg, x_mem(RBP, -(int32_t)offsetof(CPU, arch) - ENV_BIAS));
}

static void call_c(Asm *a, uintptr_t fn)
{
    x_mov_imm(a, RAX, fn);
    x_op(a, 0xff, 2, x_reg(RAX));
}

enum { ARGS_IN_THUNK = FRAME_ARGS + 16 }; // behind the return address and the alignment

static uint8_t *emit_access(Jit *jit, Asm *a, uintptr_t fn, bool store)
{
    uint8_t *start = begin(jit, a);
    x_alu_imm(a, ALU_SUB, X_W, x_reg(RSP), 8);
    store_budget(a);
    pins_move(jit, a, true, false);
    to_host_mxcsr(a);
    cpu_to(a, RDI);
    x_mov(a, X_W, RSI, x_reg(RCX));
    if (store) {
        x_mov(a, X_W, RCX, x_mem(RSP, ARGS_IN_THUNK));
    }
    call_c(a, fn);
    mxcsr_load(a, ENV(mxcsr_guest));
    pins_move(jit, a, false, false);
    x_alu_imm(a, ALU_ADD, X_W, x_reg(RSP), 8);
    x_byte(a, 0xc3);
    return start;
}

static uint8_t *emit_function(Jit *jit, Asm *a, uintptr_t fn, bool all)
{
    uint8_t *start = begin(jit, a);
    x_alu_imm(a, ALU_SUB, X_W, x_reg(RSP), 8);
    store_budget(a);
    pins_move(jit, a, true, all);
    to_host_mxcsr(a);
    cpu_to(a, RDI);
    x_mov(a, X_W, RSI, x_reg(RCX));
    x_mov(a, X_W, RDX, x_mem(RSP, ARGS_IN_THUNK));
    x_mov(a, X_W, RCX, x_mem(RSP, ARGS_IN_THUNK + 8));
    x_mov(a, X_W, R8, x_mem(RSP, ARGS_IN_THUNK + 16));
    call_c(a, fn);
    mxcsr_load(a, ENV(mxcsr_guest));
    pins_move(jit, a, false, all);
    x_alu_imm(a, ALU_ADD, X_W, x_reg(RSP), 8);
    x_byte(a, 0xc3);
    return start;
}

static const uint8_t saved[] = { RBX, RBP, R12, R13, R14, R15 };

static void push(Asm *a, unsigned reg)
{
    if (reg >= R8) {
        x_byte(a, 0x41);
    }
    x_byte(a, 0x50 | (reg & 7));
}

static void pop(Asm *a, unsigned reg)
{
    if (reg >= R8) {
        x_byte(a, 0x41);
    }
    x_byte(a, 0x58 | (reg & 7));
}

static void emit_enter(Jit *jit, Asm *a)
{
    jit->thunks.enter = begin(jit, a);
    for (unsigned i = 0; i < sizeof(saved); i++) {
        push(a, saved[i]);
    }
    x_alu_imm(a, ALU_SUB, X_W, x_reg(RSP), FRAME_BYTES);
    x_lea(a, X_W, RBP, x_mem(RDI, (int32_t)offsetof(CPU, arch) + ENV_BIAS));
    x_mov(a, X_W, R15, x_reg(RDX));
    x_mov(a, X_W, RAX, x_reg(RSI));
    mxcsr_store(a, ENV(mxcsr_host));
    mxcsr_load(a, ENV(mxcsr_guest));
    pins_move(jit, a, false, true);
    x_op(a, 0xff, 4, x_reg(RAX));
}

// rax: what jit_run gets.
static void emit_return(Jit *jit, Asm *a)
{
    x_alu(a, ALU_ADD, X_W, R15, env(ENV(budget_bias)));
    x_store(a, X_W, env(ENV(budget)), R15);
    pins_move(jit, a, true, true);
    to_host_mxcsr(a);
    x_alu_imm(a, ALU_ADD, X_W, x_reg(RSP), FRAME_BYTES);
    for (unsigned i = sizeof(saved); i-- > 0;) {
        pop(a, saved[i]);
    }
    x_byte(a, 0xc3);
}

static void emit_exits(Jit *jit, Asm *a)
{
    Thunks *t = &jit->thunks;
    t->exit_link = begin(jit, a);
    // A link that other vCPUs took: this one's jump cache may know the target all the same.
    enum { MASK = (JUMP_CACHE_SIZE - 1) << 1 };
    x_op_imm8(a, 0x80, ALU_CMP, env(ENV(has_peers)), 0);
    uint8_t *alone = x_jcc8(a, CC_E);
    x_mov(a, X_W, RCX, x_mem(RAX, offsetof(JitLink, pc)));
    x_mov(a, 0, RDX, x_reg(RCX));
    x_alu_imm(a, ALU_AND, 0, x_reg(RDX), MASK);
    x_alu(a, ALU_CMP, X_W, RCX, x_mem_index(RBP, RDX, 2, ENV(jump_cache.pc)));
    uint8_t *other_pc = x_jcc8(a, CC_NE);
    x_mov(a, X_W, RCX, env(ENV(jump_key)));
    x_alu(a, ALU_CMP, X_W, RCX, x_mem_index(RBP, RDX, 2, ENV(jump_cache.key)));
    uint8_t *other_key = x_jcc8(a, CC_NE);
    x_op(a, 0xff, 4, x_mem_index(RBP, RDX, 2, ENV(jump_cache.code)));
    x_patch8(alone, a->p);
    x_patch8(other_pc, a->p);
    x_patch8(other_key, a->p);
    x_mov(a, X_W, RCX, x_mem(RAX, offsetof(JitLink, pc)));
    x_store(a, X_W, env(ENV(arch.pc)), RCX);
    emit_return(jit, a);

    t->exit_pc = begin(jit, a);
    x_store(a, X_W, env(ENV(arch.pc)), RAX);
    x_mov(a, 0, RAX, x_reg(RDX));
    emit_return(jit, a);

    t->leave_raised = begin(jit, a);
    x_mov_imm(a, RDX, SLOW_FAULT);
    x_alu_imm(a, ALU_CMP, 0, env(ENV(exception)), (int32_t)CPU_ALONE);
    uint8_t *raised = x_jcc8(a, CC_NE);
    x_op_imm32(a, 0xc7, 0, env(ENV(exception)), 0);
    x_mov_imm(a, RDX, SLOW_ALONE);
    x_patch8(raised, a->p);
    t->leave = a->p;
    x_alu_imm(a, ALU_CMP, 0, x_reg(RDX), SLOW_FAULT);
    uint8_t *not_raised = x_jcc8(a, CC_NE);
    x_alu_imm(a, ALU_SUB, X_W, x_reg(R15), 1); // what raises was attempted
    x_patch8(not_raised, a->p);
    jump_to(a, t->exit_pc);
}
_Static_assert(SLOW_FAULT == (int)JIT_FAULT && SLOW_ALONE == (int)JIT_ALONE, "the status is the reason");

void thunks_emit(Jit *jit)
{
    Asm a = { .p = jit->hot };
    Thunks *t = &jit->thunks;
    emit_enter(jit, &a);
    emit_exits(jit, &a);
    t->load = emit_access(jit, &a, (uintptr_t)slow_load, false);
    t->store = emit_access(jit, &a, (uintptr_t)slow_store, true);
    t->prepare = emit_access(jit, &a, (uintptr_t)slow_prepare, true);
    for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
        t->site_fill[ACCESS_READ][mmu] = site_fill_emit(&a, ACCESS_READ, mmu);
        t->site_fill[ACCESS_WRITE][mmu] = site_fill_emit(&a, ACCESS_WRITE, mmu);
    }
    t->op = emit_function(jit, &a, (uintptr_t)slow_op, false);
    t->helper = emit_function(jit, &a, (uintptr_t)slow_helper, false);
    t->helper_sync = emit_function(jit, &a, (uintptr_t)slow_helper_sync, true);
    begin(jit, &a);
    jit->hot = a.p;
}

typedef uint64_t EnterFn(CPU *cpu, const void *code, int64_t left);

JitExit jit_run(Jit *jit, CPU *cpu, const JitCode *code, int64_t left)
{
    assert(left > 0 && left <= cpu->budget);
    mxcsr_make(cpu);
    cpu->budget_bias = cpu->budget - left;
    cpu->running_t1 = true;
    uint64_t result = ((EnterFn *)(uintptr_t)code_address(jit, jit->thunks.enter))(cpu, code->entry, left);
    cpu->running_t1 = false;
    mxcsr_merge(cpu);
    JitExit exit = { .reason = result < JIT_LINK ? (JitReason)result : JIT_LINK };
    if (exit.reason == JIT_LINK) {
        exit.link = (JitLink *)(uintptr_t)result;
    }
    jit->stats.exits[exit.reason]++;
    return exit;
}
