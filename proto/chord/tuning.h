/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Self-tuning (RFC 7363): what a peer knows of the overlay's size and churn, how it shares that, and what follows for its tables and its timer.
 *
 * The state exists only where the configuration asks for it (overlay.self_tuning), in front of the neighbour table; see chord.h. Times are tenths of a
 * second since the node started. Calls are harmless where self-tuning is off. */
#ifndef PROTO_CHORD_TUNING_H
#define PROTO_CHORD_TUNING_H

#include "proto/chord/estimate.h"
#include "proto/reload/transaction.h"

#define FAILURES_MAX 32u /* K is a quarter of the routing table; that has 128 entries at the most that matter */
#define SAMPLES_MAX  15u /* of others, in one interval: 8 on the average */
#define AGES_MAX     96u /* peers of the routing table whose uptime we know */
#define PEERS_PROBED 4u  /* number-of-peers-to-probe */
#define SELF_TUNING_EXTENSION 3u

struct tuning {
    struct estimate used, own; /* in force; of our own tables alone */
    struct estimate sample[SAMPLES_MAX];
    uint32_t event[FAILURES_MAX + 1]; /* when we joined and when peers of our tables failed, the oldest first */
    struct {
        peer_h peer;
        int32_t born; /* before us: negative */
    } age[AGES_MAX];
    uint8_t samples, events;
};

/* NULL: off, or no room. */
struct tuning *tuning_of(struct call *);
/* In the ring, or seeded in mid-life: the history begins here. */
void tuning_begin(struct call *);
/* The stabilization timer fired: new estimates, tables and interval; Updates and Probes go out. */
void tuning_stabilize(struct call *);
/* A peer of the routing table has failed, or left. */
void tuning_failure(struct call *);
/* A peer says how long it has been up. */
void tuning_uptime(struct call *, peer_h, uint32_t uptime_s);
/* Asks a peer that has become a finger, unless we know. */
void tuning_probe_new(struct call *, uint16_t slot);
/* The SelfTuningData that goes with our Probes and answers, and what comes with those of others. */
bool tuning_extension(struct call *, struct extension *, uint8_t contents[12]);
void tuning_sample(struct call *, const struct message *);
void tuning_probed(struct call *, peer_h, const struct message *);

#endif
