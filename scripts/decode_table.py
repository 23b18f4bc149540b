# SPDX-License-Identifier: GPL-2.0-or-later
"""Reader of instruction decode tables: text in, a `Table` out whose rows make sense one by one.

Rows are written as the manuals print them, most significant bit first, so that they can be
proof-read against the page. What rows do to each other is decode_check.py's business.
Not modelled: instructions above 64 bits and encodings behind prefixes (plan: head of decode.py).

The language. `#` starts a comment; a line that starts with a blank continues the one before.

  isa NAME "TITLE"                   once
  include "FILE"                     relative to the first file
  feature A B ...                    feature bits, in this order
  exactly-one A B                    of these features one is on and the others are off
  class A B ...                      kinds of instruction, to ask the random generator for
  length 16 ....00                   length in bits by the lowest bits of the instruction
  address 32 if A                    width of pc-relative targets under a condition; else 64
  member rd u8 "TEXT"                a member of the decoded struct: u8 u16 u32 i64
  names xreg zero ra ...             names of 0, 1, ...; - has none, "" prints nothing
  numbers csr 0x300 mstatus          sparse names, also an enum; 3..5 pmpcfg[0] names a run
  field rd:5 -> rd                   bits of fixed width that go to a member
  field rd':3 -> rd + 8              ... with a bias
  field nzimm signed -> imm not 0    ... of a width that each row gives, sign-extended, without 0
  operand fd rd freg                 how a member is printed: by a names or numbers table, as dec,
                                     hex or pcrel; hex[31:12] prints these bits of it
  format R ....... rs2 rs1 ... rd ....... asm "{op} {rd},{rs1},{rs2}"
                                     a layout (dots: anything) that its rows must have, their text
  group "TITLE" class alu if I       defaults of the rows up to the next group

  MNEMONIC [FORMAT] BITS... [if COND] [over ROW] [class A B] [asm "..."] [=> OP MEMBER=VALUE ...]

BITS are constants (0110011), ignored bits (.....), fields (rd, or rd!=0 or rd!=0,2) and parts of
scattered fields as manuals print them: imm[12|10:5]. Bits below a field's lowest part are zero.
COND is `A & !B | C`; it narrows the group's. Rows of one name are one op. `=>` makes the row
another op's encoding: the row's fields keep their members, VALUE is a number or a member. `over`
says that the row is a special case of another row and wins.
"""
import os
import re

KEYS = ('if', 'over', 'class', 'asm', '=>')
MEMBER_TYPES = {'u8': (8, False), 'u16': (16, False), 'u32': (32, False), 'i64': (64, True)}
IDENT = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*'?$")


class TableError(Exception):
    """A mistake in the table; str() is `file:line: message`."""

    def __init__(self, where, message):
        super().__init__('%s: %s' % (where, message))


class Field:
    """A declared bit field. `width` is None when each row gives it."""

    def __init__(self, name, width, signed, member, bias, nots):
        self.name, self.width, self.signed = name, width, signed
        self.member, self.bias, self.nots = member, bias, nots


class Use:
    """A field in a row: parts are (bit of the encoding, width, bit of the value)."""

    def __init__(self, field):
        self.field, self.parts, self.nots = field, [], list(field.nots)

    @property
    def mask(self):
        return sum(((1 << width) - 1) << at for at, width, _ in self.parts)

    @property
    def high(self):
        """Number of value bits, those below the lowest part included."""
        return max(low + width for _, width, low in self.parts)

    @property
    def low(self):
        return min(low for _, _, low in self.parts)

    def key(self):
        return (self.field.name, tuple(self.parts))

    def scatter(self, value):
        """The encoding bits that hold the member's `value`, or None if the field can't hold it."""
        raw = value - self.field.bias
        half = 1 << (self.high - 1)
        fits = -half <= raw < half if self.field.signed else 0 <= raw < 2 * half
        if not fits or raw & ((1 << self.low) - 1):
            return None
        return sum((raw >> low & ((1 << width) - 1)) << at for at, width, low in self.parts)


