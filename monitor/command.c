// SPDX-License-Identifier: GPL-2.0-or-later
// The command engine: the table put together, and a call's way through the threads.
#include "monitor/command.h"

#include <string.h>

MonitorState monitor;
static GPtrArray *table;   // const MonitorCommand *
static GPtrArray *reports; // ReportRow *: rows made from reports; owned

typedef struct ReportRow {
    MonitorCommand command;
    const MonitorReport *report;
} ReportRow;

// ---- the table ----

static void table_fill(void)
{
    if (table) {
        return;
    }
    table = g_ptr_array_new();
    reports = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < monitor_commands_count; i++) {
        g_ptr_array_add(table, (void *)&monitor_commands[i]);
    }
    for (unsigned i = 0; i < memory_commands_count; i++) {
        g_ptr_array_add(table, (void *)&memory_commands[i]);
    }
    for (unsigned i = 0; i < info_commands_count; i++) {
        g_ptr_array_add(table, (void *)&info_commands[i]);
    }
}

void monitor_add_commands(const MonitorCommand *rows, unsigned count)
{
    table_fill();
    for (unsigned i = 0; i < count; i++) {
        g_ptr_array_add(table, (void *)&rows[i]);
    }
}

unsigned command_count(void)
{
    table_fill();
    return table->len;
}

const MonitorCommand *command_at(unsigned i)
{
    table_fill();
    return table->pdata[i];
}

const MonitorCommand *command_find_qmp(const char *name)
{
    for (unsigned i = 0; i < command_count(); i++) {
        const MonitorCommand *command = command_at(i);
        if (command->qmp && strcmp(command->qmp, name) == 0) {
            return command;
        }
    }
    return NULL;
}

bool arg_next(const char **args, ArgSpec *spec)
{
    const char *at = *args;
    if (!at || !*at) {
        return false;
    }
    size_t len = strcspn(at, ":");
    g_assert(len < sizeof(spec->name) && at[len] == ':');
    memcpy(spec->name, at, len);
    spec->name[len] = '\0';
    at += len + 1;
    spec->type = *at++;
    spec->optional = *at == '?';
    at += spec->optional;
    *args = at + (*at == ',');
    return true;
}

// ---- reports of other folders ----

static void report_make(MonitorCall *call)
{
    const MonitorReport *report = call->report;
    char **made = call->scratch;
    *made = call->human ? report->text() : report->json();
}

static bool report_machine(MonitorCall *call, Control *control, Error *err)
{
    report_make(call);
    return true;
}

static bool report_reply(MonitorCall *call, Error *err)
{
    char **made = call->scratch;
    if (!*made) {
        report_make(call);
    }
    if (call->human) {
        g_string_append(call->text, *made);
    } else {
        call->result = json_parse(*made, -1, err);
    }
    g_free(*made);
    return call->human || call->result;
}

void monitor_add_report(const MonitorReport *report)
{
    table_fill();
    ReportRow *row = g_new0(ReportRow, 1);
    row->report = report;
    row->command = (MonitorCommand){.qmp = report->qmp,
                                    .hmp = report->hmp,
                                    .help = report->help,
                                    .scratch_bytes = sizeof(char *),
                                    .machine = report->machine ? report_machine : NULL,
                                    .reply = report_reply};
    g_ptr_array_add(reports, row);
    g_ptr_array_add(table, &row->command);
}

static const MonitorReport *report_of(const MonitorCommand *command)
{
    for (unsigned i = 0; i < reports->len; i++) {
        ReportRow *row = reports->pdata[i];
        if (&row->command == command) {
            return row->report;
        }
    }
    return NULL;
}

// ---- calls ----

MonitorCall *call_new(const MonitorCommand *command, bool human, JsonObject *args)
{
    MonitorCall *call = g_new0(MonitorCall, 1);
    call->command = command;
    call->report = command->reply == report_reply ? report_of(command) : NULL;
    call->human = human;
    call->args = args ? args : json_object_new();
    call->scratch = g_malloc0(MAX(command->scratch_bytes, 1));
    call->text = g_string_new(NULL);
    return call;
}

