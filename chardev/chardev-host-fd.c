// SPDX-License-Identifier: GPL-2.0-or-later
// Backends on plain descriptors: null, vc, stdio, file, pipe and pty.
//
// The standard descriptors are shared with whoever started us, so they are never made non-blocking;
// output goes through a second opening of the same file where the kernel allows that (pipes and
// terminals), otherwise in small pieces after a poll. A terminal on stdin is raw while we run and put
// back at exit, by signal-safe means, so that crash handlers can do it too.
#include "chardev/chardev-backend-host.h"
#include "util/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

// ---- null and vc ----

static ssize_t null_write(Chardev *chardev, const uint8_t *buf, size_t len) { return (ssize_t)len; }

static bool null_open(Chardev *chardev, Error *err)
{
    chardev->opened = true;
    chardev_set_connected(chardev, true);
    return true;
}

const CharBackend char_null = {.name = "null", .open = null_open, .write = null_write};
// A virtual console needs a display, and there is none: its keyboard is silent, its output is dropped.
const CharBackend char_vc = {.name = "vc", .open = null_open, .write = null_write};

// ---- all descriptors ----

typedef struct CharFd {
    char *path;
    bool append;       // file
    bool signals;      // stdio: Ctrl-C and its like are signals
    bool may_block;    // fd_out can't be made non-blocking
    bool close_out;    // fd_out is ours
    int slave;         // pty
    bool warned;
} CharFd;

enum { BLOCKING_PIECE = 256 }; // bytes; a terminal or pipe that polls writable takes them at once

static ssize_t fd_write(Chardev *chardev, const uint8_t *buf, size_t len)
{
    CharFd *own = chardev->own;
    if (own->may_block) {
        struct pollfd poll_fd = {.fd = chardev->fd_out, .events = POLLOUT};
        if (poll(&poll_fd, 1, 0) <= 0) {
            return 0;
        }
        len = MIN(len, BLOCKING_PIECE);
    }
    ssize_t n;
    do {
        n = write(chardev->fd_out, buf, len);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        return n;
    }
    if (errno == EAGAIN) {
        return 0;
    }
    if (!own->warned && errno != EPIPE && errno != EIO) {
        own->warned = true;
        message("warning: chardev '%s': output is lost: %s", chardev->id, strerror(errno));
    }
    return -1;
}

static void fd_connect(Chardev *chardev)
{
    chardev->opened = true;
    chardev_set_connected(chardev, true);
}

// ---- the terminal ----

static struct termios terminal_saved, terminal_raw;
static volatile sig_atomic_t terminal_is_raw;
static bool stdio_used;

void chardev_restore_terminal(void)
{
    if (terminal_is_raw) {
        terminal_is_raw = 0;
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal_saved);
    }
}

// The shell puts its own settings on the terminal while we are suspended.
static void terminal_continued(int signal_number)
{
    int saved_errno = errno;
    if (terminal_is_raw) {
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal_raw);
    }
    errno = saved_errno;
}

static void terminal_make_raw(bool signals)
{
    if (tcgetattr(STDIN_FILENO, &terminal_saved) < 0) {
        return; // not a terminal
    }
    struct termios raw = terminal_saved;
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_oflag |= OPOST;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    if (!signals) {
        raw.c_lflag &= ~(tcflag_t)ISIG;
    }
    raw.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    raw.c_cflag |= CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    static bool registered;
    if (!registered) {
        registered = true;
        atexit(chardev_restore_terminal);
        struct sigaction action = {.sa_handler = terminal_continued, .sa_flags = SA_RESTART};
        sigaction(SIGCONT, &action, NULL);
    }
    // A background job would be stopped by SIGTTOU here; it runs on and becomes raw with SIGCONT.
    sigset_t block, old;
    sigemptyset(&block);
    sigaddset(&block, SIGTTOU);
    terminal_raw = raw;
    terminal_is_raw = 1;
    sigprocmask(SIG_BLOCK, &block, &old);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

// ---- stdio ----

static bool stdio_parse(Chardev *chardev, Options *options, Error *err)
{
    CharFd *own = chardev->own;
    own->signals = true;
    if (!options_bool(options, "signal", &own->signals, err)) {
        return false;
    }
    if (stdio_used) {
        return fail(err, "cannot use stdio by multiple character devices");
    }
    stdio_used = true;
    return true;
}

static bool stdio_open(Chardev *chardev, Error *err)
{
    CharFd *own = chardev->own;
    struct stat st;
    chardev->fd_in = STDIN_FILENO;
    chardev->fd_out = STDOUT_FILENO;
    if (fstat(STDOUT_FILENO, &st) < 0) {
        return fail(err, "cannot use stdout: %s", strerror(errno));
    }
    if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
        int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0) {
            chardev->fd_out = fd;
            own->close_out = true;
        } else {
            own->may_block = true;
        }
    } else if (!S_ISREG(st.st_mode)) {
        own->may_block = true;
    }
    terminal_make_raw(own->signals);
    fd_connect(chardev);
    return true;
}

