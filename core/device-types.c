// SPDX-License-Identifier: GPL-2.0-or-later
// Look-up in the table of all device types, which is generated from hw/meson.build by
// scripts/make-device-table.py.
//
// In a file of its own, so that a test without the table can link the rest of core.
#include <string.h>

#include "core/device.h"

const DeviceType *device_type_find(const char *name)
{
    for (const DeviceType *const *type = device_types; *type; type++) {
        if (!strcmp((*type)->name, name)) {
            return *type;
        }
    }
    return NULL;
}
