// SPDX-License-Identifier: GPL-2.0-or-later
// What the command line adds to a machine beside its devices: -global, -fw_cfg, -device loader,
// -machine dumpdtb=.
//
// `-device loader` isn't a device: it is bytes that go into memory after the machine's own firmware,
// kernel and device tree, at each reset, and maybe a CPU's first pc. Not read: uImage and Intel HEX.
#include "softmmu/boot-items.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hw/nvram/fw_cfg.h"
#include "softmmu/loader.h"
#include "util/message.h"

typedef struct BootItem {
    BootImage image;
    BootSegment segment; // of data= or a flat file
    uint8_t bytes[8];    // of data=
    bool sets_pc;
    unsigned cpu;
    uint64_t pc;
} BootItem;

// ---- -global ----

static bool add_global(Machine *machine, const char *driver, const char *prop, const char *value,
                       Error *err)
{
    const DeviceType *type = device_type_find(driver);
    if (!type) {
        message("warning: global %s.%s has invalid class name", driver, prop);
        return true;
    }
    return device_global(machine, type, prop, value, err);
}

// DRIVER.PROP=VALUE (the name of a driver may hold dots, that of a property doesn't), or
// driver=…,property=…,value=…. All three are g_free'd by the caller, whatever comes out.
static bool parse_global(const char *text, char **driver, char **prop, char **value, Error *err)
{
    const char *equals = strchr(text, '=');
    char *name = equals ? g_strndup(text, (gsize)(equals - text)) : g_strdup(text);
    char *dot = strrchr(name, '.');
    if (equals && dot && dot > name && dot[1]) {
        *driver = g_strndup(name, (gsize)(dot - name));
        *prop = g_strdup(dot + 1);
        *value = g_strdup(equals + 1);
        g_free(name);
        return true;
    }
    g_free(name);
    Options *o = options_parse(text, NULL, err);
    if (!o) {
        return false;
    }
    *driver = g_strdup(options_get(o, "driver"));
    *prop = g_strdup(options_get(o, "property"));
    *value = g_strdup(options_get(o, "value"));
    bool ok = options_finish(o, err);
    options_free(o);
    if (ok && (!*driver || !*prop || !*value)) {
        const char *missing = !*driver ? "driver" : !*prop ? "property" : "value";
        return fail(err, "Parameter '%s' is missing", missing);
    }
    return ok;
}

bool items_globals(Start *start, Error *err)
{
    const GArray *items = start->cmdline->items;
    for (unsigned i = 0; i < items->len; i++) {
        const CmdlineItem *item = &g_array_index(items, CmdlineItem, i);
        char *driver = NULL, *prop = NULL, *value = NULL;
        if (strcmp(item->option, "global") != 0) {
            continue;
        }
        bool ok = parse_global(item->value, &driver, &prop, &value, err) ||
                  fail_prefix(err, "-global %s", item->value);
        ok = ok && add_global(start->vm.machine, driver, prop, value, err);
        g_free(driver);
        g_free(prop);
        g_free(value);
        if (!ok) {
            return false;
        }
    }
    return true;
}

// ---- -fw_cfg ----

static bool add_fw_cfg(Device *fw_cfg, Options *o, const char *option, Error *err)
{
    const char *name = options_get(o, "name"), *file = options_get(o, "file");
    const char *string = options_get(o, "string");
    if (!name || !*name || !file == !string) {
        return fail(err, "name, plus exactly one of file and string, are needed");
    }
    if (!options_finish(o, err)) {
        return false;
    }
    if (!g_str_has_prefix(name, "opt/")) {
        message("-fw_cfg %s: warning: externally provided fw_cfg item names should be prefixed with "
                "\"opt/\"", option);
    }
    if (string) {
        return fw_cfg_add_file(fw_cfg, name, string, (uint32_t)strlen(string), err);
    }
    uint8_t *bytes;
    uint64_t len;
    if (!loader_read("fw_cfg item", file, &bytes, &len, err)) {
        return false;
    }
    bool ok = fw_cfg_add_file(fw_cfg, name, bytes, (uint32_t)len, err);
    g_free(bytes);
    return ok;
}

