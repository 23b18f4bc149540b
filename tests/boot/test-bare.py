#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the bare-metal programs of tests/boot/bare: plainly, and recorded and replayed, in several modes of the emulator.

    test-bare.py --emulator FILE --dir DIRECTORY-OF-ELFS [--peer]

A program powers the machine off when it is content, so the emulator's exit status is the program's verdict. --peer: Debian's
emulator in our place, which shows that the programs themselves are right; its replay isn't asked, since it fails now and then.
"""
import argparse
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import guestlib
from guestlib import Emulator, Failure, Machine

EXPECTED = {
    "hello": b"hello from hart 0, with a device tree",
    "timer": b"timer: all ok",
    "reset": b"reset: all ok",
    "echo": b"BACKSTEP",
}
MODES = {"plain": [], "interpreter": ["-accel", "tcg,interp=on"], "lockstep": ["-accel", "tcg,check=on"]}
TIMEOUT_S = 60


class Tap:
    def __init__(self):
        self.number = self.failed = 0

    def case(self, name, function, *args):
        self.number += 1
        try:
            function(*args)
            print(f"ok {self.number} - {name}", flush=True)
        except (Failure, OSError) as error:
            self.failed += 1
            print(f"not ok {self.number} - {name}\n# " + str(error).replace("\n", "\n# "), flush=True)

    def end(self):
        print(f"1..{self.number}")
        return 1 if self.failed else 0


def run(argv, typed=()):
    """The console of a run that ends by itself with status 0."""
    with Emulator(argv, TIMEOUT_S, qmp=False) as emulator:
        for pattern, text in typed:
            emulator.wait_console(pattern)
            emulator.send(text)
        status = emulator.wait_exit(TIMEOUT_S)
        emulator.drain()
        if status != 0:
            raise Failure(f"status {status}" + emulator.describe())
        return bytes(emulator.console)


def expect(console, text):
    if text not in console or b"FAILED" in console:
        raise Failure(f"the console is {console!r}")


def machine_for(args, name, extra=()):
    return Machine(args.emulator, os.path.join(args.dir, name + ".elf"), bios="none", memory="64", keep=False, extra=extra)


def plain(args, name, extra, typed=()):
    expect(run(machine_for(args, name, extra).argv(), typed), EXPECTED[name])


def recorded(args, name, typed, expected):
    with tempfile.TemporaryDirectory() as work:
        log = os.path.join(work, "run.log")
        machine = machine_for(args, name)
        first = run(machine.argv("record", log), typed)
        expect(first, expected)
        guestlib.compare_consoles(first, run(machine.argv("replay", log)))
        interpreted = machine_for(args, name, MODES["interpreter"])
        guestlib.compare_consoles(first, run(interpreted.argv("replay", log)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--peer", action="store_true")
    args = parser.parse_args()
    guestlib.end_cleanly()
    tap = Tap()
    # What is typed comes from the log alone the second time; the polls between the letters show in the checksum.
    typed = {"echo": [("echo: ready", b"backstep.")]}
    for name, expected in EXPECTED.items():
        for mode, extra in MODES.items():
            if mode == "plain" or not args.peer:
                tap.case(f"{name}, {mode}", plain, args, name, extra, typed.get(name, ()))
        if not args.peer:
            tap.case(f"{name}, replayed", recorded, args, name, typed.get(name, ()), expected)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
