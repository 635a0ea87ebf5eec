/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node that is no RELOAD node: it implements proto/node.h for the tests of the virtual host, which then see every call. Included by exactly one file of a
 * test program; its definitions stand before the archives on the link line, so the real node is not linked.
 *
 * It opens channels, sends numbered datagrams and reports everything as facts. What it does by itself stands in a struct script around the overlay:
 * the overlay pointer is all that a node gets to know, so the script lies behind it. Tests give orders through net_request. */
#ifndef SIM_NET_TEST_FAKE_NODE_H
#define SIM_NET_TEST_FAKE_NODE_H

#include <assert.h>
#include <string.h>

#include "proto/node.h"
#include "proto/overlay.h"
#include "proto/wire/security.h"

enum fake_fact {
    FAKE_START = 1,
    FAKE_UP,
    FAKE_ACCEPT,
    FAKE_DOWN,
    FAKE_SILENT,
    FAKE_DATA,
    FAKE_BAD,
    FAKE_WAKE
}; /* a: chan << 32 | peer; b: rtt, number */

enum fake_order {
    FAKE_OPEN = 100,
    FAKE_SEND,
    FAKE_CLOSE
}; /* request.op; tag = peer to open to, or channel; lifetime_s = number to send */

struct script {
    struct overlay overlay;   /* first, so that a pointer to it is a pointer to the script */
    sim_time period;          /* sends on each channel that often; 0 = only on order */
    uint16_t size, true_size; /* of a datagram */
    bool reopen;              /* opens again what it opened, 1 s after DOWN; closes what is SILENT */
    bool sign_on_data;        /* signs, and sends one datagram back, for each datagram received */
};

enum fake_state { FAKE_NO, FAKE_OPENING, FAKE_OPENED, FAKE_ACCEPTED, FAKE_AGAIN };
struct fake_slot {
    uint32_t state;
    peer_h peer;
};

struct node {
    uint32_t bytes;
    uint32_t slots;
    uint32_t number;
    uint32_t padding;
    sim_time due;
    struct fake_slot slot[];
};

#define FAKE_SLOTS_FIRST 4u

static const struct script *fake_script(struct env *env)
{
    return (const struct script *)(const void *)env->port->overlay(env, 0);
}

static void fake_fact(struct env *env, enum fake_fact what, chan_h chan, peer_h peer, uint64_t b)
{
    env->port->fact(env, (uint16_t)what, (uint64_t)chan << 32 | peer, b);
}

size_t node_bytes_initial(void)
{
    return sizeof(struct node) + FAKE_SLOTS_FIRST * sizeof(struct fake_slot);
}

size_t node_bytes(const struct node *n)
{
    return n->bytes;
}

/* The block grows one slot at a time, so that it moves often. */
static struct node *fake_slot_at(struct node *n, struct env *env, chan_h chan)
{
    while (chan >= n->slots) {
        n = env->port->room(env, n->bytes + sizeof(struct fake_slot));
        assert(n);
        n->slot[n->slots++] = (struct fake_slot){FAKE_NO, PEER_NONE};
        n->bytes += (uint32_t)sizeof(struct fake_slot);
    }
    return n;
}

static struct node *fake_open(struct node *n, struct env *env, peer_h to)
{
    struct chan_args args = {.chan = CHAN_NONE, .addr = to};
    int status = env->port->channel(env, CHAN_OPEN, &args);
    assert(status == 0);
    n = fake_slot_at(n, env, args.chan);
    n->slot[args.chan] = (struct fake_slot){FAKE_OPENING, to};
    return n;
}

static void fake_send(struct node *n, struct env *env, chan_h chan)
{
    const struct script *s = fake_script(env);
    uint8_t *b = env->port->send_begin(env, s->size);
    memset(b, 0x5a, s->size);
    b[0] = 128; /* a DATA frame, to be counted as a message */
    store_be32(b + 1, n->number++);
    env->port->send(env, chan, ADDR_NONE, s->size, s->true_size, TRAFFIC_OTHER);
}

static struct node *fake_format(struct node *n, struct env *env)
{
    n->bytes = (uint32_t)node_bytes_initial();
    n->slots = FAKE_SLOTS_FIRST;
    n->number = n->padding = 0;
    for (unsigned k = 0; k < n->slots; k++)
        n->slot[k] = (struct fake_slot){FAKE_NO, PEER_NONE};
    n->due = fake_script(env)->period ? env->now + fake_script(env)->period : TIME_NEVER;
    return n;
}

sim_time node_start(struct node *n, struct env *env, const struct node_opts *opts)
{
    n = fake_format(n, env);
    fake_fact(env, FAKE_START, 0, env->self, 0);
    for (unsigned k = 0; k < opts->cache_count; k++)
        n = fake_open(n, env, opts->cache[k]);
    return n->due;
}

sim_time node_receive(struct node *n, struct env *env, chan_h chan, addr_h from, struct dgram d)
{
    const struct script *s = fake_script(env);
    bool good = chan < n->slots && n->slot[chan].peer == from && d.len == s->size && d.true_len == s->true_size &&
                d.b[0] == 128;
    fake_fact(env, good ? FAKE_DATA : FAKE_BAD, chan, from, load_be32(d.b + 1));
    if (s->sign_on_data) {
        struct piece piece = {d.b, d.len};
        struct signature signature;
        env->port->sign(env, &piece, 1, &signature);
        fake_send(n, env, chan);
    }
    return n->due;
}

