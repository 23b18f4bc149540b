// SPDX-License-Identifier: GPL-2.0-or-later
// Nodes: from option text or JSON to a NodeSpec. Names, values and messages are those that QEMU's
// users know.
//
// Every key is looked up in one table; a key that a driver doesn't have is refused, so that nothing
// that would change a disk's behaviour is ignored.
#include <string.h>

#include "block/node.h"
#include "core/options.h"

NodeSpec *node_new(void)
{
    NodeSpec *node = g_new0(NodeSpec, 1);
    node->read_only = node->auto_read_only = node->direct = node->no_flush = NODE_DEFAULT;
    node->discard = node->detect_zeroes = node->locking = node->read_zeroes = NODE_DEFAULT;
    node->aio = NODE_DEFAULT;
    return node;
}

void node_free(NodeSpec *node)
{
    if (node) {
        g_free(node->ref);
        g_free(node->name);
        g_free(node->driver);
        g_free(node->filename);
        node_free(node->file);
        node_free(node->backing);
        node_free(node->image);
        g_free(node);
    }
}

// ---- drivers and their keys ----

enum { FORMAT = 1, FILE_LIKE = 2, NULL_LIKE = 4, FILTER = 8, RAW = 16, QCOW2 = 32 };

static const struct {
    const char *name;
    unsigned class;
} drivers[] = {
    {"raw", FORMAT | RAW},        {"qcow2", FORMAT | QCOW2}, {"file", FILE_LIKE},
    {"host_device", FILE_LIKE},   {"null-co", NULL_LIKE},    {"null-aio", NULL_LIKE},
    {"blkreplay", FILTER},
};

static unsigned driver_class(const char *driver)
{
    for (unsigned i = 0; driver && i < G_N_ELEMENTS(drivers); i++) {
        if (strcmp(driver, drivers[i].name) == 0) {
            return drivers[i].class;
        }
    }
    return driver ? 0 : FORMAT | QCOW2 | RAW; // found by looking
}

bool node_is_protocol(const char *driver)
{
    return driver && (driver_class(driver) & (FILE_LIKE | NULL_LIKE));
}

bool node_is_null(const char *driver)
{
    return driver && (driver_class(driver) & NULL_LIKE);
}

typedef enum KeyKind {
    KEY_STRING,
    KEY_BOOL,
    KEY_SIZE,
    KEY_CHOICE,
    KEY_CHILD,
    KEY_FIXED, // of the values known, all mean the same here
} KeyKind;

typedef struct Key {
    const char *name;
    KeyKind kind;
    unsigned classes; // of drivers that have it
    size_t offset;
    const char *values[5]; // CHOICE: name of 0, 1, 2; FIXED: those accepted
} Key;

