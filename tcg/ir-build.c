// SPDX-License-Identifier: GPL-2.0-or-later
// The IR builder: appends instructions to a block and shares what is the same.
//
// Constants and register reads are shared within a block: a read of a slot that the block has written gives the written value, if the type is the
// same and nothing (a helper, an overlapping write) may have changed the slot since. Slots in CpuArch are always read, since ops change them
// (sticky float flags). Nothing else is optimised here.
#include "tcg/cpu.h"

#include <assert.h>
#include <glib.h>

const IrOpInfo ir_ops[IR_OP_COUNT] = {
#define OP(NAME, text, result, operands, flags, doc) [IR_##NAME] = { text, result, operands, flags, doc },
#include "tcg/ops.def"
#undef OP
};

const char *const ir_type_names[IR_TYPE_COUNT] = {
    "void", "i8", "i16", "i32", "i64", "i128", "f32", "f64", "v64", "v128", "v256", "flags",
};

const char *const ir_cond_names[IR_COND_COUNT] = {
    "eq", "ne", "lts", "ges", "ltu", "geu", "les", "gts", "leu", "gtu", "tsteq", "tstne",
};

static IrType bank_partner(IrType type)
{
    switch (type) {
    case IR_I32: return IR_F32;
    case IR_I64: return IR_F64;
    case IR_F32: return IR_I32;
    case IR_F64: return IR_I64;
    default: return IR_VOID;
    }
}

// The type that a RESULT or OPERANDS letter stands for.
static IrType letter_type(char letter, IrType type)
{
    switch (letter) {
    case 'T': return ir_value_type(type);
    case 'L': return IR_I64;
    case 'W': return IR_I32;
    case 'Q': return IR_I128;
    case 'F': return IR_F32;
    case 'D': return IR_F64;
    case 'K': return IR_FLAGS_TUPLE;
    case 'B': return bank_partner(type);
    default: return IR_VOID;
    }
}

IrType ir_result_type(const IrInsn *insn)
{
    if (insn->op == IR_CALL) {
        const IrHelper *helper = (const IrHelper *)(intptr_t)insn->imm;
        return helper->result ? IR_I64 : IR_VOID;
    }
    return letter_type(ir_ops[insn->op].result[0], insn->type);
}

IrType ir_operand_type(const IrInsn *insn, unsigned n)
{
    const char *operands = ir_ops[insn->op].operands;
    return n < strlen(operands) ? letter_type(operands[n], insn->type) : IR_VOID;
}

IrBuilder *ir_builder_new(void)
{
    IrBuilder *b = g_new0(IrBuilder, 1);
    b->block.ins = g_new0(IrInsn, IR_MAX_INSNS);
    b->block.snaps = g_new0(IrSnap, IR_MAX_SNAPS);
    b->block.pending = g_new0(IrPending, IR_MAX_PENDING);
    return b;
}

void ir_builder_free(IrBuilder *b)
{
    if (b) {
        g_free(b->block.ins);
        g_free(b->block.snaps);
        g_free(b->block.pending);
        g_free(b->scratch);
        g_free(b);
    }
}

void ir_begin(IrBuilder *b, uint64_t pc, uint32_t flags)
{
    IrBlock *block = &b->block;
    block->pc = pc;
    block->flags = flags;
    block->nins = 1;
    block->nguest = block->nsnaps = block->npending = 0;
    block->bytes = 0;
    memset(&block->ins[0], 0, sizeof(block->ins[0]));
    b->full = false;
    b->snap = 0;
    b->nslots = 0;
    b->nconsts = 0;
    memset(b->join, 0xff, sizeof(b->join)); // no instruction is there
}

IrRef ir_emit(IrBuilder *b, IrOp op, IrType type, IrRef x, IrRef y, IrRef z, unsigned sub, int64_t imm)
{
    IrBlock *block = &b->block;
    assert(block->nins < IR_MAX_INSNS);
    IrRef ref = block->nins++;
    block->ins[ref] = (IrInsn){ .op = (uint8_t)op, .type = (uint8_t)type, .sub = (uint8_t)sub, .a = x, .b = y, .c = z,
                                .snap = b->snap, .imm = imm };
    b->full = block->nins > IR_MAX_INSNS - IR_ROOM || block->nsnaps >= IR_MAX_SNAPS - 1 || block->nguest >= IR_MAX_GUEST;
    return ref;
}

