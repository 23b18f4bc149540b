// SPDX-License-Identifier: GPL-2.0-or-later
// NS16550A: a serial port with 16-byte FIFOs, mapped as `serial-mm` (register shift 0).
//
// Spec: TL16C550C datasheet (SLLS177), section "Principles of operation" and its register tables.
// Received bytes are delivered within the published credit, the free bytes of the FIFO; one that
// comes nevertheless overruns. The trigger level and the receive time-out (four character times at
// the programmed baud rate, in virtual time) work as on the chip.
// Not modelled: transmission takes no time, so THR and the shift register are always empty; parity,
// framing and break errors can't happen; modem inputs are CTS, DSR and DCD on, RI off.
#include "chardev/chardev.h"
#include "core/device.h"

enum {
    RBR_THR_DLL = 0, IER_DLM = 1, IIR_FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7,
};
enum {
    IER_RDA = 0x01, IER_THRE = 0x02, IER_LSR = 0x04, IER_MSR = 0x08, IER_MASK = 0x0f,
    IIR_NONE = 0x01, IIR_MSR = 0x00, IIR_THRE = 0x02, IIR_RDA = 0x04, IIR_LSR = 0x06,
    IIR_TIMEOUT = 0x0c, IIR_FIFO = 0xc0,
    FCR_ENABLE = 0x01, FCR_CLEAR_RX = 0x02, FCR_MASK = 0xc9, // trigger, DMA mode, enable
    LCR_WORD = 0x03, LCR_STOP = 0x04, LCR_PARITY = 0x08, LCR_DLAB = 0x80,
    MCR_DTR = 0x01, MCR_RTS = 0x02, MCR_OUT1 = 0x04, MCR_OUT2 = 0x08, MCR_LOOP = 0x10,
    MCR_MASK = 0x1f,
    LSR_DR = 0x01, LSR_OE = 0x02, LSR_THRE = 0x20, LSR_TEMT = 0x40,
    MSR_DCTS = 0x01, MSR_DDSR = 0x02, MSR_TERI = 0x04, MSR_DDCD = 0x08, MSR_DELTAS = 0x0f,
    MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80,
};
enum { FIFO_BYTES = 16, CLOCK_HZ = 3686400 };

static const Reg regs[] = {
    {RBR_THR_DLL, "RBR_THR_DLL"}, {IER_DLM, "IER_DLM"}, {IIR_FCR, "IIR_FCR"}, {LCR, "LCR"},
    {MCR, "MCR"}, {LSR, "LSR"}, {MSR, "MSR"}, {SCR, "SCR"},
};

typedef struct Uart {
    Device dev;
    char *chardev;
    CharPort *port;
    struct UartState {
        Timer timeout;            // runs while received bytes lie in the FIFO
        uint8_t fifo[FIFO_BYTES]; // received; ring
        uint8_t head, count;      // of fifo
        uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
        uint8_t msr;
        bool overrun;             // LSR_OE
        bool timed_out;           // character time-out is indicated
        bool thr_emptied;         // THR became empty since IIR last said so
        uint8_t pad[3];
    } s;
} Uart;

static const Field fields[] = {
    FIELD_TIMER(struct UartState, timeout), FIELD_ARRAY(struct UartState, fifo),
    FIELD(struct UartState, head),    FIELD(struct UartState, count),
    FIELD(struct UartState, ier),     FIELD(struct UartState, fcr),
    FIELD(struct UartState, lcr),     FIELD(struct UartState, mcr),
    FIELD(struct UartState, scr),     FIELD(struct UartState, dll),
    FIELD(struct UartState, dlm),     FIELD(struct UartState, msr),
    FIELD(struct UartState, overrun), FIELD(struct UartState, timed_out),
    FIELD(struct UartState, thr_emptied), FIELD(struct UartState, pad),
};

static const Prop props[] = {
    {"chardev", "id of the character device", PROP_CHARDEV, offsetof(Uart, chardev), NULL},
};

static bool uart_fifo_on(const Uart *uart)
{
    return uart->s.fcr & FCR_ENABLE;
}

static unsigned uart_depth(const Uart *uart)
{
    return uart_fifo_on(uart) ? FIFO_BYTES : 1;
}

// Received bytes that raise the "data available" interrupt.
static unsigned uart_trigger(const Uart *uart)
{
    static const uint8_t levels[] = {1, 4, 8, 14};
    return uart_fifo_on(uart) ? levels[uart->s.fcr >> 6] : 1;
}

