// SPDX-License-Identifier: GPL-2.0-or-later
// The command engine: what a row of the command table is, and how one call of a command runs.
//
//     parsed by qmp.c or hmp.c -> call_new -> call_start
//         -> [machine thread: row->machine] -> [I/O thread: row->reply] -> call->finished
#pragma once
#include "monitor/monitor.h"

#include <json-glib/json-glib.h>

typedef struct MonitorCall MonitorCall;

// Arguments, the same for QMP and HMP: "name:T" separated by commas, "name:T?" optional. T:
//   i integer (HMP: an expression, which may use registers)   s string   b boolean   a any JSON value
//   S the rest of the line    / HMP: a format like /4xw        - HMP: a flag -x, where x is the name
typedef struct MonitorCommand {
    const char *qmp;      // name in QMP; NULL: not there
    const char *hmp;      // names in HMP, "stop|s", "info status"; NULL: not there
    const char *args;
    const char *params;   // for HMP's help: "/fmt addr"
    const char *help;
    size_t scratch_bytes; // call->scratch: carries facts from `machine` to `reply`
    bool open_args;       // QMP: any members; the command looks at them itself
    bool bare_errors;     // HMP prints errors without "Error: "
    // I/O thread, before anything else; NULL: not needed. HMP's integers aren't known yet.
    bool (*prepare)(MonitorCall *call, Error *err);
    // Machine thread, at a boundary; NULL: not needed. Must not touch anything but its arguments.
    bool (*machine)(MonitorCall *call, Control *control, Error *err);
    // I/O thread, when `machine` has succeeded: puts the answer into call->text (human) or call->result.
    bool (*reply)(MonitorCall *call, Error *err);
    // I/O thread, instead of both: calls call_finish itself, now or later.
    void (*start)(MonitorCall *call);
} MonitorCommand;

struct MonitorCall {
    const MonitorCommand *command;
    const MonitorReport *report;  // the row was made from one
    bool human;                   // HMP
    bool usage;                   // HMP: the error is in how it was typed
    JsonObject *args;             // valid by command->args; owned
    void *scratch;                // zeroed; owned
    GString *text;                // HMP: output
    JsonNode *result;             // QMP: what is returned; NULL: {}
    bool ok;
    Error err;
    void (*finished)(MonitorCall *call, void *ctx); // I/O thread; the call is freed afterwards
    void *ctx;
};

// Takes `args` (NULL: none).
MonitorCall *call_new(const MonitorCommand *command, bool human, JsonObject *args);
void call_start(MonitorCall *call, void (*finished)(MonitorCall *call, void *ctx), void *ctx);
void call_finish(MonitorCall *call, bool ok); // for `start`: call->err is set if not ok
bool call_has(const MonitorCall *call, const char *name);
int64_t call_int(const MonitorCall *call, const char *name, int64_t otherwise);
const char *call_string(const MonitorCall *call, const char *name); // NULL: not given

// ---- the table ----

unsigned command_count(void);
const MonitorCommand *command_at(unsigned i); // sorted by nothing but the tables' order
const MonitorCommand *command_find_qmp(const char *name);

typedef struct ArgSpec {
    char name[32];
    char type;
    bool optional;
} ArgSpec;
bool arg_next(const char **args, ArgSpec *spec); // walks over `args`; false at its end

// Rows of another folder; borrowed for good. Before the main loop runs.
void monitor_add_commands(const MonitorCommand *rows, unsigned count);

extern const MonitorCommand monitor_commands[];
extern const unsigned monitor_commands_count;
extern const MonitorCommand memory_commands[];
extern const unsigned memory_commands_count;
extern const MonitorCommand info_commands[];
extern const unsigned info_commands_count;

typedef struct MonitorState {
    Control *control;
    char *vm_name, *target, *uuid;
    GPtrArray *sessions;      // Session *
    const GPtrArray *history; // char *: of the session whose line runs; NULL: it has none
    unsigned cpu;             // HMP's `cpu`: whose registers and address space are meant
    char format, size;        // of the last x, xp or print: what is taken when none is given
} MonitorState;
extern MonitorState monitor;

// ---- HMP ----

// Runs one line; `finished` gets its output with \r\n line ends (freed by the caller).
void hmp_run_line(const char *line, void (*finished)(void *ctx, GString *text), void *ctx);
// The lines of `help`: all commands, those of `info`, or the one of this name. False: there is none.
bool hmp_help(const char *name, GString *text);
// What the last word of `line` may become: char *, sorted, the array owned by the caller. *word: where that word begins.
GPtrArray *hmp_complete(const char *line, size_t *word);
// Expressions over integers and $registers. `reg` may be NULL: only the syntax is checked. *at is left behind
// the expression. False: a message in err.
typedef bool ExprRegister(void *ctx, const char *name, uint64_t *value);
bool expr_eval(const char **at, ExprRegister *reg, void *ctx, int64_t *value, Error *err);

// ---- sessions ----

typedef struct Session Session;
struct Session {
    CharEnd *end;
    void (*free)(Session *session);
    void (*event)(Session *session, const ControlEvent *event); // may be NULL
};
Session *qmp_session_new(Chardev *chardev, bool pretty, Error *err);
Session *hmp_session_new(Chardev *chardev, Error *err);

JsonObject *qmp_version(void); // of query-version and the greeting; the caller's

// ---- JSON text ----

void json_append(GString *out, JsonNode *node); // `{"a": 1, "b": [true]}`, ASCII only
void json_append_pretty(GString *out, JsonNode *node); // a member a line, indented by four
JsonNode *json_parse(const char *text, gssize len, Error *err); // NULL: err; json_node_unref it

// Cuts a stream of bytes into JSON values.
typedef struct JsonStream JsonStream;
// `text` is one value, or NULL: `err` says what was wrong instead.
typedef void JsonValue(void *ctx, const char *text, gsize len, const Error *err);
JsonStream *json_stream_new(JsonValue *value, void *ctx);
void json_stream_free(JsonStream *stream);
void json_stream_reset(JsonStream *stream);
void json_stream_feed(JsonStream *stream, const uint8_t *buf, size_t len);
