# SPDX-License-Identifier: GPL-2.0-or-later
"""The decode-table compiler: every mistake it promises to find, and its C against a slow reading.

Each mistake is one edit of a table that passes, so the edit is what is found. The C decoder of a
small table with all features of the language is compared with a linear search in Python.

    test-generator.py SOURCE-ROOT COMPILER...
"""
import ctypes
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT, COMPILER = sys.argv[1], sys.argv[2:]
sys.path.insert(0, os.path.join(ROOT, 'scripts'))
from decode_check import (  # noqa: E402
    check, count_matches, decode_order, find_match, live_rows, possible, report)
from decode_emit import emit_all  # noqa: E402
from decode_table import MEMBER_TYPES, TableError, read_table  # noqa: E402

TOY = '''# A toy instruction set with two lengths.
isa toy "Toy"
length 8  0
length 16 01
length 16 11
feature A B W1 W2
exactly-one W1 W2
address 16 if W1
class calc jump
member rd  u8  "destination"
member rs  u8  "source"
member imm i64 "immediate"
names reg r0 r1 r2 r3
      r4 r5 r6 -
numbers port 3 three 5..6 run[1]x
field rd:3        -> rd
field rd':2       -> rd + 4
field rs:3        -> rs
field imm signed  -> imm
field nzimm signed -> imm not 0
field uimm        -> imm
operand rd  rd  reg
operand rs  rs  reg
operand imm imm dec
operand mid imm hex[5:1]
operand port imm port
operand to  imm pcrel
format RR   ..... rd rs ..... asm "{op} {rd},{rs}"
format I    imm[3:0] rd ......... asm "{op} {rd},{imm}"
group "Sums" class calc if A
add    RR  00000 rd rs 00001
addi   I   imm[3:0] rd 00000 0101
neg        00001 rd!=0,7 000 00001 asm "{op} {rd}"
wide       imm[5|2:1|7:6] rd imm[4:3] 00 0011 asm "{op} {rd},{mid}" if W1 & B | W2 & !B
thin       00010 rd .. 0 00001 asm "{op} {rd}" if W2
inc        nzimm[1:0] rd' 000 0 asm "{op} {rd},{imm}" => addi
put        uimm[2:0] 0010 0 asm "{op} {port}" => out
out        00000000 imm[3:0] 0111 asm "{op} {port}" class jump
group "Jumps" class jump
go         imm[4:2|8:5] 00000 1111 asm "{op} {to}"
halt       0000000 00000 1111 over go
swap       000111 0 0 asm "{op}" if A => add rd=3 rs=4
'''


class ToyTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def read(self, text, **more):
        for name, content in more.items():
            with open(os.path.join(self.folder.name, name), 'w', encoding='utf-8') as f:
                f.write(content)
        path = os.path.join(self.folder.name, 'toy.decode')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        table = read_table(path)
        check(table)
        return table

    def finds(self, message, old, new, base=TOY):
        """The table passes; with `old` replaced by `new` it fails with `message` and a place."""
        self.assertIn(old, base)
        self.read(base)
        with self.assertRaises(TableError) as caught:
            self.read(base.replace(old, new, 1))
        self.assertIn(message, str(caught.exception))
        self.assertRegex(str(caught.exception), r'^\S+: ')


