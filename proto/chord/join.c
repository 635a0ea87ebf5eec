/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Joining, step by step (RFC 6940 10.5, 11.4):
 *
 *   CONNECTING  a channel to a bootstrap node, or to a peer known from an earlier session
 *   ATTACHING   Attach to Resource-ID n+1 finds the admitting peer; its full Update names our neighbours; Attach to each through it, and to the
 *               owners of the finger starts
 *   JOINING     Join to the admitting peer; it stores to us what we shall own, then its Update names us as its predecessor
 *   JOINED      Updates to the neighbours, peer_ready to all others
 *
 * Whatever fails on the way starts over with another bootstrap node after bootstrap_retry. A bootstrap node, which others expect to find a ring at, is the
 * overlay again when it has lost the ring and enough attempts have found none. */
#include <string.h>

#include "proto/chord/chord.h"
#include "proto/fact.h"
#include "proto/reload/work.h"
#include "proto/store/store.h"

#define ATTEMPT_FOR SECONDS(40) /* an Attach may take 15 s, the handshakes after it as long */

struct cache {
    struct record r;
    addr_h addr[10];
};

static addr_h cached_address(struct call *c)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        struct cache *x = record_at(c, SECTION_WORK, at);
        if (x->r.type == WORK_CACHE && c->n->cache_next < c->n->cache_count)
            return x->addr[c->n->cache_next++];
    }
    return ADDR_NONE;
}

static bool address_is_ours(struct call *c, addr_h addr)
{
    struct ip_port mine, other;
    c->env->port->addr_of(c->env, ADDR_NONE, &mine);
    c->env->port->addr_of(c->env, addr, &other);
    return memcmp(mine.ip, other.ip, sizeof mine.ip) == 0 && mine.port == other.port;
}

addr_h chord_bootstrap_address(struct call *c, uint32_t draw)
{
    for (unsigned k = 0; k < c->o->bootstrap_count; k++) {
        addr_h addr = c->o->bootstrap[(draw + k) % c->o->bootstrap_count];
        if (!address_is_ours(c, addr))
            return addr;
    }
    return ADDR_NONE;
}

/* Addresses from earlier sessions first, then the configured bootstrap nodes, one at random each time. */
static addr_h entry_address(struct call *c)
{
    addr_h addr = cached_address(c);
    if (addr != ADDR_NONE || c->o->bootstrap_count == 0)
        return addr;
    uint32_t r;
    c->env->port->random(c->env, RANDOM_BOOTSTRAP, c->n->draws++, &r, sizeof r);
    return chord_bootstrap_address(c, r);
}

/* Attempts to join after which we are the overlay, 0 = never. 6.4.2.1 leaves to the configuration who that is: whoever has been told so, or whose address
 * is a bootstrap address. When none of them has a ring any more somebody has to start over, or all would ask each other for ever. The first of the list
 * goes first; one later in it waits longer, for those before it may be dead. Two that start over meet by their partition checks. */
static unsigned attempts_alone(struct call *c)
{
    if (c->n->flags & NODE_FIRST)
        return c->o->bootstrap_count ? c->o->bootstrap_count : 1;
    for (unsigned k = 0; k < c->o->bootstrap_count; k++)
        if (address_is_ours(c, c->o->bootstrap[k]))
            return (k + 1) * c->o->bootstrap_count;
    return 0;
}

/* The first peer is the overlay (6.4.2.1). */
static void ring_alone(struct call *c)
{
    node_enter(c, NODE_JOINED);
    c->n->joined = c->env->now;
    c->n->join_attempt = 0;
    chord_partition_plan(c);
    chord_tidy_plan(c);
    c->n->update_at = time_add(c->env->now, chord_interval(c, c->o->update_interval, c->o->update_law));
    c->n->finger_at = time_add(c->env->now, chord_interval(c, c->o->ping_interval, c->o->ping_law));
    c->env->port->fact(c->env, FACT_JOINED, c->env->now - c->n->started, 0);
    certificate_plan(c, false);
    tuning_begin(c);
}

