#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of scripts/lint: each habit broken once is found, a clean file is not."""
import unittest

import tap

lint = tap.script("lint")

HEAD = "// SPDX-License-Identifier: GPL-2.0-or-later\n// What it is.\n"


class Text(unittest.TestCase):
    def found(self, path, text):
        return list(lint.check_text(path, text))

    def test_clean(self):
        self.assertEqual(self.found("hw/a.c", HEAD + "int a;\n"), [])

    def test_spdx(self):
        self.assertEqual(len(self.found("hw/a.c", "int a;\n")), 1)
        self.assertEqual(self.found("scripts/a", "#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0-or-later\n"), [])

    def test_header_comment(self):
        self.assertEqual(len(self.found("hw/a.c", HEAD.splitlines()[0] + "\nint a;\n")), 1)

    def test_length(self):
        self.assertEqual(len(self.found("hw/a.c", HEAD + "int a;\n" * 800)), 1)
        self.assertEqual(self.found("hw/a.def", HEAD + "A(1)\n" * 800), [])

    def test_mirror(self):
        self.assertEqual(len(self.found("scripts/a.sh", HEAD.replace("//", "#") + "wget http://deb" + ".debian.org/x\n")), 1)

    def test_paths(self):
        self.assertEqual(len(self.found("hw/a.c", HEAD + "// see /ho" + "me/someone/x\n")), 1)
        self.assertEqual(self.found("hw/a.c", HEAD + "// the guest's /root/lines, $d/home/x\n"), [])

    def test_trailing_blank(self):
        self.assertEqual(len(self.found("hw/a.c", HEAD + "int a; \n")), 1)

    def test_todo(self):
        self.assertEqual(len(self.found("hw/a.c", HEAD + "// TO" + "DO: later\n")), 1)
        self.assertEqual(self.found("hw/a.c", HEAD + "// TO" + "DO(#12): later\n"), [])


class Tree(unittest.TestCase):
    def test_unused_header(self):
        texts = {"a/a.h": HEAD + "#pragma once\n", "a/a.c": HEAD}
        self.assertEqual(list(lint.check_tree(texts)), ["a/a.h: no source file includes this header"])
        texts["a/a.c"] += '#include "a/a.h"\n'
        self.assertEqual(list(lint.check_tree(texts)), [])

    def test_cycle(self):
        texts = {"a/a.h": '#pragma once\n#include "a/b.h"\n', "a/b.h": '#pragma once\n#include "a/a.h"\n',
                 "a/a.c": '#include "a/a.h"\n'}
        self.assertEqual(len([p for p in lint.check_tree(texts) if p.startswith("cyclic")]), 1)

    def test_long_function(self):
        text = HEAD + "static int\nlong_one(int a)\n{\n" + "    a++;\n" * 61 + "}\nint b(void)\n{\n    return 1;\n}\n"
        found = list(lint.warnings({"a/a.c": text}))
        self.assertEqual(len(found), 1)
        self.assertIn("long_one has 61 lines", found[0])

    def test_ifs(self):
        self.assertEqual(len(list(lint.warnings({"a/a.c": HEAD + "#if A\n#endif\n" * 9}))), 1)


if __name__ == "__main__":
    tap.main()
