/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CHORD-RELOAD (RFC 6940 10): ring and fingers, join, Updates, repair.
 *
 * There is one table: the order of all links that are up (reload/link.h). The neighbour table is read off it (the nearest usable peers on either
 * side), a finger is a flag on the one link that fills an entry. The routing table is what is flagged as neighbour or finger.
 *
 * Files: ring.c (tables, routing, responsibility, what follows from a change), join.c, client.c, update.c, finger.c, partition.c, leave.c;
 * tuning.c with estimate.c (RFC 7363). */
#ifndef PROTO_CHORD_CHORD_H
#define PROTO_CHORD_CHORD_H

#include "proto/fact.h"
#include "proto/chord/tuning.h"
#include "proto/reload/attach.h"
#include "proto/reload/link.h"
#include "proto/reload/topology.h"
#include "proto/reload/transaction.h"

/* The only writer of the state. Legal moves:
 *
 *   STARTING -> CONNECTING -> ATTACHING -> JOINING -> JOINED -> LEAVING -> GONE
 *      |            ^------------+------------+----------+ (restart)
 *      +-----------------------------------------> JOINED (first node, or seeded); the first node also from CONNECTING
 *
 *   A client: ATTACHING -> ATTACHED -> GONE, and back to CONNECTING. */
void node_enter(struct call *, enum node_state);

/* ring.c */
/* A configured interval: fixed, or drawn from its law. */
sim_time chord_interval(struct call *, sim_time fixed, uint16_t law);
#define NEIGHBOURS_MAX 64

/* 10.7.4.2, alternative 2: peers that Updates have named and that would fill an entry which is invalid, one for each entry. PEER_NONE = free. */
#define LEARNED_MAX 16
struct learned {
    peer_h peer[LEARNED_MAX];
};

/* The neighbour section: what some configurations ask for, then the neighbour table. The configuration says what is there, for good. */
static inline uint32_t chord_extras_bytes(const struct overlay *o)
{
    return (o->finger_search == FINGER_SEARCH_LEARN ? (uint32_t)sizeof(struct learned) : 0) + (o->self_tuning ? (uint32_t)sizeof(struct tuning) : 0);
}
static inline struct tuning *chord_tuning_at(const struct call *c) /* it is there */
{
    return (struct tuning *)((uint8_t *)section_base(c, SECTION_NEIGHBOURS) + chord_extras_bytes(c->o) - sizeof(struct tuning));
}
/* Sizes that the neighbour lists should have, and whether changes are told at once: as configured, or as self-tuning has it. */
unsigned chord_want_predecessors(const struct call *);
unsigned chord_want_successors(const struct call *);
static inline bool chord_reactive(const struct call *c)
{
    return c->o->reactive && !c->o->self_tuning;
}
/* Makes them and room for so many neighbours; false = over a limit. */
bool chord_room(struct call *, unsigned neighbours);
static inline peer_h *chord_neighbours(const struct call *c) /* predecessors, then successors, nearest first */
{
    return (peer_h *)((uint8_t *)section_base(c, SECTION_NEIGHBOURS) + chord_extras_bytes(c->o));
}
/* NULL when there is none, or no room. */
struct learned *chord_learned(struct call *);
static inline peer_h chord_predecessor(const struct call *c, unsigned k)
{
    return k < c->n->predecessors ? chord_neighbours(c)[k] : PEER_NONE;
}
static inline peer_h chord_successor(const struct call *c, unsigned k)
{
    return k < c->n->successors ? chord_neighbours(c)[c->n->predecessors + k] : PEER_NONE;
}
bool chord_signer_plausible(const struct call *, struct id resource, peer_h signer);
/* This id would be among our neighbours if it were usable. */
bool chord_would_improve(const struct call *, struct id);
uint32_t chord_responsible_ppb(const struct call *);
/* Recomputes whether a link may be routed through, and marks the ring for a fresh look if that changed. */
void chord_usable(struct call *, uint16_t slot);
void chord_ring_dirty(struct call *, bool lost);
/* What a change of the neighbour table that nobody was lost with comes from: our own joining, or the last loss. */
enum update_cause chord_gain_cause(const struct call *);
#define NEWCOMER_S 60u /* a peer that has been up for less is a newcomer */
/* A peer that failed or left is not attached to on hearsay for a minute. */
bool chord_recently_failed(const struct call *, peer_h);
void chord_failed_note(struct call *, peer_h, bool left);
/* Reads the neighbours off the order table; nothing else happens. */
void chord_ring_read(struct call *);
void chord_range_set(struct call *, peer_h from);
void chord_tidy_plan(struct call *);

