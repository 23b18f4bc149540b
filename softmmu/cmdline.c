// SPDX-License-Identifier: GPL-2.0-or-later
// The command line: one table of options, in QEMU's words.
#include "softmmu/cmdline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/options.h"

typedef bool CmdlineHandler(Cmdline *c, const char *value, Error *err);

// ---- options with rules of their own ----

static bool parse_machine(Cmdline *c, const char *value, Error *err)
{
    Options *o = options_parse(value, "type", err);
    if (!o) {
        return false;
    }
    const char *type = options_get(o, "type"), *accel = options_get(o, "accel"), *dumpdtb = options_get(o, "dumpdtb");
    c->dumpdtb = dumpdtb ? g_intern_string(dumpdtb) : c->dumpdtb;
    if (type) {
        c->machine = g_intern_string(type);
    }
    if (accel && strcmp(accel, "tcg") != 0) {
        fail(err, "invalid accelerator %s", accel);
        options_free(o);
        return false;
    }
    bool ok = options_finish(o, err);
    options_free(o);
    return ok;
}

static bool parse_memory(Cmdline *c, const char *value, Error *err)
{
    Options *o = options_parse(value, "size", err);
    if (!o) {
        return false;
    }
    const char *size = options_get(o, "size");
    bool ok = size ? parse_size(size, &c->ram_bytes, 'M', err) : fail(err, "missing 'size' option value");
    ok = ok && options_finish(o, err);
    if (ok && (c->ram_bytes == 0 || c->ram_bytes > (uint64_t)1 << 40)) {
        ok = fail(err, "ram size must be between 1 byte and 1 TiB");
    }
    c->ram_bytes = (c->ram_bytes + 0xfff) & ~(uint64_t)0xfff;
    options_free(o);
    return ok;
}

// COMPAT.md's table. What isn't there yet says so.
static bool parse_icount(Cmdline *c, const char *value, Error *err)
{
    static const char *const not_yet[] = { "rrsnapshot", "rrmem", "rrlatency", "rrend", "rrsnapmode", "rrsnaptime",
                                           "rrsnapcount", NULL };
    Options *o = options_parse(value, "shift", err);
    if (!o) {
        return false;
    }
    bool ok = options_bool(o, "align", &c->align, err) && options_bool(o, "sleep", &c->sleep, err);
    const char *shift = options_get(o, "shift"), *rr = options_get(o, "rr"), *rrfile = options_get(o, "rrfile");
    const char *rrverify = options_get(o, "rrverify"), *rrfull = options_get(o, "rrfull");
    c->icount_given = true;
    if (ok && shift) {
        char *end;
        unsigned long n = strtoul(shift, &end, 10);
        c->shift_given = true;
        if (!strcmp(shift, "auto")) {
            c->shift_auto = true;
        } else if (!g_ascii_isdigit(shift[0]) || *end || n > 10) {
            ok = fail(err, "icount: Invalid shift value");
        } else {
            c->shift = (unsigned)n;
        }
    } else if (ok && rr) {
        ok = fail(err, "Please enable icount to use record/replay");
    } else if (ok && c->align) {
        ok = fail(err, "Please specify shift option when using align");
    }
    if (ok && c->shift_auto && c->align) {
        ok = fail(err, "shift=auto and align=on are incompatible");
    }
    if (ok && c->shift_auto && !c->sleep) {
        ok = fail(err, "shift=auto and sleep=off are incompatible");
    }
    if (ok && c->align && !c->sleep) {
        ok = fail(err, "align=on and sleep=off are incompatible");
    }
    if (ok && rr && strcmp(rr, "record") != 0 && strcmp(rr, "replay") != 0) {
        ok = fail(err, "Invalid icount rr option: %s", rr);
    }
    if (ok && rr && !rrfile) {
        ok = fail(err, "File name not specified for replay");
    }
    for (unsigned i = 0; ok && not_yet[i]; i++) {
        if (options_get(o, not_yet[i])) {
            ok = fail(err, "icount option '%s' is not yet supported", not_yet[i]);
        }
    }
    if (ok && rrverify && strcmp(rrverify, "events") != 0) {
        ok = fail(err, "rrverify=%s is not yet supported", rrverify);
    }
    if (ok && rrfull && strcmp(rrfull, "pause") != 0 && strcmp(rrfull, "stop") != 0) {
        ok = fail(err, "Parameter 'rrfull' does not accept value '%s'", rrfull);
    }
    c->rr_stop = rrfull && !strcmp(rrfull, "stop");
    if (ok && rr) {
        c->rr = !strcmp(rr, "record") ? "record" : "replay";
        c->rrfile = g_intern_string(rrfile);
    }
    ok = ok && options_finish(o, err);
    options_free(o);
    return ok;
}

