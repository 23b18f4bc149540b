// SPDX-License-Identifier: GPL-2.0-or-later
// Inside T1: registers, the frame, thunks, and what the files x86-*.c share about the block that is being translated.
//
// Host registers: rbp = &cpu->arch + ENV_BIAS; r15 = instructions that may still be attempted; rax, rcx, rdx and xmm0-2 scratch; ten integer and
// thirteen float slots of the guest are pinned in the others, the same ones in all blocks. A block begins with `sub r15, n; js cold`.
#pragma once
#include <assert.h>

#include "tcg/interp-op.h"
#include "tcg/jit.h"
#include "tcg/x86-asm.h"
#include "util/plant.h"

enum {
    ENV_BIAS = 128,
    PIN_INTS = 10, PIN_FLOATS = 13,
    FRAME_ARGS = 0,      // three arguments for C functions
    FRAME_SPILL = 24,    // then values
    FRAME_SLOTS = 254,   // the last FRAME_PENDING of them are for leaving
    FRAME_PENDING = 64,
    FRAME_BYTES = FRAME_SPILL + 8 * FRAME_SLOTS,
    CODE_BYTES = 128 << 20,
    COLD_START = 64 << 20,
    BLOCK_ROOM = 1 << 20,
};
_Static_assert(FRAME_BYTES % 16 == 8, "six pushes and the frame align the stack");

#define ENV(member) ((int32_t)(offsetof(CPU, member) - offsetof(CPU, arch)) - ENV_BIAS)
static inline Opnd env(int32_t disp) { return x_mem(RBP, disp); }
static inline Opnd slot_opnd(uint32_t slot) { return x_mem(RBP, (int32_t)slot - ENV_BIAS); }

typedef struct Thunks { // each is entered by call (…_c) or jump, in code addresses to be written
    uint8_t *enter;      // C: uint64_t (CPU *, const void *code, int64_t left)
    uint8_t *exit_link;  // rax = JitLink
    uint8_t *exit_pc;    // rax = pc, edx = reason
    uint8_t *leave;      // rax = pc, edx = SlowResult, r15 refunded as if the instruction had not been attempted
    uint8_t *leave_raised; // the same; edx by cpu->exception
    // Called; rax, rcx, rdx and xmm0-2 are lost; eax = n - k on entry.
    uint8_t *load;       // rcx = gva, edx = memop; rax = value, edx = SlowResult
    uint8_t *store;      // the same, value in argument 0
    uint8_t *prepare;    // the same, Access in argument 0: nothing is loaded or stored
    uint8_t *op;         // rcx = IrInsn, arguments 0-2; rax = result
    uint8_t *helper;     // rcx = IrHelper, arguments 0-2; rax = result; slots in memory are stale
    uint8_t *site_fill[2][MMU_COUNT]; // x86-sites.c
    uint8_t *helper_sync; // the same; all slots are in memory before and are taken from there after
} Thunks;

struct Jit {
    OsCode code;
    intptr_t execute_delta; // execute address - write address
    uint8_t *hot, *cold;    // next free byte, to be written
    uint8_t *hot_start;     // after the thunks
    OsHostFeatures host;
    Thunks thunks;
    uint8_t *constants;     // for floats, 16 bytes each: see x86-emit-fp.c
    unsigned npins;
    uint32_t pin_slot[PIN_INTS + PIN_FLOATS];
    uint8_t pin_reg[PIN_INTS + PIN_FLOATS];
    uint32_t reg_slot[REG_COUNT];  // slot pinned in a register, where is_pin
    bool is_pin[REG_COUNT];
    bool perf;
    uint32_t next_site, next_heat;
    JitCode *site_code[SITE_COUNT];
    JitStats stats;
    struct Emit *emit;
};

static inline const void *code_address(const Jit *jit, const uint8_t *written)
{
    return (const void *)(written + jit->execute_delta);
}

void thunks_emit(Jit *jit);
void fp_constants_emit(Jit *jit);

// ---- the block that is being translated ----

typedef enum ValKind {
    V_NONE,  // not computed (yet)
    V_CONST, // imm
    V_REG,   // in reg: scratch or pinned; bits above the type's width are undefined
    V_SLOT,  // equal to slot `at` in memory
    V_FRAME, // in frame slot `at`
    V_PAIR,  // i128: in frame slots `at`, `at` + 1
    V_DEFER, // a comparison that the consumer evaluates
} ValKind;

typedef struct Val {
    uint8_t kind, reg, type;
    bool zero_extended;   // i32: bits 32..63 of the register are 0
    uint16_t uses;
    IrRef last;           // the last instruction that uses it
    IrRef next;           // others in the same register
    IrRef raw;            // the result of arithmetic that it is, 0: of none; see x86-nan.c
    IrRef sticky;         // the last instruction that makes a NaN of it if it is one
    bool unchecked;       // of such a result: may be another NaN than the default one
    int32_t at;
    int32_t home;         // V_REG in scratch: also in slot home - 1; 0: isn't
    int64_t imm;
} Val;

