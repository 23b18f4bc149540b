// SPDX-License-Identifier: GPL-2.0-or-later
// Networks, host half: the netdevs, and the two queues between a card and its backend.
#include "net/netdev-host.h"
#include "util/message.h"

#include <stdio.h>
#include <string.h>

struct NetEnd {
    Netdev *netdev;
    const Device *dev;
    ReplaySource *source;
};

static const NetHost net_host_half;
static GPtrArray *netdevs; // Netdev *, in order of making

static const NetBackendType *const types[] = {&net_slirp, &net_socket};

// ---- registry ----

Netdev *netdev_find(const char *id)
{
    for (unsigned i = 0; netdevs && i < netdevs->len; i++) {
        Netdev *netdev = netdevs->pdata[i];
        if (strcmp(netdev->id, id) == 0) {
            return netdev;
        }
    }
    return NULL;
}

Netdev *netdev_next_legacy(Netdev *after)
{
    bool seen = !after;
    for (unsigned i = 0; netdevs && i < netdevs->len; i++) {
        Netdev *netdev = netdevs->pdata[i];
        if (seen && netdev->legacy) {
            return netdev;
        }
        seen = seen || netdev == after;
    }
    return NULL;
}

// Those that users may know and we don't have.
static const char *const others[] = {"tap",  "bridge", "hubport",    "l2tpv3",     "vde", "stream",
                                     "dgram", "netmap", "vhost-user", "vhost-vdpa"};

Netdev *netdev_make(const char *id, Options *options, Error *err)
{
    const char *name = options_get(options, "type");
    const NetBackendType *type = NULL;
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        if (name && strcmp(types[i]->name, name) == 0) {
            type = types[i];
        }
    }
    for (unsigned i = 0; name && i < G_N_ELEMENTS(others); i++) {
        if (strcmp(others[i], name) == 0) {
            fail(err, "network backend '%s' is not supported; there are user and socket", name);
            return NULL;
        }
    }
    if (!type) {
        fail(err, "Parameter 'type' does not accept value '%s'", name ? name : "");
        return NULL;
    }
    if (netdev_find(id)) {
        fail(err, "Duplicate ID '%s' for netdev", id);
        return NULL;
    }
    NetBackend *backend = type->parse(options, err);
    if (!backend) {
        return NULL;
    }
    if (!options_finish(options, err)) {
        type->free(backend);
        return NULL;
    }
    Netdev *netdev = g_new0(Netdev, 1);
    netdev->id = g_strdup(id);
    netdev->type = type;
    netdev->backend = backend;
    pthread_mutex_init(&netdev->lock, NULL);
    g_queue_init(&netdev->tx);
    g_queue_init(&netdev->rx);
    if (!netdevs) {
        netdevs = g_ptr_array_new();
        net_port_set_host(&net_host_half);
    }
    g_ptr_array_add(netdevs, netdev);
    return netdev;
}

bool net_netdev_add(const char *option, Error *err)
{
    Options *options = options_parse(option, "type", err);
    if (!options) {
        return false;
    }
    const char *id = options_id(options);
    bool ok = (id || fail(err, "Parameter 'id' is missing")) && netdev_make(id, options, err);
    options_free(options);
    return ok;
}

static void netdev_free(Netdev *netdev)
{
    netdev->type->free(netdev->backend);
    while (g_idle_remove_by_data(netdev)) {
    }
    g_queue_clear_full(&netdev->tx, (GDestroyNotify)g_bytes_unref);
    g_queue_clear_full(&netdev->rx, (GDestroyNotify)g_bytes_unref);
    pthread_mutex_destroy(&netdev->lock);
    g_free(netdev->end);
    g_free(netdev->id);
    g_free(netdev);
}

static bool is_object(const char *option, const char *type)
{
    size_t len = strlen(type);
    return strncmp(option, type, len) == 0 && (!option[len] || option[len] == ',');
}

bool net_object_add(const char *option, Error *err)
{
    static const char *const unknown[] = {"filter-buffer", "filter-mirror", "filter-redirector",
                                          "filter-rewriter", "colo-compare"};
    const char *from = g_str_has_prefix(option, "qom-type=") ? option + strlen("qom-type=") : option;
    for (unsigned i = 0; i < G_N_ELEMENTS(unknown); i++) {
        if (is_object(from, unknown[i])) {
            return fail(err, "%s is not supported; there are filter-replay and filter-dump", unknown[i]);
        }
    }
    return is_object(from, "filter-dump") ? net_dump_add(option, err) : filter_replay_add(option, err);
}

