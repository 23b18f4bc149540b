// SPDX-License-Identifier: GPL-2.0-or-later
// ACLINT: software interrupts and the machine timer of up to 32 harts, laid out as SiFive's CLINT.
//
// Spec: RISC-V Advanced Core Local Interruptor 1.0-rc4, chapters 2 (MTIMER) and 3 (MSWI).
// Region 0 holds msip[], region 1 (at +0x4000) mtimecmp[] and, at its end, mtime.
// mtime is no counter but a function of virtual time: clock / 100 ns + offset, so that MTIP rises
// at exactly the nanosecond at which mtime reaches mtimecmp, and an idle guest costs nothing.
// Not modelled: SSWI.
#include "hw/intc/riscv-aclint.h"

enum { MSIP = 0x0000, MTIMECMP = 0x0000, MTIME = 0x7ff8 };

static const Reg mswi_regs[] = {{MSIP, "MSIP0"}};
static const Reg mtimer_regs[] = {
    {MTIMECMP, "MTIMECMP0"},
    {MTIMECMP + 4, "MTIMECMP0_HI"},
    {MTIME, "MTIME"},
    {MTIME + 4, "MTIME_HI"},
};

typedef struct Aclint {
    Device dev;
    uint32_t num_harts;
    void (*changed)(void *ctx);
    void *changed_ctx;
    struct AclintState {
        uint64_t offset;                     // mtime minus virtual clock / 100 ns, ticks
        uint64_t mtimecmp[ACLINT_HARTS_MAX]; // ticks
        Timer timer[ACLINT_HARTS_MAX];       // the next change of the hart's MTIP
        uint8_t msip[ACLINT_HARTS_MAX];      // 0 or 1
    } s;
} Aclint;

static const Field fields[] = {
    FIELD(struct AclintState, offset),
    FIELD_ARRAY(struct AclintState, mtimecmp),
    FIELD_TIMER(struct AclintState, timer),
    FIELD_ARRAY(struct AclintState, msip),
};

static const Prop props[] = {
    {"num-harts", "number of harts", PROP_U32, offsetof(Aclint, num_harts), "1"},
};

uint64_t aclint_mtime(const Device *dev)
{
    return (uint64_t)(clock_now(dev) / ACLINT_TICK_NS) + ((const Aclint *)dev)->s.offset;
}

int64_t aclint_deadline_ns(const Device *dev, uint64_t ticks)
{
    uint64_t now_ticks = (uint64_t)(clock_now(dev) / ACLINT_TICK_NS);
    uint64_t mtime = aclint_mtime(dev);
    uint64_t last = INT64_MAX / ACLINT_TICK_NS - 1; // beyond it the virtual clock ends
    if (ticks <= mtime) {
        return clock_now(dev);
    }
    return ticks - mtime > last - now_ticks
               ? INT64_MAX
               : (int64_t)(now_ticks + (ticks - mtime)) * ACLINT_TICK_NS;
}

void aclint_watch(Device *dev, void (*changed)(void *ctx), void *ctx)
{
    Aclint *aclint = (Aclint *)dev;
    aclint->changed = changed;
    aclint->changed_ctx = ctx;
}

// MTIP is the level mtime >= mtimecmp (unsigned). It changes when mtime reaches mtimecmp, and falls
// again when mtime wraps, which happens only to a guest that set it close to its end.
static void aclint_update(Aclint *aclint, unsigned hart)
{
    Device *dev = &aclint->dev;
    uint64_t mtime = aclint_mtime(dev);
    uint64_t cmp = aclint->s.mtimecmp[hart];
    bool expired = mtime >= cmp;
    int64_t deadline_ns = aclint_deadline_ns(dev, expired ? UINT64_MAX : cmp);
    if (deadline_ns == INT64_MAX) {
        timer_cancel(dev, &aclint->s.timer[hart]);
    } else {
        if (expired) { // that was the last tick before the wrap
            deadline_ns += ACLINT_TICK_NS - deadline_ns % ACLINT_TICK_NS;
        }
        timer_arm(dev, &aclint->s.timer[hart], deadline_ns);
    }
    irq_set(dev, aclint_output(hart, ACLINT_MTIP), expired);
}

static void aclint_jumped(Aclint *aclint)
{
    for (unsigned hart = 0; hart < aclint->num_harts; hart++) {
        aclint_update(aclint, hart);
    }
    if (aclint->changed) {
        aclint->changed(aclint->changed_ctx);
    }
}

