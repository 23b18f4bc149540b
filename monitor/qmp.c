// SPDX-License-Identifier: GPL-2.0-or-later
// A QMP session on a chardev: greeting, negotiation, commands one after the other, events.
//
// At most 8 requests wait; beyond that nothing is read. Out-of-band execution isn't offered: no
// command holds up the session for long, because those that take time answer at once and tell their
// end by an event.
#include "monitor/command.h"

#include <string.h>

enum { REQUESTS_MAX = 8, READ_MAX = 4096 };

typedef struct Request {
    JsonNode *node; // what was sent; NULL: err
    Error err;
} Request;

typedef struct QmpSession {
    Session session;
    JsonStream *stream;
    GQueue requests;     // Request *
    bool pretty;
    bool negotiated;
    bool busy;           // a command runs …
    JsonNode *id;        // … with this id, or NULL
    bool closed;         // its client is gone
    bool dead;           // free the session when it is done
    bool processing;
} QmpSession;

static void session_free(Session *session);
static void process(QmpSession *qmp);

// ---- replies ----

// Takes `object`.
static void send_object(QmpSession *qmp, JsonObject *object)
{
    JsonNode *node = json_node_init_object(json_node_alloc(), object);
    GString *text = g_string_new(NULL);
    (qmp->pretty ? json_append_pretty : json_append)(text, node);
    g_string_append(text, "\r\n");
    char_write(qmp->session.end, text->str, text->len);
    g_string_free(text, TRUE);
    json_node_unref(node);
    json_object_unref(object);
}

// Takes `id`, which may be NULL.
static void send_error(QmpSession *qmp, JsonNode *id, const char *error_class, const char *desc)
{
    JsonObject *reply = json_object_new(), *error = json_object_new();
    if (id) {
        json_object_set_member(reply, "id", id);
    }
    json_object_set_string_member(error, "class", error_class);
    json_object_set_string_member(error, "desc", desc);
    json_object_set_object_member(reply, "error", error);
    send_object(qmp, reply);
}

static void send_return(QmpSession *qmp, JsonNode *id, JsonNode *result)
{
    JsonObject *reply = json_object_new();
    if (result) {
        json_object_set_member(reply, "return", json_node_copy(result));
    } else {
        json_object_set_object_member(reply, "return", json_object_new());
    }
    if (id) {
        json_object_set_member(reply, "id", id);
    }
    send_object(qmp, reply);
}

static void send_greeting(QmpSession *qmp)
{
    JsonObject *greeting = json_object_new(), *hello = json_object_new();
    json_object_set_object_member(hello, "version", qmp_version());
    json_object_set_array_member(hello, "capabilities", json_array_new());
    json_object_set_object_member(greeting, "QMP", hello);
    send_object(qmp, greeting);
}

// ---- requests ----

static bool type_matches(char type, JsonNode *node)
{
    GType value = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
    return type == 'a' || (type == 'i' && value == G_TYPE_INT64) ||
           (type == 'b' && value == G_TYPE_BOOLEAN) || (type == 's' && value == G_TYPE_STRING);
}

static const char *type_text(char type)
{
    return type == 'i' ? "integer" : type == 'b' ? "boolean" : "string";
}

static bool check_args(const MonitorCommand *command, JsonObject *args, Error *err)
{
    const char *specs = command->args;
    ArgSpec spec;
    unsigned known = 0;
    if (command->open_args) {
        return true;
    }
    while (arg_next(&specs, &spec)) {
        // An argument that stands for HMP's syntax only.
        if (spec.type == '/' || spec.type == '-') {
            continue;
        }
        JsonNode *node = json_object_get_member(args, spec.name);
        if (!node) {
            if (!spec.optional) {
                return fail(err, "Parameter '%s' is missing", spec.name);
            }
            continue;
        }
        known++;
        char type = spec.type == 'S' ? 's' : spec.type;
        if (!type_matches(type, node)) {
            return fail(err, "Invalid parameter type for '%s', expected: %s", spec.name,
                        type_text(type));
        }
    }
    if (known == json_object_get_size(args)) {
        return true;
    }
    JsonObjectIter iter;
    const char *name;
    json_object_iter_init(&iter, args);
    while (json_object_iter_next(&iter, &name, NULL)) {
        bool found = false;
        specs = command->args;
        while (arg_next(&specs, &spec)) {
            found = found || strcmp(spec.name, name) == 0;
        }
        if (!found) {
            return fail(err, "Parameter '%s' is unexpected", name);
        }
    }
    return true;
}

