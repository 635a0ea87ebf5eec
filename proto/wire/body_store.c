/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stored values and what carries them: Store, and the answer to Fetch (RFC 6940 7, 7.4.1, 7.4.2.2). */
#include "proto/wire/body.h"

enum data_model kind_model(uint32_t kind)
{
    switch (kind) {
    case KIND_SIP_REGISTRATION: /* RFC 7904 7 */
    case KIND_REDIR:            /* RFC 7374 */
        return MODEL_DICTIONARY;
    case KIND_TURN_SERVICE:
        return MODEL_SINGLE;
    case KIND_CERTIFICATE_BY_NODE:
    case KIND_CERTIFICATE_BY_USER:
        return MODEL_ARRAY;
    default:
        return MODEL_UNKNOWN;
    }
}

/* DataValue.value; in folded input a stored certificate is a token, told by its first byte as in the security block. */
static void value_read(struct reader *r, uint32_t kind, struct data_value *v)
{
    bool stored_certificate = kind == KIND_CERTIFICATE_BY_NODE || kind == KIND_CERTIFICATE_BY_USER;
    uint32_t len = get_u32(r);

    v->certificate = stored_certificate && r->folded && len == CERTIFICATE_DER_BYTES && reader_left(r) && *r->p == TOKEN_DER;
    v->value = get_bytes(r, v->certificate ? CERTIFICATE_TOKEN_BYTES : len);
    if (!v->certificate || r->err)
        return;
    r->true_pos += CERTIFICATE_DER_BYTES - CERTIFICATE_TOKEN_BYTES;
    if (load_be32(v->value.b + 1) == PEER_NONE)
        reader_fail(r, ERR_VALUE);
}

/* In folded input a signature that closes the value of an unknown model is told by its place: as many true bytes before the end as a token stands for. A true one
 * there cannot be taken for it, for its first byte is no TLS hash algorithm (wire/security.h), and what else might be is not written (stored_data_put). */
static bool closes_with_token(const struct reader *r, uint32_t left)
{
    return r->folded && left >= SIGNATURE_TRUE_BYTES && reader_left(r) > left - SIGNATURE_TRUE_BYTES && r->p[left - SIGNATURE_TRUE_BYTES] == TOKEN_SIGNATURE;
}

static void opaque_read(struct reader *r, uint32_t end, struct stored_data *d)
{
    d->signature = (struct signature){.signer = PEER_NONE};
    if (r->true_pos > end)
        reader_fail(r, ERR_LENGTH);
    bool token = !r->err && closes_with_token(r, end - r->true_pos);
    d->raw = get_bytes(r, end - r->true_pos - (token ? SIGNATURE_TRUE_BYTES : 0));
    if (token)
        signature_read(r, &d->signature);
}

static void model_read(struct reader *r, struct stored_data *d)
{
    if (d->model == MODEL_ARRAY)
        d->index = get_u32(r);
    else if (d->model == MODEL_DICTIONARY)
        d->key = get_vector(r, 2);
    d->value.exists = get_bool(r);
}

/* StoredData and its value; of an unknown model all behind the lifetime stays opaque, but for a token. */
int stored_data_read(struct reader *r, uint32_t kind, struct stored_data *d)
{
    enum data_model model = kind_model(kind);
    uint32_t end = vector_begin(r, 4);

    d->storage_time_ms = get_u64(r);
    d->lifetime_s = get_u32(r);
    d->model = model;
    d->index = 0;
    d->key = d->raw = d->value.value = (struct span){NULL, 0};
    d->value.exists = d->value.certificate = false;
    if (model == MODEL_UNKNOWN) {
        opaque_read(r, end, d);
        return r->err;
    }
    model_read(r, d);
    value_read(r, kind, &d->value);
    signature_read(r, &d->signature);
    vector_end(r, end);
    return r->err;
}

int stored_data_open(struct stored_data *d, enum data_model model)
{
    struct reader r = reader_on(d->raw.b, d->raw.len, false);
    d->model = model;
    model_read(&r, d);
    d->value.value = get_vector(&r, 4);
    if (d->signature.signer == PEER_NONE)
        signature_read(&r, &d->signature);
    return body_done(&r);
}