enum { ANY = ~0 };
#define IN(member) offsetof(NodeSpec, member)
static const Key keys[] = {
    {"driver", KEY_STRING, ANY, IN(driver), {0}},
    {"node-name", KEY_STRING, ANY, IN(name), {0}},
    {"read-only", KEY_BOOL, ANY, IN(read_only), {0}},
    {"auto-read-only", KEY_BOOL, ANY, IN(auto_read_only), {0}},
    {"force-share", KEY_FIXED, ANY, 0, {"off"}},
    {"discard", KEY_CHOICE, ANY, IN(discard), {"ignore", "unmap"}},
    {"detect-zeroes", KEY_CHOICE, ANY, IN(detect_zeroes), {"off", "on", "unmap"}},
    {"cache.direct", KEY_BOOL, ANY, IN(direct), {0}},
    {"cache.no-flush", KEY_BOOL, ANY, IN(no_flush), {0}},
    {"filename", KEY_STRING, FILE_LIKE, IN(filename), {0}},
    {"locking", KEY_CHOICE, FILE_LIKE, IN(locking), {"off", "on", "auto"}},
    // Threads carry out requests in any case.
    {"aio", KEY_CHOICE, FILE_LIKE, IN(aio), {"threads", "native", "io_uring"}},
    {"aio-max-batch", KEY_FIXED, FILE_LIKE, 0, {"0"}},
    {"pr-manager", KEY_FIXED, FILE_LIKE, 0, {""}},
    {"drop-cache", KEY_FIXED, FILE_LIKE, 0, {"on", "off"}},
    {"x-check-cache-dropped", KEY_FIXED, FILE_LIKE, 0, {"off"}},
    {"file", KEY_CHILD, FORMAT, IN(file), {0}},
    {"offset", KEY_SIZE, RAW, IN(offset), {0}},
    {"size", KEY_SIZE, RAW | NULL_LIKE, IN(size), {0}},
    {"backing", KEY_CHILD, QCOW2, IN(backing), {0}},
    // Counts are always right on the disk, which is more than lazy ones ask for.
    {"lazy-refcounts", KEY_FIXED, QCOW2, 0, {"on", "off"}},
    {"pass-discard-request", KEY_FIXED, QCOW2, 0, {"on"}},
    {"pass-discard-snapshot", KEY_FIXED, QCOW2, 0, {"on"}},
    {"pass-discard-other", KEY_FIXED, QCOW2, 0, {"off"}},
    {"overlap-check", KEY_FIXED, QCOW2, 0, {"cached", "constant", "none", "all"}},
    {"cache-size", KEY_FIXED, QCOW2, 0, {NULL}},
    {"l2-cache-size", KEY_FIXED, QCOW2, 0, {NULL}},
    {"refcount-cache-size", KEY_FIXED, QCOW2, 0, {NULL}},
    {"cache-clean-interval", KEY_FIXED, QCOW2, 0, {NULL}},
    {"latency-ns", KEY_FIXED, NULL_LIKE, 0, {"0"}},
    {"read-zeroes", KEY_BOOL, NULL_LIKE, IN(read_zeroes), {0}},
    {"image", KEY_CHILD, FILTER, IN(image), {0}},
};

// ---- values ----

static bool wrong_type(const Key *key, Error *err)
{
    return fail(err, "Invalid parameter type for '%s', expected: %s", key->name,
                key->kind == KEY_BOOL   ? "boolean"
                : key->kind == KEY_SIZE ? "integer"
                                        : "string");
}

// The value as text, whatever its JSON type; g_free. NULL: it has another type than the key.
static char *value_text(const Key *key, JsonNode *value, NodeSource source, Error *err)
{
    GType type = JSON_NODE_HOLDS_VALUE(value) ? json_node_get_value_type(value) : G_TYPE_INVALID;
    if (type == G_TYPE_STRING && (source != NODE_JSON || (key->kind != KEY_BOOL && key->kind != KEY_SIZE))) {
        return g_strdup(json_node_get_string(value));
    }
    if (type == G_TYPE_BOOLEAN && (key->kind == KEY_BOOL || key->kind == KEY_FIXED)) {
        return g_strdup(json_node_get_boolean(value) ? "on" : "off");
    }
    if (type == G_TYPE_INT64 && (key->kind == KEY_SIZE || key->kind == KEY_FIXED)) {
        return g_strdup_printf("%lld", (long long)json_node_get_int(value));
    }
    wrong_type(key, err);
    return NULL;
}

static bool choose(const Key *key, const char *text, NodeChoice *choice, Error *err)
{
    static const char *const synonyms[][2] = {{"on", "unmap"}, {"off", "ignore"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(synonyms); i++) {
        if (strcmp(key->name, "discard") == 0 && strcmp(text, synonyms[i][0]) == 0) {
            text = synonyms[i][1];
        }
    }
    for (unsigned i = 0; i < 3 && key->values[i]; i++) {
        if (strcmp(text, key->values[i]) == 0) {
            *choice = (NodeChoice)i;
            return true;
        }
    }
    return strcmp(key->name, "discard") == 0
               ? fail(err, "Invalid discard option")
               : fail(err, "Parameter '%s' does not accept value '%s'", key->name, text);
}

static bool check_fixed(const Key *key, const char *text, Error *err)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(key->values) && key->values[i]; i++) {
        if (strcmp(text, key->values[i]) == 0) {
            return true;
        }
    }
    return !key->values[0] || fail(err, "%s=%s is not supported (only %s=%s is)", key->name, text,
                                   key->name, key->values[0]);
}

