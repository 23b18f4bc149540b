// SPDX-License-Identifier: GPL-2.0-or-later
// qemu-replay: looks into logs, checks them, and replays them with the command line that they hold.
//
// Exit status: 0; 1 for wrong usage, and for a log that can't be read or is damaged; 2 from `check`
// for a log that is torn.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "replay/event.h"
#include "replay/log.h"
#include "replay/tool-run.h"

enum { STATUS_GOOD = 0, STATUS_BAD = 1, STATUS_TORN = 2 };

static int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int complain(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("qemu-replay: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return STATUS_BAD;
}

static int finish(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return complain("cannot write the output");
    }
    return status;
}

// ---- info ----

// As a shell would take it; control characters are shown, not sent to the terminal.
static void print_argument(const char *arg)
{
    const char *plain = "-+=:.,/_%@";
    bool quote = !*arg, control = false;
    for (const char *p = arg; *p; p++) {
        quote |= !g_ascii_isalnum(*p) && !strchr(plain, *p);
        control |= g_ascii_iscntrl(*p);
    }
    char *shown = control ? g_strescape(arg, NULL) : g_strdup(arg);
    char *quoted = control ? g_strconcat("$'", shown, "'", NULL)
                           : (quote ? g_shell_quote(shown) : g_strdup(shown));
    printf(" %s", quoted);
    g_free(quoted);
    g_free(shown);
}

static void print_command_line(const char *config_json)
{
    JsonParser *parser = json_parser_new();
    json_parser_load_from_data(parser, config_json, -1, NULL);
    JsonNode *argv =
        json_object_get_member(json_node_get_object(json_parser_get_root(parser)), "argv");
    if (argv && JSON_NODE_HOLDS_ARRAY(argv)) {
        JsonArray *array = json_node_get_array(argv);
        printf("command line: ");
        for (guint i = 0; i < json_array_get_length(array); i++) {
            const char *arg = json_node_get_string(json_array_get_element(array, i));
            print_argument(arg ? arg : "?");
        }
        putchar('\n');
    }
    g_object_unref(parser);
}

typedef struct KindCount {
    uint64_t events, payload_bytes;
} KindCount;

static int tool_info(LogReader *log, const char *path)
{
    const LogInfo *info = log_info(log);
    char position[POSITION_TEXT_BYTES];
    KindCount counts[EVENT_KIND_COUNT] = {0};
    ReplayEvent event;
    Error err;
    unsigned damages = 0;
    LogNext next;
    while ((next = log_next(log, &event, &err)) == LOG_EVENT || next == LOG_DAMAGED) {
        if (next == LOG_EVENT) {
            counts[event.kind].events++;
            counts[event.kind].payload_bytes += event.len;
        } else {
            damages++;
        }
    }
    printf("file:          %s, %" PRIu64 " bytes\n", path, info->file_bytes);
    printf("format:        %u\n", info->format_version);
    printf("machine model: %u%s\n", info->machine_version,
           info->machine_matches ? "" : " (this program has another one and can't replay it)");
    printf("recorded by:   build %s\n", info->build_id);
    printf("UUID:          %s\n", info->uuid);
    printf("end:           %s\n",
           damages ? "damaged, see qemu-replay check"
                   : (info->clean ? "clean" : "none: its recorder did not finish"));
    printf("last position: %s\n", position_text(info->last, position));
    print_command_line(info->config_json);
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        if (counts[kind].events) {
            printf("%-14s %10" PRIu64 " events %14" PRIu64 " bytes of payload\n",
                   event_kind_name(kind), counts[kind].events, counts[kind].payload_bytes);
        }
    }
    return STATUS_GOOD;
}

// ---- dump and check ----

