/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies (RFC 6940 10.4, 10.7.3): the owner stores to its first and second successor with replica numbers 1 and 2. Values of one resource travel
 * together, as many as max-message-size allows; a Store names one resource, so those of different resources do not. */
#include "proto/store/store.h"

#include "proto/chord/chord.h"
#include "proto/fact.h"

#define PREDECESSORS_BETWEEN 3u /* with so many between the owner's range and us we hold no copy, 10.7.3 */
#define HAND_OVER_NUMBER     1u /* replica number of what is handed over: the sender is not the owner and could not pass the check for 0 */

/* Which values of a resource go to whom. */
struct copying {
    uint16_t slot;
    peer_h peer;
    uint8_t number;  /* replica number */
    uint8_t k;       /* place in the replica set; REPLICAS = none: a hand-over */
    bool fresh_only; /* only what was never sent there as it is now */
};

/* What is on its way is not sent again: the transaction repeats itself. */
static bool copy_wanted(const struct call *c, const struct copying *x, const struct value *v, struct id resource)
{
    if (x->k == REPLICAS)
        return !(v->flags & VALUE_HANDED);
    if (v->have >> x->k & 1 || (x->fresh_only && v->sent[x->k]))
        return false;
    return v->sent[x->k] == 0 || !transaction_pending_about(c, PURPOSE_REPLICA, x->peer, v->sent[x->k], resource);
}

static void copy_note(const struct copying *x, struct value *v, uint8_t batch)
{
    if (x->k == REPLICAS)
        v->flags |= VALUE_HANDED;
    else
        v->sent[x->k] = batch;
}

static void value_add(struct call *c, struct draft *d, struct value *v)
{
    struct stored_data s;
    struct value_room room;
    value_to_stored(c, v, &room, &s);
    stored_data_put(&d->w, &s);
    draft_owner(c, d, v->owner);
}

/* Fills one Store from the value at `at` on; where the next begins. A value that no Store can carry is left out. */
static uint32_t copies_fill(struct call *c, const struct copying *x, struct draft *d, struct id resource, uint32_t at, uint8_t batch, unsigned *count)
{
    struct mark one = {0, 0};
    unsigned kind = KIND_UNKNOWN;
    for (; value_is(c, at, resource); at = value_next(c, at)) {
        struct value *v = value_at(c, at);
        if (!copy_wanted(c, x, v, resource))
            continue;
        struct writer before = d->w;
        struct mark mark = one;
        unsigned owners = d->owners, open = kind;
        if (kind != v->kind) {
            if (kind < KIND_UNKNOWN)
                kind_data_close(&d->w, one);
            kind = v->kind;
            one = kind_data_open(&d->w, kind_at(c, kind)->id, value_counter(v));
        }
        value_add(c, d, v);
        if (d->w.err == 0 && draft_true(d, DESTINATION_NODE_BYTES) <= c->o->max_message_size) {
            copy_note(x, v, batch);
            ++*count;
            continue;
        }
        d->w = before;
        d->owners = owners;
        one = mark;
        kind = open;
        if (*count > 0)
            break;
        copy_note(x, v, batch);
        c->env->port->fact(c->env, FACT_DROPPED, (uint64_t)(int64_t)ERR_TOO_LARGE, STORE_REQ);
    }
    if (kind < KIND_UNKNOWN)
        kind_data_close(&d->w, one);
    return at;
}

static void copies_send(struct call *c, const struct copying *x, struct id resource)
{
    for (uint32_t at = value_first(c, resource); value_is(c, at, resource);) {
        struct draft d;
        unsigned count = 0;
        uint8_t batch = (uint8_t)(c->n->batch % UINT8_MAX + 1);
        draft_begin(c, &d, STORE_REQ);
        struct mark all = store_req_open(&d.w, resource, x->number);
        at = copies_fill(c, x, &d, resource, at, batch, &count);
        put_close(&d.w, 4, all);
        if (count == 0)
            return;
        c->n->batch = batch;
        struct errand e = {.purpose = PURPOSE_REPLICA, .tag = batch, .aux = x->number, .peer = x->peer, .resource = resource};
        request_send(c, &d, &(struct route){.slot = x->slot, .target = c->env->port->id_of(c->env, x->peer)}, &e);
    }
}

