// SPDX-License-Identifier: GPL-2.0-or-later
// Decoder and encoder against each other and against patterns worked out by hand from the manual's
// figures.
//
// Covers every row of the table, the refusals of the encoder, features and classes of the random
// generator, and text buffers of any size. What the instructions are called is checked against
// objdump in test-disas.py.
#include "target/riscv/riscv-decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RV64_ALL (~RISCV_EXT_RV32)
#define RV32_ALL (~RISCV_EXT_RV64)
#define RV64_IC  (RISCV_EXT_RV64 | RISCV_EXT_I | RISCV_EXT_C)

static int failures;

static void expect(bool ok, const char *what, uint32_t bits)
{
    if (!ok && ++failures < 20) {
        fprintf(stderr, "%s: %08" PRIx32 "\n", what, bits);
    }
}

// xorshift64: any fixed sequence will do.
static uint64_t random_next(void *ctx)
{
    uint64_t *state = ctx;
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t constant_next(void *ctx)
{
    return *(uint64_t *)ctx;
}

static bool same_insn(RiscvInsn a, RiscvInsn b)
{
    return a.op == b.op && a.length == b.length && a.imm == b.imm && a.csr == b.csr &&
           a.rd == b.rd && a.rs1 == b.rs1 && a.rs2 == b.rs2 && a.rs3 == b.rs3 &&
           a.shamt == b.shamt && a.rm == b.rm && a.aqrl == b.aqrl && a.fm == b.fm &&
           a.pred == b.pred && a.succ == b.succ;
}

// encode(decode(x)) is x, unless another row of the same meaning comes first, which must then
// decode to the same.
static void check_round_trip(uint32_t bits, uint64_t features, bool exact, bool *rows_seen)
{
    RiscvInsn first, second;
    if (!riscv_decode(bits, features, &first)) {
        expect(false, "not decoded", bits);
        return;
    }
    rows_seen[first.row] = true;
    uint32_t made;
    if (!riscv_encode(&first, features, &made)) {
        expect(false, "not encoded", bits);
        return;
    }
    expect(riscv_decode(made, features, &second) && same_insn(first, second),
           "means something else", bits);
    expect(made == bits || second.row != first.row || !exact, "encoded otherwise", bits);
}

static void test_round_trip(void)
{
    static bool rows_seen[RISCV_ROW_COUNT];
    const uint64_t sets[] = {RV64_ALL, RV32_ALL};
    uint64_t seed = 0x1234567;
    for (int i = 0; i < 2; i++) {
        for (int n = 0; n < 200000; n++) {
            check_round_trip(riscv_random_insn(random_next, &seed, sets[i], RISCV_CLASS_ALL),
                             sets[i], true, rows_seen);
        }
        for (uint32_t bits = 0; bits < 0x10000; bits++) {
            RiscvInsn insn;
            if (riscv_insn_length(bits) == 2 && riscv_decode(bits, sets[i], &insn)) {
                check_round_trip(bits, sets[i], false, rows_seen);
            }
        }
    }
    for (uint32_t row = 0; row < RISCV_ROW_COUNT; row++) {
        expect(rows_seen[row], "row never made", row);
    }
}

typedef struct Vector {
    uint32_t bits;
    RiscvInsn insn;
} Vector;

#define OP(name) .op = RISCV_INSN_##name

// Worked out from the formats in chapters 2, 8, 9, 11 and 16 of the unprivileged manual.
static const Vector vectors[] = {
    {0x00000013, {OP(ADDI), .length = 4}},
    {0xfff10093, {OP(ADDI), .length = 4, .rd = 1, .rs1 = 2, .imm = -1}},
    {0x80000537, {OP(LUI), .length = 4, .rd = 10, .imm = -0x80000000ll}},
    {0x7ffff517, {OP(AUIPC), .length = 4, .rd = 10, .imm = 0x7ffff000}},
    {0xffdff06f, {OP(JAL), .length = 4, .imm = -4}},
    {0x001000ef, {OP(JAL), .length = 4, .rd = 1, .imm = 0x800}},
    {0x80000063, {OP(BEQ), .length = 4, .imm = -4096}},
    {0x000000e3, {OP(BEQ), .length = 4, .imm = 0x800}},
    {0xfe111fa3, {OP(SH), .length = 4, .rs1 = 2, .rs2 = 1, .imm = -1}},
    {0x43f55513, {OP(SRAI), .length = 4, .rd = 10, .rs1 = 10, .shamt = 63}},
    {0x0aa5a52f, {OP(AMOSWAP_W), .length = 4, .rd = 10, .rs1 = 11, .rs2 = 10, .aqrl = 1}},
    {0x14052507, {OP(FLW), .length = 4, .rd = 10, .rs1 = 10, .imm = 320}},
    {0x3002d073, {OP(CSRRWI), .length = 4, .csr = RISCV_CSR_MSTATUS, .imm = 5}},
    {0x6ac5f543, {OP(FMADD_D), .length = 4, .rd = 10, .rs1 = 11, .rs2 = 12, .rs3 = 13, .rm = 7}},
    {0x8330000f, {OP(FENCE), .length = 4, .fm = 8, .pred = 3, .succ = 3}},
    {0x0100000f, {OP(PAUSE), .length = 4}},
    {0x00000001, {OP(ADDI), .length = 2}},
    {0x0000157d, {OP(ADDI), .length = 2, .rd = 10, .rs1 = 10, .imm = -1}},
    {0x00008082, {OP(JALR), .length = 2, .rs1 = 1}},
    {0x00009082, {OP(JALR), .length = 2, .rd = 1, .rs1 = 1}},
    {0x00009002, {OP(EBREAK), .length = 2}},
    {0x0000852e, {OP(ADD), .length = 2, .rd = 10, .rs2 = 11}},
    {0x0000952e, {OP(ADD), .length = 2, .rd = 10, .rs1 = 10, .rs2 = 11}},
    {0x00007139, {OP(ADDI), .length = 2, .rd = 2, .rs1 = 2, .imm = -64}},
    {0x00001ff4, {OP(ADDI), .length = 2, .rd = 13, .rs1 = 2, .imm = 1020}},
    {0x0000757d, {OP(LUI), .length = 2, .rd = 10, .imm = -4096}},
    {0x00007d60, {OP(LD), .length = 2, .rd = 8, .rs1 = 10, .imm = 248}},
    {0x0000b001, {OP(JAL), .length = 2, .imm = -2048}},
    {0x0000dc7d, {OP(BEQ), .length = 2, .rs1 = 8, .imm = -2}},
    {0x0000957d, {OP(SRAI), .length = 2, .rd = 10, .rs1 = 10, .shamt = 63}},
};

static void test_vectors(void)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        RiscvInsn insn;
        bool ok = riscv_decode(vectors[i].bits | (vectors[i].insn.length == 2 ? 0xabcd0000 : 0),
                               RV64_ALL, &insn);
        expect(ok && same_insn(insn, vectors[i].insn), "wrong fields", vectors[i].bits);
        expect(insn.raw == vectors[i].bits, "wrong raw bits", vectors[i].bits);
    }
}

