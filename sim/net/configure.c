/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration documents in a run: those that were published, and which of them each identity has. A device keeps its document over sessions.
 *
 * The document that arrives in a ConfigUpdate is parsed and its signature checked as if nobody had seen it; the verdict on bytes that are those of a
 * published document is remembered, for thousands of peers get the same ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/error.h"
#include "sim/crypto/document.h"
#include "sim/net/host.h"

#define OPERATOR 0u /* the first identity, a bootstrap peer, is the configuration-signer */

enum verdict { UNREAD, GOOD, BAD };

struct publication {
    uint8_t *b;
    size_t len;
    uint16_t sequence;
};

struct publications {
    unsigned count;
    struct publication at[NET_DOCUMENTS_MAX];
};

static struct host *host_in(const struct env *env)
{
    return env->host;
}

static void document_make(struct net *n, const struct overlay *o, struct publication *p)
{
    char text[DOCUMENT_MAX];
    uint8_t block[DOCUMENT_BLOCK_MAX];
    size_t blob, len = document_begin(o, net_id(n, OPERATOR), text, sizeof text, &blob);
    size_t block_len = len ? crypto_block(n->part[n->here], OPERATOR, (const uint8_t *)text + blob, len - blob, block, sizeof block) : 0;
    p->len = document_end(text, len, sizeof text, block, block_len);
    p->b = p->len ? malloc(p->len) : NULL;
    if (!p->b)
        kernel_exhausted("a configuration document");
    memcpy(p->b, text, p->len);
    p->sequence = o->sequence;
}

unsigned net_publish(struct net *n, const struct overlay *o)
{
    if (!n->publications) {
        n->publications = calloc(1, sizeof *n->publications);
        n->held = calloc(n->config.identities, sizeof *n->held);
        if (!n->publications || !n->held)
            kernel_exhausted("configuration documents");
    }
    struct publications *all = n->publications;
    if (all->count == NET_DOCUMENTS_MAX)
        kernel_exhausted("more configuration documents");
    document_make(n, o, &all->at[all->count]);
    return all->count++;
}

void net_hold(struct net *n, peer_h peer, unsigned document)
{
    n->held[peer] = (uint8_t)document;
}

unsigned net_held(const struct net *n, peer_h peer)
{
    return n->held ? n->held[peer] : 0;
}

void configure_free(struct net *n)
{
    for (unsigned k = 0; n->publications && k < n->publications->count; k++)
        free(n->publications->at[k].b);
    free(n->publications);
    free(n->held);
}

/* ---- the port ---- */

struct piece configure_document(struct env *env)
{
    const struct net *n = host_in(env)->net;
    if (!n->publications)
        return (struct piece){NULL, 0};
    const struct publication *p = &n->publications->at[n->held[env->self]];
    return (struct piece){p->b, p->len};
}

/* Number of the publication with these bytes; its count if there is none. */
static unsigned published(const struct net *n, struct piece d)
{
    unsigned k = 0;
    while (n->publications && k < n->publications->count && (n->publications->at[k].len != d.len || memcmp(n->publications->at[k].b, d.b, d.len) != 0))
        k++;
    return k;
}

static int judge(struct env *env, struct piece bytes, uint16_t *sequence)
{
    struct host *h = host_in(env);
    struct document d;
    int err = document_parse(bytes.b, bytes.len, &d);
    if (err)
        return err;
    if (strcmp(d.name, h->net->config.overlay->name) != 0)
        return ERR_VALUE;
    *sequence = d.overlay.sequence;
    return crypto_block_check(env, net_id(h->net, OPERATOR), d.blob, d.blob_len, d.block, d.block_len);
}

int configure_read(struct env *env, struct piece document, uint16_t *sequence)
{
    struct host *h = host_in(env);
    unsigned k = published(h->net, document);
    trouble_cpu(env, h->net->config.verify_ns); /* whether the verdict is remembered or not: memories are a partition's own */
    bool known = h->net->publications && k < h->net->publications->count;
    if (!known)
        return judge(env, document, sequence) == 0 ? ERR_VALUE : ERR_SIGNATURE; /* nobody but us could sign it, and we have not */
    if (h->verdict[k] == UNREAD)
        h->verdict[k] = judge(env, document, sequence) == 0 && *sequence == h->net->publications->at[k].sequence ? GOOD : BAD;
    *sequence = h->net->publications->at[k].sequence;
    return h->verdict[k] == GOOD ? 0 : ERR_SIGNATURE;
}

void configure_adopt(struct env *env, struct piece document)
{
    struct net *n = host_in(env)->net;
    unsigned k = published(n, document);
    if (n->publications && k < n->publications->count)
        n->held[env->self] = (uint8_t)k;
}
