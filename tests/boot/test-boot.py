#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots Debian's kernel with the project's initrd, records the run and replays it.

    test-boot.py --emulator FILE --assets DIR [--rounds N] [--smp N] [--load] [--chaos] [--peer] CASE...

Cases: hello, full (disk and network), pci (the same on PCI), legacy (the same by the legacy virtio layout), console (a shell on a
virtio console), load, root (root file system on the disk), quit (recorded until `quit`, replayed to
its end), killed (recorder killed, the log replays to its last position), damaged (cut logs, flipped bits). --load keeps both cores busy meanwhile. A failing case
leaves its log in ./failed-CASE.log and prints how to replay it. --peer: Debian's emulator in our place, without digests.
"""
import argparse
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import guestlib
from guestlib import STOP, Emulator, Failure, FileServer, Machine

BEGINS, ENDS = r"demo: \w+ begins on", r"demo: \w+ ends ok"


class Boot:
    def __init__(self, args, work):
        self.args, self.work = args, work
        self.log = os.path.join(work, "run.log")
        self.machine = None

    def make(self, script, name, *arguments):
        path = os.path.join(self.work, name)
        command = [os.path.join(ROOT, "scripts", script), "-o", path, "--assets", self.args.assets, *arguments]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            raise Failure(result.stdout.strip())
        return path

    def setup(self, append, disk=None, network=False, **more):
        modules = [] if disk or network else ["--no-modules"]
        extra = ["-global", "virtio-mmio.force-legacy=false"] if self.args.peer else []
        extra += more.pop("extra", [])
        if self.args.smp:
            extra += ["-smp", self.args.smp]
        if self.args.chaos:
            extra += ["-accel", f"tcg,chaos={self.args.seed}"]
        self.machine = Machine(self.args.emulator, os.path.join(self.args.assets, "riscv64/Image"), append,
                               initrd=self.make("make-initrd", "initrd.gz", *modules), disk=disk, network=network, extra=extra, **more)
        return self.machine

    def both(self, script):
        recording = guestlib.record(self.machine, self.log, script, digests=not self.args.peer)
        if b"ends ok" not in recording.console:
            raise Failure(f"the guest's job failed: {recording.console[-300:]!r}")
        guestlib.replay(self.machine, recording, digests=not self.args.peer)
        return recording

    # the cases

    def hello(self):
        self.setup("demo=hello")
        self.both([(BEGINS, STOP), (ENDS, STOP)])

    def full(self, **more):
        disk = self.make("make-disk", "disk.qcow2")
        payload = os.urandom(300000)
        server = FileServer({"payload": payload})
        self.setup(f"demo=full url=http://10.0.2.2:{server.port}/payload", disk, True, **more)
        dumps = [os.path.join(self.work, name + ".pcap") for name in ("net", "net2")]
        if not self.args.peer:  # a second card, and what passes both as it is seen in both runs
            self.machine.extra += ["-netdev", "user,id=net2", "-device", f"virtio-net-{self.machine.bus},netdev=net2",
                                   "-object", f"filter-dump,id=dump,netdev=net,file={dumps[0]}",
                                   "-object", f"filter-dump,id=dump2,netdev=net2,file={dumps[1]}"]
        with server:
            recording = guestlib.record(self.machine, self.log, [(BEGINS, STOP), ("demo: network", STOP), (ENDS, STOP)],
                                        digests=not self.args.peer)
        if b"full ends ok" not in recording.console:
            raise Failure(f"the guest's job failed: {recording.console[-300:]!r}")
        frames = [read(dump) for dump in dumps]
        guestlib.replay(self.machine, recording, digests=not self.args.peer)
        if not self.args.peer and (len(b"".join(frames)) < len(payload) or frames != [read(dump) for dump in dumps]):
            raise Failure(f"filter-dump: {[len(f) for f in frames]} bytes recorded, {[len(read(d)) for d in dumps]} replayed")

    def pci(self):
        self.full(bus="pci", extra=["-device", "virtio-rng-pci,addr=0x1f", "-device", "virtio-serial-pci,vectors=0"])

    def legacy(self):
        self.full(extra=["-global", "virtio-mmio.force-legacy=true"])

    def console(self):
        """All goes over a virtio console: the kernel's messages, the shell's output, what is typed."""
        self.setup("demo=shell modules=none", extra=["-chardev", "stdio,id=c", "-device", "virtio-serial-pci", "-device",
                                                     "virtconsole,chardev=c", "-device", "virtserialport,name=spare"])
        plain = self.machine.argv
        self.machine.argv = lambda *mode: [{"stdio": "null"}.get(word, word).replace("console=ttyS0", "console=hvc0")
                                           for word in plain(*mode)]
        typed = [("demo: shell begins", b"cat /sys/class/virtio-ports/*/name\n"), ("^spare", b"echo $((6 * 7)) typed\n"),
                 ("^42 typed", b"poweroff -f\n")]
        recording = guestlib.record(self.machine, self.log, typed, digests=not self.args.peer)
        guestlib.replay(self.machine, recording, digests=not self.args.peer)

    def load(self):
        self.setup("demo=load rounds=2", self.make("make-disk", "disk.qcow2"))
        self.both([("demo: round 0", STOP), (ENDS, STOP)])

    def root(self):
        self.setup("demo=root", self.make("make-disk", "disk.qcow2", "--root"))
        self.both([("demo: root file system /dev/vda ext4", STOP)])

    def quit(self):
        """Records until `quit` in the middle of the run; the replay prints the same and exits by itself."""
        self.setup("demo=idle seconds=1000")
        with Emulator(self.machine.argv("record", self.log)) as emulator:
            emulator.wait_console(BEGINS)
            emulator.qmp("quit")
            self.expect_status(emulator, 0)
            recorded = bytes(emulator.console)
        tool = os.path.join(ROOT, "scripts/replay-dump.py")
        if not self.args.peer and subprocess.run([tool, "-f", self.log], stdout=subprocess.DEVNULL).returncode != 0:
            raise Failure("replay-dump.py fails on the log")
        with Emulator(self.machine.argv("replay", self.log), qmp=False) as emulator:
            self.expect_status(emulator, 0)
            guestlib.compare_consoles(recorded, bytes(emulator.console))

    def killed(self):
        """Kills the recorder; the replay runs to the last position in the log, says so, and has printed nothing else than was printed."""
        self.setup("demo=load rounds=1000")
        with Emulator(self.machine.argv("record", self.log)) as emulator:
            emulator.wait_console("demo: round 1")
            emulator.child.send_signal(signal.SIGKILL)
            emulator.wait_exit()
            emulator.drain()
            recorded = bytes(emulator.console)
        with Emulator(self.machine.argv("replay", self.log), qmp=False) as emulator:
            self.expect_status(emulator, 0)
            replayed, errors = bytes(emulator.console), bytes(emulator.errors)
        if b"the log ends at" not in errors:
            raise Failure(f"the replay doesn't say that its log is torn: {errors!r}")
        # Output that the log's last 100 ms hadn't caught up with may be missing, or not have left the recorder's queue.
        shared = min(len(recorded), len(replayed))
        guestlib.compare_consoles(recorded[:shared], replayed[:shared])
        if b"demo: round 0" not in replayed:
            raise Failure("the replay ends long before the recording did")

    def damaged(self):
        """A log cut anywhere or with a flipped bit is refused with one sentence, or replayed to the damage, which is named."""
        self.setup("demo=hello")
        recording = guestlib.record(self.machine, self.log, [(BEGINS, STOP)], digests=not self.args.peer)
        with open(self.log, "rb") as f:
            whole = f.read()
        rng = random.Random(len(whole))
        damages = [("cut in half", whole[:len(whole) // 2])]
        damages += [(f"cut at {at}", whole[:at]) for at in (0, 1, 100, len(whole) - 1)]
        for _ in range(8):
            at, bit = rng.randrange(len(whole)), rng.randrange(8)
            damages.append((f"bit {bit} of byte {at} flipped", whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1:]))
        for what, content in damages:
            with open(self.log, "wb") as f:
                f.write(content)
            with Emulator(self.machine.argv("replay", self.log), qmp=False) as emulator:
                status = emulator.wait_exit(300)
                emulator.drain()
                errors, console = bytes(emulator.errors).decode(errors="replace"), bytes(emulator.console)
            # Only the index behind the last event may be missing in silence: then the replay is whole.
            silent = status == 0 and console == recording.console
            if status not in (0, 1, 3) or not (errors.strip() or silent):
                raise Failure(f"{what}: status {status}, {errors!r}")

    @staticmethod
    def expect_status(emulator, wanted):
        status = emulator.wait_exit(300)
        emulator.drain()
        if status != wanted:
            raise Failure(f"the emulator ended with status {status}" + emulator.describe())


def read(path):
    """The file's bytes; none if it isn't there."""
    if not os.path.exists(path):
        return b""
    with open(path, "rb") as f:
        return f.read()


def run_case(args, name):
    """None, or what is wrong."""
    with tempfile.TemporaryDirectory() as work:
        boot = Boot(args, work)
        try:
            getattr(boot, name)()
            return None
        except (Failure, OSError) as error:
            said = str(error)
            if os.path.exists(boot.log):
                kept = os.path.abspath(f"failed-{name}.log")
                shutil.copyfile(boot.log, kept)
                said += f"\nthe log is {kept}; replay: {shlex.join(boot.machine.argv('replay', kept))}"
            return said


def main():
    cases = ["hello", "full", "pci", "legacy", "console", "load", "root", "quit", "killed", "damaged"]
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--assets", required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--smp", help="as the emulator's -smp")
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--chaos", action="store_true", help="random slices, delayed and reordered disk completions")
    parser.add_argument("cases", nargs="+", choices=cases)
    args = parser.parse_args()
    guestlib.end_cleanly()
    print(f"1..{args.rounds * len(args.cases)}")
    number = failed = 0
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)] if args.load else []
    try:
        for args.seed in range(1, args.rounds + 1):
            for name in args.cases:
                number += 1
                wrong = run_case(args, name)
                failed += wrong is not None
                print(f"{'not ' if wrong else ''}ok {number} - {name}" + ("" if not wrong else "\n# " + wrong.replace("\n", "\n# ")),
                      flush=True)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
