#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a self-checking program in several modes: it must pass in each, and end in the same state at the same instruction.

usage: modes.py RUN_INSN PROGRAM [OPTION...]

The modes cut blocks and slices differently, or throw away what is cached. None of that may show.
"""
import subprocess
import sys

MODES = {
    "plain": [],
    "blocks of 1": ["--max-guest", "1"],
    "blocks of 2": ["--max-guest", "2"],
    "blocks of 7": ["--max-guest", "7"],
    "no TLB": ["--no-tlb"],
    "flushed at random": ["--flush", "1"],
    "flushed at random, short": ["--flush", "77", "--max-guest", "3"],
    "slices of random length": ["--chop", "5"],
    "IR printed and parsed": ["--reparse"],
    "T1": ["--jit", "1"],
    "T1, after two runs": ["--jit", "2"],
    "T1, SSE2 only": ["--jit", "1", "--sse2"],
    "T1, blocks of 1": ["--jit", "1", "--max-guest", "1"],
    "T1, blocks of 3": ["--jit", "1", "--max-guest", "3"],
    "T1, flushed at random": ["--jit", "1", "--flush", "5"],
    "lockstep": ["--lockstep"],
    "hot": ["--jit", "1", "--hot"],
    "hot, SSE2 only": ["--jit", "1", "--hot", "--sse2"],
    "hot, blocks of 3": ["--jit", "1", "--hot", "--max-guest", "3"],
    "hot, flushed at random": ["--jit", "1", "--hot", "--flush", "9"],
    "hot, slices of random length": ["--jit", "1", "--hot", "--chop", "9"],
    "hot, lockstep": ["--lockstep", "--hot"],
    "T1, slices of random length": ["--jit", "1", "--chop", "8"],
}


def main():
    run, program, options = sys.argv[1], sys.argv[2], sys.argv[3:]
    expected, failed = None, False
    print(f"1..{len(MODES)}")
    for number, (name, extra) in enumerate(MODES.items(), 1):
        command = [run, "--digest", *options, *extra, program]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        expected = expected or done.stdout
        good = done.returncode == 0 and done.stdout == expected
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        if not good:
            failed = True
            report = f"{' '.join(command)}\nstatus {done.returncode}: {done.stdout}plain: {expected}"
            print("\n".join("# " + line for line in report.splitlines()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
