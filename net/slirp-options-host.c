// SPDX-License-Identifier: GPL-2.0-or-later
// The options of -netdev user: addresses (10.0.2.0/24: host .2, DNS .3, DHCP from .15), forwarding rules.
#include "net/slirp-options-host.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

// ---- forwarding rules ----

// Cuts `*at` at the next `separator`; NULL: there is none.
static char *take_until(const char **at, char separator)
{
    const char *end = strchr(*at, separator);
    if (!end) {
        return NULL;
    }
    char *part = g_strndup(*at, (gsize)(end - *at));
    *at = end + 1;
    return part;
}

static bool take_port(const char *text, int lowest, int *port)
{
    char *end;
    long value = strtol(text, &end, 0);
    *port = (int)value;
    return *text && !*end && value >= lowest && value <= 65535;
}

// Empty text leaves the address as it is.
static bool take_address(const char *text, struct in_addr *addr)
{
    return !*text || inet_aton(text, addr);
}

// NULL: good; else what is wrong.
static const char *hostfwd_parse(const char *text, HostForward *fwd)
{
    const char *at = text, *wrong = NULL;
    char *protocol = take_until(&at, ':'), *host = NULL, *host_port = NULL, *guest = NULL;
    if (!protocol) {
        wrong = "No : separators";
    } else if (strcmp(protocol, "udp") && strcmp(protocol, "tcp") && *protocol) {
        wrong = "Bad protocol name";
    } else if (!(host = take_until(&at, ':'))) {
        wrong = "Missing : separator";
    } else if (!take_address(host, &fwd->host_addr)) {
        wrong = "Bad host address";
    } else if (!(host_port = take_until(&at, '-'))) {
        wrong = "Bad host port separator";
    } else if (!take_port(host_port, 0, &fwd->host_port)) {
        wrong = "Bad host port";
    } else if (!(guest = take_until(&at, ':'))) {
        wrong = "Missing guest address";
    } else if (!take_address(guest, &fwd->guest_addr)) {
        wrong = "Bad guest address";
    } else if (!take_port(at, 1, &fwd->guest_port)) {
        wrong = "Bad guest port";
    } else {
        fwd->udp = strcmp(protocol, "udp") == 0;
    }
    g_free(protocol);
    g_free(host);
    g_free(host_port);
    g_free(guest);
    return wrong;
}

static const char *guestfwd_parse(const char *text, GuestForward *fwd)
{
    const char *at = text, *wrong = NULL;
    char *protocol = take_until(&at, ':'), *server = take_until(&at, ':');
    char *port = server ? take_until(&at, '-') : NULL;
    if (!protocol || !server || !port || (*protocol && strcmp(protocol, "tcp")) || !*server ||
        !take_address(server, &fwd->server_addr) || !take_port(port, 1, &fwd->server_port)) {
        wrong = "";
    } else if (g_str_has_prefix(at, "cmd:")) {
        fwd->command = g_strdup(at + strlen("cmd:"));
    } else {
        fwd->chardev = g_strdup(at);
    }
    g_free(protocol);
    g_free(server);
    g_free(port);
    return wrong;
}

typedef struct Collect {
    SlirpOptions *slirp;
    Error *err;
    bool ok;
} Collect;

// The keys that may be given several times.
static void collect(void *ctx, const char *key, const char *value)
{
    Collect *all = ctx;
    const char *wrong;
    if (!all->ok) {
        return;
    }
    if (strcmp(key, "hostfwd") == 0) {
        HostForward fwd = {.text = g_strdup(value)};
        wrong = hostfwd_parse(value, &fwd);
        g_array_append_val(all->slirp->hostfwds, fwd);
        all->ok = !wrong || fail(all->err, "Invalid host forwarding rule '%s' (%s)", value, wrong);
    } else if (strcmp(key, "guestfwd") == 0) {
        GuestForward fwd = {.text = g_strdup(value)};
        wrong = guestfwd_parse(value, &fwd);
        g_array_append_val(all->slirp->guestfwds, fwd);
        all->ok = !wrong || fail(all->err, "Invalid guest forwarding rule '%s'", value);
    } else if (strcmp(key, "dnssearch") == 0) {
        g_ptr_array_add(all->slirp->search, g_strdup(value));
    }
}

// ---- addresses ----

static struct in_addr address(uint32_t value) { return (struct in_addr){.s_addr = htonl(value)}; }

static uint32_t value_of(struct in_addr addr) { return ntohl(addr.s_addr); }

