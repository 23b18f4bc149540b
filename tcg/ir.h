// SPDX-License-Identifier: GPL-2.0-or-later
// The intermediate representation: a block of guest instructions as linear SSA, the same for every guest and every executor.
//
// A value is named by the index of the instruction that makes it (0 is none). Register slots are byte offsets into the CPU's state, described
// by the target at run time. Slots are written in program order, so at each instruction that can fault or leave, the state in the slots is the
// guest's, but for the snapshot's pending writes: values that the optimiser kept from slots which later code overwrites.
//
//     block pc=0x80000000 flags=0x0
//         insn 0x80000000 4
//         v2 = getreg.i64 sp
//         v3 = const.i64 -16
//         v4 = add.i64 v2, v3
//         setreg.i64 sp, v4
//         insn 0x80000004 2
//         v7 = getreg.i64 ra
//         st.i64 [v4+8], v7, size=8 mmu=1
//         goto 0x80000006
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcg/flags.h"
#include "util/error.h"

typedef enum IrOp {
#define OP(NAME, text, result, operands, flags, doc) IR_##NAME,
#include "tcg/ops.def"
#undef OP
    IR_OP_COUNT
} IrOp;

typedef enum IrType {
    IR_VOID, IR_I8, IR_I16, IR_I32, IR_I64, IR_I128, IR_F32, IR_F64, IR_V64, IR_V128, IR_V256,
    IR_FLAGS_TUPLE, // IrFlags
    IR_TYPE_COUNT
} IrType;

typedef enum IrCond { // of CMP and EXITIF
    IR_EQ, IR_NE, IR_LTS, IR_GES, IR_LTU, IR_GEU, IR_LES, IR_GTS, IR_LEU, IR_GTU,
    IR_TSTEQ, IR_TSTNE, // (a & b) == 0, != 0
    IR_COND_COUNT
} IrCond;

typedef enum RmwOp { RMW_SWAP, RMW_ADD, RMW_AND, RMW_OR, RMW_XOR, RMW_MINS, RMW_MAXS, RMW_MINU, RMW_MAXU, RMW_COUNT } RmwOp;
typedef enum IrJump { IR_JUMP, IR_JUMP_CALL, IR_JUMP_RETURN } IrJump;
typedef enum IrExit {
    IR_EXIT_BOUNDARY, // interrupt enables, mode or a device may have changed: the loop looks before the next instruction
    IR_EXIT_HALT,     // the CPU's `halted` was set
} IrExit;

enum { IR_ROUND_DYNAMIC = 7 }; // rounding mode of R ops: FpEnv's numbering, or the CPU's current one

// memop, packed in 32 bits
typedef uint32_t MemOp;
enum {
    MEMOP_SIZE = 7,          // log2 of the bytes: 0..5
    MEMOP_SIGNED = 1 << 3,
    MEMOP_BSWAP = 1 << 4,    // big-endian access (the host is little-endian)
    MEMOP_ALIGNED = 1 << 5,  // a misaligned address raises the target's alignment exception
    MEMOP_MMU_SHIFT = 8,     // mmu index, 0..MMU_COUNT-1
    MEMOP_MMU = 15 << 8,
    MEMOP_RELEASE = 1 << 12, // ordering and kind: for the log of accesses, no effect with one thread
    MEMOP_ACQUIRE = 1 << 13,
    MEMOP_STORE_FAULT = 1 << 14, // a load that faults as a store does (first half of an atomic)
};
static inline unsigned memop_bytes(MemOp m) { return 1u << (m & MEMOP_SIZE); }
static inline unsigned memop_mmu(MemOp m) { return (m & MEMOP_MMU) >> MEMOP_MMU_SHIFT; }

typedef uint16_t IrRef; // index of an instruction of the block; 0: none

typedef struct IrInsn {
    uint8_t op;      // IrOp
    uint8_t type;    // IrType
    uint8_t sub;     // condition, rounding mode, RmwOp, IrJump, IrExit, length, IrFlagKind, IrCc, IrFlagBit, lane size
    uint8_t uses;    // the executors' scratch (number of uses, saturating)
    IrRef a, b, c;
    uint16_t snap;   // index into snaps, of the same guest instruction (pending writes: S ops only)
    MemOp memop;
    int32_t disp;    // M ops
    int64_t imm;
} IrInsn;

