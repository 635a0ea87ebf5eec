/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/node.h"

#include "proto/chord/chord.h"
#include "proto/chord/tuning.h"
#include "proto/fact.h"
#include "proto/reload/credential.h"
#include "proto/reload/iterative.h"
#include "proto/reload/link.h"
#include "proto/reload/message_in.h"
#include "proto/reload/straight.h"
#include "proto/reload/topology.h"
#include "proto/reload/transaction.h"
#include "proto/reload/work.h"
#include "proto/store/store.h"

static struct call call_begin(struct node *n, struct env *env)
{
    return (struct call){.n = n, .env = env, .o = env->port->overlay(env, 0)};
}

/* What every door does last: react to what changed, then say when to wake. */
static sim_time call_end(struct call *c)
{
    do
        topology_settle(c);
    while (c->n->flags & NODE_RING_DIRTY);
    sim_time due = TIME_NEVER;
    work_trim(c);
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at))
        due = time_min(due, ((const struct record *)record_at(c, SECTION_WORK, at))->due);
    c->n->work_due = due;
    return time_min(due, topology_due(c->n));
}

sim_time node_start(struct node *n, struct env *env, const struct node_opts *opts)
{
    struct call c = call_begin(n, env);
    block_init(n, env->self, env->port->id_of(env, env->self));
    n->started = env->now;
    if (opts->client)
        n->flags |= NODE_CLIENT;
    topology_start(&c, opts);
    return call_end(&c);
}

/* Whom the configuration has revoked meanwhile loses its links, before anything is taken from it. */
static void revoked_drop(struct call *c)
{
    for (uint16_t slot = 0; c->o->bad_nodes > 0 && slot < link_slots(c); slot++) {
        const struct link *l = link_at(c, slot);
        if (l->state != LINK_UP || !credential_revoked(c, link_peer(c, slot)))
            continue;
        peer_h peer = link_peer(c, slot);
        uint8_t standing = l->standing;
        link_lost(c, slot, false);
        topology_link_lost(c, peer, standing, true);
    }
}

sim_time node_receive(struct node *n, struct env *env, chan_h chan, addr_h from, struct dgram d)
{
    struct call c = call_begin(n, env);
    struct frame f;
    (void)from;
    revoked_drop(&c);
    if (chan >= link_slots(&c) || link_at(&c, (uint16_t)chan)->state != LINK_UP) {
        env->port->fact(env, FACT_DROPPED, DROP_NOT_LINKED, 0);
        return call_end(&c);
    }
    int err = frame_read(d.b, d.len, d.true_len, &f);
    if (err) {
        env->port->fact(env, FACT_DROPPED, (uint64_t)(int64_t)err, 0);
    } else if (f.type == FRAME_ACK) {
        link_acked(&c, (uint16_t)chan, &f);
    } else {
        link_received(&c, (uint16_t)chan, f.sequence);
        message_in(&c, (uint16_t)chan, f.message.b, f.message.len, f.message_true);
    }
    return call_end(&c);
}

static void channel_up(struct call *c, uint16_t slot, const struct chan_info *info, bool ours)
{
    if (!link_up(c, slot, info->peer, info->rtt)) {
        link_drop(c, slot, false);
        return;
    }
    if (c->o->keepalive_interval) {
        struct chan_args args = {.chan = slot, .interval = c->o->keepalive_interval, .silent_after = c->o->silent_after};
        c->env->port->channel(c->env, CHAN_KEEPALIVE, &args);
    }
    c->env->port->fact(c->env, FACT_LINK_UP, info->peer, ours);
    topology_link_up(c, slot);
    if (c->o->routing == ROUTING_ITERATIVE)
        iterative_linked(c, slot);
    else if (straight_mode(c->o))
        straight_linked(c, slot);
}

/* The handshake we started is done: with the peer that we meant, or it does not count. */
static void channel_opened(struct call *c, uint16_t slot, const struct chan_info *info)
{
    const struct link *l = link_at(c, slot);
    bool meant = (l->meant == PEER_NONE || l->meant == info->peer) && !credential_revoked(c, info->peer);
    if (!meant || info->peer == c->n->self) {
        bool bootstrap = slot == c->n->bootstrap_slot;
        link_drop(c, slot, false);
        if (bootstrap && c->n->state == NODE_CONNECTING)
            chord_join_restart(c, JOIN_NO_BOOTSTRAP);
        else if (bootstrap)
            c->n->bootstrap_slot = SLOT_NONE;
        return;
    }
    channel_up(c, slot, info, true);
}

static void channel_accepted(struct call *c, uint16_t slot, const struct chan_info *info)
{
    if (info->peer != c->n->self && !credential_revoked(c, info->peer) && link_open(c, slot, info->peer)) {
        channel_up(c, slot, info, false);
        return;
    }
    struct chan_args args = {.chan = slot};
    c->env->port->channel(c->env, CHAN_CLOSE, &args);
}