/* join.c */
void chord_join_connect(struct call *);
void chord_join_restart(struct call *, enum join_failure);
void chord_bootstrap_linked(struct call *, uint16_t slot);
void chord_admitting_linked(struct call *, uint16_t slot);
void chord_neighbour_linked(struct call *, uint16_t slot);
void chord_join_tables(struct call *, uint16_t slot, const struct update_req *);
void chord_join_progress(struct call *);
void chord_join_answered(struct call *, const struct errand *);
void chord_join_failed(struct call *, const struct errand *, uint16_t error);
void chord_joined(struct call *);
/* Address of a bootstrap node that is not us, chosen by this draw; ADDR_NONE. */
addr_h chord_bootstrap_address(struct call *, uint32_t draw);

/* Addresses of an earlier session are of no more use. */
void chord_cache_forget(struct call *);

/* client.c */
static inline bool node_is_client(const struct call *c)
{
    return c->n->flags & NODE_CLIENT;
}
/* Attach to our own place by way of this link. 0 or a negative error. */
int client_attach(struct call *, uint16_t slot);
void client_attached(struct call *, uint16_t slot);
/* The link to the peer that we are attached to is gone. */
void client_lost(struct call *);
void client_update(struct call *, peer_h teller, const struct update_req *);

/* partition.c */
/* The first check, some time within an interval from now. */
void chord_partition_plan(struct call *);
void chord_partition_check(struct call *);
/* The link to a peer of the ring at this address, SLOT_NONE. */
uint16_t chord_link_to_address(struct call *, addr_h);
/* The channel to the bootstrap node is up. */
void chord_partition_linked(struct call *, uint16_t slot);
void chord_partition_answered(struct call *, const struct errand *, peer_h);

/* update.c */
void chord_update_mark(struct call *, uint16_t slot, enum chord_update, enum update_cause);
void chord_update_mark_all(struct call *, bool neighbours_only, enum update_cause);
void chord_update_pump(struct call *);
/* Sends the Update of this transaction again, with the table as it is now. */
void chord_update_repeat(struct call *, uint16_t slot, enum chord_update, uint64_t tid);
void chord_update_done(struct call *, peer_h);
void chord_link_silent(struct call *, uint16_t slot);
void chord_link_ping_done(struct call *, peer_h);

/* finger.c */
static inline unsigned chord_entry_of(struct id distance) /* finger entry 1..128 whose range holds this distance; not 0 */
{
    return distance.hi ? (unsigned)__builtin_clzll(distance.hi) + 1 : (unsigned)__builtin_clzll(distance.lo) + 65;
}
unsigned chord_table_size(const struct call *);
/* Slot that fills entry i, SLOT_NONE. */
uint16_t chord_finger_slot(const struct call *, unsigned i);
void chord_finger_offer(struct call *, uint16_t slot);
void chord_finger_linked(struct call *, unsigned i, uint16_t slot);
void chord_finger_found(struct call *, unsigned i, peer_h);
/* An Update names this peer. */
void chord_finger_learn(struct call *, struct id);
void chord_finger_search(struct call *, unsigned i);
void chord_finger_refresh(struct call *);
void chord_finger_first_fill(struct call *, struct id last_known);

/* leave.c */
void chord_leave_done(struct call *);
void chord_left(struct call *);

#endif
