// SPDX-License-Identifier: GPL-2.0-or-later
// -netdev socket between two of them and against plain sockets, guestfwd, restrict, and filter-dump's files.
#include "tests/net/card.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// A port of loopback that is free now.
static unsigned free_port(int type)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, type, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&addr, &len), ==, 0);
    close(fd);
    return ntohs(addr.sin_port);
}

static int tcp_connect(unsigned port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    return fd;
}

static void send_text(const char *text) { net_port_send(card.port, (const uint8_t *)text, strlen(text)); }

// The frames that came, joined by commas, are these.
static void assert_frames(const char *expected)
{
    GString *all = g_string_new(NULL);
    settle(20);
    for (unsigned i = 0; i < card.frames->len; i++) {
        const GByteArray *frame = card.frames->pdata[i];
        g_string_append_printf(all, "%s%.*s", i ? "," : "", (int)frame->len, (const char *)frame->data);
    }
    g_assert_cmpstr(all->str, ==, expected);
    g_ptr_array_set_size(card.frames, 0);
    g_string_free(all, TRUE);
}

static void assert_bytes(int fd, const char *expected, size_t len)
{
    char buf[256];
    settle(20);
    ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
    g_assert_cmpmem(buf, (int)n, expected, (int)len);
}

static void assert_text(const char *expected)
{
    char *text = net_info_text();
    g_assert_nonnull(strstr(text, expected));
    g_free(text);
}

// ---- socket ----

static void test_listen(void)
{
    unsigned port = free_port(SOCK_STREAM);
    char *option = g_strdup_printf("socket,id=n,listen=127.0.0.1:%u", port);
    begin(option);
    net_port_credit(card.port, 100);
    open_net();
    assert_text("type=socket,socket: listening on 127.0.0.1:");
    send_text("nobody hears"); // no cable: lost
    settle(5);
    int fd = tcp_connect(port);
    settle(20);
    assert_text("type=socket,socket: connection from 127.0.0.1:");
    send_text("out");
    assert_bytes(fd, "\0\0\0\3out", 7);
    // Frames in pieces, several in one.
    g_assert_cmpint(write(fd, "\0\0\0\2ab\0\0", 8), ==, 8);
    assert_frames("ab");
    g_assert_cmpint(write(fd, "\0\3cde\0\0\0\1f\0", 11), ==, 11);
    assert_frames("cde,f");
    // The next connection starts afresh, and what isn't a stream of frames ends one.
    close(fd);
    settle(20);
    fd = tcp_connect(port);
    settle(20);
    g_assert_cmpint(write(fd, "\0\0\0\1g", 5), ==, 5);
    assert_frames("g");
    g_assert_cmpint(write(fd, "\377\377\377\377junk", 8), ==, 8);
    settle(20);
    assert_text("listening on");
    close(fd);
    end();
    g_free(option);
}

