# SPDX-License-Identifier: GPL-2.0-or-later
"""Disassembly of random instructions of every class, compared word for word with objdump's.

    test-disas.py DECODE-TOOL HEADER 32|64
"""
import sys

sys.dont_write_bytecode = True
import peer  # noqa: E402

COUNT = 20000  # a class
SEED = 20240611

EXCEPTIONS = (peer.empty_nop, peer.zero_shift, peer.same_but_csr_name, peer.empty_fence_set,
              peer.fence_ignored_bits, peer.exact_rounding)


def main():
    tool, header, width = sys.argv[1], sys.argv[2], int(sys.argv[3])
    peer.need_binutils()
    constants = peer.defines(header)
    features = peer.features_of(constants, width)
    masks = [bit for name, bit in constants.items() if name.startswith('CLASS_')]
    masks += [constants['CLASS_FP'] | constants['CLASS_LOAD'],
              constants['CLASS_FP'] | constants['CLASS_STORE']]
    binary = b''
    for i, mask in enumerate(masks):
        binary += peer.run([tool, 'random', '%x' % features, '%x' % mask, str(COUNT),
                            str(SEED + i)])
    comparison = peer.Comparison(EXCEPTIONS)
    comparison.compare(peer.our_lines(tool, binary, features), peer.peer_lines(binary, width))
    return comparison.finish(len(masks) * COUNT)


if __name__ == '__main__':
    sys.exit(main())
