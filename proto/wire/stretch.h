/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A payload as a row of stretches: bytes that stand for themselves, and tokens that stand for more (wire/security.h). Unfolding, splitting and
 * reassembly work on them.
 *
 * Three forms of a payload, told apart by lengths alone, since a folded one is always shorter than what it stands for:
 *
 *   true           as many bytes as it stands for: no token inside, be it a whole message or a fragment
 *   folded whole   contents and security block with tokens in place; where they are follows from the message's structure
 *   folded part    a fragment: message code 2 | skip 2 | { run 2 | run bytes | token } ...
 *
 * In a folded part each run of true bytes is followed by a token, but for the last, which may end the part. `skip` is how many true bytes of the
 * first token lie before the part (then the first run is empty); the last token may reach beyond the end. So each part can be unfolded alone, names its
 * message's code, and is shorter than what it stands for as long as every token in it stands for STRETCH_LEAST bytes there. */
#ifndef PROTO_WIRE_STRETCH_H
#define PROTO_WIRE_STRETCH_H

#include "proto/wire/header.h"
#include "proto/wire/security.h"

enum stretch_kind { STRETCH_BYTES = 0, STRETCH_SIGNATURE = TOKEN_SIGNATURE, STRETCH_CERTIFICATE = TOKEN_CERTIFICATE, STRETCH_DER = TOKEN_DER };

/* Head of a part 4, run 2, token 13, last run 2; and one to be shorter. */
#define STRETCH_LEAST 22u

struct stretch {
    enum stretch_kind kind;
    uint32_t at, len; /* true bytes of the whole payload that it covers: [at, at + len) */
    uint32_t skip;    /* true bytes of the token before `at` */
    const uint8_t *b; /* len bytes, or the token */
};

/* Bytes of a token of this kind, and the true ones that it stands for. */
static inline uint32_t stretch_token_bytes(enum stretch_kind kind)
{
    return kind == STRETCH_SIGNATURE ? SIGNATURE_TOKEN_BYTES : CERTIFICATE_TOKEN_BYTES;
}
static inline uint32_t stretch_token_true(enum stretch_kind kind)
{
    return kind == STRETCH_SIGNATURE ? SIGNATURE_TRUE_BYTES : kind == STRETCH_DER ? CERTIFICATE_DER_BYTES : CERTIFICATE_TRUE_BYTES;
}
/* What a token is, by its first byte; STRETCH_BYTES: it is none. */
static inline enum stretch_kind stretch_kind_of(uint8_t first)
{
    return first == TOKEN_SIGNATURE ? STRETCH_SIGNATURE : first == TOKEN_CERTIFICATE ? STRETCH_CERTIFICATE : first == TOKEN_DER ? STRETCH_DER : STRETCH_BYTES;
}

/* Calls `each` for the stretches of the payload behind this header, in order and without gaps, no two of bytes in a row. 0 or a negative error, which may
 * come after some calls. */
int stretch_walk(const struct header *, struct span payload, void (*each)(void *arg, const struct stretch *), void *arg);

/* Message code that a folded part names; it has at least 4 bytes. */
static inline uint16_t stretch_part_code(struct span payload)
{
    return load_be16(payload.b);
}

#endif
