// SPDX-License-Identifier: GPL-2.0-or-later
// Chardevs against real descriptors: pseudo-terminals, FIFOs, files and sockets on one side, a guest's
// port on the real seam and clients on the other.
#include "core/options.h"
#include "tests/chardev/char-world.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

// ---- the command line ----

static void test_errors(void)
{
    static const struct {
        const char *option, *message;
    } rows[] = {
        {"foo,id=x", "'foo' is not a valid char driver name"},
        {"null", "chardev: no id specified"},
        {"null,id=a", "Duplicate ID 'a' for chardev"},
        {"null,id=1a", "Parameter 'id' expects an identifier"},
        {"stdio,id=s,foo=1", "Invalid parameter 'foo'"},
        {"stdio,id=s2", "cannot use stdio by multiple character devices"},
        {"file,id=f", "chardev: file: no filename given"},
        {"file,id=g,path=x,append=zz", "Parameter 'append' expects 'on' or 'off'"},
        {"socket,id=h,host=127.0.0.1", "chardev: socket: no port given"},
        {"socket,id=i,path=x,wait=off",
         "'wait' option is incompatible with socket in client connect mode"},
    };
    static const struct {
        const char *spec, *message;
    } legacy[] = {
        {"foo", "'foo' is not a valid char driver"},
        {"mon:foo", "'foo' is not a valid char driver"},
        {"chardev:zz", "chardev 'zz' not found"},
        {"tcp::45454,server,nowait,foo", "Invalid parameter 'foo'"},
        {"tcp:foo", "'tcp:foo' lacks a port"},
        {"socket", "'socket' is not a valid char driver"},
    };
    world_new();
    add("null,id=a");
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Error err = {0};
        g_assert_false(chardev_add(rows[i].option, &err));
        g_assert_cmpstr(err.msg, ==, rows[i].message);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(legacy); i++) {
        Error err = {0};
        CharChoice choice;
        char *id = g_strdup_printf("serial%u", i);
        g_assert_false(chardev_add_legacy(legacy[i].spec, id, &choice, &err));
        g_assert_cmpstr(err.msg, ==, legacy[i].message);
        g_free(id);
    }
    world_free();
}

static void test_open_errors(void)
{
    static const struct {
        const char *option, *message;
    } rows[] = {
        {"file,id=a,path=/nonexistent/x", "Could not open '/nonexistent/x': No such file or directory"},
        {"socket,id=a,path=/nonexistent/x,server=on",
         "Failed to bind socket to /nonexistent/x: No such file or directory"},
        {"socket,id=a,path=/nonexistent/x",
         "Failed to connect to '/nonexistent/x': No such file or directory"},
        {"socket,id=a,host=127.0.0.1,port=1", "Failed to connect to '127.0.0.1:1': Connection refused"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        world_new();
        Error err = {0};
        add(rows[i].option);
        g_assert_false(chardev_open_all(&err));
        g_assert_cmpstr(err.msg, ==, rows[i].message);
        world_free();
    }
}

static void test_choices(void)
{
    world_new();
    Error err = {0};
    CharChoice choice;
    g_assert_true(chardev_add_legacy("none", "serial0", &choice, &err));
    g_assert_null(choice.id);
    add("null,id=mine");
    g_assert_true(chardev_add_legacy("chardev:mine", "serial0", &choice, &err));
    g_assert_cmpstr(choice.id, ==, "mine");
    g_free(choice.id);
    add_legacy("mon:null", "serial1", true);
    add_legacy("vc:80Cx24C", "serial2", false);
    add_legacy("tcp:127.0.0.1:0,server,nowait", "serial3", false);
    g_assert_true(chardev_add_legacy("tcp:[::1]:7,server=on", "serial4", &choice, &err));
    g_free(choice.id);
    char *text = chardev_info_text();
    g_assert_cmpstr(text, ==,
                    "mine: filename=null\n"
                    "serial1-base: filename=null\n"
                    "serial1: filename=mux\n"
                    "serial2: filename=vc\n"
                    "serial3: filename=disconnected:tcp:127.0.0.1:0,server=on\n"
                    "serial4: filename=disconnected:tcp:::1:7,server=on\n");
    g_free(text);
    // One user a chardev, but for a multiplexer.
    g_assert_nonnull(char_attach(chardev_find("mine"), &client, NULL, &err));
    g_assert_null(char_attach(chardev_find("mine"), &client, NULL, &err));
    g_assert_cmpstr(err.msg, ==, "chardev 'mine' is in use");
    g_assert_null(char_port_new(&world->machine, "mine", &world->dev, guest_rx, &err));
    g_assert_null(char_port_new(&world->machine, "zz", &world->dev, guest_rx, &err));
    g_assert_cmpstr(err.msg, ==, "chardev 'zz' not found");
    g_assert_nonnull(char_attach(chardev_find("serial1"), &client, NULL, &err));
    g_assert_nonnull(char_attach(chardev_find("serial1"), &client, NULL, &err));
    world_free();
}

// ---- output ----

static void test_file(void)
{
    world_new();
    char *path = in_dir("out"), *option = g_strdup_printf("file,id=a,path=%s", path);
    add(option);
    connect_port("a");
    char_port_write(world->port, (const uint8_t *)"early,", 6); // before the file is open
    open_all();
    char_port_write(world->port, (const uint8_t *)"late,", 5);
    settle();
    char_port_write(world->port, (const uint8_t *)"last", 4); // still queued when the end comes
    chardev_close_all();
    char *text;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "early,late,last");
    g_free(text);
    g_free(option);
    g_free(path);
    world_free();
}

