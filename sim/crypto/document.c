/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/crypto/document.h"

#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/error.h"
#include "proto/port.h"

#define BASE_NS   "urn:ietf:params:xml:ns:p2p:config-base"
#define CHORD_NS  "urn:ietf:params:xml:ns:p2p:config-chord"
#define BLOB_HEAD "<configuration"
#define BLOB_TAIL "</configuration>"
#define PORT      6084u

/* ---- writing ---- */

struct text {
    char *b;
    size_t len, cap;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->b + t->len, t->cap - t->len, format, args);
    va_end(args);
    t->len = n < 0 || (size_t)n >= t->cap - t->len ? t->cap : t->len + (size_t)n;
    if (t->len == t->cap) /* full: nothing more is added */
        t->len = t->cap = 0;
}

/* The name is user input: what XML reserves is escaped. */
static void add_escaped(struct text *t, const char *s)
{
    for (; *s; s++) {
        if (strchr("&<>\"'", *s))
            add(t, "&#%d;", *s);
        else
            add(t, "%c", *s);
    }
}

static const char *truth(bool v)
{
    return v ? "true" : "false";
}

size_t document_begin(const struct overlay *o, struct id signer, char *out, size_t cap, size_t *blob)
{
    struct text t = {out, 0, cap};
    add(&t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<overlay xmlns=\"" BASE_NS "\" xmlns:chord=\"" CHORD_NS "\">\n");
    *blob = t.len;
    add(&t, "<configuration instance-name=\"");
    add_escaped(&t, o->name);
    add(&t, "\" sequence=\"%u\" expiration=\"2049-12-31T23:59:59Z\">\n<topology-plugin>CHORD-RELOAD</topology-plugin>\n<node-id-length>16</node-id-length>\n",
        (unsigned)o->sequence);
    if (o->self_signed)
        add(&t, "<self-signed-permitted digest=\"%s\">true</self-signed-permitted>\n", o->self_signed == HASH_SHA1 ? "sha1" : "sha256");
    for (unsigned k = 0; k < o->bootstrap_count; k++)
        add(&t, "<bootstrap-node address=\"16.%u.%u.%u\" port=\"%u\"/>\n", o->bootstrap[k] >> 16 & 255, o->bootstrap[k] >> 8 & 255,
            o->bootstrap[k] & 255, PORT);
    add(&t, "<clients-permitted>%s</clients-permitted>\n<no-ice>true</no-ice>\n", truth(o->clients_permitted));
    add(&t, "<chord:chord-update-interval>%" PRIu64 "</chord:chord-update-interval>\n", o->update_interval / SECONDS(1));
    add(&t, "<chord:chord-ping-interval>%" PRIu64 "</chord:chord-ping-interval>\n", o->ping_interval / SECONDS(1));
    add(&t, "<chord:chord-reactive>%s</chord:chord-reactive>\n", truth(o->reactive));
    add(&t, "<max-message-size>%" PRIu32 "</max-message-size>\n<initial-ttl>%u</initial-ttl>\n", o->max_message_size, (unsigned)o->initial_ttl);
    add(&t, "<overlay-reliability-timer>%" PRIu64 "</overlay-reliability-timer>\n", o->reliability_timer / MILLIS(1));
    add(&t, "<configuration-signer>%016" PRIx64 "%016" PRIx64 "</configuration-signer>\n" BLOB_TAIL, signer.hi, signer.lo);
    return t.len;
}

size_t document_end(char *out, size_t len, size_t cap, const uint8_t *block, size_t block_len)
{
    char coded[(DOCUMENT_BLOCK_MAX + 2) / 3 * 4 + 1];
    struct text t = {out, len, cap};
    if (len == 0 || block_len > DOCUMENT_BLOCK_MAX)
        return 0;
    EVP_EncodeBlock((unsigned char *)coded, block, (int)block_len);
    add(&t, "\n<signature>%s</signature>\n</overlay>\n", coded);
    return t.len;
}

/* ---- reading ---- */

static const xmlChar *xml(const char *s)
{
    return (const xmlChar *)s;
}

static bool is_named(const xmlNode *n, const char *ns, const char *name)
{
    return n->type == XML_ELEMENT_NODE && n->ns && xmlStrcmp(n->ns->href, xml(ns)) == 0 && xmlStrcmp(n->name, xml(name)) == 0;
}

