// SPDX-License-Identifier: GPL-2.0-or-later
// The command table: one row a command, for QMP and HMP, and what the commands do.
// memory.c has the rows that look at memory; other folders' reports join by monitor_add_report.
//
// Names, arguments, results and messages are those that users' scripts rely on. What isn't there yet has
// a row and says so.
#include "monitor/command.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

// ---- answers ----

// Takes `object`.
static bool return_object(MonitorCall *call, JsonObject *object)
{
    call->result = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(call->result, object);
    return true;
}

// Takes `array`.
static bool return_array(MonitorCall *call, JsonArray *array)
{
    call->result = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(call->result, array);
    return true;
}

static bool return_string(MonitorCall *call, const char *text)
{
    call->result = json_node_new(JSON_NODE_VALUE);
    json_node_set_string(call->result, text);
    return true;
}

// ---- about the program ----

JsonObject *qmp_version(void)
{
    // The release whose interfaces these are; "package" tells the true one.
    JsonObject *version = json_object_new(), *release = json_object_new();
    json_object_set_int_member(release, "micro", 0);
    json_object_set_int_member(release, "minor", 2);
    json_object_set_int_member(release, "major", 7);
    json_object_set_object_member(version, "qemu", release);
    json_object_set_string_member(version, "package", "Backstep " BACKSTEP_VERSION);
    return version;
}

static bool version_reply(MonitorCall *call, Error *err)
{
    if (call->human) {
        g_string_append(call->text, "7.2.0 (Backstep " BACKSTEP_VERSION ")\n");
        return true;
    }
    return return_object(call, qmp_version());
}

static bool commands_reply(MonitorCall *call, Error *err)
{
    JsonArray *array = json_array_new();
    for (unsigned i = 0; i < command_count(); i++) {
        if (command_at(i)->qmp) {
            JsonObject *object = json_object_new();
            json_object_set_string_member(object, "name", command_at(i)->qmp);
            json_array_add_object_element(array, object);
        }
    }
    return return_array(call, array);
}

static bool help_reply(MonitorCall *call, Error *err)
{
    const char *name = call_string(call, "name");
    if (!hmp_help(name, call->text)) {
        return fail(err, "unknown command: '%s'", name);
    }
    return true;
}

static bool name_reply(MonitorCall *call, Error *err)
{
    if (call->human) {
        if (monitor.vm_name) {
            g_string_append_printf(call->text, "%s\n", monitor.vm_name);
        }
        return true;
    }
    JsonObject *object = json_object_new();
    if (monitor.vm_name) {
        json_object_set_string_member(object, "name", monitor.vm_name);
    }
    return return_object(call, object);
}

static bool uuid_reply(MonitorCall *call, Error *err)
{
    const char *uuid = monitor.uuid ? monitor.uuid : "00000000-0000-0000-0000-000000000000";
    if (call->human) {
        g_string_append_printf(call->text, "%s\n", uuid);
        return true;
    }
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, "UUID", uuid);
    return return_object(call, object);
}

static bool target_reply(MonitorCall *call, Error *err)
{
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, "arch", monitor.target ? monitor.target : "none");
    return return_object(call, object);
}

static bool kvm_reply(MonitorCall *call, Error *err)
{
    if (call->human) {
        g_string_append(call->text, "kvm support: not compiled\n");
        return true;
    }
    JsonObject *object = json_object_new();
    json_object_set_boolean_member(object, "enabled", FALSE);
    json_object_set_boolean_member(object, "present", FALSE);
    return return_object(call, object);
}

// ---- running and stopping ----

static bool quit_machine(MonitorCall *call, Control *control, Error *err)
{
    return control_quit(control, CAUSE_HOST_QMP_QUIT, err);
}

static bool stop_machine(MonitorCall *call, Control *control, Error *err)
{
    return control_pause(control, err);
}

static bool cont_machine(MonitorCall *call, Control *control, Error *err)
{
    return control_resume(control, err);
}

static bool reset_machine(MonitorCall *call, Control *control, Error *err)
{
    return control_reset(control, CAUSE_HOST_QMP_RESET, err);
}

static bool powerdown_machine(MonitorCall *call, Control *control, Error *err)
{
    return control_powerdown(control, err);
}

typedef struct StatusScratch {
    ControlStatus status;
    char *filename; // a copy for the I/O thread
} StatusScratch;

