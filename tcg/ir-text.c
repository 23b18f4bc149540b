// SPDX-License-Identifier: GPL-2.0-or-later
// The text form of the IR: the printer, and the description of each op's operands that drives it and the parser (ir-parse.c).
//
//     block pc=0x1000 flags=0x0
//         insn 0x1000 4
//         v2 = getreg.i64 x1
//         v3 = ld.i64 [v2+8], size=4 mmu=0 signed {x5.i64=v2}
//         exitif.i64 ne v3, v2, 0x2000
//         goto 0x1004
//
// A value's number is that of its instruction when printed; a text may use any number once. `sub` comes first by name, `_` is an operand
// that is absent, braces hold the pending writes of the snapshot, # begins a comment. Printing what was parsed from a print gives it again.
#include "tcg/ir-text.h"

#include <assert.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>

// ---- what the operands of an op look like ----

static const char *const round_names[] = { "rne", "rtz", "rdn", "rup", "rmm", NULL, NULL, "dyn" };
static const char *const rmw_names[RMW_COUNT] = { "swap", "add", "and", "or", "xor", "mins", "maxs", "minu", "maxu" };
static const char *const jump_names[] = { "jump", "call", "return" };
static const char *const exit_names[] = { "boundary", "halt" };
static const char *const kind_names[IR_FLAGS_COUNT] = {
    "bits", "add", "adc", "sub", "sbb", "subn", "sbbn", "logic", "inc", "dec", "neg", "shl", "shr", "sar", "mul",
};
static const char *const cc_names[IR_CC_COUNT] = {
    "o", "no", "c", "nc", "z", "nz", "cz", "ncz", "s", "ns", "p", "np", "lt", "ge", "le", "gt", "ls", "hi",
};
static const char *const flag_names[IR_FLAG_COUNT] = { "c", "p", "a", "z", "s", "o" };
static const char *const int_lane_names[] = { "i8", "i16", "i32", "i64" };
static const char *const float_lane_names[] = { NULL, NULL, "f32", "f64" };

#define SUBS(names) ((IrSubs){ names, sizeof(names) / sizeof((names)[0]) })

IrSubs ir_op_subs(IrOp op)
{
    switch (op) {
    case IR_RMW: return SUBS(rmw_names);
    case IR_IJMP: return SUBS(jump_names);
    case IR_EXIT: case IR_EXITPC: return SUBS(exit_names);
    case IR_FLAGS: return SUBS(kind_names);
    case IR_CC: return SUBS(cc_names);
    case IR_FLAGBIT: return SUBS(flag_names);
    default: break;
    }
    if (ir_op_has(op, 'C')) {
        return (IrSubs){ ir_cond_names, IR_COND_COUNT };
    }
    if (ir_op_has(op, 'V')) {
        return SUBS(int_lane_names);
    }
    if (ir_op_has(op, 'Y')) {
        return SUBS(float_lane_names);
    }
    return ir_op_has(op, 'R') ? SUBS(round_names) : (IrSubs){ NULL, 0 };
}

const char *ir_op_form(IrOp op)
{
    static const char *const plain[2][4] = { { "", "a", "ab", "abc" }, { "s", "sa", "sab", "sabc" } };
    switch (op) {
    case IR_INSN: return "l";
    case IR_CONST: return "i";
    case IR_GETREG: return "r";
    case IR_SETREG: return "ra";
    case IR_EXTRACT: case IR_SEXTRACT: return "ax";
    case IR_DEPOSIT: return "abx";
    case IR_FMA: return "sAbC";
    case IR_SKIP: return "an";
    case IR_VGET: return "san";
    case IR_VPUT: return "sabn";
    case IR_LD: return "mM";
    case IR_ST: return "mbM";
    case IR_RMW: return "smbM";
    case IR_CAS: return "mbcM";
    case IR_CALL: return "h";
    case IR_EXITIF: return "sabp";
    case IR_GOTO: return "p";
    case IR_EXIT: return "sp";
    case IR_TRAP: return "na";
    default: return plain[ir_op_subs(op).count > 0][strlen(ir_ops[op].operands)];
    }
}

