// SPDX-License-Identifier: GPL-2.0-or-later
// main: parses, builds, runs the machine thread beside the I/O thread (this one), and is the only place that exits.
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chardev/chardev-host.h"
#include "net/net-host.h"
#include "softmmu/loader.h"
#include "softmmu/start.h"
#include "softmmu/stats.h"
#include "util/log.h"
#include "util/os-clock.h"

static const char *program;

static int complain(const Error *err)
{
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", program, err->msg);
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

static bool list_properties(const char *name)
{
    static const char *const kinds[] = { "str", "uint32", "uint64", "size", "bool", "str", "str", "str", "str" };
    const DeviceType *type = device_type_find(name);
    if (!type) {
        return false;
    }
    printf("%s options:\n", name);
    for (size_t i = 0; i < type->nprops; i++) {
        const Prop *prop = &type->props[i];
        printf("  %s=<%s>%s%s%s%s%s\n", prop->name, kinds[prop->kind], prop->desc ? " - " : "", prop->desc ? prop->desc : "",
               prop->def ? " (default: " : "", prop->def ? prop->def : "", prop->def ? ")" : "");
    }
    return true;
}

// The `help` forms. True: something was listed, and nothing is to be run.
static bool show_lists(const Cmdline *c)
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
            char *comma = strchr(item->value, ',');
            if (comma && !strcmp(comma, ",help")) {
                char *name = g_strndup(item->value, (gsize)(comma - item->value));
                bool listed = list_properties(name);
                g_free(name);
                if (listed) {
                    return true;
                }
            }
        }
    }
    return false;
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
    const char *slash = strrchr(argv[0], '/');
    program = slash ? slash + 1 : argv[0];
    g_set_prgname(program); // for warnings
    log_dump_on_abort();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a log that reaches the limit is reported as one that can't be written
    if (!cmdline_parse(&cmdline, argc, argv, &err)) {
        return complain(&err);
    }
    if (cmdline.help) {
        cmdline_help(program);
        return EXIT_SUCCESS;
    }
    if (cmdline.version) {
        printf("Backstep emulator version %s\n", BACKSTEP_VERSION);
        return EXIT_SUCCESS;
    }
    if (show_lists(&cmdline)) {
        return EXIT_SUCCESS;
    }
    if ((cmdline.log_items && !log_set_items(cmdline.log_items, &err)) || (cmdline.log_file && !log_set_file(cmdline.log_file, &err))) {
        return complain(&err);
    }
    if (!start_build(&start, &cmdline, &err)) {
        chardev_restore_terminal();
        return complain(&err);
    }
    if (start.done) {
        fprintf(stderr, "%s: info: dtb dumped to %s. Exiting.\n", program, cmdline.dumpdtb);
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
    return status;
}