// The identification of the pending interrupt of highest priority (table 4).
static uint8_t uart_iir(const Uart *uart)
{
    const struct UartState *s = &uart->s;
    if ((s->ier & IER_LSR) && s->overrun) {
        return IIR_LSR;
    }
    if ((s->ier & IER_RDA) && s->count >= uart_trigger(uart)) {
        return IIR_RDA;
    }
    if ((s->ier & IER_RDA) && s->timed_out) {
        return IIR_TIMEOUT;
    }
    if ((s->ier & IER_THRE) && s->thr_emptied) {
        return IIR_THRE;
    }
    return (s->ier & IER_MSR) && (s->msr & MSR_DELTAS) ? IIR_MSR : IIR_NONE;
}

static void uart_update_irq(Uart *uart)
{
    irq_set(&uart->dev, 0, uart_iir(uart) != IIR_NONE);
}

static void uart_update_credit(Uart *uart)
{
    bool loop = uart->s.mcr & MCR_LOOP; // the receiver is cut off from the line
    char_port_credit(uart->port, loop ? 0 : uart_depth(uart) - uart->s.count);
}

// Starts the character time-out anew after a byte came or was read (only in FIFO mode).
static void uart_restart_timeout(Uart *uart)
{
    uart->s.timed_out = false;
    if (!uart_fifo_on(uart) || uart->s.count == 0) {
        timer_cancel(&uart->dev, &uart->s.timeout);
        return;
    }
    int64_t divisor = uart->s.dlm << 8 | uart->s.dll;
    int64_t bits = 1 + 5 + (uart->s.lcr & LCR_WORD) + !!(uart->s.lcr & LCR_PARITY) + 1 +
                   !!(uart->s.lcr & LCR_STOP);
    int64_t chars_ns = 4 * bits * 16 * (divisor ? divisor : 1) * 1000000000 / CLOCK_HZ;
    timer_arm(&uart->dev, &uart->s.timeout, clock_now(&uart->dev) + chars_ns);
}

static void uart_expired(Device *dev, Timer *timer)
{
    Uart *uart = (Uart *)dev;
    uart->s.timed_out = true;
    uart_update_irq(uart);
}

static void uart_receive_byte(Uart *uart, uint8_t byte)
{
    struct UartState *s = &uart->s;
    if (s->count == uart_depth(uart)) {
        s->overrun = true;
        if (!uart_fifo_on(uart)) {
            s->fifo[s->head] = byte; // RBR is overwritten; a full FIFO keeps what it has
        }
        return;
    }
    s->fifo[(s->head + s->count) % FIFO_BYTES] = byte;
    s->count++;
}

static void uart_received(Uart *uart)
{
    uart_restart_timeout(uart);
    uart_update_credit(uart);
    uart_update_irq(uart);
}

static void uart_rx(Device *dev, const uint8_t *buf, size_t len)
{
    Uart *uart = (Uart *)dev;
    if (uart->s.mcr & MCR_LOOP) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        uart_receive_byte(uart, buf[i]);
    }
    uart_received(uart);
}

static uint8_t uart_read_rbr(Uart *uart)
{
    struct UartState *s = &uart->s;
    uint8_t byte = s->fifo[s->head];
    if (s->count) {
        s->count--;
        s->head = (uint8_t)((s->head + 1) % FIFO_BYTES);
        uart_received(uart);
    }
    return byte;
}

static void uart_clear_rx(Uart *uart)
{
    uart->s.head = 0;
    uart->s.count = 0;
    uart_received(uart);
}

static void uart_write_thr(Uart *uart, uint8_t byte)
{
    if (uart->s.mcr & MCR_LOOP) {
        uart_receive_byte(uart, byte);
        uart_received(uart);
    } else {
        char_port_write(uart->port, &byte, 1);
    }
    uart->s.thr_emptied = true; // it left at once
}

static void uart_write_ier(Uart *uart, uint8_t value)
{
    // Enabling the interrupt while THR is empty raises it: drivers start a transmission this way.
    if (value & ~uart->s.ier & IER_THRE) {
        uart->s.thr_emptied = true;
    }
    uart->s.ier = value & IER_MASK;
}

static void uart_write_fcr(Uart *uart, uint8_t value)
{
    bool toggled = (value ^ uart->s.fcr) & FCR_ENABLE;
    uart->s.fcr = value & FCR_ENABLE ? value & FCR_MASK : 0; // other bits need the enable bit
    if (toggled || (value & FCR_ENABLE && value & FCR_CLEAR_RX)) {
        uart_clear_rx(uart);
    }
}