void stored_value_put(struct writer *w, const struct stored_data *d)
{
    if (d->model == MODEL_ARRAY)
        put_u32(w, d->index);
    else if (d->model == MODEL_DICTIONARY)
        put_vector_span(w, 2, d->key);
    put_u8(w, d->value.exists);
    put_length(w, 4, data_value_true(&d->value));
    put_span(w, d->value.value);
    if (d->value.certificate)
        w->extra += CERTIFICATE_DER_BYTES - CERTIFICATE_TOKEN_BYTES;
}

void stored_data_put(struct writer *w, const struct stored_data *d)
{
    struct mark m = put_open(w, 4);

    put_u64(w, d->storage_time_ms);
    put_u32(w, d->lifetime_s);
    if (d->model == MODEL_UNKNOWN) {
        bool token = w->fold && d->signature.signer != PEER_NONE; /* else it is a part of raw */
        if (w->fold && !token && d->raw.len >= SIGNATURE_TRUE_BYTES && d->raw.b[d->raw.len - SIGNATURE_TRUE_BYTES] == TOKEN_SIGNATURE)
            writer_fail(w, ERR_VALUE); /* would be read back as a token */
        put_span(w, d->raw);
        if (token)
            signature_put(w, &d->signature);
    } else {
        stored_value_put(w, d);
        signature_put(w, &d->signature);
    }
    put_close(w, 4, m);
}

int store_req_begin(struct reader *r, struct store_req *x)
{
    x->resource = get_vector(r, 1);
    x->replica = get_u8(r);
    x->end = vector_begin(r, 4);
    return r->err;
}

int fetch_ans_begin(struct reader *r, uint32_t *end)
{
    *end = vector_begin(r, 4);
    return r->err;
}

int kind_data_next(struct reader *r, struct kind_data *k)
{
    k->kind = get_u32(r);
    k->generation = get_u64(r);
    k->values_end = vector_begin(r, 4);
    return r->err;
}

static void kinds_check(struct reader *r, uint32_t end)
{
    struct kind_data k;
    struct stored_data d;

    while (r->true_pos < end) {
        kind_data_next(r, &k);
        while (r->true_pos < k.values_end)
            stored_data_read(r, k.kind, &d);
        vector_end(r, k.values_end);
    }
    vector_end(r, end);
}

void store_req_check(struct reader *r)
{
    struct store_req x;
    store_req_begin(r, &x);
    kinds_check(r, x.end);
}

void fetch_ans_check(struct reader *r)
{
    uint32_t end;
    fetch_ans_begin(r, &end);
    kinds_check(r, end);
}

struct mark store_req_open(struct writer *w, struct id resource, uint8_t replica)
{
    put_u8(w, ID_BYTES);
    put_id(w, resource);
    put_u8(w, replica);
    return put_open(w, 4);
}

struct mark fetch_ans_open(struct writer *w)
{
    return put_open(w, 4);
}

struct mark kind_data_open(struct writer *w, uint32_t kind, uint64_t generation)
{
    put_u32(w, kind);
    put_u64(w, generation);
    return put_open(w, 4);
}

void kind_data_close(struct writer *w, struct mark m)
{
    put_close(w, 4, m);
}

int store_ans_read(struct reader r, struct list_body *x)
{
    x->items = get_vector(&r, 2);
    return body_done(&r);
}

int store_response_read(struct reader *r, struct store_response *x)
{
    x->kind = get_u32(r);
    x->generation = get_u64(r);
    x->replicas = get_ids(r, 2);
    return r->err;
}

struct mark store_ans_open(struct writer *w)
{
    return put_open(w, 2);
}

void store_response_put(struct writer *w, const struct store_response *x)
{
    put_u32(w, x->kind);
    put_u64(w, x->generation);
    put_vector_span(w, 2, x->replicas);
}

int store_ans_check(struct reader r)
{
    struct list_body x;
    struct store_response response;
    struct reader list;
    int err = store_ans_read(r, &x);

    if (err)
        return err;
    list = reader_on(x.items.b, x.items.len, false);
    while (reader_left(&list))
        store_response_read(&list, &response);
    return list.err;
}
