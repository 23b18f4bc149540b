// SPDX-License-Identifier: GPL-2.0-or-later
// What an op comes to, given how its operands were made: constants, identities, chains of shifts, masks, extensions and bit fields.
//
// A rule changes the instruction in hand for a cheaper or more regular one (FOLD_AGAIN: the rules are tried again) or names a value that
// it equals (FOLD_VALUE). Regular forms: constants on the right; sub of a constant is add; masks of 8, 16 and 32 bits are zero extensions;
// pairs of shifts are bit fields; a bit field that begins at bit 0 or ends at the top is an extension or a shift.
#include "tcg/interp-op.h"
#include "tcg/ir-opt.h"

// ---- what is known about values ----

static unsigned significant(uint64_t v)
{
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

// Least n with v = sign extension of its low n bits, in a type of `width` bits.
static unsigned signed_bits(uint64_t v, unsigned width)
{
    int64_t s = (int64_t)(v << (64 - width)) >> (64 - width);
    return significant((uint64_t)(s ^ s >> 63)) + 1;
}

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }
static unsigned most(unsigned a, unsigned b) { return a > b ? a : b; }

typedef struct Range {
    unsigned bits, sbits;
} Range;

static Range shift_range(const IrInsn *insn, Range a, uint64_t count, unsigned width)
{
    unsigned n = (unsigned)count & (width - 1);
    switch (insn->op) {
    case IR_SHL: return (Range){ least(width, a.bits + n), least(width, a.sbits + n) };
    case IR_SHR: return (Range){ a.bits > n ? a.bits - n : 0, width };
    default: return (Range){ a.bits < width && a.bits > n ? a.bits - n : a.bits < width ? 0 : width, a.sbits > n ? a.sbits - n : 1 };
    }
}

static Range memory_range(const IrInsn *insn, unsigned width)
{
    unsigned loaded = 8 * memop_bytes(insn->memop);
    return insn->memop & MEMOP_SIGNED ? (Range){ width, least(width, loaded) } : (Range){ least(width, loaded), width };
}

static Range range_of(const IrOpt *o, const IrInsn *insn, unsigned width)
{
    Range a = { o->bits[insn->a], o->sbits[insn->a] }, b = { o->bits[insn->b], o->sbits[insn->b] };
    unsigned len = insn->imm >> 8 & 0xff;
    uint64_t v;
    switch (insn->op) {
    case IR_CONST:
        v = (uint64_t)insn->imm & opt_mask(width);
        return (Range){ significant(v), signed_bits(v, width) };
    case IR_GETREG: return (Range){ least(width, opt_width(insn->type)), width };
    case IR_CMP: case IR_FEQ: case IR_FLT: case IR_FLE: case IR_CC: case IR_FLAGBIT: return (Range){ 1, width };
    case IR_FLAGBITS: return (Range){ IR_FLAG_COUNT, width };
    case IR_VGET: return (Range){ 8u << insn->sub, width };
    case IR_CLZ: case IR_CTZ: case IR_POPCNT: return (Range){ 7, width };
    case IR_FCLASS: return (Range){ 10, width };
    case IR_ZEXT8: return (Range){ least(8, a.bits), width };
    case IR_ZEXT16: return (Range){ least(16, a.bits), width };
    case IR_EXTRACT: return (Range){ len, width };
    case IR_SEXT8: return (Range){ width, least(8, a.sbits) };
    case IR_SEXT16: return (Range){ width, least(16, a.sbits) };
    case IR_SEXTRACT: return (Range){ width, len };
    case IR_SEXT32: return (Range){ a.bits < 32 ? a.bits : 64, a.sbits };
    case IR_ZEXT32: return (Range){ a.bits, width };
    case IR_TRUNC: return (Range){ least(32, a.bits), least(32, a.sbits) };
    case IR_AND: return (Range){ least(a.bits, b.bits), most(a.sbits, b.sbits) };
    case IR_OR: case IR_XOR: return (Range){ most(a.bits, b.bits), most(a.sbits, b.sbits) };
    case IR_ADD: return (Range){ least(width, most(a.bits, b.bits) + 1), least(width, most(a.sbits, b.sbits) + 1) };
    case IR_SUB: return (Range){ width, least(width, most(a.sbits, b.sbits) + 1) };
    case IR_MUL: return (Range){ least(width, a.bits + b.bits), width };
    case IR_DIVU: case IR_REMU: return (Range){ a.bits, width };
    case IR_SELECT: return (Range){ most(b.bits, o->bits[insn->c]), most(b.sbits, o->sbits[insn->c]) };
    case IR_SHL: case IR_SHR: case IR_SAR:
        return opt_is_const(o, insn->b, &v) ? shift_range(insn, a, v, width) : (Range){ width, width };
    case IR_LD: case IR_RMW: case IR_CAS: return memory_range(insn, width);
    default: return (Range){ width, width };
    }
}

