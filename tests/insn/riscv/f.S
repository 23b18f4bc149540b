// SPDX-License-Identifier: GPL-2.0-or-later
// F: computation with singles in all rounding modes, flags, NaNs, boxing (U chapter 11, 12.2).
//
// Results and flags were taken from the peer; fp-state.S holds what isn't computation.
#include "fp-rows.inc"
#include "test.inc"

    START_FP
    // fadd.s
    F2R 1, fadd.s, rup, 0xffffffff40d93221, 0xffffffffcf000001, 0xffffffffcf000000, 1
    F2R 2, fadd.s, rup, 0xffffffff7f7fffff, 0xffffffff5f000000, 0xffffffff7f800000, 5
    F2R 3, fadd.s, rne, 0xffffffff007e7eef, 0xffffffff00000000, 0xffffffff007e7eef, 0
    F2R 4, fadd.s, rne, 0xffffffff3eaaaaab, 0xffffffffffc01234, 0xffffffff7fc00000, 0
    F2R 5, fadd.s, rdn, 0xffffffff7f800001, 0xfffffffe3f800000, 0xffffffff7fc00000, 16
    F2R 6, fadd.s, rdn, 0xffffffff00000000, 0xffffffff80000001, 0xffffffff80000001, 0
    F2R 7, fadd.s, rne, 0xffffffffd8e94b15, 0xfffffffe3f800000, 0xffffffff7fc00000, 0
    F2R 8, fadd.s, rup, 0xffffffff7f800001, 0xffffffff80000000, 0xffffffff7fc00000, 16
    F2R 9, fadd.s, rtz, 0xffffffff4f000000, 0xffffffff7fc00000, 0xffffffff7fc00000, 0
    F2R 10, fadd.s, rtz, 0xffffffff7fc00000, 0xffffffff7f7fffff, 0xffffffff7fc00000, 0
    F2R 11, fadd.s, rne, 0xffffffff5f000000, 0xffffffff3eaaaaab, 0xffffffff5f000000, 1
    F2R 12, fadd.s, rdn, 0xffffffff80000001, 0xffffffffffc01234, 0xffffffff7fc00000, 0
    F2R 13, fadd.s, rne, 0xffffffff3fc00000, 0xffffffffff800000, 0xffffffffff800000, 0
    F2R 14, fadd.s, rtz, 0xffffffff3a775505, 0xffffffff7fc00000, 0xffffffff7fc00000, 0
    F2R 15, fadd.s, rup, 0xffffffff9a8137e9, 0xffffffffffc01234, 0xffffffff7fc00000, 0
    F2R 16, fadd.s, rup, 0xffffffff7f7fffff, 0xffffffff7f800000, 0xffffffff7f800000, 0
    F2R 17, fadd.s, rtz, 0xffffffff00000000, 0xffffffff3f800000, 0xffffffff3f800000, 0
    F2R 18, fadd.s, rne, 0xffffffffff800000, 0xffffffff00000000, 0xffffffffff800000, 0
    F2R 19, fadd.s, rdn, 0xffffffff007a9743, 0xffffffffc0200000, 0xffffffffc0200000, 1
    F2R 20, fadd.s, rne, 0xffffffff3f800000, 0xffffffff7f7fffff, 0xffffffff7f7fffff, 1
    F2R 21, fadd.s, rdn, 0xffffffff00000001, 0xffffffff00879639, 0xffffffff0087963a, 0
    F2R 22, fadd.s, rtz, 0xffffffffea3d9be7, 0xffffffff3f800000, 0xffffffffea3d9be6, 1
    F2R 23, fadd.s, rup, 0xffffffff3fc00000, 0xffffffff80000000, 0xffffffff3fc00000, 0
    F2R 24, fadd.s, rdn, 0xffffffff007c6e12, 0xffffffff00000000, 0xffffffff007c6e12, 0
    F2R 25, fadd.s, rmm, 0xffffffff07a04e64, 0xffffffff4f000000, 0xffffffff4f000000, 1
    F2R 26, fadd.s, rmm, 0xffffffff00000001, 0xffffffffff800000, 0xffffffffff800000, 0
    F2R 27, fadd.s, rne, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3faaaaac, 1
    F2R 28, fadd.s, rtz, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3faaaaab, 1
    F2R 29, fadd.s, rdn, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3faaaaab, 1
    F2R 30, fadd.s, rup, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3faaaaac, 1
    F2R 31, fadd.s, rmm, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3faaaaac, 1
    F2R 32, fadd.s, rne, 0xffffffff7f800001, 0xffffffff3f800000, 0xffffffff7fc00000, 16
    F2R 33, fadd.s, rne, 0xffffffff7f800000, 0xffffffff7f800000, 0xffffffff7f800000, 0
    // fsub.s
    F2R 34, fsub.s, rdn, 0xffffffff00800000, 0xffffffff7fc00000, 0xffffffff7fc00000, 0
    F2R 35, fsub.s, rtz, 0xffffffff7f800000, 0xfffffffe3f800000, 0xffffffff7fc00000, 0
    F2R 36, fsub.s, rne, 0xffffffff46dc1a26, 0xffffffff80000001, 0xffffffff46dc1a26, 1
    F2R 37, fsub.s, rmm, 0xffffffff3eaaaaab, 0xffffffffc0200000, 0xffffffff40355555, 1
    F2R 38, fsub.s, rdn, 0xffffffff3f800000, 0xffffffff7f800001, 0xffffffff7fc00000, 16
    F2R 39, fsub.s, rtz, 0xffffffff008f7d08, 0xffffffff5f000000, 0xffffffffdeffffff, 1
    F2R 40, fsub.s, rdn, 0xffffffff3f6566da, 0xffffffff3f000000, 0xffffffff3ecacdb4, 0
    F2R 41, fsub.s, rne, 0xfffffffe3f800000, 0xffffffff801b43bf, 0xffffffff7fc00000, 0
    F2R 42, fsub.s, rup, 0xffffffffb3257dda, 0xffffffff3eaaaaab, 0xffffffffbeaaaaac, 1
    F2R 43, fsub.s, rup, 0xffffffff3f000000, 0xffffffff3eaaaaab, 0xffffffff3e2aaaaa, 0
    F2R 44, fsub.s, rdn, 0xfffffffe3f800000, 0xffffffff7f7fffff, 0xffffffff7fc00000, 0
    F2R 45, fsub.s, rmm, 0xffffffff00786158, 0xffffffff5937c1f0, 0xffffffffd937c1f0, 1
    F2R 46, fsub.s, rup, 0xffffffff3f800000, 0xffffffffff800000, 0xffffffff7f800000, 0
    F2R 47, fsub.s, rmm, 0xffffffff7f800000, 0xffffffff00809532, 0xffffffff7f800000, 0
    F2R 48, fsub.s, rup, 0xffffffff008e5f78, 0xffffffff7f7fffff, 0xffffffffff7ffffe, 1
    F2R 49, fsub.s, rmm, 0xffffffff7f800001, 0xffffffff7fc00000, 0xffffffff7fc00000, 16
    F2R 50, fsub.s, rdn, 0xffffffff4016e47e, 0xffffffffcf000001, 0xffffffff4f000001, 1
    F2R 51, fsub.s, rne, 0xffffffffcf000001, 0xffffffff008fa92d, 0xffffffffcf000001, 1
    F2R 52, fsub.s, rne, 0xffffffff3eaaaaab, 0xffffffff7f800001, 0xffffffff7fc00000, 16
    F2R 53, fsub.s, rtz, 0xffffffffcf000001, 0xffffffff7f800001, 0xffffffff7fc00000, 16
    F2R 54, fsub.s, rtz, 0xfffffffffa2f0afd, 0xffffffff405fc2ec, 0xfffffffffa2f0afd, 1
    F2R 55, fsub.s, rdn, 0xffffffff3fc00000, 0xffffffff7fc00000, 0xffffffff7fc00000, 0
    F2R 56, fsub.s, rmm, 0xffffffff3fc0607e, 0xffffffff9da4b378, 0xffffffff3fc0607e, 1
    F2R 57, fsub.s, rmm, 0xffffffff007fffff, 0xffffffff5f000000, 0xffffffffdf000000, 1
    F2R 58, fsub.s, rdn, 0xffffffff50dd1af0, 0xffffffff7f800000, 0xffffffffff800000, 0
    F2R 59, fsub.s, rtz, 0xffffffff3f800001, 0xffffffff00894727, 0xffffffff3f800000, 1
    F2R 60, fsub.s, rne, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3f2aaaac, 1
    F2R 61, fsub.s, rtz, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3f2aaaac, 1
    F2R 62, fsub.s, rdn, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3f2aaaac, 1
    F2R 63, fsub.s, rup, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3f2aaaad, 1
    F2R 64, fsub.s, rmm, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3f2aaaad, 1
    F2R 65, fsub.s, rne, 0xffffffff7f800001, 0xffffffff3f800000, 0xffffffff7fc00000, 16
    F2R 66, fsub.s, rne, 0xffffffff7f800000, 0xffffffff7f800000, 0xffffffff7fc00000, 16
    // fmul.s
    F2R 67, fmul.s, rtz, 0xffffffff80000000, 0xffffffff80000000, 0xffffffff00000000, 0
    F2R 68, fmul.s, rmm, 0xffffffff7fc00000, 0xffffffff7b692cda, 0xffffffff7fc00000, 0
    F2R 69, fmul.s, rmm, 0xffffffff7fc00000, 0xffffffff7f7fffff, 0xffffffff7fc00000, 0
    F2R 70, fmul.s, rne, 0xffffffff00000000, 0xffffffff3fc821ff, 0xffffffff00000000, 0
    F2R 71, fmul.s, rmm, 0xffffffff5f000000, 0xffffffff3f6689ea, 0xffffffff5ee689ea, 0
    F2R 72, fmul.s, rup, 0xffffffff007fffff, 0xffffffff00000000, 0xffffffff00000000, 0
    F2R 73, fmul.s, rup, 0xffffffff7f800001, 0xffffffff80000001, 0xffffffff7fc00000, 16
    F2R 74, fmul.s, rtz, 0xffffffff4013e747, 0xffffffffc3e60e90, 0xffffffffc484ea33, 1
    F2R 75, fmul.s, rtz, 0xffffffff3f800000, 0xffffffff008ce2f4, 0xffffffff008ce2f4, 0
    F2R 76, fmul.s, rne, 0xffffffff00800000, 0xffffffff00000000, 0xffffffff00000000, 0
    F2R 77, fmul.s, rup, 0xffffffff80000000, 0xfffffffffae6f67d, 0xffffffff00000000, 0
    F2R 78, fmul.s, rmm, 0xffffffffcf000001, 0xffffffff80000000, 0xffffffff00000000, 0
    F2R 79, fmul.s, rdn, 0xffffffffcf000001, 0xffffffff5f000000, 0xffffffffee800001, 0
    F2R 80, fmul.s, rup, 0xffffffff00831f05, 0xffffffff0b8c90f1, 0xffffffff00000001, 3
    F2R 81, fmul.s, rup, 0xffffffff007fffff, 0xffffffff7f7fffff, 0xffffffff407ffffe, 1
    F2R 82, fmul.s, rmm, 0xffffffff4f000000, 0xfffffffe3f800000, 0xffffffff7fc00000, 0
    F2R 83, fmul.s, rdn, 0xffffffff5f000000, 0xffffffff00800000, 0xffffffff20000000, 0
    F2R 84, fmul.s, rup, 0xffffffff00000000, 0xffffffff3fdbe97c, 0xffffffff00000000, 0
    F2R 85, fmul.s, rdn, 0xffffffff3e63aac2, 0xffffffffb905579f, 0xffffffffb7ed2b47, 1
    F2R 86, fmul.s, rtz, 0xffffffff3eaaaaab, 0xffffffff7f800000, 0xffffffff7f800000, 0
    F2R 87, fmul.s, rne, 0xffffffff007fffff, 0xffffffff405d2fee, 0xffffffff015d2fec, 1
    F2R 88, fmul.s, rmm, 0xffffffff007948bc, 0xffffffffcf000001, 0xffffffff8ff2917a, 1
    F2R 89, fmul.s, rmm, 0xffffffff0083838d, 0xffffffff007614ae, 0xffffffff00000000, 3
    F2R 90, fmul.s, rdn, 0xffffffff0077f77d, 0xffffffff008c1eef, 0xffffffff00000000, 3
    F2R 91, fmul.s, rne, 0xffffffff3f800000, 0xffffffff00000000, 0xffffffff00000000, 0
    F2R 92, fmul.s, rne, 0xffffffff0077831b, 0xffffffff7be80c9d, 0xffffffff3cd8a968, 1
    F2R 93, fmul.s, rne, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3eaaaaac, 1
    F2R 94, fmul.s, rtz, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3eaaaaac, 1
    F2R 95, fmul.s, rdn, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3eaaaaac, 1
    F2R 96, fmul.s, rup, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3eaaaaad, 1
    F2R 97, fmul.s, rmm, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff3eaaaaac, 1
    F2R 98, fmul.s, rne, 0xffffffff7f800001, 0xffffffff3f800000, 0xffffffff7fc00000, 16
    F2R 99, fmul.s, rne, 0xffffffff7f800000, 0xffffffff7f800000, 0xffffffff7f800000, 0
    // fdiv.s
    F2R 100, fdiv.s, rdn, 0xffffffff80000000, 0xffffffff3eaaaaab, 0xffffffff80000000, 0
    F2R 101, fdiv.s, rup, 0xffffffff409ea831, 0xffffffff7f7fffff, 0xffffffff009ea832, 1
    F2R 102, fdiv.s, rmm, 0xffffffff40d77660, 0xffffffff00000000, 0xffffffff7f800000, 8
    F2R 103, fdiv.s, rmm, 0xffffffff3eaaaaab, 0xffffffff7fc00000, 0xffffffff7fc00000, 0
    F2R 104, fdiv.s, rmm, 0xffffffff00800000, 0xffffffff007b731c, 0xffffffff3f84b7d4, 1
    F2R 105, fdiv.s, rdn, 0xffffffff3fc00000, 0xffffffff3eaaaaab, 0xffffffff408fffff, 1
    F2R 106, fdiv.s, rmm, 0xffffffff4e050c8b, 0xffffffffffc01234, 0xffffffff7fc00000, 0
    F2R 107, fdiv.s, rne, 0xffffffff80000001, 0xffffffff00000001, 0xffffffffbf800000, 0
    F2R 108, fdiv.s, rup, 0xffffffffff800000, 0xffffffff3f800000, 0xffffffffff800000, 0
    F2R 109, fdiv.s, rtz, 0xffffffff3f800000, 0xffffffff3f000000, 0xffffffff40000000, 0
    F2R 110, fdiv.s, rdn, 0xffffffff3fab465a, 0xffffffffe62992ca, 0xffffffff990148c8, 1
    F2R 111, fdiv.s, rtz, 0xfffffffe3f800000, 0xffffffff3eaaaaab, 0xffffffff7fc00000, 0
    F2R 112, fdiv.s, rup, 0xffffffff7f800000, 0xfffffffe3f800000, 0xffffffff7fc00000, 0
    F2R 113, fdiv.s, rmm, 0xffffffff008a707e, 0xffffffff3eaaaaab, 0xffffffff014fa8bd, 1
    F2R 114, fdiv.s, rmm, 0xffffffff80000000, 0xffffffff6ba30b97, 0xffffffff80000000, 0
    F2R 115, fdiv.s, rtz, 0xffffffff405e3e34, 0xffffffffc0200000, 0xffffffffbfb1cb5c, 1
    F2R 116, fdiv.s, rup, 0xffffffffff800000, 0xffffffff00708ca8, 0xffffffffff800000, 0
    F2R 117, fdiv.s, rup, 0xffffffff094fd95e, 0xfffffffe3f800000, 0xffffffff7fc00000, 0
    F2R 118, fdiv.s, rup, 0xffffffff80000001, 0xffffffff3f000000, 0xffffffff80000002, 0
    F2R 119, fdiv.s, rmm, 0xffffffff00800000, 0xffffffffffc01234, 0xffffffff7fc00000, 0
    F2R 120, fdiv.s, rup, 0xffffffffcf000001, 0xffffffffc63009a6, 0xffffffff483a2459, 1
    F2R 121, fdiv.s, rtz, 0xffffffff3ff1fea8, 0xffffffffff800000, 0xffffffff80000000, 0
    F2R 122, fdiv.s, rup, 0xffffffff7f800000, 0xffffffff3f000000, 0xffffffff7f800000, 0
    F2R 123, fdiv.s, rne, 0xffffffff7f800000, 0xffffffff0078a330, 0xffffffff7f800000, 0
    F2R 124, fdiv.s, rmm, 0xffffffff7ae7f8c9, 0xffffffff7fc00000, 0xffffffff7fc00000, 0
    F2R 125, fdiv.s, rup, 0xffffffff7fc00000, 0xffffffff7f7fffff, 0xffffffff7fc00000, 0
    F2R 126, fdiv.s, rne, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff40400001, 1
    F2R 127, fdiv.s, rtz, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff40400001, 1
    F2R 128, fdiv.s, rdn, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff40400001, 1
    F2R 129, fdiv.s, rup, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff40400002, 1
    F2R 130, fdiv.s, rmm, 0xffffffff3f800001, 0xffffffff3eaaaaab, 0xffffffff40400001, 1
    F2R 131, fdiv.s, rne, 0xffffffff7f800001, 0xffffffff3f800000, 0xffffffff7fc00000, 16
    F2R 132, fdiv.s, rne, 0xffffffff7f800000, 0xffffffff7f800000, 0xffffffff7fc00000, 16
    // fsqrt.s
    F1R 133, fsqrt.s, rdn, 0x3ff0000000000000, 0xffffffff7fc00000, 0
    F1R 134, fsqrt.s, rne, 0xffffffff80000001, 0xffffffff7fc00000, 16
    F1R 135, fsqrt.s, rup, 0xffffffff0073e68d, 0xffffffff1ff399ad, 1
    F1R 136, fsqrt.s, rup, 0xffffffffffc01234, 0xffffffff7fc00000, 0
    F1R 137, fsqrt.s, rdn, 0xffffffff7fc00000, 0xffffffff7fc00000, 0
    F1R 138, fsqrt.s, rmm, 0xffffffff008dff96, 0xffffffff2006d150, 1
    F1R 139, fsqrt.s, rdn, 0xffffffff0081c756, 0xffffffff2000e2e1, 1
    F1R 140, fsqrt.s, rne, 0xffffffff00800000, 0xffffffff20000000, 0
    F1R 141, fsqrt.s, rdn, 0xffffffff0087294d, 0xffffffff2003882d, 1
    F1R 142, fsqrt.s, rdn, 0xffffffff007fffff, 0xffffffff1ffffffe, 1
    F1R 143, fsqrt.s, rne, 0xffffffff7fc00000, 0xffffffff7fc00000, 0
    F1R 144, fsqrt.s, rup, 0xffffffff80000000, 0xffffffff80000000, 0
    F1R 145, fsqrt.s, rtz, 0xffffffff00000000, 0xffffffff00000000, 0
    F1R 146, fsqrt.s, rdn, 0xffffffff6d50b44f, 0xffffffff56672548, 1
    F1R 147, fsqrt.s, rtz, 0xffffffff4061f4cd, 0xffffffff3ff0826c, 1
    F1R 148, fsqrt.s, rdn, 0xffffffff3f07e5d9, 0xffffffff3f3a8536, 1
    F1R 149, fsqrt.s, rmm, 0x3ff0000000000000, 0xffffffff7fc00000, 0
    F1R 150, fsqrt.s, rmm, 0xffffffff7f7fffff, 0xffffffff5f7fffff, 1
    F1R 151, fsqrt.s, rup, 0xffffffff7f7fffff, 0xffffffff5f800000, 1
    F1R 152, fsqrt.s, rne, 0xffffffff7f7fffff, 0xffffffff5f7fffff, 1
    F1R 153, fsqrt.s, rmm, 0xffffffff3fc00000, 0xffffffff3f9cc471, 1
    F1R 154, fsqrt.s, rtz, 0xffffffff0086e471, 0xffffffff200366a7, 1
    F1R 155, fsqrt.s, rtz, 0xffffffff00800000, 0xffffffff20000000, 0
    // fmadd.s
    F3R 156, fmadd.s, rne, 0xffffffff5c7787d2, 0xffffffff3f000000, 0xffffffffff800000, 0xffffffffff800000, 0
    F3R 157, fmadd.s, rdn, 0xffffffff7f7fffff, 0xffffffff00000001, 0xffffffff2f81c6b4, 0xffffffff35001038, 1
    F3R 158, fmadd.s, rup, 0xffffffff7f800000, 0xffffffff007fffff, 0xffffffff7fc00000, 0xffffffff7fc00000, 0
    F3R 159, fmadd.s, rup, 0xffffffff3fc00000, 0xffffffffffc01234, 0xffffffff55045bb4, 0xffffffff7fc00000, 0
    F3R 160, fmadd.s, rtz, 0xffffffff00000001, 0xffffffff3f800001, 0xffffffff40c74260, 0xffffffff40c74260, 1
    F3R 161, fmadd.s, rup, 0xffffffff0073ab05, 0xffffffff00800000, 0xffffffff40737f99, 0xffffffff40737f9a, 1
    F3R 162, fmadd.s, rup, 0xffffffff00000000, 0xffffffff80000001, 0xffffffff00735f37, 0xffffffff00735f37, 0
    F3R 163, fmadd.s, rtz, 0xffffffff00000000, 0xffffffff008be311, 0xffffffffffc01234, 0xffffffff7fc00000, 0
    F3R 164, fmadd.s, rup, 0xffffffff7f800000, 0xffffffff3f800000, 0xffffffffff800000, 0xffffffff7fc00000, 16
    F3R 165, fmadd.s, rne, 0xffffffff7f800000, 0xffffffff3f800000, 0xffffffff7f800000, 0xffffffff7f800000, 0
    F3R 166, fmadd.s, rup, 0xffffffff008b7cfb, 0xffffffff3fa1baa1, 0xffffffff00845504, 0xffffffff011a49cd, 1
    F3R 167, fmadd.s, rmm, 0xffffffff5f000000, 0xffffffff3f800001, 0xffffffff3fab7c83, 0xffffffff5f000001, 1
    F3R 168, fmadd.s, rup, 0xfffffffe3f800000, 0xffffffffcf000001, 0xffffffffcf000001, 0xffffffff7fc00000, 0
    F3R 169, fmadd.s, rne, 0x3ff0000000000000, 0xffffffff3eaaaaab, 0xffffffff70ba5a14, 0xffffffff7fc00000, 0
    F3R 170, fmadd.s, rmm, 0xffffffff40330bd5, 0xffffffffff800000, 0xffffffff7f800001, 0xffffffff7fc00000, 16
    F3R 171, fmadd.s, rmm, 0xffffffff007fffff, 0xffffffff4f000000, 0xffffffff00000001, 0xffffffff0ffffffe, 1
    F3R 172, fmadd.s, rne, 0xffffffff7f800000, 0xffffffff00000000, 0xffffffff7fc00000, 0xffffffff7fc00000, 16
    F3R 173, fmadd.s, rdn, 0xffffffff3f800000, 0xffffffff3f800000, 0xffffffff3f800000, 0xffffffff40000000, 0
    // fmsub.s
    F3R 174, fmsub.s, rdn, 0xffffffffcf000001, 0xffffffff008f7810, 0xffffffff881c3ae5, 0xffffffff900f7775, 1
    F3R 175, fmsub.s, rne, 0xffffffff7f800001, 0xffffffff407171ed, 0xffffffff4f000000, 0xffffffff7fc00000, 16
    F3R 176, fmsub.s, rdn, 0xffffffff3fc00000, 0xffffffff007fffff, 0xffffffff3eaaaaab, 0xffffffffbeaaaaab, 1
    F3R 177, fmsub.s, rdn, 0xffffffff07eb28b9, 0xffffffffffc01234, 0xfffffffe3f800000, 0xffffffff7fc00000, 0
    F3R 178, fmsub.s, rdn, 0xffffffff400d08a6, 0xffffffff0084cd5a, 0xfffffffe3f800000, 0xffffffff7fc00000, 0
    F3R 179, fmsub.s, rmm, 0xffffffff3fa1b013, 0xffffffff7f800000, 0xffffffff7f800000, 0xffffffff7fc00000, 16
    F3R 180, fmsub.s, rup, 0xffffffff3f800001, 0xffffffff007c92cd, 0x3ff0000000000000, 0xffffffff7fc00000, 0
    F3R 181, fmsub.s, rmm, 0xffffffff3f800001, 0xffffffff00800000, 0xffffffffec54669a, 0xffffffff6c54669a, 1
    F3R 182, fmsub.s, rtz, 0xffffffff00800000, 0xffffffffff800000, 0xffffffff80000001, 0xffffffffff800000, 0
    F3R 183, fmsub.s, rup, 0xffffffff3723f272, 0xffffffff7fc00000, 0xffffffff4f000000, 0xffffffff7fc00000, 0
    F3R 184, fmsub.s, rup, 0xffffffff7fc00000, 0xffffffff7f800001, 0xffffffffff800000, 0xffffffff7fc00000, 16
    F3R 185, fmsub.s, rdn, 0xffffffff7fc00000, 0xffffffff00000001, 0xffffffff3f800000, 0xffffffff7fc00000, 0
    F3R 186, fmsub.s, rdn, 0xffffffff3f2a94fb, 0xffffffffc0200000, 0xffffffff7fc00000, 0xffffffff7fc00000, 0
    F3R 187, fmsub.s, rtz, 0xffffffff3f800001, 0xfffffffe3f800000, 0xffffffff80000001, 0xffffffff7fc00000, 0
    F3R 188, fmsub.s, rtz, 0xffffffff00811e80, 0xffffffffffc01234, 0xffffffff7f800000, 0xffffffff7fc00000, 0
    F3R 189, fmsub.s, rne, 0xffffffff007f7345, 0x3ff0000000000000, 0xfffffffe3f800000, 0xffffffff7fc00000, 0
    F3R 190, fmsub.s, rne, 0xffffffff7f800000, 0xffffffff00000000, 0xffffffff7fc00000, 0xffffffff7fc00000, 16
    F3R 191, fmsub.s, rdn, 0xffffffff3f800000, 0xffffffff3f800000, 0xffffffff3f800000, 0xffffffff80000000, 0
    // fnmadd.s
    F3R 192, fnmadd.s, rdn, 0xffffffffffc01234, 0xffffffff3f2e0641, 0xffffffff00800000, 0xffffffff7fc00000, 0
    F3R 193, fnmadd.s, rdn, 0xffffffff7fc00000, 0xffffffffffc01234, 0xffffffff7f800000, 0xffffffff7fc00000, 0
    F3R 194, fnmadd.s, rup, 0xfffffffe3f800000, 0xffffffff3fc861d8, 0xffffffffe9945e49, 0xffffffff7fc00000, 0
    F3R 195, fnmadd.s, rup, 0xffffffff00800000, 0xffffffff3f0c0ba1, 0x3ff0000000000000, 0xffffffff7fc00000, 0
    F3R 196, fnmadd.s, rtz, 0xffffffff3f800000, 0xffffffff5f000000, 0xffffffff00000000, 0xffffffffdf000000, 0
    F3R 197, fnmadd.s, rdn, 0xffffffff80000001, 0xffffffff7f7fffff, 0xffffffff007fffff, 0xffffffff34fffffe, 1
    F3R 198, fnmadd.s, rtz, 0xffffffffcf000001, 0xffffffffffc01234, 0xffffffff00000000, 0xffffffff7fc00000, 0
    F3R 199, fnmadd.s, rmm, 0xffffffff40a985c6, 0xfffffffe3f800000, 0xffffffffff800000, 0xffffffff7fc00000, 0
    F3R 200, fnmadd.s, rtz, 0xffffffff7f7fffff, 0xffffffff3f000000, 0xfffffffe3f800000, 0xffffffff7fc00000, 0
    F3R 201, fnmadd.s, rtz, 0xffffffffbcce00b0, 0xffffffff008c56f4, 0xffffffff4f000000, 0xffffffffceffffff, 1
    F3R 202, fnmadd.s, rne, 0xffffffffc0200000, 0xffffffff80000001, 0x3ff0000000000000, 0xffffffff7fc00000, 0
    F3R 203, fnmadd.s, rdn, 0xffffffff7f800000, 0xffffffff007fffff, 0xffffffff44d93586, 0xffffffffff800000, 0
    F3R 204, fnmadd.s, rtz, 0xffffffffff800000, 0xffffffff78ca2b0b, 0x3ff0000000000000, 0xffffffff7fc00000, 0
    F3R 205, fnmadd.s, rup, 0xffffffffff800000, 0xffffffff1e4ed7f1, 0xffffffff80000001, 0xffffffff7f800000, 0
    F3R 206, fnmadd.s, rdn, 0xffffffff4015cae1, 0xffffffff7f7fffff, 0xffffffff3fc00000, 0xffffffffff800000, 5
    F3R 207, fnmadd.s, rup, 0xffffffff3eaaaaab, 0xffffffff4f000000, 0xffffffff7f800001, 0xffffffff7fc00000, 16
    F3R 208, fnmadd.s, rne, 0xffffffff7f800000, 0xffffffff00000000, 0xffffffff7fc00000, 0xffffffff7fc00000, 16
    F3R 209, fnmadd.s, rdn, 0xffffffff3f800000, 0xffffffff3f800000, 0xffffffff3f800000, 0xffffffffc0000000, 0
    // fnmsub.s
    F3R 210, fnmsub.s, rmm, 0xffffffff00800000, 0xffffffff7f800001, 0x3ff0000000000000, 0xffffffff7fc00000, 16
    F3R 211, fnmsub.s, rne, 0xffffffff3f800001, 0xffffffff80000001, 0xffffffff007fffff, 0xffffffff00800000, 1
    F3R 212, fnmsub.s, rdn, 0xffffffff3eaaaaab, 0xffffffff3f800000, 0xffffffff89fc7375, 0xffffffffbeaaaaac, 1
    F3R 213, fnmsub.s, rdn, 0xffffffffcf000001, 0xffffffff3f800000, 0xffffffff0077d779, 0xffffffff4f000001, 1
    F3R 214, fnmsub.s, rup, 0xffffffff80000000, 0xffffffff008ae0a8, 0xffffffff3f800000, 0xffffffff3f800000, 0
    F3R 215, fnmsub.s, rmm, 0xffffffffcf000001, 0xffffffff5f000000, 0xffffffff00800000, 0xffffffff6e800001, 1
    F3R 216, fnmsub.s, rmm, 0xffffffff7fc00000, 0xffffffff7fc00000, 0xffffffff00000001, 0xffffffff7fc00000, 0
    F3R 217, fnmsub.s, rtz, 0xffffffff80000001, 0xffffffff3f800000, 0xffffffff008821dc, 0xffffffff008821dd, 0
    F3R 218, fnmsub.s, rne, 0xffffffff4f000000, 0xffffffff00000000, 0xffffffff00000001, 0xffffffff00000001, 0
    F3R 219, fnmsub.s, rmm, 0xffffffff00844fad, 0xffffffff007fffff, 0xffffffff3f800001, 0xffffffff3f800001, 1
    F3R 220, fnmsub.s, rmm, 0xffffffff0073e2be, 0xffffffff3f800001, 0xffffffff007c03bc, 0xffffffff000820fd, 3
    F3R 221, fnmsub.s, rmm, 0xffffffff5f000000, 0xffffffffc0200000, 0xffffffff4012eded, 0xffffffff5fa00000, 1
    F3R 222, fnmsub.s, rdn, 0xffffffff3f606826, 0xffffffff66efcf8e, 0xffffffffe5b8ca24, 0xffffffffe70034db, 1
    F3R 223, fnmsub.s, rtz, 0xffffffffa633c3af, 0xffffffff3f3558fd, 0xffffffff10984529, 0xffffffff25feafaf, 1
    F3R 224, fnmsub.s, rdn, 0xffffffff3f000000, 0xffffffff5f000000, 0xffffffffffc01234, 0xffffffff7fc00000, 0
    F3R 225, fnmsub.s, rne, 0xffffffff0088aa6b, 0xffffffff10d334b7, 0xffffffff2db46963, 0xffffffff2db46963, 1
    F3R 226, fnmsub.s, rne, 0xffffffff7f800000, 0xffffffff00000000, 0xffffffff7fc00000, 0xffffffff7fc00000, 16
    F3R 227, fnmsub.s, rdn, 0xffffffff3f800000, 0xffffffff3f800000, 0xffffffff3f800000, 0xffffffff80000000, 0
    // fmin.s
    F2 228, fmin.s, 0xffffffff40bacdbb, 0x3ff0000000000000, 0xffffffff40bacdbb, 0
    F2 229, fmin.s, 0xffffffff5f000000, 0xffffffff7fc00000, 0xffffffff5f000000, 0
    F2 230, fmin.s, 0xffffffff00800000, 0x3ff0000000000000, 0xffffffff00800000, 0
    F2 231, fmin.s, 0xffffffffff800000, 0xffffffff80000000, 0xffffffffff800000, 0
    F2 232, fmin.s, 0xffffffff7f7fffff, 0xfffffffffeadad5a, 0xfffffffffeadad5a, 0
    F2 233, fmin.s, 0xffffffff3f9edb82, 0xffffffff00000001, 0xffffffff00000001, 0
    F2 234, fmin.s, 0xffffffff68b3af8a, 0xfffffffe3f800000, 0xffffffff68b3af8a, 0
    F2 235, fmin.s, 0xffffffff80000000, 0xffffffff4957625f, 0xffffffff80000000, 0
    F2 236, fmin.s, 0xffffffff80000001, 0xffffffff5f000000, 0xffffffff80000001, 0
    F2 237, fmin.s, 0xffffffff3eaaaaab, 0xffffffff3f800000, 0xffffffff3eaaaaab, 0
    F2 238, fmin.s, 0xffffffff7f800000, 0xffffffff7f800001, 0xffffffff7f800000, 16
    F2 239, fmin.s, 0xffffffff80000000, 0xffffffff00000000, 0xffffffff80000000, 0
    F2 240, fmin.s, 0xffffffff00000000, 0xffffffff80000000, 0xffffffff80000000, 0
    F2 241, fmin.s, 0xffffffff7f800001, 0xffffffff3f800000, 0xffffffff3f800000, 16
    F2 242, fmin.s, 0xffffffff7fc00000, 0xffffffff7f800001, 0xffffffff7fc00000, 16
    // fmax.s
    F2 243, fmax.s, 0xffffffff0070f7f0, 0x3ff0000000000000, 0xffffffff0070f7f0, 0
    F2 244, fmax.s, 0xffffffff3eaaaaab, 0xffffffffc0200000, 0xffffffff3eaaaaab, 0
    F2 245, fmax.s, 0xffffffff3f0abf1c, 0xffffffff80000000, 0xffffffff3f0abf1c, 0
    F2 246, fmax.s, 0xffffffff007eca90, 0xffffffff3fc00000, 0xffffffff3fc00000, 0
    F2 247, fmax.s, 0xffffffff80000001, 0xffffffff5f000000, 0xffffffff5f000000, 0
    F2 248, fmax.s, 0x3ff0000000000000, 0xffffffffbb1a8b09, 0xffffffffbb1a8b09, 0
    F2 249, fmax.s, 0xffffffff3f800000, 0xffffffff80000000, 0xffffffff3f800000, 0
    F2 250, fmax.s, 0xffffffff008ff710, 0x3ff0000000000000, 0xffffffff008ff710, 0
    F2 251, fmax.s, 0xffffffffffc01234, 0xffffffff3fc00000, 0xffffffff3fc00000, 0
    F2 252, fmax.s, 0xffffffff80000000, 0xffffffff00749b4f, 0xffffffff00749b4f, 0
    F2 253, fmax.s, 0xffffffff80000000, 0xffffffff02bdb2f1, 0xffffffff02bdb2f1, 0
    F2 254, fmax.s, 0xffffffff0079698c, 0xffffffff3f000000, 0xffffffff3f000000, 0
    F2 255, fmax.s, 0xffffffff00000000, 0xffffffff80000000, 0xffffffff00000000, 0
    F2 256, fmax.s, 0xffffffff80000000, 0xffffffff00000000, 0xffffffff00000000, 0
    F2 257, fmax.s, 0xffffffff7f800001, 0xffffffff3f800000, 0xffffffff3f800000, 16
    F2 258, fmax.s, 0xffffffff7fc00000, 0xffffffff7f800001, 0xffffffff7fc00000, 16
    // fsgnj.s
    F2 259, fsgnj.s, 0xffffffff3f800001, 0x3ff0000000000000, 0xffffffff3f800001, 0
    F2 260, fsgnj.s, 0xffffffff542b6037, 0xffffffff3fc00000, 0xffffffff542b6037, 0
    F2 261, fsgnj.s, 0xffffffff40cec71c, 0xffffffffffc01234, 0xffffffffc0cec71c, 0
    F2 262, fsgnj.s, 0xffffffff00000001, 0xffffffff7f7fffff, 0xffffffff00000001, 0
    F2 263, fsgnj.s, 0xffffffff3f539640, 0xffffffff80000000, 0xffffffffbf539640, 0
    F2 264, fsgnj.s, 0xffffffff3fa0fae7, 0xffffffff407fb8b1, 0xffffffff3fa0fae7, 0
    F2 265, fsgnj.s, 0xffffffff5f98c850, 0xffffffff00000001, 0xffffffff5f98c850, 0
    F2 266, fsgnj.s, 0xffffffff3fbcdfb2, 0xffffffffff800000, 0xffffffffbfbcdfb2, 0
    F2 267, fsgnj.s, 0xffffffffc0200000, 0xffffffff3f8101fb, 0xffffffff40200000, 0
    F2 268, fsgnj.s, 0xffffffff3fd9dd9e, 0xffffffff00000000, 0xffffffff3fd9dd9e, 0
    F2 269, fsgnj.s, 0xffffffffc0200000, 0xffffffff5f000000, 0xffffffff40200000, 0
    F2 270, fsgnj.s, 0xffffffff80000001, 0xffffffff5f000000, 0xffffffff00000001, 0
    F2 271, fsgnj.s, 0xffffffff00000000, 0xffffffff80000000, 0xffffffff80000000, 0
    F2 272, fsgnj.s, 0xffffffff80000000, 0xffffffff00000000, 0xffffffff00000000, 0
    F2 273, fsgnj.s, 0xffffffff7f800001, 0xffffffff3f800000, 0xffffffff7f800001, 0
    F2 274, fsgnj.s, 0xffffffff7fc00000, 0xffffffff7f800001, 0xffffffff7fc00000, 0
    // fsgnjn.s
    F2 275, fsgnjn.s, 0xffffffff9df36fca, 0xffffffff3f800001, 0xffffffff9df36fca, 0
    F2 276, fsgnjn.s, 0xffffffffff800000, 0xffffffff70c5e8a3, 0xffffffffff800000, 0
    F2 277, fsgnjn.s, 0xffffffff3eaaaaab, 0xffffffff00000001, 0xffffffffbeaaaaab, 0
    F2 278, fsgnjn.s, 0xffffffff80000000, 0xffffffff80000000, 0xffffffff00000000, 0
    F2 279, fsgnjn.s, 0xffffffff3f31aa5b, 0xffffffff7f800001, 0xffffffffbf31aa5b, 0
    F2 280, fsgnjn.s, 0xffffffff7fc00000, 0xfffffffe3f800000, 0xffffffffffc00000, 0
    F2 281, fsgnjn.s, 0xffffffff82f2f59f, 0xffffffff00800000, 0xffffffff82f2f59f, 0
    F2 282, fsgnjn.s, 0xffffffff00000001, 0xffffffff3eaaaaab, 0xffffffff80000001, 0
    F2 283, fsgnjn.s, 0xffffffff7f800000, 0xfffffffe3f800000, 0xffffffffff800000, 0
    F2 284, fsgnjn.s, 0xffffffff3f800001, 0xffffffff80000001, 0xffffffff3f800001, 0
    F2 285, fsgnjn.s, 0xffffffff00000000, 0xffffffff3eaaaaab, 0xffffffff80000000, 0
    F2 286, fsgnjn.s, 0xffffffff80000000, 0xfffffffe3f800000, 0xffffffff80000000, 0
    F2 287, fsgnjn.s, 0xffffffff00000000, 0xffffffff80000000, 0xffffffff00000000, 0
    F2 288, fsgnjn.s, 0xffffffff80000000, 0xffffffff00000000, 0xffffffff80000000, 0
    F2 289, fsgnjn.s, 0xffffffff7f800001, 0xffffffff3f800000, 0xffffffffff800001, 0
    F2 290, fsgnjn.s, 0xffffffff7fc00000, 0xffffffff7f800001, 0xffffffffffc00000, 0
    // fsgnjx.s
    F2 291, fsgnjx.s, 0xffffffff4f000000, 0xffffffff7f7fffff, 0xffffffff4f000000, 0
    F2 292, fsgnjx.s, 0xffffffff3f000000, 0xffffffff581bb631, 0xffffffff3f000000, 0
    F2 293, fsgnjx.s, 0xfffffffe3f800000, 0xffffffff7f7fffff, 0xffffffff7fc00000, 0
    F2 294, fsgnjx.s, 0xffffffff80000000, 0x3ff0000000000000, 0xffffffff80000000, 0
    F2 295, fsgnjx.s, 0xffffffff4f000000, 0xffffffffcf000001, 0xffffffffcf000000, 0
    F2 296, fsgnjx.s, 0xffffffff7f800000, 0xffffffff3f000000, 0xffffffff7f800000, 0
    F2 297, fsgnjx.s, 0xffffffff0082db0d, 0xffffffff5f000000, 0xffffffff0082db0d, 0
    F2 298, fsgnjx.s, 0xffffffff007e7d9a, 0xffffffffcf000001, 0xffffffff807e7d9a, 0
    F2 299, fsgnjx.s, 0xffffffff00000000, 0xffffffff008e1882, 0xffffffff00000000, 0
    F2 300, fsgnjx.s, 0xffffffff4d656ced, 0xffffffff3f3d4c28, 0xffffffff4d656ced, 0
    F2 301, fsgnjx.s, 0x3ff0000000000000, 0x3ff0000000000000, 0xffffffff7fc00000, 0
    F2 302, fsgnjx.s, 0xffffffff008d6e9f, 0xffffffff00000000, 0xffffffff008d6e9f, 0
    F2 303, fsgnjx.s, 0xffffffff00000000, 0xffffffff80000000, 0xffffffff80000000, 0
    F2 304, fsgnjx.s, 0xffffffff80000000, 0xffffffff00000000, 0xffffffff80000000, 0
    F2 305, fsgnjx.s, 0xffffffff7f800001, 0xffffffff3f800000, 0xffffffff7f800001, 0
    F2 306, fsgnjx.s, 0xffffffff7fc00000, 0xffffffff7f800001, 0xffffffff7fc00000, 0
    // feq.s
    FC 307, feq.s, 0xfffffffe3f800000, 0xfffffffe3f800000, 0x0000000000000000, 0
    FC 308, feq.s, 0xffffffff00000000, 0xfffffffe3f800000, 0x0000000000000000, 0
    FC 309, feq.s, 0xffffffff3f800001, 0xffffffff007fab8a, 0x0000000000000000, 0
    FC 310, feq.s, 0xffffffff008cbf3b, 0xffffffffff800000, 0x0000000000000000, 0
    FC 311, feq.s, 0xffffffff3f37e32d, 0xffffffff40f981e4, 0x0000000000000000, 0
    FC 312, feq.s, 0xffffffffcf000001, 0xffffffffc4445b4d, 0x0000000000000000, 0
    FC 313, feq.s, 0xffffffff80000001, 0xffffffff685a245f, 0x0000000000000000, 0
    FC 314, feq.s, 0xffffffff7f800001, 0xffffffffcf000001, 0x0000000000000000, 16
    FC 315, feq.s, 0xffffffffff800000, 0xffffffffffc01234, 0x0000000000000000, 0
    FC 316, feq.s, 0xffffffff00779fc0, 0xffffffff7f800001, 0x0000000000000000, 16
    FC 317, feq.s, 0xffffffff3f800000, 0xffffffff3f800000, 0x0000000000000001, 0
    FC 318, feq.s, 0xffffffff00000000, 0xffffffff80000000, 0x0000000000000001, 0
    FC 319, feq.s, 0xffffffff7fc00000, 0xffffffff3f800000, 0x0000000000000000, 0
    FC 320, feq.s, 0xffffffff3f800000, 0xffffffff7f800001, 0x0000000000000000, 16
    // flt.s
    FC 321, flt.s, 0xffffffff00000000, 0x3ff0000000000000, 0x0000000000000000, 16
    FC 322, flt.s, 0x3ff0000000000000, 0xffffffff3e93f311, 0x0000000000000000, 16
    FC 323, flt.s, 0xffffffff00000001, 0xffffffff7f800000, 0x0000000000000001, 0
    FC 324, flt.s, 0xffffffff7fc00000, 0xffffffff00000000, 0x0000000000000000, 16
    FC 325, flt.s, 0xffffffff4f000000, 0xffffffff7f800000, 0x0000000000000001, 0
    FC 326, flt.s, 0xffffffff00800000, 0xffffffff00800000, 0x0000000000000000, 0
    FC 327, flt.s, 0xffffffff007457a4, 0xffffffff3eaaaaab, 0x0000000000000001, 0
    FC 328, flt.s, 0xffffffff7f800000, 0xffffffff0075ea2a, 0x0000000000000000, 0
    FC 329, flt.s, 0xffffffffff800000, 0xffffffff3fc00000, 0x0000000000000001, 0
    FC 330, flt.s, 0xffffffff3f800000, 0xffffffff3f800000, 0x0000000000000000, 0
    FC 331, flt.s, 0xffffffff00000000, 0xffffffff80000000, 0x0000000000000000, 0
    FC 332, flt.s, 0xffffffff7fc00000, 0xffffffff3f800000, 0x0000000000000000, 16
    FC 333, flt.s, 0xffffffff3f800000, 0xffffffff7f800001, 0x0000000000000000, 16
    // fle.s
    FC 334, fle.s, 0xffffffff3fc00000, 0xffffffff3eaaaaab, 0x0000000000000000, 0
    FC 335, fle.s, 0xffffffffc0200000, 0xffffffff3f800000, 0x0000000000000001, 0
    FC 336, fle.s, 0xffffffff7f7fffff, 0xffffffff3f800000, 0x0000000000000000, 0
    FC 337, fle.s, 0xffffffff007fffff, 0xffffffff3f800000, 0x0000000000000001, 0
    FC 338, fle.s, 0xffffffff007fffff, 0xffffffff0078062d, 0x0000000000000000, 0
    FC 339, fle.s, 0xffffffff3fc00000, 0xffffffff7f800001, 0x0000000000000000, 16
    FC 340, fle.s, 0xffffffff007fffff, 0xffffffff4050eda3, 0x0000000000000001, 0
    FC 341, fle.s, 0xfffffffffc0b5f22, 0xfffffffe3f800000, 0x0000000000000000, 16
    FC 342, fle.s, 0xffffffff00731a16, 0xffffffff4f000000, 0x0000000000000001, 0
    FC 343, fle.s, 0xffffffff400745c1, 0xffffffff4f000000, 0x0000000000000001, 0
    FC 344, fle.s, 0xffffffff3f800000, 0xffffffff3f800000, 0x0000000000000001, 0
    FC 345, fle.s, 0xffffffff00000000, 0xffffffff80000000, 0x0000000000000001, 0
    FC 346, fle.s, 0xffffffff7fc00000, 0xffffffff3f800000, 0x0000000000000000, 16
    FC 347, fle.s, 0xffffffff3f800000, 0xffffffff7f800001, 0x0000000000000000, 16
    // fclass.s
    FX 348, fclass.s, 0xffffffff3f800000, 0x0000000000000040, 0
    FX 349, fclass.s, 0xffffffffc0200000, 0x0000000000000002, 0
    FX 350, fclass.s, 0xffffffff00000000, 0x0000000000000010, 0
    FX 351, fclass.s, 0xffffffff80000000, 0x0000000000000008, 0
    FX 352, fclass.s, 0xffffffff7f800000, 0x0000000000000080, 0
    FX 353, fclass.s, 0xffffffffff800000, 0x0000000000000001, 0
    FX 354, fclass.s, 0xffffffff7fc00000, 0x0000000000000200, 0
    FX 355, fclass.s, 0xffffffffffc01234, 0x0000000000000200, 0
    FX 356, fclass.s, 0xffffffff7f800001, 0x0000000000000100, 0
    FX 357, fclass.s, 0xffffffff7f7fffff, 0x0000000000000040, 0
    FX 358, fclass.s, 0xffffffff00800000, 0x0000000000000040, 0
    FX 359, fclass.s, 0xffffffff00000001, 0x0000000000000020, 0
    FX 360, fclass.s, 0xffffffff80000001, 0x0000000000000004, 0
    FX 361, fclass.s, 0xffffffff3f800001, 0x0000000000000040, 0
    FX 362, fclass.s, 0xffffffff3eaaaaab, 0x0000000000000040, 0
    FX 363, fclass.s, 0xffffffff4f000000, 0x0000000000000040, 0
    FX 364, fclass.s, 0xffffffffcf000001, 0x0000000000000002, 0
    FX 365, fclass.s, 0xffffffff3f000000, 0x0000000000000040, 0
    FX 366, fclass.s, 0xffffffff3fc00000, 0x0000000000000040, 0
    FX 367, fclass.s, 0xffffffff007fffff, 0x0000000000000020, 0
    FX 368, fclass.s, 0xffffffff5f000000, 0x0000000000000040, 0
    FX 369, fclass.s, 0x3ff0000000000000, 0x0000000000000200, 0
    FX 370, fclass.s, 0xfffffffe3f800000, 0x0000000000000200, 0
    // fcvt.w.s
    FXR 371, fcvt.w.s, rmm, 0xffffffff3f800000, 0x0000000000000001, 0
    FXR 372, fcvt.w.s, rmm, 0xffffffffc0200000, 0xfffffffffffffffd, 1
    FXR 373, fcvt.w.s, rup, 0xffffffff00000000, 0x0000000000000000, 0
    FXR 374, fcvt.w.s, rne, 0xffffffff80000000, 0x0000000000000000, 0
    FXR 375, fcvt.w.s, rne, 0xffffffff7f800000, 0x000000007fffffff, 16
    FXR 376, fcvt.w.s, rdn, 0xffffffffff800000, 0xffffffff80000000, 16
    FXR 377, fcvt.w.s, rup, 0xffffffff7fc00000, 0x000000007fffffff, 16
    FXR 378, fcvt.w.s, rup, 0xffffffffffc01234, 0x000000007fffffff, 16
    FXR 379, fcvt.w.s, rne, 0xffffffff4f000000, 0x000000007fffffff, 16
    FXR 380, fcvt.w.s, rtz, 0xffffffffcf000001, 0xffffffff80000000, 16
    FXR 381, fcvt.w.s, rne, 0xffffffff3f000000, 0x0000000000000000, 1
    FXR 382, fcvt.w.s, rdn, 0xffffffff3fc00000, 0x0000000000000001, 1
    FXR 383, fcvt.w.s, rmm, 0xffffffff5f000000, 0x000000007fffffff, 16
    FXR 384, fcvt.w.s, rne, 0xffffffffc0200000, 0xfffffffffffffffe, 1
    FXR 385, fcvt.w.s, rtz, 0xffffffffc0200000, 0xfffffffffffffffe, 1
    FXR 386, fcvt.w.s, rdn, 0xffffffffc0200000, 0xfffffffffffffffd, 1
    FXR 387, fcvt.w.s, rup, 0xffffffffc0200000, 0xfffffffffffffffe, 1
    FXR 388, fcvt.w.s, rne, 0xffffffff3fc00000, 0x0000000000000002, 1
    FXR 389, fcvt.w.s, rtz, 0xffffffff3fc00000, 0x0000000000000001, 1
    FXR 390, fcvt.w.s, rup, 0xffffffff3fc00000, 0x0000000000000002, 1
    FXR 391, fcvt.w.s, rmm, 0xffffffff3fc00000, 0x0000000000000002, 1
    // fcvt.wu.s
    FXR 392, fcvt.wu.s, rup, 0xffffffff3f800000, 0x0000000000000001, 0
    FXR 393, fcvt.wu.s, rne, 0xffffffffc0200000, 0x0000000000000000, 16
    FXR 394, fcvt.wu.s, rne, 0xffffffff00000000, 0x0000000000000000, 0
    FXR 395, fcvt.wu.s, rdn, 0xffffffff80000000, 0x0000000000000000, 0
    FXR 396, fcvt.wu.s, rne, 0xffffffff7f800000, 0xffffffffffffffff, 16
    FXR 397, fcvt.wu.s, rtz, 0xffffffffff800000, 0x0000000000000000, 16
    FXR 398, fcvt.wu.s, rmm, 0xffffffff7fc00000, 0xffffffffffffffff, 16
    FXR 399, fcvt.wu.s, rup, 0xffffffffffc01234, 0xffffffffffffffff, 16
    FXR 400, fcvt.wu.s, rne, 0xffffffff4f000000, 0xffffffff80000000, 0
    FXR 401, fcvt.wu.s, rdn, 0xffffffffcf000001, 0x0000000000000000, 16
    FXR 402, fcvt.wu.s, rtz, 0xffffffff3f000000, 0x0000000000000000, 1
    FXR 403, fcvt.wu.s, rmm, 0xffffffff3fc00000, 0x0000000000000002, 1
    FXR 404, fcvt.wu.s, rne, 0xffffffff5f000000, 0xffffffffffffffff, 16
    FXR 405, fcvt.wu.s, rtz, 0xffffffffc0200000, 0x0000000000000000, 16
    FXR 406, fcvt.wu.s, rdn, 0xffffffffc0200000, 0x0000000000000000, 16
    FXR 407, fcvt.wu.s, rup, 0xffffffffc0200000, 0x0000000000000000, 16
    FXR 408, fcvt.wu.s, rmm, 0xffffffffc0200000, 0x0000000000000000, 16
    FXR 409, fcvt.wu.s, rne, 0xffffffff3fc00000, 0x0000000000000002, 1
    FXR 410, fcvt.wu.s, rtz, 0xffffffff3fc00000, 0x0000000000000001, 1
    FXR 411, fcvt.wu.s, rdn, 0xffffffff3fc00000, 0x0000000000000001, 1
    FXR 412, fcvt.wu.s, rup, 0xffffffff3fc00000, 0x0000000000000002, 1
    // fcvt.l.s
    FXR 413, fcvt.l.s, rup, 0xffffffff3f800000, 0x0000000000000001, 0
    FXR 414, fcvt.l.s, rdn, 0xffffffffc0200000, 0xfffffffffffffffd, 1
    FXR 415, fcvt.l.s, rmm, 0xffffffff00000000, 0x0000000000000000, 0
    FXR 416, fcvt.l.s, rne, 0xffffffff80000000, 0x0000000000000000, 0
    FXR 417, fcvt.l.s, rne, 0xffffffff7f800000, 0x7fffffffffffffff, 16
    FXR 418, fcvt.l.s, rup, 0xffffffffff800000, 0x8000000000000000, 16
    FXR 419, fcvt.l.s, rup, 0xffffffff7fc00000, 0x7fffffffffffffff, 16
    FXR 420, fcvt.l.s, rtz, 0xffffffffffc01234, 0x7fffffffffffffff, 16
    FXR 421, fcvt.l.s, rdn, 0xffffffff4f000000, 0x0000000080000000, 0
    FXR 422, fcvt.l.s, rdn, 0xffffffffcf000001, 0xffffffff7fffff00, 0
    FXR 423, fcvt.l.s, rmm, 0xffffffff3f000000, 0x0000000000000001, 1
    FXR 424, fcvt.l.s, rmm, 0xffffffff3fc00000, 0x0000000000000002, 1
    FXR 425, fcvt.l.s, rdn, 0xffffffff5f000000, 0x7fffffffffffffff, 16
    FXR 426, fcvt.l.s, rne, 0xffffffffc0200000, 0xfffffffffffffffe, 1
    FXR 427, fcvt.l.s, rtz, 0xffffffffc0200000, 0xfffffffffffffffe, 1
    FXR 428, fcvt.l.s, rup, 0xffffffffc0200000, 0xfffffffffffffffe, 1
    FXR 429, fcvt.l.s, rmm, 0xffffffffc0200000, 0xfffffffffffffffd, 1
    FXR 430, fcvt.l.s, rne, 0xffffffff3fc00000, 0x0000000000000002, 1
    FXR 431, fcvt.l.s, rtz, 0xffffffff3fc00000, 0x0000000000000001, 1
    FXR 432, fcvt.l.s, rdn, 0xffffffff3fc00000, 0x0000000000000001, 1
    FXR 433, fcvt.l.s, rup, 0xffffffff3fc00000, 0x0000000000000002, 1
    // fcvt.lu.s
    FXR 434, fcvt.lu.s, rtz, 0xffffffff3f800000, 0x0000000000000001, 0
    FXR 435, fcvt.lu.s, rtz, 0xffffffffc0200000, 0x0000000000000000, 16
    FXR 436, fcvt.lu.s, rup, 0xffffffff00000000, 0x0000000000000000, 0
    FXR 437, fcvt.lu.s, rdn, 0xffffffff80000000, 0x0000000000000000, 0
    FXR 438, fcvt.lu.s, rtz, 0xffffffff7f800000, 0xffffffffffffffff, 16
    FXR 439, fcvt.lu.s, rtz, 0xffffffffff800000, 0x0000000000000000, 16
    FXR 440, fcvt.lu.s, rdn, 0xffffffff7fc00000, 0xffffffffffffffff, 16
    FXR 441, fcvt.lu.s, rdn, 0xffffffffffc01234, 0xffffffffffffffff, 16
    FXR 442, fcvt.lu.s, rtz, 0xffffffff4f000000, 0x0000000080000000, 0
    FXR 443, fcvt.lu.s, rne, 0xffffffffcf000001, 0x0000000000000000, 16
    FXR 444, fcvt.lu.s, rup, 0xffffffff3f000000, 0x0000000000000001, 1
    FXR 445, fcvt.lu.s, rdn, 0xffffffff3fc00000, 0x0000000000000001, 1
    FXR 446, fcvt.lu.s, rtz, 0xffffffff5f000000, 0x8000000000000000, 0
    FXR 447, fcvt.lu.s, rne, 0xffffffffc0200000, 0x0000000000000000, 16
    FXR 448, fcvt.lu.s, rdn, 0xffffffffc0200000, 0x0000000000000000, 16
    FXR 449, fcvt.lu.s, rup, 0xffffffffc0200000, 0x0000000000000000, 16
    FXR 450, fcvt.lu.s, rmm, 0xffffffffc0200000, 0x0000000000000000, 16
    FXR 451, fcvt.lu.s, rne, 0xffffffff3fc00000, 0x0000000000000002, 1
    FXR 452, fcvt.lu.s, rtz, 0xffffffff3fc00000, 0x0000000000000001, 1
    FXR 453, fcvt.lu.s, rup, 0xffffffff3fc00000, 0x0000000000000002, 1
    FXR 454, fcvt.lu.s, rmm, 0xffffffff3fc00000, 0x0000000000000002, 1
    // fcvt.s.w
    XFR 455, fcvt.s.w, rne, 0x0000000000000000, 0xffffffff00000000, 0
    XFR 456, fcvt.s.w, rne, 0x0000000000000001, 0xffffffff3f800000, 0
    XFR 457, fcvt.s.w, rmm, 0xffffffffffffffff, 0xffffffffbf800000, 0
    XFR 458, fcvt.s.w, rdn, 0x8000000000000000, 0xffffffff00000000, 0
    XFR 459, fcvt.s.w, rup, 0x7fffffffffffffff, 0xffffffffbf800000, 0
    XFR 460, fcvt.s.w, rmm, 0x0000000080000000, 0xffffffffcf000000, 0
    XFR 461, fcvt.s.w, rup, 0x0000000001000001, 0xffffffff4b800001, 1
    XFR 462, fcvt.s.w, rne, 0x0020000000000001, 0xffffffff3f800000, 0
    // fcvt.s.wu
    XFR 463, fcvt.s.wu, rtz, 0x0000000000000000, 0xffffffff00000000, 0
    XFR 464, fcvt.s.wu, rne, 0x0000000000000001, 0xffffffff3f800000, 0
    XFR 465, fcvt.s.wu, rdn, 0xffffffffffffffff, 0xffffffff4f7fffff, 1
    XFR 466, fcvt.s.wu, rdn, 0x8000000000000000, 0xffffffff00000000, 0
    XFR 467, fcvt.s.wu, rup, 0x7fffffffffffffff, 0xffffffff4f800000, 1
    XFR 468, fcvt.s.wu, rdn, 0x0000000080000000, 0xffffffff4f000000, 0
    XFR 469, fcvt.s.wu, rdn, 0x0000000001000001, 0xffffffff4b800000, 1
    XFR 470, fcvt.s.wu, rtz, 0x0020000000000001, 0xffffffff3f800000, 0
    // fcvt.s.l
    XFR 471, fcvt.s.l, rmm, 0x0000000000000000, 0xffffffff00000000, 0
    XFR 472, fcvt.s.l, rdn, 0x0000000000000001, 0xffffffff3f800000, 0
    XFR 473, fcvt.s.l, rmm, 0xffffffffffffffff, 0xffffffffbf800000, 0
    XFR 474, fcvt.s.l, rtz, 0x8000000000000000, 0xffffffffdf000000, 0
    XFR 475, fcvt.s.l, rne, 0x7fffffffffffffff, 0xffffffff5f000000, 1
    XFR 476, fcvt.s.l, rup, 0x0000000080000000, 0xffffffff4f000000, 0
    XFR 477, fcvt.s.l, rup, 0x0000000001000001, 0xffffffff4b800001, 1
    XFR 478, fcvt.s.l, rup, 0x0020000000000001, 0xffffffff5a000001, 1
    // fcvt.s.lu
    XFR 479, fcvt.s.lu, rne, 0x0000000000000000, 0xffffffff00000000, 0
    XFR 480, fcvt.s.lu, rmm, 0x0000000000000001, 0xffffffff3f800000, 0
    XFR 481, fcvt.s.lu, rdn, 0xffffffffffffffff, 0xffffffff5f7fffff, 1
    XFR 482, fcvt.s.lu, rup, 0x8000000000000000, 0xffffffff5f000000, 0
    XFR 483, fcvt.s.lu, rup, 0x7fffffffffffffff, 0xffffffff5f000000, 1
    XFR 484, fcvt.s.lu, rtz, 0x0000000080000000, 0xffffffff4f000000, 0
    XFR 485, fcvt.s.lu, rup, 0x0000000001000001, 0xffffffff4b800001, 1
    XFR 486, fcvt.s.lu, rdn, 0x0020000000000001, 0xffffffff5a000000, 1
    // fmv.w.x
    XF 487, fmv.w.x, 0x0000000000000000, 0xffffffff00000000, 0
    // fmv.x.w
    FX 488, fmv.x.w, 0x0000000000000000, 0x0000000000000000, 0
    // fmv.w.x
    XF 489, fmv.w.x, 0xffffffffffffffff, 0xffffffffffffffff, 0
    // fmv.x.w
    FX 490, fmv.x.w, 0xffffffffffffffff, 0xffffffffffffffff, 0
    // fmv.w.x
    XF 491, fmv.w.x, 0x123456789abcdef0, 0xffffffff9abcdef0, 0
    // fmv.x.w
    FX 492, fmv.x.w, 0x123456789abcdef0, 0xffffffff9abcdef0, 0
    // fmv.w.x
    XF 493, fmv.w.x, 0x000000007f800001, 0xffffffff7f800001, 0
    // fmv.x.w
    FX 494, fmv.x.w, 0x000000007f800001, 0x000000007f800001, 0
    FINISH