static bool set_value(NodeSpec *node, const Key *key, const char *text, Error *err)
{
    void *at = (char *)node + key->offset;
    bool on = false;
    switch (key->kind) {
    case KEY_STRING:
        g_free(*(char **)at);
        *(char **)at = g_strdup(text);
        return true;
    case KEY_BOOL:
        if (!parse_bool(key->name, text, &on, err)) {
            return false;
        }
        *(NodeChoice *)at = on ? NODE_ON : NODE_OFF;
        return true;
    case KEY_SIZE:
        node->size_given = node->size_given || strcmp(key->name, "size") == 0;
        return parse_size_named(key->name, text, at, 0, err);
    case KEY_CHOICE: return choose(key, text, at, err);
    default: return check_fixed(key, text, err);
    }
}

static NodeSpec *parse_child(JsonNode *value, NodeSource source, Error *err)
{
    if (JSON_NODE_HOLDS_OBJECT(value)) {
        return node_parse(json_node_get_object(value), source, err);
    }
    if (JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_STRING) {
        NodeSpec *child = node_new();
        child->ref = g_strdup(json_node_get_string(value));
        return child;
    }
    fail(err, "a node must be an object or the name of one");
    return NULL;
}

// ---- nodes ----

static const Key *key_find(const char *name, unsigned class)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(keys[i].name, name) == 0 && (keys[i].classes & class)) {
            return &keys[i];
        }
    }
    return NULL;
}

static bool unknown(const char *name, NodeSource source, Error *err)
{
    return source == NODE_DRIVE ? fail(err, "Invalid parameter '%s'", name)
                                : fail(err, "Parameter '%s' is unexpected", name);
}

static bool take_member(NodeSpec *node, const char *name, JsonNode *value, NodeSource source,
                        Error *err)
{
    const Key *key = key_find(name, driver_class(node->driver));
    if (!key) {
        return unknown(name, source, err);
    }
    if (key->kind == KEY_CHILD) {
        bool none = JSON_NODE_HOLDS_NULL(value) ||
                    (JSON_NODE_HOLDS_VALUE(value) &&
                     json_node_get_value_type(value) == G_TYPE_STRING &&
                     json_node_get_string(value)[0] == '\0');
        if (strcmp(name, "backing") == 0 && none) {
            node->no_backing = true;
            return true;
        }
        NodeSpec **child = (NodeSpec **)(void *)((char *)node + key->offset);
        *child = parse_child(value, source, err);
        return *child;
    }
    char *text = value_text(key, value, source, err);
    bool ok = text && set_value(node, key, text, err);
    g_free(text);
    return ok;
}

// "cache": {"direct": true} is one object, and two keys of the table.
static bool take_cache(NodeSpec *node, JsonNode *value, NodeSource source, Error *err)
{
    if (!JSON_NODE_HOLDS_OBJECT(value)) {
        return fail(err, "Invalid parameter type for 'cache', expected: object");
    }
    JsonObject *cache = json_node_get_object(value);
    JsonObjectIter iter;
    const char *name;
    JsonNode *member;
    bool ok = true;
    json_object_iter_init_ordered(&iter, cache);
    while (ok && json_object_iter_next_ordered(&iter, &name, &member)) {
        char *full = g_strconcat("cache.", name, NULL);
        ok = take_member(node, full, member, source, err);
        g_free(full);
    }
    return ok;
}

bool node_id_ok(const char *name)
{
    bool ok = g_ascii_isalpha(name[0]);
    for (const char *p = name; *p; p++) {
        ok = ok && (g_ascii_isalnum(*p) || strchr("-._", *p));
    }
    return ok;
}

bool node_name_ok(const char *name)
{
    return node_id_ok(name) && strlen(name) < 32;
}

static bool check_node(const NodeSpec *node, NodeSource source, Error *err)
{
    unsigned class = driver_class(node->driver);
    if (node->name && !node_name_ok(node->name)) {
        return fail(err, "Invalid node-name: '%s'", node->name);
    }
    if ((class & FILE_LIKE) && !node->filename) {
        return source == NODE_DRIVE
                   ? fail(err, "The '%s' block driver requires a file name", node->driver)
                   : fail(err, "Parameter 'filename' is missing");
    }
    if ((class & (FORMAT | FILTER)) && !node->file && !node->image) {
        const char *child = class & FILTER ? "image" : "file";
        return source != NODE_TEXT
                   ? fail(err, "A block device must be specified for \"%s\"", child)
                   : fail(err, "Parameter '%s' is missing", child);
    }
    return true;
}

