/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/store/store.h"

#include <string.h>

#include "proto/fact.h"
#include "proto/reload/credential.h"
#include "proto/store/access.h"

#define IDENTITY_BYTES 32u /* certificate_hash, SHA-256 */
#define VALUE_CAP 10240u /* encoded StoredDataValue: no message that reaches us is longer */

uint32_t value_first(const struct call *c, struct id resource)
{
    uint32_t at = 0;
    while (at < section_used(c, SECTION_STORE) && !id_equal(value_at(c, at)->resource, resource))
        at = record_next(c, SECTION_STORE, at);
    return at;
}

uint32_t value_first_of(const struct call *c, struct id resource, unsigned kind)
{
    for (uint32_t at = value_first(c, resource); value_is(c, at, resource); at = record_next(c, SECTION_STORE, at))
        if (value_at(c, at)->kind == kind)
            return at;
    return section_used(c, SECTION_STORE);
}

uint32_t value_find(const struct call *c, struct id resource, unsigned kind, peer_h owner, uint32_t index)
{
    bool by_owner = kind_at(c, kind)->model == MODEL_DICTIONARY;
    for (uint32_t at = value_first(c, resource); value_is(c, at, resource); at = record_next(c, SECTION_STORE, at)) {
        const struct value *v = value_at(c, at);
        if (v->kind == kind && (by_owner ? v->owner == owner : v->index == index))
            return at;
    }
    return section_used(c, SECTION_STORE);
}

uint64_t value_generation(const struct call *c, struct id resource, unsigned kind)
{
    uint32_t at = value_first_of(c, resource, kind);
    return at < section_used(c, SECTION_STORE) ? value_at(c, at)->generation : 0;
}

void value_generation_set(struct call *c, struct id resource, unsigned kind, uint64_t generation)
{
    for (uint32_t at = value_first_of(c, resource, kind); value_is(c, at, resource) && value_at(c, at)->kind == kind;
         at = record_next(c, SECTION_STORE, at))
        value_at(c, at)->generation = generation;
}

uint32_t store_resources(const struct call *c)
{
    uint32_t n = 0;
    struct id last = {0, 0};
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = record_next(c, SECTION_STORE, at)) {
        n += at == 0 || !id_equal(value_at(c, at)->resource, last);
        last = value_at(c, at)->resource;
    }
    return n;
}

uint32_t value_size(uint32_t len)
{
    return ((uint32_t)offsetof(struct value, bytes) + len + 7u) & ~7u;
}

/* The owner's signature cannot be made again: where it is a true one it is kept with the value. */
static bool is_true(const struct call *c)
{
    return c->o->crypto == CRYPTO_OPENSSL;
}

uint32_t value_needs(const struct call *c, const struct stored_data *d)
{
    return value_size(d->value.value.len + (is_true(c) ? IDENTITY_BYTES + SIGNATURE_VALUE_BYTES : 0));
}

uint32_t value_record_bytes(const struct value *v)
{
    return value_size(v->len + (v->flags & VALUE_SIGNED ? IDENTITY_BYTES + SIGNATURE_VALUE_BYTES : 0));
}

/* Where a new value goes: behind those of its resource, Kinds in the order of the table, arrays by index. */
static uint32_t value_place(const struct call *c, const struct value *head)
{
    uint32_t at = value_first(c, head->resource);
    for (; value_is(c, at, head->resource); at = record_next(c, SECTION_STORE, at)) {
        const struct value *v = value_at(c, at);
        if (v->kind > head->kind || (v->kind == head->kind && v->index > head->index))
            break;
    }
    return at;
}

