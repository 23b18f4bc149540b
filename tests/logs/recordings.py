# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests/logs holds: which guests are recorded, with which machine and what is typed. Shared by scripts/make-logs and test-logs.py.

A recording is a folder NAME-vN, N being the machine model version: guest.elf, run.log, console.txt. Its disk, if it has one, is made anew: numbers that
Python's generator gives for seed 1.
"""
import os
import random
import re

DISK_BYTES = 1 << 20

# name: (guest, has disk, card and random bytes, typed after what the console shows)
GUESTS = {
    "hello": ("hello", False, []),
    "timer": ("timer", False, []),
    "reset": ("reset", False, []),
    "echo": ("echo", False, [("echo: ready", b"backstep.")]),
    "work": ("work-short", True, []),
}


def model_version(source):
    with open(os.path.join(source, "replay/log.h"), encoding="utf-8") as f:
        return int(re.search(r"MACHINE_MODEL_VERSION = (\d+)", f.read()).group(1))


def make_disk(path):
    with open(path, "wb") as f:
        f.write(random.Random(1).randbytes(DISK_BYTES))


def argv(emulator, name, guest, disk, mode, log, accel):
    args = [emulator, "--target", "riscv64", "-M", "virt", "-m", "64", "-bios", "none", "-nographic", "-serial", "stdio", "-monitor", "none",
            "-kernel", guest, "-accel", "tcg" + accel, "-icount", f"shift=3,rr={mode},rrfile={log}"]
    if GUESTS[name][1]:
        args += ["-drive", f"file={disk},if=none,format=raw,snapshot=on,id=d0", "-drive", "driver=blkreplay,if=none,image=d0,id=d1",
                 "-device", "virtio-blk-device,drive=d1", "-netdev", "user,id=n", "-device", "virtio-net-device,netdev=n",
                 "-object", "filter-replay,id=r,netdev=n", "-device", "virtio-rng-device"]
    return args