static void stdio_close(Chardev *chardev)
{
    CharFd *own = chardev->own;
    if (own->close_out) {
        close(chardev->fd_out);
    }
    chardev_restore_terminal();
    stdio_used = false;
}

const CharBackend char_stdio = {.name = "stdio", .size = sizeof(CharFd), .drain_ms = -1,
                                .parse = stdio_parse, .open = stdio_open, .close = stdio_close,
                                .write = fd_write};

// ---- file and pipe ----

static bool file_parse(Chardev *chardev, Options *options, Error *err)
{
    CharFd *own = chardev->own;
    const char *path = options_get(options, "path");
    if (!path) {
        return fail(err, "chardev: %s: no filename given", chardev->backend->name);
    }
    own->path = g_strdup(path);
    return chardev->backend == &char_pipe || options_bool(options, "append", &own->append, err);
}

static bool file_open(Chardev *chardev, Error *err)
{
    CharFd *own = chardev->own;
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | (own->append ? O_APPEND : O_TRUNC);
    chardev->fd_out = open(own->path, flags, 0666);
    if (chardev->fd_out < 0) {
        return fail(err, "Could not open '%s': %s", own->path, strerror(errno));
    }
    own->close_out = true;
    fd_connect(chardev);
    return true;
}

static void file_close(Chardev *chardev)
{
    CharFd *own = chardev->own;
    if (chardev->fd_in >= 0 && chardev->fd_in != chardev->fd_out) {
        close(chardev->fd_in);
    }
    if (chardev->fd_out >= 0) {
        close(chardev->fd_out);
    }
    g_free(own->path);
}

const CharBackend char_file = {.name = "file", .size = sizeof(CharFd), .drain_ms = -1,
                               .parse = file_parse, .open = file_open, .close = file_close,
                               .write = fd_write};

// PATH.in and PATH.out if they exist, else PATH for both ways.
static bool pipe_open(Chardev *chardev, Error *err)
{
    CharFd *own = chardev->own;
    int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK;
    char *in = g_strconcat(own->path, ".in", NULL), *out = g_strconcat(own->path, ".out", NULL);
    chardev->fd_in = open(in, flags);
    chardev->fd_out = open(out, flags);
    g_free(in);
    g_free(out);
    if (chardev->fd_in < 0 || chardev->fd_out < 0) {
        if (chardev->fd_in >= 0) {
            close(chardev->fd_in);
        }
        if (chardev->fd_out >= 0) {
            close(chardev->fd_out);
        }
        chardev->fd_in = chardev->fd_out = open(own->path, flags);
    }
    if (chardev->fd_in < 0) {
        return fail(err, "Could not open '%s': %s", own->path, strerror(errno));
    }
    fd_connect(chardev);
    return true;
}

const CharBackend char_pipe = {.name = "pipe", .size = sizeof(CharFd), .drain_ms = 2000,
                               .parse = file_parse, .open = pipe_open, .close = file_close,
                               .write = fd_write};

// ---- pty ----

static bool pty_open(Chardev *chardev, Error *err)
{
    CharFd *own = chardev->own;
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    const char *name = NULL;
    if (fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0) {
        name = ptsname(fd);
    }
    // Held open by us as well, so that the master never reads an end of file between two users.
    int slave = name ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (slave < 0) {
        fail(err, "cannot make a pseudo-terminal: %s", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    struct termios raw;
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    own->path = g_strdup(name);
    own->slave = slave;
    chardev->fd_in = chardev->fd_out = fd;
    fprintf(stderr, "char device redirected to %s (label %s)\n", name, chardev->id);
    fd_connect(chardev);
    return true;
}

static void pty_close(Chardev *chardev)
{
    CharFd *own = chardev->own;
    if (chardev->fd_out >= 0) {
        close(own->slave);
    }
    file_close(chardev);
}

static char *pty_filename(const Chardev *chardev)
{
    const CharFd *own = chardev->own;
    return g_strdup_printf("pty:%s", own->path ? own->path : "");
}

const CharBackend char_pty = {.name = "pty", .size = sizeof(CharFd), .drops = true,
                              .drain_ms = 0, .open = pty_open, .close = pty_close,
                              .write = fd_write, .filename = pty_filename};
