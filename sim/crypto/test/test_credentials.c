/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: keys follow from the seed alone (digests of known ones), are sound and different; certificates have the modelled length, parse, chain to the root
 * and carry Node-ID and user; self-signed ones have the digest of their key as Node-ID; whatever is wrong with a certificate refuses it for that
 * reason; signatures hold for their input, signer and certificate only. And through a node, in each mode: messages and values of a wrong signer, with
 * an expired certificate, with another's Node-ID, altered, or without their certificate are dropped or refused. Certificates with several Node-IDs, which nobody here enrolls
 * for, are read: each of theirs signs by cert_hash_node_id, and by nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/error.h"
#include "proto/fact.h"
#include "proto/reload/credential.h"
#include "proto/store/test/rig.h"
#include "proto/test/stage.h"
#include "sim/crypto/credentials.h"

#define SEED   7u
#define PEERS  8u
#define NOW_MS UINT64_C(1255910400000) /* 2009-10-19 */
#define NAME   "overlay.example.org"

static struct id random_node(void *arg, peer_h peer)
{
    (void)arg;
    return (struct id){0x1111111111111111u * (peer + 1), peer};
}

static size_t user_name(void *arg, peer_h peer, char out[64])
{
    (void)arg;
    return (size_t)snprintf(out, 64, "u%010u@%s", (unsigned)peer, NAME);
}

static struct authority *authority_new(enum hash_alg digest)
{
    struct authority *a = authority_open(&(struct authority_config){
        .seed = SEED, .identities = PEERS, .digest = digest, .names = {.node_id = random_node, .user = user_name, .overlay_name = NAME}});
    assert_non_null(a);
    return a;
}

static peer_h peer_of(void *arg, struct id id)
{
    for (peer_h p = 0; p < PEERS; p++)
        if (id_equal(authority_node_id(arg, p), id))
            return p;
    return PEER_NONE;
}

static void keys_follow_from_the_seed(void **state)
{
    (void)state;
    struct keys *a = keys_open(SEED, 3, true), *b = keys_open(SEED, 1, false), *c = keys_open(SEED + 1, 1, false);
    assert_true(a && b && c);
    assert_memory_equal(keys_modulus(a, 0), keys_modulus(b, 0), MODULUS_BYTES);
    assert_memory_not_equal(keys_modulus(a, 0), keys_modulus(a, 1), MODULUS_BYTES);
    assert_memory_not_equal(keys_modulus(a, 0), keys_modulus(c, 0), MODULUS_BYTES);
    assert_int_equal(keys_modulus(a, 0)[0] >> 7, 1);
    assert_int_equal(EVP_PKEY_get_bits(keys_of(a, 2)), 2048);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(keys_of(a, 2), NULL);
    assert_int_equal(EVP_PKEY_check(ctx), 1); /* OpenSSL's own test of primes and exponents */
    EVP_PKEY_CTX_free(ctx);
    keys_close(a);
    keys_close(b);
    keys_close(c);
}

static enum certificate_fault judge(const struct authority *a, const uint8_t *der, size_t len, struct certificate_facts *f)
{
    enum certificate_fault fault = certificate_check(authority_trust(a), der, len, (int64_t)(NOW_MS / 1000), f);
    EVP_PKEY_free(f->key);
    return fault;
}

static void certificates_name_node_and_user(void **state)
{
    (void)state;
    static const enum hash_alg digest[] = {0, HASH_SHA1, HASH_SHA256};
    for (unsigned k = 0; k < 3; k++) {
        struct authority *a = authority_new(digest[k]);
        struct credentials *c = credentials_open(a, a, peer_of);
        struct certificate_facts f;
        struct piece der = credentials_certificate(c, 3);
        assert_int_equal(der.len, CERTIFICATE_DER_BYTES); /* the model's size is the true one */
        assert_int_equal(judge(a, der.b, der.len, &f), CERTIFICATE_GOOD);
        assert_string_equal(f.user, "u0000000003@" NAME);
        assert_true(id_equal(f.node[0], authority_node_id(a, 3)));
        assert_int_equal(id_equal(f.node[0], random_node(NULL, 3)), digest[k] == 0);
        assert_int_equal(credentials_certified(c, der, 0, NOW_MS), 3);
        assert_int_equal(credentials_certified(c, der, 1, NOW_MS), PEER_NONE);
        assert_int_equal(credentials_certified(c, der, 0, CERTIFICATE_UNTIL_MS + 1000), PEER_NONE); /* checked before, and expired since */
        assert_int_equal(credentials_certified(c, (struct piece){der.b, der.len - 1}, 0, NOW_MS), PEER_NONE);
        credentials_close(c);
        authority_close(a);
    }
}

