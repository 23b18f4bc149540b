// SPDX-License-Identifier: GPL-2.0-or-later
// Goldfish RTC: a 64-bit nanosecond counter with one alarm.
//
// Spec: goldfish/docs/GOLDFISH-VIRTUAL-HARDWARE.TXT, section "RTC".
// Reading TIME_LOW latches TIME_HIGH; the guest must read them in that order.
// The host's clock is read once at each reset, through the seam; from there the counter advances
// with virtual time.
#include "core/device.h"
#include "util/plant.h"

enum {
    TIME_LOW = 0x00, TIME_HIGH = 0x04, ALARM_LOW = 0x08, ALARM_HIGH = 0x0c,
    IRQ_ENABLED = 0x10, CLEAR_ALARM = 0x14, ALARM_STATUS = 0x18, CLEAR_IRQ = 0x1c,
};

static const Reg regs[] = {
    {TIME_LOW, "TIME_LOW"},         {TIME_HIGH, "TIME_HIGH"},
    {ALARM_LOW, "ALARM_LOW"},       {ALARM_HIGH, "ALARM_HIGH"},
    {IRQ_ENABLED, "IRQ_ENABLED"},   {CLEAR_ALARM, "CLEAR_ALARM"},
    {ALARM_STATUS, "ALARM_STATUS"}, {CLEAR_IRQ, "CLEAR_IRQ"},
};

typedef struct Rtc {
    Device dev;
    struct RtcState {
        int64_t offset_ns;     // guest time minus virtual clock
        uint64_t alarm_at_ns;  // guest time of the alarm
        Timer alarm;
        uint32_t latched_high; // TIME_HIGH as of the last TIME_LOW read
        bool enabled;          // IRQ_ENABLED
        bool pending;          // the alarm went off and wasn't cleared
        uint8_t pad[2];
    } s;
} Rtc;

static const Field fields[] = {
    FIELD(struct RtcState, offset_ns),    FIELD(struct RtcState, alarm_at_ns),
    FIELD_TIMER(struct RtcState, alarm),  FIELD(struct RtcState, latched_high),
    FIELD(struct RtcState, enabled),      FIELD(struct RtcState, pending),
    FIELD(struct RtcState, pad),
};

static uint64_t replace_low(uint64_t old, uint64_t v)
{
    return (old & ~0xffffffffull) | (uint32_t)v;
}

static uint64_t replace_high(uint64_t old, uint64_t v)
{
    return (uint32_t)old | v << 32;
}

static uint64_t rtc_now(const Rtc *rtc)
{
    return (uint64_t)(rtc->s.offset_ns + clock_now(&rtc->dev));
}

static void rtc_update_irq(Rtc *rtc)
{
    irq_set(&rtc->dev, 0, rtc->s.enabled && rtc->s.pending);
}

// An alarm in the past goes off at once; one whose virtual deadline can't be expressed, never.
static void rtc_arm(Rtc *rtc)
{
    uint64_t now_ns = rtc_now(rtc);
    uint64_t ahead_ns = rtc->s.alarm_at_ns > now_ns ? rtc->s.alarm_at_ns - now_ns : 0;
    int64_t clock_ns = clock_now(&rtc->dev);
    if (ahead_ns > (uint64_t)(INT64_MAX - clock_ns)) {
        timer_cancel(&rtc->dev, &rtc->s.alarm);
    } else {
        timer_arm(&rtc->dev, &rtc->s.alarm, clock_ns + (int64_t)ahead_ns);
    }
}

static void rtc_set_time(Rtc *rtc, uint64_t time_ns)
{
    rtc->s.offset_ns = (int64_t)(time_ns - (uint64_t)clock_now(&rtc->dev));
    if (rtc->s.alarm.armed) {
        rtc_arm(rtc);
    }
}

static void rtc_expired(Device *dev, Timer *timer)
{
    Rtc *rtc = (Rtc *)dev;
    rtc->s.pending = true;
    rtc_update_irq(rtc);
}

static uint64_t rtc_read(Device *dev, uint64_t reg, unsigned size)
{
    Rtc *rtc = (Rtc *)dev;
    switch (reg) {
    case TIME_LOW: {
        uint64_t now_ns = rtc_now(rtc);
        rtc->s.latched_high = (uint32_t)(now_ns >> 32);
        return (uint32_t)now_ns;
    }
    case TIME_HIGH:    return rtc->s.latched_high;
    case ALARM_LOW:    return (uint32_t)rtc->s.alarm_at_ns;
    case ALARM_HIGH:   return rtc->s.alarm_at_ns >> 32;
    case IRQ_ENABLED:  return rtc->s.enabled;
    case ALARM_STATUS: return planted(PLANT_UNSAVED_FIELD) ? dev->error_count : rtc->s.alarm.armed;
    }
    guest_error(dev, "read of write-only or unknown register 0x%x", (unsigned)reg);
    return 0;
}

static void rtc_write(Device *dev, uint64_t reg, uint64_t value, unsigned size)
{
    Rtc *rtc = (Rtc *)dev;
    switch (reg) {
    case TIME_LOW:  rtc_set_time(rtc, replace_low(rtc_now(rtc), value)); return;
    case TIME_HIGH: rtc_set_time(rtc, replace_high(rtc_now(rtc), value)); return;
    case ALARM_LOW: // writing the low half arms the alarm
        rtc->s.alarm_at_ns = replace_low(rtc->s.alarm_at_ns, value);
        rtc_arm(rtc);
        return;
    case ALARM_HIGH: rtc->s.alarm_at_ns = replace_high(rtc->s.alarm_at_ns, value); return;
    case IRQ_ENABLED:
        rtc->s.enabled = value & 1;
        rtc_update_irq(rtc);
        return;
    case CLEAR_ALARM: timer_cancel(dev, &rtc->s.alarm); return;
    case CLEAR_IRQ:
        rtc->s.pending = false;
        rtc_update_irq(rtc);
        return;
    }
    guest_error(dev, "write to read-only or unknown register 0x%x", (unsigned)reg);
}

static void rtc_reset(Device *dev)
{
    rtc_set_time((Rtc *)dev, (uint64_t)hostclock_now_ns(dev->machine));
}

static const MmioRegion mmio[] = {
    {.name = "goldfish_rtc", .size_bytes = 0x24, .access_min = 4, .access_max = 4,
     .read = rtc_read, .write = rtc_write, LIST(regs)},
};

const DeviceType device_goldfish_rtc = {
    .name = "goldfish_rtc",
    .desc = "real-time clock with alarm",
    .compatible = "google,goldfish-rtc",
    .instance_size = sizeof(Rtc),
    .state_offset = offsetof(Rtc, s), .state_size = sizeof(struct RtcState),
    LIST(fields), LIST(mmio),
    .reset = rtc_reset, .expired = rtc_expired,
};
