/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/measures.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

int scope_open(struct scope *s, bool many)
{
    s->m = calloc(1, sizeof *s->m);
    s->fresh = many ? calloc(1, sizeof *s->fresh) : s->m;
    return s->m && s->fresh ? 0 : -1;
}

void scope_close(struct scope *s)
{
    if (s->fresh != s->m)
        free(s->fresh);
    free(s->m);
}

bool scope_covers(const struct scope *s, sim_time t)
{
    if (t < s->from || t >= s->to)
        return false;
    for (unsigned i = 0; s->guard && i < s->faults; i++)
        if (t >= s->fault[i] && t < time_add(s->until[i] == TIME_NEVER ? s->fault[i] : s->until[i], s->guard))
            return false;
    return true;
}

void measures_lookup(struct measures *m, const struct lookup_result *r)
{
    m->outcome[r->outcome]++;
    m->expected += r->expected;
    m->expected_correct += r->expected && r->outcome == OUTCOME_CORRECT;
    m->honest_expected += r->honest && r->expected;
    m->honest_correct += r->honest && r->expected && r->outcome == OUTCOME_CORRECT;
    if (!r->answered) {
        m->lookup_failures++;
        return;
    }
    histogram_add(&m->lookup_latency, r->latency);
    histogram_add(&m->lookup_links, r->links);
    if (r->round_trip) {
        m->stretch_milli += r->latency * 1000 / r->round_trip;
        m->stretches++;
    }
}

void measures_registration(struct measures *m, sim_time latency, bool good)
{
    if (good)
        histogram_add(&m->registration_latency, latency);
    m->registration_good += good;
    m->registration_bad += !good;
}

void measures_entrance(struct entrances *e, sim_time latency, bool good)
{
    if (good)
        histogram_add(&e->latency, latency);
    e->good += good;
    e->bad += !good;
}

static void mean_add(struct mean *mean, double value)
{
    if (isnan(value))
        return;
    mean->sum += value;
    mean->count++;
}

void measures_sample(struct measures *m, const struct ring_sample *s)
{
    const double share[] = {s->wrong_successor, s->dead_successor, s->unreachable_values, s->under_replicated,
                            s->finger_valid};
    for (unsigned i = 0; i < 5; i++)
        mean_add(&m->ring[i], share[i]);
    mean_add(&m->clients, s->clients);
}

void tally_add(struct tally *to, const struct tally *t)
{
    for (unsigned i = 0; i < TRAFFIC_CLASSES; i++)
        to->messages[i] += t->messages[i];
    to->fragments += t->fragments;
    for (unsigned i = 0; i < DROPPED_REASONS; i++)
        to->dropped[i] += t->dropped[i];
    for (unsigned i = 0; i < UPDATE_CAUSES; i++)
        to->updates[i] += t->updates[i];
    to->resent += t->resent;
    to->spurious += t->spurious;
    to->no_target += t->no_target;
    to->dead_hops += t->dead_hops;
    to->leaves += t->leaves;
    to->crashes += t->crashes;
    to->skipped += t->skipped;
    to->link_failures += t->link_failures;
    to->link_failures_live += t->link_failures_live;
    to->online += t->online;
    to->online_ns += t->online_ns;
}

static void totals_add_difference(struct totals *sum, const struct totals *from, const struct totals *to)
{
    for (unsigned i = 0; i < TRAFFIC_CLASSES; i++) {
        sum->net.class_count[i] += to->net.class_count[i] - from->net.class_count[i];
        sum->net.class_bytes[i] += to->net.class_bytes[i] - from->net.class_bytes[i];
    }
    sum->net.sent += to->net.sent - from->net.sent;
    sum->net.delivered += to->net.delivered - from->net.delivered;
    sum->net.lost += to->net.lost - from->net.lost;
    sum->net.dead += to->net.dead - from->net.dead;
    sum->net.dropped += to->net.dropped - from->net.dropped;
    sum->net.uplink_dropped += to->net.uplink_dropped - from->net.uplink_dropped;
    sum->net.downlink_dropped += to->net.downlink_dropped - from->net.downlink_dropped;
    sum->net.message_bytes += to->net.message_bytes - from->net.message_bytes;
    sum->net.clamped += to->net.clamped - from->net.clamped;
    sum->net.legs += to->net.legs - from->net.legs;
    sum->net.wakes += to->net.wakes - from->net.wakes;
    sum->events += to->events - from->events;
}

void measures_interval(struct measures *m, sim_time length, uint64_t online_us, const struct tally *t,
                       const struct totals *from, const struct totals *to)
{
    m->covered += length;
    m->online_us += online_us;
    tally_add(&m->tally, t);
    totals_add_difference(&m->totals, from, to);
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : NAN;
}

