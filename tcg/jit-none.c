// SPDX-License-Identifier: GPL-2.0-or-later
// T1 on hosts that have none: jit_new fails, so that T0 runs alone and nothing else here is ever called.
#include <assert.h>

#include "tcg/jit.h"

Jit *jit_new(const IrSlot *slots, size_t nslots, OsHostFeatures features, Error *err)
{
    fail(err, "this host isn't x86-64");
    return NULL;
}

void jit_free(Jit *jit) { assert(!jit); }
JitCode *jit_compile(Jit *jit, CPU *cpu, const IrBlock *block, uint64_t page_mask, bool hot, uint64_t plain) { assert(false && "T1"); return NULL; }
bool jit_full(const Jit *jit) { assert(false && "T1"); return true; }
void jit_flush(Jit *jit) { assert(false && "T1"); }
JitCode *jit_site_code(Jit *jit, uint32_t site) { assert(false && "T1"); return NULL; }
void jit_code_drop(Jit *jit, JitCode *code) { assert(false && "T1"); }
void jit_code_free(JitCode *code) { assert(!code); }
void jit_link(JitLink *link, JitCode *to, uint32_t generation) { assert(false && "T1"); }
JitExit jit_run(Jit *jit, CPU *cpu, const JitCode *code, int64_t left) { assert(false && "T1"); return (JitExit){ 0 }; }
JitStats *jit_stats(Jit *jit) { return NULL; }
void jit_perf(Jit *jit, bool on) { assert(false && "T1"); }
