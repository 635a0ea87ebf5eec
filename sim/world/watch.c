/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kernel/random.h"
#include "sim/world/assembly.h"
#include "sim/world/state.h"

/* The draws of load.c have counter 0. */
#define DRAW_WATCHED 1u

static bool is_watching(const struct world *w)
{
    return w->options.out && w->scenario->ring_nodes;
}

bool watch_due(const struct world *w)
{
    return is_watching(w) && w->now % w->scenario->ring_every == 0 && w->now <= w->measure_to;
}

sim_time watch_next(const struct world *w)
{
    sim_time next = is_watching(w) ? (w->now / w->scenario->ring_every + 1) * w->scenario->ring_every : TIME_NEVER;
    return next <= w->measure_to ? next : TIME_NEVER;
}

/* As a share of the whole ring, from its origin upwards: 53 bits of the id. */
static double share_of_ring(struct id x)
{
    return (double)(x.hi >> 11) * 0x1p-53;
}

static enum ring_state state_of(struct world *w, peer_h peer, peer_h successor, bool runs)
{
    uint8_t flags = identity_of(w, peer)->flags;
    if (!(flags & LIFE_ONLINE) || flags & LIFE_CLIENT) /* a client is on no ring */
        return RING_STATE_OFFLINE;
    if (!(flags & LIFE_JOINED))
        return RING_STATE_JOINING;
    if (successor != PEER_NONE && !runs)
        return RING_STATE_DEAD;
    return successor == ring_successor(w, peer) ? RING_STATE_JOINED : RING_STATE_WRONG;
}

/* All but the state, which depends on the first successor. */
static peer_h look_at(struct world *w, peer_h peer, struct series_ring *s)
{
    const struct id self = net_id(w->net, peer);
    *s = (struct series_ring){.time_s = (double)w->now / 1e9,
                              .identity = peer,
                              .position = share_of_ring(self),
                              .successor = NAN,
                              .distance = NAN};
    struct env *env;
    struct node_view view;
    peer_h successor = PEER_NONE;
    const struct node *node = identity_of(w, peer)->flags & LIFE_ONLINE ? net_node(w->net, peer, &env) : NULL;
    if (node) {
        w->kind->look(node, env, &view);
        s->links = view.links;
        successor = view.successors ? view.successor[0] : PEER_NONE;
    }
    if (successor < w->identities) {
        s->successor = successor;
        s->distance = share_of_ring(id_distance(self, net_id(w->net, successor)));
    }
    return successor;
}

/* Those who are watched stand in rising order, and so do the slices of ranks. */
static unsigned gather_rows(struct world *w, struct series_ring *rows, unsigned n)
{
    size_t used = 0;
    if (!w->ranks)
        return n;
    struct series_ring *own = malloc((n + (size_t)1) * sizeof *own);
    if (!own)
        out_of_memory();
    memcpy(own, rows, n * sizeof *own);
    const struct blob *all = ranks_gather(w->ranks, own, n * sizeof *own);
    for (unsigned r = 0; r < ranks_count(w->ranks); r++) {
        assert(used + all[r].size <= WATCHED_MAX * sizeof *rows);
        if (all[r].size)
            memcpy((char *)rows + used, all[r].bytes, all[r].size);
        used += all[r].size;
    }
    free(own);
    return (unsigned)(used / sizeof *rows);
}

unsigned watch_look(struct world *w, struct series_ring *rows)
{
    uint64_t all = w->identities, n = w->scenario->ring_nodes < all ? w->scenario->ring_nodes : all;
    peer_h watched[WATCHED_MAX], successor[WATCHED_MAX] = {0};
    bool runs[WATCHED_MAX];
    unsigned here = 0;
    for (uint64_t k = 0; k < n; k++) {
        uint64_t first = k * all / n, next = (k + 1) * all / n;
        peer_h peer = (peer_h)(first + random_below(w->scenario->seed, k, STREAM_SAMPLE, DRAW_WATCHED, next - first));
        if (!world_holds(w, peer))
            continue;
        watched[here] = peer;
        successor[here] = look_at(w, peer, &rows[here]);
        here++;
    }
    ring_online(w, successor, here, runs);
    for (unsigned k = 0; k < here; k++)
        rows[k].state = state_of(w, watched[k], successor[k], runs[k]);
    return gather_rows(w, rows, here);
}