// Without a mask: that of the address's class, the private ranges being whole.
static uint32_t default_mask(uint32_t net)
{
    return !(net >> 31)              ? 0xff000000
           : net >> 20 == 0xac1      ? 0xfff00000
           : net >> 30 == 2          ? 0xffff0000
           : net >> 16 == 0xc0a8     ? 0xffff0000
                                     : 0xffffff00;
}

static bool parse_net(SlirpOptions *slirp, const char *text, Error *err)
{
    const char *slash = strchr(text, '/');
    char *net = slash ? g_strndup(text, (gsize)(slash - text)) : g_strdup(text);
    bool ok = inet_aton(net, &slirp->net);
    g_free(net);
    if (!ok) {
        return fail(err, slash ? "Failed to parse net" : "Failed to parse netmask");
    }
    uint32_t mask = default_mask(value_of(slirp->net));
    if (slash && strchr(slash, '.')) {
        if (!inet_aton(slash + 1, &slirp->mask)) {
            return fail(err, "Failed to parse netmask");
        }
        mask = value_of(slirp->mask);
    } else if (slash) {
        char *end;
        unsigned long bits = strtoul(slash + 1, &end, 10);
        if (!slash[1] || *end) {
            return fail(err, "Failed to parse netmask (trailing chars)");
        }
        if (bits < 4 || bits > 32) {
            return fail(err, "Invalid netmask provided (must be in range 4-32)");
        }
        mask = (uint32_t)(0xffffffff00000000u >> bits);
    }
    slirp->mask = address(mask);
    slirp->net = address(value_of(slirp->net) & mask);
    return true;
}

static bool same_net(const SlirpOptions *slirp, struct in_addr addr)
{
    return (addr.s_addr & slirp->mask.s_addr) == slirp->net.s_addr;
}

static struct in_addr host_number(const SlirpOptions *slirp, uint32_t number)
{
    return address(value_of(slirp->net) | (number & ~value_of(slirp->mask)));
}

static bool parse_addresses(SlirpOptions *slirp, Options *options, Error *err)
{
    const char *net = options_get(options, "net"), *host = options_get(options, "host");
    const char *dhcp = options_get(options, "dhcpstart"), *dns = options_get(options, "dns");
    if (!slirp->ipv4 && (net || host || dns)) {
        return fail(err, "IPv4 disabled but netmask/host/dns provided");
    }
    slirp->net = address(0x0a000200);
    slirp->mask = address(0xffffff00);
    if (net && !parse_net(slirp, net, err)) {
        return false;
    }
    slirp->host = host_number(slirp, 2);
    slirp->dns = host_number(slirp, 3);
    slirp->dhcp_start = host_number(slirp, 15);
    if (host && !inet_aton(host, &slirp->host)) {
        return fail(err, "Failed to parse host");
    }
    if (!same_net(slirp, slirp->host)) {
        return fail(err, "Host doesn't belong to network");
    }
    if (dns && !inet_aton(dns, &slirp->dns)) {
        return fail(err, "Failed to parse DNS");
    }
    if (slirp->dns.s_addr == slirp->host.s_addr) {
        return fail(err, "DNS must be different from host");
    }
    if (dhcp && !inet_aton(dhcp, &slirp->dhcp_start)) {
        return fail(err, "Failed to parse DHCP start address");
    }
    if (!same_net(slirp, slirp->dhcp_start)) {
        return fail(err, "DHCP doesn't belong to network");
    }
    if (slirp->dhcp_start.s_addr == slirp->host.s_addr ||
        slirp->dhcp_start.s_addr == slirp->dns.s_addr) {
        return fail(err, "DHCP must be different from host and DNS");
    }
    return true;
}

static bool parse_addresses6(SlirpOptions *slirp, Options *options, Error *err)
{
    const char *prefix = options_get(options, "ipv6-prefix");
    const char *host = options_get(options, "ipv6-host"), *dns = options_get(options, "ipv6-dns");
    uint64_t len = 64;
    if (!slirp->ipv6 && (prefix || host || dns)) {
        return fail(err, "IPv6 disabled but prefix/host6/dns6 provided");
    }
    if (!options_number(options, "ipv6-prefixlen", &len, err)) {
        return false;
    }
    if (len > 126) {
        return fail(err, "Invalid IPv6 prefix provided (IPv6 prefix length must be between 0 and 126)");
    }
    slirp->prefix6_len = (uint8_t)len;
    if (inet_pton(AF_INET6, prefix ? prefix : "fec0::", &slirp->prefix6) != 1) {
        return fail(err, "Failed to parse IPv6 prefix");
    }
    slirp->host6 = slirp->dns6 = slirp->prefix6;
    slirp->host6.s6_addr[15] |= 2;
    slirp->dns6.s6_addr[15] |= 3;
    if (host && inet_pton(AF_INET6, host, &slirp->host6) != 1) {
        return fail(err, "Failed to parse IPv6 host");
    }
    if (dns && inet_pton(AF_INET6, dns, &slirp->dns6) != 1) {
        return fail(err, "Failed to parse IPv6 DNS");
    }
    return true;
}

