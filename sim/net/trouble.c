/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/net/trouble.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/net/host.h"
#include "sim/rank/slice.h"

static void *must(void *memory)
{
    if (!memory) {
        fputs("reloadsim: out of memory\n", stderr);
        exit(4);
    }
    return memory;
}

/* ---- the network ---- */

/* Silences that were ruled out by keepalives to come are looked for again. */
static void watch_all(struct net *n)
{
    sim_time now = kernel_now(n->kernel);
    for (uint32_t peer = n->first; peer < n->end; peer++)
        if (online_of(n, peer))
            keepalive_watch(host_of(n, peer), peer, now);
}

void net_weather(struct net *n, double loss, double latency, sim_time slower)
{
    sim_time now = kernel_now(n->kernel);
    struct weather *w = &n->weather[n->weathers - 1];
    assert(n->keepalives_one_by_one || (latency == 1 && slower == 0));
    if (now > w->from) {
        assert(n->weathers < NET_CHANGES_MAX);
        w = &n->weather[n->weathers++];
    }
    *w = (struct weather){.from = now,
                          .loss = loss,
                          .loss_32 = (uint32_t)(loss * 4294967295.0 + 0.5),
                          .latency = latency,
                          .slower = slower};
    watch_all(n);
}

unsigned net_cut(struct net *n, const uint64_t *side)
{
    size_t bytes = cut_bytes(n);
    assert(n->cuts < NET_CHANGES_MAX);
    struct cut *c = &n->cut[n->cuts];
    *c = (struct cut){.from = kernel_now(n->kernel), .to = TIME_NEVER, .side = must(malloc(bytes))};
    memcpy(c->side, side, bytes);
    n->cuts++;
    watch_all(n);
    return n->cuts - 1;
}

void net_uncut(struct net *n, unsigned cut)
{
    n->cut[cut].to = kernel_now(n->kernel);
    watch_all(n);
}

/* Whether the way between two devices is broken for good: drawn by the pair, whoever asks. */
static bool is_broken(const struct net *n, peer_h a, peer_h b)
{
    uint32_t x = device_of(n, a), y = device_of(n, b);
    return x != y && random_unit(n->config.seed, x < y ? x : y, STREAM_BROKEN, x < y ? y : x) < n->config.broken_pairs;
}

bool trouble_parts(const struct net *n, peer_h a, peer_h b, sim_time t)
{
    if (n->config.broken_pairs > 0 && is_broken(n, a, b))
        return true;
    for (unsigned k = 0; k < n->cuts; k++) {
        const struct cut *c = &n->cut[k];
        if (t >= c->from && t < c->to && ((c->side[a / 64] >> a % 64 ^ c->side[b / 64] >> b % 64) & 1))
            return true;
    }
    return false;
}

const struct weather *trouble_weather(const struct net *n, sim_time t)
{
    unsigned k = n->weathers - 1;
    while (k > 0 && n->weather[k].from > t)
        k--;
    return &n->weather[k];
}

/* ---- nodes ---- */

void net_slow(struct net *n, peer_h peer, double factor)
{
    assert(net_holds(n, peer));
    if (!n->cpu_factor) {
        n->cpu_factor = must(slice_open(sizeof *n->cpu_factor, n->config.identities, n->first, n->end));
        for (uint32_t k = n->first; k < n->end; k++)
            n->cpu_factor[k] = 1;
    }
    n->cpu_factor[peer] = (float)factor;
}

void trouble_cpu(struct env *env, uint32_t ns)
{
    const struct host *h = env->host;
    double cost = ns;
    if (h->net->cpu_factor)
        cost *= (double)h->net->cpu_factor[env->self];
    cost += env->cpu_ns;
    env->cpu_ns = cost < UINT32_MAX ? (uint32_t)cost : UINT32_MAX;
}

void net_configure(struct net *n, const struct overlay *all, const struct overlay *for_some, const uint64_t *some)
{
    size_t bytes = (n->config.identities / 64 + 1) * sizeof *some;
    n->overlay = all;
    n->overlay_some = for_some;
    if (some && !n->some)
        n->some = must(malloc(bytes));
    if (some) {
        memcpy(n->some, some, bytes);
    } else {
        free(n->some);
        n->some = NULL;
    }
}

/* ---- dead processes on live hosts ---- */

/* IP 20, ICMP 8, and of what is refused the headers 28 (RFC 792). wire_count_delivered adds 28. */
#define ICMP_BYTES 28u
/* Order behind the note that the same channel may send at the same time. */
#define REFUSAL_SEQ (UINT32_C(3) << 30)

