/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of channels of a node, and their end. */
#include <assert.h>
#include <string.h>

#include "proto/base/error.h"
#include "sim/net/host.h"

/* Alert 2 in a record. */
#define CLOSE_BYTES (2u + DTLS_RECORD_BYTES)

/* ---- the table ---- */

static size_t table_bytes(size_t slots)
{
    return sizeof(struct table) + slots * sizeof(struct channel);
}

/* As many slots as the memory for these really holds. */
static uint16_t slots_for(size_t slots)
{
    slots = (slab_room(table_bytes(slots)) - sizeof(struct table)) / sizeof(struct channel);
    return (uint16_t)(slots < CHANNELS_MAX ? slots : CHANNELS_MAX);
}

void channel_table_open(struct online *o)
{
    static const struct table none;
    o->slots = o->used = 0;
    o->table = (struct table *)(uintptr_t)&none; /* written to only where there are slots */
}

void channel_table_close(struct host *h, struct online *o)
{
    if (o->slots > 0)
        slab_put(&h->slab, o->table, table_bytes(o->slots));
}

void channel_table_reserve(struct host *h, struct online *o, unsigned more)
{
    uint16_t slots = slots_for(o->used + (size_t)more);
    if (slots <= o->slots)
        return;
    if (o->slots == 0) {
        o->table = slab_get(&h->slab, table_bytes(slots));
        *o->table = (struct table){0};
        o->slots = slots;
        return;
    }
    o->table = slab_move(&h->slab, o->table, table_bytes(o->slots), table_bytes(slots));
    o->slots = slots;
}

chan_h channel_take(struct host *h, struct identity *id, addr_h addr, uint32_t remote)
{
    struct online *o = id->online;
    uint32_t slot = 0;
    while (slot < o->used && o->table->slot[slot].state != CHANNEL_FREE)
        slot++;
    if (slot == o->slots)
        channel_table_reserve(h, o, 1);
    if (slot == o->slots)
        return CHAN_NONE;
    if (slot == o->used)
        o->used++;
    uint32_t one_way = wire_one_way(h, h->env.self, addr);
    o->table->slot[slot] = (struct channel){.addr = addr,
                                            .remote = remote & TAG_MASK,
                                            .state = CHANNEL_SHAKING,
                                            .one_way = one_way == ONE_WAY_DRAWN ? ONE_WAY_NONE : one_way_put(one_way)};
    return slot;
}

void channel_drop(struct online *o, chan_h slot)
{
    o->table->slot[slot].state = CHANNEL_FREE;
    while (o->used > 0 && o->table->slot[o->used - 1].state == CHANNEL_FREE)
        o->used--;
}

/* ---- wake-ups ---- */

void channel_wake(struct host *h, struct identity *id, peer_h self, sim_time now)
{
    struct online *o = id->online;
    o->channel_due = TIME_NEVER;
    if (o->watch_due <= now)
        keepalive_send_due(h, o, self, now);
    sim_time due = handshake_wake(h, id, self, now);
    if (id->online == o && o->watch_due <= now)
        keepalive_wake(h, id, self, now);
    if (id->online == o)
        o->channel_due = time_min(time_min(o->channel_due, due), o->watch_due);
}

/* ---- what the node asks for ---- */

static void send_close(struct host *h, const struct channel *c)
{
    struct event e = {
        .dst = c->addr, .chan = c->remote, .true_len = CLOSE_BYTES, .class = TRAFFIC_HANDSHAKE, .flags = KIND_CLOSE};
    if (channel_knows_remote(c))
        wire_post(h, &e, NULL, channel_one_way(c));
}

void channel_close(struct host *h, struct online *o, chan_h slot)
{
    const struct channel *c = &o->table->slot[slot];
    send_close(h, c);
    if (c->state == CHANNEL_SHAKING)
        handshake_forget(h, o, slot);
    keepalive_end(h, o, slot, h->env.self, h->env.now);
    channel_drop(o, slot);
}

/* In mid-handshake the keys to read an alert with are not there yet: it is dropped. RFC 5246 7.2.1: who gets a close_notify answers with one at once and
 * discards what it still had to send; who closed does not wait for it, so the answer finds the channel gone and counts as dead. */
void channel_receive_close(struct host *h, struct identity *id, const struct event *e)
{
    struct online *o = id->online;
    struct channel *c = channel_find(o, e->chan, e->src);
    if (!c || !channel_is_up(c)) {
        h->counts.dead++;
        return;
    }
    wire_count_delivered(h, e);
    chan_h slot = tag_slot(e->chan);
    struct chan_info info = {e->src, e->src, 0};
    call_begin(h, e->dst, e->at);
    send_close(h, c);
    keepalive_sweep(h, o, e->dst, e->at);
    channel_drop(o, slot);
    call_channel(h, o, slot, CHAN_DOWN, &info);
    call_end(h);
}

int channel_do(struct env *env, enum chan_op op, struct chan_args *args)
{
    struct host *h = env->host;
    struct identity *id = identity_of(h, env->self);
    struct online *o = id->online;
    if (op == CHAN_OPEN)
        return handshake_open(h, id, args->addr, args->unasked, &args->chan);
    /* A channel that a peer is still opening is not the node's yet. */
    if (args->chan >= o->used || o->table->slot[args->chan].state == CHANNEL_FREE)
        return ERR_NO_LINK;
    const struct channel *c = &o->table->slot[args->chan];
    if (c->state == CHANNEL_SHAKING && (channel_is_server(c) || op != CHAN_CLOSE))
        return ERR_NO_LINK;
    if (op == CHAN_REMOTE) {
        args->addr = c->addr;
        return 0;
    }
    if (op == CHAN_KEEPALIVE)
        return keepalive_set(h, o, args->chan, env->self, &(struct schedule){args->interval, args->silent_after},
                             env->now);
    channel_close(h, o, args->chan);
    return 0;
}
