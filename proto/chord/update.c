/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Updates (RFC 6940 6.4.2.3, 10.7). At most one of ours is under way on a link; what changes meanwhile is told by the next: that is the coalescing. */
#include "proto/chord/chord.h"

#include "proto/fact.h"
#include "proto/reload/ping.h"
#include "proto/reload/via.h"

void chord_update_mark(struct call *c, uint16_t slot, enum chord_update type, enum update_cause cause)
{
    struct link *l = link_at(c, slot);
    if (l->update_due == 0) {
        c->n->updates_due++;
        l->update_cause = cause & 7u;
    }
    if (l->update_due < type)
        l->update_due = type & 3u;
}

void chord_update_mark_all(struct call *c, bool neighbours_only, enum update_cause cause)
{
    if (c->n->state != NODE_JOINED)
        return;
    for (uint32_t k = 0; k < order_count(c); k++)
        if (!neighbours_only || link_is(order_link(c, k), LINK_NEIGHBOUR))
            chord_update_mark(c, order_slot(c, k), UPDATE_NEIGHBORS, cause);
}

static void ids_put(struct call *c, struct writer *w, const peer_h *peer, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        put_id(w, c->env->port->id_of(c->env, peer[i]));
}

/* Finger table in numerically ascending order (10.7): by clockwise distance from us, turned where the ring passes zero. */
static void fingers_put(struct call *c, struct writer *w)
{
    uint32_t count = order_count(c), first = 0;
    while (first < count && id_compare(link_id(c, order_slot(c, first)), c->n->id) > 0)
        first++;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t slot = order_slot(c, (first + i) % count);
        if (link_is(link_at(c, slot), LINK_FINGER))
            put_id(w, link_id(c, slot));
    }
}

static void update_body(struct call *c, struct draft *d, enum chord_update type)
{
    uint8_t p[NEIGHBOURS_MAX * ID_BYTES], s[NEIGHBOURS_MAX * ID_BYTES], f[128 * ID_BYTES];
    struct writer wp = writer_on(p, sizeof p, false), ws = writer_on(s, sizeof s, false), wf = writer_on(f, sizeof f, false);
    struct update_req u = {.uptime_s = (uint32_t)((c->env->now - c->n->started) / SECONDS(1)), .type = (uint8_t)type};
    if (type != UPDATE_PEER_READY) {
        ids_put(c, &wp, chord_neighbours(c), c->n->predecessors);
        ids_put(c, &ws, chord_neighbours(c) + c->n->predecessors, c->n->successors);
    }
    if (type == UPDATE_FULL)
        fingers_put(c, &wf);
    u.predecessors = (struct span){p, writer_len(&wp)};
    u.successors = (struct span){s, writer_len(&ws)};
    u.fingers = (struct span){f, writer_len(&wf)};
    update_req_put(&d->w, &u);
}

static void update_send(struct call *c, uint16_t slot, enum chord_update type, enum update_cause cause)
{
    struct draft d;
    struct errand e = {.purpose = PURPOSE_UPDATE, .aux = (uint32_t)type, .peer = link_peer(c, slot), .bound = true};
    draft_begin(c, &d, UPDATE_REQ);
    update_body(c, &d, type);
    int err = request_send(c, &d, &(struct route){.slot = slot, .target = link_id(c, slot)}, &e);
    if (err == 0) {
        link_at(c, slot)->flags |= LINK_UPDATE_BUSY;
        c->env->port->fact(c->env, FACT_UPDATE_SENT, cause, type);
    } else if (err == ERR_NO_ROOM) { /* later, when something has ended */
        chord_update_mark(c, slot, type, cause);
    } else {
        c->env->port->fact(c->env, FACT_DROPPED, (uint64_t)(int64_t)err, UPDATE_REQ);
    }
}

void chord_update_repeat(struct call *c, uint16_t slot, enum chord_update type, uint64_t tid)
{
    struct draft d;
    uint8_t list[DESTINATION_NODE_BYTES];
    struct writer w = writer_on(list, sizeof list, false);
    destination_put_node(&w, link_id(c, slot));
    draft_begin(c, &d, UPDATE_REQ);
    update_body(c, &d, type);
    if (draft_close(c, &d, tid, (struct span){list, writer_len(&w)}) == 0)
        message_out(c, slot, d.message, d.len, d.true_len, d.code);
}

void chord_update_pump(struct call *c)
{
    for (uint16_t slot = 0; slot < link_slots(c) && c->n->updates_due > 0; slot++) {
        struct link *l = link_at(c, slot);
        if (l->state != LINK_UP || l->update_due == 0 || (l->flags & LINK_UPDATE_BUSY))
            continue;
        enum chord_update type = (enum chord_update)l->update_due;
        l->update_due = 0;
        c->n->updates_due--;
        update_send(c, slot, type, (enum update_cause)l->update_cause);
    }
}

