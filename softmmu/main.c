// SPDX-License-Identifier: GPL-2.0-or-later
// main: parses, builds, runs the machine thread beside the I/O thread (this one), and is the only place that exits.
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "chardev/chardev-host.h"
#include "net/net-host.h"
#include "softmmu/loader.h"
#include "softmmu/start.h"
#include "softmmu/stats.h"
#include "util/log.h"
#include "util/message.h"
#include "util/os-clock.h"

static int complain(const Error *err)
{
    fflush(stdout);
    message("%s", err->msg);
    return EXIT_FAILURE;
}

// ---- lists ----

static void list_machines(const char *target)
{
    printf("Supported machines are:\n");
    for (unsigned i = 0; machine_types[i]; i++) {
        if (!target || !strcmp(machine_types[i]->target, target)) {
            printf("%-20s %s\n", machine_types[i]->name, machine_types[i]->desc);
        }
    }
}

static void list_devices(void)
{
    for (unsigned i = 0; device_types[i]; i++) {
        const DeviceType *type = device_types[i];
        if (type->bus) {
            printf("name \"%s\", bus %s%s%s%s\n", type->name, type->bus, type->desc ? ", desc \"" : "", type->desc ? type->desc : "",
                   type->desc ? "\"" : "");
        }
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const Prop *const *)a)->name, (*(const Prop *const *)b)->name);
}

// -device NAME,…,help
static bool list_properties(const char *option, Error *err)
{
    static const char *const kinds[] = { "str", "uint32", "uint64", "size", "bool", "str", "str", "str", "str" };
    char *name = g_strndup(option, strcspn(option, ","));
    const DeviceType *type = device_type_find(name);
    if (!type) {
        fail(err, "-device %s: Device '%s' not found", option, name);
        g_free(name);
        return false;
    }
    const DeviceType *inner = type->inner; // takes properties under the outer one's name
    size_t n = type->nprops, total = n + (inner ? inner->nprops : 0);
    printf(total ? "%s options:\n" : "There are no options for %s.\n", name);
    g_free(name);
    const Prop **props = g_new(const Prop *, total + 1);
    for (size_t i = 0; i < total; i++) {
        props[i] = i < n ? &type->props[i] : &inner->props[i - n];
    }
    qsort(props, total, sizeof(*props), by_name);
    for (size_t i = 0; i < total; i++) {
        const Prop *prop = props[i];
        const char *desc = prop->desc ? prop->desc : prop->kind == PROP_BOOL ? "on/off" : NULL;
        char *left = g_strdup_printf("%s=<%s>", prop->name, kinds[prop->kind]);
        GString *line = g_string_new(NULL);
        g_string_printf(line, "  %-22s%s%s", left, desc ? " - " : "", desc ? desc : "");
        if (prop->def) {
            g_string_append_printf(line, "%s(default: %s)", desc ? " " : " - ", prop->def);
        }
        printf("%s\n", g_strchomp(line->str));
        g_string_free(line, TRUE);
        g_free(left);
    }
    g_free(props);
    return true;
}

static bool asks_for_help(const char *option)
{
    char **parts = g_strsplit(option, ",", -1);
    bool asks = false;
    for (unsigned i = 1; parts[0] && parts[i]; i++) {
        asks = asks || !strcmp(parts[i], "help") || !strcmp(parts[i], "?");
    }
    g_strfreev(parts);
    return asks;
}

// The `help` forms. True: something was listed (or *wrong), and nothing is to be run.
static bool show_lists(const Cmdline *c, bool *wrong, Error *err)
{
    if (c->machine && (!strcmp(c->machine, "help") || !strcmp(c->machine, "?"))) {
        list_machines(c->target);
        return true;
    }
    if (c->cpu && (!strcmp(c->cpu, "help") || !strcmp(c->cpu, "?"))) {
        for (unsigned i = 0; machine_types[i]; i++) {
            if (!c->target || !strcmp(machine_types[i]->target, c->target)) {
                printf("%s\n", machine_types[i]->default_cpu);
            }
        }
        return true;
    }
    for (unsigned i = 0; i < c->items->len; i++) {
        const CmdlineItem *item = &g_array_index(c->items, CmdlineItem, i);
        if (!strcmp(item->option, "device")) {
            if (!strcmp(item->value, "help") || !strcmp(item->value, "?")) {
                list_devices();
                return true;
            }
            if (asks_for_help(item->value)) {
                *wrong = !list_properties(item->value, err);
                return true;
            }
        }
        if (!strcmp(item->option, "chardev") && (!strcmp(item->value, "help") || !strcmp(item->value, "?"))) {
            printf("Available chardev backend types:\n");
            for (unsigned k = 0; k < chardev_backend_count(); k++) {
                printf("  %s\n", chardev_backend_name(k));
            }
            return true;
        }
        if (!strcmp(item->option, "netdev") && (!strcmp(item->value, "help") || !strcmp(item->value, "?"))) {
            printf("Available netdev backend types:\nsocket\nuser\n");
            return true;
        }
    }
    return false;
}

