// SPDX-License-Identifier: GPL-2.0-or-later
// The machine timer as the rest of the machine sees it: the source of the CPUs' `time` register.
//
// The CPUs may not include this header (targets know no devices): the machine hands these functions
// to them as callbacks, with the device as context.
#pragma once
#include "core/device.h"

enum { ACLINT_HZ = 10000000, ACLINT_TICK_NS = 100, ACLINT_HARTS_MAX = 32 };

// Outputs: two a hart.
enum { ACLINT_MSIP = 0, ACLINT_MTIP = 1 };
static inline unsigned aclint_output(unsigned hart, unsigned line) { return 2 * hart + line; }

// mtime now, in ticks of ACLINT_TICK_NS.
uint64_t aclint_mtime(const Device *dev);
// The virtual ns at which mtime reaches `ticks`; now or earlier when it has; INT64_MAX if never.
int64_t aclint_deadline_ns(const Device *dev, uint64_t ticks);
// `changed` is called whenever mtime jumps (the guest wrote it, reset): deadlines must be computed
// anew. One watcher.
void aclint_watch(Device *dev, void (*changed)(void *ctx), void *ctx);