void chord_update_done(struct call *c, peer_h peer)
{
    uint16_t slot = link_to(c, peer);
    if (slot != SLOT_NONE)
        link_at(c, slot)->flags &= (uint8_t)~LINK_UPDATE_BUSY;
    if (peer == c->n->admitted) {
        c->n->admitted = PEER_NONE;
        chord_ring_dirty(c, false);
    }
}

/* ---- receiving ---- */

static void candidate_consider(struct call *c, peer_h teacher, struct id id)
{
    if (id_equal(id, c->n->id) || !chord_would_improve(c, id) || link_to_id(c, id) != SLOT_NONE)
        return;
    peer_h peer = c->env->port->id_keep(c->env, id);
    if (peer == PEER_NONE || chord_recently_failed(c, peer) || attach_pending(c, peer))
        return;
    /* 10.6: source-routed through the peer that told us. */
    uint16_t via = link_to(c, teacher);
    struct route r = {.slot = via, .taught = via != SLOT_NONE, .target = id};
    if (r.taught)
        r.teacher = link_id(c, via);
    attach_send(c, ATTACH_NEIGHBOUR, 0, peer, &r);
}

static void candidates_consider(struct call *c, peer_h teacher, struct span ids)
{
    for (uint32_t at = 0; at + ID_BYTES <= ids.len; at += ID_BYTES)
        candidate_consider(c, teacher, id_load(ids.b + at));
}

static bool ids_name(struct span ids, struct id id)
{
    for (uint32_t at = 0; at + ID_BYTES <= ids.len; at += ID_BYTES)
        if (id_equal(id_load(ids.b + at), id))
            return true;
    return false;
}

static void link_ping(struct call *c, uint16_t slot)
{
    struct link *l = link_at(c, slot);
    if (l->flags & LINK_PING_BUSY)
        return;
    l->flags |= LINK_PING_BUSY;
    if (ping_send(c, PURPOSE_LINK_PING, 0, link_peer(c, slot), &(struct route){.slot = slot, .target = link_id(c, slot)}, true))
        link_at(c, slot)->flags &= (uint8_t)~LINK_PING_BUSY;
}

/* A neighbour between us and the teller that the teller's list towards us has room for but leaves out may be gone: ask it. */
static void omissions_check(struct call *c, peer_h teller, struct span ids, bool ahead)
{
    unsigned side = ahead ? c->n->successors : c->n->predecessors, room = ahead ? c->o->predecessors : c->o->successors, rank = 0;
    if (c->o->self_tuning) /* each peer chooses for itself */
        room = ids.len / ID_BYTES;
    while (rank < side && (ahead ? chord_successor(c, rank) : chord_predecessor(c, rank)) != teller)
        rank++;
    if (rank == side)
        return;
    for (unsigned k = 0; k < rank; k++) {
        peer_h peer = ahead ? chord_successor(c, k) : chord_predecessor(c, k);
        if (rank - k > room || ids_name(ids, c->env->port->id_of(c->env, peer)))
            continue;
        uint16_t slot = link_to(c, peer);
        if (slot != SLOT_NONE)
            link_ping(c, slot);
    }
}

/* The list, nearest first, leaves out a peer that we know and that lies before its end. */
static bool list_lacks(struct id teller, struct span ids, struct id known, bool ahead)
{
    if (ids.len < ID_BYTES || id_equal(known, teller) || ids_name(ids, known))
        return false;
    struct id end = id_load(ids.b + (ids.len / ID_BYTES - 1) * ID_BYTES);
    return ahead ? id_in_range(teller, known, end) : id_in_range(end, known, teller);
}

/* A neighbour that has lost a peer fills its list with whom it has, perhaps far away, and nobody whose own table stays the same would tell it of
 * better ones before the next periodic Update. So we answer such a list with ours, once for each state of our table and once a minute: what does not help the
 * first time (a path is broken) would be repeated by both sides without end. */
static void teach_back(struct call *c, uint16_t slot, struct id teller, const struct update_req *u)
{
    if (slot == SLOT_NONE || link_at(c, slot)->taught || !link_is(link_at(c, slot), LINK_NEIGHBOUR))
        return;
    for (unsigned k = 0; k < (unsigned)c->n->predecessors + c->n->successors; k++) {
        struct id known = c->env->port->id_of(c->env, chord_neighbours(c)[k]);
        if (list_lacks(teller, u->successors, known, true) || list_lacks(teller, u->predecessors, known, false)) {
            chord_update_mark(c, slot, UPDATE_NEIGHBORS, chord_gain_cause(c));
            link_at(c, slot)->taught = 1;
            return;
        }
    }
}

static void fingers_learn(struct call *c, struct span ids)
{
    for (uint32_t at = 0; c->o->finger_search == FINGER_SEARCH_LEARN && at + ID_BYTES <= ids.len; at += ID_BYTES)
        chord_finger_learn(c, id_load(ids.b + at));
}

