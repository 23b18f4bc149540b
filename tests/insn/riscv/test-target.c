// SPDX-License-Identifier: GPL-2.0-or-later
// The RISC-V Target as its users see it: register table, CSR table, disassembler, ISA string, walks of a debugger, reset.
#include <glib.h>
#include <string.h>

#include "target/riscv/cpu.h"
#include "tests/device/fake-seam.h"

enum { RAM_GPA = 0x80000000u, RAM_BYTES = 1 << 20 };

const DeviceType *const device_types[] = { NULL };

typedef struct Board {
    Replay *seam;
    Machine *machine;
    const Target *target;
    RiscvCpu *rc;
    CPU *cpu;
} Board;

static uint64_t attempts(CPU *cpu) { return machine_icount(cpu->machine); }
static const CpuOps ops = { .attempts = attempts };

static const Target *target_named(const char *name)
{
    for (const Target *const *t = targets; *t; t++) {
        if (!strcmp((*t)->name, name)) {
            return *t;
        }
    }
    g_assert_not_reached();
}

static Board board_of(const char *target, const char *prop, const char *value)
{
    Error err;
    Board b = { .seam = fake_seam_new(), .target = target_named(target) };
    b.machine = machine_new(b.seam, "test");
    fake_seam_attach(b.seam, b.machine);
    memory_add_ram(b.machine, RAM_GPA, ram_new(b.machine, "ram", RAM_BYTES, false, &err), 0, RAM_BYTES, 0);
    Device *dev = device_new(b.machine, b.target->cpu_type, NULL, NULL);
    if (prop) {
        g_assert_true(device_set(dev, prop, value, &err));
    }
    g_assert_true(device_realize(dev, &err));
    b.rc = (RiscvCpu *)dev;
    b.cpu = &b.rc->cpu;
    b.cpu->ops = &ops;
    machine_reset(b.machine);
    return b;
}

static Board board_new(const char *prop, const char *value) { return board_of("riscv64", prop, value); }

static void board_free(Board *b)
{
    machine_free(b->machine);
    fake_seam_free(b->seam);
}

static void test_reset(void)
{
    Board b = board_new("resetvec", "0x1234");
    g_assert_cmpstr(b.target->name, ==, "riscv64");
    g_assert_cmphex(b.cpu->arch.pc, ==, 0x1234);
    g_assert_cmpuint(b.rc->s.priv, ==, PRIV_M);
    g_assert_false(b.target->interrupt_pending(b.cpu));
    g_assert_false(b.target->wakeup_pending(b.cpu));
    board_free(&b);
}

static void test_isa_string(void)
{
    Board b = board_new(NULL, NULL);
    g_assert_cmpstr(b.target->isa_string(b.cpu), ==, "rv64imafdc_zicntr_zicsr_zifencei_zihintpause_zihpm_zba_zbb_zbc_zbs_sstc_svadu");
    g_assert_cmpstr(b.target->mmu_string(b.cpu), ==, "riscv,sv57");
    board_free(&b);
    b = board_new("zbb", "off");
    g_assert_cmpstr(b.target->isa_string(b.cpu), ==, "rv64imafdc_zicntr_zicsr_zifencei_zihintpause_zihpm_zba_zbc_zbs_sstc_svadu");
    board_free(&b);
}

static const FdtProp *fdt_prop(const Board *b, const char *name)
{
    const FdtProp *prop = b->target->fdt_props(b->cpu);
    while (prop->name && strcmp(prop->name, name) != 0) {
        prop++;
    }
    return prop->name ? prop : NULL;
}

