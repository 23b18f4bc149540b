// SPDX-License-Identifier: GPL-2.0-or-later
// Monitors: QMP for programs and HMP for people, over one table of commands. I/O thread and start-up.
//
// A command's machine part is a function that the machine thread runs at a boundary (softmmu/control.h);
// meanwhile its session takes no further command, so replies keep the order of commands.
#pragma once
#include "chardev/chardev-host.h"
#include "softmmu/control.h"

typedef struct MonitorConfig {
    Control *control;
    const char *vm_name;  // -name; NULL: none
    const char *target;   // "riscv64"
    const char *uuid;     // -uuid; NULL: none
} MonitorConfig;

void monitor_init(const MonitorConfig *config); // once; strings are copied
void monitor_fini(void);                        // ends all sessions

typedef enum MonitorKind { MONITOR_HMP, MONITOR_QMP, MONITOR_QMP_PRETTY } MonitorKind;
// Puts a monitor on a chardev, which must not be in use (or be a multiplexer).
bool monitor_add(MonitorKind kind, Chardev *chardev, Error *err) __attribute__((warn_unused_result));

// A report that another folder makes of itself: its text is for HMP, its JSON for QMP.
typedef struct MonitorReport {
    const char *hmp;            // "info block"; NULL: not in HMP
    const char *help;
    char *(*text)(void);        // g_free it
    const char *qmp;            // "query-block"; NULL: not in QMP
    char *(*json)(void);        // one JSON value; g_free it
    bool machine;               // call it on the machine thread, at a boundary
} MonitorReport;
void monitor_add_report(const MonitorReport *report); // borrows for good; before the main loop runs
