// SPDX-License-Identifier: GPL-2.0-or-later
// Start-up in one fixed order: character devices, machine, drives, devices, log, reset, boot. The order depends on the command line alone,
// since sources of inputs are numbered by it.
#include "softmmu/start.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-glib/json-glib.h>

#include "block/block-host.h"
#include "block/drive-host.h"
#include "chardev/chardev-host.h"
#include "core/options.h"
#include "hw/pci/pci.h"
#include "monitor/monitor.h"
#include "net/net-host.h"
#include "softmmu/block-monitor.h"
#include "softmmu/boot-items.h"
#include "softmmu/loader.h"
#include "softmmu/stats.h"
#include "util/log.h"
#include "util/message.h"

static bool is_item(const CmdlineItem *item, const char *option)
{
    return !strcmp(item->option, option);
}

// ---- character devices and monitors ----

typedef struct MonitorSpec {
    char *chardev_id;
    MonitorKind kind;
} MonitorSpec;

static void want_monitor(Start *start, const char *chardev_id, MonitorKind kind)
{
    MonitorSpec *spec = g_new0(MonitorSpec, 1);
    spec->chardev_id = g_strdup(chardev_id);
    spec->kind = kind;
    g_ptr_array_add(start->monitors, spec);
}

static bool add_char(Start *start, const char *option, const char *spec, const char *id, char **chardev_id, Error *err)
{
    CharChoice choice = { 0 };
    const char *inner = g_str_has_prefix(spec, "mon:") ? spec + strlen("mon:") : spec;
    if (option && g_str_has_prefix(inner, "vc") && (!inner[2] || inner[2] == ':')) {
        return fail(err, "%s %s: vc needs a display, and there is none; use stdio, pty or null", option, spec);
    }
    if (!chardev_add_legacy(spec, id, &choice, err)) {
        return fail_prefix(err, "%s %s", option ? option : "default", spec);
    }
    if (choice.monitor && choice.id) {
        want_monitor(start, choice.id, MONITOR_HMP);
    }
    *chardev_id = choice.id;
    return true;
}

static bool monitor_given(const Cmdline *c)
{
    for (unsigned i = 0; i < c->items->len; i++) {
        if (is_item(&g_array_index(c->items, CmdlineItem, i), "monitor")) {
            return true;
        }
    }
    return false;
}

static bool add_serials(Start *start, Error *err)
{
    Cmdline *c = start->cmdline;
    const char *otherwise = c->nodefaults ? NULL : c->nographic ? (monitor_given(c) ? "stdio" : "mon:stdio") : "vc";
    unsigned n = c->serials->len ? c->serials->len : otherwise ? 1 : 0;
    char **ids = g_new0(char *, n + 1);
    for (unsigned i = 0; i < n; i++) {
        char id[32];
        snprintf(id, sizeof(id), "serial%u", i);
        bool given = c->serials->len;
        if (!add_char(start, given ? "-serial" : NULL, given ? c->serials->pdata[i] : otherwise, id, &ids[i], err)) {
            return false;
        }
    }
    start->machine_config.serials = (const char *const *)ids;
    start->machine_config.nserials = n;
    return true;
}

// -mon [chardev=]ID[,mode=readline|control][,pretty=on|off]
static bool add_mon(Start *start, const char *value, Error *err)
{
    Options *o = options_parse(value, "chardev", err);
    if (!o) {
        return false;
    }
    const char *id = options_get(o, "chardev"), *mode = options_get(o, "mode");
    bool pretty = false, control = mode && !strcmp(mode, "control");
    bool ok = options_bool(o, "pretty", &pretty, err) && options_finish(o, err);
    if (ok && !id) {
        ok = fail(err, "Parameter 'chardev' is missing");
    } else if (ok && mode && !control && strcmp(mode, "readline") != 0) {
        ok = fail(err, "Parameter 'mode' does not accept value '%s'", mode);
    } else if (ok && pretty && !control) {
        ok = fail(err, "'pretty' is not compatible with HMP monitors");
    } else if (ok && !chardev_find(id)) {
        ok = fail(err, "chardev \"%s\" not found", id);
    }
    if (ok) {
        want_monitor(start, id, pretty ? MONITOR_QMP_PRETTY : control ? MONITOR_QMP : MONITOR_HMP);
    }
    options_free(o);
    return ok;
}

