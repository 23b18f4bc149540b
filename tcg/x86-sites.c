// SPDX-License-Identifier: GPL-2.0-or-later
// T1, hot blocks: one check for all accesses with the same base, against the page that this place of the code touched last (CpuSite).
//
// The check needs no table index, so that the host address comes as soon as the base is known. A place that misses looks its page up in the TLB
// (thunk site_fill) and is checked again; the slow path comes after that. With a store among them all need a page that may be written: if a load
// comes first, only what a store has found so before is taken, for a walk would set the dirty bit. Between the check and the group's last access
// nothing can take the page away: what drops a site asks T1 to leave after the access that did it, and a helper ends all groups. A group whose
// range crosses a page leaves its first instruction to T0; places that keep missing are told to softmmu (cpu->site_tired), which has the block
// made without them.
#include <glib.h>

#include "tcg/x86-emit.h"

enum { LIMIT_SHIFT = 16 };
_Static_assert(SITE_COUNT <= 1 << LIMIT_SHIFT && sizeof(CpuSite) == 32, "as the thunk reads them");

// ---- which accesses share a check ----

static bool groupable(const IrInsn *insn)
{
    unsigned size = insn->memop & MEMOP_SIZE;
    bool plain = !(insn->memop & (MEMOP_BSWAP | MEMOP_STORE_FAULT)) && !((insn->memop & MEMOP_ALIGNED) && size);
    if (insn->op == IR_LD) {
        return plain && size <= 3 && (!is_float_type(insn->type) || size >= 2);
    }
    return insn->op == IR_ST && plain && size <= 3;
}

static bool takes(const Emit *e, const SiteGroup *g, const IrInsn *insn, int64_t *offset)
{
    const IrInsn *base = insn_at(e, insn->a), *own = insn_at(e, insn_at(e, g->first)->a);
    bool both_const = base->op == IR_CONST && own->op == IR_CONST;
    *offset = insn->disp + (both_const ? base->imm - own->imm : 0);
    if ((!both_const && insn->a != insn_at(e, g->first)->a) || g->mmu != memop_mmu(insn->memop) || *offset != (int32_t)*offset) {
        return false;
    }
    int64_t min = MIN(g->min, *offset), end = MAX(g->end, *offset + (int64_t)memop_bytes(insn->memop));
    return end - min <= SITE_EXTENT_MAX;
}

static void group_add(Emit *e, IrRef ref, unsigned open)
{
    const IrInsn *insn = insn_at(e, ref);
    int64_t offset = insn->disp;
    unsigned n = e->ngroups;
    while (n > open && !takes(e, &e->groups[n - 1], insn, &offset)) {
        n--;
    }
    if (n == open) {
        if (e->ngroups == SITE_GROUPS) {
            return;
        }
        n = ++e->ngroups;
        offset = insn->disp;
        e->groups[n - 1] = (SiteGroup){ .first = ref, .min = (int32_t)offset, .end = (int32_t)offset, .mmu = (uint8_t)memop_mmu(insn->memop),
                                        .access = insn->op == IR_ST ? ACCESS_WRITE : ACCESS_READ };
    }
    SiteGroup *g = &e->groups[n - 1];
    g->min = MIN(g->min, (int32_t)offset);
    g->end = MAX(g->end, (int32_t)offset + (int32_t)memop_bytes(insn->memop));
    g->access = insn->op == IR_ST ? ACCESS_WRITE : g->access;
    g->members++;
    e->group[ref] = (uint8_t)n;
}

void sites_plan(Emit *e, uint64_t plain)
{
    unsigned open = 0; // groups before this one are closed
    e->ngroups = 0;
    memset(e->group, 0, e->block->nins);
    for (IrRef ref = 1; ref < e->block->nins; ref++) {
        const IrInsn *insn = insn_at(e, ref);
        if (insn->op == IR_CALL) {
            open = e->ngroups;
        } else if (groupable(insn)) {
            group_add(e, ref, open);
        }
    }
    for (IrRef ref = 1; ref < e->block->nins; ref++) {
        if (e->group[ref] && plain >> (e->group[ref] - 1) & 1) {
            e->group[ref] = 0;
        }
    }
    e->out->first_site = e->jit->next_site;
    e->out->nsites = (uint16_t)e->ngroups;
}