enum { LINES = 200000 };

static gpointer write_lines(gpointer ctx)
{
    for (unsigned i = 0; i < LINES; i++) {
        char line[16];
        int n = g_snprintf(line, sizeof(line), "%u\n", i);
        for (int k = 0; k < n; k++) {
            char_port_write(world->port, (const uint8_t *)&line[k], 1);
        }
        while (chardev_output_full()) {
            (void)chardev_output_wait(100);
        }
    }
    g_main_context_wakeup(NULL);
    return NULL;
}

// Each byte once and in order, from another thread, through a FIFO that is slower than it.
static void test_order(void)
{
    world_new();
    char *path = in_dir("fifo"), *option = g_strdup_printf("pipe,id=a,path=%s", path);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    int reader = open(path, O_RDWR | O_NONBLOCK);
    add(option);
    connect_port("a");
    open_all();
    GThread *thread = g_thread_new("machine", write_lines, NULL);
    unsigned line = 0, value = 0;
    gint64 end_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (line < LINES && g_get_monotonic_time() < end_us) {
        g_main_context_iteration(NULL, FALSE);
        uint8_t buf[1024];
        ssize_t n = read(reader, buf, sizeof(buf));
        for (ssize_t i = 0; i < n; i++) {
            if (buf[i] == '\n') {
                g_assert_cmpuint(value, ==, line);
                line++;
                value = 0;
            } else {
                value = value * 10 + (buf[i] - '0');
            }
        }
    }
    g_assert_cmpuint(line, ==, LINES);
    g_thread_join(thread);
    close(reader);
    g_free(option);
    g_free(path);
    world_free();
}

static unsigned rooms;
static void count_room(void *ctx) { rooms++; }

static void test_bound(void)
{
    world_new();
    char *path = in_dir("sock"), *spec = g_strdup_printf("unix:%s,server,nowait", path);
    add_legacy(spec, "serial0", false);
    connect_port("serial0");
    open_all();
    chardev_on_room(count_room, NULL);
    rooms = 0;
    static uint8_t block[65536];
    // Nobody there: dropped, whatever the amount.
    for (unsigned i = 0; i < 100; i++) {
        char_port_write(world->port, block, sizeof(block));
    }
    settle();
    g_assert_false(chardev_output_full());
    int fd = unix_connect(path);
    settle();
    size_t written = 0;
    while (!chardev_output_full()) {
        memset(block, (int)(written / sizeof(block)), sizeof(block));
        char_port_write(world->port, block, sizeof(block));
        written += sizeof(block);
        g_main_context_iteration(NULL, FALSE);
        g_assert_cmpuint(written, <, 6 << 20);
    }
    g_assert_cmpuint(written, >=, 4 << 20);
    g_assert_false(chardev_output_wait(10));
    size_t got = 0;
    while (got < written) {
        ssize_t n = recv(fd, block, sizeof(block), MSG_DONTWAIT);
        for (ssize_t i = 0; i < n; i++) {
            g_assert_cmpuint(block[i], ==, (uint8_t)((got + (size_t)i) / sizeof(block)));
        }
        got += n > 0 ? (size_t)n : 0;
        g_main_context_iteration(NULL, FALSE);
    }
    g_assert_true(chardev_output_wait(0));
    g_assert_cmpuint(rooms, ==, 1);
    // Full again, and the client goes: the machine must not wait for nobody.
    while (!chardev_output_full()) {
        char_port_write(world->port, block, sizeof(block));
        g_main_context_iteration(NULL, FALSE);
    }
    close(fd);
    settle();
    g_assert_false(chardev_output_full());
    chardev_on_room(NULL, NULL);
    g_free(spec);
    g_free(path);
    world_free();
}

