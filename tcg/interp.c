// SPDX-License-Identifier: GPL-2.0-or-later
// T0: the portable interpreter of the IR. It defines what each op means; the JIT back ends must agree with it to the bit.
//
// It runs cold code, single instructions and whatever remains before an event, always from unoptimised IR, so that the state is exact at
// each INSN. i32 values are kept zero-extended. Of values wider than 64 bits the upper words are kept apart, so that the others cost nothing.
#include <assert.h>

#include "tcg/cpu.h"
#include "tcg/interp-op.h"

typedef struct Frame {
    CPU *cpu;
    const IrBlock *block;
    unsigned attempted;
    uint64_t value[IR_MAX_INSNS];
    uint64_t upper[IR_MAX_INSNS][3]; // words 1 to 3 of wide values
} Frame;

static IrWide wide_value(const Frame *f, IrRef ref)
{
    const uint64_t *upper = f->upper[ref];
    return (IrWide){ { f->value[ref], upper[0], upper[1], upper[2] } };
}

static void set_wide(Frame *f, IrRef ref, const IrWide *v)
{
    f->value[ref] = v->w[0];
    memcpy(f->upper[ref], &v->w[1], sizeof(f->upper[ref]));
}

static void run_wide(Frame *f, IrRef ref, const IrInsn *insn)
{
    IrWide a = wide_value(f, insn->a), b = wide_value(f, insn->b), c = wide_value(f, insn->c), result;
    interp_wide(f->cpu, insn, &a, &b, &c, &result);
    set_wide(f, ref, &result);
}

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

static void read_slot(Frame *f, IrRef ref, IrType type, uint32_t slot)
{
    const void *p = cpu_slot(f->cpu, slot);
    IrWide wide = { { 0 } };
    switch (ir_type_bytes(type)) {
    case 1: f->value[ref] = *(const uint8_t *)p; break;
    case 2: f->value[ref] = *(const uint16_t *)p; break;
    case 4: f->value[ref] = *(const uint32_t *)p; break;
    case 8: f->value[ref] = *(const uint64_t *)p; break;
    default:
        memcpy(&wide, p, ir_type_bytes(type));
        set_wide(f, ref, &wide);
        break;
    }
}

