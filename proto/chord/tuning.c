/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/chord/tuning.h"

#include <string.h>

#include "proto/chord/chord.h"
#include "proto/fact.h"

#define TENTH            MILLIS(100)
#define EXTENSION_BYTES  12u

static uint32_t tenths_now(const struct call *c)
{
    return (uint32_t)((c->env->now - c->n->started) / TENTH);
}

struct tuning *tuning_of(struct call *c)
{
    return c->o->self_tuning && chord_room(c, 0) ? chord_tuning_at(c) : NULL;
}

static bool in_table(const struct link *l)
{
    return link_is(l, LINK_USABLE) && link_is(l, LINK_NEIGHBOUR | LINK_FINGER);
}

static unsigned table_peers(const struct call *c)
{
    unsigned m = 0;
    for (uint32_t k = 0; k < order_count(c); k++)
        m += in_table(order_link(c, k));
    return m;
}

/* ---- our own estimates ---- */

/* 6.1. Where a peer stands on both sides, the lists reach round the ring, and we know everybody. */
static uint32_t own_size(const struct call *c)
{
    unsigned p = c->n->predecessors, s = c->n->successors, twice = 0;
    if (p == 0 || s == 0)
        return 1;
    for (unsigned k = 0; k < p; k++)
        for (unsigned j = 0; j < s; j++)
            twice += chord_predecessor(c, k) == chord_successor(c, j);
    if (twice)
        return p + s - twice + 1;
    struct id first = c->env->port->id_of(c->env, chord_predecessor(c, p - 1)), last = c->env->port->id_of(c->env, chord_successor(c, s - 1));
    return estimate_size(id_distance(first, last), p + s);
}

/* 6.3: the history begins with our joining, so n events enclose n - 1 failures; where it is not full yet, one is taken to happen now. Where it is, time
 * runs from the first event in it to now, not to the last failure: k over that has no bias, while k over Tk by the letter is k / (k - 1) too much, a
 * sixth with the k of a usual table. */
static uint32_t own_leaves(const struct call *c, const struct tuning *t, uint32_t size)
{
    unsigned m = table_peers(c), most = m / 4 < 1 ? 1 : m / 4 > FAILURES_MAX ? FAILURES_MAX : m / 4;
    unsigned failures = t->events - 1u;
    if (failures < most)
        return estimate_leaves(size, failures + 1, m, tenths_now(c) - t->event[0]);
    return estimate_leaves(size, most, m, tenths_now(c) - t->event[t->events - 1 - most]);
}

/* 6.4: the median age of those whose age we know. */
static uint32_t own_joins(const struct call *c, const struct tuning *t, uint32_t size)
{
    uint32_t age[AGES_MAX];
    unsigned n = 0;
    for (unsigned k = 0; k < AGES_MAX; k++) {
        uint16_t slot = t->age[k].peer == PEER_NONE ? SLOT_NONE : link_to(c, t->age[k].peer);
        if (slot == SLOT_NONE || !in_table(link_at(c, slot)))
            continue;
        uint32_t mine = (uint32_t)((int64_t)tenths_now(c) - t->age[k].born);
        unsigned at = n++;
        for (; at > 0 && age[at - 1] > mine; at--)
            age[at] = age[at - 1];
        age[at] = mine;
    }
    return n ? estimate_joins(size, age[n / 2]) : 0;
}

static struct estimate own_estimate(const struct call *c, const struct tuning *t)
{
    struct estimate e = {.size = own_size(c)};
    e.leaves = own_leaves(c, t, e.size);
    e.joins = own_joins(c, t, e.size);
    return e;
}

/* 6.5: of each figure the third quartile of ours and what others have told in this interval. */
static void agree(struct call *c, struct tuning *t)
{
    uint32_t size[SAMPLES_MAX + 1], joins[SAMPLES_MAX + 1], leaves[SAMPLES_MAX + 1];
    unsigned n = t->samples + 1u;
    t->own = own_estimate(c, t);
    size[0] = t->own.size, joins[0] = t->own.joins, leaves[0] = t->own.leaves;
    for (unsigned k = 1; k < n; k++)
        size[k] = t->sample[k - 1].size, joins[k] = t->sample[k - 1].joins, leaves[k] = t->sample[k - 1].leaves;
    t->used = (struct estimate){estimate_percentile75(size, n), estimate_percentile75(joins, n), estimate_percentile75(leaves, n)};
    t->samples = 0;
}

/* ---- what the estimates are made of ---- */

void tuning_begin(struct call *c)
{
    uint8_t phase;
    struct tuning *t = tuning_of(c);
    if (!t)
        return;
    t->event[0] = tenths_now(c);
    t->events = 1;
    t->samples = 0;
    agree(c, t);
    c->env->port->random(c->env, RANDOM_TIMER, c->n->draws++, &phase, 1);
    c->n->update_at = c->env->now + STABILIZE_LEAST / 256 * (phase + 1u);
    c->n->finger_at = TIME_NEVER;
    chord_ring_dirty(c, false);
}

void tuning_failure(struct call *c)
{
    struct tuning *t = tuning_of(c);
    if (!t || c->n->state != NODE_JOINED)
        return;
    if (t->events == FAILURES_MAX + 1)
        memmove(t->event, t->event + 1, --t->events * sizeof *t->event);
    t->event[t->events++] = tenths_now(c);
}