void call_finish(MonitorCall *call, bool ok)
{
    call->ok = ok;
    call->finished(call, call->ctx);
    json_object_unref(call->args);
    g_clear_pointer(&call->result, json_node_unref);
    g_string_free(call->text, TRUE);
    g_free(call->scratch);
    g_free(call);
}

bool call_has(const MonitorCall *call, const char *name)
{
    return json_object_has_member(call->args, name);
}

int64_t call_int(const MonitorCall *call, const char *name, int64_t otherwise)
{
    return call_has(call, name) ? json_object_get_int_member(call->args, name) : otherwise;
}

const char *call_string(const MonitorCall *call, const char *name)
{
    return call_has(call, name) ? json_object_get_string_member(call->args, name) : NULL;
}

static bool machine_register(void *ctx, const char *name, uint64_t *value)
{
    return control_register_value(ctx, g_atomic_int_get(&monitor.cpu), name, value);
}

// HMP's integers come as expressions, since only here their registers can be read.
static bool evaluate_args(MonitorCall *call, Control *control, Error *err)
{
    const char *args = call->command->args;
    ArgSpec spec;
    while (arg_next(&args, &spec)) {
        if (spec.type != 'i' || !call_has(call, spec.name)) {
            continue;
        }
        const char *at = call_string(call, spec.name);
        int64_t value;
        if (!expr_eval(&at, machine_register, control, &value, err)) {
            call->usage = true;
            return false;
        }
        json_object_set_int_member(call->args, spec.name, value);
    }
    return true;
}

static void call_machine(Control *control, void *ctx)
{
    MonitorCall *call = ctx;
    call->ok = (!call->human || evaluate_args(call, control, &call->err)) &&
               (!call->command->machine || call->command->machine(call, control, &call->err));
}

static void call_reply(MonitorCall *call)
{
    call_finish(call, !call->command->reply || call->command->reply(call, &call->err));
}

static void call_machine_done(void *ctx, bool ran)
{
    MonitorCall *call = ctx;
    if (!ran) {
        fail(&call->err, "the machine has ended");
    }
    if (ran && call->ok) {
        call_reply(call);
    } else {
        call_finish(call, false);
    }
}

void call_start(MonitorCall *call, void (*finished)(MonitorCall *call, void *ctx), void *ctx)
{
    const MonitorCommand *command = call->command;
    call->finished = finished;
    call->ctx = ctx;
    if (command->prepare && !command->prepare(call, &call->err)) {
        call_finish(call, false);
    } else if (command->start) {
        command->start(call);
    } else if (command->machine || (call->human && command->args && strstr(command->args, ":i"))) {
        control_run(monitor.control, call_machine, call, call_machine_done);
    } else {
        call_reply(call);
    }
}

// ---- sessions ----

static void tell_sessions(void *ctx, const ControlEvent *event)
{
    for (unsigned i = 0; i < monitor.sessions->len; i++) {
        Session *session = monitor.sessions->pdata[i];
        if (session->event) {
            session->event(session, event);
        }
    }
}

void monitor_init(const MonitorConfig *config)
{
    monitor = (MonitorState){.control = config->control,
                             .vm_name = g_strdup(config->vm_name),
                             .target = g_strdup(config->target),
                             .uuid = g_strdup(config->uuid),
                             .sessions = g_ptr_array_new(),
                             .format = 'x',
                             .size = 'w'};
    table_fill();
    control_listen(monitor.control, tell_sessions, NULL);
}

void monitor_fini(void)
{
    if (!monitor.control) {
        return;
    }
    control_unlisten(monitor.control, tell_sessions, NULL);
    for (unsigned i = 0; i < monitor.sessions->len; i++) {
        Session *session = monitor.sessions->pdata[i];
        session->free(session);
    }
    g_ptr_array_unref(monitor.sessions);
    g_free(monitor.vm_name);
    g_free(monitor.target);
    g_free(monitor.uuid);
    monitor = (MonitorState){0};
}

bool monitor_add(MonitorKind kind, Chardev *chardev, Error *err)
{
    Session *session =
        kind == MONITOR_HMP ? hmp_session_new(chardev, err)
                            : qmp_session_new(chardev, kind == MONITOR_QMP_PRETTY, err);
    if (session) {
        g_ptr_array_add(monitor.sessions, session);
    }
    return session;
}
