// SPDX-License-Identifier: GPL-2.0-or-later
// Telnet, udp, pipe, pty, ring buffers, client sockets and log files, each against real descriptors.
#include "tests/chardev/char-world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void guest_writes(const char *bytes, size_t len)
{
    char_port_write(world->port, (const uint8_t *)bytes, len);
    settle();
}

static void assert_guest(const char *expected)
{
    settle();
    deliver();
    g_assert_cmpstr(world->guest->str, ==, expected);
    g_string_truncate(world->guest, 0);
}

// A bound socket of loopback, and its port.
static int loopback(int type, uint16_t *port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, type, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&addr, &len), ==, 0);
    *port = ntohs(addr.sin_port);
    return fd;
}

// ---- telnet ----

static const char greeting[] = "\377\373\001\377\373\003\377\373\000\377\375\000";

static void test_telnet(void)
{
    world_new();
    char *path = in_dir("sock"), *option = g_strdup_printf("socket,id=a,path=%s,server=on,wait=off,telnet=on", path);
    add(option);
    connect_port("a");
    char_port_credit(world->port, 100);
    open_all();
    int fd = unix_connect(path);
    settle();
    char buf[64];
    g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, 12);
    g_assert_cmpmem(buf, 12, greeting, 12);
    // Commands are taken out, also when they come in pieces; 255 is halved; CR NUL is CR.
    put(fd, "a\377");
    put(fd, "\375");
    put(fd, "\001b\377\377c\377\372xyz");
    put(fd, "\377\360d\r");
    g_assert_cmpint(write(fd, "\0e", 2), ==, 2);
    assert_guest("ab\377cd\re");
    // Once the other side has agreed to binary, NUL is NUL.
    g_assert_cmpint(write(fd, "\377\373\000\r\0f", 6), ==, 6);
    settle();
    deliver();
    g_assert_cmpmem(world->guest->str, (int)world->guest->len, "\r\0f", 3);
    // Out: 255 is doubled.
    guest_writes("x\377\377y", 4);
    assert_got(fd, "x\377\377\377\377y");
    // Commands alone aren't the end of the connection.
    put(fd, "\377\361");
    guest_writes("z", 1);
    assert_got(fd, "z");
    close(fd);
    g_free(option);
    g_free(path);
    world_free();
}

// Many 255s through a socket whose reader is slow: each is doubled once, whatever pieces the kernel takes.
static void test_telnet_full(void)
{
    enum { BYTES = 1 << 19 };
    world_new();
    char *path = in_dir("sock"), *option = g_strdup_printf("socket,id=a,path=%s,server=on,wait=off,telnet=on", path);
    add(option);
    connect_port("a");
    open_all();
    int fd = unix_connect(path);
    settle();
    char *bytes = g_malloc(BYTES);
    memset(bytes, 255, BYTES);
    char_port_write(world->port, (const uint8_t *)bytes, BYTES);
    size_t got = 0;
    for (unsigned quiet = 0; quiet < 2000 && got < 12 + 2 * BYTES; quiet++) {
        uint8_t buf[7777]; // odd pieces, so that pairs are cut
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (n > 0) {
            quiet = 0;
            got += (size_t)n;
        } else {
            g_usleep(500);
        }
    }
    settle();
    g_assert_cmpuint(got, ==, 12 + 2 * BYTES);
    g_free(bytes);
    close(fd);
    g_free(option);
    g_free(path);
    world_free();
}

// ---- udp ----

static void test_udp(void)
{
    uint16_t port;
    int fd = loopback(SOCK_DGRAM, &port);
    world_new();
    char *spec = g_strdup_printf("udp:127.0.0.1:%u@127.0.0.1:0", port);
    add_legacy(spec, "a", false);
    connect_port("a");
    char_port_credit(world->port, 3);
    open_all();
    guest_writes("hello", 5);
    char buf[64];
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    g_assert_cmpint(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), ==, 5);
    g_assert_cmpmem(buf, 5, "hello", 5);
    // A datagram larger than the credit comes in parts, whole.
    g_assert_cmpint(sendto(fd, "abcdefgh", 8, 0, (struct sockaddr *)&from, len), ==, 8);
    settle();
    deliver();
    g_assert_cmpstr(world->guest->str, ==, "abc");
    char_port_credit(world->port, 100);
    assert_guest("abcdefgh");
    g_assert_cmpint(sendto(fd, "", 0, 0, (struct sockaddr *)&from, len), ==, 0); // not an end
    g_assert_cmpint(sendto(fd, "z", 1, 0, (struct sockaddr *)&from, len), ==, 1);
    assert_guest("z");
    close(fd);
    guest_writes("lost", 4); // nobody there: neither an end nor a complaint
    guest_writes("lost", 4);
    g_assert_false(chardev_output_full());
    g_free(spec);
    world_free();
}

