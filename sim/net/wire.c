/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams out and in, and the port table through which a node reaches all of this. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/error.h"
#include "sim/net/host.h"

static struct host *host_in(const struct env *env)
{
    return env->host;
}

static bool is_drawn(const struct net *n, peer_h to)
{
    return n->config.latency->model == LATENCY_EXPONENTIAL || to >= n->config.identities;
}

static uint32_t between(const struct net *n, struct location from, struct location to)
{
    const struct latency *l = n->config.latency;
    sim_time t = latency_one_way(l, from, to, 0.5);
    uint16_t kept = one_way_put(t);
    /* What the scenario says in one number is meant so, whether a channel can keep it or not. */
    return kept == ONE_WAY_NONE || (l->model == LATENCY_CONSTANT && one_way_get(kept) != t) ? ONE_WAY_DRAWN : one_way_get(kept);
}

uint32_t wire_one_way(struct host *h, peer_h from, peer_h to)
{
    return is_drawn(h->net, to) ? ONE_WAY_DRAWN : between(h->net, location_near(h, from), location_near(h, to));
}

sim_time wire_one_way_usual(const struct net *n, peer_h from, peer_h to)
{
    const struct latency *l = n->config.latency;
    uint32_t fixed = is_drawn(n, to) ? ONE_WAY_DRAWN : between(n, location_of(n, from), location_of(n, to));
    sim_time t = fixed != ONE_WAY_DRAWN              ? fixed
                 : l->model == LATENCY_EXPONENTIAL ? l->delay
                                                   : latency_one_way(l, location_of(n, from), location_of(n, to), 0.5);
    return t + n->jitter_mean;
}

/* ---- sending ---- */

/* Entity and counter of a datagram's draws. Keepalives have a lane of their own, so that they move no other draw. */
struct lane {
    uint64_t entity, counter;
};

static sim_time one_way(struct host *h, const struct event *e, struct lane lane)
{
    const struct net *n = h->net;
    bool drawn = n->config.latency->model == LATENCY_EXPONENTIAL;
    uint32_t fixed = wire_one_way(h, e->src, e->dst);
    if (fixed != ONE_WAY_DRAWN)
        return fixed;
    double u = drawn ? random_unit(n->config.seed, lane.entity, STREAM_JITTER, lane.counter) : 0.5;
    return latency_one_way(n->config.latency, location_near(h, e->src), location_near(h, e->dst), u);
}

static void report(struct host *h, const struct event *e, const uint8_t *bytes, sim_time at, enum datagram_step step)
{
    if (h->net->hooks.capture && (e->flags == KIND_DATA || e->flags == KIND_PLAIN))
        h->net->hooks.capture(h->net->hooks.world, h->part, e, bytes, at, step);
}

void wire_post(struct host *h, struct event *e, const uint8_t *bytes, uint32_t one_way_ns)
{
    const struct net_config *c = &h->net->config;
    e->src = h->env.self;
    e->seq = identity_of(h, e->src)->seq++;
    h->counts.sent++;
    if (e->dst >= c->identities) { /* an address that nobody has */
        h->counts.dead++;
        return;
    }
    sim_time sent_at = call_departure(h), left_at = access_up(h, e->src, sent_at, wire_bytes(e));
    if (left_at == TIME_NEVER) {
        h->counts.uplink_dropped++;
        report(h, e, bytes, sent_at, DATAGRAM_LOST);
        return;
    }
    struct lane lane = {e->src, e->seq};
    const struct weather *w = &h->net->weather[h->net->weathers - 1];
    sim_time delay = one_way_ns == ONE_WAY_DRAWN ? one_way(h, e, lane) : one_way_ns;
    if (c->latency->jitter.kind != LAW_NEVER)
        delay += latency_jitter(c->latency, random_unit(c->seed, lane.entity, STREAM_EXTRA_DELAY, lane.counter));
    delay = weather_delay(w, delay);
    h->counts.legs++;
    if (delay < c->latency->min_delay) {
        delay = c->latency->min_delay;
        h->counts.clamped++;
    }
    e->at = left_at + delay;
    if ((w->loss > 0 && random_unit(c->seed, lane.entity, STREAM_LOSS, lane.counter) < w->loss) ||
        (trouble_may_part(h->net) && trouble_parts(h->net, e->src, e->dst, h->env.now))) {
        h->counts.lost++;
        report(h, e, bytes, sent_at, DATAGRAM_LOST);
        return;
    }
    report(h, e, bytes, sent_at, DATAGRAM_SENT);
    h->counts.in_flight++;
    kernel_post(h->part, e, bytes);
}