static bool status_machine(MonitorCall *call, Control *control, Error *err)
{
    StatusScratch *scratch = call->scratch;
    control_status(control, &scratch->status);
    scratch->filename = g_strdup(scratch->status.filename);
    return true;
}

static bool status_reply(MonitorCall *call, Error *err)
{
    StatusScratch *scratch = call->scratch;
    RunState state = scratch->status.state;
    bool running = state == RUN_RUNNING;
    g_free(scratch->filename);
    if (call->human) {
        g_string_append_printf(call->text, "VM status: %s", running ? "running" : "paused");
        if (!running && state != RUN_PAUSED) {
            g_string_append_printf(call->text, " (%s)", run_state_name(state));
        }
        g_string_append_c(call->text, '\n');
        return true;
    }
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, "status", run_state_name(state));
    json_object_set_boolean_member(object, "singlestep", FALSE);
    json_object_set_boolean_member(object, "running", running);
    return return_object(call, object);
}

// ---- record and replay ----

static bool replay_reply(MonitorCall *call, Error *err)
{
    StatusScratch *scratch = call->scratch;
    const ControlStatus *status = &scratch->status;
    char *filename = scratch->filename;
    if (!call->human) {
        static const char *const modes[] = {"none", "record", "play"};
        JsonObject *object = json_object_new();
        json_object_set_int_member(object, "icount", (gint64)status->position.icount);
        json_object_set_string_member(object, "mode", modes[status->mode]);
        if (filename) {
            json_object_set_string_member(object, "filename", filename);
        }
        json_object_set_int_member(object, "step", status->position.step);
        g_free(filename);
        return return_object(call, object);
    }
    if (status->mode == REPLAY_NONE) {
        g_string_append(call->text, "Record/replay is not active\n");
    } else {
        g_string_append_printf(call->text, "%s execution '%s': instruction count = %" PRIu64 "\n",
                               status->mode == REPLAY_RECORD ? "Recording" : "Replaying", filename,
                               status->position.icount);
    }
    g_free(filename);
    return true;
}

static bool call_position(MonitorCall *call, Position *position, Error *err)
{
    int64_t icount = call_int(call, "icount", 0), step = call_int(call, "step", 0);
    if (step < 0 || step > UINT32_MAX) {
        return fail(err, "Parameter 'step' expects a number below 2^32");
    }
    *position = (Position){.icount = (uint64_t)icount, .step = (uint32_t)step};
    return true;
}

static bool break_machine(MonitorCall *call, Control *control, Error *err)
{
    Position at;
    return call_position(call, &at, err) && control_set_break(control, at, err);
}

static bool delete_break_machine(MonitorCall *call, Control *control, Error *err)
{
    return control_delete_break(control, err);
}

static bool seek_machine(MonitorCall *call, Control *control, Error *err)
{
    Position to;
    return call_position(call, &to, err) && control_seek(control, to, err);
}

typedef struct DigestScratch {
    ControlDigests digests;
    Position position;
} DigestScratch;

static bool digest_machine(MonitorCall *call, Control *control, Error *err)
{
    DigestScratch *scratch = call->scratch;
    ControlStatus status = {0};
    control_status(control, &status);
    scratch->position = status.position;
    control_digests(control, &scratch->digests);
    return true;
}

static bool digest_reply(MonitorCall *call, Error *err)
{
    DigestScratch *scratch = call->scratch;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"registers", scratch->digests.registers},
                {"ram", scratch->digests.ram},
                {"devices", scratch->digests.devices}};
    JsonObject *object = json_object_new();
    json_object_set_int_member(object, "icount", (gint64)scratch->position.icount);
    json_object_set_int_member(object, "step", scratch->position.step);
    g_string_append_printf(call->text, "position: %" PRIu64 " step %u\n", scratch->position.icount,
                           scratch->position.step);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        char hex[20];
        g_snprintf(hex, sizeof(hex), "%016" PRIx64, rows[i].value);
        json_object_set_string_member(object, rows[i].name, hex);
        g_string_append_printf(call->text, "%s: %s\n", rows[i].name, hex);
    }
    return return_object(call, object);
}

// ---- reports ----

