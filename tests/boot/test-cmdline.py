#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Wrong command lines: one sentence that names the thing, exit 1, nothing written. The messages about -icount are those that scripts know.

    test-cmdline.py --emulator FILE
"""
import argparse
import os
import subprocess
import sys
import tempfile

# (arguments, the message: exact when it starts with "=", else a part of it)
WRONG = [
    (["-icount", "11"], "=icount: Invalid shift value"),
    (["-icount", "shift=x"], "=icount: Invalid shift value"),
    (["-icount", "shift=-1"], "=icount: Invalid shift value"),
    (["-icount", "shift=auto,align=on"], "=shift=auto and align=on are incompatible"),
    (["-icount", "shift=auto,sleep=off"], "=shift=auto and sleep=off are incompatible"),
    (["-icount", "3,align=on,sleep=off"], "=align=on and sleep=off are incompatible"),
    (["-icount", "align=on"], "=Please specify shift option when using align"),
    (["-icount", "3,rr=x"], "=Invalid icount rr option: x"),
    (["-icount", "3,rr=record"], "=File name not specified for replay"),
    (["-icount", "rr=record,rrfile=LOG"], "=Please enable icount to use record/replay"),
    (["-icount", "3,rr=replay,rrfile=NONE"], "=Replay: open NONE: No such file or directory"),
    (["-icount", "3,rr=record,rrfile=TEXT/x"], "=Replay: open TEXT/x: Not a directory"),
    (["-icount", "3,rr=replay,rrfile=TEXT"], "Replay: invalid input log file version"),
    (["-icount", "3,rr=record,rrfile=LOG,rrsnapshot=init"], "not yet"),
    (["-icount", "3,rr=record,rrfile=LOG,rrverify=full"], "not yet"),
    (["-icount", "3,rr=record,rrfile=LOG,rrfull=x"], "=Parameter 'rrfull' does not accept value 'x'"),
    (["-icount", "3,nonsense=1"], "Invalid parameter 'nonsense'"),
    (["-smp", "9"], "=Invalid SMP CPUs 9. The max CPUs supported by machine 'virt' is 8"),
    (["-smp", "4,maxcpus=9"], "=Invalid SMP CPUs 9. The max CPUs supported by machine 'virt' is 8"),
    (["-smp", "4,maxcpus=2"], "=Invalid CPU topology: maxcpus must be equal to or greater than smp: sockets (1) * cores (2) * threads (1) "
                              "== maxcpus (2) < smp_cpus (4)"),
    (["-smp", "4,cores=3"], "=Invalid CPU topology: product of the hierarchy must match maxcpus: sockets (1) * cores (3) * threads (1) "
                            "!= maxcpus (4)"),
    (["-smp", "cpus=2,cores=2,sockets=2"], "=Invalid CPU topology: product of the hierarchy must match maxcpus: sockets (2) * cores (2) "
                                           "* threads (0) != maxcpus (2)"),
    (["-smp", "4,dies=2"], "=dies not supported by this machine's CPU topology"),
    (["-smp", "4,clusters=2"], "=clusters not supported by this machine's CPU topology"),
    (["-smp", "x"], "=Parameter 'smp.cpus' expects integer"),
    (["-smp", "2,cores=x"], "=Parameter 'smp.cores' expects integer"),
    (["-smp", "2,cores=18446744073709551615"], "=Parameter 'smp.cores' is too large"),
    (["-smp", "2,nonsense=1"], "nonsense"),
    (["-smp", "2,quantum=0"], "between 100 and"),
    (["-s"], "not yet"),
    (["-nonsense"], "-nonsense: invalid option"),
    (["-kernel"], "-kernel: requires an argument"),
    (["-kernel", "NONE"], "could not load kernel 'NONE'"),
    (["-kernel", "EMPTY"], "the file is empty"),
    (["-kernel", "BADGZ"], "truncated or damaged"),
    (["-kernel", "BADELF"], "ELF"),
    (["-bios", "NONE"], "could not load firmware 'NONE'"),
    (["-kernel", "TEXT", "-initrd", "NONE"], "could not load initial ram disk 'NONE'"),
    (["-kernel", "TEXT", "-dtb", "TEXT"], "the device tree is damaged"),
    (["-append", "x"], "-append only allowed with -kernel option"),
    (["-m", "0"], "ram size"),
    (["-m", "nonsense"], "nonsense"),
    (["-cpu", "nonsense"], "unable to find CPU model 'nonsense'"),
    (["-cpu", "nonsense,zbb=off"], "unable to find CPU model 'nonsense'"),
    (["-cpu", "rv32"], "unable to find CPU model 'rv32'"),
    (["-cpu", "rv64,nonsense=on"], "can't apply global rv64-riscv-cpu.nonsense=on: Property 'rv64-riscv-cpu.nonsense' not found"),
    (["-cpu", "rv64,zbb=maybe"], "can't apply global rv64-riscv-cpu.zbb=maybe: Parameter 'zbb' expects 'on' or 'off'"),
    (["-cpu", "rv64,zbb"], "Expected key=value format, found zbb."),
    (["-cpu", "rv64,v=on"], "extension 'v' isn't implemented"),
    (["-cpu", "rv64,f=off"], "extension 'd' needs 'f'"),
    (["--target", "riscv32"], 'could not find the firmware "opensbi-riscv32-generic-fw_dynamic.bin" (Debian has none for 32 bits'),
    (["--target", "riscv32", "-m", "11G", "-bios", "none"], "at most 10 GiB"),
    (["-drive", "file=NONE,if=none,id=a"], "Could not open 'NONE': No such file or directory"),
    (["-drive", "file=TEXT,if=none,id=a,format=qcow2"], "TEXT"),
    (["-drive", "file=TEXT,if=none,id=a,nonsense=1"], "nonsense"),
    (["-device", "nonsense"], "'nonsense' is not a valid device model name"),
    (["-device", "virtio-blk-device,drive=nonsense"], "nonsense"),
    (["-device", "virtio-rng-device,nonsense=1"], "nonsense"),
    (["-device", "virtio-rng-pci,addr=3", "-device", "virtio-rng-pci,addr=3"],
     "PCI: slot 3 function 0 not available for virtio-rng-pci, in use by virtio-rng-pci,id=(null)"),
    (["-device", "virtio-rng-pci,addr=20"], "Property 'virtio-rng-pci.addr' doesn't take value '20'"),
    (["-device", "virtio-rng-pci,bus=pcie.1"], "Bus 'pcie.1' not found"),
    (["-device", "virtio-rng-pci,bus=virtio-mmio-bus.0"], "Device 'virtio-rng-pci' can't go on virtio-mmio-bus bus"),
    (["-device", "virtio-rng-device,bus=pcie.0"], "Device 'virtio-rng-device' can't go on PCIE bus"),
    (["-device", "virtio-blk-pci,drive=nonsense"], "nonsense"),
    (["-device", "virtconsole"], "No 'virtio-serial-bus' bus found for device 'virtconsole'"),
    (["-device", "gpex-pcihost"], "'gpex-pcihost' is part of the machine and can't be added"),
    (["-global", "virtio-mmio.foo=1"], "can't apply global virtio-mmio.foo=1: Property 'virtio-mmio.foo' not found"),
    (["-global", "virtio-mmio.force-legacy=7"], "Parameter 'force-legacy' expects 'on' or 'off'"),
    (["-global", "virtio-mmio"], "virtio-mmio"),
    (["-fw_cfg", "name=a"], "name, plus exactly one of file and string, are needed"),
    (["-fw_cfg", "name=a,string=b,file=c"], "name, plus exactly one of file and string, are needed"),
    (["-fw_cfg", "opt/a,file=NONE"], "could not load fw_cfg item 'NONE'"),
    (["-fw_cfg", "opt/a,string=b", "-fw_cfg", "opt/a,string=c"], "duplicate fw_cfg file name: opt/a"),
    (["-fw_cfg", "opt/" + 52 * "x" + ",string=b"], "name too long (max. 55 char)"),
    (["-device", "loader"], "please include valid arguments"),
    (["-device", "loader,addr=0x80000000"], "cpu_num must be specified when setting a program counter"),
    (["-device", "loader,addr=0x80000000,data=1"], "Both data and data-len must be specified"),
    (["-device", "loader,addr=0x80000000,data=1,data-len=9"], "data-len cannot be greater then 8 bytes"),
    (["-device", "loader,file=TEXT,addr=0,data=1,data-len=4"], "Specifying a file is not supported when loading memory values"),
    (["-device", "loader,addr=0,data=1,data-len=4,force-raw=on"], "Specifying force-raw is not supported when loading memory values"),
    (["-device", "loader,file=NONE,addr=0"], "could not load specified image 'NONE'"),
    (["-device", "loader,file=BADELF"], "ELF"),
    (["-device", "loader,file=TEXT,addr=0x10"], "don't fit into the guest's RAM"),
    (["-device", "loader,addr=0,cpu-num=9"], "CPU#9 is nonexistent"),
    (["-netdev", "nonsense,id=n"], "nonsense"),
    (["-device", "virtio-net-device,netdev=nonsense"], "nonsense"),
    (["-object", "filter-replay,id=r,netdev=nonsense"], "Parameter 'netdev' expects a network backend id"),
    (["-serial", "nonsense:"], "nonsense"),
    (["-chardev", "nonsense,id=c"], "nonsense"),
    (["-accel", "kvm"], "kvm"),
    (["-serial", "vc"], "vc needs a display"),
    (["-serial", "chardev:nonsense"], "chardev 'nonsense' not found"),
    (["-mon", "nonsense"], '=-mon nonsense: chardev "nonsense" not found'),
    (["-mon", "mode=control"], "=-mon mode=control: Parameter 'chardev' is missing"),
    (["-chardev", "null,id=c", "-mon", "c,mode=x"], "=-mon c,mode=x: Parameter 'mode' does not accept value 'x'"),
    (["-chardev", "null,id=c", "-mon", "c,pretty=on"], "'pretty' is not compatible with HMP monitors"),
    (["-uuid", "nonsense"], "=-uuid nonsense: failed to parse UUID string: wrong format"),
    (["-pidfile", "NONE/x"], "=cannot create PID file: Could not create 'NONE/x': No such file or directory"),
    (["-name", "a,nonsense=1"], "=-name a,nonsense=1: Invalid parameter 'nonsense'"),
    (["-msg", "timestamp=x"], "=-msg timestamp=x: Parameter 'timestamp' expects 'on' or 'off'"),
    (["-parallel", "stdio"], "no machine here has a parallel port"),
    (["-daemonize"], "not supported"),
    (["-readconfig", "TEXT"], "not supported"),
    (["-global", "virtio-rng-device.nonsense=1", "-device", "virtio-rng-device"],
     "=can't apply global virtio-rng-device.nonsense=1: Property 'virtio-rng-device.nonsense' not found"),
    (["-global", "nonsense"], "nonsense"),
    (["-device", "nonsense,help"], "=-device nonsense,help: Device 'nonsense' not found"),
    (["-netdev", "tap,id=a"], "'tap' is not supported"),
    (["-object", "filter-mirror,id=a,netdev=n"], "filter-mirror is not supported"),
    (["-netdev", "user,id=a,guestfwd=tcp:10.0.2.100:80-nonsense"], "nonsense"),
    (["-M", "nonsense"], "nonsense"),
    (["-display", "gtk"], "none"),
    (["--target", "nonsense"], "nonsense"),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulator", required=True)
    args = parser.parse_args()
    failed = 0
    print(f"1..{len(WRONG)}")
    with tempfile.TemporaryDirectory() as work:
        files = {"TEXT": b"just a text, no image of any kind\n" * 40, "EMPTY": b"", "BADGZ": b"\x1f\x8b\x08\0\0\0\0\0\0\3abc",
                 "BADELF": b"\x7fELF\x02\x01\x01" + b"\xff" * 100}
        for name, content in files.items():
            with open(os.path.join(work, name), "wb") as f:
                f.write(content)
        before = sorted(os.listdir(work))
        for number, (arguments, expected) in enumerate(WRONG, 1):
            command = [os.path.abspath(args.emulator), "-M", "virt", "-display", "none", "-serial", "null", "-monitor", "none", *arguments]
            try:
                result = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        timeout=60, text=True, errors="replace")
                status, said = result.returncode, result.stderr.strip()
            except subprocess.TimeoutExpired:
                status, said = "none, it runs", ""
            message = said.split(": ", 1)[1] if ": " in said else said
            right = message == expected[1:] if expected.startswith("=") else expected in said
            left = sorted(os.listdir(work))
            ok = status == 1 and right and left == before
            failed += not ok
            print(f"{'ok' if ok else 'not ok'} {number} - {' '.join(arguments)}")
            if not ok:
                print(f"# status {status}, said {said!r}, expected {expected!r}, new files {sorted(set(left) - set(before))}")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
