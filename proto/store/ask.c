/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host of this node asks for through node_request: one Kind at one resource each time. */
#include "proto/store/store.h"

#include "proto/fact.h"

static int ask(struct call *c, struct draft *d, const struct request *q, enum purpose purpose)
{
    return request_send(c, d, &(struct route){.slot = SLOT_NONE, .to_resource = true, .target = q->resource},
                        &(struct errand){.purpose = purpose, .tag = q->tag, .aux = q->kind, .peer = PEER_NONE});
}

int store_send(struct call *c, const struct request *q)
{
    uint8_t key[ID_BYTES];
    unsigned kind = kind_find(c, q->kind);
    if (kind == KIND_UNKNOWN)
        return ERR_UNKNOWN;
    enum data_model model = kind_at(c, kind)->model;
    id_store(key, c->n->id);
    struct stored_data v = {.storage_time_ms = c->env->unix_ms, .lifetime_s = q->lifetime_s, .model = model,
                            .index = model == MODEL_ARRAY ? q->index : 0,
                            .key = {model == MODEL_DICTIONARY ? key : NULL, model == MODEL_DICTIONARY ? ID_BYTES : 0},
                            .value = {.exists = !q->remove, .value = {q->remove ? NULL : q->value, q->remove ? 0 : q->value_len}}};
    int err = value_sign(c, q->resource, q->kind, &v);
    if (err)
        return err;
    struct draft d;
    draft_begin(c, &d, STORE_REQ);
    struct mark all = store_req_open(&d.w, q->resource, 0), one = kind_data_open(&d.w, q->kind, q->generation);
    stored_data_put(&d.w, &v);
    kind_data_close(&d.w, one);
    put_close(&d.w, 4, all);
    return ask(c, &d, q, PURPOSE_USER_STORE);
}

static enum data_model model_of(const struct call *c, uint32_t id)
{
    unsigned kind = kind_find(c, id);
    return kind == KIND_UNKNOWN ? MODEL_UNKNOWN : kind_at(c, kind)->model;
}

/* Everything of the Kind, or with q->some the array elements index..last, or the dictionary entry of one Node-ID. */
static struct span specifier_of(const struct request *q, enum data_model model, uint8_t b[32])
{
    uint8_t key[ID_BYTES];
    struct writer w = writer_on(b, 32, false);
    struct mark mark;
    switch (model) {
    case MODEL_SINGLE:
    case MODEL_UNKNOWN:
        break;
    case MODEL_ARRAY:
        mark = put_open(&w, 2);
        put_u32(&w, q->some ? q->index : 0);
        put_u32(&w, q->some ? q->last : ARRAY_LAST);
        put_close(&w, 2, mark);
        break;
    case MODEL_DICTIONARY:
        mark = put_open(&w, 2);
        id_store(key, q->key);
        if (q->some)
            put_vector(&w, 2, key, ID_BYTES);
        put_close(&w, 2, mark);
        break;
    }
    return (struct span){b, writer_len(&w)};
}

static int values_ask(struct call *c, const struct request *q, uint16_t code, enum purpose purpose)
{
    uint8_t b[32];
    struct draft d;
    draft_begin(c, &d, code); /* a Kind that we do not know is asked for whole: whoever knows it may say something */
    struct mark mark = fetch_req_open(&d.w, q->resource);
    specifier_put(&d.w, &(struct specifier){.kind = q->kind, .generation = q->generation, .model_specifier = specifier_of(q, model_of(c, q->kind), b)});
    put_close(&d.w, 2, mark);
    return ask(c, &d, q, purpose);
}

int fetch_send(struct call *c, const struct request *q)
{
    return values_ask(c, q, FETCH_REQ, PURPOSE_USER_FETCH);
}

int stat_send(struct call *c, const struct request *q)
{
    return values_ask(c, q, STAT_REQ, PURPOSE_USER_STAT);
}

int find_send(struct call *c, const struct request *q)
{
    uint8_t resource[ID_BYTES], kind[4];
    struct draft d;
    id_store(resource, q->resource);
    store_be32(kind, q->kind);
    draft_begin(c, &d, FIND_REQ);
    find_req_put(&d.w, &(struct find_req){.resource = {resource, ID_BYTES}, .kinds = {kind, sizeof kind}});
    return ask(c, &d, q, PURPOSE_USER_FIND);
}

/* ---- answers ---- */

static void report(struct call *c, const struct errand *e, const struct found *x)
{
    if (c->env->port->found)
        c->env->port->found(c->env, e->tag, x);
}

