#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Decode-table compiler: a table in; decoder, disassembler, encoder, random instructions in C out.

    decode.py insn.decode --prefix riscv -o OUTDIR   writes riscv-decode.[ch], -disas.c, -randinsn.c
    decode.py insn.decode --report                   checks only, and says what the rows cover

The language is described in decode_table.py. Overlapping rows, wrong widths, dead rows are errors.

Not modelled yet, and where it goes:
- x86: a `prefixes` statement (legacy, REX, VEX, EVEX) folds prefix bytes into context members
  (operand size, rep, map, W, L, vvvv). Rows start with a map name and match the context as they
  match features now; `/r` and `/0`..`/7` call a `modrm` sub-decoder that takes SIB and displacement
  bytes from the stream. Reader.layout and the fetch of the generated decoder change; conditions,
  exclusions, overlaps and text stay.
- 68k: words most significant first (a `stream big` statement turns the windows of the tree around),
  `ea:6` as a sub-decoder field with its list of allowed modes (an exclusion list), extension words
  taken after the row.
- 24- and 48-bit instructions (S/390): lengths are patterns already, and the word grows to 64 bits
  by itself; only the order of bytes is missing.
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True
import decode_check  # noqa: E402
import decode_emit  # noqa: E402
import decode_table  # noqa: E402


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def main():
    parser = argparse.ArgumentParser(description='Compiles an instruction decode table to C.')
    parser.add_argument('table')
    parser.add_argument('--prefix', help='of files and functions; default: the isa name')
    parser.add_argument('-o', '--outdir')
    parser.add_argument('--depfile',
                        help='written for the build system: what the outputs were made from')
    parser.add_argument('--report', action='store_true', help='print coverage')
    args = parser.parse_args()
    try:
        table = decode_table.read_table(args.table)
        decode_check.check(table)
    except (decode_table.TableError, OSError) as error:
        sys.exit('decode.py: %s' % error)
    if args.report:
        decode_check.report(table, sys.stdout)
    if args.outdir:
        os.makedirs(args.outdir, exist_ok=True)
        outputs = decode_emit.emit_all(table, args.prefix or table.isa)
        for name, text in outputs.items():
            write(os.path.join(args.outdir, name), text)
        if args.depfile:
            modules = [m.__file__ for m in (decode_check, decode_emit, decode_table)]
            first = os.path.join(args.outdir, next(iter(outputs)))
            write(args.depfile, '%s: %s\n' % (first, ' '.join(table.files + modules)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