static void channel_down(struct call *c, uint16_t slot)
{
    const struct link *l = link_at(c, slot);
    peer_h peer = link_peer(c, slot);
    if (l->state == LINK_OPENING) {
        link_lost(c, slot, true);
        if (slot == c->n->bootstrap_slot && c->n->state == NODE_CONNECTING)
            chord_join_restart(c, JOIN_NO_BOOTSTRAP);
        else if (slot == c->n->bootstrap_slot)
            c->n->bootstrap_slot = SLOT_NONE;
        return;
    }
    uint8_t standing = l->standing;
    bool ours = l->flags & LINK_OURS;
    if (ours && (standing & LINK_FINGER)) /* only we would close it: the peer goes */
        standing |= LINK_STOOD;
    link_lost(c, slot, true);
    /* A neighbour does not close unless it goes; but where each chooses the length of its lists, it may have no use for what it opened. */
    topology_link_lost(c, peer, standing, (standing & LINK_NEIGHBOUR) && (ours || !c->o->self_tuning));
}

sim_time node_channel(struct node *n, struct env *env, chan_h chan, enum chan_event event, const struct chan_info *info)
{
    struct call c = call_begin(n, env);
    uint16_t slot = (uint16_t)chan;
    bool known = chan < link_slots(&c) && link_at(&c, slot)->state != LINK_FREE;
    switch (event) {
    case CHAN_UP:
        if (known && link_at(&c, slot)->state == LINK_OPENING)
            channel_opened(&c, slot, info);
        break;
    case CHAN_ACCEPT:
        if (!known)
            channel_accepted(&c, slot, info);
        break;
    case CHAN_DOWN:
        if (known)
            channel_down(&c, slot);
        break;
    case CHAN_SILENT:
        if (known && link_at(&c, slot)->state == LINK_UP)
            chord_link_silent(&c, slot);
        break;
    }
    return call_end(&c);
}

/* Handles the first work record that is due; false when none is. */
static bool work_step(struct call *c)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct record *r = record_at(c, SECTION_WORK, at);
        if (r->due > c->env->now)
            continue;
        switch ((enum work_type)r->type) {
        case WORK_FRAME:
            link_frame_due(c, at);
            break;
        case WORK_TRANSACTION:
            transaction_due(c, at);
            break;
        case WORK_EXPECT:
            attach_expect_due(c, at);
            break;
        case WORK_ANSWER:
        case WORK_REASSEMBLY:
        case WORK_CACHE:
        case WORK_VIA:
        case WORK_WALK:
        case WORK_OFFERS:
        case WORK_HELD:
        case WORK_PASSING:
        case WORK_ASIDE:
        case WORK_GAP:
            record_remove(c, SECTION_WORK, at);
            break;
        }
        return true;
    }
    return false;
}

sim_time node_wake(struct node *n, struct env *env)
{
    struct call c = call_begin(n, env);
    sim_time due;
    revoked_drop(&c);
    do { /* what one step ends may make another due at once */
        while (work_step(&c))
            ;
        topology_wake(&c);
        due = call_end(&c);
    } while (due <= env->now);
    return due;
}

sim_time node_request(struct node *n, struct env *env, const struct request *q)
{
    struct call c = call_begin(n, env);
    int err = 0;
    bool may_ask = n->state == NODE_JOINED || n->state == NODE_ATTACHED;
    switch (q->op) {
    case REQUEST_STORE:
        err = may_ask ? store_send(&c, q) : ERR_NO_LINK;
        break;
    case REQUEST_FETCH:
        err = may_ask ? fetch_send(&c, q) : ERR_NO_LINK;
        break;
    case REQUEST_STAT:
        err = may_ask ? stat_send(&c, q) : ERR_NO_LINK;
        break;
    case REQUEST_FIND:
        err = may_ask ? find_send(&c, q) : ERR_NO_LINK;
        break;
    case REQUEST_LEAVE:
        topology_leaving(&c);
        break;
    }
    if (err)
        env->port->fact(env, FACT_REQUEST_FAILED, q->tag, FACT_FAILED_HERE(err));
    return call_end(&c);
}

/* The hot part, and the start of the order table that a forwarder searches. */
unsigned node_touch(const struct node *n, const uint8_t *head, size_t len, uint16_t line[], unsigned max)
{
    unsigned k = 0;
    (void)head;
    (void)len;
    for (uint16_t l = 0; l < sizeof(struct node) / 64 && k < max; l++)
        line[k++] = l;
    uint32_t order = n->section[SECTION_ORDER].at * SECTION_UNIT, end = order + n->section[SECTION_ORDER].used;
    for (uint32_t at = order; at < end && k < max; at += 64)
        line[k++] = (uint16_t)(at / 64);
    return k;
}

