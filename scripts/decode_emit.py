# SPDX-License-Identifier: GPL-2.0-or-later
"""C for a checked decode table: header, decoder, disassembler, encoder and random instructions.

The decoder is nested switches over the bits that tell rows apart best, then a test of what remains
and one struct assignment. The disassembler decodes and prints from the struct. Encoder and random
generator walk a constant copy of the rows, so that a row added to the table is at once encodable
and tested.
"""
import re

from decode_check import decode_order
from decode_table import MEMBER_TYPES

C_TYPES = {'u8': 'uint8_t', 'u16': 'uint16_t', 'u32': 'uint32_t', 'i64': 'int64_t'}
BANNER = ('// SPDX-License-Identifier: GPL-2.0-or-later\n'
          '// @TITLE@: %s. Generated from @FILE@; edit that.\n')
WINDOW_BITS = 7  # widest switch


def c_name(name):
    return re.sub(r'\W', '_', name)


def c_text(text):
    return '"%s"' % text.replace('\\', '\\\\').replace('"', '\\"')


class Emitter:
    def __init__(self, table, prefix):
        self.table, self.prefix = table, prefix
        self.upper, self.type = prefix.upper(), prefix.capitalize() + 'Insn'
        self.word = table.word_bits()
        self.rows = decode_order(table.rows)
        self.getters = {}  # use key -> function name
        self.getter_text = []

    def fill(self, text):
        """Replaces the @NAME@ marks of a template."""
        table = self.table
        marks = {'TITLE': table.title, 'FILE': re.sub('.*/', '', table.files[0]), 'p': self.prefix,
                 'P': self.upper, 'Insn': self.type, 'word': 'uint%d_t' % self.word}
        return re.sub(r'@(\w+)@', lambda m: marks[m[1]], text)

    def hex(self, value):
        return ('0x%x' if self.word == 32 else 'UINT64_C(0x%x)') % value

    def op_name(self, op):
        return '%s_INSN_%s' % (self.upper, c_name(op).upper())

    def condition(self, conds):
        """A C expression over `features`, or '' if it always holds."""
        terms = []
        for must, mustnot in conds:
            tests = []
            if must:
                several = ' == UINT64_C(%#x)' % must if must & (must - 1) else ''
                tests.append('(features & UINT64_C(%#x))%s' % (must, several))
            if mustnot:
                tests.append('!(features & UINT64_C(%#x))' % mustnot)
            if not tests:
                return ''
            terms.append(' && '.join(tests))
        return terms[0] if len(terms) == 1 else '(%s)' % ' || '.join('(%s)' % t for t in terms)

    # Header

    def header(self):
        table = self.table
        out = [self.fill(BANNER % 'decoder, disassembler, encoder and random instructions'),
               '#pragma once\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n']
        out.append(self.fill('// Bits of a feature set.\n'))
        for i, name in enumerate(table.features):
            out.append('#define %s_EXT_%s (UINT64_C(1) << %d)\n' % (self.upper, name.upper(), i))
        out.append('\n// Kinds of instruction.\nenum {\n')
        for i, name in enumerate(table.classes):
            out.append('    %s_CLASS_%s = 1 << %d,\n' % (self.upper, name.upper(), i))
        out.append('    %s_CLASS_ALL = %#x,\n};\n\nenum {\n'
                   % (self.upper, (1 << len(table.classes)) - 1))
        out += ['    %s,\n' % self.op_name(op) for op in table.ops()]
        out.append('    %s_INSN_COUNT,\n};\n' % self.upper)
        out.append('\nenum {\n    %s_ROW_COUNT = %d, // rows of the table: encodings of ops\n};\n'
                   % (self.upper, len(self.rows)))
        for name, values in table.numbers.items():
            out.append('\nenum {\n')
            out += ['    %s_%s_%s = %#x,\n' % (self.upper, name.upper(), c_name(v).upper(), n)
                    for n, v in sorted(values.items())]
            out.append('};\n')
        out.append(self.struct())
        out.append(self.fill(PROTOTYPES))
        for name in list(table.names) + list(table.numbers):
            out.append('const char *%s_%s_name(uint64_t number);\n' % (self.prefix, name))
        return ''.join(out)

    def struct(self):
        members = sorted(self.table.members.items(), key=lambda m: -MEMBER_TYPES[m[1][0]][0])
        out = [self.fill('\n// A decoded instruction. Members that the op does not have are 0.\n'
                         'typedef struct @Insn@ {\n')]
        lines = [('%s %s;' % (C_TYPES[kind], name), text) for name, (kind, text) in members]
        bytes_from = sum(1 for _, (kind, _) in members if kind != 'u8')
        lines[bytes_from:0] = [('uint8_t length;', 'bytes')]
        lines[sum(1 for _, (kind, _) in members if kind == 'i64'):0] = [
            ('@word@ raw;', 'the bits, those above the length cleared'),
            ('uint16_t op;', '@P@_INSN_*; @P@_INSN_COUNT if illegal'),
            ('uint16_t row;', 'table row that matched; tells encodings of one op apart')]
        out += ['    %-16s // %s\n' % (self.fill(a), self.fill(b)) for a, b in lines]
        return ''.join(out) + self.fill('} @Insn@;\n')

    # Decoder

    def getter(self, use):
        """Name of the function that extracts a field laid out like this."""
        key = use.key()
        if key in self.getters:
            return self.getters[key]
        kind = self.table.members[use.field.member][0]
        name = 'get_%s_%d' % (c_name(use.field.name).strip('_'), len(self.getters))
        self.getters[key] = name
        wide = 'uint64_t' if kind == 'i64' else 'uint32_t' if self.word == 32 else 'uint64_t'
        terms = []
        for at, width, low in use.parts:
            term = '(bits >> %d & %s)' % (at, self.hex((1 << width) - 1))
            term = '(%s)%s' % (wide, term) if wide == 'uint64_t' and self.word == 32 else term
            terms.append('%s << %d' % (term, low) if low else term)
        value = ' | '.join('(%s)' % t if len(terms) > 1 else t for t in terms)
        lines = ['%s value = %s;' % (wide, value)]
        if use.field.signed:
            sign = 'UINT64_C(%#x)' % (1 << (use.high - 1))
            lines.append('value = (value ^ %s) - %s;' % (sign, sign))
        bias = ' + %d' % use.field.bias if use.field.bias else ''
        lines.append('return (%s)(value%s);' % (C_TYPES[kind], bias))
        self.getter_text.append('static inline %s %s(@word@ bits)\n{\n    %s\n}\n\n'
                                % (C_TYPES[kind], name, '\n    '.join(lines)))
        return name

    def take(self, row, indent):
        """Statements that fill *out from the row and return."""
        sets = ['.op = %s' % self.op_name(row.op), '.row = %d' % self.rows.index(row),
                '.length = %d' % (row.length // 8)]
        clipped = '' if row.length == self.word else ' & %s' % self.hex((1 << row.length) - 1)
        sets.append('.raw = bits%s' % clipped)
        calls = {}
        for use in row.uses:
            calls[use.field.member] = '%s(bits)' % self.getter(use)
        for member, value in row.assigns:
            calls[member] = calls[value] if isinstance(value, str) else str(value)
        sets += ['.%s = %s' % item for item in calls.items()]
        pad = ' ' * indent
        return '%s*out = (@Insn@){%s};\n%sreturn true;\n' % (pad, ', '.join(sets), pad)

    def leaf(self, rows, tested, indent):
        out = []
        pad = ' ' * indent
        for row in rows:
            tests = []
            if row.mask & ~tested:
                mask = row.mask & ~tested
                tests.append('(bits & %s) == %s' % (self.hex(mask), self.hex(row.value & mask)))
            for mask, value in row.nots:
                if not mask & row.mask & (value ^ row.value):
                    tests.append('(bits & %s) != %s' % (self.hex(mask), self.hex(value)))
            condition = self.condition(row.conds)
            if condition:
                tests.append(condition)
            if not tests:
                return ''.join(out) + '%s// %s\n' % (pad, row.name) + self.take(row, indent)
            out.append('%sif (%s) { // %s\n%s%s}\n'
                       % (pad, ' && '.join(tests), row.name, self.take(row, indent + 4), pad))
        return ''.join(out) + pad + 'return false;\n'

    def buckets(self, rows, at, width):
        """{value: rows} of a switch over these bits, and the rows of its default."""
        window = ((1 << width) - 1) << at
        rest = [r for r in rows if not r.mask & window]
        out = {}
        for value in range(1 << width):
            here = [r for r in rows if not (r.value ^ value << at) & r.mask & window]
            if here != rest:
                out[value] = here
        return out, rest

    def choose(self, rows, tested):
        """The window of bits that tells the rows apart best, as (at, width), or None."""
        common = ~tested
        fixed = 0
        for row in rows:
            common &= row.mask
            fixed |= row.mask & ~tested
        for allowed, most in ((common, len(rows)), (fixed, 2 * len(rows))):
            if allowed == fixed and allowed != common and len(rows) <= 3:
                break
            best = None
            for at in range(self.word):
                for width in range(1, WINDOW_BITS + 1):
                    window = ((1 << width) - 1) << at
                    if window & ~allowed:
                        break
                    cases, rest = self.buckets(rows, at, width)
                    sizes = [len(b) for b in cases.values()] + [len(rest)]
                    if max(sizes) == len(rows) or sum(sizes) > most:
                        continue
                    cost = (sum(n * n for n in sizes), width)
                    if best is None or cost < best[0]:
                        best = (cost, (at, width))
            if best:
                return best[1]
        return None

    def node(self, rows, tested, indent):
        window = self.choose(rows, tested) if len(rows) > 1 else None
        if window is None:
            return self.leaf(rows, tested, indent)
        at, width = window
        cases, rest = self.buckets(rows, at, width)
        tested |= ((1 << width) - 1) << at
        pad = ' ' * indent
        out = ['%sswitch (bits >> %d & %s) {\n' % (pad, at, self.hex((1 << width) - 1))]
        groups = {}
        for value, here in cases.items():
            groups.setdefault(tuple(here), []).append(value)
        for here, values in groups.items():
            out += ['%scase %#x:\n' % (pad, v) for v in values]
            out.append(self.node(list(here), tested, indent + 4))
        out.append('%sdefault:\n' % pad + self.node(rest, tested, indent + 4) + pad + '}\n')
        return ''.join(out)

    def decoder(self):
        tree = self.node(self.rows, 0, 4)
        lengths = ''.join('    if ((bits & %s) == %s) {\n        return %d;\n    }\n'
                          % (self.hex(mask), self.hex(value), length // 8)
                          for length, mask, value in self.table.lengths[:-1])
        last = '    return %d;\n' % (self.table.lengths[-1][0] // 8)
        return self.fill(BANNER % 'decoder' + '#include "@p@-decode.h"\n\n'
                         + ''.join(self.getter_text)
                         + 'unsigned @p@_insn_length(@word@ bits)\n{\n' + lengths + last + '}\n\n'
                         + 'static bool match_row(@word@ bits, uint64_t features, @Insn@ *out)\n{\n'
                         + tree + '}\n\n' + DECODE_WRAPPER)

    # Disassembler

    def name_tables(self):
        out = []
        for name, values in self.table.names.items():
            texts = ', '.join('NULL' if v is None else c_text(v) for v in values)
            out.append('const char *@p@_%s_name(uint64_t number)\n{\n'
                       '    static const char *const names[] = {%s};\n'
                       '    return number < %d ? names[number] : NULL;\n}\n\n'
                       % (name, texts, len(values)))
        for name, values in self.table.numbers.items():
            cases = ''.join('    case %#x: return %s;\n' % (n, c_text(v))
                            for n, v in sorted(values.items()))
            out.append('const char *@p@_%s_name(uint64_t number)\n{\n'
                       '    switch (number) {\n%s    }\n    return NULL;\n}\n\n' % (name, cases))
        names = ', '.join(c_text(op) for op in self.table.ops())
        out.append('const char *@p@_op_name(unsigned op)\n{\n'
                   '    static const char *const names[] = {%s};\n'
                   '    return op < @P@_INSN_COUNT ? names[op] : "illegal";\n}\n\n' % names)
        return ''.join(out)

    def operand(self, name):
        """A statement that prints the operand."""
        member, kind, bits = self.table.operands[name]
        if kind == 'dec':
            return 'put(text, "%%" PRId64, (int64_t)insn->%s);' % member
        if kind == 'pcrel':
            return 'put_target(text, pc + (uint64_t)insn->%s, features);' % member
        if kind == 'hex':
            value = '(uint64_t)insn->%s' % member
            if bits:
                mask = (1 << (bits[0] - bits[1] + 1)) - 1
                value = '%s >> %d & UINT64_C(%#x)' % (value, bits[1], mask)
            return 'put(text, "0x%%" PRIx64, %s);' % value
        value = '(uint64_t)insn->%s' % member
        return 'put_name(text, @p@_%s_name(%s), %s);' % (kind, value, value)

    def disassembler(self):
        groups = {}
        for i, row in enumerate(self.rows):
            groups.setdefault(row.asm, []).append(i)
        cases = []
        for asm, rows in groups.items():
            cases += ['    case %d: // %s\n' % (i, self.rows[i].name) for i in rows]
            for piece in re.findall(r'\{[^}]*\}|[^{]+', asm):
                if piece == '{op}':
                    cases.append('        put(text, "%s", mnemonics[insn->row]);\n')
                elif piece.startswith('{'):
                    cases.append('        %s\n' % self.operand(piece[1:-1]))
                else:
                    cases.append('        put(text, "%%s", %s);\n' % c_text(piece))
            cases.append('        break;\n')
        target = ''.join('    if (%s) {\n        target &= UINT64_C(%#x);\n    }\n'
                         % (self.condition(conds) or 'true', (1 << bits) - 1)
                         for bits, conds in self.table.addresses)
        mnemonics = ', '.join(c_text(r.name) for r in self.rows)
        return self.fill(BANNER % 'disassembler' + DISAS_HEAD + self.name_tables()
                         + 'static const char *const mnemonics[] = {%s};\n\n' % mnemonics
                         + DISAS_TARGET % target + DISAS_OPERANDS % ''.join(cases) + DISAS_TAIL)

    # Encoder and random instructions

    def encoder(self):
        members = list(self.table.members)
        parts, slots, pairs, conds, fixed, rows = [], [], [], [], [], []
        for row in self.rows:
            first = len(slots), len(pairs), len(conds), len(fixed)
            for use in row.uses:
                slots.append('{%d, %d, %d, %d, %d, %d, %d}' % (
                    members.index(use.field.member), use.field.signed, use.field.bias,
                    use.high, use.low, len(parts), len(use.parts)))
                parts += ['{%d, %d, %d}' % part for part in use.parts]
            pairs += ['{%s, %s}' % (self.hex(m), self.hex(v)) for m, v in row.nots]
            conds += ['{UINT64_C(%#x), UINT64_C(%#x)}' % c for c in row.conds]
            for member, value in row.assigns:
                copy = members.index(value) if isinstance(value, str) else -1
                value = 0 if copy >= 0 else value
                fixed.append('{%d, %d, %d}' % (members.index(member), copy, value))
            classes = sum(1 << self.table.classes.index(c) for c in row.classes)
            last = len(slots), len(pairs), len(conds), len(fixed)
            counts = tuple(b - a for a, b in zip(first, last))
            bits = tuple(self.hex(b) for b in (row.mask, row.value, row.ignored))
            rows.append('{%s, %s, %s, %s, %#x, %d, %d, %d, %d, %d, %d, %d, %d, %d}, // %s' % (
                (self.op_name(row.op),) + bits + (classes, row.length // 8) + first + counts
                + (row.name,)))
        out = [BANNER % 'encoder and random instructions' + ENCODE_TYPES]
        for name, kind, items in (('parts', 'Part', parts), ('slots', 'Slot', slots),
                                  ('pairs', 'Pair', pairs), ('conds', 'Cond', conds),
                                  ('fixed', 'Fixed', fixed)):
            out.append('static const %s %s[] = {\n    %s,\n};\n\n'
                       % (kind, name, ',\n    '.join(items or ['{0}'])))
        out.append('static const Row rows[] = {\n    %s\n};\n\n' % '\n    '.join(rows))
        cases = ''.join('    case %d: return (int64_t)insn->%s;\n' % (i, m)
                        for i, m in enumerate(members))
        out.append(ENCODE_MEMBER % cases + ENCODE_TAIL)
        return self.fill(''.join(out))


PROTOTYPES = '''
// Bytes that the instruction which starts with these bits takes, legal or not.
unsigned @p@_insn_length(@word@ bits);

// Decodes the instruction in the low bits of `bits`; bits above its length are ignored. `features`
// are @P@_EXT_*. False: illegal with these; then only raw, length and op say something.
bool @p@_decode(@word@ bits, uint64_t features, @Insn@ *out);

// Writes assembler text (cut at `size`, always ended), returns the length in bytes; 0 if illegal,
// with the bits as data for text. `pc` is the instruction's address: branch targets are absolute.
int @p@_disas(char *buf, size_t size, @word@ bits, uint64_t pc, uint64_t features);

// Makes the bits of the instruction with this op, length and members; raw and row don't matter.
// False: no encoding of that length holds them with these features.
bool @p@_encode(const @Insn@ *insn, uint64_t features, @word@ *bits);

// A random legal instruction, every fitting row equally likely and ignored bits zero; a row fits if
// all of its classes are in `class_mask` (@P@_CLASS_*). `rng` gives 64 random bits a call. 0 if no
// row fits.
@word@ @p@_random_insn(uint64_t (*rng)(void *), void *ctx, uint64_t features,
                           uint32_t class_mask);

// The op's mnemonic; "illegal" out of range. The tables' names: NULL where there is none.
const char *@p@_op_name(unsigned op);
'''

DECODE_WRAPPER = '''bool @p@_decode(@word@ bits, uint64_t features, @Insn@ *out)
{
    if (match_row(bits, features, out)) {
        return true;
    }
    unsigned length = @p@_insn_length(bits);
    unsigned unused = 8 * ((unsigned)sizeof(bits) - length);
    *out = (@Insn@){.op = @P@_INSN_COUNT, .length = (uint8_t)length};
    out->raw = bits << unused >> unused;
    return false;
}
'''

DISAS_HEAD = '''#include "@p@-decode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

typedef struct Text {
    char *at;
    size_t left; // bytes, the final 0 included
} Text;

static void put(Text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(Text *text, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text->at, text->left, fmt, ap);
    va_end(ap);
    if (n > 0 && text->left) {
        size_t used = (size_t)n < text->left ? (size_t)n : text->left - 1;
        text->at += used;
        text->left -= used;
    }
}

static void put_name(Text *text, const char *name, uint64_t number)
{
    if (name) {
        put(text, "%s", name);
    } else {
        put(text, "0x%" PRIx64, number);
    }
}

'''

DISAS_TARGET = '''static void put_target(Text *text, uint64_t target, uint64_t features)
{
    (void)features;
%s    put(text, "0x%%" PRIx64, target);
}

'''

DISAS_OPERANDS = '''
static void put_insn(Text *text, const @Insn@ *insn, uint64_t pc, uint64_t features)
{
    switch (insn->row) {
%s    }
}

'''

DISAS_TAIL = '''int @p@_disas(char *buf, size_t size, @word@ bits, uint64_t pc, uint64_t features)
{
    @Insn@ insn;
    Text text = {buf, size};
    if (size) {
        *buf = 0;
    }
    if (!@p@_decode(bits, features, &insn)) {
        put(&text, ".%ubyte 0x%0*" PRIx64, insn.length, insn.length * 2, (uint64_t)insn.raw);
        return 0;
    }
    put_insn(&text, &insn, pc, features);
    return insn.length;
}
'''

ENCODE_TYPES = '''#include "@p@-decode.h"

typedef struct Part {
    uint8_t at, width, low; // lowest bit in the encoding, bits, lowest bit in the value
} Part;

typedef struct Slot { // a field of a row
    uint8_t member, is_signed, bias;
    uint8_t high, low; // value bits, and how many of the lowest are always 0
    uint16_t first_part, nparts;
} Slot;

typedef struct Pair {
    @word@ mask, value;
} Pair;

typedef struct Cond {
    uint64_t must, mustnot; // features
} Cond;

typedef struct Fixed { // a member that the row implies
    uint8_t member;
    int8_t copy; // the member that it equals, or -1
    int64_t value;
} Fixed;

typedef struct Row {
    uint16_t op;
    @word@ mask, value; // fixed bits
    @word@ ignored;
    uint32_t classes;
    uint8_t length; // bytes
    uint16_t slot, pair, cond, fix; // first of each
    uint8_t nslots, npairs, nconds, nfixed;
} Row;

'''

ENCODE_MEMBER = '''static int64_t member_get(const @Insn@ *insn, unsigned member)
{
    switch (member) {
%s    }
    return 0;
}

'''

ENCODE_TAIL = '''static bool row_enabled(const Row *row, uint64_t features)
{
    for (unsigned i = 0; i < row->nconds; i++) {
        const Cond *cond = &conds[row->cond + i];
        if ((features & cond->must) == cond->must && !(features & cond->mustnot)) {
            return true;
        }
    }
    return false;
}

static bool row_excludes(const Row *row, @word@ bits)
{
    for (unsigned i = 0; i < row->npairs; i++) {
        if ((bits & pairs[row->pair + i].mask) == pairs[row->pair + i].value) {
            return true;
        }
    }
    return false;
}

static bool slot_scatter(const Slot *slot, int64_t value, @word@ *bits)
{
    int64_t raw = value - slot->bias;
    int64_t lowest = slot->is_signed ? -(INT64_C(1) << (slot->high - 1)) : 0;
    int64_t end = INT64_C(1) << (slot->is_signed ? slot->high - 1 : slot->high);
    if (raw < lowest || raw >= end || (raw & ((INT64_C(1) << slot->low) - 1))) {
        return false;
    }
    for (unsigned i = 0; i < slot->nparts; i++) {
        const Part *part = &parts[slot->first_part + i];
        uint64_t piece = (uint64_t)raw >> part->low & ((UINT64_C(1) << part->width) - 1);
        *bits |= (@word@)(piece << part->at);
    }
    return true;
}

static bool row_encode(const Row *row, const @Insn@ *insn, @word@ *bits)
{
    *bits = row->value;
    for (unsigned i = 0; i < row->nslots; i++) {
        const Slot *slot = &slots[row->slot + i];
        if (!slot_scatter(slot, member_get(insn, slot->member), bits)) {
            return false;
        }
    }
    for (unsigned i = 0; i < row->nfixed; i++) {
        const Fixed *fix = &fixed[row->fix + i];
        int64_t want = fix->copy >= 0 ? member_get(insn, (unsigned)fix->copy) : fix->value;
        if (member_get(insn, fix->member) != want) {
            return false;
        }
    }
    return !row_excludes(row, *bits);
}

bool @p@_encode(const @Insn@ *insn, uint64_t features, @word@ *bits)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const Row *row = &rows[i];
        @Insn@ check;
        if (row->op != insn->op || row->length != insn->length || !row_enabled(row, features)) {
            continue;
        }
        // Decoding again finds fields that are a special case of this row and make another op.
        if (row_encode(row, insn, bits) && @p@_decode(*bits, features, &check) &&
            check.op == insn->op) {
            return true;
        }
    }
    return false;
}

static bool row_wanted(const Row *row, uint64_t features, uint32_t class_mask)
{
    return !(row->classes & ~class_mask) && row_enabled(row, features);
}

@word@ @p@_random_insn(uint64_t (*rng)(void *), void *ctx, uint64_t features,
                           uint32_t class_mask)
{
    uint64_t wanted = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        wanted += row_wanted(&rows[i], features, class_mask);
    }
    if (!wanted) {
        return 0;
    }
    uint64_t pick = rng(ctx) % wanted;
    const Row *row = rows;
    while (!row_wanted(row, features, class_mask) || pick--) {
        row++;
    }
    @word@ held = row->mask | row->ignored;
    if (row->length < sizeof(held)) {
        held |= (@word@)-1 << 8 * row->length;
    }
    @word@ bits = (@word@)rng(ctx) & ~held;
    // Counting up through the free bits ends whatever rng gives: the table has no empty row.
    while (row_excludes(row, bits | row->value)) {
        bits = ((bits | held) + 1) & ~held;
    }
    return bits | row->value;
}
'''


def emit_all(table, prefix):
    """{file name: text} of everything generated."""
    emitter = Emitter(table, prefix)
    return {'%s-decode.h' % prefix: emitter.header(), '%s-decode.c' % prefix: emitter.decoder(),
            '%s-disas.c' % prefix: emitter.disassembler(),
            '%s-randinsn.c' % prefix: emitter.encoder()}
