// SPDX-License-Identifier: GPL-2.0-or-later
// A seam without log and threads: the functions of replay/replay.h that devices, core and the
// device-facing halves call, always live, with inputs that a test scripts.
//
// Used through tests/device/fake-world.h; on its own for tests that have no World.
#pragma once
#include "core/machine.h"

Replay *fake_seam_new(void);
void fake_seam_free(Replay *seam);
void fake_seam_attach(Replay *seam, Machine *machine); // for positions
void fake_seam_script_random(Replay *seam, const void *bytes, size_t len);
void fake_seam_set_hostclock(Replay *seam, int64_t ns);
// While held, inputs are answered but neither counted nor taken from the sequence: for a reset that
// isn't the guest's.
void fake_seam_hold(Replay *seam, bool held);
// `to` goes on with the inputs that `from` has not given yet. Neither may have posts waiting.
void fake_seam_move(Replay *from, Replay *to);
unsigned fake_seam_inputs(Replay *seam, EventKind kind);
ReplaySource *fake_seam_source(Replay *seam, const char *name);
