/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/store/store.h"

#include <string.h>

#include "proto/fact.h"
#include "proto/reload/topology.h"

static bool keys_name(struct span keys, const uint8_t key[ID_BYTES])
{
    struct reader r = reader_on(keys.b, keys.len, false);
    while (reader_left(&r) > 0 && r.err == 0) {
        struct span k = get_vector(&r, 2);
        if (k.len == ID_BYTES && memcmp(k.b, key, ID_BYTES) == 0)
            return true;
    }
    return false;
}

/* A key that was asked for by name and is not here: a value that does not exist, signed by nobody (7.4.2.2). */
static void absent_put(struct call *c, struct draft *d, struct id resource, uint32_t kind, struct span keys)
{
    struct reader r = reader_on(keys.b, keys.len, false);
    while (reader_left(&r) > 0 && r.err == 0) {
        struct span k = get_vector(&r, 2);
        peer_h owner = k.len == ID_BYTES ? c->env->port->id_keep(c->env, id_load(k.b)) : PEER_NONE;
        if (owner != PEER_NONE && value_find(c, resource, kind, owner) < section_used(c, SECTION_STORE))
            continue;
        stored_data_put(&d->w, &(struct stored_data){.model = MODEL_DICTIONARY, .key = k,
                                                     .signature = {.signer = PEER_NONE, .identity_type = IDENTITY_NONE}});
    }
}

static void values_put(struct call *c, struct draft *d, struct id resource, uint32_t kind, struct span keys)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = record_next(c, SECTION_STORE, at)) {
        const struct value *v = value_at(c, at);
        uint8_t key[ID_BYTES];
        struct stored_data s;
        if (v->kind != kind || !id_equal(v->resource, resource) || v->r.due <= c->env->now)
            continue;
        value_to_stored(c, v, key, &s);
        if (keys.len > 0 && !keys_name(keys, key))
            continue;
        stored_data_put(&d->w, &s);
        draft_owner(c, d, v->owner);
    }
    absent_put(c, d, resource, kind, keys);
}

static uint64_t generation_held(const struct call *c, struct id resource, uint32_t kind)
{
    uint64_t g = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = record_next(c, SECTION_STORE, at)) {
        const struct value *v = value_at(c, at);
        if (v->kind == kind && id_equal(v->resource, resource) && v->generation > g)
            g = v->generation;
    }
    return g;
}

static uint16_t fetch_answer(struct call *c, struct draft *d, const struct fetch_req *q)
{
    struct id resource = id_load(q->resource.b);
    struct reader r = reader_on(q->specifiers.b, q->specifiers.len, false);
    while (reader_left(&r) > 0) {
        struct specifier s;
        struct span keys = {NULL, 0};
        if (specifier_read(&r, &s))
            return ERROR_INVALID_MESSAGE;
        if (s.kind != KIND_SIP_REGISTRATION)
            return ERROR_UNKNOWN_KIND;
        if (dictionary_keys_read(s.model_specifier, &keys))
            return ERROR_INVALID_MESSAGE;
        uint64_t held = generation_held(c, resource, s.kind);
        struct mark mark = kind_data_open(&d->w, s.kind, held);
        if (s.generation == 0 || s.generation != held)
            values_put(c, d, resource, s.kind, keys);
        kind_data_close(&d->w, mark);
    }
    return 0;
}

void fetch_request(struct call *c, const struct origin *from, const struct message *m)
{
    struct fetch_req q;
    struct draft d;
    if (fetch_req_read(m->body, &q) || q.resource.len != ID_BYTES) {
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    draft_begin(c, &d, FETCH_ANS);
    struct mark all = fetch_ans_open(&d.w);
    uint16_t error = fetch_answer(c, &d, &q);
    put_close(&d.w, 4, all);
    if (error)
        answer_error(c, from, error, NULL, 0);
    else
        answer_send(c, from, &d, false);
}

int fetch_send(struct call *c, const struct request *q)
{
    static const uint8_t all_keys[2] = {0, 0};
    struct draft d;
    draft_begin(c, &d, FETCH_REQ);
    struct mark mark = fetch_req_open(&d.w, q->resource);
    specifier_put(&d.w, &(struct specifier){.kind = q->kind, .model_specifier = {all_keys, sizeof all_keys}});
    put_close(&d.w, 2, mark);
    return request_send(c, &d, &(struct route){.slot = SLOT_NONE, .to_resource = true, .target = q->resource},
                        &(struct errand){.purpose = PURPOSE_USER_FETCH, .tag = q->tag, .peer = PEER_NONE});
}

unsigned store_count_values(struct call *c, const struct message *m, struct id resource)
{
    struct reader r = m->body;
    uint32_t end;
    unsigned n = 0;
    if (fetch_ans_begin(&r, &end))
        return 0;
    while (r.true_pos < end) {
        struct kind_data k;
        if (kind_data_next(&r, &k))
            return n;
        while (r.true_pos < k.values_end) {
            struct stored_data d;
            if (stored_data_read(&r, k.kind, &d))
                return n;
            n += d.value.exists && value_check(c, resource, k.kind, &d) == 0;
        }
    }
    return n;
}