static bool parse_accel(Cmdline *c, const char *value, Error *err)
{
    Options *o = options_parse(value, "accel", err);
    if (!o) {
        return false;
    }
    const char *accel = options_get(o, "accel");
    bool tlb = true;
    bool ok = !accel || !strcmp(accel, "tcg") || fail(err, "invalid accelerator %s", accel);
    ok = ok && options_bool(o, "interp", &c->interp, err) && options_bool(o, "check", &c->lockstep, err) &&
         options_bool(o, "tlb", &tlb, err) && options_number(o, "max-insns", &c->max_insns, err) &&
         options_number(o, "flush", &c->flush_seed, err) && options_number(o, "chaos", &c->chaos_seed, err) &&
         options_number(o, "plant", &c->plant, err) && options_number(o, "hot-after", &c->hot_after, err);
    const char *stats = options_get(o, "stats"), *features = options_get(o, "host-features");
    if (ok && features && strcmp(features, "sse2") != 0 && strcmp(features, "all") != 0) {
        ok = fail(err, "host-features must be all or sse2");
    }
    c->sse2_only = features && !strcmp(features, "sse2");
    c->stats = stats ? g_intern_string(stats) : c->stats;
    options_get(o, "thread");
    options_get(o, "tb-size");
    ok = ok && options_finish(o, err);
    if (ok && (c->max_insns < 1 || c->max_insns > 64)) {
        ok = fail(err, "max-insns must be between 1 and 64");
    }
    c->no_tlb = !tlb;
    options_free(o);
    return ok;
}

static bool parse_display(Cmdline *c, const char *value, Error *err)
{
    c->display = value;
    return !strcmp(value, "none") || fail(err, "only '-display none' is supported so far");
}

// [guest=]TEXT[,process=TEXT][,debug-threads=on|off]
static bool parse_name(Cmdline *c, const char *value, Error *err)
{
    bool debug_threads = true; // our threads have names anyway
    Options *o = options_parse(value, "guest", err);
    if (!o) {
        return false;
    }
    const char *guest = options_get(o, "guest"), *process = options_get(o, "process");
    bool ok = options_bool(o, "debug-threads", &debug_threads, err) && options_finish(o, err);
    c->name = guest ? g_intern_string(guest) : c->name;
    c->process = process ? g_intern_string(process) : c->process;
    options_free(o);
    return ok;
}

static bool parse_uuid(Cmdline *c, const char *value, Error *err)
{
    if (!g_uuid_string_is_valid(value)) {
        return fail(err, "failed to parse UUID string: wrong format");
    }
    char *lower = g_ascii_strdown(value, -1);
    c->uuid = g_intern_string(lower);
    g_free(lower);
    return true;
}

static bool parse_msg(Cmdline *c, const char *value, Error *err)
{
    Options *o = options_parse(value, NULL, err);
    if (!o) {
        return false;
    }
    bool ok = options_bool(o, "timestamp", &c->message_timestamps, err) &&
              options_bool(o, "guest-name", &c->message_names, err) && options_finish(o, err);
    options_free(o);
    return ok;
}

static bool parse_parallel(Cmdline *c, const char *value, Error *err)
{
    return !strcmp(value, "none") || !strcmp(value, "null") || fail(err, "no machine here has a parallel port: only none");
}

static bool refuse_daemonize(Cmdline *c, const char *value, Error *err)
{
    return fail(err, "not supported: start the program with '&' or from a service manager, and use -pidfile");
}

static bool refuse_readconfig(Cmdline *c, const char *value, Error *err)
{
    return fail(err, "configuration files are not supported: give the options on the command line");
}

static bool refuse_gdb(Cmdline *c, const char *value, Error *err)
{
    return fail(err, "the gdb server is not yet supported");
}

static bool ignore(Cmdline *c, const char *value, Error *err)
{
    return true;
}

// ---- the table ----

typedef enum Kind { FLAG, TEXT, LIST_TEXT, ITEM, CALL0, CALL1 } Kind;

typedef struct Option {
    const char *name;
    Kind kind;
    size_t offset;            // of the member: bool, const char *, GPtrArray *
    CmdlineHandler *handler;
    const char *argument, *help;
} Option;