static void wrong_certificates_are_refused(void **state)
{
    (void)state;
    struct authority *a = authority_new(0), *own = authority_new(HASH_SHA1);
    struct certificate_facts f;
    uint8_t der[CERTIFICATE_DER_BYTES];
    assert_true(authority_issue(a, 1, "000101000000Z090101000000Z", 1, PEER_NONE, der));
    assert_int_equal(judge(a, der, sizeof der, &f), CERTIFICATE_NOT_NOW); /* expired */
    assert_true(authority_issue(a, 1, "300101000000Z310101000000Z", 1, PEER_NONE, der));
    assert_int_equal(judge(a, der, sizeof der, &f), CERTIFICATE_NOT_NOW); /* not yet */
    assert_true(authority_issue(a, 1, NULL, 1, 1, der));
    assert_int_equal(judge(a, der, sizeof der, &f), CERTIFICATE_UNTRUSTED); /* signed by itself, where an enrollment server should */
    assert_true(authority_issue(own, 1, NULL, 2, 2, der));
    assert_int_equal(judge(own, der, sizeof der, &f), CERTIFICATE_NODE_ID); /* a Node-ID that is not its key's: theft, 11.3.1 */
    assert_true(authority_issue(own, 1, NULL, 1, 2, der));
    assert_int_equal(judge(own, der, sizeof der, &f), CERTIFICATE_UNTRUSTED); /* its key's, but another signed */
    struct certificate_trust elsewhere = *authority_trust(a);
    elsewhere.overlay_name = "overlay.example.net";
    assert_true(authority_issue(a, 1, NULL, 1, PEER_NONE, der));
    assert_int_equal(certificate_check(&elsewhere, der, sizeof der, (int64_t)(NOW_MS / 1000), &f), CERTIFICATE_OTHER_OVERLAY);
    assert_int_equal(judge(a, der, sizeof der, &f), CERTIFICATE_GOOD);
    for (unsigned at = 0; at < sizeof der; at += 5) { /* any byte: what is not the signature is signed */
        der[at] ^= 4;
        assert_int_not_equal(judge(a, der, sizeof der, &f), CERTIFICATE_GOOD);
        der[at] ^= 4;
    }
    authority_close(own);
    authority_close(a);
}

/* ---- several Node-IDs ---- */

/* A certificate that names these, holds the key of peer `holder` and is signed by that key, or by the issuer's of `a`. Its length. */
static size_t several_issue(const struct keys *k, peer_h holder, bool enrolled, const struct certificate_trust *t, const struct id *node, unsigned n, uint8_t der[2048])
{
    char names[1024] = "email:u0000000003@" NAME;
    for (unsigned i = 0; i < n; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), ",URI:reload://0110%016llx%016llx@%s/", (unsigned long long)node[i].hi, (unsigned long long)node[i].lo, NAME);
    X509 *x = X509_new();
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, names);
    EVP_PKEY *key = keys_of(k, holder), *by = enrolled ? keys_issuer(k) : key;
    assert_true(x && e && X509_set_version(x, X509_VERSION_3) && ASN1_INTEGER_set(X509_get_serialNumber(x), 7) && ASN1_TIME_set_string(X509_getm_notBefore(x), "000101000000Z") &&
                ASN1_TIME_set_string(X509_getm_notAfter(x), "491231235959Z") && X509_set_pubkey(x, key) && X509_add_ext(x, e, -1));
    if (enrolled)
        assert_true(X509_set_issuer_name(x, X509_get_subject_name(t->issuer)));
    assert_true(X509_sign(x, by, EVP_sha256()) > 0);
    int len = i2d_X509(x, &(uint8_t *){der});
    assert_true(len > 0 && len <= 2048);
    X509_EXTENSION_free(e);
    X509_free(x);
    return (size_t)len;
}

static peer_h any_peer(void *arg, struct id id)
{
    const struct id *node = arg;
    for (peer_h p = 0; p < PEERS; p++)
        if (id_equal(node[p], id))
            return p;
    return PEER_NONE;
}

static size_t user_three(void *arg, peer_h peer, char out[64])
{
    (void)peer;
    return user_name(arg, 3, out);
}

