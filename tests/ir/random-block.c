// SPDX-License-Identifier: GPL-2.0-or-later
// The generator of random blocks: each step picks an op of the table and operands of its types among recent values.
#include "tests/ir/random-block.h"

#include <glib.h>

enum { RECENT = 12 };

typedef struct Gen {
    IrBuilder *b;
    uint64_t *seed;
    IrRef recent[IR_TYPE_COUNT][RECENT]; // values by type; 0: none
} Gen;

static unsigned below(Gen *g, unsigned n)
{
    return (unsigned)(fake_random(g->seed) % n);
}

static void keep(Gen *g, IrRef ref)
{
    IrType type = ref ? ir_result_type(&g->b->block.ins[ref]) : IR_VOID;
    g->recent[type][below(g, RECENT)] = ref;
}

static IrRef random_const(Gen *g, IrType type)
{
    return ir_const(g->b, type, (int64_t)(fake_operand(g->seed) & (ir_type_bytes(type) == 4 ? UINT32_MAX : UINT64_MAX)));
}

static const IrSlot *random_slot(Gen *g)
{
    return &fake_names.slots[below(g, (unsigned)fake_names.nslots)];
}

// A value of the type, a fresh one if need be.
static IrRef value(Gen *g, IrType type)
{
    IrRef ref = g->recent[type][below(g, RECENT)];
    if (ref && below(g, 8)) {
        return ref;
    }
    bool is_scalar = type == IR_I32 || type == IR_I64 || type == IR_F32 || type == IR_F64;
    if (is_scalar && below(g, 3) == 0) {
        return random_const(g, type);
    }
    for (unsigned tries = 0; tries < 8; tries++) {
        const IrSlot *slot = random_slot(g);
        if (ir_value_type(slot->type) == type || (type == IR_I64 && slot->type == IR_F64)) {
            ref = ir_getreg(g->b, slot->type == IR_F64 ? type : slot->type, slot->offset);
            keep(g, ref);
            return ref;
        }
    }
    switch (type) {
    case IR_I32: return ir_op1(g->b, IR_TRUNC, type, value(g, IR_I64));
    case IR_F32: return ir_op1(g->b, IR_NANUNBOX, type, value(g, IR_F64));
    case IR_I128: return ir_op2(g->b, IR_CAT, type, value(g, IR_I64), value(g, IR_I64));
    default: return random_const(g, type);
    }
}

static int64_t random_field(Gen *g, IrType type)
{
    unsigned width = 8 * ir_type_bytes(type), len = 1 + below(g, width), pos = below(g, width - len + 1);
    if (below(g, 3) == 0) {
        pos = below(g, 4) * 8;
        len = 8u << below(g, width == 64 ? 3 : 2);
        pos = pos + len > width ? 0 : pos;
    }
    return pos | (int64_t)len << 8;
}

static IrType random_type(Gen *g, IrOp op)
{
    static const IrType types[] = { IR_I32, IR_I64, IR_I64, IR_F32, IR_F64 };
    for (;;) {
        IrType type = types[below(g, G_N_ELEMENTS(types))];
        bool is_int = type == IR_I32 || type == IR_I64;
        if (ir_op_has(op, is_int ? 'i' : 'f')) {
            return type;
        }
    }
}

// Any op that computes.
static void random_op(Gen *g)
{
    IrOp op;
    do {
        op = below(g, IR_OP_COUNT);
    } while (op == IR_INSN || op == IR_CONST || op == IR_GETREG || op == IR_SETREG || ir_op_has(op, 'S') || ir_op_has(op, 'E'));
    const IrOpInfo *info = &ir_ops[op];
    bool typed = strchr(info->result, 'T') || strchr(info->operands, 'T') || strchr(info->operands, 'B');
    IrInsn insn = { .op = (uint8_t)op };
    insn.type = (uint8_t)(typed ? random_type(g, op) : ir_result_type(&insn));
    IrRef refs[3] = { 0, 0, 0 };
    for (unsigned i = 0; i < strlen(info->operands); i++) {
        refs[i] = value(g, ir_operand_type(&insn, i));
    }
    if (strlen(info->operands) == 2 && below(g, 12) == 0 && ir_operand_type(&insn, 0) == ir_operand_type(&insn, 1)) {
        refs[1] = refs[0];
    }
    int64_t imm = op == IR_EXTRACT || op == IR_SEXTRACT || op == IR_DEPOSIT ? random_field(g, insn.type) : op == IR_FMA ? below(g, 4) : 0;
    unsigned sub = ir_op_has(op, 'C') ? below(g, IR_COND_COUNT) : ir_op_has(op, 'R') ? below(g, 5) : 0;
    if (ir_op_has(op, 'R') && below(g, 2)) {
        sub = IR_ROUND_DYNAMIC;
    }
    keep(g, ir_emit(g->b, op, insn.type, refs[0], refs[1], refs[2], sub, imm));
}

