/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lengths on the wire count true bytes already, so unfolding replaces tokens and copies all else. The readers find the tokens: each is the
 * last thing that signature_read, stored_data_read or certificate_read consumed. */
#include "proto/wire/fold.h"

#include "proto/base/hash.h"
#include "proto/wire/body.h"
#include "proto/wire/frame.h"

/* The window [from, to) of the true payload that goes out. */
struct unfolding {
    const struct fold_names *names;
    const uint8_t *copied; /* how far the input has gone out */
    uint32_t at, from, to; /* true positions */
    uint8_t *out;
};

static void emit(struct unfolding *u, const void *bytes, uint32_t len)
{
    uint32_t start = u->at > u->from ? u->at : u->from, end = u->at + len < u->to ? u->at + len : u->to;

    if (start < end)
        memcpy(u->out + (start - u->from), (const uint8_t *)bytes + (start - u->at), end - start);
    u->at += len;
}

static void emit_input(struct unfolding *u, const uint8_t *end)
{
    emit(u, u->copied, (uint32_t)(end - u->copied));
    u->copied = end;
}

static void emit_signature(struct unfolding *u, const struct reader *r, const struct signature *s)
{
    uint8_t der[CERTIFICATE_DER_BYTES], b[SIGNATURE_TRUE_BYTES] = {4, 1, IDENTITY_CERT_HASH, 0, 34, HASH_SHA256, 32};
    struct writer value = writer_on(b + sizeof b - SIGNATURE_VALUE_BYTES - 2, SIGNATURE_VALUE_BYTES + 2, false);

    if (r->err || s->signer == PEER_NONE)
        return;
    emit_input(u, r->p - SIGNATURE_TOKEN_BYTES);
    u->copied = r->p;
    fold_certificate(u->names, s->signer, der);
    u->names->sha256(u->names->arg, der, sizeof der, b + 7);
    put_u16(&value, SIGNATURE_VALUE_BYTES);
    for (uint64_t i = 0; i < SIGNATURE_VALUE_BYTES / 8; i++)
        put_u64(&value, i ? hash64_mix(s->token, i) : s->token);
    emit(u, b, sizeof b);
}

static void emit_certificate(struct unfolding *u, const struct reader *r, const struct certificate *c)
{
    uint8_t der[CERTIFICATE_DER_BYTES], head[3] = {0};

    if (r->err || c->owner == PEER_NONE)
        return;
    emit_input(u, r->p - CERTIFICATE_TOKEN_BYTES);
    u->copied = r->p;
    fold_certificate(u->names, c->owner, der);
    store_be16(head + 1, sizeof der);
    emit(u, head, sizeof head);
    emit(u, der, sizeof der);
}

static void unfold_kinds(struct unfolding *u, struct reader *r, uint32_t end)
{
    struct kind_data k;
    struct stored_data d;

    while (r->true_pos < end) {
        kind_data_next(r, &k);
        while (r->true_pos < k.values_end) {
            stored_data_read(r, kind_model(k.kind), &d);
            emit_signature(u, r, &d.signature);
        }
        vector_end(r, k.values_end);
    }
}

static void unfold_contents(struct unfolding *u, struct reader *r)
{
    uint16_t code = get_u16(r);
    uint32_t end = vector_begin(r, 4), kinds_end;
    struct store_req store;

    if (code == STORE_REQ) {
        store_req_begin(r, &store);
        unfold_kinds(u, r, store.end);
    } else if (code == FETCH_ANS) {
        fetch_ans_begin(r, &kinds_end);
        unfold_kinds(u, r, kinds_end);
    } else {
        reader_take(r, end - r->true_pos);
    }
    vector_end(r, end);
    get_vector(r, 4); /* extensions */
}

/* Contents and security block. */
static int unfold_payload(struct unfolding *u, struct reader *r)
{
    struct certificate c;
    struct signature s;
    uint32_t end;

    u->copied = r->p;
    unfold_contents(u, r);
    end = vector_begin(r, 2);
    while (r->true_pos < end) {
        certificate_read(r, &c);
        emit_certificate(u, r, &c);
    }
    vector_end(r, end);
    signature_read(r, &s);
    emit_signature(u, r, &s);
    emit_input(u, r->p);
    return body_done(r);
}

/* The slice of the payload that this message or fragment stands for must lie inside it, and end it if it is the last. */
static bool slice_fits(const struct header *h, uint32_t to, uint32_t payload_true)
{
    return h->fragment & FRAGMENT_LAST ? to == payload_true : to < payload_true;
}

long fold_unfold_message(const struct fold_names *names, const uint8_t *in, size_t len, size_t true_len, uint8_t *out, size_t cap)
{
    struct reader r = reader_on(in, len, true);
    struct unfolding u = {.names = names};
    struct header h;
    uint32_t head;
    int err = header_read(&r, &h);

    if (err)
        return err;
    if (h.length != true_len)
        return ERR_LENGTH;
    if (true_len > cap)
        return ERR_TOO_LARGE;
    head = header_bytes(&h);
    u.from = FRAGMENT_OFFSET(h.fragment);
    u.to = u.from + (h.length - head);
    u.out = out + head;
    err = unfold_payload(&u, &r);
    if (!err && !slice_fits(&h, u.to, u.at))
        err = ERR_FRAGMENT;
    if (err && len != true_len)
        return err;
    memcpy(out, in, err ? len : head); /* no folded payload, but of the right length: true bytes, such as a fragment of them */
    return (long)true_len;
}

long fold_unfold_frame(const struct fold_names *names, const uint8_t *in, size_t len, size_t true_len, uint8_t *out, size_t cap)
{
    struct frame f;
    long n;
    int err = frame_read(in, len, true_len, &f);

    if (err)
        return err;
    if (true_len > cap)
        return ERR_TOO_LARGE;
    if (f.type == FRAME_ACK) {
        memcpy(out, in, len);
        return (long)len;
    }
    memcpy(out, in, FRAME_DATA_BYTES);
    n = fold_unfold_message(names, f.message.b, f.message.len, f.message_true, out + FRAME_DATA_BYTES, cap - FRAME_DATA_BYTES);
    return n < 0 ? n : n + FRAME_DATA_BYTES;
}