// At the end a socket that nobody reads delays us by a bounded time.
static void test_close_bounded(void)
{
    world_new();
    char *path = in_dir("sock"), *spec = g_strdup_printf("unix:%s,server,nowait", path);
    add_legacy(spec, "serial0", false);
    connect_port("serial0");
    open_all();
    int fd = unix_connect(path);
    settle();
    static uint8_t block[1 << 20];
    char_port_write(world->port, block, sizeof(block));
    gint64 start_us = g_get_monotonic_time();
    chardev_close_all();
    gint64 took_ms = (g_get_monotonic_time() - start_us) / 1000;
    g_assert_cmpint(took_ms, >=, 1500);
    g_assert_cmpint(took_ms, <, 4000);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    close(fd);
    g_free(spec);
    g_free(path);
    world_free();
}

// ---- input ----

static void test_credit(void)
{
    world_new();
    char *path = in_dir("sock"), *spec = g_strdup_printf("unix:%s,server,nowait", path);
    add_legacy(spec, "serial0", false);
    connect_port("serial0");
    open_all();
    int fd = unix_connect(path);
    put(fd, "0123456789");
    deliver();
    g_assert_cmpstr(world->guest->str, ==, ""); // no credit yet
    char_port_credit(world->port, 4);
    settle();
    char_port_credit(world->port, 0); // what was read within the credit still comes
    deliver();
    g_assert_cmpstr(world->guest->str, ==, "0123");
    settle();
    deliver();
    g_assert_cmpstr(world->guest->str, ==, "0123");
    char_port_credit(world->port, 1);
    for (unsigned i = 0; i < 10; i++) {
        settle();
        deliver(); // delivering gives the credit back
    }
    g_assert_cmpstr(world->guest->str, ==, "0123456789");
    // In replay nothing is read, and nothing is lost.
    chardev_set_replaying(true);
    put(fd, "abc");
    deliver();
    g_assert_cmpstr(world->guest->str, ==, "0123456789");
    char_port_write(world->port, (const uint8_t *)"out", 3);
    assert_got(fd, "out");
    chardev_set_replaying(false);
    for (unsigned i = 0; i < 3; i++) {
        settle();
        deliver();
    }
    g_assert_cmpstr(world->guest->str, ==, "0123456789abc");
    close(fd);
    g_free(spec);
    g_free(path);
    world_free();
}

static void test_client(void)
{
    world_new();
    char *path = in_dir("sock"), *option = g_strdup_printf("socket,id=a,path=%s,server=on,wait=off", path);
    add(option);
    connect_client("a");
    open_all();
    settle();
    g_assert_cmpstr(world->events->str, ==, "");
    g_assert_false(char_write(world->end, "nobody", 6));
    int fd = unix_connect(path), second = unix_connect(path);
    put(fd, "hello");
    g_assert_cmpstr(world->events->str, ==, "o");
    g_assert_cmpstr(world->client->str, ==, "hello");
    g_assert_true(char_write(world->end, "reply", 5));
    assert_got(fd, "reply");
    world->client_room = 0;
    put(fd, "later");
    g_assert_cmpstr(world->client->str, ==, "hello");
    world->client_room = 2;
    char_accept_input(world->end);
    settle();
    g_assert_cmpstr(world->client->str, ==, "hellolater");
    // The second waits its turn.
    put(second, "two");
    g_assert_cmpstr(world->client->str, ==, "hellolater");
    close(fd);
    settle();
    g_assert_cmpstr(world->events->str, ==, "oco");
    g_assert_cmpstr(world->client->str, ==, "hellolatertwo");
    // A client that asks and never reads isn't heard beyond a limit, and costs no memory without end.
    static char block[1 << 20];
    unsigned taken = 0;
    while (taken < 100 && char_write(world->end, block, sizeof(block))) {
        taken++;
        settle();
    }
    g_assert_cmpuint(taken, >=, 16);
    g_assert_cmpuint(taken, <=, 18);
    put(second, "more");
    g_assert_cmpstr(world->client->str, ==, "hellolatertwo");
    close(second);
    settle();
    g_assert_cmpstr(world->events->str, ==, "ococ");
    g_free(option);
    g_free(path);
    world_free();
}

