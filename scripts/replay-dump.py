#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the events of a recording as text: replay-dump.py -f LOG. Exit status 0 if the log could be
# read to its end.
#
# The work is done by `qemu-replay dump`: the one that BACKSTEP_QEMU_REPLAY names, else beside this
# script, in the build folder of its source tree, or in PATH.
import argparse
import os
import shutil
import sys


def find_tool():
    here = os.path.dirname(os.path.realpath(__file__))
    top = os.path.dirname(here)
    builds = sorted(name for name in os.listdir(top) if name.startswith("build"))
    places = [os.path.join(here, "qemu-replay"), os.path.join(top, "bin", "qemu-replay")]
    places += [os.path.join(top, build, "qemu-replay") for build in builds]
    named = os.environ.get("BACKSTEP_QEMU_REPLAY")
    for place in [named] if named else places:
        if os.access(place, os.X_OK) and os.path.isfile(place):
            return place
    return None if named else shutil.which("qemu-replay")


def main():
    parser = argparse.ArgumentParser(description="Print the events of a recording as text.")
    parser.add_argument("-f", "--file", required=True, metavar="LOG", help="the recording")
    args = parser.parse_args()
    tool = find_tool()
    if not tool:
        sys.exit("replay-dump.py: cannot find the program qemu-replay (build it first)")
    # A name that begins with a dash is a file all the same.
    log = os.path.join(".", args.file) if args.file.startswith("-") else args.file
    try:
        os.execv(tool, [tool, "dump", log])
    except OSError as error:
        sys.exit("replay-dump.py: cannot start %s: %s" % (tool, error.strerror))


main()