void opt_note_range(IrOpt *o, IrRef ref)
{
    const IrInsn *insn = &o->out[ref];
    IrType type = ir_result_type(insn);
    unsigned width = least(64, opt_width(type));
    Range r = { width, width };
    if (type == IR_I32 || type == IR_I64) {
        r = range_of(o, insn, width);
    }
    o->bits[ref] = (uint8_t)r.bits;
    o->sbits[ref] = (uint8_t)(r.bits < width ? least(r.sbits, r.bits + 1) : r.sbits);
}

static unsigned field_pos(const IrInsn *insn) { return insn->imm & 0xff; }
static unsigned field_len(const IrInsn *insn) { return insn->imm >> 8 & 0xff; }

// The value from which `ref` got its low n bits unchanged, of the same type, or `ref` itself.
static IrRef low_source(const IrOpt *o, IrRef ref, unsigned n)
{
    for (;;) {
        const IrInsn *x = &o->out[ref];
        uint64_t c = 0;
        bool keeps = false;
        IrRef from = x->a;
        switch (x->op) {
        case IR_ZEXT8: case IR_SEXT8: keeps = n <= 8; break;
        case IR_ZEXT16: case IR_SEXT16: keeps = n <= 16; break;
        case IR_EXTRACT: case IR_SEXTRACT: keeps = field_pos(x) == 0 && n <= field_len(x); break;
        case IR_DEPOSIT:
            keeps = field_pos(x) >= n || (field_pos(x) == 0 && n <= field_len(x));
            from = field_pos(x) == 0 ? x->b : x->a;
            break;
        case IR_AND: keeps = opt_is_const(o, x->b, &c) && (~c & opt_mask(n)) == 0; break;
        case IR_OR: case IR_XOR: keeps = opt_is_const(o, x->b, &c) && (c & opt_mask(n)) == 0; break;
        case IR_SEXT32: case IR_ZEXT32:
            keeps = n <= 32 && o->out[x->a].op == IR_TRUNC;
            from = o->out[x->a].a;
            break;
        default: break;
        }
        if (!keeps) {
            return ref;
        }
        ref = from;
    }
}

// Replaces the operand by what its low n bits come from.
static Fold narrow_operand(const IrOpt *o, IrRef *operand, unsigned n)
{
    IrRef from = low_source(o, *operand, n);
    if (from == *operand || !opt_is_handy(o, from, *operand)) {
        return FOLD_NONE;
    }
    *operand = from;
    return FOLD_AGAIN;
}

static Fold make_with_const(IrOpt *o, IrInsn *insn, IrOp op, IrRef a, uint64_t c)
{
    return opt_make(insn, op, a, opt_const(o, insn->type, c));
}

static Fold make_field(IrInsn *insn, IrOp op, IrRef a, unsigned pos, unsigned len)
{
    opt_make(insn, op, a, 0);
    insn->imm = (int64_t)(pos | len << 8);
    return FOLD_AGAIN;
}