// Recomputes the modem inputs, which loopback mode wires to the modem outputs.
static void uart_update_msr(Uart *uart)
{
    struct UartState *s = &uart->s;
    uint8_t lines = MSR_CTS | MSR_DSR | MSR_DCD;
    if (s->mcr & MCR_LOOP) {
        lines = (uint8_t)((s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) |
                          (s->mcr & MCR_OUT1 ? MSR_RI : 0) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0));
    }
    uint8_t changed = lines ^ (s->msr & ~MSR_DELTAS);
    uint8_t deltas = (changed & MSR_CTS ? MSR_DCTS : 0) | (changed & MSR_DSR ? MSR_DDSR : 0) |
                     (changed & MSR_RI & ~lines ? MSR_TERI : 0) |
                     (changed & MSR_DCD ? MSR_DDCD : 0);
    s->msr = lines | (s->msr & MSR_DELTAS) | deltas;
}

static uint64_t uart_read_lsr(Uart *uart)
{
    uint8_t lsr = LSR_THRE | LSR_TEMT | (uart->s.count ? LSR_DR : 0) |
                  (uart->s.overrun ? LSR_OE : 0);
    uart->s.overrun = false;
    return lsr;
}

static uint64_t uart_read(Device *dev, uint64_t reg, unsigned size)
{
    Uart *uart = (Uart *)dev;
    bool dlab = uart->s.lcr & LCR_DLAB;
    uint64_t value = 0;
    switch (reg) {
    case RBR_THR_DLL: value = dlab ? uart->s.dll : uart_read_rbr(uart); break;
    case IER_DLM:     value = dlab ? uart->s.dlm : uart->s.ier; break;
    case IIR_FCR:
        value = uart_iir(uart);
        if (value == IIR_THRE) {
            uart->s.thr_emptied = false;
        }
        value |= uart_fifo_on(uart) ? IIR_FIFO : 0;
        break;
    case LCR: value = uart->s.lcr; break;
    case MCR: value = uart->s.mcr; break;
    case LSR: value = uart_read_lsr(uart); break;
    case MSR:
        value = uart->s.msr;
        uart->s.msr &= ~MSR_DELTAS;
        break;
    case SCR: value = uart->s.scr; break;
    }
    uart_update_irq(uart);
    return value;
}

static void uart_write(Device *dev, uint64_t reg, uint64_t value64, unsigned size)
{
    Uart *uart = (Uart *)dev;
    bool dlab = uart->s.lcr & LCR_DLAB;
    uint8_t value = (uint8_t)value64;
    switch (reg) {
    case RBR_THR_DLL:
        if (dlab) {
            uart->s.dll = value;
        } else {
            uart_write_thr(uart, value);
        }
        break;
    case IER_DLM:
        if (dlab) {
            uart->s.dlm = value;
        } else {
            uart_write_ier(uart, value);
        }
        break;
    case IIR_FCR: uart_write_fcr(uart, value); break;
    case LCR:     uart->s.lcr = value; break;
    case MCR:
        uart->s.mcr = value & MCR_MASK;
        uart_update_msr(uart);
        uart_update_credit(uart);
        break;
    case SCR: uart->s.scr = value; break;
    default:  guest_error(dev, "write to read-only register %u", (unsigned)reg);
    }
    uart_update_irq(uart);
}

static void uart_reset(Device *dev)
{
    Uart *uart = (Uart *)dev;
    uart->s.msr = MSR_CTS | MSR_DSR | MSR_DCD;
    uart->s.dll = 12; // the chip leaves it undefined
    uart_update_credit(uart);
    uart_update_irq(uart);
}

static void uart_loaded(Device *dev)
{
    uart_update_credit((Uart *)dev);
}

static bool uart_realize(Device *dev, Error *err)
{
    Uart *uart = (Uart *)dev;
    uart->port = char_port_new(dev->machine, uart->chardev, dev, uart_rx, err);
    return uart->port != NULL;
}

static const MmioRegion mmio[] = {
    {.name = "serial", .size_bytes = 8, .access_min = 1, .access_max = 1,
     .read = uart_read, .write = uart_write, LIST(regs)},
};

const DeviceType device_serial_mm = {
    .name = "serial-mm",
    .desc = "NS16550A serial port",
    .compatible = "ns16550a",
    .instance_size = sizeof(Uart),
    .state_offset = offsetof(Uart, s), .state_size = sizeof(struct UartState),
    LIST(fields), LIST(props), LIST(mmio),
    .realize = uart_realize, .reset = uart_reset, .expired = uart_expired, .loaded = uart_loaded,
};
