// SPDX-License-Identifier: GPL-2.0-or-later
// The fake machine loop.
#include "tests/monitor/fake-loop.h"

#include "core/device.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RAM_BYTES = 65536 };
static const uint64_t ram_base = 0x80000000, virtual_offset = 0x1000000000;

static Position loop_position(void *ctx) { return (Position){0}; }
static uint16_t loop_digest(void *ctx) { return 0; }

static void op_status(void *ctx, ControlStatus *status) { *status = ((FakeLoop *)ctx)->status; }

static bool op_pause(void *ctx, Error *err)
{
    FakeLoop *loop = ctx;
    if (loop->status.state == RUN_RUNNING) {
        loop->status.state = RUN_PAUSED;
        control_publish(loop->control, CONTROL_STOP, CAUSE_NONE);
    }
    return true;
}

static bool op_resume(void *ctx, Error *err)
{
    FakeLoop *loop = ctx;
    if (loop->status.state != RUN_RUNNING) {
        loop->status.state = RUN_RUNNING;
        control_publish(loop->control, CONTROL_RESUME, CAUSE_NONE);
    }
    return true;
}

static bool op_reset(void *ctx, ControlCause cause, Error *err)
{
    control_publish(((FakeLoop *)ctx)->control, CONTROL_RESET, cause);
    return true;
}

static bool op_powerdown(void *ctx, Error *err)
{
    FakeLoop *loop = ctx;
    loop->powerdowns++;
    control_publish(loop->control, CONTROL_POWERDOWN, CAUSE_NONE);
    return true;
}

static bool op_quit(void *ctx, ControlCause cause, Error *err)
{
    FakeLoop *loop = ctx;
    loop->ended = true;
    control_publish(loop->control, CONTROL_SHUTDOWN, cause);
    return true;
}

static bool op_set_break(void *ctx, Position at, Error *err)
{
    FakeLoop *loop = ctx;
    loop->status.break_set = true;
    loop->status.break_at = at;
    return true;
}

static bool op_delete_break(void *ctx, Error *err)
{
    ((FakeLoop *)ctx)->status.break_set = false;
    return true;
}

static void op_registers(void *ctx, unsigned cpu, GString *text)
{
    g_string_append_printf(text, " pc       %016" PRIx64 "\n", ram_base);
}

static bool op_register_value(void *ctx, unsigned cpu, const char *name, uint64_t *value)
{
    *value = strcmp(name, "sp") == 0 ? ram_base + 0x100 : ram_base;
    return strcmp(name, "pc") == 0 || strcmp(name, "sp") == 0;
}

static bool op_translate(void *ctx, unsigned cpu, uint64_t gva, uint64_t *gpa)
{
    *gpa = gva - virtual_offset;
    return gva >= virtual_offset;
}

static int op_disas(void *ctx, unsigned cpu, char *buf, size_t size, const uint8_t *bytes,
                    size_t len, uint64_t pc)
{
    if (len < 4) {
        return 0;
    }
    snprintf(buf, size, "op      %d", bytes[0]);
    return 4;
}

static uint64_t op_registers_digest(void *ctx) { return 0x1234; }

static const ControlOps ops = {
    .status = op_status, .pause = op_pause, .resume = op_resume, .reset = op_reset,
    .powerdown = op_powerdown, .quit = op_quit, .set_break = op_set_break,
    .delete_break = op_delete_break, .registers = op_registers,
    .register_value = op_register_value, .translate = op_translate, .disas = op_disas,
    .registers_digest = op_registers_digest};

static gpointer loop_run(gpointer ctx)
{
    FakeLoop *loop = ctx;
    while (!loop->ended) {
        control_poll(loop->control);
        if (!loop->ended) {
            (void)control_wait(loop->control, -1);
        }
    }
    control_end(loop->control);
    return NULL;
}

FakeLoop *fake_loop_new(ReplayMode mode)
{
    static const ReplayHost host = {.position = loop_position, .event_digest = loop_digest};
    FakeLoop *loop = g_new0(FakeLoop, 1);
    Error err;
    loop->machine = machine_new(replay_new(&host), "fake");
    RamBlock *ram = ram_new(loop->machine, "fake.ram", RAM_BYTES, false, &err);
    for (unsigned i = 0; i < RAM_BYTES; i++) {
        ram->host[i] = (uint8_t)i;
    }
    memory_add_ram(loop->machine, ram_base, ram, 0, RAM_BYTES, 0);
    loop->status = (ControlStatus){.state = RUN_PRELAUNCH,
                                   .mode = mode,
                                   .filename = mode == REPLAY_NONE ? NULL : "the.log",
                                   .position = {mode == REPLAY_NONE ? 0 : 1000, 2},
                                   .ncpus = 1};
    loop->control = control_new(loop->machine, &ops, loop);
    loop->thread = g_thread_new("machine", loop_run, loop);
    return loop;
}

void fake_loop_free(FakeLoop *loop)
{
    control_request_quit(loop->control, CAUSE_HOST_SIGNAL);
    g_thread_join(loop->thread);
    control_free(loop->control);
    Replay *replay = loop->machine->replay;
    machine_free(loop->machine);
    replay_free(replay);
    g_free(loop);
}
