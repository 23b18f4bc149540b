// SPDX-License-Identifier: GPL-2.0-or-later
// What the command line adds to a machine beside its devices: -global, -fw_cfg, -device loader,
// -machine dumpdtb=.
#pragma once
#include "core/options.h"
#include "softmmu/start.h"

// -global: before any device is made.
bool items_globals(Start *start, Error *err) __attribute__((warn_unused_result));
// -fw_cfg: when the machine is built.
bool items_fw_cfg(Start *start, Error *err) __attribute__((warn_unused_result));
// -device loader,…: its file is read now and put into memory at each vm_boot.
bool items_loader(Start *start, Options *options, Error *err) __attribute__((warn_unused_result));
// Writes the device tree as the guest gets it; after vm_boot.
bool items_dump_dtb(const Start *start, const char *path, Error *err)
    __attribute__((warn_unused_result));
// Names and hashes of all that the guest can see of these, for the log's header.
void items_each(const Start *start, void (*each)(void *ctx, const char *name, const char *text),
                void *ctx);
