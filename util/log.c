// SPDX-License-Identifier: GPL-2.0-or-later
// Log channels, their output and the ring of last lines.
//
// The ring is static memory that a signal handler can print without taking the lock: a line that
// another thread is just writing may then come out torn, which is better than a deadlock. Longer
// lines are cut in the ring, never in the output.
#include "util/log.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

uint32_t log_channels;

static const struct LogItem {
    uint32_t channel;
    const char *name, *help;
} items[] = {
    {LOG_OUT_ASM, "out_asm", "show generated host assembly code for each compiled block"},
    {LOG_IN_ASM, "in_asm", "show target assembly code for each compiled block"},
    {LOG_OP, "op", "show micro ops for each compiled block"},
    {LOG_OP_OPT, "op_opt", "show micro ops after optimization"},
    {LOG_INT, "int", "show interrupts/exceptions in short format"},
    {LOG_EXEC, "exec", "show trace before each executed block (lots of logs)"},
    {LOG_GUEST_ERRORS, "guest_errors", "log when the guest OS does something invalid"},
    {LOG_UNIMP, "unimp", "log unimplemented functionality"},
    {LOG_MMIO, "mmio", "show each access to a device register (lots of logs)"},
};

// Guards all below but log_channels, which is set before there are other threads or by the monitor.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *file;  // NULL: stderr
static char ring[LOG_RING_LINES][LOG_RING_WIDTH];
static uint8_t ring_length[LOG_RING_LINES];
static unsigned ring_line; // being filled

static void ring_append(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n') {
            ring_line = (ring_line + 1) % LOG_RING_LINES;
            ring_length[ring_line] = 0;
        } else if (ring_length[ring_line] < LOG_RING_WIDTH) {
            ring[ring_line][ring_length[ring_line]++] = *text;
        }
    }
}

void log_printf(uint32_t channels, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&lock);
    ring_append(text);
    if (log_enabled(channels)) {
        fputs(text, file ? file : stderr);
    }
    pthread_mutex_unlock(&lock);
    g_free(text);
}

static bool item_channels(const char *name, uint32_t *channels)
{
    if (!strcmp(name, "none")) {
        return true;
    }
    bool all = !strcmp(name, "all");
    for (size_t i = 0; i < G_N_ELEMENTS(items); i++) {
        if (all || !strcmp(name, items[i].name)) {
            *channels |= items[i].channel;
            if (!all) {
                return true;
            }
        }
    }
    return all;
}

bool log_set_items(const char *text, Error *err)
{
    uint32_t channels = 0;
    char **names = g_strsplit(text, ",", -1);
    bool ok = true;
    for (char **name = names; ok && *name; name++) {
        ok = item_channels(*name, &channels) ||
             fail(err, "unknown log item '%s' (\"-d help\" lists them)", *name);
    }
    g_strfreev(names);
    if (ok) {
        log_channels = channels;
    }
    return ok;
}

const char *log_items_help(void)
{
    static char *help;
    if (g_once_init_enter(&help)) {
        GString *text = g_string_new("Log items (comma separated):\n");
        for (size_t i = 0; i < G_N_ELEMENTS(items); i++) {
            g_string_append_printf(text, "%-15s %s\n", items[i].name, items[i].help);
        }
        g_once_init_leave(&help, g_string_free(text, FALSE));
    }
    return help;
}

bool log_set_file(const char *path, Error *err)
{
    FILE *opened = NULL;
    if (path) {
        const char *pid = strstr(path, "%d");
        char *name =
            pid ? g_strdup_printf("%.*s%d%s", (int)(pid - path), path, (int)getpid(), pid + 2)
                : g_strdup(path);
        opened = fopen(name, "we");
        if (!opened) {
            fail(err, "cannot open log file %s: %s", name, strerror(errno));
        } else {
            setvbuf(opened, NULL, _IOLBF, 0);
        }
        g_free(name);
        if (!opened) {
            return false;
        }
    }
    pthread_mutex_lock(&lock);
    if (file) {
        fclose(file);
    }
    file = opened;
    pthread_mutex_unlock(&lock);
    return true;
}

static void write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return;
        }
        text += n;
        len -= (size_t)n;
    }
}

void log_ring_dump(int fd)
{
    unsigned newest = ring_line;
    for (unsigned i = 1; i <= LOG_RING_LINES; i++) {
        unsigned line = (newest + i) % LOG_RING_LINES;
        if (ring_length[line] > 0) {
            write_all(fd, ring[line], ring_length[line]);
            write_all(fd, "\n", 1);
        }
    }
}

static void on_abort(int signal_number)
{
    static const char title[] = "Last lines of the log:\n";
    write_all(STDERR_FILENO, title, sizeof(title) - 1);
    log_ring_dump(STDERR_FILENO);
    // SA_RESETHAND restored the default: abort() raises the signal again when this returns.
}

void log_dump_on_abort(void)
{
    struct sigaction action = {.sa_handler = on_abort, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGABRT, &action, NULL);
}