static void write_slot(Frame *f, IrType type, uint32_t slot, IrRef value)
{
    void *p = cpu_slot(f->cpu, slot);
    uint64_t v = f->value[value];
    IrWide wide;
    switch (ir_type_bytes(type)) {
    case 1: *(uint8_t *)p = (uint8_t)v; break;
    case 2: *(uint16_t *)p = (uint16_t)v; break;
    case 4: *(uint32_t *)p = (uint32_t)v; break;
    case 8: *(uint64_t *)p = v; break;
    default:
        wide = wide_value(f, value);
        memcpy(p, &wide, ir_type_bytes(type));
        break;
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

static SlowResult load_wide(CPU *cpu, uint64_t gva, MemOp memop, IrWide *v)
{
    const void *p = memop & MEMOP_STORE_FAULT ? NULL : tlb_hit(cpu, ACCESS_READ, gva, memop);
    *v = (IrWide){ { 0 } };
    if (!p) {
        return cpu->ops->load_wide(cpu, gva, memop, v);
    }
    memcpy(v, p, memop_bytes(memop));
    return SLOW_OK;
}

static SlowResult store_wide(CPU *cpu, uint64_t gva, MemOp memop, const IrWide *v)
{
    void *p = tlb_hit(cpu, ACCESS_WRITE, gva, memop);
    if (!p) {
        return cpu->ops->store_wide(cpu, gva, memop, v);
    }
    memcpy(p, v, memop_bytes(memop));
    return SLOW_OK;
}

static SlowResult run_wide_memory(Frame *f, IrRef ref, const IrInsn *insn, uint64_t gva)
{
    IrWide b = wide_value(f, insn->b), c = wide_value(f, insn->c), old;
    if (insn->op == IR_ST) {
        return store_wide(f->cpu, gva, insn->memop, &b);
    }
    SlowResult result = load_wide(f->cpu, gva, insn->op == IR_CAS ? insn->memop | MEMOP_STORE_FAULT : insn->memop, &old);
    set_wide(f, ref, &old);
    if (insn->op == IR_CAS && result == SLOW_OK && old.w[0] == b.w[0] && old.w[1] == b.w[1]) {
        return store_wide(f->cpu, gva, insn->memop, &c);
    }
    return result;
}

static SlowResult run_memory(Frame *f, IrRef ref, const IrInsn *insn)
{
    CPU *cpu = f->cpu;
    uint64_t gva = f->value[insn->a] + (uint64_t)(int64_t)insn->disp, old = 0;
    SlowResult result;
    if ((insn->memop & MEMOP_SIZE) > 3) {
        return run_wide_memory(f, ref, insn, gva);
    }
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
        write_slot(f, p->type, p->slot, p->value);
    }
    return leave(f, snap->pc, IR_EXIT_BOUNDARY, true);
}

// False if the helper raised an exception.
static bool run_call(Frame *f, IrRef ref, const IrInsn *insn)
{
    const IrHelper *helper = (const IrHelper *)(intptr_t)insn->imm;
    f->value[ref] = helper->fn(f->cpu, f->value[insn->a], f->value[insn->b], f->value[insn->c]);
    return !(helper->flags & HELPER_RAISES) || !f->cpu->exception;
}

static void run_select(Frame *f, IrRef ref, const IrInsn *insn)
{
    if (insn->type == IR_FLAGS_TUPLE) {
        run_wide(f, ref, insn);
    } else {
        f->value[ref] = f->value[insn->a] ? f->value[insn->b] : f->value[insn->c];
    }
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
        case IR_GETREG: read_slot(&f, ref, insn->type, (uint32_t)insn->imm); break;
        case IR_SETREG: write_slot(&f, insn->type, (uint32_t)insn->imm, insn->a); break;
        case IR_CONST: v[ref] = insn->type == IR_I32 ? (uint32_t)insn->imm : (uint64_t)insn->imm; break;
        case IR_LD: case IR_ST: case IR_RMW: case IR_CAS: {
            SlowResult result = run_memory(&f, ref, insn);
            assert(result != SLOW_ALONE);
            if (result == SLOW_FAULT) {
                return leave_raising(&f, insn);
            }
            break;
        }
        case IR_CALL:
            if (!run_call(&f, ref, insn)) {
                return leave_raising(&f, insn);
            }
            break;
        case IR_EXITIF:
            if (ir_compare(insn->sub, insn->type, v[insn->a], v[insn->b])) {
                return leave(&f, (uint64_t)insn->imm, IR_EXIT_BOUNDARY, false);
            }
            break;
        case IR_JOIN: break;
        case IR_SKIP: assert(false && "T1's alone"); break;
        case IR_GOTO: return leave(&f, (uint64_t)insn->imm, IR_EXIT_BOUNDARY, false);
        case IR_IJMP: return leave(&f, v[insn->a], IR_EXIT_BOUNDARY, false);
        case IR_EXIT: return leave(&f, (uint64_t)insn->imm, insn->sub, true);
        case IR_EXITPC: return leave(&f, v[insn->a], insn->sub, true);
        case IR_TRAP:
            cpu_raise(cpu, (unsigned)insn->imm, v[insn->a]);
            return leave_raising(&f, insn);
        case IR_SELECT: run_select(&f, ref, insn); break;
        case IR_CAT: case IR_LO: case IR_HI: case IR_MULS2: case IR_MULU2:
        case IR_FLAGS: case IR_CC: case IR_FLAGBIT: case IR_FLAGBITS:
        case IR_VADD: case IR_VSUB: case IR_VAND: case IR_VANDN: case IR_VOR: case IR_VXOR: case IR_VCMPEQ: case IR_VCMPGT: case IR_VSHUF:
        case IR_VSPLAT: case IR_VGET: case IR_VPUT: case IR_VFADD: case IR_VFSUB: case IR_VFMUL: case IR_VFDIV:
            run_wide(&f, ref, insn);
            break;
        default: v[ref] = interp_op(cpu, insn, v[insn->a], v[insn->b], v[insn->c]); break;
        }
    }
    assert(false && "a block ends with an E op");
    return leave(&f, block->pc, IR_EXIT_BOUNDARY, true);
}
