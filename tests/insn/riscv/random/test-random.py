#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random instruction streams here and under a user-mode emulator: all registers and fflags must be equal after each.

usage: test-random.py --run RUN_INSN --gen GEN_STREAMS --gcc GCC --peer QEMU [--xlen 32|64] [--seed N] [--count N] [--streams N]
                      [--length N]

A difference is narrowed down: the shortest beginning of the stream after which a register differs, with its disassembly.
"""
import argparse
import os
import struct
import subprocess
import sys
import tempfile

BUFFER = 8192
RECORD = 512
DUMP_GPA = 0x82000000
HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = ["-nostdlib", "-static", "-mcmodel=medany", "-Wl,--build-id=none,--no-warn-rwx-segments",
         "-Wl,-T," + os.path.join(HERE, "streams.ld")]
WIDTH_FLAGS = {32: ["-mabi=ilp32d", "-march=rv32gc"], 64: ["-mabi=lp64d", "-march=rv64gc"]}
NAMES = ["fcsr"] + [f"x{n}" for n in range(1, 32)] + [f"f{n}" for n in range(32)]


def build(args, work, source):
    with open(os.path.join(work, "streams.inc"), "w", encoding="ascii") as f:
        f.write(source)
    program = os.path.join(work, "streams.elf")
    subprocess.run([args.gcc, *FLAGS, *WIDTH_FLAGS[args.xlen], "-I", work, "-o", program, os.path.join(HERE, "streams.S")], check=True)
    return program


def dumps(args, work, program, nstreams, modes):
    """What the peer leaves, then what we leave in each mode."""
    size = BUFFER + nstreams * RECORD
    peer = subprocess.run([args.peer, program], check=True, stdout=subprocess.PIPE).stdout
    if len(peer) != size:
        sys.exit(f"the peer wrote {len(peer)} bytes instead of {size}")
    ours = []
    for mode in modes:
        path = os.path.join(work, "dump")
        subprocess.run([args.run, "--target", f"riscv{args.xlen}", "--entry", "0x80000000", "--dump", f"{DUMP_GPA},{size},{path}", *mode, program], check=True)
        with open(path, "rb") as f:
            ours.append(f.read())
    return peer, ours


def first_difference(peer, ours):
    """Index of the first stream after which registers differ; -1: only the buffer does; None: equal."""
    if peer == ours:
        return None
    for n in range((len(peer) - BUFFER) // RECORD):
        at = BUFFER + n * RECORD
        if peer[at:at + RECORD] != ours[at:at + RECORD]:
            return n
    return -1


def cut(source, stream, length):
    """The streams up to this one, which keeps `length` instructions."""
    out, kept, skipping = [], None, False
    for line in source.splitlines():
        words = line.split()
        if words[:1] == ["BEGIN"]:
            skipping = int(words[1]) > stream
            kept = 0 if int(words[1]) == stream else None
        if words[:1] in (["#define"], [".endm"], [".macro"]):
            skipping, kept = False, None
        if kept is not None and words[0] in (".half", ".word"):
            kept += 1
            if kept > length:
                continue
        if not skipping:
            out.append(line)
    return "\n".join(out) + "\n"


def report(args, work, source, stream, mode):
    instructions, counting = 0, False
    for line in source.splitlines():
        words = line.split()
        if words[:1] == ["BEGIN"]:
            counting = int(words[1]) == stream
        instructions += counting and words[0] in (".half", ".word")
    for length in range(1, instructions + 1):
        program = build(args, work, cut(source, stream, length))
        peer, (ours,) = dumps(args, work, program, args.streams, [mode])
        if first_difference(peer, ours) == stream:
            break
    at = BUFFER + stream * RECORD
    theirs, mine = struct.unpack_from("<64Q", peer, at), struct.unpack_from("<64Q", ours, at)
    for name, a, b in zip(NAMES, theirs, mine):
        if a != b:
            print(f"# {name}: peer {a:016x}, ours {b:016x}")
    objdump = args.gcc.replace("gcc", "objdump")
    listing = subprocess.run([objdump, "-d", program], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    ends = [i for i, line in enumerate(listing) if "auipc" in line and "t6" in line]
    print(f"# stream {stream} differs after {length} instructions, the last of:")
    for line in listing[ends[2 * stream + 1] - 8:ends[2 * stream + 1]]:
        print("# " + line)


def main():
    parser = argparse.ArgumentParser()
    for name in ("run", "gen", "gcc", "peer"):
        parser.add_argument("--" + name, required=True)
    for name, default in (("seed", 1), ("count", 1), ("streams", 150), ("length", 60), ("xlen", 64)):
        parser.add_argument("--" + name, type=int, default=default)
    args = parser.parse_args()
    modes = [[], ["--max-guest", "1"], ["--jit", "1"], ["--jit", "1", "--max-guest", "5"], ["--jit", "1", "--sse2", "--flush", "9"]]
    failed = False
    print(f"1..{args.count}")
    with tempfile.TemporaryDirectory() as work:
        for seed in range(args.seed, args.seed + args.count):
            source = subprocess.run([args.gen, str(seed), str(args.streams), str(args.length), str(args.xlen)], check=True,
                                    stdout=subprocess.PIPE, text=True).stdout
            program = build(args, work, source)
            peer, ours = dumps(args, work, program, args.streams, modes)
            different = [(mode, first_difference(peer, dump)) for mode, dump in zip(modes, ours) if dump != peer]
            print(f"{'not ok' if different else 'ok'} {seed - args.seed + 1} - seed {seed}, {args.streams * args.length} instructions")
            if different:
                failed = True
                mode, stream = different[0]
                print(f"# {' '.join(mode) or 'plain'}: stream {stream}")
                if stream >= 0:
                    report(args, work, source, stream, mode)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
