// SPDX-License-Identifier: GPL-2.0-or-later
// The commands that look at memory: x, xp, pmemsave, print.
//
// Only RAM is read, never a device: a look must not change the guest. The format of a dump (/20xw: count,
// letter, size) is remembered for the next one that names none.
#include "monitor/command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

typedef struct Format {
    uint64_t count;
    char letter; // x d u o c i
    char size;   // b h w g
} Format;

enum { COUNT_MAX = 1 << 20, INSN_MAX_BYTES = 16, SUM_MAX_BYTES = 64 << 20 };

static bool parse_format(const char *text, Format *format, Error *err)
{
    *format = (Format){.count = 1, .letter = monitor.format, .size = monitor.size};
    if (!text) {
        return true;
    }
    if (g_ascii_isdigit(*text)) {
        char *end;
        format->count = g_ascii_strtoull(text, &end, 10);
        text = end;
    }
    for (; *text; text++) {
        if (strchr("xduoci", *text)) {
            format->letter = *text;
        } else if (strchr("bhwg", *text)) {
            format->size = *text;
        } else {
            return fail(err, "invalid char in format: '%c'", *text);
        }
    }
    if (format->count > COUNT_MAX) {
        return fail(err, "at most %d items can be shown", COUNT_MAX);
    }
    return true;
}

static void append_char(GString *text, uint8_t ch)
{
    static const char plain[] = "'\\\n\r", letters[] = "'\\nr";
    const char *found = ch ? strchr(plain, ch) : NULL;
    if (found) {
        g_string_append_printf(text, "'\\%c'", letters[found - plain]);
    } else if (ch >= 0x20 && ch < 0x7f) {
        g_string_append_printf(text, "'%c'", ch);
    } else {
        g_string_append_printf(text, "'\\x%02x'", ch);
    }
}

static void append_item(GString *text, char letter, unsigned bytes, uint64_t value)
{
    static const int decimal[] = {[1] = 3, [2] = 5, [4] = 10, [8] = 20};
    static const int octal[] = {[1] = 3, [2] = 6, [4] = 11, [8] = 22};
    g_string_append_c(text, ' ');
    switch (letter) {
    case 'd':
        g_string_append_printf(text, "%*" PRId64, decimal[bytes], (int64_t)value);
        return;
    case 'u': g_string_append_printf(text, "%*" PRIu64, decimal[bytes], value); return;
    case 'o': g_string_append_printf(text, "%#*" PRIo64, octal[bytes], value); return;
    case 'c': append_char(text, (uint8_t)value); return;
    default: g_string_append_printf(text, "0x%0*" PRIx64, (int)bytes * 2, value); return;
    }
}

typedef struct Dump {
    Control *control;
    GString *text;
    bool physical, big_endian;
    unsigned cpu;
    Format format;
    uint64_t address;
} Dump;

static uint64_t dump_read(const Dump *dump, uint64_t address, void *buf, uint64_t len)
{
    return dump->physical ? control_read_physical(dump->control, address, buf, len)
                          : control_read_virtual(dump->control, dump->cpu, address, buf, len);
}

static void dump_items(const Dump *dump)
{
    unsigned bytes = dump->format.letter == 'c'  ? 1
                     : dump->format.size == 'b'  ? 1
                     : dump->format.size == 'h'  ? 2
                     : dump->format.size == 'g'  ? 8
                                                 : 4;
    unsigned line_bytes = bytes == 1 && dump->format.letter != 'c' ? 8 : 16;
    uint64_t left = dump->format.count * bytes, address = dump->address;
    while (left) {
        uint8_t line[16];
        uint64_t len = MIN(left, line_bytes);
        g_string_append_printf(dump->text, "%016" PRIx64 ":", address);
        if (dump_read(dump, address, line, len) < len) {
            g_string_append(dump->text, " Cannot access memory\n");
            return;
        }
        for (unsigned at = 0; at < len; at += bytes) {
            uint64_t value = 0;
            for (unsigned i = 0; i < bytes; i++) {
                value = value << 8 | line[at + (dump->big_endian ? i : bytes - 1 - i)];
            }
            append_item(dump->text, dump->format.letter, bytes, value);
        }
        g_string_append_c(dump->text, '\n');
        address += len;
        left -= len;
    }
}