static bool add_characters(Start *start, Error *err)
{
    Cmdline *c = start->cmdline;
    char *id = NULL;
    for (unsigned i = 0; i < c->items->len; i++) {
        const CmdlineItem *item = &g_array_index(c->items, CmdlineItem, i);
        if (is_item(item, "chardev") && !chardev_add(item->value, err)) {
            return fail_prefix(err, "-chardev %s", item->value);
        }
        if (is_item(item, "echr")) {
            chardev_set_escape((uint8_t)strtoul(item->value, NULL, 0));
        }
    }
    if (!add_serials(start, err)) {
        return false;
    }
    unsigned made = 0;
    for (unsigned i = 0; i < c->items->len; i++) {
        const CmdlineItem *item = &g_array_index(c->items, CmdlineItem, i);
        bool hmp = is_item(item, "monitor"), pretty = is_item(item, "qmp-pretty");
        if (is_item(item, "mon") && !add_mon(start, item->value, err)) {
            return fail_prefix(err, "-mon %s", item->value);
        }
        if (!hmp && !pretty && !is_item(item, "qmp")) {
            continue;
        }
        char name[32], option[32];
        snprintf(name, sizeof(name), "compat_monitor%u", made++);
        snprintf(option, sizeof(option), "-%s", item->option);
        if (!add_char(start, option, item->value, name, &id, err)) {
            return false;
        }
        if (id) {
            want_monitor(start, id, hmp ? MONITOR_HMP : pretty ? MONITOR_QMP_PRETTY : MONITOR_QMP);
            g_free(id);
        }
    }
    return true;
}

// ---- network and drives ----

static bool add_networks(Start *start, Error *err)
{
    Cmdline *c = start->cmdline;
    for (unsigned i = 0; i < c->items->len; i++) {
        const CmdlineItem *item = &g_array_index(c->items, CmdlineItem, i);
        bool ok = true;
        if (is_item(item, "netdev")) {
            ok = net_netdev_add(item->value, err);
        } else if (is_item(item, "nic")) {
            ok = net_nic_add(item->value, err);
        } else if (is_item(item, "net")) {
            ok = net_net_add(item->value, err);
        } else if (is_item(item, "object")) {
            ok = net_object_add(item->value, err);
        }
        if (!ok) {
            return fail_prefix(err, "-%s %s", item->option, item->value);
        }
    }
    return true;
}

// The short forms: what is put behind file=X.
static const struct {
    const char *option, *rest;
} drive_forms[] = {
    { "hda", "media=disk,index=0" }, { "hdb", "media=disk,index=1" }, { "hdc", "media=disk,index=2" }, { "hdd", "media=disk,index=3" },
    { "cdrom", "media=cdrom,index=2" }, { "fda", "if=floppy,index=0" }, { "fdb", "if=floppy,index=1" }, { "mtdblock", "if=mtd" },
    { "pflash", "if=pflash" }, { "sd", "if=sd" },
};

static bool add_drive_form(const CmdlineItem *item, Error *err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(drive_forms); i++) {
        if (is_item(item, drive_forms[i].option)) {
            char **parts = g_strsplit(item->value, ",", -1);
            char *name = g_strjoinv(",,", parts);
            char *text = g_strdup_printf("file=%s,%s", name, drive_forms[i].rest);
            bool ok = block_drive_add(text, err);
            g_free(text);
            g_free(name);
            g_strfreev(parts);
            return ok;
        }
    }
    return true;
}

static bool add_drives(Start *start, Error *err)
{
    Cmdline *c = start->cmdline;
    for (unsigned i = 0; i < c->items->len; i++) {
        const CmdlineItem *item = &g_array_index(c->items, CmdlineItem, i);
        bool ok = is_item(item, "drive")      ? block_drive_add(item->value, err)
                  : is_item(item, "blockdev") ? block_blockdev_add(item->value, err)
                                              : add_drive_form(item, err);
        if (!ok) {
            return false;
        }
    }
    return true;
}

// ---- devices ----

typedef struct PropSetter {
    Device *dev;
    Error *err;
    bool ok;
} PropSetter;

