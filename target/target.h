// SPDX-License-Identifier: GPL-2.0-or-later
// Target: all that the rest of the program knows of an instruction set.
#pragma once
#include "core/device.h"
#include "tcg/cpu.h"

typedef struct Target Target;

// Groups are gdb's features: "org.gnu.gdb.riscv.cpu", …
typedef struct RegDesc {
    const char *name, *group, *gdb_type; // gdb_type: "int", "data_ptr", "code_ptr", "ieee_double", …
    uint32_t slot;                       // bytes from the start of the state; ~0u: read and written by number through Target.reg_read/reg_write
    uint16_t bits;
    uint16_t number;                     // gdb's
} RegDesc;

typedef struct WalkResult {
    // In: bytes of the access from gva on, in one page (0: one byte); peek: for debuggers, without accessed and dirty updates and protection.
    uint8_t bytes;
    bool peek;
    // Out.
    uint64_t gpa;          // of gva, page offset included
    uint8_t prot;          // bit per Access: allowed with this translation at this mmu index now (write: only if no dirty bit has to be set)
    uint8_t page_bits;     // size of the mapping: 12, 21, …
    uint8_t nsteps;        // table entries read, root first
    uint64_t step_gpa[6];  // their physical addresses
    uint8_t step_bytes;    // size of an entry
    // On a fault (walk returned false): the exception to raise.
    uint32_t exception;
    uint64_t exception_value;
} WalkResult;

typedef struct TargetRoot { // on what, besides the mmu index, protection and memory, a walk depends now
    uint64_t mode;         // which format of tables; addresses mean the same in modes of the same number
    bool paged;            // there is a table:
    uint64_t gpa;          // its first entry …
    uint8_t entry_bytes;   // … and their size; one page. It is the first step of each walk that has steps
} TargetRoot;

typedef struct TargetFetch { // what a translator reads instruction bytes from
    const uint8_t *host;     // the bytes at block pc …
    unsigned len;            // … up to the end of the page; at least 1
    unsigned back;           // bytes before them that may be read too: a block may follow jumps inside its page
    // Bytes of the next page for an instruction that crosses, only if it is the first of the block; NULL when the block must end before it.
    const uint8_t *(*next_page)(void *ctx);
    void *ctx;
} TargetFetch;

struct Target {
    const char *name;           // "riscv64"
    const DeviceType *cpu_type; // instance: Device, then CPU at cpu_offset; its state starts at CPU.arch
    size_t cpu_offset;
    uint8_t word_bits;
    bool big_endian;
    const RegDesc *regs; size_t nregs;
    IrNames names;              // slots, helpers
    // Translates from arch.pc-independent inputs only: pc, flags and bytes. At most `max_guest` instructions, never past the page's end (but for
    // a first instruction that crosses). An illegal instruction becomes a TRAP.
    void (*translate)(CPU *cpu, IrBuilder *b, uint64_t pc, uint32_t flags, const TargetFetch *fetch, unsigned max_guest);
    uint32_t (*block_flags)(CPU *cpu);  // mode bits of the block key, now
    unsigned (*fetch_mmu)(CPU *cpu);    // mmu index of instruction fetch, now
    // Walks as hardware does, with access and dirty updates (through dma_write-like observed stores), protection and PMP checks.
    bool (*walk)(CPU *cpu, uint64_t gva, Access access, unsigned mmu, WalkResult *result);
    void (*root)(CPU *cpu, TargetRoot *root);
    // Exceptions that softmmu raises itself.
    void (*access_fault)(CPU *cpu, uint64_t gva, Access access);
    void (*align_fault)(CPU *cpu, uint64_t gva, Access access);
    bool (*interrupt_pending)(CPU *cpu);        // would an interrupt be taken before the next instruction (also: wakes a halted CPU, see below)
    bool (*wakeup_pending)(CPU *cpu);           // would a halted CPU resume (RISC-V: pending and enabled, whatever the global enable)
    void (*take_interrupt)(CPU *cpu);           // enters the handler
    void (*take_exception)(CPU *cpu);           // of cpu->exception (which it clears), arch.pc at the raising instruction
    int (*disas)(char *buf, size_t size, const uint8_t *bytes, size_t len, uint64_t pc); // length in bytes, 0: not enough bytes
    uint64_t (*reg_read)(CPU *cpu, unsigned number);
    void (*reg_write)(CPU *cpu, unsigned number, uint64_t value);
    const char *(*isa_string)(CPU *cpu);        // for the device tree
    const char *(*mmu_string)(CPU *cpu);        // the same ("riscv,sv48"); NULL: no MMU
    const FdtProp *(*fdt_props)(CPU *cpu);      // more for the CPU's node, ended by a NULL name; lives as long as the CPU. May be NULL
    // The platform's time source; copied. `changed` after its ticks jumped. Either may be NULL.
    void (*set_clock)(Device *cpu, const MachineClock *clock);
    void (*clock_changed)(Device *cpu);
};

extern const Target *const targets[]; // NULL-terminated, made from target/meson.build
