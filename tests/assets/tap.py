# SPDX-License-Identifier: GPL-2.0-or-later
"""tap: runs a file's unittest cases and prints TAP, so that each case counts in scripts/run-tests.

    import tap
    scripts = tap.script("check-layers")      # a script of scripts/ as a module
    ...
    tap.main()
"""
import importlib.machinery
import importlib.util
import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def script(name):
    """Loads scripts/NAME, which has no .py ending, as a module."""
    path = os.path.join(ROOT, "scripts", name)
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


class Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0

    def point(self, ok, test, extra="", detail=""):
        self.number += 1
        print(f"{'' if ok else 'not '}ok {self.number} - {test.id().split('.', 1)[-1]}{extra}")
        for line in detail.splitlines():
            print("# " + line)
        sys.stdout.flush()

    def addSuccess(self, test):
        self.point(True, test)

    def addSkip(self, test, reason):
        self.point(True, test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.point(False, test, detail=self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.point(False, test, detail=self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        if err:
            super().addSubTest(test, subtest, err)
            self.point(False, subtest, detail="".join(e[1] for e in (self.failures + self.errors)[-1:]))


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    print(f"1..{suite.countTestCases()}")
    result = Result()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