// The low 32 bits of an i64, extended.
static Fold make_word(IrOpt *o, IrInsn *insn, IrOp op, IrRef a)
{
    return opt_make(insn, op, opt_emit(o, opt_insn1(IR_TRUNC, IR_I32, a)), 0);
}

static bool is_op(const IrOpt *o, IrRef ref, IrOp op)
{
    return o->out[ref].op == op;
}

// ---- arithmetic ----

static Fold fold_add(IrOpt *o, IrInsn *insn)
{
    const IrInsn *a = &o->out[insn->a], *b = &o->out[insn->b];
    uint64_t c, d;
    if (opt_is_const(o, insn->b, &c)) {
        if (c == 0) {
            return opt_take(o, insn->a);
        }
        if (a->op == IR_ADD && opt_is_const(o, a->b, &d) && opt_is_handy(o, a->a, insn->a)) {
            return make_with_const(o, insn, IR_ADD, a->a, c + d);
        }
        return FOLD_NONE;
    }
    if (b->op == IR_NEG) {
        return opt_make(insn, IR_SUB, insn->a, b->a);
    }
    if (a->op == IR_NEG) {
        return opt_make(insn, IR_SUB, insn->b, a->a);
    }
    if (a->op == IR_SUB && a->b == insn->b) {
        return opt_take(o, a->a);
    }
    return b->op == IR_SUB && b->b == insn->a ? opt_take(o, b->a) : FOLD_NONE;
}

static Fold fold_sub(IrOpt *o, IrInsn *insn)
{
    const IrInsn *a = &o->out[insn->a], *b = &o->out[insn->b];
    uint64_t c;
    if (opt_is_const(o, insn->b, &c)) {
        return make_with_const(o, insn, IR_ADD, insn->a, -c);
    }
    if (insn->a == insn->b) {
        return opt_make_const(insn, insn->type, 0);
    }
    if (opt_is_const(o, insn->a, &c) && c == 0) {
        return opt_make(insn, IR_NEG, insn->b, 0);
    }
    if (b->op == IR_NEG) {
        return opt_make(insn, IR_ADD, insn->a, b->a);
    }
    if (a->op == IR_ADD && (a->a == insn->b || a->b == insn->b)) {
        return opt_take(o, a->a == insn->b ? a->b : a->a);
    }
    return FOLD_NONE;
}

static Fold fold_mul(IrOpt *o, IrInsn *insn)
{
    uint64_t c;
    if (!opt_is_const(o, insn->b, &c)) {
        return FOLD_NONE;
    }
    if (c == 0 || c == 1) {
        return opt_take(o, c ? insn->a : insn->b);
    }
    if (c == opt_mask(opt_width(insn->type))) {
        return opt_make(insn, IR_NEG, insn->a, 0);
    }
    return c & (c - 1) ? FOLD_NONE : make_with_const(o, insn, IR_SHL, insn->a, significant(c) - 1);
}

static Fold fold_divide(IrOpt *o, IrInsn *insn)
{
    bool is_rem = insn->op == IR_REMS || insn->op == IR_REMU, is_unsigned = insn->op == IR_DIVU || insn->op == IR_REMU;
    uint64_t c;
    if (!opt_is_const(o, insn->b, &c)) {
        return FOLD_NONE;
    }
    if (c == 0) {
        return opt_take(o, is_rem ? insn->a : insn->b);
    }
    if (c == 1) {
        return is_rem ? opt_make_const(insn, insn->type, 0) : opt_take(o, insn->a);
    }
    if (!is_unsigned || c & (c - 1)) {
        return FOLD_NONE;
    }
    return is_rem ? make_with_const(o, insn, IR_AND, insn->a, c - 1) : make_with_const(o, insn, IR_SHR, insn->a, significant(c) - 1);
}

