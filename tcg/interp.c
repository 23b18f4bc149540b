// SPDX-License-Identifier: GPL-2.0-or-later
// T0: the portable interpreter of the IR. It defines what each op means; the JIT back ends must agree with it to the bit.
//
// It runs cold code, single instructions and whatever remains before an event, always from unoptimised IR, so that the state is exact at
// each INSN. i32 values are kept zero-extended. Values wider than 64 bits aren't made by any front end yet but i128.
#include <assert.h>

#include "tcg/cpu.h"
#include "tcg/interp-op.h"

typedef struct Frame {
    CPU *cpu;
    const IrBlock *block;
    unsigned attempted;
    uint64_t value[IR_MAX_INSNS];
    uint64_t high[IR_MAX_INSNS]; // upper halves of i128
} Frame;

static uint64_t extend(uint64_t v, MemOp memop, IrType type)
{
    if (memop & MEMOP_SIGNED) {
        switch (memop & MEMOP_SIZE) {
        case 0: v = (uint64_t)(int8_t)v; break;
        case 1: v = (uint64_t)(int16_t)v; break;
        case 2: v = (uint64_t)(int32_t)v; break;
        }
    }
    return type == IR_I32 ? (uint32_t)v : v;
}

static uint64_t read_slot(CPU *cpu, IrType type, uint32_t slot)
{
    const void *p = cpu_slot(cpu, slot);
    uint64_t v = 0;
    switch (ir_type_bytes(type)) {
    case 1: v = *(const uint8_t *)p; break;
    case 2: v = *(const uint16_t *)p; break;
    case 4: v = *(const uint32_t *)p; break;
    case 8: v = *(const uint64_t *)p; break;
    default: assert(false && "slot type");
    }
    return v;
}

static void write_slot(CPU *cpu, IrType type, uint32_t slot, uint64_t v)
{
    void *p = cpu_slot(cpu, slot);
    switch (ir_type_bytes(type)) {
    case 1: *(uint8_t *)p = (uint8_t)v; break;
    case 2: *(uint16_t *)p = (uint16_t)v; break;
    case 4: *(uint32_t *)p = (uint32_t)v; break;
    case 8: *(uint64_t *)p = v; break;
    default: assert(false && "slot type");
    }
}

// Host address of an access that hits the TLB, else NULL.
static void *tlb_hit(CPU *cpu, Access access, uint64_t gva, MemOp memop)
{
    const TlbTable *t = &cpu->tlb[access][memop_mmu(memop)];
    unsigned i = (gva >> 12) & (TLB_SIZE - 1);
    if ((t->tag[i] ^ gva) > 4096 - memop_bytes(memop) || (memop & (MEMOP_BSWAP | MEMOP_ALIGNED))) {
        return NULL;
    }
    return (void *)(uintptr_t)(gva + t->addend[i]);
}

static SlowResult load(CPU *cpu, uint64_t gva, MemOp memop, uint64_t *value)
{
    const void *p = memop & MEMOP_STORE_FAULT ? NULL : tlb_hit(cpu, ACCESS_READ, gva, memop);
    if (!p) {
        return cpu->ops->load(cpu, gva, memop, value);
    }
    uint64_t v = 0;
    memcpy(&v, p, memop_bytes(memop));
    *value = v;
    return SLOW_OK;
}

static SlowResult store(CPU *cpu, uint64_t gva, MemOp memop, uint64_t value)
{
    void *p = tlb_hit(cpu, ACCESS_WRITE, gva, memop);
    if (!p) {
        return cpu->ops->store(cpu, gva, memop, value);
    }
    switch (memop & MEMOP_SIZE) {
    case 0: memcpy(p, &value, 1); break;
    case 1: memcpy(p, &value, 2); break;
    case 2: memcpy(p, &value, 4); break;
    default: memcpy(p, &value, 8); break;
    }
    return SLOW_OK;
}

uint64_t rmw_result(RmwOp op, MemOp memop, uint64_t old, uint64_t operand)
{
    unsigned shift = 64 - 8 * memop_bytes(memop);
    int64_t so = (int64_t)(old << shift) >> shift, sv = (int64_t)(operand << shift) >> shift;
    uint64_t uo = old << shift >> shift, uv = operand << shift >> shift;
    switch (op) {
    case RMW_SWAP: return operand;
    case RMW_ADD: return old + operand;
    case RMW_AND: return old & operand;
    case RMW_OR: return old | operand;
    case RMW_XOR: return old ^ operand;
    case RMW_MINS: return so < sv ? old : operand;
    case RMW_MAXS: return so > sv ? old : operand;
    case RMW_MINU: return uo < uv ? old : operand;
    case RMW_MAXU: return uo > uv ? old : operand;
    case RMW_COUNT: break;
    }
    assert(false && "rmw op");
    return 0;
}