// `machine` writes into call->text itself: the call belongs to the machine thread meanwhile.
static bool registers_machine(MonitorCall *call, Control *control, Error *err)
{
    ControlStatus status = {0};
    control_status(control, &status);
    int64_t first = call_int(call, "vcpu", g_atomic_int_get(&monitor.cpu)), last = first;
    if (call_has(call, "a")) {
        first = 0;
        last = (int64_t)status.ncpus - 1;
    } else if (first < 0 || first >= status.ncpus) {
        return fail(err, "CPU#%" PRId64 " not available", first);
    }
    for (int64_t cpu = first; cpu <= last; cpu++) {
        g_string_append_printf(call->text, "\nCPU#%" PRId64 "\n", cpu);
        control_registers(control, (unsigned)cpu, call->text);
    }
    return true;
}

static bool mtree_machine(MonitorCall *call, Control *control, Error *err)
{
    control_mtree_text(control_machine(control), call->text);
    return true;
}

static bool qtree_machine(MonitorCall *call, Control *control, Error *err)
{
    control_qtree_text(control_machine(control), call->text);
    return true;
}

static void chardev_object(void *ctx, const CharInfo *info)
{
    JsonObject *object = json_object_new();
    json_object_set_boolean_member(object, "frontend-open", info->frontend_open);
    json_object_set_string_member(object, "filename", info->filename);
    json_object_set_string_member(object, "label", info->id);
    json_array_add_object_element(ctx, object);
}

static bool chardev_reply(MonitorCall *call, Error *err)
{
    if (call->human) {
        char *text = chardev_info_text();
        g_string_append(call->text, text);
        g_free(text);
        return true;
    }
    JsonArray *array = json_array_new();
    chardev_each(chardev_object, array);
    return return_array(call, array);
}

typedef struct CpusScratch {
    unsigned ncpus;
} CpusScratch;

static bool cpus_machine(MonitorCall *call, Control *control, Error *err)
{
    CpusScratch *scratch = call->scratch;
    ControlStatus status = {0};
    control_status(control, &status);
    scratch->ncpus = status.ncpus;
    return true;
}

// All CPUs live on one thread of this process; its first number stands for it.
static bool cpus_reply(MonitorCall *call, Error *err)
{
    CpusScratch *scratch = call->scratch;
    JsonArray *array = json_array_new();
    for (unsigned i = 0; i < scratch->ncpus; i++) {
        JsonObject *object = json_object_new(), *props = json_object_new();
        char *path = g_strdup_printf("/machine/cpu[%u]", i);
        json_object_set_int_member(props, "core-id", i);
        json_object_set_int_member(object, "thread-id", getpid());
        json_object_set_object_member(object, "props", props);
        json_object_set_string_member(object, "qom-path", path);
        json_object_set_int_member(object, "cpu-index", i);
        json_object_set_string_member(object, "target", monitor.target ? monitor.target : "none");
        json_array_add_object_element(array, object);
        g_string_append_printf(call->text, "%c CPU #%u: thread_id=%d\n", i == monitor.cpu ? '*' : ' ', i,
                               (int)getpid());
        g_free(path);
    }
    return return_array(call, array);
}

// ---- human-monitor-command ----

static void human_done(void *ctx, GString *text)
{
    MonitorCall *call = ctx;
    call_finish(call, return_string(call, text->str));
}

static void human_start(MonitorCall *call)
{
    if (call_int(call, "cpu-index", 0) != 0) {
        fail(&call->err, "Parameter 'cpu-index' expects a CPU number");
        call_finish(call, false);
        return;
    }
    hmp_run_line(call_string(call, "command-line"), human_done, call);
}

// ---- not yet ----

static bool not_yet(MonitorCall *call, Error *err)
{
    const char *qmp = call->command->qmp, *hmp = call->command->hmp;
    return fail(err, "%s is not supported yet", call->human ? hmp : qmp);
}

static bool never(MonitorCall *call, Error *err)
{
    g_assert_not_reached(); // qmp_capabilities is the session's own
}

// ---- the table ----

#define STATUS .scratch_bytes = sizeof(StatusScratch), .machine = status_machine
#define POSITION_ARGS "icount:i,step:i?"

