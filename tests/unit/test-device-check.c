// SPDX-License-Identifier: GPL-2.0-or-later
// What device_check finds, and properties: wrong tables of every sort, one at a time.
//
// Each case changes one thing of a type that is right.
#include <string.h>

#include "core/device.h"
#include "tests/device/fake-world.h"

typedef struct Thing {
    Device dev;
    uint32_t count;
    uint64_t long_count, size;
    bool on;
    uint8_t mac[6];
    char *text;
    struct ThingState {
        uint64_t first;
        Timer timers[2];
        uint32_t third;
        uint8_t last; // small and trailing
        uint8_t pad[3];
    } s;
} Thing;

static const Field right[] = {
    FIELD(struct ThingState, first), FIELD_TIMER(struct ThingState, timers),
    FIELD(struct ThingState, third), FIELD(struct ThingState, last),
    FIELD(struct ThingState, pad),
};
enum { NFIELDS = G_N_ELEMENTS(right) };

static const Prop props[] = {
    {"count", "", PROP_U32, offsetof(Thing, count), "3"},
    {"long", "", PROP_U64, offsetof(Thing, long_count), NULL},
    {"size", "", PROP_SIZE, offsetof(Thing, size), "2M"},
    {"on", "", PROP_BOOL, offsetof(Thing, on), "on"},
    {"mac", "", PROP_MAC, offsetof(Thing, mac), "52:54:00:12:34:56"},
    {"text", "", PROP_DRIVE, offsetof(Thing, text), NULL},
};

static void expired(Device *dev, Timer *timer) {}

static const DeviceType right_type = {
    .name = "thing",
    .instance_size = sizeof(Thing),
    .state_offset = offsetof(Thing, s),
    .state_size = sizeof(struct ThingState),
    .fields = right,
    .nfields = NFIELDS,
    .props = props,
    .nprops = G_N_ELEMENTS(props),
    .expired = expired,
};

static void assert_refused(const DeviceType *type, const char *part_of_message)
{
    Error err = {""};
    g_assert_false(device_check(type, &err));
    g_assert_nonnull(strstr(err.msg, part_of_message));
}

static void test_missing_field(void)
{
    static const char *const messages[NFIELDS] = {
        "state before 'timers' (bytes 0 to 7)",
        "state before 'third' (bytes 8 to 39)",
        "state before 'last' (bytes 40 to 43)",
        "state before 'pad' (bytes 44 to 44)",
        "state after byte 45 of 48",
    };
    Error err;
    g_assert_true(device_check(&right_type, &err));
    for (unsigned missing = 0; missing < NFIELDS; missing++) {
        Field fields[NFIELDS - 1];
        unsigned n = 0;
        for (unsigned i = 0; i < NFIELDS; i++) {
            if (i != missing) {
                fields[n++] = right[i];
            }
        }
        DeviceType type = right_type;
        type.fields = fields;
        type.nfields = n;
        assert_refused(&type, messages[missing]);
    }
    // `last` and its padding both forgotten: the hole that alignment would hide.
    DeviceType type = right_type;
    type.nfields = NFIELDS - 2;
    assert_refused(&type, "state after byte 44 of 48");
    type.nfields = 0;
    assert_refused(&type, "state after byte 0 of 48");
}

static void test_any_order(void)
{
    Field fields[NFIELDS];
    Error err;
    for (unsigned i = 0; i < NFIELDS; i++) {
        fields[i] = right[NFIELDS - 1 - i];
    }
    DeviceType type = right_type;
    type.fields = fields;
    g_assert_true(device_check(&type, &err));
}

static void test_wrong_fields(void)
{
    Field fields[NFIELDS];
    DeviceType type = right_type;
    type.fields = fields;
    memcpy(fields, right, sizeof(right));
    fields[3].size = 2; // reaches into the padding
    fields[3].element = 1;
    assert_refused(&type, "overlap");
    memcpy(fields, right, sizeof(right));
    fields[4] = fields[3]; // twice
    assert_refused(&type, "overlap");
    memcpy(fields, right, sizeof(right));
    fields[4].size = 4; // past the end
    fields[4].element = 4;
    assert_refused(&type, "fields end at byte 49");
    memcpy(fields, right, sizeof(right));
    fields[0].kind = FIELD_KIND_TIMER;
    assert_refused(&type, "isn't made of timers");
    memcpy(fields, right, sizeof(right));
    fields[0].element = 3;
    assert_refused(&type, "whole elements");
    type = right_type;
    type.expired = NULL;
    assert_refused(&type, "no 'expired'");
    type = right_type;
    type.state_offset = offsetof(Thing, s) + 8;
    assert_refused(&type, "must lie in the device");
}

