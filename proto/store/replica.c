/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies (RFC 6940 10.4, 10.7.3): the owner stores to its first and second successor with replica numbers 1 and 2. */
#include "proto/store/store.h"

#include "proto/chord/chord.h"
#include "proto/fact.h"

#define PREDECESSORS_BETWEEN 3 /* with so many between the owner's range and us we hold no copy, 10.7.3 */

static int copy_send(struct call *c, uint32_t at, uint16_t slot, peer_h peer, uint8_t replica)
{
    struct draft d;
    struct stored_data s;
    uint8_t key[ID_BYTES];
    const struct value *v = value_at(c, at);
    draft_begin(c, &d, STORE_REQ);
    struct mark all = store_req_open(&d.w, v->resource, replica), one = kind_data_open(&d.w, v->kind, v->generation);
    value_to_stored(c, v, key, &s);
    stored_data_put(&d.w, &s);
    kind_data_close(&d.w, one);
    put_close(&d.w, 4, all);
    draft_owner(c, &d, v->owner);
    struct errand e = {.purpose = PURPOSE_REPLICA, .tag = v->owner, .aux = replica, .peer = peer, .resource = v->resource};
    return request_send(c, &d, &(struct route){.slot = slot, .target = c->env->port->id_of(c->env, peer)}, &e);
}

void store_replicate(struct call *c, uint32_t at)
{
    for (unsigned k = 0; k < REPLICAS; k++) {
        peer_h peer = c->n->replica[k];
        uint16_t slot = link_to(c, peer);
        if (peer != PEER_NONE && slot != SLOT_NONE && !(value_at(c, at)->have >> k & 1))
            copy_send(c, at, slot, peer, (uint8_t)(k + 1));
    }
}

void store_replica_set_changed(struct call *c, bool lost)
{
    /* 10.7.1: after a failure a better successor may announce itself within the hold-down. */
    sim_time at = lost ? c->env->now + c->o->hold_down : c->env->now;
    c->n->replicate_at = lost ? time_min(c->n->replicate_at, at) : at;
}

/* Confirmations follow their peers into the new set. */
static void replica_set_adopt(struct call *c)
{
    peer_h old[REPLICAS], fresh[REPLICAS];
    for (unsigned k = 0; k < REPLICAS; k++) {
        old[k] = c->n->replica[k];
        fresh[k] = chord_successor(c, k);
        c->n->replica[k] = fresh[k];
    }
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = record_next(c, SECTION_STORE, at)) {
        struct value *v = value_at(c, at);
        uint8_t have = 0;
        for (unsigned k = 0; k < REPLICAS; k++)
            for (unsigned j = 0; j < REPLICAS; j++)
                if (fresh[k] == old[j] && fresh[k] != PEER_NONE && (v->have >> j & 1))
                    have |= (uint8_t)(1u << k);
        v->have = have;
    }
}

/* Copies whose owner's range lies three or more peers behind us are not ours to keep. */
static void copies_drop(struct call *c)
{
    if (c->n->predecessors < PREDECESSORS_BETWEEN)
        return;
    struct id third = c->env->port->id_of(c->env, chord_predecessor(c, PREDECESSORS_BETWEEN - 1));
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE);) {
        const struct value *v = value_at(c, at);
        if (id_in_range(third, v->resource, c->n->id)) {
            at += v->r.size;
            continue;
        }
        c->env->port->fact(c->env, FACT_DROPPED_VALUE, v->owner, 1);
        record_remove(c, SECTION_STORE, at);
        c->n->values--;
    }
}

void store_range_changed(struct call *c, struct id old_range)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = record_next(c, SECTION_STORE, at)) {
        struct value *v = value_at(c, at);
        bool was = id_in_range(old_range, v->resource, c->n->id), is = topology_responsible(c, v->resource);
        if (!was && is) {
            v->have = v->handed = 0; /* ours now: its copies have to stand on our successors */
        } else if (was && !is && !v->handed) {
            /* 6.4.2.3: the new owner may not have it yet. */
            v->handed = 1;
            peer_h owner = chord_predecessor(c, 0);
            uint16_t slot = link_to(c, owner);
            if (slot != SLOT_NONE)
                copy_send(c, at, slot, owner, 1);
        }
    }
    store_replica_set_changed(c, false);
}

void store_hand_over(struct call *c, uint16_t slot, struct id range_from)
{
    struct id to = link_id(c, slot);
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = record_next(c, SECTION_STORE, at)) {
        struct value *v = value_at(c, at);
        if (!id_in_range(range_from, v->resource, to))
            continue;
        v->handed = 1;
        copy_send(c, at, slot, link_at(c, slot)->peer, 1);
    }
}

void store_replica_done(struct call *c, const struct errand *e)
{
    uint32_t at = value_find(c, e->resource, KIND_SIP_REGISTRATION, e->tag);
    if (at == section_used(c, SECTION_STORE))
        return;
    for (unsigned k = 0; k < REPLICAS; k++)
        if (c->n->replica[k] == e->peer)
            value_at(c, at)->have |= (uint8_t)(1u << k);
}

/* Silence and refusal alike leave the confirmation open: the next change of the replica set, or the owner's next refresh, tries again. */
void store_replica_failed(struct call *c, const struct errand *e, uint16_t error)
{
    (void)e;
    c->env->port->fact(c->env, FACT_DROPPED, DROP_NO_ROUTE, error);
}

void store_wake(struct call *c)
{
    if (c->n->expire_at <= c->env->now)
        value_expire(c);
    if (c->n->replicate_at > c->env->now)
        return;
    c->n->replicate_at = TIME_NEVER;
    if (c->n->state != NODE_JOINED)
        return;
    replica_set_adopt(c);
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = record_next(c, SECTION_STORE, at))
        if (topology_responsible(c, value_at(c, at)->resource))
            store_replicate(c, at);
    copies_drop(c);
}