bool site_follows(const Emit *e, IrRef ref)
{
    return e->group[ref] && e->groups[e->group[ref] - 1].first != ref;
}

// ---- the hit ----

static unsigned site_index(const Emit *e, const SiteGroup *g)
{
    return e->out->first_site + (unsigned)(g - e->groups);
}

static Opnd site_opnd(const Emit *e, const SiteGroup *g, size_t member)
{
    return env(ENV(site) + (int32_t)(site_index(e, g) * sizeof(CpuSite) + member));
}

// The base in a register that the check may be repeated with: pinned, or rcx. All other scratch registers are free then.
static unsigned base_begin(Emit *e, const IrInsn *insn)
{
    const Val *a = &e->val[insn->a];
    spill_scratch(e);
    if (a->kind == V_REG && e->jit->is_pin[a->reg] && !is_xmm(a->reg)) {
        return a->reg;
    }
    if (a->kind == V_REG && !is_xmm(a->reg)) {
        x_mov(&e->hot, X_W, RCX, x_reg(a->reg));
    } else {
        e->locked = 1u << RCX;
        value_load(e, insn->a, RCX);
    }
    return RCX;
}

// Leaves the addend in rdx.
static Stub *check_begin(Emit *e, IrRef ref, unsigned kind, unsigned base)
{
    const SiteGroup *g = &e->groups[e->group[ref] - 1];
    Asm *a = &e->hot;
    Stub *stub = stub_new(e, ref, kind);
    note_pending(e, stub);
    stub->base = (uint8_t)base;
    stub->check = a->p;
    if (g->min) {
        x_lea(a, X_W, RAX, x_mem(base, g->min));
    } else {
        x_mov(a, X_W, RAX, x_reg(base));
    }
    x_alu(a, ALU_SUB, X_W, RAX, site_opnd(e, g, offsetof(CpuSite, base)));
    x_alu(a, ALU_CMP, X_W, RAX, site_opnd(e, g, offsetof(CpuSite, limit)));
    stub->jumps[0] = x_jcc(a, CC_AE);
    x_mov(a, X_W, RDX, site_opnd(e, g, offsetof(CpuSite, addend)));
    return stub;
}

static void load_to(Emit *e, const IrInsn *insn, unsigned d, Opnd from)
{
    if (is_float_type(insn->type)) {
        x_op(&e->hot, 0x10 | X_0F | ((insn->memop & MEMOP_SIZE) == 3 ? X_F2 : X_F3), d, from);
    } else {
        load_extended(&e->hot, insn->memop, insn->type, d, from);
    }
}

static void load_first(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned bank = bank_of(insn->type), base = base_begin(e, insn), d = bank == BANK_FLOAT ? XMM0 : RAX;
    if (has_pinned_dest(e, ref, bank)) {
        d = (unsigned)value_dest(e, ref, bank);
    }
    Stub *stub = check_begin(e, ref, STUB_SITE_LOAD, base);
    load_to(e, insn, d, x_mem_index(base, RDX, 0, insn->disp));
    stub->reg = (uint8_t)d;
    stub->back = e->hot.p;
    value_place(e, ref, d);
    e->val[ref].zero_extended = true;
}

