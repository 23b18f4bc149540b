// SPDX-License-Identifier: GPL-2.0-or-later
// The monitor commands of disks: rows over what block/block-host.h can do, all run on the machine
// thread.
#include "softmmu/block-monitor.h"

#include <string.h>

#include "block/block-host.h"
#include "core/options.h"
#include "monitor/command.h"

typedef struct Made {
    char *made; // text or JSON, owned
} Made;

static bool reply_made(MonitorCall *call, Error *err)
{
    Made *scratch = call->scratch;
    if (call->human) {
        g_string_append(call->text, scratch->made);
    } else {
        call->result = json_parse(scratch->made, -1, err);
    }
    g_free(scratch->made);
    return call->human || call->result;
}

// Flags in any order, then a name.
static bool info_block(MonitorCall *call, Control *control, Error *err)
{
    char **words = g_strsplit_set(call_has(call, "what") ? call_string(call, "what") : "", " ", -1);
    const char *name = NULL;
    bool nodes = false, verbose = false, ok = true;
    for (char **word = words; ok && *word; word++) {
        if (strcmp(*word, "-n") == 0) {
            nodes = true;
        } else if (strcmp(*word, "-v") == 0) {
            verbose = true;
        } else if (**word == '-') {
            call->usage = true;
            ok = fail(err, "block: unsupported option %s", *word);
        } else if (**word) {
            name = *word;
        }
    }
    if (ok) {
        ((Made *)call->scratch)->made = block_info_text(name, nodes, verbose);
    }
    g_strfreev(words);
    return ok;
}

static bool query_block(MonitorCall *call, Control *control, Error *err)
{
    ((Made *)call->scratch)->made = block_info_json();
    return true;
}

static bool query_nodes(MonitorCall *call, Control *control, Error *err)
{
    ((Made *)call->scratch)->made = block_nodes_json();
    return true;
}

static bool query_stats(MonitorCall *call, Control *control, Error *err)
{
    ((Made *)call->scratch)->made = call->human ? block_stats_text() : block_stats_json();
    return true;
}

static bool query_jobs(MonitorCall *call, Error *err)
{
    if (call->human) {
        g_string_append(call->text, "No active jobs\n");
    } else {
        call->result = json_node_init_array(json_node_alloc(), json_array_new());
    }
    return true;
}

static bool do_add(MonitorCall *call, Control *control, Error *err)
{
    return block_node_add(call->args, err);
}

static bool do_del(MonitorCall *call, Control *control, Error *err)
{
    return block_node_del(call_string(call, "node-name"), err);
}

static bool do_resize(MonitorCall *call, Control *control, Error *err)
{
    return block_resize(call_string(call, "device"), call_string(call, "node-name"),
                        call_int(call, "size", 0), err);
}

static bool hmp_resize(MonitorCall *call, Control *control, Error *err)
{
    uint64_t bytes;
    return parse_size(call_string(call, "size"), &bytes, 'M', err) &&
           block_resize(call_string(call, "device"), NULL, (int64_t)MIN(bytes, INT64_MAX), err);
}

static const char *medium_of(const MonitorCall *call)
{
    const char *device = call_string(call, "device"), *id = call_string(call, "id");
    return device ? device : id ? id : "";
}

static bool do_eject(MonitorCall *call, Control *control, Error *err)
{
    return block_eject(medium_of(call), "ejected", err);
}

static bool do_change(MonitorCall *call, Control *control, Error *err)
{
    return block_eject(medium_of(call), "changed", err);
}

static const MonitorCommand rows[] = {
    {.qmp = "query-block", .scratch_bytes = sizeof(Made), .machine = query_block,
     .reply = reply_made},
    {.hmp = "info block", .args = "what:S?", .params = "[-n] [-v] [device]",
     .help = "show info of one block device or all block devices (-n: show named nodes; -v: show "
             "details)",
     .scratch_bytes = sizeof(Made), .machine = info_block, .reply = reply_made},
    {.qmp = "query-named-block-nodes", .args = "flat:b?", .scratch_bytes = sizeof(Made),
     .machine = query_nodes, .reply = reply_made},
    {.qmp = "query-blockstats", .args = "query-nodes:b?", .scratch_bytes = sizeof(Made),
     .machine = query_stats, .reply = reply_made},
    {.hmp = "info blockstats", .help = "show block device statistics",
     .scratch_bytes = sizeof(Made), .machine = query_stats, .reply = reply_made},
    {.qmp = "query-block-jobs", .hmp = "info block-jobs", .help = "show progress of ongoing block device operations", .reply = query_jobs},
    {.qmp = "blockdev-add", .open_args = true, .machine = do_add},
    {.qmp = "blockdev-del", .args = "node-name:s", .machine = do_del},
    {.qmp = "block_resize", .args = "device:s?,node-name:s?,size:i", .machine = do_resize},
    {.hmp = "block_resize", .args = "device:s,size:s", .params = "device size",
     .help = "resize a block image", .machine = hmp_resize},
    {.qmp = "eject", .args = "device:s?,id:s?,force:b?", .machine = do_eject},
    {.hmp = "eject", .args = "f:-,device:s", .params = "[-f] device",
     .help = "eject a removable medium (use -f to force it)", .machine = do_eject},
    {.qmp = "blockdev-change-medium",
     .args = "device:s?,id:s?,filename:s,format:s?,read-only-mode:s?,force:b?",
     .machine = do_change},
    {.hmp = "change", .args = "device:s,target:s,arg:s?", .params = "device filename [format]",
     .help = "change a removable medium", .machine = do_change},
};

void block_monitor_add(void)
{
    monitor_add_commands(rows, G_N_ELEMENTS(rows));
}
