// SPDX-License-Identifier: GPL-2.0-or-later
// What a machine and its user put into fw_cfg, before the machine runs.
#pragma once
#include "core/device.h"

enum { // keys that the interface fixes
    FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_NB_CPUS = 0x05, FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20, FW_CFG_FILES_MAX = 32, FW_CFG_NAME_MAX = 55,
};

// The item's bytes are copied. A key or name that is there already is replaced.
void fw_cfg_add(Device *dev, uint16_t key, const void *bytes, uint32_t len);
// A file: its key follows from its place among the names in alphabetical order. False: the name is
// taken or too long, or there are too many.
bool fw_cfg_add_file(Device *dev, const char *name, const void *bytes, uint32_t len, Error *err)
    __attribute__((warn_unused_result));
// The machine's, or NULL.
Device *fw_cfg_find(Machine *machine);
// Calls back for each file, in order of their keys.
void fw_cfg_each(Device *dev, void (*each)(void *ctx, const char *name, const uint8_t *bytes,
                                           uint32_t len), void *ctx);
