#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of scripts/run-tests: how one test of meson's log counts, and whole runs of small meson projects."""
import os
import subprocess
import tempfile
import unittest

import tap

runner = tap.script("run-tests")


class Count(unittest.TestCase):
    def count(self, result, stdout=""):
        return runner.count({"name": "t", "result": result, "stdout": stdout})

    def test_plain(self):
        self.assertEqual(self.count("OK"), (1, 0, 0))
        self.assertEqual(self.count("FAIL"), (0, 1, 0))
        self.assertEqual(self.count("TIMEOUT"), (0, 1, 0))
        self.assertEqual(self.count("ERROR"), (0, 1, 0))
        self.assertEqual(self.count("UNEXPECTEDPASS"), (0, 1, 0))
        self.assertEqual(self.count("EXPECTEDFAIL"), (1, 0, 0))
        self.assertEqual(self.count("SKIP"), (0, 0, 1))

    def test_points(self):
        self.assertEqual(self.count("OK", "1..3\nok 1 - a\nok 2 - b\nok 3 # SKIP no\n"), (2, 0, 1))
        self.assertEqual(self.count("FAIL", "1..2\nok 1 - a\nnot ok 2 - b\n"), (1, 1, 0))

    def test_crash_after_good_points(self):
        self.assertEqual(self.count("ERROR", "1..2\nok 1 - a\n"), (1, 1, 0))


class Whole(unittest.TestCase):
    def run_project(self, tests):
        with tempfile.TemporaryDirectory() as work:
            with open(os.path.join(work, "meson.build"), "w", encoding="utf-8") as f:
                f.write("project('p')\nsh = find_program('sh')\n" + tests)
            build = os.path.join(work, "b")
            subprocess.run(["meson", "setup", build, work], check=True, stdout=subprocess.DEVNULL)
            result = subprocess.run([os.path.join(tap.ROOT, "scripts/run-tests"), "--build", build], text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            return result.returncode, result.stdout.splitlines()

    def test_good(self):
        status, lines = self.run_project("test('a', sh, args: ['-c', 'true'], suite: 'quick')\n"
                                         "test('b', sh, args: ['-c', 'false'], suite: 'full')\n")
        self.assertEqual((status, lines[-1]), (0, "1 passed, 0 failed"))

    def test_bad(self):
        status, lines = self.run_project("test('a', sh, args: ['-c', 'echo 1..2; echo ok 1; echo not ok 2; exit 1'], suite: "
                                         "'quick', protocol: 'tap')\ntest('c', sh, args: ['-c', 'echo seen; exit 3'], "
                                         "suite: 'quick')\n")
        self.assertEqual((status, lines[-1]), (1, "1 passed, 2 failed"))
        self.assertTrue(any("| seen" in line for line in lines))

    def test_nothing_ran(self):
        status, lines = self.run_project("test('b', sh, args: ['-c', 'true'], suite: 'full')\n")
        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed"))


if __name__ == "__main__":
    tap.main()
