/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/crypto/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/error.h"

#define HASH_BYTES     32u
#define CODE_RSA       1u
#define CHECKED        1024u /* direct-mapped by the certificate's hash */
#define IDENTITY_BYTES 37u

struct authority {
    struct authority_config config;
    struct keys *keys;
    struct certificate_trust trust;
    struct fold_names names; /* with the Node-IDs of this authority */
};

struct issued {
    uint8_t hash[HASH_BYTES];
    uint8_t der[CERTIFICATE_DER_BYTES];
};

/* Under the hash of a certificate with one Node-ID; of one with several, under that of each Node-ID with the certificate (6.3.4). */
struct checked {
    uint8_t hash[HASH_BYTES];
    uint8_t identity; /* enum identity_type */
    EVP_PKEY *key; /* NULL: an empty place */
    peer_h peer;
    int64_t from_s, until_s;
};

struct credentials {
    const struct authority *authority;
    void *arg;
    peer_h (*peer_of)(void *arg, struct id);
    EVP_MD_CTX *md;
    struct issued **issued; /* by identity; NULL: not yet */
    struct checked checked[CHECKED];
    uint8_t signature[SIGNATURE_VALUE_BYTES];
};

static void hash_of(const uint8_t *b, size_t len, uint8_t out[HASH_BYTES])
{
    EVP_Digest(b, len, out, NULL, EVP_sha256(), NULL);
}

/* ---- the authority ---- */

static struct id own_node_id(void *arg, peer_h peer)
{
    return authority_node_id(arg, peer);
}

struct id authority_node_id(const struct authority *a, peer_h peer)
{
    uint8_t key[PUBLIC_KEY_BYTES];
    if (!a->config.digest)
        return a->config.names.node_id(a->config.names.arg, peer);
    fold_public_key(keys_modulus(a->keys, peer), key);
    return certificate_node_id(a->config.digest, key, sizeof key);
}

static size_t user_of(const struct authority *a, peer_h peer, char out[64])
{
    return a->config.names.user(a->config.names.arg, peer, out);
}

static size_t own_user(void *arg, peer_h peer, char out[64])
{
    return user_of(arg, peer, out);
}

static bool sign_with(EVP_PKEY *key, const uint8_t *b, size_t len, uint8_t out[SIGNATURE_VALUE_BYTES])
{
    size_t n = SIGNATURE_VALUE_BYTES;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 && EVP_DigestSign(md, out, &n, b, len) == 1 && n == SIGNATURE_VALUE_BYTES;
    EVP_MD_CTX_free(md);
    return ok;
}

bool authority_issue(const struct authority *a, peer_h names, const char *validity, peer_h holder, peer_h signer, uint8_t der[CERTIFICATE_DER_BYTES])
{
    EVP_PKEY *key = signer == PEER_NONE ? keys_issuer(a->keys) : keys_of(a->keys, signer);
    return fold_certificate_form(&a->names, names, keys_modulus(a->keys, holder), validity, der) == 0 &&
           sign_with(key, der + CERTIFICATE_TBS_AT, CERTIFICATE_TBS_BYTES, der + CERTIFICATE_DER_BYTES - SIGNATURE_VALUE_BYTES);
}

const struct certificate_trust *authority_trust(const struct authority *a)
{
    return &a->trust;
}

struct authority *authority_open(const struct authority_config *c)
{
    uint8_t leaf[CERTIFICATE_DER_BYTES];
    struct authority *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->config = *c;
    a->names = (struct fold_names){.arg = a, .node_id = own_node_id, .user = own_user, .overlay_name = c->names.overlay_name};
    a->trust = (struct certificate_trust){.overlay_name = c->names.overlay_name, .digest = c->digest};
    a->keys = keys_open(c->seed, c->identities, c->digest != 0);
    bool ok = a->keys && authority_issue(a, 0, NULL, 0, PEER_NONE, leaf);
    if (ok && !c->digest)
        ok = (a->trust.issuer = certificate_root(keys_issuer(a->keys), leaf, sizeof leaf)) != NULL;
    if (!ok) {
        authority_close(a);
        return NULL;
    }
    return a;
}