void ir_insn(IrBuilder *b, uint64_t pc, unsigned length)
{
    IrBlock *block = &b->block;
    assert(block->nsnaps < IR_MAX_SNAPS);
    b->snap = block->nsnaps++;
    block->snaps[b->snap] = (IrSnap){ .pc = pc, .index = block->nguest++ };
    if (pc >= block->pc && pc - block->pc + length > block->bytes) {
        block->bytes = (uint32_t)(pc - block->pc) + length;
    }
    ir_emit(b, IR_INSN, IR_VOID, 0, 0, 0, length, (int64_t)pc);
    for (unsigned i = 0; i < IR_JOINS; i++) {
        if (b->join[i] == pc && b->nslots) {
            b->nslots = 0;
            ir_emit(b, IR_JOIN, IR_VOID, 0, 0, 0, 0, 0);
        }
    }
}

IrRef ir_const(IrBuilder *b, IrType type, int64_t value)
{
    if (type == IR_I32) {
        value = (int64_t)(uint32_t)value;
    }
    for (unsigned i = 0; i < b->nconsts; i++) {
        const IrInsn *insn = &b->block.ins[b->consts[i]];
        if (insn->imm == value && insn->type == type) {
            return b->consts[i];
        }
    }
    IrRef ref = ir_emit(b, IR_CONST, type, 0, 0, 0, 0, value);
    if (b->nconsts < IR_KNOWN) {
        b->consts[b->nconsts++] = ref;
    }
    return ref;
}

static void remember_slot(IrBuilder *b, IrType type, uint32_t slot, IrRef value)
{
    if (b->nslots < IR_KNOWN && slot >= sizeof(CpuArch)) {
        b->slots[b->nslots++] = (IrPending){ .slot = slot, .type = (uint8_t)type, .value = value };
    }
}

// Remembers that `slot` holds `value`; forgets what overlaps. A narrow value isn't what a read would give: its upper bits may be set.
static void know_slot(IrBuilder *b, IrType type, uint32_t slot, IrRef value)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < b->nslots; i++) {
        IrPending k = b->slots[i];
        if (k.slot + ir_type_bytes(k.type) <= slot || slot + ir_type_bytes(type) <= k.slot) {
            b->slots[kept++] = k;
        }
    }
    b->nslots = kept;
    if (ir_value_type(type) == type) {
        remember_slot(b, type, slot, value);
    }
}

IrRef ir_getreg(IrBuilder *b, IrType type, uint32_t slot)
{
    for (unsigned i = 0; i < b->nslots; i++) {
        if (b->slots[i].slot == slot && b->slots[i].type == type) {
            return b->slots[i].value;
        }
    }
    IrRef ref = ir_emit(b, IR_GETREG, type, 0, 0, 0, 0, slot);
    remember_slot(b, type, slot, ref);
    return ref;
}

void ir_setreg(IrBuilder *b, IrType type, uint32_t slot, IrRef value)
{
    ir_emit(b, IR_SETREG, type, value, 0, 0, 0, slot);
    know_slot(b, type, slot, value);
}

IrRef ir_cmp(IrBuilder *b, IrType type, IrCond cond, IrRef x, IrRef y)
{
    return ir_emit(b, IR_CMP, type, x, y, 0, cond, 0);
}

IrRef ir_select(IrBuilder *b, IrType type, IrRef cond, IrRef x, IrRef y)
{
    return ir_emit(b, IR_SELECT, type, cond, x, y, 0, 0);
}

static IrRef emit_memory(IrBuilder *b, IrOp op, IrType type, MemOp memop, int32_t disp, IrRef x, IrRef y, IrRef z, unsigned sub)
{
    IrRef ref = ir_emit(b, op, type, x, y, z, sub, 0);
    b->block.ins[ref].memop = memop;
    b->block.ins[ref].disp = disp;
    return ref;
}

