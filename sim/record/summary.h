/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures of a run: summary.json and the table on the terminal. One list of keys drives the struct, both writers and the checks of a scenario.
 *
 * The keys are a promise: they are added to, never changed. A figure that a run cannot tell is NaN here and null in the file. Figures marked
 * VOLATILE depend on the machine; all others must be equal for one scenario and seed, whatever engine, window and number of partitions. */
#ifndef SIM_RECORD_SUMMARY_H
#define SIM_RECORD_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* X(type, field, key, STABLE | VOLATILE, unit). Types: TEXT, COUNT (integer), HEX (integer as 16 digits), REAL. */
#define SUMMARY_OUTCOMES(X, field, key)                                                                                \
    X(REAL, field##_correct, key ".outcome.correct", STABLE, "share")                                                  \
    X(REAL, field##_stale, key ".outcome.stale", STABLE, "share")                                                      \
    X(REAL, field##_lost, key ".outcome.lost", STABLE, "share")                                                        \
    X(REAL, field##_absent, key ".outcome.absent", STABLE, "share")                                                    \
    X(REAL, field##_wrong_owner, key ".outcome.wrong_owner", STABLE, "share")                                          \
    X(REAL, field##_timeout, key ".outcome.timeout", STABLE, "share")                                                  \
    X(REAL, field##_error, key ".outcome.error", STABLE, "share")

/* One line a traffic class, in the order of enum traffic. */
#define SUMMARY_CLASSES(X, type, field, key, unit)                                                                     \
    X(type, field##_lookup, key ".lookup", STABLE, unit)                                                               \
    X(type, field##_store, key ".store", STABLE, unit)                                                                 \
    X(type, field##_update, key ".update", STABLE, unit)                                                               \
    X(type, field##_attach, key ".attach", STABLE, unit)                                                               \
    X(type, field##_join_leave, key ".join_leave", STABLE, unit)                                                       \
    X(type, field##_ping, key ".ping", STABLE, unit)                                                                   \
    X(type, field##_other, key ".other", STABLE, unit)                                                                 \
    X(type, field##_ack, key ".ack", STABLE, unit)                                                                     \
    X(type, field##_handshake, key ".handshake", STABLE, unit)                                                         \
    X(type, field##_keepalive, key ".keepalive", STABLE, unit)

#define SUMMARY_KEYS(X)                                                                                                \
    X(TEXT, scenario, "scenario", STABLE, "")                                                                          \
    X(COUNT, seed, "seed", STABLE, "")                                                                                 \
    X(HEX, fingerprint, "fingerprint", STABLE, "")                                                                     \
    X(COUNT, complete, "complete", STABLE, "")                                                                         \
    X(REAL, sim_s, "sim_s", STABLE, "s")                                                                               \
    X(COUNT, ranks, "ranks", VOLATILE, "")                                                                             \
    X(REAL, wall_s, "wall_s", VOLATILE, "s")                                                                           \
    X(REAL, run_wall_s, "run_wall_s", VOLATILE, "s")                                                                   \
    X(REAL, cpu_s, "cpu_s", VOLATILE, "s")                                                                             \
    X(REAL, start_cpu_s, "start_cpu_s", VOLATILE, "s")                                                                 \
    X(REAL, ranks_compute_s, "ranks.compute_s", VOLATILE, "s")                                                         \
    X(REAL, ranks_wait_s, "ranks.wait_s", VOLATILE, "s")                                                               \
    X(REAL, ranks_exchange_s, "ranks.exchange_s", VOLATILE, "s")                                                       \
    X(COUNT, ranks_windows, "ranks.windows", VOLATILE, "")                                                             \
    X(COUNT, ranks_meetings, "ranks.meetings", VOLATILE, "")                                                           \
    X(COUNT, ranks_bytes, "ranks.bytes", VOLATILE, "bytes")                                                            \
    X(COUNT, peak_rss_bytes, "peak_rss_bytes", VOLATILE, "bytes")                                                      \
    X(REAL, events_per_cpu_s, "events_per_cpu_s", VOLATILE, "1/s")                                                     \
    X(REAL, datagrams_per_cpu_s, "datagrams_per_cpu_s", VOLATILE, "1/s")                                               \
    X(COUNT, events, "events", STABLE, "")                                                                             \
    X(COUNT, wakes, "wakes", STABLE, "")                                                                               \
    X(COUNT, datagrams, "datagrams", STABLE, "")                                                                       \
    X(COUNT, messages, "messages", STABLE, "")                                                                         \
    X(COUNT, fragments, "fragments", STABLE, "")                                                                       \
    X(COUNT, message_bytes, "message_bytes", STABLE, "bytes")                                                          \
    SUMMARY_CLASSES(X, COUNT, datagrams, "datagrams.by_class", "")                                                     \
    SUMMARY_CLASSES(X, COUNT, datagram_bytes, "datagram_bytes.by_class", "bytes")                                      \
    SUMMARY_CLASSES(X, COUNT, messages, "messages.by_class", "")                                                       \
    X(COUNT, dropped_queue_full, "messages.dropped.queue_full", STABLE, "")                                            \
    X(COUNT, dropped_no_route, "messages.dropped.no_route", STABLE, "")                                                \
    X(COUNT, dropped_unknown_destination, "messages.dropped.unknown_destination", STABLE, "")                          \
    X(COUNT, dropped_ttl, "messages.dropped.ttl", STABLE, "")                                                          \
    X(COUNT, dropped_other, "messages.dropped.other", STABLE, "")                                                      \
    X(REAL, datagrams_lost_share, "datagrams.lost_share", STABLE, "share")                                             \
    X(REAL, datagrams_dead_share, "datagrams.dead_share", STABLE, "share")                                             \
    X(REAL, datagrams_dropped_share, "datagrams.dropped_share", STABLE, "share")                                       \
    X(REAL, uplink_dropped_share, "datagrams.uplink_dropped_share", STABLE, "share")                                   \
    X(REAL, downlink_dropped_share, "datagrams.downlink_dropped_share", STABLE, "share")                               \
    X(REAL, delay_clamped_share, "delay.clamped_share", STABLE, "share")                                               \
    X(REAL, nodes_online_mean, "nodes_online_mean", STABLE, "")                                                        \
    X(COUNT, population, "population", STABLE, "")                                                                     \
    X(REAL, bytes_per_node, "bytes_per_node", VOLATILE, "bytes")                                                       \
    X(COUNT, lookup_count, "lookup.count", STABLE, "")                                                                 \
    X(COUNT, lookup_abandoned, "lookup.abandoned", STABLE, "")                                                         \
    X(COUNT, lookup_no_target, "lookup.no_target", STABLE, "")                                                         \
    X(COUNT, lookup_skipped, "lookup.skipped", STABLE, "")                                                             \
    SUMMARY_OUTCOMES(X, lookup, "lookup")                                                                              \
    X(REAL, lookup_success, "lookup.success", STABLE, "share")                                                         \
    X(REAL, lookup_latency_mean, "lookup.latency_s.mean", STABLE, "s")                                                 \
    X(REAL, lookup_latency_p50, "lookup.latency_s.p50", STABLE, "s")                                                   \
    X(REAL, lookup_latency_p95, "lookup.latency_s.p95", STABLE, "s")                                                   \
    X(REAL, lookup_latency_p99, "lookup.latency_s.p99", STABLE, "s")                                                   \
    X(REAL, lookup_hops_mean, "lookup.hops.mean", STABLE, "links")                                                     \
    X(REAL, lookup_hops_p99, "lookup.hops.p99", STABLE, "links")                                                       \
    X(REAL, lookup_dead_hops_mean, "lookup.dead_hops.mean", STABLE, "")                                                \
    X(REAL, lookup_stretch_mean, "lookup.stretch.mean", STABLE, "")                                                    \
    X(COUNT, before_lookup_count, "before_faults.lookup.count", STABLE, "")                                            \
    SUMMARY_OUTCOMES(X, before_lookup, "before_faults.lookup")                                                         \
    X(REAL, before_lookup_success, "before_faults.lookup.success", STABLE, "share")                                    \
    X(COUNT, after_lookup_count, "after_faults.lookup.count", STABLE, "")                                              \
    SUMMARY_OUTCOMES(X, after_lookup, "after_faults.lookup")                                                           \
    X(REAL, after_lookup_success, "after_faults.lookup.success", STABLE, "share")                                      \
    X(COUNT, registration_count, "registration.count", STABLE, "")                                                     \
    X(REAL, registration_success, "registration.success", STABLE, "share")                                             \
    X(REAL, registration_latency_mean, "registration.latency_s.mean", STABLE, "s")                                     \
    X(REAL, registration_latency_p50, "registration.latency_s.p50", STABLE, "s")                                       \
    X(REAL, registration_latency_p95, "registration.latency_s.p95", STABLE, "s")                                       \
    X(REAL, registration_latency_p99, "registration.latency_s.p99", STABLE, "s")                                       \
    X(REAL, registration_messages, "registration.messages_per_node_s", STABLE, "1/s")                                  \
    X(REAL, maintenance_bytes, "maintenance.bytes_per_node_s", STABLE, "bytes/s")                                      \
    X(REAL, throughput_messages, "throughput.messages_per_s", STABLE, "1/s")                                           \
    X(COUNT, join_count, "join.count", STABLE, "")                                                                     \
    X(REAL, join_success, "join.success", STABLE, "share")                                                             \
    X(REAL, join_latency_p50, "join.latency_s.p50", STABLE, "s")                                                       \
    X(REAL, join_latency_p99, "join.latency_s.p99", STABLE, "s")                                                       \
    X(REAL, client_attached_mean, "client.attached_mean", STABLE, "")                                                  \
    X(COUNT, attach_count, "client.attach.count", STABLE, "")                                                          \
    X(REAL, attach_success, "client.attach.success", STABLE, "share")                                                  \
    X(REAL, attach_latency_p50, "client.attach.latency_s.p50", STABLE, "s")                                            \
    X(REAL, attach_latency_p99, "client.attach.latency_s.p99", STABLE, "s")                                            \
    X(COUNT, leave_count, "leave.count", STABLE, "")                                                                   \
    X(COUNT, crash_count, "crash.count", STABLE, "")                                                                   \
    X(COUNT, updates_join, "updates.join", STABLE, "")                                                                 \
    X(COUNT, updates_leave, "updates.leave", STABLE, "")                                                               \
    X(COUNT, updates_failure, "updates.failure", STABLE, "")                                                           \
    X(COUNT, updates_interval, "updates.interval", STABLE, "")                                                         \
    X(COUNT, updates_attach, "updates.attach", STABLE, "")                                                             \
    X(COUNT, updates_other, "updates.other", STABLE, "")                                                               \
    X(REAL, updates_per_join, "updates.per_join", STABLE, "")                                                          \
    X(REAL, updates_per_leave, "updates.per_leave", STABLE, "")                                                        \
    X(REAL, updates_per_failure, "updates.per_failure", STABLE, "")                                                    \
    X(REAL, updates_seven_links, "updates.seven_links", STABLE, "")                                                    \
    X(REAL, links_mean, "links.mean", STABLE, "")                                                                      \
    X(REAL, links_p99, "links.p99", STABLE, "")                                                                        \
    X(REAL, finger_valid_share, "finger.valid_share", STABLE, "share")                                                 \
    X(REAL, detect_latency_p50, "detect.latency_s.p50", STABLE, "s")                                                   \
    X(COUNT, e2e_resent, "e2e.resent", STABLE, "")                                                                     \
    X(REAL, e2e_spurious_share, "e2e.spurious_share", STABLE, "share")                                                 \
    X(REAL, ring_wrong_successor, "ring.wrong_successor", STABLE, "share")                                             \
    X(REAL, ring_dead_successor, "ring.dead_successor", STABLE, "share")                                               \
    X(REAL, ring_unreachable_values, "ring.unreachable_values", STABLE, "share")                                       \
    X(REAL, ring_under_replicated, "ring.under_replicated", STABLE, "share")

#define SUMMARY_TYPE_TEXT  char
#define SUMMARY_TYPE_COUNT uint64_t
#define SUMMARY_TYPE_HEX   uint64_t
#define SUMMARY_TYPE_REAL  double
#define SUMMARY_SIZE_TEXT  [64]
#define SUMMARY_SIZE_COUNT
#define SUMMARY_SIZE_HEX
#define SUMMARY_SIZE_REAL

/* What a series of figures did after a fault: shares; s. NaN: unknown; recover_s NaN although depth is known: it never did in this run. */
struct summary_series {
    double before, depth, recover_s;
};

/* Fault N of the scenario, counted from 0 by time. Keys, all stable:
 *   fault.N.what          kind
 *   fault.N.at_s          when it began, from the start of the measured phase
 *   fault.N.until_s       when the disturbance was over; null: not in this run
 *   fault.N.touched       nodes online that it touched
 *   fault.N.S.before      mean of series S before it
 *   fault.N.S.depth       how far S fell below that (lookup), rose above it (ring, values) at the worst, until the next fault
 *   fault.N.S.recover_s   from until_s, or at_s if that is null, until S was back to stay; null: never, or there was nothing to recover from
 *   fault.N.unrecovered   the series that never were, joined by commas; "" = none
 *   fault.N.spread.{p50_s,p90_s,p99_s}  of configure: until that share of the joined peers had its configuration; null: not in this run
 *   fault.N.spread.share  of configure: peers that had it at the end
 * S: lookup = lookup.success of look-ups by their start; ring = ring.wrong_successor; values = ring.unreachable_values, by samples. */
#define SUMMARY_FAULTS_MAX 64
struct summary_fault {
    const char *what;
    double at_s, until_s;
    uint64_t touched;
    struct summary_series lookup, ring, values;
    bool lost_lookup, lost_ring, lost_values; /* never recovered */
    bool configures;                          /* it published a configuration */
    double spread_s[3], spread_share;
};

/* Figures that only some runs have, by their full keys: hostile.*, honest.*. */
struct summary_more {
    char key[128];
    double value; /* whole numbers up to 2^53 are written as such */
};

/* Where the time of one of several ranks went, in warm-up and measured phase. Keys, all volatile, null in none: rank.N.compute_s (its own work by the wall clock),
 * .wait_s (for ranks that worked longer), .exchange_s (the meetings themselves), .cpu_s, .bytes (that it gave to the others). The first three add up to run_wall_s; ranks.*
 * above are their means over all ranks, the windows and meetings that all came to, and the bytes of all. */
struct summary_rank {
    double compute_s, wait_s, exchange_s, cpu_s, bytes;
};

struct summary {
#define X(type, field, key, volatility, unit) SUMMARY_TYPE_##type field SUMMARY_SIZE_##type;
    SUMMARY_KEYS(X)
#undef X
    unsigned faults;
    struct summary_fault fault[SUMMARY_FAULTS_MAX];
    unsigned mores;
    const struct summary_more *more; /* borrowed */
    unsigned rank_count;             /* 0: one process */
    const struct summary_rank *rank; /* borrowed */
};

enum summary_type { SUMMARY_TEXT, SUMMARY_COUNT, SUMMARY_HEX, SUMMARY_REAL };

struct summary_key {
    const char *key, *unit;
    enum summary_type type;
    bool is_volatile; /* depends on the machine */
};

/* Every figure unknown: NaN, 0, empty. */
void summary_init(struct summary *);
/* The k-th key in order, NULL past the end; `is_volatile` (if not NULL) tells whether it depends on the machine. */
const char *summary_key(unsigned k, bool *is_volatile);
/* The same with its unit and type; false past the end. */
bool summary_key_at(unsigned k, struct summary_key *);
/* The eight bytes of the k-th value, which is no text: an integer, or a real number's bits. */
uint64_t summary_bits(const struct summary *, unsigned k);
/* Such a value as JSON: integers in full, HEX as a string of 16 digits, what is not finite as null; and a text. */
void summary_json_bits(FILE *, enum summary_type, uint64_t bits);
void summary_json_text(FILE *, const char *);
/* The value of a numeric key; false when there is no such key or it is a text. NaN = unknown in this run. */
bool summary_value(const struct summary *, const char *key, double *value);
/* The list of what never recovered; out holds it. */
const char *summary_unrecovered(const struct summary_fault *, char out[32]);
/* One flat JSON object, a line a key, in the order above, then the faults; with stable_only the volatile keys are left out, so that equal runs give equal bytes.
 * summary_write replaces path in one step (rename). 0, or -1 with errno. */
int summary_json(const struct summary *, FILE *, bool stable_only);
/* The keys fault.N.* and those of `more` alone, each line after a comma; and so those of ranks. */
void summary_json_faults(const struct summary *, FILE *);
void summary_json_ranks(const struct summary *, FILE *);
int summary_write(const struct summary *, const char *path);
/* The main figures for a person: outcomes before and after the faults side by side, traffic per peer by class. */
void summary_print(const struct summary *, FILE *);

#endif
