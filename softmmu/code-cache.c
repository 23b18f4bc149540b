// SPDX-License-Identifier: GPL-2.0-or-later
// Translated blocks: found by physical place, virtual pc and mode; dropped when their bytes are stored to.
//
// Correctness under self-modifying code comes from page tracking alone: a page that holds translated bytes is flagged PAGE_CODE, and a store that
// hits a 64-byte granule with such bytes drops the blocks that overlap it. fence.i and its like are hints.
#include <assert.h>

#include "softmmu/space.h"
#include "util/log.h"
#include "util/os-clock.h"

enum {
    HASH_BITS = 17, IR_BYTES_MAX = 256 << 20, T1_AFTER_RUNS = 3,
    HOT_AFTER_RUNS = 2000,
    RUNS_PER_FLUSH = 16,       // hot code's sites are worth it if the TLB is flushed less often
    SITE_MISSES = 256,         // then a site is looked at:
    INSNS_PER_MISS = 100,      // it stays if it missed less often
};

static void start_t1(Exec *exec)
{
    const IrNames *names = &exec->target->names;
    OsHostFeatures features = { 0 };
    Error err;
    if (exec->config.interpreter) {
        return;
    }
    if (!exec->config.t1_after) {
        exec->config.t1_after = T1_AFTER_RUNS;
    }
    if (!exec->config.hot_after) {
        exec->config.hot_after = HOT_AFTER_RUNS;
    }
    if (!exec->config.sse2_only) {
        features = os_host_features();
    }
    exec->jit = jit_new(names->slots, names->nslots, features, &err);
    if (!exec->jit) {
        log_printf(LOG_UNIMP, "no translation to host code: %s\n", err.msg);
        return;
    }
    if (exec->config.lockstep) {
        exec->lockstep = lockstep_new(exec->target);
    }
    jit_perf(exec->jit, g_getenv("BACKSTEP_PERF") != NULL);
}

Exec *exec_new(Machine *machine, const Target *target, CPU **cpus, unsigned ncpus, const ExecConfig *config)
{
    Exec *exec = g_new0(Exec, 1);
    exec->machine = machine;
    exec->target = target;
    exec->config = *config;
    exec->cpus = cpus;
    exec->ncpus = ncpus;
    exec->builder = ir_builder_new();
    exec->hash_bits = HASH_BITS;
    exec->hash = g_new0(Block *, (size_t)1 << HASH_BITS);
    exec->page_blocks = g_new0(Block *, machine->npages);
    exec->page_granules = g_new0(uint64_t, machine->npages);
    exec->walk_pages = g_new0(WalkPage *, machine->npages);
    exec->page_written = g_new0(uint16_t, machine->npages);
    exec->walk_list = g_ptr_array_new();
    exec->rng = config->flush_seed;
    machine->before_store = exec_before_store;
    machine->dma_stores = exec_dma_stores;
    machine->observer_ctx = exec;
    for (unsigned i = 0; i < ncpus; i++) {
        cpus[i]->exec = exec;
        cpus[i]->ops = &exec_cpu_ops;
        cpus[i]->half_shift = (uint8_t)(target->word_bits - 1);
        cpus[i]->fetch_generation[0] = cpus[i]->fetch_generation[1] = ++exec->generation;
        cpus[i]->has_peers = ncpus > 1;
    }
    exec->spaces = spaces_new(ncpus);
    tlb_flush_all(exec);
    start_t1(exec);
    return exec;
}

void exec_free(Exec *exec)
{
    if (!exec) {
        return;
    }
    exec_invalidate_all(exec);
    exec_reap(exec);
    tlb_flush_all(exec);
    spaces_free(exec->spaces, exec->ncpus);
    g_ptr_array_free(exec->walk_list, TRUE);
    lockstep_free(exec->lockstep);
    jit_free(exec->jit);
    ir_builder_free(exec->builder);
    g_free(exec->hash);
    g_free(exec->page_blocks);
    g_free(exec->page_granules);
    g_free(exec->walk_pages);
    g_free(exec->page_written);
    g_free(exec);
}

