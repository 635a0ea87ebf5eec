/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/converged_chord2003.h"

#include <stdlib.h>

#include "sim/chord2003/chord2003.h"
#include "sim/kernel/law.h"
#include "sim/kernel/random.h"

/* Draws of one identity. */
enum draw { DRAW_STABILIZE, DRAW_FIX_FINGERS };

struct stand {
    struct id id;
    peer_h peer;
};

struct circle {
    struct stand *at; /* ascending ids */
    uint32_t count;
};

static int by_id(const void *a, const void *b)
{
    return id_compare(((const struct stand *)a)->id, ((const struct stand *)b)->id);
}

/* Place of the first peer at or after x, knowing that it is not before place `from` on the way round. */
static uint32_t place_of(const struct circle *c, struct id x, uint32_t from)
{
    struct id aim = id_distance(c->at[from].id, x);
    uint32_t low = 0, high = c->count; /* steps from `from` on */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (id_compare(id_distance(c->at[from].id, c->at[(from + middle) % c->count].id), aim) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return (from + low) % c->count; /* all are before it: that is `from` itself, a round on */
}

static sim_time phase(const struct scenario *s, peer_h peer, enum draw which, const struct law *law)
{
    double u = random_unit(s->seed, peer, STREAM_CONVERGED, which);
    return (sim_time)(law_residual_quantile(law, u) * 1e9);
}

static void seed_peer(struct net *net, const struct scenario *s, const struct circle *c, uint32_t x)
{
    const struct stand *self = &c->at[x];
    peer_h successor[CHORD2003_SUCCESSORS_MAX], finger[CHORD2003_FINGERS_MAX];
    struct chord2003_tables t = {.predecessor = PEER_NONE, .successor = successor, .finger = finger};
    for (; t.successors < s->chord2003.successors && t.successors + 1 < c->count; t.successors++)
        successor[t.successors] = c->at[(x + 1 + t.successors) % c->count].peer;
    if (c->count > 1) {
        struct id gap = id_distance(self->id, c->at[(x + 1) % c->count].id);
        t.predecessor = c->at[(x + c->count - 1) % c->count].peer;
        t.fingers = chord2003_fingers_for(gap);
    }
    for (unsigned k = 0; k < t.fingers; k++)
        finger[k] = c->at[place_of(c, id_add(self->id, id_power(127 - k)), x)].peer;
    const struct node_seed seed = {.next_update = phase(s, self->peer, DRAW_STABILIZE, &s->stabilize),
                                   .next_ping = phase(s, self->peer, DRAW_FIX_FINGERS, &s->fix_fingers)};
    struct env *env;
    struct node *node = net_seed_begin(net, self->peer, &seed, &env);
    chord2003_seed(node, env, &t);
    net_seed_end(net, self->peer);
}

int converged_chord2003_build(struct net *net, const struct converged_input *in)
{
    struct circle c = {malloc((in->online_count ? in->online_count : 1) * sizeof *c.at), in->online_count};
    uint32_t first, end;
    if (!c.at)
        return -1;
    for (uint32_t k = 0; k < c.count; k++)
        c.at[k] = (struct stand){net_id(net, in->online[k]), in->online[k]};
    qsort(c.at, c.count, sizeof *c.at, by_id);
    net_here(net, &first, &end);
    for (uint32_t x = 0; x < c.count; x++)
        if (c.at[x].peer >= first && c.at[x].peer < end)
            seed_peer(net, in->scenario, &c, x);
    free(c.at);
    return 0;
}
