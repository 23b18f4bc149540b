// SPDX-License-Identifier: GPL-2.0-or-later
// The command line of chardevs: -chardev BACKEND,id=…, and the short forms of -serial, -monitor, -qmp.
//
// A short form is rewritten as options, so that both ways meet in the backend's own `parse`:
//     tcp:HOST:PORT,server,nowait  =  socket,host=HOST,port=PORT,server=on,wait=off
#include "chardev/chardev-backend-host.h"

#include <string.h>

static const CharBackend *const backends[] = {&char_null, &char_vc,  &char_stdio, &char_file,
                                              &char_pipe, &char_pty, &char_socket};

static const CharBackend *backend_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(backends); i++) {
        if (strcmp(backends[i]->name, name) == 0) {
            return backends[i];
        }
    }
    return NULL;
}

static bool id_valid(const char *id, Error *err)
{
    bool valid = g_ascii_isalpha(id[0]);
    for (const char *p = id; *p; p++) {
        valid = valid && (g_ascii_isalnum(*p) || strchr("-._", *p));
    }
    return valid || fail(err, "Parameter 'id' expects an identifier");
}

// One that fails half-way stays registered: the caller ends the program anyway.
static bool make(const char *id, const CharBackend *backend, Options *options, Error *err)
{
    bool mux = false;
    if (!options_bool(options, "mux", &mux, err)) {
        return false;
    }
    char *own_id = mux ? g_strdup_printf("%s-base", id) : g_strdup(id);
    Chardev *chardev = chardev_new(own_id, backend, err);
    g_free(own_id);
    if (!chardev || (backend->parse && !backend->parse(chardev, options, err)) ||
        !options_finish(options, err)) {
        return false;
    }
    return !mux || mux_new(id, chardev, err);
}

bool chardev_add(const char *option, Error *err)
{
    Options *options = options_parse(option, "backend", err);
    if (!options) {
        return false;
    }
    bool ok = false;
    const char *id = options_id(options), *name = options_get(options, "backend");
    const CharBackend *backend = name ? backend_find(name) : NULL;
    if (!id) {
        fail(err, "chardev: no id specified");
    } else if (!name) {
        fail(err, "chardev: \"%s\" missing backend", id);
    } else if (!backend) {
        fail(err, "'%s' is not a valid char driver name", name);
    } else {
        ok = id_valid(id, err) && make(id, backend, options, err);
    }
    options_free(options);
    return ok;
}

// The options that a short form stands for; NULL and `err` if it is none. `*backend` is set.
static Options *legacy_options(const char *spec, const CharBackend **backend, Error *err)
{
    const char *colon = strchr(spec, ':');
    char *word = colon ? g_strndup(spec, (gsize)(colon - spec)) : g_strdup(spec);
    const char *rest = colon ? colon + 1 : NULL;
    bool tcp = strcmp(word, "tcp") == 0 && rest, unix_path = strcmp(word, "unix") == 0 && rest;
    *backend = tcp || unix_path ? &char_socket : backend_find(word);
    bool path = *backend == &char_file || *backend == &char_pipe;
    bool plain = *backend == &char_vc || (*backend && !rest);
    Options *options = NULL;

    if (path && rest) {
        options = options_parse("", NULL, err);
        if (options) {
            options_set(options, "path", rest);
        }
    } else if (unix_path) {
        options = options_parse(rest, "path", err);
    } else if (tcp) {
        // HOST:PORT[,…]; an IPv6 address stands in brackets.
        const char *port = rest[0] == '[' ? strstr(rest, "]:") : strchr(rest, ':');
        const char *comma = strchr(rest, ',');
        if (port && (!comma || port < comma)) {
            bool brackets = rest[0] == '[';
            char *host = brackets ? g_strndup(rest + 1, (gsize)(port - rest - 1))
                                  : g_strndup(rest, (gsize)(port - rest));
            options = options_parse(port + (brackets ? 2 : 1), "port", err);
            if (options) {
                options_set(options, "host", host);
            }
            g_free(host);
        } else {
            fail(err, "'%s' lacks a port", spec);
        }
    } else if (plain && *backend != &char_socket) {
        options = options_parse("", NULL, err);
    } else {
        fail(err, "'%s' is not a valid char driver", spec);
    }
    g_free(word);
    return options;
}

bool chardev_add_legacy(const char *spec, const char *new_id, CharChoice *choice, Error *err)
{
    *choice = (CharChoice){0};
    if (strcmp(spec, "none") == 0) {
        return true;
    }
    if (g_str_has_prefix(spec, "chardev:")) {
        const char *id = spec + strlen("chardev:");
        if (!chardev_find(id)) {
            return fail(err, "chardev '%s' not found", id);
        }
        choice->id = g_strdup(id);
        return true;
    }
    bool monitor = g_str_has_prefix(spec, "mon:");
    const char *inner = monitor ? spec + strlen("mon:") : spec;
    const CharBackend *backend;
    Options *options = legacy_options(inner, &backend, err);
    if (!options) {
        return false;
    }
    if (monitor) {
        options_set(options, "mux", "on");
        if (backend == &char_stdio) {
            options_set(options, "signal", "off"); // Ctrl-C is for the guest
        }
    }
    bool ok = make(new_id, backend, options, err);
    options_free(options);
    if (ok) {
        choice->id = g_strdup(new_id);
        choice->monitor = monitor;
    }
    return ok;
}
