// SPDX-License-Identifier: GPL-2.0-or-later
// Networks with the real libslirp: a card made of nothing but a port sends frames and looks at what comes.
#include "tests/net/card.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
        {"user,id=a,smb=/tmp", "smb is not supported: use tftp=, hostfwd= or guestfwd="},
        {"user,id=a,guestfwd=tcp:10.0.2.100:80", "Invalid guest forwarding rule 'tcp:10.0.2.100:80'"},
        {"user,id=a,guestfwd=udp:10.0.2.100:80-cmd:cat",
         "Invalid guest forwarding rule 'udp:10.0.2.100:80-cmd:cat'"},
        {"hubport,id=a,hubid=1", "network backend 'hubport' is not supported; there are user and socket"},
        {"tap,id=a", "network backend 'tap' is not supported; there are user and socket"},
        {"socket,id=a", "exactly one of listen=, connect=, mcast= or udp= is required"},
        {"socket,id=a,listen=:1,connect=:2", "exactly one of listen=, connect=, mcast= or udp= is required"},
        {"socket,id=a,listen=foo", "host address 'foo' doesn't contain ':' separating host from port"},
        {"socket,id=a,listen=:99999", "port number '99999' is invalid"},
        {"socket,id=a,udp=127.0.0.1:1", "localaddr= is mandatory with udp="},
        {"socket,id=a,listen=:1,localaddr=1.2.3.4", "localaddr= is only valid with mcast= or udp="},
        {"socket,id=a,mcast=127.0.0.1:1234",
         "specified mcastaddr 127.0.0.1 (0x7f000001) does not contain a multicast address"},
        {"socket,id=a,mcast=230.0.0.1:1,localaddr=zz", "localaddr 'zz' is not a valid IPv4 address"},
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
