// SPDX-License-Identifier: GPL-2.0-or-later
// The device-facing halves of chardev/, net/ and block/ as a test sees them: what the device sent
// stands in a buffer, what comes to it is the test's call. One port of each kind at a time.
#pragma once
#include "block/block.h"
#include "chardev/chardev.h"
#include "net/net.h"

// ---- characters ----

extern GString *fake_char_out;     // what the device wrote since the last look
extern size_t fake_char_credit;    // as the device published it
void fake_char_in(const void *buf, size_t len); // nothing if no device has a port
void fake_char_forget(void);       // the device with the port is gone

// ---- network ----

extern GPtrArray *fake_net_out;    // GBytes *, frames sent
extern size_t fake_net_credit;
void fake_net_in(const void *frame, size_t len);

// ---- drives ----

enum { FAKE_DRIVE_BYTES = 1 << 20 };
extern uint8_t fake_drive_bytes[FAKE_DRIVE_BYTES];
extern bool fake_drive_read_only;
extern unsigned fake_drive_flushes;    // writes that go through count, too
extern bool fake_drive_write_back;
extern const char *fake_drive_werror;  // as the device set it
void fake_drive_resize(void);
// Requests wait until the test completes the oldest. False: there is none. `result` other than 0:
// it fails with that.
bool fake_drive_complete(int result);
