# SPDX-License-Identifier: GPL-2.0-or-later
"""What the objdump tests share: decode-tool and binutils over the same bytes, their lines compared.

Both sides give (address, bits, text) a line; an illegal pattern has a text that starts with a dot.
A difference must be named in the caller's list of exceptions; an exception that never happens is an
error too, so that the lists stay true.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOOLS = 'riscv64-linux-gnu-'
SKIPPED = 77  # meson's exit status for a test that can't run here
PEER_ARCH = 'imafdc_zicsr_zifencei_zba_zbb_zbc_zbs_zicbom_zicboz_svinval_zihintpause'


def need_binutils():
    if not all(shutil.which(TOOLS + tool) for tool in ('as', 'objcopy', 'objdump')):
        print('no RISC-V binutils on this machine')
        sys.exit(SKIPPED)


def defines(header):
    """{name: value} of the feature and class constants in the generated header."""
    with open(header, encoding='utf-8') as f:
        text = f.read()
    found = re.findall(r'RISCV_(EXT_\w+) \(UINT64_C\(1\) << (\d+)\)', text)
    found += re.findall(r'RISCV_(CLASS_\w+) = 1 << (\d+)', text)
    return {name: 1 << int(bit) for name, bit in found}


def run(argv, **kwargs):
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=False, **kwargs)
    if done.returncode:
        sys.exit('%s: exit status %d' % (' '.join(argv), done.returncode))
    return done.stdout


def peer_lines(binary, width, options=('-M', 'no-aliases')):
    """objdump's (address, bits, text) for the bytes."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, name)
                 for name in ('code', 'source.s', 'full.o', 'bare.o')}
        with open(paths['code'], 'wb') as f:
            f.write(binary)
        with open(paths['source.s'], 'w', encoding='utf-8') as f:
            f.write('.attribute arch, "rv%d%s"\n.text\n.incbin "%s"\n'
                    % (width, PEER_ARCH, paths['code']))
        abi = {32: 'ilp32d', 64: 'lp64d'}[width]
        run([TOOLS + 'as', '-march=rv%dgc' % width, '-mabi=' + abi,
             paths['source.s'], '-o', paths['full.o']])
        # Without symbols: the mapping symbol of .incbin would have all of it printed as data.
        run([TOOLS + 'objcopy', '--strip-all', paths['full.o'], paths['bare.o']])
        text = run([TOOLS + 'objdump', '-d', '-z', *options, paths['bare.o']])
    for line in text.decode().splitlines():
        parts = line.split('\t', 3)
        if len(parts) >= 3 and parts[0].endswith(':'):
            operands = parts[3].partition(' #')[0].strip() if len(parts) > 3 else ''
            yield int(parts[0][:-1], 16), int(parts[1], 16), (parts[2] + ' ' + operands).strip()


def our_lines(tool, binary, features):
    for line in run([tool, 'disas', '%x' % features], input=binary).decode().splitlines():
        pc, bits, text = line.split('\t')
        yield int(pc, 16), int(bits, 16), text


def legal(text):
    """Whether a line of either side is an instruction."""
    return not text.startswith('.')


def features_of(constants, width):
    """Every extension, for RV32 or RV64."""
    every = sum(bit for name, bit in constants.items() if name.startswith('EXT_'))
    return every & ~constants['EXT_RV%d' % (96 - width)]


def same_but_csr_name(bits, ours, theirs):
    """CSRs of other extensions and later manuals, which our table leaves as numbers."""
    name, _, operands = ours.partition(' ')
    number = '%#x' % (bits >> 20)
    parts = operands.split(',')
    if not name.startswith('csrr') or parts[1] != number:
        return False
    return ours.replace(number, theirs.split(',')[1]) == theirs


def empty_fence_set(bits, ours, theirs):
    """The peer has no name for a set of nothing."""
    return ours.startswith('fence ') and re.sub(r'\b0\b', 'unknown', ours) == theirs


def zero_shift(bits, ours, theirs):
    """Compressed shifts by 0 are hints; the peer has the RV128 names, where the distance is 64."""
    match = re.match(r'c\.(slli|srli|srai) (\w+),0x0$', ours)
    return bool(match) and theirs == 'c.%s64 %s' % (match[1], match[2])


