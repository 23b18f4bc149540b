// SPDX-License-Identifier: GPL-2.0-or-later
// -object filter-replay: names a netdev whose traffic is recorded and replayed.
//
// All netdevs are, since their frames pass the seam in any case; so the object is checked, listed by
// `info network`, and otherwise has nothing to do.
#include "core/options.h"
#include "net/net-bridge.h"

#include <string.h>

static GArray *filters; // FilterReplay

static bool add(Options *options, Error *err)
{
    const char *type = options_get(options, "qom-type"), *id = options_id(options);
    const char *netdev = options_get(options, "netdev");
    (void)options_get(options, "position"); // tail and the like change nothing with one filter
    (void)options_get(options, "status");
    (void)options_get(options, "queue");
    if (!type || strcmp(type, "filter-replay") != 0) {
        return fail(err, "Parameter 'qom-type' does not accept value '%s'", type ? type : "");
    }
    if (!id || !netdev) {
        return fail(err, "Parameter '%s' is missing", id ? "netdev" : "id");
    }
    if (!options_finish(options, err)) {
        return false;
    }
    for (unsigned i = 0; i < filter_replay_count(); i++) {
        if (strcmp(filter_replay_at(i)->id, id) == 0) {
            return fail(err, "Duplicate ID '%s' for object", id);
        }
        if (strcmp(filter_replay_at(i)->netdev, netdev) == 0) {
            return fail(err, "netdev '%s' has a filter-replay already", netdev);
        }
    }
    FilterReplay filter = {.id = g_strdup(id), .netdev = g_strdup(netdev)};
    if (!filters) {
        filters = g_array_new(FALSE, FALSE, sizeof(FilterReplay));
    }
    g_array_append_val(filters, filter);
    return true;
}

bool filter_replay_add(const char *option, Error *err)
{
    Options *options = options_parse(option, "qom-type", err);
    bool ok = options && add(options, err);
    options_free(options);
    return ok;
}

unsigned filter_replay_count(void) { return filters ? filters->len : 0; }

const FilterReplay *filter_replay_at(unsigned i) { return &g_array_index(filters, FilterReplay, i); }

void filter_replay_clear(void)
{
    for (unsigned i = 0; i < filter_replay_count(); i++) {
        g_free(filter_replay_at(i)->id);
        g_free(filter_replay_at(i)->netdev);
    }
    if (filters) {
        g_array_unref(filters);
        filters = NULL;
    }
}
