/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The actor: calls go through to the peer. Around an attacker's calls port.room keeps its own memory at the end of the block; around the arrival of an
 * attack port.fact tells what the peer says of it. Nothing that a peer does depends on either. */
#include <assert.h>
#include <string.h>

#include "sim/hostile/attack.h"

/* An env whose port is this struct's; it begins with it. */
struct around {
    struct port port;
    const struct port *outer;
    struct node *node;
    size_t bytes;       /* of the peer's own memory; the state stands behind it */
    enum attack attack; /* that is arriving; ATTACKS = none */
    bool further, hostile;
};

static const struct hostile_config *config_of(struct env *env)
{
    return env->port->overlay(env, 0)->actor_config;
}

static struct hostile_state *state_at(struct node *n, size_t bytes)
{
    return (struct hostile_state *)((uint8_t *)n + bytes);
}

static struct around *around_in(const struct env *env)
{
    return (struct around *)(uintptr_t)env->port;
}

static struct node *room(struct env *env, size_t bytes)
{
    struct around *a = around_in(env);
    struct hostile_state kept;
    size_t more = a->hostile ? sizeof kept : 0;
    if (more)
        memcpy(&kept, state_at(a->node, a->bytes), more);
    struct node *n = a->outer->room(env, bytes + more);
    if (!n)
        return NULL;
    a->node = n;
    a->bytes = bytes;
    if (more)
        memcpy(state_at(n, bytes), &kept, more);
    return n;
}

static void fact(struct env *env, uint16_t what, uint64_t x, uint64_t y)
{
    const struct around *a = around_in(env);
    a->outer->fact(env, what, x, y);
    if (what == FACT_DROPPED && a->attack < ATTACKS)
        a->outer->fact(env, HOSTILE_DROPPED, a->attack, HOSTILE_AT((int)(int64_t)x, a->further));
}

/* bytes: of the peer's own memory in front of an attacker's state. */
static void enter(struct around *a, struct env *env, struct node *n, bool hostile, size_t bytes)
{
    *a = (struct around){.port = *env->port, .outer = env->port, .node = n, .bytes = bytes, .attack = ATTACKS, .hostile = hostile};
    a->port.room = room;
    a->port.fact = fact;
    env->port = &a->port;
}

/* When the attacker wants to run next. */
static sim_time leave(struct around *a, struct env *env, sim_time due)
{
    env->port = a->outer;
    return time_min(due, state_at(a->node, a->bytes)->next);
}

/* The peer is in the ring, or on its way: its own memory is made, the attacker's is added. */
static struct node *state_open(struct node *n, struct env *env, const struct hostile_config *h, size_t bytes)
{
    n = env->port->room(env, bytes + sizeof(struct hostile_state));
    assert(n);
    struct hostile_state *s = state_at(n, bytes);
    memset(s, 0, sizeof *s);
    s->heard_at = TIME_NEVER;
    s->next = h->attacks ? time_add(env->now, h->every) : TIME_NEVER;
    return n;
}

static sim_time start(struct node *n, struct env *env, const struct node_opts *opts)
{
    const struct hostile_config *h = config_of(env);
    struct around a;
    if (!hostile_is(h, env->self))
        return node_start(n, env, opts);
    size_t bytes = node_bytes_initial();
    n = state_open(n, env, h, bytes);
    enter(&a, env, n, true, bytes); /* which the peer itself does not know before it is started */
    return leave(&a, env, node_start(n, env, opts));
}

/* Requests of others are kept, one at a time: a younger one when the old one has been replayed. */
static void hear(struct hostile_state *s, const struct env *env, const struct dgram *d)
{
    struct frame f;
    if (frame_read(d->b, d->len, d->true_len, &f) || f.type != FRAME_DATA || f.message.len > HEARD_BYTES || s->heard_at != TIME_NEVER)
        return;
    struct header h;
    struct reader r = reader_on(f.message.b, f.message.len, false);
    uint16_t code = message_peek_code(f.message.b, f.message.len, f.message.len != f.message_true);
    if (header_read(&r, &h) || h.fragment != FRAGMENT_WHOLE || (code != STORE_REQ && code != FETCH_REQ))
        return;
    s->heard_at = env->now;
    s->heard_len = (uint16_t)f.message.len;
    s->heard_true = (uint16_t)f.message_true;
    memcpy(s->heard, f.message.b, f.message.len);
}