#define AT(member) offsetof(Cmdline, member)
static const Option options[] = {
    { "h", FLAG, AT(help), NULL, "", "display this help and exit" },
    { "help", FLAG, AT(help), NULL, "", NULL },
    { "version", FLAG, AT(version), NULL, "", "display version information and exit" },
    { "target", TEXT, AT(target), NULL, "NAME", "the machine's instruction set, where the program's name doesn't tell" },
    { "machine", CALL1, 0, parse_machine, "[type=]NAME[,dumpdtb=FILE]", "select the machine ('-machine help' for a list)" },
    { "M", CALL1, 0, parse_machine, "NAME", NULL },
    { "cpu", TEXT, AT(cpu), NULL, "MODEL[,PROP=on|off…]", "select the CPU ('-cpu help' for a list)" },
    { "accel", CALL1, 0, parse_accel, "tcg[,interp=on|off][,check=on|off]", "interp: without JIT; check: JIT and interpreter in lockstep" },
    { "smp", CALL1, 0, smp_parse, "[cpus=]N[,maxcpus=M][,sockets=S][,cores=C][,threads=T][,quantum=I]",
      "number of CPUs; instructions in a turn of one of several" },
    { "m", CALL1, 0, parse_memory, "SIZE", "RAM, in MiB or with a suffix" },
    { "kernel", TEXT, AT(kernel), NULL, "FILE", "kernel: Image, gzip'd or ELF" },
    { "initrd", TEXT, AT(initrd), NULL, "FILE", "initial RAM disk" },
    { "append", TEXT, AT(append), NULL, "TEXT", "the kernel's command line" },
    { "bios", TEXT, AT(bios), NULL, "default|none|FILE", "firmware" },
    { "dtb", TEXT, AT(dtb), NULL, "FILE", "device tree to use instead of the machine's own" },
    { "L", LIST_TEXT, AT(dirs), NULL, "DIR", "look for firmware there first" },
    { "icount", CALL1, 0, parse_icount, "[shift=]N|auto[,align=on|off][,sleep=on|off][,rr=record|replay,rrfile=F]",
      "count instructions; record or replay" },
    { "drive", ITEM, 0, NULL, "file=F,if=none|virtio,id=I[,snapshot=on][,format=raw|qcow2]", "a disk" },
    { "blockdev", ITEM, 0, NULL, "DRIVER,node-name=N[,OPTION…]|JSON", "a node of a disk's image" },
    { "hda", ITEM, 0, NULL, "FILE", "disk 0 to 3 of the machine's usual kind" },
    { "hdb", ITEM, 0, NULL, "FILE", NULL },
    { "hdc", ITEM, 0, NULL, "FILE", NULL },
    { "hdd", ITEM, 0, NULL, "FILE", NULL },
    { "cdrom", ITEM, 0, NULL, "FILE", "a read-only disk of the machine's usual kind" },
    { "fda", ITEM, 0, NULL, "FILE", NULL },
    { "fdb", ITEM, 0, NULL, "FILE", NULL },
    { "mtdblock", ITEM, 0, NULL, "FILE", NULL },
    { "pflash", ITEM, 0, NULL, "FILE", NULL },
    { "sd", ITEM, 0, NULL, "FILE", NULL },
    { "device", ITEM, 0, NULL, "TYPE[,PROP=VALUE…]", "add a device ('-device help' for a list)" },
    { "netdev", ITEM, 0, NULL, "user|socket,id=I[,hostfwd=…]", "a network back end" },
    { "nic", ITEM, 0, NULL, "user|none[,model=M]", "a network card with its back end" },
    { "net", ITEM, 0, NULL, "none|nic|user", "the older form: cards and back ends, paired in order" },
    { "object", ITEM, 0, NULL, "filter-dump,id=I,netdev=N,file=F", "write a netdev's frames to a pcap file" },
    { "chardev", ITEM, 0, NULL, "BACKEND,id=I…", "a character device" },
    { "global", ITEM, 0, NULL, "DRIVER.PROP=VALUE", "another default for a device's property" },
    { "fw_cfg", ITEM, 0, NULL, "[name=]NAME,file=F|string=TEXT", "an item for the firmware" },
    { "echr", ITEM, 0, NULL, "ASCII", "the multiplexer's escape character" },
    { "serial", LIST_TEXT, AT(serials), NULL, "SPEC", "a serial port: stdio, null, none, pty, file:F, pipe:F, tcp:…, telnet:…, unix:…, udp:…, mon:stdio, chardev:I" },
    { "parallel", CALL1, 0, parse_parallel, "none", NULL },
    { "monitor", ITEM, 0, NULL, "SPEC", "a human monitor" },
    { "qmp", ITEM, 0, NULL, "SPEC", "a QMP monitor" },
    { "qmp-pretty", ITEM, 0, NULL, "SPEC", "a QMP monitor that indents its answers" },
    { "mon", ITEM, 0, NULL, "[chardev=]I[,mode=readline|control][,pretty=on|off]", "a monitor on a character device" },
    { "nographic", FLAG, AT(nographic), NULL, "", "no display; serial port and monitor on stdio" },
    { "display", CALL1, 0, parse_display, "none", "no display" },
    { "nodefaults", FLAG, AT(nodefaults), NULL, "", "no default devices" },
    { "no-user-config", CALL0, 0, ignore, "", NULL },
    { "S", FLAG, AT(start_stopped), NULL, "", "don't start the CPU" },
    { "no-reboot", FLAG, AT(no_reboot), NULL, "", "exit instead of rebooting" },
    { "no-shutdown", FLAG, AT(no_shutdown), NULL, "", "stop instead of exiting when the guest powers off" },
    { "snapshot", FLAG, AT(snapshot), NULL, "", "write to temporary files instead of disk images" },
    { "rtc", TEXT, AT(rtc), NULL, "base=utc|localtime|DATE[,clock=host|vm]", "the real-time clock" },
    { "name", CALL1, 0, parse_name, "[guest=]TEXT[,process=TEXT]", "the machine's name, and the process's" },
    { "uuid", CALL1, 0, parse_uuid, "UUID", "the machine's UUID" },
    { "pidfile", TEXT, AT(pidfile), NULL, "FILE", "write the process's number to FILE, and hold it locked" },
    { "msg", CALL1, 0, parse_msg, "[timestamp=on|off][,guest-name=on|off]", "what messages begin with" },
    { "daemonize", CALL0, 0, refuse_daemonize, "", NULL },
    { "readconfig", CALL1, 0, refuse_readconfig, "FILE", NULL },
    { "d", TEXT, AT(log_items), NULL, "ITEM,…", "log in_asm,op,op_opt,out_asm,int,exec,guest_errors,unimp" },
    { "D", TEXT, AT(log_file), NULL, "FILE", "write the log to FILE" },
    { "s", CALL0, 0, refuse_gdb, "", NULL },
    { "gdb", CALL1, 0, refuse_gdb, "DEV", NULL },
};

