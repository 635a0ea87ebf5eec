/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Store of another node (RFC 6940 7.4.1): read whole, checked whole, and only then applied, so that a request that fails changes nothing. */
#include "proto/store/store.h"

#include "proto/fact.h"
#include "proto/reload/link.h"
#include "proto/reload/topology.h"
#include "proto/store/access.h"

#define ELEMENTS_MAX 64u

struct element {
    struct stored_data data;
    uint32_t at;    /* what it replaces; section_used if nothing */
    uint8_t kind;
    bool again;     /* the very value that is stored already */
    bool over;      /* the place of an earlier element of this request */
};

/* All elements of one Kind lie next to each other. */
struct storing_kind {
    uint64_t asked, held; /* generation counters */
    unsigned first, end;  /* elements */
    uint8_t kind;
};

struct storing {
    struct id resource;
    uint8_t replica;
    unsigned kinds, elements, unknowns;
    struct storing_kind kind[KINDS_MAX];
    uint32_t unknown[UNKNOWN_KINDS_MAX];
    struct element element[ELEMENTS_MAX];
};

void store_unknown_kinds(struct call *c, const struct origin *to, const uint32_t kind[], unsigned count)
{
    uint8_t list[1 + 4 * UNKNOWN_KINDS_MAX];
    struct writer w = writer_on(list, sizeof list, false);
    put_u8(&w, (uint8_t)(4 * count));
    for (unsigned k = 0; k < count; k++)
        put_u32(&w, kind[k]);
    answer_error(c, to, ERROR_UNKNOWN_KIND, list, writer_len(&w));
}

/* ---- reading ---- */

static uint16_t unknown_kind_read(struct reader *r, struct storing *s, const struct kind_data *k)
{
    struct stored_data skipped;
    if (s->unknowns < UNKNOWN_KINDS_MAX)
        s->unknown[s->unknowns++] = k->kind;
    while (r->true_pos < k->values_end)
        if (stored_data_read(r, k->kind, &skipped))
            return ERROR_INVALID_MESSAGE;
    return 0;
}

static uint16_t kind_read(const struct call *c, struct reader *r, struct storing *s)
{
    struct kind_data k;
    if (kind_data_next(r, &k))
        return ERROR_INVALID_MESSAGE;
    unsigned kind = kind_find(c, k.kind);
    if (kind == KIND_UNKNOWN)
        return unknown_kind_read(r, s, &k);
    for (unsigned i = 0; i < s->kinds; i++)
        if (s->kind[i].kind == kind)
            return ERROR_INVALID_MESSAGE; /* 7.4.1.1: a Kind MUST NOT be used twice */
    struct storing_kind *x = &s->kind[s->kinds++];
    *x = (struct storing_kind){.asked = k.generation, .first = s->elements, .kind = (uint8_t)kind};
    while (r->true_pos < k.values_end) {
        if (s->elements == ELEMENTS_MAX)
            return ERROR_DATA_TOO_LARGE;
        struct element *e = &s->element[s->elements++];
        e->kind = (uint8_t)kind;
        e->again = e->over = false;
        if (stored_data_read(r, k.kind, &e->data) || (kind >= KINDS && stored_data_open(&e->data, kind_at(c, kind)->model)))
            return ERROR_INVALID_MESSAGE;
    }
    x->end = s->elements;
    return 0;
}

static uint16_t storing_read(const struct call *c, const struct message *m, struct storing *s)
{
    struct reader r = m->body;
    struct store_req q;
    if (store_req_begin(&r, &q) || q.resource.len != ID_BYTES)
        return ERROR_INVALID_MESSAGE;
    s->resource = id_load(q.resource.b);
    s->replica = q.replica;
    s->kinds = s->elements = s->unknowns = 0;
    while (r.true_pos < q.end) {
        uint16_t error = kind_read(c, &r, s);
        if (error)
            return error;
    }
    return s->unknowns > 0 ? ERROR_UNKNOWN_KIND : 0;
}

/* ---- checks, in the order of 7.4.1.1 ---- */

static uint16_t signers_check(struct call *c, const struct origin *from, const struct security *bucket, struct storing *s)
{
    for (unsigned i = 0; i < s->elements; i++) {
        struct element *e = &s->element[i];
        if (value_check(c, bucket, s->resource, e->kind, &e->data))
            return ERROR_FORBIDDEN;
        if (s->replica == 0 && from->signer != e->data.signature.signer &&
            !access_allows(c, kind_at(c, e->kind), s->resource, from->signer, &e->data))
            return ERROR_FORBIDDEN;
    }
    return 0;
}

