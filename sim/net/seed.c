/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes in mid-life, for a converged start: sessions, and channels that were opened long ago. */
#include <assert.h>

#include "sim/kernel/fetch.h"
#include "sim/net/host.h"

/* Sequence numbers of links as if one frame had gone each way. */
#define SEEDED_TX_NEXT 1u
#define SEEDED_RX_LAST 0u
/* Of all seeded channels; those that are opened later count from 1. */
#define SEEDED_GENERATION 0u

static struct env *seed_env(struct host *h, peer_h peer)
{
    sim_time now = kernel_now(h->net->kernel);
    h->env.self = peer;
    h->env.work = identity_of(h, peer)->online->work;
    h->env.now = now;
    h->env.unix_ms = h->net->config.epoch_ms + now / MILLIS(1);
    h->env.cpu_ns = 0;
    h->busy_until = now;
    return &h->env;
}

struct node *net_seed_begin(struct net *n, peer_h peer, const struct node_seed *seed, struct env **env)
{
    struct host *h = host_of(n, peer);
    struct online *o = session_open(h, peer);
    channel_table_reserve(h, o, seed->links);
    *env = seed_env(h, peer);
    o->node_due = actor_of(n, peer)->seed(o->block, *env, seed);
    return o->block;
}

struct node *net_seed_node(struct net *n, peer_h peer, struct env **env)
{
    struct host *h = host_of(n, peer);
    *env = seed_env(h, peer);
    return identity_of(h, peer)->online->block;
}

/* A channel of a that is up; the slot of its remote end is filled in by the caller. */
static chan_h open_end(struct net *n, peer_h a, peer_h b, bool server)
{
    struct host *h = host_of(n, a);
    const struct overlay *v = n->config.overlay;
    struct env *env = seed_env(h, a);
    struct online *o = identity_of(h, a)->online;
    assert(o);
    chan_h slot = channel_take(h, identity_of(h, a), b, tag_make(SEEDED_GENERATION, !server, SLOT_NONE));
    assert(slot != CHAN_NONE);
    keepalive_up(h, o, slot, a, env->now);
    if (v->keepalive_interval) {
        /* The remote end is not known yet, so no note goes out: both ends may take for granted that the other one sends. */
        int status = keepalive_set(h, o, slot, a, &(struct schedule){v->keepalive_interval, v->silent_after}, env->now);
        assert(status == 0);
        (void)status;
        keepalive_assume_peer(h, &o->table->slot[slot], v->keepalive_interval);
    }
    return slot;
}

static void link_end(struct net *n, peer_h a, chan_h slot, peer_h b, chan_h other, uint8_t predecessor,
                     uint8_t successor)
{
    struct host *h = host_of(n, a);
    struct env *env = seed_env(h, a);
    struct online *o = identity_of(h, a)->online;
    struct channel *c = &o->table->slot[slot];
    c->remote = tag_make(SEEDED_GENERATION, !channel_is_server(c), other) & TAG_MASK;
    struct seed_link link = {.chan = slot,
                             .peer = b,
                             .addr = b,
                             .rtt = net_rtt(n, a, b),
                             .predecessor = predecessor,
                             .successor = successor,
                             .ready = true,
                             .tx_next = SEEDED_TX_NEXT,
                             .rx_last = SEEDED_RX_LAST};
    actor_of(n, a)->seed_link(o->block, env, &link);
}

#define TOUCH_LINE  64u
#define TOUCH_LINES 8u /* of a block: its head, and most of what a new link moves */

void net_seed_touch(const struct net *n, peer_h peer, unsigned step)
{
    if (!net_holds(n, peer))
        return;
    if (step == 0) {
        fetch_line(&n->node[peer]);
        if (n->where)
            fetch_line(&n->where[peer]);
        return;
    }
    const struct identity *id = identity_known(n, peer);
    if (step == 1) {
        fetch_line(id);
        return;
    }
    const struct online *o = id ? id->online : NULL;
    if (!o || step == 2) {
        fetch_line(o);
        return;
    }
    fetch_line_to_write(&o->table->slot[o->used]);
    for (unsigned k = 0; k < TOUCH_LINES; k++)
        fetch_line_to_write((const char *)o->block + k * TOUCH_LINE);
}

void net_seed_link(struct net *n, peer_h a, peer_h b, const struct seed_edge *edge, uint16_t far)
{
    assert(a != b);
    bool has_a = net_holds(n, a), has_b = net_holds(n, b);
    chan_h at_a = has_a ? open_end(n, a, b, false) : far, at_b = has_b ? open_end(n, b, a, true) : far;
    if (has_a)
        link_end(n, a, at_a, b, at_b, edge->a_predecessor, edge->a_successor);
    if (has_b)
        link_end(n, b, at_b, a, at_a, edge->b_predecessor, edge->b_successor);
}

void net_seed_end(struct net *n, peer_h peer)
{
    struct host *h = host_of(n, peer);
    struct env *env = seed_env(h, peer);
    struct identity *id = identity_of(h, peer);
    id->online->node_due = actor_of(n, peer)->seed_end(id->online->block, env);
    keepalive_spread(h, peer, env->now);
    kernel_wake_at(h->part, peer, host_due(id));
}