void authority_close(struct authority *a)
{
    if (!a)
        return;
    X509_free(a->trust.issuer);
    keys_close(a->keys);
    free(a);
}

/* ---- what a partition keeps ---- */

struct credentials *credentials_open(const struct authority *a, void *arg, peer_h (*peer_of)(void *arg, struct id))
{
    struct credentials *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->authority = a;
    c->arg = arg;
    c->peer_of = peer_of;
    c->md = EVP_MD_CTX_new();
    c->issued = calloc(a->config.identities, sizeof(struct issued *));
    if (!c->md || !c->issued) {
        credentials_close(c);
        return NULL;
    }
    return c;
}

void credentials_close(struct credentials *c)
{
    if (!c)
        return;
    for (uint32_t k = 0; c->issued && k < c->authority->config.identities; k++)
        free(c->issued[k]);
    for (unsigned k = 0; k < CHECKED; k++)
        EVP_PKEY_free(c->checked[k].key);
    free(c->issued);
    EVP_MD_CTX_free(c->md);
    free(c);
}

static const struct issued *issued_to(struct credentials *c, peer_h peer)
{
    const struct authority *a = c->authority;
    if (peer >= a->config.identities)
        return NULL;
    struct issued *x = c->issued[peer];
    if (x)
        return x;
    x = malloc(sizeof *x);
    if (!x || !authority_issue(a, peer, NULL, peer, a->config.digest ? peer : PEER_NONE, x->der)) {
        free(x);
        return NULL;
    }
    hash_of(x->der, sizeof x->der, x->hash);
    return c->issued[peer] = x;
}

struct piece credentials_certificate(struct credentials *c, peer_h peer)
{
    const struct issued *x = issued_to(c, peer);
    return x ? (struct piece){x->der, sizeof x->der} : (struct piece){NULL, 0};
}

static struct checked *checked_at(struct credentials *c, const uint8_t hash[HASH_BYTES])
{
    return &c->checked[load_be32(hash) % CHECKED];
}

/* The user name belongs to the identity too: nobody enrolls twice. */
static bool user_is(struct credentials *c, peer_h peer, const char *user)
{
    char own[64];
    size_t len = user_of(c->authority, peer, own);
    return strlen(user) == len && memcmp(user, own, len) == 0;
}

static void hash_of_several(struct id node, struct piece der, uint8_t out[HASH_BYTES])
{
    uint8_t id[ID_BYTES];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    id_store(id, node);
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(md, id, sizeof id) == 1 && EVP_DigestUpdate(md, der.b, der.len) == 1 &&
              EVP_DigestFinal_ex(md, out, NULL) == 1;
    if (!ok)
        memset(out, 0, HASH_BYTES);
    EVP_MD_CTX_free(md);
}

/* The user name has to be that of each identity. */
static bool names_agree(struct credentials *c, const struct certificate_facts *f, peer_h peer[CERTIFICATE_NODES_MAX])
{
    for (unsigned k = 0; k < f->nodes; k++) {
        peer[k] = c->peer_of(c->arg, f->node[k]);
        if (peer[k] >= c->authority->config.identities || !user_is(c, peer[k], f->user))
            return false;
    }
    return true;
}

static void checked_put(struct credentials *c, const uint8_t hash[HASH_BYTES], uint8_t identity, const struct certificate_facts *f, peer_h peer)
{
    struct checked *k = checked_at(c, hash);
    if (EVP_PKEY_up_ref(f->key) != 1)
        return;
    EVP_PKEY_free(k->key);
    *k = (struct checked){.identity = identity, .key = f->key, .peer = peer, .from_s = f->from_s, .until_s = f->until_s};
    memcpy(k->hash, hash, HASH_BYTES);
}

