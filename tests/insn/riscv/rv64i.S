// SPDX-License-Identifier: GPL-2.0-or-later
// RV64I: computation, jumps and branches, loads and stores (U chapters 2, 5).
//
// Results of the tables are computed from the manual's definitions with whole numbers of any size.
#include "rows.inc"
#include "test.inc"

.macro TAKEN number, op, left, right
    CASE \number
    li a0, \left
    li a1, \right
    li a2, 0
    \op a0, a1, 1f
    j fail
    .balign 8
2:  li a2, 1
    j 3f
1:  \op a0, a1, 2b // backwards too
    j fail
3:  EXPECT a2, 1
.endm

.macro NOT_TAKEN number, op, left, right
    CASE \number
    li a0, \left
    li a1, \right
    \op a0, a1, fail
.endm

.macro LOAD number, op, offset, value
    CASE \number
    \op a2, \offset(a0)
    EXPECT a2, \value
    \op x0, \offset(a0)
    mv a3, a0
    \op a3, \offset(a3)
    EXPECT a3, \value
.endm

    START
    // add
    RR 1, add, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 2, add, 0x0000000000000001, 0xffffffffffffffff, 0x0000000000000000
    RR 3, add, 0x8000000000000000, 0xffffffffffffffff, 0x7fffffffffffffff
    RR 4, add, 0x123456789abcdef0, 0x000000000000003f, 0x123456789abcdf2f
    RR 5, add, 0x0000000080000000, 0xffffffffffffffff, 0x000000007fffffff
    RR 6, add, 0x000000007fffffff, 0x000000000000003f, 0x000000008000003e
    RR 7, add, 0x0000000000000000, 0x0000000000000001, 0x0000000000000001
    RR 8, add, 0x123456789abcdef0, 0x0000000000000001, 0x123456789abcdef1
    RR 9, add, 0x9531985d5d9dc9f8, 0xe8e25d940ed90475, 0x7e13f5f16c76ce6d
    RR 10, add, 0x36f675cc81e74ef5, 0x1600a35a099950d8, 0x4cf719268b809fcd
    // sub
    RR 11, sub, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 12, sub, 0x0000000000000001, 0xffffffffffffffff, 0x0000000000000002
    RR 13, sub, 0x8000000000000000, 0xffffffffffffffff, 0x8000000000000001
    RR 14, sub, 0x123456789abcdef0, 0x000000000000003f, 0x123456789abcdeb1
    RR 15, sub, 0x000000007fffffff, 0x000000007fffffff, 0x0000000000000000
    RR 16, sub, 0x0000000000000001, 0x8000000000000000, 0x8000000000000001
    RR 17, sub, 0x0000000000000001, 0x123456789abcdef0, 0xedcba98765432111
    RR 18, sub, 0x000000007fffffff, 0x0000000000000000, 0x000000007fffffff
    RR 19, sub, 0x90c192cfd3ac94af, 0xf28c105d1fb17c23, 0x9e358272b3fb188c
    RR 20, sub, 0xa170b33839263059, 0x953f48f1a09f76b5, 0x0c316a469886b9a4
    // sll
    RR 21, sll, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 22, sll, 0x0000000000000001, 0xffffffffffffffff, 0x8000000000000000
    RR 23, sll, 0x8000000000000000, 0xffffffffffffffff, 0x0000000000000000
    RR 24, sll, 0x123456789abcdef0, 0x000000000000003f, 0x0000000000000000
    RR 25, sll, 0x0000000000000000, 0xffffffff80000000, 0x0000000000000000
    RR 26, sll, 0xffffffff80000000, 0x000000007fffffff, 0x0000000000000000
    RR 27, sll, 0x0000000000000000, 0x8000000000000000, 0x0000000000000000
    RR 28, sll, 0x0000000000000000, 0x123456789abcdef0, 0x0000000000000000
    RR 29, sll, 0x2217beaddbc496cb, 0x6b4cb2424a23d596, 0xab76f125b2c00000
    RR 30, sll, 0x8a6a63ec24ede6a4, 0x922766581e27a1c0, 0x8a6a63ec24ede6a4
    // srl
    RR 31, srl, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 32, srl, 0x0000000000000001, 0xffffffffffffffff, 0x0000000000000000
    RR 33, srl, 0x8000000000000000, 0xffffffffffffffff, 0x0000000000000001
    RR 34, srl, 0x123456789abcdef0, 0x000000000000003f, 0x0000000000000000
    RR 35, srl, 0x7fffffffffffffff, 0x123456789abcdef0, 0x0000000000007fff
    RR 36, srl, 0x000000000000003f, 0xffffffffffffffff, 0x0000000000000000
    RR 37, srl, 0x0000000000000001, 0xffffffff80000000, 0x0000000000000001
    RR 38, srl, 0xffffffff80000000, 0x000000000000003f, 0x0000000000000001
    RR 39, srl, 0x5f557203301850c5, 0x8c38fb2918f135d2, 0x000017d55c80cc06
    RR 40, srl, 0x1012f037b64ce422, 0x0f4205b4907a70c3, 0x02025e06f6c99c84
    // sra
    RR 41, sra, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 42, sra, 0x0000000000000001, 0xffffffffffffffff, 0x0000000000000000
    RR 43, sra, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffffffff
    RR 44, sra, 0x123456789abcdef0, 0x000000000000003f, 0x0000000000000000
    RR 45, sra, 0xffffffff80000000, 0x8000000000000000, 0xffffffff80000000
    RR 46, sra, 0x00000000ffffffff, 0x000000000000003f, 0x0000000000000000
    RR 47, sra, 0x123456789abcdef0, 0x000000007fffffff, 0x0000000000000000
    RR 48, sra, 0x0000000080000000, 0x00000000ffffffff, 0x0000000000000000
    RR 49, sra, 0xec66a78795e761d1, 0x5c90a9587403e430, 0xffffffffffffec66
    RR 50, sra, 0x3f98e2774cbd87ad, 0x2e05319acb5c7427, 0x00000000007f31c4
    // slt
    RR 51, slt, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 52, slt, 0x0000000000000001, 0xffffffffffffffff, 0x0000000000000000
    RR 53, slt, 0x8000000000000000, 0xffffffffffffffff, 0x0000000000000001
    RR 54, slt, 0x123456789abcdef0, 0x000000000000003f, 0x0000000000000000
    RR 55, slt, 0x00ff00ff12340080, 0x8000000000000000, 0x0000000000000000
    RR 56, slt, 0x0000000000000001, 0xffffffff80000000, 0x0000000000000000
    RR 57, slt, 0x7fffffffffffffff, 0x123456789abcdef0, 0x0000000000000000
    RR 58, slt, 0x00000000ffffffff, 0x0000000080000000, 0x0000000000000000
    RR 59, slt, 0x72e6cc3ababced20, 0x9be4bcfc49b64a08, 0x0000000000000000
    RR 60, slt, 0x12bd4acefaecbd38, 0x830e07bc1e398f10, 0x0000000000000000
    // sltu
    RR 61, sltu, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 62, sltu, 0x0000000000000001, 0xffffffffffffffff, 0x0000000000000001
    RR 63, sltu, 0x8000000000000000, 0xffffffffffffffff, 0x0000000000000001
    RR 64, sltu, 0x123456789abcdef0, 0x000000000000003f, 0x0000000000000000
    RR 65, sltu, 0x000000007fffffff, 0xffffffffffffffff, 0x0000000000000001
    RR 66, sltu, 0x0000000080000000, 0xffffffffffffffff, 0x0000000000000001
    RR 67, sltu, 0x00000000ffffffff, 0x000000007fffffff, 0x0000000000000000
    RR 68, sltu, 0x0000000000000000, 0x000000000000003f, 0x0000000000000001
    RR 69, sltu, 0xc3baea9e13deef86, 0x92b1d3f28ede0d7a, 0x0000000000000000
    RR 70, sltu, 0xe01f5057ca02135e, 0x5051c1ccd17f9aca, 0x0000000000000000
    // xor
    RR 71, xor, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 72, xor, 0x0000000000000001, 0xffffffffffffffff, 0xfffffffffffffffe
    RR 73, xor, 0x8000000000000000, 0xffffffffffffffff, 0x7fffffffffffffff
    RR 74, xor, 0x123456789abcdef0, 0x000000000000003f, 0x123456789abcdecf
    RR 75, xor, 0x0000000080000000, 0x00ff00ff12340080, 0x00ff00ff92340080
    RR 76, xor, 0x0000000080000000, 0xffffffff80000000, 0xffffffff00000000
    RR 77, xor, 0x00000000ffffffff, 0xffffffff80000000, 0xffffffff7fffffff
    RR 78, xor, 0x00000000ffffffff, 0x0000000000000001, 0x00000000fffffffe
    RR 79, xor, 0x17f5e837d70820fe, 0x451abd81f1d69ed6, 0x52ef55b626debe28
    RR 80, xor, 0xb2715945795e8229, 0x10a3d6b2aa05e11a, 0xa2d28ff7d35b6333
    // or
    RR 81, or, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 82, or, 0x0000000000000001, 0xffffffffffffffff, 0xffffffffffffffff
    RR 83, or, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffffffff
    RR 84, or, 0x123456789abcdef0, 0x000000000000003f, 0x123456789abcdeff
    RR 85, or, 0x0000000000000000, 0x00ff00ff12340080, 0x00ff00ff12340080
    RR 86, or, 0x00ff00ff12340080, 0x7fffffffffffffff, 0x7fffffffffffffff
    RR 87, or, 0x000000000000003f, 0xffffffff80000000, 0xffffffff8000003f
    RR 88, or, 0x000000000000003f, 0x00000000ffffffff, 0x00000000ffffffff
    RR 89, or, 0xb774eb5248db40af, 0xe315128862c33a4f, 0xf775fbda6adb7aef
    RR 90, or, 0x58d5563dab2cd31e, 0xf0ce583505c6af07, 0xf8df5e3dafeeff1f
    // and
    RR 91, and, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 92, and, 0x0000000000000001, 0xffffffffffffffff, 0x0000000000000001
    RR 93, and, 0x8000000000000000, 0xffffffffffffffff, 0x8000000000000000
    RR 94, and, 0x123456789abcdef0, 0x000000000000003f, 0x0000000000000030
    RR 95, and, 0x00000000ffffffff, 0x0000000080000000, 0x0000000080000000
    RR 96, and, 0xffffffffffffffff, 0xffffffff80000000, 0xffffffff80000000
    RR 97, and, 0x0000000000000001, 0x00000000ffffffff, 0x0000000000000001
    RR 98, and, 0x0000000000000000, 0x8000000000000000, 0x0000000000000000
    RR 99, and, 0x49952399c4aaeac1, 0xbd0561e6211c70cf, 0x09052180000860c1
    RR 100, and, 0x65dc9f503f63af83, 0xeab477d26415479c, 0x6094175024010780
    // addw
    RR 101, addw, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 102, addw, 0x0000000000000001, 0xffffffffffffffff, 0x0000000000000000
    RR 103, addw, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffffffff
    RR 104, addw, 0x123456789abcdef0, 0x000000000000003f, 0xffffffff9abcdf2f
    RR 105, addw, 0x00000000ffffffff, 0x0000000000000001, 0x0000000000000000
    RR 106, addw, 0xffffffffffffffff, 0x00000000ffffffff, 0xfffffffffffffffe
    RR 107, addw, 0x000000007fffffff, 0x123456789abcdef0, 0x000000001abcdeef
    RR 108, addw, 0x7fffffffffffffff, 0xffffffffffffffff, 0xfffffffffffffffe
    RR 109, addw, 0x6e36aab0d1bc52d9, 0x8cdb305fdd2e1609, 0xffffffffaeea68e2
    RR 110, addw, 0xb4d66a3a47469a4d, 0xfc891b4a6a50df4d, 0xffffffffb197799a
    // subw
    RR 111, subw, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 112, subw, 0x0000000000000001, 0xffffffffffffffff, 0x0000000000000002
    RR 113, subw, 0x8000000000000000, 0xffffffffffffffff, 0x0000000000000001
    RR 114, subw, 0x123456789abcdef0, 0x000000000000003f, 0xffffffff9abcdeb1
    RR 115, subw, 0x0000000080000000, 0x000000000000003f, 0x000000007fffffc1
    RR 116, subw, 0x000000007fffffff, 0x8000000000000000, 0x000000007fffffff
    RR 117, subw, 0xffffffffffffffff, 0x0000000000000001, 0xfffffffffffffffe
    RR 118, subw, 0xffffffffffffffff, 0xffffffffffffffff, 0x0000000000000000
    RR 119, subw, 0xa8948c893b618676, 0x0316909e3bbbe9ea, 0xffffffffffa59c8c
    RR 120, subw, 0xd4c28c2e7c26847f, 0x2eae05cf96d0cc5f, 0xffffffffe555b820
    // sllw
    RR 121, sllw, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 122, sllw, 0x0000000000000001, 0xffffffffffffffff, 0xffffffff80000000
    RR 123, sllw, 0x8000000000000000, 0xffffffffffffffff, 0x0000000000000000
    RR 124, sllw, 0x123456789abcdef0, 0x000000000000003f, 0x0000000000000000
    RR 125, sllw, 0x7fffffffffffffff, 0x7fffffffffffffff, 0xffffffff80000000
    RR 126, sllw, 0x0000000000000000, 0xffffffffffffffff, 0x0000000000000000
    RR 127, sllw, 0x000000007fffffff, 0x123456789abcdef0, 0xffffffffffff0000
    RR 128, sllw, 0x0000000080000000, 0xffffffff80000000, 0xffffffff80000000
    RR 129, sllw, 0x519088f590fbbd11, 0x20203626f3fe39c0, 0xffffffff90fbbd11
    RR 130, sllw, 0xdbf4a8b2b0c4312d, 0xf341e07a83f73f16, 0x000000004b400000
    // srlw
    RR 131, srlw, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 132, srlw, 0x0000000000000001, 0xffffffffffffffff, 0x0000000000000000
    RR 133, srlw, 0x8000000000000000, 0xffffffffffffffff, 0x0000000000000000
    RR 134, srlw, 0x123456789abcdef0, 0x000000000000003f, 0x0000000000000001
    RR 135, srlw, 0xffffffff80000000, 0x000000000000003f, 0x0000000000000001
    RR 136, srlw, 0x000000000000003f, 0x00ff00ff12340080, 0x000000000000003f
    RR 137, srlw, 0x0000000000000000, 0x00000000ffffffff, 0x0000000000000000
    RR 138, srlw, 0x000000000000003f, 0x123456789abcdef0, 0x0000000000000000
    RR 139, srlw, 0x65e7e4236472f1a3, 0x64e50cad66237a04, 0x0000000006472f1a
    RR 140, srlw, 0x7b45145c1a81682c, 0x66836886a260cd0b, 0x000000000003502d
    // sraw
    RR 141, sraw, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000
    RR 142, sraw, 0x0000000000000001, 0xffffffffffffffff, 0x0000000000000000
    RR 143, sraw, 0x8000000000000000, 0xffffffffffffffff, 0x0000000000000000
    RR 144, sraw, 0x123456789abcdef0, 0x000000000000003f, 0xffffffffffffffff
    RR 145, sraw, 0x0000000000000000, 0x8000000000000000, 0x0000000000000000
    RR 146, sraw, 0x0000000000000001, 0x8000000000000000, 0x0000000000000001
    RR 147, sraw, 0x00000000ffffffff, 0xffffffffffffffff, 0xffffffffffffffff
    RR 148, sraw, 0x0000000000000001, 0x0000000080000000, 0x0000000000000001
    RR 149, sraw, 0x0d75985d99c94309, 0x000f49c81a358ca0, 0xffffffff99c94309
    RR 150, sraw, 0x26b94c7f9118bb16, 0x19f9919c895fd7b3, 0xfffffffffffff223
    // addi
    RI 151, addi, 0x8000000000000000, 0, 0x8000000000000000
    RI 152, addi, 0xffffffffffffffff, -1, 0xfffffffffffffffe
    RI 153, addi, 0x0000000080000000, 2047, 0x00000000800007ff
    RI 154, addi, 0x00000000ffffffff, -2048, 0x00000000fffff7ff
    RI 155, addi, 0x00000000ffffffff, 930, 0x00000001000003a1
    RI 156, addi, 0x00000000ffffffff, -1840, 0x00000000fffff8cf
    // slti
    RI 157, slti, 0xffffffffffffffff, 0, 0x0000000000000001
    RI 158, slti, 0x0000000080000000, -1, 0x0000000000000000
    RI 159, slti, 0x00000000ffffffff, 2047, 0x0000000000000000
    RI 160, slti, 0xffffffffffffffff, -2048, 0x0000000000000000
    RI 161, slti, 0x8000000000000000, 1887, 0x0000000000000001
    RI 162, slti, 0x123456789abcdef0, 1915, 0x0000000000000000
    // sltiu
    RI 163, sltiu, 0x0000000000000000, 0, 0x0000000000000000
    RI 164, sltiu, 0x7fffffffffffffff, -1, 0x0000000000000001
    RI 165, sltiu, 0x0000000000000001, 2047, 0x0000000000000001
    RI 166, sltiu, 0x7fffffffffffffff, -2048, 0x0000000000000001
    RI 167, sltiu, 0xffffffffffffffff, 915, 0x0000000000000000
    RI 168, sltiu, 0x8000000000000000, -848, 0x0000000000000001
    // xori
    RI 169, xori, 0xcfbf33609cfc8652, 0, 0xcfbf33609cfc8652
    RI 170, xori, 0x8000000000000000, -1, 0x7fffffffffffffff
    RI 171, xori, 0x000000007fffffff, 2047, 0x000000007ffff800
    RI 172, xori, 0x8000000000000000, -2048, 0x7ffffffffffff800
    RI 173, xori, 0x00000000ffffffff, 652, 0x00000000fffffd73
    RI 174, xori, 0x0000000000000000, -221, 0xffffffffffffff23
    // ori
    RI 175, ori, 0x8000000000000000, 0, 0x8000000000000000
    RI 176, ori, 0x0000000080000000, -1, 0xffffffffffffffff
    RI 177, ori, 0x00ff00ff12340080, 2047, 0x00ff00ff123407ff
    RI 178, ori, 0x0000000080000000, -2048, 0xfffffffffffff800
    RI 179, ori, 0x0000000000000001, -1820, 0xfffffffffffff8e5
    RI 180, ori, 0x8000000000000000, 240, 0x80000000000000f0
    // andi
    RI 181, andi, 0xffffffff80000000, 0, 0x0000000000000000
    RI 182, andi, 0x00000000ffffffff, -1, 0x00000000ffffffff
    RI 183, andi, 0x0000000080000000, 2047, 0x0000000000000000
    RI 184, andi, 0x0000000000000001, -2048, 0x0000000000000000
    RI 185, andi, 0x0000000000000001, 718, 0x0000000000000000
    RI 186, andi, 0x63771407e8e72789, -374, 0x63771407e8e72688
    // addiw
    RI 187, addiw, 0x000000007fffffff, 0, 0x000000007fffffff
    RI 188, addiw, 0x0000000080000000, -1, 0x000000007fffffff
    RI 189, addiw, 0x00ff00ff12340080, 2047, 0x000000001234087f
    RI 190, addiw, 0x000000007fffffff, -2048, 0x000000007ffff7ff
    RI 191, addiw, 0x0000000000000001, -416, 0xfffffffffffffe61
    RI 192, addiw, 0xffffffffffffffff, 1868, 0x000000000000074b
    // slli
    RI 193, slli, 0x00000000ffffffff, 0, 0x00000000ffffffff
    RI 194, slli, 0xffffffffffffffff, 1, 0xfffffffffffffffe
    RI 195, slli, 0xffffffff80000000, 63, 0x0000000000000000
    RI 196, slli, 0x000000000000003f, 16, 0x00000000003f0000
    RI 197, slli, 0xffffffffffffffff, 3, 0xfffffffffffffff8
    // srli
    RI 198, srli, 0x00ff00ff12340080, 0, 0x00ff00ff12340080
    RI 199, srli, 0x123456789abcdef0, 1, 0x091a2b3c4d5e6f78
    RI 200, srli, 0xffffffffffffffff, 63, 0x0000000000000001
    RI 201, srli, 0x8000000000000000, 16, 0x0000800000000000
    RI 202, srli, 0x8000000000000000, 2, 0x2000000000000000
    // srai
    RI 203, srai, 0x123456789abcdef0, 0, 0x123456789abcdef0
    RI 204, srai, 0xffffffff80000000, 1, 0xffffffffc0000000
    RI 205, srai, 0x123456789abcdef0, 63, 0x0000000000000000
    RI 206, srai, 0xffffffffffffffff, 3, 0xffffffffffffffff
    RI 207, srai, 0x00ff00ff12340080, 32, 0x0000000000ff00ff
    // slliw
    RI 208, slliw, 0x123456789abcdef0, 0, 0xffffffff9abcdef0
    RI 209, slliw, 0x123456789abcdef0, 1, 0x000000003579bde0
    RI 210, slliw, 0xffffffffffffffff, 31, 0xffffffff80000000
    RI 211, slliw, 0x0000000000000000, 22, 0x0000000000000000
    RI 212, slliw, 0x70ac06acdf703017, 29, 0xffffffffe0000000
    // srliw
    RI 213, srliw, 0xffffffffffffffff, 0, 0xffffffffffffffff
    RI 214, srliw, 0x00000000ffffffff, 1, 0x000000007fffffff
    RI 215, srliw, 0x0000000000000001, 31, 0x0000000000000000
    RI 216, srliw, 0x0000000080000000, 11, 0x0000000000100000
    RI 217, srliw, 0x123456789abcdef0, 0, 0xffffffff9abcdef0
    // sraiw
    RI 218, sraiw, 0x0000000000000000, 0, 0x0000000000000000
    RI 219, sraiw, 0x7fffffffffffffff, 1, 0xffffffffffffffff
    RI 220, sraiw, 0x0000000000000001, 31, 0x0000000000000000
    RI 221, sraiw, 0x123456789abcdef0, 30, 0xfffffffffffffffe
    RI 222, sraiw, 0x0000000000000001, 6, 0x0000000000000000

    // U 2.4: lui, auipc
    CASE 400
    lui a0, 0x80000
    EXPECT a0, -0x80000000
    lui a0, 0x7ffff
    EXPECT a0, 0x7ffff000
    CASE 401
