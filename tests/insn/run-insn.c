// SPDX-License-Identifier: GPL-2.0-or-later
// Runs one bare-metal program of tests/insn/: a CPU, RAM at 0x80000000 and 4 MiB at 0x240000000, a CLINT at 0x2000000 and the test finisher at 0x100000.
//
//     run-insn [options] PROGRAM            ELF, or a flat image for 0x80000000
//     --target NAME       riscv64 (default), riscv32
//     --cpu NAME=VALUE    a property of the CPU (may be repeated)
//     --limit N           at most N instructions (default 50000000)
//     --shift N           an instruction is 2^N ns (default 0)
//     --jit N             T1 from the Nth run of a block on (1: always), without --jit T0 alone
//     --sse2              T1 without newer host instructions
//     --max-guest N       at most N instructions a block
//     --flush SEED        TLB and code cache thrown away at random
//     --lockstep          T1 beside T0
//     --no-tlb            nothing is cached
//     --chop SEED         the vCPU runs in slices of random length
//     --reparse           blocks are printed as text and what is run was parsed from it
//     --ir                print the IR of each block
//     --trace             print each instruction
//     --digest            print a digest of the final state
//     --entry ADDRESS     start there instead of at the program's entry
//     --dump GPA,BYTES,FILE   write this memory to a file at the end
// Every block is verified. Exit status: what the program gave to the finisher (0: passed), 253 limit reached, 254 halted for ever, 255 wrong usage.
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/intc/riscv-aclint.h"
#include "softmmu/exec.h"
#include "tests/device/fake-seam.h"

enum { RAM_GPA = 0x80000000u, RAM_BYTES = 64 << 20, FINISHER_GPA = 0x100000, CLINT_GPA = 0x2000000, EXIT_LIMIT = 253, EXIT_HANG = 254, EXIT_USAGE = 255 };
static const uint64_t HIGH_RAM_GPA = 0x240000000; // within the 34 bits of Sv32
enum { HIGH_RAM_BYTES = 4 << 20, INPUT_MSIP = 3, INPUT_MTIP = 7 };

extern const DeviceType device_riscv_aclint, device_riscv_sifive_test;
const DeviceType *const device_types[] = { &device_riscv_aclint, &device_riscv_sifive_test, NULL };

typedef struct Options {
    const char *target, *program, *dump;
    GPtrArray *cpu_props;
    uint64_t limit, chop_seed, kick_seed, entry;
    GArray *at;  // uint64_t: icounts at which to stop, rising
    uint8_t shift;
    bool trace, digest;
    ExecConfig exec;
} Options;

typedef struct Board {
    Machine *machine;
    const Target *target;
    Device *cpu_dev;
    CPU *cpu;
    Exec *exec;
    uint64_t entry;
} Board;

static void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(EXIT_USAGE);
}

// ---- the target, with checks behind its translator ----

static const Target *checked_target; // the real one
static bool reparse, show_ir;

static void translate_checked(CPU *cpu, IrBuilder *b, uint64_t pc, uint32_t flags, const TargetFetch *fetch, unsigned max_guest)
{
    Error err;
    checked_target->translate(cpu, b, pc, flags, fetch, max_guest);
    if (b->block.nguest == 0) {
        return; // the fetch faulted
    }
    bool good = ir_verify(&b->block, &err);
    char *text = good && !reparse && !show_ir ? NULL : ir_print(&b->block, &checked_target->names);
    if (good && reparse) {
        good = ir_parse(b, text, &checked_target->names, &err) && ir_verify(&b->block, &err);
    }
    if (!good) {
        die("%s\n%s", err.msg, text);
    }
    if (show_ir) {
        fprintf(stderr, "%s\n", text);
    }
    g_free(text);
}

// ---- options ----

static uint64_t number_of(const char *option, const char *text)
{
    char *end;
    uint64_t number = text ? strtoull(text, &end, 0) : 0;
    if (!text || !*text || *end) {
        die("%s: a number is expected", option);
    }
    return number;
}