bool ir_op_is_typed(IrOp op)
{
    const IrOpInfo *info = &ir_ops[op];
    return strchr(info->result, 'T') || strchr(info->operands, 'T') || strchr(info->operands, 'B');
}

const IrMemopBit ir_memop_bits[IR_MEMOP_BITS] = {
    { MEMOP_SIGNED, "signed" }, { MEMOP_BSWAP, "be" }, { MEMOP_ALIGNED, "align" }, { MEMOP_ACQUIRE, "acquire" },
    { MEMOP_RELEASE, "release" }, { MEMOP_STORE_FAULT, "storefault" },
};

// ---- printing ----

static const char *type_name(IrType type)
{
    return type < IR_TYPE_COUNT ? ir_type_names[type] : "?";
}

static void print_ref(GString *s, IrRef ref)
{
    if (ref) {
        g_string_append_printf(s, "v%u", ref);
    } else {
        g_string_append_c(s, '_');
    }
}

static void print_slot(GString *s, uint32_t slot, const IrNames *names)
{
    for (size_t i = 0; names && i < names->nslots; i++) {
        const IrSlot *n = &names->slots[i];
        if (slot - n->offset < ir_type_bytes(n->type)) {
            g_string_append(s, n->name);
            if (slot > n->offset) {
                g_string_append_printf(s, "+%u", slot - n->offset);
            }
            return;
        }
    }
    g_string_append_printf(s, "@%u", slot);
}

static void print_const(GString *s, IrType type, int64_t value)
{
    if (type == IR_I32 || type == IR_F32) {
        value = type == IR_I32 ? (int64_t)(int32_t)value : (int64_t)(uint32_t)value;
    }
    bool is_float = type == IR_F32 || type == IR_F64;
    if (!is_float && value > -65536 && value < 65536) {
        g_string_append_printf(s, "%" PRId64, value);
    } else {
        g_string_append_printf(s, "0x%" PRIx64, type == IR_I32 ? (uint64_t)(uint32_t)value : (uint64_t)value);
    }
}

static void print_memop(GString *s, MemOp memop)
{
    g_string_append_printf(s, "size=%u mmu=%u", memop_bytes(memop), memop_mmu(memop));
    for (unsigned i = 0; i < IR_MEMOP_BITS; i++) {
        if (memop & ir_memop_bits[i].bit) {
            g_string_append_printf(s, " %s", ir_memop_bits[i].name);
        }
    }
}

static void print_address(GString *s, const IrInsn *insn)
{
    g_string_append_c(s, '[');
    print_ref(s, insn->a);
    if (insn->disp) {
        g_string_append_printf(s, "%+d", insn->disp);
    }
    g_string_append_c(s, ']');
}

static void print_call(GString *s, const IrInsn *insn)
{
    const IrHelper *helper = (const IrHelper *)(intptr_t)insn->imm;
    const IrRef refs[3] = { insn->a, insn->b, insn->c };
    unsigned n = 3;
    while (n > 0 && !refs[n - 1]) {
        n--;
    }
    g_string_append_printf(s, "%s(", helper ? helper->name : "?");
    for (unsigned i = 0; i < n; i++) {
        g_string_append(s, i ? ", " : "");
        print_ref(s, refs[i]);
    }
    g_string_append_c(s, ')');
}

static void print_sub(GString *s, const IrInsn *insn)
{
    IrSubs subs = ir_op_subs(insn->op);
    if (insn->sub < subs.count && subs.names[insn->sub]) {
        g_string_append(s, subs.names[insn->sub]);
    } else {
        g_string_append_printf(s, "?%u", insn->sub);
    }
}

