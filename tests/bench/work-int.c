// SPDX-License-Identifier: GPL-2.0-or-later
// Integer workloads: a mix in the manner of embedded benchmarks (linked list, small matrix, state machine, CRC), and SHA-256 (FIPS 180-4).
#include <stdlib.h>
#include <string.h>

#include "workloads.h"

// ---- the mix ----

typedef struct Node {
    struct Node *next;
    int16_t key, value;
} Node;

enum { NODES = 100, DIM = 12, TEXT = 256 };

static uint16_t crc16(uint16_t crc, uint32_t value, unsigned bits)
{
    // CRC-16/ARC, bit by bit: short dependent operations and unpredictable branches.
    for (unsigned i = 0; i < bits; i++) {
        unsigned lsb = (crc ^ value) & 1;
        crc = (uint16_t)(crc >> 1);
        if (lsb) {
            crc ^= 0xa001;
        }
        value >>= 1;
    }
    return crc;
}

static Node *list_reverse(Node *list)
{
    Node *done = NULL;
    while (list) {
        Node *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

static Node *list_merge(Node *a, Node *b)
{
    Node head = {0};
    Node *tail = &head;
    while (a && b) {
        Node **least = a->key <= b->key ? &a : &b;
        tail->next = *least;
        tail = *least;
        *least = (*least)->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

static Node *list_sort(Node *list)
{
    if (!list || !list->next) {
        return list;
    }
    Node *slow = list;
    for (Node *fast = list->next; fast && fast->next; fast = fast->next->next) {
        slow = slow->next;
    }
    Node *half = slow->next;
    slow->next = NULL;
    return list_merge(list_sort(list), list_sort(half));
}

static uint16_t mix_list(Node *nodes, uint64_t *seed)
{
    for (int i = 0; i < NODES; i++) {
        nodes[i] = (Node){.next = i + 1 < NODES ? &nodes[i + 1] : NULL, .key = (int16_t)mix(seed), .value = (int16_t)i};
    }
    Node *list = list_sort(nodes);
    uint16_t crc = 0;
    for (int probe = 0; probe < 16; probe++) {
        const Node *node = list;
        while (node && node->value != probe * 6) {
            node = node->next;
        }
        crc = crc16(crc, node ? (uint16_t)node->key : 0, 16);
        list = list_reverse(list);
    }
    return crc;
}

static uint16_t mix_matrix(int16_t a[DIM][DIM], int16_t b[DIM][DIM], uint64_t *seed)
{
    uint16_t crc = 0;
    int16_t bias = (int16_t)(mix(seed) & 0xff);
    for (int i = 0; i < DIM; i++) {
        for (int j = 0; j < DIM; j++) {
            int32_t sum = 0;
            for (int k = 0; k < DIM; k++) {
                int32_t product = (a[i][k] + bias) * b[k][j];
                sum += (product >> 2 & 0xf) * (product >> 5 & 0x7f);
            }
            a[j][i] = (int16_t)(sum ^ bias);
            crc = crc16(crc, (uint32_t)sum & 0xff, 8);
        }
    }
    return crc;
}

// Classifies the words of a text as integers, floats, hex numbers or neither.
static uint16_t mix_machine(const char *text, uint16_t crc)
{
    enum State { START, SIGN, INTEGER, POINT, EXPONENT, HEX, BAD, STATES } state = START;
    unsigned counts[STATES] = {0};
    for (; *text; text++) {
        char c = *text;
        if (c == ',') {
            counts[state]++;
            state = START;
            continue;
        }
        int digit = c >= '0' && c <= '9';
        switch (state) {
        case START:
            state = digit ? INTEGER : c == '-' || c == '+' ? SIGN : c == '.' ? POINT : BAD;
            break;
        case SIGN: state = digit ? INTEGER : c == '.' ? POINT : BAD; break;
        case INTEGER: state = digit ? INTEGER : c == '.' ? POINT : c == 'e' ? EXPONENT : c == 'x' ? HEX : BAD; break;
        case POINT: state = digit ? POINT : c == 'e' ? EXPONENT : BAD; break;
        case EXPONENT: state = digit || c == '-' ? EXPONENT : BAD; break;
        case HEX: state = digit || (c >= 'a' && c <= 'f') ? HEX : BAD; break;
        default: break;
        }
    }
    for (int i = 0; i < STATES; i++) {
        crc = crc16(crc, counts[i], 16);
    }
    return crc;
}

uint64_t work_int(uint64_t n)
{
    static const char alphabet[] = "0123456789.,+-ex,abz,12,7";
    static Node nodes[NODES];
    static int16_t a[DIM][DIM], b[DIM][DIM];
    char text[TEXT + 1];
    uint64_t seed = 12345, sum = 0;
    for (int i = 0; i < DIM * DIM; i++) {
        a[i / DIM][i % DIM] = (int16_t)mix(&seed);
        b[i / DIM][i % DIM] = (int16_t)mix(&seed);
    }
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        for (int k = 0; k < TEXT; k++) {
            text[k] = alphabet[mix(&seed) % (sizeof(alphabet) - 1)];
        }
        text[TEXT] = 0;
        uint16_t crc = mix_list(nodes, &seed);
        crc ^= mix_matrix(a, b, &seed);
        sum = fold(sum, mix_machine(text, crc));
    }
    return sum;
}

// ---- SHA-256 ----

static const uint32_t sha_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t ror(uint32_t x, unsigned by)
{
    return x >> by | x << (32 - by);
}

static void sha_block(uint32_t h[8], const uint8_t *block)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    memcpy(s, h, sizeof(s));
    for (int i = 0; i < 64; i++) {
        uint32_t ch = (s[4] & s[5]) ^ (~s[4] & s[6]), maj = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        uint32_t t1 = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) + ch + sha_k[i] + w[i];
        uint32_t t2 = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) + maj;
        s[7] = s[6], s[6] = s[5], s[5] = s[4], s[4] = s[3] + t1;
        s[3] = s[2], s[2] = s[1], s[1] = s[0], s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) {
        h[i] += s[i];
    }
}

uint64_t work_sha256(uint64_t n)
{
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    static uint8_t data[4096];
    uint64_t seed = 1;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)mix(&seed);
    }
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        for (size_t at = 0; at < sizeof(data); at += 64) {
            sha_block(h, data + at);
        }
    }
    uint64_t sum = 0;
    for (int i = 0; i < 8; i++) {
        sum = fold(sum, h[i]);
    }
    return sum;
}
