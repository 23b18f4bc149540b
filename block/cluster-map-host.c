// SPDX-License-Identifier: GPL-2.0-or-later
// ClusterMap: cluster numbers to values, in chunks of 512; a chunk of equal 0 or 1 has no table.
//
// Chunks are found by number in a hash table; nothing iterates over it in hash order.
#include "block/image.h"

enum { CHUNK = 512 };

typedef struct Chunk {
    uint64_t number;
    uint64_t *values; // CHUNK of them, or NULL: all are MAP_ZERO
} Chunk;

struct ClusterMap {
    GHashTable *chunks; // &chunk->number -> Chunk; absent: all MAP_NONE
};

static void chunk_free(gpointer p)
{
    Chunk *chunk = p;
    g_free(chunk->values);
    g_free(chunk);
}

ClusterMap *cluster_map_new(void)
{
    ClusterMap *map = g_new0(ClusterMap, 1);
    map->chunks = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, chunk_free);
    return map;
}

void cluster_map_free(ClusterMap *map)
{
    if (map) {
        g_hash_table_destroy(map->chunks);
        g_free(map);
    }
}

static Chunk *chunk_find(const ClusterMap *map, uint64_t cluster)
{
    uint64_t number = cluster / CHUNK;
    return g_hash_table_lookup(map->chunks, &number);
}

uint64_t cluster_map_get(const ClusterMap *map, uint64_t cluster)
{
    Chunk *chunk = chunk_find(map, cluster);
    if (!chunk) {
        return MAP_NONE;
    }
    return chunk->values ? chunk->values[cluster % CHUNK] : MAP_ZERO;
}

// The chunk with a table, made of what it was.
static Chunk *chunk_spread(ClusterMap *map, uint64_t cluster)
{
    Chunk *chunk = chunk_find(map, cluster);
    uint64_t value = chunk ? MAP_ZERO : MAP_NONE;
    if (!chunk) {
        chunk = g_new0(Chunk, 1);
        chunk->number = cluster / CHUNK;
        g_hash_table_insert(map->chunks, &chunk->number, chunk);
    }
    if (!chunk->values) {
        chunk->values = g_new(uint64_t, CHUNK);
        for (unsigned i = 0; i < CHUNK; i++) {
            chunk->values[i] = value;
        }
    }
    return chunk;
}

void cluster_map_set(ClusterMap *map, uint64_t cluster, uint64_t value)
{
    if (cluster_map_get(map, cluster) != value) {
        chunk_spread(map, cluster)->values[cluster % CHUNK] = value;
    }
}

static void chunk_drop(Chunk *chunk, uint64_t first, uint64_t count,
                       void (*dropped)(void *ctx, uint64_t value), void *ctx)
{
    for (uint64_t i = first; chunk && chunk->values && dropped && i < first + count; i++) {
        if (chunk->values[i] >= MAP_FIRST) {
            dropped(ctx, chunk->values[i]);
        }
    }
}

void cluster_map_fill(ClusterMap *map, uint64_t cluster, uint64_t count, uint64_t value,
                      void (*dropped)(void *ctx, uint64_t value), void *ctx)
{
    while (count > 0) {
        uint64_t first = cluster % CHUNK;
        uint64_t n = MIN(count, CHUNK - first);
        Chunk *chunk = chunk_find(map, cluster);
        chunk_drop(chunk, first, n, dropped, ctx);
        if (n < CHUNK) {
            chunk = chunk_spread(map, cluster);
            for (uint64_t i = first; i < first + n; i++) {
                chunk->values[i] = value;
            }
        } else if (value == MAP_NONE) {
            uint64_t number = cluster / CHUNK;
            g_hash_table_remove(map->chunks, &number);
        } else {
            if (!chunk) {
                chunk = g_new0(Chunk, 1);
                chunk->number = cluster / CHUNK;
                g_hash_table_insert(map->chunks, &chunk->number, chunk);
            }
            g_free(chunk->values);
            chunk->values = NULL;
        }
        cluster += n;
        count -= n;
    }
}

uint64_t cluster_map_run(const ClusterMap *map, uint64_t cluster, uint64_t limit)
{
    uint64_t value = cluster_map_get(map, cluster);
    if (value >= MAP_FIRST) {
        return 1;
    }
    uint64_t run = 0;
    while (run < limit) {
        uint64_t first = (cluster + run) % CHUNK;
        Chunk *chunk = chunk_find(map, cluster + run);
        if (chunk && chunk->values) {
            if (chunk->values[first] != value) {
                break;
            }
            run++;
        } else if ((chunk ? MAP_ZERO : MAP_NONE) == value) {
            run += CHUNK - first;
        } else {
            break;
        }
    }
    return MIN(run, limit);
}
