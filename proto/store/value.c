/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/store/store.h"

#include <string.h>

#include "proto/fact.h"
#include "proto/reload/credential.h"
#include "proto/store/access.h"

#define VALUE_CAP 10240u /* encoded StoredDataValue: no message that reaches us is longer */

uint32_t value_first(const struct call *c, struct id resource)
{
    uint32_t at = 0;
    while (at < section_used(c, SECTION_STORE) && !value_lies_at(c, value_at(c, at), resource))
        at = value_next(c, at);
    return at;
}

uint32_t value_first_of(const struct call *c, struct id resource, unsigned kind)
{
    for (uint32_t at = value_first(c, resource); value_is(c, at, resource); at = value_next(c, at))
        if (value_at(c, at)->kind == kind)
            return at;
    return section_used(c, SECTION_STORE);
}

uint32_t value_find(const struct call *c, struct id resource, unsigned kind, peer_h owner, uint32_t index)
{
    bool by_owner = kind_at(c, kind)->model == MODEL_DICTIONARY;
    for (uint32_t at = value_first(c, resource); value_is(c, at, resource); at = value_next(c, at)) {
        const struct value *v = value_at(c, at);
        if (v->kind == kind && (by_owner ? v->owner == owner : value_index(v) == index))
            return at;
    }
    return section_used(c, SECTION_STORE);
}

uint64_t value_generation(const struct call *c, struct id resource, unsigned kind)
{
    uint32_t at = value_first_of(c, resource, kind);
    return at < section_used(c, SECTION_STORE) ? value_counter(value_at(c, at)) : 0;
}

uint32_t value_generation_needs(const struct call *c, struct id resource, unsigned kind, uint64_t generation)
{
    uint32_t more = 0;
    if (generation <= UINT16_MAX)
        return 0;
    for (uint32_t at = value_first_of(c, resource, kind); value_is(c, at, resource) && value_at(c, at)->kind == kind; at = value_next(c, at))
        more += value_at(c, at)->flags & VALUE_WIDE ? 0 : VALUE_WIDER;
    return more;
}

bool value_generation_set(struct call *c, struct id resource, unsigned kind, uint64_t generation)
{
    if (!value_room(c, value_generation_needs(c, resource, kind, generation)))
        return false;
    for (uint32_t at = value_first_of(c, resource, kind); value_is(c, at, resource) && value_at(c, at)->kind == kind; at = value_next(c, at))
        value_counter_set(c, at, generation);
    return true;
}

uint32_t value_resource_end(const struct call *c, uint32_t at)
{
    struct id resource = {0, 0};
    uint16_t tag = value_at(c, at)->tag;
    bool known = false; /* it is computed only for values that may lie at one place */
    for (uint32_t next = value_next(c, at);; next = value_next(c, next)) {
        if (next >= section_used(c, SECTION_STORE) || value_at(c, next)->tag != tag)
            return next;
        if (!known)
            resource = value_resource(c, value_at(c, at));
        known = true;
        if (!value_is(c, next, resource))
            return next;
    }
}

uint32_t store_resources(const struct call *c)
{
    uint32_t n = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = value_resource_end(c, at))
        n++;
    return n;
}

bool value_room(struct call *c, uint32_t more)
{
    return section_used(c, SECTION_STORE) + more <= c->o->limits.stored_bytes && section_reserve(c, SECTION_STORE, more);
}

/* Where a new value goes: behind those of its resource, Kinds in the order of the table, arrays by index. */
static uint32_t value_place(const struct call *c, const struct entry *e)
{
    uint32_t at = value_first(c, e->resource);
    for (; value_is(c, at, e->resource); at = value_next(c, at)) {
        const struct value *v = value_at(c, at);
        if (v->kind > e->kind || (v->kind == e->kind && value_index(v) > e->data->index))
            break;
    }
    return at;
}

void value_remove(struct call *c, uint32_t at)
{
    section_remove(c, SECTION_STORE, at, value_size(value_at(c, at)));
    c->n->values--;
}

bool value_put(struct call *c, const struct entry *e)
{
    uint32_t size = value_needs(c, e), at = value_find(c, e->resource, e->kind, e->data->signature.signer, e->data->index);
    bool replaces = at < section_used(c, SECTION_STORE);
    uint32_t old = replaces ? value_size(value_at(c, at)) : 0;
    if ((!replaces && c->n->values == UINT16_MAX) || !value_room(c, size > old ? size - old : 0))
        return false;
    if (replaces)
        value_remove(c, at);
    at = value_place(c, e);
    bool inserted = section_insert(c, SECTION_STORE, at, size);
    assert(inserted);
    (void)inserted;
    value_write(c, value_at(c, at), e);
    c->n->values++;
    c->n->expire_at = time_min(c->n->expire_at, e->due);
    c->env->port->fact(c->env, FACT_STORED_VALUE, e->data->signature.signer, e->replica);
    return true;
}