void net_warn_unconnected(void)
{
    for (unsigned i = 0; netdevs && i < netdevs->len; i++) {
        const Netdev *netdev = netdevs->pdata[i];
        if (!netdev->end) {
            message("warning: netdev %s has no peer", netdev->id);
        }
    }
}

bool net_open_all(ReplayMode mode, Error *err)
{
    for (unsigned i = 0; i < filter_replay_count(); i++) {
        if (!netdev_find(filter_replay_at(i)->netdev)) {
            return fail(err, "Parameter 'netdev' expects a network backend id");
        }
    }
    if (!net_dumps_open(err)) {
        return false;
    }
    for (unsigned i = 0; mode != REPLAY_PLAY && netdevs && i < netdevs->len; i++) {
        Netdev *netdev = netdevs->pdata[i];
        if (!netdev->opened) {
            if (!netdev->type->open(netdev->backend, netdev, err)) {
                return false;
            }
            pthread_mutex_lock(&netdev->lock);
            netdev->opened = true;
            pthread_mutex_unlock(&netdev->lock);
        }
    }
    return true;
}

void net_close_all(void)
{
    for (unsigned i = 0; netdevs && i < netdevs->len; i++) {
        netdev_free(netdevs->pdata[i]);
    }
    if (netdevs) {
        g_ptr_array_unref(netdevs);
        netdevs = NULL;
    }
    net_nics_clear();
    filter_replay_clear();
    net_dumps_clear();
}

void net_set_running(bool running)
{
    for (unsigned i = 0; netdevs && i < netdevs->len; i++) {
        Netdev *netdev = netdevs->pdata[i];
        netdev->type->set_running(netdev->backend, running);
    }
}

// ---- to the card ----

static void rx_flush(Netdev *netdev)
{
    while (netdev->end && !g_queue_is_empty(&netdev->rx) &&
           replay_credit(netdev->end->source) > 0) {
        GBytes *payload = g_queue_pop_head(&netdev->rx);
        gsize len;
        const void *bytes = g_bytes_get_data(payload, &len);
        netdev->rx_bytes -= len;
        netdev->rx_frames++;
        replay_post(netdev->end->source, bytes, len);
        g_bytes_unref(payload);
    }
    if (netdev->type->room && netdev->opened && !netdev_busy(netdev)) {
        netdev->type->room(netdev->backend);
    }
}

void netdev_receive(Netdev *netdev, const uint8_t *frame, size_t len)
{
    if (!netdev->end || len == 0 || len > NET_FRAME_MAX ||
        netdev->rx_bytes + len + 1 > NET_QUEUE_MAX) {
        netdev->rx_dropped++;
        return;
    }
    uint8_t *payload = g_malloc(len + 1);
    payload[0] = NET_RX_FLAGS;
    memcpy(payload + 1, frame, len);
    g_queue_push_tail(&netdev->rx, g_bytes_new_take(payload, len + 1));
    netdev->rx_bytes += len + 1;
    rx_flush(netdev);
}

static gboolean rx_resume(void *ctx)
{
    Netdev *netdev = ctx;
    g_atomic_int_set(&netdev->rx_scheduled, 0);
    rx_flush(netdev);
    return G_SOURCE_REMOVE;
}

// Machine thread.
static void credit_rises(void *ctx)
{
    Netdev *netdev = ctx;
    if (g_atomic_int_compare_and_exchange(&netdev->rx_scheduled, 0, 1)) {
        g_idle_add_full(G_PRIORITY_DEFAULT, rx_resume, netdev, NULL);
    }
}

// ---- from the card ----

static gboolean tx_flush(void *ctx)
{
    Netdev *netdev = ctx;
    for (;;) {
        pthread_mutex_lock(&netdev->lock);
        GBytes *frame = g_queue_pop_head(&netdev->tx);
        if (frame) {
            netdev->tx_bytes -= g_bytes_get_size(frame);
        } else {
            netdev->tx_scheduled = false;
        }
        pthread_mutex_unlock(&netdev->lock);
        if (!frame) {
            return G_SOURCE_REMOVE;
        }
        gsize len;
        const uint8_t *bytes = g_bytes_get_data(frame, &len);
        netdev->type->send(netdev->backend, bytes, len);
        g_bytes_unref(frame);
    }
}