// Both ends are ours; also one that reads nothing: we keep 1 MiB and drop the rest.
static void test_connect(void)
{
    unsigned port = free_port(SOCK_STREAM);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    g_assert_cmpint(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    char *option = g_strdup_printf("socket,id=n,connect=127.0.0.1:%u", port);
    begin(option);
    net_port_credit(card.port, 100);
    open_net();
    settle(20);
    int fd = accept(listener, NULL, NULL);
    g_assert_cmpint(write(fd, "\0\0\0\2hi", 6), ==, 6);
    assert_frames("hi");
    // Stopped: nothing is read until the machine runs again.
    net_set_running(false);
    g_assert_cmpint(write(fd, "\0\0\0\1x", 5), ==, 5);
    assert_frames("");
    net_set_running(true);
    assert_frames("x");
    static uint8_t frame[1500];
    for (unsigned i = 0; i < 20000; i++) {
        net_port_send(card.port, frame, sizeof(frame));
        if (i % 100 == 0) {
            settle(1);
        }
    }
    size_t got = 0;
    for (unsigned quiet = 0; quiet < 20; quiet++) {
        static uint8_t buf[65536];
        settle(1);
        for (ssize_t n; (n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0; got += (size_t)n) {
            quiet = 0;
        }
    }
    g_assert_cmpuint(got % (sizeof(frame) + 4), ==, 0); // whole frames
    g_assert_cmpuint(got, <, 20000 * (sizeof(frame) + 4));
    close(fd);
    settle(20);
    send_text("gone"); // and no complaint
    settle(5);
    close(listener);
    end();
    g_free(option);
}

static void test_udp_frames(void)
{
    unsigned port = free_port(SOCK_DGRAM), local = free_port(SOCK_DGRAM);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)local),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    char *option = g_strdup_printf("socket,id=n,udp=127.0.0.1:%u,localaddr=127.0.0.1:%u", port, local);
    begin(option);
    net_port_credit(card.port, 100);
    open_net();
    send_text("frame");
    assert_bytes(fd, "frame", 5);
    g_assert_cmpint(sendto(fd, "back", 4, 0, (struct sockaddr *)&to, sizeof(to)), ==, 4);
    assert_frames("back");
    close(fd);
    send_text("lost");
    settle(5);
    send_text("lost");
    settle(5);
    end();
    g_free(option);
}

// ---- guestfwd ----

static const uint8_t server_ip[4] = {10, 0, 2, 100};
static uint32_t seq, ack;

static bool is_tcp(const GByteArray *frame) { return is_ip(frame, 6); }

