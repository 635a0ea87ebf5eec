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
#include "proto/wire/message.h"

#define BASE_NS   "urn:ietf:params:xml:ns:p2p:config-base"
#define CHORD_NS  "urn:ietf:params:xml:ns:p2p:config-chord"
#define BLOB_HEAD "<configuration"
#define BLOB_TAIL "</configuration>"
#define KIND_HEAD "<kind"
#define KIND_TAIL "</kind>"
#define PORT      6084u

static const char *const model_names[] = {[MODEL_UNKNOWN] = "", [MODEL_SINGLE] = "SINGLE", [MODEL_ARRAY] = "ARRAY", [MODEL_DICTIONARY] = "DICTIONARY"};
static const char *const access_names[] = {[ACCESS_USER_MATCH] = "USER-MATCH",       [ACCESS_NODE_MATCH] = "NODE-MATCH",       [ACCESS_USER_NODE_MATCH] = "USER-NODE-MATCH",
                                           [ACCESS_NODE_MULTIPLE] = "NODE-MULTIPLE", [ACCESS_NODE_ID_MATCH] = "NODE-ID-MATCH"};
#define MODELS   (sizeof model_names / sizeof model_names[0])
#define POLICIES (sizeof access_names / sizeof access_names[0])

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
    for (unsigned k = 0; k < o->bad_nodes; k++)
        add(&t, "<bad-node>%016" PRIx64 "%016" PRIx64 "</bad-node>\n", o->bad_node[k].hi, o->bad_node[k].lo);
    add(&t, "<kind-signer>%016" PRIx64 "%016" PRIx64 "</kind-signer>\n", signer.hi, signer.lo);
    add(&t, "<configuration-signer>%016" PRIx64 "%016" PRIx64 "</configuration-signer>\n" BLOB_TAIL, signer.hi, signer.lo);
    return t.len;
}

/* Closes what was begun with the element of its signature. */
static size_t signature_add(char *out, size_t len, size_t cap, const uint8_t *block, size_t block_len, const char *before, const char *behind)
{
    char coded[(DOCUMENT_BLOCK_MAX + 2) / 3 * 4 + 1];
    struct text t = {out, len, cap};
    if (len == 0 || block_len > DOCUMENT_BLOCK_MAX)
        return 0;
    EVP_EncodeBlock((unsigned char *)coded, block, (int)block_len);
    add(&t, "%s%s%s", before, coded, behind);
    return t.len;
}

size_t document_end(char *out, size_t len, size_t cap, const uint8_t *block, size_t block_len)
{
    return signature_add(out, len, cap, block, block_len, "\n<signature>", "</signature>\n</overlay>\n");
}

size_t kind_block_begin(const struct value_kind *k, char *out, size_t cap, size_t *blob)
{
    struct text t = {out, 0, cap};
    add(&t, "<kind-block>");
    *blob = t.len;
    add(&t, "<kind id=\"%" PRIu32 "\"><data-model>%s</data-model><access-control>%s</access-control>", k->id, model_names[k->model], access_names[k->access]);
    if (k->access == ACCESS_NODE_MULTIPLE)
        add(&t, "<max-node-multiple>%u</max-node-multiple>", (unsigned)k->max_node_multiple);
    add(&t, "<max-count>%u</max-count><max-size>%u</max-size>" KIND_TAIL, (unsigned)k->max_count, (unsigned)k->max_size);
    return t.len;
}

