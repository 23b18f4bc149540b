// SPDX-License-Identifier: GPL-2.0-or-later
// PCI: what all functions and host bridges share. Nothing here knows a machine.
//
// A function is a Device that begins with PciDevice, whose state begins with PciState, and whose
// type's `class` is a PciClass. Its BARs are MMIO regions of its type. It plugs into a bus, which a
// host bridge (its type `provides` a PciHost) or a bridge's function owns.
//
//     typedef struct Nic {
//         PciDevice pci;
//         struct NicState { PciState p; … } s;
//     } Nic;
//
// A host bridge reads and writes configuration space with pci_config_read and pci_config_write,
// however its own registers look (ECAM, CF8/CFC), and says where the CPU sees a range of the
// bus's memory or I/O space. All that software can change lies in PciState; where BARs are mapped and
// which lines are up follows from it.
#pragma once
#include "core/device.h"

enum {
    PCI_CONFIG_BYTES = 256, PCI_BARS = 6, PCI_MSIX_MAX = 128, PCI_FUNCTIONS = 256, PCI_PINS = 4,
};
enum { // configuration registers, PCI Local Bus 3.0 section 6.1
    PCI_VENDOR_ID = 0x00, PCI_DEVICE_ID = 0x02, PCI_COMMAND = 0x04, PCI_STATUS = 0x06,
    PCI_REVISION = 0x08, PCI_CLASS = 0x09, PCI_CACHE_LINE = 0x0c, PCI_LATENCY = 0x0d,
    PCI_HEADER_TYPE = 0x0e, PCI_BAR0 = 0x10, PCI_SUBSYSTEM_VENDOR = 0x2c, PCI_SUBSYSTEM = 0x2e,
    PCI_CAPABILITIES = 0x34, PCI_INTERRUPT_LINE = 0x3c, PCI_INTERRUPT_PIN = 0x3d,
    // of bridges: PCI-to-PCI Bridge Architecture 1.2, section 3.2
    PCI_PRIMARY_BUS = 0x18, PCI_SECONDARY_BUS = 0x19, PCI_SUBORDINATE_BUS = 0x1a,
    PCI_IO_BASE = 0x1c, PCI_IO_LIMIT = 0x1d, PCI_MEM_BASE = 0x20, PCI_MEM_LIMIT = 0x22,
    PCI_PREF_BASE = 0x24, PCI_PREF_LIMIT = 0x26, PCI_PREF_BASE_HIGH = 0x28,
    PCI_PREF_LIMIT_HIGH = 0x2c, PCI_BRIDGE_CONTROL = 0x3e,
};
enum {
    PCI_COMMAND_IO = 0x001, PCI_COMMAND_MEM = 0x002, PCI_COMMAND_MASTER = 0x004,
    PCI_COMMAND_INTX_OFF = 0x400,
    PCI_STATUS_INTX = 0x008, PCI_STATUS_CAPABILITIES = 0x010,
    PCI_MULTIFUNCTION = 0x80,
};
enum { PCI_CAP_MSI = 0x05, PCI_CAP_VENDOR = 0x09, PCI_CAP_EXPRESS = 0x10, PCI_CAP_MSIX = 0x11 };

typedef struct PciDevice PciDevice;
typedef struct PciBus PciBus;

// ---- state ----

typedef struct PciVector { // MSI-X table entry, PCI 3.0 section 6.8.2
    uint32_t address_low, address_high, message, control;
} PciVector;

typedef struct PciState {
    uint8_t config[PCI_CONFIG_BYTES];
    PciVector vector[PCI_MSIX_MAX];
    uint64_t pending[PCI_MSIX_MAX / 64]; // of MSI-X, a bit a vector
    uint8_t intx;                        // 0 or 1: the function asserts its pin
    uint8_t pad[7];
} PciState;

// For the field table of a function whose state struct has the member `PciState p` in first place.
#define PCI_FIELDS(type) \
    FIELD_ARRAY(type, p.config), FIELD_ARRAY(type, p.vector), FIELD_ARRAY(type, p.pending), \
        FIELD(type, p.intx), FIELD(type, p.pad)

// ---- functions ----

typedef enum PciBarKind { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEM32, PCI_BAR_MEM64 } PciBarKind;

typedef struct PciBar {
    uint8_t kind;     // PciBarKind; MEM64 takes the next one too
    bool prefetch;
    uint8_t region;   // of type->mmio; its size is a power of two: 4 bytes for I/O, 16 for memory at least
} PciBar;

typedef struct PciClass {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; // 24 bits
    uint8_t revision;
    uint8_t pin;         // INTx: 1 (A) to 4; 0: none
    bool bridge;         // header type 1
    PciBar bars[PCI_BARS];
    // Configuration space beside what the core does; either may be NULL. Before a read of bytes
    // [reg, reg + size), and after a write to them.
    void (*config_reads)(PciDevice *pci, unsigned reg, unsigned size);
    void (*config_written)(PciDevice *pci, unsigned reg, unsigned size);
} PciClass;