1:  auipc a0, 0
    auipc a1, 0xfffff
    EXPECT_ADDRESS a0, 1b
    sub a0, a0, a1
    EXPECT a0, 0xffc

    TAKEN 410, beq, 5, 5
    TAKEN 411, bne, 5, 0x100000005
    TAKEN 412, blt, -1, 0
    TAKEN 413, bge, 0, -1
    TAKEN 414, bge, -1, -1
    TAKEN 415, bltu, 0, -1
    TAKEN 416, bgeu, -1, 0
    TAKEN 417, bgeu, 7, 7
    NOT_TAKEN 420, beq, 5, 0x100000005
    NOT_TAKEN 421, bne, -1, -1
    NOT_TAKEN 422, blt, 0, -1
    NOT_TAKEN 423, blt, 3, 3
    NOT_TAKEN 424, bge, -1, 0
    NOT_TAKEN 425, bltu, -1, 0
    NOT_TAKEN 426, bgeu, 0, -1

    // U 2.5: links; jalr clears bit 0, and reads rs1 before it writes rd
    CASE 430
    jal a0, 1f
2:  j fail
1:  EXPECT_ADDRESS a0, 2b
    CASE 431
    lla a0, 1f
    addi a0, a0, 9
    jalr a0, a0, -8
2:  j fail
1:  EXPECT_ADDRESS a0, 2b
    CASE 432
    lla a0, 1f
    jalr x0, 0(a0)
    j fail
