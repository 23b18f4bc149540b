// SPDX-License-Identifier: GPL-2.0-or-later
// The TLB, made unobservable: a translation behaves as if walked at each access.
//
// Every page-table entry that a cached translation was read from is marked (WalkPage), and its RAM page is flagged PAGE_WALKED so that stores to
// it come here first: a store to a marked entry drops what derives from it. A leaf entry knows its virtual page, others their range of addresses,
// and the space (space.h) in which both are meant. Marks outlive flushes (a useless drop is harmless) and are thrown away from time to time. The
// walker's own accessed and dirty updates drop nothing.
//
// The first level is what T1 and T0 read inline, and holds what is in use. A miss looks into the second level, which keeps its entries when the
// address space changes, and then walks.
#include <assert.h>

#include "softmmu/space.h"

enum { SWITCHES_PER_CLEANING = 16384, WALK_PAGES_MAX = 4096, WRITTEN_MANY = UINT16_MAX };
_Static_assert(TLB_SIZE < (int)WRITTEN_MANY, "numbers of entries");

static CpuSpaces *spaces_of(CPU *cpu)
{
    Exec *exec = cpu->exec;
    return exec->spaces->cpu[cpu->index];
}

// ---- generations ----

// After hours of nothing but changes: numbers may be used again when nothing is left that was guarded by them.
static void generations_restart(Exec *exec)
{
    exec_invalidate_all(exec);
    exec->generation = 0;
    for (unsigned i = 0; i < SPACES; i++) {
        memset(exec->spaces->space[i].generation, 0, sizeof(exec->spaces->space[i].generation));
    }
    for (unsigned i = 0; i < exec->ncpus; i++) {
        for (unsigned half = 0; half < HALVES; half++) {
            exec->cpus[i]->fetch_generation[half] = ++exec->generation;
            exec->cpus[i]->attention = true;
        }
    }
}

static void generation_new(CPU *cpu, unsigned half)
{
    Exec *exec = cpu->exec;
    if (exec->generation >= UINT32_MAX - HALVES * SPACE_CPUS) {
        generations_restart(exec);
    }
    cpu->fetch_generation[half] = ++exec->generation;
    spaces_of(cpu)->space[half]->generation[cpu->index] = exec->generation;
    cpu->attention = true; // the running block may lie in a page whose translation is gone
}

// What was fetched in a space may have changed.
static void space_refetch(Exec *exec, Space *space)
{
    memset(space->generation, 0, sizeof(space->generation));
    for (unsigned i = 0; i < exec->ncpus; i++) {
        if (cpu_uses(exec->spaces, i, space)) {
            generation_new(exec->cpus[i], space->half);
        }
    }
}

// ---- the first level ----

static void entry_clear(TlbTable *t, unsigned i)
{
    t->tag[i] = i == TLB_SIZE - 1 ? 0 : ~(uint64_t)0;
}

static bool table_used(const CPU *cpu, unsigned access, unsigned mmu) { return cpu->tlb_used[access] & 1u << mmu; }

static void table_clear_half(CPU *cpu, unsigned access, unsigned mmu, unsigned half)
{
    CpuSpaces *c = spaces_of(cpu);
    TlbTable *t = &cpu->tlb[access][mmu];
    unsigned nlow = c->nlow[access][mmu];
    if (half == 0 && nlow <= LOW_LIST) {
        for (unsigned n = 0; n < nlow; n++) {
            unsigned i = c->low[access][mmu][n];
            if (cpu_half(cpu, t->tag[i]) == 0) {
                entry_clear(t, i);
            }
        }
    } else {
        for (unsigned i = 0; i < TLB_SIZE; i++) {
            if (cpu_half(cpu, t->tag[i]) == half) {
                entry_clear(t, i);
            }
        }
    }
    c->nlow[access][mmu] = half == 0 ? 0 : c->nlow[access][mmu];
}

// The i-th of the filled ones. Running T1 code that has checked it leaves.
static void drop_site(CPU *cpu, uint32_t i)
{
    cpu->site[cpu->site_list[i]].limit = 0;
    cpu->site_list[i] = cpu->site_list[--cpu->sites_filled];
    cpu->attention |= cpu->running_t1;
}

static void drop_sites_of_half(CPU *cpu, unsigned half)
{
    for (uint32_t i = cpu->sites_filled; i-- > 0;) {
        const CpuSite *site = &cpu->site[cpu->site_list[i]];
        if (cpu_half(cpu, site->base) == half || cpu_half(cpu, site->base + site->limit + SITE_EXTENT_MAX) == half) {
            drop_site(cpu, i);
        }
    }
}