static void set_prop(void *ctx, const char *key, const char *value)
{
    PropSetter *setter = ctx;
    if (setter->ok && strcmp(key, "driver") != 0 && strcmp(key, "id") != 0 && strcmp(key, "bus") != 0) {
        setter->ok = device_set(setter->dev, key, value, setter->err);
    }
}

static bool plug(Start *start, const DeviceType *type, Options *o, Error *err)
{
    Vm *vm = &start->vm;
    Device *parent = vm->type->slot(vm->machine, type, options_get(o, "bus"), err);
    if (!parent) {
        return false;
    }
    Device *dev = device_new(vm->machine, type, options_id(o), parent);
    PropSetter setter = { dev, err, true };
    options_each(o, set_prop, &setter);
    return setter.ok && device_realize(dev, err);
}

static bool plug_text(Start *start, const char *text, Error *err)
{
    Options *o = options_parse(text, "driver", err);
    if (!o) {
        return false;
    }
    const char *driver = options_get(o, "driver");
    const DeviceType *type = driver ? device_type_find(driver) : NULL;
    bool ok;
    if (driver && !strcmp(driver, "loader")) {
        ok = items_loader(start, o, err);
    } else if (!driver) {
        ok = fail(err, "Parameter 'driver' is missing");
    } else if (!type) {
        ok = fail(err, "'%s' is not a valid device model name", driver);
    } else if (!type->bus) {
        ok = fail(err, "'%s' is part of the machine and can't be added", driver);
    } else {
        ok = plug(start, type, o, err);
    }
    options_free(o);
    return ok;
}

static bool add_devices(Start *start, Error *err)
{
    Cmdline *c = start->cmdline;
    Vm *vm = &start->vm;
    for (unsigned i = 0; i < block_drive_count(); i++) {
        const BlockDrive *drive = block_drive_at(i);
        if (drive->interface == BLOCK_IF_VIRTIO) {
            char *text = g_strdup_printf("%s,drive=%s", vm->type->virtio_blk, drive->id);
            bool ok = plug_text(start, text, err);
            g_free(text);
            if (!ok) {
                return fail_prefix(err, "drive %s", drive->id);
            }
        } else if (drive->interface != BLOCK_IF_NONE) {
            return fail(err, "drive %s: machine type does not support if=%s,bus=0,unit=%u", drive->id, block_interface_name(drive->interface),
                        drive->index);
        }
    }
    for (unsigned i = 0; i < net_nic_count(); i++) {
        const NetNic *nic = net_nic_at(i);
        GString *text = g_string_new(NULL);
        g_string_printf(text, "%s", nic->model ? nic->model : vm->type->nic);
        if (nic->netdev_id) {
            g_string_append_printf(text, ",netdev=%s", nic->netdev_id);
        }
        if (nic->mac) {
            g_string_append_printf(text, ",mac=%s", nic->mac);
        }
        bool ok = plug_text(start, text->str, err);
        g_string_free(text, TRUE);
        if (!ok) {
            return fail_prefix(err, "-nic");
        }
    }
    for (unsigned i = 0; i < c->items->len; i++) {
        const CmdlineItem *item = &g_array_index(c->items, CmdlineItem, i);
        if (is_item(item, "device") && !plug_text(start, item->value, err)) {
            return fail_prefix(err, "-device %s", item->value);
        }
    }
    return true;
}

// ---- kernel and firmware ----