static void test_illegal(void)
{
    const struct {
        uint32_t bits;
        uint64_t features;
    } cases[] = {
        {0x00000000, RV64_ALL},                // defined illegal
        {0xffffffff, RV64_ALL},                // and so is this
        {0x0000157d, RV64_ALL & ~RISCV_EXT_C}, // c.addi without C
        {0x00006101, RV64_ALL},                // c.addi16sp 0
        {0x00002001, RV64_ALL},                // c.addiw x0
        {0x02b50533, RV64_ALL & ~RISCV_EXT_M}, // mul without M
        {0x0005b503, RV32_ALL},                // ld on RV32
        {0x02051513, RV32_ALL},                // slli by 32 on RV32
        {0x00b57053 & ~0x2000u, RV64_ALL},     // fadd.s with rounding mode 5
        {0x10200073, RV64_ALL & ~RISCV_EXT_S}, // sret without S
        {0x1015252f, RV64_ALL},                // lr.w with rs2
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        RiscvInsn insn;
        expect(!riscv_decode(cases[i].bits, cases[i].features, &insn), "legal", cases[i].bits);
        expect(insn.op == RISCV_INSN_COUNT && insn.raw == cases[i].bits, "not marked illegal",
               cases[i].bits);
        expect(insn.length == riscv_insn_length(cases[i].bits), "wrong length", cases[i].bits);
    }
    RiscvInsn insn;
    expect(riscv_decode(0x0100000f, RV64_ALL & ~RISCV_EXT_ZIHINTPAUSE, &insn) &&
               insn.op == RISCV_INSN_FENCE,
           "pause is not a fence without Zihintpause", insn.raw);
}