static unsigned block_hash(const Exec *exec, uint64_t ram_address, uint64_t pc, uint32_t flags)
{
    uint64_t h = (ram_address >> 1) * 0x9e3779b97f4a7c15 ^ (pc >> PAGE_BITS) * 0xc2b2ae3d27d4eb4f ^ (uint64_t)flags << 40;
    return (unsigned)((h ^ h >> 29) * 0x9e3779b97f4a7c15 >> (64 - exec->hash_bits));
}

// ---- page lists ----

static uint64_t granule_mask(unsigned offset, unsigned len)
{
    unsigned first = offset >> GRANULE_BITS, last = (offset + len - 1) >> GRANULE_BITS;
    uint64_t mask = ~(uint64_t)0 << first;
    return last >= GRANULES - 1 ? mask : mask & (((uint64_t)1 << (last + 1)) - 1);
}

// Which part of page n (0 or 1) the block covers.
static uint64_t block_granules(const Block *block, unsigned n)
{
    return block->granules[n];
}

static void note_granules(Block *block)
{
    for (unsigned i = 1; i < block->ir->nins; i++) {
        const IrInsn *insn = &block->ir->ins[i];
        if (insn->op == IR_INSN) {
            unsigned offset = (unsigned)insn->imm & PAGE_MASK, in_first = MIN(insn->sub, PAGE_SIZE - offset);
            block->granules[0] |= granule_mask(offset, in_first);
            if (in_first < insn->sub) {
                block->granules[1] |= granule_mask(0, insn->sub - in_first);
            }
        }
    }
}

static uint64_t block_page(const Block *block, unsigned n)
{
    return n == 0 ? block->ram_address >> PAGE_BITS : block->second_page;
}

static unsigned page_link(const Block *block, uint64_t ram_page)
{
    return block_page(block, 0) == ram_page ? 0 : 1;
}

static void page_add(Exec *exec, Block *block, unsigned n)
{
    uint64_t page = block_page(block, n);
    Block *next = exec->page_blocks[page];
    block->page_next[n] = next;
    block->page_at[n] = &exec->page_blocks[page];
    if (next) {
        next->page_at[page_link(next, page)] = &block->page_next[n];
    }
    exec->page_blocks[page] = block;
    exec->page_granules[page] |= block_granules(block, n);
    tlb_page_flag(exec, page, PAGE_CODE);
}

// The granules of a page with other blocks stay: which are still used is found out when one is stored to. A shared library's page has as many
// blocks as processes mapped it somewhere else, so that a look at each would take minutes when all are dropped.
static void page_remove(Exec *exec, Block *block, unsigned n)
{
    uint64_t page = block_page(block, n);
    Block *next = block->page_next[n];
    *block->page_at[n] = next;
    if (next) {
        next->page_at[page_link(next, page)] = block->page_at[n];
    }
    if (!exec->page_blocks[page]) {
        exec->page_granules[page] = 0;
        exec->machine->page_flags[page] &= (uint8_t)~PAGE_CODE;
    }
}

// ---- life and death ----

static void code_drop(Exec *exec, Block *block)
{
    unsigned slot = jump_hash(block->pc);
    jit_code_drop(exec->jit, block->code);
    for (unsigned i = 0; i < exec->ncpus; i++) {
        JumpCache *cache = &exec->cpus[i]->jump_cache;
        if (cache->code[slot] == block->code->entry) {
            cache->key[slot] = 0; // no generation is 0
        }
    }
}

static void block_kill(Exec *exec, Block *block)
{
    if (block->code) {
        code_drop(exec, block);
    }
    Block **link = &exec->hash[block_hash(exec, block->ram_address, block->pc, block->flags)];
    while (*link != block) {
        link = &(*link)->hash_next;
    }
    *link = block->hash_next;
    page_remove(exec, block, 0);
    if (block->crosses && block->second_page != block->ram_address >> PAGE_BITS) {
        page_remove(exec, block, 1);
    }
    BlockSlot *slot = &exec->block_cache[block->pc >> 1 & (BLOCK_CACHE_SIZE - 1)];
    if (slot->block == block) {
        slot->block = NULL;
    }
    block->dead = true;
    block->hash_next = exec->dead;
    exec->dead = block;
    exec->nblocks--;
    exec->ir_bytes -= block->ir->nins * sizeof(IrInsn);
}

