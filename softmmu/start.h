// SPDX-License-Identifier: GPL-2.0-or-later
// Start-up: from a parsed command line to a machine that is ready to run, with its log open, and the way back.
#pragma once
#include "softmmu/cmdline.h"
#include "softmmu/vm.h"

typedef struct Start {
    Cmdline *cmdline;
    Vm vm;
    MachineConfig machine_config;
    BootSpec boot;
    uint8_t *initrd, *dtb;
    char *config_json;         // the log's header
    GPtrArray *monitors;       // MonitorSpec *
    bool done;                 // what was asked for is done (dumpdtb=): nothing is to be run
} Start;

// Everything up to power-on; the log is open when it returns. False: nothing runs and no file was changed that the user didn't name.
bool start_build(Start *start, Cmdline *cmdline, Error *err);
// After the loop: closes the log (its clean end), drives, character devices. False: what was lost.
bool start_finish(Start *start, Error *err);

extern const struct NetStreams guestfwd_streams; // softmmu/guestfwd.c

// softmmu/describe.c: the configuration that the log's header holds: {"argv": […], "resolved": {…}, "images": …}; g_free.
char *describe_config(const Start *start);
// Compares it with that of a log, item by item. False: err lists what differs.
bool describe_compare(const char *recorded_json, const char *present_json, Error *err);
