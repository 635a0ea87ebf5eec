/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/crypto/certificate.h"

#include <limits.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "proto/wire/header.h"

#define RSA_BITS   2048
#define URI_SCHEME "reload://"

/* ---- names ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* reload://<Destination in hexadecimal>@<overlay>/ (14.15) with one Destination of type node. */
static enum certificate_fault uri_read(const char *overlay, const uint8_t *uri, size_t len, struct id *node)
{
    uint8_t list[DESTINATION_NODE_BYTES];
    const size_t head = sizeof URI_SCHEME - 1, digits = 2 * sizeof list, name = strlen(overlay);
    const char *text = (const char *)uri;
    struct destination d;

    if (len < head + digits + 1 || memcmp(text, URI_SCHEME, head) != 0 || text[head + digits] != '@')
        return CERTIFICATE_NAMES;
    for (size_t k = 0; k < digits; k++) {
        int digit = hex_digit(text[head + k]);
        if (digit < 0)
            return CERTIFICATE_NAMES;
        list[k / 2] = (uint8_t)(k % 2 ? list[k / 2] << 4 | digit : digit);
    }
    struct reader r = reader_on(list, sizeof list, false);
    if (destination_read(&r, &d) || d.type != DESTINATION_NODE || reader_left(&r) > 0)
        return CERTIFICATE_NAMES;
    *node = d.id;
    text += head + digits + 1;
    len -= head + digits + 1;
    if (len > 0 && text[len - 1] == '/')
        len--;
    return len == name && memcmp(text, overlay, name) == 0 ? CERTIFICATE_GOOD : CERTIFICATE_OTHER_OVERLAY;
}

static bool user_read(const ASN1_STRING *s, char user[USER_NAME_MAX + 1])
{
    int len = ASN1_STRING_length(s);
    if (len < 1 || len > (int)USER_NAME_MAX || memchr(ASN1_STRING_get0_data(s), 0, (size_t)len))
        return false; /* no embedded NULs: 11.3 */
    memcpy(user, ASN1_STRING_get0_data(s), (size_t)len);
    user[len] = 0;
    return true;
}

static enum certificate_fault names_read(const struct certificate_trust *t, const GENERAL_NAMES *names, struct certificate_facts *f)
{
    unsigned users = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
        if (n->type == GEN_EMAIL && users++ == 0 && user_read(n->d.rfc822Name, f->user))
            continue;
        if (n->type != GEN_URI || f->nodes == CERTIFICATE_NODES_MAX)
            return CERTIFICATE_NAMES;
        const ASN1_STRING *s = n->d.uniformResourceIdentifier;
        enum certificate_fault fault = uri_read(t->overlay_name, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), &f->node[f->nodes]);
        for (unsigned k = 0; k < f->nodes && !fault; k++)
            if (id_equal(f->node[k], f->node[f->nodes]))
                fault = CERTIFICATE_NAMES;
        if (fault)
            return fault;
        f->nodes++;
    }
    return f->nodes > 0 && users == 1 ? CERTIFICATE_GOOD : CERTIFICATE_NAMES;
}

/* ---- time and trust ---- */

static bool time_read(const ASN1_TIME *t, int64_t *unix_s)
{
    struct tm tm;
    if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    *unix_s = timegm(&tm);
    return true;
}

static bool chain_holds(X509 *issuer, X509 *leaf, int64_t now_s)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok = store && ctx && X509_STORE_add_cert(store, issuer) == 1 && X509_STORE_CTX_init(ctx, store, leaf, NULL) == 1;
    if (ok) {
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)now_s);
        ok = X509_verify_cert(ctx) == 1;
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return ok;
}

struct id certificate_node_id(enum hash_alg digest, const uint8_t *public_key, size_t len)
{
    uint8_t out[EVP_MAX_MD_SIZE] = {0};
    EVP_Digest(public_key, len, out, NULL, digest == HASH_SHA1 ? EVP_sha1() : EVP_sha256(), NULL);
    return id_load(out);
}

