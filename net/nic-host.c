// SPDX-License-Identifier: GPL-2.0-or-later
// The options that ask for cards: -nic BACKEND,model=…, -net nic, -net user, and none.
//
// -nic makes a netdev and a card on it. Of the older -net, the cards and the backends are paired in the
// order in which they were given; the hub that once joined them all isn't modelled.
#include "net/netdev-host.h"

#include <string.h>

static GArray *nics;       // NetNic
static unsigned made;      // for names of netdevs that have none
static bool any_option;

static bool mac_valid(const char *text)
{
    for (unsigned i = 0; i < 17; i++) {
        if (i % 3 == 2 ? text[i] != ':' && text[i] != '-' : !g_ascii_isxdigit(text[i])) {
            return false;
        }
    }
    return !text[17];
}

// The card's keys; `mac_key` differs between -nic and -net.
static bool take_nic(Options *options, const char *mac_key, NetNic *nic, Error *err)
{
    const char *mac = options_get(options, mac_key);
    *nic = (NetNic){0};
    if (mac && !mac_valid(mac)) {
        return fail(err, "invalid syntax for ethernet address");
    }
    nic->model = g_strdup(options_get(options, "model"));
    nic->mac = mac ? g_strdelimit(g_strdup(mac), "-", ':') : NULL;
    return true;
}

static void nic_clear(NetNic *nic)
{
    g_free(nic->netdev_id);
    g_free(nic->model);
    g_free(nic->mac);
    g_free(nic->id);
}

static void add_nic(const NetNic *nic)
{
    if (!nics) {
        nics = g_array_new(FALSE, FALSE, sizeof(NetNic));
    }
    g_array_append_vals(nics, nic, 1);
}

static bool has_type(Options *options, const char *type)
{
    const char *given = options_get(options, "type");
    return given && strcmp(given, type) == 0;
}

static bool nic_add(Options *options, Error *err)
{
    if (has_type(options, "none")) {
        return true;
    }
    NetNic nic;
    const char *id = options_id(options);
    if (!take_nic(options, "mac", &nic, err)) {
        return false;
    }
    char *own_id = id ? g_strdup(id) : g_strdup_printf("#net%u", made++);
    bool ok = netdev_make(own_id, options, err);
    if (ok) {
        nic.netdev_id = g_strdup(own_id);
        add_nic(&nic);
    }
    if (!ok) {
        nic_clear(&nic);
    }
    g_free(own_id);
    return ok;
}

bool net_nic_add(const char *option, Error *err)
{
    Options *options = options_parse(option, "type", err);
    any_option = true;
    bool ok = options && nic_add(options, err);
    options_free(options);
    return ok;
}

static bool net_add(Options *options, Error *err)
{
    if (has_type(options, "none")) {
        return options_finish(options, err);
    }
    const char *id = options_id(options);
    if (has_type(options, "nic")) {
        NetNic nic;
        const char *netdev = options_get(options, "netdev");
        if (!take_nic(options, "macaddr", &nic, err) || !options_finish(options, err)) {
            nic_clear(&nic);
            return false;
        }
        nic.id = g_strdup(id);
        nic.netdev_id = g_strdup(netdev);
        add_nic(&nic);
        return true;
    }
    char *own_id = id ? g_strdup(id) : g_strdup_printf("#net%u", made++);
    Netdev *netdev = netdev_make(own_id, options, err);
    if (netdev) {
        netdev->legacy = true;
    }
    g_free(own_id);
    return netdev;
}

bool net_net_add(const char *option, Error *err)
{
    Options *options = options_parse(option, "type", err);
    any_option = true;
    bool ok = options && net_add(options, err);
    options_free(options);
    return ok;
}

bool net_default_wanted(void) { return !any_option; }

// Pairs what -net left unpaired: all options have been read when a machine asks for its cards.
static void pair_legacy(void)
{
    Netdev *netdev = NULL;
    for (unsigned i = 0; nics && i < nics->len; i++) {
        NetNic *nic = &g_array_index(nics, NetNic, i);
        if (!nic->netdev_id && (netdev = netdev_next_legacy(netdev))) {
            nic->netdev_id = g_strdup(netdev->id);
            netdev->legacy = false;
            netdev = NULL;
        }
    }
}

unsigned net_nic_count(void)
{
    pair_legacy();
    return nics ? nics->len : 0;
}

const NetNic *net_nic_at(unsigned i) { return &g_array_index(nics, NetNic, i); }

void net_nics_clear(void)
{
    for (unsigned i = 0; nics && i < nics->len; i++) {
        nic_clear(&g_array_index(nics, NetNic, i));
    }
    if (nics) {
        g_array_unref(nics);
        nics = NULL;
    }
    made = 0;
    any_option = false;
}