static Fold fold_unary(IrOpt *o, IrInsn *insn) // its own inverse
{
    const IrInsn *a = &o->out[insn->a];
    if (a->op == insn->op) {
        return opt_take(o, a->a);
    }
    if (insn->op == IR_NEG && a->op == IR_SUB) {
        return opt_make(insn, IR_SUB, a->b, a->a);
    }
    return FOLD_NONE;
}

static Fold fold_carry(IrOpt *o, IrInsn *insn)
{
    uint64_t c;
    if (opt_is_const(o, insn->c, &c) && !(c & 1)) {
        return opt_make(insn, insn->op == IR_ADC ? IR_ADD : IR_SUB, insn->a, insn->b);
    }
    return FOLD_NONE;
}

// ---- logic ----

static Fold fold_mask(IrOpt *o, IrInsn *insn, uint64_t c)
{
    const IrInsn *a = &o->out[insn->a];
    unsigned bits = o->bits[insn->a], n = significant(c);
    uint64_t d;
    if (c == 0) {
        return opt_take(o, insn->b);
    }
    if ((~c & opt_mask(bits)) == 0) {
        return opt_take(o, insn->a);
    }
    if (a->op == IR_AND && opt_is_const(o, a->b, &d)) {
        return make_with_const(o, insn, IR_AND, a->a, c & d);
    }
    if (c == 0xff || c == 0xffff) {
        return opt_make(insn, c == 0xff ? IR_ZEXT8 : IR_ZEXT16, insn->a, 0);
    }
    if (c == 0xffffffff) {
        return make_word(o, insn, IR_ZEXT32, insn->a);
    }
    if (c == opt_mask(n) && a->op == IR_SHR && opt_is_const(o, a->b, &d) && d < opt_width(insn->type) - n) {
        return make_field(insn, IR_EXTRACT, a->a, (unsigned)d, n);
    }
    return narrow_operand(o, &insn->a, n);
}

static Fold fold_and(IrOpt *o, IrInsn *insn)
{
    uint64_t c;
    if (insn->a == insn->b) {
        return opt_take(o, insn->a);
    }
    return opt_is_const(o, insn->b, &c) ? fold_mask(o, insn, c) : FOLD_NONE;
}

static Fold fold_or(IrOpt *o, IrInsn *insn)
{
    const IrInsn *a = &o->out[insn->a];
    uint64_t c, d;
    if (insn->a == insn->b) {
        return opt_take(o, insn->a);
    }
    if (!opt_is_const(o, insn->b, &c)) {
        return FOLD_NONE;
    }
    if (c == 0 || c == opt_mask(opt_width(insn->type))) {
        return opt_take(o, c ? insn->b : insn->a);
    }
    return a->op == IR_OR && opt_is_const(o, a->b, &d) ? make_with_const(o, insn, IR_OR, a->a, c | d) : FOLD_NONE;
}

static Fold fold_xor(IrOpt *o, IrInsn *insn)
{
    const IrInsn *a = &o->out[insn->a];
    uint64_t c, d;
    if (insn->a == insn->b) {
        return opt_make_const(insn, insn->type, 0);
    }
    if (!opt_is_const(o, insn->b, &c)) {
        return FOLD_NONE;
    }
    if (c == 0) {
        return opt_take(o, insn->a);
    }
    if (c == opt_mask(opt_width(insn->type))) {
        return opt_make(insn, IR_NOT, insn->a, 0);
    }
    if (c == 1 && a->op == IR_CMP) {
        IrRef zero = opt_const(o, IR_I64, 0);
        IrRef cmp = insn->a;
        *insn = (IrInsn){ .op = IR_CMP, .type = IR_I64, .sub = IR_EQ, .a = cmp, .b = zero };
        return FOLD_AGAIN;
    }
    return a->op == IR_XOR && opt_is_const(o, a->b, &d) ? make_with_const(o, insn, IR_XOR, a->a, c ^ d) : FOLD_NONE;
}

// ---- shifts ----

