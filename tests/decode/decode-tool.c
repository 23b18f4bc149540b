// SPDX-License-Identifier: GPL-2.0-or-later
// decode-tool: the generated RISC-V decoder on the command line, for tests and for measuring it.
//
//     decode-tool random FEATURES CLASSES COUNT SEED  random legal instructions
//     decode-tool uniform COUNT SEED                  random 32-bit patterns
//     decode-tool mutate FEATURES COUNT SEED          legal 32-bit ones, up to 3 bits flipped
//     decode-tool all16                               every pattern that is 16 bits long
//     decode-tool expand FEATURES < BINARY            the 32-bit form of each legal instruction
//     decode-tool disas FEATURES < BINARY             a line each: address, bits, text
//     decode-tool bench FEATURES [BINARY]             ns a decoded instruction, else random ones
//
// All but the last two write a binary: little-endian 16-bit parcels. FEATURES, CLASSES are in hex.
#include "target/riscv/riscv-decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// splitmix64, so that a seed gives the same instructions everywhere.
static uint64_t random_next(void *ctx)
{
    uint64_t *state = ctx;
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void insn_write(uint32_t bits)
{
    for (unsigned i = 0; i < riscv_insn_length(bits); i++) {
        putchar((int)(bits >> 8 * i & 0xff));
    }
}

static int run_random(uint64_t features, uint32_t classes, unsigned long count, uint64_t seed)
{
    for (unsigned long i = 0; i < count; i++) {
        uint32_t bits = riscv_random_insn(random_next, &seed, features, classes);
        if (!bits) {
            fprintf(stderr, "decode-tool: no instruction has these features and classes\n");
            return 1;
        }
        insn_write(bits);
    }
    return 0;
}

// Makes it a 32-bit pattern: xxx11111 in the lowest bits starts a longer one, which would put the
// peer out of step.
static void pattern_write(uint32_t bits)
{
    bits |= 3;
    insn_write((bits & 0x1f) == 0x1f ? bits & ~4u : bits);
}

static int run_uniform(unsigned long count, uint64_t seed)
{
    for (unsigned long i = 0; i < count; i++) {
        pattern_write((uint32_t)random_next(&seed));
    }
    return 0;
}

static int run_mutate(uint64_t features, unsigned long count, uint64_t seed)
{
    for (unsigned long i = 0; i < count; i++) {
        uint32_t bits;
        do {
            bits = riscv_random_insn(random_next, &seed, features, RISCV_CLASS_ALL);
        } while (riscv_insn_length(bits) != 4);
        for (uint64_t flips = random_next(&seed) & 3; flips; flips--) {
            bits ^= 1u << (random_next(&seed) & 31);
        }
        pattern_write(bits);
    }
    return 0;
}

static int run_all16(void)
{
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        if (riscv_insn_length(bits) == 2) {
            insn_write(bits);
        }
    }
    return 0;
}

// Reads the next instruction; false at the end of the input, or inside its last instruction.
static bool insn_read(uint32_t *bits)
{
    uint8_t raw[4] = {0};
    if (fread(raw, 1, 2, stdin) != 2) {
        return false;
    }
    if (riscv_insn_length(raw[0]) == 4 && fread(raw + 2, 1, 2, stdin) != 2) {
        return false;
    }
    *bits = raw[0] | raw[1] << 8 | raw[2] << 16 | (uint32_t)raw[3] << 24;
    return true;
}

static int run_expand(uint64_t features)
{
    uint32_t bits;
    while (insn_read(&bits)) {
        RiscvInsn insn;
        if (!riscv_decode(bits, features, &insn)) {
            continue;
        }
        insn.length = 4;
        if (!riscv_encode(&insn, features, &bits)) {
            fprintf(stderr, "decode-tool: %08" PRIx32 " has no 32-bit form\n", bits);
            return 1;
        }
        insn_write(bits);
    }
    return 0;
}

static int run_disas(uint64_t features)
{
    uint32_t bits;
    for (uint64_t pc = 0; insn_read(&bits); pc += riscv_insn_length(bits)) {
        char text[128];
        riscv_disas(text, sizeof(text), bits, pc, features);
        int digits = (int)riscv_insn_length(bits) * 2;
        printf("%" PRIx64 "\t%0*" PRIx32 "\t%s\n", pc, digits, bits, text);
    }
    return 0;
}

static uint8_t code[4 << 20];

static size_t code_fill(uint64_t features, const char *path)
{
    FILE *f = path ? fopen(path, "rb") : NULL;
    size_t n = f ? fread(code, 1, sizeof(code), f) : 0;
    if (f) {
        fclose(f);
    }
    uint64_t seed = 1;
    while (!path && n < 16384) {
        uint32_t bits = riscv_random_insn(random_next, &seed, features, RISCV_CLASS_ALL);
        memcpy(code + n, &bits, sizeof(bits));
        n += riscv_insn_length(bits);
    }
    return n;
}

static int run_bench(uint64_t features, const char *path)
{
    size_t n = code_fill(features, path);
    if (n < 4) {
        fprintf(stderr, "decode-tool: cannot read %s\n", path);
        return 1;
    }
    uint64_t count = 0, sum = 0;
    struct timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    while (count < 10000000) {
        RiscvInsn insn;
        for (size_t at = 0; at + 4 <= n; at += insn.length, count++) {
            uint32_t bits;
            memcpy(&bits, code + at, sizeof(bits));
            riscv_decode(bits, features, &insn);
            sum += insn.op + insn.rd + (uint64_t)insn.imm;
        }
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
    printf("%.1f ns an instruction (check %" PRIx64 ")\n", ns / (double)count, sum);
    return 0;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    uint64_t features = argc > 2 ? strtoull(argv[2], NULL, 16) : 0;
    if (!strcmp(verb, "random") && argc == 6) {
        uint32_t classes = (uint32_t)strtoul(argv[3], NULL, 16);
        return run_random(features, classes, strtoul(argv[4], NULL, 0), strtoull(argv[5], NULL, 0));
    }
    if (!strcmp(verb, "uniform") && argc == 4) {
        return run_uniform(strtoul(argv[2], NULL, 0), strtoull(argv[3], NULL, 0));
    }
    if (!strcmp(verb, "mutate") && argc == 5) {
        return run_mutate(features, strtoul(argv[3], NULL, 0), strtoull(argv[4], NULL, 0));
    }
    if (!strcmp(verb, "all16") && argc == 2) {
        return run_all16();
    }
    if (!strcmp(verb, "expand") && argc == 3) {
        return run_expand(features);
    }
    if (!strcmp(verb, "disas") && argc == 3) {
        return run_disas(features);
    }
    if (!strcmp(verb, "bench") && (argc == 3 || argc == 4)) {
        return run_bench(features, argc == 4 ? argv[3] : NULL);
    }
    fprintf(stderr, "usage: see the head of tests/decode/decode-tool.c\n");
    return 2;
}