static void parse(Options *o, int argc, char **argv)
{
    *o = (Options){ .target = "riscv64", .limit = 50000000, .cpu_props = g_ptr_array_new(),
                     .at = g_array_new(FALSE, FALSE, sizeof(uint64_t)), .exec = { .max_guest = 64, .interpreter = true } };
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(arg, "--no-tlb")) {
            o->exec.no_tlb = true;
        } else if (!strcmp(arg, "--reparse")) {
            reparse = true;
        } else if (!strcmp(arg, "--sse2")) {
            o->exec.sse2_only = true;
        } else if (!strcmp(arg, "--ir")) {
            show_ir = true;
        } else if (!strcmp(arg, "--lockstep")) {
            o->exec.interpreter = false;
            o->exec.lockstep = true;
            o->exec.t1_after = 1;
        } else if (!strcmp(arg, "--hot")) {
            o->exec.hot_after = 1;
        } else if (!strcmp(arg, "--trace")) {
            o->trace = true;
        } else if (!strcmp(arg, "--digest")) {
            o->digest = true;
        } else if (!strncmp(arg, "--", 2)) {
            i++;
            if (!strcmp(arg, "--target")) {
                o->target = next;
            } else if (!strcmp(arg, "--cpu")) {
                g_ptr_array_add(o->cpu_props, (char *)next);
            } else if (!strcmp(arg, "--dump")) {
                o->dump = next;
            } else if (!strcmp(arg, "--entry")) {
                o->entry = number_of(arg, next);
            } else if (!strcmp(arg, "--limit")) {
                o->limit = number_of(arg, next);
            } else if (!strcmp(arg, "--shift")) {
                o->shift = (uint8_t)number_of(arg, next);
            } else if (!strcmp(arg, "--jit")) {
                o->exec.interpreter = false;
                o->exec.t1_after = (unsigned)number_of(arg, next);
            } else if (!strcmp(arg, "--max-guest")) {
                o->exec.max_guest = (unsigned)number_of(arg, next);
            } else if (!strcmp(arg, "--flush")) {
                o->exec.flush_seed = number_of(arg, next);
            } else if (!strcmp(arg, "--kick")) {
                o->kick_seed = number_of(arg, next);
            } else if (!strcmp(arg, "--at")) {
                uint64_t icount = number_of(arg, next);
                g_array_append_val(o->at, icount);
            } else if (!strcmp(arg, "--chop")) {
                o->chop_seed = number_of(arg, next);
            } else {
                die("unknown option %s", arg);
            }
        } else {
            o->program = arg;
        }
    }
    if (!o->program || !o->target || o->exec.max_guest < 1 || o->exec.max_guest > 64 || o->shift > 10) {
        die("usage: run-insn [options] PROGRAM");
    }
}

// ---- the board ----

static const Target *target_find(const char *name)
{
    static Target shim;
    for (const Target *const *t = targets; *t; t++) {
        if (!strcmp((*t)->name, name)) {
            checked_target = *t;
            shim = **t;
            shim.translate = translate_checked;
            return &shim;
        }
    }
    die("no target %s", name);
}

static void set_property(Device *dev, const char *assignment)
{
    Error err;
    char **parts = g_strsplit(assignment ? assignment : "", "=", 2);
    if (!parts[0] || !parts[1]) {
        die("--cpu: NAME=VALUE is expected");
    }
    if (!device_set(dev, parts[0], parts[1], &err)) {
        die("%s", err.msg);
    }
    g_strfreev(parts);
}

static Device *add_device(Machine *machine, const DeviceType *type, uint64_t base)
{
    Error err;
    Device *dev = device_new(machine, type, NULL, NULL);
    if (!device_realize(dev, &err)) {
        die("%s", err.msg);
    }
    for (unsigned region = 0; region < type->nmmio; region++) {
        memory_add_mmio(machine, base, dev, region, 0);
        base += type->mmio[region].size_bytes;
    }
    return dev;
}