/* A signature by this key under the second form of identity, whose input ends with it. */
static void sign_as(EVP_PKEY *key, struct id node, struct piece der, const char *input, uint8_t identity[37], uint8_t value[SIGNATURE_VALUE_BYTES], struct signature *s)
{
    uint8_t b[2048 + ID_BYTES], signed_bytes[256];
    size_t n = SIGNATURE_VALUE_BYTES, len = strlen(input);
    id_store(b, node);
    memcpy(b + ID_BYTES, der.b, der.len);
    memcpy(identity, (const uint8_t[]){IDENTITY_CERT_HASH_NODE_ID, 0, 34, HASH_SHA256, 32}, 5);
    EVP_Digest(b, ID_BYTES + der.len, identity + 5, NULL, EVP_sha256(), NULL);
    memcpy(signed_bytes, input, len);
    memcpy(signed_bytes + len, identity, 37);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_true(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 && EVP_DigestSign(md, value, &n, signed_bytes, len + 37) == 1);
    EVP_MD_CTX_free(md);
    *s = (struct signature){.signer = PEER_NONE, .hash = HASH_SHA256, .sig = 1, .identity_type = IDENTITY_CERT_HASH_NODE_ID, .identity_hash_alg = HASH_SHA256,
                            .identity = {identity + 5, 32}, .value = {value, SIGNATURE_VALUE_BYTES}};
}

static void certificates_may_name_several_nodes(void **state)
{
    (void)state;
    for (unsigned own = 0; own < 2; own++) { /* enrolled, then self-signed */
        struct id node[PEERS] = {{0, 0}};
        struct authority *a = authority_open(&(struct authority_config){
            .seed = SEED, .identities = PEERS, .digest = own ? HASH_SHA256 : 0, .names = {.node_id = random_node, .user = user_three, .overlay_name = NAME}});
        struct keys *k = keys_open(SEED, PEERS, own);
        struct credentials *c = credentials_open(a, node, any_peer);
        struct certificate_facts f;
        uint8_t der[2048], key[PUBLIC_KEY_BYTES], identity[37], value[SIGNATURE_VALUE_BYTES];
        fold_public_key(keys_modulus(k, 3), key);
        for (peer_h p = 0; p < PEERS; p++)
            node[p] = own ? certificate_node_id_of_several(HASH_SHA256, p + 1, key, sizeof key) : random_node(NULL, p);
        size_t len = several_issue(k, 3, !own, authority_trust(a), node, 3, der);
        struct piece cert = {der, len};
        assert_int_equal(judge(a, der, len, &f), CERTIFICATE_GOOD);
        assert_int_equal(f.nodes, 3);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(credentials_certified(c, cert, i, NOW_MS), i);
        assert_int_equal(credentials_certified(c, cert, 3, NOW_MS), PEER_NONE);
        assert_int_equal(credentials_certified(c, cert, 0, CERTIFICATE_UNTIL_MS + 1000), PEER_NONE);

        struct signature s;
        struct piece input = {"input", 5}, other = {"inpuT", 5};
        sign_as(keys_of(k, 3), node[1], cert, "input", identity, value, &s);
        assert_int_equal(credentials_certified(c, cert, 1, NOW_MS), 1);
        s.signer = 1;
        assert_int_equal(credentials_verify(c, &input, 1, &s), 0);
        assert_int_equal(credentials_verify(c, &other, 1, &s), ERR_SIGNATURE);
        s.signer = 2;
        assert_int_equal(credentials_verify(c, &input, 1, &s), ERR_SIGNATURE);
        s.signer = 1;
        s.identity_type = IDENTITY_CERT_HASH; /* the form for one Node-ID */
        assert_int_equal(credentials_verify(c, &input, 1, &s), ERR_SIGNATURE);

        /* Twice the same, too many, and of a self-signed one an id that is not its key's. */
        node[2] = node[0];
        len = several_issue(k, 3, !own, authority_trust(a), node, 3, der);
        assert_int_equal(judge(a, der, len, &f), CERTIFICATE_NAMES);
        struct id many[CERTIFICATE_NODES_MAX + 1];
        for (unsigned i = 0; i <= CERTIFICATE_NODES_MAX; i++)
            many[i] = own ? certificate_node_id_of_several(HASH_SHA256, i + 1, key, sizeof key) : (struct id){i, 1};
        len = several_issue(k, 3, !own, authority_trust(a), many, CERTIFICATE_NODES_MAX + 1, der);
        assert_int_equal(judge(a, der, len, &f), CERTIFICATE_NAMES);
        len = several_issue(k, 3, !own, authority_trust(a), many, CERTIFICATE_NODES_MAX, der);
        assert_int_equal(judge(a, der, len, &f), CERTIFICATE_GOOD);
        many[2].lo ^= 1;
        len = several_issue(k, 3, !own, authority_trust(a), many, 4, der);
        assert_int_equal(judge(a, der, len, &f), own ? CERTIFICATE_NODE_ID : CERTIFICATE_GOOD);
        credentials_close(c);
        keys_close(k);
        authority_close(a);
    }
}