static uint32_t get32(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

static void send_tcp(uint8_t flags, const char *text)
{
    unsigned len = (unsigned)strlen(text);
    GByteArray *tcp = g_byte_array_new(), *pseudo = g_byte_array_new();
    put16(tcp, 4444);
    put16(tcp, 80);
    put16(tcp, seq >> 16);
    put16(tcp, seq & 0xffff);
    put16(tcp, ack >> 16);
    put16(tcp, ack & 0xffff);
    put16(tcp, 0x5000u | flags);
    put16(tcp, 8192);
    put16(tcp, 0);
    put16(tcp, 0);
    g_byte_array_append(tcp, (const uint8_t *)text, len);
    g_byte_array_append(pseudo, card_ip, 4);
    g_byte_array_append(pseudo, server_ip, 4);
    put16(pseudo, 6);
    put16(pseudo, tcp->len);
    g_byte_array_append(pseudo, tcp->data, tcp->len);
    unsigned sum = checksum(pseudo->data, pseudo->len);
    tcp->data[16] = (uint8_t)(sum >> 8);
    tcp->data[17] = (uint8_t)sum;
    frame_send(ip_frame(card_ip, server_ip, 6, tcp));
    g_byte_array_unref(tcp);
    g_byte_array_unref(pseudo);
    seq += len + (flags & 2 ? 1 : 0);
}

// The three-way handshake with 10.0.2.100:80.
static void tcp_open(void)
{
    seq = 1000;
    ack = 0;
    send_arp(1, server_ip);
    settle(20);
    send_tcp(2, "");
    GByteArray *reply = wait_for(is_tcp);
    g_assert_cmpuint(reply->data[47], ==, 0x12);
    g_assert_cmpuint(get32(reply->data + 42), ==, seq);
    ack = get32(reply->data + 38) + 1;
    free_all(reply);
    send_tcp(0x10, "");
}

// The text of the next segment that has some.
static void assert_segment(const char *expected)
{
    for (;;) {
        GByteArray *frame = wait_for(is_tcp);
        unsigned total = frame->data[16] * 256u + frame->data[17], head = (frame->data[46] >> 4) * 4u;
        int len = (int)(total - 20 - head);
        if (len > 0) {
            g_assert_cmpmem(frame->data + 34 + head, len, expected, (int)strlen(expected));
            ack += (uint32_t)len;
            send_tcp(0x10, "");
            free_all(frame);
            return;
        }
        free_all(frame);
    }
}

static void test_guestfwd_cmd(void)
{
    begin("user,id=n,restrict=on,guestfwd=tcp:10.0.2.100:80-cmd:tr a-z A-Z");
    net_port_credit(card.port, 100);
    open_net();
    tcp_open();
    send_tcp(0x18, "shout\n");
    send_tcp(0x11, ""); // FIN, so that tr ends and its output comes
    assert_segment("SHOUT\n");
    end();
}

static struct {
    GString *got;
    const NetStreamUser *user;
    void *ctx;
    char *spec, *id;
    unsigned closed;
} stream;

static void *stream_open(const char *spec, const char *id, const NetStreamUser *user, void *ctx, Error *err)
{
    if (strcmp(spec, "bad") == 0) {
        fail(err, "'bad' is not a valid char driver");
        return NULL;
    }
    stream.user = user;
    stream.ctx = ctx;
    stream.spec = g_strdup(spec);
    stream.id = g_strdup(id);
    stream.got = g_string_new(NULL);
    return &stream;
}

static bool stream_write(void *s, const void *buf, size_t len)
{
    g_string_append_len(stream.got, buf, (gssize)len);
    return true;
}

static void stream_resumed(void *s) {}
static void stream_close(void *s) { stream.closed++; }

static void test_guestfwd_stream(void)
{
    static const NetStreams streams = {stream_open, stream_write, stream_resumed, stream_close};
    Error err = {0};
    net_set_streams(&streams);
    begin("user,id=n,guestfwd=tcp:10.0.2.100:80-tcp:127.0.0.1:9");
    net_port_credit(card.port, 100);
    // While replaying nothing is opened.
    g_assert_true(net_open_all(REPLAY_PLAY, &err));
    g_assert_null(stream.spec);
    open_net();
    g_assert_cmpstr(stream.spec, ==, "tcp:127.0.0.1:9");
    g_assert_cmpstr(stream.id, ==, "guestfwd.tcp.80");
    g_assert_cmpuint(stream.user->can_read(stream.ctx), ==, 0); // no connection yet
    tcp_open();
    send_tcp(0x18, "from the guest");
    settle(20);
    g_assert_cmpstr(stream.got->str, ==, "from the guest");
    g_assert_cmpuint(stream.user->can_read(stream.ctx), >, 100);
    stream.user->read(stream.ctx, (const uint8_t *)"to it", 5);
    assert_segment("to it");
    end();
    g_assert_cmpuint(stream.closed, ==, 1);
    g_free(stream.spec);
    g_free(stream.id);
    g_string_free(stream.got, TRUE);
    // Outside of the network, or no such chardev: said when it is opened.
    begin("user,id=n,guestfwd=tcp:10.0.3.100:80-cmd:cat");
    g_assert_false(net_open_all(REPLAY_NONE, &err));
    g_assert_cmpstr(err.msg, ==,
                    "Conflicting/invalid host:port in guest forwarding rule 'tcp:10.0.3.100:80-cmd:cat'");
    end();
    begin("user,id=n,guestfwd=tcp:10.0.2.100:80-bad");
    g_assert_false(net_open_all(REPLAY_NONE, &err));
    g_assert_cmpstr(err.msg, ==, "'bad' is not a valid char driver");
    end();
}

// ---- filter-dump ----

typedef struct Frame {
    uint32_t seconds, microseconds, kept, bytes;
} Frame;

static const char *check_frame(const char *at, int64_t us, const char *text, unsigned bytes)
{
    Frame frame;
    memcpy(&frame, at, sizeof(frame));
    g_assert_cmpint((int64_t)frame.seconds * 1000000 + frame.microseconds, ==, us);
    g_assert_cmpuint(frame.bytes, ==, bytes);
    g_assert_cmpmem(at + sizeof(frame), (int)frame.kept, text, (int)strlen(text));
    return at + sizeof(frame) + frame.kept;
}

static void test_dump(void)
{
    Error err = {0};
    char *dir = g_dir_make_tmp("dump-XXXXXX", NULL), *all = g_build_filename(dir, "all", NULL);
    char *out = g_build_filename(dir, "out", NULL), *bytes;
    char *first = g_strdup_printf("filter-dump,id=f,netdev=n,file=%s,maxlen=4", all);
    char *second = g_strdup_printf("filter-dump,id=g,netdev=n,file=%s,queue=rx", out);
    gsize len;
    unsigned port = free_port(SOCK_DGRAM), local = free_port(SOCK_DGRAM);
    char *option = g_strdup_printf("socket,id=n,udp=127.0.0.1:%u,localaddr=127.0.0.1:%u", port, local);
    begin(option);
    net_port_credit(card.port, 100);
    g_assert_true(net_object_add(first, &err));
    g_assert_true(net_object_add(second, &err));
    open_net();
    card.machine.offset_ns = 3000000000 + 5000;
    send_text("sent it");
    card.machine.offset_ns = 4000000000;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)local),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    g_assert_cmpint(sendto(fd, "abc", 3, 0, (struct sockaddr *)&to, sizeof(to)), ==, 3);
    assert_frames("abc");
    close(fd);
    assert_text("filters:\n  - f: type=filter-dump,file=");
    end();
    g_assert_true(g_file_get_contents(all, &bytes, &len, NULL));
    g_assert_cmpmem(bytes, 24, "\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\4\0\0\0\1\0\0\0", 24);
    const char *at = check_frame(bytes + 24, 3000005, "sent", 7);
    at = check_frame(at, 4000000, "abc", 3);
    g_assert_true(at == bytes + len);
    g_free(bytes);
    g_assert_true(g_file_get_contents(out, &bytes, &len, NULL));
    at = check_frame(bytes + 24, 3000005, "sent it", 7); // rx: what the netdev receives
    g_assert_true(at == bytes + len);
    g_free(bytes);
    char *command = g_strdup_printf("rm -r '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(command);
    g_free(first);
    g_free(second);
    g_free(option);
    g_free(all);
    g_free(out);
    g_free(dir);
}