// ---- sockets as a client ----

static void test_client_socket(void)
{
    uint16_t port;
    int listener = loopback(SOCK_STREAM, &port);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    world_new();
    char *option = g_strdup_printf("socket,id=a,host=127.0.0.1,port=%u,server=off,telnet=on", port);
    add(option);
    connect_port("a");
    char_port_credit(world->port, 100);
    open_all();
    int fd = accept(listener, NULL, NULL);
    char buf[64];
    g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, 12);
    put(fd, "in");
    assert_guest("in");
    guest_writes("out", 3);
    assert_got(fd, "out");
    // It doesn't come back, and what is written then goes nowhere, without waiting.
    close(fd);
    settle();
    g_assert_false(chardev_open(chardev_find("a")));
    guest_writes("gone", 4);
    close(listener);
    g_free(option);
    world_free();
}

// ---- pipe and pty ----

static void test_pipe(void)
{
    world_new();
    char *path = in_dir("p"), *in = in_dir("p.in"), *out = in_dir("p.out");
    char *spec = g_strdup_printf("pipe:%s", path);
    g_assert_cmpint(mkfifo(in, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out, 0600), ==, 0);
    add_legacy(spec, "a", false);
    connect_port("a");
    char_port_credit(world->port, 100);
    open_all();
    int write_fd = open(in, O_WRONLY), read_fd = open(out, O_RDONLY);
    put(write_fd, "to the guest");
    assert_guest("to the guest");
    guest_writes("from it", 7);
    assert_got(read_fd, "from it");
    // A writer that goes is not the end: another one may come.
    close(write_fd);
    settle();
    write_fd = open(in, O_WRONLY);
    put(write_fd, "again");
    assert_guest("again");
    close(write_fd);
    close(read_fd);
    g_free(spec);
    g_free(path);
    g_free(in);
    g_free(out);
    world_free();
}

static void add_line(void *ctx, const CharInfo *info) { *(char **)ctx = g_strdup(info->filename); }

static void test_pty(void)
{
    enum { MORE_THAN_A_QUEUE = 6 << 20 };
    world_new();
    add("pty,id=a");
    connect_port("a");
    char_port_credit(world->port, 100);
    open_all();
    char *name = NULL;
    chardev_each(add_line, &name);
    g_assert_true(g_str_has_prefix(name, "pty:/dev/pts/"));
    int fd = open(name + strlen("pty:"), O_RDWR | O_NOCTTY);
    put(fd, "typed");
    assert_guest("typed");
    guest_writes("shown", 5);
    assert_got(fd, "shown");
    close(fd);
    // Without a reader the machine is never stopped: bytes are dropped.
    char *bytes = g_malloc0(65536);
    for (unsigned i = 0; i < MORE_THAN_A_QUEUE / 65536; i++) {
        char_port_write(world->port, (const uint8_t *)bytes, 65536);
        g_assert_false(chardev_output_full());
    }
    settle();
    g_free(bytes);
    g_free(name);
    world_free();
}

// ---- ring buffers ----

static void assert_ring(uint64_t most, const char *expected)
{
    Error err;
    GByteArray *bytes = chardev_ringbuf_read("r", most, &err);
    g_assert_nonnull(bytes);
    g_assert_cmpmem(bytes->data, (int)bytes->len, expected, (int)strlen(expected));
    g_byte_array_unref(bytes);
}