static void load_next(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    const SiteGroup *g = &e->groups[e->group[ref] - 1];
    unsigned bank = bank_of(insn->type), base = (unsigned)value_reg(e, insn->a, BANK_INT), d = (unsigned)value_dest(e, ref, bank);
    unsigned addend = bank == BANK_FLOAT || d == base ? (unsigned)scratch(e, BANK_INT) : d;
    x_mov(&e->hot, X_W, addend, site_opnd(e, g, offsetof(CpuSite, addend)));
    load_to(e, insn, d, x_mem_index(base, addend, 0, insn->disp));
    value_place(e, ref, d);
    e->val[ref].zero_extended = true;
}

void site_load(Emit *e, IrRef ref)
{
    if (site_follows(e, ref)) {
        load_next(e, ref);
    } else {
        load_first(e, ref);
    }
}

static void store_first(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    const Val *v = &e->val[insn->b];
    if (v->kind == V_REG && !e->jit->is_pin[v->reg] && !is_xmm(v->reg)) {
        scratch_claim(e, v->reg); // into the frame
        e->locked = 0;
    }
    unsigned base = base_begin(e, insn);
    Stub *stub = check_begin(e, ref, STUB_SITE_STORE, base);
    e->locked = 1u << RAX | 1u << RDX | 1u << RCX;
    store_value(e, insn, stub, x_mem_index(base, RDX, 0, insn->disp));
    stub->back = e->hot.p;
}

static void store_next(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    const SiteGroup *g = &e->groups[e->group[ref] - 1];
    const Val *v = &e->val[insn->b];
    unsigned size = insn->memop & MEMOP_SIZE;
    int32_t imm;
    bool is_imm = value_imm(e, insn->b, size == 3 ? IR_I64 : IR_I32, &imm), is_float = v->kind == V_REG && is_xmm(v->reg) && size >= 2;
    unsigned base = (unsigned)value_reg(e, insn->a, BANK_INT), from = 0;
    if (!is_imm) {
        from = (unsigned)value_reg(e, insn->b, is_float ? BANK_FLOAT : BANK_INT);
    }
    unsigned addend = (unsigned)scratch(e, BANK_INT);
    Opnd to = x_mem_index(base, addend, 0, insn->disp);
    x_mov(&e->hot, X_W, addend, site_opnd(e, g, offsetof(CpuSite, addend)));
    if (is_imm) {
        store_imm(&e->hot, insn->memop, to, imm);
    } else if (is_float) {
        x_op(&e->hot, 0x11 | X_0F | (size == 3 ? X_F2 : X_F3), from, to);
    } else {
        store_from(&e->hot, insn->memop, to, from);
    }
}

void site_store(Emit *e, IrRef ref)
{
    if (site_follows(e, ref)) {
        store_next(e, ref);
    } else {
        store_first(e, ref);
    }
}

// ---- out of line ----

static void call_fill(Emit *e, const Stub *stub, const SiteGroup *g)
{
    Asm *a = &e->cold;
    unsigned limit = 4096 - (unsigned)(g->end - g->min) + 1;
    x_lea(a, X_W, RAX, x_mem(stub->base, g->min));
    x_mov_imm(a, RDX, site_index(e, g) | limit << LIMIT_SHIFT);
    call_to(a, e->jit->thunks.site_fill[g->access][g->mmu]);
    x_patch(x_jcc(a, CC_AE), stub->check);
}

// Whose miss it is; the access's address in rcx.
static void slow_begin(Emit *e, const Stub *stub, const SiteGroup *g)
{
    Asm *a = &e->cold;
    x_op_imm32(a, 0xc7, 0, env(ENV(site_missed)), (int32_t)site_index(e, g));
    x_lea(a, X_W, RCX, x_mem(stub->base, insn_at(e, stub->ref)->disp));
}

// A group of one: the slow path does the access.
static void slow_single(Emit *e, const Stub *stub, const SiteGroup *g)
{
    bool is_load = stub->kind == STUB_SITE_LOAD;
    if (!is_load) {
        stub_store_value(e, stub);
    }
    slow_begin(e, stub, g);
    stub_call(e, stub, is_load ? e->jit->thunks.load : e->jit->thunks.store);
}

