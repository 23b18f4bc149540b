// SPDX-License-Identifier: GPL-2.0-or-later
// The loader: reads kernels, firmware, initrds and device trees from files and hands bytes to the machine.
#pragma once
#include "hw/machine.h"

// The whole file; g_free *bytes. `what` names it in messages ("kernel", …).
bool loader_read(const char *what, const char *path, uint8_t **bytes, uint64_t *len, Error *err) __attribute__((warn_unused_result));

// An image: ELF (its segments), gzip of either, else flat. Owned by the loader until loader_free_all.
bool loader_image(const char *what, const char *path, unsigned word_bits, BootImage *image, Error *err) __attribute__((warn_unused_result));

// The same for -device loader: an ELF file by its segments unless `raw`, else its bytes as they are.
bool loader_file(const char *path, unsigned word_bits, bool raw, BootImage *image, Error *err) __attribute__((warn_unused_result));

// A file of that name in the -L directories, then where Debian's packages put firmware; NULL if there is none. g_free it.
char *loader_find(const char *name, const char *const *dirs);

// XXH3-64 over what was read, in order, for the log's header: g_free the text.
char *loader_hash(const BootImage *image);
char *loader_hash_bytes(const uint8_t *bytes, uint64_t len);
void loader_free_all(void);
