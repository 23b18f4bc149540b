// SPDX-License-Identifier: GPL-2.0-or-later
// Figures about a run: translation, exits, TLB, log, latency, memory. Counters that cost nothing on the fast path.
#include "softmmu/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static void put_log(FILE *f, const Vm *vm)
{
    uint64_t events[EVENT_KIND_COUNT] = { 0 }, bytes[EVENT_KIND_COUNT] = { 0 };
    fprintf(f, "  \"log_bytes\": %" PRIu64 ",\n  \"log_kinds\": {", replay_bytes(vm->replay, events, bytes));
    const char *comma = "";
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        if (events[kind]) {
            fprintf(f, "%s\"%s\": {\"events\": %" PRIu64 ", \"payload_bytes\": %" PRIu64 "}", comma, event_kind_name(kind), events[kind],
                    bytes[kind]);
            comma = ", ";
        }
    }
    fprintf(f, "},\n");
}

// The bucket below which 99 % of the posts were delivered.
static double latency_p99_us(const Vm *vm)
{
    const uint64_t *buckets = replay_latency(vm->replay);
    uint64_t total = 0, seen = 0;
    for (unsigned i = 0; i < REPLAY_LATENCY_BUCKETS; i++) {
        total += buckets[i];
    }
    for (unsigned i = 0; i < REPLAY_LATENCY_BUCKETS && total; i++) {
        seen += buckets[i];
        if (seen * 100 >= total * 99) {
            return (double)((uint64_t)1 << i) / 1000;
        }
    }
    return 0;
}

static void put_jit(FILE *f, const Vm *vm)
{
    static const char *const reasons[JIT_LINK + 1] = {
        [JIT_FAULT] = "fault", [JIT_ALONE] = "alone", [JIT_BUDGET] = "budget", [JIT_IJMP] = "ijmp", [JIT_BREAK] = "break", [JIT_HOT] = "hot",
        [JIT_EXIT] = "boundary", [JIT_EXIT + 1] = "halt", [JIT_LINK] = "link",
    };
    if (!vm->exec->jit) {
        return;
    }
    const JitStats *jit = jit_stats(vm->exec->jit);
    fprintf(f, "  \"t1_blocks\": %" PRIu64 ", \"t1_guest\": %" PRIu64 ", \"t1_hot_bytes\": %" PRIu64 ", \"t1_cold_bytes\": %" PRIu64
            ", \"t1_flushes\": %" PRIu64 ",\n", jit->blocks, jit->guest, jit->hot_bytes, jit->cold_bytes, jit->flushes);
    fprintf(f, "  \"code_bytes_per_guest_insn\": %.1f,\n  \"t1_exits\": {",
            jit->guest ? (double)(jit->hot_bytes + jit->cold_bytes) / (double)jit->guest : 0);
    const char *comma = "";
    for (unsigned i = 0; i <= JIT_LINK; i++) {
        if (reasons[i]) {
            fprintf(f, "%s\"%s\": %" PRIu64, comma, reasons[i], jit->exits[i]);
            comma = ", ";
        }
    }
    fprintf(f, "},\n");
}

bool stats_write(const Vm *vm, int64_t started_ns, const char *path, Error *err)
{
    FILE *f = fopen(path, "w");
    if (!f) {
        return fail(err, "could not write the figures to '%s': %s", path, strerror(errno));
    }
    const Exec *exec = vm->exec;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    uint64_t icount = machine_icount(vm->machine);
    fprintf(f, "{\n  \"icount\": %" PRIu64 ",\n", icount);
    if (vm->vcpus) {
        fprintf(f, "  \"vcpu_turns\": %" PRIu64 ", \"vcpu_attempts\": [", vcpus_switches(vm->vcpus));
        for (unsigned i = 0; i < vm->ncpus; i++) {
            fprintf(f, "%s%" PRIu64, i ? ", " : "", vcpus_attempts(vm->vcpus, vm->cpus[i]));
        }
        fprintf(f, "],\n");
    }
    fprintf(f, "  \"start_to_first_insn_ms\": %.3f,\n", (double)(vm->first_insn_ns - started_ns) / 1e6);
    fprintf(f, "  \"peak_memory_kib\": %ld,\n", usage.ru_maxrss);
    fprintf(f, "  \"translated_guest\": %" PRIu64 ", \"translate_ns_per_guest_insn\": %.1f,\n", exec->translated_guest,
            exec->translated_guest ? (double)exec->translate_ns / (double)exec->translated_guest : 0);
    put_jit(f, vm);
    fprintf(f, "  \"tlb_second_hits\": %" PRIu64 ", \"tlb_switches\": %" PRIu64 ",\n", exec->second_hits, exec->switches);
    fprintf(f, "  \"tlb_misses\": %" PRIu64 ", \"tlb_flushes\": %" PRIu64 ", \"tlb_drops\": %" PRIu64 ", \"code_invalidations\": %" PRIu64
            ", \"alone\": %" PRIu64 ", \"hot_blocks\": %" PRIu64 ", \"tired_sites\": %" PRIu64 ",\n", exec->tlb_fills, exec->tlb_flushes, exec->tlb_drops,
            exec->code_invalidations, exec->alone, exec->hot_blocks, exec->tired_sites);
    fprintf(f, "  \"pages_flagged_per_1e7_insns\": %.2f,\n", icount ? (double)exec->pages_flagged * 1e7 / (double)icount : 0);
    put_log(f, vm);
    fprintf(f, "  \"post_to_delivery_p99_us\": %.3f\n}\n", latency_p99_us(vm));
    return fclose(f) == 0 ? true : fail(err, "could not write the figures to '%s': %s", path, strerror(errno));
}

char *stats_jit_text(const Vm *vm)
{
    const Exec *exec = vm->exec;
    GString *text = g_string_new("Translation state:\n");
    g_string_append_printf(text, "blocks              %" PRIu64 "\n", exec->nblocks);
    g_string_append_printf(text, "guest instructions  %" PRIu64 " translated\n", exec->translated_guest);
    if (exec->jit) {
        const JitStats *jit = jit_stats(exec->jit);
        g_string_append_printf(text, "T1 blocks           %" PRIu64 ", %" PRIu64 " guest instructions\n", jit->blocks, jit->guest);
        g_string_append_printf(text, "T1 code             %" PRIu64 " bytes hot, %" PRIu64 " cold\n", jit->hot_bytes,
                               jit->cold_bytes);
        g_string_append_printf(text, "T1 flush count      %" PRIu64 "\n", jit->flushes);
    } else {
        g_string_append(text, "T1                  off\n");
    }
    g_string_append_printf(text, "\nStatistics:\ninvalidate count    %" PRIu64 "\nTLB fills           %" PRIu64
                           "\nTLB full flushes    %" PRIu64 "\nTLB drops           %" PRIu64 "\nrun alone           %" PRIu64 "\n",
                           exec->code_invalidations, exec->tlb_fills, exec->tlb_flushes, exec->tlb_drops, exec->alone);
    return g_string_free(text, FALSE);
}
