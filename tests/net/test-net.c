// SPDX-License-Identifier: GPL-2.0-or-later
// Networks with the real libslirp: a card made of nothing but a port sends frames and looks at what comes.
#include "net/net-host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// ---- a card ----

static struct {
    Machine machine;
    Device dev;
    NetPort *port;
    GPtrArray *frames; // GByteArray *
} card;

static const DeviceType card_type = {.name = "test-card"};
static const uint8_t card_mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
static const uint8_t card_ip[4] = {10, 0, 2, 15}, host_ip[4] = {10, 0, 2, 2};
static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};

static Position no_position(void *ctx) { return (Position){0}; }
static uint16_t no_digest(void *ctx) { return 0; }

static void card_rx(Device *dev, const uint8_t *frame, size_t len)
{
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, frame, (guint)len);
    g_ptr_array_add(card.frames, bytes);
}

static void begin(const char *option)
{
    static const ReplayHost host = {.position = no_position, .event_digest = no_digest};
    Error err = {0};
    card.machine.replay = replay_new(&host);
    card.dev = (Device){.type = &card_type, .machine = &card.machine, .path = (char *)"card"};
    card.frames = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    bool ok = net_netdev_add(option, &err);
    g_assert_cmpstr(err.msg, ==, "");
    g_assert_true(ok);
    card.port = net_port_new(&card.machine, "n", &card.dev, card_rx, &err);
    g_assert_cmpstr(err.msg, ==, "");
}

static void open_net(void)
{
    Error err = {0};
    bool ok = net_open_all(REPLAY_NONE, &err);
    g_assert_cmpstr(err.msg, ==, "");
    g_assert_true(ok);
}

static void end(void)
{
    net_close_all();
    replay_free(card.machine.replay);
    g_ptr_array_unref(card.frames);
    g_free(card.port);
}

// Runs main loop and seam until nothing was delivered in `looks` looks, a millisecond or more apart.
static void settle(int looks)
{
    for (int quiet = 0; quiet < looks; quiet++) {
        while (replay_deliver(card.machine.replay, -1, NULL, NULL)) {
            quiet = 0;
        }
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(1000);
    }
}

// The first frame that came and satisfies `is`, taken out; NULL: none.
static GByteArray *take(bool (*is)(const GByteArray *frame))
{
    for (unsigned i = 0; i < card.frames->len; i++) {
        GByteArray *frame = card.frames->pdata[i];
        if (is(frame)) {
            return g_ptr_array_steal_index(card.frames, i);
        }
    }
    return NULL;
}

static GByteArray *wait_for(bool (*is)(const GByteArray *frame))
{
    for (unsigned i = 0; i < 100; i++) {
        settle(10);
        GByteArray *frame = take(is);
        if (frame) {
            return frame;
        }
    }
    g_error("the frame didn't come");
}

// ---- frames ----

static void put16(GByteArray *frame, unsigned value)
{
    uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    g_byte_array_append(frame, bytes, 2);
}

static GByteArray *frame_new(const uint8_t to[6], unsigned type)
{
    GByteArray *frame = g_byte_array_new();
    g_byte_array_append(frame, to, 6);
    g_byte_array_append(frame, card_mac, 6);
    put16(frame, type);
    return frame;
}

static void frame_send(GByteArray *frame)
{
    net_port_send(card.port, frame->data, frame->len);
    g_byte_array_unref(frame);
}

static void send_arp(unsigned operation, const uint8_t target[4])
{
    GByteArray *frame = frame_new(broadcast, 0x0806);
    static const uint8_t head[] = {0, 1, 8, 0, 6, 4}, zero[6];
    g_byte_array_append(frame, head, sizeof(head));
    put16(frame, operation);
    g_byte_array_append(frame, card_mac, 6);
    g_byte_array_append(frame, card_ip, 4);
    g_byte_array_append(frame, zero, 6);
    g_byte_array_append(frame, target, 4);
    frame_send(frame);
}

static unsigned checksum(const uint8_t *bytes, size_t len)
{
    unsigned sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum += i & 1 ? bytes[i] : (unsigned)bytes[i] << 8;
    }
    sum = (sum >> 16) + (sum & 0xffff);
    return ~((sum >> 16) + sum) & 0xffff;
}