void value_expire(struct call *c)
{
    if (c->n->expire_at > c->env->now)
        return;
    c->n->expire_at = TIME_NEVER;
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE);) {
        const struct value *v = value_at(c, at);
        sim_time due = value_due(v);
        if (due > c->env->now) {
            c->n->expire_at = time_min(c->n->expire_at, due);
            at = value_next(c, at);
            continue;
        }
        c->env->port->fact(c->env, FACT_DROPPED_VALUE, v->owner, 0);
        value_remove(c, at);
    }
}

void value_to_stored(struct call *c, const struct value *v, struct value_room *room, struct stored_data *out)
{
    enum data_model model = kind_at(c, v->kind)->model;
    id_store(room->key, c->env->port->id_of(c->env, v->owner));
    *out = (struct stored_data){
        .storage_time_ms = value_stored_ms(v),
        .lifetime_s = (uint32_t)((value_due(v) - c->env->now) / SECONDS(1)), /* reduced by the time held: RFC 6940 7.4.1.1 */
        .model = model,
        .index = value_index(v),
        .key = {model == MODEL_DICTIONARY ? room->key : NULL, model == MODEL_DICTIONARY ? ID_BYTES : 0},
        .value = {.exists = v->flags & VALUE_EXISTS, .certificate = v->flags & VALUE_CERTIFICATE, .value = value_bytes(c, v, room->value)},
        .signature = {.signer = v->owner, .token = value_token(v), .hash = HASH_SHA256, .sig = 1, .identity_type = IDENTITY_CERT_HASH,
                      .identity_hash_alg = HASH_SHA256},
    };
    if (v->flags & VALUE_SIGNED) {
        out->signature.identity = (struct span){value_signature(v), IDENTITY_BYTES};
        out->signature.value = (struct span){value_signature(v) + IDENTITY_BYTES, SIGNATURE_VALUE_BYTES};
    }
}

struct entry value_entry(const struct call *c, struct id resource, unsigned kind, const struct stored_data *d)
{
    return (struct entry){.data = d, .resource = resource, .due = time_add(c->env->now, SECONDS(d->lifetime_s)), .kind = (uint8_t)kind};
}

/* Input of the data signature (7.1): resource_id || kind || storage_time || StoredDataValue; the host appends the SignerIdentity. */
struct signed_value {
    uint8_t head[ID_BYTES + 12];
    uint8_t value[VALUE_CAP];
    struct piece piece[2];
};

static int signed_value(struct signed_value *s, struct id resource, uint32_t kind, const struct stored_data *d)
{
    struct writer h = writer_on(s->head, sizeof s->head, false), w = writer_on(s->value, sizeof s->value, false);
    struct stored_data covered = *d;
    covered.index = 0; /* an appended element gets its index later: 7.4.2.2 */
    put_id(&h, resource);
    put_u32(&h, kind);
    put_u64(&h, d->storage_time_ms);
    stored_value_put(&w, &covered);
    s->piece[0] = (struct piece){s->head, sizeof s->head};
    s->piece[1] = (struct piece){s->value, writer_len(&w)};
    return w.err;
}

int value_sign(struct call *c, struct id resource, uint32_t kind, struct stored_data *d)
{
    struct signed_value s;
    int err = signed_value(&s, resource, kind, d);
    return err ? err : c->env->port->sign(c->env, s.piece, 2, &d->signature);
}

int value_check(struct call *c, const struct security *bucket, struct id resource, unsigned kind, struct stored_data *d)
{
    struct signed_value s;
    if (!credential_resolve(c, bucket, &d->signature) || signed_value(&s, resource, kind_at(c, kind)->id, d) ||
        c->env->port->verify(c->env, s.piece, 2, &d->signature) || (c->o->crypto == CRYPTO_OPENSSL && d->signature.value.len != SIGNATURE_VALUE_BYTES))
        return ERR_SIGNATURE;
    return access_allows(c, kind_at(c, kind), resource, d->signature.signer, d) ? 0 : ERR_FORBIDDEN;
}
