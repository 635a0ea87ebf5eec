/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who signed: from the identity in a signature to a peer (RFC 6940 6.3.4), by the certificates that travel with the message and no others.
 *
 * In true form the identity is the hash of a certificate with one Node-ID, or of one of several and the certificate, and the host says whose that certificate is
 * (port.certified: chain, validity, names). A Node-ID that the configuration revokes has none. In
 * folded form the token names the signer, which counts only if the signer's certificate is in the bucket as well. */
#ifndef PROTO_RELOAD_CREDENTIAL_H
#define PROTO_RELOAD_CREDENTIAL_H

#include "proto/reload/block.h"
#include "proto/wire/security.h"

/* Fills in s->signer (and in true form s->token, by which a stored value is known again), or sets it to PEER_NONE and returns false: no certificate in
 * the bucket fits, or it is not valid now. The signature itself is not checked. */
bool credential_resolve(struct call *, const struct security *, struct signature *s);
/* The configuration lists this peer as a bad-node (11.1): no certificate with its Node-ID is valid. */
bool credential_revoked(const struct call *, peer_h);
/* The certificate of a peer, ready to be put into a bucket. */
struct certificate credential_of(struct call *, peer_h);

#endif