typedef struct IrPending { // a slot write that isn't in the state yet at the snapshot (never of an EXITIF)
    uint32_t slot;
    uint8_t type;
    IrRef value;
} IrPending;

typedef struct IrSnap {
    uint64_t pc;          // of the guest instruction
    uint16_t index;       // its number in the block, from 0
    uint16_t first_pending, npending;
} IrSnap;

enum { IR_MAX_INSNS = 4096, IR_MAX_GUEST = 256, IR_MAX_SNAPS = 1024, IR_MAX_PENDING = 1024 };

// A block that is being built or has been kept. ins[0] is unused.
typedef struct IrBlock {
    uint64_t pc;
    uint32_t flags;          // the target's mode bits that the translation depends on: part of the block's key
    uint16_t nins, nguest;   // nguest: guest instructions = icount of a full run
    uint16_t nsnaps, npending;
    uint32_t bytes;          // from pc to the end of the last byte covered; jumps may have led before pc
    IrInsn *ins;
    IrSnap *snaps;
    IrPending *pending;
} IrBlock;

struct CPU;
typedef uint64_t HelperFn(struct CPU *cpu, uint64_t a, uint64_t b, uint64_t c);

enum {
    HELPER_READS_REGS = 1,   // looks at register slots
    HELPER_WRITES_REGS = 2,  // changes register slots (other than by its result)
    HELPER_RAISES = 4,       // may raise an exception (cpu->exception): the instruction then has had no other effect
    HELPER_NEEDS_NOW = 8,    // looks at icount or the clock
};

typedef struct IrHelper {
    const char *name;
    HelperFn *fn;
    uint8_t flags;
    uint8_t nargs;
    bool result;
} IrHelper;

// What IR code knows of the guest: names for slots, what to pin, NaN rule. Part of the Target.
typedef struct IrSlot {
    const char *name;
    uint32_t offset;  // bytes from the start of the CPU's state
    uint8_t type;     // IrType of the whole slot
    int8_t heat;      // the hottest integer and float slots are pinned in host registers by T1: 1 is the hottest; 0: never
} IrSlot;

typedef struct IrOpInfo {
    const char *name, *result, *operands, *flags, *doc;
} IrOpInfo;
extern const IrOpInfo ir_ops[IR_OP_COUNT];
extern const char *const ir_type_names[IR_TYPE_COUNT];
extern const char *const ir_cond_names[IR_COND_COUNT];
static inline unsigned ir_type_bytes(IrType type)
{
    static const uint8_t bytes[IR_TYPE_COUNT] = { 0, 1, 2, 4, 8, 16, 4, 8, 8, 16, 32, 32 };
    return bytes[type];
}
// Is the letter among the op's FLAGS?
static inline bool ir_op_has(IrOp op, char flag)
{
    const char *f = ir_ops[op].flags;
    while (*f && *f != flag) {
        f++;
    }
    return *f;
}
// Type of the value that an op of this type handles: i8 and i16 are i32 values, whose upper bits don't count (and are 0 in results).
static inline IrType ir_value_type(IrType type) { return type == IR_I8 || type == IR_I16 ? IR_I32 : type; }
// Type of the value that an instruction makes (IR_VOID: none).
IrType ir_result_type(const IrInsn *insn);
IrType ir_operand_type(const IrInsn *insn, unsigned n); // n 0..2

// ---- builder (tcg/ir-build.c) ----

enum { IR_JOINS = 4 };
enum { IR_ROOM = 256, IR_KNOWN = 64 }; // IR_ROOM: a guest instruction may need as many IR instructions

typedef struct IrBuilder {
    IrBlock block;           // arrays have the maximal sizes
    bool full;               // fewer than IR_ROOM instructions left: the translator must end the block
    uint16_t snap;           // of the current guest instruction
    unsigned nslots, nconsts; // what ir_getreg and ir_const know
    IrPending slots[IR_KNOWN];
    IrRef consts[IR_KNOWN];
    unsigned njoins;
    uint64_t join[IR_JOINS]; // where the last EXITIFs lead
    void *scratch;           // the optimiser's
} IrBuilder;