static void test_ringbuf(void)
{
    Error err = {0};
    world_new();
    g_assert_false(chardev_add("ringbuf,id=x,size=3", &err));
    g_assert_cmpstr(err.msg, ==, "size of ringbuf chardev must be power of two");
    add("memory,id=r,size=8");
    add("null,id=n");
    connect_port("r");
    open_all();
    assert_ring(10, "");
    char_port_write(world->port, (const uint8_t *)"abcde", 5); // not settled: reading looks first
    assert_ring(2, "ab");
    guest_writes("fghijklmn", 9);
    g_assert_true(chardev_ringbuf_write("r", (const uint8_t *)"OP", 2, &err));
    assert_ring(3, "ijk");
    assert_ring(100, "lmnOP");
    assert_ring(100, "");
    g_assert_null(chardev_ringbuf_read("n", 1, &err));
    g_assert_cmpstr(err.msg, ==, "n is not a ringbuf device");
    g_assert_false(chardev_ringbuf_write("zz", NULL, 0, &err));
    g_assert_cmpstr(err.msg, ==, "Device 'zz' not found");
    world_free();
}

// ---- log files ----

static void assert_file(const char *path, const char *expected)
{
    char *text;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

static void test_logfile(void)
{
    Error err = {0};
    world_new();
    char *log = in_dir("log"), *path = in_dir("sock"), *fifo = in_dir("fifo");
    char *option = g_strdup_printf("socket,id=a,path=%s,server=on,wait=off,logfile=%s", path, log);
    g_assert_false(chardev_add("null,id=b,logfile=/nonexistent/x", &err));
    g_assert_cmpstr(err.msg, ==, "Could not create '/nonexistent/x': No such file or directory");
    g_assert_true(g_file_set_contents(log, "old", -1, NULL));
    add(option);
    connect_port("a");
    open_all();
    guest_writes("nobody there;", 13); // it is in the log nevertheless
    int fd = unix_connect(path);
    settle();
    guest_writes("client;", 7);
    assert_got(fd, "client;");
    assert_file(log, "nobody there;client;");
    char_port_write(world->port, (const uint8_t *)"last", 4);
    chardev_close_all();
    assert_file(log, "nobody there;client;last");
    close(fd);
    g_free(option);
    option = g_strdup_printf("null,id=c,logfile=%s,logappend=on", log);
    add(option);
    open_all();
    chardev_close_all();
    assert_file(log, "nobody there;client;last");
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_free(option);
    option = g_strdup_printf("null,id=d,logfile=%s", fifo);
    g_assert_false(chardev_add(option, &err)); // would block the program
    g_free(option);
    g_free(log);
    g_free(path);
    g_free(fifo);
    world_free();
}

static void test_refused(void)
{
    static const struct {
        const char *option, *message;
    } rows[] = {
        {"socket,id=a,path=x,reconnect=1", "chardev: socket: 'reconnect' is not supported: a client connects once, "
                                           "at start-up; use server=on"},
        {"socket,id=b,path=x,websocket=on", "chardev: socket: 'websocket' is not supported"},
        {"socket,id=c,path=x,tls-creds=t", "chardev: socket: 'tls-creds' is not supported"},
        {"udp,id=d,host=127.0.0.1", "chardev: udp: remote port not specified"},
        {"vc,id=e", "vc needs a display, and there is none; use pty, socket or null"},
        {"ringbuf,id=f,size=0", "size of ringbuf chardev must be power of two"},
    };
    world_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Error err = {0};
        g_assert_false(chardev_add(rows[i].option, &err));
        g_assert_cmpstr(err.msg, ==, rows[i].message);
    }
    static const char *const specs[] = {"udp:", "udp:x", "udp:h:1@x", "telnet:foo", "telnet:"};
    for (unsigned i = 0; i < G_N_ELEMENTS(specs); i++) {
        Error err = {0};
        CharChoice choice;
        char *message = g_strdup_printf("'%s' lacks a port", specs[i]);
        g_assert_false(chardev_add_legacy(specs[i], "l", &choice, &err));
        g_assert_cmpstr(err.msg, ==, message);
        g_free(message);
    }
    world_free();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backends/telnet", test_telnet);
    g_test_add_func("/backends/telnet-full", test_telnet_full);
    g_test_add_func("/backends/udp", test_udp);
    g_test_add_func("/backends/client-socket", test_client_socket);
    g_test_add_func("/backends/pipe", test_pipe);
    g_test_add_func("/backends/pty", test_pty);
    g_test_add_func("/backends/ringbuf", test_ringbuf);
    g_test_add_func("/backends/logfile", test_logfile);
    g_test_add_func("/backends/refused", test_refused);
    return g_test_run();
}