/* ---- building a node in mid-life ---- */

sim_time node_seed(struct node *n, struct env *env, const struct node_seed *s)
{
    struct call c = call_begin(n, env);
    block_init(n, env->self, env->port->id_of(env, env->self));
    /* Before the start of time: the difference to now is what counts, modulo 2^64. */
    n->started = n->joined = env->now - s->joined_for;
    node_enter(&c, NODE_JOINED);
    n->update_at = s->next_update;
    n->finger_at = s->next_ping;
    section_reserve(&c, SECTION_LINKS, s->links * (uint32_t)sizeof(struct link));
    section_reserve(&c, SECTION_ORDER, s->links * (uint32_t)(s->links > ORDER_NARROW_LINKS ? sizeof(struct order_wide) : sizeof(struct order_narrow)));
    section_reserve(&c, SECTION_STORE, s->value_bytes);
    return TIME_NEVER;
}

void node_seed_link(struct node *n, struct env *env, const struct seed_link *s)
{
    struct call c = call_begin(n, env);
    bool open = link_open(&c, (uint16_t)s->chan, s->peer) && link_up(&c, (uint16_t)s->chan, s->peer, s->rtt);
    assert(open);
    if (!open)
        return;
    struct link *l = link_at(&c, (uint16_t)s->chan);
    l->tx_next = s->tx_next & (LINK_WORN - 1);
    l->rx_last = s->rx_last & ((UINT32_C(1) << RECEIVED_BITS) - 1);
    if (s->rx_last)
        l->flags |= LINK_RECEIVED;
    if (s->ready)
        l->flags |= LINK_PEER_READY;
    if (s->predecessor || s->successor)
        l->flags |= LINK_OURS;
    chord_usable(&c, (uint16_t)s->chan);
}

void node_seed_finger(struct node *n, struct env *env, unsigned i, peer_h peer)
{
    struct call c = call_begin(n, env);
    uint16_t slot = link_to(&c, peer);
    assert(slot != SLOT_NONE && chord_entry_of(id_distance(n->id, link_id(&c, slot))) == i);
    (void)i;
    link_at(&c, slot)->flags |= LINK_OURS;
    link_raise(link_at(&c, slot), LINK_FINGER);
}

void node_seed_value(struct node *n, struct env *env, struct id resource, peer_h owner, const uint8_t *value, uint16_t value_len, uint64_t stored_ms,
                     uint32_t lifetime_left_s, uint8_t replica)
{
    /* Signed by its owner, as it was when stored: the host signs for whoever the env names. */
    struct env as_owner = *env;
    as_owner.self = owner;
    struct call signing = call_begin(n, &as_owner), c = call_begin(n, env);
    uint8_t key[ID_BYTES];
    id_store(key, env->port->id_of(env, owner));
    struct stored_data d = {.storage_time_ms = stored_ms, .lifetime_s = lifetime_left_s, .model = MODEL_DICTIONARY, .key = {key, ID_BYTES},
                            .value = {.exists = true, .value = {value, value_len}}};
    if (value_sign(&signing, resource, KIND_SIP_REGISTRATION, &d))
        return;
    struct entry put = value_entry(&c, resource, kind_find(&c, KIND_SIP_REGISTRATION), &d);
    put.generation = 1;
    put.replica = replica;
    put.have = replica == 0 ? (1u << REPLICAS) - 1 : 0;
    value_put(&c, &put);
}

uint32_t node_value_bytes(struct id owner, const uint8_t *value, uint16_t value_len)
{
    return value_size_of(owner, value, value_len);
}

struct node_costs node_costs(void)
{
    return (struct node_costs){.node = sizeof(struct node), .link = sizeof(struct link) + sizeof(struct order_narrow), .neighbour = sizeof(peer_h),
                               .value = (uint32_t)offsetof(struct value, kept)};
}

sim_time node_seed_end(struct node *n, struct env *env)
{
    struct call c = call_begin(n, env);
    uint16_t phase;
    chord_ring_read(&c);
    n = c.n;
    n->flags &= (uint8_t)~(NODE_RING_DIRTY | NODE_RING_LOST);
    n->range_from = chord_predecessor(&c, 0);
    if (n->range_from != PEER_NONE)
        n->range_id = env->port->id_of(env, n->range_from);
    for (unsigned k = 0; k < REPLICAS; k++)
        n->replica[k] = chord_successor(&c, k);
    env->port->random(env, RANDOM_TIMER, n->draws++, &phase, sizeof phase);
    n->tidy_at = env->now + MILLIS(phase % 60000u);
    chord_partition_plan(&c);
    tuning_begin(&c);
    n = c.n;
    certificate_plan(&c, true);
    block_trim(&c);
    return call_end(&c);
}