void topology_start(struct call *c, const struct node_opts *opts)
{
    if (opts->first) {
        c->n->flags |= NODE_FIRST;
        ring_alone(c);
        return;
    }
    if (opts->cache_count > 0) {
        struct cache *x = record_add(c, SECTION_WORK, WORK_CACHE, sizeof *x);
        c->n->cache_count = x ? opts->cache_count : 0;
        if (x)
            memcpy(x->addr, opts->cache, sizeof x->addr);
    }
    node_enter(c, NODE_CONNECTING);
    chord_join_connect(c);
}

void chord_join_connect(struct call *c)
{
    struct chan_args args = {.addr = entry_address(c)};
    c->n->join_attempt++;
    c->env->port->fact(c->env, FACT_JOIN_STARTED, c->n->join_attempt, 0);
    if (args.addr == ADDR_NONE || c->env->port->channel(c->env, CHAN_OPEN, &args)) {
        chord_join_restart(c, JOIN_NO_BOOTSTRAP);
        return;
    }
    if (!link_open(c, (uint16_t)args.chan, PEER_NONE)) {
        c->env->port->channel(c->env, CHAN_CLOSE, &args);
        chord_join_restart(c, JOIN_NO_BOOTSTRAP);
        return;
    }
    c->n->bootstrap_slot = (uint16_t)args.chan;
    c->n->state_at = c->env->now + ATTEMPT_FOR;
}

/* Everything of the attempt goes; what users asked for stays. */
static void attempt_forget(struct call *c)
{
    for (uint16_t slot = 0; slot < link_slots(c); slot++)
        if (link_at(c, slot)->state != LINK_FREE)
            link_drop(c, slot, false);
    static const enum purpose ours[] = {PURPOSE_ATTACH, PURPOSE_JOIN, PURPOSE_UPDATE, PURPOSE_LINK_PING, PURPOSE_FINGER_PING, PURPOSE_PROBE, PURPOSE_PARTITION_PING, PURPOSE_REPLICA, PURPOSE_ADOPT,
                                         PURPOSE_CERTIFICATE};
    for (unsigned i = 0; i < sizeof ours / sizeof *ours; i++)
        transaction_forget(c, ours[i]);
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK);) {
        const struct record *r = record_at(c, SECTION_WORK, at);
        if (r->type == WORK_EXPECT || r->type == WORK_REASSEMBLY)
            record_remove(c, SECTION_WORK, at);
        else
            at += r->size;
    }
}

void chord_join_restart(struct call *c, enum join_failure why)
{
    c->env->port->fact(c->env, FACT_JOIN_FAILED, c->n->join_attempt, why);
    node_enter(c, NODE_CONNECTING);
    c->n->bootstrap_slot = SLOT_NONE;
    attempt_forget(c);
    c->n->admitting = c->n->admitted = c->n->range_from = PEER_NONE;
    c->n->flags &= (uint8_t)~(NODE_TABLES | NODE_RING_DIRTY | NODE_RING_LOST);
    c->n->predecessors = c->n->successors = 0;
    c->n->update_at = c->n->finger_at = c->n->tidy_at = c->n->replicate_at = c->n->certify_at = TIME_NEVER;
    c->n->state_at = c->env->now + c->o->bootstrap_retry;
    /* Nobody else is there, or has a ring; a refusal is one's word that has. */
    unsigned alone = attempts_alone(c);
    if (alone && why != JOIN_REFUSED && c->n->join_attempt >= alone)
        ring_alone(c);
}

void chord_bootstrap_linked(struct call *c, uint16_t slot)
{
    node_enter(c, NODE_ATTACHING);
    link_at(c, slot)->flags |= LINK_OURS;
    if (node_is_client(c) && c->o->client_place == CLIENTS_ANYWHERE) {
        client_attached(c, slot);
        return;
    }
    struct route r = {.slot = slot, .to_resource = true, .target = id_next(c->n->id)};
    if (node_is_client(c) ? client_attach(c, slot) : attach_send(c, ATTACH_ADMITTING, 0, PEER_NONE, &r))
        chord_join_restart(c, JOIN_NO_ANSWER);
}

