// SPDX-License-Identifier: GPL-2.0-or-later
// From a log's configuration to the command line that replays it.
#pragma once
#include <glib.h>

#include "util/error.h"

// The recording's command line with rr=replay for rr=record and `path` for the log's file; free
// with g_strfreev. NULL if the configuration (a log's, already checked) has none, or one that
// didn't record.
char **run_arguments(const char *config_json, const char *path, Error *err);

// `value` of -icount with those two changed; NULL if it doesn't record.
char *run_icount_value(const char *value, const char *path);

// Replaces this program by the emulator that the log names, which must lie beside the tool (or
// above its folder, in a build tree). Returns only on failure.
bool run_log(const char *config_json, const char *path, Error *err);