static gpointer connect_late(gpointer path)
{
    g_usleep(100000);
    return GINT_TO_POINTER(unix_connect(path));
}

static void test_wait(void)
{
    world_new();
    char *path = in_dir("sock"), *spec = g_strdup_printf("unix:%s,server", path);
    add_legacy(spec, "serial0", false);
    GThread *thread = NULL;
    // The listener exists only inside chardev_open_all, so the other side tries until it is there.
    thread = g_thread_new("client", connect_late, path);
    open_all();
    g_assert_true(chardev_open(chardev_find("serial0")));
    close(GPOINTER_TO_INT(g_thread_join(thread)));
    g_free(spec);
    g_free(path);
    world_free();
}

// ---- terminal and multiplexer ----

typedef struct Terminal {
    int master, slave, saved[2];
    struct termios before;
} Terminal;

// Puts a fresh pseudo-terminal on our stdin and stdout; the test's own output is kept aside.
static void terminal_begin(Terminal *terminal)
{
    terminal->master = posix_openpt(O_RDWR | O_NOCTTY);
    g_assert_cmpint(grantpt(terminal->master), ==, 0);
    g_assert_cmpint(unlockpt(terminal->master), ==, 0);
    terminal->slave = open(ptsname(terminal->master), O_RDWR | O_NOCTTY);
    tcgetattr(terminal->slave, &terminal->before);
    fflush(stdout);
    for (int fd = 0; fd < 2; fd++) {
        terminal->saved[fd] = dup(fd);
        dup2(terminal->slave, fd);
    }
}

static void terminal_end(Terminal *terminal)
{
    struct termios after;
    tcgetattr(terminal->slave, &after);
    for (int fd = 0; fd < 2; fd++) {
        dup2(terminal->saved[fd], fd);
        close(terminal->saved[fd]);
    }
    close(terminal->slave);
    close(terminal->master);
    g_assert_cmpuint(after.c_lflag, ==, terminal->before.c_lflag);
    g_assert_cmpuint(after.c_iflag, ==, terminal->before.c_iflag);
}

static void test_stdio(void)
{
    Terminal terminal;
    struct termios now;
    world_new();
    terminal_begin(&terminal);
    add("stdio,id=a");
    connect_port("a");
    char_port_credit(world->port, 100);
    open_all();
    tcgetattr(0, &now);
    g_assert_false(now.c_lflag & (ECHO | ICANON));
    g_assert_true(now.c_lflag & ISIG);
    put(terminal.master, "key\r");
    deliver();
    g_assert_cmpstr(world->guest->str, ==, "key\r");
    char_port_write(world->port, (const uint8_t *)"line\n", 5);
    assert_got(terminal.master, "line\r\n");
    g_assert_cmpint(fcntl(1, F_GETFL) & O_NONBLOCK, ==, 0); // it isn't ours alone
    world_free();
    terminal_end(&terminal);
}