void chord_admitting_linked(struct call *c, uint16_t slot)
{
    if (node_is_client(c) && (c->n->state == NODE_ATTACHING || c->n->state == NODE_ATTACHED))
        client_attached(c, slot);
    else if (c->n->state == NODE_ATTACHING)
        c->n->admitting = link_peer(c, slot);
}

static void neighbour_attach(struct call *c, struct id id)
{
    uint16_t teacher = link_to(c, c->n->admitting);
    if (id_equal(id, c->n->id) || link_to_id(c, id) != SLOT_NONE || teacher == SLOT_NONE)
        return;
    peer_h peer = c->env->port->id_keep(c->env, id);
    if (peer == PEER_NONE || attach_pending(c, peer))
        return;
    attach_send(c, ATTACH_NEIGHBOUR, 0, peer, &(struct route){.slot = teacher, .taught = true, .teacher = link_id(c, teacher), .target = id});
}

/* The full Update may be here before the answer to the Attach: then the sender is known by its range, in which we must lie. */
void chord_join_tables(struct call *c, uint16_t slot, const struct update_req *u)
{
    if ((c->n->flags & NODE_TABLES) || (c->n->admitting != PEER_NONE && c->n->admitting != link_peer(c, slot)))
        return;
    struct id before = u->predecessors.len >= ID_BYTES ? id_load(u->predecessors.b) : link_id(c, slot);
    if (!id_in_range(before, c->n->id, link_id(c, slot)))
        return;
    c->n->admitting = link_peer(c, slot);
    c->n->flags |= NODE_TABLES;
    struct id last = c->env->port->id_of(c->env, c->n->admitting);
    /* The spans lie in the datagram, not in our block. Nearest first on either side. */
    for (uint32_t k = 0; k < chord_want_predecessors(c) && (k + 1) * ID_BYTES <= u->predecessors.len; k++)
        neighbour_attach(c, id_load(u->predecessors.b + k * ID_BYTES));
    for (uint32_t k = 0; k + 1 < chord_want_successors(c) && (k + 1) * ID_BYTES <= u->successors.len; k++) {
        struct id id = id_load(u->successors.b + k * ID_BYTES);
        if (id_in_range(last, id, c->n->id) && !id_equal(id, c->n->id))
            last = id;
        neighbour_attach(c, id);
    }
    c->n->range_id = last; /* until we own a range: the farthest successor that we know of */
    chord_join_progress(c);
}

void chord_neighbour_linked(struct call *c, uint16_t slot)
{
    if (c->n->state == NODE_JOINED)
        chord_update_mark(c, slot, UPDATE_NEIGHBORS, chord_gain_cause(c));
    else
        chord_join_progress(c);
}

/* RFC 6940 10.5: no Update and no Join before the neighbours are attached; one that cannot be reached is not waited for beyond its time-out. */
void chord_join_progress(struct call *c)
{
    uint16_t slot = link_to(c, c->n->admitting);
    if (c->n->state != NODE_ATTACHING || !(c->n->flags & NODE_TABLES) || slot == SLOT_NONE || attach_count(c, ATTACH_NEIGHBOUR) > 0)
        return;
    node_enter(c, NODE_JOINING);
    struct draft d;
    draft_begin(c, &d, JOIN_REQ);
    join_req_put(&d.w, &(struct join_req){.peer = c->n->id});
    struct errand e = {.purpose = PURPOSE_JOIN, .peer = c->n->admitting, .bound = true};
    if (request_send(c, &d, &(struct route){.slot = slot, .target = link_id(c, slot)}, &e)) {
        chord_join_restart(c, JOIN_REFUSED);
        return;
    }
    /* Behind the Join on the same link: a dozen Attaches under stop-and-wait would delay it by seconds. */
    chord_finger_first_fill(c, c->n->range_id);
}

void chord_join_answered(struct call *c, const struct errand *e)
{
    (void)c; /* the admitting peer's Update makes us a peer, not its answer (10.5 step 7) */
    (void)e;
}

