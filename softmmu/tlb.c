// SPDX-License-Identifier: GPL-2.0-or-later
// The TLB, made unobservable: a translation behaves as if walked at each access.
//
// Every page-table entry that a cached translation was read from is marked (WalkPage), and its RAM page is flagged PAGE_WALKED so that stores to
// it come here first: a store to a marked entry drops what derives from it. A leaf entry knows its virtual page; anything else flushes all. Marks
// outlive flushes (a useless drop is harmless) and are thrown away from time to time. The walker's own accessed and dirty updates drop nothing.
#include <assert.h>

#include "softmmu/exec.h"

enum { FLUSHES_PER_CLEANING = 256, WALK_PAGES_MAX = 4096 };

static void bump_generation(CPU *cpu)
{
    Exec *exec = cpu->exec;
    if (exec->generation >= UINT32_MAX - exec->ncpus) {
        // After hours of nothing but flushes: numbers may be used again when nothing is left that was guarded by them.
        exec_invalidate_all(exec);
        exec->generation = 0;
        for (unsigned i = 0; i < exec->ncpus; i++) {
            exec->cpus[i]->fetch_generation = ++exec->generation;
        }
    }
    cpu->fetch_generation = ++exec->generation;
    cpu->attention = true; // the running block may lie in a page whose translation is gone
}

void tlb_flush_cpu(CPU *cpu)
{
    Exec *exec = cpu->exec;
    for (unsigned access = 0; access < ACCESS_COUNT; access++) {
        for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
            if (cpu->tlb_used[access] & 1u << mmu) {
                tlb_clear(&cpu->tlb[access][mmu]);
            }
        }
        cpu->tlb_used[access] = 0;
    }
    cpu_sites_drop_all(cpu);
    bump_generation(cpu);
    exec->tlb_flushes++;
}

void tlb_flush_regime(Exec *exec, CPU *cpu)
{
    if (exec->walk_list->len > WALK_PAGES_MAX || exec->tlb_flushes % FLUSHES_PER_CLEANING == 0) {
        tlb_flush_all(exec);
    } else {
        tlb_flush_cpu(cpu);
    }
}

// ---- marks on page-table entries ----

static WalkPage *walk_page_get(Exec *exec, uint64_t ram_page, unsigned entry_bytes)
{
    WalkPage *walk = exec->walk_pages[ram_page];
    if (!walk) {
        walk = g_new0(WalkPage, 1);
        walk->ram_page = ram_page;
        walk->entry_bytes = entry_bytes;
        exec->walk_pages[ram_page] = walk;
        g_ptr_array_add(exec->walk_list, walk);
        tlb_page_flag(exec, ram_page, PAGE_WALKED);
    }
    return walk;
}

static void walk_page_drop(Exec *exec, WalkPage *walk)
{
    exec->walk_pages[walk->ram_page] = NULL;
    exec->machine->page_flags[walk->ram_page] &= (uint8_t)~PAGE_WALKED;
    g_ptr_array_remove_fast(exec->walk_list, walk);
    g_free(walk);
}

void tlb_flush_all(Exec *exec)
{
    for (unsigned i = 0; i < exec->ncpus; i++) {
        tlb_flush_cpu(exec->cpus[i]);
    }
    // Nothing is cached now, so that no mark is needed.
    while (exec->walk_list->len) {
        walk_page_drop(exec, exec->walk_list->pdata[exec->walk_list->len - 1]);
    }
}

static void mark_entry(Exec *exec, uint64_t ram_page, unsigned offset, unsigned entry_bytes, uint64_t mark)
{
    WalkPage *walk = walk_page_get(exec, ram_page, entry_bytes);
    uint64_t *entry = &walk->entry[offset / walk->entry_bytes];
    if (*entry == 0) {
        walk->used++;
        *entry = mark;
    } else {
        uint64_t many = (*entry ^ mark) & ~(uint64_t)PAGE_MASK ? WALK_MANY : 0;
        *entry |= (mark & PAGE_MASK) | many;
    }
}

