// SPDX-License-Identifier: GPL-2.0-or-later
// T1: memory accesses inline on a TLB hit, with their out-of-line halves; C functions for ops and helpers.
//
// On a hit: seven instructions and the access. A miss calls the slow path and goes on behind the access, or leaves at the instruction's snapshot.
// RMW on a page that can't be written directly, and CAS, are left to T0, which runs the instruction alone.
#include "tcg/x86-emit.h"

Stub *stub_new(Emit *e, IrRef ref, unsigned kind)
{
    assert(e->nstubs < IR_MAX_INSNS);
    Stub *stub = &e->stubs[e->nstubs++];
    *stub = (Stub){ .ref = ref, .index = (uint16_t)e->index, .kind = (uint8_t)kind, .reg = NO_REG, .first_write = e->nwrites };
    nan_note_pins(e, stub);
    return stub;
}

// What the snapshot's pending writes are made from, now.
void note_pending(Emit *e, Stub *stub)
{
    const IrSnap *snap = &e->block->snaps[insn_at(e, stub->ref)->snap];
    stub->first_write = e->nwrites;
    stub->nwrites = snap->npending;
    e->failed |= snap->npending > FRAME_PENDING;
    for (unsigned i = 0; i < snap->npending; i++) {
        const IrPending *p = &e->block->pending[snap->first_pending + i];
        const Val *v = &e->val[p->value];
        if (e->nwrites == IR_MAX_PENDING) {
            e->failed = true;
            return;
        }
        PendingWrite *w = &e->writes[e->nwrites++];
        *w = (PendingWrite){ .slot = p->slot, .bytes = (uint8_t)ir_type_bytes(p->type) };
        switch (v->kind) {
        case V_CONST: w->is_const = true; w->imm = v->imm; break;
        case V_REG: w->from = x_reg(v->reg); w->is_float = is_xmm(v->reg); break;
        case V_SLOT: w->from = slot_opnd((uint32_t)v->at); break;
        case V_FRAME: w->from = x_mem(RSP, FRAME_SPILL + 8 * v->at); break;
        default: e->failed = true; break;
        }
    }
}

// ---- the hit ----

enum { TLB_SHIFT = 12 - 3 }; // the index in bytes: an address without a scale is ready sooner

typedef struct Site {
    unsigned gva;     // register
    Stub *stub;
    Opnd host;        // where the access goes, after site_check
} Site;

int32_t tlb_disp(Access access, unsigned mmu, size_t member)
{
    size_t offset = offsetof(CPU, tlb) + ((size_t)access * MMU_COUNT + mmu) * sizeof(TlbTable) + member;
    return (int32_t)offset - (int32_t)offsetof(CPU, arch) - ENV_BIAS;
}

// Empties rax, rcx, rdx (and xmm0-2, which the slow path loses) but for what the instruction itself reads, and gets the address.
static void site_begin(Emit *e, Site *site, IrRef ref, unsigned kind)
{
    const IrInsn *insn = insn_at(e, ref);
    const Val *a = &e->val[insn->a];
    bool in_reg = a->kind == V_REG && !is_xmm(a->reg);
    unsigned reg = a->reg;
    spill_scratch(e); // stores only: what was in a register still is
    site->gva = RCX;
    if (in_reg && e->jit->is_pin[reg] && !insn->disp) {
        site->gva = reg;
    } else if (in_reg) {
        x_lea(&e->hot, X_W, RCX, x_mem(reg, insn->disp));
    } else {
        e->locked = 1u << RCX;
        value_load(e, insn->a, RCX);
        if (insn->disp) {
            x_lea(&e->hot, X_W, RCX, x_mem(RCX, insn->disp));
        }
    }
    site->stub = stub_new(e, ref, kind);
    note_pending(e, site->stub);
}

