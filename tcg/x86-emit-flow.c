// SPDX-License-Identifier: GPL-2.0-or-later
// T1: the block's head, guest instruction boundaries, and all ways out.
//
// An exit to a constant pc is a jump that leads to its stub until it is linked. A link to another page is guarded by the fetch generation in which
// it was made. A computed jump looks into the jump cache.
#include "tcg/x86-emit.h"

static JitLink *link_new(Emit *e, uint64_t pc)
{
    JitLink *link = &e->out->links[e->out->nlinks++];
    *link = (JitLink){ .pc = pc, .from = e->out };
    return link;
}

// Is the target in the block's page, even if it is an instruction of the greatest length?
static bool in_page(const Emit *e, uint64_t pc)
{
    enum { LENGTH_MAX = 15 };
    return ((pc ^ e->block->pc) & ~e->page_mask) == 0 && ((pc + LENGTH_MAX - 1) & ~e->page_mask) == (pc & ~e->page_mask);
}

void emit_head(Emit *e)
{
    x_alu_imm(&e->hot, ALU_SUB, X_W, x_reg(R15), e->block->nguest);
    Stub *stub = stub_new(e, 0, STUB_BUDGET);
    stub->jumps[0] = x_jcc(&e->hot, CC_S);
    e->body = e->hot.p;
    if (e->out->heat) {
        x_alu_imm(&e->hot, ALU_SUB, 0, env(ENV(heat) + 4 * (int32_t)e->out->heat), 1);
        stub_new(e, 0, STUB_HOT)->jumps[0] = x_jcc(&e->hot, CC_B);
    }
}

static void check_attention(Emit *e, uint64_t pc)
{
    x_op_imm8(&e->hot, 0x80, ALU_CMP, env(ENV(attention)), 0);
    Stub *stub = stub_new(e, e->now, STUB_BREAK);
    stub->value = (int64_t)pc;
    stub->jumps[0] = x_jcc(&e->hot, CC_NE);
}

// A helper may have asked to leave after its instruction: that is here.
void emit_insn(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    e->index = e->started++;
    e->insn_pc = (uint64_t)insn->imm;
    if (e->check_attention) {
        check_attention(e, (uint64_t)insn->imm);
        e->check_attention = false;
    }
}

// Leaves to the loop, in `a`: with what rax holds as pc.
static void leave_with(Emit *e, Asm *a, unsigned give_back, JitReason reason)
{
    if (give_back) {
        x_alu_imm(a, ALU_ADD, X_W, x_reg(R15), (int32_t)give_back);
    }
    x_mov_imm(a, RDX, reason);
    jump_to(a, e->jit->thunks.exit_pc);
}

static unsigned after_this(const Emit *e) // instructions of the block behind the current one
{
    return e->block->nguest - e->index - 1;
}

// The guard's comparison ends with the generation, which is patched; 0 never is one.
static uint8_t *guard(Emit *e, uint64_t target)
{
    Asm *a = &e->hot;
    x_op_imm32(a, 0x81, ALU_CMP, env(ENV(fetch_generation) + 4 * (int32_t)cpu_half(e->cpu, target)), 0);
    return a->p - 4;
}

// In the cold area: leaves through the link.
static void link_stub(Emit *e, const Stub *stub)
{
    Asm *a = &e->cold;
    JitLink *link = &e->out->links[stub->value];
    link->stub = a->p;
    if (link->site) {
        x_patch(link->site, a->p);
    }
    x_mov_imm(a, RAX, (uintptr_t)link);
    jump_to(a, e->jit->thunks.exit_link);
}

// The jump that will be linked, with what has to be done before it.
static void link_jump(Emit *e, Stub *stub, JitLink *link, unsigned give_back)
{
    Asm *a = &e->hot;
    if (give_back) {
        x_alu_imm(a, ALU_ADD, X_W, x_reg(R15), (int32_t)give_back);
    }
    if (!in_page(e, link->pc)) {
        link->guard = guard(e, link->pc);
        stub->jumps[1] = x_jcc(a, CC_NE);
    }
    link->site = x_jmp(a);
}