void tuning_uptime(struct call *c, peer_h peer, uint32_t uptime_s)
{
    struct tuning *t = tuning_of(c);
    unsigned at = AGES_MAX;
    if (!t)
        return;
    for (unsigned k = 0; k < AGES_MAX; k++) {
        if (t->age[k].peer == peer) {
            at = k;
            break;
        }
        if (at == AGES_MAX && (t->age[k].peer == PEER_NONE || link_to(c, t->age[k].peer) == SLOT_NONE))
            at = k;
    }
    if (at == AGES_MAX)
        return; /* more links than we have room for: the median of those we know will do */
    int64_t born = (int64_t)tenths_now(c) - (int64_t)uptime_s * 10;
    t->age[at].peer = peer;
    t->age[at].born = born < INT32_MIN ? INT32_MIN : (int32_t)born;
}

/* ---- sharing ---- */

bool tuning_extension(struct call *c, struct extension *x, uint8_t contents[EXTENSION_BYTES])
{
    const struct tuning *t = c->n->state == NODE_JOINED ? tuning_of(c) : NULL;
    if (!t)
        return false;
    struct writer w = writer_on(contents, EXTENSION_BYTES, false);
    put_u32(&w, t->own.size);
    put_u32(&w, t->own.joins);
    put_u32(&w, t->own.leaves);
    *x = (struct extension){.type = SELF_TUNING_EXTENSION, .contents = {contents, EXTENSION_BYTES}};
    return true;
}

void tuning_sample(struct call *c, const struct message *m)
{
    struct tuning *t = tuning_of(c);
    struct reader r = reader_on(m->extensions.b, m->extensions.len, false);
    while (t && reader_left(&r) > 0) {
        struct extension x;
        if (extension_read(&r, &x))
            return;
        if (x.type != SELF_TUNING_EXTENSION || x.contents.len != EXTENSION_BYTES || t->samples >= SAMPLES_MAX)
            continue;
        struct reader v = reader_on(x.contents.b, x.contents.len, false);
        struct estimate *e = &t->sample[t->samples++];
        e->size = get_u32(&v);
        e->joins = get_u32(&v);
        e->leaves = get_u32(&v);
    }
}

static void probe_send(struct call *c, uint16_t slot)
{
    static const uint8_t uptime = PROBE_UPTIME;
    struct draft d;
    draft_begin(c, &d, PROBE_REQ);
    probe_req_put(&d.w, &(struct probe_req){.types = {&uptime, 1}});
    d.extended = tuning_extension(c, &d.extension, d.extension_contents);
    request_send(c, &d, &(struct route){.slot = slot, .target = link_id(c, slot)},
                 &(struct errand){.purpose = PURPOSE_PROBE, .peer = link_peer(c, slot), .bound = true});
}

void tuning_probe_new(struct call *c, uint16_t slot)
{
    const struct tuning *t = c->n->state == NODE_JOINED ? tuning_of(c) : NULL;
    peer_h peer = link_peer(c, slot);
    for (unsigned k = 0; t && k < AGES_MAX; k++)
        if (t->age[k].peer == peer)
            return;
    if (t)
        probe_send(c, slot);
}

void tuning_probed(struct call *c, peer_h peer, const struct message *m)
{
    struct probe_ans a;
    struct probe_info info;
    tuning_sample(c, m);
    if (probe_ans_read(m->body, &a))
        return;
    struct reader r = reader_on(a.infos.b, a.infos.len, false);
    while (reader_left(&r) > 0 && probe_info_read(&r, &info) == 0)
        if (info.type == PROBE_UPTIME) {
            struct reader v = reader_on(info.value.b, info.value.len, false);
            tuning_uptime(c, peer, get_u32(&v));
        }
}

/* 6.5: some fingers at random; neighbours err as we do. */
static void fingers_probe(struct call *c)
{
    unsigned left = 0, want = PEERS_PROBED;
    for (uint32_t k = 0; k < order_count(c); k++)
        left += link_is(order_link(c, k), LINK_FINGER) && link_is(order_link(c, k), LINK_USABLE);
    for (uint32_t k = 0; k < order_count(c) && want > 0; k++) {
        uint16_t r;
        if (!link_is(order_link(c, k), LINK_FINGER) || !link_is(order_link(c, k), LINK_USABLE))
            continue;
        c->env->port->random(c->env, RANDOM_FINGER, c->n->draws++, &r, sizeof r);
        if ((uint32_t)r * left-- >> 16 >= want)
            continue;
        want--;
        probe_send(c, order_slot(c, k));
    }
}

/* ---- the stabilization timer ---- */

static void neighbour_update(struct call *c, peer_h peer)
{
    uint16_t slot = peer == PEER_NONE ? SLOT_NONE : link_to(c, peer);
    if (slot != SLOT_NONE)
        chord_update_mark(c, slot, UPDATE_NEIGHBORS, UPDATE_FOR_INTERVAL);
}

void tuning_stabilize(struct call *c)
{
    struct tuning *t = tuning_of(c);
    if (!t)
        return;
    agree(c, t);
    c->n->update_at = c->env->now + estimate_interval(&t->used);
    chord_ring_dirty(c, false); /* the tables may have another size now */
    if (c->o->idle)
        return;
    neighbour_update(c, chord_predecessor(c, 0));
    neighbour_update(c, chord_successor(c, 0));
    chord_finger_refresh(c);
    fingers_probe(c);
}