class Mistakes(ToyTest):
    def test_overlap(self):
        add = 'add    RR  00000 rd rs 00001\n'
        self.finds('sub overlaps add', add, add + 'sub RR 00000 rd rs 00001\n')
        self.finds('sub overlaps add', add, add + 'sub 0000. 010 000 00001\n')
        # The same bits under features that exclude each other are no overlap; under others, yes.
        pair = 'add RR 00000 rd rs 00001 if %s\nsub RR 00000 rd rs 00001 if %s\n'
        self.read(TOY.replace(add, pair % ('W1', 'W2')))
        self.read(TOY.replace(add, pair % ('B', '!B')))
        self.finds('overlaps', add, pair % ('W1', 'B'))

    def test_overlap_through_exclusions(self):
        neg = 'neg        00001 rd!=0,7 000 00001 asm "{op} {rd}"\n'
        self.read(TOY.replace(neg, neg + 'zap 00001 000 000 00001\nzip 00001 111 000 00001\n'))
        self.finds('zap overlaps neg', neg, neg + 'zap 00001 001 000 00001\n')
        self.finds('zap overlaps neg', 'rd!=0,7', 'rd!=7',
                   TOY.replace(neg, neg + 'zap 00001 000 000 00001\n'))

    def test_overlap_of_lengths(self):
        self.finds('first bits say', 'halt       0000000 00000 1111', 'halt 0000000 00000 1110')
        self.finds('length patterns', 'length 16 11', 'length 16 1')

    def test_special_cases(self):
        self.finds('halt overlaps go', ' over go', '')
        self.finds('halt overlaps go', ' over go', ' over out')
        self.finds('not a special case', 'rd rs 00001', 'rd rs 00001 over neg')
        self.finds('overlaps', 'go         imm[4:2|8:5]',
                   'stop 000.00. 00000 1111 over go\ngo         imm[4:2|8:5]')

    def test_widths(self):
        self.finds('the row has 15 bits', 'add    RR  00000 rd', 'add    RR  0000 rd')
        self.finds('no fixed width', 'addi   I   imm[3:0]', 'addi   I   imm')
        self.finds('has a fixed width', 'add    RR  00000 rd', 'add    RR  00000 rd[2:0]')
        self.finds('declared 3 bits', 'add    RR  00000 rd', 'add    RR  00000 rd:4')
        self.finds('wider than its member', 'field rd:3 ', 'field rd:9 ')
        self.finds('is given twice', 'imm[5|2:1|7:6]', 'imm[5|2:1|6:5]')
        self.finds('is missing', 'imm[5|2:1|7:6]', 'imm[5|2:1|8:7]')
        self.finds('upside down', 'imm[5|2:1|7:6]', 'imm[5|1:2|7:6]')
        self.finds('rd twice', 'rd rs 00001', 'rd rd 00001')
        self.finds('does not fit its member', '-> rd + 4', '-> rd + 254')

    def test_exclusions(self):
        self.finds('can never be 8', 'rd!=0,7', 'rd!=0,8')
        self.finds('leave nothing', 'rd!=0,7', 'rd!=0,1,2,3,4,5,6,7')
        self.finds('can never be 9', 'imm not 0', 'imm not 9')
        self.finds('where the scattered field is declared', 'imm[4:2|8:5]', 'imm[4:2|8:5]!=0')

    def test_formats(self):
        self.finds('rd is not where the format has it', 'rd rs 00001', 'rs rd 00001')
        self.finds('the row has 16 bits, its format 8', 'format I    imm[3:0] rd ......... asm',
                   'format I rd ..... asm')
        self.finds('imm is not where', 'addi   I   imm[3:0]', 'addi   I   imm[4:1]')

    def test_text(self):
        self.finds('asm does not show rd', '"{op} {rd}"', '"{op}"')
        self.finds('which the row does not set', '"{op} {rd}"', '"{op} {rd},{rs}"')
        self.finds('unknown operand: rx', '"{op} {rd}"', '"{op} {rx}"')
        self.finds('no asm', ' asm "{op} {to}"', '')
        self.finds('without its end', ' asm "{op} {to}"', ' asm "{op} {to}')

    def test_expansions(self):
        self.finds('there is no op addo', '=> addi', '=> addo')
        self.finds('differ in members: rs', 'rd=3 rs=4', 'rd=3')
        self.finds('differ in members: imm', 'rd=3 rs=4', 'rd=3 rs=4 imm=0')
        self.finds('rd is set twice', '=> addi', '=> addi rd=1')
        self.finds('no field of this row sets imm', 'rd=3 rs=4', 'rd=3 rs=imm')
        self.finds('not MEMBER=VALUE', 'rd=3 rs=4', 'rd=3 rx=4')
        self.finds('differ in members', 'addi   I', 'add    I')

    def test_conditions(self):
        self.finds('unknown feature: E', 'class calc if A', 'class calc if E')
        self.finds('can never hold', 'if W1 & B', 'if W1 & B & !B')
        self.finds('can never hold', 'if W1 & B | W2 & !B', 'if W1 & W2')
        self.finds('unknown class: calk', 'class calc if', 'class calk if')
        self.finds('has no class', 'group "Jumps" class jump', 'group "Jumps"')

    def test_statements(self):
        self.finds('rd is declared twice', 'field rd:3        -> rd',
                   'field rd:3 -> rd\nfield rd:3 -> rd')
        self.finds('unknown member', 'field rs:3        -> rs', 'field rs:3 -> rx')
        self.finds('signed field', 'field rs:3        -> rs', 'field rs:3 signed -> rs')
        self.finds('unknown printer', 'rs  reg', 'rs  regs')
        self.finds('only hex takes', 'rs  reg', 'rs  dec[3:1]')
        self.finds('neither a statement', 'class calc jump', 'Class calc jump')
        self.finds('neither bits nor a field', 'add    RR  00000', 'add    RR  0000x')
        self.finds('twice: 0x3', '5..6 run[1]x', '3 four')
        self.finds('a run is', '5..6 run[1]x', '5..6 run')
        self.finds('no such file', 'isa toy "Toy"', 'isa toy "Toy"\ninclude "none.decode"')
        self.finds('A is declared twice', 'feature A B', 'feature A A')

    def test_line_numbers(self):
        with self.assertRaises(TableError) as caught:
            self.read(TOY.replace('imm[4:2|8:5]', 'imm[4:2|8:5|1]'))
        line = 1 + TOY[:TOY.index('\ngo ')].count('\n') + 1
        self.assertIn('toy.decode:%d: ' % line, str(caught.exception))
        with self.assertRaises(TableError) as caught:
            self.read(TOY + 'include "more.decode"\n', **{'more.decode': '#\n\nbad 01\n'})
        self.assertIn('more.decode:3: ', str(caught.exception))


