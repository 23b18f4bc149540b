// SPDX-License-Identifier: GPL-2.0-or-later
// Parts of the monitor that transcripts don't reach: the JSON cutter under any cutting of its input and
// under garbage, its bounds, the line editor, a client that leaves, and control itself.
#include "monitor/command.h"
#include "tests/monitor/fake-loop.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// ---- JSON ----

static void collect(void *ctx, const char *text, gsize len, const Error *err)
{
    g_string_append_printf(ctx, "%s\n", text ? text : err->msg);
}

static char *cut(const char *text, size_t len, size_t piece)
{
    GString *all = g_string_new(NULL);
    JsonStream *stream = json_stream_new(collect, all);
    for (size_t at = 0; at < len; at += piece) {
        json_stream_feed(stream, (const uint8_t *)text + at, MIN(piece, len - at));
    }
    json_stream_free(stream);
    return g_string_free(all, FALSE);
}

static void test_cutting(void)
{
    static const char text[] = "{\"a\": [1, {\"b\": \"}]\\\"{\"}]}\n{'x': 'it\\'s \"q\"'}true {}[]\"s\" -5 x}";
    static const char expected[] = "{\"a\": [1, {\"b\": \"}]\\\"{\"}]}\n"
                                   "{\"x\": \"it's \\\"q\\\"\"}\n"
                                   "true\n{}\n[]\n\"s\"\n-5\n"
                                   "JSON parse error, invalid keyword 'x'\n"
                                   "JSON parse error, expecting value\n";
    for (size_t piece = 1; piece <= sizeof(text); piece++) {
        char *got = cut(text, strlen(text), piece);
        g_assert_cmpstr(got, ==, expected);
        g_free(got);
    }
}

static void test_bounds(void)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < 1025; i++) {
        g_string_append_c(text, '[');
    }
    g_string_append(text, " ]]]]\n{}");
    char *got = cut(text->str, text->len, 100);
    g_assert_cmpstr(got, ==, "JSON nesting depth limit exceeded\n{}\n");
    g_free(got);
    // 1024 deep is taken, and the parser behind takes it too.
    g_string_truncate(text, 0);
    for (unsigned i = 0; i < 1024; i++) {
        g_string_append_c(text, '[');
    }
    for (unsigned i = 0; i < 1024; i++) {
        g_string_append_c(text, ']');
    }
    got = cut(text->str, text->len, 4096);
    g_assert_cmpuint(strlen(got), ==, 2049);
    Error err;
    JsonNode *node = json_parse(text->str, -1, &err);
    if (node) {
        json_node_unref(node);
    }
    g_free(got);
    g_string_assign(text, "\"");
    for (unsigned i = 0; i < (1 << 20) + 10; i++) {
        g_string_append_c(text, 'x');
    }
    g_string_append(text, "\"\n{}");
    got = cut(text->str, text->len, 4096);
    g_assert_cmpstr(got, ==, "JSON token size limit exceeded\n{}\n");
    g_free(got);
    g_string_free(text, TRUE);
}

static void parse_too(void *ctx, const char *text, gsize len, const Error *err)
{
    Error parse_err;
    JsonNode *node = text ? json_parse(text, (gssize)len, &parse_err) : NULL;
    if (node) {
        GString *out = g_string_new(NULL);
        json_append(out, node);
        // What we write we can read.
        JsonNode *again = json_parse(out->str, -1, &parse_err);
        g_assert_nonnull(again);
        json_node_unref(again);
        json_node_unref(node);
        g_string_free(out, TRUE);
    }
}

// Random edits of a request, and whatever comes of them: no crash, and the stream goes on afterwards.
static void test_garbage(void)
{
    static const char seed[] = "{\"execute\": \"x\", \"arguments\": {\"a\": [1, -2.5e3, true, null, \"\\u00e9\"]}}";
    static const char alphabet[] = "{}[]\"':,\\ \n\t0123456789.eE+-truefalsn\x00\x7f\xc3\xa9\xff";
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < 20000; round++) {
        char text[sizeof(seed)];
        memcpy(text, seed, sizeof(seed));
        for (int edits = g_rand_int_range(rand, 1, 6); edits; edits--) {
            text[g_rand_int_range(rand, 0, sizeof(seed) - 1)] =
                alphabet[g_rand_int_range(rand, 0, sizeof(alphabet) - 1)];
        }
        JsonStream *stream = json_stream_new(parse_too, NULL);
        json_stream_feed(stream, (const uint8_t *)text, sizeof(seed) - 1);
        json_stream_free(stream);
    }
    g_rand_free(rand);
}

