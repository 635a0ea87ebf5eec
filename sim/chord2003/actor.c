/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door in: what the network may tell a node, and what may be seen of it from outside. */
#include "sim/chord2003/block.h"

/* ---- the next wake-up ---- */

static sim_time next_wake(const struct node *n, const struct env *env)
{
    sim_time next = time_min(n->stabilize_at, n->fix_at);
    for (unsigned k = 0; k < task_count(env); k++)
        next = time_min(next, task_at(env, k)->deadline);
    return next;
}

static struct node *task_due(struct node *n, struct env *env, unsigned k)
{
    struct task *t = task_at(env, k);
    if (t->kind == TASK_STABILIZE || t->kind == TASK_PING) {
        ring_neighbour_dead(n, env, k);
        return n;
    }
    return t->asked == NO_PEER ? ring_join_again(n, env, k) : lookup_timeout(n, env, k);
}

static sim_time chord_wake(struct node *n, struct env *env)
{
    /* What is due ends, or is put off: each turn leaves less to do. */
    for (unsigned k = 0; k < task_count(env);) {
        if (task_at(env, k)->deadline > env->now) {
            k++;
            continue;
        }
        n = task_due(n, env, k);
        k = 0;
    }
    if (n->stabilize_at <= env->now)
        ring_stabilize(n, env);
    if (n->fix_at <= env->now)
        n = ring_fix_finger(n, env);
    return next_wake(n, env);
}

/* ---- messages ---- */

static struct node *serve(struct node *n, struct env *env, addr_h from, const struct chord2003_message *m)
{
    int task = m->type == CHORD_FOUND || m->type == CHORD_STATE || m->type == CHORD_PONG
                   ? task_find(env, from, m->transaction)
                   : -1;
    uint8_t kind = task >= 0 ? task_at(env, (unsigned)task)->kind : 0;
    switch ((enum chord2003_type)m->type) {
    case CHORD_FIND: lookup_serve(n, env, from, m); return n;
    case CHORD_STABILIZE: return ring_serve_stabilize(n, env, from, m->transaction);
    case CHORD_HINT: ring_hint(n, env, from, m); return n;
    case CHORD_PING: send_plain(env, from, CHORD_PONG, m->transaction); return n;
    case CHORD_LEAVE: ring_left(n, env, from, m); return n;
    case CHORD_FOUND: return task >= 0 && kind <= TASK_JOIN ? lookup_answer(n, env, (unsigned)task, m) : n;
    case CHORD_STATE: return task >= 0 && kind == TASK_STABILIZE ? ring_state(n, env, (unsigned)task, m) : n;
    case CHORD_PONG:
        if (task >= 0 && kind == TASK_PING)
            task_end(env, (unsigned)task);
        return n;
    }
    return n;
}

static sim_time chord_receive(struct node *n, struct env *env, chan_h chan, addr_h from, struct dgram d)
{
    struct chord2003_message m;
    int error = chan == CHAN_NONE && from < PEER_NONE ? chord2003_decode(&m, d.b, d.len) : ERR_NO_LINK;
    if (error) {
        env->port->fact(env, FACT_DROPPED, (uint64_t)(int64_t)error, 0);
        return next_wake(n, env);
    }
    env->port->fact(env, FACT_MESSAGE_IN, chord2003_traffic(m.type, m.flags), d.true_len);
    if (n->state != STATE_GONE && from != env->self)
        n = serve(n, env, from, &m);
    return next_wake(n, env);
}

/* ---- life ---- */

static size_t chord_bytes_initial(void)
{
    return sizeof(struct node);
}

static size_t chord_bytes(const struct node *n)
{
    return n->bytes;
}

/* An empty node with room for its successor list. */
static struct node *format(struct node *n, struct env *env)
{
    *n = (struct node){.bytes = sizeof *n,
                       .state = STATE_JOINING,
                       .self = env->port->id_of(env, env->self),
                       .stabilize_at = TIME_NEVER,
                       .fix_at = TIME_NEVER,
                       .predecessor = NO_PEER};
    n->successor_cap = config_of(env)->successors;
    struct node *larger = node_resize(n, env, 0);
    if (larger)
        return larger;
    n->successor_cap = 0; /* no memory allowed to it: it will never get anywhere */
    return n;
}

static sim_time chord_start(struct node *n, struct env *env, const struct node_opts *opts)
{
    n = format(n, env);
    if (opts->first) {
        n->state = STATE_JOINED;
        n->stabilize_at = env->now + config_of(env)->stabilize;
        n->fix_at = env->now + config_of(env)->fix_fingers;
        env->port->fact(env, FACT_JOINED, 0, 0);
    } else {
        env->port->fact(env, FACT_JOIN_STARTED, 1, 0);
        n = ring_join(n, env, opts);
    }
    return next_wake(n, env);
}

static sim_time chord_channel(struct node *n, struct env *env, chan_h chan, enum chan_event event,
                              const struct chan_info *info)
{
    (void)chan, (void)event, (void)info; /* it has none */
    return next_wake(n, env);
}

static sim_time chord_request(struct node *n, struct env *env, const struct request *r)
{
    if (r->op == REQUEST_LEAVE)
        ring_leave(n, env);
    else if (r->op == REQUEST_FETCH && n->state == STATE_JOINED)
        n = lookup_begin(n, env, TASK_LOOKUP, r->resource, r->tag, 0);
    else
        env->port->fact(env, FACT_REQUEST_FAILED, r->tag, REQUEST_REFUSED_BUSY);
    return next_wake(n, env);
}

