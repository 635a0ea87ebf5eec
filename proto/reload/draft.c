/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/draft.h"

#include <string.h>

#include "proto/reload/configuration.h"
#include "proto/reload/credential.h"

void draft_begin(struct call *c, struct draft *d, uint16_t code)
{
    d->w = writer_on(d->b + DRAFT_HEADROOM, DRAFT_CAP - DRAFT_HEADROOM, c->o->crypto != CRYPTO_OPENSSL);
    d->contents = contents_begin(&d->w, code);
    d->code = code;
    d->options = (struct span){NULL, 0};
    d->owners = 0;
    d->ttl = 0;
    d->extended = false;
}

void draft_owner(struct call *c, struct draft *d, peer_h owner)
{
    if (owner == c->n->self)
        return;
    for (unsigned i = 0; i < d->owners; i++)
        if (d->owner[i] == owner)
            return;
    if (d->owners < CERTIFICATES_MAX - 1)
        d->owner[d->owners++] = owner;
    else
        writer_fail(&d->w, ERR_TOO_LARGE);
}

/* Version, ttl, lengths and the rest of the header without its lists; extensions' length; certificates' length. */
#define AROUND_BYTES (38u + 4u + 2u)

uint32_t draft_true(const struct draft *d, uint32_t destination_bytes)
{
    return AROUND_BYTES + destination_bytes + writer_true(&d->w) + (1 + d->owners) * CERTIFICATE_TRUE_BYTES + SIGNATURE_TRUE_BYTES;
}

static int draft_sign(struct call *c, struct draft *d, uint64_t tid)
{
    uint8_t fixed[12];
    struct writer w = writer_on(fixed, sizeof fixed, false);
    put_u32(&w, c->o->hash);
    put_u64(&w, tid);
    struct piece piece[2] = {{fixed, sizeof fixed}, {d->w.start, writer_len(&d->w)}};
    struct signature signature;
    int err = c->env->port->sign(c->env, piece, 2, &signature);
    if (err)
        return err;
    /* Certificate by certificate: the host lends one at a time. */
    struct mark bucket = put_open(&d->w, 2);
    for (unsigned i = 0; i <= d->owners; i++) {
        struct certificate cert = credential_of(c, i == 0 ? c->n->self : d->owner[i - 1]);
        certificate_put(&d->w, &cert);
    }
    put_close(&d->w, 2, bucket);
    signature_put(&d->w, &signature);
    return d->w.err;
}

struct header draft_header(const struct call *c, uint64_t tid, struct span destination)
{
    return (struct header){.overlay = c->o->hash, .config_sequence = c->o->sequence, .version = RELO_VERSION, .ttl = c->o->initial_ttl,
                           .fragment = FRAGMENT_WHOLE, .transaction = tid, .destination = destination};
}

int draft_close(struct call *c, struct draft *d, uint64_t tid, struct span destination)
{
    contents_end(&d->w, d->contents, &d->extension, d->extended);
    if (d->w.err)
        return d->w.err;
    int err = draft_sign(c, d, tid);
    if (err)
        return err;
    struct header h = draft_header(c, tid, destination);
    h.options = d->options;
    if (d->ttl)
        h.ttl = d->ttl;
    if (d->code == CONFIG_UPDATE_REQ)
        h.config_sequence = SEQUENCE_ANY;
    uint32_t bytes = d->header_bytes = header_bytes(&h);
    if (bytes > DRAFT_HEADROOM)
        return ERR_TOO_LARGE;
    h.length = d->true_len = bytes + writer_true(&d->w);
    if (h.length > c->o->max_message_size)
        return ERR_TOO_LARGE;
    d->message = d->b + DRAFT_HEADROOM - bytes;
    d->len = bytes + writer_len(&d->w);
    struct writer w = writer_on(d->message, bytes, false);
    header_put(&w, &h);
    return w.err;
}