static bool load_images(Start *start, Error *err)
{
    Cmdline *c = start->cmdline;
    const Target *target = start->vm.target;
    BootSpec *boot = &start->boot;
    bool wanted = !c->bios || strcmp(c->bios, "none") != 0;
    bool by_default = !c->bios || !strcmp(c->bios, "default");
    char *path = NULL;
    for (unsigned i = 0; wanted && by_default && !path && start->vm.type->default_firmware &&
                         start->vm.type->default_firmware[i]; i++) {
        path = loader_find(start->vm.type->default_firmware[i], (const char *const *)c->dirs->pdata);
    }
    if (wanted && by_default && !path && start->vm.type->default_firmware) {
        return fail(err, "could not find the firmware \"%s\" (%s; else use -bios or -L)", start->vm.type->default_firmware[0],
                    start->vm.type->firmware_hint);
    }
    if (wanted && !by_default) {
        path = loader_find(c->bios, (const char *const *)c->dirs->pdata);
        path = path ? path : g_strdup(c->bios);
    }
    if (path && !loader_image("firmware", path, target->word_bits, &boot->firmware, err)) {
        return false;
    }
    if (c->kernel && !loader_image("kernel", c->kernel, target->word_bits, &boot->kernel, err)) {
        return false;
    }
    if (c->initrd && !c->kernel) {
        return fail(err, "-initrd only allowed with -kernel option");
    }
    if (c->append && !c->kernel) {
        return fail(err, "-append only allowed with -kernel option");
    }
    if (c->initrd && !loader_read("initial ram disk", c->initrd, &start->initrd, &boot->initrd_bytes, err)) {
        return false;
    }
    if (c->dtb && !loader_read("device tree", c->dtb, &start->dtb, &boot->dtb_bytes, err)) {
        return false;
    }
    boot->initrd = start->initrd;
    boot->dtb = start->dtb;
    boot->cmdline = c->append;
    return true;
}

// ---- the machine ----

static bool choose_types(Start *start, Error *err)
{
    Cmdline *c = start->cmdline;
    Vm *vm = &start->vm;
    for (unsigned i = 0; targets[i]; i++) {
        if (c->target && !strcmp(targets[i]->name, c->target)) {
            vm->target = targets[i];
        }
    }
    if (!vm->target) {
        return c->target ? fail(err, "there is no target '%s'", c->target)
                         : fail(err, "which target? Use a link such as qemu-system-riscv64, or --target NAME");
    }
    if (!c->machine) {
        return fail(err, "No machine specified, and there is no default\nUse -machine help to list supported machines");
    }
    vm->type = machine_type_find(vm->target->name, c->machine);
    if (!vm->type) {
        return fail(err, "unsupported machine type \"%s\"\nUse -machine help to list supported machines", c->machine);
    }
    if (c->smp_max > vm->type->max_cpus) {
        return fail(err, "Invalid SMP CPUs %u. The max CPUs supported by machine '%s' is %u", c->smp_max, vm->type->name, vm->type->max_cpus);
    }
    size_t model = c->cpu ? strcspn(c->cpu, ",") : 0;
    if (c->cpu && (model != strlen(vm->type->default_cpu) || strncmp(c->cpu, vm->type->default_cpu, model) != 0)) {
        return fail(err, "unable to find CPU model '%.*s'", (int)model, c->cpu);
    }
    return true;
}

// What stands behind the model in -cpu MODEL,PROPERTY=VALUE,…
static bool set_cpu_properties(Device *dev, const char *text, Error *err)
{
    char **parts = g_strsplit(text ? text : "", ",", -1);
    bool ok = true;
    for (unsigned i = 1; ok && parts[0] && parts[i]; i++) {
        char *value = strchr(parts[i], '=');
        if (!value) {
            ok = fail(err, "Expected key=value format, found %s.", parts[i]);
            break;
        }
        *value++ = '\0';
        ok = device_set(dev, parts[i], value, err) ? true : fail_prefix(err, "can't apply global %s.%s=%s", dev->type->name, parts[i], value);
    }
    g_strfreev(parts);
    return ok;
}