// An IPv4 frame; sums of the payload are the caller's (0 is good for UDP).
static GByteArray *ip_frame(const uint8_t from[4], const uint8_t to[4], unsigned protocol,
                            const GByteArray *payload)
{
    static const uint8_t gateway[6] = {0x52, 0x55, 10, 0, 2, 2};
    bool all = to[0] == 255;
    GByteArray *frame = frame_new(all ? broadcast : gateway, 0x0800);
    uint8_t head[20] = {0x45, 0, 0, 0, 0, 1, 0, 0, 64, (uint8_t)protocol};
    unsigned len = 20 + payload->len;
    head[2] = (uint8_t)(len >> 8);
    head[3] = (uint8_t)len;
    memcpy(head + 12, from, 4);
    memcpy(head + 16, to, 4);
    unsigned sum = checksum(head, 20);
    head[10] = (uint8_t)(sum >> 8);
    head[11] = (uint8_t)sum;
    g_byte_array_append(frame, head, 20);
    g_byte_array_append(frame, payload->data, payload->len);
    return frame;
}

static void send_udp(const uint8_t from[4], unsigned from_port, const uint8_t to[4], unsigned to_port,
                     const void *bytes, unsigned len)
{
    GByteArray *payload = g_byte_array_new();
    put16(payload, from_port);
    put16(payload, to_port);
    put16(payload, 8 + len);
    put16(payload, 0);
    g_byte_array_append(payload, bytes, len);
    frame_send(ip_frame(from, to, 17, payload));
    g_byte_array_unref(payload);
}

static void send_ping(unsigned sequence, unsigned bytes)
{
    GByteArray *payload = g_byte_array_new();
    uint8_t *icmp = g_malloc0(8 + bytes);
    icmp[0] = 8;
    icmp[6] = (uint8_t)(sequence >> 8);
    icmp[7] = (uint8_t)sequence;
    unsigned sum = checksum(icmp, 8 + bytes);
    icmp[2] = (uint8_t)(sum >> 8);
    icmp[3] = (uint8_t)sum;
    g_byte_array_append(payload, icmp, 8 + bytes);
    frame_send(ip_frame(card_ip, host_ip, 1, payload));
    g_byte_array_unref(payload);
    g_free(icmp);
}

static bool is_arp_reply(const GByteArray *frame)
{
    return frame->len >= 42 && frame->data[12] == 8 && frame->data[13] == 6 && frame->data[21] == 2;
}

static bool is_arp_request(const GByteArray *frame)
{
    return frame->len >= 42 && frame->data[12] == 8 && frame->data[13] == 6 && frame->data[21] == 1;
}

static bool is_ip(const GByteArray *frame, unsigned protocol)
{
    return frame->len >= 34 && frame->data[12] == 8 && frame->data[13] == 0 &&
           frame->data[23] == protocol;
}

static bool is_udp(const GByteArray *frame) { return is_ip(frame, 17); }
static bool is_ping_reply(const GByteArray *frame) { return is_ip(frame, 1) && frame->data[34] == 0; }
static bool is_tcp_syn(const GByteArray *frame)
{
    return is_ip(frame, 6) && (frame->data[47] & 0x12) == 2;
}

static void free_all(GByteArray *frame) { g_byte_array_unref(frame); }

// ---- libslirp at the other end ----

static void test_arp(void)
{
    begin("user,id=n");
    net_port_credit(card.port, 100);
    open_net();
    send_arp(1, host_ip);
    GByteArray *reply = wait_for(is_arp_reply);
    g_assert_cmpmem(reply->data, 6, card_mac, 6);
    g_assert_cmpmem(reply->data + 28, 4, host_ip, 4);
    g_assert_cmpmem(reply->data + 38, 4, card_ip, 4);
    free_all(reply);
    end();
}

