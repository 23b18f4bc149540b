// SPDX-License-Identifier: GPL-2.0-or-later
// hello: prints a line, the hart and whether a device tree was handed over, and powers the machine off.
#include "bare.h"

int main(uint64_t hart, uintptr_t dtb)
{
    // A flattened device tree begins with 0xd00dfeed, big-endian (Devicetree Specification, section 5.2).
    int tree = dtb && read32(dtb) == 0xedfe0dd0;
    put_text("hello from hart ");
    put_number(hart);
    put_text(tree ? ", with a device tree\n" : ", without a device tree\n");
    return tree ? 0 : 2;
}