struct PciDevice {
    Device dev;
    PciState *p;              // start of the function's state
    PciBus *bus;              // NULL: not realized
    PciBus *secondary;        // of a bridge, or NULL
    PciBar bars[PCI_BARS];    // the class's; a function may leave some out before pci_realize
    uint8_t devfn;
    uint8_t caps_end;         // where the next capability goes
    uint8_t msi, msix;        // offsets of these capabilities; 0: none
    uint16_t vectors;         // of MSI-X
    char *addr, *romfile;     // properties
    bool multifunction;
    uint8_t initial[PCI_CONFIG_BYTES];  // after reset
    uint8_t writable[PCI_CONFIG_BYTES]; // mask
    uint8_t clears[PCI_CONFIG_BYTES];   // mask: writing 1 clears
};

#define PCI_PROPS(type, member) \
    {"addr", "slot and function, hexadecimal: 03.0", PROP_STRING, offsetof(type, member.addr), NULL}, \
        {"multifunction", "the slot has several functions", PROP_BOOL, \
         offsetof(type, member.multifunction), "off"}, \
        {"romfile", "option ROM (none is supported)", PROP_STRING, \
         offsetof(type, member.romfile), NULL}

// Puts the function on its parent's bus and makes its configuration space. From `realize`, before
// capabilities are added; the class's ids may be replaced there with pci_set_id.
bool pci_realize(PciDevice *pci, Error *err) __attribute__((warn_unused_result));
// Changes a register's value after reset, of 1, 2 or 4 bytes. From `realize`.
void pci_initial(PciDevice *pci, unsigned reg, unsigned size, uint32_t value);
void pci_writable(PciDevice *pci, unsigned reg, unsigned size, uint32_t mask);
// Adds a capability of `len` bytes at the head of the list; where it is. From `realize`.
unsigned pci_add_capability(PciDevice *pci, uint8_t id, unsigned len);
void pci_reset(Device *dev);  // DeviceType.reset, or the first thing it does
void pci_loaded(Device *dev); // DeviceType.loaded, or called by it
// The function's pin. Idempotent.
void pci_set_intx(PciDevice *pci, bool level);
uint32_t pci_get(const PciDevice *pci, unsigned reg, unsigned size); // a register's value, no effect
void pci_put(PciDevice *pci, unsigned reg, unsigned size, uint32_t value); // the device's own change
bool pci_masters(const PciDevice *pci); // may it reach memory (bus mastering on all the way up)?
static inline const PciClass *pci_class(const PciDevice *pci) { return pci->dev.type->class; }

// ---- message-signalled interrupts (pci-msi.c) ----

// MSI with 64-bit address and per-vector masking; 1 to 32 vectors, a power of two.
void pci_msi_init(PciDevice *pci, unsigned vectors);
// MSI-X with table and pending bits in one region of at least 16 * PCI_MSIX_MAX bytes and 8 * 2 more:
// table at 0, pending bits at `pba`. False: too many vectors.
bool pci_msix_init(PciDevice *pci, unsigned vectors, unsigned bar, uint32_t pba, Error *err)
    __attribute__((warn_unused_result));
bool pci_msi_enabled(const PciDevice *pci);
bool pci_msix_enabled(const PciDevice *pci);
void pci_msi_notify(PciDevice *pci, unsigned vector);
void pci_msix_notify(PciDevice *pci, unsigned vector); // one that doesn't exist: nothing
// Of that region: reads and writes of 4 bytes.
uint64_t pci_msix_region_read(PciDevice *pci, uint64_t reg, uint32_t pba);
void pci_msix_region_write(PciDevice *pci, uint64_t reg, uint32_t value);
// For the core: a write to a capability, a change of bus mastering.
void pci_msi_update(PciDevice *pci);

// ---- buses and host bridges ----

typedef struct PciHost {
    PciBus *(*bus)(Device *host);
    // Where the CPU sees a range of the bus's I/O or memory space. False: nowhere.
    bool (*window)(Device *host, bool io, uint64_t base, uint64_t size_bytes, uint64_t *gpa);
    void (*intx)(Device *host, unsigned line, bool level); // 0 to 3, after swizzling
    // A message to an address that isn't RAM; true: it was one of an interrupt controller. NULL: none.
    bool (*message)(Device *host, uint64_t gpa, uint32_t value);
} PciHost;

struct PciBus { // wiring only
    Device *owner;                      // host bridge, or the bridge's function
    PciDevice *bridge;                  // NULL: the root bus
    char *name;                         // as in bus=
    PciDevice *function[PCI_FUNCTIONS]; // by slot << 3 | function
};

void pci_bus_init(PciBus *bus, Device *owner, PciDevice *bridge, const char *name);
void pci_bus_fini(PciBus *bus);
// Bus number, slot and function in bits 15:8, 7:3, 2:0. size 1, 2 or 4; reg aligned to it. What isn't
// there reads as ones.
uint32_t pci_config_read(PciBus *root, unsigned bdf, unsigned reg, unsigned size);
void pci_config_write(PciBus *root, unsigned bdf, unsigned reg, unsigned size, uint32_t value);
// After configuration changed: maps the BARs of a function and of all behind it anew.
void pci_remap(PciDevice *pci);

// The device that a -device of bus type "PCI" plugs into, by the name of its bus (NULL: the root).
Device *pci_slot(Machine *machine, const DeviceType *type, const char *bus, Error *err);
PciBus *pci_bus_of(Device *owner); // that a host bridge or bridge owns; NULL: it is none
Device *pci_first_host(Machine *machine); // NULL: the machine has no PCI

// `info pci` and `query-pci`: g_free.
char *pci_info_text(Machine *machine);
char *pci_info_json(Machine *machine);
