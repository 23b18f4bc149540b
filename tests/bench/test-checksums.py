#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints one TAP point a workload: host and guest builds give the same checksum, and another count gives another one.

    test-checksums.py WORKLOADS-HOST WORKLOADS-RISCV64        (the latter under qemu-riscv64)
"""
import shutil
import subprocess
import sys

# Only as many units as show the result; pages and processes are slow under user-mode emulation.
UNITS = {"chase8m": 3, "stride": 2, "fork": 5, "fault": 3}


def checksum(command, name, n):
    return subprocess.run([*command, name, str(n)], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[1]


def main():
    host, guest = sys.argv[1:3]
    emulator = shutil.which("qemu-riscv64")
    names = [line.split()[0] for line in subprocess.run([host, "--list"], check=True, stdout=subprocess.PIPE,
                                                        text=True).stdout.splitlines()]
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        n = UNITS.get(name, 20)
        own = checksum([host], name, n)
        if not emulator:
            print(f"ok {number} - {name} # SKIP no qemu-riscv64")
            continue
        other = checksum([emulator, guest], name, n)
        good = own == other and own != checksum([host], name, n + 1)
        print(f"{'' if good else 'not '}ok {number} - {name}: host {own}, guest {other}", flush=True)


if __name__ == "__main__":
    main()