static void test_dhcp(void)
{
    static const uint8_t from[4] = {0}, to[4] = {255, 255, 255, 255};
    uint8_t discover[300] = {1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78};
    static const uint8_t options[] = {99, 130, 83, 99, 53, 1, 1, 255};
    memcpy(discover + 28, card_mac, 6);
    memcpy(discover + 236, options, sizeof(options));
    begin("user,id=n,net=10.7.0.0/16,dhcpstart=10.7.1.9,hostname=box");
    net_port_credit(card.port, 100);
    open_net();
    send_udp(from, 68, to, 67, discover, sizeof(discover));
    GByteArray *offer = wait_for(is_udp);
    static const uint8_t expected[4] = {10, 7, 1, 9}, mask[6] = {1, 4, 255, 255, 0, 0};
    g_assert_cmpmem(offer->data + 42 + 4, 4, discover + 4, 4); // the same transaction
    g_assert_cmpmem(offer->data + 42 + 16, 4, expected, 4);
    g_assert_nonnull(memmem(offer->data, offer->len, mask, sizeof(mask)));
    g_assert_nonnull(memmem(offer->data, offer->len, "\x0c\x03" "box", 5));
    free_all(offer);
    end();
}

static int host_socket(int type, unsigned *port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&addr, &len), ==, 0);
    *port = ntohs(addr.sin_port);
    return fd;
}

