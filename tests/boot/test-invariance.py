#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Records the bare-metal guest `work` (interrupts, disk, network, typed input, rewritten code and page tables) and replays it in every mode.

    test-invariance.py --emulator FILE --dir DIR CASE [--pairs N] [--jobs N] [--load]

Cases: modes (one recording an executor and number of vCPUs, each replayed by every other mode), chaos (N recordings with
1 to 4 vCPUs, random quantum, each replayed: slices of 1 to a million
instructions, one to four block workers whose completions are delayed by up to 50 ms and come in another order, input at random instants, digests
at random positions, every fifth with shift=auto), control (N recordings that a QMP client stops, continues, resets and powers down at random
instants), stops (N recordings stopped at random instants: all of RAM is what the replay has there). Pairs mostly wait, so many run side by side. --load keeps both cores busy meanwhile. A failing case leaves its log in ./failed-CASE.log and
prints the command that replays it.
"""
import argparse
import os
import random
import shlex
import shutil
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import workguest
from workguest import Failure, Recording, Runner, guestlib

# What must not show: -accel options of the replay.
MODES = {
    "interpreter": "interp=on",
    "jit": "interp=off",
    "blocks of 1": "max-insns=1",
    "blocks of 2": "max-insns=2",
    "blocks of 7": "max-insns=7",
    "blocks of 7, interpreted": "max-insns=7,interp=on",
    "flushes at random": "flush=12345",
    "flushes at random, interpreted": "flush=54321,interp=on",
    "no TLB": "tlb=off",
    "host's SSE2 alone": "host-features=sse2",
    "lockstep": "check=on",
    "hot at once": "hot-after=1",
    "hot soon": "hot-after=30",
    "hot at once, flushes at random": "hot-after=1,flush=777",
    "hot at once, blocks of 7": "hot-after=1,max-insns=7",
    "hot at once, lockstep": "hot-after=1,check=on",
}


def case_modes(runner):
    for name, accel, smp in (("interpreter", "interp=on", "1"), ("jit", "interp=off", "1"), ("blocks of 1", "max-insns=1", "1"),
                             ("jit, 2 vCPUs", "interp=off", "2,quantum=700"), ("interpreter, 3 vCPUs", "interp=on", "3,quantum=3000"),
                             ("jit, 4 vCPUs", "interp=off", "4")):
        recording = runner.record(name, accel, smp=smp)
        for mode, options in MODES.items():
            yield f"recorded by {name}, replayed: {mode}", lambda r=recording, o=options: runner.replay(r, o)


def some_vcpus(seed):
    return f"{1 + seed % 4}" + (f",quantum={int(10 ** random.Random(seed).uniform(2.5, 6))}" if seed % 3 else "")


def chaos_pair(runner, seed):
    recording = runner.record(seed, f"chaos={seed}" + (",interp=on" if seed % 8 == 4 else ""), shift="auto" if seed % 5 == 0 else "3",
                              smp=some_vcpus(seed))
    runner.replay(recording, "interp=on" if seed % 8 == 0 else "")
    os.unlink(recording.log)


def case_chaos(runner):
    for seed in range(1, runner.args.pairs + 1):
        yield f"chaos {seed}", lambda s=seed: chaos_pair(runner, s)


def disturb(emulator, rng):
    """Requests at random instants until the guest has ended."""
    for _ in range(rng.randint(5, 40)):
        time.sleep(rng.random() ** 3 * 0.1)
        what = rng.randrange(20)
        if what == 0:
            emulator.qmp("system_reset")
        elif what < 5:
            emulator.qmp("system_powerdown")
        elif what < 16:
            emulator.qmp("stop")
            if rng.random() < 0.5:
                time.sleep(rng.random() ** 3 * 0.05)
            if rng.random() < 0.2:
                emulator.qmp("system_powerdown")
            emulator.qmp("cont")
        else:
            emulator.send(rng.randbytes(rng.randint(1, 20)))


def control_pair(runner, seed):
    log = os.path.join(runner.work, f"control-{seed}.log")
    rng = random.Random(seed)
    shift, smp = "auto" if seed % 3 == 0 else "3", some_vcpus(seed)
    with guestlib.Emulator(runner.argv("record", log, f"chaos={seed}", shift=shift, smp=smp), workguest.TIMEOUT) as emulator:
        try:
            disturb(emulator, rng)
        except Failure:
            if emulator.child.poll() is None:
                raise
        except OSError:
            pass  # the guest has ended
        if seed % 4 == 0 and emulator.child.poll() is None:
            try:
                emulator.qmp("quit")
            except Failure:
                pass
        status = emulator.wait_exit(workguest.TIMEOUT)
        emulator.drain()
        recorded = bytes(emulator.console)
        if status != 0 or (seed % 4 and b" ok end 0x" not in recorded):
            raise Failure(f"recording failed ({status})" + emulator.describe())
    runner.replay(Recording(log, recorded, "", status, shift, smp), "interp=on" if seed % 8 == 0 else "")
    os.unlink(log)


def stops_pair(runner, seed):
    """Stops at random instants: at each, registers and all of RAM are what the replay has there."""
    log, rng = os.path.join(runner.work, f"stops-{seed}.log"), random.Random(seed)
    smp, accel = some_vcpus(seed), ("hot-after=1" if seed % 2 else "interp=off") + f",flush={seed}"
    stops = []
    with guestlib.Emulator(runner.argv("record", log, accel, smp=smp), workguest.TIMEOUT) as emulator:
        try:
            while len(stops) < 25:
                time.sleep(rng.random() ** 2 * 0.03)
                emulator.qmp("stop")
                stops.append(guestlib.Stop(emulator, True))
                emulator.qmp("cont")
        except (Failure, OSError):
            if emulator.child.poll() is None and b" ok end 0x" not in emulator.console:
                raise
        status = emulator.wait_exit(workguest.TIMEOUT)
        if status != 0:
            raise Failure(f"recording failed ({status})" + emulator.describe())
    argv = runner.argv("replay", log, "interp=on" if seed % 4 == 0 else "", smp=smp) + ["-S"]
    with guestlib.Emulator(argv, workguest.TIMEOUT) as emulator:
        for expected in stops:
            emulator.qmp("replay-break", icount=expected.icount, **({"step": expected.step} if expected.step else {}))
            emulator.qmp("cont")
            emulator.wait_event("STOP")
            if differing := expected.differences(guestlib.Stop(emulator, True)):
                shutil.copy(log, "failed-stops.log")
                raise Failure(f"seed {seed}, recorded with {accel}, at {expected.position()}: " + "; ".join(differing) +
                              f"\nthe log is kept: {shlex.join(runner.argv('replay', 'failed-stops.log', '', smp=smp))}")
    os.unlink(log)


def case_stops(runner):
    for seed in range(1, runner.args.pairs + 1):
        yield f"stops {seed}", lambda s=seed: stops_pair(runner, s)


def case_control(runner):
    for seed in range(1, runner.args.pairs + 1):
        yield f"control {seed}", lambda s=seed: control_pair(runner, s)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--dir", required=True, help="where work.elf is")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=12)
    parser.add_argument("--load", action="store_true")
    parser.add_argument("case", choices=["modes", "chaos", "control", "stops"])
    args = parser.parse_args()
    load = workguest.busy(2 if args.load else 0)
    try:
        with Runner(args) as runner:
            return workguest.run_cases(globals()["case_" + args.case](runner), 1 if args.case == "modes" else args.jobs) != 0
    except Failure as failure:
        print("not ok 1 - recording\n# " + "\n# ".join(str(failure).splitlines()) + "\n1..1", flush=True)
        return 1
    finally:
        for process in load:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())
