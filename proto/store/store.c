/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/store/store.h"

#include "proto/fact.h"
#include "proto/reload/link.h"
#include "proto/reload/topology.h"

#define ELEMENTS_MAX 64u

/* A StoreReq while it is checked: nothing is kept until all of it is known to be good (7.4.1: atomic). */
struct storing {
    struct id resource;
    uint8_t replica;
    uint64_t generation;      /* asked for */
    unsigned elements;
    struct stored_data element[ELEMENTS_MAX];
};

/* A copy may come from a peer that we know: the owner before us, a neighbour, the peer that admits us. */
static bool sender_plausible(const struct call *c, const struct origin *from)
{
    return from->slot == SLOT_SELF || link_to(c, from->signer) != SLOT_NONE;
}

static uint64_t generation_of(const struct call *c, struct id resource, uint32_t kind)
{
    uint64_t g = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = record_next(c, SECTION_STORE, at)) {
        const struct value *v = value_at(c, at);
        if (v->kind == kind && id_equal(v->resource, resource) && v->generation > g)
            g = v->generation;
    }
    return g;
}

/* 0 or the RELOAD error that the request earns, in the order of RFC 6940 7.4.1.1. */
static uint16_t element_check(struct call *c, const struct origin *from, const struct storing *s, const struct stored_data *d)
{
    if (value_check(c, s->resource, KIND_SIP_REGISTRATION, d))
        return ERROR_FORBIDDEN;
    if (s->replica == 0 && from->signer != d->signature.signer)
        return ERROR_FORBIDDEN;
    uint32_t at = value_find(c, s->resource, KIND_SIP_REGISTRATION, d->signature.signer);
    if (at == section_used(c, SECTION_STORE))
        return 0;
    const struct value *v = value_at(c, at);
    bool again = v->storage_ms == d->storage_time_ms && v->token == d->signature.token;
    return d->storage_time_ms > v->storage_ms || again ? 0 : ERROR_DATA_TOO_OLD;
}

static uint16_t store_read(struct call *c, const struct origin *from, const struct message *m, struct storing *s, uint32_t *unknown)
{
    struct reader r = m->body;
    struct store_req q;
    if (store_req_begin(&r, &q) || q.resource.len != ID_BYTES)
        return ERROR_INVALID_MESSAGE;
    s->resource = id_load(q.resource.b);
    s->replica = q.replica;
    s->elements = 0;
    s->generation = 0;
    while (r.true_pos < q.end) {
        struct kind_data k;
        if (kind_data_next(&r, &k))
            return ERROR_INVALID_MESSAGE;
        *unknown = k.kind;
        if (k.kind != KIND_SIP_REGISTRATION)
            return ERROR_UNKNOWN_KIND;
        s->generation = k.generation;
        while (r.true_pos < k.values_end) {
            if (s->elements == ELEMENTS_MAX)
                return ERROR_DATA_TOO_LARGE;
            struct stored_data *d = &s->element[s->elements++];
            if (stored_data_read(&r, k.kind, d))
                return ERROR_INVALID_MESSAGE;
        }
    }
    if (q.replica == 0 ? !topology_responsible(c, s->resource) : !sender_plausible(c, from))
        return ERROR_FORBIDDEN;
    for (unsigned i = 0; i < s->elements; i++) {
        uint16_t error = element_check(c, from, s, &s->element[i]);
        if (error)
            return error;
    }
    return 0;
}

static bool element_keep(struct call *c, const struct storing *s, const struct stored_data *d, uint64_t generation)
{
    struct value head = {.resource = s->resource, .generation = generation, .storage_ms = d->storage_time_ms, .token = d->signature.token,
                         .owner = d->signature.signer, .kind = KIND_SIP_REGISTRATION, .replica = s->replica, .exists = d->value.exists,
                         .len = (uint16_t)d->value.value.len};
    head.r.due = time_add(c->env->now, SECONDS(d->lifetime_s));
    return value_put(c, &head, d->value.value.b);
}

static void store_answer(struct call *c, const struct origin *from, const struct storing *s, uint64_t generation)
{
    uint8_t ids[REPLICAS * ID_BYTES];
    struct writer w = writer_on(ids, sizeof ids, false);
    for (unsigned k = 0; s->replica == 0 && k < REPLICAS; k++)
        if (c->n->replica[k] != PEER_NONE)
            put_id(&w, c->env->port->id_of(c->env, c->n->replica[k]));
    struct draft d;
    draft_begin(c, &d, STORE_ANS);
    struct mark mark = store_ans_open(&d.w);
    store_response_put(&d.w, &(struct store_response){.kind = KIND_SIP_REGISTRATION, .generation = generation, .replicas = {ids, writer_len(&w)}});
    put_close(&d.w, 2, mark);
    answer_send(c, from, &d, true);
}

void store_request(struct call *c, const struct origin *from, const struct message *m)
{
    struct storing s;
    uint32_t kind = 0;
    uint16_t error = store_read(c, from, m, &s, &kind);
    if (error) {
        uint8_t list[5];
        struct writer w = writer_on(list, sizeof list, false);
        put_u8(&w, 4);
        put_u32(&w, kind);
        answer_error(c, from, error, list, error == ERROR_UNKNOWN_KIND ? sizeof list : 0);
        return;
    }
    uint64_t stored = generation_of(c, s.resource, KIND_SIP_REGISTRATION);
    if (s.replica == 0 && s.generation != 0 && s.generation < stored) {
        answer_error(c, from, ERROR_GENERATION_COUNTER_TOO_LOW, NULL, 0);
        return;
    }
    uint64_t generation = s.replica ? s.generation : stored + 1;
    for (unsigned i = 0; i < s.elements; i++)
        if (!element_keep(c, &s, &s.element[i], generation)) {
            answer_error(c, from, ERROR_DATA_TOO_LARGE, NULL, 0);
            return;
        }
    store_answer(c, from, &s, generation);
    for (unsigned i = 0; s.replica == 0 && i < s.elements; i++) {
        uint32_t at = value_find(c, s.resource, KIND_SIP_REGISTRATION, s.element[i].signature.signer);
        if (at < section_used(c, SECTION_STORE))
            store_replicate(c, at);
    }
}

int store_send(struct call *c, const struct request *q)
{
    uint8_t key[ID_BYTES];
    id_store(key, c->n->id);
    struct stored_data v = {.storage_time_ms = c->env->unix_ms, .lifetime_s = q->lifetime_s, .model = MODEL_DICTIONARY, .key = {key, ID_BYTES},
                            .value = {.exists = true, .value = {q->value, q->value_len}}};
    int err = value_sign(c, q->resource, q->kind, &v);
    if (err)
        return err;
    struct draft d;
    draft_begin(c, &d, STORE_REQ);
    struct mark all = store_req_open(&d.w, q->resource, 0), one = kind_data_open(&d.w, q->kind, 0);
    stored_data_put(&d.w, &v);
    kind_data_close(&d.w, one);
    put_close(&d.w, 4, all);
    return request_send(c, &d, &(struct route){.slot = SLOT_NONE, .to_resource = true, .target = q->resource},
                        &(struct errand){.purpose = PURPOSE_USER_STORE, .tag = q->tag, .peer = PEER_NONE});
}
