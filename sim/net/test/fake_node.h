/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node that is no RELOAD node: an actor for the tests of the virtual host, which then see every call.
 *
 * It opens channels, sends numbered datagrams and reports everything as facts. What it does by itself stands in a struct script around the overlay:
 * the overlay pointer is all that a node gets to know, so the script lies behind it. Tests give orders through net_request. */
#ifndef SIM_NET_TEST_FAKE_NODE_H
#define SIM_NET_TEST_FAKE_NODE_H

#include <assert.h>
#include <string.h>

#include "proto/overlay.h"
#include "proto/wire/security.h"
#include "sim/net/actor.h"

enum fake_fact {
    FAKE_START = 1,
    FAKE_UP,
    FAKE_ACCEPT,
    FAKE_DOWN,
    FAKE_SILENT,
    FAKE_DATA,
    FAKE_BAD,
    FAKE_WAKE,
    FAKE_PLAIN_DATA
}; /* a: chan << 32 | peer; b: rtt, number */

enum fake_order {
    FAKE_OPEN_UNASKED = 99,
    FAKE_OPEN = 100,
    FAKE_SEND,
    FAKE_CLOSE,
    FAKE_PLAIN
}; /* request.op; tag = peer to open or send to, or channel; lifetime_s = number to send */

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

static size_t fake_bytes_initial(void)
{
    return sizeof(struct node) + FAKE_SLOTS_FIRST * sizeof(struct fake_slot);
}

static size_t fake_bytes(const struct node *n)
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

static struct node *fake_open(struct node *n, struct env *env, peer_h to, bool unasked)
{
    struct chan_args args = {.chan = CHAN_NONE, .addr = to, .unasked = unasked};
    int status = env->port->channel(env, CHAN_OPEN, &args);
    assert(status == 0);
    n = fake_slot_at(n, env, args.chan);
    n->slot[args.chan] = (struct fake_slot){FAKE_OPENING, to};
    return n;
}

/* On a channel, or with CHAN_NONE to an address. */
static void fake_send_to(struct node *n, struct env *env, chan_h chan, addr_h to)
{
    const struct script *s = fake_script(env);
    uint8_t *b = env->port->send_begin(env, s->size);
    memset(b, 0x5a, s->size);
    b[0] = 128; /* a DATA frame, to be counted as a message */
    store_be32(b + 1, n->number++);
    env->port->send(env, chan, to, s->size, s->true_size, TRAFFIC_OTHER);
}

static void fake_send(struct node *n, struct env *env, chan_h chan)
{
    fake_send_to(n, env, chan, ADDR_NONE);
}

static struct node *fake_format(struct node *n, struct env *env)
{
    n->bytes = (uint32_t)fake_bytes_initial();
    n->slots = FAKE_SLOTS_FIRST;
    n->number = n->padding = 0;
    for (unsigned k = 0; k < n->slots; k++)
        n->slot[k] = (struct fake_slot){FAKE_NO, PEER_NONE};
    n->due = fake_script(env)->period ? env->now + fake_script(env)->period : TIME_NEVER;
    return n;
}

static sim_time fake_start(struct node *n, struct env *env, const struct node_opts *opts)
{
    n = fake_format(n, env);
    fake_fact(env, FAKE_START, 0, env->self, 0);
    for (unsigned k = 0; k < opts->cache_count; k++)
        n = fake_open(n, env, opts->cache[k], false);
    return n->due;
}

static sim_time fake_receive(struct node *n, struct env *env, chan_h chan, addr_h from, struct dgram d)
{
    const struct script *s = fake_script(env);
    if (chan == CHAN_NONE) {
        fake_fact(env, FAKE_PLAIN_DATA, 0, from, load_be32(d.b + 1));
        return n->due;
    }
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

static sim_time fake_channel(struct node *n, struct env *env, chan_h chan, enum chan_event event, const struct chan_info *info)
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

static sim_time fake_wake(struct node *n, struct env *env)
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
            n = fake_open(n, env, peer, false);
        }
    }
    return n->due;
}

static sim_time fake_request(struct node *n, struct env *env, const struct request *r)
{
    struct chan_args args = {.chan = r->tag};
    int op = (int)r->op;
    if (op == FAKE_OPEN || op == FAKE_OPEN_UNASKED) {
        n = fake_open(n, env, r->tag, op == FAKE_OPEN_UNASKED);
    } else if (op == FAKE_PLAIN) {
        fake_send_to(n, env, CHAN_NONE, r->tag);
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

static unsigned fake_touch(const struct node *n, const uint8_t *head, size_t len, uint16_t line[], unsigned max)
{
    (void)n, (void)head, (void)len, (void)line, (void)max;
    return 0;
}

static sim_time fake_seed(struct node *n, struct env *env, const struct node_seed *seed)
{
    n = fake_format(n, env);
    n->due = seed->next_update;
    return n->due;
}

static void fake_seed_link(struct node *n, struct env *env, const struct seed_link *l)
{
    n = fake_slot_at(n, env, l->chan);
    n->slot[l->chan] = (struct fake_slot){FAKE_OPENED, l->peer};
    fake_fact(env, FAKE_UP, l->chan, l->peer, l->rtt);
}

static sim_time fake_seed_end(struct node *n, struct env *env)
{
    (void)env;
    return n->due;
}

static const char *fake_check(const struct node *n, struct env *env)
{
    if (n->bytes != sizeof(struct node) + n->slots * sizeof(struct fake_slot))
        return "the fake node's size is wrong";
    for (unsigned k = 0; k < n->slots; k++)
        if (n->slot[k].state > FAKE_AGAIN || n->slot[k].peer == env->self)
            return "the fake node's slot is wrong";
    return NULL;
}

static const struct actor fake_actor = {
    .name = "fake",
    .frame_bytes = 8,
    .bytes_initial = fake_bytes_initial,
    .bytes = fake_bytes,
    .start = fake_start,
    .receive = fake_receive,
    .channel = fake_channel,
    .wake = fake_wake,
    .request = fake_request,
    .touch = fake_touch,
    .check = fake_check,
    .seed = fake_seed,
    .seed_link = fake_seed_link,
    .seed_end = fake_seed_end,
};

static const struct actor_group fake_group = {.actor = &fake_actor};

#endif
