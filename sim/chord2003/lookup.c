/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Iterative look-ups: the asker goes from node to node, each one naming the next. Section IV-D and V of the paper: whoever does not answer within the
 * time-out is taken for dead, and the next closest node is tried; the dead are remembered as long as the look-up lasts and told to those asked later. */
#include "sim/chord2003/block.h"

/* A user's patience is the same with each protocol: five times the reliability timer (RFC 6940 6.2.1). A join never gives up. */
static bool is_late(struct env *env, const struct task *t)
{
    return t->kind != TASK_JOIN && env->now - t->started >= 5 * env->port->overlay(env, 0)->reliability_timer;
}

static void avoid_peer(struct task *t, peer_h peer)
{
    t->avoid[t->avoid_at] = peer;
    t->avoid_at = (uint8_t)((t->avoid_at + 1) % AVOID_MAX);
    if (t->avoids < AVOID_MAX)
        t->avoids++;
}

static bool is_avoided(const struct task *t, peer_h peer)
{
    for (unsigned i = 0; i < t->avoids; i++)
        if (t->avoid[i] == peer)
            return true;
    return false;
}

/* ---- ends ---- */

static struct node *finish(struct node *n, struct env *env, unsigned task, peer_h owner)
{
    struct task t = *task_at(env, task);
    task_end(env, task);
    switch ((enum task_kind)t.kind) {
    case TASK_LOOKUP: env->port->fact(env, FACT_REQUEST_ANSWERED, t.tag, FACT_ANSWER(owner, t.path + 1u, 0)); return n;
    case TASK_FINGER: return finger_set(n, env, t.finger, owner);
    case TASK_FILL: return ring_filled(n, env, t.finger, owner);
    case TASK_JOIN: return ring_successor_found(n, env, owner, t.started);
    case TASK_STABILIZE:
    case TASK_PING: break;
    }
    return n;
}

static struct node *fail(struct node *n, struct env *env, unsigned task)
{
    struct task t = *task_at(env, task);
    if (t.kind == TASK_JOIN) { /* it waits, then tries again */
        task_at(env, task)->asked = NO_PEER;
        task_at(env, task)->deadline = env->now + env->port->overlay(env, 0)->bootstrap_retry;
        return n;
    }
    task_end(env, task);
    if (t.kind == TASK_LOOKUP)
        env->port->fact(env, FACT_REQUEST_FAILED, t.tag, 0);
    return t.kind == TASK_FILL ? ring_fill(n, env, t.finger) : n;
}

/* ---- steps ---- */

static void take_route(struct task *t, const struct route *r)
{
    for (unsigned i = 0; i < r->peers; i++)
        t->next[i] = r->peer[i];
    t->nexts = (uint8_t)r->peers;
}

struct node *lookup_ask(struct node *n, struct env *env, unsigned task)
{
    struct task *t = task_at(env, task);
    t->again = t->nexts == 0 && t->last != NO_PEER;
    if (t->again) { /* whoever named them knows others */
        t->next[t->nexts++] = t->last;
        t->last = NO_PEER;
    }
    if (t->nexts == 0) { /* from the beginning, without the dead */
        if (t->kind == TASK_JOIN || t->restarts++ == RESTARTS_MAX)
            return fail(n, env, task);
        struct route r = route_to(n, env, t->key, t->avoid, t->avoids);
        if (r.owner)
            return finish(n, env, task, r.peer[0]);
        if (r.peers == 0)
            return fail(n, env, task);
        take_route(t, &r);
    }
    t->asked = t->next[0];
    t->nexts--;
    memmove(&t->next[0], &t->next[1], t->nexts * sizeof t->next[0]);
    t->transaction = ++n->counter;
    t->deadline = env->now + config_of(env)->timeout;
    send_find(env, t);
    return n;
}

/* Of a node's own keys nobody knows better: whoever comes between it and its predecessor tells it first. */
static bool is_ours(const struct node *n, struct env *env, struct id key)
{
    return n->predecessor != NO_PEER && id_in_range(env->port->id_of(env, n->predecessor), key, n->self);
}

struct node *lookup_begin(struct node *n, struct env *env, enum task_kind kind, struct id key, uint32_t tag,
                          unsigned finger)
{
    if (kind == TASK_LOOKUP && is_ours(n, env, key)) {
        env->port->fact(env, FACT_REQUEST_ANSWERED, tag, FACT_ANSWER(env->self, 0, 0));
        return n;
    }
    struct task *t = task_new(env, kind);
    if (!t) {
        if (kind == TASK_LOOKUP)
            env->port->fact(env, FACT_REQUEST_FAILED, tag, REQUEST_REFUSED_BUSY);
        return n;
    }
    t->key = key;
    t->tag = tag;
    t->finger = (uint8_t)finger;
    return lookup_ask(n, env, task_count(env) - 1);
}

struct node *lookup_answer(struct node *n, struct env *env, unsigned task, const struct chord2003_message *m)
{
    struct task *t = task_at(env, task);
    t->nexts = 0;
    t->path += !t->again;
    if (t->path > PATH_MAX_HOPS || is_late(env, t))
        return fail(n, env, task);
    peer_h first = m->nodes ? message_peer(env, m, 0) : NO_PEER;
    if (m->flags & CHORD_OWNER && first != NO_PEER)
        return finish(n, env, task, first);
    for (unsigned i = 0; i < m->nodes && t->nexts < NEXT_HOPS && !(m->flags & CHORD_OWNER); i++) {
        peer_h peer = message_peer(env, m, i);
        if (peer != NO_PEER && peer != env->self && peer != t->asked && !is_avoided(t, peer))
            t->next[t->nexts++] = peer;
    }
    t->last = t->nexts ? t->asked : NO_PEER;
    if (t->nexts == 0) /* it cannot help: no use to come back */
        avoid_peer(t, t->asked);
    return lookup_ask(n, env, task);
}

struct node *lookup_timeout(struct node *n, struct env *env, unsigned task)
{
    struct task *t = task_at(env, task);
    if (t->kind == TASK_LOOKUP)
        env->port->fact(env, FACT_DEAD_HOP, t->tag, 0);
    avoid_peer(t, t->asked); /* our tables are left to stabilisation, as in the paper */
    return is_late(env, t) ? fail(n, env, task) : lookup_ask(n, env, task);
}

/* ---- the other side ---- */

void lookup_serve(struct node *n, struct env *env, peer_h from, const struct chord2003_message *m)
{
    peer_h avoid[CHORD_NODES_MAX];
    struct route r = {.peers = 0};
    for (unsigned i = 0; i < m->nodes; i++)
        avoid[i] = message_peer(env, m, i);
    if (n->state == STATE_JOINED)
        r = route_to(n, env, m->key, avoid, m->nodes);
    send_found(env, from, (uint8_t)((m->flags & CHORD_PURPOSE) | (r.owner ? CHORD_OWNER : 0)), m->transaction, &r);
}
