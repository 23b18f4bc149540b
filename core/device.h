// SPDX-License-Identifier: GPL-2.0-or-later
// The whole contract between a device model and the machine that it sits in.
//
// A device is one designated initialiser of DeviceType beside a state struct of plain fields, all
// named in a field table. From the tables come snapshots, reset, digests, `info qtree`, traces,
// `-device X,help` and fuzzing; device_check() proves that the fields tile the state.
#pragma once
#include "core/machine.h"

// ---- tables ----

typedef enum FieldKind { FIELD_KIND_DATA, FIELD_KIND_TIMER } FieldKind;
typedef struct Field {
    const char *name;
    uint32_t offset, size; // bytes, from the start of the state struct
    uint32_t element;      // bytes of one element (size / element elements), for printing
    uint8_t kind;          // FieldKind
} Field;

// clang-format off
#define FIELD_SIZE(type, member) ((uint32_t)sizeof(((type *)0)->member))
#define FIELD_OF(type, member, element, kind) \
    { #member, offsetof(type, member), FIELD_SIZE(type, member), element, kind }
// Bytes that the compiler would add are declared as a member (`uint8_t pad[3]`): a field, too.
#define FIELD(type, member) FIELD_OF(type, member, FIELD_SIZE(type, member), FIELD_KIND_DATA)
#define FIELD_ARRAY(type, member) \
    FIELD_OF(type, member, FIELD_SIZE(type, member[0]), FIELD_KIND_DATA)
// One timer or an array of them.
#define FIELD_TIMER(type, member) FIELD_OF(type, member, sizeof(Timer), FIELD_KIND_TIMER)
// clang-format on
#define LIST(array) .array = (array), .n##array = sizeof(array) / sizeof(*(array))

typedef struct Reg { // names for traces and fuzzing
    uint32_t offset;
    const char *name;
} Reg;

typedef struct MmioRegion {
    const char *name;
    uint64_t size_bytes;
    // Bytes. Wider CPU accesses are split (low address first); narrower ones: see `narrow`.
    uint8_t access_min, access_max;
    bool narrow;     // below access_min reads are widened and writes ignored, instead of refused
    bool big_endian; // the order in memory; `read` and `write` deal in the manual's numbers
    uint64_t (*read)(Device *dev, uint64_t reg, unsigned size);
    void (*write)(Device *dev, uint64_t reg, uint64_t value, unsigned size);
    const Reg *regs;
    size_t nregs;
} MmioRegion;

typedef enum PropKind {
    PROP_STRING,
    PROP_U32,
    PROP_U64,
    PROP_SIZE,
    PROP_BOOL,
    PROP_MAC,
    PROP_DRIVE,
    PROP_NETDEV,
    PROP_CHARDEV
} PropKind;
typedef struct Prop {
    const char *name, *desc;
    uint8_t kind; // PropKind
    // Bytes from the start of the device struct, outside its state, to a char *, uint32_t,
    // uint64_t, bool or uint8_t[6]. DRIVE, NETDEV and CHARDEV are char * (the id); realize looks
    // them up.
    uint32_t offset;
    const char *def; // default as text, NULL: zero
} Prop;

struct DeviceType {
    const char *name; // as in -device
    const char *desc;
    const char *compatible; // device tree, or NULL
    const char *bus;        // kind of bus that it plugs into ("virtio"); NULL: placed by the machine
    const char *offers;     // kind of bus that it offers; NULL: none
    size_t instance_size;   // Device first
    size_t state_offset, state_size;
    const Field *fields;
    size_t nfields;
    const Prop *props;
    size_t nprops;
    const MmioRegion *mmio;
    size_t nmmio;
    bool (*realize)(Device *dev, Error *err); // properties are set; wiring, never state
    void (*unrealize)(Device *dev); // at the machine's end, even if `realize` failed or never ran
    void (*reset)(Device *dev);     // the state is already zero
    // The timer is disarmed; its deadline_ns still says when it was due.
    void (*expired)(Device *dev, Timer *timer);
    void (*irq_in)(Device *dev, unsigned input, bool level);
    // The state was replaced (snapshot, reset): refresh wiring that derives from it, change no
    // state.
    void (*loaded)(Device *dev);
    const void *class;    // towards the bus that it plugs into (VirtioClass, …)
    const void *provides; // towards what plugs into it (VirtioTransport, …)
    // A type that is made with this one and plugs into it (virtio-blk-pci's virtio-blk-device): it
    // takes the properties that this one hasn't, and is realized after it.
    const DeviceType *inner;
};

typedef struct IrqLine {
    Device *sink; // NULL: not connected
    unsigned input;
} IrqLine;

enum { DEVICE_IRQS = 64 };

struct Device { // wiring only
    const DeviceType *type;
    Machine *machine;
    char *id;       // user's id, or NULL
    char *path;     // unique: "virtio-mmio", "virtio-mmio[1]", "virtio-mmio[1]/virtio-blk-device"
    Device *parent; // transport or bridge that it plugs into, or NULL
    Device *inner;  // as the type says, or NULL
    unsigned index; // place in machine->devices
    uint32_t first_timer;     // order of its first timer
    uint64_t mmio_base;       // of region 0, for the device tree and `info qtree`
    int irq_number;           // as the machine's table says, for the same; -1: none
    IrqLine irq[DEVICE_IRQS]; // outputs
    uint32_t error_count;     // guest_error messages so far
};

// ---- for device models ----

// Virtual ns.
static inline int64_t clock_now(const Device *dev)
{
    return machine_now_ns(dev->machine);
}

// A deadline that is now or past expires one boundary later (in idle 1 ns later). Arming an armed
// timer moves it.
void timer_arm(Device *dev, Timer *timer, int64_t deadline_ns);
void timer_cancel(Device *dev, Timer *timer);
// Level-triggered; calls the sink's irq_in at once, each time, changed or not: the sink's state
// holds the level, the line holds nothing.
void irq_set(Device *dev, unsigned output, bool level);
// The guest did something that hardware would not expect: logged (100 a device; -d guest_errors
// shows them), nothing else. No newline.
void guest_error(Device *dev, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// ---- for machines and start-up ----

// Owned by the machine; its properties have their defaults. `id` may be NULL and is the caller's to
// keep unique. A type that fails device_check is a bug and ends the program.
Device *device_new(Machine *machine, const DeviceType *type, const char *id, Device *parent);
bool device_set(Device *dev, const char *prop, const char *value, Error *err);
// -global: from now on new devices of this type begin with this value (copied). False: it has no
// such property, or the value doesn't fit.
bool device_global(Machine *machine, const DeviceType *type, const char *prop, const char *value,
                   Error *err) __attribute__((warn_unused_result));
bool device_realize(Device *dev, Error *err);
void irq_connect(Device *dev, unsigned output, Device *sink, unsigned input);
// Do the fields tile the state, padding included? Are the other tables right?
bool device_check(const DeviceType *type, Error *err);
const DeviceType *device_type_find(const char *name); // in device_types[]; NULL
extern const DeviceType *const device_types[]; // generated from hw/meson.build, NULL-terminated
void *device_state(Device *dev);
uint64_t device_digest(Device *dev, uint64_t seed); // XXH3-64 over its fields
Device *machine_find_device(Machine *machine, const char *id_or_path);
