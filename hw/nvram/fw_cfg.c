// SPDX-License-Identifier: GPL-2.0-or-later
// fw_cfg: named blobs for firmware, read byte by byte or by DMA.
//
// Spec: QEMU's docs/specs/fw_cfg (the document of the interface) and Linux
// Documentation/devicetree/bindings/firmware/qemu,fw-cfg-mmio.yaml. Registers in memory: data at 0
// (1 to 8 bytes, only there), selector at 8 (16 bits), DMA address at 16 (64 bits, the low half
// starts it); all big-endian. What lies beyond an item's end reads as zeros.
// Not modelled: items that the guest may write (there are none, so writes have no effect or fail).
#include "hw/nvram/fw_cfg.h"

#include <string.h>

enum { DATA = 0x00, SELECTOR = 0x08, DMA_HIGH = 0x10, DMA_LOW = 0x14, REGION_BYTES = 0x18 };
enum { ID_TRADITIONAL = 1, ID_DMA = 2 };
enum { // of a DMA request's control word; the selector is in its upper half
    DMA_ERROR = 0x01, DMA_READ = 0x02, DMA_SKIP = 0x04, DMA_SELECT = 0x08, DMA_WRITE = 0x10,
    DMA_REQUEST_BYTES = 16,
};
enum { DIR_ENTRY_BYTES = 64, KEY_WRITE = 0x4000, KEY_LOCAL = 0x8000 };
#define DMA_SIGNATURE 0x51454d5520434647ull // "QEMU CFG"

static const Reg regs[] = {
    {DATA, "data"}, {SELECTOR, "selector"}, {DMA_HIGH, "dma_high"}, {DMA_LOW, "dma_low"},
};

typedef struct Item { // wiring: its content is configuration
    uint16_t key;
    char *name;       // of a file, or NULL
    uint8_t *bytes;
    uint32_t len;
} Item;

typedef struct FwCfg {
    Device dev;
    GArray *items; // Item
    struct FwCfgState {
        uint64_t dma_gpa;
        uint32_t offset; // of the next byte of the selected item
        uint16_t key;
        uint8_t pad[2];
    } s;
} FwCfg;

static const Field fields[] = {
    FIELD(struct FwCfgState, dma_gpa), FIELD(struct FwCfgState, offset),
    FIELD(struct FwCfgState, key),     FIELD(struct FwCfgState, pad),
};

// ---- items ----

static Item *item_at(const FwCfg *fw, unsigned i) { return &g_array_index(fw->items, Item, i); }

static Item *item_find(const FwCfg *fw, uint16_t key)
{
    for (unsigned i = 0; fw->items && i < fw->items->len; i++) {
        if (item_at(fw, i)->key == (key & ~KEY_WRITE)) {
            return item_at(fw, i);
        }
    }
    return NULL;
}

void fw_cfg_add(Device *dev, uint16_t key, const void *bytes, uint32_t len)
{
    FwCfg *fw = (FwCfg *)dev;
    Item *old = item_find(fw, key);
    uint8_t *copy = g_memdup2(bytes, len);
    if (old) {
        g_free(old->bytes);
        old->bytes = copy;
        old->len = len;
    } else {
        Item item = {.key = key, .bytes = copy, .len = len};
        g_array_append_val(fw->items, item);
    }
}

static void put_be(uint8_t *at, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        at[i] = (uint8_t)(value >> 8 * (size - 1 - i));
    }
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    const Item *left = a, *right = b;
    if (!left->name || !right->name) { // fixed items first, in order of their keys
        return left->name ? 1 : right->name ? -1 : left->key - right->key;
    }
    return strcmp(left->name, right->name);
}

