// SPDX-License-Identifier: GPL-2.0-or-later
// A made-up guest that uses one drive: what it asks for next depends on all that it has seen, so
// that two runs are equal only if every completion came at the same instant with the same result
// and data.
#pragma once
#include "block/block-host.h"

typedef struct Client {
    Device dev; // only its address counts
    Replay *replay;
    Drive *drive;
    Position position;
    uint64_t random, digest; // the guest's state
    unsigned ticks, completions, failures, resets;
    unsigned stops; // the machine was to stop, and ran on at once
    bool submitting, cancels;
    bool diverged;
    uint64_t *shared_digest; // told after each completion: number, digest (two words), or NULL
} Client;

// Opens the drives given (-drive texts, NULL-terminated); identity NULL: no log or recording, with
// `log` NULL: no log.
void client_open(Client *client, const char *const *drives, const char *log, unsigned workers);
void client_open_replay(Client *client, const char *const *drives, const char *log,
                        unsigned workers);
// Runs `ticks` ticks that submit, then until all is done or the log is at its end.
void client_run(Client *client, unsigned ticks);
// Closes log and drives; *err of block_close_all must not be set.
void client_close(Client *client);
