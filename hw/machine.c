// SPDX-License-Identifier: GPL-2.0-or-later
// The list of machine types: one line a machine.
#include "hw/machine.h"

#include "hw/riscv/virt.h"

const MachineType *const machine_types[] = {
    &machine_riscv_virt,
    &machine_riscv32_virt,
    NULL,
};

const MachineType *machine_type_find(const char *target, const char *name)
{
    for (const MachineType *const *type = machine_types; *type; type++) {
        if (g_str_equal((*type)->target, target) && g_str_equal((*type)->name, name)) {
            return *type;
        }
    }
    return NULL;
}
