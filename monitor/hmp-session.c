// SPDX-License-Identifier: GPL-2.0-or-later
// A human monitor on a chardev: banner, prompt, and a line that can be edited as VT100 terminals do.
//
// Keys: Backspace, Tab (names of commands), Ctrl-A, -B, -D, -E, -F, -K, -N, -P, -U, -W, arrows (history is 64
// lines), Home, End, Delete. A line is bounded at 4095 bytes.
#include "monitor/command.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4095, HISTORY_MAX = 64 };

static const char prompt[] = "(qemu) ";

typedef enum EscapeState { ESCAPE_NONE, ESCAPE_STARTED, ESCAPE_CSI } EscapeState;

typedef struct HmpSession {
    Session session;
    bool greeted;
    bool busy;           // a command runs
    bool closed;         // the chardev closed or the session ended while it ran
    bool dead;           // free it when the command is done
    GString *input;      // bytes that came while it ran
    GString *line;
    gsize cursor;
    GPtrArray *history;  // char *
    unsigned history_at; // == history->len: the new line
    EscapeState escape;
    char csi;            // first parameter digit of an escape sequence
    bool after_cr;       // a \n after a \r is part of it
} HmpSession;

static void out(HmpSession *hmp, const char *text) { char_write(hmp->session.end, text, strlen(text)); }

// ---- the line on the screen ----

static void redraw(HmpSession *hmp)
{
    GString *text = g_string_new("\r");
    g_string_append(text, prompt);
    g_string_append_len(text, hmp->line->str, (gssize)hmp->line->len);
    g_string_append(text, "\033[K");
    if (hmp->cursor < hmp->line->len) {
        g_string_append_printf(text, "\033[%uD", (unsigned)(hmp->line->len - hmp->cursor));
    }
    char_write(hmp->session.end, text->str, text->len);
    g_string_free(text, TRUE);
}

static void show_prompt(HmpSession *hmp)
{
    g_string_truncate(hmp->line, 0);
    hmp->cursor = 0;
    hmp->history_at = hmp->history->len;
    out(hmp, prompt);
}

static void insert(HmpSession *hmp, char ch)
{
    if (hmp->line->len >= LINE_MAX_BYTES) {
        return;
    }
    bool at_end = hmp->cursor == hmp->line->len;
    g_string_insert_c(hmp->line, (gssize)hmp->cursor++, ch);
    if (at_end) {
        char_write(hmp->session.end, &ch, 1);
    } else {
        redraw(hmp);
    }
}

static void erase(HmpSession *hmp, gsize from, gsize to)
{
    g_string_erase(hmp->line, (gssize)from, (gssize)(to - from));
    hmp->cursor = from;
    redraw(hmp);
}

static gsize word_start(const HmpSession *hmp)
{
    gsize at = hmp->cursor;
    while (at && g_ascii_isspace(hmp->line->str[at - 1])) {
        at--;
    }
    while (at && !g_ascii_isspace(hmp->line->str[at - 1])) {
        at--;
    }
    return at;
}

static void recall(HmpSession *hmp, int step)
{
    unsigned to = hmp->history_at + (unsigned)step;
    if (to > hmp->history->len) {
        return; // before the oldest (wrapped) or behind the new line
    }
    hmp->history_at = to;
    g_string_assign(hmp->line, to < hmp->history->len ? hmp->history->pdata[to] : "");
    hmp->cursor = hmp->line->len;
    redraw(hmp);
}

static void move_to(HmpSession *hmp, gsize to)
{
    hmp->cursor = MIN(to, hmp->line->len);
    redraw(hmp);
}

// ---- completion ----

// The bytes that all begin with.
static size_t common_prefix(const GPtrArray *names)
{
    const char *first = names->pdata[0];
    size_t len = strlen(first);
    for (unsigned i = 1; i < names->len; i++) {
        const char *name = names->pdata[i];
        size_t k = 0;
        while (k < len && name[k] == first[k]) {
            k++;
        }
        len = k;
    }
    return len;
}