void wire_send(struct env *env, chan_h slot, addr_h to, size_t len, size_t true_len, enum traffic class)
{
    struct host *h = host_in(env);
    const struct online *o = identity_of(h, env->self)->online;
    if (len == 0)
        return;
    assert(len <= SEND_BYTES && len <= EVENT_BYTES_MAX && true_len >= len && true_len <= UINT16_MAX &&
           class < TRAFFIC_HANDSHAKE);
    if (slot == CHAN_NONE) {
        struct event plain = {.dst = to, .chan = CHAN_PLAIN, .len = (uint16_t)len, .true_len = (uint16_t)true_len, .class = (uint8_t) class, .flags = KIND_PLAIN};
        wire_post(h, &plain, h->send, wire_one_way(h, env->self, to));
        return;
    }
    if (slot >= o->used || !channel_is_up(&o->table->slot[slot]))
        return;
    const struct channel *c = &o->table->slot[slot];
    struct event e = {.dst = c->addr,
                      .chan = c->remote,
                      .len = (uint16_t)len,
                      .true_len = (uint16_t)true_len,
                      .class = (uint8_t) class,
                      .flags = KIND_DATA};
    wire_post(h, &e, h->send, channel_one_way(c));
}

/* ---- receiving ---- */

void wire_nobody(struct host *h, const struct event *e, const uint8_t *bytes)
{
    h->counts.dead++;
    report(h, e, bytes, e->at, DATAGRAM_NOBODY);
}

void wire_count_delivered(struct host *h, const struct event *e)
{
    h->counts.delivered++;
    h->counts.class_count[e->class]++;
    h->counts.class_bytes[e->class] += wire_bytes(e);
}

static void wire_hand_over(struct host *h, struct online *o, const struct event *e, const uint8_t *bytes, chan_h chan)
{
    const struct actor *a = actor_of(h->net, e->dst);
    if (e->class != TRAFFIC_ACK && e->true_len >= a->frame_bytes)
        h->counts.message_bytes += (uint64_t)e->true_len - a->frame_bytes;
    report(h, e, bytes, e->at, DATAGRAM_ARRIVED);
    call_begin(h, e->dst, e->at);
    o->node_due = a->receive(o->block, &h->env, chan, e->src, (struct dgram){bytes, e->len, e->true_len});
    call_end(h);
}

void wire_data(struct host *h, struct identity *id, const struct event *e, const uint8_t *bytes)
{
    struct online *o = id->online;
    struct channel *c = channel_find(o, e->chan, e->src);
    /* Before our own handshake is complete there is no key to decrypt it with (RFC 6347 4.2.6 lets us drop it). */
    if (!c || !channel_is_up(c)) {
        wire_nobody(h, e, bytes);
        return;
    }
    keepalive_hear(h, o, c, e->at);
    wire_count_delivered(h, e);
    wire_hand_over(h, o, e, bytes, tag_slot(e->chan));
}

void wire_plain(struct host *h, struct identity *id, const struct event *e, const uint8_t *bytes)
{
    wire_count_delivered(h, e);
    wire_hand_over(h, id->online, e, bytes, CHAN_NONE);
}

/* ---- the port ---- */

static struct node *port_room(struct env *env, size_t bytes)
{
    struct host *h = host_in(env);
    struct online *o = identity_of(h, env->self)->online;
    if (bytes > h->net->config.overlay->limits.block_bytes)
        return NULL;
    struct node *old = o->block;
    o->block = slab_move(&h->slab, old, o->bytes, bytes);
    h->counts.node_bytes += bytes - o->bytes;
    o->bytes = (uint32_t)bytes;
    return o->block;
}

static bool port_work(struct env *env, size_t bytes)
{
    struct host *h = host_in(env);
    struct online *o = identity_of(h, env->self)->online;
    if (o->slots == 0)
        channel_table_reserve(h, o, 1); /* which keeps the size of this */
    size_t old = o->table->work_bytes;
    if (bytes > h->net->config.overlay->limits.block_bytes)
        return false;
    if (bytes == 0)
        slab_put(&h->slab, o->work, old);
    o->work = env->work = bytes == 0 ? NULL : o->work ? slab_move(&h->slab, o->work, old, bytes) : slab_get(&h->slab, bytes);
    h->counts.node_bytes += bytes - old;
    o->table->work_bytes = (uint32_t)bytes;
    return true;
}