/* A datagram for nobody: whom it came from is told. event.chan names the receiver's channel everywhere else; here it is the dead one's, which the
 * sender knows as the remote end. */
void trouble_refuse(struct host *h, struct identity *id, const struct event *e)
{
    const struct net *n = h->net;
    sim_time least = n->config.latency->min_delay;
    struct event r = {.dst = e->src,
                      .src = e->dst,
                      .seq = id->seq++,
                      .chan = e->chan,
                      .true_len = ICMP_BYTES,
                      .class = TRAFFIC_OTHER,
                      .flags = KIND_REFUSED};
    h->counts.sent++;
    sim_time left_at = access_up(h, r.src, e->at, wire_bytes(&r));
    if (left_at == TIME_NEVER) {
        h->counts.uplink_dropped++;
        return;
    }
    const struct weather *w = trouble_weather(n, e->at);
    sim_time delay = weather_delay(w, wire_one_way_usual(n, e->dst, e->src));
    r.at = left_at + (delay < least ? least : delay);
    if ((w->loss > 0 && random_unit(n->config.seed, r.src, STREAM_LOSS, r.seq) < w->loss) ||
        (trouble_may_part(n) && trouble_parts(n, r.src, r.dst, e->at))) {
        h->counts.lost++;
        return;
    }
    h->counts.in_flight++;
    kernel_post(h->part, &r, NULL);
}

/* The channel by which the other side sends keepalives goes down when the first of them has been refused. */
static void refuse_keepalives(struct host *h, peer_h self, sim_time now)
{
    const struct online *o = identity_of(h, self)->online;
    for (chan_h slot = 0; slot < o->used; slot++) {
        const struct channel *c = &o->table->slot[slot];
        sim_time back;
        if (!channel_is_up(c) || !c->schedule)
            continue;
        sim_time at = keepalive_next_arrival(h, c, self, now, &back);
        struct event r = {.at = at + back,
                          .dst = c->addr,
                          .src = self,
                          .seq = REFUSAL_SEQ | channel_tag(c, slot),
                          .chan = channel_tag(c, slot),
                          .class = TRAFFIC_KEEPALIVE,
                          .flags = KIND_REFUSED};
        if (at != TIME_NEVER && !(trouble_may_part(h->net) && trouble_parts(h->net, self, c->addr, now)))
            kernel_post(h->part, &r, NULL);
    }
}

void net_stop_process(struct net *n, struct part *part, peer_h peer, sim_time now)
{
    struct host *h = host_at(n, part);
    assert(net_online(n, peer) && h->calling == PEER_NONE);
    refuse_keepalives(h, peer, now);
    net_stop(n, part, peer, now);
    identity_of(h, peer)->refuses = true;
}

/* The channel that this refusal is about; one in mid-handshake may have sent what was refused before it knew the slot of the other end. */
static bool is_refused(const struct channel *c, const struct event *e)
{
    if (c->state == CHANNEL_FREE || c->addr != e->src)
        return false;
    return c->remote == e->chan || (c->state == CHANNEL_SHAKING && (c->remote | SLOT_NONE) == e->chan);
}

void trouble_refused(struct host *h, struct identity *id, const struct event *e)
{
    struct online *o = id->online;
    if (e->class != TRAFFIC_KEEPALIVE)
        wire_count_delivered(h, e);
    for (chan_h slot = 0; id->online == o && slot < o->used; slot++) {
        const struct channel *c = &o->table->slot[slot];
        if (!is_refused(c, e))
            continue;
        bool told = channel_is_up(c) || !channel_is_server(c);
        struct chan_info info = {channel_is_up(c) ? e->src : PEER_NONE, e->src, 0};
        keepalive_sweep(h, o, e->dst, e->at);
        if (c->state == CHANNEL_SHAKING) {
            handshake_forget(h, o, slot);
            h->counts.handshakes_failed += told;
        }
        channel_drop(o, slot);
        if (!told)
            continue;
        call_begin(h, e->dst, e->at);
        call_channel(h, o, slot, CHAN_DOWN, &info);
        call_end(h);
    }
}

void trouble_free(struct net *n)
{
    for (unsigned k = 0; k < n->cuts; k++)
        free(n->cut[k].side);
    slice_close(n->cpu_factor, sizeof *n->cpu_factor, n->config.identities, n->first, n->end);
    free(n->some);
    configure_free(n);
    kinds_free(n);
}
