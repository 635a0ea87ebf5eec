/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring: joining, leaving, stabilisation, fingers.
 *
 * Sections IV-E and V of the paper. STABILIZE is stabilize() and notify() in one: by asking, we say that we take the node for our successor. Whoever gets
 * a nearer predecessor tells the former one (HINT), so that a joiner stands on the ring after a few messages and not after a round:
 *
 *      joiner n           successor s           predecessor p
 *        | STABILIZE --------->|                      |
 *        |<----------- STATE --|-- HINT n ----------->|
 *        |<------------------------------ STABILIZE --|      n is joined
 *        |-- STATE ---------------------------------->|
 */
#include "sim/chord2003/block.h"

/* A joiner that stands on the ring hears from its predecessor by then; else it joins again. */
#define CONFIRM_TIMEOUTS 4u

static sim_time interval(struct node *n, struct env *env, sim_time fixed, uint16_t law)
{
    return env->now + (law ? env->port->draw(env, law, ++n->counter) : fixed);
}

static void plan_stabilize(struct node *n, struct env *env)
{
    const struct chord2003_config *c = config_of(env);
    n->stabilize_at = interval(n, env, c->stabilize, c->stabilize_law);
}

static void plan_fix(struct node *n, struct env *env)
{
    const struct chord2003_config *c = config_of(env);
    n->fix_at = interval(n, env, c->fix_fingers, c->fix_fingers_law);
}

/* Asks a neighbour, and waits for its answer. */
static void ask(struct node *n, struct env *env, enum task_kind kind, peer_h peer, unsigned trust)
{
    struct task *t = task_new(env, kind);
    if (!t)
        return;
    t->asked = peer;
    t->tag = trust;
    t->transaction = ++n->counter;
    t->deadline = env->now + config_of(env)->timeout;
    send_plain(env, peer, kind == TASK_PING ? CHORD_PING : CHORD_STABILIZE, t->transaction);
}

/* Our successor. With trust, its predecessor, if nearer, is taken in its place. A successor that does not answer is given one more chance in this way
 * (a datagram may be lost, or late), then no more: its own successor may not have noticed yet that it is dead. */
#define TRUST 2u
static void ask_successor(struct node *n, struct env *env, unsigned trust)
{
    ask(n, env, TASK_STABILIZE, entry_peer(successor_at(n, 0)), trust);
}

/* ---- joining ---- */

static uint32_t random_below(struct node *n, struct env *env, enum random_purpose purpose, uint32_t bound)
{
    uint32_t word;
    env->port->random(env, purpose, ++n->counter, &word, sizeof word);
    return (uint32_t)((uint64_t)word * bound >> 32);
}

static void add_candidate(const struct env *env, struct task *t, peer_h peer)
{
    for (unsigned i = 0; i < t->nexts; i++)
        if (t->next[i] == peer)
            return;
    if (peer != env->self && peer < NO_PEER && t->nexts < NEXT_HOPS)
        t->next[t->nexts++] = peer;
}

/* Bootstrap nodes in a row from a random one on, as many as a look-up takes. */
static void add_bootstrap(struct node *n, struct env *env, struct task *t)
{
    const struct overlay *o = env->port->overlay(env, 0);
    uint32_t at = o->bootstrap_count ? random_below(n, env, RANDOM_BOOTSTRAP, o->bootstrap_count) : 0;
    for (unsigned i = 0; i < o->bootstrap_count; i++)
        add_candidate(env, t, o->bootstrap[(at + i) % o->bootstrap_count]);
}

static struct node *look_for_successor(struct node *n, struct env *env, unsigned task)
{
    struct task *t = task_at(env, task);
    t->key = n->self;
    t->avoid[0] = env->self; /* we may be remembered: not we, but who follows us */
    t->avoids = t->avoid_at = 1;
    t->path = 0;
    t->last = NO_PEER;
    return lookup_ask(n, env, task);
}

struct node *ring_join(struct node *n, struct env *env, const struct node_opts *opts)
{
    struct task *t = task_new(env, TASK_JOIN);
    if (!t)
        return n;
    /* Two of the addresses of last time, so that a bootstrap node is among the first three too. */
    uint32_t at = opts->cache_count ? random_below(n, env, RANDOM_BOOTSTRAP, opts->cache_count) : 0;
    for (unsigned i = 0; i < opts->cache_count && i < 2; i++)
        add_candidate(env, t, opts->cache[(at + i) % opts->cache_count]);
    add_bootstrap(n, env, t);
    return look_for_successor(n, env, task_count(env) - 1);
}