static void test_udp(void)
{
    unsigned port;
    int server = host_socket(SOCK_DGRAM, &port);
    begin("user,id=n");
    net_port_credit(card.port, 100);
    open_net();
    send_arp(1, host_ip); // so that it knows our address
    settle(20);
    send_udp(card_ip, 5555, host_ip, port, "question", 8);
    char buf[64];
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    ssize_t n = -1;
    for (unsigned i = 0; i < 100 && n < 0; i++) {
        settle(10);
        n = recvfrom(server, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
    }
    g_assert_cmpmem(buf, (int)n, "question", 8);
    g_assert_cmpint(sendto(server, "answer", 6, 0, (struct sockaddr *)&from, len), ==, 6);
    GByteArray *frame = wait_for(is_udp);
    g_assert_cmpmem(frame->data + 26, 4, host_ip, 4);
    g_assert_cmpuint(frame->data[34] << 8 | frame->data[35], ==, port);
    g_assert_cmpmem(frame->data + 42, 6, "answer", 6);
    free_all(frame);
    close(server);
    end();
}

static int connect_to(unsigned port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    g_assert_true(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 || errno == EINPROGRESS);
    return fd;
}

// A connection to a forwarded port comes to the guest, once it can be polled for.
static GByteArray *answer_arp_and_wait_for_syn(void)
{
    for (unsigned i = 0; i < 100; i++) {
        settle(10);
        GByteArray *request = take(is_arp_request), *syn = take(is_tcp_syn);
        if (request) {
            send_arp(2, request->data + 28);
            free_all(request);
        }
        if (syn) {
            return syn;
        }
    }
    return NULL;
}

static char *forward_optarg(unsigned *port)
{
    close(host_socket(SOCK_STREAM, port)); // a port that is free now
    return g_strdup_printf("user,id=n,ipv6=off,hostfwd=tcp:127.0.0.1:%u-:22", *port);
}

static void test_hostfwd(void)
{
    unsigned port;
    char *option = forward_optarg(&port);
    begin(option);
    net_port_credit(card.port, 100);
    open_net();
    int client = connect_to(port);
    GByteArray *syn = answer_arp_and_wait_for_syn();
    g_assert_nonnull(syn);
    g_assert_cmpmem(syn->data + 30, 4, card_ip, 4);
    g_assert_cmpuint(syn->data[36] << 8 | syn->data[37], ==, 22);
    free_all(syn);
    char *connections = net_usernet_text();
    g_assert_nonnull(strstr(connections, "TCP[HOST_FORWARD]"));
    g_free(connections);
    close(client);
    end();
    g_free(option);
}

// Stopped: nothing is polled and libslirp's clock stands; running again: it comes.
static void test_stopped(void)
{
    unsigned port;
    char *option = forward_optarg(&port);
    begin(option);
    net_port_credit(card.port, 100);
    open_net();
    settle(20);
    net_set_running(false);
    int client = connect_to(port);
    settle(100);
    g_assert_cmpuint(card.frames->len, ==, 0);
    net_set_running(true);
    GByteArray *syn = answer_arp_and_wait_for_syn();
    g_assert_nonnull(syn);
    free_all(syn);
    close(client);
    end();
    g_free(option);
}

// ---- bounds and credit ----

static size_t queued;
static uint64_t dropped, sent, unsent;
static void look(void *ctx, const NetInfo *info)
{
    queued = info->queued_bytes;
    dropped = info->rx_dropped;
    sent = info->tx_frames;
    unsent = info->tx_dropped;
}

static void test_bound(void)
{
    unsigned port;
    char *option = forward_optarg(&port);
    enum { PINGS = 1200, BYTES = 1400 };
    begin(option);
    open_net();
    net_port_credit(card.port, 1);
    send_arp(1, host_ip);
    settle(20);
    net_port_credit(card.port, 0);
    g_ptr_array_set_size(card.frames, 0);
    for (unsigned i = 0; i < PINGS; i++) {
        send_ping(i, BYTES);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
    }
    settle(20);
    net_each(look, NULL);
    g_assert_cmpuint(card.frames->len, ==, 0);
    g_assert_cmpuint(queued, <=, 1 << 20);
    g_assert_cmpuint(queued, >, (1 << 20) - 2 * BYTES);
    g_assert_cmpuint(dropped, >, 0);
    // Above half, libslirp isn't polled: a connection isn't even accepted.
    int client = connect_to(port);
    settle(50);
    char *connections = net_usernet_text();
    g_assert_null(strstr(connections, "TCP[SYN_"));
    g_free(connections);
    // Within the credit and no more; the rest when the card has taken those.
    net_port_credit(card.port, 3);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    unsigned delivered = 0;
    while (replay_deliver(card.machine.replay, -1, NULL, NULL)) {
        delivered++;
    }
    g_assert_cmpuint(delivered, ==, 3);
    settle(50);
    // The oldest were kept, in order, without a hole.
    unsigned replies = 0;
    for (GByteArray *frame; (frame = take(is_ping_reply)); replies++) {
        g_assert_cmpuint(frame->data[40] << 8 | frame->data[41], ==, replies);
        free_all(frame);
    }
    g_assert_cmpuint(replies, >, 600);
    g_assert_cmpuint(replies, <, PINGS);
    net_each(look, NULL);
    g_assert_cmpuint(queued, ==, 0);
    net_port_credit(card.port, 100);
    GByteArray *syn = answer_arp_and_wait_for_syn();
    g_assert_nonnull(syn);
    free_all(syn);
    close(client);
    end();
    g_free(option);
}

// The other way: a guest that sends more than is looked at loses it, and we keep no more than 1 MiB.
static void test_bound_out(void)
{
    begin("user,id=n");
    open_net();
    static uint8_t frame[1500];
    for (unsigned i = 0; i < 2000; i++) {
        net_port_send(card.port, frame, sizeof(frame));
    }
    net_port_send(card.port, frame, 0);
    net_each(look, NULL);
    g_assert_cmpuint(sent, ==, (1 << 20) / sizeof(frame));
    g_assert_cmpuint(sent + unsent, ==, 2001);
    settle(20);
    net_port_send(card.port, frame, 1); // no frame at all, and libslirp copes
    settle(20);
    net_each(look, NULL);
    g_assert_cmpuint(sent, ==, (1 << 20) / sizeof(frame) + 1);
    end();
}

// While replaying nothing is opened: frames go nowhere, none come, and the forwarded port isn't bound.
static void test_replaying(void)
{
    unsigned port;
    int taken = host_socket(SOCK_STREAM, &port);
    g_assert_cmpint(listen(taken, 1), ==, 0);
    char *option = g_strdup_printf("user,id=n,hostfwd=tcp:127.0.0.1:%u-:22", port);
    Error err = {0};
    begin(option);
    net_port_credit(card.port, 100);
    g_assert_true(net_open_all(REPLAY_PLAY, &err));
    send_arp(1, host_ip);
    settle(30);
    g_assert_cmpuint(card.frames->len, ==, 0);
    // Opening it for real says that the port is taken.
    g_assert_false(net_open_all(REPLAY_RECORD, &err));
    char *expected =
        g_strdup_printf("Could not set up host forwarding rule 'tcp:127.0.0.1:%u-:22'", port);
    g_assert_cmpstr(err.msg, ==, expected);
    g_free(expected);
    g_free(option);
    close(taken);
    end();
}

// ---- options ----

static void test_netdev_errors(void)
{
    static const struct {
        const char *option, *message;
    } rows[] = {
        {"foo,id=a", "Parameter 'type' does not accept value 'foo'"},
        {"user", "Parameter 'id' is missing"},
        {"user,id=n", "Duplicate ID 'n' for netdev"},
        {"user,id=a,foo=1", "Invalid parameter 'foo'"},
        {"user,id=a,restrict=zz", "Parameter 'restrict' expects 'on' or 'off'"},
        {"user,id=a,hostfwd=foo", "Invalid host forwarding rule 'foo' (No : separators)"},
        {"user,id=a,hostfwd=foo::9999-:22",
         "Invalid host forwarding rule 'foo::9999-:22' (Bad protocol name)"},
        {"user,id=a,hostfwd=tcp:999", "Invalid host forwarding rule 'tcp:999' (Missing : separator)"},
        {"user,id=a,hostfwd=tcp:x:9-:22", "Invalid host forwarding rule 'tcp:x:9-:22' (Bad host address)"},
        {"user,id=a,hostfwd=tcp::999",
         "Invalid host forwarding rule 'tcp::999' (Bad host port separator)"},
        {"user,id=a,hostfwd=tcp::99999-:22",
         "Invalid host forwarding rule 'tcp::99999-:22' (Bad host port)"},
        {"user,id=a,hostfwd=tcp::22-:22222222",
         "Invalid host forwarding rule 'tcp::22-:22222222' (Bad guest port)"},
        {"user,id=a,hostfwd=tcp::22-:22,hostfwd=tcp::23-",
         "Invalid host forwarding rule 'tcp::23-' (Missing guest address)"},
        {"user,id=a,net=zz", "Failed to parse netmask"},
        {"user,id=a,net=10.0.3.0/3", "Invalid netmask provided (must be in range 4-32)"},
        {"user,id=a,net=10.0.3.0/x", "Failed to parse netmask (trailing chars)"},
        {"user,id=a,host=1.2.3.4", "Host doesn't belong to network"},
        {"user,id=a,dns=zz", "Failed to parse DNS"},
        {"user,id=a,dns=10.0.2.2", "DNS must be different from host"},
        {"user,id=a,dhcpstart=1.2.3.4", "DHCP doesn't belong to network"},
        {"user,id=a,host=10.0.2.15", "DHCP must be different from host and DNS"},
        {"user,id=a,net=10.0.3.0/30,host=10.0.3.1", "DHCP must be different from host and DNS"},
        {"user,id=a,ipv4=off,ipv6=off", "IPv4 and IPv6 disabled"},
        {"user,id=a,ipv4=off,net=1.2.3.4", "IPv4 disabled but netmask/host/dns provided"},
    };
    begin("user,id=n");
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Error err = {0};
        g_assert_false(net_netdev_add(rows[i].option, &err));
        g_assert_cmpstr(err.msg, ==, rows[i].message);
    }
    Error err = {0};
    g_assert_true(net_netdev_add("user,id=ok,net=172.16.5.0,host=172.17.1.1", &err));
    g_assert_true(net_netdev_add("user,id=ok2,guestfwd=tcp:10.0.2.100:80-cmd:cat", &err));
    g_assert_null(net_port_new(&card.machine, "zz", &card.dev, card_rx, &err));
    g_assert_cmpstr(err.msg, ==, "can't find value 'zz'");
    g_assert_null(net_port_new(&card.machine, "n", &card.dev, card_rx, &err));
    g_assert_cmpstr(err.msg, ==, "can't take value 'n', it's in use");
    end();
}