bool items_fw_cfg(Start *start, Error *err)
{
    const GArray *items = start->cmdline->items;
    Device *fw_cfg = fw_cfg_find(start->vm.machine);
    for (unsigned i = 0; i < items->len; i++) {
        const CmdlineItem *item = &g_array_index(items, CmdlineItem, i);
        if (strcmp(item->option, "fw_cfg") != 0) {
            continue;
        }
        Options *o = options_parse(item->value, "name", err);
        bool ok = o && (fw_cfg || fail(err, "fw_cfg device not available")) &&
                  add_fw_cfg(fw_cfg, o, item->value, err);
        options_free(o);
        if (!ok) {
            return fail_prefix(err, "-fw_cfg %s", item->value);
        }
    }
    return true;
}

// ---- -device loader ----

typedef struct LoaderOptions {
    const char *file;
    uint64_t addr, data, data_len, cpu;
    bool has_addr, has_data, has_len, has_cpu, has_raw, force_raw, big_endian;
} LoaderOptions;

static bool loader_options(Options *o, LoaderOptions *l, Error *err)
{
    *l = (LoaderOptions){.file = options_get(o, "file")};
    l->has_addr = options_get(o, "addr");
    l->has_data = options_get(o, "data");
    l->has_len = options_get(o, "data-len");
    l->has_cpu = options_get(o, "cpu-num");
    l->has_raw = options_get(o, "force-raw");
    options_get(o, "driver");
    options_id(o);
    return options_number(o, "addr", &l->addr, err) && options_number(o, "data", &l->data, err) &&
           options_number(o, "data-len", &l->data_len, err) &&
           options_number(o, "cpu-num", &l->cpu, err) &&
           options_bool(o, "force-raw", &l->force_raw, err) &&
           options_bool(o, "data-be", &l->big_endian, err) && options_finish(o, err);
}

static bool loader_valid(const LoaderOptions *l, unsigned ncpus, Error *err)
{
    if (l->has_cpu && l->cpu >= ncpus) {
        return fail(err, "Specified boot CPU#%" PRIu64 " is nonexistent", l->cpu);
    }
    if (l->has_data || l->has_len) {
        return l->file ? fail(err, "Specifying a file is not supported when loading memory values")
               : l->has_raw
                   ? fail(err, "Specifying force-raw is not supported when loading memory values")
               : !l->has_data || !l->has_len
                   ? fail(err, "Both data and data-len must be specified")
               : l->data_len > 8 ? fail(err, "data-len cannot be greater then 8 bytes")
                                 : (l->data_len > 0 || fail(err, "data-len must be at least 1"));
    }
    if (l->file) {
        return l->has_addr || !l->force_raw || fail(err, "force-raw needs addr");
    }
    if (l->has_raw) {
        return fail(err, "Specifying force-raw is not supported when setting a program counter");
    }
    if (l->has_addr && !l->has_cpu) {
        return fail(err, "cpu_num must be specified when setting a program counter");
    }
    return l->has_addr || fail(err, "please include valid arguments");
}

static bool loader_fill(BootItem *item, const LoaderOptions *l, unsigned word_bits, Error *err)
{
    item->cpu = (unsigned)l->cpu;
    item->pc = l->addr;
    item->sets_pc = l->has_cpu && !l->has_data;
    if (l->has_data) {
        for (unsigned i = 0; i < l->data_len; i++) {
            unsigned at = l->big_endian ? (unsigned)l->data_len - 1 - i : i;
            item->bytes[at] = (uint8_t)(l->data >> 8 * i);
        }
        item->segment = (BootSegment){.gpa = l->addr, .bytes = item->bytes, .len = l->data_len};
        item->image = (BootImage){.name = "data", .segments = &item->segment, .nsegments = 1};
    } else if (l->file) {
        if (!loader_file(l->file, word_bits, l->force_raw, &item->image, err)) {
            return false;
        }
        if (item->image.flat) {
            if (!l->has_addr) {
                return fail(err, "'%s' isn't an ELF file: it needs addr", l->file);
            }
            item->segment = item->image.segments[0];
            item->segment.gpa = l->addr;
            item->image.segments = &item->segment;
        } else {
            item->pc = item->image.entry;
        }
    }
    return true;
}