static void site_check(Emit *e, Site *site, Access access, MemOp memop)
{
    Asm *a = &e->hot;
    Stub *stub = site->stub;
    stub->value = 0;
    if (memop & MEMOP_ALIGNED && (memop & MEMOP_SIZE)) {
        x_op_imm8(a, 0xf6 | X_BYTE, 0, x_reg(site->gva), memop_bytes(memop) - 1);
        stub->jumps[1] = x_jcc(a, CC_NE);
    }
    if ((memop & MEMOP_BSWAP) || ((memop & MEMOP_STORE_FAULT) && access == ACCESS_READ)) {
        stub->jumps[2] = x_jmp(a);
    }
    if (e->jit->host.bmi2) { // rorx edx, gva, 9
        x_vex(a, 0xf0 | X_0F3A | X_F2, RDX, 0, x_reg(site->gva));
        x_byte(a, TLB_SHIFT);
    } else {
        x_mov(a, 0, RDX, x_reg(site->gva));
        x_shift_imm(a, SHIFT_SHR, 0, RDX, TLB_SHIFT);
    }
    x_alu_imm(a, ALU_AND, 0, x_reg(RDX), (TLB_SIZE - 1) << 3);
    x_mov(a, X_W, RAX, x_mem_index(RBP, RDX, 0, tlb_disp(access, memop_mmu(memop), offsetof(TlbTable, tag))));
    x_alu(a, ALU_XOR, X_W, RAX, x_reg(site->gva));
    x_alu_imm(a, ALU_CMP, X_W, x_reg(RAX), (int32_t)(4096 - memop_bytes(memop)));
    stub->jumps[0] = x_jcc(a, CC_A);
    x_mov(a, X_W, RDX, x_mem_index(RBP, RDX, 0, tlb_disp(access, memop_mmu(memop), offsetof(TlbTable, addend))));
    site->host = x_mem_index(site->gva, RDX, 0, 0);
}

void load_extended(Asm *a, MemOp memop, unsigned type, unsigned reg, Opnd from)
{
    bool is_signed = memop & MEMOP_SIGNED;
    unsigned wide = is_signed && type == IR_I64 ? X_W : 0;
    switch (memop & MEMOP_SIZE) {
    case 0: x_op(a, (is_signed ? 0xbe : 0xb6) | X_0F | X_BYTE_RM | wide, reg, from); break;
    case 1: x_op(a, (is_signed ? 0xbf : 0xb7) | X_0F | wide, reg, from); break;
    case 2: x_op(a, wide ? 0x63 | X_W : 0x8b, reg, from); break;
    default: x_op(a, 0x8b | X_W, reg, from); break;
    }
}

static void emit_load(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned size = insn->memop & MEMOP_SIZE;
    Site site;
    site_begin(e, &site, ref, STUB_LOAD);
    site.stub->value_reg = (uint8_t)site.gva;
    bool is_float = is_float_type(insn->type);
    // What makes room for the result must come before the way parts: the slow path comes back behind the access.
    unsigned d = is_float ? XMM0 : RAX;
    if (has_pinned_dest(e, ref, is_float ? BANK_FLOAT : BANK_INT)) {
        d = (unsigned)value_dest(e, ref, is_float ? BANK_FLOAT : BANK_INT);
    }
    site_check(e, &site, ACCESS_READ, insn->memop);
    if (!is_float) {
        load_extended(&e->hot, insn->memop, insn->type, d, site.host);
    } else if (size >= 2) {
        x_op(&e->hot, 0x10 | X_0F | (size == 3 ? X_F2 : X_F3), d, site.host);
    } else {
        e->failed = true;
    }
    site.stub->reg = (uint8_t)d;
    site.stub->back = e->hot.p;
    value_place(e, ref, d);
    e->val[ref].zero_extended = true;
}

void store_from(Asm *a, MemOp memop, Opnd to, unsigned reg)
{
    switch (memop & MEMOP_SIZE) {
    case 0: x_op(a, 0x88 | X_BYTE, reg, to); break;
    case 1: x_op(a, 0x89 | X_66, reg, to); break;
    case 2: x_op(a, 0x89, reg, to); break;
    default: x_op(a, 0x89 | X_W, reg, to); break;
    }
}

void store_imm(Asm *a, MemOp memop, Opnd to, int32_t imm)
{
    switch (memop & MEMOP_SIZE) {
    case 0: x_op_imm8(a, 0xc6, 0, to, (uint8_t)imm); break;
    case 1:
        x_op(a, 0xc7 | X_66, 0, to);
        x_byte(a, (uint8_t)imm);
        x_byte(a, (uint8_t)(imm >> 8));
        break;
    case 2: x_op_imm32(a, 0xc7, 0, to, imm); break;
    default: x_op_imm32(a, 0xc7 | X_W, 0, to, imm); break;
    }
}