// xmm0-2 are lost in C code.
static bool can_repeat(const Stub *stub)
{
    bool lost = stub->kind == STUB_SITE_STORE && stub->value_kind == FROM_REG && stub->value_reg >= XMM0 && stub->value_reg <= XMM0 + 2;
    return !lost;
}

// The others need the page too: again from the check, or the instruction is left to T0.
static void slow_group(Emit *e, const Stub *stub, const SiteGroup *g)
{
    Opnd kept = x_mem(RSP, FRAME_ARGS + 16);
    Asm *a = &e->cold;
    if (stub->base == RCX) {
        x_store(a, X_W, kept, RCX);
    }
    x_op_imm32(a, 0xc7 | X_W, 0, x_mem(RSP, FRAME_ARGS), stub->kind == STUB_SITE_LOAD ? ACCESS_READ : ACCESS_WRITE);
    slow_begin(e, stub, g);
    x_mov_imm(a, RDX, insn_at(e, stub->ref)->memop);
    x_mov_imm(a, RAX, e->block->nguest - stub->index);
    call_to(a, e->jit->thunks.prepare);
    x_op(a, 0x85, RDX, x_reg(RDX));
    uint8_t *leave = x_jcc(a, CC_NE);
    if (can_repeat(stub)) {
        if (stub->base == RCX) {
            x_mov(a, X_W, RCX, kept);
        }
        call_fill(e, stub, g);
    }
    x_mov_imm(a, RDX, SLOW_ALONE);
    x_patch(leave, a->p);
    leave_at(e, stub, e->jit->thunks.leave);
}

void emit_site_stub(Emit *e, const Stub *stub)
{
    const SiteGroup *g = &e->groups[e->group[stub->ref] - 1];
    call_fill(e, stub, g);
    (g->members == 1 ? slow_single : slow_group)(e, stub, g);
}

static Opnd cpu_site(unsigned reg, size_t member) { return x_mem_index(RBP, reg, 0, ENV(site) + (int32_t)member); }

// A page that continues the site's range, in the host's memory too, is added to it: rbx = its address, rcx = addend, rdx = limit of one page.
// Returns the jump that is taken then.
static uint8_t *site_grow_emit(Asm *a)
{
    x_alu(a, ALU_CMP, X_W, RCX, cpu_site(RSI, offsetof(CpuSite, addend)));
    uint8_t *other = x_jcc8(a, CC_NE);
    x_mov(a, X_W, RAX, cpu_site(RSI, offsetof(CpuSite, limit)));
    x_op(a, 0x85 | X_W, RAX, x_reg(RAX));
    uint8_t *empty = x_jcc8(a, CC_E);
    x_alu_imm(a, ALU_ADD, X_W, x_reg(RAX), 4096); // the range's length, from limit + extent - 1
    x_alu(a, ALU_SUB, X_W, RAX, x_reg(RDX));
    x_alu(a, ALU_ADD, X_W, RAX, cpu_site(RSI, offsetof(CpuSite, base)));
    x_alu(a, ALU_CMP, X_W, RAX, x_reg(RBX));
    uint8_t *above = x_jcc8(a, CC_E);
    x_lea(a, X_W, RAX, x_mem(RBX, 4096));
    x_alu(a, ALU_CMP, X_W, RAX, cpu_site(RSI, offsetof(CpuSite, base)));
    uint8_t *apart = x_jcc8(a, CC_NE);
    x_store(a, X_W, cpu_site(RSI, offsetof(CpuSite, base)), RBX);
    x_patch8(above, a->p);
    x_alu_imm(a, ALU_ADD, X_W, cpu_site(RSI, offsetof(CpuSite, limit)), 4096);
    x_alu_imm(a, ALU_ADD, 0, cpu_site(RSI, offsetof(CpuSite, misses)), 1); // it was worth it
    uint8_t *grown = x_jmp(a);
    x_patch8(other, a->p);
    x_patch8(empty, a->p);
    x_patch8(apart, a->p);
    return grown;
}