static void entry_range(const WalkPage *walk, unsigned offset, unsigned len, unsigned *first, unsigned *last)
{
    *first = offset / walk->entry_bytes;
    *last = (offset + len - 1) / walk->entry_bytes;
}

bool tlb_walked_used(const Exec *exec, uint64_t ram_page, unsigned offset, unsigned len)
{
    const WalkPage *walk = exec->walk_pages[ram_page];
    unsigned first, last;
    if (!walk) {
        return false;
    }
    entry_range(walk, offset, len, &first, &last);
    for (unsigned i = first; i <= last; i++) {
        if (walk->entry[i]) {
            return true;
        }
    }
    return false;
}

// Sites whose range holds this page, or (host not NULL) this host page. Running T1 code that has checked one leaves.
static void drop_sites(CPU *cpu, uint64_t page, const uint8_t *host)
{
    if (host ? !cpu->site_host[site_hash((uint64_t)(uintptr_t)host)] : !cpu->site_gva[site_hash(page)]) {
        return;
    }
    for (uint32_t i = cpu->sites_filled; i-- > 0;) {
        CpuSite *site = &cpu->site[cpu->site_list[i]];
        uint64_t offset = host ? (uint64_t)(uintptr_t)host - (site->base + site->addend) : page - site->base;
        if (offset < site->limit + SITE_EXTENT_MAX) {
            site->limit = 0;
            cpu->site_list[i] = cpu->site_list[--cpu->sites_filled];
            cpu->attention |= cpu->running_t1;
        }
    }
}

static void drop_virtual_page(CPU *cpu, uint64_t gva, bool fetched)
{
    unsigned i = (gva >> PAGE_BITS) & (TLB_SIZE - 1);
    for (unsigned access = 0; access < ACCESS_COUNT; access++) {
        for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
            TlbTable *t = &cpu->tlb[access][mmu];
            if (t->tag[i] == (gva & ~(uint64_t)PAGE_MASK)) {
                t->tag[i] = i == TLB_SIZE - 1 ? 0 : ~(uint64_t)0;
            }
        }
    }
    drop_sites(cpu, gva & ~(uint64_t)PAGE_MASK, NULL);
    if (fetched) {
        bump_generation(cpu);
    }
}

void tlb_walked_stored(Exec *exec, uint64_t ram_page, unsigned offset, unsigned len)
{
    WalkPage *walk = exec->walk_pages[ram_page];
    unsigned first, last;
    if (!walk || PLANTED(exec, PLANT_STALE_PTE)) {
        return;
    }
    entry_range(walk, offset, len, &first, &last);
    bool flush = false;
    for (unsigned i = first; i <= last; i++) {
        uint64_t mark = walk->entry[i];
        if (!mark) {
            continue;
        }
        walk->entry[i] = 0;
        walk->used--;
        exec->tlb_drops++;
        if (mark & WALK_MANY) {
            flush = true;
        } else {
            for (unsigned n = 0; n < exec->ncpus; n++) {
                drop_virtual_page(exec->cpus[n], mark & ~(uint64_t)PAGE_MASK, mark & WALK_FETCHED);
            }
        }
    }
    if (flush) {
        tlb_flush_all(exec);
    } else if (walk->used == 0) {
        walk_page_drop(exec, walk);
    }
}

// ---- page flags against cached write entries ----

static void purge_write_entries(CPU *cpu, const uint8_t *host)
{
    for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
        TlbTable *t = &cpu->tlb[ACCESS_WRITE][mmu];
        if (!(cpu->tlb_used[ACCESS_WRITE] & 1u << mmu)) {
            continue;
        }
        for (unsigned i = 0; i < TLB_SIZE; i++) {
            if (t->tag[i] + t->addend[i] == (uint64_t)(uintptr_t)host) {
                t->tag[i] = i == TLB_SIZE - 1 ? 0 : ~(uint64_t)0;
            }
        }
    }
    drop_sites(cpu, 0, host);
}

static uint8_t *host_of_page(const Machine *machine, uint64_t ram_page)
{
    for (unsigned i = 0; i < machine->ram->len; i++) {
        RamBlock *ram = machine->ram->pdata[i];
        if (ram_page - ram->first_page < ram->size_bytes >> PAGE_BITS) {
            return ram->host + ((ram_page - ram->first_page) << PAGE_BITS);
        }
    }
    assert(false && "RAM page");
    return NULL;
}