struct node *ring_join_again(struct node *n, struct env *env, unsigned task)
{
    struct task *t = task_at(env, task);
    if (n->state == STATE_JOINED && n->successors) { /* found by others meanwhile */
        task_end(env, task);
        return n;
    }
    t->nexts = 0;
    add_bootstrap(n, env, t);
    return look_for_successor(n, env, task);
}

struct node *ring_successor_found(struct node *n, struct env *env, peer_h successor, sim_time started)
{
    struct task *t = task_new(env, TASK_JOIN); /* until the predecessor confirms, or for ever anew */
    if (t) {
        t->started = started;
        t->deadline = env->now + CONFIRM_TIMEOUTS * config_of(env)->timeout;
    }
    if (successor == env->self)
        return n;
    successor_clear(n);
    successor_add(n, env, successor);
    ask_successor(n, env, TRUST);
    return n;
}

static struct node *joined(struct node *n, struct env *env)
{
    sim_time started = env->now;
    for (unsigned k = task_count(env); k-- > 0;)
        if (task_at(env, k)->kind == TASK_JOIN) {
            started = task_at(env, k)->started;
            task_end(env, k);
        }
    n->state = STATE_JOINED;
    plan_stabilize(n, env);
    plan_fix(n, env);
    env->port->fact(env, FACT_JOINED, env->now - started, 0);
    return ring_fill(n, env, chord2003_fingers_for(peer_distance(n, env, entry_peer(successor_at(n, 0)))));
}

/* ---- stabilisation ---- */

static bool stands_between(struct node *n, struct env *env, peer_h peer, peer_h successor)
{
    struct id d = peer_distance(n, env, peer);
    return !id_is_zero(d) && id_compare(d, peer_distance(n, env, successor)) < 0;
}

/* Without a successor the nearest node that we know will do, until stabilisation finds a nearer one. */
static void replace_successor(struct node *n, struct env *env)
{
    for (unsigned k = n->fingers; k-- > 0 && n->successors == 0;)
        if (entry_peer(finger_at(n, k)) != NO_PEER)
            successor_add(n, env, entry_peer(finger_at(n, k)));
    if (n->successors == 0 && n->predecessor != NO_PEER)
        successor_add(n, env, n->predecessor);
}

void ring_stabilize(struct node *n, struct env *env)
{
    plan_stabilize(n, env);
    if (n->predecessor != NO_PEER && !n->heard && !task_runs(env, TASK_PING))
        ask(n, env, TASK_PING, n->predecessor, 0);
    n->heard = false;
    replace_successor(n, env);
    if (n->successors && !task_runs(env, TASK_STABILIZE))
        ask_successor(n, env, TRUST);
    if (n->successors == 0 && !task_runs(env, TASK_JOIN)) /* alone: the overlay may be elsewhere */
        ring_join(n, env, &(struct node_opts){.cache_count = 0});
}

struct node *ring_serve_stabilize(struct node *n, struct env *env, peer_h from, uint32_t transaction)
{
    if (n->state == STATE_JOINING && n->successors == 0)
        return n; /* it takes us for who we were before; we are nobody yet */
    peer_h former = n->predecessor;
    if (former == from) {
        n->heard = true;
    } else if (former == NO_PEER || id_compare(id_distance(env->port->id_of(env, from), n->self),
                                               id_distance(env->port->id_of(env, former), n->self)) < 0) {
        n->predecessor = from;
        n->heard = true;
        if (former != NO_PEER)
            send_hint(env, former, from);
    }
    send_state(env, n, from, CHORD_STATE, transaction);
    if (n->successors == 0 && successor_add(n, env, from)) /* the second node of a ring */
        ask_successor(n, env, TRUST);
    return n->state == STATE_JOINING ? joined(n, env) : n;
}

/* Takes over the list of our successor, itself at the head. */
static void take_list(struct node *n, struct env *env, peer_h from, const struct chord2003_message *m)
{
    peer_h list[CHORD_NODES_MAX + 1] = {from};
    unsigned count = 1;
    for (unsigned i = m->flags & CHORD_PREDECESSOR ? 1 : 0; i < m->nodes; i++) {
        peer_h peer = message_peer(env, m, i);
        if (peer != NO_PEER && peer != env->self)
            list[count++] = peer;
    }
    successors_take(n, env, list, count);
}

struct node *ring_state(struct node *n, struct env *env, unsigned task, const struct chord2003_message *m)
{
    struct task t = *task_at(env, task);
    task_end(env, task);
    if (n->successors == 0 || entry_peer(successor_at(n, 0)) != t.asked)
        return n; /* no longer our successor */
    take_list(n, env, t.asked, m);
    peer_h nearer = m->flags & CHORD_PREDECESSOR ? message_peer(env, m, 0) : NO_PEER;
    if (t.tag && nearer != NO_PEER && nearer != env->self && stands_between(n, env, nearer, t.asked) &&
        successor_add(n, env, nearer))
        ask_successor(n, env, t.tag);
    return fingers_trim(n, env);
}