static void drop_half(CPU *cpu, unsigned half)
{
    Exec *exec = cpu->exec;
    for (unsigned access = 0; access < ACCESS_COUNT; access++) {
        for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
            if (table_used(cpu, access, mmu)) {
                table_clear_half(cpu, access, mmu, half);
            }
        }
    }
    drop_sites_of_half(cpu, half);
    exec->half_drops[half]++;
}

void tlb_flush_first(CPU *cpu)
{
    Exec *exec = cpu->exec;
    CpuSpaces *c = spaces_of(cpu);
    for (unsigned access = 0; access < ACCESS_COUNT; access++) {
        for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
            if (table_used(cpu, access, mmu)) {
                tlb_clear(&cpu->tlb[access][mmu]);
            }
        }
        cpu->tlb_used[access] = 0;
    }
    memset(c->nlow, 0, sizeof(c->nlow));
    cpu_sites_drop_all(cpu);
    cpu->attention |= cpu->running_t1;
    exec->half_drops[0]++;
    exec->half_drops[1]++;
    exec->tlb_flushes++;
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

static void mark_entry(Exec *exec, uint64_t ram_page, unsigned offset, unsigned entry_bytes, uint64_t mark)
{
    WalkPage *walk = walk_page_get(exec, ram_page, entry_bytes);
    uint64_t *entry = &walk->entry[offset / walk->entry_bytes];
    if (*entry == 0) {
        walk->used++;
        *entry = mark;
    } else {
        *entry |= (mark & WALK_FETCHED) | ((*entry ^ mark) & ~(uint64_t)WALK_FETCHED ? WALK_MANY : 0);
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

// Sites whose range holds this page, or (host not NULL) this host page.
static void drop_sites(CPU *cpu, uint64_t page, const uint8_t *host)
{
    if (host ? !cpu->site_host[site_hash((uint64_t)(uintptr_t)host)] : !cpu->site_gva[site_hash(page)]) {
        return;
    }
    for (uint32_t i = cpu->sites_filled; i-- > 0;) {
        const CpuSite *site = &cpu->site[cpu->site_list[i]];
        uint64_t offset = host ? (uint64_t)(uintptr_t)host - (site->base + site->addend) : page - site->base;
        if (offset < site->limit + SITE_EXTENT_MAX) {
            drop_site(cpu, i);
        }
    }
}

static void drop_virtual_page(CPU *cpu, uint64_t page)
{
    unsigned i = (page >> PAGE_BITS) & (TLB_SIZE - 1);
    for (unsigned access = 0; access < ACCESS_COUNT; access++) {
        for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
            if (table_used(cpu, access, mmu) && cpu->tlb[access][mmu].tag[i] == page) {
                entry_clear(&cpu->tlb[access][mmu], i);
            }
        }
    }
    drop_sites(cpu, page, NULL);
}

static void drop_page(Exec *exec, Space *space, uint64_t page)
{
    for (unsigned i = 0; i < exec->ncpus; i++) {
        second_drop(exec->spaces->cpu[i], space, page);
        if (cpu_uses(exec->spaces, i, space)) {
            drop_virtual_page(exec->cpus[i], page);
        }
    }
}

static void drop_range(Exec *exec, Space *space, uint64_t base, uint64_t size)
{
    space_forget(exec->spaces, space);
    for (unsigned n = 0; n < exec->ncpus; n++) {
        CPU *cpu = exec->cpus[n];
        if (!cpu_uses(exec->spaces, n, space)) {
            continue;
        }
        for (unsigned access = 0; access < ACCESS_COUNT; access++) {
            for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
                TlbTable *t = &cpu->tlb[access][mmu];
                for (unsigned i = 0; i < TLB_SIZE && table_used(cpu, access, mmu); i++) {
                    if (t->tag[i] - base < size) {
                        entry_clear(t, i);
                    }
                }
            }
        }
        drop_sites_of_half(cpu, space->half);
        exec->half_drops[space->half]++;
    }
}

// A root table doesn't hold any more what the space knew of its entry.
static void root_changed(Exec *exec, Space *space, uint64_t ram_page, unsigned offset)
{
    for (unsigned i = 0; i < exec->ncpus; i++) {
        if (!cpu_uses(exec->spaces, i, space) || exec->spaces->cpu[i]->root_page != ram_page) {
            continue;
        }
        for (unsigned n = 0; n < space->nroots; n++) {
            if (space->root[n].offset == offset) {
                space->root[n] = space->root[--space->nroots];
                return;
            }
        }
    }
}