void store_value(Emit *e, const IrInsn *insn, Stub *stub, Opnd to)
{
    const Val *v = &e->val[insn->b];
    int32_t imm;
    if (value_imm(e, insn->b, (insn->memop & MEMOP_SIZE) == 3 ? IR_I64 : IR_I32, &imm)) {
        stub->value_kind = FROM_CONST;
        stub->value = imm;
        store_imm(&e->hot, insn->memop, to, imm);
    } else if (v->kind == V_REG) {
        stub->value_kind = FROM_REG;
        stub->value_reg = v->reg;
        if (is_xmm(v->reg) && (insn->memop & MEMOP_SIZE) >= 2) {
            x_op(&e->hot, 0x11 | X_0F | ((insn->memop & MEMOP_SIZE) == 3 ? X_F2 : X_F3), v->reg, to);
        } else if (is_xmm(v->reg)) {
            float_move(&e->hot, RAX, x_reg(v->reg));
            store_from(&e->hot, insn->memop, to, RAX);
        } else {
            store_from(&e->hot, insn->memop, to, v->reg);
        }
    } else {
        stub->value_kind = FROM_MEMORY;
        value_load(e, insn->b, RAX);
        stub->value = v->kind == V_CONST ? v->imm : v->at;
        stub->value_reg = v->kind;
        store_from(&e->hot, insn->memop, to, RAX);
    }
}

static void emit_store(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    const Val *v = &e->val[insn->b];
    Site site;
    if (v->kind == V_REG && !e->jit->is_pin[v->reg] && !is_xmm(v->reg)) {
        scratch_claim(e, v->reg); // into the frame
        e->locked = 0;
    }
    site_begin(e, &site, ref, STUB_STORE);
    // A value in xmm0-2 that was spilled is still there.
    Stub *stub = site.stub;
    stub->reg = (uint8_t)site.gva;
    site_check(e, &site, ACCESS_WRITE, insn->memop);
    e->locked = 1u << RAX | 1u << RDX | 1u << RCX;
    store_value(e, insn, stub, site.host);
    stub->back = e->hot.p;
}

// ---- read-modify-write ----

static void rmw_compute(Emit *e, const IrInsn *insn, unsigned wide)
{
    Asm *a = &e->hot;
    unsigned cc = CC_O;
    switch (insn->sub) {
    case RMW_SWAP: return;
    case RMW_ADD: x_alu(a, ALU_ADD, wide, RCX, x_reg(RAX)); return;
    case RMW_AND: x_alu(a, ALU_AND, wide, RCX, x_reg(RAX)); return;
    case RMW_OR: x_alu(a, ALU_OR, wide, RCX, x_reg(RAX)); return;
    case RMW_XOR: x_alu(a, ALU_XOR, wide, RCX, x_reg(RAX)); return;
    case RMW_MINS: cc = CC_L; break;
    case RMW_MAXS: cc = CC_G; break;
    case RMW_MINU: cc = CC_B; break;
    case RMW_MAXU: cc = CC_A; break;
    }
    x_alu(a, ALU_CMP, wide, RAX, x_reg(RCX));
    x_op(a, 0x40 | cc | X_0F | X_W, RCX, x_reg(RAX));
}

static void emit_alone(Emit *e, IrRef ref)
{
    spill_scratch(e); // leaving uses those registers
    Stub *stub = stub_new(e, ref, STUB_ALONE);
    note_pending(e, stub);
    stub->jumps[0] = x_jmp(&e->hot);
    if (ir_result_type(insn_at(e, ref)) != IR_VOID) { // what follows isn't reached
        value_place(e, ref, is_float_type(insn_at(e, ref)->type) ? XMM0 : RAX);
    }
}

static void emit_rmw(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    unsigned size = insn->memop & MEMOP_SIZE, wide = size == 3 ? X_W : 0;
    const Val *v = &e->val[insn->b];
    Site site;
    if (size < 2 || size > 3 || (insn->memop & MEMOP_BSWAP)) {
        emit_alone(e, ref);
        return;
    }
    if (v->kind == V_REG && !e->jit->is_pin[v->reg]) {
        scratch_claim(e, v->reg);
        e->locked = 0;
    }
    site_begin(e, &site, ref, STUB_ALONE);
    site_check(e, &site, ACCESS_WRITE, insn->memop);
    x_lea(&e->hot, X_W, RDX, site.host);
    load_extended(&e->hot, insn->memop, insn->type, RAX, x_mem(RDX, 0));
    e->locked = 1u << RAX | 1u << RDX | 1u << RCX;
    value_load(e, insn->b, RCX);
    rmw_compute(e, insn, wide);
    store_from(&e->hot, insn->memop, x_mem(RDX, 0), RCX);
    e->locked = 1u << RAX;
    if (e->val[ref].uses) {
        unsigned d = has_pinned_dest(e, ref, BANK_INT) ? (unsigned)value_dest(e, ref, BANK_INT) : RAX;
        float_move(&e->hot, d, x_reg(RAX));
        value_place(e, ref, d);
        e->val[ref].zero_extended = insn->type == IR_I32;
    }
}

