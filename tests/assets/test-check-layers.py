#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of scripts/check-layers: includes by the table, and symbols of objects that a compiler really made."""
import json
import os
import subprocess
import tempfile
import unittest

import tap

layers = tap.script("check-layers")


class Tree(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory()
        self.root = os.path.join(self.work.name, "src")
        self.build = os.path.join(self.work.name, "build")
        os.makedirs(os.path.join(self.root, "scripts"))
        os.makedirs(self.build)
        self.commands = []

    def tearDown(self):
        self.work.cleanup()

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)

    def compile(self, path, text):
        self.write(path, text)
        output = path.replace("/", "_") + ".o"
        subprocess.run(["cc", "-O1", "-I", self.root, "-c", os.path.join(self.root, path), "-o",
                        os.path.join(self.build, output)], check=True)
        self.commands.append({"directory": self.build, "file": os.path.relpath(os.path.join(self.root, path), self.build),
                              "output": output})

    def symbols(self, allowed):
        self.write("scripts/allowed-symbols.txt", allowed)
        with open(os.path.join(self.build, "compile_commands.json"), "w", encoding="utf-8") as f:
            json.dump(self.commands, f)
        return layers.check_symbols(os.path.realpath(self.root), os.path.realpath(self.build))


class Includes(Tree):
    def verdict(self, path, include):
        self.write(path, f"#include {include}\n")
        return layers.check_includes(self.root)

    def test_allowed(self):
        for path, include in [("core/a.c", '"replay/replay.h"'), ("hw/char/a.c", '"core/device.h"'), ("hw/a.c", "<libfdt.h>"),
                              ("tcg/a.c", "<capstone/capstone.h>"), ("net/net-host.c", "<sys/socket.h>"),
                              ("monitor/a.c", '"softmmu/control.h"'), ("softmmu/main.c", '"monitor/monitor.h"'),
                              ("target/riscv/a.c", '"target/riscv/csr.h"'), ("target/riscv/a.c", '"target/target.h"')]:
            self.setUp()
            self.assertEqual(self.verdict(path, include), [], (path, include))

    def test_forbidden(self):
        for path, include in [("util/a.c", '"core/device.h"'), ("core/a.c", '"tcg/ir.h"'), ("hw/a.c", '"replay/replay.h"'),
                              ("hw/riscv/a.c", '"target/riscv/cpu.h"'), ("hw/a.c", "<time.h>"), ("core/a.c", "<unistd.h>"),
                              ("hw/a.c", "<zlib.h>"), ("monitor/a.c", '"softmmu/timeline.h"'), ("tcg/a.c", '"core/device.h"'),
                              ("target/riscv/a.c", '"target/mips/cpu.h"'), ("hw/a.c", '"net/net-host.h"'),
                              ("softmmu/snapshot.c", '"monitor/monitor.h"'), ("hw/a.c", '"nowhere/x.h"')]:
            self.setUp()
            self.assertEqual(len(self.verdict(path, include)), 1, (path, include))


class Symbols(Tree):
    def test_listed_and_own(self):
        self.compile("util/a.c", "int util_a(int x) { return x + 1; }\n")
        self.compile("hw/a.c", "#include <string.h>\nint util_a(int);\nint hw_a(char *p) { return util_a((int)strlen(p)); }\n")
        self.assertEqual(self.symbols("strlen\n"), ([], 1))

    def test_host_time(self):
        self.compile("hw/a.c", "#include <time.h>\nlong hw_a(void) { return time(0); }\n")
        problems, _ = self.symbols("strlen\n")
        self.assertEqual(problems, ["hw/a.c: uses time, which is not in allowed-symbols.txt"])

    def test_declared_by_hand(self):
        # No header gives it away; the linker's view does.
        self.compile("core/a.c", "double cos(double);\ndouble core_a(double x) { return cos(x); }\n")
        self.assertEqual(len(self.symbols("fma\n")[0]), 1)

    def test_upward(self):
        self.compile("softmmu/a.c", "int soft_a(void) { return 1; }\n")
        self.compile("core/a.c", "int soft_a(void);\nint core_a(void) { return soft_a(); }\n")
        problems, _ = self.symbols("")
        self.assertEqual(problems, ["core/a.c: uses soft_a of softmmu/a.c, a folder that core/ may not use"])

    def test_host_half_of_util(self):
        self.compile("util/os-clock.c", "long os_clock_ns(void) { return 1; }\n")
        self.compile("core/a.c", "long os_clock_ns(void);\nlong core_a(void) { return os_clock_ns(); }\n")
        self.assertIn("host half", self.symbols("")[0][0])
        self.assertEqual(self.symbols("os_clock_ns core\n")[0], [])
        self.assertEqual(len(self.symbols("os_clock_ns hw\n")[0]), 1)

    def test_host_half_is_free(self):
        self.compile("net/net-host.c", "#include <time.h>\nlong net_a(void) { return time(0); }\n")
        self.assertEqual(self.symbols(""), ([], 0))

    def test_fortified_names(self):
        self.assertEqual(layers.plain("__memcpy_chk"), "memcpy")
        self.assertEqual(layers.plain("__isoc99_sscanf"), "sscanf")

    def test_missing_object_list(self):
        self.write("scripts/allowed-symbols.txt", "")
        with self.assertRaises(OSError):
            layers.check_symbols(self.root, self.build)


if __name__ == "__main__":
    tap.main()
