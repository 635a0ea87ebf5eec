/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/wire/security.h"

enum { CODE_SHA256 = 4, CODE_RSA = 1, CERTIFICATE_X509 = 0 };
/* True bytes of the SignerIdentity that a token stands for: type, length, hash algorithm, hash length, SHA-256. */
#define IDENTITY_TRUE_BYTES 37

static bool token_next(const struct reader *r, uint8_t kind)
{
    return r->folded && reader_left(r) && *r->p == kind;
}

static void signature_clear(struct signature *s)
{
    *s = (struct signature){.signer = PEER_NONE};
}

static int token_read(struct reader *r, struct signature *s)
{
    const uint8_t *b = reader_take(r, SIGNATURE_TOKEN_BYTES);
    if (!b)
        return r->err;
    r->true_pos += SIGNATURE_TRUE_BYTES - SIGNATURE_TOKEN_BYTES;
    s->signer = load_be32(b + 1);
    s->token = load_be64(b + 5);
    s->hash = CODE_SHA256;
    s->sig = CODE_RSA;
    s->identity_type = IDENTITY_CERT_HASH;
    s->identity_hash_alg = CODE_SHA256;
    if (s->signer == PEER_NONE)
        reader_fail(r, ERR_VALUE);
    return r->err;
}

/* SignerIdentity, RFC 6940 6.3.4. */
static void identity_read(struct reader *r, struct signature *s)
{
    uint16_t length;

    s->identity_type = get_u8(r);
    length = get_u16(r);
    switch (s->identity_type) {
    case IDENTITY_CERT_HASH:
    case IDENTITY_CERT_HASH_NODE_ID:
        s->identity_hash_alg = get_u8(r);
        s->identity = get_vector(r, 1);
        if (!r->err && s->identity.len + 2u != length)
            reader_fail(r, ERR_LENGTH);
        break;
    case IDENTITY_NONE:
        if (length)
            reader_fail(r, ERR_LENGTH);
        break;
    default:
        s->identity_raw = get_bytes(r, length);
        break;
    }
}

int signature_read(struct reader *r, struct signature *s)
{
    signature_clear(s);
    if (token_next(r, TOKEN_SIGNATURE))
        return token_read(r, s);
    s->hash = get_u8(r);
    s->sig = get_u8(r);
    identity_read(r, s);
    s->value = get_vector(r, 2);
    return r->err;
}

static bool signature_folds(const struct writer *w, const struct signature *s)
{
    return w->fold && s->signer != PEER_NONE && s->identity_type != IDENTITY_NONE;
}

void identity_put(struct writer *w, const struct signature *s)
{
    if (signature_folds(w, s)) {
        put_u8(w, TOKEN_SIGNATURE);
        put_u32(w, s->signer);
        w->extra += IDENTITY_TRUE_BYTES - 5;
        return;
    }
    put_u8(w, s->identity_type);
    switch (s->identity_type) {
    case IDENTITY_CERT_HASH:
    case IDENTITY_CERT_HASH_NODE_ID:
        put_u16(w, (uint16_t)(s->identity.len + 2));
        put_u8(w, s->identity_hash_alg);
        put_vector(w, 1, s->identity.b, s->identity.len);
        break;
    case IDENTITY_NONE:
        put_u16(w, 0);
        break;
    default:
        put_vector(w, 2, s->identity_raw.b, s->identity_raw.len);
        break;
    }
}

void signature_put(struct writer *w, const struct signature *s)
{
    if (signature_folds(w, s)) {
        put_u8(w, TOKEN_SIGNATURE);
        put_u32(w, s->signer);
        put_u64(w, s->token);
        w->extra += SIGNATURE_TRUE_BYTES - SIGNATURE_TOKEN_BYTES;
        return;
    }
    if (w->fold && s->hash == TOKEN_SIGNATURE) /* would be read back as a token */
        writer_fail(w, ERR_VALUE);
    put_u8(w, s->hash);
    put_u8(w, s->sig);
    identity_put(w, s);
    put_vector(w, 2, s->value.b, s->value.len);
}

int certificate_read(struct reader *r, struct certificate *c)
{
    *c = (struct certificate){.owner = PEER_NONE};
    if (token_next(r, TOKEN_CERTIFICATE)) {
        const uint8_t *b = reader_take(r, CERTIFICATE_TOKEN_BYTES);
        if (!b)
            return r->err;
        r->true_pos += CERTIFICATE_TRUE_BYTES - CERTIFICATE_TOKEN_BYTES;
        c->owner = load_be32(b + 1);
        if (c->owner == PEER_NONE)
            reader_fail(r, ERR_VALUE);
        return r->err;
    }
    c->type = get_u8(r);
    if (c->type != CERTIFICATE_X509)
        reader_fail(r, ERR_UNKNOWN);
    c->der = get_vector(r, 2);
    return r->err;
}

void certificate_put(struct writer *w, const struct certificate *c)
{
    if (w->fold && c->owner != PEER_NONE) {
        put_u8(w, TOKEN_CERTIFICATE);
        put_u32(w, c->owner);
        w->extra += CERTIFICATE_TRUE_BYTES - CERTIFICATE_TOKEN_BYTES;
        return;
    }
    put_u8(w, c->type);
    put_vector(w, 2, c->der.b, c->der.len);
}

int security_read(struct reader *r, struct security *s)
{
    uint32_t end = vector_begin(r, 2);

    s->certificates = 0;
    while (r->true_pos < end) {
        if (s->certificates == CERTIFICATES_MAX)
            reader_fail(r, ERR_TOO_LARGE);
        else
            certificate_read(r, &s->certificate[s->certificates++]);
    }
    vector_end(r, end);
    return signature_read(r, &s->signature);
}

void security_put(struct writer *w, const struct security *s)
{
    struct mark m = put_open(w, 2);
    for (unsigned i = 0; i < s->certificates; i++)
        certificate_put(w, &s->certificate[i]);
    put_close(w, 2, m);
    signature_put(w, &s->signature);
}