static uint16_t generations_check(const struct call *c, struct storing *s)
{
    uint16_t error = 0;
    for (unsigned k = 0; k < s->kinds; k++) {
        struct storing_kind *x = &s->kind[k];
        x->held = value_generation(c, s->resource, x->kind);
        if (s->replica != 0 && x->asked == 0)
            return ERROR_INVALID_MESSAGE; /* replica Stores MUST NOT use 0 */
        if (s->replica == 0 && x->asked != 0 && x->asked != x->held)
            error = ERROR_GENERATION_COUNTER_TOO_LOW;
    }
    return error;
}

/* Index of an appended element: that of the same element, had it come before, or one beyond the last (7.4.1.1). */
static uint32_t append_index(const struct call *c, const struct storing *s, unsigned i)
{
    const struct element *e = &s->element[i];
    uint32_t end = 0;
    for (uint32_t at = value_first_of(c, s->resource, e->kind); value_is(c, at, s->resource) && value_at(c, at)->kind == e->kind;
         at = value_next(c, at)) {
        const struct value *v = value_at(c, at);
        if (value_stored_ms(v) == e->data.storage_time_ms && value_token(v) == e->data.signature.token)
            return value_index(v);
        end = value_index(v) + 1;
    }
    for (unsigned k = 0; k < i; k++)
        if (s->element[k].kind == e->kind && s->element[k].data.index >= end)
            end = s->element[k].data.index + 1;
    return end;
}

static bool same_place(const struct call *c, const struct element *a, const struct element *b)
{
    if (a->kind != b->kind)
        return false;
    return kind_at(c, a->kind)->model == MODEL_DICTIONARY ? a->data.signature.signer == b->data.signature.signer : a->data.index == b->data.index;
}

/* Finds the element's place and what stands there: a value, or an earlier element of the request, must be older. */
static uint16_t place_check(const struct call *c, struct storing *s, unsigned i)
{
    struct element *e = &s->element[i];
    const struct value_kind *k = kind_at(c, e->kind);
    if (k->model == MODEL_ARRAY && e->data.index == ARRAY_LAST) {
        if (s->replica != 0)
            return ERROR_INVALID_MESSAGE; /* whoever copies knows the index */
        e->data.index = append_index(c, s, i);
    }
    if (k->model == MODEL_ARRAY && e->data.index >= k->max_count)
        return ERROR_DATA_TOO_LARGE;
    e->at = value_find(c, s->resource, e->kind, e->data.signature.signer, e->data.index);
    if (e->at < section_used(c, SECTION_STORE)) {
        const struct value *v = value_at(c, e->at);
        e->again = value_stored_ms(v) == e->data.storage_time_ms && value_token(v) == e->data.signature.token;
        if (e->data.storage_time_ms <= value_stored_ms(v) && !e->again)
            return ERROR_DATA_TOO_OLD;
    }
    for (unsigned n = 0; n < i; n++) {
        if (!same_place(c, &s->element[n], e))
            continue;
        if (e->data.storage_time_ms <= s->element[n].data.storage_time_ms)
            return ERROR_DATA_TOO_OLD;
        e->over = true;
    }
    return 0;
}

/* The counter of a Kind after this Store: its sender's in a copy, else it counts changes. */
static uint64_t generation_next(const struct storing *s, const struct storing_kind *x)
{
    bool changed = false;
    for (unsigned i = x->first; i < x->end; i++)
        changed |= !s->element[i].again;
    return s->replica != 0 ? x->asked : x->held + (changed && x->held < UINT64_MAX);
}

static struct entry entry_of(const struct call *c, const struct storing *s, const struct storing_kind *x, const struct element *e)
{
    struct entry put = value_entry(c, s->resource, x->kind, &e->data);
    put.generation = generation_next(s, x);
    put.replica = s->replica;
    return put;
}

/* Limits of the Kind; then those of this node, for all of the request. */
static uint16_t sizes_check(struct call *c, const struct storing *s)
{
    uint32_t more = 0, fresh = 0;
    for (unsigned k = 0; k < s->kinds; k++) {
        const struct storing_kind *x = &s->kind[k];
        const struct value_kind *kind = kind_at(c, x->kind);
        unsigned count = 0;
        for (uint32_t at = value_first_of(c, s->resource, x->kind); value_is(c, at, s->resource) && value_at(c, at)->kind == x->kind;
             at = value_next(c, at))
            count++;
        for (unsigned i = x->first; i < x->end; i++) {
            const struct element *e = &s->element[i];
            bool replaces = e->at < section_used(c, SECTION_STORE);
            if (data_value_true(&e->data.value) > kind->max_size)
                return ERROR_DATA_TOO_LARGE;
            count += !replaces && !e->over;
            fresh += !replaces;
            struct entry put = entry_of(c, s, x, e);
            uint32_t size = value_needs(c, &put), old = replaces ? value_size(value_at(c, e->at)) : 0;
            more += size > old ? size - old : 0;
        }
        if (count > kind->max_count)
            return ERROR_DATA_TOO_LARGE;
        more += value_generation_needs(c, s->resource, x->kind, generation_next(s, x));
    }
    return c->n->values + fresh > UINT16_MAX || !value_room(c, more) ? ERROR_DATA_TOO_LARGE : 0;
}

