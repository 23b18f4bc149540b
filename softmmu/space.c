// SPDX-License-Identifier: GPL-2.0-or-later
// Address spaces by content, and the second-level TLB.
#include "softmmu/space.h"

#include <assert.h>

Spaces *spaces_new(unsigned ncpus)
{
    Spaces *s = g_new0(Spaces, 1);
    assert(ncpus <= SPACE_CPUS);
    for (unsigned i = 0; i < ncpus; i++) {
        s->cpu[i] = g_new0(CpuSpaces, 1);
        s->cpu[i]->root_page = NO_ROOT;
    }
    return s;
}

void spaces_free(Spaces *s, unsigned ncpus)
{
    for (unsigned i = 0; i < ncpus; i++) {
        g_free(s->cpu[i]);
    }
    g_free(s);
}

// ---- second level ----

static SecondEntry *second_set(CpuSpaces *c, const Space *space, uint64_t page)
{
    return c->second[((page >> PAGE_BITS) ^ (uint64_t)space->serial * 0x9e3779b1 >> 7) & (SECOND_SETS - 1)];
}

SecondEntry *second_find(CpuSpaces *c, const Space *space, uint64_t page, unsigned mmu)
{
    SecondEntry *set = second_set(c, space, page);
    for (unsigned i = 0; i < SECOND_WAYS; i++) {
        if (set[i].page == (page | mmu) && set[i].serial == space->serial) {
            return &set[i];
        }
    }
    return NULL;
}

void second_insert(CpuSpaces *c, const Space *space, SecondEntry entry)
{
    SecondEntry *set = second_set(c, space, entry.page & ~(uint64_t)PAGE_MASK), *known = NULL;
    entry.serial = space->serial;
    for (unsigned i = 0; i < SECOND_WAYS && !known; i++) {
        if (set[i].page == entry.page && set[i].serial == entry.serial) {
            known = &set[i];
        }
    }
    if (known) {
        if (known->host == entry.host) {
            entry.gpa |= known->gpa & PAGE_MASK;
        }
        *known = entry;
        return;
    }
    memmove(set + 1, set, (SECOND_WAYS - 1) * sizeof(*set)); // the oldest one goes
    set[0] = entry;
}

void second_drop(CpuSpaces *c, const Space *space, uint64_t page)
{
    SecondEntry *set = second_set(c, space, page);
    for (unsigned i = 0; i < SECOND_WAYS; i++) {
        if ((set[i].page & ~(uint64_t)PAGE_MASK) == page && set[i].serial == space->serial) {
            set[i].serial = 0;
        }
    }
}

// ---- spaces ----

void space_forget(Spaces *s, Space *space)
{
    if (++s->last_serial == 0) { // once in 2^32: what the second levels hold could be taken for new
        for (unsigned i = 0; i < SPACE_CPUS && s->cpu[i]; i++) {
            memset(s->cpu[i]->second, 0, sizeof(s->cpu[i]->second));
        }
        for (unsigned i = 0; i < SPACES; i++) {
            if (s->space[i].serial) {
                s->space[i].serial = ++s->last_serial;
            }
        }
        s->last_serial++;
    }
    space->serial = s->last_serial;
}

void space_reset(Spaces *s, Space *space)
{
    space_forget(s, space);
    space->nroots = 0;
    memset(space->generation, 0, sizeof(space->generation));
}

uint64_t root_entry(const CpuSpaces *c, unsigned offset, unsigned entry_bytes)
{
    uint64_t value = 0;
    memcpy(&value, c->root_host + offset, entry_bytes);
    return value;
}

static bool belongs(const Space *space, const CpuSpaces *c, unsigned half, unsigned entry_bytes)
{
    if (!space->serial || space->half != half || space->mode != c->mode || (space->nroots && !c->root_host)) {
        return false;
    }
    for (unsigned i = 0; i < space->nroots; i++) {
        if (root_entry(c, space->root[i].offset, entry_bytes) != space->root[i].value) {
            return false;
        }
    }
    return true;
}

static bool in_use(const Spaces *s, unsigned ncpus, const Space *space)
{
    for (unsigned i = 0; i < ncpus; i++) {
        if (cpu_uses(s, i, space)) {
            return true;
        }
    }
    return false;
}

static Space *space_new(Spaces *s, unsigned ncpus, const CpuSpaces *c, unsigned half)
{
    Space *oldest = NULL;
    for (Space *space = s->space; space < s->space + SPACES; space++) {
        if (!in_use(s, ncpus, space) && (!oldest || space->last_used < oldest->last_used)) {
            oldest = space;
        }
    }
    space_reset(s, oldest);
    oldest->mode = c->mode;
    oldest->half = half;
    return oldest;
}

Space *space_of_root(Spaces *s, unsigned ncpus, const CpuSpaces *c, unsigned half, unsigned entry_bytes)
{
    RootHint *hint = &s->hint[c->root_page % ROOT_HINTS];
    Space *space = NULL;
    if (hint->ram_page != c->root_page) {
        *hint = (RootHint){ .ram_page = c->root_page };
    }
    if (hint->space[half] && belongs(hint->space[half], c, half, entry_bytes)) {
        space = hint->space[half];
    } else if (c->space[half] && belongs(c->space[half], c, half, entry_bytes)) {
        space = c->space[half];
    }
    for (unsigned i = 0; i < SPACES && !space; i++) {
        // One that depends on nothing belongs to all; it is left to who filled it.
        if (s->space[i].nroots && belongs(&s->space[i], c, half, entry_bytes)) {
            space = &s->space[i];
        }
    }
    if (!space) {
        space = space_new(s, ncpus, c, half);
    }
    space->last_used = ++s->clock;
    hint->space[half] = space;
    return space;
}

bool space_depends(Space *space, const CpuSpaces *c, unsigned offset, unsigned entry_bytes, uint64_t mark)
{
    uint64_t value = root_entry(c, offset, entry_bytes);
    for (unsigned i = 0; i < space->nroots; i++) {
        if (space->root[i].offset == offset) {
            return space->root[i].value == value;
        }
    }
    if (space->nroots == SPACE_ROOTS) {
        return false;
    }
    space->root[space->nroots++] = (SpaceRoot){ .offset = offset, .value = value, .mark = mark };
    return true;
}
