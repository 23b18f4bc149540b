// SPDX-License-Identifier: GPL-2.0-or-later
// Are a DeviceType's tables right? Checked whenever a device is made, so that a forgotten field is
// found at start-up.
//
// The fields must cover the state exactly: every byte is in one field, up to the last. Where the
// compiler would pad, the struct has a pad member that is in the table too; otherwise a small
// member could hide in what looks like padding. A field that is itself a struct can still have
// holes, which no table shows: pad those as well.
#include <string.h>

#include "core/device.h"

static const Field *field_from(const DeviceType *type, uint64_t offset)
{
    const Field *next = NULL;
    for (size_t i = 0; i < type->nfields; i++) {
        const Field *field = &type->fields[i];
        if (field->offset >= offset && (!next || field->offset < next->offset)) {
            next = field;
        }
    }
    return next;
}

static bool check_field(const DeviceType *type, const Field *field, Error *err)
{
    if (field->size == 0 || field->element == 0 || field->size % field->element != 0) {
        return fail(err, "%s: field '%s' isn't made of whole elements", type->name, field->name);
    }
    if (field->kind == FIELD_KIND_TIMER) {
        if (field->size % sizeof(Timer) != 0 || field->offset % _Alignof(Timer) != 0) {
            return fail(err, "%s: field '%s' isn't made of timers", type->name, field->name);
        }
        if (!type->expired) {
            return fail(err, "%s: has timers but no 'expired'", type->name);
        }
    }
    return true;
}

static bool check_fields(const DeviceType *type, Error *err)
{
    uint64_t covered = 0;
    for (size_t i = 0; i < type->nfields; i++) {
        if (!check_field(type, &type->fields[i], err)) {
            return false;
        }
    }
    for (size_t i = 0; i < type->nfields; i++) {
        const Field *field = field_from(type, covered);
        if (!field) {
            // Fewer starts than fields from here on: some begins inside another.
            return fail(err, "%s: fields overlap before byte %d of the state", type->name,
                        (int)covered);
        }
        if (field->offset > covered) {
            return fail(err, "%s: state before '%s' (bytes %u to %u) is not in its field table",
                        type->name, field->name, (unsigned)covered, field->offset - 1);
        }
        covered += field->size;
    }
    if (covered > type->state_size) {
        return fail(err, "%s: fields end at byte %u of a state of %zu", type->name,
                    (unsigned)covered, type->state_size);
    }
    if (covered < type->state_size) {
        return fail(
            err,
            "%s: state after byte %u of %zu is not in its field table (padding is declared too)",
            type->name, (unsigned)covered, type->state_size);
    }
    return true;
}

static bool power_of_two_to_8(unsigned size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

static bool check_mmio(const DeviceType *type, Error *err)
{
    for (size_t i = 0; i < type->nmmio; i++) {
        const MmioRegion *region = &type->mmio[i];
        if (!region->name || region->size_bytes == 0) {
            return fail(err, "%s: MMIO region %zu has no name or no size", type->name, i);
        }
        if (!power_of_two_to_8(region->access_min) || !power_of_two_to_8(region->access_max) ||
            region->access_min > region->access_max ||
            region->size_bytes % region->access_min != 0) {
            return fail(err, "%s: MMIO region '%s' has wrong access sizes", type->name,
                        region->name);
        }
        for (size_t j = 0; j < region->nregs; j++) {
            if (region->regs[j].offset >= region->size_bytes) {
                return fail(err, "%s: register %s lies outside '%s'", type->name,
                            region->regs[j].name, region->name);
            }
        }
    }
    return true;
}

static uint32_t prop_size(const Prop *prop)
{
    switch ((PropKind)prop->kind) {
    case PROP_U32: return sizeof(uint32_t);
    case PROP_U64:
    case PROP_SIZE: return sizeof(uint64_t);
    case PROP_BOOL: return sizeof(bool);
    case PROP_MAC: return 6;
    case PROP_STRING:
    case PROP_DRIVE:
    case PROP_NETDEV:
    case PROP_CHARDEV: return sizeof(char *);
    }
    return 0;
}

static bool check_props(const DeviceType *type, Error *err)
{
    for (size_t i = 0; i < type->nprops; i++) {
        const Prop *prop = &type->props[i];
        uint64_t size = prop_size(prop), end = prop->offset + size;
        bool in_state =
            prop->offset < type->state_offset + type->state_size && end > type->state_offset;
        if (size == 0 || prop->offset < sizeof(Device) || end > type->instance_size || in_state) {
            return fail(err, "%s: property '%s' must lie in the device, outside its state",
                        type->name, prop->name);
        }
        for (size_t j = 0; j < i; j++) {
            if (!strcmp(type->props[j].name, prop->name)) {
                return fail(err, "%s: two properties '%s'", type->name, prop->name);
            }
        }
    }
    return true;
}

bool device_check(const DeviceType *type, Error *err)
{
    if (type->instance_size < sizeof(Device) ||
        (type->state_size > 0 &&
         (type->state_offset < sizeof(Device) || type->state_size > type->instance_size ||
          type->state_offset > type->instance_size - type->state_size))) {
        return fail(err, "%s: the state must lie in the device, after its Device", type->name);
    }
    return check_fields(type, err) && check_mmio(type, err) && check_props(type, err);
}