// ISA string, base and list of extensions say the same; block sizes are there with the instructions.
static void test_fdt(void)
{
    static const char list[] = "i\0m\0a\0f\0d\0c\0zicntr\0zicsr\0zifencei\0zihintpause\0zihpm\0zba\0zbb\0zbc\0zbs\0sstc\0svadu";
    static const uint8_t block[] = { 0, 0, 0, 64 };
    Board b = board_of("riscv32", NULL, NULL);
    const FdtProp *base = fdt_prop(&b, "riscv,isa-base"), *extensions = fdt_prop(&b, "riscv,isa-extensions");
    g_assert_cmpmem(base->bytes, (int)base->len, "rv32i", 6);
    g_assert_cmpmem(extensions->bytes, (int)extensions->len, list, sizeof(list));
    g_assert_null(fdt_prop(&b, "riscv,cbom-block-size"));
    g_assert_null(fdt_prop(&b, "riscv,cboz-block-size"));
    board_free(&b);
    b = board_new("zicboz", "on");
    const FdtProp *cboz = fdt_prop(&b, "riscv,cboz-block-size");
    g_assert_cmpmem(cboz->bytes, (int)cboz->len, block, 4);
    g_assert_null(fdt_prop(&b, "riscv,cbom-block-size"));
    board_free(&b);
    b = board_new("zicbom", "on");
    g_assert_nonnull(fdt_prop(&b, "riscv,cbom-block-size"));
    board_free(&b);
}

