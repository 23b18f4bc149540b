#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command line adds to a machine, without a kernel: -device loader, -machine dumpdtb=, -fw_cfg, PCI slots and their reports.

    test-machine.py --emulator FILE
"""
import argparse
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from guestlib import Emulator, Failure

BASE = ["-M", "virt", "-display", "none", "-monitor", "none", "-serial", "none", "-net", "none"]
# lui a0, 0x100; lui a1, 5; addi a1, a1, 0x555; sw a1, 0(a0): power off by the test device
POWEROFF = bytes.fromhex("37051000 b7550000 93855555 2320b500")


def loader(data, addr=0x80001000):
    words = [int.from_bytes(data[i:i + 8], "little") for i in range(0, len(data), 8)]
    args = []
    for i, word in enumerate(words):
        args += ["-device", f"loader,addr={addr + 8 * i:#x},data={word:#x},data-len=8"]
    return args


class Tests:
    def __init__(self, emulator, work):
        self.emulator, self.work = emulator, work

    def path(self, name, content=None):
        path = os.path.join(self.work, name)
        if content is not None:
            with open(path, "wb") as f:
                f.write(content)
        return path

    def run(self, *args, status=0):
        result = subprocess.run([self.emulator, *BASE, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, text=True)
        if result.returncode != status:
            raise Failure(f"status {result.returncode}, not {status}: {result.stderr.strip()}")
        return result.stderr

    def expect(self, what, text):
        if what not in text:
            raise Failure(f"'{what}' isn't in '{text.strip()}'")

    def loader_data(self):
        """The bytes are there, the CPU starts there, in the replay too; other bytes are another machine."""
        start = ["-bios", "none", "-device", "loader,addr=0x80001000,cpu-num=0"]
        log = self.path("loader.log")
        self.run(*start, *loader(POWEROFF), "-icount", f"3,rr=record,rrfile={log}")
        self.run(*start, *loader(POWEROFF), "-icount", f"3,rr=replay,rrfile={log}")
        said = self.run(*start, *loader(b"\x13\0\0\0" + POWEROFF[4:]), "-icount", f"3,rr=replay,rrfile={log}", status=1)
        self.expect("loader 1: recorded '", said)
        big = int.from_bytes(POWEROFF[:8], "big")
        self.run(*start, "-device", f"loader,addr=0x80001000,data={big:#x},data-len=8,data-be=on", *loader(POWEROFF[8:], 0x80001008))

    def loader_file(self):
        path = self.path("code.bin", POWEROFF)
        self.run("-bios", "none", "-device", f"loader,file={path},addr=0x80002000,cpu-num=0,force-raw=on")
        self.expect("16 bytes at 0x1000000 don't fit", self.run("-device", f"loader,file={path},addr=0x1000000", status=1))

    def dumpdtb(self):
        """The tree as the guest gets it, with the kernel's command line; nothing is run."""
        path, kernel = self.path("virt.dtb"), self.path("kernel", b"no kernel at all")
        said = self.run("-machine", f"dumpdtb={path}", "-kernel", kernel, "-append", "one two", "-smp", "1")
        self.expect(f"info: dtb dumped to {path}. Exiting.", said)
        text = subprocess.run(["dtc", "-I", "dtb", "-O", "dts", path], capture_output=True, text=True, check=True).stdout
        for wanted in ('bootargs = "one two"', 'compatible = "pci-host-ecam-generic"', "fw-cfg@10100000"):
            self.expect(wanted, text)
        self.expect("Failed dumping dtb to", self.run("-machine", "dumpdtb=/nonexistent/x", status=1))

    def fw_cfg(self):
        """Items are part of the machine that a recording knows."""
        start = ["-bios", "none", "-device", "loader,addr=0x80001000,cpu-num=0", *loader(POWEROFF)]
        log, item = self.path("fw.log"), self.path("item", b"content")
        self.run(*start, "-fw_cfg", f"name=opt/x,file={item}", "-icount", f"3,rr=record,rrfile={log}")
        self.run(*start, "-fw_cfg", "opt/x,string=content", "-icount", f"3,rr=replay,rrfile={log}")
        said = self.run(*start, "-fw_cfg", "opt/x,string=other", "-icount", f"3,rr=replay,rrfile={log}", status=1)
        self.expect("fw_cfg opt/x: recorded '", said)
        self.expect('should be prefixed with "opt/"', self.run(*start, "-fw_cfg", "etc/x,string=a"))

    def pci_reports(self):
        args = [self.emulator, *BASE, "-S", "-device", "virtio-rng-pci,id=r,addr=5", "-device", "virtio-serial-pci,disable-legacy=on"]
        with Emulator(args) as emulator:
            (bus,) = emulator.qmp("query-pci")
            slots = {device["slot"]: device for device in bus["devices"]}
            if sorted(slots) != [0, 1, 5] or slots[5]["id"]["device"] != 0x1005 or slots[5]["qdev_id"] != "r":
                raise Failure(f"query-pci says {bus}")
            text = emulator.hmp("info pci")
            self.expect("Bus  0, device   1, function 0:\n    Class 1920: PCI device 1af4:1043", text)
            self.expect("BAR4: 64 bit prefetchable memory at 0xffffffffffffffff [0x00003ffe].", text)
            self.expect("dev: virtio-serial-pci", emulator.hmp("info qtree"))

    def globals(self):
        with Emulator([self.emulator, *BASE, "-S", "-global", "virtio-mmio.force-legacy=on", "-global", "virtio-rng-pci.addr=7",
                       "-device", "virtio-rng-pci"]) as emulator:
            self.expect("force-legacy = true", emulator.hmp("info qtree"))
            self.expect("device   7", emulator.hmp("info pci"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    args = parser.parse_args()
    names = [name for name in vars(Tests) if name not in ("run", "path", "expect") and not name.startswith("_")]
    failed = 0
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        with tempfile.TemporaryDirectory() as work:
            try:
                getattr(Tests(args.emulator, work), name)()
                print(f"ok {number} - {name}", flush=True)
            except (Failure, OSError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"not ok {number} - {name}\n# " + str(error).replace("\n", "\n# "), flush=True)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
