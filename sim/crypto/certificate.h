/* SPDX-License-Identifier: GPL-2.0-or-later */
/* X.509 certificates of RFC 6940 11.3 read and checked, by OpenSSL.
 *
 * Of a certificate that anybody may have sent it is asked: DER to the last byte; an RSA key of 2048 bits; an empty subject; a subjectAltName with Node-IDs
 * of this overlay as reload URIs, one at least and each once, one user name as rfc822Name, and nothing else; valid now; and signed by the issuer, or, where
 * self-signed ones are permitted, by its own key, of which the digest is the Node-ID, or with its index from 1 before the key each of several (11.3.1). */
#ifndef SIM_CRYPTO_CERTIFICATE_H
#define SIM_CRYPTO_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base/id.h"
#include "proto/port.h"

#define USER_NAME_MAX         63u
#define CERTIFICATE_NODES_MAX 8u /* Node-IDs of one */

enum certificate_fault {
    CERTIFICATE_GOOD, CERTIFICATE_MALFORMED, CERTIFICATE_NAMES, CERTIFICATE_OTHER_OVERLAY, CERTIFICATE_NOT_NOW, CERTIFICATE_UNTRUSTED, CERTIFICATE_NODE_ID
};

/* Whom to believe: one of the two. */
struct certificate_trust {
    const char *overlay_name;
    X509 *issuer;            /* root-cert */
    enum hash_alg digest;    /* self-signed-permitted; 0 = not permitted */
};

struct certificate_facts {
    unsigned nodes;
    struct id node[CERTIFICATE_NODES_MAX];
    char user[USER_NAME_MAX + 1];
    int64_t from_s, until_s; /* valid, unix time */
    EVP_PKEY *key;           /* the caller frees it */
};

/* facts->key is NULL unless the certificate is good. */
enum certificate_fault certificate_check(const struct certificate_trust *, const uint8_t *der, size_t len, int64_t now_s, struct certificate_facts *);
/* The Node-ID that belongs to a key, RFC 6940 11.3.1: high-order bits of the digest of the subjectPublicKeyInfo; and the index-th, from 1, of several. */
struct id certificate_node_id(enum hash_alg, const uint8_t *public_key, size_t len);
struct id certificate_node_id_of_several(enum hash_alg, uint32_t index, const uint8_t *public_key, size_t len);
/* A root certificate of this key with the name that this leaf gives as its issuer's; NULL on failure. The caller frees it. */
X509 *certificate_root(EVP_PKEY *, const uint8_t *leaf, size_t len);

#endif
