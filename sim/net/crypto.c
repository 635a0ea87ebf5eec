/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cryptography of a partition. Modelled: a signature is a keyed hash of its exact input and its signer, which the verifier computes again. It proves that
 * not a bit was changed and that the cost was paid; against a node that knows the run's seed it proves nothing, and nodes do not. Hashes are real.
 * True: sim/crypto. In both the CPU pays the same. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/error.h"
#include "proto/wire/security.h"
#include "sim/crypto/credentials.h"
#include "sim/crypto/document.h"
#include "sim/net/host.h"

#define SHA1_BYTES 20u
#define CODE_RSA   1u
#define KEY_OWN    UINT64_C(0x6f776e206b657973)

static struct host *host_in(const struct env *env)
{
    return env->host;
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "reloadsim: net: %s failed\n", what);
    exit(70);
}

static peer_h peer_of(void *host, struct id id)
{
    const struct host *h = host;
    return handles_identity(&h->handles, id);
}

static struct id authority_id(void *net, peer_h peer)
{
    const struct net *n = net;
    struct handles h; /* those of the partitions are not there yet */
    handles_open(&h, n->config.seed, n->config.identities, NULL);
    return handles_id(&h, peer);
}

static struct id authority_id_now(void *net, peer_h peer)
{
    return net_id(net, peer);
}

static size_t authority_user(void *net, peer_h peer, char out[64])
{
    return net_user_name(net, peer, out);
}

/* A modelled key, from which the Node-ID follows. */
void net_modulus(const struct net *n, peer_h peer, uint8_t out[MODULUS_BYTES])
{
    fold_modulus(hash64_mix(hash64_mix(KEY_OWN, n->config.seed), peer), out);
}

static struct id self_signed_id(void *net, peer_h peer)
{
    const struct net *n = net;
    uint8_t modulus[MODULUS_BYTES], key[PUBLIC_KEY_BYTES];
    if (n->authority)
        return authority_node_id(n->authority, peer);
    net_modulus(n, peer, modulus);
    fold_public_key(modulus, key);
    return certificate_node_id(n->config.overlay->self_signed, key, sizeof key);
}

int authority_begin(struct net *n)
{
    const struct overlay *o = n->config.overlay;
    const struct authority_config c = {.seed = n->config.seed,
                                       .identities = n->config.identities,
                                       .digest = o->self_signed,
                                       .names = {.arg = n, .node_id = authority_id, .user = authority_user, .overlay_name = o->name}};
    if (o->crypto == CRYPTO_OPENSSL && !(n->authority = authority_open(&c)))
        return -ENOMEM;
    return o->self_signed && !own_ids_open(&n->own, n->config.identities, self_signed_id, n) ? -ENOMEM : 0;
}

void crypto_open(struct host *h)
{
    h->digest = EVP_MD_CTX_new();
    h->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    h->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    h->scratch = malloc(SCRATCH_BYTES);
    h->user = malloc(USER_CACHE * sizeof *h->user);
    if (!h->digest || !h->sha1 || !h->sha256 || !h->scratch || !h->user)
        kernel_exhausted("signatures and names");
    for (unsigned k = 0; k < USER_CACHE; k++)
        h->user[k].peer = PEER_NONE;
    if (h->net->authority && !(h->credentials = credentials_open(h->net->authority, h, peer_of)))
        kernel_exhausted("certificates");
}

void crypto_close(struct host *h)
{
    EVP_MD_CTX_free(h->digest);
    EVP_MD_free(h->sha1);
    EVP_MD_free(h->sha256);
    free(h->scratch);
    free(h->user);
    credentials_close(h->credentials);
}

void crypto_hash(struct env *env, enum hash_alg alg, const struct piece *piece, unsigned pieces, uint8_t *out)
{
    const struct host *h = host_in(env);
    EVP_MD_CTX *md = h->digest;
    bool ok = EVP_DigestInit_ex2(md, alg == HASH_SHA1 ? h->sha1 : h->sha256, NULL) == 1;
    for (unsigned k = 0; ok && k < pieces; k++)
        ok = EVP_DigestUpdate(md, piece[k].b, piece[k].len) == 1;
    must(ok && EVP_DigestFinal_ex(md, out, NULL) == 1, "hash");
}