static void drop_marked(Exec *exec, uint64_t ram_page, unsigned offset, uint64_t mark)
{
    Space *space = &exec->spaces->space[(mark & WALK_SPACE) >> WALK_SPACE_SHIFT];
    uint64_t page = mark & ~(uint64_t)PAGE_MASK;
    if (!space->serial) {
        return;
    }
    if (mark & WALK_UPPER) {
        uint64_t half_size = page & -page;
        drop_range(exec, space, page - half_size, half_size * 2);
        root_changed(exec, space, ram_page, offset);
    } else {
        drop_page(exec, space, page);
    }
    if (mark & WALK_FETCHED) {
        space_refetch(exec, space);
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
            drop_marked(exec, ram_page, i * walk->entry_bytes, mark);
        }
    }
    if (flush) {
        tlb_flush_all(exec);
    } else if (walk->used == 0) {
        walk_page_drop(exec, walk);
    }
}

// A walk has set accessed or dirty bits: in a root table, of the largest pages, that is no other table.
void tlb_walker_stored(Exec *exec, uint64_t ram_page, unsigned offset)
{
    for (unsigned i = 0; i < exec->ncpus; i++) {
        CpuSpaces *c = exec->spaces->cpu[i];
        for (unsigned half = 0; half < HALVES && c->root_page == ram_page; half++) {
            for (unsigned n = 0; n < c->space[half]->nroots; n++) {
                if (c->space[half]->root[n].offset == offset) {
                    c->space[half]->root[n].value = root_entry(c, offset, c->entry_bytes);
                }
            }
        }
    }
}

// ---- which spaces are in use ----

static bool root_is_shared(const Exec *exec, const CPU *cpu, uint64_t root_page)
{
    for (unsigned i = 0; i < exec->ncpus; i++) {
        if (i != cpu->index && exec->spaces->cpu[i]->root_page == root_page) {
            return true;
        }
    }
    return false;
}

// A root table that isn't in use is compared when it is used again: until then stores to it, a copy into a new table, are of no interest.
static void root_leave(Exec *exec, CPU *cpu)
{
    CpuSpaces *c = spaces_of(cpu);
    WalkPage *walk = c->root_page != NO_ROOT ? exec->walk_pages[c->root_page] : NULL;
    if (!walk || root_is_shared(exec, cpu, c->root_page)) {
        return;
    }
    for (unsigned half = 0; half < HALVES; half++) {
        for (unsigned i = 0; i < c->space[half]->nroots; i++) {
            const SpaceRoot *root = &c->space[half]->root[i];
            uint64_t *entry = &walk->entry[root->offset / walk->entry_bytes];
            if (*entry == root->mark) {
                *entry = 0;
                walk->used--;
            }
        }
    }
}

static void root_enter(Exec *exec, CPU *cpu)
{
    CpuSpaces *c = spaces_of(cpu);
    TargetRoot root;
    exec->target->root(cpu, &root);
    const MemRange *range = root.paged ? memory_find(exec->machine, root.gpa) : NULL;
    bool there = range && range->ram;
    c->mode = root.mode;
    c->root_page = there ? range_ram_page(range, root.gpa) : NO_ROOT;
    c->root_host = there ? range_host(range, root.gpa) : NULL;
    c->entry_bytes = root.entry_bytes;
    for (unsigned half = 0; half < HALVES; half++) {
        Space *space = space_of_root(exec->spaces, exec->ncpus, c, half, root.entry_bytes);
        c->space[half] = space;
        for (unsigned i = 0; i < space->nroots; i++) {
            mark_entry(exec, c->root_page, space->root[i].offset, root.entry_bytes, space->root[i].mark);
        }
    }
}

// The generation of a half's space, which the vCPU has just begun to use.
static void generation_enter(CPU *cpu, unsigned half)
{
    uint32_t known = spaces_of(cpu)->space[half]->generation[cpu->index];
    if (known) {
        cpu->fetch_generation[half] = known;
    } else {
        generation_new(cpu, half);
    }
}

void tlb_switch(Exec *exec, CPU *cpu)
{
    CpuSpaces *c = spaces_of(cpu);
    const Space *before[HALVES] = { c->space[0], c->space[1] };
    if (exec->walk_list->len > WALK_PAGES_MAX || ++exec->switches % SWITCHES_PER_CLEANING == 0) {
        tlb_flush_all(exec);
        return;
    }
    root_leave(exec, cpu);
    root_enter(exec, cpu);
    unsigned here = cpu_half(cpu, cpu->arch.pc);
    for (unsigned half = 0; half < HALVES; half++) {
        if (c->space[half] != before[half]) {
            drop_half(cpu, half);
            generation_enter(cpu, half);
            cpu->attention |= half == here;
        }
    }
    // T1 may have come here from code in the other half: its key is of that one.
    cpu->attention |= (uint32_t)(cpu->jump_key >> 32) != cpu->fetch_generation[here];
}