// What a request must look like before its command is looked at.
static bool check_request(JsonNode *node, Error *err)
{
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        return fail(err, "QMP input must be a JSON object");
    }
    JsonObject *request = json_node_get_object(node);
    JsonObjectIter iter;
    const char *name;
    JsonNode *member;
    json_object_iter_init_ordered(&iter, request);
    while (json_object_iter_next_ordered(&iter, &name, &member)) {
        if (strcmp(name, "execute") == 0) {
            if (!type_matches('s', member)) {
                return fail(err, "QMP input member 'execute' must be a string");
            }
        } else if (strcmp(name, "arguments") == 0) {
            if (!JSON_NODE_HOLDS_OBJECT(member)) {
                return fail(err, "QMP input member 'arguments' must be an object");
            }
        } else if (strcmp(name, "id") != 0) {
            return fail(err, "QMP input member '%s' is unexpected", name);
        }
    }
    return json_object_has_member(request, "execute") ||
           fail(err, "QMP input lacks member 'execute'");
}

static void call_done(MonitorCall *call, void *ctx)
{
    QmpSession *qmp = ctx;
    JsonNode *id = g_steal_pointer(&qmp->id);
    qmp->busy = false;
    if (qmp->dead || qmp->closed) {
        g_clear_pointer(&id, json_node_unref);
    } else if (call->ok) {
        send_return(qmp, id, call->result);
    } else {
        send_error(qmp, id, "GenericError", call->err.msg);
    }
    qmp->closed = false;
    if (qmp->dead) {
        session_free(&qmp->session);
    } else {
        process(qmp);
    }
}

// None is offered; "oob" at least is known.
static bool check_capabilities(JsonNode *enable, Error *err)
{
    if (!JSON_NODE_HOLDS_ARRAY(enable)) {
        return fail(err, "Invalid parameter type for 'enable', expected: array");
    }
    JsonArray *array = json_node_get_array(enable);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        if (!type_matches('s', element)) {
            return fail(err, "Invalid parameter type for 'enable[%u]', expected: string", i);
        }
        if (strcmp(json_node_get_string(element), "oob") != 0) {
            return fail(err, "Parameter 'enable' does not accept value '%.200s'", json_node_get_string(element));
        }
    }
    return json_array_get_length(array) == 0 || fail(err, "Requested capability is not available");
}

static void negotiate(QmpSession *qmp, JsonNode *id, JsonObject *args)
{
    JsonNode *enable = json_object_get_member(args, "enable");
    Error err;
    if (enable && !check_capabilities(enable, &err)) {
        send_error(qmp, id, "GenericError", err.msg);
        return;
    }
    qmp->negotiated = true;
    send_return(qmp, id, NULL);
}

static void execute(QmpSession *qmp, JsonObject *request, JsonNode *id)
{
    const char *name = json_object_get_string_member(request, "execute");
    JsonObject *args = json_object_has_member(request, "arguments")
                           ? json_object_ref(json_object_get_object_member(request, "arguments"))
                           : json_object_new();
    bool capabilities = strcmp(name, "qmp_capabilities") == 0;
    const MonitorCommand *command = command_find_qmp(name);
    Error err = {0};
    if (capabilities != !qmp->negotiated) {
        send_error(qmp, id, "CommandNotFound",
                   capabilities ? "Capabilities negotiation is already complete, command ignored"
                                : "Expecting capabilities negotiation with 'qmp_capabilities'");
    } else if (!command) {
        fail(&err, "The command %.200s has not been found", name);
        send_error(qmp, id, "CommandNotFound", err.msg);
    } else if (!check_args(command, args, &err)) {
        send_error(qmp, id, "GenericError", err.msg);
    } else if (capabilities) {
        negotiate(qmp, id, args);
    } else {
        qmp->busy = true;
        qmp->id = id;
        call_start(call_new(command, false, g_steal_pointer(&args)), call_done, qmp);
    }
    g_clear_pointer(&args, json_object_unref);
}

static void request_free(Request *request)
{
    g_clear_pointer(&request->node, json_node_unref);
    g_free(request);
}

static void process_one(QmpSession *qmp, Request *request)
{
    if (request->node && !check_request(request->node, &request->err)) {
        JsonNode *id = NULL;
        if (JSON_NODE_HOLDS_OBJECT(request->node)) {
            JsonObject *object = json_node_get_object(request->node);
            id = json_object_has_member(object, "id") ? json_object_dup_member(object, "id") : NULL;
        }
        send_error(qmp, id, "GenericError", request->err.msg);
    } else if (request->node) {
        JsonObject *object = json_node_get_object(request->node);
        JsonNode *id = json_object_dup_member(object, "id");
        execute(qmp, object, id);
    } else {
        send_error(qmp, NULL, "GenericError", request->err.msg);
    }
    request_free(request);
}

