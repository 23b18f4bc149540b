# SPDX-License-Identifier: GPL-2.0-or-later
"""What compressed instructions expand to: each legal 16-bit one and its 32-bit form, to objdump.

objdump with aliases prints a compressed instruction as the one that it stands for, so the two texts
are equal; targets are compared as distances.

    test-expand.py DECODE-TOOL HEADER 32|64
"""
import re
import sys

sys.dont_write_bytecode = True
import peer  # noqa: E402


def copy_to_copy(bits, ours, theirs):
    """c.mv expands to add; the peer calls the short form mv and the long one add."""
    return bits >> 13 == 4 and ours.replace('add ', 'mv ').replace(',zero,', ',') == theirs


def add_nothing(bits, ours, theirs):
    """c.addi by 0 expands to what the peer calls mv."""
    match = re.match(r'mv (\w+),\1$', ours)
    return bool(match) and theirs == 'add %s,%s,0' % (match[1], match[1])


def hint(bits, ours, theirs):
    """The peer keeps the short name of hints, which must write x0 or shift by 0."""
    changes_nothing = ours == 'nop' or re.match(r'(li|lui|add|sll) zero,', ours)
    changes_nothing = changes_nothing or re.match(r's[rl][la] (\w+),\1,0x0$', ours)
    return theirs.startswith('c.') and bool(changes_nothing)


def with_distances(lines):
    """The lines with absolute targets turned into distances, each at address 0."""
    for pc, bits, text in lines:
        match = re.match(r'((?:j|b)\S* (?:\w+,)*)0x([0-9a-f]+)$', text)
        if match:
            distance = int(match[2], 16) - pc
            text = '%s%d' % (match[1], (distance + (1 << 31)) % (1 << 32) - (1 << 31))
        yield 0, bits, text


def main():
    tool, header, width = sys.argv[1], sys.argv[2], int(sys.argv[3])
    peer.need_binutils()
    features = peer.features_of(peer.defines(header), width)
    lines = peer.our_lines(tool, peer.run([tool, 'all16']), features)
    short = b''.join(bits.to_bytes(2, 'little') for _, bits, text in lines if peer.legal(text))
    expanded = peer.run([tool, 'expand', '%x' % features], input=short)
    theirs = list(with_distances(peer.peer_lines(short, width, ())))
    ours = with_distances(peer.peer_lines(expanded, width, ()))
    comparison = peer.Comparison((copy_to_copy, add_nothing, hint))
    comparison.compare([(0, t[1], o[2]) for o, t in zip(ours, theirs, strict=True)], theirs)
    return comparison.finish(len(short) // 2)


if __name__ == '__main__':
    sys.exit(main())