static void dump_insns(const Dump *dump)
{
    uint64_t address = dump->address;
    for (uint64_t i = 0; i < dump->format.count; i++) {
        uint8_t bytes[INSN_MAX_BYTES];
        char insn[128];
        uint64_t len = dump_read(dump, address, bytes, sizeof(bytes));
        int used = len ? control_disas(dump->control, dump->cpu, insn, sizeof(insn), bytes, len, address) : 0;
        g_string_append_printf(dump->text, "0x%016" PRIx64 ":  ", address);
        if (used <= 0) {
            g_string_append(dump->text, "Cannot access memory\n");
            return;
        }
        g_string_append_printf(dump->text, "%s\n", insn);
        address += (uint64_t)used;
    }
}

static bool dump_machine(MonitorCall *call, Control *control, bool physical, Error *err)
{
    ControlStatus status = {0};
    control_status(control, &status);
    Dump dump = {.control = control,
                 .text = call->text,
                 .physical = physical,
                 .cpu = g_atomic_int_get(&monitor.cpu),
                 .big_endian = status.big_endian,
                 .format = *(Format *)call->scratch,
                 .address = (uint64_t)call_int(call, "addr", 0)};
    if (dump.format.letter == 'i') {
        dump_insns(&dump);
    } else {
        dump_items(&dump);
    }
    return true;
}

static bool x_machine(MonitorCall *call, Control *control, Error *err)
{
    return dump_machine(call, control, false, err);
}

static bool xp_machine(MonitorCall *call, Control *control, Error *err)
{
    return dump_machine(call, control, true, err);
}

// The format is read before the machine is asked, since what is remembered belongs to this thread.
static bool take_format(MonitorCall *call, Error *err)
{
    Format *format = call->scratch;
    if (!parse_format(call_string(call, "fmt"), format, err)) {
        call->usage = true;
        return false;
    }
    monitor.format = format->letter;
    monitor.size = format->size;
    return true;
}

// ---- print ----

static bool print_reply(MonitorCall *call, Error *err)
{
    Format *format = call->scratch;
    int64_t value = call_int(call, "val", 0);
    switch (format->letter) {
    case 'o': g_string_append_printf(call->text, "%#" PRIo64 "\n", (uint64_t)value); return true;
    case 'u': g_string_append_printf(call->text, "%" PRIu64 "\n", (uint64_t)value); return true;
    case 'd': g_string_append_printf(call->text, "%" PRId64 "\n", value); return true;
    case 'c':
        append_char(call->text, (uint8_t)value);
        g_string_append_c(call->text, '\n');
        return true;
    default: g_string_append_printf(call->text, "%#" PRIx64 "\n", (uint64_t)value); return true;
    }
}

// ---- pmemsave ----

typedef struct SaveScratch {
    int fd;
} SaveScratch;

static bool save_open(MonitorCall *call, Error *err)
{
    SaveScratch *scratch = call->scratch;
    const char *path = call_string(call, "filename");
    if (!call->human && call_int(call, "size", 0) < 0) {
        return fail(err, "Parameter 'size' expects a non-negative number");
    }
    scratch->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return scratch->fd >= 0 || fail(err, "Could not open '%s': %s", path, strerror(errno));
}

// On the machine thread, which stands still meanwhile, so that the file shows one moment. The guest can't tell.
static bool pmemsave_machine(MonitorCall *call, Control *control, Error *err)
{
    SaveScratch *scratch = call->scratch;
    uint64_t address = (uint64_t)call_int(call, "val", 0), left = (uint64_t)call_int(call, "size", 0);
    uint8_t *buf = g_malloc(1 << 16);
    bool ok = true;
    while (left && ok) {
        uint64_t part = MIN(left, 1 << 16);
        if (control_read_physical(control, address, buf, part) < part) {
            ok = fail(err, "Invalid addr 0x%016" PRIx64 "/size %" PRId64 " specified",
                      (uint64_t)call_int(call, "val", 0), call_int(call, "size", 0));
        } else if (write(scratch->fd, buf, part) != (ssize_t)part) {
            ok = fail(err, "Could not write '%s': %s", call_string(call, "filename"),
                      strerror(errno));
        }
        address += part;
        left -= part;
    }
    g_free(buf);
    if (close(scratch->fd) < 0 && ok) {
        ok = fail(err, "Could not write '%s': %s", call_string(call, "filename"), strerror(errno));
    }
    return ok;
}

