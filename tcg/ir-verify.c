// SPDX-License-Identifier: GPL-2.0-or-later
// The IR verifier: what every executor may take for granted about a block.
//
// - Each operand is made before it is used and has the type that the op table asks for; absent operands are 0.
// - sub, imm, disp and memop hold nothing that the op doesn't know, and sizes go with types.
// - The block begins a guest instruction before anything with an effect, and ends with an E op, its only one.
// - Each instruction's snapshot is of the guest instruction that it belongs to. Only those of S ops but EXITIF have pending writes, which
//   don't overlap, and hold values made before.
// - Two accesses to the state overlap only if they are of the same bytes, or one is a vector that contains the other.
// Not checked: that a helper is one of the target's, and that slots are (the target's table isn't known here).
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "tcg/cpu.h"
#include "tcg/ir-text.h"

enum { MAX_SLOT = 1 << 24, MAX_EXTENTS = 512 };

typedef struct Extent { // bytes of the state that the block accesses
    uint32_t slot;
    uint8_t bytes;
    bool vector;
} Extent;

typedef struct Verifier {
    const IrBlock *block;
    Error *err;
    IrRef ref;              // instruction looked at
    unsigned nguest;        // guest instructions begun
    uint64_t pc;            // of the last one
    unsigned nextents;
    Extent extents[MAX_EXTENTS];
} Verifier;

