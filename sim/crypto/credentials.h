/* SPDX-License-Identifier: GPL-2.0-or-later */
/* True signatures and certificates of all identities of a run: the table behind port.sign, verify, certificate and certified.
 *
 * An authority is shared by all partitions and only read: keys, and the enrollment server's root certificate. Credentials belong to one partition: what
 * was issued and what was checked there lately. An identity's certificate follows from the seed, as its Node-ID does, so it is written when first asked for
 * and needs no server in the simulation. Whoever gets a message believes nothing of that: it checks the certificates that came along. */
#ifndef SIM_CRYPTO_CREDENTIALS_H
#define SIM_CRYPTO_CREDENTIALS_H

#include "proto/wire/fold.h"
#include "sim/crypto/certificate.h"
#include "sim/crypto/keys.h"

struct authority_config {
    uint64_t seed;
    uint32_t identities;
    enum hash_alg digest;     /* of self-signed certificates; 0 = an enrollment server signs */
    struct fold_names names;  /* node_id is not asked where certificates are self-signed */
};

struct authority;
struct credentials;

/* NULL = out of memory, or OpenSSL refuses. */
struct authority *authority_open(const struct authority_config *);
void authority_close(struct authority *);
/* Where the Node-ID is the digest of the key. */
struct id authority_node_id(const struct authority *, peer_h);
/* Any certificate in the form of this overlay, for tests: the names of `names`, this validity (NULL = the usual), the key of `holder`, signed by `signer`
 * (PEER_NONE = the enrollment server). false on failure. */
bool authority_issue(const struct authority *, peer_h names, const char *validity, peer_h holder, peer_h signer, uint8_t der[CERTIFICATE_DER_BYTES]);
const struct certificate_trust *authority_trust(const struct authority *);

/* peer_of: the identity with this Node-ID, PEER_NONE if there is none. NULL = out of memory. */
struct credentials *credentials_open(const struct authority *, void *arg, peer_h (*peer_of)(void *arg, struct id));
void credentials_close(struct credentials *);

/* As port.h says. sign, verify: 0 or ERR_SIGNATURE. */
int credentials_sign(struct credentials *, peer_h signer, const struct piece *, unsigned pieces, struct signature *);
int credentials_verify(struct credentials *, const struct piece *, unsigned pieces, const struct signature *);
struct piece credentials_certificate(struct credentials *, peer_h);
peer_h credentials_certified(struct credentials *, struct piece der, unsigned index, uint64_t unix_ms);

#endif
