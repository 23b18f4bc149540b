#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots the 32-bit kernel that scripts/make-riscv32 built, with our firmware and init: it must come to the init's last line and power off.

    test-rv32.py --emulator FILE --assets DIR --dir DIRECTORY-OF-ELFS

Plainly, in other executors and CPU models, and recorded and replayed. Skipped, with a line that says so, when the kernel wasn't built.
"""
import argparse
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import guestlib
from guestlib import Emulator, Failure, Machine

TIMEOUT_S = 120
LINES = [b"firmware: next stage at ", b"init: ok riscv32", b"init: ok memory", b"init: ok processes and doubles", b"init: ok atomics",
         b"init: ok timer", b"init: all ok"]
CASES = {
    "plain": [],
    "interpreter": ["-accel", "tcg,interp=on"],
    "lockstep": ["-accel", "tcg,check=on"],
    "no Sstc: timer of the firmware": ["-cpu", "rv32,sstc=off"],
    "Svade: the kernel sets accessed and dirty bits": ["-cpu", "rv32,svade=on,svadu=off"],
    "no bit manipulation": ["-cpu", "rv32,zba=off,zbb=off,zbc=off,zbs=off"],
}


def newc(name, mode, content):
    """One entry of a cpio archive (Linux Documentation/driver-api/early-userspace/buffer-format.rst)."""
    fields = [1, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name + b"\0"
    return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)


def make_initrd(path, init):
    with open(init, "rb") as f:
        content = f.read()
    with open(path, "wb") as f:
        f.write(newc(b"init", 0o100755, content) + newc(b"TRAILER!!!", 0, b""))


def run(argv):
    """The console of a run that ends by itself with status 0 and has all lines."""
    with Emulator(argv, TIMEOUT_S, qmp=False) as emulator:
        status = emulator.wait_exit(TIMEOUT_S)
        emulator.drain()
        console = bytes(emulator.console)
        missing = [line.decode() for line in LINES if line not in console]
        if status != 0 or missing:
            raise Failure(f"status {status}, missing {missing}" + emulator.describe())
        return console


def main():
    guestlib.end_cleanly()
    parser = argparse.ArgumentParser()
    for name in ("emulator", "assets", "dir"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    kernel = os.path.join(args.assets, "riscv32/Image")
    if not os.path.exists(kernel):
        print("1..0 # SKIP the 32-bit kernel isn't there: scripts/make-riscv32 builds it")
        return 0
    failed = 0
    print(f"1..{len(CASES) + 1}")
    with tempfile.TemporaryDirectory() as work:
        initrd, log = os.path.join(work, "initrd"), os.path.join(work, "run.log")
        make_initrd(initrd, os.path.join(args.dir, "rv32-init.elf"))

        def machine(extra):
            return Machine(args.emulator, kernel, initrd=initrd, bios=os.path.join(args.dir, "rv32-firmware.elf"), memory="128",
                           append="earlycon", extra=["-no-reboot", *extra])

        def recorded():
            first = run(machine([]).argv("record", log))
            guestlib.compare_consoles(first, run(machine([]).argv("replay", log)))
            guestlib.compare_consoles(first, run(machine(["-accel", "tcg,interp=on"]).argv("replay", log)))

        cases = [(name, lambda extra=extra: run(machine(extra).argv())) for name, extra in CASES.items()]
        for number, (name, case) in enumerate(cases + [("recorded, and replayed by both executors", recorded)], 1):
            try:
                case()
                print(f"ok {number} - {name}", flush=True)
            except (Failure, OSError) as failure:
                failed += 1
                print(f"not ok {number} - {name}\n# " + str(failure).replace("\n", "\n# "), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