1:  EXPECT x0, 0
    CASE 433
    lla ra, 1f
    ret
    j fail
1:  lla t0, 2f
    jalr ra, t0        // from one link register to the other
3:  j fail
2:  EXPECT_ADDRESS ra, 3b

    // U 2.6, 5.3: sign and zero extension
    lla a0, bytes
    LOAD 440, lb, 0, -0x80
    LOAD 441, lbu, 0, 0x80
    LOAD 442, lb, 1, 0x7f
    LOAD 443, lh, 2, -0x7f7f
    LOAD 444, lhu, 2, 0x8081
    LOAD 445, lw, 4, -0x7c7b7a79
    LOAD 446, lwu, 4, 0x83848587
    LOAD 447, ld, 8, 0x8f8e8d8c8b8a8988
    addi a0, a0, 16
    LOAD 448, ld, -8, 0x8f8e8d8c8b8a8988
    LOAD 449, lb, -16, -0x80
    CASE 450
    li a1, 0x1122334455667788
    sd a1, 0(a0)
    sb a1, 8(a0)
    sh a1, 10(a0)
    sw a1, 12(a0)
    ld a2, 0(a0)
    EXPECT a2, 0x1122334455667788
    ld a2, 8(a0)
    EXPECT a2, 0x5566778877880088
    CASE 451
    sd x0, 0(a0)
    ld a2, 0(a0)
    EXPECT a2, 0
    addi a3, a0, 2047
    li a4, 0x5a
    sb a4, -2047(a3)
    lbu a2, 0(a0)
    EXPECT a2, 0x5a

    // Writes to x0 vanish; fences do nothing that shows.
    CASE 460
    li a0, 1
    add x0, a0, a0
    lui x0, 1
    auipc x0, 1
    jal x0, 1f
1:  EXPECT x0, 0
    fence
    fence.tso
    fence.i
    .word 0x0100000f // pause
    .word 0x0ff0008f // fence with rd = x1: ignored
    CASE 461
    mv a0, ra
    .word 0x0ff0008f
    EXPECT_SAME a0, ra
    FINISH

    .data
    .balign 64
bytes:
    .byte 0x80, 0x7f, 0x81, 0x80, 0x87, 0x85, 0x84, 0x83, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f
    .space 32