class Row:
    """One encoding. mask/value: fixed bits; nots: (mask, value) pairs that must not match."""

    def __init__(self, where, name):
        self.where, self.name = where, name
        self.length = self.mask = self.value = self.ignored = 0
        self.uses, self.nots, self.conds = [], [], []
        self.classes, self.asm, self.over = [], None, None
        self.target, self.assigns = None, []

    @property
    def op(self):
        return self.target or self.name

    def members(self):
        return [u.field.member for u in self.uses] + [m for m, _ in self.assigns]


class Table:
    def __init__(self):
        self.isa = self.title = None
        self.files, self.features, self.one_of, self.classes = [], [], [], []
        self.addresses = []
        self.lengths, self.members, self.names, self.numbers = [], {}, {}, {}
        self.fields, self.operands, self.formats, self.rows = {}, {}, {}, []
        self.used = set()  # declarations that some row needs, for the report

    def ops(self):
        """Op names in table order."""
        return list(dict.fromkeys(r.name for r in self.rows if r.target is None))

    def word_bits(self):
        return 64 if max(length for length, _, _ in self.lengths) > 32 else 32


def split_words(text, where):
    """Words; a quoted word keeps its opening quote, so that "if" is not the keyword if."""
    words = []
    pos = 0
    while pos < len(text):
        if text[pos].isspace():
            pos += 1
        elif text[pos] == '#':
            break
        elif text[pos] == '"':
            end = text.find('"', pos + 1)
            if end < 0:
                raise TableError(where, 'a quote without its end')
            words.append(text[pos:end])
            pos = end + 1
        else:
            match = re.compile(r'[^\s"#]+').match(text, pos)
            words.append(match.group())
            pos = match.end()
    return words


def statements(path):
    """(where, words) of each statement, with continuation lines joined."""
    out = []
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            where = '%s:%d' % (os.path.basename(path), number)
            words = split_words(line, where)
            if not words:
                continue
            if line[0].isspace():
                if not out:
                    raise TableError(where, 'nothing to continue')
                out[-1][1].extend(words)
            else:
                out.append((where, words))
    return out