peer_h credentials_certified(struct credentials *c, struct piece der, unsigned index, uint64_t unix_ms)
{
    uint8_t hash[HASH_BYTES];
    struct certificate_facts f;
    peer_h peer[CERTIFICATE_NODES_MAX];
    int64_t now_s = (int64_t)(unix_ms / 1000);
    hash_of(der.b, der.len, hash);
    const struct checked *k = checked_at(c, hash);
    if (k->key && k->identity == IDENTITY_CERT_HASH && memcmp(k->hash, hash, sizeof hash) == 0)
        return index == 0 && now_s >= k->from_s && now_s <= k->until_s ? k->peer : PEER_NONE;
    if (certificate_check(&c->authority->trust, der.b, der.len, now_s, &f))
        return PEER_NONE;
    bool good = index < f.nodes && names_agree(c, &f, peer);
    if (good && f.nodes > 1)
        hash_of_several(f.node[index], der, hash);
    if (good)
        checked_put(c, hash, f.nodes > 1 ? IDENTITY_CERT_HASH_NODE_ID : IDENTITY_CERT_HASH, &f, peer[index]);
    EVP_PKEY_free(f.key);
    return good ? peer[index] : PEER_NONE;
}

/* ---- signatures ---- */

/* SignerIdentity, which every signature input ends with: cert_hash or cert_hash_node_id, SHA-256. */
static void identity_bytes(uint8_t identity, const uint8_t hash[HASH_BYTES], uint8_t out[IDENTITY_BYTES])
{
    const uint8_t head[] = {identity, 0, 2 + HASH_BYTES, HASH_SHA256, HASH_BYTES};
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, hash, HASH_BYTES);
}

int credentials_sign(struct credentials *c, peer_h signer, const struct piece *piece, unsigned pieces, struct signature *out)
{
    const struct issued *x = issued_to(c, signer);
    uint8_t identity[IDENTITY_BYTES];
    size_t n = sizeof c->signature;
    if (!x)
        return ERR_SIGNATURE;
    identity_bytes(IDENTITY_CERT_HASH, x->hash, identity);
    bool ok = EVP_DigestSignInit(c->md, NULL, EVP_sha256(), NULL, keys_of(c->authority->keys, signer)) == 1;
    for (unsigned k = 0; ok && k < pieces; k++)
        ok = EVP_DigestSignUpdate(c->md, piece[k].b, piece[k].len) == 1;
    ok = ok && EVP_DigestSignUpdate(c->md, identity, sizeof identity) == 1 && EVP_DigestSignFinal(c->md, c->signature, &n) == 1 &&
         n == sizeof c->signature;
    EVP_MD_CTX_reset(c->md);
    *out = (struct signature){.signer = signer,
                              .token = load_be64(c->signature),
                              .hash = HASH_SHA256,
                              .sig = CODE_RSA,
                              .identity_type = IDENTITY_CERT_HASH,
                              .identity_hash_alg = HASH_SHA256,
                              .identity = {x->hash, HASH_BYTES},
                              .value = {c->signature, SIGNATURE_VALUE_BYTES}};
    return ok ? 0 : ERR_SIGNATURE;
}

int credentials_verify(struct credentials *c, const struct piece *piece, unsigned pieces, const struct signature *s)
{
    uint8_t identity[IDENTITY_BYTES];
    if (s->hash != HASH_SHA256 || s->sig != CODE_RSA || s->identity.len != HASH_BYTES)
        return ERR_SIGNATURE;
    const struct checked *k = checked_at(c, s->identity.b); /* it was checked a moment ago, when the signer was found by it */
    if (!k->key || k->identity != s->identity_type || k->peer != s->signer || memcmp(k->hash, s->identity.b, HASH_BYTES) != 0)
        return ERR_SIGNATURE;
    identity_bytes(k->identity, k->hash, identity);
    bool ok = EVP_DigestVerifyInit(c->md, NULL, EVP_sha256(), NULL, k->key) == 1;
    for (unsigned i = 0; ok && i < pieces; i++)
        ok = EVP_DigestVerifyUpdate(c->md, piece[i].b, piece[i].len) == 1;
    ok = ok && EVP_DigestVerifyUpdate(c->md, identity, sizeof identity) == 1 && EVP_DigestVerifyFinal(c->md, s->value.b, s->value.len) == 1;
    EVP_MD_CTX_reset(c->md);
    return ok ? 0 : ERR_SIGNATURE;
}
