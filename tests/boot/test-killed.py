#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills the recorder at random moments; the log must replay up to 100 ms before the kill, say that it is torn, and print nothing else than was printed.

    test-killed.py --emulator FILE --dir DIR-OF-ELFS [--kills N] [--seed N]

In turn: `spin`, which computes for ever, and `work` with chaos, which mostly waits. How much of `spin` is missing is measured in the recorder's CPU
time: lines missing at the end against lines in all. What `work` printed more than 150 ms before the kill must be there. A failing case leaves its log
in ./failed-killed.log.
"""
import argparse
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import workguest
from workguest import Failure

MAX_LOST_S = 0.1
LATE_S = 0.15


class Spin(workguest.Runner):
    kernel = "spin.elf"


def kill_after(argv, seconds):
    """[(instant, bytes)] that came, the instant of the kill, the CPU time used."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    came = []

    def collect():
        while chunk := os.read(process.stdout.fileno(), 65536):
            came.append((time.monotonic(), chunk))

    thread = threading.Thread(target=collect)
    thread.start()
    while not came and process.poll() is None:
        time.sleep(0.001)
    time.sleep(seconds)
    cpu_s = time.clock_gettime_ns((~process.pid << 3) | 2) / 1e9 if process.poll() is None else 0
    killed = time.monotonic()
    process.kill()
    errors = process.stderr.read().decode(errors="replace")
    process.wait()
    thread.join()
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()
    if not cpu_s:
        raise Failure(f"the recorder ended by itself: {errors}")
    return came, killed, cpu_s


def one(runner, seed, spin, losses):
    rng = random.Random(seed)
    log = os.path.join(runner.work, f"{seed}.log")
    came, killed, cpu_s = kill_after(runner.argv("record", log, "" if spin else f"chaos={seed}"), rng.random() * (0.6 if spin else 1.5))
    printed = b"".join(chunk for _, chunk in came)
    status, out, errors = runner.run(runner.argv("replay", log))
    try:
        if status != 0 or "Replay: the log ends at" not in errors:
            raise Failure(f"the replay ends with {status}: {errors}")
        shared = min(len(out), len(printed))
        if out[:shared] != printed[:shared]:
            raise Failure("the replay prints something else")
        lost = len(re.findall(rb"\n", printed)) - len(re.findall(rb"\n", out))
        if spin:
            lost_s = lost / max(1, printed.count(b"\n")) * cpu_s
            losses.append(lost_s)
            if lost_s > MAX_LOST_S:
                raise Failure(f"{lost} of {printed.count(10)} lines, {lost_s * 1000:.0f} ms of {cpu_s:.2f} s, are lost")
        elif len(out) < len(b"".join(chunk for when, chunk in came if when < killed - LATE_S)):
            raise Failure(f"{lost} lines are lost that were printed {LATE_S * 1000:.0f} ms before the kill")
    except Failure as failure:
        shutil.copy(log, "failed-killed.log")
        raise Failure(f"{failure}\nthe log is kept: {shlex.join(runner.argv('replay', 'failed-killed.log'))}") from None
    os.unlink(log)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--dir", required=True, help="where spin.elf and work.elf are")
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.case = "killed"
    losses = []
    with Spin(args) as spin, workguest.Runner(args) as work:
        cases = [(f"{'spin' if n % 2 == 0 else 'work'}, kill {n + 1}",
                  lambda n=n: one(spin if n % 2 == 0 else work, args.seed + n, n % 2 == 0, losses)) for n in range(args.kills)]
        failed = workguest.run_cases(cases)
    print(f"# lost at most {max(losses, default=0) * 1000:.0f} ms of CPU time")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
