/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/test/plain_ring.h"

#include <stdlib.h>
#include <string.h>

#include "sim/kernel/random.h"

static double unit(struct plain_ring *r)
{
    return random_unit(r->seed, 0, STREAM_TEST, r->draws++);
}

/* ---- The ring. ---- */

static struct id distance(const struct plain_ring *r, uint32_t x, uint32_t y)
{
    return id_distance(r->peer[x].id, r->peer[y].id);
}

/* Entry 1.. of x into whose range y falls. */
static unsigned entry_of(const struct plain_ring *r, uint32_t x, uint32_t y)
{
    return (unsigned)__builtin_clzll(distance(r, x, y).hi) + 1;
}

static uint32_t owner(const struct plain_ring *r, struct id id)
{
    uint32_t k = 0;
    while (k < r->identities && id_compare(r->peer[k].id, id) < 0)
        k++;
    for (uint32_t walked = 0; walked < r->identities; walked++, k++)
        if (r->peer[k % r->identities].online)
            return k % r->identities;
    return PLAIN_NOBODY;
}

static uint32_t step(const struct plain_ring *r, uint32_t x, bool ahead)
{
    do
        x = (x + (ahead ? 1 : r->identities - 1)) % r->identities;
    while (!r->peer[x].online);
    return x;
}

/* Ahead and behind, nearest first. */
static void neighbours(const struct plain_ring *r, uint32_t x, uint32_t near[2 * PLAIN_NEIGHBOURS])
{
    for (unsigned side = 0; side < 2; side++)
        for (uint32_t k = 0, y = x; k < PLAIN_NEIGHBOURS; k++)
            near[side * PLAIN_NEIGHBOURS + k] = y = step(r, y, side == 0);
}

/* ---- Fingers. ---- */

/* A peer with a link to x fills an empty entry. */
static void offer(struct plain_ring *r, uint32_t x, uint32_t y)
{
    unsigned entry = entry_of(r, x, y);
    if (x != y && entry <= PLAIN_ENTRIES && r->peer[x].finger[entry - 1] == PLAIN_NOBODY)
        r->peer[x].finger[entry - 1] = y;
}

static bool linked(const struct plain_ring *r, uint32_t y, uint32_t x)
{
    for (unsigned e = 0; e < PLAIN_ENTRIES; e++)
        if (r->peer[y].finger[e] == x)
            return true;
    return false;
}

/* The owner of an id, if it lies in the range of the entry. */
static bool fill(struct plain_ring *r, uint32_t x, unsigned entry, struct id target)
{
    uint32_t y = owner(r, target);
    if (y == x || entry_of(r, x, y) != entry)
        return false;
    r->peer[x].finger[entry - 1] = y;
    offer(r, y, x);
    return true;
}

static void search(struct plain_ring *r, uint32_t x, unsigned entry)
{
    uint32_t near[2 * PLAIN_NEIGHBOURS], best = PLAIN_NOBODY;
    neighbours(r, x, near);
    if (entry_of(r, x, near[PLAIN_NEIGHBOURS - 1]) < entry)
        return; /* neighbours all, and they offer themselves */
    for (uint32_t y = 0; y < r->identities; y++) {
        bool candidate = y != x && r->peer[y].online && entry_of(r, x, y) == entry && linked(r, y, x);
        for (unsigned k = 0; k < 2 * PLAIN_NEIGHBOURS; k++)
            candidate |= near[k] == y && entry_of(r, x, y) == entry;
        if (candidate && (best == PLAIN_NOBODY || id_compare(distance(r, x, y), distance(r, x, best)) < 0))
            best = y;
    }
    if (best != PLAIN_NOBODY) {
        r->peer[x].finger[entry - 1] = best;
        return;
    }
    uint64_t any = random_u64(r->seed, 1, STREAM_TEST, r->draws++);
    fill(r, x, entry, id_add(r->peer[x].id, (struct id){(UINT64_C(1) << (64 - entry)) + (any >> entry), 0}));
}

static void repair(struct plain_ring *r, uint32_t x, unsigned entry)
{
    r->peer[x].finger[entry - 1] = PLAIN_NOBODY;
    r->peer[x].repair_s[entry - 1] = -1;
    search(r, x, entry);
    uint32_t near[2 * PLAIN_NEIGHBOURS];
    neighbours(r, x, near);
    for (unsigned k = 0; k < 2 * PLAIN_NEIGHBOURS; k++)
        offer(r, x, near[k]);
}

static void refresh(struct plain_ring *r, uint32_t x, double now_s)
{
    r->peer[x].refresh_s = now_s + r->refresh_s;
    for (unsigned entry = 1; entry <= PLAIN_ENTRIES; entry++)
        if (r->peer[x].finger[entry - 1] == PLAIN_NOBODY && unit(r) < 0.5)
            search(r, x, entry);
}

/* ---- Coming and going. ---- */

