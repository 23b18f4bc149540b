#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings that an earlier commit made must replay, digest by digest and with the same output, unless the machine model version has risen since.

    test-logs.py --emulator FILE --tool FILE --source DIR

Each folder NAME-vN beside this file, in several modes. One of another version must be refused by name of that; all guests must be there in the present
version (scripts/make-logs). If this fails and the change was meant, MACHINE_MODEL_VERSION rises and the recordings are made anew, in the same commit.
"""
import argparse
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../boot"), os.path.join(HERE, "../../scripts")]
import recordings
import workguest
from workguest import Failure

MODES = {"": "T1", ",interp=on": "interpreter", ",max-insns=3,flush=7": "short blocks, flushes"}
MIN_DIGESTS = 1


def replay(args, folder, name, disk, accel):
    argv = recordings.argv(args.emulator, name, os.path.join(folder, "guest.elf"), disk, "replay", os.path.join(folder, "run.log"), accel)
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return result.returncode, result.stdout, result.stderr.decode(errors="replace")


def must_replay(args, folder, name, disk, accel):
    status, out, errors = replay(args, folder, name, disk, accel)
    with open(os.path.join(folder, "console.txt"), "rb") as f:
        expected = f.read()
    if status != 0 or out != expected:
        raise Failure(f"{os.path.basename(folder)} doesn't replay any more (status {status}). Was a change of what the guest sees meant? Then raise "
                      f"MACHINE_MODEL_VERSION and run scripts/make-logs.\n{errors}{out.decode(errors='replace')}")


def must_refuse(args, folder, name, disk):
    status, _, errors = replay(args, folder, name, disk, "")
    if status != 1 or "machine model version" not in errors:
        raise Failure(f"{os.path.basename(folder)} is of another version, and the emulator doesn't say so: status {status}, {errors}")


def must_have_digests(args, present):
    """All guests are there, and those that run long enough hold digests."""
    missing = recordings.GUESTS.keys() - present
    if missing:
        raise Failure(f"no recording of the present version of: {', '.join(sorted(missing))}; run scripts/make-logs")
    log = os.path.join(HERE, f"work-v{recordings.model_version(args.source)}", "run.log")
    dump = subprocess.run([args.tool, "dump", log], stdout=subprocess.PIPE, check=True, text=True).stdout
    if sum(" digest " in line for line in dump.splitlines()) < MIN_DIGESTS:
        raise Failure("the recording of 'work' has no digest")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--tool", required=True, help="qemu-replay")
    parser.add_argument("--source", required=True)
    args = parser.parse_args()
    version, present, cases = recordings.model_version(args.source), set(), []
    with tempfile.TemporaryDirectory() as work:
        disk = os.path.join(work, "disk.img")
        recordings.make_disk(disk)
        for entry in sorted(os.scandir(HERE), key=lambda e: e.name):
            name, _, number = entry.name.rpartition("-v")
            if not entry.is_dir() or name not in recordings.GUESTS:
                continue
            if int(number) != version:
                cases.append((f"{entry.name} is refused", lambda p=entry.path, n=name: must_refuse(args, p, n, disk)))
                continue
            present.add(name)
            for accel, mode in MODES.items():
                cases.append((f"{entry.name}, {mode}", lambda p=entry.path, n=name, a=accel: must_replay(args, p, n, disk, a)))
        cases.append(("all guests are there", lambda: must_have_digests(args, present)))
        return workguest.run_cases(cases) != 0


if __name__ == "__main__":
    sys.exit(main())
