# SPDX-License-Identifier: GPL-2.0-or-later
"""Which patterns are instructions, and which ones: against objdump.

Every 16-bit pattern; 32-bit ones that are random, or legal with up to three bits flipped, which
find more.

    test-legal.py DECODE-TOOL HEADER 32|64 all16|uniform|mutate
"""
import sys

sys.dont_write_bytecode = True
import peer  # noqa: E402

COUNT = 250000  # a run; meson.build has four
SEED = 20240612

COMPRESSED = (peer.empty_nop, peer.zero_shift, peer.unimp, peer.zero_addi16sp)
UNIFORM = (peer.reserved_rounding, peer.fence_ignored_bits, peer.exact_rounding,
           peer.same_but_csr_name, peer.hypervisor)
MUTATE = UNIFORM + (peer.empty_fence_set, peer.withdrawn)
EXCEPTIONS = {
    ('all16', 64): COMPRESSED,
    ('all16', 32): COMPRESSED + (peer.long_shift,),
    ('uniform', 64): UNIFORM,
    ('uniform', 32): UNIFORM + (peer.long_shift,),
    ('mutate', 64): MUTATE,
    ('mutate', 32): MUTATE + (peer.long_shift,),
}


def main():
    tool, header, width, kind = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    peer.need_binutils()
    features = peer.features_of(peer.defines(header), width)
    arguments = {'all16': [], 'uniform': [str(COUNT), str(SEED)],
                 'mutate': ['%x' % features, str(COUNT), str(SEED)]}
    binary = peer.run([tool, kind] + arguments[kind])
    comparison = peer.Comparison(EXCEPTIONS[kind, width])
    comparison.compare(peer.our_lines(tool, binary, features), peer.peer_lines(binary, width))
    return comparison.finish(3 << 14 if kind == 'all16' else COUNT)


if __name__ == '__main__':
    sys.exit(main())