// ---- others ----

static bool cpu_machine(MonitorCall *call, Control *control, Error *err)
{
    ControlStatus status = {0};
    int64_t index = call_int(call, "index", 0);
    control_status(control, &status);
    if (index < 0 || index >= status.ncpus) {
        return fail(err, "invalid CPU index");
    }
    g_atomic_int_set(&monitor.cpu, (unsigned)index);
    return true;
}

static bool gva2gpa_machine(MonitorCall *call, Control *control, Error *err)
{
    uint64_t gpa;
    if (control_translate(control, g_atomic_int_get(&monitor.cpu), (uint64_t)call_int(call, "addr", 0), &gpa)) {
        g_string_append_printf(call->text, "gpa: %#" PRIx64 "\n", gpa);
    } else {
        g_string_append(call->text, "Unmapped\n");
    }
    return true;
}

// BSD's 16-bit sum, as cksum -o1 has it. What isn't RAM counts as zeros.
static bool sum_machine(MonitorCall *call, Control *control, Error *err)
{
    uint64_t start = (uint64_t)call_int(call, "start", 0), left = (uint64_t)call_int(call, "size", 0);
    uint16_t sum = 0;
    if (left > SUM_MAX_BYTES) {
        return fail(err, "at most %d bytes can be summed", SUM_MAX_BYTES);
    }
    while (left) {
        uint8_t buf[4096] = {0};
        uint64_t part = MIN(left, sizeof(buf));
        (void)control_read_physical(control, start, buf, part);
        for (uint64_t i = 0; i < part; i++) {
            sum = (uint16_t)((sum >> 1 | sum << 15) + buf[i]);
        }
        start += part;
        left -= part;
    }
    g_string_append_printf(call->text, "%05d\n", sum);
    return true;
}

const MonitorCommand memory_commands[] = {
    {.hmp = "cpu", .args = "index:i", .params = "index", .help = "set the default CPU", .bare_errors = true,
     .machine = cpu_machine},
    {.hmp = "gva2gpa", .args = "addr:i", .params = "addr",
     .help = "print the guest physical address corresponding to a guest virtual address", .machine = gva2gpa_machine},
    {.hmp = "sum", .args = "start:i,size:i", .params = "addr size", .help = "compute the checksum of a memory region",
     .machine = sum_machine},
    {.hmp = "x", .args = "fmt:/,addr:i", .params = "/fmt addr",
     .help = "virtual memory dump starting at 'addr'", .scratch_bytes = sizeof(Format),
     .prepare = take_format, .bare_errors = true, .machine = x_machine},
    {.hmp = "xp", .args = "fmt:/,addr:i", .params = "/fmt addr",
     .help = "physical memory dump starting at 'addr'", .scratch_bytes = sizeof(Format),
     .prepare = take_format, .bare_errors = true, .machine = xp_machine},
    {.hmp = "print|p", .args = "fmt:/,val:i", .params = "/fmt expr",
     .help = "print expression value (use $reg for CPU register access)",
     .scratch_bytes = sizeof(Format), .prepare = take_format, .bare_errors = true,
     .reply = print_reply},
    {.qmp = "pmemsave", .hmp = "pmemsave", .args = "val:i,size:i,filename:s",
     .params = "addr size file",
     .help = "save to disk physical memory dump starting at 'addr' of size 'size'",
     .scratch_bytes = sizeof(SaveScratch), .prepare = save_open, .machine = pmemsave_machine},
};
const unsigned memory_commands_count = G_N_ELEMENTS(memory_commands);
