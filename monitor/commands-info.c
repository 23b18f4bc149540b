// SPDX-License-Identifier: GPL-2.0-or-later
// More rows of the command table: what the program can do (schema, back ends), ring buffers, logging, and reports
// that users' scripts ask for although there is little to tell.
#include "monitor/command.h"

#include "util/log.h"

#include <inttypes.h>
#include <string.h>

static bool return_node(MonitorCall *call, JsonNode *node)
{
    call->result = node;
    return true;
}

static bool return_array(MonitorCall *call, JsonArray *array)
{
    JsonNode *node = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(node, array);
    return return_node(call, node);
}

static bool return_object(MonitorCall *call, JsonObject *object)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(node, object);
    return return_node(call, node);
}

// ---- the schema ----

// Types that the command table knows, and "0", the object without members.
static const struct {
    char letter;
    const char *name, *json;
} builtins[] = {{'i', "int", "int"}, {'s', "str", "string"}, {'b', "bool", "boolean"}, {'a', "any", "value"}};

static const char *builtin_name(char letter)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(builtins); i++) {
        if (builtins[i].letter == (letter == 'S' ? 's' : letter)) {
            return builtins[i].name;
        }
    }
    return NULL; // of HMP's syntax only
}

static JsonObject *entity(JsonArray *schema, const char *name, const char *meta)
{
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, "name", name);
    json_object_set_string_member(object, "meta-type", meta);
    json_array_add_object_element(schema, object);
    return object;
}

// The object type of a command's arguments; its name. g_free it.
static char *schema_arguments(JsonArray *schema, const MonitorCommand *command, unsigned number)
{
    JsonArray *members = json_array_new();
    const char *specs = command->args;
    ArgSpec spec;
    while (arg_next(&specs, &spec)) {
        const char *type = builtin_name(spec.type);
        if (type) {
            JsonObject *member = json_object_new();
            json_object_set_string_member(member, "name", spec.name);
            json_object_set_string_member(member, "type", type);
            if (spec.optional) {
                json_object_set_null_member(member, "default");
            }
            json_array_add_object_element(members, member);
        }
    }
    if (json_array_get_length(members) == 0) {
        json_array_unref(members);
        return g_strdup("0");
    }
    char *name = g_strdup_printf("%u", number);
    json_object_set_array_member(entity(schema, name, "object"), "members", members);
    return name;
}

