// SPDX-License-Identifier: GPL-2.0-or-later
// The world of chardev tests: set up, taken down, and looked at.
#include "tests/chardev/char-world.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static Position no_position(void *ctx) { return (Position){0}; }
static uint16_t no_digest(void *ctx) { return 0; }

World *world;

void guest_rx(Device *dev, const uint8_t *buf, size_t len)
{
    g_string_append_len(world->guest, (const char *)buf, (gssize)len);
}

static size_t client_can_read(void *ctx) { return world->client_room; }

static void client_read(void *ctx, const uint8_t *buf, size_t len)
{
    g_assert_cmpuint(len, <=, world->client_room);
    g_string_append_len(world->client, (const char *)buf, (gssize)len);
}

static void client_event(void *ctx, CharEvent event)
{
    g_string_append_c(world->events, "oc+-"[event]);
}

const CharFrontend client = {client_can_read, client_read, client_event};

static void count_quit(void *ctx) { world->quits++; }

void world_new(void)
{
    ReplayHost host = {.position = no_position, .event_digest = no_digest};
    world = g_new0(World, 1);
    world->machine.replay = replay_new(&host);
    world->dev = (Device){.machine = &world->machine, .path = (char *)"uart"};
    world->guest = g_string_new(NULL);
    world->client = g_string_new(NULL);
    world->events = g_string_new(NULL);
    world->client_room = 100;
    world->dir = g_dir_make_tmp("chardev-XXXXXX", NULL);
    chardev_on_quit(count_quit, NULL);
    chardev_set_replaying(false);
}

void world_free(void)
{
    chardev_close_all();
    replay_free(world->machine.replay);
    g_free(world->port);
    g_string_free(world->guest, TRUE);
    g_string_free(world->client, TRUE);
    g_string_free(world->events, TRUE);
    char *command = g_strdup_printf("rm -r '%s'", world->dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(command);
    g_free(world->dir);
    g_clear_pointer(&world, g_free);
}

// Runs the main loop until nothing has happened in ten looks, whatever time they take on a busy host.
void settle(void)
{
    for (unsigned quiet = 0; quiet < 10; quiet++) {
        if (g_main_context_iteration(NULL, FALSE)) {
            quiet = 0;
        }
        g_usleep(1000);
    }
}

void deliver(void)
{
    while (replay_deliver(world->machine.replay, -1, NULL, NULL)) {
    }
}

void add(const char *option)
{
    Error err = {0};
    bool ok = chardev_add(option, &err);
    g_assert_cmpstr(err.msg, ==, "");
    g_assert_true(ok);
}

void add_legacy(const char *spec, const char *id, bool monitor)
{
    Error err = {0};
    CharChoice choice;
    bool ok = chardev_add_legacy(spec, id, &choice, &err);
    g_assert_cmpstr(err.msg, ==, "");
    g_assert_true(ok);
    g_assert_cmpstr(choice.id, ==, id);
    g_assert_cmpint(choice.monitor, ==, monitor);
    g_free(choice.id);
}

void open_all(void)
{
    Error err = {0};
    bool ok = chardev_open_all(&err);
    g_assert_cmpstr(err.msg, ==, "");
    g_assert_true(ok);
}

void connect_port(const char *id)
{
    Error err = {0};
    world->port = char_port_new(&world->machine, id, &world->dev, guest_rx, &err);
    g_assert_cmpstr(err.msg, ==, "");
    g_assert_nonnull(world->port);
}

void connect_client(const char *id)
{
    Error err = {0};
    world->end = char_attach(chardev_find(id), &client, NULL, &err);
    g_assert_cmpstr(err.msg, ==, "");
}

char *in_dir(const char *name) { return g_build_filename(world->dir, name, NULL); }

int unix_connect(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    return fd;
}

void put(int fd, const char *text)
{
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
    settle();
}

// All that can be read now.
char *get(int fd)
{
    GString *text = g_string_new(NULL);
    char buf[4096];
    settle();
    for (;;) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        ssize_t n = poll(&poll_fd, 1, 10) > 0 ? read(fd, buf, sizeof(buf)) : 0;
        if (n <= 0) {
            return g_string_free(text, FALSE);
        }
        g_string_append_len(text, buf, n);
        settle();
    }
}

void assert_got(int fd, const char *expected)
{
    char *text = get(fd);
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}