// A shift by n of a shift by m.
static Fold fold_two_shifts(IrOpt *o, IrInsn *insn, const IrInsn *inner, unsigned n, unsigned m)
{
    unsigned width = opt_width(insn->type);
    if (inner->op == insn->op) {
        if (n + m < width || insn->op == IR_SAR) {
            return make_with_const(o, insn, insn->op, inner->a, least(n + m, width - 1));
        }
        return opt_make_const(insn, insn->type, 0);
    }
    if (insn->op == IR_SHL) {
        return n == m && inner->op != IR_SHL ? make_with_const(o, insn, IR_AND, inner->a, ~opt_mask(n)) : FOLD_NONE;
    }
    if (inner->op == IR_SHL && n >= m) {
        return make_field(insn, insn->op == IR_SHR ? IR_EXTRACT : IR_SEXTRACT, inner->a, n - m, width - n);
    }
    return FOLD_NONE;
}

static Fold fold_shift_by(IrOpt *o, IrInsn *insn, uint64_t count)
{
    const IrInsn *a = &o->out[insn->a];
    unsigned width = opt_width(insn->type), n = (unsigned)count & (width - 1), bits = o->bits[insn->a];
    uint64_t m;
    if (n == 0) {
        return opt_take(o, insn->a);
    }
    if (n != count) {
        return make_with_const(o, insn, insn->op, insn->a, n);
    }
    if (insn->op == IR_SAR && bits < width) {
        return opt_make(insn, IR_SHR, insn->a, insn->b);
    }
    if (insn->op == IR_SHR && bits <= n) {
        return opt_make_const(insn, insn->type, 0);
    }
    if (insn->op == IR_SHR && a->op == IR_EXTRACT && n < field_len(a)) {
        return make_field(insn, IR_EXTRACT, a->a, field_pos(a) + n, field_len(a) - n);
    }
    if ((a->op == IR_SHL || a->op == IR_SHR || a->op == IR_SAR) && opt_is_const(o, a->b, &m) && m > 0 && m < width) {
        Fold fold = fold_two_shifts(o, insn, a, n, (unsigned)m);
        if (fold != FOLD_NONE) {
            return fold;
        }
    }
    return insn->op == IR_SHL ? narrow_operand(o, &insn->a, width - n) : FOLD_NONE;
}

static Fold fold_shift(IrOpt *o, IrInsn *insn)
{
    uint64_t count, mask;
    if (insn->op != IR_ROL && insn->op != IR_ROR && opt_is_const(o, insn->b, &count)) {
        return fold_shift_by(o, insn, count);
    }
    if (opt_is_const(o, insn->b, &count)) {
        return (count & (opt_width(insn->type) - 1)) == 0 ? opt_take(o, insn->a) : FOLD_NONE;
    }
    const IrInsn *b = &o->out[insn->b];
    uint64_t low = opt_width(insn->type) - 1;
    if (b->op == IR_AND && opt_is_const(o, b->b, &mask) && (mask & low) == low) {
        insn->b = b->a;
        return FOLD_AGAIN;
    }
    return FOLD_NONE;
}

// ---- bit fields and extensions ----

static Fold fold_extension(IrOpt *o, IrInsn *insn, unsigned n, bool is_signed)
{
    if ((is_signed ? o->sbits : o->bits)[insn->a] <= n) {
        return opt_take(o, insn->a);
    }
    return narrow_operand(o, &insn->a, n);
}

// A field of `x`, which is an extract, deposit or shift itself.
static Fold fold_field_of(IrInsn *insn, const IrInsn *x, unsigned pos, unsigned len, const IrOpt *o)
{
    unsigned width = opt_width(insn->type), xpos = field_pos(x), xlen = field_len(x);
    uint64_t n;
    switch (x->op) {
    case IR_EXTRACT:
        return pos + len <= xlen ? make_field(insn, insn->op, x->a, pos + xpos, len) : FOLD_NONE;
    case IR_DEPOSIT:
        if (pos + len <= xpos || pos >= xpos + xlen) {
            return make_field(insn, insn->op, x->a, pos, len);
        }
        return pos >= xpos && pos + len <= xpos + xlen ? make_field(insn, insn->op, x->b, pos - xpos, len) : FOLD_NONE;
    case IR_SHR: case IR_SAR:
        if (opt_is_const(o, x->b, &n) && n < width && pos + len + n <= width) {
            return make_field(insn, insn->op, x->a, pos + (unsigned)n, len);
        }
        return FOLD_NONE;
    case IR_SHL:
        return opt_is_const(o, x->b, &n) && n <= pos ? make_field(insn, insn->op, x->a, pos - (unsigned)n, len) : FOLD_NONE;
    default: return FOLD_NONE;
    }
}

