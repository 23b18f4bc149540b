#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Records the bare-metal guest `work` (interrupts, disk, network, typed input, rewritten code and page tables) and replays it in every mode.

    test-invariance.py --emulator FILE --dir DIR CASE [--pairs N] [--load]

Cases: modes (one recording an executor, each replayed by every other mode), chaos (N recordings with random slices, delayed disk and jittered
input, each replayed), plants (faults of qemu-system-plant must be caught). --load keeps both cores busy meanwhile. A failing case leaves its log
in ./failed-CASE.log and prints the command that replays it.
"""
import argparse
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

TIMEOUT = 120
DIVERGED = 3

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


class Failure(Exception):
    pass


class Runner:
    def __init__(self, args, work):
        self.args, self.work = args, work
        self.image = os.path.join(work, "disk.img")
        with open(self.image, "wb") as f:
            f.write(random.Random(1).randbytes(1 << 20))

    def argv(self, mode, log, accel, emulator=None):
        return [emulator or self.args.emulator, "--target", "riscv64", "-M", "virt", "-m", "128", "-bios", "none", "-nographic",
                "-serial", "stdio", "-monitor", "none", "-kernel", os.path.join(self.args.dir, "work.elf"),
                "-drive", f"file={self.image},if=none,format=raw,snapshot=on,id=d0",
                "-drive", "driver=blkreplay,if=none,image=d0,id=d1", "-device", "virtio-blk-device,drive=d1",
                "-netdev", "user,id=n", "-device", "virtio-net-device,netdev=n", "-object", "filter-replay,id=r,netdev=n",
                "-accel", "tcg" + ("," + accel if accel else ""), "-icount", f"shift=3,rr={mode},rrfile={log}"]

    def run(self, argv, typed=None):
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            for delay, text in typed or []:
                time.sleep(delay)
                process.stdin.write(text)
                process.stdin.flush()
        except BrokenPipeError:
            pass
        try:
            out, errors = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
            raise Failure(f"hangs: {shlex.join(argv)}\n{errors.decode(errors='replace')}")
        return process.returncode, out, errors.decode(errors="replace")

    def record(self, log, accel, seed, emulator=None):
        rng = random.Random(seed)
        typed = [(rng.random() * 0.02, rng.randbytes(rng.randint(1, 8))) for _ in range(10)]
        argv = self.argv("record", log, accel, emulator)
        status, out, errors = self.run(argv, typed)
        if status != 0 or b" ok end 0x" not in out:
            raise Failure(f"recording failed ({status}): {shlex.join(argv)}\n{out.decode(errors='replace')}{errors}")
        return out

    def replay(self, log, accel, expected):
        argv = self.argv("replay", log, accel)
        status, out, errors = self.run(argv)
        if status != 0 or out != expected:
            kept = f"failed-{self.args.case}.log"
            shutil.copy(log, kept)
            raise Failure(f"replay differs ({status}), its log is kept: {shlex.join(self.argv('replay', kept, accel))}\n{errors}"
                          f"recorded:\n{expected.decode(errors='replace')}replayed:\n{out.decode(errors='replace')}")


def case_modes(runner):
    for name, accel in (("interpreter", "interp=on"), ("jit", "interp=off"), ("jit, blocks of 1", "max-insns=1")):
        log = os.path.join(runner.work, "run.log")
        expected = runner.record(log, accel, name)
        for mode, options in MODES.items():
            yield f"recorded by {name}, replayed: {mode}", lambda o=options: runner.replay(log, o, expected)


def case_chaos(runner):
    for n in range(runner.args.pairs):
        def pair(seed=n + 1):
            log = os.path.join(runner.work, f"chaos-{seed}.log")
            expected = runner.record(log, f"chaos={seed}" + (",interp=on" if seed % 4 == 0 else ""), seed)
            runner.replay(log, "interp=on" if seed % 3 == 0 else "", expected)
            os.unlink(log)
        yield f"chaos {n + 1}", pair


def case_plants(runner):
    plant = os.path.join(os.path.dirname(runner.args.emulator), "qemu-system-plant")
    log = os.path.join(runner.work, "run.log")

    def diverges(fault):
        # The fault shows where slices end elsewhere, so the replay is cut differently.
        expected = runner.record(log, f"chaos=7,plant={fault}", fault, plant)
        status, out, errors = runner.run(runner.argv("replay", log, f"plant={fault}", plant))
        if status != DIVERGED or "divergence" not in errors:
            raise Failure(f"fault {fault} wasn't caught: status {status}, {errors}{'same' if out == expected else 'other'} output")

    def guest_notices():
        status, out, _ = runner.run(runner.argv("record", log, "plant=3", plant))
        if status == 0 or b"stale" not in out:
            raise Failure(f"a stale page-table entry wasn't caught: status {status}, {out}")

    yield "an input one instruction late diverges", lambda: diverges(1)
    yield "a stale icount at a device access diverges", lambda: diverges(2)
    yield "a stale page-table entry is noticed by the guest", guest_notices
    yield "the same program without faults replays", lambda: runner.replay(log, "", runner.record(log, "chaos=7", 4))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--dir", required=True, help="where work.elf is")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--load", action="store_true")
    parser.add_argument("case", choices=["modes", "chaos", "plants"])
    args = parser.parse_args()
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 if args.load else 0)]
    failed = n = 0
    try:
        with tempfile.TemporaryDirectory() as work:
            for name, test in globals()["case_" + args.case](Runner(args, work)):
                n += 1
                try:
                    test()
                    print(f"ok {n} - {name}", flush=True)
                except Failure as failure:
                    failed += 1
                    print(f"not ok {n} - {name}", flush=True)
                    print("".join(f"# {line}\n" for line in str(failure).splitlines()), end="", flush=True)
    except Failure as failure:
        n, failed = n + 1, failed + 1
        print(f"not ok {n} - recording\n# " + "\n# ".join(str(failure).splitlines()), flush=True)
    finally:
        for process in load:
            process.kill()
    print(f"1..{n}")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
