/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/cli/decode_show.h"

#include <openssl/x509v3.h>

#define DIGITS_SHOWN 8 /* of an identifier in a line: enough to tell a million apart by eye, and to search for */

static struct reader reader_of(struct span s)
{
    return reader_on(s.b, s.len, false);
}

const char *decode_code(uint16_t code, char out[CODE_WORD_BYTES])
{
    const char *name = message_name(code);
    if (name)
        snprintf(out, CODE_WORD_BYTES, "%s", name);
    else
        snprintf(out, CODE_WORD_BYTES, "code-0x%04x", code);
    return out;
}

/* ---- header ---- */

static const char *destination_type(uint8_t type)
{
    switch (type) {
    case DESTINATION_NODE: return "node";
    case DESTINATION_RESOURCE: return "resource";
    case DESTINATION_OPAQUE: return "opaque";
    case DESTINATION_COMPRESSED: return "compressed";
    default: return "unknown";
    }
}

const char *decode_destination(struct span list, char out[DESTINATION_WORD_BYTES])
{
    struct reader r = reader_of(list);
    struct destination d;
    uint8_t id[ID_BYTES];
    struct span bytes = {id, sizeof id};
    size_t at;

    out[0] = 0;
    if (!list.len)
        return out;
    while (reader_left(&r))
        destination_read(&r, &d);
    id_store(id, d.id);
    bytes = d.type == DESTINATION_NODE ? bytes : d.bytes;
    at = (size_t)snprintf(out, DESTINATION_WORD_BYTES, "%s ", destination_type(d.type));
    for (uint32_t i = 0; i < bytes.len && i < DIGITS_SHOWN / 2; i++, at += 2)
        snprintf(out + at, DESTINATION_WORD_BYTES - at, "%02x", bytes.b[i]);
    return out;
}

void decode_show_destination(struct tree *t, const struct destination *d)
{
    if (d->type == DESTINATION_NODE && !t->json) {
        tree_id(t, "node", d->id);
        return;
    }
    if (!t->json) {
        tree_bytes(t, destination_type(d->type), d->bytes);
        return;
    }
    tree_open(t, "destination");
    tree_word(t, "type", destination_type(d->type));
    if (d->type == DESTINATION_NODE)
        tree_id(t, "id", d->id);
    else
        tree_bytes(t, "id", d->bytes);
    tree_close(t);
}

void decode_show_destinations(struct tree *t, const char *name, struct span list)
{
    struct reader r = reader_of(list);
    struct destination d;

    tree_list(t, name);
    while (reader_left(&r) && !destination_read(&r, &d))
        decode_show_destination(t, &d);
    tree_close(t);
}

static void show_options(struct tree *t, struct span list)
{
    struct reader r = reader_of(list);
    struct forwarding_option o;

    tree_list(t, "options");
    while (reader_left(&r) && !option_read(&r, &o)) {
        tree_open(t, "option");
        tree_number(t, "type", o.type);
        tree_number(t, "flags", o.flags);
        tree_bytes(t, "value", o.value);
        tree_close(t);
    }
    tree_close(t);
}

void decode_show_header(struct tree *t, const struct header *h)
{
    tree_open(t, "header");
    tree_hex(t, "overlay", h->overlay, 8);
    tree_number(t, "configuration_sequence", h->config_sequence);
    tree_number(t, "ttl", h->ttl);
    tree_hex(t, "fragment", h->fragment, 8);
    tree_number(t, "length", h->length);
    tree_hex(t, "transaction_id", h->transaction, 16);
    tree_number(t, "max_response_length", h->max_response);
    decode_show_destinations(t, "via_list", h->via);
    decode_show_destinations(t, "destination_list", h->destination);
    show_options(t, h->options);
    tree_close(t);
}

/* ---- security ---- */

static void show_alternative_name(struct tree *t, const GENERAL_NAME *name)
{
    const ASN1_STRING *s = name->type == GEN_URI || name->type == GEN_EMAIL ? name->d.ia5 : NULL;
    if (s)
        tree_text(t, name->type == GEN_URI ? "uri" : "user",
                  (struct span){ASN1_STRING_get0_data(s), (uint32_t)ASN1_STRING_length(s)});
}

/* Whose certificate: the names of RFC 6940 11.3, if it is one that parses. */
void decode_show_certificate(struct tree *t, const struct certificate *c)
{
    const uint8_t *p = c->der.b;
    X509 *x = d2i_X509(NULL, &p, (long)c->der.len);
    GENERAL_NAMES *names = x ? X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL) : NULL;

    tree_open(t, "certificate");
    tree_number(t, "type", c->type);
    for (int i = 0; i < (names ? sk_GENERAL_NAME_num(names) : 0); i++)
        show_alternative_name(t, sk_GENERAL_NAME_value(names, i));
    tree_bytes(t, "der", c->der);
    tree_close(t);
    GENERAL_NAMES_free(names);
    X509_free(x);
}

void decode_show_signature(struct tree *t, const struct signature *s)
{
    tree_open(t, "signature");
    tree_number(t, "hash", s->hash);
    tree_number(t, "signature", s->sig);
    switch (s->identity_type) {
    case IDENTITY_CERT_HASH:
    case IDENTITY_CERT_HASH_NODE_ID:
        tree_bytes(t, s->identity_type == IDENTITY_CERT_HASH ? "cert_hash" : "cert_hash_node_id", s->identity);
        break;
    case IDENTITY_NONE:
        tree_word(t, "identity", "none");
        break;
    default:
        tree_number(t, "identity_type", s->identity_type);
        tree_bytes(t, "identity", s->identity_raw);
        break;
    }
    tree_bytes(t, "value", s->value);
    tree_close(t);
}

static void show_security(struct tree *t, const struct security *s)
{
    tree_open(t, "security");
    tree_list(t, "certificates");
    for (unsigned i = 0; i < s->certificates; i++)
        decode_show_certificate(t, &s->certificate[i]);
    tree_close(t);
    decode_show_signature(t, &s->signature);
    tree_close(t);
}

/* ---- contents ---- */

static void show_extensions(struct tree *t, struct span list)
{
    struct reader r = reader_of(list);
    struct extension x;

    tree_list(t, "extensions");
    while (reader_left(&r) && !extension_read(&r, &x)) {
        tree_open(t, "extension");
        tree_number(t, "type", x.type);
        tree_bool(t, "critical", x.critical);
        tree_bytes(t, "contents", x.contents);
        tree_close(t);
    }
    tree_close(t);
}

void decode_show_message(struct tree *t, const struct message *m)
{
    char word[CODE_WORD_BYTES];

    tree_open(t, "contents");
    tree_number(t, "message_code", m->code);
    tree_word(t, "name", decode_code(m->code, word));
    tree_open(t, "body");
    decode_show_body(t, m->code, m->body);
    tree_close(t);
    show_extensions(t, m->extensions);
    tree_close(t);
    show_security(t, &m->security);
}
