#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The log's disk is full: rrfull=pause pauses until there is room, and loses nothing; rrfull=stop ends the recording and goes on.

    test-rrfull.py --emulator FILE --dir DIRECTORY-OF-ELFS

The disk is played by the process's limit on file sizes, which can be lowered and raised while it runs.
"""
import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import guestlib
from guestlib import Emulator, Failure, Machine

TIMEOUT_S = 60
ROOM = 150  # bytes that the log may still grow by


def machine_for(args, extra=()):
    return Machine(args.emulator, os.path.join(args.dir, "echo.elf"), bios="none", memory="64", keep=False, extra=extra)


def limit(emulator, size):
    resource.prlimit(emulator.child.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def recording(machine, log, full):
    argv = [a + f",rrfull={full}" if "rr=record" in a else a for a in machine.argv("record", log)]
    return Emulator(argv, TIMEOUT_S)


def type_until(emulator, done):
    """Types, one byte at a time so that each is an event, until done() or too long."""
    end = time.monotonic() + 30
    typed = 0
    while not done():
        emulator.send(b"x")
        typed += 1
        time.sleep(0.005)
        if time.monotonic() > end:
            raise Failure("the log isn't full" + emulator.describe())
    return typed


def check(args, log, status):
    tool = os.path.join(os.path.dirname(args.emulator), "qemu-replay")
    result = subprocess.run([tool, "check", log], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S)
    if result.returncode != status:
        raise Failure(f"qemu-replay check: {result.returncode}, {result.stdout!r}")


def replayed(args, log):
    with Emulator(machine_for(args).argv("replay", log), TIMEOUT_S, qmp=False) as emulator:
        status = emulator.wait_exit()
        emulator.drain()
        if status != 0:
            raise Failure(f"the replay's status is {status}" + emulator.describe())
        return bytes(emulator.console)


def pause(args, work):
    log = os.path.join(work, "log")
    with recording(machine_for(args), log, "pause") as emulator:
        emulator.wait_console("echo: ready")
        limit(emulator, os.path.getsize(log) + ROOM)
        typed = type_until(emulator, lambda: any(e["event"] == "STOP" for e in emulator.events))
        emulator.wait_event("STOP")
        if emulator.qmp("query-status")["status"] != "io-error":
            raise Failure("it isn't paused for an error")
        if b"make room" not in emulator.errors:
            raise Failure("nothing was said" + emulator.describe())
        try:
            emulator.qmp("cont")
            raise Failure("it goes on without room")
        except Failure as failure:
            if "still can't be written" not in str(failure):
                raise
        limit(emulator, resource.RLIM_INFINITY)
        emulator.qmp("cont")
        emulator.wait_event("RESUME")
        emulator.send(b"more.")
        status = emulator.wait_exit()
        emulator.drain()
        console = bytes(emulator.console)
        if status != 0 or console.count(b"X") != typed or b"MORE" not in console:
            raise Failure(f"status {status}, {typed} typed, {console.count(b'X')} came" + emulator.describe())
    check(args, log, 0)
    guestlib.compare_consoles(console, replayed(args, log))


def reset_while_paused(args, work):
    """Events that come about while the log can't be written are kept."""
    log = os.path.join(work, "log")
    with recording(machine_for(args), log, "pause") as emulator:
        emulator.wait_console("echo: ready")
        limit(emulator, os.path.getsize(log) + ROOM)
        type_until(emulator, lambda: any(e["event"] == "STOP" for e in emulator.events))
        emulator.qmp("system_reset")
        emulator.qmp("system_reset")
        limit(emulator, resource.RLIM_INFINITY)
        emulator.qmp("cont")
        emulator.wait_console("echo: ready")
        emulator.send(b"more.")
        status = emulator.wait_exit()
        emulator.drain()
        console = bytes(emulator.console)
        if status != 0 or b"MORE" not in console:
            raise Failure(f"status {status}" + emulator.describe())
    check(args, log, 0)
    guestlib.compare_consoles(console, replayed(args, log))


def quit_while_paused(args, work):
    log = os.path.join(work, "log")
    with recording(machine_for(args), log, "pause") as emulator:
        emulator.wait_console("echo: ready")
        limit(emulator, os.path.getsize(log) + ROOM)
        type_until(emulator, lambda: any(e["event"] == "STOP" for e in emulator.events))
        emulator.qmp("quit")
        if (status := emulator.wait_exit()) != 1:
            raise Failure(f"status {status}" + emulator.describe())
        emulator.drain()
        if b"incomplete" not in emulator.errors:
            raise Failure("nothing was said" + emulator.describe())
        console = bytes(emulator.console)
    check(args, log, 2)
    if not console.startswith(replayed(args, log)):
        raise Failure("the replay shows something else")


def stop(args, work):
    log = os.path.join(work, "log")
    with recording(machine_for(args), log, "stop") as emulator:
        emulator.wait_console("echo: ready")
        limit(emulator, os.path.getsize(log) + ROOM)
        type_until(emulator, lambda: b"the recording is over" in emulator.errors)
        if emulator.qmp("query-replay")["mode"] != "none" or not emulator.qmp("query-status")["running"]:
            raise Failure("it doesn't run on without a recording" + emulator.describe())
        emulator.send(b"more.")
        if (status := emulator.wait_exit()) != 0:
            raise Failure(f"status {status}" + emulator.describe())
        emulator.drain()
        console = bytes(emulator.console)
        if b"MORE" not in console:
            raise Failure("the guest doesn't run on" + emulator.describe())
    check(args, log, 2)
    if not console.startswith(replayed(args, log)):
        raise Failure("the replay shows something else")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--dir", required=True)
    args = parser.parse_args()
    failed = 0
    cases = {"pause": pause, "reset while paused": reset_while_paused, "quit while paused": quit_while_paused, "stop": stop}
    print(f"1..{len(cases)}")
    for number, (name, case) in enumerate(cases.items(), 1):
        with tempfile.TemporaryDirectory() as work:
            try:
                case(args, work)
                print(f"ok {number} - {name}", flush=True)
            except (Failure, OSError) as error:
                failed += 1
                print(f"not ok {number} - {name}\n# " + str(error).replace("\n", "\n# "), flush=True)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