static void test_models(void)
{
    static const struct {
        const char *target, *prop, *value, *mmu;
    } rows[] = {
        { "riscv64", "sv57", "off", "riscv,sv48" }, { "riscv64", "sv48", "off", "riscv,sv39" }, { "riscv64", "mmu", "off", "riscv,none" },
        { "riscv32", "zbb", "off", "riscv,sv32" }, { "riscv32", "sv32", "off", "riscv,none" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        Board b = board_of(rows[i].target, rows[i].prop, rows[i].value);
        g_assert_cmpstr(b.target->mmu_string(b.cpu), ==, rows[i].mmu);
        board_free(&b);
    }
    Board b = board_of("riscv32", NULL, NULL);
    Error err;
    g_assert_cmpstr(b.target->isa_string(b.cpu), ==, "rv32imafdc_zicntr_zicsr_zifencei_zihintpause_zihpm_zba_zbb_zbc_zbs_sstc_svadu");
    g_assert_cmphex(b.target->reg_read(b.cpu, 65 + RISCV_CSR_MISA), ==, 0x4014112d);
    g_assert_cmpuint(b.target->word_bits, ==, 32);
    g_assert_cmpuint(b.target->regs[1].bits, ==, 32);
    g_assert_false(device_set(&b.rc->dev, "sv57", "on", &err));
    g_assert_cmpstr(err.msg, ==, "Property 'rv32-riscv-cpu.sv57' not found");
    static const char *const refused[] = { "h", "v" };
    for (unsigned i = 0; i < 2; i++) {
        Device *dev = device_new(b.machine, b.target->cpu_type, NULL, NULL);
        g_assert_true(device_set(dev, refused[i], "on", &err));
        g_assert_false(device_realize(dev, &err));
    }
    Device *dev = device_new(b.machine, b.target->cpu_type, NULL, NULL);
    g_assert_true(device_set(dev, "f", "off", &err));
    g_assert_false(device_realize(dev, &err));
    g_assert_cmpstr(err.msg, ==, "rv32-riscv-cpu: extension 'd' needs 'f'");
    board_free(&b);
}

// Names and numbers are unique; slots lie in the state; what goes by number can be read.
static void check_registers(const char *target)
{
    Board b = board_of(target, NULL, NULL);
    for (size_t i = 0; i < b.target->nregs; i++) {
        const RegDesc *reg = &b.target->regs[i];
        for (size_t j = 0; j < i; j++) {
            g_assert_cmpstr(reg->name, !=, b.target->regs[j].name);
            g_assert_cmpuint(reg->number, !=, b.target->regs[j].number);
        }
        if (reg->slot == ~0u) {
            b.target->reg_read(b.cpu, reg->number);
        } else {
            g_assert_cmpuint(reg->slot + reg->bits / 8, <=, b.target->cpu_type->state_size);
        }
    }
    b.target->reg_write(b.cpu, 65 + RISCV_CSR_MTVEC, UINT64_C(0x123456789abcdef0));
    g_assert_cmphex(b.target->reg_read(b.cpu, 65 + RISCV_CSR_MTVEC), ==, b.rc->rv32 ? 0x9abcdef0 : UINT64_C(0x123456789abcdef0));
    b.target->reg_write(b.cpu, 65 + RISCV_CSR_FCSR, 0x5f);
    g_assert_cmphex(b.target->reg_read(b.cpu, 65 + RISCV_CSR_FFLAGS), ==, 0x1f);
    g_assert_cmpuint(b.cpu->arch.fp.rounding, ==, 2);
    b.target->reg_write(b.cpu, 65 + 4096, PRIV_S);
    g_assert_cmpuint(b.rc->s.priv, ==, PRIV_S);
    board_free(&b);
}

// The table is sorted, so that each row is found by its number; names are those of the decode table.
static void test_csrs(void)
{
    static const struct {
        const char *name;
        unsigned number;
        bool rv32_only;
    } rows[] = {
#define CSR(name, number, ...) { #name, number, false },
#define CSR32(name, number, ...) { #name, number, true },
#include "target/riscv/csr.def"
#undef CSR
#undef CSR32
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const RiscvCsr *csr = riscv_csr_find(rows[i].number, true);
        g_assert_nonnull(csr);
        g_assert_true(riscv_csr_find(rows[i].number, false) == (rows[i].rv32_only ? NULL : csr));
        g_assert_cmpuint(csr->number, ==, rows[i].number);
        g_assert_cmpstr(csr->name, ==, rows[i].name);
        g_assert_cmpstr(riscv_csr_name(rows[i].number), ==, rows[i].name);
    }
    g_assert_null(riscv_csr_find(0x7b0, true));
    g_assert_null(riscv_csr_find(0xfff, true));
    g_assert_null(riscv_csr_find(0, true));
}

static void test_registers(void)
{
    check_registers("riscv64");
    check_registers("riscv32");
    Board b = board_new(NULL, NULL);
    g_assert_cmphex(b.target->reg_read(b.cpu, 65 + RISCV_CSR_MISA), ==, 0x800000000014112d);
    board_free(&b);
}

static void test_disas(void)
{
    static const uint8_t add[] = { 0x33, 0x05, 0xb5, 0x00 }, illegal[] = { 0, 0 };
    char text[64];
    g_assert_cmpint(targets[0]->disas(text, sizeof(text), add, 4, 0), ==, 4);
    g_assert_cmpstr(text, ==, "add a0,a0,a1");
    g_assert_cmpint(targets[0]->disas(text, sizeof(text), add, 3, 0), ==, 0);
    g_assert_cmpint(targets[0]->disas(text, sizeof(text), add, 1, 0), ==, 0);
    g_assert_cmpint(targets[0]->disas(text, sizeof(text), illegal, 2, 0), ==, 2);
    static const uint8_t c_jal[] = { 0x09, 0x20 }; // c.addiw in RV64
    g_assert_cmpint(target_named("riscv32")->disas(text, sizeof(text), c_jal, 2, 0x100), ==, 2);
    g_assert_cmpstr(text, ==, "c.jal 0x102");
    g_assert_cmpint(target_named("riscv64")->disas(text, sizeof(text), c_jal, 2, 0x100), ==, 2);
    g_assert_cmpstr(text, !=, "c.jal 0x102");
}

// A debugger's walk finds what the guest may not touch, and leaves A and D alone.
static void test_peek(void)
{
    Board b = board_new(NULL, NULL);
    uint64_t table = RAM_GPA + 0x1000, pte = RAM_GPA >> 2 | 0x11, after; // V U: execute-only, of U
    pte |= 8;
    g_assert_true(memory_poke(b.machine, table, &pte, sizeof(pte)));
    b.rc->s.satp = UINT64_C(8) << 60 | table >> 12;
    b.rc->s.priv = PRIV_S;
    WalkResult w = { .peek = true };
    g_assert_true(b.target->walk(b.cpu, 0x1238, ACCESS_WRITE, MMU_S, &w));
    g_assert_cmphex(w.gpa, ==, RAM_GPA + 0x1238);
    g_assert_cmpuint(w.nsteps, ==, 1);
    g_assert_true(dma_read(b.machine, table, &after, sizeof(after)));
    g_assert_cmphex(after, ==, pte);
    w = (WalkResult){ .peek = true };
    g_assert_false(b.target->walk(b.cpu, UINT64_C(1) << 31, ACCESS_READ, MMU_S, &w)); // no entry
    b.rc->s.pmpaddr[0] = ~UINT64_C(0) >> 10;
    b.rc->s.pmpcfg[0] = PMP_NAPOT | PMP_R | PMP_W | PMP_X;
    pmp_decode(b.rc);
    w = (WalkResult){ 0 };
    g_assert_false(b.target->walk(b.cpu, 0x1238, ACCESS_READ, MMU_S, &w));
    g_assert_cmpuint(w.exception, ==, 1 + CAUSE_LOAD_PAGE);
    g_assert_cmphex(w.exception_value, ==, 0x1238);
    board_free(&b);
}

// With XLEN 32 an address is its low half, in faults too; a table's entries have four bytes.
static void test_walk_32(void)
{
    Board b = board_of("riscv32", NULL, NULL);
    uint64_t table = RAM_GPA + 0x1000;
    uint32_t pte = RAM_GPA >> 2 | 0x0f; // V R W X; 4 MiB
    g_assert_true(memory_poke(b.machine, table + 4 * 3, &pte, sizeof(pte)));
    WalkResult w = { 0 };
    g_assert_true(b.target->walk(b.cpu, UINT64_C(0x180000010), ACCESS_READ, MMU_M, &w));
    g_assert_cmphex(w.gpa, ==, 0x80000010);
    b.rc->s.satp = UINT64_C(1) << 31 | table >> 12;
    b.rc->s.priv = PRIV_S;
    w = (WalkResult){ .peek = true };
    g_assert_true(b.target->walk(b.cpu, UINT64_C(0xffffffff00c01238), ACCESS_READ, MMU_S, &w));
    g_assert_cmphex(w.gpa, ==, RAM_GPA + 0x1238);
    g_assert_cmpuint(w.page_bits, ==, 22);
    g_assert_cmpuint(w.step_bytes, ==, 4);
    g_assert_cmphex(w.step_gpa[0], ==, table + 12);
    w = (WalkResult){ 0 };
    g_assert_false(b.target->walk(b.cpu, UINT64_C(0x100001238), ACCESS_WRITE, MMU_S, &w));
    g_assert_cmphex(w.exception_value, ==, 0x1238);
    b.target->access_fault(b.cpu, UINT64_C(0x100000004), ACCESS_WRITE);
    g_assert_cmphex(b.cpu->exception_value, ==, 4);
    b.target->align_fault(b.cpu, UINT64_C(0x100000002), ACCESS_WRITE);
    g_assert_cmphex(b.cpu->exception_value, ==, 2);
    board_free(&b);
}

static void test_inputs(void)
{
    Board b = board_new(NULL, NULL);
    const DeviceType *type = b.target->cpu_type;
    b.rc->s.mie = MIP_MEIP;
    type->irq_in(&b.rc->dev, IRQ_MTI, true);
    g_assert_false(b.target->wakeup_pending(b.cpu));
    b.cpu->attention = false;
    type->irq_in(&b.rc->dev, IRQ_MEI, true);
    g_assert_true(b.cpu->attention);
    g_assert_true(b.target->wakeup_pending(b.cpu));
    g_assert_false(b.target->interrupt_pending(b.cpu)); // MIE is 0
    b.rc->s.mstatus |= MSTATUS_MIE;
    g_assert_true(b.target->interrupt_pending(b.cpu));
    b.rc->s.mtvec = 0x401;
    b.target->take_interrupt(b.cpu);
    g_assert_cmphex(b.cpu->arch.pc, ==, 0x400 + 4 * IRQ_MEI);
    g_assert_cmphex(b.rc->s.mcause, ==, UINT64_C(1) << 63 | IRQ_MEI);
    type->irq_in(&b.rc->dev, IRQ_MEI, false);
    g_assert_false(b.target->wakeup_pending(b.cpu));
    board_free(&b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/reset", test_reset);
    g_test_add_func("/riscv/isa-string", test_isa_string);
    g_test_add_func("/riscv/fdt", test_fdt);
    g_test_add_func("/riscv/models", test_models);
    g_test_add_func("/riscv/registers", test_registers);
    g_test_add_func("/riscv/csrs", test_csrs);
    g_test_add_func("/riscv/disas", test_disas);
    g_test_add_func("/riscv/peek", test_peek);
    g_test_add_func("/riscv/walk-32", test_walk_32);
    g_test_add_func("/riscv/inputs", test_inputs);
    return g_test_run();
}