// ---- the process ----

static const char *pidfile; // NULL: none of ours

// The file stays open and locked until the process ends.
static bool pidfile_create(const char *path, Error *err)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char text[32];
    int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fail(err, "cannot create PID file: Could not create '%s': %s", path, strerror(errno));
    }
    if (fcntl(fd, F_SETLK, &lock) < 0) {
        fail(err, "cannot create PID file: Cannot lock '%s': %s", path, strerror(errno));
    } else if (ftruncate(fd, 0) < 0 || write(fd, text, (size_t)n) != n) {
        fail(err, "cannot create PID file: Could not write '%s': %s", path, strerror(errno));
    } else {
        pidfile = path;
        return true;
    }
    close(fd);
    return false;
}

static void pidfile_remove(void)
{
    if (pidfile) {
        unlink(pidfile);
    }
}

// ---- threads ----

typedef struct Threads {
    Vm *vm;
    GMainLoop *loop;
} Threads;

static void *machine_thread(void *ctx)
{
    Vm *vm = ctx;
    vm_loop(vm);
    control_end(vm->control);
    return NULL;
}

static void heard(void *ctx, const ControlEvent *event)
{
    if (event->kind == CONTROL_ENDED) {
        g_main_loop_quit(((Threads *)ctx)->loop);
    } else if (event->kind == CONTROL_STOP || event->kind == CONTROL_RESUME) {
        net_set_running(event->state == RUN_RUNNING);
    }
}

static gboolean on_signal(void *ctx)
{
    control_request_quit(ctx, CAUSE_HOST_SIGNAL);
    return G_SOURCE_CONTINUE;
}

static void on_quit_key(void *ctx)
{
    control_request_quit(ctx, CAUSE_HOST_UI);
}

static void on_room(void *ctx)
{
    control_kick(ctx);
}

static void run(Vm *vm)
{
    Threads threads = { .vm = vm, .loop = g_main_loop_new(NULL, FALSE) };
    control_listen(vm->control, heard, &threads);
    g_unix_signal_add(SIGINT, on_signal, vm->control);
    g_unix_signal_add(SIGTERM, on_signal, vm->control);
    g_unix_signal_add(SIGHUP, on_signal, vm->control);
    chardev_on_quit(on_quit_key, vm->control);
    chardev_on_room(on_room, vm->control);
    net_set_running(!vm->config.start_stopped);
    GThread *thread = g_thread_new("machine", machine_thread, vm);
    g_main_loop_run(threads.loop);
    g_thread_join(thread);
    control_unlisten(vm->control, heard, &threads);
    g_main_loop_unref(threads.loop);
}

int main(int argc, char **argv)
{
    static Start start;
    Cmdline cmdline;
    Error err;
    int64_t started_ns = os_clock_monotonic_ns();
    log_dump_on_abort();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a log that reaches the limit is reported as one that can't be written
    if (!cmdline_parse(&cmdline, argc, argv, &err)) {
        return complain(&err);
    }
    if (cmdline.help) {
        cmdline_help(program_invocation_short_name);
        return EXIT_SUCCESS;
    }
    if (cmdline.version) {
        printf("Backstep emulator version %s\n", BACKSTEP_VERSION);
        return EXIT_SUCCESS;
    }
    bool wrong = false;
    if (show_lists(&cmdline, &wrong, &err)) {
        return wrong ? complain(&err) : EXIT_SUCCESS;
    }
    if ((cmdline.log_items && !log_set_items(cmdline.log_items, &err)) || (cmdline.log_file && !log_set_file(cmdline.log_file, &err))) {
        return complain(&err);
    }
    message_timestamps(cmdline.message_timestamps);
    message_guest_name(cmdline.message_names ? cmdline.name : NULL);
    if (cmdline.process) {
        prctl(PR_SET_NAME, cmdline.process);
    }
    if (cmdline.pidfile && !pidfile_create(cmdline.pidfile, &err)) {
        return complain(&err);
    }
    if (!start_build(&start, &cmdline, &err)) {
        chardev_restore_terminal();
        pidfile_remove();
        return complain(&err);
    }
    if (start.done) {
        message("info: dtb dumped to %s. Exiting.", cmdline.dumpdtb);
        pidfile_remove();
        return EXIT_SUCCESS;
    }
    start.vm.config.progress = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    run(&start.vm);
    int status = start.vm.exit_status;
    if (cmdline.stats && !stats_write(&start.vm, started_ns, cmdline.stats, &err)) {
        complain(&err);
    }
    if (!start_finish(&start, &err)) {
        complain(&err);
        status = status ? status : EXIT_FAILURE;
    }
    pidfile_remove();
    return status;
}