class Meaning(ToyTest):
    def test_include(self):
        table = self.read(TOY + 'include "more.decode"\n',
                          **{'more.decode': 'nop 0000000000011111\n'})
        self.assertEqual(table.rows[-1].name, 'nop')
        self.assertEqual(len(table.files), 2)

    def test_rows(self):
        rows = {r.name: r for r in self.read(TOY).rows}
        wide = rows['wide'].uses[0]
        # imm[5] at bit 15, [2:1] at 14..13, [7:6] at 12..11, [4:3] at 7..6; 5, 4 and 1 are set.
        self.assertEqual(wide.scatter(0b110010), 1 << 15 | 1 << 13 | 1 << 7)
        self.assertEqual(wide.scatter(-128), 1 << 12)
        self.assertIsNone(wide.scatter(1))
        self.assertIsNone(wide.scatter(128))
        self.assertEqual(rows['inc'].classes, ['calc'])
        self.assertEqual(rows['put'].classes, ['jump'])

    def test_counting(self):
        """count_matches and find_match against counting by hand."""
        cases = [(0, 0, []), (0b11, 0b01, [(0b1100, 0)]),
                 (1, 1, [(0b111, 0b101), (0b110, 0b100), (0b11000, 0)]),
                 (0, 0, [(0b111, n) for n in range(8)]), (0b1, 0, [(0b1, 1)]),
                 (0, 0, [(0b11, 0), (0b10, 0b10)])]
        for mask, value, nots in cases:
            words = [w for w in range(64) if w & mask == value
                     and not any(w & m == v for m, v in nots)]
            self.assertEqual(count_matches(6, mask, value, nots), len(words))
            found = find_match(mask, value, nots)
            self.assertEqual(found is None, not words)
            self.assertTrue(found is None or found in words)

    def test_exactly_one(self):
        self.assertFalse(possible(0b1100, 0, [0b1100]))
        self.assertFalse(possible(0, 0b1100, [0b1100]))
        self.assertTrue(possible(0b0100, 0b1000, [0b1100]))

    def test_report(self):
        table = self.read(TOY.replace('operand mid', 'operand spare rs dec\noperand mid'))
        out = io.StringIO()
        report(table, out)
        self.assertIn('unused operand: spare', out.getvalue())
        self.assertNotIn('unused operand: mid', out.getvalue())
        for features, name in ((0b0111, 'W1'), (0b1011, 'W2')):
            for length, first, bits in ((8, 0, 1), (16, 1, 2), (16, 3, 2)):
                used = sum(1 for w in range(1 << length) if w & ((1 << bits) - 1) == first
                           and slow_decode(table, w, features))
                self.assertIn('%s %d bits, lowest bits %s: %d rows, %d of %d encodings'
                              % (name, length, bin(first), sum(
                                  1 for r in live_rows(table, features)
                                  if r.length == length and r.value & ((1 << bits) - 1) == first),
                                 used, 1 << (length - bits)), out.getvalue())


