/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/net/moment.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/net/host.h"

/* ---- what a partition's identities share ---- */

void net_put_shared(const struct net *n, const struct part *part, struct stream *s)
{
    STREAM_PUT(s, host_at(n, part)->schedule);
}

bool net_get_shared(struct net *n, struct part *part, struct net_shared *shared, struct stream_reader *r)
{
    struct schedule was[SCHEDULES];
    _Static_assert(sizeof shared->schedule == SCHEDULES, "one of each");
    STREAM_GET(r, was);
    *shared = (struct net_shared){.part = part};
    for (unsigned k = 1; k < SCHEDULES; k++) {
        if (!was[k].interval)
            continue;
        unsigned now = keepalive_schedule(host_at(n, part), &was[k]);
        shared->schedule[k] = (uint8_t)now;
        if (!now)
            return false;
    }
    return !r->bad;
}

/* ---- identities ---- */

static void put_online(const struct net *n, const struct online *o, struct stream *s)
{
    struct online copy = *o;
    struct table head = *o->table;
    (void)n;
    copy.block = NULL;
    copy.work = NULL;
    copy.table = NULL;
    copy.slots = 0;
    head.shaking = NULL;
    STREAM_PUT(s, copy);
    stream_put(s, &head, sizeof head);
    stream_put(s, o->block, o->bytes);
    stream_put(s, o->work, o->table->work_bytes);
    stream_put(s, o->table->slot, o->used * sizeof *o->table->slot);
    handshake_put(o, s);
}

void net_put_peer(const struct net *n, peer_h peer, struct stream *s)
{
    struct identity id = *identity_known(n, peer);
    const struct online *o = id.online;
    id.online = NULL;
    STREAM_PUT(s, id);
    stream_put_u32(s, o != NULL);
    if (o)
        put_online(n, o, s);
}

/* Indices of settings are the partition's own. */
static void rename_schedules(const struct net_shared *shared, struct online *o)
{
    for (chan_h slot = 0; slot < o->used; slot++) {
        struct channel *c = &o->table->slot[slot];
        c->schedule = shared->schedule[c->schedule] & (SCHEDULES - 1);
        c->peer_schedule = shared->schedule[c->peer_schedule] & (SCHEDULES - 1);
    }
}

static bool get_block(struct host *h, size_t bytes, void **block, struct stream_reader *r)
{
    const void *from = stream_take(r, bytes);
    if (!from)
        return false;
    *block = slab_get(&h->slab, bytes);
    memcpy(*block, from, bytes);
    return true;
}

/* Until the session is whole it is the identity's already, so that whoever closes the network finds it. */
static bool get_online(struct host *h, struct identity *id, const struct net_shared *shared, struct stream_reader *r)
{
    struct online was;
    struct table head;
    void *block, *work = NULL;
    STREAM_GET(r, was);
    STREAM_GET(r, head);
    if (r->bad || was.used > CHANNELS_MAX || !get_block(h, was.bytes, &block, r))
        return false;
    struct online *o = id->online = slab_get(&h->slab, sizeof *o);
    *o = was;
    o->block = block;
    o->work = NULL;
    channel_table_open(o);
    channel_table_reserve(h, o, was.used ? was.used : head.work_bytes > 0);
    if (o->slots > 0) {
        o->table->swept_at = head.swept_at;
        o->table->quiet_s = head.quiet_s;
    }
    if (head.work_bytes) {
        if (!get_block(h, head.work_bytes, &work, r))
            return false;
        o->work = work;
        o->table->work_bytes = head.work_bytes;
    }
    stream_get(r, o->table->slot, was.used * sizeof *o->table->slot);
    o->used = was.used;
    rename_schedules(shared, o);
    return handshake_get(h, o, r);
}

bool net_get_peer(struct net *n, const struct net_shared *shared, peer_h peer, struct stream_reader *r)
{
    struct host *h = host_at(n, shared->part);
    struct identity *id = identity_of(h, peer);
    STREAM_GET(r, *id);
    id->online = NULL;
    return stream_get_u32(r) == 0 ? !r->bad : get_online(h, id, shared, r);
}

/* ---- devices ---- */

void net_put_device(const struct net *n, peer_h peer, struct stream *s)
{
    if (n->line)
        access_put(n, peer, s);
    if (n->held)
        stream_put(s, &n->held[peer], 1);
}

void net_get_device(struct net *n, peer_h peer, struct stream_reader *r)
{
    if (n->line)
        access_get(n, peer, r);
    if (n->held)
        stream_get(r, &n->held[peer], 1);
}

/* ---- foreign handles ---- */

/* Ids and addresses that belong to nobody are numbered by the partition that hears of them, and blocks of nodes hold the numbers. So a table stays with the identities whose
 * numbers it gave: after a run has gone on in other partitions, one of them may have several tables, each for an area of its identities, and two may have
 * one of the same origin each, which go their own ways from then on. What a table that nobody has used gave need not be told. */