IrBuilder *ir_builder_new(void);
void ir_builder_free(IrBuilder *b);
void ir_begin(IrBuilder *b, uint64_t pc, uint32_t flags);
void ir_insn(IrBuilder *b, uint64_t pc, unsigned length); // begins a guest instruction: INSN and its snapshot
IrRef ir_emit(IrBuilder *b, IrOp op, IrType type, IrRef a, IrRef b_, IrRef c, unsigned sub, int64_t imm);
IrRef ir_const(IrBuilder *b, IrType type, int64_t value);       // shared in the block
IrRef ir_getreg(IrBuilder *b, IrType type, uint32_t slot);
void ir_setreg(IrBuilder *b, IrType type, uint32_t slot, IrRef value);
static inline IrRef ir_op1(IrBuilder *b, IrOp op, IrType type, IrRef x) { return ir_emit(b, op, type, x, 0, 0, 0, 0); }
static inline IrRef ir_op2(IrBuilder *b, IrOp op, IrType type, IrRef x, IrRef y) { return ir_emit(b, op, type, x, y, 0, 0, 0); }
IrRef ir_cmp(IrBuilder *b, IrType type, IrCond cond, IrRef x, IrRef y);
IrRef ir_select(IrBuilder *b, IrType type, IrRef cond, IrRef x, IrRef y);
IrRef ir_load(IrBuilder *b, IrType type, MemOp memop, IrRef address, int32_t disp);
void ir_store(IrBuilder *b, IrType type, MemOp memop, IrRef address, int32_t disp, IrRef value);
IrRef ir_rmw(IrBuilder *b, IrType type, MemOp memop, RmwOp op, IrRef address, IrRef value);
IrRef ir_call(IrBuilder *b, const IrHelper *helper, IrRef x, IrRef y, IrRef z); // 0 if it has no result
IrRef ir_flags(IrBuilder *b, IrType type, IrFlagKind kind, IrRef x, IrRef y, IrRef result); // operands that the kind lacks: 0
IrRef ir_cc(IrBuilder *b, IrCc cc, IrRef flags);
void ir_exitif(IrBuilder *b, IrType type, IrCond cond, IrRef x, IrRef y, uint64_t pc);
void ir_goto(IrBuilder *b, uint64_t pc);
void ir_ijmp(IrBuilder *b, IrRef pc, IrJump kind);
void ir_exit(IrBuilder *b, IrExit reason, uint64_t pc);
void ir_exitpc(IrBuilder *b, IrExit reason, IrRef pc);
void ir_trap(IrBuilder *b, unsigned exception, IrRef value);
// The builder's block becomes a copy of a kept one, to be optimised.
void ir_begin_from(IrBuilder *b, const IrBlock *block);
// A copy of exactly the needed size in one allocation (g_free it).
IrBlock *ir_block_copy(const IrBlock *block);

// ---- text, verifier (tcg/ir-text.c, tcg/ir-parse.c, tcg/ir-verify.c) ----

typedef struct IrNames { // how to print and parse slots and helpers
    const IrSlot *slots;
    size_t nslots;
    const IrHelper *const *helpers; // NULL-terminated; may be NULL
} IrNames;
// The text of a block, also of one that doesn't verify; `names` may be NULL (g_free it).
char *ir_print(const IrBlock *block, const IrNames *names);
// Replaces the builder's block by one that verifies. Fails with the number of the line at fault; the builder's block is then of no use.
bool ir_parse(IrBuilder *b, const char *text, const IrNames *names, Error *err);
// Is the block one that every executor can run: fails with what is wrong where.
bool ir_verify(const IrBlock *block, Error *err);
// The same; *where becomes the number of the instruction at fault, or 0 if it is the block as a whole.
bool ir_verify_at(const IrBlock *block, IrRef *where, Error *err);

// ---- optimiser (tcg/ir-opt.c) ----

enum { IR_OPT_POSTPONE = 1, IR_OPT_SKIP = 2 }; // options: see ir_optimise_with

// Improves the builder's block in place; nothing can be appended to it then. The state at each snapshot, its pending writes done, is
// what it was; so is that at the end, at an EXITIF, and at an INSN whose predecessor calls a helper (which may ask for attention). For T1
// and T2 only: at other INSNs the slots may lag behind. A block that has pending writes is left alone.
void ir_optimise(IrBuilder *b);
// The same. IR_OPT_POSTPONE: writes are moved into snapshots whatever they write, not only constants: for an executor that
// gives registers to values rather than to slots. IR_OPT_SKIP: short forward branches become selects (ir-skip.c).
void ir_optimise_with(IrBuilder *b, unsigned options);
