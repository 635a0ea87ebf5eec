/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients (RFC 6940 4.2): nodes that ask and are asked, and neither route nor store. A client attaches to the peer that is responsible for its Node-ID (4.2.1,
 * first way), so whoever knows that id reaches it:
 *
 *   CONNECTING  as a peer does: a channel to a bootstrap node, or to a peer known from an earlier session
 *   ATTACHING   Attach to Resource-ID n, our own id, by way of that
 *   ATTACHED    all that we send goes to the peer that answered; when its Updates say that another is responsible for n, we attach to that one; when the
 *               link to it is lost, we begin again at once
 *
 * Or, where the configuration says so (overlay.client_place), it stays with the peer that let it in, without an Attach (second way): then only who knows that peer reaches it,
 * by a destination list of the two.
 *
 * To the peer we are a node that has not joined: it sends us an Update when its range changes (10.7), as to everybody it is linked with, and routes nothing
 * through us, since we send none. */
#include "proto/chord/chord.h"
#include "proto/fact.h"
#include "proto/reload/work.h"

int client_attach(struct call *c, uint16_t slot)
{
    return attach_send(c, ATTACH_ADMITTING, 0, PEER_NONE, &(struct route){.slot = slot, .to_resource = true, .target = c->n->id});
}

/* The link that we leave, unless it is the one that we need. */
static void link_leave(struct call *c, uint16_t slot)
{
    if (slot != SLOT_NONE && link_at(c, slot)->state != LINK_FREE && link_peer(c, slot) != c->n->admitting)
        link_drop(c, slot, false);
}

void client_attached(struct call *c, uint16_t slot)
{
    uint16_t before = c->n->state == NODE_ATTACHED ? link_to(c, c->n->admitting) : c->n->bootstrap_slot;
    c->n->admitting = link_peer(c, slot);
    link_leave(c, before);
    if (c->n->state == NODE_ATTACHED)
        return;
    node_enter(c, NODE_ATTACHED);
    c->n->joined = c->env->now;
    c->n->join_attempt = 0;
    c->n->bootstrap_slot = SLOT_NONE;
    c->n->state_at = TIME_NEVER;
    chord_cache_forget(c);
    chord_tidy_plan(c);
    c->env->port->fact(c->env, FACT_ATTACHED, c->env->now - c->n->started, c->n->admitting);
}

void client_lost(struct call *c)
{
    chord_join_restart(c, JOIN_LINK_LOST);
    c->n->state_at = c->env->now;
}

/* Lists are sorted nearest first by ours, and by others perhaps not. */
void client_update(struct call *c, peer_h teller, const struct update_req *u)
{
    if (c->o->client_place == CLIENTS_ANYWHERE || c->n->state != NODE_ATTACHED || teller != c->n->admitting || u->predecessors.len < ID_BYTES || attach_count(c, ATTACH_ADMITTING) > 0)
        return;
    struct id peer = c->env->port->id_of(c->env, teller), nearest = id_load(u->predecessors.b);
    for (uint32_t at = ID_BYTES; at + ID_BYTES <= u->predecessors.len; at += ID_BYTES) {
        struct id id = id_load(u->predecessors.b + at);
        if (!id_equal(id, peer) && id_compare(id_distance(id, peer), id_distance(nearest, peer)) < 0)
            nearest = id;
    }
    if (!id_in_range(nearest, c->n->id, peer))
        client_attach(c, link_to(c, teller));
}