size_t kind_block_end(char *out, size_t len, size_t cap, const uint8_t *block, size_t block_len)
{
    return signature_add(out, len, cap, block, block_len, "<kind-signature>", "</kind-signature></kind-block>");
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

/* The kind-blocks of required-kinds; false: it holds anything else. */
static bool kinds_count(const xmlNode *n, unsigned *count)
{
    for (const xmlNode *k = n->children; k; k = k->next) {
        if (k->type != XML_ELEMENT_NODE)
            continue;
        if (!is_named(k, BASE_NS, "kind-block"))
            return false;
        ++*count;
    }
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
    if (is_named(n, BASE_NS, "kind-signer"))
        return d->kind_signers < DOCUMENT_SIGNERS_MAX && trimmed(xmlNodeGetContent(n), text, sizeof text) && id_of(text, &d->kind_signer[d->kind_signers++]);
    if (is_named(n, BASE_NS, "bad-node")) /* more than can be kept in mind cannot be met */
        return o->bad_nodes < BAD_NODES_MAX && trimmed(xmlNodeGetContent(n), text, sizeof text) && id_of(text, &o->bad_node[o->bad_nodes++]);
    if (is_named(n, BASE_NS, "required-kinds"))
        return kinds_count(n, &d->kinds_named);
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

static bool signature_read_text(const xmlNode *n, uint8_t block[DOCUMENT_BLOCK_MAX], size_t *block_len)
{
    char coded[(DOCUMENT_BLOCK_MAX + 2) / 3 * 4 + 1];
    unsigned char plain[sizeof coded];
    if (!trimmed(xmlNodeGetContent(n), coded, sizeof coded))
        return false;
    size_t len = strlen(coded), pad = len >= 2 ? (size_t)(coded[len - 1] == '=') + (coded[len - 2] == '=') : 0;
    int got = len > 0 && len % 4 == 0 ? EVP_DecodeBlock(plain, (unsigned char *)coded, (int)len) : -1;
    if (got < (int)pad || (size_t)got - pad > DOCUMENT_BLOCK_MAX)
        return false;
    *block_len = (size_t)got - pad;
    memcpy(block, plain, *block_len);
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
            if (signatures++ > 0 || configurations != 1 || !signature_read_text(n, d->block, &d->block_len))
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

/* The kind-blocks in the signed bytes, which must be as many as the tree has. */
static bool kinds_find(struct document *d)
{
    static const char head[] = "<kind-block>", tail[] = "</kind-block>";
    const uint8_t *p = d->blob, *end = d->blob + d->blob_len;
    while ((p = find(p, (size_t)(end - p), head)) != NULL) {
        const uint8_t *close = find(p, (size_t)(end - p), tail);
        if (!close || find(p + 1, (size_t)(close - p - 1), head) || d->kinds == KINDS_ADDED_MAX)
            return false;
        d->kind[d->kinds] = p;
        d->kind_len[d->kinds++] = (size_t)(close - p) + sizeof tail - 1;
        p = close;
    }
    return d->kinds == d->kinds_named;
}

static xmlDoc *xml_read(const uint8_t *b, size_t len)
{
    return xmlReadMemory((const char *)b, (int)len, "document", "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
}

int document_parse(const uint8_t *b, size_t len, struct document *d)
{
    memset(d, 0, sizeof *d);
    if (len > DOCUMENT_MAX || !blob_find(b, len, d) || find(b, len, "<!DOCTYPE"))
        return ERR_VALUE;
    xmlDoc *doc = xml_read(b, len);
    bool ok = doc && !doc->intSubset && tree_read(xmlDocGetRootElement(doc), d) && kinds_find(d);
    xmlFreeDoc(doc);
    xmlResetLastError();
    return ok ? 0 : ERR_VALUE;
}

/* ---- kind-blocks ---- */

/* In a block that stands alone the namespace is the default one (6.5.4.1): there may be none, or that one. */
static bool is_kind_element(const xmlNode *n, const char *name)
{
    return n->type == XML_ELEMENT_NODE && (!n->ns || xmlStrcmp(n->ns->href, xml(BASE_NS)) == 0) && xmlStrcmp(n->name, xml(name)) == 0;
}

static bool word_of(const char *text, const char *const names[], size_t count, unsigned *out)
{
    for (unsigned k = 0; k < count; k++)
        if (names[k][0] && strcmp(text, names[k]) == 0) {
            *out = k;
            return true;
        }
    return false;
}

/* By name a registered one, by number a private one: one of both. */
static bool kind_named(xmlNode *n, struct value_kind *k)
{
    static const struct {
        const char *name;
        uint32_t id;
    } registered[] = {{"SIP-REGISTRATION", KIND_SIP_REGISTRATION}, {"TURN-SERVICE", KIND_TURN_SERVICE}, {"CERTIFICATE_BY_NODE", KIND_CERTIFICATE_BY_NODE},
                      {"CERTIFICATE_BY_USER", KIND_CERTIFICATE_BY_USER}, {"REDIR", KIND_REDIR}};
    char text[64];
    uint64_t v;
    bool by_name = xmlHasProp(n, xml("name")) != NULL, by_id = xmlHasProp(n, xml("id")) != NULL;
    if (by_name == by_id || !trimmed(xmlGetNoNsProp(n, xml(by_name ? "name" : "id")), text, sizeof text))
        return false;
    if (by_id) {
        bool fits = number_of(text, 0, UINT32_MAX, &v);
        k->id = fits ? (uint32_t)v : 0;
        return fits;
    }
    for (size_t i = 0; i < sizeof registered / sizeof registered[0]; i++)
        if (strcmp(text, registered[i].name) == 0)
            k->id = registered[i].id;
    return k->id != 0;
}

/* The elements of 11.1 in any order, each once; others are extensions. */
static bool kind_read(xmlNode *n, struct value_kind *k)
{
    static const char *const element[] = {"data-model", "access-control", "max-count", "max-size", "max-node-multiple"};
    char text[64];
    uint64_t v = 0;
    unsigned word = 0, seen = 0;
    if (!kind_named(n, k))
        return false;
    for (xmlNode *e = n->children; e; e = e->next) {
        unsigned i = 0;
        while (i < 5 && !is_kind_element(e, element[i]))
            i++;
        if (i == 5)
            continue;
        bool good = !(seen >> i & 1) && trimmed(xmlNodeGetContent(e), text, sizeof text) &&
                    (i == 0   ? word_of(text, model_names, MODELS, &word)
                     : i == 1 ? word_of(text, access_names, POLICIES, &word)
                              : number_of(text, 0, i == 4 ? UINT8_MAX : UINT16_MAX, &v));
        if (!good)
            return false;
        seen |= 1u << i;
        switch (i) {
        case 0: k->model = (enum data_model)word; break;
        case 1: k->access = (enum access_policy)word; break;
        case 2: k->max_count = (uint16_t)v; break;
        case 3: k->max_size = (uint16_t)v; break;
        default: k->max_node_multiple = (uint8_t)v; break;
        }
    }
    return (seen & 15) == 15 && (k->access == ACCESS_NODE_MULTIPLE) == (seen >> 4 & 1);
}

static bool kind_tree_read(xmlNode *root, struct kind_block *b)
{
    unsigned kinds = 0, signatures = 0;
    if (!root || !is_kind_element(root, "kind-block"))
        return false;
    for (xmlNode *n = root->children; n; n = n->next) {
        if (is_kind_element(n, "kind")) {
            if (kinds++ > 0 || (n->ns && n->ns->prefix) || !kind_read(n, &b->kind))
                return false;
        } else if (is_kind_element(n, "kind-signature")) {
            if (signatures++ > 0 || !signature_read_text(n, b->block, &b->block_len))
                return false;
        }
    }
    return kinds == 1 && signatures == 1;
}

/* The one stretch from <kind to </kind>; <kind-block and <kind-signature begin like it. */
static bool kind_blob_find(const uint8_t *b, size_t len, struct kind_block *k)
{
    const uint8_t *end = b + len, *tail = find(b, len, KIND_TAIL);
    unsigned heads = 0;
    for (const uint8_t *p = b; (p = find(p, (size_t)(end - p), KIND_HEAD)) != NULL; p++)
        if (p + sizeof KIND_HEAD - 1 < end && strchr(" \t\r\n>/", p[sizeof KIND_HEAD - 1])) {
            k->blob = p;
            heads++;
        }
    if (heads != 1 || !tail || tail < k->blob)
        return false;
    const uint8_t *after = tail + sizeof KIND_TAIL - 1;
    k->blob_len = (size_t)(after - k->blob);
    return !find(after, (size_t)(end - after), KIND_TAIL);
}

int kind_block_parse(const uint8_t *b, size_t len, struct kind_block *k)
{
    memset(k, 0, sizeof *k);
    if (len > KIND_BLOCK_MAX || !kind_blob_find(b, len, k) || find(b, len, "<!DOCTYPE"))
        return ERR_VALUE;
    xmlDoc *doc = xml_read(b, len);
    bool ok = doc && !doc->intSubset && kind_tree_read(xmlDocGetRootElement(doc), k);
    xmlFreeDoc(doc);
    xmlResetLastError();
    return ok ? 0 : ERR_VALUE;
}