class Reader:
    def __init__(self):
        self.table = Table()
        self.group = [], [(0, 0)]  # classes and conditions of the rows that follow
        self.where = ''

    def fail(self, message):
        raise TableError(self.where, message)

    def read(self, path):
        self.table.files.append(path)
        for where, words in statements(path):
            self.where = where
            handler = getattr(self, 'do_' + words[0].replace('-', '_'), None)
            if handler is None:
                self.row(words)
            else:
                handler(words[1:])

    # Small helpers

    def need(self, condition, message):
        if not condition:
            self.fail(message)

    def quoted(self, word, what):
        self.need(word.startswith('"'), '%s wants a quoted text, not %s' % (what, word))
        return word[1:]

    def plain(self, word):
        return word[1:] if word.startswith('"') else word

    def declare(self, table, name, value):
        self.need(IDENT.match(name), 'bad name: %s' % name)
        self.need(name not in table, '%s is declared twice' % name)
        table[name] = value

    def number(self, word):
        try:
            return int(word, 0)
        except ValueError:
            self.fail('not a number: %s' % word)

    def index(self, names, word, what):
        self.need(word in names, 'unknown %s: %s' % (what, word))
        return names.index(word)

    # Declarations

    def do_isa(self, words):
        self.need(len(words) == 2 and self.table.isa is None, 'isa NAME "TITLE", once')
        self.table.isa, self.table.title = words[0], self.quoted(words[1], 'isa')

    def do_include(self, words):
        self.need(len(words) == 1, 'include "FILE"')
        path = os.path.join(os.path.dirname(self.table.files[0]), self.quoted(words[0], 'include'))
        self.need(path not in self.table.files, 'included twice: %s' % path)
        self.need(os.path.exists(path), 'no such file: %s' % path)
        where = self.where
        self.read(path)
        self.where = where

    def do_feature(self, words):
        for word in words:
            self.need(word not in self.table.features, '%s is declared twice' % word)
            self.need(IDENT.match(word) and len(self.table.features) < 64,
                      'bad or 65th feature: %s' % word)
            self.table.features.append(word)

    def do_exactly_one(self, words):
        self.table.one_of.append(sum(1 << self.index(self.table.features, w, 'feature')
                                     for w in words))

    def do_class(self, words):
        for word in words:
            self.need(word not in self.table.classes, '%s is declared twice' % word)
            self.table.classes.append(word)

    def do_length(self, words):
        self.need(len(words) == 2 and re.match(r'[01.]+$', words[1]), 'length BITS PATTERN')
        length = self.number(words[0])
        self.need(length % 8 == 0 and len(words[1]) <= length <= 64, 'bad length: %d' % length)
        mask = int(''.join('0' if c == '.' else '1' for c in words[1]), 2)
        self.table.lengths.append((length, mask, int(words[1].replace('.', '0'), 2)))

    def do_address(self, words):
        self.need(len(words) > 2 and words[1] == 'if', 'address BITS if COND')
        self.table.addresses.append((self.number(words[0]), self.conditions(words[2:])))

    def do_member(self, words):
        self.need(len(words) == 3 and words[1] in MEMBER_TYPES, 'member NAME u8|u16|u32|i64 "TEXT"')
        self.declare(self.table.members, words[0], (words[1], self.quoted(words[2], 'member')))

    def do_names(self, words):
        self.need(len(words) > 1, 'names NAME NAME-OF-0 ...')
        values = [None if w == '-' else self.plain(w) for w in words[1:]]
        self.declare(self.table.names, words[0], values)

    def do_numbers(self, words):
        self.need(len(words) > 1 and len(words) % 2 == 1, 'numbers NAME, then pairs NUMBER NAME')
        values = {}
        for number, name in zip(words[1::2], words[2::2]):
            first, _, last = number.partition('..')
            first = self.number(first)
            last = self.number(last) if last else first
            run = re.match(r'(\w*)\[(\d+)\](\w*)$', name)
            self.need((last > first) == bool(run), 'a run is FIRST..LAST name[FIRST-INDEX]')
            for n in range(first, last + 1):
                text = '%s%d%s' % (run[1], int(run[2]) + n - first, run[3]) if run else name
                self.need(n not in values and text not in values.values(),
                          'twice: %#x %s' % (n, text))
                values[n] = text
        self.declare(self.table.numbers, words[0], values)

    def do_field(self, words):
        name, _, width = words[0].partition(':')
        rest = words[1:]
        signed = rest[:1] == ['signed']
        rest = rest[1:] if signed else rest
        self.need(len(rest) >= 2 and rest[0] == '->',
                  'field NAME[:WIDTH] [signed] -> MEMBER [+ N] [not V ...]')
        member, bias, nots, rest = rest[1], 0, [], rest[2:]
        self.need(member in self.table.members, 'unknown member: %s' % member)
        if rest[:1] == ['+']:
            self.need(len(rest) > 1, 'a bias wants a number')
            bias, rest = self.number(rest[1]), rest[2:]
        if rest[:1] == ['not']:
            nots, rest = [self.number(w) for w in rest[1:]], []
        self.need(not rest, 'not understood: %s' % ' '.join(rest))
        bits, member_signed = MEMBER_TYPES[self.table.members[member][0]]
        self.need(member_signed or not signed, 'signed field %s in an unsigned member' % name)
        width = self.number(width) if width else None
        self.need(width is None or 0 < width <= bits, 'field %s is wider than its member' % name)
        field = Field(name, width, signed, member, bias, nots)
        self.declare(self.table.fields, name, field)

    def do_operand(self, words):
        self.need(len(words) == 3, 'operand NAME MEMBER PRINTER')
        name, member, printer = words
        self.need(member in self.table.members, 'unknown member: %s' % member)
        match = re.match(r'(\w+)(?:\[(\d+):(\d+)\])?$', printer)
        self.need(match, 'bad printer: %s' % printer)
        kind = match[1]
        known = ['dec', 'hex', 'pcrel'] + list(self.table.names) + list(self.table.numbers)
        self.need(kind in known, 'unknown printer: %s' % kind)
        bits = (int(match[2]), int(match[3])) if match[2] else None
        self.need(bits is None or (kind == 'hex' and bits[0] >= bits[1]),
                  'only hex takes [HIGH:LOW]')
        self.declare(self.table.operands, name, (member, kind, bits))

    def do_format(self, words):
        self.need(len(words) > 1, 'format NAME BITS ... [asm "..."]')
        tails = self.tails(words[1:])
        self.need(set(tails) <= {'', 'asm'}, 'a format has bits and asm only')
        asm = self.asm_text(tails['asm']) if 'asm' in tails else None
        self.need(words[0] not in self.table.fields, '%s is a field' % words[0])
        self.declare(self.table.formats, words[0], (self.layout(tails['']), asm))

    def do_group(self, words):
        self.need(words, 'group "TITLE"')
        tails = self.tails(words[1:])
        self.need(set(tails) <= {'', 'class', 'if'} and not tails[''],
                  'group "TITLE" [class ...] [if ...]')
        conds = self.conditions(tails['if']) if 'if' in tails else [(0, 0)]
        classes = self.class_list(tails.get('class', []))
        self.quoted(words[0], 'group')
        self.group = classes, conds

    # Rows

    def tails(self, words):
        """Splits words at the keys: {'': words before the first key, 'if': [...], ...}."""
        out = {'': []}
        key = ''
        for word in words:
            if word in KEYS:
                self.need(word not in out, '%s twice' % word)
                key = word
                out[key] = []
            else:
                out[key].append(word)
        return out

    def class_list(self, words):
        for word in words:
            self.index(self.table.classes, word, 'class')
        return list(words)

    def conditions(self, words):
        """Disjunctive form: a list of (features that must be on, features that must be off)."""
        out = []
        for term in ' '.join(words).split('|'):
            must = mustnot = 0
            for name in term.split('&'):
                name = name.strip()
                bit = 1 << self.index(self.table.features, name.lstrip('!').strip(), 'feature')
                if name.startswith('!'):
                    mustnot |= bit
                else:
                    must |= bit
            out.append((must, mustnot))
        return out

    def asm_text(self, words):
        self.need(len(words) == 1, 'asm wants one quoted text')
        text = self.quoted(words[0], 'asm')
        for name in re.findall(r'\{([^}]*)\}', text):
            self.need(name == 'op' or name in self.table.operands, 'unknown operand: %s' % name)
        return text

    def parts_of(self, word):
        """A word of the layout as (kind, width, field, ranges, exclusions)."""
        if re.match(r'[01.]+$', word):
            return 'bits', len(word), None, None, []
        match = re.match(r"([A-Za-z_]\w*'?)(?::(\d+)|\[([\d:|]+)\])?(?:!=([-\w,]+))?$", word)
        self.need(match and match[1] in self.table.fields, 'neither bits nor a field: %s' % word)
        field = self.table.fields[match[1]]
        nots = [self.number(w) for w in match[4].split(',')] if match[4] else []
        if match[3] is None:
            self.need(field.width, '%s has no fixed width: say which of its bits, as in %s[4:0]'
                      % (word, field.name))
            self.need(match[2] in (None, str(field.width)),
                      '%s is declared %d bits wide' % (field.name, field.width))
            return 'field', field.width, field, [(field.width - 1, 0)], nots
        self.need(field.width is None, '%s has a fixed width' % field.name)
        self.need(not nots, 'exclude values where the scattered field is declared: %s' % word)
        ranges = []
        for part in match[3].split('|'):
            high, _, low = part.partition(':')
            self.need(high and (not _ or low), 'bad bit range: %s' % word)
            ranges.append((int(high), int(low) if low else int(high)))
            self.need(ranges[-1][0] >= ranges[-1][1], 'bit range upside down: %s' % word)
        return 'field', sum(h - l + 1 for h, l in ranges), field, ranges, nots

    def layout(self, words):
        """Bit layout: (length, mask, value, ignored, {field name: Use})."""
        parts = [(word, self.parts_of(word)) for word in words]
        length = at = sum(p[1] for _, p in parts)
        self.need(length in [n for n, _, _ in self.table.lengths], 'the row has %d bits' % length)
        mask = value = ignored = 0
        uses = {}
        for word, (kind, width, field, ranges, nots) in parts:
            at -= width
            if kind == 'bits':
                mask |= int(''.join('0' if c == '.' else '1' for c in word), 2) << at
                ignored |= int(''.join('1' if c == '.' else '0' for c in word), 2) << at
                value |= int(word.replace('.', '0'), 2) << at
                continue
            self.need(field.width is None or field.name not in uses, '%s twice' % field.name)
            use = uses.setdefault(field.name, Use(field))
            use.nots += nots
            pos = at + width
            for high, low in ranges:
                pos -= high - low + 1
                use.parts.append((pos, high - low + 1, low))
        for use in uses.values():
            self.check_use(use)
        return length, mask, value, ignored, uses

    def check_use(self, use):
        seen = 0
        for _, width, low in use.parts:
            bits = ((1 << width) - 1) << low
            self.need(not seen & bits, 'a bit of %s is given twice' % use.field.name)
            seen |= bits
        self.need(seen == (1 << use.high) - (1 << use.low),
                  'a bit of %s is missing' % use.field.name)
        size = MEMBER_TYPES[self.table.members[use.field.member][0]][0]
        biased = (1 << use.high) - 1 + use.field.bias
        self.need(biased < 1 << size, '%s does not fit its member' % use.field.name)

    def row(self, words):
        row = Row(self.where, words[0])
        self.need(re.match(r'[a-z][a-z0-9._]*$', row.name),
                  'neither a statement nor a mnemonic: %s' % row.name)
        tails = self.tails(words[1:])
        bits = tails['']
        template = None
        if bits and bits[0] in self.table.formats:
            template = self.table.formats[bits[0]]
            self.table.used.add(('format', bits[0]))
            bits = bits[1:]
        row.length, row.mask, row.value, row.ignored, uses = self.layout(bits)
        row.uses = list(uses.values())
        if template:
            self.fit(row, uses, template[0])
        self.exclusions(row)
        self.placement(row, tails)
        self.expansion(row, tails.get('=>'))
        self.text(row, tails.get('asm'), template)
        self.table.rows.append(row)

    def fit(self, row, uses, template):
        self.need(row.length == template[0], 'the row has %d bits, its format %d'
                  % (row.length, template[0]))
        for name, use in template[4].items():
            self.need(name in uses and set(use.parts) <= set(uses[name].parts),
                      '%s is not where the format has it' % name)

    def exclusions(self, row):
        for use in row.uses:
            self.table.used.add(('field', use.field.name))
            for value in use.nots:
                raw = use.scatter(value)
                self.need(raw is not None, '%s can never be %d' % (use.field.name, value))
                row.nots.append((use.mask, raw))

    def placement(self, row, tails):
        classes, conds = self.group
        row.classes = self.class_list(tails['class']) if 'class' in tails else classes
        own = self.conditions(tails['if']) if 'if' in tails else [(0, 0)]
        row.conds = [(a | c, b | d) for a, b in conds for c, d in own]
        for must, mustnot in row.conds:
            self.need(not must & mustnot, 'the condition can never hold')
        if 'over' in tails:
            self.need(len(tails['over']) == 1, 'over ROW')
            row.over = tails['over'][0]

    def expansion(self, row, words):
        if words is not None:
            self.need(words, '=> OP MEMBER=VALUE ...')
            row.target = words[0]
            for word in words[1:]:
                member, _, value = word.partition('=')
                self.need(member in self.table.members and value, 'not MEMBER=VALUE: %s' % word)
                if value not in self.table.members:
                    value = self.number(value)
                row.assigns.append((member, value))
        members = row.members()
        for member in members:
            self.need(members.count(member) == 1, 'member %s is set twice' % member)
        for _, value in row.assigns:
            held = [u.field.member for u in row.uses]
            self.need(not isinstance(value, str) or value in held,
                      'no field of this row sets %s' % value)

    def text(self, row, words, template):
        if words is not None:
            row.asm = self.asm_text(words)
        elif template and template[1]:
            row.asm = template[1]
        else:
            self.need(not row.uses, 'no asm, neither here nor in a format')
            row.asm = '{op}'
        shown = [self.table.operands[n][0] for n in re.findall(r'\{([^}]*)\}', row.asm)
                 if n != 'op']
        for name in re.findall(r'\{([^}]*)\}', row.asm):
            self.table.used.add(('operand', name))
        for member in shown:
            self.need(member in row.members(), 'asm shows %s, which the row does not set' % member)
        for use in row.uses:
            self.need(use.field.member in shown, 'asm does not show %s' % use.field.name)


def read_table(path):
    """Reads a table and its includes; raises TableError at the first mistake."""
    reader = Reader()
    reader.read(path)
    table = reader.table
    if table.isa is None or not table.lengths or not table.rows:
        raise TableError(os.path.basename(path), 'a table needs isa, length and rows')
    return table
