/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/ring.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/node.h"
#include "proto/wire/message.h"
#include "sim/world/assembly.h"
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

/* ---- all who may be on it, in order ---- */

static int by_id(const void *a, const void *b, void *net)
{
    peer_h x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return id_compare(net_id(net, x), net_id(net, y));
}

int ring_open(struct world *w)
{
    struct ring *r = &w->ring;
    w->ring_at = TIME_NEVER;
    if (!w->ranks) /* each in turn, when something has happened to it */
        return 0;
    r->order = malloc(w->identities * sizeof *r->order);
    if (!r->order)
        return -1;
    for (uint32_t i = 0; i < w->identities; i++)
        r->order[r->ordered++] = i;
    qsort_r(r->order, r->ordered, sizeof *r->order, by_id, w->net);
    return 0;
}

void ring_note(struct world *w, struct books *b, peer_h peer)
{
    if (w->ring.begun)
        LIST_PUSH(&b->seated, peer);
}

static uint32_t *order_room(struct ring *r, size_t count)
{
    r->order = realloc(r->order, (count + 1) * sizeof *r->order);
    if (!r->order)
        out_of_memory();
    return r->order;
}

/* All who have a seat by now. */
static void order_begin(struct world *w)
{
    struct ring *r = &w->ring;
    size_t seats = 0;
    for (uint32_t i = w->first; i < w->end; i++)
        seats += node_is_seated(w->node[i]);
    order_room(r, seats);
    for (uint32_t i = w->first; i < w->end; i++)
        if (node_is_seated(w->node[i]))
            r->order[r->ordered++] = i;
    qsort_r(r->order, r->ordered, sizeof *r->order, by_id, w->net);
    r->begun = true;
}