static void test_dump_errors(void)
{
    static const struct {
        const char *option, *message;
    } rows[] = {
        {"filter-dump,id=f,netdev=n", "Parameter 'file' is missing"},
        {"filter-dump,id=f,file=x", "Parameter 'netdev' is missing"},
        {"filter-dump,netdev=n,file=x", "Parameter 'id' is missing"},
        {"filter-dump,id=f,netdev=n,file=x,maxlen=-1", "Parameter 'maxlen' expects a uint64 value"},
        {"filter-dump,id=f,netdev=n,file=x,queue=foo", "Parameter 'queue' does not accept value 'foo'"},
        {"filter-dump,id=f,netdev=n,file=x,foo=1", "Invalid parameter 'foo'"},
        {"filter-mirror,id=f,netdev=n", "filter-mirror is not supported; there are filter-replay and filter-dump"},
    };
    Error err = {0};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_false(net_object_add(rows[i].option, &err));
        g_assert_cmpstr(err.msg, ==, rows[i].message);
    }
    begin("user,id=n");
    g_assert_true(net_object_add("filter-dump,id=f,netdev=n,file=/nonexistent/x", &err));
    g_assert_false(net_open_all(REPLAY_PLAY, &err));
    g_assert_cmpstr(err.msg, ==, "net dump: can't open /nonexistent/x: No such file or directory");
    end();
    begin("user,id=n");
    g_assert_true(net_object_add("filter-dump,id=f,netdev=zz,file=/dev/null", &err));
    g_assert_false(net_open_all(REPLAY_PLAY, &err));
    g_assert_cmpstr(err.msg, ==, "Parameter 'netdev' expects a network backend id");
    end();
}

// ---- fragments ----