void chord_join_failed(struct call *c, const struct errand *e, uint16_t error)
{
    (void)e;
    if (c->n->state == NODE_JOINING)
        chord_join_restart(c, error ? JOIN_REFUSED : JOIN_NO_ANSWER);
}

void chord_cache_forget(struct call *c)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at))
        if (((struct record *)record_at(c, SECTION_WORK, at))->type == WORK_CACHE) {
            record_remove(c, SECTION_WORK, at);
            return;
        }
}

void chord_joined(struct call *c)
{
    node_enter(c, NODE_JOINED);
    c->n->joined = c->env->now;
    c->n->join_attempt = 0; /* counts since it last had a ring */
    c->n->bootstrap_slot = SLOT_NONE;
    c->n->flags &= (uint8_t)~NODE_TABLES;
    chord_cache_forget(c);
    c->env->port->fact(c->env, FACT_JOINED, c->env->now - c->n->started, 0);
    uint8_t phase;
    c->env->port->random(c->env, RANDOM_TIMER, c->n->draws++, &phase, 1);
    c->n->update_at = time_add(c->env->now, chord_interval(c, c->o->update_interval, c->o->update_law) / 256 * (phase + 1u));
    c->n->finger_at = time_add(c->env->now, chord_interval(c, c->o->ping_interval, c->o->ping_law));
    chord_tidy_plan(c);
    chord_ring_read(c);
    c->n->flags &= (uint8_t)~(NODE_RING_DIRTY | NODE_RING_LOST | NODE_RING_LEFT | NODE_RING_NEW);
    for (uint32_t k = 0; k < order_count(c); k++) {
        uint16_t slot = order_slot(c, k);
        chord_finger_offer(c, slot);
        chord_update_mark(c, slot, link_is(link_at(c, slot), LINK_NEIGHBOUR) ? UPDATE_NEIGHBORS : UPDATE_PEER_READY, UPDATE_FOR_JOIN);
    }
    c->n->range_from = c->n->self; /* we owned nothing until now, whatever we hold */
    c->n->range_id = id_add(c->n->id, (struct id){UINT64_MAX, UINT64_MAX});
    chord_range_set(c, chord_predecessor(c, 0));
    store_replica_set_changed(c, false);
    certificate_plan(c, false);
    chord_partition_plan(c);
    tuning_begin(c);
}

/* ---- the admitting side ---- */

void topology_join(struct call *c, const struct origin *from, const struct message *m)
{
    struct join_req q;
    uint16_t slot = link_to(c, from->signer);
    if (join_req_read(m->body, &q)) {
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    /* 6.4.2.1: the joining peer is the signer and the other end of this link. */
    if (slot == SLOT_NONE || slot != from->slot || from->via.len > 0 || !id_equal(q.peer, link_id(c, slot))) {
        answer_error(c, from, ERROR_FORBIDDEN, NULL, 0);
        return;
    }
    /* What lies behind a peer that we have let in and that has not confirmed yet is ours no more. */
    peer_h admitted = c->n->admitted;
    bool taken = admitted != PEER_NONE && admitted != from->signer && !id_in_range(c->env->port->id_of(c->env, admitted), q.peer, c->n->id);
    if (!topology_responsible(c, q.peer) || taken) {
        answer_error(c, from, ERROR_INCOMPATIBLE_WITH_OVERLAY, NULL, 0);
        return;
    }
    struct draft d;
    draft_begin(c, &d, JOIN_ANS);
    join_ans_put(&d.w, &(struct join_ans){.data = {NULL, 0}});
    answer_send(c, from, &d, true);
    struct id from_id = c->n->range_from == PEER_NONE ? c->n->id : c->n->range_id;
    store_hand_over(c, slot, from_id);
    link_at(c, slot)->flags |= LINK_PEER_READY;
    c->n->admitted = from->signer;
    chord_usable(c, slot);
    chord_ring_dirty(c, false);
    c->n->flags |= NODE_RING_NEW;
    chord_update_mark(c, slot, UPDATE_NEIGHBORS, UPDATE_FOR_JOIN);
}
