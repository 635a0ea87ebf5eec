/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/store/store.h"

#include <string.h>

#include "proto/fact.h"

#define VALUE_CAP 6144u /* encoded StoredDataValue: below any max-message-size that a draft can carry */

uint32_t value_find(const struct call *c, struct id resource, uint32_t kind, peer_h owner)
{
    uint32_t at = 0;
    for (; at < section_used(c, SECTION_STORE); at = record_next(c, SECTION_STORE, at)) {
        const struct value *v = value_at(c, at);
        if (v->owner == owner && v->kind == kind && id_equal(v->resource, resource))
            break;
    }
    return at;
}

bool value_put(struct call *c, const struct value *head, const uint8_t *bytes)
{
    uint32_t at = value_find(c, head->resource, head->kind, head->owner);
    if (at < section_used(c, SECTION_STORE)) {
        record_remove(c, SECTION_STORE, at);
        c->n->values--;
    }
    uint32_t size = (uint32_t)offsetof(struct value, bytes) + head->len;
    if (section_used(c, SECTION_STORE) + size > c->o->limits.stored_bytes)
        return false;
    struct value *v = record_add(c, SECTION_STORE, 0, size);
    if (!v)
        return false;
    struct record r = v->r;
    *v = *head;
    v->r = r;
    v->r.due = head->r.due;
    memcpy(v->bytes, bytes, head->len);
    c->n->values++;
    c->n->expire_at = time_min(c->n->expire_at, v->r.due);
    c->env->port->fact(c->env, FACT_STORED_VALUE, v->owner, v->replica);
    return true;
}

void value_expire(struct call *c)
{
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
    id_store(key, c->env->port->id_of(c->env, v->owner));
    *out = (struct stored_data){
        .storage_time_ms = v->storage_ms,
        .lifetime_s = (uint32_t)((v->r.due - c->env->now) / SECONDS(1)), /* reduced by the time held: RFC 6940 7.4.1.2 */
        .model = MODEL_DICTIONARY,
        .key = {key, ID_BYTES},
        .value = {.exists = v->exists, .value = {v->bytes, v->len}},
        .signature = {.signer = v->owner, .token = v->token, .hash = 4, .sig = 1, .identity_type = IDENTITY_CERT_HASH},
    };
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
    put_id(&h, resource);
    put_u32(&h, kind);
    put_u64(&h, d->storage_time_ms);
    stored_value_put(&w, d);
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

int value_check(struct call *c, struct id resource, uint32_t kind, const struct stored_data *d)
{
    struct signed_value s;
    peer_h signer = d->signature.signer;
    if (signer == PEER_NONE || signed_value(&s, resource, kind, d) || c->env->port->verify(c->env, s.piece, 2, &d->signature))
        return ERR_SIGNATURE;
    bool user = id_equal(c->env->port->user_of(c->env, signer), resource);
    bool node = d->key.len == ID_BYTES && id_equal(id_load(d->key.b), c->env->port->id_of(c->env, signer));
    return user && node ? 0 : ERR_FORBIDDEN;
}
