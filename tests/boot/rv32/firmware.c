// SPDX-License-Identifier: GPL-2.0-or-later
// Firmware of the 32-bit boot test: as much of the RISC-V Supervisor Binary Interface 1.0 as a kernel for one hart needs.
//
// Base, TIME, SRST, and legacy console output. Timer interrupts of M-mode are passed on as STIP; where the hart has Sstc the kernel uses that
// instead. Anything unexpected is told on the serial line and ends the machine with status 1. Not modelled: further harts, HSM, IPI, RFENCE.
#include <stdint.h>

enum { FW_DYNAMIC_MAGIC = 0x4942534f, NEXT_MODE_S = 1 };

typedef struct FwDynamicInfo { // OpenSBI docs/firmware/fw_dynamic.md
    uint32_t magic, version, next_address, next_mode, options, boot_hart;
} FwDynamicInfo;

enum { REG_PC = 0, REG_A0 = 10, REG_A1, REG_A6 = 16, REG_A7 };
enum { EXT_PUTCHAR = 1, EXT_BASE = 0x10, EXT_TIME = 0x54494d45, EXT_SRST = 0x53525354 };
enum { SBI_NOT_SUPPORTED = -2 };
enum { CAUSE_ECALL_S = 9, IRQ_MTI = 7, MIP_STIP = 1 << 5, MIP_MTIP = 1 << 7 };

static volatile uint8_t *const uart = (volatile uint8_t *)0x10000000;
static volatile uint32_t *const finisher = (volatile uint32_t *)0x100000;
static volatile uint32_t *const mtimecmp = (volatile uint32_t *)0x2004000;

#define CSR_READ(csr) ({ uint32_t value_; __asm__ volatile("csrr %0, " #csr : "=r"(value_)); value_; })
#define CSR_WRITE(csr, value) __asm__ volatile("csrw " #csr ", %0" : : "r"(value) : "memory")
#define CSR_SET(csr, value) __asm__ volatile("csrs " #csr ", %0" : : "r"(value) : "memory")
#define CSR_CLEAR(csr, value) __asm__ volatile("csrc " #csr ", %0" : : "r"(value) : "memory")

static void put(char c)
{
    while (!(uart[5] & 0x20)) {
    }
    uart[0] = (uint8_t)c;
}

static void say(const char *text)
{
    while (*text) {
        put(*text++);
    }
}

static void say_hex(const char *text, uint32_t value)
{
    say(text);
    for (int shift = 28; shift >= 0; shift -= 4) {
        put("0123456789abcdef"[value >> shift & 15]);
    }
}

static void die(const char *why)
{
    say("\nfirmware: ");
    say(why);
    say_hex(", mcause ", CSR_READ(mcause));
    say_hex(" mepc ", CSR_READ(mepc));
    say_hex(" mtval ", CSR_READ(mtval));
    say("\n");
    *finisher = 1 << 16 | 0x3333;
    for (;;) {
    }
}

// Until the kernel asks for another, STIP stays as it is: mie's bit says whether M waits.
static void set_timer(uint32_t low, uint32_t high)
{
    mtimecmp[1] = UINT32_MAX;
    mtimecmp[0] = low;
    mtimecmp[1] = high;
    CSR_CLEAR(mip, MIP_STIP);
    CSR_SET(mie, MIP_MTIP);
}

static uint32_t base(uint32_t function, uint32_t argument)
{
    enum { SPEC_VERSION, IMPL_ID, IMPL_VERSION, PROBE, MVENDORID, MARCHID, MIMPID };
    switch (function) {
    case SPEC_VERSION: return 1 << 24;
    case IMPL_ID: return 0x7fffffff;
    case IMPL_VERSION: return 1;
    case PROBE: return argument == EXT_BASE || argument == EXT_TIME || argument == EXT_SRST || argument == EXT_PUTCHAR;
    case MVENDORID: return CSR_READ(mvendorid);
    case MARCHID: return CSR_READ(marchid);
    case MIMPID: return CSR_READ(mimpid);
    default: return 0;
    }
}

static void call(uint32_t *regs)
{
    uint32_t a0 = regs[REG_A0], a1 = regs[REG_A1];
    regs[REG_PC] += 4;
    regs[REG_A0] = 0;
    switch (regs[REG_A7]) {
    case EXT_PUTCHAR: put((char)a0); break;
    case EXT_BASE: regs[REG_A1] = base(regs[REG_A6], a0); break;
    case EXT_TIME: set_timer(a0, a1); break;
    case EXT_SRST:
        *finisher = a0 == 0 ? 0x5555 : 0x7777; // shutdown, reboot
        break;
    default: regs[REG_A0] = (uint32_t)SBI_NOT_SUPPORTED; break;
    }
}

void firmware_trap(uint32_t *regs);
void firmware_trap(uint32_t *regs)
{
    uint32_t cause = CSR_READ(mcause);
    if (cause == (UINT32_C(1) << 31 | IRQ_MTI)) {
        CSR_CLEAR(mie, MIP_MTIP);
        CSR_SET(mip, MIP_STIP);
    } else if (cause == CAUSE_ECALL_S) {
        call(regs);
    } else {
        die("unexpected trap");
    }
}

uint32_t firmware_main(uint32_t hart, const void *dtb, const FwDynamicInfo *info);
uint32_t firmware_main(uint32_t hart, const void *dtb, const FwDynamicInfo *info)
{
    const uint8_t *magic = dtb;
    if (info->magic != FW_DYNAMIC_MAGIC || info->version != 2 || info->next_mode != NEXT_MODE_S || hart != 0) {
        die("the reset ROM gave no fw_dynamic_info");
    }
    if (magic[0] != 0xd0 || magic[1] != 0x0d || magic[2] != 0xfe || magic[3] != 0xed) {
        die("the reset ROM gave no device tree");
    }
    say_hex("firmware: next stage at ", info->next_address);
    say("\n");
    CSR_WRITE(pmpaddr0, UINT32_MAX);
    CSR_WRITE(pmpcfg0, 0x1f);
    CSR_WRITE(medeleg, 0xb1ff); // all that S may have
    CSR_WRITE(mideleg, 0x222);
    CSR_WRITE(mcounteren, 7);
    CSR_SET(0x31a, UINT32_C(1) << 31); // menvcfgh.STCE, if the hart has Sstc
    CSR_WRITE(mstatus, 1 << 11);       // to S
    CSR_WRITE(satp, 0);
    return info->next_address;
}