static unsigned chord_touch(const struct node *n, const uint8_t *head, size_t len, uint16_t line[], unsigned max)
{
    unsigned count = 0;
    (void)head, (void)len;
    for (unsigned at = 4; at * 64u < n->bytes && count < max; at++) /* the first four come anyway */
        line[count++] = (uint16_t)at;
    return count;
}

/* ---- mid-life ---- */

static sim_time chord_seed(struct node *n, struct env *env, const struct node_seed *seed)
{
    n = format(n, env);
    n->state = STATE_JOINED;
    n->heard = true;
    n->stabilize_at = seed->next_update;
    n->fix_at = seed->next_ping;
    return next_wake(n, env);
}

void chord2003_seed(struct node *n, struct env *env, const struct chord2003_tables *t)
{
    n->predecessor = t->predecessor;
    successors_take(n, env, t->successor, t->successors);
    struct node *larger = t->fingers ? node_resize(n, env, t->fingers) : n;
    for (unsigned k = 0; larger && k < t->fingers; k++)
        finger_set(larger, env, k, t->finger[k]);
}

static void chord_seed_link(struct node *n, struct env *env, const struct seed_link *link)
{
    (void)n, (void)env, (void)link;
    assert(!"chord2003 has no links");
}

static sim_time chord_seed_end(struct node *n, struct env *env)
{
    return next_wake(n, env);
}

/* ---- from outside ---- */

/* Entry k of both tables names a peer that no earlier entry names. */
static bool is_new(const struct node *n, unsigned k)
{
    peer_h peer = entry_peer(&n->entry[k]);
    for (unsigned i = 0; i < k; i++)
        if ((i < n->successors || i >= n->successor_cap) && entry_peer(&n->entry[i]) == peer)
            return false;
    return peer != NO_PEER && (k < n->successors || k >= n->successor_cap);
}

void chord2003_look(const struct node *n, struct env *env, struct node_view *v)
{
    static const enum node_state states[] = {
        [STATE_JOINING] = NODE_JOINING, [STATE_JOINED] = NODE_JOINED, [STATE_GONE] = NODE_GONE};
    (void)env;
    *v = (struct node_view){.state = states[n->state]};
    v->fingers = n->fingers;
    v->predecessors = n->predecessor != NO_PEER;
    v->predecessor[0] = n->predecessor;
    v->successors = n->successors;
    for (unsigned k = 0; k < n->successors; k++)
        v->successor[k] = entry_peer(successor_at(n, k));
    for (unsigned k = 0; k < n->fingers; k++)
        v->fingers_filled = (uint8_t)(v->fingers_filled + (entry_peer(finger_at(n, k)) != NO_PEER));
    for (unsigned i = 0; i < n->successor_cap + (unsigned)n->fingers; i++)
        v->links = (uint16_t)(v->links + is_new(n, i));
}

peer_h chord2003_finger(const struct node *n, struct env *env, unsigned i)
{
    (void)env;
    return i >= 1 && i <= n->fingers ? entry_peer(finger_at(n, i - 1)) : NO_PEER;
}

peer_h chord2003_known(const struct node *n, struct env *env, unsigned k)
{
    (void)env;
    for (unsigned i = 0; i < n->successor_cap + (unsigned)n->fingers; i++)
        if (is_new(n, i) && k-- == 0)
            return entry_peer(&n->entry[i]);
    return NO_PEER;
}

static const char *check_successors(const struct node *n, struct env *env)
{
    if (n->successors > n->successor_cap || n->fingers > CHORD2003_FINGERS_MAX ||
        n->bytes != sizeof *n + (n->successor_cap + (size_t)n->fingers) * sizeof(struct entry))
        return "tables do not fit the block";
    for (unsigned k = 0; k < n->successors; k++) {
        struct id d = peer_distance(n, env, entry_peer(successor_at(n, k)));
        if (id_is_zero(d) || entry_peer(successor_at(n, k)) == env->self)
            return "a node is its own successor";
        if (short_distance(d) != successor_at(n, k)->distance)
            return "the distance of a successor is wrong";
        if (k && id_compare(peer_distance(n, env, entry_peer(successor_at(n, k - 1))), d) >= 0)
            return "the successor list is not sorted";
    }
    return NULL;
}

static const char *check_fingers(const struct node *n, struct env *env)
{
    for (unsigned k = 0; k < n->fingers; k++) {
        peer_h peer = entry_peer(finger_at(n, k));
        if (peer == env->self)
            return "a node is its own finger";
        if (peer != NO_PEER && id_compare(peer_distance(n, env, peer), id_power(127 - k)) < 0)
            return "a finger stands before its start";
    }
    return n->predecessor == env->self ? "a node is its own predecessor" : NULL;
}

static const char *chord_check(const struct node *n, struct env *env)
{
    if (next_wake(n, env) < env->now)
        return "a timer lies in the past";
    if (task_count(env) > TASKS_MAX)
        return "too much under way";
    for (unsigned k = 0; k < task_count(env); k++)
        if (task_at(env, k)->nexts > NEXT_HOPS || task_at(env, k)->avoids > AVOID_MAX)
            return "a look-up remembers too much";
    const char *found = check_successors(n, env);
    return found ? found : check_fingers(n, env);
}

const struct actor chord2003_actor = {
    .name = "chord2003",
    .connectionless = true,
    .frame_bytes = 0,
    .bytes_initial = chord_bytes_initial,
    .bytes = chord_bytes,
    .start = chord_start,
    .receive = chord_receive,
    .channel = chord_channel,
    .wake = chord_wake,
    .request = chord_request,
    .touch = chord_touch,
    .check = chord_check,
    .seed = chord_seed,
    .seed_link = chord_seed_link,
    .seed_end = chord_seed_end,
};