/* The text of an element or value of an attribute without the white space around it; false when it is too long. Frees its argument. */
static bool trimmed(xmlChar *value, char *out, size_t cap)
{
    const char *s = value ? (const char *)value : "";
    s += strspn(s, " \t\r\n");
    size_t len = strlen(s);
    while (len > 0 && strchr(" \t\r\n", s[len - 1]))
        len--;
    bool fits = value && len < cap;
    if (fits) {
        memcpy(out, s, len);
        out[len] = 0;
    }
    xmlFree(value);
    return fits;
}

static bool number_of(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
    char *end;
    if (*s < '0' || *s > '9' || strlen(s) > 18)
        return false;
    *out = strtoull(s, &end, 10);
    return *end == 0 && *out >= min && *out <= max;
}

static bool truth_of(const char *s, bool *out)
{
    *out = strcmp(s, "true") == 0 || strcmp(s, "1") == 0;
    return *out || strcmp(s, "false") == 0 || strcmp(s, "0") == 0;
}

static bool id_of(const char *s, struct id *out)
{
    if (strlen(s) != 32 || strspn(s, "0123456789abcdefABCDEF") != 32)
        return false;
    char half[17] = {0};
    memcpy(half, s, 16);
    *out = (struct id){strtoull(half, NULL, 16), strtoull(s + 16, NULL, 16)};
    return true;
}

/* One element inside configuration; false: it forbids the document. */
static bool element_read(xmlNode *n, struct document *d)
{
    static const char *const numbers[] = {"max-message-size", "initial-ttl", "overlay-reliability-timer", "node-id-length"};
    static const uint64_t range[][2] = {{4096, 65536}, {1, 255}, {200, 600000}, {16, 16}};
    struct overlay *o = &d->overlay;
    char text[128];
    uint64_t v = 0;
    if (is_named(n, BASE_NS, "mandatory-extension"))
        return false;
    if (is_named(n, BASE_NS, "topology-plugin"))
        return trimmed(xmlNodeGetContent(n), text, sizeof text) && strcmp(text, "CHORD-RELOAD") == 0;
    if (is_named(n, BASE_NS, "clients-permitted"))
        return trimmed(xmlNodeGetContent(n), text, sizeof text) && truth_of(text, &o->clients_permitted);
    if (is_named(n, CHORD_NS, "chord-reactive"))
        return trimmed(xmlNodeGetContent(n), text, sizeof text) && truth_of(text, &o->reactive);
    if (is_named(n, BASE_NS, "configuration-signer"))
        return d->signers < DOCUMENT_SIGNERS_MAX && trimmed(xmlNodeGetContent(n), text, sizeof text) && id_of(text, &d->signer[d->signers++]);
    if (is_named(n, BASE_NS, "self-signed-permitted")) {
        bool permitted;
        if (!trimmed(xmlNodeGetContent(n), text, sizeof text) || !truth_of(text, &permitted) || !trimmed(xmlGetNoNsProp(n, xml("digest")), text, sizeof text))
            return false;
        o->self_signed = !permitted ? 0 : strcmp(text, "sha1") == 0 ? HASH_SHA1 : strcmp(text, "sha256") == 0 ? HASH_SHA256 : UINT8_MAX;
        return o->self_signed != UINT8_MAX;
    }
    if (is_named(n, CHORD_NS, "chord-update-interval") || is_named(n, CHORD_NS, "chord-ping-interval")) {
        if (!trimmed(xmlNodeGetContent(n), text, sizeof text) || !number_of(text, 0, UINT64_C(3155760000), &v))
            return false;
        *(is_named(n, CHORD_NS, "chord-ping-interval") ? &o->ping_interval : &o->update_interval) = SECONDS(v);
        return true;
    }
    for (unsigned k = 0; k < 4; k++) {
        if (!is_named(n, BASE_NS, numbers[k]))
            continue;
        if (!trimmed(xmlNodeGetContent(n), text, sizeof text) || !number_of(text, range[k][0], range[k][1], &v))
            return false;
        if (k == 0)
            o->max_message_size = (uint32_t)v;
        else if (k == 1)
            o->initial_ttl = (uint8_t)v;
        else if (k == 2)
            o->reliability_timer = MILLIS(v);
    }
    return true;
}

