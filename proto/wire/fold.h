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

struct fold_names {
    void *arg;
    struct id (*node_id)(void *arg, peer_h);
    /* user name as user@domain, without NUL; returns its length, at most 63 */
    size_t (*user)(void *arg, peer_h, char out[64]);
    const char *overlay_name; /* 22 bytes at most, or the longest user names lose their ends */
    void (*sha256)(void *arg, const void *b, size_t len, uint8_t out[32]);
};

/* in: a framed datagram (DATA or ACK) as sent, folded or not. Writes the true bytes; returns their number, which equals true_len, or a negative error. */
long fold_unfold_frame(const struct fold_names *, const uint8_t *in, size_t len, size_t true_len, uint8_t *out, size_t cap);
/* The same for a message or fragment without framing. */
long fold_unfold_message(const struct fold_names *, const uint8_t *in, size_t len, size_t true_len, uint8_t *out, size_t cap);
/* The modelled certificate of a peer. 0, or a negative error that only a fault of ours can cause. */
int fold_certificate(const struct fold_names *, peer_h, uint8_t der[CERTIFICATE_DER_BYTES]);

#endif