static bool bad(Verifier *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool bad(Verifier *v, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *message = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    if (v->ref) {
        const IrInsn *insn = &v->block->ins[v->ref];
        fail(v->err, "v%u (%s): %s", v->ref, insn->op < IR_OP_COUNT ? ir_ops[insn->op].name : "?", message);
    } else {
        fail(v->err, "%s", message);
    }
    g_free(message);
    return false;
}

// ---- types and operands ----

static bool is_vector(IrType type)
{
    return type == IR_V64 || type == IR_V128 || type == IR_V256;
}

static char type_class(IrType type)
{
    switch (type) {
    case IR_I8: case IR_I16: return 'n';
    case IR_I32: case IR_I64: return 'i';
    case IR_I128: return 'q';
    case IR_F32: case IR_F64: return 'f';
    case IR_V64: case IR_V128: case IR_V256: return 'v';
    case IR_FLAGS_TUPLE: return 'k';
    default: return '?';
    }
}

static bool verify_type(Verifier *v, const IrInsn *insn)
{
    if (insn->type >= IR_TYPE_COUNT) {
        return bad(v, "there is no type %u", insn->type);
    }
    if (ir_op_is_typed(insn->op)) {
        return ir_op_has(insn->op, type_class(insn->type)) || bad(v, "it can't be of type %s", ir_type_names[insn->type]);
    }
    IrInsn open = { .op = insn->op };
    IrType type = insn->op == IR_CALL ? IR_VOID : ir_result_type(&open);
    return insn->type == type || bad(v, "its type is %s, not %s", ir_type_names[insn->type], ir_type_names[type]);
}

static bool verify_operand(Verifier *v, const IrInsn *insn, unsigned n, IrRef ref, bool present)
{
    if (!present) {
        return !ref || bad(v, "it has no operand %u", n + 1);
    }
    if (!ref) {
        return bad(v, "operand %u is missing", n + 1);
    }
    if (ref >= v->ref) {
        return bad(v, "operand %u, v%u, isn't made yet", n + 1, ref);
    }
    IrType have = ir_result_type(&v->block->ins[ref]), want = ir_operand_type(insn, n);
    return have == want || bad(v, "operand %u, v%u, is of type %s, not %s", n + 1, ref, ir_type_names[have], ir_type_names[want]);
}

static bool verify_operands(Verifier *v, const IrInsn *insn)
{
    const IrRef refs[3] = { insn->a, insn->b, insn->c };
    size_t count = strlen(ir_ops[insn->op].operands);
    unsigned present = (1u << count) - 1;
    if (insn->op == IR_CALL) {
        const IrHelper *helper = (const IrHelper *)(intptr_t)insn->imm;
        if (!helper || !helper->fn || helper->nargs > 3) {
            return bad(v, "it calls no helper");
        }
        present = (1u << helper->nargs) - 1;
    }
    if (insn->op == IR_FLAGS) {
        present = insn->sub < IR_FLAGS_COUNT ? ir_flag_operands[insn->sub] : 0;
    }
    for (unsigned n = 0; n < 3; n++) {
        if (!verify_operand(v, insn, n, refs[n], present >> n & 1)) {
            return false;
        }
    }
    return true;
}

// ---- the other fields ----

static bool verify_sub(Verifier *v, const IrInsn *insn)
{
    IrSubs subs = ir_op_subs(insn->op);
    if (insn->op == IR_INSN) {
        return (insn->sub >= 1 && insn->sub <= 15) || bad(v, "%u is not a length", insn->sub);
    }
    if (subs.count == 0) {
        return insn->sub == 0 || bad(v, "sub is %u, not 0", insn->sub);
    }
    return (insn->sub < subs.count && subs.names[insn->sub]) || bad(v, "there is no sub %u", insn->sub);
}

static bool verify_field(Verifier *v, const IrInsn *insn)
{
    unsigned pos = insn->imm & 0xff, len = insn->imm >> 8 & 0xff, width = 8 * ir_type_bytes(insn->type);
    if (insn->imm >> 16 || len < 1 || len > width || pos > width - len) {
        return bad(v, "bits %u to %u aren't a field of %u bits", pos, pos + len - 1, width);
    }
    return true;
}

static bool verify_imm(Verifier *v, const IrInsn *insn)
{
    switch (insn->op) {
    case IR_EXTRACT: case IR_SEXTRACT: case IR_DEPOSIT: return verify_field(v, insn);
    case IR_FMA: return (insn->imm & ~(int64_t)3) == 0 || bad(v, "imm has more than two sign bits");
    case IR_TRAP: return (insn->imm >= 0 && insn->imm < INT32_MAX) || bad(v, "there is no exception %" PRId64, insn->imm);
    case IR_CALL: return true;
    case IR_VGET: case IR_VPUT: {
        unsigned lanes = ir_type_bytes(insn->type) >> insn->sub;
        return (insn->imm >= 0 && insn->imm < lanes) || bad(v, "there is no lane %" PRId64 " of %u", insn->imm, lanes);
    }
    default: return ir_op_has(insn->op, 'I') || insn->imm == 0 || bad(v, "imm is %" PRId64 ", not 0", insn->imm);
    }
}

static bool verify_memop(Verifier *v, const IrInsn *insn)
{
    MemOp m = insn->memop;
    MemOp known = MEMOP_SIZE | MEMOP_SIGNED | MEMOP_BSWAP | MEMOP_ALIGNED | MEMOP_MMU | MEMOP_RELEASE | MEMOP_ACQUIRE | MEMOP_STORE_FAULT;
    if (!ir_op_has(insn->op, 'M')) {
        return (m == 0 && insn->disp == 0) || bad(v, "it has no memop and no displacement");
    }
    unsigned bytes = memop_bytes(m), whole = ir_type_bytes(insn->type);
    bool is_int = insn->type == IR_I32 || insn->type == IR_I64;
    if (m & ~known) {
        return bad(v, "memop has unknown bits 0x%x", m & ~known);
    }
    if (is_int ? bytes > whole : bytes != whole) {
        return bad(v, "%u bytes don't go with type %s", bytes, ir_type_names[insn->type]);
    }
    if (m & MEMOP_SIGNED && (bytes == whole || insn->op == IR_ST)) {
        return bad(v, "there is nothing to sign-extend");
    }
    if (m & MEMOP_BSWAP && whole > 8) {
        return bad(v, "wide accesses have no byte order");
    }
    if (m & MEMOP_STORE_FAULT && insn->op != IR_LD) {
        return bad(v, "storefault is for loads");
    }
    return memop_mmu(m) < MMU_COUNT || bad(v, "there is no mmu index %u", memop_mmu(m));
}

// ---- the state ----

static bool overlap(uint32_t a, unsigned a_bytes, uint32_t b, unsigned b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static bool contains(const Extent *outer, const Extent *inner)
{
    return outer->slot <= inner->slot && outer->slot + outer->bytes >= inner->slot + inner->bytes;
}

static bool verify_slot(Verifier *v, IrType type, int64_t slot)
{
    unsigned bytes = ir_type_bytes(type), align = MIN(bytes, 8);
    if (slot < 0 || slot >= MAX_SLOT || slot % align) {
        return bad(v, "there is no slot of %u bytes at %" PRId64, bytes, slot);
    }
    Extent e = { (uint32_t)slot, (uint8_t)bytes, is_vector(type) };
    for (unsigned i = 0; i < v->nextents; i++) {
        const Extent *known = &v->extents[i];
        if (known->slot == e.slot && known->bytes == e.bytes && known->vector == e.vector) {
            return true;
        }
        if (overlap(e.slot, e.bytes, known->slot, known->bytes) && !(contains(&e, known) && contains(known, &e)) &&
            !(e.vector && contains(&e, known)) && !(known->vector && contains(known, &e))) {
            return bad(v, "%u bytes at slot %u overlap %u bytes at slot %u, used before", bytes, e.slot, known->bytes, known->slot);
        }
    }
    if (v->nextents < MAX_EXTENTS) {
        v->extents[v->nextents++] = e;
    }
    return true;
}

static bool verify_pending(Verifier *v, const IrSnap *snap)
{
    const IrBlock *block = v->block;
    if (snap->first_pending + snap->npending > block->npending) {
        return bad(v, "its snapshot has more pending writes than there are");
    }
    for (unsigned i = 0; i < snap->npending; i++) {
        const IrPending *p = &block->pending[snap->first_pending + i];
        if (p->type == IR_VOID || p->type >= IR_TYPE_COUNT || p->value == 0 || p->value >= v->ref) {
            return bad(v, "pending write %u is of no value made before", i + 1);
        }
        IrType type = ir_result_type(&block->ins[p->value]);
        if (type != ir_value_type(p->type)) {
            return bad(v, "pending write %u, of v%u, is of type %s, not %s", i + 1, p->value, ir_type_names[type], ir_type_names[p->type]);
        }
        for (unsigned j = 0; j < i; j++) {
            const IrPending *q = &block->pending[snap->first_pending + j];
            if (overlap(p->slot, ir_type_bytes(p->type), q->slot, ir_type_bytes(q->type))) {
                return bad(v, "pending writes %u and %u overlap", j + 1, i + 1);
            }
        }
        if (!verify_slot(v, p->type, p->slot)) {
            return false;
        }
    }
    return true;
}

static bool verify_snap(Verifier *v, const IrInsn *insn)
{
    const IrBlock *block = v->block;
    if (v->nguest == 0) {
        return true;
    }
    if (insn->snap >= block->nsnaps) {
        return bad(v, "there is no snapshot %u", insn->snap);
    }
    const IrSnap *snap = &block->snaps[insn->snap];
    if (snap->index + 1u != v->nguest || snap->pc != v->pc) {
        return bad(v, "its snapshot is of guest instruction %u, not %u", snap->index, v->nguest - 1);
    }
    if (snap->npending && (!ir_op_has(insn->op, 'S') || insn->op == IR_EXITIF)) {
        return bad(v, "its snapshot has pending writes");
    }
    return verify_pending(v, snap);
}

// ---- the block ----

static bool verify_place(Verifier *v, const IrInsn *insn)
{
    const IrBlock *block = v->block;
    bool last = v->ref == block->nins - 1;
    if (insn->op == IR_INSN) {
        if (v->nguest == 0 && (uint64_t)insn->imm != block->pc) {
            return bad(v, "the first guest instruction isn't at the block's pc");
        }
        v->nguest++;
        v->pc = (uint64_t)insn->imm;
    } else if (v->nguest == 0 && ir_op_has(insn->op, 'X')) {
        return bad(v, "no guest instruction has begun");
    }
    if (ir_op_has(insn->op, 'E') != last) {
        return bad(v, last ? "a block ends with a goto, ijmp, exit, exitpc or trap" : "nothing can follow it");
    }
    return true;
}

static bool verify_insn(Verifier *v)
{
    const IrInsn *insn = &v->block->ins[v->ref];
    if (insn->op >= IR_OP_COUNT) {
        return bad(v, "there is no op %u", insn->op);
    }
    if (!verify_place(v, insn) || !verify_type(v, insn) || !verify_operands(v, insn) || !verify_sub(v, insn) ||
        !verify_imm(v, insn) || !verify_memop(v, insn) || !verify_snap(v, insn)) {
        return false;
    }
    return (insn->op != IR_GETREG && insn->op != IR_SETREG) || verify_slot(v, insn->type, insn->imm);
}

static bool verify_limits(Verifier *v)
{
    const IrBlock *block = v->block;
    if (block->nins < 2) {
        return bad(v, "the block is empty");
    }
    if (block->nins > IR_MAX_INSNS || block->nguest > IR_MAX_GUEST || block->nsnaps > IR_MAX_SNAPS || block->npending > IR_MAX_PENDING) {
        return bad(v, "the block is too large");
    }
    return true;
}

bool ir_verify_at(const IrBlock *block, IrRef *where, Error *err)
{
    Verifier v;
    v.block = block;
    v.err = err;
    v.ref = 0;
    v.nguest = v.nextents = 0;
    v.pc = 0;
    bool ok = verify_limits(&v);
    for (IrRef ref = 1; ok && ref < block->nins; ref++) {
        v.ref = ref;
        ok = verify_insn(&v);
    }
    if (ok && v.nguest != block->nguest) {
        v.ref = 0;
        ok = bad(&v, "the block has %u guest instructions, not %u", v.nguest, block->nguest);
    }
    *where = v.ref;
    return ok;
}

bool ir_verify(const IrBlock *block, Error *err)
{
    IrRef where;
    return ir_verify_at(block, &where, err);
}