static void test_wrong_mmio(void)
{
    static const Reg regs[] = {{0x10, "OUTSIDE"}};
    MmioRegion region = {"r", 0x10, .access_min = 4, .access_max = 4};
    DeviceType type = right_type;
    type.mmio = &region;
    type.nmmio = 1;
    Error err;
    g_assert_true(device_check(&type, &err));
    region.access_max = 2;
    assert_refused(&type, "access sizes");
    region.access_max = 12;
    assert_refused(&type, "access sizes");
    region.access_max = 4;
    region.access_min = 0;
    assert_refused(&type, "access sizes");
    region.access_min = 4;
    region.size_bytes = 0x12;
    assert_refused(&type, "access sizes");
    region.size_bytes = 0x10;
    region.regs = regs;
    region.nregs = 1;
    assert_refused(&type, "OUTSIDE");
}

static void test_wrong_props(void)
{
    Prop two[2] = {props[0], props[1]};
    DeviceType type = right_type;
    type.props = two;
    type.nprops = 2;
    two[1].name = "count";
    assert_refused(&type, "two properties 'count'");
    two[1] = props[1];
    two[1].offset = offsetof(Thing, s.first); // configuration isn't state
    assert_refused(&type, "'long' must lie");
    two[1].offset = sizeof(Thing) - 4;
    assert_refused(&type, "'long' must lie");
    two[1].offset = offsetof(Device, index);
    assert_refused(&type, "'long' must lie");
}

static void assert_not_set(Thing *thing, const char *name, const char *value, const char *message)
{
    Error err = {""};
    g_assert_false(device_set(&thing->dev, name, value, &err));
    g_assert_cmpstr(err.msg, ==, message);
}

static void test_properties(void)
{
    World *w = world_new();
    Error err;
    Thing *thing = (Thing *)device_new(w->machine, &right_type, NULL, NULL);
    g_assert_cmpuint(thing->count, ==, 3);
    g_assert_cmpuint(thing->size, ==, 2 << 20);
    g_assert_true(thing->on);
    g_assert_cmpmem(thing->mac, 6, "\x52\x54\x00\x12\x34\x56", 6);
    g_assert_null(thing->text);
    g_assert_true(device_set(&thing->dev, "long", "0xffffffffffffffff", &err));
    g_assert_cmphex(thing->long_count, ==, UINT64_MAX);
    g_assert_true(device_set(&thing->dev, "on", "no", &err));
    g_assert_false(thing->on);
    g_assert_true(device_set(&thing->dev, "text", "a", &err));
    g_assert_true(device_set(&thing->dev, "text", "disk0", &err));
    g_assert_cmpstr(thing->text, ==, "disk0");
    assert_not_set(thing, "count", "abc", "Parameter 'count' expects integer");
    assert_not_set(thing, "count", "4294967296",
                   "Property 'thing.count' doesn't take value '4294967296' (maximum: 4294967295)");
    assert_not_set(thing, "on", "maybe", "Parameter 'on' expects 'on' or 'off'");
    assert_not_set(thing, "mac", "52:54:00:12:34",
                   "Property 'thing.mac' doesn't take value '52:54:00:12:34'");
    assert_not_set(thing, "mac", "52:54:00:12:34:5g",
                   "Property 'thing.mac' doesn't take value '52:54:00:12:34:5g'");
    assert_not_set(thing, "mac", "52:54:00:12:34:567",
                   "Property 'thing.mac' doesn't take value '52:54:00:12:34:567'");
    assert_not_set(thing, "size", "x", "Parameter 'size' expects a non-negative number below 2^64");
    assert_not_set(thing, "foo", "1", "Property 'thing.foo' not found");
    g_assert_cmpuint(thing->count, ==, 3);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device-check/missing-field", test_missing_field);
    g_test_add_func("/device-check/any-order", test_any_order);
    g_test_add_func("/device-check/wrong-fields", test_wrong_fields);
    g_test_add_func("/device-check/wrong-mmio", test_wrong_mmio);
    g_test_add_func("/device-check/wrong-props", test_wrong_props);
    g_test_add_func("/device-check/properties", test_properties);
    return g_test_run();
}
