/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking for other partitions (RFC 6940 10.7.4.4). Each partition_check, with a phase of our own: bootstrap discovery once more, a Ping through the
 * bootstrap node B to Resource-ID self+1, which our successor owns. If S' answers who is not our successor, Attach to S' through B; the Update that
 * follows any Attach tells either side of the other, and each tells its neighbours. */
#include "proto/chord/chord.h"
#include "proto/fact.h"
#include "proto/reload/ping.h"

static uint32_t drawn(const struct call *c)
{
    uint32_t r; /* the time is the counter: other draws stay where they are */
    c->env->port->random(c->env, RANDOM_PARTITION, c->env->now >> 16, &r, sizeof r);
    return r;
}

/* A peer alone in its ring looks as often as one that joins: there is nobody that could tell it. */
static sim_time check_every(const struct call *c)
{
    return c->n->successors == 0 && c->o->bootstrap_retry < c->o->partition_check ? c->o->bootstrap_retry : c->o->partition_check;
}

void chord_partition_plan(struct call *c)
{
    c->n->state_at = c->o->partition_check ? time_add(c->env->now, check_every(c) / 65536 * ((drawn(c) & 0xffff) + 1)) : TIME_NEVER;
}

uint16_t chord_link_to_address(struct call *c, addr_h addr)
{
    for (uint32_t k = 0; k < order_count(c); k++) {
        struct chan_args args = {.chan = order_slot(c, k)};
        if (link_is(order_link(c, k), LINK_USABLE) && c->env->port->channel(c->env, CHAN_REMOTE, &args) == 0 && args.addr == addr)
            return order_slot(c, k);
    }
    return SLOT_NONE;
}

static void ping_through(struct call *c, uint16_t slot)
{
    ping_send(c, PURPOSE_PARTITION_PING, 0, link_peer(c, slot),
              &(struct route){.slot = slot, .to_resource = true, .target = id_next(c->n->id)}, true);
}

void chord_partition_check(struct call *c)
{
    struct chan_args args = {.addr = ADDR_NONE, .unasked = true};
    if (c->n->state_at > c->env->now)
        return;
    c->n->state_at = c->o->partition_check ? time_add(c->env->now, check_every(c)) : TIME_NEVER;
    if (!c->o->partition_check || c->n->bootstrap_slot != SLOT_NONE) /* the last handshake is still under way */
        return;
    args.addr = chord_bootstrap_address(c, drawn(c));
    if (args.addr == ADDR_NONE)
        return;
    uint16_t linked = chord_link_to_address(c, args.addr);
    if (linked != SLOT_NONE) { /* another channel would take its place, and part us for a round trip */
        ping_through(c, linked);
        return;
    }
    if (c->env->port->channel(c->env, CHAN_OPEN, &args))
        return;
    if (link_open(c, (uint16_t)args.chan, PEER_NONE))
        c->n->bootstrap_slot = (uint16_t)args.chan;
    else
        c->env->port->channel(c->env, CHAN_CLOSE, &args);
}

void chord_partition_linked(struct call *c, uint16_t slot)
{
    c->n->bootstrap_slot = SLOT_NONE;
    link_at(c, slot)->flags |= LINK_OURS; /* tidied away when it serves nothing else */
    ping_through(c, slot);
}

void chord_partition_answered(struct call *c, const struct errand *e, peer_h other)
{
    uint16_t through = link_to(c, e->peer);
    if (c->n->state != NODE_JOINED || other == c->n->self || other == chord_successor(c, 0) || through == SLOT_NONE)
        return;
    c->env->port->fact(c->env, FACT_PARTITION_FOUND, other, e->peer);
    uint16_t slot = link_to(c, other);
    if (slot != SLOT_NONE) {
        chord_neighbour_linked(c, slot);
        return;
    }
    if (attach_pending(c, other))
        return;
    struct id id = c->env->port->id_of(c->env, other);
    attach_send(c, ATTACH_NEIGHBOUR, 0, other, &(struct route){.slot = through, .taught = true, .teacher = link_id(c, through), .target = id});
}
