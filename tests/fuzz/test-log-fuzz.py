#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Replays damaged logs of a short guest: no crash, no hang; each is refused, or replayed to the damage, with a message.

    test-log-fuzz.py --emulator FILE --dir DIR-OF-ELFS --mutate FILE [--count N] [--first N] [--boot ASSETS] [--timeout S]

Logs changed as bytes must never make the guest print anything that it didn't print when recorded: what is replayed is a beginning of the recording.
Logs whose events were changed under right checksums may. --boot: the log of a boot of Debian's kernel instead (a few seconds each). A log that breaks a
rule stays as ./failed-log-fuzz-N.log.
"""
import argparse
import concurrent.futures
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../boot"), os.path.join(HERE, "../../scripts")]
import guestlib
import workguest
from guestlib import Failure

PER_CASE = 100


class Short(workguest.Runner):
    kernel = "work-short.elf"


class BootRun:
    """The same two calls for a boot."""
    def __init__(self, args):
        self.args = args

    def __enter__(self):
        self.work = tempfile.mkdtemp(prefix="boot-")
        initrd = os.path.join(self.work, "initrd.gz")
        subprocess.run([os.path.join(HERE, "../../scripts/make-initrd"), "-o", initrd, "--assets", self.args.boot, "--no-modules"], check=True,
                       stdout=subprocess.DEVNULL)
        self.machine = guestlib.Machine(self.args.emulator, os.path.join(self.args.boot, "riscv64/Image"), "demo=hello", initrd=initrd)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.work, ignore_errors=True)

    def argv(self, mode, log, *_):
        return self.machine.argv(mode, log)

    def record(self, *_):
        log = os.path.join(self.work, "run.log")
        recording = guestlib.record(self.machine, log, [])
        return workguest.Recording(log, recording.console, "", 0, "3")


def wrong(log, expected, status, out, errors):
    """What is wrong with a replay's end, or None."""
    if status not in (0, 1, workguest.DIVERGED):
        return f"status {status}"
    if b"ssertion" in errors or b"runtime error" in errors:
        return "an assertion failed"
    whole = status == 0 and out == expected
    if not whole and b"Replay: " not in errors and not (log.endswith("e") and status != workguest.DIVERGED):
        return f"no message (status {status})"
    if not log.endswith("e") and not expected.startswith(out):
        return "the guest printed something else"
    return None


def check(runner, args, log, expected):
    argv = runner.argv("replay", log)
    try:
        result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=args.timeout)
        said = wrong(log, expected, result.returncode, result.stdout, result.stderr)
        errors = result.stderr.decode(errors="replace")
    except subprocess.TimeoutExpired:
        said, errors, result = "hangs", "", None
    if said:
        kept = f"failed-log-fuzz-{os.path.basename(log)}.log"
        shutil.copy(log, kept)
        return f"{said}: {shlex.join(runner.argv('replay', kept))}\n{errors[-2000:]}"
    os.unlink(log)
    return result.returncode


def batch(runner, args, recording, first, count, told):
    prefix = os.path.join(runner.work, "m")
    subprocess.run([args.mutate, recording.log, prefix, str(first), str(count)], check=True)
    failures = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        logs = [f"{prefix}{n}{'e' if n % 4 == 0 else ''}" for n in range(first, first + count)]
        for outcome in pool.map(lambda log: check(runner, args, log, recording.out), logs):
            if isinstance(outcome, str):
                failures.append(outcome)
            else:
                told[outcome] = told.get(outcome, 0) + 1
    if failures:
        raise Failure(f"{len(failures)} of {count}\n" + "\n".join(failures[:5]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--dir", required=True, help="where work-short.elf is")
    parser.add_argument("--mutate", required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--boot", help="folder of the guest kernel: fuzz a boot")
    parser.add_argument("--timeout", type=float, default=60)
    args = parser.parse_args()
    args.case = "log-fuzz"
    told = {}
    with (BootRun if args.boot else Short)(args) as runner:
        try:
            recording = runner.record(1, "")
        except Failure as failure:
            print(f"not ok 1 - recording\n# {failure}\n1..1")
            return 1
        firsts = range(args.first, args.first + args.count, PER_CASE)
        end = args.first + args.count
        failed = workguest.run_cases([(f"logs {n} to {min(n + PER_CASE, end) - 1}",
                                       lambda n=n: batch(runner, args, recording, n, min(PER_CASE, end - n), told)) for n in firsts])
        print("# replayed whole, or to the end of what is there: {0}; refused: {1}; diverged: {3}".format(*[told.get(n, 0) for n in range(4)]))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
