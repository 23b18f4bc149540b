// SPDX-License-Identifier: GPL-2.0-or-later
// The generator of random blocks: each step picks an op of the table and operands of its types among recent values.
#include "tests/ir/random-block.h"

#include <glib.h>

#include "tcg/ir-text.h"

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
    case IR_V64: case IR_V128: case IR_V256: return ir_emit(g->b, IR_VSPLAT, type, value(g, IR_I64), 0, 0, below(g, 4), 0);
    case IR_FLAGS_TUPLE: return ir_flags(g->b, IR_I64, IR_FLAGS_BITS, value(g, IR_I64), 0, 0);
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
    static const struct {
        IrType type;
        char class;
    } types[] = {
        { IR_I32, 'i' }, { IR_I64, 'i' }, { IR_I64, 'i' }, { IR_F32, 'f' }, { IR_F64, 'f' }, { IR_I8, 'n' }, { IR_I16, 'n' },
        { IR_I128, 'q' }, { IR_V64, 'v' }, { IR_V128, 'v' }, { IR_V256, 'v' }, { IR_FLAGS_TUPLE, 'k' },
    };
    for (;;) {
        unsigned i = below(g, G_N_ELEMENTS(types));
        if (ir_op_has(op, types[i].class)) {
            return types[i].type;
        }
    }
}

static unsigned random_sub(Gen *g, IrOp op)
{
    IrSubs subs = ir_op_subs(op);
    unsigned sub = 0;
    if (subs.count) {
        do {
            sub = below(g, subs.count);
        } while (!subs.names[sub]);
    }
    return sub;
}

static int64_t random_imm(Gen *g, const IrInsn *insn)
{
    switch (insn->op) {
    case IR_EXTRACT: case IR_SEXTRACT: case IR_DEPOSIT: return random_field(g, insn->type);
    case IR_FMA: return below(g, 4);
    case IR_VGET: case IR_VPUT: return below(g, ir_type_bytes(insn->type) >> insn->sub);
    default: return 0;
    }
}

// Any op that computes.
static void random_op(Gen *g)
{
    IrOp op;
    do {
        op = below(g, IR_OP_COUNT);
    } while (op == IR_INSN || op == IR_CONST || op == IR_GETREG || op == IR_SETREG || op == IR_SKIP || op == IR_JOIN || ir_op_has(op, 'S') || ir_op_has(op, 'E'));
    IrInsn insn = { .op = (uint8_t)op };
    insn.type = (uint8_t)(ir_op_is_typed(op) ? random_type(g, op) : ir_result_type(&insn));
    insn.sub = (uint8_t)random_sub(g, op);
    insn.imm = random_imm(g, &insn);
    unsigned present = op == IR_FLAGS ? ir_flag_operands[insn.sub] : (1u << strlen(ir_ops[op].operands)) - 1;
    IrRef refs[3] = { 0, 0, 0 };
    for (unsigned i = 0; i < 3; i++) {
        if (present >> i & 1) {
            refs[i] = value(g, ir_operand_type(&insn, i));
        }
    }
    if (present == 3 && below(g, 12) == 0 && ir_operand_type(&insn, 0) == ir_operand_type(&insn, 1)) {
        refs[1] = refs[0];
    }
    keep(g, ir_emit(g->b, op, insn.type, refs[0], refs[1], refs[2], insn.sub, insn.imm));
}

// Flags as front ends make them, and their use.
static void random_flags(Gen *g)
{
    static const IrType types[] = { IR_I8, IR_I16, IR_I32, IR_I64 };
    static const IrFlagKind kinds[] = { IR_FLAGS_ADD, IR_FLAGS_SUB, IR_FLAGS_SUBN, IR_FLAGS_LOGIC, IR_FLAGS_INC, IR_FLAGS_DEC, IR_FLAGS_NEG };
    IrType type = types[below(g, 4)], wide = ir_value_type(type);
    IrFlagKind kind = kinds[below(g, G_N_ELEMENTS(kinds))];
    IrRef a = value(g, wide), b = value(g, wide), one = ir_const(g->b, wide, 1), c;
    switch (kind) {
    case IR_FLAGS_ADD: c = ir_op2(g->b, IR_ADD, wide, a, b); break;
    case IR_FLAGS_LOGIC: c = ir_op2(g->b, IR_AND, wide, a, b); break;
    case IR_FLAGS_INC: c = ir_op2(g->b, IR_ADD, wide, a, one); break;
    case IR_FLAGS_DEC: c = ir_op2(g->b, IR_SUB, wide, a, one); break;
    case IR_FLAGS_NEG: c = ir_op1(g->b, IR_NEG, wide, a); break;
    default: c = ir_op2(g->b, IR_SUB, wide, a, b); break;
    }
    unsigned present = ir_flag_operands[kind];
    IrRef flags = ir_flags(g->b, type, kind, present & 1 ? a : 0, present & 2 ? b : 0, c);
    keep(g, flags);
    ir_setreg(g->b, IR_FLAGS_TUPLE, FAKE_SLOT(s.flags[0]) + (uint32_t)sizeof(IrFlags) * below(g, 2), flags);
    if (below(g, 2)) {
        keep(g, ir_cc(g->b, below(g, IR_CC_COUNT), flags));
    }
    if (below(g, 4) == 0) {
        keep(g, ir_emit(g->b, IR_FLAGBIT, IR_I64, flags, 0, 0, below(g, IR_FLAG_COUNT), 0));
    }
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
    unsigned whole = (unsigned)__builtin_ctz(ir_type_bytes(type)), size = is_int ? below(g, whole + 1) : whole;
    MemOp memop = size | below(g, MMU_COUNT) << MEMOP_MMU_SHIFT | (below(g, 4) || whole > 3 ? 0 : MEMOP_BSWAP);
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
            case 3: random_flags(&g); break;
            case 4: case 5: case 6: random_setreg(&g); break;
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
