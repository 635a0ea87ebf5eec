/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/metric.h"

#include <string.h>

#include "sim/record/summary.h"

/* Of SUMMARY_KEYS, only numbers that are equal on every machine can be checked. */
#define KEEP_COUNT_STABLE(key, unit) {key, unit, true},
#define KEEP_REAL_STABLE(key, unit)  {key, unit, false},
#define KEEP_TEXT_STABLE(key, unit)
#define KEEP_HEX_STABLE(key, unit)
#define KEEP_COUNT_VOLATILE(key, unit)
#define KEEP_REAL_VOLATILE(key, unit)

const struct metric metrics[] = {
#define X(type, field, key, volatility, unit) KEEP_##type##_##volatility(key, unit)
    SUMMARY_KEYS(X)
#undef X
};
const size_t metrics_count = sizeof metrics / sizeof metrics[0];

/* By the beginning of the name; the first that fits. */
static const struct help {
    const char *start, *text;
} helps[] = {
    {"seed", "of the scenario"},
    {"complete", "1 = the run went to its end"},
    {"sim_s", "simulated time that was measured"},
    {"events", "datagrams and wake-ups of the measured phase"},
    {"wakes", "wake-ups in which a node, a timer of the host or the world acted"},
    {"datagrams.by_class.", "delivered, of this class"},
    {"datagrams.lost_share", "lost by the network, of those sent"},
    {"datagrams.dead_share", "arrived where nobody was any more"},
    {"datagrams.dropped_share", "found the receiver's CPU too far behind"},
    {"datagrams.uplink_dropped_share", "found no room in the queue of the sender's access line"},
    {"datagrams.downlink_dropped_share", "found no room in the queue of the receiver's access line"},
    {"datagrams", "delivered, keepalives included"},
    {"datagram_bytes.by_class.", "delivered, of this class, with UDP, IP and DTLS"},
    {"messages.by_class.", "messages delivered over a link, of this class"},
    {"messages.dropped.", "messages and fragments that a peer gave up, for this reason"},
    {"messages", "messages delivered over a link; one that comes in fragments counts once, with its first"},
    {"fragments", "further fragments of messages delivered over a link: messages and fragments are the datagrams of all classes but ack, handshake and keepalive"},
    {"message_bytes", "of those messages and fragments"},
    {"delay.clamped_share", "legs raised to network.min_delay"},
    {"nodes_online_mean", "peers online, mean over the measured phase"},
    {"population", "identities"},
    {"lookup.count", "look-ups started in the measured phase"},
    {"lookup.abandoned", "look-ups whose asker went offline"},
    {"lookup.no_target", "look-ups that were due but found nobody to look up: not made, not in lookup.count"},
    {"lookup.skipped", "look-ups of a trace whose asker was not there"},
    {"lookup.outcome.correct", "answered with the present registration"},
    {"lookup.outcome.stale", "answered, but the device is gone"},
    {"lookup.outcome.lost", "all replicas died"},
    {"lookup.outcome.absent", "expired or never stored"},
    {"lookup.outcome.wrong_owner", "answered by a peer that does not own the key"},
    {"lookup.outcome.timeout", "no answer to five requests"},
    {"lookup.outcome.error", "answered with an error"},
    {"lookup.success", "correct, of the look-ups whose value should exist"},
    {"lookup.latency_s.mean", "of answered look-ups"},
    {"lookup.latency_s.", "failures count as the end-to-end limit"},
    {"lookup.hops", "links that requests crossed"},
    {"lookup.dead_hops", "dead next hops met on the way"},
    {"lookup.stretch", "latency over the direct round trip"},
    {"before_faults.", "the same before the first fault"},
    {"after_faults.", "the same after the first fault"},
    {"registration.count", "registrations of the measured phase"},
    {"registration.success", "registrations that were stored"},
    {"registration.latency_s.", "from request to answer"},
    {"registration.messages", "messages that store, replicas included, per peer and second"},
    {"maintenance.", "bytes that keep the overlay together, per peer and second"},
    {"throughput.", "messages per simulated second"},
    {"join.count", "peers that came online"},
    {"join.success", "of those, peers that joined"},
    {"join.latency_s.", "from start to joined"},
    {"client.attached_mean", "clients that were attached to a peer, mean over samples"},
    {"client.attach.count", "clients that came online"},
    {"client.attach.success", "of those, clients that attached to a peer"},
    {"client.attach.latency_s.", "from start to attached"},
    {"leave.count", "departures that said good-bye"},
    {"updates.join", "Updates sent because a peer joined"},
    {"updates.leave", "Updates sent because a peer said good-bye, and to fill its gap"},
    {"updates.failure", "Updates sent because a peer failed, and to fill its gap"},
    {"updates.interval", "Updates of the periodic timer"},
    {"updates.attach", "Updates to a new link, asked for or offered"},
    {"updates.other", "Updates of no known cause, answers to lists that lack somebody"},
    {"updates.per_join", "Updates for a join, over joins that succeeded"},
    {"updates.per_leave", "Updates for a leave, over departures with good-bye"},
    {"updates.per_failure", "Updates for a failure, over departures without"},
    {"updates.seven_links", "7 x links.mean: what RFC 6940 10.7.1 comes to for one change"},
    {"crash.count", "departures without a word"},
    {"links.", "links of a peer"},
    {"finger.valid_share", "finger entries that hold the right peer"},
    {"detect.latency_s.", "from a peer's death to a neighbour's notice"},
    {"e2e.resent", "requests sent again end to end"},
    {"e2e.spurious_share", "of those, while the answer was on its way"},
    {"ring.wrong_successor", "peers, mean over samples"},
    {"ring.dead_successor", "peers, mean over samples"},
    {"ring.unreachable_values", "values that their owner lacks, mean over samples"},
    {"ring.under_replicated", "values with fewer than three copies, mean over samples"},
};

const struct metric *metric_find(const char *name)
{
    for (size_t i = 0; i < metrics_count; i++)
        if (strcmp(metrics[i].name, name) == 0)
            return &metrics[i];
    return NULL;
}

enum unit_class metric_class(const struct metric *metric)
{
    if (strcmp(metric->unit, "share") == 0)
        return UNIT_SHARE;
    if (strcmp(metric->unit, "s") == 0)
        return UNIT_TIME;
    if (strcmp(metric->unit, "bytes") == 0)
        return UNIT_BYTES;
    return metric->whole ? UNIT_COUNT : UNIT_NONE;
}

const char *metric_help(const struct metric *metric)
{
    for (size_t i = 0; i < sizeof helps / sizeof helps[0]; i++)
        if (strncmp(metric->name, helps[i].start, strlen(helps[i].start)) == 0)
            return helps[i].text;
    return "";
}
