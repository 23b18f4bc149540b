// SPDX-License-Identifier: GPL-2.0-or-later
// Random instruction streams with initial registers, as assembly for streams.S.
//
//     gen-streams SEED STREAMS LENGTH [XLEN]
//
// Computation, memory and atomics, all without traps: loads and stores use x2, x9 or x30, which point into the buffer; these and x31 are never
// written. Left out: branches, LR and SC (amo.S has them), CSRs but fflags, ctzw (which the peer gets wrong), reserved rounding modes.
#include <stdio.h>
#include <stdlib.h>

#include "target/riscv/riscv-decode.h"

enum { BUFFER_MIDDLE = 4096 }; // of a buffer of 8 KiB: offsets fit whatever they are

static uint64_t features = RISCV_EXT_I | RISCV_EXT_M | RISCV_EXT_A | RISCV_EXT_F | RISCV_EXT_D | RISCV_EXT_C |
                                 RISCV_EXT_ZICSR | RISCV_EXT_ZBA | RISCV_EXT_ZBB | RISCV_EXT_ZBC | RISCV_EXT_ZBS;

static uint64_t next_random(void *ctx)
{
    uint64_t *state = ctx, z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static bool is_base(unsigned reg)
{
    return reg == 2 || reg == 9 || reg == 30;
}

static bool is_kept(unsigned reg)
{
    return is_base(reg) || reg == 31;
}

// An instruction that may stand in a stream; false: try again.
static bool pick(uint64_t *rng, uint32_t *bits, unsigned *length)
{
    static const uint32_t masks[] = {
        RISCV_CLASS_ALU | RISCV_CLASS_MUL, RISCV_CLASS_FP, RISCV_CLASS_FP | RISCV_CLASS_LOAD | RISCV_CLASS_STORE,
        RISCV_CLASS_LOAD | RISCV_CLASS_STORE, RISCV_CLASS_AMO, RISCV_CLASS_CSR,
    };
    static const uint8_t weights[16] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 3, 3, 4, 5};
    unsigned which = weights[next_random(rng) & 15];
    RiscvInsn insn;
    if (!riscv_decode(riscv_random_insn(next_random, rng, features, masks[which]), features, &insn) || is_kept(insn.rd) ||
        insn.op == RISCV_INSN_LR_W || insn.op == RISCV_INSN_LR_D || insn.op == RISCV_INSN_SC_W || insn.op == RISCV_INSN_SC_D ||
        insn.op == RISCV_INSN_CTZW) {
        return false;
    }
    bool memory = (insn.op >= RISCV_INSN_LB && insn.op <= RISCV_INSN_SD) || (insn.op >= RISCV_INSN_FLW && insn.op <= RISCV_INSN_FSD) ||
                  which == 4;
    if (memory && !is_base(insn.rs1)) {
        static const uint8_t bases[] = {2, 9, 30, 9};
        insn.rs1 = bases[next_random(rng) & 3];
    }
    if (which == 5) {
        insn.csr = RISCV_CSR_FFLAGS;
    }
    *length = insn.length;
    return riscv_encode(&insn, features, bits);
}

static uint64_t integer_value(uint64_t *rng)
{
    static const uint64_t special[] = {0, 1, ~UINT64_C(0), UINT64_C(1) << 63, INT64_MAX, 0x80000000, 0x7fffffff, 0xffffffff};
    uint64_t r = next_random(rng);
    switch (r & 7) {
    case 0: case 1: return special[r >> 8 & 7];
    case 2: return r >> 8 & 127;
    case 3: return (uint64_t)(int64_t)(int32_t)(r >> 16);
    default: return next_random(rng);
    }
}

static uint64_t float_value(uint64_t *rng)
{
    static const uint32_t singles[] = {0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001,
                                       1, 0x807fffff, 0x00800000, 0x7f7fffff, 0x4f000000, 0x5f000000, 0x3f000000, 0x40490fdb};
    static const uint64_t doubles[] = {0, UINT64_C(1) << 63, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000,
                                       0xfff0000000000000, 0x7ff8000000000000, 0x7ff0000000000001, 1, 0x800fffffffffffff,
                                       0x0010000000000000, 0x7fefffffffffffff, 0x41e0000000000000, 0x43e0000000000000,
                                       0x47efffffe0000000, 0x3690000000000000};
    uint64_t r = next_random(rng), box = UINT64_C(0xffffffff) << 32;
    switch (r & 7) {
    case 0: case 1: return box | singles[r >> 8 & 15];
    case 2: case 3: return doubles[r >> 8 & 15];
    case 4: return box | (0x3e000000 + (r >> 8 & 0x3ffffff));  // near 1
    case 5: return 0x3fc0000000000000 + (r >> 8 & 0x7fffffffffffff);
    case 6: return box | (uint32_t)(r >> 8);
    default: return next_random(rng);
    }
}

static void print_value(uint64_t value)
{
    printf(", 0x%x, 0x%x", (uint32_t)value, (uint32_t)(value >> 32));
}

static void print_registers(uint64_t *rng)
{
    printf("    .word %u, 0", (unsigned)(next_random(rng) % 5) << 5); // fcsr
    for (unsigned reg = 1; reg < 32; reg++) {
        if (is_base(reg)) {
            printf(", buffer + %u, 0", BUFFER_MIDDLE + 8 * (unsigned)(next_random(rng) & 7));
        } else {
            print_value(integer_value(rng));
        }
    }
    for (unsigned reg = 0; reg < 32; reg++) {
        print_value(float_value(rng));
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: gen-streams SEED STREAMS LENGTH [XLEN]\n");
        return 2;
    }
    features |= argc == 5 && atoi(argv[4]) == 32 ? RISCV_EXT_RV32 : RISCV_EXT_RV64;
    uint64_t rng = strtoull(argv[1], NULL, 0);
    unsigned streams = (unsigned)atoi(argv[2]), length = (unsigned)atoi(argv[3]);
    printf("#define STREAMS %u\n.macro ALL_STREAMS\n", streams);
    for (unsigned n = 0; n < streams; n++) {
        printf("    BEGIN %u\n", n);
        for (unsigned i = 0; i < length;) {
            uint32_t bits;
            unsigned bytes;
            if (pick(&rng, &bits, &bytes)) {
                printf(bytes == 2 ? "    .half 0x%04x\n" : "    .word 0x%08x\n", bits);
                i++;
            }
        }
        printf("    END %u\n", n);
    }
    printf(".endm\n.macro ALL_REGISTERS\n");
    for (unsigned n = 0; n < streams; n++) {
        print_registers(&rng);
    }
    printf(".endm\n");
    return 0;
}