static IrRef int_const(Gen *g, IrType type, uint64_t c)
{
    return ir_const(g->b, type, (int64_t)(type == IR_I32 ? (uint32_t)c : c));
}

// One step of a chain: an op on x and a constant, or a change of its width.
static IrRef random_link(Gen *g, IrRef x)
{
    static const IrOp with_const[] = { IR_SHL, IR_SHR, IR_SAR, IR_AND, IR_OR, IR_XOR, IR_ADD, IR_SUB, IR_MUL, IR_DIVU, IR_REMU, IR_ROL };
    static const IrOp alone[] = { IR_SEXT8, IR_SEXT16, IR_ZEXT8, IR_ZEXT16, IR_NEG, IR_NOT, IR_BSWAP, IR_BITREV8, IR_POPCNT, IR_CLZ };
    static const IrOp fields[] = { IR_EXTRACT, IR_SEXTRACT, IR_DEPOSIT };
    IrType type = ir_result_type(&g->b->block.ins[x]);
    IrOp op;
    switch (below(g, 6)) {
    case 0: case 1:
        op = with_const[below(g, G_N_ELEMENTS(with_const))];
        uint64_t c = op == IR_AND && below(g, 2) ? UINT64_MAX >> below(g, 64) : fake_operand(g->seed);
        if ((op == IR_SHL || op == IR_SHR || op == IR_SAR) && below(g, 8)) {
            c = below(g, 64);
        }
        return ir_op2(g->b, op, type, x, int_const(g, type, c));
    case 2: return ir_op1(g->b, alone[below(g, G_N_ELEMENTS(alone))], type, x);
    case 3: {
        op = fields[below(g, 3)];
        IrRef other = op == IR_DEPOSIT ? value(g, type) : 0;
        bool swap = other && below(g, 2);
        return ir_emit(g->b, op, type, swap ? other : x, swap ? x : other, 0, 0, random_field(g, type));
    }
    case 4: return ir_cmp(g->b, type, below(g, IR_COND_COUNT), x, below(g, 2) ? int_const(g, type, fake_operand(g->seed)) : value(g, type));
    default: return type == IR_I64 ? ir_op1(g->b, IR_TRUNC, IR_I32, x) : ir_op1(g->b, below(g, 2) ? IR_SEXT32 : IR_ZEXT32, IR_I64, x);
    }
}

// Values made from one another, as front ends do when registers are wider than operands.
static void random_chain(Gen *g)
{
    IrRef x = value(g, below(g, 3) ? IR_I64 : IR_I32);
    for (unsigned n = 2 + below(g, 4); n > 0; n--) {
        x = random_link(g, x);
        keep(g, x);
    }
}

// Writes the value to a slot, so that it counts.
static void show(Gen *g, IrRef x)
{
    IrType type = ir_result_type(&g->b->block.ins[x]);
    ir_setreg(g->b, type, (uint32_t)(type == IR_I64 ? FAKE_SLOT(s.x[0]) + 8 * below(g, 8) : FAKE_SLOT(s.w[0]) + 4 * below(g, 4)), x);
}

static void random_setreg(Gen *g)
{
    const IrSlot *slot = random_slot(g);
    IrType type = slot->type == IR_F64 && below(g, 4) == 0 ? IR_I64 : slot->type;
    ir_setreg(g->b, type, slot->offset, value(g, ir_value_type(type)));
}