// Sorts the files, gives them their keys, and writes the directory: count, then size, key and name.
static void make_directory(FwCfg *fw)
{
    uint8_t dir[4 + FW_CFG_FILES_MAX * DIR_ENTRY_BYTES] = {0};
    unsigned n = 0;
    g_array_sort(fw->items, by_name);
    for (unsigned i = 0; i < fw->items->len; i++) {
        Item *item = item_at(fw, i);
        if (item->name) {
            uint8_t *entry = dir + 4 + DIR_ENTRY_BYTES * n;
            item->key = (uint16_t)(FW_CFG_FILE_FIRST + n++);
            put_be(entry, 4, item->len);
            put_be(entry + 4, 2, item->key);
            memcpy(entry + 8, item->name, strlen(item->name));
        }
    }
    put_be(dir, 4, n);
    fw_cfg_add(&fw->dev, FW_CFG_FILE_DIR, dir, 4 + DIR_ENTRY_BYTES * n);
}

bool fw_cfg_add_file(Device *dev, const char *name, const void *bytes, uint32_t len, Error *err)
{
    FwCfg *fw = (FwCfg *)dev;
    unsigned files = 0;
    if (strlen(name) > FW_CFG_NAME_MAX) {
        return fail(err, "name too long (max. %d char)", FW_CFG_NAME_MAX);
    }
    for (unsigned i = 0; i < fw->items->len; i++) {
        const Item *item = item_at(fw, i);
        files += item->name != NULL;
        if (item->name && !strcmp(item->name, name)) {
            return fail(err, "duplicate fw_cfg file name: %s", name);
        }
    }
    if (files == FW_CFG_FILES_MAX) {
        return fail(err, "more than %d fw_cfg files", FW_CFG_FILES_MAX);
    }
    Item item = {.key = KEY_LOCAL, .name = g_strdup(name), .bytes = g_memdup2(bytes, len), .len = len};
    g_array_append_val(fw->items, item);
    make_directory(fw);
    return true;
}

void fw_cfg_each(Device *dev, void (*each)(void *ctx, const char *name, const uint8_t *bytes,
                                           uint32_t len), void *ctx)
{
    const FwCfg *fw = (const FwCfg *)dev;
    for (unsigned i = 0; i < fw->items->len; i++) {
        const Item *item = item_at(fw, i);
        if (item->name) {
            each(ctx, item->name, item->bytes, item->len);
        }
    }
}

// ---- reading ----

// The next bytes of the selected item. The offset stays at the end once it is there, so it can't
// wrap around.
static void take_bytes(FwCfg *fw, uint8_t *buf, uint32_t len)
{
    const Item *item = item_find(fw, fw->s.key);
    uint32_t end = item ? item->len : 0;
    uint32_t part = MIN(len, end - MIN(fw->s.offset, end));
    if (part) {
        memcpy(buf, item->bytes + fw->s.offset, part);
    }
    memset(buf + part, 0, len - part);
    fw->s.offset += part;
}

static void select_item(FwCfg *fw, uint16_t key)
{
    fw->s.key = key;
    fw->s.offset = 0;
}

// ---- DMA ----

// `len` may be anything: what isn't RAM ends it.
static bool dma_items(FwCfg *fw, uint32_t control, uint64_t gpa, uint32_t len)
{
    uint8_t buf[PAGE_SIZE];
    if (control & DMA_WRITE) {
        guest_error(&fw->dev, "write to item 0x%x", fw->s.key);
        return false;
    }
    while ((control & DMA_READ) && len > 0) {
        uint32_t part = MIN(len, (uint32_t)sizeof buf);
        take_bytes(fw, buf, part);
        if (!dma_write(fw->dev.machine, gpa, buf, part)) {
            guest_error(&fw->dev, "DMA to 0x%llx, which isn't RAM", (unsigned long long)gpa);
            return false;
        }
        gpa += part;
        len -= part;
    }
    if ((control & (DMA_READ | DMA_SKIP)) == DMA_SKIP) {
        const Item *item = item_find(fw, fw->s.key);
        uint32_t end = item ? item->len : 0;
        fw->s.offset += MIN(len, end - MIN(fw->s.offset, end));
    }
    return true;
}