/* Through a node: what one of several Node-IDs has signed is from that one. */
static peer_h several_certified(void *arg, struct piece der, unsigned index, uint64_t unix_ms)
{
    (void)der;
    (void)unix_ms;
    return index < *(unsigned *)arg ? 20 + index : PEER_NONE;
}

static int several_verify(void *arg, const struct piece *piece, unsigned pieces, const struct signature *s)
{
    (void)arg, (void)piece, (void)pieces, (void)s;
    return 0;
}

static void the_identity_tells_which_of_several(void **state)
{
    (void)state;
    static const struct recorder_crypto crypto = {.verify = several_verify, .certified = several_certified};
    struct overlay config = overlay_defaults();
    struct recorder *r = recorder_open(&config, 0);
    unsigned nodes = 3;
    uint8_t der[] = "a certificate", b[64], hash[32];
    r->crypto = &crypto;
    r->crypto_arg = &nodes;
    struct call c = {.n = r->node, .env = &r->env, .o = &config};
    struct security bucket = {.certificates = 1, .certificate = {{.owner = PEER_NONE, .der = {der, sizeof der}}}};
    for (unsigned k = 0; k < 4; k++) { /* the fourth is not in the certificate */
        id_store(b, recorder_id(r, 20 + k));
        memcpy(b + ID_BYTES, der, sizeof der);
        EVP_Digest(b, ID_BYTES + sizeof der, hash, NULL, EVP_sha256(), NULL);
        struct signature s = {.signer = PEER_NONE, .identity_type = IDENTITY_CERT_HASH_NODE_ID, .identity_hash_alg = HASH_SHA256, .identity = {hash, 32}, .value = {der, 8}};
        assert_int_equal(credential_resolve(&c, &bucket, &s), k < 3);
        assert_int_equal(s.signer, k < 3 ? 20 + k : PEER_NONE);
        nodes = 1; /* the second form is for several, 6.3.4 */
        s.signer = PEER_NONE;
        assert_false(credential_resolve(&c, &bucket, &s));
        nodes = 3;
    }
    EVP_Digest(der, sizeof der, hash, NULL, EVP_sha256(), NULL);
    for (nodes = 0; nodes < 4; nodes++) { /* and the first for one */
        struct signature s = {.signer = PEER_NONE, .identity_type = IDENTITY_CERT_HASH, .identity_hash_alg = HASH_SHA256, .identity = {hash, 32}, .value = {der, 8}};
        assert_int_equal(credential_resolve(&c, &bucket, &s), nodes == 1);
    }
    recorder_close(r);
}

static void signatures_hold_for_their_input_alone(void **state)
{
    (void)state;
    struct authority *a = authority_new(0);
    struct credentials *c = credentials_open(a, a, peer_of);
    struct signature s;
    struct piece whole = {"a message", 9}, cut[2] = {{"a mes", 5}, {"sage", 4}}, other = {"a massage", 9};
    assert_int_equal(credentials_sign(c, 2, cut, 2, &s), 0);
    uint8_t value[SIGNATURE_VALUE_BYTES], hash[32];
    memcpy(value, s.value.b, sizeof value);
    memcpy(hash, s.identity.b, sizeof hash);
    s.value.b = value;
    s.identity.b = hash;
    assert_int_equal(s.value.len, SIGNATURE_VALUE_BYTES);
    assert_int_equal(credentials_verify(c, &whole, 1, &s), ERR_SIGNATURE); /* nobody has shown the certificate */
    assert_int_equal(credentials_certified(c, credentials_certificate(c, 2), 0, NOW_MS), 2);
    assert_int_equal(credentials_verify(c, &whole, 1, &s), 0);
    assert_int_equal(credentials_verify(c, &other, 1, &s), ERR_SIGNATURE);
    s.signer = 3;
    assert_int_equal(credentials_verify(c, &whole, 1, &s), ERR_SIGNATURE);
    s.signer = 2;
    value[9] ^= 1;
    assert_int_equal(credentials_verify(c, &whole, 1, &s), ERR_SIGNATURE);
    value[9] ^= 1;
    s.hash = HASH_SHA1;
    assert_int_equal(credentials_verify(c, &whole, 1, &s), ERR_SIGNATURE);
    credentials_close(c);
    authority_close(a);
}

