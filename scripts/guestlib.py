# SPDX-License-Identifier: GPL-2.0-or-later
"""guestlib: starts an emulator, watches its console, talks QMP to it; records a run and checks its replay.

    with FileServer({"payload": content}) as server:
        machine = Machine(binary, assets, initrd, f"demo=full url=http://10.0.2.2:{server.port}/payload", disk=image)
        recording = record(machine, "run.log", [("demo: disk read", STOP)])
    check = replay(machine, recording)         # raises Failure, or Divergence with what differs

For scripts/demo and the boot tests. A recording is stopped at given console lines; there and at the end its position,
registers and digests are noted, and the replay must have the same ones at the same positions, and print the same bytes.
Python's standard library alone. Not modelled: several consoles, binary console input before the first line.
"""
import http.server
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


class Failure(Exception):
    """One sentence for the user."""


class Divergence(Failure):
    """The replay isn't the recording; the message says where."""


def end_cleanly():
    """Makes SIGTERM an exception, so that context managers end the processes that they started. Main programs call it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class FileServer:
    """HTTP on 127.0.0.1 for the guest's downloads: {name: bytes}. A context manager."""

    def __init__(self, files):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                content = files.get(self.path.lstrip("/"))
                self.send_response(200 if content is not None else 404)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Machine:
    """A machine's command line, the same in every mode but for -icount. `disk` and `network` go through blkreplay and filter-replay.
    `bus` is that of the virtio devices, "device" (memory-mapped) or "pci".
    With `keep` the process outlives the guest (-no-shutdown), so that its last state can be compared as well."""

    def __init__(self, binary, kernel, append="", *, initrd=None, bios=None, disk=None, network=False, memory="256", shift="3",
                 console="quiet", keep=False, bus="device", extra=()):
        self.binary, self.kernel, self.append, self.initrd, self.bios = binary, kernel, append, initrd, bios
        self.disk, self.network, self.memory, self.shift = disk, network, memory, shift
        self.console, self.keep, self.bus, self.extra = console, keep, bus, list(extra)

    def argv(self, mode=None, log=None):
        icount = f"shift={self.shift}" + (f",rr={mode},rrfile={log}" if mode else "")
        args = [self.binary, "-M", "virt", "-m", self.memory, "-display", "none", "-monitor", "none", "-serial", "stdio",
                "-icount", icount]
        if self.kernel:
            args += ["-kernel", self.kernel]
        if self.bios:
            args += ["-bios", self.bios]
        if self.initrd:
            args += ["-initrd", self.initrd]
        if self.append:
            args += ["-append", f"console=ttyS0 panic=-1 {self.console} {self.append}".replace("  ", " ")]
        if self.disk:
            args += ["-drive", f"file={self.disk},if=none,snapshot=on,id=image", "-drive",
                     "driver=blkreplay,if=none,image=image,id=disk", "-device", f"virtio-blk-{self.bus},drive=disk"]
        if self.network:
            args += ["-netdev", "user,id=net", "-device", f"virtio-net-{self.bus},netdev=net", "-object",
                     "filter-replay,id=filter,netdev=net"]
        else:
            args += ["-net", "none"]
        return args + (["-no-shutdown"] if self.keep and mode else []) + self.extra


