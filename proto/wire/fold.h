/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unfolding: from the folded bytes of a simulated datagram to the true bytes of a real wire, for captures and size checks.
 *
 * A certificate token becomes an X.509 DER certificate of exactly CERTIFICATE_DER_BYTES that parses: Node-ID in subjectAltName URI
 * reload://<hex Destination>@<overlay>/, user name in rfc822Name (RFC 6940 11.3), RSA-2048 key and signature whose bits are derived from the
 * owner (not a key pair that anyone holds). A signature token becomes algorithm 4,1, the cert_hash identity (SHA-256 of that DER) and
 * SIGNATURE_VALUE_BYTES derived from the token. A fragment unfolds alone (wire/stretch.h). */
#ifndef PROTO_WIRE_FOLD_H
#define PROTO_WIRE_FOLD_H

#include "proto/port.h"
#include "proto/wire/header.h"
#include "proto/wire/security.h"

#define MODULUS_BYTES    256u
#define PUBLIC_KEY_BYTES 294u /* subjectPublicKeyInfo of RSA-2048 */

struct fold_names {
    void *arg;
    struct id (*node_id)(void *arg, peer_h);
    /* user name as user@domain, without NUL; returns its length, at most 63 */
    size_t (*user)(void *arg, peer_h, char out[64]);
    const char *overlay_name; /* 22 bytes at most, or the longest user names lose their ends */
    void (*sha256)(void *arg, const void *b, size_t len, uint8_t out[32]);
    /* the public key of a peer, where the Node-ID follows from it (11.3.1); NULL: bits that follow from the Node-ID */
    void (*modulus)(void *arg, peer_h, uint8_t out[MODULUS_BYTES]);
};

/* in: a framed datagram (DATA or ACK) as sent, folded or not. Writes the true bytes; returns their number, which equals true_len, or a negative error. */
long fold_unfold_frame(const struct fold_names *, const uint8_t *in, size_t len, size_t true_len, uint8_t *out, size_t cap);
/* The same for a message or fragment without framing. */
long fold_unfold_message(const struct fold_names *, const uint8_t *in, size_t len, size_t true_len, uint8_t *out, size_t cap);
/* The modelled certificate of a peer. 0, or a negative error that only a fault of ours can cause. */
int fold_certificate(const struct fold_names *, peer_h, uint8_t der[CERTIFICATE_DER_BYTES]);

/* The same form filled with a true key, to be signed by whoever has the issuer's: the bytes that are signed are CERTIFICATE_TBS_BYTES from
 * CERTIFICATE_TBS_AT, and the signature is the last SIGNATURE_VALUE_BYTES. validity: two UTCTimes, one after the other; NULL = 2000 to 2049. */
#define CERTIFICATE_TBS_AT    4u
#define CERTIFICATE_TBS_BYTES (CERTIFICATE_DER_BYTES - 4u - 15u - 5u - SIGNATURE_VALUE_BYTES)
int fold_certificate_form(const struct fold_names *, peer_h, const uint8_t modulus[MODULUS_BYTES], const char *validity, uint8_t der[CERTIFICATE_DER_BYTES]);
/* When those of NULL are valid, unix time. */
#define CERTIFICATE_FROM_MS  UINT64_C(946684800000)
#define CERTIFICATE_UNTIL_MS UINT64_C(2524607999000)
/* A modulus that stands for no key, from 64 bits; and the subjectPublicKeyInfo with this modulus and exponent 65537. */
void fold_modulus(uint64_t seed, uint8_t out[MODULUS_BYTES]);
void fold_public_key(const uint8_t modulus[MODULUS_BYTES], uint8_t out[PUBLIC_KEY_BYTES]);

#endif