/* ---- through a node ---- */

/* Whose certificate is shown in place of the signer's own, and how: to be spoilt by a test. */
struct bench {
    struct authority *authority;
    struct credentials *credentials;
    peer_h lie; /* shows `shown` */
    uint8_t shown[CERTIFICATE_DER_BYTES];
};

#define BENCH_PEERS 40u

static struct recorder *ids_of;

static struct id bench_node(void *arg, peer_h peer)
{
    (void)arg;
    return recorder_id(ids_of, peer);
}

static size_t bench_user(void *arg, peer_h peer, char out[64])
{
    return user_name(arg, peer, out);
}

static peer_h bench_peer(void *arg, struct id id)
{
    (void)arg;
    for (peer_h p = 0; p < BENCH_PEERS; p++)
        if (id_equal(recorder_id(ids_of, p), id))
            return p;
    return PEER_NONE;
}

static int bench_sign(void *arg, peer_h signer, const struct piece *piece, unsigned pieces, struct signature *s)
{
    struct bench *b = arg;
    int err = credentials_sign(b->credentials, signer, piece, pieces, s);
    if (signer == b->lie) {
        static uint8_t hash[32];
        EVP_Digest(b->shown, sizeof b->shown, hash, NULL, EVP_sha256(), NULL);
        s->identity.b = hash;
    }
    return err;
}

static int bench_verify(void *arg, const struct piece *piece, unsigned pieces, const struct signature *s)
{
    const struct bench *b = arg;
    return credentials_verify(b->credentials, piece, pieces, s);
}

static struct piece bench_certificate(void *arg, peer_h peer)
{
    const struct bench *b = arg;
    return peer == b->lie ? (struct piece){b->shown, sizeof b->shown} : credentials_certificate(b->credentials, peer);
}

static peer_h bench_certified(void *arg, struct piece der, unsigned index, uint64_t unix_ms)
{
    const struct bench *b = arg;
    return credentials_certified(b->credentials, der, index, unix_ms);
}

static const struct recorder_crypto bench_crypto = {bench_sign, bench_verify, bench_certificate, bench_certified};

/* One authority for all tests: its keys cost a second. */
static struct bench *bench_on(struct recorder *r)
{
    static struct bench b;
    ids_of = r;
    if (!b.authority) {
        b.authority = authority_open(&(struct authority_config){
            .seed = SEED, .identities = BENCH_PEERS, .names = {.node_id = bench_node, .user = bench_user, .overlay_name = NAME}});
        assert_non_null(b.authority);
        b.credentials = credentials_open(b.authority, NULL, bench_peer);
    }
    b.lie = PEER_NONE;
    r->crypto = &bench_crypto;
    r->crypto_arg = &b;
    return &b;
}

static void bench_off(void)
{
    struct recorder *r = ids_of;
    if (!r)
        return;
    struct bench *b = r->crypto_arg;
    credentials_close(b->credentials);
    authority_close(b->authority);
    *b = (struct bench){0};
    ids_of = NULL;
}

static unsigned answered(struct stage *s)
{
    stage_run(s, s->r->env.now + SECONDS(1));
    unsigned n = stage_sent(s, PING_ANS, NULL);
    stage_forget(s);
    return n;
}