bool items_loader(Start *start, Options *options, Error *err)
{
    Vm *vm = &start->vm;
    LoaderOptions l;
    if (!loader_options(options, &l, err) || !loader_valid(&l, vm->ncpus, err)) {
        return false;
    }
    BootItem *item = g_new0(BootItem, 1);
    if (!loader_fill(item, &l, vm->target->word_bits, err)) {
        g_free(item);
        return false;
    }
    vm->items = vm->items ? vm->items : g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(vm->items, item);
    return true;
}

// ---- starting ----

static bool put_item(Machine *machine, const BootItem *item, Error *err)
{
    for (size_t i = 0; i < item->image.nsegments; i++) {
        const BootSegment *segment = &item->image.segments[i];
        uint8_t *zeroes = g_malloc0(segment->zero_bytes + 1);
        bool ok = memory_poke(machine, segment->gpa, segment->bytes, segment->len) &&
                  memory_poke(machine, segment->gpa + segment->len, zeroes, segment->zero_bytes);
        g_free(zeroes);
        if (!ok) {
            return fail(err, "-device loader: %s: %" PRIu64 " bytes at 0x%" PRIx64
                             " don't fit into the guest's RAM",
                        item->image.name, segment->len + segment->zero_bytes, segment->gpa);
        }
    }
    return true;
}

static void set_pc(CPU *cpu, uint64_t pc)
{
    const Target *target = cpu->target;
    for (size_t i = 0; i < target->nregs; i++) {
        const RegDesc *reg = &target->regs[i];
        if (!strcmp(reg->name, "pc") && reg->slot != ~0u) {
            memcpy(cpu_slot(cpu, reg->slot), &pc, sizeof pc);
        } else if (!strcmp(reg->name, "pc")) {
            target->reg_write(cpu, reg->number, pc);
        }
    }
}

bool vm_boot(Vm *vm, Error *err)
{
    if (!vm->type->boot(vm->machine, vm->machine_config, vm->boot, err)) {
        return false;
    }
    for (unsigned i = 0; vm->items && i < vm->items->len; i++) {
        const BootItem *item = vm->items->pdata[i];
        if (!put_item(vm->machine, item, err)) {
            return false;
        }
        if (item->sets_pc) {
            set_pc(vm->cpus[item->cpu], item->pc);
        }
    }
    return true;
}

bool items_dump_dtb(const Start *start, const char *path, Error *err)
{
    const Vm *vm = &start->vm;
    uint64_t len;
    const uint8_t *dtb = vm->type->device_tree ? vm->type->device_tree(vm->machine, &len) : NULL;
    if (!dtb) {
        return fail(err, "This machine doesn't have a FDT");
    }
    FILE *file = fopen(path, "wb");
    bool ok = file && fwrite(dtb, 1, len, file) == len;
    int error = errno;
    if (file && fclose(file) != 0) {
        error = errno;
        ok = false;
    }
    return ok || fail(err, "Failed dumping dtb to %s: %s", path, strerror(error));
}

// ---- identity ----

typedef struct Each {
    void (*each)(void *ctx, const char *name, const char *text);
    void *ctx;
} Each;

static void each_fw_cfg(void *ctx, const char *name, const uint8_t *bytes, uint32_t len)
{
    Each *e = ctx;
    char *label = g_strdup_printf("fw_cfg %s", name), *hash = loader_hash_bytes(bytes, len);
    e->each(e->ctx, label, hash);
    g_free(label);
    g_free(hash);
}

void items_each(const Start *start, void (*each)(void *ctx, const char *name, const char *text),
                void *ctx)
{
    const Vm *vm = &start->vm;
    Each e = {each, ctx};
    Device *fw_cfg = fw_cfg_find(vm->machine);
    if (fw_cfg) {
        fw_cfg_each(fw_cfg, each_fw_cfg, &e);
    }
    for (unsigned i = 0; vm->items && i < vm->items->len; i++) {
        const BootItem *item = vm->items->pdata[i];
        char *hash = loader_hash(&item->image), *label = g_strdup_printf("loader %u", i);
        char *text = item->sets_pc ? g_strdup_printf("%s,cpu %u at 0x%" PRIx64, hash, item->cpu,
                                                     item->pc)
                                   : g_strdup(hash);
        each(ctx, label, text);
        g_free(hash);
        g_free(label);
        g_free(text);
    }
}