IrRef ir_load(IrBuilder *b, IrType type, MemOp memop, IrRef address, int32_t disp)
{
    return emit_memory(b, IR_LD, type, memop, disp, address, 0, 0, 0);
}

void ir_store(IrBuilder *b, IrType type, MemOp memop, IrRef address, int32_t disp, IrRef value)
{
    emit_memory(b, IR_ST, type, memop, disp, address, value, 0, 0);
}

IrRef ir_rmw(IrBuilder *b, IrType type, MemOp memop, RmwOp op, IrRef address, IrRef value)
{
    return emit_memory(b, IR_RMW, type, memop, 0, address, value, 0, op);
}

IrRef ir_call(IrBuilder *b, const IrHelper *helper, IrRef x, IrRef y, IrRef z)
{
    IrRef ref = ir_emit(b, IR_CALL, IR_VOID, x, y, z, 0, (int64_t)(intptr_t)helper);
    if (helper->flags & HELPER_WRITES_REGS) {
        b->nslots = 0;
    }
    return helper->result ? ref : 0;
}

IrRef ir_flags(IrBuilder *b, IrType type, IrFlagKind kind, IrRef x, IrRef y, IrRef result)
{
    return ir_emit(b, IR_FLAGS, type, x, y, result, kind, 0);
}

IrRef ir_cc(IrBuilder *b, IrCc cc, IrRef flags)
{
    return ir_emit(b, IR_CC, IR_I64, flags, 0, 0, cc, 0);
}

void ir_exitif(IrBuilder *b, IrType type, IrCond cond, IrRef x, IrRef y, uint64_t pc)
{
    ir_emit(b, IR_EXITIF, type, x, y, 0, cond, (int64_t)pc);
    b->join[b->njoins++ % IR_JOINS] = pc;
}

void ir_goto(IrBuilder *b, uint64_t pc)
{
    ir_emit(b, IR_GOTO, IR_VOID, 0, 0, 0, 0, (int64_t)pc);
}

void ir_ijmp(IrBuilder *b, IrRef pc, IrJump kind)
{
    ir_emit(b, IR_IJMP, IR_VOID, pc, 0, 0, kind, 0);
}

void ir_exit(IrBuilder *b, IrExit reason, uint64_t pc)
{
    ir_emit(b, IR_EXIT, IR_VOID, 0, 0, 0, reason, (int64_t)pc);
}

void ir_exitpc(IrBuilder *b, IrExit reason, IrRef pc)
{
    ir_emit(b, IR_EXITPC, IR_VOID, pc, 0, 0, reason, 0);
}

void ir_trap(IrBuilder *b, unsigned exception, IrRef value)
{
    ir_emit(b, IR_TRAP, IR_VOID, value, 0, 0, 0, exception);
}

void ir_begin_from(IrBuilder *b, const IrBlock *block)
{
    ir_begin(b, block->pc, block->flags);
    IrBlock *own = &b->block;
    own->nins = block->nins;
    own->nguest = block->nguest;
    own->nsnaps = block->nsnaps;
    own->npending = block->npending;
    own->bytes = block->bytes;
    memcpy(own->ins, block->ins, block->nins * sizeof(IrInsn));
    memcpy(own->snaps, block->snaps, block->nsnaps * sizeof(IrSnap));
    memcpy(own->pending, block->pending, block->npending * sizeof(IrPending));
}

IrBlock *ir_block_copy(const IrBlock *block)
{
    size_t ins = block->nins * sizeof(IrInsn), snaps = block->nsnaps * sizeof(IrSnap);
    size_t pending = block->npending * sizeof(IrPending);
    uint8_t *memory = g_malloc(sizeof(IrBlock) + ins + snaps + pending);
    IrBlock *copy = (IrBlock *)(void *)memory;
    *copy = *block;
    copy->ins = memcpy(memory + sizeof(IrBlock), block->ins, ins);
    copy->snaps = memcpy(memory + sizeof(IrBlock) + ins, block->snaps, snaps);
    copy->pending = memcpy(memory + sizeof(IrBlock) + ins + snaps, block->pending, pending);
    return copy;
}
