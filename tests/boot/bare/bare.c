// SPDX-License-Identifier: GPL-2.0-or-later
// The bare-metal programs' library: polled output on the ns16550a (National Semiconductor PC16550D, sections 8.3 and 8.6), the test finisher.
//
// Not here: interrupts of the UART, line settings; the emulated one sends at once whatever its divisor is.
#include "bare.h"

enum { UART_THR = 0, UART_RBR = 0, UART_LSR = 5, LSR_DR = 1, LSR_THRE = 1 << 5 };

void put_char(char c)
{
    while (!(read8(UART + UART_LSR) & LSR_THRE)) {
    }
    write8(UART + UART_THR, (uint8_t)c);
}

void put_text(const char *text)
{
    for (; *text; text++) {
        put_char(*text);
    }
}

void put_number(uint64_t value)
{
    if (value >= 10) {
        put_number(value / 10);
    }
    put_char((char)('0' + value % 10));
}

void put_hex(uint64_t value)
{
    put_text("0x");
    for (int shift = 60; shift >= 0; shift -= 4) {
        put_char("0123456789abcdef"[value >> shift & 15]);
    }
}

int get_char(void)
{
    return read8(UART + UART_LSR) & LSR_DR ? read8(UART + UART_RBR) : -1;
}

void machine_end(int status)
{
    write32(SYSCON_TEST, status ? 0x3333 | (uint32_t)status << 16 : 0x5555);
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void machine_reset(void)
{
    write32(SYSCON_TEST, 0x7777);
    for (;;) {
        __asm__ volatile("wfi");
    }
}

__attribute__((weak)) void hart_main(unsigned hart)
{
    (void)hart;
}

__attribute__((weak)) uint64_t trap(uint64_t cause, uint64_t pc, uint64_t value)
{
    put_text("unexpected trap: cause ");
    put_hex(cause);
    put_text(" pc ");
    put_hex(pc);
    put_text(" value ");
    put_hex(value);
    put_text("\n");
    machine_end(1);
}