static void lists_learn(struct call *c, peer_h teller, const struct update_req *u)
{
    struct id id = c->env->port->id_of(c->env, teller);
    fingers_learn(c, u->predecessors);
    fingers_learn(c, u->successors);
    fingers_learn(c, u->fingers);
    candidates_consider(c, teller, u->predecessors);
    candidates_consider(c, teller, u->successors);
    omissions_check(c, teller, u->predecessors, true);
    omissions_check(c, teller, u->successors, false);
    teach_back(c, link_to(c, teller), id, u);
}

void topology_update(struct call *c, const struct origin *from, const struct message *m)
{
    struct update_req u;
    if (update_req_read(m->body, &u) || from->signer == c->n->self) {
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    struct draft d;
    draft_begin(c, &d, UPDATE_ANS);
    answer_send(c, from, &d, false);
    if (node_is_client(c)) { /* 4.2.1: it takes note of whose it is, and of nothing else */
        client_update(c, from->signer, &u);
        return;
    }
    uint16_t slot = link_to(c, from->signer);
    tuning_uptime(c, from->signer, u.uptime_s);
    if (slot != SLOT_NONE) {
        if (c->n->state == NODE_JOINING && from->signer == c->n->admitting)
            link_at(c, slot)->flags &= (uint8_t)~LINK_SUSPECT; /* it is our only neighbour, and it speaks */
        link_at(c, slot)->flags |= LINK_PEER_READY;
        chord_usable(c, slot);
        if (u.uptime_s < NEWCOMER_S && c->n->flags & NODE_RING_DIRTY)
            c->n->flags |= NODE_RING_NEW;
        if (c->n->state == NODE_JOINED)
            chord_finger_offer(c, slot);
    }
    if (u.type == UPDATE_PEER_READY)
        return;
    if (c->n->state == NODE_ATTACHING && u.type == UPDATE_FULL && slot != SLOT_NONE)
        chord_join_tables(c, slot, &u);
    else if (c->n->state == NODE_JOINING && from->signer == c->n->admitting && u.predecessors.len >= ID_BYTES && id_equal(id_load(u.predecessors.b), c->n->id))
        chord_joined(c);
    if (c->n->state == NODE_JOINED)
        lists_learn(c, from->signer, &u);
}

/* ---- liveness ---- */

void chord_link_silent(struct call *c, uint16_t slot)
{
    if (c->n->state == NODE_JOINED || slot != c->n->bootstrap_slot)
        link_ping(c, slot);
}

void chord_link_ping_done(struct call *c, peer_h peer)
{
    uint16_t slot = link_to(c, peer);
    if (slot != SLOT_NONE)
        link_at(c, slot)->flags &= (uint8_t)~LINK_PING_BUSY;
}

/* ---- RouteQuery, 10.8 ---- */

uint16_t topology_next_peer(const struct call *c, const struct destination *d, struct id *next)
{
    bool known = d->type == DESTINATION_NODE || (d->type == DESTINATION_RESOURCE && d->bytes.len == ID_BYTES);
    uint16_t slot = known ? SLOT_NONE : via_expand(c, d);
    if (!known && slot == SLOT_NONE)
        return ERROR_INVALID_MESSAGE;
    if (c->n->state != NODE_JOINED && c->n->state != NODE_LEAVING) /* it routes nothing yet, and owns nothing */
        return ERROR_NOT_FOUND;
    struct id id = known ? d->id : link_id(c, slot); /* a compressed id of ours stands for a node */
    if (!topology_responsible(c, id)) {
        slot = link_to_id(c, id);
        if (slot == SLOT_NONE || (d->type == DESTINATION_RESOURCE && !(link_at(c, slot)->flags & LINK_PEER_READY)))
            slot = topology_next_hop(c, id, false, NULL);
        *next = slot == SLOT_NONE ? c->n->id : link_id(c, slot);
    } else {
        *next = c->n->id;
    }
    return 0;
}

void topology_route_query(struct call *c, const struct origin *from, const struct message *m)
{
    struct route_query_req q;
    struct route_query_ans a = {{0, 0}};
    uint16_t error = route_query_req_read(m->body, &q) ? ERROR_INVALID_MESSAGE : topology_next_peer(c, &q.destination, &a.next_peer);
    if (error) {
        answer_error(c, from, error, NULL, 0);
        return;
    }
    struct draft d;
    draft_begin(c, &d, ROUTE_QUERY_ANS);
    route_query_ans_put(&d.w, &a);
    answer_send(c, from, &d, false);
    uint16_t asker = link_to(c, from->signer);
    if (q.send_update && asker != SLOT_NONE)
        chord_update_mark(c, asker, UPDATE_FULL, UPDATE_FOR_OTHER);
}
