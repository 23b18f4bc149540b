// SPDX-License-Identifier: GPL-2.0-or-later
// A machine loop without a CPU: a thread that serves control and does what its operations say, so that
// monitors can be tested without a guest.
//
// 64 KiB of RAM at 0x80000000 hold the bytes 0, 1, … 255, 0, …; virtual addresses are physical + 0x1000000000.
#pragma once
#include "softmmu/control.h"

typedef struct FakeLoop {
    Machine *machine;
    Control *control;
    GThread *thread;
    ControlStatus status;
    bool ended;
    unsigned powerdowns;
} FakeLoop;

FakeLoop *fake_loop_new(ReplayMode mode);
void fake_loop_free(FakeLoop *loop); // makes it quit if it hasn't
