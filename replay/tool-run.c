// SPDX-License-Identifier: GPL-2.0-or-later
// qemu-replay run F: replaying with the command line that the log's header holds.
//
// A log may come from a stranger. Only a program named qemu-system-* beside the tool is started,
// never one found by a path in the log or in the environment; what options may name (files, host
// commands) is the recorder's, so run no log that you wouldn't run as a script.
#include "replay/tool-run.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

// Commas in a value are doubled.
static void put_value(GString *out, const char *value)
{
    for (; *value; value++) {
        if (*value == ',') {
            g_string_append_c(out, ',');
        }
        g_string_append_c(out, *value);
    }
}

// Length of the first item of a list: up to a comma that isn't doubled.
static size_t item_length(const char *list)
{
    size_t n = 0;
    while (list[n] && (list[n] != ',' || list[n + 1] == ',')) {
        n += list[n] == ',' ? 2 : 1;
    }
    return n;
}

char *run_icount_value(const char *value, const char *path)
{
    GString *out = g_string_new(NULL);
    bool recorded = false;
    while (*value) {
        size_t n = item_length(value);
        if (n == strlen("rr=record") && strncmp(value, "rr=record", n) == 0) {
            g_string_append(out, "rr=replay");
            recorded = true;
        } else if (strncmp(value, "rrfile=", strlen("rrfile=")) == 0) {
            g_string_append(out, "rrfile=");
            put_value(out, path);
        } else {
            g_string_append_len(out, value, (gssize)n);
        }
        value += n;
        if (*value == ',') {
            g_string_append_c(out, *value++);
        }
    }
    return g_string_free(out, !recorded);
}

static char **rewrite(JsonArray *argv, const char *path, Error *err)
{
    GStrvBuilder *out = g_strv_builder_new();
    bool recorded = false, value_next = false;
    for (guint i = 0; i < json_array_get_length(argv); i++) {
        const char *arg = json_node_get_string(json_array_get_element(argv, i));
        if (!arg) {
            g_strv_builder_unref(out);
            fail(err, "the command line in %s is not a list of strings", path);
            return NULL;
        }
        char *changed = value_next ? run_icount_value(arg, path) : NULL;
        recorded |= changed != NULL;
        g_strv_builder_add(out, changed ? changed : arg);
        g_free(changed);
        value_next = !value_next && (g_str_equal(arg, "-icount") || g_str_equal(arg, "--icount"));
    }
    char **result = g_strv_builder_end(out);
    g_strv_builder_unref(out);
    if (!recorded) {
        fail(err, "the command line in %s records nothing (no -icount with rr=record)", path);
        g_strfreev(result);
        return NULL;
    }
    return result;
}

char **run_arguments(const char *config_json, const char *path, Error *err)
{
    char **result = NULL;
    JsonParser *parser = json_parser_new();
    json_parser_load_from_data(parser, config_json, -1, NULL);
    JsonObject *config = json_node_get_object(json_parser_get_root(parser));
    JsonNode *argv = json_object_get_member(config, "argv");
    if (argv && JSON_NODE_HOLDS_ARRAY(argv) && json_array_get_length(json_node_get_array(argv))) {
        result = rewrite(json_node_get_array(argv), path, err);
    } else {
        fail(err, "%s holds no command line", path);
    }
    g_object_unref(parser);
    return result;
}

// qemu-system, or that with the name of a target.
static bool emulator_name_valid(const char *name)
{
    const char *prefix = "qemu-system";
    if (!g_str_has_prefix(name, prefix)) {
        return false;
    }
    name += strlen(prefix);
    return !*name || (*name == '-' && name[1] &&
                      strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name));
}

static char *emulator_find(const char *name)
{
    static const char *const places[] = {".", "..", "../softmmu"};
    char *self = g_file_read_link("/proc/self/exe", NULL);
    char *dir = g_path_get_dirname(self ? self : ".");
    char *found = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(places) && !found; i++) {
        found = g_build_filename(dir, places[i], name, NULL);
        if (access(found, X_OK) != 0) {
            g_free(found);
            found = NULL;
        }
    }
    g_free(self);
    g_free(dir);
    return found;
}

bool run_log(const char *config_json, const char *path, Error *err)
{
    char **argv = run_arguments(config_json, path, err);
    if (!argv) {
        return false;
    }
    char *name = g_path_get_basename(argv[0]);
    char *program = emulator_name_valid(name) ? emulator_find(name) : NULL;
    if (program) {
        execv(program, argv);
        fail(err, "cannot start %s: %s", program, strerror(errno));
    } else {
        fail(err, "%s was recorded by \"%s\", which is no emulator beside this tool", path, name);
    }
    g_free(program);
    g_free(name);
    g_strfreev(argv);
    return false;
}