static uint16_t storing_check(struct call *c, const struct origin *from, const struct security *bucket, struct storing *s)
{
    if (s->replica == 0 ? !topology_responsible(c, s->resource) : !store_sender_plausible(c, from, s->resource))
        return ERROR_FORBIDDEN;
    for (unsigned i = 0; i < s->elements; i++) /* 7.4.1.3: what does not exist has no bytes */
        if (!s->element[i].data.value.exists && s->element[i].data.value.value.len > 0)
            return ERROR_INVALID_MESSAGE;
    uint16_t error = signers_check(c, from, bucket, s);
    if (!error)
        error = generations_check(c, s);
    for (unsigned i = 0; i < s->elements && !error; i++)
        error = place_check(c, s, i);
    return error ? error : sizes_check(c, s);
}

/* ---- applying ---- */

/* The very value again: its lifetime starts anew, unless that would shorten it; what is known of its copies stays. */
static bool element_renew(struct call *c, const struct entry *put)
{
    uint32_t at = value_find(c, put->resource, put->kind, put->data->signature.signer, put->data->index);
    sim_time due = value_due(value_at(c, at));
    value_at(c, at)->replica = put->replica;
    return put->due <= due || value_due_set(c, at, put->due);
}

static void kind_apply(struct call *c, const struct storing *s, struct storing_kind *x)
{
    bool kept = true; /* sizes_check has made room */
    uint64_t generation = generation_next(s, x);
    for (unsigned i = x->first; i < x->end; i++) {
        const struct element *e = &s->element[i];
        struct entry put = entry_of(c, s, x, e);
        kept &= e->again && !e->over ? element_renew(c, &put) : value_put(c, &put);
    }
    x->held = generation;
    kept &= value_generation_set(c, s->resource, x->kind, generation);
    assert(kept);
    (void)kept;
}

/* StoreAns, or the error_info of a counter that is too low: then without replicas (7.4.1.2). */
static void responses_put(struct call *c, const struct storing *s, struct writer *w, bool replicas)
{
    uint8_t ids[REPLICAS * ID_BYTES];
    struct writer list = writer_on(ids, sizeof ids, false);
    for (unsigned k = 0; replicas && s->replica == 0 && k < REPLICAS; k++)
        if (c->n->replica[k] != PEER_NONE)
            put_id(&list, c->env->port->id_of(c->env, c->n->replica[k]));
    struct mark mark = store_ans_open(w);
    for (unsigned k = 0; k < s->kinds; k++)
        store_response_put(w, &(struct store_response){.kind = kind_at(c, s->kind[k].kind)->id, .generation = s->kind[k].held,
                                                       .replicas = {ids, writer_len(&list)}});
    put_close(w, 2, mark);
}

static void storing_refuse(struct call *c, const struct origin *from, const struct storing *s, uint16_t error)
{
    uint8_t info[2 + KINDS_MAX * 14];
    struct writer w = writer_on(info, sizeof info, false);
    if (error == ERROR_UNKNOWN_KIND) {
        store_unknown_kinds(c, from, s->unknown, s->unknowns);
        return;
    }
    if (error == ERROR_GENERATION_COUNTER_TOO_LOW)
        responses_put(c, s, &w, false);
    answer_error(c, from, error, info, writer_len(&w));
}

void store_request(struct call *c, const struct origin *from, const struct message *m)
{
    struct storing s;
    value_expire(c);
    uint16_t error = storing_read(c, m, &s);
    if (!error)
        error = storing_check(c, from, &m->security, &s);
    if (error) {
        storing_refuse(c, from, &s, error);
        return;
    }
    for (unsigned k = 0; k < s.kinds; k++)
        kind_apply(c, &s, &s.kind[k]);
    struct draft d;
    draft_begin(c, &d, STORE_ANS);
    responses_put(c, &s, &d.w, true);
    answer_send(c, from, &d, true);
    if (s.replica == 0)
        store_replicate(c, s.resource);
    else
        store_pass_on(c, s.resource, from->signer);
}