def slow_decode(table, word, features):
    """The members of the first row that matches, by trying all rows in order; None if illegal."""
    for row in decode_order(table.rows):
        if (word ^ row.value) & row.mask:
            continue
        bits = word & ((1 << row.length) - 1)
        if any(bits & m == v for m, v in row.nots):
            continue
        if not any(features & m == m and not features & n for m, n in row.conds):
            continue
        out = dict.fromkeys(table.members, 0)
        for use in row.uses:
            value = sum((bits >> at & ((1 << width) - 1)) << low for at, width, low in use.parts)
            if use.field.signed and value >> (use.high - 1):
                value -= 1 << use.high
            out[use.field.member] = value + use.field.bias
        for member, value in row.assigns:
            out[member] = out[value] if isinstance(value, str) else value
        out.update(op=table.ops().index(row.op), length=row.length // 8, raw=bits)
        return out
    return None


class Generated(ToyTest):
    def build(self, table, prefix):
        folder = self.folder.name
        for name, text in emit_all(table, prefix).items():
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as f:
                f.write(text)
        sources = [os.path.join(folder, '%s-%s.c' % (prefix, part))
                   for part in ('decode', 'disas', 'randinsn')]
        library = os.path.join(folder, 'lib%s.so' % prefix)
        flags = ['-std=c11', '-Wall', '-Wextra', '-Wconversion', '-Wno-sign-conversion', '-Werror',
                 '-O1']
        subprocess.run(COMPILER + flags + ['-shared', '-fPIC', '-o', library] + sources, check=True)
        return ctypes.CDLL(library)

    def test_decoder(self):
        """Every pattern under several feature sets: legality, members, and encoding again."""
        table = self.read(TOY)
        code = self.build(table, 'toy')
        code.toy_decode.argtypes = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_void_p
        code.toy_encode.argtypes = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p
        sizes = {'u8': ctypes.c_uint8, 'u16': ctypes.c_uint16, 'u32': ctypes.c_uint32,
                 'i64': ctypes.c_int64}
        wide = [(n, sizes[k]) for n, (k, _) in table.members.items() if MEMBER_TYPES[k][0] == 64]
        narrow = [(n, sizes[k]) for n, (k, _) in table.members.items() if k == 'u8']

        class Insn(ctypes.Structure):
            _fields_ = wide + [('raw', ctypes.c_uint32), ('op', ctypes.c_uint16),
                               ('row', ctypes.c_uint16), ('length', ctypes.c_uint8)] + narrow

        legal = 0
        patterns = [w for w in range(0x10000) if w & 1 or w < 0x100]
        for features in (0b0101, 0b1011, 0b0110):
            for word in patterns:
                insn = Insn()
                ok = code.toy_decode(word, features, ctypes.byref(insn)) & 1
                want = slow_decode(table, word, features)
                self.assertEqual(bool(ok), want is not None, hex(word))
                if want is None:
                    self.assertEqual((insn.op, insn.length),
                                     (len(table.ops()), 2 if word & 1 else 1))
                    continue
                legal += 1
                self.assertEqual({name: getattr(insn, name) for name in want}, want, hex(word))
                again = ctypes.c_uint32()
                self.assertTrue(code.toy_encode(ctypes.byref(insn), features,
                                                ctypes.byref(again)) & 1)
                want = slow_decode(table, again.value, features)
                self.assertEqual({name: getattr(insn, name) for name in want if name != 'raw'},
                                 {name: want[name] for name in want if name != 'raw'}, hex(word))
        self.assertGreater(legal, 800)

    def text(self, code, word, pc, features):
        buf = ctypes.create_string_buffer(64)
        code.toy_disas(buf, ctypes.c_size_t(64), word, ctypes.c_uint64(pc),
                       ctypes.c_uint64(features))
        return buf.value.decode()

    def test_text(self):
        code = self.build(self.read(TOY), 'toy')
        for word, pc, text in ((0b0000000101100001, 0, 'add r1,r3'),
                               (0b0000011100000001, 0, 'add 0x7,r0'),
                               (0b1111011000000101, 0, 'addi r3,-1'),
                               (0b1100100000001111, 0xfffc, 'go 0x94'),
                               (0b0000000000001111, 0, 'halt'), (0b01100100, 0, 'put three'),
                               (0b11000100, 0, 'put run2x'), (0b10000100, 0, 'put 0x4'),
                               (0b11010000, 0, 'inc r5,-1'),
                               (0b1010011110000011, 0, 'wide 0x7,0x19'),
                               (0b00011100, 0, 'swap'), (0b0100000000000001, 0, '.2byte 0x4001')):
            self.assertEqual(self.text(code, word, pc, 0b0111), text)

    def test_deterministic(self):
        """The outputs don't depend on Python's hash seed."""
        outputs = []
        for seed in ('1', '2'):
            folder = os.path.join(self.folder.name, seed)
            subprocess.run([sys.executable, os.path.join(ROOT, 'scripts/decode.py'), '-o', folder,
                            os.path.join(ROOT, 'target/riscv/insn.decode')], check=True,
                           env=dict(os.environ, PYTHONHASHSEED=seed))
            texts = {}
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), encoding='utf-8') as f:
                    texts[name] = f.read()
            outputs.append(texts)
        self.assertEqual(sorted(outputs[0]), ['riscv-decode.c', 'riscv-decode.h', 'riscv-disas.c',
                                              'riscv-randinsn.c'])
        self.assertEqual(outputs[0], outputs[1])


