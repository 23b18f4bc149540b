#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes the table of all device types that core/device.h declares as device_types[].
#
# usage: make-device-table.py OUTPUT NAME...
# A name is that of a device file, "ns16550a", or of a type in it; the C object is device_ns16550a ('-' and '.' become '_').
# The table keeps the order given; a name given twice or not fit for C is an error.
import re
import sys

HEAD = """// SPDX-License-Identifier: GPL-2.0-or-later
// All device types: made by scripts/make-device-table.py from the list in hw/meson.build.
#include "core/device.h"

"""


def table(names):
    objects = ["device_" + re.sub("[-.]", "_", name) for name in names]
    lines = [f"extern const DeviceType {obj};\n" for obj in objects]
    lines.append("\nconst DeviceType *const device_types[] = {\n")
    lines += [f"    &{obj},\n" for obj in objects]
    lines.append("    NULL,\n};\n")
    return HEAD + "".join(lines)


def main(argv):
    if len(argv) < 2:
        sys.exit("usage: make-device-table.py OUTPUT NAME...")
    names = argv[2:]
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*", name):
            sys.exit(f"make-device-table.py: '{name}' is not a device name")
        if names.count(name) > 1:
            sys.exit(f"make-device-table.py: '{name}' is listed twice")
    with open(argv[1], "w", encoding="ascii") as out:
        out.write(table(names))


if __name__ == "__main__":
    main(sys.argv)