static void replicate(struct call *c, struct id resource, bool fresh_only)
{
    for (uint8_t k = 0; k < REPLICAS; k++) {
        struct copying x = {.slot = link_to(c, c->n->replica[k]), .peer = c->n->replica[k], .number = (uint8_t)(k + 1), .k = k, .fresh_only = fresh_only};
        if (x.peer != PEER_NONE && x.slot != SLOT_NONE)
            copies_send(c, &x, resource);
    }
}

void store_replicate(struct call *c, struct id resource)
{
    replicate(c, resource, true);
}

static void hand_over(struct call *c, struct id resource, uint16_t slot, peer_h peer)
{
    copies_send(c, &(struct copying){.slot = slot, .peer = peer, .number = HAND_OVER_NUMBER, .k = REPLICAS}, resource);
}

static void flags_clear(struct call *c, struct id resource, uint8_t flags)
{
    for (uint32_t at = value_first(c, resource); value_is(c, at, resource); at = value_next(c, at))
        value_at(c, at)->flags &= (uint8_t)~flags;
}

/* Ours now: its copies have to stand on our successors. */
static void copies_forget(struct call *c, struct id resource)
{
    for (uint32_t at = value_first(c, resource); value_is(c, at, resource); at = value_next(c, at)) {
        struct value *v = value_at(c, at);
        v->have = 0;
        v->sent[0] = v->sent[1] = 0;
        v->flags &= (uint8_t)~VALUE_HANDED;
    }
}

/* ---- who may be a replica of what ---- */

/* Peers that we know, ourselves included, which lie between the resource and this id: those would hold it rather. */
static unsigned peers_before(const struct call *c, struct id resource, struct id id)
{
    struct id reach = id_distance(resource, id);
    unsigned n = id_compare(id_distance(resource, c->n->id), reach) < 0;
    for (unsigned k = 0; k < (unsigned)c->n->predecessors + c->n->successors; k++) {
        peer_h peer = chord_neighbours(c)[k];
        bool twice = false; /* in a small ring one peer stands on both sides */
        for (unsigned j = 0; j < k; j++)
            twice |= chord_neighbours(c)[j] == peer;
        n += !twice && id_compare(id_distance(resource, c->env->port->id_of(c->env, peer)), reach) < 0;
    }
    return n;
}

static bool is_successor(const struct call *c, peer_h peer)
{
    unsigned k = 0;
    while (k < c->n->successors && chord_successor(c, k) != peer)
        k++;
    return k < c->n->successors;
}

/* The sender is in the replica set of the resource as we know it, or closer than one of its members (7.4.1.1). Whether we are in it ourselves is
 * judged when our table changes: a peer between that has just died would make us refuse what its death brings us. A successor may have
 * taken itself for the owner before its ring met ours, however many lie between now, and hands over. */
bool store_sender_plausible(const struct call *c, const struct origin *from, struct id resource)
{
    if (from->slot == SLOT_SELF || link_to(c, from->signer) == SLOT_NONE)
        return false;
    struct id sender = c->env->port->id_of(c->env, from->signer);
    if (is_successor(c, from->signer) && id_in_range(resource, c->n->id, sender))
        return true;
    return peers_before(c, resource, sender) <= REPLICAS;
}

/* ---- changes of the ring ---- */

void store_replica_set_changed(struct call *c, bool lost)
{
    /* 10.7.1: after a failure a better successor may announce itself within the hold-down. Further changes do not cut it short, nor does a further
     * failure put off what waits already: where one follows the other there would be no copies ever. */
    if (lost)
        c->n->hold_until_s = (uint32_t)((c->env->now + c->o->hold_down + SECONDS(1) - 1) / SECONDS(1));
    sim_time hold = SECONDS(c->n->hold_until_s), at = hold > c->env->now ? hold : c->env->now;
    c->n->replicate_at = time_min(c->n->replicate_at, at);
}

