/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/store/access.h"

#define REDIR_BRANCHES  10u    /* branching-factor, RFC 7374 4: 10 unless configured */
#define REDIR_LEVEL_MAX 5u     /* below it no node number fits 16 bits */

static struct id name_hash(const struct call *c, const struct piece *piece, unsigned pieces)
{
    uint8_t digest[20];
    c->env->port->hash(c->env, HASH_SHA1, piece, pieces, digest); /* 10.2: the first 128 bits of SHA-1 */
    return id_load(digest);
}

struct id access_node_resource(const struct call *c, struct id node, uint8_t i)
{
    uint8_t name[ID_BYTES + 1];
    id_store(name, node);
    name[ID_BYTES] = i;
    return name_hash(c, &(struct piece){name, ID_BYTES + (i > 0)}, 1);
}

static bool node_multiple(const struct call *c, const struct value_kind *k, struct id resource, struct id node)
{
    for (unsigned i = 1; i <= k->max_node_multiple; i++)
        if (id_equal(access_node_resource(c, node, (uint8_t)i), resource))
            return true;
    return false;
}

/* RedirServiceProvider, RFC 7374 4.1. */
struct redir {
    struct span name_space;
    uint16_t level, node;
};

static bool redir_read(struct span value, struct redir *x)
{
    struct reader r = reader_on(value.b, value.len, false);
    get_u8(&r);
    get_vector(&r, 2);
    x->name_space = get_vector(&r, 2);
    x->level = get_u16(&r);
    x->node = get_u16(&r);
    get_vector(&r, 2);
    return r.err == 0 && reader_left(&r) == 0;
}

/* Number of the tree node at this level whose intervals hold the id: the id, as a fraction of the ring, times branches^level. */
static uint32_t redir_node_of(struct id id, unsigned level)
{
    uint32_t digit[4] = {(uint32_t)(id.hi >> 32), (uint32_t)id.hi, (uint32_t)(id.lo >> 32), (uint32_t)id.lo}, node = 0;
    while (level-- > 0) {
        uint64_t carry = 0;
        for (unsigned k = 4; k-- > 0;) {
            carry += (uint64_t)digit[k] * REDIR_BRANCHES;
            digit[k] = (uint32_t)carry;
            carry >>= 32;
        }
        node = node * REDIR_BRANCHES + (uint32_t)carry;
    }
    return node;
}

static bool redir_place(const struct call *c, struct id resource, struct id node, struct span value)
{
    struct redir x;
    uint8_t place[4];
    if (!redir_read(value, &x) || x.level > REDIR_LEVEL_MAX || redir_node_of(node, x.level) != x.node)
        return false;
    store_be16(place, x.level);
    store_be16(place + 2, x.node);
    struct piece piece[2] = {{x.name_space.b, x.name_space.len}, {place, sizeof place}};
    return id_equal(name_hash(c, piece, 2), resource);
}

bool access_allows(const struct call *c, const struct value_kind *k, struct id resource, peer_h signer, const struct stored_data *d)
{
    struct id node = c->env->port->id_of(c->env, signer);
    bool own_key = d->key.len == ID_BYTES && id_equal(id_load(d->key.b), node);
    switch (k->access) {
    case ACCESS_USER_MATCH:
        return id_equal(c->env->port->user_of(c->env, signer), resource);
    case ACCESS_NODE_MATCH:
        return id_equal(access_node_resource(c, node, 0), resource);
    case ACCESS_USER_NODE_MATCH:
        return own_key && id_equal(c->env->port->user_of(c->env, signer), resource);
    case ACCESS_NODE_MULTIPLE:
        return node_multiple(c, k, resource, node);
    case ACCESS_NODE_ID_MATCH:
        return own_key && (!d->value.exists || redir_place(c, resource, node, d->value.value));
    }
    return false;
}