static Fold fold_field(IrOpt *o, IrInsn *insn)
{
    unsigned pos = field_pos(insn), len = field_len(insn), width = opt_width(insn->type);
    bool is_signed = insn->op == IR_SEXTRACT;
    if (pos + len == width) {
        return pos ? make_with_const(o, insn, is_signed ? IR_SAR : IR_SHR, insn->a, pos) : opt_take(o, insn->a);
    }
    if (!is_signed && o->bits[insn->a] <= pos) {
        return opt_make_const(insn, insn->type, 0);
    }
    if (!is_signed && o->bits[insn->a] < pos + len) {
        return make_field(insn, IR_EXTRACT, insn->a, pos, o->bits[insn->a] - pos);
    }
    if (pos == 0 && (len == 8 || len == 16)) {
        return opt_make(insn, (len == 8 ? IR_ZEXT8 : IR_ZEXT16) - (is_signed ? IR_ZEXT8 - IR_SEXT8 : 0), insn->a, 0);
    }
    if (pos == 0 && len == 32) {
        return make_word(o, insn, is_signed ? IR_SEXT32 : IR_ZEXT32, insn->a);
    }
    if (pos == 0 && (is_signed ? o->sbits : o->bits)[insn->a] <= len) {
        return opt_take(o, insn->a);
    }
    Fold fold = fold_field_of(insn, &o->out[insn->a], pos, len, o);
    return fold == FOLD_NONE ? narrow_operand(o, &insn->a, pos + len) : fold;
}

static Fold fold_deposit(IrOpt *o, IrInsn *insn)
{
    const IrInsn *a = &o->out[insn->a];
    unsigned pos = field_pos(insn), len = field_len(insn);
    if (len == opt_width(insn->type)) {
        return opt_take(o, insn->b);
    }
    if (a->op == IR_DEPOSIT && a->imm == insn->imm) {
        insn->a = a->a;
        return FOLD_AGAIN;
    }
    if (pos == 0 && low_source(o, insn->b, len) == insn->a) {
        return opt_take(o, insn->a);
    }
    return narrow_operand(o, &insn->b, len);
}

// i32 <-> i64.
static Fold fold_word(IrOpt *o, IrInsn *insn)
{
    const IrInsn *a = &o->out[insn->a];
    if (insn->op == IR_TRUNC) {
        if (a->op == IR_SEXT32 || a->op == IR_ZEXT32) {
            return opt_take(o, a->a);
        }
        if (a->op == IR_BITCAST && is_op(o, a->a, IR_NANBOX)) {
            insn->type = IR_I32;
            return opt_make(insn, IR_BITCAST, o->out[a->a].a, 0);
        }
        return narrow_operand(o, &insn->a, 32);
    }
    if (a->op != IR_TRUNC) {
        return FOLD_NONE;
    }
    return (insn->op == IR_SEXT32 ? o->sbits : o->bits)[a->a] <= 32 ? opt_take(o, a->a) : FOLD_NONE;
}

// ---- pairs and floats ----

static Fold fold_half(IrOpt *o, IrInsn *insn)
{
    const IrInsn *a = &o->out[insn->a];
    bool is_low = insn->op == IR_LO;
    switch (a->op) {
    case IR_CAT: return opt_take(o, is_low ? a->a : a->b);
    case IR_MULS2: return opt_make(insn, is_low ? IR_MUL : IR_MULHS, a->a, a->b);
    case IR_MULU2: return opt_make(insn, is_low ? IR_MUL : IR_MULHU, a->a, a->b);
    default: return FOLD_NONE;
    }
}

