/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seam between the message layer and a topology plug-in (RFC 6940 5.3.2.2): routing, responsibility, maintenance.
 * One plug-in exists, CHORD-RELOAD in proto/chord. */
#ifndef PROTO_RELOAD_TOPOLOGY_H
#define PROTO_RELOAD_TOPOLOGY_H

#include "proto/reload/block.h"
#include "proto/reload/message_in.h"

/* We are in the ring and own this id (10.1). */
bool topology_responsible(const struct call *, struct id);
/* Slot of the next hop towards id, never a link that may not be routed through; SLOT_NONE = no route (10.3). own: a message of ours, which a node
 * that has not joined hands to the peer it is attached to. avoid: two slots that it must not be, or NULL. */
uint16_t topology_next_hop(const struct call *, struct id, bool own, const uint16_t avoid[2]);

/* The Node-ID that a message for this destination would go to next, our own if it would stay. 0, or the RELOAD error to answer with. */
uint16_t topology_next_peer(const struct call *, const struct destination *, struct id *next);

/* Events of the link layer. */
void topology_link_up(struct call *, uint16_t slot);
void topology_link_suspect(struct call *, uint16_t slot);
void topology_link_restored(struct call *, uint16_t slot);
/* The link is gone; standing = enum order_flag it had. failed: the peer is gone, as far as we can tell. */
void topology_link_lost(struct call *, peer_h, uint8_t standing, bool failed);

/* Requests of the topology's own methods. */
void topology_join(struct call *, const struct origin *, const struct message *);
void topology_leave(struct call *, const struct origin *, const struct message *);
void topology_update(struct call *, const struct origin *, const struct message *);
void topology_route_query(struct call *, const struct origin *, const struct message *);

/* After each call into the node: reacts to what changed, sends due Updates. */
void topology_settle(struct call *);
/* Earliest of the topology's own timers; and runs those that are due. */
sim_time topology_due(const struct node *);
void topology_wake(struct call *);

void topology_start(struct call *, const struct node_opts *);
void topology_leaving(struct call *);

#endif
