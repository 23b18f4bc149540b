// SPDX-License-Identifier: GPL-2.0-or-later
// The monitor commands of disks.
#pragma once

void block_monitor_add(void); // start-up, after monitor_init