static bool is_sign_op(const IrInsn *insn)
{
    return insn->op == IR_FNEG || insn->op == IR_FABS || insn->op == IR_FCOPYSIGN || insn->op == IR_FXORSIGN;
}

static Fold fold_sign(IrOpt *o, IrInsn *insn)
{
    const IrInsn *a = &o->out[insn->a], *b = &o->out[insn->b];
    switch (insn->op) {
    case IR_FNEG: return fold_unary(o, insn);
    case IR_FABS:
        if (is_sign_op(a)) {
            insn->a = a->a;
            return FOLD_AGAIN;
        }
        return FOLD_NONE;
    case IR_FXORSIGN: return insn->a == insn->b ? opt_make(insn, IR_FABS, insn->a, 0) : FOLD_NONE;
    default:
        if (insn->a == insn->b) {
            return opt_take(o, insn->a);
        }
        if (b->op == IR_FNEG && b->a == insn->a) {
            return opt_take(o, insn->b);
        }
        if (is_sign_op(a)) {
            insn->a = a->a;
            return FOLD_AGAIN;
        }
        return FOLD_NONE;
    }
}

static Fold fold_pair(IrOpt *o, IrInsn *insn, IrOp inverse)
{
    const IrInsn *a = &o->out[insn->a];
    return a->op == inverse && ir_operand_type(a, 0) == ir_result_type(insn) ? opt_take(o, a->a) : FOLD_NONE;
}

// ---- memory ----

static Fold fold_address(IrOpt *o, IrInsn *insn)
{
    const IrInsn *a = &o->out[insn->a];
    uint64_t c;
    int64_t disp;
    if (a->op != IR_ADD || !opt_is_const(o, a->b, &c) || !opt_is_handy(o, a->a, insn->a)) {
        return FOLD_NONE;
    }
    if (__builtin_add_overflow((int64_t)c, insn->disp, &disp) || disp != (int32_t)disp) {
        return FOLD_NONE;
    }
    insn->a = a->a;
    insn->disp = (int32_t)disp;
    return FOLD_AGAIN;
}

static Fold store_as(IrInsn *insn, IrType type, IrRef value)
{
    insn->type = (uint8_t)type;
    insn->b = value;
    return FOLD_AGAIN;
}

// A store takes what the low bytes of its value come from, of whatever type.
static Fold fold_stored(IrOpt *o, IrInsn *insn)
{
    unsigned bytes = memop_bytes(insn->memop);
    const IrInsn *x = &o->out[insn->b];
    if ((insn->type != IR_I32 && insn->type != IR_I64) || (x->a && !opt_is_handy(o, x->a, insn->b))) {
        return FOLD_NONE;
    }
    if (x->op == IR_BITCAST && bytes == ir_type_bytes(insn->type)) {
        return store_as(insn, ir_operand_type(x, 0), x->a);
    }
    if (x->op == IR_BITCAST && bytes == 4 && is_op(o, x->a, IR_NANBOX)) {
        return store_as(insn, IR_F32, o->out[x->a].a);
    }
    if (bytes <= 4 && (x->op == IR_SEXT32 || x->op == IR_ZEXT32)) {
        return store_as(insn, IR_I32, x->a);
    }
    if (x->op == IR_TRUNC) {
        return store_as(insn, IR_I64, x->a);
    }
    return narrow_operand(o, &insn->b, 8 * bytes);
}

// ---- all ----

static bool commutes(IrOp op)
{
    switch (op) {
    case IR_ADD: case IR_MUL: case IR_AND: case IR_OR: case IR_XOR: case IR_MULHS: case IR_MULHU: case IR_CLMUL: case IR_CLMULH:
        return true;
    default: return false;
    }
}