void exec_reap(Exec *exec)
{
    while (exec->dead) {
        Block *block = exec->dead;
        exec->dead = block->hash_next;
        jit_code_free(block->code);
        g_free(block->ir);
        g_free(block);
    }
}

void exec_invalidate_all(Exec *exec)
{
    for (size_t i = 0; i < (size_t)1 << exec->hash_bits; i++) {
        while (exec->hash[i]) {
            block_kill(exec, exec->hash[i]);
        }
    }
}

bool exec_store_leaves(const Exec *exec, uint64_t ram_page, unsigned offset, unsigned len)
{
    return (exec->page_granules[ram_page] & granule_mask(offset, len)) || tlb_walked_used(exec, ram_page, offset, len);
}

void exec_code_stored(Exec *exec, uint64_t ram_page, unsigned offset, unsigned len)
{
    uint64_t mask = granule_mask(offset, len);
    if (!(exec->page_granules[ram_page] & mask) || PLANTED(exec, PLANT_STALE_CODE)) {
        return;
    }
    exec->code_invalidations++;
    uint64_t left = 0;
    Block *next;
    for (Block *block = exec->page_blocks[ram_page]; block; block = next) {
        unsigned n = page_link(block, ram_page);
        next = block->page_next[n];
        if (block_granules(block, n) & mask) {
            block_kill(exec, block);
        } else {
            left |= block_granules(block, n);
        }
    }
    exec->page_granules[ram_page] = left;
    for (unsigned i = 0; i < exec->ncpus; i++) {
        exec->cpus[i]->attention = true; // a running block may be among the dead
    }
}

// ---- finding and translating ----

typedef struct NextPage {
    Exec *exec;
    CPU *cpu;
    uint64_t gva;
    bool asked, fault;
    uint64_t ram_page;
} NextPage;

// The table in which gva's fetch translation is cached, or NULL.
static const TlbTable *fetch_cached(const Exec *exec, CPU *cpu, uint64_t gva)
{
    unsigned mmu = exec->target->fetch_mmu(cpu), i = (gva >> PAGE_BITS) & (TLB_SIZE - 1);
    const TlbTable *t = &cpu->tlb[ACCESS_FETCH][mmu];
    return (cpu->tlb_used[ACCESS_FETCH] & 1u << mmu) && t->tag[i] == (gva & ~(uint64_t)PAGE_MASK) ? t : NULL;
}

// Are all translations that the block was fetched by cached? Then a change of one raises the generation.
static bool block_cached(const Exec *exec, CPU *cpu, const Block *block)
{
    uint64_t next = (block->pc | PAGE_MASK) + 1;
    return fetch_cached(exec, cpu, block->pc) && (!block->crosses || (fetch_cached(exec, cpu, next) && cpu_half(cpu, next) == cpu_half(cpu, block->pc)));
}

static bool fetch_translate(Exec *exec, CPU *cpu, uint64_t gva, uint64_t *ram_address, const uint8_t **host)
{
    const TlbTable *t = fetch_cached(exec, cpu, gva);
    uint64_t gpa;
    uint8_t *page_host = NULL;
    if (t) {
        page_host = (uint8_t *)(uintptr_t)(gva + t->addend[(gva >> PAGE_BITS) & (TLB_SIZE - 1)]);
    } else if (!tlb_translate(exec, cpu, gva, 2, ACCESS_FETCH, exec->target->fetch_mmu(cpu), &gpa, &page_host)) {
        return false;
    }
    if (!page_host) {
        exec->target->access_fault(cpu, gva, ACCESS_FETCH); // code in MMIO isn't supported by hardware that we model
        return false;
    }
    *host = page_host;
    for (unsigned n = 0; n < exec->machine->ram->len; n++) {
        const RamBlock *ram = exec->machine->ram->pdata[n];
        if (page_host >= ram->host && page_host < ram->host + ram->size_bytes) {
            *ram_address = (ram->first_page << PAGE_BITS) + (uint64_t)(page_host - ram->host);
            return true;
        }
    }
    assert(false && "host address of RAM");
    return false;
}

