/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The readers find the tokens of a whole message: each is the last thing that signature_read, stored_data_read or certificate_read consumed, or the value
 * of a stored certificate. */
#include "proto/wire/stretch.h"

#include "proto/wire/body.h"

struct walk {
    void (*each)(void *arg, const struct stretch *);
    void *arg;
    const uint8_t *told; /* how far the input has been told */
    uint32_t at;         /* true position of that */
};

static void tell(struct walk *w, enum stretch_kind kind, const uint8_t *b, uint32_t len, uint32_t skip)
{
    if (len > 0)
        w->each(w->arg, &(struct stretch){.kind = kind, .at = w->at, .len = len, .skip = skip, .b = b});
    w->at += len;
}

static void tell_until(struct walk *w, const uint8_t *end)
{
    tell(w, STRETCH_BYTES, w->told, (uint32_t)(end - w->told), 0);
    w->told = end;
}

/* The reader has just passed a token. */
static void tell_token(struct walk *w, const struct reader *r, enum stretch_kind kind)
{
    const uint8_t *b = r->p - stretch_token_bytes(kind);
    tell_until(w, b);
    tell(w, kind, b, stretch_token_true(kind), 0);
    w->told = r->p;
}

static void tell_signature(struct walk *w, const struct reader *r, const struct signature *s)
{
    if (!r->err && s->signer != PEER_NONE)
        tell_token(w, r, STRETCH_SIGNATURE);
}

static void tell_certificate(struct walk *w, const struct reader *r, const struct certificate *c)
{
    if (!r->err && c->owner != PEER_NONE)
        tell_token(w, r, STRETCH_CERTIFICATE);
}

/* A stored certificate, which the reader has passed with all of its value. */
static void tell_der(struct walk *w, const struct reader *r, const struct data_value *v)
{
    if (r->err || !v->certificate)
        return;
    tell_until(w, v->value.b);
    tell(w, STRETCH_DER, v->value.b, CERTIFICATE_DER_BYTES, 0);
    w->told = v->value.b + CERTIFICATE_TOKEN_BYTES;
}

static void walk_kinds(struct walk *w, struct reader *r, uint32_t end)
{
    struct kind_data k;
    struct stored_data d;

    while (r->true_pos < end) {
        kind_data_next(r, &k);
        while (r->true_pos < k.values_end) {
            stored_data_read(r, k.kind, &d);
            tell_der(w, r, &d.value);
            tell_signature(w, r, &d.signature);
        }
        vector_end(r, k.values_end);
    }
}

static void walk_contents(struct walk *w, struct reader *r)
{
    uint16_t code = get_u16(r);
    uint32_t end = vector_begin(r, 4), kinds_end;
    struct store_req store;

    if (code == STORE_REQ) {
        store_req_begin(r, &store);
        walk_kinds(w, r, store.end);
    } else if (code == FETCH_ANS) {
        fetch_ans_begin(r, &kinds_end);
        walk_kinds(w, r, kinds_end);
    } else {
        reader_take(r, end - r->true_pos);
    }
    vector_end(r, end);
    get_vector(r, 4); /* extensions */
}

static int walk_whole(struct walk *w, struct span payload, uint32_t true_len)
{
    struct reader r = reader_on(payload.b, payload.len, true);
    struct certificate c;
    struct signature s;
    uint32_t end;

    w->told = r.p;
    walk_contents(w, &r);
    end = vector_begin(&r, 2);
    while (r.true_pos < end) {
        certificate_read(&r, &c);
        tell_certificate(w, &r, &c);
    }
    vector_end(&r, end);
    signature_read(&r, &s);
    tell_signature(w, &r, &s);
    if (body_done(&r))
        return r.err;
    tell_until(w, r.p);
    return w->at == true_len ? 0 : ERR_LENGTH;
}

/* The token at the reader, of which `skip` bytes lie before us and all from `end` on beyond. */
static int walk_token(struct walk *w, struct reader *r, uint32_t skip, uint32_t end)
{
    const uint8_t *b = r->p;
    enum stretch_kind kind = stretch_kind_of(*b);

    if (kind == STRETCH_BYTES || !reader_take(r, stretch_token_bytes(kind)) || skip >= stretch_token_true(kind) || load_be32(b + 1) == PEER_NONE ||
        w->at >= end)
        return ERR_VALUE;
    uint32_t len = stretch_token_true(kind) - skip;
    tell(w, kind, b, len < end - w->at ? len : end - w->at, skip);
    return 0;
}

static int walk_part(struct walk *w, struct span payload, uint32_t end)
{
    struct reader r = reader_on(payload.b, payload.len, false);
    get_u16(&r);
    uint32_t skip = get_u16(&r);

    if (r.err)
        return r.err;
    do {
        struct span run = get_vector(&r, 2);
        if (r.err || run.len > end - w->at || (skip && run.len))
            return ERR_LENGTH;
        tell(w, STRETCH_BYTES, run.b, run.len, 0);
        if (reader_left(&r) > 0 && walk_token(w, &r, skip, end))
            return ERR_VALUE;
        skip = 0;
    } while (reader_left(&r) > 0);
    return w->at == end ? 0 : ERR_LENGTH;
}

int stretch_walk(const struct header *h, struct span payload, void (*each)(void *arg, const struct stretch *), void *arg)
{
    struct walk w = {.each = each, .arg = arg, .at = FRAGMENT_OFFSET(h->fragment)};
    uint32_t true_len = h->length - header_bytes(h);

    if (payload.len > true_len)
        return ERR_LENGTH;
    if (payload.len == true_len) {
        tell(&w, STRETCH_BYTES, payload.b, payload.len, 0);
        return 0;
    }
    return header_is_whole(h) ? walk_whole(&w, payload, true_len) : walk_part(&w, payload, w.at + true_len);
}
