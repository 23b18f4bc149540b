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


# Requests from another thread that come during slow accesses: at each stop that they make, the interpreter has the same state, all of RAM included.
KICKED = {
    "T1, kicked": ["--jit", "1", "--kick", "3"],
    "hot, kicked": ["--jit", "1", "--hot", "--kick", "4"],
    "hot, kicked, flushed at random": ["--jit", "1", "--hot", "--kick", "5", "--flush", "6"],
}


def run_kicked(command, extra, program):
    """(is it good, a report)."""
    done = subprocess.run([*command, *extra, program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    stops = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("at ")]
    again = [*command, *(word for stop in stops for word in ("--at", stop)), program]
    other = subprocess.run(again, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    good = done.returncode == other.returncode == 0 and done.stdout == other.stdout
    return good, f"{' '.join([*command, *extra, program])}\n{done.stdout}{' '.join(again)}\n{other.stdout}"


def main():
    run, program, options = sys.argv[1], sys.argv[2], sys.argv[3:]
    expected, failed = None, False
    print(f"1..{len(MODES) + len(KICKED)}")
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
    for number, (name, extra) in enumerate(KICKED.items(), len(MODES) + 1):
        good, report = run_kicked([run, "--digest", *options], extra, program)
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        if not good:
            failed = True
            print("\n".join("# " + line for line in report.splitlines()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