static const uint8_t *fetch_next_page(void *ctx)
{
    NextPage *next = ctx;
    const uint8_t *host;
    uint64_t ram_address;
    next->asked = true;
    if (!fetch_translate(next->exec, next->cpu, next->gva, &ram_address, &host)) {
        next->fault = true;
        return NULL;
    }
    next->ram_page = ram_address >> PAGE_BITS;
    return host;
}

static Block *block_translate(Exec *exec, CPU *cpu, uint64_t ram_address, const uint8_t *host, uint32_t flags)
{
    uint64_t pc = cpu->arch.pc;
    NextPage next = { .exec = exec, .cpu = cpu, .gva = (pc | PAGE_MASK) + 1 };
    TargetFetch fetch = { .host = host, .len = PAGE_SIZE - (unsigned)(pc & PAGE_MASK),
                          .back = fetch_cached(exec, cpu, pc) ? (unsigned)(pc & PAGE_MASK) : 0, .next_page = fetch_next_page, .ctx = &next };
    if (exec->ir_bytes > IR_BYTES_MAX) {
        exec_invalidate_all(exec);
    }
    ir_begin(exec->builder, pc, flags);
    exec->target->translate(cpu, exec->builder, pc, flags, &fetch, exec->config.max_guest);
    if (next.fault) {
        return NULL;
    }
    const IrBlock *built = &exec->builder->block;
    assert(built->nguest > 0 && built->bytes > 0);
    Block *block = g_new0(Block, 1);
    block->pc = pc;
    block->ram_address = ram_address;
    block->flags = flags;
    block->bytes = built->bytes;
    block->nguest = built->nguest;
    block->crosses = next.asked;
    block->second_page = next.ram_page;
    assert(block->crosses || block->bytes <= fetch.len);
    block->ir = ir_block_copy(built);
    note_granules(block);
    dump_guest(exec, block, host);
    dump_ir(exec, LOG_OP, block->ir);
    Block **link = &exec->hash[block_hash(exec, ram_address, pc, flags)];
    block->hash_next = *link;
    *link = block;
    page_add(exec, block, 0);
    if (block->crosses && block->second_page != ram_address >> PAGE_BITS) {
        page_add(exec, block, 1);
    }
    exec->nblocks++;
    exec->ir_bytes += built->nins * sizeof(IrInsn);
    exec->translated_guest += built->nguest;
    return block;
}

Block *exec_find(Exec *exec, CPU *cpu)
{
    uint64_t pc = cpu->arch.pc, ram_address;
    uint32_t flags = exec->target->block_flags(cpu);
    uint64_t key = exec_key(cpu, pc, flags);
    BlockSlot *slot = &exec->block_cache[pc >> 1 & (BLOCK_CACHE_SIZE - 1)];
    if (slot->block && slot->pc == pc && slot->key == key && !exec->config.no_tlb) {
        return slot->block;
    }
    const uint8_t *host;
    if (!fetch_translate(exec, cpu, pc, &ram_address, &host)) {
        return NULL;
    }
    // After a flush most blocks are where they were: the slot knows without a look into cold memory.
    bool known = slot->block && slot->pc == pc && slot->ram_address == ram_address && (uint32_t)slot->key == flags;
    Block *block = known ? slot->block : exec->hash[block_hash(exec, ram_address, pc, flags)];
    while (block && !(block->ram_address == ram_address && block->pc == pc && block->flags == flags)) {
        block = block->hash_next;
    }
    if (block && block->crosses) {
        NextPage next = { .exec = exec, .cpu = cpu, .gva = (pc | PAGE_MASK) + 1 };
        if (!fetch_next_page(&next)) {
            return NULL;
        }
        if (next.ram_page != block->second_page) {
            block_kill(exec, block);
            block = NULL;
        }
    }
    if (!block) {
        int64_t began_ns = os_clock_monotonic_ns();
        block = block_translate(exec, cpu, ram_address, host, flags);
        exec->translate_ns += os_clock_monotonic_ns() - began_ns;
    }
    if (block && block_cached(exec, cpu, block)) {
        *slot = (BlockSlot){ .pc = pc, .key = key, .ram_address = ram_address, .block = block };
    }
    return block;
}

// ---- T1 ----

static void arm(Exec *exec, Block *block)
{
    block->heat_flushes = exec->half_drops[cpu_half(exec->cpus[0], block->pc)];
    for (unsigned i = 0; i < exec->ncpus; i++) {
        exec->cpus[i]->heat[block->code->heat] = exec->config.hot_after;
    }
}

