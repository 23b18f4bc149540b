// SPDX-License-Identifier: GPL-2.0-or-later
// The command line: one table of options, parsed into plain values. Nothing is opened or built here.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

typedef struct CmdlineItem {   // options that keep their order among their kind
    const char *option;        // "-drive", …
    const char *value;
} CmdlineItem;

typedef struct Cmdline {
    int argc;
    char **argv;
    const char *target;        // from the program's name or --target
    const char *machine, *machine_options, *cpu, *kernel, *initrd, *append, *bios, *dtb;
    const char *dumpdtb, *display, *rtc, *log_items, *log_file, *icount, *pidfile;
    const char *name, *process; // -name guest=, process=
    const char *uuid;          // checked; NULL: none
    bool message_timestamps, message_names;
    uint64_t ram_bytes;        // 0: the machine's default
    unsigned smp, smp_max;
    uint32_t quantum;          // instructions in a turn of one of several vCPUs; 0: the default
    bool nographic, nodefaults, start_stopped, no_reboot, no_shutdown, snapshot, help, version;
    GPtrArray *dirs;           // const char *, -L, NULL-terminated
    GPtrArray *serials;        // const char *
    GArray *items;             // CmdlineItem: -drive, -device, -netdev, -nic, -net, -object, -chardev, -echr, -global, -fw_cfg,
                               // -monitor, -qmp, -qmp-pretty, -mon
    // -icount
    bool rr_stop;              // rrfull=stop
    bool icount_given, shift_auto, shift_given, sleep, align;
    unsigned shift;
    const char *rr;            // NULL, "record", "replay"
    const char *rrfile;
    // -accel tcg,…
    bool interp, lockstep, no_tlb, sse2_only;
    const char *stats;         // file for figures
    uint64_t max_insns, flush_seed, chaos_seed, plant, hot_after;
} Cmdline;

// False: err says what is wrong, for one line after the program's name. The strings belong to argv or live for ever.
bool cmdline_parse(Cmdline *cmdline, int argc, char **argv, Error *err);
void cmdline_help(const char *program);
bool smp_parse(Cmdline *cmdline, const char *value, Error *err); // -smp (smp.c)