const MonitorCommand monitor_commands[] = {
    {.qmp = "qmp_capabilities", .args = "enable:a?", .reply = never},
    {.qmp = "query-version", .hmp = "info version", .help = "show the version of QEMU",
     .reply = version_reply},
    {.qmp = "query-commands", .reply = commands_reply},
    {.hmp = "help|?", .args = "name:S?", .params = "[cmd]", .help = "show the help",
     .bare_errors = true, .reply = help_reply},
    {.qmp = "query-name", .hmp = "info name", .help = "show the current VM name",
     .reply = name_reply},
    {.qmp = "query-uuid", .hmp = "info uuid", .help = "show the current VM UUID",
     .reply = uuid_reply},
    {.qmp = "query-kvm", .hmp = "info kvm", .help = "show KVM information", .reply = kvm_reply},
    {.qmp = "query-target", .reply = target_reply},
    {.qmp = "human-monitor-command", .args = "command-line:s,cpu-index:i?", .start = human_start},

    {.qmp = "quit", .hmp = "quit|q", .help = "quit the emulator", .machine = quit_machine},
    {.qmp = "stop", .hmp = "stop|s", .help = "stop emulation", .machine = stop_machine},
    {.qmp = "cont", .hmp = "cont|c", .help = "resume emulation", .machine = cont_machine},
    {.qmp = "system_reset", .hmp = "system_reset", .help = "reset the system",
     .machine = reset_machine},
    {.qmp = "system_powerdown", .hmp = "system_powerdown",
     .help = "send system power down event", .machine = powerdown_machine},
    {.qmp = "query-status", .hmp = "info status",
     .help = "show the current VM status (running|paused)", STATUS, .reply = status_reply},

    {.qmp = "query-replay", .hmp = "info replay", .help = "show record/replay information", STATUS,
     .reply = replay_reply},
    {.qmp = "replay-break", .hmp = "replay_break", .args = POSITION_ARGS,
     .params = "icount [step]", .help = "set breakpoint at the specified instruction count",
     .bare_errors = true, .machine = break_machine},
    {.qmp = "replay-delete-break", .hmp = "replay_delete_break",
     .help = "remove replay breakpoint", .bare_errors = true, .machine = delete_break_machine},
    {.qmp = "replay-seek", .hmp = "replay_seek", .args = POSITION_ARGS, .params = "icount [step]",
     .help = "replay execution to the specified instruction count", .bare_errors = true,
     .machine = seek_machine},
    {.qmp = "query-digest", .hmp = "info digest",
     .help = "show digests of registers, RAM and devices at the current position",
     .scratch_bytes = sizeof(DigestScratch), .machine = digest_machine, .reply = digest_reply},

    {.hmp = "info registers", .args = "a:-,vcpu:i?", .params = "[-a|vcpu]",
     .help = "show the cpu registers (-a: show register info for all cpus; vcpu: specific vCPU to "
             "query)",
     .bare_errors = true, .machine = registers_machine},
    {.qmp = "query-cpus-fast", .hmp = "info cpus", .help = "show infos for each CPU",
     .scratch_bytes = sizeof(CpusScratch), .machine = cpus_machine, .reply = cpus_reply},
    {.hmp = "info mtree", .help = "show memory tree", .machine = mtree_machine},
    {.hmp = "info qtree", .help = "show device tree", .machine = qtree_machine},
    {.qmp = "query-chardev", .hmp = "info chardev", .help = "show the character devices",
     .reply = chardev_reply},

    {.hmp = "savevm", .args = "name:s?", .params = "tag",
     .help = "save a VM snapshot. If no tag is provided, a new snapshot is created",
     .reply = not_yet},
    {.hmp = "loadvm", .args = "name:s", .params = "tag",
     .help = "restore a VM snapshot from its tag", .reply = not_yet},
    {.hmp = "delvm", .args = "name:s", .params = "tag",
     .help = "delete a VM snapshot from its tag", .reply = not_yet},
    {.hmp = "info snapshots", .help = "show the currently saved VM snapshots",
     .bare_errors = true, .reply = not_yet},
    {.qmp = "snapshot-save", .args = "job-id:s,tag:s,vmstate:s,devices:a", .reply = not_yet},
    {.qmp = "snapshot-load", .args = "job-id:s,tag:s,vmstate:s,devices:a", .reply = not_yet},
    {.qmp = "snapshot-delete", .args = "job-id:s,tag:s,devices:a", .reply = not_yet},
};
const unsigned monitor_commands_count = G_N_ELEMENTS(monitor_commands);
