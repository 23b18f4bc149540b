// SPDX-License-Identifier: GPL-2.0-or-later
// Control-flow workloads: a bytecode interpreter, recursion, calls through a table; and byte code that a compiler can vectorise.
#include "workloads.h"

// ---- interpreter ----

enum Op { PUSH, LOAD, STORE, ADD, SUB, MUL, XOR, SHR, LESS, JUMP, JUMP_IF, DUP, HALT };

typedef struct Code {
    uint8_t op;
    int16_t arg;
} Code;

// x = seed; for (i = 0; i < 500; i++) { x = (x * 31 + i) ^ (x >> 7); } return x: 19 bytecodes a turn.
static const Code program[] = {
    {PUSH, 0},   {STORE, 1},  // i = 0
    {LOAD, 1},   {PUSH, 500}, {LESS, 0}, {JUMP_IF, 8}, {LOAD, 0}, {HALT, 0}, // while (i < 500)
    {LOAD, 0},   {PUSH, 31},  {MUL, 0},  {LOAD, 1},    {ADD, 0},  {LOAD, 0}, {PUSH, 7}, {SHR, 0}, {XOR, 0}, {STORE, 0},
    {LOAD, 1},   {PUSH, 1},   {ADD, 0},  {STORE, 1},   {JUMP, 2},
};

static uint64_t interpret(const Code *code, uint64_t *vars)
{
    uint64_t stack[16];
    uint64_t *top = stack;
    for (const Code *at = code;; at++) {
        switch ((enum Op)at->op) {
        case PUSH: *top++ = (uint64_t)at->arg; break;
        case LOAD: *top++ = vars[at->arg]; break;
        case STORE: vars[at->arg] = *--top; break;
        case ADD: top--, top[-1] += *top; break;
        case SUB: top--, top[-1] -= *top; break;
        case MUL: top--, top[-1] *= *top; break;
        case XOR: top--, top[-1] ^= *top; break;
        case SHR: top--, top[-1] >>= *top & 63; break;
        case LESS: top--, top[-1] = top[-1] < *top; break;
        case JUMP: at = code + at->arg - 1; break;
        case JUMP_IF:
            if (*--top) {
                at = code + at->arg - 1;
            }
            break;
        case DUP: *top = top[-1], top++; break;
        case HALT: return top[-1];
        }
    }
}

uint64_t work_interp(uint64_t n)
{
    uint64_t sum = 0;
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        uint64_t vars[2] = {sum + i, 0};
        sum = fold(sum, interpret(program, vars));
    }
    return sum;
}

// ---- calls ----

__attribute__((noinline)) static uint64_t fib(uint64_t n)
{
    // The barrier keeps the compiler from unrolling the recursion into loops of its own.
    __asm__ volatile("" : "+r"(n));
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t work_fib(uint64_t n)
{
    uint64_t sum = 0;
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        sum = fold(sum, fib(20));
    }
    return sum;
}

#define STEP(name, expression) \
    __attribute__((noinline)) static uint64_t name(uint64_t x) \
    { \
        return expression; \
    }
STEP(step0, x + 1)
STEP(step1, x ^ x >> 3)
STEP(step2, x * 5)
STEP(step3, x - 77)
STEP(step4, x << 1 | x >> 63)
STEP(step5, ~x)
STEP(step6, x + (x >> 11))
STEP(step7, x ^ 0x55)

uint64_t work_icall(uint64_t n)
{
    static uint64_t (*volatile const steps[])(uint64_t) = {step0, step1, step2, step3, step4, step5, step6, step7};
    uint64_t x = 1;
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        for (int k = 0; k < 1000; k++) {
            x = steps[x >> 5 & 7](x + (uint64_t)k + i);
        }
    }
    return fold(0, x);
}

// ---- bytes ----

__attribute__((noinline)) static void bytes_pass(uint8_t *restrict out, const uint8_t *restrict a, const uint8_t *restrict b)
{
    for (int i = 0; i < 4096; i++) {
        uint8_t larger = a[i] > b[i] ? a[i] : b[i];
        uint8_t average = (uint8_t)((a[i] + b[i] + 1) >> 1);
        out[i] = (uint8_t)((larger ^ average) + (a[i] & 0x3f));
    }
}

uint64_t work_bytes(uint64_t n)
{
    static uint8_t buffers[3][4096];
    uint64_t seed = 3;
    for (int i = 0; i < 2 * 4096; i++) {
        buffers[i / 4096][i % 4096] = (uint8_t)mix(&seed);
    }
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        bytes_pass(buffers[(i + 2) % 3], buffers[i % 3], buffers[(i + 1) % 3]);
    }
    uint64_t sum = 0;
    for (int i = 0; i < 4096; i++) {
        sum = fold(sum, buffers[n % 3][i]);
    }
    return sum;
}