void emit_memory(Emit *e, IrRef ref)
{
    switch (insn_at(e, ref)->op) {
    case IR_LD: (e->group[ref] ? site_load : emit_load)(e, ref); break;
    case IR_ST: (e->group[ref] ? site_store : emit_store)(e, ref); break;
    case IR_RMW: emit_rmw(e, ref); break;
    default: emit_alone(e, ref); break;
    }
}

// ---- C functions ----

// T0's C function for an op that has no native code. Its IrInsn is copied behind the code.
void emit_c_op(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    const IrRef operands[3] = { insn->a, insn->b, insn->c };
    for (unsigned i = 0; i < 3; i++) {
        if (operands[i]) {
            value_to_arg(e, operands[i], i);
        }
    }
    spill_scratch(e);
    e->cold.p += -(uintptr_t)e->cold.p & 7;
    memcpy(e->cold.p, insn, sizeof(*insn));
    x_mov_imm(&e->hot, RCX, (uintptr_t)code_address(e->jit, e->cold.p));
    e->cold.p += sizeof(*insn);
    x_mov_imm(&e->hot, RAX, refund(e));
    call_to(&e->hot, e->jit->thunks.op);
    if (e->val[ref].uses) {
        e->locked = 1u << RAX;
        unsigned bank = bank_of(ir_result_type(insn)), d = (unsigned)value_dest(e, ref, bank);
        float_move(&e->hot, d, x_reg(RAX));
        value_place(e, ref, d);
        e->val[ref].zero_extended = true;
    }
}

void emit_call(Emit *e, IrRef ref)
{
    const IrInsn *insn = insn_at(e, ref);
    const IrHelper *helper = (const IrHelper *)(intptr_t)insn->imm;
    const IrRef operands[3] = { insn->a, insn->b, insn->c };
    for (unsigned i = 0; i < 3; i++) {
        if (operands[i]) {
            value_to_arg(e, operands[i], i);
        } else if (i < helper->nargs) {
            x_op_imm32(&e->hot, 0xc7 | X_W, 0, x_mem(RSP, (int32_t)(FRAME_ARGS + 8 * i)), 0);
        }
    }
    spill_scratch(e);
    if (helper->flags & HELPER_WRITES_REGS) {
        slots_unknown(e);
    }
    x_mov_imm(&e->hot, RCX, (uintptr_t)helper);
    x_mov_imm(&e->hot, RAX, refund(e));
    x_mov_imm(&e->hot, RDX, e->block->snaps[insn->snap].pc); // as T0 keeps it
    x_store(&e->hot, X_W, env(ENV(arch.pc)), RDX);
    bool sync = helper->flags & (HELPER_READS_REGS | HELPER_WRITES_REGS);
    call_to(&e->hot, sync ? e->jit->thunks.helper_sync : e->jit->thunks.helper);
    if (helper->flags & HELPER_RAISES) {
        x_alu_imm(&e->hot, ALU_CMP, 0, env(ENV(exception)), 0);
        Stub *stub = stub_new(e, ref, STUB_RAISED);
        note_pending(e, stub);
        stub->jumps[0] = x_jcc(&e->hot, CC_NE);
    }
    e->check_attention = true;
    if (helper->result && e->val[ref].uses) {
        e->locked = 1u << RAX;
        unsigned d = has_pinned_dest(e, ref, BANK_INT) ? (unsigned)value_dest(e, ref, BANK_INT) : RAX;
        float_move(&e->hot, d, x_reg(RAX));
        value_place(e, ref, d);
    }
}

// ---- out of line ----

static void write_pending(Emit *e, const PendingWrite *w)
{
    Asm *a = &e->cold;
    Opnd to = slot_opnd(w->slot);
    // rdx holds the status
    if (w->is_const) {
        x_mov_imm(a, RAX, (uint64_t)w->imm);
    } else {
        float_move(a, RAX, w->from);
    }
    for (unsigned i = 0; i < e->jit->npins; i++) {
        if (e->jit->pin_slot[i] == w->slot && w->bytes == 8) {
            // All sources are read before any register changes: pins are stored to memory when leaving, so the register is what counts.
            float_move(a, e->jit->pin_reg[i], x_reg(RAX));
            return;
        }
    }
    switch (w->bytes) {
    case 1: x_op(a, 0x88 | X_BYTE, RAX, to); break;
    case 2: x_op(a, 0x89 | X_66, RAX, to); break;
    default: x_store(a, w->bytes == 8 ? X_W : 0, to, RAX); break;
    }
}

