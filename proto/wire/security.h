/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Security block, certificates, signatures (RFC 6940 6.3.4), and their folded form.
 *
 * True form: certificates<0..2^16-1> of {type 1, DER<0..2^16-1>}, then Signature = hash 1, sig 1, SignerIdentity, value<0..2^16-1>.
 * Folded form (modelled crypto, simulation only): each Signature stands as a token of SIGNATURE_TOKEN_BYTES: kind 1, signer 4 (peer handle,
 * big-endian), value 8. Each certificate stands as CERTIFICATE_TOKEN_BYTES: kind 1, owner 4. List lengths before them stay, in true bytes.
 * The true length of a token is fixed by the overlay: certificate_bytes, signature_bytes and a cert_hash identity with SHA-256. */
#ifndef PROTO_WIRE_SECURITY_H
#define PROTO_WIRE_SECURITY_H

#include "proto/port.h"
#include "proto/wire/cursor.h"

#define SIGNATURE_TOKEN_BYTES 13
#define CERTIFICATE_TOKEN_BYTES 5
enum { TOKEN_SIGNATURE = 0xf5, TOKEN_CERTIFICATE = 0xfc, TOKEN_DER = 0xfd }; /* their first bytes; TOKEN_DER: a stored certificate, DER alone */
#define CERTIFICATE_DER_BYTES 816
#define SIGNATURE_VALUE_BYTES 256
/* hash+sig 2, identity 37, value length 2, value. */
#define SIGNATURE_TRUE_BYTES (2 + 37 + 2 + SIGNATURE_VALUE_BYTES)
#define CERTIFICATE_TRUE_BYTES (3 + CERTIFICATE_DER_BYTES)

enum identity_type { IDENTITY_CERT_HASH = 1, IDENTITY_CERT_HASH_NODE_ID = 2, IDENTITY_NONE = 3 };

struct signature {
    peer_h signer;         /* folded; PEER_NONE in true form until resolved, and for identity none */
    uint64_t token;        /* folded: the modelled value */
    uint8_t hash, sig;     /* TLS code points: 4, 1 = SHA-256, RSA */
    uint8_t identity_type; /* enum identity_type or unknown */
    uint8_t identity_hash_alg;
    struct span identity;  /* true form: the hash */
    struct span identity_raw; /* true form: an unknown identity's whole value */
    struct span value;     /* true form */
};

struct certificate {
    uint8_t type;          /* 0 = X.509 */
    peer_h owner;          /* folded */
    struct span der;       /* true form */
};

/* The modelled folded bytes are used when r->folded or w->fold; identity none is written in true form in both (it is short). In folded
 * input the first byte tells: kind 0xf5 = signature token, 0xfc = certificate token (0xfd = stored certificate), anything else is the true form. */
int signature_read(struct reader *, struct signature *);
void signature_put(struct writer *, const struct signature *);
int certificate_read(struct reader *, struct certificate *);
void certificate_put(struct writer *, const struct certificate *);

#define CERTIFICATES_MAX 16
struct security {
    unsigned certificates;
    struct certificate certificate[CERTIFICATES_MAX];
    struct signature signature;
};
int security_read(struct reader *, struct security *);  /* more certificates than the maximum: ERR_TOO_LARGE */
void security_put(struct writer *, const struct security *);

/* Encodes the SignerIdentity alone, as signature inputs need it. A folded one is kind and signer, standing for its 37 true bytes. */
void identity_put(struct writer *, const struct signature *);

/* The token of a stored certificate. */
static inline void der_token_put(uint8_t token[CERTIFICATE_TOKEN_BYTES], peer_h owner)
{
    token[0] = TOKEN_DER;
    store_be32(token + 1, owner);
}

#endif