static bool build_machine(Start *start, Error *err)
{
    Cmdline *c = start->cmdline;
    Vm *vm = &start->vm;
    MachineConfig *config = &start->machine_config;
    vm->ncpus = c->smp;
    vm->cpus = g_new0(CPU *, vm->ncpus);
    config->ncpus = vm->ncpus;
    config->cpus = g_new0(Device *, vm->ncpus);
    config->ram_bytes = c->ram_bytes ? c->ram_bytes : vm->type->default_ram_bytes;
    for (unsigned i = 0; i < vm->ncpus; i++) {
        Device *dev = device_new(vm->machine, vm->target->cpu_type, NULL, NULL);
        CPU *cpu = (CPU *)(void *)((uint8_t *)dev + vm->target->cpu_offset);
        cpu->dev = dev;
        cpu->target = vm->target;
        cpu->machine = vm->machine;
        cpu->index = i;
        cpu->ops = &exec_cpu_ops;
        config->cpus[i] = dev;
        vm->cpus[i] = cpu;
        if (!set_cpu_properties(dev, c->cpu, err) || !device_realize(dev, err)) {
            return false;
        }
    }
    config->cpu_isa = vm->target->isa_string(vm->cpus[0]);
    config->cpu_mmu = vm->target->mmu_string ? vm->target->mmu_string(vm->cpus[0]) : NULL;
    config->cpu_fdt = vm->target->fdt_props ? vm->target->fdt_props(vm->cpus[0]) : NULL;
    config->cpu_set_clock = vm->target->set_clock;
    config->cpu_clock_changed = vm->target->clock_changed;
    if (vm->ncpus > 1) {
        vm->vcpus = vcpus_new(vm->machine, vm->target, vm->cpus, vm->ncpus, c->quantum ? c->quantum : VCPUS_QUANTUM);
    }
    vm->machine->shift = (uint8_t)c->shift;
    return vm->type->build(vm->machine, config, err);
}

