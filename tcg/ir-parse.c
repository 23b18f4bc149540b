// SPDX-License-Identifier: GPL-2.0-or-later
// The parser of the IR's text form. Every line is checked as it is read and the block by the verifier at the end, so that what it
// accepts can be run; whatever it is given, it ends with a block or with the number of a line and the reason.
#include <assert.h>
#include <ctype.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "tcg/ir-text.h"

// ---- the pieces of a line ----

typedef struct Parser {
    IrBuilder *b;
    const IrNames *names;
    Error *err;
    const char *p;             // next character
    unsigned line;
    IrRef refs[IR_MAX_INSNS];  // by the number that the text gives to a value; 0: not yet
    unsigned lines[IR_MAX_INSNS]; // of each instruction
} Parser;

static bool bad(Parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool bad(Parser *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *message = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    fail(p->err, "line %u: %s", p->line, message);
    g_free(message);
    return false;
}

static void skip_blanks(Parser *p)
{
    while (*p->p == ' ' || *p->p == '\t' || *p->p == '\r') {
        p->p++;
    }
    if (*p->p == '#') {
        p->p += strcspn(p->p, "\n");
    }
}

static bool accept(Parser *p, char c)
{
    skip_blanks(p);
    if (*p->p != c) {
        return false;
    }
    p->p++;
    return true;
}

static bool expect(Parser *p, char c)
{
    if (accept(p, c)) {
        return true;
    }
    int left = (int)strcspn(p->p, "\n");
    return left ? bad(p, "expected '%c' before \"%.*s\"", c, MIN(left, 12), p->p) : bad(p, "expected '%c' at the end of the line", c);
}

typedef struct Word {
    const char *start;
    size_t length;
} Word;

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static Word read_word(Parser *p)
{
    skip_blanks(p);
    Word w = { p->p, 0 };
    while (is_word_char(*p->p)) {
        p->p++;
        w.length++;
    }
    return w;
}

static bool word_is(Word w, const char *text)
{
    return strlen(text) == w.length && memcmp(w.start, text, w.length) == 0;
}

static int word_length(Word w) // for %.*s
{
    return w.length > 40 ? 40 : (int)w.length;
}

static bool find_name(Word w, const char *const *names, unsigned count, unsigned *found)
{
    for (unsigned i = 0; i < count; i++) {
        if (names[i] && word_is(w, names[i])) {
            *found = i;
            return true;
        }
    }
    return false;
}

// Decimal or 0x, at most 64 bits; with a minus sign at least -2^63.
static bool read_number(Parser *p, uint64_t *value)
{
    bool negative = accept(p, '-'), hex = false;
    Word w = read_word(p);
    size_t i = 0;
    uint64_t v = 0;
    if (w.length > 2 && w.start[0] == '0' && (w.start[1] == 'x' || w.start[1] == 'X')) {
        hex = true;
        i = 2;
    }
    if (w.length == 0) {
        return bad(p, "expected a number");
    }
    for (; i < w.length; i++) {
        char c = w.start[i];
        unsigned digit = isdigit((unsigned char)c) ? (unsigned)(c - '0') : (unsigned)(tolower((unsigned char)c) - 'a') + 10;
        if (!(hex ? isxdigit((unsigned char)c) : isdigit((unsigned char)c))) {
            return bad(p, "\"%.*s\" is not a number", word_length(w), w.start);
        }
        if (__builtin_mul_overflow(v, hex ? 16 : 10, &v) || __builtin_add_overflow(v, digit, &v)) {
            return bad(p, "%.*s does not fit in 64 bits", word_length(w), w.start);
        }
    }
    if (negative && v > (uint64_t)1 << 63) {
        return bad(p, "-%.*s does not fit in 64 bits", word_length(w), w.start);
    }
    *value = negative ? -v : v;
    return true;
}

// A number in min..max, or `name=` and such a number.
static bool read_ranged(Parser *p, const char *what, uint64_t max, uint64_t *value)
{
    if (!read_number(p, value)) {
        return false;
    }
    return *value <= max || bad(p, "%s %" PRIu64 " is more than %" PRIu64, what, *value, max);
}

static bool read_named(Parser *p, const char *name, uint64_t max, uint64_t *value)
{
    Word w = read_word(p);
    if (!word_is(w, name)) {
        return bad(p, "expected %s=, not \"%.*s\"", name, word_length(w), w.start);
    }
    return expect(p, '=') && read_ranged(p, name, max, value);
}

// vN's N.
static bool read_value_number(Parser *p, unsigned *number)
{
    Word w = read_word(p);
    unsigned n = 0;
    if (w.length < 2 || w.length > 6 || w.start[0] != 'v') {
        return bad(p, "expected a value (v1, v2, ...), not \"%.*s\"", word_length(w), w.start);
    }
    for (size_t i = 1; i < w.length; i++) {
        if (!isdigit((unsigned char)w.start[i])) {
            return bad(p, "\"%.*s\" is not a value's name", word_length(w), w.start);
        }
        n = n * 10 + (unsigned)(w.start[i] - '0');
    }
    *number = n;
    return (n > 0 && n < IR_MAX_INSNS) || bad(p, "v%u: values are v1 to v%d", n, IR_MAX_INSNS - 1);
}

static bool read_ref(Parser *p, IrRef *ref)
{
    unsigned number;
    skip_blanks(p);
    if (p->p[0] == '_' && !is_word_char(p->p[1])) {
        p->p++;
        *ref = 0;
        return true;
    }
    if (!read_value_number(p, &number)) {
        return false;
    }
    *ref = p->refs[number];
    return *ref || bad(p, "v%u is used before it is made", number);
}

static bool read_slot(Parser *p, uint32_t *slot)
{
    uint64_t number = 0;
    if (accept(p, '@')) {
        bool ok = read_ranged(p, "slot", UINT32_MAX, &number);
        *slot = (uint32_t)number;
        return ok;
    }
    Word w = read_word(p);
    for (size_t i = 0; p->names && i < p->names->nslots; i++) {
        const IrSlot *n = &p->names->slots[i];
        if (word_is(w, n->name)) {
            if (accept(p, '+') && !read_ranged(p, "offset in the slot", ir_type_bytes(n->type) - 1, &number)) {
                return false;
            }
            *slot = n->offset + (uint32_t)number;
            return true;
        }
    }
    return bad(p, "there is no slot \"%.*s\"", word_length(w), w.start);
}

static bool read_type(Parser *p, IrType *type)
{
    unsigned found;
    if (!expect(p, '.')) {
        return false;
    }
    Word w = read_word(p);
    if (!find_name(w, ir_type_names, IR_TYPE_COUNT, &found)) {
        return bad(p, "there is no type \"%.*s\"", word_length(w), w.start);
    }
    *type = found;
    return true;
}

// ---- the parts of an instruction ----

static bool parse_memop(Parser *p, MemOp *memop)
{
    uint64_t bytes, mmu;
    if (!read_named(p, "size", 32, &bytes) || !read_named(p, "mmu", MEMOP_MMU >> MEMOP_MMU_SHIFT, &mmu)) {
        return false;
    }
    if (bytes == 0 || bytes & (bytes - 1)) {
        return bad(p, "size=%" PRIu64 " is not a power of two", bytes);
    }
    *memop = (MemOp)__builtin_ctzll(bytes) | (MemOp)mmu << MEMOP_MMU_SHIFT;
    for (;;) {
        Word w = read_word(p);
        unsigned i = 0;
        while (i < IR_MEMOP_BITS && !word_is(w, ir_memop_bits[i].name)) {
            i++;
        }
        if (i == IR_MEMOP_BITS) {
            return w.length == 0 || bad(p, "there is no kind of access \"%.*s\"", word_length(w), w.start);
        }
        *memop |= ir_memop_bits[i].bit;
    }
}

static bool parse_address(Parser *p, IrInsn *insn)
{
    uint64_t disp = 0;
    if (!expect(p, '[') || !read_ref(p, &insn->a)) {
        return false;
    }
    skip_blanks(p);
    if (*p->p == '-' || accept(p, '+')) {
        if (!read_number(p, &disp)) {
            return false;
        }
        if ((int64_t)disp != (int32_t)disp) {
            return bad(p, "the displacement %" PRId64 " does not fit in 32 bits", (int64_t)disp);
        }
    }
    insn->disp = (int32_t)disp;
    return expect(p, ']');
}

static bool parse_call(Parser *p, IrInsn *insn)
{
    IrRef *const refs[3] = { &insn->a, &insn->b, &insn->c };
    Word w = read_word(p);
    for (const IrHelper *const *h = p->names ? p->names->helpers : NULL; h && *h; h++) {
        if (word_is(w, (*h)->name)) {
            insn->imm = (int64_t)(intptr_t)*h;
        }
    }
    if (!insn->imm) {
        return bad(p, "there is no helper \"%.*s\"", word_length(w), w.start);
    }
    if (!expect(p, '(') || accept(p, ')')) {
        return p->p[-1] == ')';
    }
    for (unsigned i = 0; i < 3; i++) {
        if (!read_ref(p, refs[i])) {
            return false;
        }
        if (accept(p, ')')) {
            return true;
        }
        if (i < 2 && !expect(p, ',')) {
            return false;
        }
    }
    return expect(p, ')');
}

static bool parse_const(Parser *p, IrInsn *insn)
{
    uint64_t value;
    if (!read_number(p, &value)) {
        return false;
    }
    if (ir_type_bytes(insn->type) == 4) {
        if (value > UINT32_MAX && (int64_t)value != (int32_t)value) {
            return bad(p, "the constant does not fit in 32 bits");
        }
        value = (uint32_t)value;
    }
    insn->imm = (int64_t)value;
    return true;
}

static bool parse_field(Parser *p, IrInsn *insn)
{
    uint64_t pos, len;
    if (!read_named(p, "pos", 63, &pos) || !read_named(p, "len", 64, &len)) {
        return false;
    }
    insn->imm = (int64_t)(pos | len << 8);
    return true;
}

static bool parse_sub(Parser *p, IrInsn *insn)
{
    unsigned found;
    IrSubs subs = ir_op_subs(insn->op);
    Word w = read_word(p);
    if (!find_name(w, subs.names, subs.count, &found)) {
        return bad(p, "%s does not know \"%.*s\"", ir_ops[insn->op].name, word_length(w), w.start);
    }
    insn->sub = (uint8_t)found;
    return true;
}

static bool parse_signed_ref(Parser *p, IrInsn *insn, int bit, IrRef *ref)
{
    if (accept(p, '-')) {
        insn->imm |= bit;
    }
    return read_ref(p, ref);
}

static bool parse_part(Parser *p, char part, IrInsn *insn)
{
    uint64_t value = 0;
    uint32_t slot = 0;
    bool ok;
    switch (part) {
    case 'a': return read_ref(p, &insn->a);
    case 'b': return read_ref(p, &insn->b);
    case 'c': return read_ref(p, &insn->c);
    case 'A': return parse_signed_ref(p, insn, 1, &insn->a);
    case 'C': return parse_signed_ref(p, insn, 2, &insn->c);
    case 's': return parse_sub(p, insn);
    case 'l':
        ok = read_number(p, &value);
        insn->imm = (int64_t)value;
        ok = ok && read_ranged(p, "length", 255, &value);
        insn->sub = (uint8_t)value;
        return ok;
    case 'p': ok = read_number(p, &value); insn->imm = (int64_t)value; return ok;
    case 'n': ok = read_ranged(p, "number", INT32_MAX, &value); insn->imm = (int64_t)value; return ok;
    case 'r': ok = read_slot(p, &slot); insn->imm = slot; return ok;
    case 'i': return parse_const(p, insn);
    case 'x': return parse_field(p, insn);
    case 'm': return parse_address(p, insn);
    case 'M': return parse_memop(p, &insn->memop);
    case 'h': return parse_call(p, insn);
    default: assert(false && "part of a form"); return false;
    }
}

// ---- instructions, blocks ----

// A snapshot like the current guest instruction's, with the pending writes in braces.
static bool parse_pending(Parser *p)
{
    IrBlock *block = &p->b->block;
    if (block->nsnaps == 0 || block->nsnaps >= IR_MAX_SNAPS) {
        return bad(p, block->nsnaps ? "too many snapshots" : "no guest instruction has begun");
    }
    IrSnap snap = block->snaps[block->nsnaps - 1];
    snap.first_pending = block->npending;
    snap.npending = 0;
    do {
        IrPending pending = { 0 };
        IrType type;
        if (!read_slot(p, &pending.slot) || !read_type(p, &type) || !expect(p, '=') || !read_ref(p, &pending.value)) {
            return false;
        }
        if (block->npending >= IR_MAX_PENDING) {
            return bad(p, "too many pending writes");
        }
        pending.type = (uint8_t)type;
        block->pending[block->npending++] = pending;
        snap.npending++;
    } while (accept(p, ','));
    p->b->snap = block->nsnaps++;
    block->snaps[p->b->snap] = snap;
    return expect(p, '}');
}

static bool parse_op(Parser *p, IrInsn *insn)
{
    Word w = read_word(p);
    unsigned op = 0;
    while (op < IR_OP_COUNT && !word_is(w, ir_ops[op].name)) {
        op++;
    }
    if (op == IR_OP_COUNT) {
        return bad(p, "there is no op \"%.*s\"", word_length(w), w.start);
    }
    insn->op = (uint8_t)op;
    IrType type = IR_VOID;
    if (ir_op_is_typed(op)) {
        if (!read_type(p, &type)) {
            return false;
        }
    } else if (op != IR_CALL) {
        type = ir_result_type(insn);
    }
    insn->type = (uint8_t)type;
    return true;
}

// "vN = ", if it is there: N.
static bool parse_result(Parser *p, unsigned *number)
{
    const char *start = p->p;
    read_word(p);
    bool named = accept(p, '=');
    p->p = start;
    *number = 0;
    if (!named) {
        return true;
    }
    if (!read_value_number(p, number) || !expect(p, '=')) {
        return false;
    }
    return !p->refs[*number] || bad(p, "v%u is made twice", *number);
}

static bool parse_operands(Parser *p, IrInsn *insn)
{
    const char *form = ir_op_form(insn->op);
    for (const char *part = form; *part; part++) {
        if (part != form && part[-1] != 's' && !expect(p, ',')) {
            return false;
        }
        if (!parse_part(p, *part, insn)) {
            return false;
        }
    }
    if (!accept(p, '{')) {
        return true;
    }
    return ir_op_has(insn->op, 'S') ? parse_pending(p) : bad(p, "%s has no snapshot", ir_ops[insn->op].name);
}

static bool parse_insn(Parser *p)
{
    IrBlock *block = &p->b->block;
    unsigned number = 0;
    if (!parse_result(p, &number)) {
        return false;
    }
    IrInsn insn = { 0 };
    uint16_t snap = p->b->snap;
    if (!parse_op(p, &insn) || !parse_operands(p, &insn)) {
        return false;
    }
    bool makes = ir_result_type(&insn) != IR_VOID;
    if (makes != (number != 0)) {
        return bad(p, "%s makes %s value", ir_ops[insn.op].name, makes ? "a" : "no");
    }
    if (block->nins >= IR_MAX_INSNS) {
        return bad(p, "a block has at most %d instructions", IR_MAX_INSNS - 1);
    }
    p->lines[block->nins] = p->line;
    if (number) {
        p->refs[number] = block->nins;
    }
    if (insn.op == IR_INSN) {
        if (block->nguest >= IR_MAX_GUEST || block->nsnaps >= IR_MAX_SNAPS) {
            return bad(p, "too many guest instructions");
        }
        ir_insn(p->b, (uint64_t)insn.imm, insn.sub);
    } else {
        IrRef ref = ir_emit(p->b, insn.op, insn.type, insn.a, insn.b, insn.c, insn.sub, insn.imm);
        block->ins[ref].memop = insn.memop;
        block->ins[ref].disp = insn.disp;
        p->b->snap = snap;
    }
    return true;
}

// Returns bytes=, or UINT32_MAX without it.
static bool parse_header(Parser *p, uint32_t *bytes)
{
    uint64_t pc, flags, covered;
    if (!word_is(read_word(p), "block")) {
        return bad(p, "expected \"block pc=... flags=...\"");
    }
    if (!read_named(p, "pc", UINT64_MAX, &pc) || !read_named(p, "flags", UINT32_MAX, &flags)) {
        return false;
    }
    ir_begin(p->b, pc, (uint32_t)flags);
    *bytes = UINT32_MAX;
    skip_blanks(p);
    if (isalpha((unsigned char)*p->p)) {
        if (!read_named(p, "bytes", UINT32_MAX - 1, &covered)) {
            return false;
        }
        *bytes = (uint32_t)covered;
    }
    return true;
}

static bool at_line_end(Parser *p)
{
    skip_blanks(p);
    return *p->p == '\0' || *p->p == '\n';
}

static bool parse_lines(Parser *p)
{
    bool in_block = false;
    uint32_t bytes = UINT32_MAX;
    for (; *p->p; p->line++) {
        if (!at_line_end(p)) {
            if (!(in_block ? parse_insn(p) : parse_header(p, &bytes))) {
                return false;
            }
            in_block = true;
        }
        if (!at_line_end(p)) {
            return bad(p, "\"%.*s\" is too much", (int)MIN(strcspn(p->p, "\n"), 20), p->p);
        }
        p->p += *p->p == '\n';
    }
    if (bytes != UINT32_MAX) {
        p->b->block.bytes = bytes;
    }
    return in_block || bad(p, "there is no block");
}

bool ir_parse(IrBuilder *b, const char *text, const IrNames *names, Error *err)
{
    Parser *p = g_new0(Parser, 1);
    *p = (Parser){ .b = b, .names = names, .err = err, .p = text, .line = 1 };
    ir_begin(b, 0, 0);
    bool ok = parse_lines(p);
    IrRef where = 0;
    if (ok && !ir_verify_at(&b->block, &where, err)) {
        ok = where ? fail_prefix(err, "line %u", p->lines[where]) : false;
    }
    g_free(p);
    return ok;
}
