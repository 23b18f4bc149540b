// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes monitors: random, mutated and cut-up QMP requests and HMP lines against the fake machine loop.
//
//     fuzz-monitor [--count N] [--seed S]
//
// Rounds alternate between QMP and HMP. After each the session must still answer a sane request; memory of the
// process must not grow without bound. A round's seed is S + its number, and is printed when it fails. Commands that
// end the machine or write files are left out.
#include "monitor/command.h"
#include "tests/monitor/fake-loop.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_US = 20 * 1000000, REPLY_MAX = 64 << 20 };

static uint64_t rng;

static uint32_t random_below(uint32_t n)
{
    rng = rng * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((rng >> 33) % n);
}

// ---- inputs ----

static const char *const words[] = {
    "{", "}", "[", "]", ":", ",", "\"", "'", "\\", "\\u0000", "\\ud800", "true", "null", "1e999", "-0", "18446744073709551616",
    "\"execute\"", "\"arguments\"", "\"id\"", "\"exec-oob\"", "\"icount\"", "\"device\"", "\"ring\"", "\"size\"", "\"data\"",
    "\"command-line\"", "\"query-status\"", "\"ringbuf-read\"", "\"human-monitor-command\"", "\n", "\r", "\t", "\177", "\033[A",
    "\033[D", "\033[3~", "\033", "\025", "info", "help", "x", "/", "xp", "/20xw", "print", "$pc", "0x80000000", "(", ")", "+", "-",
    "~", "*", "%", "&", "|", "^", "ringbuf_write", "registers", "-a", " ", "9999999999999999999999", "\377\376", "\300\200"};

static const char *const seeds[] = {
    "{\"execute\":\"query-status\",\"id\":1}\n", "{\"execute\":\"query-qmp-schema\"}\n",
    "{\"execute\":\"ringbuf-write\",\"arguments\":{\"device\":\"ring\",\"data\":\"aGVsbG8=\",\"format\":\"base64\"}}\n",
    "{\"execute\":\"ringbuf-read\",\"arguments\":{\"device\":\"ring\",\"size\":7}}\n",
    "{\"execute\":\"replay-break\",\"arguments\":{\"icount\":5,\"step\":1}}\n",
    "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"x/4xw 0x80000000\"}}\n",
    "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}\n", "x/4xw $sp+(3*4)\r", "info registers -a\r",
    "print/c 'a'+1\r", "replay_break 10 2\r", "ringbuf_write ring \"a\\n\\\"b\"\r", "help info\r", "info history\r",
    "sum 0x80000000 100\r", "gva2gpa 0x1080000000\r", "cpu 0\r", "inf\tst\t\r", "log none\r"};

// None of these may come about by chance: they end the run or write files.
static bool harmless(const GString *text)
{
    static const char *const banned[] = {"quit", "pmemsave", "logfile", "system_powerdown"};
    for (unsigned i = 0; i < G_N_ELEMENTS(banned); i++) {
        if (memmem(text->str, text->len, banned[i], strlen(banned[i]))) {
            return false;
        }
    }
    return !memmem(text->str, text->len, "q", 1) || !memmem(text->str, text->len, "q\r", 2);
}

static void mutate(GString *text)
{
    for (unsigned n = random_below(6); n > 0; n--) {
        gssize at = (gssize)random_below((uint32_t)text->len + 1);
        switch (random_below(5)) {
        case 0: g_string_insert_c(text, at, (char)random_below(256)); break;
        case 1: g_string_insert(text, at, words[random_below(G_N_ELEMENTS(words))]); break;
        case 2: g_string_erase(text, at, (gssize)random_below((uint32_t)(text->len - (gsize)at) + 1)); break;
        case 3:
            if (text->len) {
                text->str[random_below((uint32_t)text->len)] ^= (char)(1 << random_below(8));
            }
            break;
        default: {
            GString *copy = g_string_new_len(text->str, (gssize)text->len); // twice, one in the other
            g_string_insert_len(text, at, copy->str, (gssize)MIN(copy->len, 4096));
            g_string_free(copy, TRUE);
        }
        }
    }
}

static GString *make_input(void)
{
    GString *text = g_string_new(NULL);
    for (unsigned n = 1 + random_below(8); n > 0; n--) {
        GString *part = g_string_new(NULL);
        switch (random_below(4)) {
        case 0:
            for (unsigned k = random_below(40); k > 0; k--) {
                g_string_append(part, words[random_below(G_N_ELEMENTS(words))]);
            }
            break;
        case 1:
            for (unsigned k = random_below(300); k > 0; k--) {
                g_string_append_c(part, (char)random_below(256));
            }
            break;
        default: g_string_assign(part, seeds[random_below(G_N_ELEMENTS(seeds))]); mutate(part);
        }
        if (harmless(part)) {
            g_string_append_len(text, part->str, (gssize)part->len);
        }
        g_string_free(part, TRUE);
    }
    if (random_below(50) == 0) { // long, deep
        static const char fill[] = "[{\"' x";
        char ch = fill[random_below(sizeof(fill) - 1)];
        for (unsigned k = random_below(1500000); k > 0; k--) {
            g_string_append_c(text, ch);
        }
    }
    return text;
}