// -rtc base=utc|localtime|DATE,clock=host|rt|vm
static bool parse_rtc(Start *start, Error *err)
{
    Machine *m = start->vm.machine;
    if (!start->cmdline->rtc) {
        return true;
    }
    Options *o = options_parse(start->cmdline->rtc, "base", err);
    if (!o) {
        return false;
    }
    const char *base = options_get(o, "base"), *clock = options_get(o, "clock");
    bool ok = true;
    options_get(o, "driftfix");
    if (base && !strcmp(base, "localtime")) {
        time_t now = time(NULL);
        struct tm local;
        localtime_r(&now, &local);
        m->rtc_offset_ns = (int64_t)local.tm_gmtoff * 1000000000;
    } else if (base && strcmp(base, "utc") != 0) {
        struct tm date = { 0 };
        const char *end = strptime(base, strchr(base, 'T') ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d", &date);
        ok = end && !*end ? true : fail(err, "invalid datetime format");
        m->rtc_fixed = true;
        m->rtc_base_ns = (int64_t)timegm(&date) * 1000000000;
    }
    if (ok && clock && strcmp(clock, "host") != 0 && strcmp(clock, "rt") != 0 && strcmp(clock, "vm") != 0) {
        ok = fail(err, "invalid option value '%s'", clock);
    }
    ok = ok && options_finish(o, err);
    options_free(o);
    return ok ? true : fail_prefix(err, "-rtc %s", start->cmdline->rtc);
}

static void configure_vm(Start *start)
{
    Cmdline *c = start->cmdline;
    start->vm.config = (VmConfig){
        .icount = c->icount_given, .shift = (uint8_t)c->shift, .shift_auto = c->shift_auto, .sleep = c->sleep, .align = c->align,
        .start_stopped = c->start_stopped, .no_reboot = c->no_reboot, .no_shutdown = c->no_shutdown, .stop_recording = c->rr_stop,
        .chaos_slice = c->chaos_seed ? 1000000 : 0, .chaos_seed = c->chaos_seed,
    };
}

// ---- the log ----

static Vm *failed_vm; // whose disks block_failed hears of

static bool open_log(Start *start, char *recorded_json, Error *err)
{
    Vm *vm = &start->vm;
    start->config_json = describe_config(start);
    if (!start->cmdline->rr) {
        return true;
    }
    if (recorded_json) {
        return describe_compare(recorded_json, start->config_json, err) && block_identity_check(recorded_json, err);
    }
    return block_record_begin(err) && replay_record(vm->replay, start->cmdline->rrfile, start->config_json, err);
}

// A disk request has failed. The machine stops here if it must; the I/O thread hears of it in any case.
static void block_failed(const DriveRequest *request, int error, ErrorAction action, bool live)
{
    if (!live) {
        return; // it was told when it happened
    }
    char *json = block_error_json(request, error, action);
    control_publish_named(failed_vm->control, "BLOCK_IO_ERROR", json);
    if (action == ACTION_STOP) {
        vm_stop(failed_vm, RUN_IO_ERROR);
    }
}

static bool open_blocks(Start *start, const char *recorded_json, Error *err)
{
    Cmdline *c = start->cmdline;
    BlockConfig config = {
        .replay = start->vm.replay, .log_path = c->rrfile, .identity_json = recorded_json, .snapshot = c->snapshot,
        .workers = (unsigned)(c->chaos_seed ? 1 + c->chaos_seed % 4 : 0),
        .mode = !c->rr ? REPLAY_NONE : recorded_json ? REPLAY_PLAY : REPLAY_RECORD,
        .failed = block_failed,
        .default_if = start->vm.type->virtio_blk ? BLOCK_IF_VIRTIO : BLOCK_IF_NONE,
    };
    failed_vm = &start->vm;
    return block_open_all(&config, err);
}

static const Start *reported; // reports have no context of their own

static char *jit_text(void)
{
    return stats_jit_text(&reported->vm);
}

static void append_rom(GString *text, const char *kind, const BootImage *image)
{
    for (size_t i = 0; i < image->nsegments; i++) {
        const BootSegment *segment = &image->segments[i];
        if (image->flat) { // the machine places it
            g_string_append_printf(text, "size=0x%06" G_GINT64_MODIFIER "x mem=ram name=\"%s\" (%s)\n", (segment->len + segment->zero_bytes), image->name, kind);
        } else {
            g_string_append_printf(text, "addr=%016" G_GINT64_MODIFIER "x size=0x%06" G_GINT64_MODIFIER "x mem=ram name=\"%s\" (%s)\n",
                                   segment->gpa, (segment->len + segment->zero_bytes), image->name, kind);
        }
    }
}

static char *roms_text(void)
{
    GString *text = g_string_new(NULL);
    append_rom(text, "firmware", &reported->boot.firmware);
    append_rom(text, "kernel", &reported->boot.kernel);
    if (reported->boot.initrd) {
        g_string_append_printf(text, "size=0x%06" G_GINT64_MODIFIER "x mem=ram name=\"%s\" (initrd)\n", reported->boot.initrd_bytes,
                               reported->cmdline->initrd);
    }
    return g_string_free(text, FALSE);
}

static char *machines_json(void)
{
    JsonBuilder *b = json_builder_new();
    json_builder_begin_array(b);
    for (unsigned i = 0; machine_types[i]; i++) {
        const MachineType *type = machine_types[i];
        if (strcmp(type->target, reported->vm.target->name) != 0) {
            continue;
        }
        json_builder_begin_object(b);
        json_builder_set_member_name(b, "hotpluggable-cpus");
        json_builder_add_boolean_value(b, FALSE);
        json_builder_set_member_name(b, "name");
        json_builder_add_string_value(b, type->name);
        json_builder_set_member_name(b, "numa-mem-supported");
        json_builder_add_boolean_value(b, FALSE);
        json_builder_set_member_name(b, "cpu-max");
        json_builder_add_int_value(b, type->max_cpus);
        json_builder_set_member_name(b, "deprecated");
        json_builder_add_boolean_value(b, FALSE);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    JsonNode *root = json_builder_get_root(b);
    char *text = json_to_string(root, FALSE);
    json_node_unref(root);
    g_object_unref(b);
    return text;
}

static char *report_pci_text(void) { return pci_info_text(reported->vm.machine); }
static char *report_pci_json(void) { return pci_info_json(reported->vm.machine); }

static bool attach_monitors(Start *start, Error *err)
{
    static const MonitorReport pci = { .hmp = "info pci", .help = "show PCI info", .text = report_pci_text,
                                       .qmp = "query-pci", .json = report_pci_json, .machine = true };
    MonitorConfig config = { .control = start->vm.control, .vm_name = start->cmdline->name, .target = start->vm.target->name,
                             .uuid = start->cmdline->uuid };
    static const MonitorReport network = { .hmp = "info network", .help = "show the network state", .text = net_info_text };
    static const MonitorReport usernet = { .hmp = "info usernet", .help = "show user network stack connection states",
                                           .text = net_usernet_text };
    static const MonitorReport others[] = {
        { .hmp = "info jit", .help = "show dynamic compiler info", .text = jit_text, .machine = true },
        { .hmp = "info roms", .help = "show roms", .text = roms_text },
        { .qmp = "query-machines", .json = machines_json },
    };
    reported = start;
    monitor_init(&config);
    block_monitor_add();
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        monitor_add_report(&others[i]);
    }
    monitor_add_report(&network);
    monitor_add_report(&usernet);
    monitor_add_report(&pci);
    for (unsigned i = 0; i < start->monitors->len; i++) {
        const MonitorSpec *spec = start->monitors->pdata[i];
        Chardev *chardev = chardev_find(spec->chardev_id);
        if (!chardev || !monitor_add(spec->kind, chardev, err)) {
            return fail_prefix(err, "monitor on %s", spec->chardev_id);
        }
    }
    return true;
}

bool start_build(Start *start, Cmdline *cmdline, Error *err)
{
    Vm *vm = &start->vm;
    char *recorded = NULL;
    start->cmdline = cmdline;
    start->monitors = g_ptr_array_new();
    start->machine_config = (MachineConfig){ 0 };
    vm->machine_config = &start->machine_config;
    vm->boot = &start->boot;
    if (!choose_types(start, err)) {
        return false;
    }
    if (!plant_choose(cmdline->plant)) {
        return fail(err, "-accel tcg,plant=: this program has no such planted fault; qemu-system-plant has %d", PLANT_COUNT - 1);
    }
    ReplayHost host = vm_replay_host(vm);
    vm->replay = replay_new(&host);
    vm->machine = machine_new(vm->replay, vm->type->name);
    vm->control = control_new(vm->machine, &vm_control_ops, vm);
    configure_vm(start);
    bool replaying = cmdline->rr && !strcmp(cmdline->rr, "replay");
    chardev_set_replaying(replaying);
    net_set_streams(&guestfwd_streams);
    if (!items_globals(start, err) || !parse_rtc(start, err) || !load_images(start, err) || !add_characters(start, err) || !add_networks(start, err) ||
        !add_drives(start, err) || (replaying && !replay_play(vm->replay, cmdline->rrfile, &recorded, err)) ||
        !open_blocks(start, recorded, err) || !build_machine(start, err) || !items_fw_cfg(start, err) ||
        !net_open_all(cmdline->rr ? (replaying ? REPLAY_PLAY : REPLAY_RECORD) : REPLAY_NONE, err) ||
        !add_devices(start, err)) {
        return false;
    }
    net_warn_unconnected();
    bool ok = open_log(start, recorded, err);
    g_free(recorded);
    if (!ok) {
        return false;
    }
    ExecConfig exec = { .max_guest = (unsigned)cmdline->max_insns, .interpreter = cmdline->interp, .lockstep = cmdline->lockstep,
                        .no_tlb = cmdline->no_tlb, .sse2_only = cmdline->sse2_only, .flush_seed = cmdline->flush_seed,
                        .hot_after = (unsigned)cmdline->hot_after };
    vm->exec = exec_new(vm->machine, vm->target, vm->cpus, vm->ncpus, &exec);
    vm->exec->vcpus = vm->vcpus;
    if (cmdline->chaos_seed) {
        block_chaos(cmdline->chaos_seed, 50000);
    }
    vm_init(vm);
    machine_reset(vm->machine);
    if (!vm_boot(vm, err)) {
        return false;
    }
    if (cmdline->dumpdtb) {
        start->done = items_dump_dtb(start, cmdline->dumpdtb, err);
        return start->done;
    }
    return attach_monitors(start, err) && chardev_open_all(err);
}

bool start_finish(Start *start, Error *err)
{
    Vm *vm = &start->vm;
    bool recording = replay_mode(vm->replay) == REPLAY_RECORD;
    uint64_t icount = machine_icount(vm->machine);
    monitor_fini();
    bool ok = replay_close(vm->replay, (uint8_t)vm->end_cause, err);
    Error block_err;
    if (!block_close_all(&block_err) && ok) {
        *err = block_err;
        ok = false;
    }
    net_close_all();
    chardev_close_all();
    if (recording && ok) {
        fprintf(stderr, "Recorded %" G_GUINT64_FORMAT " instructions in '%s' (%" G_GUINT64_FORMAT " bytes); replay: qemu-replay run %s, "
                "or the same command line with rr=replay\n", icount, replay_filename(vm->replay),
                replay_bytes(vm->replay, NULL, NULL), replay_filename(vm->replay));
    }
    return ok;
}