static void test_refusals(void)
{
    const RiscvInsn wrong[] = {
        {OP(ADDI), .length = 4, .imm = 2048},
        {OP(ADDI), .length = 4, .imm = -2049},
        {OP(ADDI), .length = 4, .rd = 32},
        {OP(ADDI), .length = 2, .rd = 1, .rs1 = 3, .imm = 1},
        {OP(ADDI), .length = 3},
        {OP(JAL), .length = 4, .imm = 3},
        {OP(JAL), .length = 4, .imm = 1 << 20},
        {OP(LUI), .length = 4, .imm = 0x80000000ll},
        {OP(SLLI), .length = 4, .shamt = 64},
        {OP(MUL), .length = 4},
        {OP(LW), .length = 2, .rd = 8, .rs1 = 8, .imm = 2},
        {OP(COUNT), .length = 4},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        uint32_t bits;
        expect(!riscv_encode(&wrong[i], RV64_IC, &bits), "encoded what can't be", (uint32_t)i);
    }
    uint32_t bits;
    RiscvInsn pause_like = {OP(FENCE), .length = 4, .pred = 1};
    expect(!riscv_encode(&pause_like, RV64_ALL, &bits), "a fence that is a pause", bits);
    expect(riscv_encode(&pause_like, RV64_IC, &bits) && bits == 0x0100000f, "no fence", bits);
    RiscvInsn shift = {OP(SLLI), .length = 4, .shamt = 32};
    expect(!riscv_encode(&shift, RV32_ALL, &bits) && riscv_encode(&shift, RV64_ALL, &bits), "shift",
           bits);
}

static bool is_load(unsigned op)
{
    return op == RISCV_INSN_LB || op == RISCV_INSN_LH || op == RISCV_INSN_LW ||
           op == RISCV_INSN_LD || op == RISCV_INSN_LBU || op == RISCV_INSN_LHU ||
           op == RISCV_INSN_LWU;
}

static void test_random(void)
{
    uint64_t seed = 99;
    RiscvInsn insn;
    unsigned compressed = 0;
    for (int i = 0; i < 20000; i++) {
        uint32_t bits = riscv_random_insn(random_next, &seed, RV64_ALL, RISCV_CLASS_LOAD);
        expect(riscv_decode(bits, RV64_ALL, &insn) && is_load(insn.op), "not a load", bits);
        compressed += insn.length == 2;
        bits = riscv_random_insn(random_next, &seed, RV32_ALL & ~RISCV_EXT_C, RISCV_CLASS_ALL);
        expect(riscv_decode(bits, RV32_ALL & ~RISCV_EXT_C, &insn) && insn.length == 4, "not RV32",
               bits);
    }
    expect(compressed > 1000, "no compressed loads", compressed);
    uint64_t constants[] = {0, ~UINT64_C(0), 0x100, 0x0101010101010101};
    for (size_t i = 0; i < sizeof(constants) / sizeof(*constants); i++) {
        for (uint32_t mask = 1; mask < RISCV_CLASS_ALL; mask <<= 1) {
            uint32_t bits = riscv_random_insn(constant_next, &constants[i], RV64_ALL, mask);
            expect(riscv_decode(bits, RV64_ALL, &insn), "illegal from a constant source", bits);
        }
    }
    expect(riscv_random_insn(random_next, &seed, RV64_ALL, 0) == 0, "an instruction of no class",
           0);
    expect(riscv_random_insn(random_next, &seed, 0, RISCV_CLASS_ALL) == 0,
           "an instruction of no ISA", 0);
}

static void test_text(void)
{
    char full[64], cut[64];
    expect(riscv_disas(full, sizeof(full), 0xfe0515e3, 0x1000, RV64_ALL) == 4, "length", 4);
    expect(!strcmp(full, "bne a0,zero,0xfea"), full, 0);
    expect(riscv_disas(cut, sizeof(cut), 0xfe0515e3, 0, RV32_ALL) == 4 && strstr(cut, "0xffffffea"),
           cut, 0);
    for (size_t size = 0; size < strlen(full) + 2; size++) {
        memset(cut, 'x', sizeof(cut));
        riscv_disas(cut, size, 0xfe0515e3, 0x1000, RV64_ALL);
        size_t kept = size > strlen(full) ? strlen(full) : size ? size - 1 : 0;
        expect(!memcmp(cut, full, kept) && (!size || !cut[kept]) && cut[size] == 'x', "cut text",
               (uint32_t)size);
    }
    expect(riscv_disas(cut, sizeof(cut), 0, 0, RV64_ALL) == 0 && !strcmp(cut, ".2byte 0x0000"), cut,
           0);
    expect(!strcmp(riscv_csr_name(RISCV_CSR_PMPADDR63), "pmpaddr63") && !riscv_csr_name(0x7c0),
           "CSR names", 0);
    expect(!strcmp(riscv_op_name(RISCV_INSN_FENCE_I), "fence.i"), "op name", 0);
    expect(!strcmp(riscv_op_name(RISCV_INSN_COUNT), "illegal"), "op name", RISCV_INSN_COUNT);
}

int main(void)
{
    test_round_trip();
    test_vectors();
    test_illegal();
    test_refusals();
    test_random();
    test_text();
    if (failures) {
        fprintf(stderr, "%d failures\n", failures);
    }
    return failures != 0;
}