static void process(QmpSession *qmp)
{
    if (qmp->processing) {
        return; // a command that ended at once: the loop below goes on
    }
    qmp->processing = true;
    Request *request;
    while (!qmp->busy && (request = g_queue_pop_head(&qmp->requests))) {
        process_one(qmp, request);
    }
    qmp->processing = false;
    char_accept_input(qmp->session.end);
}

static void value_came(void *ctx, const char *text, gsize len, const Error *err)
{
    QmpSession *qmp = ctx;
    Request *request = g_new0(Request, 1);
    if (text) {
        request->node = json_parse(text, (gssize)len, &request->err);
    } else {
        request->err = *err;
    }
    g_queue_push_tail(&qmp->requests, request);
}

// ---- events ----

static void session_tell(Session *session, const ControlEvent *event)
{
    static const char *const names[] = {
        [CONTROL_STOP] = "STOP",           [CONTROL_RESUME] = "RESUME",
        [CONTROL_SHUTDOWN] = "SHUTDOWN",   [CONTROL_RESET] = "RESET",
        [CONTROL_POWERDOWN] = "POWERDOWN", [CONTROL_GUEST_PANICKED] = "GUEST_PANICKED",
        [CONTROL_NAMED] = NULL,            [CONTROL_ENDED] = NULL};
    QmpSession *qmp = (QmpSession *)session;
    const char *name = event->kind == CONTROL_NAMED ? event->name : names[event->kind];
    if (!qmp->negotiated || !name) {
        return;
    }
    JsonObject *object = json_object_new(), *stamp = json_object_new();
    json_object_set_int_member(stamp, "seconds", event->host_us / G_USEC_PER_SEC);
    json_object_set_int_member(stamp, "microseconds", event->host_us % G_USEC_PER_SEC);
    json_object_set_object_member(object, "timestamp", stamp);
    json_object_set_string_member(object, "event", name);
    if (event->kind == CONTROL_SHUTDOWN || event->kind == CONTROL_RESET) {
        JsonObject *data = json_object_new();
        json_object_set_boolean_member(data, "guest", control_cause_is_guest(event->cause));
        json_object_set_string_member(data, "reason", control_cause_name(event->cause));
        json_object_set_object_member(object, "data", data);
    } else if (event->kind == CONTROL_NAMED) {
        Error err;
        JsonNode *data = json_parse(event->data, -1, &err);
        if (data) {
            json_object_set_member(object, "data", data);
        }
    } else if (event->kind == CONTROL_GUEST_PANICKED) {
        JsonObject *data = json_object_new();
        json_object_set_string_member(data, "action", "pause");
        json_object_set_object_member(object, "data", data);
    }
    send_object(qmp, object);
}

// ---- the chardev's side ----

static size_t session_can_read(void *ctx)
{
    QmpSession *qmp = ctx;
    return g_queue_get_length(&qmp->requests) < REQUESTS_MAX ? READ_MAX : 0;
}

static void session_read(void *ctx, const uint8_t *buf, size_t len)
{
    QmpSession *qmp = ctx;
    json_stream_feed(qmp->stream, buf, len);
    process(qmp);
}

static void session_event(void *ctx, CharEvent event)
{
    QmpSession *qmp = ctx;
    if (event == CHAR_OPENED) {
        qmp->negotiated = false;
        json_stream_reset(qmp->stream);
        send_greeting(qmp);
    } else if (event == CHAR_CLOSED) {
        qmp->negotiated = false;
        qmp->closed = qmp->busy;
        json_stream_reset(qmp->stream);
        for (Request *request; (request = g_queue_pop_head(&qmp->requests));) {
            request_free(request);
        }
    }
}

static const CharFrontend frontend = {session_can_read, session_read, session_event};

static void session_free(Session *session)
{
    QmpSession *qmp = (QmpSession *)session;
    if (session->end) {
        char_detach(session->end);
        session->end = NULL;
    }
    if (qmp->busy) {
        qmp->dead = true;
        return;
    }
    for (Request *request; (request = g_queue_pop_head(&qmp->requests));) {
        request_free(request);
    }
    json_stream_free(qmp->stream);
    g_free(qmp);
}

Session *qmp_session_new(Chardev *chardev, bool pretty, Error *err)
{
    QmpSession *qmp = g_new0(QmpSession, 1);
    qmp->pretty = pretty;
    qmp->session = (Session){.free = session_free, .event = session_tell};
    qmp->stream = json_stream_new(value_came, qmp);
    g_queue_init(&qmp->requests);
    qmp->session.end = char_attach(chardev, &frontend, qmp, err);
    if (!qmp->session.end) {
        session_free(&qmp->session);
        return NULL;
    }
    return &qmp->session;
}
