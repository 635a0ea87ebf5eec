/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/ring.h"

#include <math.h>
#include <stdlib.h>

#include "proto/node.h"
#include "proto/wire/message.h"
#include "sim/world/state.h"

/* At most so many peers and values are looked at in one sample; larger overlays are sampled in turn. */
#define SAMPLE_PEERS 20000u
#define REPLICAS     3u

const char *ring_verdict_text(enum ring_verdict v)
{
    static const char *const text[] = {
        [RING_CORRECT] = "one correct ring",
        [RING_OUTSIDE] = "peers outside the ring",
        [RING_SPLIT] = "more than one ring",
        [RING_LOOPY] = "a ring that goes round more than once",
        [RING_BROKEN] = "a peer without a living successor",
    };
    return text[v];
}

static int peer_compare(const void *a, const void *b)
{
    const struct ring_peer *x = a, *y = b;
    return id_compare(x->id, y->id);
}

int ring_open(struct world *w)
{
    struct ring_peer *all = malloc(w->identities * sizeof *all);
    w->ring.order = malloc(w->identities * sizeof *w->ring.order);
    if (!all || !w->ring.order) {
        free(all);
        return -1;
    }
    for (uint32_t i = 0; i < w->identities; i++)
        all[i] = (struct ring_peer){net_id(w->net, i), i};
    qsort(all, w->identities, sizeof *all, peer_compare);
    for (uint32_t i = 0; i < w->identities; i++)
        w->ring.order[i] = all[i].peer;
    free(all);
    w->ring_at = TIME_NEVER;
    return 0;
}

void ring_close(struct world *w)
{
    free(w->ring.order);
    free(w->ring.at);
}

static bool is_joined(const struct world *w, peer_h peer)
{
    return peer < w->identities && (identity_of(w, peer)->flags & (LIFE_JOINED | LIFE_CLIENT)) == LIFE_JOINED;
}

/* NULL: offline. */
static struct session *session_at(const struct world *w, peer_h peer)
{
    const struct identity *id = identity_of(w, peer);
    return id->session == NONE ? NULL : &w->books[node_part(w->node[peer])].sessions.at[id->session];
}

void ring_build(struct world *w)
{
    struct ring *r = &w->ring;
    if (w->ring_at == w->now)
        return;
    uint32_t joined = 0;
    r->clients = 0;
    for (uint32_t i = 0; i < w->identities; i++) {
        joined += is_joined(w, i);
        r->clients += (identity_of(w, i)->flags & (LIFE_JOINED | LIFE_CLIENT)) == (LIFE_JOINED | LIFE_CLIENT);
    }
    struct ring_peer *at = realloc(r->at, (joined + 1) * sizeof *at);
    if (!at)
        out_of_memory();
    r->at = at;
    r->count = 0;
    for (uint32_t i = 0; i < w->identities; i++) {
        peer_h peer = r->order[i];
        struct session *session = session_at(w, peer);
        if (!session)
            continue;
        session->place = is_joined(w, peer) ? r->count : NONE;
        if (session->place != NONE)
            r->at[r->count++] = (struct ring_peer){net_id(w->net, peer), peer};
    }
    w->ring_at = w->now;
}

/* Where the peer stands; NULL if it is not on the ring. */
static const struct ring_peer *ring_find(const struct world *w, peer_h peer)
{
    const struct session *session = peer < w->identities ? session_at(w, peer) : NULL;
    return !session || session->place == NONE ? NULL : &w->ring.at[session->place];
}