// rax = first address, edx = site | limit << 16. Carry: not filled. Loses rax and rdx.
uint8_t *site_fill_emit(Asm *a, Access access, unsigned mmu)
{
    static const uint8_t saved[] = { RCX, RBX, RSI };
    uint8_t *start = a->p;
    for (unsigned i = 0; i < sizeof(saved); i++) {
        x_byte(a, 0x50 | saved[i]);
    }
    x_op(a, 0xb7 | X_0F, RSI, x_reg(RDX));
    x_shift_imm(a, SHIFT_SHL, 0, RSI, 5);
    x_shift_imm(a, SHIFT_SHR, 0, RDX, LIMIT_SHIFT);
    x_alu_imm(a, ALU_SUB, 0, cpu_site(RSI, offsetof(CpuSite, misses)), 1);
    uint8_t *tired = x_jcc(a, CC_S);
    x_mov(a, X_W, RCX, x_reg(RAX));
    x_shift_imm(a, SHIFT_SHR, X_W, RCX, 12);
    x_alu_imm(a, ALU_AND, 0, x_reg(RCX), TLB_SIZE - 1);
    x_mov(a, X_W, RBX, x_mem_index(RBP, RCX, 3, tlb_disp(access, mmu, offsetof(TlbTable, tag))));
    x_alu(a, ALU_XOR, X_W, RAX, x_reg(RBX));
    x_alu(a, ALU_CMP, X_W, RAX, x_reg(RDX));
    uint8_t *other = x_jcc(a, CC_AE);
    x_op_imm8(a, 0xc6, 0, x_mem_index(RBP, RCX, 0, ENV(site_gva)), 1);
    x_mov(a, X_W, RCX, x_mem_index(RBP, RCX, 3, tlb_disp(access, mmu, offsetof(TlbTable, addend))));
    x_lea(a, X_W, RAX, x_mem_index(RBX, RCX, 0, 0));
    x_shift_imm(a, SHIFT_SHR, X_W, RAX, 12);
    x_alu_imm(a, ALU_AND, 0, x_reg(RAX), TLB_SIZE - 1);
    x_op_imm8(a, 0xc6, 0, x_mem_index(RBP, RAX, 0, ENV(site_host)), 1);
    uint8_t *grown = site_grow_emit(a);
    x_store(a, X_W, cpu_site(RSI, offsetof(CpuSite, base)), RBX);
    x_store(a, X_W, cpu_site(RSI, offsetof(CpuSite, addend)), RCX);
    x_alu_imm(a, ALU_CMP, X_W, cpu_site(RSI, offsetof(CpuSite, limit)), 0);
    uint8_t *listed = x_jcc8(a, CC_NE);
    x_mov(a, 0, RCX, env(ENV(sites_filled)));
    x_mov(a, 0, RAX, x_reg(RSI));
    x_shift_imm(a, SHIFT_SHR, 0, RAX, 5);
    x_op(a, 0x89 | X_66, RAX, x_mem_index(RBP, RCX, 1, ENV(site_list)));
    x_alu_imm(a, ALU_ADD, 0, env(ENV(sites_filled)), 1);
    x_patch8(listed, a->p);
    x_store(a, X_W, cpu_site(RSI, offsetof(CpuSite, limit)), RDX);
    x_patch(grown, a->p);
    for (unsigned i = sizeof(saved); i-- > 0;) {
        x_byte(a, 0x58 | saved[i]);
    }
    x_byte(a, 0xf8); // clc
    x_byte(a, 0xc3);
    x_patch(tired, a->p);
    x_patch(other, a->p);
    for (unsigned i = sizeof(saved); i-- > 0;) {
        x_byte(a, 0x58 | saved[i]);
    }
    x_byte(a, 0xf9); // stc
    x_byte(a, 0xc3);
    return start;
}
