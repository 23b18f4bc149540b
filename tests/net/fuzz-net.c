// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzzes networks: random and mutated frames from the card into libslirp and into a socket netdev, and a random
// stream from a socket netdev's other side.
//
//     fuzz-net [--count N] [--seed S]
//
// After each round libslirp must still answer an ARP request and the socket netdev still carry a frame to a new
// connection. A round's seed is S + its number, and is printed when it fails.
#include "tests/net/card.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t rng, round_seed;

static uint32_t random_below(uint32_t n)
{
    rng = rng * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((rng >> 33) % n);
}

static void stop(const char *what)
{
    fprintf(stderr, "fuzz-net: --seed %" G_GUINT64_FORMAT " --count 1: %s\n", round_seed, what);
    abort();
}

static void iterate(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    while (replay_deliver(card.machine.replay, -1, NULL, NULL)) {
    }
}

// ---- frames ----

// To 10.0.2.0/24 or the host's own addresses of it alone: nothing that is sent may leave the machine.
static void to_slirp(uint8_t *addr)
{
    static const uint8_t last[] = {2, 3, 15, 100, 255};
    memcpy(addr, (const uint8_t[]){10, 0, 2, last[random_below(sizeof(last))]}, 4);
}

static void fill_ipv4(uint8_t *ip, size_t len)
{
    static const uint8_t protocols[] = {1, 6, 17, 2, 0, 255};
    if (len < 40) {
        return;
    }
    ip[0] = random_below(10) ? 0x45 : (uint8_t)random_below(256);
    unsigned total = random_below(5) ? (unsigned)len : random_below(65536);
    ip[2] = (uint8_t)(total >> 8);
    ip[3] = (uint8_t)total;
    ip[6] = random_below(4) ? 0 : (uint8_t)random_below(256); // fragments
    ip[9] = protocols[random_below(sizeof(protocols))];
    memcpy(ip + 12, card_ip, 4);
    to_slirp(ip + 16);
    ip[10] = ip[11] = 0;
    unsigned sum = checksum(ip, 20);
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
    static const unsigned ports[] = {67, 68, 69, 80, 7, 9}; // DHCP, TFTP, guestfwd
    unsigned port = ports[random_below(G_N_ELEMENTS(ports))];
    ip[22] = (uint8_t)(port >> 8);
    ip[23] = (uint8_t)port;
}

static size_t make_frame(uint8_t *frame)
{
    static const uint16_t types[] = {0x0800, 0x0806, 0x86dd, 0x88cc, 0x05dc};
    size_t len = random_below(20) ? 14 + random_below(1500) : random_below(65536);
    for (size_t i = 0; i < len; i++) {
        frame[i] = (uint8_t)(random_below(3) ? random_below(256) : 0);
    }
    if (len < 34) {
        return len;
    }
    unsigned type = types[random_below(G_N_ELEMENTS(types))];
    memcpy(frame, (const uint8_t[]){0x52, 0x55, 10, 0, 2, 2}, 6);
    memcpy(frame + 6, card_mac, 6);
    frame[12] = (uint8_t)(type >> 8);
    frame[13] = (uint8_t)type;
    if (type == 0x0800) {
        fill_ipv4(frame + 14, len - 14);
    } else if (type == 0x0806) {
        memcpy(frame + 14, (const uint8_t[]){0, 1, 8, 0, 6, 4, 0}, 7);
        to_slirp(frame + 38 < frame + len - 4 ? frame + 38 : frame + 14);
    } else if (type == 0x86dd && len > 54) {
        frame[14] = 0x60;
        memset(frame + 22 + 16, 0, 16); // to fec0::2
        frame[38] = 0xfe;
        frame[39] = 0xc0;
        frame[53] = 2;
    }
    return len;
}

// ---- rounds ----

static void check_slirp(void)
{
    for (unsigned i = 0; i < 200; i++) {
        send_arp(1, host_ip);
        settle(3);
        GByteArray *reply = take(is_arp_reply);
        if (reply) {
            free_all(reply);
            return;
        }
    }
    stop("libslirp doesn't answer any more");
}

static void round_slirp(void)
{
    static uint8_t frame[65536];
    begin("user,id=n,restrict=on,tftp=/nonexistent,guestfwd=tcp:10.0.2.100:7-cmd:cat");
    net_port_credit(card.port, 1000);
    open_net();
    send_arp(1, host_ip);
    for (unsigned n = 20 + random_below(200); n > 0; n--) {
        net_port_send(card.port, frame, make_frame(frame));
        if (random_below(5) == 0) {
            iterate();
        }
    }
    iterate();
    g_ptr_array_set_size(card.frames, 0);
    check_slirp();
    end();
}

static int loopback(unsigned *port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || getsockname(fd, (struct sockaddr *)&addr, &len) < 0) {
        stop("no port");
    }
    *port = ntohs(addr.sin_port);
    return fd;
}

static int connect_to(unsigned port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        stop("cannot connect");
    }
    return fd;
}

static void round_socket(void)
{
    static uint8_t bytes[65536];
    unsigned port;
    close(loopback(&port));
    char *option = g_strdup_printf("socket,id=n,listen=127.0.0.1:%u", port);
    begin(option);
    net_port_credit(card.port, 1000);
    open_net();
    for (unsigned n = 1 + random_below(5); n > 0; n--) {
        int fd = connect_to(port);
        size_t len = random_below(sizeof(bytes));
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (uint8_t)(random_below(2) ? 0 : random_below(random_below(2) ? 4 : 256));
        }
        for (size_t at = 0; at < len;) {
            ssize_t sent = send(fd, bytes + at, MIN(1 + random_below(3000), len - at), MSG_DONTWAIT | MSG_NOSIGNAL);
            iterate();
            net_port_send(card.port, bytes, 1 + random_below(2000));
            if (sent < 0) {
                break; // it has hung up, or is full of frames that the card doesn't want
            }
            at += (size_t)sent;
        }
        close(fd);
        settle(3);
    }
    int fd = connect_to(port);
    settle(5);
    g_ptr_array_set_size(card.frames, 0);
    if (write(fd, "\0\0\0\5alive", 9) != 9) {
        stop("cannot send");
    }
    for (unsigned i = 0; card.frames->len == 0; i++) {
        settle(3);
        if (i == 200) {
            stop("the socket netdev carries nothing any more");
        }
    }
    close(fd);
    end();
    g_free(option);
}

int main(int argc, char **argv)
{
    unsigned long count = 20;
    uint64_t seed = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--count") == 0) {
            count = strtoul(argv[i + 1], NULL, 0);
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[i + 1], NULL, 0);
        }
    }
    for (unsigned long i = 0; i < count; i++) {
        round_seed = seed + i;
        rng = round_seed * 0x9e3779b97f4a7c15u + 1;
        (round_seed % 3 ? round_slirp : round_socket)();
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("1..1\n%s 1 - %lu rounds, %ld MiB at most\n", usage.ru_maxrss < 1 << 20 ? "ok" : "not ok", count,
           usage.ru_maxrss >> 10);
    return 0;
}