struct id certificate_node_id_of_several(enum hash_alg digest, uint32_t index, const uint8_t *public_key, size_t len)
{
    uint8_t out[EVP_MAX_MD_SIZE] = {0}, head[4];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    store_be32(head, index);
    bool ok = md && EVP_DigestInit_ex(md, digest == HASH_SHA1 ? EVP_sha1() : EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(md, head, sizeof head) == 1 &&
              EVP_DigestUpdate(md, public_key, len) == 1 && EVP_DigestFinal_ex(md, out, NULL) == 1;
    EVP_MD_CTX_free(md);
    return ok ? id_load(out) : (struct id){0, 0}; /* which is nobody's */
}

/* Each Node-ID follows from the key; of several, in whatever order they stand. */
static bool nodes_are_the_keys(enum hash_alg digest, const uint8_t *key, size_t len, const struct certificate_facts *f)
{
    if (f->nodes == 1)
        return id_equal(certificate_node_id(digest, key, len), f->node[0]);
    for (unsigned k = 0; k < f->nodes; k++) {
        unsigned index = 1;
        while (index <= f->nodes && !id_equal(certificate_node_id_of_several(digest, index, key, len), f->node[k]))
            index++;
        if (index > f->nodes)
            return false;
    }
    return true;
}

static enum certificate_fault self_signed(enum hash_alg digest, X509 *x, EVP_PKEY *key, const struct certificate_facts *f)
{
    uint8_t *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
    if (len <= 0)
        return CERTIFICATE_MALFORMED;
    bool own = nodes_are_the_keys(digest, spki, (size_t)len, f);
    OPENSSL_free(spki);
    if (!own)
        return CERTIFICATE_NODE_ID;
    return X509_verify(x, key) == 1 ? CERTIFICATE_GOOD : CERTIFICATE_UNTRUSTED;
}

static enum certificate_fault trusted(const struct certificate_trust *t, X509 *x, EVP_PKEY *key, int64_t now_s, const struct certificate_facts *f)
{
    if (now_s < f->from_s || now_s > f->until_s)
        return CERTIFICATE_NOT_NOW;
    if (t->digest)
        return self_signed(t->digest, x, key, f);
    return t->issuer && chain_holds(t->issuer, x, now_s) ? CERTIFICATE_GOOD : CERTIFICATE_UNTRUSTED;
}

static enum certificate_fault x509_check(const struct certificate_trust *t, X509 *x, int64_t now_s, struct certificate_facts *f)
{
    EVP_PKEY *key = X509_get0_pubkey(x);
    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) != RSA_BITS || X509_NAME_entry_count(X509_get_subject_name(x)) > 0 ||
        !time_read(X509_get0_notBefore(x), &f->from_s) || !time_read(X509_get0_notAfter(x), &f->until_s))
        return CERTIFICATE_MALFORMED;
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    enum certificate_fault fault = names ? names_read(t, names, f) : CERTIFICATE_NAMES;
    GENERAL_NAMES_free(names);
    if (!fault)
        fault = trusted(t, x, key, now_s, f);
    if (!fault && EVP_PKEY_up_ref(key) == 1)
        f->key = key;
    return fault;
}

enum certificate_fault certificate_check(const struct certificate_trust *t, const uint8_t *der, size_t len, int64_t now_s, struct certificate_facts *f)
{
    const uint8_t *p = der;
    memset(f, 0, sizeof *f);
    X509 *x = len <= LONG_MAX ? d2i_X509(NULL, &p, (long)len) : NULL;
    enum certificate_fault fault = x && p == der + len ? x509_check(t, x, now_s, f) : CERTIFICATE_MALFORMED;
    X509_free(x);
    return fault;
}

/* ---- the root ---- */

static bool extension_add(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

X509 *certificate_root(EVP_PKEY *key, const uint8_t *leaf, size_t len)
{
    X509 *x = X509_new(), *below = d2i_X509(NULL, &leaf, (long)len);
    const X509_NAME *name = below ? X509_get_issuer_name(below) : NULL;
    bool ok = x && name && X509_set_version(x, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
              ASN1_TIME_set_string(X509_getm_notBefore(x), "000101000000Z") == 1 && ASN1_TIME_set_string(X509_getm_notAfter(x), "491231235959Z") == 1 &&
              X509_set_issuer_name(x, name) == 1 && X509_set_subject_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 &&
              extension_add(x, NID_basic_constraints, "critical,CA:TRUE") && extension_add(x, NID_key_usage, "critical,keyCertSign") &&
              X509_sign(x, key, EVP_sha256()) > 0;
    X509_free(below);
    if (!ok) {
        X509_free(x);
        return NULL;
    }
    return x;
}