static void put_area(const struct handles *h, peer_h first, peer_h end, struct stream *s)
{
    if (h->ids == 0 && h->addrs == 0)
        return;
    stream_put_u32(s, first);
    stream_put_u32(s, end);
    size_t opened = stream_open(s);
    handles_put(h, s);
    stream_close(s, opened);
}

static void put_areas(const struct host *h, struct stream *s)
{
    uint32_t first, end;
    part_range(h->part, &first, &end);
    size_t opened = stream_open(s);
    put_area(&h->handles, first, h->areas ? h->area[0].first : end, s);
    for (unsigned k = 0; k < h->areas; k++)
        put_area(&h->area[k].handles, h->area[k].first, k + 1 < h->areas ? h->area[k + 1].first : end, s);
    stream_close(s, opened);
}

/* A new area, empty, in its place. */
static struct handles *add_area(struct host *h, peer_h first)
{
    unsigned k = h->areas;
    struct area *more = realloc(h->area, (h->areas + (size_t)1) * sizeof *more);
    if (!more)
        kernel_exhausted("the tables of foreign handles");
    h->area = more;
    h->areas++;
    for (; k > 0 && h->area[k - 1].first > first; k--)
        h->area[k] = h->area[k - 1];
    h->area[k].first = first;
    handles_open(&h->area[k].handles, h->net->config.seed, h->net->config.identities, h->net->own.id ? &h->net->own : NULL);
    return &h->area[k].handles;
}

static bool get_areas(struct net *n, struct stream_reader *r)
{
    struct stream_reader all = stream_enter(r);
    while (!stream_at_end(&all) && !all.bad) {
        peer_h from = stream_get_u32(&all), to = stream_get_u32(&all);
        struct stream_reader table = stream_enter(&all);
        for (unsigned k = n->here; k < n->here_end; k++) {
            struct stream_reader again = table;
            uint32_t first, end;
            part_range(n->part[k]->part, &first, &end);
            if (from >= end || to <= first)
                continue;
            if (!handles_get(add_area(n->part[k], from > first ? from : first), &again))
                return false;
        }
    }
    return !all.bad;
}

/* ---- partitions ---- */

void net_put_part(const struct net *n, const struct part *part, struct stream *s)
{
    const struct host *h = host_at(n, part);
    STREAM_PUT(s, h->counts);
    stream_put_u32(s, h->notes);
    put_areas(h, s);
}

bool net_get_part(struct net *n, const struct part *take, struct stream_reader *r)
{
    struct net_counts counts;
    STREAM_GET(r, counts);
    uint32_t notes = stream_get_u32(r);
    /* Notes of a node need only go on rising (keepalive.c). */
    for (unsigned k = n->here; k < n->here_end; k++)
        if (n->part[k]->notes < notes)
            n->part[k]->notes = notes;
    /* All members are 64-bit words. */
    const uint64_t *from = (const uint64_t *)(const void *)&counts;
    uint64_t *to = take ? (uint64_t *)(void *)&host_at(n, take)->counts : NULL;
    for (size_t i = 0; to && i < sizeof counts / sizeof *to; i++)
        to[i] += from[i];
    return get_areas(n, r);
}

/* ---- the network ---- */

void net_put_weather(const struct net *n, struct stream *s)
{
    assert(!n->kinds); /* no world publishes any: who knows which would be kept with the devices */
    stream_put_u32(s, n->weathers);
    stream_put(s, n->weather, n->weathers * sizeof n->weather[0]);
    stream_put_u32(s, n->cuts);
    for (unsigned k = 0; k < n->cuts; k++) {
        stream_put_u64(s, n->cut[k].from);
        stream_put_u64(s, n->cut[k].to);
        stream_put(s, n->cut[k].side, cut_bytes(n));
    }
}

bool net_get_weather(struct net *n, struct stream_reader *r)
{
    n->weathers = stream_get_u32(r);
    if (n->weathers == 0 || n->weathers > NET_CHANGES_MAX) {
        n->weathers = 1;
        return false;
    }
    stream_get(r, n->weather, n->weathers * sizeof n->weather[0]);
    uint32_t cuts = stream_get_u32(r);
    for (uint32_t k = 0; k < cuts && k < NET_CHANGES_MAX && !r->bad; k++) {
        struct cut *c = &n->cut[k];
        c->from = stream_get_u64(r);
        c->to = stream_get_u64(r);
        c->side = malloc(cut_bytes(n));
        if (!c->side)
            kernel_exhausted("the sides of a partition");
        n->cuts++;
        stream_get(r, c->side, cut_bytes(n));
    }
    return !r->bad && cuts == n->cuts;
}

uint64_t net_layout(void)
{
    const size_t at[] = {sizeof(struct identity), sizeof(struct online), sizeof(struct table), sizeof(struct channel), sizeof(struct schedule), sizeof(struct weather),
                         sizeof(struct net_counts), TRAFFIC_CLASSES};
    return hash64(handshake_bytes(), at, sizeof at);
}