static bool read_driver(NodeSpec *node, JsonObject *object, NodeSource source, Error *err)
{
    JsonNode *driver = json_object_get_member(object, "driver");
    if (!driver) {
        // A file's name alone says that it is a file.
        if (json_object_has_member(object, "filename")) {
            node->driver = g_strdup("file");
        }
        return true;
    }
    if (!take_member(node, "driver", driver, source, err)) {
        return false;
    }
    if (driver_class(node->driver) == 0) {
        return source == NODE_DRIVE
                   ? fail(err, "Unknown driver '%s'", node->driver)
                   : fail(err, "Parameter 'driver' does not accept value '%s'", node->driver);
    }
    return true;
}

NodeSpec *node_parse(JsonObject *object, NodeSource source, Error *err)
{
    NodeSpec *node = node_new();
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    bool ok = read_driver(node, object, source, err);
    json_object_iter_init_ordered(&iter, object);
    while (ok && json_object_iter_next_ordered(&iter, &name, &value)) {
        if (strcmp(name, "cache") == 0) {
            ok = take_cache(node, value, source, err);
        } else if (strcmp(name, "driver") != 0) {
            ok = take_member(node, name, value, source, err);
        }
    }
    if (!ok || !check_node(node, source, err)) {
        node_free(node);
        return NULL;
    }
    return node;
}

// ---- text ----

bool node_nest(JsonObject *object, const char *key, const char *value, Error *err)
{
    const char *dot = strchr(key, '.');
    if (!dot) {
        JsonNode *old = json_object_get_member(object, key);
        if (old && !JSON_NODE_HOLDS_VALUE(old)) {
            return fail(err, "Parameters '%s' and '%s.*' can't both be given", key, key);
        }
        json_object_set_string_member(object, key, value);
        return true;
    }
    char *name = g_strndup(key, (gsize)(dot - key));
    JsonNode *old = json_object_get_member(object, name);
    bool ok = true;
    if (!old) {
        json_object_set_object_member(object, name, json_object_new());
    } else if (!JSON_NODE_HOLDS_OBJECT(old)) {
        ok = fail(err, "Parameters '%s' and '%s.*' can't both be given", name, name);
    }
    ok = ok && node_nest(json_object_get_object_member(object, name), dot + 1, value, err);
    g_free(name);
    return ok;
}

typedef struct Nest {
    JsonObject *object;
    Error *err;
    bool ok;
} Nest;

static void nest_pair(void *ctx, const char *key, const char *value)
{
    Nest *nest = ctx;
    nest->ok = nest->ok && node_nest(nest->object, key, value, nest->err);
}

static NodeSpec *parse_json(const char *text, Error *err)
{
    GError *error = NULL;
    NodeSpec *node = NULL;
    JsonNode *root = json_from_string(text, &error);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        fail(err, "%s", error ? error->message : "JSON object expected");
    } else {
        node = node_parse(json_node_get_object(root), NODE_JSON, err);
    }
    g_clear_error(&error);
    g_clear_pointer(&root, json_node_unref);
    return node;
}

NodeSpec *node_parse_text(const char *text, Error *err)
{
    NodeSpec *node = NULL;
    if (text[0] == '{') {
        node = parse_json(text, err);
    } else {
        Options *options = options_parse(text, "driver", err);
        if (!options) {
            return NULL;
        }
        Nest nest = {json_object_new(), err, true};
        options_each(options, nest_pair, &nest);
        node = nest.ok ? node_parse(nest.object, NODE_TEXT, err) : NULL;
        json_object_unref(nest.object);
        options_free(options);
    }
    if (node && !node->driver) {
        fail(err, "Parameter 'driver' is missing");
        g_clear_pointer(&node, node_free);
    }
    return node;
}

NodeSpec *node_parse_pseudo(const char *name, Error *err)
{
    NodeSpec *node = parse_json(name + strlen("json:"), err);
    if (!node) {
        fail_prefix(err, "Could not parse the JSON options");
    }
    return node;
}