bool value_put(struct call *c, const struct value *head, const struct stored_data *d)
{
    uint32_t size = value_needs(c, d), at = value_find(c, head->resource, head->kind, head->owner, head->index);
    bool replaces = at < section_used(c, SECTION_STORE);
    uint32_t old = replaces ? value_at(c, at)->r.size : 0;
    if (section_used(c, SECTION_STORE) - old + size > c->o->limits.stored_bytes || (!replaces && c->n->values == UINT16_MAX))
        return false;
    if (size > old && !section_reserve(c, SECTION_STORE, size - old))
        return false;
    if (replaces) {
        record_remove(c, SECTION_STORE, at);
        c->n->values--;
    }
    struct value *v = record_insert(c, SECTION_STORE, value_place(c, head), 0, size);
    assert(v && v->r.size == size);
    struct record r = v->r;
    *v = *head;
    v->r = r;
    v->r.due = head->r.due;
    if (head->len > 0)
        memcpy(v->bytes, d->value.value.b, head->len);
    if (is_true(c)) {
        v->flags |= VALUE_SIGNED;
        memcpy(v->bytes + head->len, d->signature.identity.b, IDENTITY_BYTES);
        memcpy(v->bytes + head->len + IDENTITY_BYTES, d->signature.value.b, SIGNATURE_VALUE_BYTES);
    }
    c->n->values++;
    c->n->expire_at = time_min(c->n->expire_at, v->r.due);
    c->env->port->fact(c->env, FACT_STORED_VALUE, v->owner, v->replica);
    return true;
}

void value_expire(struct call *c)
{
    if (c->n->expire_at > c->env->now)
        return;
    c->n->expire_at = TIME_NEVER;
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE);) {
        const struct value *v = value_at(c, at);
        if (v->r.due > c->env->now) {
            c->n->expire_at = time_min(c->n->expire_at, v->r.due);
            at += v->r.size;
            continue;
        }
        c->env->port->fact(c->env, FACT_DROPPED_VALUE, v->owner, 0);
        record_remove(c, SECTION_STORE, at);
        c->n->values--;
    }
}

void value_to_stored(struct call *c, const struct value *v, uint8_t key[ID_BYTES], struct stored_data *out)
{
    enum data_model model = kind_at(c, v->kind)->model;
    id_store(key, c->env->port->id_of(c->env, v->owner));
    *out = (struct stored_data){
        .storage_time_ms = v->storage_ms,
        .lifetime_s = (uint32_t)((v->r.due - c->env->now) / SECONDS(1)), /* reduced by the time held: RFC 6940 7.4.1.1 */
        .model = model,
        .index = v->index,
        .key = {model == MODEL_DICTIONARY ? key : NULL, model == MODEL_DICTIONARY ? ID_BYTES : 0},
        .value = {.exists = v->flags & VALUE_EXISTS, .certificate = v->flags & VALUE_CERTIFICATE, .value = {v->bytes, v->len}},
        .signature = {.signer = v->owner, .token = v->token, .hash = HASH_SHA256, .sig = 1, .identity_type = IDENTITY_CERT_HASH,
                      .identity_hash_alg = HASH_SHA256},
    };
    if (v->flags & VALUE_SIGNED) {
        out->signature.identity = (struct span){v->bytes + v->len, IDENTITY_BYTES};
        out->signature.value = (struct span){v->bytes + v->len + IDENTITY_BYTES, SIGNATURE_VALUE_BYTES};
    }
}

struct value value_head(const struct call *c, struct id resource, unsigned kind, const struct stored_data *d)
{
    struct value head = {.resource = resource, .storage_ms = d->storage_time_ms, .token = d->signature.token, .owner = d->signature.signer,
                         .index = (uint16_t)d->index, .kind = (uint8_t)kind, .len = (uint16_t)d->value.value.len,
                         .flags = (uint8_t)((d->value.exists ? VALUE_EXISTS : 0) | (d->value.certificate ? VALUE_CERTIFICATE : 0))};
    head.r.due = time_add(c->env->now, SECONDS(d->lifetime_s));
    return head;
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
        c->env->port->verify(c->env, s.piece, 2, &d->signature) || (is_true(c) && d->signature.value.len != SIGNATURE_VALUE_BYTES))
        return ERR_SIGNATURE;
    return access_allows(c, kind_at(c, kind), resource, d->signature.signer, d) ? 0 : ERR_FORBIDDEN;
}