static void add_ram(Machine *machine, const char *name, uint64_t gpa, uint64_t bytes)
{
    Error err;
    RamBlock *ram = ram_new(machine, name, bytes, false, &err);
    if (!ram) {
        die("%s", err.msg);
    }
    memory_add_ram(machine, gpa, ram, 0, bytes, 0);
}

static uint64_t clint_ticks(void *ctx) { return aclint_mtime(ctx); }
static int64_t clint_deadline_ns(void *ctx, uint64_t ticks) { return aclint_deadline_ns(ctx, ticks); }

static Board board_new(const Options *o, Replay *seam, uint64_t entry)
{
    Error err;
    Board board = { .target = target_find(o->target), .machine = machine_new(seam, "insn") };
    Machine *machine = board.machine;
    fake_seam_attach(seam, machine);
    machine->shift = o->shift;
    add_ram(machine, "ram", RAM_GPA, RAM_BYTES);
    add_ram(machine, "high-ram", HIGH_RAM_GPA, HIGH_RAM_BYTES);
    board.cpu_dev = device_new(machine, board.target->cpu_type, NULL, NULL);
    for (unsigned i = 0; i < o->cpu_props->len; i++) {
        set_property(board.cpu_dev, o->cpu_props->pdata[i]);
    }
    if (!device_realize(board.cpu_dev, &err)) {
        die("%s", err.msg);
    }
    board.cpu = (CPU *)(void *)((uint8_t *)board.cpu_dev + board.target->cpu_offset);
    Device *clint = add_device(machine, &device_riscv_aclint, CLINT_GPA);
    add_device(machine, &device_riscv_sifive_test, FINISHER_GPA);
    irq_connect(clint, aclint_output(0, ACLINT_MSIP), board.cpu_dev, INPUT_MSIP);
    irq_connect(clint, aclint_output(0, ACLINT_MTIP), board.cpu_dev, INPUT_MTIP);
    board.target->set_clock(board.cpu_dev, &(MachineClock){ clint_ticks, clint_deadline_ns, clint });
    aclint_watch(clint, (void (*)(void *))board.target->clock_changed, board.cpu_dev);
    board.entry = entry;
    return board;
}

// ---- the program ----

static void poke(Machine *machine, uint64_t gpa, const void *bytes, uint64_t len)
{
    if (!memory_poke(machine, gpa, bytes, len)) {
        die("the program doesn't fit into RAM");
    }
}

static uint64_t load32(Machine *machine, const char *image)
{
    const Elf32_Ehdr *header = (const void *)image;
    for (unsigned i = 0; machine && i < header->e_phnum; i++) {
        const Elf32_Phdr *segment = (const void *)(image + header->e_phoff + i * sizeof(*segment));
        if (segment->p_type == PT_LOAD && segment->p_filesz > 0) {
            poke(machine, segment->p_paddr, image + segment->p_offset, segment->p_filesz);
        }
    }
    return header->e_entry;
}

// Loads what `image` holds; with machine NULL only finds the entry.
static uint64_t load(Machine *machine, const char *image, size_t len)
{
    const Elf64_Ehdr *header = (const void *)image;
    if (len >= sizeof(Elf32_Ehdr) && memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS32) {
        return load32(machine, image);
    }
    if (len < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
        if (machine) {
            poke(machine, RAM_GPA, image, len);
        }
        return RAM_GPA;
    }
    for (unsigned i = 0; machine && i < header->e_phnum; i++) {
        const Elf64_Phdr *segment = (const void *)(image + header->e_phoff + i * sizeof(*segment));
        if (segment->p_type == PT_LOAD && segment->p_filesz > 0) {
            poke(machine, segment->p_paddr, image + segment->p_offset, segment->p_filesz);
        }
    }
    return header->e_entry;
}

static void dump(Machine *machine, const char *what)
{
    char **parts = g_strsplit(what, ",", 3);
    uint64_t gpa = number_of("--dump", parts[0]), len = number_of("--dump", parts[0] ? parts[1] : NULL);
    uint8_t *bytes = g_malloc(len);
    if (!parts[2] || !dma_read(machine, gpa, bytes, len) || !g_file_set_contents(parts[2], (const char *)bytes, (gssize)len, NULL)) {
        die("cannot dump %s", what);
    }
    g_free(bytes);
    g_strfreev(parts);
}

