// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration of a machine as a recording keeps it, and what differs between two of them.
//
// "resolved" is a flat list of what the guest can notice: name -> text. Paths, back ends and whatever else the guest can't see isn't in it, so that
// the same recording replays with -serial null, from another folder, with the interpreter.
#include <string.h>

#include <json-glib/json-glib.h>

#include "block/block-host.h"
#include "softmmu/boot-items.h"
#include "softmmu/loader.h"
#include "softmmu/start.h"

static void put(JsonBuilder *b, const char *name, const char *value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_string_value(b, value ? value : "");
}

static void put_number(JsonBuilder *b, const char *name, uint64_t value)
{
    char text[32];
    g_snprintf(text, sizeof(text), "%" G_GUINT64_FORMAT, value);
    put(b, name, text);
}

static void put_image(JsonBuilder *b, const char *name, const BootImage *image)
{
    char *hash = image->nsegments ? loader_hash(image) : g_strdup("none");
    put(b, name, hash);
    g_free(hash);
}

static void put_bytes(JsonBuilder *b, const char *name, const uint8_t *bytes, uint64_t len)
{
    char *hash = bytes ? loader_hash_bytes(bytes, len) : g_strdup("none");
    put(b, name, hash);
    g_free(hash);
}

// Properties that the guest may see; ids of back ends are names only.
static void put_device(JsonBuilder *b, const Device *dev)
{
    GString *text = g_string_new(dev->type->name);
    for (size_t i = 0; i < dev->type->nprops; i++) {
        const Prop *prop = &dev->type->props[i];
        const char *at = (const char *)dev + prop->offset;
        switch (prop->kind) {
        case PROP_STRING: {
            const char *string;
            memcpy(&string, at, sizeof(string));
            g_string_append_printf(text, ",%s=%s", prop->name, string ? string : "");
            break;
        }
        case PROP_U32: g_string_append_printf(text, ",%s=%u", prop->name, *(const uint32_t *)(const void *)at); break;
        case PROP_U64: case PROP_SIZE:
            g_string_append_printf(text, ",%s=%" G_GUINT64_FORMAT, prop->name, *(const uint64_t *)(const void *)at);
            break;
        case PROP_BOOL: g_string_append_printf(text, ",%s=%s", prop->name, *at ? "on" : "off"); break;
        case PROP_MAC:
            g_string_append_printf(text, ",%s=", prop->name);
            for (unsigned n = 0; n < 6; n++) {
                g_string_append_printf(text, "%02x", (uint8_t)at[n]);
            }
            break;
        default: break;
        }
    }
    char *name = g_strdup_printf("device %s", dev->path);
    put(b, name, text->str);
    g_free(name);
    g_string_free(text, TRUE);
}

static void put_item(void *b, const char *name, const char *text)
{
    put(b, name, text);
}

static void put_resolved(JsonBuilder *b, const Start *start)
{
    const Vm *vm = &start->vm;
    const Cmdline *c = start->cmdline;
    put(b, "target", vm->target->name);
    put(b, "machine", vm->type->name);
    put(b, "cpu", c->cpu ? c->cpu : vm->type->default_cpu);
    put_number(b, "smp", vm->ncpus);
    put_number(b, "ram", start->machine_config.ram_bytes);
    if (c->shift_auto) {
        put(b, "icount shift", "auto");
    } else {
        put_number(b, "icount shift", c->shift);
    }
    put(b, "icount sleep", c->sleep ? "on" : "off");
    put_image(b, "firmware", &start->boot.firmware);
    put_image(b, "kernel", &start->boot.kernel);
    put_bytes(b, "initrd", start->initrd, start->boot.initrd_bytes);
    put_bytes(b, "dtb", start->dtb, start->boot.dtb_bytes);
    put(b, "append", c->append);
    put_number(b, "serial ports", start->machine_config.nserials);
    put(b, "no-reboot", c->no_reboot ? "on" : "off");
    put(b, "rtc", c->rtc && vm->machine->rtc_fixed ? c->rtc : "host");
    for (unsigned i = 0; i < vm->machine->devices->len; i++) {
        put_device(b, vm->machine->devices->pdata[i]);
    }
    items_each(start, put_item, b);
}

char *describe_config(const Start *start)
{
    JsonBuilder *b = json_builder_new();
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "argv");
    json_builder_begin_array(b);
    for (int i = 0; i < start->cmdline->argc; i++) {
        json_builder_add_string_value(b, start->cmdline->argv[i]);
    }
    json_builder_end_array(b);
    json_builder_set_member_name(b, "resolved");
    json_builder_begin_object(b);
    put_resolved(b, start);
    json_builder_end_object(b);
    char *images = block_identity_json();
    JsonNode *node = json_from_string(images, NULL);
    json_builder_set_member_name(b, "images");
    json_builder_add_value(b, node ? node : json_node_new(JSON_NODE_NULL));
    g_free(images);
    json_builder_end_object(b);
    JsonNode *root = json_builder_get_root(b);
    char *text = json_to_string(root, FALSE);
    json_node_free(root);
    g_object_unref(b);
    return text;
}

// ---- comparing ----

static const char *member(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
}

static void differ(GString *out, const char *name, const char *recorded, const char *present)
{
    g_string_append_printf(out, "\n  %s: recorded %s%s%s, now %s%s%s", name, recorded ? "'" : "", recorded ? recorded : "nothing",
                           recorded ? "'" : "", present ? "'" : "", present ? present : "nothing", present ? "'" : "");
}

static void compare_objects(JsonObject *recorded, JsonObject *present, GString *out)
{
    GList *names = json_object_get_members(recorded);
    for (GList *n = names; n; n = n->next) {
        const char *old = member(recorded, n->data), *new = member(present, n->data);
        if (g_strcmp0(old, new) != 0) {
            differ(out, n->data, old, new);
        }
    }
    g_list_free(names);
    names = json_object_get_members(present);
    for (GList *n = names; n; n = n->next) {
        if (!json_object_has_member(recorded, n->data)) {
            differ(out, n->data, NULL, member(present, n->data));
        }
    }
    g_list_free(names);
}

static JsonObject *resolved_of(JsonNode *root)
{
    JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    JsonNode *node = object ? json_object_get_member(object, "resolved") : NULL;
    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

bool describe_compare(const char *recorded_json, const char *present_json, Error *err)
{
    JsonNode *recorded = json_from_string(recorded_json, NULL), *present = json_from_string(present_json, NULL);
    JsonObject *old = resolved_of(recorded), *new = resolved_of(present);
    GString *out = g_string_new(NULL);
    bool ok = true;
    if (!old || !new) {
        ok = fail(err, "Replay: the log's header holds no configuration");
    } else {
        compare_objects(old, new, out);
        if (out->len) {
            ok = fail(err, "Replay: this isn't the machine that was recorded:%s", out->str);
        }
    }
    g_string_free(out, TRUE);
    if (recorded) {
        json_node_free(recorded);
    }
    if (present) {
        json_node_free(present);
    }
    return ok;
}