static void test_filters(void)
{
    static const struct {
        const char *option, *message;
    } rows[] = {
        {"filter-replay,id=q", "Parameter 'netdev' is missing"},
        {"filter-replay,netdev=n", "Parameter 'id' is missing"},
        {"filter-replay,id=r,netdev=m", "Duplicate ID 'r' for object"},
        {"filter-replay,id=q,netdev=n", "netdev 'n' has a filter-replay already"},
        {"filter-replay,id=q,netdev=m,foo=1", "Invalid parameter 'foo'"},
        {"foo,id=q", "Parameter 'qom-type' does not accept value 'foo'"},
    };
    Error err = {0};
    begin("user,id=n");
    g_assert_true(filter_replay_add("filter-replay,id=r,netdev=n", &err));
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_false(filter_replay_add(rows[i].option, &err));
        g_assert_cmpstr(err.msg, ==, rows[i].message);
    }
    g_assert_true(net_open_all(REPLAY_PLAY, &err));
    char *text = net_info_text();
    g_assert_cmpstr(text, ==,
                    "card: index=0,type=nic,model=test-card\n"
                    " \\ n: index=0,type=user,net=10.0.2.0,restrict=off\n"
                    "filters:\n"
                    "  - r: type=filter-replay,netdev=n\n");
    g_free(text);
    g_assert_true(filter_replay_add("filter-replay,id=s,netdev=later", &err));
    g_assert_false(net_open_all(REPLAY_PLAY, &err));
    g_assert_cmpstr(err.msg, ==, "Parameter 'netdev' expects a network backend id");
    end();
}

