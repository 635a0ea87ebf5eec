/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The successor list and the finger table. */
#include "sim/chord2003/block.h"

static const struct entry empty = {.high = 0xffff, .low = 0xffff};

static struct entry entry_for(peer_h peer, uint16_t distance)
{
    return (struct entry){distance, (uint16_t)(peer >> 16), (uint16_t)peer};
}

struct id peer_distance(const struct node *n, struct env *env, peer_h peer)
{
    return id_distance(n->self, env->port->id_of(env, peer));
}

/* ---- successors: ascending by distance ---- */

void successor_clear(struct node *n)
{
    n->successors = 0;
}

static bool nearer(const struct node *n, struct env *env, uint16_t distance, peer_h peer, const struct entry *than)
{
    if (distance != than->distance)
        return distance < than->distance;
    return id_compare(peer_distance(n, env, peer), peer_distance(n, env, entry_peer(than))) < 0;
}

static bool successor_insert(struct node *n, struct env *env, peer_h peer, uint16_t distance)
{
    unsigned at = n->successors;
    while (at > 0 && nearer(n, env, distance, peer, &n->entry[at - 1]))
        at--;
    if (at == n->successor_cap)
        return false;
    if (n->successors < n->successor_cap)
        n->successors++;
    memmove(&n->entry[at + 1], &n->entry[at], (n->successors - 1u - at) * sizeof n->entry[0]);
    n->entry[at] = entry_for(peer, distance);
    return true;
}

bool successor_add(struct node *n, struct env *env, peer_h peer)
{
    if (peer == env->self)
        return false;
    for (unsigned k = 0; k < n->successors; k++)
        if (entry_peer(&n->entry[k]) == peer)
            return false;
    return successor_insert(n, env, peer, short_distance(peer_distance(n, env, peer)));
}

void successors_take(struct node *n, struct env *env, const peer_h *peer, unsigned peers)
{
    struct entry old[CHORD2003_SUCCESSORS_MAX];
    unsigned olds = n->successors, at = 0;
    memcpy(old, n->entry, olds * sizeof old[0]);
    n->successors = 0;
    for (unsigned i = 0; i < peers && n->successors < n->successor_cap; i++) {
        /* Lists hardly change from round to round: the distance of who was there is known. */
        unsigned k = at;
        while (k < olds && entry_peer(&old[k]) != peer[i])
            k++;
        bool last = n->successors && entry_peer(&n->entry[n->successors - 1]) == peer[i];
        if (k == olds || last || (n->successors && old[k].distance <= n->entry[n->successors - 1].distance)) {
            successor_add(n, env, peer[i]);
        } else {
            n->entry[n->successors++] = old[k];
            at = k + 1;
        }
    }
}

void successor_drop(struct node *n, peer_h peer)
{
    for (unsigned k = 0; k < n->successors; k++) {
        if (entry_peer(&n->entry[k]) != peer)
            continue;
        n->successors--;
        memmove(&n->entry[k], &n->entry[k + 1], (n->successors - k) * sizeof n->entry[0]);
    }
    fingers_drop(n, peer);
}

/* ---- fingers ---- */

unsigned chord2003_fingers_for(struct id distance)
{
    unsigned zeros = distance.hi   ? (unsigned)__builtin_clzll(distance.hi)
                     : distance.lo ? 64u + (unsigned)__builtin_clzll(distance.lo)
                                   : 128u;
    return zeros < CHORD2003_FINGERS_MAX ? zeros : CHORD2003_FINGERS_MAX;
}

struct node *node_resize(struct node *n, struct env *env, unsigned fingers)
{
    size_t bytes = sizeof *n + (n->successor_cap + (size_t)fingers) * sizeof n->entry[0];
    struct node *moved = env->port->room(env, bytes);
    if (!moved)
        return NULL;
    for (unsigned k = moved->fingers; k < fingers; k++)
        moved->entry[moved->successor_cap + k] = empty;
    moved->fingers = (uint8_t)fingers;
    moved->bytes = (uint16_t)bytes;
    return moved;
}

struct node *finger_set(struct node *n, struct env *env, unsigned k, peer_h peer)
{
    if (k >= CHORD2003_FINGERS_MAX)
        return n;
    if (k >= n->fingers) {
        struct node *moved = node_resize(n, env, k + 1);
        if (!moved)
            return n;
        n = moved;
    }
    struct entry e = empty;
    if (peer != NO_PEER && peer != env->self) {
        struct id distance = peer_distance(n, env, peer);
        if (id_compare(distance, id_power(127 - k)) >= 0) /* else it stands before the finger's start */
            e = entry_for(peer, short_distance(distance));
    }
    n->entry[n->successor_cap + k] = e;
    return n;
}

struct node *fingers_trim(struct node *n, struct env *env)
{
    if (n->successors == 0)
        return n;
    unsigned needed = chord2003_fingers_for(peer_distance(n, env, entry_peer(&n->entry[0])));
    struct node *moved = needed < n->fingers ? node_resize(n, env, needed) : NULL;
    return moved ? moved : n;
}

void fingers_drop(struct node *n, peer_h peer)
{
    struct entry *finger = &n->entry[n->successor_cap];
    for (unsigned k = 0; k < n->fingers; k++)
        if (entry_peer(&finger[k]) == peer)
            finger[k] = empty;
}

uint32_t chord2003_bytes(uint32_t entries)
{
    return (uint32_t)(sizeof(struct node) + entries * sizeof(struct entry));
}