static uint64_t get_be(const uint8_t *at, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static void dma_run(FwCfg *fw)
{
    uint8_t request[DMA_REQUEST_BYTES];
    uint64_t gpa = fw->s.dma_gpa;
    fw->s.dma_gpa = 0;
    if (!dma_read(fw->dev.machine, gpa, request, sizeof request)) {
        guest_error(&fw->dev, "DMA request at 0x%llx, which isn't RAM", (unsigned long long)gpa);
        return;
    }
    uint32_t control = (uint32_t)get_be(request, 4), len = (uint32_t)get_be(request + 4, 4);
    if (control & DMA_SELECT) {
        select_item(fw, (uint16_t)(control >> 16));
    }
    bool ok = dma_items(fw, control, get_be(request + 8, 8), len);
    put_be(request, 4, ok ? 0 : DMA_ERROR);
    if (!dma_write(fw->dev.machine, gpa, request, 4)) {
        guest_error(&fw->dev, "DMA request in read-only memory");
    }
}

// ---- registers; the region is big-endian, so values are as the interface's document writes them ----

static uint64_t fw_cfg_read(Device *dev, uint64_t reg, unsigned size)
{
    FwCfg *fw = (FwCfg *)dev;
    uint8_t bytes[8] = {0};
    if (reg == DATA) {
        take_bytes(fw, bytes, size);
        return get_be(bytes, size);
    }
    if (reg >= DMA_HIGH && reg + size <= REGION_BYTES) {
        put_be(bytes, 8, DMA_SIGNATURE);
        return get_be(bytes + (reg - DMA_HIGH), size);
    }
    return 0;
}

static void fw_cfg_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    FwCfg *fw = (FwCfg *)dev;
    if (reg == SELECTOR && size == 2) {
        select_item(fw, (uint16_t)value);
    } else if (reg == DMA_HIGH && size == 4) {
        fw->s.dma_gpa = value << 32;
    } else if (reg == DMA_HIGH && size == 8) {
        fw->s.dma_gpa = value;
        dma_run(fw);
    } else if (reg == DMA_LOW && size == 4) {
        fw->s.dma_gpa |= value;
        dma_run(fw);
    } else {
        guest_error(dev, "%u-byte write to 0x%x", size, (unsigned)reg);
    }
}

static bool fw_cfg_realize(Device *dev, Error *err)
{
    FwCfg *fw = (FwCfg *)dev;
    const uint8_t id[4] = {ID_TRADITIONAL | ID_DMA};
    fw->items = g_array_new(FALSE, FALSE, sizeof(Item));
    fw_cfg_add(dev, FW_CFG_SIGNATURE, "QEMU", 4);
    fw_cfg_add(dev, FW_CFG_ID, id, sizeof id);
    make_directory(fw);
    return true;
}

static void fw_cfg_unrealize(Device *dev)
{
    FwCfg *fw = (FwCfg *)dev;
    for (unsigned i = 0; fw->items && i < fw->items->len; i++) {
        g_free(item_at(fw, i)->name);
        g_free(item_at(fw, i)->bytes);
    }
    if (fw->items) {
        g_array_free(fw->items, TRUE);
    }
}

static const MmioRegion mmio[] = {
    {.name = "fwcfg", .size_bytes = REGION_BYTES, .access_min = 1, .access_max = 8,
     .big_endian = true, .read = fw_cfg_read, .write = fw_cfg_write, LIST(regs)},
};

const DeviceType device_fw_cfg_mem = {
    .name = "fw_cfg_mem",
    .desc = "firmware configuration",
    .compatible = "qemu,fw-cfg-mmio",
    .instance_size = sizeof(FwCfg),
    .state_offset = offsetof(FwCfg, s), .state_size = sizeof(struct FwCfgState),
    LIST(fields), LIST(mmio),
    .realize = fw_cfg_realize, .unrealize = fw_cfg_unrealize,
};

Device *fw_cfg_find(Machine *machine)
{
    for (unsigned i = 0; i < machine->devices->len; i++) {
        Device *dev = machine->devices->pdata[i];
        if (dev->type == &device_fw_cfg_mem) {
            return dev;
        }
    }
    return NULL;
}