static bool configuration_read(xmlNode *n, struct document *d)
{
    char text[32];
    uint64_t v;
    /* The defaults of 11.1. */
    d->overlay = (struct overlay){.max_message_size = 5000, .initial_ttl = 100, .reliability_timer = MILLIS(3000), .clients_permitted = true,
                                  .update_interval = SECONDS(600), .ping_interval = SECONDS(3600), .reactive = true};
    if (!trimmed(xmlGetNoNsProp(n, xml("instance-name")), d->name, sizeof d->name) ||
        !trimmed(xmlGetNoNsProp(n, xml("sequence")), text, sizeof text) || !number_of(text, 0, 65534, &v))
        return false;
    d->overlay.sequence = (uint16_t)v;
    for (xmlNode *k = n->children; k; k = k->next)
        if (k->type == XML_ELEMENT_NODE && !element_read(k, d))
            return false;
    return true;
}

static bool signature_read_text(xmlNode *n, struct document *d)
{
    char coded[(DOCUMENT_BLOCK_MAX + 2) / 3 * 4 + 1];
    unsigned char plain[sizeof coded];
    if (!trimmed(xmlNodeGetContent(n), coded, sizeof coded))
        return false;
    size_t len = strlen(coded), pad = len >= 2 ? (size_t)(coded[len - 1] == '=') + (coded[len - 2] == '=') : 0;
    int got = len > 0 && len % 4 == 0 ? EVP_DecodeBlock(plain, (unsigned char *)coded, (int)len) : -1;
    if (got < (int)pad || (size_t)got - pad > sizeof d->block)
        return false;
    d->block_len = (size_t)got - pad;
    memcpy(d->block, plain, d->block_len);
    return true;
}

static bool tree_read(xmlNode *root, struct document *d)
{
    unsigned configurations = 0, signatures = 0;
    if (!root || !is_named(root, BASE_NS, "overlay"))
        return false;
    for (xmlNode *n = root->children; n; n = n->next) {
        if (is_named(n, BASE_NS, "configuration")) {
            if (configurations++ > 0 || n->ns->prefix || !configuration_read(n, d))
                return false;
        } else if (is_named(n, BASE_NS, "signature")) {
            if (signatures++ > 0 || configurations != 1 || !signature_read_text(n, d))
                return false;
        }
    }
    return configurations == 1 && signatures == 1;
}

static const uint8_t *find(const uint8_t *b, size_t len, const char *what)
{
    return memmem(b, len, what, strlen(what));
}

/* The one stretch from <configuration to </configuration>. */
static bool blob_find(const uint8_t *b, size_t len, struct document *d)
{
    const uint8_t *head = find(b, len, BLOB_HEAD), *tail = find(b, len, BLOB_TAIL);
    if (!head || !tail || tail < head)
        return false;
    const uint8_t *after = tail + sizeof BLOB_TAIL - 1, *end = b + len;
    /* <configuration-signer> begins like it, so occurrences count when white space follows. */
    for (const uint8_t *p = head + 1; (p = find(p, (size_t)(end - p), BLOB_HEAD)) != NULL; p++)
        if (p + sizeof BLOB_HEAD - 1 < end && strchr(" \t\r\n>/", p[sizeof BLOB_HEAD - 1]))
            return false;
    if (find(after, (size_t)(end - after), BLOB_TAIL))
        return false;
    d->blob = head;
    d->blob_len = (size_t)(after - head);
    return true;
}

int document_parse(const uint8_t *b, size_t len, struct document *d)
{
    memset(d, 0, sizeof *d);
    if (len > DOCUMENT_MAX || !blob_find(b, len, d) || find(b, len, "<!DOCTYPE"))
        return ERR_VALUE;
    xmlDoc *doc = xmlReadMemory((const char *)b, (int)len, "document", "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
    bool ok = doc && !doc->intSubset && tree_read(xmlDocGetRootElement(doc), d);
    xmlFreeDoc(doc);
    xmlResetLastError();
    return ok ? 0 : ERR_VALUE;
}