static void test_nics(void)
{
    Error err = {0};
    begin("user,id=n");
    g_assert_true(net_default_wanted());
    g_assert_true(net_nic_add("none", &err));
    g_assert_false(net_default_wanted());
    g_assert_cmpuint(net_nic_count(), ==, 0);
    g_assert_false(net_nic_add("foo", &err));
    g_assert_cmpstr(err.msg, ==, "Parameter 'type' does not accept value 'foo'");
    g_assert_false(net_nic_add("user,mac=zz", &err));
    g_assert_cmpstr(err.msg, ==, "invalid syntax for ethernet address");
    g_assert_false(net_nic_add("user,foo=1", &err));
    g_assert_cmpstr(err.msg, ==, "Invalid parameter 'foo'");
    g_assert_true(net_nic_add("user,model=virtio,id=x,mac=52:54:00:aa:bb:cc", &err));
    g_assert_true(net_nic_add("user", &err));
    g_assert_true(net_net_add("nic,model=old,macaddr=52-54-00-00-00-01", &err));
    g_assert_true(net_net_add("user,id=y", &err));
    g_assert_true(net_net_add("nic", &err));
    g_assert_true(net_net_add("none", &err));
    g_assert_cmpuint(net_nic_count(), ==, 4);
    g_assert_cmpstr(net_nic_at(0)->netdev_id, ==, "x");
    g_assert_cmpstr(net_nic_at(0)->model, ==, "virtio");
    g_assert_cmpstr(net_nic_at(0)->mac, ==, "52:54:00:aa:bb:cc");
    g_assert_nonnull(net_nic_at(1)->netdev_id);
    g_assert_null(net_nic_at(1)->model);
    g_assert_cmpstr(net_nic_at(2)->netdev_id, ==, "y");
    g_assert_cmpstr(net_nic_at(2)->mac, ==, "52:54:00:00:00:01");
    g_assert_null(net_nic_at(1)->mac);
    g_assert_null(net_nic_at(3)->netdev_id);
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/arp", test_arp);
    g_test_add_func("/net/dhcp", test_dhcp);
    g_test_add_func("/net/udp", test_udp);
    g_test_add_func("/net/hostfwd", test_hostfwd);
    g_test_add_func("/net/stopped", test_stopped);
    g_test_add_func("/net/bound", test_bound);
    g_test_add_func("/net/bound-out", test_bound_out);
    g_test_add_func("/net/replaying", test_replaying);
    g_test_add_func("/net/netdev-errors", test_netdev_errors);
    g_test_add_func("/net/filters", test_filters);
    g_test_add_func("/net/nics", test_nics);
    return g_test_run();
}