/* First place among the first `count` in order[] whose Node-ID is not below x; count if there is none. */
static uint32_t order_lower(const struct world *w, struct id x, uint32_t count)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (id_compare(net_id(w->net, w->ring.order[middle]), x) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* From the last to the first, so that each that stands in order[] moves once. */
static void order_merge(struct world *w, const peer_h *fresh, uint32_t count)
{
    struct ring *r = &w->ring;
    uint32_t end = r->ordered;
    order_room(r, (size_t)end + count);
    for (uint32_t k = count; k-- > 0;) {
        uint32_t place = order_lower(w, net_id(w->net, fresh[k]), end);
        memmove(r->order + place + k + 1, r->order + place, (end - place) * sizeof *r->order);
        r->order[place + k] = fresh[k];
        end = place;
    }
    r->ordered += count;
}

/* Brings order[] up to this instant. */
static void order_now(struct world *w)
{
    if (w->ranks)
        return;
    if (!w->ring.begun)
        order_begin(w);
    for (unsigned p = w->here; p < w->here_end; p++) {
        struct books *b = &w->books[p];
        if (b->seated.count == 0)
            continue;
        qsort_r(b->seated.at, b->seated.count, sizeof *b->seated.at, by_id, w->net);
        order_merge(w, b->seated.at, b->seated.count);
        b->seated.count = 0;
    }
}

void ring_close(struct world *w)
{
    free(w->ring.order);
    free(w->ring.at);
}

static bool is_joined(const struct world *w, peer_h peer)
{
    return assembly_is_joined(w, peer) && !identity_is_client(w, peer);
}

/* Of one who lives here; NULL: offline. */
static struct session *session_at(const struct world *w, peer_h peer)
{
    const struct identity *id = identity_of(w, peer);
    return id->session == NONE ? NULL : &w->books[node_part(w->node[peer])].sessions.at[id->session];
}

static uint32_t id_top(struct id id)
{
    return (uint32_t)(id.hi >> 32);
}

void ring_build(struct world *w)
{
    struct ring *r = &w->ring;
    if (w->ring_at == w->now)
        return;
    order_now(w);
    uint32_t joined = 0;
    r->clients = 0;
    for (uint32_t i = 0; i < r->ordered; i++) {
        joined += is_joined(w, r->order[i]);
        r->clients += assembly_is_joined(w, r->order[i]) && identity_is_client(w, r->order[i]);
    }
    struct ring_place *at = realloc(r->at, (joined + (size_t)1) * sizeof *at);
    if (!at)
        out_of_memory();
    r->at = at;
    r->count = 0;
    for (uint32_t i = 0; i < r->ordered; i++) {
        peer_h peer = r->order[i];
        if (!is_joined(w, peer))
            continue;
        if (world_holds(w, peer))
            session_at(w, peer)->place = r->count;
        r->at[r->count++] = (struct ring_place){id_top(net_id(w->net, peer)), peer};
    }
    w->ring_at = w->now;
}

/* First index whose id is not below x; count if there is none. */
static uint32_t ring_lower(const struct world *w, struct id x)
{
    uint32_t low = 0, high = w->ring.count, top = id_top(x);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct ring_place *p = &w->ring.at[middle];
        if (p->top < top || (p->top == top && id_compare(net_id(w->net, p->peer), x) < 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Where the peer stands; NONE if it is not on the ring. The place is kept of those who live here, and looked up for others. */
static uint32_t ring_find(const struct world *w, peer_h peer)
{
    if (!is_joined(w, peer))
        return NONE;
    return world_holds(w, peer) ? session_at(w, peer)->place : ring_lower(w, net_id(w->net, peer));
}

uint32_t ring_owner(const struct world *w, struct id x)
{
    uint32_t i = ring_lower(w, x);
    return i == w->ring.count ? 0 : i;
}

static bool was_member(struct world *w, peer_h peer, sim_time at)
{
    const struct identity *id = identity_of(w, peer);
    if (id->flags & LIFE_CLIENT || !identity_present_at(id, at, NULL))
        return false;
    const struct session *s = session_at(w, peer);
    return !s || session_began(id) > at || s->joined_at <= at;
}

/* The first of those that live here, as steps in order[] and who; the least of all ranks is the one. */
static uint64_t first_member(void *world, const void *question)
{
    struct world *w = world;
    struct ring_moment m;
    memcpy(&m, question, sizeof m);
    uint32_t count = w->ring.ordered;
    uint64_t first = order_lower(w, m.id, count);
    for (uint32_t i = 0; i < count; i++) {
        peer_h peer = w->ring.order[(first + i) % count];
        if (world_holds(w, peer) && was_member(w, peer, m.at))
            return (uint64_t)i << 32 | peer;
    }
    return UINT64_MAX;
}

/* Answers to so many questions; freed by the caller. */
static uint64_t *room_for_answers(uint32_t n)
{
    uint64_t *answers = malloc((n + (size_t)1) * sizeof *answers);
    if (!answers)
        out_of_memory();
    return answers;
}

void ring_responsible(struct world *w, const struct ring_moment *m, uint32_t n, peer_h *responsible)
{
    uint64_t *answers = room_for_answers(n);
    order_now(w);
    ranks_ask_all(w->ranks, m, sizeof *m, n, answers, RANKS_LEAST, first_member, w);
    for (uint32_t i = 0; i < n; i++)
        responsible[i] = answers[i] == UINT64_MAX ? PEER_NONE : (peer_h)answers[i];
    free(answers);
}

peer_h ring_successor(struct world *w, peer_h self)
{
    order_now(w);
    uint32_t count = w->ring.ordered;
    uint64_t first = order_lower(w, net_id(w->net, self), count);
    for (uint32_t k = 0; k < count; k++) {
        peer_h peer = w->ring.order[(first + k) % count];
        if (peer != self && is_joined(w, peer))
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

static bool holds_here(struct world *w, peer_h peer, struct id resource, peer_h target)
{
    return world_holds(w, peer) && peer_holds(w, peer, resource, target);
}

struct holders {
    struct world *w;
    unsigned peers;
};

/* At every tick with a failed look-up: it must not build the ring for this. */
static uint64_t some_holder(void *context, const void *question)
{
    const struct holders *h = context;
    struct world *w = h->w;
    peer_h target;
    memcpy(&target, question, sizeof target);
    struct id resource = net_user(w->net, target);
    uint32_t count = w->ring.ordered;
    uint64_t first = order_lower(w, resource, count);
    unsigned left = h->peers;
    for (uint32_t k = 0; k < count && left > 0; k++) {
        peer_h peer = w->ring.order[(first + k) % count];
        if (!is_joined(w, peer))
            continue;
        left--;
        if (holds_here(w, peer, resource, target))
            return 1;
    }
    return 0;
}

void ring_holds(struct world *w, const peer_h *target, uint32_t n, unsigned after, bool *holds)
{
    uint64_t *answers = room_for_answers(n);
    order_now(w);
    struct holders h = {w, after + 1};
    ranks_ask_all(w->ranks, target, sizeof *target, n, answers, RANKS_OR, some_holder, &h);
    for (uint32_t i = 0; i < n; i++)
        holds[i] = answers[i] != 0;
    free(answers);
}

static uint64_t is_online(void *world, const void *question)
{
    struct world *w = world;
    peer_h peer;
    memcpy(&peer, question, sizeof peer);
    return peer < w->identities && net_online(w->net, peer);
}

void ring_online(struct world *w, const peer_h *peer, uint32_t n, bool *online)
{
    uint64_t *answers = room_for_answers(n);
    uint32_t *to = calloc(n + (size_t)1, sizeof *to);
    if (!to)
        out_of_memory();
    for (uint32_t i = 0; i < n; i++)
        to[i] = peer[i] < w->identities ? assembly_rank_of(w, peer[i]) : ranks_self(w->ranks);
    ranks_ask(w->ranks, to, peer, sizeof *peer, n, answers, is_online, w);
    for (uint32_t i = 0; i < n; i++)
        online[i] = answers[i] != 0;
    free(answers);
    free(to);
}

/* ---- samples ---- */

struct tale {
    uint64_t looked, wrong, dead, entries, valid;
};

/* First successors that have not joined: dead, unless they are on their way. */
struct suspects {
    LIST(peer_h) peers;
};

/* Whether it stands in the 2^(128-i) ids from low on. The top of its distance is `far` or one less. */
static bool is_in_range(const struct world *w, const struct ring_place *p, struct id low, unsigned i)
{
    uint32_t far = p->top - id_top(low), width = i < 32 ? UINT32_C(1) << (32 - i) : 0;
    if (width && far > 0 && far != width)
        return far < width;
    return id_compare(id_distance(low, net_id(w->net, p->peer)), id_power(128 - i)) < 0;
}

/* Entry i covers [x + 2^(128-i), x + 2^(129-i) - 1], RFC 6940 10.1; it counts only where some joined peer stands in that range. */
static void look_at_finger(struct world *w, const struct node *node, struct env *env, struct id x, unsigned i,
                           struct tale *t)
{
    struct id low = id_add(x, id_power(128 - i));
    uint32_t place = ring_find(w, w->kind->finger(node, env, i));
    if (place != NONE && is_in_range(w, &w->ring.at[place], low, i)) {
        t->entries++;
        t->valid++;
        return;
    }
    t->entries += is_in_range(w, &w->ring.at[ring_owner(w, low)], low, i);
}

static void look_at_peer(struct world *w, uint32_t index, struct tale *t, struct suspects *s, struct measures *const *m, unsigned measures)
{
    peer_h self = w->ring.at[index].peer;
    struct id id = net_id(w->net, self);
    struct env *env;
    struct node_view view;
    const struct node *node = net_node(w->net, self, &env);
    if (!node)
        return;
    w->kind->look(node, env, &view);
    peer_h truth = w->ring.count > 1 ? w->ring.at[(index + 1) % w->ring.count].peer : PEER_NONE;
    peer_h first = view.successors ? view.successor[0] : PEER_NONE;
    peer_h before = w->ring.at[(index + w->ring.count - 1) % w->ring.count].peer;
    load_owns(&w->load, id_distance(net_id(w->net, before), id), w->ring.count);
    if (!w->kind->names_owner)
        histogram_add(&w->load.fresh->values, view.values);
    t->looked++;
    t->wrong += first != truth;
    if (first != PEER_NONE && !is_joined(w, first))
        LIST_PUSH(&s->peers, first);
    for (unsigned i = 1; i <= view.fingers; i++)
        look_at_finger(w, node, env, id, i, t);
    for (unsigned i = 0; i < measures; i++)
        histogram_add(&m[i]->links, view.links);
}

struct value_tale {
    uint64_t looked, unreachable, thin;
};

static uint32_t copies_wanted(const struct ring *r)
{
    return r->count < REPLICAS ? r->count : REPLICAS;
}

/* Who of the responsible peer and those after it holds the value, of those that live here: a bit each. */
static uint64_t holders_of(void *world, const void *question)
{
    struct world *w = world;
    peer_h target;
    memcpy(&target, question, sizeof target);
    struct id resource = net_user(w->net, target);
    uint32_t owner = ring_owner(w, resource), wanted = copies_wanted(&w->ring);
    uint64_t holders = 0;
    for (uint32_t k = 0; k < wanted; k++)
        holders |= (uint64_t)holds_here(w, w->ring.at[(owner + k) % w->ring.count].peer, resource, target) << k;
    return holders;
}

static bool is_registered(const struct world *w, uint32_t identity)
{
    const struct identity *id = identity_of(w, identity);
    return id->registered_until > w->now && id->registered_from < w->now;
}

static void look_at_values(struct world *w, uint32_t turn, struct value_tale *t)
{
    LIST(peer_h) targets = {0};
    uint64_t registered = 0;
    for (uint32_t i = w->first; i < w->end; i++)
        registered += is_registered(w, i);
    ranks_sum(w->ranks, &registered, 1);
    uint32_t stride = 1 + (uint32_t)registered / SAMPLE_PEERS;
    for (uint64_t i = turn % stride; i < w->end; i += stride)
        if (i >= w->first && is_registered(w, (uint32_t)i))
            LIST_PUSH(&targets, (peer_h)i);
    uint64_t *holders = room_for_answers(targets.count);
    ranks_ask_all(w->ranks, targets.at, sizeof *targets.at, targets.count, holders, RANKS_OR, holders_of, w);
    for (uint32_t i = 0; i < targets.count; i++) {
        t->looked++;
        t->unreachable += !(holders[i] & 1);
        t->thin += (uint32_t)__builtin_popcountll(holders[i]) < copies_wanted(&w->ring);
    }
    free(holders);
    free(targets.at);
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : NAN;
}

static uint64_t count_dead(struct world *w, const struct suspects *s)
{
    uint64_t dead = 0;
    bool *online = malloc(s->peers.count + (size_t)1);
    if (!online)
        out_of_memory();
    ring_online(w, s->peers.at, s->peers.count, online);
    for (uint32_t i = 0; i < s->peers.count; i++)
        dead += !online[i];
    free(online);
    return dead;
}

void ring_sample(struct world *w, struct measures *const *m, unsigned measures, struct ring_sample *s)
{
    struct {
        struct tale t;
        struct value_tale v;
    } sum = {0};
    struct suspects suspects = {0};
    ring_build(w);
    uint32_t turn = (uint32_t)(w->now / w->scenario->record_interval), stride = 1 + w->ring.count / SAMPLE_PEERS;
    for (uint64_t i = turn % stride; i < w->ring.count; i += stride)
        if (world_holds(w, w->ring.at[i].peer))
            look_at_peer(w, (uint32_t)i, &sum.t, &suspects, m, measures);
    sum.t.dead = count_dead(w, &suspects);
    free(suspects.peers.at);
    if (w->ring.count)
        look_at_values(w, turn, &sum.v);
    ranks_sum(w->ranks, (uint64_t *)(void *)&sum, sizeof sum / sizeof(uint64_t));
    *s = (struct ring_sample){.wrong_successor = share(sum.t.wrong, sum.t.looked),
                              .dead_successor = share(sum.t.dead, sum.t.looked),
                              .unreachable_values = share(sum.v.unreachable, sum.v.looked),
                              .under_replicated = share(sum.v.thin, sum.v.looked),
                              .finger_valid = share(sum.t.valid, sum.t.entries),
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
        uint32_t successor = ring_find(w, view.successor[i]);
        if (successor != NONE)
            return successor;
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
    uint64_t outside = 0;
    for (uint32_t i = 0; i < w->ring.count; i++) {
        peer_h peer = w->ring.at[i].peer;
        if (!world_holds(w, peer))
            continue;
        const struct session *s = session_at(w, peer);
        outside += mark[i] != NONE && time_add(s->joined_at, settle) <= w->now;
    }
    ranks_sum(w->ranks, &outside, 1);
    return (uint32_t)outside;
}

/* Of each peer that lives here; then all hear those of the others. Each rank tells its own in the order of the ring, and whose is whose follows from that. False: some
 * peer has none. */
static bool best_successors(struct world *w, uint32_t *next)
{
    LIST(uint32_t) own = {0};
    bool whole = true;
    for (uint32_t i = 0; i < w->ring.count; i++)
        if (world_holds(w, w->ring.at[i].peer)) {
            next[i] = best_successor(w, i);
            LIST_PUSH(&own, next[i]);
        }
    if (w->ranks) {
        const struct blob *all = ranks_gather(w->ranks, own.at, own.count * sizeof *own.at);
        size_t *read = calloc(ranks_count(w->ranks), sizeof *read);
        if (!read)
            out_of_memory();
        for (uint32_t i = 0; i < w->ring.count; i++) {
            uint32_t rank = assembly_rank_of(w, w->ring.at[i].peer);
            assert((read[rank] + 1) * sizeof *next <= all[rank].size);
            memcpy(&next[i], (const uint32_t *)all[rank].bytes + read[rank]++, sizeof *next);
        }
        free(read);
    }
    free(own.at);
    for (uint32_t i = 0; i < w->ring.count; i++)
        whole &= next[i] != NONE;
    return whole;
}

static enum ring_verdict judge(struct world *w, uint32_t *next, uint32_t *mark, sim_time settle, uint32_t *outside)
{
    uint32_t cycles = 0, rounds = 0;
    if (!best_successors(w, next))
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
