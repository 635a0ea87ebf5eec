/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages out, and the nodes that messages name. */
#include "sim/chord2003/block.h"
#include "sim/net/handles.h"

peer_h message_peer(struct env *env, const struct chord2003_message *m, unsigned i)
{
    struct ip_port address = chord2003_node(m, i);
    addr_h addr = env->port->addr_keep(env, &address);
    return addr < HANDLE_FOREIGN ? addr : NO_PEER;
}

static void put_peer(struct env *env, struct chord2003_writer *w, peer_h peer)
{
    struct ip_port address;
    env->port->addr_of(env, peer, &address);
    chord2003_put_node(w, &address);
}

static struct chord2003_writer begin(struct env *env, enum chord2003_type type, uint8_t flags, uint32_t transaction,
                                     const struct id *key)
{
    return chord2003_begin(env->port->send_begin(env, CHORD_MESSAGE_MAX), type, flags, transaction, key);
}

static void post(struct env *env, peer_h to, const struct chord2003_writer *w)
{
    size_t len = chord2003_len(w);
    env->port->send(env, CHAN_NONE, to, len, len, chord2003_traffic(w->start[1], w->start[2]));
}

void send_plain(struct env *env, peer_h to, enum chord2003_type type, uint32_t transaction)
{
    struct chord2003_writer w = begin(env, type, 0, transaction, NULL);
    post(env, to, &w);
}

void send_hint(struct env *env, peer_h to, peer_h node)
{
    struct chord2003_writer w = begin(env, CHORD_HINT, 0, 0, NULL);
    put_peer(env, &w, node);
    post(env, to, &w);
}

static uint8_t purpose_of(uint8_t kind)
{
    return kind == TASK_LOOKUP ? CHORD_FOR_USER : kind == TASK_FINGER ? CHORD_FOR_FINGER : CHORD_FOR_JOIN;
}

void send_find(struct env *env, const struct task *t)
{
    struct chord2003_writer w = begin(env, CHORD_FIND, purpose_of(t->kind), t->transaction, &t->key);
    for (unsigned i = 0; i < t->avoids; i++)
        put_peer(env, &w, t->avoid[i]);
    post(env, t->asked, &w);
}

void send_found(struct env *env, peer_h to, uint8_t flags, uint32_t transaction, const struct route *r)
{
    struct chord2003_writer w = begin(env, CHORD_FOUND, flags, transaction, NULL);
    for (unsigned i = 0; i < r->peers; i++)
        put_peer(env, &w, r->peer[i]);
    post(env, to, &w);
}

void send_state(struct env *env, const struct node *n, peer_h to, enum chord2003_type type, uint32_t transaction)
{
    uint8_t flags = n->predecessor != NO_PEER ? CHORD_PREDECESSOR : 0;
    struct chord2003_writer w = begin(env, type, flags, transaction, NULL);
    if (n->predecessor != NO_PEER)
        put_peer(env, &w, n->predecessor);
    for (unsigned k = 0; k < n->successors; k++)
        put_peer(env, &w, entry_peer(successor_at(n, k)));
    post(env, to, &w);
}