/* First index whose id is not below x; count if there is none. */
static uint32_t ring_lower(const struct ring *r, struct id x)
{
    uint32_t low = 0, high = r->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (id_compare(r->at[middle].id, x) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t ring_owner(const struct ring *r, struct id x)
{
    uint32_t i = ring_lower(r, x);
    return i == r->count ? 0 : i;
}

/* First place in order[] whose Node-ID is not below x; the number of identities if there is none. */
static uint32_t order_lower(const struct world *w, struct id x)
{
    uint32_t low = 0, high = w->identities;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (id_compare(net_id(w->net, w->ring.order[middle]), x) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool was_member(struct world *w, peer_h peer, sim_time at)
{
    const struct identity *id = identity_of(w, peer);
    if (id->flags & LIFE_CLIENT || !identity_present_at(id, at, NULL))
        return false;
    const struct session *s = session_at(w, peer);
    return !s || s->started > at || s->joined_at <= at;
}

peer_h ring_responsible(struct world *w, struct id x, sim_time at)
{
    uint32_t first = order_lower(w, x);
    for (uint32_t i = 0; i < w->identities; i++) {
        peer_h peer = w->ring.order[(first + i) % w->identities];
        if (was_member(w, peer, at))
            return peer;
    }
    return PEER_NONE;
}

peer_h ring_successor(struct world *w, peer_h self)
{
    uint64_t first = order_lower(w, net_id(w->net, self));
    for (uint32_t k = 1; k < w->identities; k++) {
        peer_h peer = w->ring.order[(first + k) % w->identities];
        if (is_joined(w, peer))
            return peer;
    }
    return PEER_NONE;
}

static bool peer_holds(struct world *w, peer_h peer, struct id resource, peer_h target)
{
    struct env *env;
    const struct node *node = net_node(w->net, peer, &env);
    return node && node_holds(node, env, resource, KIND_SIP_REGISTRATION, target, NULL);
}

/* At every tick with a failed look-up: it must not build the ring for this. */
bool ring_holds(struct world *w, peer_h target, unsigned after)
{
    struct id resource = net_user(w->net, target);
    uint32_t first = order_lower(w, resource);
    unsigned left = after + 1;
    for (uint32_t k = 0; k < w->identities && left > 0; k++) {
        peer_h peer = w->ring.order[((uint64_t)first + k) % w->identities];
        if (!is_joined(w, peer))
            continue;
        left--;
        if (peer_holds(w, peer, resource, target))
            return true;
    }
    return false;
}

/* ---- samples ---- */

struct tale {
    uint64_t looked, wrong, dead, entries, valid;
};

/* Entry i covers [x + 2^(128-i), x + 2^(129-i) - 1], RFC 6940 10.1; it counts only where some joined peer stands in that range. */
static void look_at_finger(struct world *w, const struct node *node, struct env *env, struct id x, unsigned i,
                           struct tale *t)
{
    struct id low = id_add(x, id_power(128 - i)), width = id_power(128 - i);
    const struct ring_peer *peer = ring_find(w, w->kind->finger(node, env, i));
    if (peer && id_compare(id_distance(low, peer->id), width) < 0) {
        t->entries++;
        t->valid++;
        return;
    }
    const struct ring_peer *first = &w->ring.at[ring_owner(&w->ring, low)];
    t->entries += id_compare(id_distance(low, first->id), width) < 0;
}

static void look_at_peer(struct world *w, uint32_t index, struct tale *t, struct measures *const *m, unsigned measures)
{
    const struct ring_peer *self = &w->ring.at[index];
    struct env *env;
    struct node_view view;
    const struct node *node = net_node(w->net, self->peer, &env);
    if (!node)
        return;
    w->kind->look(node, env, &view);
    peer_h truth = w->ring.count > 1 ? w->ring.at[(index + 1) % w->ring.count].peer : PEER_NONE;
    peer_h first = view.successors ? view.successor[0] : PEER_NONE;
    const struct ring_peer *before = &w->ring.at[(index + w->ring.count - 1) % w->ring.count];
    load_owns(&w->load, id_distance(before->id, self->id), w->ring.count);
    if (!w->kind->names_owner)
        histogram_add(&w->load.values, view.values);
    t->looked++;
    t->wrong += first != truth;
    t->dead += first != PEER_NONE && !net_online(w->net, first);
    for (unsigned i = 1; i <= view.fingers; i++)
        look_at_finger(w, node, env, self->id, i, t);
    for (unsigned i = 0; i < measures; i++)
        histogram_add(&m[i]->links, view.links);
}

struct value_tale {
    uint64_t looked, unreachable, thin;
};

static void look_at_value(struct world *w, peer_h target, struct value_tale *t)
{
    struct id resource = net_user(w->net, target);
    uint32_t owner = ring_owner(&w->ring, resource), wanted = w->ring.count < REPLICAS ? w->ring.count : REPLICAS,
             copies = 0;
    bool reachable = false;
    for (uint32_t k = 0; k < wanted; k++) {
        bool holds = peer_holds(w, w->ring.at[(owner + k) % w->ring.count].peer, resource, target);
        copies += holds;
        reachable |= holds && k == 0;
    }
    t->looked++;
    t->unreachable += !reachable;
    t->thin += copies < wanted;
}

static bool is_registered(const struct world *w, uint32_t identity)
{
    const struct identity *id = identity_of(w, identity);
    return id->registered_until > w->now && id->registered_from < w->now;
}

static void look_at_values(struct world *w, uint32_t turn, struct value_tale *t)
{
    uint32_t registered = 0;
    for (uint32_t i = 0; i < w->identities; i++)
        registered += is_registered(w, i);
    uint32_t stride = 1 + registered / SAMPLE_PEERS;
    for (uint32_t i = turn % stride; i < w->identities; i += stride)
        if (is_registered(w, i))
            look_at_value(w, i, t);
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : NAN;
}

void ring_sample(struct world *w, struct measures *const *m, unsigned measures, struct ring_sample *s)
{
    struct tale t = {0};
    struct value_tale v = {0};
    ring_build(w);
    uint32_t turn = (uint32_t)(w->now / w->scenario->record_interval), stride = 1 + w->ring.count / SAMPLE_PEERS;
    for (uint32_t i = turn % stride; i < w->ring.count; i += stride)
        look_at_peer(w, i, &t, m, measures);
    if (w->ring.count)
        look_at_values(w, turn, &v);
    *s = (struct ring_sample){.wrong_successor = share(t.wrong, t.looked),
                              .dead_successor = share(t.dead, t.looked),
                              .unreachable_values = share(v.unreachable, v.looked),
                              .under_replicated = share(v.thin, v.looked),
                              .finger_valid = share(t.valid, t.entries),
                              .clients = w->ring.clients};
}

/* ---- the verdict ---- */

/* Ring index of the first successor in the peer's own list that is alive and joined; NONE if there is none. */
static uint32_t best_successor(struct world *w, uint32_t index)
{
    struct env *env;
    struct node_view view;
    const struct node *node = net_node(w->net, w->ring.at[index].peer, &env);
    if (!node)
        return NONE;
    w->kind->look(node, env, &view);
    for (unsigned i = 0; i < view.successors; i++) {
        const struct ring_peer *successor = ring_find(w, view.successor[i]);
        if (successor)
            return (uint32_t)(successor - w->ring.at);
    }
    return w->ring.count == 1 ? index : NONE;
}

/* Follows next[] from `from`, marking with `colour`; returns where it meets a mark. */
static uint32_t walk(const uint32_t *next, uint32_t *mark, uint32_t from, uint32_t colour)
{
    while (mark[from] == 0) {
        mark[from] = colour;
        from = next[from];
    }
    return from;
}

/* Peers of the cycle through `on` get the mark NONE. Returns how often it passes the origin of the ring. */
static uint32_t mark_cycle(const uint32_t *next, uint32_t *mark, uint32_t on)
{
    uint32_t rounds = 0, at = on;
    do {
        mark[at] = NONE;
        rounds += next[at] <= at;
        at = next[at];
    } while (at != on);
    return rounds;
}

static uint32_t count_outside(struct world *w, const uint32_t *mark, sim_time settle)
{
    uint32_t outside = 0;
    for (uint32_t i = 0; i < w->ring.count; i++) {
        peer_h peer = w->ring.at[i].peer;
        const struct session *s = session_at(w, peer);
        outside += mark[i] != NONE && time_add(s->joined_at, settle) <= w->now;
    }
    return outside;
}

static enum ring_verdict judge(struct world *w, uint32_t *next, uint32_t *mark, sim_time settle, uint32_t *outside)
{
    uint32_t cycles = 0, rounds = 0;
    for (uint32_t i = 0; i < w->ring.count; i++)
        if ((next[i] = best_successor(w, i)) == NONE)
            return RING_BROKEN;
    for (uint32_t i = 0; i < w->ring.count; i++) {
        if (mark[i])
            continue;
        uint32_t met = walk(next, mark, i, i + 1);
        if (mark[met] != i + 1)
            continue; /* an older path, whose cycle is known */
        cycles++;
        rounds = mark_cycle(next, mark, met);
    }
    *outside = count_outside(w, mark, settle);
    return cycles > 1 ? RING_SPLIT : rounds > 1 ? RING_LOOPY : *outside ? RING_OUTSIDE : RING_CORRECT;
}

enum ring_verdict ring_judge(struct world *w, sim_time settle, uint32_t *outside)
{
    ring_build(w);
    *outside = 0;
    if (w->ring.count == 0)
        return RING_BROKEN;
    uint32_t *next = calloc(w->ring.count, sizeof *next), *mark = calloc(w->ring.count, sizeof *mark);
    if (!next || !mark)
        out_of_memory();
    enum ring_verdict verdict = judge(w, next, mark, settle, outside);
    free(next);
    free(mark);
    return verdict;
}