void ring_hint(struct node *n, struct env *env, peer_h from, const struct chord2003_message *m)
{
    peer_h nearer = message_peer(env, m, 0);
    if (n->successors == 0 || entry_peer(successor_at(n, 0)) != from || nearer == NO_PEER || nearer == env->self)
        return;
    if (stands_between(n, env, nearer, from) && successor_add(n, env, nearer))
        ask_successor(n, env, TRUST);
}

/* A neighbour has not answered. */
void ring_neighbour_dead(struct node *n, struct env *env, unsigned task)
{
    struct task t = *task_at(env, task);
    task_end(env, task);
    env->port->fact(env, FACT_LINK_FAILED, t.asked, 0);
    if (n->predecessor == t.asked)
        n->predecessor = NO_PEER;
    if (t.kind == TASK_PING) {
        fingers_drop(n, t.asked);
        return;
    }
    bool was_first = n->successors && entry_peer(successor_at(n, 0)) == t.asked;
    successor_drop(n, t.asked);
    replace_successor(n, env);
    if (was_first && n->successors)
        ask_successor(n, env, t.tag ? t.tag - 1 : 0);
}

/* ---- fingers ---- */

struct node *ring_fix_finger(struct node *n, struct env *env)
{
    plan_fix(n, env);
    if (n->successors == 0 || task_runs(env, TASK_FINGER) || task_runs(env, TASK_FILL))
        return n;
    unsigned needed = chord2003_fingers_for(peer_distance(n, env, entry_peer(successor_at(n, 0))));
    if (needed == 0)
        return n;
    unsigned k = random_below(n, env, RANDOM_FINGER, needed);
    return lookup_begin(n, env, TASK_FINGER, id_add(n->self, id_power(127 - k)), 0, k);
}

/* Fingers 0 to below - 1, the nearest first. */
struct node *ring_fill(struct node *n, struct env *env, unsigned below)
{
    if (below == 0)
        return n;
    unsigned k = below - 1;
    return lookup_begin(n, env, TASK_FILL, id_add(n->self, id_power(127 - k)), 0, k);
}

/* What stands beyond the start of the next finger is that finger too (section IV-E.1 of the paper). */
struct node *ring_filled(struct node *n, struct env *env, unsigned k, peer_h owner)
{
    n = finger_set(n, env, k, owner);
    if (owner == env->self) /* nobody stands beyond */
        return n;
    struct id distance = peer_distance(n, env, owner);
    for (; k > 0 && id_compare(distance, id_power(127 - (k - 1))) >= 0; k--)
        n = finger_set(n, env, k - 1, owner);
    return ring_fill(n, env, k);
}

/* ---- leaving ---- */

void ring_leave(struct node *n, struct env *env)
{
    if (n->state == STATE_JOINED && n->successors)
        send_state(env, n, entry_peer(successor_at(n, 0)), CHORD_LEAVE, 0);
    if (n->state == STATE_JOINED && n->predecessor != NO_PEER &&
        (n->successors == 0 || entry_peer(successor_at(n, 0)) != n->predecessor))
        send_state(env, n, n->predecessor, CHORD_LEAVE, 0);
    n->state = STATE_GONE;
    n->stabilize_at = n->fix_at = TIME_NEVER;
    while (task_count(env))
        task_end(env, task_count(env) - 1);
    env->port->fact(env, FACT_LEFT, 0, 0);
}

/* A neighbour has said good-bye: its predecessor is ours, its successors follow. */
void ring_left(struct node *n, struct env *env, peer_h from, const struct chord2003_message *m)
{
    if (n->predecessor == from) {
        peer_h before = m->flags & CHORD_PREDECESSOR ? message_peer(env, m, 0) : NO_PEER;
        n->predecessor = before == env->self ? NO_PEER : before;
        n->heard = true; /* it gets a round to show itself */
    }
    bool was_first = n->successors && entry_peer(successor_at(n, 0)) == from;
    successor_drop(n, from);
    if (!was_first)
        return;
    for (unsigned i = m->flags & CHORD_PREDECESSOR ? 1 : 0; i < m->nodes; i++) {
        peer_h peer = message_peer(env, m, i);
        if (peer != NO_PEER && peer != from)
            successor_add(n, env, peer);
    }
    replace_successor(n, env);
    if (n->successors)
        ask_successor(n, env, 0);
}
