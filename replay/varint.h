// SPDX-License-Identifier: GPL-2.0-or-later
// Variable-length numbers of the log: seven bits a byte, low ones first, the top bit set in all but
// the last byte (LEB128), at most ten bytes; signed numbers zigzag first (0, -1, 1, -2, ...). And
// fixed little-endian numbers.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { VARINT_BYTES_MAX = 10 };

static inline size_t varint_encode(uint8_t *out, uint64_t value)
{
    size_t n = 0;
    while (value >= 0x80) {
        out[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[n++] = (uint8_t)value;
    return n;
}

static inline void varint_put(GByteArray *out, uint64_t value)
{
    uint8_t buf[VARINT_BYTES_MAX];
    g_byte_array_append(out, buf, (guint)varint_encode(buf, value));
}

// A number ends at `end` at the latest. False (and *at left alone) if it doesn't end there, doesn't
// fit 64 bits or isn't in its shortest form.
static inline bool varint_get(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
    uint64_t result = 0;
    const uint8_t *p = *at;
    for (unsigned bits = 0; p < end && bits < 64; bits += 7) {
        uint8_t byte = *p++;
        if (bits == 63 && byte > 1) {
            return false;
        }
        result |= (uint64_t)(byte & 0x7f) << bits;
        if (!(byte & 0x80)) {
            if (byte == 0 && bits > 0) {
                return false;
            }
            *value = result;
            *at = p;
            return true;
        }
    }
    return false;
}

static inline uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static inline int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ -(value & 1));
}

static inline void le_put(uint8_t *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline uint64_t le_get(const uint8_t *in, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value |= (uint64_t)in[i] << (8 * i);
    }
    return value;
}