void store_peer_lost(struct call *c, peer_h peer)
{
    for (unsigned k = 0; k < REPLICAS; k++)
        if (c->n->replica[k] == peer)
            c->n->replica[k] = PEER_NONE;
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
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = value_next(c, at)) {
        struct value *v = value_at(c, at);
        uint8_t have = 0, sent[REPLICAS] = {0};
        for (unsigned k = 0; k < REPLICAS; k++)
            for (unsigned j = 0; j < REPLICAS; j++)
                if (fresh[k] == old[j] && fresh[k] != PEER_NONE) {
                    have |= (uint8_t)((v->have >> j & 1) << k);
                    sent[k] = v->sent[j];
                }
        v->have = have & 3u;
        for (unsigned k = 0; k < REPLICAS; k++)
            v->sent[k] = sent[k];
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
        if (id_in_range(third, value_resource(c, v), c->n->id)) {
            at = value_next(c, at);
            continue;
        }
        c->env->port->fact(c->env, FACT_DROPPED_VALUE, v->owner, 1);
        value_remove(c, at);
    }
}

/* The peer behind us that owns this resource, as far as our predecessors reach. */
static peer_h owner_behind_us(const struct call *c, struct id resource)
{
    unsigned k = 0;
    while (k + 1 < c->n->predecessors && !id_in_range(c->env->port->id_of(c->env, chord_predecessor(c, k + 1)), resource,
                                                       c->env->port->id_of(c->env, chord_predecessor(c, k))))
        k++;
    return chord_predecessor(c, k);
}

static void hand_to_owner(struct call *c, struct id resource)
{
    peer_h owner = owner_behind_us(c, resource);
    uint16_t slot = owner == PEER_NONE ? SLOT_NONE : link_to(c, owner);
    if (slot != SLOT_NONE)
        hand_over(c, resource, slot, owner);
}

void store_pass_on(struct call *c, struct id resource, peer_h sender)
{
    if (c->n->state != NODE_JOINED || topology_responsible(c, resource) || !id_in_range(resource, c->n->id, c->env->port->id_of(c->env, sender)))
        return;
    flags_clear(c, resource, VALUE_HANDED);
    hand_to_owner(c, resource);
}

void store_range_changed(struct call *c, struct id old_range)
{
    value_expire(c);
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = value_resource_end(c, at)) {
        struct id resource = value_resource(c, value_at(c, at));
        bool was = id_in_range(old_range, resource, c->n->id), is = topology_responsible(c, resource);
        if (!was && is) {
            copies_forget(c, resource);
        } else if (was && !is) {
            hand_to_owner(c, resource); /* 6.4.2.3: the new owner may not have it yet */
        }
    }
    store_replica_set_changed(c, false);
}

void store_hand_over(struct call *c, uint16_t slot, struct id range_from)
{
    struct id to = link_id(c, slot);
    value_expire(c);
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = value_resource_end(c, at)) {
        struct id resource = value_resource(c, value_at(c, at));
        if (!id_in_range(range_from, resource, to))
            continue;
        flags_clear(c, resource, VALUE_HANDED);
        hand_over(c, resource, slot, link_peer(c, slot));
    }
}

/* ---- answers ---- */

void store_replica_done(struct call *c, const struct errand *e)
{
    for (unsigned k = 0; k < REPLICAS; k++)
        for (uint32_t at = value_first(c, e->resource); c->n->replica[k] == e->peer && value_is(c, at, e->resource);
             at = value_next(c, at))
            if (value_at(c, at)->sent[k] == e->tag)
                value_at(c, at)->have = (value_at(c, at)->have | 1u << k) & 3u;
}

/* Asks for all that the peer has of the Kinds that we hold there (7.4.1.1: the newer value replaces ours). */
static void newer_fetch(struct call *c, struct id resource, peer_h peer)
{
    static const uint8_t all_keys[2] = {0, 0}, all_indices[2 + ARRAY_RANGE_BYTES] = {0, ARRAY_RANGE_BYTES, 0, 0, 0, 0, 255, 255, 255, 255};
    struct draft d;
    unsigned last = KIND_UNKNOWN;
    uint16_t slot = link_to(c, peer);
    if (slot == SLOT_NONE)
        return;
    draft_begin(c, &d, FETCH_REQ);
    struct mark mark = fetch_req_open(&d.w, resource);
    for (uint32_t at = value_first(c, resource); value_is(c, at, resource); at = value_next(c, at)) {
        unsigned kind = value_at(c, at)->kind;
        enum data_model model = kind_at(c, kind)->model;
        struct specifier s = {.kind = kind_at(c, kind)->id};
        if (model == MODEL_ARRAY)
            s.model_specifier = (struct span){all_indices, sizeof all_indices};
        else if (model == MODEL_DICTIONARY)
            s.model_specifier = (struct span){all_keys, sizeof all_keys};
        if (kind != last)
            specifier_put(&d.w, &s);
        last = kind;
    }
    put_close(&d.w, 2, mark);
    request_send(c, &d, &(struct route){.slot = slot, .target = c->env->port->id_of(c->env, peer)},
                 &(struct errand){.purpose = PURPOSE_ADOPT, .peer = peer, .resource = resource});
}