// Machine thread.
static void host_send(NetEnd *end, const uint8_t *frame, size_t len)
{
    Netdev *netdev = end->netdev;
    pthread_mutex_lock(&netdev->lock);
    if (!netdev->opened || len == 0 || len > NET_FRAME_MAX ||
        netdev->tx_bytes + len > NET_QUEUE_MAX) {
        netdev->tx_dropped++;
    } else {
        netdev->tx_frames++;
        netdev->tx_bytes += len;
        g_queue_push_tail(&netdev->tx, g_bytes_new(frame, len));
        if (!netdev->tx_scheduled) {
            netdev->tx_scheduled = true;
            g_idle_add_full(G_PRIORITY_DEFAULT, tx_flush, netdev, NULL);
        }
    }
    pthread_mutex_unlock(&netdev->lock);
}

static NetEnd *host_attach_port(const char *id, const Device *dev, ReplaySource *source, Error *err)
{
    Netdev *netdev = netdev_find(id);
    if (!netdev) {
        fail(err, "can't find value '%s'", id);
        return NULL;
    }
    if (netdev->end) {
        fail(err, "can't take value '%s', it's in use", id);
        return NULL;
    }
    NetEnd *end = g_new0(NetEnd, 1);
    *end = (NetEnd){.netdev = netdev, .dev = dev, .source = source};
    netdev->end = end;
    replay_credit_watch(source, credit_rises, netdev);
    return end;
}

static void host_passed(NetEnd *end, bool from_card, const uint8_t *frame, size_t len, int64_t now_ns)
{
    net_dump_frame(end->netdev->id, from_card, frame, len, now_ns);
}

static const NetHost net_host_half = {
    .attach_port = host_attach_port, .send = host_send, .passed = host_passed};

// ---- reports ----

void net_each(void (*each)(void *ctx, const NetInfo *info), void *ctx)
{
    for (unsigned i = 0; netdevs && i < netdevs->len; i++) {
        Netdev *netdev = netdevs->pdata[i];
        char *own = netdev->type->text(netdev->backend);
        pthread_mutex_lock(&netdev->lock);
        NetInfo info = {.id = netdev->id,
                        .text = g_strdup_printf("type=%s,%s", netdev->type->name, own),
                        .card = netdev->end ? netdev->end->dev->path : NULL,
                        .card_model = netdev->end ? netdev->end->dev->type->name : NULL,
                        .queued_bytes = netdev->rx_bytes,
                        .rx_frames = netdev->rx_frames,
                        .rx_dropped = netdev->rx_dropped,
                        .tx_frames = netdev->tx_frames,
                        .tx_dropped = netdev->tx_dropped};
        pthread_mutex_unlock(&netdev->lock);
        each(ctx, &info);
        g_free(info.text);
        g_free(own);
    }
}

static void info_lines(void *ctx, const NetInfo *info)
{
    GString *text = ctx;
    if (info->card) {
        g_string_append_printf(text, "%s: index=0,type=nic,model=%s\n \\ ", info->card,
                               info->card_model);
    }
    g_string_append_printf(text, "%s: index=0,%s\n", info->id, info->text);
    bool first = true;
    for (unsigned i = 0; i < filter_replay_count(); i++) {
        const FilterReplay *filter = filter_replay_at(i);
        if (strcmp(filter->netdev, info->id) == 0) {
            g_string_append_printf(text, "%s  - %s: type=filter-replay,netdev=%s\n",
                                   first ? "filters:\n" : "", filter->id, filter->netdev);
            first = false;
        }
    }
    net_dumps_text(info->id, &first, text);
}

char *net_info_text(void)
{
    GString *text = g_string_new(NULL);
    net_each(info_lines, text);
    return g_string_free(text, FALSE);
}

char *net_usernet_text(void)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; netdevs && i < netdevs->len; i++) {
        Netdev *netdev = netdevs->pdata[i];
        char *connections =
            netdev->type->connections ? netdev->type->connections(netdev->backend) : NULL;
        if (connections) {
            g_string_append_printf(text, "%s:\n%s", netdev->id, connections);
        }
        g_free(connections);
    }
    return g_string_free(text, FALSE);
}