/* The input is the concatenation, so its value must not depend on where it was cut: it is gathered and hashed in steps of fixed length. */
static uint64_t token_of(struct host *h, peer_h signer, const struct piece *piece, unsigned pieces)
{
    uint64_t token = hash64_mix(h->net->sign_key, signer);
    if (pieces == 1 && piece->len <= SCRATCH_BYTES)
        return hash64(token, piece->b, piece->len);
    size_t held = 0;
    for (unsigned k = 0; k < pieces; k++) {
        const uint8_t *b = piece[k].b;
        size_t left = piece[k].len;
        while (left > 0) {
            if (held == SCRATCH_BYTES) {
                token = hash64(token, h->scratch, held);
                held = 0;
            }
            size_t step = left < SCRATCH_BYTES - held ? left : SCRATCH_BYTES - held;
            memcpy(h->scratch + held, b, step);
            held += step;
            b += step;
            left -= step;
        }
    }
    return hash64(token, h->scratch, held);
}

int crypto_sign(struct env *env, const struct piece *piece, unsigned pieces, struct signature *out)
{
    struct host *h = host_in(env);
    trouble_cpu(env, h->net->config.sign_ns);
    if (h->credentials)
        return credentials_sign(h->credentials, env->self, piece, pieces, out);
    *out = (struct signature){.signer = env->self,
                              .token = token_of(h, env->self, piece, pieces),
                              .hash = HASH_SHA256,
                              .sig = CODE_RSA,
                              .identity_type = IDENTITY_CERT_HASH,
                              .identity_hash_alg = HASH_SHA256};
    return 0;
}

int crypto_verify(struct env *env, const struct piece *piece, unsigned pieces, const struct signature *s)
{
    struct host *h = host_in(env);
    /* Who no certificate was issued to has signed nothing; what cannot be our algorithm costs no public-key operation. */
    if (s->signer >= h->net->config.identities || s->hash != HASH_SHA256 || s->sig != CODE_RSA ||
        !(s->identity_type == IDENTITY_CERT_HASH || (h->credentials && s->identity_type == IDENTITY_CERT_HASH_NODE_ID)))
        return ERR_SIGNATURE;
    trouble_cpu(env, h->net->config.verify_ns);
    if (h->credentials)
        return credentials_verify(h->credentials, piece, pieces, s);
    if (env->unix_ms < CERTIFICATE_FROM_MS || env->unix_ms > CERTIFICATE_UNTIL_MS) /* what the modelled certificates say of themselves */
        return ERR_SIGNATURE;
    return s->token == token_of(h, s->signer, piece, pieces) ? 0 : ERR_SIGNATURE;
}

/* ---- SecurityBlocks outside messages: configuration documents ---- */

static void sha256_of(void *arg, const void *b, size_t len, uint8_t out[32])
{
    (void)arg;
    EVP_Digest(b, len, out, NULL, EVP_sha256(), NULL);
}

static void names_modulus(void *net, peer_h peer, uint8_t out[MODULUS_BYTES])
{
    net_modulus(net, peer, out);
}

/* A modelled signature in true form: the token and what follows from it, as in captures. */
static void modelled_value(uint64_t token, uint8_t value[SIGNATURE_VALUE_BYTES])
{
    for (uint64_t i = 0; i < SIGNATURE_VALUE_BYTES / 8; i++)
        store_be64(value + 8 * i, i ? hash64_mix(token, i) : token);
}

