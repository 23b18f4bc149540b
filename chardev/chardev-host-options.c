// SPDX-License-Identifier: GPL-2.0-or-later
// The command line of chardevs: -chardev BACKEND,id=…, and the short forms of -serial, -monitor, -qmp.
//
// A short form is rewritten as options, so that both ways meet in the backend's own `parse`:
//     tcp:HOST:PORT,server,nowait  =  socket,host=HOST,port=PORT,server=on,wait=off
#include "chardev/chardev-backend-host.h"

#include <string.h>

static const CharBackend *const backends[] = {
    &char_null,   &char_vc,  &char_stdio,   &char_file,  &char_pipe,
    &char_pty,    &char_socket, &char_udp, &char_ringbuf, &char_memory};

unsigned chardev_backend_count(void) { return G_N_ELEMENTS(backends); }

const char *chardev_backend_name(unsigned i) { return backends[i]->name; }

static const CharBackend *backend_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(backends); i++) {
        if (strcmp(backends[i]->name, name) == 0) {
            return backends[i] == &char_memory ? &char_ringbuf : backends[i];
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
    bool mux = false, append = false;
    const char *log = options_get(options, "logfile");
    if (!options_bool(options, "mux", &mux, err) ||
        !options_bool(options, "logappend", &append, err)) {
        return false;
    }
    char *own_id = mux ? g_strdup_printf("%s-base", id) : g_strdup(id);
    Chardev *chardev = chardev_new(own_id, backend, err);
    g_free(own_id);
    if (!chardev || (backend->parse && !backend->parse(chardev, options, err)) ||
        !options_finish(options, err) ||
        (log && !chardev_log_open(chardev, log, append, err))) {
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
    } else if (backend == &char_vc) {
        fail(err, "vc needs a display, and there is none; use pty, socket or null");
    } else {
        ok = id_valid(id, err) && make(id, backend, options, err);
    }
    options_free(options);
    return ok;
}

// HOST:PORT[,…]; an IPv6 address stands in brackets.
static Options *tcp_options(const char *spec, const char *rest, Error *err)
{
    const char *port = rest[0] == '[' ? strstr(rest, "]:") : strchr(rest, ':');
    const char *comma = strchr(rest, ',');
    if (!port || (comma && port > comma)) {
        fail(err, "'%s' lacks a port", spec);
        return NULL;
    }
    bool brackets = rest[0] == '[';
    char *host = brackets ? g_strndup(rest + 1, (gsize)(port - rest - 1))
                          : g_strndup(rest, (gsize)(port - rest));
    Options *options = options_parse(port + (brackets ? 2 : 1), "port", err);
    if (options) {
        options_set(options, "host", host);
    }
    g_free(host);
    return options;
}

// [HOST]:PORT[@[LOCAL_HOST]:LOCAL_PORT]
static Options *udp_options(const char *spec, const char *rest, Error *err)
{
    char **ends = g_strsplit(rest, "@", 2), *port = strrchr(ends[0] ? ends[0] : rest, ':');
    char *local_port = ends[0] && ends[1] ? strrchr(ends[1], ':') : NULL;
    Options *options = NULL;
    if (!ends[0] || !port || (ends[1] && !local_port)) {
        fail(err, "'%s' lacks a port", spec);
    } else {
        options = options_parse("", NULL, err);
    }
    if (options) {
        *port = '\0';
        options_set(options, "host", ends[0]);
        options_set(options, "port", port + 1);
        if (local_port) {
            *local_port = '\0';
            options_set(options, "localaddr", ends[1]);
            options_set(options, "localport", local_port + 1);
        }
    }
    g_strfreev(ends);
    return options;
}

// The options that a short form stands for; NULL and `err` if it is none. `*backend` is set.
static Options *legacy_options(const char *spec, const CharBackend **backend, Error *err)
{
    const char *colon = strchr(spec, ':');
    char *word = colon ? g_strndup(spec, (gsize)(colon - spec)) : g_strdup(spec);
    const char *rest = colon ? colon + 1 : NULL;
    bool telnet = strcmp(word, "telnet") == 0 && rest;
    bool tcp = telnet || (strcmp(word, "tcp") == 0 && rest);
    bool unix_path = strcmp(word, "unix") == 0 && rest, udp = strcmp(word, "udp") == 0 && rest;
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
        options = tcp_options(spec, rest, err);
        if (options && telnet) {
            options_set(options, "telnet", "on");
        }
    } else if (udp) {
        options = udp_options(spec, rest, err);
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
