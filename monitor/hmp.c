// SPDX-License-Identifier: GPL-2.0-or-later
// HMP's command lines: finding the command, reading its arguments by the table, showing what it says.
#include "monitor/command.h"

#include <string.h>

// ---- names ----

static const char info_prefix[] = "info ";

static bool is_info(const MonitorCommand *command)
{
    return command->hmp && g_str_has_prefix(command->hmp, info_prefix);
}

// Without "info ": "registers", "stop|s".
static const char *short_names(const MonitorCommand *command)
{
    return command->hmp + (is_info(command) ? strlen(info_prefix) : 0);
}

static bool names_contain(const char *names, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = names; len && *at;) {
        size_t part = strcspn(at, "|");
        if (part == len && strncmp(at, name, len) == 0) {
            return true;
        }
        at += part + (at[part] == '|');
    }
    return false;
}

static const MonitorCommand *find_hmp(bool info, const char *name)
{
    for (unsigned i = 0; i < command_count(); i++) {
        const MonitorCommand *command = command_at(i);
        if (command->hmp && is_info(command) == info && names_contain(short_names(command), name)) {
            return command;
        }
    }
    return NULL;
}

// ---- help ----

static void help_line(const MonitorCommand *command, GString *text)
{
    g_string_append_printf(text, "%s %s -- %s\n", command->hmp,
                           command->params ? command->params : "", command->help);
}

static gint by_hmp_name(gconstpointer a, gconstpointer b)
{
    const MonitorCommand *const *left = a, *const *right = b;
    return strcmp((*left)->hmp, (*right)->hmp);
}

static void help_list(bool info, GString *text)
{
    GPtrArray *rows = g_ptr_array_new();
    for (unsigned i = 0; i < command_count(); i++) {
        const MonitorCommand *command = command_at(i);
        if (command->hmp && is_info(command) == info) {
            g_ptr_array_add(rows, (void *)command);
        }
    }
    g_ptr_array_sort(rows, by_hmp_name);
    for (unsigned i = 0; i < rows->len; i++) {
        help_line(rows->pdata[i], text);
    }
    g_ptr_array_unref(rows);
}

bool hmp_help(const char *name, GString *text)
{
    while (name && g_ascii_isspace(*name)) {
        name++;
    }
    if (!name || !*name) {
        help_list(false, text);
        return true;
    }
    if (strcmp(name, "info") == 0) {
        help_list(true, text);
        return true;
    }
    bool info = g_str_has_prefix(name, info_prefix);
    const MonitorCommand *command = find_hmp(info, name + (info ? strlen(info_prefix) : 0));
    if (command) {
        help_line(command, text);
    }
    return command;
}

// ---- completion ----

static gint by_text(gconstpointer a, gconstpointer b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void add_names(GPtrArray *found, const MonitorCommand *command, const char *prefix)
{
    char **names = g_strsplit(short_names(command), "|", -1);
    for (unsigned i = 0; names[i]; i++) {
        if (g_str_has_prefix(names[i], prefix)) {
            g_ptr_array_add(found, g_strdup(names[i]));
        }
    }
    g_strfreev(names);
}

GPtrArray *hmp_complete(const char *line, size_t *word)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    size_t at = strspn(line, " \t"), len = strcspn(line + at, " \t");
    bool info = false, more = line[at + len];
    if (more && len == 4 && strncmp(line + at, "help", 4) == 0) { // "help info x" is completed as "info x" is
        at += len + strspn(line + at + len, " \t");
        len = strcspn(line + at, " \t");
        more = line[at + len];
    }
    if (more && len == 4 && strncmp(line + at, "info", 4) == 0) {
        info = true;
        at += len + strspn(line + at + len, " \t");
        len = strcspn(line + at, " \t");
        more = line[at + len];
    }
    *word = at;
    for (unsigned i = 0; !more && i < command_count(); i++) {
        const MonitorCommand *command = command_at(i);
        if (command->hmp && is_info(command) == info) {
            add_names(found, command, line + at);
        }
    }
    if (!more && !info && g_str_has_prefix("info", line + at)) {
        g_ptr_array_add(found, g_strdup("info"));
    }
    g_ptr_array_sort(found, by_text);
    return found;
}

// ---- arguments ----

static void skip_space(const char **at)
{
    while (g_ascii_isspace(**at)) {
        (*at)++;
    }
}

// A word, or a "string" with \n, \r, \\, \" and \'. NULL: nothing there, or no closing quote.
static char *take_string(const char **at)
{
    skip_space(at);
    if (**at != '"') {
        size_t len = strcspn(*at, " \t");
        char *word = len ? g_strndup(*at, len) : NULL;
        *at += len;
        return word;
    }
    GString *text = g_string_new(NULL);
    const char *p = *at + 1;
    while (*p && *p != '"') {
        if (*p == '\\' && p[1]) {
            p++;
            g_string_append_c(text, *p == 'n' ? '\n' : *p == 'r' ? '\r' : *p);
        } else {
            g_string_append_c(text, *p);
        }
        p++;
    }
    if (*p != '"') {
        g_string_free(text, TRUE);
        return NULL;
    }
    *at = p + 1;
    return g_string_free(text, FALSE);
}