static uint8_t *port_send_begin(struct env *env, size_t cap)
{
    return cap <= SEND_BYTES ? host_in(env)->send : NULL;
}

static peer_h port_peer_of(struct env *env, chan_h chan)
{
    return identity_of(host_in(env), env->self)->online->table->slot[chan].addr;
}

static struct id port_id_of(struct env *env, peer_h peer)
{
    return handles_id(handles_of(host_in(env), env->self), peer);
}

static peer_h port_id_keep(struct env *env, struct id id)
{
    return handles_id_keep(handles_of(host_in(env), env->self), id);
}

static void port_addr_of(struct env *env, addr_h addr, struct ip_port *out)
{
    handles_addr(handles_of(host_in(env), env->self), addr == ADDR_NONE ? env->self : addr, out);
}

static addr_h port_addr_keep(struct env *env, const struct ip_port *addr)
{
    return handles_addr_keep(handles_of(host_in(env), env->self), addr);
}

static const struct overlay *port_overlay(struct env *env, uint16_t version)
{
    const struct net *n = host_in(env)->net;
    unsigned held = n->held ? n->held[env->self] : 0;
    (void)version; /* the one in force is asked for */
    return held + (n->some && n->some[env->self / 64] >> env->self % 64 & 1 ? n->overlay_some : n->overlay);
}

/* What a node draws is keyed by its identity and session, so that a rejoined node does not repeat itself. */
static uint64_t entity_of(const struct host *h, peer_h peer)
{
    return (uint64_t)identity_of(h, peer)->incarnation << 32 | peer;
}

static void port_random(struct env *env, enum random_purpose purpose, uint64_t counter, void *out, size_t bytes)
{
    const struct host *h = host_in(env);
    uint8_t *p = out;
    assert(purpose < RANDOM_PURPOSES && counter >> 56 == 0 && bytes <= 256 * 16);
    for (uint64_t block = 0; bytes > 0; block++) {
        uint32_t word[4];
        uint8_t whole[16];
        size_t n = bytes < sizeof whole ? bytes : sizeof whole;
        random_block(h->net->config.seed, entity_of(h, env->self), STREAM_NODE + (uint32_t)purpose,
                     block << 56 | counter, word);
        for (unsigned k = 0; k < 4; k++)
            store_be32(whole + 4 * k, word[k]);
        memcpy(p, whole, n);
        p += n;
        bytes -= n;
    }
}

static sim_time port_draw(struct env *env, uint16_t law, uint64_t counter)
{
    const struct host *h = host_in(env);
    const struct net_config *c = &h->net->config;
    assert(law > 0 && law <= c->nlaws && counter >> 48 == 0);
    return law_draw(&c->laws[law - 1],
                    random_unit(c->seed, entity_of(h, env->self), STREAM_LAW, (uint64_t)law << 48 | counter));
}

static void port_fact(struct env *env, uint16_t what, uint64_t a, uint64_t b)
{
    struct host *h = host_in(env);
    if (h->net->hooks.fact)
        h->net->hooks.fact(h->net->hooks.world, h->part, env->self, env->now, what, a, b);
}

const struct port host_port = {
    .room = port_room,
    .work = port_work,
    .send_begin = port_send_begin,
    .send = wire_send,
    .channel = channel_do,
    .peer_of = port_peer_of,
    .id_of = port_id_of,
    .id_keep = port_id_keep,
    .addr_of = port_addr_of,
    .addr_keep = port_addr_keep,
    .overlay = port_overlay,
    .random = port_random,
    .draw = port_draw,
    .hash = crypto_hash,
    .sign = crypto_sign,
    .verify = crypto_verify,
    .certificate = crypto_certificate,
    .certified = crypto_certified,
    .user_of = crypto_user_of,
    .document = configure_document,
    .document_read = configure_read,
    .configure = configure_adopt,
    .kind = kinds_at,
    .kind_block = kinds_block,
    .kind_adopt = kinds_adopt,
    .fact = port_fact,
};