// ---- a session ----

static unsigned long round_number;
static uint64_t round_seed;

static void stop(const char *what)
{
    fprintf(stderr, "fuzz-monitor: round %lu (--seed %" G_GUINT64_FORMAT " --count 1): %s\n", round_number, round_seed, what);
    abort();
}

static GString *replies; // the last of them

static size_t take(int fd)
{
    static char buf[65536];
    size_t got = 0;
    for (ssize_t n; (n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0; got += (size_t)n) {
        for (ssize_t i = 0; i < n; i++) {
            buf[i] = buf[i] ? buf[i] : '.';
        }
        g_string_append_len(replies, buf, n);
        if (replies->len > sizeof(buf)) {
            g_string_erase(replies, 0, (gssize)(replies->len - sizeof(buf) / 2));
        }
    }
    return got;
}

static void put(int fd, const char *text, size_t len)
{
    gint64 end_us = g_get_monotonic_time() + PATIENCE_US;
    size_t sent = 0, got = 0;
    while (sent < len) {
        size_t piece = 1 + random_below(5000);
        ssize_t n = send(fd, text + sent, MIN(piece, len - sent), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
            end_us = g_get_monotonic_time() + PATIENCE_US;
        }
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        got += take(fd);
        if (got > REPLY_MAX) {
            stop("it answers without end");
        }
        if (g_get_monotonic_time() > end_us) {
            stop("it doesn't read any more");
        }
    }
}

// Whatever came before: a line end, and then a request that must be answered.
static void check_alive(int fd, bool qmp)
{
    static const char ask_qmp[] = "\"}]\n}\n\n{\"execute\":\"nothing-such\",\"id\":\"alive?\"}\n";
    static const char ask_hmp[] = "\033[Z\025\r\025nothing-such\r";
    gint64 end_us = g_get_monotonic_time() + PATIENCE_US;
    g_string_truncate(replies, 0);
    for (unsigned tries = 0; tries < 3; tries++) { // the first may close strings and brackets only
        put(fd, qmp ? ask_qmp : ask_hmp, strlen(qmp ? ask_qmp : ask_hmp));
    }
    while (!strstr(replies->str, qmp ? "\"alive?\"" : "unknown command: 'nothing-such'")) {
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        if (take(fd) == 0) {
            put(fd, qmp ? ask_qmp : ask_hmp, strlen(qmp ? ask_qmp : ask_hmp));
            g_usleep(100);
        }
        if (g_get_monotonic_time() > end_us) {
            stop("it doesn't answer any more");
        }
    }
}

static int connect_to(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        stop("cannot connect");
    }
    return fd;
}

static void run_round(const char *path, bool qmp)
{
    int fd = connect_to(path);
    GString *text = make_input();
    if (qmp && random_below(4)) {
        put(fd, "{\"execute\":\"qmp_capabilities\"}\n", 31);
    }
    put(fd, text->str, text->len);
    if (random_below(3)) {
        check_alive(fd, qmp);
    }
    close(fd); // or in the middle of it
    g_string_free(text, TRUE);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

int main(int argc, char **argv)
{
    unsigned long count = 200;
    uint64_t seed = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--count") == 0) {
            count = strtoul(argv[i + 1], NULL, 0);
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[i + 1], NULL, 0);
        }
    }
    char *dir = g_dir_make_tmp("fuzz-XXXXXX", NULL), *paths[2];
    replies = g_string_new(NULL);
    FakeLoop *loop = fake_loop_new(REPLAY_PLAY);
    MonitorConfig config = {.control = loop->control, .vm_name = "guest", .target = "fake64"};
    Error err = {0};
    monitor_init(&config);
    if (!chardev_add("ringbuf,id=ring,size=64", &err)) {
        stop(err.msg);
    }
    for (unsigned i = 0; i < 2; i++) {
        char id[8];
        CharChoice choice;
        g_snprintf(id, sizeof(id), "m%u", i);
        paths[i] = g_build_filename(dir, id, NULL);
        char *spec = g_strdup_printf("unix:%s,server,nowait", paths[i]);
        if (!chardev_add_legacy(spec, id, &choice, &err) ||
            !monitor_add(i ? MONITOR_HMP : MONITOR_QMP, chardev_find(id), &err)) {
            stop(err.msg);
        }
        g_free(choice.id);
        g_free(spec);
    }
    if (!chardev_open_all(&err)) {
        stop(err.msg);
    }
    for (round_number = 0; round_number < count; round_number++) {
        round_seed = seed + round_number;
        rng = round_seed * 0x9e3779b97f4a7c15u + 1;
        bool human = round_seed % 2;
        run_round(paths[human], !human);
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    monitor_fini();
    fake_loop_free(loop);
    chardev_close_all();
    for (unsigned i = 0; i < 2; i++) {
        g_free(paths[i]);
    }
    rmdir(dir);
    g_string_free(replies, TRUE);
    g_free(dir);
    printf("1..1\n%s 1 - %lu rounds, %ld MiB at most\n", usage.ru_maxrss < 1 << 20 ? "ok" : "not ok", count,
           usage.ru_maxrss >> 10);
    return 0;
}