// One fragment of `ping`, whose header says offset and whether more come.
static void send_fragment(const GByteArray *ping, unsigned offset, unsigned bytes, bool more)
{
    GByteArray *part = g_byte_array_new();
    g_byte_array_append(part, ping->data + offset, bytes);
    GByteArray *frame = ip_frame(card_ip, host_ip, 1, part);
    uint8_t *ip = frame->data + 14;
    ip[4] = 0x12; // identification
    ip[6] = (uint8_t)((more ? 0x20 : 0) | offset / 8 >> 8);
    ip[7] = (uint8_t)(offset / 8);
    ip[10] = ip[11] = 0;
    unsigned sum = checksum(ip, 20);
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
    frame_send(frame);
    g_byte_array_unref(part);
}

static void test_fragments(void)
{
    GByteArray *ping = g_byte_array_new();
    for (unsigned i = 0; i < 1003; i++) {
        uint8_t byte = i == 0 ? 8 : i < 4 ? 0 : (uint8_t)i;
        g_byte_array_append(ping, &byte, 1);
    }
    unsigned sum = checksum(ping->data, ping->len);
    ping->data[2] = (uint8_t)(sum >> 8);
    ping->data[3] = (uint8_t)sum;
    begin("user,id=n");
    net_port_credit(card.port, 100);
    open_net();
    send_arp(1, host_ip);
    settle(20);
    // In any order, and only when all are there.
    send_fragment(ping, 800, 203, false);
    send_fragment(ping, 0, 400, true);
    settle(20);
    g_assert_null(take(is_ping_reply));
    send_fragment(ping, 400, 400, true);
    GByteArray *reply = wait_for(is_ping_reply);
    g_assert_cmpuint(reply->len, ==, 14 + 20 + 1003);
    g_assert_cmpmem(reply->data + 34 + 4, 999, ping->data + 4, 999);
    free_all(reply);
    // Those that overlap, or don't end on eight bytes, or lie beyond 64 KiB, drop their datagram.
    send_fragment(ping, 0, 408, true);
    send_fragment(ping, 400, 400, true);
    send_fragment(ping, 408, 392, true);
    send_fragment(ping, 800, 203, false);
    send_fragment(ping, 0, 399, true);
    settle(20);
    g_assert_null(take(is_ping_reply));
    for (unsigned i = 0; i < 100; i++) { // and no number of unfinished ones disturbs the next
        send_fragment(ping, 0, 8 * (1 + i), true);
    }
    settle(20);
    send_ping(7, 100);
    reply = wait_for(is_ping_reply);
    free_all(reply);
    g_byte_array_unref(ping);
    end();
}

// ---- restrict ----

static void test_restrict(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    char buf[16];
    int server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(server, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(getsockname(server, (struct sockaddr *)&addr, &len), ==, 0);
    for (unsigned restricted = 0; restricted < 2; restricted++) {
        begin(restricted ? "user,id=n,restrict=on" : "user,id=n");
        net_port_credit(card.port, 100);
        open_net();
        send_arp(1, host_ip);
        settle(20);
        send_udp(card_ip, 5555, host_ip, ntohs(addr.sin_port), "out", 3);
        settle(50);
        g_assert_cmpint(recv(server, buf, sizeof(buf), 0), ==, restricted ? -1 : 3);
        end();
    }
    close(server);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/netdevs/listen", test_listen);
    g_test_add_func("/netdevs/connect", test_connect);
    g_test_add_func("/netdevs/udp-frames", test_udp_frames);
    g_test_add_func("/netdevs/guestfwd-cmd", test_guestfwd_cmd);
    g_test_add_func("/netdevs/guestfwd-stream", test_guestfwd_stream);
    g_test_add_func("/netdevs/dump", test_dump);
    g_test_add_func("/netdevs/dump-errors", test_dump_errors);
    g_test_add_func("/netdevs/fragments", test_fragments);
    g_test_add_func("/netdevs/restrict", test_restrict);
    return g_test_run();
}
