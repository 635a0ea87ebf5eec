/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/credential.h"

#include <string.h>

#define HASH_BYTES 32u

static bool identity_is(struct call *c, const struct signature *s, const struct certificate *cert)
{
    uint8_t hash[HASH_BYTES];
    if (s->identity_type != IDENTITY_CERT_HASH || s->identity_hash_alg != HASH_SHA256 || s->identity.len != HASH_BYTES || s->value.len < 8)
        return false;
    c->env->port->hash(c->env, HASH_SHA256, &(struct piece){cert->der.b, cert->der.len}, 1, hash);
    return memcmp(hash, s->identity.b, HASH_BYTES) == 0;
}

bool credential_resolve(struct call *c, const struct security *bucket, struct signature *s)
{
    bool folded = s->signer != PEER_NONE;
    for (unsigned i = 0; i < bucket->certificates; i++) {
        const struct certificate *cert = &bucket->certificate[i];
        if (folded ? cert->owner == s->signer : cert->owner == PEER_NONE && identity_is(c, s, cert)) {
            if (folded)
                return true;
            s->signer = c->env->port->certified(c->env, (struct piece){cert->der.b, cert->der.len});
            s->token = load_be64(s->value.b);
            return s->signer != PEER_NONE;
        }
    }
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
