/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accumulators of figures. A scope is a part of the measured phase: the whole, before or after the first fault, or what a check leaves over when
 * times after faults are excepted. What happens is added to each scope that covers its time; every scope can be turned into a summary. */
#ifndef SIM_WORLD_MEASURES_H
#define SIM_WORLD_MEASURES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fact.h"
#include "sim/net/net.h"
#include "sim/record/histogram.h"
#include "sim/record/summary.h"
#include "sim/scenario/scenario.h"

enum outcome {
    OUTCOME_CORRECT,
    OUTCOME_STALE,
    OUTCOME_LOST,
    OUTCOME_ABSENT,
    OUTCOME_WRONG_OWNER,
    OUTCOME_TIMEOUT,
    OUTCOME_ERROR,
    OUTCOMES
};

/* Why nodes dropped messages, as far as it is told apart; DROPPED_OTHER: malformed, over a limit, reassembly, ... */
enum dropped {
    DROPPED_QUEUE_FULL,
    DROPPED_NO_ROUTE,
    DROPPED_UNKNOWN_DESTINATION,
    DROPPED_TTL,
    DROPPED_OTHER,
    DROPPED_REASONS
};

/* Sums of one partition over one interval. */
struct tally {
    uint64_t messages[TRAFFIC_CLASSES]; /* by RELOAD message code; ACK, handshake and keepalive stay 0 */
    uint64_t fragments;                 /* that are not the first of their message */
    uint64_t dropped[DROPPED_REASONS];
    uint64_t updates[UPDATE_CAUSES]; /* sent, by enum update_cause */
    uint64_t no_target; /* look-ups that found nobody to look up */
    uint64_t resent, spurious, dead_hops, leaves, crashes, link_failures, link_failures_live;
    uint64_t skipped;  /* look-ups of a trace whose asker was not there */
    int64_t online;    /* processes that started less those that stopped */
    int64_t online_ns; /* peers x time = those online at the end x interval + this: who came was not there from its beginning, who went was */
};

/* Running totals of network and kernel at one instant. */
struct totals {
    struct net_counts net;
    uint64_t events;
};

/* One finished look-up, judged. */
struct lookup_result {
    sim_time started, latency;
    enum outcome outcome;
    bool answered, expected, honest; /* expected: its value should exist; honest: no attacker asked */
    unsigned links;
    sim_time round_trip; /* to the peer that answered; 0 = itself, or unknown */
};

struct ring_sample {
    double wrong_successor, dead_successor, unreachable_values, under_replicated,
        finger_valid; /* shares; NaN = nothing to judge */
    uint32_t clients; /* attached */
};

struct mean {
    double sum;
    uint64_t count;
};

/* Of peers that come to join, or clients that come to attach. */
struct entrances {
    uint64_t count, good, bad;
    struct histogram latency;
};

struct measures {
    uint64_t lookups, abandoned, outcome[OUTCOMES], expected, expected_correct, lookup_failures, honest_expected, honest_correct;
    uint64_t stretch_milli, stretches;
    uint64_t registrations, registration_good, registration_bad;
    struct entrances joins, attaches;
    struct histogram lookup_latency, lookup_links, registration_latency, detect_latency, links;
    struct mean ring[5]; /* in the order of struct ring_sample */
    struct mean clients; /* attached */
    struct tally tally;
    struct totals totals; /* differences */
    sim_time covered;     /* simulated time */
    uint64_t online_us;   /* peers x time */
};

/* from..to less each fault while it lasts and the guard after it. A fault that does not end counts from its beginning. */
struct scope {
    sim_time from, to, guard;
    const sim_time *fault, *until; /* absolute times, ascending by fault */
    unsigned faults;
    struct measures *m;     /* of all ranks, as of assembly_merge */
    struct measures *fresh; /* what this rank has added since; on one rank m itself */
};

/* Empty accumulators, of their own for this rank when there are several. 0, or -1: no memory. */
int scope_open(struct scope *, bool many);
void scope_close(struct scope *);
bool scope_covers(const struct scope *, sim_time);
void measures_lookup(struct measures *, const struct lookup_result *);
void measures_registration(struct measures *, sim_time latency, bool good);
void measures_entrance(struct entrances *, sim_time latency, bool good);
void measures_sample(struct measures *, const struct ring_sample *);
/* An interval of this length with so many peers x ns online. */
void measures_interval(struct measures *, sim_time length, uint64_t online_us, const struct tally *,
                       const struct totals *from, const struct totals *to);
void tally_add(struct tally *, const struct tally *);
/* Fills what these measures can tell; limit = time after which a request has failed. */
void measures_summary(const struct measures *, sim_time limit, struct summary *);

#endif
