// SPDX-License-Identifier: GPL-2.0-or-later
// What a disk may hold after a crash, see disk-history.h.
#include "tests/block/disk-history.h"

#include <string.h>

enum { SECTOR = 512 };

static void keep(History *history)
{
    g_ptr_array_add(history->versions, g_memdup2(history->model, history->size));
}

History *history_new(const uint8_t *model, uint64_t size)
{
    History *history = g_new0(History, 1);
    history->size = size;
    history->model = g_memdup2(model, size);
    history->versions = g_ptr_array_new_with_free_func(g_free);
    keep(history);
    return history;
}

void history_free(History *history)
{
    g_ptr_array_unref(history->versions);
    g_free(history->model);
    g_free(history);
}

void history_flushed(History *history)
{
    g_ptr_array_set_size(history->versions, 0);
    keep(history);
}

bool history_step(History *history, GRand *rand, Image *image)
{
    uint64_t offset = (uint64_t)g_rand_int_range(rand, 0, (gint32)(history->size / SECTOR)) * SECTOR;
    uint64_t len = (uint64_t)g_rand_int_range(rand, 1, 1 << g_rand_int_range(rand, 1, 9)) * SECTOR;
    len = MIN(len, history->size - offset);
    int kind = g_rand_int_range(rand, 0, 10), result = 0;
    if (kind == 0) {
        result = image ? image_flush(image) : 0;
        if (result == 0 && history->failures == 0) {
            history_flushed(history);
        }
    } else if (kind < 3) {
        memset(history->model + offset, 0, len);
        keep(history);
        result = image ? image_zero(image, offset, len, kind == 1) : 0;
    } else {
        bench_fill(rand, history->model + offset, len);
        keep(history);
        result = image ? image_write(image, offset, len, history->model + offset) : 0;
    }
    g_assert_true(result == 0 || history->may_fail);
    history->failures += result < 0;
    return kind == 0;
}

void history_check(const History *history, const uint8_t *found, const char *what)
{
    for (uint64_t at = 0; at < history->size; at += SECTOR) {
        bool known = false;
        for (unsigned i = history->versions->len; i-- > 0 && !known;) {
            const uint8_t *version = history->versions->pdata[i];
            known = memcmp(version + at, found + at, SECTOR) == 0;
        }
        if (!known) {
            g_error("%s: sector %llu holds neither what was flushed nor what was written since",
                    what, (unsigned long long)(at / SECTOR));
        }
    }
}
