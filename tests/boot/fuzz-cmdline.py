#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzzes command lines: options put together at random and mutated. Each either ends with status 1 and a message, or runs and quits.

    fuzz-cmdline.py --emulator FILE [--count N] [--seed S]

No crash, no hang, no message without a text. Line N of seed S is that of seed S + N; a failure prints it. All files are in a temporary
directory, all addresses are loopback's.
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile

OPTIONS = {
    "-machine": ["virt", "virt,accel=tcg", "none", "virt,foo=1", "help"],
    "-m": ["64", "1G", "0", "1.5G", "x", "99999999999999999999", "size=32M,slots=2"],
    "-smp": ["1", "2", "cpus=1", "0", "-1", "x"],
    "-icount": ["3", "auto", "shift=3,sleep=off", "3,rr=record,rrfile=log", "3,rr=replay,rrfile=log", "11", "auto,rr=record,rrfile=log,rrfull=stop"],
    "-accel": ["tcg", "tcg,interp=on", "tcg,max-insns=1,tlb=off", "tcg,chaos=5,flush=9", "kvm", "tcg,host-features=sse2"],
    "-chardev": ["null,id=a", "ringbuf,id=b,size=64", "file,id=c,path=out", "socket,id=d,path=sock,server=on,wait=off",
                 "pty,id=e", "udp,id=f,host=127.0.0.1,port=9", "null,id=g,mux=on", "stdio,id=h", "pipe,id=i,path=none", "null,id=j,logfile=char.log",
                 "socket,id=k,host=127.0.0.1,port=0,server=on,wait=off,telnet=on", "vc,id=l", "memory,id=m,size=3"],
    "-serial": ["null", "none", "vc", "file:out", "pipe:none", "chardev:a", "mon:null", "mon:chardev:a", "unix:s,server,nowait", "telnet:127.0.0.1:0,server,nowait",
                "udp:127.0.0.1:9@127.0.0.1:0", "tcp:127.0.0.1:1", "pty"],
    "-monitor": ["null", "none", "vc", "chardev:b", "unix:m,server,nowait"],
    "-mon": ["a", "chardev=b,mode=control", "chardev=c,mode=control,pretty=on", "chardev=g,mode=readline", "zz"],
    "-netdev": ["user,id=n", "user,id=o,restrict=on,hostname=x,dns=10.0.2.9", "user,id=p,net=10.1.0.0/16,dhcpstart=10.1.0.9", "socket,id=q,listen=127.0.0.1:0",
                "socket,id=r,udp=127.0.0.1:9,localaddr=127.0.0.1:0", "socket,id=s,connect=127.0.0.1:1", "tap,id=t", "user,id=u,ipv6=off,hostfwd=tcp:127.0.0.1:0-:22",
                "user,id=v,guestfwd=tcp:10.0.2.100:80-chardev:a", "user,id=w,smb=x"],
    "-nic": ["none", "user", "user,mac=52:54:00:00:00:01", "user,model=x", "socket,listen=127.0.0.1:0"],
    "-net": ["none", "nic", "user", "nic,model=virtio-net-device", "nic,macaddr=zz"],
    "-object": ["filter-replay,id=r,netdev=n", "filter-dump,id=f,netdev=n,file=x.pcap", "filter-dump,id=g,netdev=o,file=y.pcap,maxlen=9,queue=rx", "foo,id=z"],
    "-device": ["virtio-net-device,netdev=n", "virtio-net-device,netdev=o,mac=52:54:00:00:00:02", "virtio-rng-device", "virtio-blk-device,drive=d",
                "virtio-rng-device,help", "help", "foo", "goldfish-rtc"],
    "-drive": ["file=disk,if=none,id=d,format=raw", "file=disk,if=virtio,format=raw", "file=none,if=none,id=x", "driver=blkreplay,if=none,image=d,id=e"],
    "-global": ["virtio-rng-device.max-bytes=5", "foo.bar=1", "virtio-net-device.mac=52:54:00:00:00:03", "driver=foo,property=a,value=b", "x"],
    "-name": ["x", "guest=a,process=b,debug-threads=on", "a,foo=1"],
    "-uuid": ["00112233-4455-6677-8899-aabbccddeeff", "x"],
    "-msg": ["timestamp=on", "guest-name=on", "x"],
    "-pidfile": ["pid", "none/pid"],
    "-rtc": ["base=utc", "base=2024-02-29T12:00:00", "base=x", "clock=vm"],
    "-kernel": ["text", "none"], "-initrd": ["text"], "-append": ["x"], "-bios": ["none", "text"], "-dtb": ["text"],
    "-d": ["int", "guest_errors,unimp", "help", "x"], "-D": ["d.log"], "-parallel": ["none", "x"], "-echr": ["2", "x"], "-readconfig": ["text"],
}
FLAGS = ["-S", "-no-reboot", "-no-shutdown", "-snapshot", "-nodefaults", "-nographic", "-daemonize", "-s", "-no-user-config", "-version", "-foo", "--help"]
PIECES = [",", "=", ",,", ":", "on", "off", "=on", ",id=a", ",server", "%s", "%n", "\n", "é", "\udcff", "x" * 5000, "-1", "18446744073709551616", "0x", "[", "]:"]
QUIT = b'{"execute":"qmp_capabilities"}\n{"execute":"quit"}\n'


def mutate(rng, value):
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(value) + 1)
        value = rng.choice([value[:at] + rng.choice(PIECES) + value[at:], value[:at], value[:at] + value[at + 1:]])
    return value


def make_line(rng):
    line = []
    for _ in range(rng.randrange(9)):
        if rng.random() < 0.12:
            line.append(rng.choice(FLAGS))
            continue
        option = rng.choice(list(OPTIONS))
        value = rng.choice(OPTIONS[option])
        line += [option, mutate(rng, value) if rng.random() < 0.3 else value]
    return line


def wrong(emulator, line, work):
    """What is wrong with how the emulator takes this line, or None."""
    command = [emulator, "-M", "virt", "-display", "none", "-qmp", "stdio", "-bios", "none", *line]
    child = subprocess.Popen(command, cwd=work, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        _, said = child.communicate(QUIT, timeout=5)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGTERM)  # it waits for a client, or its monitor isn't on stdio
        try:
            _, said = child.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            return "it hangs"
    status = child.returncode
    if status not in (0, 1, -signal.SIGTERM):
        return f"status {status}, said {said!r}"
    if status == 1 and not said.strip():
        return "status 1 without a message"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    failed = 0
    print("1..1")
    for seed in range(args.seed, args.seed + args.count):
        line = make_line(random.Random(seed))
        with tempfile.TemporaryDirectory() as work:
            with open(os.path.join(work, "disk"), "wb") as f:
                f.write(bytes(1 << 16))
            with open(os.path.join(work, "text"), "wb") as f:
                f.write(b"just a text\n" * 100)
            line = [item.replace("\0", "") for item in line]
            problem = wrong(os.path.abspath(args.emulator), [os.fsencode(item) for item in line], work)
        if problem:
            failed += 1
            print(f"# --seed {seed} --count 1: {line!r}: {problem}")
    print(f"{'not ok' if failed else 'ok'} 1 - {args.count} command lines")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
