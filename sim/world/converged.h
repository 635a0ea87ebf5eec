/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The converged start: an overlay built in mid-life, in the state in which the scenario's churn would have left it after a very long time.
 *
 * The world says who is online and for how long, and who is offline and for how long; converged_build puts up the rest: the ring, neighbour
 * tables on both sides, fingers with the ages and gaps that repairs leave behind, one link an edge, registrations with their replicas and remaining
 * lifetimes, timer phases. Everything goes through net_seed_* and proto's node_seed_*; nothing is written behind a node's back. Every draw is
 * counter-based (STREAM_CONVERGED), so the start depends on the scenario alone and not on partitions, engines or the order of the lists given.
 *
 * Left out, because the warm-up brings it in within a minute: links to peers that died less than the detection time ago, requests under way, peers in
 * the middle of their join. CONVERGED.md derives the model and says how it is checked. */
#ifndef SIM_WORLD_CONVERGED_H
#define SIM_WORLD_CONVERGED_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/time.h"
#include "proto/port.h"
#include "sim/net/net.h"
#include "sim/scenario/scenario.h"

#define CONVERGED_VALUE_MAX 512

struct converged_input {
    const struct scenario *scenario;
    uint32_t online_count;
    const peer_h *online;       /* identities online at time 0, in any order, each once */
    const sim_time *online_for; /* of online[k]: age of its present session; TIME_NEVER = since ever */
    uint32_t
        offline_count; /* identities offline at time 0; only those gone for less than the lifetime of a registration matter */
    const peer_h *offline;
    const sim_time *offline_for; /* of offline[k]: time since it went */

    /* Writes the DataValue contents that the world registers for this identity and returns their length. Not called without registrations. */
    void *world;
    size_t (*registration)(void *world, peer_h, uint8_t value[CONVERGED_VALUE_MAX]);
};

/* Builds every online node, between net_open and the first kernel_run, at time 0. 0, or -1 when memory runs out. */
int converged_build(struct net *, const struct converged_input *);

/* How long before time 0 this online identity last registered, by the start built above: its next registration is due register_every after that
 * one. 0 in a session too young to have registered: then it is due at once. */
sim_time converged_registered_ago(const struct scenario *, peer_h, sim_time online_for);
/* The same for an identity that went offline that long ago, whose registration lives on at the replicas; TIME_NEVER: it has none left. */
sim_time converged_left_registered_ago(const struct scenario *, peer_h, sim_time offline_for);

#endif
