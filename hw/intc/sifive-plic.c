// SPDX-License-Identifier: GPL-2.0-or-later
// SiFive PLIC: wired interrupts of 96 sources to an M and an S context of up to 32 harts.
//
// Spec: RISC-V Platform-Level Interrupt Controller 1.0.0. Its outputs are the contexts in order:
// M and S of hart 0, M and S of hart 1, …
// Gateways are level-triggered: a source that is high, not pending and not in service becomes
// pending; a pending bit stays when the level falls (section 5); completion opens the gateway
// again. Thresholds mask notifications but not claims (section 8).
#include <assert.h>

#include "core/device.h"

enum {
    PRIORITY = 0x000000, PENDING = 0x001000, ENABLE = 0x002000, CONTEXT = 0x200000,
    ENABLE_STRIDE = 0x80, CONTEXT_STRIDE = 0x1000,
    THRESHOLD = 0, CLAIM = 4, // in a context's page
    SOURCES = 96, WORDS = SOURCES / 32 + 1, CONTEXTS = 64, PRIORITY_MAX = 7,
};

static const Reg regs[] = {
    {PRIORITY + 4, "PRIORITY1"}, {PENDING, "PENDING0"},
    {ENABLE, "ENABLE0"}, {ENABLE + ENABLE_STRIDE, "ENABLE0_S"},
    {CONTEXT, "THRESHOLD0"}, {CONTEXT + CLAIM, "CLAIM0"},
    {CONTEXT + CONTEXT_STRIDE, "THRESHOLD0_S"}, {CONTEXT + CONTEXT_STRIDE + CLAIM, "CLAIM0_S"},
};

typedef struct Plic {
    Device dev;
    uint32_t num_harts;
    struct PlicState {
        uint32_t level[WORDS];             // the wires; bit n % 32 of word n / 32 is source n
        uint32_t pending[WORDS];
        uint32_t in_service[WORDS];        // claimed, not yet completed
        uint32_t enable[CONTEXTS * WORDS]; // words of a context after each other
        uint8_t priority[32 * WORDS];      // 0: never interrupts
        uint8_t threshold[CONTEXTS];
    } s;
} Plic;

static const Field fields[] = {
    FIELD_ARRAY(struct PlicState, level),     FIELD_ARRAY(struct PlicState, pending),
    FIELD_ARRAY(struct PlicState, in_service), FIELD_ARRAY(struct PlicState, enable),
    FIELD_ARRAY(struct PlicState, priority),  FIELD_ARRAY(struct PlicState, threshold),
};

static const Prop props[] = {
    {"num-harts", "number of harts", PROP_U32, offsetof(Plic, num_harts), "1"},
};

static void set_bit(uint32_t *words, unsigned source, bool on)
{
    uint32_t bit = 1u << source % 32;
    words[source / 32] = on ? words[source / 32] | bit : words[source / 32] & ~bit;
}

static bool get_bit(const uint32_t *words, unsigned source)
{
    return words[source / 32] >> source % 32 & 1;
}

// The pending, enabled source of highest priority above `floor`; of equals the lowest; 0: none.
static unsigned plic_best(const Plic *plic, unsigned context, unsigned floor)
{
    unsigned best = 0;
    for (unsigned w = 0; w < WORDS; w++) {
        uint32_t bits = plic->s.pending[w] & plic->s.enable[context * WORDS + w];
        for (; bits; bits &= bits - 1) {
            unsigned source = 32 * w + (unsigned)__builtin_ctz(bits);
            if (plic->s.priority[source] > floor) {
                floor = plic->s.priority[source];
                best = source;
            }
        }
    }
    return best;
}

static void plic_update(Plic *plic)
{
    for (unsigned w = 0; w < WORDS; w++) {
        plic->s.pending[w] |= plic->s.level[w] & ~plic->s.in_service[w];
    }
    for (unsigned c = 0; c < 2 * plic->num_harts; c++) {
        irq_set(&plic->dev, c, plic_best(plic, c, plic->s.threshold[c]) != 0);
    }
}

static void plic_irq_in(Device *dev, unsigned source, bool level)
{
    Plic *plic = (Plic *)dev;
    assert(source >= 1 && source <= SOURCES);
    if (get_bit(plic->s.level, source) != level) {
        set_bit(plic->s.level, source, level);
        plic_update(plic);
    }
}