// Sources first to the frame's arguments area would not do for many: values go to the stack, then to their slots.
static void write_all_pending(Emit *e, const Stub *stub)
{
    Asm *a = &e->cold;
    if (stub->nwrites == 1) {
        write_pending(e, &e->writes[stub->first_write]);
        return;
    }
    int base = FRAME_SPILL + 8 * (FRAME_SLOTS - (int)stub->nwrites);
    for (unsigned i = 0; i < stub->nwrites; i++) {
        const PendingWrite *w = &e->writes[stub->first_write + i];
        if (w->is_const) {
            x_mov_imm(a, RAX, (uint64_t)w->imm);
        } else {
            float_move(a, RAX, w->from);
        }
        x_store(a, X_W, x_mem(RSP, base + 8 * (int)i), RAX);
    }
    for (unsigned i = 0; i < stub->nwrites; i++) {
        PendingWrite w = e->writes[stub->first_write + i];
        w.is_const = false;
        w.from = x_mem(RSP, base + 8 * (int)i);
        write_pending(e, &w);
    }
}

void leave_at(Emit *e, const Stub *stub, const uint8_t *thunk)
{
    const IrSnap *snap = &e->block->snaps[insn_at(e, stub->ref)->snap];
    emit_raw_fixes(e, stub);
    write_all_pending(e, stub);
    x_mov_imm(&e->cold, RAX, snap->pc);
    x_alu_imm(&e->cold, ALU_ADD, X_W, x_reg(R15), e->block->nguest - stub->index);
    jump_to(&e->cold, thunk);
}

void stub_call(Emit *e, const Stub *stub, const uint8_t *thunk)
{
    const IrInsn *insn = insn_at(e, stub->ref);
    Asm *a = &e->cold;
    x_mov_imm(a, RDX, insn->memop);
    x_mov_imm(a, RAX, e->block->nguest - stub->index);
    call_to(a, thunk);
    x_op(a, 0x85, RDX, x_reg(RDX));
    uint8_t *leave = x_jcc8(a, CC_NE);
    if (insn->op == IR_LD) {
        bool is_float = is_xmm(stub->reg);
        if (is_float) {
            float_move(a, stub->reg, x_reg(RAX));
        } else {
            load_extended(a, insn->memop, insn->type, stub->reg, x_reg(RAX));
        }
    }
    jump_to(a, stub->back);
    x_patch8(leave, a->p);
    leave_at(e, stub, e->jit->thunks.leave);
}

void stub_store_value(Emit *e, const Stub *stub)
{
    Asm *a = &e->cold;
    Opnd to = x_mem(RSP, FRAME_ARGS);
    if (stub->value_kind == FROM_CONST) {
        x_op_imm32(a, 0xc7 | X_W, 0, to, (int32_t)stub->value);
        return;
    }
    if (stub->value_kind == FROM_MEMORY) {
        switch (stub->value_reg) {
        case V_CONST: x_mov_imm(a, RAX, (uint64_t)stub->value); break;
        case V_SLOT: x_mov(a, X_W, RAX, slot_opnd((uint32_t)stub->value)); break;
        default: x_mov(a, X_W, RAX, x_mem(RSP, FRAME_SPILL + 8 * (int32_t)stub->value)); break;
        }
        x_store(a, X_W, to, RAX);
    } else if (is_xmm(stub->value_reg)) {
        float_store(a, to, stub->value_reg);
    } else {
        x_store(a, X_W, to, stub->value_reg);
    }
}

void emit_memory_stub(Emit *e, const Stub *stub)
{
    Asm *a = &e->cold;
    switch (stub->kind) {
    case STUB_LOAD:
        x_mov(a, X_W, RCX, x_reg(stub->value_reg));
        stub_call(e, stub, e->jit->thunks.load);
        break;
    case STUB_STORE:
        stub_store_value(e, stub);
        x_mov(a, X_W, RCX, x_reg(stub->reg));
        stub_call(e, stub, e->jit->thunks.store);
        break;
    case STUB_SITE_LOAD: case STUB_SITE_STORE: emit_site_stub(e, stub); break;
    case STUB_ALONE:
        x_mov_imm(a, RDX, SLOW_ALONE);
        leave_at(e, stub, e->jit->thunks.leave);
        break;
    default:
        leave_at(e, stub, e->jit->thunks.leave_raised);
        break;
    }
}