// ---- requests from another thread, as seen by T1's slow paths ----

enum { KICKS = 24 };
static CpuOps kicked_ops;
static const CpuOps *plain_ops;
static uint64_t kick_random;
static unsigned kicks;

static void kick(CPU *cpu)
{
    kick_random = kick_random * 6364136223846793005 + 1442695040888963407;
    if (cpu->running_t1 && kicks < KICKS && kick_random >> 62 == 0) {
        cpu->attention = true;
    }
}

static SlowResult kicked_load(CPU *cpu, uint64_t gva, MemOp memop, uint64_t *value)
{
    kick(cpu);
    return plain_ops->load(cpu, gva, memop, value);
}

static SlowResult kicked_store(CPU *cpu, uint64_t gva, MemOp memop, uint64_t value)
{
    kick(cpu);
    return plain_ops->store(cpu, gva, memop, value);
}

static SlowResult kicked_probe(CPU *cpu, uint64_t gva, MemOp memop, Access access, uint64_t *gpa, const void **host)
{
    kick(cpu);
    return plain_ops->probe(cpu, gva, memop, access, gpa, host);
}

static void kick_begin(CPU *cpu, uint64_t seed)
{
    kick_random = seed;
    plain_ops = cpu->ops;
    kicked_ops = *cpu->ops;
    kicked_ops.load = kicked_load;
    kicked_ops.store = kicked_store;
    kicked_ops.probe = kicked_probe;
    cpu->ops = &kicked_ops;
}

// A boundary that a kick made, or that --at asks for: the same state by any executor.
static void show_stop(const Board *board, const Options *o)
{
    static uint64_t last = UINT64_MAX;
    static unsigned next;
    uint64_t icount = machine_icount(board->machine);
    bool asked = next < o->at->len && g_array_index(o->at, uint64_t, next) == icount;
    bool kicked = o->kick_seed && board->cpu->attention && kicks < KICKS && icount != last;
    next += asked;
    kicks += kicked;
    last = icount;
    if (asked || kicked) {
        printf("at %" PRIu64 " devices %016" PRIx64 " ram %016" PRIx64 "\n", icount, machine_digest(board->machine), machine_ram_digest(board->machine));
    }
}

// ---- the machine loop, without host side ----

static void print_insn(const Board *board)
{
    char text[96] = "?";
    CPU *cpu = board->cpu;
    WalkResult w = { .peek = true };
    uint64_t len = 4;
    const uint8_t *bytes;
    if (board->target->walk(cpu, cpu->arch.pc, ACCESS_FETCH, board->target->fetch_mmu(cpu), &w) &&
        (bytes = memory_ram_at(board->machine, w.gpa, &len))) {
        board->target->disas(text, sizeof(text), bytes, len, cpu->arch.pc);
    }
    fprintf(stderr, "%8" PRIu64 " %016" PRIx64 "  %s\n", machine_icount(board->machine), cpu->arch.pc, text);
}

// What is narrower than its slot, pc too, has zeros above.
static void check_widths(const Board *board)
{
    const Target *target = board->target;
    unsigned bits = target->word_bits;
    if (bits < 64 && board->cpu->arch.pc >> bits) {
        die("pc %016" PRIx64 " has more than %u bits", board->cpu->arch.pc, bits);
    }
    for (size_t i = 0; bits < 64 && i < target->names.nslots; i++) {
        const IrSlot *slot = &target->names.slots[i];
        uint64_t value = *(uint64_t *)cpu_slot(board->cpu, slot->offset);
        if (slot->type == IR_I64 && value >> bits) {
            die("%s %016" PRIx64 " has more than %u bits, pc %" PRIx64, slot->name, value, bits, board->cpu->arch.pc);
        }
    }
}