static void fake_keep(struct env *env, chan_h chan)
{
    const struct overlay *v = env->port->overlay(env, 0);
    struct chan_args args = {.chan = chan, .interval = v->keepalive_interval, .silent_after = v->silent_after};
    int status = v->keepalive_interval ? env->port->channel(env, CHAN_KEEPALIVE, &args) : 0;
    assert(status == 0);
}

sim_time node_channel(struct node *n, struct env *env, chan_h chan, enum chan_event event, const struct chan_info *info)
{
    const struct script *s = fake_script(env);
    struct chan_args args = {.chan = chan};
    n = fake_slot_at(n, env, chan);
    struct fake_slot *slot = &n->slot[chan];
    switch (event) {
    case CHAN_UP:
    case CHAN_ACCEPT:
        *slot = (struct fake_slot){event == CHAN_UP ? FAKE_OPENED : FAKE_ACCEPTED, info->peer};
        fake_fact(env, event == CHAN_UP ? FAKE_UP : FAKE_ACCEPT, chan, info->peer, info->rtt);
        fake_keep(env, chan);
        break;
    case CHAN_DOWN:
        fake_fact(env, FAKE_DOWN, chan, slot->peer, 0);
        slot->state = s->reopen && slot->state != FAKE_ACCEPTED ? FAKE_AGAIN : FAKE_NO;
        break;
    case CHAN_SILENT:
        fake_fact(env, FAKE_SILENT, chan, slot->peer, 0);
        if (s->reopen) {
            env->port->channel(env, CHAN_CLOSE, &args);
            slot->state = slot->state != FAKE_ACCEPTED ? FAKE_AGAIN : FAKE_NO;
        }
        break;
    }
    return n->due;
}

sim_time node_wake(struct node *n, struct env *env)
{
    const struct script *s = fake_script(env);
    if (env->now < n->due)
        return n->due;
    n->due = env->now + s->period;
    for (chan_h k = 0; k < n->slots; k++) {
        peer_h peer = n->slot[k].peer;
        if (n->slot[k].state == FAKE_OPENED || n->slot[k].state == FAKE_ACCEPTED) {
            fake_send(n, env, k);
        } else if (n->slot[k].state == FAKE_AGAIN) {
            n->slot[k].state = FAKE_NO;
            n = fake_open(n, env, peer);
        }
    }
    return n->due;
}

sim_time node_request(struct node *n, struct env *env, const struct request *r)
{
    struct chan_args args = {.chan = r->tag};
    int op = (int)r->op;
    if (op == FAKE_OPEN) {
        n = fake_open(n, env, r->tag);
    } else if (op == FAKE_SEND) {
        for (unsigned k = 0; k < r->lifetime_s; k++)
            fake_send(n, env, r->tag);
    } else {
        int status = env->port->channel(env, CHAN_CLOSE, &args);
        assert(op == FAKE_CLOSE && status == 0);
        n->slot[r->tag].state = FAKE_NO;
    }
    return n->due;
}

unsigned node_touch(const struct node *n, const uint8_t *head, size_t len, uint16_t line[], unsigned max)
{
    (void)n, (void)head, (void)len, (void)line, (void)max;
    return 0;
}

sim_time node_seed(struct node *n, struct env *env, const struct node_seed *seed)
{
    n = fake_format(n, env);
    n->due = seed->next_update;
    return n->due;
}

void node_seed_link(struct node *n, struct env *env, const struct seed_link *l)
{
    n = fake_slot_at(n, env, l->chan);
    n->slot[l->chan] = (struct fake_slot){FAKE_OPENED, l->peer};
    fake_fact(env, FAKE_UP, l->chan, l->peer, l->rtt);
}

void node_seed_finger(struct node *n, struct env *env, unsigned i, peer_h peer)
{
    (void)n, (void)env, (void)i, (void)peer;
}

void node_seed_value(struct node *n, struct env *env, struct id resource, peer_h owner, const uint8_t *value,
                     uint16_t value_len, uint64_t stored_ms, uint32_t lifetime_left_s, uint8_t replica)
{
    (void)n, (void)env, (void)resource, (void)owner, (void)value, (void)value_len, (void)stored_ms,
        (void)lifetime_left_s, (void)replica;
}

sim_time node_seed_end(struct node *n, struct env *env)
{
    (void)env;
    return n->due;
}

void node_look(const struct node *n, struct env *env, struct node_view *view)
{
    (void)n, (void)env;
    memset(view, 0, sizeof *view);
}

peer_h node_finger(const struct node *n, struct env *env, unsigned i)
{
    (void)n, (void)env, (void)i;
    return PEER_NONE;
}

bool node_holds(const struct node *n, struct env *env, struct id resource, uint32_t kind, peer_h owner,
                uint8_t *replica)
{
    (void)n, (void)env, (void)resource, (void)kind, (void)owner, (void)replica;
    return false;
}

bool node_link_at(const struct node *n, unsigned k, peer_h *peer, chan_h *chan, bool *routed)
{
    (void)n, (void)k, (void)peer, (void)chan, (void)routed;
    return false;
}

bool node_value_at(const struct node *n, unsigned k, struct id *resource, peer_h *owner, uint8_t *replica)
{
    (void)n, (void)k, (void)resource, (void)owner, (void)replica;
    return false;
}

const char *node_check(const struct node *n, struct env *env)
{
    if (n->bytes != sizeof(struct node) + n->slots * sizeof(struct fake_slot))
        return "the fake node's size is wrong";
    for (unsigned k = 0; k < n->slots; k++)
        if (n->slot[k].state > FAKE_AGAIN || n->slot[k].peer == env->self)
            return "the fake node's slot is wrong";
    return NULL;
}

#endif
