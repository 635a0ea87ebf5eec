/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds beside the registered ones in a run: those that were published, each as a kind-block that the configuration's kind-signer has signed, and which of them each
 * identity knows. A device keeps what it knows over sessions. A block that arrives in a ConfigUpdate is parsed and its signature checked as if nobody had
 * seen it. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/error.h"
#include "proto/kind.h"
#include "sim/crypto/document.h"
#include "sim/net/host.h"

#define OPERATOR 0u /* the first identity, a bootstrap peer, is the kind-signer */

struct published_kind {
    struct value_kind kind;
    uint8_t block[KIND_BLOCK_MAX];
    size_t len;
};

struct published_kinds {
    unsigned count;
    struct published_kind at[KINDS_ADDED_MAX];
    uint16_t known[]; /* by identity: a bit for each place */
};
_Static_assert(KINDS_ADDED_MAX <= 16, "a bit for each");

static struct host *host_in(const struct env *env)
{
    return env->host;
}

static void block_make(struct net *n, struct published_kind *p)
{
    char text[KIND_BLOCK_MAX];
    uint8_t block[DOCUMENT_BLOCK_MAX];
    size_t blob, len = kind_block_begin(&p->kind, text, sizeof text, &blob);
    size_t block_len = len ? crypto_block(n->part[n->here], OPERATOR, (const uint8_t *)text + blob, len - blob, block, sizeof block) : 0;
    p->len = kind_block_end(text, len, sizeof text, block, block_len);
    if (!p->len)
        kernel_exhausted("a kind-block");
    memcpy(p->block, text, p->len);
}

unsigned net_publish_kind(struct net *n, const struct value_kind *kind)
{
    if (!n->kinds && !(n->kinds = calloc(1, sizeof *n->kinds + n->config.identities * sizeof n->kinds->known[0])))
        kernel_exhausted("Kinds");
    if (n->kinds->count == KINDS_ADDED_MAX)
        kernel_exhausted("more Kinds");
    struct published_kind *p = &n->kinds->at[n->kinds->count];
    p->kind = *kind;
    block_make(n, p);
    return n->kinds->count++;
}

void net_teach_kind(struct net *n, peer_h peer, unsigned place)
{
    n->kinds->known[peer] |= (uint16_t)(1u << place);
}

void kinds_free(struct net *n)
{
    free(n->kinds);
}

/* ---- the port ---- */

const struct value_kind *kinds_at(struct env *env, unsigned place)
{
    const struct published_kinds *k = host_in(env)->net->kinds;
    return k && place < k->count && k->known[env->self] >> place & 1 ? &k->at[place].kind : NULL;
}

struct piece kinds_block(struct env *env, unsigned place)
{
    const struct published_kinds *k = host_in(env)->net->kinds;
    return kinds_at(env, place) ? (struct piece){k->at[place].block, k->at[place].len} : (struct piece){NULL, 0};
}

/* The signature comes first: what nobody may say is not looked at further. */
int kinds_adopt(struct env *env, struct piece block)
{
    struct net *n = host_in(env)->net;
    struct kind_block b;
    trouble_cpu(env, n->config.verify_ns);
    int err = kind_block_parse(block.b, block.len, &b);
    if (!err)
        err = crypto_block_check(env, net_id(n, OPERATOR), b.blob, b.blob_len, b.block, b.block_len);
    if (err)
        return err;
    if (b.kind.id < KIND_PRIVATE_FIRST)
        return ERR_FORBIDDEN; /* registered ones stand, and nobody else numbers his so */
    err = kind_judge(&b.kind);
    if (err)
        return err;
    for (unsigned k = 0; n->kinds && k < n->kinds->count; k++)
        if (n->kinds->at[k].kind.id == b.kind.id) {
            if (!kind_equal(&n->kinds->at[k].kind, &b.kind))
                return ERR_FORBIDDEN;
            net_teach_kind(n, env->self, k);
            return 0;
        }
    return ERR_SIGNATURE; /* nobody but us could sign it, and we have not */
}
