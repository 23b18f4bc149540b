// SPDX-License-Identifier: GPL-2.0-or-later
// Error values: formatting only.
#include "util/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fail(Error *err, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
        va_end(ap);
    }
    return false;
}

bool fail_prefix(Error *err, const char *fmt, ...)
{
    if (!err) {
        return false;
    }
    char prefix[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(prefix, sizeof(prefix), fmt, ap);
    va_end(ap);
    Error old = *err;
    snprintf(err->msg, sizeof(err->msg), "%.250s: %.256s", prefix, old.msg);
    return false;
}
