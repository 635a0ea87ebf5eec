/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network of classic Chord nodes without the world around it, for the tests of this folder: who is online is what the test says, and facts are added up. */
#ifndef SIM_CHORD2003_TEST_CHORD_RIG_H
#define SIM_CHORD2003_TEST_CHORD_RIG_H

#include "proto/overlay.h"
#include "sim/chord2003/chord2003.h"
#include "sim/net/net.h"

#define RIG_HOPS 64u

struct chord_rig {
    struct chord2003_config config;
    struct overlay overlay;
    struct latency latency;
    struct net_config net_config;
    struct net *net;
    uint32_t *order; /* identities by their ids */
    uint32_t tags;   /* requests so far */
    /* Added up by facts. */
    uint64_t joined, left, answered, failed, dead_hops, dropped, hops[RIG_HOPS];
    peer_h *owner; /* by tag: who was named; PEER_NONE */
};

/* Defaults: 16 identities, 20 ms one way, no loss, stabilise and fix a finger every 30 s, 4 successors. Change them before rig_open. */
struct chord_rig *chord_rig_new(uint32_t identities);
void chord_rig_open(struct chord_rig *, uint32_t requests_max);
void chord_rig_close(struct chord_rig *);
void chord_rig_run(struct chord_rig *, sim_time until);
sim_time chord_rig_now(struct chord_rig *);
void chord_rig_start(struct chord_rig *, peer_h, bool first);
void chord_rig_crash(struct chord_rig *, peer_h);
void chord_rig_leave(struct chord_rig *, peer_h);
/* Returns the tag. */
uint32_t chord_rig_look_up(struct chord_rig *, peer_h asker, struct id key);
struct id chord_rig_key(uint64_t number);

/* The truth, among those online. */
peer_h chord_rig_owner(struct chord_rig *, struct id);
/* Number of nodes online whose predecessor or first successor is not the true one, resp. whose successor list is not. */
unsigned chord_rig_wrong(struct chord_rig *, bool whole_lists);

#endif
