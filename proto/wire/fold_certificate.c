/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The certificate that a token stands for: X.509 v3 in DER with the subjectAltName of RFC 6940 11.3, always CERTIFICATE_DER_BYTES long.
 *
 *   Certificate 30 82 .. | TBSCertificate 30 82 .. | sha256WithRSAEncryption 15 | BIT STRING 5 + 256
 *   TBSCertificate: version 5, serial 11, algorithm 15, issuer 13 + n, validity 32, empty subject 2, RSA-2048 key 294, extensions
 *
 * The name of the issuer takes up the slack: n shrinks as the user name grows. Lengths of the inner parts are known before they are written,
 * so that everything is written once, front to back. */
#include "proto/base/hash.h"
#include "proto/wire/fold.h"
#include "proto/wire/security.h"

enum {
    UTC_TIME_BYTES = 13,
    USER_BYTES_MAX = 63,
    SERIAL_BYTES = 8,
    KEY_BYTES = 256,
    NODE_HEX_DIGITS = 2 * DESTINATION_NODE_BYTES,
    URI_FIXED_BYTES = 9 + NODE_HEX_DIGITS + 2,              /* reload:// <hex> @ ... / */
    TBS_BYTES = CERTIFICATE_DER_BYTES - 4 - 15 - 5 - KEY_BYTES, /* its own header of 4 included */
    TBS_FIXED_BYTES = 4 + 5 + 11 + 15 + 32 + 2 + 294,
    ISSUER_FIXED_BYTES = 13,
    SAN_FIXED_BYTES = 5 + 3, /* OID, critical */
};

/* What varies between certificates. */
struct names {
    char user[64];
    const char *overlay;
    uint32_t user_len, overlay_len, issuer_len;
};

static uint32_t length_bytes(uint32_t len)
{
    return len < 128 ? 1 : len < 256 ? 2 : 3;
}

/* An element's whole size. */
static uint32_t element(uint32_t len)
{
    return 1 + length_bytes(len) + len;
}

static void put_tag(struct writer *w, uint8_t tag, uint32_t len)
{
    put_u8(w, tag);
    if (len >= 256) {
        put_u8(w, 0x82);
        put_u16(w, (uint16_t)len);
    } else {
        if (len >= 128)
            put_u8(w, 0x81);
        put_u8(w, (uint8_t)len);
    }
}

/* Bits that anyone can derive from the owner and that stand for no key. The first is set where `high`, so that lengths are fixed. */
static void put_derived(struct writer *w, uint64_t key, uint32_t len, uint8_t high)
{
    uint8_t *b = writer_take(w, len);
    for (uint32_t i = 0; b && i < len; i += 8)
        store_be64(b + i, hash64(key, &(uint8_t){(uint8_t)(i / 8)}, 1));
    if (b)
        b[0] = (uint8_t)((b[0] & 0x7f) | high);
}

static uint32_t uri_len(const struct names *n)
{
    return URI_FIXED_BYTES + n->overlay_len;
}

static uint32_t general_names_len(const struct names *n)
{
    return element(uri_len(n)) + element(n->user_len);
}

static uint32_t san_len(const struct names *n)
{
    return SAN_FIXED_BYTES + element(element(general_names_len(n)));
}

static uint32_t extensions_bytes(const struct names *n)
{
    return element(element(element(san_len(n))));
}

/* What is left for the issuer's name when all else has its place; negative when it has not. */
static int issuer_room(const struct names *n)
{
    return TBS_BYTES - TBS_FIXED_BYTES - ISSUER_FIXED_BYTES - (int)extensions_bytes(n);
}

/* Names that cannot fit lose their ends, the user's first: with overlay names of up to 22 bytes none does. */
static void names_of(const struct fold_names *f, peer_h peer, struct names *n)
{
    size_t user = f->user(f->arg, peer, n->user);

    n->overlay = f->overlay_name;
    n->overlay_len = (uint32_t)strlen(f->overlay_name);
    n->user_len = user < USER_BYTES_MAX ? (uint32_t)user : USER_BYTES_MAX;
    while (issuer_room(n) < 1 && n->user_len)
        n->user_len--;
    while (issuer_room(n) < 1 && n->overlay_len)
        n->overlay_len--;
    n->issuer_len = (uint32_t)issuer_room(n);
}

static void put_algorithm(struct writer *w)
{
    static const uint8_t sha256_with_rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};
    put_bytes(w, sha256_with_rsa, sizeof sha256_with_rsa);
}

/* commonName, the one attribute: our name for it, then as many dots as fill the certificate. */
static void put_issuer(struct writer *w, const struct names *n)
{
    static const char name[] = "Reloadsim enrollment";
    static const uint8_t common_name[] = {0x06, 0x03, 0x55, 0x04, 0x03};

    put_tag(w, 0x30, n->issuer_len + ISSUER_FIXED_BYTES - 2);
    put_tag(w, 0x31, n->issuer_len + ISSUER_FIXED_BYTES - 4);
    put_tag(w, 0x30, n->issuer_len + ISSUER_FIXED_BYTES - 6);
    put_bytes(w, common_name, sizeof common_name);
    put_tag(w, 0x0c, n->issuer_len);
    for (uint32_t i = 0; i < n->issuer_len; i++)
        put_u8(w, i < sizeof name - 1 ? (uint8_t)name[i] : '.');
}

