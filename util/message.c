// SPDX-License-Identifier: GPL-2.0-or-later
// Messages to the user. A line is made whole before it is written, so that lines of several threads don't mix.
#include "util/message.h"

#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <stdio.h>

static bool timestamps;     // set before there are other threads
static char *guest_name;

void message_timestamps(bool on) { timestamps = on; }

void message_guest_name(const char *name)
{
    g_free(guest_name);
    guest_name = g_strdup(name);
}

void message(const char *fmt, ...)
{
    GString *line = g_string_new(NULL);
    if (timestamps) {
        GDateTime *now = g_date_time_new_now_utc();
        char *text = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S");
        g_string_append_printf(line, "%s.%06dZ ", text, g_date_time_get_microsecond(now));
        g_free(text);
        g_date_time_unref(now);
    }
    if (guest_name) {
        g_string_append_printf(line, "%s ", guest_name);
    }
    g_string_append_printf(line, "%s: ", program_invocation_short_name);
    va_list ap;
    va_start(ap, fmt);
    g_string_append_vprintf(line, fmt, ap);
    va_end(ap);
    fprintf(stderr, "%s\n", line->str);
    g_string_free(line, TRUE);
}