static bool schema_reply(MonitorCall *call, Error *err)
{
    static const char *const events[] = {"STOP", "RESUME", "SHUTDOWN", "RESET", "POWERDOWN", "GUEST_PANICKED"};
    JsonArray *schema = json_array_new();
    json_object_set_array_member(entity(schema, "0", "object"), "members", json_array_new());
    for (unsigned i = 0; i < G_N_ELEMENTS(builtins); i++) {
        json_object_set_string_member(entity(schema, builtins[i].name, "builtin"), "json-type", builtins[i].json);
    }
    for (unsigned i = 0; i < command_count(); i++) {
        const MonitorCommand *command = command_at(i);
        if (command->qmp) {
            char *arguments = schema_arguments(schema, command, i + 1);
            JsonObject *object = entity(schema, command->qmp, "command");
            json_object_set_string_member(object, "arg-type", arguments);
            json_object_set_string_member(object, "ret-type", command->reply || command->start ? "any" : "0");
            g_free(arguments);
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(events); i++) {
        json_object_set_string_member(entity(schema, events[i], "event"), "arg-type", "any");
    }
    return return_array(call, schema);
}

// ---- small reports ----

static bool backends_reply(MonitorCall *call, Error *err)
{
    JsonArray *array = json_array_new();
    for (unsigned i = 0; i < chardev_backend_count(); i++) {
        JsonObject *object = json_object_new();
        json_object_set_string_member(object, "name", chardev_backend_name(i));
        json_array_add_object_element(array, object);
    }
    return return_array(call, array);
}

static bool current_machine_reply(MonitorCall *call, Error *err)
{
    JsonObject *object = json_object_new();
    json_object_set_boolean_member(object, "wakeup-suspend-support", FALSE);
    return return_object(call, object);
}

// Disks have workers, not threads that users name; jobs, memory devices and mice don't exist here.
static bool none_reply(MonitorCall *call, Error *err) { return return_array(call, json_array_new()); }

static bool mice_reply(MonitorCall *call, Error *err)
{
    g_string_append(call->text, "No mouse devices connected\n");
    return return_array(call, json_array_new());
}

static bool rx_filter_reply(MonitorCall *call, Error *err)
{
    const char *name = call_string(call, "name");
    return name ? fail(err, "net client(%s) does not support rx-filter querying", name)
                : return_array(call, json_array_new());
}

static bool memory_machine(MonitorCall *call, Control *control, Error *err)
{
    uint64_t *bytes = call->scratch;
    const Machine *machine = control_machine(control);
    for (unsigned i = 0; i < machine->map_sources->len; i++) {
        const MemRange *range = &g_array_index(machine->map_sources, MemRange, i);
        *bytes += range->ram && !range->ram->rom ? range->size_bytes : 0;
    }
    return true;
}

static bool memory_reply(MonitorCall *call, Error *err)
{
    uint64_t *bytes = call->scratch;
    g_string_append_printf(call->text, "base memory: %" PRIu64 "\n", *bytes);
    JsonObject *object = json_object_new();
    json_object_set_int_member(object, "base-memory", (gint64)*bytes);
    return return_object(call, object);
}

static bool irq_machine(MonitorCall *call, Control *control, Error *err)
{
    control_irq_text(control_machine(control), call->text);
    return true;
}

static bool history_reply(MonitorCall *call, Error *err)
{
    for (unsigned i = 0; monitor.history && i < monitor.history->len; i++) {
        g_string_append_printf(call->text, "%u: '%s'\n", i, (char *)monitor.history->pdata[i]);
    }
    return true;
}

// ---- ring buffers ----

static bool take_ring_format(MonitorCall *call, bool *base64, Error *err)
{
    const char *format = call_string(call, "format");
    *base64 = format && strcmp(format, "base64") == 0;
    return !format || *base64 || strcmp(format, "utf8") == 0 ||
           fail(err, "Parameter 'format' does not accept value '%s'", format);
}

static bool ring_write_reply(MonitorCall *call, Error *err)
{
    const char *data = call_string(call, "data"), *device = call_string(call, "device");
    bool base64;
    if (!take_ring_format(call, &base64, err)) {
        return false;
    }
    if (!base64) {
        return chardev_ringbuf_write(device, (const uint8_t *)data, strlen(data), err);
    }
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n";
    if (data[strspn(data, alphabet)]) {
        return fail(err, "Base64 data contains invalid characters");
    }
    gsize len = 0;
    guchar *bytes = g_base64_decode(data, &len);
    bool ok = chardev_ringbuf_write(device, bytes, len, err);
    g_free(bytes);
    return ok;
}

// Bytes that aren't UTF-8 become U+FFFD, and so does NUL, which a string of ours couldn't hold.
static char *to_utf8(const GByteArray *bytes)
{
    GString *text = g_string_new(NULL);
    for (guint at = 0; at < bytes->len;) {
        const char *p = (const char *)bytes->data + at, *end;
        gssize left = (gssize)(bytes->len - at);
        (void)g_utf8_validate(p, left, &end); // stops at NUL as well
        g_string_append_len(text, p, end - p);
        at += (guint)(end - p);
        if (at < bytes->len) {
            g_string_append(text, "\357\277\275");
            at++;
        }
    }
    return g_string_free(text, FALSE);
}

static bool ring_read_reply(MonitorCall *call, Error *err)
{
    int64_t size = call_int(call, "size", 0);
    bool base64;
    if (!take_ring_format(call, &base64, err)) {
        return false;
    }
    if (size <= 0) {
        return fail(err, "size must be greater than zero");
    }
    GByteArray *bytes = chardev_ringbuf_read(call_string(call, "device"), (uint64_t)size, err);
    if (!bytes) {
        return false;
    }
    char *text = base64 ? g_base64_encode(bytes->data, bytes->len) : to_utf8(bytes);
    if (call->human) {
        g_string_append_printf(call->text, "%s\n", text);
    }
    JsonNode *node = json_node_new(JSON_NODE_VALUE);
    json_node_set_string(node, text);
    g_free(text);
    g_byte_array_unref(bytes);
    return return_node(call, node);
}

// ---- logging ----

// On the machine thread, which writes most of the log.
static bool log_machine(MonitorCall *call, Control *control, Error *err)
{
    if (log_set_items(call_string(call, "items"), err)) {
        return true;
    }
    g_string_append(call->text, log_items_help());
    return true;
}

static bool logfile_machine(MonitorCall *call, Control *control, Error *err)
{
    return log_set_file(call_string(call, "filename"), err);
}

const MonitorCommand info_commands[] = {
    {.qmp = "query-qmp-schema", .reply = schema_reply},
    {.qmp = "query-chardev-backends", .reply = backends_reply},
    {.qmp = "query-current-machine", .reply = current_machine_reply},
    {.qmp = "query-iothreads", .hmp = "info iothreads", .help = "show iothreads", .reply = none_reply},
    {.qmp = "query-jobs", .reply = none_reply},
    {.qmp = "query-memory-devices", .reply = none_reply},
    {.qmp = "query-mice", .hmp = "info mice", .help = "show which guest mouse is receiving events", .reply = mice_reply},
    {.qmp = "query-rx-filter", .args = "name:s?", .reply = rx_filter_reply},
    {.qmp = "query-memory-size-summary", .hmp = "info memory_size_summary",
     .help = "show the amount of initially allocated and present hotpluggable (if enabled) memory in bytes.",
     .scratch_bytes = sizeof(uint64_t), .machine = memory_machine, .reply = memory_reply},
    {.hmp = "info irq", .help = "show the state of the interrupt controllers", .machine = irq_machine},
    {.hmp = "info pic", .help = "show the state of the interrupt controllers", .machine = irq_machine},
    {.hmp = "info history", .help = "show the command line history", .reply = history_reply},
    {.qmp = "ringbuf-write", .hmp = "ringbuf_write", .args = "device:s,data:s,format:s?", .params = "device data",
     .help = "Write to a ring buffer character device", .reply = ring_write_reply},
    {.qmp = "ringbuf-read", .hmp = "ringbuf_read", .args = "device:s,size:i,format:s?", .params = "device size",
     .help = "Read from a ring buffer character device", .reply = ring_read_reply},
    {.hmp = "log", .args = "items:s", .params = "item1[,...]", .help = "activate logging of the specified items",
     .machine = log_machine},
    {.hmp = "logfile", .args = "filename:s", .params = "filename", .help = "output logs to 'filename'",
     .machine = logfile_machine},
};
const unsigned info_commands_count = G_N_ELEMENTS(info_commands);
