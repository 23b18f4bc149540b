// SPDX-License-Identifier: GPL-2.0-or-later
// Listing of generated code for `-d out_asm`, by capstone.
#include <capstone/capstone.h>

#include <inttypes.h>

#include "tcg/jit.h"
#include "util/log.h"

static void list(csh handle, const char *title, const void *code, size_t bytes)
{
    cs_insn *insn = cs_malloc(handle);
    const uint8_t *at = code;
    uint64_t address = (uint64_t)(uintptr_t)code;
    log_printf(LOG_OUT_ASM, "%s\n", title);
    while (bytes > 0) {
        if (cs_disasm_iter(handle, &at, &bytes, &address, insn)) {
            log_printf(LOG_OUT_ASM, "0x%" PRIx64 ":  %s %s\n", insn->address, insn->mnemonic, insn->op_str);
        } else { // data among the code
            at++;
            address++;
            bytes--;
        }
    }
    cs_free(insn, 1);
}

void jit_list(const JitCode *code)
{
    csh handle;
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
        return;
    }
    log_printf(LOG_OUT_ASM, "OUT: block %016" PRIx64 " [%u bytes, %u out of line]\n", code->pc, code->bytes, code->cold_bytes);
    list(handle, "-- hot", code->entry, code->bytes);
    list(handle, "-- cold", code->cold_start, code->cold_bytes);
    cs_close(&handle);
}