static void print_part(GString *s, char part, const IrInsn *insn, const IrNames *names)
{
    switch (part) {
    case 'a': print_ref(s, insn->a); break;
    case 'b': print_ref(s, insn->b); break;
    case 'c': print_ref(s, insn->c); break;
    case 'A': g_string_append(s, insn->imm & 1 ? "-" : ""); print_ref(s, insn->a); break;
    case 'C': g_string_append(s, insn->imm & 2 ? "-" : ""); print_ref(s, insn->c); break;
    case 's': print_sub(s, insn); break;
    case 'l': g_string_append_printf(s, "0x%" PRIx64 " %u", (uint64_t)insn->imm, insn->sub); break;
    case 'p': g_string_append_printf(s, "0x%" PRIx64, (uint64_t)insn->imm); break;
    case 'i': print_const(s, insn->type, insn->imm); break;
    case 'n': g_string_append_printf(s, "%" PRIu64, (uint64_t)insn->imm); break;
    case 'r': print_slot(s, (uint32_t)insn->imm, names); break;
    case 'x':
        g_string_append_printf(s, "pos=%u len=%u", (unsigned)insn->imm & 0xff, (unsigned)(insn->imm >> 8) & 0xff);
        break;
    case 'm': print_address(s, insn); break;
    case 'M': print_memop(s, insn->memop); break;
    case 'h': print_call(s, insn); break;
    default: assert(false && "part of a form");
    }
}

static void print_pending(GString *s, const IrBlock *block, const IrInsn *insn, const IrNames *names)
{
    if (!ir_op_has(insn->op, 'S') || insn->snap >= block->nsnaps || !block->snaps[insn->snap].npending) {
        return;
    }
    const IrSnap *snap = &block->snaps[insn->snap];
    for (unsigned i = 0; i < snap->npending && snap->first_pending + i < block->npending; i++) {
        const IrPending *p = &block->pending[snap->first_pending + i];
        g_string_append(s, i ? ", " : " {");
        print_slot(s, p->slot, names);
        g_string_append_printf(s, ".%s=", type_name(p->type));
        print_ref(s, p->value);
    }
    g_string_append_c(s, '}');
}

static void print_insn(GString *s, const IrBlock *block, IrRef ref, const IrNames *names)
{
    const IrInsn *insn = &block->ins[ref];
    g_string_append(s, "    ");
    if (insn->op >= IR_OP_COUNT || insn->type >= IR_TYPE_COUNT) {
        g_string_append_printf(s, "?%u.%u\n", insn->op, insn->type);
        return;
    }
    if (insn->op == IR_CALL ? insn->imm && ir_result_type(insn) : ir_ops[insn->op].result[0] != '-') {
        g_string_append_printf(s, "v%u = ", ref);
    }
    g_string_append(s, ir_ops[insn->op].name);
    if (ir_op_is_typed(insn->op)) {
        g_string_append_printf(s, ".%s", type_name(insn->type));
    }
    const char *form = ir_op_form(insn->op);
    for (const char *part = form; *part; part++) {
        g_string_append(s, part == form || part[-1] == 's' ? " " : ", ");
        print_part(s, *part, insn, names);
    }
    print_pending(s, block, insn, names);
    g_string_append_c(s, '\n');
}

// Guest bytes up to the end of the last guest instruction.
static uint32_t covered_bytes(const IrBlock *block)
{
    for (IrRef ref = block->nins; ref-- > 1;) {
        const IrInsn *insn = &block->ins[ref];
        if (insn->op == IR_INSN) {
            return (uint32_t)((uint64_t)insn->imm - block->pc) + insn->sub;
        }
    }
    return 0;
}

char *ir_print(const IrBlock *block, const IrNames *names)
{
    GString *s = g_string_new(NULL);
    g_string_append_printf(s, "block pc=0x%" PRIx64 " flags=0x%x", block->pc, block->flags);
    if (block->bytes != covered_bytes(block)) {
        g_string_append_printf(s, " bytes=%u", block->bytes);
    }
    g_string_append_c(s, '\n');
    for (IrRef ref = 1; ref < block->nins; ref++) {
        print_insn(s, block, ref, names);
    }
    return g_string_free(s, FALSE);
}