static void show_names(HmpSession *hmp, const GPtrArray *names)
{
    enum { COLUMNS = 80 };
    size_t width = 0, column = 0;
    GString *text = g_string_new("\r\n");
    for (unsigned i = 0; i < names->len; i++) {
        width = MAX(width, strlen(names->pdata[i]) + 2);
    }
    for (unsigned i = 0; i < names->len; i++) {
        bool last = i + 1 == names->len || column + 2 * width > COLUMNS;
        g_string_append_printf(text, "%-*s%s", last ? 0 : (int)width, (char *)names->pdata[i], last ? "\r\n" : "");
        column = last ? 0 : column + width;
    }
    char_write(hmp->session.end, text->str, text->len);
    g_string_free(text, TRUE);
    redraw(hmp);
}

static void complete(HmpSession *hmp)
{
    char *before = g_strndup(hmp->line->str, hmp->cursor);
    size_t word;
    GPtrArray *names = hmp_complete(before, &word);
    size_t typed = strlen(before) - MIN(word, strlen(before));
    if (names->len) {
        const char *first = names->pdata[0];
        size_t len = common_prefix(names);
        for (size_t i = typed; i < len; i++) {
            insert(hmp, first[i]);
        }
        if (names->len == 1) {
            insert(hmp, ' ');
        } else if (len == typed) {
            show_names(hmp, names);
        }
    }
    g_ptr_array_unref(names);
    g_free(before);
}

// ---- running ----

static void session_free(Session *session);
static void process(HmpSession *hmp);

static void line_done(void *ctx, GString *text)
{
    HmpSession *hmp = ctx;
    hmp->busy = false;
    if (hmp->dead) {
        session_free(&hmp->session);
        return;
    }
    if (!hmp->closed) {
        char_write(hmp->session.end, text->str, text->len);
        show_prompt(hmp);
    }
    hmp->closed = false;
    process(hmp);
}

static void enter(HmpSession *hmp)
{
    out(hmp, "\r\n");
    char *line = g_strdup(hmp->line->str);
    unsigned n = hmp->history->len;
    if (*line && (n == 0 || strcmp(hmp->history->pdata[n - 1], line) != 0)) {
        g_ptr_array_add(hmp->history, g_strdup(line));
        if (n == HISTORY_MAX) {
            g_ptr_array_remove_index(hmp->history, 0);
        }
    }
    g_string_truncate(hmp->line, 0);
    hmp->cursor = 0;
    hmp->busy = true;
    monitor.history = hmp->history;
    hmp_run_line(line, line_done, hmp);
    monitor.history = NULL;
    g_free(line);
}

// ---- keys ----

static void key_csi(HmpSession *hmp, char ch)
{
    if (g_ascii_isdigit(ch) || ch == ';') {
        hmp->csi = hmp->csi ? hmp->csi : ch;
        return;
    }
    hmp->escape = ESCAPE_NONE;
    switch (ch) {
    case 'A': recall(hmp, -1); return;
    case 'B': recall(hmp, 1); return;
    case 'C': move_to(hmp, hmp->cursor + 1); return;
    case 'D': move_to(hmp, hmp->cursor ? hmp->cursor - 1 : 0); return;
    case 'H': move_to(hmp, 0); return;
    case 'F': move_to(hmp, hmp->line->len); return;
    case '~':
        if (hmp->csi == '3' && hmp->cursor < hmp->line->len) {
            erase(hmp, hmp->cursor, hmp->cursor + 1);
        } else if (hmp->csi == '1' || hmp->csi == '4') {
            move_to(hmp, hmp->csi == '1' ? 0 : hmp->line->len);
        }
        return;
    }
}

static void key_plain(HmpSession *hmp, char ch)
{
    switch (ch) {
    case '\r':
    case '\n': enter(hmp); return;
    case 8:
    case 127:
        if (hmp->cursor) {
            erase(hmp, hmp->cursor - 1, hmp->cursor);
        }
        return;
    case '\t': complete(hmp); return;
    case 1: move_to(hmp, 0); return;
    case 2: move_to(hmp, hmp->cursor ? hmp->cursor - 1 : 0); return;
    case 6: move_to(hmp, hmp->cursor + 1); return;
    case 14: recall(hmp, 1); return;
    case 16: recall(hmp, -1); return;
    case 4:
        if (hmp->cursor < hmp->line->len) {
            erase(hmp, hmp->cursor, hmp->cursor + 1);
        }
        return;
    case 5: move_to(hmp, hmp->line->len); return;
    case 11: erase(hmp, hmp->cursor, hmp->line->len); return;
    case 21: erase(hmp, 0, hmp->cursor); return;
    case 23: erase(hmp, word_start(hmp), hmp->cursor); return;
    case 27: hmp->escape = ESCAPE_STARTED; return;
    }
    if ((uint8_t)ch >= 32) {
        insert(hmp, ch);
    }
}

