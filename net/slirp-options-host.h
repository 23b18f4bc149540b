// SPDX-License-Identifier: GPL-2.0-or-later
// The options of -netdev user, checked, and as libslirp wants them.
#pragma once
#include "core/options.h"
#include "net/net-host.h"

#include <glib.h>
#include <slirp/libslirp.h>

typedef struct HostForward { // hostfwd=[tcp|udp]:[ADDR]:PORT-[ADDR]:PORT
    char *text;
    bool udp;
    struct in_addr host_addr, guest_addr; // 0.0.0.0: any, the first DHCP address
    int host_port, guest_port;
} HostForward;

typedef struct GuestForward { // guestfwd=tcp:ADDR:PORT-cmd:COMMAND or -CHARDEV
    char *text, *command, *chardev; // one of the latter two
    struct in_addr server_addr;
    int server_port;
} GuestForward;

typedef struct SlirpOptions {
    struct in_addr net, mask, host, dhcp_start, dns;
    bool ipv4, ipv6, restricted;
    struct in6_addr prefix6, host6, dns6;
    uint8_t prefix6_len;
    char *hostname, *domainname, *tftp, *bootfile, *tftp_server_name;
    GPtrArray *search;     // char *, NULL at its end once parsed
    GArray *hostfwds, *guestfwds;
} SlirpOptions;

// guestfwd-host.c
typedef struct GuestStream GuestStream;
GuestStream *guestfwd_open(Slirp *slirp, const GuestForward *fwd, Error *err);
void guestfwd_resumed(GuestStream *guest); // libslirp may take bytes again
void guestfwd_close(void *guest);          // before slirp_cleanup

bool slirp_options_parse(SlirpOptions *slirp, Options *options, Error *err); // clear it in any case
void slirp_options_clear(SlirpOptions *slirp);
void slirp_options_config(const SlirpOptions *slirp, SlirpConfig *config);   // borrows its strings
char *slirp_options_text(const SlirpOptions *slirp); // "net=10.0.2.0,restrict=off"; g_free
