// SPDX-License-Identifier: GPL-2.0-or-later
// Devices: creation, names, properties, interrupt lines, guest errors, digests.
//
// An interrupt line keeps no level: the sink's state does. So there is nothing to save, and a sink
// sees every call.
#define XXH_STATIC_LINKING_ONLY
#include <assert.h>
#include <stdarg.h>
#include <string.h>
#include <xxhash.h>

#include "core/internal.h"
#include "core/options.h"
#include "util/log.h"

enum { GUEST_ERRORS_SHOWN = 100 };

void *device_state(Device *dev)
{
    return (uint8_t *)dev + dev->type->state_offset;
}

// The first device of a name has the plain name, the next ones "name[1]", "name[2]", …: a path
// doesn't change when another device is added after it.
static char *device_path(const Machine *machine, const DeviceType *type, const Device *parent)
{
    unsigned before = 0;
    for (unsigned i = 0; i < machine->devices->len; i++) {
        const Device *other = g_ptr_array_index(machine->devices, i);
        before += other->parent == parent && !strcmp(other->type->name, type->name);
    }
    char *name = parent ? g_strdup_printf("%s/%s", parent->path, type->name) : g_strdup(type->name);
    if (before == 0) {
        return name;
    }
    char *path = g_strdup_printf("%s[%u]", name, before);
    g_free(name);
    return path;
}

// After the inner device was made: a global of the outer type may be one of its properties.
static void set_globals(Device *dev)
{
    GArray *globals = machine_internal(dev->machine)->globals;
    Error err;
    for (unsigned i = 0; i < globals->len; i++) {
        const DeviceGlobal *global = &g_array_index(globals, DeviceGlobal, i);
        if (global->type == dev->type) {
            bool ok = device_set(dev, global->prop, global->value, &err);
            assert(ok); // device_global has tried it
        }
    }
}

Device *device_new(Machine *machine, const DeviceType *type, const char *id, Device *parent)
{
    Error err;
    bool sound = device_check(type, &err);
    if (!sound) {
        g_printerr("%s\n", err.msg);
    }
    assert(sound);
    Device *dev = g_malloc0(type->instance_size);
    dev->type = type;
    dev->machine = machine;
    dev->id = g_strdup(id);
    dev->path = device_path(machine, type, parent);
    dev->parent = parent;
    dev->index = machine->devices->len;
    dev->irq_number = -1;
    for (size_t i = 0; i < type->nprops; i++) {
        if (type->props[i].def) {
            bool ok = device_set(dev, type->props[i].name, type->props[i].def, &err);
            assert(ok); // the default is the table's: see device_check
        }
    }
    g_ptr_array_add(machine->devices, dev);
    timers_register(dev);
    dev->inner = type->inner ? device_new(machine, type->inner, NULL, dev) : NULL;
    set_globals(dev);
    return dev;
}

static bool prop_is_text(const Prop *prop)
{
    return prop->kind == PROP_STRING || prop->kind == PROP_DRIVE || prop->kind == PROP_NETDEV ||
           prop->kind == PROP_CHARDEV;
}