static void aclint_expired(Device *dev, Timer *timer)
{
    Aclint *aclint = (Aclint *)dev;
    aclint_update(aclint, (unsigned)(timer - aclint->s.timer));
}

static uint64_t mswi_read(Device *dev, uint64_t reg, unsigned size)
{
    Aclint *aclint = (Aclint *)dev;
    if (reg % 4 == 0 && reg / 4 < aclint->num_harts) {
        return aclint->s.msip[reg / 4];
    }
    guest_error(dev, "read of MSWI offset 0x%x", (unsigned)reg);
    return 0;
}

static void mswi_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    Aclint *aclint = (Aclint *)dev;
    if (reg % 4 == 0 && reg / 4 < aclint->num_harts) {
        aclint->s.msip[reg / 4] = value & 1;
        irq_set(dev, aclint_output((unsigned)reg / 4, ACLINT_MSIP), value & 1);
        return;
    }
    guest_error(dev, "write to MSWI offset 0x%x", (unsigned)reg);
}

// The bytes [at, at + size) of `old` replaced by `value`; at is 0 or 4.
static uint64_t replace_part(uint64_t old, uint64_t value, unsigned at, unsigned size)
{
    if (size == 8) {
        return value;
    }
    return at ? (uint32_t)old | value << 32 : (old & ~0xffffffffull) | (uint32_t)value;
}

static uint64_t mtimer_read(Device *dev, uint64_t reg, unsigned size)
{
    Aclint *aclint = (Aclint *)dev;
    unsigned at = reg & 4;
    uint64_t whole;
    if ((reg & ~4ull) == MTIME) {
        whole = aclint_mtime(dev);
    } else if (reg / 8 < aclint->num_harts) {
        whole = aclint->s.mtimecmp[reg / 8];
    } else {
        guest_error(dev, "read of MTIMER offset 0x%x", (unsigned)reg);
        return 0;
    }
    return size == 8 ? whole : (uint32_t)(whole >> (8 * at));
}

static void mtimer_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    Aclint *aclint = (Aclint *)dev;
    unsigned at = reg & 4;
    if ((reg & ~4ull) == MTIME) {
        uint64_t now = aclint_mtime(dev);
        aclint->s.offset += replace_part(now, value, at, size) - now;
        aclint_jumped(aclint);
    } else if (reg / 8 < aclint->num_harts) {
        uint64_t *cmp = &aclint->s.mtimecmp[reg / 8];
        *cmp = replace_part(*cmp, value, at, size);
        aclint_update(aclint, (unsigned)(reg / 8));
    } else {
        guest_error(dev, "write to MTIMER offset 0x%x", (unsigned)reg);
    }
}

static void aclint_reset(Device *dev)
{
    Aclint *aclint = (Aclint *)dev;
    // Section 2.1: mtime is cleared.
    aclint->s.offset = -(uint64_t)(clock_now(dev) / ACLINT_TICK_NS);
    for (unsigned hart = 0; hart < ACLINT_HARTS_MAX; hart++) {
        aclint->s.mtimecmp[hart] = UINT64_MAX; // unknown in the spec; ours keeps MTIP low
    }
    aclint_jumped(aclint);
}

static bool aclint_realize(Device *dev, Error *err)
{
    Aclint *aclint = (Aclint *)dev;
    if (aclint->num_harts < 1 || aclint->num_harts > ACLINT_HARTS_MAX) {
        return fail(err, "num-harts must be 1 to %d", ACLINT_HARTS_MAX);
    }
    return true;
}

static const MmioRegion mmio[] = {
    {.name = "riscv.aclint.swi",
     .size_bytes = 0x4000,
     .access_min = 4,
     .access_max = 4,
     .read = mswi_read,
     .write = mswi_write,
     .regs = mswi_regs,
     .nregs = G_N_ELEMENTS(mswi_regs)},
    {.name = "riscv.aclint.mtimer",
     .size_bytes = 0x8000,
     .access_min = 4,
     .access_max = 8,
     .read = mtimer_read,
     .write = mtimer_write,
     .regs = mtimer_regs,
     .nregs = G_N_ELEMENTS(mtimer_regs)},
};

const DeviceType device_riscv_aclint = {
    .name = "riscv.aclint",
    .desc = "core-local interruptor: software interrupts and machine timer",
    .instance_size = sizeof(Aclint),
    .state_offset = offsetof(Aclint, s), .state_size = sizeof(struct AclintState),
    LIST(fields), LIST(props), LIST(mmio),
    .realize = aclint_realize, .reset = aclint_reset, .expired = aclint_expired,
};