static double seconds(double ns)
{
    return ns / 1e9;
}

static void fill_lookups(const struct measures *m, sim_time limit, struct summary *s)
{
    uint64_t settled = 0;
    for (unsigned i = 0; i < OUTCOMES; i++)
        settled += m->outcome[i];
    s->lookup_count = m->lookups;
    s->lookup_abandoned = m->abandoned;
    s->lookup_no_target = m->tally.no_target;
    s->lookup_skipped = m->tally.skipped;
    double *outcome[OUTCOMES] = {&s->lookup_correct,     &s->lookup_stale,   &s->lookup_lost, &s->lookup_absent,
                                 &s->lookup_wrong_owner, &s->lookup_timeout, &s->lookup_error};
    for (unsigned i = 0; i < OUTCOMES; i++)
        *outcome[i] = share(m->outcome[i], settled);
    s->lookup_success = share(m->expected_correct, m->expected);
    const struct histogram *h = &m->lookup_latency;
    s->lookup_latency_mean = seconds(histogram_mean(h));
    s->lookup_latency_p50 = seconds(histogram_quantile(h, 0.50, m->lookup_failures, limit));
    s->lookup_latency_p95 = seconds(histogram_quantile(h, 0.95, m->lookup_failures, limit));
    s->lookup_latency_p99 = seconds(histogram_quantile(h, 0.99, m->lookup_failures, limit));
    s->lookup_hops_mean = histogram_mean(&m->lookup_links);
    s->lookup_hops_p99 = histogram_quantile(&m->lookup_links, 0.99, 0, 0);
    s->lookup_dead_hops_mean = share(m->tally.dead_hops, settled);
    s->lookup_stretch_mean = share(m->stretch_milli, m->stretches) / 1000;
}

static void fill_registrations(const struct measures *m, sim_time limit, struct summary *s)
{
    const struct histogram *h = &m->registration_latency;
    s->registration_count = m->registrations;
    s->registration_success = share(m->registration_good, m->registration_good + m->registration_bad);
    s->registration_latency_mean = seconds(histogram_mean(h));
    s->registration_latency_p50 = seconds(histogram_quantile(h, 0.50, m->registration_bad, limit));
    s->registration_latency_p95 = seconds(histogram_quantile(h, 0.95, m->registration_bad, limit));
    s->registration_latency_p99 = seconds(histogram_quantile(h, 0.99, m->registration_bad, limit));
}

static void fill_members(const struct measures *m, struct summary *s)
{
    s->join_count = m->joins.count;
    s->join_success = share(m->joins.good, m->joins.good + m->joins.bad);
    s->join_latency_p50 = seconds(histogram_quantile(&m->joins.latency, 0.50, 0, 0));
    s->join_latency_p99 = seconds(histogram_quantile(&m->joins.latency, 0.99, 0, 0));
    s->client_attached_mean = m->clients.count ? m->clients.sum / (double)m->clients.count : NAN;
    s->attach_count = m->attaches.count;
    s->attach_success = share(m->attaches.good, m->attaches.good + m->attaches.bad);
    s->attach_latency_p50 = seconds(histogram_quantile(&m->attaches.latency, 0.50, 0, 0));
    s->attach_latency_p99 = seconds(histogram_quantile(&m->attaches.latency, 0.99, 0, 0));
    s->leave_count = m->tally.leaves;
    s->crash_count = m->tally.crashes;
    s->detect_latency_p50 = seconds(histogram_quantile(&m->detect_latency, 0.50, 0, 0));
    s->links_mean = histogram_mean(&m->links);
    s->links_p99 = histogram_quantile(&m->links, 0.99, 0, 0);
    double *ring[5] = {&s->ring_wrong_successor, &s->ring_dead_successor, &s->ring_unreachable_values,
                       &s->ring_under_replicated, &s->finger_valid_share};
    for (unsigned i = 0; i < 5; i++)
        *ring[i] = m->ring[i].count ? m->ring[i].sum / (double)m->ring[i].count : NAN;
}

/* RFC 6940 10.7.1: whose neighbour table changes tells all its links: three peers before the place, three behind it, and the one that came or went. */
static void fill_updates(const struct measures *m, struct summary *s)
{
    const uint64_t *sent = m->tally.updates;
    s->updates_join = sent[UPDATE_FOR_JOIN];
    s->updates_leave = sent[UPDATE_FOR_LEAVE];
    s->updates_failure = sent[UPDATE_FOR_FAILURE];
    s->updates_interval = sent[UPDATE_FOR_INTERVAL];
    s->updates_attach = sent[UPDATE_FOR_ATTACH];
    s->updates_other = sent[UPDATE_FOR_OTHER];
    s->updates_per_join = share(s->updates_join, m->joins.good);
    s->updates_per_leave = share(s->updates_leave, m->tally.leaves);
    s->updates_per_failure = share(s->updates_failure, m->tally.crashes);
    s->updates_seven_links = 7 * s->links_mean;
}

