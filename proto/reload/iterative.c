/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/iterative.h"

#include "proto/fact.h"
#include "proto/reload/attach.h"
#include "proto/reload/link.h"
#include "proto/reload/topology.h"
#include "proto/reload/work.h"

enum walk_state {
    WALK_IDLE,    /* no way on: the timer begins it again */
    WALK_LINKING, /* a link to `at` is being made */
    WALK_ASKING,  /* a RouteQuery to `at` awaits its answer */
    WALK_SENT     /* `at` is responsible: the request has gone there */
};

struct walk {
    struct record r;
    uint64_t tid; /* of the request */
    struct id target;
    peer_h at;
    uint8_t state; /* enum walk_state */
    uint8_t steps; /* peers asked */
    bool moved;    /* since the last timer */
};

static struct walk *walk_find(const struct call *c, uint64_t tid)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        struct walk *w = record_at(c, SECTION_WORK, at);
        if (w->r.type == WORK_WALK && w->tid == tid)
            return w;
    }
    return NULL;
}

static uint64_t walk_tid(const struct errand *e)
{
    return (uint64_t)e->aux << 32 | e->tag;
}

static void walk_enter(struct call *c, uint64_t tid, enum walk_state state, peer_h at)
{
    struct walk *w = walk_find(c, tid);
    w->state = (uint8_t)state;
    w->at = at;
}

static void ask(struct call *c, uint64_t tid, uint16_t slot)
{
    peer_h peer = link_peer(c, slot);
    struct draft d;
    draft_begin(c, &d, ROUTE_QUERY_REQ);
    uint8_t resource[ID_BYTES];
    id_store(resource, walk_find(c, tid)->target);
    route_query_req_put(&d.w, &(struct route_query_req){.destination = {.type = DESTINATION_RESOURCE, .bytes = {resource, ID_BYTES}}});
    struct errand e = {.purpose = PURPOSE_ROUTE_QUERY, .tag = (uint32_t)tid, .aux = (uint32_t)(tid >> 32), .peer = peer, .bound = true};
    walk_enter(c, tid, WALK_ASKING, peer);
    if (request_send(c, &d, &(struct route){.slot = slot, .target = link_id(c, slot)}, &e))
        walk_enter(c, tid, WALK_IDLE, PEER_NONE);
}

/* From our own table; when the target is ours the request goes to ourselves and is over when this returns. */
static void walk_begin(struct call *c, uint64_t tid)
{
    struct walk *w = walk_find(c, tid);
    w->steps = 0;
    w->moved = false;
    if (topology_responsible(c, w->target)) {
        walk_enter(c, tid, WALK_SENT, c->n->self);
        transaction_transmit(c, tid, SLOT_NONE);
        return;
    }
    uint16_t slot = topology_next_hop(c, w->target, true, NULL);
    if (slot == SLOT_NONE)
        walk_enter(c, tid, WALK_IDLE, PEER_NONE);
    else
        ask(c, tid, slot);
}

static void walk_again(struct call *c, uint64_t tid)
{
    c->env->port->fact(c->env, FACT_DEAD_HOP, tid, transaction_code(c, tid));
    walk_begin(c, tid);
}

int iterative_begin(struct call *c, uint64_t tid, struct id target)
{
    struct walk *w = record_add(c, SECTION_WORK, WORK_WALK, sizeof *w);
    if (!w)
        return ERR_NO_ROOM;
    w->tid = tid;
    w->target = target;
    w->r.slot = SLOT_NONE;
    record_due(c, &w->r, TIME_NEVER); /* it ends with its transaction */
    walk_begin(c, tid);
    return 0;
}

bool iterative_repeat(struct call *c, uint64_t tid)
{
    struct walk *w = walk_find(c, tid);
    if (!w)
        return false;
    uint16_t slot = w->state == WALK_SENT ? link_to(c, w->at) : SLOT_NONE;
    if (slot != SLOT_NONE) {
        transaction_transmit(c, tid, slot);
        return true;
    }
    if (w->moved && w->state != WALK_IDLE && w->state != WALK_SENT)
        w->moved = false;
    else
        walk_again(c, tid);
    return false;
}

uint8_t iterative_end(struct call *c, uint64_t tid)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct walk *w = record_at(c, SECTION_WORK, at);
        if (w->r.type != WORK_WALK || w->tid != tid)
            continue;
        uint8_t steps = w->steps;
        record_remove(c, SECTION_WORK, at);
        return steps;
    }
    return 0;
}

/* `by` has named this peer, which we have no link to. */
static void link_make(struct call *c, uint64_t tid, peer_h peer, peer_h by)
{
    uint16_t slot = link_to(c, by);
    walk_enter(c, tid, WALK_LINKING, peer);
    if (attach_pending(c, peer))
        return;
    struct route r = {.slot = slot, .taught = slot != SLOT_NONE, .target = c->env->port->id_of(c->env, peer)};
    if (r.taught)
        r.teacher = link_id(c, slot);
    if (attach_send(c, ATTACH_WALK, 0, peer, &r))
        walk_enter(c, tid, WALK_IDLE, PEER_NONE);
}

void iterative_answered(struct call *c, const struct errand *e, const struct message *m)
{
    struct route_query_ans a;
    uint64_t tid = walk_tid(e);
    struct walk *w = walk_find(c, tid);
    if (!w || w->state != WALK_ASKING || w->at != e->peer) /* of an earlier walk */
        return;
    peer_h peer = route_query_ans_read(m->body, &a) ? PEER_NONE : c->env->port->id_keep(c->env, a.next_peer);
    w->moved = true;
    w->steps++;
    uint16_t slot = link_to(c, peer);
    if (peer == e->peer && slot != SLOT_NONE) {
        walk_enter(c, tid, WALK_SENT, peer);
        transaction_transmit(c, tid, slot);
    } else if (peer == PEER_NONE || peer == e->peer || peer == c->n->self || w->steps >= c->o->initial_ttl) {
        walk_enter(c, tid, WALK_IDLE, PEER_NONE); /* nobody, or round and round */
    } else if (slot != SLOT_NONE) {
        ask(c, tid, slot);
    } else {
        link_make(c, tid, peer, e->peer);
    }
}

void iterative_failed(struct call *c, const struct errand *e, uint16_t error)
{
    uint64_t tid = walk_tid(e);
    const struct walk *w = walk_find(c, tid);
    if (!w || w->state != WALK_ASKING || w->at != e->peer)
        return;
    if (error) /* it would say the same again */
        walk_enter(c, tid, WALK_IDLE, PEER_NONE);
    else
        walk_again(c, tid);
}

void iterative_linked(struct call *c, uint16_t slot)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK) && link_at(c, slot)->state == LINK_UP; at = record_next(c, SECTION_WORK, at)) {
        const struct walk *w = record_at(c, SECTION_WORK, at);
        if (w->r.type == WORK_WALK && w->state == WALK_LINKING && w->at == link_peer(c, slot))
            ask(c, w->tid, slot); /* appends */
    }
}
