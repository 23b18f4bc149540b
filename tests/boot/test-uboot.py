#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's U-Boot for QEMU's virt machine, as firmware in M mode and as OpenSBI's payload in S mode: it reaches its prompt, finds the
disk on PCI, obeys commands typed there and powers off; recorded and replayed.

    test-uboot.py --emulator FILE CASE...

Cases: machine, supervisor.
"""
import argparse
import os
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import guestlib
from guestlib import STOP, Failure, Machine

IMAGES = {"machine": ("bios", "/usr/lib/u-boot/qemu-riscv64/u-boot.bin"),
          "supervisor": ("kernel", "/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf")}
# A key ends the countdown; the rest waits in the chip's FIFO and behind it until the prompt is there.
TYPED = [("^Model: riscv-virtio,qemu", STOP), ("^Net: ", b"\r\rpci enum; pci; virtio scan; virtio info; version\r"), ("Capacity: 1.0 MB", STOP),
         ("^GNU ld", b"poweroff\r")]


def run(args, name):
    option, image = IMAGES[name]
    if not os.path.exists(image):
        raise Failure(f"there is no {image}: Debian's package u-boot-qemu has it")
    with tempfile.TemporaryDirectory() as work:
        disk, log = os.path.join(work, "disk.raw"), os.path.join(work, "run.log")
        with open(disk, "wb") as f:
            f.truncate(1 << 20)
        machine = Machine(args.emulator, image if option == "kernel" else None, bios=image if option == "bios" else None, bus="pci",
                          extra=["-drive", f"file={disk},format=raw,if=none,id=d", "-device", "virtio-blk-pci,drive=d,addr=2"])
        recording = guestlib.record(machine, log, TYPED, timeout_s=120)
        console = recording.console.replace(b"\r", b"")
        for wanted in (b"=> pci enum; pci; virtio scan; virtio info; version\n", b"00.02.00   0x1af4     0x1001", b"poweroff ..."):
            if wanted not in console:
                raise Failure(f"the console lacks {wanted!r}: {console[-1000:]!r}")
        guestlib.replay(machine, recording, timeout_s=120)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("cases", nargs="+", choices=list(IMAGES))
    args = parser.parse_args()
    guestlib.end_cleanly()
    failed = 0
    print(f"1..{len(args.cases)}")
    for number, name in enumerate(args.cases, 1):
        try:
            run(args, name)
            print(f"ok {number} - {name}", flush=True)
        except (Failure, OSError) as error:
            failed += 1
            print(f"not ok {number} - {name}\n# " + str(error).replace("\n", "\n# "), flush=True)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