/* The fields of one SUMMARY_CLASSES list: neighbours, in the order of enum traffic (asserted below). */
static uint64_t *class_fields(struct summary *s, size_t first)
{
    return (uint64_t *)(void *)((char *)s + first);
}

static void fill_classes(const struct measures *m, struct summary *s)
{
    uint64_t *count = class_fields(s, offsetof(struct summary, datagrams_lookup));
    uint64_t *bytes = class_fields(s, offsetof(struct summary, datagram_bytes_lookup));
    uint64_t *messages = class_fields(s, offsetof(struct summary, messages_lookup));
    s->datagrams = s->messages = 0;
    for (unsigned i = 0; i < TRAFFIC_CLASSES; i++) {
        count[i] = m->totals.net.class_count[i];
        bytes[i] = m->totals.net.class_bytes[i];
        messages[i] = m->tally.messages[i];
        s->datagrams += count[i];
        s->messages += messages[i];
    }
}
static_assert(offsetof(struct summary, datagrams_keepalive) - offsetof(struct summary, datagrams_lookup) ==
                      (TRAFFIC_CLASSES - 1) * sizeof(uint64_t) &&
                  offsetof(struct summary, datagram_bytes_keepalive) -
                          offsetof(struct summary, datagram_bytes_lookup) ==
                      (TRAFFIC_CLASSES - 1) * sizeof(uint64_t) &&
                  offsetof(struct summary, messages_keepalive) - offsetof(struct summary, messages_lookup) ==
                      (TRAFFIC_CLASSES - 1) * sizeof(uint64_t),
              "the classes stand in the order of enum traffic");

/* What an overlay costs without users: ACKs serve every class and are left out. */
static uint64_t maintenance_bytes(const struct net_counts *n)
{
    return n->class_bytes[TRAFFIC_UPDATE] + n->class_bytes[TRAFFIC_ATTACH] + n->class_bytes[TRAFFIC_JOIN_LEAVE] +
           n->class_bytes[TRAFFIC_PING] + n->class_bytes[TRAFFIC_HANDSHAKE] + n->class_bytes[TRAFFIC_KEEPALIVE];
}

static void fill_traffic(const struct measures *m, struct summary *s)
{
    const struct net_counts *n = &m->totals.net;
    double sim_s = seconds((double)m->covered), node_s = (double)m->online_us / 1e6;
    s->sim_s = sim_s;
    s->fragments = m->tally.fragments;
    s->message_bytes = n->message_bytes;
    s->events = m->totals.events;
    s->wakes = n->wakes;
    fill_classes(m, s);
    s->datagrams_lost_share = share(n->lost, n->sent);
    s->datagrams_dead_share = share(n->dead, n->sent);
    s->datagrams_dropped_share = share(n->dropped, n->sent);
    s->uplink_dropped_share = share(n->uplink_dropped, n->sent);
    s->downlink_dropped_share = share(n->downlink_dropped, n->sent);
    s->delay_clamped_share = share(n->clamped, n->legs);
    s->nodes_online_mean = sim_s > 0 ? node_s / sim_s : NAN;
    s->registration_messages = node_s > 0 ? (double)m->tally.messages[TRAFFIC_STORE] / node_s : NAN;
    s->maintenance_bytes = node_s > 0 ? (double)maintenance_bytes(n) / node_s : NAN;
    s->throughput_messages = sim_s > 0 ? (double)s->messages / sim_s : NAN;
    s->dropped_queue_full = m->tally.dropped[DROPPED_QUEUE_FULL];
    s->dropped_no_route = m->tally.dropped[DROPPED_NO_ROUTE];
    s->dropped_unknown_destination = m->tally.dropped[DROPPED_UNKNOWN_DESTINATION];
    s->dropped_ttl = m->tally.dropped[DROPPED_TTL];
    s->dropped_other = m->tally.dropped[DROPPED_OTHER];
    s->e2e_resent = m->tally.resent;
    s->e2e_spurious_share = share(m->tally.spurious, m->tally.resent);
}

void measures_summary(const struct measures *m, sim_time limit, struct summary *s)
{
    fill_lookups(m, limit, s);
    fill_registrations(m, limit, s);
    fill_members(m, s);
    fill_updates(m, s);
    fill_traffic(m, s);
}