static SlowResult run_memory(Frame *f, IrRef ref, const IrInsn *insn)
{
    CPU *cpu = f->cpu;
    uint64_t gva = f->value[insn->a] + (uint64_t)(int64_t)insn->disp, old = 0;
    SlowResult result;
    switch (insn->op) {
    case IR_LD:
        result = load(cpu, gva, insn->memop, &old);
        f->value[ref] = extend(old, insn->memop, insn->type);
        return result;
    case IR_ST:
        return store(cpu, gva, insn->memop, f->value[insn->b]);
    case IR_RMW:
        result = load(cpu, gva, insn->memop | MEMOP_STORE_FAULT, &old);
        if (result == SLOW_OK) {
            f->value[ref] = extend(old, insn->memop, insn->type);
            return store(cpu, gva, insn->memop, rmw_result(insn->sub, insn->memop, old, f->value[insn->b]));
        }
        return result;
    case IR_CAS:
        result = load(cpu, gva, insn->memop | MEMOP_STORE_FAULT, &old);
        f->value[ref] = extend(old, insn->memop, insn->type);
        if (result == SLOW_OK && f->value[ref] == f->value[insn->b]) {
            return store(cpu, gva, insn->memop, f->value[insn->c]);
        }
        return result;
    }
    assert(false && "memory op");
    return SLOW_OK;
}

static RunResult leave(Frame *f, uint64_t pc, IrExit exit, bool boundary)
{
    f->cpu->arch.pc = pc;
    f->cpu->budget--;
    return (RunResult){ .attempted = f->attempted, .exit = exit, .boundary = boundary };
}

// The current instruction raised an exception: the state is as before it.
static RunResult leave_raising(Frame *f, const IrInsn *insn)
{
    const IrSnap *snap = &f->block->snaps[insn->snap];
    for (unsigned i = 0; i < snap->npending; i++) {
        const IrPending *p = &f->block->pending[snap->first_pending + i];
        write_slot(f->cpu, p->type, p->slot, f->value[p->value]);
    }
    return leave(f, snap->pc, IR_EXIT_BOUNDARY, true);
}

RunResult interp_run(CPU *cpu, const IrBlock *block, unsigned limit)
{
    Frame f;
    f.cpu = cpu;
    f.block = block;
    f.attempted = 0;
    uint64_t *v = f.value;
    v[0] = 0;
    for (IrRef ref = 1; ref < block->nins; ref++) {
        const IrInsn *insn = &block->ins[ref];
        switch (insn->op) {
        case IR_INSN:
            if (f.attempted > 0) {
                if (f.attempted == limit || cpu->attention) {
                    return leave(&f, (uint64_t)insn->imm, IR_EXIT_BOUNDARY, false);
                }
                cpu->budget--;
            }
            f.attempted++;
            cpu->arch.pc = (uint64_t)insn->imm; // a device access may ask for a digest of the state
            break;
        case IR_GETREG: v[ref] = read_slot(cpu, insn->type, (uint32_t)insn->imm); break;
        case IR_SETREG: write_slot(cpu, insn->type, (uint32_t)insn->imm, v[insn->a]); break;
        case IR_CONST: v[ref] = insn->type == IR_I32 ? (uint32_t)insn->imm : (uint64_t)insn->imm; break;
        case IR_LD: case IR_ST: case IR_RMW: case IR_CAS: {
            SlowResult result = run_memory(&f, ref, insn);
            assert(result != SLOW_ALONE);
            if (result == SLOW_FAULT) {
                return leave_raising(&f, insn);
            }
            break;
        }
        case IR_CALL: {
            const IrHelper *helper = (const IrHelper *)(intptr_t)insn->imm;
            v[ref] = helper->fn(cpu, v[insn->a], v[insn->b], v[insn->c]);
            if ((helper->flags & HELPER_RAISES) && cpu->exception) {
                return leave_raising(&f, insn);
            }
            break;
        }
        case IR_EXITIF:
            if (ir_compare(insn->sub, insn->type, v[insn->a], v[insn->b])) {
                return leave(&f, (uint64_t)insn->imm, IR_EXIT_BOUNDARY, false);
            }
            break;
        case IR_GOTO: return leave(&f, (uint64_t)insn->imm, IR_EXIT_BOUNDARY, false);
        case IR_IJMP: return leave(&f, v[insn->a], IR_EXIT_BOUNDARY, false);
        case IR_EXIT: return leave(&f, (uint64_t)insn->imm, insn->sub, true);
        case IR_EXITPC: return leave(&f, v[insn->a], insn->sub, true);
        case IR_TRAP:
            cpu_raise(cpu, (unsigned)insn->imm, v[insn->a]);
            return leave_raising(&f, insn);
        case IR_CAT: v[ref] = v[insn->a]; f.high[ref] = v[insn->b]; break;
        case IR_LO: v[ref] = v[insn->a]; break;
        case IR_HI: v[ref] = f.high[insn->a]; break;
        case IR_MULS2: {
            __int128 p = (__int128)(int64_t)v[insn->a] * (int64_t)v[insn->b];
            v[ref] = (uint64_t)p; f.high[ref] = (uint64_t)(p >> 64);
            break;
        }
        case IR_MULU2: {
            unsigned __int128 p = (unsigned __int128)v[insn->a] * v[insn->b];
            v[ref] = (uint64_t)p; f.high[ref] = (uint64_t)(p >> 64);
            break;
        }
        default: v[ref] = interp_op(cpu, insn, v[insn->a], v[insn->b], v[insn->c]); break;
        }
    }
    assert(false && "a block ends with an E op");
    return leave(&f, block->pc, IR_EXIT_BOUNDARY, true);
}