typedef struct Stub { // out-of-line code of one instruction
    uint8_t *jumps[3];    // jumps here, to be patched; NULL: unused
    uint8_t *back;        // where the block goes on
    IrRef ref;
    uint16_t index;       // of the guest instruction
    uint8_t kind;         // StubKind
    uint8_t reg;          // destination
    uint8_t base;         // site: register of the base
    uint8_t *check;       // site: where the check begins
    uint8_t value_kind, value_reg;  // store: what …
    int64_t value;                  // … is stored (constant or memory displacement)
    unsigned first_write, nwrites;  // into Emit.writes
    uint16_t raw64, raw32;          // xmm registers that hold unchecked results
} Stub;

typedef struct PendingWrite { // of a slot, in a stub before leaving
    uint32_t slot;
    Opnd from;
    bool is_const, is_float;
    uint8_t bytes;
    int64_t imm;
} PendingWrite;

typedef struct SiteGroup { // accesses that share a check, at the first one
    IrRef first;
    uint8_t access, mmu;
    uint16_t members;
    int32_t min, end;     // what they touch: base + min … base + end - 1
} SiteGroup;
enum { SITE_GROUPS = 64 };

// A block that is a loop is emitted up to its jump back twice if results are unchecked there: the second time it begins with them.
typedef struct LoopCopy {
    IrRef at;             // the jump back; 0: there is none, or it leads to the one copy there is
    bool second;          // being emitted
    uint8_t *site;        // the first copy's jump to the second
    uint8_t *after;       // where the first copy goes on if it doesn't loop
    uint16_t raw64, raw32; // registers with unchecked results at the jump back; the pinned ones are those that the second copy begins with
    uint64_t places;      // fingerprint of where values are at the jump back: the same in both
} LoopCopy;

typedef struct Emit {
    Jit *jit;
    CPU *cpu;
    const IrBlock *block;
    JitCode *out;
    Asm hot, cold;
    uint64_t page_mask;
    bool failed;          // the frame or a table is full: the block stays with T0
    bool plain_fp, plain_rounding; // FpEnv is RISC-V's; rounding is one that the host has
    bool check_attention; // a helper ran in this instruction
    IrRef now;
    unsigned index;       // of the current guest instruction
    uint8_t *body;        // behind the head
    LoopCopy loop;
    uint64_t insn_pc;     // of the current guest instruction
    unsigned started;     // guest instructions so far
    uint32_t locked;      // registers in use by the current instruction
    uint32_t wanted;      // registers that it would like to find unchanged
    IrRef head[REG_COUNT];      // values in a register
    IrRef pin_ref[REG_COUNT];   // value that the slot of a pinned register holds; 0: unknown
    IrRef reg_raw[REG_COUNT];   // Val.raw of what a pinned register holds
    IrRef frame_last[FRAME_SLOTS]; // frame slot is in use up to there
    unsigned nslotted;
    IrRef slotted[IR_MAX_INSNS];
    unsigned ngroups;
    SiteGroup groups[SITE_GROUPS];
    uint8_t group[IR_MAX_INSNS]; // of an access: 1 + index; 0: looks into the TLB itself
    unsigned nstubs, nwrites;
    Stub stubs[IR_MAX_INSNS];
    PendingWrite writes[IR_MAX_PENDING];
    Val val[IR_MAX_INSNS];
} Emit;

enum { BANK_INT, BANK_FLOAT };
enum { NO_REG = 0xff };
static inline bool is_float_type(unsigned type) { return type == IR_F32 || type == IR_F64; }
static inline unsigned bank_of(unsigned type) { return is_float_type(type) ? BANK_FLOAT : BANK_INT; }
static inline bool is_xmm(unsigned reg) { return reg >= XMM0; }
static inline unsigned wide_of(unsigned type) { return type == IR_I32 || type == IR_F32 ? 0 : X_W; }
static inline const IrInsn *insn_at(const Emit *e, IrRef ref) { return &e->block->ins[ref]; }

// x86-alloc.c: where values are
void alloc_begin(Emit *e);
bool live_after(const Emit *e, IrRef ref);
int value_reg(Emit *e, IrRef ref, unsigned bank);       // a register that holds it, locked; emits what is needed
Opnd value_opnd(Emit *e, IrRef ref);                    // register or memory, for the second operand of an integer op
bool value_imm(const Emit *e, IrRef ref, unsigned type, int32_t *imm); // a constant that fits
int scratch(Emit *e, unsigned bank);                    // a free one, locked
void scratch_claim(Emit *e, unsigned reg);              // this one, emptied and locked
int value_dest(Emit *e, IrRef ref, unsigned bank);      // where to compute the value; not yet its place
bool has_pinned_dest(const Emit *e, IrRef ref, unsigned bank); // will value_dest give the register of a slot
void value_place(Emit *e, IrRef ref, unsigned reg);     // it is there now
void value_alias(Emit *e, IrRef ref, IrRef of);         // same bits, same place
void value_load(Emit *e, IrRef ref, unsigned reg);      // into this register (of the bank that the register is of)
void value_to_arg(Emit *e, IrRef ref, unsigned n);      // argument n for a C function, zero-extended
uint64_t value_places(const Emit *e);                   // a fingerprint of where everything is that is needed after `now`
void displace(Emit *e, unsigned reg, IrRef except, bool to_frame); // values still needed leave the register
void spill_scratch(Emit *e);                            // values still needed after `now` leave all scratch registers
void slots_unknown(Emit *e);                            // slots may change: no value may depend on them
int frame_alloc(Emit *e, unsigned n, IrRef last);
void emit_getreg(Emit *e, IrRef ref);
void emit_setreg(Emit *e, IrRef ref);
void float_move(Asm *a, unsigned to, Opnd from);        // 64 bits between xmm, general register and memory
void float_store(Asm *a, Opnd to, unsigned from);

