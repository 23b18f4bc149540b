// SPDX-License-Identifier: GPL-2.0-or-later
// Plays a transcript with a monitor over a socket, against the fake machine loop.
//
// A transcript's first lines say `kind: qmp|qmp-pretty|hmp` and `mode: none|record|play`. Then `> TEXT` is sent (with
// a line end; `>| TEXT` without one) and each `< PATTERN` must be the next line that comes back: * and ?
// match as in file names, DIR is the test's directory. After the last line nothing more may come. In HMP
// the echo of what was sent isn't shown in transcripts, and neither is the prompt.
#include "monitor/monitor.h"
#include "tests/monitor/fake-loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char *test_report_text(void) { return g_strdup("report of another folder\n"); }
static char *test_report_json(void) { return g_strdup("[{\"device\": \"d0\"}]"); }

static const MonitorReport reports[] = {
    {.hmp = "info block", .help = "show info of block devices", .qmp = "query-block",
     .text = test_report_text, .json = test_report_json},
    {.hmp = "info network", .help = "show the network state", .text = test_report_text,
     .machine = true},
};

static const char *transcript;
static unsigned line_number;
static bool hmp;
static char *dir;

static void stop(const char *what, const char *expected, const char *got)
{
    fprintf(stderr, "%s:%u: %s\n  expected: %s\n       got: %s\n", transcript, line_number, what,
            expected ? expected : "(nothing)", got ? got : "(nothing)");
    exit(1);
}

// ---- the socket ----

static int fd;
static GString *input;

static void fill(int wait_ms)
{
    gint64 end_us = g_get_monotonic_time() + wait_ms * 1000;
    gsize before = input->len;
    while (input->len == before && g_get_monotonic_time() < end_us) {
        char buf[4096];
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (n > 0) {
            g_string_append_len(input, buf, n);
        } else {
            g_usleep(300);
        }
    }
}

// The next whole line without its end; NULL: none came. g_free it.
static char *next_line(int wait_ms)
{
    gint64 end_us = g_get_monotonic_time() + wait_ms * 1000;
    char *end;
    while (!(end = strchr(input->str, '\n'))) {
        int left_ms = (int)((end_us - g_get_monotonic_time()) / 1000);
        if (left_ms <= 0) {
            return NULL;
        }
        fill(left_ms);
    }
    gsize len = (gsize)(end - input->str);
    char *line = g_strndup(input->str, len);
    g_string_erase(input, 0, (gssize)len + 1);
    return g_strchomp(line);
}

static void drop_prompt(void)
{
    static const char prompt[] = "(qemu) ";
    for (unsigned i = 0; i < 1000 && input->len < strlen(prompt); i++) {
        fill(10);
    }
    if (!g_str_has_prefix(input->str, prompt)) {
        char *got = next_line(0);
        stop("no prompt", prompt, got ? got : input->str);
    }
    g_string_erase(input, 0, (gssize)strlen(prompt));
}

static char *substitute(const char *text)
{
    char **parts = g_strsplit(text, "DIR", -1), *joined = g_strjoinv(dir, parts);
    g_strfreev(parts);
    return joined;
}

static void do_send(const char *text, bool line_end)
{
    if (hmp) {
        drop_prompt();
    }
    char *all = substitute(text);
    GString *bytes = g_string_new(all);
    if (line_end) {
        g_string_append_c(bytes, '\n');
    }
    if (send(fd, bytes->str, bytes->len, 0) != (ssize_t)bytes->len) {
        stop("cannot send", text, strerror(errno));
    }
    if (hmp) {
        char *echo = next_line(10000);
        g_strchomp(all);
        if (!echo || strcmp(echo, all) != 0) {
            stop("echo", all, echo);
        }
        g_free(echo);
    }
    g_string_free(bytes, TRUE);
    g_free(all);
}

static void do_expect(const char *pattern)
{
    char *full = substitute(pattern), *line = next_line(10000);
    if (!line || (strcmp(full, line) != 0 && !g_pattern_match_simple(full, line))) {
        stop("reply", full, line);
    }
    g_free(line);
    g_free(full);
}

static void play(char **lines)
{
    for (unsigned i = 2; lines[i]; i++) {
        const char *line = lines[i];
        line_number = i + 1;
        if (g_str_has_prefix(line, "> ")) {
            do_send(line + 2, true);
        } else if (g_str_has_prefix(line, ">| ")) {
            do_send(line + 3, false);
        } else if (line[0] == '<') {
            do_expect(line[1] ? line + 2 : "");
        } else if (line[0] && line[0] != '#') {
            stop("not a transcript line", "> or <", line);
        }
    }
    if (hmp) {
        drop_prompt();
    }
    char *more = next_line(50);
    if (more || input->len) {
        stop("more came", NULL, more ? more : input->str);
    }
}

static int connect_to(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(client, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        stop("connect", path, strerror(errno));
    }
    return client;
}

int main(int argc, char **argv)
{
    char *text;
    transcript = argv[1];
    if (argc != 2 || !g_file_get_contents(argv[1], &text, NULL, NULL)) {
        fprintf(stderr, "usage: test-monitor TRANSCRIPT\n");
        return 2;
    }
    char **lines = g_strsplit(text, "\n", -1);
    hmp = strcmp(lines[0], "kind: hmp") == 0;
    ReplayMode mode = strcmp(lines[1], "mode: play") == 0     ? REPLAY_PLAY
                      : strcmp(lines[1], "mode: record") == 0 ? REPLAY_RECORD
                                                              : REPLAY_NONE;
    dir = g_dir_make_tmp("monitor-XXXXXX", NULL);
    input = g_string_new(NULL);

    FakeLoop *loop = fake_loop_new(mode);
    MonitorConfig config = {.control = loop->control, .vm_name = "guest", .target = "fake64",
                            .uuid = "00112233-4455-6677-8899-aabbccddeeff"};
    bool pretty = strcmp(lines[0], "kind: qmp-pretty") == 0;
    monitor_init(&config);
    for (unsigned i = 0; i < G_N_ELEMENTS(reports); i++) {
        monitor_add_report(&reports[i]);
    }
    char *path = g_build_filename(dir, "sock", NULL);
    char *spec = g_strdup_printf("unix:%s,server,nowait", path);
    CharChoice choice;
    Error err = {0};
    if (!chardev_add_legacy(spec, "mon0", &choice, &err) ||
        !chardev_add("ringbuf,id=ring,size=64", &err) ||
        !monitor_add(hmp ? MONITOR_HMP : pretty ? MONITOR_QMP_PRETTY : MONITOR_QMP,
                     chardev_find("mon0"), &err) ||
        !chardev_open_all(&err)) {
        stop("set-up", NULL, err.msg);
    }
    fd = connect_to(path);
    play(lines);

    close(fd);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    monitor_fini();
    fake_loop_free(loop);
    chardev_close_all();
    char *command = g_strdup_printf("rm -r '%s'", dir);
    int rc = system(command);
    g_free(command);
    g_free(choice.id);
    g_free(path);
    g_free(spec);
    g_free(dir);
    g_free(text);
    g_strfreev(lines);
    g_string_free(input, TRUE);
    return rc != 0;
}
