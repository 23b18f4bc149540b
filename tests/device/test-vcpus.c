// SPDX-License-Identifier: GPL-2.0-or-later
// The turns of several vCPUs: who is next, for how long, what a switch does. No instruction runs; the clock is told what was attempted.
#include <glib.h>

#include "softmmu/vcpus.h"
#include "tests/device/fake-seam.h"

enum { QUANTUM = 100, NCPUS = 4 };

const DeviceType *const device_types[] = { NULL };

typedef struct Fixture {
    Replay *seam;
    Machine *machine;
    CPU *cpus[NCPUS];
    Exec *exec;
    Vcpus *vcpus;
} Fixture;

static unsigned woken; // bit a vCPU: an interrupt waits for it

static bool wakeup_pending(CPU *cpu) { return woken >> cpu->index & 1; }

static void set_up(Fixture *f, gconstpointer unused)
{
    static Target target;
    target = *targets[0];
    target.wakeup_pending = wakeup_pending;
    woken = 0;
    *f = (Fixture){ .seam = fake_seam_new() };
    f->machine = machine_new(f->seam, "test");
    fake_seam_attach(f->seam, f->machine);
    for (unsigned i = 0; i < NCPUS; i++) {
        Error err;
        Device *dev = device_new(f->machine, target.cpu_type, NULL, NULL);
        f->cpus[i] = (CPU *)(void *)((uint8_t *)dev + target.cpu_offset);
        f->cpus[i]->index = i;
        g_assert_true(device_realize(dev, &err));
    }
    f->vcpus = vcpus_new(f->machine, &target, f->cpus, NCPUS, QUANTUM);
    f->exec = exec_new(f->machine, &target, f->cpus, NCPUS, &(ExecConfig){ .max_guest = 64, .interpreter = true });
    f->exec->vcpus = f->vcpus;
    machine_reset(f->machine);
}

static void tear_down(Fixture *f, gconstpointer unused)
{
    exec_free(f->exec);
    machine_free(f->machine);
    fake_seam_free(f->seam);
}

static unsigned current(const Fixture *f) { return vcpus_current(f->vcpus)->index; }

// The present vCPU attempts so many instructions, and perhaps halts behind them.
static void runs(Fixture *f, unsigned attempted, bool halts)
{
    f->machine->icount_end += attempted;
    vcpus_current(f->vcpus)->arch.halted = halts;
    vcpus_ran(f->vcpus);
}

static void switches_to(Fixture *f, unsigned index)
{
    g_assert_true(vcpus_switch(f->vcpus));
    g_assert_cmpuint(current(f), ==, index);
    g_assert_cmpuint(vcpus_left(f->vcpus), ==, QUANTUM);
    g_assert_false(vcpus_switch(f->vcpus)); // nothing is due twice
}

static void test_round_robin(Fixture *f, gconstpointer unused)
{
    g_assert_cmpuint(current(f), ==, 0);
    g_assert_cmpuint(vcpus_left(f->vcpus), ==, QUANTUM);
    for (unsigned i = 1; i <= 2 * NCPUS; i++) {
        g_assert_false(vcpus_switch(f->vcpus));
        runs(f, 30, false); // a slice that ended early keeps the rest
        g_assert_cmpuint(vcpus_left(f->vcpus), ==, QUANTUM - 30);
        g_assert_false(vcpus_switch(f->vcpus));
        runs(f, QUANTUM - 30, false);
        switches_to(f, i % NCPUS);
    }
}

static void test_halted(Fixture *f, gconstpointer unused)
{
    f->cpus[1]->arch.halted = 1;
    f->cpus[2]->arch.halted = 1;
    runs(f, 1, true); // yields the rest
    switches_to(f, 3);
    runs(f, 1, true);
    g_assert_cmpuint(vcpus_left(f->vcpus), ==, 0);
    g_assert_false(vcpus_switch(f->vcpus)); // all wait
    woken = 1 << 2;
    switches_to(f, 2);
    f->cpus[2]->arch.halted = 0;
    runs(f, QUANTUM, false);
    switches_to(f, 2); // no one else: a turn to itself
    woken = 0;
    f->cpus[2]->arch.halted = 1; // what woke it has gone before it went on
    f->cpus[0]->arch.halted = 0;
    switches_to(f, 0);
}

static void test_yield(Fixture *f, gconstpointer unused)
{
    vcpus_current(f->vcpus)->yield = true;
    runs(f, 5, false);
    g_assert_false(f->cpus[0]->yield);
    switches_to(f, 1);
}

static void test_reservation(Fixture *f, gconstpointer unused)
{
    f->cpus[0]->arch.reserved = f->cpus[1]->arch.reserved = 1;
    runs(f, QUANTUM - 1, false);
    g_assert_false(vcpus_switch(f->vcpus));
    g_assert_cmpuint(f->cpus[0]->arch.reserved, ==, 1);
    runs(f, 1, false);
    switches_to(f, 1);
    g_assert_cmpuint(f->cpus[0]->arch.reserved, ==, 0);
    g_assert_cmpuint(f->cpus[1]->arch.reserved, ==, 1);
}

static void test_attempts(Fixture *f, gconstpointer unused)
{
    runs(f, 40, true);
    switches_to(f, 1);
    runs(f, 7, false);
    g_assert_cmpuint(vcpus_attempts(f->vcpus, f->cpus[0]), ==, 40);
    g_assert_cmpuint(vcpus_attempts(f->vcpus, f->cpus[1]), ==, 7);
    g_assert_cmpuint(f->cpus[1]->ops->attempts(f->cpus[1]), ==, 7);
    g_assert_cmpuint(vcpus_attempts(f->vcpus, f->cpus[3]), ==, 0);
    runs(f, QUANTUM - 7, false);
    f->cpus[0]->arch.halted = 0;
    switches_to(f, 2);
    runs(f, QUANTUM, false);
    switches_to(f, 3);
    runs(f, QUANTUM, false);
    switches_to(f, 0);
    runs(f, 2, false);
    g_assert_cmpuint(vcpus_attempts(f->vcpus, f->cpus[0]), ==, 42);
    g_assert_cmpuint(vcpus_attempts(f->vcpus, f->cpus[1]), ==, QUANTUM);
    machine_reset(f->machine);
    g_assert_cmpuint(vcpus_attempts(f->vcpus, f->cpus[0]), ==, 0);
    g_assert_cmpuint(current(f), ==, 0);
}

// What decides who runs when is in the digest; where a slice began isn't.
static void test_digest(Fixture *f, gconstpointer unused)
{
    uint64_t before = machine_digest(f->machine);
    runs(f, 1, false);
    g_assert_cmphex(machine_digest(f->machine), ==, before);
    vcpus_current(f->vcpus)->yield = true;
    runs(f, 1, false);
    uint64_t yielded = machine_digest(f->machine);
    g_assert_cmphex(yielded, !=, before);
    switches_to(f, 1);
    g_assert_cmphex(machine_digest(f->machine), !=, before);
    g_assert_cmphex(machine_digest(f->machine), !=, yielded);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/vcpus/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(round_robin);
    TEST(halted);
    TEST(yield);
    TEST(reservation);
    TEST(attempts);
    TEST(digest);
    return g_test_run();
}
