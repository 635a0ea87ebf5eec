/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/cli/estimate.h"

#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>

#include "sim/world/world.h"

#define IDENTITIES_PER_PARTITION 4096 /* fewer in each do not pay for the exchange between them */

/* Datagrams of one step of the protocol; a message over a link is DATA and ACK, and what carries a stored value goes as two fragments. */
#define LOOKUP_PER_HOP   6.0 /* request 2, answer in two fragments 4 */
#define REGISTER_PER_HOP 6.0
#define UPDATE_PER_LINK  4.0
#define PING_PER_HOP     4.0
#define SESSION_AT_10K   3100.0 /* one join and one leave with all they cause */

/* Measured on a machine of 2025; see sim/cli/README.md. */
#define DATAGRAM_CPU_S  1.6e-6
#define KEEPALIVE_CPU_S 0.12e-6

/* The same of chord2003, whose every message is one datagram: hardly more than what the host takes for one, as it does for keepalives one by one. */
#define CHORD_DATAGRAM_CPU_S 0.35e-6

static double log2_of(double x)
{
    double n = 0;
    for (; x >= 2; x /= 2)
        n++;
    return n + (x - 1); /* linear between powers of two: good enough here */
}

static double per_second(sim_time interval)
{
    return interval ? 1e9 / (double)interval : 0;
}

/* Look-ups ask half the fingers' number of nodes, twice a datagram; stabilisation asks one. A join fills all fingers. */
static struct estimate estimate_chord(const struct scenario *s)
{
    double peers = s->peers, seconds = (double)(s->warmup + s->measure) / 1e9, depth = log2_of(peers);
    double path = depth / 2, session = s->churn ? law_mean(&s->session) : 0;
    double sessions = (session > 0 ? seconds / session : 0) + (s->start == START_JOIN);
    double rate = 2 * path * (per_second(s->lookup_every) + per_second(s->chord2003.fix_fingers)) +
                  2 * per_second(s->chord2003.stabilize);
    struct estimate e = {.population = scenario_population(s)};
    e.datagrams = peers * (rate * seconds + sessions * 2 * path * depth);
    e.cpu_s = e.datagrams * CHORD_DATAGRAM_CPU_S;
    return e;
}

static bool keepalives_one_by_one(const struct scenario *s)
{
    return s->latency == LATENCY_EXPONENTIAL || s->jitter.kind != LAW_NEVER || s->access_up || s->access_down ||
           scenario_changes_delays(s);
}

static struct estimate estimate_reload(const struct scenario *s)
{
    const struct overlay *o = &s->overlay;
    double peers = s->peers, seconds = (double)(s->warmup + s->measure) / 1e9, depth = log2_of(peers);
    double hops = depth / 2 + 0.7, links = 2 * depth + o->predecessors + o->successors;
    if (links > peers - 1)
        links = peers - 1;
    double session = s->churn ? law_mean(&s->session) : 0, sessions = session > 0 ? seconds / session : 0;
    if (s->start == START_JOIN)
        sessions += 0.5; /* a join without its leave */
    double rate = LOOKUP_PER_HOP * hops * per_second(s->lookup_every ? scenario_lookup_gap(s) : 0) +
                  REGISTER_PER_HOP * hops * per_second(s->register_every) +
                  UPDATE_PER_LINK * links * per_second(o->update_interval) +
                  PING_PER_HOP * hops * depth * per_second(o->ping_interval);
    struct estimate e = {.population = scenario_population(s)};
    e.datagrams = peers * (rate * seconds + sessions * SESSION_AT_10K * (depth / 13.3) * (depth / 13.3));
    e.keepalives = peers * links * per_second(o->keepalive_interval) * seconds;
    e.cpu_s = e.datagrams * DATAGRAM_CPU_S +
              e.keepalives * (keepalives_one_by_one(s) ? CHORD_DATAGRAM_CPU_S : KEEPALIVE_CPU_S);
    return e;
}

struct estimate estimate_of(const struct scenario *s, unsigned partitions)
{
    struct estimate e = s->protocol == PROTOCOL_CHORD2003 ? estimate_chord(s) : estimate_reload(s);
    e.memory_bytes = world_memory(s, partitions).total;
    return e;
}

unsigned cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

unsigned partitions_for(unsigned asked, uint32_t population)
{
    unsigned n = cores(), most = population / IDENTITIES_PER_PARTITION;
    if (asked)
        return asked < population ? asked : population;
    n = n < most ? n : most;
    return n < 1 ? 1 : n > PARTITIONS_MAX ? PARTITIONS_MAX : n;
}

static double meminfo(const char *format)
{
    char line[160];
    unsigned long long kib = 0;
    FILE *in = fopen("/proc/meminfo", "r");
    while (in && fgets(line, sizeof line, in) && sscanf(line, format, &kib) != 1)
        kib = 0;
    if (in)
        fclose(in);
    return (double)kib * 1024;
}

struct memory memory_here(void)
{
    struct memory m = {meminfo("MemAvailable: %llu"), meminfo("MemTotal: %llu")};
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        (double)limit.rlim_cur < m.available_bytes)
        m.available_bytes = (double)limit.rlim_cur;
    return m;
}