/* An answer to one of our attacks has come back to us, or the first part of one. Its ttl tells whether it has crossed more than this link. */
static void answered(struct hostile_state *s, struct env *env, const struct dgram *d)
{
    struct frame f;
    struct message m;
    struct header h;
    struct error_body e;
    if (frame_read(d->b, d->len, d->true_len, &f) || f.type != FRAME_DATA)
        return;
    bool folded = f.message.len != f.message_true;
    struct reader r = reader_on(f.message.b, f.message.len, false);
    uint16_t code = message_peek_code(f.message.b, f.message.len, folded);
    if (header_read(&r, &h) || h.destination.len != DESTINATION_NODE_BYTES || code == 0 || message_is_request(code))
        return;
    for (unsigned k = 0; k < REMEMBERED; k++) {
        if (s->sent[k].tid == 0 || s->sent[k].tid != h.transaction)
            continue;
        bool further = h.ttl < env->port->overlay(env, 0)->initial_ttl;
        bool refused = code == MESSAGE_ERROR && message_read(f.message.b, f.message.len, folded, &m) == 0 && error_read(m.body, &e) == 0;
        s->sent[k].tid = 0;
        env->port->fact(env, refused ? HOSTILE_REFUSED : HOSTILE_ANSWERED, s->sent[k].attack, HOSTILE_AT(refused ? e.code : code, further));
        return;
    }
}

static sim_time receive(struct node *n, struct env *env, chan_h chan, addr_h from, struct dgram d)
{
    const struct hostile_config *h = config_of(env);
    bool further, hostile = hostile_is(h, env->self);
    enum attack attack = attack_of(&d, h->seed, &further);
    struct around a;
    if (attack < ATTACKS && !further)
        env->port->fact(env, HOSTILE_ARRIVED, attack, 0);
    if (!hostile && attack == ATTACKS)
        return node_receive(n, env, chan, from, d);
    enter(&a, env, n, hostile, hostile ? node_bytes(n) : 0);
    a.attack = attack;
    a.further = further;
    sim_time due = node_receive(n, env, chan, from, d);
    if (!hostile) {
        env->port = a.outer;
        return due;
    }
    due = leave(&a, env, due);
    struct hostile_state *s = state_at(a.node, a.bytes);
    if (chan != CHAN_NONE) {
        answered(s, env, &d);
        if (attack == ATTACKS)
            hear(s, env, &d);
    }
    return due;
}

static sim_time channel(struct node *n, struct env *env, chan_h chan, enum chan_event event, const struct chan_info *info)
{
    struct around a;
    if (!hostile_is(config_of(env), env->self))
        return node_channel(n, env, chan, event, info);
    enter(&a, env, n, true, node_bytes(n));
    return leave(&a, env, node_channel(n, env, chan, event, info));
}

static sim_time wake(struct node *n, struct env *env)
{
    const struct hostile_config *h = config_of(env);
    struct around a;
    if (!hostile_is(h, env->self))
        return node_wake(n, env);
    enter(&a, env, n, true, node_bytes(n));
    sim_time due = node_wake(n, env);
    leave(&a, env, due);
    struct hostile_state *s = state_at(a.node, a.bytes);
    if (s->next <= env->now) {
        s->next = time_add(env->now, h->every);
        attack_send(a.node, env, h, s);
    }
    return time_min(due, s->next);
}

static sim_time request(struct node *n, struct env *env, const struct request *q)
{
    struct around a;
    if (!hostile_is(config_of(env), env->self))
        return node_request(n, env, q);
    enter(&a, env, n, true, node_bytes(n));
    return leave(&a, env, node_request(n, env, q));
}

/* A start in mid-life: the host builds the peer's own memory, with functions of proto that this actor does not see, and ends it here. */
static sim_time seed_end(struct node *n, struct env *env)
{
    const struct hostile_config *h = config_of(env);
    struct around a;
    if (!hostile_is(h, env->self))
        return node_seed_end(n, env);
    enter(&a, env, n, false, 0);
    sim_time due = node_seed_end(n, env);
    env->port = a.outer;
    size_t bytes = node_bytes(a.node);
    n = state_open(a.node, env, h, bytes);
    struct hostile_state *s = state_at(n, bytes);
    uint32_t phase; /* else all would attack at once */
    env->port->random(env, RANDOM_TIMER, UINT64_C(1) << 40, &phase, sizeof phase);
    s->next = h->attacks ? time_add(env->now, h->every / 65536 * (phase % 65536) + 1) : TIME_NEVER;
    return time_min(due, s->next);
}

const struct actor hostile_actor = {
    .name = "hostile",
    .frame_bytes = FRAME_DATA_BYTES,
    .bytes_initial = node_bytes_initial,
    .bytes = node_bytes,
    .start = start,
    .receive = receive,
    .channel = channel,
    .wake = wake,
    .request = request,
    .touch = node_touch,
    .check = node_check,
    .seed = node_seed,
    .seed_link = node_seed_link,
    .seed_end = seed_end,
};