def fence_ignored_bits(bits, ours, theirs):
    """Bits that the manual has implementations ignore; the peer wants them 0 (U 2.7, 3)."""
    reserved = bits >> 15 & 31 or bits >> 7 & 31 or bits >> 28
    reserved = reserved or (bits >> 12 & 7 == 1 and bits >> 20)
    return bits & 0x7f == 0x0f and ours.startswith('fence') and reserved and not legal(theirs)


def exact_rounding(bits, ours, theirs):
    """Conversions that never round have a rounding mode; the peer knows mode 0 only (U 12.5)."""
    return bool(re.match(r'fcvt\.d\.(s|wu?) .*,(rtz|rdn|rup|rmm|dyn)$', ours)) and not legal(theirs)


def reserved_rounding(bits, ours, theirs):
    """Rounding modes 5 and 6 are reserved (U 11.2): illegal here, `unknown` there."""
    return bits >> 12 & 7 in (5, 6) and not legal(ours) and theirs.endswith(',unknown')


def long_shift(bits, ours, theirs):
    """RV32 has no shift distances above 31 (U 2.4.1, 16.5); the peer prints them."""
    match = re.match(r'(c\.)?(s[lr]li|srai|rori|b(clr|ext|inv|set)i) .*,(0x[23][0-9a-f])$', theirs)
    return bool(match) and not legal(ours)


def empty_nop(bits, ours, theirs):
    """The peer prints c.nop as the c.addi that it is."""
    return ours == 'c.nop' and theirs.startswith('c.addi zero,')


def unimp(bits, ours, theirs):
    """All zeros is defined to be illegal (U 16.5); the peer has a name for it."""
    return bits == 0 and not legal(ours) and theirs == 'c.unimp'


def zero_addi16sp(bits, ours, theirs):
    """c.addi16sp by 0 is reserved (U 16.5)."""
    return not legal(ours) and theirs == 'c.addi16sp sp,0'


def withdrawn(bits, ours, theirs):
    """Instructions of old privileged drafts, not in P."""
    return not legal(ours) and theirs.split()[0] in ('uret', 'hret', 'sfence.vm')


def hypervisor(bits, ours, theirs):
    """The part of Svinval that needs the hypervisor extension, which the table leaves out."""
    return not legal(ours) and theirs.startswith('hinval.')


class Comparison:
    def __init__(self, exceptions):
        self.hits = dict.fromkeys(exceptions, 0)  # predicate(bits, ours, theirs) -> lines excused
        self.lines = self.legal = 0
        self.bad = {}

    def excused(self, bits, ours, theirs):
        for predicate in self.hits:
            if predicate(bits, ours, theirs):
                self.hits[predicate] += 1
                return True
        return False

    def compare(self, ours, theirs):
        """Walks two line streams; everything but an excused line must be equal."""
        for (pc, bits, text), (peer_pc, peer_bits, peer_text) in zip(ours, theirs, strict=True):
            if (pc, bits) != (peer_pc, peer_bits):
                sys.exit('out of step: %x %08x and %x %08x' % (pc, bits, peer_pc, peer_bits))
            self.lines += 1
            if legal(text):
                self.legal += 1
            elif not legal(peer_text):
                continue
            if text != peer_text and not self.excused(bits, text, peer_text):
                key = (text.split()[0], peer_text.split()[0])
                self.bad.setdefault(key, []).append('%08x at %x: %s; objdump: %s'
                                                    % (bits, pc, text, peer_text))

    def finish(self, lines):
        """Prints the outcome, returns the exit status; `lines` is how many were to be compared."""
        hits = {predicate.__name__: count for predicate, count in self.hits.items()}
        print('%d lines, %d of them legal; excused: %s' % (self.lines, self.legal, hits))
        for key, examples in sorted(self.bad.items(), key=lambda item: -len(item[1]))[:40]:
            print('%s / %s: %d times, as %s' % (key[0], key[1], len(examples), examples[0]))
        unused = [name for name, count in hits.items() if not count]
        for name in unused:
            print('this exception never happened: %s' % name)
        if self.lines != lines:
            print('%d lines were to be compared' % lines)
        return 1 if self.bad or unused or self.lines != lines or not self.legal else 0