void tlb_flush_cpu(CPU *cpu)
{
    Exec *exec = cpu->exec;
    CpuSpaces *c = spaces_of(cpu);
    tlb_flush_first(cpu);
    memset(c->second, 0, sizeof(c->second));
    for (unsigned i = 0; i < SPACES; i++) {
        exec->spaces->space[i].generation[cpu->index] = 0;
    }
    root_leave(exec, cpu);
    root_enter(exec, cpu);
    for (unsigned half = 0; half < HALVES; half++) {
        generation_new(cpu, half);
    }
}

void tlb_flush_all(Exec *exec)
{
    for (unsigned i = 0; i < SPACES; i++) {
        space_reset(exec->spaces, &exec->spaces->space[i]);
        exec->spaces->space[i].serial = 0;
    }
    for (unsigned i = 0; i < exec->ncpus; i++) {
        tlb_flush_first(exec->cpus[i]);
        exec->spaces->cpu[i]->space[0] = exec->spaces->cpu[i]->space[1] = NULL;
    }
    // Nothing is cached now, so that no mark is needed.
    while (exec->walk_list->len) {
        walk_page_drop(exec, exec->walk_list->pdata[exec->walk_list->len - 1]);
    }
    for (unsigned i = 0; i < exec->ncpus; i++) {
        root_enter(exec, exec->cpus[i]);
        for (unsigned half = 0; half < HALVES; half++) {
            generation_new(exec->cpus[i], half);
        }
    }
}

// ---- page flags against cached write entries ----