// ---- all ----

static bool bounded_copy(char **to, Options *options, const char *key, size_t most, Error *err)
{
    const char *value = options_get(options, key);
    if (value && strlen(value) > most) {
        return fail(err, "'%s' parameter cannot exceed %zu bytes", key, most);
    }
    *to = g_strdup(value);
    return true;
}

bool slirp_options_parse(SlirpOptions *slirp, Options *options, Error *err)
{
    static const char *const repeated[] = {"hostfwd", "guestfwd", "dnssearch"};
    *slirp = (SlirpOptions){.ipv4 = true, .ipv6 = true};
    slirp->search = g_ptr_array_new_with_free_func(g_free);
    slirp->hostfwds = g_array_new(FALSE, TRUE, sizeof(HostForward));
    slirp->guestfwds = g_array_new(FALSE, TRUE, sizeof(GuestForward));
    if (options_get(options, "smb") || options_get(options, "smbserver")) {
        return fail(err, "smb is not supported: use tftp=, hostfwd= or guestfwd=");
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(repeated); i++) {
        (void)options_get(options, repeated[i]); // known
    }
    Collect all = {.slirp = slirp, .err = err, .ok = true};
    options_each(options, collect, &all);
    g_ptr_array_add(slirp->search, NULL);
    if (!all.ok || !options_bool(options, "ipv4", &slirp->ipv4, err) ||
        !options_bool(options, "ipv6", &slirp->ipv6, err) ||
        !options_bool(options, "restrict", &slirp->restricted, err)) {
        return false;
    }
    if (!slirp->ipv4 && !slirp->ipv6) {
        return fail(err, "IPv4 and IPv6 disabled");
    }
    return parse_addresses(slirp, options, err) && parse_addresses6(slirp, options, err) &&
           bounded_copy(&slirp->hostname, options, "hostname", 255, err) &&
           bounded_copy(&slirp->domainname, options, "domainname", 255, err) &&
           bounded_copy(&slirp->bootfile, options, "bootfile", 127, err) &&
           bounded_copy(&slirp->tftp_server_name, options, "tftp-server-name", 255, err) &&
           bounded_copy(&slirp->tftp, options, "tftp", 4095, err);
}

void slirp_options_clear(SlirpOptions *slirp)
{
    for (unsigned i = 0; i < slirp->hostfwds->len; i++) {
        g_free(g_array_index(slirp->hostfwds, HostForward, i).text);
    }
    for (unsigned i = 0; i < slirp->guestfwds->len; i++) {
        g_free(g_array_index(slirp->guestfwds, GuestForward, i).text);
        g_free(g_array_index(slirp->guestfwds, GuestForward, i).command);
        g_free(g_array_index(slirp->guestfwds, GuestForward, i).chardev);
    }
    g_array_unref(slirp->hostfwds);
    g_array_unref(slirp->guestfwds);
    g_ptr_array_unref(slirp->search);
    g_free(slirp->hostname);
    g_free(slirp->domainname);
    g_free(slirp->bootfile);
    g_free(slirp->tftp_server_name);
    g_free(slirp->tftp);
}

void slirp_options_config(const SlirpOptions *slirp, SlirpConfig *config)
{
    *config = (SlirpConfig){
        .version = 1,
        .restricted = slirp->restricted,
        .in_enabled = slirp->ipv4,
        .vnetwork = slirp->net,
        .vnetmask = slirp->mask,
        .vhost = slirp->host,
        .in6_enabled = slirp->ipv6,
        .vprefix_addr6 = slirp->prefix6,
        .vprefix_len = slirp->prefix6_len,
        .vhost6 = slirp->host6,
        .vhostname = slirp->hostname,
        .tftp_server_name = slirp->tftp_server_name,
        .tftp_path = slirp->tftp,
        .bootfile = slirp->bootfile,
        .vdhcp_start = slirp->dhcp_start,
        .vnameserver = slirp->dns,
        .vnameserver6 = slirp->dns6,
        .vdnssearch = slirp->search->len > 1 ? (const char **)slirp->search->pdata : NULL,
        .vdomainname = slirp->domainname,
    };
}

char *slirp_options_text(const SlirpOptions *slirp)
{
    char net[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &slirp->net, net, sizeof(net));
    return g_strdup_printf("net=%s,restrict=%s", net, slirp->restricted ? "on" : "off");
}