void device_free(Device *dev)
{
    const DeviceType *type = dev->type;
    if (type->unrealize) {
        type->unrealize(dev);
    }
    for (size_t i = 0; i < type->nprops; i++) {
        if (prop_is_text(&type->props[i])) {
            g_free(*(char **)((uint8_t *)dev + type->props[i].offset));
        }
    }
    g_free(dev->id);
    g_free(dev->path);
    g_free(dev);
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
    uint8_t bytes[6];
    for (unsigned i = 0; i < 6; i++) {
        int high = g_ascii_xdigit_value(text[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);
        if (low < 0 || text[2] != (i < 5 ? ':' : '\0')) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
        text += 3;
    }
    memcpy(mac, bytes, 6);
    return true;
}

static bool set_number(const DeviceType *type, const Prop *prop, void *slot, const char *value,
                       Error *err)
{
    uint64_t number;
    if (!parse_number(value, &number)) {
        return fail(err, "Parameter '%s' expects integer", prop->name);
    }
    if (prop->kind == PROP_U64) {
        *(uint64_t *)slot = number;
        return true;
    }
    if (number > UINT32_MAX) {
        return fail(err, "Property '%s.%s' doesn't take value '%s' (maximum: 4294967295)",
                    type->name, prop->name, value);
    }
    *(uint32_t *)slot = (uint32_t)number;
    return true;
}

static bool prop_set(const DeviceType *type, const Prop *prop, void *slot, const char *value,
                     Error *err)
{
    switch ((PropKind)prop->kind) {
    case PROP_U32:
    case PROP_U64: return set_number(type, prop, slot, value, err);
    case PROP_SIZE: return parse_size_named(prop->name, value, slot, 0, err);
    case PROP_BOOL: return parse_bool(prop->name, value, slot, err);
    case PROP_MAC:
        return parse_mac(value, slot) ||
               fail(err, "Property '%s.%s' doesn't take value '%s'", type->name, prop->name, value);
    case PROP_STRING:
    case PROP_DRIVE:
    case PROP_NETDEV:
    case PROP_CHARDEV:
        g_free(*(char **)slot);
        *(char **)slot = g_strdup(value);
        return true;
    }
    assert(false); // device_check knows the kinds
}

static const Prop *find_prop(const DeviceType *type, const char *name)
{
    for (size_t i = 0; i < type->nprops; i++) {
        if (!strcmp(type->props[i].name, name)) {
            return &type->props[i];
        }
    }
    return NULL;
}

bool device_set(Device *dev, const char *name, const char *value, Error *err)
{
    const Prop *prop = find_prop(dev->type, name);
    const Prop *inner = !prop && dev->inner ? find_prop(dev->inner->type, name) : NULL;
    if (!prop && !inner) {
        return fail(err, "Property '%s.%s' not found", dev->type->name, name);
    }
    // Messages name the device that the user asked for.
    return prop ? prop_set(dev->type, prop, (uint8_t *)dev + prop->offset, value, err)
                : prop_set(dev->type, inner, (uint8_t *)dev->inner + inner->offset, value, err);
}

bool device_realize(Device *dev, Error *err)
{
    return (!dev->type->realize || dev->type->realize(dev, err)) &&
           (!dev->inner || device_realize(dev->inner, err));
}

// ---- -global ----

// Tries a value on a slot of its own, so that a wrong one is told at once.
static bool global_fits(const DeviceType *type, const char *name, const char *value, Error *err)
{
    const Prop *prop = find_prop(type, name);
    prop = !prop && type->inner ? find_prop(type->inner, name) : prop;
    if (!prop) {
        return fail(err, "Property '%s.%s' not found", type->name, name);
    }
    union {
        char *text;
        uint64_t room;
    } slot = {.room = 0};
    bool ok = prop_set(type, prop, &slot, value, err);
    if (ok && prop_is_text(prop)) {
        g_free(slot.text);
    }
    return ok;
}

bool device_global(Machine *machine, const DeviceType *type, const char *prop, const char *value,
                   Error *err)
{
    if (!global_fits(type, prop, value, err)) {
        return fail_prefix(err, "can't apply global %s.%s=%s", type->name, prop, value);
    }
    DeviceGlobal global = {type, g_strdup(prop), g_strdup(value)};
    g_array_append_val(machine_internal(machine)->globals, global);
    return true;
}

void device_globals_free(GArray *globals)
{
    for (unsigned i = 0; i < globals->len; i++) {
        DeviceGlobal *global = &g_array_index(globals, DeviceGlobal, i);
        g_free(global->prop);
        g_free(global->value);
    }
    g_array_free(globals, TRUE);
}

void irq_connect(Device *dev, unsigned output, Device *sink, unsigned input)
{
    assert(output < DEVICE_IRQS && (!sink || sink->type->irq_in));
    dev->irq[output] = (IrqLine){sink, input};
}

void irq_set(Device *dev, unsigned output, bool level)
{
    assert(output < DEVICE_IRQS);
    const IrqLine *line = &dev->irq[output];
    if (line->sink) {
        line->sink->type->irq_in(line->sink, line->input, level);
    }
}

void guest_error(Device *dev, const char *fmt, ...)
{
    if (dev->error_count > GUEST_ERRORS_SHOWN) {
        return;
    }
    if (dev->error_count++ == GUEST_ERRORS_SHOWN) {
        log_printf(LOG_GUEST_ERRORS, "%s: further messages suppressed\n", dev->path);
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    log_printf(LOG_GUEST_ERRORS, "%s: %s\n", dev->path, text);
    g_free(text);
}

uint64_t device_digest(Device *dev, uint64_t seed)
{
    const uint8_t *state = device_state(dev);
    XXH3_state_t digest;
    XXH3_INITSTATE(&digest);
    XXH3_64bits_reset_withSeed(&digest, seed);
    for (size_t i = 0; i < dev->type->nfields; i++) {
        XXH3_64bits_update(&digest, state + dev->type->fields[i].offset, dev->type->fields[i].size);
    }
    return XXH3_64bits_digest(&digest);
}