// A loop that is one block: counts again and goes on behind the head, if enough is left.
static void loop_jump(Emit *e, unsigned give_back)
{
    x_alu_imm(&e->hot, ALU_SUB, X_W, x_reg(R15), (int32_t)(e->block->nguest - give_back));
    uint8_t *again = x_jcc(&e->hot, CC_NS);
    if (e->loop.at == e->now && !e->loop.second) {
        e->loop.site = again;
    } else {
        x_patch(again, e->body);
    }
    Stub *stub = stub_new(e, 0, STUB_BUDGET);
    stub->jumps[0] = x_jmp(&e->hot);
}

static void emit_exitif(Emit *e, const IrInsn *insn)
{
    unsigned give_back = after_this(e);
    unsigned cc = emit_compare(e, insn, insn->sub);
    uint64_t target = (uint64_t)insn->imm;
    if (e->check_attention) {
        Stub *stub = stub_new(e, e->now, STUB_BREAK);
        stub->jumps[0] = x_jcc(&e->hot, cc);
        stub->value = insn->imm;
        stub->value_reg = 1; // behind the current instruction, not before it
        return;
    }
    if (target == e->block->pc && e->page_mask) {
        uint8_t *over = x_jcc8(&e->hot, cc ^ 1);
        loop_jump(e, give_back);
        x_patch8(over, e->hot.p);
        return;
    }
    JitLink *link = link_new(e, target);
    Stub *stub = stub_new(e, e->now, STUB_LINK);
    stub->value = link - e->out->links;
    stub->value_reg = (uint8_t)give_back;
    if (in_page(e, target) && !give_back) {
        link->site = x_jcc(&e->hot, cc);
    } else if (target < e->block->pc + 4096 && target <= e->insn_pc) { // backwards: a loop, taken more often than not
        uint8_t *over = x_jcc8(&e->hot, cc ^ 1);
        link_jump(e, stub, link, give_back);
        x_patch8(over, e->hot.p);
    } else {
        stub->jumps[2] = x_jcc(&e->hot, cc); // to the end of the block
    }
}

// Behind the block: what exits in its middle do before they jump.
void emit_tails(Emit *e)
{
    for (unsigned i = 0; i < e->nstubs; i++) {
        Stub *stub = &e->stubs[i];
        JitLink *link = stub->kind == STUB_LINK ? &e->out->links[stub->value] : NULL;
        if (link && !link->site) {
            x_patch(stub->jumps[2], e->hot.p);
            stub->jumps[2] = NULL;
            link_jump(e, stub, link, stub->value_reg);
        }
    }
}

// Part of the block wasn't attempted.
void emit_skip(Emit *e, const IrInsn *insn)
{
    unsigned cc = emit_condition(e, insn->a);
    e->locked = 0;
    unsigned more = (unsigned)scratch(e, BANK_INT);
    x_lea(&e->hot, X_W, more, x_mem(R15, (int32_t)insn->imm));
    x_op(&e->hot, 0x40 | cc | X_0F | X_W, R15, x_reg(more));
}

static void emit_goto(Emit *e, const IrInsn *insn)
{
    if (e->check_attention || after_this(e)) {
        x_mov_imm(&e->hot, RAX, (uint64_t)insn->imm);
        leave_with(e, &e->hot, after_this(e), JIT_BREAK);
        return;
    }
    if ((uint64_t)insn->imm == e->block->pc && e->page_mask) {
        loop_jump(e, 0);
        return;
    }
    JitLink *link = link_new(e, (uint64_t)insn->imm);
    Stub *stub = stub_new(e, e->now, STUB_LINK);
    stub->value = link - e->out->links;
    link_jump(e, stub, link, 0);
}

