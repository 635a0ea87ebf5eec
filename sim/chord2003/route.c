/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Section IV of the paper: the predecessor of a key names its successor; who is not the predecessor names the closest nodes it knows that precede the key.
 * Successors are candidates like fingers. */
#include "sim/chord2003/block.h"

/* A key, as far from us as it is; ourselves as key are a whole round away. */
struct aim {
    struct id distance;
    uint32_t brief; /* its short distance; 2^16 for the whole round */
};

static bool is_avoided(peer_h peer, const peer_h *avoid, unsigned avoids)
{
    for (unsigned i = 0; i < avoids; i++)
        if (avoid[i] == peer)
            return true;
    return false;
}

/* The node stands before the key, not at it. */
static bool precedes(const struct node *n, struct env *env, const struct entry *e, const struct aim *aim)
{
    if (e->distance != aim->brief)
        return e->distance < aim->brief;
    return id_compare(peer_distance(n, env, entry_peer(e)), aim->distance) < 0;
}

struct choice {
    struct entry best[NEXT_HOPS];
    unsigned count;
};

/* Keeps the farthest few, each once. */
static void consider(struct choice *c, const struct entry *e)
{
    unsigned at = c->count;
    while (at > 0 && c->best[at - 1].distance < e->distance)
        at--;
    for (unsigned k = 0; k < c->count; k++)
        if (entry_peer(&c->best[k]) == entry_peer(e))
            return;
    if (at == NEXT_HOPS)
        return;
    if (c->count < NEXT_HOPS)
        c->count++;
    memmove(&c->best[at + 1], &c->best[at], (c->count - 1 - at) * sizeof c->best[0]);
    c->best[at] = *e;
}

static void consider_all(const struct node *n, struct env *env, const struct aim *aim, const peer_h *avoid,
                         unsigned avoids, struct choice *c)
{
    /* Finger k is at least 2^(127-k) away: those beyond the key need no look. */
    unsigned zeros = aim->brief >> 16 ? 0 : 127u - (aim->brief >> 9);
    for (unsigned k = zeros; k < n->fingers; k++) {
        const struct entry *e = finger_at(n, k);
        if (c->count == NEXT_HOPS && e->distance <= c->best[NEXT_HOPS - 1].distance)
            continue;
        if (entry_peer(e) != NO_PEER && precedes(n, env, e, aim) && !is_avoided(entry_peer(e), avoid, avoids))
            consider(c, e);
    }
    for (unsigned k = n->successors; k-- > 0;) {
        const struct entry *e = successor_at(n, k);
        if (c->count == NEXT_HOPS && e->distance <= c->best[NEXT_HOPS - 1].distance)
            break; /* the nearer ones are no better */
        if (precedes(n, env, e, aim) && !is_avoided(entry_peer(e), avoid, avoids))
            consider(c, e);
    }
}

struct route route_to(const struct node *n, struct env *env, struct id key, const peer_h *avoid, unsigned avoids)
{
    struct route r = {.owner = n->successors == 0};
    struct aim aim = {.distance = id_distance(n->self, key)};
    aim.brief = short_distance(aim.distance);
    if (id_is_zero(aim.distance))
        aim = (struct aim){ID_WILDCARD, 1u << 16};
    if (r.owner) { /* alone */
        r.peer[r.peers++] = env->self;
        return r;
    }
    unsigned first = 0;
    while (first < n->successors && is_avoided(entry_peer(successor_at(n, first)), avoid, avoids))
        first++;
    if (first < n->successors && !precedes(n, env, successor_at(n, first), &aim)) {
        r.owner = true;
        for (unsigned k = first; k < n->successors && r.peers < NEXT_HOPS; k++)
            r.peer[r.peers++] = entry_peer(successor_at(n, k));
        return r;
    }
    struct choice c = {.count = 0};
    consider_all(n, env, &aim, avoid, avoids, &c);
    for (unsigned k = 0; k < c.count; k++)
        r.peer[r.peers++] = entry_peer(&c.best[k]);
    return r;
}