void tlb_page_flag(Exec *exec, uint64_t ram_page, uint8_t flag)
{
    Machine *machine = exec->machine;
    if (machine->page_flags[ram_page] == 0 && exec->page_written[ram_page]) {
        const uint8_t *host = host_of_page(machine, ram_page);
        for (unsigned i = 0; i < exec->ncpus; i++) {
            purge_write_entries(exec->cpus[i], host);
        }
        exec->page_written[ram_page] = 0;
        exec->pages_flagged++;
    }
    machine->page_flags[ram_page] |= flag;
}

// ---- filling ----

static void insert(CPU *cpu, Access access, unsigned mmu, uint64_t gva, const uint8_t *host)
{
    uint64_t page = gva & ~(uint64_t)PAGE_MASK;
    unsigned i = (gva >> PAGE_BITS) & (TLB_SIZE - 1);
    TlbTable *t = &cpu->tlb[access][mmu];
    if (!(cpu->tlb_used[access] & 1u << mmu)) {
        tlb_clear(t);
        cpu->tlb_used[access] |= (uint8_t)(1u << mmu);
    }
    t->tag[i] = page;
    t->addend[i] = (uint64_t)(uintptr_t)host - page;
}

static void mark_walk(Exec *exec, const WalkResult *w, uint64_t gva, Access access)
{
    for (unsigned i = 0; i < w->nsteps; i++) {
        const MemRange *range = memory_find(exec->machine, w->step_gpa[i]);
        assert(range && range->ram); // the walk read it
        bool leaf = i + 1 == w->nsteps && w->page_bits == PAGE_BITS;
        uint64_t mark = WALK_USED | (access == ACCESS_FETCH ? WALK_FETCHED : 0) | (leaf ? gva & ~(uint64_t)PAGE_MASK : WALK_MANY);
        mark_entry(exec, range_ram_page(range, w->step_gpa[i]), (unsigned)w->step_gpa[i] & PAGE_MASK, w->step_bytes, mark);
    }
}

bool tlb_translate(Exec *exec, CPU *cpu, uint64_t gva, unsigned len, Access access, unsigned mmu, uint64_t *gpa, uint8_t **host)
{
    WalkResult w = { .bytes = (uint8_t)len };
    exec->tlb_fills++;
    if (!exec->target->walk(cpu, gva, access, mmu, &w)) {
        cpu->exception = w.exception;
        cpu->exception_value = w.exception_value;
        return false;
    }
    assert(w.prot & 1u << access);
    *gpa = w.gpa;
    const MemRange *range = memory_find(exec->machine, w.gpa);
    if (!range || !range->ram) {
        *host = NULL;
        return true;
    }
    *host = range_host(range, w.gpa);
    // Only whole pages of RAM are cached.
    uint64_t page_gpa = w.gpa & ~(uint64_t)PAGE_MASK;
    bool whole = page_gpa >= range->base && page_gpa + PAGE_SIZE - 1 <= range->base + range->size_bytes - 1;
    if (w.page_bits < PAGE_BITS || !whole || exec->config.no_tlb) {
        return true;
    }
    mark_walk(exec, &w, gva, access);
    uint64_t ram_page = range_ram_page(range, w.gpa);
    const uint8_t *page_host = *host - (w.gpa & PAGE_MASK);
    if (access == ACCESS_FETCH) {
        insert(cpu, ACCESS_FETCH, mmu, gva, page_host);
        return true;
    }
    if (w.prot & 1u << ACCESS_READ) {
        insert(cpu, ACCESS_READ, mmu, gva, page_host);
    }
    if (((w.prot & 1u << ACCESS_WRITE) || PLANTED(exec, PLANT_LOST_DIRTY)) && page_plain(exec->machine, ram_page) && !exec->lockstep) {
        insert(cpu, ACCESS_WRITE, mmu, gva, page_host);
        exec->page_written[ram_page] = 1;
    }
    return true;
}