static bool take_integer(const ArgSpec *spec, const char **at, JsonObject *args, Error *err)
{
    const char *start = *at;
    int64_t value;
    if (!expr_eval(at, NULL, NULL, &value, err)) {
        return false;
    }
    char *text = g_strndup(start, (gsize)(*at - start));
    json_object_set_string_member(args, spec->name, text);
    g_free(text);
    return true;
}

static bool take_arg(const MonitorCommand *command, const ArgSpec *spec, const char **at,
                     JsonObject *args, Error *err)
{
    skip_space(at);
    switch (spec->type) {
    case 'S':
        if (**at) {
            json_object_set_string_member(args, spec->name, *at);
            *at += strlen(*at);
        }
        return true;
    case '/':
        if (**at == '/') {
            size_t len = strcspn(*at + 1, " \t");
            char *format = g_strndup(*at + 1, len);
            json_object_set_string_member(args, spec->name, format);
            g_free(format);
            *at += len + 1;
        }
        return true;
    case '-':
        if (**at == '-' && (*at)[1] == spec->name[0] && (!(*at)[2] || g_ascii_isspace((*at)[2]))) {
            json_object_set_boolean_member(args, spec->name, TRUE);
            *at += 2;
        } else if (**at == '-' && g_ascii_isalpha((*at)[1])) {
            return fail(err, "%s: unsupported option -%c", short_names(command), (*at)[1]);
        }
        return true;
    }
    if (spec->optional && !**at) {
        return true;
    }
    if (spec->type == 'i') {
        return take_integer(spec, at, args, err);
    }
    char *text = take_string(at);
    if (!text) {
        return fail(err, "%s: string expected", short_names(command));
    }
    bool on = strcmp(text, "on") == 0, ok = true;
    if (spec->type == 'b') {
        ok = on || strcmp(text, "off") == 0 || fail(err, "%s: 'on' or 'off' expected", short_names(command));
        json_object_set_boolean_member(args, spec->name, on);
    } else {
        json_object_set_string_member(args, spec->name, text);
    }
    g_free(text);
    return ok;
}

static bool take_args(const MonitorCommand *command, const char *at, JsonObject *args, Error *err)
{
    const char *specs = command->args;
    ArgSpec spec;
    while (arg_next(&specs, &spec)) {
        if (!take_arg(command, &spec, &at, args, err)) {
            return false;
        }
    }
    skip_space(&at);
    return !*at || fail(err, "%s: extraneous characters at the end of line", short_names(command));
}

// ---- running a line ----

typedef struct Line {
    void (*finished)(void *ctx, GString *text);
    void *ctx;
} Line;

static void line_finish(Line *line, const char *text)
{
    // Line ends as terminals want them.
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p; p++) {
        if (*p == '\n' && (p == text || p[-1] != '\r')) {
            g_string_append_c(out, '\r');
        }
        g_string_append_c(out, *p);
    }
    line->finished(line->ctx, out);
    g_string_free(out, TRUE);
    g_free(line);
}

static void append_usage(GString *text, const MonitorCommand *command)
{
    const char *names = short_names(command);
    g_string_append_printf(text, "Try \"help %s%.*s\" for more information\n",
                           is_info(command) ? info_prefix : "", (int)strcspn(names, "|"), names);
}

static void line_called(MonitorCall *call, void *ctx)
{
    if (!call->ok) {
        bool bare = call->usage || call->command->bare_errors;
        g_string_append_printf(call->text, "%s%s\n", bare ? "" : "Error: ", call->err.msg);
    }
    if (call->usage) {
        append_usage(call->text, call->command);
    }
    line_finish(ctx, call->text->str);
}

void hmp_run_line(const char *text, void (*finished)(void *ctx, GString *text), void *ctx)
{
    Line *line = g_new(Line, 1);
    *line = (Line){.finished = finished, .ctx = ctx};
    GString *out = g_string_new(NULL);
    const char *at = text;

    skip_space(&at);
    size_t len = strcspn(at, " \t/");
    char *name = g_strndup(at, len);
    at += len;
    bool info = strcmp(name, "info") == 0;
    if (info) {
        g_free(name);
        skip_space(&at);
        len = strcspn(at, " \t");
        name = g_strndup(at, len);
        at += len;
    }
    const MonitorCommand *command = find_hmp(info, name);
    if (info && !*name) {
        (void)hmp_help("info", out);
    } else if (!command && (*name || *at)) {
        g_string_printf(out, "unknown command: '%s%s'\n", info ? info_prefix : "", name);
    }
    g_free(name);
    if (command) {
        Error err = {0};
        JsonObject *args = json_object_new();
        if (take_args(command, at, args, &err)) {
            g_string_free(out, TRUE);
            call_start(call_new(command, true, args), line_called, line);
            return;
        }
        json_object_unref(args);
        g_string_printf(out, "%s\n", err.msg);
        append_usage(out, command);
    }
    line_finish(line, out->str);
    g_string_free(out, TRUE);
}