static uint64_t slice(const Options *o, Machine *machine, uint64_t *random)
{
    uint64_t budget = o->limit - machine_icount(machine);
    int64_t deadline = timer_next_deadline(machine), now = machine_now_ns(machine);
    if (deadline != INT64_MAX) {
        uint64_t until = (uint64_t)(deadline - now + (1 << machine->shift) - 1) >> machine->shift;
        budget = MIN(budget, MAX(until, 1));
    }
    if (o->chop_seed) {
        *random = *random * 6364136223846793005 + 1442695040888963407;
        budget = MIN(budget, 1 + (*random >> 60));
    }
    for (unsigned i = 0; i < o->at->len; i++) {
        uint64_t at = g_array_index(o->at, uint64_t, i);
        if (at > machine_icount(machine)) {
            budget = MIN(budget, at - machine_icount(machine));
            break;
        }
    }
    return o->trace ? 1 : budget;
}

// One boundary: true if a step was done, so that the next boundary is this one again.
static bool boundary_step(const Board *board)
{
    CPU *cpu = board->cpu;
    if (timer_expire_one(board->machine)) {
        return true;
    }
    if (cpu->arch.halted && board->target->wakeup_pending(cpu)) {
        cpu->arch.halted = 0;
    }
    if (!cpu->arch.halted && board->target->interrupt_pending(cpu)) {
        board->target->take_interrupt(cpu);
        return true;
    }
    return false;
}

static int run(const Board *board, const Options *o)
{
    Machine *machine = board->machine;
    CPU *cpu = board->cpu;
    uint64_t random = o->chop_seed;
    machine->left = &cpu->budget;
    machine->attention = &cpu->attention;
    while (machine->request == REQUEST_NONE) {
        exec_reap(board->exec);
        cpu->attention = false;
        if (boundary_step(board)) {
            continue;
        }
        if (machine_icount(machine) >= o->limit) {
            return EXIT_LIMIT;
        }
        if (cpu->arch.halted) {
            int64_t deadline = timer_next_deadline(machine);
            if (deadline == INT64_MAX) {
                return EXIT_HANG;
            }
            machine->offset_ns += deadline - machine_now_ns(machine);
            continue;
        }
        if (o->trace) {
            print_insn(board);
        }
        uint64_t budget = slice(o, machine, &random);
        machine->icount_end = machine_icount(machine) + budget;
        cpu->budget = (int64_t)budget;
        cpu_run(board->exec, cpu, budget, budget);
        check_widths(board);
        show_stop(board, o);
    }
    return machine->request_cause;
}

int main(int argc, char **argv)
{
    Options o;
    char *image;
    gsize len;
    GError *error = NULL;
    parse(&o, argc, argv);
    if (!g_file_get_contents(o.program, &image, &len, &error)) {
        die("%s", error->message);
    }
    Replay *seam = fake_seam_new();
    uint64_t entry = o.entry ? o.entry : load(NULL, image, len);
    Board board = board_new(&o, seam, entry);
    board.exec = exec_new(board.machine, board.target, &board.cpu, 1, &o.exec);
    if (o.kick_seed) {
        kick_begin(board.cpu, o.kick_seed);
    }
    machine_reset(board.machine);
    load(board.machine, image, len);
    board.cpu->arch.pc = entry;
    int status = run(&board, &o);
    uint64_t icount = machine_icount(board.machine);
    if (o.digest) {
        printf("icount %" PRIu64 " devices %016" PRIx64 " ram %016" PRIx64 "\n", icount, machine_digest(board.machine),
               machine_ram_digest(board.machine));
    }
    if (o.dump) {
        dump(board.machine, o.dump);
    }
    if (status) {
        fprintf(stderr, "%s: status %d after %" PRIu64 " instructions, pc %" PRIx64 "\n", o.program, status, icount, board.cpu->arch.pc);
    }
    exec_free(board.exec);
    machine_free(board.machine);
    fake_seam_free(seam);
    g_ptr_array_free(o.cpu_props, TRUE);
    g_array_free(o.at, TRUE);
    g_free(image);
    return status;
}
