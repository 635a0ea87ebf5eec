/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leaving (RFC 6940 6.4.2.2, 10.9; RFC 7363 5.6 says which list goes to whom). No data is handed over: the replicas serve. */
#include "proto/chord/chord.h"
#include "proto/fact.h"

#define FAREWELL_FOR SECONDS(3)

static void leave_send(struct call *c, uint16_t slot, bool to_successor)
{
    uint8_t ids[NEIGHBOURS_MAX * ID_BYTES], data[8 + NEIGHBOURS_MAX * ID_BYTES];
    struct writer w = writer_on(ids, sizeof ids, false), v = writer_on(data, sizeof data, false);
    for (unsigned k = 0; k < (to_successor ? c->n->predecessors : c->n->successors); k++)
        put_id(&w, c->env->port->id_of(c->env, to_successor ? chord_predecessor(c, k) : chord_successor(c, k)));
    chord_leave_put(&v, &(struct chord_leave_data){.type = to_successor ? LEAVE_FROM_PRED : LEAVE_FROM_SUCC, .peers = {ids, writer_len(&w)}});
    struct draft d;
    draft_begin(c, &d, LEAVE_REQ);
    leave_req_put(&d.w, &(struct leave_req){.peer = c->n->id, .data = {data, writer_len(&v)}});
    struct errand e = {.purpose = PURPOSE_LEAVE, .peer = link_peer(c, slot), .bound = true};
    request_send(c, &d, &(struct route){.slot = slot, .target = link_id(c, slot)}, &e);
}

void topology_leaving(struct call *c)
{
    if (c->n->state != NODE_JOINED) {
        if (c->n->state != NODE_LEAVING && c->n->state != NODE_GONE)
            chord_left(c);
        return;
    }
    node_enter(c, NODE_LEAVING);
    c->n->state_at = c->env->now + FAREWELL_FOR;
    c->n->update_at = c->n->finger_at = c->n->tidy_at = c->n->replicate_at = c->n->certify_at = TIME_NEVER;
    unsigned total = (unsigned)c->n->predecessors + c->n->successors;
    for (unsigned k = 0; k < total; k++) {
        peer_h peer = chord_neighbours(c)[k];
        bool to_successor = k >= c->n->predecessors;
        uint16_t slot = link_to(c, peer);
        if (slot == SLOT_NONE || (to_successor && transaction_pending(c, PURPOSE_LEAVE, peer)))
            continue; /* in a small ring one peer stands on both sides */
        leave_send(c, slot, to_successor);
    }
    chord_leave_done(c);
}

void chord_leave_done(struct call *c)
{
    if (c->n->state == NODE_LEAVING && transaction_count(c, PURPOSE_LEAVE) == 0)
        chord_left(c);
}

/* The channels close with a notice, which tells the fingers. */
void chord_left(struct call *c)
{
    for (uint16_t slot = 0; slot < link_slots(c); slot++)
        if (link_at(c, slot)->state != LINK_FREE)
            link_drop(c, slot, false);
    transaction_abandon(c);
    c->n->section[SECTION_WORK].used = 0;
    c->n->predecessors = c->n->successors = 0;
    c->n->update_at = c->n->finger_at = c->n->tidy_at = c->n->replicate_at = c->n->expire_at = c->n->state_at = c->n->certify_at = TIME_NEVER;
    c->n->work_due = TIME_NEVER;
    node_enter(c, NODE_GONE);
    c->env->port->fact(c->env, FACT_LEFT, 0, 0);
}

void topology_leave(struct call *c, const struct origin *from, const struct message *m)
{
    struct leave_req q;
    struct chord_leave_data data;
    uint16_t slot = link_to(c, from->signer);
    if (leave_req_read(m->body, &q) || chord_leave_read(q.data, &data)) {
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    if (slot == SLOT_NONE || slot != from->slot || from->via.len > 0 || !id_equal(q.peer, link_id(c, slot))) {
        answer_error(c, from, ERROR_FORBIDDEN, NULL, 0);
        return;
    }
    struct draft d;
    draft_begin(c, &d, LEAVE_ANS);
    answer_send(c, from, &d, false);
    link_at(c, slot)->flags |= LINK_LEAVING;
    chord_failed_note(c, from->signer, true); /* others will name it for a while */
    if (link_is(link_at(c, slot), LINK_NEIGHBOUR | LINK_FINGER))
        tuning_failure(c);
    topology_link_suspect(c, slot); /* out of the tables, as for a failure */
    link_at(c, slot)->stood = 0;
    if (c->n->state != NODE_JOINED)
        return;
    for (uint32_t at = 0; at + ID_BYTES <= data.peers.len; at += ID_BYTES) {
        struct id id = id_load(data.peers.b + at);
        peer_h peer = c->env->port->id_keep(c->env, id);
        if (peer == PEER_NONE || id_equal(id, c->n->id) || !chord_would_improve(c, id) || link_to_id(c, id) != SLOT_NONE ||
            chord_recently_failed(c, peer) || attach_pending(c, peer))
            continue;
        /* Not through the leaver, which is on its way out. */
        attach_send(c, ATTACH_NEIGHBOUR, 0, peer, &(struct route){.slot = SLOT_NONE, .target = id});
    }
}
