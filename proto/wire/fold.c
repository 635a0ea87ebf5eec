/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lengths on the wire count true bytes already, so unfolding replaces tokens and copies all else. */
#include "proto/wire/fold.h"

#include "proto/base/hash.h"
#include "proto/wire/frame.h"
#include "proto/wire/stretch.h"

/* Where the true payload goes. */
struct unfolding {
    const struct fold_names *names;
    uint8_t *out;
    uint32_t from, cap; /* true position of out[0]; bytes that fit */
};

static void signature_unfold(const struct fold_names *names, const uint8_t *token, uint8_t b[SIGNATURE_TRUE_BYTES])
{
    static const uint8_t head[7] = {4, 1, IDENTITY_CERT_HASH, 0, 34, HASH_SHA256, 32};
    uint8_t der[CERTIFICATE_DER_BYTES];
    uint64_t value = load_be64(token + 5);
    struct writer w = writer_on(b + SIGNATURE_TRUE_BYTES - SIGNATURE_VALUE_BYTES - 2, SIGNATURE_VALUE_BYTES + 2, false);

    memcpy(b, head, sizeof head);
    fold_certificate(names, load_be32(token + 1), der);
    names->sha256(names->arg, der, sizeof der, b + sizeof head);
    put_u16(&w, SIGNATURE_VALUE_BYTES);
    for (uint64_t i = 0; i < SIGNATURE_VALUE_BYTES / 8; i++)
        put_u64(&w, i ? hash64_mix(value, i) : value);
}

/* A certificate of the security block has a type and a length before it, a stored one is DER alone. */
static void certificate_unfold(const struct fold_names *names, const uint8_t *token, bool stored, uint8_t b[CERTIFICATE_TRUE_BYTES])
{
    uint8_t *der = b;
    if (!stored) {
        b[0] = 0;
        store_be16(b + 1, CERTIFICATE_DER_BYTES);
        der += 3;
    }
    fold_certificate(names, load_be32(token + 1), der);
}

static void unfold(void *arg, const struct stretch *x)
{
    struct unfolding *u = arg;
    uint8_t b[CERTIFICATE_TRUE_BYTES];
    const uint8_t *from = x->b;

    if (x->kind != STRETCH_BYTES) {
        if (x->kind == STRETCH_SIGNATURE)
            signature_unfold(u->names, x->b, b);
        else
            certificate_unfold(u->names, x->b, x->kind == STRETCH_DER, b);
        from = b + x->skip;
    }
    if (x->at - u->from <= u->cap && x->len <= u->cap - (x->at - u->from)) /* what does not fit is found to be wrong at the end */
        memcpy(u->out + (x->at - u->from), from, x->len);
}

long fold_unfold_message(const struct fold_names *names, const uint8_t *in, size_t len, size_t true_len, uint8_t *out, size_t cap)
{
    struct reader r = reader_on(in, len, false);
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
    struct unfolding u = {.names = names, .out = out + head, .from = FRAGMENT_OFFSET(h.fragment), .cap = h.length - head};
    err = stretch_walk(&h, (struct span){r.p, (uint32_t)reader_left(&r)}, unfold, &u);
    if (err)
        return err;
    memcpy(out, in, head);
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