static void false_messages_are_dropped(void **state)
{
    (void)state;
    static const enum crypto_mode modes[] = {CRYPTO_MODELLED, CRYPTO_NONE, CRYPTO_OPENSSL};
    for (unsigned k = 0; k < 3; k++) {
        bool is_true = modes[k] == CRYPTO_OPENSSL;
        struct stage s = {.config = overlay_defaults()};
        s.config.crypto = modes[k];
        stage_open(&s, 4);
        struct bench *b = is_true ? bench_on(s.r) : NULL;
        struct letter l = {.signer = 1, .tid = 1, .to = recorder_id(s.r, 0)};
        stage_forget(&s);
        stage_ping(&s, 1, &l);
        assert_int_equal(answered(&s), 1);

        uint8_t message[8192];
        uint32_t true_len;
        size_t len;
        l.tid = 2;
        len = stage_write(&s, &l, PING_REQ, (const uint8_t[]){0, 0}, 2, message, sizeof message, &true_len);
        assert_int_equal(len == true_len, is_true);
        message[len - (is_true ? 100 : 3)] ^= 1; /* altered: the signature */
        stage_arrive(&s, 1, message, len, true_len);
        assert_int_equal(answered(&s), 0);
        l.tid = 3;
        len = stage_write(&s, &l, PING_REQ, (const uint8_t[]){0, 0}, 2, message, sizeof message, &true_len);
        message[20] ^= 1; /* altered: the transaction id, which is signed */
        stage_arrive(&s, 1, message, len, true_len);
        assert_int_equal(answered(&s), 0);
        if (is_true) {
            /* Signed by 1, who shows its own expired certificate, one that the enrollment server never signed, and 2's. */
            b->lie = 1;
            assert_true(authority_issue(b->authority, 1, "000101000000Z010101000000Z", 1, PEER_NONE, b->shown));
            stage_ping(&s, 1, &(struct letter){.signer = 1, .tid = 4, .to = l.to});
            assert_int_equal(answered(&s), 0);
            assert_true(authority_issue(b->authority, 1, NULL, 1, 1, b->shown));
            stage_ping(&s, 1, &(struct letter){.signer = 1, .tid = 5, .to = l.to});
            assert_int_equal(answered(&s), 0);
            assert_true(authority_issue(b->authority, 2, NULL, 2, PEER_NONE, b->shown));
            stage_ping(&s, 1, &(struct letter){.signer = 1, .tid = 6, .to = l.to}); /* 1 and 2 have keys of their own in the pool */
            assert_int_equal(answered(&s), 0);
            b->lie = PEER_NONE;
        } else {
            len = stage_write(&s, &(struct letter){.signer = 1, .tid = 7, .to = l.to}, PING_REQ, (const uint8_t[]){0, 0}, 2, message, sizeof message, &true_len);
            assert_int_equal(message[len - SIGNATURE_TOKEN_BYTES - CERTIFICATE_TOKEN_BYTES], TOKEN_CERTIFICATE);
            message[len - SIGNATURE_TOKEN_BYTES - 1] ^= 3; /* another's certificate */
            stage_arrive(&s, 1, message, len, true_len);
            assert_int_equal(answered(&s), 0);
        }
        stage_ping(&s, 1, &(struct letter){.signer = 1, .tid = 8, .to = l.to});
        assert_int_equal(answered(&s), 1);
        if (is_true)
            bench_off();
        stage_close(&s);
    }
}

static uint16_t store(struct rig *g, peer_h from, const struct rig_item *item)
{
    struct rig_store q = {.from = from, .resource = rig_user(g, item->signer), .items = 1, .item = {*item}};
    return rig_store(g, &q);
}

static void false_values_are_refused(void **state)
{
    (void)state;
    static const enum crypto_mode modes[] = {CRYPTO_MODELLED, CRYPTO_NONE, CRYPTO_OPENSSL};
    for (unsigned k = 0; k < 3; k++) {
        struct rig *g = rig_open(0);
        g->config.crypto = modes[k];
        if (modes[k] == CRYPTO_OPENSSL)
            bench_on(g->r);
        struct rig_item item = {.kind = KIND_SIP_REGISTRATION, .signer = 9, .storage_ms = 5, .lifetime_s = 600, .value = "v"};
        struct rig_item altered = item, uncertified = item, stolen = item;
        altered.flipped = true;
        assert_int_equal(store(g, 9, &altered), ERROR_FORBIDDEN);
        uncertified.uncertified = true;
        assert_int_equal(store(g, 4, &uncertified), ERROR_FORBIDDEN);
        stolen.signer = 4; /* a value of 4 in the place of 9 */
        struct rig_store q = {.from = 4, .resource = rig_user(g, 9), .items = 1, .item = {stolen}};
        assert_int_equal(rig_store(g, &q), ERROR_FORBIDDEN);
        assert_int_equal(rig_held(g), 0);
        assert_int_equal(store(g, 9, &item), 0);
        assert_int_equal(rig_held(g), 1);
        if (modes[k] == CRYPTO_OPENSSL)
            bench_off();
        rig_close(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_follow_from_the_seed),          cmocka_unit_test(certificates_name_node_and_user),
        cmocka_unit_test(wrong_certificates_are_refused),     cmocka_unit_test(certificates_may_name_several_nodes),
        cmocka_unit_test(the_identity_tells_which_of_several),
        cmocka_unit_test(signatures_hold_for_their_input_alone),
        cmocka_unit_test(false_messages_are_dropped),         cmocka_unit_test(false_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