class Emulator:
    """A running emulator. A context manager: leaving it ends the process, by its own id, whatever state it is in."""

    def __init__(self, argv, timeout_s=300, qmp=True):
        self.work = tempfile.mkdtemp(prefix="guest-")
        self.deadline = time.monotonic() + timeout_s
        self.console, self.errors, self.events = bytearray(), bytearray(), []
        self.searched, self.changed = 0, threading.Condition()
        self.sock, self.replies, self.next_id = None, {}, 0
        path = os.path.join(self.work, "qmp")
        self.argv = argv + (["-qmp", f"unix:{path},server=on,wait=off"] if qmp else [])
        self.started = time.monotonic()
        self.child = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.collectors = [threading.Thread(target=self.collect, args=item, daemon=True) for item in
                           ((self.child.stdout, self.console), (self.child.stderr, self.errors))]
        for thread in self.collectors:
            thread.start()
        if qmp:
            self.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def collect(self, pipe, store):
        while chunk := os.read(pipe.fileno(), 65536):
            with self.changed:
                store += chunk
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def left(self, timeout_s=None):
        left = self.deadline - time.monotonic()
        return left if timeout_s is None else min(left, timeout_s)

    def describe(self):
        tail = bytes(self.console[-600:]).decode("utf-8", "replace").strip()
        errors = bytes(self.errors[-600:]).decode("utf-8", "replace").strip()
        return f"; its console ends: {tail!r}" + (f"; it said: {errors}" if errors else "")

    def wait(self, ready, what, timeout_s=None):
        """Waits until ready() gives something true (or the process is gone), and returns that."""
        end = time.monotonic() + self.left(timeout_s)
        with self.changed:
            while not (found := ready()):
                if self.child.poll() is not None:
                    self.changed.wait(0.2)  # the last bytes may still be on their way
                    if found := ready():
                        return found
                    raise Failure(f"the emulator ended (status {self.child.returncode}) before {what}" + self.describe())
                if not self.changed.wait(max(0.0, min(0.2, end - time.monotonic()))) and time.monotonic() >= end:
                    raise Failure(f"no {what} in time" + self.describe())
        return found

    def wait_console(self, pattern, timeout_s=None):
        """The next match of a pattern in whole console lines after the last match."""
        def ready():
            end = self.console.rfind(b"\n") + 1
            match = re.compile(pattern.encode(), re.M).search(bytes(self.console[:end]), self.searched)
            if match:
                self.searched = end if b"\n" not in self.console[match.end():end] else self.console.index(b"\n", match.end()) + 1
            return match
        return self.wait(ready, f"console line '{pattern}'", timeout_s)

    def wait_text(self, pattern, timeout_s=None):
        """The next match of a pattern after the last match, in a line that may not be at its end: for prompts."""
        def ready():
            match = re.compile(pattern.encode()).search(bytes(self.console), self.searched)
            if match:
                self.searched = match.end()
            return match
        return self.wait(ready, f"console text '{pattern}'", timeout_s)

    def send(self, text):
        self.child.stdin.write(text)
        self.child.stdin.flush()

    # QMP

    def connect(self, path):
        end = time.monotonic() + self.left(20)
        while True:
            self.sock = socket.socket(socket.AF_UNIX)
            try:
                self.sock.connect(path)
                break
            except OSError:
                self.sock.close()
                if self.child.poll() is not None or time.monotonic() > end:
                    raise Failure("cannot connect to the emulator's QMP socket" + self.describe()) from None
                time.sleep(0.02)
        threading.Thread(target=self.listen, args=(self.sock.makefile("r", encoding="utf-8"),), daemon=True).start()
        self.qmp("qmp_capabilities")

    def listen(self, lines):
        try:
            for line in lines:
                message = json.loads(line)
                with self.changed:
                    if "event" in message:
                        self.events.append(message)
                    elif "id" in message:
                        self.replies[message["id"]] = message
                    self.changed.notify_all()
        except (OSError, ValueError):
            pass  # the process is gone; whoever waits hears of it from there

    def qmp(self, command, **arguments):
        self.next_id += 1
        number = self.next_id
        request = {"execute": command, "id": number, **({"arguments": arguments} if arguments else {})}
        try:
            self.sock.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise Failure(f"QMP {command}: {error}" + self.describe()) from None
        reply = self.wait(lambda: self.replies.pop(number, None), f"answer to QMP {command}", 60)
        if "error" in reply:
            raise Failure(f"QMP {command}: {reply['error'].get('desc')}")
        return reply["return"]

    def hmp(self, line):
        return self.qmp("human-monitor-command", **{"command-line": line}).replace("\r", "").strip()

    def wait_event(self, name, timeout_s=None):
        """Takes the first event of that name not taken yet."""
        def ready():
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event
            return None
        return self.wait(ready, f"event {name}", timeout_s)

    # the process

    def cpu_s(self):
        return time.clock_gettime_ns((~self.child.pid << 3) | 2) / 1e9

    def wait_exit(self, timeout_s=60):
        try:
            return self.child.wait(self.left(timeout_s))
        except subprocess.TimeoutExpired:
            raise Failure("the emulator doesn't exit" + self.describe()) from None

    def drain(self):
        """After the exit: waits until all that was printed has been collected."""
        for thread in self.collectors:
            thread.join(5)

    def close(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
            self.child.wait()
        if self.sock:
            self.sock.close()
        self.drain()
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            try:
                pipe.close()
            except OSError:
                pass  # bytes typed that nobody read
        shutil.rmtree(self.work, ignore_errors=True)


class Stop:
    """Where the machine stands: position and what its state looks like there."""

    def __init__(self, emulator, digests):
        status = emulator.qmp("query-replay")
        self.icount, self.step = status["icount"], status.get("step")
        self.registers = emulator.hmp("info registers")
        self.digest = emulator.hmp("info digest") if digests else None
        if digests and not re.search(r"[0-9a-f]{8}", self.digest):
            raise Failure(f"'info digest' gives no digests: {self.digest}")

    def position(self):
        return f"{self.icount}" + (f".{self.step}" if self.step else "")

    def differences(self, other):
        """Lines that differ, for a message. Without digests, on Debian's emulator, an icount names several states: registers don't count."""
        found = []
        for name in ("icount", "step", "digest", "registers") if self.digest else ("icount",):
            mine, theirs = str(getattr(self, name)), str(getattr(other, name))
            if mine != theirs:
                pairs = [(a, b) for a, b in zip(mine.splitlines(), theirs.splitlines()) if a != b] or [(mine, theirs)]
                found += [f"{name}: recorded '{a.strip()}', replayed '{b.strip()}'" for a, b in pairs[:4]]
        return found


STOP = object()  # an action of record()'s script


class Recording:
    def __init__(self, log):
        self.log, self.stops, self.end, self.console = log, [], None, b""
        self.seconds = self.cpu_s = 0.0
        self.status = None


def shutdown(emulator, recording, keep, digests):
    """After the guest's end: notes the state, quits, waits for the exit."""
    if keep:
        emulator.wait_event("SHUTDOWN")
        # The machine stops by itself then; asked before, a monitor may still see it running.
        emulator.wait_event("STOP", 20)
        recording.end = Stop(emulator, digests)
        recording.seconds, recording.cpu_s = time.monotonic() - emulator.started, emulator.cpu_s()
        emulator.qmp("quit")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    recording.status = emulator.wait_exit()
    emulator.drain()
    recording.console = bytes(emulator.console)
    if not keep:
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        recording.seconds = time.monotonic() - emulator.started
        recording.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        recording.end = recording.stops[-1] if recording.stops else None
    if recording.status != 0:
        raise Failure(f"the emulator ended with status {recording.status}" + emulator.describe())


def record(machine, log, script=(), *, digests=True, timeout_s=600, on_line=None):
    """Runs the machine until its guest ends, recording into `log`. `script` is [(console pattern, action)], each waited for in turn;
    no pattern: nothing is waited for. The action is STOP, to stop there, note the state and go on, bytes to type, or a function of
    the emulator."""
    recording = Recording(log)
    with Emulator(machine.argv("record", log), timeout_s) as emulator:
        for pattern, action in script:
            match = emulator.wait_console(pattern) if pattern else None
            if match and on_line:
                on_line(match.group().decode("utf-8", "replace"))
            if callable(action):
                action(emulator)
                continue
            if action is not STOP:
                emulator.send(action)
                continue
            emulator.qmp("stop")
            emulator.wait_event("STOP", 20)
            recording.stops.append(Stop(emulator, digests))
            emulator.qmp("cont")
            emulator.wait_event("RESUME", 20)
        shutdown(emulator, recording, machine.keep, digests)
    return recording


def replay(machine, recording, *, digests=True, timeout_s=600, on_stop=None):
    """Replays and compares: at each position of the recording's stops, at the end, and all of the console. Returns the replay's own
    Recording, for its times. Raises Divergence."""
    again = Recording(recording.log)
    with Emulator(machine.argv("replay", recording.log) + ["-S"], timeout_s) as emulator:
        for expected in recording.stops:
            at = {"icount": expected.icount, **({"step": expected.step} if expected.step else {})}
            emulator.qmp("replay-break", **at)
            emulator.qmp("cont")
            emulator.wait_event("STOP")
            found = Stop(emulator, digests)
            again.stops.append(found)
            if differing := expected.differences(found):
                raise Divergence(f"at position {expected.position()}: " + "; ".join(differing))
            if on_stop:
                on_stop(found)
        emulator.qmp("cont")
        shutdown(emulator, again, machine.keep, digests)
    if machine.keep and (differing := recording.end.differences(again.end)):
        raise Divergence("at the end: " + "; ".join(differing))
    compare_consoles(recording.console, again.console)
    return again


def compare_consoles(recorded, replayed):
    if recorded != replayed:
        at = next((i for i, (a, b) in enumerate(zip(recorded, replayed)) if a != b), min(len(recorded), len(replayed)))
        line = recorded.count(b"\n", 0, at) + 1
        show = [bytes(c[max(0, at - 60):at + 60]).decode("utf-8", "replace") for c in (recorded, replayed)]
        raise Divergence(f"the consoles differ in line {line}: recorded {show[0]!r}, replayed {show[1]!r}")
