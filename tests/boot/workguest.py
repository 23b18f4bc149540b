# SPDX-License-Identifier: GPL-2.0-or-later
"""workguest: records and replays the bare-metal guest `work`, which uses timer, interrupts, disk, network, serial line and random bytes.

    with Runner(args) as runner:            # args: emulator, dir (where work.elf is), case
        recording = runner.record(seed=7, accel="chaos=7")
        runner.replay(recording, accel="interp=on")

A replay that differs raises Failure and leaves the log in ./failed-CASE.log. run_cases runs named functions, several side by side, and prints TAP.
"""
import concurrent.futures
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import guestlib
from guestlib import Failure

TIMEOUT = 120
DIVERGED = 3


class Recording:
    def __init__(self, log, out, errors, status, shift, smp="1"):
        self.log, self.out, self.errors, self.status, self.shift, self.smp = log, out, errors, status, shift, smp


class Runner:
    kernel = "work.elf"

    def __init__(self, args):
        self.args, self.recordings = args, 0
        self.plant = os.path.join(os.path.dirname(args.emulator), "qemu-system-plant")

    def __enter__(self):
        self.work = tempfile.mkdtemp(prefix="work-")
        self.image = os.path.join(self.work, "disk.img")
        with open(self.image, "wb") as f:
            f.write(random.Random(1).randbytes(1 << 20))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.work, ignore_errors=True)

    def argv(self, mode, log, accel="", emulator=None, shift="3", smp="1"):
        return [emulator or self.args.emulator, "--target", "riscv64", "-M", "virt", "-m", "128", "-smp", smp, "-bios", "none", "-nographic",
                "-serial", "stdio", "-monitor", "none", "-kernel", os.path.join(self.args.dir, self.kernel),
                "-drive", f"file={self.image},if=none,format=raw,snapshot=on,id=d0",
                "-drive", "driver=blkreplay,if=none,image=d0,id=d1", "-device", "virtio-blk-device,drive=d1",
                "-netdev", "user,id=n", "-device", "virtio-net-device,netdev=n", "-object", "filter-replay,id=r,netdev=n",
                "-device", "virtio-rng-device",
                "-accel", "tcg" + ("," + accel if accel else ""), "-icount", f"shift={shift},rr={mode},rrfile={log}"]

    def run(self, argv, typed=()):
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            for delay, text in typed:
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
            raise Failure(f"hangs: {shlex.join(argv)}\n{errors.decode(errors='replace')}") from None
        return process.returncode, out, errors.decode(errors="replace")

    def record(self, seed, accel, emulator=None, shift="3", smp="1", check=True):
        """Types at random instants. With `check` the guest must come to its good end."""
        rng = random.Random(seed)
        typed = [(rng.random() * 0.2, rng.randbytes(rng.randint(1, 8))) for _ in range(10)]
        self.recordings += 1
        log = os.path.join(self.work, f"{self.recordings}.log")
        argv = self.argv("record", log, accel, emulator, shift, smp)
        status, out, errors = self.run(argv, typed)
        if check and (status != 0 or b" ok end 0x" not in out):
            raise Failure(f"recording failed ({status}): {shlex.join(argv)}\n{out.decode(errors='replace')}{errors}")
        return Recording(log, out, errors, status, shift, smp)

    def replay(self, recording, accel="", emulator=None):
        argv = self.argv("replay", recording.log, accel, emulator, recording.shift, recording.smp)
        status, out, errors = self.run(argv)
        if status != 0 or out != recording.out:
            kept = f"failed-{self.args.case}.log"
            shutil.copy(recording.log, kept)
            raise Failure(f"replay differs ({status}), its log is kept: "
                          f"{shlex.join(self.argv('replay', kept, accel, emulator, recording.shift, recording.smp))}\n{errors}"
                          f"recorded:\n{recording.out.decode(errors='replace')}replayed:\n{out.decode(errors='replace')}")


def busy(processes):
    """Keeps cores busy; the caller kills what is returned."""
    return [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]


def run_cases(cases, jobs=1):
    """[(name, function)]: all are run, `jobs` at a time, and told as TAP. The number of failures."""
    lock, told = threading.Lock(), [0, 0]

    def one(case):
        name, function = case
        try:
            function()
            wrong = None
        except (Failure, OSError) as failure:
            wrong = str(failure)
        with lock:
            told[0] += 1
            told[1] += wrong is not None
            print(f"{'not ' if wrong else ''}ok {told[0]} - {name}", flush=True)
            if wrong:
                print("".join(f"# {line}\n" for line in wrong.splitlines()), end="", flush=True)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, cases))
    print(f"1..{told[0]}", flush=True)
    return told[1]
