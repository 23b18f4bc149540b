// SPDX-License-Identifier: GPL-2.0-or-later
// -object filter-dump: a netdev's frames in a pcap file (the classic format: magic 0xa1b2c3d4, version 2.4,
// microseconds, Ethernet).
//
// Frames are noted on the machine thread where they pass the card's port, with the virtual clock as their time: so
// a replay writes the same bytes as its recording did. A frame is one write to the page cache; pipes, which could
// block, are refused. The first error ends the file, with a warning.
#include "net/netdev-host.h"
#include "util/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

typedef struct NetDump {
    char *id, *netdev, *path, *queue;
    uint64_t maxlen;
    bool from_card, to_card;
    bool on;
    int fd; // -1: not open, or ended
} NetDump;

typedef struct PcapHeader {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, accuracy, snap_bytes, link_type;
} PcapHeader;

typedef struct PcapFrame {
    uint32_t seconds, microseconds, kept_bytes, bytes;
} PcapFrame;

enum { DUMP_DEFAULT_MAX = 65536, LINK_ETHERNET = 1 };

static GPtrArray *dumps; // NetDump *

static void dump_free(void *ctx)
{
    NetDump *dump = ctx;
    if (dump->fd >= 0) {
        close(dump->fd);
    }
    g_free(dump->id);
    g_free(dump->netdev);
    g_free(dump->path);
    g_free(dump->queue);
    g_free(dump);
}

static bool parse(NetDump *dump, Options *options, Error *err)
{
    const char *queue = options_get(options, "queue"), *status = options_get(options, "status");
    const char *required[] = {options_id(options), options_get(options, "netdev"), options_get(options, "file")};
    static const char *const names[] = {"id", "netdev", "file"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!required[i]) {
            return fail(err, "Parameter '%s' is missing", names[i]);
        }
    }
    (void)options_get(options, "position"); // filters see the same frames, wherever they stand
    (void)options_get(options, "insert");
    queue = queue ? queue : "all";
    if (strcmp(queue, "all") != 0 && strcmp(queue, "rx") != 0 && strcmp(queue, "tx") != 0) {
        return fail(err, "Parameter 'queue' does not accept value '%s'", queue);
    }
    if (status && strcmp(status, "on") != 0 && strcmp(status, "off") != 0) {
        return fail(err, "Invalid value for netfilter status: should be 'on' or 'off'");
    }
    *dump = (NetDump){.id = g_strdup(required[0]), .netdev = g_strdup(required[1]),
                      .path = g_strdup(required[2]), .queue = g_strdup(queue), .maxlen = DUMP_DEFAULT_MAX,
                      .from_card = strcmp(queue, "tx") != 0, .to_card = strcmp(queue, "rx") != 0,
                      .on = !status || strcmp(status, "on") == 0, .fd = -1};
    if (options_get(options, "maxlen") && !options_number(options, "maxlen", &dump->maxlen, err)) {
        return fail(err, "Parameter 'maxlen' expects a uint64 value");
    }
    if (dump->maxlen == 0) {
        return fail(err, "Property 'filter-dump.maxlen' doesn't take value '0'");
    }
    dump->maxlen = MIN(dump->maxlen, NET_FRAME_MAX);
    return options_finish(options, err);
}

bool net_dump_add(const char *option, Error *err)
{
    Options *options = options_parse(option, "qom-type", err);
    if (!options) {
        return false;
    }
    NetDump *dump = g_new0(NetDump, 1);
    (void)options_get(options, "qom-type");
    dump->fd = -1;
    bool ok = parse(dump, options, err);
    options_free(options);
    for (unsigned i = 0; ok && dumps && i < dumps->len; i++) {
        if (strcmp(((NetDump *)dumps->pdata[i])->id, dump->id) == 0) {
            ok = fail(err, "attempt to add duplicate property '%s' to object (type 'container')", dump->id);
        }
    }
    if (!ok) {
        dump_free(dump);
        return false;
    }
    dumps = dumps ? dumps : g_ptr_array_new_with_free_func(dump_free);
    g_ptr_array_add(dumps, dump);
    return true;
}

static bool dump_open(NetDump *dump, Error *err)
{
    PcapHeader header = {.magic = 0xa1b2c3d4, .major = 2, .minor = 4, .snap_bytes = (uint32_t)dump->maxlen,
                         .link_type = LINK_ETHERNET};
    struct stat st;
    dump->fd = open(dump->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644);
    if (dump->fd < 0 || fstat(dump->fd, &st) < 0) {
        return fail(err, "net dump: can't open %s: %s", dump->path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) {
        return fail(err, "net dump: can't open %s: Not a regular file", dump->path);
    }
    return write(dump->fd, &header, sizeof(header)) == sizeof(header) ||
           fail(err, "net dump write error: %s", strerror(errno));
}

bool net_dumps_open(Error *err)
{
    for (unsigned i = 0; dumps && i < dumps->len; i++) {
        NetDump *dump = dumps->pdata[i];
        if (!netdev_find(dump->netdev)) {
            return fail(err, "Parameter 'netdev' expects a network backend id");
        }
        if (dump->fd < 0 && !dump_open(dump, err)) {
            return false;
        }
    }
    return true;
}

static void dump_frame(NetDump *dump, const uint8_t *frame, size_t len, int64_t now_ns)
{
    PcapFrame header = {.seconds = (uint32_t)(now_ns / 1000000000),
                        .microseconds = (uint32_t)(now_ns / 1000 % 1000000),
                        .kept_bytes = (uint32_t)MIN(len, dump->maxlen), .bytes = (uint32_t)len};
    struct iovec parts[] = {{&header, sizeof(header)}, {(void *)frame, header.kept_bytes}};
    off_t end = lseek(dump->fd, 0, SEEK_CUR);
    ssize_t n = writev(dump->fd, parts, G_N_ELEMENTS(parts));
    if (n != (ssize_t)(sizeof(header) + header.kept_bytes)) {
        message("warning: filter-dump %s: %s ends here: %s", dump->id, dump->path,
                n < 0 ? strerror(errno) : strerror(ENOSPC));
        (void)!ftruncate(dump->fd, end); // without half a frame
        close(dump->fd);
        dump->fd = -1;
    }
}

// Machine thread; `dumps` doesn't change while it runs.
void net_dump_frame(const char *netdev, bool from_card, const uint8_t *frame, size_t len, int64_t now_ns)
{
    for (unsigned i = 0; dumps && i < dumps->len; i++) {
        NetDump *dump = dumps->pdata[i];
        if (dump->fd >= 0 && dump->on && (from_card ? dump->from_card : dump->to_card) &&
            strcmp(dump->netdev, netdev) == 0) {
            dump_frame(dump, frame, len, now_ns);
        }
    }
}

void net_dumps_text(const char *netdev, bool *first, GString *text)
{
    for (unsigned i = 0; dumps && i < dumps->len; i++) {
        const NetDump *dump = dumps->pdata[i];
        if (strcmp(dump->netdev, netdev) == 0) {
            g_string_append_printf(text,
                                   "%s  - %s: type=filter-dump,file=%s,maxlen=%" G_GUINT64_FORMAT
                                   ",status=%s,netdev=%s,queue=%s\n",
                                   *first ? "filters:\n" : "", dump->id, dump->path, dump->maxlen,
                                   dump->on ? "on" : "off", netdev, dump->queue);
            *first = false;
        }
    }
}

void net_dumps_clear(void) { g_clear_pointer(&dumps, g_ptr_array_unref); }