static void code_made(Exec *exec, Block *block)
{
    JitCode *code = block->code;
    code->owner = block;
    arm(exec, block);
    for (unsigned n = 0; n < code->nsites; n++) {
        exec->site_since[code->first_site + n] = machine_icount(exec->machine);
        for (unsigned i = 0; i < exec->ncpus; i++) {
            exec->cpus[i]->site[code->first_site + n] = (CpuSite){ .misses = SITE_MISSES };
        }
    }
    exec->hot_blocks += block->hot;
    dump_code(block);
}

// So that it is made anew.
static void code_remake(Exec *exec, Block *block)
{
    code_drop(exec, block);
    jit_code_free(block->code);
    block->code = NULL;
}

void exec_heat(Exec *exec, CPU *cpu, Block *block)
{
    if (!block->code || block->hot) {
        return;
    }
    uint64_t flushes = exec->half_drops[cpu_half(cpu, block->pc)] - block->heat_flushes;
    if (flushes * RUNS_PER_FLUSH > exec->config.hot_after && exec->config.hot_after > 1) {
        arm(exec, block);
        return;
    }
    block->hot = true;
    code_remake(exec, block);
}

void exec_site_tired(CPU *cpu, uint32_t site)
{
    Exec *exec = cpu->exec;
    JitCode *code = jit_site_code(exec->jit, site);
    uint64_t now = machine_icount(exec->machine), since = exec->site_since[site];
    exec->site_since[site] = now;
    cpu->site[site].misses = SITE_MISSES;
    if (!code || now - since >= SITE_MISSES * INSNS_PER_MISS) {
        return;
    }
    Block *block = code->owner;
    block->plain |= (uint64_t)1 << (site - code->first_site);
    exec->tired_sites++;
    if (!block->to_remake) {
        block->to_remake = true;
        block->remake_next = exec->remake;
        exec->remake = block;
    }
}

void exec_remake(Exec *exec)
{
    while (exec->remake) {
        Block *block = exec->remake;
        exec->remake = block->remake_next;
        block->to_remake = false;
        if (!block->dead) { // its code is dropped, and both are freed together
            code_remake(exec, block);
        }
    }
}

const JitCode *exec_code(Exec *exec, CPU *cpu, Block *block)
{
    if (block->code || !exec->jit) {
        return block->code;
    }
    if (block->t1_cannot || block->runs + 1 < exec->config.t1_after) {
        return NULL;
    }
    if (jit_full(exec->jit)) {
        exec_invalidate_all(exec);
        jit_flush(exec->jit);
        for (unsigned i = 0; i < exec->ncpus; i++) {
            cpu_sites_drop_all(exec->cpus[i]);
        }
        return NULL;
    }
    int64_t began_ns = os_clock_monotonic_ns();
    const IrBlock *optimised = &exec->builder->block;
    block->hot |= exec->config.hot_after == 1;
    ir_begin_from(exec->builder, block->ir);
    ir_optimise_with(exec->builder, block->hot ? IR_OPT_SKIP : 0);
    dump_ir(exec, LOG_OP_OPT, optimised);
    block->code = jit_compile(exec->jit, cpu, optimised, exec->lockstep || log_enabled(LOG_EXEC) ? 0 : PAGE_MASK, block->hot, block->plain);
    exec->translate_ns += os_clock_monotonic_ns() - began_ns;
    block->t1_cannot = !block->code;
    if (block->code) {
        code_made(exec, block);
    }
    return block->code;
}

// What exec_find would do at once, because the generation still stands for the translations that the block was fetched by.
static bool slot_knows(const Exec *exec, const CPU *cpu, const Block *block)
{
    const BlockSlot *slot = &exec->block_cache[block->pc >> 1 & (BLOCK_CACHE_SIZE - 1)];
    return slot->block == block && slot->key == exec_key(cpu, block->pc, block->flags);
}

bool exec_linkable(const Exec *exec, CPU *cpu, const Block *block)
{
    return block->code && !exec->config.no_tlb && !exec->lockstep && (slot_knows(exec, cpu, block) || block_cached(exec, cpu, block));
}
