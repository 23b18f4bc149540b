// SPDX-License-Identifier: GPL-2.0-or-later
// What a bare-metal test program has to work with: the console, the end of the machine, the CLINT and control registers.
//
// Addresses are those of the virt machine. A program defines main() and, if it takes traps, trap().
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
    CLINT = 0x2000000,       // SiFive FU540-C000 manual, chapter 9: msip, mtimecmp at 0x4000, mtime at 0xbff8
    CLINT_MTIMECMP = 0x4000,
    CLINT_MTIME = 0xbff8,
    SYSCON_TEST = 0x100000,  // SiFive test finisher: 0x5555 pass, 0x3333 | code << 16 fail, 0x7777 reset
    UART = 0x10000000,       // ns16550a
    TIMEBASE_HZ = 10000000,
};

enum { MIP_MSIP = 1 << 3, MIP_MTIP = 1 << 7, MIP_MEIP = 1 << 11, MSTATUS_MIE = 1 << 3 };

#define csr_read(name) \
    ({ \
        uint64_t value_; \
        __asm__ volatile("csrr %0, " #name : "=r"(value_)::"memory"); \
        value_; \
    })
#define csr_write(name, value) __asm__ volatile("csrw " #name ", %0" ::"rK"((uint64_t)(value)) : "memory")
#define csr_set(name, value) __asm__ volatile("csrs " #name ", %0" ::"rK"((uint64_t)(value)) : "memory")
#define csr_clear(name, value) __asm__ volatile("csrc " #name ", %0" ::"rK"((uint64_t)(value)) : "memory")

static inline uint8_t read8(uintptr_t at) { return *(volatile uint8_t *)at; }
static inline void write8(uintptr_t at, uint8_t value) { *(volatile uint8_t *)at = value; }
static inline uint32_t read32(uintptr_t at) { return *(volatile uint32_t *)at; }
static inline void write32(uintptr_t at, uint32_t value) { *(volatile uint32_t *)at = value; }
static inline uint64_t read64(uintptr_t at) { return *(volatile uint64_t *)at; }
static inline void write64(uintptr_t at, uint64_t value) { *(volatile uint64_t *)at = value; }

int main(uint64_t hart, uintptr_t dtb); // the result goes to machine_end
void hart_main(unsigned hart);                // the other harts, once they got a software interrupt; the default does nothing
uint64_t trap(uint64_t cause, uint64_t pc, uint64_t value); // returns the pc to go on at; the default prints and fails

void put_char(char c);
void put_text(const char *text);
void put_number(uint64_t value);
void put_hex(uint64_t value);
int get_char(void); // -1: none waiting
void machine_end(int status) __attribute__((noreturn)); // 0: power off with success; else failure with this status
void machine_reset(void) __attribute__((noreturn));
