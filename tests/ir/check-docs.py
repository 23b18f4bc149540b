#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check-docs: docs/ir.md lists exactly the ops of tcg/ops.def, and its examples are blocks that parse.

    check-docs.py DOC [IR-RUN]        TAP
    check-docs.py --update DOC        writes the table anew
"""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BEGIN, END = "<!-- ops: made from tcg/ops.def -->\n", "<!-- end of ops -->"
ROW = re.compile(r'^OP\((\w+),\s*"([^"]*)",\s*"([^"]*)",\s*"([^"]*)",\s*"([^"]*)",\s*"((?:[^"\\]|\\.)*)"\)$')


def table():
    lines = ["| op | result | operands | flags | meaning |", "|---|---|---|---|---|"]
    with open(os.path.join(ROOT, "tcg/ops.def"), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if line.startswith("OP("):
                row = ROW.match(line)
                if not row:
                    raise SystemExit(f"tcg/ops.def:{number}: not a row that can be read")
                _, name, result, operands, flags, doc = row.groups()
                doc = doc.replace("|", "\\|")
                lines.append(f"| `{name}` | {result} | {operands or '-'} | {flags} | {doc} |")
            elif line.startswith("// ----"):
                lines.append(f"| **{line.strip('/- ').replace('|', chr(92) + '|')}** | | | | |")
    return "\n".join(lines) + "\n"


def examples(text):
    """Indented blocks that begin with a block's header."""
    for match in re.finditer(r"(?:^    .*\n)+", text, re.MULTILINE):
        if match.group().startswith("    block pc="):
            yield match.group()


def main():
    args = sys.argv[1:]
    update = args[0] == "--update"
    path = args[update]
    with open(path, encoding="utf-8") as f:
        text = f.read()
    before, rest = text.split(BEGIN)
    old, after = rest.split(END)
    if update:
        with open(path, "w", encoding="utf-8") as f:
            f.write(before + BEGIN + table() + END + after)
        return 0
    blocks = list(examples(text))
    print(f"1..{1 + len(blocks)}")
    same = old == table()
    print(f"{'ok' if same else 'not ok'} 1 - the table of ops" + ("" if same else "\n# run tests/ir/check-docs.py --update docs/ir.md"))
    status = not same
    for number, block in enumerate(blocks, 2):
        with tempfile.NamedTemporaryFile("w", suffix=".ir", encoding="utf-8") as f:
            f.write(block)
            f.flush()
            run = subprocess.run([args[1], f.name], stdout=subprocess.PIPE, text=True, check=False)
        print(f"{'ok' if run.returncode == 0 else 'not ok'} {number} - example {number - 1}")
        if run.returncode:
            status = 1
            print("".join(f"# {line}\n" for line in (block + run.stdout).splitlines()))
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
