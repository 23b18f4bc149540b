#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of fetch-assets (which mirror, which modules), make-initrd and make-disk (the same bytes each time),
make-rootfs (what debootstrap is given)."""
import gzip
import hashlib
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import tap

fetch = tap.script("fetch-assets")
initrd = tap.script("make-initrd")
sys.path.insert(0, os.path.join(tap.ROOT, "scripts"))
rootfs = tap.script("make-rootfs")

DEB822 = """\
Types: deb
# a comment
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.invalid/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://other.invalid/debian
Suites: bookworm

Types: deb
URIs: https://third.invalid/apt
Suites: nodistro
"""
ONE_LINE = """\
# deb http://commented.invalid/debian bookworm main
deb-src http://source.invalid/debian bookworm main
deb [arch=amd64 signed-by=/x.gpg] http://one.invalid/debian/ bookworm main contrib
deb cdrom:[x]/ bookworm main
deb http://partial.invalid/pool bookworm main
"""


def module(depends=b"", softdep=b""):
    return b"\x7fELF\0.modinfo\0depends=" + depends + (b"\0softdep=" + softdep if softdep else b"") + b"\0name=x\0"


class Fetch(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory()
        self.addCleanup(self.work.cleanup)

    def test_mirrors(self):
        parts = os.path.join(self.work.name, "parts")
        os.mkdir(parts)
        for name, text in (("a.sources", DEB822), ("sources.list", ONE_LINE), ("parts/ignored.bak", ONE_LINE)):
            with open(os.path.join(self.work.name, name), "w", encoding="utf-8") as f:
                f.write(text)
        shutil.move(os.path.join(self.work.name, "a.sources"), parts)
        settings = {"Dir::Etc::sourcelist/f": os.path.join(self.work.name, "sources.list"), "Dir::Etc::sourceparts/d": parts}
        real, fetch.apt_setting = fetch.apt_setting, settings.get
        self.addCleanup(setattr, fetch, "apt_setting", real)
        self.assertEqual(fetch.mirrors(), ["http://one.invalid/debian/", "http://mirror.invalid/debian",
                                           "http://partial.invalid/pool"])

    def test_module_order(self):
        root = os.path.join(self.work.name, "usr/lib/modules/6.0-x")
        os.makedirs(os.path.join(root, "kernel"))
        with open(os.path.join(root, "modules.builtin"), "w", encoding="ascii") as f:
            f.write("kernel/drivers/virtio/virtio.ko\n")
        for name, content in (("top", module(b"mid_one,virtio")), ("mid-one", module(b"leaf", b"pre: soft absent post: late")),
                              ("leaf", module()), ("soft", module()), ("late", module())):
            with open(os.path.join(root, "kernel", name + ".ko.xz"), "wb") as f:
                f.write(lzma.compress(content))
        order = [name for name, _ in fetch.collect_modules(self.work.name, ["top"])]
        self.assertEqual(order, ["leaf", "soft", "mid_one", "top"])
        with self.assertRaises(fetch.Failure):
            fetch.collect_modules(self.work.name, ["nowhere"])

    def test_kernel_image(self):
        path = os.path.join(self.work.name, "vmlinuz")
        image = bytes(56) + b"RSC\x05" + bytes(100)
        for content in (image, gzip.compress(image)):
            fetch.write(path, content)
            self.assertEqual(fetch.kernel_image(path), image)
        fetch.write(path, b"MZ" + bytes(100))
        with self.assertRaises(fetch.Failure):
            fetch.kernel_image(path)

    def test_damage_is_seen(self):
        target = os.path.join(self.work.name, "riscv64")
        fetch.write(os.path.join(target, "Image"), b"kernel")
        fetch.write(os.path.join(target, "stamp"), (fetch.stamp_of("riscv64") + "\n").encode())
        fetch.write(os.path.join(target, "SHA256SUMS"), fetch.sums_of(target).encode())
        self.assertTrue(fetch.is_whole(target, "riscv64"))
        fetch.write(os.path.join(target, "rootfs.qcow2"), b"another script's")
        self.assertTrue(fetch.is_whole(target, "riscv64"))
        fetch.write(os.path.join(target, "Image"), b"kermel")
        self.assertFalse(fetch.is_whole(target, "riscv64"))


class Rootfs(unittest.TestCase):
    """The mirror in a folder that debootstrap is given, from what apt printed and fetched."""

    def test_mirror(self):
        work = tempfile.TemporaryDirectory()
        self.addCleanup(work.cleanup)
        stanza = "Package: {}\nVersion: {}\nFilename: pool/main/{}/{}\nPriority: {}\n"
        index = "\n".join([stanza.format("base+x", "1+b2", "b", "base+x_1+b2_riscv64.deb", "required"),
                           stanza.format("tool", "2:3", "t", "tool_3_riscv64.deb", "optional")])

        def run(args, env=None, cwd=None):
            if "--print-uris" in args:
                return ("Reading\n'http://m.invalid/pool/main/b/base%2bx_1%2bb2_riscv64.deb' base+x_1+b2_riscv64.deb 5 SHA256:0\n"
                        "'http://m.invalid/pool/main/t/tool_3_riscv64.deb' tool_2%3a3_riscv64.deb 6 SHA256:0\n")
            if "--download-only" in args:
                for name in ("base+x_1+b2_riscv64.deb", "tool_2%3a3_riscv64.deb"):
                    fetch.write(os.path.join(work.name, "apt/cache/archives", name), name.encode())
            return index if args[0] == "apt-cache" else ""

        self.addCleanup(setattr, rootfs.assets, "run", rootfs.assets.run)
        rootfs.assets.run = run
        self.addCleanup(setattr, rootfs, "say", rootfs.say)
        rootfs.say = lambda text: None
        apt = type("Apt", (), {"root": os.path.join(work.name, "apt"), "env": {}})
        self.assertEqual(rootfs.required(apt), ["base+x", "apt"])
        names, versions = rootfs.mirror(apt, os.path.join(work.name, "mirror"))
        self.assertEqual((names, versions), (["base+x", "tool"], ["base+x 1+b2\n", "tool 2:3\n"]))
        with open(os.path.join(work.name, "mirror/pool/main/t/tool_3_riscv64.deb"), "rb") as f:
            self.assertEqual(f.read(), b"tool_2%3a3_riscv64.deb")
        base = os.path.join(work.name, "mirror/dists/trixie")
        with open(os.path.join(base, "main/binary-riscv64/Packages"), "rb") as f:
            packages = f.read()
        with open(os.path.join(base, "Release"), encoding="ascii") as f:
            self.assertIn(f"{hashlib.sha256(packages).hexdigest()} {len(packages)} main/binary-riscv64/Packages", f.read())
        self.assertTrue(packages.endswith(b"\n\n"))  # debootstrap overlooks a last stanza without an empty line behind it


class Initrd(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory()
        self.addCleanup(self.work.cleanup)
        fetch.write(os.path.join(self.work.name, "riscv64/busybox"), b"busybox")
        fetch.write(os.path.join(self.work.name, "riscv64/modules/order"), b"")

    def pack(self, name, *extra):
        path = os.path.join(self.work.name, name)
        subprocess.run([os.path.join(tap.ROOT, "scripts/make-initrd"), "-o", path, "--assets", self.work.name, *extra], check=True)
        with open(path, "rb") as f:
            return f.read()

    def test_same_bytes(self):
        first = self.pack("a.gz")
        os.utime(os.path.join(self.work.name, "riscv64/busybox"), (1, 1))
        self.assertEqual(first, self.pack("b.gz"))

    def test_cpio_reads_it(self):
        packed = self.pack("a.gz", "--add", "bin/deep/tool=" + os.path.join(self.work.name, "riscv64/busybox"))
        listing = subprocess.run(["cpio", "-t", "-v", "-n", "--quiet"], input=gzip.decompress(packed), check=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = listing.stdout.decode().splitlines()
        self.assertEqual(listing.stderr, b"")
        for ending in (" init", " bin/sh -> busybox", " dev/console", " bin/deep/tool", " bin/deep", " modules/order"):
            self.assertTrue(any(line.endswith(ending) for line in lines), ending)
        self.assertTrue(all(line.split()[2:4] == ["0", "0"] for line in lines))

    def test_missing_asset(self):
        result = subprocess.run([os.path.join(tap.ROOT, "scripts/make-initrd"), "-o", os.path.join(self.work.name, "x.gz"),
                                 "--assets", "/nonexistent"], stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nonexistent", result.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.work.name, "x.gz")))


class Disk(unittest.TestCase):
    def test_same_bytes(self):
        if not shutil.which("qemu-img"):
            self.skipTest("no qemu-img")
        with tempfile.TemporaryDirectory() as work:
            images = []
            for name in ("a.raw", "b.raw"):
                path = os.path.join(work, name)
                subprocess.run([os.path.join(tap.ROOT, "scripts/make-disk"), "-o", path, "--format", "raw", "--size", "16M"],
                               check=True)
                with open(path, "rb") as f:
                    images.append(f.read())
                time.sleep(1.1)  # so that a time stamp of the host would differ
            self.assertEqual(images[0], images[1])
            fsck = shutil.which("e2fsck", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
            subprocess.run([fsck, "-fn", os.path.join(work, "a.raw")], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    tap.main()
