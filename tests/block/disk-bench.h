// SPDX-License-Identifier: GPL-2.0-or-later
// What the tests of block/ share: a directory of their own, qemu-img as peer, a model of a disk,
// random requests.
#pragma once
#include "block/image.h"

// Path of a file in a fresh directory that bench_clean removes; owned by the helper.
const char *bench_path(const char *name);
void bench_clean(void);

// Runs a program (words separated by spaces, no quoting) in the directory; its exit status.
// `output` may be NULL, else g_free.
int bench_run(char **output, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// The same, which must succeed.
void bench_do(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void bench_store(const char *name, const uint8_t *bytes, size_t len);
uint8_t *bench_load(const char *name, size_t *len); // g_free

// Contents with stretches of random, repeated and zero bytes.
void bench_fill(GRand *rand, uint8_t *bytes, size_t len);
// One random write, zero, discard, flush or compared read, on both.
void bench_step(GRand *rand, Image *image, uint8_t *model);
void bench_compare(Image *image, const uint8_t *model);
void bench_is_zero(Image *image, const uint8_t *model); // what is_zero claims is true

// A test's own options, taken out of argv; those of GLib's tests stay.
void bench_options(int *argc, char ***argv, const GOptionEntry *entries);
