// SPDX-License-Identifier: GPL-2.0-or-later
// What -d in_asm, op, op_opt and out_asm print about a block: guest code, IR, host code (by capstone).
#include <capstone/capstone.h>
#include <inttypes.h>

#include "softmmu/exec.h"
#include "util/log.h"

void dump_guest(const Exec *exec, const Block *block, const uint8_t *host)
{
    if (!log_enabled(LOG_IN_ASM)) {
        return;
    }
    log_printf(LOG_IN_ASM, "IN: %016" PRIx64 " flags %x, %u instructions\n", block->pc, block->flags, block->nguest);
    for (unsigned i = 1; i < block->ir->nins; i++) {
        const IrInsn *insn = &block->ir->ins[i];
        if (insn->op != IR_INSN) {
            continue;
        }
        uint64_t pc = (uint64_t)insn->imm;
        char text[96];
        unsigned len = MIN(insn->sub, PAGE_SIZE - (unsigned)(pc & PAGE_MASK));
        int n = exec->target->disas(text, sizeof(text), host + (int64_t)(pc - block->pc), len, pc);
        log_printf(LOG_IN_ASM, "  %016" PRIx64 "  %s\n", pc, n > 0 ? text : "(crosses the page)");
    }
}

void dump_ir(const Exec *exec, uint32_t channel, const IrBlock *block)
{
    if (log_enabled(channel)) {
        char *text = ir_print(block, &exec->target->names);
        log_printf(channel, "%s\n%s", channel == LOG_OP ? "OP:" : "OP after optimisation:", text);
        g_free(text);
    }
}

static void dump_host(const char *part, const uint8_t *code, size_t len)
{
    csh handle;
    cs_insn *insns;
    if (!len || cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
        return;
    }
    size_t n = cs_disasm(handle, code, len, (uint64_t)(uintptr_t)code, 0, &insns);
    log_printf(LOG_OUT_ASM, " %s, %zu bytes\n", part, len);
    for (size_t i = 0; i < n; i++) {
        log_printf(LOG_OUT_ASM, "  %012" PRIx64 "  %s %s\n", insns[i].address, insns[i].mnemonic, insns[i].op_str);
    }
    cs_free(insns, n);
    cs_close(&handle);
}

void dump_code(const Block *block)
{
    if (block->code && log_enabled(LOG_OUT_ASM)) {
        log_printf(LOG_OUT_ASM, "OUT: %016" PRIx64 "\n", block->pc);
        dump_host("hot", block->code->entry, block->code->bytes);
        dump_host("cold", block->code->cold_start, block->code->cold_bytes);
    }
}
