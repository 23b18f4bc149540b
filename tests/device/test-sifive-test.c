// SPDX-License-Identifier: GPL-2.0-or-later
// The test finisher: what it asks of the machine loop.
#include "tests/device/fake-world.h"

extern const DeviceType device_riscv_sifive_test;

static void expect(World *w, Device *dev, unsigned size, uint32_t value, int request, int cause)
{
    w->machine->request = REQUEST_NONE;
    w->machine->request_cause = -1;
    world_write(w, dev, 0, size, value);
    g_assert_cmpint(w->machine->request, ==, request);
    if (request != REQUEST_NONE) {
        g_assert_cmpint(w->machine->request_cause, ==, cause);
    }
}

static void test_requests(void)
{
    World *w = world_new();
    Device *dev = world_device(w, &device_riscv_sifive_test, NULL);
    expect(w, dev, 4, 0x5555, REQUEST_SHUTDOWN, 0);
    expect(w, dev, 2, 0x5555, REQUEST_SHUTDOWN, 0);
    expect(w, dev, 4, 0x002a3333, REQUEST_SHUTDOWN, 42);
    expect(w, dev, 4, 0x7777, REQUEST_RESET, 0);
    expect(w, dev, 4, 0x1234, REQUEST_NONE, 0);
    world_write(w, dev, 4, 4, 0x5555);
    g_assert_cmpint(w->machine->request, ==, REQUEST_NONE);
    g_assert_cmpuint(world_read(w, dev, 0, 4), ==, 0);
    g_assert_true(world_refuses(w, dev, 0, 1));
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sifive-test/requests", test_requests);
    return g_test_run();
}
