// SPDX-License-Identifier: GPL-2.0-or-later
// Floating-point workloads in double: matrix product, planets (division, square root), pairs of doubles.
//
// Built with -ffp-contract=off, so that every result is the one that IEEE 754 names, on every host.
#include <math.h>
#include <string.h>

#include "workloads.h"

static uint64_t fold_double(uint64_t sum, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return fold(sum, bits);
}

enum { DIM = 32 };

__attribute__((noinline)) static void multiply(double c[DIM][DIM], const double a[DIM][DIM], const double b[DIM][DIM])
{
    for (int i = 0; i < DIM; i++) {
        for (int j = 0; j < DIM; j++) {
            double sum = 0;
            for (int k = 0; k < DIM; k++) {
                sum += a[i][k] * b[k][j];
            }
            c[i][j] = sum;
        }
    }
}

uint64_t work_matmul(uint64_t n)
{
    static double a[DIM][DIM], b[DIM][DIM], c[DIM][DIM];
    uint64_t seed = 5, sum = 0;
    for (int i = 0; i < DIM * DIM; i++) {
        a[i / DIM][i % DIM] = (double)(mix(&seed) >> 40) / 16777216.0;
        b[i / DIM][i % DIM] = (double)(mix(&seed) >> 40) / 16777216.0;
    }
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        multiply(c, a, b);
        a[i % DIM][i / DIM % DIM] = c[i % DIM][0] / DIM;
    }
    for (int i = 0; i < DIM * DIM; i++) {
        sum = fold_double(sum, c[i / DIM][i % DIM]);
    }
    return sum;
}

typedef struct Body {
    double x[3], v[3], mass;
} Body;

__attribute__((noinline)) static void advance(Body *bodies, int count, double dt)
{
    for (int i = 0; i < count; i++) {
        for (int j = i + 1; j < count; j++) {
            double d[3], square = 0.01;
            for (int k = 0; k < 3; k++) {
                d[k] = bodies[i].x[k] - bodies[j].x[k];
                square += d[k] * d[k];
            }
            double pull = dt / (square * sqrt(square));
            for (int k = 0; k < 3; k++) {
                bodies[i].v[k] -= d[k] * bodies[j].mass * pull;
                bodies[j].v[k] += d[k] * bodies[i].mass * pull;
            }
        }
    }
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < 3; k++) {
            bodies[i].x[k] += dt * bodies[i].v[k];
        }
    }
}

uint64_t work_nbody(uint64_t n)
{
    // A sun and four planets on made-up orbits.
    Body bodies[] = {
        {{0, 0, 0}, {0, 0, 0}, 40},          {{5, 0, 0.1}, {0, 2.8, 0}, 0.04}, {{0, 9, -0.2}, {-2.1, 0, 0.1}, 0.01},
        {{-13, 1, 0.4}, {0, -1.7, 0}, 0.02}, {{2, -30, 0}, {1.1, 0.1, 0}, 0.002},
    };
    bench_begin();
    for (uint64_t i = 0; i < n * 10; i++) {
        advance(bodies, 5, 0.001);
    }
    uint64_t sum = 0;
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < 3; k++) {
            sum = fold_double(fold_double(sum, bodies[i].x[k]), bodies[i].v[k]);
        }
    }
    return sum;
}

typedef double Pair __attribute__((vector_size(16)));

__attribute__((noinline)) static void pairs_pass(Pair *a, const Pair *b)
{
    const Pair scale = {0.999, 0.998};
    for (int i = 0; i < 512; i++) {
        a[i] = a[i] * scale + b[i];
    }
}

uint64_t work_packed(uint64_t n)
{
    static Pair a[512], b[512];
    uint64_t seed = 9, sum = 0;
    for (int i = 0; i < 512; i++) {
        b[i] = (Pair){(double)(mix(&seed) >> 40), (double)(mix(&seed) >> 40)};
        a[i] = b[i];
    }
    bench_begin();
    for (uint64_t i = 0; i < n; i++) {
        pairs_pass(a, b);
    }
    for (int i = 0; i < 512; i++) {
        sum = fold_double(fold_double(sum, a[i][0]), a[i][1]);
    }
    return sum;
}