static void test_mux(void)
{
    Terminal terminal;
    struct termios now;
    world_new();
    terminal_begin(&terminal);
    add_legacy("mon:stdio", "serial0", true);
    connect_client("serial0");
    connect_port("serial0");
    char_port_credit(world->port, 100);
    open_all();
    tcgetattr(0, &now);
    g_assert_false(now.c_lflag & ISIG);
    settle();
    g_assert_false(char_in_focus(world->end));
    put(terminal.master, "ab\003"); // the guest has the keyboard, Ctrl-C included
    deliver();
    g_assert_cmpstr(world->guest->str, ==, "ab\003");
    put(terminal.master, "\001cmonitor\001cguest");
    deliver();
    g_assert_cmpstr(world->client->str, ==, "monitor");
    g_assert_cmpstr(world->guest->str, ==, "ab\003guest");
    g_assert_cmpstr(world->events->str, ==, "-o+-");
    put(terminal.master, "\001\001");
    deliver();
    g_assert_cmpstr(world->guest->str, ==, "ab\003guest\001");
    g_free(get(terminal.master));
    put(terminal.master, "\001h");
    char *help = get(terminal.master);
    g_assert_nonnull(strstr(help, "C-a c    switch between console and monitor\r"));
    g_assert_nonnull(strstr(help, "C-a C-a  sends C-a\r"));
    g_free(help);
    // Both write to the same terminal, in order.
    char_port_write(world->port, (const uint8_t *)"one ", 4);
    char_write(world->end, "two ", 4);
    char_port_write(world->port, (const uint8_t *)"three", 5);
    assert_got(terminal.master, "one two three");
    // The guest takes nothing: what is typed at it waits, and the escape still works.
    char_port_credit(world->port, 0);
    put(terminal.master, "held\001cto monitor\001c");
    g_assert_cmpstr(world->client->str, ==, "monitorto monitor");
    char_port_credit(world->port, 100);
    settle();
    deliver();
    g_assert_cmpstr(world->guest->str, ==, "ab\003guest\001held");
    put(terminal.master, "\001x");
    g_assert_cmpuint(world->quits, ==, 1);
    world_free();
    terminal_end(&terminal);
}

static void test_mux_replaying(void)
{
    Terminal terminal;
    world_new();
    terminal_begin(&terminal);
    add("stdio,id=a,mux=on,signal=off");
    connect_client("a");
    connect_port("a");
    open_all();
    settle();
    chardev_set_replaying(true);
    char_port_credit(world->port, 100);
    // More than any buffer would hold; none of it may stop the escape from being heard.
    char noise[1025];
    memset(noise, 'n', 1024);
    noise[1024] = '\0';
    for (unsigned i = 0; i < 20; i++) {
        put(terminal.master, noise);
    }
    put(terminal.master, "\001cinfo");
    g_assert_cmpstr(world->client->str, ==, "info");
    char_port_write(world->port, (const uint8_t *)"console", 7);
    assert_got(terminal.master, "console");
    chardev_set_replaying(false);
    settle();
    deliver();
    g_assert_cmpstr(world->guest->str, ==, "");
    put(terminal.master, "\001clive");
    deliver();
    g_assert_cmpstr(world->guest->str, ==, "live");
    world_free();
    terminal_end(&terminal);
}

static void test_timestamps(void)
{
    Terminal terminal;
    world_new();
    terminal_begin(&terminal);
    add_legacy("mon:stdio", "serial0", true);
    connect_port("serial0");
    open_all();
    put(terminal.master, "\001t");
    char_port_write(world->port, (const uint8_t *)"a\nb", 3);
    char *text = get(terminal.master);
    g_assert_true(g_regex_match_simple(
        "^\\[\\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\] a\r\n\\[\\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\] b$", text, 0, 0));
    g_free(text);
    world_free();
    terminal_end(&terminal);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chardev/errors", test_errors);
    g_test_add_func("/chardev/open-errors", test_open_errors);
    g_test_add_func("/chardev/choices", test_choices);
    g_test_add_func("/chardev/file", test_file);
    g_test_add_func("/chardev/order", test_order);
    g_test_add_func("/chardev/bound", test_bound);
    g_test_add_func("/chardev/close-bounded", test_close_bounded);
    g_test_add_func("/chardev/credit", test_credit);
    g_test_add_func("/chardev/client", test_client);
    g_test_add_func("/chardev/wait", test_wait);
    g_test_add_func("/chardev/stdio", test_stdio);
    g_test_add_func("/chardev/mux", test_mux);
    g_test_add_func("/chardev/mux-replaying", test_mux_replaying);
    g_test_add_func("/chardev/timestamps", test_timestamps);
    return g_test_run();
}
