// SPDX-License-Identifier: GPL-2.0-or-later
// The machine loop's side of control.h: what clients may ask, done on the machine thread at a boundary.
#include <inttypes.h>
#include <string.h>

#include "softmmu/vm.h"

static void op_status(void *ctx, ControlStatus *status)
{
    Vm *vm = ctx;
    *status = (ControlStatus){
        .state = vm->state, .position = machine_position(vm->machine), .vclock_ns = machine_now_ns(vm->machine),
        .shift = vm->machine->shift, .icount_given = vm->config.icount, .mode = replay_mode(vm->replay),
        .live = replay_live(vm->replay), .filename = replay_filename(vm->replay), .break_set = vm->have_break,
        .break_at = vm->break_at, .ncpus = vm->ncpus,
    };
}

static bool op_pause(void *ctx, Error *err)
{
    Vm *vm = ctx;
    if (vm->state == RUN_RUNNING) {
        vm_stop(vm, RUN_PAUSED);
        replay_note(vm->replay, EVENT_MARK, "stop", 4);
    }
    return true;
}

static bool op_resume(void *ctx, Error *err)
{
    Vm *vm = ctx;
    if (vm->state == RUN_SHUTDOWN) {
        return fail(err, "Resetting the Virtual Machine is required");
    }
    if (!replay_resume(vm->replay, err)) {
        return fail_prefix(err, "the log still can't be written");
    }
    vm_cont(vm);
    return true;
}

static bool refuse_in_replay(const Vm *vm, const char *what, Error *err)
{
    return replay_mode(vm->replay) == REPLAY_PLAY ? fail(err, "%s isn't possible while replaying: the recording decides", what) : true;
}

static bool op_reset(void *ctx, ControlCause cause, Error *err)
{
    if (!refuse_in_replay(ctx, "a reset", err)) {
        return false;
    }
    vm_reset(ctx, cause);
    return true;
}

static bool op_powerdown(void *ctx, Error *err)
{
    if (!refuse_in_replay(ctx, "a powerdown", err)) {
        return false;
    }
    vm_powerdown(ctx);
    return true;
}

static bool op_quit(void *ctx, ControlCause cause, Error *err)
{
    vm_quit(ctx, cause);
    return true;
}

static bool op_set_break(void *ctx, Position at, Error *err)
{
    return vm_set_break(ctx, at, err);
}

static bool op_delete_break(void *ctx, Error *err)
{
    return vm_delete_break(ctx, err);
}

static uint64_t register_read(const Target *target, CPU *cpu, const RegDesc *reg)
{
    uint64_t value = 0;
    if (reg->slot == ~0u) {
        return target->reg_read(cpu, reg->number);
    }
    memcpy(&value, cpu_slot(cpu, reg->slot), reg->bits / 8u);
    return value;
}

static void op_registers(void *ctx, unsigned index, GString *text)
{
    Vm *vm = ctx;
    const Target *target = vm->target;
    CPU *cpu = vm->cpus[index];
    unsigned column = 0;
    for (size_t i = 0; i < target->nregs; i++) {
        const RegDesc *reg = &target->regs[i];
        g_string_append_printf(text, " %-10s %016" PRIx64, reg->name, register_read(target, cpu, reg));
        if (++column % 4 == 0) {
            g_string_append_c(text, '\n');
        }
    }
    if (column % 4) {
        g_string_append_c(text, '\n');
    }
}

static bool op_register_value(void *ctx, unsigned index, const char *name, uint64_t *value)
{
    Vm *vm = ctx;
    for (size_t i = 0; i < vm->target->nregs; i++) {
        if (!strcmp(vm->target->regs[i].name, name)) {
            *value = register_read(vm->target, vm->cpus[index], &vm->target->regs[i]);
            return true;
        }
    }
    return false;
}

static bool op_translate(void *ctx, unsigned index, uint64_t gva, uint64_t *gpa)
{
    Vm *vm = ctx;
    CPU *cpu = vm->cpus[index];
    WalkResult w = { .peek = true };
    bool mapped = vm->target->walk(cpu, gva, ACCESS_READ, vm->target->fetch_mmu(cpu), &w);
    *gpa = w.gpa;
    return mapped;
}

static int op_disas(void *ctx, unsigned index, char *buf, size_t size, const uint8_t *bytes, size_t len, uint64_t pc)
{
    return ((Vm *)ctx)->target->disas(buf, size, bytes, len, pc);
}

static uint64_t op_registers_digest(void *ctx)
{
    return vm_registers_digest(ctx);
}

const ControlOps vm_control_ops = {
    .status = op_status, .pause = op_pause, .resume = op_resume, .reset = op_reset, .powerdown = op_powerdown, .quit = op_quit,
    .set_break = op_set_break, .delete_break = op_delete_break, .registers = op_registers,
    .register_value = op_register_value, .translate = op_translate, .disas = op_disas, .registers_digest = op_registers_digest,
};