/* A value counts when its signature and place check; others are discarded, and a fact says that the answer was partial (7.4.2.2). Nobody signs for
 * what does not exist. */
static bool fetched(struct call *c, const struct errand *e, const struct security *bucket, const struct kind_data *k, struct stored_data *d)
{
    unsigned kind = kind_find(c, k->kind);
    bool opened = kind < KINDS || (kind != KIND_UNKNOWN && stored_data_open(d, kind_at(c, kind)->model) == 0);
    bool absent = !d->value.exists && d->value.value.len == 0 && d->signature.identity_type == IDENTITY_NONE;
    if (!opened || (!absent && value_check(c, bucket, e->resource, kind, d))) {
        c->env->port->fact(c->env, FACT_DROPPED, DROP_BAD_SIGNATURE, FETCH_ANS);
        return false;
    }
    report(c, e, &(struct found){.resource = e->resource, .kind = k->kind, .generation = k->generation, .signer = d->signature.signer,
                                 .index = d->index, .storage_ms = d->storage_time_ms, .lifetime_s = d->lifetime_s, .exists = d->value.exists,
                                 .value = d->value.value.b, .value_len = d->value.value.len, .size = data_value_true(&d->value)});
    return d->value.exists;
}

static unsigned fetch_answer_read(struct call *c, const struct errand *e, const struct message *m)
{
    struct reader r = m->body;
    struct kind_data k;
    struct stored_data d;
    uint32_t end;
    unsigned n = 0;
    if (fetch_ans_begin(&r, &end))
        return 0;
    while (r.true_pos < end && kind_data_next(&r, &k) == 0)
        while (r.true_pos < k.values_end && stored_data_read(&r, k.kind, &d) == 0)
            n += fetched(c, e, &m->security, &k, &d);
    return n;
}

static peer_h signer_of_key(struct call *c, struct span key)
{
    return key.len == ID_BYTES ? c->env->port->id_keep(c->env, id_load(key.b)) : PEER_NONE;
}

static unsigned stat_answer_read(struct call *c, const struct errand *e, const struct message *m)
{
    struct reader r = m->body;
    struct kind_data k;
    struct metadata d;
    uint32_t end;
    unsigned n = 0;
    if (fetch_ans_begin(&r, &end))
        return 0;
    while (r.true_pos < end && kind_data_next(&r, &k) == 0)
        while (r.true_pos < k.values_end && metadata_read(&r, model_of(c, k.kind), &d) == 0) {
            n += d.exists;
            if (c->env->port->found)
                report(c, e, &(struct found){.resource = e->resource, .kind = k.kind, .generation = k.generation, .signer = signer_of_key(c, d.key),
                                             .index = d.index, .storage_ms = d.storage_time_ms, .lifetime_s = d.lifetime_s, .exists = d.exists,
                                             .value = d.hash.b, .value_len = d.hash.len, .size = d.data_length});
        }
    return n;
}

static unsigned find_answer_read(struct call *c, const struct errand *e, const struct message *m)
{
    struct list_body x;
    struct find_result result;
    unsigned n = 0;
    if (find_ans_read(m->body, &x))
        return 0;
    struct reader r = reader_on(x.items.b, x.items.len, false);
    while (reader_left(&r) > 0 && find_result_read(&r, &result) == 0) {
        struct id id = result.closest.len == ID_BYTES ? id_load(result.closest.b) : (struct id){0, 0};
        bool some = !id_is_zero(id);
        n += some;
        report(c, e, &(struct found){.resource = id, .kind = result.kind, .signer = PEER_NONE, .exists = some});
    }
    return n;
}

static void store_answered(struct call *c, const struct errand *e, const struct message *m)
{
    struct list_body x;
    struct store_response s;
    if (store_ans_read(m->body, &x))
        return;
    struct reader r = reader_on(x.items.b, x.items.len, false);
    while (reader_left(&r) > 0 && store_response_read(&r, &s) == 0)
        report(c, e, &(struct found){.resource = e->resource, .kind = s.kind, .generation = s.generation, .signer = PEER_NONE, .exists = true,
                                     .value = s.replicas.b, .value_len = s.replicas.len});
}

unsigned store_answer_read(struct call *c, const struct errand *e, const struct message *m)
{
    if (e->purpose == PURPOSE_USER_FETCH)
        return fetch_answer_read(c, e, m);
    if (e->purpose == PURPOSE_USER_STAT)
        return stat_answer_read(c, e, m);
    if (e->purpose == PURPOSE_USER_FIND)
        return find_answer_read(c, e, m);
    store_answered(c, e, m);
    return 0;
}