class Riscv(ToyTest):
    """The real table must not survive a wrong bit that makes two instructions meet."""

    def copy(self):
        texts = {}
        for name in ('insn.decode', 'insn-c.decode', 'names.decode'):
            with open(os.path.join(ROOT, 'target/riscv', name), encoding='utf-8') as f:
                texts[name] = f.read()
        return texts.pop('insn.decode'), texts

    def test_wrong_bits(self):
        main, rest = self.copy()
        self.read(main, **rest)
        for name, old, new, clash in (('sub', '0100000', '0000000', 'add'),
                                      ('lh', '001', '000', 'lb'),
                                      ('fmsub.d', '1000111', '1000011', 'fmadd.d'),
                                      ('sc.w', '00011', '00001', 'amoswap.w'),
                                      ('ebreak', '000000000001', '000000000000', 'ecall'),
                                      ('slliw', '0000000', '0000.00', 'slliw')):
            lines = main.splitlines()
            at = next(i for i, line in enumerate(lines) if line.startswith(name + ' '))
            lines[at] = lines[at].replace(old, new, 1)
            with self.assertRaises(TableError) as caught:
                self.read('\n'.join(lines), **rest)
            self.assertIn('overlap', str(caught.exception))
            self.assertIn(clash, str(caught.exception))

    def test_dropped_exclusions(self):
        main, rest = self.copy()
        compressed = rest['insn-c.decode']
        for name in ('c.mv', 'c.jalr', 'c.add', 'c.lui', 'c.addi'):
            lines = compressed.splitlines()
            at = next(i for i, line in enumerate(lines) if line.startswith(name + ' '))
            before = lines[at]
            lines[at] = re.sub(r'!=\S+', '', before)
            self.assertNotEqual(before, lines[at])
            rest['insn-c.decode'] = '\n'.join(lines)
            with self.assertRaises(TableError) as caught:
                self.read(main, **rest)
            self.assertIn('overlaps', str(caught.exception))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
