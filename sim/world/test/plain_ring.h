/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plain simulation of what the converged start models: a ring of peers that come and go by laws, with the rules of proto/chord for fingers and nothing
 * else: no messages, no latency, neighbour tables that are always right. Small and slow on purpose. */
#ifndef SIM_WORLD_TEST_PLAIN_RING_H
#define SIM_WORLD_TEST_PLAIN_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/id.h"
#include "sim/kernel/law.h"

#define PLAIN_IDENTITIES_MAX 1024
#define PLAIN_ENTRIES        9
#define PLAIN_NEIGHBOURS     3
#define PLAIN_NOBODY         UINT32_MAX

struct plain_peer {
    struct id id;
    bool online;
    double since_s, until_s; /* of the present session or absence */
    double refresh_s;        /* next search for empty entries */
    uint32_t finger[PLAIN_ENTRIES];
    double repair_s[PLAIN_ENTRIES]; /* when the death of the finger is noticed; < 0: it lives, or there is none */
};

struct plain_ring {
    uint64_t seed, draws;
    struct law session, offline;
    double repair_s, refresh_s;
    uint32_t identities;
    struct plain_peer peer[PLAIN_IDENTITIES_MAX]; /* ascending by id */
};

/* Churn starts stationary; who is online at time 0 joins then, all at once. */
void plain_open(struct plain_ring *, uint64_t seed, uint32_t identities, struct law session, struct law offline);
/* Runs until end_s, and ends the repairs under way. */
void plain_run(struct plain_ring *, double end_s);

#endif