// x86-emit-int.c, x86-emit-mem.c, x86-emit-flow.c, x86-emit-fp.c. False: not native, nothing was emitted.
bool emit_int(Emit *e, IrRef ref);
bool emit_fp(Emit *e, IrRef ref);
unsigned emit_compare(Emit *e, const IrInsn *cmp, unsigned cond); // emits; returns the condition code
unsigned emit_condition(Emit *e, IrRef cond);          // of a value that is or isn't 0: emits; returns the condition code
void emit_skip(Emit *e, const IrInsn *insn);
void emit_memory(Emit *e, IrRef ref);
void emit_c_op(Emit *e, IrRef ref);
void emit_call(Emit *e, IrRef ref);
void emit_head(Emit *e);
void emit_insn(Emit *e, IrRef ref);
void emit_exit(Emit *e, IrRef ref);
void emit_tails(Emit *e);
void emit_stubs(Emit *e);
void note_pending(Emit *e, Stub *stub); // the snapshot's pending writes, from where the values are now
void emit_fp_stub(Emit *e, const Stub *stub);
void emit_raw_fixes(Emit *e, const Stub *stub); // before a stub leaves: no unchecked NaN stays in a pinned register
void emit_memory_stub(Emit *e, const Stub *stub);
Stub *stub_new(Emit *e, IrRef ref, unsigned kind);
// pieces of memory accesses that x86-emit-mem.c and x86-sites.c share
enum { FROM_CONST, FROM_REG, FROM_MEMORY };
void load_extended(Asm *a, MemOp memop, unsigned type, unsigned reg, Opnd from);
void store_from(Asm *a, MemOp memop, Opnd to, unsigned reg);
void store_imm(Asm *a, MemOp memop, Opnd to, int32_t imm);
void store_value(Emit *e, const IrInsn *insn, Stub *stub, Opnd to); // rax is free; notes in the stub what was stored
void stub_store_value(Emit *e, const Stub *stub);
void stub_call(Emit *e, const Stub *stub, const uint8_t *thunk); // the slow path of an access at rcx; goes on behind it or leaves
void leave_at(Emit *e, const Stub *stub, const uint8_t *thunk);
int32_t tlb_disp(Access access, unsigned mmu, size_t member);
// x86-sites.c
void sites_plan(Emit *e, uint64_t plain);
bool site_follows(const Emit *e, IrRef ref); // needs no check, and so has no way out
void site_load(Emit *e, IrRef ref);
void site_store(Emit *e, IrRef ref);
void emit_site_stub(Emit *e, const Stub *stub);
uint8_t *site_fill_emit(Asm *a, Access access, unsigned mmu);
enum { FIX_NAN, FIX_CALL, FIX_RAW }; // what a STUB_FP does

// x86-nan.c: NaNs that aren't the default one yet
void nan_count_uses(Emit *e);
void nan_before(Emit *e, IrRef ref);                    // checks what the instruction needs checked
void nan_loop_begin(Emit *e);                           // the second copy's begin
void nan_made(Emit *e, IrRef ref);                      // the value, in its place, is the unchecked result of arithmetic
void nan_settle(Emit *e, IrRef ref);                    // its bits will be seen
void nan_settle_operands(Emit *e, IrRef ref);
void nan_note_pins(Emit *e, Stub *stub);
void nan_vouch_operands(Emit *e, Stub *stub);           // the current instruction's result is checked, the stub repairs
typedef enum StubKind { STUB_BUDGET, STUB_LOAD, STUB_STORE, STUB_ALONE, STUB_RAISED, STUB_LINK, STUB_IJMP, STUB_BREAK, STUB_FP, STUB_HOT,
    STUB_SITE_LOAD, STUB_SITE_STORE } StubKind;
static inline void jump_to(Asm *a, const uint8_t *target) { x_patch(x_jmp(a), target); }
static inline void call_to(Asm *a, const uint8_t *target) { x_patch(x_call(a), target); }
static inline unsigned refund(const Emit *e) { return e->block->nguest - e->index; } // n - k