static void key(HmpSession *hmp, char ch)
{
    bool after_cr = hmp->after_cr;
    hmp->after_cr = ch == '\r';
    if (ch == '\n' && after_cr) {
        return;
    }
    if (hmp->escape == ESCAPE_STARTED) {
        hmp->escape = ch == '[' || ch == 'O' ? ESCAPE_CSI : ESCAPE_NONE;
        hmp->csi = 0;
    } else if (hmp->escape == ESCAPE_CSI) {
        key_csi(hmp, ch);
    } else {
        key_plain(hmp, ch);
    }
}

static void process(HmpSession *hmp)
{
    gsize used = 0;
    // A command that ends at once comes back here from inside `key`; the outer loop then finds no input.
    GString *input = hmp->input;
    hmp->input = g_string_new(NULL);
    while (used < input->len && !hmp->busy) {
        key(hmp, input->str[used++]);
    }
    g_string_prepend_len(hmp->input, input->str + used, (gssize)(input->len - used));
    g_string_free(input, TRUE);
    char_accept_input(hmp->session.end);
}

// ---- the chardev's side ----

static size_t session_can_read(void *ctx)
{
    HmpSession *hmp = ctx;
    return hmp->busy || hmp->input->len ? 0 : 1024;
}

static void session_read(void *ctx, const uint8_t *buf, size_t len)
{
    HmpSession *hmp = ctx;
    g_string_append_len(hmp->input, (const char *)buf, (gssize)len);
    if (!hmp->busy) {
        process(hmp);
    }
}

static void greet(HmpSession *hmp)
{
    if (hmp->greeted) {
        return;
    }
    hmp->greeted = true;
    out(hmp, "Backstep " BACKSTEP_VERSION " monitor - type 'help' for more information\r\n");
    show_prompt(hmp);
}

static void session_event(void *ctx, CharEvent event)
{
    HmpSession *hmp = ctx;
    switch (event) {
    case CHAR_OPENED:
        // Behind another client of a multiplexer the greeting waits for the focus.
        if (char_in_focus(hmp->session.end)) {
            greet(hmp);
        }
        return;
    case CHAR_CLOSED:
        hmp->greeted = false;
        hmp->closed = hmp->busy;
        g_string_truncate(hmp->input, 0);
        g_string_truncate(hmp->line, 0);
        hmp->cursor = 0;
        hmp->escape = ESCAPE_NONE;
        return;
    case CHAR_MUX_IN:
        if (hmp->greeted && !hmp->busy) {
            redraw(hmp);
        } else {
            greet(hmp);
        }
        return;
    case CHAR_MUX_OUT: return;
    }
}

static const CharFrontend frontend = {session_can_read, session_read, session_event};

static void session_free(Session *session)
{
    HmpSession *hmp = (HmpSession *)session;
    if (session->end) {
        char_detach(session->end);
        session->end = NULL;
    }
    if (hmp->busy) {
        hmp->dead = true;
        return;
    }
    g_string_free(hmp->input, TRUE);
    g_string_free(hmp->line, TRUE);
    g_ptr_array_unref(hmp->history);
    g_free(hmp);
}

Session *hmp_session_new(Chardev *chardev, Error *err)
{
    HmpSession *hmp = g_new0(HmpSession, 1);
    hmp->session = (Session){.free = session_free};
    hmp->input = g_string_new(NULL);
    hmp->line = g_string_new(NULL);
    hmp->history = g_ptr_array_new_with_free_func(g_free);
    hmp->session.end = char_attach(chardev, &frontend, hmp, err);
    if (!hmp->session.end) {
        session_free(&hmp->session);
        return NULL;
    }
    return &hmp->session;
}