static void emit_ijmp(Emit *e, const IrInsn *insn)
{
    Asm *a = &e->hot;
    enum { MASK = (JUMP_CACHE_SIZE - 1) << 1 };
    value_load(e, insn->a, RCX);
    Stub *stub = stub_new(e, e->now, STUB_IJMP);
    if (e->check_attention || after_this(e)) {
        x_mov(a, X_W, RAX, x_reg(RCX));
        leave_with(e, a, after_this(e), JIT_BREAK);
        return;
    }
    x_mov(a, 0, RDX, x_reg(RCX));
    x_mov(a, X_W, RAX, env(ENV(jump_key)));
    x_alu_imm(a, ALU_AND, 0, x_reg(RDX), MASK);
    x_alu(a, ALU_CMP, X_W, RCX, x_mem_index(RBP, RDX, 2, ENV(jump_cache.pc)));
    stub->jumps[0] = x_jcc(a, CC_NE);
    x_alu(a, ALU_CMP, X_W, RAX, x_mem_index(RBP, RDX, 2, ENV(jump_cache.key)));
    stub->jumps[1] = x_jcc(a, CC_NE);
    x_op(a, 0xff, 4, x_mem_index(RBP, RDX, 2, ENV(jump_cache.code)));
}

static void emit_trap(Emit *e, const IrInsn *insn)
{
    Asm *a = &e->hot;
    spill_scratch(e); // leaving uses those registers
    x_op_imm32(a, 0xc7, 0, env(ENV(exception)), (int32_t)(1 + insn->imm));
    if (insn->a) {
        value_load(e, insn->a, RAX);
    } else {
        x_mov_imm(a, RAX, 0);
    }
    x_store(a, X_W, env(ENV(exception_value)), RAX);
    Stub *stub = stub_new(e, e->now, STUB_RAISED);
    note_pending(e, stub);
    stub->jumps[0] = x_jmp(a);
}

void emit_exit(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    switch (insn->op) {
    case IR_EXITIF: emit_exitif(e, insn); break;
    case IR_GOTO: emit_goto(e, insn); break;
    case IR_IJMP: emit_ijmp(e, insn); break;
    case IR_EXIT:
        x_mov_imm(&e->hot, RAX, (uint64_t)insn->imm);
        leave_with(e, &e->hot, after_this(e), JIT_EXIT);
        break;
    case IR_EXITPC:
        value_load(e, insn->a, RAX);
        leave_with(e, &e->hot, after_this(e), JIT_EXIT);
        break;
    case IR_TRAP: emit_trap(e, insn); break;
    default: assert(false && "exit op"); break;
    }
}

static void emit_stub(Emit *e, const Stub *stub)
{
    Asm *a = &e->cold;
    switch (stub->kind) {
    case STUB_BUDGET: case STUB_HOT:
        emit_raw_fixes(e, stub);
        x_mov_imm(a, RAX, e->block->pc);
        leave_with(e, a, e->block->nguest, stub->kind == STUB_HOT ? JIT_HOT : JIT_BUDGET);
        break;
    case STUB_LINK: link_stub(e, stub); break;
    case STUB_IJMP:
        x_mov(a, X_W, RAX, x_reg(RCX));
        leave_with(e, a, 0, JIT_IJMP);
        break;
    case STUB_BREAK: {
        emit_raw_fixes(e, stub);
        x_mov_imm(a, RAX, (uint64_t)stub->value);
        leave_with(e, a, e->block->nguest - stub->index - stub->value_reg, JIT_BREAK);
        break;
    }
    case STUB_FP: emit_fp_stub(e, stub); break;
    default: emit_memory_stub(e, stub); break;
    }
}

void emit_stubs(Emit *e)
{
    for (unsigned i = 0; i < e->nstubs; i++) {
        const Stub *stub = &e->stubs[i];
        for (unsigned n = 0; n < 3; n++) {
            if (stub->jumps[n]) {
                x_patch(stub->jumps[n], e->cold.p);
            }
        }
        emit_stub(e, stub);
    }
}
