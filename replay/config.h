// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration in a log's header: one JSON object. docs/log-format.md names its members.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

// Is it one JSON object, in valid UTF-8, not nested deeper than 64 and not longer than 16 MiB? Safe
// with any bytes.
bool config_valid(const char *text, size_t len, Error *err);