void cmdline_help(const char *program)
{
    printf("usage: %s [options]\n\nDouble dashes work as well as single ones.\n\n", program);
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        if (options[i].help) {
            char *left = g_strdup_printf("-%s %s", options[i].name, options[i].argument);
            printf("%-34s  %s\n", left, options[i].help);
            g_free(left);
        }
    }
    printf("\nTo record: -icount shift=auto,rr=record,rrfile=F …; the same line with rr=replay replays it.\n");
}

static const Option *find_option(const char *argument)
{
    const char *name = argument + 1 + (argument[1] == '-');
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        if (!strcmp(options[i].name, name)) {
            return &options[i];
        }
    }
    return NULL;
}

static bool apply(Cmdline *c, const Option *option, const char *value, Error *err)
{
    void *member = (char *)c + option->offset;
    switch (option->kind) {
    case FLAG: *(bool *)member = true; return true;
    case TEXT: *(const char **)member = value; return true;
    case LIST_TEXT: g_ptr_array_add(*(GPtrArray **)member, (char *)value); return true;
    case ITEM: {
        CmdlineItem item = { option->name, value };
        g_array_append_val(c->items, item);
        return true;
    }
    case CALL0: case CALL1: return option->handler(c, value, err);
    }
    return false;
}

// "qemu-system-riscv64" tells riscv64; "qemu-system" alone nothing.
static const char *target_of_program(const char *program)
{
    const char *slash = strrchr(program, '/'), *base = slash ? slash + 1 : program;
    return g_str_has_prefix(base, "qemu-system-") ? base + strlen("qemu-system-") : NULL;
}

bool cmdline_parse(Cmdline *c, int argc, char **argv, Error *err)
{
    *c = (Cmdline){ .argc = argc, .argv = argv, .smp = 1, .smp_max = 1, .sleep = true, .shift = 3, .max_insns = 64 };
    c->target = target_of_program(argv[0]);
    c->dirs = g_ptr_array_new();
    c->serials = g_ptr_array_new();
    c->items = g_array_new(FALSE, FALSE, sizeof(CmdlineItem));
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' || !argv[i][1]) {
            return fail(err, "%s: a disk image without an option isn't supported: use -drive file=%s", argv[i], argv[i]);
        }
        const Option *option = find_option(argv[i]);
        if (!option) {
            return fail(err, "%s: invalid option", argv[i]);
        }
        bool takes = option->kind != FLAG && option->kind != CALL0;
        if (takes && i + 1 == argc) {
            return fail(err, "%s: requires an argument", argv[i]);
        }
        const char *name = argv[i];
        if (!apply(c, option, takes ? argv[++i] : NULL, err)) {
            // The messages about -icount and -smp are known by their bare text.
            return !strcmp(option->name, "icount") || !strcmp(option->name, "smp") ? false : fail_prefix(err, "%s %s", name, takes ? argv[i] : "");
        }
    }
    g_ptr_array_add(c->dirs, NULL);
    if (!c->icount_given) {
        c->shift_auto = true;
    }
    return true;
}