static void purge_write_entries(CPU *cpu, const uint8_t *host, uint16_t written)
{
    unsigned first = written == WRITTEN_MANY ? 0 : written - 1u, end = written == WRITTEN_MANY ? TLB_SIZE : written;
    for (unsigned mmu = 0; mmu < MMU_COUNT; mmu++) {
        TlbTable *t = &cpu->tlb[ACCESS_WRITE][mmu];
        for (unsigned i = first; i < end && table_used(cpu, ACCESS_WRITE, mmu); i++) {
            if (t->tag[i] + t->addend[i] == (uint64_t)(uintptr_t)host) {
                entry_clear(t, i);
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
            purge_write_entries(exec->cpus[i], host, exec->page_written[ram_page]);
        }
        exec->page_written[ram_page] = 0;
        exec->pages_flagged++;
    }
    machine->page_flags[ram_page] |= flag;
}

// ---- filling ----

static void insert(CPU *cpu, Access access, unsigned mmu, uint64_t page, const uint8_t *host)
{
    unsigned i = (page >> PAGE_BITS) & (TLB_SIZE - 1);
    TlbTable *t = &cpu->tlb[access][mmu];
    if (!table_used(cpu, access, mmu)) {
        tlb_clear(t);
        cpu->tlb_used[access] |= (uint8_t)(1u << mmu);
    }
    t->tag[i] = page;
    t->addend[i] = (uint64_t)(uintptr_t)host - page;
    CpuSpaces *c = spaces_of(cpu);
    if (cpu_half(cpu, page) == 0 && c->nlow[access][mmu] <= LOW_LIST) {
        if (c->nlow[access][mmu] < LOW_LIST) {
            c->low[access][mmu][c->nlow[access][mmu]] = (uint16_t)i;
        }
        c->nlow[access][mmu]++;
    }
}

static uint64_t range_mark(uint64_t gva, unsigned bits)
{
    return (gva & ~(uint64_t)0 << bits) | (uint64_t)1 << (bits - 1) | WALK_UPPER;
}

// False: the space can't be told what the walk depends on.
static bool mark_walk(Exec *exec, CPU *cpu, const WalkResult *w, uint64_t gva, Access access)
{
    CpuSpaces *c = spaces_of(cpu);
    Space *space = c->space[cpu_half(cpu, gva)];
    unsigned bits_per_level = PAGE_BITS - (w->step_bytes == 8 ? 3 : 2);
    unsigned leaf_bits = w->page_bits - (w->page_bits - PAGE_BITS) % bits_per_level; // of its level: several entries may make a page
    for (unsigned i = 0; i < w->nsteps; i++) {
        const MemRange *range = memory_find(exec->machine, w->step_gpa[i]);
        assert(range && range->ram); // the walk read it
        uint64_t mark = WALK_USED | (access == ACCESS_FETCH ? WALK_FETCHED : 0) | space_number(exec->spaces, space) << WALK_SPACE_SHIFT;
        unsigned left = w->nsteps - 1u - i, offset = (unsigned)w->step_gpa[i] & PAGE_MASK;
        uint64_t ram_page = range_ram_page(range, w->step_gpa[i]);
        if (left == 0) {
            mark |= w->page_bits == PAGE_BITS ? gva & ~(uint64_t)PAGE_MASK : range_mark(gva, w->page_bits);
        } else {
            mark |= range_mark(gva, leaf_bits + bits_per_level * left);
        }
        if (i == 0) {
            assert(ram_page == c->root_page);
            mark |= WALK_FETCHED; // so that it is the same for all
            if (!space_depends(space, c, offset, w->step_bytes, mark)) {
                return false;
            }
        }
        mark_entry(exec, ram_page, offset, w->step_bytes, mark);
    }
    return true;
}

static void fill_first(Exec *exec, CPU *cpu, Access access, unsigned mmu, const SecondEntry *e)
{
    uint64_t page = e->page & ~(uint64_t)PAGE_MASK;
    if (access == ACCESS_FETCH) {
        insert(cpu, ACCESS_FETCH, mmu, page, e->host);
        return;
    }
    if (e->gpa & 1u << ACCESS_READ) {
        insert(cpu, ACCESS_READ, mmu, page, e->host);
    }
    if (((e->gpa & 1u << ACCESS_WRITE) || PLANTED(exec, PLANT_LOST_DIRTY)) && page_plain(exec->machine, e->ram_page) && !exec->lockstep) {
        insert(cpu, ACCESS_WRITE, mmu, page, e->host);
        uint16_t *written = &exec->page_written[e->ram_page], number = (uint16_t)(1 + ((page >> PAGE_BITS) & (TLB_SIZE - 1)));
        *written = *written == 0 || *written == number ? number : WRITTEN_MANY;
    }
}

// The walk's result into both levels. Only whole pages are cached.
static void keep(Exec *exec, CPU *cpu, const WalkResult *w, uint64_t gva, Access access, unsigned mmu, const MemRange *range)
{
    uint64_t gpa = w->gpa & ~(uint64_t)PAGE_MASK;
    if (w->page_bits < PAGE_BITS || exec->config.no_tlb || !(gpa >= range->base && gpa + PAGE_SIZE - 1 <= range->base + range->size_bytes - 1)) {
        return;
    }
    Space *space = spaces_of(cpu)->space[cpu_half(cpu, gva)];
    if (!mark_walk(exec, cpu, w, gva, access)) {
        exec->flush_wanted = true; // not now: what is being done would be left
        return;
    }
    unsigned rights = access == ACCESS_FETCH ? 1u << ACCESS_FETCH : w->prot & ~(1u << ACCESS_FETCH);
    SecondEntry e = { .page = (gva & ~(uint64_t)PAGE_MASK) | mmu, .gpa = gpa | rights };
    if (range->ram) {
        e.host = range_host(range, gpa);
        e.ram_page = (uint32_t)range_ram_page(range, gpa);
        fill_first(exec, cpu, access, mmu, &e);
    }
    second_insert(spaces_of(cpu), space, e);
}

bool tlb_translate(Exec *exec, CPU *cpu, uint64_t gva, unsigned len, Access access, unsigned mmu, uint64_t *gpa, uint8_t **host)
{
    CpuSpaces *c = spaces_of(cpu);
    exec->tlb_fills++;
    const SecondEntry *e = second_find(c, c->space[cpu_half(cpu, gva)], gva & ~(uint64_t)PAGE_MASK, mmu);
    if (e && (e->gpa & 1u << access)) {
        exec->second_hits++;
        *gpa = (e->gpa & ~(uint64_t)PAGE_MASK) | (gva & PAGE_MASK);
        *host = e->host ? e->host + (gva & PAGE_MASK) : NULL; // NULL: MMIO
        if (e->host) {
            fill_first(exec, cpu, access, mmu, e);
        }
        return true;
    }
    WalkResult w = { .bytes = (uint8_t)len };
    if (!exec->target->walk(cpu, gva, access, mmu, &w)) {
        cpu->exception = w.exception;
        cpu->exception_value = w.exception_value;
        return false;
    }
    assert(w.prot & 1u << access);
    *gpa = w.gpa;
    const MemRange *range = memory_find(exec->machine, w.gpa);
    *host = range && range->ram ? range_host(range, w.gpa) : NULL;
    if (range) {
        keep(exec, cpu, &w, gva, access, mmu, range);
    }
    return true;
}
