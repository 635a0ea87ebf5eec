/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/credential.h"

#include <string.h>

#define HASH_BYTES 32u

bool credential_revoked(const struct call *c, peer_h peer)
{
    if (c->o->bad_nodes == 0)
        return false;
    struct id id = c->env->port->id_of(c->env, peer);
    for (unsigned k = 0; k < c->o->bad_nodes; k++)
        if (id_equal(c->o->bad_node[k], id))
            return true;
    return false;
}

static bool hash_is(const struct call *c, const struct signature *s, const struct piece *piece, unsigned pieces)
{
    uint8_t hash[HASH_BYTES];
    c->env->port->hash(c->env, HASH_SHA256, piece, pieces, hash);
    return memcmp(hash, s->identity.b, HASH_BYTES) == 0;
}

/* Whom this identity means by this certificate: the one Node-ID of cert_hash, or that of several which cert_hash_node_id was made with. */
static peer_h signer_by(const struct call *c, const struct signature *s, const struct certificate *cert)
{
    const struct piece der = {cert->der.b, cert->der.len};
    if (s->identity_type == IDENTITY_CERT_HASH) {
        peer_h peer = hash_is(c, s, &der, 1) ? c->env->port->certified(c->env, der, 0) : PEER_NONE;
        return peer != PEER_NONE && c->env->port->certified(c->env, der, 1) == PEER_NONE ? peer : PEER_NONE;
    }
    for (unsigned k = 0;; k++) {
        peer_h peer = c->env->port->certified(c->env, der, k);
        if (peer == PEER_NONE || (k == 0 && c->env->port->certified(c->env, der, 1) == PEER_NONE))
            return PEER_NONE;
        uint8_t id[ID_BYTES];
        id_store(id, c->env->port->id_of(c->env, peer));
        if (hash_is(c, s, (const struct piece[]){{id, sizeof id}, der}, 2))
            return c->env->port->certified(c->env, der, k); /* asked last: its key is the one at hand */
    }
}

/* In true form: by the certificates of the bucket, those of other signers among them. */
static peer_h signer_of(const struct call *c, const struct security *bucket, const struct signature *s)
{
    peer_h peer = PEER_NONE;
    if ((s->identity_type != IDENTITY_CERT_HASH && s->identity_type != IDENTITY_CERT_HASH_NODE_ID) || s->identity_hash_alg != HASH_SHA256 ||
        s->identity.len != HASH_BYTES || s->value.len < 8)
        return PEER_NONE;
    for (unsigned i = 0; i < bucket->certificates && peer == PEER_NONE; i++)
        if (bucket->certificate[i].owner == PEER_NONE)
            peer = signer_by(c, s, &bucket->certificate[i]);
    return peer;
}

bool credential_resolve(struct call *c, const struct security *bucket, struct signature *s)
{
    bool found = false;
    if (s->signer == PEER_NONE) {
        s->signer = signer_of(c, bucket, s);
        found = s->signer != PEER_NONE;
        if (found)
            s->token = load_be64(s->value.b);
    } else {
        for (unsigned i = 0; i < bucket->certificates && !found; i++)
            found = bucket->certificate[i].owner == s->signer;
    }
    if (found && !credential_revoked(c, s->signer))
        return true;
    s->signer = PEER_NONE;
    return false;
}

struct certificate credential_of(struct call *c, peer_h owner)
{
    struct certificate cert = {.owner = owner};
    if (c->o->crypto == CRYPTO_OPENSSL) {
        struct piece der = c->env->port->certificate(c->env, owner);
        cert.der = (struct span){der.b, (uint32_t)der.len};
    }
    return cert;
}