static void join(struct plain_ring *r, uint32_t x, double now_s)
{
    struct plain_peer *p = &r->peer[x];
    uint32_t near[2 * PLAIN_NEIGHBOURS];
    p->online = true;
    p->since_s = now_s;
    p->refresh_s = now_s + r->refresh_s;
    neighbours(r, x, near);
    for (unsigned e = 0; e < PLAIN_ENTRIES; e++) {
        p->finger[e] = PLAIN_NOBODY;
        p->repair_s[e] = -1;
    }
    for (unsigned entry = 1; entry <= PLAIN_ENTRIES; entry++) {
        struct id start = id_add(p->id, id_power(128 - entry));
        if (!id_in_range(p->id, start, r->peer[near[PLAIN_NEIGHBOURS - 1]].id))
            fill(r, x, entry, start);
    }
    for (unsigned k = 0; k < 2 * PLAIN_NEIGHBOURS; k++) {
        offer(r, x, near[k]);
        offer(r, near[k], x);
    }
}

/* Those who close the gap become neighbours of each other. */
static void meet(struct plain_ring *r, uint32_t y)
{
    uint32_t side[2][PLAIN_NEIGHBOURS + 1];
    for (unsigned s = 0; s < 2; s++)
        for (uint32_t k = 0, z = y; k < PLAIN_NEIGHBOURS; k++)
            side[s][k] = z = step(r, z, s == 0);
    for (unsigned a = 0; a < PLAIN_NEIGHBOURS; a++)
        for (unsigned b = 0; a + b < PLAIN_NEIGHBOURS; b++) {
            offer(r, side[0][a], side[1][b]);
            offer(r, side[1][b], side[0][a]);
        }
}

static void leave(struct plain_ring *r, uint32_t y, double now_s)
{
    r->peer[y].online = false;
    for (uint32_t x = 0; x < r->identities; x++)
        for (unsigned e = 0; e < PLAIN_ENTRIES; e++)
            if (r->peer[x].online && r->peer[x].finger[e] == y && r->peer[x].repair_s[e] < 0)
                r->peer[x].repair_s[e] = now_s + r->repair_s;
    meet(r, y);
}

static int by_id(const void *a, const void *b)
{
    return id_compare(((const struct plain_peer *)a)->id, ((const struct plain_peer *)b)->id);
}

void plain_open(struct plain_ring *r, uint64_t seed, uint32_t identities, struct law session, struct law offline)
{
    memset(r, 0, sizeof *r);
    r->seed = seed;
    r->session = session;
    r->offline = offline;
    r->identities = identities;
    r->repair_s = 36;
    r->refresh_s = 3600;
    for (uint32_t k = 0; k < identities; k++)
        r->peer[k].id = (struct id){random_u64(seed, k, STREAM_TEST, UINT64_MAX), k};
    qsort(r->peer, identities, sizeof r->peer[0], by_id);
    double share = law_mean(&session) / (law_mean(&session) + law_mean(&offline));
    for (uint32_t k = 0; k < identities; k++) {
        r->peer[k].online = unit(r) < share;
        r->peer[k].until_s = law_residual_quantile(r->peer[k].online ? &session : &offline, unit(r));
        for (unsigned e = 0; e < PLAIN_ENTRIES; e++) {
            r->peer[k].finger[e] = PLAIN_NOBODY;
            r->peer[k].repair_s[e] = -1;
        }
    }
    for (uint32_t k = 0; k < identities; k++)
        if (r->peer[k].online)
            join(r, k, 0);
}

enum what { TOGGLE = -2, REFRESH = -1 }; /* or the entry to repair, from 0 */

static double next_event(const struct plain_ring *r, uint32_t *who, int *what)
{
    double best = 1e300;
    for (uint32_t k = 0; k < r->identities; k++) {
        const struct plain_peer *p = &r->peer[k];
        if (p->until_s < best)
            best = p->until_s, *who = k, *what = TOGGLE;
        if (p->online && p->refresh_s < best)
            best = p->refresh_s, *who = k, *what = REFRESH;
        for (int e = 0; p->online && e < PLAIN_ENTRIES; e++)
            if (p->repair_s[e] >= 0 && p->repair_s[e] < best)
                best = p->repair_s[e], *who = k, *what = e;
    }
    return best;
}

void plain_run(struct plain_ring *r, double end_s)
{
    uint32_t who = 0;
    int what = 0;
    for (double now_s; (now_s = next_event(r, &who, &what)) < end_s;) {
        struct plain_peer *p = &r->peer[who];
        if (what >= 0) {
            repair(r, who, (unsigned)what + 1);
        } else if (what == REFRESH) {
            refresh(r, who, now_s);
        } else if (p->online) {
            leave(r, who, now_s);
            p->until_s = now_s + law_quantile(&r->offline, unit(r));
        } else {
            join(r, who, now_s);
            p->until_s = now_s + law_quantile(&r->session, unit(r));
        }
    }
    for (uint32_t x = 0; x < r->identities; x++)
        for (unsigned entry = 1; r->peer[x].online && entry <= PLAIN_ENTRIES; entry++)
            if (r->peer[x].repair_s[entry - 1] >= 0)
                repair(r, x, entry);
}