static void put_validity(struct writer *w, const char *times)
{
    static const uint8_t sequence[] = {0x30, 0x1e}, utc_time[] = {0x17, UTC_TIME_BYTES};
    put_bytes(w, sequence, sizeof sequence);
    for (unsigned k = 0; k < 2; k++) {
        put_bytes(w, utc_time, sizeof utc_time);
        put_bytes(w, times + k * UTC_TIME_BYTES, UTC_TIME_BYTES);
    }
}

static void put_key(struct writer *w, const uint8_t modulus[MODULUS_BYTES])
{
    static const uint8_t rsa[] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, /* rsaEncryption */
                                  0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
    static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};

    put_bytes(w, rsa, sizeof rsa);
    put_bytes(w, modulus, MODULUS_BYTES);
    put_bytes(w, exponent, sizeof exponent);
}

void fold_modulus(uint64_t seed, uint8_t out[MODULUS_BYTES])
{
    struct writer w = writer_on(out, MODULUS_BYTES, false);
    put_derived(&w, seed, MODULUS_BYTES, 0x80);
    out[MODULUS_BYTES - 1] |= 1; /* a modulus is odd */
}

void fold_public_key(const uint8_t modulus[MODULUS_BYTES], uint8_t out[PUBLIC_KEY_BYTES])
{
    struct writer w = writer_on(out, PUBLIC_KEY_BYTES, false);
    put_key(&w, modulus);
}

/* subjectAltName with the URI of the Node-ID, a Destination of type node in hexadecimal digits, and the user name; critical because the
 * subject is empty (RFC 5280 4.1.2.6). */
static void put_alternative_names(struct writer *w, const struct names *n, struct id node)
{
    static const uint8_t san[] = {0x06, 0x03, 0x55, 0x1d, 0x11, 0x01, 0x01, 0xff};
    static const char digit[] = "0123456789abcdef";
    uint8_t destination[DESTINATION_NODE_BYTES];
    struct writer d = writer_on(destination, sizeof destination, false);

    destination_put_node(&d, node);
    put_tag(w, 0xa3, element(element(san_len(n))));
    put_tag(w, 0x30, element(san_len(n)));
    put_tag(w, 0x30, san_len(n));
    put_bytes(w, san, sizeof san);
    put_tag(w, 0x04, element(general_names_len(n)));
    put_tag(w, 0x30, general_names_len(n));
    put_tag(w, 0x86, uri_len(n));
    put_bytes(w, "reload://", 9);
    for (uint32_t i = 0; i < NODE_HEX_DIGITS; i++)
        put_u8(w, (uint8_t)digit[i % 2 ? destination[i / 2] & 15 : destination[i / 2] >> 4]);
    put_u8(w, '@');
    put_bytes(w, n->overlay, n->overlay_len);
    put_u8(w, '/');
    put_tag(w, 0x81, n->user_len);
    put_bytes(w, n->user, n->user_len);
}

int fold_certificate_form(const struct fold_names *f, peer_h peer, const uint8_t modulus[MODULUS_BYTES], const char *validity, uint8_t der[CERTIFICATE_DER_BYTES])
{
    static const uint8_t version_3[] = {0xa0, 0x03, 0x02, 0x01, 0x02}, serial[] = {0x02, 0x09, 0x00}, no_subject[] = {0x30, 0x00};
    static const uint8_t signature[] = {0x03, 0x82, 0x01, 0x01, 0x00};
    struct writer w = writer_on(der, CERTIFICATE_DER_BYTES, false);
    struct id node = f->node_id(f->arg, peer);
    uint64_t seed = hash64_mix(node.hi, node.lo);
    struct names n;

    names_of(f, peer, &n);
    put_tag(&w, 0x30, CERTIFICATE_DER_BYTES - 4);
    put_tag(&w, 0x30, TBS_BYTES - 4);
    put_bytes(&w, version_3, sizeof version_3);
    put_bytes(&w, serial, sizeof serial);
    put_derived(&w, hash64_mix(seed, 1), SERIAL_BYTES, 0x80);
    put_algorithm(&w);
    put_issuer(&w, &n);
    put_validity(&w, validity ? validity : "000101000000Z491231235959Z");
    put_bytes(&w, no_subject, sizeof no_subject);
    put_key(&w, modulus);
    put_alternative_names(&w, &n, node);
    put_algorithm(&w);
    put_bytes(&w, signature, sizeof signature);
    put_derived(&w, hash64_mix(seed, 3), KEY_BYTES, 0);
    return w.err ? w.err : writer_len(&w) == CERTIFICATE_DER_BYTES ? 0 : ERR_LENGTH;
}

int fold_certificate(const struct fold_names *f, peer_h peer, uint8_t der[CERTIFICATE_DER_BYTES])
{
    uint8_t modulus[MODULUS_BYTES];
    struct id node = f->node_id(f->arg, peer);
    if (f->modulus)
        f->modulus(f->arg, peer, modulus);
    else
        fold_modulus(hash64_mix(hash64_mix(node.hi, node.lo), 2), modulus);
    return fold_certificate_form(f, peer, modulus, NULL, der);
}