static void random_memory(Gen *g)
{
    static const IrOp ops[] = { IR_LD, IR_LD, IR_ST, IR_ST, IR_RMW, IR_CAS };
    IrOp op = ops[below(g, G_N_ELEMENTS(ops))];
    IrType type = random_type(g, op);
    bool is_int = type == IR_I32 || type == IR_I64;
    unsigned whole = type == IR_I32 || type == IR_F32 ? 2 : 3, size = is_int ? below(g, whole + 1) : whole;
    MemOp memop = size | below(g, MMU_COUNT) << MEMOP_MMU_SHIFT | (below(g, 4) ? 0 : MEMOP_BSWAP);
    if (op != IR_ST && size < whole && is_int && below(g, 2)) {
        memop |= MEMOP_SIGNED;
    }
    IrRef address = value(g, IR_I64);
    if (below(g, 2)) {
        address = ir_op2(g->b, IR_ADD, IR_I64, address, random_const(g, IR_I64));
    }
    int32_t disp = below(g, 2) ? (int32_t)fake_random(g->seed) >> below(g, 32) : 0;
    unsigned sub = op == IR_RMW ? below(g, RMW_COUNT) : 0;
    IrRef b = op == IR_LD ? 0 : value(g, type), c = op == IR_CAS ? value(g, type) : 0;
    IrRef ref = ir_emit(g->b, op, type, address, b, c, sub, 0);
    g->b->block.ins[ref].memop = memop;
    g->b->block.ins[ref].disp = disp;
    if (op != IR_ST) {
        keep(g, ref);
    }
}

static void random_call(Gen *g)
{
    static const IrHelper *const helpers[] = { &fake_mix, &fake_peek, &fake_poke, &fake_trap, &fake_trap, &fake_stop };
    const IrHelper *helper = helpers[below(g, G_N_ELEMENTS(helpers))];
    IrRef refs[3] = { 0, 0, 0 };
    for (unsigned i = 0; i < helper->nargs; i++) {
        refs[i] = value(g, IR_I64);
    }
    keep(g, ir_call(g->b, helper, refs[0], refs[1], refs[2]));
}

static void random_end(Gen *g)
{
    IrRef x = value(g, IR_I64);
    switch (below(g, 5)) {
    case 0: ir_goto(g->b, fake_random(g->seed)); break;
    case 1: ir_ijmp(g->b, x, below(g, 3)); break;
    case 2: ir_exit(g->b, below(g, 2), fake_random(g->seed)); break;
    case 3: ir_exitpc(g->b, below(g, 2), x); break;
    default: ir_trap(g->b, below(g, 100), x); break;
    }
}

void random_expressions(IrBuilder *b, uint64_t *seed)
{
    Gen g = { .b = b, .seed = seed };
    ir_begin(b, 0x1000, 0);
    ir_insn(b, 0x1000, 4);
    for (unsigned n = 1 + below(&g, 4); n > 0; n--) {
        IrRef x = value(&g, below(&g, 3) ? IR_I64 : IR_I32);
        for (unsigned depth = 2 + below(&g, 3); depth > 0; depth--) {
            x = random_link(&g, x);
        }
        show(&g, x);
    }
    ir_goto(b, 0x1004);
}

void random_block(IrBuilder *b, uint64_t *seed)
{
    Gen g = { .b = b, .seed = seed };
    unsigned nguest = 1 + below(&g, 12), memory = 1 + below(&g, 6);
    uint64_t pc = 0x1000;
    ir_begin(b, pc, below(&g, 2));
    for (unsigned i = 0; i < nguest; i++) {
        unsigned length = 2 + 2 * below(&g, 2);
        ir_insn(b, pc, length);
        pc += length;
        for (unsigned n = below(&g, 6); n > 0; n--) {
            switch (below(&g, 8 + memory)) {
            case 0: case 1: random_op(&g); break;
            case 2: random_chain(&g); break;
            case 3: case 4: case 5: case 6: random_setreg(&g); break;
            case 7:
                if (below(&g, 2)) {
                    random_call(&g);
                } else {
                    IrType type = below(&g, 2) ? IR_I64 : IR_I32;
                    ir_exitif(b, type, below(&g, IR_COND_COUNT), value(&g, type), value(&g, type), fake_random(seed));
                }
                break;
            default: random_memory(&g); break;
            }
        }
    }
    random_end(&g);
}
