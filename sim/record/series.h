/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is recorded beside summary.json: the time series, the histograms, the columns of nodes. These tables are the one place where their names, units
 * and descriptions stand; the struct of a row, the segments, results.h5 and `reloadsim explain` follow from them. Names are a promise:
 * they are added to, never changed.
 *
 * A row covers the time since the row before. Look-ups, registrations and joins count in the row in which they end, whenever they began; a row is
 * final when it is written. Shares, means and quantiles are of what ended in the interval, NaN when nothing did. Samples of the overlay's state
 * (ring.*, links.mean, finger.valid_share) are taken in the measured phase, at each record.interval; NaN elsewhere. */
#ifndef SIM_RECORD_SERIES_H
#define SIM_RECORD_SERIES_H

#include <stdint.h>

/* X(type, field, name, unit, description).
 * COUNT: of the interval, an integer. LEVEL: at its end, an integer. FIGURE: a real number; samples stand for its end, the others for what ended in it. */
#define SERIES_CLASSES(X, field, name, unit, what)                                                                     \
    X(COUNT, field##_lookup, name ".lookup", unit, what ": Fetch, Stat, Find and their answers")                       \
    X(COUNT, field##_store, name ".store", unit, what ": Store and its answer, replicas and hand-over included")       \
    X(COUNT, field##_update, name ".update", unit, what ": Update and its answer")                                     \
    X(COUNT, field##_attach, name ".attach", unit, what ": Attach, AppAttach and their answers")                       \
    X(COUNT, field##_join_leave, name ".join_leave", unit, what ": Join, Leave and their answers")                     \
    X(COUNT, field##_ping, name ".ping", unit, what ": Ping, Probe, RouteQuery and their answers")                     \
    X(COUNT, field##_other, name ".other", unit, what ": ConfigUpdate, errors, what cannot be told")                   \
    X(COUNT, field##_ack, name ".ack", unit, what ": acknowledgements of links")                                       \
    X(COUNT, field##_handshake, name ".handshake", unit, what ": DTLS handshakes and alerts")                          \
    X(COUNT, field##_keepalive, name ".keepalive", unit, what ": keepalives of links")

#define SERIES_METRICS(X)                                                                                              \
    X(LEVEL, nodes_online, "nodes_online", "", "peers whose process runs")                                             \
    X(COUNT, joins, "joins", "", "peers that joined")                                                                  \
    X(COUNT, joins_failed, "joins_failed", "", "sessions that ended unjoined after the end-to-end limit")              \
    X(COUNT, leaves, "leaves", "", "departures that said good-bye")                                                    \
    X(COUNT, crashes, "crashes", "", "departures without a word, kills included")                                      \
    X(COUNT, lookups, "lookups", "", "look-ups that ended; the outcomes below and the abandoned ones add up to it")    \
    X(COUNT, lookup_correct, "lookup.correct", "", "look-ups answered with the present registration")                  \
    X(COUNT, lookup_stale, "lookup.stale", "", "look-ups answered, but the device is gone")                            \
    X(COUNT, lookup_lost, "lookup.lost", "", "look-ups whose value died with all replicas")                            \
    X(COUNT, lookup_absent, "lookup.absent", "", "look-ups of what expired or was never stored")                       \
    X(COUNT, lookup_wrong_owner, "lookup.wrong_owner", "", "look-ups answered by a peer that does not own the key")    \
    X(COUNT, lookup_timeout, "lookup.timeout", "", "look-ups without an answer to five requests")                      \
    X(COUNT, lookup_error, "lookup.error", "", "look-ups answered with an error")                                      \
    X(COUNT, lookup_abandoned, "lookup.abandoned", "", "look-ups whose asker went offline")                            \
    X(COUNT, lookup_expected, "lookup.expected", "", "look-ups whose value should exist")                              \
    X(COUNT, lookup_expected_correct, "lookup.expected_correct", "",                                                   \
      "look-ups whose value should exist, answered with it: success is this over lookup.expected")                     \
    X(FIGURE, lookup_latency_mean, "lookup.latency_s.mean", "s", "latency of answered look-ups, mean")                 \
    X(FIGURE, lookup_latency_p50, "lookup.latency_s.p50", "s",                                                         \
      "latency of look-ups, median; failures count as the end-to-end limit")                                           \
    X(FIGURE, lookup_latency_p95, "lookup.latency_s.p95", "s",                                                         \
      "latency of look-ups, 95th percentile; failures count as the end-to-end limit")                                  \
    X(FIGURE, lookup_latency_p99, "lookup.latency_s.p99", "s",                                                         \
      "latency of look-ups, 99th percentile; failures count as the end-to-end limit")                                  \
    X(FIGURE, lookup_hops_mean, "lookup.hops.mean", "links", "links that requests of answered look-ups crossed, mean") \
    X(FIGURE, lookup_dead_hops_mean, "lookup.dead_hops.mean", "", "dead next hops met by a look-up, mean")             \
    X(COUNT, registrations, "registrations", "", "registrations that ended, those of peers gone offline left out")     \
    X(COUNT, registrations_good, "registrations.success", "", "registrations that were stored")                        \
    X(COUNT, events, "events", "", "datagrams and wake-ups that ran, keepalives included")                             \
    X(COUNT, datagrams, "datagrams", "", "datagrams delivered, keepalives included")                                   \
    X(COUNT, messages, "messages", "", "messages delivered over a link; one in fragments counts with its first")           \
    X(COUNT, fragments, "fragments", "", "further fragments of messages delivered over a link")                        \
    X(COUNT, message_bytes, "message_bytes", "bytes", "bytes of messages and fragments delivered over a link")         \
    SERIES_CLASSES(X, datagrams, "datagrams", "", "datagrams delivered")                                               \
    SERIES_CLASSES(X, messages, "messages", "", "messages delivered over a link")                                      \
    SERIES_CLASSES(X, bytes, "bytes", "bytes", "bytes of datagrams delivered, with UDP, IP and DTLS")                  \
    X(COUNT, resent, "e2e.resent", "", "requests sent again end to end")                                               \
    X(COUNT, spurious, "e2e.spurious", "", "end-to-end resends shown by a late answer to have been needless")          \
    X(FIGURE, ring_wrong_successor, "ring.wrong_successor", "share",                                                   \
      "peers whose first successor is not the true one")                                                               \
    X(FIGURE, ring_dead_successor, "ring.dead_successor", "share", "peers whose first successor is dead")              \
    X(FIGURE, ring_unreachable_values, "ring.unreachable_values", "share", "values that their owner lacks")            \
    X(FIGURE, ring_under_replicated, "ring.under_replicated", "share", "values with fewer than three copies")          \
    X(FIGURE, config_newest, "config.newest", "share",                                                                 \
      "peers that have the newest configuration; NaN while there is one only")                                         \
    X(FIGURE, links_mean, "links.mean", "", "links of a peer, mean")                                                   \
    X(FIGURE, finger_valid_share, "finger.valid_share", "share", "finger entries that hold a peer of their range")     \
    X(COUNT, links_failed, "links.failed", "", "links given up for want of acknowledgements")                          \
    X(FIGURE, detect_latency_p50, "detect.latency_s.p50", "s", "from a device's going to a link's failure, median")    \
    X(LEVEL, fingerprint, "fingerprint", "", "fingerprint of all that was delivered so far: where two runs part")

/* X(index, name, unit, description, value of 1 in that unit). Of the measured phase; look-ups belong to it by when they began. */
#define SERIES_HISTOGRAMS(X)                                                                                           \
    X(LOOKUP_LATENCY, "lookup.latency_s", "s", "latency of answered look-ups", 1e-9)                                   \
    X(LOOKUP_HOPS, "lookup.hops", "links", "links that requests of answered look-ups crossed", 1)                      \
    X(REGISTRATION_LATENCY, "registration.latency_s", "s", "from Store request to acknowledgement", 1e-9)              \
    X(JOIN_LATENCY, "join.latency_s", "s", "from start to joined", 1e-9)                                               \
    X(LINKS, "links", "", "links of a peer, over all samples", 1)                                                      \
    X(DETECT_LATENCY, "detect.latency_s", "s", "from a device's going to each link's failure", 1e-9)                   \
    X(LOAD, "node.messages_per_s", "1/s",                                                                              \
      "messages delivered to a node while it was online, of a fixed sample of at most 20,000 identities that were "    \
      "online for a record.interval at least",                                                                         \
      1e-3)                                                                                                            \
    X(VALUES, "node.values", "", "values that a joined peer stores, replicas included, over all samples", 1)           \
    X(RING_SHARE, "node.ring_share", "",                                                                               \
      "share of the ring that a joined peer owns, times the number of peers, over all samples", 1e-3)

/* X(type, field, name, unit, description): of each identity at the end of the measured phase, with record.nodes. */
#define SERIES_NODES(X)                                                                                                \
    X(LEVEL, identity, "identity", "", "number of the identity")                                                       \
    X(LEVEL, id_high, "node_id_high", "", "Node-ID, upper 64 bits")                                                    \
    X(LEVEL, id_low, "node_id_low", "", "Node-ID, lower 64 bits")                                                      \
    X(LEVEL, online, "online", "", "1 = its process runs")                                                             \
    X(LEVEL, joined, "joined", "", "1 = it is a joined peer")                                                          \
    X(FIGURE, changed_s, "changed_s", "s", "when its device last came or went; NaN = not in this run")                 \
    X(FIGURE, joined_s, "joined_s", "s", "when this session joined; NaN = it has not")                                 \
    X(FIGURE, registered_until_s, "registered_until_s", "s", "end of its last registration; NaN = none in this run")   \
    X(LEVEL, links, "links", "", "open links")                                                                         \
    X(LEVEL, successors, "successors", "", "entries of its successor list")                                            \
    X(LEVEL, fingers, "fingers", "", "filled entries of its finger table")                                             \
    X(LEVEL, values, "values", "", "values that it stores, replicas included")

/* X(type, field, name, unit, description): of each identity of the sample in each snapshot, with record.ring. Ordered by time, then identity. */
#define SERIES_RING(X)                                                                                                 \
    X(FIGURE, time_s, "time_s", "s", "when the snapshot was taken, since the start of warm-up")                        \
    X(LEVEL, identity, "identity", "", "number of the identity")                                                       \
    X(FIGURE, position, "position", "", "where its Node-ID stands on the ring, as a share of it from 0 upwards")       \
    X(LEVEL, state, "state", "",                                                                                       \
      "0 = offline, 1 = online but not joined, 2 = joined with the true successor, 3 = its first successor is not "    \
      "the "                                                                                                           \
      "true one, 4 = its first successor is dead")                                                                     \
    X(FIGURE, successor, "successor", "", "number of its first successor; NaN = it has none")                          \
    X(FIGURE, distance, "distance", "", "from its position to that of its first successor, as a share of the ring")    \
    X(LEVEL, links, "links", "", "open links")

enum ring_state {
    RING_STATE_OFFLINE,
    RING_STATE_JOINING, /* or saying good-bye */
    RING_STATE_JOINED,
    RING_STATE_WRONG,
    RING_STATE_DEAD
};

enum series_type { SERIES_COUNT, SERIES_LEVEL, SERIES_FIGURE };

#define SERIES_TYPE_COUNT  uint64_t
#define SERIES_TYPE_LEVEL  uint64_t
#define SERIES_TYPE_FIGURE double

/* Every field is eight bytes wide, in the order of the table. */
struct series_row {
#define X(type, field, name, unit, description) SERIES_TYPE_##type field;
    SERIES_METRICS(X)
#undef X
};
struct series_node {
#define X(type, field, name, unit, description) SERIES_TYPE_##type field;
    SERIES_NODES(X)
#undef X
};

struct series_ring {
#define X(type, field, name, unit, description) SERIES_TYPE_##type field;
    SERIES_RING(X)
#undef X
};

enum series_histogram {
#define X(index, name, unit, description, one) HISTOGRAM_##index,
    SERIES_HISTOGRAMS(X)
#undef X
        HISTOGRAMS
};

#define SERIES_COLUMNS      (sizeof(struct series_row) / 8)
#define SERIES_NODE_COLUMNS (sizeof(struct series_node) / 8)
#define SERIES_RING_COLUMNS (sizeof(struct series_ring) / 8)

struct series_column {
    enum series_type type;
    const char *name, *unit, *description;
};
struct series_scale {
    const char *name, *unit, *description;
    double one;
};

extern const struct series_column series_column[SERIES_COLUMNS];
extern const struct series_column series_node_column[SERIES_NODE_COLUMNS];
extern const struct series_column series_ring_column[SERIES_RING_COLUMNS];
extern const struct series_scale series_scale[HISTOGRAMS];

#endif