// ---- a monitor on a socket ----

static FakeLoop *loop;
static char *dir, *path;
static int fd;

static int connect_to_monitor(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    g_assert_cmpint(connect(client, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    return client;
}

static void begin(MonitorKind kind)
{
    Error err;
    CharChoice choice;
    dir = g_dir_make_tmp("monitor-XXXXXX", NULL);
    path = g_build_filename(dir, "sock", NULL);
    loop = fake_loop_new(REPLAY_NONE);
    MonitorConfig config = {.control = loop->control};
    monitor_init(&config);
    char *spec = g_strdup_printf("unix:%s,server,nowait", path);
    g_assert_true(chardev_add_legacy(spec, "mon0", &choice, &err));
    g_assert_true(monitor_add(kind, chardev_find("mon0"), &err));
    g_assert_true(chardev_open_all(&err));
    fd = connect_to_monitor();
    g_free(spec);
    g_free(choice.id);
}

static void end(void)
{
    close(fd);
    monitor_fini();
    fake_loop_free(loop);
    chardev_close_all();
    g_assert_cmpint(rmdir(dir), ==, 0);
    g_free(dir);
    g_free(path);
}

// What comes until `expected` is among it.
static char *exchange(const char *text, const char *expected)
{
    GString *all = g_string_new(NULL);
    size_t sent = 0, len = strlen(text);
    gint64 end_us = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    while (sent < len || !strstr(all->str, expected)) {
        char buf[4096];
        ssize_t n = sent < len ? send(fd, text + sent, len - sent, MSG_DONTWAIT) : 0;
        sent += n > 0 ? (size_t)n : 0;
        g_main_context_iteration(NULL, FALSE);
        n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (n > 0) {
            g_string_append_len(all, buf, n);
        } else {
            g_usleep(300);
        }
        if (g_get_monotonic_time() > end_us) {
            g_error("'%s' gave '%s', not '%s'", text, all->str, expected);
        }
    }
    return g_string_free(all, FALSE);
}

static void assert_shows(const char *keys, const char *expected)
{
    g_free(exchange(keys, expected));
}

static void test_editing(void)
{
    begin(MONITOR_HMP);
    assert_shows("", "monitor - type 'help'");
    assert_shows("info stX\bX\177atus\r\n", "VM status: paused (prelaunch)\r\n(qemu) ");
    assert_shows("tatus\033[D\033[D\033[D\033[D\033[Ds\033[Hinfo \033[F\r", "VM status: paused");
    assert_shows("\033[A\r", "VM status: paused");             // the last line again
    assert_shows("print 1\rprint 2\r\033[A\033[A\r", "0x1\r\n(qemu) print 2"); // typed ahead
    assert_shows("\033[A\033[B\025print 3 junk\027\r", "0x3");  // Ctrl-U, Ctrl-W
    assert_shows("print 45\033[D\033[3~\r", "0x4\r\n");         // Delete
    assert_shows("print 67\033[D\013\r", "0x6\r\n");            // Ctrl-K
    assert_shows("\033[A\033[A\033[A\033[A\033[A\033[A\033[A\033[A\033[A\033[A\r", "VM status"); // the oldest
    // A line longer than any buffer is cut, not kept.
    char *big = g_strnfill(100000, 'x');
    g_free(exchange(big, "xxxx"));
    char *text = exchange("\r", "'\r\n(qemu) ");
    const char *command = strstr(text, "unknown command: 'xxxx");
    g_assert_nonnull(command);
    g_assert_cmpuint(strlen(command), <, 4200);
    g_free(text);
    g_free(big);
    end();
}

static void assert_completes(const char *line, size_t word, const char *expected)
{
    size_t at;
    GPtrArray *names = hmp_complete(line, &at);
    g_ptr_array_add(names, NULL);
    char *all = g_strjoinv(" ", (char **)names->pdata);
    g_assert_cmpstr(all, ==, expected);
    g_assert_cmpuint(at, ==, word);
    g_free(all);
    g_ptr_array_unref(names);
}

static void test_completion(void)
{
    assert_completes("replay_", 0, "replay_break replay_delete_break replay_seek");
    assert_completes("  qu", 2, "quit");
    assert_completes("info sta", 5, "status");
    assert_completes("help info sta", 10, "status");
    assert_completes("help sav", 5, "savevm");
    assert_completes("info status ", 5, "");
    assert_completes("nothing", 0, "");
    begin(MONITOR_HMP);
    assert_shows("info stat\t\r", "info status \r\nVM status: paused (prelaunch)");
    assert_shows("rep\t", "replay_");
    assert_shows("\t", "replay_break         replay_delete_break");
    assert_shows("s\t1\020\016\025info hist\t\r", "0: 'info status '\r\n1: 'info history '\r\n(qemu) ");
    end();
}

// Ten clients, each leaving in the middle of something.
static void test_leaving(void)
{
    begin(MONITOR_QMP);
    for (unsigned i = 0; i < 10; i++) {
        assert_shows("{\"execute\": \"qmp_capabilities\"}", "{\"return\": {}}");
        for (unsigned k = 0; k < 200; k++) {
            static const char ask[] = "{\"execute\": \"query-commands\"}";
            g_assert_cmpint(send(fd, ask, strlen(ask), 0), >, 0);
        }
        g_assert_cmpint(send(fd, "{\"exec", 6, 0), ==, 6);
        close(fd);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        fd = connect_to_monitor();
        char *text = exchange("", "\r\n");
        g_assert_true(g_str_has_prefix(text, "{\"QMP\": "));
        g_assert_null(strstr(text, "return"));
        g_free(text);
    }
    end();
}

// ---- control ----

static unsigned answers;
static void slow_fn(Control *control, void *ctx) { g_usleep(1000); }
static void slow_done(void *ctx, bool ran)
{
    g_assert_cmpuint(GPOINTER_TO_UINT(ctx), ==, answers); // in order
    answers++;
}

static void test_control_order(void)
{
    loop = fake_loop_new(REPLAY_NONE);
    answers = 0;
    for (unsigned i = 0; i < 50; i++) {
        control_run(loop->control, slow_fn, GUINT_TO_POINTER(i), slow_done);
    }
    while (answers < 50) {
        g_main_context_iteration(NULL, TRUE);
    }
    fake_loop_free(loop);
}

static unsigned refused;
static void nothing_fn(Control *control, void *ctx) {}
static void ended_done(void *ctx, bool ran)
{
    answers++;
    refused += ran ? 0 : 1;
}

static void test_control_ended(void)
{
    loop = fake_loop_new(REPLAY_NONE);
    control_request_quit(loop->control, CAUSE_HOST_SIGNAL);
    refused = answers = 0;
    // Whether they come just before or after the end: each gets its answer.
    unsigned asked = 0;
    for (; refused == 0; asked++) {
        control_run(loop->control, nothing_fn, NULL, ended_done);
        g_main_context_iteration(NULL, FALSE);
    }
    while (answers < asked) {
        g_main_context_iteration(NULL, TRUE);
    }
    fake_loop_free(loop);
}

static gpointer kick_later(gpointer ctx)
{
    g_usleep(20000);
    control_kick(ctx);
    return NULL;
}

static void no_status(void *ctx, ControlStatus *status) {}

static void test_control_wait(void)
{
    static const ControlOps ops = {.status = no_status};
    Control *control = control_new(NULL, &ops, NULL);
    gint64 start_us = g_get_monotonic_time();
    g_assert_false(control_wait(control, 5000000));
    g_assert_cmpint(g_get_monotonic_time() - start_us, >=, 5000);
    control_kick(control); // before the wait: not lost
    g_assert_true(control_wait(control, -1));
    g_assert_false(control_wait(control, 0));
    GThread *thread = g_thread_new("kick", kick_later, control);
    g_assert_true(control_wait(control, -1));
    g_thread_join(thread);
    g_assert_false(control_pending(control));
    control_run(control, slow_fn, NULL, NULL);
    g_assert_true(control_pending(control));
    g_assert_true(control_wait(control, -1));
    control_poll(control);
    g_assert_false(control_pending(control));
    control_free(control);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/monitor/json/cutting", test_cutting);
    g_test_add_func("/monitor/json/bounds", test_bounds);
    g_test_add_func("/monitor/json/garbage", test_garbage);
    g_test_add_func("/monitor/editing", test_editing);
    g_test_add_func("/monitor/completion", test_completion);
    g_test_add_func("/monitor/leaving", test_leaving);
    g_test_add_func("/control/order", test_control_order);
    g_test_add_func("/control/ended", test_control_ended);
    g_test_add_func("/control/wait", test_control_wait);
    return g_test_run();
}