static int tool_dump(LogReader *log, const char *path, bool json)
{
    ReplayEvent event;
    Error err;
    int status = STATUS_GOOD;
    GString *line = g_string_new(NULL);
    LogNext next;
    while ((next = log_next(log, &event, &err)) == LOG_EVENT || next == LOG_DAMAGED) {
        if (next == LOG_DAMAGED) {
            fflush(stdout);
            status = complain("%s: %s", path, err.msg);
            continue;
        }
        g_string_set_size(line, 0);
        if (json) {
            event_json(line, &event, log_ordinal(log));
        } else {
            event_text(line, &event, log_ordinal(log));
        }
        g_string_append_c(line, '\n');
        fwrite(line->str, 1, line->len, stdout);
        if (ferror(stdout)) {
            break;
        }
    }
    if (next == LOG_TORN) {
        fflush(stdout);
        complain("%s: %s", path, err.msg);
    }
    g_string_free(line, TRUE);
    return status;
}

static int tool_check(LogReader *log, const char *path)
{
    ReplayEvent event;
    Error err;
    char position[POSITION_TEXT_BYTES];
    const LogInfo *info = log_info(log);
    uint64_t events = 0;
    int status = STATUS_GOOD;
    LogNext next;
    if (info->bad_slots) {
        printf("%s: %u of 2 position slots damaged\n", path, info->bad_slots);
        status = STATUS_BAD;
    }
    while ((next = log_next(log, &event, &err)) == LOG_EVENT || next == LOG_DAMAGED) {
        if (next == LOG_DAMAGED) {
            printf("%s: %s\n", path, err.msg);
            status = STATUS_BAD;
        } else {
            events++;
        }
    }
    if (next == LOG_TORN) {
        printf("%s: %s\n", path, err.msg);
        status = status == STATUS_BAD ? STATUS_BAD : STATUS_TORN;
    }
    static const char *const verdicts[] = {"whole", "damaged", "torn"};
    printf("%s: %s, %" PRIu64 " events, last position %s\n", path, verdicts[status], events,
           position_text(info->last, position));
    return status;
}

// ---- commands ----

static const char usage[] =
    "Usage: qemu-replay COMMAND LOG\n"
    "  info F           what the header holds, and events by kind\n"
    "  dump F [--json]  all events, one a line\n"
    "  check F          reads it all; exit status 0 whole, 1 damaged, 2 torn\n"
    "  run F            replays it with the command line that it was recorded with\n"
    "Not yet: pack, tree, verify, console.\n";

static int run_command(const char *command, const char *path, bool json)
{
    Error err;
    LogReader *log = log_open(path, &err);
    if (!log) {
        fprintf(stderr, "%s\n", err.msg);
        return STATUS_BAD;
    }
    int status = STATUS_BAD;
    if (g_str_equal(command, "info")) {
        status = tool_info(log, path);
    } else if (g_str_equal(command, "dump")) {
        status = tool_dump(log, path, json);
    } else if (g_str_equal(command, "check")) {
        status = tool_check(log, path);
    } else {
        char *config = g_strdup(log_info(log)->config_json);
        run_log(config, path, &err);
        status = complain("%s", err.msg);
        g_free(config);
    }
    log_close(log);
    return status;
}

int main(int argc, char **argv)
{
    static const char *const commands[] = {"info", "dump", "check", "run", NULL};
    static const char *const later[] = {"pack", "tree", "verify", "console", NULL};
    if (argc >= 2 && (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h"))) {
        fputs(usage, stdout);
        return finish(STATUS_GOOD);
    }
    if (argc < 2) {
        fputs(usage, stderr);
        return STATUS_BAD;
    }
    if (g_strv_contains(later, argv[1])) {
        return complain("%s: not yet", argv[1]);
    }
    if (!g_strv_contains(commands, argv[1])) {
        return complain("unknown command '%s' (see qemu-replay --help)", argv[1]);
    }
    const char *path = NULL;
    bool json = false;
    for (int i = 2; i < argc; i++) {
        if (g_str_equal(argv[i], "--json") && g_str_equal(argv[1], "dump")) {
            json = true;
        } else if (argv[i][0] == '-' && argv[i][1]) {
            return complain("unknown option '%s' of %s", argv[i], argv[1]);
        } else if (path) {
            return complain("%s takes one log", argv[1]);
        } else {
            path = argv[i];
        }
    }
    if (!path) {
        return complain("%s needs the name of a log", argv[1]);
    }
    return finish(run_command(argv[1], path, json));
}
