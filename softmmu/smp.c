// SPDX-License-Identifier: GPL-2.0-or-later
// -smp: how many vCPUs, in the words and with the defaults that QEMU's users know. The topology is checked, then forgotten: no machine of ours shows it.
//
// What isn't given follows from the rest: one socket, one thread a core, as many cores as it takes. `quantum` is ours: instructions that a vCPU
// runs before the next one's turn.
#include <inttypes.h>
#include <stdio.h>

#include "core/options.h"
#include "softmmu/cmdline.h"

enum { COUNT_MAX = 1 << 20, QUANTUM_MIN = 100, QUANTUM_MAX = 1000000000 };

typedef struct Topology {
    uint64_t cpus, maxcpus, sockets, dies, clusters, cores, threads; // 0: not given
    uint64_t quantum;
} Topology;

static bool number(Options *o, const char *key, uint64_t *value, Error *err)
{
    const char *text = options_get(o, key);
    if (!text) {
        return true;
    }
    if (!parse_number(text, value)) {
        return fail(err, "Parameter 'smp.%s' expects integer", key);
    }
    if (*value > COUNT_MAX) {
        return fail(err, "Parameter 'smp.%s' is too large", key);
    }
    if (*value == 0) {
        fprintf(stderr, "warning: Deprecated CPU topology (considered invalid): CPU topology parameters must be greater than zero\n");
    }
    return true;
}

static bool check(const Topology *t, Error *err)
{
    uint64_t product = t->sockets * t->cores * t->threads;
    if (t->dies > 1 || t->clusters > 1) {
        return fail(err, "%s not supported by this machine's CPU topology", t->dies > 1 ? "dies" : "clusters");
    }
    if (product != t->maxcpus) {
        return fail(err, "Invalid CPU topology: product of the hierarchy must match maxcpus: sockets (%" PRIu64 ") * cores (%" PRIu64
                    ") * threads (%" PRIu64 ") != maxcpus (%" PRIu64 ")", t->sockets, t->cores, t->threads, t->maxcpus);
    }
    if (t->maxcpus < t->cpus) {
        return fail(err, "Invalid CPU topology: maxcpus must be equal to or greater than smp: sockets (%" PRIu64 ") * cores (%" PRIu64
                    ") * threads (%" PRIu64 ") == maxcpus (%" PRIu64 ") < smp_cpus (%" PRIu64 ")", t->sockets, t->cores, t->threads,
                    t->maxcpus, t->cpus);
    }
    return true;
}

static void complete(Topology *t)
{
    uint64_t total = t->maxcpus ? t->maxcpus : t->cpus;
    if (total && !t->cores) {
        t->sockets = t->sockets ? t->sockets : 1;
        t->threads = t->threads ? t->threads : 1;
        t->cores = total / (t->sockets * t->threads);
    } else if (total && !t->sockets) {
        t->threads = t->threads ? t->threads : 1;
        t->sockets = total / (t->cores * t->threads);
    } else if (total && !t->threads) {
        t->threads = total / (t->sockets * t->cores);
    } else if (!total) {
        t->sockets = t->sockets ? t->sockets : 1;
        t->cores = t->cores ? t->cores : 1;
        t->threads = t->threads ? t->threads : 1;
        total = t->sockets * t->cores * t->threads;
    }
    t->maxcpus = total;
    t->cpus = t->cpus ? t->cpus : total;
}

bool smp_parse(Cmdline *c, const char *value, Error *err)
{
    Topology t = { 0 };
    Options *o = options_parse(value, "cpus", err);
    if (!o) {
        return false;
    }
    bool ok = number(o, "cpus", &t.cpus, err) && number(o, "maxcpus", &t.maxcpus, err) && number(o, "sockets", &t.sockets, err) &&
              number(o, "dies", &t.dies, err) && number(o, "clusters", &t.clusters, err) && number(o, "cores", &t.cores, err) &&
              number(o, "threads", &t.threads, err) && options_number(o, "quantum", &t.quantum, err) && options_finish(o, err);
    bool quantum_given = ok && options_get(o, "quantum");
    options_free(o);
    if (ok && quantum_given && (t.quantum < QUANTUM_MIN || t.quantum > QUANTUM_MAX)) {
        return fail(err, "Parameter 'smp.quantum' must be between %d and %d instructions", QUANTUM_MIN, QUANTUM_MAX);
    }
    if (!ok) {
        return false;
    }
    complete(&t);
    if (!check(&t, err)) {
        return false;
    }
    c->smp = (unsigned)t.cpus;
    c->smp_max = (unsigned)t.maxcpus;
    c->quantum = (uint32_t)t.quantum;
    return true;
}