/* Certificate and signature of an identity over these bytes. The value is put into `value`. */
static int block_parts(struct host *h, peer_h signer, const struct piece *piece, uint8_t der[CERTIFICATE_DER_BYTES], uint8_t hash[32],
                       uint8_t value[SIGNATURE_VALUE_BYTES])
{
    const struct fold_names names = {.arg = h->net,
                                     .node_id = authority_id_now,
                                     .user = authority_user,
                                     .overlay_name = h->net->config.overlay->name,
                                     .sha256 = sha256_of,
                                     .modulus = h->net->config.overlay->self_signed ? names_modulus : NULL};
    struct signature s;
    if (h->credentials) {
        struct piece own = credentials_certificate(h->credentials, signer);
        if (own.len != CERTIFICATE_DER_BYTES || credentials_sign(h->credentials, signer, piece, 1, &s))
            return ERR_SIGNATURE;
        memcpy(der, own.b, own.len);
        memcpy(value, s.value.b, SIGNATURE_VALUE_BYTES);
    } else {
        if (fold_certificate(&names, signer, der))
            return ERR_SIGNATURE;
        modelled_value(token_of(h, signer, piece, 1), value);
    }
    sha256_of(NULL, der, CERTIFICATE_DER_BYTES, hash);
    return 0;
}

size_t crypto_block(struct host *h, peer_h signer, const uint8_t *b, size_t len, uint8_t *out, size_t cap)
{
    uint8_t der[CERTIFICATE_DER_BYTES], hash[32], value[SIGNATURE_VALUE_BYTES];
    struct writer w = writer_on(out, cap, false);
    if (block_parts(h, signer, &(struct piece){b, len}, der, hash, value))
        return 0;
    struct security s = {.certificates = 1, .certificate = {{.owner = PEER_NONE, .der = {der, sizeof der}}}};
    s.signature = (struct signature){.signer = PEER_NONE, .hash = HASH_SHA256, .sig = CODE_RSA, .identity_type = IDENTITY_CERT_HASH,
                                     .identity_hash_alg = HASH_SHA256, .identity = {hash, sizeof hash}, .value = {value, sizeof value}};
    security_put(&w, &s);
    return w.err ? 0 : writer_len(&w);
}

/* Modelled blocks are made again and compared. */
static bool block_is(struct host *h, peer_h signer, const struct piece *piece, const uint8_t *block, size_t block_len)
{
    uint8_t again[DOCUMENT_BLOCK_MAX];
    size_t len = crypto_block(h, signer, piece->b, piece->len, again, sizeof again);
    return len && len == block_len && memcmp(again, block, len) == 0;
}

int crypto_block_check(struct env *env, struct id signer, const uint8_t *b, size_t len, const uint8_t *block, size_t block_len)
{
    struct host *h = host_in(env);
    peer_h peer = handles_identity(&h->handles, signer);
    struct piece piece = {b, len};
    struct reader r = reader_on(block, block_len, false);
    struct security s;
    if (security_read(&r, &s) || reader_left(&r) > 0 || s.certificates != 1 || peer == PEER_NONE)
        return ERR_SIGNATURE;
    if (!h->credentials)
        return block_is(h, peer, &piece, block, block_len) ? 0 : ERR_SIGNATURE;
    s.signature.signer = credentials_certified(h->credentials, (struct piece){s.certificate[0].der.b, s.certificate[0].der.len}, 0, env->unix_ms);
    return s.signature.signer == peer ? credentials_verify(h->credentials, &piece, 1, &s.signature) : ERR_SIGNATURE;
}

/* RFC 6940 10.2: a Resource-ID is the first 128 bits of the SHA-1 of the name. */
static struct id user_id(struct host *h, peer_h peer)
{
    char name[64];
    uint8_t digest[SHA1_BYTES];
    struct piece piece = {name, net_user_name(h->net, peer, name)};
    struct env env = {.host = h};
    crypto_hash(&env, HASH_SHA1, &piece, 1, digest);
    return id_load(digest);
}

struct id crypto_user_of(struct env *env, peer_h peer)
{
    struct host *h = host_in(env);
    struct user_entry *u = &h->user[peer % USER_CACHE];
    if (u->peer != peer)
        *u = (struct user_entry){peer, user_id(h, peer)};
    return u->id;
}

struct piece crypto_certificate(struct env *env, peer_h peer)
{
    const struct host *h = host_in(env);
    return h->credentials ? credentials_certificate(h->credentials, peer) : (struct piece){NULL, 0};
}

peer_h crypto_certified(struct env *env, struct piece der, unsigned index)
{
    const struct host *h = host_in(env);
    return h->credentials ? credentials_certified(h->credentials, der, index, env->unix_ms) : PEER_NONE;
}