static uint32_t plic_claim(Plic *plic, unsigned context)
{
    unsigned source = plic_best(plic, context, 0);
    if (source) {
        set_bit(plic->s.pending, source, false);
        set_bit(plic->s.in_service, source, true);
        plic_update(plic);
    }
    return source;
}

static void plic_complete(Plic *plic, unsigned context, uint64_t source)
{
    // Section 9: an id that isn't enabled for the context is ignored silently.
    if (source >= 1 && source <= SOURCES &&
        get_bit(plic->s.enable + context * WORDS, (unsigned)source)) {
        set_bit(plic->s.in_service, (unsigned)source, false);
        plic_update(plic);
    }
}

// The enable word at `reg`, or NULL when there is none; word 0's bit 0 isn't a source.
static uint32_t *plic_enable_word(Plic *plic, uint64_t reg, uint32_t *mask)
{
    uint64_t context = (reg - ENABLE) / ENABLE_STRIDE, word = (reg - ENABLE) % ENABLE_STRIDE / 4;
    if (reg < ENABLE || context >= 2 * plic->num_harts || word >= WORDS) {
        return NULL;
    }
    *mask = word == 0 ? ~1u : word == WORDS - 1 ? 1u : ~0u; // 96 is alone in the last word
    return &plic->s.enable[context * WORDS + word];
}

static uint64_t plic_read(Device *dev, uint64_t reg, unsigned size)
{
    Plic *plic = (Plic *)dev;
    uint64_t context = (reg - CONTEXT) / CONTEXT_STRIDE;
    uint32_t mask;
    uint32_t *enable = plic_enable_word(plic, reg, &mask);
    if (reg < PENDING && reg / 4 <= SOURCES) {
        return plic->s.priority[reg / 4];
    }
    if (reg >= PENDING && reg < PENDING + 4 * WORDS) {
        return plic->s.pending[(reg - PENDING) / 4];
    }
    if (enable) {
        return *enable;
    }
    if (reg >= CONTEXT && context < 2 * plic->num_harts) {
        switch (reg % CONTEXT_STRIDE) {
        case THRESHOLD: return plic->s.threshold[context];
        case CLAIM:     return plic_claim(plic, (unsigned)context);
        }
    }
    guest_error(dev, "read of unknown register 0x%x", (unsigned)reg);
    return 0;
}

static void plic_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    Plic *plic = (Plic *)dev;
    uint64_t context = (reg - CONTEXT) / CONTEXT_STRIDE;
    uint32_t mask;
    uint32_t *enable = plic_enable_word(plic, reg, &mask);
    if (reg < PENDING && reg / 4 >= 1 && reg / 4 <= SOURCES) {
        plic->s.priority[reg / 4] = value & PRIORITY_MAX;
    } else if (enable) {
        *enable = (uint32_t)value & mask;
    } else if (reg >= CONTEXT && context < 2 * plic->num_harts &&
               reg % CONTEXT_STRIDE == THRESHOLD) {
        plic->s.threshold[context] = value & PRIORITY_MAX;
    } else if (reg >= CONTEXT && context < 2 * plic->num_harts && reg % CONTEXT_STRIDE == CLAIM) {
        plic_complete(plic, (unsigned)context, value);
        return;
    } else {
        guest_error(dev, "write to unknown or read-only register 0x%x", (unsigned)reg);
        return;
    }
    plic_update(plic);
}

static bool plic_realize(Device *dev, Error *err)
{
    Plic *plic = (Plic *)dev;
    if (plic->num_harts < 1 || plic->num_harts > CONTEXTS / 2) {
        return fail(err, "num-harts must be 1 to %d", CONTEXTS / 2);
    }
    return true;
}

static const MmioRegion mmio[] = {
    {.name = "riscv.sifive.plic", .size_bytes = 0x600000, .access_min = 4, .access_max = 4,
     .read = plic_read, .write = plic_write, LIST(regs)},
};

const DeviceType device_riscv_sifive_plic = {
    .name = "riscv.sifive.plic",
    .desc = "platform-level interrupt controller",
    .instance_size = sizeof(Plic),
    .state_offset = offsetof(Plic, s), .state_size = sizeof(struct PlicState),
    LIST(fields), LIST(props), LIST(mmio),
    .realize = plic_realize, .irq_in = plic_irq_in,
};
