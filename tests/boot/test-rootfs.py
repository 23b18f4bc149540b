#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots the Debian root file system of scripts/make-rootfs with systemd, works in it over the serial line, records all of it and replays it.

    test-rootfs.py --emulator FILE --assets DIR [--smp N] [--rounds N] [--load] [--chaos] [--peer]

Waits for the login prompt, logs in, runs perl, python3, xz, gcc and the program that gcc made, powers off. Equal in the replay: each
console byte, the exit status, and digests and registers at three stops and at the end. --load keeps both cores busy meanwhile. A
failing run leaves its log in ./failed-rootfs.log and prints how to replay it. Skipped where the image wasn't made. --peer: Debian's
emulator in our place, without digests.
"""
import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import guestlib
from guestlib import STOP, Failure, Machine

PROMPT = "rootfs> "
PROGRAM = r"""
#include <math.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
    double sum = 0;
    for (int i = 1; i <= 1000000; i++) sum += 1.0 / ((double)i * i);
    printf("gcc %.9f %zu\n", sqrt(sum * 6), strlen(argv[argc - 1]));
    return 42;
}
"""
# What is typed, and what must come back.
COMMANDS = [
    ("uname -m; cat /proc/1/comm", r"riscv64\r\nsystemd\r\n"),
    ("""perl -e 'my %h; $h{$_ % 7} += $_ for 1..20000; print "perl ", join(",", map { $h{$_} } sort keys %h), "\\n"'""",
     r"perl 28578571,28581429,28564286,28567143,28570000,28572857,28575714\r\n"),
    ("""python3 -c 'print("python3", sum(i * i for i in range(20000)), 3 ** 100 % 1000007)'""",
     f"python3 {sum(i * i for i in range(20000))} {3 ** 100 % 1000007}\r\n"),
    ("head -c 400000 /usr/bin/perl >/tmp/in; xz -k /tmp/in; xz -dc /tmp/in.xz | cmp - /tmp/in && [ $(stat -c %s /tmp/in.xz) -lt 300000 ] "
     "&& echo xz is well", r"\nxz is well\r\n"),
    ("gzip -k /tmp/in; gzip -dc /tmp/in.gz | cmp - /tmp/in && echo gzip is well", r"\ngzip is well\r\n"),
    ("gcc -O2 -Wall -Werror -o /root/t /root/t.c -lm && /root/t backstep; echo status $?", r"\ngcc 3\.14159169\d 8\r\nstatus 42\r\n"),
    ("systemctl list-units --failed --no-legend --plain; echo end of failed", r"--plain; echo end of failed\r+\nend of failed\r\n"),
]


def expect(pattern):
    return lambda emulator: emulator.wait_text(pattern)


def typed(text, pattern, timeout_s=None):
    """Types a line and waits for what must come back, then for the next prompt."""
    def action(emulator):
        emulator.send(text.encode() + b"\n")
        emulator.wait_text(pattern)
        emulator.wait_text(re.escape(PROMPT))
    return action


def say(text):
    print("# " + text, flush=True)


def script():
    """The session: waits, typed lines and stops."""
    actions = [expect(r"debian login: "), STOP, lambda e: e.send(b"root\n"), expect(r"Password: "), lambda e: e.send(b"root\n"),
               expect(r"root@debian:~# "), typed("stty cols 500; bind 'set enable-bracketed-paste off'; PS1='root''fs> '", ""), STOP,
               # Typed line by line: the shell shows its second prompt after each.
               typed(f"cat >t.c <<'.'\n{PROGRAM.strip()}\n.", "")]
    actions += [typed(command, pattern) for command, pattern in COMMANDS]
    actions += [STOP, lambda e: e.send(b"poweroff\n")]
    return [(None, action) for action in actions]


class Case:
    def __init__(self, args, work):
        self.args, self.log = args, os.path.join(work, "run.log")
        initrd = os.path.join(work, "initrd.gz")
        subprocess.run([os.path.join(ROOT, "scripts/make-initrd"), "-o", initrd, "--assets", args.assets], check=True)
        extra = ["-global", "virtio-mmio.force-legacy=false"] if args.peer else []
        if args.chaos:
            extra += ["-accel", f"tcg,chaos={args.seed}"]
        if args.smp > 1:
            extra += ["-smp", str(args.smp)]
        self.machine = Machine(args.emulator, os.path.join(args.assets, "riscv64/Image"), "demo=root", initrd=initrd, disk=args.image,
                               memory="512", keep=not args.peer, extra=extra)

    def run(self):
        recording = guestlib.record(self.machine, self.log, script(), digests=not self.args.peer, timeout_s=self.args.timeout)
        if b"Power down" not in recording.console and b"Power off" not in recording.console:
            raise Failure(f"the guest didn't power off by itself: {recording.console[-300:]!r}")
        self.tell("recorded", recording)
        again = guestlib.replay(self.machine, recording, digests=not self.args.peer, timeout_s=self.args.timeout)
        self.tell("replayed", again)

    def tell(self, what, recording):
        say(f"{what}: {recording.end.icount / 1e9:.2f} G instructions, {recording.seconds:.0f} s, {recording.cpu_s:.0f} s of CPU, "
            f"log {os.path.getsize(self.log) >> 10} KiB")


def run_case(args):
    """None, or what is wrong."""
    with tempfile.TemporaryDirectory() as work:
        case = Case(args, work)
        try:
            case.run()
            return None
        except (Failure, OSError) as error:
            said = str(error)
            if os.path.exists(case.log):
                kept = os.path.abspath("failed-rootfs.log")
                shutil.copyfile(case.log, kept)
                said += f"\nthe log is {kept}; replay: {shlex.join(case.machine.argv('replay', kept))}"
            return said


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--assets", required=True)
    parser.add_argument("--smp", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=1500, help="seconds for each of recording and replay")
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--chaos", action="store_true", help="random slices, delayed and reordered disk completions")
    parser.add_argument("--peer", action="store_true")
    args = parser.parse_args()
    guestlib.end_cleanly()
    args.image = os.path.join(args.assets, "riscv64/rootfs.qcow2")
    if not os.path.exists(args.image):
        print("1..0 # SKIP the root file system isn't made; run scripts/make-rootfs")
        return 0
    print(f"1..{args.rounds}")
    failed = 0
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)] if args.load else []
    try:
        for args.seed in range(1, args.rounds + 1):
            wrong = run_case(args)
            failed += wrong is not None
            print(f"{'not ' if wrong else ''}ok {args.seed} - rootfs smp {args.smp}" + (", chaos" if args.chaos else "")
                  + ("" if not wrong else "\n# " + wrong.replace("\n", "\n# ")), flush=True)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