/* Silence and other refusals leave the confirmation open: the next change of the replica set, or the owner's next refresh, tries again. */
void store_replica_failed(struct call *c, const struct errand *e, uint16_t error)
{
    c->env->port->fact(c->env, FACT_DROPPED, DROP_NO_ROUTE, error);
    if (error == ERROR_DATA_TOO_OLD || error == ERROR_GENERATION_COUNTER_TOO_LOW)
        newer_fetch(c, e->resource, e->peer);
}

/* One value of the answer: ours from now on if it is newer, and its owner's. */
static bool value_adopt(struct call *c, const struct security *bucket, struct id resource, unsigned kind, uint64_t generation, struct stored_data *d)
{
    const struct value_kind *k = kind_at(c, kind);
    if (d->value.value.len > k->max_size || (k->model == MODEL_ARRAY && d->index >= k->max_count) ||
        (!d->value.exists && d->value.value.len > 0) || value_check(c, bucket, resource, kind, d))
        return false;
    uint32_t at = value_find(c, resource, kind, d->signature.signer, d->index);
    if (at == section_used(c, SECTION_STORE) || value_stored_ms(value_at(c, at)) >= d->storage_time_ms)
        return false; /* what we never had comes by Store, or not at all */
    uint64_t held = value_counter(value_at(c, at));
    struct entry put = value_entry(c, resource, kind, d);
    put.generation = held > generation ? held : generation;
    put.replica = value_at(c, at)->replica;
    uint32_t size = value_needs(c, &put), old = value_size(value_at(c, at));
    return value_room(c, value_generation_needs(c, resource, kind, put.generation) + (size > old ? size - old : 0)) && value_put(c, &put) &&
           value_generation_set(c, resource, kind, put.generation);
}

static unsigned values_adopt(struct call *c, struct id resource, const struct message *m)
{
    struct reader r = m->body;
    struct kind_data k;
    struct stored_data d;
    uint32_t end;
    unsigned n = 0;
    if (fetch_ans_begin(&r, &end))
        return 0;
    while (r.true_pos < end && kind_data_next(&r, &k) == 0) {
        unsigned kind = kind_find(c, k.kind);
        while (r.true_pos < k.values_end && stored_data_read(&r, k.kind, &d) == 0)
            n += kind != KIND_UNKNOWN && (kind < KINDS || stored_data_open(&d, kind_at(c, kind)->model) == 0) &&
                 value_adopt(c, &m->security, resource, kind, k.generation, &d);
    }
    return n;
}

void store_adopt(struct call *c, const struct errand *e, const struct message *m)
{
    value_expire(c);
    if (values_adopt(c, e->resource, m) == 0)
        return; /* nothing newer: to store again would be refused again */
    uint16_t slot = link_to(c, e->peer);
    if (topology_responsible(c, e->resource)) {
        replicate(c, e->resource, false);
    } else if (slot != SLOT_NONE) {
        flags_clear(c, e->resource, VALUE_HANDED);
        hand_over(c, e->resource, slot, e->peer);
    }
}

void store_wake(struct call *c)
{
    value_expire(c);
    certificate_wake(c);
    if (c->n->replicate_at > c->env->now)
        return;
    c->n->replicate_at = TIME_NEVER;
    if (c->n->state != NODE_JOINED)
        return;
    replica_set_adopt(c);
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = value_resource_end(c, at)) {
        struct id resource = value_resource(c, value_at(c, at));
        if (topology_responsible(c, resource))
            replicate(c, resource, false);
    }
    copies_drop(c);
}