// All operands are constants.
static Fold fold_constants(IrOpt *o, IrInsn *insn)
{
    const IrRef refs[3] = { insn->a, insn->b, insn->c };
    uint64_t v[3] = { 0, 0, 0 }, result;
    if (!insn->a) {
        return FOLD_NONE;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (refs[i] && !opt_is_const(o, refs[i], &v[i])) {
            return FOLD_NONE;
        }
    }
    return interp_pure(insn, v[0], v[1], v[2], &result) ? opt_make_const(insn, ir_result_type(insn), result) : FOLD_NONE;
}

static Fold fold_op(IrOpt *o, IrInsn *insn)
{
    switch (insn->op) {
    case IR_ADD: return fold_add(o, insn);
    case IR_SUB: return fold_sub(o, insn);
    case IR_MUL: return fold_mul(o, insn);
    case IR_DIVS: case IR_DIVU: case IR_REMS: case IR_REMU: return fold_divide(o, insn);
    case IR_NEG: case IR_NOT: case IR_BSWAP: case IR_BITREV8: return fold_unary(o, insn);
    case IR_ADC: case IR_SBB: return fold_carry(o, insn);
    case IR_AND: return fold_and(o, insn);
    case IR_OR: return fold_or(o, insn);
    case IR_XOR: return fold_xor(o, insn);
    case IR_SHL: case IR_SHR: case IR_SAR: case IR_ROL: case IR_ROR: return fold_shift(o, insn);
    case IR_ZEXT8: return fold_extension(o, insn, 8, false);
    case IR_ZEXT16: return fold_extension(o, insn, 16, false);
    case IR_SEXT8: return fold_extension(o, insn, 8, true);
    case IR_SEXT16: return fold_extension(o, insn, 16, true);
    case IR_EXTRACT: case IR_SEXTRACT: return fold_field(o, insn);
    case IR_DEPOSIT: return fold_deposit(o, insn);
    case IR_SEXT32: case IR_ZEXT32: case IR_TRUNC: return fold_word(o, insn);
    case IR_LO: case IR_HI: return fold_half(o, insn);
    case IR_FNEG: case IR_FABS: case IR_FCOPYSIGN: case IR_FXORSIGN: return fold_sign(o, insn);
    case IR_BITCAST: return fold_pair(o, insn, IR_BITCAST);
    case IR_NANUNBOX: return fold_pair(o, insn, IR_NANBOX);
    default: return FOLD_NONE;
    }
}

Fold opt_fold(IrOpt *o, IrInsn *insn)
{
    switch (insn->op) {
    case IR_CONST: return FOLD_NONE;
    case IR_CMP: case IR_EXITIF: return opt_fold_compare(o, insn);
    case IR_SELECT: return opt_fold_select(o, insn);
    case IR_CC: case IR_FLAGBIT: case IR_FLAGBITS: return opt_fold_flags(o, insn);
    case IR_LD: case IR_RMW: case IR_CAS: return fold_address(o, insn);
    case IR_ST: {
        Fold fold = fold_address(o, insn);
        return fold == FOLD_NONE ? fold_stored(o, insn) : fold;
    }
    case IR_SETREG:
        return ir_value_type(insn->type) == insn->type ? FOLD_NONE : narrow_operand(o, &insn->a, 8 * ir_type_bytes(insn->type));
    default: break;
    }
    Fold fold = fold_constants(o, insn);
    if (fold != FOLD_NONE) {
        return fold;
    }
    uint64_t c;
    // A constant (of which there is one at most) is the second operand; else they are in order, so that equals are seen.
    if (commutes(insn->op) && (opt_is_const(o, insn->a, &c) || (insn->a > insn->b && !opt_is_const(o, insn->b, &c)))) {
        IrRef swap = insn->a;
        insn->a = insn->b;
        insn->b = swap;
        return FOLD_AGAIN;
    }
    return fold_op(o, insn);
}
